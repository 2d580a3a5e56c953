//! What `fix` does and leaves alone, one file for each kind of fault that was seen in the field.

mod advice;
mod browsers;
mod data;
mod keys;
mod parts;
mod rules;
mod tests;
mod workflows;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use keyway_scan::fix::write::{FixedFile, plan};
use tempfile::TempDir;

/// A folder that was looked through.
struct Project {
    folder: TempDir,
    files: Vec<FixedFile>,
}

/// Writes files into a folder, and looks through it. The printed patch must apply, and a second run must
/// find nothing more to change.
fn project(files: &[(&str, &str)]) -> Project {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let full = folder.path().join(path);
        fs::create_dir_all(full.parent().unwrap()).unwrap();
        fs::write(full, text).unwrap();
    }
    let root = vec![PathBuf::from(folder.path())];
    let fixes = plan(&root, &[]).unwrap();
    applies(&folder, &fixes.files);
    let before = fixes.files.iter().map(|file| file.path.clone()).collect::<Vec<_>>();
    let mut again = plan(&root, &[]).unwrap();
    assert_eq!(before, again.files.iter().map(|file| file.path.clone()).collect::<Vec<_>>());
    again.write(folder.path()).unwrap();
    let twice = plan(&root, &[]).unwrap();
    let more: Vec<&str> = twice.files.iter().map(|file| file.diff.as_str()).filter(|diff| !diff.is_empty()).collect();
    assert!(more.is_empty(), "twice is not once: {more:?}");
    Project { folder, files: fixes.files }
}

/// `git apply --check` of the patch, in the folder that it is for.
fn applies(folder: &TempDir, files: &[FixedFile]) {
    let patch: String = files.iter().map(|file| file.diff.as_str()).collect();
    if patch.is_empty() {
        return;
    }
    let check = Command::new("git")
        .args(["apply", "--check", "-"])
        .current_dir(folder.path())
        .env("GIT_CEILING_DIRECTORIES", folder.path().parent().unwrap())
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut check = check.unwrap();
    std::io::Write::write_all(check.stdin.as_mut().unwrap(), patch.as_bytes()).unwrap();
    let done = check.wait_with_output().unwrap();
    assert!(done.status.success(), "{}\n{patch}", String::from_utf8_lossy(&done.stderr));
}

impl Project {
    /// The text of a file after the change.
    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.folder.path().join(path)).unwrap()
    }

    /// Whether a file was left as it was.
    fn kept(&self, path: &str) -> bool {
        self.files.iter().all(|file| file.path != path || file.diff.is_empty())
    }

    /// What was left alone in a file, and why.
    fn left(&self, path: &str) -> Vec<String> {
        self.files.iter().filter(|file| file.path == path).flat_map(|file| &file.left).map(|note| note.what.clone()).collect()
    }

    /// Asserts that a file stays, with a reason that holds these words.
    fn leaves(&self, path: &str, words: &str) {
        assert!(self.kept(path), "{}", self.text(path));
        assert!(self.left(path).iter().any(|why| why.contains(words)), "{path}: {:?}", self.left(path));
    }

    /// What was changed in a file.
    fn changes(&self, path: &str) -> Vec<String> {
        self.files.iter().filter(|file| file.path == path).flat_map(|file| &file.changes).map(|note| note.what.clone()).collect()
    }
}

/// What one file becomes.
fn fixed(path: &str, text: &str) -> String {
    project(&[(path, text)]).text(path)
}

/// Asserts what one file becomes.
fn becomes(path: &str, text: &str, expected: &str) {
    let project = project(&[(path, text)]);
    assert_eq!(project.text(path), expected, "left: {:?}", project.left(path));
}

/// Asserts that one file stays, with a reason that holds these words.
fn stays(path: &str, text: &str, words: &str) {
    project(&[(path, text)]).leaves(path, words);
}
