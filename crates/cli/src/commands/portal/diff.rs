//! `keyway portal diff`: an account against a snapshot, or two snapshots, as lines or as JSON.

use std::path::Path;

use anyhow::Context;
use clap::ValueEnum;
use http::Method;
use keyway_core::shown;
use serde_json::{Value, json};

use super::{Double, encode, show, text};
use crate::Exit;
use crate::args::diff::Diff;
use crate::client::{call_with, stream};
use crate::commands::counted;

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
    let Diff { from, to, only, limit, json } = asked;
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
                Some(Side::Snapshot(name)) => query.push(format!("from={}", encode(name))),
                Some(Side::File(file)) => body = read(file)?,
                None => {}
            }
            if let Some(Side::Snapshot(name)) = to {
                query.push(format!("to={}", encode(name)));
            }
            call_with(double.connection, Method::POST, &format!("{}/diff?{}", double.path, query.join("&")), body).await?
        }
    };
    let is_different = answer["different"] == true;
    show(&answer, json, lines)?;
    Ok(if is_different { Exit::Negative } else { Exit::Fine })
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
            stream(double.connection, &format!("{}/snapshots/{}", double.path, encode(name)), take).await?;
            Ok(copy)
        }
    }
}

fn lines(answer: &Value) -> String {
    let mut out = Vec::new();
    for change in answer["changes"].as_array().into_iter().flatten() {
        let sign = match change["change"].as_str() {
            Some("created") => '+',
            Some("deleted") => '-',
            _ => '~',
        };
        let parts = ["what", "type", "name"].map(|part| text(&change[part]));
        let named: Vec<&str> = parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        out.push(format!("{sign} {}", shown::line(&named.join(" "))));
        if change["change"] == "deleted" {
            continue;
        }
        for (name, sides) in change["fields"].as_object().into_iter().flatten() {
            let (from, to) = (sides.get("from").map(value), sides.get("to").map(value));
            let line = match (from, to) {
                (Some(from), Some(to)) => format!("{from} → {to}"),
                (Some(from), None) => format!("{from} → none"),
                (None, to) => to.unwrap_or_default(),
            };
            out.push(format!("    {}: {line}", shown::line(name)));
        }
    }
    if let Some(count @ 1..) = answer["leftOut"].as_u64() {
        out.push(format!("… and {}. See them with --limit", counted(count, "more difference")));
    }
    let summary = answer["counts"].as_object().into_iter().flatten().flat_map(|(what, counts)| {
        counts
            .as_object()
            .into_iter()
            .flatten()
            .map(move |(change, count)| format!("{} {change}", counted(count.as_u64().unwrap_or(0), what)))
    });
    let summary: Vec<String> = summary.collect();
    out.push(if summary.is_empty() { "no differences".to_owned() } else { summary.join(", ") });
    out.join("\n")
}

fn value(value: &Value) -> String {
    let whole = value.as_str().map_or_else(|| value.to_string(), |text| json!(text).to_string());
    let line = shown::line(&whole).to_string();
    if line.chars().count() > VALUE_MAX { line.chars().take(VALUE_MAX).chain(['…']).collect() } else { line }
}
