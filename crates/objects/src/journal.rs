//! The webhooks journal: keeps what happens to records for the apps that subscribed to it, until they fetch it.
//!
//! An entry of the journal belongs to one app. It has the events of one call, oldest first. Entries end after three
//! days, as at HubSpot (developers.hubspot.com/docs/api-reference/latest/webhooks-journal/guide). An account keeps a
//! bounded number of entries and bytes; the oldest leave first. Subscriptions, filters and fetching are in the portal.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::LazyLock;

use keyway_core::sensitive::Sensitivity;
use keyway_core::time::Timestamp;
use serde_json::{Map, Value, json};

use crate::call::Call;
use crate::crm::conditions::{Condition, Operator, lower};
use crate::derived;
use crate::items::{Item, Place};
use crate::kind::Kind;
use crate::links::End;
use crate::notes::{Happened, What};
use crate::property::{Property, ValueType};
use crate::record::Record;
use crate::state::State;
use crate::tx::Tx;

pub use crate::notes::JOURNAL as SUBSCRIPTIONS;

/// Where an app's filters stand.
pub const FILTERS: &str = "journal-filters";

/// Where the entries of all apps of an account are, by number.
pub static ENTRIES: LazyLock<Place> = LazyLock::new(|| Place::new("journal-entries", &[]));

/// How long an entry is kept.
pub const KEPT_MS: i64 = 3 * 86_400_000;

/// Entries that an account keeps.
pub const ENTRIES_MAX: usize = 10_000;
/// Bytes of events that an account keeps.
pub const BYTES_MAX: u64 = 16 << 20;
/// Events of one entry. A call that makes more fills several.
pub const EVENTS_MAX: usize = 1_000;

/// The operators of a condition of a filter, as HubSpot's clients list them.
pub const OPERATORS: [&str; 13] =
    ["CONTAINS", "ENDS_WITH", "EQ", "GT", "GTE", "IN", "IS_EMPTY", "IS_NOT_EMPTY", "LT", "LTE", "N_EQ", "NOT_IN", "STARTS_WITH"];

/// An entry, as it is kept.
#[derive(Debug)]
pub struct Entry<'s> {
    /// Unique in the account. Later entries have larger numbers.
    pub number: u64,
    /// The app it belongs to.
    pub app: &'s str,
    /// When it was written.
    pub at: Timestamp,
    /// The events, as JSON.
    pub events: &'s str,
}

impl<'s> Entry<'s> {
    fn of(id: &str, item: &'s Item) -> Option<Self> {
        let (app, events) = (item.value["app"].as_str()?, item.value["events"].as_str()?);
        Some(Self { number: id.parse().ok()?, app, at: Timestamp::from_ms(item.value["at"].as_i64()?), events })
    }

    /// Whether it is still there at a time.
    pub fn is_kept(&self, now: Timestamp) -> bool {
        now.as_ms() < self.at.as_ms().saturating_add(KEPT_MS)
    }
}

/// The entries of an account that have not ended, oldest first.
pub fn entries(state: &State, now: Timestamp) -> impl Iterator<Item = Entry<'_>> {
    state.items.of(&ENTRIES).filter_map(|(id, item)| Entry::of(id, item)).filter(move |entry| entry.is_kept(now))
}

/// Keeps the events that the subscriptions of an account ask for.
pub(crate) fn write(tx: &mut Tx<'_>, call: &Call, happened: &[Happened]) {
    if happened.is_empty() {
        return;
    }
    for app in tx.state.items.parents(SUBSCRIPTIONS) {
        let events = Asking::of(tx.state, &app).events(call, happened);
        keep(tx, &app, call.now, events);
    }
}

/// Keeps events for an app, in as many entries as they need.
pub fn keep(tx: &mut Tx<'_>, app: &str, now: Timestamp, events: Vec<Value>) {
    let mut events = events.into_iter().peekable();
    while events.peek().is_some() {
        let some: Vec<Value> = events.by_ref().take(EVENTS_MAX).collect();
        put(tx, app, now, &Value::Array(some).to_string());
    }
}

