//! `keyway portal import-cassette` and `diff-cassette`.

use std::collections::HashSet;

use http::Method;
use keyway_core::mask::Masker;
use serde_json::{Value, json};

use super::super::{counted, list, show, warn};
use crate::args::Connection;
use crate::args::record::Cassette;
use crate::cassette::ids::{Ids, kinds_of};
use crate::cassette::replay::{Made, Replayed, Session};
use crate::cassette::start::Start;
use crate::cassette::{Entry, read};
use crate::client::call;
use crate::{Exit, record};

/// The masker that reads a cassette: it replaces nothing, so its key is of no account.
fn masker(wanted: &Cassette) -> anyhow::Result<Masker> {
    Ok(Masker::new([0; 32], record::rules(&wanted.rules)?, keyway_portal::vocabulary()))
}

/// Makes of a cassette records, definitions and recorded answers, in an account that stays.
pub async fn import(connection: &Connection, hub_id: u64, wanted: Cassette) -> anyhow::Result<Exit> {
    let (masker, entries) = (masker(&wanted)?, read(&wanted.file)?);
    let mut session = Session::open(connection, hub_id, &wanted.url, &masker).await?;
    let done = import_into(&mut session, &entries).await;
    let ids = session.close().await?;
    let (made, differing) = done?;
    let served = served(connection).await?;
    let answers: Vec<Value> =
        entries.iter().filter(|entry| is_kept(entry, &served, &differing)).map(|entry| recorded(entry, &ids, &masker)).collect();
    let path = format!("/api/v1/portals/{hub_id}/answers");
    let put = call(connection, Method::PUT, &path, Some(json!({ "answers": answers }))).await?;
    made.refused.iter().for_each(|refused| warn(&format!("not made: {refused}")));
    let answer = json!({ "version": 1, "made": made.counts, "notMade": made.refused, "answers": put["answers"], "calls": entries.len() });
    show(&answer, wanted.json, |answer| {
        let made: Vec<String> = answer["made"].as_object().into_iter().flatten().map(|(what, count)| format!("{count} {what}")).collect();
        let made = if made.is_empty() { "nothing".to_owned() } else { made.join(", ") };
        format!(
            "added {made}, and {} for requests that the account does not answer itself",
            counted(answers.len() as u64, "recorded answer")
        )
    })
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
    let answer = call(connection, Method::GET, "/api/v1/coverage", None).await?;
    let rows = list(&answer, "operations").iter().filter(|row| row["served"] == true);
    Ok(rows.map(|row| format!("{} {}", row["method"].as_str().unwrap_or_default(), row["path"].as_str().unwrap_or_default())).collect())
}

/// Whether an answer is kept as it was recorded: nothing else can answer the request.
fn is_kept(entry: &Entry, served: &HashSet<String>, differing: &HashSet<usize>) -> bool {
    let is_answer = (200..300).contains(&entry.response.status) || matches!(entry.response.status, 400 | 404 | 409);
    let Some(operation) = entry.operation.filter(|_| is_answer) else { return false };
    !served.contains(&operation.to_string()) || differing.contains(&entry.line)
}

fn recorded(entry: &Entry, ids: &Ids, masker: &Masker) -> Value {
    let kinds = kinds_of(&entry.request.path);
    let here = |value: Option<&Value>| value.map(|value| ids.body(masker.rules(), value, &kinds));
    let kind = kinds.first().map(String::as_str);
    let query: Vec<(&str, String)> = entry.request.query.iter().map(|(name, value)| (name.as_str(), ids.text(kind, value))).collect();
    json!({
        "method": entry.request.method, "path": ids.path(&entry.request.path), "query": query, "body": here(entry.asked()),
        "status": entry.response.status, "answer": here(entry.answer()),
    })
}

/// Performs the calls of a cassette on an account that is made for it, and tells what differs.
pub async fn diff(connection: &Connection, wanted: Cassette) -> anyhow::Result<Exit> {
    let (masker, entries) = (masker(&wanted)?, read(&wanted.file)?);
    let name = format!("cassette {}", std::process::id());
    let made = call(connection, Method::POST, "/api/v1/accounts", Some(json!({ "name": name }))).await?;
    let hub_id = made["account"]["hubId"].as_u64().unwrap_or_default();
    let done = async {
        let mut session = Session::open(connection, hub_id, &wanted.url, &masker).await?;
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
    show(&answer, wanted.json, told)?;
    Ok(if differences.is_empty() { Exit::Fine } else { Exit::Negative })
}

fn told(answer: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut lines: Vec<String> = list(answer, "differences")
        .iter()
        .map(|one| {
            let at = if one["at"] == "" { String::new() } else { format!(" {}", text(&one["at"])) };
            format!(
                "line {}: {}: {}{at}: {} in the cassette, {} here",
                one["line"],
                text(&one["operation"]),
                text(&one["kind"]),
                text(&one["recorded"]),
                text(&one["here"])
            )
        })
        .collect();
    for (reason, count) in answer["skipped"].as_object().into_iter().flatten() {
        lines.push(format!("not compared: {count}, as {reason}"));
    }
    let count = list(answer, "differences").len() as u64;
    lines.push(format!("{} compared, {}", counted(answer["compared"].as_u64().unwrap_or_default(), "call"), counted(count, "difference")));
    lines.join("\n")
}
