//! The audit log of one server: append-only files.
//!
//! `segment` is one file, `index` answers queries without reading it, `days` has sums of files, `memo` keeps what was read of
//! finished files, `postings` has the blocks that name a CRM record, `read` finds records, and `verify` checks the seals. `live` is the newest file, and
//! `start` says where the chain begins. The writer is here: it writes each commit at the end of the newest file with one
//! write and one sync. When the file is full, or its day has ended, the writer begins a new one. Nothing changes the
//! content of a file; retention removes whole files.

mod commits;
mod copy;
mod days;
mod index;
mod live;
mod memo;
mod open;
mod postings;
mod read;
mod segment;
mod sources;
mod start;
mod verify;

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use keyway_core::time::Timestamp;

use super::chain::{ChainKey, Seal};
use super::damage::{Damage, Noticed};
use super::entry::AuditEntry;
use super::row::Row;
pub(super) use commits::{Commit, add_record};
pub use copy::{FOLDER_ID, copy, has_logs, is_readable};
pub(super) use days::{Calls, DayUse};
use index::Index;
use keyway_ground::sync::locked;
use live::Live;
use memo::Memo;
pub(super) use open::open;
use postings::{Bits, POSTINGS_MAX};
pub(super) use read::sources_of;
use segment::{Entry, FRAME_HEAD_BYTES, HEAD_BYTES, Head};
use start::Start;

/// Bytes after which a new file begins: some half a million records.
const FILE_BYTES: u64 = 64 << 20;
/// Bytes by which a file is lengthened ahead.
const AHEAD_BYTES: u64 = 1 << 20;
const DAY_MS: i64 = 86_400_000;
/// The fault that is reported for a commit whose seal does not match.
const CHANGED: &str = "a commit is not as it was written";
/// The extension of files that a crash left without a whole commit.
const CUT: &str = "cut";

/// What the writer and the readers share.
pub(super) struct Shelf {
    /// None where nothing is kept.
    folder: Option<PathBuf>,
    key: Arc<ChainKey>,
    state: Mutex<State>,
    noticed: Noticed,
    /// Sums of finished files.
    days: Mutex<Memo<days::OfFile>>,
    /// Indexes of finished files, less their sums.
    finders: Mutex<Memo<Index>>,
    #[cfg(test)]
    pub work: Work,
}

/// What queries have read, for tests.
#[cfg(test)]
#[derive(Debug, Default)]
pub(super) struct Work {
    /// Indexes of finished files.
    pub indexes: std::sync::atomic::AtomicUsize,
    /// Bytes of stretches.
    pub bytes: std::sync::atomic::AtomicU64,
}

struct State {
    /// The start of the chain: the last record that was removed, and its seal.
    start: Start,
    /// Files that are not added to any more, the oldest first.
    finished: Vec<Arc<Finished>>,
    live: Live,
}

/// A file that is not added to any more.
struct Finished {
    first_id: i64,
    records: u64,
    at_min: i64,
    at_max: i64,
    seal: Seal,
    last_id: i64,
    /// Postings of CRM records beside it.
    posted: u64,
    kept: Kept,
}

/// Where a finished file is.
enum Kept {
    /// In the folder, its index beside it.
    Folder(PathBuf),
    /// Nowhere but here, or its index is still being written.
    Here(Arc<File>, Arc<Index>),
}

/// The writer's side.
pub(super) struct Files {
    shelf: Arc<Shelf>,
    /// Calls that were begun and not finished, by correlation id: their entries, for the next file.
    begun: HashMap<String, Vec<u8>, foldhash::fast::RandomState>,
    /// The length to which the file was lengthened.
    length: u64,
    /// Whether a write failed. Then the bytes after the last commit are not known, and the writer begins a new
    /// file.
    unsure: bool,
    /// The commit that is put together; kept for its memory.
    frame: Vec<u8>,
}

impl Shelf {
    /// Where the log is kept; none where it is in memory.
    pub(super) fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }

    fn damaged(&self, file: String, offset: u64, what: String) {
        self.noticed.add(Damage { file, offset, what });
    }

    /// All damage found so far, including a check of the newest file now.
    pub(super) fn damage(&self) -> Vec<Damage> {
        let lost = {
            let live = &mut self.locked().live;
            live.looked = None;
            live.lost()
        };
        if let Some((name, what)) = lost {
            self.damaged(name, 0, what);
        }
        self.noticed.all()
    }
}

/// The name of the file that begins with a record.
fn name_of(first_id: i64) -> String {
    format!("{first_id:020}.log")
}

