//! What the recorded account held before the first call, as far as the cassette shows it: custom object types,
//! properties, pipelines, owners, records and associations.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use keyway_core::catalog::Method;
use serde_json::{Map, Value, json};

use super::entry::Entry;
use super::ids::{kind_of, kinds_of};

/// A record, by object type and id.
type RecordId = (String, String);

/// The account before the first call.
#[derive(Default)]
pub struct Start {
    /// Custom object types, as HubSpot answers them.
    pub(super) schemas: Vec<Value>,
    /// Properties that the account made, by object type and name.
    pub(super) properties: BTreeMap<(String, String), Value>,
    /// Pipelines, by object type and id.
    pub(super) pipelines: BTreeMap<(String, String), Value>,
    /// Ids of owners, in the order in which they were seen.
    pub(super) owners: Vec<String>,
    /// Property values of records.
    pub(super) records: BTreeMap<RecordId, Map<String, Value>>,
    /// Pairs of records.
    pub(super) associations: BTreeSet<(RecordId, RecordId)>,
    /// What the recorded calls made; it was not there before.
    made: HashSet<RecordId>,
    made_definitions: HashSet<(String, String)>,
    written_pairs: HashSet<(RecordId, RecordId)>,
}

impl Start {
    /// Reads the calls in their order.
    pub fn of(entries: &[Entry]) -> Self {
        let mut start = Self::default();
        entries.iter().for_each(|entry| start.entry(entry));
        let made = std::mem::take(&mut start.made);
        start.associations.retain(|(from, to)| start.records.contains_key(from) && start.records.contains_key(to));
        start.records.retain(|id, _| !made.contains(id));
        start
    }

    fn entry(&mut self, entry: &Entry) {
        let path = entry.request.path.as_str();
        if !path.starts_with("/crm") {
            return;
        }
        let template = entry.operation.map_or("", |operation| operation.template);
        let kinds = kinds_of(path);
        let answer = entry.answer().unwrap_or(&Value::Null);
        let is_done = (200..300).contains(&entry.response.status);
        if path.contains("/properties/") {
            if let Some(kind) = kinds.first().filter(|_| is_done) {
                self.properties(entry, kind, answer);
            }
        } else if path.contains("/pipelines/") {
            if let Some(kind) = kinds.first().filter(|_| is_done) {
                self.pipelines(entry, kind, answer);
            }
        } else if path.contains("/owners") {
            if is_done {
                items(answer).filter_map(|owner| owner["id"].as_str()).for_each(|id| self.owner(id));
            }
        } else if path.contains("/schemas") {
            if is_done && entry.is_read_only() {
                self.schemas
                    .extend(items(answer).filter(|one| one["objectTypeId"].as_str().is_some_and(|id| id.starts_with("2-"))).cloned());
            }
        } else if path.contains("/associations/") {
            self.associations(entry, &kinds, answer, is_done);
        } else if let Some(kind) = kinds.first() {
            self.records(entry, template, kind, answer, is_done);
        }
    }

    fn owner(&mut self, id: &str) {
        if !self.owners.iter().any(|own| own == id) {
            self.owners.push(id.to_owned());
        }
    }

    fn properties(&mut self, entry: &Entry, kind: &str, answer: &Value) {
        for one in items(answer).filter(|one| one["hubspotDefined"] != true && one["fieldType"].is_string()) {
            let key = (kind.to_owned(), one["name"].as_str().unwrap_or_default().to_owned());
            if entry.request.method == "POST" && !entry.is_read_only() {
                self.made_definitions.insert(key);
            } else if !self.made_definitions.contains(&key) {
                self.properties.entry(key).or_insert_with(|| one.clone());
            }
        }
    }

    fn pipelines(&mut self, entry: &Entry, kind: &str, answer: &Value) {
        for one in items(answer).filter(|one| one["stages"].is_array()) {
            let key = (kind.to_owned(), one["id"].as_str().unwrap_or_default().to_owned());
            if entry.request.method == "POST" {
                self.made_definitions.insert(key);
            } else if !self.made_definitions.contains(&key) {
                self.pipelines.entry(key).or_insert_with(|| one.clone());
            }
        }
    }

