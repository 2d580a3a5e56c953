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

/// Each case in its own file: its path, its text, and the methods of its calls in order.
fn check(cases: &[(&str, &str, &[&str])]) {
    let wrong: Vec<String> = cases
        .iter()
        .map(|(path, text, wanted)| (methods(path, text), text, *wanted))
        .filter(|(found, _, wanted)| found != wanted)
        .map(|(found, text, wanted)| format!("{text}\n  found {found:?}, wanted {wanted:?}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn k10_javascript_says_the_method_in_many_places() {
    check(&[
        ("a.js", "const url = `API/${id}`;\nlog(url);\nif (x) {\n  y();\n}\nawait axios.patch(url, body);", &["PATCH"]),
        ("a.js", "const options = { headers, method: verb };\nfetch('API', options);", &["UNKNOWN"]),
        ("a.js", "const config = { url: 'API', method: 'put', data };\nmodule.exports = () => axios(config);", &["PUT"]),
        ("a.js", "axios({ url: 'API', headers })", &["GET"]),
        (
            "a.js",
            "class A {\n  async request(method, path, body) {\n    return fetch(BASE + path, { method, body });\n  }\n  add(b) {\n    return this.request('POST', '/crm/v3/objects/contacts', b);\n  }\n  drop(id) {\n    return this.request('DELETE', `/crm/v3/objects/contacts/${id}`);\n  }\n}",
            &["POST", "DELETE"],
        ),
        (
            "a.ts",
            "const send = async (path: string, method = 'GET', body?: unknown) => fetch(BASE + path, { method, body: JSON.stringify(body) });\nexport const all = () => send('/crm/v3/objects/contacts');\nexport const add = (b: unknown) => send('/crm/v3/objects/contacts', 'POST', b);",
            &["GET", "POST"],
        ),
        (
            "a.js",
            "const URLS = { contacts: 'API', other: 'x' };\nasync function f() {\n  return client.post(URLS.contacts, b);\n}",
            &["POST"],
        ),
        ("a.js", "function url(id) {\n  return `API/${id}`;\n}\nfetch(url(3), { method: 'DELETE' });", &["DELETE"]),
        ("a.js", "const xhr = new XMLHttpRequest();\nxhr.open('PUT', 'API/1');\nxhr.send(b);", &["PUT"]),
        ("a.js", "$.ajax('API', { type: 'POST', data });\n$.getJSON('API', f);", &["POST", "GET"]),
        (
            "a.js",
            "function call(path, options = {}) {\n  return fetch(BASE + path, { ...options, headers });\n}\ncall('/crm/v3/objects/contacts');\ncall('/crm/v3/objects/contacts', { method: 'POST' });",
            &["GET", "POST"],
        ),
        (
            "a.js",
            "const req = https.request({ hostname: 'api.hubapi.com', path: '/crm/v3/objects/contacts', method: 'POST' }, done);",
            &["POST"],
        ),
        ("a.js", "const request = new Request('API', { method: 'PATCH', body });\nawait fetch(request);", &["PATCH"]),
        ("a.js", "const id = 4;\nreport('API');", &["UNKNOWN"]),
        (
            "a.gs",
            "function a() {\n  var url = 'API';\n  var options = {};\n  options.method = 'delete';\n  return UrlFetchApp.fetch(url + '/1', options);\n}",
            &["DELETE"],
        ),
    ]);
}

#[test]
fn k10_python_and_ruby_say_the_method_in_many_places() {
    check(&[
        ("a.py", "s.request(method='PUT', url='API/1', json=b)", &["PUT"]),
        ("a.py", "METHOD = 'PATCH'\nrequests.request(METHOD, 'API/1')", &["PATCH"]),
        (
            "a.py",
            "class A:\n    def _call(self, verb, path, **kw):\n        return self.s.request(verb.upper(), BASE + path, **kw)\n\n    def drop(self, id):\n        return self._call('delete', f'/crm/v3/objects/contacts/{id}')\n\n    def all(self):\n        return self._call('get', '/crm/v3/objects/contacts')\n",
            &["DELETE", "GET"],
        ),
        (
            "a.py",
            "def get(path):\n    return requests.get(BASE + path)\n\ndef run():\n    return get('/crm/v3/objects/contacts')\n",
            &["GET"],
        ),
        (
            "a.py",
            "def send(path, body=None):\n    if body is None:\n        return requests.get(BASE + path)\n    return requests.post(BASE + path, json=body)\n\ndef fetch_all(path):\n    return requests.get(BASE + path)\n\nfetch_all('/crm/v3/objects/contacts')\n",
            &["GET"],
        ),
        ("a.py", "req = urllib.request.Request('API', data=b)\nurllib.request.urlopen(req)", &["POST"]),
        ("a.py", "req = urllib.request.Request('API/1')\nreq.method = 'DELETE'\nurllib.request.urlopen(req)", &["DELETE"]),
        ("a.py", "class A:\n    url = 'API'\n\n    def add(self, b):\n        return self.session.post(self.url, json=b)\n", &["POST"]),
        ("a.py", "conn.request('POST', '/crm/v3/objects/contacts', body)", &["POST"]),
        (
            "a.py",
            "url = 'API'\nif update:\n    url = 'API/1'\n    r = requests.patch(url)\nelse:\n    r = requests.post(url)\n",
            &["POST", "PATCH"],
        ),
        ("a.rb", "uri = URI('API')\nreq = Net::HTTP::Post.new(uri)\nhttp.request(req)", &["POST"]),
        ("a.rb", "RestClient::Request.execute(method: :delete, url: \"API/#{id}\")", &["DELETE"]),
        (
            "a.rb",
            "def call(verb, path)\n  HTTParty.send(verb, BASE + path)\nend\n\ndef drop(id)\n  call(:delete, \"/crm/v3/objects/contacts/#{id}\")\nend",
            &["DELETE"],
        ),
        ("a.rb", "conn.post do |req|\n  req.url '/crm/v3/objects/contacts'\n  req.body = b\nend", &["POST"]),
    ]);
}

#[test]
fn k10_php_go_java_and_c_sharp_say_the_method_in_many_places() {
    check(&[
        ("a.php", "<?php\n$client->request('PATCH', 'API/1', ['json' => $b]);", &["PATCH"]),
        ("a.php", "<?php\n$r = new Request('PUT', \"API/1\");\n$client->send($r);", &["PUT"]),
        (
            "a.php",
            "<?php\n$context = stream_context_create(['http' => ['method' => 'POST', 'content' => $b]]);\n$x = file_get_contents('API', false, $context);",
            &["POST"],
        ),
        (
            "a.php",
            "<?php\nclass A {\n  private function call($method, $path, $body = null) {\n    $ch = curl_init(self::BASE . $path);\n    curl_setopt($ch, CURLOPT_CUSTOMREQUEST, $method);\n    return curl_exec($ch);\n  }\n  public function drop($id) {\n    return $this->call('DELETE', '/crm/v3/objects/contacts/' . $id);\n  }\n}",
            &["DELETE"],
        ),
        (
            "a.php",
            "<?php\ncurl_setopt_array($ch, [CURLOPT_URL => 'API', CURLOPT_RETURNTRANSFER => true, CURLOPT_POST => true]);",
            &["POST"],
        ),
        ("a.php", "<?php\n$url = 'API';\n$args = ['headers' => $h, 'method' => 'PUT'];\nwp_remote_request($url, $args);", &["PUT"]),
        ("a.go", "package a\n\nfunc a() {\n\treq, err := http.NewRequest(http.MethodDelete, \"API/1\", nil)\n}", &["DELETE"]),
        (
            "a.go",
            "package a\n\nfunc a() {\n\turl := fmt.Sprintf(\"API/%s\", id)\n\treq, err := http.NewRequestWithContext(ctx, \"PATCH\", url, b)\n}",
            &["PATCH"],
        ),
        (
            "a.go",
            "package a\n\nfunc (c *C) do(method, path string, body any) error {\n\treq, _ := http.NewRequest(method, c.base+path, nil)\n\treturn nil\n}\n\nfunc (c *C) Add(x any) error {\n\treturn c.do(http.MethodPost, \"/crm/v3/objects/contacts\", x)\n}",
            &["POST"],
        ),
        (
            "A.java",
            "class A { void a() { HttpRequest r = HttpRequest.newBuilder().uri(URI.create(\"API\")).header(\"a\", \"b\").POST(body).build(); } }",
            &["POST"],
        ),
        (
            "A.java",
            "class A { void a() { HttpRequest.Builder b = HttpRequest.newBuilder(URI.create(\"API\"));\n b.header(\"a\", \"b\");\n b.PUT(body); } }",
            &["PUT"],
        ),
        (
            "A.java",
            "class A { void a() { HttpURLConnection c = (HttpURLConnection) new URL(\"API\").openConnection();\n c.setRequestMethod(\"POST\"); } }",
            &["POST"],
        ),
        ("A.java", "class A { void a() { HttpDelete d = new HttpDelete(\"API/1\"); client.execute(d); } }", &["DELETE"]),
        (
            "A.java",
            "class A { Mono<String> a() { return webClient.patch().uri(\"/crm/v3/objects/contacts/{id}\", id).retrieve(); } }",
            &["PATCH"],
        ),
        ("A.java", "class A { void a() { Request r = new Request.Builder().url(\"API\").build(); } }", &["GET"]),
        (
            "A.cs",
            "class A { async Task B() { var r = new HttpRequestMessage { Method = HttpMethod.Delete, RequestUri = new Uri(\"API/1\") }; } }",
            &["DELETE"],
        ),
        ("A.cs", "class A { async Task B() { var url = $\"API/{id}\"; await client.PutAsync(url, c); } }", &["PUT"]),
        ("A.cs", "class A { async Task B() { var request = new RestRequest(\"/crm/v3/objects/contacts\", Method.Post); } }", &["POST"]),
        (
            "A.cs",
            "class A { Task<T> Send<T>(HttpMethod method, string path) { var r = new HttpRequestMessage(method, _base + path); return Go(r); }\n Task C() => Send<int>(HttpMethod.Patch, \"/crm/v3/objects/contacts/1\"); }",
            &["PATCH"],
        ),
    ]);
}

#[test]
fn k10_a_shell_says_the_method_in_many_places() {
    check(&[
        ("a.sh", "curl -s API", &["GET"]),
        ("a.sh", "curl -sXPATCH \"API/1\" -d @b.json", &["PATCH"]),
        ("a.sh", "curl API --json '{}'", &["POST"]),
        ("a.sh", "curl -G API -d limit=3", &["GET"]),
        ("a.sh", "url=\"API\"\necho start\ncurl \\\n  --header 'a: b' \\\n  -X DELETE \"$url/1\"", &["DELETE"]),
        ("a.sh", "hs() {\n  local method=$1 path=$2\n  curl -X \"$method\" \"$BASE$path\"\n}\nhs POST /crm/v3/objects/contacts", &["POST"]),
        ("a.sh", "call() {\n  curl -X PUT \"https://api.hubapi.com$1\"\n}\ncall /crm/v3/objects/contacts/1", &["PUT"]),
    ]);
}

#[test]
fn k9_the_function_that_sends_says_how_a_call_authenticates() {
    let text = "def old(path):\n    return requests.get(BASE + path, params={'hapikey': KEY})\n\ndef new(path):\n    return requests.get(BASE + path, headers={'Authorization': f'Bearer {TOKEN}'})\n\na = old('/crm/v3/objects/contacts')\nb = new('/crm/v3/objects/companies')\n";
    let found: Vec<UsageAuth> = examine("hubspot.py", text).usages.into_iter().map(|(_, usage)| usage.auth).collect();
    assert_eq!(found, [UsageAuth::Hapikey, UsageAuth::Bearer]);
    let text = "def a():\n    params = {'hapikey': KEY}\n    url = 'https://api.hubapi.com/crm/v3/owners'\n    return requests.get(url, params=params)\n\ndef b():\n    headers = {'Authorization': 'Bearer ' + T}\n    url = 'https://api.hubapi.com/crm/v3/owners'\n    return requests.get(url, headers=headers)\n";
    let found: Vec<UsageAuth> = examine("a.py", text).usages.into_iter().map(|(_, usage)| usage.auth).collect();
    assert_eq!(found, [UsageAuth::Hapikey, UsageAuth::Bearer]);
}

#[test]
fn k10_hostile_programs_are_followed_in_bounded_time() {
    // Each function hands its parameter to all others: without a bound every step would double.
    let functions: String = (0..200)
        .map(|at| format!("function f{at}(u) {{ f{}(u); f{}(u); f{}(u); }}\n", (at + 1) % 200, (at + 7) % 200, (at + 31) % 200))
        .collect();
    let calls: String = (0..300).map(|at| format!("f{}('API/{at}');\n", at % 200)).collect();
    let found = methods("a.js", &format!("{functions}{calls}"));
    assert_eq!(found.len(), 300);
    assert!(found.iter().all(|method| method == "UNKNOWN"), "nothing says a method");
    let deep = format!("fetch({}'API'{})", "f(".repeat(2_000), ")".repeat(2_000));
    assert_eq!(methods("a.js", &deep).len(), 1);
}

#[test]
fn k10_documents_are_read_node_by_node() {
    let long = "y".repeat(40_000);
    let openapi = format!(
        r#"{{"servers": [{{"url": "https://api.hubapi.com"}}], "paths": {{"/crm/v3/objects/contacts": {{"get": {{"description": "{long}"}}, "post": {{"summary": "x"}}}}}}}}"#
    );
    check(&[
        (
            "a.postman_collection.json",
            r#"{"item": [{"name": "a", "request": {"header": [], "url": {"raw": "API"}}}, {"name": "b", "request": "API"}]}"#,
            &["GET", "GET"],
        ),
        (
            "workflow.json",
            r#"{"nodes": [{"parameters": {"url": "API", "options": {}}, "type": "n8n-nodes-base.httpRequest"}, {"parameters": {"requestMethod": "DELETE", "url": "API/1"}, "type": "n8n-nodes-base.httpRequest"}]}"#,
            &["GET", "DELETE"],
        ),
        ("zap.json", r#"{"steps": [{"app": "WebHookCLI", "action": "post", "params": {"url": "API", "data": {}}}]}"#, &["POST"]),
        ("openapi.json", &openapi, &["GET", "POST"]),
        (
            "swagger.json",
            "{\"swagger\": \"2.0\",\n\"host\": \"api.hubapi.com\",\n\"basePath\": \"/crm/v3\",\n\"paths\": {\"/objects/contacts\": {\"post\": {}, \"get\": {}}}}",
            &["POST", "GET"],
        ),
        (
            "openapi.yaml",
            "servers:\n  - url: https://api.hubapi.com/crm/v3\npaths:\n  /objects/contacts:\n    get:\n      summary: x\n    post:\n      summary: y\n",
            &["GET", "POST"],
        ),
        ("add.bru", "meta {\n  name: a\n}\n\npost {\n  url: API\n  body: json\n}\n", &["POST"]),
        ("requests.http", "### a\nDELETE API/1\nAuthorization: Bearer x\n", &["DELETE"]),
    ]);
}

#[test]
fn k10_other_languages_and_settings_say_the_method_beside_the_url() {
    check(&[
        ("play.yml", "- uri:\n    url: API/1\n    headers:\n      a: b\n    method: DELETE\n- uri:\n    url: API\n", &["DELETE", "GET"]),
        (
            "load.yml",
            "config:\n  target: https://api.hubapi.com\nflow:\n  - post:\n      url: \"/crm/v3/objects/contacts\"\n  - get:\n      url: \"/crm/v3/objects/contacts\"\n",
            &["POST", "GET"],
        ),
        (
            "manifest.yaml",
            "url_base: https://api.hubapi.com\nrequester:\n  http_method: POST\n  path: /crm/v3/objects/contacts\n",
            &["POST"],
        ),
        ("run.yml", "steps:\n  - run: curl -X DELETE API/1\n", &["DELETE"]),
        ("a.clj", "(client/patch \"API/1\" {:body b})", &["PATCH"]),
        ("a.R", "request('API') |>\n  req_headers(a = 'b') |>\n  req_method('POST') |>\n  req_perform()", &["POST"]),
        (
            "plan.jmx",
            "<HTTPSamplerProxy><stringProp name=\"HTTPSampler.domain\">api.hubapi.com</stringProp><stringProp name=\"HTTPSampler.path\">/crm/v3/objects/contacts</stringProp><stringProp name=\"HTTPSampler.method\">POST</stringProp></HTTPSamplerProxy>",
            &["POST"],
        ),
        (
            "Api.java",
            "@FeignClient(url = \"https://api.hubapi.com\")\ninterface Api {\n  @PostMapping(\"/crm/v3/objects/contacts\")\n  A add(@RequestBody B b);\n}",
            &["POST"],
        ),
        (
            "App.svelte",
            "<p>it's</p>\n<script>\n  const api = (p, o = {}) => fetch('https://api.hubapi.com' + p, { ...o, headers });\n  const all = () => api('/crm/v3/objects/contacts');\n</script>",
            &["GET"],
        ),
        (
            "a.rb",
            "ROUTES = { contact: '/crm/v3/objects/contacts/%<id>s' }.freeze\ndef contact(id) = fetch(format(ROUTES[:contact], id: id))\ndef fetch(path)\n  conn.get(path) { |r| r.hubspot }\nend",
            &["GET"],
        ),
        ("a.pl", "my $r = HTTP::Request->new(DELETE => \"API/1\");", &["DELETE"]),
        (
            "a.swift",
            "func a() {\n    let url = URL(string: \"API\")!\n    let (data, _) = try await URLSession.shared.data(from: url)\n}",
            &["GET"],
        ),
        (
            "a.ps1",
            "Invoke-RestMethod -Uri \"API\" -Headers $h\nInvoke-RestMethod -Uri \"API\" -Method Post\nInvoke-RestMethod -Method $m -Uri \"API\"",
            &["GET", "POST", "UNKNOWN"],
        ),
        ("a.cls", "r.setEndpoint('callout:HubSpot/crm/v3/objects/contacts');\nr.setMethod('POST');", &["POST"]),
        ("a.ex", "\"API\"\n|> Req.post!(json: b)", &["POST"]),
        (
            "A.java",
            "class A { Response a(Entity<?> e) { return target.path(\"/crm/v3/objects/contacts\").request().header(\"a\", \"b\").method(\"POST\", e); } }",
            &["POST"],
        ),
        (
            "a.php",
            "<?php\n$o = ['http' => ['method' => 'POST']];\nfile_get_contents('API', false, stream_context_create($o));\n$o = ['http' => ['method' => 'GET']];\nfile_get_contents('API', false, stream_context_create($o));\n",
            &["POST", "GET"],
        ),
    ]);
}
