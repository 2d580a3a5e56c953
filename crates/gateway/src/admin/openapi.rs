//! The description of the admin API (OpenAPI 3.1), made from the table of operations.

use serde_json::{Map, Value, json};

use super::operations::{Access, OPERATIONS};

pub(super) fn document() -> Value {
    let mut paths = Map::new();
    for one in OPERATIONS {
        let parameters: Vec<Value> = one
            .path
            .split('/')
            .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
            .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
            .collect();
        let security = if one.access == Access::Open { json!([]) } else { json!([{ "adminToken": [] }]) };
        let operation = json!({
            "operationId": one.id, "summary": one.summary, "parameters": parameters, "security": security,
            "responses": { "200": { "description": "done" }, "default": { "description": "problem details (RFC 9457)" } },
        });
        paths.entry(one.path).or_insert_with(|| json!({}))[one.method.to_lowercase()] = operation;
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Keyway admin API", "version": env!("CARGO_PKG_VERSION"), "license": { "name": "Apache-2.0" } },
        "paths": paths,
        "components": { "securitySchemes": { "adminToken": { "type": "http", "scheme": "bearer" } } },
    })
}
