//! One CRM record: its properties with their history, and the stored form of both.
//!
//! Holds values that were already checked; unique values and associations are kept beside it.

use std::sync::Arc;

use keyway_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::property::Name;
use crate::schema::Schema;

/// Earlier values kept of a property. HubSpot keeps 20 for most object types.
pub const HISTORY_VALUES_MAX: usize = 20;

/// The property that names the records which were merged into this one.
pub const MERGED: &str = "hs_merged_object_ids";

/// A value and where it came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Empty where the property was cleared.
    #[serde(rename = "v")]
    pub value: Box<str>,
    /// When it was written.
    #[serde(rename = "t")]
    pub at: Timestamp,
    /// The app that wrote it; 0 is the engine.
    #[serde(rename = "a")]
    pub app_id: u64,
}

/// A property of a record: the value now, and those before it, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The value now.
    pub current: Version,
    /// Earlier values, oldest first.
    pub earlier: Vec<Version>,
}

/// A CRM record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Unique within the type.
    pub id: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last written.
    pub updated_at: Timestamp,
    /// When it was archived, if it is.
    pub archived_at: Option<Timestamp>,
    /// By name, in alphabetical order: the order on the wire, and a binary search to read one.
    cells: Vec<(Name, Cell)>,
}

impl Record {
    /// A record without properties.
    pub fn new(id: u64, now: Timestamp) -> Self {
        Self { id, created_at: now, updated_at: now, archived_at: None, cells: Vec::new() }
    }

    /// The value of a property; nothing where it was never set or was cleared.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.cell(name).map(|cell| &*cell.current.value).filter(|value| !value.is_empty())
    }

    /// The property with its history, cleared or not.
    pub fn cell(&self, name: &str) -> Option<&Cell> {
        let index = self.cells.binary_search_by(|(own, _)| (**own).cmp(name)).ok()?;
        Some(&self.cells[index].1)
    }

    /// The values of a property, newest first.
    pub fn history(&self, name: &str) -> impl Iterator<Item = &Version> {
        self.cell(name).into_iter().flat_map(|cell| std::iter::once(&cell.current).chain(cell.earlier.iter().rev()))
    }

    /// Writes a value. The same value again is no change and leaves no trace in the history.
    pub fn set(&mut self, name: &Name, value: &str, at: Timestamp, app_id: u64) {
        let version = Version { value: value.into(), at, app_id };
        match self.cells.binary_search_by(|(own, _)| own.cmp(name)) {
            Ok(index) => {
                let cell = &mut self.cells[index].1;
                if *cell.current.value != *value {
                    cell.earlier.push(std::mem::replace(&mut cell.current, version));
                    let excess = cell.earlier.len().saturating_sub(HISTORY_VALUES_MAX - 1);
                    cell.earlier.drain(..excess);
                }
            }
            Err(index) => self.cells.insert(index, (name.clone(), Cell { current: version, earlier: Vec::new() })),
        }
    }

    /// Writes a value that the engine keeps itself and of which no history is of use.
    pub fn set_quietly(&mut self, name: &Name, value: &str, at: Timestamp) {
        self.set(name, value, at, 0);
        if let Ok(index) = self.cells.binary_search_by(|(own, _)| own.cmp(name)) {
            self.cells[index].1.earlier.clear();
        }
    }

    /// The bytes that the store keeps.
    pub fn to_stored(&self) -> Vec<u8> {
        let cells = self.cells.iter().map(|(name, cell)| (&**name, &cell.current, &cell.earlier)).collect();
        let stored = StoredRef { created_at: self.created_at, updated_at: self.updated_at, archived_at: self.archived_at, cells };
        serde_json::to_vec(&stored).expect("text, numbers and lists always serialise")
    }

    /// Reads what [`Record::to_stored`] wrote.
    pub fn from_stored(id: u64, schema: &Schema, bytes: &[u8]) -> Result<Self, serde_json::Error> {
        let stored: Stored = serde_json::from_slice(bytes)?;
        let own = |name: String| schema.find(&name).map_or_else(|| Arc::from(name), |property| property.name.clone());
        let mut cells: Vec<_> = stored.cells.into_iter().map(|(name, current, earlier)| (own(name), Cell { current, earlier })).collect();
        cells.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(Self { id, created_at: stored.created_at, updated_at: stored.updated_at, archived_at: stored.archived_at, cells })
    }
}

#[derive(Serialize)]
struct StoredRef<'a> {
    #[serde(rename = "c")]
    created_at: Timestamp,
    #[serde(rename = "u")]
    updated_at: Timestamp,
    #[serde(rename = "x")]
    archived_at: Option<Timestamp>,
    #[serde(rename = "p")]
    cells: Vec<(&'a str, &'a Version, &'a Vec<Version>)>,
}

#[derive(Deserialize)]
struct Stored {
    #[serde(rename = "c")]
    created_at: Timestamp,
    #[serde(rename = "u")]
    updated_at: Timestamp,
    #[serde(rename = "x")]
    archived_at: Option<Timestamp>,
    #[serde(rename = "p")]
    cells: Vec<(String, Version, Vec<Version>)>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Kind;

    #[test]
    fn the_history_keeps_twenty_values_the_newest_included() {
        let mut record = Record::new(1, Timestamp::from_ms(0));
        let city: Name = "city".into();
        for n in 0..30 {
            record.set(&city, &n.to_string(), Timestamp::from_ms(n), 7);
        }
        let cell = record.cell("city").unwrap();
        assert_eq!((&*cell.current.value, cell.earlier.len(), &*cell.earlier[0].value), ("29", HISTORY_VALUES_MAX - 1, "10"));
    }

    #[test]
    fn a_record_comes_back_from_the_store_as_it_went_in() {
        let mut record = Record::new(5, Timestamp::from_ms(1));
        for (name, value) in [("firstname", "Ada"), ("city", ""), ("firstname", "Äda \"q\"")] {
            record.set(&name.into(), value, Timestamp::from_ms(2), 9);
        }
        let schema = Schema::of(Kind::of("contacts").unwrap());
        assert_eq!(Record::from_stored(5, &schema, &record.to_stored()).unwrap(), record);
    }
}
