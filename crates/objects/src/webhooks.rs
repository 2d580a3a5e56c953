//! Webhooks: makes events of the changes to records.
//!
//! While an app of the account has a subscription, a transaction notes what it does to records (`notes`). The
//! changes that subscriptions ask for become one [`Notice`] for each app. The listener gets it once the change
//! is durable; signing and sending are not done here.
//!
//! The field names are those of HubSpot's events. HubSpot publishes no list of the values of `changeSource` and
//! `changeFlag`, so these are values that third parties have seen.

use std::collections::{BTreeSet, HashMap};

use keyway_core::beside::{Access, Beside};
use keyway_core::error_body::ErrorBody;
use keyway_core::object_type::ObjectType;
use keyway_core::sensitive::Sensitivity;
use serde_json::{Map, Value, json};

use crate::call::Call;
use crate::invalid;
use crate::items::{Item, Place};
use crate::journal;
use crate::kind::Kind;
use crate::notes::{About, Happened, InThread, OfThread, THREAD, VERBS, What, active, is_subject};
use crate::property::Property;
use crate::request::bad_field;
use crate::sensitive::row_of;
use crate::state::State;
use crate::tx::Tx;

pub use crate::notes::SUBSCRIPTIONS;

/// Where the collections keep the target of an app.
pub const SETTINGS: &str = "webhook-settings";

/// The default number of requests in progress at one time, which is HubSpot's.
const CONCURRENT_DEFAULT: u64 = 10;

/// What an event can be about, beside the singular of an object type: any type, and a thread of the inbox.
const OTHER_SUBJECTS: [&str; 2] = ["object", THREAD];

/// The scope without which an app gets no events of the inbox (HubSpot's guide to webhooks).
const INBOX_SCOPE: &str = "conversations.read";

/// Largest number of events that an app gets for one call. The others are only counted.
const EVENTS_MAX: usize = 10_000;

/// Subscriptions of one app (HubSpot has the same bound for an app).
const SUBSCRIPTIONS_MAX: usize = 1_000;

/// Events for the target of one app, in the order in which they happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// The hub id of the account.
    pub hub_id: u64,
    /// The app, as the path of its subscriptions names it.
    pub app: String,
    /// Where they go.
    pub target: String,
    /// Largest number of requests to the target in progress at one time.
    pub concurrent: usize,
    /// The events, oldest first.
    pub events: Vec<Event>,
    /// The number of events that were left out, because there were too many.
    pub left_out: usize,
}

/// An event of a notice. The app gets it only if its scopes allow that.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The event as it is sent, except `attemptNumber`.
    pub value: Value,
    /// The object types that it shows.
    pub shows: Beside,
    /// How sensitive the value is that it has, and of which type.
    pub value_of: Option<(&'static ObjectType, Sensitivity)>,
    /// A scope that it needs besides.
    pub scope: Option<&'static str>,
}

/// A subscription is active or not; new ones and changes alike.
///
/// # Errors
/// The field `active` is neither true nor false.
pub fn check_active(fields: &Map<String, Value>) -> Result<(), ErrorBody> {
    match fields.get("active") {
        None | Some(Value::Bool(_) | Value::Null) => Ok(()),
        Some(_) => Err(bad_field("active", "must be true or false")),
    }
}

/// Checks a subscription that an app asks for.
///
/// # Errors
/// It is to what can't happen, it is there already, or the app has too many.
pub fn check_subscription(fields: &Map<String, Value>, place: &Place, state: &State) -> Result<(), ErrorBody> {
    check_active(fields)?;
    let event_type = fields.get("eventType").and_then(Value::as_str).unwrap_or_default();
    let known_subject = |subject: &str| OTHER_SUBJECTS.contains(&subject) || state.spaces().any(|space| *space.singular == *subject);
    let known = event_type.split_once('.').is_some_and(|(subject, verb)| VERBS.contains(&verb) && known_subject(subject));
    let has = |field: &str| fields.get(field).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    if !known {
        return Err(bad_field("eventType", "is not a type of event"));
    }
    if event_type.ends_with(".propertyChange") && !has("propertyName") {
        return Err(bad_field("propertyName", "is required for changes of a property"));
    }
    if event_type.starts_with("object.") && !has("objectTypeId") {
        return Err(bad_field("objectTypeId", "is required for events of any object"));
    }
    let value = Value::Object(fields.clone());
    if let Some((name, subject)) = fields.get("propertyName").and_then(Value::as_str).zip(event_type.split('.').next()) {
        for kind in state.spaces().map(|space| space.kind).filter(|kind| is_subject(state, &value, subject, *kind)) {
            if state.schema(kind).find(name).and_then(Property::sensitivity) == Some(Sensitivity::HighlySensitive) {
                return Err(bad_field("propertyName", "is highly sensitive, and HubSpot sends no webhooks of such properties"));
            }
        }
    }
    let own = || state.items.of(place).map(|(_, item)| item).filter(|item| !item.is_archived());
    let same = |item: &Item| ["eventType", "propertyName", "objectTypeId"].iter().all(|name| fields.get(*name) == item.value.get(*name));
    if own().any(same) {
        return Err(invalid::subscription_exists(event_type));
    }
    if own().count() >= SUBSCRIPTIONS_MAX {
        return Err(invalid::subscriptions_too_many(SUBSCRIPTIONS_MAX));
    }
    Ok(())
}

