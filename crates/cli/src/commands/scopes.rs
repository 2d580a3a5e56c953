//! `keyway app tighten` and `keyway app unused`: find the scopes that an app needs from its recorded calls.

use http::Method;
use keyway_api::view::{OperationUse, ScopesUsed, UnusedApp, UnusedApps};
use serde_json::{Value, json};

use super::app::{change, path};
use super::{show, table};
use crate::Exit;
use crate::args::Connection;
use crate::client::call;
use crate::typed::{lines_of, or_dash, typed};

/// Shows what an app was granted beside what it needed, and takes the rest away where asked to.
pub async fn tighten(connection: &Connection, app: &str, days: u32, apply: bool, json: bool) -> anyhow::Result<Exit> {
    let found = call(connection, Method::GET, &format!("{}/scopes?days={days}", path(app)), None).await?;
    let used: ScopesUsed = typed(&found)?;
    let nothing_to_take = used.unused.is_empty();
    if apply && !nothing_to_take {
        return change(connection, app, json!({ "removeScopes": used.unused }), json, "tightened").await;
    }
    show(&found, json, |_| {
        let proposal = if nothing_to_take {
            "nothing to remove".to_owned()
        } else {
            format!("to take the unused scopes away: keyway app tighten {} --days {days} --apply", used.app.id)
        };
        format!("{}\n\n{}\n\n{proposal}", operations(&used), summary(&found))
    })
}

/// Which scopes an app's calls needed and which none did.
pub(super) fn summary(answer: &Value) -> String {
    lines_of(answer, needed)
}

fn needed(found: &ScopesUsed) -> String {
    let days = found.days;
    if found.calls == 0 {
        return format!("  no call was accepted in {days} days, so no scope was needed");
    }
    let names = |names: &[String]| {
        if names.is_empty() { "none".to_owned() } else { names.join("\n               ") }
    };
    let mut lines = format!(
        "  needed       {}\n  unused       {}\n  from         {} in {days} days",
        names(&found.needed),
        names(&found.unused),
        super::counted(found.calls, "call")
    );
    let beside: Vec<String> = found.beside.iter().map(|one| format!("{} ({})", one.object, one.access)).collect();
    if !beside.is_empty() {
        lines.push_str(&format!("\n  in bodies    {}", beside.join("\n               ")));
    }
    if !found.complete {
        lines.push_str("; the audit does not reach back that far");
    }
    if !found.least {
        lines.push_str("; a smaller set may be enough");
    }
    lines
}

fn operations(found: &ScopesUsed) -> String {
    let row = |one: &OperationUse| {
        vec![one.operation.clone(), or_dash(one.object.as_deref()), one.calls.to_string(), one.last.to_string(), one.scopes.join(", ")]
    };
    let rows: Vec<Vec<String>> = found.operations.iter().map(row).collect();
    table(&["OPERATION", "OBJECT", "CALLS", "LAST", "OPENED BY"], &rows)
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
