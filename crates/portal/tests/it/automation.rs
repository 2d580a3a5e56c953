//! Workflows as flows and as versions 2 and 3 have them, sequences with their enrollments, and sales templates.
//!
//! developers.hubspot.com/docs/api-reference/legacy/automation/workflows/guide and automation-sequences-v4/guide; the fields are those
//! of HubSpot's published specification, and of the official SDK (PublicSequenceResponse, PublicSequenceEnrollmentResponse).

use serde_json::{Value, json};

use crate::support::Account;

const FLOWS: &str = "/automation/v4/flows";

fn flow() -> Value {
    json!({
        "type": "CONTACT_FLOW", "isEnabled": true, "flowType": "WORKFLOW", "name": "Welcome", "objectTypeId": "0-1", "startActionId": "1",
        "actions": [{ "actionId": "1", "type": "SINGLE_CONNECTION", "actionTypeVersion": 0, "actionTypeId": "0-4", "fields": { "content_id": "113" } }],
        "enrollmentCriteria": { "type": "MANUAL", "shouldReEnroll": false },
    })
}

#[test]
fn a_flow_has_a_revision_for_each_change_and_a_change_of_an_old_one_is_refused() {
    let account = Account::new();
    let made = account.call(&format!("POST {FLOWS}"), flow()).expect(201);
    assert_eq!(json!([made["revisionId"], made["suppressionListIds"], made["crmObjectCreationStatus"]]), json!(["1", [], "COMPLETE"]));
    let (id, mut change) = (made["id"].as_str().unwrap(), made.clone());
    let one = format!("{FLOWS}/{id}");
    change["name"] = "Welcome back".into();
    let changed = account.call(&format!("PUT {one}"), change.clone()).expect(200);
    assert_eq!(json!([changed["revisionId"], changed["name"], changed["createdAt"]]), json!(["2", "Welcome back", made["createdAt"]]));
    account.call(&format!("PUT {one}"), change.clone()).refused(409, "revision");
    change.as_object_mut().unwrap().remove("revisionId");
    account.call(&format!("PUT {one}"), change).refused(400, "revisionId");
    assert_eq!(account.get(&one).expect(200), changed);
    let listed = account.get(FLOWS).expect(200);
    assert_eq!(json!([listed["results"][0]["id"], listed["results"][0].get("actions")]), json!([id, null]));
    let first = account.get(&format!("/automation/2026-09-beta/flows/{id}/revisions/1")).expect(200);
    assert_eq!(first["flow"]["name"], "Welcome");
    let read = json!({ "inputs": [{ "flowId": id, "type": "FLOW_ID" }, { "flowId": "999", "type": "FLOW_ID" }] });
    assert_eq!(account.call(&format!("POST {FLOWS}/batch/read"), read).expect(200)["results"], json!([changed]));
    let emails = account.get(&format!("{FLOWS}/email-campaigns?flowId={id}")).expect(200);
    assert_eq!(emails["results"], json!([{ "flowId": id, "emailCampaignId": "113", "emailContentId": "113" }]));
    account.call(&format!("DELETE {one}"), Value::Null).expect(204);
    account.get(&one).refused(404, id);
    account.get(&format!("/automation/2026-09-beta/flows/{id}/revisions/1")).refused(404, id);
}

#[test]
fn a_flow_that_does_not_hold_together_is_refused() {
    let account = Account::new();
    for (field, value) in [
        ("type", json!("OTHER_FLOW")),
        ("objectTypeId", json!("0-2")),
        ("objectTypeId", json!("2-999")),
        ("startActionId", json!("7")),
        ("actions", json!([{ "actionId": "1", "type": "MAGIC" }])),
        ("actions", json!([{ "actionId": "1", "type": "WEBHOOK" }, { "actionId": "1", "type": "WEBHOOK" }])),
        ("enrollmentCriteria", json!({ "type": "BY_CHANCE" })),
        ("isEnabled", Value::Null),
    ] {
        let mut body = flow();
        body[field] = value;
        account.call(&format!("POST {FLOWS}"), body).refused(400, "VALIDATION_ERROR");
    }
    assert_eq!(account.get(FLOWS).expect(200)["results"], json!([]));
    let company = json!({ "type": "PLATFORM_FLOW", "isEnabled": false, "objectTypeId": "0-2" });
    assert!(account.call(&format!("POST {FLOWS}"), company).expect(201)["name"].as_str().unwrap().starts_with("Unnamed workflow"));
}

