//! Clients, constants and tables of endpoints from another file: `const { hubspot } = require('./http')`, then
//! `hubspot.get('/objects/deals')`.
//!
//! Keyway scans a file that imports one with a HubSpot host once more, with the imported file appended. A call through the
//! other file's client or constant is then reported where the code sends it, and the report at the definition goes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

use super::Options;
use super::versions::{candidates, read};
use crate::detect::Text;
use crate::detect::usage::{self, Per};
use crate::finding::Usage;
use crate::text::{Places, is_word, line_near};

/// The most files with a host that others import, and the most files that import them.
pub(super) const FILES_MAX: usize = 2_000;
/// The most bytes that are read again in all, of both kinds of files.
const BYTES_MAX: usize = 64 << 20;
/// The most imported files that are appended to one file.
const BEHIND_MAX: usize = 4;
/// How far before a path the imported name may be, in bytes.
const NAME_REACH: usize = 200;

/// Adds the calls through imported clients and constants, and removes the reports at their definitions.
pub(super) fn resolve(usages: &mut Vec<Usage>, modules: &[String], users: &[String], options: &Options) {
    let files = Files::of(modules, options);
    if files.modules.is_empty() {
        return;
    }
    let mut gone: BTreeSet<(String, u64, u64)> = BTreeSet::new();
    let mut added: Vec<Usage> = Vec::new();
    let mut left = BYTES_MAX;
    for user in users.iter().take(FILES_MAX) {
        let Some(file) = files.on_disk(user) else { continue };
        let Some(text) = read(&file) else { continue };
        let Some(rest) = left.checked_sub(text.len()) else { break };
        left = rest;
        let brought = files.brought_in(user, &file, &text);
        if brought.is_empty() {
            continue;
        }
        let known: BTreeSet<(u64, u64)> =
            usages.iter().filter(|usage| usage.path == *user).map(|usage| (usage.line, usage.column)).collect();
        let mut names: BTreeSet<String> = BTreeSet::new();
        let mut whole = text.clone();
        let mut parts: Vec<(&str, usize, usize)> = Vec::new();
        for (module, its_names) in brought.iter().take(BEHIND_MAX) {
            let Some(content) = files.on_disk(module).and_then(|path| read(&path)) else { continue };
            names.extend(its_names.iter().cloned());
            // A program has one opening tag. Blanks in its place keep the offsets.
            let content = content.replacen("<?php", "     ", 1);
            whole.push('\n');
            parts.push((module, whole.len(), whole.len() + content.len()));
            whole.push_str(&content);
        }
        let Some(rest) = left.checked_sub(whole.len()) else { break };
        left = rest;
        let found = usage::find(Text { path: user, bytes: whole.as_bytes() }, Per::Call);
        let mut places = Places::new(text.as_bytes());
        let before = added.len();
        for (at, mut usage) in found.iter().filter(|(at, _)| *at < text.len()).cloned() {
            (usage.line, usage.column) = places.of(at);
            let new = !known.contains(&(usage.line, usage.column));
            if new && (names.is_empty() || is_near(&text, at, &names)) {
                user.clone_into(&mut usage.path);
                added.push(usage);
            }
        }
        if added.len() == before {
            continue;
        }
        for (module, start, end) in parts {
            let mut places = Places::new(&whole.as_bytes()[start..end]);
            let kept: BTreeSet<(u64, u64)> =
                found.iter().filter(|(at, _)| (start..end).contains(at)).map(|(at, _)| places.of(at - start)).collect();
            let lost = usages.iter().filter(|usage| usage.path == *module && !kept.contains(&(usage.line, usage.column)));
            gone.extend(lost.map(|usage| (usage.path.clone(), usage.line, usage.column)));
        }
    }
    usages.retain(|usage| !gone.contains(&(usage.path.clone(), usage.line, usage.column)));
    usages.extend(added);
    usages.sort();
    usages.dedup();
}

/// Whether one of the names is on the line of an offset or shortly before it.
fn is_near(text: &str, at: usize, names: &BTreeSet<String>) -> bool {
    let bytes = text.as_bytes();
    let near = &bytes[at.saturating_sub(NAME_REACH)..line_near(bytes, at).end.max(at)];
    near.split(|byte| !is_word(*byte)).any(|word| std::str::from_utf8(word).is_ok_and(|word| names.contains(word)))
}

/// The files with a host, by their paths.
struct Files<'m> {
    root: Option<PathBuf>,
    modules: BTreeMap<PathBuf, &'m str>,
}

