//! The files of one project: where each of them runs, and which changes depend on each other. Where the code moves a path,
//! its tests move too. Where a test, a list or a comparison still names a path, the path stays in the whole project.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::{Fixed, Language, Setting, fix_in, role};
use crate::code::folder::{Folder, Folders};
use crate::code::platform::{self, Platform};

/// The most passes over a project. Each pass may find more paths that must stay; most projects need one.
const ROUNDS_MAX: usize = 6;
/// The most scripts of a run whose imports are followed.
const SCRIPTS_MAX: usize = 50_000;
/// The most imports of one script that are followed.
const IMPORTS_MAX: usize = 500;
/// Extensions of code that may name paths, but that Keyway does not rewrite.
const OTHER_CODE: [&str; 12] = ["vue", "svelte", "kt", "scala", "rs", "swift", "ex", "exs", "clj", "groovy", "dart", "vb"];
/// Extensions that an import may omit.
const ENDINGS: [&str; 12] = ["", ".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".vue", ".svelte", "/index.ts", "/index.js", "/index.tsx"];

/// A file that may be rewritten.
pub(super) struct File {
    /// The path that reports and patches show.
    pub shown: String,
    /// The path on disk.
    pub full: PathBuf,
    /// Its present content.
    pub text: String,
    project: PathBuf,
    platform: Platform,
    test: bool,
}

/// All files of a run.
#[derive(Default)]
pub(super) struct Files {
    folders: Folders,
    files: Vec<File>,
    /// The scripts: the platform of each, and its imports.
    scripts: HashMap<PathBuf, (Platform, Vec<PathBuf>)>,
}

impl Files {
    /// Adds a file. `top` is the top folder; `wanted` is whether Keyway may rewrite the file.
    pub fn add(&mut self, top: &Path, full: &Path, shown: String, text: String, wanted: bool) {
        let below = full.strip_prefix(top).unwrap_or(full).to_string_lossy().replace('\\', "/");
        let below = if below.is_empty() { shown.clone() } else { below };
        let folder = self.folders.of(top, full);
        let ending = ending(&below);
        let script = matches!(ending, "js" | "mjs" | "cjs" | "jsx" | "tsx" | "ts" | "mts" | "cts" | "vue" | "svelte" | "html" | "htm");
        let platform = Platform::of(&below, &text, &folder);
        if script && self.scripts.len() < SCRIPTS_MAX {
            self.scripts.insert(full.to_path_buf(), (platform.clone(), imports(full, &folder, ending, &text)));
        }
        if wanted {
            let test = role::is_test(&below, &text);
            self.files.push(File { shown, full: full.to_path_buf(), text, project: folder.root, platform, test });
        }
    }

    /// Rewrites all files, one project at a time.
    pub fn fix(mut self) -> Vec<(File, Fixed)> {
        self.follow_imports();
        let mut by_project: BTreeMap<PathBuf, Vec<File>> = BTreeMap::new();
        for (project, file) in projects(&self.files).into_iter().zip(self.files) {
            by_project.entry(project).or_default().push(file);
        }
        by_project.into_values().flat_map(fix_project).collect()
    }

    /// Marks the imports of a browser's script as browser code, too, unless their own text names another platform.
    fn follow_imports(&mut self) {
        let mut open: Vec<PathBuf> =
            self.scripts.iter().filter(|(_, (platform, _))| platform.is_browser()).map(|(path, _)| path.clone()).collect();
        let mut seen: HashSet<PathBuf> = open.iter().cloned().collect();
        while let Some(path) = open.pop() {
            let imported = self.scripts.get(&path).map(|(_, imports)| imports.clone()).unwrap_or_default();
            for import in imported {
                let target = ENDINGS.iter().map(|ending| with_ending(&import, ending)).find(|path| self.scripts.contains_key(path));
                let Some(target) = target.filter(|target| !seen.contains(target)) else { continue };
                if let Some((platform, _)) = self.scripts.get_mut(&target).filter(|(platform, _)| *platform == Platform::Unsaid) {
                    *platform = platform::BROWSER;
                    seen.insert(target.clone());
                    open.push(target);
                }
            }
        }
        for file in &mut self.files {
            if let Some((platform, _)) = self.scripts.get(&file.full) {
                file.platform = platform.clone();
            }
        }
    }
}

/// Rewrites one file, as a project of its own.
pub(super) fn alone(path: &str, text: &str) -> Option<Fixed> {
    let mut files = Files::default();
    files.files.push(File {
        shown: path.to_owned(),
        full: PathBuf::from(path),
        text: text.to_owned(),
        project: PathBuf::new(),
        platform: Platform::of(path, text, &Folder::default()),
        test: role::is_test(path, text),
    });
    files.fix().pop().map(|(_, fixed)| fixed)
}

fn ending(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path).rsplit_once('.').map_or("", |(_, ending)| ending)
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let text = path.to_string_lossy();
    // `import './hubspot.js'` in TypeScript names the compiler's output.
    match text.strip_suffix(".js").filter(|_| ending.starts_with(".t")) {
        Some(stem) => PathBuf::from(format!("{stem}{ending}")),
        None => PathBuf::from(format!("{text}{ending}")),
    }
}

