"""An embedded account, with the state of a HubSpot account."""

from __future__ import annotations

import json
import os
import pathlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Mapping, Optional, Union

from . import strict
from .clock import Clock
from .faults import Fault, rule
from .requests import Request, Times, expectation, failure, filters
from .strict import Report
from .webhooks import Webhooks

if TYPE_CHECKING:
    from .server import Keyway

Record = Mapping[str, Any]
Seed = Union[str, "os.PathLike[str]", Mapping[str, Any]]
START = "keyway-test-start"


@dataclass(frozen=True)
class App:
    """A private app of the account. Its token is not shown by `repr`."""

    id: int
    name: str
    token: str

    def __repr__(self) -> str:
        return f"App(id={self.id}, name={self.name!r})"


class HubSpot:
    """An embedded account: `base_url` in place of https://api.hubapi.com, and a `token`."""

    def __init__(self, keyway: "Keyway", hub_id: int, scopes: List[str]) -> None:
        self.keyway = keyway
        self.hub_id = hub_id
        self.clock = Clock(self)
        self.webhooks = Webhooks(self)
        self._kept = False
        self._client: Any = None
        self._apps: List[App] = []
        app = self._create_app("Tests", scopes)
        self.app_id = app.id
        self.token = app.token

    def __repr__(self) -> str:
        return f"HubSpot(hub_id={self.hub_id}, base_url={self.base_url!r})"

    @property
    def base_url(self) -> str:
        """What takes the place of https://api.hubapi.com."""
        return self.keyway.url

    @property
    def env(self) -> Dict[str, str]:
        """HUBSPOT_BASE_URL and HUBSPOT_ACCESS_TOKEN, for programs that read them from the environment."""
        return {"HUBSPOT_BASE_URL": self.base_url, "HUBSPOT_ACCESS_TOKEN": self.token}

    @property
    def client(self) -> Any:
        """The official client (hubspot-api-client) with this account's address and token: a new one for each test."""
        if self._client is None:
            self._client = self.client_with(self.token)
        return self._client

    def client_with(self, token: str, **settings: Any) -> Any:
        """The official client with another token, such as that of `app(...)`."""
        try:
            import hubspot
        except ImportError as error:
            raise ImportError('hubspot.client needs the official client. Install it with "pip install hubspot-api-client".') from error
        # `host` is for the typed calls, and `base_url` for `api_request`.
        return hubspot.HubSpot(access_token=token, host=self.base_url, base_url=self.base_url, **settings)

    def app(self, name: str, *, scopes: Iterable[str], no_limits: bool = True) -> App:
        """Another app with its own token, for tests of scopes and limits. It is deleted before the next test."""
        app = self._create_app(name, list(scopes), no_limits)
        self._apps.append(app)
        return app

    def _create_app(self, name: str, scopes: List[str], no_limits: bool = True) -> App:
        answer = self.keyway.api.call("POST", "/apps", {"hubId": self.hub_id, "name": name, "scopes": scopes, "noLimits": no_limits})
        return App(answer["app"]["id"], name, answer["token"]["value"])

    def call(self, method: str, path: str, body: Any = None, *, query: Optional[Mapping[str, Any]] = None, timeout: float = 30) -> Any:
        """A call of the admin API below /api/v1/portals/{hubId}."""
        return self.keyway.api.call(method, f"/portals/{self.hub_id}{path}", body, query, timeout)

    def portal(self, *arguments: str) -> Any:
        """A command of `keyway portal` on this account, such as portal("seed", "--csv", "contacts=people.csv"). Answers its JSON."""
        return self.keyway.run("portal", *arguments, "--account", str(self.hub_id))

    # What the account holds.

    def seed(self, what: Optional[Seed] = None, **records: Iterable[Record]) -> Dict[str, str]:
        """Adds records, all or none, and answers their ids by key.

        `what` is a built-in set ("minimal", "demo", "activities"), the path of a YAML or JSON file, or the content of one.
        Keyword arguments are records by object type: seed(contacts=[{"email": "ada@example.com"}]) sets properties;
        a record with a key, associations or `properties` is taken as it stands.
        """
        if what is not None and not isinstance(what, Mapping) and os.fspath(what).endswith((".yaml", ".yml")):
            made: Dict[str, str] = self.call("POST", "/seed", pathlib.Path(what).read_bytes())["ids"]
            return {**made, **(self.seed(None, **records) if records else {})}
        if isinstance(what, str) and not what.endswith(".json"):
            body: Dict[str, Any] = {"set": what}
        elif what is None or isinstance(what, Mapping):
            body = dict(what or {})
        else:
            body = json.loads(pathlib.Path(what).read_text(encoding="utf-8"))
        if records:
            merged = {kind: list(rows) for kind, rows in body.get("records", {}).items()}
            for kind, rows in records.items():
                merged.setdefault(kind, []).extend(row if "properties" in row else {"properties": dict(row)} for row in rows)
            body["records"] = merged
        ids: Dict[str, str] = self.call("POST", "/seed", body)["ids"]
        return ids

    def make(
        self,
        kind: str,
        count: int = 1,
        properties: Optional[Mapping[str, Any]] = None,
        *,
        associate: Union[str, Iterable[str]] = (),
        number: int = 0,
    ) -> List[str]:
        """Makes records by a rule, and answers their ids: make("contacts", 50, associate="companies").

        `properties` are those of a factory in a seed: texts with {n} and {company.domain}, {"pick": [...]}, {"from": 1, "to": 9}.
        Properties that are left out get values that fit. `associate` is an object type, whose records take turns, or
        type/id of one record. The same `number` gives the same values.
        """
        places = [associate] if isinstance(associate, str) else list(associate)
        rule = {"type": kind, "count": count, "key": "made", "properties": dict(properties or {}), "associate": places}
        ids = self.call("POST", "/seed", {"number": number, "factories": [rule]})["ids"]
        return [ids[f"{kind}/made{n}"] for n in range(1, count + 1)]

    def diff(self, since: Optional[str] = None, to: Optional[str] = None, *, only: Optional[str] = None, limit: int = 1000) -> List[Dict[str, Any]]:
        """What changed: `change`, `what`, `type`, `name` and `fields` of each difference, none where there is none.

        `since` is a snapshot; the start of the test when left out. `to` is another one; the account as it is when left out.
        `only` is "records", "associations" or "definitions".
        """
        query = {"from": since or (START if self._kept else None), "to": to, "only": only, "limit": limit}
        changes: List[Dict[str, Any]] = self.call("POST", "/diff", query=query)["changes"]
        return changes

    def snapshot(self, name: str) -> None:
        """Takes a snapshot of all that the account holds."""
        self.call("POST", f"/snapshots/{name}")

    def restore(self, name: str) -> None:
        """Puts a snapshot in place of what the account holds."""
        self.call("POST", f"/snapshots/{name}/restore")

    def reset(self, test: Optional[str] = None) -> None:
        """An account without records, definitions, requests, faults, webhooks and use of limits, at the real time or that of `keyway_clock`.

        `test` is the name of the test that begins: findings of the report name it.
        """
        self.call("POST", "/reset", {"test": test} if test else None)

    def keep(self) -> None:
        """Makes what the account holds now the state that `restart` comes back to."""
        self.snapshot(START)
        self._kept = True

    def restart(self, test: Optional[str] = None) -> None:
        """The state before a test: as `keep` found it, with no other app, request, fault or webhook, at the real time or that of `keyway_clock`."""
        while self._apps:
            self.keyway.api.call("DELETE", f"/apps/{self._apps.pop().id}")
        self.reset(test)
        if self._kept:
            self.restore(START)
        self._client = None

    # What the account received.

    def requests(self, method: Optional[str] = None, path: Optional[str] = None, **others: Any) -> List[Request]:
        """The requests that the account received, oldest first. The filters are those of `assert_called`."""
        return [Request.of(row) for row in self.call("GET", "/requests", query=filters(method, path, **others))["requests"]]

    def assert_called(self, method: Optional[str] = None, path: Optional[str] = None, *, times: Times = None, within: float = 0, **others: Any) -> List[Request]:
        """Fails unless the account received such requests, and answers them.

        `times` is a number or a range ("1..", "..3", "1..3"); once or more when left out. `path` may have `*`.
        `body` is JSON that the body holds at least. `status` is 404 or "4xx"; `query` is what the query
        holds at least, "limit=10" or {"limit": 10}; `operation` is "POST /crm/objects/2026-09/{objectType}"; `app` is an app's id or name. `within` waits so many seconds for them.
        """
        wanted = filters(method, path, **others)
        query = {**wanted, "expect": expectation(times), "waitMs": round(within * 1000)}
        answer = self.call("GET", "/requests", query=query, timeout=within + 30)
        found = [Request.of(row) for row in answer["requests"]]
        if not answer["met"]:
            raise AssertionError(failure(times, wanted, found, self.requests()))
        return found

    def assert_not_called(self, method: Optional[str] = None, path: Optional[str] = None, **others: Any) -> None:
        """Fails when the account received such a request."""
        self.assert_called(method, path, times=0, **others)

    # What the calls show.

    def report(self, *, rules: str = "all", ends_by: Optional[str] = None, current: bool = False) -> Report:
        """The report of the account: its `calls`, `operations`, `scopes`, `sunsets` and `findings`.

        `rules` are those of strict mode, a comma list or "all". Operations that HubSpot ends on or before `ends_by`
        are findings. `current` has only what was called since the test began.
        """
        query = {"rules": rules, "endsBy": ends_by, "current": str(current).lower()}
        report: Report = self.call("GET", "/report", query=query)
        return report

    def check(self, rules: str = "all", ends_by: Optional[str] = None) -> None:
        """Fails when strict mode finds something in what was called since the test began."""
        found = strict.failure(self.report(rules=rules, ends_by=ends_by, current=True))
        if found:
            raise strict.StrictError(found)

    # What goes wrong.

    def fault(self, status: Optional[int] = None, **how: Any) -> Fault:
        """Makes calls fail: fault(429, times=2), fault(503, path="/crm/*/search"), fault(latency=2), fault(cut="after").

        Which calls: `method`, `path`, `operation`, `app`, `after` (passes over so many), `times`, `probability`, `seed`.
        How: `status` with `limit` and `retry_after` (seconds), `latency` (seconds or a timedelta), `cut`, `inputs` of a batch,
        `search_lag` (seconds or a timedelta until searches find a change), `search_shuffled`.
        """
        return Fault(self, self.call("POST", "/faults", rule(status, **how))["fault"])

    def clear_faults(self) -> None:
        """Ends all faults."""
        self.call("DELETE", "/faults")
