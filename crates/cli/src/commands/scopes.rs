//! `keyway app tighten` and `keyway app unused`: find the scopes that an app needs from its recorded calls.

use std::collections::BTreeMap;

use http::Method;
use keyway_api::view::{App, Apps, OperationUse, ScopesUsed, UnusedApp, UnusedApps};
use keyway_core::catalog::Catalog;
use keyway_core::scope::ScopeSet;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::app::{change, path};
use super::audit::called;
use super::{counted, list, note, query, show, table};
use crate::args::Connection;
use crate::client::call;
use crate::exit::Exit;
use crate::output;
use crate::typed::{all, lines_of, or_dash, typed};

/// Refused calls that are looked through, the newest ones.
const REFUSED_MAX: u32 = 1_000;

/// Scopes that calls of an app were refused for, and the app still lacks.
#[derive(Serialize, Deserialize)]
struct Lacking {
    /// Sets of scopes; any one of them is enough.
    scopes: Vec<Vec<String>>,
    calls: u64,
    last: String,
    /// One of the operations.
    operation: String,
}

impl Lacking {
    fn named(&self) -> String {
        self.scopes.iter().map(|set| set.join(" + ")).collect::<Vec<_>>().join(" or ")
    }

    fn line(&self) -> String {
        format!("{}: {}, last {}, such as {}", self.named(), counted(self.calls, "call"), self.last, self.operation)
    }
}

/// What an app was granted beside what its calls needed, and what they were refused for.
pub(super) async fn used(connection: &Connection, app: &str, days: Option<u32>) -> anyhow::Result<Value> {
    let mut found =
        call(connection, Method::GET, &format!("{}/scopes{}", path(app), query(&[("days", days.map(|days| days.to_string()))])), None)
            .await?;
    let shown: Value = call(connection, Method::GET, &path(app), None).await?;
    let used: ScopesUsed = typed(&found)?;
    let fields = [
        ("app", Some(used.app.id.to_string())),
        ("category", Some("MISSING_SCOPES".to_owned())),
        ("from", Some(used.since.to_string())),
        ("limit", Some(REFUSED_MAX.to_string())),
    ];
    let refused = call(connection, Method::GET, &format!("/api/v1/audit{}", query(&fields)), None).await?;
    found["refused"] = json!(lacking(&typed(&shown["app"])?, list(&refused, "records")));
    Ok(found)
}

/// What refused calls lacked and the app still lacks, by the scopes; most calls first.
fn lacking(app: &App, records: &[Value]) -> Vec<Lacking> {
    let granted = ScopeSet::of_known(app.scopes.iter().map(String::as_str));
    let mut lacking: BTreeMap<Vec<Vec<String>>, Lacking> = BTreeMap::new();
    for record in records {
        let Some(operation) = record["operation"].as_str().and_then(|name| Catalog::get().named(name)) else { continue };
        let Some(requirement) = Catalog::get().requirement_on(operation, record["object"].as_str()) else { continue };
        if requirement.met_by(&granted) {
            continue;
        }
        let names = |set: &ScopeSet| set.names().into_iter().map(str::to_owned).collect();
        let scopes: Vec<Vec<String>> = requirement.alternatives().iter().map(names).collect();
        // The newest call comes first.
        let first = || Lacking { scopes: scopes.clone(), calls: 0, last: super::text(&record["time"]), operation: called(record) };
        lacking.entry(scopes.clone()).or_insert_with(first).calls += record["calls"].as_u64().unwrap_or(1);
    }
    let mut lacking: Vec<Lacking> = lacking.into_values().collect();
    lacking.sort_by_key(|one| std::cmp::Reverse(one.calls));
    lacking
}

/// Shows what an app was granted beside what it needed, and takes the rest away where asked to.
pub async fn tighten(connection: &Connection, app: &str, days: u32, apply: bool) -> anyhow::Result<Exit> {
    let found = used(connection, app, Some(days)).await?;
    let used: ScopesUsed = typed(&found)?;
    let nothing_to_take = used.unused.is_empty();
    if apply && !nothing_to_take {
        return change(connection, app, json!({ "removeScopes": used.unused }), "tightened").await;
    }
    show(&found, |_| {
        let proposal = if nothing_to_take {
            "nothing to remove".to_owned()
        } else {
            format!("to remove the unused scopes: keyway app tighten {} --days {days} --apply", used.app.id)
        };
        format!("{}\n\n{}\n\n{proposal}", operations(&used), summary(&found))
    })
}

