//! What becomes a finding unless something follows: a page that is read, a call that comes again, an expectation.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use keyway_core::strict::Rule;
use serde_json::Value;

use super::Seen;
use crate::double::requests::Received;

/// Things of one kind that are kept open.
pub(super) const OPEN_MAX: usize = 5_000;

/// What is open in a test.
#[derive(Default)]
pub(super) struct Open {
    writes: Vec<Write>,
    /// Calls whose answer has a next page that was not read, by [`place_of`] and then by the page.
    pages: HashMap<u64, HashMap<Page, String>>,
    pages_count: usize,
    /// Calls that were answered 429, by what is to come again.
    refused: HashMap<u64, Vec<String>>,
    refused_count: usize,
    /// What was too much to keep.
    pub(super) left_out: u64,
}

/// A page of a list: the list, and the cursor of the page.
type Page = (u64, String);

struct Write {
    call: String,
    status: u16,
    asserted: Arc<AtomicBool>,
}

impl Open {
    /// Whether the body of a call must be read: the call may read an open page, or its answer opens one.
    pub(super) fn needs_list(&self, seen: &Seen<'_>) -> bool {
        let is_read = seen.operation.is_some_and(|operation| operation.read_only);
        is_read && (seen.next_page.is_some() || self.pages.contains_key(&place_of(seen.received)))
    }

    /// `list` is that of [`list_of`], of calls that [`Self::needs_list`] is true for.
    pub(super) fn note(&mut self, seen: &Seen<'_>, call: String, list: Option<List>) {
        let received = seen.received;
        self.repeat(received, &call);
        let Some(operation) = seen.operation else { return };
        if !operation.read_only && received.status < 400 {
            if self.writes.len() < OPEN_MAX {
                self.writes.push(Write { call, status: received.status, asserted: received.asserted.clone() });
            } else {
                self.left_out += 1;
            }
        } else if let Some(list) = list {
            self.page(received, list, seen.next_page.clone(), call);
        }
    }

    /// Takes out the page that a call reads, and adds the next one.
    fn page(&mut self, received: &Received, list: List, next: Option<String>, call: String) {
        let place = place_of(received);
        if let Some(after) = list.after
            && let Some(pages) = self.pages.get_mut(&place)
            && pages.remove(&(list.hash, after)).is_some()
        {
            self.pages_count -= 1;
            if pages.is_empty() {
                self.pages.remove(&place);
            }
        }
        let Some(next) = next else { return };
        if self.pages_count >= OPEN_MAX {
            self.left_out += 1;
        } else if self.pages.entry(place).or_default().insert((list.hash, next), call).is_none() {
            self.pages_count += 1;
        }
    }

    /// The body of a call that the limits refuse is not read, so it can't be compared.
    fn repeat(&mut self, received: &Received, call: &str) {
        if received.status != 429 && self.refused.is_empty() {
            return;
        }
        let key = hash(&(received.app_id, &received.method, &received.path, &received.query));
        if let Some(refused) = self.refused.get_mut(&key) {
            refused.pop();
            self.refused_count -= 1;
            if refused.is_empty() {
                self.refused.remove(&key);
            }
        }
        if received.status != 429 {
            return;
        }
        if self.refused_count < OPEN_MAX {
            self.refused.entry(key).or_default().push(call.to_owned());
            self.refused_count += 1;
        } else {
            self.left_out += 1;
        }
    }

    /// What is open, as findings: rule, call and message.
    pub(super) fn findings(&self) -> impl Iterator<Item = (Rule, String, String)> + '_ {
        let writes = self.writes.iter().filter(|write| !write.asserted.load(Ordering::Relaxed));
        let writes = writes.map(|write| {
            let message = format!("no expectation covers this write, which was answered {}", write.status);
            (Rule::UnassertedWrites, write.call.clone(), message)
        });
        let pages = self.pages.values().flatten().map(|((_, after), call)| {
            (Rule::UnreadPages, call.clone(), format!("the answer has paging.next.after {after}, and that page was never read"))
        });
        let refused = self.refused.values().flatten();
        let refused = refused.map(|call| (Rule::MissingRetries, call.clone(), "it was answered 429, and never came again".to_owned()));
        writes.chain(pages).chain(refused)
    }
}

/// What a call reads.
pub(super) struct List {
    /// The same for every page of one list.
    hash: u64,
    /// The cursor that the call sends.
    after: Option<String>,
}

/// App, method and path of a call: what tells most lists apart without their bodies.
fn place_of(received: &Received) -> u64 {
    hash(&(received.app_id, &received.method, &received.path))
}

/// Reads which list a call is of from its query and its whole body.
pub(super) fn list_of(received: &Received) -> List {
    let mut after = None;
    let mut query: Vec<(String, String)> = Vec::new();
    for (name, value) in form_urlencoded::parse(received.query.as_deref().unwrap_or_default().as_bytes()) {
        match &*name {
            "after" => after = Some(value.into_owned()),
            "limit" => {}
            _ => query.push((name.into_owned(), value.into_owned())),
        }
    }
    query.sort_unstable();
    let mut body = if received.body.is_empty() { Value::Null } else { received.json() };
    if let Value::Object(fields) = &mut body {
        fields.remove("limit");
        match fields.remove("after") {
            Some(Value::String(text)) if !text.is_empty() => after = Some(text),
            Some(Value::Number(number)) => after = Some(number.to_string()),
            _ => {}
        }
    }
    List { hash: hash(&(query, body.to_string())), after }
}

fn hash(what: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}
