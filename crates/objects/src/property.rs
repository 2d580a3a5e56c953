//! A property definition, and the form in which the store keeps it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use keyway_core::sensitive::Sensitivity;
use keyway_core::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A property's name, shared by every record that has it.
pub type Name = Arc<str>;

/// Text of a definition: HubSpot's own is part of the program, an account's is its own.
pub type Text = Cow<'static, str>;

/// What kind of value a property holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ValueType {
    /// Text.
    #[serde(rename = "string")]
    Text,
    /// A number.
    Number,
    /// `true` or `false`.
    Bool,
    /// One of the options, or several separated by `;` in a checkbox.
    Enumeration,
    /// A day.
    Date,
    /// A moment.
    DateTime,
    /// JSON, kept as text.
    Json,
    /// A reference to another record, kept as text.
    #[serde(rename = "object_coordinates")]
    ObjectCoordinates,
    /// A telephone number, kept as text.
    #[serde(rename = "phone_number")]
    PhoneNumber,
}

impl ValueType {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Text,
        Self::Number,
        Self::Bool,
        Self::Enumeration,
        Self::Date,
        Self::DateTime,
        Self::Json,
        Self::ObjectCoordinates,
        Self::PhoneNumber,
    ];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Number => "number",
            Self::Bool => "bool",
            Self::Enumeration => "enumeration",
            Self::Date => "date",
            Self::DateTime => "datetime",
            Self::Json => "json",
            Self::ObjectCoordinates => "object_coordinates",
            Self::PhoneNumber => "phone_number",
        }
    }

    /// Reads the name on the wire.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A choice of an enumeration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// What records store.
    pub value: Text,
    /// What people read.
    pub label: Text,
    /// What it means.
    pub description: Text,
    /// Its place; -1 is last.
    pub display_order: i64,
    /// Not offered in forms.
    pub hidden: bool,
}

/// Something that is so of a property, or is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// Set by the engine or by HubSpot's own products, never by a caller.
    ReadOnly = 1,
    /// Computed from other properties.
    Calculated = 2,
    /// No two records of the type share a value.
    Unique = 4,
    /// Holds an owner's id.
    Owner = 8,
    /// Shown when a call names no properties.
    Default = 16,
    /// A create must have it.
    Required = 32,
    /// A create must have one of these.
    AnyOf = 64,
    /// Looked through by a search's `query`.
    Searchable = 128,
    /// Made by the account.
    Own = 256,
    /// Not shown in HubSpot.
    Hidden = 512,
    /// Offered in forms.
    FormField = 1024,
    /// Calculated of one stage; read by its name, and not listed.
    OfStage = 2048,
}

const LETTERS: [(char, Flag); 8] = [
    ('r', Flag::ReadOnly),
    ('c', Flag::Calculated),
    ('u', Flag::Unique),
    ('o', Flag::Owner),
    ('d', Flag::Default),
    ('q', Flag::Required),
    ('a', Flag::AnyOf),
    ('s', Flag::Searchable),
];

/// A rule of a property.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// One of `rules::TYPES`.
    pub rule_type: String,
    /// What the rule compares with.
    pub arguments: Vec<String>,
    /// Whether values are brought to a normal form first; kept, and answered.
    pub normalises: bool,
}

/// A property definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Property {
    /// Internal name.
    #[serde(with = "name")]
    pub name: Name,
    /// What people read.
    pub label: Text,
    /// What it is for.
    pub description: Text,
    /// What its values are.
    pub value_type: ValueType,
    /// The form field, such as `text` or `checkbox`.
    pub field_type: Text,
    /// The group it is listed in.
    pub group: Text,
    /// Choices of an enumeration; an empty list takes any value.
    pub choices: Vec<Choice>,
    /// Its place in the group; -1 is last.
    pub display_order: i64,
    /// Other fields of the definition, returned unchanged: display hints, currency, formula.
    pub extra: serde_json::Map<String, serde_json::Value>,
    /// What its values must satisfy beside their type.
    pub rules: Vec<Rule>,
    /// When it was made; nothing for HubSpot's own.
    pub created_at: Option<Timestamp>,
    /// When it was changed.
    pub updated_at: Option<Timestamp>,
    /// When it was archived, if it is.
    pub archived_at: Option<Timestamp>,
    /// What else is so of it; see [`Flag`].
    pub(crate) flags: u16,
}

