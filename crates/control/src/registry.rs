//! The hot state: accounts, apps and tokens as the pipeline sees them.
//!
//! A snapshot in memory, swapped whole on every change, so that a request never waits for the
//! store or for a lock on it. What has been used (limits, last use) is carried from one snapshot
//! to the next.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use jiff::tz::TimeZone;
use keyway_core::approval::{self, Rule};
use keyway_core::beside::Beside;
use keyway_core::catalog::LimitClass;
use keyway_core::policy::{self, Caller};
use keyway_core::quota::{AccountUsage, Allowance, AppUsage, DailyCount, Exceeded, Limits, Policy, admit, count};
use keyway_core::safety::Classes;
use keyway_core::scope::ScopeSet;
use keyway_core::secret::Secret;
use keyway_core::share::SETTLED_MS;
use keyway_core::strict::run::Run;
use keyway_core::time::{Moment, Now, Timestamp};
use keyway_core::token::{TokenHash, TokenKey};
use keyway_oauth::server::access_token::{AccessKey, Claims, Subject};
use keyway_oauth::server::refresh_token::{self, Named, RefreshKey};

use crate::clock::{self, Clock};
use crate::double::Double;
use crate::double::observed::Observed;
use crate::limiter::Limiter;
use crate::limiter::line::Line;
use crate::model::{Account, App, Distribution, PublicApp, Token};
use crate::repeat::{CorrelationIds, Draws, Repeat, Seed};
use crate::sync::locked;

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// Accounts, apps and tokens in memory.
pub struct Registry {
    key: TokenKey,
    access_key: AccessKey,
    refresh_key: RefreshKey,
    snapshot: ArcSwap<Snapshot>,
    /// When nothing was missing from the snapshot that another instance had changed; none where
    /// there is no other.
    confirmed_ms: Option<AtomicI64>,
    /// When it joined other instances, by the clock that only goes forward.
    joined_ms: AtomicI64,
    /// How many instances share the limits.
    instances: AtomicU32,
    /// Where they share them.
    line: Option<Arc<Line>>,
    /// By which limits at HubSpot are kept.
    clock: Clock,
    /// What was observed of embedded accounts that were deleted.
    deleted: Observed,
    repeat: Repeat,
    draws: Draws,
    /// Of calls that belong to no account, where they follow from a seed.
    correlation_ids: Option<CorrelationIds>,
}

/// One consistent state.
#[derive(Default)]
struct Snapshot {
    tokens: Map<TokenHash, Arc<TokenEntry>>,
    apps: Map<u64, Arc<AppEntry>>,
    accounts: Map<u64, Arc<AccountEntry>>,
    /// The refresh tokens of installs, by their id: access tokens name it.
    grants: Map<u64, Arc<TokenEntry>>,
    /// The sessions of agents that came over OAuth, by their id: access tokens name it. They are in `tokens` too.
    agents: Map<u64, Arc<TokenEntry>>,
    /// By client id.
    public_apps: Map<String, Arc<PublicApp>>,
}

/// A token and the app that presents it.
#[derive(Clone)]
pub struct TokenEntry {
    /// The stored token.
    pub token: Arc<Token>,
    /// Its app.
    pub app: Arc<AppEntry>,
    /// What it may do: its app's scopes, or what was granted with it.
    granted: ScopeSet,
    /// Which classes of operations: its app's, or what its session has of them.
    classes: Classes,
    /// When it ends, in time that only passes: once it has ended, no clock brings it back.
    ends: Option<Moment>,
    last_used_ms: Arc<LastUse>,
}

/// Whom an access token was given to.
pub enum Holder {
    /// An install: the grant, with no more than the token may do.
    Install(Arc<TokenEntry>),
    /// A public app itself.
    App(Arc<PublicApp>),
    /// An agent: its session, with no more than the token may do.
    Agent(Arc<TokenEntry>),
}

/// An app, its scopes as a set, and what it has used.
pub struct AppEntry {
    /// The stored app.
    pub app: Arc<App>,
    /// Its scopes.
    pub granted: ScopeSet,
    /// Its account.
    pub account: Arc<AccountEntry>,
    /// The public app that it is an install of.
    pub public_app: Option<Arc<PublicApp>>,
    usage: Arc<Mutex<AppUsage>>,
}

