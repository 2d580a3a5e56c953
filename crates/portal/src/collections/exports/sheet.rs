//! Writes records as CSV (RFC 4180): the record id, the properties asked for, and associated records.
//!
//! A cell holds the value as the account keeps it. Keyway does not escape a cell that a spreadsheet would take
//! for a formula: whoever reads the file again must find the value that was written.

use std::borrow::Cow;
use std::collections::HashMap;

use foldhash::fast::RandomState;
use keyway_core::error_body::ErrorBody;
use keyway_core::refusal::Refusal;

use crate::derived;
use crate::kind::Kind;
use crate::pipelines;
use crate::property::{Property, ValueType};
use crate::record::Record;
use crate::state::{Owner, State};
use crate::work::{Exceeded, Work};

use super::asked::Wanted;

/// Bytes of a file at most: an account keeps its exports in memory.
const FILE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Associated records named in a row, unless all are asked for (HubSpot: 1,000).
const ASSOCIATED_MAX: usize = 1_000;

/// The file.
pub fn file(state: &State, wanted: &Wanted, records: &[&Record], work: &Work) -> Result<String, ErrorBody> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let columns: Vec<Column<'_>> =
        wanted.properties.iter().filter_map(|name| Column::of(state, wanted, name, work).transpose()).collect::<Result<_, _>>()?;
    write(&mut writer, &header(state, wanted, &columns))?;
    for record in records {
        write(&mut writer, &row(state, wanted, &columns, record, work)?)?;
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
    Refusal::Internal.error("the export could not be written")
}

fn header(state: &State, wanted: &Wanted, columns: &[Column<'_>]) -> Vec<String> {
    let named = |name: &str, label: &str| if wanted.internal_names { name } else { label }.to_owned();
    let mut cells = vec![named("hs_object_id", "Record ID")];
    cells.extend(columns.iter().map(|column| named(&column.property.name, &column.property.label)));
    cells.extend(wanted.associated.iter().map(|kind| format!("Associated {} IDs", capitalised(&state.space(*kind).singular))));
    cells
}

fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn row(state: &State, wanted: &Wanted, columns: &[Column<'_>], record: &Record, work: &Work) -> Result<Vec<String>, Exceeded> {
    let mut cells = vec![record.id.to_string()];
    for column in columns {
        let value = derived::value(state, wanted.kind, record, &column.property.name).unwrap_or_default();
        work.write(value.len())?;
        cells.push(column.cell(&value));
    }
    let most = if wanted.all_associated { usize::MAX } else { ASSOCIATED_MAX };
    for kind in &wanted.associated {
        let mut ids = Vec::new();
        for (id, _) in state.links.of((wanted.kind, record.id), *kind).take(most) {
            work.charge(2)?;
            ids.push(id.to_string());
        }
        work.charge(1)?;
        cells.push(ids.join(";"));
    }
    Ok(cells)
}

/// A property, and what people read for its values: the labels of stages and options, owners' names.
struct Column<'a> {
    property: &'a Property,
    labels: HashMap<Cow<'a, str>, Cow<'a, str>, RandomState>,
}

impl<'a> Column<'a> {
    fn of(state: &'a State, wanted: &Wanted, name: &str, work: &Work) -> Result<Option<Self>, Exceeded> {
        let Some(property) = state.schema(wanted.kind).get(name) else { return Ok(None) };
        let mut labels = HashMap::default();
        if !wanted.internal_values {
            // A later entry overwrites an earlier one: a stage has priority over an option of the same value.
            if property.value_type == ValueType::Enumeration {
                work.each(property.choices.len(), 2)?;
                labels.extend(property.choices.iter().rev().map(|choice| (choice.value.as_ref().into(), choice.label.as_ref().into())));
            }
            labels.extend(owners(state, property));
            labels.extend(in_pipelines(state, wanted.kind, property));
            work.each(labels.len(), 2)?;
        }
        Ok(Some(Self { property, labels }))
    }

    fn cell(&self, value: &str) -> String {
        let one = |value: &str| self.labels.get(value).map_or(value, |label| label.as_ref()).to_owned();
        if self.property.field_type == "checkbox" && !self.labels.contains_key(value) {
            return value.split(';').map(one).collect::<Vec<_>>().join(";");
        }
        one(value)
    }
}

type Labels<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

fn in_pipelines<'a>(state: &'a State, kind: Kind, property: &Property) -> Labels<'a> {
    let Some((pipeline, stage)) = pipelines::properties_of(kind) else { return Vec::new() };
    let all = state.space(kind).pipelines.iter().rev();
    if *property.name == *pipeline {
        all.map(|own| (own.id.as_str().into(), own.label.as_str().into())).collect()
    } else if *property.name == *stage {
        all.flat_map(|own| own.stages.iter().rev()).map(|stage| (stage.id.as_str().into(), stage.label.as_str().into())).collect()
    } else {
        Vec::new()
    }
}

fn owners<'a>(state: &'a State, property: &Property) -> Labels<'a> {
    let label = |owner: &'a Owner| (owner.id.to_string().into(), format!("{} {}", owner.first_name, owner.last_name).into());
    if property.is_owner() { state.owners.iter().map(label).collect() } else { Vec::new() }
}
