//! `keyway portal import-cassette` and `diff-cassette`.

use std::collections::{BTreeMap, HashSet};

use anyhow::Context;
use http::Method;
use keyway_api::body::RecordedAnswer;
use keyway_api::view::{AccountAnswer, Coverage, RecordedAnswers};
use keyway_cassette::{Difference, Entry, Ids, Made, Replayed, Session, Start, kinds_of, read};
use keyway_core::mask::Masker;
use keyway_core::scope;
use keyway_core::secret::Secret;
use keyway_deliver::https;
use serde_json::{Value, json};

use super::super::{counted, show, warn};
use crate::args::Connection;
use crate::args::record::Cassette;
use crate::client::call;
use crate::exit::Exit;
use crate::record;
use crate::typed::{get, typed};

/// The masker that reads a cassette. It replaces nothing, so any key will do.
fn masker(wanted: &Cassette) -> anyhow::Result<Masker> {
    Ok(Masker::new([0; 32], record::rules(&wanted.rules)?, keyway_portal::vocabulary()))
}

/// Creates the records, definitions and recorded answers of a cassette in an existing account.
pub async fn import(connection: &Connection, hub_id: u64, wanted: Cassette) -> anyhow::Result<Exit> {
    let (masker, entries) = (masker(&wanted)?, read(&wanted.file)?);
    let (app, token) = app(connection, hub_id, &wanted.url).await?;
    let mut session = Session::new(&wanted.url, token, &masker);
    let done = import_into(&mut session, &entries).await;
    delete(connection, &app).await?;
    let ids = session.into_ids();
    let (made, differing) = done?;
    let served = served(connection).await?;
    let answers: Vec<RecordedAnswer> =
        entries.iter().filter(|entry| is_kept(entry, &served, &differing)).map(|entry| recorded(entry, &ids, &masker)).collect();
    let path = format!("/api/v1/portals/{hub_id}/answers");
    let put: RecordedAnswers = typed(&call(connection, Method::PUT, &path, Some(json!({ "answers": answers }))).await?)?;
    made.refused.iter().for_each(|refused| warn(&format!("not made: {refused}")));
    let answer = json!({ "version": 1, "made": made.counts, "notMade": made.refused, "answers": put.answers, "calls": entries.len() });
    show(&answer, |_| {
        let made: Vec<String> = made.counts.iter().map(|(what, count)| format!("{count} {what}")).collect();
        let made = if made.is_empty() { "nothing".to_owned() } else { made.join(", ") };
        format!(
            "added {made}, and {} for requests that the account does not answer itself",
            counted(answers.len() as u64, "recorded answer")
        )
    })
}

/// Makes an app that may do everything on the account, for a session at a URL: its id and its token.
async fn app(connection: &Connection, hub_id: u64, url: &str) -> anyhow::Result<(String, Secret<String>)> {
    https::for_tokens("--url", url)?;
    let body = json!({
        "name": format!("cassette {}", std::process::id()), "hubId": hub_id, "scopes": scope::all_names(), "noLimits": true,
        "description": "Made by a command that reads a cassette; it deletes the app at its end",
    });
    let made = call(connection, Method::POST, "/api/v1/apps", Some(body)).await?;
    let token = made["token"]["value"].as_str().context("the server answered no token")?.to_owned();
    Ok((made["app"]["id"].to_string().trim_matches('"').to_owned(), Secret::new(token)))
}

async fn delete(connection: &Connection, app: &str) -> anyhow::Result<()> {
    call(connection, Method::DELETE, &format!("/api/v1/apps/{app}"), None).await.map(drop)
}

/// The records, and the lines of reads before the first change whose answer is another one here.
async fn import_into(session: &mut Session<'_>, entries: &[Entry]) -> anyhow::Result<(Made, HashSet<usize>)> {
    let made = session.make(&Start::of(entries)).await?;
    let first_change = entries.iter().find(|entry| !entry.is_read_only()).map_or(usize::MAX, |entry| entry.line);
    let replayed = session.replay(entries, |entry| entry.line < first_change && entry.response.status == 200).await?;
    Ok((made, replayed.lines))
}

