//! The records of one object type, in id order, with an index of their unique values.
//!
//! It knows nothing of HTTP, of the log or of other types.

use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use foldhash::fast::RandomState;

use crate::moments::Moments;
use crate::property::Name;
use crate::record::{MERGED, Record};
use crate::schema::Schema;
use crate::words::Words;

/// The first id given out. HubSpot's ids are numeric strings without a published start.
pub const FIRST_ID: u64 = 101;

/// A unique value: the property, and the value in lower case.
pub type Unique = (Name, String);

/// The records of one object type.
#[derive(Debug)]
pub struct Table {
    records: BTreeMap<u64, Record>,
    /// By property, then lower-cased unique value to record id, of live records only.
    unique: BTreeMap<Name, HashMap<Box<str>, u64, RandomState>>,
    /// Ids of records that were merged, and of those they were merged into.
    merged: HashMap<u64, u64, RandomState>,
    /// Of live records. Searches, which change nothing else, make what they find missing. No search waits
    /// for another that makes one: it does without.
    words: RwLock<Words>,
    /// The same of moments.
    moments: RwLock<Moments>,
    live: usize,
    next_id: u64,
}

impl Default for Table {
    fn default() -> Self {
        Self {
            records: BTreeMap::new(),
            unique: BTreeMap::new(),
            merged: HashMap::default(),
            words: RwLock::default(),
            moments: RwLock::default(),
            live: 0,
            next_id: FIRST_ID,
        }
    }
}

impl Table {
    /// A live record.
    pub fn live(&self, id: u64) -> Option<&Record> {
        self.records.get(&id).filter(|record| record.archived_at.is_none())
    }

    /// A record, archived or live as asked.
    pub fn get(&self, id: u64, archived: bool) -> Option<&Record> {
        self.records.get(&id).filter(|record| record.archived_at.is_some() == archived)
    }

    /// A record, archived or live.
    pub fn any(&self, id: u64) -> Option<&Record> {
        self.records.get(&id)
    }

    /// How many live records there are.
    pub fn count(&self) -> usize {
        self.live
    }

    /// Whether there is no record at all, live or archived.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Live or archived records with an id of `from` or more, in id order.
    pub fn range(&self, from: u64, archived: bool) -> impl Iterator<Item = &Record> {
        self.records.range(from..).map(|(_, record)| record).filter(move |record| record.archived_at.is_some() == archived)
    }

    /// The live record that holds a unique value of a property.
    pub fn holder(&self, property: &str, value: &str) -> Option<u64> {
        self.unique.get(property)?.get(value.trim().to_lowercase().as_str()).copied()
    }

    /// The ids of the live records whose value has every one of the words, which are in lower case; none
    /// where there is no index at the moment.
    pub fn with_words(&self, name: &Name, words: &[&str]) -> Option<Vec<u64>> {
        Some(self.words_of(name)?.with_all(name, words))
    }

    /// The ids of the live records whose value has a word with this part in it, in lower case; perhaps
    /// repeated, and in no order. None where there is no index at the moment.
    pub fn with_part(&self, name: &Name, part: &str) -> Option<Vec<u64>> {
        Some(self.words_of(name)?.with_part(name, part))
    }

    /// The words, with an index of the property, which is made where it is missing.
    fn words_of(&self, name: &Name) -> Option<RwLockReadGuard<'_, Words>> {
        if !self.has_words(name) {
            self.words.try_write().ok()?.index(name, self.range(0, false));
        }
        self.words.try_read().ok().filter(|words| words.has(name))
    }

    /// The ids of the live records with a moment of a property in a range of milliseconds; none where
    /// they are more than `most`, or there is no index at the moment.
    pub fn with_moment(&self, name: &Name, range: RangeInclusive<i64>, most: usize) -> Option<Vec<u64>> {
        if !self.has_moments(name) {
            self.moments.try_write().ok()?.index(name, self.range(0, false));
        }
        self.moments.try_read().ok()?.within(name, range, most)
    }

    /// Whether the words of a property have an index.
    pub fn has_words(&self, name: &Name) -> bool {
        self.words.try_read().is_ok_and(|words| words.has(name))
    }

    /// How many different words the index of a property has.
    pub fn word_count(&self, name: &Name) -> usize {
        self.words.try_read().map_or(0, |words| words.count(name))
    }

    /// Whether the moments of a property have an index.
    pub fn has_moments(&self, name: &Name) -> bool {
        self.moments.try_read().is_ok_and(|moments| moments.has(name))
    }

    /// The record that another one was merged into.
    pub fn merged_into(&self, id: u64) -> Option<u64> {
        self.merged.get(&id).copied()
    }

    /// An id that no record of the type ever had.
    pub fn take_id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }

    /// The id that is given out next.
    pub fn next_id(&self) -> u64 {
        self.next_id
    }

    /// Ids below this one were given out.
    pub fn skip_to(&mut self, next_id: u64) {
        self.next_id = self.next_id.max(next_id);
    }

    /// Puts a record in the place of the one with its id.
    pub fn put(&mut self, schema: &Schema, mut record: Record) {
        record.shrink();
        self.next_id = self.next_id.max(record.id + 1);
        self.take(schema, record.id);
        if record.archived_at.is_none() {
            self.live += 1;
            self.words.get_mut().unwrap_or_else(PoisonError::into_inner).add(&record);
            self.moments.get_mut().unwrap_or_else(PoisonError::into_inner).add(&record);
            for (property, value) in unique_values(schema, &record) {
                self.unique.entry(property).or_default().entry(value.into()).or_insert(record.id);
            }
        }
        for id in record.get(MERGED).unwrap_or_default().split(';').filter_map(|id| id.parse().ok()) {
            self.merged.insert(id, record.id);
        }
        self.records.insert(record.id, record);
    }

    /// Builds the index of unique values again, after the unique properties changed.
    pub fn reindex(&mut self, schema: &Schema) {
        self.unique.clear();
        for record in self.records.values().filter(|record| record.archived_at.is_none()) {
            for (property, value) in unique_values(schema, record) {
                self.unique.entry(property).or_default().entry(value.into()).or_insert(record.id);
            }
        }
    }

    /// Removes a record permanently.
    pub fn take(&mut self, schema: &Schema, id: u64) -> Option<Record> {
        let before = self.records.remove(&id)?;
        if before.archived_at.is_none() {
            self.live -= 1;
            self.words.get_mut().unwrap_or_else(PoisonError::into_inner).leave_out(&before);
            self.moments.get_mut().unwrap_or_else(PoisonError::into_inner).leave_out(&before);
            for (property, value) in unique_values(schema, &before) {
                if let Some(values) = self.unique.get_mut(&property)
                    && values.get(value.as_str()) == Some(&id)
                {
                    values.remove(value.as_str());
                }
            }
        }
        Some(before)
    }
}

/// The values by which a record can be found, in lower case. A contact's further addresses count
/// as its own: HubSpot refuses a new contact with any of them.
pub fn unique_values(schema: &Schema, record: &Record) -> Vec<Unique> {
    let mut values = Vec::new();
    for name in &schema.unique {
        values.extend(record.get(name).map(|value| (name.clone(), value.trim().to_lowercase())));
        if &**name == "email" {
            let further = record.get("hs_additional_emails").unwrap_or_default();
            let addresses = further.split(';').map(|address| address.trim().to_lowercase()).filter(|address| !address.is_empty());
            values.extend(addresses.map(|address| (name.clone(), address)));
        }
    }
    values
}
