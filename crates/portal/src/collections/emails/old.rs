//! E-mail as version 1 has it: campaigns, the events of what was sent, and subscriptions.
//!
//! legacydocs.hubspot.com/docs/methods/email/email_events_overview. The taps of Singer and Meltano read `campaigns`,
//! `events` and `subscriptions/timeline`. A campaign is a marketing e-mail, by the same id; an event is a single send.

use keyway_core::error_body::ErrorBody;
use keyway_core::time::Timestamp;
use keyway_objects::invalid;
use keyway_objects::request::{bad_parameter, decoded};
use keyway_objects::state::State;
use keyway_objects::tx::Tx;
use keyway_objects::value::is_email;
use serde_json::{Map, Value, json};

use super::super::shape::{self, Field, Is};
use super::super::{Answer, Asked, missing, no_content, preferences, reply};
use super::{emails, send, sends, smtp_tokens};

/// The types of event of a send that HubSpot delivered, in their order.
const EVENTS: [&str; 3] = ["PROCESSED", "SENT", "DELIVERED"];
/// The application of single sends.
const APP: (u64, &str) = (113, "Batch");
/// Most of one page; more is taken for this.
const PAGE_MAX: usize = 1_000;
const STATUS: [Field; 4] =
    [("id", Is::Text, true), ("subscribed", Is::Flag, true), ("legalBasis", Is::Text, false), ("legalBasisExplanation", Is::Text, false)];

/// `/email/public/v1/…`
pub fn answer(asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    Some(match (asked.method(), rest) {
        ("POST", ["singleEmail", "send"]) => return send(asked, tx),
        (_, ["smtpapi", "tokens", rest @ ..]) => return smtp_tokens(asked, rest, tx),
        ("GET", ["campaigns" | "campaign"] | ["campaigns", "by-id"]) => campaigns(asked, tx),
        ("GET", ["campaigns", id]) => campaign(tx, id),
        ("GET", ["events"]) => listed(asked, tx),
        ("GET", ["events", created, id]) => event(tx, created, id),
        ("GET", ["subscriptions"]) => Ok(reply(200, definitions(tx.state))),
        ("GET", ["subscriptions", "timeline"]) => timeline(asked, tx),
        ("GET", ["subscriptions", who]) => address(who).map(|email| reply(200, status(tx.state, &email))),
        ("PUT", ["subscriptions", who]) => address(who).and_then(|email| choose(asked, tx, &email)),
        _ => return None,
    })
}

fn address(segment: &str) -> Result<String, ErrorBody> {
    let email = decoded(segment).trim().to_lowercase();
    if is_email(&email) { Ok(email) } else { Err(invalid::address_invalid(email)) }
}

/// A page of a list: an offset is an opaque text to its reader, and here the number of the next.
fn paged(asked: &Asked<'_>, name: &str, all: Vec<Value>) -> Answer {
    let number = |parameter: &str| {
        let text = asked.query.get(parameter);
        text.map(|text| text.parse::<usize>().map_err(|_| bad_parameter(parameter, &format!("'{text}' is not a valid integer"))))
            .transpose()
    };
    let (limit, offset) = (number("limit")?.unwrap_or(10).clamp(1, PAGE_MAX), number("offset")?.unwrap_or(0));
    let next = offset.saturating_add(limit);
    let more = next < all.len();
    let some: Vec<Value> = all.into_iter().skip(offset).take(limit).collect();
    Ok(reply(200, json!({ name: some, "hasMore": more, "offset": next.to_string() })))
}

/// A time of the query, in milliseconds since 1970.
fn time(asked: &Asked<'_>, name: &str) -> Result<Option<i64>, ErrorBody> {
    let text = asked.query.get(name);
    text.map(|text| text.parse().map_err(|_| bad_parameter(name, &format!("'{text}' is not a time in milliseconds")))).transpose()
}

fn ms(value: &Value) -> i64 {
    value.as_str().and_then(Timestamp::parse_iso).map_or(0, Timestamp::as_ms)
}

fn number(text: &str) -> Value {
    text.parse::<u64>().map_or_else(|_| text.into(), Value::from)
}

