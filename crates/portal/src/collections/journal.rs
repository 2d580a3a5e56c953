//! The webhooks journal: what an app subscribes to, and what it fetches.
//!
//! developers.hubspot.com/docs/api-reference/latest/webhooks-journal/guide, and the models of hubspot-sdk. `journal` of
//! `objects` writes the entries. Everything here belongs to the app that calls.

use std::collections::HashMap;

use keyway_core::error_body::ErrorBody;
use keyway_core::object_type::Access;
use keyway_core::time::Timestamp;
use keyway_objects::crm::batch::listed;
use keyway_objects::crm::{self, lists};
use keyway_objects::invalid;
use keyway_objects::items::Place;
use keyway_objects::journal::{self, ENTRIES, Entry, FILTERS, KEPT_MS, OPERATORS, SUBSCRIPTIONS};
use keyway_objects::kind::Kind;
use keyway_objects::request::{bad_field, bad_parameter, missing_field, needs, texts};
use keyway_objects::state::State;
use keyway_objects::tx::Tx;
use keyway_objects::{derived, sensitive};
use serde_json::{Map, Value, json};

use super::shape::{self, Field, Is};
use super::{Answer, Asked, BATCH_MAX, Item, missing, no_content, reply, uuid};

mod entries;
mod filters;
mod snapshots;
mod subscriptions;

/// Ids, names and types that one list of a body has: a change of a record may look at all.
const LISTED_MAX: usize = 1_000;
/// The longest name in such a list, in bytes.
const NAME_MAX: usize = 255;

pub fn answer(asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    let app = asked.call.app_id.to_string();
    let own = Own { app: &app, asked };
    Some(match (asked.method(), rest) {
        ("GET", ["subscriptions"]) => {
            let all: Vec<&Value> = tx.state.items.of(&own.subscriptions()).map(|(_, item)| &item.value).collect();
            Ok(reply(200, json!({ "results": all })))
        }
        ("POST", ["subscriptions"]) => own.subscribe(tx),
        ("POST", ["subscriptions", "filters"]) => own.add_filter(tx),
        ("GET", ["subscriptions", "filters", "subscription", id]) => own.filters_of(tx.state, id),
        ("GET", ["subscriptions", "filters", id]) => own.filter(tx.state, id).map(|one| reply(200, filters::shown_filter(one))),
        ("DELETE", ["subscriptions", "filters", id]) => own.filter(tx.state, id).cloned().map(|_| {
            tx.remove_item(&own.filters(), id);
            no_content()
        }),
        ("DELETE", ["subscriptions", "portals", portal]) => own.unsubscribe_all(tx, portal),
        ("GET", ["subscriptions", id]) => own.subscription(tx.state, id).map(|one| reply(200, one.clone())),
        ("DELETE", ["subscriptions", id]) => own.unsubscribe(tx, id),
        ("POST", ["snapshots", "crm"]) => own.snapshots(tx),
        (method, ["journal" | "journal-local", rest @ ..]) => return own.journal(method, rest, tx),
        _ => return None,
    })
}

/// What belongs to the app that calls.
struct Own<'a> {
    app: &'a str,
    asked: &'a Asked<'a>,
}

/// A number that neither a subscription nor a filter nor a snapshot of the account ever had.
fn take_id(tx: &mut Tx<'_>) -> u64 {
    let place = Place::new("journal-ids", &[]);
    let last = tx.state.items.get(&place, "last").and_then(|item| item.value.as_u64()).unwrap_or(100);
    tx.put_item(&place, "last", Item::new((last + 1).into()));
    last + 1
}

/// Ids in a list, as numbers.
fn ids(fields: &Map<String, Value>, name: &str) -> Result<Vec<u64>, ErrorBody> {
    let id = |value: &Value| value.as_u64().or_else(|| value.as_str()?.parse().ok());
    let listed = fields.get(name).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    bounded(name, listed.len())?;
    listed.iter().map(|value| id(value).ok_or_else(|| bad_field(name, "must be a list of ids"))).collect()
}

fn names<'f>(fields: &'f Map<String, Value>, name: &str) -> Result<Vec<&'f str>, ErrorBody> {
    let listed = texts(fields, name)?;
    bounded(name, listed.len())?;
    if listed.iter().any(|one| one.len() > NAME_MAX) {
        return Err(bad_field(name, &format!("has a text of more than {NAME_MAX} bytes")));
    }
    Ok(listed)
}

fn bounded(name: &str, count: usize) -> Result<(), ErrorBody> {
    if count <= LISTED_MAX { Ok(()) } else { Err(bad_field(name, &format!("has {count} entries, and may have {LISTED_MAX}"))) }
}

/// A list of an answer: null where nothing was asked for.
fn shown<T: Into<Value>>(listed: Vec<T>) -> Value {
    if listed.is_empty() { Value::Null } else { Value::Array(listed.into_iter().map(Into::into).collect()) }
}

impl Own<'_> {
    fn subscriptions(&self) -> Place {
        Place::new(SUBSCRIPTIONS, &[self.app])
    }

    fn filters(&self) -> Place {
        Place::new(FILTERS, &[self.app])
    }

    fn subscription<'s>(&self, state: &'s State, id: &str) -> Result<&'s Value, ErrorBody> {
        state.items.get(&self.subscriptions(), id).map(|item| &item.value).ok_or_else(|| missing(id))
    }

    fn filter<'s>(&self, state: &'s State, id: &str) -> Result<&'s Value, ErrorBody> {
        state.items.get(&self.filters(), id).map(|item| &item.value).ok_or_else(|| missing(id))
    }

    /// A type that the app may read.
    fn readable(&self, state: &State, name: &str) -> Result<Kind, ErrorBody> {
        let kind = crm::kind(state, name)?;
        needs(self.asked.call.by.as_ref(), kind, Access::Read)?;
        Ok(kind)
    }

    fn is_here(&self, portal: Option<&Value>) -> Result<(), ErrorBody> {
        let here = portal.is_none_or(|portal| portal.as_u64() == Some(self.asked.call.hub_id));
        if here { Ok(()) } else { Err(bad_field("portalId", "must be the account that the token belongs to")) }
    }

    /// Properties that an event of a type may show to the app.
    fn properties(&self, state: &State, kind: Kind, names: &[&str]) -> Result<(), ErrorBody> {
        for name in names {
            if !journal::may_show(state, kind, name) {
                return Err(bad_field("properties", &format!("name {name}, which is highly sensitive, and HubSpot sends no such values")));
            }
            sensitive::needs(self.asked.call.by.as_ref(), state, kind, name, Access::Read)?;
        }
        Ok(())
    }
}

fn type_id(state: &State, kind: Kind) -> Value {
    (&*state.space(kind).type_id).into()
}