/// A record's number from which on no file of a folder has its name.
fn free_from(folder: &Path, first_id: i64) -> i64 {
    (first_id..).find(|id| fs::symlink_metadata(folder.join(name_of(*id))).is_err()).unwrap_or(first_id)
}

impl Finished {
    fn of(index: &Index, first_id: i64, kept: Kept) -> Self {
        let Index { records, at_min, at_max, seal, last_id, posted, .. } = *index;
        Self { first_id, records, at_min, at_max, seal, last_id, posted, kept }
    }

    fn file(&self) -> io::Result<Arc<File>> {
        match &self.kept {
            Kept::Folder(path) => File::open(path).map(Arc::new),
            Kept::Here(file, _) => Ok(file.clone()),
        }
    }

    fn index(&self, key: &ChainKey) -> io::Result<Arc<Index>> {
        match &self.kept {
            Kept::Here(_, index) => Ok(index.clone()),
            Kept::Folder(path) => match Index::load(&index_path(path), key)? {
                Some(index) => Ok(Arc::new(index)),
                None => {
                    tracing::warn!(
                        file = keyway_core::shown::path(&path),
                        "the index of an audit file is missing or was changed; Keyway makes it again"
                    );
                    let index = open::index_of(&Arc::new(File::open(path)?), key)?.ok_or(io::ErrorKind::InvalidData)?;
                    put_beside(&index, path, key)?;
                    Ok(Arc::new(index))
                }
            },
        }
    }

    /// The blocks that may name a CRM record of one of these hashes.
    fn blocks_naming(&self, key: &ChainKey, hashes: &[u64]) -> io::Result<Bits> {
        let path = match &self.kept {
            _ if self.posted == 0 => return Ok(Bits::new()),
            Kept::Here(_, index) => return Ok(index.postings.blocks(hashes)),
            Kept::Folder(path) => path,
        };
        if let Some(bits) = postings::find(&ids_path(path), key, &self.seal, hashes)? {
            return Ok(bits);
        }
        tracing::warn!(
            file = keyway_core::shown::path(&path),
            "the record IDs of an audit file are missing or were changed; Keyway makes them again"
        );
        let index = open::index_of(&Arc::new(File::open(path)?), key)?.ok_or(io::ErrorKind::InvalidData)?;
        index.postings.save(&ids_path(path), key, &self.seal)?;
        Ok(index.postings.blocks(hashes))
    }
}

impl Files {
    /// Writes a batch durably. Returns the number of its first record.
    pub fn commit(&mut self, records: &[(&AuditEntry, String)], begun: &[&AuditEntry]) -> io::Result<i64> {
        let day = records.iter().map(|(entry, _)| entry.at.as_ms().div_euclid(DAY_MS)).max();
        let due = {
            let mut state = self.shelf.locked();
            // Somebody took the file away, or changed it: what is written to it may be nowhere.
            let lost = state.live.looked_after();
            let later = day.zip(state.live.day).is_some_and(|(day, of_file)| day > of_file);
            let index = &state.live.index;
            let due = index.records > 0 && (later || index.end >= FILE_BYTES || index.postings.len() >= POSTINGS_MAX);
            drop(state);
            let is_lost = lost.is_some();
            if let Some((name, what)) = lost {
                self.shelf.damaged(name, 0, format!("{what}; a new file begins"));
            }
            due || is_lost
        };
        if due || self.unsure {
            self.next_file()?;
        }
        let first_id = self.shelf.locked().live.index.last_id + 1;
        let rows: Vec<Row<'_>> = records.iter().zip(first_id..).map(|((entry, source), id)| Row::of(entry, id, source)).collect();
        let mut noted = Vec::with_capacity(begun.len());
        for entry in begun {
            let note = encode(Vec::new(), &Entry::begun(Row::unfinished(entry, &entry.source.to_string())))?;
            noted.push((entry.correlation_id.clone(), note));
        }
        self.append(&rows, noted.iter().flat_map(|(_, note)| note))?;
        if !self.begun.is_empty() {
            records.iter().for_each(|(entry, _)| drop(self.begun.remove(&entry.correlation_id)));
        }
        self.begun.extend(noted);
        Ok(first_id)
    }

