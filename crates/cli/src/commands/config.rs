//! `keyway config check`: whether a server would take a configuration file.

use std::path::Path;

use keyway_core::shown;
use serde_json::json;

use super::{counted, print, print_json, say};
use crate::config::{self, Checked};
use crate::exit::Exit;
use crate::output::is_json;
use crate::serve::check;

/// Says whether `keyway serve` would take a file: every reason for which it would not. Exits 1 where there is one.
///
/// # Errors
/// The file can't be read.
pub fn check(path: &Path) -> anyhow::Result<Exit> {
    let text = config::read(path)?;
    let named = shown::path(&path);
    let Checked { settings: count, problems } = config::checked(&text, path, |serve, folder| check::problems(serve, Some(folder)));
    if is_json() {
        print_json(&json!({ "version": 1, "fine": problems.is_empty(), "settings": count, "problems": problems }))?;
    } else if problems.is_empty() {
        print(&format!("{named} is fine: {}", counted(count as u64, "setting")))?;
    } else {
        problems.iter().for_each(|problem| say(problem));
    }
    Ok(if problems.is_empty() { Exit::Fine } else { Exit::Negative })
}
