//! Communication preferences v4 and of the dates: the same choices with a status that may also be unspecified, in batches, and
//! for all subscriptions at once. The forms are those of the official SDK (PublicStatus, PublicWideStatus).

use keyway_core::error_body::ErrorBody;
use keyway_objects::invalid;
use keyway_objects::request::{bad_field, bad_parameter, decoded, id_text};
use keyway_objects::state::State;
use keyway_objects::tx::Tx;
use keyway_objects::value::is_email;
use serde_json::{Map, Value, json};

use super::super::shape::{self, Field, Is};
use super::super::{Answer, Asked, BATCH_MAX, Item, reply, uuid};
use super::{DEFINITIONS, key, place};

const CHANNEL: Is = Is::One(&["EMAIL"]);
const WRITE: [Field; 5] = [
    ("channel", CHANNEL, true),
    ("statusState", Is::One(&["SUBSCRIBED", "UNSUBSCRIBED", "NOT_SPECIFIED"]), true),
    ("subscriptionId", Is::Text, true),
    (
        "legalBasis",
        Is::One(&[
            "CONSENT_WITH_NOTICE",
            "LEGITIMATE_INTEREST_CLIENT",
            "LEGITIMATE_INTEREST_OTHER",
            "LEGITIMATE_INTEREST_PQL",
            "NON_GDPR",
            "PERFORMANCE_OF_CONTRACT",
            "PROCESS_AND_STORE",
        ]),
        false,
    ),
    ("legalBasisExplanation", Is::Text, false),
];
/// The subscription under which it is kept that somebody wants none at all.
const ALL: &str = "*";

pub fn answer(asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    Some(match (asked.method(), rest) {
        ("POST", ["links", "generate"]) => links(asked, tx),
        ("POST", ["statuses", "batch", "read"]) => {
            many(asked, tx, |_, tx, email| json!({ "subscriberIdString": email, "statuses": all(tx.state, email) }))
        }
        ("POST", ["statuses", "batch", "write"]) => write_many(asked, tx),
        ("POST", ["statuses", "batch", "unsubscribe-all"]) => many(asked, tx, |asked, tx, email| {
            leave_all(asked, tx, email);
            json!({ "subscriberIdString": email, "statuses": all(tx.state, email) })
        }),
        ("POST", ["statuses", "batch", "unsubscribe-all", "read"]) => {
            many(asked, tx, |_, tx, email| json!({ "subscriberIdString": email, "wideStatuses": [wide(tx.state, email)] }))
        }
        (_, ["statuses", "batch", ..]) => return None,
        ("GET", ["statuses", who]) => one(asked, who).map(|email| done(asked, all(tx.state, &email).into())),
        ("POST", ["statuses", who]) => one_write(asked, tx, &decoded(who)),
        ("GET", ["statuses", who, "unsubscribe-all"]) => one(asked, who).map(|email| done(asked, json!([wide(tx.state, &email)]))),
        ("POST", ["statuses", who, "unsubscribe-all"]) => one(asked, who).and_then(|email| {
            let is_told = asked.query.flag("verbose")?;
            leave_all(asked, tx, &email);
            Ok(done(asked, if is_told { all(tx.state, &email).into() } else { json!([]) }))
        }),
        _ => return None,
    })
}

fn done(asked: &Asked<'_>, results: Value) -> crate::Reply {
    reply(200, json!({ "status": "COMPLETE", "results": results, "startedAt": asked.now(), "completedAt": asked.now() }))
}

fn address(text: &str) -> Result<String, ErrorBody> {
    let email = text.trim().to_lowercase();
    if is_email(&email) { Ok(email) } else { Err(bad_field("subscriberIdString", "must be an e-mail address")) }
}

fn channel(asked: &Asked<'_>) -> Result<(), ErrorBody> {
    match asked.query.get("channel") {
        Some("EMAIL") => Ok(()),
        _ => Err(bad_parameter("channel", "must be EMAIL")),
    }
}

fn one(asked: &Asked<'_>, who: &str) -> Result<String, ErrorBody> {
    channel(asked)?;
    address(&decoded(who))
}

/// What somebody chose of one subscription.
fn status(state: &State, email: &str, id: &str) -> Value {
    let own = state.items.get(&place(), &key(email, id)).map(|item| &item.value);
    let left = state.items.get(&place(), &key(email, ALL)).map(|item| &item.value);
    let kept = left.or(own);
    let state = match kept.and_then(|kept| kept["status"].as_str()) {
        Some("SUBSCRIBED") => "SUBSCRIBED",
        Some(_) => "UNSUBSCRIBED",
        None => "NOT_SPECIFIED",
    };
    let mut value = json!({
        "channel": "EMAIL", "subscriberIdString": email, "subscriptionId": id.parse::<u64>().unwrap_or_default(), "status": state,
        "source": kept.map_or("", |_| "API"), "timestamp": kept.and_then(|kept| kept["timestamp"].as_str()).unwrap_or("1970-01-01T00:00:00Z"),
    });
    for name in ["legalBasis", "legalBasisExplanation"] {
        if let Some(given) = own.map(|own| &own[name]).filter(|given| given.is_string()) {
            value[name] = given.clone();
        }
    }
    value
}

fn all(state: &State, email: &str) -> Vec<Value> {
    DEFINITIONS.iter().map(|(id, ..)| status(state, email, id)).collect()
}

