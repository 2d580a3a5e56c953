//! One CRM record: its properties with their history, and the stored form of both.
//!
//! Its values have been checked before. Unique values and associations are kept elsewhere.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use keyway_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::property::Name;
use crate::schema::Schema;

/// Earlier values kept of a property. HubSpot keeps 20 for most object types.
pub(crate) const HISTORY_VALUES_MAX: usize = 20;

/// The property that names the records which were merged into this one.
pub(crate) const MERGED: &str = "hs_merged_object_ids";

/// A value and where it came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Version {
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

/// A property's value, now or earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen<'a> {
    /// Empty where the property was cleared.
    pub value: &'a str,
    /// When it was written.
    pub at: Timestamp,
    /// The app that wrote it; 0 is the engine.
    pub app_id: u64,
}

/// A CRM record.
///
/// An account may hold a million of them, so values do not stand each by itself: they are one text,
/// and who wrote them when, which many of them share, is kept once.
#[derive(Clone, Debug)]
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
    cells: Vec<Cell>,
    /// The values of the cells, one after the other.
    values: String,
    /// When, and by which app; what a cell refers to.
    writes: Vec<(Timestamp, u64)>,
    /// Of properties that were written more than once, oldest first.
    earlier: Option<Box<Earlier>>,
}

type Earlier = BTreeMap<Name, Vec<Version>>;

/// A property of a record.
#[derive(Clone, Debug)]
struct Cell {
    name: Name,
    /// Where its value ends; it begins where that of the cell before it does.
    end: u32,
    /// Its place among the writes.
    write: u32,
}

impl PartialEq for Record {
    fn eq(&self, other: &Self) -> bool {
        let about = |record: &Self| (record.id, record.created_at, record.updated_at, record.archived_at);
        about(self) == about(other)
            && self.cells.len() == other.cells.len()
            && self.cells().zip(other.cells()).all(|(own, others)| own == others)
            && self.earlier().eq(other.earlier())
    }
}

impl Record {
    /// A record without properties.
    pub fn new(id: u64, now: Timestamp) -> Self {
        Self {
            id,
            created_at: now,
            updated_at: now,
            archived_at: None,
            cells: Vec::new(),
            values: String::new(),
            writes: Vec::new(),
            earlier: None,
        }
    }

    /// The value of a property; nothing where it was never set or was cleared.
    pub fn get(&self, name: &str) -> Option<&str> {
        let place = self.place(name).ok()?;
        Some(&self.values[self.span(place)]).filter(|value| !value.is_empty())
    }

