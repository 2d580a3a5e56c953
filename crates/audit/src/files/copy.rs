//! Copies of the files while a server may be writing them.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::segment::Head;
use super::{START, ids_path, index_path};
use crate::FOLDER_ID;

/// Copies the log of one folder into another, as it is at some moment of the copying. How many bytes
/// that were comes back.
///
/// The newest file may be cut in the middle of a commit, as after a crash. An index is copied before
/// its file, which is full once there is one; where the chain starts comes last, since files before
/// it are taken away when the copy is opened, and never the other way round.
///
/// # Errors
/// A file can't be read or written.
pub fn copy(from: &Path, to: &Path) -> io::Result<u64> {
    fs::create_dir(to)?;
    let mut logs: Vec<PathBuf> = fs::read_dir(from)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>()?;
    logs.retain(|path| path.extension().is_some_and(|extension| extension == "log"));
    logs.sort();
    let mut bytes = 0;
    let others = [from.join(START), from.join(FOLDER_ID)];
    for path in logs.iter().flat_map(|log| [index_path(log), ids_path(log), log.clone()]).chain(others) {
        let Some(name) = path.file_name() else { continue };
        bytes += match fs::copy(&path, to.join(name)) {
            // No index yet, no start, or retention took the file away.
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            other => other?,
        };
        if let Ok(copied) = File::open(to.join(name)) {
            copied.sync_all()?;
        }
    }
    File::open(to)?.sync_all()?;
    Ok(bytes)
}

/// Whether a folder holds an audit file. A log that was ever opened does: each start makes one.
pub fn has_logs(folder: &Path) -> bool {
    let is_log =
        |entry: io::Result<fs::DirEntry>| entry.is_ok_and(|entry| entry.path().extension().is_some_and(|extension| extension == "log"));
    fs::read_dir(folder).is_ok_and(|mut entries| entries.any(is_log))
}

/// The first of a folder's files that is no audit file; none where all are. Whether they are as they
/// were written takes the key, and so the server.
///
/// # Errors
/// A file can't be read.
pub fn is_readable(folder: &Path) -> io::Result<Option<PathBuf>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let log = path.extension().is_some_and(|extension| extension == "log");
        if log && Head::read(&File::open(&path)?)?.is_none() {
            return Ok(Some(path));
        }
    }
    Ok(None)
}
