//! Methods that a call has by the way its request, its client or its path is made.

use super::{kinds, operations};
use crate::values;

const API: &str = "https://api.hubapi.com/crm/v3/objects/contacts";

fn all(cases: &[(&str, &str, &[&str])]) {
    for (path, text, methods) in cases {
        let operations = operations(path, &text.replace("API", API));
        let found: Vec<&str> = operations.iter().map(|operation| operation.split(' ').next().unwrap_or_default()).collect();
        assert_eq!(&found, methods, "{path}: {text}\n{operations:?}");
    }
}

#[test]
fn a_request_that_is_made_without_a_method_reads_whoever_sends_it() {
    all(&[
        (
            "A.java",
            "class A { void a() { Request r = new Request.Builder().url(\"API\").header(\"a\", \"b\").build(); client.newCall(r).execute(); } }",
            &["GET"],
        ),
        (
            "A.java",
            "class A { void a(String verb) { Request r = new Request.Builder().url(\"API\").method(verb, body).build(); client.newCall(r).execute(); } }",
            &["UNKNOWN"],
        ),
        (
            "A.java",
            "class A { void a() { HttpUrl url = HttpUrl.parse(\"API\").newBuilder().build(); Request r = new Request.Builder().url(url).post(b).build(); } }",
            &["POST"],
        ),
        ("a.cs", "var r = new RestRequest(\"API/1\") { Method = Method.Delete };\nawait client.ExecuteAsync(r);", &["DELETE"]),
        ("a.cs", "var r = new RestRequest(\"API/1\") { Timeout = 5, Method = Method.Patch };\nclient.Execute(r);", &["PATCH"]),
    ]);
}

#[test]
fn a_client_that_is_made_of_one_that_reads_reads_when_it_is_called() {
    all(&[
        ("a.js", "const hs = got.extend({ prefixUrl: BASE });\nasync function a() { return hs('API', { searchParams }); }", &["GET"]),
        ("a.js", "const hs = ofetch.create({ baseURL: BASE });\nexport const a = () => hs('API');", &["GET"]),
        ("a.ts", "const hs = ky.create({ prefixUrl: BASE });\nexport const a = () => hs('API', { method: 'put' });", &["PUT"]),
        ("a.js", "const send = make({ prefixUrl: BASE });\nexport const a = () => send('API', x);", &["UNKNOWN"]),
    ]);
}

#[test]
fn a_query_of_redux_toolkit_reads_whatever_its_neighbours_do() {
    let api = |endpoints: &str| {
        format!("const api = createApi({{ baseQuery: fetchBaseQuery({{ baseUrl: B }}), endpoints: (b) => ({{ {endpoints} }}) }});")
    };
    let text = api("a: b.query({ query: () => 'API' }), c: b.mutation({ query: (body) => ({ url: 'API/1', method: 'PATCH', body }) })");
    all(&[("a.ts", &text, &["GET", "PATCH"])]);
}

#[test]
fn a_method_beside_a_path_in_a_pair_is_its_method() {
    all(&[
        ("a.py", "for verb, url in ((\"get\", \"API\"), (\"post\", \"API\")):\n    getattr(s, verb)(url)", &["GET", "POST"]),
        ("a.ts", "const CALLS = { list: ['GET', 'API'], add: ['POST', 'API'] } as const;", &["GET", "POST"]),
        (
            "a.go",
            "package a\n\nvar calls = map[string]call{\n\t\"list\": {\"GET\", \"API\"},\n\t\"add\": {http.MethodPost, \"API\"},\n}\n",
            &["GET", "POST"],
        ),
        ("a.rb", "CALLS = [[:get, 'API'], [:delete, 'API/1']]", &["GET", "DELETE"]),
        ("a.py", "URLS = [\"API\", \"https://example.com\"]", &["UNKNOWN"]),
    ]);
}

#[test]
fn a_stream_of_singers_sdk_reads_unless_it_says_otherwise() {
    let path = "/crm/v3/objects/contacts";
    let stream = |rest: &str| format!("# HubSpot\nclass A(HubspotStream):\n    name = \"a\"\n    path = \"{path}\"\n{rest}");
    assert_eq!(operations("a.py", &stream("")), [format!("GET {path}")]);
    assert_eq!(operations("a.py", &stream("    rest_method = \"POST\"\n")), [format!("POST {path}")]);
}