/// An account, its limits, and what it has used.
pub struct AccountEntry {
    /// The stored account.
    pub account: Arc<Account>,
    /// What its tier allows.
    pub limits: Limits,
    /// What the credential of its connection may do; nothing where it is embedded.
    pub held: ScopeSet,
    zone: TimeZone,
    counts: Counts,
    /// What makes it a test double; an embedded account only has it.
    double: Option<Arc<Double>>,
}

/// Who counts an account's calls.
#[derive(Clone)]
enum Counts {
    /// Keyway alone: each app has HubSpot's limits.
    Embedded(Arc<Mutex<AccountUsage>>),
    /// HubSpot too: the apps share what it allows their connection.
    Connected(Arc<Limiter>),
}

/// When a token was last used and what for, and what of it the store knows.
#[derive(Default)]
struct LastUse {
    used_ms: AtomicI64,
    stored_ms: AtomicI64,
    /// The object types that its calls reached beside their paths, as [`Beside::bits`], and those that the store knows.
    reached: [AtomicU64; 2],
    reached_stored: [AtomicU64; 2],
}

/// The use of an account's limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Calls of the day.
    pub used_today: u64,
    /// What it may do, as HubSpot has corrected it.
    pub limits: Limits,
    /// Calls that wait for their turn.
    pub waiting: usize,
    /// When the count of the day starts again.
    pub resets_at: Timestamp,
    /// Since when HubSpot refuses calls because those of the day are used up.
    pub day_over_since: Option<Timestamp>,
}

/// How long a confirmation holds, in time that only passes. The promise is a second; asking takes some of it.
const CONFIRMED_MS: i64 = 900;
/// Longer ago than any confirmation.
const NEVER_MS: i64 = i64::MIN / 2;

impl Registry {
    /// An empty registry with the key of the token hashes. One that is `shared` is believed only as
    /// long as it is confirmed. With a line, the instances share limits there and not in even parts.
    pub fn new(key: TokenKey, shared: bool, line: Option<Arc<Line>>) -> Self {
        // Each use of the key has one of its own.
        let access_key = AccessKey::new(key.hash("keyway 2026-11 access tokens of OAuth").0);
        let refresh_key = RefreshKey::new(key.hash("keyway 2026-11 refresh tokens of OAuth").0);
        Self {
            key,
            access_key,
            refresh_key,
            snapshot: ArcSwap::default(),
            confirmed_ms: shared.then(|| AtomicI64::new(NEVER_MS)),
            joined_ms: AtomicI64::new(NEVER_MS),
            instances: AtomicU32::new(1),
            line,
            clock: Clock::default(),
            deleted: Observed::default(),
            repeat: Repeat::default(),
            draws: Draws::default(),
            correlation_ids: None,
        }
    }

    /// The same, in a run that repeats another. Its key is that of the seed too ([`Seed::token_key`]).
    #[must_use]
    pub fn with_repeat(mut self, repeat: Repeat) -> Self {
        self.repeat = repeat;
        self.draws = Draws::new(repeat.seed);
        self.correlation_ids = repeat.seed.map(|seed| CorrelationIds::new(seed, 0));
        self
    }

    /// What tokens and ids follow from; none where they are random.
    pub fn seed(&self) -> Option<Seed> {
        self.repeat.seed
    }

