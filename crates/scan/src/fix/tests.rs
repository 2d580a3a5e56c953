use super::*;

fn token() -> String {
    format!("pat-{}-{}", "na1", "3f9c2b7e-5a1d-4c86-9e02-b7d41f6a8c53")
}

fn fixed(path: &str, text: &str) -> Fixed {
    let once = fix(path, text).unwrap_or_else(|| panic!("{path} is not rewritten"));
    let twice = fix(path, &once.text).unwrap();
    assert_eq!(once.text, twice.text, "twice is not once: {path}");
    once
}

fn check(path: &str, text: &str, expected: &str) {
    let found = fixed(path, text);
    assert_eq!(found.text, expected, "left: {:?}", found.left);
}

/// Checks that the text stays as it is, and that a note gives the reason.
fn left(path: &str, text: &str, reason: &str) {
    let found = fixed(path, text);
    assert_eq!(found.text, text);
    assert!(found.left.iter().any(|note| note.what.contains(reason)), "{:?}", found.left);
}

#[test]
fn a_credential_that_is_only_a_default_leaves_its_variable_alone() {
    let key = &token()["pat-na1-".len()..];
    check(
        "config.js",
        &format!("module.exports = {{ hubspotKey: process.env.HUBSPOT_API_KEY || '{key}' }};\n"),
        "module.exports = { hubspotKey: process.env.HUBSPOT_API_KEY };\n",
    );
}

#[test]
fn javascript_sends_a_bearer_token() {
    check(
        "a.js",
        "const r = await fetch(`${BASE}/crm/v3/objects/contacts?hapikey=${process.env.HUBSPOT_API_KEY}&limit=5`);\n",
        "const r = await fetch(`${BASE}/crm/objects/2026-09/contacts?limit=5`, { headers: { Authorization: `Bearer ${process.env.HUBSPOT_ACCESS_TOKEN}` } });\n",
    );
    check(
        "a.js",
        "const r = await axios.get(BASE + '/crm/v3/objects/companies', { params: { hapikey: process.env.HAPIKEY, limit: 5 } });\n",
        "const r = await axios.get(BASE + '/crm/objects/2026-09/companies', { headers: { Authorization: `Bearer ${process.env.HUBSPOT_ACCESS_TOKEN}` }, params: { limit: 5 } });\n",
    );
    check(
        "a.ts",
        "const url: string = `${base}/crm/v3/objects/deals?hapikey=${process.env.HUBSPOT_API_KEY}`;\nawait fetch(url, { method: 'POST', headers: { 'X-Trace': '1' }, body });\n",
        "const url: string = `${base}/crm/objects/2026-09/deals`;\nawait fetch(url, { method: 'POST', headers: { Authorization: `Bearer ${process.env.HUBSPOT_ACCESS_TOKEN}`, 'X-Trace': '1' }, body });\n",
    );
    check(
        "a.js",
        "fetch(BASE + '/crm/objects/2026-09/deals?hapikey=' + process.env.HUBSPOT_KEY)\n",
        "fetch(BASE + '/crm/objects/2026-09/deals', { headers: { Authorization: `Bearer ${process.env.HUBSPOT_ACCESS_TOKEN}` } })\n",
    );
}

#[test]
fn what_sends_a_url_must_be_seen() {
    left(
        "a.js",
        "const url = `${BASE}/crm/objects/2026-09/deals?hapikey=${process.env.HUBSPOT_API_KEY}`;\nsendSomehow(url);\n",
        "can't be seen",
    );
    left("a.js", "fetch(`${BASE}/crm/objects/2026-09/deals?hapikey=${process.env.HUBSPOT_API_KEY}`, options)\n", "put together elsewhere");
    let developers = fixed("a.js", "fetch(`${BASE}/webhooks/v3/${appId}/settings?hapikey=${process.env.HUBSPOT_API_KEY}`)\n");
    assert!(
        developers.text.contains("hapikey=${process.env.HUBSPOT_API_KEY}") && developers.left[0].what.contains("developer's key"),
        "{developers:?}"
    );
}