fn campaigns(asked: &Asked<'_>, tx: &Tx<'_>) -> Answer {
    tx.work.each(tx.state.items.count(&emails()), 2)?;
    let all = tx.state.items.of(&emails()).filter(|(_, item)| !item.is_archived());
    let one =
        |id: &str, value: &Value| json!({ "id": number(id), "appId": APP.0, "appName": APP.1, "lastUpdatedTime": ms(&value["updatedAt"]) });
    paged(asked, "campaigns", all.map(|(id, item)| one(id, &item.value)).collect())
}

fn campaign(tx: &Tx<'_>, id: &str) -> Answer {
    let email = tx.state.items.get(&emails(), id).filter(|item| !item.is_archived()).ok_or_else(|| missing(id))?;
    tx.work.each(tx.state.items.count(&sends()), 1)?;
    let is_sent = |value: &Value| value["emailId"] == *id && value["sendResult"] == "SENT";
    let sent = tx.state.items.of(&sends()).filter(|(_, item)| is_sent(&item.value)).count();
    let counters = json!({ "sent": sent, "delivered": sent, "processed": sent });
    Ok(reply(
        200,
        json!({
            "id": number(id), "appId": APP.0, "appName": APP.1, "contentId": number(id), "name": email.value["name"], "subject": email.value["subject"],
            "type": email.value["type"], "counters": counters, "numIncluded": sent, "numQueued": 0, "lastUpdatedTime": ms(&email.value["updatedAt"]),
        }),
    ))
}

/// The events of a send.
fn events(state: &State, send: &Value) -> Vec<Value> {
    if send["sendResult"] != "SENT" {
        return Vec::new();
    }
    let (created, id) = (ms(&send["requestedAt"]), send["eventId"]["id"].as_str().unwrap_or_default());
    let email = send["emailId"].as_str().unwrap_or_default();
    let subject = state.items.get(&emails(), email).map_or(Value::Null, |item| item.value["subject"].clone());
    EVENTS
        .iter()
        .enumerate()
        .map(|(at, kind)| {
            let mut one = json!({
                "id": if at == 1 { id.to_owned() } else { format!("{at}{}", id.get(1..).unwrap_or(id)) }, "created": created, "type": kind, "recipient": send["to"],
                "portalId": state.hub_id, "appId": APP.0, "appName": APP.1, "emailCampaignId": number(email),
            });
            if at == 1 {
                one["subject"] = subject.clone();
            } else {
                one["sentBy"] = json!({ "id": id, "created": created });
            }
            one
        })
        .collect()
}

fn listed(asked: &Asked<'_>, tx: &Tx<'_>) -> Answer {
    tx.work.each(tx.state.items.count(&sends()), 16)?;
    let (since, until) = (time(asked, "startTimestamp")?, time(asked, "endTimestamp")?);
    let (kind, recipient, campaign) = (asked.query.get("eventType"), asked.query.get("recipient"), asked.query.get("campaignId"));
    let fits = |one: &Value| {
        let created = one["created"].as_i64().unwrap_or_default();
        since.is_none_or(|since| created >= since)
            && until.is_none_or(|until| created < until)
            && kind.is_none_or(|kind| one["type"] == *kind)
            && recipient.is_none_or(|email| one["recipient"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(email)))
            && campaign.is_none_or(|id| one["emailCampaignId"] == number(id))
    };
    let all = tx.state.items.of(&sends()).flat_map(|(_, item)| events(tx.state, &item.value)).filter(fits);
    // The newest come first, as in HubSpot's answers.
    let mut all: Vec<Value> = all.collect();
    all.reverse();
    paged(asked, "events", all)
}

fn event(tx: &Tx<'_>, created: &str, id: &str) -> Answer {
    tx.work.each(tx.state.items.count(&sends()), 16)?;
    let mut all = tx.state.items.of(&sends()).flat_map(|(_, item)| events(tx.state, &item.value));
    let one = all.find(|one| one["id"] == *id && created.parse::<i64>().is_ok_and(|at| one["created"] == at));
    one.map(|one| reply(200, one)).ok_or_else(|| missing(id))
}

fn definitions(state: &State) -> Value {
    let all = preferences::DEFINITIONS.iter().enumerate().map(|(at, (id, name, category, channel))| {
        json!({
            "id": number(id), "portalId": state.hub_id, "name": name, "description": name, "active": true, "internal": false, "default": true,
            "category": category, "channel": channel, "order": at,
        })
    });
    json!({ "subscriptionDefinitions": all.collect::<Vec<_>>() })
}

