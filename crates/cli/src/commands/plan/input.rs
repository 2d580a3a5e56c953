//! What a plan is made from: a scan's report or a folder, comments and manifests beside it, settings,
//! and the calls that a server has on record.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, bail};
use keyway_core::plan::{self, Grouping, Named, Recorded, Report};
use keyway_core::shown;
use keyway_scan::detect::Wanted;
use keyway_scan::judge::Judgement;
use keyway_scan::scan::{self, Options, Progress};
use keyway_scan::source::tree::Which;
use serde::Deserialize;

use crate::args::Connection;
use crate::args::plan::{By, Plan as Args};
use crate::client::list_all;

/// Largest report that is read, in bytes.
const REPORT_BYTES_MAX: u64 = 256 << 20;
/// How far into a file a comment is looked for, in bytes.
const HEAD_BYTES_MAX: u64 = 64 << 10;
/// A comment that names the integration: `# keyway:app Order sync`.
const COMMENT: &str = "keyway:app ";
/// Files that make a folder a package.
const MANIFESTS: [&str; 11] = [
    "package.json",
    "pyproject.toml",
    "requirements.txt",
    "setup.py",
    "composer.json",
    "Gemfile",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "go.mod",
    "Cargo.toml",
];

#[derive(Default, Deserialize)]
#[serde(default)]
struct File {
    plan: Settings,
}

/// The table `[plan]`.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    by: Option<plan::By>,
    name: Option<String>,
    app: BTreeMap<String, Named>,
}

/// The report, if one was named, and how it is to be grouped.
pub(super) fn read(args: &Args) -> anyhow::Result<(Option<Report>, Grouping)> {
    let folder = args.from.as_deref().filter(|path| path.is_dir());
    let root = args.root.clone().or_else(|| folder.map(Path::to_path_buf)).unwrap_or_else(|| PathBuf::from("."));
    let report = match (&args.from, folder) {
        (_, Some(folder)) => Some(scanned(folder)?),
        (Some(path), None) => Some(report(path)?),
        (None, None) => None,
    };
    if report.as_ref().is_some_and(|report| report.version != 1) {
        bail!("the report is of another version than 1");
    }
    let settings = settings(args, &root)?;
    let by = args.by.map(|by| match by {
        By::Service => plan::By::Service,
        By::Folder => plan::By::Folder,
        By::Repository => plan::By::Repository,
    });
    let files = report.as_ref().map(Report::files).unwrap_or_default();
    let named = settings.app.into_iter().map(|(name, app)| Named { name, ..app }).collect();
    let grouping = Grouping {
        by: by.or(settings.by).unwrap_or_default(),
        repository: settings.name.unwrap_or_else(|| name_of(&root)),
        manifests: manifests(&root, &files),
        comments: files.iter().filter_map(|file| Some(((*file).to_owned(), comment(&root, file)?))).collect(),
        named,
    };
    Ok((report, grouping))
}

fn report(path: &Path) -> anyhow::Result<Report> {
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().take(REPORT_BYTES_MAX).read_to_string(&mut text).context("standard input can't be read")?;
    } else {
        let file = std::fs::File::open(path).with_context(|| format!("{} can't be read", shown::path(&path)))?;
        file.take(REPORT_BYTES_MAX).read_to_string(&mut text).with_context(|| format!("{} can't be read", shown::path(&path)))?;
    }
    serde_json::from_str(&text).with_context(|| format!("{} is no report of `keyway scan --json`", shown::path(&path)))
}

/// The same report, of a folder that is scanned now.
fn scanned(folder: &Path) -> anyhow::Result<Report> {
    let options = Options {
        which: Which { roots: vec![folder.to_path_buf()], no_ignore: false, ignore: Vec::new() },
        wanted: Wanted { usages: true },
        judgement: Judgement { least: keyway_scan::finding::Confidence::Medium, keep_values: false, baseline: Default::default() },
        progress: Progress::default(),
    };
    let report = scan::files(&options).with_context(|| format!("{} can't be scanned", shown::path(&folder)))?;
    Ok(serde_json::from_str(&keyway_scan::report::json(&report))?)
}

fn settings(args: &Args, root: &Path) -> anyhow::Result<Settings> {
    let path = args.config.clone().unwrap_or_else(|| root.join("keyway.toml"));
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(toml::from_str::<File>(&text).with_context(|| format!("{} can't be read", shown::path(&path)))?.plan),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && args.config.is_none() => Ok(Settings::default()),
        Err(error) => Err(error).with_context(|| format!("{} can't be read", shown::path(&path))),
    }
}

fn name_of(root: &Path) -> String {
    let whole = root.canonicalize().unwrap_or_else(|_| root.to_path_buf());
    whole.file_name().map_or_else(|| "repository".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// Where a file of the report is; none where its path leads out of the root, or into an archive.
fn inside(root: &Path, file: &str) -> Option<PathBuf> {
    let path = Path::new(file);
    let plain = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    (plain && !file.contains('!')).then(|| root.join(path))
}

/// The folders above the files that hold a manifest.
fn manifests(root: &Path, files: &[&str]) -> Vec<String> {
    let mut folders: Vec<String> = files
        .iter()
        .filter(|file| inside(root, file).is_some())
        .flat_map(|file| Path::new(file).ancestors().skip(1).map(|folder| folder.to_string_lossy().trim_start_matches("./").to_owned()))
        .collect();
    folders.sort();
    folders.dedup();
    folders.retain(|folder| MANIFESTS.iter().any(|manifest| root.join(folder).join(manifest).is_file()));
    folders
}

/// The integration that a file's comment names.
fn comment(root: &Path, file: &str) -> Option<String> {
    let mut head = Vec::new();
    std::fs::File::open(inside(root, file)?).ok()?.take(HEAD_BYTES_MAX).read_to_end(&mut head).ok()?;
    let text = String::from_utf8_lossy(&head);
    let name = text.lines().find_map(|line| line.split_once(COMMENT))?.1;
    let name = name.trim().trim_end_matches("*/").trim_end_matches("-->").trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// The calls on record.
pub(super) async fn recorded(connection: &Connection, args: &Args) -> anyhow::Result<Vec<Recorded>> {
    let account = args.account.map(|hub_id| format!("&hubId={hub_id}")).unwrap_or_default();
    let mut answer = list_all(connection, &format!("/api/v1/usage?days={}{account}", args.days), "usage").await?;
    serde_json::from_value(answer["usage"].take()).context("the server's answer can't be read")
}
