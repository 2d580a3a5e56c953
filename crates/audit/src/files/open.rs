//! Opens the log of a folder, after a clean stop or a crash.
//!
//! Only the newest file may have no index. Keyway reads such a file from its beginning, and records the calls
//! that began and did not finish with an unknown outcome. Every start begins a new file, so that nothing
//! overwrites an existing one, whatever it holds.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use foldhash::HashMapExt as _;
use keyway_core::shown;

use super::days;
use super::index::{self, Index};
use super::memo::Memo;
use super::segment::{Entry, Frames, HEAD_BYTES, Head, Read, entries, has_more};
use super::{CHANGED, CUT, Files, Finished, Kept, Live, Shelf, Start, State, free_from, index_path, name_of, put_beside};
use crate::chain::{ChainKey, Seal};
use crate::damage::{Damage, Noticed};
use crate::row::Row;

type Begun = HashMap<String, Vec<u8>, foldhash::fast::RandomState>;

/// Opens the log in a folder, or one that is kept nowhere.
pub(crate) fn open(folder: Option<&Path>, key: Arc<ChainKey>) -> io::Result<(Files, Arc<Shelf>)> {
    let mut found = match folder {
        Some(folder) => found(folder, &key)?,
        None => Found { start: Start { genuine: true, ..Start::default() }, ..Found::default() },
    };
    let mut head = found.head();
    if let Some(folder) = folder.filter(|_| found.empty.is_none()) {
        // Nothing that is there is written over, whatever it is.
        head.first_id = free_from(folder, head.first_id);
    }
    let live = Live::create(folder, head)?;
    live.appear(folder)?;
    let state = Mutex::new(State { start: found.start, finished: std::mem::take(&mut found.finished), live });
    let shelf = Arc::new(Shelf {
        folder: folder.map(Path::to_owned),
        key,
        state,
        noticed: Noticed::default(),
        days: Mutex::new(Memo::new(days::KEPT_BYTES)),
        finders: Mutex::new(Memo::new(index::KEPT_BYTES)),
        #[cfg(test)]
        work: super::Work::default(),
    });
    std::mem::take(&mut found.damage).into_iter().for_each(|damage| shelf.noticed.add(damage));
    let mut files = Files { shelf: shelf.clone(), begun: Begun::new(), length: HEAD_BYTES, unsure: false, frame: Vec::new() };
    files.adopt(&found.begun)?;
    Ok((files, shelf))
}

/// What is in a folder.
#[derive(Default)]
struct Found {
    start: Start,
    finished: Vec<Arc<Finished>>,
    begun: Begun,
    damage: Vec<Damage>,
    /// The head of a newest file without records, whose place the next one takes.
    empty: Option<Head>,
}

impl Found {
    fn head(&self) -> Head {
        self.empty.unwrap_or_else(|| self.following())
    }

    /// The head of a file after those that were found.
    fn following(&self) -> Head {
        let after = (self.start.after_id, self.start.seal);
        let (last_id, seal) = self.finished.last().map_or(after, |file| (file.last_id, file.seal));
        Head { first_id: last_id.saturating_add(1), seal }
    }
}

