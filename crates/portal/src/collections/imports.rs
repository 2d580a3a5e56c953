//! Imports: writes the rows of CSV files as records, with the same code as calls of the API.
//!
//! The files are read while other calls use the account (`sent`).
//! An import begins with the next call to the account, whatever that is. So a cancel as the next call finds nothing done.
//! Every call performs a part of a waiting import before it is answered. A call of the app that sent the import performs
//! all parts, and lets other calls use the account between them. Reads of the import show `STARTED`, `PROCESSING` and
//! `DONE`, in this order (docs/decisions/0026-imports-and-exports.md).

mod cell;
mod plan;
mod run;
mod sent;

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use keyway_core::beside::Access;
use keyway_core::error_body::ErrorBody;
use keyway_core::time::Timestamp;
use keyway_objects::importing::progress::{Chunk, Progress};
use keyway_objects::importing::sheet::{CELLS_MAX, Sheet};
use keyway_objects::importing::{Running, fault};
use keyway_objects::invalid;
use keyway_objects::items::Place;
use keyway_objects::request::needs;
use keyway_objects::route::is_version;
use keyway_objects::state::State;
use keyway_objects::tx::Tx;
use serde_json::{Value, json};

use super::{Answer, Asked, Item, missing, page, reply};
use crate::Call;

use plan::Plan;
use sent::Files;

pub use sent::Sent;

/// Imports that an account remembers; the oldest goes for the newest.
const IMPORTS_MAX: usize = 50;

/// Steps of one part: the account is held for some 20 ms. A step of an import is about one short value of a row; a row of
/// two columns takes a hundred.
const PART_STEPS: u64 = 100_000;

/// Imports as the API shows them.
static IMPORTS: LazyLock<Place> = LazyLock::new(|| Place::new("imports", &[]));
/// The files of unfinished imports.
static WAITING: LazyLock<Place> = LazyLock::new(|| Place::new("imports-waiting", &[]));
/// The errors of each import.
static ERRORS: LazyLock<Place> = LazyLock::new(|| Place::new("imports-errors", &[]));

pub fn answer(asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    Some(match (asked.method(), rest) {
        ("GET", []) => list(asked, tx),
        (method, rest) if is_start(method, rest) => Sent::read(asked.call, asked.work).and_then(|sent| keep(asked.call, tx, sent)),
        ("GET", [id]) => show(asked, id, tx),
        ("POST", [id, "cancel"]) => cancel(asked, id, tx),
        ("GET", [id, "errors"]) => errors(asked, id, tx),
        _ => return None,
    })
}

/// Whether an import waits for the next call, or is in progress.
pub fn is_waiting(state: &State) -> bool {
    state.items.count(&WAITING) > 0
}

/// Whether a call waits for the end of an import: its own app sent one, which it does not cancel.
pub fn is_awaited(state: &State, call: &Call) -> bool {
    state.items.of(&WAITING).any(|(id, kept)| kept.value["appId"] == call.app_id && !is_cancel(call, id))
}

/// Performs a part of a waiting import before a call is answered, unless the call cancels that import.
/// Afterwards other calls may use the account; later calls perform the rest.
pub fn perform_part(call: &Call, tx: &mut Tx<'_>) {
    let waiting = tx.state.items.of(&WAITING).map(|(id, _)| id).find(|id| !is_cancel(call, id)).map(str::to_owned);
    let Some(id) = waiting else { return };
    let Some(mut item) = tx.state.items.get(&IMPORTS, &id).cloned() else { return forget(tx, &id) };
    let running = tx.state.importing.take().filter(|running| running.id == id);
    let mut running = running.unwrap_or_else(|| Box::new(read(tx.state, &id, &item)));
    if part(&mut running, tx, call.now) {
        let progress = &running.progress;
        item.value["state"] = if progress.failed { "FAILED" } else { "PROCESSING" }.into();
        forget(tx, &id);
        settle(tx, &id, item, progress, call.now);
        return;
    }
    let chunk = serde_json::to_value(running.progress.chunk()).expect("JSON always serialises");
    tx.put_item(&progress_of(&id), &running.chunks.to_string(), Item::new(chunk));
    running.chunks += 1;
    if item.value["state"] == "STARTED" {
        item.value["state"] = "PROCESSING".into();
        tx.put_item(&IMPORTS, &id, item);
    }
    tx.state.importing = Some(running);
}

