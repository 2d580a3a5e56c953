//! A change as a sentence: who did what to what.

use keyway_api::view::Change;
use serde_json::{Map, Value};

use super::api::with_part;
use super::difference::Thing;
use super::names::Names;
use super::words::counted;

mod table;

pub(super) use table::{GROUPS, Group};

/// A change as people read it.
pub(super) struct Sentence {
    /// The words before the name of what was changed.
    pub before: String,
    /// What was changed, by its name; empty where the sentence has all in it.
    pub target: String,
    /// The page of it.
    pub address: Option<String>,
    /// The words after the name.
    pub after: String,
}

impl Sentence {
    /// Of a change, and what it made of what.
    pub fn of(change: &Change, things: &[Thing], names: &Names) -> Self {
        let phrase = table::phrase(&change.operation);
        let (before, after) = phrase.split_once("{}").unwrap_or((phrase, ""));
        let named = if phrase.contains("{}") { Target::of(change, names) } else { Target::default() };
        let (before, after) = of_scopes(change, things).unwrap_or_else(|| (before.to_owned(), format!("{after}{}", more(change, things))));
        Self { before: before.trim_end().to_owned(), target: named.name, address: named.address, after }
    }
}

/// Where scopes are all that an app's change changed, the sentence says so.
fn of_scopes(change: &Change, things: &[Thing]) -> Option<(String, String)> {
    let ("updateApp", [thing]) = (change.operation.as_str(), things) else { return None };
    let [field] = thing.fields.as_slice() else { return None };
    if field.name != "scopes" {
        return None;
    }
    let scopes = |list: &[String]| if let [one] = list { one.clone() } else { counted(list.len() as u64, "scope", "scopes") };
    match (field.became.is_empty(), field.was.is_empty()) {
        (false, true) => Some((format!("granted {}{} to", one(&field.became), scopes(&field.became)), String::new())),
        (true, false) => Some((format!("removed {}{} from", one(&field.was), scopes(&field.was)), String::new())),
        _ => None,
    }
}

/// A single scope is named, and said to be one.
fn one(scopes: &[String]) -> &'static str {
    if scopes.len() == 1 { "the scope " } else { "" }
}

/// What the sentence has of the fields: how many scopes an app was made with, or which fields were changed.
fn more(change: &Change, things: &[Thing]) -> String {
    let of_target = things.iter().find(|thing| thing.name == change.target).or_else(|| things.first());
    let Some(thing) = of_target.filter(|thing| !thing.fields.is_empty()) else { return String::new() };
    match change.operation.as_str() {
        "createApp" => match thing.fields.iter().find(|field| field.name == "scopes") {
            Some(field) => format!(" with {}", counted(field.became.len() as u64, "scope", "scopes")),
            None => " without scopes".to_owned(),
        },
        "updateApp" | "updateAccount" | "updatePublicApp" | "putUser" if change.before.contains_key(&thing.name) => {
            let mut fields: Vec<String> = thing.fields.iter().take(3).map(|field| table::field(&field.name)).collect();
            if thing.fields.len() > 3 {
                fields.push("…".to_owned());
            }
            format!(": {}", fields.join(", "))
        }
        _ => String::new(),
    }
}

/// What a change was done to.
#[derive(Default)]
struct Target {
    name: String,
    address: Option<String>,
}

