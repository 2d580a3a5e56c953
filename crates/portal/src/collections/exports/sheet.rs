//! Writes records as CSV (RFC 4180): the record id, the properties asked for, and associated records.
//!
//! Values stand as they are kept: a cell that a spreadsheet would take for a formula is not changed,
//! because whoever reads the file back must find what was written.

use keyway_core::error_body::ErrorBody;

use crate::kind::Kind;
use crate::pipelines;
use crate::property::{Property, ValueType};
use crate::record::Record;
use crate::state::State;

use super::asked::Wanted;

/// Bytes of a file at most: an account keeps its exports in memory.
const FILE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Associated records named in a row, unless all are asked for (HubSpot: 1,000).
const ASSOCIATED_MAX: usize = 1_000;

/// The file.
pub fn file(state: &State, wanted: &Wanted, records: &[&Record]) -> Result<String, ErrorBody> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let properties: Vec<&Property> = wanted.properties.iter().filter_map(|name| state.schema(wanted.kind).get(name)).collect();
    write(&mut writer, &header(state, wanted, &properties))?;
    for record in records {
        write(&mut writer, &row(state, wanted, &properties, record))?;
        // What the writer holds back is a few kilobytes.
        if writer.get_ref().len() > FILE_BYTES_MAX {
            return Err(ErrorBody::validation(format!("The export is larger than {FILE_BYTES_MAX} bytes; narrow its filters")));
        }
    }
    let bytes = writer.into_inner().map_err(|_| unwritten())?;
    String::from_utf8(bytes).map_err(|_| unwritten())
}

fn write(writer: &mut csv::Writer<Vec<u8>>, cells: &[String]) -> Result<(), ErrorBody> {
    writer.write_record(cells).map_err(|_| unwritten())
}

/// Rows have one length and are text, so this is not met.
fn unwritten() -> ErrorBody {
    ErrorBody::new(500, "INTERNAL", "the export could not be written")
}

fn header(state: &State, wanted: &Wanted, properties: &[&Property]) -> Vec<String> {
    let named = |name: &str, label: &str| if wanted.internal_names { name } else { label }.to_owned();
    let mut cells = vec![named("hs_object_id", "Record ID")];
    cells.extend(properties.iter().map(|property| named(&property.name, &property.label)));
    cells.extend(wanted.associated.iter().map(|kind| format!("Associated {} IDs", capitalised(&state.space(*kind).singular))));
    cells
}

fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn row(state: &State, wanted: &Wanted, properties: &[&Property], record: &Record) -> Vec<String> {
    let mut cells = vec![record.id.to_string()];
    cells.extend(properties.iter().map(|property| {
        let value = record.get(&property.name).unwrap_or_default();
        if wanted.internal_values { value.to_owned() } else { label(state, wanted.kind, property, value) }
    }));
    let most = if wanted.all_associated { usize::MAX } else { ASSOCIATED_MAX };
    cells.extend(wanted.associated.iter().map(|kind| {
        let ids = state.links.of((wanted.kind, record.id), *kind).map(|(id, _)| id.to_string());
        ids.take(most).collect::<Vec<_>>().join(";")
    }));
    cells
}

/// What people read for a value: the label of a stage or an option, an owner's name.
fn label(state: &State, kind: Kind, property: &Property, value: &str) -> String {
    if value.is_empty() {
        return String::new();
    }
    let told = in_pipeline(state, kind, property, value).or_else(|| owner(state, property, value));
    if let Some(told) = told {
        return told;
    }
    if property.value_type != ValueType::Enumeration {
        return value.to_owned();
    }
    let choice = |value: &str| {
        let found = property.choices.iter().find(|choice| choice.value == value);
        found.map_or_else(|| value.to_owned(), |choice| choice.label.to_string())
    };
    if property.field_type == "checkbox" { value.split(';').map(choice).collect::<Vec<_>>().join(";") } else { choice(value) }
}

fn in_pipeline(state: &State, kind: Kind, property: &Property, value: &str) -> Option<String> {
    let (pipeline, stage) = pipelines::properties_of(kind)?;
    let all = &state.space(kind).pipelines;
    if *property.name == *pipeline {
        all.iter().find(|own| own.id == value).map(|own| own.label.clone())
    } else if *property.name == *stage {
        all.iter().find_map(|own| own.stage(value)).map(|stage| stage.label.clone())
    } else {
        None
    }
}

fn owner(state: &State, property: &Property, value: &str) -> Option<String> {
    let id = value.parse::<u64>().ok().filter(|_| property.is_owner())?;
    state.owners.iter().find(|owner| owner.id == id).map(|owner| format!("{} {}", owner.first_name, owner.last_name))
}
