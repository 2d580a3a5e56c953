//! Meeting links of the users, their free times, and the meetings that are booked over them.
//!
//! developers.hubspot.com/docs/api-reference/scheduler-meetings-v3/guide. A link is made in HubSpot's settings, so that every
//! user has one here. A meeting of its user takes its time.

use jiff::ToSpan;
use jiff::civil::{DateTime, Weekday};
use jiff::tz::TimeZone;
use keyway_core::error_body::ErrorBody;
use keyway_core::time::Timestamp;
use keyway_objects::invalid;
use keyway_objects::kind::Kind;
use keyway_objects::request::{bad_field, bad_parameter, decoded, missing_field, text};
use keyway_objects::state::{Owner, State};
use keyway_objects::tx::Tx;
use keyway_objects::value::{is_email, moment};
use serde_json::{Map, Value, json};

use super::people::{self, Who, contacts};
use super::shape::{self, Field, Is};
use super::{Answer, Asked, missing, page, reply, size};

const BOOKING: [Field; 11] = [
    ("slug", Is::Text, true),
    ("email", Is::Text, true),
    ("firstName", Is::Text, true),
    ("lastName", Is::Text, true),
    ("duration", Is::Number, true),
    ("startTime", Is::Date, true),
    ("timezone", Is::Text, false),
    ("locale", Is::Text, false),
    ("formFields", Is::List, false),
    ("legalConsentResponses", Is::List, false),
    ("likelyAvailableUserIds", Is::List, false),
];
const FORM_FIELD: [Field; 2] = [("name", Is::Text, true), ("value", Is::Text, true)];
const CONSENT: [Field; 2] = [("communicationTypeId", Is::Text, true), ("consented", Is::Flag, true)];
const EVENT: [Field; 4] = [
    ("properties", Is::Object, true),
    ("associations", Is::List, false),
    ("emailReminderSchedule", Is::Object, false),
    ("timezone", Is::Text, true),
];
/// What a meeting in the calendar must have.
const EVENT_REQUIRED: [&str; 6] =
    ["hs_timestamp", "hs_meeting_title", "hs_meeting_start_time", "hs_meeting_end_time", "hs_meeting_outcome", "hubspot_owner_id"];

const TYPES: [&str; 3] = ["GROUP_CALENDAR", "PERSONAL_LINK", "ROUND_ROBIN_CALENDAR"];
const MINUTE_MS: i64 = 60_000;
/// Milliseconds of the meetings that a link offers.
const DURATIONS: [i64; 3] = [15 * MINUTE_MS, 30 * MINUTE_MS, 60 * MINUTE_MS];
/// Minutes of a day from Monday to Friday, in the account's time zone.
const DAY_BEGINS: i64 = 9 * 60;
const DAY_ENDS: i64 = 17 * 60;
/// Minutes between two times at which a meeting can begin.
const INCREMENT: i64 = 15;
/// Characters of the title of a booked meeting.
const TITLE_CHARS_MAX: usize = 1_000;
/// Furthest month that a page of free times is asked for.
const MONTHS_MAX: i32 = 12;

pub fn answer(asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    Some(match (asked.method(), rest) {
        ("POST", ["calendar"]) => calendar(asked, tx),
        ("GET", ["meeting-links"]) => list(asked, tx.state),
        ("POST", ["meeting-links", "book"]) => book(asked, tx),
        ("GET", ["meeting-links", "book", "availability-page", slug]) => {
            owner(tx.state, &decoded(slug)).and_then(|owner| Ok(reply(200, times(asked, tx, owner)?)))
        }
        ("GET", ["meeting-links", "book", slug]) => owner(tx.state, &decoded(slug)).and_then(|owner| info(asked, tx, owner)),
        _ => return None,
    })
}

fn slug(owner: &Owner) -> String {
    format!("{}-{}", owner.first_name, owner.last_name).to_lowercase().replace(' ', "-")
}

fn owner<'s>(state: &'s State, wanted: &str) -> Result<&'s Owner, ErrorBody> {
    state.live_owners().find(|owner| slug(owner) == wanted).ok_or_else(|| missing(wanted))
}

fn link(owner: &Owner) -> Value {
    let (slug, user) = (slug(owner), owner.user_id.to_string());
    json!({
        "id": user, "slug": slug, "link": format!("https://meetings.hubspot.com/{slug}"), "name": format!("Meeting with {}", owner.name()),
        "type": "PERSONAL_LINK", "defaultLink": true, "organizerUserId": user, "userIdsOfLinkMembers": [user], "createdAt": owner.created_at.to_iso(),
        "updatedAt": owner.created_at.to_iso(),
    })
}

