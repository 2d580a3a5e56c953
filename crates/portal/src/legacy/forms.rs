//! Forms v2: the account's forms, in groups of fields that are named after properties.

use http::Method;
use keyway_core::error_body::ErrorBody;
use keyway_objects::invalid;
use keyway_objects::request::{Query, bad_field, missing_field, text};
use serde_json::{Map, Value, json};

use super::records::{Records, encoded, ms};
use super::{Answer, Told, empty, number, reply};

const FORMS: &str = "/marketing/v3/forms";

/// Types of fields: as they are now, and their type and kind of input in v2.
const TYPES: [(&str, &str, &str); 12] = [
    ("single_line_text", "string", "text"),
    ("email", "string", "text"),
    ("phone", "string", "phonenumber"),
    ("mobile_phone", "string", "phonenumber"),
    ("multi_line_text", "string", "textarea"),
    ("number", "number", "number"),
    ("dropdown", "enumeration", "select"),
    ("radio", "enumeration", "radio"),
    ("multiple_checkboxes", "enumeration", "checkbox"),
    ("single_checkbox", "bool", "booleancheckbox"),
    ("datepicker", "date", "date"),
    ("file", "string", "file"),
];

pub fn read(records: &mut Records<'_, '_>, query: &Query, tail: &[&str]) -> Option<Told> {
    Some(match tail {
        ["forms"] => listed(records, query),
        ["forms", id] => one(records, id),
        ["fields", id] => one(records, id).map(|form| all_fields(&form).cloned().collect()),
        ["fields", id, name] => field(records, id, name),
        _ => return None,
    })
}

pub fn write(records: &mut Records<'_, '_>, method: &str, tail: &[&str]) -> Option<Answer> {
    Some(match (method, tail) {
        ("POST", ["forms"]) => make(records),
        ("POST" | "PUT", ["forms", id]) => change(records, id),
        ("DELETE", ["forms", id]) => delete(records, id),
        _ => return None,
    })
}

fn path(id: &str) -> String {
    format!("{FORMS}/{}", encoded(id))
}

/// All forms, or as many as the query asks for.
fn listed(records: &mut Records<'_, '_>, query: &Query) -> Told {
    let (limit, offset) = (number(query, "limit", u64::MAX, u64::MAX)?, number(query, "offset", 0, u64::MAX)?);
    let (mut forms, mut after) = (Vec::new(), offset.to_string());
    loop {
        let page = records.get(&format!("{FORMS}?limit=100&after={after}"))?;
        forms.extend(page["results"].as_array().into_iter().flatten().map(|form| old_form(records.hub_id(), form)));
        forms.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        match page["paging"]["next"]["after"].as_str() {
            Some(next) if (forms.len() as u64) < limit => next.clone_into(&mut after),
            _ => return Ok(forms.into()),
        }
    }
}

fn one(records: &mut Records<'_, '_>, id: &str) -> Told {
    let form = records.get(&path(id))?;
    Ok(old_form(records.hub_id(), &form))
}

fn all_fields(form: &Value) -> impl Iterator<Item = &Value> {
    form["formFieldGroups"].as_array().into_iter().flatten().flat_map(|group| group["fields"].as_array().into_iter().flatten())
}

fn field(records: &mut Records<'_, '_>, id: &str, name: &str) -> Told {
    let form = one(records, id)?;
    let found = all_fields(&form).find(|field| field["name"] == name).cloned();
    found.ok_or_else(|| invalid::old_form_field_missing(name))
}

fn old_form(hub_id: u64, form: &Value) -> Value {
    let group = |group: &Value| {
        let fields: Vec<Value> = group["fields"].as_array().into_iter().flatten().map(old_field).collect();
        json!({ "fields": fields, "default": true, "isSmartGroup": false, "richText": { "content": group["richText"].as_str().unwrap_or_default() } })
    };
    let groups: Vec<Value> = form["fieldGroups"].as_array().into_iter().flatten().map(group).collect();
    let action = &form["configuration"]["postSubmitAction"];
    let told = |kind: &str| if action["type"] == kind { action["value"].as_str().unwrap_or_default() } else { "" };
    json!({
        "portalId": hub_id, "guid": form["id"], "name": form["name"], "action": "", "method": "POST", "cssClass": "",
        "redirect": told("redirect_url"), "inlineMessage": told("thank_you"),
        "submitText": form["displayOptions"]["submitButtonText"].as_str().unwrap_or("Submit"), "followUpId": "", "notifyRecipients": "",
        "leadNurturingCampaignId": "", "formFieldGroups": groups, "createdAt": ms(&form["createdAt"]), "updatedAt": ms(&form["updatedAt"]),
        "performableHtml": "", "migratedFrom": "", "ignoreCurrentValues": false, "metaData": [], "deletable": true,
        "formType": form["formType"].as_str().unwrap_or("hubspot").to_uppercase(),
    })
}

