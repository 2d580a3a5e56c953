//! An account as documents by key, which is how it is stored and copied. `restore` makes the account of them again.

use serde::Serialize;

use crate::pipelines;
use crate::schema::Schema;
use crate::space::Space;
use crate::state::State;
use crate::table::FIRST_ID;

/// One document to be written, or removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The hub id of the account.
    pub hub_id: u64,
    /// What the key names, such as `account`, `owner`, `record` or `link`; `*` with no body is everything.
    pub space: &'static str,
    /// Unique within the space.
    pub key: String,
    /// The new content. None removes the document.
    pub body: Option<Vec<u8>>,
}

impl Change {
    /// As it will be read. Of a change that puts something.
    pub fn into_document(self) -> Document {
        Document { hub_id: self.hub_id, space: self.space.to_owned(), key: self.key, body: self.body.unwrap_or_default() }
    }
}

/// A document as it was read.
#[derive(Debug)]
pub struct Document {
    /// The hub id of the account.
    pub hub_id: u64,
    /// See [`Change::space`].
    pub space: String,
    /// Unique within the space.
    pub key: String,
    /// Its content: JSON, as the version that wrote it had it.
    pub body: Vec<u8>,
}

/// All that differs from what every account has at first.
pub fn of(state: &State) -> Vec<Change> {
    let mut out = Documents { hub_id: state.hub_id, all: Vec::new() };
    out.add("account", String::new(), &state.settings);
    for owner in &state.owners {
        out.add("owner", owner.id.to_string(), owner);
    }
    if state.next_custom > 0 {
        out.add("next_type", String::new(), &state.next_custom);
    }
    for space in state.spaces() {
        out.definitions(space);
    }
    let mut labels: Vec<_> = state.link_types.own().collect();
    labels.sort_by_key(|(pair, link)| (*pair, link.id));
    for ((from, to), link) in labels {
        out.add("label", format!("{from}/{to}/{}", link.id), link);
    }
    for ((from, to, id), limit) in &state.link_types.limits {
        out.add("link_limit", format!("{from}/{to}/{id}"), limit);
    }
    for (id, list) in &state.lists.lists {
        out.add("list", id.to_string(), list);
    }
    for ((list, record), joined) in &state.lists.members {
        out.add("member", format!("{list}/{record}"), joined);
    }
    for (id, folder) in &state.lists.folders {
        out.add("folder", id.to_string(), folder);
    }
    for space in state.spaces() {
        out.records(space);
    }
    for (from, to) in state.links.iter() {
        out.add("link", format!("{}/{}/{}/{}", from.0, from.1, to.0, to.1), &state.links.between(from, to));
    }
    for (key, item) in state.items.all() {
        out.add("item", key, item);
    }
    out.all
}

struct Documents {
    hub_id: u64,
    all: Vec<Change>,
}

impl Documents {
    fn add(&mut self, space: &'static str, key: String, value: &impl Serialize) {
        self.put(space, key, json(value));
    }

    fn put(&mut self, space: &'static str, key: String, body: Vec<u8>) {
        self.all.push(Change { hub_id: self.hub_id, space, key, body: Some(body) });
    }

    /// What the account defined or changed of a type.
    fn definitions(&mut self, space: &Space) {
        let kind = space.kind;
        if let Some(custom) = &space.custom {
            self.add("type", kind.to_string(), custom);
        }
        let at_first = Schema::of(kind);
        for property in space.schema.all() {
            let (own, first) = (json(property), at_first.find(&property.name).map(json));
            if first.as_ref() != Some(&own) {
                self.put("property", format!("{kind}/{}", property.name), own);
            }
        }
        for (name, group) in &space.schema.groups {
            let (own, first) = (json(group), at_first.groups.get(name).map(json));
            if first.as_ref() != Some(&own) {
                self.put("group", format!("{kind}/{name}"), own);
            }
        }
        let first_pipelines = pipelines::defaults(kind);
        for pipeline in space.pipelines.iter() {
            let (own, first) = (json(pipeline), first_pipelines.iter().find(|first| first.id == pipeline.id).map(json));
            if first.as_ref() != Some(&own) {
                self.put("pipeline", format!("{kind}/{}", pipeline.id), own);
            }
        }
    }

    fn records(&mut self, space: &Space) {
        let kind = space.kind;
        let mut last = None;
        for archived in [false, true] {
            for record in space.table.range(0, archived) {
                last = last.max(Some(record.id));
                self.put("record", format!("{kind}/{}", record.id), record.to_stored());
            }
        }
        let next = space.table.next_id();
        if last.map_or(FIRST_ID, |last| last + 1) != next {
            // The ids of permanently deleted records are not used again.
            self.add("next", kind.to_string(), &next);
        }
    }
}

fn json(value: &(impl Serialize + ?Sized)) -> Vec<u8> {
    serde_json::to_vec(value).expect("text, numbers and lists always serialise")
}
