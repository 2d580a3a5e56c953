//! The media bridge (developers.hubspot.com/docs/api-reference/cms-media-bridge-v1/guide): media objects are records of the CRM,
//! and events say who played them.

use serde_json::{Value, json};

use crate::support::{Account, HUB_ID, NOW_MS};

const BRIDGE: &str = "/media-bridge/2026-03/77";

/// An account whose app shows videos, and the id of their object type.
fn with_videos() -> (Account, String) {
    let account = Account::new();
    let made = account.call(&format!("POST {BRIDGE}/settings/object-definitions"), json!({ "mediaTypes": ["VIDEO"] })).expect(200);
    let id = made["createdObjects"]["VIDEO"]["objectType"]["objectTypeId"].as_str().unwrap().to_owned();
    (account, id)
}

fn video(account: &Account, object_type: &str) -> u64 {
    let properties =
        json!({ "hs_title": "Tour", "hs_oembed_url": "https://v.example.com/1", "hs_external_id": "v-1", "hs_duration": 10_000 });
    account.make(object_type, properties).parse().unwrap()
}

#[test]
fn a_media_type_of_an_app_is_an_object_type_of_the_account() {
    let (account, id) = with_videos();
    let shown = account.get(&format!("{BRIDGE}/settings/object-definitions/VIDEO")).expect(200);
    assert_eq!(json!([shown["objectTypeId"], shown["objectTypeName"], shown.get("schema")]), json!([id, "a77_Videos", null]));
    let names: Vec<&Value> = shown["properties"].as_array().unwrap().iter().map(|one| &one["property"]["name"]).collect();
    assert!(names.contains(&&json!("hs_oembed_url")) && names.contains(&&json!("hs_duration")), "{names:?}");
    let full = account.get(&format!("{BRIDGE}/settings/object-definitions/VIDEO?includeFullDefinition=true")).expect(200);
    assert_eq!(full["schema"]["requiredProperties"], json!(["hs_title", "hs_oembed_url"]));
    // A second call makes no second type, and a media object is a record.
    let again =
        account.call("POST /media-bridge/v1/77/settings/object-definitions", json!({ "mediaTypes": ["VIDEO", "IMAGE"] })).expect(200);
    assert_eq!(again["createdObjects"]["VIDEO"]["objectType"]["objectTypeId"], *id);
    assert_eq!(account.get(&format!("{BRIDGE}/schemas")).expect(200)["results"].as_array().unwrap().len(), 2);
    let lacking = json!({ "properties": { "hs_title": "Tour" } });
    account.call(&format!("POST /crm/v3/objects/{id}"), lacking).refused(400, "hs_oembed_url");
    video(&account, &id);
    account.call(&format!("POST {BRIDGE}/settings/object-definitions"), json!({ "mediaTypes": ["FILM"] })).refused(400, "FILM");
    account.call(&format!("POST {BRIDGE}/settings/object-definitions"), json!({ "mediaTypes": [] })).refused(400, "mediaTypes");
    account.get(&format!("{BRIDGE}/settings/object-definitions/AUDIO")).refused(404, "AUDIO");
    account.get(&format!("{BRIDGE}/settings/object-definitions/FILM")).refused(400, "FILM");
    account.get("/media-bridge/2026-03/nobody/schemas").refused(404, "nobody");
}