/// tap-hubspot and tap-hubspot of Meltano read the stream `workflows` from version 3.
#[test]
fn flows_of_contacts_are_the_workflows_of_version_3_and_contacts_are_enrolled_by_address() {
    let account = Account::new();
    let contact = account.contact("ada@example.com");
    let made = account.call(&format!("POST {FLOWS}"), flow()).expect(201);
    account.call(&format!("POST {FLOWS}"), json!({ "type": "PLATFORM_FLOW", "isEnabled": true, "objectTypeId": "0-3" })).expect(201);
    let id = made["id"].as_str().unwrap();
    let listed = account.get("/automation/v3/workflows").expect(200);
    let one = &listed["workflows"][0];
    assert_eq!(
        json!([listed["workflows"].as_array().unwrap().len(), one["name"], one["type"], one["enabled"]]),
        json!([1, "Welcome", "DRIP_DELAY", true])
    );
    assert!(one["insertedAt"].is_number() && one["updatedAt"].is_number());
    let enroll = format!("/automation/v2/workflows/{id}/enrollments/contacts");
    account.call(&format!("POST {enroll}/Ada@example.com"), Value::Null).expect(204);
    account.call(&format!("POST {enroll}/nobody@example.com"), Value::Null).refused(404, "nobody@example.com");
    let of = format!("/automation/v2/workflows/enrollments/contacts/{contact}");
    assert_eq!(account.get(&of).expect(200)[0]["contactCounts"]["active"], 1);
    account.call(&format!("DELETE {enroll}/ada@example.com"), Value::Null).expect(204);
    assert_eq!(account.get(&of).expect(200), json!([]));
    let old = account.call("POST /automation/v3/workflows", json!({ "name": "Old", "type": "PROPERTY_ANCHOR" })).expect(200);
    let path = format!("/automation/v3/workflows/{}", old["id"]);
    assert_eq!(json!([account.get(&path).expect(200)["type"], old["enabled"]]), json!(["PROPERTY_ANCHOR", false]));
    account
        .call(&format!("POST /automation/v2/workflows/{}/enrollments/contacts/ada@example.com", old["id"]), Value::Null)
        .refused(400, "not enabled");
    account
        .call("POST /automation/v3/workflows", json!({ "name": "Old", "type": "DRIP_DELAY", "actions": [{ "type": "DELAY" }] }))
        .refused(400, "flows");
    account.call(&format!("DELETE {path}"), Value::Null).expect(204);
    account.get(&path).refused(404, "OBJECT_NOT_FOUND");
}

fn sequence() -> Value {
    json!({
        "name": "Outreach", "dynamic": false, "dependencies": [{ "branchNumber": 0, "dependencyType": "TASK_COMPLETION", "reliesOnStepOrder": 0, "requiredByStepOrder": 1 }],
        "settings": {
            "eligibleFollowUpDays": "BUSINESS_DAYS", "individualTaskRemindersEnabled": false, "sellingStrategy": "LEAD_BASED", "sendWindowStartMinute": 480,
            "sendWindowEndMinute": 1_080, "taskCreationMinute": 480, "taskReminderMinute": 480, "unenrollmentSettings": {}, "useThreadedFollowUps": true,
        },
        "steps": [
            { "actionType": "TASK", "branchNumber": 0, "delayMillis": 0, "dynamic": false, "stepOrder": 0, "variants": [], "taskPattern": { "taskPriority": "HIGH", "taskType": "CALL", "queueId": "5" } },
            { "actionType": "EMAIL", "branchNumber": 0, "delayMillis": 86_400_000, "dynamic": false, "stepOrder": 1, "variants": [], "emailPattern": { "templateId": "101" } },
        ],
    })
}

const SEQUENCES: &str = "/automation/sequences/2026-09-beta";

