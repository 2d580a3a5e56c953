//! `keyway portal …`: the embedded account as a test double.

mod cassette;
mod coverage;
mod csv;
mod diff;
mod pull;
pub mod report;
mod webhook;

use std::path::PathBuf;

use anyhow::{Context, bail};
use http::Method;
use keyway_api::view::{ClockAnswer, FaultUse, Faults, Request, Requests, Seeded};
use keyway_core::shown;
use serde_json::{Map, Value, json};

use super::confirm::{self, Deletion};
use super::{counted, encoded, list, names, note, query, show, table, text};
use crate::args::Connection;
use crate::args::portal::clock::Clock;
use crate::args::portal::fault::{Fault, FaultRule};
use crate::args::portal::snapshot::Snapshot;
use crate::args::portal::{Expectation, Portal, RequestFilter};
use crate::client::{call, list_all, stream, upload};
use crate::exit::Exit;
use crate::seed;
use crate::typed::{lines_of, show_typed};

/// A server and one of its embedded accounts.
struct Double<'a> {
    connection: &'a Connection,
    path: String,
}

pub async fn run(connection: &Connection, account: Option<&str>, action: Portal) -> anyhow::Result<Exit> {
    if let Portal::Coverage { find, markdown } = action {
        return coverage::run(connection, find.as_deref(), markdown).await;
    }
    let account = names::account_if_any(connection, account).await?;
    if let Portal::Report(asked) = action {
        return report::run(connection, account, asked).await;
    }
    if let Portal::Pull(asked) = action {
        return pull::run(connection, asked).await;
    }
    if let Portal::DiffCassette(wanted) = action {
        return cassette::diff(connection, wanted).await;
    }
    let hub_id = match account {
        Some(hub_id) => hub_id,
        None => only_embedded(connection).await?,
    };
    let double = Double { connection, path: format!("/api/v1/portals/{hub_id}") };
    match action {
        Portal::Coverage { .. } | Portal::Report(_) | Portal::Pull(_) | Portal::DiffCassette(_) => {
            unreachable!("they belong to no account that is looked up here")
        }
        Portal::ImportCassette(wanted) => cassette::import(connection, hub_id, wanted).await,
        Portal::Reset { consent } => {
            confirm::deletion(consent, async || {
                let account = call(connection, Method::GET, &format!("/api/v1/accounts/{hub_id}"), None).await?;
                let records = counted(account["account"]["records"].as_u64().unwrap_or_default(), "record");
                Ok(Deletion {
                    what: format!("what the embedded account {hub_id} holds"),
                    name: hub_id.to_string(),
                    goes: vec![records, "its fault rules and its request log".into(), "apps, tokens and snapshots stay".into()],
                })
            })
            .await?;
            let answer = double.call(Method::POST, "/reset", None).await?;
            show(&answer, |_| format!("reset account {hub_id}"))
        }
        Portal::Seed { file, set, csv } => {
            let named = file.as_deref().map(shown::path);
            let seed = match (file, set) {
                (_, Some(set)) => json!({ "set": set }),
                (Some(file), None) => seed::of_file(&file)?,
                (None, None) if csv.is_empty() => {
                    bail!("name what to add: a FILE, --set SET (demo, minimal or activities) or --csv TYPE=FILE")
                }
                (None, None) => csv::seed(&csv)?,
            };
            let answer = double.call(Method::POST, "/seed", Some(seed)).await.map_err(|error| match named {
                Some(file) => error.context(file),
                None => csv::at_line(error, &csv),
            })?;
            show(&answer, made)
        }
        Portal::Snapshot { action } => double.snapshot(action).await,
        Portal::Restore { name } => {
            let answer = double.call(Method::POST, &format!("/snapshots/{}/restore", encoded(&name)), None).await?;
            show(&answer, |_| format!("account {hub_id} is as in snapshot {name}"))
        }
        Portal::Diff(asked) => diff::run(&double, asked).await,
        Portal::Requests { filter, har, expectation } => double.requests(filter, har, expectation).await,
        Portal::Fault { action } => double.fault(action).await,
        Portal::Webhook { action } => webhook::run(&double, action).await,
        Portal::Clock { action } => double.clock(action).await,
    }
}