#[test]
fn python_sends_a_bearer_token() {
    check(
        "a.py",
        "\"\"\"Doc.\"\"\"\nimport requests\n\nr = requests.get(f\"{BASE}/crm/v3/objects/contacts\", params={\"hapikey\": os.environ[\"HUBSPOT_API_KEY\"], \"limit\": 5})\n",
        "\"\"\"Doc.\"\"\"\nimport os\nimport requests\n\nr = requests.get(f\"{BASE}/crm/objects/2026-09/contacts\", params={\"limit\": 5}, headers={\"Authorization\": \"Bearer \" + os.environ[\"HUBSPOT_ACCESS_TOKEN\"]})\n",
    );
    check(
        "a.py",
        "import os\nurl = BASE + \"/crm/v3/objects/deals?hapikey=\" + os.getenv(\"HUBSPOT_API_KEY\")\nrequests.post(url, json=body, headers={\"X\": \"1\"})\n",
        "import os\nurl = BASE + \"/crm/objects/2026-09/deals\"\nrequests.post(url, json=body, headers={\"Authorization\": \"Bearer \" + os.environ[\"HUBSPOT_ACCESS_TOKEN\"], \"X\": \"1\"})\n",
    );
    check(
        "a.py",
        "import os\nclient = HubSpot(api_key=os.environ.get(\"HUBSPOT_API_KEY\", \"\"))\n",
        "import os\nclient = HubSpot(access_token=os.environ[\"HUBSPOT_ACCESS_TOKEN\"])\n",
    );
}

#[test]
fn php_ruby_java_go_and_c_sharp_send_a_bearer_token() {
    check(
        "a.php",
        "<?php\n$r = $client->get($base . '/crm/v3/objects/contacts', ['query' => ['hapikey' => getenv('HUBSPOT_API_KEY'), 'limit' => 5]]);\n",
        "<?php\n$r = $client->get($base . '/crm/objects/2026-09/contacts', ['headers' => ['Authorization' => 'Bearer ' . getenv('HUBSPOT_ACCESS_TOKEN')], 'query' => ['limit' => 5]]);\n",
    );
    check(
        "b.php",
        "<?php\n$key = $_ENV['HUBSPOT_API_KEY'];\n$ch = curl_init(\"$base/crm/v3/objects/contacts?hapikey=$key\");\n$r = curl_exec($ch);\n",
        "<?php\n$key = $_ENV['HUBSPOT_API_KEY'];\n$ch = curl_init(\"$base/crm/objects/2026-09/contacts\");\ncurl_setopt($ch, CURLOPT_HTTPHEADER, ['Authorization: Bearer ' . getenv('HUBSPOT_ACCESS_TOKEN')]);\n$r = curl_exec($ch);\n",
    );
    check(
        "a.rb",
        "r = Net::HTTP.get_response(URI(\"#{BASE}/crm/v3/objects/contacts?hapikey=#{ENV['HUBSPOT_API_KEY']}\"))\n",
        "r = Net::HTTP.get_response(URI(\"#{BASE}/crm/objects/2026-09/contacts\"), { 'Authorization' => \"Bearer #{ENV.fetch('HUBSPOT_ACCESS_TOKEN')}\" })\n",
    );
    check(
        "A.java",
        "class A { void a() { var r = HttpRequest.newBuilder(URI.create(base + \"/crm/v3/objects/contacts?hapikey=\" + System.getenv(\"HUBSPOT_API_KEY\"))).build(); } }\n",
        "class A { void a() { var r = HttpRequest.newBuilder(URI.create(base + \"/crm/objects/2026-09/contacts\")).header(\"Authorization\", \"Bearer \" + System.getenv(\"HUBSPOT_ACCESS_TOKEN\")).build(); } }\n",
    );
    check(
        "a.go",
        "package main\n\nimport (\n\t\"net/http\"\n)\n\nfunc a(base string) {\n\treq, err := http.NewRequest(\"GET\", base+\"/crm/v3/objects/contacts?hapikey=\"+os.Getenv(\"HUBSPOT_API_KEY\"), nil)\n\tif err != nil {\n\t\treturn\n\t}\n\tuse(req)\n}\n",
        "package main\n\nimport (\n\t\"os\"\n\t\"net/http\"\n)\n\nfunc a(base string) {\n\treq, err := http.NewRequest(\"GET\", base+\"/crm/objects/2026-09/contacts\", nil)\n\tif err != nil {\n\t\treturn\n\t}\n\treq.Header.Set(\"Authorization\", \"Bearer \"+os.Getenv(\"HUBSPOT_ACCESS_TOKEN\"))\n\tuse(req)\n}\n",
    );
    check(
        "A.cs",
        "class A {\n    void B() {\n        var request = new HttpRequestMessage(HttpMethod.Get, $\"{baseUrl}/crm/v3/objects/contacts?hapikey={System.Environment.GetEnvironmentVariable(\"HUBSPOT_API_KEY\")}\");\n        Send(request);\n    }\n}\n",
        "class A {\n    void B() {\n        var request = new HttpRequestMessage(HttpMethod.Get, $\"{baseUrl}/crm/objects/2026-09/contacts\");\n        request.Headers.TryAddWithoutValidation(\"Authorization\", \"Bearer \" + System.Environment.GetEnvironmentVariable(\"HUBSPOT_ACCESS_TOKEN\"));\n        Send(request);\n    }\n}\n",
    );
}

