//! Pipelines and stages that an account makes, and the records that move through them.

use serde_json::{Value, json};

use crate::support::Account;

const DEALS: &str = "/crm/v3/pipelines/deals";

fn stage(label: &str, probability: &str) -> Value {
    json!({ "label": label, "displayOrder": 0, "metadata": { "probability": probability } })
}

fn pipeline(account: &Account) -> Value {
    let body = json!({ "label": "Partners", "displayOrder": 1, "stages": [stage("First", "0.1"), stage("Won", "1.0")] });
    account.call(&format!("POST {DEALS}"), body).expect(201)
}

#[test]
fn a_deal_goes_into_a_stage_of_a_new_pipeline_and_into_no_stage_of_another() {
    let account = Account::new();
    let made = pipeline(&account);
    let (id, first) = (made["id"].as_str().unwrap(), made["stages"][0]["id"].as_str().unwrap());
    assert_eq!(made["stages"][1]["metadata"], json!({ "probability": "1.0", "isClosed": "true" }));
    let deal = |pipeline: &str, stage: &str| {
        let properties = json!({ "dealname": "D", "pipeline": pipeline, "dealstage": stage });
        account.call("POST /crm/v3/objects/deals", json!({ "properties": properties }))
    };
    deal(id, first).expect(201);
    deal("default", first).refused(400, "INVALID_OPTION");
    deal("nowhere", first).refused(400, "INVALID_OPTION");
}

#[test]
fn each_bad_pipeline_is_refused() {
    let account = Account::new();
    pipeline(&account);
    let with = |field: &str, value: Value| {
        let mut body = json!({ "label": "Other", "displayOrder": 1, "stages": [stage("First", "0.1")] });
        body[field] = value;
        account.call(&format!("POST {DEALS}"), body)
    };
    with("label", json!("partners")).refused(400, "already exists");
    with("label", json!(" ")).refused(400, "label");
    with("displayOrder", Value::Null).refused(400, "displayOrder");
    with("stages", json!([])).refused(400, "stages");
    with("stages", json!([stage("First", "1.1")])).refused(400, "metadata.probability");
    with("stages", json!([stage("First", "0"), stage("first", "0")])).refused(400, "already exists");
    with("stages", Value::from_iter((0..101).map(|at| stage(&at.to_string(), "0.5")))).refused(400, "at most 100");
    with("pipelineId", json!("default")).refused(400, "pipelineId");
    account.call("POST /crm/v3/pipelines/contacts", json!({ "label": "x", "displayOrder": 0, "stages": [] })).refused(400, "no pipelines");
    with("label", json!("Other")).expect(201);
}

#[test]
fn stages_with_records_do_not_go_and_empty_ones_do() {
    let account = Account::new();
    let made = pipeline(&account);
    let (id, first) = (made["id"].as_str().unwrap(), made["stages"][0]["id"].as_str().unwrap());
    let deal = account.make("deals", json!({ "dealname": "D", "pipeline": id, "dealstage": first }));
    let refused = account.call_with(&format!("DELETE {DEALS}/{id}/stages/{first}"), b"");
    assert_eq!(
        (&refused.body["subCategory"], &refused.body["context"]["objectIds"]),
        (&json!("PipelineError.STAGE_ID_IN_USE"), &json!([deal]))
    );
    account.call_with(&format!("DELETE {DEALS}/{id}?validateReferencesBeforeDelete=true"), b"").refused(400, "STAGE_ID_IN_USE");
    account.call_with(&format!("DELETE /crm/v3/objects/deals/{deal}"), b"").expect(204);
    account.call_with(&format!("DELETE {DEALS}/{id}/stages/{first}"), b"").expect(204);
    let last = made["stages"][1]["id"].as_str().unwrap();
    account.call_with(&format!("DELETE {DEALS}/{id}/stages/{last}"), b"").refused(400, "only stage");
    account.call_with(&format!("DELETE {DEALS}/{id}?validateReferencesBeforeDelete=true"), b"").expect(204);
    account.get(&format!("{DEALS}/{id}")).refused(404, "OBJECT_NOT_FOUND");
    account.call_with(&format!("DELETE {DEALS}/default"), b"").refused(400, "only pipeline");
    account.call(&format!("PATCH {DEALS}/{id}"), json!({ "archived": true })).refused(400, "archived");
    account.call(&format!("PATCH {DEALS}/{id}"), json!({ "archived": false })).expect(200);
    account.get(&format!("{DEALS}/{id}")).expect(200);
}

#[test]
fn what_was_done_to_a_pipeline_and_its_stages_is_on_record_newest_first() {
    let account = Account::new();
    let made = pipeline(&account);
    let (id, first) = (made["id"].as_str().unwrap(), made["stages"][0]["id"].as_str().unwrap());
    account.call(&format!("PATCH {DEALS}/{id}"), json!({ "label": "Channels" })).expect(200);
    account
        .call(&format!("PATCH {DEALS}/{id}/stages/{first}"), json!({ "label": "Start", "metadata": { "probability": "0.3" } }))
        .expect(200);
    let actions = |path: &str| -> Vec<Value> {
        let found = account.get(path).expect(200);
        found["results"].as_array().unwrap().iter().map(|entry| entry["action"].clone()).collect()
    };
    assert_eq!(actions(&format!("{DEALS}/{id}/audit")), ["UPDATE", "CREATE"]);
    assert_eq!(actions(&format!("{DEALS}/{id}/stages/{first}/audit")), ["UPDATE"]);
    account.get(&format!("{DEALS}/{id}/stages/nope/audit")).refused(404, "nope");
}

#[test]
fn a_replaced_pipeline_keeps_the_stages_that_are_named_and_loses_the_others() {
    let account = Account::new();
    let made = pipeline(&account);
    let (id, first) = (made["id"].as_str().unwrap(), made["stages"][0]["id"].clone());
    let mut kept = stage("Kept", "0.2");
    kept["stageId"] = first.clone();
    let body = json!({ "label": "Partners", "displayOrder": 3, "stages": [kept, stage("New", "0.0")] });
    let put = account.call(&format!("PUT {DEALS}/{id}"), body).expect(200);
    let labels: Vec<&Value> = put["stages"].as_array().unwrap().iter().map(|stage| &stage["label"]).collect();
    assert_eq!((labels, &put["stages"][0]["id"]), (vec![&json!("Kept"), &json!("New")], &first));
}
