//! Turns, workers, and the parts of imports and exports.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use keyway_core::path::NormalPath;
use keyway_core::time::Timestamp;
use serde_json::json;

use super::*;
use crate::{AccountSettings, Portal, Storage};

const CONTACTS: &str = "/crm/v3/objects/contacts";

async fn portal(patience: Duration) -> Portal {
    let mut portal = Portal::open(Storage::Ephemeral).await.unwrap();
    portal.desk.patience = patience;
    for hub_id in [1, 2] {
        let (time_zone, currency, tier, name) = ("UTC".into(), "USD".into(), "free".into(), String::new());
        let settings = AccountSettings { time_zone, currency, tier, created_at: Timestamp::from_ms(0), name };
        portal.create_account(hub_id, settings).await.unwrap();
    }
    portal
}

fn call(hub_id: u64, method: Method, path: &str, body: impl Into<Bytes>) -> Call {
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query.to_owned())));
    let (path, body) = (NormalPath::parse(path).unwrap(), body.into());
    let (now, base) = (Timestamp::from_ms(1), "http://127.0.0.1".into());
    Call { hub_id, app_id: 1, user_id: 1, method, path, query, body, now, by: None, base }
}

fn read(hub_id: u64) -> Call {
    call(hub_id, Method::GET, CONTACTS, "")
}

fn create(hub_id: u64, text: &str) -> Call {
    call(hub_id, Method::POST, CONTACTS, json!({ "properties": { "firstname": text } }).to_string())
}