#[test]
fn a_shell_script_sends_a_bearer_token() {
    check(
        "a.sh",
        "#!/bin/sh\ncurl -s \"$BASE/crm/v3/objects/contacts?hapikey=$KEY&limit=5\" | jq .\n",
        "#!/bin/sh\ncurl -H \"Authorization: Bearer $HUBSPOT_ACCESS_TOKEN\" -s \"$BASE/crm/objects/2026-09/contacts?limit=5\" | jq .\n",
    );
}

#[test]
fn a_token_in_plain_text_is_read_from_the_environment_and_its_value_is_gone() {
    let token = token();
    let cases = [
        ("a.js", format!("const t = '{token}';\n"), "const t = process.env.HUBSPOT_ACCESS_TOKEN;\n"),
        ("a.py", format!("import os\nTOKEN = \"{token}\"\n"), "import os\nTOKEN = os.environ[\"HUBSPOT_ACCESS_TOKEN\"]\n"),
        ("a.rb", format!("token = '{token}'\n"), "token = ENV.fetch('HUBSPOT_ACCESS_TOKEN')\n"),
        ("a.sh", format!("TOKEN=\"{token}\"\n"), "TOKEN=\"$HUBSPOT_ACCESS_TOKEN\"\n"),
        (
            "a.js",
            format!("const h = {{ Authorization: 'Bearer {token}' }};\n"),
            "const h = { Authorization: `Bearer ${process.env.HUBSPOT_ACCESS_TOKEN}` };\n",
        ),
    ];
    for (path, text, expected) in cases {
        check(path, &text, expected);
        let found = fixed(path, &text);
        assert!(found.variables.contains(TOKEN) && !format!("{found:?}").contains(&token));
    }
    left("a.go", &format!("package a\n\nconst token = \"{token}\"\n"), "constant");
    left(".env", &format!("TOKEN={token}\n"), "version control");
}

#[test]
fn numbered_paths_move_where_the_shapes_agree_and_are_told_where_they_do_not() {
    check("a.yml", "url: https://api.hubapi.com/crm/v3/objects/contacts\n", "url: https://api.hubapi.com/crm/objects/2026-09/contacts\n");
    check(
        "a.json",
        "{\"url\": \"https://api.hubapi.com/crm/v3/owners?limit=5\"}\n",
        "{\"url\": \"https://api.hubapi.com/crm/owners/2026-09?limit=5\"}\n",
    );
    check(
        ".env",
        "HUBSPOT_URL=https://api.hubapi.com/crm/v3/objects/deals\n",
        "HUBSPOT_URL=https://api.hubapi.com/crm/objects/2026-09/deals\n",
    );
    left("a.rb", "get('/contacts/v1/contact/vid/1/profile', BASE || ENV['HUBSPOT'])\n", "older than v3");
}

