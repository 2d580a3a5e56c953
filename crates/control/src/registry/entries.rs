//! Accounts, apps and tokens with what they have used, as a snapshot holds them.

use std::borrow::Cow;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use jiff::tz::TimeZone;
use keyway_core::approval::Rule;
use keyway_core::catalog::LimitClass;
use keyway_core::policy::Caller;
use keyway_core::quota::{AccountUsage, Allowance, AppUsage, DailyCount, Exceeded, Limits, Policy, admit, count};
use keyway_core::safety::Classes;
use keyway_core::scope::ScopeSet;
use keyway_core::time::{Moment, Now, Timestamp};
use keyway_core::{approval, policy};

use super::Snapshot;
use crate::clock::{self, Clock};
use crate::double::Double;
use crate::limiter::Limiter;
use crate::limiter::line::Line;
use crate::model::{Account, App, Distribution, PublicApp, Token};
use crate::repeat::Repeat;
use crate::sync::locked;

/// A token and the app that presents it.
#[derive(Clone)]
pub struct TokenEntry {
    /// The stored token.
    pub token: Arc<Token>,
    /// The app that presents the token.
    pub app: Arc<AppEntry>,
    /// What it may do: its app's scopes, or what was granted with it.
    pub(super) granted: ScopeSet,
    /// Which classes of operations: its app's, or what its session has of them.
    pub(super) classes: Classes,
    /// When it ends, in time that only passes: once it has ended, no clock brings it back.
    pub(super) ends: Option<Moment>,
    pub(super) last_used_ms: Arc<LastUse>,
    /// The scopes of its app's own token, where the app presents that in place of the account's.
    pub(super) of_app: Option<ScopeSet>,
}

/// Whom an access token was given to.
pub enum Holder {
    /// An install: the grant, with no more than the token may do.
    Install(Arc<TokenEntry>),
    /// A public app itself, with the scopes of its token.
    App(Arc<PublicApp>, ScopeSet),
    /// An agent: its session, with no more than the token may do.
    Agent(Arc<TokenEntry>),
}

/// An app, its scopes as a set, and what it has used.
pub struct AppEntry {
    /// The stored app.
    pub app: Arc<App>,
    /// The scopes of the app, as a set.
    pub granted: ScopeSet,
    /// The account of the app.
    pub account: Arc<AccountEntry>,
    /// The public app that it is an install of.
    pub public_app: Option<Arc<PublicApp>>,
    pub(super) usage: Arc<Mutex<AppUsage>>,
}

/// An account, its limits, and what it has used.
pub struct AccountEntry {
    /// The stored account.
    pub account: Arc<Account>,
    /// What its tier allows.
    pub limits: Limits,
    /// What the credential of its connection may do; nothing where it is embedded.
    pub held: ScopeSet,
    pub(super) zone: TimeZone,
    pub(super) counts: Counts,
    /// What makes it a test double; an embedded account only has it.
    pub(super) double: Option<Arc<Double>>,
}

/// What opens the webhooks journal.
const JOURNAL_SCOPES: [&str; 4] = [
    "webhooks-journal-data-access",
    "webhooks-journal-snapshot-management",
    "webhooks-journal-subscription-management",
    "webhooks-journal-subscription-read",
];

/// Who counts an account's calls.
#[derive(Clone)]
pub(super) enum Counts {
    /// Keyway alone: each app has HubSpot's limits.
    Embedded(Arc<Mutex<AccountUsage>>),
    /// HubSpot too: the apps share what it allows their connection.
    Connected(Arc<Limiter>),
}

/// When a token was last used and what for, and what of it the store knows.
#[derive(Default)]
pub(super) struct LastUse {
    pub(super) used_ms: AtomicI64,
    pub(super) stored_ms: AtomicI64,
    /// The object types that its calls reached beside their paths, as [`Beside::bits`], and those that the store knows.
    pub(super) reached: [AtomicU64; 2],
    pub(super) reached_stored: [AtomicU64; 2],
}

impl TokenEntry {
    pub(super) fn new(token: Arc<Token>, app: Arc<AppEntry>, before: Option<&Arc<Self>>) -> Self {
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
        Self { token, app, granted, classes, ends, last_used_ms, of_app: None }
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
    pub(super) fn narrowed(&self, scopes: &ScopeSet) -> Self {
        Self { granted: self.granted.intersection(scopes), ..self.clone() }
    }

    /// The same, presented by its app itself: the scopes of the webhooks journal are the app's own, and no account grants them.
    pub(super) fn presented_by_app(&self, scopes: &ScopeSet) -> Self {
        let mut granted = self.granted.intersection(scopes);
        granted.extend(&scopes.intersection(&ScopeSet::of_known(JOURNAL_SCOPES)));
        Self { granted, of_app: Some(*scopes), ..self.clone() }
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
            developer_key: self.token.legacy && matches!(self.app.account.counts, Counts::Embedded(_)),
            embedded: self.app.account.account.connection.is_none(),
        }
    }
}

impl policy::Holder for TokenEntry {
    fn caller(&self) -> Caller<'_> {
        Self::caller(self)
    }
}

impl AppEntry {
    pub(super) fn new(app: Arc<App>, account: Arc<AccountEntry>, public_app: Option<Arc<PublicApp>>, old: &Snapshot) -> Self {
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
    pub(super) fn new(account: Arc<Account>, old: &Snapshot, line: Option<&Arc<Line>>, clock: &Clock, repeat: Repeat) -> Self {
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
