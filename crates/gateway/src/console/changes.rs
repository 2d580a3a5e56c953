//! The record of changes: who changed what, and what it was before.

use askama::Template;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::api::with_query;
use super::page;
use super::shell::{Shell, sentence};
use super::visitor::{Fields, Page, Visitor};
use super::words::filters;

const SECTION: &str = "/changes";
/// Entries on a page.
const ROWS: &str = "50";
/// Longest value that is shown whole, in characters.
const VALUE_MAX: usize = 200;
/// The filters of the page, which are those of the API.
const FILTERS: [&str; 5] = ["who", "operation", "target", "from", "to"];

/// A change, as the API has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    at: String,
    who: String,
    role: String,
    operation: String,
    target: String,
    before: Map<String, Value>,
    after: Map<String, Value>,
    source: String,
}

#[derive(Deserialize)]
struct Changes {
    changes: Vec<Change>,
    before: Option<u64>,
}

/// One value that is another one now.
#[derive(Debug, PartialEq, Eq)]
struct Difference {
    field: String,
    before: Option<String>,
    after: Option<String>,
}

impl Change {
    /// What is not as it was, field by field.
    fn differences(&self) -> Vec<Difference> {
        let mut found = Vec::new();
        compare("", &Value::Object(self.before.clone()), &Value::Object(self.after.clone()), &mut found);
        found
    }
}

/// Goes into what is an object on both sides, or new or gone, so that every line says one value.
fn compare(field: &str, before: &Value, after: &Value, found: &mut Vec<Difference>) {
    if before == after {
        return;
    }
    let nothing = Map::new();
    let side = |value: &Value| value.is_null() || value.is_object();
    if side(before) && side(after) {
        let (one, other) = (before.as_object().unwrap_or(&nothing), after.as_object().unwrap_or(&nothing));
        let mut names: Vec<&String> = one.keys().chain(other.keys()).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let within = if field.is_empty() { name.clone() } else { format!("{field} › {name}") };
            compare(&within, one.get(name).unwrap_or(&Value::Null), other.get(name).unwrap_or(&Value::Null), found);
        }
    } else {
        found.push(Difference { field: field.to_owned(), before: text(before), after: text(after) });
    }
}

/// A value as people read it; nothing where there is none.
fn text(value: &Value) -> Option<String> {
    let whole = match value {
        Value::Null => return None,
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().filter_map(text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    };
    let mut letters = whole.chars();
    let shown: String = letters.by_ref().take(VALUE_MAX).collect();
    Some(if letters.next().is_some() { shown + "…" } else { shown })
}

#[derive(Template)]
#[template(path = "changes.html")]
struct ChangesPage<'a> {
    shell: Shell<'a>,
    fields: &'a Fields,
    changes: Vec<Change>,
    older: Option<String>,
    wrong: Option<String>,
}

/// The record, newest first.
pub(super) async fn list(visitor: Visitor, fields: Fields) -> Page {
    let filtered: Vec<(&str, &str)> = FILTERS.iter().map(|name| (*name, fields.get(name))).collect();
    let moments: Vec<(&str, String)> = filtered.iter().map(|(name, value)| (*name, super::audit::moment_of_field(name, value))).collect();
    let mut asked: Vec<(&str, &str)> = moments.iter().map(|(name, value)| (*name, value.as_str())).collect();
    asked.extend([("limit", ROWS), ("before", fields.get("before"))]);
    let (changes, before, wrong) = match visitor.api.get::<Changes>(&with_query("/api/v1/changes", &asked)).await {
        Ok(page) => (page.changes, page.before, None),
        Err(refused) if refused.status == 400 => (Vec::new(), None, Some(sentence(&refused.detail))),
        Err(refused) => return Err(visitor.refused(SECTION, &refused)),
    };
    let older = before.map(|before| with_query(SECTION, &[&filtered[..], &[("before", before.to_string().as_str())]].concat()));
    Ok(page::render(&ChangesPage { shell: visitor.shell(SECTION), fields: &fields, changes, older, wrong }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_is_not_as_it_was_is_told() {
        let mut found = Vec::new();
        compare(
            "",
            &json!({"app 3": {"name": "Sync", "scopes": ["a", "b"], "owner": null}, "token 4": {"state": "active"}}),
            &json!({"app 3": {"name": "Sync", "scopes": ["a"], "owner": "jo"}, "token 5": {"state": "active"}}),
            &mut found,
        );
        let line = |field: &str, before: Option<&str>, after: Option<&str>| Difference {
            field: field.to_owned(),
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
        };
        assert_eq!(
            found,
            [
                line("app 3 › owner", None, Some("jo")),
                line("app 3 › scopes", Some("a, b"), Some("a")),
                line("token 4 › state", Some("active"), None),
                line("token 5 › state", None, Some("active")),
            ]
        );
    }

    #[test]
    fn a_long_value_is_cut_between_letters() {
        assert_eq!(text(&json!("ü".repeat(VALUE_MAX + 1))).unwrap(), "ü".repeat(VALUE_MAX) + "…");
    }
}
