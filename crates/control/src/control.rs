//! Changes to accounts, apps and tokens: checked, written, then effective at once.
//!
//! Both the admin API and the command line come through here. A change is one transaction in the
//! store followed by a new snapshot for the pipeline.

mod admin_tokens;
mod agents;
mod approvals;
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
mod record;
mod second_factor;
mod sessions;
mod set_up;
mod webhooks;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use keyway_core::approval::Rule;
use keyway_core::beside::Beside;
use keyway_core::guards::{BesidePath, Guards, SensitiveProperties};
use keyway_core::quota::{Limits, Tier};
use keyway_core::safety::Classes;
use keyway_core::scope::{ScopeId, all_names, names};
use keyway_core::secret::Secret;
use keyway_core::share::WEIGHT_MAX;
use keyway_core::shown;
use keyway_core::time::Timestamp;
use keyway_core::token::{PlainToken, is_region};
use keyway_core::unlisted::Unlisted;
use tokio::sync::{Mutex, MutexGuard};

use crate::boxed::BoxFuture;
use crate::clock;
use crate::model::{Account, App, OAuthClient, ProxyAuthority, PublicApp, Sharing, Token};
use crate::principal::Principal;
use crate::registry::Registry;
use crate::store::{self, Change, Everything, Store, StoreError};
use crate::upstream::CredentialError;

pub use crate::store::sessions::Wanted;
pub use agents::{AgentTokens, Issued};
pub use approvals::NewApproval;
pub use board::{Board, Taken};
pub use connections::NewConnection;
pub use notify::{NewChannel, NewTarget};
pub use people::NewPerson;
pub use people::{PENDING_MS, SESSION_MS};
pub use provider::AtProvider;
pub use record::Acting;
pub use sessions::{Exhausted, NewSession, SpendError};

pub use proxy::Authorities;

pub use keyway_api::body::OAuthSettings;
pub use oauth::{Exchanged, NewPublicApp, PublicAppChange, Rotated};
pub use oauth_accounts::{KnownGrant, NewOAuthClient, Standing};

/// A change that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// What was asked for is not valid; the text says what would be.
    #[error("{0}")]
    Invalid(String),
    /// There is no such account, app or token.
    #[error("{0}")]
    NotFound(String),
    /// It collides with something that is there.
    #[error("{0}")]
    Conflict(String),
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

/// What a new account is made of; empty fields have defaults.
#[derive(Clone, Debug, Default)]
pub struct NewAccount {
    /// Chosen when none.
    pub hub_id: Option<u64>,
    /// What people call it.
    pub name: String,
    /// Subscription; Free when none.
    pub tier: Option<Tier>,
    /// API limit increases, 0 to 2.
    pub addons: u8,
    /// IANA name; UTC when none.
    pub time_zone: Option<String>,
    /// ISO 4217; USD when none.
    pub currency: Option<String>,
    /// Data centre; `na1` when none.
    pub region: Option<String>,
}

/// What changes of an account; none keeps.
#[derive(Clone, Debug, Default)]
pub struct AccountChange {
    /// New name.
    pub name: Option<String>,
    /// New subscription.
    pub tier: Option<Tier>,
    /// New number of API limit increases.
    pub addons: Option<u8>,
    /// New time zone.
    pub time_zone: Option<String>,
    /// New setting for object types beside the path, as written; of a connected account only.
    pub beside_path: Option<String>,
    /// New setting for sensitive properties, as written; of a connected account only.
    pub sensitive: Option<String>,
}

/// The first token of a new app.
#[derive(Clone, Debug, Default)]
pub enum FirstToken {
    /// Made at random.
    #[default]
    Random,
    /// This one; on an embedded account only.
    Chosen(PlainToken),
    /// Made from the master key and the app's id, so that [`Control::same_token`] makes it again; on an embedded account only.
    FromMasterKey,
}

/// What a new app is made of.
#[derive(Clone, Debug, Default)]
pub struct NewApp {
    /// Its account.
    pub hub_id: u64,
    /// Unique in its account.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Who answers for it.
    pub owner: String,
    /// What breaks without it.
    pub dependents: Vec<String>,
    /// What it may do.
    pub scopes: Vec<String>,
    /// What part of its account's limits it gets.
    pub sharing: SharingChange,
    /// Whether its calls of numbered versions are rewritten to their successors.
    pub translate: bool,
    /// Whether its calls are refused for no limit; on an embedded account only.
    pub no_limits: bool,
    /// Which operations it may call that the catalog does not list, as written; none is none.
    pub unlisted: Option<Vec<String>>,
    /// Which classes of operations it may call, as written; none is all.
    pub allow: Option<Vec<String>>,
    /// Which of its calls need a person's approval.
    pub approve: Rule,
    /// Its first token.
    pub token: FirstToken,
    /// How long that token lives, in milliseconds; until it is rotated or revoked when none.
    pub lifetime_ms: Option<i64>,
}

/// What changes of an app's part of the limits; none keeps.
#[derive(Clone, Copy, Debug, Default)]
pub struct SharingChange {
    /// New weight.
    pub weight: Option<u32>,
    /// New reserve.
    pub reserve: Option<u32>,
    /// New longest wait, in milliseconds.
    pub max_wait_ms: Option<u32>,
}

