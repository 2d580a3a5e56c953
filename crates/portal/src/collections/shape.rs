//! The types of fields, and what HubSpot makes of values of another type.

use keyway_core::error_body::ErrorBody;
use keyway_core::time::Timestamp;
use keyway_objects::request::{bad_field, missing_field};
use serde_json::value::Index;
use serde_json::{Map, Value};

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Is {
    Text,
    Url,
    Number,
    Flag,
    List,
    Object,
    Date,
    /// One of these texts.
    One(&'static [&'static str]),
}

/// A field of a body: its name, what it holds, and whether it must be there.
pub type Field = (&'static str, Is, bool);

/// The fields of a body, each of its type. With `partly`, none must be there. Fields that the form does not have are
/// passed over, as HubSpot does.
///
/// # Errors
/// HubSpot's refusal of the first field that is missing or of another type.
pub fn read(form: &[Field], body: &Map<String, Value>, partly: bool) -> Result<Map<String, Value>, ErrorBody> {
    let mut fields = Map::new();
    for (name, is, required) in form {
        match body.get(*name) {
            None | Some(Value::Null) if *required && !partly => return Err(missing_field(name)),
            None | Some(Value::Null) => {}
            Some(value) => drop(fields.insert((*name).to_owned(), of(name, value, *is)?)),
        }
    }
    Ok(fields)
}

/// A value as the type of a field has it: texts and numbers stand for each other, as HubSpot reads them.
fn of(name: &str, value: &Value, is: Is) -> Result<Value, ErrorBody> {
    let taken = match (is, value) {
        (Is::Text | Is::Url | Is::One(_), Value::Number(number)) => Some(number.to_string().into()),
        (Is::Text | Is::Url | Is::One(_), Value::Bool(flag)) => Some(flag.to_string().into()),
        (Is::Text | Is::Url | Is::One(_), Value::String(_))
        | (Is::Number, Value::Number(_))
        | (Is::Flag, Value::Bool(_))
        | (Is::List, Value::Array(_))
        | (Is::Object, Value::Object(_)) => Some(value.clone()),
        (Is::Number, Value::String(text)) => text.parse::<f64>().ok().and_then(|_| serde_json::from_str(text).ok()),
        (Is::Flag, Value::String(text)) => text.parse::<bool>().ok().map(Value::from),
        (Is::Date, Value::String(text)) => Timestamp::parse_iso(text).map(|at| at.to_iso().into()),
        (Is::Date, Value::Number(ms)) => ms.as_i64().map(|ms| Timestamp::from_ms(ms).to_iso().into()),
        _ => None,
    };
    let wanted = match is {
        Is::Text => "must be a string",
        Is::Url => "must be a URL",
        Is::Number => "must be a number",
        Is::Flag => "must be true or false",
        Is::List => "must be a list",
        Is::Object => "must be an object",
        Is::Date => "must be a time, such as 2026-11-23T15:15:00Z",
        Is::One(_) => "is not one of the values that HubSpot takes",
    };
    let text = taken.as_ref().and_then(Value::as_str).unwrap_or_default();
    let fits = match is {
        Is::Url => text.starts_with("https://") || text.starts_with("http://"),
        Is::One(values) => values.contains(&text),
        _ => true,
    };
    taken.filter(|_| fits).ok_or_else(|| bad_field(name, wanted))
}

/// Writes fields into an object, over those of the same name.
pub fn set<N: Index>(object: &mut Value, fields: impl IntoIterator<Item = (N, Value)>) {
    for (name, field) in fields {
        object[name] = field;
    }
}

/// Writes into an object the fields with these names that a body has.
pub fn set_given(object: &mut Value, body: &Map<String, Value>, names: &[&str]) {
    set(object, names.iter().filter_map(|name| Some((*name, body.get(*name)?.clone()))));
}

/// A value of the type that a default has; the default where the value is null.
///
/// # Errors
/// HubSpot's refusal of another type.
pub fn like(name: &str, value: &Value, default: Option<&Value>) -> Result<Value, ErrorBody> {
    let Some(default) = default else { return Ok(value.clone()) };
    let is = match default {
        Value::Null => return Ok(value.clone()),
        Value::Bool(_) => Is::Flag,
        Value::Number(_) => Is::Number,
        Value::String(text) if Timestamp::parse_iso(text).is_some() => Is::Date,
        Value::String(_) => Is::Text,
        Value::Array(_) => Is::List,
        Value::Object(_) => Is::Object,
    };
    if value.is_null() { Ok(default.clone()) } else { of(name, value, is) }
}

/// Every object of a list, in a form.
///
/// # Errors
/// The refusal of the first that does not have it.
pub fn each(name: &str, form: &[Field], body: &Map<String, Value>) -> Result<(), ErrorBody> {
    for one in body.get(name).and_then(Value::as_array).into_iter().flatten() {
        read(form, one.as_object().ok_or_else(|| bad_field(name, "must be a list of objects"))?, false)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_and_numbers_stand_for_each_other_and_nothing_else_does() {
        let form = [("name", Is::Text, true), ("size", Is::Number, false), ("at", Is::Date, false), ("kind", Is::One(&["A"]), false)];
        let taken = |body: Value| read(&form, body.as_object().unwrap(), false).map(Value::from).map_err(|error| error.message);
        assert_eq!(
            taken(json!({ "name": 5, "size": "7", "at": 0 })),
            Ok(json!({ "name": "5", "size": 7, "at": "1970-01-01T00:00:00.000Z" }))
        );
        for (body, fault) in [
            (json!({ "size": 1 }), "fields were not set: [name]"),
            (json!({ "name": [] }), "name must be a string"),
            (json!({ "name": "a", "size": "x" }), "size must be a number"),
            (json!({ "name": "a", "at": "soon" }), "at must be a time"),
            (json!({ "name": "a", "kind": "B" }), "kind is not one"),
        ] {
            assert!(taken(body.clone()).unwrap_err().contains(fault), "{body}");
        }
    }
}
