//! What was acknowledged is there after a restart, and what goes, goes from the file as well.

use std::sync::Arc;
use std::time::Duration;

use keyway_core::time::Timestamp;
use keyway_portal::{Portal, Storage};
use serde_json::json;

use crate::support::{Account, HUB_ID, NOW_MS, call, settings};

const CONTACTS: &str = "GET /crm/v3/objects/contacts?limit=100";

#[test]
fn everything_is_there_after_a_restart_without_a_close() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Account::open(Storage::Folder(folder.path().to_owned()));
    let paths = [
        "/crm/v3/objects/contacts?limit=50&propertiesWithHistory=city&associations=companies",
        "/crm/v3/objects/contacts?archived=true",
        "/crm/v3/objects/companies?associations=contacts",
        "/crm/v3/owners",
        "/account-info/v3/details",
    ];
    let answers = |account: &Account| paths.map(|path| account.get(path).expect(200));

    let before = open();
    before.contact("a@example.com");
    let gone = before.contact("gone@example.com");
    before.make("companies", json!({ "name": "Foods \"& \u{1F355}\"" }));
    for city in ["Porto", "", "Lagos"] {
        before.call("PATCH /crm/v3/objects/contacts/101", json!({ "properties": { "city": city } })).expect(200);
    }
    before.call_with("PUT /crm/v3/objects/contacts/101/associations/companies/101/1", b"").expect(200);
    before.call_with(&format!("DELETE /crm/v3/objects/contacts/{gone}"), b"").expect(204);
    let expected = answers(&before);
    drop(before);

    let after = open();
    assert_eq!(answers(&after), expected);
    assert_eq!(after.contact("b@example.com"), "103", "ids go on where they were");
    after.call("POST /crm/v3/objects/contacts", json!({ "properties": { "email": "a@example.com" } })).refused(409, "Existing ID: 101");
}

#[test]
fn what_an_account_defined_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Account::open(Storage::Folder(folder.path().to_owned()));
    let before = open();
    let property =
        json!({ "name": "shoe", "label": "Shoe", "groupName": "shoes", "type": "string", "fieldType": "text", "hasUniqueValue": true });
    before.call("POST /crm/v3/properties/contacts/groups", json!({ "name": "shoes", "label": "Shoes" })).expect(201);
    before.call("POST /crm/v3/properties/contacts", property).expect(201);
    before.call("PUT /crm/property-validations/2026-09/0-1/shoe/rule-type/MAX_LENGTH", json!({ "ruleArguments": ["2"] })).expect(204);
    let stage = json!({ "label": "First", "displayOrder": 0, "metadata": { "probability": "0.5" } });
    let pipeline =
        before.call("POST /crm/v3/pipelines/deals", json!({ "label": "Other", "displayOrder": 1, "stages": [stage] })).expect(201);
    let pipeline = pipeline["id"].as_str().unwrap();
    let boat = json!({ "name": "boat", "labels": { "singular": "Boat", "plural": "Boats" }, "properties": [{ "name": "title", "label": "Title" }] });
    let kind = before.call("POST /crm/v3/schemas", boat).expect(201)["objectTypeId"].as_str().unwrap().to_owned();
    let ship = json!({ "name": "ship", "labels": { "singular": "Ship", "plural": "Ships" }, "properties": [] });
    let ship = before.call("POST /crm/v3/schemas", ship).expect(201)["objectTypeId"].as_str().unwrap().to_owned();
    before.call_with(&format!("DELETE /crm/v3/schemas/{ship}?archived=true"), b"").expect(204);
    let (argo, ada) = (before.make(&kind, json!({ "title": "Argo" })), before.make("contacts", json!({ "shoe": "42" })));
    let label =
        before.call(&format!("POST /crm/v4/associations/{kind}/contacts/labels"), json!({ "label": "Owner", "name": "owner" })).expect(200);
    let types = json!([{ "associationCategory": "USER_DEFINED", "associationTypeId": label["results"][0]["typeId"] }]);
    before.call(&format!("PUT /crm/v4/objects/{kind}/{argo}/associations/contacts/{ada}"), types).expect(201);
    let limit = json!({ "inputs": [{ "category": "HUBSPOT_DEFINED", "typeId": 279, "maxToObjectIds": 3 }] });
    before.call("POST /crm/v4/associations/definitions/configurations/contacts/companies/batch/create", limit).expect(201);
    let folder_id = before.call("POST /crm/v3/lists/folders", json!({ "name": "F" })).expect(200)["folder"]["id"].clone();
    let list = json!({ "name": "L", "objectTypeId": "0-1", "processingType": "MANUAL", "listFolderId": folder_id });
    before.call("POST /crm/v3/lists", list).expect(200);
    before.call("PUT /crm/v3/lists/1/memberships/add", json!([ada])).expect(200);
    let last = before.contact("last@example.com");
    before.call("POST /crm/v3/objects/contacts/gdpr-delete", json!({ "objectId": last })).expect(204);

    let paths = [
        "/crm/v3/properties/contacts".to_owned(),
        "/crm/v3/properties/contacts/groups".to_owned(),
        "/crm/property-validations/2026-09/0-1".to_owned(),
        "/crm/v3/pipelines/deals".to_owned(),
        format!("/crm/v3/pipelines/deals/{pipeline}/audit"),
        "/crm/v3/schemas".to_owned(),
        format!("/crm/v4/associations/{kind}/contacts/labels"),
        format!("/crm/v4/objects/contacts/{ada}/associations/{kind}"),
        "/crm/v4/associations/definitions/configurations/all".to_owned(),
        format!("/crm/v3/objects/{kind}/{argo}?properties=title"),
        "/crm/v3/objects/contacts/42?idProperty=shoe".to_owned(),
        "/crm/v3/lists/1".to_owned(),
        "/crm/v3/lists/1/memberships".to_owned(),
        "/crm/v3/lists/folders".to_owned(),
    ];
    let answers = |account: &Account| -> Vec<_> { paths.iter().map(|path| account.get(path).expect(200)).collect() };
    let expected = answers(&before);
    drop(before);
    let after = open();
    assert_eq!(answers(&after), expected);
    assert_ne!(after.contact("next@example.com"), last, "an id is not given twice");
    let again = json!({ "name": "ship", "labels": { "singular": "Ship", "plural": "Ships" }, "properties": [] });
    assert_ne!(after.call("POST /crm/v3/schemas", again).expect(201)["objectTypeId"].as_str(), Some(ship.as_str()));
}

