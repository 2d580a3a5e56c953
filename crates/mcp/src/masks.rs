//! Which properties an app's agents see: a table of properties, each shown, masked or left out.
//!
//! The file is the operator's. Its rules come before the built-in ones, those of an app before those for all, and of
//! two rules the one with more letters.

use std::collections::{BTreeMap, HashSet};

use keyway_core::object_type;
use serde::Deserialize;
use serde_json::Value;

use crate::marks::Marked;

/// Replaces a value.
const MASKED: &str = "(masked)";
/// Shortest value that is looked for elsewhere in an answer, in bytes: shorter ones are met by chance.
const FOUND_AGAIN_MIN: usize = 6;

/// Masked without a line in the file: secrets, and numbers that name a person to an authority or a bank.
const BUILT_IN: [&str; 13] = [
    "*password*",
    "*passwd*",
    "*secret*",
    "*api_key*",
    "*access_token*",
    "*social_security*",
    "ssn",
    "*_ssn",
    "*passport_number*",
    "*credit_card*",
    "*card_number*",
    "*iban",
    "date_of_birth",
];

/// What becomes of a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Treatment {
    /// It is shown.
    Allow,
    /// Its place is shown, and not its value.
    Mask,
    /// It is left out.
    Drop,
}

/// The table.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Masks {
    /// For every app.
    #[serde(default)]
    default: BTreeMap<String, Treatment>,
    /// For an app, by its name or its id.
    #[serde(default)]
    app: BTreeMap<String, BTreeMap<String, Treatment>>,
}

/// The file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum MasksError {
    /// It is not TOML of this form.
    #[error("{0}")]
    Form(String),
    /// A pattern is not one.
    #[error("\"{0}\" is not a property: write contacts.email, *.email or *.*_number")]
    Pattern(String),
}

impl Masks {
    /// Reads the file.
    ///
    /// # Errors
    /// It can't be used; the text says where.
    pub fn parse(text: &str) -> Result<Self, MasksError> {
        let masks: Self = toml::from_str(text).map_err(|error| MasksError::Form(error.to_string()))?;
        let all = masks.default.keys().chain(masks.app.values().flat_map(BTreeMap::keys));
        for pattern in all {
            let parts = pattern.split_once('.').filter(|(object, property)| {
                let is_word =
                    |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-*".contains(&byte));
                is_word(object) && is_word(property) && (*object == "*" || object_type::row_of(object).is_some())
            });
            parts.ok_or_else(|| MasksError::Pattern(pattern.clone()))?;
        }
        Ok(masks)
    }

    /// Those of one app.
    pub fn of(&self, app_id: u64, app_name: Option<&str>) -> AppMasks {
        let own = [self.app.get(&app_id.to_string()), app_name.and_then(|name| self.app.get(name))];
        let own = own.into_iter().flatten().flat_map(|table| rules(table, 2));
        let mut all: Vec<Rule> = own.chain(rules(&self.default, 1)).collect();
        all.extend(BUILT_IN.iter().map(|property| Rule {
            rank: 0,
            object: "*".into(),
            property: (*property).to_owned(),
            treatment: Treatment::Mask,
        }));
        all.sort_by_key(|rule| std::cmp::Reverse((rule.rank, rule.object.len() + rule.property.len())));
        AppMasks { rules: all, marked: Marked::new() }
    }
}

fn rules(table: &BTreeMap<String, Treatment>, rank: u8) -> impl Iterator<Item = Rule> {
    table.iter().filter_map(move |(pattern, treatment)| {
        let (object, property) = pattern.split_once('.')?;
        let object = if object == "*" { object.to_owned() } else { type_name(object) };
        Some(Rule { rank, object, property: property.to_ascii_lowercase(), treatment: *treatment })
    })
}

/// The name of a type however it is written; custom types stay as they are.
fn type_name(written: &str) -> String {
    object_type::name_of(written).map_or_else(|| written.to_owned(), |name| name.into_owned())
}

#[derive(Clone, Debug)]
struct Rule {
    rank: u8,
    object: String,
    property: String,
    treatment: Treatment,
}

/// The rules of one app, the first that matches counts; and what HubSpot marks as sensitive.
#[derive(Clone, Debug)]
pub struct AppMasks {
    rules: Vec<Rule>,
    marked: Marked,
}

impl AppMasks {
    /// The same, where the account marks these properties as sensitive: they are masked, unless a rule names them.
    #[must_use]
    pub fn marked(self, marked: Marked) -> Self {
        Self { marked, ..self }
    }