/// Whether somebody wants none at all.
fn wide(state: &State, email: &str) -> Value {
    let left = state.items.get(&place(), &key(email, ALL)).map(|item| &item.value);
    json!({
        "channel": "EMAIL", "subscriberIdString": email, "status": if left.is_some() { "UNSUBSCRIBED" } else { "NOT_SPECIFIED" }, "wideStatusType": "PORTAL_WIDE",
        "timestamp": left.and_then(|left| left["timestamp"].as_str()).unwrap_or("1970-01-01T00:00:00Z"),
    })
}

fn leave_all(asked: &Asked<'_>, tx: &mut Tx<'_>, email: &str) {
    tx.put_item(&place(), &key(email, ALL), Item::new(json!({ "status": "NOT_SUBSCRIBED", "timestamp": asked.now() })));
    for (id, name, ..) in DEFINITIONS {
        let value = json!({
            "id": id, "name": name, "description": name, "status": "NOT_SUBSCRIBED", "sourceOfStatus": "PORTAL_WIDE_STATUS", "timestamp": asked.now(),
        });
        tx.put_item(&place(), &key(email, id), Item::new(value));
    }
}

/// A choice that can be kept: whose it is, of which subscription, and the fields of the call.
fn read(body: &Map<String, Value>, email: &str) -> Result<(String, String, Map<String, Value>), ErrorBody> {
    let (email, fields) = (address(email)?, shape::read(&WRITE, body, false)?);
    let id = id_text(fields.get("subscriptionId")).unwrap_or_default();
    if !DEFINITIONS.iter().any(|(own, ..)| *own == id) {
        return Err(invalid::subscription_type_missing(id));
    }
    Ok((email, id, fields))
}

/// Keeps a choice. Who subscribes to one no longer wants none at all.
fn write(asked: &Asked<'_>, tx: &mut Tx<'_>, (email, id, fields): &(String, String, Map<String, Value>)) -> Value {
    let name = DEFINITIONS.iter().find(|(own, ..)| own == id).map_or("", |(_, name, ..)| name);
    let mut value = json!({
        "id": id, "name": name, "description": name, "status": "NOT_SUBSCRIBED", "sourceOfStatus": "SUBSCRIPTION_STATUS", "timestamp": asked.now(),
        "legalBasis": fields.get("legalBasis"), "legalBasisExplanation": fields.get("legalBasisExplanation"),
    });
    match fields["statusState"].as_str() {
        Some("NOT_SPECIFIED") => tx.remove_item(&place(), &key(email, id)),
        Some("SUBSCRIBED") => {
            value["status"] = "SUBSCRIBED".into();
            tx.remove_item(&place(), &key(email, ALL));
            tx.put_item(&place(), &key(email, id), Item::new(value));
        }
        _ => tx.put_item(&place(), &key(email, id), Item::new(value)),
    }
    status(tx.state, email, id)
}

fn one_write(asked: &Asked<'_>, tx: &mut Tx<'_>, who: &str) -> Answer {
    let wanted = read(&asked.body()?, who)?;
    let value = write(asked, tx, &wanted);
    Ok(done(asked, json!([value])))
}

fn write_many(asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
    let body = asked.body()?;
    let inputs = keyway_objects::request::inputs(&body, BATCH_MAX)?;
    let who = |input: &Map<String, Value>| input.get("subscriberIdString").and_then(Value::as_str).unwrap_or_default().to_owned();
    let wanted = inputs.into_iter().map(|input| read(input, &who(input))).collect::<Result<Vec<_>, _>>()?;
    let results: Vec<Value> = wanted.iter().map(|wanted| write(asked, tx, wanted)).collect();
    Ok(done(asked, results.into()))
}

/// The same for each of a list of addresses.
fn many(asked: &Asked<'_>, tx: &mut Tx<'_>, act: fn(&Asked<'_>, &mut Tx<'_>, &str) -> Value) -> Answer {
    channel(asked)?;
    let body = asked.body()?;
    let emails = keyway_objects::request::texts(&body, "inputs")?.into_iter().map(address).collect::<Result<Vec<_>, _>>()?;
    if emails.is_empty() || emails.len() > BATCH_MAX {
        return Err(bad_field("inputs", &format!("must hold between 1 and {BATCH_MAX} addresses")));
    }
    let results: Vec<Value> = emails.iter().map(|email| act(asked, tx, email)).collect();
    Ok(done(asked, results.into()))
}

/// Addresses of pages where somebody may choose. An embedded account has no such pages.
fn links(asked: &Asked<'_>, tx: &Tx<'_>) -> Answer {
    channel(asked)?;
    let form = [("subscriberIdString", Is::Text, true), ("subscriptionId", Is::Text, false), ("language", Is::Text, false)];
    let body = shape::read(&form, &asked.body()?, false)?;
    let email = address(body["subscriberIdString"].as_str().unwrap_or_default())?;
    let page = |what: &str| {
        format!(
            "https://{}/hs/{what}?d={}",
            super::super::site::own_domain(tx.state.hub_id),
            uuid(&email, tx.state.hub_id & 0xffff_ffff_ffff)
        )
    };
    let mut value = json!({
        "subscriberIdString": email, "managePreferencesUrl": page("manage-preferences"), "unsubscribeAllUrl": page("preferences-center/unsubscribe-all"),
    });
    if let Some(id) = body.get("subscriptionId").and_then(Value::as_str) {
        value["unsubscribeSingleUrl"] = format!("{}&s={id}", page("preferences-center/unsubscribe")).into();
    }
    Ok(reply(200, value))
}
