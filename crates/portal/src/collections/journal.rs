//! The webhooks journal: what an app subscribes to, and what it fetches.
//!
//! developers.hubspot.com/docs/api-reference/latest/webhooks-journal/guide, and the models of hubspot-sdk. `journal` of
//! `objects` writes the entries. Everything here belongs to the app that calls.

use std::collections::HashMap;

use keyway_core::error_body::ErrorBody;
use keyway_core::object_type::Access;
use keyway_core::time::Timestamp;
use keyway_objects::crm::batch::entry;
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

const ACTIONS: [&str; 13] = [
    "CREATE",
    "UPDATE",
    "DELETE",
    "MERGE",
    "RESTORE",
    "ASSOCIATION_ADDED",
    "ASSOCIATION_REMOVED",
    "SNAPSHOT",
    "APP_INSTALL",
    "APP_UNINSTALL",
    "ADDED_TO_LIST",
    "REMOVED_FROM_LIST",
    "GDPR_DELETE",
];

/// The body of each type of subscription.
const TYPES: [(&str, &[Field]); 5] = [
    (
        "OBJECT",
        &[
            ("actions", Is::List, true),
            ("objectTypeId", Is::Text, true),
            ("portalId", Is::Number, true),
            ("objectIds", Is::List, false),
            ("properties", Is::List, false),
        ],
    ),
    (
        "ASSOCIATION",
        &[
            ("actions", Is::List, true),
            ("objectTypeId", Is::Text, true),
            ("portalId", Is::Number, true),
            ("objectIds", Is::List, false),
            ("associatedObjectTypeIds", Is::List, false),
        ],
    ),
    ("APP_LIFECYCLE_EVENT", &[("eventTypeId", Is::Text, true), ("properties", Is::List, false)]),
    (
        "LIST_MEMBERSHIP",
        &[("actions", Is::List, true), ("portalId", Is::Number, true), ("listIds", Is::List, false), ("objectIds", Is::List, false)],
    ),
    ("GDPR_PRIVACY_DELETION", &[("actions", Is::List, true), ("objectTypeId", Is::Text, true), ("portalId", Is::Number, true)]),
];
/// The events of an app's life, and their actions.
const LIFECYCLE: [(&str, &str); 2] = [("4-1909196", "APP_INSTALL"), ("4-1916193", "APP_UNINSTALL")];
/// What makes two subscriptions the same one. A second one takes the place of the first.
const SAME: [&str; 5] = ["subscriptionType", "objectTypeId", "objectIds", "listIds", "associatedObjectTypeIds"];
/// The type of lists, which the answer of a subscription to lists has for its object type.
const LISTS: &str = "0-45";

const FILTER: [Field; 2] = [("filter", Is::Object, true), ("subscriptionId", Is::Number, true)];
const CONDITION: [Field; 5] = [
    ("filterType", Is::One(&["CRM_OBJECT_PROPERTY"]), true),
    ("operator", Is::One(&OPERATORS), true),
    ("property", Is::Text, true),
    ("value", Is::Text, false),
    ("values", Is::List, false),
];
const SNAPSHOT: [Field; 4] =
    [("objectId", Is::Number, true), ("objectTypeId", Is::Text, true), ("portalId", Is::Number, false), ("properties", Is::List, false)];

/// Subscriptions of an app, as of webhooks.
const SUBSCRIPTIONS_MAX: usize = 1_000;
/// Ids, names and types that one subscription lists, and that all of an app do: a change of a record may look at all.
const LISTED_MAX: usize = 1_000;
const LISTED_IN_ALL_MAX: usize = 10_000;
/// The longest name in such a list, in bytes.
const NAME_MAX: usize = 255;
/// Values that all filters of an app compare with. Each of them may be compared on every change of a record.
const OPERANDS_MAX: usize = 10_000;
/// A longer value counts as several.
const OPERAND_BYTES: usize = 100;
/// Snapshots whose state an account keeps; the oldest leave first.
const SNAPSHOTS_MAX: usize = 1_000;

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
        ("GET", ["subscriptions", "filters", id]) => own.filter(tx.state, id).map(|one| reply(200, shown_filter(one))),
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

