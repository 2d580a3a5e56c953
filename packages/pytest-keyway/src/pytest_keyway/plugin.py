"""The fixtures for pytest. Each worker of pytest-xdist has a server of its own, or an account of its own on a shared server."""

from __future__ import annotations

import json
import os
import pathlib
from typing import Any, Generator, Iterator, Optional

import pytest

from . import strict
from .account import HubSpot
from .errors import KeywayError
from .server import Keyway


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("keyway_seed", "what the account of each test holds: minimal, demo, activities, or a JSON file beside this one", default="")
    parser.addini("keyway_scopes", "the scopes of the app that tests use; every scope when left out", type="args", default=[])
    parser.addini("keyway_as_of", "answer as HubSpot will on this day, such as 2027-10-01", default="")
    parser.addini("keyway_random_seed", "a number from which tokens, ids and correlation ids follow, so that two runs give the same bytes", default="")
    parser.addini("keyway_clock", "the time of the account at the start of each test, such as 2027-01-31T09:00:00Z; it is frozen", default="")
    parser.addini("keyway_strict", "fail a test whose calls have findings: all, or a comma list of rules", default="")
    parser.addini("keyway_ends_by", "the day of the rule deprecated: operations that HubSpot ends on or before it are findings", default="")
    parser.addini("keyway_report", "write the report of the run to this file beside this one: .json, .xml (JUnit), or text", default="")
    group = parser.getgroup("keyway")
    group.addoption("--keyway-strict", nargs="?", const="all", metavar="RULES", help="fail a test whose calls have findings: of every rule, or of a comma list of rules")
    group.addoption("--keyway-report", metavar="FILE", help="write the report of the run: .json, .xml (JUnit), or text")
    group.addoption("--keyway-as-of", metavar="DATE", help="answer as HubSpot will on this day, such as 2027-10-01")
    group.addoption("--keyway-random-seed", metavar="N", help="make tokens, ids and correlation ids from this number, not at random")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "hubspot(seed): what the account of this test holds besides keyway_seed")
    rules = config.getoption("--keyway-strict") or config.getini("keyway_strict")
    strict.run = strict.Run(rules=rules or None, ends_by=config.getini("keyway_ends_by") or None)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, None]:
    """Fails a test that passed, where strict mode finds something in its calls."""
    outcome = yield
    account = getattr(item, "funcargs", {}).get("hubspot")
    if strict.run.rules and outcome.excinfo is None and isinstance(account, HubSpot):
        try:
            account.check(strict.run.rules, strict.run.ends_by)
        except (AssertionError, KeywayError) as error:
            # Where in pytest it was found says nothing.
            outcome.force_exception(pytest.fail.Exception(str(error), pytrace=False))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: Any) -> None:
    """pytest-xdist: a worker has ended, and sent its reports."""
    strict.run.reports += json.loads(getattr(node, "workeroutput", {}).get("keyway_reports", "[]"))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Writes the report of the run. A worker of pytest-xdist sends its own to pytest."""
    config, reports = session.config, strict.run.reports
    if hasattr(config, "workeroutput"):
        config.workeroutput["keyway_reports"] = json.dumps(reports)
        return
    file, beside = config.getoption("--keyway-report"), config.getini("keyway_report")
    if beside and not file:
        file = (config.inipath.parent if config.inipath else config.rootpath) / beside
    if not reports:
        return
    try:
        strict.run.reports = [strict.merged(reports, pathlib.Path(file) if file else None)]
    except (KeywayError, OSError) as error:
        session.exitstatus = pytest.ExitCode.INTERNAL_ERROR
        strict.run.problem = f"keyway: the report cannot be written: {error}"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One line: the scopes that the tests need."""
    if strict.run.problem:
        terminalreporter.write_line(strict.run.problem, red=True)
    elif len(strict.run.reports) == 1 and strict.run.reports[0]["calls"]:
        terminalreporter.write_line(strict.summary(strict.run.reports[0]))


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
def _hubspot_account(keyway: Keyway, request: pytest.FixtureRequest) -> Iterator[HubSpot]:
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    account = keyway.account(
        f"Tests {worker} {os.getpid()}" if worker else None,
        scopes=request.config.getini("keyway_scopes") or None,
        seed=seed_of(request.config.getini("keyway_seed"), request.config.inipath),
    )
    yield account
    strict.run.reports.append(account.report(ends_by=strict.run.ends_by))


@pytest.fixture
def hubspot(_hubspot_account: HubSpot, request: pytest.FixtureRequest) -> HubSpot:
    """A HubSpot account in the state of `keyway_seed`, whatever tests before this one did."""
    _hubspot_account.restart(request.node.nodeid)
    for marker in reversed(list(request.node.iter_markers("hubspot"))):
        _hubspot_account.seed(marker.kwargs["seed"])
    return _hubspot_account


def seed_of(value: str, inipath: Optional[pathlib.Path]) -> Any:
    """What `keyway_seed` says. A file is named from the folder of the settings."""
    if not value:
        return None
    return (inipath.parent / value) if value.endswith((".json", ".yaml", ".yml")) and inipath else value
