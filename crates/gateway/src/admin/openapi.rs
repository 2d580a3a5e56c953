//! The description of the admin API (OpenAPI 3.1), made from the table of operations and the types
//! that are read and sent. `docs/openapi.json` is the same, and a test compares the two.

use keyway_api::{Access, OPERATIONS, Operation, OperationId, Problem};
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::idempotency::takes_key;

pub(super) fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = SchemaGenerator::new(settings);
    let problem = generator.subschema_for::<Problem>();
    let mut paths = Map::new();
    for one in OPERATIONS {
        paths.entry(one.path).or_insert_with(|| json!({}))[one.method.to_lowercase()] = operation(one, &mut generator);
    }
    let schemas: Map<String, Value> = generator.take_definitions(true);
    let refused = json!({ "description": "Problem details (RFC 9457)", "content": { "application/problem+json": { "schema": problem } } });
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Keyway admin API", "version": env!("CARGO_PKG_VERSION"), "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            "description": "Accounts, apps, tokens, people, changes and the audit of a Keyway server. Who may do what, paging, idempotency keys and errors: docs/admin-api.md.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": { "Problem": refused },
            "securitySchemes": { "adminToken": { "type": "http", "scheme": "bearer" } },
        },
    })
}

fn operation(one: &Operation, generator: &mut SchemaGenerator) -> Value {
    let mut parameters: Vec<Value> = path_parameters(one).collect();
    parameters.extend(one.query.into_iter().flat_map(|query| query_parameters(query(generator).to_value(), generator)));
    if takes_key(one) {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "Sent again with the same request within a day, the answer is the first one's, and nothing is made twice.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" },
        }));
    }
    let mut responses = Map::new();
    responses.insert("200".into(), answered(one, generator));
    for status in refusals(one) {
        responses.insert(status.to_string(), json!({ "$ref": "#/components/responses/Problem" }));
    }
    let security = if one.access == Access::Open { json!([]) } else { json!([{ "adminToken": [] }]) };
    let mut described = json!({
        "operationId": one.id.as_str(), "summary": one.summary, "description": format!("Open to {}.", opened_to(one.access)),
        "parameters": parameters, "security": security, "responses": responses,
    });
    if let Some(body) = one.body {
        described["requestBody"] = json!({ "required": true, "content": { "application/json": { "schema": body(generator) } } });
    }
    if let OperationId::PutSnapshot | OperationId::DiffPortal = one.id {
        let lines = json!({ "schema": { "type": "string" } });
        described["requestBody"] = json!({ "required": one.id == OperationId::PutSnapshot, "content": { "application/x-ndjson": lines } });
    }
    if one.id == OperationId::SeedPortal {
        described["requestBody"]["content"]["application/yaml"] = json!({ "schema": { "type": "string" } });
    }
    described
}

fn answered(one: &Operation, generator: &mut SchemaGenerator) -> Value {
    let text = || json!({ "schema": { "type": "string" } });
    let content = match one.answer {
        Some(answer) => json!({ "application/json": { "schema": answer(generator) } }),
        None if one.id == OperationId::DescribeApi => json!({ "application/json": { "schema": { "type": "object" } } }),
        None if one.id == OperationId::ShowSnapshot => json!({ "application/x-ndjson": text() }),
        None if one.id == OperationId::ExportRecords => json!({ "application/x-ndjson": text(), "text/csv": text() }),
        None => json!({ "text/plain": text() }),
    };
    json!({ "description": "Done", "content": content })
}

fn path_parameters(one: &Operation) -> impl Iterator<Item = Value> {
    let names = one.path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
    names.map(|name| {
        let schema = match name {
            "hub_id" | "token_id" | "app_id" | "fault" => json!({ "type": "integer", "minimum": 0 }),
            _ => json!({ "type": "string", "minLength": 1 }),
        };
        json!({ "name": name, "in": "path", "required": true, "schema": schema })
    })
}