#[test]
fn oauth_v1_becomes_a_form_at_the_dated_endpoint() {
    check(
        "a.py",
        "import requests\nrequests.post(BASE + \"/oauth/v1/token\", params={\"grant_type\": \"refresh_token\"})\n",
        "import requests\nrequests.post(BASE + \"/oauth/2026-09/token\", data={\"grant_type\": \"refresh_token\"})\n",
    );
    check(
        "a.js",
        "await axios.post(`${BASE}/oauth/v1/token`, null, { params: { grant_type: 'refresh_token' } });\n",
        "await axios.post(`${BASE}/oauth/2026-09/token`, new URLSearchParams({ grant_type: 'refresh_token' }));\n",
    );
    check(
        "a.sh",
        "curl -X POST \"$BASE/oauth/v1/token?grant_type=refresh_token&client_id=$ID\"\n",
        "curl -X POST \"$BASE/oauth/2026-09/token\" -d \"grant_type=refresh_token&client_id=$ID\"\n",
    );
    check(
        "a.js",
        "send({ method: 'POST', path: '/oauth/v1/token', form: { grant_type: 'refresh_token' } });\n",
        "send({ method: 'POST', path: '/oauth/2026-09/token', form: { grant_type: 'refresh_token' } });\n",
    );
    left("a.js", "send({ method: 'POST', path: '/oauth/v1/token', qs: { grant_type: 'refresh_token' } });\n", "can't be seen");
    left(".env", "TOKEN_URL=https://api.hubapi.com/oauth/v1/token\n", "can't be seen");
    left("a.py", "import requests\nrequests.get(BASE + \"/oauth/v1/access-tokens/\" + token)\n", "introspect");
}

#[test]
fn the_address_becomes_a_setting_once() {
    check("a.js", "const base = 'https://api.hubapi.com';\n", "const base = (process.env.HUBSPOT_BASE_URL || 'https://api.hubapi.com');\n");
    check(
        "a.js",
        "fetch('https://api.hubapi.com/crm/objects/2026-09/deals', o);\n",
        "fetch(`${process.env.HUBSPOT_BASE_URL || 'https://api.hubapi.com'}/crm/objects/2026-09/deals`, o);\n",
    );
    check(
        "a.py",
        "import os\nBASE = \"https://api.hubapi.com\"\n",
        "import os\nBASE = (os.environ.get(\"HUBSPOT_BASE_URL\") or \"https://api.hubapi.com\")\n",
    );
    check(
        "a.php",
        "<?php\n$u = 'https://api.hubapi.com/crm/objects/2026-09/deals';\n",
        "<?php\n$u = ((getenv('HUBSPOT_BASE_URL') ?: 'https://api.hubapi.com') . '/crm/objects/2026-09/deals');\n",
    );
    check(
        "a.rb",
        "u = \"https://api.hubapi.com/crm/objects/2026-09/deals/#{id}\"\n",
        "u = \"#{(ENV['HUBSPOT_BASE_URL'].to_s.empty? ? 'https://api.hubapi.com' : ENV['HUBSPOT_BASE_URL'])}/crm/objects/2026-09/deals/#{id}\"\n",
    );
    check(
        "a.sh",
        "curl \"https://api.hubapi.com/crm/objects/2026-09/deals\"\n",
        "curl \"${HUBSPOT_BASE_URL:-https://api.hubapi.com}/crm/objects/2026-09/deals\"\n",
    );
    check(
        "A.java",
        "class A { String base = \"https://api.hubapi.com\"; }\n",
        "class A { String base = (System.getenv(\"HUBSPOT_BASE_URL\") == null || System.getenv(\"HUBSPOT_BASE_URL\").isEmpty() ? \"https://api.hubapi.com\" : System.getenv(\"HUBSPOT_BASE_URL\")); }\n",
    );
    check(
        "A.cs",
        "class A { static string Base = \"https://api.hubapi.com\"; }\n",
        "class A { static string Base = (string.IsNullOrEmpty(System.Environment.GetEnvironmentVariable(\"HUBSPOT_BASE_URL\")) ? \"https://api.hubapi.com\" : System.Environment.GetEnvironmentVariable(\"HUBSPOT_BASE_URL\")); }\n",
    );
    left("a.go", "package a\n\nvar base = \"https://api.hubapi.com\"\n", "setting");
    check(
        "a.js",
        "const base = process.env.API || 'https://api.hubapi.com';\n",
        "const base = process.env.API || 'https://api.hubapi.com';\n",
    );
}

