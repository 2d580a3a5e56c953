//! Meeting links: free times, and meetings that take them.
//!
//! The fields are those of the official SDK (ExternalBookingInfo, ExternalMeetingBookingResponse). The account of the tests is in
//! New York, and it is Monday 2026-11-23, 10:15 there.

use serde_json::{Value, json};

use crate::support::Account;

const LINKS: &str = "/scheduler/v3/meetings/meeting-links";
const HALF: i64 = 1_800_000;

fn booking(start: &str) -> Value {
    json!({
        "slug": "olivia-owens", "email": "Ada@example.com", "firstName": "Ada", "lastName": "Archer", "duration": HALF, "startTime": start, "timezone": "Europe/Berlin",
        "formFields": [{ "name": "city", "value": "Porto" }], "legalConsentResponses": [], "likelyAvailableUserIds": ["9001"],
    })
}

/// The beginnings of free half hours, in milliseconds.
fn free(account: &Account, month: i64) -> Vec<i64> {
    let page =
        account.get(&format!("{LINKS}/book/availability-page/olivia-owens?timezone=America/New_York&monthOffset={month}")).expect(200);
    let half = &page["linkAvailability"]["linkAvailabilityByDuration"][HALF.to_string()]["availabilities"];
    half.as_array().unwrap().iter().map(|one| one["startMillisUtc"].as_i64().unwrap()).collect()
}

#[test]
fn a_booking_makes_the_contact_and_the_meeting_and_takes_the_time() {
    let account = Account::new();
    // 11:00 in New York.
    let (start, at) = (1_795_449_600_000_i64, "2026-11-23T16:00:00Z");
    assert!(free(&account, 0).contains(&start));
    let booked = account.call(&format!("POST {LINKS}/book"), booking(at)).expect(200);
    assert_eq!(
        json!([booked["start"], booked["end"], booked["bookingTimezone"]]),
        json!(["2026-11-23T16:00:00.000Z", "2026-11-23T16:30:00.000Z", "Europe/Berlin"])
    );
    assert_eq!(booked["formFields"], json!([{ "name": "city", "label": "City", "value": "Porto", "isCustom": false }]));
    let contact = account.get("/crm/v3/objects/contacts/ada@example.com?idProperty=email&properties=city").expect(200);
    assert_eq!(json!([contact["id"], contact["properties"]["city"]]), json!([booked["contactId"], "Porto"]));
    let meeting = format!(
        "/crm/v3/objects/meetings/{}?properties=hs_meeting_outcome,hubspot_owner_id&associations=contacts",
        booked["calendarEventId"].as_str().unwrap()
    );
    let meeting = account.get(&meeting).expect(200);
    assert_eq!(
        json!([meeting["properties"]["hs_meeting_outcome"], meeting["properties"]["hubspot_owner_id"]]),
        json!(["SCHEDULED", "5001"])
    );
    assert_eq!(meeting["associations"]["contacts"]["results"][0]["id"], contact["id"]);
    account.call(&format!("POST {LINKS}/book"), booking(at)).refused(400, "not available");
    let left = free(&account, 0);
    // A half hour that begins fifteen minutes before would run into it.
    assert!(!left.contains(&start) && !left.contains(&(start - 900_000)) && left.contains(&(start + HALF)));
    // A meeting that is called off gives its time back.
    let cancel = json!({ "properties": { "hs_meeting_outcome": "CANCELED" } });
    account.call(&format!("PATCH /crm/v3/objects/meetings/{}", booked["calendarEventId"].as_str().unwrap()), cancel).expect(200);
    assert!(free(&account, 0).contains(&start));
}

