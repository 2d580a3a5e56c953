//! Agents that come over OAuth: from 401 to a session, and what is refused on the way.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::harness::{ADMIN_TOKEN, Keyway, ask};
use crate::sign_in::Browser;

/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const CALLBACK: &str = "http://127.0.0.1:50123/callback";
const PASSWORD: &str = "a password that is long";
const SCOPES: &str = "crm.objects.contacts.read,crm.objects.contacts.write";

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {} {}", self.head, self.body))
    }

    fn header(&self, name: &str) -> &str {
        let found = self.head.lines().find_map(|line| line.split_once(": ").filter(|(one, _)| one.eq_ignore_ascii_case(name)));
        found.map_or("", |(_, value)| value)
    }

    /// Status and code of an error of the protocol.
    fn refusal(&self) -> (u16, String) {
        (self.status, self.json()["error"].as_str().unwrap_or_default().to_owned())
    }
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    pairs.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect::<Vec<_>>().join("&")
}

/// A server with a listener for agents, one app, and the person who may let agents in.
struct Server {
    keyway: Keyway,
}

/// What an agent has.
#[derive(Clone)]
struct Tokens {
    access: String,
    refresh: String,
}

impl Server {
    fn start(options: &[&str]) -> Self {
        let keyway = Keyway::start(&[&["--mcp", "127.0.0.1:0"], options].concat());
        keyway.json(&["user", "create", "ada@example.com", "--credential-command", &format!("printf '{PASSWORD}'")]);
        keyway.json(&["app", "create", "Agent", "--scopes", SCOPES, "--no-limits"]);
        Self { keyway }
    }

    fn mcp(&self) -> &str {
        self.keyway.address("agents").trim_end_matches("/mcp")
    }

    fn send(&self, method: &str, path: &str, host: &str, headers: &str, body: &str) -> Answer {
        let mut stream = TcpStream::connect(self.mcp()).unwrap();
        let head =
            format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        Answer { status: head.split(' ').nth(1).unwrap().parse().unwrap(), head: head.to_owned(), body: body.to_owned() }
    }

    fn get(&self, path: &str) -> Value {
        let answer = self.send("GET", path, self.mcp(), "", "");
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.json()
    }

    fn post_form(&self, path: &str, pairs: &[(&str, &str)]) -> Answer {
        self.send("POST", path, self.mcp(), "content-type: application/x-www-form-urlencoded\r\n", &encoded(pairs))
    }

    fn register(&self, said: &Value) -> Answer {
        self.send("POST", "/oauth/register", self.mcp(), "content-type: application/json\r\n", &said.to_string())
    }

    /// The id of a client that has registered.
    fn client(&self, name: &str) -> String {
        let answer = self.register(&json!({ "client_name": name, "redirect_uris": ["http://127.0.0.1/callback"] }));
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.json()["client_id"].as_str().unwrap().to_owned()
    }

    /// A tool over the protocol, with a token: the status and the body.
    fn use_tool(&self, token: &str) -> Answer {
        let headers =
            format!("content-type: application/json\r\naccept: application/json, text/event-stream\r\nauthorization: Bearer {token}\r\n");
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "whoami", "arguments": {} } });
        self.send("POST", "/mcp", self.mcp(), &headers, &call.to_string())
    }

    fn resource(&self) -> String {
        format!("http://{}/mcp", self.mcp())
    }

    fn query(&self, client: &str, more: &[(&str, &str)]) -> String {
        let resource = self.resource();
        let mut pairs = vec![
            ("response_type", "code"),
            ("client_id", client),
            ("redirect_uri", CALLBACK),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("state", "its own word"),
            ("resource", resource.as_str()),
        ];
        for (name, value) in more {
            pairs.retain(|(one, _)| one != name);
            pairs.push((name, value));
        }
        pairs.retain(|(_, value)| !value.is_empty());
        encoded(&pairs)
    }

    /// Says yes over the admin API, with further fields of its body.
    fn approve(&self, query: &str, fields: &Value) -> (u16, Value) {
        let mut body = json!({ "authorizeUrl": format!("/agents/authorize?{query}"), "onBehalfOf": "ada@example.com" });
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let (status, _, answer) = ask(&self.keyway, Some(ADMIN_TOKEN), "POST", "/api/v1/apps/Agent/agents", &body);
        (status, answer)
    }

    fn code(&self, client: &str, fields: &Value) -> String {
        let (status, answer) = self.approve(&self.query(client, &[]), fields);
        assert_eq!(status, 200, "{answer}");
        answer["code"].as_str().unwrap().to_owned()
    }

    fn exchange(&self, client: &str, code: &str, more: &[(&str, &str)]) -> Answer {
        let mut pairs = vec![
            ("grant_type", "authorization_code"),
            ("client_id", client),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        for (name, value) in more {
            pairs.retain(|(one, _)| one != name);
            pairs.push((name, value));
        }
        self.post_form("/oauth/token", &pairs)
    }

    fn refresh(&self, client: &str, token: &str) -> Answer {
        self.post_form("/oauth/token", &[("grant_type", "refresh_token"), ("client_id", client), ("refresh_token", token)])
    }

    /// A client with tokens of a session that has these fields.
    fn agent(&self, fields: &Value) -> (String, Tokens) {
        let client = self.client("Test agent");
        let answer = self.exchange(&client, &self.code(&client, fields), &[]);
        assert_eq!(answer.status, 200, "{}", answer.body);
        (client, tokens(&answer))
    }

    fn session(&self) -> Value {
        self.keyway.json(&["session", "list", "--all"])["sessions"][0].clone()
    }
}

