//! Imports: rows of CSV files as records, through the engine that calls of the API go through.
//!
//! An import waits until the next call, whatever that is, and is done before it is answered; so a
//! cancel that comes next finds nothing done. Looks at it tell `STARTED`, `PROCESSING`, `DONE` in
//! turn (docs/decisions/0026-imports-and-exports.md).

mod cell;
mod fault;
mod plan;
mod run;
mod sheet;

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use keyway_core::beside::Access;
use keyway_core::error_body::ErrorBody;
use serde_json::{Map, Value, json};

use super::multipart::{Part, parts};
use super::store::Place;
use super::{Answer, Asked, Item, missing, page, reply};
use crate::Call;
use crate::request::{bad_field, needs};
use crate::route::is_version;
use crate::state::{State, Tx};

use plan::Plan;
use run::Outcome;
use sheet::{CELLS_MAX, Sheet};

/// Imports that an account remembers; the oldest goes for the newest.
const IMPORTS_MAX: usize = 50;

/// What is told of imports.
static IMPORTS: LazyLock<Place> = LazyLock::new(|| Place::new("imports", &[]));
/// The files of imports that are not done.
static WAITING: LazyLock<Place> = LazyLock::new(|| Place::new("imports-waiting", &[]));
/// What was wrong, by import.
static ERRORS: LazyLock<Place> = LazyLock::new(|| Place::new("imports-errors", &[]));

pub fn answer(asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    Some(match (asked.method(), rest) {
        ("GET", []) => list(asked, tx),
        ("POST", []) => start(asked, tx),
        ("GET", [id]) => show(asked, id, tx),
        ("POST", [id, "cancel"]) => cancel(asked, id, tx),
        ("GET", [id, "errors"]) => errors(asked, id, tx),
        _ => return None,
    })
}

/// Whether an import is put off until the next call.
pub fn is_waiting(state: &State) -> bool {
    state.items.count(&WAITING) > 0
}

/// Does what was put off, before a call is answered; not before its own cancel.
pub fn perform_waiting(call: &Call, tx: &mut Tx<'_>) {
    let waiting: Vec<(String, Item)> = tx.state.items.of(&WAITING).map(|(id, item)| (id.to_owned(), item.clone())).collect();
    for (id, kept) in waiting.into_iter().filter(|(id, _)| !is_cancel(call, id)) {
        tx.remove_item(&WAITING, &id);
        let Some(mut item) = tx.state.items.get(&IMPORTS, &id).cloned() else { continue };
        let outcome = perform(call, &kept, &item, tx);
        item.value["state"] = if outcome.failed { "FAILED" } else { "PROCESSING" }.into();
        item.value["metadata"]["counters"] = json!(outcome.counters);
        item.value["updatedAt"] = call.now.to_iso().into();
        let found: Vec<Value> = outcome.faults.iter().enumerate().map(|(at, fault)| fault.shown(&id, at, call.now)).collect();
        tx.put_item(&ERRORS, &id, Item::new(json!(found)));
        tx.put_item(&IMPORTS, &id, item);
    }
}

fn is_cancel(call: &Call, id: &str) -> bool {
    let segments: Vec<&str> = call.path.segments().filter(|segment| !is_version(segment)).collect();
    call.method == http::Method::POST && segments == ["crm", "imports", id, "cancel"]
}

/// The plan held when the import was taken; what it names may be gone since.
fn perform(call: &Call, kept: &Item, item: &Item, tx: &mut Tx<'_>) -> Outcome {
    let request = item.value["importRequestJson"].as_object();
    let plan = request.ok_or_else(|| ErrorBody::validation("the request is gone")).and_then(|request| Plan::read(tx.state, request));
    let files = kept.value["files"].as_array().into_iter().flatten();
    let files = files.map(|file| file.as_str().and_then(|text| BASE64.decode(text).ok()).unwrap_or_default());
    let mut cells_left = CELLS_MAX;
    let sheets: Result<Vec<Sheet>, ErrorBody> = files.map(|bytes| Sheet::read(&bytes, &mut cells_left)).collect();
    match plan.and_then(|plan| Ok((plan, sheets?))) {
        Ok((plan, sheets)) => run::perform(tx, &plan, &sheets, call.now, kept.value["appId"].as_u64().unwrap_or_default()),
        Err(refused) => Outcome::not_begun(refused.message),
    }
}

