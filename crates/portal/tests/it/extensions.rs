//! What apps add to an account: workflow actions, calling, cards, video conferencing, timeline events; and deal splits.

use serde_json::{Value, json};

use crate::support::Account;

const ACTIONS: &str = "/automation/v4/actions/77";

fn action() -> Value {
    json!({
        "actionUrl": "https://example.com/act", "published": true, "objectTypes": ["CONTACT"], "labels": { "en": { "actionName": "Act" } },
        "inputFields": [{ "isRequired": true, "typeDefinition": { "name": "widget", "type": "string", "fieldType": "text", "options": [], "externalOptions": false } }],
        "functions": [{ "functionType": "PRE_ACTION_EXECUTION", "functionSource": "exports.main = (event, callback) => callback(event)" }],
    })
}

#[test]
fn an_action_has_functions_and_a_revision_for_each_change() {
    let account = Account::new();
    let made = account.call(&format!("POST {ACTIONS}"), action()).expect(201);
    assert_eq!(json!([made["revisionId"], made["functions"]]), json!(["1", [{ "functionType": "PRE_ACTION_EXECUTION" }]]));
    let one = format!("{ACTIONS}/{}", made["id"].as_str().unwrap());
    assert_eq!(account.get(ACTIONS).expect(200)["results"].as_array().unwrap().len(), 1);
    assert_eq!(account.call(&format!("PATCH {one}"), json!({ "published": false })).expect(200)["revisionId"], "2");
    let functions = format!("{one}/functions");
    assert!(
        account.get(&format!("{functions}/PRE_ACTION_EXECUTION")).expect(200)["functionSource"]
            .as_str()
            .unwrap()
            .starts_with("exports.main")
    );
    let put = account.call_with(&format!("PUT {functions}/POST_FETCH_OPTIONS/widget"), b"\"exports.main = 1\"").expect(200);
    assert_eq!(put, json!({ "functionType": "POST_FETCH_OPTIONS", "id": "widget" }));
    assert_eq!(account.get(&format!("{functions}/POST_FETCH_OPTIONS/widget")).expect(200)["functionSource"], "exports.main = 1");
    assert_eq!(account.get(&functions).expect(200)["results"].as_array().unwrap().len(), 2);
    account.call_with(&format!("PUT {functions}/SOMETHING"), b"x").refused(400, "functionType");
    account.call_with(&format!("PUT {functions}/PRE_FETCH_OPTIONS"), b"exports.main = 2").expect(200);
    account.call(&format!("DELETE {functions}/PRE_FETCH_OPTIONS"), Value::Null).expect(204);
    account.call(&format!("DELETE {functions}/POST_FETCH_OPTIONS/widget"), Value::Null).expect(204);
    account.get(&format!("{functions}/POST_FETCH_OPTIONS/widget")).refused(404, "POST_FETCH_OPTIONS");
    let revisions = account.get(&format!("{one}/revisions")).expect(200);
    assert_eq!(json!([revisions["results"][0]["revisionId"], revisions["results"].as_array().unwrap().len()]), json!(["6", 6]));
    assert_eq!(account.get(&format!("{one}/revisions/1")).expect(200)["definition"]["published"], true);
    account.call(&format!("DELETE {one}"), Value::Null).expect(204);
    account.get(&one).refused(404, "OBJECT_NOT_FOUND");
    assert!(account.get(&format!("{one}?archived=true")).expect(200)["archivedAt"].is_number());
}

