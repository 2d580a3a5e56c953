//! Finding records: the files from the newest to the oldest, in each only the blocks that can have one.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::sync::Arc;

use keyway_core::time::Timestamp;

use super::index::{Alike, Index, Sought, Stretch, begin_of, hour_of};
use super::postings::Bits;
use super::segment::{Frames, is_read_whole, records};
use super::sources::Came;
use super::{CHANGED, Finished, Kept, Shelf, name_of};
use crate::filter::{AuditFilter, LIMIT_MAX};
use crate::row::Row;
use keyway_ground::database::signed;
use keyway_ground::sync::locked;

/// Stretches of one file, in order, with its name.
type Stretches = (Arc<File>, String, Vec<Stretch>);

impl Shelf {
    /// The records that the filter lets through, the last one first, and whether it read all that may fit. It stops
    /// after about `bytes_max` bytes of the files.
    pub fn list<T: for<'r> From<Row<'r>>>(&self, filter: &AuditFilter, bytes_max: u64) -> io::Result<(Vec<T>, bool)> {
        let (sought, limit) = (Sought::new(filter), filter.limit.min(LIMIT_MAX) as usize);
        let (mut found, mut left, mut is_whole) = (Vec::new(), bytes_max, true);
        self.newest_first(
            &sought,
            |_| false,
            |(file, name, stretches)| {
                for stretch in stretches.iter().rev() {
                    if left == 0 {
                        is_whole = false;
                        return Ok(false);
                    }
                    left = left.saturating_sub(stretch.bytes.end - stretch.bytes.start);
                    let mut block = Vec::new();
                    self.walk(&file, &name, stretch, &sought, |row| block.push(T::from(*row)))?;
                    found.extend(block.into_iter().rev());
                    if found.len() >= limit {
                        // Whether others fit is not known: the last of a full page may be the last of all.
                        is_whole = false;
                        return Ok(false);
                    }
                }
                Ok(true)
            },
        )?;
        found.truncate(limit);
        Ok((found, is_whole))
    }

