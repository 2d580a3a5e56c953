//! Performs a part of an import, row by row. A refused row becomes an error of the import, and the other rows
//! continue.

use std::collections::HashMap;

use keyway_core::time::Timestamp;
use keyway_objects::crm::associations::within_limits;
use keyway_objects::crm::write;
use keyway_objects::importing::fault::{self, Fault};
use keyway_objects::importing::progress::{Pending, Progress};
use keyway_objects::importing::sheet::{Row, Sheet};
use keyway_objects::kind::Kind;
use keyway_objects::links::End;
use keyway_objects::record::Record;
use keyway_objects::request::Request;
use keyway_objects::state::State;
use keyway_objects::tx::Tx;
use serde_json::{Map, Value, json};

use super::cell;
use super::plan::{ASSOCIATION_STEPS, Column, File, Identity, Operation, Plan};

/// Bytes of a row that one step reads.
const BYTES_OF_A_STEP: usize = 8;

struct Run<'a, 't> {
    tx: &'a mut Tx<'t>,
    plan: &'a Plan,
    request: Request<'static>,
    progress: &'a mut Progress,
    /// Companies by domain, which the engine keeps no index of. Other calls change companies between two parts.
    domains: Option<HashMap<String, Vec<u64>>>,
}

/// Where the columns of a plan stand in a file.
type Placed<'a> = Vec<(usize, &'a Column)>;

/// Performs the next part of an import, of about `steps` steps. Returns whether the import is complete.
pub fn part(tx: &mut Tx<'_>, plan: &Plan, sheets: &[Sheet], progress: &mut Progress, (now, app_id): (Timestamp, u64), steps: u64) -> bool {
    let request = Request { source: "IMPORT", ..Request::of_program(app_id, now) };
    let mut run = Run { tx, plan, request, progress, domains: None };
    // Check all files before the first record is written.
    if run.progress.placed.is_none() {
        let placed = plan.files.iter().zip(sheets).enumerate().map(|(at, (file, sheet))| run.place(at, file, sheet)).collect();
        run.progress.placed = Some(placed);
        if !run.progress.faults.is_empty() {
            run.progress.failed = true;
            return true;
        }
    }
    let mut left = steps;
    while let Some((file, sheet)) = plan.files.get(run.progress.file).zip(sheets.get(run.progress.file)) {
        let Some(row) = sheet.rows.get(run.progress.row.max(usize::from(file.has_header))) else {
            (run.progress.file, run.progress.row) = (run.progress.file + 1, 0);
            continue;
        };
        let bytes: usize = row.cells.iter().flatten().map(String::len).sum();
        let Some(after) = left.checked_sub(file.steps_of_a_row() + (bytes / BYTES_OF_A_STEP) as u64) else {
            // A row that takes more than a part is a part of its own.
            if left < steps {
                return false;
            }
            run.next_row(file, sheet, row);
            return false;
        };
        left = after;
        run.next_row(file, sheet, row);
    }
    while run.progress.associated < run.progress.pending.len() {
        let Some(after) = left.checked_sub(ASSOCIATION_STEPS) else { return false };
        left = after;
        run.associate_next();
    }
    let written = run.progress.written.len();
    run.progress.count("UNIQUE_OBJECTS_WRITTEN", written);
    true
}

