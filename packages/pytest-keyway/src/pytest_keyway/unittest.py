"""The same for unittest: a TestCase with `self.hubspot`."""

from __future__ import annotations

import functools
import unittest
from typing import Any, ClassVar, Iterable, Optional

from . import strict as strict_mode
from .account import HubSpot
from .server import Keyway


@functools.lru_cache(maxsize=None)
def server() -> Keyway:
    """One server for the process, which ends with it."""
    return Keyway.of_environment()


class HubSpotTestCase(unittest.TestCase):
    """`self.hubspot` is a HubSpot account in the same state before each test. A class may set `seed` and `scopes`.

    `strict` fails a test whose calls have findings ("all", or a comma list of rules); `ends_by` is the day of the rule deprecated.
    """

    seed: ClassVar[Any] = None
    scopes: ClassVar[Optional[Iterable[str]]] = None
    strict: ClassVar[Optional[str]] = None
    ends_by: ClassVar[Optional[str]] = None
    keyway: ClassVar[Keyway]
    _account: ClassVar[HubSpot]
    hubspot: HubSpot

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.keyway = server()
        account = cls._account = cls.keyway.account(scopes=cls.scopes, seed=cls.seed)
        cls.addClassCleanup(lambda: strict_mode.run.reports.append(account.report(ends_by=strict_mode.run.ends_by)))

    def setUp(self) -> None:
        super().setUp()
        self._account.restart(self.id())
        self.hubspot = self._account
        rules = self.strict or strict_mode.run.rules
        if rules:
            self.addCleanup(self._account.check, rules, self.ends_by or strict_mode.run.ends_by)