/// Looks at everything but the rows' values; the import has begun then.
fn start(asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
    let sent = parts(&asked.call.body).ok_or_else(|| ErrorBody::validation("the body is not multipart/form-data"))?;
    let request = request_of(&sent)?;
    let plan = Plan::read(tx.state, &request)?;
    plan.kinds().into_iter().try_for_each(|kind| needs(asked.call.by.as_ref(), kind, Access::Write))?;
    let by = asked.call.by.as_ref();
    plan.properties().try_for_each(|(kind, name)| crate::sensitive::needs(by, tx.state, kind, name, Access::Write))?;
    let (mut files, mut cells_left) = (Vec::new(), CELLS_MAX);
    for file in &plan.files {
        let bytes = file_of(&sent, &file.name)?;
        let sheet = Sheet::read(bytes, &mut cells_left)?;
        // What it takes to perform it is known now, and is refused now: once it has begun, it is done whole.
        let rows = sheet.rows.len();
        tx.work.each(rows, file.steps_of_a_row())?;
        tx.work.write(bytes.len())?;
        files.push(BASE64.encode(bytes));
    }
    let id = tx.state.items.next_number(&IMPORTS).to_string();
    let file_ids: Vec<String> = (0..files.len()).map(|at| fault::file_id(&id, at).to_string()).collect();
    let kinds: Vec<&str> = plan.kinds().into_iter().map(|kind| &*tx.state.space(kind).type_id).collect();
    let value = json!({
        "id": id, "state": "STARTED", "createdAt": asked.now(), "updatedAt": asked.now(), "importName": plan.name, "importSource": "API",
        "optOutImport": false, "mappedObjectTypeIds": kinds, "importRequestJson": request,
        "metadata": { "counters": {}, "fileIds": file_ids, "objectLists": [] },
    });
    forget_oldest(tx);
    tx.put_item(&WAITING, &id, Item::new(json!({ "files": files, "appId": asked.call.app_id })));
    tx.put_item(&IMPORTS, &id, Item::new(value.clone()));
    Ok(reply(200, value))
}

fn request_of(sent: &[Part<'_>]) -> Result<Map<String, Value>, ErrorBody> {
    let part = sent.iter().find(|part| part.name == "importRequest").ok_or_else(|| bad_field("importRequest", "is required"))?;
    match serde_json::from_slice(part.bytes) {
        Ok(Value::Object(request)) => Ok(request),
        _ => Err(bad_field("importRequest", "must be a JSON object")),
    }
}

fn file_of<'a>(sent: &'a [Part<'_>], name: &str) -> Result<&'a [u8], ErrorBody> {
    let mut named = sent.iter().filter(|part| part.name == "files" && part.file_name.as_deref() == Some(name));
    match (named.next(), named.next()) {
        (Some(part), None) => Ok(part.bytes),
        (None, _) => Err(bad_field("files", &format!("must hold the file {name:?} that importRequest names"))),
        (Some(_), Some(_)) => Err(bad_field("files", &format!("holds {name:?} twice"))),
    }
}

fn forget_oldest(tx: &mut Tx<'_>) {
    let kept: Vec<String> = tx.state.items.of(&IMPORTS).map(|(id, _)| id.to_owned()).collect();
    for id in kept.iter().take((kept.len() + 1).saturating_sub(IMPORTS_MAX)) {
        tx.remove_item(&IMPORTS, id);
        tx.remove_item(&ERRORS, id);
    }
}

fn kept(id: &str, tx: &Tx<'_>) -> Result<Item, ErrorBody> {
    tx.state.items.get(&IMPORTS, id).cloned().ok_or_else(|| missing(id))
}

fn list(asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
    let all: Vec<(String, Item)> = tx.state.items.of(&IMPORTS).map(|(id, item)| (id.to_owned(), item.clone())).collect();
    let answer = page(asked, all.iter().map(|(_, item)| &item.value).collect(), false)?;
    for (id, item) in all {
        step(&id, item, tx);
    }
    Ok(answer)
}

fn show(_: &Asked<'_>, id: &str, tx: &mut Tx<'_>) -> Answer {
    let item = kept(id, tx)?;
    let answer = reply(200, item.value.clone());
    step(id, item, tx);
    Ok(answer)
}

/// Who has seen that it is at work finds it done the next time.
fn step(id: &str, mut item: Item, tx: &mut Tx<'_>) {
    if item.value["state"] == "PROCESSING" {
        item.value["state"] = "DONE".into();
        tx.put_item(&IMPORTS, id, item);
    }
}

fn cancel(asked: &Asked<'_>, id: &str, tx: &mut Tx<'_>) -> Answer {
    let mut item = kept(id, tx)?;
    let state = item.value["state"].as_str().unwrap_or_default();
    if !["STARTED", "PROCESSING"].contains(&state) {
        return Err(ErrorBody::validation(format!("Import {id} is {state} and can't be canceled")));
    }
    item.value["state"] = "CANCELED".into();
    item.value["updatedAt"] = asked.now().into();
    if tx.state.items.get(&WAITING, id).is_some() {
        tx.remove_item(&WAITING, id);
    }
    let started = item.value["createdAt"].clone();
    tx.put_item(&IMPORTS, id, item);
    Ok(reply(200, json!({ "status": "CANCELED", "requestedAt": asked.now(), "startedAt": started, "completedAt": asked.now() })))
}

fn errors(asked: &Asked<'_>, id: &str, tx: &Tx<'_>) -> Answer {
    kept(id, tx)?;
    let found = tx.state.items.get(&ERRORS, id).and_then(|item| item.value.as_array());
    // Each is a row of a file, which was bounded.
    let found = found.cloned().unwrap_or_default();
    let without = |parameter: &str| asked.query.get(parameter).is_some_and(|flag| flag.eq_ignore_ascii_case("false"));
    let (no_message, no_row) = (without("includeErrorMessage"), without("includeRowData"));
    let found = found.into_iter().map(|mut error| {
        if no_message {
            error.as_object_mut().and_then(|error| error.remove("errorMessage"));
        }
        if no_row {
            error["sourceData"]["rowData"] = json!([]);
        }
        error
    });
    let found: Vec<Value> = found.collect();
    page(asked, found.iter().collect(), false)
}
