//! Signing in, and what attackers try there: fixation, CSRF, guessing, open redirects, framing.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::harness::{ADMIN_TOKEN, Keyway};
use crate::notify_kinds::aged;

const PASSWORD: &str = "a password that is long";

pub struct Answer {
    pub status: u16,
    head: String,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.split_once(": ").filter(|(one, _)| one.eq_ignore_ascii_case(name)).map(|(_, value)| value))
    }

    /// The cookie that it sets, as a browser sends it back.
    fn cookie(&self) -> String {
        self.header("set-cookie").and_then(|cookie| cookie.split(';').next()).unwrap().to_owned()
    }

    /// The value of a hidden field of the page.
    pub fn field(&self, name: &str) -> String {
        let rest = self.body.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap_or_else(|| panic!("no {name} in {}", self.body));
        rest.split('"').next().unwrap().to_owned()
    }
}

pub struct Browser<'a> {
    keyway: &'a Keyway,
    cookie: String,
}

impl<'a> Browser<'a> {
    pub fn new(keyway: &'a Keyway) -> Self {
        Self { keyway, cookie: String::new() }
    }

    fn send(&self, method: &str, path: &str, form: &[(&str, &str)], headers: &str) -> Answer {
        let address = self.keyway.address("admin");
        let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
        let body = form.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect::<Vec<_>>().join("&");
        let cookie = if self.cookie.is_empty() { String::new() } else { format!("cookie: {}\r\n", self.cookie) };
        let mut stream = TcpStream::connect(address).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/x-www-form-urlencoded\r\n{headers}{cookie}content-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        Answer { status: head.split(' ').nth(1).unwrap().parse().unwrap(), head: head.to_owned(), body: body.to_owned() }
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "")
    }

    /// A form of this server's own page.
    pub fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let origin = format!("origin: http://{}\r\n", self.keyway.address("admin"));
        self.send("POST", path, form, &origin)
    }

    pub fn sign_in(&mut self, email: &str, password: &str) -> Answer {
        let answer = self.post("/sign-in", &[("email", email), ("password", password)]);
        if answer.header("set-cookie").is_some() {
            self.cookie = answer.cookie();
        }
        answer
    }
}

fn set_up_path(keyway: &Keyway) -> Option<String> {
    let link = keyway.screen.lines().find_map(|line| line.trim().strip_prefix("set up  "))?;
    Some(link.split_once("/set-up").map(|(_, rest)| format!("/set-up{rest}")).unwrap())
}

/// A server whose first super admin is ada@example.com.
fn set_up() -> Keyway {
    let keyway = Keyway::start(&[]);
    keyway.json(&["user", "create", "ada@example.com", "--credential-command", &format!("printf '{PASSWORD}'")]);
    keyway
}

#[test]
fn the_set_up_link_leads_to_a_super_admin_who_is_signed_in() {
    let keyway = Keyway::start(&[]);
    let path = set_up_path(&keyway).expect("a new server prints the link");
    let mut browser = Browser::new(&keyway);
    assert_eq!(browser.get("/set-up?token=guessed").status, 410);
    let page = browser.get(&path);
    assert_eq!(page.status, 200);
    let token = page.field("token");
    let form =
        |password: &'static str| [("token", token.clone()), ("email", "ada@example.com".to_owned()), ("password", password.to_owned())];
    let send = |browser: &Browser<'_>, password| {
        let form = form(password);
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        browser.post("/set-up", &form)
    };
    assert!(send(&browser, "too short").body.contains("at least 15 characters"));
    let done = send(&browser, PASSWORD);
    assert_eq!(done.status, 303, "{}", done.body);
    browser.cookie = done.cookie();
    assert!(browser.get("/account").body.contains("ada@example.com"));
    assert_eq!(send(&browser, PASSWORD).status, 410, "the link is good once");
    assert_eq!(keyway.json(&["user", "list"])["users"][0]["role"], "super-admin");
    let seen = keyway.json(&["changes"]);
    assert_eq!(seen["changes"][1]["operation"], "setUp");
    assert_eq!((&seen["changes"][0]["operation"], &seen["changes"][0]["who"]), (&"signIn".into(), &"ada@example.com".into()));
    let again = Keyway::start_in(keyway.stop(), &[]);
    assert_eq!(set_up_path(&again), None, "there is somebody now");
}