/// Whether an app in a path is written in the one way that it is kept under: `77`, or `app-77`.
pub fn is_app(segment: &str) -> bool {
    app_id(segment).is_some_and(|id| segment.strip_prefix("app-").unwrap_or(segment) == id.to_string())
}

/// The webhook notices of a call. What its changes mean to the journal is kept on the way.
pub fn notices(tx: &mut Tx<'_>, call: &Call) -> Vec<Notice> {
    let (happened, imported) = (std::mem::take(&mut tx.notes.happened), tx.notes.imported);
    let in_threads = std::mem::take(&mut tx.notes.in_threads);
    if happened.is_empty() && in_threads.is_empty() {
        return Vec::new();
    }
    journal::write(tx, call, &happened);
    let mut notices = Vec::new();
    // At least the time, so that ids grow even after a restart or after the account is filled again.
    let mut next = tx.state.next_event.max(call.now.as_ms().unsigned_abs());
    for app in tx.state.items.parents(SUBSCRIPTIONS) {
        let Some(settings) = tx.state.items.get(&Place::new(SETTINGS, &[]), &app) else { continue };
        let subscriptions = by_event(active(tx.state, &app));
        let mut told = Told { call, app: &app, next: &mut next, events: Vec::new(), left_out: 0 };
        // HubSpot sends no webhooks of highly sensitive properties (its guide to Sensitive Data).
        let may_be_told = |one: &Happened| sensitivity(tx.state, one) != Some(Sensitivity::HighlySensitive);
        for (at, one) in happened.iter().enumerate().filter(|(_, one)| may_be_told(one)) {
            let asking = subscriptions.get(&one.what.event()).into_iter().flatten();
            for (subscription, _) in asking.filter(|(subscription, subject)| is_subject(tx.state, subscription, subject, one.of.0)) {
                told.add(subscription, at < imported, |mut value| {
                    describe(tx.state, one, &mut value);
                    let value_of = sensitivity(tx.state, one).map(|level| (row_of(one.of.0), level));
                    Event { value, shows: shown(one), value_of, scope: None }
                });
            }
        }
        for one in &in_threads {
            let asking = subscriptions.get(&one.what.event()).into_iter().flatten();
            for (subscription, _) in asking.filter(|(_, subject)| *subject == THREAD) {
                told.add(subscription, false, |mut value| {
                    describe_thread(one, &mut value);
                    Event { value, shows: Beside::default(), value_of: None, scope: Some(INBOX_SCOPE) }
                });
            }
        }
        let Told { events, left_out, .. } = told;
        if !events.is_empty() {
            let concurrent = settings.value["throttling"]["maxConcurrentRequests"].as_u64().unwrap_or(CONCURRENT_DEFAULT);
            notices.push(Notice {
                hub_id: call.hub_id,
                app,
                target: settings.value["targetUrl"].as_str().unwrap_or_default().to_owned(),
                concurrent: usize::try_from(concurrent).unwrap_or(1).max(1),
                events,
                left_out,
            });
        }
    }
    tx.state.next_event = next;
    notices
}

/// The events of a call for one app.
struct Told<'a> {
    call: &'a Call,
    app: &'a str,
    /// The number of the last event.
    next: &'a mut u64,
    /// At most [`EVENTS_MAX`].
    events: Vec<Event>,
    /// How many more there were.
    left_out: usize,
}

impl Told<'_> {
    /// Adds an event for a subscription. `finish` says what happened.
    fn add(&mut self, subscription: &Value, imported: bool, finish: impl FnOnce(Value) -> Event) {
        if self.events.len() == EVENTS_MAX {
            self.left_out += 1;
            return;
        }
        *self.next += 1;
        let mut event = json!({
            "eventId": *self.next, "subscriptionId": number(&subscription["id"]), "portalId": self.call.hub_id, "appId": app_id(self.app),
            "occurredAt": self.call.now.as_ms(), "subscriptionType": subscription["eventType"],
        });
        if imported {
            event["changeSource"] = "IMPORT".into();
        } else {
            event["changeSource"] = "INTEGRATION".into();
            event["sourceId"] = self.call.app_id.to_string().into();
        }
        self.events.push(finish(event));
    }
}