#[test]
fn an_action_that_hubspot_would_not_take_is_refused() {
    let account = Account::new();
    for (field, value) in [
        ("actionUrl", json!("not a url")),
        ("labels", json!({ "de": { "actionName": "x" } })),
        ("inputFields", json!([{}])),
        ("functions", json!([{ "functionType": "OTHER", "functionSource": "x" }])),
        ("published", Value::Null),
    ] {
        let mut body = action();
        body[field] = value;
        account.call(&format!("POST {ACTIONS}"), body).refused(400, "VALIDATION_ERROR");
    }
    assert_eq!(account.get(ACTIONS).expect(200)["results"], json!([]));
    let good = json!({ "outputFields": { "hs_execution_state": "SUCCESS" } });
    account.call("POST /automation/v4/actions/callbacks/ap-1/complete", good).expect(204);
    account
        .call("POST /automation/v4/actions/callbacks/ap-1/complete", json!({ "outputFields": { "a": [] } }))
        .refused(400, "outputFields");
    let batch = json!({ "inputs": [{ "callbackId": "ap-2", "outputFields": {} }] });
    account.call("POST /automation/v4/actions/callbacks/complete", batch).expect(204);
    account
        .call("POST /automation/v4/actions/callbacks/complete", json!({ "inputs": [{ "outputFields": {} }] }))
        .refused(400, "callbackId");
}

#[test]
fn settings_of_calling_and_of_video_are_made_changed_and_removed() {
    let account = Account::new();
    let root = "/crm/v3/extensions/calling/77/settings";
    for (path, body, change, checked) in [
        (root.to_owned(), json!({ "name": "Dialer", "url": "https://example.com/dial" }), json!({ "isReady": true }), "url"),
        (
            format!("{root}/channel-connection"),
            json!({ "url": "https://example.com/c", "isReady": false }),
            json!({ "isReady": true }),
            "url",
        ),
        (
            format!("{root}/recording"),
            json!({ "urlToRetrieveAuthedRecording": "https://example.com/%s" }),
            json!({ "urlToRetrieveAuthedRecording": "https://example.com/r/%s" }),
            "urlToRetrieveAuthedRecording",
        ),
    ] {
        account.get(&path).refused(404, "77");
        account.call(&format!("PATCH {path}"), change.clone()).refused(404, "77");
        account.call(&format!("POST {path}"), json!({ checked: "ftp://x" })).refused(400, "VALIDATION_ERROR");
        account.call(&format!("POST {path}"), body).expect(200);
        let changed = account.call(&format!("PATCH {path}"), change.clone()).expect(200);
        let (name, value) = change.as_object().unwrap().iter().next().unwrap();
        assert_eq!((&changed[name], &account.get(&path).expect(200)), (value, &changed));
        if !path.ends_with("recording") {
            account.call(&format!("DELETE {path}"), Value::Null).expect(204);
            account.get(&path).refused(404, "77");
        }
    }
    let video = "/crm/v3/extensions/videoconferencing/settings/77";
    account.call(&format!("PUT {video}"), json!({})).refused(400, "createMeetingUrl");
    account.call(&format!("PUT {video}"), json!({ "createMeetingUrl": "https://example.com/m" })).expect(200);
    assert_eq!(account.get(video).expect(200), json!({ "createMeetingUrl": "https://example.com/m" }));
    account.call(&format!("DELETE {video}"), Value::Null).expect(204);
    account.get(video).refused(404, "77");
}

#[test]
fn a_call_that_came_in_is_matched_and_becomes_a_record() {
    let account = Account::new();
    let ada = account.make("contacts", json!({ "email": "ada@example.com", "firstname": "Ada", "phone": "+1 877 929 0687" }));
    let mut body = json!({
        "externalCallId": "c-1", "finalCallStatus": "COMPLETED", "createEngagement": true, "engagementProperties": { "hs_call_title": "Hello" },
        "fromNumber": { "e164Number": "+18779290687", "phoneNumberType": "MOBILE" }, "toNumber": { "e164Number": "+351210000000", "phoneNumberType": "FIXED_LINE" },
        "potentialRecipientUserIds": [1],
    });
    let path = "POST /crm/v3/extensions/calling/inbound-call";
    let answer = account.call(path, body.clone()).expect(200);
    assert_eq!(answer["callerIdMatches"][0]["objectCoordinates"]["objectId"].to_string(), ada);
    let calls = account.get("/crm/v3/objects/calls?properties=hs_call_title,hs_call_direction").expect(200);
    let call = &calls["results"][0];
    assert_eq!(json!([call["properties"]["hs_call_title"], call["properties"]["hs_call_direction"]]), json!(["Hello", "INBOUND"]));
    let id: u64 = call["id"].as_str().unwrap().parse().unwrap();
    account.call("POST /crm/v3/extensions/calling/recordings/ready", json!({ "engagementId": id })).expect(204);
    account.call("POST /crm/v3/extensions/calling/recordings/ready", json!({ "engagementId": 999_999 })).refused(404, "999999");
    body["fromNumber"] = json!({});
    account.call(path, body).refused(400, "e164Number");
}