#[test]
fn the_address_becomes_a_setting_whatever_is_read_beside_it() {
    const READ: &str = "(process.env.HUBSPOT_BASE_URL || 'https://api.hubapi.com')";
    for text in [
        "axios.create({ headers: { Authorization: process.env.TOKEN }, baseURL: @ });\n",
        "module.exports = { environment: 'production', hubspot: { base: @ } };\n",
        "const config = { base: @ };\n",
        "const envUrl = @;\n",
        "function call(config, base = @) {}\n",
    ] {
        check("a.js", &text.replace('@', "'https://api.hubapi.com'"), &text.replace('@', READ));
    }
    check(
        "a.py",
        "URLS = {\n    \"base\": \"https://api.hubapi.com\",\n    \"account\": \"https://api.hubapi.com/account-info/2026-09\",\n}\n",
        "import os\nURLS = {\n    \"base\": (os.environ.get(\"HUBSPOT_BASE_URL\") or \"https://api.hubapi.com\"),\n    \"account\": ((os.environ.get(\"HUBSPOT_BASE_URL\") or \"https://api.hubapi.com\") + \"/account-info/2026-09\"),\n}\n",
    );
    check(
        "b.py",
        "import os\nclient = Client(token=os.environ[\"TOKEN\"], base_url=\"https://api.hubapi.com\")\n",
        "import os\nclient = Client(token=os.environ[\"TOKEN\"], base_url=(os.environ.get(\"HUBSPOT_BASE_URL\") or \"https://api.hubapi.com\"))\n",
    );
    check(
        "a.php",
        "<?php\nreturn ['token' => env('TOKEN'), 'base' => 'https://api.hubapi.com'];\n",
        "<?php\nreturn ['token' => env('TOKEN'), 'base' => (getenv('HUBSPOT_BASE_URL') ?: 'https://api.hubapi.com')];\n",
    );
    check(
        "a.rb",
        "OPTIONS = { token: ENV['TOKEN'], base: 'https://api.hubapi.com' }\n",
        "OPTIONS = { token: ENV['TOKEN'], base: (ENV['HUBSPOT_BASE_URL'].to_s.empty? ? 'https://api.hubapi.com' : ENV['HUBSPOT_BASE_URL']) }\n",
    );
}

#[test]
fn an_address_that_is_the_default_of_a_setting_stays() {
    for (path, text) in [
        ("a.js", "const base = config.base ?? 'https://api.hubapi.com';\n"),
        ("b.js", "const { HUBSPOT_URL = 'https://api.hubapi.com' } = process.env;\n"),
        ("c.js", "const base = firstOf(process.env.HUBSPOT_URL, 'https://api.hubapi.com');\n"),
        ("d.js", "const schema = { url: { env: 'HUBSPOT_URL', default: 'https://api.hubapi.com' } };\n"),
        ("e.js", "process.env.HUBSPOT_URL = 'https://api.hubapi.com';\n"),
        ("a.py", "import os\nBASE = os.environ.get(\"HUBSPOT_URL\", \"https://api.hubapi.com\")\n"),
        ("b.py", "BASE = config(\"HUBSPOT_URL\", default=\"https://api.hubapi.com\")\n"),
        ("c.py", "BASE = Option(envvar=\"HUBSPOT_URL\", default=\"https://api.hubapi.com\")\n"),
        ("a.rb", "BASE = ENV.fetch('HUBSPOT_URL', 'https://api.hubapi.com')\n"),
        ("b.rb", "ENV['HUBSPOT_URL'] ||= 'https://api.hubapi.com'\n"),
        ("a.php", "<?php\n$base = env('HUBSPOT_URL', 'https://api.hubapi.com');\n"),
        ("A.java", "class A { String base = System.getenv().getOrDefault(\"HUBSPOT_URL\", \"https://api.hubapi.com\"); }\n"),
    ] {
        check(path, text, text);
    }
}

