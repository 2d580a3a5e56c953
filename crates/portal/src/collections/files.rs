//! Files: clients upload them as multipart and download them again. The account keeps their bytes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use keyway_core::error_body::ErrorBody;
use keyway_objects::invalid;
use keyway_objects::items::Place;
use keyway_objects::request::{bad_field, bad_parameter, decoded, id_text, missing_field};
use keyway_objects::tx::Tx;
use serde_json::{Map, Value, json};

use super::multipart::{Part, parts};
use super::shape::{self, Field, Is};
use super::{Answer, Asked, Item, missing, no_content, page, reply, size, uuid};
use crate::Reply;

/// Where a file's bytes stand in the thing that is kept; never shown.
const BYTES: &str = "bytes";
const ACCESSES: [&str; 8] = [
    "PUBLIC_INDEXABLE",
    "PUBLIC_NOT_INDEXABLE",
    "HIDDEN_INDEXABLE",
    "HIDDEN_NOT_INDEXABLE",
    "HIDDEN_PRIVATE",
    "PRIVATE",
    "HIDDEN_SENSITIVE",
    "SENSITIVE",
];
const IMPORT: [Field; 6] = [
    ("url", Is::Url, true),
    ("access", Is::One(&ACCESSES), true),
    ("name", Is::Text, false),
    ("folderPath", Is::Text, false),
    ("folderId", Is::Text, false),
    ("overwrite", Is::Flag, false),
];
/// How long a signed address is good for, where the call does not say, in seconds.
const SIGNED_S: i64 = 300;

pub fn answer(asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    let place = Place::new("files", &[]);
    Some(match (asked.method(), rest) {
        ("POST", []) => upload(asked, &place, None, tx),
        ("GET", ["search"]) => search(asked, &place, tx),
        ("GET", ["stat", path @ ..]) => stat(asked, &place, path, tx),
        ("POST", ["import-from-url", "async"]) => import(asked, &place, tx),
        ("GET", ["import-from-url", "async", "tasks", task, "status"]) => status(task, tx),
        (_, ["search" | "stat" | "import-from-url", ..]) => return None,
        ("GET", [id]) => live(&place, id, tx).map(|item| reply(200, shown(&item))),
        ("PUT", [id]) => upload(asked, &place, Some(id), tx),
        ("PATCH", [id]) => change(asked, &place, id, tx),
        ("DELETE", [id]) => live(&place, id, tx).and_then(|mut item| {
            tx.work.write(size(&item.value))?;
            item.archived_at = Some(asked.call.now);
            tx.put_item(&place, id, item);
            Ok(no_content())
        }),
        ("DELETE", [id, "gdpr-delete"]) => live(&place, id, tx).map(|_| {
            tx.remove_item(&place, id);
            no_content()
        }),
        ("GET", [id, "signed-url"]) => live(&place, id, tx).and_then(|item| signed(asked, &item)),
        ("GET", [id, "download"]) => live(&place, id, tx).map(|item| download(&item)),
        _ => return None,
    })
}

fn live(place: &Place, id: &str, tx: &Tx<'_>) -> Result<Item, ErrorBody> {
    tx.state.items.get(place, id).filter(|item| !item.is_archived()).cloned().ok_or_else(|| missing(id))
}

/// A new file, or new bytes for one that is there.
fn upload(asked: &Asked<'_>, place: &Place, replaced: Option<&str>, tx: &mut Tx<'_>) -> Answer {
    let sent = parts(&asked.call.body).ok_or_else(invalid::form_missing)?;
    let file = sent.iter().find(|part| part.name == "file").ok_or_else(|| missing_field("file"))?;
    let text = |name: &str| sent.iter().find(|part| part.name == name).and_then(|part| std::str::from_utf8(part.bytes).ok());
    let options: Value = match text("options") {
        Some(options) => serde_json::from_str(options).map_err(|_| bad_field("options", "must be JSON"))?,
        None => json!({}),
    };
    let Some(access) = options["access"].as_str().or(if replaced.is_some() { Some("PUBLIC_INDEXABLE") } else { None }) else {
        return Err(bad_field("options", "must hold access, such as PRIVATE"));
    };
    if !ACCESSES.contains(&access) {
        return Err(bad_field("options.access", "is not an access"));
    }
    tx.work.write(2 * file.bytes.len())?;
    let before = replaced.map(|id| live(place, id, tx)).transpose()?;
    if before.is_none() && text("folderId").is_none() && text("folderPath").is_none() {
        return Err(bad_field("folderPath", "or folderId is required"));
    }
    let id = replaced.map_or_else(|| tx.state.items.next_number(place).to_string(), str::to_owned);
    let value = described(asked, &id, file, text("fileName"), access, text("folderPath"), text("folderId"), before.as_ref());
    let item = Item::new(value);
    let answer = reply(if replaced.is_some() { 200 } else { 201 }, shown(&item));
    tx.put_item(place, &id, item);
    Ok(answer)
}