#[test]
fn documents_and_requests_in_files_say_their_methods() {
    let spec = "servers:\n  - url: https://api.hubapi.com\npaths:\n  /crm/v3/objects/contacts:\n    get: { summary: a }\n    post: { summary: b }\n";
    assert_eq!(operations("a.yaml", spec), ["GET /crm/v3/objects/contacts", "POST /crm/v3/objects/contacts"]);
    all(&[
        ("a.http", "@host = https://api.hubapi.com\n\nGET {{host}}/crm/v3/objects/contacts?limit=5\n", &["GET"]),
        ("a.http", "@host = https://api.hubapi.com\n\nPOST {{ host }}/crm/v3/objects/contacts\n", &["POST"]),
        ("a.tf", "data \"http\" \"a\" {\n  url = \"API\"\n}\n", &["GET"]),
        ("a.tf", "data \"http\" \"a\" {\n  url    = \"API\"\n  method = \"POST\"\n}\n", &["POST"]),
        ("a.swift", "func a() { AF.request(\"API\", headers: h).response { _ in } }\n", &["GET"]),
        ("a.swift", "func a() { AF.request(\"API\", method: .post, headers: h).response { _ in } }\n", &["POST"]),
        ("a.R", "resp <- request(\"API\") |> req_auth_bearer_token(t) |> req_perform()\n", &["GET"]),
        ("a.R", "resp <- request(\"API\") |>\n  req_body_json(list()) |>\n  req_perform()\n", &["POST"]),
    ]);
}

#[test]
fn a_path_in_separate_segments_is_one_path() {
    for (path, text, operation) in [
        (
            "a.js",
            "const B = 'https://api.hubapi.com';\nconst u = [B, 'crm', 'v3', 'objects', 'deals'].join('/');\nfetch(u, { method: 'POST' });",
            "POST /crm/v3/objects/{objectType}",
        ),
        (
            "a.cs",
            "var b = \"https://api.hubapi.com\";\nb.AppendPathSegments(\"crm\", \"v3\", \"objects\", \"contacts\", id).PatchJsonAsync(o);",
            "PATCH /crm/v3/objects/contacts/{contactId}",
        ),
        ("a.py", "B = \"https://api.hubapi.com\"\nrequests.get(\"/\".join([B, \"crm\", \"v3\", \"owners\"]))\n", "GET /crm/v3/owners"),
        (
            "a.go",
            "package a\n\nfunc a() {\n\tu, _ := url.JoinPath(\"https://api.hubapi.com\", \"crm\", \"v3\", \"owners\")\n\thttp.Get(u)\n}\n",
            "GET /crm/v3/owners",
        ),
    ] {
        assert_eq!(operations(path, text), [operation], "{text}");
    }
    // A list of words is no path, and neither is one where nothing is sent to HubSpot.
    assert!(operations("a.js", "const B = 'https://api.hubapi.com';\nconst tags = ['crm', 'sales', 'v3'];").is_empty());
    assert!(operations("a.js", "// hubspot\nconst u = ['crm', 'v3', 'objects', 'deals'].join('/');").is_empty());
}

#[test]
fn rooms_of_a_client_that_a_variable_is_given_are_followed() {
    for text in [
        "import { Client } from '@hubspot/api-client';\nconst { crm } = hubspotClient;\nawait crm.companies.basicApi.archive('7');",
        "import { Client } from '@hubspot/api-client';\nconst { crm: rooms, cms } = client;\nawait rooms.companies.basicApi.archive('7');",
        "import { Client } from '@hubspot/api-client';\nconst rooms = client.crm;\nawait rooms.companies.basicApi.archive('7');",
    ] {
        assert_eq!(operations("a.ts", text), ["DELETE /crm/v3/objects/companies/{companyId}"], "{text}");
    }
    assert!(operations("a.ts", "const { crm } = store;\ncrm.companies.list();").is_empty());
}

#[test]
fn a_query_behind_a_path_is_no_part_of_it() {
    assert_eq!(operations("a.ts", "fetch(`API${query}`)".replace("API", API).as_str()), ["GET /crm/v3/objects/contacts"]);
    assert_eq!(operations("a.ts", "fetch(`API/${id}`)".replace("API", API).as_str()), ["GET /crm/v3/objects/contacts/{contactId}"]);
}

