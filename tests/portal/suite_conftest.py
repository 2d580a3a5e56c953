"""Takes the place of the suite's own conftest.py: a client that talks to Keyway, and no test is skipped."""

import functools
import itertools
import json
import os

import httpx
import hubspot_sdk.types.crm
import pytest
from hubspot_sdk import APIStatusError, HubSpot

from tests.placeholders import Placeholders

pytest.register_assert_rewrite("tests.utils")

# Models that name each other are put together at their first use, and that first use fails in this version.
for model in list(vars(hubspot_sdk.types.crm).values()):
    if isinstance(model, type) and hasattr(model, "model_rebuild"):
        model.model_rebuild()

BASE_URL = "http://127.0.0.1:4010"
TOKENS = itertools.cycle(os.environ["KEYWAY_SUITE_TOKENS"].split(","))
OUTCOMES = {"passed": [], "refused": [], "not_served": [], "malformed": []}


def pytest_collection_modifyitems(items):
    for item in items:
        item.own_markers = [mark for mark in item.own_markers if mark.name != "skip"]


@functools.cache
def connected(token, strict):
    url = os.environ["KEYWAY_SUITE_URL"]
    http = httpx.Client(transport=Placeholders(url, token), timeout=30)
    return HubSpot(base_url=url, access_token=token, http_client=http, max_retries=0, _strict_response_validation=strict)


@pytest.fixture
def client(request):
    if "respx_mock" in request.fixturenames:
        # The test answers itself.
        return HubSpot(base_url=BASE_URL, access_token="a token", _strict_response_validation=getattr(request, "param", True))
    return connected(next(TOKENS), getattr(request, "param", True))


def has_envelope(response):
    try:
        body = response.json()
    except ValueError:
        return False
    if not isinstance(body, dict) or not isinstance(body.get("message"), str):
        return False
    # OAuth's own errors have RFC 6749's fields beside HubSpot's.
    return bool(body.get("correlationId") and (body.get("category") or body.get("errorType"))) or bool(body.get("error") and body.get("status"))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.when != "call" and not report.failed:
        return
    if report.passed:
        OUTCOMES["passed"].append((item.nodeid, ""))
        return
    error = call.excinfo.value
    why = f"{type(error).__name__}: {error}"[:600]
    kind = "malformed"
    if isinstance(error, APIStatusError) and has_envelope(error.response):
        kind = "not_served" if error.status_code == 501 else "refused"
        why = f"{error.request.method} {error.request.url.path} {error.status_code} {error.response.json()['message']}"[:600]
    OUTCOMES[kind].append((item.nodeid, why))


def pytest_sessionfinish(session):
    with open(os.environ["KEYWAY_SUITE_REPORT"], "w") as report:
        json.dump(OUTCOMES, report)
