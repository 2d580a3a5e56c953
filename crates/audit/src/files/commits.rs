//! The commits of a log, from the start of its chain to its end, one after the other.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::sync::Arc;

use super::segment::{Entry, Frames, HEAD_BYTES, Read, entries, records};
use super::{Shelf, encode};
use crate::chain::{Head, Seal};
use crate::row::Row;

/// A commit, with the bytes that the file holds for it.
pub(crate) struct Commit {
    pub seal: Seal,
    payload: Vec<u8>,
}

impl Commit {
    /// Its records.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        records(&self.payload)
    }

    /// The number of its last record; none where it has notes alone.
    pub fn last_id(&self) -> Option<i64> {
        self.rows().last().map(|row| row.id)
    }

    /// Bytes in the file.
    pub fn bytes(&self) -> usize {
        self.payload.len()
    }

    /// The bytes after its records: notes of calls that were about to be performed. Empty if the bytes before
    /// them are not exactly what Keyway writes for these records. Such a commit is damaged, and its seal does
    /// not match either.
    pub fn notes(&self) -> io::Result<&[u8]> {
        let mut written = Vec::with_capacity(self.payload.len());
        for row in self.rows() {
            written = add_record(written, &row)?;
        }
        let notes = self.payload.strip_prefix(&written[..]);
        Ok(notes.filter(|notes| entries(notes).all(|entry| matches!(entry, Read::Begun(_)))).unwrap_or_default())
    }
}

/// Adds a record to the payload of a commit, in the encoding of the file.
pub(crate) fn add_record(payload: Vec<u8>, row: &Row<'_>) -> io::Result<Vec<u8>> {
    encode(payload, &Entry::record(*row))
}

/// The commits that are left to be read.
pub(crate) struct Commits {
    files: VecDeque<(Arc<File>, u64)>,
    /// The file that is being read, and where its last whole commit ends.
    open: Option<(Frames, u64, u64)>,
    last_id: i64,
}

impl Shelf {
    /// Where the chain starts, and whether that was changed.
    pub fn start(&self) -> (Head, bool) {
        let start = self.locked().start;
        (Head { writer: 0, id: start.after_id, seal: start.seal }, start.genuine)
    }

    /// Time of the newest call; none while the log is empty.
    pub fn newest(&self) -> Option<i64> {
        let state = self.locked();
        let live = &state.live.index;
        let finished = state.finished.iter().filter(|file| file.records > 0).map(|file| file.at_max);
        finished.chain((live.records > 0).then_some(live.at_max)).max()
    }

    /// How many records there are.
    pub fn records(&self) -> u64 {
        let state = self.locked();
        state.finished.iter().map(|file| file.records).sum::<u64>() + state.live.index.records
    }

    /// All commits, in their order.
    pub fn commits(&self) -> io::Result<Commits> {
        let (start, finished, live) = {
            let state = self.locked();
            (state.start, state.finished.clone(), (state.live.file.clone(), state.live.index.end))
        };
        let mut files = VecDeque::with_capacity(finished.len() + 1);
        for file in &finished {
            files.push_back((file.file()?, file.index(&self.key)?.end));
        }
        files.push_back(live);
        Ok(Commits { files, open: None, last_id: start.after_id })
    }
}

impl Commits {
    /// The next commit; none at the end. What can't be read of a damaged file is passed over.
    pub fn next(&mut self) -> io::Result<Option<Commit>> {
        loop {
            let Some((frames, end, read_to)) = &mut self.open else {
                let Some((file, end)) = self.files.pop_front() else { return Ok(None) };
                self.open = Some((Frames::new(file, HEAD_BYTES, end), end, HEAD_BYTES));
                continue;
            };
            if let Some(frame) = frames.next()? {
                *read_to = frame.end;
                self.last_id = records(frame.payload).last().map_or(self.last_id, |row| row.id);
                return Ok(Some(Commit { seal: frame.seal, payload: frame.payload.to_vec() }));
            }
            let is_damaged = *read_to < *end;
            if !is_damaged || frames.resume(*read_to, self.last_id)?.is_none() {
                self.open = None;
            }
        }
    }
}