fn found(folder: &Path, key: &ChainKey) -> io::Result<Found> {
    fs::create_dir_all(folder)?;
    let mut found = Found { start: Start::read(folder, key)?, ..Found::default() };
    if !found.start.genuine {
        tracing::error!("where the audit's chain starts was changed");
    }
    let logs = logs(folder, found.start.after_id)?;
    for (place, (first_id, path)) in logs.iter().enumerate() {
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", shown::path(&path)));
        let file = Arc::new(File::open(path).map_err(named)?);
        let name = name_of(*first_id);
        let head = match Head::read(&file).map_err(named)? {
            Some(head) => head,
            None => {
                found.damage.push(Damage {
                    file: name.clone(),
                    offset: 0,
                    what: "the head of the file is not as it was written".to_owned(),
                });
                // Its name says its number, the file before it the seal.
                Head { first_id: *first_id, ..found.following() }
            }
        };
        let index = match Index::load(&index_path(path), key)? {
            Some(index) => {
                // An index exists, so the file was closed properly, or a later file repeats the notes of the
                // calls in progress.
                found.begun = Begun::new();
                index
            }
            None => {
                let next = logs.get(place + 1).map(|(_, path)| head_of(path)).transpose()?.flatten();
                let scanned = scan(&file, head, next.map(|head| head.seal), key).map_err(named)?;
                let damaged = scanned.damage.into_iter().map(|(offset, what)| Damage { file: name.clone(), offset, what });
                let before = found.damage.len();
                found.damage.extend(damaged);
                let is_damaged = before < found.damage.len();
                found.begun = scanned.begun;
                let more = has_more(&file, scanned.index.end)?;
                if scanned.index.records == 0 && next.is_none() && !found.damage.iter().any(|one| one.file == name) {
                    found.empty = Some(head);
                    if more {
                        // The bytes after the head are not a commit. Keyway keeps them in a renamed file all
                        // the same.
                        let free = (0..).map(|n| path.with_extension(if n == 0 { CUT.to_owned() } else { format!("{n}.{CUT}") }));
                        let free = free.into_iter().find(|path| fs::symlink_metadata(path).is_err());
                        free.map_or(Ok(()), |free| fs::rename(path, free))?;
                    }
                    continue;
                }
                if more || is_damaged {
                    tracing::warn!(
                        file = keyway_core::shown::path(&path),
                        "the file ends in an incomplete commit; Keyway leaves it as it is"
                    );
                } else {
                    File::options().write(true).open(path)?.set_len(scanned.index.end)?;
                }
                put_beside(&scanned.index, path, key)?;
                scanned.index
            }
        };
        found.finished.push(Arc::new(Finished::of(&index, *first_id, Kept::Folder(path.clone()))));
    }
    Ok(found)
}

/// The head of a file that may have none.
fn head_of(path: &Path) -> io::Result<Option<Head>> {
    let read = File::open(path).and_then(|file| Head::read(&file));
    read.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", shown::path(&path))))
}

/// Lists the `.log` files of a folder from its start on, the oldest first. Removes the files that a crash left
/// over.
fn logs(folder: &Path, after_id: i64) -> io::Result<Vec<(i64, PathBuf)>> {
    let mut logs = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let named = |extension: &str| path.extension().is_some_and(|there| there == extension);
        let first_id = path.file_stem().and_then(|stem| stem.to_str()?.parse::<i64>().ok());
        let left_over = named("new")
            || first_id.is_some_and(|id| id <= after_id)
            || ((named("idx") || named("ids")) && !path.with_extension("log").exists());
        match first_id {
            _ if left_over => fs::remove_file(&path)?,
            Some(first_id) if named("log") => logs.push((first_id, path)),
            _ => {}
        }
    }
    logs.sort_unstable();
    Ok(logs)
}

/// What reading a file through has found.
struct Scanned {
    index: Index,
    begun: Begun,
    /// Where something is not as it was written, and what.
    damage: Vec<(u64, String)>,
}

/// The index of a file that has none.
pub(super) fn index_of(file: &Arc<File>, key: &ChainKey) -> io::Result<Option<Index>> {
    let Some(head) = Head::read(file)? else { return Ok(None) };
    scan(file, head, None, key).map(|scanned| Some(scanned.index))
}

