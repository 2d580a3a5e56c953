//! The records of one object type, in id order, with an index of their unique values.
//!
//! Knows nothing of HTTP, of the log or of other types.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::RandomState;

use crate::kind::Kind;
use crate::record::Record;
use crate::schema::Schema;

/// The first id given out. HubSpot's ids are numeric strings without a published start.
pub const FIRST_ID: u64 = 101;

/// The records of one object type.
#[derive(Debug)]
pub struct Table {
    kind: Kind,
    records: BTreeMap<u64, Record>,
    /// Lower-cased unique value to record id, of live records only.
    unique: HashMap<String, u64, RandomState>,
    next_id: u64,
}

impl Table {
    /// A table without records.
    pub fn new(kind: Kind) -> Self {
        Self { kind, records: BTreeMap::new(), unique: HashMap::default(), next_id: FIRST_ID }
    }

    /// A live record.
    pub fn live(&self, id: u64) -> Option<&Record> {
        self.records.get(&id).filter(|record| record.archived_at.is_none())
    }

    /// A record, archived or live as asked.
    pub fn get(&self, id: u64, archived: bool) -> Option<&Record> {
        self.records.get(&id).filter(|record| record.archived_at.is_some() == archived)
    }

    /// Live or archived records with an id of `from` or more, in id order.
    pub fn range(&self, from: u64, archived: bool) -> impl Iterator<Item = &Record> {
        self.records.range(from..).map(|(_, record)| record).filter(move |record| record.archived_at.is_some() == archived)
    }

    /// Every record, archived or not, in id order.
    pub fn all(&self) -> impl Iterator<Item = &Record> {
        self.records.values()
    }

    /// The live record that holds a unique value.
    pub fn holder(&self, value: &str) -> Option<u64> {
        self.unique.get(value.trim().to_lowercase().as_str()).copied()
    }

    /// An id that no record of the type ever had.
    pub fn take_id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }

    /// Puts a record in the place of the one with its id.
    pub fn put(&mut self, record: Record) {
        self.next_id = self.next_id.max(record.id + 1);
        if let Some(before) = self.records.remove(&record.id) {
            for value in unique_values(self.kind, &before) {
                if self.unique.get(&value) == Some(&record.id) {
                    self.unique.remove(&value);
                }
            }
        }
        if record.archived_at.is_none() {
            for value in unique_values(self.kind, &record) {
                self.unique.entry(value).or_insert(record.id);
            }
        }
        self.records.insert(record.id, record);
    }
}

/// The values by which a record can be found, in lower case. A contact's further addresses count
/// as its own: HubSpot refuses a new contact with any of them.
pub fn unique_values(kind: Kind, record: &Record) -> Vec<String> {
    let schema = Schema::of(kind);
    let mut values: Vec<String> = schema
        .properties()
        .iter()
        .filter(|property| property.is_unique())
        .filter_map(|property| record.get(&property.name))
        .map(str::to_lowercase)
        .collect();
    if kind.name() == "contacts" {
        let further = record.get("hs_additional_emails").unwrap_or_default();
        values.extend(further.split(';').map(|address| address.trim().to_lowercase()).filter(|address| !address.is_empty()));
    }
    values
}