    /// Random bytes, or those of the seed. For what is of embedded accounts alone.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn draw<const N: usize>(&self, kind: &'static str) -> Result<[u8; N], getrandom::Error> {
        self.draws.next(kind)
    }

    /// The time where no account's clock counts: that of the start, where one was chosen.
    pub fn time_without_account(&self, real: Timestamp) -> Timestamp {
        self.repeat.start.unwrap_or(real)
    }

    /// Under a seed, the correlation id of the next call of an account, or of one that belongs to none.
    pub fn correlation_id(&self, account: Option<&AccountEntry>) -> Option<String> {
        let ids = account.and_then(|account| account.double()?.correlation_ids.as_ref());
        ids.or(self.correlation_ids.as_ref()).map(CorrelationIds::next)
    }

    /// Under a seed, the next calls have the correlation ids of the first ones.
    pub fn restart_correlation_ids(&self, hub_id: u64) {
        let double = self.double(hub_id);
        let ids = double.as_ref().and_then(|double| double.correlation_ids.as_ref());
        ids.into_iter().chain(&self.correlation_ids).for_each(CorrelationIds::restart);
    }

    /// The same, with limits at HubSpot kept by this clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Whether the instances share limits in a line, and it can be asked; none where there is no line.
    pub fn has_line(&self) -> Option<bool> {
        self.line.as_ref().map(|line| line.away_since().is_none())
    }

    /// Nothing was missing at this moment.
    pub fn confirm(&self, at: Moment) {
        if let Some(confirmed) = &self.confirmed_ms {
            confirmed.fetch_max(at.as_ms(), Ordering::Relaxed);
        }
    }

    /// Whether a token that was revoked on any instance a second ago is known as revoked here.
    pub fn is_current(&self, now: Moment) -> bool {
        self.confirmed_ms.as_ref().is_none_or(|confirmed| now.as_ms() - confirmed.load(Ordering::Relaxed) < CONFIRMED_MS)
    }

    /// Swaps in a new state. Apps and tokens of accounts that are not there are left out. What is the
    /// same thing as before keeps its entry, so that a change costs little beside what did not change.
    pub fn replace(&self, accounts: &[Arc<Account>], apps: &[Arc<App>], tokens: &[Arc<Token>], public_apps: &[Arc<PublicApp>]) {
        let old = self.snapshot.load();
        let public_by_id: Map<u64, &Arc<PublicApp>> = public_apps.iter().map(|app| (app.id, app)).collect();
        // Accounts whose limits must be divided again.
        let mut touched: HashSet<u64> = HashSet::new();
        let mut account_entry = |account: &Arc<Account>| {
            let before = old.accounts.get(&account.hub_id).filter(|entry| Arc::ptr_eq(&entry.account, account));
            before.cloned().unwrap_or_else(|| {
                touched.insert(account.hub_id);
                Arc::new(AccountEntry::new(account.clone(), &old, self.line.as_ref(), &self.clock, self.repeat))
            })
        };
        let accounts: Map<u64, _> = accounts.iter().map(|account| (account.hub_id, account_entry(account))).collect();
        let mut app_entry = |app: &Arc<App>, account: &Arc<AccountEntry>| {
            let public_app = app.public_app.and_then(|id| public_by_id.get(&id).copied());
            let is_same = |entry: &&Arc<AppEntry>| {
                let is_same_public = entry.public_app.as_ref().map(Arc::as_ptr) == public_app.map(Arc::as_ptr);
                Arc::ptr_eq(&entry.app, app) && Arc::ptr_eq(&entry.account, account) && is_same_public
            };
            old.apps.get(&app.id).filter(is_same).cloned().unwrap_or_else(|| {
                touched.insert(app.hub_id);
                Arc::new(AppEntry::new(app.clone(), account.clone(), public_app.cloned(), &old))
            })
        };
        let apps: Map<u64, _> = apps.iter().filter_map(|app| Some((app.id, app_entry(app, accounts.get(&app.hub_id)?)))).collect();
        touched.extend(old.apps.values().filter(|entry| !apps.contains_key(&entry.app.id)).map(|entry| entry.app.hub_id));
        let mut by_account: Map<u64, Vec<&App>> = Map::default();
        for entry in apps.values().filter(|entry| touched.contains(&entry.app.hub_id)) {
            by_account.entry(entry.app.hub_id).or_default().push(&entry.app);
        }
        for account in touched.iter().filter_map(|hub_id| accounts.get(hub_id)) {
            if let Counts::Connected(limiter) = &account.counts {
                let of_account = by_account.remove(&account.account.hub_id).unwrap_or_default();
                limiter.share_among(self.instances.load(Ordering::Relaxed));
                limiter.join(Moment::from_ms(self.joined_ms.load(Ordering::Relaxed)));
                limiter.configure(account.limits, account.zone.clone(), of_account.into_iter().map(|app| (app.id, app.sharing)));
            }
        }
        let (mut by_hash, mut grants, mut agents) = (Map::default(), Map::default(), Map::default());
        for token in tokens {
            let Some(app) = apps.get(&token.app_id) else { continue };
            let before = if token.grant.is_some() { old.grants.get(&token.id) } else { old.tokens.get(&token.hash) };
            let same = before.filter(|entry| Arc::ptr_eq(&entry.token, token) && Arc::ptr_eq(&entry.app, app));
            let entry = same.cloned().unwrap_or_else(|| Arc::new(TokenEntry::new(token.clone(), app.clone(), before)));
            if entry.token.grant.is_some() {
                grants.insert(entry.token.id, entry);
            } else {
                if entry.token.session.as_ref().is_some_and(|session| session.agent.is_some()) {
                    agents.insert(entry.token.id, entry.clone());
                }
                by_hash.insert(entry.token.hash, entry);
            }
        }
        let public_apps = public_apps.iter().map(|app| (app.client_id.clone(), app.clone())).collect();
        self.snapshot.store(Arc::new(Snapshot { tokens: by_hash, apps, accounts, grants, agents, public_apps }));
    }

    /// How many instances share the limits.
    pub fn instances(&self) -> u32 {
        self.instances.load(Ordering::Relaxed)
    }

    /// As which client an account is connected by OAuth.
    pub fn oauth_client_of(&self, hub_id: u64) -> Option<u64> {
        self.snapshot.load().accounts.get(&hub_id)?.account.connection.as_ref()?.oauth_client
    }

    /// Whether any account is connected to HubSpot.
    pub fn has_connections(&self) -> bool {
        self.snapshot.load().accounts.values().any(|entry| entry.account.connection.is_some())
    }

    /// The public app with this client id.
    pub fn public_app(&self, client_id: &str) -> Option<Arc<PublicApp>> {
        self.snapshot.load().public_apps.get(client_id).cloned()
    }

    /// The app of an account that the path of a webhook's subscriptions names: by the id of its public
    /// app, which is what HubSpot's paths have, or by its own; `app-12` is its own for certain, since the
    /// two are numbered apart.
    pub fn webhook_app(&self, hub_id: u64, named: &str) -> Option<Arc<AppEntry>> {
        let snapshot = self.snapshot.load();
        let own = |id: &str| snapshot.apps.get(&id.parse().ok()?).filter(|entry| entry.app.hub_id == hub_id).cloned();
        if let Some(id) = named.strip_prefix("app-") {
            return own(id);
        }
        let public_app: u64 = named.parse().ok()?;
        let installed = snapshot.apps.values().find(|entry| entry.app.hub_id == hub_id && entry.app.public_app == Some(public_app));
        installed.cloned().or_else(|| own(named))
    }

    /// The key of access tokens.
    pub const fn access_key(&self) -> &AccessKey {
        &self.access_key
    }

    /// What an access token says and whom it was given to; whether either has ended is the caller's to see.
    pub fn find_access(&self, presented: &str) -> Option<(Claims, Holder)> {
        let claims = self.access_key.read(presented)?;
        let snapshot = self.snapshot.load();
        let narrowed = |entry: &Arc<TokenEntry>| claims.narrowed.map_or_else(|| entry.clone(), |scopes| Arc::new(entry.narrowed(&scopes)));
        let holder = match claims.subject {
            Subject::Grant(id) => Holder::Install(narrowed(snapshot.grants.get(&id)?)),
            Subject::Session(id) => Holder::Agent(narrowed(snapshot.agents.get(&id)?)),
            Subject::App(id) => Holder::App(snapshot.public_apps.values().find(|app| app.id == id)?.clone()),
        };
        Some((claims, holder))
    }

    /// The grant of a refresh token, with what the token says.
    pub fn find_refresh(&self, presented: &str) -> Option<(Named, Arc<TokenEntry>)> {
        let named = refresh_token::read(presented)?;
        let entry = self.snapshot.load().grants.get(&named.grant).cloned()?;
        self.refresh_key.made(presented, &entry.token.hash.0).then_some((named, entry))
    }

    /// The grant with this id.
    pub fn grant(&self, token_id: u64) -> Option<Arc<TokenEntry>> {
        self.snapshot.load().grants.get(&token_id).cloned()
    }

    /// The text of a grant's refresh token.
    pub fn refresh_token(&self, grant: &Token, generation: u64) -> Secret<String> {
        self.refresh_key.token(Named { grant: grant.id, generation }, &grant.hash.0)
    }

    /// Whether a text is a refresh token of a grant or a session, of whatever generation.
    pub fn is_refresh_token_of(&self, token: &Token, presented: &str) -> bool {
        self.refresh_key.made(presented, &token.hash.0)
    }

    /// The same token as it is now, with no more than it might do before.
    pub fn again(&self, held: &TokenEntry) -> Option<Arc<TokenEntry>> {
        let now = match (&held.token.grant, &held.token.session) {
            (None, None) => return self.find_hash(&held.token.hash),
            (None, Some(_)) => self.find_hash(&held.token.hash)?,
            (Some(_), _) => self.snapshot.load().grants.get(&held.token.id).cloned()?,
        };
        Some(if now.granted == held.granted { now } else { Arc::new(now.narrowed(&held.granted)) })
    }

    /// Shares the limits of connected accounts with other instances, this many in all.
    pub fn share_among(&self, instances: u32) {
        self.instances.store(instances, Ordering::Relaxed);
        self.line.iter().for_each(|line| line.share_among(instances));
        self.limiters().for_each(|limiter| limiter.share_among(instances));
    }

    /// Sends nothing to HubSpot until the other instances know of this one.
    pub fn join(&self) {
        let now = self.clock.now().steady;
        self.joined_ms.store(now.as_ms(), Ordering::Relaxed);
        self.limiters().for_each(|limiter| limiter.join(now));
    }

    /// For how many milliseconds more calls to HubSpot are refused here, because this instance joined others and has no
    /// share of the limits yet; none where it has one.
    pub fn joins_for(&self) -> Option<i64> {
        let left = self.joined_ms.load(Ordering::Relaxed).saturating_add(SETTLED_MS) - self.clock.now().steady.as_ms();
        (left > 0 && self.has_line() != Some(true) && self.limiters().next().is_some()).then_some(left)
    }

    fn limiters(&self) -> impl Iterator<Item = Arc<Limiter>> {
        let limiters: Vec<_> = self.snapshot.load().accounts.values().filter_map(|entry| entry.limiter().cloned()).collect();
        limiters.into_iter()
    }

    /// The token that was presented, whatever its state.
    pub fn find(&self, presented: &str) -> Option<Arc<TokenEntry>> {
        self.find_hash(&self.key.hash(presented))
    }

    /// The token with this hash, whatever its state.
    pub fn find_hash(&self, hash: &TokenHash) -> Option<Arc<TokenEntry>> {
        self.snapshot.load().tokens.get(hash).cloned()
    }

    /// The key under which tokens are stored.
    pub const fn token_key(&self) -> &TokenKey {
        &self.key
    }

    /// The tokens whose last use the store does not know yet, with its moment.
    pub fn fresh_last_used(&self) -> Vec<(u64, Timestamp)> {
        let snapshot = self.snapshot.load();
        let fresh = snapshot.all_tokens().filter_map(|entry| {
            let used = entry.last_used_ms.used_ms.load(Ordering::Relaxed);
            let stored = entry.last_used_ms.stored_ms.load(Ordering::Relaxed);
            (used > stored).then(|| (entry.token.id, Timestamp::from_ms(used)))
        });
        fresh.collect()
    }

    /// The store knows these now.
    pub fn last_used_is_stored(&self, used: &[(u64, Timestamp)]) {
        let used: Map<u64, i64> = used.iter().map(|(token_id, at)| (*token_id, at.as_ms())).collect();
        for entry in self.snapshot.load().all_tokens() {
            if let Some(at) = used.get(&entry.token.id) {
                entry.last_used_ms.stored_ms.fetch_max(*at, Ordering::Relaxed);
            }
        }
    }

    /// The object types that calls of apps reached beside their paths, and that the store does not know yet.
    pub fn fresh_reached(&self) -> Vec<(u64, Beside)> {
        let snapshot = self.snapshot.load();
        let fresh = snapshot.all_tokens().filter_map(|entry| {
            let LastUse { reached, reached_stored, .. } = &*entry.last_used_ms;
            let bits = [0, 1].map(|at| reached[at].load(Ordering::Relaxed) & !reached_stored[at].load(Ordering::Relaxed));
            (bits != [0, 0]).then(|| (entry.app.app.id, Beside::of_bits(bits)))
        });
        fresh.collect()
    }

    /// The store knows these now.
    pub fn reached_is_stored(&self, stored: &[(u64, Beside)]) {
        let mut by_app: Map<u64, [u64; 2]> = Map::default();
        for (app_id, reached) in stored {
            let bits = by_app.entry(*app_id).or_default();
            bits.iter_mut().zip(reached.bits()).for_each(|(bits, more)| *bits |= more);
        }
        for entry in self.snapshot.load().all_tokens() {
            if let Some(bits) = by_app.get(&entry.app.app.id) {
                for (stored, bits) in entry.last_used_ms.reached_stored.iter().zip(bits) {
                    stored.fetch_or(*bits, Ordering::Relaxed);
                }
            }
        }
    }

    /// The use of an account's limits.
    pub fn standing(&self, hub_id: u64, now: Now) -> Option<Standing> {
        let snapshot = self.snapshot.load();
        let entry = snapshot.accounts.get(&hub_id)?;
        let (limits, waiting) = entry.limiter().map_or((entry.limits, 0), |limiter| limiter.standing());
        let (used_today, resets_at) = entry.daily(now.wall);
        let day_over_since = entry.limiter().and_then(|limiter| limiter.day_is_over(now));
        Some(Standing { used_today, limits, waiting, resets_at, day_over_since })
    }

    /// The accounts with the midnight that began their day.
    pub fn days(&self, now: Timestamp) -> Vec<(u64, Timestamp)> {
        self.snapshot.load().accounts.values().map(|entry| (entry.account.hub_id, clock::last_midnight(&entry.zone, now))).collect()
    }

    /// When the day of an account began.
    pub fn day_began(&self, hub_id: u64, now: Timestamp) -> Option<Timestamp> {
        self.snapshot.load().accounts.get(&hub_id).map(|entry| clock::last_midnight(&entry.zone, now))
    }

    /// The test double's side of an embedded account; none where there is no such account.
    pub fn double(&self, hub_id: u64) -> Option<Arc<Double>> {
        self.snapshot.load().accounts.get(&hub_id)?.double.clone()
    }

    /// What the calls to all embedded accounts show, also to those that were deleted.
    pub fn observed(&self) -> Run {
        let mut run = self.deleted.run(false);
        let snapshot = self.snapshot.load();
        snapshot.accounts.values().filter_map(|entry| entry.double()).for_each(|double| run.add(double.observed.run(false)));
        run
    }

    /// Keeps what was observed of an account that was deleted.
    pub fn keep_observed(&self, double: &Double) {
        self.deleted.add(double.observed.run(false));
    }

    /// The time of an account.
    pub fn now_of(&self, hub_id: u64) -> Timestamp {
        let now = clock::now();
        self.snapshot.load().accounts.get(&hub_id).map_or(now, |entry| entry.now(now))
    }

    /// Counts an embedded account's calls from nothing again.
    pub fn forget_use(&self, hub_id: u64) {
        let snapshot = self.snapshot.load();
        let Some(Counts::Embedded(usage)) = snapshot.accounts.get(&hub_id).map(|entry| &entry.counts) else { return };
        *locked(usage) = AccountUsage::new(DailyCount::new(0, Timestamp::from_ms(0)));
        for app in snapshot.apps.values().filter(|entry| entry.app.hub_id == hub_id) {
            *locked(&app.usage) = AppUsage::default();
        }
    }

    /// Sets the count of the day, after a restart.
    pub fn restore_daily(&self, hub_id: u64, used: u64, now: Timestamp) {
        if let Some(entry) = self.snapshot.load().accounts.get(&hub_id) {
            match &entry.counts {
                Counts::Embedded(usage) => locked(usage).daily = DailyCount::new(used, clock::next_midnight(&entry.zone, now)),
                Counts::Connected(limiter) => limiter.restore_daily(used, now),
            }
        }
    }
}