impl<'m> Files<'m> {
    fn of(modules: &'m [String], options: &Options) -> Self {
        let single = options.which.roots.len() == 1;
        let root = match options.which.roots.first().filter(|_| single) {
            Some(root) if root.is_dir() => Some(root.clone()),
            _ => None,
        };
        let mut files = Self { root, modules: BTreeMap::new() };
        let places = modules.iter().take(FILES_MAX).filter_map(|module| Some((plain(&files.on_disk(module)?), module.as_str())));
        files.modules = places.collect();
        files
    }

    fn on_disk(&self, path: &str) -> Option<PathBuf> {
        if path.contains('!') {
            return None;
        }
        Some(self.root.as_ref().map_or_else(|| PathBuf::from(path), |root| root.join(path)))
    }

    /// The modules that a text imports, each with its names in this text; without names where the language imports the whole
    /// file.
    fn brought_in(&self, user: &str, file: &Path, text: &str) -> BTreeMap<&'m str, BTreeSet<String>> {
        let ending = file.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let folder = file.parent().unwrap_or(Path::new(""));
        let mut found: BTreeMap<&'m str, BTreeSet<String>> = BTreeMap::new();
        let mut add = |module: &'m str, names: Vec<String>| {
            if module != user {
                found.entry(module).or_default().extend(names);
            }
        };
        let module_of = |import: &str| candidates(folder, file, import).iter().find_map(|path| self.modules.get(&plain(path)).copied());
        match ending {
            "py" => {
                for captures in PYTHON.captures_iter(text).take(FILES_MAX) {
                    let import = &captures["spec"];
                    let names = captures.name("clause").map_or_else(
                        || vec![import.rsplit('.').next().unwrap_or(import).to_owned()],
                        |clause| identifiers(clause.as_str()),
                    );
                    if let Some(module) = module_of(import) {
                        add(module, names);
                    } else if captures.name("clause").is_some() {
                        let dotted = if import.ends_with('.') { import.to_owned() } else { format!("{import}.") };
                        for name in names {
                            if let Some(module) = module_of(&format!("{dotted}{name}")) {
                                add(module, vec![name]);
                            }
                        }
                    }
                }
            }
            "php" | "rb" | "rake" => {
                for captures in REQUIRED.captures_iter(text).take(FILES_MAX) {
                    if let Some(module) = module_of(&captures["spec"]) {
                        add(module, Vec::new());
                    }
                }
                self.by_class(text, ending, |module, class| add(module, vec![class]));
            }
            "go" => {
                let beside =
                    self.modules.iter().filter(|(path, _)| path.parent() == Some(&plain(folder)) && path.extension() == file.extension());
                beside.for_each(|(_, module)| add(module, Vec::new()));
            }
            "java" | "kt" | "cs" | "scala" | "groovy" => self.by_class(text, ending, |module, class| add(module, vec![class])),
            _ => {
                for captures in SCRIPT.captures_iter(text).take(FILES_MAX) {
                    let clause = captures.name("clause").or_else(|| captures.name("bound")).map_or("", |clause| clause.as_str());
                    if let Some(module) = module_of(&captures["spec"]) {
                        add(module, identifiers(clause));
                    }
                }
            }
        }
        found
    }

    /// The modules that hold a class named in the text: the file has the class's name.
    fn by_class(&self, text: &str, ending: &str, mut add: impl FnMut(&'m str, String)) {
        let words: BTreeSet<&str> = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').collect();
        for (path, module) in &self.modules {
            let class = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            let capital = class.starts_with(|first: char| first.is_ascii_uppercase());
            if capital && path.extension().is_some_and(|its| its == ending) && words.contains(class) {
                add(module, class.to_owned());
            }
        }
    }
}

static SCRIPT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?:\bimport\s+(?P<clause>[^;'"]{1,400}?)\s+from\s*|\b(?:const|let|var)\s+(?P<bound>[^;=]{1,400}?)\s*=\s*(?:await\s+)?(?:require|import)\(\s*)["'](?P<spec>\.[^"'\n]{1,200})["']"#,
    )
    .expect("a constant")
});
static PYTHON: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m)^\s*(?:from\s+(?P<spec>[.\w]+)\s+import\s+(?P<clause>\([^)]{1,400}\)|[^\n]{1,400}))").expect("a constant")
});
static REQUIRED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"\b(?:require_relative|require_once|include_once|require|include)\s*\(?\s*(?:__DIR__\s*\.\s*)?["']/?(?P<spec>[^"'\n]{1,200})["']"#)
        .expect("a constant")
});

/// The names that an import clause defines; of `a as b` and `{ a: b }` both names.
fn identifiers(clause: &str) -> Vec<String> {
    let words = clause.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_' && letter != '$');
    words.filter(|word| !word.is_empty() && !matches!(*word, "as" | "type" | "from" | "import")).map(str::to_owned).collect()
}

/// A path without `.` and `..`, resolved by its text alone.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if plain.file_name().is_some() => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}