fn is_cancel(call: &Call, id: &str) -> bool {
    let segments: Vec<&str> = call.path.segments().filter(|segment| !is_version(segment)).collect();
    call.method == http::Method::POST && segments == ["crm", "imports", id, "cancel"]
}

/// Reads what an import needs from the state.
fn read(state: &State, id: &str, item: &Item) -> Running {
    let kept = state.items.get(&WAITING, id).map_or(&Value::Null, |kept| &kept.value);
    let files = kept["files"].as_array().into_iter().flatten();
    let files = files.map(|file| file.as_str().and_then(|text| BASE64.decode(text).ok()).unwrap_or_default());
    let mut cells_left = CELLS_MAX;
    let sheets: Result<Vec<Sheet>, ErrorBody> = files.map(|bytes| Sheet::read(&bytes, &mut cells_left)).collect();
    Running {
        id: id.to_owned(),
        app_id: kept["appId"].as_u64().unwrap_or_default(),
        request: item.value["importRequestJson"].as_object().cloned().unwrap_or_default(),
        sheets: sheets.map_err(|refused| refused.message),
        progress: Progress::of(chunks_of(state, id)),
        chunks: state.items.count(&progress_of(id)),
    }
}

/// Does the next part; whether all is done then.
fn part(running: &mut Running, tx: &mut Tx<'_>, now: Timestamp) -> bool {
    // The request held when the import was taken; what it names may be gone since.
    let plan = Plan::read(tx.state, &running.request).map_err(|refused| refused.message);
    match plan.and_then(|plan| Ok((plan, running.sheets.as_ref().map_err(String::clone)?))) {
        Ok((plan, sheets)) => run::part(tx, &plan, sheets, &mut running.progress, (now, running.app_id), PART_STEPS),
        Err(message) => {
            running.progress.fail(message);
            true
        }
    }
}

/// The store's place for the finished parts of an import.
fn progress_of(id: &str) -> Place {
    Place::new("imports-progress", &[id])
}

fn chunks_of(state: &State, id: &str) -> impl Iterator<Item = Chunk> {
    state.items.of(&progress_of(id)).filter_map(|(_, item)| serde_json::from_value(item.value.clone()).ok())
}

/// Removes the data that is kept only for an unfinished import.
fn forget(tx: &mut Tx<'_>, id: &str) {
    tx.remove_item(&WAITING, id);
    let place = progress_of(id);
    let chunks: Vec<String> = tx.state.items.of(&place).map(|(chunk, _)| chunk.to_owned()).collect();
    chunks.iter().for_each(|chunk| tx.remove_item(&place, chunk));
    tx.state.importing.take_if(|running| running.id == id);
}

/// Stores the result of a finished import.
fn settle(tx: &mut Tx<'_>, id: &str, mut item: Item, progress: &Progress, now: Timestamp) {
    item.value["metadata"]["counters"] = json!(progress.counters);
    item.value["updatedAt"] = now.to_iso().into();
    let found: Vec<Value> = progress.faults.iter().enumerate().map(|(at, fault)| fault.shown(id, at, now)).collect();
    tx.put_item(&ERRORS, id, Item::new(json!(found)));
    tx.put_item(&IMPORTS, id, item);
}

/// Whether a call sends an import.
pub fn is_start(method: &str, rest: &[&str]) -> bool {
    (method, rest) == ("POST", &[])
}

