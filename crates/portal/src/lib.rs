//! The embedded CRM: a HubSpot-compatible account in memory, kept in one file.
//!
//! It knows nothing of tokens or limits; whoever calls it has decided that the call may be made. What
//! only the account's state tells (the object type of a list) is decided here, by the caller's scopes, as
//! `core::policy` says. Begin with [`Portal::handle`], then `route` (what a path means) and `crm` (what is done).

mod collections;
mod copy;
mod crm;
mod durable;
mod fill;
mod kind;
mod legacy;
mod links;
mod lists;
mod moments;
mod pipelines;
mod property;
mod record;
mod request;
mod restore;
mod route;
mod rules;
mod schema;
mod seed;
mod space;
mod state;
mod table;
mod value;
mod webhooks;
mod words;
mod work;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use bytes::Bytes;
use http::Method;
use keyway_core::error_body::ErrorBody;
use keyway_core::path::NormalPath;
use keyway_core::policy::OnBehalf;
use keyway_core::time::Timestamp;
use serde_json::Value;

use durable::{Change, Log};
use request::{Query, Request};
use route::Route;
use state::{State, Tx};
use work::{STEPS_MAX, Work};

pub use fill::SETS;
pub use seed::DemoSummary;
pub use state::AccountSettings;
pub use webhooks::{Event, Notice};

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
    /// It could not be made durable.
    #[error("{0}")]
    Storage(String),
}

impl From<ErrorBody> for RefillError {
    fn from(error: ErrorBody) -> Self {
        Self::Storage(error.message)
    }
}

/// A call that was let through.
#[derive(Debug)]
pub struct Call {
    /// The account.
    pub hub_id: u64,
    /// The app that calls; written into the history of properties.
    pub app_id: u64,
    /// The user it acts for.
    pub user_id: u64,
    /// The method.
    pub method: Method,
    /// The path.
    pub path: NormalPath,
    /// The query, as it came.
    pub query: Option<String>,
    /// The body.
    pub body: Bytes,
    /// The time of the call.
    pub now: Timestamp,
    /// In whose name it is performed; none of the operator's own calls, which may do anything.
    pub by: Option<OnBehalf>,
    /// Where the account is reached, such as `http://127.0.0.1:8484`: for links to files it keeps.
    pub base: Arc<str>,
}

/// An answer that is not an error.
#[derive(Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// JSON, or nothing.
    pub body: Bytes,
}

/// HubSpot's own address, for calls that come over no network.
const HUBSPOT: &str = "https://api.hubapi.com";

type Accounts = HashMap<u64, Arc<Mutex<State>>, foldhash::fast::RandomState>;

/// Whoever is told what happened.
type Listener = Box<dyn Fn(Notice) + Send + Sync>;

