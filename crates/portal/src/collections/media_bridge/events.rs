//! Who played what of which media object.

use keyway_core::error_body::ErrorBody;
use keyway_objects::items::Place;
use keyway_objects::request::{bad_field, id_text, text};
use keyway_objects::tx::Tx;
use serde_json::{Map, Value, json};

use super::super::people::contacts;
use super::super::shape::{self, Field, Is};
use super::super::{Answer, Asked, Item, missing, reply, size};
use super::{TYPES, kind_of};

const ALL: [Field; 14] = [
    ("mediaType", Is::One(&TYPES), true),
    ("occurredTimestamp", Is::Number, true),
    ("sessionId", Is::Text, true),
    ("contactId", Is::Number, false),
    ("contactUtk", Is::Text, false),
    ("externalId", Is::Text, false),
    ("externalPlayContext", Is::One(&["EMAIL", "EXTERNAL_PAGE"]), false),
    ("mediaBridgeId", Is::Number, false),
    ("mediaName", Is::Text, false),
    ("mediaUrl", Is::Url, false),
    ("pageId", Is::Number, false),
    ("pageName", Is::Text, false),
    ("pageUrl", Is::Url, false),
    ("_hsenc", Is::Text, false),
];
const PLAYED: [Field; 2] = [("state", Is::One(&["STARTED", "VIEWED"]), true), ("iframeUrl", Is::Url, false)];
const PERCENT: [Field; 1] = [("playedPercent", Is::Number, true)];
const SPAN: [Field; 3] = [("rawDataMap", Is::Object, true), ("rawDataString", Is::Text, false), ("derivedValues", Is::Object, false)];
const DERIVED: [Field; 2] = [("totalPercentPlayed", Is::Number, true), ("totalSecondsPlayed", Is::Number, true)];
/// What the answer repeats.
const SHOWN: [&str; 10] = [
    "mediaType",
    "occurredTimestamp",
    "sessionId",
    "externalPlayContext",
    "mediaUrl",
    "pageId",
    "pageName",
    "pageUrl",
    "state",
    "iframeUrl",
];

/// `/media-bridge/{version}/events/{kind}`
pub fn answer(asked: &Asked<'_>, kind: &str, tx: &mut Tx<'_>) -> Option<Answer> {
    let form: &[Field] = match kind {
        "media-played" => &PLAYED,
        "media-played-percent" => &PERCENT,
        "attention-span" => &SPAN,
        _ => return None,
    };
    Some(keep(asked, kind, form, tx))
}

fn keep(asked: &Asked<'_>, kind: &str, form: &[Field], tx: &mut Tx<'_>) -> Answer {
    let body = asked.body()?;
    let mut given = shape::read(&ALL, &body, false)?;
    given.extend(shape::read(form, &body, false)?);
    let contact = contact(&given, tx)?;
    let (coordinates, object_type, media, own_name, duration) = media(asked, &given, tx)?;
    let mut value = json!({
        "contactId": contact, "mediaBridgeId": media, "mediaBridgeObjectTypeId": object_type, "mediaBridgeObjectCoordinates": coordinates,
        "mediaName": text(&given, "mediaName")?.map_or(own_name, str::to_owned), "portalId": tx.state.hub_id, "providerId": asked.call.app_id,
    });
    shape::set_given(&mut value, &given, &SHOWN);
    match kind {
        "media-played-percent" => value["playedPercent"] = quartile(&given)?.into(),
        "attention-span" => span(&mut value, &given, duration)?,
        _ => {}
    }
    tx.work.write(2 * size(&value))?;
    let place = Place::new("media-events", &[]);
    let number = tx.state.items.next_number(&place);
    tx.put_item(&place, &number.to_string(), Item::new(json!({ "kind": kind, "event": value })));
    Ok(reply(200, value))
}

/// The contact that an event is of. A cookie names nobody here: an embedded account has no visitors.
fn contact(given: &Map<String, Value>, tx: &Tx<'_>) -> Result<u64, ErrorBody> {
    let Some(id) = id_text(given.get("contactId")) else {
        let problem = if given.contains_key("contactUtk") { "is not the cookie of a visitor" } else { "or contactId is required" };
        return Err(bad_field("contactUtk", problem));
    };
    id.parse().ok().filter(|id| tx.state.table(contacts()).live(*id).is_some()).ok_or_else(|| missing(&id))
}

/// The media object that an event is about: its coordinates, its type, its id, its name and its duration.
fn media(asked: &Asked<'_>, given: &Map<String, Value>, tx: &Tx<'_>) -> Result<(String, String, u64, String, f64), ErrorBody> {
    let media = given["mediaType"].as_str().unwrap_or_default();
    let kind =
        kind_of(tx.state, &asked.call.app_id.to_string(), media).ok_or_else(|| bad_field("mediaType", "is not defined by the app"))?;
    let table = tx.state.table(kind);
    let record = match (id_text(given.get("mediaBridgeId")), text(given, "externalId")?) {
        (Some(id), _) => id.parse().ok().and_then(|id| table.live(id)).ok_or_else(|| missing(&id))?,
        (None, Some(external)) => {
            tx.work.each(table.count(), 4)?;
            table.range(0, false).find(|record| record.get("hs_external_id") == Some(external)).ok_or_else(|| missing(external))?
        }
        (None, None) => return Err(bad_field("mediaBridgeId", "or externalId is required")),
    };
    let object_type = tx.state.space(kind).type_id.to_string();
    let duration = record.get("hs_duration").and_then(|ms| ms.parse::<f64>().ok()).unwrap_or_default();
    Ok((format!("{object_type}-{}", record.id), object_type, record.id, record.get("hs_title").unwrap_or_default().to_owned(), duration))
}

/// The guide: a quartile percent value.
fn quartile(given: &Map<String, Value>) -> Result<u64, ErrorBody> {
    let percent = given["playedPercent"].as_u64().filter(|percent| [0, 25, 50, 75, 100].contains(percent));
    percent.ok_or_else(|| bad_field("playedPercent", "must be 0, 25, 50, 75 or 100"))
}

/// What was played of a media object, from how often each of its spans was (the guide): the part of the spans that were played
/// at all, and that part of the duration.
fn span(value: &mut Value, given: &Map<String, Value>, duration: f64) -> Result<(), ErrorBody> {
    let spans = given["rawDataMap"].as_object().into_iter().flatten();
    let counts = spans.map(|(_, count)| count.as_f64().ok_or_else(|| bad_field("rawDataMap", "must be an object of numbers")));
    let counts = counts.collect::<Result<Vec<f64>, _>>()?;
    let played = counts.iter().filter(|count| **count >= 1.0).count();
    let derived = given.get("derivedValues").and_then(Value::as_object);
    let derived = derived.map(|derived| shape::read(&DERIVED, derived, false)).transpose()?;
    let (percent, seconds) = match derived {
        Some(derived) => (derived["totalPercentPlayed"].clone(), derived["totalSecondsPlayed"].clone()),
        None => {
            let percent = if counts.is_empty() { 0.0 } else { played as f64 / counts.len() as f64 };
            (percent.into(), ((percent * duration / 1_000.0).round() as u64).into())
        }
    };
    value["totalPercentPlayed"] = percent;
    value["totalSecondsPlayed"] = seconds;
    value["rawData"] = text(given, "rawDataString")?.map_or_else(|| given["rawDataMap"].to_string(), str::to_owned).into();
    // HubSpot does not publish what this is.
    value["percentRange"] = "".into();
    Ok(())
}
