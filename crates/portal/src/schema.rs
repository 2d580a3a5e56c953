//! The property definitions that every account starts with, from `data/properties.tsv`.
//!
//! Says what properties a type has and what they look like. Whether a value fits is `value`'s work.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use foldhash::fast::FixedState;

use crate::kind::Kind;

/// A property's name, shared by every record that has it.
pub type Name = Arc<str>;

/// What kind of value a property holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    /// Text.
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
}

impl ValueType {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Number => "number",
            Self::Bool => "bool",
            Self::Enumeration => "enumeration",
            Self::Date => "date",
            Self::DateTime => "datetime",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Text, Self::Number, Self::Bool, Self::Enumeration, Self::Date, Self::DateTime].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A choice of an enumeration.
#[derive(Clone, Debug)]
pub struct Choice {
    /// What records store.
    pub value: &'static str,
    /// What people read.
    pub label: String,
}

/// A property definition.
#[derive(Clone, Debug)]
pub struct Property {
    /// Internal name.
    pub name: Name,
    /// What people read.
    pub label: &'static str,
    /// What its values are.
    pub value_type: ValueType,
    /// The form field, such as `text` or `checkbox`.
    pub field_type: &'static str,
    /// The group it is listed in.
    pub group: &'static str,
    /// Choices of an enumeration; an empty list takes any value.
    pub choices: Vec<Choice>,
    flags: &'static str,
}

impl Property {
    /// Set by the engine or by HubSpot's own products, never by a caller.
    pub fn is_read_only(&self) -> bool {
        self.flags.contains('r')
    }

    /// Computed from other properties.
    pub fn is_calculated(&self) -> bool {
        self.flags.contains('c')
    }

    /// No two records of the type share a value.
    pub fn is_unique(&self) -> bool {
        self.flags.contains('u')
    }

    /// Holds an owner's id.
    pub fn is_owner(&self) -> bool {
        self.flags.contains('o')
    }

    fn has(&self, flag: char) -> bool {
        self.flags.contains(flag)
    }
}

/// The properties of one object type.
#[derive(Debug, Default)]
pub struct Schema {
    properties: Vec<Property>,
    by_name: HashMap<Name, usize, FixedState>,
    /// Answered when a call names no properties; in alphabetical order, as on the wire.
    pub defaults: Vec<Name>,
    /// A create without one of these is refused.
    pub required: Vec<Name>,
    /// A create without any of these is refused.
    pub any_of: Vec<Name>,
    /// Looked through by a search's `query`.
    pub searchable: Vec<Name>,
    /// `createdate`, or `hs_createdate`.
    pub created_name: Option<Name>,
    /// `lastmodifieddate` for contacts, `hs_lastmodifieddate` for all others.
    pub modified_name: Option<Name>,
}

impl Schema {
    /// The schema of a type.
    pub fn of(kind: Kind) -> &'static Self {
        &SCHEMAS[kind.index()]
    }

    /// The definition with this name; names are lower case, whatever case a caller uses.
    pub fn get(&self, name: &str) -> Option<&Property> {
        let found = self.by_name.get(name).or_else(|| self.by_name.get(name.to_ascii_lowercase().as_str()));
        found.map(|&index| &self.properties[index])
    }

    /// Every definition, by name.
    pub fn properties(&self) -> &[Property] {
        &self.properties
    }

    /// The groups, in alphabetical order.
    pub fn groups(&self) -> Vec<&'static str> {
        let mut groups: Vec<_> = self.properties.iter().map(|property| property.group).collect();
        groups.sort_unstable();
        groups.dedup();
        groups
    }

    fn add(&mut self, property: Property) {
        let name = property.name.clone();
        let lists = [('d', &mut self.defaults), ('q', &mut self.required), ('a', &mut self.any_of), ('s', &mut self.searchable)];
        for (flag, list) in lists {
            if property.has(flag) {
                list.push(name.clone());
            }
        }
        self.by_name.insert(name, self.properties.len());
        self.properties.push(property);
    }

    fn first_of(&self, names: [&str; 2]) -> Option<Name> {
        names.into_iter().find_map(|name| self.get(name)).map(|property| property.name.clone())
    }
}

static SCHEMAS: LazyLock<Vec<Schema>> = LazyLock::new(|| {
    let mut schemas: Vec<Schema> = Kind::all().map(|_| Schema::default()).collect();
    // One allocation for each name, not for each type that has it.
    let mut names: HashMap<&str, Name> = HashMap::new();
    for line in include_str!("../data/properties.tsv").lines().skip(1) {
        let mut cells = line.split('\t');
        let kind = cells.next().and_then(Kind::of).expect("a row of properties.tsv names a known object type");
        let property = row(cells, &mut names).expect("a row of properties.tsv has eight cells");
        schemas[kind.index()].add(property);
    }
    for schema in &mut schemas {
        schema.created_name = schema.first_of(["createdate", "hs_createdate"]);
        schema.modified_name = schema.first_of(["lastmodifieddate", "hs_lastmodifieddate"]);
        schema.defaults.sort_unstable();
    }
    schemas
});

fn row(mut cells: std::str::Split<'static, char>, names: &mut HashMap<&'static str, Name>) -> Option<Property> {
    let name = cells.next()?;
    Some(Property {
        name: names.entry(name).or_insert_with(|| name.into()).clone(),
        label: cells.next()?,
        value_type: ValueType::parse(cells.next()?)?,
        field_type: cells.next()?,
        group: cells.next()?,
        flags: cells.next()?,
        choices: cells.next()?.split('|').filter(|choice| *choice != "-").map(choice).collect(),
    })
}

fn choice(text: &'static str) -> Choice {
    match text.split_once('=') {
        Some((value, label)) => Choice { value, label: label.to_owned() },
        None => Choice { value: text, label: text.to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_the_common_properties_and_stands_in_alphabetical_order() {
        for kind in Kind::all() {
            let schema = Schema::of(kind);
            for name in ["hs_object_id", "hs_createdate", "hubspot_owner_id", "hs_object_source"] {
                assert!(schema.get(name).is_some(), "{} {name}", kind.name());
            }
            assert!(schema.created_name.is_some() && schema.modified_name.is_some());
            assert!(schema.properties().windows(2).all(|pair| pair[0].name < pair[1].name), "{}", kind.name());
        }
    }

    #[test]
    fn contacts_answer_the_documented_defaults() {
        let contacts = Kind::of("contacts").unwrap();
        assert_eq!(Schema::of(contacts).defaults.join(","), "createdate,email,firstname,hs_object_id,lastmodifieddate,lastname");
    }
}
