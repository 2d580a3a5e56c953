"""The fixtures for pytest. Each worker of pytest-xdist has a server of its own, or an account of its own on a shared server."""

from __future__ import annotations

import os
import pathlib
from typing import Any, Iterator, Optional

import pytest

from .account import HubSpot
from .server import Keyway


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("keyway_seed", "what the account of each test holds: minimal, demo, activities, or a JSON file beside this one", default="")
    parser.addini("keyway_scopes", "the scopes of the app that tests use; every scope when left out", type="args", default=[])
    parser.addini("keyway_as_of", "answer as HubSpot will on this day, such as 2027-10-01", default="")
    parser.addini("keyway_random_seed", "a number from which tokens, ids and correlation ids follow, so that two runs give the same bytes", default="")
    parser.addini("keyway_clock", "the time of the account at the start of each test, such as 2027-01-31T09:00:00Z; it is frozen", default="")
    group = parser.getgroup("keyway")
    group.addoption("--keyway-as-of", metavar="DATE", help="answer as HubSpot will on this day, such as 2027-10-01")
    group.addoption("--keyway-random-seed", metavar="N", help="make tokens, ids and correlation ids from this number, not at random")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "hubspot(seed): what the account of this test holds besides keyway_seed")


@pytest.fixture(scope="session")
def keyway(request: pytest.FixtureRequest) -> Iterator[Keyway]:
    """A Keyway server for this run: that of KEYWAY_ADDR, else one of its own."""
    config = request.config
    settings = {
        "--as-of": config.getoption("--keyway-as-of") or config.getini("keyway_as_of"),
        "--random-seed": config.getoption("--keyway-random-seed") or config.getini("keyway_random_seed"),
        "--clock": config.getini("keyway_clock"),
    }
    server = Keyway.of_environment(*(part for name, value in settings.items() if value for part in (name, str(value))))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def _hubspot_account(keyway: Keyway, request: pytest.FixtureRequest) -> HubSpot:
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    return keyway.account(
        f"Tests {worker} {os.getpid()}" if worker else None,
        scopes=request.config.getini("keyway_scopes") or None,
        seed=seed_of(request.config.getini("keyway_seed"), request.config.inipath),
    )


@pytest.fixture
def hubspot(_hubspot_account: HubSpot, request: pytest.FixtureRequest) -> HubSpot:
    """A HubSpot account in the state of `keyway_seed`, whatever tests before this one did."""
    _hubspot_account.restart()
    for marker in reversed(list(request.node.iter_markers("hubspot"))):
        _hubspot_account.seed(marker.kwargs["seed"])
    return _hubspot_account


def seed_of(value: str, inipath: Optional[pathlib.Path]) -> Any:
    """What `keyway_seed` says. A file is named from the folder of the settings."""
    if not value:
        return None
    return (inipath.parent / value) if value.endswith(".json") and inipath else value
