//! Reads and checks the request of an import before anything is stored (HubSpot's guide to imports).
//!
//! Some faults show only in the file: a missing column, or an unknown property. These are errors of the import,
//! and the request is accepted.

use keyway_core::error_body::ErrorBody;
use keyway_core::refusal::Refusal;
use keyway_objects::crm;
use keyway_objects::importing::sheet::COLUMNS_MAX;
use keyway_objects::kind::Kind;
use keyway_objects::request::{bad_field, id_text, missing_field, text};
use keyway_objects::state::State;
use serde_json::{Map, Value};

use super::cell::DateFormat;

/// Files of an import. HubSpot's guide shows two; more than a handful is a mistake.
pub const FILES_MAX: usize = 5;
const NAME_CHARS_MAX: usize = 255;
/// Steps of a value of a row, and of an association.
const VALUE_STEPS: u64 = 20;
pub const ASSOCIATION_STEPS: u64 = 60;

/// What may be done with records of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Create,
    Update,
    Upsert,
}

/// What a column's values are, beside a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// The id of a record.
    Object,
    /// A value that one record has: an e-mail address, a domain, a unique property.
    Alternate,
}

/// A column, mapped.
#[derive(Debug)]
pub struct Column {
    /// As in the file's first row.
    pub name: String,
    /// The type that its values belong to.
    pub kind: Kind,
    pub property: Option<String>,
    pub identity: Option<Identity>,
    /// The type of the records to associate, which are rows of another file. The values of this column identify
    /// them.
    pub to: Option<Kind>,
    /// The type of association that its rows are given.
    pub association: Option<u32>,
    /// Rows of another file name this file's records by it.
    pub is_key: bool,
}

/// A file, mapped.
#[derive(Debug)]
pub struct File {
    pub name: String,
    pub has_header: bool,
    /// In the order of the request; nothing for columns that are left out.
    pub columns: Vec<Option<Column>>,
}

/// An import.
#[derive(Debug)]
pub struct Plan {
    pub name: String,
    pub date_format: DateFormat,
    pub files: Vec<File>,
    operations: Vec<(Kind, Operation)>,
}

impl Plan {
    /// Reads the `importRequest`.
    pub fn read(state: &State, request: &Map<String, Value>) -> Result<Self, ErrorBody> {
        let name = text(request, "name")?.filter(|name| !name.is_empty()).ok_or_else(|| missing_field("name"))?;
        if name.chars().count() > NAME_CHARS_MAX {
            return Err(bad_field("name", &format!("has at most {NAME_CHARS_MAX} characters")));
        }
        let given = list(request, "files")?;
        if given.is_empty() || given.len() > FILES_MAX {
            return Err(bad_field("files", &format!("must hold 1 to {FILES_MAX} files")));
        }
        let files = given.iter().map(|file| File::read(state, file)).collect::<Result<Vec<_>, _>>()?;
        let names: std::collections::HashSet<&str> = files.iter().map(|file| file.name.as_str()).collect();
        if names.len() < files.len() {
            return Err(bad_field("files.fileName", "must differ from file to file"));
        }
        // Older requests have it with the file.
        let of_file = || given[0].get("dateFormat").and_then(Value::as_str);
        let date_format = DateFormat::parse(text(request, "dateFormat")?.or_else(of_file))?;
        Ok(Self { name: name.to_owned(), date_format, files, operations: operations(state, request)? })
    }

    /// What may be done with records of a type; both, unless the request says otherwise.
    pub fn operation(&self, kind: Kind) -> Operation {
        self.operations.iter().find(|(own, _)| *own == kind).map_or(Operation::Upsert, |(_, operation)| *operation)
    }

    /// The properties of all columns, each with its type.
    pub fn properties(&self) -> impl Iterator<Item = (Kind, &str)> {
        let columns = self.files.iter().flat_map(|file| file.columns.iter().flatten());
        columns.filter_map(|column| Some((column.kind, column.property.as_deref()?)))
    }

    /// The types of all columns, in the order of the request.
    pub fn kinds(&self) -> Vec<Kind> {
        let mut kinds = Vec::new();
        for kind in self.files.iter().flat_map(File::kinds) {
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        kinds
    }
}

impl File {
    fn read(state: &State, file: &Value) -> Result<Self, ErrorBody> {
        let file = file.as_object().ok_or_else(|| bad_field("files", "must be a list of objects"))?;
        let name = text(file, "fileName")?.filter(|name| !name.is_empty()).ok_or_else(|| missing_field("files.fileName"))?;
        if name.chars().count() > NAME_CHARS_MAX || name.chars().any(|c| matches!(c, '/' | '\\') || c.is_control()) {
            return Err(bad_field("files.fileName", "must be the name of a file, without a folder"));
        }
        match text(file, "fileFormat")? {
            None | Some("CSV") => {}
            Some("SPREADSHEET") => return Err(bad_field("files.fileFormat", "must be CSV: an embedded account reads no spreadsheets")),
            Some(_) => return Err(bad_field("files.fileFormat", "must be CSV or SPREADSHEET")),
        }
        let page = file.get("fileImportPage").and_then(Value::as_object).ok_or_else(|| missing_field("files.fileImportPage"))?;
        let mappings = list(page, "columnMappings")?;
        if mappings.is_empty() || mappings.len() > COLUMNS_MAX {
            return Err(bad_field("columnMappings", &format!("must hold 1 to {COLUMNS_MAX} columns")));
        }
        let columns = mappings.iter().map(|mapping| Column::read(state, mapping)).collect::<Result<Vec<_>, _>>()?;
        if columns.iter().all(Option::is_none) {
            return Err(bad_field("columnMappings", "must map a column to a property"));
        }
        Ok(Self { name: name.to_owned(), has_header: page.get("hasHeader") != Some(&Value::Bool(false)), columns })
    }

