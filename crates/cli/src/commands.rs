//! The commands that ask a running server, one file each, and how they print.

pub mod account;
pub mod admin_token;
pub mod app;
pub mod apply;
pub mod audit;
pub mod backup;
pub mod changes;
mod confirm;
pub mod doctor;
pub mod export;
pub mod fix;
pub mod install;
pub mod key;
pub mod migrate;
pub mod notify;
pub mod oauth_client;
pub mod plan;
pub mod portal;
pub mod proxy;
pub mod public_app;
pub mod scan;
mod scopes;
pub mod session;
pub mod status;
pub mod sunset;
pub mod token;
pub mod user;
mod verify;

use std::io::Write;
use std::path::Path;

use anyhow::Context;
use clap::{CommandFactory, ValueEnum};
use keyway_core::path::encode_component;
use keyway_core::shown;
use serde_json::Value;

use crate::Exit;
use crate::args::{Args, Role};

/// A result for people, on stdout. Foreign text in it must not forge a line; what else would act on a
/// terminal is made harmless here, whoever forgot it.
pub fn print(text: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{}", shown::lines(text))?)
}

/// A result for people with the colours of `keyway_scan::report`, on stdout. Everything else that would act
/// on a terminal is made harmless, as in [`print`].
pub fn print_coloured(text: &str) -> anyhow::Result<()> {
    let mut pieces = text.split('\u{1b}');
    let mut out = shown::lines(pieces.next().unwrap_or_default()).into_owned();
    for piece in pieces {
        out.push_str(if keyway_scan::report::is_colour(piece) { "\u{1b}" } else { "\\u{1b}" });
        out.push_str(&shown::lines(piece));
    }
    Ok(writeln!(std::io::stdout(), "{out}")?)
}

/// A result for programs, on stdout: JSON.
pub fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{}", shown::json(&serde_json::to_string(value)?))?)
}

/// A result whose bytes count, on stdout: whoever made it has made it harmless.
pub fn print_exactly(text: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}

/// All that is not a result, on stderr.
pub fn say(text: &str) {
    // There is nowhere left to say that stderr is closed.
    let _ = writeln!(std::io::stderr(), "{}", shown::lines(text));
}

/// Something that is to be looked at, on stderr.
pub fn warn(text: &str) {
    say(&format!("keyway: {text}"));
}

/// JSON as it came, or lines for a person.
pub fn show(answer: &Value, json: bool, lines: impl FnOnce(&Value) -> String) -> anyhow::Result<Exit> {
    if json {
        print_json(answer)?;
    } else {
        print(lines(answer).trim_end())?;
    }
    Ok(Exit::Fine)
}

/// The man pages of all commands, one file each.
///
/// # Errors
/// A file cannot be written.
pub fn man(folder: &Path) -> anyhow::Result<Exit> {
    clap_mangen::generate_to(Args::command(), folder).with_context(|| format!("cannot write man pages to {}", shown::path(&folder)))?;
    Ok(Exit::Fine)
}

/// A completion script.
pub fn completions(shell: clap_complete::Shell) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "keyway", &mut script);
    std::io::stdout().write_all(&script)?;
    Ok(Exit::Fine)
}

/// Today in UTC, ISO date.
pub fn today() -> String {
    keyway_gateway::clock::now().to_date()
}

/// Columns as wide as their widest cell. No cell ends its line.
pub fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| shown::line(cell).into_owned()).collect()).collect();
    let mut widths: Vec<usize> = header.iter().map(|cell| cell.chars().count()).collect();
    for row in &rows {
        widths.iter_mut().zip(row).for_each(|(width, cell)| *width = (*width).max(cell.chars().count()));
    }
    let line = |cells: &[String]| {
        let padded: Vec<String> = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    let header: Vec<String> = header.iter().map(ToString::to_string).collect();
    std::iter::once(line(&header)).chain(rows.iter().map(|row| line(row))).collect::<Vec<_>>().join("\n")
}

/// A number with its noun, in the singular for one.
pub fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// A JSON value as a person reads it, on one line.
pub fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => shown::line(text).into_owned(),
        Value::Array(list) => list.iter().map(text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// The entries of a list in an answer.
pub fn list<'a>(answer: &'a Value, name: &str) -> &'a [Value] {
    answer[name].as_array().map_or(&[], Vec::as_slice)
}

/// A path segment or a query's value.
pub fn encode(text: &str) -> String {
    let mut encoded = String::new();
    encode_component(text, &mut encoded);
    encoded
}

/// A query of the fields that are given.
pub fn query(fields: &[(&str, Option<String>)]) -> String {
    let given: Vec<String> =
        fields.iter().filter_map(|(name, value)| value.as_ref().map(|value| format!("{name}={}", encode(value)))).collect();
    if given.is_empty() { String::new() } else { format!("?{}", given.join("&")) }
}

/// A role's name, as the command line takes it.
fn role_name(role: Role) -> String {
    role.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// A role with the apps that it is limited to.
fn role_of(holder: &Value) -> String {
    let apps: Vec<String> = list(holder, "apps").iter().map(text).collect();
    let of = if apps.is_empty() { String::new() } else { format!(" of apps {}", apps.join(", ")) };
    format!("{}{of}", text(&holder["role"]))
}
