//! Folders of lists.

use http::Method;
use keyway_core::error_body::ErrorBody;
use serde_json::{Value, json};

use super::{Answer, lists, no_content, reply};
use crate::invalid;
use crate::lists::{Folder, List};
use crate::request::{Request, bad_field, bad_parameter, id_text, missing_field, text};
use crate::state::State;
use crate::tx::Tx;

/// Folders within folders (HubSpot's own limit), and longest name in characters.
const DEPTH_MAX: usize = 5;
const NAME_MAX: usize = 200;
const ROOT: u64 = 0;

/// `…/lists/folders/…`
pub fn answer(request: &Request<'_>, method: &Method, tail: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    Some(match (method.as_str(), tail) {
        ("GET", []) => number(request.query.get("folderId").unwrap_or("0"))
            .and_then(|id| exists(tx.state, id))
            .map(|id| reply(200, json!({ "folder": body(tx.state, id) }))),
        ("POST", []) => create(request, tx),
        ("PUT", ["move-list"]) => move_list(request, tx),
        ("DELETE", [id]) => delete(id, tx),
        ("PUT", [id, "rename"]) => rename(request, id, tx),
        ("PUT", [id, "move", parent]) => change_parent(request, id, parent, tx),
        _ => return None,
    })
}

fn number(id: &str) -> Result<u64, ErrorBody> {
    id.parse().map_err(|_| bad_parameter("folderId", &format!("'{id}' is not the id of a folder")))
}

/// The id of a folder that is there, the root included.
pub fn exists(state: &State, id: u64) -> Result<u64, ErrorBody> {
    let found = id == ROOT || state.lists.folders.contains_key(&id);
    if found { Ok(id) } else { Err(invalid::folder_missing(id)) }
}

fn find(state: &State, id: &str) -> Result<Folder, ErrorBody> {
    let id = number(id)?;
    state.lists.folders.get(&id).cloned().ok_or_else(|| invalid::folder_missing(id))
}

/// How many folders a folder is in; the root is in none.
fn depth(state: &State, mut id: u64) -> usize {
    let mut depth = 0;
    while let Some(folder) = state.lists.folders.get(&id) {
        depth += 1;
        id = folder.parent;
    }
    depth
}

/// How many folders deep a folder's own go, itself included.
fn height(state: &State, id: u64) -> usize {
    let children = state.lists.folders.values().filter(|folder| folder.parent == id);
    1 + children.map(|child| height(state, child.id)).max().unwrap_or(0)
}

fn name(given: Option<&str>) -> Result<String, ErrorBody> {
    let fits = given.filter(|name| !name.trim().is_empty() && name.chars().count() <= NAME_MAX);
    fits.map(str::to_owned).ok_or_else(|| bad_field("name", &format!("must have 1 to {NAME_MAX} characters")))
}

fn refuse_depth(depth: usize) -> Result<(), ErrorBody> {
    if depth > DEPTH_MAX { Err(invalid::folders_too_deep(DEPTH_MAX)) } else { Ok(()) }
}

fn create(request: &Request<'_>, tx: &mut Tx<'_>) -> Answer {
    let given = request.json()?;
    let name = name(text(&given, "name")?)?;
    let parent = exists(tx.state, number(&id_text(given.get("parentFolderId")).unwrap_or_else(|| "0".to_owned()))?)?;
    refuse_depth(depth(tx.state, parent) + 1)?;
    let id = tx.state.lists.folders.keys().last().map_or(1, |last| last + 1);
    tx.put_folder(Folder { id, name, parent, created_at: request.now, updated_at: request.now });
    Ok(reply(200, json!({ "folder": body(tx.state, id) })))
}

fn delete(id: &str, tx: &mut Tx<'_>) -> Answer {
    let folder = find(tx.state, id)?;
    let has_folders = tx.state.lists.folders.values().any(|other| other.parent == folder.id);
    if has_folders || tx.state.lists.lists.values().any(|list| list.deleted_at.is_none() && list.folder == folder.id) {
        return Err(invalid::folder_not_empty(id));
    }
    tx.remove_folder(folder.id);
    Ok(no_content())
}

fn rename(request: &Request<'_>, id: &str, tx: &mut Tx<'_>) -> Answer {
    let folder = find(tx.state, id)?;
    let (id, name) = (folder.id, name(request.query.get("newFolderName"))?);
    tx.put_folder(Folder { name, updated_at: request.now, ..folder });
    Ok(reply(200, json!({ "folder": body(tx.state, id) })))
}

fn change_parent(request: &Request<'_>, id: &str, parent: &str, tx: &mut Tx<'_>) -> Answer {
    let folder = find(tx.state, id)?;
    let parent = exists(tx.state, number(parent)?)?;
    let mut above = Some(parent);
    while let Some(at) = above {
        if at == folder.id {
            return Err(invalid::folder_in_itself());
        }
        above = tx.state.lists.folders.get(&at).map(|folder| folder.parent);
    }
    refuse_depth(depth(tx.state, parent) + height(tx.state, folder.id))?;
    let id = folder.id;
    tx.put_folder(Folder { parent, updated_at: request.now, ..folder });
    Ok(reply(200, json!({ "folder": body(tx.state, id) })))
}

fn move_list(request: &Request<'_>, tx: &mut Tx<'_>) -> Answer {
    let given = request.json()?;
    let id = |field: &str| id_text(given.get(field)).ok_or_else(|| missing_field(field));
    let list = lists::find(tx.state, &id("listId")?)?.clone();
    let folder = exists(tx.state, number(&id("newFolderId")?)?)?;
    tx.put_list(List { folder, updated_at: request.now, ..list });
    Ok(no_content())
}

fn body(state: &State, id: u64) -> Value {
    let children = state.lists.folders.values().filter(|folder| folder.parent == id);
    let lists = state.lists.lists.values().filter(|list| list.deleted_at.is_none() && list.folder == id);
    let mut body = json!({
        "id": id.to_string(), "parentFolderId": "0", "childLists": lists.map(|list| list.id).collect::<Vec<_>>(),
        "childNodes": children.map(|child| self::body(state, child.id)).collect::<Vec<_>>(),
    });
    if let Some(folder) = state.lists.folders.get(&id) {
        body["name"] = folder.name.as_str().into();
        body["parentFolderId"] = folder.parent.to_string().into();
        body["createdAt"] = folder.created_at.to_iso().into();
        body["updatedAt"] = folder.updated_at.to_iso().into();
    }
    body
}