#[test]
fn a_portal_in_memory_keeps_nothing() {
    Account::new().contact("a@example.com");
    assert!(Account::new().get("/crm/v3/objects/contacts").ids().is_empty());
}

#[test]
fn many_writers_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    runtime.block_on(async {
        let portal = Arc::new(open(folder.path()).await);
        let writers: Vec<_> = (0..8).map(|writer| tokio::spawn(write(portal.clone(), writer, 25))).collect();
        for writer in writers {
            assert_eq!(writer.await.unwrap(), 25);
        }
        // Not closed: an acknowledged write does not need it.
        drop(portal);
        let portal = open(folder.path()).await;
        let body = br#"{"limit":1}"#;
        let found = portal.handle(call("POST /crm/v3/objects/contacts/search", body, NOW_MS)).await.unwrap();
        let found: serde_json::Value = serde_json::from_slice(&found.body).unwrap();
        assert_eq!(found["total"], 200);
    });
}

/// How many of `count` contacts were acknowledged.
async fn write(portal: Arc<Portal>, writer: usize, count: usize) -> usize {
    let mut acknowledged = 0;
    for n in 0..count {
        let body = json!({ "properties": { "email": format!("c{writer}-{n}@example.com") } }).to_string();
        let answer = portal.handle(call("POST /crm/v3/objects/contacts", body.as_bytes(), NOW_MS)).await;
        acknowledged += usize::from(answer.is_ok());
    }
    acknowledged
}

async fn open(folder: &std::path::Path) -> Portal {
    let portal = Portal::open(Storage::Folder(folder.to_owned())).await.unwrap();
    portal.create_account(HUB_ID, settings()).await.unwrap();
    portal
}

#[test]
fn an_account_deleted_while_others_write_to_it_leaves_nothing_behind() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    for _ in 0..10 {
        let folder = tempfile::tempdir().unwrap();
        runtime.block_on(async {
            let portal = Arc::new(open(folder.path()).await);
            let writers: Vec<_> = (0..4).map(|writer| tokio::spawn(write(portal.clone(), writer, 40))).collect();
            tokio::time::sleep(Duration::from_millis(3)).await;
            portal.delete_account(HUB_ID).await.unwrap();
            for writer in writers {
                writer.await.unwrap();
            }
            portal.close().await;
            let portal = open(folder.path()).await;
            let found = portal.handle(call(CONTACTS, b"", NOW_MS)).await.unwrap();
            assert_eq!(&found.body[..], br#"{"results":[]}"#);
        });
    }
}