/// Takes an import whose files were read, if the account has what they are mapped to and the caller may write that. It has
/// begun then.
pub fn keep(call: &Call, tx: &mut Tx<'_>, sent: Sent) -> Answer {
    let Sent { request, files } = sent;
    let plan = Plan::read(tx.state, &request)?;
    let by = call.by.as_ref();
    plan.kinds().into_iter().try_for_each(|kind| needs(by, kind, Access::Write))?;
    plan.properties().try_for_each(|(kind, name)| keyway_objects::sensitive::needs(by, tx.state, kind, name, Access::Write))?;
    let Files { sheets, waiting, stored } = files?;
    // What it takes to perform it is known now, and is refused now: once it has begun, it is done whole.
    for (file, sheet) in plan.files.iter().zip(&sheets) {
        tx.work.each(sheet.rows.len(), file.steps_of_a_row())?;
    }
    let (id, now) = (tx.state.items.next_number(&IMPORTS).to_string(), call.now.to_iso());
    let file_ids: Vec<String> = (0..sheets.len()).map(|at| fault::file_id(&id, at).to_string()).collect();
    let kinds: Vec<&str> = plan.kinds().into_iter().map(|kind| &*tx.state.space(kind).type_id).collect();
    let value = json!({
        "id": id, "state": "STARTED", "createdAt": now, "updatedAt": now, "importName": plan.name, "importSource": "API",
        "optOutImport": false, "mappedObjectTypeIds": kinds, "importRequestJson": request,
        "metadata": { "counters": {}, "fileIds": file_ids, "objectLists": [] },
    });
    forget_oldest(tx);
    tx.put_stored_item(&WAITING, &id, waiting, stored);
    tx.put_item(&IMPORTS, &id, Item::new(value.clone()));
    // The files of one import are kept as they were read. Those of a further one are read again at its first part.
    if tx.state.importing.is_none() {
        let (app_id, sheets, progress) = (call.app_id, Ok(sheets), Progress::default());
        tx.state.importing = Some(Box::new(Running { id, app_id, request, sheets, progress, chunks: 0 }));
    }
    Ok(reply(200, value))
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
    let shown: Vec<Value> = all.iter().map(|(id, item)| shown(id, item, tx.state)).collect();
    let answer = page(asked, shown.iter().collect(), false)?;
    for (id, item) in all {
        step(&id, item, tx);
    }
    Ok(answer)
}

fn show(_: &Asked<'_>, id: &str, tx: &mut Tx<'_>) -> Answer {
    let item = kept(id, tx)?;
    let answer = reply(200, shown(id, &item, tx.state));
    step(id, item, tx);
    Ok(answer)
}

/// An import, with the counters of the parts that are done.
fn shown(id: &str, item: &Item, state: &State) -> Value {
    let mut value = item.value.clone();
    if let Some((_, last)) = state.items.of(&progress_of(id)).last() {
        value["metadata"]["counters"] = last.value["counters"].clone();
    }
    value
}

/// Who has seen that it is at work finds it done the next time.
fn step(id: &str, mut item: Item, tx: &mut Tx<'_>) {
    if item.value["state"] == "PROCESSING" && tx.state.items.get(&WAITING, id).is_none() {
        item.value["state"] = "DONE".into();
        tx.put_item(&IMPORTS, id, item);
    }
}

fn cancel(asked: &Asked<'_>, id: &str, tx: &mut Tx<'_>) -> Answer {
    let mut item = kept(id, tx)?;
    let state = item.value["state"].as_str().unwrap_or_default();
    if !["STARTED", "PROCESSING"].contains(&state) {
        return Err(invalid::import_not_cancelled(id, state));
    }
    item.value["state"] = "CANCELED".into();
    item.value["updatedAt"] = asked.now().into();
    let started = item.value["createdAt"].clone();
    if tx.state.items.get(&WAITING, id).is_some() {
        // The records of the parts that are done stay, as HubSpot's do.
        let progress = Progress::of(chunks_of(tx.state, id));
        forget(tx, id);
        settle(tx, id, item, &progress, asked.call.now);
    } else {
        tx.put_item(&IMPORTS, id, item);
    }
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