    /// Steps that a row takes: its values, and associations of the records that it makes with each other.
    pub fn steps_of_a_row(&self) -> u64 {
        let (columns, kinds) = (self.columns.iter().flatten().count() as u64, self.kinds().len() as u64);
        VALUE_STEPS * columns * kinds.div_ceil(4) + ASSOCIATION_STEPS * kinds * kinds
    }

    /// The types that a row makes records of, in the order of the columns.
    pub fn kinds(&self) -> Vec<Kind> {
        let mut kinds = Vec::new();
        for column in self.columns.iter().flatten() {
            if !kinds.contains(&column.kind) {
                kinds.push(column.kind);
            }
        }
        kinds
    }

    /// The types of association that the records of a row are given, from one type to the other.
    pub fn associations(&self, from: Kind, to: Kind) -> Vec<u32> {
        let fits = |column: &&Column| column.kind == from && column.to.is_none_or(|own| own == to);
        self.columns.iter().flatten().filter(fits).filter_map(|column| column.association).collect()
    }
}

impl Column {
    /// Nothing for a column that is left out.
    fn read(state: &State, mapping: &Value) -> Result<Option<Self>, ErrorBody> {
        let mapping = mapping.as_object().ok_or_else(|| bad_field("columnMappings", "must be a list of objects"))?;
        let name = text(mapping, "columnName")?.unwrap_or_default().trim().to_owned();
        if mapping.get("ignored") == Some(&Value::Bool(true)) {
            return Ok(None);
        }
        // Older requests name the type and the kind of identity in other fields.
        let type_id = text(mapping, "columnObjectTypeId")?.or(text(mapping, "columnObjectType")?);
        let type_id = type_id.ok_or_else(|| missing_field("columnObjectTypeId"))?;
        let kind = crm::writable(state, type_id).or_else(|refused| crm::writable(state, &type_id.to_lowercase()).map_err(|_| refused))?;
        let identity = identity(text(mapping, "columnType")?.or(text(mapping, "idColumnType")?))?;
        let property = text(mapping, "propertyName")?.filter(|name| !name.is_empty()).map(str::to_owned);
        let to = text(mapping, "toColumnObjectTypeId")?.map(|to| crm::kind(state, to)).transpose()?;
        if property.is_none() && to.is_none() && identity != Some(Identity::Object) {
            return Ok(None);
        }
        if let (Some(Identity::Alternate), Some(name)) = (identity, &property)
            && state.schema(kind).get(name).is_some_and(|own| !own.is_unique())
            && !(Kind::of("companies") == Some(kind) && name == "domain")
        {
            return Err(bad_field("columnType", &format!("can't be HUBSPOT_ALTERNATE_ID: {name} is not a unique property")));
        }
        let association = association(state, kind, to, mapping)?;
        // The guide's tables and its examples write it in these two ways.
        let is_key = ["associationIdentifierColumn", "associationIdentifiedColumn"];
        let is_key = is_key.iter().any(|field| mapping.get(*field) == Some(&Value::Bool(true)));
        Ok(Some(Self { name, kind, property, identity, to, association, is_key }))
    }
}

fn identity(name: Option<&str>) -> Result<Option<Identity>, ErrorBody> {
    match name {
        None | Some("" | "STANDARD") => Ok(None),
        Some("HUBSPOT_OBJECT_ID") => Ok(Some(Identity::Object)),
        Some("HUBSPOT_ALTERNATE_ID") => Ok(Some(Identity::Alternate)),
        Some(kept @ ("FLEXIBLE_ASSOCIATION_LABEL" | "ASSOCIATION_KEYS")) => {
            let message = format!("Columns of the type {kept} are HubSpot's, but the embedded account does not serve them");
            Err(Refusal::NotServed.error(message))
        }
        Some(_) => Err(bad_field("columnType", "must be HUBSPOT_OBJECT_ID or HUBSPOT_ALTERNATE_ID")),
    }
}

fn association(state: &State, from: Kind, to: Option<Kind>, mapping: &Map<String, Value>) -> Result<Option<u32>, ErrorBody> {
    let key = match mapping.get("foreignKeyType") {
        None | Some(Value::Null) => return Ok(None),
        Some(key) => id_text(key.get("associationTypeId")).and_then(|id| id.parse::<u32>().ok()),
    };
    let id = key.ok_or_else(|| bad_field("foreignKeyType.associationTypeId", "must be a number"))?;
    let known = |to: Kind| state.link_types.get(from, to, id).is_some();
    let fits = to.map_or_else(|| state.spaces().any(|space| known(space.kind)), known);
    if fits { Ok(Some(id)) } else { Err(bad_field("foreignKeyType", &format!("{id} is not a type of association of these types"))) }
}

fn operations(state: &State, request: &Map<String, Value>) -> Result<Vec<(Kind, Operation)>, ErrorBody> {
    let given = match request.get("importOperations") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Object(given)) => given,
        Some(_) => return Err(bad_field("importOperations", "must be an object")),
    };
    let one = |(type_id, operation): (&String, &Value)| {
        let operation = match operation.as_str() {
            Some("CREATE") => Operation::Create,
            Some("UPDATE") => Operation::Update,
            Some("UPSERT") => Operation::Upsert,
            _ => return Err(bad_field("importOperations", "must be CREATE, UPDATE or UPSERT")),
        };
        Ok((crm::kind(state, type_id)?, operation))
    };
    given.iter().map(one).collect()
}

fn list<'a>(object: &'a Map<String, Value>, field: &str) -> Result<&'a [Value], ErrorBody> {
    object.get(field).and_then(Value::as_array).map(Vec::as_slice).ok_or_else(|| bad_field(field, "must be a list"))
}
