//! `keyway config check`: whether a server would take a configuration file.

use std::path::Path;

use anyhow::bail;
use keyway_core::shown;
use serde_json::json;

use super::{counted, print, print_json, say};
use crate::args::{Args, Command};
use crate::config;
use crate::exit::{Exit, chain};
use crate::serve::check;

/// Says whether `keyway serve` would take a file: every reason for which it would not. Exits 1 where there is one.
///
/// # Errors
/// The file can't be read.
pub fn check(path: &Path, json: bool) -> anyhow::Result<Exit> {
    let text = config::read(path)?;
    let (count, problems) = match config::alone(&text, path) {
        Ok((count, Args { connection, command: Command::Serve(serve), .. })) => (count, check::problems(&serve, Some(&connection.data))),
        Ok(_) => bail!("this is not a server"),
        Err(error) => (0, vec![error]),
    };
    let named = shown::path(&path);
    // clap's own texts end with how commands are used.
    let of = |problem: &anyhow::Error| problem.downcast_ref::<clap::Error>().map_or_else(|| chain(problem), config::plain);
    let placed = |text: String| if text.starts_with(&named) { text } else { format!("{named}: {text}") };
    let problems: Vec<String> = problems.iter().map(of).map(placed).collect();
    if json {
        print_json(&json!({ "version": 1, "fine": problems.is_empty(), "settings": count, "problems": problems }))?;
    } else if problems.is_empty() {
        print(&format!("{named} is fine: {}", counted(count as u64, "setting")))?;
    } else {
        problems.iter().for_each(|problem| say(problem));
    }
    Ok(if problems.is_empty() { Exit::Fine } else { Exit::Negative })
}
