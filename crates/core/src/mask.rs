//! Masking makes calls and records of an account safe to share. It replaces ids, names, addresses, texts and tokens. Under
//! one key, the same value always gets the same replacement, so references between records stay valid.
//!
//! A table of rules (`rules`, `data/anonymise.tsv`) lists what stays, and how other values are replaced. A value that no rule
//! knows is replaced by one of the same form; it never stays. `replace` makes the replacements, `text` chooses one for a
//! text, `http` masks paths, queries, URLs and headers. There is no randomness here: the caller passes the key.

mod http;
mod replace;
pub mod rules;
mod text;

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Number, Value};

use replace::Keyed;
use rules::{Action, Place, Rules};

/// Members beside a value that name the value's property.
const NAMES_OF_PROPERTY: [&str; 2] = ["propertyName", "property"];

/// Names that HubSpot itself defines, and that so identify nobody.
#[derive(Clone, Debug, Default)]
pub struct Vocabulary {
    /// The properties that HubSpot defines, by name.
    pub properties: HashMap<String, KnownProperty>,
    /// Other words of HubSpot: values and labels of options, labels and groups of properties, pipelines and stages.
    pub words: HashSet<String>,
}

/// A property that HubSpot defines.
#[derive(Clone, Debug, Default)]
pub struct KnownProperty {
    /// Its type on the wire, such as `enumeration`.
    pub value_type: String,
    /// The values of its options.
    pub options: HashSet<String>,
}

/// Masks values under one key.
///
/// ```
/// use keyway_core::mask::{Masker, Vocabulary, rules::{Action, Rules}};
///
/// let masker = Masker::new([7; 32], Rules::built_in(), Vocabulary::default());
/// let masked = masker.text(Action::Email, "ada@acme.example");
/// assert!(masked.ends_with(".example.com") && masked != "ada@acme.example");
/// assert_eq!(masked, masker.property("email", "Ada@ACME.example"));
/// ```
#[derive(Clone)]
pub struct Masker {
    keyed: Keyed,
    rules: Rules,
    vocabulary: Vocabulary,
}

impl std::fmt::Debug for Masker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Masker(…)")
    }
}

impl Masker {
    /// A masker. The key is 32 random bytes. Whoever has the key can find values by trying, so never write it to a file.
    pub const fn new(key: [u8; 32], rules: Rules, vocabulary: Vocabulary) -> Self {
        Self { keyed: Keyed::new(key), rules, vocabulary }
    }

    /// The rules by which it masks.
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The JSON of a call or an answer, with each member masked by the rule of its key.
    pub fn json(&self, value: &Value) -> Value {
        self.value(value, Action::Shape, None)
    }

    /// The property values of a record: a JSON object of values by property name.
    pub fn record(&self, properties: &Map<String, Value>) -> Map<String, Value> {
        properties.iter().map(|(name, value)| (self.property_name(name), self.of_property(name, value))).collect()
    }

    fn value(&self, value: &Value, action: Action, of: Option<&str>) -> Value {
        match value {
            Value::Null | Value::Bool(_) => value.clone(),
            Value::Number(number) => self.number(number, action, of),
            Value::String(text) => match (action, of) {
                (Action::FilterValue, Some(name)) => self.property(name, text).into(),
                (Action::FilterValue, None) => self.text(Action::Word, text).into(),
                (Action::Properties, _) => self.property_name(text).into(),
                _ => self.text(action, text).into(),
            },
            Value::Array(items) => items.iter().map(|item| self.value(item, action, of)).collect(),
            Value::Object(object) if action == Action::Properties => Value::Object(self.record(object)),
            Value::Object(object) => Value::Object(self.members(object, of)),
        }
    }

    fn members(&self, object: &Map<String, Value>, of: Option<&str>) -> Map<String, Value> {
        let beside = NAMES_OF_PROPERTY.iter().find_map(|key| object.get(*key)?.as_str());
        let mut masked = Map::new();
        for (key, value) in object {
            match self.rules.action(Place::Key, key) {
                Some(Action::Drop) => {}
                // Lists of definitions are also called `properties`; their items have names of their own.
                Some(Action::Properties) if value.as_array().is_some_and(|items| items.iter().any(Value::is_object)) => {
                    masked.insert(key.clone(), self.value(value, Action::Shape, None));
                }
                Some(action) => {
                    masked.insert(key.clone(), self.value(value, action, beside.or(of)));
                }
                None => {
                    masked.insert(self.key(key), self.value(value, Action::Shape, of));
                }
            }
        }
        masked
    }

    /// A member that no rule names: the account may have chosen its name.
    fn key(&self, key: &str) -> String {
        if text::is_object_type(key) || self.names_property(key) {
            return key.to_owned();
        }
        let account = key.strip_prefix('p').and_then(|rest| rest.split_once('_'));
        match account {
            Some((account, _)) if !account.is_empty() && account.bytes().all(|byte| byte.is_ascii_digit()) => {
                self.text(Action::ObjectType, key)
            }
            _ => self.keyed.name(key),
        }
    }

    fn of_property(&self, name: &str, value: &Value) -> Value {
        match value {
            Value::String(text) => self.property(name, text).into(),
            Value::Number(number) => self.number(number, Action::FilterValue, Some(name)),
            // Histories, and the values of the oldest APIs, which are inside of objects.
            Value::Array(items) => items.iter().map(|item| self.of_property(name, item)).collect(),
            Value::Object(object) => Value::Object(self.members(object, Some(name))),
            Value::Null | Value::Bool(_) => value.clone(),
        }
    }

    fn number(&self, number: &Number, action: Action, of: Option<&str>) -> Value {
        let text = number.to_string();
        let masked = match (action, of) {
            (Action::Keep, _) => text,
            (Action::FilterValue, Some(name)) => self.property(name, &text),
            (Action::AssociationType | Action::Date | Action::Number, _) => self.text(action, &text),
            _ => self.shape(&text),
        };
        // A text that no longer parses as a number has too many digits to be HubSpot's.
        masked.parse::<Number>().map_or_else(|_| Value::from(0), Value::Number)
    }

    /// JSON inside of a text: its keys are unknown.
    fn strictly(&self, value: &Value) -> Value {
        match value {
            Value::Null | Value::Bool(_) => value.clone(),
            Value::Number(number) => self.number(number, Action::Shape, None),
            Value::String(text) => self.shape(text).into(),
            Value::Array(items) => items.iter().map(|item| self.strictly(item)).collect(),
            Value::Object(object) => object.iter().map(|(key, value)| (self.keyed.name(key), self.strictly(value))).collect(),
        }
    }
}

#[cfg(test)]
mod tests;
