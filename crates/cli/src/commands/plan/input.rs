//! The input of a plan: a scan's report or a folder, the comments and manifests beside it, settings, and the
//! calls that a server has recorded.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use keyway_advice::plan::{self, FixNote, Grouping, Named, Recorded, Report};
use keyway_core::shown;
use keyway_core::written::is_keyways;
use keyway_scan::detect::Wanted;
use keyway_scan::judge::Judgement;
use keyway_scan::scan::{self, Options, Progress};
use keyway_scan::source::tree::Which;
use serde::Deserialize;

use crate::args::Connection;
use crate::args::plan::{By, Plan as Args, Sorting};
use crate::client::list_all;

/// Largest report that is read, in bytes.
const REPORT_BYTES_MAX: u64 = 256 << 20;
/// How far into a file a comment is looked for, in bytes.
const HEAD_BYTES_MAX: u64 = 64 << 10;
/// A comment that names the integration: `# keyway:app Order sync`.
const COMMENT: &str = "keyway:app ";
/// Folders that are not searched for manifests: what is in them is not the repository's own.
const NOT_SEARCHED: [&str; 8] = ["node_modules", "vendor", "venv", "target", "__pycache__", "site-packages", "bower_components", "obj"];
/// Largest manifest that is read, in bytes.
const MANIFEST_BYTES_MAX: u64 = 1 << 20;
/// Largest file that is compared with others, in bytes.
const COMPARED_BYTES_MAX: u64 = 4 << 20;
/// Folders that are searched for manifests, and how deep.
const FOLDERS_MAX: usize = 20_000;
const DEPTH_MAX: usize = 12;
/// Where GitHub and GitLab look for owners.
const OWNERS: [&str; 4] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"];

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
pub fn read(from: Option<&Path>, no_ignore: bool, sorting: &Sorting) -> anyhow::Result<(Option<Report>, Grouping)> {
    let folder = from.filter(|path| path.is_dir());
    if no_ignore && folder.is_none() {
        bail!(
            "--no-ignore is for a folder, which is scanned. A report has what the scan read: make it with \"keyway scan --no-ignore --json\""
        );
    }
    let root = sorting.root.clone().or_else(|| folder.map(Path::to_path_buf)).unwrap_or_else(|| PathBuf::from("."));
    let report = match (from, folder) {
        (_, Some(folder)) => Some(Report { fix: fixed(folder), ..scanned(folder, no_ignore)? }),
        (Some(path), None) => Some(report(path)?),
        (None, None) => None,
    };
    if report.as_ref().is_some_and(|report| report.version != 1) {
        bail!("the report is of another version than 1");
    }
    let settings = settings(sorting.config.as_deref(), &root)?;
    let by = sorting.by.map(|by| match by {
        By::Service => plan::By::Service,
        By::Folder => plan::By::Folder,
        By::Repository => plan::By::Repository,
    });
    let files = report.as_ref().map(Report::files).unwrap_or_default();
    let named = settings.app.into_iter().map(|(name, app)| Named { name, ..app }).collect();
    let heads: Vec<(&str, String)> = files.iter().filter_map(|file| Some((*file, head(&root, file)?))).collect();
    let (units, manifests) = units(&root);
    let grouping = Grouping {
        by: by.or(settings.by).unwrap_or_default(),
        // A report says which folder was scanned, which need not be the one that the user is in.
        repository: settings.name.or_else(|| scanned_as(report.as_ref(), sorting)).unwrap_or_else(|| name_of(&root)),
        units,
        comments: heads.iter().filter_map(|(file, head)| Some(((*file).to_owned(), comment(head)?))).collect(),
        named,
        own: heads.iter().filter(|(_, head)| is_keyways(head)).map(|(file, _)| (*file).to_owned()).collect(),
        hashes: files.iter().map(|file| (*file).to_owned()).chain(manifests).filter_map(|file| hash(&root, file)).collect(),
        owners: owners(&root),
        variables: heads
            .iter()
            .flat_map(|(file, head)| plan::variables(head).into_iter().map(move |name| ((*file).to_owned(), name)))
            .collect(),
    };
    Ok((report, grouping))
}

/// The name of the folder that a report is of, where no option names the folder.
fn scanned_as(report: Option<&Report>, sorting: &Sorting) -> Option<String> {
    let name = report.filter(|_| sorting.root.is_none())?.folder.as_deref()?;
    Some(shown::line(name).into_owned()).filter(|name| !name.is_empty())
}

fn report(path: &Path) -> anyhow::Result<Report> {
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().take(REPORT_BYTES_MAX).read_to_string(&mut text).context("standard input can't be read")?;
    } else {
        let file = std::fs::File::open(path).with_context(|| format!("{} can't be read", shown::path(&path)))?;
        file.take(REPORT_BYTES_MAX).read_to_string(&mut text).with_context(|| format!("{} can't be read", shown::path(&path)))?;
    }
    serde_json::from_str(&text).map_err(|error| {
        let what = if error.is_data() { "another form of JSON" } else { "not JSON" };
        anyhow!(
            "{} is not a report of \"keyway scan --json\" ({what}: line {}, column {}). Write one with \"keyway scan --json FOLDER > report.json\", or pass the folder",
            shown::path(&path),
            error.line(),
            error.column()
        )
    })
}

