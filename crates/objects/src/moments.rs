//! An index of records by the value of a date property, for range filters. Clients use those to ask for
//! everything that changed since their last call.
//!
//! The first search for a range of a property builds its index, which takes as long as reading every record.
//! After that the index is kept up to date. It knows nothing of filters.

use std::collections::{BTreeSet, HashMap};
use std::ops::RangeInclusive;

use foldhash::fast::RandomState;

use crate::property::Name;
use crate::record::Record;
use crate::value::moment;

/// Largest number of indexed properties of one object type. One more clears all indexes first. An index takes
/// about 30 bytes for a record.
const PROPERTIES_MAX: usize = 8;

/// Milliseconds since 1970, and the record.
type Ordered = BTreeSet<(i64, u64)>;

/// Indexes of the properties that were searched.
#[derive(Debug, Default)]
pub struct Moments(HashMap<Name, Ordered, RandomState>);

impl Moments {
    /// The ids of the records with a moment in the range, in the order of time; none where there are
    /// more than `most`, or the property is not indexed.
    pub fn within(&self, name: &Name, range: RangeInclusive<i64>, most: usize) -> Option<Vec<u64>> {
        if range.is_empty() {
            return Some(Vec::new());
        }
        let within = self.0.get(name)?.range((*range.start(), 0)..=(*range.end(), u64::MAX));
        let ids: Vec<u64> = within.take(most + 1).map(|(_, id)| *id).collect();
        (ids.len() <= most).then_some(ids)
    }

    /// Makes the index of a property of all these records, unless it is there.
    pub fn index<'a>(&mut self, name: &Name, all: impl Iterator<Item = &'a Record>) {
        if !self.0.contains_key(name) {
            if self.0.len() >= PROPERTIES_MAX {
                self.0.clear();
            }
            let ordered = all.filter_map(|record| Some((of(record, name)?, record.id))).collect();
            self.0.insert(name.clone(), ordered);
        }
    }

    /// Whether a property is indexed.
    pub fn has(&self, name: &Name) -> bool {
        self.0.contains_key(name)
    }

    /// A record is new, or has taken the place of one that was left out.
    pub fn add(&mut self, record: &Record) {
        for (name, ordered) in &mut self.0 {
            if let Some(at) = of(record, name) {
                ordered.insert((at, record.id));
            }
        }
    }

    /// A record goes, or is to be replaced.
    pub fn leave_out(&mut self, record: &Record) {
        for (name, ordered) in &mut self.0 {
            if let Some(at) = of(record, name) {
                ordered.remove(&(at, record.id));
            }
        }
    }
}

fn of(record: &Record, name: &Name) -> Option<i64> {
    record.get(name).and_then(moment).map(keyway_core::time::Timestamp::as_ms)
}