    fn associations(&mut self, entry: &Entry, kinds: &[String], answer: &Value, is_done: bool) {
        let [from_kind, to_kind, ..] = kinds else { return };
        let pair = |from: &str, to: &str| ((from_kind.clone(), from.to_owned()), (to_kind.clone(), to.to_owned()));
        if !is_done {
            return;
        }
        if entry.is_read_only() {
            // One record's, or a batch.
            let own =
                entry.request.path.split('/').skip_while(|segment| kind_of(segment).as_ref() != Some(from_kind)).nth(1).unwrap_or_default();
            for one in items(answer) {
                let from = id_text(&one["from"]["id"]).unwrap_or_else(|| own.to_owned());
                let to = one["to"].as_array().cloned().unwrap_or_else(|| vec![one.clone()]);
                for to in to.iter().filter_map(|to| id_text(&to["toObjectId"]).or_else(|| id_text(&to["id"]))) {
                    let (from, to) = pair(&from, &to);
                    let is_new =
                        self.made.contains(&from) || self.made.contains(&to) || self.written_pairs.contains(&(from.clone(), to.clone()));
                    if !is_new {
                        [&from, &to].into_iter().for_each(|id| self.existed(id));
                        self.associations.insert((from, to));
                    }
                }
            }
            return;
        }
        let mut written = Vec::new();
        if let Some(inputs) = entry.asked().and_then(|asked| asked["inputs"].as_array()) {
            let ids = |input: &Value| Some(pair(input["from"]["id"].as_str()?, input["to"]["id"].as_str()?));
            written.extend(inputs.iter().filter_map(ids));
        }
        let mut segments = entry.request.path.split('/').skip_while(|segment| kind_of(segment).as_ref() != Some(from_kind)).skip(1);
        if let (Some(from), Some(to)) = (segments.next(), segments.skip_while(|segment| kind_of(segment).as_ref() != Some(to_kind)).nth(1))
        {
            written.push(pair(from, to));
        }
        for (from, to) in written {
            [&from, &to].into_iter().filter(|id| is_id(&id.1)).for_each(|id| self.existed(id));
            self.written_pairs.insert((to.clone(), from.clone()));
            self.written_pairs.insert((from, to));
        }
    }

    fn records(&mut self, entry: &Entry, template: &str, kind: &str, answer: &Value, is_done: bool) {
        let method = entry.operation.map(|operation| operation.method);
        let id_of = |id: &str| (kind.to_owned(), id.to_owned());
        if entry.response.status == 409 && method == Some(Method::Post) {
            // "Contact already exists. Existing ID: 123": it has the unique values of the request.
            let existing = answer["message"].as_str().and_then(|message| message.rsplit(' ').next()).filter(|id| is_id(id));
            if let (Some(existing), Some(email)) = (existing, entry.asked().and_then(|asked| asked["properties"].get("email"))) {
                let id = id_of(existing);
                self.existed(&id);
                if !self.made.contains(&id) {
                    self.records.entry(id).or_default().entry("email").or_insert_with(|| email.clone());
                }
            }
            return;
        }
        if !is_done {
            return;
        }
        if template.ends_with("/merge") {
            for key in ["primaryObjectId", "objectIdToMerge"] {
                let id = entry.asked().and_then(|asked| id_text(&asked[key]));
                id.iter().for_each(|id| self.existed(&id_of(id)));
            }
            self.made.extend(id_text(&answer["id"]).as_deref().map(id_of));
            return;
        }
        let makes =
            method == Some(Method::Post) && (template.ends_with("/batch/create") || !template.contains("/batch/") && !entry.is_read_only());
        let last = entry.request.path.rsplit('/').next().unwrap_or_default();
        if !makes && is_id(last) {
            self.existed(&id_of(last));
        }
        for one in items(answer).chain(answer["results"].is_null().then_some(answer)) {
            let (Some(id), Some(properties)) = (id_text(&one["id"]), one["properties"].as_object()) else { continue };
            let id = id_of(&id);
            if makes || one["new"] == true {
                self.made.insert(id);
                continue;
            }
            if self.made.contains(&id) {
                continue;
            }
            let known = self.records.entry(id.clone()).or_default();
            for (name, value) in properties.iter().filter(|(_, value)| !value.is_null()) {
                known.entry(name.clone()).or_insert_with(|| value.clone());
            }
            for (to_kind, list) in one["associations"].as_object().into_iter().flatten() {
                for to in items(list).filter_map(|to| id_text(&to["id"])) {
                    let to = (kind_of(to_kind).unwrap_or_else(|| to_kind.clone()), to);
                    if !self.made.contains(&to) && !self.written_pairs.contains(&(id.clone(), to.clone())) {
                        self.existed(&to);
                        self.associations.insert((id.clone(), to));
                    }
                }
            }
        }
    }

    /// Notes that a record was there, unless a recorded call made it.
    fn existed(&mut self, id: &RecordId) {
        if !self.made.contains(id) && is_id(&id.1) {
            self.records.entry(id.clone()).or_default();
        }
    }

    /// Properties that records have and no answer defined: text.
    pub(super) fn undefined(&self, is_known: impl Fn(&str) -> bool) -> Vec<(String, Value)> {
        let mut names = BTreeSet::new();
        for ((kind, _), properties) in &self.records {
            for name in properties.keys().filter(|name| !is_known(name)) {
                let key = (kind.clone(), name.clone());
                if !self.properties.contains_key(&key) && !self.made_definitions.contains(&key) {
                    names.insert(key);
                }
            }
        }
        names
            .into_iter()
            .map(|(kind, name)| (kind, json!({ "name": name, "label": name, "type": "string", "fieldType": "text" })))
            .collect()
    }
}

/// The items of a list's answer, or the answer itself.
fn items(answer: &Value) -> impl Iterator<Item = &Value> {
    let list = answer["results"].as_array();
    list.into_iter().flatten().chain(answer.as_object().filter(|_| list.is_none()).map(|_| answer))
}

fn id_text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned).or_else(|| value.as_u64().map(|id| id.to_string()))
}

fn is_id(text: &str) -> bool {
    (1..=18).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}