/// The files of its own project that a script imports. Imports of types do not count: they do not exist at run time.
fn imports(full: &Path, folder: &Folder, kind: &str, text: &str) -> Vec<PathBuf> {
    let Some(here) = full.parent() else { return Vec::new() };
    let marks: &[&str] = if kind.starts_with("htm") { &["src="] } else { &["from ", "from", "import(", "import ", "require("] };
    let mut found = Vec::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with("import type ")) {
        for mark in marks {
            let Some(at) = line.rfind(mark) else { continue };
            let rest = line[at + mark.len()..].trim_start();
            let Some(quote) = rest.chars().next().filter(|quote| matches!(quote, '"' | '\'' | '`')) else { continue };
            let Some(name) = rest[1..].split(quote).next() else { continue };
            let target = match () {
                () if name.starts_with("./") || name.starts_with("../") => here.join(name),
                // The usual aliases of a project's root.
                () if name.starts_with("@/") || name.starts_with("~/") => {
                    found.push(folder.root.join(&name[2..]));
                    folder.root.join("src").join(&name[2..])
                }
                () if kind.starts_with("htm") && !name.contains("://") => here.join(name.trim_start_matches('/')),
                () => continue,
            };
            found.push(target);
            break;
        }
        if found.len() >= IMPORTS_MAX {
            break;
        }
    }
    found.into_iter().map(|path| plain(&path)).collect()
}

/// A path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir if plain.file_name().is_some() => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

/// The project of each file. Tests in a project of their own beside the code belong to the nearest project above with
/// code, or else to all projects below.
fn projects(files: &[File]) -> Vec<PathBuf> {
    let with_code: BTreeSet<&Path> = files.iter().filter(|file| !file.test && is_code(file)).map(|file| file.project.as_path()).collect();
    let lonely: BTreeSet<&Path> = files
        .iter()
        .filter(|file| file.test && !file.project.ancestors().any(|folder| with_code.contains(folder)))
        .map(|file| file.project.as_path())
        .collect();
    let of = |file: &File| {
        let whole = file.project.ancestors().filter(|folder| lonely.contains(folder)).last();
        let above = file.project.ancestors().find(|folder| with_code.contains(folder));
        whole.or(above.filter(|_| file.test)).unwrap_or(&file.project).to_path_buf()
    };
    files.iter().map(of).collect()
}

fn is_code(file: &File) -> bool {
    Language::of(&file.shown, &file.text).is_some() || OTHER_CODE.contains(&ending(&file.shown))
}

fn fix_project(files: Vec<File>) -> Vec<(File, Fixed)> {
    let mut held: BTreeSet<String> = BTreeSet::new();
    let mut done: HashMap<usize, Fixed> = HashMap::new();
    for _ in 0..ROUNDS_MAX {
        let mut moved: BTreeSet<String> = BTreeSet::new();
        for test in [false, true] {
            for (at, file) in files.iter().enumerate().filter(|(_, file)| file.test == test) {
                let setting = Setting { platform: &file.platform, test, moved: &moved, held: &held };
                if let Some(fixed) = fix_in(&file.shown, &file.text, &setting) {
                    done.insert(at, fixed);
                }
            }
            if !test {
                moved = done.values().flat_map(|fixed| fixed.moved.iter().cloned()).collect();
            }
        }
        let decides = |key: &&String| done.values().flat_map(|fixed| &fixed.data).any(|path| holds(path, key));
        let stay: BTreeSet<String> = moved.iter().filter(|key| decides(key) || remains(&files, &done, key)).cloned().collect();
        if stay.is_subset(&held) {
            break;
        }
        held.extend(stay);
    }
    files.into_iter().enumerate().filter_map(|(at, file)| Some((file, done.remove(&at)?))).collect()
}

/// Whether a test names a path that was moved, while a file of the project still has the path.
fn remains(files: &[File], done: &HashMap<usize, Fixed>, key: &str) -> bool {
    let tested = files.iter().any(|file| file.test && names(&file.shown, &file.text, key));
    let after = |at: usize| done.get(&at).map_or(files[at].text.as_str(), |fixed| fixed.text.as_str());
    tested && files.iter().enumerate().any(|(at, file)| (is_code(file) || file.test) && names(&file.shown, after(at), key))
}

/// The places where a text has a path as whole segments.
fn places(text: &str, key: &str) -> Vec<usize> {
    let ends = |end: usize| !text[end..].starts_with(|next: char| next.is_ascii_alphanumeric() || matches!(next, '_' | '-'));
    text.match_indices(key).filter(|(at, key)| ends(at + key.len())).map(|(at, _)| at).collect()
}

fn holds(text: &str, key: &str) -> bool {
    !places(text, key).is_empty()
}

/// Whether a text names a path outside of its comments.
fn names(path: &str, text: &str, key: &str) -> bool {
    let mut places = places(text, key);
    places.extend(self::places(text, &key.replace('/', "\\/")));
    if places.is_empty() {
        return false;
    }
    let source = Language::of(path, text).and_then(|language| crate::code::syntax::Source::parse(language, text));
    source.is_none_or(|source| places.iter().any(|at| !source.is_comment(*at)))
}
