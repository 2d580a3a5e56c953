//! `keyway app tighten` and `keyway app unused`: least privilege from what was called.

use http::Method;
use serde_json::{Value, json};

use super::app::{change, path};
use super::{list, show, table, text};
use crate::Exit;
use crate::args::Connection;
use crate::client::call;

/// Shows what an app was granted beside what it needed, and takes the rest away where asked to.
pub async fn tighten(connection: &Connection, app: &str, days: u32, apply: bool, json: bool) -> anyhow::Result<Exit> {
    let found = call(connection, Method::GET, &format!("{}/scopes?days={days}", path(app)), None).await?;
    let nothing_to_take = list(&found, "unused").is_empty();
    if apply && !nothing_to_take {
        return change(connection, app, json!({ "removeScopes": found["unused"] }), json, "tightened").await;
    }
    show(&found, json, |found| {
        let proposal = if nothing_to_take {
            "nothing to remove".to_owned()
        } else {
            format!("to take the unused scopes away: keyway app tighten {} --days {days} --apply", text(&found["app"]["id"]))
        };
        format!("{}\n\n{}\n\n{proposal}", operations(found), summary(found))
    })
}

/// Which scopes an app's calls needed and which none did.
pub(super) fn summary(found: &Value) -> String {
    let days = text(&found["days"]);
    if found["calls"] == 0 {
        return format!("  no call was accepted in {days} days, so no scope was needed");
    }
    let names = |field: &str| {
        let names: Vec<String> = list(found, field).iter().map(text).collect();
        if names.is_empty() { "none".to_owned() } else { names.join("\n               ") }
    };
    let mut lines = format!(
        "  needed       {}\n  unused       {}\n  from         {} calls in {days} days",
        names("needed"),
        names("unused"),
        text(&found["calls"])
    );
    let beside: Vec<String> =
        list(found, "beside").iter().map(|one| format!("{} ({})", text(&one["object"]), text(&one["access"]))).collect();
    if !beside.is_empty() {
        lines.push_str(&format!("\n  in bodies    {}", beside.join("\n               ")));
    }
    if found["complete"] == false {
        lines.push_str("; the audit does not reach back that far");
    }
    if found["least"] == false {
        lines.push_str("; a smaller set may be enough");
    }
    lines
}

fn operations(found: &Value) -> String {
    let row = |one: &Value| ["operation", "object", "calls", "last", "scopes"].iter().map(|field| text(&one[*field])).collect();
    let rows: Vec<Vec<String>> = list(found, "operations").iter().map(row).collect();
    table(&["OPERATION", "OBJECT", "CALLS", "LAST", "OPENED BY"], &rows)
}

/// Apps without a call.
pub(super) fn unused(answer: &Value) -> String {
    let row = |app: &Value| ["id", "hubId", "name", "owner", "createdAt", "lastUsedAt"].iter().map(|field| text(&app[*field])).collect();
    let rows: Vec<Vec<String>> = list(answer, "apps").iter().map(row).collect();
    if rows.is_empty() {
        return format!("every app made a call in the last {} days, or is younger", text(&answer["days"]));
    }
    table(&["ID", "HUB ID", "NAME", "OWNER", "CREATED", "LAST USE"], &rows)
}