/// Names of the operations that embedded accounts answer.
async fn served(connection: &Connection) -> anyhow::Result<HashSet<String>> {
    let coverage: Coverage = get(connection, "/api/v1/coverage").await?;
    Ok(coverage.operations.iter().filter(|row| row.served).map(|row| format!("{} {}", row.method, row.path)).collect())
}

/// Whether an answer is kept as it was recorded: nothing else can answer the request.
fn is_kept(entry: &Entry, served: &HashSet<String>, differing: &HashSet<usize>) -> bool {
    let is_answer = (200..300).contains(&entry.response.status) || matches!(entry.response.status, 400 | 404 | 409);
    let Some(operation) = entry.operation.filter(|_| is_answer) else { return false };
    !served.contains(&operation.to_string()) || differing.contains(&entry.line)
}

fn recorded(entry: &Entry, ids: &Ids, masker: &Masker) -> RecordedAnswer {
    let kinds = kinds_of(&entry.request.path);
    let here = |value: Option<&Value>| value.map(|value| ids.body(masker.rules(), value, &kinds)).unwrap_or_default();
    let kind = kinds.first().map(String::as_str);
    let query = entry.request.query.iter().map(|(name, value)| (name.clone(), ids.text(kind, value)));
    RecordedAnswer {
        method: entry.request.method.clone(),
        path: ids.path(&entry.request.path),
        query: query.collect(),
        body: here(entry.asked()),
        status: entry.response.status,
        answer: here(entry.answer()),
    }
}

/// Performs the calls of a cassette on a temporary account, and shows the differences.
pub async fn diff(connection: &Connection, wanted: Cassette) -> anyhow::Result<Exit> {
    let (masker, entries) = (masker(&wanted)?, read(&wanted.file)?);
    let name = format!("cassette {}", std::process::id());
    let made = call(connection, Method::POST, "/api/v1/accounts", Some(json!({ "name": name }))).await?;
    let hub_id = typed::<AccountAnswer>(&made)?.account.hub_id;
    let done = async {
        let (_, token) = app(connection, hub_id, &wanted.url).await?;
        let mut session = Session::new(&wanted.url, token, &masker);
        let made = session.make(&Start::of(&entries)).await?;
        anyhow::Ok((made, session.replay(&entries, |_| true).await?))
    }
    .await;
    call(connection, Method::DELETE, &format!("/api/v1/accounts/{hub_id}"), None).await?;
    let (made, replayed) = done?;
    made.refused.iter().for_each(|refused| warn(&format!("not made: {refused}")));
    let Replayed { compared, skipped, differences, .. } = replayed;
    let answer = json!({
        "version": 1, "calls": entries.len(), "compared": compared, "skipped": skipped, "notMade": made.refused, "differences": differences,
    });
    show(&answer, |_| told(compared, &skipped, &differences))?;
    Ok(if differences.is_empty() { Exit::Fine } else { Exit::Negative })
}

fn told(compared: u64, skipped: &BTreeMap<&str, u64>, differences: &[Difference]) -> String {
    let line = |one: &Difference| {
        let at = if one.at.is_empty() { String::new() } else { format!(" {}", one.at) };
        let Difference { line, operation, kind, recorded, here, .. } = one;
        format!("line {line}: {operation}: {kind}{at}: {recorded} in the cassette, {here} here")
    };
    let mut lines: Vec<String> = differences.iter().map(line).collect();
    lines.extend(skipped.iter().map(|(reason, count)| format!("not compared: {count}, as {reason}")));
    lines.push(format!("{} compared, {}", counted(compared, "call"), counted(differences.len() as u64, "difference")));
    lines.join("\n")
}
