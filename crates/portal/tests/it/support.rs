//! An account to test against, and one way to call it.

use std::io::Write;

use bytes::Bytes;
use http::Method;
use keyway_core::catalog::{Catalog, Resolution};
use keyway_core::error_body::ErrorBody;
use keyway_core::path::NormalPath;
use keyway_core::time::Timestamp;
use keyway_portal::{AccountSettings, Call, Portal, Storage};
use serde_json::{Value, json};

use crate::models;

pub const HUB_ID: u64 = 4242;
pub const APP_ID: u64 = 77;
/// 2026-11-23T15:15:00.123Z
pub const NOW_MS: i64 = 1_795_446_900_123;

pub struct Account {
    runtime: tokio::runtime::Runtime,
    portal: Portal,
    now_ms: std::cell::Cell<i64>,
}

/// What came back: the status, and the body or the error's body.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Answer {
    /// The body, which must have come with this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{:#}", self.body);
        self.body
    }

    /// A refusal with this status, whose body has this text somewhere.
    #[track_caller]
    pub fn refused(self, status: u16, text: &str) {
        assert_eq!(self.status, status, "{:#}", self.body);
        let body = self.body.to_string();
        assert!(body.contains(text), "{text} is not in {body}");
    }

    /// The ids of `results`.
    #[track_caller]
    pub fn ids(self) -> Vec<String> {
        let results = self.expect(200)["results"].as_array().cloned().unwrap_or_default();
        results.iter().map(|one| one["id"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

impl Account {
    pub fn new() -> Self {
        Self::open(Storage::Ephemeral)
    }

    pub fn open(storage: Storage) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let portal = runtime.block_on(Portal::open(storage)).unwrap();
        runtime.block_on(portal.create_account(HUB_ID, settings())).unwrap();
        Self { runtime, portal, now_ms: std::cell::Cell::new(NOW_MS) }
    }

    pub fn portal(&self) -> &Portal {
        &self.portal
    }

    /// How many documents were written.
    pub fn written(&self) -> u64 {
        self.block_on(self.portal.written(HUB_ID))
    }

    /// All that the account holds.
    pub fn copy(&self) -> Vec<u8> {
        self.block_on(self.portal.copy_account(HUB_ID)).unwrap()
    }

    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Time goes on by one millisecond with every call.
    pub fn call_with(&self, line: &str, body: &[u8]) -> Answer {
        self.call_by(APP_ID, line, body)
    }

    /// The same, by another app.
    pub fn call_by(&self, app_id: u64, line: &str, body: &[u8]) -> Answer {
        let call = Call { app_id, ..call(line, body, self.now_ms.replace(self.now_ms.get() + 1)) };
        let answer = self.runtime.block_on(self.portal.handle(call));
        if answer.is_ok() {
            note_tested(line);
        }
        match answer {
            Ok(reply) => {
                let body = match reply.body.len() {
                    0 => Value::Null,
                    // A file is in the form that it was sent in.
                    _ if line.contains("/export") && line.contains("/hubdb/") => return Answer { status: reply.status, body: Value::Null },
                    _ => serde_json::from_slice(&reply.body).expect("an answer is JSON"),
                };
                if let Err(fault) = models::check(line, reply.status, &body) {
                    panic!("{line} does not have the form of HubSpot's model: {fault}");
                }
                Answer { status: reply.status, body }
            }
            Err(error) => Answer { status: error.status, body: envelope(&error) },
        }
    }

    /// Lets time go by.
    pub fn later(&self, ms: i64) {
        self.now_ms.set(self.now_ms.get() + ms);
    }

    pub fn call(&self, line: &str, body: Value) -> Answer {
        self.call_with(line, body.to_string().as_bytes())
    }

    pub fn get(&self, path: &str) -> Answer {
        self.call_with(&format!("GET {path}"), b"")
    }

    /// A file's content.
    #[track_caller]
    pub fn download(&self, path: &str) -> String {
        let line = format!("GET {path}");
        let reply = self.runtime.block_on(self.portal.handle(call(&line, b"", self.now_ms.get()))).expect("the file is there");
        note_tested(&line);
        String::from_utf8(reply.body.to_vec()).expect("a CSV file is text")
    }

    /// An answer that is not JSON.
    #[track_caller]
    pub fn text(&self, line: &str, body: &str) -> String {
        let reply = self.runtime.block_on(self.portal.handle(call(line, body.as_bytes(), self.now_ms.get()))).expect("it is answered");
        note_tested(line);
        String::from_utf8(reply.body.to_vec()).expect("an answer is text")
    }

    /// Creates a record and answers its id.
    #[track_caller]
    pub fn make(&self, kind: &str, properties: Value) -> String {
        let made = self.call(&format!("POST /crm/v3/objects/{kind}"), json!({ "properties": properties })).expect(201);
        made["id"].as_str().expect("an id is text").to_owned()
    }

    pub fn contact(&self, email: &str) -> String {
        self.make("contacts", json!({ "email": email }))
    }
}

/// For tests/coverage.py, which asks which operations the tests perform.
fn note_tested(line: &str) {
    let Some(folder) = std::env::var_os("KEYWAY_TESTED") else { return };
    let (method, target) = line.split_once(' ').expect("a line is a method and a target");
    let path = NormalPath::parse(target.split('?').next().unwrap_or_default()).unwrap();
    let Resolution::Found(operation) = Catalog::get().resolve(method, &path) else { return };
    let file = std::path::Path::new(&folder).join(format!("portal-{}.txt", std::process::id()));
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(file).unwrap();
    writeln!(file, "{operation}").unwrap();
}

pub fn settings() -> AccountSettings {
    AccountSettings {
        time_zone: "America/New_York".into(),
        currency: "USD".into(),
        tier: "free".into(),
        created_at: Timestamp::from_ms(NOW_MS),
        name: "Test".into(),
    }
}

/// A call from a line such as `GET /crm/v3/objects/contacts?limit=1`.
pub fn call(line: &str, body: &[u8], now_ms: i64) -> Call {
    let (method, target) = line.split_once(' ').expect("a line is a method and a target");
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query.to_owned())));
    Call {
        hub_id: HUB_ID,
        app_id: APP_ID,
        user_id: 1,
        method: method.parse::<Method>().unwrap(),
        path: NormalPath::parse(path).unwrap(),
        query,
        body: Bytes::copy_from_slice(body),
        now: Timestamp::from_ms(now_ms),
        by: None,
        base: "http://127.0.0.1:8484".into(),
    }
}

fn envelope(error: &ErrorBody) -> Value {
    let body: Value = serde_json::from_slice(&error.to_json("c-1")).unwrap();
    assert_eq!(body["status"], "error");
    body
}
