//! The whole state of an embedded account.
//!
//! It is memory only: `tx` changes it, `durable` of the portal writes the changes to the file, and `crm` decides on the
//! changes. `restore` builds it from documents at the start.

use std::collections::BTreeMap;
use std::sync::Arc;

use keyway_core::object_type::ObjectTypeRef;
use keyway_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::importing::Running;
use crate::items::Items;
use crate::kind::Kind;
use crate::links::{LinkTypes, Links};
use crate::lists::Lists;
use crate::schema::Schema;
use crate::space::{CustomType, Space};
use crate::table::Table;
use crate::wanted::Wanted;

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
    /// The name of the account, for people.
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
    pub(crate) next_custom: u32,
    pub(crate) spaces: BTreeMap<Kind, Space>,
    /// Log position of the last change: who reads the state waits until that is durable.
    pub position: u64,
    /// Documents written since the program started.
    pub written: u64,
    /// The id of the last webhook event. HubSpot does not promise that ids are unique.
    pub next_event: u64,
    /// What the subscriptions ask for; none until it is first looked up.
    pub(crate) wanted: Option<Arc<Wanted>>,
    /// The first import that waits or is in progress, with its files read; none after a restart, until its next part.
    pub importing: Option<Box<Running>>,
    /// Set under the lock when the account is deleted. A call that still holds the account must change nothing.
    pub is_deleted: bool,
}

impl Owner {
    /// First and last name.
    pub fn name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
    }
}

impl State {
    /// The owners whose user was not removed.
    pub fn live_owners(&self) -> impl Iterator<Item = &Owner> {
        self.owners.iter().filter(|owner| !owner.archived)
    }

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

    /// Replaces the content of this state. Keeps its position in the log and its event ids, which continue.
    pub fn put_back(&mut self, other: Self) {
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
    pub(crate) fn singular(&self, kind: Kind) -> &str {
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