impl Snapshot {
    fn all_tokens(&self) -> impl Iterator<Item = &Arc<TokenEntry>> {
        self.tokens.values().chain(self.grants.values())
    }
}

impl TokenEntry {
    fn new(token: Arc<Token>, app: Arc<AppEntry>, before: Option<&Arc<Self>>) -> Self {
        let carried = before.map(|entry| entry.last_used_ms.clone());
        let last_used_ms = carried.unwrap_or_else(|| {
            let stored = token.last_used_at.map_or(0, Timestamp::as_ms);
            Arc::new(LastUse { used_ms: AtomicI64::new(stored), stored_ms: AtomicI64::new(stored), ..LastUse::default() })
        });
        let known = |scopes: &[String]| ScopeSet::of_known(scopes.iter().map(String::as_str));
        let (granted, classes) = match (&token.grant, &token.session) {
            (Some(grant), _) => (known(&grant.scopes), app.app.allow),
            // Never more than the app has now: it may have lost something since.
            (None, Some(session)) => (known(&session.scopes).intersection(&app.granted), session.classes.intersection(app.app.allow)),
            (None, None) => (app.granted, app.app.allow),
        };
        let carried = before.filter(|entry| entry.token.expires_at == token.expires_at).map(|entry| entry.ends);
        let ends = carried.unwrap_or_else(|| token.expires_at.map(|at| clock::both().moment_of(at)));
        Self { token, app, granted, classes, ends, last_used_ms }
    }

