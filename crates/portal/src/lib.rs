//! The embedded CRM: a HubSpot-compatible account in memory, kept in one file.
//!
//! The crate knows nothing of tokens or limits: its caller has decided that a call may be made. The exception
//! is a decision that needs the account's state, such as the object type of a list. That is made here and in
//! `keyway_objects` from the caller's scopes, by the rules of `core::policy`. Begin with [`Portal::handle`], then
//! `perform` (who performs a call) and `keyway_objects::crm` (the operations of the CRM). Everything beyond the CRM
//! is in `collections`.

mod account;
mod collections;
mod copy;
mod diff;
mod durable;
mod fill;
mod legacy;
mod perform;
mod seed;
mod workers;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use http::Method;
use keyway_core::error_body::ErrorBody;
use keyway_core::path::NormalPath;
use keyway_core::time::Timestamp;
use keyway_objects::documents::Change;
use keyway_objects::state::State;
use keyway_objects::tx::Tx;
use keyway_objects::{restore, webhooks};
use serde_json::Value;

use account::{Account, WAIT_MAX, no_account};
use durable::Log;
use perform::{Desk, answer, served};
use workers::Workers;

pub use diff::{Only, differences};
pub use fill::{SETS, read_seed, read_yaml, seed_schema};
pub use keyway_objects::call::{Call, Reply};
pub use keyway_objects::state::AccountSettings;
pub use keyway_objects::vocabulary;
pub use keyway_objects::webhooks::{Event, Notice};
pub use seed::DemoSummary;

/// Where records are kept.
#[derive(Clone, Debug)]
pub enum Storage {
    /// In memory only.
    Ephemeral,
    /// In `portal.db` in this folder.
    Folder(PathBuf),
    /// The same, in the data folder with this id: a `portal.db` of another data folder is refused.
    DataFolder(PathBuf, String),
}

/// The file can't be opened or read.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// SQLite says why.
    #[error("the embedded account's file: {0}")]
    File(#[from] sqlx::Error),
    /// A document is not what this version writes.
    #[error("the embedded account's file holds {0}, which can't be read")]
    Document(String),
}

impl From<restore::Unreadable> for OpenError {
    fn from(unreadable: restore::Unreadable) -> Self {
        Self::Document(unreadable.to_string())
    }
}

/// An account could not be made or deleted.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StorageError(String);

/// What an account holds could not be replaced or added to.
#[derive(Debug, thiserror::Error)]
pub enum RefillError {
    /// What was given is not valid; the text says where.
    #[error("{0}")]
    Invalid(String),
    /// The account refused one of the calls that a seed is made of.
    #[error("{place}: {what}")]
    Refused {
        /// Where the call is in the seed.
        place: String,
        /// The refusal.
        what: String,
        /// The field of the call's body that the refusal names.
        field: Option<String>,
    },
    /// It could not be made durable.
    #[error("{0}")]
    Storage(String),
}

impl From<ErrorBody> for RefillError {
    fn from(error: ErrorBody) -> Self {
        Self::Storage(error.message)
    }
}

/// HubSpot's own address, for calls that come over no network.
const HUBSPOT: &str = "https://api.hubapi.com";

/// Held for as long as it takes to look an account up, to add one or to take one out; never while an
/// account is waited for.
type Accounts = HashMap<u64, Arc<Account>, foldhash::fast::RandomState>;

/// The embedded accounts.
pub struct Portal {
    accounts: RwLock<Accounts>,
    desk: Desk,
    workers: Workers,
}