#[test]
fn cards_are_made_changed_and_removed() {
    let account = Account::new();
    let root = "/crm/v3/extensions/cards-dev/77";
    let card = json!({
        "title": "Orders", "actions": { "baseUrls": ["https://example.com"] }, "display": { "properties": [{ "name": "n", "label": "N", "dataType": "STRING", "options": [] }] },
        "fetch": { "targetUrl": "https://example.com/card", "objectTypes": [{ "name": "contacts", "propertiesToSend": ["email"] }] },
    });
    let made = account.call(&format!("POST {root}"), card.clone()).expect(201);
    let one = format!("{root}/{}", made["id"].as_str().unwrap());
    assert_eq!(account.get(root).expect(200)["results"], json!([made]));
    let fetch = json!({ "fetch": { "objectTypes": [{ "name": "deals", "propertiesToSend": [] }] } });
    let changed = account.call(&format!("PATCH {one}"), fetch).expect(200);
    assert_eq!(
        json!([changed["fetch"]["targetUrl"], changed["fetch"]["objectTypes"][0]["name"]]),
        json!(["https://example.com/card", "deals"])
    );
    assert_eq!(account.get(&one).expect(200)["auditHistory"].as_array().unwrap().len(), 2);
    for (place, value) in
        [("fetch", json!({ "targetUrl": "x", "objectTypes": [] })), ("actions", json!({ "baseUrls": ["http://example.com"] }))]
    {
        let mut bad = card.clone();
        bad[place] = value;
        account.call(&format!("POST {root}"), bad).refused(400, "VALIDATION_ERROR");
    }
    account.get("/crm/v3/extensions/cards-dev/sample-response").expect(200);
    let id: u64 = made["id"].as_str().unwrap().parse().unwrap();
    let migration = json!({ "appCardId": 5, "legacyCrmCardId": id, "allowDuplicateAppCardIds": false });
    account.call(&format!("POST {root}/views/migrate"), migration).expect(200);
    account.call(&format!("DELETE {one}"), Value::Null).expect(204);
    account.get(&one).refused(404, "OBJECT_NOT_FOUND");
}

