//! The rows of the first versions of the CRM, and of everything beyond it.

use super::*;
use crate::support::{HUB_ID, call};

pub fn first_versions(reached: &mut Reached) {
    let missing = [
        ("old_contact_missing", "GET /contacts/v1/contact/vid/999/profile"),
        ("old_list_missing", "GET /contacts/v1/lists/999"),
        ("old_deal_missing", "GET /deals/v1/deal/999"),
        ("old_engagement_missing", "GET /engagements/v1/engagements/999"),
        ("old_pipeline_missing", "GET /deals/v1/pipelines/nowhere"),
        ("old_property_missing", "GET /properties/v2/contacts/properties/named/shoe"),
        ("old_group_missing", "GET /properties/v2/contacts/groups/named/boots"),
    ];
    for (name, line) in missing {
        reached.by(name, line, Value::Null);
    }
    let form = form(&reached.account);
    reached.by("old_form_field_missing", &format!("GET /forms/v2/fields/{form}/shoe"), Value::Null);
    let pair = json!({ "fromObjectId": 1, "toObjectId": 2, "category": "HUBSPOT_DEFINED", "definitionId": 1 });
    reached.by("old_associations_too_many", "PUT /crm-associations/v1/associations/create-batch", json!(vec![pair; 101]));
    let workflow = json!({ "name": "Old", "type": "DRIP_DELAY", "actions": [{ "type": "DELAY" }] });
    reached.by("old_workflow_with_actions", "POST /automation/v3/workflows", workflow);
}

fn form(account: &Account) -> String {
    let field = |name: &str, field_type: &str, required: bool| json!({ "objectTypeId": "0-1", "name": name, "label": name, "fieldType": field_type, "required": required, "hidden": false });
    let groups = json!([{ "groupType": "default_group", "richTextType": "text", "fields": [field("email", "email", true)] }]);
    let form = json!({ "name": "Contact us", "formType": "hubspot", "fieldGroups": groups });
    account.call("POST /marketing/v3/forms", form).expect(201)["id"].as_str().unwrap().to_owned()
}

pub fn beyond(reached: &mut Reached) {
    let elsewhere = keyway_portal::Call { hub_id: 1, ..call(&format!("GET {CONTACTS}"), b"", 1) };
    let refused = reached.account.block_on(reached.account.portal().handle(elsewhere)).unwrap_err();
    let body = serde_json::from_slice(&refused.to_json("c-1")).unwrap();
    reached.note("account_missing", &format!("GET {CONTACTS}"), refused.status, &body);
    let tags = "/cms/v3/blogs/tags";
    reached.by("thing_missing", &format!("GET {tags}/999"), Value::Null);
    let definition = json!({ "name": "bought", "label": "Bought", "primaryObject": "CONTACT" });
    reached.account.call("POST /events/v3/event-definitions", definition.clone()).expect(201);
    reached.by("thing_exists", "POST /events/v3/event-definitions", definition);
    let tag = reached.account.call(&format!("POST {tags}"), json!({ "name": "news" })).expect(201)["id"].clone();
    reached.beside("batch_things_missing", &format!("POST {tags}/batch/read"), json!({ "inputs": [tag, "999"] }));
    let teams = "/settings/teams/2026-09-beta";
    let above = reached.account.call(&format!("POST {teams}"), json!({ "name": "Sales", "members": [] })).expect(201)["id"].clone();
    reached.account.call(&format!("POST {teams}"), json!({ "name": "South", "members": [], "parentTeamId": above })).expect(201);
    reached.by("team_has_teams", &format!("DELETE {teams}/{}", above.as_str().unwrap()), Value::Null);
    let flag = "/feature-flags/v3/77/flags/hs-hide-crm-cards";
    reached.account.call(&format!("PUT {flag}"), json!({ "defaultState": "OFF" })).expect(200);
    reached.by("flag_states_out_of_bounds", &format!("POST {flag}/portals/batch/upsert"), json!({ "portalStates": [] }));
    reached.beside("split_deals_missing", "POST /deal-splits/2026-09/batch/read", json!({ "inputs": [{ "id": "999" }] }));
    let nowhere = json!({ "inputs": ["99999999-9999-4999-8999-999999999999"] });
    reached.beside("journal_entries_missing", "POST /webhooks-journal/journal/2026-03/batch/read", nowhere);
    let event = json!({ "eventTemplateId": "999", "email": "ada@example.com", "tokens": {} });
    reached.by("template_invalid", "POST /integrators/timeline/v3/events", event);
    let (cards, card) = (
        "POST /crm/v3/extensions/cards-dev/77",
        json!({
            "title": "Orders", "actions": { "baseUrls": [] }, "display": { "properties": [] },
            "fetch": { "targetUrl": "https://example.com/card", "objectTypes": [] },
        }),
    );
    let refused = (0..).map(|_| reached.account.call(cards, card.clone())).find(|one| one.status != 201).unwrap();
    reached.note("cards_too_many", cards, refused.status, &refused.body);
    let action = json!({
        "actionUrl": "https://example.com/act", "published": true, "objectTypes": ["CONTACT"], "labels": { "en": { "actionName": "Act" } },
        "inputFields": [], "functions": [],
    });
    let action = reached.account.call("POST /automation/v4/actions/77", action).expect(201)["id"].as_str().unwrap().to_owned();
    reached.by_bytes("function_not_text", &format!("PUT /automation/v4/actions/77/{action}/functions/PRE_ACTION_EXECUTION"), b"\xff");
    reached.by("event_unknown", "POST /events/v3/send", json!({ "eventName": "pe1_other", "objectId": "1" }));
    let long = "x".repeat(65_000);
    for _ in 0..10 {
        let inputs: Vec<Value> = (0..60).map(|_| json!({ "properties": { "firstname": long } })).collect();
        reached.account.call(&format!("POST {CONTACTS}/batch/create"), json!({ "inputs": inputs })).expect(201);
    }
    let export = json!({
        "exportType": "VIEW", "format": "CSV", "exportName": "All", "objectType": "CONTACT", "objectProperties": ["firstname"], "language": "EN",
        "exportInternalValuesOptions": [], "overrideAssociatedObjectsPerDefinitionPerRowLimit": false,
    });
    reached.by("export_too_large", "POST /crm/exports/2026-09/export/async", export);
}

