//! The properties that a call names, and how it uses them.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{Sensitivity, Use};
use crate::catalog::{Method, Operation};
use crate::object_type;
use crate::path::NormalPath;
use crate::touched::decoded;

/// The owner of the properties that an operation names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject<'a> {
    /// The type with this name.
    Type(Cow<'a, str>),
    /// The types that its query and body name (see `beside`).
    Named,
    /// A type that only the account knows: a list's.
    Unknown,
}

/// How an operation uses properties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Records: the call requests values.
    Records,
    /// Filters, exports, subscriptions: the answer depends on the values.
    Filters,
    /// Values to write, also in lists of pairs.
    Values,
    /// Definitions of properties.
    Definitions,
}

/// Whether an operation can name properties, so that the gateway needs to know which ones are sensitive.
pub fn may_be_asked_for(operation: &Operation) -> bool {
    form(operation).is_some()
}

/// The owners of the properties that a call of an operation names.
pub fn subjects<'a>(operation: &Operation, path: &'a NormalPath) -> Vec<Subject<'a>> {
    let segments: Vec<&'static str> = operation.template[1..].split('/').collect();
    let at = |at: usize| Subject::Type(path.segments().nth(at).unwrap_or_default().into());
    // A version may be between the family and the type.
    let is_type = |segment: &str| (segment.starts_with('{') && segment.contains("bjectType")) || object_type::row_of(segment).is_some();
    let behind = |name: &str| {
        let family = segments.iter().position(|segment| *segment == name)?;
        segments.iter().skip(family + 1).position(|segment| is_type(segment)).map(|place| family + 1 + place)
    };
    match segments[0] {
        "crm" | "crm-objects" if segments.contains(&"lists") => vec![Subject::Named, Subject::Unknown],
        "crm" | "crm-objects" if segments.contains(&"objects") => behind("objects").map(at).into_iter().collect(),
        "crm" if segments.contains(&"properties") => behind("properties").map(at).into_iter().collect(),
        "properties" => vec![at(2)],
        "contacts" | "companies" | "deals" => vec![Subject::Type(segments[0].into())],
        _ => vec![Subject::Named],
    }
}

fn form(operation: &Operation) -> Option<Form> {
    let mut segments = operation.template[1..].split('/');
    let first = segments.next()?;
    let has = |name: &str| operation.template[1..].split('/').any(|segment| segment == name);
    let writes = !operation.read_only;
    Some(match first {
        "crm" if has("imports") => Form::Values,
        "crm" if has("lists") || has("exports") => Form::Filters,
        "crm" | "crm-objects" if has("objects") => Form::Records,
        "crm" if has("properties") && writes => Form::Definitions,
        "properties" if writes => Form::Definitions,
        "contacts" | "companies" | "deals" if has("properties") && writes => Form::Definitions,
        "contacts" if has("lists") && writes => Form::Filters,
        "contacts" | "companies" | "deals" if writes => Form::Values,
        "contacts" | "companies" | "deals" => Form::Records,
        "events" | "webhooks" | "app-webhooks" | "webhooks-journal" => Form::Filters,
        _ => return None,
    })
}

/// Calls `found` for every property that a call names.
pub(super) fn names(operation: &Operation, path: &NormalPath, query: Option<&str>, body: &[u8], found: &mut dyn FnMut(&str, Use)) {
    let Some(form) = form(operation) else { return };
    if form == Form::Definitions {
        let named = operation.template[1..].split('/').zip(path.segments());
        named.filter(|(segment, _)| *segment == "{propertyName}").for_each(|(_, name)| found(&decoded(name), Use::Written));
    }
    for pair in query.unwrap_or_default().split('&') {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (key, value) = (decoded(key), decoded(value));
        let key = key.split('[').next().unwrap_or_default();
        let is = |names: &[&str]| names.iter().any(|name| key.eq_ignore_ascii_case(name));
        let used = if is(&SHOWN) && form == Form::Records {
            Use::Shown
        } else if is(&SHOWN) || is(&ASKED) {
            Use::Asked
        } else {
            // Events of a record that the value of a property names.
            if let Some(name) = key
                .get(..OBJECT_PROPERTY.len())
                .filter(|start| start.eq_ignore_ascii_case(OBJECT_PROPERTY))
                .and(key.get(OBJECT_PROPERTY.len()..))
            {
                found(name, Use::Asked);
            }
            continue;
        };
        value.split([',', ';', '+', ' ']).for_each(|name| name_of(name, used, found));
    }
    if operation.method != Method::Get && !body.is_empty() {
        let mut json = serde_json::Deserializer::from_slice(body);
        let writes = !operation.read_only;
        let mut reading = Reading { form, writes, found, levels: None };
        // The backend refuses a body that can't be parsed.
        let _ = At { reading: &mut reading, key: Key::Other }.deserialize(&mut json);
    }
}

