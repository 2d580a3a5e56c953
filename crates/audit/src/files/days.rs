//! Calls by app, operation and day. Those of a finished file never change, so what its index has summed up is kept,
//! in bounded memory: an index of half a million records takes a good part of a tenth of a second to read.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use keyway_core::refusal::Word;
use keyway_core::time::Timestamp;

use super::index::{Alike, Index, begin_of, hour_of};
use super::{DAY_MS, Shelf};
use keyway_ground::sync::locked;

/// Bytes of the sums of finished files that are kept, about; those of the newest files.
pub(super) const KEPT_BYTES: usize = 32 << 20;

/// How many calls, how many of them failed, and when the last one came in, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Calls {
    pub calls: u64,
    pub failed: u64,
    pub last: i64,
}

impl Default for Calls {
    fn default() -> Self {
        Self { calls: 0, failed: 0, last: i64::MIN }
    }
}

impl Calls {
    pub fn add(&mut self, more: Self) {
        self.calls += more.calls;
        self.failed += more.failed;
        self.last = self.last.max(more.last);
    }
}

/// Calls of an app, of one operation and object type, on one day.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DayUse<'a> {
    pub hub_id: Option<i64>,
    pub app_id: i64,
    pub operation: &'a str,
    pub object: Option<&'a str>,
    /// Counted since 1970.
    pub day: i64,
    pub all: Calls,
    /// Those that the app's scopes let through.
    pub permitted: Calls,
}

impl<'a> DayUse<'a> {
    /// None of calls without an app.
    fn of(alike: Alike<'a>) -> Option<Self> {
        let failed = if alike.status.is_some_and(|status| status >= 400) { alike.calls } else { 0 };
        let all = Calls { calls: alike.calls, failed, last: alike.last_at };
        let is_permitted = !alike.category.is_some_and(|word| Word(word).is_not_permitted());
        Some(Self {
            hub_id: alike.hub_id,
            app_id: alike.app_id?,
            operation: alike.operation,
            object: alike.object,
            day: alike.at.div_euclid(DAY_MS),
            all,
            permitted: if is_permitted { all } else { Calls::default() },
        })
    }
}

/// The sums of one file.
pub(super) struct OfFile {
    names: Vec<Box<str>>,
    lines: Vec<Line>,
}

/// A [`DayUse`] with the places of its names.
struct Line {
    hub_id: Option<i64>,
    app_id: i64,
    operation: u32,
    object: Option<u32>,
    day: i64,
    all: Calls,
    permitted: Calls,
}

impl OfFile {
    fn new(index: &Index) -> Self {
        let mut places: HashMap<&str, u32, foldhash::fast::RandomState> = HashMap::default();
        let mut names: Vec<Box<str>> = Vec::new();
        let mut sums: HashMap<_, (Calls, Calls), foldhash::fast::RandomState> = HashMap::default();
        for calls in index.sums_from(i64::MIN).filter_map(DayUse::of) {
            let mut place = |name| {
                *places.entry(name).or_insert_with(|| {
                    names.push(name.into());
                    u32::try_from(names.len() - 1).unwrap_or(u32::MAX)
                })
            };
            let line = (calls.hub_id, calls.app_id, place(calls.operation), calls.object.map(place), calls.day);
            let (all, permitted) = sums.entry(line).or_default();
            all.add(calls.all);
            permitted.add(calls.permitted);
        }
        let line =
            |((hub_id, app_id, operation, object, day), (all, permitted))| Line { hub_id, app_id, operation, object, day, all, permitted };
        Self { lines: sums.into_iter().map(line).collect(), names }
    }

    fn bytes(&self) -> usize {
        let names: usize = self.names.iter().map(|name| name.len() + size_of::<Box<str>>()).sum();
        names + self.lines.len() * size_of::<Line>()
    }

    fn each(&self, mut each: impl FnMut(DayUse<'_>)) {
        let name = |place: u32| self.names.get(place as usize).map_or("", |name| &**name);
        for line in &self.lines {
            let Line { hub_id, app_id, day, all, permitted, .. } = *line;
            each(DayUse { hub_id, app_id, operation: name(line.operation), object: line.object.map(name), day, all, permitted });
        }
    }
}

impl Shelf {
    /// The calls from a moment on by app, operation and day. The calls of one day may come in several parts.
    pub fn days(&self, since: Timestamp, mut each: impl FnMut(DayUse<'_>)) -> io::Result<()> {
        let whole = hour_of(since.as_ms().saturating_sub(1)).saturating_add(1);
        // Of a file in which the moment lies, the hours before it do not count.
        let finished = self.sums_where(
            since,
            |file| file.at_min < begin_of(whole),
            |alike| {
                if let Some(calls) = DayUse::of(alike) {
                    each(calls);
                }
            },
        )?;
        if let Some(oldest) = finished.first() {
            locked(&self.days).begin_with(oldest.first_id);
        }
        for file in finished.iter().rev().filter(|file| file.at_min >= begin_of(whole)) {
            let known = locked(&self.days).get(file.first_id, &file.seal);
            let sums = match known {
                Some(known) => known,
                None => {
                    let Some(index) = self.index(file)? else { continue };
                    let sums = Arc::new(OfFile::new(&index));
                    locked(&self.days).put(file.first_id, file.seal, &sums, sums.bytes());
                    sums
                }
            };
            sums.each(&mut each);
        }
        Ok(())
    }
}
