//! The properties of one object type in one account: HubSpot's own, and those that the account defined.
//!
//! `property` has the form of a definition, and `value` checks whether a value is valid.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use keyway_core::sensitive::Sensitivity;

use crate::kind::Kind;
use crate::pipelines;
use crate::property::{Flag, Group, Name, Property, ValueType};
use crate::stages::{self, stage_property};

/// The properties of one object type.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    properties: BTreeMap<Name, Property>,
    /// By name.
    pub groups: BTreeMap<String, Group>,
    /// Answered when a call names no properties; in alphabetical order, as on the wire.
    pub defaults: Vec<Name>,
    /// A create without one of these is refused.
    pub required: Vec<Name>,
    /// A create without any of these is refused.
    pub any_of: Vec<Name>,
    /// Looked through by a search's `query`.
    pub searchable: Vec<Name>,
    /// No two live records share a value of one of these.
    pub unique: Vec<Name>,
    /// Those whose values need a scope of their own; archived ones too, as their values stay.
    pub sensitive: Vec<(Name, Sensitivity)>,
    /// `createdate`, or `hs_createdate`.
    pub created_name: Option<Name>,
    /// `lastmodifieddate` for contacts, `hs_lastmodifieddate` for all others.
    pub modified_name: Option<Name>,
}

impl Schema {
    /// What every account has of a standard type at first; for a custom type, what every type has.
    pub fn of(kind: Kind) -> Arc<Self> {
        DEFAULTS.of_kind.get(kind.index()).unwrap_or(&DEFAULTS.custom).clone()
    }

    /// The live definition with this name; names are lower case, whatever case a caller uses.
    pub fn get(&self, name: &str) -> Option<&Property> {
        self.find(name).filter(|property| property.archived_at.is_none())
    }

    /// The definition with this name, archived or not.
    pub fn find(&self, name: &str) -> Option<&Property> {
        self.properties.get(name).or_else(|| self.properties.get(name.to_ascii_lowercase().as_str()))
    }

    /// Every live definition, by name.
    pub fn properties(&self) -> impl Iterator<Item = &Property> {
        self.properties.values().filter(|property| property.archived_at.is_none())
    }

    /// Every definition, archived ones too.
    pub fn all(&self) -> impl Iterator<Item = &Property> {
        self.properties.values()
    }

    /// Adds a definition, or takes the place of the one with its name.
    pub fn put(&mut self, property: Property) {
        self.properties.insert(property.name.clone(), property);
        self.sort_out();
    }

    /// Adds definitions that the type does not have yet.
    pub fn put_missing(&mut self, properties: Vec<Property>) {
        for property in properties {
            self.properties.entry(property.name.clone()).or_insert(property);
        }
        self.sort_out();
    }

    fn sort_out(&mut self) {
        let with = |flag| self.properties().filter(|property| property.has(flag)).map(|property| property.name.clone()).collect();
        let (defaults, required, any_of) = (with(Flag::Default), with(Flag::Required), with(Flag::AnyOf));
        let (searchable, unique) = (with(Flag::Searchable), with(Flag::Unique));
        let level = |property: &Property| property.sensitivity().map(|level| (property.name.clone(), level));
        let sensitive = self.properties.values().filter_map(level).collect();
        let first = |names: [&str; 2]| names.into_iter().find_map(|name| self.get(name)).map(|property| property.name.clone());
        let (created_name, modified_name) = (first(["createdate", "hs_createdate"]), first(["lastmodifieddate", "hs_lastmodifieddate"]));
        (self.created_name, self.modified_name) = (created_name, modified_name);
        self.sensitive = sensitive;
        (self.defaults, self.required, self.any_of, self.searchable, self.unique) = (defaults, required, any_of, searchable, unique);
    }

    fn fill_groups(&mut self) {
        let names: std::collections::BTreeSet<String> = self.properties.values().map(|property| property.group.to_string()).collect();
        self.groups = names.into_iter().map(|name| (name.clone(), Group::standard(name))).collect();
    }
}

struct Defaults {
    of_kind: Vec<Arc<Schema>>,
    custom: Arc<Schema>,
}

static DEFAULTS: LazyLock<Defaults> = LazyLock::new(|| {
    let mut schemas: Vec<Schema> = Kind::standard().map(|_| Schema::default()).collect();
    // One allocation for each name, not for each type that has it.
    let mut names: HashMap<&str, Name> = HashMap::new();
    for line in include_str!("../data/properties.tsv").lines().skip(1) {
        let mut cells = line.split('\t');
        let kind = cells.next().and_then(Kind::of).expect("a row of properties.tsv names a known object type");
        let property = Property::from_row(cells, &mut names).expect("a row of properties.tsv has eight cells");
        schemas[kind.index()].properties.insert(property.name.clone(), property);
    }
    let mut custom = common(&schemas);
    for (kind, schema) in Kind::standard().zip(&mut schemas) {
        let of_stages = stages::definitions(stage_property(kind).and_then(|name| schema.find(name)), &pipelines::defaults(kind));
        schema.put_missing(of_stages);
    }
    for schema in schemas.iter_mut().chain([&mut custom]) {
        schema.sort_out();
        schema.fill_groups();
    }
    Defaults { of_kind: schemas.into_iter().map(Arc::new).collect(), custom: Arc::new(custom) }
});

/// What every standard type has, and what moves a custom one through a pipeline.
fn common(schemas: &[Schema]) -> Schema {
    let everywhere = |name: &Name| schemas.iter().all(|schema| schema.properties.contains_key(name));
    let mut common = Schema::default();
    for property in schemas.iter().flat_map(|schema| schema.properties.values()).filter(|property| everywhere(&property.name)) {
        common
            .properties
            .entry(property.name.clone())
            .or_insert_with(|| Property { group: "custom_information".into(), ..property.clone() });
    }
    for (name, label) in [("hs_pipeline", "Pipeline"), ("hs_pipeline_stage", "Pipeline stage")] {
        let property = Property { group: "custom_information".into(), ..Property::new(name, label, ValueType::Enumeration, "select") };
        common.properties.insert(property.name.clone(), property);
    }
    // Contacts alone have another name for it.
    let modified = schemas.iter().find_map(|schema| schema.properties.get("hs_lastmodifieddate"));
    if let Some(modified) = modified {
        let property = Property { group: "custom_information".into(), ..modified.clone() };
        common.properties.insert(property.name.clone(), property);
    }
    common
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_the_common_properties() {
        for kind in Kind::standard().chain(Kind::custom(0)) {
            let schema = Schema::of(kind);
            for name in ["hs_object_id", "hs_createdate", "hubspot_owner_id", "hs_object_source"] {
                assert!(schema.get(name).is_some(), "{kind} {name}");
            }
            assert!(schema.created_name.is_some() && schema.modified_name.is_some());
        }
    }

    #[test]
    fn contacts_answer_the_documented_defaults() {
        let contacts = Kind::of("contacts").unwrap();
        assert_eq!(Schema::of(contacts).defaults.join(","), "createdate,email,firstname,hs_object_id,lastmodifieddate,lastname");
    }

    #[test]
    fn an_archived_definition_is_found_but_not_in_use() {
        let mut schema = Schema::clone(&Schema::of(Kind::of("contacts").unwrap()));
        let mut city = schema.get("city").unwrap().clone();
        city.archived_at = Some(keyway_core::time::Timestamp::from_ms(0));
        schema.put(city);
        assert!(schema.get("city").is_none() && schema.find("city").is_some());
    }
}
