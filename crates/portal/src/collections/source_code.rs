//! The files of a theme, drafted and published (developers.hubspot.com/docs/api-reference/cms-source-code-v3/guide).

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use keyway_core::error_body::ErrorBody;
use keyway_objects::invalid;
use keyway_objects::items::Place;
use keyway_objects::request::{bad_field, decoded, missing_field};
use keyway_objects::tx::Tx;
use serde_json::{Value, json};

use super::multipart::parts;
use super::shape::{self, Is};
use super::{Answer, Asked, Item, missing, no_content, reply, uuid};
use crate::Reply;

const ENVIRONMENTS: [&str; 2] = ["draft", "published"];
/// The kinds of file that a theme may hold.
const EXTENSIONS: [&str; 19] = [
    "css", "js", "json", "html", "txt", "md", "jpg", "jpeg", "png", "gif", "map", "svg", "eot", "otf", "ttf", "woff", "woff2", "graphql",
    "zip",
];
/// Bytes of one file; an account keeps them in memory.
const FILE_BYTES_MAX: usize = 4 << 20;

pub fn answer(asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    let place = |environment: &str| Place::new("source-code", &[environment]);
    Some(match (asked.method(), rest) {
        ("POST", ["extract", "async"]) => extract(asked, tx),
        ("GET", ["extract", "async", "tasks", task, "status"]) => {
            let found = tx.state.items.get(&Place::new("source-code-tasks", &[]), task);
            found.map(|item| reply(200, item.value.clone())).ok_or_else(|| missing(task))
        }
        (_, ["extract", ..]) => return None,
        (_, [environment, ..]) if !ENVIRONMENTS.contains(environment) => Err(bad_field("environment", "must be draft or published")),
        ("GET", [environment, "content", path @ ..]) => file(tx, &place(environment), &joined(path)).map(|item| download(&item)),
        ("GET", [environment, "metadata", path @ ..]) => metadata(tx, &place(environment), &joined(path)),
        ("POST" | "PUT", [environment, "content", path @ ..]) => put(asked, tx, environment, &place(environment), &joined(path)),
        ("DELETE", [environment, "content", path @ ..]) => file(tx, &place(environment), &joined(path)).map(|_| {
            tx.remove_item(&place(environment), &joined(path));
            no_content()
        }),
        ("POST", ["draft" | "published", "validate", path @ ..]) => sent(asked).and_then(|bytes| validate(&joined(path), bytes)),
        _ => return None,
    })
}

/// A path, whose slashes some clients encode.
fn joined(path: &[&str]) -> String {
    path.iter().map(|part| decoded(part)).collect::<Vec<_>>().join("/").trim_matches('/').to_owned()
}

fn file(tx: &Tx<'_>, place: &Place, path: &str) -> Result<Item, ErrorBody> {
    tx.state.items.get(place, path).cloned().ok_or_else(|| missing(path))
}

fn download(item: &Item) -> Reply {
    let bytes = item.value["bytes"].as_str().and_then(|text| BASE64.decode(text).ok()).unwrap_or_default();
    Reply { status: 200, body: bytes.into() }
}

fn sent<'a>(asked: &'a Asked<'_>) -> Result<&'a [u8], ErrorBody> {
    let parts = parts(&asked.call.body).ok_or_else(invalid::form_missing)?;
    parts.into_iter().find(|part| part.name == "file").map(|part| part.bytes).ok_or_else(|| missing_field("file"))
}

fn put(asked: &Asked<'_>, tx: &mut Tx<'_>, environment: &str, place: &Place, path: &str) -> Answer {
    let bytes = sent(asked)?;
    check(path, bytes)?;
    tx.work.write(2 * bytes.len())?;
    let before = tx.state.items.get(place, path).map(|item| item.value["createdAt"].clone());
    // POST is for what is not there.
    if asked.method() == "POST" && before.is_some() {
        return Err(invalid::thing_exists(path));
    }
    let now = asked.call.now.as_ms();
    let value = json!({
        "bytes": BASE64.encode(bytes), "createdAt": before.unwrap_or_else(|| now.into()), "updatedAt": now, "hash": hash(bytes),
        "archivedAt": 0, "environment": environment,
    });
    tx.put_item(place, path, Item::new(value.clone()));
    Ok(reply(200, shown(path, &value)))
}