    /// Notes the object types that a permitted call reaches beside its path, as [`Beside::bits`].
    pub fn reaches(&self, bits: [u64; 2]) {
        for (reached, bits) in self.last_used_ms.reached.iter().zip(bits) {
            // The same types are reached again and again, so a write is rare.
            if reached.load(Ordering::Relaxed) & bits != bits {
                reached.fetch_or(bits, Ordering::Relaxed);
            }
        }
    }

    /// Whether its grace period is over at this moment of its account.
    pub fn has_ended(&self, now: Now) -> bool {
        self.ends.is_some_and(|ends| ends <= now.steady)
    }

    /// The same, with those of its scopes only.
    fn narrowed(&self, scopes: &ScopeSet) -> Self {
        Self { granted: self.granted.intersection(scopes), ..self.clone() }
    }

    /// What it may do.
    pub const fn granted(&self) -> &ScopeSet {
        &self.granted
    }

    /// Which classes of operations it may call.
    pub const fn classes(&self) -> Classes {
        self.classes
    }

    /// Why a call needs a person's approval, by the rule of its app or of its session; none where it needs none.
    pub fn approval_for(&self, call: &approval::Subject<'_>) -> Option<String> {
        let own = || self.token.session.as_ref().and_then(|session| session.approve.hit(call));
        self.app.app.approve.hit(call).or_else(own)
    }