fn tokens(answer: &Answer) -> Tokens {
    let text = |name: &str| answer.json()[name].as_str().unwrap().to_owned();
    Tokens { access: text("access_token"), refresh: text("refresh_token") }
}

const GRANT: (u16, &str) = (400, "invalid_grant");

fn refused(answer: &Answer, expected: (u16, &str), what: &str) {
    let (status, code) = answer.refusal();
    assert_eq!((status, code.as_str()), expected, "{what}: {}", answer.body);
}

#[test]
fn a_client_finds_its_way_from_401_to_the_endpoints() {
    let server = Server::start(&[]);
    let origin = format!("http://{}", server.mcp());
    let answer = server.use_tool("not-a-token");
    assert_eq!(answer.status, 401);
    let metadata = format!("resource_metadata=\"{origin}/.well-known/oauth-protected-resource/mcp\"");
    assert!(
        answer.header("www-authenticate").starts_with("Bearer ") && answer.header("www-authenticate").ends_with(&metadata),
        "{}",
        answer.head
    );
    for path in ["/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"] {
        let resource = server.get(path);
        assert_eq!((&resource["resource"], &resource["authorization_servers"]), (&json!(server.resource()), &json!([origin])));
    }
    for path in ["/.well-known/oauth-authorization-server", "/.well-known/oauth-authorization-server/mcp"] {
        let issuer = server.get(path);
        assert_eq!(issuer["issuer"], json!(origin));
        assert_eq!(issuer["authorization_endpoint"], json!(format!("http://{}/agents/authorize", server.keyway.address("admin"))));
        assert_eq!(issuer["code_challenge_methods_supported"], json!(["S256"]));
        assert_eq!(
            (&issuer["authorization_response_iss_parameter_supported"], &issuer["client_id_metadata_document_supported"]),
            (&json!(true), &json!(true))
        );
    }
    // Under another name of its own it answers with that name, and under a foreign one with its own.
    let port = server.mcp().rsplit(':').next().unwrap();
    for (host, named) in [(format!("localhost:{port}"), format!("http://localhost:{port}/mcp")), ("evil.example".into(), server.resource())]
    {
        assert_eq!(server.send("GET", "/.well-known/oauth-protected-resource", &host, "", "").json()["resource"], json!(named), "{host}");
    }
}