impl Run<'_, '_> {
    /// Finds the columns by their names in the first row, or by their order where there is none.
    fn place(&mut self, at: usize, file: &File, sheet: &Sheet) -> Vec<(usize, usize)> {
        let mapped = file.columns.iter().flatten().count();
        self.progress.count("MAPPED_COLUMNS", mapped);
        let header = match sheet.rows.first() {
            Some(Row { cells: Some(cells), .. }) => cells.as_slice(),
            Some(_) => {
                self.progress.note(fault::whole_file("INVALID_FILE_TYPE", format!("{} is not UTF-8", file.name), at));
                return Vec::new();
            }
            None => {
                self.progress.note(fault::whole_file("INVALID_FILE_TYPE", format!("{} is empty", file.name), at));
                return Vec::new();
            }
        };
        self.progress.count("UNMAPPED_COLUMNS", header.len().saturating_sub(mapped));
        let mut placed: Vec<(usize, usize)> = Vec::new();
        for (order, column) in file.columns.iter().enumerate() {
            let Some(column) = column else { continue };
            let is_free = |index: &usize| !placed.iter().any(|(taken, _)| taken == index);
            let named = || (0..header.len()).filter(is_free).find(|index| header[*index].trim() == column.name);
            let found = if file.has_header { named() } else { Some(order).filter(|order| *order < header.len()) };
            match found {
                Some(index) => placed.push((index, order)),
                None => {
                    let message = format!("{} has no column {:?}", file.name, column.name);
                    self.progress.note(fault::whole_file("INVALID_COLUMN_CONFIGURATION", message, at));
                }
            }
            let known = |name: &String| name == "hs_object_id" || self.tx.state.schema(column.kind).get(name).is_some();
            if let Some(name) = column.property.as_ref().filter(|name| !known(name)) {
                let message = format!("Property \"{name}\" does not exist");
                self.progress.note(fault::whole_file("PROPERTY_DEFINITION_NOT_FOUND", message, at));
            }
        }
        placed
    }

