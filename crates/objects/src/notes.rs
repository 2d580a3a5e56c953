//! The record changes of a transaction for which webhooks fire.
//!
//! A change is noted only if a subscription asks for it. `webhooks` makes events of the notes.

use std::sync::Arc;

use serde_json::Value;

use crate::derived;
use crate::items::Place;
use crate::kind::Kind;
use crate::links::{End, Links};
use crate::record::Record;
use crate::state::State;
use crate::wanted::Wanted;

/// Where the collections keep an app's subscriptions.
pub const SUBSCRIPTIONS: &str = "webhook-subscriptions";

/// Where they keep an app's subscriptions to the journal.
pub const JOURNAL: &str = "journal-subscriptions";

/// The verbs of events, as they follow the subject in an event type.
pub const VERBS: [&str; 8] =
    ["creation", "deletion", "privacyDeletion", "merge", "restore", "propertyChange", "associationChange", "newMessage"];

/// What happens to a record that comes on a list or leaves it. Only the journal has such events.
const LISTED: &str = "listMembership";

/// The subject of events of the inbox.
pub const THREAD: &str = "conversation";

/// What a subscription asks for, apart from its object type: a verb, and the property of a `propertyChange`.
pub type About<'a> = (&'a str, Option<&'a str>);

/// What a transaction did to a record.
#[derive(Debug)]
pub struct Happened {
    /// The type and id of the record.
    pub of: End,
    /// The kind of the change.
    pub what: What,
}

/// What can be done to a record.
#[derive(Debug)]
pub enum What {
    Created,
    Deleted,
    Restored,
    DeletedForGood,
    Merged { primary: u64, other: u64 },
    Changed { property: String, value: String },
    Linked { to: End, link_type: u32, removed: bool },
    Listed { list: u64, removed: bool },
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
            Self::Listed { .. } => LISTED,
        }
    }

    /// What a subscription to it says.
    pub fn event(&self) -> About<'_> {
        let property = match self {
            Self::Changed { property, .. } => Some(property.as_str()),
            _ => None,
        };
        (self.verb(), property)
    }
}

/// Something that happened to a thread of the inbox.
#[derive(Debug)]
pub struct InThread {
    /// The thread.
    pub thread: String,
    /// What.
    pub what: OfThread,
}

/// What can happen to a thread.
#[derive(Debug)]
pub enum OfThread {
    /// It was begun.
    Created,
    /// It was archived.
    Archived,
    /// A property has another value: `status`, `assignedTo` or `isArchived`.
    Changed {
        /// The property.
        property: &'static str,
        /// Its value now.
        value: String,
    },
    /// Something was written in it.
    Message {
        /// The id of the message.
        id: String,
        /// `MESSAGE` or `COMMENT`.
        message_type: String,
    },
}

impl OfThread {
    fn verb(&self) -> &'static str {
        match self {
            Self::Created => "creation",
            Self::Archived => "deletion",
            Self::Changed { .. } => "propertyChange",
            Self::Message { .. } => "newMessage",
        }
    }

    /// What a subscription to it says.
    pub fn event(&self) -> About<'_> {
        let property = match self {
            Self::Changed { property, .. } => Some(*property),
            _ => None,
        };
        (self.verb(), property)
    }
}

/// Looks up what the subscriptions of an account ask for.
fn wanted_of(state: &State) -> Wanted {
    let mut wanted = Wanted::default();
    for app in state.items.parents(SUBSCRIPTIONS) {
        for subscription in active(state, &app) {
            let Some((subject, verb)) = subscription["eventType"].as_str().and_then(|text| text.split_once('.')) else { continue };
            let Some(verb) = VERBS.iter().find(|own| **own == verb) else { continue };
            if subject == THREAD {
                wanted.of_threads.insert(verb);
            }
            let kinds = state.spaces().map(|space| space.kind).filter(|kind| is_subject(state, subscription, subject, *kind));
            for kind in kinds {
                wanted.verbs.insert((kind, verb));
                if let Some(property) = subscription["propertyName"].as_str() {
                    wanted.properties.entry(kind).or_default().insert(property.to_owned());
                }
            }
        }
    }
    for app in state.items.parents(JOURNAL) {
        for (_, item) in state.items.of(&Place::new(JOURNAL, &[&app])) {
            want_for_journal(state, &item.value, &mut wanted);
        }
    }
    wanted
}

/// Adds what a subscription to the journal asks for.
fn want_for_journal(state: &State, subscription: &Value, wanted: &mut Wanted) {
    let of_type = || subscription["objectTypeId"].as_str().and_then(|id| state.kind(id));
    match (subscription["subscriptionType"].as_str(), of_type()) {
        (Some("OBJECT"), Some(kind)) => {
            // A property of a new record belongs to its creation, so the creation is noted beside it.
            for verb in ["creation", "deletion", "merge", "restore", "propertyChange"] {
                wanted.verbs.insert((kind, verb));
            }
            match subscription["properties"].as_array().filter(|names| !names.is_empty()) {
                Some(names) => {
                    let names = names.iter().filter_map(Value::as_str).map(str::to_owned);
                    wanted.properties.entry(kind).or_default().extend(names);
                }
                None => wanted.every_property.extend([kind]),
            }
        }
        (Some("ASSOCIATION"), Some(kind)) => wanted.verbs.extend([(kind, "associationChange")]),
        (Some("GDPR_PRIVACY_DELETION"), Some(kind)) => wanted.verbs.extend([(kind, "privacyDeletion")]),
        (Some("LIST_MEMBERSHIP"), _) => wanted.verbs.extend(state.spaces().map(|space| (space.kind, LISTED))),
        _ => {}
    }
}