#[test]
fn an_agent_works_in_a_session_of_the_person_and_nowhere_but_at_its_listener() {
    let server = Server::start(&[]);
    let (client, given) = server.agent(&json!({ "scopes": ["crm.objects.contacts.read"], "purpose": "Find duplicates", "calls": 5 }));
    let said = server.use_tool(&given.access);
    assert_eq!(said.status, 200, "{}", said.body);
    assert!(said.body.contains("ada@example.com") && said.body.contains("Find duplicates"), "{}", said.body);
    // RFC 8707: good for the one resource.
    for (path, body) in [("/crm/v3/objects/contacts", None), ("/__keyway/me", None), ("/crm/v3/objects/contacts/search", Some("{}"))] {
        let (status, refused) = server.keyway.call(&given.access, if body.is_some() { "POST" } else { "GET" }, path, body);
        assert_eq!((status, &refused["subCategory"]), (401, &json!("keyway.token-audience")), "{path}: {refused}");
    }
    let session = server.session();
    assert_eq!(session["agent"], json!({ "client": keyway_key(&client), "name": "Test agent" }), "{session}");
    assert_eq!(
        (&session["onBehalfOf"], &session["classes"], &session["scopes"]),
        (&json!("ada@example.com"), &json!(["read"]), &json!(["crm.objects.contacts.read", "oauth"]))
    );
    // A token of an app or a session still works at the listener, without OAuth.
    let plain = server.keyway.json(&["session", "create", "--app", "Agent", "--on-behalf-of", "ada@example.com", "--purpose", "By hand"]);
    assert_eq!(server.use_tool(plain["token"]["value"].as_str().unwrap()).status, 200);
    // Neither token is one of the other OAuth server's.
    let other = server.keyway.call(
        "",
        "POST",
        "/oauth/v1/token",
        Some(&json!({ "grant_type": "refresh_token", "refresh_token": given.refresh, "client_id": client }).to_string()),
    );
    assert_eq!(other.0, 400, "{}", other.1);
    for at in ["access-tokens", "refresh-tokens"] {
        let token = if at == "access-tokens" { &given.access } else { &given.refresh };
        assert_eq!(server.keyway.call("", "GET", &format!("/oauth/v1/{at}/{token}"), None).0, 404, "{at}");
    }
    let changes = server.keyway.json(&["changes"]);
    assert!(changes["changes"].as_array().unwrap().iter().any(|one| one["operation"] == "approveAgent"), "{changes}");
    for secret in [&given.access, &given.refresh] {
        assert!(!changes.to_string().contains(secret.as_str()));
    }
}

/// As `keyway_oauth` names a client that has registered.
fn keyway_key(client: &str) -> String {
    keyway_gateway::agents::key_of(client)
}

#[test]
fn a_code_is_good_once_for_its_client_its_verifier_and_its_uri() {
    let server = Server::start(&[]);
    let (client, other) = (server.client("One"), server.client("Other"));
    let code = server.code(&client, &json!({}));
    let wrong = "0000000000000000000000000000000000000000000";
    refused(&server.exchange(&client, &code, &[("code_verifier", wrong)]), GRANT, "a wrong verifier");
    refused(&server.exchange(&client, &code, &[("code_verifier", "")]), GRANT, "no verifier");
    refused(
        &server.exchange(&client, &code, &[("redirect_uri", "http://127.0.0.1:50124/callback")]),
        GRANT,
        "another port than was asked with",
    );
    refused(&server.exchange(&other, &code, &[]), GRANT, "another client");
    refused(&server.exchange(&client, "a-code-of-chance", &[]), GRANT, "no code");
    refused(&server.exchange("nobody", &code, &[]), (401, "invalid_client"), "no client");
    refused(&server.exchange("https://agent.example/client.json", &code, &[]), GRANT, "a client with a document");
    refused(&server.exchange(&client, &code, &[("resource", "https://api.example.com/mcp")]), (400, "invalid_target"), "another resource");
    let given = server.exchange(&client, &code, &[("resource", &server.resource())]);
    assert_eq!(given.status, 200, "{}", given.body);
    assert_eq!((given.json()["token_type"].clone(), given.header("cache-control")), (json!("Bearer"), "no-store"));
    assert_eq!(given.json()["scope"], json!("crm.objects.contacts.read crm.objects.contacts.write oauth"));
    let given = tokens(&given);
    assert_eq!(server.use_tool(&given.access).status, 200);
    // RFC 6749, section 4.1.2: whoever presents it again may have stolen it, so what it gave ends.
    refused(&server.exchange(&client, &code, &[]), GRANT, "a code that was used");
    assert_eq!(server.use_tool(&given.access).status, 401);
    refused(&server.refresh(&client, &given.refresh), GRANT, "a refresh token of an ended session");
    assert_eq!(server.session()["state"], json!("ended"));
}

