//! Exports: write the records of a view or of a list to a CSV file, and keep the file.
//!
//! HubSpot works on an export in the background. Here the file is complete when the request is answered. The
//! first read of the task still says `PROCESSING`, so that clients must poll as with HubSpot
//! (docs/decisions/0026-imports-and-exports.md).

mod asked;
mod sheet;

use keyway_core::error_body::ErrorBody;
use serde_json::{Map, Value, json};

use super::{Answer, Asked, Item, missing, reply};
use crate::Reply;
use crate::items::Place;
use crate::tx::Tx;

use asked::Wanted;

/// Exports that an account keeps; the oldest goes for the newest. HubSpot keeps files for 30 days.
const EXPORTS_MAX: usize = 50;
/// The field of the stored export that holds the file; no answer shows it.
const FILE: &str = "file";
/// The field with the app that made the export; no answer shows it.
const APP: &str = "appId";
/// Set once somebody looked at the task.
const SEEN: &str = "seen";

pub fn answer(asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    let place = Place::new("exports", &[]);
    Some(match (asked.method(), rest) {
        ("POST", ["async"]) => start(asked, &place, tx),
        ("GET", ["async", "tasks", id, "status"]) => status(asked, &place, id, tx),
        ("GET", [id]) if *id != "async" => kept(asked, &place, id, tx).map(|item| reply(200, shown(item))),
        ("GET", [id, "download"]) => kept(asked, &place, id, tx).map(download),
        _ => return None,
    })
}

/// An export of the app that asks: the file has what that app may read, and another app may not.
fn kept<'a>(asked: &Asked<'_>, place: &Place, id: &str, tx: &'a Tx<'_>) -> Result<&'a Item, ErrorBody> {
    let is_own = |item: &&Item| item.value[APP] == asked.call.app_id;
    tx.state.items.get(place, id).filter(is_own).ok_or_else(|| missing(id))
}

/// Makes the file of the records as they are now. 202, as HubSpot answers.
fn start(asked: &Asked<'_>, place: &Place, tx: &mut Tx<'_>) -> Answer {
    let wanted = Wanted::read(tx.state, &asked.body()?)?;
    let records = wanted.records(tx.state, tx.work)?;
    let file = sheet::file(tx.state, &wanted, &records, tx.work)?;
    let file_bytes = file.len();
    let id = tx.state.items.next_number(place).to_string();
    let value = json!({
        "id": id, "createdAt": asked.now(), "updatedAt": asked.now(), "exportName": wanted.name, "exportState": "DONE",
        "exportType": wanted.source.type_name(), "objectProperties": wanted.property_names(), "objectType": wanted.object_type(tx.state),
        "recordCount": records.len(), FILE: file, SEEN: false, APP: asked.call.app_id,
    });
    // The account keeps the file and writes it to the store.
    tx.work.write(file_bytes)?;
    let oldest: Vec<String> = tx.state.items.of(place).map(|(id, _)| id.to_owned()).collect();
    for id in oldest.iter().take((oldest.len() + 1).saturating_sub(EXPORTS_MAX)) {
        tx.remove_item(place, id);
    }
    tx.put_item(place, &id, Item::new(value));
    let link = format!("{}{}/tasks/{id}/status", asked.call.base, asked.call.path.as_str());
    Ok(reply(202, json!({ "id": id, "links": { "status": link } })))
}

/// `PROCESSING` at the first look, `COMPLETE` with the file's address from then on.
fn status(asked: &Asked<'_>, place: &Place, id: &str, tx: &mut Tx<'_>) -> Answer {
    let mut item = kept(asked, place, id, tx)?.clone();
    // This writes the whole file to the store again.
    tx.work.write(item.value[FILE].as_str().map_or(0, str::len))?;
    let (started, seen) = (item.value["createdAt"].clone(), item.value[SEEN] == true);
    let mut body = json!({ "status": "PROCESSING", "requestedAt": started, "startedAt": started, "completedAt": started });
    if seen {
        body["status"] = "COMPLETE".into();
        body["result"] = address(asked, id).into();
    } else {
        item.value[SEEN] = true.into();
        tx.put_item(place, id, item);
    }
    Ok(reply(200, body))
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

fn download(item: &Item) -> Reply {
    Reply { status: 200, body: item.value[FILE].as_str().unwrap_or_default().to_owned().into() }
}
