//! Copies of the files while a server may be writing them.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::segment::Head;
use super::start::START;
use super::{ids_path, index_path};

/// The file of the log's folder that holds the id of the data folder.
pub const FOLDER_ID: &str = "folder";

/// Copies the audit log of one folder into another while the server may write to it. Returns the number of
/// bytes copied.
///
/// The newest file of the copy may end inside a commit, as after a crash. An index is copied before its file:
/// an index exists only for a full file, so the copied file is full too. The file `start` is copied last:
/// whoever opens the copy removes all files before that start, so files older than the start do no harm. With
/// an older `start`, files that retention has removed in the meantime would look lost.
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

/// Returns the first `.log` file of a folder that is not an audit file, and none if all are. This does not
/// check the seals: that needs the key, which the server has.
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
