//! The progress of an import between two parts. It is stored together with the records of each part.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::fault::{Fault, whole_file};
use crate::kind::Kind;
use crate::links::End;

/// Errors that are kept of an import; further ones are counted.
const FAULTS_MAX: usize = 10_000;

/// A row that names a record of another file, to be associated once all records are there.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pending {
    /// The record of the row.
    pub from: End,
    /// The type of the other record.
    pub to: Kind,
    /// The value by which the row names the other record.
    pub key: String,
    /// The type of the association; none for the plain one.
    pub association: Option<u32>,
    /// The place of the row: the error that is noted if there is no such record.
    pub place: Fault,
}

/// The results of an import so far, and where it continues.
#[derive(Debug, Default)]
pub struct Progress {
    /// The columns of the request in each file: the index of the cell, and of the column. None until the files
    /// are checked.
    pub placed: Option<Vec<Vec<(usize, usize)>>>,
    /// The file of the next row.
    pub file: usize,
    /// The next row.
    pub row: usize,
    /// How many of the associations at the end are made.
    pub associated: usize,
    /// By HubSpot's names.
    pub counters: BTreeMap<String, u64>,
    /// The errors that are kept.
    pub faults: Vec<Fault>,
    /// The records that were written.
    pub written: HashSet<End>,
    /// Records by what other files name them.
    pub keys: HashMap<(Kind, String), u64>,
    /// The associations to make at the end.
    pub pending: Vec<Pending>,
    /// A file could not be read as the request says, or the request holds no more.
    pub failed: bool,
    /// Since the last [`Progress::chunk`].
    new: New,
}

#[derive(Debug, Default)]
struct New {
    faults: usize,
    pending: usize,
    written: Vec<End>,
    keys: Vec<(Kind, String, u64)>,
}

/// What one part added, in the form of the store.
#[derive(Debug, Serialize, Deserialize)]
pub struct Chunk {
    placed: Vec<Vec<(usize, usize)>>,
    next: (usize, usize, usize),
    /// All counts so far.
    pub counters: BTreeMap<String, u64>,
    faults: Vec<Fault>,
    written: Vec<End>,
    keys: Vec<(Kind, String, u64)>,
    pending: Vec<Pending>,
}

impl Progress {
    /// Adds to a count.
    pub fn count(&mut self, name: &str, more: usize) {
        match self.counters.get_mut(name) {
            Some(count) => *count += more as u64,
            None => drop(self.counters.insert(name.to_owned(), more as u64)),
        }
    }

    /// Counts an error, and keeps it if there are not too many.
    pub fn note(&mut self, fault: Fault) {
        self.count("ERRORS", 1);
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(fault);
        }
    }

    /// Ends an import whose request does not hold any more.
    pub fn fail(&mut self, message: String) {
        self.failed = true;
        self.note(whole_file("UNKNOWN_BAD_REQUEST", message, 0));
    }

    /// A record was written.
    pub fn wrote(&mut self, end: End) {
        if self.written.insert(end) {
            self.new.written.push(end);
        }
    }

    /// Other files name a record so.
    pub fn knows(&mut self, kind: Kind, key: String, id: u64) {
        self.keys.insert((kind, key.clone()), id);
        self.new.keys.push((kind, key, id));
    }

    /// What was added since the last chunk.
    pub fn chunk(&mut self) -> Chunk {
        let new = std::mem::take(&mut self.new);
        (self.new.faults, self.new.pending) = (self.faults.len(), self.pending.len());
        Chunk {
            placed: self.placed.clone().unwrap_or_default(),
            next: (self.file, self.row, self.associated),
            counters: self.counters.clone(),
            faults: self.faults[new.faults..].to_vec(),
            written: new.written,
            keys: new.keys,
            pending: self.pending[new.pending..].to_vec(),
        }
    }

    /// Adds stored chunks, in their order, to the progress of the import.
    pub fn of(chunks: impl Iterator<Item = Chunk>) -> Self {
        let mut progress = Self::default();
        for chunk in chunks {
            progress.placed = Some(chunk.placed);
            (progress.file, progress.row, progress.associated) = chunk.next;
            progress.counters = chunk.counters;
            progress.faults.extend(chunk.faults);
            progress.written.extend(chunk.written);
            progress.keys.extend(chunk.keys.into_iter().map(|(kind, key, id)| ((kind, key), id)));
            progress.pending.extend(chunk.pending);
        }
        (progress.new.faults, progress.new.pending) = (progress.faults.len(), progress.pending.len());
        progress
    }
}
