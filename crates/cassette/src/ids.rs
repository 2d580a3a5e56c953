//! Maps ids of a cassette to ids of the account on which it is replayed.
//!
//! Two object types may use the same number as an id. So an id is stored with its object type wherever a call
//! names the type.

use std::collections::HashMap;

use keyway_core::association;
use keyway_core::mask::rules::{Action, Place, Rules};
use keyway_core::object_type::ObjectTypeRef;
use keyway_core::path::encode_component;
use serde_json::{Map, Value};

/// The ids that are known.
#[derive(Default)]
pub struct Ids(HashMap<String, Vec<(Option<String>, String)>>);

/// The name of the object type that a segment or key names.
pub fn kind_of(text: &str) -> Option<String> {
    match ObjectTypeRef::parse(text)? {
        ObjectTypeRef::Standard(row) => Some(row.name.to_owned()),
        ObjectTypeRef::Custom(name) => Some(name),
    }
}

/// The object types that a path names, in order.
pub fn kinds_of(path: &str) -> Vec<String> {
    path.split('/').skip(2).filter_map(kind_of).collect()
}

/// The type that a key or its siblings name, or else the one that is given.
fn kind_at(key: &str, object: &Map<String, Value>, kinds: &[String]) -> Option<String> {
    if let Some(kind) = kind_of(key).filter(|_| !matches!(key, "content" | "list" | "lists")) {
        return Some(kind);
    }
    if !matches!(key, "to" | "toObjectId") {
        return kinds.first().cloned();
    }
    let id = object.get("types").and_then(|types| types[0]["associationTypeId"].as_u64());
    let by_type = id.and_then(|id| association::by_id(u32::try_from(id).ok()?)).map(|published| published.to.name.to_owned());
    by_type.or_else(|| kinds.get(1).or_else(|| kinds.first()).cloned())
}

/// The types to go on with below a key.
pub fn below(key: &str, object: &Map<String, Value>, kinds: &[String]) -> Vec<String> {
    let first = kind_at(key, object, kinds);
    first.into_iter().chain(kinds.iter().skip(1).cloned()).collect()
}

impl Ids {
    /// Learns that an id of the cassette is another one here.
    pub(super) fn learn(&mut self, kind: Option<&str>, recorded: &str, here: &str) {
        let known = self.0.entry(recorded.to_owned()).or_default();
        known.retain(|(own, _)| own.as_deref() != kind);
        known.push((kind.map(str::to_owned), here.to_owned()));
    }

    /// The id here: of this type, or else the last that was learned.
    pub(super) fn get(&self, kind: Option<&str>, recorded: &str) -> Option<&str> {
        let known = self.0.get(recorded)?;
        let of_kind = known.iter().find(|(own, _)| own.as_deref() == kind);
        of_kind.or_else(|| known.last()).map(|(_, here)| here.as_str())
    }

    /// A path with the ids of the account here.
    pub fn path(&self, path: &str) -> String {
        let mut kind = None;
        let mut here = String::new();
        for segment in path.split('/').skip(1) {
            here.push('/');
            match self.get(kind.as_deref(), segment) {
                Some(id) => encode_component(id, &mut here),
                None => here.push_str(segment),
            }
            kind = kind_of(segment).or(kind);
        }
        here
    }

    /// A text or number with the id of the account here, if it is one.
    fn scalar(&self, kind: Option<&str>, value: &Value) -> Value {
        match value {
            Value::String(text) => match self.get(kind, text) {
                Some(here) => here.into(),
                None => text.split_once(',').filter(|_| text.split(',').any(|part| self.get(kind, part).is_some())).map_or_else(
                    || value.clone(),
                    |_| text.split(',').map(|part| self.get(kind, part).unwrap_or(part)).collect::<Vec<_>>().join(",").into(),
                ),
            },
            Value::Number(number) => match self.get(kind, &number.to_string()) {
                Some(here) => here.parse::<u64>().map_or_else(|_| value.clone(), Value::from),
                None => value.clone(),
            },
            _ => value.clone(),
        }
    }

    /// A value of a query with the ids of the account here.
    pub fn text(&self, kind: Option<&str>, value: &str) -> String {
        self.scalar(kind, &value.into()).as_str().unwrap_or(value).to_owned()
    }

    /// A body with the ids of the account here.
    pub fn body(&self, rules: &Rules, value: &Value, kinds: &[String]) -> Value {
        match value {
            Value::Array(items) => items.iter().map(|item| self.body(rules, item, kinds)).collect(),
            Value::Object(object) => object
                .iter()
                .map(|(key, value)| {
                    let stays = matches!(rules.action(Place::Key, key), Some(Action::Keep | Action::Code | Action::AssociationType));
                    (key.clone(), if stays { value.clone() } else { self.body(rules, value, &below(key, object, kinds)) })
                })
                .collect(),
            scalar => self.scalar(kinds.first().map(String::as_str), scalar),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_id_is_that_of_its_type() {
        let mut ids = Ids::default();
        ids.learn(Some("contacts"), "384", "101");
        ids.learn(Some("companies"), "384", "205");
        assert_eq!(
            ids.path("/crm/v3/objects/contacts/384/associations/companies/384"),
            "/crm/v3/objects/contacts/101/associations/companies/205"
        );
        let body = json!({ "inputs": [{ "from": { "id": "384" }, "to": { "id": "384" } }], "limit": 384 });
        let kinds = kinds_of("/crm/v4/associations/contacts/companies/batch/create");
        let here = json!({ "inputs": [{ "from": { "id": "101" }, "to": { "id": "205" } }], "limit": 384 });
        assert_eq!(ids.body(&Rules::built_in(), &body, &kinds), here);
    }
}
