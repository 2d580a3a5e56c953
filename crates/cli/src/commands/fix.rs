//! `keyway fix`: prints the changes as a diff on stdout, and what it leaves alone on stderr. With `--write` it
//! changes the files.

use std::path::Path;

use anyhow::Context;
use keyway_core::shown;
use keyway_scan::fix::diff;
use keyway_scan::fix::write::{Fixes, plan};
use serde_json::json;

use crate::args::fix::Fix;
use crate::exit::Exit;
use crate::output::is_json;
use crate::output::{self, paint};

/// Exits 1 when something is to be changed or was left to a person, 0 when there is nothing to do.
pub fn run(args: &Fix) -> anyhow::Result<Exit> {
    let mut fixes = plan(&args.paths, &args.ignore)?;
    if args.write {
        let folder = args.paths.first().filter(|path| path.is_dir()).map_or(Path::new("."), |path| path.as_path());
        fixes.write(folder).context("not every file was written")?;
    }
    if is_json() {
        super::print_json(&json!({ "version": 1, "files": fixes.files, "variables": fixes.variables }))?;
    } else {
        tell(&fixes, args.write)?;
    }
    let open = |file: &keyway_scan::fix::write::FixedFile| !file.left.is_empty() || (!file.diff.is_empty() && !file.written);
    Ok(if fixes.files.iter().any(open) { Exit::Negative } else { Exit::Fine })
}

fn tell(fixes: &Fixes, write: bool) -> anyhow::Result<()> {
    if !write {
        let (printed, kept): (Vec<_>, Vec<_>) = fixes.files.iter().partition(|file| diff::is_harmless(&file.diff));
        let diffs: String = printed.iter().map(|file| file.diff.as_str()).collect();
        if !diffs.is_empty() {
            // A blank line at the end may be one of a patch: `print_exactly` adds the last line end itself.
            let diffs = diffs.strip_suffix('\n').unwrap_or(&diffs);
            // Every line was found to be harmless, so that colours are all that acts in it.
            super::print_exactly(&if output::colour() { paint::patch(diffs) } else { diffs.to_owned() })?;
        }
        for file in kept {
            super::say(&format!(
                "{}: the difference is not printed, as its lines hold control characters that would act on a terminal; --write makes it, --json shows it",
                shown::line(&file.path)
            ));
        }
    }
    let changed = fixes.files.iter().filter(|file| !file.diff.is_empty());
    for file in changed.clone().filter(|_| write) {
        file.changes.iter().for_each(|note| super::say(&format!("{}:{}: {}", shown::line(&file.path), note.line, shown::line(&note.what))));
    }
    for file in &fixes.files {
        file.left
            .iter()
            .for_each(|note| super::say(&format!("{}:{}: left alone: {}", shown::line(&file.path), note.line, shown::line(&note.what))));
    }
    let names: Vec<&str> = fixes.variables.iter().copied().collect();
    let left: usize = fixes.files.iter().map(|file| file.left.len()).sum();
    let variables = if names.is_empty() { String::new() } else { format!("; set {}", names.join(", ")) };
    let (files, places) = (super::counted(changed.count() as u64, "file"), super::counted(left as u64, "place"));
    super::note(&match (fixes.files.is_empty(), write) {
        (true, _) => "keyway: nothing to change".to_owned(),
        (_, true) => format!("keyway: changed {files}, left {places} to you{variables}"),
        (_, false) => format!("keyway: with --write, fix changes {files} and leaves {places} to you{variables}"),
    });
    Ok(())
}
