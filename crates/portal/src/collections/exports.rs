//! Exports: write the records of a view or of a list to a CSV file, and keep the file.
//!
//! HubSpot works on an export in the background. Here the file is complete when the request is answered. It is
//! written in parts, and other calls use the account between two of them. The first read of the task still says
//! `PROCESSING`, so that clients must poll as with HubSpot (docs/decisions/0026-imports-and-exports.md).

mod asked;
mod sheet;

use std::sync::LazyLock;

use keyway_core::error_body::ErrorBody;
use keyway_objects::invalid;
use keyway_objects::items::Place;
use keyway_objects::state::State;
use keyway_objects::tx::Tx;
use keyway_objects::work::Work;
use serde_json::{Map, Value, json};

use super::{Answer, Asked, Item, missing, reply};
use crate::{Call, Reply};

use asked::Wanted;
use sheet::File;

/// Exports that an account keeps; the oldest goes for the newest. HubSpot keeps files for 30 days.
const EXPORTS_MAX: usize = 50;
/// The field of the stored export with the app that made it; no answer shows it.
const APP: &str = "appId";
/// Set once somebody looked at the task.
const SEEN: &str = "seen";
/// The field in which builds before this one kept the file.
const FILE: &str = "file";

/// Exports as the API shows them.
static EXPORTS: LazyLock<Place> = LazyLock::new(|| Place::new("exports", &[]));
/// Their files, so that a look at a task does not write its file again.
static FILES: LazyLock<Place> = LazyLock::new(|| Place::new("exports-files", &[]));

/// An export in progress. It changes nothing of the account.
pub struct Export {
    wanted: Wanted,
    object_type: String,
    file: File,
}

impl Export {
    /// Reads what a call asks for, and finds the records.
    pub(super) fn begin(asked: &Asked<'_>, state: &State) -> Result<Self, ErrorBody> {
        let wanted = Wanted::read(state, &asked.body()?)?;
        let records = wanted.records(state, asked.work)?;
        let file = File::new(state, &wanted, records, asked.work)?;
        Ok(Self { object_type: wanted.object_type(state), wanted, file })
    }

    /// Writes the next part of the file. Returns whether it is complete.
    pub fn part(&mut self, state: &State, work: &Work) -> Result<bool, ErrorBody> {
        if !state.has(self.wanted.kind) {
            return Err(invalid::schema_missing(&self.object_type));
        }
        self.file.part(state, &self.wanted, work)
    }

    /// The complete file, ready to be kept.
    pub fn made(self, work: &Work) -> Result<Made, ErrorBody> {
        let rows = self.file.rows;
        let file = Item::new(self.file.into_text()?.into());
        let stored = serde_json::to_vec(&file).expect("JSON always serialises");
        // The account keeps the file and writes it to the store.
        work.write(stored.len())?;
        let (wanted, object_type) = (&self.wanted, self.object_type);
        let task = json!({
            "id": null, "createdAt": null, "updatedAt": null, "exportName": wanted.name, "exportState": "DONE",
            "exportType": wanted.source.type_name(), "objectProperties": wanted.property_names(), "objectType": object_type,
            "recordCount": rows, SEEN: false,
        });
        Ok(Made { task, file, stored })
    }
}

/// An export that is complete, and that the account does not keep yet.
pub struct Made {
    task: Value,
    file: Item,
    /// The file as the store has it.
    stored: Vec<u8>,
}

/// Whether a call asks for an export.
pub fn is_start(method: &str, rest: &[&str]) -> bool {
    (method, rest) == ("POST", &["async"])
}

pub fn answer(asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    if is_start(asked.method(), rest) {
        return Some(at_once(asked, tx.state).and_then(|made| keep(asked.call, tx, made)));
    }
    read(asked, rest, tx.state).or_else(|| match (asked.method(), rest) {
        ("GET", ["async", "tasks", id, "status"]) => Some(first_look(asked, id, tx)),
        _ => None,
    })
}

