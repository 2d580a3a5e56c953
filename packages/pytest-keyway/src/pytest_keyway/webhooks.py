"""Webhooks of an account's apps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Union

from .requests import Times, expectation

if TYPE_CHECKING:
    from .account import HubSpot


@dataclass(frozen=True)
class Delivery:
    """A POST that was sent to a receiver: its events, and how the receiver answered."""

    number: int
    time: str
    target_url: str
    attempt: int
    status: Optional[int]
    error: Optional[str]
    events: List[Dict[str, Any]]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Delivery":
        return cls(row["number"], row["time"], row["targetUrl"], row["attempt"], row.get("status"), row.get("error"), row["events"])

    def __str__(self) -> str:
        events = ", ".join(event["subscriptionType"] for event in self.events)
        return f"{self.number}  {events} to {self.target_url}: {self.status if self.status is not None else self.error}"


class Webhooks:
    """Where events go, what they are signed with, and what was sent."""

    def __init__(self, account: "HubSpot") -> None:
        self._account = account

    def send(self, to: str, *events: str, app: Union[int, str, None] = None) -> None:
        """Sends events to a URL, in place of what the app sent before: "contact.creation", "contact.propertyChange:email"."""
        body = {"targetUrl": to, "subscriptions": [subscription(event) for event in events]}
        self._account.call("PUT", f"/webhooks/{self._app(app)}", body)

    def remove(self, app: Union[int, str, None] = None) -> None:
        """Sends no events of the app any more."""
        self._account.call("DELETE", f"/webhooks/{self._app(app)}")

    @property
    def secret(self) -> str:
        """What the webhooks of the account's own app are signed with."""
        return str(self._account.call("GET", f"/webhooks/{self._app(None)}/secret")["secret"])

    def deliveries(self, event: Optional[str] = None, *, taken: Optional[bool] = None, within: float = 0, times: Times = None) -> List[Delivery]:
        """What was sent. With `within`, waits up to so many seconds for `times` deliveries (1 or more when left out)."""
        return self._find(event, taken, within, times)[0]

    def assert_delivered(self, event: str, *, times: Times = None, taken: Optional[bool] = True, within: float = 10) -> List[Delivery]:
        """Fails unless a receiver took deliveries with this event, `times` of them, within so many seconds."""
        found, met = self._find(event, taken, within, times)
        if not met:
            every = self.deliveries()
            lines = [f"expected {expectation(times)} × {event}, but {len(found)} came within {within:g} s."]
            lines += ["Nothing was sent at all."] if not every else ["What was sent:", *(f"  {delivery}" for delivery in every[-20:])]
            raise AssertionError("\n".join(lines))
        return found

    def _find(self, event: Optional[str], taken: Optional[bool], within: float, times: Times) -> "tuple[List[Delivery], bool]":
        query = {"event": event, "taken": None if taken is None else str(taken).lower(), "expect": expectation(times), "waitMs": round(within * 1000)}
        answer = self._account.call("GET", "/deliveries", query=query, timeout=within + 30)
        return [Delivery.of(row) for row in answer["deliveries"]], bool(answer["met"])

    def _app(self, app: Union[int, str, None]) -> Union[int, str]:
        return self._account.app_id if app is None else app


def subscription(event: str) -> Dict[str, str]:
    """An event in the form of the admin API: `contact.propertyChange:email`, `object.creation:0-1`, `object.propertyChange:0-1:email`."""
    name, *rest = event.split(":")
    keys = (["objectTypeId"] if name.startswith("object.") else []) + ["propertyName"]
    return {"eventType": name, **dict(zip(keys, rest))}
