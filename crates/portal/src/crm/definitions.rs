//! Property definitions and pipelines, as far as they are read.

use http::Method;
use keyway_core::error_body::ErrorBody;
use serde_json::{Value, json};

use super::{Answer, kind, reply};
use crate::pipelines::{self, Pipeline, Stage};
use crate::request::{Request, inputs, text};
use crate::schema::{Property, Schema};

/// Names in a batch read.
const BATCH_MAX: usize = 100;

/// `…/properties/{type}/…`
pub fn properties(request: &Request<'_>, method: &Method, tail: &[&str]) -> Option<Answer> {
    let schema = |segment: &str| kind(segment).map(Schema::of);
    Some(match (method.as_str(), tail) {
        ("GET", [t]) => {
            schema(t).map(|schema| reply(200, json!({ "results": schema.properties().iter().map(property).collect::<Vec<_>>() })))
        }
        ("GET", [t, "groups"]) => {
            schema(t).map(|schema| reply(200, json!({ "results": schema.groups().into_iter().map(group).collect::<Vec<_>>() })))
        }
        ("GET", [t, "groups", name]) => schema(t).and_then(|schema| {
            let found = schema.groups().into_iter().find(|group| group == name).ok_or_else(|| not_there("property group", name))?;
            Ok(reply(200, group(found)))
        }),
        ("POST", [t, "batch", "read"]) => schema(t).and_then(|schema| batch_read(request, schema)),
        ("GET", [t, name]) => {
            schema(t).and_then(|schema| Ok(reply(200, property(schema.get(name).ok_or_else(|| not_there("property", name))?))))
        }
        _ => return None,
    })
}

fn not_there(what: &str, name: &str) -> ErrorBody {
    ErrorBody::not_found(format!("{what} {name} does not exist"))
}

fn batch_read(request: &Request<'_>, schema: &Schema) -> Answer {
    let body = request.json()?;
    let mut found = Vec::new();
    for input in inputs(&body, BATCH_MAX)? {
        let name = text(input, "name")?.unwrap_or_default();
        found.push(property(schema.get(name).ok_or_else(|| not_there("property", name))?));
    }
    let now = request.now.to_iso();
    Ok(reply(200, json!({ "status": "COMPLETE", "results": found, "startedAt": now, "completedAt": now })))
}

fn property(property: &Property) -> Value {
    let choices = property.choices.iter().enumerate();
    let options: Vec<Value> =
        choices.map(|(at, choice)| json!({ "label": choice.label, "value": choice.value, "displayOrder": at, "hidden": false })).collect();
    json!({
        "name": &*property.name, "label": property.label, "type": property.value_type.as_str(), "fieldType": property.field_type,
        "description": "", "groupName": property.group, "options": options, "displayOrder": -1,
        "calculated": property.is_calculated(), "externalOptions": property.is_owner(), "hasUniqueValue": property.is_unique(),
        "hidden": false, "hubspotDefined": true, "archived": false, "formField": !property.is_read_only(), "dataSensitivity": "non_sensitive",
        "modificationMetadata": { "archivable": false, "readOnlyDefinition": true, "readOnlyOptions": true, "readOnlyValue": property.is_read_only() },
    })
}

fn group(name: &str) -> Value {
    json!({ "name": name, "label": name, "displayOrder": -1, "archived": false })
}

/// `…/pipelines/{type}/…`
pub fn pipelines(method: &Method, tail: &[&str]) -> Option<Answer> {
    let find = |segment: &str, id: &str| -> Result<&'static Pipeline, ErrorBody> {
        pipelines::of(kind(segment)?).find(|pipeline| pipeline.id == id).ok_or_else(|| not_there("pipeline", id))
    };
    Some(match (method.as_str(), tail) {
        ("GET", [t]) => kind(t).map(|kind| reply(200, json!({ "results": pipelines::of(kind).map(pipeline).collect::<Vec<_>>() }))),
        ("GET", [t, id]) => find(t, id).map(|found| reply(200, pipeline(found))),
        ("GET", [t, id, "stages"]) => find(t, id).map(|found| reply(200, json!({ "results": stages(found) }))),
        ("GET", [t, id, "stages", stage]) => find(t, id).and_then(|found| {
            let at = found.stages.iter().position(|one| one.id == *stage).ok_or_else(|| not_there("stage", stage))?;
            Ok(reply(200, described(at, &found.stages[at])))
        }),
        _ => return None,
    })
}

/// The default pipelines are as old as HubSpot says of none; a fixed day keeps answers equal.
const MADE_AT: &str = "2024-01-01T00:00:00.000Z";

fn pipeline(pipeline: &Pipeline) -> Value {
    let order = pipelines::of(pipeline.kind).position(|other| other.id == pipeline.id).unwrap_or(0);
    json!({
        "id": pipeline.id, "label": pipeline.label, "displayOrder": order, "stages": stages(pipeline),
        "createdAt": MADE_AT, "updatedAt": MADE_AT, "archived": false,
    })
}

fn stages(pipeline: &Pipeline) -> Vec<Value> {
    pipeline.stages.iter().enumerate().map(|(at, stage)| described(at, stage)).collect()
}

fn described(at: usize, stage: &Stage) -> Value {
    json!({
        "id": stage.id, "label": stage.label, "displayOrder": at, "metadata": { stage.metadata.0: stage.metadata.1 },
        "createdAt": MADE_AT, "updatedAt": MADE_AT, "archived": false, "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
    })
}