#[test]
fn the_app_changes_the_properties_and_the_definition_of_its_own_types_alone() {
    let (account, id) = with_videos();
    let properties = format!("{BRIDGE}/properties/{id}");
    let mood = json!({ "name": "mood", "label": "Mood", "type": "string", "fieldType": "text", "groupName": "a77_videos_information" });
    let made = account.call(&format!("POST {properties}"), mood.clone()).expect(200);
    assert_eq!(json!([made["name"], made["owningAppId"], made["portalId"], made["deleted"]]), json!(["mood", 77, HUB_ID, false]));
    account.call(&format!("POST {properties}"), mood).refused(409, "mood");
    assert_eq!(account.call(&format!("PATCH {properties}/mood"), json!({ "label": "Feeling" })).expect(200)["label"], "Feeling");
    assert_eq!(account.get(&format!("{properties}/mood")).expect(200)["label"], "Feeling");
    assert!(account.get(&properties).expect(200)["results"].as_array().unwrap().iter().any(|one| one["name"] == "mood"));
    // The media type stands for the object type.
    let groups = format!("{BRIDGE}/properties/video/groups");
    account.call(&format!("POST {groups}"), json!({ "name": "looks", "label": "Looks" })).expect(200);
    assert_eq!(account.call(&format!("PATCH {groups}/looks"), json!({ "label": "Look" })).expect(200)["label"], "Look");
    assert!(account.get(&groups).expect(200)["results"].as_array().unwrap().iter().any(|group| group["name"] == "looks"));
    account.get(&format!("{groups}/looks")).expect(200);
    account.call(&format!("DELETE {groups}/looks"), Value::Null).expect(204);
    let tone = json!({ "inputs": [{ "name": "tone", "label": "Tone", "type": "string", "fieldType": "text", "groupName": "a77_videos_information" }] });
    account.call(&format!("POST {properties}/batch/create"), tone).expect(200);
    let names = json!({ "archived": false, "inputs": [{ "name": "tone" }] });
    assert_eq!(account.call(&format!("POST {properties}/batch/read"), names.clone()).expect(200)["results"][0]["label"], "Tone");
    account.call(&format!("POST {properties}/batch/archive"), names).expect(204);
    account.call(&format!("DELETE {properties}/mood"), Value::Null).expect(204);
    let schema = format!("{BRIDGE}/schemas/{id}");
    let changed = account.call(&format!("PATCH {schema}"), json!({ "clearDescription": false, "description": "Films" })).expect(200);
    assert_eq!(json!([changed["description"], account.get(&schema).expect(200)["description"]]), json!(["Films", "Films"]));
    let pair = json!({ "fromObjectTypeId": id, "toObjectTypeId": "0-2", "name": "shown_by" });
    let association = account.call(&format!("POST {schema}/associations"), pair).expect(200)["id"].as_str().unwrap().to_owned();
    account.call(&format!("DELETE {schema}/associations/{association}"), Value::Null).expect(204);
    let with_contacts = account.call(&format!("POST {BRIDGE}/settings/video-association-definition"), json!({})).expect(200);
    assert_eq!(json!([with_contacts["fromObjectTypeId"], with_contacts["toObjectTypeId"]]), json!([id, "0-1"]));
    // Neither a type of the CRM nor one of another app is the app's own.
    account.get(&format!("{BRIDGE}/properties/contacts")).refused(404, "contacts");
    account.get(&format!("/media-bridge/2026-03/78/schemas/{id}")).refused(404, &id);
}

#[test]
fn events_are_of_a_contact_and_a_media_object() {
    let (account, id) = with_videos();
    let (media, contact) = (video(&account, &id), account.contact("ada@example.com").parse::<u64>().unwrap());
    let event = |more: Value| {
        let mut event = json!({
            "mediaType": "VIDEO", "occurredTimestamp": NOW_MS, "sessionId": "s-1", "contactId": contact, "mediaBridgeId": media,
            "pageName": "Home", "pageUrl": "https://www.example.com/",
        });
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    };
    let send = |kind: &str, more: Value| account.call(&format!("POST /media-bridge/2026-03/events/{kind}"), event(more));
    let played = send("media-played", json!({ "state": "STARTED" })).expect(200);
    assert_eq!(
        json!([played["mediaName"], played["mediaBridgeObjectTypeId"], played["portalId"], played["state"]]),
        json!(["Tour", id, HUB_ID, "STARTED"])
    );
    let by_own_id = send("media-played-percent", json!({ "mediaBridgeId": null, "externalId": "v-1", "playedPercent": 25 })).expect(200);
    assert_eq!(json!([by_own_id["mediaBridgeId"], by_own_id["playedPercent"]]), json!([media, 25]));
    // The guide's example: of ten seconds, the first five were played.
    let spans = json!({ "rawDataMap": { "0": 2, "1": 2, "2": 1, "3": 1, "4": 1, "5": 0, "6": 0, "7": 0, "8": 0, "9": 0 } });
    let attention = send("attention-span", spans.clone()).expect(200);
    assert_eq!(json!([attention["totalPercentPlayed"], attention["totalSecondsPlayed"]]), json!([0.5, 5]));
    let mut derived = spans.clone();
    derived["derivedValues"] = json!({ "totalPercentPlayed": 0.7, "totalSecondsPlayed": 7 });
    assert_eq!(send("attention-span", derived).expect(200)["totalSecondsPlayed"], 7);
    for (kind, more, status, why) in [
        ("media-played", json!({ "state": "STOPPED" }), 400, "state"),
        ("media-played", json!({ "state": "STARTED", "contactId": null }), 400, "contactId"),
        ("media-played", json!({ "state": "STARTED", "contactId": 999 }), 404, "999"),
        ("media-played", json!({ "state": "STARTED", "mediaBridgeId": 999 }), 404, "999"),
        ("media-played", json!({ "state": "STARTED", "mediaBridgeId": null }), 400, "mediaBridgeId"),
        ("media-played", json!({ "state": "STARTED", "mediaType": "AUDIO" }), 400, "mediaType"),
        ("media-played-percent", json!({ "playedPercent": 30 }), 400, "playedPercent"),
        ("attention-span", json!({ "rawDataMap": { "0": "x" } }), 400, "rawDataMap"),
    ] {
        let before = account.written();
        send(kind, more).refused(status, why);
        assert_eq!(account.written(), before);
    }
}

