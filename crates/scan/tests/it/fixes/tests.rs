//! F4: tests, stubs and fixtures move with the code under test, or neither does.

use super::project;

#[test]
fn stubs_stay_where_the_path_of_the_code_is_put_together() {
    let code = "class Contact\n  ENDPOINT = 'crm/v3/objects/contacts'.freeze\n  def self.all\n    Api.get(\"/#{ENDPOINT}\", ENV['HUBSPOT'])\n  end\nend\n";
    let spec = "RSpec.describe Contact do\n  it { stub_request(:get, 'https://api.hubapi.com/crm/v3/objects/contacts').to_return(status: 200) }\nend\n";
    let project = project(&[("lib/contact.rb", code), ("spec/contact_spec.rb", spec)]);
    assert!(project.text("spec/contact_spec.rb").contains("/crm/v3/objects/contacts"));
    assert!(project.kept("spec/contact_spec.rb"), "{:?}", project.changes("spec/contact_spec.rb"));
}

#[test]
fn both_move_where_both_can() {
    let code = "export const list = (base, headers) => fetch(`${base}/crm/v3/objects/deals`, { headers }); // HubSpot\n";
    let test = "import nock from 'nock';\nnock('https://api.hubapi.com').get('/crm/v3/objects/deals').reply(200, {});\n";
    let project = project(&[("package.json", "{}"), ("src/deals.ts", code), ("test/deals.test.ts", test)]);
    assert!(project.text("src/deals.ts").contains("/crm/objects/2026-09/deals"));
    assert!(project.text("test/deals.test.ts").contains(".get('/crm/objects/2026-09/deals')"), "{:?}", project.left("test/deals.test.ts"));
}

#[test]
fn neither_moves_where_a_test_names_the_path_in_its_own_way() {
    let code = "import requests\n\ndef deals(base, headers):\n    return requests.get(base + \"/crm/v3/objects/deals\", headers=headers)  # HubSpot\n";
    let test = "import responses\n\nFAMILY = \"crm/v3/objects/deals\"\n\ndef test_deals():\n    responses.get(\"https://api.hubapi.com/\" + FAMILY)\n";
    let project = project(&[("client.py", code), ("tests/test_client.py", test)]);
    assert!(project.kept("tests/test_client.py"), "{:?}", project.changes("tests/test_client.py"));
    project.leaves("client.py", "another place of this project names it");
}

#[test]
fn a_project_that_is_only_tests_stays() {
    let test = "<?php\nfinal class DealsTest extends TestCase {\n    public function testUri() { $this->assertSame('https://api.hubapi.com/crm/v3/objects/deals', (new Deals())->uri()); }\n}\n";
    assert!(project(&[("tests/DealsTest.php", test)]).kept("tests/DealsTest.php"));
}

#[test]
fn a_stub_of_another_language_s_project_stays_with_its_client() {
    let client = "public class DealsClient {\n    private const string Root = \"crm/v3/objects\";\n    public string Uri() => $\"https://api.hubapi.com/{Root}/deals\";\n}\n";
    let stub =
        "public class DealsClientTests {\n    public void Stub() { server.Given(\"https://api.hubapi.com/crm/v3/objects/deals\"); }\n}\n";
    let project = project(&[("src/DealsClient.cs", client), ("Acme.HubSpot.Tests/DealsClientTests.cs", stub)]);
    assert!(project.kept("Acme.HubSpot.Tests/DealsClientTests.cs"));
}

#[test]
fn fixtures_and_snapshots_follow_the_code() {
    let code = "export const list = (base, headers) => fetch(`${base}/crm/v3/objects/deals`, { headers }); // HubSpot\n";
    let cassette = "http_interactions:\n- request:\n    method: get\n    uri: https://api.hubapi.com/crm/v3/objects/deals\n";
    let moved = project(&[("package.json", "{}"), ("src/deals.ts", code), ("cassettes/deals.yml", cassette)]);
    assert!(moved.text("cassettes/deals.yml").contains("/crm/objects/2026-09/deals"));
    assert!(moved.text("src/deals.ts").contains("/crm/objects/2026-09/deals"));
    // A snapshot is text that `fix` does not read: then the code stays too.
    let snapshot = "exports[`list 1`] = `\"https://api.hubapi.com/crm/v3/objects/deals\"`;\n";
    let held = project(&[("package.json", "{}"), ("src/deals.ts", code), ("src/__snapshots__/deals.test.ts.snap", snapshot)]);
    held.leaves("src/deals.ts", "another place of this project names it");
}

#[test]
fn tests_beside_several_packages_follow_the_package_that_they_test() {
    let code = "export const list = (base, headers) => fetch(`${base}/crm/v3/objects/deals`, { headers }); // HubSpot\n";
    let test = "import { test } from 'node:test';\ntest('deals', () => expect(url).toBe('https://api.hubapi.com/crm/v3/objects/deals'));\n";
    let project = project(&[
        ("package.json", "{}"),
        ("packages/deals/package.json", "{}"),
        ("packages/deals/src/deals.ts", code),
        ("e2e/deals.ts", test),
    ]);
    assert_eq!(
        project.text("packages/deals/src/deals.ts").contains("2026-09"),
        project.text("e2e/deals.ts").contains("2026-09"),
        "one moves without the other"
    );
}

#[test]
fn a_key_that_a_test_sends_stays_wrong() {
    let test = "import { Client } from '@hubspot/api-client';\nimport { test } from 'node:test';\ntest('refuses', () => new Client({ apiKey: 'bad' }));\n";
    assert!(project(&[("test/client.test.ts", test)]).kept("test/client.test.ts"));
    let expected = "import pytest\n\ndef test_url():\n    assert url() == \"https://api.hubapi.com\"\n";
    assert!(project(&[("tests/test_url.py", expected)]).kept("tests/test_url.py"));
}
