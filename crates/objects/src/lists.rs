//! Lists of records and their folders, as the store keeps them.
//!
//! `crm::list_members` finds the members of a list with filters when a call asks for them.

use std::collections::BTreeMap;

use keyway_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How a list comes by its members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Processing {
    /// Callers add and remove them.
    Manual,
    /// Its filters decide, at every moment.
    Dynamic,
    /// Its filters decided once; then callers add and remove.
    Snapshot,
}

impl Processing {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "MANUAL",
            Self::Dynamic => "DYNAMIC",
            Self::Snapshot => "SNAPSHOT",
        }
    }

    /// Reads the name on the wire.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Manual, Self::Dynamic, Self::Snapshot].into_iter().find(|own| own.as_str() == text)
    }
}

/// A list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct List {
    /// Its id.
    pub id: u64,
    /// Unique among the lists of an object type.
    pub name: String,
    /// The store's name of the object type.
    pub kind: String,
    /// How it comes by its members.
    pub processing: Processing,
    /// What its members satisfy.
    pub filters: Option<Value>,
    /// The folder it is in; 0 is the root.
    pub folder: u64,
    /// Counts changes of name and filters.
    pub version: u64,
    /// When it was made, changed, and given other filters.
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub filters_updated_at: Timestamp,
    /// When it was deleted; it can be restored.
    pub deleted_at: Option<Timestamp>,
    /// The app that made it.
    pub app_id: u64,
    /// When it is to become a list without filters.
    pub conversion: Option<Value>,
    /// When it became one.
    pub converted_at: Option<Timestamp>,
    /// When it was edited, and what size it had then; the newest hundred.
    pub edits: Vec<(Timestamp, u64)>,
}

/// When a record came on a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joined {
    /// For the first time.
    #[serde(rename = "f")]
    pub first: Timestamp,
    /// Most recently.
    #[serde(rename = "l")]
    pub last: Timestamp,
}

/// A folder of lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Folder {
    /// Its id. The root, 0, is not stored.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// The folder it is in.
    pub parent: u64,
    /// When it was made and changed.
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// The lists of an account.
#[derive(Debug, Default)]
pub struct Lists {
    /// The lists, by id.
    pub lists: BTreeMap<u64, List>,
    /// By list and record.
    pub members: BTreeMap<(u64, u64), Joined>,
    /// The folders, by id.
    pub folders: BTreeMap<u64, Folder>,
}

impl Lists {
    /// Who was put on a list, in the order of record ids.
    pub fn members(&self, list: u64) -> impl Iterator<Item = (u64, Joined)> {
        self.members.range((list, 0)..=(list, u64::MAX)).map(|(key, joined)| (key.1, *joined))
    }
}
