//! What happens to records, as the webhooks of apps are told of it.
//!
//! While an app of the account subscribes to anything, a transaction notes what it does to records
//! ([`Happened`]). What subscriptions ask for of it becomes a [`Notice`] for each app, which is handed
//! over once the change is durable. Signing and sending is not done here.
//!
//! The names of fields are those of HubSpot's events. `changeSource` and `changeFlag` are as third
//! parties have seen them; HubSpot publishes no list of their values.

use keyway_core::error_body::ErrorBody;
use serde_json::{Map, Value, json};

use crate::Call;
use crate::collections::{Item, Place};
use crate::kind::Kind;
use crate::links::End;
use crate::record::Record;
use crate::request::bad_field;
use crate::state::{State, Tx};

/// Where the collections keep an app's subscriptions, and its target.
pub const SUBSCRIPTIONS: &str = "webhook-subscriptions";
pub const SETTINGS: &str = "webhook-settings";

/// Requests under way at one time, where the settings do not say (HubSpot's default).
const CONCURRENT_DEFAULT: u64 = 10;

/// What an event can be about, beside the singular of an object type: any type, and what an account
/// without an inbox never has.
const OTHER_SUBJECTS: [&str; 2] = ["object", "conversation"];

/// What can happen, as it is written behind the subject.
const VERBS: [&str; 8] =
    ["creation", "deletion", "privacyDeletion", "merge", "restore", "propertyChange", "associationChange", "newMessage"];

/// Events for the target of one app, in the order in which they happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// The account.
    pub hub_id: u64,
    /// The app, as it stands in the path of its subscriptions.
    pub app: String,
    /// Where they go.
    pub target: String,
    /// Requests to the target that may be under way at one time.
    pub concurrent: usize,
    /// As on the wire, but for `attemptNumber`.
    pub events: Vec<Value>,
}

/// What a transaction did to a record.
#[derive(Debug)]
pub struct Happened {
    of: End,
    what: What,
}

#[derive(Debug)]
enum What {
    Created,
    Deleted,
    Restored,
    DeletedForGood,
    Merged { other: u64 },
    Changed { property: String, value: String },
    Linked { to: End, link_type: u32, removed: bool },
}

impl What {
    fn verb(&self) -> &'static str {
        match self {
            Self::Created => "creation",
            Self::Deleted => "deletion",
            Self::Restored => "restore",
            Self::DeletedForGood => "privacyDeletion",
            Self::Merged { .. } => "merge",
            Self::Changed { .. } => "propertyChange",
            Self::Linked { .. } => "associationChange",
        }
    }
}

/// What is to be noted of a transaction: nothing, while nobody subscribes.
#[derive(Debug, Default)]
pub struct Notes {
    is_on: bool,
    happened: Vec<Happened>,
    /// How many of them an import did, and not the call.
    imported: usize,
}

impl Notes {
    pub fn of(state: &State) -> Self {
        Self { is_on: state.items.has_any(SUBSCRIPTIONS), ..Self::default() }
    }

    /// What happened up to here was done by an import.
    pub fn by_import(&mut self) {
        self.imported = self.happened.len();
    }

    pub fn put(&mut self, kind: Kind, before: Option<&Record>, record: &Record) {
        if !self.is_on {
            return;
        }
        let mut note = |what| self.happened.push(Happened { of: (kind, record.id), what });
        match (before.is_some_and(|before| before.archived_at.is_none()), record.archived_at.is_none()) {
            (true, false) => return note(What::Deleted),
            (false, true) if before.is_some() => note(What::Restored),
            (false, true) => note(What::Created),
            (_, false) => return,
            (true, true) => {}
        }
        for (name, value) in record.values() {
            if before.and_then(|before| before.get(name)).unwrap_or_default() != value {
                note(What::Changed { property: name.to_owned(), value: value.to_owned() });
            }
        }
    }

    pub fn deleted_for_good(&mut self, of: End) {
        self.note(of, What::DeletedForGood);
    }

    pub fn merged(&mut self, of: End, other: u64) {
        self.note(of, What::Merged { other });
    }

    pub fn linked(&mut self, from: End, to: End, before: &[u32], now: &[u32]) {
        if !self.is_on {
            return;
        }
        for link_type in before.iter().filter(|id| !now.contains(id)) {
            self.note(from, What::Linked { to, link_type: *link_type, removed: true });
        }
        for link_type in now.iter().filter(|id| !before.contains(id)) {
            self.note(from, What::Linked { to, link_type: *link_type, removed: false });
        }
    }

    fn note(&mut self, of: End, what: What) {
        if self.is_on {
            self.happened.push(Happened { of, what });
        }
    }
}

