//! What is noticed of a call while it is performed, and in its answer.

use std::collections::BTreeSet;
use std::sync::Mutex;

use keyway_core::policy::Watcher;
use memchr::memmem;
use serde::Deserialize;
use serde_json::Value;

use crate::sync::locked;

/// Names kept of one call.
const NAMES_MAX: usize = 100;
/// Longest name kept, in characters.
const NAME_CHARS_MAX: usize = 100;

/// Properties that a call names and that do not exist, with their object types. Each once, although a call may be begun again.
#[derive(Debug, Default)]
pub struct Notes(Mutex<BTreeSet<(String, String)>>);

impl Notes {
    /// All of them: object type and name.
    pub fn unknown_properties(&self) -> Vec<(String, String)> {
        locked(&self.0).iter().cloned().collect()
    }
}

impl Watcher for Notes {
    fn unknown_property(&self, object_type: &str, name: &str) {
        let mut names = locked(&self.0);
        if names.len() < NAMES_MAX {
            names.insert((object_type.to_owned(), name.chars().take(NAME_CHARS_MAX).collect()));
        }
    }
}

#[derive(Deserialize)]
struct Page {
    paging: Option<Paging>,
}

#[derive(Deserialize)]
struct Paging {
    next: Option<Next>,
}

#[derive(Deserialize)]
struct Next {
    after: Option<Value>,
}

/// The cursor of the next page in the answer of a list or a search: `paging.next.after` of the answer itself, not of the
/// records in it.
pub fn next_page(answer: &[u8]) -> Option<String> {
    memmem::find(answer, b"\"paging\"")?;
    let page: Page = serde_json::from_slice(answer).ok()?;
    match page.paging?.next?.after? {
        Value::String(after) => Some(after),
        Value::Number(after) => Some(after.to_string()),
        _ => None,
    }
}
