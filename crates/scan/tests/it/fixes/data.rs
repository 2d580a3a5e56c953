//! F5: paths that are data stay, and so do the calls that the program decides about by them.

use super::project;

/// Asserts that a file stays, for this reason where it is listed.
fn stays(path: &str, text: &str, why: &str) {
    let project = project(&[(path, text)]);
    assert!(project.kept(path), "{}", project.text(path));
    assert!(project.left(path).iter().all(|left| left.contains(why)), "{path}: {:?}", project.left(path));
}

#[test]
fn allow_lists_of_gateways_stay() {
    stays("gateway.json", "{\"upstream\": \"hubspot\", \"paths\": [\"/crm/v3/objects/contacts\"]}\n", "entry of a list");
    stays("gateway.yml", "hubspot:\n  allow:\n    - /crm/v3/objects/contacts\n", "entry of a list");
    stays("kong.yaml", "routes:\n  hubspot:\n    prefix: /crm/v3/objects/contacts\n", "data here");
    stays("gate.py", "HUBSPOT_ALLOWED = [\"/crm/v3/objects/contacts\", \"/crm/v3/objects/deals\"]\n", "entry of a list");
    stays("gate.js", "const hubspotPaths = new Set(['/crm/v3/objects/contacts']);\n", "entry of a list");
}

#[test]
fn rules_of_scanners_and_tables_of_handlers_stay() {
    stays("rules.js", "module.exports = { hubspot: { pattern: '/crm/v3/objects/contacts', level: 'warn' } };\n", "matched with");
    stays("table.ts", "const hubspot: Record<string, Handler> = { '/crm/v3/objects/contacts': listContacts };\n", "key of a table");
    stays(
        "openapi.json",
        "{\"servers\": [{\"url\": \"https://api.hubapi.com\"}], \"paths\": {\"/crm/v3/objects/contacts\": {\"get\": {}}}}\n",
        "key of a table",
    );
    stays("scopes.rb", "HUBSPOT = { '/crm/v3/objects/contacts' => 'crm.objects.contacts.read' }\n", "key of a table");
}

#[test]
fn what_a_url_is_compared_with_stays() {
    for (path, text) in [
        ("a.js", "if (request.url === '/crm/v3/objects/contacts') hubspot();\n"),
        ("a.ts", "const ours = url.startsWith('https://api.hubapi.com/crm/v3/objects/contacts');\n"),
        ("a.py", "def hubspot(path):\n    return path == \"/crm/v3/objects/contacts\"\n"),
        ("b.py", "def hubspot(path):\n    return path.startswith(\"/crm/v3/objects/contacts\")\n"),
        ("a.php", "<?php\nif (str_starts_with($hubspot, '/crm/v3/objects/contacts')) { go(); }\n"),
        ("a.rb", "hubspot if path.start_with?('/crm/v3/objects/contacts')\n"),
        ("a.go", "package a\n\nfunc hubspot(p string) bool { return p == \"/crm/v3/objects/contacts\" }\n"),
        ("A.java", "class A { boolean hubspot(String p) { return p.equals(\"/crm/v3/objects/contacts\"); } }\n"),
        ("a.sh", "case \"$HUBSPOT\" in\n  /crm/v3/objects/contacts) echo yes ;;\nesac\n"),
    ] {
        stays(path, text, "compared with");
    }
}

#[test]
fn routes_that_take_requests_in_stay() {
    stays("server.js", "app.get('/crm/v3/objects/contacts', (req, res) => res.json(hubspot));\n", "route");
    stays("fake.py", "@app.route(\"/crm/v3/objects/contacts\")\ndef hubspot():\n    return {}\n", "route");
    stays("fake.go", "package a\n\nfunc hubspot() { http.HandleFunc(\"/crm/v3/objects/contacts\", list) }\n", "route");
    stays("Fake.java", "class Fake {\n    @GetMapping(\"/crm/v3/objects/contacts\")\n    String hubspot() { return \"\"; }\n}\n", "route");
}

#[test]
fn text_for_people_stays_and_holds_nothing_back() {
    stays("help.js", "const help = `Send a path of HubSpot, such as ${bold('/crm/v3/objects/deals')}`;\n", "a longer text");
    let code = "const u = `${HUBSPOT}/crm/v3/objects/deals`;\nawait fetch(u, { headers });\nconsole.log('GET /crm/v3/objects/deals');\n";
    let text = super::fixed("a.js", code);
    assert!(text.contains("${HUBSPOT}/crm/objects/2026-09/deals") && text.contains("'GET /crm/v3/objects/deals'"), "{text}");
}

#[test]
fn a_call_stays_where_a_list_of_the_project_decides_about_its_path() {
    let gate = "export const allowed = ['/crm/v3/objects/deals'];\n";
    let call =
        "import { allowed } from './gate';\nexport const deals = (headers) => fetch(`${HUBSPOT}/crm/v3/objects/deals`, { headers });\n";
    let project = project(&[("package.json", "{}"), ("src/gate.ts", gate), ("src/deals.ts", call)]);
    project.leaves("src/gate.ts", "entry of a list");
    project.leaves("src/deals.ts", "another place of this project names it");
}

#[test]
fn a_comparison_that_is_no_call_holds_the_call_back_too() {
    let gate = "case \"$1\" in\n  /crm/v3/objects/deals) curl \"$HUBSPOT/crm/v3/objects/deals\" ;;\nesac\n";
    assert!(project(&[("gate.sh", gate)]).kept("gate.sh"));
    let list = "allow:\n  - /crm/v3/objects/deals # HubSpot\n";
    let call = "requests.get(HUBSPOT + \"/crm/v3/objects/deals\", headers=headers)\n";
    project(&[("gateway.yml", list), ("deals.py", call)]).leaves("deals.py", "another place of this project names it");
    let routes = "app.get('/crm/v3/objects/deals', (req, res) => fetch(`${HUBSPOT}/crm/v3/objects/deals`, { headers }));\n";
    assert!(project(&[("proxy.js", routes)]).kept("proxy.js"));
}

#[test]
fn hosts_that_are_compared_stay() {
    let text = "const allowed = ['https://api.hubapi.com', 'https://api.example.com'];\nexport const ours = (u) => u.startsWith('https://api.hubapi.com');\n";
    assert_eq!(super::fixed("hosts.js", text), text);
}

#[test]
fn the_root_of_paths_of_associations_stays() {
    let joined = "CONTACTS = HUBSPOT + \"/crm/v3/objects/contacts\"\n\n\ndef one(id, headers):\n    return requests.get(f\"{CONTACTS}/{id}\", headers=headers)\n\n\ndef associate(one, other, headers):\n    return requests.put(f\"{CONTACTS}/{one}/associations/companies/{other}/280\", headers=headers)\n";
    stays("a.py", joined, "paths of associations");
    let alone = super::fixed(
        "b.py",
        "CONTACTS = HUBSPOT + \"/crm/v3/objects/contacts\"\n\n\ndef one(id, headers):\n    return requests.get(f\"{CONTACTS}/{id}\", headers=headers)\n",
    );
    assert!(alone.contains("/crm/objects/2026-09/contacts"), "{alone}");
}