#[test]
fn what_must_be_a_constant_is_listed() {
    for (path, text) in [
        ("a.php", "<?php\nclass A { public function __construct(private string $base = {}) { } }\n"),
        ("b.php", "<?php\nenum A: string { case Base = {}; }\n"),
        ("A.java", "@interface A { String base() default {}; }\n"),
        ("B.java", "@Client(url = B.BASE) class B { static final String BASE = {}; }\n"),
    ] {
        left(path, &text.replace("{}", "\"https://api.hubapi.com\""), "setting");
    }
    left("a.ts", "const base = 'https://api.hubapi.com' as const;\n", "setting");
    left("a.rb", "BASE = 'https://api.hubapi.com' '/crm'\n", "setting");
    let token = token();
    left("a.php", &format!("<?php\nclass A {{ public function __construct(private string $token = '{token}') {{}} }}\n"), "constant");
    left("A.java", &format!("@interface A {{ String token() default \"{token}\"; }}\n"), "constant");
}

#[test]
fn exports_of_n8n_and_postman_use_their_own_way_of_sending_a_token() {
    let n8n = r#"{"nodes": [{"parameters": {"url": "https://api.hubapi.com/crm/v3/objects/contacts", "sendQuery": true, "queryParameters": {"parameters": [{"name": "hapikey", "value": "x"}, {"name": "limit", "value": "5"}]}}}], "connections": {}}"#;
    let value: serde_json::Value = serde_json::from_str(&fixed("w.json", n8n).text).unwrap();
    let parameters = &value["nodes"][0]["parameters"];
    assert_eq!(parameters["url"], "https://api.hubapi.com/crm/objects/2026-09/contacts");
    assert_eq!(parameters["headerParameters"]["parameters"][0]["value"], "=Bearer {{ $env.HUBSPOT_ACCESS_TOKEN }}");
    assert_eq!(parameters["queryParameters"]["parameters"].as_array().unwrap().len(), 1);

    let postman = r#"{"info": {"schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"}, "item": [{"request": {"method": "GET", "url": {"raw": "https://api.hubapi.com/crm/v3/objects/contacts?hapikey={{key}}&limit=5", "query": [{"key": "hapikey", "value": "{{key}}"}, {"key": "limit", "value": "5"}]}}}]}"#;
    let value: serde_json::Value = serde_json::from_str(&fixed("p.json", postman).text).unwrap();
    let request = &value["item"][0]["request"];
    assert_eq!(request["auth"]["bearer"][0]["value"], "{{HUBSPOT_ACCESS_TOKEN}}");
    assert_eq!(request["url"]["raw"], "https://api.hubapi.com/crm/objects/2026-09/contacts?limit=5");
}

#[test]
fn a_file_that_does_not_parse_is_left_alone() {
    left("a.js", "fetch(`${BASE}/crm/v3/objects/contacts?hapikey=${KEY}`\n", "does not parse");
    left("a.json", "{\"url\": \"https://api.hubapi.com/crm/v3/objects/contacts\",}", "does not parse");
    assert!(fix("a.txt", "https://api.hubapi.com/crm/v3/objects/contacts").is_none());
}

