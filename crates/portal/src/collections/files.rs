//! Files: clients upload them as multipart and download them again. The account keeps their bytes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use keyway_core::error_body::ErrorBody;
use serde_json::{Map, Value, json};

use super::multipart::{Part, parts};
use super::{Answer, Asked, Item, missing, no_content, page, reply, size};
use crate::Reply;
use crate::items::Place;
use crate::request::bad_field;
use crate::tx::Tx;

/// Where a file's bytes stand in the thing that is kept; never shown.
const BYTES: &str = "bytes";

pub fn answer(asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    let place = Place::new("files", &[]);
    Some(match (asked.method(), rest) {
        ("POST", []) => upload(asked, &place, None, tx),
        ("GET", ["search"]) => search(asked, &place, tx),
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
        ("GET", [id, "download"]) => live(&place, id, tx).map(|item| download(&item)),
        _ => return None,
    })
}

fn live(place: &Place, id: &str, tx: &Tx<'_>) -> Result<Item, ErrorBody> {
    tx.state.items.get(place, id).filter(|item| !item.is_archived()).cloned().ok_or_else(|| missing(id))
}

/// A new file, or new bytes for one that is there.
fn upload(asked: &Asked<'_>, place: &Place, replaced: Option<&str>, tx: &mut Tx<'_>) -> Answer {
    let sent = parts(&asked.call.body).ok_or_else(|| ErrorBody::validation("the body is not multipart/form-data"))?;
    let file = sent.iter().find(|part| part.name == "file").ok_or_else(|| bad_field("file", "is required"))?;
    let text = |name: &str| sent.iter().find(|part| part.name == name).and_then(|part| std::str::from_utf8(part.bytes).ok());
    let options: Value = match text("options") {
        Some(options) => serde_json::from_str(options).map_err(|_| bad_field("options", "must be JSON"))?,
        None => json!({}),
    };
    let Some(access) = options["access"].as_str().or(if replaced.is_some() { Some("PUBLIC_INDEXABLE") } else { None }) else {
        return Err(bad_field("options", "must hold access, such as PRIVATE"));
    };
    if ![
        "PUBLIC_INDEXABLE",
        "PUBLIC_NOT_INDEXABLE",
        "HIDDEN_INDEXABLE",
        "HIDDEN_NOT_INDEXABLE",
        "HIDDEN_PRIVATE",
        "PRIVATE",
        "HIDDEN_SENSITIVE",
        "SENSITIVE",
    ]
    .contains(&access)
    {
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
    for (name, value) in
        body.into_iter().filter(|(name, _)| ["name", "access", "parentFolderId", "isUsableInContent"].contains(&name.as_str()))
    {
        item.value[name] = value;
    }
    item.value["updatedAt"] = asked.now().into();
    let answer = reply(200, shown(&item));
    tx.put_item(place, id, item);
    Ok(answer)
}