    /// Which calls need a person's approval: by the rule of its app and of its session.
    pub fn approval_rule(&self) -> Cow<'_, Rule> {
        let app = &self.app.app.approve;
        match &self.token.session {
            Some(session) if !session.approve.is_empty() => Cow::Owned(app.and(&session.approve)),
            _ => Cow::Borrowed(app),
        }
    }

    /// Notes a use. Kept in memory; the store follows within seconds.
    pub fn note_use(&self, now: Timestamp) {
        self.last_used_ms.used_ms.fetch_max(now.as_ms(), Ordering::Relaxed);
    }

    /// The caller that policy decides on.
    pub fn caller(&self) -> Caller<'_> {
        let app = &self.app.app;
        Caller {
            app_id: app.id,
            app_name: &app.name,
            hub_id: app.hub_id,
            token_id: self.token.id,
            granted: &self.granted,
            classes: self.classes,
            session: self.token.session.is_some(),
            public_app: app.public_app,
            unlisted: &app.unlisted,
        }
    }
}

impl policy::Holder for TokenEntry {
    fn caller(&self) -> Caller<'_> {
        Self::caller(self)
    }
}

impl AppEntry {
    fn new(app: Arc<App>, account: Arc<AccountEntry>, public_app: Option<Arc<PublicApp>>, old: &Snapshot) -> Self {
        let granted = ScopeSet::of_known(app.scopes.iter().map(String::as_str));
        let usage = old.apps.get(&app.id).map(|entry| entry.usage.clone()).unwrap_or_default();
        Self { app, granted, account, public_app, usage }
    }

