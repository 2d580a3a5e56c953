//! Versions that another file holds: `import { API_VERSION } from './config'`.
//!
//! After the scan of all files, a few calls have an unknown version. Keyway finds the version in the file that the name
//! is imported from, or in a file of the same folder that defines the name.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use regex::Regex;

use crate::detect::usage::{Constants, closed};
use crate::finding::Usage;
use crate::source::tree::Which;

/// The largest file that is searched for a constant, in bytes.
const FILE_MAX: u64 = 256 << 10;
/// The most files in the folder of a call that are searched.
const BESIDE_MAX: usize = 200;

/// Completes the usages whose version can be found.
pub(super) fn close(usages: &mut [Usage], which: &Which) {
    let single = which.roots.len() == 1;
    for usage in usages.iter_mut().filter(|usage| usage.open.is_some() && !usage.path.contains('!')) {
        let root = which.roots.first().map_or(Path::new("."), PathBuf::as_path);
        let file = if single && root.is_dir() { root.join(&usage.path) } else { PathBuf::from(&usage.path) };
        let Some(name) = usage.open.as_ref().map(|open| open.name.clone()) else { continue };
        if let Some(known) = version(&file, &name).and_then(|version| closed(usage, &version)) {
            *usage = known;
        }
        usage.open = None;
    }
}

/// The version of a name that a file uses but does not define.
fn version(file: &Path, name: &str) -> Option<String> {
    let text = read(file)?;
    let folder = file.parent()?;
    let brought_in = imports(&text, name).into_iter().flat_map(|import| candidates(folder, file, &import));
    for candidate in brought_in {
        if let Some(version) = read(&candidate).and_then(|text| held(&text, name)) {
            return Some(version);
        }
    }
    // Imports in Go, Java, C# and Ruby name no file. So the name must be in a file of the same folder, with one value.
    let ending = file.extension()?;
    let mut beside: Vec<PathBuf> = std::fs::read_dir(folder).ok()?.take(BESIDE_MAX).filter_map(|entry| Some(entry.ok()?.path())).collect();
    beside.retain(|path| path.extension() == Some(ending) && path != file);
    let versions: BTreeSet<String> = beside.iter().filter_map(|path| held(&read(path)?, name)).collect();
    if versions.len() == 1 { versions.into_iter().next() } else { None }
}

fn held(text: &str, name: &str) -> Option<String> {
    Constants::of(text.as_bytes()).named(name.as_bytes()).map(str::to_owned)
}

pub(super) fn read(path: &Path) -> Option<String> {
    let metadata = path.symlink_metadata().ok()?;
    if !metadata.is_file() || metadata.len() > FILE_MAX {
        return None;
    }
    let mut text = Vec::new();
    std::fs::File::open(path).ok()?.take(FILE_MAX).read_to_end(&mut text).ok()?;
    String::from_utf8(text).ok()
}

/// The modules from which a text imports a name; all imported modules where none names it.
fn imports(text: &str, name: &str) -> Vec<String> {
    let name = regex::escape(name);
    let forms = [
        format!(r#"\{{[^}}]*\b{name}\b[^}}]*\}}\s*(?:from\s*|=\s*(?:await\s+)?(?:require|import)\(\s*)["']([^"'\n]+)["']"#),
        format!(r"from\s+([.\w]+)\s+import\s+[^\n]*\b{name}\b"),
        r#"(?:from\s*|require\(\s*|require_relative\s+|require_once\s*\(?\s*__DIR__\s*\.\s*|import\s+)["']/?(\.?[^"'\n]+)["']"#.to_owned(),
    ];
    let matches = |form: &String| -> Vec<String> {
        let Ok(form) = Regex::new(form) else { return Vec::new() };
        form.captures_iter(text).filter_map(|captures| Some(captures.get(1)?.as_str().to_owned())).take(20).collect()
    };
    forms.iter().flat_map(matches).collect()
}

/// The files that a module's name may refer to.
pub(super) fn candidates(folder: &Path, file: &Path, import: &str) -> Vec<PathBuf> {
    let ending = file.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    if ending == "py" {
        let dots = import.bytes().take_while(|byte| *byte == b'.').count();
        let path = import[dots..].replace('.', "/");
        let ups = if dots > 0 { dots - 1..dots } else { 0..6 };
        return ups
            .filter_map(|up| folder.ancestors().nth(up))
            .flat_map(|base| [base.join(format!("{path}.py")), base.join(&path).join("__init__.py")])
            .collect();
    }
    let base = folder.join(import);
    // A name that is not UTF-8 keeps its bytes, and text after a dot in the name stays.
    let with = |ending: &str| {
        let mut path = base.clone().into_os_string();
        path.push(".");
        path.push(ending);
        PathBuf::from(path)
    };
    let mut files = vec![base.clone()];
    files.extend(["js", "ts", "mjs", "cjs", "jsx", "tsx", "json", "rb", "php"].iter().map(|ending| with(ending)));
    files.extend(["index.js", "index.ts", "index.mjs"].iter().map(|name| base.join(name)));
    // TypeScript writes `./config.js` for `./config.ts`.
    files.extend(import.strip_suffix(".js").map(|import| folder.join(format!("{import}.ts"))));
    files
}
