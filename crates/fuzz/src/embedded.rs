//! Calls to the embedded account.

use std::cell::RefCell;

use bytes::Bytes;
use http::Method;
use keyway_core::path::NormalPath;
use keyway_core::time::Timestamp;
use keyway_portal::{AccountSettings, Call, Portal, Storage};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

const NOW: Timestamp = Timestamp::from_ms(1_795_000_000_000);

/// An embedded account in memory, with a few records.
struct Account {
    portal: Portal,
    runtime: Runtime,
    hub_id: u64,
}

impl Account {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let portal = runtime.block_on(Portal::open(Storage::Ephemeral)).expect("an account in memory");
        Self { portal, runtime, hub_id: 0 }
    }

    /// Empties the account and gives it three contacts and a list.
    fn renew(&mut self) {
        let settings =
            AccountSettings { time_zone: "UTC".into(), currency: "EUR".into(), tier: "free".into(), created_at: NOW, name: "Fuzz".into() };
        self.runtime.block_on(self.portal.delete_account(self.hub_id)).expect("memory can be written");
        self.hub_id += 1;
        self.runtime.block_on(self.portal.create_account(self.hub_id, settings)).expect("memory can be written");
        for (number, name) in ["Ada", "Grace", "Edsger"].iter().enumerate() {
            let properties =
                json!({ "email": format!("{name}@example.com"), "firstname": name, "closedate": format!("2026-0{}-01", number + 1) });
            let (status, answer) = self.send("POST", "/crm/v3/objects/contacts", &json!({ "properties": properties }));
            assert_eq!(status, 201, "{answer}");
        }
    }

    /// Sends a body as JSON. A refusal is HubSpot's (4xx), and an answer is JSON or nothing.
    fn send(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        self.bytes(method, path, Bytes::from(body.to_string()))
    }

    fn bytes(&self, method: &str, path: &str, body: Bytes) -> (u16, Value) {
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query.to_owned())));
        let call = Call {
            hub_id: self.hub_id,
            app_id: 1,
            user_id: 1,
            method: method.parse::<Method>().expect("a method"),
            path: NormalPath::parse(path).expect("a path"),
            query,
            body,
            now: NOW,
            by: None,
            base: "http://127.0.0.1".into(),
        };
        match self.runtime.block_on(self.portal.handle(call)) {
            Ok(reply) if reply.body.is_empty() => (reply.status, Value::Null),
            Ok(reply) => (reply.status, serde_json::from_slice(&reply.body).expect("an answer is JSON")),
            Err(refused) => {
                // What the embedded account does not do is 501, in words.
                assert!((400..500).contains(&refused.status) || refused.status == 501, "{} {}", refused.status, refused.message);
                (refused.status, serde_json::from_slice(&refused.to_json("c")).expect("a refusal is JSON"))
            }
        }
    }
}

thread_local! {
    static ACCOUNT: RefCell<Account> = RefCell::new(Account::new());
}

fn on_an_account(test: impl FnOnce(&Account)) {
    ACCOUNT.with_borrow_mut(|account| {
        account.renew();
        test(account);
    });
}

/// The filters of a list: refused and nothing is left of the list, or evaluated with members that exist.
pub fn list_filters(bytes: &[u8]) {
    let Ok(filters) = serde_json::from_slice::<Value>(bytes) else { return };
    on_an_account(|account| {
        for kind in ["DYNAMIC", "SNAPSHOT"] {
            let list = json!({ "name": kind, "objectTypeId": "0-1", "processingType": kind, "filterBranch": filters });
            let (status, made) = account.send("POST", "/crm/v3/lists", &list);
            if status != 200 {
                let (found, _) = account.send("GET", &format!("/crm/v3/lists/object-type-id/0-1/name/{kind}"), &Value::Null);
                assert_eq!(found, 404, "a list that was refused is there");
                continue;
            }
            let id = made["list"]["listId"].as_str().expect("a list has an id").to_owned();
            let (status, members) = account.send("GET", &format!("/crm/v3/lists/{id}/memberships"), &Value::Null);
            assert_eq!(status, 200);
            assert!(members["results"].as_array().expect("members").len() <= 3, "{members}");
        }
    });
}

/// A search: refused, or answered with records that exist and a total that is their number.
pub fn search(bytes: &[u8]) {
    on_an_account(|account| {
        let (status, found) = account.bytes("POST", "/crm/v3/objects/contacts/search", Bytes::copy_from_slice(bytes));
        if status == 200 {
            let results = found["results"].as_array().expect("results").len();
            let total = found["total"].as_u64().expect("a total");
            assert!(results as u64 <= total && total <= 3, "{results} of {total}");
        }
    });
}

/// A CSV file: each row is counted once, as a record or as an error.
pub fn csv_import(bytes: &[u8]) {
    on_an_account(|account| {
        let mapping = |name: &str| json!({ "columnObjectTypeId": "0-1", "columnName": name, "propertyName": name });
        let columns: Vec<Value> = ["email", "firstname", "closedate", "hubspot_owner_id"].into_iter().map(mapping).collect();
        let request = json!({
            "name": "Fuzz", "importOperations": { "0-1": "UPSERT" }, "dateFormat": "DAY_MONTH_YEAR",
            "files": [{ "fileName": "a.csv", "fileFormat": "CSV", "fileImportPage": { "hasHeader": true, "columnMappings": columns } }],
        });
        let (status, started) = account.bytes("POST", "/crm/v3/imports", form(&request, bytes));
        if status != 200 {
            return;
        }
        let id = started["id"].as_str().expect("an import has an id").to_owned();
        account.send("GET", &format!("/crm/v3/imports/{id}"), &Value::Null);
        let (status, done) = account.send("GET", &format!("/crm/v3/imports/{id}"), &Value::Null);
        assert_eq!(status, 200);
        assert!(matches!(done["state"].as_str(), Some("DONE" | "FAILED")), "{done}");
        let (status, _) = account.send("GET", &format!("/crm/v3/imports/{id}/errors?limit=100"), &Value::Null);
        assert_eq!(status, 200);
        let (status, _) = account.send("GET", "/crm/v3/objects/contacts?limit=100", &Value::Null);
        assert_eq!(status, 200);
    });
}

/// The body of an import: the request and one file.
fn form(request: &Value, csv: &[u8]) -> Bytes {
    let head = format!(
        "--b\r\nContent-Disposition: form-data; name=\"importRequest\"\r\n\r\n{request}\r\n--b\r\nContent-Disposition: form-data; name=\"files\"; filename=\"a.csv\"\r\nContent-Type: text/csv\r\n\r\n"
    );
    [head.as_bytes(), csv, b"\r\n--b--\r\n"].concat().into()
}