/// Answers a call that changes nothing; none where it is another.
pub fn read(asked: &Asked<'_>, rest: &[&str], state: &State) -> Option<Answer> {
    match (asked.method(), rest) {
        ("GET", ["async", "tasks", id, "status"]) => {
            let item = match kept(asked, id, state) {
                Ok(item) => item,
                Err(refused) => return Some(Err(refused)),
            };
            (item.value[SEEN] == true).then(|| Ok(status(item, Some(address(asked, id)))))
        }
        ("GET", [id]) if *id != "async" => Some(kept(asked, id, state).map(|item| reply(200, shown(item)))),
        ("GET", [id, "download"]) => Some(kept(asked, id, state).and_then(|item| download(asked, id, item, state))),
        _ => None,
    }
}

/// An export of the app that asks: the file has what that app may read, and another app may not.
fn kept<'s>(asked: &Asked<'_>, id: &str, state: &'s State) -> Result<&'s Item, ErrorBody> {
    let is_own = |item: &&Item| item.value[APP] == asked.call.app_id;
    state.items.get(&EXPORTS, id).filter(is_own).ok_or_else(|| missing(id))
}

/// All parts of an export, one after the other.
fn at_once(asked: &Asked<'_>, state: &State) -> Result<Made, ErrorBody> {
    let mut export = Export::begin(asked, state)?;
    while !export.part(state, asked.work)? {}
    export.made(asked.work)
}

/// Keeps an export. 202, as HubSpot answers.
pub fn keep(call: &Call, tx: &mut Tx<'_>, made: Made) -> Answer {
    let id = tx.state.items.next_number(&EXPORTS).to_string();
    let mut task = made.task;
    task["id"] = id.as_str().into();
    task["createdAt"] = call.now.to_iso().into();
    task["updatedAt"] = call.now.to_iso().into();
    task[APP] = call.app_id.into();
    let oldest: Vec<String> = tx.state.items.of(&EXPORTS).map(|(id, _)| id.to_owned()).collect();
    for id in oldest.iter().take((oldest.len() + 1).saturating_sub(EXPORTS_MAX)) {
        tx.remove_item(&EXPORTS, id);
        tx.remove_item(&FILES, id);
    }
    tx.put_item(&EXPORTS, &id, Item::new(task));
    tx.put_stored_item(&FILES, &id, made.file, made.stored);
    let link = format!("{}{}/tasks/{id}/status", call.base, call.path.as_str());
    Ok(reply(202, json!({ "id": id, "links": { "status": link } })))
}

/// `PROCESSING`; every later look gets the address of the file.
fn first_look(asked: &Asked<'_>, id: &str, tx: &mut Tx<'_>) -> Answer {
    let mut item = kept(asked, id, tx.state)?.clone();
    tx.work.write(item.value[FILE].as_str().map_or(0, str::len))?;
    item.value[SEEN] = true.into();
    let answer = status(&item, None);
    tx.put_item(&EXPORTS, id, item);
    Ok(answer)
}

fn status(item: &Item, address: Option<String>) -> Reply {
    let started = &item.value["createdAt"];
    let mut body = json!({ "status": "PROCESSING", "requestedAt": started, "startedAt": started, "completedAt": started });
    if let Some(address) = address {
        body["status"] = "COMPLETE".into();
        body["result"] = address.into();
    }
    reply(200, body)
}

/// Beside the task, on the path of the same version: it takes the same permit, of the same scope.
fn address(asked: &Asked<'_>, id: &str) -> String {
    let path = asked.call.path.as_str();
    let family = path.split("/async/tasks/").next().unwrap_or(path);
    format!("{}{family}/{id}/download", asked.call.base)
}

fn shown(item: &Item) -> Value {
    let fields = item.value.as_object().into_iter().flatten().filter(|(name, _)| ![FILE, SEEN, APP].contains(&name.as_str()));
    Value::Object(fields.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>())
}

fn download(asked: &Asked<'_>, id: &str, item: &Item, state: &State) -> Answer {
    let file = state.items.get(&FILES, id).map_or(&item.value[FILE], |file| &file.value).as_str().unwrap_or_default();
    asked.work.answer(0, file.len())?;
    Ok(Reply { status: 200, body: file.to_owned().into() })
}