    /// Adds a commit of records and of notes that are encoded already.
    fn append<'b>(&mut self, rows: &[Row<'_>], notes: impl Iterator<Item = &'b u8>) -> io::Result<()> {
        let (offset, seal, file) = {
            let live = &self.shelf.locked().live;
            (live.index.end, live.index.seal, live.file.clone())
        };
        let mut frame = std::mem::take(&mut self.frame);
        frame.clear();
        frame.resize(FRAME_HEAD_BYTES, 0);
        for row in rows {
            frame = encode(frame, &Entry::record(*row))?;
        }
        frame.extend(notes);
        // Until the sync has succeeded nothing is known of what the file holds.
        self.unsure = true;
        let (end, seal) = self.write(&file, offset, &seal, &mut frame)?;
        self.unsure = false;
        self.frame = frame;
        let live = &mut self.shelf.locked().live;
        live.index.add(offset, end, seal, rows.iter(), &self.shelf.key);
        live.day = live.day.max(rows.iter().map(|row| row.at.div_euclid(DAY_MS)).max());
        Ok(())
    }

    /// Appends a commit to a file and syncs it. The payload in `frame` begins after the space for the head of
    /// the commit, which is filled here. Returns the offset where the commit ends, and its seal.
    fn write(&mut self, file: &File, offset: u64, before: &Seal, frame: &mut [u8]) -> io::Result<(u64, Seal)> {
        let (head, payload) = frame.split_at_mut(FRAME_HEAD_BYTES);
        let seal = self.shelf.key.frame(before, payload);
        let length = u32::try_from(payload.len()).map_err(io::Error::other)?;
        head[..4].copy_from_slice(&length.to_le_bytes());
        head[4..].copy_from_slice(&seal);
        let end = offset + frame.len() as u64;
        if end > self.length {
            // Zeros that are there, not a hole: blocks that exist are synced without the file system's journal.
            let from = self.length.max(offset);
            file.write_all_at(&vec![0; usize::try_from(end + AHEAD_BYTES - from).unwrap_or(0)], from)?;
            self.length = end + AHEAD_BYTES;
        }
        file.write_all_at(frame, offset)?;
        if self.shelf.folder.is_some() {
            file.sync_data()?;
        }
        Ok((end, seal))
    }

    /// Begins a new file after a commit that failed, with room for the next commit.
    pub fn begin_again(&mut self) -> io::Result<()> {
        self.next_file()?;
        let (file, end) = {
            let live = &self.shelf.locked().live;
            (live.file.clone(), live.index.end)
        };
        // A full disk often has a place for a file, and none for what is in it.
        self.unsure = true;
        let from = self.length.max(end);
        file.write_all_at(&vec![0; usize::try_from(AHEAD_BYTES).unwrap_or(0)], from)?;
        self.length = from + AHEAD_BYTES;
        if self.shelf.folder.is_some() {
            file.sync_data()?;
        }
        self.unsure = false;
        Ok(())
    }

    /// Begins a new file, and writes the notes of the calls in progress into it again.
    fn next_file(&mut self) -> io::Result<()> {
        let head = {
            let live = &self.shelf.locked().live;
            let head = live.following();
            match &self.shelf.folder {
                // A live file without records can be replaced under its own name. The new file must not
                // overwrite any other.
                Some(folder) if live.index.records > 0 || live.lost().is_some() => {
                    Head { first_id: free_from(folder, head.first_id), ..head }
                }
                _ => head,
            }
        };
        let mut frame = vec![0; FRAME_HEAD_BYTES];
        frame.extend(self.begun.values().flatten());
        let mut next = Live::create(self.shelf.folder.as_deref(), head)?;
        self.length = HEAD_BYTES;
        if frame.len() > FRAME_HEAD_BYTES {
            let (end, seal) = self.write(&next.file, HEAD_BYTES, &head.seal, &mut frame)?;
            next.index.add(HEAD_BYTES, end, seal, [].iter(), &self.shelf.key);
        }
        next.appear(self.shelf.folder.as_deref())?;
        self.unsure = false;
        let full = {
            let mut state = self.shelf.locked();
            let full = std::mem::replace(&mut state.live, next);
            if full.index.records == 0 {
                // It had the same name, and is gone.
                return Ok(());
            }
            let index = Arc::new(full.index);
            let finished = Finished::of(&index, full.head.first_id, Kept::Here(full.file.clone(), index.clone()));
            state.finished.push(Arc::new(finished));
            (full.file, full.path, index)
        };
        // Beside the calls: the index of half a million records takes some milliseconds.
        let shelf = self.shelf.clone();
        std::thread::Builder::new().name("keyway-audit-index".into()).spawn(move || put_away(&shelf, full)).map(drop)
    }

    /// Removes the files all of whose records are older than a moment. Returns the number of records removed.
    pub fn prune(&mut self, before: Timestamp) -> io::Result<u64> {
        let over = {
            let live = &self.shelf.locked().live.index;
            live.records > 0 && live.at_max < before.as_ms()
        };
        if over {
            self.next_file()?;
        }
        let mut state = self.shelf.locked();
        let old = state.finished.iter().take_while(|file| file.at_max < before.as_ms()).count();
        let Some(last) = old.checked_sub(1).map(|last| state.finished[last].clone()) else { return Ok(0) };
        let start = Start { after_id: last.last_id, seal: last.seal, genuine: true };
        // Writes the start first: if Keyway crashes before it removes the files, it removes them when it opens
        // the log again.
        start.write(self.shelf.folder.as_deref(), &self.shelf.key)?;
        state.start = start;
        let gone: Vec<Arc<Finished>> = state.finished.drain(..old).collect();
        drop(state);
        for file in &gone {
            file.remove(self.shelf.folder.as_deref());
            self.shelf.noticed.forget(&name_of(file.first_id));
        }
        Ok(gone.iter().map(|file| file.records).sum())
    }

    /// Cuts off the zeros after the last commit, and writes the index of the newest file, which records its
    /// end.
    pub fn close(self) {
        let live = &self.shelf.locked().live;
        let Some(path) = &live.path else { return };
        // A file without records stays too, and the next start takes its place: a start refuses a log that has lost its files.
        let closed = if live.index.records == 0 || self.unsure || !self.begun.is_empty() {
            // As after a crash: the next start reads the whole file, and finds the unfinished calls.
            Ok(())
        } else {
            live.file
                .set_len(live.index.end)
                .and_then(|()| live.file.sync_all())
                .and_then(|()| put_beside(&live.index, path, &self.shelf.key))
        };
        if let Err(error) = closed {
            tracing::warn!(%error, "the audit could not be closed in order; the next start takes longer");
        }
    }
}

