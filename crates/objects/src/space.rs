//! One object type in one account: its names, properties, pipelines and records.
//!
//! Standard types begin the same in every account; an account's changes are its own.

use std::sync::Arc;

use keyway_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::kind::Kind;
use crate::pipelines::{self, Pipeline};
use crate::property::Property;
use crate::record::Record;
use crate::schema::Schema;
use crate::stages::{self, stage_property};
use crate::table::Table;

/// What a custom type was defined with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomType {
    /// Internal name, such as `boat`.
    pub name: String,
    /// What people read of one.
    pub singular: String,
    /// What people read of several.
    pub plural: String,
    /// What it is for.
    pub description: String,
    /// The property that names a record.
    pub primary_display: Option<String>,
    /// Further properties shown with it.
    pub secondary_display: Vec<String>,
    /// Properties that a search's `query` looks through.
    pub searchable: Vec<String>,
    /// Properties that a create must have.
    pub required: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
    /// The app that made it.
    pub app_id: u64,
    /// Archived: no longer to be used, but its name is taken.
    pub archived: bool,
}

/// One object type in one account.
#[derive(Debug)]
pub struct Space {
    /// The object type, by which the state finds the space.
    pub kind: Kind,
    /// The name in answers: `contacts`, `p42_boat`.
    pub name: Arc<str>,
    /// The singular name: `contact`, `boat`.
    pub singular: Arc<str>,
    /// The type id on the wire. Types without a published one go by their name.
    pub type_id: Arc<str>,
    /// Its properties.
    pub schema: Arc<Schema>,
    /// Its pipelines, archived ones included.
    pub pipelines: Arc<Vec<Pipeline>>,
    /// Its records.
    pub table: Table,
    /// What a custom type was defined with.
    pub custom: Option<CustomType>,
}

impl Space {
    /// A standard type as every account has it at first.
    pub fn standard(kind: Kind) -> Self {
        let row = kind.row();
        let (name, singular) = row.map_or(("", ""), |row| (row.name, row.singular));
        Self {
            kind,
            name: name.into(),
            singular: singular.into(),
            type_id: row.and_then(|row| row.type_id).unwrap_or(name).into(),
            schema: Schema::of(kind),
            pipelines: pipelines::defaults(kind),
            table: Table::default(),
            custom: None,
        }
    }

    /// A custom type without records.
    pub fn custom(kind: Kind, hub_id: u64, definition: CustomType) -> Self {
        Self {
            kind,
            name: format!("p{hub_id}_{}", definition.name).into(),
            singular: definition.name.as_str().into(),
            type_id: kind.to_string().into(),
            schema: Schema::of(kind),
            pipelines: pipelines::defaults(kind),
            table: Table::default(),
            custom: Some(definition),
        }
    }

    /// Whether the API can write records of this type.
    pub fn is_writable(&self) -> bool {
        self.kind.row().is_none_or(|row| !row.write.is_empty())
    }

    /// The pipelines in use.
    pub fn live_pipelines(&self) -> impl Iterator<Item = &Pipeline> {
        self.pipelines.iter().filter(|pipeline| pipeline.archived_at.is_none())
    }

    /// A pipeline in use.
    pub fn pipeline(&self, id: &str) -> Option<&Pipeline> {
        self.live_pipelines().find(|pipeline| pipeline.id == id)
    }

    /// The singular in capitals, as HubSpot's messages have it: `CONTACT`.
    pub fn shouted(&self) -> String {
        self.singular.to_uppercase()
    }

    /// Puts a record in the place of the one with its id.
    pub(crate) fn put_record(&mut self, record: Record) {
        self.table.put(&self.schema, record);
    }

    /// Puts a definition in the place of the one with its name.
    pub(crate) fn put_property(&mut self, property: Property) {
        let before = self.schema.unique.clone();
        Arc::make_mut(&mut self.schema).put(property);
        self.set_lists();
        if before != self.schema.unique && !self.table.is_empty() {
            self.table.reindex(&self.schema);
        }
    }

    /// Puts a pipeline in the place of the one with its id.
    pub(crate) fn put_pipeline(&mut self, pipeline: Pipeline) {
        let stage = stage_property(self.kind).and_then(|name| self.schema.find(name));
        let of_stages = stages::definitions(stage, std::slice::from_ref(&pipeline));
        if of_stages.iter().any(|property| self.schema.find(&property.name).is_none()) {
            Arc::make_mut(&mut self.schema).put_missing(of_stages);
            self.set_lists();
        }
        let pipelines = Arc::make_mut(&mut self.pipelines);
        match pipelines.iter_mut().find(|own| own.id == pipeline.id) {
            Some(own) => *own = pipeline,
            None => pipelines.push(pipeline),
        }
        pipelines.sort_by_key(|pipeline| pipeline.display_order);
    }

    /// Sets what the definition of a custom type says of its properties.
    pub(crate) fn set_lists(&mut self) {
        let Some(definition) = &self.custom else { return };
        let schema = Arc::make_mut(&mut self.schema);
        let known = |names: &[String]| names.iter().filter_map(|name| schema.get(name)).map(|property| property.name.clone()).collect();
        let (required, searchable) = (known(&definition.required), known(&definition.searchable));
        (schema.required, schema.searchable) = (required, searchable);
    }
}
