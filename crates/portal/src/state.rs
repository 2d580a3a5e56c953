//! All that an embedded account holds, and the changes that a call makes to it.
//!
//! Pure memory: `durable` writes the changes down, `crm` decides what they are. What is made of
//! documents at the start is in `restore`.

use std::collections::BTreeMap;
use std::sync::Arc;

use keyway_core::object_type::ObjectTypeRef;
use keyway_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::collections::{Item, Items, Place, Running};
use crate::derived::Stale;
use crate::durable::Change;
use crate::kind::Kind;
use crate::links::{End, LinkType, LinkTypes, Links};
use crate::lists::{Folder, Joined, List, Lists};
use crate::pipelines::Pipeline;
use crate::property::{Group, Property};
use crate::record::Record;
use crate::schema::Schema;
use crate::space::{CustomType, Space};
use crate::table::Table;
use crate::webhooks::{Notes, Wanted};
use crate::work::{UNBOUNDED, Work};

/// What an account is created with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountSettings {
    /// IANA name, such as `Europe/Berlin`.
    pub time_zone: String,
    /// ISO 4217 code, such as `EUR`.
    pub currency: String,
    /// `free`, `starter`, `professional` or `enterprise`.
    pub tier: String,
    /// When the account was made.
    pub created_at: Timestamp,
    /// Its name.
    pub name: String,
}

/// A person that records can belong to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Owner id, which owner properties take.
    pub id: u64,
    /// User id, which owner properties do not take.
    pub user_id: u64,
    /// E-mail address.
    pub email: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether the user was removed.
    pub archived: bool,
}

/// All that an embedded account holds.
#[derive(Debug)]
pub struct State {
    /// The account's id.
    pub hub_id: u64,
    /// What it was created with.
    pub settings: AccountSettings,
    /// In id order.
    pub owners: Vec<Owner>,
    /// Associations.
    pub links: Links,
    /// What collections beyond the CRM hold.
    pub items: Items,
    /// What types associations can have.
    pub link_types: LinkTypes,
    /// Lists of records.
    pub lists: Lists,
    /// How many custom types the account has had.
    pub next_custom: u32,
    spaces: BTreeMap<Kind, Space>,
    /// Log position of the last change: who reads the state waits until that is durable.
    pub position: u64,
    /// Documents written since the program started.
    pub written: u64,
    /// The id of the last event that a webhook was told of. HubSpot does not promise that they are unique.
    pub next_event: u64,
    /// What webhooks are told of; none until it was looked up.
    pub(crate) wanted: Option<Arc<Wanted>>,
    /// The import that has begun, read once; none after a restart, until its next part.
    pub(crate) importing: Option<Box<Running>>,
    /// Set under the lock when the account goes: whoever still holds it must change nothing.
    pub is_deleted: bool,
}

impl State {
    /// An account without records.
    pub fn new(hub_id: u64, settings: AccountSettings) -> Self {
        Self {
            hub_id,
            settings,
            owners: Vec::new(),
            links: Links::default(),
            items: Items::default(),
            link_types: LinkTypes::default(),
            lists: Lists::default(),
            next_custom: 0,
            spaces: Kind::standard().map(|kind| (kind, Space::standard(kind))).collect(),
            position: 0,
            written: 0,
            next_event: 0,
            wanted: None,
            importing: None,
            is_deleted: false,
        }
    }

    /// Puts another state of the account in the place of this one, which goes on where this one was.
    pub(crate) fn put_back(&mut self, other: Self) {
        let (position, written, next_event) = (self.position, self.written, self.next_event);
        *self = Self { position, written, next_event, ..other };
    }

    /// The type that a path segment names: a standard one, or a custom one by id or by name.
    pub fn kind(&self, segment: &str) -> Option<Kind> {
        match ObjectTypeRef::parse(segment)? {
            ObjectTypeRef::Standard(_) => Kind::parse(segment),
            ObjectTypeRef::Custom(name) => {
                let own = format!("p{}_", self.hub_id);
                let bare = name.strip_prefix(&own).or_else(|| name.strip_prefix("p_"));
                let fits = |space: &&Space| {
                    let named = space.custom.as_ref().is_some_and(|custom| bare.is_some_and(|bare| custom.name.eq_ignore_ascii_case(bare)));
                    named || *space.type_id == *name
                };
                self.spaces.values().filter(|space| space.custom.is_some()).find(fits).map(|space| space.kind)
            }
        }
    }

