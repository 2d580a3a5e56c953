//! Blobs of a git repository. git itself reads them, so Keyway supports every format of objects and refs that git does.
//!
//! Keyway reads blobs, and commits and tags for their messages, once each and in the order of the packs, with one
//! `git cat-file` process per core. It searches the history of commits only for the few objects with hits, and reads
//! those again when their paths are known.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

use keyway_core::time::Timestamp;

use super::{Skip, Sniffed, sniff};
use crate::finding::Introduced;

/// Objects that one request asks for.
const CHUNK: usize = 8192;

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

/// The kind of an object with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Object {
    /// The content of a file.
    Blob,
    /// A commit: its message may contain a secret.
    Commit,
    /// An annotated tag: its message may, too.
    Tag,
}

/// A path under which commits wrote a blob.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The path.
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

/// The receiver of the objects; one for each process.
pub trait Blobs: Send {
    /// Receives a blob or a message. It may read all of it or a part.
    fn blob(&mut self, id: &str, object: Object, size: u64, content: &mut dyn Read) -> io::Result<()>;
    /// Receives an object that was skipped.
    fn skip(&mut self, skip: Skip);
}

impl Repository {
    /// The repository of a folder.
    ///
    /// # Errors
    /// git is not installed, or the folder is not in a repository.
    pub fn of(folder: &Path) -> io::Result<Self> {
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

    /// Reads blobs with several processes. Returns the receivers.
    ///
    /// # Errors
    /// git can't be run. A broken object is skipped by name.
    pub fn read<B: Blobs>(&self, blobs: &[ObjectId], make: impl Fn() -> B + Sync) -> io::Result<Vec<B>> {
        let chunks: Mutex<VecDeque<&[ObjectId]>> = Mutex::new(blobs.chunks(CHUNK).collect());
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(blobs.len().div_ceil(CHUNK)).max(1);
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads)
                .map(|_| {
                    scope.spawn(|| {
                        let mut take = make();
                        let mut process = None;
                        loop {
                            let chunk = chunks.lock().ok().and_then(|mut chunks| chunks.pop_front());
                            let Some(chunk) = chunk else { return Ok(take) };
                            self.read_chunk(chunk, &mut process, &mut take)?;
                        }
                    })
                })
                .collect();
            workers.into_iter().map(|worker| worker.join().map_err(|_| io::Error::other("a reader of blobs failed"))?).collect()
        })
    }

    fn read_chunk<B: Blobs>(&self, mut ids: &[ObjectId], process: &mut Option<CatFile>, take: &mut B) -> io::Result<()> {
        while !ids.is_empty() {
            let cat = match process {
                Some(cat) => cat,
                None => process.insert(CatFile::start(self)?),
            };
            let read = cat.read(ids, take);
            match read {
                Ok(()) => return Ok(()),
                Err(done) => {
                    // git exits at an object that it can't read. Skip that object by name, and continue after it.
                    *process = None;
                    take.skip(Skip { path: format!("git object {}", ids[done]), reason: "git can't read it".to_owned() });
                    ids = &ids[done + 1..];
                }
            }
        }
        Ok(())
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

/// The message of a commit or tag, and its author and date, from the object's own text.
pub fn message(id: &str, object: Object, text: &[u8]) -> (Vec<u8>, Introduced) {
    let end = memchr::memmem::find(text, b"\n\n").map_or(text.len(), |at| at + 2);
    let head = String::from_utf8_lossy(&text[..end]).into_owned();
    let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ').map(str::to_owned));
    let (who, commit) = match object {
        Object::Tag => (field("tagger"), field("object")),
        Object::Commit | Object::Blob => (field("author"), Some(id.to_owned())),
    };
    // `Name <address> seconds zone`
    let (author, seconds) = match who.as_deref().and_then(|who| who.rsplit_once("> ")) {
        Some((author, time)) => (Some(format!("{author}>")), time.split(' ').next().and_then(|seconds| seconds.parse::<i64>().ok())),
        None => (None, None),
    };
    let date = seconds.and_then(|seconds| seconds.checked_mul(1_000)).map(|ms| Timestamp::from_ms(ms).to_iso().replace(".000Z", "Z"));
    (text[end..].to_vec(), Introduced { commit, author, date, last_commit: None, last_date: None, in_work_tree: false })
}

/// `REV..HEAD`, where git can't read REV as an option.
fn range_since(revision: &str) -> io::Result<String> {
    if revision.is_empty() || revision.starts_with('-') || revision.contains("..") {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{revision:?} is not a revision")));
    }
    Ok(format!("{revision}..HEAD"))
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

/// A `git cat-file` process that answers in the order of the requests.
struct CatFile {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Drop for CatFile {
    fn drop(&mut self) {
        // The process ends when its input does. One that does not end is killed.
        drop(self.input.take());
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl CatFile {
    fn start(repository: &Repository) -> io::Result<Self> {
        let mut git = repository.git(&["cat-file", "--batch-command", "--buffer"]);
        let mut process = git.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let input = process.stdin.take();
        let output = process.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Self { process, input, output: BufReader::with_capacity(1 << 18, output) })
    }

    /// Reads these blobs in order. The error is the number of blobs before the one that git can't read.
    fn read<B: Blobs>(&mut self, ids: &[ObjectId], take: &mut B) -> Result<(), usize> {
        let Some(input) = &mut self.input else { return Err(0) };
        let output = &mut self.output;
        std::thread::scope(|scope| {
            // One thread writes and one reads at the same time, since each of the two pipes may fill up.
            scope.spawn(move || {
                let mut ask = io::BufWriter::with_capacity(1 << 16, input);
                for id in ids {
                    if writeln!(ask, "contents {id}").is_err() {
                        return;
                    }
                }
                let _ = ask.write_all(b"flush\n").and_then(|()| ask.flush());
            });
            let result = ids.iter().enumerate().try_for_each(|(done, id)| answer(output, id, take).map_err(|_| done));
            if result.is_err() {
                // End the writing thread, too.
                let _ = self.process.kill();
            }
            result
        })
    }
}

/// Reads one answer: `<id> blob <size>`, the content, a line end.
fn answer<B: Blobs>(output: &mut BufReader<ChildStdout>, id: &str, take: &mut B) -> io::Result<()> {
    let mut header = Vec::with_capacity(80);
    (&mut *output).take(200).read_until(b'\n', &mut header)?;
    let header = String::from_utf8_lossy(&header);
    let mut parts = header.trim_end().split(' ');
    let (_, kind, size) = (parts.next(), parts.next().unwrap_or_default(), parts.next());
    if kind == "missing" {
        take.skip(Skip { path: format!("git object {id}"), reason: "it is missing".to_owned() });
        return Ok(());
    }
    let size: u64 = size.and_then(|size| size.parse().ok()).ok_or(io::ErrorKind::UnexpectedEof)?;
    let mut content = (&mut *output).take(size);
    let object = match kind {
        "blob" => Some(Object::Blob),
        "commit" => Some(Object::Commit),
        "tag" => Some(Object::Tag),
        _ => None,
    };
    if let Some(object) = object {
        take.blob(id, object, size, &mut content)?;
    }
    // Skip the content that the receiver did not read.
    io::copy(&mut content, &mut io::sink())?;
    if content.limit() > 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let mut end = [0];
    output.read_exact(&mut end)
}

/// Whether a blob is text, by its first bytes.
pub fn is_text(start: &[u8]) -> bool {
    sniff(start) == Sniffed::Text
}