impl Property {
    /// A definition of the account's own.
    pub fn new(name: &str, label: &str, value_type: ValueType, field_type: &str) -> Self {
        Self {
            name: name.into(),
            label: label.to_owned().into(),
            description: "".into(),
            value_type,
            field_type: field_type.to_owned().into(),
            group: "".into(),
            choices: Vec::new(),
            display_order: -1,
            extra: serde_json::Map::new(),
            rules: Vec::new(),
            created_at: None,
            updated_at: None,
            archived_at: None,
            flags: 0,
        }
    }

    /// Reads the cells of a row of `data/properties.tsv` that follow the type.
    pub(crate) fn from_row(mut cells: std::str::Split<'static, char>, names: &mut HashMap<&'static str, Name>) -> Option<Self> {
        let name = cells.next()?;
        let (label, value_type, field_type, group) = (cells.next()?, ValueType::parse(cells.next()?)?, cells.next()?, cells.next()?);
        let letters = cells.next()?;
        let choices = cells.next()?.split('|').filter(|choice| *choice != "-").enumerate().map(|(at, text)| choice(at, text)).collect();
        let mut property = Self { choices, group: group.into(), ..Self::new("", "", value_type, "") };
        (property.label, property.field_type) = (label.into(), field_type.into());
        property.name = names.entry(name).or_insert_with(|| name.into()).clone();
        for (letter, flag) in LETTERS {
            property.set(flag, letters.contains(letter));
        }
        property.set(Flag::FormField, !property.is_read_only());
        Some(property)
    }

    /// Whether a flag is set.
    pub(crate) const fn has(&self, flag: Flag) -> bool {
        self.flags & flag as u16 != 0
    }

    /// Sets or clears a flag.
    pub(crate) fn set(&mut self, flag: Flag, on: bool) {
        self.flags = if on { self.flags | flag as u16 } else { self.flags & !(flag as u16) };
    }

    /// Set by the engine or by HubSpot's own products, never by a caller.
    pub const fn is_read_only(&self) -> bool {
        self.has(Flag::ReadOnly)
    }

    /// Computed from other properties.
    pub const fn is_calculated(&self) -> bool {
        self.has(Flag::Calculated)
    }

    /// No two records of the type share a value.
    pub const fn is_unique(&self) -> bool {
        self.has(Flag::Unique)
    }

    /// Holds an owner's id.
    pub const fn is_owner(&self) -> bool {
        self.has(Flag::Owner)
    }

    /// How sensitive its values are; none where they are not.
    pub(crate) fn sensitivity(&self) -> Option<Sensitivity> {
        self.extra.get("dataSensitivity").and_then(serde_json::Value::as_str).and_then(Sensitivity::parse)
    }

    /// Made by the account, not by HubSpot.
    pub(crate) const fn is_own(&self) -> bool {
        self.has(Flag::Own)
    }
}

fn choice(at: usize, text: &'static str) -> Choice {
    let (value, label) = text.split_once('=').unwrap_or((text, text));
    Choice { value: value.into(), label: label.into(), description: "".into(), display_order: at as i64, hidden: false }
}

/// What properties are listed under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Internal name.
    pub name: String,
    /// What people read.
    pub label: String,
    /// Its place; -1 is last.
    pub display_order: i64,
    /// Made by the account, not by HubSpot.
    pub own: bool,
    /// Archived by the account.
    pub archived: bool,
}

impl Group {
    /// A group of HubSpot's own.
    pub(crate) fn standard(name: String) -> Self {
        Self { label: name.clone(), name, display_order: -1, own: false, archived: false }
    }
}

/// Names are stored as text.
mod name {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(name: &super::Name, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(name)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<super::Name, D::Error> {
        String::deserialize(deserializer).map(Into::into)
    }
}
