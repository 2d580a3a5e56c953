//! The files of a folder, read on every core.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use ignore::overrides::{Override, OverrideBuilder};
use ignore::{DirEntry, WalkBuilder, WalkState};
use keyway_core::shown;

use super::archive::{self, Members};
use super::windows::{self, Window};
use super::{Skip, Sniffed, from_utf16, sniff};

/// Which files to scan.
#[derive(Clone, Debug, Default)]
pub struct Which {
    /// Folders and files.
    pub roots: Vec<PathBuf>,
    /// Whether to scan files that `.gitignore` and the like exclude.
    pub no_ignore: bool,
    /// Globs of further files to exclude.
    pub ignore: Vec<String>,
}

/// The receiver of the texts; one for each thread.
pub trait Look: Send {
    /// Receives a window of a text.
    fn look(&mut self, path: &str, window: &Window<'_>);
    /// Receives a file that was skipped.
    fn skip(&mut self, skip: Skip);
    /// Counts a file that was read.
    fn read(&mut self, bytes: u64);
}

/// The largest UTF-16 file that is converted to UTF-8, in bytes.
const UTF16_MAX: u64 = 8 << 20;

/// The error for a root that can't be read.
pub(crate) fn unreadable(root: &Path, error: &io::Error) -> io::Error {
    let why = shown::cause(error);
    io::Error::new(error.kind(), format!("{} can't be read: {why}. Name a folder or a file, such as . for this folder", shown::path(&root)))
}

/// The files that the globs of `--ignore` leave out.
///
/// # Errors
/// One of them is not a glob.
pub(crate) fn left_out_by(globs: &[String], root: &Path) -> io::Result<Override> {
    let mut overrides = OverrideBuilder::new(root);
    for glob in globs {
        overrides.add(&format!("!{glob}")).map_err(|error| {
            let why = match error {
                ignore::Error::Glob { err, .. } => err,
                other => other.to_string(),
            };
            io::Error::new(io::ErrorKind::InvalidInput, format!("--ignore {:?} is not a glob: {why}", shown::line(glob)))
        })?;
    }
    overrides.build().map_err(io::Error::other)
}

/// Walks the files and passes each to a receiver. Returns the receivers.
///
/// # Errors
/// A root does not exist, or a glob is malformed.
pub fn walk<L: Look>(which: &Which, make: impl Fn() -> L + Sync) -> io::Result<Vec<L>> {
    let looked = Mutex::new(Vec::new());
    let mut left_out = Vec::new();
    for root in &which.roots {
        // A missing root is an error. A file that is missing later was deleted during the scan.
        root.metadata().map_err(|error| unreadable(root, &error))?;
        let overrides = left_out_by(&which.ignore, if root.is_dir() { root } else { Path::new(".") })?;
        let settings = Settings::default();
        let mut builder = WalkBuilder::new(root);
        builder
            .hidden(false)
            .ignore(!which.no_ignore)
            .git_ignore(!which.no_ignore)
            .git_global(!which.no_ignore)
            .git_exclude(!which.no_ignore)
            .parents(!which.no_ignore)
            .require_git(false)
            .follow_links(false)
            .overrides(overrides.clone())
            // The scan of the history reads git's own files.
            .filter_entry(|entry| entry.depth() == 0 || entry.file_name() != ".git")
            .threads(std::thread::available_parallelism().map_or(1, usize::from));
        let single = which.roots.len() == 1;
        builder.build_parallel().run(|| {
            let mut worker = Worker { look: Some(make()), buffer: Vec::new(), done: &looked, settings: &settings };
            Box::new(move |entry| {
                worker.visit(root, single, entry);
                WalkState::Continue
            })
        });
        let unread = settings.unread().into_iter().filter(|path| !overrides.matched(path, false).is_ignore());
        left_out.extend(unread.map(|path| Skip { path: shown(root, &path, single), reason: IGNORED.to_owned() }));
    }
    let mut looked = looked.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(first) = looked.first_mut() {
        left_out.into_iter().for_each(|skip| first.skip(skip));
    }
    Ok(looked)
}

/// Names of files with a program's secrets, which `.gitignore` often names.
const SETTINGS: [&str; 5] = [".env", ".env.local", ".env.development", ".env.staging", ".env.production"];

/// The reason for a settings file that an ignore file names.
const IGNORED: &str = "an ignore file such as .gitignore names it; --no-ignore scans it";

/// Settings files of the walked folders, to tell which of them were not read.
#[derive(Default)]
struct Settings {
    there: Mutex<Vec<PathBuf>>,
    read: Mutex<HashSet<PathBuf>>,
}

impl Settings {
    fn folder(&self, folder: &Path) {
        let is_file = |path: &PathBuf| path.symlink_metadata().is_ok_and(|metadata| metadata.is_file());
        let there: Vec<PathBuf> = SETTINGS.iter().map(|name| folder.join(name)).filter(is_file).collect();
        if !there.is_empty()
            && let Ok(mut all) = self.there.lock()
        {
            all.extend(there);
        }
    }

    fn file(&self, path: &Path) {
        let is_one = path.file_name().and_then(|name| name.to_str()).is_some_and(|name| SETTINGS.contains(&name));
        if is_one && let Ok(mut read) = self.read.lock() {
            read.insert(path.to_owned());
        }
    }