    /// Every record that is sought, the file of the newest first; none of the files whose index says enough.
    fn each(&self, sought: &Sought<'_>, says_enough: impl FnMut(&Index) -> bool, mut found: impl FnMut(&Row<'_>)) -> io::Result<()> {
        self.newest_first(sought, says_enough, |(file, name, stretches)| {
            for stretch in &stretches {
                self.walk(&file, &name, stretch, sought, &mut found)?;
            }
            Ok(true)
        })
    }

    /// Sums of the calls from a moment on: of whole hours as they are known, of the hour in which it
    /// lies from the records themselves.
    pub fn sums(&self, since: Timestamp, each: impl FnMut(Alike<'_>)) -> io::Result<()> {
        self.sums_where(since, |_| true, each).map(drop)
    }

    /// The same, of the finished files that are wanted; all finished files come back.
    pub(super) fn sums_where(
        &self,
        since: Timestamp,
        wanted: impl Fn(&Finished) -> bool,
        mut each: impl FnMut(Alike<'_>),
    ) -> io::Result<Vec<Arc<Finished>>> {
        let since = since.as_ms();
        let whole = hour_of(since.saturating_sub(1)).saturating_add(1);
        let filter =
            AuditFilter { from: Some(Timestamp::from_ms(since)), to: Some(Timestamp::from_ms(begin_of(whole))), ..AuditFilter::default() };
        self.each(&Sought::new(&filter), |_| false, |row| each(alike(row)))?;
        let finished = {
            let state = self.locked();
            state.live.index.sums_from(whole).for_each(&mut each);
            state.finished.clone()
        };
        for file in finished.iter().rev().filter(|file| file.at_max >= begin_of(whole) && wanted(file)) {
            if let Some(index) = self.index(file)? {
                index.sums_from(whole).for_each(&mut each);
            }
        }
        Ok(finished)
    }

    /// The number of the last record.
    pub fn last_id(&self) -> i64 {
        self.locked().live.index.last_id
    }

    /// Visits the records after a number, in order, about `many` at most. Returns how many it visited, and the
    /// number up to which it has visited every record.
    pub fn after(&self, after_id: i64, many: usize, mut each: impl FnMut(&Row<'_>)) -> io::Result<(usize, i64)> {
        let everything = AuditFilter::default();
        let sought = Sought::new(&everything);
        let (live, live_last, finished) = {
            let state = self.locked();
            let name = name_of(state.live.head.first_id);
            let index = &state.live.index;
            ((state.live.file.clone(), name, index.stretches(&sought, None)), index.last_id, state.finished.clone())
        };
        let (mut read, mut last_id) = (0, after_id);
        for file in finished.iter().filter(|file| file.last_id > after_id) {
            let Some(index) = self.finder(file)? else { continue };
            let opened = match file.file() {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.gone(file);
                    continue;
                }
                other => other?,
            };
            let stretches = (opened, name_of(file.first_id), index.stretches(&sought, None));
            read += self.walk_after(&stretches, file.last_id, &mut last_id, many - read, &sought, &mut each)?;
            if read >= many {
                return Ok((read, last_id));
            }
        }
        read += self.walk_after(&live, live_last, &mut last_id, many - read, &sought, &mut each)?;
        Ok((read, last_id))
    }

    /// Visits the records of a file after a number, which advances with them.
    fn walk_after(
        &self,
        (file, name, stretches): &Stretches,
        last_of_file: i64,
        last_id: &mut i64,
        many: usize,
        sought: &Sought<'_>,
        mut each: impl FnMut(&Row<'_>),
    ) -> io::Result<usize> {
        let mut read = 0;
        let ends = stretches.iter().skip(1).map(|next| next.after_id).chain([last_of_file]);
        for (stretch, end) in stretches.iter().zip(ends) {
            if end <= *last_id {
                continue;
            }
            let after_id = *last_id;
            self.walk(file, name, stretch, sought, |row| {
                if row.id > after_id && row.id <= end {
                    read += 1;
                    each(row);
                }
            })?;
            *last_id = end;
            if read >= many {
                break;
            }
        }
        Ok(read)
    }

    /// When the oldest recorded call came in.
    pub fn oldest(&self) -> Option<Timestamp> {
        let state = self.locked();
        let all = state.finished.iter().map(|file| file.at_min).chain([state.live.index.at_min]);
        all.min().filter(|at| *at < i64::MAX).map(Timestamp::from_ms)
    }

    /// Whether the chain starts with the first record.
    pub fn is_whole(&self) -> bool {
        self.locked().start.after_id == 0
    }

    /// Visits the stretches of each file that may match, until `visit` answers false. Passes over a file whose index says enough.
    fn newest_first(
        &self,
        sought: &Sought<'_>,
        mut says_enough: impl FnMut(&Index) -> bool,
        mut visit: impl FnMut(Stretches) -> io::Result<bool>,
    ) -> io::Result<()> {
        let hashes: Option<Vec<u64>> =
            (!sought.record.is_empty()).then(|| sought.record.iter().map(|record| self.key.record_hash(record)).collect());
        let (live, finished) = {
            let state = self.locked();
            let naming = hashes.as_ref().map(|hashes| state.live.index.postings.blocks(hashes));
            let name = name_of(state.live.head.first_id);
            let is_read = !says_enough(&state.live.index);
            let live = is_read.then(|| (state.live.file.clone(), name, state.live.index.stretches(sought, naming)));
            (live, state.finished.clone())
        };
        if let Some(oldest) = finished.first() {
            locked(&self.finders).begin_with(oldest.first_id);
        }
        if let Some(live) = live
            && !visit(live)?
        {
            return Ok(());
        }
        let fits = |file: &&Arc<Finished>| {
            file.at_max >= sought.from && file.at_min < sought.to && sought.before_id.is_none_or(|before| file.first_id < before)
        };
        for file in finished.iter().rev().filter(fits) {
            let naming = match &hashes {
                None => None,
                // Most files name it nowhere, and their index need not be read.
                Some(hashes) => match self.blocks_naming(file, hashes)? {
                    bits if bits.is_empty() => continue,
                    bits => Some(bits),
                },
            };
            let Some(index) = self.finder(file)? else { continue };
            let stretches = if says_enough(&index) { Vec::new() } else { index.stretches(sought, naming) };
            if stretches.is_empty() {
                continue;
            }
            let opened = match file.file() {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.gone(file);
                    continue;
                }
                other => other?,
            };
            if !visit((opened, name_of(file.first_id), stretches))? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Notes a file that is not there, unless retention took it away meanwhile.
    fn gone(&self, file: &Finished) {
        if self.locked().start.after_id < file.last_id {
            self.damaged(name_of(file.first_id), 0, "the file is gone".to_owned());
        }
    }

    /// Visits the records of a stretch. Notes damage, and reads on behind it.
    fn walk(
        &self,
        file: &Arc<File>,
        name: &str,
        stretch: &Stretch,
        sought: &Sought<'_>,
        mut found: impl FnMut(&Row<'_>),
    ) -> io::Result<()> {
        #[cfg(test)]
        self.work.bytes.fetch_add(stretch.bytes.end - stretch.bytes.start, std::sync::atomic::Ordering::Relaxed);
        let mut frames = Frames::new(file.clone(), stretch.bytes.start, stretch.bytes.end);
        let (mut before, mut last_id, mut at) = (stretch.before, stretch.after_id, stretch.bytes.start);
        while at < stretch.bytes.end {
            if let Some(frame) = frames.next()? {
                // The seal says whether all of it is as it was written; one that was damaged itself is noted once.
                let fits = before.is_none_or(|before| self.key.frame(&before, frame.payload) == frame.seal);
                if fits || is_read_whole(frame.payload) {
                    if !fits {
                        self.damaged(name.to_owned(), frame.offset, CHANGED.to_owned());
                    }
                    records(frame.payload)
                        .inspect(|row| last_id = last_id.max(row.id))
                        .filter(|row| sought.fits(row))
                        .for_each(|row| found(&row));
                    (before, at) = (fits.then_some(frame.seal), frame.end);
                    continue;
                }
            }
            let resumed = frames.resume(at, last_id)?;
            let until = resumed.map_or_else(|| "to its end".to_owned(), |until| format!("up to byte {until}"));
            self.damaged(name.to_owned(), at, format!("the records from {} on can't be read, {until}", last_id + 1));
            let Some(resumed) = resumed else { return Ok(()) };
            (before, at) = (None, resumed);
        }
        Ok(())
    }

    /// The blocks of a file that may name a CRM record; none when retention took it away meanwhile.
    fn blocks_naming(&self, file: &Finished, hashes: &[u64]) -> io::Result<Bits> {
        match file.blocks_naming(&self.key, hashes) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.gone(file);
                Ok(Bits::new())
            }
            other => other,
        }
    }

    /// What finds the records of a file, kept after the first time.
    fn finder(&self, file: &Finished) -> io::Result<Option<Arc<Index>>> {
        if let Kept::Here(_, index) = &file.kept {
            return Ok(Some(index.clone()));
        }
        let known = locked(&self.finders).get(file.first_id, &file.seal);
        if known.is_some() {
            return Ok(known);
        }
        let Some(index) = self.index(file)? else { return Ok(None) };
        let finder = Arc::new(Arc::unwrap_or_clone(index).finder());
        locked(&self.finders).put(file.first_id, file.seal, &finder, finder.bytes());
        Ok(Some(finder))
    }

    /// The index of a file; none when retention took it away meanwhile.
    pub(super) fn index(&self, file: &Finished) -> io::Result<Option<Arc<Index>>> {
        #[cfg(test)]
        self.work.indexes.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        match file.index(&self.key) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.gone(file);
                Ok(None)
            }
            other => other.map(Some),
        }
    }
}

