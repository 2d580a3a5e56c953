"""Calls that fail on demand."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Dict, Iterable, Optional, Union

if TYPE_CHECKING:
    from .account import HubSpot

Duration = Union[int, float, timedelta]


def milliseconds(duration: Duration) -> int:
    """A duration, in seconds where it is a number, as milliseconds."""
    seconds = duration.total_seconds() if isinstance(duration, timedelta) else duration
    return round(seconds * 1000)


class Fault:
    """A rule that says which calls fail and how. In a `with` block it ends with the block."""

    def __init__(self, account: "HubSpot", rule: Dict[str, Any]) -> None:
        self._account = account
        self.id: int = rule["id"]
        self.rule = rule

    def remove(self) -> None:
        """Ends the rule."""
        self._account.call("DELETE", f"/faults/{self.id}")

    def __enter__(self) -> "Fault":
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def __repr__(self) -> str:
        return f"Fault({self.rule!r})"


def rule(
    status: Optional[int] = None,
    *,
    method: Optional[str] = None,
    path: Optional[str] = None,
    operation: Optional[str] = None,
    app: Optional[str] = None,
    after: int = 0,
    times: Optional[int] = None,
    probability: Optional[float] = None,
    seed: int = 0,
    latency: Optional[Duration] = None,
    limit: Optional[str] = None,
    retry_after: Optional[int] = None,
    cut: Optional[str] = None,
    inputs: Optional[Iterable[int]] = None,
    search_lag: Optional[Duration] = None,
    search_shuffled: Optional[bool] = None,
) -> Dict[str, Any]:
    """The rule in the form of the admin API."""
    given = {
        "status": status, "method": method, "path": path, "operation": operation, "app": app, "after": after, "times": times,
        "probability": probability, "seed": seed, "limit": limit, "retryAfterS": retry_after, "cut": cut,
        "latencyMs": None if latency is None else milliseconds(latency), "inputs": None if inputs is None else list(inputs),
        "searchLagMs": None if search_lag is None else milliseconds(search_lag), "searchShuffled": search_shuffled,
    }
    return {name: value for name, value in given.items() if value is not None}
