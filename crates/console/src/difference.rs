//! What a change made of something: the fields that differ, as people read them.

use serde_json::{Map, Value};

/// One thing that was changed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Thing {
    /// Its kind and number: `app 3`.
    pub name: String,
    /// None where it is a secret alone that differs.
    pub fields: Vec<Field>,
}

/// A field that differs. Of a list it is what was taken out and what came in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub name: String,
    pub was: Vec<String>,
    pub became: Vec<String>,
}

/// Each thing of a record with its fields; what is empty before and after is left out.
pub(super) fn things(before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<Thing> {
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let of = |things: &Map<String, Value>, name: &str| flat(things.get(name).unwrap_or(&Value::Null));
    names.into_iter().map(|name| Thing { name: name.clone(), fields: fields(&of(before, name), &of(after, name)) }).collect()
}

fn fields(before: &[(String, Value)], after: &[(String, Value)]) -> Vec<Field> {
    let mut names: Vec<&String> = after.iter().map(|(name, _)| name).collect();
    names.extend(before.iter().map(|(name, _)| name).filter(|name| !after.iter().any(|(other, _)| other == *name)));
    // Whether a map of JSON keeps its order depends on what else is built with it.
    names.sort_unstable();
    let value = |of: &[(String, Value)], name: &str| texts(of.iter().find(|(one, _)| one == name).map_or(&Value::Null, |(_, value)| value));
    let field = |name: &String| {
        let (was, became) = (value(before, name), value(after, name));
        let without = |of: &[String], other: &[String]| of.iter().filter(|one| !other.contains(one)).cloned().collect();
        Field { name: name.clone(), was: without(&was, &became), became: without(&became, &was) }
    };
    names.into_iter().map(field).filter(|field| !field.was.is_empty() || !field.became.is_empty()).collect()
}

/// The fields of a thing, those of an object within it by both names.
fn flat(thing: &Value) -> Vec<(String, Value)> {
    let mut flattened = Vec::new();
    match thing {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::Object(_) => flattened.extend(flat(value).into_iter().map(|(part, value)| (format!("{name}.{part}"), value))),
                    other => flattened.push((name.clone(), other.clone())),
                }
            }
        }
        Value::Null => {}
        // How many things there are beyond those that a record names.
        other => flattened.push(("things".to_owned(), other.clone())),
    }
    flattened
}

/// A value, each entry of a list by itself; nothing where it says nothing.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Null => Vec::new(),
        Value::String(text) if text.is_empty() => Vec::new(),
        Value::String(text) => vec![text.clone()],
        Value::Bool(yes) => vec![if *yes { "yes" } else { "no" }.to_owned()],
        Value::Array(entries) => entries.iter().flat_map(texts).collect(),
        other => vec![other.to_string()],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(before: Value, after: Value) -> Vec<String> {
        let (Value::Object(before), Value::Object(after)) = (before, after) else { panic!("things by their names") };
        let told = |thing: Thing| {
            let fields = thing.fields.iter().map(|field| format!(" {} -{:?} +{:?}", field.name, field.was, field.became));
            format!("{}:{}", thing.name, fields.collect::<String>())
        };
        things(&before, &after).into_iter().map(told).collect()
    }

    #[test]
    fn a_field_that_differs_is_told_before_and_after() {
        let told = check(json!({ "app 3": { "name": "Old", "enabled": true } }), json!({ "app 3": { "name": "New", "enabled": false } }));
        assert_eq!(told, [r#"app 3: enabled -["yes"] +["no"] name -["Old"] +["New"]"#]);
    }

    #[test]
    fn of_a_list_only_what_went_and_came_is_told() {
        let told = check(json!({ "app 3": { "scopes": ["a", "b"] } }), json!({ "app 3": { "scopes": ["b", "c"] } }));
        assert_eq!(told, [r#"app 3: scopes -["a"] +["c"]"#]);
    }

    #[test]
    fn what_is_made_and_what_is_gone_has_one_side() {
        let made = check(json!({}), json!({ "app 3": { "name": "New", "owner": "", "dependents": [], "publicAppId": null } }));
        assert_eq!(made, [r#"app 3: name -[] +["New"]"#]);
        assert_eq!(check(json!({ "token 1": { "hint": "pat…" } }), json!({})), [r#"token 1: hint -["pat…"] +[]"#]);
    }

    #[test]
    fn objects_within_are_told_by_both_names_and_a_secret_has_no_field() {
        let told = check(
            json!({ "account 1": { "connection": { "credential": "pat…1", "since": "a" } } }),
            json!({ "account 1": { "connection": { "credential": "pat…2", "since": "a" } }, "more": 7 }),
        );
        assert_eq!(told, [r#"account 1: connection.credential -["pat…1"] +["pat…2"]"#, r#"more: things -[] +["7"]"#]);
        assert_eq!(check(json!({ "OAuth client 1": {} }), json!({ "OAuth client 1": {} })), ["OAuth client 1:"]);
    }
}