fn put(tx: &mut Tx<'_>, app: &str, now: Timestamp, events: &str) {
    let number = tx.state.items.next_number(&ENTRIES);
    let before = tx.state.items.get(&ENTRIES, &(number - 1).to_string()).and_then(|item| item.value["total"].as_u64());
    // Of all entries there have ever been: the difference of two says what is between them.
    let total = before.unwrap_or(0) + events.len() as u64;
    let value = json!({ "app": app, "at": now.as_ms(), "total": total, "events": events });
    tx.put_item(&ENTRIES, &number.to_string(), Item::new(value));
    // The newest stays, whatever its size: the next one takes its number and its total from it.
    while tx.state.items.count(&ENTRIES) > 1 {
        let Some((id, item)) = tx.state.items.of(&ENTRIES).next() else { return };
        let with_it = item.value["total"].as_u64().unwrap_or(0);
        let before = with_it.saturating_sub(item.value["events"].as_str().map_or(0, str::len) as u64);
        let has_ended = Entry::of(id, item).is_none_or(|entry| !entry.is_kept(now));
        if !has_ended && tx.state.items.count(&ENTRIES) <= ENTRIES_MAX && total.saturating_sub(before) <= BYTES_MAX {
            return;
        }
        let id = id.to_owned();
        tx.remove_item(&ENTRIES, &id);
    }
}

/// A subscription of an app.
struct Subscription<'s> {
    value: &'s Value,
    actions: BTreeSet<&'s str>,
    /// Records, lists and types; empty where any will do.
    records: HashSet<u64>,
    lists: HashSet<u64>,
    others: Vec<Kind>,
    properties: BTreeSet<&'s str>,
    filters: Vec<&'s Value>,
    read: OnceCell<Vec<Vec<Test>>>,
}

/// What an app asks for.
struct Asking<'s> {
    state: &'s State,
    by_kind: BTreeMap<Kind, Vec<Subscription<'s>>>,
    of_lists: Vec<Subscription<'s>>,
}

/// Something that happened, with the properties that changed on the way.
struct Occurrence<'h> {
    happened: &'h Happened,
    action: &'static str,
    changes: Vec<(&'h str, &'h str)>,
}

impl<'s> Asking<'s> {
    fn of(state: &'s State, app: &str) -> Self {
        let mut filters: HashMap<u64, Vec<&Value>> = HashMap::new();
        for (_, item) in state.items.of(&Place::new(FILTERS, &[app])) {
            filters.entry(item.value["subscriptionId"].as_u64().unwrap_or(0)).or_default().push(&item.value["filter"]);
        }
        let mut asking = Self { state, by_kind: BTreeMap::new(), of_lists: Vec::new() };
        for (_, item) in state.items.of(&Place::new(SUBSCRIPTIONS, &[app])) {
            let value = &item.value;
            let texts = |field: &str| value[field].as_array().into_iter().flatten().filter_map(Value::as_str);
            let ids = |field: &str| value[field].as_array().into_iter().flatten().filter_map(Value::as_u64).collect();
            let subscription = Subscription {
                value,
                actions: texts("actions").collect(),
                records: ids("objectIds"),
                lists: ids("listIds"),
                others: texts("associatedObjectTypeIds").filter_map(|id| state.kind(id)).collect(),
                properties: texts("properties").collect(),
                filters: filters.remove(&value["id"].as_u64().unwrap_or(0)).unwrap_or_default(),
                read: OnceCell::new(),
            };
            if value["subscriptionType"] == "LIST_MEMBERSHIP" {
                asking.of_lists.push(subscription);
            } else if let Some(kind) = value["objectTypeId"].as_str().and_then(|id| state.kind(id)) {
                asking.by_kind.entry(kind).or_default().push(subscription);
            }
        }
        asking
    }

    /// The events of a call. Several subscriptions that ask for one change get one event, with the properties of all.
    fn events(&self, call: &Call, happened: &[Happened]) -> Vec<Value> {
        occurrences(happened).iter().filter_map(|one| self.event(call, one)).collect()
    }