/// What changes of an app; none keeps.
#[derive(Clone, Debug, Default)]
pub struct AppChange {
    /// New name.
    pub name: Option<String>,
    /// New description.
    pub description: Option<String>,
    /// New owner.
    pub owner: Option<String>,
    /// The dependents from now on.
    pub dependents: Option<Vec<String>>,
    /// The scopes from now on.
    pub scopes: Option<Vec<String>>,
    /// Scopes to add.
    pub add_scopes: Vec<String>,
    /// Scopes to remove.
    pub remove_scopes: Vec<String>,
    /// Its part of the account's limits.
    pub sharing: SharingChange,
    /// Whether its calls of numbered versions are rewritten to their successors.
    pub translate: Option<bool>,
    /// Whether its calls are refused for no limit; on an embedded account only.
    pub no_limits: Option<bool>,
    /// Which operations it may call that the catalog does not list, as written.
    pub unlisted: Option<Vec<String>>,
    /// Which classes of operations it may call, as written.
    pub allow: Option<Vec<String>>,
    /// Which of its calls need a person's approval.
    pub approve: Option<Rule>,
    /// Whether its tokens are accepted.
    pub enabled: Option<bool>,
}

/// How a rotation treats the tokens that were there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// They end now.
    Now,
    /// They end after this many milliseconds.
    Grace(i64),
}

/// A token just made: the only time its text is there.
#[derive(Debug)]
pub struct NewToken {
    /// As stored.
    pub token: Token,
    /// Its text.
    pub plain: PlainToken,
}

