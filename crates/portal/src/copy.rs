//! An account as text: a test copies the account, and restores or empties it later.
//!
//! The text has the documents of the store, one line of JSON each. It can be read and compared, and is the same
//! whether the account is kept in a file or in memory.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::durable::{Change, Document};
use crate::schema::Schema;
use crate::space::Space;
use crate::state::State;
use crate::table::FIRST_ID;
use crate::tx::Tx;
use crate::{Portal, RefillError, no_such_account, pipelines, restore, seed};

/// The first line of a copy.
#[derive(Serialize, Deserialize)]
struct Head {
    keyway: String,
    version: u32,
}

const KIND: &str = "embedded account";
const VERSION: u32 = 1;

/// A document.
#[derive(Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) space: String,
    pub(crate) key: String,
    pub(crate) body: Value,
}

impl Portal {
    /// Copies the content of an account, except its own settings.
    ///
    /// # Errors
    /// There is no such account.
    pub async fn copy_account(&self, hub_id: u64) -> Result<Vec<u8>, RefillError> {
        let account = self.account(hub_id).ok_or_else(|| no_such_account(hub_id))?;
        Ok(text(&*account.shared().await))
    }

    /// Puts a copy in the place of what an account holds; its settings stay.
    ///
    /// # Errors
    /// There is no such account, the copy can't be read, or it could not be made durable. Nothing was
    /// changed then.
    pub async fn put_back(&self, hub_id: u64, copy: &[u8]) -> Result<(), RefillError> {
        let documents = read(hub_id, copy)?;
        self.replace(hub_id, |state| rebuild(state, documents)).await
    }

    /// Takes every record and definition away: the account is as it was made.
    ///
    /// # Errors
    /// There is no such account, or it could not be made durable.
    pub async fn empty_account(&self, hub_id: u64) -> Result<(), RefillError> {
        let as_made = |state: &State| {
            let mut fresh = State::new(hub_id, state.settings.clone());
            seed::owners(&mut Tx::new(&mut fresh), state.settings.created_at);
            Ok(fresh)
        };
        self.replace(hub_id, as_made).await
    }

    async fn replace(&self, hub_id: u64, make: impl FnOnce(&State) -> Result<State, RefillError>) -> Result<(), RefillError> {
        let position = {
            let account = self.account(hub_id).ok_or_else(|| no_such_account(hub_id))?;
            let mut state = account.alone().await;
            if state.is_deleted {
                return Err(no_such_account(hub_id));
            }
            self.desk.log.check_writable()?;
            let mut made = make(&state)?;
            let mut changes = vec![Change { hub_id, space: "*", key: String::new(), body: None }];
            changes.extend(documents(&made));
            let position = self.desk.log.append(changes);
            made.position = position;
            // Event ids go on from here, so that a webhook never gets the id of an earlier event again.
            made.next_event = state.next_event;
            *state = made;
            position
        };
        Ok(self.desk.log.wait(position).await?)
    }
}

/// The content of an account, except its own settings, as the text of a copy.
pub(crate) fn text(state: &State) -> Vec<u8> {
    let mut copy = json(&Head { keyway: KIND.to_owned(), version: VERSION });
    for Change { space, key, body, .. } in documents(state) {
        let Some(body) = body.as_deref().filter(|_| space != "account") else { continue };
        let body: Value = serde_json::from_slice(body).expect("a document is JSON");
        copy.push(b'\n');
        copy.extend(json(&Line { space: space.to_owned(), key, body }));
    }
    copy.push(b'\n');
    copy
}

/// An account as documents make it; its settings, and what is not in documents, are those of another.
pub(crate) fn rebuild(like: &State, documents: Vec<Document>) -> Result<State, RefillError> {
    let account = Document { hub_id: like.hub_id, space: "account".into(), key: String::new(), body: json(&like.settings) };
    let made =
        restore::accounts(std::iter::once(account).chain(documents).collect()).map_err(|error| RefillError::Invalid(error.to_string()))?;
    made.into_values().next().ok_or_else(|| no_such_account(like.hub_id))
}

/// The lines of a copy after the first, each with its place from 0.
pub(crate) fn body_lines(copy: &[u8]) -> Result<Vec<(usize, &str)>, RefillError> {
    let text = std::str::from_utf8(copy).map_err(|_| RefillError::Invalid("the copy is not text".into()))?;
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let head = lines.next().and_then(|(_, line)| serde_json::from_str::<Head>(line).ok()).filter(|head| head.keyway == KIND);
    let head = head.ok_or_else(|| invalid(0, "this is not a copy of an embedded account"))?;
    if head.version != VERSION {
        return Err(invalid(0, &format!("the copy has version {}, and this server reads {VERSION}", head.version)));
    }
    Ok(lines.collect())
}

