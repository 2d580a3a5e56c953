//! Calls by app, operation and day. Those of a finished file never change, so what its index has summed up is kept,
//! in bounded memory: an index of half a million records takes a good part of a tenth of a second to read.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Arc;

use keyway_core::refusal::Word;
use keyway_core::time::Timestamp;

use super::index::{Alike, Index, begin_of, hour_of};
use super::{DAY_MS, Shelf};
use crate::chain::Seal;
use keyway_ground::sync::locked;

/// Bytes of the sums of finished files that are kept, about; those of the newest files.
const KEPT_BYTES: usize = 32 << 20;

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
struct OfFile {
    names: Vec<Box<str>>,
    lines: Vec<Line>,
    /// Of the file: another one under its name has another seal.
    seal: Seal,
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
    fn new(index: &Index, seal: Seal) -> Self {
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
        Self { lines: sums.into_iter().map(line).collect(), names, seal }
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

/// The sums of the newest finished files that were asked for, by the number of their first record.
#[derive(Default)]
pub(super) struct Days {
    kept: BTreeMap<i64, Arc<OfFile>>,
    bytes: usize,
}

impl Days {
    fn get(&self, first_id: i64, seal: &Seal) -> Option<Arc<OfFile>> {
        self.kept.get(&first_id).filter(|file| file.seal == *seal).cloned()
    }

    /// Keeps the sums of a file, and drops those of the oldest ones for which there is no room.
    fn put(&mut self, first_id: i64, file: &Arc<OfFile>) {
        self.bytes += file.bytes();
        if let Some(before) = self.kept.insert(first_id, file.clone()) {
            self.bytes -= before.bytes();
        }
        while self.bytes > KEPT_BYTES {
            let Some((_, oldest)) = self.kept.pop_first() else { break };
            self.bytes -= oldest.bytes();
        }
    }

    /// Drops the sums of files that retention has removed.
    fn begin_with(&mut self, first_id: i64) {
        while let Some(oldest) = self.kept.first_entry().filter(|oldest| *oldest.key() < first_id) {
            self.bytes -= oldest.remove().bytes();
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
                    let sums = Arc::new(OfFile::new(&index, file.seal));
                    locked(&self.days).put(file.first_id, &sums);
                    sums
                }
            };
            sums.each(&mut each);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_file(lines: usize) -> Arc<OfFile> {
        let line =
            || Line { hub_id: None, app_id: 1, operation: 0, object: None, day: 0, all: Calls::default(), permitted: Calls::default() };
        Arc::new(OfFile { names: Vec::new(), lines: (0..lines).map(|_| line()).collect(), seal: Seal::default() })
    }

    #[test]
    fn sums_of_the_newest_files_are_kept_and_no_more_than_there_is_room_for() {
        let third = KEPT_BYTES / size_of::<Line>() / 3;
        let mut days = Days::default();
        // As a reading does: the newest first.
        for first_id in [5, 4, 3, 2] {
            days.put(first_id, &of_file(third));
        }
        assert_eq!(days.kept.keys().copied().collect::<Vec<_>>(), [3, 4, 5]);
        days.put(6, &of_file(third));
        days.put(6, &of_file(third));
        assert_eq!(days.kept.keys().copied().collect::<Vec<_>>(), [4, 5, 6]);
        assert_eq!(days.bytes, 3 * third * size_of::<Line>());
        days.begin_with(6);
        assert_eq!((days.kept.len(), days.bytes), (1, third * size_of::<Line>()));
        assert!(days.get(6, &Seal::default()).is_some() && days.get(6, &[1; 32]).is_none());
        days.put(7, &of_file(4 * third));
        assert_eq!((days.kept.len(), days.bytes), (0, 0));
    }
}