#[test]
fn only_times_of_the_link_can_be_booked() {
    let account = Account::new();
    for (at, why) in [
        ("2026-11-23T15:00:00Z", "is over"),
        ("2026-11-23T12:00:00Z", "before nine"),
        ("2026-11-23T22:00:00Z", "after five"),
        ("2026-11-28T16:00:00Z", "on a Saturday"),
        ("2026-11-24T16:05:00Z", "between two beginnings"),
    ] {
        let answer = account.call(&format!("POST {LINKS}/book"), booking(at));
        assert_eq!(answer.status, 400, "{why}");
        answer.refused(400, "not available");
    }
    for (field, value) in [
        ("slug", json!("nobody")),
        ("duration", json!(1)),
        ("email", json!("x")),
        ("timezone", json!("Mars/Phobos")),
        ("likelyAvailableUserIds", json!(["9002"])),
        ("formFields", json!([{ "name": "city" }])),
    ] {
        let mut bad = booking("2026-11-24T16:00:00Z");
        bad[field] = value;
        let answer = account.call(&format!("POST {LINKS}/book"), bad);
        assert!([400, 404].contains(&answer.status), "{field}: {}", answer.body);
    }
    assert_eq!(account.call("POST /crm/v3/objects/contacts/search", json!({})).expect(200)["total"], 0);
    assert_eq!(free(&account, 1).len(), 23 * 31);
    account.get(&format!("{LINKS}/book/olivia-owens?timezone=America/New_York&monthOffset=99")).refused(400, "monthOffset");
}

#[test]
fn every_user_has_a_link_and_a_page_for_it() {
    let account = Account::new();
    let links = account.get(&format!("{LINKS}?type=PERSONAL_LINK")).expect(200);
    assert_eq!(json!([links["total"], links["results"][0]["slug"]]), json!([3, "olivia-owens"]));
    assert_eq!(account.get(&format!("{LINKS}?organizerUserId=9002")).ids(), ["9002"]);
    let info = account.get("/scheduler/2026-09/meetings/meeting-links/book/pedro-prado?timezone=UTC").expect(200);
    assert_eq!(json!([info["linkId"], info["customParams"]["startTimeIncrementMinutes"]]), json!(["9002", "FIFTEEN"]));
    account.get(&format!("{LINKS}/book/pedro-prado")).refused(400, "timezone");
    account.get(&format!("{LINKS}/book/nobody?timezone=UTC")).refused(404, "nobody");
}

#[test]
fn a_meeting_in_the_calendar_is_a_record_with_its_associations() {
    let account = Account::new();
    let contact = account.contact("ada@example.com");
    let event = json!({
        "timezone": "Europe/Berlin", "emailReminderSchedule": { "reminders": [], "shouldIncludeInviteDescription": false },
        "associations": [{ "to": { "id": contact }, "types": [{ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 200 }] }],
        "properties": {
            "hs_timestamp": "2026-11-24T16:00:00Z", "hs_meeting_title": "Demo", "hs_meeting_start_time": "2026-11-24T16:00:00Z",
            "hs_meeting_end_time": "2026-11-24T17:00:00Z", "hs_meeting_outcome": "SCHEDULED", "hubspot_owner_id": "5001",
        },
    });
    let path = "POST /scheduler/v3/meetings/calendar";
    account.call(path, event.clone()).refused(400, "organizerUserId");
    let made = account.call(&format!("{path}?organizerUserId=9001"), event.clone()).expect(200);
    assert_eq!(made["properties"]["hs_meeting_title"], "Demo");
    let of = account.get(&format!("/crm/v4/objects/contacts/{contact}/associations/meetings")).expect(200);
    assert_eq!(of["results"][0]["toObjectId"].to_string(), made["id"].as_str().unwrap());
    // The whole hour is taken.
    account.call(&format!("POST {LINKS}/book"), booking("2026-11-24T16:30:00Z")).refused(400, "not available");
    for (field, value) in
        [("hs_meeting_title", Value::Null), ("hs_meeting_end_time", json!("2026-11-24T15:00:00Z")), ("hubspot_owner_id", json!("999"))]
    {
        let mut bad = event.clone();
        bad["properties"][field] = value;
        account.call(&format!("{path}?organizerUserId=9001"), bad).refused(400, field);
    }
}
