//! An account as text: a test copies the account, and restores or empties it later.
//!
//! The text has the documents of the store, one line of JSON each. It can be read and compared, and is the same
//! whether the account is kept in a file or in memory.

use keyway_objects::documents::{self, Change, Document};
use keyway_objects::restore;
use keyway_objects::state::State;
use keyway_objects::tx::Tx;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{OpenError, Portal, RefillError, no_such_account, seed};

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

    /// Whether a text is a copy that can be restored; changes nothing.
    ///
    /// # Errors
    /// There is no such account, or the copy can't be read.
    pub async fn check_copy(&self, hub_id: u64, copy: &[u8]) -> Result<(), RefillError> {
        let documents = read(hub_id, copy)?;
        let account = self.account(hub_id).ok_or_else(|| no_such_account(hub_id))?;
        rebuild(&*account.shared().await, documents).map(drop)
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
            changes.extend(documents::of(&made));
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
    for Change { space, key, body, .. } in documents::of(state) {
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
    let made = restore::accounts(std::iter::once(account).chain(documents).collect())
        .map_err(|error| RefillError::Invalid(OpenError::from(error).to_string()))?;
    made.into_values().next().ok_or_else(|| no_such_account(like.hub_id))
}

/// The lines of a copy after the first, each with its place from 0.
pub(crate) fn body_lines(copy: &[u8]) -> Result<Vec<(usize, &str)>, RefillError> {
    let text = std::str::from_utf8(copy).map_err(|_| RefillError::Invalid("the copy is not text".into()))?;
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let head = lines.next().and_then(|(_, line)| serde_json::from_str::<Head>(line).ok()).filter(|head| head.keyway == KIND);
    let head = head.ok_or_else(|| invalid(0, "it does not begin as a snapshot of an embedded account does"))?;
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

fn json(value: &(impl Serialize + ?Sized)) -> Vec<u8> {
    serde_json::to_vec(value).expect("text, numbers and lists always serialise")
}
