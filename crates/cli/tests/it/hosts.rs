//! The admin listener under host names of its own and of others, and what a page under a foreign name tries there
//! (DNS rebinding).

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::harness::{ADMIN_TOKEN, Keyway};

const PASSWORD: &str = "a password that is long";

/// Status, and head and body of the answer to one request with exactly these header lines.
fn ask(keyway: &Keyway, method: &str, path: &str, headers: &[&str], body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(keyway.address("admin")).unwrap();
    let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    write!(stream, "{method} {path} HTTP/1.1\r\n{lines}connection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    (text.split(' ').nth(1).unwrap().parse().unwrap(), text)
}

fn get(keyway: &Keyway, path: &str, headers: &[&str]) -> (u16, String) {
    ask(keyway, "GET", path, headers, "")
}

const FORM: &str = "content-type: application/x-www-form-urlencoded";

/// Signs Ada in under a host, and answers her cookie.
fn sign_in(keyway: &Keyway, host: &str) -> (u16, Option<String>) {
    let form = format!("email=ada%40example.com&password={}", PASSWORD.replace(' ', "+"));
    let headers = [format!("host: {host}"), format!("origin: http://{host}"), FORM.to_owned()];
    let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
    let (status, answer) = ask(keyway, "POST", "/sign-in", &headers, &form);
    let cookie = answer.lines().find_map(|line| line.strip_prefix("set-cookie: ")).and_then(|line| line.split(';').next());
    (status, cookie.map(|cookie| format!("cookie: {cookie}")))
}

fn with_ada(options: &[&str]) -> Keyway {
    let keyway = Keyway::start(options);
    keyway.json(&["user", "create", "ada@example.com", "--credential-command", &format!("printf '{PASSWORD}'")]);
    keyway
}

#[test]
fn probes_metrics_and_calls_with_a_token_work_under_any_host_name() {
    let keyway = Keyway::start(&[]);
    let host = "host: keyway.internal:8485";
    let token = format!("authorization: Bearer {ADMIN_TOKEN}");
    assert_eq!(get(&keyway, "/healthz", &[host]).0, 200);
    assert_eq!(get(&keyway, "/readyz", &[host]).0, 200);
    let (status, metrics) = get(&keyway, "/metrics", &[host, "user-agent: Prometheus/2.53.0", "accept: text/plain;version=0.0.4"]);
    assert!(status == 200 && metrics.contains("keyway_"), "{metrics}");
    assert_eq!(get(&keyway, "/api/v1/apps", &[host, &token]).0, 200);
    assert_eq!(ask(&keyway, "POST", "/api/v1/apps", &[host, &token, "content-type: application/json"], r#"{"name":"Shop"}"#).0, 200);
    assert_eq!(get(&keyway, "/api/v1/nothing", &[host, &token]).0, 404);
    assert_eq!(get(&keyway, "/api/v1/apps", &[host, "authorization: Bearer not-a-token-of-this-server"]).0, 401);
}

#[test]
fn a_page_under_a_foreign_host_name_reads_and_changes_nothing() {
    let keyway = with_ada(&[]);
    let (_, cookie) = sign_in(&keyway, keyway.address("admin"));
    let cookie = cookie.unwrap();
    let host = "host: evil.example";
    // A page may name any token, in the hope that the cookie then counts.
    let (bearer, good) = ("authorization: Bearer made-up-by-the-page", format!("authorization: Bearer {ADMIN_TOKEN}"));
    let by_browser = ["accept-language: en", "accept-language:", "sec-fetch-site: same-origin", &cookie];
    for header in by_browser {
        let (status, text) = get(&keyway, "/metrics", &[host, header]);
        assert!(status == 421 && !text.contains("keyway_"), "{header}: {text}");
    }
    for path in
        ["/", "/apps", "/audit", "/people", "/account", "/sign-in", "/set-up?token=x", "/sign-in/oidc", "/oauth/authorize?client_id=x"]
    {
        for headers in [&[host][..], &[host, &cookie], &[host, &cookie, bearer], &[host, &cookie, &good]] {
            assert_eq!(get(&keyway, path, headers).0, 421, "{path} {headers:?}");
        }
    }
    // The cookie alone, or beside a token that is not one, opens nothing of the API.
    assert_eq!(get(&keyway, "/api/v1/apps", &[host, &cookie]).0, 421);
    assert_eq!(get(&keyway, "/api/v1/apps", &[host, &cookie, bearer]).0, 401);
    assert_eq!(get(&keyway, "/api/v1/apps", &[host, &cookie, "authorization: Basic eDp5"]).0, 421);
    assert_eq!(get(&keyway, "/api/v1/openapi.json", &[host]).0, 421);
    let origin = "origin: http://evil.example";
    for path in
        ["/sign-in", "/sign-in/code", "/sign-out", "/set-up", "/apps", "/people", "/oauth/authorize", "/account/sign-out-everywhere"]
    {
        assert_eq!(ask(&keyway, "POST", path, &[host, origin, FORM, &cookie, bearer], "x=y").0, 421, "{path}");
    }
    assert_eq!(sign_in(&keyway, "evil.example"), (421, None));
    // Two hosts, none, and one in the target: whichever a proxy or a browser meant, it is not this one for certain.
    let own = format!("host: {}", keyway.address("admin"));
    assert_ne!(get(&keyway, "/apps", &[&own, host, &cookie]).0, 200);
    assert_ne!(get(&keyway, "/apps", &[&cookie]).0, 200);
    assert_eq!(get(&keyway, "http://evil.example/apps", &[&own, &cookie]).0, 421);
    assert_eq!(get(&keyway, "/apps", &[&own, &cookie]).0, 200, "the session is still there");
}

#[test]
fn a_set_up_link_is_not_opened_under_a_foreign_host_name() {
    let keyway = Keyway::start(&[]);
    let link = keyway.screen.lines().find_map(|line| line.trim().strip_prefix("set up  ")).unwrap();
    let token = link.split_once("token=").unwrap().1;
    let form = format!("token={token}&email=eve%40evil.example&password=a+password+that+is+long");
    assert_eq!(get(&keyway, &format!("/set-up?token={token}"), &["host: evil.example"]).0, 421);
    assert_eq!(ask(&keyway, "POST", "/set-up", &["host: evil.example", "origin: http://evil.example", FORM], &form).0, 421);
    assert!(keyway.json(&["user", "list"])["users"].as_array().unwrap().is_empty());
}

#[test]
fn who_comes_under_an_unknown_name_learns_which_setting_adds_it() {
    let keyway = Keyway::start(&[]);
    let host = "host: Keyway.internal:8485";
    let (status, page) = get(&keyway, "/apps", &[host, "accept: text/html,application/xhtml+xml"]);
    assert_eq!(status, 421);
    assert!(page.contains("content-type: text/html") && page.contains("--admin-hosts keyway.internal"), "{page}");
    assert!(page.contains("content-security-policy: default-src"), "{page}");
    let (status, json) = get(&keyway, "/apps", &[host, "accept: */*"]);
    assert_eq!(status, 421);
    assert!(json.contains("application/problem+json") && json.contains("--admin-hosts keyway.internal"), "{json}");
    let (_, page) = get(&keyway, "/", &["host: <script>alert(1)</script>", "accept: text/html"]);
    assert!(!page.contains("<script>"), "{page}");
}

#[test]
fn people_sign_in_under_the_names_of_the_setting_and_of_the_admin_url() {
    let named = with_ada(&["--admin-hosts", "keyway.internal,gateway.example.com"]);
    for host in ["keyway.internal:8485", "GATEWAY.example.com"] {
        let (status, cookie) = sign_in(&named, host);
        assert_eq!(status, 303, "{host}");
        assert_eq!(get(&named, "/apps", &[&format!("host: {host}"), &cookie.unwrap()]).0, 200);
    }
    assert_eq!(sign_in(&named, "other.internal").0, 421);
    let at_url = with_ada(&["--admin-url", "https://keyway.example.com:9000"]);
    // nginx leaves the port out of `$host`.
    assert_eq!(sign_in(&at_url, "keyway.example.com").0, 303);
}
