//! Several calls with one URL, and calls beside others: each has its own method.

use super::operations;

const API: &str = "https://api.hubapi.com/crm/v3/objects/contacts";
const GET: &str = "GET /crm/v3/objects/contacts";
const POST: &str = "POST /crm/v3/objects/contacts";
const DELETE: &str = "DELETE /crm/v3/objects/contacts/{contactId}";
const PATCH: &str = "PATCH /crm/v3/objects/contacts/{contactId}";
const SEARCH: &str = "POST /crm/v3/objects/contacts/search";

/// Each case in its own file: its path, its text, and its operations in order.
fn check(cases: &[(&str, &str, &[&str])]) {
    let wrong: Vec<String> = cases
        .iter()
        .map(|(path, text, wanted)| (operations(path, &text.replace("API", API)), text, *wanted))
        .filter(|(found, _, wanted)| found != wanted)
        .map(|(found, text, wanted)| format!("{text}\n  found {found:?}, wanted {wanted:?}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn k11_each_call_that_sends_a_variable_is_a_usage() {
    check(&[
        (
            "a.py",
            "import requests\nurl = 'API'\nrequests.get(url)\nrequests.post(url, json={})\nrequests.delete(url + '/5')\n",
            &[GET, POST, DELETE],
        ),
        (
            "a.py",
            "class A:\n    url = 'API'\n\n    def all(self):\n        return self.s.get(self.url)\n\n    def set(self, id, b):\n        return self.s.patch(f'{self.url}/{id}', json=b)\n",
            &[GET, PATCH],
        ),
        ("a.js", "const url = 'API';\nawait fetch(url);\nawait fetch(url, { method: 'POST', body });", &[GET, POST]),
        (
            "a.js",
            "const url = 'API';\nconst all = () => axios.get(url, { headers });\nconst find = (q) => axios.post(`${url}/search`, q);\nconst drop = (id) => axios.delete(`${url}/${id}`);",
            &[GET, SEARCH, DELETE],
        ),
        ("a.js", "const EP = { a: 'API', b: 'x' };\nrequest.get(EP.a);\nrequest.post(EP.a, b);", &[GET, POST]),
        (
            "a.go",
            "package a\n\nfunc a() {\n\turl := \"API\"\n\thttp.Get(url)\n\thttp.Post(url, \"application/json\", b)\n}\n",
            &[GET, POST],
        ),
        ("a.rb", "url = 'API'\nHTTParty.get(url)\nHTTParty.post(url, body: b)\n", &[GET, POST]),
        ("a.sh", "url=\"API\"\ncurl \"$url\"\ncurl -X DELETE \"$url/5\"\n", &[GET, DELETE]),
    ]);
}

#[test]
fn k11_what_else_is_done_with_a_variable_is_not_a_call() {
    check(&[
        ("a.py", "url = 'API'\nlog.info(url)\nr = requests.post(url, json=b)\nprint(url)\n", &[POST]),
        ("a.js", "const url = 'API';\nif (deleteFromCache(url)) log(url);\nawait fetch(url);", &[GET]),
        (
            "a.js",
            "const url = 'API';\nconst req = new Request(url, { method: 'POST' });\nreq.headers.set('a', 'b');\nawait fetch(req);",
            &[POST],
        ),
        (
            "a.php",
            "<?php\n$url = 'API';\n$ch = curl_init($url);\ncurl_setopt($ch, CURLOPT_POST, true);\ncurl_setopt($ch, CURLOPT_HTTPHEADER, $h);\ncurl_exec($ch);\n",
            &[POST],
        ),
        ("a.py", "url = 'API'\nurl = 'https://example.com/'\nrequests.delete(url)\n", &["UNKNOWN /crm/v3/objects/contacts"]),
    ]);
}

#[test]
fn k11_a_call_without_a_method_takes_none_of_a_later_call() {
    check(&[
        ("a.js", "const r = await fetch('API', { headers: h });\nawait fetch('https://example.com/', { method: 'POST' });", &[GET]),
        (
            "a.gs",
            "function a() {\n  var url = 'API';\n  UrlFetchApp.fetch(url, { headers: h });\n  UrlFetchApp.fetch('https://example.com/', { method: 'post' });\n}",
            &[GET],
        ),
        (
            "a.swift",
            "func a() {\n  var r = URLRequest(url: URL(string: \"API\")!)\n  URLSession.shared.dataTask(with: r).resume()\n}\nfunc b() {\n  var q = URLRequest(url: URL(string: \"https://example.com\")!)\n  q.httpMethod = \"POST\"\n}\n",
            &[GET],
        ),
        (
            "a.swift",
            "struct A {\n  func a() async throws -> Data {\n    var r = URLRequest(url: URL(string: \"API\")!)\n    return try await URLSession.shared.data(for: r).0\n  }\n  func b() async throws {\n    var r = URLRequest(url: URL(string: \"https://example.com\")!)\n    r.httpMethod = \"POST\"\n  }\n}\n",
            &[GET],
        ),
        (
            "a.swift",
            "func a() {\n  var r = URLRequest(url: URL(string: \"API\")!)\n  r.httpMethod = \"POST\"\n  var q = URLRequest(url: URL(string: \"https://example.com\")!)\n  q.httpMethod = \"DELETE\"\n}\n",
            &[POST],
        ),
        (
            "a.php",
            "<?php\n$ch = curl_init(\"API\"); curl_exec($ch); $c2 = curl_init(\"https://example.com/\"); curl_setopt($c2, CURLOPT_POST, true);",
            &[GET],
        ),
        (
            "a.php",
            "<?php\n$ch = curl_init(\"API\");\ncurl_setopt($ch, CURLOPT_POST, true);\ncurl_exec($ch);\n$c2 = curl_init(\"https://example.com/\");\ncurl_setopt($c2, CURLOPT_CUSTOMREQUEST, 'DELETE');",
            &[POST],
        ),
        (
            "a.ps1",
            "$c = Invoke-RestMethod -Uri \"$base/crm/v3/objects/contacts\" -Headers $h\nInvoke-RestMethod -Method Post -Uri \"https://example.com/\" -Body $j\n",
            &[GET],
        ),
    ]);
}