/// The embedded accounts.
pub struct Portal {
    accounts: RwLock<Accounts>,
    log: Log,
    listener: OnceLock<Listener>,
    /// Turns true when the server ends.
    stopping: Arc<AtomicBool>,
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
        let accounts = restore::accounts(documents)?.into_iter().map(|(hub_id, state)| (hub_id, Arc::new(Mutex::new(state))));
        Ok(Self { accounts: RwLock::new(accounts.collect()), log, listener: OnceLock::new(), stopping: Arc::default() })
    }

    /// Makes an account, or changes the settings of one that is there.
    ///
    /// # Errors
    /// It could not be made durable.
    pub async fn create_account(&self, hub_id: u64, settings: AccountSettings) -> Result<(), StorageError> {
        let position = {
            // Held until the change is queued: a delete of the same account comes before or after
            // it, in memory and in the file alike.
            let mut accounts = self.accounts.write().unwrap_or_else(PoisonError::into_inner);
            let is_new = !accounts.contains_key(&hub_id);
            let account = accounts.entry(hub_id).or_insert_with(|| Arc::new(Mutex::new(State::new(hub_id, settings.clone()))));
            let mut state = locked(account);
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
            self.append(tx)
        };
        self.log.wait(position).await.map_err(|error| StorageError(error.message))
    }

    /// Deletes an account and all its records.
    ///
    /// # Errors
    /// It could not be made durable.
    pub async fn delete_account(&self, hub_id: u64) -> Result<(), StorageError> {
        let position = {
            let mut accounts = self.accounts.write().unwrap_or_else(PoisonError::into_inner);
            // A call that found the account before still holds it; it must write nothing after this.
            if let Some(account) = accounts.remove(&hub_id) {
                locked(&account).is_deleted = true;
            }
            self.log.append(vec![Change { hub_id, space: "*", key: String::new(), body: None }])
        };
        self.log.wait(position).await.map_err(|error| StorageError(error.message))
    }

    /// Fills an account with sample records, unless it has some.
    ///
    /// # Errors
    /// There is no such account, or it could not be made durable.
    pub async fn seed_demo(&self, hub_id: u64, now: Timestamp) -> Result<DemoSummary, StorageError> {
        let account = self.account(hub_id).ok_or_else(|| StorageError(format!("there is no account {hub_id}")))?;
        let (summary, position) = {
            let mut state = locked(&account);
            if state.is_deleted {
                return Err(StorageError(format!("there is no account {hub_id}")));
            }
            let mut tx = Tx::new(&mut state);
            let summary = seed::demo(&mut tx, now);
            (summary, self.append(tx))
        };
        self.log.wait(position).await.map_err(|error| StorageError(error.message))?;
        Ok(summary)
    }

    /// Answers a call. The answer to a write is durable, and the answer to a read shows nothing
    /// that is not.
    ///
    /// # Errors
    /// HubSpot's refusal; nothing was changed.
    pub async fn handle(&self, call: Call) -> Result<Reply, ErrorBody> {
        let account = self.account(call.hub_id).ok_or_else(|| no_account(call.hub_id))?;
        let (answer, position, tells) = self.perform(&account, &call);
        // A refusal is waited for as well: a 409 tells of a record, too.
        self.log.wait(position).await?;
        if tells {
            self.tell_until(&account, position);
        }
        answer
    }

    /// Hands over what apps are to be told of calls from now on, once it is durable. The first
    /// listener stays.
    pub fn tell(&self, listener: impl Fn(Notice) + Send + Sync + 'static) {
        let _ = self.listener.set(Box::new(listener));
    }

    /// The targets and subscriptions of an account's apps, one object for each app.
    pub fn webhooks(&self, hub_id: u64) -> Vec<Value> {
        self.account(hub_id).map_or_else(Vec::new, |account| webhooks::told_to(&locked(&account)))
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

    /// The accounts that the file holds, in order.
    pub fn accounts(&self) -> Vec<u64> {
        let mut accounts: Vec<u64> = self.accounts.read().unwrap_or_else(PoisonError::into_inner).keys().copied().collect();
        accounts.sort_unstable();
        accounts
    }

    /// How many documents calls on an account have written since the program started.
    pub fn written(&self, hub_id: u64) -> u64 {
        self.account(hub_id).map_or(0, |account| locked(&account).written)
    }

    /// Writes what is pending and closes the file.
    pub async fn close(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.log.close().await;
    }

    /// The answer, the position that it must wait for, and whether there is something to tell then.
    fn perform(&self, account: &Mutex<State>, call: &Call) -> (Result<Reply, ErrorBody>, u64, bool) {
        let mut state = locked(account);
        if state.is_deleted {
            return (Err(no_account(call.hub_id)), 0, false);
        }
        if let Err(refused) = self.log.check_writable() {
            // A read could show changes that were never made durable.
            return (Err(refused), 0, false);
        }
        state.by.clone_from(&call.by);
        let work = Work::new(STEPS_MAX, self.stopping.clone());
        let mut tx = Tx::within(&mut state, &work);
        let answer = answer(call, &mut tx);
        // Whatever the call made of it.
        let answer = work.exceeded().map_or(answer, |exceeded| Err(exceeded.into()));
        let notices = webhooks::notices(&mut tx, call);
        tx.state.by = None;
        let position = self.append(tx);
        let tells = self.listener.get().is_some() && !notices.is_empty();
        if tells {
            state.untold.extend(notices.into_iter().map(|notice| (position, notice)));
        }
        (answer, position, tells)
    }

    /// Tells of everything up to a position that is durable, in the order in which it happened: calls
    /// that became durable together are answered in any.
    fn tell_until(&self, account: &Mutex<State>, position: u64) {
        let Some(listener) = self.listener.get() else { return };
        let mut state = locked(account);
        while let Some((_, notice)) = state.untold.pop_front_if(|(at, _)| *at <= position) {
            listener(notice);
        }
    }

    /// Queues a call's changes; the position that a reader of the state must wait for comes back.
    fn append(&self, tx: Tx<'_>) -> u64 {
        if !tx.changes.is_empty() {
            tx.state.written += tx.changes.len() as u64;
            tx.state.position = self.log.append(tx.changes);
        }
        tx.state.position
    }

    fn account(&self, hub_id: u64) -> Option<Arc<Mutex<State>>> {
        self.accounts.read().unwrap_or_else(PoisonError::into_inner).get(&hub_id).cloned()
    }
}

/// The writer keeps its file and its thread until it is told that nobody is left to write.
impl Drop for Portal {
    fn drop(&mut self) {
        self.log.begin_close();
    }
}

/// Answers a call; what it changes is in `tx`. An import that waits is done before.
fn answer(call: &Call, tx: &mut Tx<'_>) -> Result<Reply, ErrorBody> {
    collections::perform_waiting(call, tx);
    tx.notes.by_import();
    served(call, tx).unwrap_or_else(|| Err(not_served(call)))
}

/// The same; nothing where the path and method are not served.
fn served(call: &Call, tx: &mut Tx<'_>) -> Option<Result<Reply, ErrorBody>> {
    let Some(route) = Route::parse(&call.path) else { return legacy::answer(call, tx).or_else(|| collections::answer(call, tx)) };
    let request = Request {
        app_id: call.app_id,
        now: call.now,
        version: route.version,
        base: &call.base,
        path: call.path.as_str(),
        query: Query::parse(call.query.as_deref()),
        body: &call.body,
        work: tx.work,
    };
    crm::answer(&request, &call.method, &route, tx)
}

fn no_such_account(hub_id: u64) -> RefillError {
    RefillError::Invalid(format!("there is no embedded account {hub_id}"))
}

fn no_account(hub_id: u64) -> ErrorBody {
    ErrorBody::not_found(format!("there is no embedded account {hub_id}"))
}

fn not_served(call: &Call) -> ErrorBody {
    ErrorBody::new(
        501,
        "NOT_IMPLEMENTED",
        format!("{} {} is in HubSpot's catalog, but the embedded account does not serve it", call.method, call.path.as_str()),
    )
}

/// Handlers check before they change, so a panic leaves the state as it was.
fn locked(account: &Mutex<State>) -> MutexGuard<'_, State> {
    account.lock().unwrap_or_else(PoisonError::into_inner)
}
