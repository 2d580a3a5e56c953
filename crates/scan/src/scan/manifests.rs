//! Folders that use HubSpot by their manifest. Where `package.json` lists a HubSpot client, calls in the files below
//! belong to HubSpot, even if the files do not name it.
//!
//! The folders are known only after the scan of all files. Then only these folders are walked again.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

use super::{Options, Worker};
use crate::detect::{self, Text};
use crate::finding::Usage;
use crate::source::Skip;
use crate::source::tree::{self, Look, Which};
use crate::source::windows::Window;
use crate::text::Places;

/// The most folders that are walked again.
const FOLDERS_MAX: usize = 200;
/// Folders with code of others, or with build output.
const FOREIGN: [&str; 10] =
    ["node_modules", "vendor", "site-packages", "bower_components", "target", "dist", "build", ".venv", "venv", "third_party"];

/// The calls in files of these folders that the first walk skipped, and the programs among these files.
pub(super) fn find(manifests: &[String], options: &Options) -> io::Result<(Vec<Usage>, Vec<String>)> {
    let single = options.which.roots.len() == 1;
    let (mut usages, mut users) = (Vec::new(), Vec::new());
    for folder in folders(manifests) {
        let root = match options.which.roots.first().filter(|_| single) {
            Some(root) if root.is_dir() => root.join(&folder),
            Some(_) => continue,
            None => PathBuf::from(&folder),
        };
        let which = Which { roots: vec![root], ..options.which.clone() };
        for found in tree::walk(&which, || Passed { prefix: folder.clone(), worker: Worker::new(options) })? {
            usages.extend(found.worker.usages);
            users.extend(found.worker.users);
        }
    }
    Ok((usages, users))
}

/// The outermost folders of manifests, without folders of other people's code.
fn folders(manifests: &[String]) -> Vec<String> {
    let folders: BTreeSet<&str> =
        manifests.iter().map(|path| path.rsplit_once('/').map_or("", |(folder, _)| folder)).filter(|folder| !is_foreign(folder)).collect();
    let mut outermost: Vec<String> = Vec::new();
    for folder in folders {
        let inside =
            outermost.iter().any(|outer| outer.is_empty() || folder.strip_prefix(outer.as_str()).is_some_and(|rest| rest.starts_with('/')));
        if !inside && outermost.len() < FOLDERS_MAX {
            outermost.push(folder.to_owned());
        }
    }
    outermost
}

pub(super) fn is_foreign(path: &str) -> bool {
    path.split('/').any(|part| FOREIGN.contains(&part)) || path.contains('!')
}

/// Examines files that the first walk skipped.
struct Passed<'a> {
    prefix: String,
    worker: Worker<'a>,
}

impl Look for Passed<'_> {
    fn look(&mut self, path: &str, window: &Window<'_>) {
        let path = if self.prefix.is_empty() { path.to_owned() } else { format!("{}/{path}", self.prefix) };
        if !is_code(&path) || is_foreign(&path) {
            return;
        }
        let text = Text { path: &path, bytes: window.bytes };
        detect::search(text, &mut self.worker.hits);
        // The first walk has examined the others.
        if self.worker.hits.hubspot || self.worker.hits.hubspot_path {
            return;
        }
        self.worker.notes_program(&path, window, false);
        let mut places = Places::new(window.bytes);
        for (at, mut usage) in detect::usage::find(text, detect::usage::Per::Call).into_iter().filter(|(at, _)| *at < window.mine) {
            path.clone_into(&mut usage.path);
            (usage.line, usage.column) = places.of(at);
            super::shift(window, &mut usage.line, &mut usage.column);
            self.worker.usages.push(usage);
        }
    }

    fn skip(&mut self, _: Skip) {}

    fn read(&mut self, _: u64) {}
}

/// Whether a file is a program, by its name.
pub(super) fn is_code(path: &str) -> bool {
    const ENDINGS: [&str; 23] = [
        "js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx", "py", "php", "rb", "rake", "java", "kt", "scala", "groovy", "go", "cs", "vb",
        "fs", "vue", "svelte", "ex",
    ];
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    ENDINGS.contains(&ending) && !path.ends_with(".min.js")
}