/// Refuses a subscription to what can't happen.
pub fn check_subscription(fields: &Map<String, Value>, state: &State) -> Result<(), ErrorBody> {
    let event_type = fields.get("eventType").and_then(Value::as_str).unwrap_or_default();
    let is_subject = |subject: &str| OTHER_SUBJECTS.contains(&subject) || state.spaces().any(|space| *space.singular == *subject);
    let known = event_type.split_once('.').is_some_and(|(subject, verb)| VERBS.contains(&verb) && is_subject(subject));
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
    Ok(())
}

/// What apps are to be told of a call.
pub fn notices(tx: &mut Tx<'_>, call: &Call) -> Vec<Notice> {
    let Notes { happened, imported, .. } = std::mem::take(&mut tx.notes);
    if happened.is_empty() {
        return Vec::new();
    }
    let mut notices = Vec::new();
    let mut next = tx.state.next_event;
    for app in tx.state.items.parents(SUBSCRIPTIONS) {
        let Some(settings) = tx.state.items.get(&Place::new(SETTINGS, &[]), &app) else { continue };
        let place = Place::new(SUBSCRIPTIONS, &[&app]);
        let subscriptions: Vec<&Item> =
            tx.state.items.of(&place).map(|(_, item)| item).filter(|item| !item.is_archived() && item.value["active"] == true).collect();
        let mut events = Vec::new();
        for (at, one) in happened.iter().enumerate() {
            for subscription in subscriptions.iter().filter(|subscription| asks_for(tx.state, &subscription.value, one)) {
                next += 1;
                let (source, id) = if at < imported { ("IMPORT", None) } else { ("INTEGRATION", Some(call.app_id.to_string())) };
                let mut event = json!({
                    "eventId": next, "subscriptionId": number(&subscription.value["id"]), "portalId": call.hub_id, "appId": app_id(&app),
                    "occurredAt": call.now.as_ms(), "subscriptionType": subscription.value["eventType"], "changeSource": source,
                });
                if let Some(id) = id {
                    event["sourceId"] = id.into();
                }
                describe(tx.state, one, &mut event);
                events.push(event);
            }
        }
        if !events.is_empty() {
            let concurrent = settings.value["throttling"]["maxConcurrentRequests"].as_u64().unwrap_or(CONCURRENT_DEFAULT);
            notices.push(Notice {
                hub_id: call.hub_id,
                app,
                target: settings.value["targetUrl"].as_str().unwrap_or_default().to_owned(),
                concurrent: usize::try_from(concurrent).unwrap_or(1).max(1),
                events,
            });
        }
    }
    tx.state.next_event = next;
    notices
}

/// All targets and subscriptions of an account, by app.
pub fn told_to(state: &State) -> Vec<Value> {
    let settings = Place::new(SETTINGS, &[]);
    let apps = state.items.parents(SUBSCRIPTIONS).into_iter().chain(state.items.of(&settings).map(|(app, _)| app.to_owned()));
    let apps: std::collections::BTreeSet<String> = apps.collect();
    let of_app = |app: String| {
        let subscriptions = state.items.of(&Place::new(SUBSCRIPTIONS, &[&app])).map(|(_, item)| item).filter(|item| !item.is_archived());
        let subscriptions: Vec<&Value> = subscriptions.map(|item| &item.value).collect();
        let target = state.items.get(&settings, &app).map(|item| item.value["targetUrl"].clone());
        json!({ "app": app, "appId": app_id(&app), "targetUrl": target, "subscriptions": subscriptions })
    };
    apps.into_iter().map(of_app).collect()
}

fn asks_for(state: &State, subscription: &Value, happened: &Happened) -> bool {
    let Some((subject, verb)) = subscription["eventType"].as_str().and_then(|text| text.split_once('.')) else { return false };
    let (kind, _) = happened.of;
    let is_subject = match subject {
        "object" => subscription["objectTypeId"].as_str().and_then(|id| state.kind(id)) == Some(kind),
        singular => state.singular(kind) == singular,
    };
    let is_property = match &happened.what {
        What::Changed { property, .. } => subscription["propertyName"] == property.as_str(),
        _ => true,
    };
    is_subject && verb == happened.what.verb() && is_property
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
        What::Merged { other } => {
            event["primaryObjectId"] = id.into();
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
    }
    event["objectId"] = id.into();
}

/// `77`, or `app-77` where no public app can be meant.
fn app_id(app: &str) -> Option<u64> {
    app.strip_prefix("app-").unwrap_or(app).parse().ok()
}

fn number(id: &Value) -> Value {
    id.as_str().and_then(|id| id.parse::<u64>().ok()).map_or(Value::Null, Value::from)
}