/// The same report, of a folder that is scanned now.
fn scanned(folder: &Path, no_ignore: bool) -> anyhow::Result<Report> {
    let options = Options {
        which: Which { roots: vec![folder.to_path_buf()], no_ignore, ignore: Vec::new() },
        wanted: Wanted { usages: true },
        judgement: Judgement { least: keyway_scan::finding::Confidence::Medium, keep_values: false, baseline: Default::default() },
        progress: Progress::default(),
    };
    let report = scan::files(&options).with_context(|| format!("{} can't be scanned", shown::path(&folder)))?;
    Ok(serde_json::from_str(&keyway_scan::report::json(&report))?)
}

fn settings(config: Option<&Path>, root: &Path) -> anyhow::Result<Settings> {
    let path = config.map_or_else(|| root.join("keyway.toml"), Path::to_path_buf);
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(toml::from_str::<File>(&text).with_context(|| format!("{} can't be read", shown::path(&path)))?.plan),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && config.is_none() => Ok(Settings::default()),
        Err(error) => Err(error).with_context(|| format!("{} can't be read", shown::path(&path))),
    }
}

pub(in crate::commands) fn name_of(root: &Path) -> String {
    let whole = root.canonicalize().unwrap_or_else(|_| root.to_path_buf());
    whole.file_name().map_or_else(|| "repository".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// Where a file of the report is; none where its path leads out of the root, or into an archive.
fn inside(root: &Path, file: &str) -> Option<PathBuf> {
    let path = Path::new(file);
    let plain = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    (plain && !file.contains('!')).then(|| root.join(path))
}

/// Reads the units that manifests and deploy files describe. Returns them with the files that they came from.
fn units(root: &Path) -> (Vec<plan::Unit>, Vec<String>) {
    let (mut units, mut files) = (Vec::new(), Vec::new());
    let mut folders = vec![(String::new(), 0)];
    let mut searched = 0;
    while let Some((folder, depth)) = folders.pop().filter(|_| searched < FOLDERS_MAX) {
        searched += 1;
        let mut entries: Vec<_> = std::fs::read_dir(root.join(&folder)).into_iter().flatten().flatten().collect();
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let (Ok(kind), Ok(name)) = (entry.file_type(), entry.file_name().into_string()) else { continue };
            let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            if kind.is_dir() {
                if depth < DEPTH_MAX && !name.starts_with('.') && !NOT_SEARCHED.contains(&name.as_str()) {
                    folders.push((path, depth + 1));
                }
            } else if kind.is_file() && plan::may_tell(&name) {
                let text = bytes(&root.join(&path), MANIFEST_BYTES_MAX).unwrap_or_default();
                if let Some(unit) = plan::manifest(&path, &String::from_utf8_lossy(&text)) {
                    units.push(unit);
                    files.push(path);
                }
            }
        }
    }
    (units, files)
}

/// The first bytes of a file.
fn bytes(path: &Path, most: u64) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path).ok()?.take(most).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

pub(in crate::commands) fn head(root: &Path, file: &str) -> Option<String> {
    Some(String::from_utf8_lossy(&bytes(&inside(root, file)?, HEAD_BYTES_MAX)?).into_owned())
}

/// The integration that a file's comment names.
fn comment(head: &str) -> Option<String> {
    let name = head.lines().find_map(|line| line.split_once(COMMENT))?.1;
    let name = name.trim().trim_end_matches("*/").trim_end_matches("-->").trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// A hash by which a copy of a file is known; none of a file that is too large to compare.
fn hash(root: &Path, file: String) -> Option<(String, String)> {
    let path = inside(root, &file)?;
    if std::fs::metadata(&path).ok()?.len() > COMPARED_BYTES_MAX {
        return None;
    }
    let hash = plan::hash_of(&bytes(&path, COMPARED_BYTES_MAX)?);
    Some((file, hash))
}

/// Who answers for which files.
fn owners(root: &Path) -> Vec<(String, String)> {
    let text = OWNERS.iter().find_map(|file| bytes(&root.join(file), MANIFEST_BYTES_MAX)).unwrap_or_default();
    let line = |line: &str| {
        let line = line.split('#').next()?.trim();
        let (pattern, owners) = line.split_once(char::is_whitespace)?;
        (!pattern.starts_with('[')).then(|| (pattern.to_owned(), owners.split_whitespace().collect::<Vec<_>>().join(", ")))
    };
    String::from_utf8_lossy(&text).lines().filter_map(line).collect()
}

/// What `keyway fix` would do in the folder; none where it can't be run there.
fn fixed(folder: &Path) -> Option<Vec<FixNote>> {
    let fixes = keyway_scan::fix::write::plan(&[folder.to_path_buf()], &[]).ok()?;
    let prefix = folder.to_string_lossy().replace('\\', "/");
    let prefix = prefix.trim_start_matches("./").trim_end_matches('/');
    let prefix = if prefix == "." { "" } else { prefix };
    let mut notes = Vec::new();
    for file in &fixes.files {
        let path = file.path.strip_prefix(prefix).unwrap_or(&file.path).trim_start_matches('/');
        for (note, by_hand) in file.changes.iter().map(|note| (note, false)).chain(file.left.iter().map(|note| (note, true))) {
            notes.push(FixNote { path: path.to_owned(), line: note.line as u64, what: note.what.clone(), by_hand });
        }
    }
    Some(notes)
}

/// Asks the server for its recorded calls.
pub(super) async fn recorded(connection: &Connection, args: &Args) -> anyhow::Result<Vec<Recorded>> {
    let account = args.hub_id.map(|hub_id| format!("&hubId={hub_id}")).unwrap_or_default();
    let mut answer = list_all(connection, &format!("/api/v1/usage?days={}{account}", args.days), "usage").await?;
    serde_json::from_value(answer["usage"].take()).context("the server's answer can't be read")
}