#[test]
fn a_contact_is_in_one_sequence_at_a_time_and_the_sequence_counts_its_contacts() {
    let account = Account::new();
    let contact = account.contact("ada@example.com");
    let made = account.call(&format!("POST {SEQUENCES}/serviceaccounts/sequences"), sequence()).expect(200);
    assert_eq!(made["userView"]["email"], "olivia@example.com");
    let made = &made["sequence"];
    let (id, user) = (made["id"].as_str().unwrap(), made["userId"].as_str().unwrap());
    assert_eq!(
        json!([made["steps"][1]["emailPattern"]["templateId"], made["dependencies"][0]["reliesOnSequenceStepId"]]),
        json!(["101", made["steps"][0]["id"]])
    );
    account.get("/automation/v4/sequences").refused(400, "userId");
    assert_eq!(account.get(&format!("/automation/v4/sequences?userId={user}&name=out")).ids(), [id]);
    assert_eq!(account.get("/automation/v4/sequences?userId=9003").ids().len(), 0);
    // The form for users has the queue as a number (PublicTaskPatternResponse).
    assert_eq!(
        account.get(&format!("/automation/sequences/2026-09/{id}?userId={user}")).expect(200)["steps"][0]["taskPattern"]["queueId"],
        5
    );
    let enroll = format!("POST /automation/sequences/2026-09/enrollments?userId={user}");
    let body = json!({ "sequenceId": id, "contactId": contact, "senderEmail": "olivia@example.com" });
    let enrolled = account.call(&enroll, body.clone()).expect(200);
    assert_eq!(enrolled["toEmail"], "ada@example.com");
    account.call(&enroll, body.clone()).refused(400, "already enrolled");
    let other = account.make("contacts", json!({ "firstname": "Ben" }));
    for (field, value, why) in [
        ("sequenceId", "999", "sequenceId"),
        ("contactId", "999999", "contactId"),
        ("contactId", other.as_str(), "e-mail"),
        ("senderEmail", "x", "senderEmail"),
    ] {
        let mut bad = body.clone();
        bad[field] = value.into();
        account.call(&enroll, bad).refused(400, why);
    }
    let of = account.get(&format!("/automation/sequences/2026-09/enrollments/contact/{contact}")).expect(200);
    assert_eq!(json!([of["sequenceName"], of["enrolledBy"], of["id"]]), json!(["Outreach", user, enrolled["id"]]));
    let one = format!("{SEQUENCES}/serviceaccounts/sequences/{id}");
    let performance = account.get(&format!("{one}/performance")).expect(200);
    assert_eq!(
        json!([performance["summary"]["enrolled"], performance["timeline"][0]["enrollments"], performance["statusByStep"][0]["count"]]),
        json!([1, 1, 1])
    );
    account.call(&format!("DELETE {one}"), Value::Null).refused(400, "active enrollments");
    account.call(&format!("DELETE {one}?overrideActiveEnrollment=true"), Value::Null).expect(204);
    account.get(&format!("/automation/sequences/2026-09/enrollments/contact/{contact}")).refused(404, &contact);
}

#[test]
fn a_sequence_is_replaced_whole_and_one_that_does_not_hold_together_is_refused() {
    let account = Account::new();
    let root = format!("{SEQUENCES}/serviceaccounts/sequences");
    let made = account.call(&format!("POST {root}"), sequence()).expect(200)["sequence"].clone();
    let one = format!("{root}/{}", made["id"].as_str().unwrap());
    let mut next = sequence();
    next["name"] = "Follow-up".into();
    let changed = account.call(&format!("PUT {one}"), next).expect(200);
    assert_eq!(json!([changed["name"], changed["createdAt"]]), json!(["Follow-up", made["createdAt"]]));
    for (pointer, value) in [
        ("/steps", json!([])),
        ("/steps/1/stepOrder", json!(0)),
        ("/steps/0/taskPattern", Value::Null),
        ("/steps/0/actionType", json!("DANCE")),
        ("/dependencies/0/reliesOnStepOrder", json!(9)),
        ("/settings/sendWindowEndMinute", json!(100)),
        ("/settings/sellingStrategy", json!("HARD")),
    ] {
        let mut bad = sequence();
        *bad.pointer_mut(pointer).unwrap() = value;
        account.call(&format!("PUT {one}"), bad).refused(400, "VALIDATION_ERROR");
    }
    assert_eq!(account.get(&one).expect(200), changed);
    account.call(&format!("POST {SEQUENCES}/serviceaccounts/enrollments"), json!({})).refused(400, "sequenceId");
    assert_eq!(account.get(&root).expect(200)["total"], 1);
}

#[test]
fn a_sales_template_is_made_read_and_changed() {
    let account = Account::new();
    let root = "/automation/email-templates/2026-09-beta";
    account.call(&format!("POST {root}"), json!({ "name": "Hello" })).refused(400, "body");
    let made = account.call(&format!("POST {root}"), json!({ "name": "Hello", "body": "<p>Hi</p>", "subject": "Hi" })).expect(201);
    let one = format!("{root}/{}", made["id"].as_str().unwrap());
    let changed = account.call(&format!("PATCH {one}"), json!({ "subject": "Hi again" })).expect(200);
    assert_eq!(json!([changed["subject"], changed["body"], changed["createdAt"]]), json!(["Hi again", "<p>Hi</p>", made["createdAt"]]));
    assert_eq!(account.get(root).expect(200)["results"], json!([account.get(&one).expect(200)]));
}