impl Portal {
    /// Opens the accounts, with all their records.
    ///
    /// # Errors
    /// The file can't be opened or read.
    pub async fn open(storage: Storage) -> Result<Self, OpenError> {
        let (log, documents) = match storage {
            Storage::Ephemeral => (Log::ephemeral(), Vec::new()),
            Storage::Folder(folder) => Log::open(&folder.join("portal.db"), None).await?,
            Storage::DataFolder(folder, id) => Log::open(&folder.join("portal.db"), Some(id)).await?,
        };
        let accounts = restore::accounts(documents)?.into_iter().map(|(hub_id, state)| (hub_id, Arc::new(Account::new(state))));
        let workers = Workers::new().map_err(sqlx::Error::from)?;
        let desk = Desk { log, listener: Arc::default(), stopping: Arc::default(), patience: WAIT_MAX };
        Ok(Self { accounts: RwLock::new(accounts.collect()), desk, workers })
    }

    /// Makes an account, or changes the settings of one that is there.
    ///
    /// # Errors
    /// It could not be made durable.
    pub async fn create_account(&self, hub_id: u64, settings: AccountSettings) -> Result<(), StorageError> {
        let position = loop {
            let new = Arc::new(Account::new(State::new(hub_id, settings.clone())));
            // No other call holds it yet: one that finds it in the map waits until it is stored.
            let held = new.alone().await;
            let there = self.accounts.write().unwrap_or_else(PoisonError::into_inner).entry(hub_id).or_insert_with(|| new.clone()).clone();
            let is_new = Arc::ptr_eq(&there, &new);
            let mut state = if is_new { held } else { there.alone().await };
            if state.is_deleted {
                // It went while it was waited for, and is no longer in the map.
                continue;
            }
            let changed = is_new || state.settings != settings;
            state.settings = settings;
            let made_at = state.settings.created_at;
            let mut tx = Tx::new(&mut state);
            if changed {
                tx.put_settings();
            }
            if is_new {
                seed::owners(&mut tx, made_at);
            }
            break self.desk.append(tx);
        };
        self.desk.log.wait(position).await.map_err(|error| StorageError(error.message))
    }

    /// Deletes an account and all its records.
    ///
    /// # Errors
    /// It could not be made durable.
    pub async fn delete_account(&self, hub_id: u64) -> Result<(), StorageError> {
        let position = loop {
            let Some(account) = self.account(hub_id) else {
                match self.delete_unknown(hub_id) {
                    Some(position) => break position,
                    None => continue,
                }
            };
            // Alone, before it leaves the map: calls that change it come before or after, in memory and in
            // the file alike.
            let mut state = account.alone().await;
            if !state.is_deleted {
                // A call that found the account before still holds it; it must write nothing after this.
                state.is_deleted = true;
                let mut accounts = self.accounts.write().unwrap_or_else(PoisonError::into_inner);
                accounts.remove(&hub_id);
                break self.desk.log.append(vec![everything(hub_id)]);
            }
        };
        self.desk.log.wait(position).await.map_err(|error| StorageError(error.message))
    }

    /// Fills an account with sample records, unless it has some.
    ///
    /// # Errors
    /// There is no such account, or it could not be made durable.
    pub async fn seed_demo(&self, hub_id: u64, now: Timestamp) -> Result<DemoSummary, StorageError> {
        let account = self.account(hub_id).ok_or_else(|| StorageError(format!("there is no account {hub_id}")))?;
        let (summary, position) = {
            let mut state = account.alone().await;
            if state.is_deleted {
                return Err(StorageError(format!("there is no account {hub_id}")));
            }
            let mut tx = Tx::new(&mut state);
            let summary = seed::demo(&mut tx, now);
            (summary, self.desk.append(tx))
        };
        self.desk.log.wait(position).await.map_err(|error| StorageError(error.message))?;
        Ok(summary)
    }

    /// Answers a call. The answer to a write is durable, and the answer to a read shows nothing
    /// that is not.
    ///
    /// # Errors
    /// HubSpot's refusal; nothing was changed.
    pub async fn handle(&self, call: Call) -> Result<Reply, ErrorBody> {
        let account = self.account(call.hub_id).ok_or_else(|| no_account(call.hub_id))?;
        let done = match self.desk.here(&account, &call).await? {
            Some(done) => done,
            // On the heap: most calls don't need the room for it.
            None => Box::pin(self.desk.on_a_worker(&self.workers, account.clone(), call)).await?,
        };
        // Refusals wait too: a 409 names a record, whose creation must be durable first.
        self.desk.log.wait(done.position).await?;
        if done.tells {
            self.tell_until(&account, done.position);
        }
        done.answer
    }