async fn only_embedded(connection: &Connection) -> anyhow::Result<u64> {
    let answer = list_all(connection, "/api/v1/accounts", "accounts").await?;
    let embedded: Vec<u64> = list(&answer, "accounts")
        .iter()
        .filter(|account| account["backend"] == "embedded")
        .filter_map(|account| account["hubId"].as_u64())
        .collect();
    match embedded[..] {
        [one] => Ok(one),
        [] => bail!("this server has no embedded account"),
        _ => bail!("there are several embedded accounts; say which one with --account"),
    }
}

/// A time with its unit; milliseconds too, which other commands have no use for.
fn milliseconds(time: &str) -> anyhow::Result<i64> {
    match time.strip_suffix("ms") {
        Some(number) => number.parse().with_context(|| format!("{time} is not a time such as 500ms or 10s")),
        None => super::milliseconds(time),
    }
}

/// A kind of definitions as people read it: `objectTypes` are object types.
fn in_words(kind: &str) -> &str {
    if kind == "objectTypes" { "object types" } else { kind }
}

fn made(answer: &Value) -> String {
    lines_of(answer, |Seeded { made, defined, .. }| {
        let records = made.iter().map(|(kind, count)| format!("{kind}: {}", text(count)));
        let definitions = defined.iter().map(|(kind, count)| format!("{}: {count}", in_words(kind)));
        let made: Vec<String> = records.chain(definitions).collect();
        if made.is_empty() { "nothing was added".to_owned() } else { format!("added {}", made.join(", ")) }
    })
}