#[test]
fn an_event_on_a_timeline_sets_properties_and_fills_its_template_in() {
    let account = Account::new();
    let templates = "/integrators/timeline/v3/77/event-templates";
    let template = json!({
        "name": "Visit", "objectType": "contacts", "headerTemplate": "Visited {{page}}", "detailTemplate": "For {{seconds}} s, {{extraData.by.car}}",
        "tokens": [{ "name": "page", "label": "Page", "type": "string" }, { "name": "seconds", "label": "Seconds", "type": "number" }],
    });
    let made = account.call(&format!("POST {templates}"), template).expect(201);
    let id = made["id"].as_str().unwrap();
    let tokens = format!("{templates}/{id}/tokens");
    let town = json!({ "name": "town", "label": "Town", "type": "string", "objectPropertyName": "city" });
    account.call(&format!("POST {tokens}"), town.clone()).expect(200);
    account.call(&format!("POST {tokens}"), town).refused(409, "town");
    account.call(&format!("PUT {tokens}/town"), json!({ "label": "City", "objectPropertyName": "city" })).expect(200);
    let event = json!({
        "eventTemplateId": id, "email": "New@example.com", "tokens": { "page": "/home", "seconds": 30, "town": "Porto" }, "extraData": { "by": { "car": "red" } },
    });
    let sent = account.call("POST /integrators/timeline/v3/events", event.clone()).expect(201);
    let contact = account.get("/crm/v3/objects/contacts/new@example.com?idProperty=email&properties=city").expect(200);
    assert_eq!((&contact["id"], &contact["properties"]["city"]), (&sent["objectId"], &json!("Porto")));
    let one = format!("/integrators/timeline/v3/events/{id}/{}", sent["id"].as_str().unwrap());
    assert_eq!(account.get(&one).expect(200)["tokens"]["page"], "/home");
    assert_eq!(account.get(&format!("{one}/detail")).expect(200)["details"], "For 30 s, red");
    assert_eq!(account.get(&format!("{one}/render")).expect(200), "Visited /home");
    account.get(&format!("/integrators/timeline/v3/events/999/{}", sent["id"].as_str().unwrap())).refused(404, "OBJECT_NOT_FOUND");
    for (field, value) in [
        ("eventTemplateId", json!("999")),
        ("tokens", json!({ "unknown": 1 })),
        ("tokens", json!({ "seconds": "x" })),
        ("email", json!("x")),
    ] {
        let mut bad = event.clone();
        bad[field] = value;
        account.call("POST /integrators/timeline/v3/events", bad.clone()).refused(400, "VALIDATION_ERROR");
        let before = account.written();
        account
            .call("POST /integrators/timeline/v3/events/batch/create", json!({ "inputs": [event, bad] }))
            .refused(400, "VALIDATION_ERROR");
        assert_eq!(account.written(), before);
    }
    let many = account.call("POST /integrators/timeline/v3/events/batch/create", json!({ "inputs": [event, event] })).expect(201);
    assert_eq!(many["results"].as_array().unwrap().len(), 2);
    account.call(&format!("DELETE {tokens}/town"), Value::Null).expect(204);
    account.call(&format!("DELETE {tokens}/town"), Value::Null).refused(404, "town");
}