fn list(asked: &Asked<'_>, state: &State) -> Answer {
    let (user, kind, name) = (asked.query.get("organizerUserId"), asked.query.get("type"), asked.query.get("name").map(str::to_lowercase));
    if kind.is_some_and(|kind| !TYPES.contains(&kind)) {
        return Err(bad_parameter("type", "is not a type of meeting link"));
    }
    let links: Vec<Value> = state.live_owners().map(link).collect();
    let fits = |link: &&Value| {
        user.is_none_or(|user| link["organizerUserId"] == *user)
            && kind.is_none_or(|kind| link["type"] == *kind)
            && name.as_ref().is_none_or(|name| link["name"].as_str().unwrap_or_default().to_lowercase().contains(name))
    };
    page(asked, links.iter().filter(fits).collect(), true)
}

fn zone(asked: &Asked<'_>) -> Result<TimeZone, ErrorBody> {
    let name = asked.query.get("timezone").ok_or_else(|| bad_parameter("timezone", "is required"))?;
    TimeZone::get(name).map_err(|_| bad_parameter("timezone", &format!("'{name}' is not a time zone")))
}

/// When a user has meetings that are not over, from and to in milliseconds.
fn busy(asked: &Asked<'_>, tx: &Tx<'_>, owner: &Owner) -> Result<Vec<(i64, i64)>, ErrorBody> {
    let table = tx.state.table(meetings());
    tx.work.each(table.count(), 4)?;
    let (id, now) = (owner.id.to_string(), asked.call.now.as_ms());
    let at = |text: Option<&str>| text.and_then(moment).map(Timestamp::as_ms);
    let own = table
        .range(0, false)
        .filter(|one| one.get("hubspot_owner_id") == Some(id.as_str()) && one.get("hs_meeting_outcome") != Some("CANCELED"));
    let mut times: Vec<(i64, i64)> = own
        .filter_map(|one| Some((at(one.get("hs_meeting_start_time"))?, at(one.get("hs_meeting_end_time"))?)))
        .filter(|(_, end)| *end > now)
        .collect();
    times.sort_unstable();
    Ok(times)
}

fn meetings() -> Kind {
    Kind::of("meetings").expect("meetings are a type")
}

/// The account's time zone, in which its users work.
fn home(state: &State) -> TimeZone {
    TimeZone::get(&state.settings.time_zone).unwrap_or(TimeZone::UTC)
}

/// The beginnings of free times of a length between two moments.
fn free(state: &State, busy: &[(i64, i64)], length: i64, from: i64, until: i64) -> Vec<i64> {
    let zone = home(state);
    let Ok(first) = jiff::Timestamp::from_millisecond(from) else { return Vec::new() };
    let (mut day, mut found) = (zone.to_datetime(first).date(), Vec::new());
    loop {
        let Some(midnight) = ms(&zone, day.to_datetime(jiff::civil::Time::midnight())).filter(|at| *at < until) else { return found };
        if !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
            let mut minute = DAY_BEGINS;
            while minute * MINUTE_MS + length <= DAY_ENDS * MINUTE_MS {
                let wall = day.at((minute / 60) as i8, (minute % 60) as i8, 0, 0);
                let start = ms(&zone, wall).unwrap_or(midnight);
                let is_free = !busy.iter().any(|(begin, end)| *begin < start + length && *end > start);
                if start >= from && start < until && is_free {
                    found.push(start);
                }
                minute += INCREMENT;
            }
        }
        let Ok(next) = day.checked_add(1.day()) else { return found };
        day = next;
    }
}

fn ms(zone: &TimeZone, wall: DateTime) -> Option<i64> {
    zone.to_timestamp(wall).ok().map(|at| at.as_millisecond())
}

/// The rest of this month, or the month that the query asks for.
fn month(asked: &Asked<'_>, zone: &TimeZone) -> Result<(i64, i64), ErrorBody> {
    let offset = asked.query.get("monthOffset").map_or(Ok(0), str::parse::<i32>).ok().filter(|offset| (0..=MONTHS_MAX).contains(offset));
    let offset = offset.ok_or_else(|| bad_parameter("monthOffset", &format!("must be between 0 and {MONTHS_MAX}")))?;
    let now = asked.call.now.as_ms();
    let today = jiff::Timestamp::from_millisecond(now).map(|now| zone.to_datetime(now).date());
    let begin = |months: i32| {
        let first = today.as_ref().ok()?.first_of_month().checked_add(months.months()).ok()?;
        ms(zone, first.to_datetime(jiff::civil::Time::midnight()))
    };
    let (Some(from), Some(until)) = (begin(offset), begin(offset + 1)) else { return Err(bad_parameter("monthOffset", "is too far")) };
    Ok((from.max(now), until))
}