    /// Sets the listener that gets the webhook notices of later calls, once each change is durable. A second
    /// listener is ignored.
    pub fn tell(&self, listener: impl Fn(Notice) + Send + Sync + 'static) {
        let _ = self.desk.listener.set(Box::new(listener));
    }

    /// The targets and subscriptions of an account's apps, one object for each app.
    pub async fn webhooks(&self, hub_id: u64) -> Vec<Value> {
        match self.account(hub_id) {
            Some(account) => webhooks::told_to(&*account.shared().await),
            None => Vec::new(),
        }
    }

    /// Whether the embedded account serves this path and method.
    pub fn serves(&self, method: &str, path: &NormalPath) -> bool {
        let settings = AccountSettings {
            time_zone: "UTC".into(),
            currency: "USD".into(),
            tier: "free".into(),
            created_at: Timestamp::from_ms(0),
            name: String::new(),
        };
        let mut state = State::new(0, settings);
        let Ok(method) = method.parse::<Method>() else { return false };
        let (path, now) = (path.clone(), Timestamp::from_ms(0));
        let call =
            Call { hub_id: 0, app_id: 0, user_id: 0, method, path, query: None, body: Bytes::new(), now, by: None, base: HUBSPOT.into() };
        served(&call, &mut Tx::new(&mut state)).is_some()
    }

    /// Whether what is at a path is kept as it is sent, and nothing follows from it.
    pub fn keeps(&self, path: &NormalPath) -> bool {
        collections::is_document(path)
    }

    /// The accounts that the file holds, in order.
    pub fn accounts(&self) -> Vec<u64> {
        let mut accounts: Vec<u64> = self.accounts.read().unwrap_or_else(PoisonError::into_inner).keys().copied().collect();
        accounts.sort_unstable();
        accounts
    }

    /// How many documents calls on an account have written since the program started.
    pub async fn written(&self, hub_id: u64) -> u64 {
        match self.account(hub_id) {
            Some(account) => account.shared().await.written,
            None => 0,
        }
    }

    /// How many records an account holds that are not archived; 0 where there is no such account.
    pub async fn records(&self, hub_id: u64) -> u64 {
        match self.account(hub_id) {
            Some(account) => account.shared().await.record_count(),
            None => 0,
        }
    }

    /// Writes pending changes and closes the file. Calls in progress are abandoned.
    pub async fn close(&self) {
        self.desk.stop();
        self.desk.log.close().await;
    }

    /// Deletes what the file may have of an account that is not there; none where it is there by now.
    fn delete_unknown(&self, hub_id: u64) -> Option<u64> {
        let accounts = self.accounts.write().unwrap_or_else(PoisonError::into_inner);
        (!accounts.contains_key(&hub_id)).then(|| self.desk.log.append(vec![everything(hub_id)]))
    }

    fn tell_until(&self, account: &Account, position: u64) {
        if let Some(listener) = self.desk.listener.get() {
            account.tell_until(position, listener);
        }
    }

    fn account(&self, hub_id: u64) -> Option<Arc<Account>> {
        self.accounts.read().unwrap_or_else(PoisonError::into_inner).get(&hub_id).cloned()
    }
}

/// The writer holds its file and its thread until it learns that no more changes will come.
impl Drop for Portal {
    fn drop(&mut self) {
        self.desk.log.begin_close();
    }
}

/// The change that removes every document of an account.
fn everything(hub_id: u64) -> Change {
    Change { hub_id, space: "*", key: String::new(), body: None }
}

fn no_such_account(hub_id: u64) -> RefillError {
    RefillError::Invalid(format!("there is no embedded account {hub_id}"))
}