    /// One object type of the account.
    pub fn space(&self, kind: Kind) -> &Space {
        self.spaces.get(&kind).expect("a kind comes from a type of the account")
    }

    pub(crate) fn space_mut(&mut self, kind: Kind) -> &mut Space {
        self.spaces.get_mut(&kind).expect("a kind comes from a type of the account")
    }

    /// Whether the account has the type.
    pub fn has(&self, kind: Kind) -> bool {
        self.spaces.contains_key(&kind)
    }

    /// Every object type of the account.
    pub fn spaces(&self) -> impl Iterator<Item = &Space> {
        self.spaces.values()
    }

    /// The records of a type.
    pub fn table(&self, kind: Kind) -> &Table {
        &self.space(kind).table
    }

    /// How many records of all types there are that are not archived.
    pub fn record_count(&self) -> u64 {
        self.spaces.values().map(|space| space.table.count() as u64).sum()
    }

    /// The properties of a type.
    pub fn schema(&self, kind: Kind) -> &Schema {
        &self.space(kind).schema
    }

    /// The singular name of a type.
    pub fn singular(&self, kind: Kind) -> &str {
        &self.space(kind).singular
    }

    /// Adds a custom type, or changes the definition of one.
    pub(crate) fn put_custom(&mut self, kind: Kind, definition: CustomType) {
        self.wanted = None;
        self.next_custom = self.next_custom.max(kind.ordinal().map_or(0, |ordinal| ordinal + 1));
        if let Some(space) = self.spaces.get_mut(&kind) {
            space.custom = Some(definition);
        } else {
            let singular = definition.name.clone();
            self.spaces.insert(kind, Space::custom(kind, self.hub_id, definition));
            let others: Vec<(Kind, String)> = self.spaces.values().map(|space| (space.kind, space.singular.to_string())).collect();
            self.link_types.add_kind(kind, &singular, &others);
        }
        self.space_mut(kind).set_lists();
    }
}

/// A call's changes: made to the state at once, written down in one transaction.
#[derive(Debug)]
pub struct Tx<'a> {
    /// The account.
    pub state: &'a mut State,
    /// What is to be written down, in order.
    pub changes: Vec<Change>,
    /// What was in the place of the items that the call changed, to put back where a batch is refused.
    pub(crate) replaced: Vec<(Place, String, Option<Item>)>,
    /// What webhooks are told of.
    pub(crate) notes: Notes,
    /// Records whose calculated values are to be brought up to date at the end of the call.
    pub(crate) stale: Stale,
    /// What the call has left to do.
    pub(crate) work: &'a Work,
}

impl<'a> Tx<'a> {
    /// No changes yet, and no bound on them.
    pub fn new(state: &'a mut State) -> Self {
        Self::within(state, &UNBOUNDED)
    }

    /// No changes yet.
    pub fn within(state: &'a mut State, work: &'a Work) -> Self {
        let notes = Notes::of(state);
        Self { state, changes: Vec::new(), replaced: Vec::new(), notes, stale: Stale::default(), work }
    }

    /// An id that no record of the type ever had.
    pub fn take_id(&mut self, kind: Kind) -> u64 {
        self.state.space_mut(kind).table.take_id()
    }

    /// Puts a record in the place of the one with its id.
    pub fn put_record(&mut self, kind: Kind, record: Record) {
        self.change("record", format!("{kind}/{}", record.id), Some(record.to_stored()));
        self.notes.put(kind, self.state, &record);
        self.stale.put(kind, self.state.table(kind).any(record.id), &record, &self.state.links);
        self.state.space_mut(kind).put_record(record);
    }

    /// Removes a record for good; its id is not given out again.
    pub fn purge_record(&mut self, kind: Kind, id: u64) {
        let space = self.state.space_mut(kind);
        let schema = space.schema.clone();
        space.table.take(&schema, id);
        let next_id = space.table.next_id();
        self.change("record", format!("{kind}/{id}"), None);
        self.put_json("next", kind.to_string(), &next_id);
    }