#[test]
fn the_metadata_of_a_kubernetes_secret_names_what_it_holds() {
    use base64::Engine as _;
    let secret = |name: &str, more: &str| {
        let value = base64::engine::general_purpose::STANDARD.encode(values::uuid(1));
        format!("kind: Secret\nmetadata:\n  name: {name}\ntype: Opaque\n{more}data:\n  client-secret: {value}\n")
    };
    assert_eq!(kinds("a.yaml", &secret("hubspot", "")).len(), 1);
    assert!(kinds("a.yaml", &secret("crm", "")).is_empty());
    assert!(kinds("a.yaml", &secret("hubspot", "---\nkind: Secret\nmetadata:\n  name: okta\n")).is_empty());
}

#[test]
fn a_method_that_is_set_later_is_not_that_of_an_earlier_call() {
    all(&[
        (
            "a.ts",
            "async function a() {\n  const init = { headers };\n  await fetch('API', init);\n  init.method = 'POST';\n  await fetch('API/search', init);\n}",
            &["GET", "POST"],
        ),
        (
            "a.py",
            "B = 'https://api.hubapi.com'\ndef hub(path, *, verb='get', **kw):\n    fn = getattr(requests, verb)\n    return fn(B + path, **kw)\na = hub('/crm/v3/objects/contacts')\nb = hub('/crm/v3/objects/contacts', verb='post')\n",
            &["GET", "POST"],
        ),
    ]);
}

#[test]
fn connections_and_transfers_read_unless_something_else_is_set_on_them() {
    all(&[
        (
            "A.java",
            "class A { int a() { HttpURLConnection c = (HttpURLConnection) new URL(\"API\").openConnection();\n c.setRequestProperty(\"a\", \"b\");\n return c.getResponseCode(); } }",
            &["GET"],
        ),
        (
            "A.java",
            "class A { void a() { URL url = new URL(\"API\");\n HttpURLConnection c = (HttpURLConnection) url.openConnection();\n c.setRequestMethod(\"POST\");\n c.setDoOutput(true); } }",
            &["POST"],
        ),
        (
            "a.cs",
            "class A { string B() { return wc.DownloadString(\"API\"); } string C() { return wc.UploadString(\"API\", b); } }",
            &["GET", "POST"],
        ),
        (
            "a.cpp",
            "void a() {\n  curl_easy_setopt(curl, CURLOPT_URL, \"API/1\");\n  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, \"DELETE\");\n}\n",
            &["DELETE"],
        ),
        ("a.kt", "fun a() {\n    val r = Request.Builder().url(\"API\").header(\"a\", t).build()\n}\n", &["GET"]),
        ("a.kt", "val r = \"API\".httpPost().jsonBody(b).response()\n", &["POST"]),
        ("a.kt", "val r = Fuel.patch(\"API/$id\").response()\nval d = \"API/1\".httpDelete().response()\n", &["PATCH", "DELETE"]),
        ("a.ml", "let uri = Uri.of_string \"API\"\nlet go () = Client.get uri\n", &["GET"]),
        ("b.ml", "let uri = Uri.of_string \"API\"\nlet go body = Client.post ~body uri\n", &["POST"]),
        (
            "a.R",
            "req <- request(\"https://api.hubapi.com\") |>\n  req_url_path_append(\"crm\", \"v3\", \"objects\", \"deals\")\nresp <- req_perform(req)\n",
            &["GET"],
        ),
        ("a.pq", "Source = Json.Document(Web.Contents(\"API\", [Headers = h]))", &["GET"]),
        ("a.hs", "import Network.Wreq\na = getWith opts (\"https://api.hubapi.com\" ++ \"/crm/v3/objects/contacts\")\n", &["GET"]),
        (
            "a.ps1",
            "function Invoke-Hub {\n    param([string]$Method = 'GET', [string]$Path)\n    Invoke-RestMethod -Method $Method -Uri \"https://api.hubapi.com$Path\"\n}\nInvoke-Hub -Path '/crm/v3/objects/contacts'\nInvoke-Hub -Method POST -Path '/crm/v3/objects/contacts'\n",
            &["GET", "POST"],
        ),
    ]);
}

