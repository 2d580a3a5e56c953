//! What a run of tests shows of the code that calls an embedded account: for its report (`core::strict`).
//!
//! A call is *open* while something must follow it: its answer has a next page that no call has read, it was answered
//! 429 and was not repeated, or it is a write that no expectation has matched. A reset begins a new test, and what is
//! open then is a finding of the test before it. All of it is in memory and bounded.

mod notes;
mod open;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use keyway_core::beside::{Access, Beside};
use keyway_core::catalog::{Catalog, Operation, OperationId};
use keyway_core::refusal::Refusal;
use keyway_core::strict::Rule;
use keyway_core::strict::run::{CALLED_MAX, Called, Counted, Finding, Run};

use super::requests::Received;
use crate::sync::locked;

pub use notes::{Notes, next_page};
use open::Open;

/// Longest name of a test kept, in characters.
const TEST_CHARS_MAX: usize = 500;
/// Longest path kept of a call, in characters.
const PATH_CHARS_MAX: usize = 200;

/// One call and what came of it.
pub struct Seen<'a> {
    /// As the log of requests has it.
    pub received: &'a Received,
    /// None where HubSpot has no such operation.
    pub operation: Option<&'static Operation>,
    /// The object types in its path.
    pub object: Option<Cow<'static, str>>,
    /// The object types that it reaches beside its path (`Beside::bits`).
    pub reached: [u64; 2],
    /// Which refusal of Keyway's the answer is (`Refusal::name`).
    pub refusal: Option<&'static str>,
    /// Properties that do not exist: object type and name.
    pub unknown_properties: Vec<(String, String)>,
    /// The cursor of the next page.
    pub next_page: Option<String>,
}

/// The calls of one account, or of accounts that were deleted.
#[derive(Default)]
pub struct Observed(Mutex<State>);

#[derive(Default)]
struct State {
    /// The test that runs.
    test: Option<Arc<str>>,
    /// Tests before it.
    before: Run,
    /// Calls of the test.
    calls: HashMap<Key, Counted>,
    /// Findings that do not change any more.
    found: Run,
    /// What becomes a finding unless something follows.
    open: Open,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    operation: OperationId,
    object: Option<Cow<'static, str>>,
    reached: [u64; 2],
}

impl Observed {
    /// Takes one call in.
    pub fn note(&self, seen: Seen<'_>) {
        // A body can be long, so it is read without the lock. A page is there before the client has its cursor.
        let needs_list = locked(&self.0).open.needs_list(&seen);
        let list = needs_list.then(|| open::list_of(seen.received));
        let call = call_of(seen.received);
        let mut state = locked(&self.0);
        let state = &mut *state;
        let mut find = |rule, message: String| {
            let test = state.test.as_deref().map(str::to_owned);
            state.found.find(Finding { rule, test, call: call.clone(), message }, 1);
        };
        let status = seen.received.status;
        if let Some(message) = unserved(&seen) {
            find(Rule::Unserved, message);
        }
        if seen.refusal == Some(Refusal::Ended.name()) {
            find(Rule::Ended, "it has ended on the day of --as-of, and was refused with 404".to_owned());
        }
        for (object_type, name) in &seen.unknown_properties {
            let came_of_it = if status >= 400 { "the call was refused" } else { "the answer leaves it out without an error" };
            find(Rule::UnknownProperties, format!("{object_type} have no property \"{name}\"; {came_of_it}"));
        }
        state.open.note(&seen, call, list);
        if let Some(operation) = seen.operation {
            let key = Key { operation: operation.id, object: seen.object, reached: seen.reached };
            if state.calls.len() >= CALLED_MAX && !state.calls.contains_key(&key) {
                state.found.left_out += 1;
                return;
            }
            let counted = state.calls.entry(key).or_default();
            counted.calls += 1;
            counted.failed += u64::from(status >= 400);
            counted.denied += u64::from(status == 403);
        }
    }

    /// Begins a test: what is open belongs to the one before.
    pub fn begin(&self, test: Option<&str>) {
        let mut state = locked(&self.0);
        let done = state.current();
        *state = State { test: test.map(name_of), before: std::mem::take(&mut state.before), ..State::default() };
        state.before.add(done);
    }

    /// What was observed: of the test that runs, or of all.
    pub fn run(&self, current: bool) -> Run {
        let state = locked(&self.0);
        let mut run = if current { Run::default() } else { state.before.clone() };
        run.add(state.current());
        run
    }

    /// Adds what another account's calls showed.
    pub fn add(&self, run: Run) {
        locked(&self.0).before.add(run);
    }
}

impl State {
    fn current(&self) -> Run {
        let mut run = self.found.clone();
        let test = || self.test.as_deref().map(str::to_owned);
        for (key, counted) in &self.calls {
            let counted = Counted { tests: test().into_iter().collect(), ..counted.clone() };
            run.count(called(key), &counted);
        }
        for (rule, call, message) in self.open.findings() {
            run.find(Finding { rule, test: test(), call, message }, 1);
        }
        run.left_out = run.left_out.saturating_add(self.open.left_out);
        run
    }
}

fn called(key: &Key) -> Called {
    let beside = Beside::of_bits(key.reached);
    let names = |wanted: Access| {
        let types = beside.types().filter(move |(_, access)| *access == wanted);
        types.map(|(row, _)| row.name.to_owned()).collect()
    };
    Called {
        operation: Catalog::get().operation(key.operation).to_string(),
        object_types: key.object.as_deref().map(str::to_owned),
        also_reads: names(Access::Read),
        also_writes: names(Access::Write),
    }
}

fn unserved(seen: &Seen<'_>) -> Option<String> {
    match (seen.received.status, seen.operation) {
        _ if seen.received.fault.is_some() => None,
        (501, _) => Some("the embedded account does not serve it, and answered 501".to_owned()),
        (status @ (404 | 405), None) if seen.refusal != Some(Refusal::Ended.name()) => {
            Some(format!("HubSpot's API has no such operation; the answer was {status}"))
        }
        _ => None,
    }
}

/// Method and path of a call, as findings name it.
fn call_of(received: &Received) -> String {
    let end = received.path.char_indices().nth(PATH_CHARS_MAX).map_or(received.path.len(), |(at, _)| at);
    format!("{} {}", received.method, &received.path[..end])
}

fn name_of(test: &str) -> Arc<str> {
    let name: String = test.chars().take(TEST_CHARS_MAX).collect();
    name.into()
}

#[cfg(test)]
mod tests;