fn old_field(field: &Value) -> Value {
    let now = field["fieldType"].as_str().unwrap_or_default();
    let (_, old_type, input) = TYPES.iter().find(|(own, ..)| *own == now).unwrap_or(&TYPES[0]);
    let text = |name: &str| field[name].as_str().unwrap_or_default().to_owned();
    let option = |option: &Value| json!({ "label": option["label"], "value": option["value"], "displayOrder": option["displayOrder"], "description": option["description"] });
    let options: Vec<Value> = field["options"].as_array().into_iter().flatten().map(option).collect();
    json!({
        "name": field["name"], "label": text("label"), "type": old_type, "fieldType": input, "description": text("description"), "groupName": "",
        "displayOrder": -1, "required": field["required"] == true, "selectedOptions": [], "options": options,
        "validation": { "name": "", "message": "", "data": "", "useDefaultBlockList": false }, "enabled": true,
        "hidden": field["hidden"] == true, "defaultValue": text("defaultValue"), "isSmartField": false, "unselectedLabel": "",
        "placeholder": text("placeholder"), "objectTypeId": field["objectTypeId"].as_str().unwrap_or("0-1"),
    })
}

/// The form of today with the parts that an old body has.
fn present(body: &Map<String, Value>) -> Result<Map<String, Value>, ErrorBody> {
    let mut form = Map::new();
    if let Some(name) = text(body, "name")? {
        form.insert("name".to_owned(), name.into());
    }
    let (redirect, message) = (text(body, "redirect")?.unwrap_or_default(), text(body, "inlineMessage")?.unwrap_or_default());
    if !redirect.is_empty() || !message.is_empty() {
        let (kind, value) = if redirect.is_empty() { ("thank_you", message) } else { ("redirect_url", redirect) };
        form.insert("configuration".to_owned(), json!({ "postSubmitAction": { "type": kind, "value": value } }));
    }
    if let Some(label) = text(body, "submitText")? {
        form.insert("displayOptions".to_owned(), json!({ "submitButtonText": label }));
    }
    if let Some(groups) = body.get("formFieldGroups") {
        let groups = groups.as_array().ok_or_else(|| bad_field("formFieldGroups", "must be a list"))?;
        let group = |group: &Value| {
            let fields = group["fields"].as_array().ok_or_else(|| bad_field("formFieldGroups.fields", "must be a list"))?;
            let fields = fields.iter().map(present_field).collect::<Result<Vec<_>, _>>()?;
            Ok(json!({ "groupType": "default_group", "richTextType": "text", "fields": fields }))
        };
        form.insert("fieldGroups".to_owned(), Value::Array(groups.iter().map(group).collect::<Result<_, ErrorBody>>()?));
    }
    Ok(form)
}

fn present_field(field: &Value) -> Result<Value, ErrorBody> {
    let name = field["name"].as_str().ok_or_else(|| missing_field("formFieldGroups.fields.name"))?;
    let (old_type, input) = (field["type"].as_str().unwrap_or("string"), field["fieldType"].as_str().unwrap_or("text"));
    let fits = TYPES.iter().find(|(_, own_type, own_input)| *own_input == input && *own_type == old_type);
    let now = if name == "email" { "email" } else { fits.map_or("single_line_text", |(now, ..)| now) };
    Ok(json!({
        "objectTypeId": field["objectTypeId"].as_str().unwrap_or("0-1"), "name": name, "label": field["label"].as_str().unwrap_or(name),
        "description": field["description"], "required": field["required"] == true, "hidden": field["hidden"] == true, "fieldType": now,
        "defaultValue": field["defaultValue"], "placeholder": field["placeholder"], "options": field["options"],
    }))
}

fn make(records: &mut Records<'_, '_>) -> Answer {
    let mut form = present(&records.body()?)?;
    form.insert("formType".to_owned(), "hubspot".into());
    let made = records.ask(Method::POST, FORMS, Some(form.into()))?;
    Ok(reply(200, &old_form(records.hub_id(), &made)))
}

fn change(records: &mut Records<'_, '_>, id: &str) -> Answer {
    let form = present(&records.body()?)?;
    let changed = records.ask(Method::PATCH, &path(id), Some(form.into()))?;
    Ok(reply(200, &old_form(records.hub_id(), &changed)))
}

fn delete(records: &mut Records<'_, '_>, id: &str) -> Answer {
    records.get(&path(id))?;
    records.ask(Method::DELETE, &path(id), None)?;
    Ok(empty(204))
}
