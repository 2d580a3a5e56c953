//! The changes that a call makes to an account: applied to the state at once, and stored in one transaction.
//!
//! It decides nothing. It notes the further effects of a change for `settle` and `webhooks`.

use std::sync::Arc;

use serde::Serialize;

use crate::derived::Stale;
use crate::documents::Change;
use crate::items::{Item, Place, stored_key};
use crate::kind::Kind;
use crate::links::{End, LinkType};
use crate::lists::{Folder, Joined, List};
use crate::notes::{JOURNAL, Notes, OfThread, SUBSCRIPTIONS};
use crate::pipelines::Pipeline;
use crate::property::{Group, Property};
use crate::record::Record;
use crate::space::CustomType;
use crate::state::{Owner, State};
use crate::work::{UNBOUNDED, Work};

/// A call's changes: applied to the state at once, and stored in one transaction.
#[derive(Debug)]
pub struct Tx<'a> {
    /// The state of the account, which has the changes already.
    pub state: &'a mut State,
    /// The changes to store, in order.
    pub changes: Vec<Change>,
    /// What the call replaced: the former items, to restore them if a batch is refused.
    pub(crate) replaced: Vec<(Place, String, Option<Item>)>,
    /// The changes for which webhooks fire.
    pub(crate) notes: Notes,
    /// Records whose calculated values are to be brought up to date at the end of the call.
    pub(crate) stale: Stale,
    /// What the call has left to do.
    pub work: &'a Work,
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

    /// Notes what happened to a thread of the inbox, for webhooks.
    pub fn note_thread(&mut self, thread: &str, what: OfThread) {
        self.notes.in_thread(thread, what);
    }

    /// Removes a record permanently. No other record gets its id.
    pub(crate) fn purge_record(&mut self, kind: Kind, id: u64) {
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
    pub(crate) fn put_property(&mut self, kind: Kind, property: Property) {
        self.put_json("property", format!("{kind}/{}", property.name), &property);
        self.state.space_mut(kind).put_property(property);
    }

    /// Adds a group of properties, or takes the place of the one with its name.
    pub(crate) fn put_group(&mut self, kind: Kind, group: Group) {
        self.put_json("group", format!("{kind}/{}", group.name), &group);
        Arc::make_mut(&mut self.state.space_mut(kind).schema).groups.insert(group.name.clone(), group);
    }

    /// Adds a pipeline, or takes the place of the one with its id.
    pub(crate) fn put_pipeline(&mut self, kind: Kind, pipeline: Pipeline) {
        self.put_json("pipeline", format!("{kind}/{}", pipeline.id), &pipeline);
        self.state.space_mut(kind).put_pipeline(pipeline);
    }

    /// Adds a custom type, or changes the definition of one.
    pub(crate) fn put_custom(&mut self, kind: Kind, definition: CustomType) {
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
    pub(crate) fn set_link_limit(&mut self, from: Kind, to: Kind, id: u32, limit: Option<u32>) {
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
    pub(crate) fn put_list(&mut self, list: List) {
        self.put_json("list", list.id.to_string(), &list);
        self.state.lists.lists.insert(list.id, list);
    }

    /// Puts a record on a list.
    pub(crate) fn put_member(&mut self, list: u64, record: u64, joined: Joined) {
        self.put_json("member", format!("{list}/{record}"), &joined);
        self.note_member(list, record, false);
        self.state.lists.members.insert((list, record), joined);
    }

    /// Takes a record from a list.
    pub(crate) fn remove_member(&mut self, list: u64, record: u64) {
        self.change("member", format!("{list}/{record}"), None);
        self.note_member(list, record, true);
        self.state.lists.members.remove(&(list, record));
    }

    /// Notes that a record is about to come on a list or to leave it.
    fn note_member(&mut self, list: u64, record: u64, removed: bool) {
        let is_on = self.state.lists.members.contains_key(&(list, record));
        let kind = self.state.lists.lists.get(&list).and_then(|list| Kind::from_key(&list.kind));
        if let Some(kind) = kind.filter(|_| is_on == removed) {
            self.notes.listed((kind, record), list, removed);
        }
    }

    /// Adds a folder of lists, or takes the place of the one with its id.
    pub(crate) fn put_folder(&mut self, folder: Folder) {
        self.put_json("folder", folder.id.to_string(), &folder);
        self.state.lists.folders.insert(folder.id, folder);
    }

    /// Removes a folder of lists.
    pub(crate) fn remove_folder(&mut self, id: u64) {
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
    pub(crate) fn unlink(&mut self, from: End, to: End) {
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

    /// Puts a thing in the place of the one with its id.
    pub fn put_item(&mut self, place: &Place, id: &str, item: Item) {
        let body = serde_json::to_vec(&item).expect("JSON always serialises");
        self.replace_item(place, id, Some(item), Some(body));
    }

    /// The same, with the item as the store keeps it.
    pub fn put_stored_item(&mut self, place: &Place, id: &str, item: Item, body: Vec<u8>) {
        self.replace_item(place, id, Some(item), Some(body));
    }

    /// Removes an item permanently.
    pub fn remove_item(&mut self, place: &Place, id: &str) {
        self.replace_item(place, id, None, None);
    }

    fn replace_item(&mut self, place: &Place, id: &str, item: Option<Item>, body: Option<Vec<u8>>) {
        let before = self.state.items.get(place, id).cloned();
        self.replaced.push((place.clone(), id.to_owned(), before));
        self.change("item", stored_key(place, id), body);
        self.state.items.set(place, id, item);
        self.forget_wanted(place);
    }

    /// Forgets what the subscriptions ask for if an item is a subscription. The next call looks it up again.
    fn forget_wanted(&mut self, place: &Place) {
        if place.is_of(SUBSCRIPTIONS) || place.is_of(JOURNAL) {
            self.state.wanted = None;
        }
    }

    /// Notes that an import did what happened up to here.
    pub fn note_import(&mut self) {
        self.notes.by_import();
    }

    /// Marks the current point among the changes to items.
    pub fn mark(&self) -> Mark {
        Mark(self.replaced.len())
    }

    /// Reverts the changes to items since a mark.
    pub fn back_to(&mut self, mark: Mark) {
        let undone = self.replaced.split_off(mark.0);
        self.changes.truncate(self.changes.len() - undone.len());
        for (place, id, before) in undone.into_iter().rev() {
            self.state.items.set(&place, &id, before);
            self.forget_wanted(&place);
        }
    }
}

/// A point among the changes of a batch. If an input is refused, the transaction returns to it.
#[derive(Debug)]
pub struct Mark(usize);