#[test]
fn an_app_is_registered_with_domains_and_what_it_shows() {
    let account = Account::new();
    let register = json!({ "name": "Films", "moduleName": "films", "updatedAt": NOW_MS });
    assert_eq!(account.call(&format!("POST {BRIDGE}/settings/register"), register).expect(200), json!({ "appId": 77, "name": "Films" }));
    let renamed = account.call(&format!("PUT {BRIDGE}/settings"), json!({ "name": "Movies", "updatedAt": NOW_MS })).expect(200);
    assert_eq!(renamed["name"], "Movies");
    account.call(&format!("PUT {BRIDGE}/settings"), json!({ "name": "Movies" })).refused(400, "updatedAt");
    let visibility = format!("{BRIDGE}/settings/event-visibility");
    let hidden = json!({ "eventType": "MEDIA_PLAYS", "updatedAt": NOW_MS, "showInTimeline": false });
    account.call(&format!("PATCH {visibility}"), hidden.clone()).expect(200);
    let reported = json!({ "eventType": "MEDIA_PLAYS", "updatedAt": NOW_MS, "showInReporting": true });
    account.call(&format!("PATCH {visibility}"), reported).expect(200);
    let kept = account.get(&visibility).expect(200)["visibilitySettings"].clone();
    assert_eq!(json!([kept[0]["showInTimeline"], kept[0]["showInReporting"], kept.as_array().unwrap().len()]), json!([false, true, 1]));
    account.call(&format!("PATCH {visibility}"), json!({ "eventType": "NAPS", "updatedAt": 1 })).refused(400, "eventType");
    let domains = format!("{BRIDGE}/settings/oembed-domains");
    let of = |scheme: &str, portal: u64| json!({ "endpoints": { "discovery": true, "schemes": [scheme], "url": "https://v.example.com/oembed" }, "portalId": portal });
    let made = account.call(&format!("POST {domains}"), of("v.example.com/*", HUB_ID)).expect(200);
    account.call(&format!("POST {domains}"), of("w.example.com/*", 1)).expect(200);
    let one = format!("{domains}/{}", made["id"]);
    assert_eq!(account.get(&one).expect(200), made);
    let changed = account.call(&format!("PATCH {one}"), of("x.example.com/*", HUB_ID)).expect(200);
    assert_eq!(json!([changed["endpoints"]["schemes"], changed["createdAt"]]), json!([["x.example.com/*"], made["createdAt"]]));
    assert_eq!(account.get(&format!("{domains}?domainPortalId=1")).expect(200)["totalCount"], 1);
    account
        .call(&format!("POST {domains}"), json!({ "endpoints": { "discovery": true, "schemes": [], "url": "https://v.example.com" } }))
        .refused(400, "schemes");
    account.call_with(&format!("DELETE {domains}"), b"").refused(400, "domainPortalId");
    account.call_with(&format!("DELETE {domains}?id={}", made["id"]), b"").expect(204);
    account.get(&one).refused(404, "resource not found");
    account.call_with(&format!("DELETE {domains}?id=999"), b"").refused(404, "999");
    account.call_with(&format!("DELETE {domains}?domainPortalId=1"), b"").expect(204);
    assert_eq!(account.get(&domains).expect(200)["totalCount"], 0);
}
