"""The requests that an account received, and what a test expects of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Union
from urllib.parse import urlencode

Times = Union[int, str, None]


@dataclass(frozen=True)
class Request:
    """A request as the account received it. Credentials are not kept."""

    number: int
    time: str
    method: str
    path: str
    query: Optional[str]
    operation: Optional[str]
    app: Optional[str]
    body: Any
    status: Optional[int]
    category: Optional[str]
    fault: Optional[int]
    correlation_id: Optional[str]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Request":
        names = ("query", "operation", "app", "body", "status", "category", "fault")
        rest = {name: row.get(name) for name in names}
        return cls(row["number"], row["time"], row["method"], row["path"], correlation_id=row.get("correlationId"), **rest)

    def __str__(self) -> str:
        query = f"?{self.query}" if self.query else ""
        body = "" if self.body is None else " " + shortened(json.dumps(self.body, ensure_ascii=False))
        return f"{self.number}  {self.method} {self.path}{query}  {self.status}{body}"


def filters(
    method: Optional[str] = None,
    path: Optional[str] = None,
    *,
    operation: Optional[str] = None,
    app: Optional[str] = None,
    status: Union[int, str, None] = None,
    body: Any = None,
    query: Union[str, Mapping[str, Any], None] = None,
    after: Optional[int] = None,
) -> Dict[str, Any]:
    """The filters of the admin API. `*` in a path stands for anything; a body has to hold the given JSON at least."""
    given = {
        "method": method, "path": path, "operation": operation, "app": app, "status": status, "query": pairs(query), "after": after,
        "body": None if body is None else json.dumps(body),
    }
    return {name: value for name, value in given.items() if value is not None}


def pairs(query: Union[str, Mapping[str, Any], None]) -> Optional[str]:
    """What a query has to hold at least: "limit=10" as it is, {"limit": 10} as such a text."""
    if query is None or isinstance(query, str):
        return query
    if not isinstance(query, Mapping):
        raise TypeError(f'query is {type(query).__name__}; give a text ("limit=10") or a dict ({{"limit": 10}})')
    return urlencode({name: str(value).lower() if isinstance(value, bool) else value for name, value in query.items()}, doseq=True)


def expectation(times: Times) -> str:
    """The range in the form of the admin API: "2", "1..", "..3", "1..3"."""
    return "1.." if times is None else str(times)


def failure(times: Times, wanted: Mapping[str, Any], found: List[Request], every: List[Request]) -> str:
    """What was expected, what was received, and what else came."""
    named = " ".join(str(wanted[name]) for name in ("method", "path") if name in wanted)
    others = ", ".join(f"{name} {value}" for name, value in wanted.items() if name not in ("method", "path"))
    what = " with ".join(part for part in (named or "any request", others) if part)
    lines = [f"expected {expectation(times)} × {what}, but the account received {len(found)}."]
    lines += ["It received no request at all."] if not every else ["The requests that it received:", *(f"  {request}" for request in every[-20:])]
    if len(every) > 20:
        lines.insert(2, f"  … {len(every) - 20} before these")
    return "\n".join(lines)


def shortened(text: str, most: int = 160) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
