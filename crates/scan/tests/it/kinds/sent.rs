//! What is sent to a host of HubSpot, however its URL is put together, stands where it is sent.

use super::operations;
use crate::examine;

/// Operation and line of each call in a text.
fn calls(path: &str, text: &str) -> Vec<(String, usize)> {
    let usages = examine(path, text).usages;
    usages.into_iter().map(|(at, usage)| (usage.operation, text[..at].matches('\n').count() + 1)).collect()
}

/// A file, its text, and operation and line of each call in it.
type Case<'a> = (&'a str, &'a str, &'a [(&'a str, usize)]);

fn all(cases: &[Case<'_>]) {
    for (path, text, expected) in cases {
        let found = calls(path, text);
        let found: Vec<(&str, usize)> = found.iter().map(|(operation, line)| (operation.as_str(), *line)).collect();
        assert_eq!(&found, expected, "{path}: {text}");
    }
}

#[test]
fn a_path_of_two_segments_without_a_version_is_a_call_where_it_is_sent() {
    let path = "https://api.hubapi.com/collector/graphql";
    assert_eq!(operations("a.js", &format!("axios.post('{path}', body)")), ["POST /collector/graphql"]);
    assert_eq!(operations("a.py", &format!("requests.post(\"{path}\", json=q)")), ["POST /collector/graphql"]);
    assert_eq!(operations("a.sh", &format!("curl -X POST {path} -d @q.json")), ["POST /collector/graphql"]);
    // A base is still none.
    assert!(operations("a.js", "const hs = axios.create({ baseURL: 'https://api.hubapi.com/crm/objects' });").is_empty());
}

#[test]
fn a_path_that_a_function_resolves_against_a_host_is_one_url() {
    let submit = "/submissions/v3/integration/submit";
    for (path, text, operation) in [
        (
            "a.ts",
            format!("const url = new URL(`{submit}/${{'7'}}/${{id('x')}}`, 'https://api.hsforms.com');\nfetch(url, {{ method: 'POST' }});"),
            format!("POST {submit}/{{}}/{{}}"),
        ),
        ("a.js", "fetch(new URL('/crm/v3/owners', 'https://api.hubapi.com'))".to_owned(), "GET /crm/v3/owners".to_owned()),
        ("a.py", "requests.get(urljoin(\"https://api.hubapi.com\", \"/crm/v3/owners\"))".to_owned(), "GET /crm/v3/owners".to_owned()),
        ("a.rb", "Net::HTTP.get(URI.join('https://api.hubapi.com', '/crm/v3/owners'))".to_owned(), "GET /crm/v3/owners".to_owned()),
    ] {
        let found: Vec<String> = operations(path, &text).iter().map(|one| without_names(one)).collect();
        assert_eq!(found, [without_names(&operation)], "{text}");
    }
    assert!(operations("a.js", "new URL('/crm/v3/owners', 'https://crm.example.com')").is_empty());
}

fn without_names(operation: &str) -> String {
    operation.split('/').map(|segment| if segment.starts_with('{') { "{}" } else { segment }).collect::<Vec<_>>().join("/")
}

#[test]
fn a_constant_that_is_joined_on_to_is_a_call_where_it_is_joined_and_none_where_it_is_defined() {
    all(&[
        (
            "a.go",
            "package a\n\nconst base = \"https://api.hubapi.com\"\nconst contacts = \"/crm/v3/objects/contacts\"\n\nfunc get(id string) {\n\thttp.Get(base + contacts + \"/\" + id)\n}\n\nfunc update(id string) {\n\tdo(http.MethodPatch, fmt.Sprintf(\"%s/%s\", contacts, id))\n}\n",
            &[("GET /crm/v3/objects/contacts/{contactId}", 7), ("PATCH /crm/v3/objects/contacts/{contactId}", 11)],
        ),
        (
            "A.java",
            "class A {\n  static final String DEALS = \"https://api.hubapi.com/crm/v3/objects/deals\";\n  void a(String id) {\n    HttpRequest.newBuilder().uri(URI.create(DEALS + \"/\" + id + \"?a=b\")).GET().build();\n  }\n}\n",
            &[("GET /crm/v3/objects/{objectType}/{objectId}", 4)],
        ),
        (
            "a.kt",
            "const val FILES = \"https://api.hubapi.com/files/v3/files\"\n\nfun a(id: String) =\n  Request.Builder().url(\"$FILES/$id/signed-url\").get().build()\n",
            &[("GET /files/v3/files/{fileId}/signed-url", 4)],
        ),
    ]);
}

#[test]
fn a_table_of_endpoints_is_called_where_its_entries_are_used() {
    all(&[(
        "a.ts",
        "const E = {\n  contacts: '/crm/v3/objects/contacts',\n  props: (o: string) => `/crm/v3/properties/${o}`,\n};\nclass A {\n  base = 'https://api.hubapi.com';\n  list() {\n    return this.http.get(this.base + E.contacts);\n  }\n  properties(o: string) {\n    return this.http.post(`${this.base}${E.props(o)}`, {});\n  }\n}\n",
        &[("GET /crm/v3/objects/contacts", 8), ("POST /crm/v3/properties/{objectType}", 11)],
    )]);
}

#[test]
fn a_url_in_a_comment_of_a_program_is_not_sent() {
    for (path, text) in [
        ("a.js", "// was: axios.get('https://api.hubapi.com/engagements/v1/engagements/paged')"),
        ("a.py", "# requests.get(\"https://api.hubapi.com/integrations/v1/me\")"),
        ("a.sh", "# curl -X POST https://api.hubapi.com/crm/v3/objects/emails"),
        ("a.ex", "defmodule A do\n  @moduledoc \"Calls https://api.hubapi.com/crm/v3/objects/contacts\"\nend\n"),
    ] {
        assert!(operations(path, text).is_empty(), "{text}");
    }
    assert_eq!(operations("a.js", "get('https://api.hubapi.com/crm/v3/owners') // all").len(), 1);
}

#[test]
fn a_client_or_a_named_credential_of_another_service_sends_nothing_to_hubspot() {
    let clients = "const hs = axios.create({\n  baseURL: 'https://api.hubapi.com/crm/v3',\n});\nconst billing = axios.create({\n  baseURL: 'https://billing.example.com/crm/v3',\n});\n";
    assert_eq!(
        operations("a.js", &format!("{clients}hs.get('/objects/deals');\nbilling.post('/objects/deals', x);\n")),
        ["GET /crm/v3/objects/{objectType}"]
    );
    let apex = "req.setEndpoint('callout:HubSpot_API/crm/v3/objects/companies');\nreq.setMethod('GET');\nother.setEndpoint('callout:ERP/crm/v3/objects/orders');\n";
    assert_eq!(operations("A.cls", apex).len(), 1);
}