#[test]
fn a_session_is_a_new_one_at_every_sign_in() {
    let keyway = set_up();
    let mut browser = Browser::new(&keyway);
    // Somebody else has put a cookie there, and hopes that it is signed in with the person.
    browser.cookie = "keyway=planted".to_owned();
    let answer = browser.sign_in("ada@example.com", PASSWORD);
    let cookie = answer.header("set-cookie").unwrap();
    for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age="] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let first = browser.cookie.clone();
    assert_ne!(first, "keyway=planted");
    assert_eq!(Browser { keyway: &keyway, cookie: "keyway=planted".to_owned() }.get("/account").status, 303);
    // Signing in again in the same browser ends the session of before.
    browser.sign_in("ada@example.com", PASSWORD);
    assert_ne!(browser.cookie, first);
    assert_eq!(Browser { keyway: &keyway, cookie: first }.get("/account").status, 303);
    assert_eq!(browser.get("/account").status, 200);
}

#[test]
fn a_form_of_another_site_is_refused_and_so_is_one_without_its_token() {
    let keyway = set_up();
    let mut browser = Browser::new(&keyway);
    browser.sign_in("ada@example.com", PASSWORD);
    let token = browser.get("/account").field("form_token");
    let form = [("form_token", token.as_str())];
    for headers in ["", "origin: https://evil.example\r\n", "origin: null\r\n", "origin: null\r\nsec-fetch-site: cross-site\r\n"] {
        assert_eq!(browser.send("POST", "/account/sign-out-everywhere", &form, headers).status, 403, "{headers}");
    }
    for path in [
        "/account/sign-out-everywhere",
        "/account/password",
        "/account/second-factor",
        "/account/second-factor/confirm",
        "/account/second-factor/remove",
    ] {
        for wrong in ["", "guessed"] {
            assert_eq!(browser.post(path, &[("form_token", wrong), ("password", PASSWORD)]).status, 403, "{path}");
        }
    }
    assert_eq!(browser.get("/account").status, 200, "nothing of it signed her out");
    // The admin API takes no cookie, so there is nothing to forge there.
    assert_eq!(browser.get("/api/v1/apps").status, 401);
    assert_eq!(browser.post("/account/sign-out-everywhere", &form).status, 303);
    assert_eq!(browser.get("/account").status, 303);
}

#[test]
fn a_new_password_ends_every_other_session() {
    let keyway = set_up();
    let (mut here, mut there) = (Browser::new(&keyway), Browser::new(&keyway));
    here.sign_in("ada@example.com", PASSWORD);
    there.sign_in("ada@example.com", PASSWORD);
    let token = here.get("/account").field("form_token");
    let change =
        |present: &str, new: &str| here.post("/account/password", &[("form_token", &token), ("password", present), ("new_password", new)]);
    assert!(change("a wrong password here", "another password, long").body.contains("The password is wrong"));
    assert!(change(PASSWORD, "short").body.contains("at least 15 characters"));
    let changed = change(PASSWORD, "another password, long");
    assert_eq!(changed.status, 303, "{}", changed.body);
    assert_eq!(there.get("/account").status, 303);
    here.cookie = changed.cookie();
    assert_eq!(here.get("/account").status, 200);
    assert_eq!(there.sign_in("ada@example.com", PASSWORD).status, 401);
    assert_eq!(there.sign_in("ada@example.com", "another password, long").status, 303);
    let all = keyway.json(&["changes", "--operation", "changePassword"]);
    assert_eq!(all["changes"][0]["who"], "ada@example.com");
    assert!(!keyway.json(&["changes"]).to_string().contains("another password"));
}