/// What is to be noted of a transaction.
#[derive(Debug)]
pub struct Notes {
    wanted: Arc<Wanted>,
    pub happened: Vec<Happened>,
    pub in_threads: Vec<InThread>,
    /// How many of them an import did, and not the call.
    pub imported: usize,
}

impl Notes {
    pub fn of(state: &mut State) -> Self {
        let wanted = match &state.wanted {
            Some(wanted) => wanted.clone(),
            None => state.wanted.insert(Arc::new(wanted_of(state))).clone(),
        };
        Self { wanted, happened: Vec::new(), in_threads: Vec::new(), imported: 0 }
    }

    /// What happened up to here was done by an import.
    pub fn by_import(&mut self) {
        self.imported = self.happened.len();
    }

    /// A record is about to be put in its table.
    pub fn put(&mut self, kind: Kind, state: &State, record: &Record) {
        if self.wanted.verbs.is_empty() {
            return;
        }
        let (of, before) = ((kind, record.id), state.table(kind).any(record.id));
        match (before.is_some_and(|before| before.archived_at.is_none()), record.archived_at.is_none()) {
            (true, false) => return self.note(of, What::Deleted),
            (false, true) if before.is_some() => self.note(of, What::Restored),
            (false, true) => self.note(of, What::Created),
            (_, false) => return,
            (true, true) => {}
        }
        let wanted = self.wanted.clone();
        let (properties, every) = (wanted.properties.get(&kind), wanted.every_property.contains(&kind));
        let asked = |name: &str| every || properties.is_some_and(|properties| properties.contains(name));
        for (name, value) in record.values().filter(|(name, _)| asked(name)) {
            if before.and_then(|before| before.get(name)).unwrap_or_default() != value {
                self.note(of, What::Changed { property: name.to_owned(), value: value.to_owned() });
            }
        }
        let named = properties.into_iter().flatten();
        for name in named.filter(|name| derived::is_read(kind, name) && record.history(name).next().is_none()) {
            let now = derived::value(state, kind, record, name).unwrap_or_default();
            if before.and_then(|before| derived::value(state, kind, before, name)).unwrap_or_default() != now {
                self.note(of, What::Changed { property: name.clone(), value: now.into_owned() });
            }
        }
    }

    pub fn deleted_for_good(&mut self, of: End) {
        self.note(of, What::DeletedForGood);
    }

    /// A record was merged from two others. Webhooks get the merge in place of its creation.
    pub fn merged(&mut self, of: End, primary: u64, other: u64) {
        self.happened.retain(|one| one.of != of);
        self.note(of, What::Merged { primary, other });
    }

    /// The types of an association are about to be set.
    pub fn linked(&mut self, from: End, to: End, links: &Links, now: &[u32]) {
        if self.wanted.verbs.is_empty() {
            return;
        }
        let before = links.between(from, to);
        for link_type in before.iter().filter(|id| !now.contains(id)) {
            self.note(from, What::Linked { to, link_type: *link_type, removed: true });
        }
        for link_type in now.iter().filter(|id| !before.contains(id)) {
            self.note(from, What::Linked { to, link_type: *link_type, removed: false });
        }
    }

    /// A record comes on a list, or leaves it.
    pub fn listed(&mut self, of: End, list: u64, removed: bool) {
        self.note(of, What::Listed { list, removed });
    }

    /// Something happened to a thread.
    pub fn in_thread(&mut self, thread: &str, what: OfThread) {
        if self.wanted.of_threads.contains(what.verb()) {
            self.in_threads.push(InThread { thread: thread.to_owned(), what });
        }
    }

    fn note(&mut self, of: End, what: What) {
        if self.wanted.verbs.contains(&(of.0, what.verb())) {
            self.happened.push(Happened { of, what });
        }
    }
}

/// The active subscriptions of an app.
pub fn active<'a>(state: &'a State, app: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    let items = state.items.of(&Place::new(SUBSCRIPTIONS, &[app])).map(|(_, item)| item);
    items.filter(|item| !item.is_archived() && item.value["active"] == true).map(|item| &item.value)
}

/// Whether a subscription to a subject is to records of a type.
pub fn is_subject(state: &State, subscription: &Value, subject: &str, kind: Kind) -> bool {
    match subject {
        "object" => subscription["objectTypeId"].as_str().and_then(|id| state.kind(id)) == Some(kind),
        singular => state.singular(kind) == singular,
    }
}
