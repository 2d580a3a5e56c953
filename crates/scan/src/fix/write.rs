//! Reads files, rewrites them and writes them: each file whole or not at all, and never outside of the tree.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use ignore::WalkBuilder;
use keyway_core::shown;
use keyway_core::written::is_keyways;
use serde::Serialize;

use super::project::{File, Files};
use super::{Fixed, Note, TEXT_BYTES_MAX, unified};
use crate::source::tree;

/// How far into a file Keyway searches for its own mark, in bytes.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// The result for one file.
#[derive(Debug, Serialize)]
pub struct FixedFile {
    /// The path as the user gave it or the walk found it, with `/`.
    pub path: String,
    /// The changes, made or proposed.
    pub changes: Vec<Note>,
    /// The places that Keyway left unchanged, with the reasons.
    pub left: Vec<Note>,
    /// The difference, in unified form.
    pub diff: String,
    /// Whether the file was written.
    pub written: bool,
    #[serde(skip)]
    text: String,
    #[serde(skip)]
    full: PathBuf,
    #[serde(skip)]
    before: Vec<u8>,
}

/// All files, and the environment variables that their new texts read.
#[derive(Debug, Default)]
pub struct Fixes {
    /// Files with a change or a note.
    pub files: Vec<FixedFile>,
    /// Names to add to `.env.example`.
    pub variables: BTreeSet<&'static str>,
}

/// The file that names the variables.
pub const EXAMPLE: &str = ".env.example";

/// Searches folders and files, and proposes changes. Does not follow symbolic links.
///
/// # Errors
/// A path does not exist or can't be read.
pub fn plan(roots: &[PathBuf], globs: &[String]) -> io::Result<Fixes> {
    let mut fixes = Fixes::default();
    for root in roots {
        let meta = fs::symlink_metadata(root).map_err(|error| tree::unreadable(root, &error))?;
        if meta.is_symlink() {
            return Err(io::Error::other(format!("{} is a link; name what it leads to", shown::path(&root))));
        }
        let overrides = tree::left_out_by(globs, root)?;
        let mut walk = WalkBuilder::new(root);
        walk.hidden(false).follow_links(false).require_git(false).overrides(overrides);
        walk.filter_entry(|entry| {
            !matches!(entry.file_name().to_str(), Some(".git" | "node_modules" | "vendor" | "venv" | ".venv" | "dist" | "__pycache__"))
        });
        let mut files = Files::default();
        for entry in walk.build() {
            let entry = entry.map_err(io::Error::other)?;
            if entry.file_type().is_some_and(|kind| kind.is_file()) && entry.file_name() != EXAMPLE {
                look(root, entry.path(), &mut files);
            }
        }
        files.fix().into_iter().for_each(|(file, fixed)| fixes.take(file, fixed));
    }
    fixes.files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(fixes)
}

/// Reads a file that may need changes. Skips files that are not UTF-8, and large ones.
fn look(root: &Path, path: &Path, files: &mut Files) {
    let large = fs::metadata(path).is_ok_and(|meta| meta.len() > TEXT_BYTES_MAX as u64);
    let Some(bytes) = (!large).then(|| fs::read(path).ok()).flatten() else { return };
    // Writing a text back as UTF-8 would damage another encoding.
    let Ok(text) = String::from_utf8(bytes) else { return };
    // A plan or a report names every path of the code. Keyway must not rewrite it, nor count it as a use of them.
    if is_keyways(text.get(..text.floor_char_boundary(HEAD_BYTES_MAX)).unwrap_or_default()) {
        return;
    }
    let wanted = mentions(&text);
    let top = if root.is_dir() { root } else { root.parent().unwrap_or(root) };
    files.add(top, path, patch_path(root, path), text, wanted);
}

/// The path in a patch: relative to the working folder, or else to the top folder.
fn patch_path(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).ok().filter(|below| !below.as_os_str().is_empty());
    let inner = if path.is_absolute() {
        let here = std::env::current_dir().unwrap_or_default();
        path.strip_prefix(&here).ok().or(below).unwrap_or(path).to_path_buf()
    } else {
        path.to_path_buf()
    };
    inner.to_string_lossy().trim_start_matches("./").replace('\\', "/")
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{} can't be written: {}", shown::path(&path), shown::cause(error)))
}

