//! Holds answers against HubSpot's models: the fields that the official Node client says an answer has, with their
//! types (tests/catalog/models.py). Families that this client does not have are held against hubspot-sdk
//! (tests/catalog/sdk_models.py).
//!
//! Every answer of every test goes through [`check`]. A field that HubSpot does not name is no fault.

use std::collections::HashMap;
use std::sync::LazyLock;

use keyway_core::time::Timestamp;
use serde_json::{Value, json};

const ANSWERS: [&str; 2] =
    [include_str!("../../../../tests/catalog/answers.tsv"), include_str!("../../../../tests/catalog/sdk_answers.tsv")];
const MODELS: [&str; 2] = [include_str!("../../../../tests/catalog/models.tsv"), include_str!("../../../../tests/catalog/sdk_models.tsv")];

/// A field: its name, its type, and whether every answer has it.
type Field = (&'static str, &'static str, bool);

static FIELDS: LazyLock<HashMap<&str, Vec<Field>>> = LazyLock::new(|| {
    let mut fields: HashMap<&str, Vec<Field>> = HashMap::new();
    for line in MODELS.iter().flat_map(|file| file.lines().skip(1)) {
        let [model, name, kind, required] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("four columns: {line}") };
        fields.entry(model).or_default().push((name, kind, required == "yes"));
    }
    fields
});

/// The operations by method and number of segments: the template, the status and the model.
type Operations = HashMap<(&'static str, usize), Vec<(Vec<&'static str>, u16, &'static str)>>;
static OPERATIONS: LazyLock<Operations> = LazyLock::new(|| {
    let mut operations = Operations::new();
    for line in ANSWERS.iter().flat_map(|file| file.lines().skip(1)) {
        let [method, path, status, model] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("four columns: {line}") };
        let segments: Vec<&str> = path.split('/').collect();
        operations.entry((method, segments.len())).or_default().push((segments, status.parse().unwrap(), model));
    }
    operations
});

/// Families whose answers do not have the form of HubSpot's models: folders of lists, whose ids are text as in the dated
/// forms. The list only gets shorter.
const UNFIT: [&str; 1] = ["/crm/v3/lists/folders"];

/// What is wrong with an answer, if its operation is one of the client's.
pub fn check(line: &str, status: u16, body: &Value) -> Result<(), String> {
    let (method, target) = line.split_once(' ').expect("a line is a method and a target");
    let path = target.split('?').next().unwrap_or_default().trim_end_matches('/');
    if UNFIT.iter().any(|family| path.starts_with(family)) {
        return Ok(());
    }
    let segments: Vec<&str> = path.split('/').collect();
    let Some((_, known)) = OPERATIONS.iter().find(|((own, count), _)| *own == method && *count == segments.len()) else { return Ok(()) };
    let fits = |template: &[&str]| template.iter().zip(&segments).all(|(own, segment)| own.starts_with('{') || own == segment);
    let literal = |template: &[&str]| template.iter().filter(|own| !own.starts_with('{')).count();
    let Some(best) = known.iter().filter(|(template, ..)| fits(template)).map(|(template, ..)| literal(template)).max() else {
        return Ok(());
    };
    let published: Vec<(u16, &str)> = known
        .iter()
        .filter(|(template, ..)| fits(template) && literal(template) == best)
        .map(|(_, status, model)| (*status, *model))
        .collect();
    let models: Vec<&str> = published.iter().filter(|(own, _)| *own == status).map(|(_, model)| *model).collect();
    if models.is_empty() && status == 207 {
        // An answer in part has a model of its own, which not every batch states.
        return Ok(());
    }
    if models.is_empty() {
        return Err(format!("{status} is not among the statuses of {method} {path}: {published:?}"));
    }
    let faults: Vec<String> = models.iter().filter_map(|model| fault(model, body, "")).collect();
    // Two API classes may send the same request and read its answer as two models.
    if faults.len() < models.len() { Ok(()) } else { Err(faults.join("; ")) }
}

/// The first fault of a value of a type.
fn fault(kind: &str, value: &Value, place: &str) -> Option<String> {
    let wrong = || Some(format!("{place} is not {kind}: {value}"));
    let inner = |open: char, close: char| kind.strip_prefix(open).and_then(|kind| kind.strip_suffix(close));
    if let Some(kind) = inner('[', ']') {
        return match value {
            Value::Array(values) => values.iter().find_map(|value| fault(kind, value, &format!("{place}[]"))),
            _ => wrong(),
        };
    }
    if let Some(kind) = inner('{', '}') {
        return match value {
            // HubSpot sends null for a property without a value.
            Value::Object(values) => {
                values.values().filter(|value| !value.is_null()).find_map(|value| fault(kind, value, &format!("{place}{{}}")))
            }
            _ => wrong(),
        };
    }
    let fits = match kind {
        "-" => value.is_null(),
        // v4 sends ids of records as numbers (hubspot facts, section 7); the client's newest model says text.
        "string" if place.ends_with("ObjectId") => value.is_string() || value.is_number(),
        "string" | "string | null" => value.is_string(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "Date" => value.as_str().is_some_and(|text| Timestamp::parse_iso(text).is_some()),
        _ => match FIELDS.get(kind) {
            None => true,
            Some(_) if !value.is_object() => false,
            Some(fields) => {
                return fields.iter().find_map(|(name, kind, required)| match value.get(*name) {
                    None | Some(Value::Null) if *required => Some(format!("{place}.{name} is missing")),
                    None | Some(Value::Null) => None,
                    Some(value) => fault(kind, value, &format!("{place}.{name}")),
                });
            }
        },
    };
    if fits { None } else { wrong() }
}

#[test]
fn an_answer_that_lacks_a_field_or_has_another_type_is_found() {
    let good = json!({ "id": "1", "properties": { "a": null }, "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z", "archived": false });
    let line = "GET /crm/v3/objects/contacts/1?archived=false";
    assert_eq!(check(line, 200, &good), Ok(()));
    assert!(check(line, 201, &good).is_err_and(|fault| fault.contains("201 is not among the statuses")));
    let with = |name: &str, value: Value| {
        let mut bad = good.clone();
        bad[name] = value;
        check(line, 200, &bad).unwrap_err()
    };
    assert_eq!(with("id", json!(1)), ".id is not string: 1");
    assert_eq!(with("createdAt", json!("soon")), ".createdAt is not Date: \"soon\"");
    assert_eq!(with("updatedAt", Value::Null), ".updatedAt is missing");
    assert_eq!(with("properties", json!({ "a": 1 })), ".properties{} is not string | null: 1");
    assert_eq!(check("GET /nobody/v1/knows", 200, &Value::Null), Ok(()));
}