/// Reads a whole file, up to the commit with the seal `last` if that is known.
///
/// A commit whose seal does not match was changed if it is otherwise complete, or if the next commit matches
/// its seal. It stays in the log, so that a check reports it. Otherwise a crash cut the commit off, and the
/// file ends before it.
fn scan(file: &Arc<File>, head: Head, last: Option<Seal>, key: &ChainKey) -> io::Result<Scanned> {
    let mut scanned = Scanned { index: Index::new(head.first_id, head.seal, HEAD_BYTES), begun: Begun::new(), damage: Vec::new() };
    let mut frames = Frames::new(file.clone(), HEAD_BYTES, file.metadata()?.len());
    let mut doubtful: Option<(u64, u64, Seal, Vec<u8>)> = None;
    // Behind a damaged place the seal before is not known.
    let mut is_known = true;
    while last.is_none_or(|last| scanned.index.seal != last || scanned.index.end == HEAD_BYTES) {
        let from = doubtful.as_ref().map_or(scanned.index.end, |(offset, ..)| *offset);
        let Some(frame) = frames.next()? else {
            if !scanned.go_on(&mut frames, from)? {
                break;
            }
            (doubtful, is_known) = (None, false);
            continue;
        };
        let before = doubtful.as_ref().map_or(scanned.index.seal, |(_, _, seal, _)| *seal);
        let fits = !is_known || key.frame(&before, frame.payload) == frame.seal || last == Some(frame.seal);
        if !fits && (doubtful.is_some() || !is_whole(frame.payload, scanned.index.last_id)) {
            if doubtful.is_some() {
                if !scanned.go_on(&mut frames, from)? {
                    break;
                }
                (doubtful, is_known) = (None, false);
                continue;
            }
            doubtful = Some((frame.offset, frame.end, frame.seal, frame.payload.to_vec()));
            continue;
        }
        if let Some((offset, end, seal, payload)) = doubtful.take() {
            scanned.damage.push((offset, CHANGED.to_owned()));
            scanned.add(offset, end, seal, &payload, key);
        }
        if !fits {
            scanned.damage.push((frame.offset, CHANGED.to_owned()));
        }
        is_known = true;
        scanned.add(frame.offset, frame.end, frame.seal, frame.payload, key);
    }
    Ok(scanned)
}

/// Whether a payload is records, and notes, from its first byte to its last, with the numbers that come next.
fn is_whole(payload: &[u8], last_id: i64) -> bool {
    let (mut rest, mut next) = (payload, last_id);
    while !rest.is_empty() {
        let Ok((entry, after)) = postcard::take_from_bytes::<Entry<'_>>(rest) else { return false };
        if let Read::Record(row) = entry.read() {
            next += 1;
            if row.id != next {
                return false;
            }
        }
        rest = after;
    }
    next > last_id
}

impl Scanned {
    /// Looks for a commit behind what can't be read from `from` on. Without one, a crash cut the file off there.
    fn go_on(&mut self, frames: &mut Frames, from: u64) -> io::Result<bool> {
        let Some(resumed) = frames.resume(from, self.index.last_id)? else { return Ok(false) };
        self.damage.push((from, format!("the records from {} on can't be read, up to byte {resumed}", self.index.last_id + 1)));
        self.index.end = resumed;
        Ok(true)
    }

    fn add(&mut self, offset: u64, end: u64, seal: Seal, payload: &[u8], key: &ChainKey) {
        let mut rows: Vec<Row<'_>> = Vec::new();
        for entry in entries(payload) {
            match entry {
                Read::Record(row) => {
                    self.begun.remove(row.correlation_id);
                    rows.push(row);
                }
                Read::Begun(row) => {
                    let note = postcard::to_extend(&Entry::begun(row), Vec::new()).unwrap_or_default();
                    self.begun.insert(row.correlation_id.to_owned(), note);
                }
            }
        }
        // The numbers continue after records that can't be read.
        if let Some(first) = rows.first().filter(|_| !self.damage.is_empty()) {
            self.index.go_on_from(first.id);
        }
        self.index.add(offset, end, seal, rows.iter(), key);
    }
}

impl Files {
    /// Calls that were begun when the last process died become records.
    fn adopt(&mut self, begun: &Begun) -> io::Result<()> {
        let mut rows: Vec<Row<'_>> =
            begun.values().flat_map(|note| entries(note)).map(|(Read::Record(row) | Read::Begun(row))| row).collect();
        if rows.is_empty() {
            return Ok(());
        }
        rows.sort_unstable_by_key(|row| row.at);
        let first_id = self.shelf.locked().live.index.last_id + 1;
        rows.iter_mut().zip(first_id..).for_each(|(row, id)| row.id = id);
        self.append(&rows, [].iter())
    }
}