#[test]
fn a_deal_is_split_whole_between_its_owners() {
    let account = Account::new();
    let deal = account.make("deals", json!({ "dealname": "Big", "dealstage": "appointmentscheduled", "pipeline": "default" }));
    let owners: Vec<u64> = account.get("/crm/v3/owners").expect(200)["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].as_str().unwrap().parse().unwrap())
        .collect();
    let (path, number) = ("/crm/v3/objects/deals/splits/batch", deal.parse::<u64>().unwrap());
    let split = |parts: &[(u64, f64)]| {
        let splits: Vec<Value> = parts.iter().map(|(owner, percentage)| json!({ "ownerId": owner, "percentage": percentage })).collect();
        account.call(&format!("POST {path}/upsert"), json!({ "inputs": [{ "id": number, "splits": splits }] }))
    };
    let done = split(&[(owners[0], 1.0)]).expect(200);
    assert_eq!(done["results"][0]["splits"][0]["properties"]["hubspot_owner_id"], owners[0].to_string());
    split(&[(owners[0], 0.5)]).refused(400, "splits");
    split(&[(999_999_999, 1.0)]).refused(400, "ownerId");
    split(&[(owners[0], 0.5), (owners[0], 0.5)]).refused(400, "twice");
    let read = account.call(&format!("POST {path}/read"), json!({ "inputs": [{ "id": deal }] })).expect(200);
    assert_eq!(read["results"], done["results"]);
    let part = account.call("POST /deal-splits/2026-09/batch/read", json!({ "inputs": [{ "id": deal }, { "id": "999" }] })).expect(207);
    assert_eq!(part["errors"][0]["context"]["ids"], json!(["999"]));
}

#[test]
fn a_transcript_belongs_to_its_call_and_goes_with_it() {
    let account = Account::new();
    let call = account.make("calls", json!({ "hs_timestamp": "2026-11-23T15:15:00Z" }));
    let path = "/crm/v3/extensions/calling/transcripts";
    let said = json!({ "text": "Hello", "startTimeMillis": 0, "endTimeMillis": 900, "speaker": { "id": "1", "name": "Ada" } });
    let body = json!({ "engagementId": call.parse::<u64>().unwrap(), "transcriptCreateUtterances": [said] });
    let made = account.call(&format!("POST {path}"), body.clone()).expect(200);
    let one = format!("{path}/{}", made["id"].as_str().unwrap());
    let shown = account.get(&one).expect(200);
    assert_eq!(json!([shown["transcriptSource"], shown["transcriptUtterances"][0]["text"]]), json!(["INTEGRATOR_GENERATED", "Hello"]));
    for (pointer, value) in [
        ("/engagementId", json!(999_999)),
        ("/transcriptCreateUtterances", json!([])),
        ("/transcriptCreateUtterances/0/speaker", json!({ "id": "1" })),
        ("/transcriptCreateUtterances/0/startTimeMillis", json!(901)),
    ] {
        let mut bad = body.clone();
        *bad.pointer_mut(pointer).unwrap() = value;
        account.call(&format!("POST {path}"), bad).refused(400, "VALIDATION_ERROR");
    }
    account.call(&format!("DELETE /crm/v3/objects/calls/{call}"), Value::Null).expect(204);
    account.get(&one).refused(404, "OBJECT_NOT_FOUND");
    let call = account.make("calls", json!({ "hs_timestamp": "2026-11-23T15:15:00Z" }));
    let body = json!({ "engagementId": call.parse::<u64>().unwrap(), "transcriptCreateUtterances": [said] });
    let made = account.call(&format!("POST {path}"), body).expect(200);
    let one = format!("{path}/{}", made["id"].as_str().unwrap());
    account.call(&format!("DELETE {one}"), Value::Null).expect(204);
    account.get(&one).refused(404, "OBJECT_NOT_FOUND");
}

/// developers.hubspot.com/docs/api-reference/crm-public-app-feature-flags-v3-v3/guide
#[test]
fn a_flag_has_a_state_for_all_accounts_and_one_for_each_that_it_was_set_for() {
    let account = Account::new();
    let root = "/feature-flags/v3/77/flags";
    let one = format!("{root}/hs-hide-crm-cards");
    account.get(&one).refused(404, "hs-hide-crm-cards");
    account.call(&format!("PUT {one}"), json!({ "defaultState": "MAYBE" })).refused(400, "defaultState");
    let flag = account.call(&format!("PUT {one}"), json!({ "defaultState": "OFF" })).expect(200);
    assert_eq!(flag, json!({ "appId": 77, "flagName": "hs-hide-crm-cards", "defaultState": "OFF" }));
    assert_eq!(account.get(&format!("{root}/all")).expect(200), json!({ "flagsForApp": ["hs-hide-crm-cards"] }));
    let portal = |id: u64, state: &str| json!({ "appId": 77, "flagName": "hs-hide-crm-cards", "portalId": id, "flagState": state });
    account.get(&format!("{one}/portals/5")).refused(404, "5");
    assert_eq!(account.call(&format!("PUT {one}/portals/5"), json!({ "flagState": "ON" })).expect(200), portal(5, "ON"));
    let many = json!({ "portalStates": [{ "portalId": 6, "flagState": "ON" }, { "portalId": 7, "flagState": "ABSENT" }] });
    account.call(&format!("POST {one}/portals/batch/upsert"), many).expect(200);
    let listed = account.get(&format!("{one}/portals?startPortalId=6&limit=1")).expect(200);
    assert_eq!(listed["portalFlagStates"], json!([portal(6, "ON")]));
    let bad = json!({ "portalStates": [{ "portalId": 8, "flagState": "ON" }, { "portalId": "x", "flagState": "ON" }] });
    account.call(&format!("POST {one}/portals/batch/upsert"), bad).refused(400, "portalId");
    account.get(&format!("{one}/portals/8")).refused(404, "8");
    let gone = account.call(&format!("POST {one}/portals/batch/delete"), json!({ "portalIds": [6, 999] })).expect(200);
    assert_eq!(gone["portalFlagStates"], json!([portal(6, "ON")]));
    assert_eq!(account.call(&format!("DELETE {one}/portals/5"), Value::Null).expect(200), portal(5, "ON"));
    account.call(&format!("DELETE {one}"), Value::Null).expect(200);
    account.get(&format!("{one}/portals/7")).refused(404, "hs-hide-crm-cards");
}
