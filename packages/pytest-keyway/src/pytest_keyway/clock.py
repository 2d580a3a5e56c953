"""The time of an account."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Dict, Union

from .faults import Duration, milliseconds

if TYPE_CHECKING:
    from .account import HubSpot


class Clock:
    """The time of an account: of its records, its limits and the end of tokens. A test starts at the real time, or at that of `keyway_clock`."""

    def __init__(self, account: "HubSpot") -> None:
        self._account = account

    def _state(self) -> Dict[str, Any]:
        state: Dict[str, Any] = self._account.call("GET", "/clock")["clock"]
        return state

    @property
    def now(self) -> datetime:
        """The account's time, in UTC."""
        return datetime.fromisoformat(self._state()["now"].replace("Z", "+00:00"))

    @property
    def frozen(self) -> bool:
        """Whether the time stands still."""
        return bool(self._state()["frozen"])

    def set(self, to: Union[datetime, str], *, frozen: bool = False) -> None:
        """Sets the time, which goes on from there. A datetime without a time zone is in UTC."""
        if isinstance(to, datetime):
            to = (to if to.tzinfo else to.replace(tzinfo=timezone.utc)).astimezone(timezone.utc).isoformat().replace("+00:00", "Z")
        self._account.call("PUT", "/clock", {"set": to, "frozen": frozen})

    def freeze(self, at: Union[datetime, str, None] = None) -> None:
        """Makes the time stand still, now or at a given time."""
        if at is None:
            self._account.call("PUT", "/clock", {"frozen": True})
        else:
            self.set(at, frozen=True)

    def advance(self, duration: Duration) -> None:
        """Moves the time on, by seconds or a timedelta. A frozen clock stays frozen."""
        self._account.call("PUT", "/clock", {"advanceMs": milliseconds(duration), "frozen": self.frozen})

    def reset(self) -> None:
        """Back to the real time, or to that of `keyway_clock`."""
        self._account.call("PUT", "/clock", {})