/// What is free and what is taken, for the page of a link.
fn times(asked: &Asked<'_>, tx: &Tx<'_>, owner: &Owner) -> Result<Value, ErrorBody> {
    let (from, until) = month(asked, &zone(asked)?)?;
    let busy = busy(asked, tx, owner)?;
    // Some 700 times of each length, each held against every meeting.
    tx.work.each(DURATIONS.len() * 800, 1 + busy.len() as u64)?;
    let mut by_duration = Map::new();
    for length in DURATIONS {
        let free: Vec<Value> = free(tx.state, &busy, length, from, until)
            .into_iter()
            .map(|start| json!({ "startMillisUtc": start, "endMillisUtc": start + length }))
            .collect();
        by_duration.insert(length.to_string(), json!({ "meetingDurationMillis": length, "availabilities": free }));
    }
    let taken: Vec<Value> = busy.iter().map(|(start, end)| json!({ "start": start, "end": end })).collect();
    let user = owner.user_id.to_string();
    let profile = json!({ "email": owner.email, "firstName": owner.first_name, "lastName": owner.last_name, "fullName": owner.name() });
    Ok(json!({
        "linkAvailability": { "linkAvailabilityByDuration": by_duration, "hasMore": true },
        "allUsersBusyTimes": [{
            "isOffline": false, "busyTimes": taken,
            "meetingsUser": { "id": user, "userId": user, "calendarProvider": "UNKNOWN", "isSalesStarter": false, "userProfile": profile },
        }],
    }))
}

fn info(asked: &Asked<'_>, tx: &Tx<'_>, owner: &Owner) -> Answer {
    let mut value = times(asked, tx, owner)?;
    let link = link(owner);
    value["linkId"] = link["id"].clone();
    value["linkType"] = link["type"].clone();
    value["isOffline"] = false.into();
    value["customParams"] = json!({
        "durations": DURATIONS, "availability": { "MONDAY_TO_FRIDAY": { "start": DAY_BEGINS, "end": DAY_ENDS } }, "formFields": [],
        "legalConsentEnabled": false, "meetingBufferTime": 0, "ownerPrioritized": false, "startTimeIncrementMinutes": "FIFTEEN", "weeksToAdvertise": 52,
        "guestSettings": { "canAddGuests": false, "maxGuestCount": 0 },
    });
    Ok(reply(200, value))
}

