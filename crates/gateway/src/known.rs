//! What was learned of connected accounts: which properties are sensitive, and which object type a list has. HubSpot
//! tells it; nothing is written down, and all of it is bounded.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use keyway_core::sensitive::Sensitivity;

use crate::sync::locked;

/// How long it is believed which properties of a type are sensitive.
const AGE_MAX: Duration = Duration::from_secs(300);
/// Types and lists that are remembered, of all accounts together.
const ENTRIES_MAX: usize = 20_000;

/// Names of sensitive properties of a type.
pub type Properties = Arc<Vec<(Box<str>, Sensitivity)>>;

/// What was learned.
#[derive(Default)]
pub struct Known {
    properties: Mutex<HashMap<(u64, String), (Instant, Properties)>>,
    /// A list keeps its object type permanently.
    lists: Mutex<HashMap<(u64, u64), Arc<str>>>,
}

impl Known {
    /// The sensitive properties of a type, unless they are not known or may have changed.
    pub fn properties(&self, hub_id: u64, object_type: &str) -> Option<Properties> {
        let known = locked(&self.properties);
        let (since, found) = known.get(&(hub_id, object_type.to_owned()))?;
        (since.elapsed() < AGE_MAX).then(|| found.clone())
    }

    /// Remembers the sensitive properties of a type.
    pub fn learn_properties(&self, hub_id: u64, object_type: &str, found: Properties) {
        remember(&self.properties, (hub_id, object_type.to_owned()), (Instant::now(), found));
    }

    /// The type id of a list's object type.
    pub fn list(&self, hub_id: u64, list: u64) -> Option<Arc<str>> {
        locked(&self.lists).get(&(hub_id, list)).cloned()
    }

    /// Remembers the object type of a list.
    pub fn learn_list(&self, hub_id: u64, list: u64, object_type: Arc<str>) {
        remember(&self.lists, (hub_id, list), object_type);
    }
}

/// Begins again where there is no room: what is forgotten is learned again.
fn remember<K: Eq + Hash, V>(known: &Mutex<HashMap<K, V>>, key: K, value: V) {
    let mut known = locked(known);
    if known.len() >= ENTRIES_MAX {
        known.clear();
    }
    known.insert(key, value);
}
