//! What differs between two copies of an account.

use keyway_core::time::Timestamp;
use keyway_portal::{Only, differences};
use serde_json::{Value, json};

use crate::support::{Account, HUB_ID, NOW_MS};

fn fill(account: &Account, seed: Value) {
    account.block_on(account.portal().fill(HUB_ID, seed, Timestamp::from_ms(NOW_MS))).unwrap();
}

fn minimal() -> Account {
    let account = Account::new();
    fill(&account, json!({ "set": "minimal" }));
    account
}

fn named(answer: &Value) -> Vec<String> {
    let text = |change: &Value, part: &str| change[part].as_str().unwrap().to_owned();
    let line = |change: &Value| ["change", "what", "type", "name"].map(|part| text(change, part)).join(" ").replace("  ", " ");
    answer["changes"].as_array().unwrap().iter().map(line).collect()
}

#[test]
fn a_copy_does_not_differ_from_itself() {
    let copy = minimal().copy();
    assert_eq!(
        differences(&copy, &copy, 10, None).unwrap(),
        json!({ "different": false, "count": 0, "counts": {}, "leftOut": 0, "changes": [] })
    );
}

#[test]
fn records_associations_and_definitions_that_changed_are_told_and_no_others() {
    let account = minimal();
    let before = account.copy();
    fill(
        &account,
        json!({
            "properties": { "contacts": [{ "name": "plan", "label": "Plan", "type": "string", "fieldType": "text", "groupName": "contactinformation" }] },
            "calls": [
                { "method": "PATCH", "path": "/crm/v3/objects/companies/101", "body": { "properties": { "city": "Porto" } } },
                { "method": "POST", "path": "/crm/v3/objects/contacts", "body": { "properties": { "email": "new@example.com", "plan": "gold" } } },
                { "method": "PUT", "path": "/crm/objects/2026-09/contacts/102/associations/default/companies/101" },
                { "method": "DELETE", "path": "/crm/v3/objects/tickets/101" },
            ],
        }),
    );
    let after = account.copy();
    let answer = differences(&before, &after, 100, None).unwrap();
    let told = named(&answer);
    for expected in
        ["created property contacts plan", "updated record companies 101", "created record contacts 102", "updated record tickets 101"]
    {
        assert!(told.contains(&expected.to_owned()), "{expected}: {told:?}");
    }
    assert!(
        told.iter().any(|line| line.starts_with("created association") && line.contains("companies/101") && line.contains("contacts/102")),
        "{told:?}"
    );
    let changed = |name: &str| {
        answer["changes"].as_array().unwrap().iter().find(|change| change["name"] == name && change["type"] == "companies").unwrap()
    };
    assert_eq!(changed("101")["fields"]["city"], json!({ "from": "Berlin", "to": "Porto" }));
    assert!(changed("101")["fields"].get("hs_lastmodifieddate").is_none());
    // The other way round, and a part of it.
    let back = differences(&after, &before, 100, Some(Only::Definitions)).unwrap();
    assert_eq!(named(&back), ["deleted property contacts plan"]);
    let cut = differences(&before, &after, 1, None).unwrap();
    assert_eq!(cut["leftOut"].as_u64().unwrap() + 1, answer["count"].as_u64().unwrap());
}

#[test]
fn without_a_first_copy_the_account_is_compared_with_a_new_one() {
    let account = minimal();
    let ask = |only| account.block_on(account.portal().differences(HUB_ID, None, None, 100, only)).unwrap();
    assert_eq!(ask(Some(Only::Records))["counts"], json!({ "record": { "created": 4 } }));
    assert_eq!(ask(Some(Only::Definitions))["different"], false);
}

#[test]
fn what_is_no_copy_is_refused_with_its_line() {
    let copy = minimal().copy();
    for (bad, says) in
        [(&b"\xff"[..], "not text"), (b"{}", "line 1"), (b"{\"keyway\":\"embedded account\",\"version\":1}\nnot json\n", "line 2")]
    {
        let refused = differences(bad, &copy, 10, None).unwrap_err().to_string();
        assert!(refused.starts_with("the first copy") && refused.contains(says), "{refused}");
        let refused = differences(&copy, bad, 10, None).unwrap_err().to_string();
        assert!(refused.starts_with("the second copy") && refused.contains(says), "{refused}");
    }
}
