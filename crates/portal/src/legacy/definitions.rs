//! Properties v1 and v2, and pipelines v1, in both their forms.

use keyway_core::error_body::ErrorBody;
use keyway_objects::invalid;
use keyway_objects::request::Query;
use serde_json::{Value, json};

use super::Told;
use super::records::{Records, encoded, ms};

pub fn answer(records: &mut Records<'_, '_>, query: &Query, tail: &[&str]) -> Option<Told> {
    Some(match tail {
        [kind, "properties"] => properties(records, kind),
        [kind, "properties", "named", name] => property(records, kind, name),
        [kind, "groups"] => groups(records, query, kind),
        [kind, "groups", "named", name] => group(records, query, kind, name),
        _ => return None,
    })
}

/// Object types of which an embedded account keeps no records. It lists the properties that every object
/// type has at HubSpot.
const WITHOUT_RECORDS: [&str; 2] = ["form", "deal_split"];
/// The properties of every object type.
const OF_EVERY_TYPE: [&str; 3] = ["hs_createdate", "hs_lastmodifieddate", "hs_object_id"];

pub fn properties(records: &mut Records<'_, '_>, kind: &str) -> Told {
    if WITHOUT_RECORDS.contains(&kind) {
        let every = |one: &&Value| OF_EVERY_TYPE.iter().any(|name| one["name"] == *name);
        return Ok(records.definitions("notes")?.iter().filter(every).map(old_property).collect());
    }
    Ok(records.definitions(kind)?.iter().map(old_property).collect())
}

pub fn property(records: &mut Records<'_, '_>, kind: &str, name: &str) -> Told {
    let found = records.definitions(kind)?.into_iter().find(|one| one["name"] == name);
    found.map(|one| old_property(&one)).ok_or_else(|| invalid::old_property_missing(name))
}

/// Groups as the account's own operation lists them; where it has none, those that the properties name.
pub fn groups(records: &mut Records<'_, '_>, query: &Query, kind: &str) -> Told {
    let definitions = records.definitions(kind)?;
    let listed = match records.get(&format!("/crm/properties/2026-09/{}/groups", encoded(kind))) {
        Ok(listed) => listed["results"].as_array().cloned().unwrap_or_default(),
        Err(_) => {
            let mut names: Vec<&str> = definitions.iter().filter_map(|one| one["groupName"].as_str()).collect();
            names.sort_unstable();
            names.dedup();
            names.into_iter().map(|name| json!({ "name": name, "label": name, "displayOrder": 0 })).collect()
        }
    };
    let with_properties = query.flag("includeProperties")?;
    let group = |group: &Value| {
        let mut old =
            json!({ "name": group["name"], "displayName": group["label"], "displayOrder": group["displayOrder"], "hubspotDefined": true });
        if with_properties {
            old["properties"] = definitions.iter().filter(|one| one["groupName"] == group["name"]).map(old_property).collect();
        }
        old
    };
    Ok(listed.iter().map(group).collect())
}

pub fn group(records: &mut Records<'_, '_>, query: &Query, kind: &str, name: &str) -> Told {
    let groups = groups(records, query, kind)?;
    let found = groups.as_array().into_iter().flatten().find(|group| group["name"] == name).cloned();
    found.ok_or_else(|| invalid::old_group_missing(name))
}