    fn unread(self) -> Vec<PathBuf> {
        let there = self.there.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        let read = self.read.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        there.into_iter().filter(|path| !read.contains(path)).collect()
    }
}

/// Scans one file, under the path that reports show.
///
/// # Errors
/// The file can't be read.
pub fn one(path: &str, on_disk: &Path, look: &mut impl Look) -> io::Result<()> {
    file(path, on_disk, &mut Vec::new(), look)
}

/// Scans a stream, such as standard input.
///
/// # Errors
/// An error of the stream.
pub fn stream<L: Look>(path: &str, mut source: impl Read, look: &mut L) -> io::Result<()> {
    let mut buffer = Vec::new();
    let total = text(path, &mut source, &mut buffer, look)?;
    look.read(total);
    Ok(())
}

/// The state of one thread. At the end of the walk it passes its receiver to `done`.
struct Worker<'a, L: Look> {
    look: Option<L>,
    buffer: Vec<u8>,
    done: &'a Mutex<Vec<L>>,
    settings: &'a Settings,
}

impl<L: Look> Drop for Worker<'_, L> {
    fn drop(&mut self) {
        if let (Some(look), Ok(mut done)) = (self.look.take(), self.done.lock()) {
            done.push(look);
        }
    }
}

impl<L: Look> Worker<'_, L> {
    fn visit(&mut self, root: &Path, single: bool, entry: Result<DirEntry, ignore::Error>) {
        let Some(look) = &mut self.look else { return };
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => return look.skip(Skip { path: root.to_string_lossy().into_owned(), reason: error.to_string() }),
        };
        if entry.file_type().is_some_and(|kind| kind.is_dir()) {
            self.settings.folder(entry.path());
        }
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            return;
        }
        self.settings.file(entry.path());
        let path = shown(root, entry.path(), single);
        if let Err(error) = file(&path, entry.path(), &mut self.buffer, look) {
            look.skip(Skip { path, reason: error.to_string() });
        }
    }
}

/// The path that reports show: relative to the scanned folder, with `/`.
fn shown(root: &Path, path: &Path, single: bool) -> String {
    let relative = path.strip_prefix(root).ok().filter(|relative| single && !relative.as_os_str().is_empty());
    let shown = relative.unwrap_or(path).to_string_lossy();
    let shown = if std::path::MAIN_SEPARATOR == '/' { shown.into_owned() } else { shown.replace(std::path::MAIN_SEPARATOR, "/") };
    shown.strip_prefix("./").map_or(shown.clone(), str::to_owned)
}

fn file(path: &str, on_disk: &Path, buffer: &mut Vec<u8>, look: &mut impl Look) -> io::Result<()> {
    let mut file = File::open(on_disk)?;
    let mut kind = Sniffed::Text;
    let mut first = true;
    let total = windows::read(&mut file, buffer, |window| {
        if std::mem::take(&mut first) {
            kind = sniff(window.bytes);
        }
        if kind == Sniffed::Text {
            look.look(path, window);
        }
        kind == Sniffed::Text
    })?;
    look.read(total);
    match kind {
        Sniffed::Text => {}
        Sniffed::Binary => look.skip(Skip { path: path.to_owned(), reason: BINARY.to_owned() }),
        Sniffed::Utf16 => utf16(path, File::open(on_disk)?, look)?,
        Sniffed::Zip | Sniffed::Gzip | Sniffed::Tar => {
            let file = io::BufReader::new(File::open(on_disk)?);
            archive::read(path, kind, file, &mut InArchive { look, buffer });
        }
    }
    Ok(())
}

/// The reason for skipped files that are not text. Reports count these files and name the others.
pub const BINARY: &str = "binary";

/// Scans a text of any size that is not an archive.
fn text(path: &str, source: &mut dyn Read, buffer: &mut Vec<u8>, look: &mut impl Look) -> io::Result<u64> {
    let mut kind = Sniffed::Text;
    let mut first = true;
    let mut wide = Vec::new();
    let total = windows::read(source, buffer, |window| {
        if std::mem::take(&mut first) {
            kind = sniff(window.bytes);
        }
        match kind {
            Sniffed::Text => look.look(path, window),
            Sniffed::Utf16 => wide.extend_from_slice(window.bytes),
            _ => {}
        }
        kind == Sniffed::Text
    })?;
    match kind {
        Sniffed::Text => {}
        Sniffed::Utf16 => utf16(path, wide.as_slice(), look)?,
        _ => look.skip(Skip { path: path.to_owned(), reason: BINARY.to_owned() }),
    }
    Ok(total)
}

fn utf16(path: &str, source: impl Read, look: &mut impl Look) -> io::Result<()> {
    let mut bytes = Vec::new();
    source.take(UTF16_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > UTF16_MAX {
        look.skip(Skip { path: path.to_owned(), reason: format!("UTF-16 of more than {} MiB", UTF16_MAX >> 20) });
        return Ok(());
    }
    let text = from_utf16(&bytes);
    look.look(path, &Window { bytes: &text, mine: text.len(), lines_before: 0, columns_before: 0 });
    Ok(())
}

/// Scans the members of an archive.
struct InArchive<'a, L> {
    look: &'a mut L,
    buffer: &'a mut Vec<u8>,
}

impl<L: Look> Members for InArchive<'_, L> {
    fn member(&mut self, path: &str, mut content: &mut dyn Read) -> io::Result<()> {
        let total = text(path, &mut content, self.buffer, self.look)?;
        self.look.read(total);
        Ok(())
    }

    fn skip(&mut self, skip: Skip) {
        self.look.skip(skip);
    }
}
