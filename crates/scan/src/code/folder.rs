//! What a project's manifests and build settings show about where its code runs.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

/// The most bytes of a manifest that are read.
const MANIFEST_BYTES_MAX: u64 = 1 << 20;

/// Files that mark the root folder of a project.
const MANIFESTS: [&str; 12] = [
    "package.json",
    "deno.json",
    "deno.jsonc",
    "pyproject.toml",
    "setup.py",
    "composer.json",
    "Gemfile",
    "go.mod",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "wrangler.toml",
];

/// Prefixes of the file names of build settings, and the tool that each belongs to.
const SETTINGS: [(&str, &str); 22] = [
    ("vite.config.", "vite"),
    ("vue.config.", "vue"),
    ("angular.json", "angular"),
    ("webpack.config.", "webpack"),
    ("next.config.", "next"),
    ("nuxt.config.", "nuxt"),
    ("svelte.config.", "svelte"),
    ("astro.config.", "astro"),
    ("remix.config.", "remix"),
    ("react-router.config.", "remix"),
    ("gatsby-config.", "gatsby"),
    ("quasar.config.", "quasar"),
    ("metro.config.", "react-native"),
    ("ionic.config.json", "ionic"),
    ("capacitor.config.", "ionic"),
    ("wrangler.toml", "worker"),
    ("wrangler.json", "worker"),
    ("deno.json", "deno"),
    ("appsscript.json", "apps-script"),
    (".clasp.json", "apps-script"),
    ("index.html", "page"),
    ("AndroidManifest.xml", "android"),
];

/// What a folder's own files, and those of its project, show.
#[derive(Clone, Debug, Default)]
pub struct Folder {
    /// The root folder of its project.
    pub root: PathBuf,
    /// The project's `package.json`; empty where there is none.
    pub package: String,
    /// Tools whose settings are in the folder, or above it in the project.
    pub settings: BTreeSet<&'static str>,
}

impl Folder {
    /// Whether the project's `package.json` has a field or a dependency with this name.
    pub fn has(&self, name: &str) -> bool {
        self.package.contains(&format!("\"{name}\""))
    }

    /// Whether the project's `package.json` has one of these names.
    pub fn has_any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.has(name))
    }

    /// Whether the settings of one of these tools are there.
    pub fn is_set_up(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.settings.contains(name))
    }
}

/// The folders that were read so far.
#[derive(Default)]
pub(crate) struct Folders {
    known: HashMap<PathBuf, Folder>,
}

impl Folders {
    /// The folder of a file, below the top folder.
    pub fn of(&mut self, top: &Path, file: &Path) -> Folder {
        let folder = file.parent().unwrap_or(top);
        let mut above: Vec<&Path> = folder.ancestors().take_while(|above| above.starts_with(top)).collect();
        if above.is_empty() {
            above.push(top);
        }
        let mut at = Folder { root: top.to_path_buf(), ..Folder::default() };
        for folder in above.into_iter().rev() {
            at = match self.known.get(folder) {
                Some(known) => known.clone(),
                None => {
                    let read = read(folder, &at);
                    self.known.insert(folder.to_path_buf(), read.clone());
                    read
                }
            };
        }
        at
    }
}

fn read(folder: &Path, above: &Folder) -> Folder {
    let names: BTreeSet<String> = fs::read_dir(folder)
        .map(|entries| entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
        .unwrap_or_default();
    let has = |name: &str| names.contains(name);
    let begins = MANIFESTS.iter().any(|name| has(name));
    let mut found = if begins { Folder { root: folder.to_path_buf(), ..Folder::default() } } else { above.clone() };
    // Settings above a project do not apply to it, except those of Deno.
    if begins && above.settings.contains("deno") && !has("package.json") {
        found.settings.insert("deno");
    }
    found.settings.extend(SETTINGS.iter().filter(|(start, _)| names.iter().any(|name| name.starts_with(start))).map(|(_, what)| *what));
    if has("package.json") {
        found.package = text(&folder.join("package.json"));
    }
    if has("manifest.json") && text(&folder.join("manifest.json")).contains("\"manifest_version\"") {
        found.settings.insert("extension");
    }
    found
}

fn text(path: &Path) -> String {
    let small = fs::symlink_metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() <= MANIFEST_BYTES_MAX);
    if small { fs::read_to_string(path).unwrap_or_default() } else { String::new() }
}