fn old_property(property: &Value) -> Value {
    let flag = |value: &Value| value.as_bool().unwrap_or(false);
    let modification = &property["modificationMetadata"];
    let option = |option: &Value| {
        json!({
            "label": option["label"], "value": option["value"], "displayOrder": option["displayOrder"], "hidden": flag(&option["hidden"]),
            "description": option["description"], "readOnly": false, "doubleData": 0.0,
        })
    };
    let options: Vec<Value> = property["options"].as_array().into_iter().flatten().map(option).collect();
    json!({
        "name": property["name"], "label": property["label"], "description": property["description"], "groupName": property["groupName"],
        "type": property["type"], "fieldType": property["fieldType"], "options": options, "displayOrder": property["displayOrder"],
        "hidden": flag(&property["hidden"]), "formField": flag(&property["formField"]), "calculated": flag(&property["calculated"]),
        "externalOptions": flag(&property["externalOptions"]), "hubspotDefined": flag(&property["hubspotDefined"]), "deleted": false,
        "readOnlyValue": flag(&modification["readOnlyValue"]), "readOnlyDefinition": flag(&modification["readOnlyDefinition"]),
        "mutableDefinitionNotDeletable": !flag(&modification["archivable"]), "favorited": false, "favoritedOrder": -1,
        "createdAt": ms(&property["createdAt"]), "updatedAt": ms(&property["updatedAt"]),
    })
}

/// `/crm-pipelines/v1/pipelines/{objectType}`
pub fn pipelines(records: &mut Records<'_, '_>, tail: &[&str]) -> Option<Told> {
    let ["pipelines", kind] = tail else { return None };
    let object_type = match *kind {
        "deals" => "DEAL".to_owned(),
        "tickets" => "TICKET".to_owned(),
        other => other.to_uppercase(),
    };
    Some(of_type(records, kind).map(|pipelines| {
        let stage = |stage: &Value| {
            json!({
                "stageId": stage["id"], "label": stage["label"], "displayOrder": stage["displayOrder"], "metadata": stage["metadata"],
                "active": true, "createdAt": ms(&stage["createdAt"]), "updatedAt": ms(&stage["updatedAt"]),
            })
        };
        let pipeline = |(at, pipeline): (usize, &Value)| {
            let stages: Vec<Value> = pipeline["stages"].as_array().into_iter().flatten().map(stage).collect();
            json!({
                "pipelineId": pipeline["id"], "objectType": object_type, "label": pipeline["label"], "displayOrder": pipeline["displayOrder"],
                "active": true, "default": at == 0, "stages": stages, "createdAt": ms(&pipeline["createdAt"]), "updatedAt": ms(&pipeline["updatedAt"]),
            })
        };
        json!({ "results": pipelines.iter().enumerate().map(pipeline).collect::<Vec<_>>() })
    }))
}

/// `/deals/v1/pipelines`
pub fn deal_pipelines(records: &mut Records<'_, '_>) -> Told {
    Ok(of_type(records, "deals")?.iter().enumerate().map(|(at, pipeline)| deal_form(at == 0, pipeline)).collect())
}

pub fn deal_pipeline(records: &mut Records<'_, '_>, id: &str) -> Told {
    let pipelines = of_type(records, "deals")?;
    let found = pipelines.iter().enumerate().find(|(_, pipeline)| pipeline["id"] == id);
    found.map(|(at, pipeline)| deal_form(at == 0, pipeline)).ok_or_else(invalid::old_pipeline_missing)
}

fn of_type(records: &mut Records<'_, '_>, kind: &str) -> Result<Vec<Value>, ErrorBody> {
    let answer = records.get(&format!("/crm/pipelines/2026-09/{}", encoded(kind)))?;
    Ok(answer["results"].as_array().cloned().unwrap_or_default())
}

fn deal_form(is_default: bool, pipeline: &Value) -> Value {
    let stage = |stage: &Value| {
        let probability = stage["metadata"]["probability"].as_str().and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
        json!({
            "stageId": stage["id"], "label": stage["label"], "displayOrder": stage["displayOrder"], "probability": probability, "active": true,
            "closedWon": probability >= 1.0,
        })
    };
    let stages: Vec<Value> = pipeline["stages"].as_array().into_iter().flatten().map(stage).collect();
    json!({
        "pipelineId": pipeline["id"], "label": pipeline["label"], "displayOrder": pipeline["displayOrder"], "active": true,
        "staticDefault": is_default, "stages": stages,
    })
}
