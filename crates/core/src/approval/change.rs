//! What a person sees before deciding: the call, and each record before and after it.
//!
//! The size is bounded: long values are cut, and so are long lists of records and properties. The digest covers the whole
//! call and everything that was read, including what is cut.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::intent::{Intent, Step};

/// The longest value that is shown, in characters.
const VALUE_CHARS_MAX: usize = 300;
/// The longest path, query or body that is shown, in characters.
const CALL_CHARS_MAX: usize = 4_000;
/// The most properties of one record that are shown.
const PROPERTIES_MAX: usize = 100;
/// The most bytes of all values that are shown.
const BYTES_MAX: usize = 128 * 1024;

/// What a call would change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// The HTTP method, in capitals.
    pub method: String,
    /// The path, and the query where there is one.
    pub target: String,
    /// The body, where no record shows its content.
    pub body: Option<String>,
    /// The answer to a GET of the same path now, where the call names no record.
    pub before: Option<String>,
    /// The records that the call names.
    pub records: Vec<Changed>,
    /// The number of further records that are not listed.
    pub more: u64,
    /// Records that Keyway could not read.
    pub unread: Vec<Unread>,
}

/// One record before and after the call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Changed {
    /// The object type.
    pub object_type: String,
    /// The id of the record, or the value that names it; none for a new record.
    pub id: Option<String>,
    /// `there`, `not there`, `not read` or `new`.
    pub state: String,
    /// Its properties: those that the call sets, or a few that help a person to recognise the record.
    pub properties: Vec<Property>,
}

/// A property before and after the call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Property {
    /// The internal name of the property.
    pub name: String,
    /// Its present value; none where it has none, or was not read.
    pub before: Option<String>,
    /// Its value after the call; none where the call does not set it.
    pub after: Option<String>,
}

/// Records that Keyway could not read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unread {
    /// Their object type.
    pub object_type: String,
    /// Why.
    pub why: String,
}

/// A record as read; null where the account has none.
pub type State = Value;

impl Change {
    /// The changes that a call with this intent would make to records that were read as `states`, one for each step; none where
    /// a record was not read.
    pub fn of(method: &str, target: &str, body: Option<&str>, intent: &Intent, states: &[Option<State>], unread: Vec<Unread>) -> Self {
        let mut left = BYTES_MAX;
        let mut records = Vec::new();
        for (step, state) in intent.steps.iter().zip(states) {
            let record = changed(step, state.as_ref());
            left = left.saturating_sub(record.bytes());
            if left == 0 {
                break;
            }
            records.push(record);
        }
        let more = intent.more + (intent.steps.len() - records.len()) as u64;
        let tells_all = intent.steps.iter().any(|step| !step.sets.is_empty());
        let body = body.filter(|_| !tells_all).map(|body| cut(body, CALL_CHARS_MAX));
        Self { method: method.to_owned(), target: cut(target, CALL_CHARS_MAX), body, before: None, records, more, unread }
    }

    /// The same, with the present answer to a GET of the same path.
    #[must_use]
    pub fn of_what_is(self, before: Option<&str>) -> Self {
        Self { before: before.map(|before| cut(before, CALL_CHARS_MAX)), ..self }
    }
}

impl Changed {
    fn bytes(&self) -> usize {
        let of = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let properties = self.properties.iter().map(|one| one.name.len() + of(&one.before) + of(&one.after) + 16);
        self.object_type.len() + of(&self.id) + properties.sum::<usize>() + 16
    }
}

fn changed(step: &Step, state: Option<&State>) -> Changed {
    let word = match (&step.id, state) {
        (None, _) => "new",
        (_, None) => "not read",
        (_, Some(Value::Null)) => "not there",
        (_, Some(_)) => "there",
    };
    let nothing = Value::Null;
    let before = state.map_or(&nothing, |state| &state["properties"]);
    let properties = if step.sets.is_empty() {
        let known: BTreeMap<&String, &Value> = before.as_object().into_iter().flatten().collect();
        let shown = known.into_iter().filter(|(name, value)| !value.is_null() && !name.starts_with("hs_"));
        shown.take(PROPERTIES_MAX).map(|(name, value)| Property { name: name.clone(), before: shown_as(value), after: None }).collect()
    } else {
        let set = |(name, value): &(String, Value)| Property {
            name: cut(name, VALUE_CHARS_MAX),
            before: shown_as(&before[name.to_ascii_lowercase().as_str()]),
            after: Some(shown_as(value).unwrap_or_default()),
        };
        step.sets.iter().take(PROPERTIES_MAX).map(set).collect()
    };
    let id = step.id.as_ref().map(|id| match &step.id_property {
        Some(property) => cut(&format!("{property} {id}"), VALUE_CHARS_MAX),
        None => cut(id, VALUE_CHARS_MAX),
    });
    Changed { object_type: cut(&step.object_type, VALUE_CHARS_MAX), id, state: word.to_owned(), properties }
}

fn shown_as(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(cut(text, VALUE_CHARS_MAX)),
        other => Some(cut(&other.to_string(), VALUE_CHARS_MAX)),
    }
}

fn cut(text: &str, most: usize) -> String {
    let shown: String = text.chars().take(most).collect();
    if shown.len() < text.len() { format!("{shown}…") } else { shown }
}