fn alike<'a>(row: &Row<'a>) -> Alike<'a> {
    let Row { hub_id, app_id, operation, object, status, category, at, .. } = *row;
    Alike { hub_id, app_id, operation, object, status, category, at, calls: 1, last_at: at }
}

/// Where the calls with a token came from since a moment: address, calls, the last of them.
pub(crate) fn sources_of(shelf: &Shelf, token_id: u64, since: Timestamp) -> io::Result<Vec<(String, u64, Timestamp)>> {
    let filter = AuditFilter { token_id: Some(token_id), from: Some(since), ..AuditFilter::default() };
    let found: RefCell<HashMap<String, Came>> = RefCell::default();
    let add = |source: &str, more: Came| {
        let mut found = found.borrow_mut();
        match found.get_mut(source) {
            Some(came) => came.add(more),
            None => drop(found.insert(source.to_owned(), more)),
        }
    };
    let says_enough = |index: &Index| {
        let sums = index.sources.as_ref().filter(|_| index.at_min >= since.as_ms()).and_then(|sources| sources.of(signed(token_id)));
        sums.map(|sums| sums.for_each(|(source, came)| add(source, came))).is_some()
    };
    shelf.each(&Sought::new(&filter), says_enough, |row| add(row.source, Came { calls: 1, last: row.at }))?;
    let mut sources: Vec<_> =
        found.into_inner().into_iter().map(|(source, came)| (source, came.calls, Timestamp::from_ms(came.last))).collect();
    sources.sort_unstable_by(|one, other| other.2.cmp(&one.2).then_with(|| one.0.cmp(&other.0)));
    Ok(sources)
}