    /// What becomes of a property. Of no known object type, the strictest of the rules that any type has.
    pub fn treatment(&self, object: Option<&str>, property: &str) -> Treatment {
        let property = property.to_ascii_lowercase();
        let matching = |object: &str| {
            let of_type = |rule: &&Rule| rule.object == "*" || rule.object == object;
            let rule = self.rules.iter().filter(of_type).find(|rule| matches(&rule.property, &property));
            let is_marked = || self.marked.get(object).is_some_and(|names| names.contains(&property));
            match rule {
                Some(rule) => rule.treatment,
                None if is_marked() => Treatment::Mask,
                None => Treatment::Allow,
            }
        };
        match object {
            Some(object) => matching(&type_name(object)),
            None => {
                let types = self.rules.iter().map(|rule| rule.object.as_str()).chain(self.marked.keys().map(String::as_str));
                types.map(matching).max().unwrap_or(Treatment::Allow)
            }
        }
    }

    /// Masks an object type's properties in an answer of the API, and their values everywhere else in it.
    pub fn apply(&self, object: Option<&str>, value: &mut Value) {
        let mut hidden = HashSet::new();
        self.walk(object, value, &mut hidden);
        hidden.retain(|text| text.len() >= FOUND_AGAIN_MIN);
        if !hidden.is_empty() {
            replace(value, &hidden);
        }
    }

    fn walk(&self, object: Option<&str>, value: &mut Value, hidden: &mut HashSet<String>) {
        match value {
            Value::Array(all) => all.iter_mut().for_each(|one| self.walk(object, one, hidden)),
            Value::Object(members) => {
                let named = ["name", "property", "propertyName"].iter().find_map(|name| members.get(*name).and_then(Value::as_str));
                if named.is_some_and(|name| self.treatment(object, name) != Treatment::Allow) {
                    for name in ["value", "values", "newValue", "oldValue", "previousValue", "propertyValue"] {
                        if let Some(value) = members.get_mut(name) {
                            hide(value, hidden);
                        }
                    }
                }
                for (name, inside) in members.iter_mut() {
                    if matches!(name.as_str(), "properties" | "propertiesWithHistory" | "oldProperties" | "newProperties") {
                        self.properties(object, inside, hidden);
                    }
                    self.walk(object, inside, hidden);
                }
            }
            _ => {}
        }
    }

    fn properties(&self, object: Option<&str>, value: &mut Value, hidden: &mut HashSet<String>) {
        let Value::Object(properties) = value else { return };
        for (name, value) in properties.iter_mut() {
            if self.treatment(object, name) != Treatment::Allow {
                hide(value, hidden);
            }
        }
        properties.retain(|name, _| self.treatment(object, name) != Treatment::Drop);
    }
}

/// Takes the value away, and notes its texts.
fn hide(value: &mut Value, hidden: &mut HashSet<String>) {
    texts(value, hidden);
    if !value.is_null() {
        *value = MASKED.into();
    }
}

fn texts(value: &Value, into: &mut HashSet<String>) {
    match value {
        Value::String(text) => {
            into.insert(text.clone());
        }
        Value::Number(number) => {
            into.insert(number.to_string());
        }
        Value::Array(all) => all.iter().for_each(|one| texts(one, into)),
        Value::Object(members) => members.values().for_each(|one| texts(one, into)),
        _ => {}
    }
}

fn replace(value: &mut Value, hidden: &HashSet<String>) {
    match value {
        Value::String(text) if hidden.iter().any(|one| text.contains(one.as_str())) => {
            *text = hidden.iter().fold(std::mem::take(text), |text, one| text.replace(one.as_str(), MASKED));
        }
        Value::String(text) if hidden.iter().any(|one| is_same_number(one, text)) => MASKED.clone_into(text),
        Value::Array(all) => all.iter_mut().for_each(|one| replace(one, hidden)),
        Value::Object(members) => members.values_mut().for_each(|one| replace(one, hidden)),
        _ => {}
    }
}

/// Whether two texts are one telephone number: HubSpot derives properties that hold a number in other forms, without its
/// country code too.
fn is_same_number(one: &str, other: &str) -> bool {
    const DIGITS_MIN: usize = 7;
    let digits = |text: &str| -> Option<String> {
        let is_number = text.chars().all(|one| one.is_ascii_digit() || " +-().".contains(one));
        is_number.then(|| text.chars().filter(char::is_ascii_digit).collect::<String>()).filter(|digits| digits.len() >= DIGITS_MIN)
    };
    let (Some(one), Some(other)) = (digits(one), digits(other)) else { return false };
    one.ends_with(&other) || other.ends_with(&one)
}

/// Whether a name matches a pattern, in which `*` matches any letters.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = name.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut last = None;
    for part in parts {
        if let Some(middle) = last.replace(part) {
            let middle: &str = middle;
            match rest.find(middle) {
                Some(at) => rest = &rest[at + middle.len()..],
                None => return false,
            }
        }
    }
    last.map_or(rest.is_empty(), |end| rest.ends_with(end))
}

#[cfg(test)]
mod tests;
