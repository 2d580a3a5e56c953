//! Builds an account's state from the stored documents when the program starts.

use std::collections::HashMap;

use serde::de::DeserializeOwned;

use crate::documents::Document;
use crate::kind::Kind;
use crate::property::{Group, Property};
use crate::record::Record;
use crate::state::State;

/// A document is not what this version writes. The text names the document.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(String);

/// Makes the accounts of all documents.
///
/// # Errors
/// A document can't be read, or no other document makes the account or the type that it belongs to.
pub fn accounts(mut documents: Vec<Document>) -> Result<HashMap<u64, State>, Unreadable> {
    // A record is read with its type's properties at hand, a property with its type.
    documents.sort_by_key(|document| rank(&document.space));
    let mut states: HashMap<u64, State> = HashMap::new();
    for document in documents {
        restore(&mut states, &document).ok_or_else(|| unreadable(&document))?;
    }
    Ok(states)
}

fn rank(space: &str) -> u8 {
    match space {
        "account" => 0,
        "type" => 1,
        "record" | "link" | "next" => 3,
        _ => 2,
    }
}

fn unreadable(document: &Document) -> Unreadable {
    Unreadable(format!("{} {} of account {}", document.space, document.key, document.hub_id))
}

fn read<T: DeserializeOwned>(document: &Document) -> Option<T> {
    serde_json::from_slice(&document.body).ok()
}

fn restore(states: &mut HashMap<u64, State>, document: &Document) -> Option<()> {
    if document.space == "account" {
        states.insert(document.hub_id, State::new(document.hub_id, read(document)?));
        return Some(());
    }
    let state = states.get_mut(&document.hub_id)?;
    let (first, rest) = document.key.split_once('/').unwrap_or((&document.key, ""));
    let kind = || Kind::from_key(first).filter(|kind| state.has(*kind));
    match document.space.as_str() {
        "owner" => {
            let owner: crate::state::Owner = read(document)?;
            let place = state.owners.partition_point(|other| other.id < owner.id);
            state.owners.insert(place, owner);
        }
        "next_type" => state.next_custom = state.next_custom.max(read(document)?),
        "type" => state.put_custom(Kind::from_key(first)?, read(document)?),
        "property" => {
            let (kind, property) = (kind()?, read::<Property>(document)?);
            state.space_mut(kind).put_property(property);
        }
        "group" => {
            let (kind, group) = (kind()?, read::<Group>(document)?);
            std::sync::Arc::make_mut(&mut state.space_mut(kind).schema).groups.insert(group.name.clone(), group);
        }
        "pipeline" => {
            let kind = kind()?;
            state.space_mut(kind).put_pipeline(read(document)?);
        }
        "label" | "link_limit" => {
            let from = kind()?;
            let (to, id) = rest.split_once('/')?;
            let to = Kind::from_key(to)?;
            if document.space == "label" {
                state.link_types.put(from, to, read(document)?);
            } else {
                state.link_types.limits.insert((from, to, id.parse().ok()?), read(document)?);
            }
        }
        "list" => {
            state.lists.lists.insert(first.parse().ok()?, read(document)?);
        }
        "member" => {
            state.lists.members.insert((first.parse().ok()?, rest.parse().ok()?), read(document)?);
        }
        "folder" => {
            state.lists.folders.insert(first.parse().ok()?, read(document)?);
        }
        "record" => {
            let kind = kind()?;
            let record = Record::from_stored(rest.parse().ok()?, state.schema(kind), &document.body).ok()?;
            state.space_mut(kind).put_record(record);
        }
        "next" => {
            let kind = kind()?;
            state.space_mut(kind).table.skip_to(read(document)?);
        }
        "item" => state.items.restore(&document.key, read(document)?)?,
        "link" => {
            let from = kind()?;
            let mut parts = rest.split('/');
            let from = (from, parts.next()?.parse().ok()?);
            let to = (Kind::from_key(parts.next()?)?, parts.next()?.parse().ok()?);
            state.links.set(from, to, read(document)?);
        }
        _ => return None,
    }
    Some(())
}