fn snapshots() -> Place {
    Place::new("journal-snapshots", &[])
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

/// Ids, names and types that a subscription lists.
fn listed(subscription: &Value) -> usize {
    subscription.as_object().into_iter().flatten().filter_map(|(_, field)| field.as_array()).map(Vec::len).sum()
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

    fn subscribe(&self, tx: &mut Tx<'_>) -> Answer {
        let body = self.asked.body()?;
        let wanted = body.get("subscriptionType").ok_or_else(|| missing_field("subscriptionType"))?;
        let (name, form) = TYPES
            .iter()
            .find(|(name, _)| wanted == name)
            .ok_or_else(|| bad_field("subscriptionType", "is not one of the values that HubSpot takes"))?;
        let fields = shape::read(form, &body, false)?;
        let value = self.read_subscription(tx.state, name, &fields)?;
        let place = self.subscriptions();
        tx.work.each(tx.state.items.count(&place) + LISTED_IN_ALL_MAX, 4)?;
        let same = |item: &Item| SAME.iter().all(|field| item.value[*field] == value[*field]);
        let before = tx.state.items.of(&place).find(|(_, item)| same(item)).map(|(_, item)| item.value.clone());
        if before.is_none() && tx.state.items.count(&place) >= SUBSCRIPTIONS_MAX {
            return Err(invalid::subscriptions_too_many(SUBSCRIPTIONS_MAX));
        }
        let others = tx.state.items.of(&place).filter(|(_, item)| !same(item)).map(|(_, item)| listed(&item.value)).sum::<usize>();
        if others + listed(&value) > LISTED_IN_ALL_MAX {
            let words = format!("lists {} ids, properties and types, and all of an app may list {LISTED_IN_ALL_MAX}", listed(&value));
            return Err(bad_field("subscription", &words));
        }
        let mut value = value;
        let (id, created_at) = match &before {
            Some(before) => (before["id"].as_u64().unwrap_or(0), before["createdAt"].clone()),
            None => (take_id(tx), self.asked.now().into()),
        };
        value["id"] = id.into();
        value["appId"] = self.asked.call.app_id.into();
        value["createdAt"] = created_at;
        value["updatedAt"] = self.asked.now().into();
        value["createdBy"] = self.asked.call.user_id.into();
        value["deletedAt"] = Value::Null;
        tx.put_item(&place, &id.to_string(), Item::new(value.clone()));
        Ok(reply(200, value))
    }

    fn read_subscription(&self, state: &State, name: &str, fields: &Map<String, Value>) -> Result<Value, ErrorBody> {
        let mut value = json!({ "subscriptionType": name });
        let properties = names(fields, "properties")?;
        if name == "APP_LIFECYCLE_EVENT" {
            let known = LIFECYCLE.iter().find(|(id, _)| fields["eventTypeId"] == **id);
            let (id, action) = known.ok_or_else(|| bad_field("eventTypeId", "is neither 4-1909196 nor 4-1916193"))?;
            value["objectTypeId"] = (*id).into();
            value["actions"] = json!([action]);
            value["properties"] = shown(properties);
            return Ok(value);
        }
        self.is_here(fields.get("portalId"))?;
        value["portalId"] = self.asked.call.hub_id.into();
        let mut actions = names(fields, "actions")?;
        actions.sort_unstable();
        actions.dedup();
        if actions.is_empty() || actions.iter().any(|action| !ACTIONS.contains(action)) {
            return Err(bad_field("actions", &format!("must be some of {}", ACTIONS.join(", "))));
        }
        value["actions"] = actions.into();
        value["objectIds"] = shown(ids(fields, "objectIds")?);
        let lists = ids(fields, "listIds")?;
        for id in &lists {
            let list = lists::find(state, &id.to_string())?;
            if let Some(kind) = lists::kind(state, list) {
                needs(self.asked.call.by.as_ref(), kind, Access::Read)?;
            }
        }
        value["listIds"] = shown(lists);
        let others = names(fields, "associatedObjectTypeIds")?;
        let others = others.into_iter().map(|other| Ok(type_id(state, self.readable(state, other)?)));
        value["associatedObjectTypeIds"] = shown(others.collect::<Result<Vec<Value>, ErrorBody>>()?);
        value["objectTypeId"] = LISTS.into();
        if let Some(object_type) = fields.get("objectTypeId").and_then(Value::as_str) {
            let kind = self.readable(state, object_type)?;
            self.properties(state, kind, &properties)?;
            value["objectTypeId"] = type_id(state, kind);
        }
        value["properties"] = shown(properties);
        Ok(value)
    }

    /// Ends a subscription, with its filters.
    fn unsubscribe(&self, tx: &mut Tx<'_>, id: &str) -> Answer {
        self.subscription(tx.state, id)?;
        tx.work.each(tx.state.items.count(&self.filters()), 8)?;
        let number: u64 = id.parse().unwrap_or(0);
        let filters: Vec<String> = self.filters_by(tx.state, number).map(|(filter, _)| filter.to_owned()).collect();
        for filter in filters {
            tx.remove_item(&self.filters(), &filter);
        }
        tx.remove_item(&self.subscriptions(), id);
        Ok(no_content())
    }

    /// Ends all subscriptions to an account: the app has those to its own account alone.
    fn unsubscribe_all(&self, tx: &mut Tx<'_>, portal: &str) -> Answer {
        let portal: u64 = portal.parse().map_err(|_| bad_parameter("portalId", "must be the id of an account"))?;
        if portal != self.asked.call.hub_id {
            return Ok(no_content());
        }
        for place in [self.filters(), self.subscriptions()] {
            tx.work.each(tx.state.items.count(&place), 8)?;
            let all: Vec<String> = tx.state.items.of(&place).map(|(id, _)| id.to_owned()).collect();
            for id in all {
                tx.remove_item(&place, &id);
            }
        }
        Ok(no_content())
    }

    fn filters_by<'s>(&self, state: &'s State, subscription: u64) -> impl Iterator<Item = (&'s str, &'s Value)> + use<'s> {
        let all = state.items.of(&self.filters()).map(|(id, item)| (id, &item.value));
        all.filter(move |(_, filter)| filter["subscriptionId"] == subscription)
    }

    fn filters_of(&self, state: &State, subscription: &str) -> Answer {
        self.subscription(state, subscription)?;
        let number: u64 = subscription.parse().unwrap_or(0);
        let shown: Vec<Value> = self.filters_by(state, number).map(|(_, filter)| shown_filter(filter)).collect();
        Ok(reply(200, shown.into()))
    }

    fn add_filter(&self, tx: &mut Tx<'_>) -> Answer {
        let fields = shape::read(&FILTER, &self.asked.body()?, false)?;
        let subscription =
            fields["subscriptionId"].as_u64().ok_or_else(|| bad_field("subscriptionId", "must be the id of a subscription"))?;
        let of = self.subscription(tx.state, &subscription.to_string())?;
        let kind = of["objectTypeId"].as_str().filter(|_| of["subscriptionType"] != "LIST_MEMBERSHIP").and_then(|id| tx.state.kind(id));
        let given = fields["filter"]["conditions"].as_array().filter(|given| !given.is_empty());
        let given = given.ok_or_else(|| bad_field("conditions", "must be a list of conditions"))?;
        let (mut conditions, mut operands) = (Vec::new(), 0);
        for condition in given {
            let condition = condition.as_object().ok_or_else(|| bad_field("conditions", "must be a list of objects"))?;
            let condition = self.condition(tx.state, kind, condition)?;
            let long = |value: &Value| value.as_str().map_or(0, |text| 1 + text.len() / OPERAND_BYTES);
            operands += ["property", "value"].iter().map(|field| long(&condition[*field])).sum::<usize>();
            operands += condition["values"].as_array().into_iter().flatten().map(long).sum::<usize>();
            conditions.push(condition);
        }
        let place = self.filters();
        tx.work.each(tx.state.items.count(&place), 8)?;
        let before: usize = tx.state.items.of(&place).filter_map(|(_, item)| item.value["operands"].as_u64()).sum::<u64>() as usize;
        if before + operands > OPERANDS_MAX {
            let words = format!("has {operands} values, and the filters of an app may have {OPERANDS_MAX} in all");
            return Err(bad_field("filter", &words));
        }
        let id = take_id(tx);
        let value = json!({
            "id": id, "createdAt": self.asked.call.now.as_ms(), "subscriptionId": subscription, "filter": { "conditions": conditions },
            "operands": operands,
        });
        tx.put_item(&place, &id.to_string(), Item::new(value));
        Ok(reply(200, json!({ "filterId": id })))
    }

    fn condition(&self, state: &State, kind: Option<Kind>, given: &Map<String, Value>) -> Result<Value, ErrorBody> {
        let condition = shape::read(&CONDITION, given, false)?;
        let (operator, property) = (condition["operator"].as_str().unwrap_or_default(), condition["property"].as_str().unwrap_or_default());
        let values = texts(&condition, "values")?;
        match operator {
            "IS_EMPTY" | "IS_NOT_EMPTY" => {}
            "IN" | "NOT_IN" if values.is_empty() => return Err(missing_field("values")),
            "IN" | "NOT_IN" => {}
            _ if !condition.contains_key("value") => return Err(missing_field("value")),
            _ => {}
        }
        // A filter tells what a value is, as the value itself would. On a list may be records of any type.
        let kinds = state.spaces().map(|space| space.kind).filter(|own| kind.is_none_or(|kind| kind == *own));
        for kind in kinds {
            self.properties(state, kind, &[property])?;
        }
        Ok(condition.into())
    }

    /// Whether entries of this account are asked for.
    fn asks_here(&self) -> Result<bool, ErrorBody> {
        let portal = self.asked.query.get("installPortalId").map(str::parse::<u64>).transpose();
        let portal = portal.map_err(|_| bad_parameter("installPortalId", "must be the id of an account"))?;
        Ok(portal.is_none_or(|portal| portal == self.asked.call.hub_id))
    }

    /// The app's entries that have not ended, oldest first.
    fn entries<'s>(&self, state: &'s State) -> Result<Vec<Entry<'s>>, ErrorBody> {
        self.asked.work.each(state.items.count(&ENTRIES), 1)?;
        if !self.asks_here()? {
            return Ok(Vec::new());
        }
        Ok(journal::entries(state, self.asked.call.now).filter(|entry| entry.app == self.app).collect())
    }

    fn journal(&self, method: &str, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
        Some(match (method, rest) {
            ("GET", ["earliest"]) => match self.asked.query.get("entry") {
                Some(offset) => self.content(tx.state, offset),
                None => self.entries(tx.state).map(|entries| self.one(entries.first())),
            },
            ("GET", ["latest"]) => self.entries(tx.state).map(|entries| self.one(entries.last())),
            ("GET", ["offset", offset, "next"]) => self.after(tx.state, offset).map(|entries| self.one(entries.first())),
            ("GET", ["batch", "earliest", count]) => {
                self.many(count, || self.entries(tx.state), |entries, count| &entries[..count.min(entries.len())])
            }
            ("GET", ["batch", "latest", count]) => {
                self.many(count, || self.entries(tx.state), |entries, count| &entries[entries.len().saturating_sub(count)..])
            }
            ("GET", ["batch", offset, "next", count]) => {
                self.many(count, || self.after(tx.state, offset), |entries, count| &entries[..count.min(entries.len())])
            }
            ("POST", ["batch", "read"]) => self.read(tx.state),
            ("GET", ["status", id]) => self.status(tx, id),
            _ => return None,
        })
    }

    /// The entries after an offset.
    fn after<'s>(&self, state: &'s State, offset: &str) -> Result<Vec<Entry<'s>>, ErrorBody> {
        let mut entries = self.entries(state)?;
        let at = entries.iter().position(|entry| offset_of(entry) == offset).ok_or_else(|| missing(offset))?;
        Ok(entries.split_off(at + 1))
    }

    /// Where an entry is fetched. HubSpot answers 204 where there is none.
    fn one(&self, entry: Option<&Entry<'_>>) -> crate::Reply {
        entry.map_or_else(no_content, |entry| reply(200, self.place_of(entry)))
    }

    fn place_of(&self, entry: &Entry<'_>) -> Value {
        // Without what comes after the version: every operation of the family has the content of an entry under the same scope.
        let path = self.asked.call.path.as_str();
        let family: Vec<&str> = path.split('/').take(4).collect();
        let ends = Timestamp::from_ms(entry.at.as_ms().saturating_add(KEPT_MS));
        let offset = offset_of(entry);
        let url = format!("{}{}/earliest?entry={offset}", self.asked.call.base, family.join("/"));
        json!({ "url": url, "expiresAt": ends.to_iso(), "currentOffset": offset })
    }

    fn many<'s>(
        &self,
        count: &str,
        entries: impl FnOnce() -> Result<Vec<Entry<'s>>, ErrorBody>,
        some: impl for<'e> FnOnce(&'e [Entry<'s>], usize) -> &'e [Entry<'s>],
    ) -> Answer {
        let count = count.parse::<usize>().ok().filter(|count| (1..=BATCH_MAX).contains(count));
        let count = count.ok_or_else(|| bad_parameter("count", &format!("must be a number between 1 and {BATCH_MAX}")))?;
        let entries = entries()?;
        Ok(reply(200, self.batch(some(&entries, count).iter().map(|entry| self.place_of(entry)).collect())))
    }

    fn batch(&self, results: Vec<Value>) -> Value {
        let now = self.asked.now();
        json!({ "status": "COMPLETE", "results": results, "requestedAt": now, "startedAt": now, "completedAt": now })
    }

    /// Entries by their offsets.
    fn read(&self, state: &State) -> Answer {
        let body = self.asked.body()?;
        if !body.contains_key("inputs") {
            return Err(missing_field("inputs"));
        }
        let offsets = texts(&body, "inputs")?;
        if offsets.is_empty() {
            return Err(bad_field("inputs", "must not be empty"));
        }
        if offsets.len() > BATCH_MAX {
            return Err(invalid::batch_too_large(BATCH_MAX, offsets.len()));
        }
        let by_offset: HashMap<String, Entry<'_>> = self.entries(state)?.into_iter().map(|entry| (offset_of(&entry), entry)).collect();
        let (found, lost): (Vec<&str>, Vec<&str>) = offsets.into_iter().partition(|offset| by_offset.contains_key(*offset));
        let mut answer = self.batch(found.iter().map(|offset| self.place_of(&by_offset[*offset])).collect());
        if lost.is_empty() {
            return Ok(reply(200, answer));
        }
        let error = ErrorBody::not_found("Could not get some entries of the journal: they have ended, or there were none");
        answer["numErrors"] = 1.into();
        answer["errors"] = json!([entry(&error, json!({ "offsets": lost }))]);
        Ok(reply(207, answer))
    }

    /// What is in an entry, less what the app may not read by now.
    fn content(&self, state: &State, offset: &str) -> Answer {
        let entries = self.entries(state)?;
        let entry = entries.iter().find(|entry| offset_of(entry) == offset).ok_or_else(|| missing(offset))?;
        self.asked.work.answer(0, entry.events.len())?;
        let mut events: Vec<Value> = serde_json::from_str(entry.events).unwrap_or_default();
        let mut known = HashMap::new();
        events.retain_mut(|event| self.may_read(state, event, &mut known));
        Ok(reply(200, json!({ "offset": offset, "journalEvents": events, "publishedAt": entry.at.to_iso() })))
    }

    /// Whether the app may read an event. Takes the sensitive values out that it may not.
    fn may_read(&self, state: &State, event: &mut Value, known: &mut HashMap<String, Option<Kind>>) -> bool {
        let mut readable = |name: &str| *known.entry(name.to_owned()).or_insert_with(|| self.readable(state, name).ok());
        for end in ["fromObjectTypeId", "toObjectTypeId"] {
            if event[end].as_str().is_some_and(|name| readable(name).is_none()) {
                return false;
            }
        }
        let Some(name) = event["objectTypeId"].as_str() else { return true };
        let Some(kind) = readable(name) else { return false };
        if let Some(changes) = event.get_mut("propertyChanges").and_then(Value::as_object_mut) {
            changes.retain(|property, _| sensitive::needs(self.asked.call.by.as_ref(), state, kind, property, Access::Read).is_ok());
        }
        true
    }

    /// Puts records into the journal as they are.
    fn snapshots(&self, tx: &mut Tx<'_>) -> Answer {
        let body = shape::read(&[("snapshotRequests", Is::List, true)], &self.asked.body()?, false)?;
        let given = body["snapshotRequests"].as_array().map_or(&[][..], Vec::as_slice);
        if given.is_empty() {
            return Err(bad_field("snapshotRequests", "must not be empty"));
        }
        if given.len() > BATCH_MAX {
            return Err(invalid::batch_too_large(BATCH_MAX, given.len()));
        }
        let (mut responses, mut events, mut kept) = (Vec::new(), Vec::new(), Vec::new());
        for one in given {
            let fields = one.as_object().ok_or_else(|| bad_field("snapshotRequests", "must be a list of objects"))?;
            let fields = shape::read(&SNAPSHOT, fields, false)?;
            self.is_here(fields.get("portalId"))?;
            let id = fields["objectId"].as_u64().ok_or_else(|| bad_field("objectId", "must be the id of a record"))?;
            let kind = self.readable(tx.state, fields["objectTypeId"].as_str().unwrap_or_default())?;
            let properties = names(&fields, "properties")?;
            self.properties(tx.state, kind, &properties)?;
            let event = self.snapshot(tx.state, kind, id, &properties)?;
            kept.push(event.is_some());
            events.extend(event);
            responses.push(json!({ "objectId": id, "objectTypeId": type_id(tx.state, kind), "portalId": self.asked.call.hub_id }));
        }
        for (response, found) in responses.iter_mut().zip(kept) {
            response["snapshotStatusId"] = self.note_snapshot(tx, found).into();
        }
        journal::keep(tx, self.app, self.asked.call.now, events);
        Ok(reply(200, json!({ "snapshotResponses": responses })))
    }

    /// A record as it is: with the properties that the request names, or else those of the app's subscriptions to
    /// snapshots of its type, or else all that have a value.
    fn snapshot(&self, state: &State, kind: Kind, id: u64, named: &[&str]) -> Result<Option<Value>, ErrorBody> {
        let Some(record) = state.table(kind).live(id) else { return Ok(None) };
        let own = type_id(state, kind);
        let place = self.subscriptions();
        self.asked.work.each(state.items.count(&place), 8)?;
        let wanted = state.items.of(&place).map(|(_, item)| &item.value).filter(|value| {
            let actions = value["actions"].as_array().map_or(&[][..], Vec::as_slice);
            value["subscriptionType"] == "OBJECT" && value["objectTypeId"] == own && actions.iter().any(|action| action == "SNAPSHOT")
        });
        let subscribed = wanted.flat_map(|value| value["properties"].as_array().into_iter().flatten()).filter_map(Value::as_str);
        let mut names: Vec<&str> = if named.is_empty() { subscribed.collect() } else { named.to_vec() };
        if names.is_empty() {
            names = record.values().map(|(name, _)| name).collect();
        }
        let mut changes = Map::new();
        for name in names.into_iter().filter(|name| journal::may_show(state, kind, name)) {
            let value = derived::value(state, kind, record, name).filter(|value| !value.is_empty());
            self.asked.work.write(name.len() + value.as_ref().map_or(0, |value| value.len()))?;
            if let Some(value) = value {
                changes.insert(name.to_owned(), value.into());
            }
        }
        Ok(Some(json!({
            "type": "OBJECT", "portalId": self.asked.call.hub_id, "occurredAt": self.asked.now(), "action": "SNAPSHOT",
            "objectTypeId": own, "objectId": id, "propertyChanges": changes,
        })))
    }

    fn note_snapshot(&self, tx: &mut Tx<'_>, found: bool) -> String {
        let number = take_id(tx);
        let value = json!({ "app": self.app, "at": self.asked.call.now.as_ms(), "found": found, "seen": false });
        tx.put_item(&snapshots(), &number.to_string(), Item::new(value));
        while tx.state.items.count(&snapshots()) > SNAPSHOTS_MAX {
            let Some(oldest) = tx.state.items.of(&snapshots()).next().map(|(id, _)| id.to_owned()) else { break };
            tx.remove_item(&snapshots(), &oldest);
        }
        uuid("journal-snapshots", number)
    }

    /// `IN_PROGRESS` at the first look, so that clients wait as they must at HubSpot.
    fn status(&self, tx: &mut Tx<'_>, id: &str) -> Answer {
        let number = id.rsplit('-').next().and_then(|digits| u64::from_str_radix(digits, 16).ok());
        let number = number.filter(|number| uuid("journal-snapshots", *number) == id).ok_or_else(|| missing(id))?.to_string();
        let item = tx.state.items.get(&snapshots(), &number).filter(|item| item.value["app"] == self.app).ok_or_else(|| missing(id))?;
        let at = item.value["at"].as_i64().unwrap_or(0);
        let mut status = json!({ "id": id, "initiatedAt": at, "status": "IN_PROGRESS" });
        if item.value["seen"] != true {
            let mut item = item.clone();
            item.value["seen"] = true.into();
            tx.put_item(&snapshots(), &number, item);
            return Ok(reply(200, status));
        }
        status["completedAt"] = at.into();
        status["status"] = "COMPLETED".into();
        if self.asked.call.now.as_ms() >= at.saturating_add(KEPT_MS) {
            status["status"] = "EXPIRED".into();
        } else if item.value["found"] == false {
            status["status"] = "FAILED".into();
            status["errorCode"] = "VALIDATION_ERROR".into();
            status["message"] = "The record does not exist".into();
        }
        Ok(reply(200, status))
    }
}

fn type_id(state: &State, kind: Kind) -> Value {
    (&*state.space(kind).type_id).into()
}

fn offset_of(entry: &Entry<'_>) -> String {
    uuid("journal-entries", entry.number)
}

fn shown_filter(filter: &Value) -> Value {
    json!({ "id": filter["id"], "createdAt": filter["createdAt"], "filter": filter["filter"] })
}
