//! `keyway portal diff`: compares an account with a snapshot, or two snapshots, and prints lines or JSON.

use std::path::Path;

use anyhow::Context;
use clap::ValueEnum;
use http::Method;
use keyway_api::view::Differences;
use keyway_core::shown;
use serde_json::{Value, json};

use super::{Double, encoded, show};
use crate::args::portal::diff::Diff;
use crate::client::{call_with, stream};
use crate::commands::counted;
use crate::exit::Exit;
use crate::typed::typed;

/// Longest value of a line, in characters. `--json` has whole values.
const VALUE_MAX: usize = 80;

/// A side of the comparison. A name with a slash or an ending is a file, as no snapshot of a test suite is named so.
enum Side<'a> {
    Snapshot(&'a str),
    File(&'a Path),
}

impl<'a> Side<'a> {
    fn of(name: &'a str) -> Self {
        if name.contains('/') || name.ends_with(".jsonl") { Self::File(Path::new(name)) } else { Self::Snapshot(name) }
    }
}

pub async fn run(double: &Double<'_>, asked: Diff) -> anyhow::Result<Exit> {
    let Diff { from, to, only, limit } = asked;
    let only = only.and_then(|only| only.to_possible_value()).map(|only| only.get_name().to_owned());
    let (from, to) = (from.as_deref().map(Side::of), to.as_deref().map(Side::of));
    let answer = match (&from, &to) {
        (Some(from), Some(Side::File(to))) => {
            let only = only.as_deref().and_then(keyway_portal::Only::parse);
            keyway_portal::differences(&copy(double, from).await?, &read(to)?, limit as usize, only)?
        }
        (from, to) => {
            let mut query = vec![format!("limit={limit}")];
            query.extend(only.map(|only| format!("only={only}")));
            let mut body = Vec::new();
            match from {
                Some(Side::Snapshot(name)) => query.push(format!("from={}", encoded(name))),
                Some(Side::File(file)) => body = read(file)?,
                None => {}
            }
            if let Some(Side::Snapshot(name)) = to {
                query.push(format!("to={}", encoded(name)));
            }
            call_with(double.connection, Method::POST, &format!("{}/diff?{}", double.path, query.join("&")), body).await?
        }
    };
    let found: Differences = typed(&answer)?;
    show(&answer, |_| lines(&found))?;
    Ok(if found.different { Exit::Negative } else { Exit::Fine })
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(file).with_context(|| format!("{} can't be read", shown::path(&file)))
}

async fn copy(double: &Double<'_>, side: &Side<'_>) -> anyhow::Result<Vec<u8>> {
    match side {
        Side::File(file) => read(file),
        Side::Snapshot(name) => {
            let mut copy = Vec::new();
            let take = |part: &[u8]| {
                copy.extend_from_slice(part);
                Ok(())
            };
            stream(double.connection, &format!("{}/snapshots/{}", double.path, encoded(name)), take).await?;
            Ok(copy)
        }
    }
}

fn lines(found: &Differences) -> String {
    let mut out = Vec::new();
    for change in &found.changes {
        let sign = match change.change.as_str() {
            "created" => '+',
            "deleted" => '-',
            _ => '~',
        };
        let named: Vec<&str> =
            [&change.what, &change.r#type, &change.name].into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        out.push(format!("{sign} {}", shown::line(&named.join(" "))));
        if change.change == "deleted" {
            continue;
        }
        for (name, sides) in &change.fields {
            let (from, to) = (sides.from.as_ref().map(value), sides.to.as_ref().map(value));
            let line = match (from, to) {
                (Some(from), Some(to)) => format!("{from} → {to}"),
                (Some(from), None) => format!("{from} → none"),
                (None, to) => to.unwrap_or_default(),
            };
            out.push(format!("    {}: {line}", shown::line(name)));
        }
    }
    if found.left_out > 0 {
        out.push(format!("… and {}. See them with --limit", counted(found.left_out as u64, "more difference")));
    }
    let summary = found
        .counts
        .iter()
        .flat_map(|(what, counts)| counts.iter().map(move |(change, count)| format!("{} {change}", counted(*count, what))));
    let summary: Vec<String> = summary.collect();
    out.push(if summary.is_empty() { "no differences".to_owned() } else { summary.join(", ") });
    out.join("\n")
}

fn value(value: &Value) -> String {
    let whole = value.as_str().map_or_else(|| value.to_string(), |text| json!(text).to_string());
    let line = shown::line(&whole).to_string();
    if line.chars().count() > VALUE_MAX { line.chars().take(VALUE_MAX).chain(['…']).collect() } else { line }
}