#[allow(clippy::too_many_arguments, reason = "the fields of one form")]
fn described(
    asked: &Asked<'_>,
    id: &str,
    file: &Part<'_>,
    name: Option<&str>,
    access: &str,
    folder: Option<&str>,
    folder_id: Option<&str>,
    before: Option<&Item>,
) -> Value {
    let full = name.or(file.file_name.as_deref()).unwrap_or("file");
    let (stem, extension) = full.rsplit_once('.').unwrap_or((full, ""));
    let folder = folder.unwrap_or("").trim_matches('/');
    let path = if folder.is_empty() { format!("/{full}") } else { format!("/{folder}/{full}") };
    let created = before.map_or_else(|| Value::from(asked.now()), |item| item.value["createdAt"].clone());
    let kind = match file.content_type.as_deref().unwrap_or_default().split('/').next() {
        Some("image") => "IMG",
        Some("video") => "MOVIE",
        Some("audio") => "AUDIO",
        Some("text") => "DOCUMENT",
        _ => "OTHER",
    };
    json!({
        "id": id, "name": stem, "extension": extension, "path": path, "parentFolderId": folder_id, "size": file.bytes.len(), "type": kind,
        "access": access, "archived": false, "usableInContent": true, "isUsableInContent": true, "createdAt": created, "updatedAt": asked.now(),
        "defaultHostingUrl": format!("https://{}.fs1.hubspotusercontent-na1.net/hubfs/{}{path}", asked.call.hub_id, asked.call.hub_id),
        "url": format!("https://{}.fs1.hubspotusercontent-na1.net/hubfs/{}{path}", asked.call.hub_id, asked.call.hub_id),
        "contentType": file.content_type, BYTES: BASE64.encode(file.bytes),
    })
}

fn shown(item: &Item) -> Value {
    let fields = item.value.as_object().into_iter().flatten().filter(|(name, _)| *name != BYTES && *name != "contentType");
    Value::Object(fields.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>())
}

fn download(item: &Item) -> Reply {
    let bytes = item.value[BYTES].as_str().and_then(|text| BASE64.decode(text).ok()).unwrap_or_default();
    Reply { status: 200, body: bytes.into() }
}

fn search(asked: &Asked<'_>, place: &Place, tx: &Tx<'_>) -> Answer {
    let fits =
        |value: &Value, parameter: &str, field: &str| asked.query.get(parameter).is_none_or(|wanted| value[field].as_str() == Some(wanted));
    let files = tx.state.items.of(place).map(|(_, item)| item).filter(|item| !item.is_archived());
    let found = files.filter(|item| {
        fits(&item.value, "name", "name")
            && fits(&item.value, "extension", "extension")
            && fits(&item.value, "path", "path")
            && fits(&item.value, "type", "type")
    });
    let found: Vec<Value> = found.map(shown).collect();
    page(asked, found.iter().collect(), false)
}

fn change(asked: &Asked<'_>, place: &Place, id: &str, tx: &mut Tx<'_>) -> Answer {
    let (mut item, body) = (live(place, id, tx)?, asked.body()?);
    // This writes the whole file to the store again.
    tx.work.write(size(&item.value))?;
    let writable = ["name", "access", "parentFolderId", "isUsableInContent"];
    shape::set(&mut item.value, body.into_iter().filter(|(name, _)| writable.contains(&name.as_str())));
    item.value["updatedAt"] = asked.now().into();
    let answer = reply(200, shown(&item));
    tx.put_item(place, id, item);
    Ok(answer)
}

fn tasks() -> Place {
    Place::new("file-tasks", &[])
}

/// A task that is done already, with what it led to.
fn task(asked: &Asked<'_>, tx: &mut Tx<'_>, result: Value) -> Reply {
    let (place, at) = (tasks(), asked.now());
    let id = uuid("file-tasks", tx.state.items.count(&place) as u64 + 1);
    let value = json!({ "taskId": id, "status": "COMPLETE", "requestedAt": at, "startedAt": at, "completedAt": at, "result": result });
    tx.put_item(&place, &id, Item::new(value));
    let link = format!("{}{}/tasks/{id}/status", asked.call.base, asked.call.path.as_str());
    reply(202, json!({ "id": id, "links": { "status": link } }))
}

fn status(task: &str, tx: &Tx<'_>) -> Answer {
    tx.state.items.get(&tasks(), task).map(|item| reply(200, item.value.clone())).ok_or_else(|| missing(task))
}

/// A file by its address. An embedded account reaches nothing outside: the content of the file is its address.
fn import(asked: &Asked<'_>, place: &Place, tx: &mut Tx<'_>) -> Answer {
    let body = shape::read(&IMPORT, &asked.body()?, false)?;
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    if text("folderId").is_none() && text("folderPath").is_none() {
        return Err(bad_field("folderPath", "or folderId is required"));
    }
    let (url, access) = (text("url").unwrap_or_default(), text("access").unwrap_or_default());
    let last = url.split(['?', '#']).next().and_then(|path| path.rsplit('/').next()).filter(|name| !name.is_empty() && !name.contains(':'));
    let name = text("name").or(last).unwrap_or("file");
    let part = Part { name: "file".to_owned(), file_name: Some(name.to_owned()), content_type: None, bytes: url.as_bytes() };
    let id = tx.state.items.next_number(place).to_string();
    let item = Item::new(described(asked, &id, &part, None, access, text("folderPath"), text("folderId"), None));
    let result = shown(&item);
    tx.put_item(place, &id, item);
    Ok(task(asked, tx, result))
}

