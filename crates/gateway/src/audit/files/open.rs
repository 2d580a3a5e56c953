//! Opening the log of a folder, after an orderly stop or a crash.
//!
//! Only the newest file may be without an index: it is read through, and calls that were begun and
//! not finished become records with the outcome unknown. A new file begins at every start, so that
//! nothing which is there is written over, whatever it is.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use foldhash::HashMapExt as _;

use super::index::Index;
use super::segment::{Entry, Frames, HEAD_BYTES, Head, Read, entries, has_more};
use super::{CUT, Files, Finished, Kept, Live, Shelf, Start, State, index_path, put_beside};
use crate::audit::chain::{ChainKey, Seal};
use crate::audit::row::Row;

type Begun = HashMap<String, Vec<u8>, foldhash::fast::RandomState>;

/// Opens the log in a folder, or one that is kept nowhere.
pub(in crate::audit) fn open(folder: Option<&Path>, key: Arc<ChainKey>) -> io::Result<(Files, Arc<Shelf>)> {
    let mut found = match folder {
        Some(folder) => found(folder, &key)?,
        None => Found { start: Start { genuine: true, ..Start::default() }, ..Found::default() },
    };
    let head = found.head();
    let live = Live::create(folder, head)?;
    live.appear(folder)?;
    let state = Mutex::new(State { start: found.start, finished: std::mem::take(&mut found.finished), live });
    let shelf = Arc::new(Shelf { folder: folder.map(Path::to_owned), key, state });
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
    /// The head of a newest file without records, whose place the next one takes.
    empty: Option<Head>,
}

impl Found {
    fn head(&self) -> Head {
        let after = (self.start.after_id, self.start.seal);
        let (last_id, seal) = self.finished.last().map_or(after, |file| (file.last_id, file.seal));
        self.empty.unwrap_or(Head { first_id: last_id.saturating_add(1), seal })
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
        let file = Arc::new(File::open(path)?);
        let Some(head) = Head::read(&file)? else {
            tracing::error!(file = %path.display(), "this is no audit file, or one whose head was changed; it is left out");
            continue;
        };
        let index = match Index::load(&index_path(path), key)? {
            Some(index) => {
                // It was closed in order, or a later file notes again what is under way.
                found.begun = Begun::new();
                index
            }
            None => {
                let next = logs.get(place + 1).map(|(_, path)| File::open(path).and_then(|file| Head::read(&file))).transpose()?.flatten();
                let scanned = scan(&file, head, next.map(|head| head.seal), key)?;
                found.begun = scanned.begun;
                let more = has_more(&file, scanned.index.end)?;
                if scanned.index.records == 0 && next.is_none() {
                    found.empty = Some(head);
                    if more {
                        // What it ends in is no commit, and is kept all the same.
                        fs::rename(path, path.with_extension(CUT))?;
                    }
                    continue;
                }
                if more {
                    tracing::warn!(file = %path.display(), "the file ends in what is no whole commit; it is left as it is");
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

/// The files of a folder from its start on, the oldest first. What a crash left over is taken away.
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
}

/// The index of a file that has none.
pub(super) fn index_of(file: &Arc<File>, key: &ChainKey) -> io::Result<Option<Index>> {
    let Some(head) = Head::read(file)? else { return Ok(None) };
    scan(file, head, None, key).map(|scanned| Some(scanned.index))
}

/// Reads a file through, up to the commit of the seal `last` where one is known.
///
/// A commit whose seal does not fit was changed if it is whole otherwise, or is followed by one that
/// fits its seal: it stays in the log, for a check to show. Else it is what a crash cut off, and
/// ends the file.
fn scan(file: &Arc<File>, head: Head, last: Option<Seal>, key: &ChainKey) -> io::Result<Scanned> {
    let mut scanned = Scanned { index: Index::new(head.first_id, head.seal, HEAD_BYTES), begun: Begun::new() };
    let mut frames = Frames::new(file.clone(), HEAD_BYTES, file.metadata()?.len());
    let mut doubtful: Option<(u64, u64, Seal, Vec<u8>)> = None;
    while last.is_none_or(|last| scanned.index.seal != last || scanned.index.end == HEAD_BYTES)
        && let Some(frame) = frames.next()?
    {
        let before = doubtful.as_ref().map_or(scanned.index.seal, |(_, _, seal, _)| *seal);
        let fits = key.frame(&before, frame.payload) == frame.seal || last == Some(frame.seal);
        if !fits && (doubtful.is_some() || !is_whole(frame.payload, scanned.index.last_id)) {
            if doubtful.is_some() {
                break;
            }
            doubtful = Some((frame.offset, frame.end, frame.seal, frame.payload.to_vec()));
            continue;
        }
        if let Some((offset, end, seal, payload)) = doubtful.take() {
            scanned.add(offset, end, seal, &payload, key);
        }
        if !fits {
            tracing::error!(offset = frame.offset, "a commit of the audit is not as it was written");
        }
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