    /// Adds or replaces an owner.
    pub fn put_owner(&mut self, owner: Owner) {
        self.put_json("owner", owner.id.to_string(), &owner);
        self.state.owners.retain(|other| other.id != owner.id);
        let place = self.state.owners.partition_point(|other| other.id < owner.id);
        self.state.owners.insert(place, owner);
    }

    /// Writes the settings down.
    pub fn put_settings(&mut self) {
        let settings = self.state.settings.clone();
        self.put_json("account", String::new(), &settings);
    }

    /// Adds a property, or takes the place of the one with its name.
    pub fn put_property(&mut self, kind: Kind, property: Property) {
        self.put_json("property", format!("{kind}/{}", property.name), &property);
        self.state.space_mut(kind).put_property(property);
    }

    /// Adds a group of properties, or takes the place of the one with its name.
    pub fn put_group(&mut self, kind: Kind, group: Group) {
        self.put_json("group", format!("{kind}/{}", group.name), &group);
        Arc::make_mut(&mut self.state.space_mut(kind).schema).groups.insert(group.name.clone(), group);
    }

    /// Adds a pipeline, or takes the place of the one with its id.
    pub fn put_pipeline(&mut self, kind: Kind, pipeline: Pipeline) {
        self.put_json("pipeline", format!("{kind}/{}", pipeline.id), &pipeline);
        self.state.space_mut(kind).put_pipeline(pipeline);
    }

    /// Adds a custom type, or changes the definition of one.
    pub fn put_custom(&mut self, kind: Kind, definition: CustomType) {
        self.put_json("type", kind.to_string(), &definition);
        self.state.put_custom(kind, definition);
    }

    /// Removes a custom type that has no live records, with all that was defined of it.
    pub fn remove_custom(&mut self, kind: Kind) {
        let records: Vec<u64> = self.state.table(kind).range(0, true).map(|record| record.id).collect();
        for id in records {
            self.change("record", format!("{kind}/{id}"), None);
        }
        let space = self.state.space(kind);
        let properties: Vec<String> = space.schema.all().map(|property| property.name.to_string()).collect();
        let groups: Vec<String> = space.schema.groups.keys().cloned().collect();
        let pipelines: Vec<String> = space.pipelines.iter().map(|pipeline| pipeline.id.clone()).collect();
        for (space, names) in [("property", properties), ("group", groups), ("pipeline", pipelines)] {
            for name in names {
                self.change(space, format!("{kind}/{name}"), None);
            }
        }
        for ((from, to), id) in self.state.link_types.forget(kind) {
            self.change("label", format!("{from}/{to}/{id}"), None);
            self.change("link_limit", format!("{from}/{to}/{id}"), None);
        }
        self.change("next", kind.to_string(), None);
        self.change("type", kind.to_string(), None);
        let next = self.state.next_custom;
        self.put_json("next_type", String::new(), &next);
        self.state.spaces.remove(&kind);
        self.state.wanted = None;
    }

    /// Adds a type of association, or changes its label.
    pub fn put_link_type(&mut self, from: Kind, to: Kind, link: LinkType) {
        self.put_json("label", format!("{from}/{to}/{}", link.id), &link);
        self.state.link_types.put(from, to, link);
    }

    /// Removes a type of association that no association has.
    pub fn remove_link_type(&mut self, from: Kind, to: Kind, id: u32) {
        self.change("label", format!("{from}/{to}/{id}"), None);
        self.state.link_types.remove(from, to, id);
    }

    /// Sets or lifts the limit of a type of association.
    pub fn set_link_limit(&mut self, from: Kind, to: Kind, id: u32, limit: Option<u32>) {
        let key = format!("{from}/{to}/{id}");
        match limit {
            Some(limit) => {
                self.put_json("link_limit", key, &limit);
                self.state.link_types.limits.insert((from, to, id), limit);
            }
            None => {
                self.change("link_limit", key, None);
                self.state.link_types.limits.remove(&(from, to, id));
            }
        }
    }

    /// Adds a list, or takes the place of the one with its id.
    pub fn put_list(&mut self, list: List) {
        self.put_json("list", list.id.to_string(), &list);
        self.state.lists.lists.insert(list.id, list);
    }

