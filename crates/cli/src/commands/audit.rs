//! `keyway audit …`

mod parquet;
mod tail;

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, bail};
use http::Method;
use keyway_core::refusal::{CATEGORIES_OF_HUBSPOT, Refusal};
use keyway_core::shown;
use serde_json::Value;

use self::parquet::Parquet;
use super::{counted, list, names, note, query, show, table, text, warn};
use crate::args::Connection;
use crate::args::audit::{Audit, AuditFilter, Format};
use crate::client::{call, stream};
use crate::exit::Exit;
use crate::near::nearest;
use crate::output::is_json;
use crate::output::progress::Bar;

pub async fn run(connection: &Connection, action: Audit) -> anyhow::Result<Exit> {
    match action {
        Audit::Tail(wanted) => tail::run(connection, wanted).await,
        Audit::List { filter, limit } => {
            let category = filter.category.clone();
            let answer =
                call(connection, Method::GET, &format!("/api/v1/audit{}", fields(connection, filter, (limit, None)).await?), None).await?;
            let apps = if is_json() { HashMap::new() } else { names::of_apps(connection).await };
            show(&answer, |answer| records(answer, &apps))?;
            let count = list(&answer, "records").len();
            if count == 0 {
                note(&nothing_fits(category.as_deref()));
            } else if !answer["before"].is_null() && !is_json() {
                note(&format!(
                    "keyway: these are the newest {count}; more calls match. Name a time (--since, --until), or --limit up to 1000; `keyway audit export` has all"
                ));
            }
            Ok(tell_damage(list(&answer, "damage").iter().filter_map(Value::as_str).map(str::to_owned)))
        }
        Audit::Show { correlation_id } => {
            let path = format!("/api/v1/audit{}", query(&[("correlationId", Some(correlation_id.clone()))]));
            let answer = call(connection, Method::GET, &path, None).await?;
            let apps = if is_json() { HashMap::new() } else { names::of_apps(connection).await };
            let records = list(&answer, "records");
            if records.is_empty() {
                bail!(
                    "no call with the correlation ID {} is in the audit log. `keyway audit list` shows the newest calls",
                    shown::line(&correlation_id)
                );
            }
            show(&answer, |_| records.iter().map(|record| sheet(record, &apps)).collect::<Vec<_>>().join("\n\n"))?;
            Ok(tell_damage(list(&answer, "damage").iter().filter_map(Value::as_str).map(str::to_owned)))
        }
        Audit::Verify { head } => {
            let path = format!("/api/v1/audit/verify{}", query(&[("head", head.clone())]));
            let answer = call(connection, Method::GET, &path, None).await?;
            show(&answer, |answer| verified(answer, head.as_deref()))?;
            let damaged = damage(connection).await?;
            Ok(if answer["fault"].is_null() { damaged } else { Exit::Negative })
        }
        Audit::Export { filter, limit, format, output } => {
            // The server sends lines; a Parquet file is made here.
            let sent = if matches!(format, Format::Csv) { "csv" } else { "jsonl" };
            let path = format!("/api/v1/audit/export{}", fields(connection, filter, (limit, Some(sent.to_owned()))).await?);
            match format {
                Format::Parquet => {
                    let output = output.context("--format parquet writes a file: name it with --output")?;
                    let file = std::fs::File::create(&output).with_context(|| format!("{} can't be written", shown::path(&output)))?;
                    let mut parquet = Parquet::new(file)?;
                    let mut watched = Watched::of(Some(Bar::open()), false);
                    stream(connection, &path, |bytes| parquet.take(watched.take(bytes)).map_err(std::io::Error::other)).await?;
                    let records = watched.end();
                    parquet.finish()?;
                    note_written(records, &output);
                }
                Format::Jsonl | Format::Csv => export(connection, &path, matches!(format, Format::Csv), output.as_deref()).await?,
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

/// Bytes of an export as they come.
struct Watched {
    bar: Option<Bar>,
    bytes: u64,
    lines: u64,
    csv: bool,
    /// Whether what came so far ends in a quoted field of CSV, which may have the end of a line in it.
    quoted: bool,
}

impl Watched {
    const fn of(bar: Option<Bar>, csv: bool) -> Self {
        Self { bar, bytes: 0, lines: 0, csv, quoted: false }
    }

    fn take<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        self.bytes += bytes.len() as u64;
        for byte in bytes {
            match byte {
                b'"' => self.quoted = self.csv && !self.quoted,
                b'\n' if !self.quoted => self.lines += 1,
                _ => {}
            }
        }
        if let Some(bar) = &self.bar {
            bar.set(&format!("exporting, {:.1} MB", self.bytes as f64 / 1e6), self.bytes);
        }
        bytes
    }

    /// How many lines came.
    fn end(self) -> u64 {
        if let Some(bar) = self.bar {
            bar.end();
        }
        self.lines
    }
}

async fn export(connection: &Connection, path: &str, csv: bool, output: Option<&Path>) -> anyhow::Result<()> {
    let mut target: Box<dyn Write> = match output {
        Some(file) => Box::new(std::fs::File::create(file).with_context(|| format!("{} can't be written", shown::path(&file)))?),
        None => Box::new(std::io::stdout()),
    };
    // On a terminal the records themselves are seen.
    let mut watched = Watched::of(output.map(|_| Bar::open()), csv);
    stream(connection, path, |bytes| target.write_all(watched.take(bytes))).await?;
    let lines = watched.end();
    target.flush()?;
    if let Some(file) = output {
        note_written(lines.saturating_sub(u64::from(csv)), file);
    }
    Ok(())
}

/// How many records went into a file.
fn note_written(records: u64, file: &Path) {
    note(&format!("wrote {} to {}", counted(records, "record"), shown::path(&file)));
}

/// What is asked for, as a query; names become ids.
async fn fields(connection: &Connection, filter: AuditFilter, (limit, format): (Option<u32>, Option<String>)) -> anyhow::Result<String> {
    let AuditFilter {
        app,
        account,
        operation,
        status,
        category,
        correlation_id,
        record,
        property,
        changes,
        token,
        source,
        session,
        on_behalf_of,
        tool,
        period,
    } = filter;
    let [from, to] = period.query();
    Ok(query(&[
        ("app", names::app_if_any(connection, app).await?),
        ("hubId", names::account_if_any(connection, account.as_deref()).await?.map(|id| id.to_string())),
        ("operation", operation),
        ("status", status),
        ("category", category),
        ("correlationId", correlation_id),
        ("record", record),
        ("property", property),
        ("changes", changes.then(|| "true".to_owned())),
        ("tokenId", token.map(|id| id.to_string())),
        ("source", source),
        ("session", session.map(|id| id.to_string())),
        ("onBehalfOf", on_behalf_of),
        ("tool", tool),
        from,
        to,
        ("limit", limit.map(|limit| limit.to_string())),
        ("format", format),
    ]))
}

fn verified(answer: &Value, kept: Option<&str>) -> String {
    let mut lines = match answer["fault"].as_str() {
        Some(fault) => format!("the log is damaged: {fault}. What to do is in docs/audit.md"),
        None => format!("verified {}: none was changed", counted(answer["records"].as_u64().unwrap_or_default(), "record")),
    };
    if answer["torn"].as_u64().is_some_and(|count| count > 0) {
        lines.push_str(&format!(
            "\n{} in an incomplete commit: cut off by a crash before anybody was answered, or changed after one",
            if answer["torn"] == 1 { "1 file ends".to_owned() } else { format!("{} files end", text(&answer["torn"])) }
        ));
    }
    if let Some(kept) = kept.filter(|_| answer["fault"].is_null()) {
        lines.push_str(&format!("\n{}", of_kept(answer, kept)));
    }
    if let Some(head) = answer["head"].as_str() {
        lines.push_str(&format!("\nhead {head}"));
    }
    lines
}

/// What a check without a fault says of the head that was kept. Retention may have deleted its record.
fn of_kept(answer: &Value, kept: &str) -> String {
    let last_of = |head: &str| head.split(':').nth(1).and_then(|id| id.parse::<u64>().ok());
    let one = |head: &str| if head.contains(',') { None } else { last_of(head) };
    let (Some(id), Some(last)) = (one(kept), answer["head"].as_str().and_then(one)) else {
        return format!("no record contradicts the kept head {kept}");
    };
    let deleted = last.saturating_sub(answer["records"].as_u64().unwrap_or(0));
    if id < deleted {
        format!("the record of the kept head ({id}) was deleted with all up to {deleted}, so nothing could be compared with it")
    } else {
        format!("the kept head (record {id}) is in this log")
    }
}

/// What to say where no call fits: the category that was meant, if the one that was typed is not known.
fn nothing_fits(category: Option<&str>) -> String {
    // Categories have capital letters, names of refusals small ones.
    let is_category = category.is_some_and(|typed| typed.chars().any(char::is_uppercase));
    let of_refusal = |refusal: Refusal| if is_category { refusal.category() } else { refusal.name() };
    let known: Vec<&str> = Refusal::all().map(of_refusal).chain(CATEGORIES_OF_HUBSPOT.into_iter().filter(|_| is_category)).collect();
    let near = category.filter(|typed| !known.contains(typed)).map(|typed| nearest(typed, known.iter().copied())).unwrap_or_default();
    match near[..] {
        [] => match category.filter(|typed| !known.contains(typed)) {
            Some(typed) => format!("keyway: no call matches. {} is not a category or a rule of docs/errors.md", shown::line(typed)),
            None => "keyway: no call matches".to_owned(),
        },
        _ => format!("keyway: no call matches; did you mean {}?", near.join(" or ")),
    }
}

/// The operation with the object type in its path, and the number of calls that a summary of refused ones counts.
pub(super) fn called(record: &Value) -> String {
    let mut operation = text(&record["operation"]);
    // Where a path has two types, the record has both.
    let mut objects = record["object"].as_str().unwrap_or_default().split(',').filter(|object| !object.is_empty());
    for part in ["{objectType}", "{objectTypeId}", "{fromObjectType}", "{fromObjectTypeId}", "{toObjectType}", "{toObjectTypeId}"] {
        if operation.contains(part)
            && let Some(object) = objects.next()
        {
            operation = operation.replacen(part, &shown::line(object), 1);
        }
    }
    match record["calls"].as_u64() {
        Some(calls) if calls > 1 => format!("{operation} x{calls}"),
        _ => operation,
    }
}

/// The name of a refusal, or HubSpot's category.
fn error(record: &Value) -> String {
    text(if record["rule"].is_null() { &record["category"] } else { &record["rule"] })
}

fn latency(record: &Value) -> String {
    record["latencyUs"].as_u64().map_or_else(|| "-".into(), |us| format!("{:.1} ms", us as f64 / 1000.0))
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

/// Every field of a record that says something, a line each.
fn sheet(record: &Value, apps: &HashMap<String, String>) -> String {
    let fields = record.as_object().into_iter().flatten().filter_map(|(name, value)| {
        let value = match (name.as_str(), value) {
            ("operation", _) => called(record),
            ("appId", Value::Number(_)) => names::caller_of(apps, value),
            // An empty field says nothing, except the status: none means that the outcome is not known.
            ("status", Value::Null) => "unknown".to_owned(),
            (_, Value::Null | Value::Bool(false)) => return None,
            (_, Value::Array(items)) if items.is_empty() => return None,
            _ => text(value),
        };
        Some((name, value))
    });
    let fields: Vec<(&String, String)> = fields.collect();
    let width = fields.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    fields.iter().map(|(name, value)| format!("{name:width$}  {value}")).collect::<Vec<_>>().join("\n")
}

fn records(answer: &Value, apps: &HashMap<String, String>) -> String {
    let found = list(answer, "records");
    let has_approvals = found.iter().any(|record| !record["approval"].is_null());
    let rows: Vec<Vec<String>> = found
        .iter()
        .map(|record| {
            let approval = has_approvals.then(|| text(&record["approval"]));
            let first = vec![
                text(&record["time"]),
                names::caller_of(apps, &record["appId"]),
                text(&record["tokenId"]),
                text(&record["status"]),
                called(record),
                touched(record),
                error(record),
                latency(record),
            ];
            first.into_iter().chain(approval).chain([text(&record["correlationId"])]).collect()
        })
        .collect();
    let first = ["TIME", "APP", "TOKEN", "STATUS", "OPERATION", "RECORDS", "ERROR", "LATENCY"];
    let heads: Vec<&str> = first.into_iter().chain(has_approvals.then_some("APPROVAL")).chain(["CORRELATION ID"]).collect();
    table(&heads, &rows)
}