#[test]
fn a_refresh_token_is_replaced_and_one_that_comes_again_ends_the_session() {
    let server = Server::start(&[]);
    let (client, first) = server.agent(&json!({}));
    refused(&server.refresh(&server.client("Other"), &first.refresh), GRANT, "the refresh token of another client");
    refused(&server.refresh(&client, &first.access), GRANT, "an access token");
    let narrow = [("grant_type", "refresh_token"), ("client_id", &client), ("refresh_token", &first.refresh), ("scope", "tickets")];
    refused(&server.post_form("/oauth/token", &narrow), (400, "invalid_scope"), "more scopes");
    let second = tokens(&server.refresh(&client, &first.refresh));
    assert_ne!(first.refresh, second.refresh);
    assert_eq!(server.use_tool(&second.access).status, 200);
    // The answer may have been lost: the one before gives the same again, for a minute.
    assert_eq!(tokens(&server.refresh(&client, &first.refresh)).refresh, second.refresh);
    let third = tokens(&server.refresh(&client, &second.refresh));
    refused(&server.refresh(&client, &first.refresh), GRANT, "one that was replaced twice");
    for (name, token) in [("second", &second.access), ("third", &third.access)] {
        assert_eq!(server.use_tool(token).status, 401, "{name}");
    }
    refused(&server.refresh(&client, &third.refresh), GRANT, "the last one of the family");
}

#[test]
fn an_agent_with_fewer_scopes_of_its_session_has_no_more() {
    let server = Server::start(&[]);
    let (client, given) = server.agent(&json!({}));
    let narrow = [("grant_type", "refresh_token"), ("client_id", &client), ("refresh_token", &given.refresh), ("scope", "oauth")];
    let narrowed = server.post_form("/oauth/token", &narrow);
    assert_eq!(narrowed.json()["scope"], json!("oauth"), "{}", narrowed.body);
    let said = server.use_tool(&tokens(&narrowed).access).body;
    assert!(!said.contains("crm.objects.contacts.read"), "{said}");
}

#[test]
fn what_ends_a_session_ends_its_agent() {
    let server = Server::start(&[]);
    let dead = |client: &str, given: &Tokens, what: &str| {
        let answer = server.use_tool(&given.access);
        assert_eq!(answer.status, 401, "{what}: {}", answer.body);
        assert!(answer.header("www-authenticate").contains("error=\"invalid_token\""), "{what}: {}", answer.head);
        refused(&server.refresh(client, &given.refresh), GRANT, what);
    };
    let (client, given) = server.agent(&json!({}));
    let id = server.keyway.json(&["session", "list"])["sessions"][0]["id"].to_string();
    server.keyway.json(&["session", "end", &id]);
    dead(&client, &given, "a session that was ended");

    let (client, given) = server.agent(&json!({}));
    // RFC 7009: another client's word does not count.
    let revoke = |client: &str, token: &str| server.post_form("/oauth/revoke", &[("client_id", client), ("token", token)]).status;
    assert_eq!((revoke(&server.client("Other"), &given.refresh), server.use_tool(&given.access).status), (200, 200));
    assert_eq!(revoke(&client, &given.refresh), 200);
    dead(&client, &given, "tokens that their client gave back");

    let (client, given) = server.agent(&json!({}));
    server.keyway.json(&["app", "disable", "Agent"]);
    dead(&client, &given, "a disabled app");
    server.keyway.json(&["app", "enable", "Agent"]);

    let (client, given) = server.agent(&json!({ "lifetimeMs": 1_000 }));
    let ended = (0..200).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        server.use_tool(&given.access).status == 401
    });
    assert!(ended, "a session outlives its lifetime");
    dead(&client, &given, "a session whose lifetime is over");
}

#[test]
fn tokens_of_an_agent_outlive_a_restart() {
    let server = Server::start(&[]);
    let (client, given) = server.agent(&json!({}));
    let keyway = Keyway::start_in(server.keyway.stop(), &["--mcp", "127.0.0.1:0"]);
    let server = Server { keyway };
    assert_eq!(server.use_tool(&given.access).status, 200);
    assert_eq!(server.refresh(&client, &given.refresh).status, 200);
}

