//! Changes to accounts, apps and tokens: checked, written, then effective at once.
//!
//! Both the admin API and the command line come through here. A change is one transaction in the
//! store followed by a new snapshot for the pipeline.

mod accounts;
mod admin_tokens;
mod agents;
mod approvals;
mod apps;
mod board;
mod connections;
mod follow;
mod idempotency;
mod keys;
mod legacy;
mod notify;
mod oauth;
mod oauth_accounts;
mod people;
mod provider;
mod proxy;
mod public_apps;
mod record;
mod second_factor;
mod sessions;
mod set_up;
mod tokens;
mod webhooks;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use keyway_core::shown;
use keyway_core::time::Moment;
use tokio::sync::{Mutex, MutexGuard};

use crate::boxed::BoxFuture;
use crate::clock;
use crate::model::{Account, App, OAuthClient, ProxyAuthority, PublicApp, Token};
use crate::registry::Registry;
use crate::store::{self, Change, Everything, Store, StoreError};
use crate::upstream::CredentialError;

pub use crate::store::sessions::Wanted;
pub use admin_tokens::ADMIN_TOKEN_PREFIX;
pub use agents::{AgentTokens, Issued};
pub use approvals::NewApproval;
pub use board::{Board, Taken};
pub use connections::NewConnection;
pub use notify::{NewChannel, NewTarget};
pub use people::{AccessEnd, NewPerson};
pub use people::{PENDING_MS, SESSION_MS};
pub use provider::AtProvider;
pub use record::Acting;
pub use sessions::{Exhausted, NewSession, SpendError};

pub use proxy::Authorities;

pub use accounts::{AccountChange, NewAccount};
use accounts::{addons, region, time_zone};
pub use apps::{AppChange, BASE_SCOPE, NewApp, SharingChange, check_scopes};
use apps::{classes, refuse_install, scopes};
pub use keyway_api::body::OAuthSettings;
pub use oauth::{Exchanged, Rotated};
pub use oauth_accounts::{KnownGrant, NewOAuthClient, Standing};
pub use public_apps::{NewPublicApp, PublicAppChange};
pub use tokens::{FirstToken, NewToken, Rotation};
use tokens::{LIVE_TOKENS_MAX, end_after, is_live};

/// A change that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// What was asked for is not valid; the text says what would be.
    #[error("{0}")]
    Invalid(String),
    /// A parameter is not valid.
    #[error("{name} must be {expected}")]
    Parameter {
        /// Its name in the API.
        name: &'static str,
        /// What it must be.
        expected: String,
    },
    /// There is no such account, app or token.
    #[error("{0}")]
    NotFound(String),
    /// It collides with something that is there.
    #[error("{0}")]
    Conflict(String),
    /// The access of the person has ended.
    #[error("{0}")]
    AccessEnded(String),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The embedded account refused.
    #[error("the embedded account: {0}")]
    Backend(String),
    /// HubSpot can't be asked about a credential, or refuses it.
    #[error(transparent)]
    Credential(#[from] CredentialError),
}

impl ControlError {
    pub(crate) fn parameter(name: &'static str, expected: impl Into<String>) -> Self {
        Self::Parameter { name, expected: expected.into() }
    }
}

type Result<T> = std::result::Result<T, ControlError>;

/// What the backend of an account must do when the account comes and goes.
pub trait AccountHooks: Send + Sync {
    /// Whether there can be embedded accounts at all.
    fn embeds(&self) -> bool;
    /// An account is there (also called for each at the start).
    fn created<'a>(&'a self, account: &'a Account) -> BoxFuture<'a, std::result::Result<(), String>>;
    /// The accounts that the backend holds records of.
    fn held(&self) -> Vec<u64>;
    /// An account is gone: nothing of it is left on return.
    fn deleted(&self, hub_id: u64) -> BoxFuture<'_, std::result::Result<(), String>>;
}

/// Makes changes, one after the other.
pub struct Control {
    store: Store,
    registry: Arc<Registry>,
    hooks: Arc<dyn AccountHooks>,
    /// What the forward proxy signs with, as it is now.
    authorities: Authorities,
    /// What the store holds; the lock puts changes in order.
    state: Mutex<State>,
    /// When a change was last tried, and whether it could be written.
    tried: Mutex<Option<(Moment, bool)>>,
    /// Held while the master key is rotated.
    rotating: Mutex<()>,
    /// Whether the last use of tokens could be written, when it was tried last.
    is_written: AtomicBool,
}

