//! `keyway audit …`

mod parquet;

use std::io::Write;
use std::path::Path;

use anyhow::Context;
use http::Method;
use keyway_core::shown;
use serde_json::Value;

use self::parquet::Parquet;
use super::{list, query, show, table, text, warn};
use crate::Exit;
use crate::args::{Audit, AuditFilter, Connection, Format};
use crate::client::{call, stream};

pub async fn run(connection: &Connection, action: Audit) -> anyhow::Result<Exit> {
    match action {
        Audit::List { filter, json } => {
            let answer = call(connection, Method::GET, &format!("/api/v1/audit{}", fields(filter, None)), None).await?;
            show(&answer, json, records)?;
            Ok(tell_damage(list(&answer, "damage").iter().filter_map(Value::as_str).map(str::to_owned)))
        }
        Audit::Verify { head, json } => {
            let answer = call(connection, Method::GET, &format!("/api/v1/audit/verify{}", query(&[("head", head)])), None).await?;
            show(&answer, json, verified)?;
            let damaged = damage(connection).await?;
            Ok(if answer["fault"].is_null() { damaged } else { Exit::Negative })
        }
        Audit::Export { filter, format, output } => {
            // The server sends lines; a Parquet file is made here.
            let sent = if matches!(format, Format::Csv) { "csv" } else { "jsonl" };
            let path = format!("/api/v1/audit/export{}", fields(filter, Some(sent.to_owned())));
            match format {
                Format::Parquet => {
                    let output = output.context("--format parquet writes a file: name it with --output")?;
                    let file = std::fs::File::create(&output).with_context(|| format!("{} can't be written", shown::path(&output)))?;
                    let mut parquet = Parquet::new(file)?;
                    stream(connection, &path, |bytes| parquet.take(bytes).map_err(std::io::Error::other)).await?;
                    parquet.finish()?;
                }
                Format::Jsonl | Format::Csv => export(connection, &path, output.as_deref()).await?,
            }
            damage(connection).await
        }
    }
}

/// Tells what was noticed to be wrong with the files of the log, so that nobody takes a part of it for all.
async fn damage(connection: &Connection) -> anyhow::Result<Exit> {
    let answer = call(connection, Method::GET, "/api/v1/audit/damage", None).await?;
    Ok(tell_damage(list(&answer, "damage").iter().map(place)))
}

/// A damaged place of the log.
pub fn place(one: &Value) -> String {
    format!("{} at byte {}: {}", text(&one["file"]), text(&one["offset"]), text(&one["what"]))
}

fn tell_damage(places: impl Iterator<Item = String>) -> Exit {
    let mut exit = Exit::Fine;
    for place in places {
        warn(&format!("the audit log is damaged, and records may be missing: {place}"));
        exit = Exit::Negative;
    }
    exit
}

async fn export(connection: &Connection, path: &str, output: Option<&Path>) -> anyhow::Result<()> {
    let mut target: Box<dyn Write> = match output {
        Some(file) => Box::new(std::fs::File::create(file).with_context(|| format!("{} can't be written", shown::path(&file)))?),
        None => Box::new(std::io::stdout()),
    };
    stream(connection, path, |bytes| target.write_all(bytes)).await?;
    Ok(target.flush()?)
}

fn fields(filter: AuditFilter, format: Option<String>) -> String {
    let AuditFilter {
        app,
        account,
        operation,
        status,
        category,
        correlation_id,
        record,
        property,
        session,
        on_behalf_of,
        since,
        until,
        limit,
    } = filter;
    query(&[
        ("app", app),
        ("hubId", account.map(|id| id.to_string())),
        ("operation", operation),
        ("status", status),
        ("category", category),
        ("correlationId", correlation_id),
        ("record", record),
        ("property", property),
        ("session", session.map(|id| id.to_string())),
        ("onBehalfOf", on_behalf_of),
        ("from", since),
        ("to", until),
        ("limit", limit.map(|limit| limit.to_string())),
        ("format", format),
    ])
}

fn verified(answer: &Value) -> String {
    let mut lines = match answer["fault"].as_str() {
        Some(fault) => format!("NOT as it was written: {fault}"),
        None if answer["records"] == 1 => "1 record is as it was written".to_owned(),
        None => format!("{} records are as they were written", text(&answer["records"])),
    };
    if answer["torn"].as_u64().is_some_and(|count| count > 0) {
        lines.push_str(&format!(
            "\n{} in an incomplete commit: cut off by a crash before anybody was answered, or changed after one",
            if answer["torn"] == 1 { "1 file ends".to_owned() } else { format!("{} files end", text(&answer["torn"])) }
        ));
    }
    if let Some(head) = answer["head"].as_str() {
        lines.push_str(&format!("\nhead {head}"));
    }
    lines
}

/// The operation, and how many calls a summary of refused ones stands for.
fn operation(record: &Value) -> String {
    let operation = text(&record["operation"]);
    match record["calls"].as_u64() {
        Some(calls) if calls > 1 => format!("{operation} x{calls}"),
        _ => operation,
    }
}

/// The first of the CRM records of a call, and how many more there are.
fn touched(record: &Value) -> String {
    let count = record["recordCount"].as_u64().unwrap_or(0);
    let mut shown = match (record["recordIds"][0].as_str(), count) {
        (Some(first), 1) => first.to_owned(),
        (Some(first), _) => format!("{first} +{}", count.saturating_sub(1)),
        (None, 0) => String::new(),
        (None, _) => format!("{count} by another name"),
    };
    if record["recordsIncomplete"].as_bool().unwrap_or(false) {
        shown.push('?');
    }
    if shown.is_empty() { "-".into() } else { shown }
}

fn records(answer: &Value) -> String {
    let rows: Vec<Vec<String>> = list(answer, "records")
        .iter()
        .map(|record| {
            let latency = record["latencyUs"].as_u64().map_or_else(|| "-".into(), |us| format!("{:.1} ms", us as f64 / 1000.0));
            vec![
                text(&record["time"]),
                text(&record["appId"]),
                text(&record["status"]),
                operation(record),
                touched(record),
                text(if record["rule"].is_null() { &record["category"] } else { &record["rule"] }),
                latency,
                text(&record["correlationId"]),
            ]
        })
        .collect();
    table(&["TIME", "APP", "STATUS", "OPERATION", "RECORDS", "ERROR", "LATENCY", "CORRELATION ID"], &rows)
}
