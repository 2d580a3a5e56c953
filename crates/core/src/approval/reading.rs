//! Reads the present state of a call's records: batch reads of each object type, built from the call alone.

use serde_json::{Value, json};

use super::change::State;
use super::intent::Intent;
use crate::path::encode_component;
use crate::touched::property_name;

/// The most records in one batch read (hubspot facts, section 6).
const INPUTS_MAX: usize = 100;
/// The most properties in one batch read.
const NAMES_MAX: usize = 200;

/// One batch read.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// The object type, as the call spells it.
    pub object_type: String,
    /// The path to POST to.
    pub path: String,
    /// The body to send.
    pub body: Value,
    /// The steps whose records it reads.
    steps: Vec<usize>,
    id_property: Option<String>,
}

/// The reads of the records that a call names, in the order of the call.
pub fn reads(intent: &Intent) -> Vec<Read> {
    let mut groups: Vec<(&str, Option<&str>, Vec<usize>)> = Vec::new();
    for (at, step) in intent.steps.iter().enumerate().filter(|(_, step)| step.id.is_some()) {
        let (object_type, id_property) = (step.object_type.as_str(), step.id_property.as_deref());
        let same =
            |group: &&mut (&str, Option<&str>, Vec<usize>)| group.0 == object_type && group.1 == id_property && group.2.len() < INPUTS_MAX;
        match groups.iter_mut().find(same) {
            Some((_, _, steps)) => steps.push(at),
            None => groups.push((object_type, id_property, vec![at])),
        }
    }
    groups.into_iter().map(|(object_type, id_property, steps)| read(intent, object_type, id_property, steps)).collect()
}

fn read(intent: &Intent, object_type: &str, id_property: Option<&str>, steps: Vec<usize>) -> Read {
    let sets = steps.iter().flat_map(|at| &intent.steps[*at].sets).map(|(name, _)| name.as_str());
    let mut names: Vec<String> = sets.filter_map(property_name).map(|name| name.into_owned()).collect();
    names.sort_unstable();
    names.dedup();
    names.truncate(NAMES_MAX);
    if let Some(property) = id_property.and_then(property_name).filter(|property| !names.iter().any(|name| name == property)) {
        // Requested alone, it would replace the properties that HubSpot shows by default.
        names.push(property.into_owned());
    }
    let mut ids: Vec<&str> = steps.iter().filter_map(|at| intent.steps[*at].id.as_deref()).collect();
    ids.sort_unstable();
    ids.dedup();
    let inputs: Vec<Value> = ids.into_iter().map(|id| json!({ "id": id })).collect();
    let mut body = json!({ "properties": names, "propertiesWithHistory": [], "inputs": inputs });
    if let Some(property) = id_property {
        body["idProperty"] = property.into();
    }
    let mut path = "/crm/v3/objects/".to_owned();
    encode_component(object_type, &mut path);
    path.push_str("/batch/read");
    Read { object_type: object_type.to_owned(), path, body, steps, id_property: id_property.map(str::to_owned) }
}

impl Read {
    /// Assigns the records in an answer to their steps: null for a record that the account does not have.
    pub fn states(&self, intent: &Intent, answer: &Value, states: &mut [Option<State>]) {
        let results = answer["results"].as_array().map_or(&[][..], Vec::as_slice);
        for at in &self.steps {
            let id = intent.steps[*at].id.as_deref().unwrap_or_default();
            let found = results.iter().find(|one| self.names(one).is_some_and(|name| name.eq_ignore_ascii_case(id)));
            states[*at] = Some(found.map_or(Value::Null, |one| {
                json!({ "id": one["id"], "updatedAt": one["updatedAt"], "archived": one["archived"], "properties": one["properties"] })
            }));
        }
    }

    fn names<'a>(&self, record: &'a Value) -> Option<&'a str> {
        match &self.id_property {
            Some(property) => record["properties"][property.to_ascii_lowercase().as_str()].as_str(),
            None => record["id"].as_str(),
        }
    }
}