    fn event(&self, call: &Call, one: &Occurrence<'_>) -> Option<Value> {
        let of_type = || self.by_kind.get(&one.happened.of.0).map_or(&[][..], Vec::as_slice);
        let candidates = if matches!(one.happened.what, What::Listed { .. }) { &self.of_lists[..] } else { of_type() };
        let mut wanted: Option<(&str, Map<String, Value>)> = None;
        for subscription in candidates.iter().filter(|subscription| subscription.asks(self.state, one)) {
            let changes = subscription.changes(self.state, one);
            // An update of what nobody asks for.
            if one.action == "UPDATE" && changes.is_empty() {
                continue;
            }
            let kind = subscription.value["subscriptionType"].as_str().unwrap_or_default();
            wanted.get_or_insert_with(|| (kind, Map::new())).1.extend(changes);
        }
        let (kind, changes) = wanted?;
        let mut event = json!({ "type": kind, "portalId": call.hub_id, "occurredAt": call.now.to_iso(), "action": one.action });
        describe(self.state, one, changes, &mut event);
        Some(event)
    }
}

/// What happened, with each change of a property at the record's creation, restoring or update.
fn occurrences(happened: &[Happened]) -> Vec<Occurrence<'_>> {
    let mut found: Vec<Occurrence<'_>> = Vec::new();
    let mut open: HashMap<End, usize> = HashMap::new();
    for one in happened {
        let action = match &one.what {
            What::Changed { property, value } => {
                let at = *open.entry(one.of).or_insert_with(|| {
                    found.push(Occurrence { happened: one, action: "UPDATE", changes: Vec::new() });
                    found.len() - 1
                });
                found[at].changes.push((property, value));
                continue;
            }
            What::Created => "CREATE",
            What::Restored => "RESTORE",
            What::Deleted => "DELETE",
            What::DeletedForGood => "GDPR_DELETE",
            What::Merged { .. } => "MERGE",
            What::Linked { removed, .. } => ["ASSOCIATION_ADDED", "ASSOCIATION_REMOVED"][usize::from(*removed)],
            What::Listed { removed, .. } => ["ADDED_TO_LIST", "REMOVED_FROM_LIST"][usize::from(*removed)],
        };
        if matches!(action, "CREATE" | "RESTORE") {
            open.insert(one.of, found.len());
        } else if action == "DELETE" {
            open.remove(&one.of);
        }
        found.push(Occurrence { happened: one, action, changes: Vec::new() });
    }
    found
}

/// The fields that an event has beside those of every event.
fn describe(state: &State, one: &Occurrence<'_>, changes: Map<String, Value>, event: &mut Value) {
    let (kind, id) = one.happened.of;
    let type_id = |kind: Kind| Value::from(&*state.space(kind).type_id);
    if let What::Linked { to, link_type, .. } = &one.happened.what {
        let link = state.link_types.get(kind, to.0, *link_type);
        event["fromObjectTypeId"] = type_id(kind);
        event["fromObjectId"] = id.into();
        event["toObjectTypeId"] = type_id(to.0);
        event["toObjectId"] = to.1.into();
        event["associationTypeId"] = (*link_type).into();
        event["associationCategory"] = link.map_or("HUBSPOT_DEFINED", |link| link.category.as_str()).into();
        event["isPrimary"] = link.is_some_and(|link| link.label.as_deref() == Some("Primary")).into();
        return;
    }
    event["objectTypeId"] = type_id(kind);
    event["objectId"] = id.into();
    match &one.happened.what {
        What::Merged { primary, other } => {
            event["primaryObjectId"] = (*primary).into();
            event["mergedObjectIds"] = json!([other]);
            event["newObjectId"] = id.into();
        }
        What::Listed { list, .. } => event["listId"] = (*list).into(),
        _ if !changes.is_empty() => event["propertyChanges"] = changes.into(),
        _ => {}
    }
}

/// Whether a property may be in an event: HubSpot sends no highly sensitive ones (its guide to Sensitive Data).
pub fn may_show(state: &State, kind: Kind, property: &str) -> bool {
    state.schema(kind).find(property).and_then(Property::sensitivity) != Some(Sensitivity::HighlySensitive)
}

