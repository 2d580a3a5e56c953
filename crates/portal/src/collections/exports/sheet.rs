//! Writes records as CSV (RFC 4180): the record id, the properties asked for, and associated records.
//!
//! A cell holds the value as the account keeps it. Keyway does not escape a cell that a spreadsheet would take
//! for a formula: whoever reads the file again must find the value that was written.

use std::borrow::Cow;
use std::collections::HashMap;

use foldhash::fast::RandomState;
use keyway_core::error_body::ErrorBody;
use keyway_core::refusal::Refusal;
use keyway_objects::derived;
use keyway_objects::invalid;
use keyway_objects::kind::Kind;
use keyway_objects::pipelines;
use keyway_objects::property::{Name, Property, ValueType};
use keyway_objects::record::Record;
use keyway_objects::state::{Owner, State};
use keyway_objects::work::{Exceeded, Work};

use super::asked::Wanted;

/// Bytes of a file at most: an account keeps its exports in memory.
const FILE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Associated records named in a row, unless all are asked for (HubSpot: 1,000).
const ASSOCIATED_MAX: usize = 1_000;
/// Cells of one part of a file: the account is held for about a millisecond.
const PART_CELLS: usize = 8_000;
/// Bytes of a value that take as long as a cell.
const CELL_BYTES: usize = 256;

/// A file that is written in parts.
pub struct File {
    columns: Vec<Column>,
    writer: csv::Writer<Vec<u8>>,
    /// The records that are left to write, the next one last.
    left: Vec<u64>,
    /// Records that are written.
    pub rows: usize,
}

impl File {
    /// The header of a file with these records, by id.
    pub fn new(state: &State, wanted: &Wanted, records: Vec<u64>, work: &Work) -> Result<Self, ErrorBody> {
        let columns = wanted.properties.iter().filter_map(|name| Column::of(state, wanted, name, work).transpose());
        let columns: Vec<Column> = columns.collect::<Result<_, _>>()?;
        let mut writer = csv::Writer::from_writer(Vec::new());
        write(&mut writer, &header(state, wanted, &columns))?;
        Ok(Self { columns, writer, left: records.into_iter().rev().collect(), rows: 0 })
    }

    /// Writes the next part. Returns whether the file is complete. A record that is gone by now has no row.
    pub fn part(&mut self, state: &State, wanted: &Wanted, work: &Work) -> Result<bool, ErrorBody> {
        let mut cells_left = PART_CELLS;
        while let Some(id) = self.left.pop() {
            let Some(record) = state.table(wanted.kind).live(id) else { continue };
            let cells = row(state, wanted, &self.columns, record, work)?;
            write(&mut self.writer, &cells)?;
            self.rows += 1;
            // What the writer holds back is a few kilobytes.
            if self.writer.get_ref().len() > FILE_BYTES_MAX {
                return Err(invalid::export_too_large(FILE_BYTES_MAX));
            }
            cells_left = cells_left.saturating_sub(cells.iter().map(|cell| 1 + cell.len() / CELL_BYTES).sum());
            if cells_left == 0 {
                break;
            }
        }
        Ok(self.left.is_empty())
    }

    /// The text of a complete file.
    pub fn into_text(self) -> Result<String, ErrorBody> {
        let bytes = self.writer.into_inner().map_err(|_| unwritten())?;
        String::from_utf8(bytes).map_err(|_| unwritten())
    }
}

fn write(writer: &mut csv::Writer<Vec<u8>>, cells: &[String]) -> Result<(), ErrorBody> {
    writer.write_record(cells).map_err(|_| unwritten())
}

/// Rows have one length and are text, so this is not met.
fn unwritten() -> ErrorBody {
    Refusal::Internal.error("the export could not be written")
}

fn header(state: &State, wanted: &Wanted, columns: &[Column]) -> Vec<String> {
    let named = |name: &str, label: &str| if wanted.internal_names { name } else { label }.to_owned();
    let mut cells = vec![named("hs_object_id", "Record ID")];
    cells.extend(columns.iter().map(|column| named(&column.name, &column.label)));
    cells.extend(wanted.associated.iter().map(|kind| format!("Associated {} IDs", capitalised(&state.space(*kind).singular))));
    cells
}

fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn row(state: &State, wanted: &Wanted, columns: &[Column], record: &Record, work: &Work) -> Result<Vec<String>, Exceeded> {
    let mut cells = vec![record.id.to_string()];
    for column in columns {
        let value = derived::value(state, wanted.kind, record, &column.name).unwrap_or_default();
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

/// A property as it was when the export began, and what people read for its values: the labels of stages and options,
/// owners' names.
struct Column {
    name: Name,
    label: String,
    is_checkbox: bool,
    labels: HashMap<String, String, RandomState>,
}

impl Column {
    fn of(state: &State, wanted: &Wanted, name: &str, work: &Work) -> Result<Option<Self>, Exceeded> {
        let Some(property) = state.schema(wanted.kind).get(name) else { return Ok(None) };
        let mut labels = HashMap::default();
        if !wanted.internal_values {
            let mut add = |found: Labels<'_>| {
                work.each(found.len(), 2)?;
                labels.extend(found.into_iter().map(|(value, label)| (value.into_owned(), label.into_owned())));
                Ok(())
            };
            // A later entry overwrites an earlier one: a stage has priority over an option of the same value.
            if property.value_type == ValueType::Enumeration {
                add(property.choices.iter().rev().map(|choice| (choice.value.as_ref().into(), choice.label.as_ref().into())).collect())?;
            }
            add(owners(state, property))?;
            add(in_pipelines(state, wanted.kind, property))?;
        }
        let is_checkbox = property.field_type == "checkbox";
        Ok(Some(Self { name: property.name.clone(), label: property.label.to_string(), is_checkbox, labels }))
    }

    fn cell(&self, value: &str) -> String {
        let one = |value: &str| self.labels.get(value).map_or(value, String::as_str).to_owned();
        if self.is_checkbox && !self.labels.contains_key(value) {
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
    let label = |owner: &'a Owner| (owner.id.to_string().into(), owner.name().into());
    if property.is_owner() { state.owners.iter().map(label).collect() } else { Vec::new() }
}