/// Longest name, description or owner, in characters.
const TEXT_MAX: usize = 1_000;
/// Tokens of an app that are still good; more are a sign of a rotation nobody finished.
const LIVE_TOKENS_MAX: usize = 10;
/// Longest lifetime of a token, in milliseconds: ten years.
const TOKEN_LIFETIME_MS_MAX: i64 = 3_650 * 86_400_000;
/// Longest grace period: a month.
const GRACE_MS_MAX: i64 = 31 * 86_400_000;

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

    /// Every account.
    pub async fn accounts(&self) -> Vec<Account> {
        owned(&self.state.lock().await.accounts)
    }

    /// One account.
    ///
    /// # Errors
    /// There is none.
    pub async fn account(&self, hub_id: u64) -> Result<Account> {
        find_account(&*self.state.lock().await, hub_id).cloned()
    }

    /// Makes an account with an embedded backend.
    ///
    /// # Errors
    /// A field is not valid, or the hub id taken.
    pub async fn create_account(&self, new: NewAccount) -> Result<Account> {
        if !self.hooks.embeds() {
            return Err(ControlError::Invalid(
                "an embedded account lives in one server's data folder; with --database, accounts are connected (--connect)".into(),
            ));
        }
        let (mut change, mut state) = self.begin().await?;
        // Records of an account that the store does not know are never taken over and never deleted
        // here: a deletion was interrupted, or the store is older than they are.
        let held = self.hooks.held();
        let taken = state.accounts.iter().map(|account| account.hub_id).chain(held.iter().copied());
        let hub_id = new.hub_id.unwrap_or_else(|| taken.map(|hub_id| hub_id + 1).max().unwrap_or(FIRST_HUB_ID));
        if state.accounts.iter().any(|account| account.hub_id == hub_id) {
            return Err(ControlError::Conflict(format!("there is an account {hub_id} already")));
        }
        if held.contains(&hub_id) {
            return Err(ControlError::Conflict(format!(
                "portal.db holds records of an account {hub_id} that keyway.db does not know. Choose another hub id, or delete those records with \"keyway account delete {hub_id}\""
            )));
        }
        // Ids are numbers in JSON too, where more than 53 bits are not kept by every client.
        if hub_id == 0 || hub_id >= 1 << 53 {
            return Err(ControlError::Invalid("a hub id is a whole number from 1 to 2^53 - 1".into()));
        }
        let account = Account {
            hub_id,
            name: text("the name", &new.name, true)?,
            tier: new.tier.unwrap_or(Tier::Free),
            addons: addons(new.addons)?,
            time_zone: time_zone(new.time_zone.as_deref().unwrap_or("UTC"))?,
            currency: currency(new.currency.as_deref().unwrap_or("USD"))?,
            region: region(new.region.as_deref().unwrap_or("na1"))?,
            created_at: self.registry.time_without_account(clock::now()),
            guards: Guards::default(),
            connection: None,
        };
        self.hooks.created(&account).await.map_err(ControlError::Backend)?;
        store::put_account(&mut change, &account).await?;
        let mut next = state.clone();
        next.accounts.push(account.clone().into());
        self.commit(change, &mut state, next).await?;
        Ok(account)
    }

    /// Changes an account.
    ///
    /// # Errors
    /// There is none, or a field is not valid.
    pub async fn update_account(&self, hub_id: u64, asked: AccountChange) -> Result<Account> {
        let (mut change, mut state) = self.begin().await?;
        let mut account = find_account(&state, hub_id)?.clone();
        if let Some(name) = asked.name {
            account.name = text("the name", &name, true)?;
        }
        account.tier = asked.tier.unwrap_or(account.tier);
        account.addons = addons(asked.addons.unwrap_or(account.addons))?;
        account.time_zone = time_zone(asked.time_zone.as_deref().unwrap_or(&account.time_zone))?;
        if account.connection.is_none() && (asked.beside_path.is_some() || asked.sensitive.is_some()) {
            return Err(ControlError::Invalid(
                "an embedded account always asks for the scopes of object types and sensitive properties; the settings are of connected accounts".into(),
            ));
        }
        if let Some(asked) = asked.beside_path {
            account.guards.beside_path = BesidePath::parse(&asked).ok_or_else(|| {
                ControlError::Invalid(format!("the setting for object types beside the path is refuse or forward, not {asked}"))
            })?;
        }
        if let Some(asked) = asked.sensitive {
            account.guards.sensitive = SensitiveProperties::parse(&asked)
                .ok_or_else(|| ControlError::Invalid(format!("the setting for sensitive properties is refuse or forward, not {asked}")))?;
        }
        store::put_account(&mut change, &account).await?;
        let mut next = state.clone();
        replace(&mut next.accounts, account.clone(), |one| one.hub_id == hub_id);
        self.commit(change, &mut state, next).await?;
        Ok(account)
    }

    /// Deletes an account, its apps, their tokens, and the records of the embedded CRM; also records of
    /// an account that the store does not know, which an interrupted deletion leaves.
    ///
    /// # Errors
    /// There is none.
    pub async fn delete_account(&self, hub_id: u64) -> Result<()> {
        let (mut change, mut state) = self.begin().await?;
        let known = find_account(&state, hub_id);
        if known.is_err() && self.hooks.held().contains(&hub_id) {
            return self.hooks.deleted(hub_id).await.map_err(ControlError::Backend);
        }
        known?;
        let mut next = state.clone();
        next.accounts.retain(|account| account.hub_id != hub_id);
        next.apps.retain(|app| app.hub_id != hub_id);
        next.tokens.retain(|token| next.apps.iter().any(|app| app.id == token.app_id));
        store::delete_account(&mut change, hub_id).await?;
        self.commit(change, &mut state, next).await?;
        // A connected account has no records here; clearing what is not there does no harm.
        self.hooks.deleted(hub_id).await.map_err(ControlError::Backend)
    }

    /// The apps, of one account or of all, with their tokens.
    pub async fn apps(&self, hub_id: Option<u64>) -> Vec<(App, Vec<Token>)> {
        let state = self.state.lock().await;
        let wanted = state.apps.iter().filter(|app| hub_id.is_none_or(|hub_id| hub_id == app.hub_id));
        with_tokens(&state, wanted.map(Arc::as_ref).cloned().collect())
    }

    /// One app with its tokens, by id or by a name that only one app has.
    ///
    /// # Errors
    /// There is none, or several have the name.
    pub async fn app(&self, id_or_name: &str) -> Result<(App, Vec<Token>)> {
        let state = self.state.lock().await;
        let app = find_app(&state, id_or_name)?.clone();
        let tokens = tokens_of(&state, app.id);
        Ok((app, tokens))
    }

    /// The app that a token belongs to.
    pub async fn app_of_token(&self, token_id: u64) -> Option<u64> {
        self.state.lock().await.tokens.iter().find(|token| token.id == token_id).map(|token| token.app_id)
    }

    /// Makes an app and its first token.
    ///
    /// # Errors
    /// A field is not valid, or the name is taken.
    pub async fn create_app(&self, new: NewApp) -> Result<(App, NewToken)> {
        let (mut change, mut state) = self.begin().await?;
        let account = find_account(&state, new.hub_id)?;
        if !matches!(new.token, FirstToken::Random) {
            refuse_chosen_token(account)?;
        }
        check_lifetime(new.lifetime_ms)?;
        let now = clock::now();
        let mut app = App {
            id: 0,
            hub_id: new.hub_id,
            name: text("the name", &new.name, true)?,
            description: text("the description", &new.description, false)?,
            owner: text("the owner", &new.owner, false)?,
            dependents: new.dependents,
            scopes: scopes(new.scopes)?,
            sharing: Sharing::default(),
            translate: new.translate,
            no_limits: new.no_limits,
            unlisted: unlisted(new.unlisted)?.unwrap_or_default(),
            allow: classes(new.allow)?.unwrap_or_default(),
            approve: new.approve,
            enabled: true,
            created_at: now,
            updated_at: now,
            public_app: None,
        };
        refuse_taken_name(&state, &app)?;
        check_limits(&state, &app)?;
        app.sharing = sharing(&state, &app, new.sharing)?;
        app.id = store::insert_app(&mut change, &app).await?;
        let made = match new.token {
            FirstToken::Chosen(plain) => {
                if self.is_known(&state, &plain) {
                    return Err(ControlError::Conflict(format!("another app has the token that was chosen for {}", app.name)));
                }
                self.keep_token(&mut change, app.id, plain, self.registry.now_of(app.hub_id), new.lifetime_ms).await?
            }
            FirstToken::FromMasterKey => {
                let plain = self.tokens_for(account, &app).find(|plain| !self.is_known(&state, plain));
                let plain = plain.expect("the app has endlessly many");
                self.keep_token(&mut change, app.id, plain, self.registry.now_of(app.hub_id), new.lifetime_ms).await?
            }
            FirstToken::Random => {
                let plain = self.new_token(&state, account, &app)?;
                self.keep_token(&mut change, app.id, plain, self.registry.now_of(app.hub_id), new.lifetime_ms).await?
            }
        };
        let mut next = state.clone();
        next.apps.push(app.clone().into());
        next.tokens.push(made.token.clone().into());
        self.commit(change, &mut state, next).await?;
        Ok((app, made))
    }

    /// Changes an app. Its tokens stay as they are.
    ///
    /// # Errors
    /// There is none, or a field is not valid.
    pub async fn update_app(&self, id_or_name: &str, asked: AppChange) -> Result<App> {
        let (mut change, mut state) = self.begin().await?;
        let mut app = find_app(&state, id_or_name)?.clone();
        let rescoped = asked.scopes.is_some() || !asked.add_scopes.is_empty() || !asked.remove_scopes.is_empty();
        if app.public_app.is_some() && (rescoped || asked.name.is_some()) {
            return Err(ControlError::Invalid(
                "the name and scopes of an install are its public app's; scopes are granted by a person".into(),
            ));
        }
        if let Some(name) = asked.name {
            app.name = text("the name", &name, true)?;
        }
        if let Some(description) = asked.description {
            app.description = text("the description", &description, false)?;
        }
        if let Some(owner) = asked.owner {
            app.owner = text("the owner", &owner, false)?;
        }
        app.dependents = asked.dependents.unwrap_or(app.dependents);
        let mut wanted = asked.scopes.unwrap_or(app.scopes);
        wanted.extend(asked.add_scopes);
        let removed = scopes(asked.remove_scopes)?;
        wanted.retain(|scope| scope == BASE_SCOPE || !removed.contains(scope));
        app.scopes = scopes(wanted)?;
        app.translate = asked.translate.unwrap_or(app.translate);
        app.no_limits = asked.no_limits.unwrap_or(app.no_limits);
        app.unlisted = unlisted(asked.unlisted)?.unwrap_or(app.unlisted);
        app.allow = classes(asked.allow)?.unwrap_or(app.allow);
        app.approve = asked.approve.unwrap_or(app.approve);
        app.enabled = asked.enabled.unwrap_or(app.enabled);
        app.updated_at = clock::now();
        refuse_taken_name(&state, &app)?;
        check_limits(&state, &app)?;
        app.sharing = sharing(&state, &app, asked.sharing)?;
        store::update_app(&mut change, &app).await?;
        let mut next = state.clone();
        replace(&mut next.apps, app.clone(), |one| one.id == app.id);
        self.commit(change, &mut state, next).await?;
        Ok(app)
    }

    /// Deletes an app and its tokens. Its records in the audit stay.
    ///
    /// # Errors
    /// There is none.
    pub async fn delete_app(&self, id_or_name: &str) -> Result<App> {
        let (mut change, mut state) = self.begin().await?;
        let app = find_app(&state, id_or_name)?.clone();
        store::delete_app(&mut change, app.id).await?;
        let mut next = state.clone();
        next.apps.retain(|one| one.id != app.id);
        next.tokens.retain(|token| token.app_id != app.id);
        self.commit(change, &mut state, next).await?;
        Ok(app)
    }

    /// Makes another token for an app. `lifetime_ms` is how long it lives, in milliseconds.
    ///
    /// # Errors
    /// There is no such app, it has [`LIVE_TOKENS_MAX`] good ones, or the lifetime is not valid.
    pub async fn create_token(&self, id_or_name: &str, lifetime_ms: Option<i64>) -> Result<(App, NewToken)> {
        self.add_token(id_or_name, None, lifetime_ms).await
    }

    /// Makes a new token, and lets those that were there end now or after a grace period.
    ///
    /// # Errors
    /// There is no such app, the grace period is too long, or the lifetime is not valid.
    pub async fn rotate_token(&self, id_or_name: &str, rotation: Rotation, lifetime_ms: Option<i64>) -> Result<(App, NewToken)> {
        rotation.check()?;
        self.add_token(id_or_name, Some(rotation), lifetime_ms).await
    }

    async fn add_token(&self, id_or_name: &str, rotation: Option<Rotation>, lifetime_ms: Option<i64>) -> Result<(App, NewToken)> {
        check_lifetime(lifetime_ms)?;
        let (mut change, mut state) = self.begin().await?;
        let app = find_app(&state, id_or_name)?.clone();
        refuse_install(&app)?;
        let now = self.registry.now_of(app.hub_id);
        let mut next = state.clone();
        // A token with a lifetime is followed by one that lives as long.
        let newest = next.tokens.iter().filter(|token| rotation.is_some() && is_live(token, app.id, now)).max_by_key(|token| token.id);
        let former = newest.and_then(|token| Some(token.lifetime_ends_at?.as_ms() - token.created_at.as_ms()));
        if rotation != Some(Rotation::Now) && next.tokens.iter().filter(|token| is_live(token, app.id, now)).count() >= LIVE_TOKENS_MAX {
            return Err(ControlError::Conflict(format!("{} has {LIVE_TOKENS_MAX} live tokens; revoke one first", app.name)));
        }
        let plain = self.new_token(&state, find_account(&state, app.hub_id)?, &app)?;
        let made = self.keep_token(&mut change, app.id, plain, now, lifetime_ms.or(former)).await?;
        if let Some(rotation) = rotation {
            let others = next.tokens.iter_mut().filter(|token| is_live(token, app.id, now)).map(Arc::make_mut);
            rotation.end_all(&mut change, others, made.token.id, now).await?;
        }
        next.tokens.push(made.token.clone().into());
        self.commit(change, &mut state, next).await?;
        Ok((app, made))
    }

    /// Ends the other tokens of a token's app, as a rotation to it would have.
    ///
    /// # Errors
    /// There is no such token, it has ended itself, or the grace period is not valid.
    pub async fn take_over(&self, token_id: u64, rotation: Rotation) -> Result<(App, Token)> {
        rotation.check()?;
        let (mut change, mut state) = self.begin().await?;
        let heir = state.tokens.iter().map(Arc::as_ref).find(|token| token.id == token_id).cloned();
        let heir = heir.ok_or_else(|| ControlError::NotFound(format!("there is no token {token_id}")))?;
        let app = find_app(&state, &heir.app_id.to_string())?.clone();
        let now = self.registry.now_of(app.hub_id);
        if !is_live(&heir, app.id, now) {
            return Err(ControlError::Conflict(format!("token {token_id} has ended, or is a legacy key")));
        }
        let mut next = state.clone();
        let others = next.tokens.iter_mut().filter(|token| token.id != token_id && is_live(token, app.id, now));
        rotation.end_all(&mut change, others.map(Arc::make_mut), token_id, now).await?;
        self.commit(change, &mut state, next).await?;
        Ok((app, heir))
    }

    /// Undoes the end that a rotation to this token gave the other tokens of its app: each ends again when it would have
    /// ended without that rotation, or not at all.
    ///
    /// # Errors
    /// There is no such token, it has ended itself, or no token is in a grace period that a rotation to it began.
    pub async fn hand_back(&self, token_id: u64) -> Result<(App, Vec<Token>)> {
        let (mut change, mut state) = self.begin().await?;
        let heir = state.tokens.iter().find(|token| token.id == token_id);
        let heir = heir.ok_or_else(|| ControlError::NotFound(format!("there is no token {token_id}")))?;
        let app = find_app(&state, &heir.app_id.to_string())?.clone();
        let now = self.registry.now_of(app.hub_id);
        if !is_live(heir, app.id, now) {
            return Err(ControlError::Conflict(format!("token {token_id} has ended, or is a legacy key")));
        }
        let mut next = state.clone();
        let mut kept = Vec::new();
        let rotated = |token: &Token| token.rotated_to == Some(token_id) && is_live(token, app.id, now);
        for token in next.tokens.iter_mut().filter(|token| rotated(token)).map(Arc::make_mut) {
            (token.expires_at, token.end_before, token.rotated_to) = (token.end_before, None, None);
            store::update_token(&mut change, token).await?;
            kept.push(token.clone());
        }
        if kept.is_empty() {
            return Err(ControlError::Conflict(format!(
                "no token of {} is in a grace period that a rotation to token {token_id} began, so there is nothing to undo. To rotate again: keyway token rotate {}",
                app.name, app.id
            )));
        }
        self.commit(change, &mut state, next).await?;
        Ok((app, kept))
    }

    /// Whether a text is that of a token.
    ///
    /// # Errors
    /// There is no such token.
    pub async fn is_token(&self, token_id: u64, text: &Secret<String>) -> Result<bool> {
        let state = self.state.lock().await;
        let token = state.tokens.iter().find(|token| token.id == token_id);
        let token = token.ok_or_else(|| ControlError::NotFound(format!("there is no token {token_id}")))?;
        Ok(self.registry.token_key().hash(text.expose()) == token.hash)
    }

    /// Ends a token now.
    ///
    /// # Errors
    /// There is none.
    pub async fn revoke_token(&self, token_id: u64) -> Result<Token> {
        let (mut change, mut state) = self.begin().await?;
        let mut next = state.clone();
        let token = next
            .tokens
            .iter_mut()
            .find(|token| token.id == token_id)
            .map(Arc::make_mut)
            .ok_or_else(|| ControlError::NotFound(format!("there is no token {token_id}")))?;
        token.revoked_at = token.revoked_at.or_else(|| Some(clock::now()));
        let token = token.clone();
        store::update_token(&mut change, &token).await?;
        sessions::end_with_the_last_token(&mut change, &mut next, token.app_id).await?;
        self.commit(change, &mut state, next).await?;
        Ok(token)
    }

    /// Writes down which tokens were used since the last time, and takes on what other instances wrote.
    ///
    /// # Errors
    /// The store can't be written.
    pub async fn store_last_used(&self) -> Result<()> {
        let stored = self.write_last_used().await;
        self.is_written.store(stored.is_ok(), Ordering::Relaxed);
        stored
    }

    /// Whether the store could be written when it was tried last. It is tried every few seconds while calls come.
    pub fn is_written(&self) -> bool {
        self.is_written.load(Ordering::Relaxed)
    }

    async fn write_last_used(&self) -> Result<()> {
        let used = self.registry.fresh_last_used();
        if used.is_empty() && !self.store.is_shared() {
            return Ok(());
        }
        let (mut change, mut state) = self.begin().await?;
        let reached = self.registry.fresh_reached();
        store::put_last_used(&mut change, &used).await?;
        store::put_reached(&mut change, &reached).await?;
        let known = if self.store.is_shared() { store::last_used(&mut change).await? } else { used.clone() };
        change.commit().await.map_err(StoreError::from)?;
        // Only now: what a failed write has not stored is fresh at the next attempt.
        self.registry.last_used_is_stored(&used);
        self.registry.reached_is_stored(&reached);
        let known: HashMap<u64, Timestamp> = known.into_iter().collect();
        for token in &mut state.tokens {
            if let Some(at) = known.get(&token.id).filter(|at| token.last_used_at != Some(**at)) {
                Arc::make_mut(token).last_used_at = Some(*at);
            }
        }
        Ok(())
    }

    /// The object types that the calls of an app reached beside their paths, ever.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn reached_beside(&self, app_id: u64) -> Result<Beside> {
        let mut all = store::reached(&mut self.store.read().await?, app_id).await?;
        for (_, fresh) in self.registry.fresh_reached().into_iter().filter(|(id, _)| *id == app_id) {
            fresh.types().for_each(|(row, access)| all.add(row, access));
        }
        Ok(all)
    }

    /// Gives an app and its tokens a past: when they were made, and when a token was last used. For a demo, whose past is
    /// made up.
    ///
    /// # Errors
    /// The store can't be written.
    pub async fn backdate(&self, app_id: u64, made_at: Timestamp, last_used: Option<Timestamp>) -> Result<()> {
        let (mut change, mut state) = self.begin().await?;
        let mut next = state.clone();
        store::backdate(&mut change, app_id, made_at, last_used).await?;
        for app in next.apps.iter_mut().filter(|app| app.id == app_id) {
            let app = Arc::make_mut(app);
            (app.created_at, app.updated_at) = (made_at, made_at);
        }
        for token in next.tokens.iter_mut().filter(|token| token.app_id == app_id) {
            let token = Arc::make_mut(token);
            (token.created_at, token.last_used_at) = (made_at, last_used);
        }
        self.commit(change, &mut state, next).await
    }

    /// Disables the apps that made no call since a moment, and were neither made nor changed since.
    ///
    /// # Errors
    /// The store can't be written.
    pub async fn disable_unused(&self, since: Timestamp) -> Result<Vec<App>> {
        self.store_last_used().await?;
        Acting::new(Principal::server(), "disableUnusedApps", String::new()).run(self.disable(since)).await
    }

    async fn disable(&self, since: Timestamp) -> Result<Vec<App>> {
        let (mut change, mut state) = self.begin().await?;
        let mut next = state.clone();
        let mut disabled = Vec::new();
        for app in next.apps.iter_mut().filter(|app| app.enabled) {
            let tokens = state.tokens.iter().filter(|token| token.app_id == app.id);
            let last = tokens.flat_map(|token| [Some(token.created_at), token.last_used_at]).flatten().max();
            if app.updated_at.max(last.unwrap_or(app.created_at)) < since {
                let app = Arc::make_mut(app);
                (app.enabled, app.updated_at) = (false, clock::now());
                store::update_app(&mut change, app).await?;
                disabled.push(app.clone());
            }
        }
        if !disabled.is_empty() {
            self.commit(change, &mut state, next).await?;
        }
        Ok(disabled)
    }

    /// Whether the store answers.
    pub async fn is_ready(&self) -> bool {
        self.store.is_ready().await
    }

    /// Writes what is pending and closes the store.
    pub async fn close(&self) {
        if let Err(error) = self.store_last_used().await {
            tracing::warn!(%error, "the last use of some tokens is not written down");
        }
        self.store.close().await;
    }

    /// The token of an app that follows from the master key ([`FirstToken::FromMasterKey`]), if it works; else the next one of
    /// that kind. The app's other tokens stay as they are.
    ///
    /// # Errors
    /// There is no such app, it is an install, its account is connected, or the store can't be written.
    pub async fn same_token(&self, id_or_name: &str) -> Result<PlainToken> {
        let (mut change, mut state) = self.begin().await?;
        let app = find_app(&state, id_or_name)?.clone();
        refuse_install(&app)?;
        let account = find_account(&state, app.hub_id)?;
        refuse_chosen_token(account)?;
        let now = self.registry.now_of(app.hub_id);
        let works = |plain: &PlainToken| {
            let hash = self.registry.token_key().hash(plain.expose());
            state.tokens.iter().any(|token| token.hash == hash && is_live(token, app.id, now))
        };
        let found = self.tokens_for(account, &app).find(|plain| works(plain) || !self.is_known(&state, plain));
        let plain = found.expect("the app has endlessly many");
        if works(&plain) {
            return Ok(plain);
        }
        let made = self.keep_token(&mut change, app.id, plain, now, None).await?;
        let mut next = state.clone();
        next.tokens.push(made.token.into());
        self.commit(change, &mut state, next).await?;
        Ok(made.plain)
    }

    /// Tokens that everybody who holds the master key, or knows the seed, can make again, in order. Under a seed they
    /// follow from the app's name, so that the order in which apps are created does not matter. From the master key they
    /// follow from the app's id: Keyway uses no id again, so a later app of the same name has other tokens.
    fn tokens_for(&self, account: &Account, app: &App) -> impl Iterator<Item = PlainToken> {
        (0_u64..).map(move |number| {
            let random = match self.registry.seed() {
                Some(seed) => seed.bytes(&format!("token {number} of {} of {}", app.name, account.hub_id), 0),
                None => {
                    let of = format!("token {number} of the app {} of {}", app.id, account.hub_id);
                    *self.store.secret_for(&of).expose().first_chunk().expect("32 bytes hold 16")
                }
            };
            PlainToken::generate(&account.region, random)
        })
    }

    fn is_known(&self, state: &State, plain: &PlainToken) -> bool {
        let hash = self.registry.token_key().hash(plain.expose());
        state.tokens.iter().any(|token| token.hash == hash)
    }

    /// A random token, or under a seed the next one of the app.
    fn new_token(&self, state: &State, account: &Account, app: &App) -> Result<PlainToken> {
        if self.registry.seed().is_none() {
            return Ok(PlainToken::generate(&account.region, random()?));
        }
        Ok(self.tokens_for(account, app).find(|plain| !self.is_known(state, plain)).expect("the account has endlessly many"))
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

    async fn keep_token(
        &self,
        change: &mut Change,
        app_id: u64,
        plain: PlainToken,
        now: Timestamp,
        lifetime_ms: Option<i64>,
    ) -> Result<NewToken> {
        let ends = lifetime_ms.map(|ms| now.plus_ms(ms));
        let hash = self.registry.token_key().hash(plain.expose());
        let mut token = Token { expires_at: ends, lifetime_ends_at: ends, ..Token::new(app_id, hash, plain.hint(), now) };
        token.id = store::insert_token(change, &token).await?;
        Ok(NewToken { token, plain })
    }
}

