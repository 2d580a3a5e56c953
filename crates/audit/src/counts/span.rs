//! One span of time as it is stored: who called in it, each with a tally.

use std::collections::HashMap;

use keyway_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::calls::Tallies;
use super::tally::Tally;

/// Apps that are counted each for itself in one span; further ones are counted together.
const APPS_MAX: usize = 4_096;
/// The app under which further ones are counted.
pub const OTHER_APPS: u64 = u64::MAX;

/// In counts of accounts, the app under which all calls of all accounts are counted.
const EVERYONE: u64 = u64::MAX - 1;

/// Account and app; 0 where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Who {
    hub_id: u64,
    app_id: u64,
}

/// A cell as it is stored.
#[derive(Serialize, Deserialize)]
struct Cell<'a> {
    hub_id: u64,
    app_id: u64,
    /// A tally, which is read only where it is asked for.
    #[serde(borrow)]
    tally: &'a [u8],
}

/// The calls of one span of time.
#[derive(Clone, Debug)]
pub struct Span {
    /// When it begins.
    pub begin: Timestamp,
    cells: Vec<u8>,
}

/// The stored tally of an account and an app in one span. Each method decodes only the part that it returns.
#[derive(Clone, Copy, Debug)]
pub struct Stored<'a>(&'a [u8]);

impl Stored<'_> {
    /// Calls, and those of them that failed, without the rest of the tally.
    pub fn calls(self) -> (u64, u64) {
        Tally::read_calls(self.0)
    }

    /// All of it; none where it can't be read.
    pub fn tally(self) -> Option<Tally> {
        #[cfg(test)]
        READ.set(READ.get() + 1);
        postcard::from_bytes(self.0).ok()
    }
}