#[test]
fn what_registers_is_bounded_and_says_where_it_is_answered() {
    let server = Server::start(&[]);
    let bad = |said: Value, code: &str| refused(&server.register(&said), (400, code), &said.to_string());
    bad(json!({ "client_name": "x" }), "invalid_redirect_uri");
    bad(json!({ "redirect_uris": ["http://evil.example/cb"] }), "invalid_redirect_uri");
    bad(json!({ "redirect_uris": ["javascript://x"] }), "invalid_redirect_uri");
    bad(json!({ "redirect_uris": ["https://a.example/cb"], "grant_types": ["client_credentials"] }), "invalid_client_metadata");
    assert_eq!(server.register(&json!({ "redirect_uris": [], "x": "a".repeat(20_000) })).status, 413);
    let answer = server
        .register(&json!({ "redirect_uris": ["cursor://anysphere.cursor-mcp/cb"], "token_endpoint_auth_method": "client_secret_post" }));
    assert_eq!((answer.status, &answer.json()["token_endpoint_auth_method"]), (201, &json!("none")));
    assert!(answer.json().get("client_secret").is_none());
    let waits = (0..40).map(|_| server.register(&json!({}))).find(|answer| answer.status == 429).expect("nobody registers without end");
    assert!(waits.header("retry-after").parse::<u32>().is_ok(), "{}", waits.head);
}

#[test]
fn nobody_is_asked_and_nobody_is_redirected_by_a_request_that_is_not_certain() {
    let server = Server::start(&[]);
    let client = server.client("Test agent");
    let browser = Browser::new(&server.keyway);
    for (what, more) in [
        ("another path", ("redirect_uri", "http://127.0.0.1:50123/other")),
        ("another host", ("redirect_uri", "https://evil.example/callback")),
        ("no redirect URI", ("redirect_uri", "")),
        ("a changed client", ("client_id", "kwc_AAAA")),
        ("no client", ("client_id", "")),
    ] {
        let page = browser.get(&format!("/agents/authorize?{}", server.query(&client, &[more])));
        assert_eq!((page.status, page.header("location")), (400, None), "{what}: {}", page.body);
    }
    let mut signed_in = Browser::new(&server.keyway);
    signed_in.sign_in("ada@example.com", PASSWORD);
    for (what, more, error) in [
        ("no PKCE", ("code_challenge", ""), "invalid_request"),
        ("plain PKCE", ("code_challenge_method", "plain"), "invalid_request"),
        ("another response type", ("response_type", "token"), "unsupported_response_type"),
        ("another resource", ("resource", "https://api.example.com/mcp"), "invalid_target"),
    ] {
        let target = format!("/agents/authorize?{}", server.query(&client, &[more]));
        // Anybody can register a client: the address of one is no way to lead strangers there.
        let page = browser.get(&target);
        assert!(page.header("location").is_some_and(|to| to.starts_with("/sign-in?next=")), "{what}: {}", page.body);
        let page = signed_in.get(&target);
        let to = page.header("location").unwrap_or_default().to_owned();
        assert!(page.status == 303 && to.starts_with(&format!("{CALLBACK}?error={error}&")), "{what}: {} {to}", page.status);
        assert!(
            to.contains("state=its+own+word") && to.contains(&format!("iss=http%3A%2F%2F{}", server.mcp().replace(':', "%3A"))),
            "{what}: {to}"
        );
    }
    // Over the API neither, and no other server is asked for somebody who is not signed in.
    assert_eq!(server.approve(&server.query(&client, &[("redirect_uri", "https://evil.example/callback")]), &json!({})).0, 400);
    let page = browser.get(&format!("/agents/authorize?{}", server.query("https://localhost:1/client.json", &[])));
    assert!(page.header("location").is_some_and(|to| to.starts_with("/sign-in?next=")), "{}", page.body);
}