#[test]
fn guessing_must_wait_and_the_right_password_passes() {
    let keyway = set_up();
    let mut browser = Browser::new(&keyway);
    for _ in 0..5 {
        assert_eq!(browser.sign_in("ada@example.com", "a wrong password here").status, 401);
    }
    for _ in 0..3 {
        assert_eq!(browser.sign_in("ada@example.com", "a wrong password here").status, 429);
    }
    assert_eq!(browser.sign_in("ada@example.com", PASSWORD).status, 303);
    // Who is there and who is not is not told by it.
    for _ in 0..5 {
        assert_eq!(browser.sign_in("nobody@example.com", "a wrong password here").status, 401);
    }
    assert_eq!(browser.sign_in("nobody@example.com", "a wrong password here").status, 429);
}

#[test]
fn signing_in_leads_to_no_other_site() {
    let keyway = set_up();
    for (next, leads_to) in [
        ("/account", "/account"),
        ("https://evil.example/", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
    ] {
        let answer = Browser::new(&keyway).post("/sign-in", &[("email", "ada@example.com"), ("password", PASSWORD), ("next", next)]);
        assert_eq!((answer.status, answer.header("location")), (303, Some(leads_to)), "{next}");
    }
}

#[test]
fn every_page_keeps_frames_scripts_and_caches_out() {
    let keyway = set_up();
    let mut browser = Browser::new(&keyway);
    browser.sign_in("ada@example.com", PASSWORD);
    for path in ["/sign-in", "/set-up?token=x", "/account", "/", "/oauth/authorize?client_id=x", "/oauth/callback"] {
        let answer = browser.get(path);
        let policy = answer.header("content-security-policy").unwrap_or_else(|| panic!("{path}"));
        for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        for (name, value) in [
            ("x-frame-options", "DENY"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path}: {name}");
        }
    }
    // The API's answers hold tokens at times, and are JSON whatever a browser makes of them.
    let answer = browser.send("GET", "/api/v1/apps", &[], &format!("authorization: Bearer {ADMIN_TOKEN}\r\n"));
    assert_eq!((answer.header("cache-control"), answer.header("x-content-type-options")), (Some("no-store"), Some("nosniff")));
}

#[test]
fn a_second_factor_is_asked_for_and_its_codes_are_good_once() {
    let keyway = set_up();
    let mut browser = Browser::new(&keyway);
    browser.sign_in("ada@example.com", PASSWORD);
    let token = browser.get("/account").field("form_token");
    let begun = browser.post("/account/second-factor", &[("form_token", &token), ("password", PASSWORD)]);
    let key = begun.body.split("<code id=\"key\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    assert_eq!(browser.sign_in("ada@example.com", PASSWORD).status, 303, "it counts from its first code on");
    let token = browser.get("/account").field("form_token");
    let code = oathtool(&key);
    let confirmed = browser.post("/account/second-factor/confirm", &[("form_token", &token), ("code", &code)]);
    let recovery: Vec<&str> = confirmed.body.split("<li><code>").skip(1).map(|rest| rest.split('<').next().unwrap()).collect();
    assert_eq!(recovery.len(), 10, "{}", confirmed.body);
    let mut other = Browser::new(&keyway);
    let asked = other.sign_in("ada@example.com", PASSWORD);
    assert!(asked.status == 200 && asked.body.contains("authenticator app"), "{}", asked.body);
    assert_eq!(other.get("/account").status, 303, "the password alone opens nothing");
    assert_eq!(other.post("/sign-in/code", &[("code", &code)]).status, 401, "the code was used");
    let done = other.post("/sign-in/code", &[("code", recovery[0]), ("next", "/account")]);
    assert_eq!((done.status, done.header("location")), (303, Some("/account")));
    assert_ne!(done.cookie(), other.cookie, "a session is a new one");
    other.cookie = done.cookie();
    assert_eq!(other.get("/account").status, 200);
    other.sign_in("ada@example.com", PASSWORD);
    assert_eq!(other.post("/sign-in/code", &[("code", recovery[0])]).status, 401, "a recovery code is good once");
    keyway.json(&["user", "remove-second-factor", "ada@example.com"]);
    assert_eq!(other.sign_in("ada@example.com", PASSWORD).status, 303);
}

/// The code that an authenticator app shows now: Python's own HMAC, so that not one and the same code is compared with itself.
fn oathtool(key: &str) -> String {
    let program = "import base64,hashlib,hmac,struct,sys,time\nd=hmac.new(base64.b32decode(sys.argv[1]),struct.pack('>Q',int(time.time())//30),hashlib.sha1).digest()\no=d[-1]&15\nprint('%06d'%((struct.unpack('>I',d[o:o+4])[0]&0x7fffffff)%1000000),end='')";
    let output = std::process::Command::new("python3").args(["-c", program, key]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn forms_are_small_before_anybody_is_known() {
    let keyway = Keyway::start(&[]);
    let browser = Browser::new(&keyway);
    for (path, field) in [("/sign-in", "email"), ("/set-up", "token"), ("/oauth/authorize", "scope"), ("/sign-in/code", "code")] {
        // Each letter is three bytes of the form.
        assert_eq!(browser.post(path, &[(field, &"x".repeat(22_000))]).status, 413, "{path}");
    }
    assert_ne!(browser.post("/sign-in", &[("email", &"x".repeat(20_000)), ("password", "y")]).status, 413);
}

#[test]
fn forms_for_reports_and_errors_are_large_after_sign_in_and_have_an_end() {
    let keyway = set_up();
    let mut browser = Browser::new(&keyway);
    let text = "x".repeat(64 << 10);
    for (path, field) in [("/migration/plan", "report"), ("/migration/send", "report"), ("/doctor", "text")] {
        assert_ne!(browser.post(path, &[(field, &text)]).status, 200, "{path}: nobody is signed in");
    }
    browser.sign_in("ada@example.com", PASSWORD);
    // Each letter is three bytes of the form.
    for (path, field, mebibytes) in [("/migration/plan", "report", 64), ("/migration/send", "report", 64), ("/doctor", "text", 48)] {
        assert_ne!(browser.post(path, &[(field, &text)]).status, 413, "{path}: three times the bound of other forms");
        assert_eq!(browser.post(path, &[(field, &"x".repeat((mebibytes << 20) / 3))]).status, 413, "{path}");
    }
}

#[test]
fn ids_and_formats_that_are_none_are_answered_in_the_consoles_own_words() {
    let keyway = set_up();
    let mut browser = Browser::new(&keyway);
    browser.sign_in("ada@example.com", PASSWORD);
    for path in ["/apps/x", "/accounts/x", "/public-apps/-1", "/apps/1/tokens/x/revoke", "/admin-tokens/x/revoke"] {
        let answer = browser.get(path);
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.body.contains("<html") && answer.body.contains("No page has this address"), "{path}: {}", answer.body);
    }
    let answer = browser.get("/audit/export?format=x");
    assert!(answer.status == 400 && answer.body.contains("use jsonl or csv"), "{} {}", answer.status, answer.body);
}

#[test]
fn whose_access_has_ended_is_told_so_at_each_page_and_sign_in() {
    let keyway = set_up();
    let password = format!("printf '{PASSWORD}'");
    let made = keyway.json(&["user", "create", "eve@example.com", "--until", "2w", "--credential-command", &password]);
    assert!(made["user"]["expiresAt"].is_string());
    let mut browser = Browser::new(&keyway);
    browser.sign_in("eve@example.com", PASSWORD);
    assert_eq!(browser.get("/people").status, 200);
    let cookie = std::mem::take(&mut browser.cookie);
    let folder = keyway.stop();
    aged(folder.path(), "update person set expires_at = 1000 where email = 'eve@example.com'");
    let keyway = Keyway::start_in(folder, &[]);
    let mut browser = Browser { keyway: &keyway, cookie };
    let told = |answer: &Answer| answer.status == 403 && answer.body.contains("1970-01-01") && answer.body.contains("keyway user update");
    assert!(told(&browser.get("/people")), "a session that goes on");
    browser.cookie.clear();
    assert!(told(&browser.sign_in("eve@example.com", PASSWORD)), "a new sign-in");
    assert_eq!(browser.sign_in("eve@example.com", "another password").status, 401, "a wrong password is told nothing");
    let user = keyway.json(&["user", "update", "eve@example.com", "--until", "never"]);
    assert_eq!(user["user"]["expiresAt"], serde_json::Value::Null);
    browser.sign_in("eve@example.com", PASSWORD);
    assert_eq!(browser.get("/people").status, 200);
}
