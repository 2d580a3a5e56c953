//! The items of all collections of an account, by collection and id.

use std::collections::BTreeMap;

use keyway_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A thing, as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// As it is live.
    #[serde(rename = "v")]
    pub value: Value,
    /// As it is drafted, where that differs.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<Value>,
    /// When it was archived, if it is.
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    pub archived_at: Option<Timestamp>,
}

impl Item {
    /// A live item without a draft.
    pub fn new(value: Value) -> Self {
        Self { value, draft: None, archived_at: None }
    }

    /// Whether it is archived.
    pub fn is_archived(&self) -> bool {
        self.archived_at.is_some()
    }
}

/// Where things of one kind stand: a collection, below its parents.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(String);

impl Place {
    /// Whether it is a collection of this name, or one whose name begins so.
    pub(crate) fn is_of(&self, store: &str) -> bool {
        self.0.starts_with(store)
    }

    /// The collection `store`, below these parents.
    pub fn new(store: &str, parents: &[&str]) -> Self {
        let mut place = store.to_owned();
        for parent in parents {
            place.push('/');
            keyway_core::path::encode_component(parent, &mut place);
        }
        Self(place)
    }
}

/// Numbers sort as numbers, so that lists are in the order of creation.
fn key(id: &str) -> (u64, String) {
    (id.parse().unwrap_or(u64::MAX), id.to_owned())
}

/// The things of all collections.
#[derive(Debug, Default)]
pub struct Items(BTreeMap<Place, BTreeMap<(u64, String), Item>>);

impl Items {
    /// The item of a place with this id.
    pub fn get(&self, place: &Place, id: &str) -> Option<&Item> {
        self.0.get(place)?.get(&key(id))
    }

    /// The things of one place, with their ids, in order.
    pub fn of<'s>(&'s self, place: &Place) -> impl Iterator<Item = (&'s str, &'s Item)> + use<'s> {
        self.0.get(place).into_iter().flatten().map(|((_, id), item)| (id.as_str(), item))
    }

    /// How many things a place has.
    pub fn count(&self, place: &Place) -> usize {
        self.0.get(place).map_or(0, BTreeMap::len)
    }

    /// The parents below which a collection has things.
    pub fn parents(&self, store: &str) -> Vec<String> {
        let root = format!("{store}/");
        let below = self.0.range(Place(root.clone())..).map_while(|(place, things)| Some((place.0.strip_prefix(&root)?, things)));
        below.filter(|(_, things)| !things.is_empty()).map(|(parent, _)| parent.to_owned()).collect()
    }

    /// A number that no thing of the place had, as far as is known.
    pub fn next_number(&self, place: &Place) -> u64 {
        let things = self.0.get(place);
        let last = things
            .and_then(|things| things.keys().rev().map(|(number, _)| *number).find(|number| *number != u64::MAX))
            .unwrap_or(FIRST - 1);
        // If the ids are not numbers, the number of items serves as well.
        last.max(FIRST - 1 + things.map_or(0, BTreeMap::len) as u64) + 1
    }

    /// Everything, with the keys of the file.
    pub(crate) fn all(&self) -> impl Iterator<Item = (String, &Item)> {
        self.0.iter().flat_map(|(place, things)| things.iter().map(|((_, id), item)| (stored_key(place, id), item)))
    }

    /// Puts what the file holds under a key.
    pub(crate) fn restore(&mut self, key: &str, item: Item) -> Option<()> {
        let (place, id) = key.split_once('#')?;
        self.set(&Place(place.to_owned()), id, Some(item));
        Some(())
    }

    /// Stores an item, or removes it.
    pub(crate) fn set(&mut self, place: &Place, id: &str, item: Option<Item>) {
        let things = self.0.entry(place.clone()).or_default();
        match item {
            Some(item) => drop(things.insert(key(id), item)),
            None => drop(things.remove(&key(id))),
        }
    }
}

/// The first number given out.
const FIRST: u64 = 101;

/// The key under which the file holds a thing.
pub(crate) fn stored_key(place: &Place, id: &str) -> String {
    format!("{}#{id}", place.0)
}