/// The id of the first account made without one; like a real one in length.
const FIRST_HUB_ID: u64 = 10_000_001;
/// Longest wait for a turn that an app can be given, in milliseconds.
const WAIT_MS_MAX: u32 = 60_000;
/// What every token may do: ask who it is.
pub const BASE_SCOPE: &str = "oauth";

/// Whether a token of an app still works and rotations end it. A legacy key stays: whoever sends it
/// can't be changed. A session ends by itself.
fn is_live(token: &Token, app_id: u64, now: Timestamp) -> bool {
    token.app_id == app_id
        && !token.legacy
        && token.grant.is_none()
        && token.session.is_none()
        && token.revoked_at.is_none()
        && token.expires_at.is_none_or(|at| at > now)
}

impl Rotation {
    fn check(self) -> Result<()> {
        match self {
            Self::Grace(ms) if !(1..=GRACE_MS_MAX).contains(&ms) => {
                Err(ControlError::Invalid("a grace period is longer than nothing and at most 31 days".into()))
            }
            _ => Ok(()),
        }
    }

    async fn end_all(self, change: &mut Change, tokens: impl Iterator<Item = &mut Token>, heir: u64, now: Timestamp) -> Result<()> {
        for token in tokens {
            match self {
                Self::Now => token.revoked_at = Some(now),
                Self::Grace(ms) => {
                    token.end_before = token.expires_at;
                    token.expires_at = Some(end_after(token.expires_at, now, ms));
                    token.rotated_to = Some(heir);
                }
            }
            store::update_token(change, token).await?;
        }
        Ok(())
    }
}

