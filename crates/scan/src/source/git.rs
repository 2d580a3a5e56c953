//! Blobs of a git repository. git itself reads them, so Keyway supports every format of objects and refs that git does.
//!
//! Keyway reads blobs, and commits and tags for their messages, once each and in the order of the packs, with one
//! `git cat-file` process per core. It searches the history of commits only for the few objects with hits, and reads
//! those again when their paths are known.

mod history;
mod objects;

use std::collections::HashSet;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use keyway_core::shown;

pub use history::Origin;
pub use objects::{Blobs, Object, is_text, message};

/// A repository, and how to run git on it.
#[derive(Clone, Debug)]
pub struct Repository {
    folder: PathBuf,
    bare: bool,
}

/// The id of an object: 40 or 64 hex digits.
pub type ObjectId = String;

/// A staged change of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staged {
    /// Its path, from the top of the work tree.
    pub path: String,
    /// The id of its old content; none where the file is new.
    pub before: Option<ObjectId>,
    /// The id of its new content.
    pub after: ObjectId,
}

impl Repository {
    /// The repository of a folder.
    ///
    /// # Errors
    /// git is not installed, or the folder is not in a repository.
    pub fn of(folder: &Path) -> io::Result<Self> {
        folder.metadata().map_err(|error| super::tree::unreadable(folder, &error))?;
        let start = Self { folder: folder.to_owned(), bare: false };
        let bare = start.output(&["rev-parse", "--is-bare-repository"])?.starts_with(b"true");
        let top = start.output(&["rev-parse", if bare { "--absolute-git-dir" } else { "--show-toplevel" }])?;
        Ok(Self { folder: PathBuf::from(String::from_utf8_lossy(&top).trim_end()), bare })
    }

    /// The top of the work tree; git's own folder where there is no work tree.
    pub fn top(&self) -> &Path {
        &self.folder
    }

    /// Whether the repository has no work tree.
    pub const fn is_bare(&self) -> bool {
        self.bare
    }

    /// A git command that runs no program from the repository's settings: anybody may have written them.
    fn git(&self, arguments: &[&str]) -> Command {
        let mut git = Command::new("git");
        git.arg("-C").arg(&self.folder);
        for setting in
            ["core.fsmonitor=false", "core.hooksPath=/dev/null", "protocol.allow=never", "core.quotePath=false", "log.showSignature=false"]
        {
            git.args(["-c", setting]);
        }
        git.args(arguments)
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("LC_ALL", "C")
            .stdin(Stdio::null());
        git
    }

    fn output(&self, arguments: &[&str]) -> io::Result<Vec<u8>> {
        let output = self.git(arguments).output().map_err(|error| io::Error::new(error.kind(), format!("git can't be run: {error}")))?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let message = String::from_utf8_lossy(&output.stderr);
        let message = message.trim_end().strip_prefix("fatal: ").unwrap_or_else(|| message.trim_end());
        if message.starts_with("not a git repository") {
            return Err(io::Error::other(format!(
                "--since, --staged and --history need a git repository, and {} is not in one. Leave the option out to scan the files as they are",
                shown::path(&self.folder)
            )));
        }
        Err(io::Error::other(format!("git {}: {message}", arguments.first().unwrap_or(&""))))
    }

    /// The staged changes.
    ///
    /// # Errors
    /// An error of git.
    pub fn staged(&self) -> io::Result<Vec<Staged>> {
        let arguments =
            ["diff", "--cached", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-ext-diff", "--no-textconv", "--diff-filter=ACMT"];
        let output = self.output(&arguments)?;
        let mut fields = output.split(|byte| *byte == 0);
        let mut staged = Vec::new();
        while let (Some(change), Some(path)) = (fields.next(), fields.next()) {
            let change = String::from_utf8_lossy(change);
            let mut parts = change.split(' ');
            let (Some(_), Some(mode), Some(before), Some(after)) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
                continue;
            };
            // Symbolic links and submodules have no text of their own.
            if mode.starts_with("100") {
                let before = (!before.bytes().all(|byte| byte == b'0')).then(|| before.to_owned());
                staged.push(Staged { path: String::from_utf8_lossy(path).into_owned(), before, after: after.to_owned() });
            }
        }
        Ok(staged)
    }