    /// Puts a record on a list.
    pub fn put_member(&mut self, list: u64, record: u64, joined: Joined) {
        self.put_json("member", format!("{list}/{record}"), &joined);
        self.state.lists.members.insert((list, record), joined);
    }

    /// Takes a record from a list.
    pub fn remove_member(&mut self, list: u64, record: u64) {
        self.change("member", format!("{list}/{record}"), None);
        self.state.lists.members.remove(&(list, record));
    }

    /// Adds a folder of lists, or takes the place of the one with its id.
    pub fn put_folder(&mut self, folder: Folder) {
        self.put_json("folder", folder.id.to_string(), &folder);
        self.state.lists.folders.insert(folder.id, folder);
    }

    /// Removes a folder of lists.
    pub fn remove_folder(&mut self, id: u64) {
        self.change("folder", id.to_string(), None);
        self.state.lists.folders.remove(&id);
    }

    /// Sets the types of an association, both directions; the plain type is always among them.
    pub fn link(&mut self, from: End, to: End, types: &[u32]) {
        let mut forth = vec![self.state.link_types.plain(from.0, to.0)];
        for id in types {
            if !forth.contains(id) {
                forth.push(*id);
            }
        }
        if forth.iter().any(|id| self.is_primary(from.0, to.0, *id)) {
            self.demote_primary(from, to);
        }
        let back = forth.iter().map(|id| self.state.link_types.inverse(from.0, to.0, *id)).collect();
        self.set_link(to, from, back);
        self.set_link(from, to, forth);
    }

    /// Removes an association, both directions.
    pub fn unlink(&mut self, from: End, to: End) {
        for (from, to) in [(from, to), (to, from)] {
            if !self.state.links.between(from, to).is_empty() {
                self.set_link(from, to, Vec::new());
            }
        }
    }

    /// Removes one type of an association; the plain type takes the association with it.
    pub fn unlink_type(&mut self, from: End, to: End, id: u32) {
        if self.state.link_types.plain(from.0, to.0) == id {
            return self.unlink(from, to);
        }
        let kept: Vec<u32> = self.state.links.between(from, to).iter().copied().filter(|own| *own != id).collect();
        if !kept.is_empty() && kept.len() < self.state.links.between(from, to).len() {
            self.link(from, to, &kept);
        }
    }

    fn is_primary(&self, from: Kind, to: Kind, id: u32) -> bool {
        let link = self.state.link_types.get(from, to, id);
        link.is_some_and(|link| link.inverse.is_none() && link.label.as_deref() == Some("Primary"))
    }

    /// A record has one primary company: setting another takes the label from the one before.
    /// The company is the `to` side or the `from` side, so the single end is the other one.
    fn demote_primary(&mut self, from: End, to: End) {
        let (single, many) = if Kind::of("companies") == Some(from.0) { (to, from) } else { (from, to) };
        let found = self.state.links.of(single, many.0);
        let others: Vec<(u64, u32)> = found
            .filter(|(id, _)| *id != many.1)
            .filter_map(|(id, types)| types.iter().find(|own| self.is_primary(single.0, many.0, **own)).map(|own| (id, *own)))
            .collect();
        for (other, primary) in others {
            self.unlink_type(single, (many.0, other), primary);
        }
    }

    fn set_link(&mut self, from: End, to: End, types: Vec<u32>) {
        let key = format!("{}/{}/{}/{}", from.0, from.1, to.0, to.1);
        if types.is_empty() {
            self.change("link", key, None);
        } else {
            self.put_json("link", key, &types);
        }
        self.notes.linked(from, to, &self.state.links, &types);
        self.stale.linked(from, to, &self.state.links, &types);
        self.state.links.set(from, to, types);
    }

    fn put_json<T: Serialize>(&mut self, space: &'static str, key: String, value: &T) {
        let stored = serde_json::to_vec(value).expect("text, numbers and lists always serialise");
        self.change(space, key, Some(stored));
    }

    pub(crate) fn change(&mut self, space: &'static str, key: String, body: Option<Vec<u8>>) {
        self.changes.push(Change { hub_id: self.state.hub_id, space, key, body });
    }
}
