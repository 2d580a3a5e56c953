//! E-mails that are sent one by one, tokens for SMTP, and the statistics of marketing e-mails.
//!
//! developers.hubspot.com/docs/api-reference/marketing-single-send-v4/guide. Nothing leaves the account: a send is decided
//! on, counted and kept.

mod old;

use keyway_core::error_body::ErrorBody;
use keyway_core::time::Timestamp;
use keyway_objects::items::Place;
use keyway_objects::request::{bad_parameter, text};
use keyway_objects::state::State;
use keyway_objects::tx::Tx;
use keyway_objects::value::is_email;
use serde_json::{Map, Value, json};

use super::people::{self, Who};
use super::shape::{self, Field, Is};
use super::{Answer, Asked, Item, missing, no_content, page, reply, size, uuid};

const SEND: [Field; 4] = [
    ("emailId", Is::Number, true),
    ("message", Is::Object, true),
    ("contactProperties", Is::Object, false),
    ("customProperties", Is::Object, false),
];
const MESSAGE: [Field; 6] = [
    ("to", Is::Text, true),
    ("from", Is::Text, false),
    ("cc", Is::List, false),
    ("bcc", Is::List, false),
    ("replyTo", Is::List, false),
    ("sendId", Is::Text, false),
];
const TOKEN: [Field; 2] = [("campaignName", Is::Text, true), ("createContact", Is::Flag, true)];

pub use old::answer as old;

fn emails() -> Place {
    Place::new("emails", &[])
}

fn sends() -> Place {
    Place::new("email-sends", &[])
}

/// Decides on a send, and keeps it. The recipient becomes a contact with the properties that are given.
pub fn send(asked: &Asked<'_>, tx: &mut Tx<'_>) -> Option<Answer> {
    (asked.method() == "POST").then(|| {
        let body = shape::read(&SEND, &asked.body()?, false)?;
        let message = shape::read(&MESSAGE, body["message"].as_object().unwrap_or(&Map::new()), false)?;
        let empty = Map::new();
        let properties = body.get("contactProperties").and_then(Value::as_object).unwrap_or(&empty);
        tx.work.write(size(&Value::from(body.clone())))?;
        let to = message["to"].as_str().unwrap_or_default().trim().to_lowercase();
        let (email, send_id) = (body["emailId"].to_string(), text(&message, "sendId")?);
        tx.work.each(tx.state.items.count(&sends()), 1)?;
        let result = result(tx.state, &email, &to, send_id);
        if result == "SENT" {
            people::write(asked, tx, &Who::Email(to.clone()), properties)?;
        }
        let number = tx.state.items.next_number(&sends());
        let (at, id) = (asked.now(), uuid("email-sends", number));
        let value = json!({
            "statusId": id, "status": "COMPLETE", "sendResult": result, "requestedAt": at, "startedAt": at, "completedAt": at,
            "eventId": { "id": uuid("email-events", number), "created": at },
        });
        let mut kept = value.clone();
        kept["emailId"] = email.into();
        kept["sendId"] = send_id.into();
        kept["to"] = to.into();
        tx.put_item(&sends(), &number.to_string(), Item::new(kept));
        Ok(reply(200, value))
    })
}

/// What becomes of a send: a template that is not there has no content, and an id of the sender's own is sent once.
fn result(state: &State, email: &str, to: &str, send_id: Option<&str>) -> &'static str {
    let is_again = |(_, item): (&str, &Item)| item.value["sendId"].as_str() == send_id && item.value["sendResult"] == "SENT";
    if !is_email(to) {
        "INVALID_TO_ADDRESS"
    } else if state.items.get(&emails(), email).is_none_or(Item::is_archived) {
        "MISSING_CONTENT"
    } else if send_id.is_some() && state.items.of(&sends()).any(is_again) {
        "IDEMPOTENT_IGNORE"
    } else {
        "SENT"
    }
}

/// Tokens with which an app sends over SMTP. Each has a password, which the answer to its making and to a reset has alone.
pub fn smtp_tokens(asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    let place = Place::new("smtp-tokens", &[]);
    let found = |tx: &Tx<'_>, id: &str| tx.state.items.get(&place, id).map(|item| item.value.clone()).ok_or_else(|| missing(id));
    Some(match (asked.method(), rest) {
        ("GET", []) => {
            let fits = |value: &Value, name: &str| asked.query.get(name).is_none_or(|wanted| value[name] == *wanted);
            let all = tx.state.items.of(&place).map(|(_, item)| &item.value);
            page(asked, all.filter(|value| fits(value, "campaignName") && fits(value, "emailCampaignId")).collect(), false)
        }
        ("POST", []) => asked.body().and_then(|body| {
            let body = shape::read(&TOKEN, &body, false)?;
            let number = tx.state.items.next_number(&place);
            let id = uuid("smtp-tokens", number);
            let mut value = Value::from(body);
            value["id"] = id.as_str().into();
            value["emailCampaignId"] = number.to_string().into();
            value["createdAt"] = asked.now().into();
            value["createdBy"] = asked.call.user_id.to_string().into();
            tx.put_item(&place, &id, Item::new(value.clone()));
            value["password"] = password(asked, &id).into();
            Ok(reply(201, value))
        }),
        ("GET", [id]) => found(tx, id).map(|value| reply(200, value)),
        ("DELETE", [id]) => found(tx, id).map(|_| {
            tx.remove_item(&place, id);
            no_content()
        }),
        ("POST", [id, "password-reset"]) => found(tx, id).map(|mut value| {
            value["password"] = password(asked, id).into();
            reply(200, value)
        }),
        _ => return None,
    })
}