/// The choices of contacts, the oldest first.
fn timeline(asked: &Asked<'_>, tx: &Tx<'_>) -> Answer {
    let place = preferences::place();
    tx.work.each(tx.state.items.count(&place), 8)?;
    let (since, until, recipient) = (time(asked, "startTimestamp")?, time(asked, "endTimestamp")?, asked.query.get("recipient"));
    let mut all = Vec::new();
    for (key, item) in tx.state.items.of(&place) {
        let Some((email, subscription)) = key.rsplit_once(':') else { continue };
        let at = ms(&item.value["timestamp"]);
        let fits = since.is_none_or(|since| at >= since) && until.is_none_or(|until| at < until);
        if !fits || recipient.is_some_and(|own| !own.eq_ignore_ascii_case(email)) {
            continue;
        }
        let kind = if subscription == "*" { "PORTAL_STATUS" } else { "SUBSCRIPTION_STATUS" };
        let change = if item.value["status"] == "SUBSCRIBED" { "SUBSCRIBED" } else { "UNSUBSCRIBED" };
        all.push((
            at,
            json!({
                "timestamp": at, "portalId": tx.state.hub_id, "recipient": email,
                "changes": [{ "change": change, "changeType": kind, "source": "SOURCE_HUBSPOT_CUSTOMER", "portalId": tx.state.hub_id, "subscriptionId": number(subscription), "timestamp": at }],
            }),
        ));
    }
    all.sort_by_key(|(at, _)| *at);
    paged(asked, "timeline", all.into_iter().map(|(_, one)| one).collect())
}

fn status(state: &State, email: &str) -> Value {
    let place = preferences::place();
    let one = |(id, ..): &(&str, &str, &str, &str)| {
        let kept = state.items.get(&place, &preferences::key(email, id)).map(|item| &item.value);
        let mut one = json!({ "id": number(id), "subscribed": kept.is_some_and(|kept| kept["status"] == "SUBSCRIBED"), "updatedAt": kept.map_or(0, |kept| ms(&kept["timestamp"])) });
        for name in ["legalBasis", "legalBasisExplanation"] {
            if let Some(value) = kept.and_then(|kept| kept.get(name)).filter(|value| !value.is_null()) {
                one[name] = value.clone();
            }
        }
        one
    };
    let all: Vec<Value> = preferences::DEFINITIONS.iter().map(one).collect();
    let any = all.iter().any(|one| one["subscribed"] == true);
    json!({ "email": email, "portalId": state.hub_id, "subscribed": any, "bounced": false, "markedAsSpam": false, "subscriptionStatuses": all })
}

/// Sets the choices that a body names, or ends all.
fn choose(asked: &Asked<'_>, tx: &mut Tx<'_>, email: &str) -> Answer {
    let body = asked.body()?;
    let given = shape::read(&[("subscriptionStatuses", Is::List, false), ("unsubscribeFromAll", Is::Flag, false)], &body, false)?;
    let mut wanted: Vec<(String, bool, Map<String, Value>)> = Vec::new();
    for one in given.get("subscriptionStatuses").and_then(Value::as_array).into_iter().flatten() {
        let one = shape::read(&STATUS, one.as_object().unwrap_or(&Map::new()), false)?;
        let id = one["id"].as_str().unwrap_or_default().to_owned();
        if !preferences::DEFINITIONS.iter().any(|(own, ..)| *own == id) {
            return Err(missing(&id));
        }
        wanted.push((id, one["subscribed"] == true, one));
    }
    if given.get("unsubscribeFromAll").is_some_and(|all| *all == true) {
        wanted = preferences::DEFINITIONS.iter().map(|(id, ..)| ((*id).to_owned(), false, Map::new())).collect();
    }
    for (id, subscribed, one) in wanted {
        let field = |name: &str| one.get(name).cloned().unwrap_or(Value::Null);
        preferences::keep(
            asked,
            tx,
            email,
            &id,
            if subscribed { "SUBSCRIBED" } else { "NOT_SUBSCRIBED" },
            &field("legalBasis"),
            &field("legalBasisExplanation"),
        );
    }
    Ok(no_content())
}
