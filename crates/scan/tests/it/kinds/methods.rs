//! Method and authentication of a call: K9 and K10.

use keyway_scan::finding::UsageAuth;

use super::operations;
use crate::examine;

const API: &str = "https://api.hubapi.com/crm/v3/objects/contacts";

fn methods(path: &str, text: &str) -> Vec<String> {
    let operations = operations(path, &text.replace("API", API));
    operations.into_iter().map(|operation| operation.split(' ').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn k9_the_call_itself_says_how_it_authenticates() {
    let token = "axios.post('https://api.hubapi.com/oauth/v1/token', body)";
    for (what, call) in [
        ("params", "axios.get('API', {\n  timeout: 1,\n  params: {\n    hapikey: K\n  }\n})"),
        ("a variable", "const params = { hapikey: K }\naxios.get('API', { params })"),
        ("a dict", "params = {'hapikey': K, 'count': 100}\nrequests.get('API', params=params)"),
        ("query", "request({\n  uri: 'API',\n  json: true,\n  qs: { hapikey: K, limit: 1 },\n})"),
    ] {
        let text = format!("{}\n{token}\nconst access_token = x", call.replace("API", API));
        let found = examine("a.js", &text).usages;
        let auth = found.iter().find(|(_, usage)| usage.operation.contains("contacts")).map(|(_, usage)| usage.auth);
        assert_eq!(auth, Some(UsageAuth::Hapikey), "{what}: {found:?}");
    }
    let text =
        format!("const old = '?hapikey=' + K\nconst headers = {{ Authorization: `Bearer ${{t}}` }}\naxios.get('{API}', {{ headers }})");
    assert_eq!(examine("a.js", &text).usages[0].1.auth, UsageAuth::Bearer);
}

#[test]
fn k10_an_export_says_the_method_beside_the_url() {
    let body = "x".repeat(900);
    let postman = format!(
        r#"{{"item": [{{"name": "a", "request": {{"method": "POST", "header": [], "body": {{"mode": "raw", "raw": "{body}"}}, "url": {{"raw": "API", "host": ["api"]}}}}}},
        {{"name": "b", "request": {{"method": "GET", "header": [], "url": {{"raw": "API/1"}}}}}},
        {{"name": "c", "request": {{"url": {{"raw": "API/2"}}, "body": {{"raw": "{body}"}}, "method": "DELETE"}}}}]}}"#
    );
    assert_eq!(methods("a.postman_collection.json", &postman), ["POST", "GET", "DELETE"]);
}

#[test]
fn k10_an_openapi_document_has_a_usage_for_each_verb() {
    let json = r#"{"servers": [{"url": "https://api.hubapi.com"}], "paths": {"/crm/v3/objects/contacts": {"parameters": [], "get": {"summary": "x"}, "post": {"summary": "delete"}}}}"#;
    assert_eq!(operations("a.json", json), ["GET /crm/v3/objects/contacts", "POST /crm/v3/objects/contacts"]);
    let yaml = "servers:\n  - url: https://api.hubapi.com\npaths:\n  /crm/v3/objects/contacts:\n    summary: x\n    get:\n      summary: post\n      responses:\n        '200':\n          description: x\n    post:\n      summary: y\n  /crm/v3/objects/contacts/{contactId}:\n    patch:\n      summary: z\n";
    assert_eq!(
        operations("a.yml", yaml),
        ["GET /crm/v3/objects/contacts", "POST /crm/v3/objects/contacts", "PATCH /crm/v3/objects/contacts/{contactId}"]
    );
}

#[test]
fn k10_a_variable_is_followed_through_its_function() {
    let more = "    more = work_that_has_nothing_to_do_with(it, and_takes_a_line)\n".repeat(14);
    let python = format!(
        "def a():\n    url = \"API\"\n{more}    requests.post(url, json=more)\n\ndef b():\n    url = \"API\"\n    return requests.get(url)\n"
    );
    assert_eq!(methods("a.py", &python), ["POST", "GET"]);
    let php = format!(
        "<?php\nfunction a() {{\n    $ch = curl_init('API');\n{}    curl_setopt($ch, CURLOPT_POSTFIELDS, $body);\n}}\n",
        more.replace("    more", "    $more")
    );
    assert_eq!(methods("a.php", &php), ["POST"]);
    let php = "<?php\nfunction a() {\n    $ch = curl_init();\n    curl_setopt($ch, CURLOPT_CUSTOMREQUEST, 'PATCH');\n    curl_setopt($ch, CURLOPT_URL, 'API/1');\n}\nfunction b() {\n    $ch = curl_init();\n    curl_setopt($ch, CURLOPT_URL, 'API/1');\n    return curl_exec($ch);\n}\n";
    assert_eq!(methods("a.php", php), ["PATCH", "GET"]);
}

#[test]
fn k10_options_in_a_variable_say_the_method() {
    for (path, text, method) in [
        (
            "a.gs",
            "function a() {\n  var options = {\n    method: 'post',\n    payload: x,\n  };\n  UrlFetchApp.fetch('API', options);\n}",
            "POST",
        ),
        ("a.js", "async function a() {\n  const init = { headers };\n  init.method = 'PATCH';\n  return fetch(`API/1`, init);\n}", "PATCH"),
        (
            "a.cls",
            "public void a() {\n    HttpRequest req = new HttpRequest();\n    req.setEndpoint('API');\n    req.setHeader('A', 'b');\n    req.setMethod('POST');\n}",
            "POST",
        ),
        ("a.sh", "request DELETE \"API/1\"", "DELETE"),
        ("a.R", "httr::DELETE(paste0('API/', id))", "DELETE"),
        ("a.ex", "Req.delete!('API/1')", "DELETE"),
        (
            "a.js",
            "async function a() {\n  const options = { headers };\n  return fetch(`API`, options);\n}\nasync function b() {\n  const options = { method: 'POST' };\n}",
            "GET",
        ),
    ] {
        assert_eq!(methods(path, text), [method], "{text}");
    }
}