/// A password that opens nothing: no SMTP server takes it.
fn password(asked: &Asked<'_>, id: &str) -> String {
    uuid(id, asked.call.now.as_ms().unsigned_abs() & 0xffff_ffff_ffff).replace('-', "")
}

/// What became of the sends between two times, of all e-mails or of those that are named.
pub fn statistics(asked: &Asked<'_>, what: &str, tx: &Tx<'_>) -> Option<Answer> {
    if asked.method() != "GET" || !["list", "histogram"].contains(&what) {
        return None;
    }
    Some(counted(asked, what, tx))
}

fn counted(asked: &Asked<'_>, what: &str, tx: &Tx<'_>) -> Answer {
    let (since, until) = (asked.moment("startTimestamp")?, asked.moment("endTimestamp")?);
    let wanted = asked.query.list("emailIds");
    tx.work.each(tx.state.items.count(&sends()), 2)?;
    let is_asked = |value: &Value| {
        let at = value["requestedAt"].as_str().and_then(Timestamp::parse_iso);
        let is_named = wanted.is_empty() || wanted.iter().any(|id| value["emailId"] == **id);
        let is_within = since.is_none_or(|since| at >= Some(since)) && until.is_none_or(|until| at <= Some(until));
        is_named && is_within && value["sendResult"] == "SENT"
    };
    let sent: Vec<&Value> = tx.state.items.of(&sends()).map(|(_, item)| &item.value).filter(|value| is_asked(value)).collect();
    Ok(reply(200, if what == "list" { listed(&sent) } else { histogram(asked, &sent)? }))
}

fn numbers(sent: usize) -> Value {
    let counters = json!({
        "sent": sent, "delivered": sent, "open": 0, "click": 0, "reply": 0, "bounce": 0, "hardbounced": 0, "softbounced": 0, "unsubscribed": 0,
        "spamreport": 0, "dropped": 0, "notsent": 0, "pending": 0, "selected": sent, "suppressed": 0, "contactslost": 0,
    });
    let ratios = json!({ "openratio": 0, "clickratio": 0, "clickthroughratio": 0, "replyratio": 0, "bounceratio": 0, "unsubscribedratio": 0, "spamreportratio": 0, "deliveredratio": if sent > 0 { 100 } else { 0 } });
    json!({ "counters": counters, "ratios": ratios, "deviceBreakdown": {}, "qualifierStats": {} })
}

fn listed(sent: &[&Value]) -> Value {
    let mut emails: Vec<u64> = sent.iter().filter_map(|value| value["emailId"].as_str()?.parse().ok()).collect();
    emails.sort_unstable();
    emails.dedup();
    json!({ "aggregate": numbers(sent.len()), "campaignAggregations": {}, "emails": emails })
}

/// Milliseconds of the intervals that have the same length everywhere, and of months and years as HubSpot's clients count
/// them for a graph.
fn histogram(asked: &Asked<'_>, sent: &[&Value]) -> Result<Value, ErrorBody> {
    const SECOND: i64 = 1_000;
    const DAY: i64 = 86_400 * SECOND;
    let length = match asked.query.get("interval").unwrap_or("DAY") {
        "SECOND" => SECOND,
        "MINUTE" => 60 * SECOND,
        "QUARTER_HOUR" => 900 * SECOND,
        "HOUR" => 3_600 * SECOND,
        "DAY" => DAY,
        "WEEK" => 7 * DAY,
        "MONTH" => 30 * DAY,
        "QUARTER" => 91 * DAY,
        "YEAR" => 365 * DAY,
        other => return Err(bad_parameter("interval", &format!("'{other}' is not an interval"))),
    };
    let mut counts = std::collections::BTreeMap::<i64, usize>::new();
    for at in sent.iter().filter_map(|value| Timestamp::parse_iso(value["requestedAt"].as_str()?)) {
        *counts.entry(at.as_ms().div_euclid(length)).or_default() += 1;
    }
    let iso = |ms: i64| Timestamp::from_ms(ms).to_iso();
    let results: Vec<Value> = counts
        .into_iter()
        .map(|(at, count)| json!({ "interval": { "start": iso(at * length), "end": iso((at + 1) * length) }, "aggregations": numbers(count) }))
        .collect();
    Ok(json!({ "total": results.len(), "results": results }))
}
