//! The fields of a submission, held against the form.

use keyway_core::error_body::{ErrorBody, ErrorDetail};
use keyway_objects::invalid;
use keyway_objects::request::{bad_field, missing_field};
use keyway_objects::value::is_email;
use serde_json::{Map, Value};

/// Fields of a submission (developers.hubspot.com/docs/methods/forms/submit_form_v3).
const FIELDS_MAX: usize = 1_000;
/// The object type of a field that names none.
const CONTACT: &str = "0-1";

/// One field of a submission.
pub struct Field {
    pub object_type: String,
    pub name: String,
    pub value: String,
}

impl Field {
    /// How HubSpot names it in errors: a field of a contact by its name alone.
    fn shown(&self) -> String {
        shown(&self.object_type, &self.name)
    }

    pub fn is_of_contact(&self) -> bool {
        self.object_type == CONTACT
    }
}

fn shown(object_type: &str, name: &str) -> String {
    if object_type == CONTACT { name.to_owned() } else { format!("{object_type}/{name}") }
}

pub fn read(body: &Map<String, Value>) -> Result<Vec<Field>, ErrorBody> {
    let Some(Value::Array(list)) = body.get("fields") else { return Err(bad_field("fields", "must be a list")) };
    if list.len() > FIELDS_MAX {
        return Err(super::not_valid(vec![invalid::submission_too_many(FIELDS_MAX)]));
    }
    list.iter().map(field).collect()
}

fn field(one: &Value) -> Result<Field, ErrorBody> {
    let name = one.get("name").and_then(Value::as_str).filter(|name| !name.is_empty());
    let value = match one.get("value") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(plain @ (Value::Number(_) | Value::Bool(_))) => plain.to_string(),
        Some(_) => return Err(bad_field("fields.value", "must be a string")),
    };
    Ok(Field {
        object_type: one.get("objectTypeId").and_then(Value::as_str).unwrap_or(CONTACT).to_owned(),
        name: name.ok_or_else(|| missing_field("fields.name"))?.to_owned(),
        value,
    })
}

/// The address that says which contact it is.
pub fn email(given: &[Field]) -> Option<&str> {
    let field = given.iter().find(|field| field.is_of_contact() && field.name == "email");
    field.map(|field| field.value.trim()).filter(|email| !email.is_empty())
}

/// What is wrong with the fields. The public endpoint takes only fields of the form; with a token, fields of the
/// account do as well.
pub fn check(given: &[Field], form: &Value, is_public: bool, skips: bool) -> Vec<ErrorDetail> {
    let groups = form["fieldGroups"].as_array().into_iter().flatten();
    let own: Vec<&Value> = groups.flat_map(|group| group["fields"].as_array().into_iter().flatten()).collect();
    let object_type = |field: &Value| field["objectTypeId"].as_str().unwrap_or(CONTACT).to_owned();
    let is = |field: &Value, of: &Field| field["name"] == *of.name && object_type(field) == of.object_type;
    let mut faults = Vec::new();
    for field in given {
        let (definition, place) = (own.iter().find(|one| is(one, field)), format!("fields.{}", field.shown()));
        if definition.is_none() && is_public {
            faults.push(invalid::submission_unknown_field(place));
        } else if field.name == "email" && !field.value.is_empty() && !is_email(field.value.trim()) {
            faults.push(invalid::submission_email(place));
        }
    }
    if skips {
        return faults;
    }
    for field in own.into_iter().filter(|field| field["required"] == true) {
        let has = given.iter().any(|one| is(field, one) && !one.value.trim().is_empty());
        if !has {
            let name = shown(&object_type(field), field["name"].as_str().unwrap_or_default());
            faults.push(invalid::submission_required(format!("fields.{name}"), name));
        }
    }
    faults
}