#[test]
fn a_file_that_is_deep_or_repeats_itself_is_done_with() {
    let deep = format!("{}`${{B}}/crm/v3/owners?hapikey=${{K}}`{};\n", "fetch(".repeat(2_000), ")".repeat(2_000));
    fix("deep.js", &deep).unwrap();
    let many = "const url = `${B}/crm/v3/owners?hapikey=${K}`;\n".repeat(200);
    fix("many.js", &many).unwrap();
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_without_a_panic_and_twice_is_once(text in "[-a-zA-Z0-9:/.?&=$'\"`(){},\\[\\] \n]{0,200}", at in 0_usize..9) {
        let path = ["a.js", "a.ts", "a.py", "a.php", "a.rb", "a.go", "a.sh", "a.yml", ".env"][at];
        let text = format!("{text} fetch('https://api.hubapi.com/crm/v3/objects/contacts?hapikey=x')\n");
        let once = fix(path, &text).unwrap();
        proptest::prop_assert_eq!(&fix(path, &once.text).unwrap().text, &once.text);
    }
}

#[test]
fn a_note_names_the_line_of_the_file_whatever_import_is_set_above_it() {
    let line = "requests.get('https://api.hubapi.com/crm/v3/owners', headers={'Authorization': f'Bearer {TOKEN}'})\n";
    let fixed = super::fix("main.py", &format!("import requests\n{line}{line}")).unwrap();
    assert!(fixed.text.starts_with("import os\nimport requests\n"), "{}", fixed.text);
    let lines: Vec<usize> = fixed.changes.iter().map(|note| note.line).collect();
    assert_eq!(lines, [2, 2, 3, 3], "{:?}", fixed.changes);
}

#[test]
fn f7_what_must_change_in_a_language_that_is_not_rewritten_is_listed() {
    let apex = format!(
        "HttpRequest req = new HttpRequest();\nreq.setEndpoint('https://api.hubapi.com/contacts/v1/contact?hapikey=' + KEY);\nreq.setMethod('POST');\nreq.setHeader('Authorization', 'Bearer {}');\n",
        token()
    );
    left("classes/Hub.cls", &apex, "Keyway does not rewrite Apex: move POST /contacts/v1/contact to");
    left("classes/Hub.cls", &apex, "replace hapikey by");
    left("classes/Hub.cls", &apex, "in plain text: rotate it");
    for (path, text) in [
        ("sync.ps1", "Invoke-RestMethod -Method Patch -Uri \"https://api.hubapi.com/crm/v3/objects/contacts/$id\"\n"),
        ("Hub.kt", "http.patch(\"https://api.hubapi.com/crm/v3/objects/contacts/$id\")\n"),
        ("hub.swift", "AF.request(\"https://api.hubapi.com/crm/v3/objects/contacts/1\", method: .patch)\n"),
    ] {
        left(path, text, "move PATCH /crm/v3/objects/contacts/{contactId} to /crm/objects/2026-09/contacts/{objectId} by hand");
    }
    let dated = "req.setEndpoint('https://api.hubapi.com/crm/objects/2026-09/contacts');\nreq.setMethod('GET');\n";
    assert!(fix("classes/Hub.cls", dated).is_none());
}

#[test]
fn a_read_of_the_key_that_stays_after_its_calls_were_moved_is_listed() {
    for (path, text, line) in [
        (
            "a.py",
            "import os\nimport requests\nKEY = os.environ['HUBSPOT_API_KEY']\nrequests.get(f\"{BASE}/crm/objects/2026-09/deals?hapikey={KEY}\")\n",
            3,
        ),
        ("a.js", "const KEY = process.env.HAPIKEY;\nfetch(`${BASE}/crm/objects/2026-09/deals?hapikey=${KEY}`);\n", 1),
        ("b.js", "const { HUBSPOT_API_KEY } = process.env;\nfetch(`${BASE}/crm/objects/2026-09/deals?hapikey=${HUBSPOT_API_KEY}`);\n", 1),
        ("a.rb", "KEY = ENV.fetch('HUBSPOT_API_KEY')\nHTTParty.get(\"#{BASE}/crm/objects/2026-09/deals?hapikey=#{KEY}\")\n", 1),
        ("a.sh", "KEY=$HUBSPOT_API_KEY\ncurl \"$BASE/crm/objects/2026-09/deals?hapikey=$KEY\"\n", 1),
    ] {
        let found = fixed(path, text);
        assert!(found.text.contains("HUBSPOT_ACCESS_TOKEN"), "{path}: {:?}", found.left);
        let listed: Vec<usize> = found.left.iter().filter(|note| note.what.contains("is still read here")).map(|note| note.line).collect();
        assert_eq!(listed, [line], "{path}: {}", found.text);
    }
    // The call itself read it, and a key of a customer is another matter.
    for (path, text) in [
        ("a.js", "fetch(`${BASE}/crm/objects/2026-09/deals?hapikey=${process.env.HAPIKEY}`); // HAPIKEY of process.env\n"),
        ("b.js", "const k = process.env.ACME_HUBSPOT_KEY;\nfetch(`${BASE}/crm/objects/2026-09/deals?hapikey=${k}`);\n"),
    ] {
        let found = fixed(path, text);
        assert!(!found.left.iter().any(|note| note.what.contains("is still read here")), "{path}: {:?}", found.left);
    }
}

