//! The content of git's objects, read by several `git cat-file` processes.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::Mutex;

use keyway_core::time::Timestamp;

use super::{ObjectId, Repository};
use crate::finding::Introduced;
use crate::source::{Skip, Sniffed, sniff};

/// Objects that one request asks for.
const CHUNK: usize = 8192;

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

/// The receiver of the objects; one for each process.
pub trait Blobs: Send {
    /// Receives a blob or a message. It may read all of it or a part.
    fn blob(&mut self, id: &str, object: Object, size: u64, content: &mut dyn Read) -> io::Result<()>;
    /// Receives an object that was skipped.
    fn skip(&mut self, skip: Skip);
}

impl Repository {
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