    /// Every blob, and every commit and tag for its message, in the order of the packs, whether or not a branch reaches it.
    ///
    /// # Errors
    /// An error of git.
    pub fn all_objects(&self) -> io::Result<Vec<ObjectId>> {
        let arguments = ["cat-file", "--batch-all-objects", "--unordered", "--buffer", "--batch-check=%(objecttype) %(objectname)"];
        let mut git = self.git(&arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut blobs = Vec::new();
        let lines = BufReader::with_capacity(1 << 16, git.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?);
        for line in lines.lines() {
            let line = line?;
            // git lists an unreadable object as missing. A second request for it skips it by name.
            if let Some(id) =
                ["blob ", "commit ", "tag "].iter().find_map(|kind| line.strip_prefix(kind)).or_else(|| line.strip_suffix(" missing"))
            {
                blobs.push(id.to_owned());
            }
        }
        git.wait()?;
        Ok(blobs)
    }

    /// The blobs that commits since a revision introduced, and these commits.
    ///
    /// # Errors
    /// An error of git; an unknown revision.
    pub fn objects_since(&self, revision: &str) -> io::Result<Vec<ObjectId>> {
        let range = range_since(revision)?;
        self.output(&["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{revision}^{{commit}}")])
            .map_err(|_| no_revision(revision))?;
        let output = self.output(&[
            "rev-list",
            "--objects",
            "--filter=object:type=blob",
            "--filter-provided-objects",
            "--no-object-names",
            &range,
            "--",
        ])?;
        let commits = self.output(&["rev-list", &range, "--"])?;
        let lines = |output: &[u8]| String::from_utf8_lossy(output).lines().map(str::to_owned).collect::<Vec<_>>();
        Ok([lines(&output), lines(&commits)].concat())
    }

    /// The files of the newest commit whose content commits since a revision brought in: the id of each content, and its
    /// path.
    ///
    /// # Errors
    /// An error of git; an unknown revision.
    pub fn files_since(&self, revision: &str) -> io::Result<Vec<(ObjectId, String)>> {
        let new: HashSet<ObjectId> = self.objects_since(revision)?.into_iter().collect();
        let output = self.output(&["ls-tree", "-r", "-z", "--full-tree", "HEAD"])?;
        let file = |line: &[u8]| {
            let line = String::from_utf8_lossy(line).into_owned();
            let (entry, path) = line.split_once('\t')?;
            let mut parts = entry.split(' ');
            let (mode, _, id) = (parts.next()?, parts.next()?, parts.next()?);
            // Symbolic links and submodules have no text of their own.
            (mode.starts_with("100") && new.contains(id)).then(|| (id.to_owned(), path.to_owned()))
        };
        Ok(output.split(|byte| *byte == 0).filter_map(file).collect())
    }

    /// The folder's path from the top of the work tree, with a slash at the end; empty at the top.
    pub fn prefix(folder: &Path) -> String {
        let start = Self { folder: folder.to_owned(), bare: false };
        let prefix = start.output(&["rev-parse", "--show-prefix"]).unwrap_or_default();
        String::from_utf8_lossy(&prefix).trim_end_matches(['\n', '\r']).to_owned()
    }
}

fn no_revision(revision: &str) -> io::Error {
    let revision = shown::line(revision);
    let text = format!(
        "--since {revision}: the repository has no such revision. Name a branch, a tag or a commit, as \"git log --oneline\" lists them"
    );
    io::Error::new(io::ErrorKind::InvalidInput, text)
}

/// `REV..HEAD`, where git can't read REV as an option.
fn range_since(revision: &str) -> io::Result<String> {
    if revision.is_empty() || revision.starts_with('-') || revision.contains("..") {
        return Err(no_revision(revision));
    }
    Ok(format!("{revision}..HEAD"))
}