/// FNV-1a: tells two contents apart, and is nobody's secret.
fn hash(bytes: &[u8]) -> String {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}

fn shown(path: &str, value: &Value) -> Value {
    let name = path.rsplit('/').next().unwrap_or(path);
    json!({
        "id": path, "name": name, "folder": false, "children": [], "createdAt": value["createdAt"], "updatedAt": value["updatedAt"],
        "hash": value["hash"], "archivedAt": 0,
    })
}

/// Of a file itself, or of the folder that the files below make.
fn metadata(tx: &Tx<'_>, place: &Place, path: &str) -> Answer {
    if let Some(item) = tx.state.items.get(place, path) {
        return Ok(reply(200, shown(path, &item.value)));
    }
    let folder = if path.is_empty() || path == "@root" { String::new() } else { format!("{path}/") };
    tx.work.each(tx.state.items.count(place), 2)?;
    let below: Vec<(&str, &Value)> =
        tx.state.items.of(place).filter_map(|(own, item)| Some((own.strip_prefix(&folder)?, &item.value))).collect();
    if below.is_empty() && !folder.is_empty() {
        return Err(missing(path));
    }
    let mut children: Vec<&str> = below.iter().filter_map(|(own, _)| own.split('/').next()).collect();
    children.sort_unstable();
    children.dedup();
    let (made, changed) = (
        below.iter().filter_map(|(_, value)| value["createdAt"].as_i64()),
        below.iter().filter_map(|(_, value)| value["updatedAt"].as_i64()),
    );
    let value = json!({
        "id": path, "name": path.rsplit('/').next().unwrap_or(path), "folder": true, "children": children,
        "createdAt": made.min().unwrap_or_default(), "updatedAt": changed.max().unwrap_or_default(), "archivedAt": 0,
    });
    Ok(reply(200, value))
}

fn check(path: &str, bytes: &[u8]) -> Result<(), ErrorBody> {
    let extension = path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(_, extension)| extension.to_lowercase());
    if !extension.is_some_and(|extension| EXTENSIONS.contains(&extension.as_str())) {
        return Err(bad_field("path", "has an extension that a theme can't have"));
    }
    if bytes.len() > FILE_BYTES_MAX {
        return Err(bad_field("file", &format!("must have at most {FILE_BYTES_MAX} bytes")));
    }
    Ok(())
}

/// HubSpot answers a file without faults with a list of none. Looked at are the form of JSON, and the pairs of HubL's braces.
fn validate(path: &str, bytes: &[u8]) -> Answer {
    check(path, bytes)?;
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    let fault = match path.rsplit('.').next() {
        Some("json") => serde_json::from_slice::<Value>(bytes).err().map(|error| error.to_string()),
        Some("html" | "css" | "js") => [("{{", "}}"), ("{%", "%}")]
            .into_iter()
            .find(|(open, close)| text.matches(open).count() != text.matches(close).count())
            .map(|(open, close)| format!("'{open}' and '{close}' are not in pairs")),
        _ => None,
    };
    match fault {
        Some(fault) => Err(invalid::source_invalid(path, fault)),
        None => Ok(reply(200, json!({ "validationErrors": [] }))),
    }
}

/// An archive is unpacked where it lies. An embedded account unpacks nothing: the task is done, with the archive as it is.
fn extract(asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
    let body = shape::read(&[("path", Is::Text, true)], &asked.body()?, false)?;
    let path = joined(&[body["path"].as_str().unwrap_or_default()]);
    if !ENVIRONMENTS.iter().any(|environment| tx.state.items.get(&Place::new("source-code", &[environment]), &path).is_some()) {
        return Err(missing(&path));
    }
    let place = Place::new("source-code-tasks", &[]);
    let id = uuid("source-code-tasks", tx.state.items.count(&place) as u64 + 1);
    let at = asked.now();
    let value = json!({ "status": "COMPLETE", "requestedAt": at, "startedAt": at, "completedAt": at });
    tx.put_item(&place, &id, Item::new(value));
    Ok(reply(202, json!({ "id": id, "links": {} })))
}
