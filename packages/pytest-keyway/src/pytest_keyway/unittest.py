"""The same for unittest: a TestCase with `self.hubspot`."""

from __future__ import annotations

import functools
import unittest
from typing import Any, ClassVar, Iterable, Optional

from .account import HubSpot
from .server import Keyway


@functools.lru_cache(maxsize=None)
def server() -> Keyway:
    """One server for the process, which ends with it."""
    return Keyway.of_environment()


class HubSpotTestCase(unittest.TestCase):
    """`self.hubspot` is a HubSpot account in the same state before each test. A class may set `seed` and `scopes`."""

    seed: ClassVar[Any] = None
    scopes: ClassVar[Optional[Iterable[str]]] = None
    keyway: ClassVar[Keyway]
    _account: ClassVar[HubSpot]
    hubspot: HubSpot

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.keyway = server()
        cls._account = cls.keyway.account(scopes=cls.scopes, seed=cls.seed)

    def setUp(self) -> None:
        super().setUp()
        self._account.restart()
        self.hubspot = self._account
