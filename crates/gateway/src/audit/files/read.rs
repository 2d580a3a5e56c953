//! Finding records: the files from the newest to the oldest, in each only the blocks that can have one.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use keyway_core::time::Timestamp;

use super::index::{Alike, Index, Sought, begin_of, hour_of};
use super::postings::Bits;
use super::segment::{Frames, records};
use super::{Finished, Shelf};
use crate::audit::AuditRecord;
use crate::audit::query::{AuditFilter, LIMIT_MAX};
use crate::audit::row::Row;

/// Stretches of one file, in order.
type Stretches = (Arc<File>, Vec<Range<u64>>);

impl Shelf {
    /// The records that the filter lets through, the last one first.
    pub fn list(&self, filter: &AuditFilter) -> io::Result<Vec<AuditRecord>> {
        let (sought, limit) = (Sought::new(filter), filter.limit.min(LIMIT_MAX) as usize);
        let mut found = Vec::new();
        self.newest_first(&sought, |(file, stretches)| {
            for stretch in stretches.iter().rev() {
                let mut block = Vec::new();
                walk(&file, stretch, &sought, |row| block.push(AuditRecord::from(*row)))?;
                found.extend(block.into_iter().rev());
                if found.len() >= limit {
                    return Ok(false);
                }
            }
            Ok(found.len() < limit)
        })?;
        found.truncate(limit);
        Ok(found)
    }

    /// Every record that is sought, the file of the newest first.
    fn each(&self, sought: &Sought<'_>, mut found: impl FnMut(&Row<'_>)) -> io::Result<()> {
        self.newest_first(sought, |(file, stretches)| {
            for stretch in &stretches {
                walk(&file, stretch, sought, &mut found)?;
            }
            Ok(true)
        })
    }

    /// Sums of the calls from a moment on: of whole hours as they are known, of the hour in which it
    /// lies from the records themselves.
    pub fn sums(&self, since: Timestamp, mut each: impl FnMut(Alike<'_>)) -> io::Result<()> {
        let since = since.as_ms();
        let whole = hour_of(since.saturating_sub(1)).saturating_add(1);
        let filter =
            AuditFilter { from: Some(Timestamp::from_ms(since)), to: Some(Timestamp::from_ms(begin_of(whole))), ..AuditFilter::default() };
        self.each(&Sought::new(&filter), |row| each(alike(row)))?;
        let finished = {
            let state = self.locked();
            state.live.index.sums_from(whole).for_each(&mut each);
            state.finished.clone()
        };
        for file in finished.iter().rev().filter(|file| file.at_max >= begin_of(whole)) {
            if let Some(index) = self.index(file)? {
                index.sums_from(whole).for_each(&mut each);
            }
        }
        Ok(())
    }

    /// When the oldest call on record came in.
    pub fn oldest(&self) -> Option<Timestamp> {
        let state = self.locked();
        let all = state.finished.iter().map(|file| file.at_min).chain([state.live.index.at_min]);
        all.min().filter(|at| *at < i64::MAX).map(Timestamp::from_ms)
    }

    /// Hands over the stretches of each file that may have what is sought, until it is told to stop.
    fn newest_first(&self, sought: &Sought<'_>, mut visit: impl FnMut(Stretches) -> io::Result<bool>) -> io::Result<()> {
        let hashes: Option<Vec<u64>> =
            (!sought.record.is_empty()).then(|| sought.record.iter().map(|record| self.key.record_hash(record)).collect());
        let (live, finished) = {
            let state = self.locked();
            let naming = hashes.as_ref().map(|hashes| state.live.index.postings.blocks(hashes));
            ((state.live.file.clone(), state.live.index.stretches(sought, naming)), state.finished.clone())
        };
        if !visit(live)? {
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
            let Some(index) = self.index(file)? else { continue };
            let stretches = index.stretches(sought, naming);
            if !stretches.is_empty() && !visit((file.file()?, stretches))? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// The blocks of a file that may name a CRM record; none when retention took it away meanwhile.
    fn blocks_naming(&self, file: &Finished, hashes: &[u64]) -> io::Result<Bits> {
        match file.blocks_naming(&self.key, hashes) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Bits::new()),
            other => other,
        }
    }

    /// The index of a file; none when retention took it away meanwhile.
    fn index(&self, file: &Finished) -> io::Result<Option<Arc<Index>>> {
        match file.index(&self.key) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            other => other.map(Some),
        }
    }
}

fn walk(file: &Arc<File>, stretch: &Range<u64>, sought: &Sought<'_>, mut found: impl FnMut(&Row<'_>)) -> io::Result<()> {
    let mut frames = Frames::new(file.clone(), stretch.start, stretch.end);
    while let Some(frame) = frames.next()? {
        records(frame.payload).filter(|row| sought.fits(row)).for_each(|row| found(&row));
    }
    Ok(())
}

fn alike<'a>(row: &Row<'a>) -> Alike<'a> {
    let Row { hub_id, app_id, operation, object, status, category, at, .. } = *row;
    Alike { hub_id, app_id, operation, object, status, category, at, calls: 1, last_at: at }
}

/// Where the calls with a token came from since a moment: address, calls, the last of them.
pub(in crate::audit) fn sources_of(shelf: &Shelf, token_id: u64, since: Timestamp) -> io::Result<Vec<(String, u64, Timestamp)>> {
    let filter = AuditFilter { from: Some(since), ..AuditFilter::default() };
    let mut sources: HashMap<String, (u64, i64)> = HashMap::new();
    shelf.each(&Sought::new(&filter).of_token(token_id), |row| match sources.get_mut(row.source) {
        Some((calls, last)) => (*calls, *last) = (*calls + 1, (*last).max(row.at)),
        None => drop(sources.insert(row.source.to_owned(), (1, row.at))),
    })?;
    let mut sources: Vec<_> = sources.into_iter().map(|(source, (calls, last))| (source, calls, Timestamp::from_ms(last))).collect();
    sources.sort_unstable_by(|one, other| other.2.cmp(&one.2).then_with(|| one.0.cmp(&other.0)));
    Ok(sources)
}
