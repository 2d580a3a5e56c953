//! Calls beside others: each has its own method.

use super::operations;

const API: &str = "https://api.hubapi.com/crm/v3/objects/contacts";
const GET: &str = "GET /crm/v3/objects/contacts";
const POST: &str = "POST /crm/v3/objects/contacts";

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