/// The levels of sensitivity of the properties that a body defines.
pub fn defined_levels(operation: &Operation, body: &[u8]) -> Vec<Sensitivity> {
    let mut levels = Vec::new();
    if form(operation) == Some(Form::Definitions) && !operation.read_only {
        let mut json = serde_json::Deserializer::from_slice(body);
        let mut reading = Reading { form: Form::Definitions, writes: true, found: &mut |_, _| {}, levels: Some(&mut levels) };
        // The backend refuses a body that can't be parsed.
        let _ = At { reading: &mut reading, key: Key::Other }.deserialize(&mut json);
    }
    levels
}

/// Parameters and fields that request values.
const SHOWN: [&str; 4] = ["properties", "propertiesWithHistory", "property", "propertyNames"];
/// Parameters and fields whose properties find or sort records.
const ASKED: [&str; 9] =
    ["propertyName", "idProperty", "sort", "sorts", "objectProperties", "propertyWithObjectId", "order", "orderBy", "uniquePropertyName"];
/// The prefix of a property's name, in queries for events.
const OBJECT_PROPERTY: &str = "objectProperty.";

fn name_of(text: &str, used: Use, found: &mut dyn FnMut(&str, Use)) {
    let name = text.trim().trim_start_matches(['-', '+']);
    if !name.is_empty() {
        found(name, used);
    }
}

struct Reading<'f> {
    form: Form,
    writes: bool,
    found: &'f mut dyn FnMut(&str, Use),
    /// Receives the levels of definitions.
    levels: Option<&'f mut Vec<Sensitivity>>,
}

/// The key of a value; lists do not change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    /// `properties`: names in a list, or as keys.
    Properties,
    /// Names whose values the answer shows.
    Shown,
    /// Names whose values decide which records the answer shows.
    Asked,
    /// `name`, of a definition or of a value.
    Name,
    /// `dataSensitivity`, of a definition.
    Level,
    Other,
}

impl Key {
    fn of(key: &str) -> Self {
        let is = |names: &[&str]| names.iter().any(|name| key.eq_ignore_ascii_case(name));
        if is(&["properties"]) {
            Self::Properties
        } else if is(&["propertiesWithHistory", "propertyNames"]) {
            Self::Shown
        } else if is(&ASKED) || is(&["property"]) {
            Self::Asked
        } else if is(&["name"]) {
            Self::Name
        } else if is(&["dataSensitivity"]) {
            Self::Level
        } else {
            Self::Other
        }
    }
}

impl Reading<'_> {
    fn key(&mut self, within: Key, key: &str) -> Key {
        if within == Key::Properties && matches!(self.form, Form::Records | Form::Values) {
            (self.found)(key, if self.writes { Use::Written } else { Use::Asked });
        }
        Key::of(key)
    }

    fn text(&mut self, key: Key, text: &str) {
        let used = match (self.form, key) {
            (_, Key::Level) => {
                if let (Some(levels), Some(level)) = (&mut self.levels, Sensitivity::parse(&text.to_ascii_lowercase())) {
                    levels.push(level);
                }
                return;
            }
            (_, Key::Other) => return,
            (Form::Values | Form::Definitions, Key::Name) => Use::Written,
            (_, Key::Name) => return,
            (Form::Records, Key::Properties | Key::Shown) if !self.writes => Use::Shown,
            (Form::Values, Key::Asked) => Use::Written,
            _ => Use::Asked,
        };
        name_of(text, used, self.found);
    }
}

struct At<'r, 'f> {
    reading: &'r mut Reading<'f>,
    key: Key,
}

impl<'de> DeserializeSeed<'de> for At<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for At<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            let key = self.reading.key(self.key, &key);
            map.next_value_seed(At { reading: self.reading, key })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(At { reading: self.reading, key: self.key })?.is_some() {}
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.reading.text(self.key, text);
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}