fn invalid(line: usize, what: &str) -> RefillError {
    RefillError::Invalid(format!("line {}: {what}", line + 1))
}

fn read(hub_id: u64, copy: &[u8]) -> Result<Vec<Document>, RefillError> {
    body_lines(copy)?
        .into_iter()
        .map(|(at, line)| {
            let Line { space, key, body } = serde_json::from_str(line).map_err(|error| invalid(at, &error.to_string()))?;
            if space == "account" {
                return Err(invalid(at, "the settings of an account are not a part of a copy"));
            }
            Ok(Document { hub_id, space, key, body: body.to_string().into_bytes() })
        })
        .collect()
}

/// An account as the file has it: all that differs from what every account has at first.
pub(crate) fn documents(state: &State) -> Vec<Change> {
    let mut out = Documents { hub_id: state.hub_id, all: Vec::new() };
    out.add("account", String::new(), &state.settings);
    for owner in &state.owners {
        out.add("owner", owner.id.to_string(), owner);
    }
    if state.next_custom > 0 {
        out.add("next_type", String::new(), &state.next_custom);
    }
    for space in state.spaces() {
        out.definitions(space);
    }
    let mut labels: Vec<_> = state.link_types.own().collect();
    labels.sort_by_key(|(pair, link)| (*pair, link.id));
    for ((from, to), link) in labels {
        out.add("label", format!("{from}/{to}/{}", link.id), link);
    }
    for ((from, to, id), limit) in &state.link_types.limits {
        out.add("link_limit", format!("{from}/{to}/{id}"), limit);
    }
    for (id, list) in &state.lists.lists {
        out.add("list", id.to_string(), list);
    }
    for ((list, record), joined) in &state.lists.members {
        out.add("member", format!("{list}/{record}"), joined);
    }
    for (id, folder) in &state.lists.folders {
        out.add("folder", id.to_string(), folder);
    }
    for space in state.spaces() {
        out.records(space);
    }
    for (from, to) in state.links.iter() {
        out.add("link", format!("{}/{}/{}/{}", from.0, from.1, to.0, to.1), &state.links.between(from, to));
    }
    for (key, item) in state.items.all() {
        out.add("item", key, item);
    }
    out.all
}

struct Documents {
    hub_id: u64,
    all: Vec<Change>,
}

impl Documents {
    fn add(&mut self, space: &'static str, key: String, value: &impl Serialize) {
        self.put(space, key, json(value));
    }

    fn put(&mut self, space: &'static str, key: String, body: Vec<u8>) {
        self.all.push(Change { hub_id: self.hub_id, space, key, body: Some(body) });
    }

    /// What the account defined or changed of a type.
    fn definitions(&mut self, space: &Space) {
        let kind = space.kind;
        if let Some(custom) = &space.custom {
            self.add("type", kind.to_string(), custom);
        }
        let at_first = Schema::of(kind);
        for property in space.schema.all() {
            let (own, first) = (json(property), at_first.find(&property.name).map(json));
            if first.as_ref() != Some(&own) {
                self.put("property", format!("{kind}/{}", property.name), own);
            }
        }
        for (name, group) in &space.schema.groups {
            let (own, first) = (json(group), at_first.groups.get(name).map(json));
            if first.as_ref() != Some(&own) {
                self.put("group", format!("{kind}/{name}"), own);
            }
        }
        let first_pipelines = pipelines::defaults(kind);
        for pipeline in space.pipelines.iter() {
            let (own, first) = (json(pipeline), first_pipelines.iter().find(|first| first.id == pipeline.id).map(json));
            if first.as_ref() != Some(&own) {
                self.put("pipeline", format!("{kind}/{}", pipeline.id), own);
            }
        }
    }

    fn records(&mut self, space: &Space) {
        let kind = space.kind;
        let mut last = None;
        for archived in [false, true] {
            for record in space.table.range(0, archived) {
                last = last.max(Some(record.id));
                self.put("record", format!("{kind}/{}", record.id), record.to_stored());
            }
        }
        let next = space.table.next_id();
        if last.map_or(FIRST_ID, |last| last + 1) != next {
            // The ids of permanently deleted records are not used again.
            self.add("next", kind.to_string(), &next);
        }
    }
}

fn json(value: &(impl Serialize + ?Sized)) -> Vec<u8> {
    serde_json::to_vec(value).expect("text, numbers and lists always serialise")
}