/// Each property of a query's type as a parameter.
fn query_parameters(schema: Value, generator: &mut SchemaGenerator) -> Vec<Value> {
    let name = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    // A query is its parameters; as a schema of its own it would be described and never referred to.
    let Some(Value::Object(definition)) = generator.definitions_mut().remove(name) else { return Vec::new() };
    let properties = definition.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    let parameter = |(name, mut schema): (String, Value)| {
        let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
        // What is left out of a query is left out; it can't be null.
        if let Some(kind) = schema["type"].as_array().and_then(|kinds| kinds.first()).cloned() {
            schema["type"] = kind;
        }
        json!({ "name": name, "in": "query", "required": false, "description": description, "schema": schema })
    };
    properties.into_iter().map(parameter).collect()
}

/// The statuses with which an operation can be refused.
fn refusals(one: &Operation) -> Vec<u16> {
    if one.access == Access::Open {
        return if matches!(one.id, OperationId::IsAlive | OperationId::IsReady) { vec![405, 421, 503] } else { vec![405, 421] };
    }
    let mut statuses = vec![401, 403, 405, 421, 500, 503];
    if one.query.is_some() || one.body.is_some() || takes_key(one) {
        statuses.push(400);
    }
    // Wrong passwords are counted.
    if one.access == Access::Own && one.body.is_some() {
        statuses.push(429);
    }
    // A query names accounts and apps too.
    if one.path.contains('{') || one.body.is_some() || one.query.is_some() {
        statuses.push(404);
    }
    // A token has no sign-in of its own.
    let of_people = one.access == Access::Own;
    if of_people || one.method != "GET" || one.query.is_some() || one.path.contains("{app}") || one.path.contains("/portals/") {
        statuses.push(409);
    }
    if one.body.is_some() || takes_key(one) {
        statuses.push(413);
    }
    if one.method != "GET" {
        statuses.extend([400, 422]);
    }
    statuses.sort_unstable();
    statuses.dedup();
    statuses
}

const fn opened_to(access: Access) -> &'static str {
    match access {
        Access::Open => "everybody",
        Access::Known => "every role",
        Access::Own => "people, in the console, for their own sign-in",
        Access::SuperAdmin => "super admins",
        Access::Auditor => "super admins and auditors",
        Access::Reader => "super admins, auditors, and app managers as far as it concerns their apps",
        Access::Manager => "super admins, and app managers as far as it concerns their apps",
        Access::TokenService => "super admins and the token service",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With `KEYWAY_WRITE_OPENAPI` set, writes the file.
    #[test]
    fn the_committed_document_is_that_of_the_code() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
        let text = format!("{}\n", serde_json::to_string_pretty(&document()).unwrap());
        if std::env::var_os("KEYWAY_WRITE_OPENAPI").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == text,
            "docs/openapi.json is not what the code says; write it with KEYWAY_WRITE_OPENAPI=1 cargo test -p keyway-gateway openapi"
        );
    }

    #[test]
    fn every_operation_is_described_whole() {
        let document = document();
        for one in OPERATIONS {
            let described = &document["paths"][one.path][one.method.to_lowercase()];
            let id = one.id.as_str();
            assert_eq!(described["operationId"], id);
            assert!(
                one.answer.is_some() || one.access == Access::Open || matches!(id, "exportRecords" | "showSnapshot"),
                "{id} has no answer"
            );
            let takes_body = !["GET", "DELETE"].contains(&one.method);
            let bare = [
                "rollBackCredential",
                "checkConnection",
                "issueAccessToken",
                "revokeToken",
                "handBack",
                "rotateMasterKey",
                "takeSnapshot",
                "restoreSnapshot",
                "testNotificationChannel",
                "resumeNotifications",
            ];
            assert_eq!(described.get("requestBody").is_some(), takes_body && !bare.contains(&id), "{id}");
        }
        // Every reference leads to something.
        let text = document.to_string();
        for reference in text.split("\"$ref\":\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(document.pointer(reference).is_some(), "{reference} leads nowhere");
        }
    }
}