impl Subscription<'_> {
    fn asks(&self, state: &State, one: &Occurrence<'_>) -> bool {
        let (of, what) = (one.happened.of, &one.happened.what);
        let kind = match what {
            What::Linked { .. } => "ASSOCIATION",
            What::Listed { .. } => "LIST_MEMBERSHIP",
            What::DeletedForGood => "GDPR_PRIVACY_DELETION",
            _ => "OBJECT",
        };
        let fits = match what {
            What::Linked { to, .. } => self.others.is_empty() || self.others.contains(&to.0),
            What::Listed { list, .. } => self.lists.is_empty() || self.lists.contains(list),
            _ => true,
        };
        fits && self.value["subscriptionType"] == kind
            && self.actions.contains(one.action)
            && (self.records.is_empty() || self.records.contains(&of.1))
            && self.passes(state, of)
    }

    /// The changes that it asks for.
    fn changes(&self, state: &State, one: &Occurrence<'_>) -> Map<String, Value> {
        let asked = |name: &str| self.properties.is_empty() || self.properties.contains(name);
        let changes = one.changes.iter().filter(|(name, _)| asked(name) && may_show(state, one.happened.of.0, name));
        changes.map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect()
    }

    /// Whether a record passes one of its filters, as it is after the call. A record that is gone passes none.
    fn passes(&self, state: &State, of: End) -> bool {
        if self.filters.is_empty() {
            return true;
        }
        let Some(record) = state.table(of.0).any(of.1) else { return false };
        let read = || -> Vec<Vec<Test>> { self.filters.iter().map(|filter| tests(state, of.0, filter)).collect() };
        // All subscriptions but those to lists have records of one type.
        let own;
        let filters = if self.value["subscriptionType"] == "LIST_MEMBERSHIP" {
            own = read();
            &own
        } else {
            self.read.get_or_init(read)
        };
        filters.iter().any(|tests| tests.iter().all(|test| test.holds(state, of.0, record)))
    }
}

fn tests(state: &State, kind: Kind, filter: &Value) -> Vec<Test> {
    filter["conditions"].as_array().into_iter().flatten().map(|condition| Test::of(state, kind, condition)).collect()
}

/// A condition, read once.
struct Test {
    property: String,
    is: Is,
}

enum Is {
    Compared(Condition),
    Contains(String),
    Starts(String),
    Ends(String),
}

impl Test {
    fn of(state: &State, kind: Kind, condition: &Value) -> Self {
        let property = condition["property"].as_str().unwrap_or_default().to_owned();
        let known = state.schema(kind).find(&property);
        let value_type = known.map_or(ValueType::Text, |property| property.value_type);
        let several = known.is_some_and(|property| property.field_type == "checkbox");
        let value = condition["value"].as_str().unwrap_or_default();
        let values = condition["values"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
        let compared = |operator, operands| Is::Compared(Condition::new(operator, operands, value_type, several));
        let one = |operator| compared(operator, vec![value.to_owned()]);
        let is = match condition["operator"].as_str().unwrap_or_default() {
            "CONTAINS" => Is::Contains(lower(value).into_owned()),
            "STARTS_WITH" => Is::Starts(lower(value).into_owned()),
            "ENDS_WITH" => Is::Ends(lower(value).into_owned()),
            "N_EQ" => one(Operator::Neq),
            "LT" => one(Operator::Lt),
            "LTE" => one(Operator::Lte),
            "GT" => one(Operator::Gt),
            "GTE" => one(Operator::Gte),
            "IN" => compared(Operator::Eq, values.collect()),
            "NOT_IN" => compared(Operator::Neq, values.collect()),
            "IS_EMPTY" => one(Operator::NotHasProperty),
            "IS_NOT_EMPTY" => one(Operator::HasProperty),
            _ => one(Operator::Eq),
        };
        Self { property, is }
    }

    /// A record without the value passes `IS_EMPTY` alone, as in a search.
    fn holds(&self, state: &State, kind: Kind, record: &Record) -> bool {
        let value = derived::value(state, kind, record, &self.property).filter(|value| !value.is_empty());
        let text = || value.as_deref().map(lower);
        match &self.is {
            Is::Compared(condition) => condition.holds(value.as_deref()),
            Is::Contains(part) => text().is_some_and(|text| text.contains(part)),
            Is::Starts(part) => text().is_some_and(|text| text.starts_with(part)),
            Is::Ends(part) => text().is_some_and(|text| text.ends_with(part)),
        }
    }
}
