//! The hot state: accounts, apps and tokens as the pipeline sees them.
//!
//! A snapshot in memory, swapped whole on every change, so that a request never waits for the
//! store or for a lock on it. What has been used (limits, last use) is carried from one snapshot
//! to the next.

mod entries;
mod used;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use arc_swap::ArcSwap;
use keyway_core::scope::ScopeSet;
use keyway_core::secret::Secret;
use keyway_core::share::SETTLED_MS;
use keyway_core::strict::run::Run;
use keyway_core::time::{Moment, Timestamp};
use keyway_core::token::{TokenHash, TokenKey};
use keyway_oauth::server::access_token::{AccessKey, Claims, Subject};
use keyway_oauth::server::refresh_token::{self, Named, RefreshKey};

use crate::clock::{self, Clock};
use crate::double::Double;
use crate::double::observed::Observed;
use crate::limiter::Limiter;
use crate::limiter::line::Line;
use crate::model::{Account, App, PublicApp, Token};
use crate::repeat::{CorrelationIds, Draws, Repeat, Seed};
use entries::Counts;
pub use entries::{AccountEntry, AppEntry, Holder, TokenEntry};
pub use used::Standing;

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
            Subject::App(id) => {
                let app = snapshot.public_apps.values().find(|app| app.id == id)?.clone();
                let scopes = claims.narrowed.unwrap_or_else(|| ScopeSet::of_known(app.scopes.iter().map(String::as_str)));
                Holder::App(app, scopes)
            }
        };
        Some((claims, holder))
    }

    /// The installs of a public app on embedded accounts, as its own token opens them, by account.
    pub fn installs_for(&self, app: &PublicApp, scopes: &ScopeSet) -> Vec<Arc<TokenEntry>> {
        let snapshot = self.snapshot.load();
        let mut installs: BTreeMap<u64, &Arc<TokenEntry>> = BTreeMap::new();
        for entry in snapshot.grants.values() {
            let is_own = entry.app.app.public_app == Some(app.id) && matches!(entry.app.account.counts, Counts::Embedded(_));
            if is_own && entry.token.revoked_at.is_none() && entry.token.expires_at.is_none() && entry.app.is_enabled() {
                let newest = installs.entry(entry.app.app.hub_id).or_insert(entry);
                if newest.token.id < entry.token.id {
                    *newest = entry;
                }
            }
        }
        installs.into_values().map(|entry| Arc::new(entry.presented_by_app(scopes))).collect()
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
        Some(match &held.of_app {
            Some(scopes) => Arc::new(now.presented_by_app(scopes)),
            None if now.granted == held.granted => now,
            None => Arc::new(now.narrowed(&held.granted)),
        })
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
}

impl Snapshot {
    fn all_tokens(&self) -> impl Iterator<Item = &Arc<TokenEntry>> {
        self.tokens.values().chain(self.grants.values())
    }
}
