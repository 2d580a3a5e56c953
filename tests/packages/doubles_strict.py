"""Strict mode in the packages: a suite with seven planted mistakes, one of each rule, and a suite without any."""

import json
import re

from doubles_common import ROOT

# Rule and reason, as the guide lists them.
RULES = dict(re.findall(r"^\| `([a-z-]+)` \| .* \| (.*) \|$", (ROOT / "docs/testing.md").read_text().split("## Strict mode and the report")[1].split("\n## ")[0], re.MULTILINE))
# On this day pipelines v1 has ended, and version 3 ends by the other.
AS_OF, ENDS_BY = "2026-12-10", "2027-12-31"

PYTHON = '''
CONTACTS = "/crm/objects/2026-09/contacts"

def call(hubspot, path, method="GET", body=None):
    answer = hubspot.client.api_request({"path": path, "method": method, **({"body": body} if body else {})})
    return answer.status_code
'''
PYTHON_PLANTED = PYTHON + '''
def test_unserved(hubspot):
    assert call(hubspot, "/automation/2026-09-beta/action-types") == 501

def test_unknown_properties(hubspot):
    assert call(hubspot, CONTACTS + "?properties=colour") == 200

def test_deprecated(hubspot):
    assert call(hubspot, "/crm/v3/objects/contacts") == 200

def test_ended(hubspot):
    assert call(hubspot, "/crm-pipelines/v1/pipelines/deals") == 404

def test_unasserted_writes(hubspot):
    assert call(hubspot, CONTACTS, "POST", {"properties": {"email": "a@example.com"}}) == 201

def test_unread_pages(hubspot):
    hubspot.seed("demo")
    assert call(hubspot, CONTACTS + "?limit=1") == 200

def test_missing_retries(hubspot):
    hubspot.fault(429, times=1)
    assert call(hubspot, CONTACTS) == 429
'''
PYTHON_CLEAN = PYTHON + '''
from pytest_keyway.unittest import HubSpotTestCase

def test_every_page_is_read(hubspot):
    hubspot.seed("demo")
    page = hubspot.client.api_request({"path": CONTACTS + "?limit=20"}).json()
    while "paging" in page:
        page = hubspot.client.api_request({"path": CONTACTS + "?limit=20&after=" + page["paging"]["next"]["after"]}).json()

def test_a_write_is_asserted(hubspot):
    call(hubspot, CONTACTS, "POST", {"properties": {"email": "a@example.com"}})
    hubspot.assert_called("POST", "/crm/*/contacts", times=1)

def test_a_call_comes_again(hubspot):
    hubspot.fault(429, times=1)
    assert [call(hubspot, CONTACTS), call(hubspot, CONTACTS)] == [429, 200]

def test_the_report(hubspot):
    call(hubspot, CONTACTS + "?associations=deals")
    assert hubspot.report(current=True)["scopes"]["needed"] == ["crm.objects.contacts.read", "crm.objects.deals.read"]

class WithUnittest(HubSpotTestCase):
    def test_a_read(self):
        call(self.hubspot, CONTACTS)
'''
PYTHON_UNITTEST = PYTHON + '''
import unittest
from pytest_keyway.unittest import HubSpotTestCase

class Strict(HubSpotTestCase):
    strict = "unasserted-writes"

    def test_a_write(self):
        call(self.hubspot, CONTACTS, "POST", {"properties": {"email": "a@example.com"}})

    def test_an_unknown_property(self):
        call(self.hubspot, CONTACTS + "?properties=colour")

if __name__ == "__main__":
    unittest.main()
'''

NODE = '''import { test } from 'node:test'
import { useHubSpot } from '@keyway/test/node-test'
import assert from 'node:assert/strict'
const hubspot = useHubSpot(OPTIONS)
const CONTACTS = '/crm/objects/2026-09/contacts'
const call = async (path, method = 'GET', body = undefined) => (await hubspot.client.apiRequest({ path, method, body })).status
'''
NODE_PLANTED = '''
test('unserved', async () => assert.equal(await call('/automation/2026-09-beta/action-types'), 501))
test('unknown-properties', async () => assert.equal(await call(`${CONTACTS}?properties=colour`), 200))
test('deprecated', async () => assert.equal(await call('/crm/v3/objects/contacts'), 200))
test('ended', async () => assert.equal(await call('/crm-pipelines/v1/pipelines/deals'), 404))
test('unasserted-writes', async () => assert.equal(await call(CONTACTS, 'POST', { properties: { email: 'a@example.com' } }), 201))
test('unread-pages', async () => {
  await hubspot.seed('demo')
  assert.equal(await call(`${CONTACTS}?limit=1`), 200)
})
test('missing-retries', async () => {
  await hubspot.fault({ status: 429, times: 1 })
  assert.equal(await call(CONTACTS), 429)
})
'''
NODE_CLEAN = '''
test('every page is read', async () => {
  await hubspot.seed('demo')
  for (let after = '', query = '?limit=20'; after !== undefined; query = `?limit=20&after=${after}`) {
    after = (await (await hubspot.client.apiRequest({ path: CONTACTS + query })).json()).paging?.next.after
  }
})
test('a write is asserted', async () => {
  await call(CONTACTS, 'POST', { properties: { email: 'a@example.com' } })
  await hubspot.assertCalled('POST', '/crm/*/contacts', { times: 1 })
})
test('a call comes again', async () => {
  await hubspot.fault({ status: 429, times: 1 })
  assert.deepEqual([await call(CONTACTS), await call(CONTACTS)], [429, 200])
})
test('the report', async () => {
  await call(`${CONTACTS}?associations=deals`)
  assert.deepEqual((await hubspot.report({ current: true })).scopes.needed, ['crm.objects.contacts.read', 'crm.objects.deals.read'])
})
'''


def node(options, tests):
    return NODE.replace("OPTIONS", json.dumps(options)) + tests


def names_every_rule(output):
    """Each planted mistake with its rule and its reason."""
    assert len(RULES) == 7, RULES
    for rule, reason in RULES.items():
        assert f"[{rule}] GET" in output or f"[{rule}] POST" in output, f"{rule} is not in:\n{output}"
        assert f"Reason: {reason}." in output, f"{reason} is not in:\n{output}"


def has_every_finding(report, name_of):
    """A report of the planted suite: each rule with the test that was planted for it."""
    found = {(one["rule"], one["test"]) for one in report["findings"]}
    for rule in RULES:
        assert any(rule == own and test and name_of(rule) in test for own, test in found), f"{rule}: {found}"