/// Shows the same of every app, or of those with unused scopes, in a line each.
pub async fn tighten_each(connection: &Connection, days: u32, only_unused: bool) -> anyhow::Result<Exit> {
    let mut each = Vec::new();
    for app in all::<Apps>(connection, "/api/v1/apps").await? {
        let found = used(connection, &app.id.to_string(), Some(days)).await?;
        if !only_unused || !list(&found, "unused").is_empty() {
            each.push(found);
        }
    }
    if each.is_empty() && only_unused && !output::is_json() {
        note("keyway: every scope of every app was needed by a call");
        return Ok(Exit::Fine);
    }
    show(&json!({ "version": 1, "apps": each }), |answer| {
        let rows: Vec<Vec<String>> = list(answer, "apps").iter().map(row).collect();
        let advice = "For all scopes of one app, and to remove its unused scopes: keyway app tighten APP, keyway app tighten APP --apply";
        let is_shorter = list(answer, "apps").iter().any(|used| used["complete"] == false);
        let shorter = if is_shorter {
            format!(
                "\n\nlog is shorter: it does not reach back {days} days, and earlier calls may have needed a scope that is listed as unused"
            )
        } else {
            String::new()
        };
        format!("{}{shorter}\n\n{advice}", table(&["ID", "APP", "CALLS", "SCOPES", "UNUSED SCOPES", "REFUSED FOR"], &rows))
    })
}

/// Names in a cell: more would make the line longer than any window.
const NAMED_MAX: usize = 3;

/// The first names, and how many more there are.
fn some(names: &[String]) -> String {
    let more = names.len().saturating_sub(NAMED_MAX);
    let first = names.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>().join(", ");
    match (names.is_empty(), more) {
        (true, _) => "none".to_owned(),
        (false, 0) => first,
        (false, more) => format!("{first} and {more} more"),
    }
}

fn row(found: &Value) -> Vec<String> {
    let Ok(used) = typed::<ScopesUsed>(found) else { return Vec::new() };
    let calls = if used.complete { used.calls.to_string() } else { format!("{} (log is shorter)", used.calls) };
    let granted = used.granted.iter().filter(|scope| *scope != "oauth").count().to_string();
    vec![
        used.app.id.to_string(),
        used.app.name,
        calls,
        granted,
        some(&used.unused),
        some(&refused(found).iter().map(Lacking::named).collect::<Vec<_>>()),
    ]
}

fn refused(found: &Value) -> Vec<Lacking> {
    Vec::<Lacking>::deserialize(&found["refused"]).unwrap_or_default()
}

/// Which scopes an app's calls needed, which none did, and which they were refused for.
pub(super) fn summary(answer: &Value) -> String {
    let lacking: Vec<String> = refused(answer).iter().map(Lacking::line).collect();
    let lacking = if lacking.is_empty() { String::new() } else { format!("\n  refused for  {}", lacking.join("\n               ")) };
    lines_of(answer, needed) + &lacking
}

fn needed(found: &ScopesUsed) -> String {
    let days = found.days;
    let names = |names: &[String]| {
        if names.is_empty() { "none".to_owned() } else { names.join("\n               ") }
    };
    let unused = format!("  unused       {}", names(&found.unused));
    if found.calls == 0 {
        return format!("  no call was accepted in {days} days, so no scope was needed\n{unused}");
    }
    let mut lines =
        format!("  needed       {}\n{unused}\n  from         {} in {days} days", names(&found.needed), counted(found.calls, "call"));
    if !found.complete {
        lines.push_str("; the audit does not reach back that far");
    }
    if !found.least {
        lines.push_str("; a smaller set may be enough");
    }
    let beside: Vec<String> = found.beside.iter().map(|one| format!("{} ({})", one.object, one.access)).collect();
    if !beside.is_empty() {
        lines.push_str(&format!("\n  in bodies    {}", beside.join("\n               ")));
    }
    lines
}

fn operations(found: &ScopesUsed) -> String {
    let row = |one: &OperationUse| {
        vec![one.operation.clone(), or_dash(one.object.as_deref()), one.calls.to_string(), one.last.to_string(), one.scopes.join(", ")]
    };
    let rows: Vec<Vec<String>> = found.operations.iter().map(row).collect();
    table(&["OPERATION", "OBJECT", "CALLS", "LAST", "ALLOWED BY"], &rows)
}

/// Apps without a call.
pub(super) fn unused(answer: &Value) -> String {
    lines_of(answer, without_calls)
}

fn without_calls(answer: &UnusedApps) -> String {
    let row = |app: &UnusedApp| {
        vec![
            app.id.to_string(),
            app.hub_id.to_string(),
            app.name.clone(),
            app.owner.clone(),
            app.created_at.to_string(),
            or_dash(app.last_used_at.as_ref()),
        ]
    };
    let rows: Vec<Vec<String>> = answer.apps.iter().map(row).collect();
    if rows.is_empty() {
        return format!("every app made a call in the last {} days, or is younger", answer.days);
    }
    table(&["ID", "HUB ID", "NAME", "OWNER", "CREATED", "LAST USE"], &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_some_scopes_and_counts_the_others() {
        let names = |count| (1..=count).map(|number| format!("s{number}")).collect::<Vec<_>>();
        assert_eq!(some(&names(0)), "none");
        assert_eq!(some(&names(3)), "s1, s2, s3");
        assert_eq!(some(&names(9)), "s1, s2, s3 and 6 more");
    }
}