#[test]
fn an_account_made_again_after_its_end_is_empty_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let portal = open(folder.path()).await;
        portal.seed_demo(HUB_ID, Timestamp::from_ms(NOW_MS)).await.unwrap();
        portal.delete_account(HUB_ID).await.unwrap();
        assert_eq!(portal.handle(call(CONTACTS, b"", NOW_MS)).await.unwrap_err().status, 404);
        portal.create_account(HUB_ID, settings()).await.unwrap();
        portal.close().await;
        let portal = Portal::open(Storage::Folder(folder.path().to_owned())).await.unwrap();
        let found = portal.handle(call(CONTACTS, b"", NOW_MS)).await.unwrap();
        assert_eq!(&found.body[..], br#"{"results":[]}"#);
    });
}

#[test]
fn after_a_close_nothing_is_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let portal = open(folder.path()).await;
        portal.close().await;
        let refused = portal.handle(call("POST /crm/v3/objects/contacts", br#"{"properties":{}}"#, NOW_MS)).await.unwrap_err();
        assert_eq!((refused.status, refused.category), (503, "SERVICE_UNAVAILABLE"));
    });
}

#[test]
fn a_file_that_refuses_writes_refuses_them_to_callers_too() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let portal = open(folder.path()).await;
        refuse_inserts(folder.path()).await;
        for _ in 0..2 {
            let refused = portal.handle(call("POST /crm/v3/objects/contacts", br#"{"properties":{}}"#, NOW_MS)).await.unwrap_err();
            assert_eq!((refused.status, refused.retry_after_s), (503, Some(1)));
        }
        // A read must not show what was never kept.
        assert_eq!(portal.handle(call(CONTACTS, b"", NOW_MS)).await.unwrap_err().status, 503);
    });
}

#[test]
fn a_file_that_takes_writes_again_serves_again_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let portal = open(folder.path()).await;
        refuse_inserts(folder.path()).await;
        let create = || portal.handle(call("POST /crm/v3/objects/contacts", br#"{"properties":{}}"#, NOW_MS));
        assert_eq!(create().await.unwrap_err().status, 503);
        take_inserts(folder.path()).await;
        let served = async {
            loop {
                match create().await {
                    Ok(reply) => return reply.status,
                    Err(refused) => assert_eq!(refused.status, 503),
                }
                tokio::task::yield_now().await;
            }
        };
        assert_eq!(tokio::time::timeout(Duration::from_secs(60), served).await.unwrap(), 201);
        portal.close().await;
        drop(portal);
        let again = Portal::open(Storage::Folder(folder.path().to_owned())).await.unwrap();
        let kept = again.handle(call(CONTACTS, b"", NOW_MS)).await.unwrap();
        let kept: serde_json::Value = serde_json::from_slice(&kept.body).unwrap();
        assert_eq!(kept["results"].as_array().unwrap().len(), 2, "the changes that the file refused at first, and those after");
    });
}

#[test]
fn a_log_that_is_closed_while_its_file_refuses_writes_ends() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let portal = open(folder.path()).await;
        refuse_inserts(folder.path()).await;
        let refused = portal.handle(call("POST /crm/v3/objects/contacts", br#"{"properties":{}}"#, NOW_MS)).await;
        assert_eq!(refused.unwrap_err().status, 503);
        tokio::time::timeout(Duration::from_secs(60), portal.close()).await.unwrap();
    });
}

#[test]
fn a_file_of_another_data_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let open_as = |id: &str| {
        let storage = Storage::DataFolder(folder.path().to_owned(), id.to_owned());
        runtime.block_on(async { Portal::open(storage).await.map(drop).map_err(|error| error.to_string()) })
    };
    assert_eq!(open_as("one"), Ok(()));
    assert_eq!(open_as("one"), Ok(()));
    assert!(open_as("two").unwrap_err().contains("two different data folders"));
}

async fn take_inserts(folder: &std::path::Path) {
    use sqlx::Connection;
    let url = format!("sqlite://{}", folder.join("portal.db").display());
    let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
    sqlx::query("DROP TRIGGER full").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// As a full disk does, but the same on every machine.
async fn refuse_inserts(folder: &std::path::Path) {
    use sqlx::Connection;
    let url = format!("sqlite://{}", folder.join("portal.db").display());
    let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
    let trigger = "CREATE TRIGGER full BEFORE INSERT ON documents BEGIN SELECT RAISE(ABORT, 'disk full'); END";
    sqlx::query(trigger).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[test]
fn a_file_that_is_no_database_is_not_opened() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("portal.db"), "this is no database, but it is long enough to be looked at as one").unwrap();
    assert!(runtime.block_on(Portal::open(Storage::Folder(folder.path().to_owned()))).is_err());
    assert!(runtime.block_on(Portal::open(Storage::Folder(folder.path().join("nowhere")))).is_err());
}
