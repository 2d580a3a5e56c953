//! Writes of properties v1 and v2, and of the same below contacts v2, companies v2 and deals v1.

use http::Method;
use keyway_core::error_body::ErrorBody;
use keyway_objects::request::{Query, bad_field, missing_field};
use serde_json::{Map, Value, json};

use crate::legacy::definitions::{group, property};
use crate::legacy::records::{Records, encoded};
use crate::legacy::{Answer, empty, reply};

/// The fields of a property that have the same name now.
const FIELDS: [&str; 10] =
    ["name", "label", "description", "groupName", "type", "fieldType", "displayOrder", "hidden", "formField", "externalOptions"];
const OPTION_FIELDS: [&str; 5] = ["label", "value", "displayOrder", "hidden", "description"];

pub fn answer(records: &mut Records<'_, '_>, method: &str, kind: &str, tail: &[&str]) -> Option<Answer> {
    let root = format!("/crm/properties/2026-09/{}", encoded(kind));
    Some(match (method, tail) {
        ("POST", ["properties"]) => put_property(records, Method::POST, &root, kind, None),
        ("PUT" | "PATCH", ["properties", "named", name]) => {
            put_property(records, Method::PATCH, &format!("{root}/{}", encoded(name)), kind, Some(name))
        }
        ("DELETE", ["properties", "named", name]) => delete(records, &format!("{root}/{}", encoded(name))),
        ("POST", ["groups"]) => put_group(records, Method::POST, &format!("{root}/groups"), kind, None),
        ("PUT", ["groups", "named", name]) => {
            put_group(records, Method::PATCH, &format!("{root}/groups/{}", encoded(name)), kind, Some(name))
        }
        ("DELETE", ["groups", "named", name]) => delete(records, &format!("{root}/groups/{}", encoded(name))),
        _ => return None,
    })
}

fn kept(fields: &Map<String, Value>, names: &[&str]) -> Map<String, Value> {
    fields.iter().filter(|(name, _)| names.contains(&name.as_str())).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The name that the body of a create has, or the path.
fn named(body: &Map<String, Value>, path: Option<&str>) -> Result<String, ErrorBody> {
    let name = path.or_else(|| body.get("name").and_then(Value::as_str));
    name.map(str::to_owned).ok_or_else(|| missing_field("name"))
}

fn put_property(records: &mut Records<'_, '_>, method: Method, path: &str, kind: &str, name: Option<&str>) -> Answer {
    let body = records.body()?;
    let mut fields = kept(&body, &FIELDS);
    if name.is_some() {
        fields.remove("name");
    }
    match body.get("options") {
        None | Some(Value::Null) => {}
        Some(Value::Array(options)) => {
            let option = |option: &Value| option.as_object().map(|option| kept(option, &OPTION_FIELDS)).unwrap_or_default();
            fields.insert("options".to_owned(), options.iter().map(option).collect());
        }
        Some(_) => return Err(bad_field("options", "must be a list")),
    }
    records.ask(method, path, Some(fields.into()))?;
    Ok(reply(200, &property(records, kind, &named(&body, name)?.to_lowercase())?))
}

fn put_group(records: &mut Records<'_, '_>, method: Method, path: &str, kind: &str, name: Option<&str>) -> Answer {
    let body = records.body()?;
    let mut fields = json!({ "name": name.map_or_else(|| body.get("name").cloned(), |_| None), "displayOrder": body.get("displayOrder") });
    fields["label"] = body.get("displayName").or(body.get("label")).cloned().unwrap_or_default();
    if let Some(fields) = fields.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    records.ask(method, path, Some(fields))?;
    Ok(reply(200, &group(records, &Query::default(), kind, &named(&body, name)?)?))
}

fn delete(records: &mut Records<'_, '_>, path: &str) -> Answer {
    records.ask(Method::DELETE, path, None)?;
    Ok(empty(204))
}