impl Target {
    fn of(change: &Change, names: &Names) -> Self {
        let target = change.target.as_str();
        let Some((kind, id)) = target.rsplit_once(' ') else { return Self { name: target.to_owned(), address: None } };
        let number: Option<u64> = id.parse().ok();
        let recorded = |field: &str| text_of(&change.after, target, field).or_else(|| text_of(&change.before, target, field));
        match (kind, number) {
            ("app", Some(app)) => {
                let name = names.known_app(app).map(str::to_owned).or_else(|| recorded("name"));
                Self { name: name.unwrap_or_else(|| format!("app {app}")), address: Some(format!("/apps/{app}")) }
            }
            ("account", Some(hub_id)) => {
                let name = names.known_account(hub_id).map(str::to_owned).or_else(|| recorded("name"));
                Self { name: name.unwrap_or_else(|| target.to_owned()), address: Some(format!("/accounts/{hub_id}")) }
            }
            ("token" | "session", Some(_)) => {
                let hint = recorded("hint").map(|hint| format!("{kind} {hint}")).unwrap_or_else(|| target.to_owned());
                match app_of_token(change, target) {
                    Some(app) => Self { name: format!("{hint} of {}", names.app(app)), address: Some(format!("/apps/{app}")) },
                    None => Self { name: hint, address: None },
                }
            }
            ("public app", Some(_)) => {
                Self { name: recorded("name").unwrap_or_else(|| target.to_owned()), address: Some(format!("/public-apps/{id}")) }
            }
            ("user", _) => Self { name: id.to_owned(), address: Some(with_part("/people/", id)) },
            _ => Self { name: recorded("name").unwrap_or_else(|| target.to_owned()), address: None },
        }
    }
}

/// The app of a token, as the record has it.
pub(super) fn app_of_token(change: &Change, name: &str) -> Option<u64> {
    let of = |things: &Map<String, Value>| things.get(name)?.get("appId")?.as_u64();
    of(&change.after).or_else(|| of(&change.before))
}

fn text_of(things: &Map<String, Value>, name: &str, field: &str) -> Option<String> {
    things.get(name)?.get(field)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A field's name as people read it.
pub(super) fn field(name: &str) -> String {
    table::field(name)
}

#[cfg(test)]
mod tests {
    use keyway_api::Moment;
    use serde_json::json;

    use super::super::difference::things;
    use super::*;

    fn check(operation: &str, target: &str, before: Value, after: Value, expected: &str) {
        let (Value::Object(before), Value::Object(after)) = (before, after) else { panic!("things by their names") };
        let change = Change {
            id: 1,
            at: Moment("2026-11-25T09:15:00.000Z".into()),
            kind: "person".into(),
            who_id: None,
            who: "jo@example.com".into(),
            role: "super-admin".into(),
            operation: operation.into(),
            target: target.into(),
            before,
            after,
            source: String::new(),
            hub_id: None,
        };
        let Sentence { before, target, after, .. } = Sentence::of(&change, &things(&change.before, &change.after), &Names::default());
        let told = if target.is_empty() { format!("{before}{after}") } else { format!("{before} {target}{after}") };
        assert_eq!(told, expected);
    }

    #[test]
    fn what_was_made_is_told_with_its_name() {
        let after = json!({ "app 3": { "name": "Shop sync", "scopes": ["a", "b"] } });
        check("createApp", "app 3", json!({}), after, "created the app Shop sync with 2 scopes");
    }

    #[test]
    fn a_scope_that_was_granted_is_named() {
        let (before, after) = (json!({ "app 3": { "scopes": ["a"] } }), json!({ "app 3": { "scopes": ["a", "b"] } }));
        check("updateApp", "app 3", before.clone(), after.clone(), "granted the scope b to app 3");
        check("updateApp", "app 3", after, before, "removed the scope b from app 3");
    }

    #[test]
    fn what_was_changed_is_told_with_the_fields() {
        let (before, after) = (json!({ "app 3": { "maxWaitMs": 1, "owner": "a" } }), json!({ "app 3": { "maxWaitMs": 2, "owner": "b" } }));
        check("updateApp", "app 3", before, after, "changed the app app 3: longest wait (ms), owner");
    }

    #[test]
    fn a_token_is_told_with_its_hint_and_its_app() {
        let after = json!({ "token 9": { "appId": 4, "hint": "pat-…1234" } });
        check("revokeToken", "token 9", json!({}), after, "revoked token pat-…1234 of app 4 (deleted)");
    }

    #[test]
    fn an_operation_of_another_build_is_told_by_its_name() {
        check("paintTheShed", "app 3", json!({}), json!({}), "performed another operation on app 3");
    }
}
