//! The file that the writer adds to.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::index::Index;
use super::name_of;
use super::segment::{HEAD_BYTES, Head};

/// How often the writer asks which file has the live file's name. A deletion or a replacement shows at every
/// commit, in the open file's own links.
const NAME_EVERY: Duration = Duration::from_millis(100);

/// The file that is added to.
pub(super) struct Live {
    pub file: Arc<File>,
    pub path: Option<PathBuf>,
    pub head: Head,
    pub index: Index,
    /// The day it is of, counted since 1970; none before its first record.
    pub day: Option<i64>,
    /// When its name was looked up last; none where the next commit must look.
    pub looked: Option<Instant>,
}

impl Live {
    /// The head of the file after it, or of the one that takes its place where it has no records.
    pub fn following(&self) -> Head {
        if self.index.records == 0 { self.head } else { Head { first_id: self.index.last_id + 1, seal: self.index.seal } }
    }

    /// A file of this head, not yet under its name.
    pub fn create(folder: Option<&Path>, head: Head) -> io::Result<Self> {
        let (file, path) = match folder {
            None => (tempfile::tempfile()?, None),
            Some(folder) => {
                let path = folder.join(name_of(head.first_id));
                let draft = path.with_extension("new");
                (File::options().read(true).write(true).create(true).truncate(true).open(draft)?, Some(path))
            }
        };
        head.write(&file)?;
        Ok(Self { file: Arc::new(file), path, head, index: Index::new(head.first_id, head.seal, HEAD_BYTES), day: None, looked: None })
    }

    /// Checks the file before a commit. Returns its name and its fault, if it was lost. Looks up the name at
    /// most every [`NAME_EVERY`].
    pub fn looked_after(&mut self) -> Option<(String, String)> {
        let now = Instant::now();
        let is_due = self.looked.is_none_or(|at| now.duration_since(at) >= NAME_EVERY);
        if !is_due && !self.is_unlinked_or_cut() {
            return None;
        }
        self.looked = Some(now);
        self.lost()
    }

    /// Whether nothing has the file's name any more, or the file is shorter than it must be. One system call.
    fn is_unlinked_or_cut(&self) -> bool {
        self.path.is_some() && !matches!(links_and_length(&self.file), Ok((links, length)) if links > 0 && length >= self.index.end)
    }

    /// Returns the name and the fault of a file whose name no longer leads to the file that is written.
    pub fn lost(&self) -> Option<(String, String)> {
        let path = self.path.as_ref()?;
        let found = |what: &str| Some((name_of(self.head.first_id), what.to_owned()));
        match (fs::symlink_metadata(path), self.file.metadata()) {
            (Ok(named), Ok(own)) if (named.dev(), named.ino()) != (own.dev(), own.ino()) => {
                found("the file was replaced while it was written")
            }
            (Ok(_), Ok(own)) if own.len() < self.index.end => found("the file was cut while it was written"),
            (Ok(_), _) => None,
            (Err(error), _) if error.kind() == io::ErrorKind::NotFound => found("the file was deleted while it was written"),
            (Err(error), _) => Some((name_of(self.head.first_id), format!("the file can't be looked at: {error}"))),
        }
    }

    /// Gives the file its name, durably.
    pub fn appear(&self, folder: Option<&Path>) -> io::Result<()> {
        let (Some(path), Some(folder)) = (&self.path, folder) else { return Ok(()) };
        self.file.sync_all()?;
        fs::rename(path.with_extension("new"), path)?;
        File::open(folder)?.sync_all()
    }
}

/// The number of a file's names, and its length. Does not ask for its times: on Linux from 6.13 on, the next write to a file whose
/// times were asked for gives it new ones, and a sync may then have to write the inode as well, in a second request to the disk.
#[cfg(target_os = "linux")]
fn links_and_length(file: &File) -> io::Result<(u64, u64)> {
    use rustix::fs::{AtFlags, StatxFlags, statx};
    match statx(file, "", AtFlags::EMPTY_PATH, StatxFlags::NLINK | StatxFlags::SIZE) {
        Ok(found) => Ok((found.stx_nlink.into(), found.stx_size)),
        Err(_) => file.metadata().map(|found| (found.nlink(), found.len())),
    }
}

#[cfg(not(target_os = "linux"))]
fn links_and_length(file: &File) -> io::Result<(u64, u64)> {
    file.metadata().map(|found| (found.nlink(), found.len()))
}
