//! Compares an answer with the recorded one: status and shape. Values only where the rules say that they compare.
//!
//! What depends on the records that nobody recorded is not compared: how many results a page has, whether there is a
//! next page, and whether a property has a value.

use std::collections::BTreeSet;

use keyway_core::mask::Masker;
use keyway_core::mask::rules::{Action, Place};
use serde::Serialize;
use serde_json::{Map, Value};

use super::entry::Entry;
use super::ids::{Ids, below};

/// Members whose presence depends on how many records there are.
const OPTIONAL: [&str; 4] = ["paging", "associations", "next", "prev"];

/// What is not the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Difference {
    /// The line of the cassette.
    pub line: usize,
    /// Method and path template.
    pub operation: String,
    /// `status`, `missing`, `extra`, `type`, `value` or `empty`.
    pub kind: &'static str,
    /// Where in the answer, such as `results[].id`.
    pub at: String,
    /// What the cassette has.
    pub recorded: String,
    /// What is here.
    pub here: String,
}

/// One comparison.
struct Comparison<'a> {
    masker: &'a Masker,
    ids: &'a mut Ids,
    entry: &'a Entry,
    found: BTreeSet<Difference>,
}

/// Compares an answer; learns the ids that stand at the same place.
pub fn compare(masker: &Masker, ids: &mut Ids, entry: &Entry, kinds: &[String], status: u16, answer: Option<&Value>) -> Vec<Difference> {
    let mut comparison = Comparison { masker, ids, entry, found: BTreeSet::new() };
    if entry.response.status != status {
        comparison.note("status", "", entry.response.status.to_string(), status.to_string());
    }
    match (entry.answer(), answer) {
        // The bodies of two different statuses have nothing in common.
        _ if entry.response.status / 100 != status / 100 => {}
        (Some(recorded), Some(here)) => comparison.value(recorded, here, "", None, kinds, false),
        (Some(_), None) => comparison.note("missing", "", "a body".into(), "none".into()),
        (None, Some(_)) if entry.response.body.is_none() => comparison.note("extra", "", "none".into(), "a body".into()),
        (None, _) => {}
    }
    comparison.found.into_iter().collect()
}