#[test]
fn python_imports_os_unless_the_file_itself_did_above() {
    let read = "BASE = (os.environ.get(\"HUBSPOT_BASE_URL\") or \"https://api.hubapi.com\")\n";
    let written = "BASE = \"https://api.hubapi.com\"\n";
    for (before, after) in [
        ("import csv, os\n", ""),
        ("import os.path\n", ""),
        ("import csv\nimport os\n", ""),
        ("import os as system\n", "import os\n"),
        ("from os import path\n", "import os\n"),
        ("import csv\n\n\ndef cwd():\n    import os\n    return os.getcwd()\n\n\n", "import os\n"),
        ("import csv\nif csv is None:\n    import os\n", "import os\n"),
    ] {
        check("a.py", &format!("{before}{written}"), &format!("{after}{before}{read}"));
    }
    check("a.py", &format!("{written}import os\n"), &format!("import os\n{read}import os\n"));
    let shown = "\"\"\"Begin with\n\nimport os\n\"\"\"\n";
    check("a.py", &format!("{shown}{written}"), &format!("{shown}import os\n{read}"));
}

#[test]
fn go_imports_os_whatever_else_has_its_name() {
    let call = "func send() {\n\treq, _ := http.NewRequest(\"GET\", base+\"/crm/objects/2026-09/deals?hapikey=\"+key, nil)\n\treq.Header.Set(\"os\", name)\n}\n";
    let key = "const key = \"demo\"\n";
    for (before, after) in [
        ("package a\n\nimport (\n\t\"net/http\"\n)\n", "package a\n\nimport (\n\t\"os\"\n\t\"net/http\"\n)\n"),
        (
            "// How to\n// import (it).\npackage a\n\nimport \"net/http\"\n",
            "// How to\n// import (it).\npackage a\n\nimport \"os\"\nimport \"net/http\"\n",
        ),
        ("package a\n\nimport (\n\t\"net/http\"\n\t\"os\"\n)\n", "package a\n\nimport (\n\t\"net/http\"\n\t\"os\"\n)\n"),
    ] {
        let found = fixed("a.go", &format!("{before}{key}{call}"));
        assert!(found.text.contains("os.Getenv(\"HUBSPOT_ACCESS_TOKEN\")"), "{}: {:?}", found.text, found.left);
        assert!(found.text.starts_with(&format!("{after}{key}")), "{}", found.text);
    }
}

#[test]
fn go_keeps_a_call_whose_key_is_a_local_variable_since_it_would_not_compile() {
    for value in ["os.Getenv(\"HUBSPOT_API_KEY\")", "\"demo\""] {
        let text = format!(
            "package a\n\nfunc send() {{\n\tkey := {value}\n\treq, _ := http.NewRequest(\"GET\", base+\"/crm/objects/2026-09/deals?hapikey=\"+key, nil)\n\tuse(req)\n}}\n"
        );
        left("a.go", &text, "Go refuses a variable that nothing uses");
    }
}
