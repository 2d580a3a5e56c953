//! All that an embedded account holds, and the changes that a call makes to it.
//!
//! Pure memory: `durable` writes the changes down, `api` decides what they are.

use keyway_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::collections::{Item, Items, Place};
use crate::durable::Change;
use crate::kind::Kind;
use crate::links::{self, End, Links};
use crate::record::Record;
use crate::table::Table;

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
    tables: Vec<Table>,
    /// Log position of the last change: who reads the state waits until that is durable.
    pub position: u64,
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
            tables: Kind::all().map(Table::new).collect(),
            position: 0,
            is_deleted: false,
        }
    }

    /// The records of a type.
    pub fn table(&self, kind: Kind) -> &Table {
        &self.tables[kind.index()]
    }

    /// The records of a type, to be changed by [`Tx`] and by loading only.
    pub(crate) fn table_mut(&mut self, kind: Kind) -> &mut Table {
        &mut self.tables[kind.index()]
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
}

impl<'a> Tx<'a> {
    /// No changes yet.
    pub fn new(state: &'a mut State) -> Self {
        Self { state, changes: Vec::new(), replaced: Vec::new() }
    }

    /// Puts a record in the place of the one with its id.
    pub fn put_record(&mut self, kind: Kind, record: Record) {
        self.change("record", format!("{}/{}", kind.name(), record.id), Some(record.to_stored()));
        self.state.table_mut(kind).put(record);
    }

    /// Adds or replaces an owner.
    pub fn put_owner(&mut self, owner: Owner) {
        let stored = serde_json::to_vec(&owner).expect("text and numbers always serialise");
        self.change("owner", owner.id.to_string(), Some(stored));
        self.state.owners.retain(|other| other.id != owner.id);
        let place = self.state.owners.partition_point(|other| other.id < owner.id);
        self.state.owners.insert(place, owner);
    }

    /// Writes the settings down.
    pub fn put_settings(&mut self) {
        let stored = serde_json::to_vec(&self.state.settings).expect("text and numbers always serialise");
        self.change("account", String::new(), Some(stored));
    }

    /// Sets the types of an association, both directions; the plain type is always among them.
    pub fn link(&mut self, from: End, to: End, types: &[u32]) {
        let plain = links::types(from.0, to.0)[0].id;
        let mut forth = vec![plain];
        for id in types {
            if !forth.contains(id) {
                forth.push(*id);
            }
        }
        for id in &forth {
            if links::types(from.0, to.0).iter().any(|link| link.id == *id && link.label == Some("Primary")) {
                self.demote_primary(from, to);
            }
        }
        let back = forth.iter().map(|id| links::inverse(from.0, to.0, *id)).collect();
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
        if links::types(from.0, to.0)[0].id == id {
            return self.unlink(from, to);
        }
        let kept: Vec<u32> = self.state.links.between(from, to).iter().copied().filter(|own| *own != id).collect();
        if !kept.is_empty() && kept.len() < self.state.links.between(from, to).len() {
            self.link(from, to, &kept);
        }
    }

    /// A record has one primary company: setting another takes the label from the one before.
    /// The company is the `to` side or the `from` side, so the single end is the other one.
    fn demote_primary(&mut self, from: End, to: End) {
        let (single, many) = if from.0.name() == "companies" { (to, from) } else { (from, to) };
        let primary = links::types(single.0, many.0).iter().find(|link| link.label == Some("Primary")).map(|link| link.id);
        let others: Vec<u64> = self
            .state
            .links
            .of(single, many.0)
            .filter(|(id, types)| *id != many.1 && types.iter().any(|own| Some(*own) == primary))
            .map(|(id, _)| id)
            .collect();
        for other in others {
            if let Some(primary) = primary {
                self.unlink_type(single, (many.0, other), primary);
            }
        }
    }

    fn set_link(&mut self, from: End, to: End, types: Vec<u32>) {
        let key = format!("{}/{}/{}/{}", from.0.name(), from.1, to.0.name(), to.1);
        let stored = (!types.is_empty()).then(|| serde_json::to_vec(&types).expect("numbers always serialise"));
        self.change("link", key, stored);
        self.state.links.set(from, to, types);
    }

    pub(crate) fn change(&mut self, space: &'static str, key: String, body: Option<Vec<u8>>) {
        self.changes.push(Change { hub_id: self.state.hub_id, space, key, body });
    }
}