/// Each thing is shared with the state before it until it changes, so that a change to one of ten
/// thousand costs no copy of the others, and what did not change is recognized by its address.
#[derive(Clone, Default)]
struct State {
    /// The number of the last change that it has.
    generation: i64,
    accounts: Vec<Arc<Account>>,
    apps: Vec<Arc<App>>,
    tokens: Vec<Arc<Token>>,
    public_apps: Vec<Arc<PublicApp>>,
    oauth_clients: Vec<Arc<OAuthClient>>,
    authorities: Vec<Arc<ProxyAuthority>>,
}

/// Longest name, description or owner, in characters.
const TEXT_MAX: usize = 1_000;

impl Control {
    /// Takes the store, and makes what is in it effective.
    ///
    /// # Errors
    /// The store can't be read, or an embedded account not be opened.
    pub async fn new(store: Store, registry: Arc<Registry>, hooks: Arc<dyn AccountHooks>) -> Result<Self> {
        let state = State { generation: -1, ..State::default() };
        let control = Self {
            store,
            registry,
            hooks,
            authorities: Authorities::default(),
            state: Mutex::new(state),
            tried: Mutex::default(),
            rotating: Mutex::default(),
            is_written: true.into(),
        };
        let (_, state) = control.begin().await?;
        for account in state.accounts.iter().filter(|account| account.connection.is_none()) {
            control.hooks.created(account).await.map_err(ControlError::Backend)?;
        }
        for hub_id in control.hooks.held().into_iter().filter(|held| find_account(&state, *held).is_err()) {
            tracing::warn!(
                hub_id,
                "portal.db holds records of an account that keyway.db does not know; \"keyway account delete {hub_id}\" deletes them"
            );
        }
        drop(state);
        Ok(control)
    }

    fn publish(&self, state: &State) {
        self.registry.replace(&state.accounts, &state.apps, &state.tokens, &state.public_apps);
        self.authorities.store(Arc::new(state.authorities.clone()));
    }

    /// Begins a change, on what the store holds now: another instance may have changed it. No other
    /// change begins before this one is done with.
    async fn begin(&self) -> Result<(Change, MutexGuard<'_, State>)> {
        let mut state = self.state.lock().await;
        let mut change = self.store.begin().await?;
        self.refresh(&mut change, &mut state).await?;
        Ok((change, state))
    }

    async fn refresh(&self, seen: &mut Change, state: &mut State) -> Result<()> {
        let generation = store::generation(&mut *seen).await?;
        if generation != state.generation {
            let Everything { accounts, apps, tokens, public_apps, oauth_clients, authorities } = self.store.load_all(seen).await?;
            let accounts = shared(&state.accounts, accounts, |one| one.hub_id);
            let apps = shared(&state.apps, apps, |one| one.id);
            let tokens = shared(&state.tokens, tokens, |one| one.id);
            let public_apps = shared(&state.public_apps, public_apps, |one| one.id);
            *state = State { generation, accounts, apps, tokens, public_apps, oauth_clients, authorities };
            self.publish(state);
        }
        Ok(())
    }

    /// Takes on what other instances have changed, and notes that nothing is missing.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn catch_up(&self) -> Result<()> {
        let asked = clock::steady();
        if self.store.generation().await? != self.state.lock().await.generation {
            let mut state = self.state.lock().await;
            let mut seen = self.store.read().await?;
            self.refresh(&mut seen, &mut state).await?;
        }
        self.registry.confirm(asked);
        Ok(())
    }

    /// Commits, then makes the new state the one that counts.
    async fn commit(&self, mut change: Change, current: &mut State, mut next: State) -> Result<()> {
        record::of_state(&mut change, current, &next).await?;
        next.generation = self.store.number(&mut change).await?;
        change.commit().await.map_err(StoreError::from)?;
        *current = next;
        self.publish(current);
        Ok(())
    }

    /// Whether the store answers.
    pub async fn is_ready(&self) -> bool {
        self.store.is_ready().await
    }

    /// Whether a change could be written now: tries it, at most once a second.
    pub async fn is_writable(&self) -> bool {
        const AGAIN_MS: i64 = 1_000;
        let now = clock::steady();
        let mut tried = self.tried.lock().await;
        match *tried {
            Some((at, writable)) if now < at.plus_ms(AGAIN_MS) => writable,
            _ => {
                let result = self.store.try_write().await;
                if let Err(error) = &result {
                    tracing::warn!(%error, "Keyway cannot write its store");
                }
                self.is_written.store(result.is_ok(), Ordering::Relaxed);
                *tried = Some((now, result.is_ok()));
                result.is_ok()
            }
        }
    }

    /// Writes what is pending and closes the store.
    pub async fn close(&self) {
        if let Err(error) = self.store_last_used().await {
            tracing::warn!(%error, "the last use of some tokens is not written down");
        }
        self.store.close().await;
    }

    /// Random bytes, or those of the seed.
    fn draw<const N: usize>(&self, kind: &'static str) -> Result<[u8; N]> {
        self.registry.draw(kind).map_err(no_randomness)
    }

    /// Refuses what would bring a credential of HubSpot to a server whose own secrets follow from a seed.
    fn refuse_under_a_seed(&self, what: &str) -> Result<()> {
        match self.registry.seed() {
            None => Ok(()),
            Some(_) => Err(ControlError::Conflict(format!(
                "this server was started with --random-seed, so its tokens are known to whoever knows the number; {what}. Start a server without --random-seed for it"
            ))),
        }
    }
}

fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(no_randomness)?;
    Ok(bytes)
}

fn no_randomness(error: getrandom::Error) -> ControlError {
    ControlError::Backend(format!("the system has no randomness: {error}"))
}

/// A secret that somebody sent, less the white space around it; none for one that is empty, too long
/// or more than one line of plain letters.
fn plain_secret(sent: &str, bytes_max: usize) -> Option<&str> {
    Some(sent.trim()).filter(|text| !text.is_empty() && text.len() <= bytes_max && text.bytes().all(|byte| byte.is_ascii_graphic()))
}

/// The error for something that is not there, with the command that lists what there is.
fn unknown(noun: &str, which: impl std::fmt::Display, list_with: &str) -> ControlError {
    ControlError::NotFound(shown::unknown(noun, &which.to_string(), list_with))
}

fn find_account(state: &State, hub_id: u64) -> Result<&Account> {
    state
        .accounts
        .iter()
        .map(Arc::as_ref)
        .find(|account| account.hub_id == hub_id)
        .ok_or_else(|| unknown("account", hub_id, "keyway account list"))
}

fn find_app<'a>(state: &'a State, id_or_name: &str) -> Result<&'a App> {
    let mut apps = state.apps.iter().map(Arc::as_ref);
    if let Some(app) = id_or_name.parse().ok().and_then(|id: u64| apps.clone().find(|app| app.id == id)) {
        return Ok(app);
    }
    let mut named = apps.by_ref().filter(|app| app.name == id_or_name);
    match (named.next(), named.next()) {
        (Some(app), None) => Ok(app),
        (Some(_), Some(_)) => Err(ControlError::Conflict(format!("several accounts have an app named {id_or_name}; use its id"))),
        _ => Err(unknown("app", id_or_name, "keyway app list")),
    }
}

/// Apps with their tokens, in one pass over these. Sessions are not among them.
fn with_tokens(state: &State, apps: Vec<App>) -> Vec<(App, Vec<Token>)> {
    let mut tokens: HashMap<u64, Vec<Token>> = apps.iter().map(|app| (app.id, Vec::new())).collect();
    for token in state.tokens.iter().filter(|token| token.session.is_none()) {
        if let Some(of_app) = tokens.get_mut(&token.app_id) {
            of_app.push(Token::clone(token));
        }
    }
    let found = |app: App| {
        let of_app = tokens.remove(&app.id).unwrap_or_default();
        (app, of_app)
    };
    apps.into_iter().map(found).collect()
}

fn tokens_of(state: &State, app_id: u64) -> Vec<Token> {
    state.tokens.iter().map(Arc::as_ref).filter(|token| token.app_id == app_id && token.session.is_none()).cloned().collect()
}

fn replace<T>(list: &mut [Arc<T>], value: T, is_it: impl Fn(&T) -> bool) {
    if let Some(old) = list.iter_mut().find(|one| is_it(one)) {
        *old = value.into();
    }
}

/// What was read again; what is as it was stays the same thing.
fn shared<T: PartialEq>(before: &[Arc<T>], read: Vec<T>, id: impl Fn(&T) -> u64) -> Vec<Arc<T>> {
    let known: HashMap<u64, &Arc<T>> = before.iter().map(|one| (id(one), one)).collect();
    let same = |one: T| match known.get(&id(&one)) {
        Some(old) if ***old == one => Arc::clone(old),
        _ => Arc::new(one),
    };
    read.into_iter().map(same).collect()
}

fn owned<T: Clone>(things: &[Arc<T>]) -> Vec<T> {
    things.iter().map(Arc::as_ref).cloned().collect()
}

fn text(what: &str, value: &str, required: bool) -> Result<String> {
    let value = value.trim();
    if required && value.is_empty() {
        return Err(ControlError::Invalid(format!("{what} must not be empty")));
    }
    if value.chars().count() > TEXT_MAX || value.chars().any(|letter| letter.is_control() || shown::turns(letter)) {
        let message = format!(
            "{what} must have at most {TEXT_MAX} characters, none of them control characters or ones that turn the direction of text"
        );
        return Err(ControlError::Invalid(message));
    }
    Ok(value.to_owned())
}

#[cfg(test)]
mod tests;