impl Finished {
    /// Ignores errors: a file that remains is before the start of the chain, so Keyway removes it when it opens
    /// the log again.
    fn remove(&self, folder: Option<&Path>) {
        let Some(folder) = folder else { return };
        let path = folder.join(name_of(self.first_id));
        for path in [index_path(&path), ids_path(&path), path] {
            let _ = fs::remove_file(path);
        }
    }
}

/// Writes the index of a full file, which then need not be held here.
fn put_away(shelf: &Shelf, (file, path, index): (Arc<File>, Option<PathBuf>, Arc<Index>)) {
    let Some(path) = path else { return };
    let is_same = matches!((fs::symlink_metadata(&path), file.metadata()), (Ok(named), Ok(own)) if (named.dev(), named.ino()) == (own.dev(), own.ino()));
    if !is_same {
        // Somebody took it away or put another in its place: what was written is here alone.
        return;
    }
    let saved = file.set_len(index.end).and_then(|()| put_beside(&index, &path, &shelf.key));
    if let Err(error) = saved {
        return tracing::warn!(%error, "the index of an audit file could not be written; it stays in memory");
    }
    let mut state = shelf.locked();
    if let Some(place) = state.finished.iter_mut().find(|file| file.last_id == index.last_id) {
        *place = Arc::new(Finished::of(&index, place.first_id, Kept::Folder(path)));
    }
}

/// Writes the index of a full file beside it. The postings come first: an index says how many there are.
fn put_beside(index: &Index, path: &Path, key: &ChainKey) -> io::Result<()> {
    if index.posted > 0 {
        index.postings.save(&ids_path(path), key, &index.seal)?;
    }
    index.save(&index_path(path), key)
}

fn ids_path(path: &Path) -> PathBuf {
    path.with_extension("ids")
}

fn index_path(path: &Path) -> PathBuf {
    path.with_extension("idx")
}

fn encode(bytes: Vec<u8>, entry: &Entry<'_>) -> io::Result<Vec<u8>> {
    postcard::to_extend(entry, bytes).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_that_can_not_be_synced_has_failed() {
        let folder = tempfile::tempdir().unwrap();
        let (mut files, _) = open(Some(folder.path()), Arc::new(ChainKey::new(&[7; 32]))).unwrap();
        // It takes what is written to it, and can't be synced.
        let null = File::options().write(true).open("/dev/null").unwrap();
        let failed = files.write(&null, HEAD_BYTES, &Seal::default(), &mut [0; FRAME_HEAD_BYTES + 10]);
        assert_eq!(failed.unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}