    /// Whether its tokens are accepted.
    pub fn is_enabled(&self) -> bool {
        // An install whose public app is gone is gone too.
        let public = self.app.public_app.is_none() || self.public_app.as_ref().is_some_and(|app| app.enabled);
        self.app.enabled && public
    }

    /// Lets a call to an embedded account through and counts it, or says which limit it ran into.
    ///
    /// # Errors
    /// The limit that was reached.
    pub fn admit(&self, class: LimitClass, now: Now) -> Result<Allowance, Exceeded> {
        let account = &self.account;
        let Counts::Embedded(shared) = &account.counts else {
            // Those of a connected account wait for a place of its limiter.
            return Err(Exceeded { policy: Policy::TenSecondlyRolling, retry_after_ms: 1_000 });
        };
        let (mut mine, mut shared) = (locked(&self.usage), locked(shared));
        let marketplace = self.public_app.as_ref().is_some_and(|app| app.distribution == Distribution::Marketplace);
        let limits = if marketplace { account.limits.of_marketplace_install() } else { account.limits };
        if self.app.no_limits {
            return Ok(count(&limits, &mut shared, now, || clock::next_midnight(&account.zone, now.wall)));
        }
        admit(class, &limits, &mut mine, &mut shared, now, || clock::next_midnight(&account.zone, now.wall))
    }
}

