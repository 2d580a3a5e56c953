//! The validation rules of properties, and the object library, in which every object type is switched on.

use http::Method;
use keyway_core::error_body::ErrorBody;
use serde_json::{Map, Value, json};

use super::{Answer, kind, no_content, reply};
use crate::invalid;
use crate::kind::Kind;
use crate::property::Property;
use crate::property::Rule;
use crate::request::{Request, bad_field, bad_parameter, texts};
use crate::rules::TYPES;
use crate::state::State;
use crate::tx::Tx;
use crate::value;

/// Arguments of a rule.
const ARGUMENTS_MAX: usize = 100;

/// `…/property-validations/{type}/…`
pub fn rules(request: &Request<'_>, method: &Method, tail: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    let (segment, rest) = tail.split_first()?;
    let kind = kind(tx.state, segment);
    Some(match (method.as_str(), rest) {
        ("GET", []) => kind.map(|kind| {
            let ruled = tx.state.schema(kind).properties().filter(|property| !property.rules.is_empty());
            let body = |property: &Property| json!({ "propertyName": &*property.name, "propertyValidationRules": bodies(property) });
            reply(200, json!({ "results": ruled.map(body).collect::<Vec<_>>() }))
        }),
        ("GET", [name]) => kind.and_then(|kind| Ok(reply(200, json!({ "results": bodies(property(tx.state, kind, name)?) })))),
        ("GET", [name, "rule-type", rule_type]) => kind.and_then(|kind| {
            let found = property(tx.state, kind, name)?.rules.iter().find(|rule| rule.rule_type == known(rule_type).unwrap_or_default());
            let found = found.ok_or_else(|| invalid::rule_missing(name, rule_type))?;
            Ok(reply(200, body(found)))
        }),
        ("PUT", [name, "rule-type", rule_type]) => kind.and_then(|kind| put(request, kind, name, rule_type, tx)),
        _ => return None,
    })
}

/// `…/object-library/…`: every type is switched on.
pub fn library(method: &Method, tail: &[&str], state: &State) -> Option<Answer> {
    Some(match (method.as_str(), tail) {
        ("GET", ["enablement"]) => {
            let all: Map<String, Value> = state.spaces().map(|space| (space.type_id.to_string(), true.into())).collect();
            Ok(reply(200, json!({ "enablementByObjectTypeId": all })))
        }
        ("GET", ["enablement", segment]) => kind(state, segment).map(|_| reply(200, json!({ "enablement": true }))),
        _ => return None,
    })
}

fn property<'a>(state: &'a State, kind: Kind, name: &str) -> Result<&'a Property, ErrorBody> {
    state.schema(kind).get(name).ok_or_else(|| invalid::property_missing(name))
}

fn known(rule_type: &str) -> Option<&'static str> {
    TYPES.into_iter().find(|known| *known == rule_type)
}

fn put(request: &Request<'_>, kind: Kind, name: &str, rule_type: &str, tx: &mut Tx<'_>) -> Answer {
    let known = known(rule_type).ok_or_else(|| bad_parameter("ruleType", &format!("'{rule_type}' is not a type of rule")))?;
    let given = request.json()?;
    let mut property = property(tx.state, kind, name)?.clone();
    let arguments: Vec<String> = texts(&given, "ruleArguments")?.into_iter().map(str::to_owned).collect();
    if arguments.len() > ARGUMENTS_MAX {
        return Err(bad_field("ruleArguments", &format!("must have at most {ARGUMENTS_MAX} entries")));
    }
    let first = arguments.first().map_or("", String::as_str);
    let fits = match known {
        "MIN_LENGTH" | "MAX_LENGTH" | "DECIMAL" => first.parse::<u32>().is_ok(),
        "MIN_NUMBER" | "MAX_NUMBER" => value::number(first).is_some(),
        "START_DATE" | "END_DATE" | "START_DATETIME" | "END_DATETIME" => value::moment(first).is_some(),
        _ => true,
    };
    // No arguments take the rule away.
    if !arguments.is_empty() && !fits {
        return Err(bad_field("ruleArguments", &format!("{first} is not what {known} compares with")));
    }
    property.rules.retain(|rule| rule.rule_type != known);
    let bare = matches!(known, "ALPHANUMERIC" | "WHITESPACE" | "EMAIL" | "URL" | "DOMAIN" | "FORMAT" | "SPECIAL_CHARACTERS");
    if bare || !arguments.is_empty() {
        let normalises = given.get("shouldApplyNormalization").and_then(Value::as_bool).unwrap_or(false);
        property.rules.push(Rule { rule_type: known.to_owned(), arguments, normalises });
    }
    tx.put_property(kind, property);
    Ok(no_content())
}

fn bodies(property: &Property) -> Vec<Value> {
    property.rules.iter().map(body).collect()
}

fn body(rule: &Rule) -> Value {
    json!({ "ruleType": rule.rule_type, "ruleArguments": rule.arguments, "shouldApplyNormalization": rule.normalises })
}