/// What lies at a path: a file, or a folder.
fn stat(asked: &Asked<'_>, place: &Place, path: &[&str], tx: &Tx<'_>) -> Answer {
    let path = path.iter().map(|part| decoded(part)).collect::<Vec<_>>().join("/");
    let path = format!("/{}", path.trim_matches('/'));
    asked.work.each(tx.state.items.count(place), 1)?;
    let lies = |(_, item): &(&str, &Item)| !item.is_archived() && item.value["path"] == path;
    if let Some((_, item)) = tx.state.items.of(place).find(lies) {
        return Ok(reply(200, json!({ "file": shown(item) })));
    }
    let folders = Place::new("folders", &[]);
    let folder = tx.state.items.of(&folders).find(|(_, item)| !item.is_archived() && folder_path(tx, &item.value) == path);
    folder.map(|(_, item)| reply(200, json!({ "folder": folder_shown(tx, &item.value) }))).ok_or_else(|| missing(&path))
}

/// An address that needs no token, for a time. It leads where the file would be at HubSpot.
fn signed(asked: &Asked<'_>, item: &Item) -> Answer {
    let seconds = asked.query.get("expirationSeconds").map_or(Ok(SIGNED_S), str::parse::<i64>);
    let seconds = seconds.ok().filter(|seconds| (1..=86_400 * 365).contains(seconds));
    let seconds = seconds.ok_or_else(|| bad_parameter("expirationSeconds", "must be a number of seconds"))?;
    let expires = asked.call.now.as_ms() + seconds * 1_000;
    let url = item.value["url"].as_str().unwrap_or_default();
    let signature = uuid(url, expires.unsigned_abs() & 0xffff_ffff_ffff).replace('-', "");
    let field = |name: &str| item.value[name].clone();
    let value = json!({
        "url": format!("{url}?Expires={}&Signature={signature}", expires / 1_000), "expiresAt": keyway_core::time::Timestamp::from_ms(expires).to_iso(),
        "name": field("name"), "extension": field("extension"), "size": field("size"), "type": field("type"),
    });
    Ok(reply(200, value))
}

/// Where a folder lies: below those that it names as its parents.
fn folder_path(tx: &Tx<'_>, folder: &Value) -> String {
    let (mut path, mut at) = (String::new(), Some(folder.clone()));
    // A folder that were its own ancestor would have no end.
    for _ in 0..20 {
        let Some(folder) = at else { break };
        path = format!("/{}{path}", folder["name"].as_str().unwrap_or_default());
        let parent = id_text(folder.get("parentFolderId"));
        at = parent.and_then(|id| tx.state.items.get(&Place::new("folders", &[]), &id)).map(|item| item.value.clone());
    }
    path
}

fn folder_shown(tx: &Tx<'_>, folder: &Value) -> Value {
    let mut folder = folder.clone();
    folder["path"] = folder_path(tx, &folder).into();
    folder
}

/// `/files/v3/folders/search` and `/files/v3/folders/update/async…`
pub fn folders(asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    let place = Place::new("folders", &[]);
    Some(match (asked.method(), rest) {
        ("GET", ["search"]) => {
            let all = tx.state.items.of(&place).map(|(_, item)| item).filter(|item| !item.is_archived());
            let all: Vec<Value> = all.map(|item| folder_shown(tx, &item.value)).collect();
            let fits = |folder: &Value, parameter: &str, field: &str| {
                let wanted = asked.query.list(parameter);
                wanted.is_empty() || wanted.iter().any(|value| id_text(folder.get(field)).as_deref() == Some(*value))
            };
            let found = all.iter().filter(|folder| {
                fits(folder, "name", "name")
                    && fits(folder, "path", "path")
                    && fits(folder, "ids", "id")
                    && fits(folder, "parentFolderIds", "parentFolderId")
            });
            page(asked, found.collect(), false)
        }
        ("POST", ["update", "async"]) => update_folder(asked, &place, tx),
        ("GET", ["update", "async", "tasks", task, "status"]) => status(task, tx),
        _ => return None,
    })
}

fn update_folder(asked: &Asked<'_>, place: &Place, tx: &mut Tx<'_>) -> Answer {
    let body =
        shape::read(&[("id", Is::Text, true), ("name", Is::Text, false), ("parentFolderId", Is::Text, false)], &asked.body()?, false)?;
    let id = body["id"].as_str().unwrap_or_default();
    let mut item = live(place, id, tx)?;
    if let Some(parent) = body.get("parentFolderId").and_then(Value::as_str) {
        live(place, parent, tx)?;
        if parent == id {
            return Err(bad_field("parentFolderId", "is the folder itself"));
        }
    }
    shape::set_given(&mut item.value, &body, &["name", "parentFolderId"]);
    item.value["updatedAt"] = asked.now().into();
    tx.put_item(place, id, item.clone());
    let result = folder_shown(tx, &item.value);
    Ok(task(asked, tx, result))
}