    /// Imports one row, and moves to the next.
    fn next_row(&mut self, file: &File, sheet: &Sheet, row: &Row) {
        let at = self.progress.file;
        let width = sheet.rows.first().and_then(|row| row.cells.as_ref()).map_or(0, Vec::len);
        self.progress.count("TOTAL_ROWS", 1);
        let place = |error_type: &'static str, message: String, row_cells: &[String]| Fault {
            error_type: error_type.into(),
            message,
            file: at,
            line: row.line,
            at: None,
            row: row_cells.iter().map(|cell| fault::cut(cell)).collect(),
            type_id: None,
        };
        match &row.cells {
            None => self.progress.note(place("COULD_NOT_PARSE_ROW", "the row is not UTF-8".to_owned(), &[])),
            Some(cells) if cells.len() != width => {
                let message = format!("the row has {} columns, and the first row {width}", cells.len());
                self.progress.note(place("INCORRECT_NUMBER_OF_COLUMNS", message, cells));
            }
            Some(cells) => {
                let of_file = self.progress.placed.as_ref().and_then(|placed| placed.get(at)).cloned().unwrap_or_default();
                // The request is the same at every part, so that its columns are where they were.
                let column = |order: usize| file.columns.get(order).and_then(Option::as_ref);
                let placed: Placed<'_> = of_file.into_iter().filter_map(|(index, order)| Some((index, column(order)?))).collect();
                self.row(file, cells, &placed, &|error_type, message| place(error_type, message, cells));
            }
        }
        self.progress.row = self.progress.row.max(usize::from(file.has_header)) + 1;
    }

    fn row(&mut self, file: &File, cells: &[String], placed: &Placed<'_>, place: &dyn Fn(&'static str, String) -> Fault) {
        let mut made: Vec<End> = Vec::new();
        for kind in file.kinds() {
            let own: Placed<'_> = placed.iter().filter(|(_, column)| column.kind == kind).copied().collect();
            match self.object(kind, cells, &own) {
                Ok(Some(id)) => {
                    made.push((kind, id));
                    self.keep_keys((kind, id), cells, &own, place);
                }
                Ok(None) => {}
                Err(bad) => {
                    let type_id = Some(self.tx.state.space(kind).type_id.to_string());
                    self.progress.note(Fault {
                        at: bad.at.map(|at| (at, fault::cut(&cells[at]))),
                        type_id,
                        ..place(bad.error_type, bad.message)
                    });
                }
            }
        }
        for (at, from) in made.iter().enumerate() {
            for to in &made[at + 1..] {
                let mut types = file.associations(from.0, to.0);
                let back = file.associations(to.0, from.0).into_iter().map(|id| self.tx.state.link_types.inverse(to.0, from.0, id));
                types.extend(back);
                if let Err(message) = self.associate(*from, *to, &types) {
                    self.progress.note(place("ASSOCIATION_LIMIT_EXCEEDED", message));
                }
            }
        }
    }

    /// The record of one type in a row, written. Nothing where the row has no value for it.
    fn object(&mut self, kind: Kind, cells: &[String], own: &Placed<'_>) -> Result<Option<u64>, Bad> {
        let mut given = Map::new();
        for (at, column) in own {
            let (Some(name), text) = (&column.property, cells[*at].trim()) else { continue };
            let Some(property) = self.tx.state.schema(kind).get(name).filter(|_| name != "hs_object_id" && !text.is_empty()) else {
                continue;
            };
            let value = cell::value(self.tx.state, property, self.plan.date_format, text);
            let value = value.map_err(|(error_type, message)| Bad { error_type, message, at: Some(*at) })?;
            given.insert(name.clone(), json!(value));
        }
        let found = self.find(kind, cells, own)?;
        let names_none = own.iter().all(|(at, _)| cells[*at].trim().is_empty());
        if names_none {
            return Ok(None);
        }
        match (self.plan.operation(kind), found) {
            (Operation::Create, Some(id)) => {
                return Err(bad("CREATE_ONLY_IMPORT", format!("the import only creates, and record {id} is there")));
            }
            (Operation::Update, None) => {
                return Err(bad("UPDATE_ONLY_IMPORT", "the import only updates, and there is no such record".to_owned()));
            }
            _ => {}
        }
        if given.is_empty() && found.is_some() {
            return Ok(found);
        }
        self.put(kind, found, &given, own).map(Some)
    }

    /// Which record a row means: by id, by a unique value, or by a company's domain.
    fn find(&mut self, kind: Kind, cells: &[String], own: &Placed<'_>) -> Result<Option<u64>, Bad> {
        for (at, column) in own {
            let text = cells[*at].trim();
            let name = column.property.as_deref();
            if text.is_empty() {
                continue;
            }
            if column.identity == Some(Identity::Object) || name == Some("hs_object_id") {
                let id = text.parse().ok().filter(|id| self.tx.state.table(kind).live(*id).is_some());
                let none = || Bad { error_type: "INVALID_OBJECT_ID", message: format!("there is no record {text}"), at: Some(*at) };
                return id.ok_or_else(none).map(Some);
            }
            // An e-mail address says who a contact is, whatever the mapping says.
            let is_email = Kind::of("contacts") == Some(kind) && name == Some("email");
            if column.identity != Some(Identity::Alternate) && !is_email {
                continue;
            }
            let found = match name {
                Some("domain") if Kind::of("companies") == Some(kind) => self.by_domain(text, *at)?,
                Some(name) => self.tx.state.table(kind).holder(name, text),
                None => None,
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    fn by_domain(&mut self, domain: &str, at: usize) -> Result<Option<u64>, Bad> {
        let Some(companies) = Kind::of("companies") else { return Ok(None) };
        let state = &*self.tx.state;
        let domains = self.domains.get_or_insert_with(|| domains(state, companies));
        match domains.get(&domain.to_lowercase()).map_or(&[][..], Vec::as_slice) {
            [] => Ok(None),
            [id] => Ok(Some(*id)),
            _ => Err(Bad {
                error_type: "MULTIPLE_COMPANIES_WITH_THIS_DOMAIN",
                message: format!("several companies have {domain}"),
                at: Some(at),
            }),
        }
    }

    /// Keeps the index of domains true, with a record that is about to be written.
    fn note_domain(&mut self, found: Option<u64>, record: &Record) {
        let Some(companies) = Kind::of("companies") else { return };
        let before = found.and_then(|id| self.tx.state.table(companies).live(id)?.get("domain"));
        let (Some(domains), after) = (&mut self.domains, record.get("domain")) else { return };
        if before == after {
            return;
        }
        if let Some(ids) = before.and_then(|before| domains.get_mut(&before.to_lowercase())) {
            ids.retain(|id| *id != record.id);
        }
        if let Some(after) = after {
            domains.entry(after.to_lowercase()).or_default().push(record.id);
        }
    }

    /// Writes a record as a call of the API would.
    fn put(&mut self, kind: Kind, found: Option<u64>, given: &Map<String, Value>, own: &Placed<'_>) -> Result<u64, Bad> {
        let refused = |refused: keyway_core::error_body::ErrorBody| {
            let (error_type, property) = fault::refusal(&refused);
            let column = own.iter().find(|(_, column)| property.is_some() && column.property.as_deref() == property);
            let message = refused.errors.first().map_or_else(|| refused.message.clone(), |detail| detail.message.clone());
            Bad { error_type, message, at: column.map(|(at, _)| *at) }
        };
        let mut body = Map::new();
        body.insert("properties".to_owned(), Value::Object(given.clone()));
        let current = found.and_then(|id| self.tx.state.table(kind).live(id));
        let values = write::properties(&self.request, self.tx.state, kind, &body, current).map_err(refused)?;
        let record = match current {
            Some(current) => write::changed_record(&self.request, self.tx.state.schema(kind), current, &values)
                .map_err(|exceeded| refused(exceeded.into()))?,
            None => {
                let id = self.tx.take_id(kind);
                write::new_record(&self.request, self.tx.state.schema(kind), id, &values).map_err(|exceeded| refused(exceeded.into()))?
            }
        };
        write::refuse_duplicate(self.tx.state, kind, &record).map_err(refused)?;
        let id = record.id;
        if Kind::of("companies") == Some(kind) {
            self.note_domain(found, &record);
        }
        self.progress.count(if found.is_some() { "UPDATED_OBJECTS" } else { "CREATED_OBJECTS" }, 1);
        self.progress.count("PROPERTY_VALUES_EMITTED", given.len());
        self.progress.wrote((kind, id));
        write::put(&self.request, self.tx, kind, record, &values, Vec::new());
        Ok(id)
    }

    /// Remembers by what other files name a record, and what records of other files it names.
    fn keep_keys(&mut self, from: End, cells: &[String], own: &Placed<'_>, place: &dyn Fn(&'static str, String) -> Fault) {
        for (at, column) in own {
            let key = cells[*at].trim().to_lowercase();
            if key.is_empty() {
                continue;
            }
            if column.is_key {
                self.progress.knows(column.kind, key.clone(), from.1);
            }
            if let (Some(to), None) = (column.to, &column.property) {
                let message = format!("no record of the import goes by {}", fault::cut(&cells[*at]));
                let place = place("NO_OBJECT_ID_FROM_ASSOCIATION_IDENTIFIER", message);
                let place = Fault { at: Some((*at, fault::cut(&cells[*at]))), ..place };
                self.progress.pending.push(Pending { from, to, key, association: column.association, place });
            }
        }
    }

    fn associate_next(&mut self) {
        let Pending { from, to, key, association, place } = self.progress.pending[self.progress.associated].clone();
        self.progress.associated += 1;
        let found = self.progress.keys.get(&(to, key)).copied();
        // Another call may have archived either since.
        let live = |(kind, id): End| self.tx.state.has(kind) && self.tx.state.table(kind).live(id).is_some();
        let Some(id) = found.filter(|id| live(from) && live((to, *id))) else { return self.progress.note(place) };
        let types: Vec<u32> = association.into_iter().collect();
        if let Err(message) = self.associate(from, (to, id), &types) {
            self.progress.note(Fault { error_type: "ASSOCIATION_LIMIT_EXCEEDED".into(), message, at: None, ..place });
        }
    }

    fn associate(&mut self, from: End, to: End, types: &[u32]) -> Result<(), String> {
        let mut all = self.tx.state.links.between(from, to).to_vec();
        let is_new = all.is_empty();
        all.extend(types.iter().filter(|id| !self.tx.state.links.between(from, to).contains(id)));
        within_limits(self.tx.state, from, to, &all).map_err(|refused| refused.message)?;
        self.tx.link(from, to, &all);
        self.progress.count("ASSOCIATIONS_CREATED", usize::from(is_new));
        Ok(())
    }
}

/// Why a row makes no record of a type, and in which column that shows.
struct Bad {
    error_type: &'static str,
    message: String,
    at: Option<usize>,
}

fn bad(error_type: &'static str, message: String) -> Bad {
    Bad { error_type, message, at: None }
}

fn domains(state: &State, companies: Kind) -> HashMap<String, Vec<u64>> {
    let mut domains: HashMap<String, Vec<u64>> = HashMap::new();
    for record in state.table(companies).range(0, false) {
        if let Some(domain) = record.get("domain") {
            domains.entry(domain.to_lowercase()).or_default().push(record.id);
        }
    }
    domains
}