impl Comparison<'_> {
    fn note(&mut self, kind: &'static str, at: &str, recorded: String, here: String) {
        let (line, operation) = (self.entry.line, self.entry.name());
        self.found.insert(Difference { line, operation, kind, at: at.to_owned(), recorded, here });
    }

    fn value(&mut self, recorded: &Value, here: &Value, at: &str, key: Option<&str>, kinds: &[String], of_record: bool) {
        match (recorded, here) {
            // Whether there is a value is a matter of the data.
            (Value::Null, _) | (_, Value::Null) => {}
            (Value::Object(recorded), Value::Object(here)) => self.members(recorded, here, at, kinds, of_record),
            (Value::Array(recorded), Value::Array(here)) => self.items(recorded, here, at, key, kinds, of_record),
            _ if type_of(recorded) != type_of(here) => self.note("type", at, type_of(recorded).into(), type_of(here).into()),
            _ => self.scalars(recorded, here, at, key, kinds),
        }
    }

    fn members(&mut self, recorded: &Map<String, Value>, here: &Map<String, Value>, at: &str, kinds: &[String], of_record: bool) {
        let place = |key: &str| if at.is_empty() { key.to_owned() } else { format!("{at}.{key}") };
        for (key, value) in recorded {
            if looks_masked(key) || self.is_dropped(key) {
                continue;
            }
            let is_record = of_record || matches!(key.as_str(), "properties" | "propertiesWithHistory");
            match here.get(key) {
                Some(other) => self.value(value, other, &place(key), Some(key), &below(key, recorded, kinds), is_record),
                None if OPTIONAL.contains(&key.as_str()) || value.is_null() => {}
                None => self.note("missing", &place(key), type_of(value).into(), "nothing".into()),
            }
        }
        for (key, value) in here {
            // A key that no rule knows was replaced in the cassette, and can't be found there.
            let is_known =
                if of_record { self.masker.property_name(key) == *key } else { self.masker.rules().action(Place::Key, key).is_some() };
            if is_known && !recorded.contains_key(key) && !OPTIONAL.contains(&key.as_str()) && !self.is_dropped(key) && !value.is_null() {
                self.note("extra", &place(key), "nothing".into(), type_of(value).into());
            }
        }
    }

    fn is_dropped(&self, key: &str) -> bool {
        self.masker.rules().action(Place::Key, key) == Some(Action::Drop)
    }

    fn items(&mut self, recorded: &[Value], here: &[Value], at: &str, key: Option<&str>, kinds: &[String], of_record: bool) {
        let place = format!("{at}[]");
        if here.is_empty() && !recorded.is_empty() && self.finds_exactly() {
            self.note("empty", at, "results".into(), "none".into());
        }
        let mut left: Vec<usize> = (0..here.len()).collect();
        let mut pairs: Vec<(usize, usize)> = Vec::new();
        let mut without = Vec::new();
        for (from, item) in recorded.iter().enumerate() {
            let wanted = match id_of(item) {
                Some(id) => self.ids.get(kinds.first().map(String::as_str), &id).map(str::to_owned),
                None => name_of(item).map(str::to_owned),
            };
            let is_same = |other: &Value| id_of(other).as_deref().or_else(|| name_of(other)) == wanted.as_deref();
            match left.iter().position(|to| wanted.is_some() && is_same(&here[*to])) {
                Some(found) => pairs.push((from, left.remove(found))),
                // What has a name of its own is the same under the same name, or is not here.
                None if id_of(item).is_none() && wanted.is_some() => {}
                None => without.push(from),
            }
        }
        // Ids that are not known yet stand in the same order, as in the answer of a create.
        pairs.extend(without.into_iter().zip(left));
        for (from, to) in pairs {
            self.value(&recorded[from], &here[to], &place, key, kinds, of_record);
        }
    }

    /// Whether the request asks for exact values, so that replaced values find the same records.
    fn finds_exactly(&self) -> bool {
        let Some(asked) = self.entry.asked() else { return self.entry.request.method == "GET" };
        let text = asked.to_string();
        let is_order = ["GT", "GTE", "LT", "LTE", "BETWEEN", "CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"];
        asked.get("query").is_none() && !is_order.iter().any(|operator| text.contains(&format!("\"operator\":\"{operator}\"")))
    }

    fn scalars(&mut self, recorded: &Value, here: &Value, at: &str, key: Option<&str>, kinds: &[String]) {
        let Some(key) = key else { return };
        let action = self.masker.rules().action(Place::Key, key);
        let is_id = matches!(action, Some(Action::Id | Action::Cursor | Action::ObjectType)) || key == "hs_object_id";
        let (recorded_text, here_text) = (text_of(recorded), text_of(here));
        if is_id && recorded_text != here_text && key != "correlationId" {
            let kind = kinds.first().map(String::as_str).filter(|_| matches!(action, Some(Action::Id) | None));
            self.ids.learn(kind, &recorded_text, &here_text);
        }
        if is_id && recorded_text == here_text {
            self.ids.learn(kinds.first().map(String::as_str), &recorded_text, &here_text);
        }
        if self.masker.rules().compares(key) && !looks_masked(&recorded_text) && recorded_text != here_text {
            self.note("value", at, recorded_text, here_text);
        }
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The id of an item of a list.
fn id_of(item: &Value) -> Option<String> {
    ["id", "toObjectId", "objectTypeId"].iter().map(|key| &item[*key]).find(|id| id.is_string() || id.is_number()).map(text_of)
}

/// The name of a definition, or the value of an option.
fn name_of(item: &Value) -> Option<&str> {
    item["name"].as_str().filter(|_| item["label"].is_string()).or_else(|| item["value"].as_str().filter(|_| item["label"].is_string()))
}

/// Whether a text has a word that the masking made: `x` and nine letters.
pub fn looks_masked(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || (b'2'..=b'7').contains(&byte);
    text.split(|char: char| !char.is_ascii_alphanumeric()).any(|run| run.len() == 10 && run.starts_with('x') && run.bytes().all(is_letter))
}
