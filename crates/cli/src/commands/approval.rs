//! `keyway approval …`

use clap::ValueEnum;
use http::Method;
use keyway_api::view::ApprovalRule;
use serde_json::{Value, json};

use super::{counted, list, query, show, table, text};
use crate::args::Connection;
use crate::args::approval::{Approval, Rule};
use crate::client::call;
use crate::exit::Exit;

const PATH: &str = "/api/v1/approvals";

pub async fn run(connection: &Connection, action: Approval) -> anyhow::Result<Exit> {
    match action {
        Approval::List { state, app, limit } => {
            let state = state.and_then(|state| state.to_possible_value()).map(|value| value.get_name().to_owned());
            let path = format!("{PATH}{}", query(&[("state", state), ("app", app), ("limit", Some(limit.to_string()))]));
            let answer = call(connection, Method::GET, &path, None).await?;
            show(&answer, listed)
        }
        Approval::Show { id } => {
            let answer = call(connection, Method::GET, &format!("{PATH}/{id}"), None).await?;
            show(&answer, |answer| described(&answer["approval"]))
        }
        Approval::Approve { id } => {
            let answer = call(connection, Method::POST, &format!("{PATH}/{id}/approve"), None).await?;
            show(&answer, |answer| {
                format!("approved {id}: the app may make the call once, before {}", text(&answer["approval"]["expiresAt"]))
            })
        }
        Approval::Reject { id, reason } => {
            let body = json!({ "reason": reason });
            let answer = call(connection, Method::POST, &format!("{PATH}/{id}/reject"), Some(body)).await?;
            show(&answer, |_| format!("rejected {id}"))
        }
    }
}

/// The rule that the options ask for, over the one that is there; none where they ask for nothing.
///
/// # Errors
/// The number is none.
pub fn rule(asked: &Rule, current: &Value) -> anyhow::Result<Option<Value>> {
    if asked.approve.is_empty() && asked.approve_above.is_none() && asked.approve_operation.is_empty() {
        return Ok(None);
    }
    let mut rule = json!({
        "classes": list(current, "classes"), "above": current["above"].as_u64(), "operations": list(current, "operations"),
    });
    let all = |texts: Vec<String>| if texts.iter().any(|text| text == "none") { Vec::new() } else { texts };
    if !asked.approve.is_empty() {
        rule["classes"] = json!(all(super::app::split(&asked.approve)));
    }
    match asked.approve_above.as_deref() {
        None => {}
        Some("none") => rule["above"] = Value::Null,
        Some(number) => {
            let above: u64 =
                number.parse().map_err(|_| anyhow::anyhow!("--approve-above takes a number of records, or none, not {number}"))?;
            rule["above"] = above.into();
        }
    }
    if !asked.approve_operation.is_empty() {
        rule["operations"] = json!(all(asked.approve_operation.clone()));
    }
    Ok(Some(rule))
}

/// A rule in one line.
pub fn rule_words(rule: &ApprovalRule) -> String {
    let mut parts = rule.classes.clone();
    parts.extend(rule.above.map(|above| format!("changes of more than {}", counted(above, "record"))));
    parts.extend(rule.operations.iter().cloned());
    if parts.is_empty() { "no call needs one".to_owned() } else { parts.join(", ") }
}

fn listed(answer: &Value) -> String {
    let row =
        |one: &Value| ["id", "state", "app", "records", "operation", "createdAt", "expiresAt"].map(|field| text(&one[field])).to_vec();
    let rows: Vec<Vec<String>> = list(answer, "approvals").iter().map(row).collect();
    if rows.is_empty() {
        return "no call waits for an approval, and none did".to_owned();
    }
    table(&["ID", "STATE", "APP", "RECORDS", "OPERATION", "ASKED", "ENDS"], &rows)
}

fn described(one: &Value) -> String {
    let mut facts = vec![
        ("state", state(one)),
        ("app", format!("{} ({}) of account {}", text(&one["app"]), text(&one["appId"]), text(&one["hubId"]))),
        ("operation", text(&one["operation"])),
        ("why", text(&one["rule"])),
        ("records", text(&one["records"])),
        ("asked", text(&one["createdAt"])),
        ("ends", text(&one["expiresAt"])),
        ("digest", text(&one["digest"])),
        ("page", text(&one["link"])),
    ];
    let change = &one["change"];
    if !change.is_null() {
        facts.push(("call", format!("{} {}", text(&change["method"]), text(&change["target"]))));
    }
    let mut lines: Vec<String> = facts.iter().map(|(name, value)| format!("  {name:<10} {value}")).collect();
    lines.push(String::new());
    if change.is_null() {
        lines.push("  What would have changed is deleted: Keyway keeps it until a day after the end.".to_owned());
    } else {
        lines.extend(changes(change));
    }
    if one["state"] == "pending" {
        let id = text(&one["id"]);
        lines.push(format!("\n  To decide: keyway approval approve {id}, or keyway approval reject {id} --reason TEXT"));
    }
    lines.join("\n")
}

fn state(one: &Value) -> String {
    let by = one["decidedBy"].as_str().map(|_| format!(", decided by {} at {}", text(&one["decidedBy"]), text(&one["decidedAt"])));
    let reason = one["reason"].as_str().map(|_| format!(": {}", text(&one["reason"])));
    let used = one["usedAt"].as_str().map(|_| match one["status"].as_u64() {
        Some(status) => format!(", used at {}, answered with {status}", text(&one["usedAt"])),
        None => format!(", used at {}, outcome unknown", text(&one["usedAt"])),
    });
    [Some(text(&one["state"])), by, reason, used].into_iter().flatten().collect()
}

fn changes(change: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    let records = list(change, "records");
    let mut rows = Vec::new();
    for record in records {
        let name = format!("{}/{}", text(&record["objectType"]), if record["id"].is_null() { "new".into() } else { text(&record["id"]) });
        let mut first = vec![name, text(&record["state"])];
        if list(record, "properties").is_empty() {
            rows.push([first.clone(), vec!["-".into(), "-".into(), "-".into()]].concat());
        }
        for property in list(record, "properties") {
            let after = if property["after"].is_null() { "(not set by the call)".to_owned() } else { text(&property["after"]) };
            rows.push(
                [std::mem::replace(&mut first, vec![String::new(); 2]), vec![text(&property["name"]), text(&property["before"]), after]]
                    .concat(),
            );
        }
    }
    if !rows.is_empty() {
        lines.push(table(&["RECORD", "STATE", "PROPERTY", "BEFORE", "AFTER"], &rows));
    }
    if let Some(more) = change["more"].as_u64().filter(|more| *more > 0) {
        lines.push(format!("  and {} more", counted(more, "record")));
    }
    for unread in list(change, "unread") {
        lines.push(format!("  Keyway could not read {}: {}", text(&unread["objectType"]), text(&unread["why"])));
    }
    for (name, field) in [("before", "before"), ("body", "body")] {
        if change[field].is_string() {
            lines.push(format!("  {name:<10} {}", text(&change[field])));
        }
    }
    if lines.is_empty() {
        lines.push("  The call names no record and has no body.".to_owned());
    }
    lines
}