#[test]
fn annotations_resolved_addresses_and_generators_keep_their_own_methods() {
    all(&[
        (
            "Hub.kt",
            "interface Hub {\n    @GET(\"API\") suspend fun all(): Page\n    @PATCH(\"API/{id}\") suspend fun edit(@Path(\"id\") id: String): C\n}\n",
            &["GET", "PATCH"],
        ),
        (
            "Hub.java",
            "class Hub { static final URI B = URI.create(\"https://api.hubapi.com\");\n HttpRequest a() { return HttpRequest.newBuilder(B.resolve(\"/crm/v3/objects/contacts\")).header(\"a\", \"b\").build(); } }",
            &["GET"],
        ),
        (
            "a.mjs",
            "const call = async function* (path) {\n  let url = 'https://api.hubapi.com' + path;\n  while (url) { const r = await fetch(url, { headers: H }); yield r; url = r.next; }\n};\nfor await (const c of call('/crm/v3/objects/contacts')) console.log(c);\n",
            &["GET"],
        ),
    ]);
}

#[test]
fn an_interface_of_a_rest_client_has_its_calls_below_its_own_path() {
    let text = "@Path(\"/crm/v3/objects\")\n@RegisterRestClient(baseUri = \"https://api.hubapi.com\")\npublic interface Hs {\n    @GET @Path(\"/contacts/{id}\")\n    C get(@PathParam(\"id\") String id);\n    @POST\n    @Path(\"/deals\")\n    D create(D d);\n}\n";
    assert_eq!(operations("Hs.java", text), ["GET /crm/v3/objects/contacts/{contactId}", "POST /crm/v3/objects/{objectType}"]);
    // A service that answers such paths itself calls nobody.
    assert!(operations("A.java", "// HubSpot\n@Path(\"/crm/v3/objects\")\nclass A { @GET @Path(\"/contacts\") C get() {} }").is_empty());
}

#[test]
fn tokens_are_put_together_by_functions_shells_and_settings() {
    use keyway_scan::finding::Kind;
    for (path, text) in [
        ("a.cs", "string T = string.Concat(\"pat-eu1-\", \"{uuid}\");"),
        ("a.ts", "// HubSpot\nconst T = 'pat'.concat('-na1-', '{uuid}');"),
        ("a.sh", "# HubSpot\nREGION=na1\nexport ID={uuid}\nTOKEN=\"pat-${REGION}-${ID}\"\n"),
        (".env", "HUB_ID={uuid}\nHUB_TOKEN=pat-na1-${HUB_ID}\n"),
    ] {
        assert_eq!(kinds(path, text), [Kind::PrivateAppToken], "{text}");
    }
    assert!(kinds("a.sh", "# HubSpot\nREGION=na1\nID={uuid}\nNAME=\"hub-${REGION}-${ID}\"\n").is_empty());
}

#[test]
fn options_commands_and_sentences_name_their_values() {
    use keyway_scan::finding::Kind;
    for (path, text, kind) in [
        ("a.sh", "heroku config:set HUBSPOT_API_KEY={uuid} PORT=80 -a crm", Kind::Hapikey),
        ("a.sh", "aws ssm put-parameter --name /prod/hubspot/refresh_token --value {uuid} --type SecureString", Kind::OauthRefreshToken),
        ("a.sh", "aws secretsmanager create-secret --secret-string {uuid} --name hubspot/client-secret", Kind::OauthClientSecret),
        ("a.md", "**Ana**: which key does the HubSpot sync use?\n**Ben**: the app's client secret is `{uuid}`", Kind::OauthClientSecret),
    ] {
        assert_eq!(kinds(path, text), [kind], "{text}");
    }
    assert!(kinds("a.sh", "aws ssm put-parameter --name /prod/okta/client_secret --value {uuid}").is_empty());
    // The key beside it has another owner, on one line as on several.
    let text = "{ \"hubspot\": { \"portal\": 12 }, \"zendesk\": { \"apiKey\": \"{uuid}\" } }";
    assert!(kinds("a.json", text).is_empty(), "{:?}", kinds("a.json", text));
}