/// A visitor takes a time: the visitor becomes a contact, and the meeting a record of the user.
fn book(asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
    let body = shape::read(&BOOKING, &asked.body()?, false)?;
    shape::each("formFields", &FORM_FIELD, &body)?;
    shape::each("legalConsentResponses", &CONSENT, &body)?;
    tx.work.write(2 * size(&Value::from(body.clone())))?;
    let given = |name: &str| body[name].as_str().unwrap_or_default().trim();
    let owner = owner(tx.state, given("slug"))?.clone();
    let user = owner.user_id.to_string();
    if body
        .get("likelyAvailableUserIds")
        .and_then(Value::as_array)
        .is_some_and(|ids| !ids.is_empty() && !ids.contains(&Value::from(user.as_str())))
    {
        return Err(bad_field("likelyAvailableUserIds", "does not name the user of the link"));
    }
    let timezone = match text(&body, "timezone")? {
        None => tx.state.settings.time_zone.clone(),
        Some(name) if TimeZone::get(name).is_ok() => name.to_owned(),
        Some(_) => return Err(bad_field("timezone", "is not a time zone")),
    };
    let email = given("email").to_lowercase();
    if !is_email(&email) {
        return Err(bad_field("email", "must be an e-mail address"));
    }
    let length = body["duration"].as_i64().filter(|length| DURATIONS.contains(length));
    let length = length.ok_or_else(|| bad_field("duration", "is not one of the durations of the link, in milliseconds"))?;
    let start = Timestamp::parse_iso(given("startTime")).map_or(0, Timestamp::as_ms);
    let busy = busy(asked, tx, &owner)?;
    tx.work.each(40, 1 + busy.len() as u64)?;
    if start < asked.call.now.as_ms() || !free(tx.state, &busy, length, start, start + 1).contains(&start) {
        return Err(invalid::time_taken());
    }
    let mut properties =
        Map::from_iter([("firstname".to_owned(), given("firstName").into()), ("lastname".to_owned(), given("lastName").into())]);
    let mut shown = Vec::new();
    for field in body.get("formFields").and_then(Value::as_array).into_iter().flatten() {
        let name = field["name"].as_str().unwrap_or_default();
        let property = tx.state.schema(contacts()).find(name);
        let label = property.map_or_else(|| name.to_owned(), |property| property.label.to_string());
        if property.is_some() {
            properties.insert(name.to_owned(), field["value"].clone());
        }
        shown.push(json!({ "name": name, "label": label, "value": field["value"], "isCustom": property.is_none() }));
    }
    let who = Who::Email(email);
    people::check(asked, tx.state, &who, &properties)?;
    let subject = format!("{} {} and {}", given("firstName"), given("lastName"), owner.name());
    let subject: String = subject.chars().take(TITLE_CHARS_MAX).collect();
    let (begin, end) = (Timestamp::from_ms(start).to_iso(), Timestamp::from_ms(start + length).to_iso());
    let contact = people::write(asked, tx, &who, &properties)?;
    let meeting = meeting(&[
        ("hs_timestamp", &begin),
        ("hs_meeting_title", &subject),
        ("hs_meeting_start_time", &begin),
        ("hs_meeting_end_time", &end),
        ("hs_meeting_outcome", "SCHEDULED"),
        ("hubspot_owner_id", &owner.id.to_string()),
    ]);
    let id = people::create(asked, tx, meetings(), &meeting)?;
    tx.link((meetings(), id), (contacts(), contact), &[]);
    let mut value = json!({
        "calendarEventId": id.to_string(), "contactId": contact.to_string(), "bookingTimezone": timezone, "duration": length, "start": begin, "end": end,
        "subject": subject, "formFields": shown, "guestEmails": [], "isOffline": false,
        "legalConsentResponses": body.get("legalConsentResponses").cloned().unwrap_or_else(|| json!([])),
    });
    if let Some(locale) = body.get("locale") {
        value["locale"] = locale.clone();
    }
    Ok(reply(200, value))
}

fn meeting(values: &[(&str, &str)]) -> Map<String, Value> {
    values.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect()
}

/// A meeting that a user has in the calendar, with the records that it is about.
fn calendar(asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
    let user = asked.query.get("organizerUserId").ok_or_else(|| bad_parameter("organizerUserId", "is required"))?;
    if !tx.state.live_owners().any(|owner| owner.user_id.to_string() == user) {
        return Err(bad_parameter("organizerUserId", "is not a user of the account"));
    }
    let body = shape::read(&EVENT, &asked.body()?, false)?;
    tx.work.write(2 * size(&Value::from(body.clone())))?;
    if TimeZone::get(body["timezone"].as_str().unwrap_or_default()).is_err() {
        return Err(bad_field("timezone", "is not a time zone"));
    }
    let empty = Map::new();
    let mut properties = body["properties"].as_object().unwrap_or(&empty).clone();
    if let Some(name) = EVENT_REQUIRED.iter().find(|name| properties.get(**name).is_none_or(|value| value.is_null() || *value == "")) {
        return Err(missing_field(name));
    }
    let at = |name: &str| properties[name].as_str().and_then(moment).ok_or_else(|| bad_field(name, "must be a time"));
    if at("hs_meeting_end_time")? < at("hs_meeting_start_time")? {
        return Err(bad_field("hs_meeting_end_time", "is before hs_meeting_start_time"));
    }
    // Lists of ids are texts with semicolons in a record.
    for value in properties.values_mut() {
        if let Value::Array(list) = value {
            let texts: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
            *value = texts.join(";").into();
        }
    }
    let associations = body.get("associations").cloned().unwrap_or(Value::Null);
    let id = people::create_linked(asked, tx, meetings(), &properties, associations)?;
    let record = tx.state.table(meetings()).live(id).ok_or_else(|| missing(&id.to_string()))?;
    let mut shown: Map<String, Value> =
        record.values().filter(|(name, _)| properties.contains_key(*name)).map(|(name, value)| (name.to_owned(), value.into())).collect();
    shown.insert("hs_engagement_source".to_owned(), "MEETINGS".into());
    shown.insert("hs_engagement_source_id".to_owned(), id.to_string().into());
    Ok(reply(200, json!({ "id": id.to_string(), "createdAt": asked.now(), "lastUpdatedAt": asked.now(), "properties": shown })))
}