#[test]
fn a_person_lets_an_agent_in_with_less_than_it_asks_for_or_does_not() {
    let server = Server::start(&[]);
    server.keyway.json(&["app", "create", "Another", "--scopes", "tickets"]);
    let client = server.client("Agent <b>Smith</b>");
    let target = format!("/agents/authorize?{}", server.query(&client, &[("scope", "crm.objects.contacts.read tickets")]));
    let mut browser = Browser::new(&server.keyway);
    let first = browser.get(&target);
    assert!(first.status == 303 && first.header("location").is_some_and(|to| to.starts_with("/sign-in?next=%2Fagents")), "{}", first.body);
    browser.sign_in("ada@example.com", PASSWORD);
    let page = browser.get(&target);
    assert!(
        page.body.contains("As which app?") && page.body.contains("Agent &lt;b&gt;Smith") && !page.body.contains("<b>Smith"),
        "{}",
        page.body
    );
    let app = server.keyway.json(&["app", "show", "Agent"])["app"]["id"].to_string();
    let page = browser.get(&format!("{target}&keyway_app={app}"));
    assert!(page.body.contains("nobody has checked it") && page.body.contains(CALLBACK), "{}", page.body);
    assert!(page.body.contains("name=\"scope\" value=\"crm.objects.contacts.read\" checked"), "{}", page.body);
    assert!(page.body.contains("name=\"scope\" value=\"crm.objects.contacts.write\">"), "only what it asks for is chosen");
    assert!(
        page.body.contains("name=\"allow\" value=\"read\" checked") && page.body.contains("name=\"allow\" value=\"create\">"),
        "reading is the default"
    );
    let (query, form_token) = (page.field("query").replace("&amp;", "&").replace("&#38;", "&"), page.field("form_token"));
    let form = |more: &[(&'static str, &'static str)]| {
        let mut form =
            vec![("query", query.clone()), ("form_token", form_token.clone()), ("app", app.clone()), ("lifetime", "900000".into())];
        form.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        browser.post("/agents/authorize", &form)
    };
    let refused = form(&[("answer", "refuse")]);
    assert!(refused.header("location").is_some_and(|to| to.starts_with(&format!("{CALLBACK}?error=access_denied"))), "{}", refused.body);
    let wider = form(&[("answer", "allow"), ("allow", "read"), ("scope", "tickets"), ("purpose", "x")]);
    assert!(wider.status == 200 && wider.body.contains("never wider than its app"), "{}", wider.body);
    let allowed =
        form(&[("answer", "allow"), ("allow", "read"), ("scope", "crm.objects.contacts.read"), ("purpose", "Reports"), ("calls", "7")]);
    let to = allowed.header("location").unwrap_or_default();
    assert!(allowed.status == 303 && to.starts_with(&format!("{CALLBACK}?code=")), "{} {}", allowed.status, allowed.body);
    let code = to.split_once("code=").unwrap().1.split('&').next().unwrap();
    let given = server.exchange(&client, code, &[]);
    assert_eq!(given.json()["scope"], json!("crm.objects.contacts.read oauth"), "{}", given.body);
    let session = server.session();
    assert_eq!(
        (&session["purpose"], &session["createdBy"], &session["calls"]["most"]),
        (&json!("Reports"), &json!("ada@example.com"), &json!(7))
    );
    // A form that was not made for this session does nothing.
    let foreign = browser.post("/agents/authorize", &[("query", &query), ("form_token", "guessed"), ("app", &app), ("answer", "allow")]);
    assert_eq!(foreign.status, 403);
}

#[test]
fn an_agent_is_let_in_by_those_who_may_make_sessions_of_the_app_in_their_own_name() {
    let server = Server::start(&[]);
    server.keyway.json(&["app", "create", "Others", "--scopes", "tickets"]);
    let credential = format!("printf '{PASSWORD}'");
    server.keyway.json(&["user", "create", "audrey@example.com", "--role", "auditor", "--credential-command", &credential]);
    server.keyway.json(&[
        "user",
        "create",
        "max@example.com",
        "--role",
        "app-manager",
        "--app",
        "Agent",
        "--credential-command",
        &credential,
    ]);
    let client = server.client("Test agent");
    let target = format!("/agents/authorize?{}", server.query(&client, &[]));
    let mut auditor = Browser::new(&server.keyway);
    auditor.sign_in("audrey@example.com", PASSWORD);
    let page = auditor.get(&target);
    assert!(page.status == 403 && page.body.contains("auditor"), "{}", page.body);
    let mut manager = Browser::new(&server.keyway);
    manager.sign_in("max@example.com", PASSWORD);
    let page = manager.get(&target);
    assert!(
        page.status == 200 && page.body.contains("It works as the app <strong>Agent</strong>"),
        "the only app of the manager's: {}",
        page.body
    );
    // A program names the person; only a person's own name counts for a person.
    let (status, refused) = server.approve(&server.query(&client, &[]), &json!({ "onBehalfOf": null }));
    assert_eq!(status, 400, "{refused}");
}
