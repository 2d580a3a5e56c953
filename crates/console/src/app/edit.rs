//! The form of what an app is.

use askama::Template;
use keyway_core::safety::Class;
use serde_json::{Value, json};

use super::{SECTION, get, patch};
use crate::app_words::{App, AppWords, chosen_classes};
use crate::page;
use crate::path::Path;
use crate::shell::Shell;
use crate::visitor::{Fields, Page, Sent, Visitor};

#[derive(Template)]
#[template(path = "app_edit.html")]
struct Edit<'a> {
    shell: Shell<'a>,
    app: &'a App,
}

impl Edit<'_> {
    /// The classes of operations, and what they do.
    fn classes(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        Class::ALL.iter().map(|class| (class.name(), class.meaning()))
    }
}

/// The form of what it is.
pub(crate) async fn edit(visitor: Visitor, Path(id): Path<u64>) -> Page {
    let app = get(&visitor, id).await?;
    Ok(page::render(&Edit { shell: visitor.shell(SECTION), app: &app }))
}

/// Takes the form of what it is.
pub(crate) async fn change(Path(id): Path<u64>, Sent { visitor, fields }: Sent) -> Page {
    let mut body = json!({
        "name": fields.get("name"), "description": fields.get("description"), "owner": fields.get("owner"),
        "dependents": fields.lines("dependents"), "translate": fields.has("translate"),
    });
    let unlisted = fields.lines("unlisted");
    // Only what was changed: an app manager may send no other part of the limits, not even the same.
    let app = get(&visitor, id).await?;
    if unlisted != app.unlisted {
        body["unlisted"] = if unlisted.is_empty() { json!(["refuse"]) } else { json!(unlisted) };
    }
    let allow = chosen_classes(&fields);
    if allow != app.allow {
        body["allow"] = json!(allow);
    }
    if let Some(rule) = approval_rule(&fields, &app) {
        body["approval"] = rule;
    }
    for (field, name, was) in
        [("weight", "weight", app.weight), ("reserve", "reserve", app.reserve), ("max_wait_ms", "maxWaitMs", app.max_wait_ms)]
    {
        if let Some(value) = fields.get(field).parse::<u32>().ok().filter(|value| *value != was) {
            body[name] = value.into();
        }
    }
    patch(&visitor, id, &body, "changed").await
}

/// The rule for approvals of the form, where it is another one.
fn approval_rule(fields: &Fields, app: &App) -> Option<Value> {
    let (classes, operations) = (fields.all("approve"), fields.lines("approve_operations"));
    let above = fields.get("approve_above").parse::<u64>().ok();
    let was = &app.approval;
    let is_same = classes == was.classes && operations == was.operations && above == was.above;
    (!is_same).then(|| json!({ "classes": classes, "above": above, "operations": operations }))
}