    /// The values of a property, newest first; a cleared one has an empty value.
    pub(crate) fn history(&self, name: &str) -> impl Iterator<Item = Seen<'_>> {
        let now = self.place(name).ok().map(|place| self.seen(place));
        let earlier = self.earlier.as_ref().and_then(|earlier| earlier.get(name));
        now.into_iter().chain(earlier.into_iter().flatten().rev().map(Version::seen))
    }

    /// Writes a value. A value that equals the current one changes nothing and adds nothing to the history.
    pub fn set(&mut self, name: &Name, value: &str, at: Timestamp, app_id: u64) {
        let place = match self.place(name) {
            Ok(place) => {
                let Seen { value: old, at, app_id } = self.seen(place);
                if old == value {
                    return;
                }
                let version = Version { value: old.into(), at, app_id };
                let earlier = self.earlier.get_or_insert_default().entry(name.clone()).or_default();
                earlier.push(version);
                let excess = earlier.len().saturating_sub(HISTORY_VALUES_MAX - 1);
                earlier.drain(..excess);
                place
            }
            Err(place) => {
                let end = self.begin(place);
                self.cells.insert(place, Cell { name: name.clone(), end, write: 0 });
                place
            }
        };
        let span = self.span(place);
        self.values.replace_range(span.clone(), value);
        self.cells[place].write = self.write(at, app_id);
        for cell in &mut self.cells[place..] {
            // Values are at most 65,536 characters, and a type has at most some thousand properties.
            cell.end = u32::try_from(cell.end as usize + value.len() - span.len()).expect("a record is shorter than 4 GB");
        }
    }

    /// Writes a value that the engine keeps itself and of which no history is of use.
    pub(crate) fn set_quietly(&mut self, name: &Name, value: &str, at: Timestamp) {
        self.set(name, value, at, 0);
        if let Some(earlier) = &mut self.earlier {
            earlier.remove(name);
        }
    }

    /// The record as it was at a moment; none before it was created. `modified` names the property with the time of the last
    /// change, which has no history: it is the time of the newest value that remains.
    pub(crate) fn as_of(&self, at: Timestamp, modified: Option<&Name>) -> Option<Self> {
        if self.created_at > at {
            return None;
        }
        let mut then = Self { archived_at: self.archived_at, ..Self::new(self.id, self.created_at) };
        for cell in &self.cells {
            let versions: Vec<Seen<'_>> = self.history(&cell.name).filter(|seen| seen.at <= at).collect();
            for seen in versions.iter().rev() {
                then.set(&cell.name, seen.value, seen.at, seen.app_id);
                then.updated_at = then.updated_at.max(seen.at);
            }
        }
        if let Some(name) = modified {
            then.set_quietly(name, &then.updated_at.to_iso(), then.updated_at);
        }
        Some(then)
    }

    /// Takes a property out, with its history.
    pub(crate) fn forget(&mut self, name: &str) {
        if let Some(earlier) = &mut self.earlier {
            earlier.remove(name);
        }
        let Ok(place) = self.place(name) else { return };
        let span = self.span(place);
        self.values.replace_range(span.clone(), "");
        self.cells.remove(place);
        for cell in &mut self.cells[place..] {
            cell.end -= u32::try_from(span.len()).expect("a record is shorter than 4 GB");
        }
    }

    /// Gives back what was set aside for more to come.
    pub(crate) fn shrink(&mut self) {
        let before = std::mem::take(&mut self.writes);
        for at in 0..self.cells.len() {
            let (written_at, app_id) = before[self.cells[at].write as usize];
            self.cells[at].write = self.write(written_at, app_id);
        }
        self.earlier.take_if(|earlier| earlier.is_empty());
        self.writes.shrink_to_fit();
        self.values.shrink_to_fit();
        self.cells.shrink_to_fit();
    }

    /// The bytes that the store keeps.
    pub(crate) fn to_stored(&self) -> Vec<u8> {
        let cells = self.cells().zip(self.earlier()).map(|((name, now), earlier)| (name, VersionRef::of(now), earlier)).collect();
        let stored = StoredRef { created_at: self.created_at, updated_at: self.updated_at, archived_at: self.archived_at, cells };
        serde_json::to_vec(&stored).expect("text, numbers and lists always serialise")
    }

    /// Reads what [`Record::to_stored`] wrote.
    pub(crate) fn from_stored(id: u64, schema: &Schema, bytes: &[u8]) -> Result<Self, serde_json::Error> {
        let stored: Stored = serde_json::from_slice(bytes)?;
        let mut record = Self { updated_at: stored.updated_at, archived_at: stored.archived_at, ..Self::new(id, stored.created_at) };
        for (name, current, earlier) in stored.cells {
            let name = schema.find(&name).map_or_else(|| Arc::from(name), |property| property.name.clone());
            record.set(&name, &current.value, current.at, current.app_id);
            if !earlier.is_empty() {
                record.earlier.get_or_insert_default().insert(name, earlier);
            }
        }
        Ok(record)
    }

    fn place(&self, name: &str) -> Result<usize, usize> {
        self.cells.binary_search_by(|cell| (*cell.name).cmp(name))
    }

    /// Where the value of a cell begins.
    fn begin(&self, place: usize) -> u32 {
        place.checked_sub(1).map_or(0, |before| self.cells[before].end)
    }

    fn span(&self, place: usize) -> Range<usize> {
        self.begin(place) as usize..self.cells[place].end as usize
    }

    fn seen(&self, place: usize) -> Seen<'_> {
        let (at, app_id) = self.writes[self.cells[place].write as usize];
        Seen { value: &self.values[self.span(place)], at, app_id }
    }

    /// How many properties it has, cleared ones included.
    pub(crate) fn len(&self) -> usize {
        self.cells.len()
    }

    /// Bytes of its values, earlier ones included.
    pub(crate) fn size(&self) -> usize {
        self.values.len() + self.earlier().flatten().map(|version| version.value.len()).sum::<usize>()
    }

    /// Bytes of its values.
    pub(crate) fn value_bytes(&self) -> usize {
        self.values.len()
    }

    /// Names and values of all properties; a cleared one has an empty value.
    pub fn values(&self) -> impl Iterator<Item = (&str, &str)> {
        self.cells().map(|(name, seen)| (name, seen.value))
    }

    fn cells(&self) -> impl Iterator<Item = (&str, Seen<'_>)> {
        (0..self.cells.len()).map(|place| (&*self.cells[place].name, self.seen(place)))
    }

    /// What each cell held before.
    fn earlier(&self) -> impl Iterator<Item = &[Version]> {
        let of = |cell: &Cell| self.earlier.as_ref().and_then(|earlier| earlier.get(&cell.name)).map_or(&[][..], Vec::as_slice);
        self.cells.iter().map(of)
    }

    /// The place of a write among the writes.
    fn write(&mut self, at: Timestamp, app_id: u64) -> u32 {
        let place = self.writes.iter().position(|own| *own == (at, app_id)).unwrap_or_else(|| {
            self.writes.push((at, app_id));
            self.writes.len() - 1
        });
        u32::try_from(place).expect("a record has fewer writes than values, and those before")
    }
}