impl Double<'_> {
    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<Value> {
        call(self.connection, method, &format!("{}{path}", self.path), body).await
    }

    async fn snapshot(&self, action: Snapshot) -> anyhow::Result<Exit> {
        let path = |name: &str| format!("/snapshots/{}", encoded(name));
        match action {
            Snapshot::Take { name } => {
                let answer = self.call(Method::POST, &path(&name), None).await?;
                show(&answer, |answer| format!("took snapshot {name}, {} bytes", text(&answer["snapshot"]["bytes"])))
            }
            Snapshot::List => {
                let answer = self.call(Method::GET, "/snapshots", None).await?;
                show(&answer, |answer| {
                    let rows: Vec<Vec<String>> =
                        list(answer, "snapshots").iter().map(|one| vec![text(&one["name"]), text(&one["bytes"])]).collect();
                    table(&["NAME", "BYTES"], &rows)
                })
            }
            Snapshot::Export { name, file } => {
                let mut out = Vec::new();
                let take = |part: &[u8]| {
                    out.extend_from_slice(part);
                    Ok(())
                };
                stream(self.connection, &format!("{}{}", self.path, path(&name)), take).await?;
                std::fs::write(&file, out).with_context(|| format!("{} can't be written", shown::path(&file)))?;
                note(&format!("wrote snapshot {name} to {}", shown::path(&file)));
                Ok(Exit::Fine)
            }
            Snapshot::Import { name, file } => {
                let copy = seed::read(&file)?.into_bytes();
                let sent = upload(self.connection, &format!("{}{}", self.path, path(&name)), copy).await;
                let answer = sent.with_context(|| shown::path(&file))?;
                show(&answer, |_| format!("took snapshot {name} from {}", shown::path(&file)))
            }
            Snapshot::Delete { name, consent } => {
                confirm::deletion(consent, async || {
                    let snapshots = self.call(Method::GET, "/snapshots", None).await?;
                    let found = list(&snapshots, "snapshots").iter().find(|one| one["name"] == *name);
                    let unknown = || shown::unknown("snapshot", &name, "keyway portal snapshot list");
                    let bytes = found.with_context(unknown)?["bytes"].as_u64().unwrap_or_default();
                    Ok(Deletion { what: format!("the snapshot \"{name}\""), name: name.clone(), goes: vec![counted(bytes, "byte")] })
                })
                .await?;
                let answer = self.call(Method::DELETE, &path(&name), None).await?;
                show(&answer, |_| format!("deleted snapshot {name}"))
            }
        }
    }

    async fn requests(&self, filter: RequestFilter, har: Option<PathBuf>, expectation: Expectation) -> anyhow::Result<Exit> {
        let RequestFilter { method, path, operation, app, status, body, query, after } = filter;
        let filter = [
            ("method", method),
            ("path", path),
            ("operation", operation),
            ("app", names::app_if_any(self.connection, app).await?),
            ("status", status),
            ("body", body),
            ("query", query),
            ("after", after.map(|after| after.to_string())),
        ];
        let Some(file) = har else { return self.listed("requests", &filter, expectation, received).await };
        let archive = self.call(Method::GET, &format!("/requests/har{}", super::query(&filter)), None).await?;
        if expectation.clear {
            self.call(Method::DELETE, "/requests", None).await?;
        }
        let text = serde_json::to_string_pretty(&archive)?;
        if file.as_os_str() == "-" {
            super::print(&text)?;
            return Ok(Exit::Fine);
        }
        std::fs::write(&file, text + "\n").with_context(|| format!("{} can't be written", shown::path(&file)))?;
        note(&format!("{} in {}", counted(list(&archive["log"], "entries").len() as u64, "request"), shown::path(&file)));
        Ok(Exit::Fine)
    }

    /// Shows what fits; exits 1 when it is not as much as it should be.
    async fn listed(
        &self,
        what: &str,
        filter: &[(&'static str, Option<String>)],
        expectation: Expectation,
        told: impl FnOnce(&Value) -> String,
    ) -> anyhow::Result<Exit> {
        let Expectation { expect, wait, clear } = expectation;
        let wait_ms = wait.as_deref().map(milliseconds).transpose()?;
        let asked = [("expect", expect.clone()), ("waitMs", wait_ms.map(|wait| wait.to_string()))];
        let asked = query(&[filter, &asked].concat());
        let answer = self.call(Method::GET, &format!("/{what}{asked}"), None).await?;
        if clear {
            self.call(Method::DELETE, &format!("/{what}"), None).await?;
        }
        show(&answer, told)?;
        Ok(match expect {
            Some(expect) if answer["met"] != true => {
                super::say(&format!("keyway: {}", not_met(&expect, answer["count"].as_u64().unwrap_or_default(), what)));
                Exit::Negative
            }
            _ => Exit::Fine,
        })
    }

    async fn fault(&self, action: Fault) -> anyhow::Result<Exit> {
        match action {
            Fault::Add { rule } => {
                let answer = self.call(Method::POST, "/faults", Some(fault(self.connection, *rule).await?)).await?;
                show(&answer, |answer| format!("added fault rule {}", text(&answer["fault"]["id"])))
            }
            Fault::List => {
                let answer = self.call(Method::GET, "/faults", None).await?;
                show(&answer, faults)
            }
            Fault::Clear { id: Some(id) } => {
                let answer = self.call(Method::DELETE, &format!("/faults/{id}"), None).await?;
                show(&answer, |_| format!("removed fault rule {id}"))
            }
            Fault::Clear { id: None } => {
                let answer = self.call(Method::DELETE, "/faults", None).await?;
                show(&answer, |_| "removed all fault rules".to_owned())
            }
        }
    }

    async fn clock(&self, action: Clock) -> anyhow::Result<Exit> {
        let body = match action {
            Clock::Show => None,
            Clock::Set { time, frozen } => Some(json!({ "set": time, "frozen": frozen })),
            Clock::Advance { time } => Some(json!({ "advanceMs": milliseconds(&time)? })),
            Clock::Freeze => Some(json!({ "frozen": true })),
            Clock::Reset => Some(json!({})),
        };
        let method = if body.is_some() { Method::PUT } else { Method::GET };
        let answer = self.call(method, "/clock", body).await?;
        show_typed(&answer, |ClockAnswer { clock }| format!("{}{}", clock.now, if clock.frozen { ", standing still" } else { "" }))
    }
}

/// What to say where the number of requests or deliveries is not the expected one.
fn not_met(expect: &str, count: u64, what: &str) -> String {
    let noun = match (what, expect) {
        ("deliveries", "1") => "delivery",
        (_, "1") => "request",
        _ => what,
    };
    format!("expected {expect} {noun}, and {count} {}", if count == 1 { "matches" } else { "match" })
}

/// The fault rule as the admin API takes it, without the options that were not given.
async fn fault(connection: &Connection, rule: FaultRule) -> anyhow::Result<Value> {
    let FaultRule { status, limit, retry_after, cut, inputs, latency, search_lag, search_shuffled, .. } = rule;
    let FaultRule { operation, method, path, app, after, times, probability, seed, .. } = rule;
    let [latency_ms, search_lag_ms] = [latency, search_lag].map(|time| time.as_deref().map(milliseconds).transpose());
    let fields = [
        ("status", json!(status)),
        ("limit", json!(limit)),
        ("retryAfterS", json!(retry_after)),
        ("cut", json!(cut)),
        ("inputs", if inputs.is_empty() { Value::Null } else { json!(inputs) }),
        ("latencyMs", json!(latency_ms?)),
        ("searchLagMs", json!(search_lag_ms?)),
        ("searchShuffled", if search_shuffled { json!(true) } else { Value::Null }),
        ("operation", json!(operation)),
        ("method", json!(method)),
        ("path", json!(path)),
        ("app", json!(names::app_if_any(connection, app).await?)),
        ("after", json!(after)),
        ("times", json!(times)),
        ("probability", json!(probability)),
        ("seed", json!(seed)),
    ];
    Ok(Value::Object(
        fields.into_iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>(),
    ))
}

fn received(answer: &Value) -> String {
    let row = |one: &Request| {
        let target = one.query.as_ref().map_or_else(|| one.path.clone(), |query| format!("{}?{query}", one.path));
        let body: String = if one.body.is_null() { String::new() } else { one.body.to_string().chars().take(100).collect() };
        vec![one.number.to_string(), one.app.clone(), one.method.clone(), target, one.status.to_string(), body]
    };
    lines_of(answer, |Requests { requests, .. }| {
        table(&["NUMBER", "APP", "METHOD", "PATH", "STATUS", "BODY"], &requests.iter().map(row).collect::<Vec<_>>())
    })
}

fn faults(answer: &Value) -> String {
    let row = |FaultUse { rule, seen, hit }: &FaultUse| {
        let fields = json!(rule);
        let is_given = |name: &&str| fields.get(*name).is_some_and(|value| !value.is_null() && *value != 0 && *value != false);
        let said = |names: &[&str]| -> String {
            let said: Vec<String> =
                names.iter().copied().filter(|name| is_given(name)).map(|name| format!("{name} {}", text(&fields[name]))).collect();
            said.join(", ")
        };
        vec![
            rule.id.to_string(),
            said(&["status", "limit", "retryAfterS", "cut", "inputs", "latencyMs", "searchLagMs", "searchShuffled", "probability"]),
            said(&["operation", "method", "path", "app"]),
            seen.to_string(),
            hit.to_string(),
        ]
    };
    lines_of(answer, |Faults { faults }| table(&["ID", "FAULT", "CALLS", "SEEN", "HIT"], &faults.iter().map(row).collect::<Vec<_>>()))
}