/// Polls a future once, as a thread does that has other connections to serve.
fn once<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) -> Option<T> {
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

#[tokio::test]
async fn a_call_waits_for_its_account_and_others_go_on() {
    let portal = portal(Duration::from_secs(60)).await;
    let account = portal.account(1).unwrap();
    let held = account.alone().await;
    let (mut reading, mut writing) = (pin!(portal.handle(read(1))), pin!(portal.handle(create(1, "a"))));
    assert!(once(reading.as_mut()).is_none() && once(writing.as_mut()).is_none());
    assert_eq!(once(pin!(portal.handle(create(2, "b")))).unwrap().unwrap().status, 201);
    assert_eq!(once(pin!(portal.handle(read(2)))).unwrap().unwrap().status, 200);
    drop(held);
    assert_eq!((reading.await.unwrap().status, writing.await.unwrap().status), (200, 201));
}

#[tokio::test]
async fn calls_that_read_go_on_beside_one_that_reads_for_long() {
    let portal = portal(Duration::from_secs(60)).await;
    let account = portal.account(1).unwrap();
    let held = account.turn(true).await;
    assert_eq!(once(pin!(portal.handle(read(1)))).unwrap().unwrap().status, 200);
    let mut writing = pin!(portal.handle(create(1, "a")));
    assert!(once(writing.as_mut()).is_none());
    drop(held);
    assert_eq!(writing.await.unwrap().status, 201);
}

#[tokio::test]
async fn a_call_whose_turn_does_not_come_is_told_to_try_again() {
    let portal = portal(Duration::from_millis(20)).await;
    let account = portal.account(1).unwrap();
    let _held = account.alone().await;
    let refused = portal.handle(create(1, "a")).await.unwrap_err();
    assert_eq!((refused.status, refused.retry_after_s), (503, Some(2)));
    // Nor does one that waits for a worker behind others of its account.
    let account = portal.account(2).unwrap();
    let _places = (account.turn(true).await, account.turn(true).await);
    let lists = call(2, Method::GET, "/crm/v3/properties/contacts", "");
    assert_eq!(portal.handle(lists).await.unwrap_err().status, 503);
}

#[tokio::test]
async fn a_short_call_waits_for_its_turn_and_needs_no_worker() {
    let portal = portal(Duration::from_secs(60)).await;
    let account = portal.account(1).unwrap();
    let mut places = Vec::new();
    while let Ok(place) = timeout(Duration::ZERO, portal.workers.place()).await {
        places.push(place);
    }
    let held = account.alone().await;
    let mut made = std::pin::pin!(portal.handle(create(1, "a")));
    assert!(timeout(Duration::ZERO, made.as_mut()).await.is_err(), "others have the account");
    drop(held);
    assert_eq!(made.await.unwrap().status, 201);
}

#[tokio::test]
async fn a_call_that_takes_more_steps_than_a_serving_thread_gives_is_performed_by_a_worker() {
    let portal = portal(Duration::from_secs(60)).await;
    let account = portal.account(1).unwrap();
    for _ in 0..20 {
        assert_eq!(portal.handle(create(1, &"x".repeat(65_000))).await.unwrap().status, 201);
    }
    let page = || call(1, Method::GET, "/crm/v3/objects/contacts?limit=20&properties=firstname", "");
    assert!(portal.desk.here(&account, &page()).await.unwrap().is_none(), "1.3 MB are not written here");
    assert!(portal.handle(page()).await.unwrap().body.len() > 1_300_000);
    assert!(portal.desk.here(&account, &read(1)).await.unwrap().is_some());
}

#[tokio::test]
async fn an_account_whose_calls_are_mostly_long_is_left_to_workers_until_they_are_short_again() {
    let portal = portal(Duration::from_secs(60)).await;
    let account = portal.account(1).unwrap();
    for _ in 0..20 {
        assert_eq!(portal.handle(create(1, &"x".repeat(65_000))).await.unwrap().status, 201);
    }
    let mut begun = 0;
    while account.is_begun_here() {
        let page = call(1, Method::GET, "/crm/v3/objects/contacts?limit=20&properties=firstname", "");
        assert!(portal.desk.here(&account, &page).await.unwrap().is_none());
        begun += 1;
    }
    assert!(begun <= 4, "{begun} long calls were begun on a serving thread");
    assert!(portal.desk.here(&account, &read(1)).await.unwrap().is_none(), "nor is a short one");
    while !account.is_begun_here() {
        assert_eq!(portal.handle(read(1)).await.unwrap().status, 200);
    }
    assert!(portal.desk.here(&account, &read(1)).await.unwrap().is_some());
    // Other accounts are not concerned.
    assert!(portal.desk.here(&portal.account(2).unwrap(), &read(2)).await.unwrap().is_some());
}

#[tokio::test]
async fn a_change_that_takes_too_many_steps_here_is_made_once() {
    let portal = portal(Duration::from_secs(60)).await;
    let company = call(1, Method::POST, "/crm/v3/objects/companies", r#"{"properties":{"name":"Acme"}}"#);
    let made: serde_json::Value = serde_json::from_slice(&portal.handle(company).await.unwrap().body).unwrap();
    let link = json!({ "to": { "id": made["id"] }, "types": [{ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279 }] });
    let body = json!({ "inputs": [{ "properties": {}, "associations": vec![link; 300] }, { "properties": {} }] });
    let account = portal.account(1).unwrap();
    let inputs: Vec<_> = (0..4).map(|_| body["inputs"][0].clone()).collect();
    let batch = || call(1, Method::POST, "/crm/v3/objects/contacts/batch/create", json!({ "inputs": inputs }).to_string());
    assert!(portal.desk.here(&account, &batch()).await.unwrap().is_none());
    assert_eq!(portal.handle(batch()).await.unwrap().status, 201);
    let found: serde_json::Value = serde_json::from_slice(&portal.handle(read(1)).await.unwrap().body).unwrap();
    assert_eq!(found["results"].as_array().unwrap().len(), 4);
}

/// Sends an import of contacts, which begins with the next call.
async fn import(portal: &Portal, count: usize) {
    portal.handle(import_of("0-1", "firstname", count)).await.unwrap();
}

fn import_of(object_type: &str, property: &str, count: usize) -> Call {
    let request = json!({ "name": "i", "files": [{ "fileName": "a.csv", "fileImportPage": { "columnMappings": [
        { "columnObjectTypeId": object_type, "columnName": property, "propertyName": property } ] } }] });
    let rows: String = (0..count).map(|at| format!("n{at}\n")).collect();
    let form = format!(
        "--b\r\nContent-Disposition: form-data; name=\"importRequest\"\r\n\r\n{request}\r\n--b\r\nContent-Disposition: form-data; name=\"files\"; filename=\"a.csv\"\r\n\r\n{property}\n{rows}\r\n--b--\r\n"
    );
    call(1, Method::POST, "/crm/v3/imports", form)
}

/// Makes an object type with one property.
fn schema() -> Call {
    let plate = json!({ "name": "plate", "label": "Plate", "type": "string", "fieldType": "text" });
    let labels = json!({ "singular": "Car", "plural": "Cars" });
    let car = json!({ "name": "car", "labels": labels, "primaryDisplayProperty": "plate", "properties": [plate] });
    call(1, Method::POST, "/crm/v3/schemas", car.to_string())
}

#[tokio::test]
async fn others_have_the_account_while_the_files_of_an_import_are_read() {
    let portal = portal(Duration::from_secs(60)).await;
    let account = portal.account(1).unwrap();
    let held = account.alone().await;
    // Both are in line for the account, the import first. It needs the type that the other call makes.
    let (mut importing, mut defining) = (pin!(portal.handle(import_of("p_car", "plate", 5_000))), pin!(portal.handle(schema())));
    assert!(once(importing.as_mut()).is_none() && once(defining.as_mut()).is_none());
    drop(held);
    let (imported, defined) = tokio::join!(importing, defining);
    assert_eq!((imported.unwrap().status, defined.unwrap().status), (200, 201));
    // The call that does its first part does not read the files again.
    assert!(account.shared().await.importing.is_some());
}

#[tokio::test]
async fn an_import_that_is_no_form_is_refused_without_a_turn_alone() {
    let portal = portal(Duration::from_secs(60)).await;
    let account = portal.account(1).unwrap();
    let _reading = account.turn(true).await;
    assert_eq!(portal.handle(call(1, Method::POST, "/crm/v3/imports", "{}")).await.unwrap_err().status, 400);
}

#[tokio::test]
async fn a_call_gets_its_turn_between_two_parts_of_an_import() {
    let portal = portal(Duration::from_secs(60)).await;
    import(&portal, 5_000).await;
    let account = portal.account(1).unwrap();
    let held = account.alone().await;
    let (mut own, mut other) = (pin!(portal.handle(read(1))), pin!(portal.handle(Call { app_id: 2, ..create(1, "between") })));
    // Both are in line for the account, the app of the import first.
    assert!(once(own.as_mut()).is_none() && once(other.as_mut()).is_none());
    drop(held);
    let (own, other) = tokio::join!(own, other);
    assert_eq!(own.unwrap().status, 200);
    let made: serde_json::Value = serde_json::from_slice(&other.unwrap().body).unwrap();
    let id: u64 = made["id"].as_str().unwrap().parse().unwrap();
    let state = account.shared().await;
    let contacts = keyway_objects::kind::Kind::of("contacts").unwrap();
    assert_eq!(state.table(contacts).count(), 5_001);
    let after = state.table(contacts).range(id + 1, false).count();
    assert!(after > 1_000 && after < 4_000, "{after} rows came after it");
    assert!(state.importing.is_none());
}

/// The ids of the first and the last contact.
async fn ends(account: &Account) -> [u64; 2] {
    let state = account.shared().await;
    let mut ids = state.table(keyway_objects::kind::Kind::of("contacts").unwrap()).range(0, false).map(|record| record.id);
    let first = ids.next().unwrap();
    [first, ids.last().unwrap()]
}

fn export(object_type: &str, property: &str) -> Call {
    let body =
        json!({ "exportType": "VIEW", "format": "CSV", "exportName": "e", "objectType": object_type, "objectProperties": [property] });
    call(1, Method::POST, "/crm/v3/exports/export/async", body.to_string())
}

#[tokio::test]
async fn calls_get_their_turn_between_two_parts_of_an_export() {
    let portal = portal(Duration::from_secs(60)).await;
    import(&portal, 5_000).await;
    assert_eq!(portal.handle(read(1)).await.unwrap().status, 200);
    let account = portal.account(1).unwrap();
    let [first, last] = ends(&account).await;
    let inputs = [first, last].map(|id| json!({ "id": id.to_string(), "properties": { "firstname": "changed" } }));
    let change = call(1, Method::POST, "/crm/v3/objects/contacts/batch/update", json!({ "inputs": inputs }).to_string());
    let held = account.alone().await;
    let (mut exporting, mut changing) = (pin!(portal.handle(export("contacts", "firstname"))), pin!(portal.handle(change)));
    // Both are in line for the account, the export first.
    assert!(once(exporting.as_mut()).is_none() && once(changing.as_mut()).is_none());
    drop(held);
    let (exported, changed) = tokio::join!(exporting, changing);
    assert_eq!((exported.unwrap().status, changed.unwrap().status), (202, 200));
    let file = portal.handle(call(1, Method::GET, "/crm/v3/exports/export/101/download", "")).await.unwrap().body;
    let rows: Vec<&str> = std::str::from_utf8(&file).unwrap().lines().skip(1).collect();
    assert_eq!(rows.len(), 5_000);
    // The change came after the first row was written, and before the last one was.
    assert_eq!((rows[0], rows[4_999]), (format!("{first},n0").as_str(), format!("{last},changed").as_str()));
}

#[tokio::test]
async fn an_export_has_the_records_of_an_import_that_its_app_sent_before() {
    let portal = portal(Duration::from_secs(60)).await;
    import(&portal, 5_000).await;
    assert_eq!(portal.handle(export("contacts", "firstname")).await.unwrap().status, 202);
    let task: serde_json::Value =
        serde_json::from_slice(&portal.handle(call(1, Method::GET, "/crm/v3/exports/export/101", "")).await.unwrap().body).unwrap();
    assert_eq!(task["recordCount"], 5_000);
}

#[tokio::test]
async fn one_file_of_an_account_is_worked_on_at_a_time_and_leaves_a_worker_to_other_calls() {
    let portal = portal(Duration::from_millis(20)).await;
    let account = portal.account(1).unwrap();
    let _exporting = account.file().await;
    assert_eq!(portal.handle(export("contacts", "firstname")).await.unwrap_err().status, 503);
    assert_eq!(portal.handle(import_of("0-1", "firstname", 1)).await.unwrap_err().status, 503);
    assert_eq!(portal.handle(call(1, Method::GET, "/crm/v3/properties/contacts", "")).await.unwrap().status, 200);
}

#[tokio::test]
async fn an_export_whose_object_type_is_deleted_meanwhile_is_refused() {
    let portal = portal(Duration::from_secs(60)).await;
    assert_eq!(portal.handle(schema()).await.unwrap().status, 201);
    let account = portal.account(1).unwrap();
    let mut state = account.alone().await;
    let work = Work::new(STEPS_MAX, Arc::default());
    let mut begun = collections::begin_export(&export("p_car", "plate"), &state, &work).unwrap();
    let kind = state.spaces().find(|space| space.custom.is_some()).unwrap().kind;
    Tx::new(&mut state).remove_custom(kind);
    assert_eq!(begun.part(&state, &work).unwrap_err().status, 404);
}

#[tokio::test]
async fn calls_end_when_the_server_does() {
    let portal = portal(Duration::from_secs(60)).await;
    portal.handle(create(1, "a")).await.unwrap();
    portal.close().await;
    assert_eq!(portal.handle(read(1)).await.unwrap_err().status, 503);
}

#[tokio::test]
async fn an_account_that_is_deleted_while_a_call_waits_for_it_takes_nothing_more() {
    let portal = portal(Duration::from_secs(60)).await;
    let account = portal.account(1).unwrap();
    let held = account.alone().await;
    let (mut writing, mut deleting) = (pin!(portal.handle(create(1, "a"))), pin!(portal.delete_account(1)));
    assert!(once(deleting.as_mut()).is_none() && once(writing.as_mut()).is_none());
    // The other accounts are found meanwhile.
    assert_eq!(once(pin!(portal.handle(read(2)))).unwrap().unwrap().status, 200);
    drop(held);
    deleting.await.unwrap();
    assert_eq!(writing.await.unwrap_err().status, 404);
    assert!(portal.account(1).is_none());
}