impl Fixes {
    fn take(&mut self, file: File, fixed: Fixed) {
        if fixed.changes.is_empty() && fixed.left.is_empty() {
            return;
        }
        let diff = remarks(&fixed.changes, &file.shown) + &unified(&file.shown, &file.text, &fixed.text);
        self.variables.extend(&fixed.variables);
        self.files.push(FixedFile {
            path: file.shown,
            changes: fixed.changes,
            left: fixed.left,
            diff,
            written: false,
            text: fixed.text,
            full: file.full,
            before: file.text.into_bytes(),
        });
    }

    /// Writes the changes, each file whole or not at all, and the names of the variables.
    ///
    /// # Errors
    /// A file has changed since it was read, is a symbolic link, or can't be written. Files written before it stay written.
    pub fn write(&mut self, folder: &Path) -> io::Result<()> {
        for file in self.files.iter_mut().filter(|file| !file.diff.is_empty()) {
            if fs::read(&file.full).map_err(|error| named(&file.full, &error))? != file.before {
                return Err(io::Error::other(format!("{} has changed meanwhile; run the command again", file.path)));
            }
            replace(&file.full, file.text.as_bytes()).map_err(|error| named(&file.full, &error))?;
            file.written = true;
        }
        if self.files.iter().any(|file| file.written) { self.write_example(folder) } else { Ok(()) }
    }

    /// Adds the names that `.env.example` lacks.
    fn write_example(&self, folder: &Path) -> io::Result<()> {
        let path = folder.join(EXAMPLE);
        let mut text = match fs::symlink_metadata(&path) {
            Ok(meta) if !meta.is_file() => return Err(io::Error::other(format!("{} is not a file", shown::path(&path)))),
            Ok(_) => fs::read_to_string(&path)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(named(&path, &error)),
        };
        let has = |text: &str, name: &str| text.lines().any(|line| line.split('=').next().map(str::trim) == Some(name));
        let missing: Vec<&str> = self.variables.iter().copied().filter(|name| !has(&text, name)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        missing.iter().for_each(|name| text.push_str(&format!("{name}=\n")));
        replace(&path, text.as_bytes()).map_err(|error| named(&path, &error))
    }
}

/// Notes for a reader of the difference, as lines that `git apply` and `patch` skip.
fn remarks(changes: &[Note], path: &str) -> String {
    let told = |note: &&Note| note.what.contains(super::paths::RULES);
    changes.iter().filter(told).map(|note| format!("# {}:{}: {}\n", shown::line(path), note.line, note.what)).collect()
}

/// Whether a text may need a change; most files do not.
fn mentions(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    ["hubapi", "hubspot", "hapikey", "pat-"].iter().any(|word| lower.contains(word))
        || ["/crm/v", "/oauth/v", "/contacts/v", "/marketing/v", "/cms/v"].iter().any(|path| lower.contains(path))
}

/// Replaces a file with a new one, and keeps its permissions. A reader sees either the old or the new file.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if path.components().any(|part| part == Component::ParentDir) {
        return Err(io::Error::other("the path leads out of the folder"));
    }
    let permissions = match fs::symlink_metadata(path) {
        Ok(meta) if !meta.is_file() => return Err(io::Error::other("it is not a file any more")),
        Ok(meta) => Some(meta.permissions()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = folder.join(format!(".{name}.keyway-{}", std::process::id()));
    let mut options = fs::OpenOptions::new();
    // A file that already exists under the temporary name is not Keyway's, and may be an attack.
    let mut file = options.write(true).create_new(true).open(&temporary)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.sync_all())
        .and_then(|()| permissions.map_or(Ok(()), |permissions| fs::set_permissions(&temporary, permissions)));
    match written.and_then(|()| fs::rename(&temporary, path)) {
        Ok(()) => Ok(()),
        Err(error) => {
            let _ = fs::remove_file(&temporary);
            Err(error)
        }
    }
}
