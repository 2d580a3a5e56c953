//! Accounts filled, copied, emptied and put back: all of it or nothing.

use keyway_core::time::Timestamp;
use keyway_portal::{RefillError, SETS, Storage};
use serde_json::{Value, json};

use crate::support::{Account, HUB_ID, NOW_MS};

const NOW: Timestamp = Timestamp::from_ms(NOW_MS);

fn fill(account: &Account, seed: Value) -> Result<Value, RefillError> {
    account.block_on(account.portal().fill(HUB_ID, seed, NOW))
}

fn put_back(account: &Account, copy: &[u8]) -> Result<(), RefillError> {
    account.block_on(account.portal().put_back(HUB_ID, copy))
}

fn copy(account: &Account) -> String {
    String::from_utf8(account.copy()).unwrap()
}

#[test]
fn every_built_in_set_fills_an_account() {
    for (set, _) in SETS {
        let account = Account::new();
        let made = fill(&account, json!({ "set": set })).unwrap();
        assert!(made["made"]["contacts"].as_u64().unwrap() > 0, "{set}: {made}");
    }
}

#[test]
fn records_are_made_with_what_they_are_associated_with_even_where_it_comes_later() {
    let account = Account::new();
    let seed = json!({ "records": {
        "contacts": [{ "key": "ada", "properties": { "email": "ada@example.com" }, "associations": ["companies/acme"] }],
        "companies": [{ "key": "acme", "properties": { "name": "Acme" } }],
    }});
    let made = fill(&account, seed).unwrap();
    assert_eq!(made["made"], json!({ "contacts": 1, "companies": 1 }));
    let ada = made["ids"]["contacts/ada"].as_str().unwrap();
    let linked = account.get(&format!("/crm/objects/2026-09/contacts/{ada}/associations/companies")).expect(200);
    assert_eq!(linked["results"][0]["toObjectId"].to_string().trim_matches('"'), made["ids"]["companies/acme"].as_str().unwrap());
    assert_eq!(account.get(&format!("/crm/v3/objects/contacts/{ada}")).expect(200)["createdAt"], "2026-11-23T15:15:00.123Z");
}

#[test]
fn a_seed_with_one_bad_record_changes_nothing_and_says_which() {
    let account = Account::new();
    let kept = account.contact("kept@example.com");
    let before = copy(&account);
    for (seed, place) in [
        (
            json!({ "records": { "contacts": [{ "properties": { "email": "a@example.com" } }, { "properties": { "emial": "b" } }] } }),
            "records.contacts[1]",
        ),
        (json!({ "records": { "contacts": [{ "properties": { "email": "kept@example.com" } }] } }), "records.contacts[0]"),
        (json!({ "records": { "contacts": [{ "properties": {}, "associations": ["companies/none"] }] } }), "companies/none"),
        (json!({ "records": { "boats": [{ "properties": {} }] } }), "records.boats[0]"),
        (json!({ "records": { "contacts": {} } }), "list"),
        (
            json!({ "calls": [{ "method": "POST", "path": "/crm/v3/objects/contacts", "body": { "properties": {} } }, { "method": "GET", "path": "/none" }] }),
            "calls[1]",
        ),
        (json!({ "set": "everything" }), "everything"),
        (json!({ "contacts": [] }), "contacts"),
        (json!([1]), "seed"),
    ] {
        let refused = fill(&account, seed).unwrap_err().to_string();
        assert!(refused.contains(place), "{place} is not in {refused}");
        assert_eq!(copy(&account), before);
    }
    assert_eq!(account.get(&format!("/crm/v3/objects/contacts/{kept}")).status, 200);
}

#[test]
fn a_copy_put_back_is_the_account_it_was_taken_of() {
    let account = Account::new();
    fill(&account, json!({ "set": "demo" })).unwrap();
    fill(&account, json!({ "set": "activities" })).unwrap();
    let archived = account.contact("gone@example.com");
    account.call_with(&format!("DELETE /crm/v3/objects/contacts/{archived}"), b"");
    let before = copy(&account);
    let shown = account.get("/crm/v3/objects/contacts?limit=100&associations=companies").expect(200);
    account.block_on(account.portal().empty_account(HUB_ID)).unwrap();
    assert!(account.get("/crm/v3/objects/contacts").ids().is_empty());
    assert_eq!(account.get("/crm/v3/owners").ids().len(), 3);
    assert_eq!(account.contact("first@example.com"), "101");

    put_back(&account, before.as_bytes()).unwrap();
    assert_eq!(copy(&account), before);
    assert_eq!(account.get("/crm/v3/objects/contacts?limit=100&associations=companies").expect(200), shown);
    account.get(&format!("/crm/v3/objects/contacts/{archived}?archived=true")).expect(200);
    // Another account takes it as well: a copy is a fixture.
    let other = Account::new();
    put_back(&other, before.as_bytes()).unwrap();
    assert_eq!(copy(&other), before);
}

#[test]
fn what_is_no_copy_is_refused_and_changes_nothing() {
    let account = Account::new();
    account.contact("kept@example.com");
    let before = copy(&account);
    let head = before.lines().next().unwrap();
    let line = |line: &str| format!("{head}\n{line}\n");
    for bad in [
        String::new(),
        "{}".to_owned(),
        head.replace("1", "2"),
        line("x"),
        line(r#"{"space":"account","key":"","body":{}}"#),
        line(r#"{"space":"record","key":"boats/1","body":{}}"#),
        line(r#"{"space":"record","key":"contacts/1","body":{}}"#),
        line(r#"{"space":"elsewhere","key":"1","body":{}}"#),
    ] {
        assert!(matches!(put_back(&account, bad.as_bytes()), Err(RefillError::Invalid(_))), "{bad}");
        assert_eq!(copy(&account), before);
    }
    assert!(put_back(&account, &[0xff, 0xfe]).is_err());
}

#[test]
fn what_was_put_back_is_in_the_file_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let (before, after) = {
        let account = Account::open(Storage::Folder(folder.path().to_owned()));
        fill(&account, json!({ "set": "minimal" })).unwrap();
        let before = copy(&account);
        account.contact("later@example.com");
        put_back(&account, before.as_bytes()).unwrap();
        account.contact("last@example.com");
        let after = copy(&account);
        account.block_on(account.portal().close());
        (before, after)
    };
    let account = Account::open(Storage::Folder(folder.path().to_owned()));
    assert_eq!(copy(&account), after);
    assert_ne!(before, after);
    assert!(!after.contains("later@example.com") && after.contains("last@example.com"));
}