#[cfg(test)]
thread_local! {
    /// Tallies that this thread read.
    pub(crate) static READ: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

impl Who {
    pub fn new(hub_id: Option<i64>, app_id: Option<i64>) -> Self {
        let known = |id: Option<i64>| id.and_then(|id| u64::try_from(id).ok()).unwrap_or(0);
        Self { hub_id: known(hub_id), app_id: known(app_id) }
    }
}

impl Span {
    pub(super) fn new(begin: i64, cells: Vec<u8>) -> Self {
        Self { begin: Timestamp::from_ms(begin), cells }
    }

    /// Passes the tally of each wanted account and app to `each`; none is a caller whose token was not known.
    pub fn each(&self, wanted: impl Fn(Option<u64>, Option<u64>) -> bool, mut each: impl FnMut(Option<u64>, Option<u64>, Tally)) {
        self.each_stored(wanted, |hub_id, app_id, stored| {
            if let Some(tally) = stored.tally() {
                each(hub_id, app_id, tally);
            }
        });
    }

    /// The same, as it is stored.
    pub fn each_stored(
        &self,
        wanted: impl Fn(Option<u64>, Option<u64>) -> bool,
        mut each: impl FnMut(Option<u64>, Option<u64>, Stored<'_>),
    ) {
        let some = |id: u64| (id != 0).then_some(id);
        for cell in self.cells() {
            let (hub_id, app_id) = (some(cell.hub_id), some(cell.app_id));
            if wanted(hub_id, app_id) {
                each(hub_id, app_id, Stored(cell.tally));
            }
        }
    }

    /// Of counts of accounts, what one account or all of them come to.
    pub fn of_account(&self, hub_id: Option<u64>) -> Option<Tally> {
        let (hub_id, app_id) = hub_id.map_or((0, EVERYONE), |hub_id| (hub_id, 0));
        let cells = self.cells();
        let cell = cells.iter().find(|cell| (cell.hub_id, cell.app_id) == (hub_id, app_id))?;
        Stored(cell.tally).tally()
    }

    fn cells(&self) -> Vec<Cell<'_>> {
        postcard::from_bytes(&self.cells).unwrap_or_else(|error| {
            tracing::warn!(%error, begin = self.begin.to_iso(), "the counts of a span can't be read");
            Vec::new()
        })
    }

    /// Its tallies.
    pub(super) fn tallies(&self) -> Tallies {
        let mut tallies = Tallies::new();
        let zero = Option::unwrap_or_default;
        self.each(|_, _| true, |hub_id, app_id, tally| drop(tallies.insert(Who { hub_id: zero(hub_id), app_id: zero(app_id) }, tally)));
        tallies
    }
}

/// Adds tallies to those of a span. `join` adds one to another. Those that came to it are in `added`.
pub(super) fn add(there: &mut Tallies, more: &Tallies, join: impl Fn(&mut Tally, &Tally)) {
    for (who, tally) in more {
        let others = Who { hub_id: 0, app_id: OTHER_APPS };
        let who = if there.contains_key(who) || there.len() < APPS_MAX { *who } else { others };
        join(there.entry(who).or_default(), tally);
    }
}

/// Calls of each app in some spans, and those of them that failed. Only these two numbers of a tally are read.
pub fn calls_of_apps(spans: &[Span], wanted: impl Fn(Option<u64>, Option<u64>) -> bool) -> HashMap<u64, (u64, u64)> {
    let mut calls: HashMap<u64, (u64, u64)> = HashMap::new();
    for span in spans {
        span.each_stored(&wanted, |_, app_id, stored| {
            if let Some(app_id) = app_id.filter(|app_id| *app_id != OTHER_APPS) {
                let (there, failed_there) = calls.entry(app_id).or_default();
                let (more, failed) = stored.calls();
                (*there, *failed_there) = (*there + more, *failed_there + failed);
            }
        });
    }
    calls
}

/// The tallies of a span by account, and of all accounts.
pub(super) fn together(apps: &Tallies) -> Tallies {
    let mut sums = Tallies::new();
    for (who, tally) in apps {
        for who in [Who { hub_id: 0, app_id: EVERYONE }, Who { hub_id: who.hub_id, app_id: 0 }] {
            sums.entry(who).or_default().join(tally);
        }
    }
    sums
}

/// As they are stored.
pub(super) fn encode(tallies: &Tallies) -> Result<Vec<u8>, postcard::Error> {
    let encoded: Vec<Vec<u8>> = tallies.values().map(|tally| postcard::to_extend(tally, Vec::new())).collect::<Result<_, _>>()?;
    let cell = |(who, tally): (&Who, &'_ Vec<u8>)| (who.hub_id, who.app_id, tally.clone());
    let cells: Vec<(u64, u64, Vec<u8>)> = tallies.keys().zip(&encoded).map(cell).collect();
    postcard::to_extend(&cells, Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counts::calls::{Call, Fresh};

    #[test]
    fn a_span_counts_so_many_apps_each_for_itself_and_the_others_together() {
        let mut fresh = Fresh::default();
        let apps = i64::try_from(APPS_MAX).unwrap() + 10;
        for app_id in 1..=apps {
            let (hub_id, operation) = (Some(1), "GET /crm/v3/owners");
            let (at, status, word) = (0, Some(200), None);
            fresh.add(&Call { at, hub_id, app_id: Some(app_id), operation, status, word, latency_us: 1, waited_us: 0, calls: 1 });
        }
        let mut there = Tallies::new();
        add(&mut there, &fresh.minutes()[&0], |there, more| there.merge(more));
        let span = Span::new(0, encode(&there).unwrap());
        assert_eq!(span.tallies(), there);
        let (mut apps, mut others) = (0, 0);
        span.each(|_, _| true, |_, app_id, tally| if app_id == Some(OTHER_APPS) { others = tally.calls() } else { apps += tally.calls() });
        assert_eq!((apps, others), (4_096, 10));
    }

    #[test]
    fn a_span_that_can_not_be_read_is_empty() {
        assert!(Span::new(0, vec![0xff; 40]).tallies().is_empty());
    }
}
