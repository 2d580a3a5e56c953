//! `keyway changes`

use std::collections::HashMap;

use http::Method;
use keyway_core::shown;
use serde_json::Value;

use super::{list, moment, names, query, show, text};
use crate::args::Connection;
use crate::args::changes::Changes;
use crate::client::call;
use crate::exit::Exit;
use crate::output::is_json;
use crate::typed::line;

pub async fn run(connection: &Connection, wanted: Changes) -> anyhow::Result<Exit> {
    let Changes { who, operation, target, account, period, limit } = wanted;
    let account = names::account_if_any(connection, account.as_deref()).await?;
    let [from, to] = period.query();
    let fields = [
        ("who", who),
        ("operation", operation),
        ("target", target),
        ("hubId", account.map(|hub_id| hub_id.to_string())),
        from,
        to,
        ("limit", limit.map(|limit| limit.to_string())),
    ];
    let answer = call(connection, Method::GET, &format!("/api/v1/changes{}", query(&fields)), None).await?;
    let filters = filters(&fields);
    let apps = if is_json() { HashMap::new() } else { names::of_apps(connection).await };
    show(&answer, |answer| match list(answer, "changes") {
        [] if filters.is_empty() => "nothing was changed".to_owned(),
        [] => format!("no change matches{filters}. All changes: keyway changes"),
        changes => changes.iter().map(|change| told(change, &apps)).collect::<Vec<_>>().join("\n\n"),
    })
}

/// What narrows the list, as options.
fn filters(fields: &[(&str, Option<String>)]) -> String {
    let option = |name: &str| match name {
        "hubId" => "account".to_owned(),
        "from" => "since".to_owned(),
        "to" => "until".to_owned(),
        name => name.to_owned(),
    };
    let given = fields.iter().filter(|(name, _)| *name != "limit").filter_map(|(name, value)| Some((option(name), value.as_ref()?)));
    given.map(|(name, value)| format!(" --{name} {}", shown::argument(value).unwrap_or_else(|| line(value)))).collect()
}

/// One change: who, what, from where, then a line for each field, before and after.
fn told(change: &Value, apps: &HashMap<String, String>) -> String {
    let field = |name: &str| text(&change[name]);
    let source = if change["source"] == "" { String::new() } else { format!(" from {}", field("source")) };
    // The socket and the server have no other name.
    let who = if change["kind"] == change["who"] { field("who") } else { format!("{} {}", field("kind"), field("who")) };
    let mut lines =
        format!("{}  {who} ({}){source}: {} {}", moment(&change["at"]), field("role"), field("operation"), target(change, apps));
    let (was, became) = (&change["before"], &change["after"]);
    let mut things: Vec<&String> = [was, became].into_iter().filter_map(Value::as_object).flat_map(|things| things.keys()).collect();
    things.sort();
    things.dedup();
    for thing in things {
        match (was.get(thing), became.get(thing)) {
            (Some(was), Some(became)) if was.is_object() => {
                let mut fields: Vec<&String> =
                    [was, became].into_iter().filter_map(Value::as_object).flat_map(|thing| thing.keys()).collect();
                fields.sort();
                fields.dedup();
                for name in fields {
                    lines.push_str(&format!("\n    {thing} {name}: {} -> {}", text(&was[name]), text(&became[name])));
                }
            }
            (None, Some(made)) => lines.push_str(&format!("\n    {thing} made: {}", named(made))),
            (Some(gone), None) => lines.push_str(&format!("\n    {thing} gone: {}", named(gone))),
            _ => {}
        }
    }
    lines
}

/// What was changed, with the name of an app beside its number.
fn target(change: &Value, apps: &HashMap<String, String>) -> String {
    let target = text(&change["target"]);
    let name = target.strip_prefix("app ").and_then(|id| apps.get(id));
    name.map_or_else(|| target.clone(), |name| format!("{target} \"{name}\""))
}

fn named(thing: &Value) -> String {
    ["name", "hint", "role"].iter().find_map(|field| thing[*field].as_str()).unwrap_or_default().to_owned()
}