pub fn marketing(reached: &mut Reached) {
    let form = form(&reached.account);
    let submit = |public: bool, fields: &[(&str, &str)]| {
        let fields: Vec<Value> =
            fields.iter().map(|(name, value)| json!({ "objectTypeId": "0-1", "name": name, "value": value })).collect();
        let secure = if public { "" } else { "secure/" };
        (format!("POST /submissions/v3/integration/{secure}submit/{HUB_ID}/{form}"), json!({ "fields": fields }))
    };
    let ada = ("email", "ada@example.com");
    let long = "x".repeat(65_537);
    let faults = [
        ("submission_unknown_field", submit(true, &[ada, ("company", "Foods")])),
        ("submission_email", submit(true, &[("email", "x")])),
        ("submission_required", submit(true, &[])),
        ("submission_too_many", submit(true, &vec![ada; 1_001])),
        ("submission_option", submit(false, &[ada, ("lifecyclestage", "none")])),
        ("submission_number", submit(false, &[ada, ("followercount", "many")])),
        ("submission_too_long", submit(false, &[ada, ("city", &long)])),
        ("submission_value", submit(false, &[ada, ("shoe", "7")])),
    ];
    for (name, (line, body)) in faults {
        reached.detail(name, &line, body);
    }
    let (line, with) = submit(true, &[ada]);
    let said = json!({ "value": true, "subscriptionTypeId": 1, "text": "Yes" });
    let consents = [
        ("consent_without_type", json!([{ "value": true, "text": "Yes" }])),
        ("consent_twice", json!([said, said])),
        ("consent_without_text", json!([{ "value": true, "subscriptionTypeId": 1 }])),
    ];
    for (name, communications) in consents {
        let mut body = with.clone();
        body["legalConsentOptions"] =
            json!({ "consent": { "consentToProcess": true, "text": "I agree", "communications": communications } });
        reached.detail(name, &line, body);
    }
    reached.by("address_invalid", "GET /email/public/v1/subscriptions/nobody", Value::Null);
    let choice = json!({ "emailAddress": "ada@example.com", "subscriptionId": "999" });
    reached.by("subscription_type_missing", "POST /communication-preferences/v3/subscribe", choice);
    let root = "/conversations/v3/conversations";
    reached.beside("actors_missing", &format!("POST {root}/actors/batch/read"), json!({ "inputs": ["S-hubspot", "V-999"] }));
    let channel = "/conversations/v3/custom-channels/1000001";
    let shop = json!({ "type": "CHANNEL_SPECIFIC_OPAQUE_ID", "value": "shop-1" });
    let account = json!({ "name": "Support", "inboxId": "1", "authorized": true, "deliveryIdentifier": shop });
    let account = reached.account.call(&format!("POST {channel}/channel-accounts"), account).expect(201)["id"].clone();
    let message = json!({
        "text": "Hello", "messageDirection": "INCOMING", "timestamp": "2026-11-23T15:15:00Z", "channelAccountId": account, "attachments": [],
        "senders": [{ "deliveryIdentifier": { "type": "HS_EMAIL_ADDRESS", "value": "ada@example.com" } }],
        "recipients": [{ "deliveryIdentifier": shop }],
    });
    let publish = format!("POST {channel}/messages");
    let sent = reached.account.call(&publish, message.clone()).expect(201);
    let status = format!("PATCH {channel}/messages/{}", sent["id"].as_str().unwrap());
    reached.by("message_not_outgoing", &status, json!({ "statusType": "SENT" }));
    let thread = format!("{root}/threads/{}", sent["conversationsThreadId"].as_str().unwrap());
    reached.account.call(&format!("DELETE {thread}"), Value::Null).expect(204);
    reached.by("thread_archived", &format!("PATCH {thread}?archived=true"), json!({ "status": "CLOSED" }));
    let off = format!("PATCH {channel}/channel-accounts/{}", account.as_str().unwrap());
    reached.account.call(&off, json!({ "authorized": false })).expect(200);
    reached.by("channel_account_not_authorized", &publish, message);
}

