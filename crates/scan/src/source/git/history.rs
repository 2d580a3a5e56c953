//! The history of blobs: the commits that wrote them, and under which paths.

use std::collections::{HashMap, HashSet};
use std::io::{self, BufRead, BufReader};
use std::process::Stdio;

use super::{ObjectId, Repository, range_since};
use crate::finding::Introduced;

/// A path under which commits wrote a blob.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The path from the top of the work tree, as git spells it.
    pub path: String,
    /// The commit that wrote it first, with its author and date.
    pub first: Introduced,
    /// The commit that wrote it last.
    pub last: Introduced,
}

/// The most paths of one blob that are kept: a licence may be in a thousand folders, a secret is in few.
const PATHS_MAX: usize = 64;

/// Paths that name HubSpot, in git's pattern syntax (`*` crosses folders).
const NAMED: [&str; 4] = [":(icase)*hubspot*", ":(icase)*hub[-_]spot*", ":(icase)*hubapi*", ":(icase)*hapi[-_]key*"];

impl Repository {
    /// The blobs that a commit wrote under a path that names HubSpot.
    ///
    /// # Errors
    /// An error of git.
    pub fn named_blobs(&self, since: Option<&str>) -> io::Result<HashSet<ObjectId>> {
        let mut named = HashSet::new();
        self.changes(since, &NAMED, |id, _, _| {
            named.insert(id);
        })?;
        Ok(named)
    }

    /// The past paths of blobs: each path, with the oldest and the newest commit that wrote the blob there. `since` limits
    /// the walk.
    ///
    /// # Errors
    /// An error of git.
    pub fn origins(&self, blobs: &HashSet<ObjectId>, since: Option<&str>) -> io::Result<HashMap<ObjectId, Vec<Origin>>> {
        let mut origins: HashMap<ObjectId, Vec<Origin>> = HashMap::new();
        self.changes(since, &[], |id, path, introduced| {
            if !blobs.contains(&id) {
                return;
            }
            let of_blob = origins.entry(id).or_default();
            // The newest commit comes first, so the last one seen is the oldest.
            if let Some(origin) = of_blob.iter_mut().find(|origin| origin.path == path) {
                origin.first = introduced.clone();
            } else if of_blob.len() < PATHS_MAX {
                of_blob.push(Origin { path, first: introduced.clone(), last: introduced.clone() });
            }
        })?;
        Ok(origins)
    }

    /// Calls `each` for every blob that a commit wrote, with its path and the commit, newest first.
    fn changes(&self, since: Option<&str>, paths: &[&str], mut each: impl FnMut(ObjectId, String, &Introduced)) -> io::Result<()> {
        let range = since.map(range_since).transpose()?;
        let mut arguments = vec![
            "log",
            "--raw",
            "-c",
            "--root",
            "--full-history",
            "-z",
            "--no-abbrev",
            "--no-renames",
            "--no-ext-diff",
            "--no-textconv",
            "--format=%x01%H%x02%an <%ae>%x02%aI",
        ];
        arguments.push(range.as_deref().unwrap_or("--all"));
        arguments.push("--");
        arguments.extend(paths);
        let mut git = self.git(&arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut fields = BufReader::with_capacity(1 << 16, git.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?).split(0);
        let mut introduced = None;
        while let Some(field) = fields.next() {
            let field = field?;
            let mut field = field.as_slice();
            if let Some(at) = memchr::memchr(1, field) {
                introduced = read_commit(&field[at + 1..]);
                // A commit's first change follows its header after a line end.
                field = field.iter().position(|byte| *byte == b'\n').map_or(b"", |end| &field[end..]);
            }
            let change = field.trim_ascii_start();
            if !change.starts_with(b":") {
                continue;
            }
            let path = fields.next().transpose()?.unwrap_or_default();
            let Some(id) = new_object(change) else { continue };
            if let Some(introduced) = &introduced {
                each(id, String::from_utf8_lossy(&path).into_owned(), introduced);
            }
        }
        git.wait()?;
        Ok(())
    }
}

fn read_commit(header: &[u8]) -> Option<Introduced> {
    let line = header.split(|byte| *byte == b'\n').next()?;
    let mut parts = line.split(|byte| *byte == 2).map(|part| String::from_utf8_lossy(part).into_owned());
    Some(Introduced {
        commit: parts.next(),
        author: parts.next(),
        date: parts.next(),
        last_commit: None,
        last_date: None,
        in_work_tree: false,
    })
}

/// The new object id of a raw change: `:100644 100644 old new M`, `::… old old new MM` for merges.
fn new_object(change: &[u8]) -> Option<ObjectId> {
    let change = std::str::from_utf8(change).ok()?;
    change.split(' ').rev().find(|part| part.len() >= 40 && part.bytes().all(|byte| byte.is_ascii_hexdigit())).map(str::to_owned)
}
