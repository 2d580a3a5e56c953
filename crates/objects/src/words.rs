//! An index of records by the words of a property.
//!
//! The first search for a word of a property builds its index, which takes as long as reading every record.
//! After that the index is kept up to date. It knows nothing of filters.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::property::Name;
use crate::record::Record;

/// Largest number of indexed properties of one object type. One more clears all indexes first. An index of a
/// text takes about 100 bytes for a record.
const PROPERTIES_MAX: usize = 16;

/// By word in lower case, the ids of the records that have it, in order.
type Ids = HashMap<Box<str>, Vec<u64>, RandomState>;

/// Indexes of the properties that were searched.
#[derive(Debug, Default)]
pub struct Words(HashMap<Name, Ids, RandomState>);

/// The words of a text that is in lower case already: letters and digits without anything between.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

impl Words {
    /// The ids of the records that have every one of the words, in order. Of a property that is indexed.
    pub fn with_all(&self, name: &Name, words: &[&str]) -> Vec<u64> {
        let Some(ids) = self.0.get(name) else { return Vec::new() };
        let Some(mut lists) = words.iter().map(|word| ids.get(*word).map(Vec::as_slice)).collect::<Option<Vec<_>>>() else {
            return Vec::new();
        };
        lists.sort_unstable_by_key(|list| list.len());
        let Some((rarest, others)) = lists.split_first() else { return Vec::new() };
        rarest.iter().copied().filter(|id| others.iter().all(|list| list.binary_search(id).is_ok())).collect()
    }

    /// The ids of the records that have a word with this part in it, in no order and perhaps repeated.
    pub fn with_part(&self, name: &Name, part: &str) -> Vec<u64> {
        let ids = self.0.get(name).into_iter().flatten();
        ids.filter(|(word, _)| word.contains(part)).flat_map(|(_, list)| list.iter().copied()).collect()
    }

    /// Whether a property is indexed.
    pub fn has(&self, name: &Name) -> bool {
        self.0.contains_key(name)
    }

    /// How many different words the index of a property has.
    pub fn count(&self, name: &Name) -> usize {
        self.0.get(name).map_or(0, HashMap::len)
    }

    /// A record is new, or has taken the place of one that was left out.
    pub fn add(&mut self, record: &Record) {
        for (name, ids) in &mut self.0 {
            put(ids, name, record);
        }
    }

    /// A record goes, or is to be replaced.
    pub fn leave_out(&mut self, record: &Record) {
        for (name, ids) in &mut self.0 {
            let Some(value) = record.get(name) else { continue };
            for word in words(&value.to_lowercase()) {
                if let Some(list) = ids.get_mut(word) {
                    if let Ok(place) = list.binary_search(&record.id) {
                        list.remove(place);
                    }
                    if list.is_empty() {
                        ids.remove(word);
                    }
                }
            }
        }
    }

    /// Makes the index of a property of all these records, unless it is there.
    pub fn index<'a>(&mut self, name: &Name, all: impl Iterator<Item = &'a Record>) {
        if !self.0.contains_key(name) {
            if self.0.len() >= PROPERTIES_MAX {
                self.0.clear();
            }
            let mut ids = Ids::default();
            all.for_each(|record| put(&mut ids, name, record));
            self.0.insert(name.clone(), ids);
        }
    }
}

fn put(ids: &mut Ids, name: &str, record: &Record) {
    let Some(value) = record.get(name) else { return };
    for word in words(&value.to_lowercase()) {
        match ids.get_mut(word) {
            Some(list) => {
                if let Err(place) = list.binary_search(&record.id) {
                    list.insert(place, record.id);
                }
            }
            None => drop(ids.insert(word.into(), vec![record.id])),
        }
    }
}
