//! An account as text, for a test to come back to: taken out, put back, emptied.
//!
//! The form is that of the file: documents under a key, one line of JSON each. Readable and
//! comparable, and the same whether the account is kept in a file or in memory.

use std::sync::PoisonError;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::durable::{Change, Document};
use crate::kind::Kind;
use crate::state::{State, Tx};
use crate::{Portal, RefillError, load, locked, no_such_account, seed};

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
struct Line {
    space: String,
    key: String,
    body: Value,
}

impl Portal {
    /// All that an account holds, but for its own settings.
    ///
    /// # Errors
    /// There is no such account.
    pub fn copy_account(&self, hub_id: u64) -> Result<Vec<u8>, RefillError> {
        let account = self.account(hub_id).ok_or_else(|| no_such_account(hub_id))?;
        let documents = documents(&locked(&account));
        let mut copy = json(&Head { keyway: KIND.to_owned(), version: VERSION });
        for Change { space, key, body, .. } in &documents {
            let Some(body) = body.as_deref().filter(|_| *space != "account") else { continue };
            let body: Value = serde_json::from_slice(body).expect("a document is JSON");
            copy.push(b'\n');
            copy.extend(json(&Line { space: (*space).to_owned(), key: key.clone(), body }));
        }
        copy.push(b'\n');
        Ok(copy)
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
            // As for a new account: a delete of the same account comes before or after it.
            let accounts = self.accounts.read().unwrap_or_else(PoisonError::into_inner);
            let account = accounts.get(&hub_id).ok_or_else(|| no_such_account(hub_id))?;
            let mut state = locked(account);
            self.log.check_writable()?;
            let mut made = make(&state)?;
            let mut changes = vec![Change { hub_id, space: "*", key: String::new(), body: None }];
            changes.extend(documents(&made));
            let position = self.log.append(changes);
            made.position = position;
            *state = made;
            position
        };
        Ok(self.log.wait(position).await?)
    }
}

/// An account as documents make it; its settings, and what is not in documents, are those of another.
pub(crate) fn rebuild(like: &State, documents: Vec<Document>) -> Result<State, RefillError> {
    let account = Document { hub_id: like.hub_id, space: "account".into(), key: String::new(), body: json(&like.settings) };
    let made = load(std::iter::once(account).chain(documents).collect()).map_err(|error| RefillError::Invalid(error.to_string()))?;
    made.into_values().next().ok_or_else(|| no_such_account(like.hub_id))
}

fn read(hub_id: u64, copy: &[u8]) -> Result<Vec<Document>, RefillError> {
    let invalid = |line: usize, what: &str| RefillError::Invalid(format!("line {}: {what}", line + 1));
    let text = std::str::from_utf8(copy).map_err(|_| RefillError::Invalid("the copy is not text".into()))?;
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let head = lines.next().and_then(|(_, line)| serde_json::from_str::<Head>(line).ok()).filter(|head| head.keyway == KIND);
    let head = head.ok_or_else(|| invalid(0, "this is no copy of an embedded account"))?;
    if head.version != VERSION {
        return Err(invalid(0, &format!("the copy has version {}, and this server reads {VERSION}", head.version)));
    }
    lines
        .map(|(at, line)| {
            let Line { space, key, body } = serde_json::from_str(line).map_err(|error| invalid(at, &error.to_string()))?;
            if space == "account" {
                return Err(invalid(at, "the settings of an account are not a part of a copy"));
            }
            Ok(Document { hub_id, space, key, body: body.to_string().into_bytes() })
        })
        .collect()
}

/// An account as the file has it.
pub(crate) fn documents(state: &State) -> Vec<Change> {
    let mut all = Vec::new();
    let mut add = |space: &'static str, key: String, body: Vec<u8>| all.push(Change { hub_id: state.hub_id, space, key, body: Some(body) });
    add("account", String::new(), json(&state.settings));
    for owner in &state.owners {
        add("owner", owner.id.to_string(), json(owner));
    }
    for kind in Kind::all() {
        for record in state.table(kind).all() {
            add("record", format!("{}/{}", kind.name(), record.id), record.to_stored());
        }
    }
    for (key, item) in state.items.all() {
        add("item", key, json(item));
    }
    for (from, to, types) in state.links.all() {
        add("link", format!("{}/{}/{}/{}", from.0.name(), from.1, to.0.name(), to.1), json(&types));
    }
    all
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("text, numbers and lists always serialise")
}