fn check_lifetime(lifetime_ms: Option<i64>) -> Result<()> {
    match lifetime_ms {
        Some(ms) if !(1..=TOKEN_LIFETIME_MS_MAX).contains(&ms) => {
            Err(ControlError::Invalid("a token lives longer than nothing and at most ten years".into()))
        }
        _ => Ok(()),
    }
}

/// When what is rotated ends: after the grace period, or earlier where it was to.
fn end_after(before: Option<Timestamp>, now: Timestamp, grace_ms: i64) -> Timestamp {
    let end = now.plus_ms(grace_ms);
    before.map_or(end, |at| at.min(end))
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

/// Only apps of embedded accounts can have tokens that are not random.
fn refuse_chosen_token(account: &Account) -> Result<()> {
    if account.connection.is_none() {
        return Ok(());
    }
    Err(ControlError::Invalid(format!(
        "account {} is connected to HubSpot; only an app of an embedded account can have a token that somebody chose",
        account.hub_id
    )))
}

/// An install gets its tokens over OAuth, and in no other way.
fn refuse_install(app: &App) -> Result<()> {
    match app.public_app {
        Some(_) => Err(ControlError::Invalid(format!("{} is an install of a public app: it gets its tokens over OAuth", app.name))),
        None => Ok(()),
    }
}

/// An app's part of the limits after a change.
fn sharing(state: &State, app: &App, asked: SharingChange) -> Result<Sharing> {
    let weight = asked.weight.unwrap_or(app.sharing.weight);
    let reserve = asked.reserve.unwrap_or(app.sharing.reserve);
    let max_wait_ms = asked.max_wait_ms.unwrap_or(app.sharing.max_wait_ms);
    if !(1..=WEIGHT_MAX).contains(&weight) {
        return Err(ControlError::Invalid(format!("a weight is a number from 1 to {WEIGHT_MAX}")));
    }
    if max_wait_ms > WAIT_MS_MAX {
        return Err(ControlError::Invalid(format!("calls wait at most {} seconds", WAIT_MS_MAX / 1_000)));
    }
    let account = find_account(state, app.hub_id)?;
    let burst = Limits::for_tier(account.tier, account.addons).burst;
    let others = state.apps.iter().filter(|one| one.hub_id == app.hub_id && one.id != app.id);
    let kept: u32 = others.map(|one| one.sharing.reserve).sum();
    // Something must be left for apps without one.
    if reserve > 0 && kept.saturating_add(reserve) >= burst {
        return Err(ControlError::Invalid(format!(
            "the account has {burst} calls in ten seconds, of which {kept} are kept for other apps already; {reserve} more would leave none"
        )));
    }
    Ok(Sharing { weight, reserve, max_wait_ms })
}

fn classes(asked: Option<Vec<String>>) -> Result<Option<Classes>> {
    asked.map(|words| Classes::parse(&words)).transpose().map_err(|error| ControlError::Invalid(error.to_string()))
}

fn unlisted(asked: Option<Vec<String>>) -> Result<Option<Unlisted>> {
    asked.map(|texts| Unlisted::parse(&texts)).transpose().map_err(|error| ControlError::Invalid(error.to_string()))
}

/// HubSpot's limits are HubSpot's: only on an embedded account can an app be without.
fn check_limits(state: &State, app: &App) -> Result<()> {
    if app.no_limits && find_account(state, app.hub_id)?.connection.is_some() {
        return Err(ControlError::Invalid(format!(
            "account {} is connected to HubSpot, whose limits hold for all its apps; only an app of an embedded account can be without limits",
            app.hub_id
        )));
    }
    Ok(())
}

fn find_account(state: &State, hub_id: u64) -> Result<&Account> {
    state
        .accounts
        .iter()
        .map(Arc::as_ref)
        .find(|account| account.hub_id == hub_id)
        .ok_or_else(|| ControlError::NotFound(format!("there is no account {hub_id}")))
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
        _ => Err(ControlError::NotFound(format!("there is no app {id_or_name}"))),
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

fn refuse_taken_name(state: &State, app: &App) -> Result<()> {
    let taken = state.apps.iter().any(|other| other.id != app.id && other.hub_id == app.hub_id && other.name == app.name);
    if taken { Err(ControlError::Conflict(format!("account {} has an app named {} already", app.hub_id, app.name))) } else { Ok(()) }
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

/// Sorted, without doubles, with the base scope; or the first name HubSpot does not publish.
fn scopes(names: Vec<String>) -> Result<Vec<String>> {
    let mut wanted: BTreeSet<String> = names.into_iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
    if let Some(unknown) = wanted.iter().find(|name| ScopeId::of(name).is_none()) {
        let near = nearest(unknown);
        let hint = if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(" or ")) };
        return Err(ControlError::Invalid(format!("{unknown} is not a scope that HubSpot publishes{hint}")));
    }
    wanted.insert(BASE_SCOPE.to_owned());
    Ok(wanted.into_iter().collect())
}

/// Up to three scopes that a name may mean: those of its object type, else those within a few typing mistakes.
fn nearest(name: &str) -> Vec<&'static str> {
    const MISTAKES_MAX: usize = 4;
    let meant = names::meant_by(name);
    if !meant.is_empty() {
        return meant;
    }
    let mut scored: Vec<(usize, &str)> = all_names().iter().map(|scope| (strsim::levenshtein(scope, name), *scope)).collect();
    scored.sort_unstable();
    scored.into_iter().take(3).filter(|(mistakes, _)| *mistakes <= MISTAKES_MAX).map(|(_, scope)| scope).collect()
}

fn addons(count: u8) -> Result<u8> {
    if count <= 2 { Ok(count) } else { Err(ControlError::Invalid("HubSpot sells two API limit increases at most".into())) }
}

fn time_zone(name: &str) -> Result<String> {
    match jiff::tz::TimeZone::get(name) {
        Ok(_) => Ok(name.to_owned()),
        Err(_) => Err(ControlError::Invalid(format!("{name} is not a time zone; use an IANA name such as Europe/Berlin"))),
    }
}

fn currency(code: &str) -> Result<String> {
    let valid = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    if valid {
        Ok(code.to_owned())
    } else {
        Err(ControlError::Invalid(format!("{code} is not a currency; use an ISO 4217 code such as EUR")))
    }
}

fn region(name: &str) -> Result<String> {
    if is_region(name) {
        Ok(name.to_owned())
    } else {
        Err(ControlError::Invalid(format!("{name} is not a region; use one such as na1 or eu1")))
    }
}

#[cfg(test)]
mod tests;
