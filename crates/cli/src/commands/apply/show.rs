//! Prints a plan for people, or as JSON for programs.

use keyway_core::shown;
use serde_json::{Map, Value, json};

use super::super::counted;
use super::check::{BASE_SCOPE, shown_name, wait};
use super::perform::State;
use super::plan::{Action, Change, Field, Plan, Target};

/// The plan for people: one paragraph for each change, then the totals.
pub fn lines(plan: &Plan) -> String {
    let mut lines: Vec<String> = plan.changes.iter().map(paragraph).collect();
    if !plan.not_in_file.is_empty() {
        lines.push("Not in the file, and left alone (--prune deletes them):".to_owned());
        lines.extend(plan.not_in_file.iter().map(|(hub_id, id, name)| format!("    app {} ({id}) of account {hub_id}", shown_name(name))));
    }
    if !plan.channels_not_in_file.is_empty() {
        lines.push("Channels that are not in the file, and left alone (--prune deletes them):".to_owned());
        lines.extend(plan.channels_not_in_file.iter().map(|name| format!("    channel {}", shown_name(name))));
    }
    lines.push(totals(plan));
    lines.join("\n")
}

/// The number of changes of each kind.
fn totals(plan: &Plan) -> String {
    if plan.changes.is_empty() {
        return "No change: the server is as the file says.".to_owned();
    }
    let [create, change, delete] = [Action::Create, Action::Change, Action::Delete].map(|action| plan.count(action));
    format!("Plan: {create} to create, {change} to change, {delete} to delete.")
}

fn paragraph(change: &Change) -> String {
    let sign = match change.action {
        Action::Create => '+',
        Action::Change => '~',
        Action::Delete => '-',
    };
    let mut lines = vec![format!("{sign} {}", title(change))];
    for field in &change.fields {
        lines.extend(differences(field).into_iter().map(|line| format!("    {line}")));
    }
    lines.extend(change.goes.iter().map(|line| format!("    {}", shown::line(line))));
    lines.join("\n")
}

/// A change in one line: what is done to what.
pub fn title(change: &Change) -> String {
    let (action, name) = (change.action.name(), shown_name(&change.name));
    let hub_id = change.hub_id.unwrap_or_default();
    match change.target {
        Target::Account => format!("{action} account {hub_id} {name}"),
        Target::App(None) => format!("{action} app {name} of account {hub_id}"),
        Target::App(Some(id)) => format!("{action} app {name} ({id}) of account {hub_id}"),
        Target::Channel(_) => format!("{action} channel {name}"),
    }
}

/// A field with its value before and after. Of a list, what is added and what is removed, where that says all.
fn differences(field: &Field) -> Vec<String> {
    let name = in_file(&field.name);
    let Some(before) = &field.before else {
        return vec![format!("{name}: {}", quoted(&value(&field.name, &field.after)))];
    };
    if let (Value::Array(before), Value::Array(after)) = (before, &field.after) {
        let gone = before.iter().filter(|one| !after.contains(one)).map(|one| format!("{name}: - {}", quoted(one)));
        let new = after.iter().filter(|one| !before.contains(one)).map(|one| format!("{name}: + {}", quoted(one)));
        let lines: Vec<String> = gone.chain(new).collect();
        if !lines.is_empty() {
            return lines;
        }
    }
    vec![format!("{name}: {} -> {}", quoted(&value(&field.name, before)), quoted(&value(&field.name, &field.after)))]
}

/// A field's name in the file.
fn in_file(name: &str) -> &str {
    match name {
        "maxWaitMs" => "maxWait",
        "hubId" => "account",
        name => name,
    }
}

/// A field's value as the file has it.
fn value(name: &str, value: &Value) -> Value {
    match (name, value) {
        ("maxWaitMs", Value::Number(ms)) => ms.as_u64().map_or_else(|| value.clone(), |ms| wait(ms).into()),
        ("scopes", Value::Array(scopes)) => scopes.iter().filter(|scope| **scope != BASE_SCOPE).cloned().collect(),
        _ => value.clone(),
    }
}

/// A value on one line. Texts have quotes, so that none can pass for something else.
fn quoted(value: &Value) -> String {
    match value {
        Value::Array(list) if list.is_empty() => "none".to_owned(),
        Value::Array(list) => list.iter().map(quoted).collect::<Vec<_>>().join(", "),
        Value::Null => "none".to_owned(),
        other => shown::line(&other.to_string()).into_owned(),
    }
}

/// The plan for programs. `states` are those of the changes, in their order; none where nothing was to be changed.
pub fn json(plan: &Plan, states: &[State]) -> Value {
    let changes: Vec<Value> = plan
        .changes
        .iter()
        .enumerate()
        .map(|(at, change)| {
            let mut one = described(change);
            if let Some(state) = states.get(at) {
                one["state"] = state.name().into();
                if let State::Done(Some(id)) = state {
                    one["id"] = (*id).into();
                }
            }
            one
        })
        .collect();
    let [create, change, delete] = [Action::Create, Action::Change, Action::Delete].map(|action| plan.count(action));
    let left = plan.not_in_file.iter().map(|(hub_id, id, name)| json!({ "kind": "app", "account": hub_id, "id": id, "name": name }));
    let left = left.chain(plan.channels_not_in_file.iter().map(|name| json!({ "kind": "channel", "name": name })));
    json!({
        "version": 1, "changes": changes, "create": create, "change": change, "delete": delete,
        "notInFile": left.collect::<Vec<_>>(),
    })
}

fn described(change: &Change) -> Value {
    let (kind, id) = match change.target {
        Target::Account => ("account", None),
        Target::App(id) => ("app", id),
        Target::Channel(_) => ("channel", None),
    };
    let field = |field: &Field| {
        let before = field.before.as_ref().map(|before| value(&field.name, before));
        json!({ "field": in_file(&field.name), "before": before, "after": value(&field.name, &field.after) })
    };
    let mut one = Map::new();
    for (name, value) in [
        ("action", change.action.name().into()),
        ("kind", kind.into()),
        ("account", change.hub_id.into()),
        ("name", change.name.clone().into()),
        ("fields", change.fields.iter().map(field).collect()),
    ] {
        one.insert(name.to_owned(), value);
    }
    if let Some(id) = id {
        one.insert("id".to_owned(), id.into());
    }
    if change.action == Action::Delete && matches!(change.target, Target::App(_)) {
        one.insert("lastUsedAt".to_owned(), change.last_used.clone().into());
    }
    if change.action == Action::Delete || !change.goes.is_empty() {
        one.insert("goes".to_owned(), change.goes.clone().into());
    }
    Value::Object(one)
}

/// What was done and what was not, where a change failed.
pub fn halfway(plan: &Plan, states: &[State]) -> String {
    let of = |wanted: fn(&State) -> bool| {
        plan.changes.iter().zip(states).filter(move |(_, state)| wanted(state)).map(|(change, _)| title(change))
    };
    let done: Vec<String> = of(|state| matches!(state, State::Done(_))).map(|line| format!("  done      {line}")).collect();
    let failed = of(|state| matches!(state, State::Failed)).map(|line| format!("  failed    {line}"));
    let pending = of(|state| matches!(state, State::Pending)).map(|line| format!("  not done  {line}"));
    let count = format!("{} of {} done:", done.len(), counted(plan.changes.len() as u64, "change"));
    [count].into_iter().chain(done).chain(failed).chain(pending).collect::<Vec<_>>().join("\n")
}