pub fn automation(reached: &mut Reached) {
    let ada = reached.account.contact("ada@example.com");
    let flow = json!({ "type": "CONTACT_FLOW", "isEnabled": false, "flowType": "WORKFLOW", "name": "Welcome", "objectTypeId": "0-1" });
    let flow = reached.account.call("POST /automation/v4/flows", flow).expect(201);
    let id = flow["id"].as_str().unwrap();
    let enroll = format!("POST /automation/v2/workflows/{id}/enrollments/contacts/ada@example.com");
    reached.by("workflow_not_enabled", &enroll, Value::Null);
    let mut old = flow.clone();
    old["revisionId"] = "7".into();
    reached.by("flow_revision_old", &format!("PUT /automation/v4/flows/{id}"), old);
    let sequences = "/automation/sequences/2026-09-beta/serviceaccounts/sequences";
    let sequence = json!({
        "name": "Outreach", "dynamic": false, "dependencies": [],
        "settings": {
            "eligibleFollowUpDays": "BUSINESS_DAYS", "individualTaskRemindersEnabled": false, "sellingStrategy": "LEAD_BASED", "sendWindowStartMinute": 480,
            "sendWindowEndMinute": 1_080, "taskCreationMinute": 480, "taskReminderMinute": 480, "unenrollmentSettings": {}, "useThreadedFollowUps": true,
        },
        "steps": [{ "actionType": "EMAIL", "branchNumber": 0, "delayMillis": 0, "dynamic": false, "stepOrder": 0, "variants": [], "emailPattern": { "templateId": "101" } }],
    });
    let sequence = reached.account.call(&format!("POST {sequences}"), sequence).expect(200)["sequence"].clone();
    let enroll = format!("POST /automation/sequences/2026-09/enrollments?userId={}", sequence["userId"].as_str().unwrap());
    let of = |contact: &str| json!({ "sequenceId": sequence["id"], "contactId": contact, "senderEmail": "olivia@example.com" });
    let nameless = reached.account.make("contacts", json!({ "firstname": "Ben" }));
    reached.by("contact_without_address", &enroll, of(&nameless));
    reached.account.call(&enroll, of(&ada)).expect(200);
    reached.by("contact_enrolled", &enroll, of(&ada));
    reached.by("sequence_in_use", &format!("DELETE {sequences}/{}", sequence["id"].as_str().unwrap()), Value::Null);
    let past = json!({
        "slug": "olivia-owens", "email": "ada@example.com", "firstName": "Ada", "lastName": "Archer", "duration": 1_800_000, "startTime": "2026-11-20T16:00:00Z",
        "timezone": "Europe/Berlin", "formFields": [], "legalConsentResponses": [], "likelyAvailableUserIds": [],
    });
    reached.by("time_taken", "POST /scheduler/v3/meetings/meeting-links/book", past);
}

pub fn cms(reached: &mut Reached) {
    let tags = "/cms/v3/blogs/tags";
    let make = |account: &Account, name: &str| account.call(&format!("POST {tags}"), json!({ "name": name })).expect(201)["id"].clone();
    let (primary, other) = (make(&reached.account, "news"), make(&reached.account, "other"));
    let variation = json!({ "id": primary, "language": "de", "name": "Neues" });
    reached.account.call(&format!("POST {tags}/multi-language/create-language-variation"), variation).expect(200);
    let attach = json!({ "id": other, "language": "de", "primaryId": primary });
    reached.by("language_exists", &format!("POST {tags}/multi-language/attach-to-lang-group"), attach);
    let table = json!({ "name": "t", "label": "T", "columns": [{ "name": "a", "label": "A", "type": "TEXT" }] });
    reached.account.call("POST /cms/v3/hubdb/tables", table.clone()).expect(201);
    reached.by("table_exists", "POST /cms/v3/hubdb/tables", table);
    let (rows, hundred) =
        ("POST /cms/v3/hubdb/tables/t/rows/draft/batch/create", json!({ "inputs": vec![json!({ "values": { "a": "x" } }); 100] }));
    let refused = (0..).map(|_| reached.account.call(rows, hundred.clone())).find(|one| one.status != 201).unwrap();
    reached.note("table_rows_too_many", rows, refused.status, &refused.body);
    let file = b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.html\"\r\n\r\n{{ x\r\n--b--\r\n";
    reached.by_bytes("source_invalid", "POST /cms/v3/source-code/draft/validate/a.html", file);
}
