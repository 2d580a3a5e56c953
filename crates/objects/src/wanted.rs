//! What the webhook subscriptions of an account ask for.

use std::collections::{BTreeMap, BTreeSet};

use crate::kind::Kind;

/// What the subscriptions of an account ask for, so that nothing else is noted.
#[derive(Debug, Default)]
pub struct Wanted {
    /// What happens, by object type.
    pub verbs: BTreeSet<(Kind, &'static str)>,
    /// What happens to threads of the inbox.
    pub of_threads: BTreeSet<&'static str>,
    /// The properties whose changes subscriptions ask for.
    pub properties: BTreeMap<Kind, BTreeSet<String>>,
    /// The types of which they ask for the changes of every property.
    pub every_property: BTreeSet<Kind>,
}