impl Version {
    fn seen(&self) -> Seen<'_> {
        Seen { value: &self.value, at: self.at, app_id: self.app_id }
    }
}

/// A version in the form of the store.
#[derive(Serialize)]
struct VersionRef<'a> {
    #[serde(rename = "v")]
    value: &'a str,
    #[serde(rename = "t")]
    at: Timestamp,
    #[serde(rename = "a")]
    app_id: u64,
}

impl<'a> VersionRef<'a> {
    fn of(Seen { value, at, app_id }: Seen<'a>) -> Self {
        Self { value, at, app_id }
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
    cells: Vec<(&'a str, VersionRef<'a>, &'a [Version])>,
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
    use proptest::prelude::*;

    #[test]
    fn the_history_keeps_twenty_values_the_newest_included() {
        let mut record = Record::new(1, Timestamp::from_ms(0));
        let city: Name = "city".into();
        for n in 0..30 {
            record.set(&city, &n.to_string(), Timestamp::from_ms(n), 7);
        }
        let values: Vec<&str> = record.history("city").map(|seen| seen.value).collect();
        assert_eq!((values.len(), values[0], values[HISTORY_VALUES_MAX - 1]), (HISTORY_VALUES_MAX, "29", "10"));
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

    /// A record kept as one would without a thought for memory.
    #[derive(Default)]
    struct Plain(BTreeMap<String, Vec<(String, i64, u64)>>);

    impl Plain {
        fn set(&mut self, name: &str, value: &str, at: i64, app_id: u64) {
            let versions = self.0.entry(name.to_owned()).or_default();
            if versions.first().is_none_or(|newest| newest.0 != value) {
                versions.insert(0, (value.to_owned(), at, app_id));
                versions.truncate(HISTORY_VALUES_MAX);
            }
        }
    }

    proptest! {
        #[test]
        fn it_holds_what_one_map_of_lists_would(
            writes in proptest::collection::vec(("[a-e]", "[a-zé ]{0,4}", 0..6i64, 0..3u64, any::<bool>()), 0..60),
            forgotten in "[a-f]",
        ) {
            let (mut record, mut plain) = (Record::new(1, Timestamp::from_ms(0)), Plain::default());
            for (name, value, at, app_id, shrinks) in &writes {
                record.set(&name.as_str().into(), value, Timestamp::from_ms(*at), *app_id);
                plain.set(name, value, *at, *app_id);
                if *shrinks {
                    record.shrink();
                }
            }
            record.forget(&forgotten);
            plain.0.remove(&forgotten);
            for name in ["a", "b", "c", "d", "e"] {
                let own: Vec<_> = record.history(name).map(|seen| (seen.value.to_owned(), seen.at.as_ms(), seen.app_id)).collect();
                prop_assert_eq!(&own, &plain.0.get(name).cloned().unwrap_or_default());
                prop_assert_eq!(record.get(name), own.first().map(|(value, ..)| value.as_str()).filter(|value| !value.is_empty()));
            }
            let schema = Schema::of(Kind::of("contacts").unwrap());
            prop_assert_eq!(&Record::from_stored(1, &schema, &record.to_stored()).unwrap(), &record);
        }
    }
}
