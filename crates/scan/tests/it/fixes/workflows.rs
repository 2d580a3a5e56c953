//! F6 and F7: nodes of n8n get the parameters of their own version, and no `hapikey` stays in silence.

use serde_json::Value;

use super::{fixed, project};

fn node(version: &str, parameters: &str) -> String {
    format!(
        r#"{{"nodes": [{{"name": "Call", "type": "n8n-nodes-base.httpRequest", "typeVersion": {version}, "parameters": {parameters}}}], "connections": {{}}}}"#
    )
}

fn parameters(text: &str) -> Value {
    serde_json::from_str::<Value>(text).unwrap()["nodes"][0]["parameters"].take()
}

#[test]
fn a_node_before_version_3_gets_the_headers_that_it_reads() {
    for version in ["1", "2"] {
        let text = node(
            version,
            r#"{"url": "https://api.hubapi.com/crm/objects/2026-09/deals", "queryParametersUi": {"parameter": [{"name": "hapikey", "value": "={{$env.HUBSPOT_API_KEY}}"}]}}"#,
        );
        let now = parameters(&fixed("w.json", &text));
        assert_eq!(now["headerParametersUi"]["parameter"][0]["value"], "=Bearer {{ $env.HUBSPOT_ACCESS_TOKEN }}");
        assert!(now["sendHeaders"].is_null() && now["headerParameters"].is_null());
    }
}

#[test]
fn a_node_of_version_3_and_later_gets_its_own() {
    for version in ["3", "4.2"] {
        let text = node(
            version,
            r#"{"url": "https://api.hubapi.com/crm/objects/2026-09/deals", "sendQuery": true, "queryParameters": {"parameters": [{"name": "hapikey", "value": "={{ $json.key }}"}]}}"#,
        );
        let now = parameters(&fixed("w.json", &text));
        assert_eq!(now["headerParameters"]["parameters"][0]["value"], "=Bearer {{ $json.key }}");
        assert_eq!(now["sendHeaders"], true);
    }
}

#[test]
fn a_node_whose_version_and_parameters_disagree_is_listed() {
    for (version, parameters) in [
        (
            "4",
            r#"{"url": "https://api.hubapi.com/crm/objects/2026-09/deals", "queryParametersUi": {"parameter": [{"name": "hapikey", "value": "x"}]}}"#,
        ),
        (
            "1",
            r#"{"url": "https://api.hubapi.com/crm/objects/2026-09/deals", "sendQuery": true, "queryParameters": {"parameters": [{"name": "hapikey", "value": "x"}]}}"#,
        ),
        (
            "1",
            r#"{"url": "https://api.hubapi.com/crm/objects/2026-09/deals", "jsonParameters": true, "queryParametersUi": {"parameter": [{"name": "hapikey", "value": "x"}]}}"#,
        ),
    ] {
        let project = project(&[("w.json", &node(version, parameters))]);
        project.leaves("w.json", "hapikey");
    }
}

#[test]
fn a_key_in_the_url_of_a_node_is_moved_or_listed() {
    let text = node("4", r#"{"url": "=https://api.hubapi.com/crm/objects/2026-09/deals?hapikey={{$env.HUBSPOT_API_KEY}}&limit=5"}"#);
    let now = parameters(&fixed("w.json", &text));
    assert_eq!(now["url"], "=https://api.hubapi.com/crm/objects/2026-09/deals?limit=5");
    assert_eq!(now["headerParameters"]["parameters"][0]["name"], "Authorization");
    let sends = node(
        "4",
        r#"{"url": "https://api.hubapi.com/crm/objects/2026-09/deals?hapikey=x", "sendHeaders": true, "headerParameters": {"parameters": []}}"#,
    );
    project(&[("w.json", &sends)]).leaves("w.json", "hapikey");
}

#[test]
fn every_other_place_of_a_key_is_moved_or_listed() {
    for (path, text) in [
        ("a.php", "<?php\n$r = wp_remote_get('https://api.hubapi.com/crm/objects/2026-09/deals?hapikey=' . get_option('k'));\n"),
        ("b.php", "<?php\n$url = add_query_arg(array('hapikey' => get_option('k')), $hubspot);\n"),
        ("a.py", "session.params.update({\"hapikey\": hubspot_key})\n"),
        ("a.js", "hubspot.defaults.params = { hapikey: key };\n"),
        ("b.js", "url.searchParams.append('hapikey', hubspotKey);\n"),
        ("A.cs", "class A { void B() { var hubspot = QueryHelpers.AddQueryString(url, \"hapikey\", key); } }\n"),
        ("A.java", "class A { void b() { hubspot.addQueryParameter(\"hapikey\", key); } }\n"),
        ("a.go", "package a\n\nfunc hubspot() { q.Set(\"hapikey\", key) }\n"),
        ("a.sh", "wget \"https://api.hubapi.com/crm/objects/2026-09/deals?hapikey=$1\"\n"),
        ("a.yml", "url: https://api.hubapi.com/crm/objects/2026-09/deals?hapikey=${KEY}\n"),
        ("a.json", "{\"url\": \"https://api.hubapi.com/crm/objects/2026-09/deals?hapikey=x\"}\n"),
        (".env", "HUBSPOT_URL=https://api.hubapi.com/crm/objects/2026-09/deals?hapikey=x\n"),
    ] {
        let project = project(&[(path, text)]);
        let told = !project.left(path).is_empty() || !project.text(path).contains("hapikey");
        assert!(told, "{path} is left in silence: {}", project.text(path));
    }
}