/// All targets and subscriptions of an account, by app.
pub fn told_to(state: &State) -> Vec<Value> {
    let settings = Place::new(SETTINGS, &[]);
    let apps = state.items.parents(SUBSCRIPTIONS).into_iter().chain(state.items.of(&settings).map(|(app, _)| app.to_owned()));
    let apps: BTreeSet<String> = apps.collect();
    let of_app = |app: String| {
        let subscriptions = state.items.of(&Place::new(SUBSCRIPTIONS, &[&app])).map(|(_, item)| item).filter(|item| !item.is_archived());
        let subscriptions: Vec<&Value> = subscriptions.map(|item| &item.value).collect();
        let target = state.items.get(&settings, &app).map(|item| item.value["targetUrl"].clone());
        json!({ "app": app, "appId": app_id(&app), "targetUrl": target, "subscriptions": subscriptions })
    };
    apps.into_iter().map(of_app).collect()
}

/// Subscriptions with their subjects, by what they are about: a call may have made a hundred thousand
/// events, and an app has a thousand subscriptions.
fn by_event<'a>(subscriptions: impl Iterator<Item = &'a Value>) -> HashMap<About<'a>, Vec<(&'a Value, &'a str)>> {
    let mut by_event: HashMap<About<'a>, Vec<(&'a Value, &'a str)>> = HashMap::new();
    for subscription in subscriptions {
        let Some((subject, verb)) = subscription["eventType"].as_str().and_then(|text| text.split_once('.')) else { continue };
        let property = subscription["propertyName"].as_str().filter(|_| verb == "propertyChange");
        by_event.entry((verb, property)).or_default().push((subscription, subject));
    }
    by_event
}

/// How sensitive the value of an event is.
fn sensitivity(state: &State, happened: &Happened) -> Option<Sensitivity> {
    match &happened.what {
        What::Changed { property, .. } => state.schema(happened.of.0).find(property).and_then(Property::sensitivity),
        _ => None,
    }
}

/// The object types that an event shows: both ends of an association.
fn shown(happened: &Happened) -> Beside {
    let mut shown = Beside::default();
    let mut add = |kind: Kind| shown.add(row_of(kind), Access::Read);
    add(happened.of.0);
    if let What::Linked { to, .. } = &happened.what {
        add(to.0);
    }
    shown
}

/// The fields that the kind of event has.
fn describe(state: &State, happened: &Happened, event: &mut Value) {
    let (kind, id) = happened.of;
    if event["subscriptionType"].as_str().is_some_and(|name| name.starts_with("object.")) {
        event["objectTypeId"] = (*state.space(kind).type_id).into();
    }
    match &happened.what {
        What::Created => event["changeFlag"] = "CREATED".into(),
        What::Deleted | What::DeletedForGood => event["changeFlag"] = "DELETED".into(),
        What::Restored => event["changeFlag"] = "RESTORED".into(),
        What::Merged { primary, other } => {
            event["primaryObjectId"] = (*primary).into();
            event["mergedObjectIds"] = json!([other]);
            event["newObjectId"] = id.into();
        }
        What::Changed { property, value } => {
            event["propertyName"] = property.as_str().into();
            event["propertyValue"] = value.as_str().into();
        }
        What::Linked { to, link_type, removed } => {
            let link = state.link_types.get(kind, to.0, *link_type);
            event["associationType"] = format!("{}_TO_{}", state.space(kind).shouted(), state.space(to.0).shouted()).into();
            event["associationTypeId"] = (*link_type).into();
            event["fromObjectId"] = id.into();
            event["toObjectId"] = to.1.into();
            event["associationRemoved"] = (*removed).into();
            event["isPrimaryAssociation"] = link.is_some_and(|link| link.label.as_deref() == Some("Primary")).into();
            return;
        }
        What::Listed { .. } => {}
    }
    event["objectId"] = id.into();
}

/// The fields of an event of the inbox, as HubSpot's product team states them (community.hubspot.com, Conversations API Beta,
/// m-p/562866).
fn describe_thread(one: &InThread, event: &mut Value) {
    event["objectId"] = number(&one.thread.as_str().into());
    match &one.what {
        OfThread::Created => event["changeFlag"] = "CREATED".into(),
        OfThread::Archived => event["changeFlag"] = "DELETED".into(),
        OfThread::Changed { property, value } => {
            event["propertyName"] = (*property).into();
            event["propertyValue"] = value.as_str().into();
        }
        OfThread::Message { id, message_type } => {
            event["changeFlag"] = "NEW_MESSAGE".into();
            event["messageId"] = id.as_str().into();
            event["messageType"] = message_type.as_str().into();
        }
    }
}

/// `77`, or `app-77` where no public app can be meant.
fn app_id(app: &str) -> Option<u64> {
    app.strip_prefix("app-").unwrap_or(app).parse().ok()
}

fn number(id: &Value) -> Value {
    id.as_str().and_then(|id| id.parse::<u64>().ok()).map_or(Value::Null, Value::from)
}