impl AccountEntry {
    fn new(account: Arc<Account>, old: &Snapshot, line: Option<&Arc<Line>>, clock: &Clock, repeat: Repeat) -> Self {
        let zone = TimeZone::get(&account.time_zone).unwrap_or(TimeZone::UTC);
        let limits = Limits::for_tier(account.tier, account.addons);
        // An account that installed an app over OAuth has that app's limits, whatever its tier.
        let by_oauth = account.connection.as_ref().is_some_and(|connection| connection.oauth_client.is_some());
        let limits = if by_oauth { limits.of_marketplace_install() } else { limits };
        // A count that is already over resets itself at the first call.
        let fresh = || Arc::new(Mutex::new(AccountUsage::new(DailyCount::new(0, Timestamp::from_ms(0)))));
        let before = old.accounts.get(&account.hub_id);
        let new_double = || Arc::new(Double::new(account.hub_id, repeat));
        let double = account.connection.is_none().then(|| before.and_then(|entry| entry.double.clone()).unwrap_or_else(new_double));
        let carried = before.map(|entry| entry.counts.clone());
        let counts = match (carried, account.connection.is_some()) {
            (Some(counts @ Counts::Connected(_)), true) | (Some(counts @ Counts::Embedded(_)), false) => counts,
            (_, true) => {
                let line = line.map(|line| (account.hub_id, line.clone()));
                Counts::Connected(Arc::new(Limiter::new(limits, zone.clone(), line, clock.clone())))
            }
            (_, false) => Counts::Embedded(fresh()),
        };
        let scopes = account.connection.as_ref().map_or(&[][..], |connection| &connection.scopes);
        let held = ScopeSet::of_known(scopes.iter().map(String::as_str));
        Self { account, limits, held, zone, counts, double }
    }

    /// Where the calls of a connected account get their places.
    pub fn limiter(&self) -> Option<&Arc<Limiter>> {
        match &self.counts {
            Counts::Embedded(_) => None,
            Counts::Connected(limiter) => Some(limiter),
        }
    }

    /// What makes an embedded account a test double; none where the account is connected.
    pub fn double(&self) -> Option<&Arc<Double>> {
        self.double.as_ref()
    }

    /// The account's time: that of its clock, where it is embedded and somebody set it.
    pub fn now(&self, real: Timestamp) -> Timestamp {
        self.double.as_ref().map_or(real, |double| double.clock.now(real))
    }

    /// Both clocks of the account: where somebody set its time, intervals follow it.
    pub fn moment(&self, real: Now) -> Now {
        let wall = self.now(real.wall);
        Now { steady: real.moment_of(wall), wall }
    }

    /// Calls of the day, and when the count starts again.
    pub fn daily(&self, now: Timestamp) -> (u64, Timestamp) {
        match &self.counts {
            Counts::Embedded(usage) => (locked(usage).daily.used_at(now), clock::next_midnight(&self.zone, now)),
            Counts::Connected(limiter) => limiter.daily(now),
        }
    }
}
