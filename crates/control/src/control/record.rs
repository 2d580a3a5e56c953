//! Who changed what, when, from where: written in the transaction of the change itself.
//!
//! Whoever calls for somebody (the guard of the admin API, a page of the console) opens a scope with
//! [`Acting::run`]; every transaction that is committed inside of it takes a record along. So no
//! change has to remember to be recorded. What is not done for anybody (a refresh, a check from time to
//! time, an app's own OAuth) has no scope, and no record here.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use keyway_core::approval::Rule;
use keyway_core::time::Timestamp;
use serde_json::{Map, Value, json};

use super::{Control, Result, State};
use crate::clock;
use crate::model::{Account, AdminToken, App, ChangeRecord, ClientSecret, OAuthClient, Person, ProxyAuthority, PublicApp, Token};
use crate::principal::Principal;
use crate::store::changes::{self as stored, ChangeFilter};
use crate::store::{Change, StoreError};

tokio::task_local! {
    static ACTING: Arc<Acting>;
}

/// Somebody performs an operation.
#[derive(Debug)]
pub struct Acting {
    principal: Principal,
    operation: &'static str,
    /// What it is performed on; when empty, what it makes.
    target: String,
    recorded: AtomicBool,
}

/// Things named in one record; of a change to more, the record says how many there are.
const THINGS_MAX: usize = 50;

impl Acting {
    /// Somebody performs an operation of the admin API, by its name in the table, on something such as `app 3`.
    pub fn new(principal: Principal, operation: &'static str, target: String) -> Arc<Self> {
        Arc::new(Self { principal, operation, target, recorded: AtomicBool::new(false) })
    }

    /// Does the work; what it commits is recorded as theirs.
    pub async fn run<T>(self: Arc<Self>, work: impl Future<Output = T>) -> T {
        ACTING.scope(self, work).await
    }
}

impl Control {
    /// The records of changes that fit, newest first.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn changes(&self, filter: &ChangeFilter) -> Result<Vec<ChangeRecord>> {
        Ok(self.store.changes(filter).await?)
    }

    /// Records an operation that succeeded and committed nothing, such as giving an access token out.
    /// Without effect where its change is recorded.
    ///
    /// # Errors
    /// The store can't be written.
    pub async fn record_if_unrecorded(&self, acting: &Acting) -> Result<()> {
        if acting.recorded.load(Ordering::Acquire) {
            return Ok(());
        }
        let mut change = self.store.begin().await?;
        write(&mut change, acting, Things::default(), Things::default(), account_in(&acting.target)).await?;
        change.commit().await.map_err(StoreError::from)?;
        Ok(())
    }
}

/// Who performs the operation that is in progress, by the name that people know; none where it is nobody's.
pub(super) fn acting_name() -> Option<String> {
    ACTING.try_with(|acting| acting.principal.who.name().to_owned()).ok()
}

/// Takes a record along in a change to the state.
pub(super) async fn of_state(change: &mut Change, before: &State, after: &State) -> Result<()> {
    let Ok(acting) = ACTING.try_with(Arc::clone) else { return Ok(()) };
    let (mut was, mut became) = (Things::default(), Things::default());
    let mut accounts = BTreeSet::new();
    // Made once, and only where a token changed: its app may have come or gone with it.
    let of_app = OnceLock::new();
    let account_of_app = |app_id: u64| {
        let apps = || after.apps.iter().chain(&before.apps).map(|app| (app.id, app.hub_id)).collect::<HashMap<_, _>>();
        of_app.get_or_init(apps).get(&app_id).copied()
    };
    let mut differ = |kind: &'static str, then: Keyed<'_>, now: Keyed<'_>| {
        let mut gone: HashMap<u64, Thing<'_>> = then.into_iter().collect();
        for (id, now) in now {
            match gone.remove(&id) {
                Some(then) if then == now => {}
                Some(then) => {
                    accounts.extend(now.account(account_of_app));
                    let (then, now) = only_differences(then.shown(), now.shown());
                    was.put(kind, id, then);
                    became.put(kind, id, now);
                }
                None => {
                    accounts.extend(now.account(account_of_app));
                    became.put(kind, id, now.shown());
                }
            }
        }
        let mut gone: Vec<_> = gone.into_iter().collect();
        gone.sort_unstable_by_key(|(id, _)| *id);
        for (id, then) in &gone {
            accounts.extend(then.account(account_of_app));
            was.put(kind, *id, then.shown());
        }
    };
    let (then, now) = changed(&before.accounts, &after.accounts, Thing::Account);
    differ("account", then, now);
    let (then, now) = changed(&before.public_apps, &after.public_apps, Thing::PublicApp);
    differ("public app", then, now);
    let (then, now) = changed(&before.apps, &after.apps, Thing::App);
    differ("app", then, now);
    let (then, now) = changed(&before.tokens, &after.tokens, Thing::Token);
    differ("token", then, now);
    differ("OAuth client", clients(before), clients(after));
    let (then, now) = changed(&before.authorities, &after.authorities, Thing::ProxyAuthority);
    differ("proxy authority", then, now);
    let account = accounts.first().copied().filter(|_| accounts.len() == 1);
    write(change, &acting, was, became, account).await
}

/// Takes a record along of one thing that is not part of the state; none where it was not, or is not any more.
pub(super) async fn of_one(change: &mut Change, name: String, was: Option<Value>, became: Option<Value>) -> Result<()> {
    of_one_in(change, name, was, became, None).await
}

/// The same of something of an account.
pub(super) async fn of_one_in(
    change: &mut Change,
    name: String,
    was: Option<Value>,
    became: Option<Value>,
    hub_id: Option<u64>,
) -> Result<()> {
    let Ok(acting) = ACTING.try_with(Arc::clone) else { return Ok(()) };
    let (was, became) = match (was, became) {
        (Some(was), Some(became)) => {
            let (was, became) = only_differences(was, became);
            (Some(was), Some(became))
        }
        other => other,
    };
    let things = |value: Option<Value>| Things { named: value.map(|value| (name.clone(), value)).into_iter().collect(), more: 0 };
    write(change, &acting, things(was), things(became), hub_id).await
}

async fn write(change: &mut Change, acting: &Acting, was: Things, became: Things, hub_id: Option<u64>) -> Result<()> {
    let made = || became.named.keys().chain(was.named.keys()).next().cloned().unwrap_or_default();
    let Principal { who, role, source } = &acting.principal;
    let record = ChangeRecord {
        id: 0,
        at: clock::now(),
        kind: who.kind().to_owned(),
        who_id: who.id(),
        who: who.name().to_owned(),
        role: role.name().to_owned(),
        operation: acting.operation.to_owned(),
        target: if acting.target.is_empty() { made() } else { acting.target.clone() },
        was: was.into(),
        became: became.into(),
        source: source.clone(),
        hub_id,
    };
    stored::insert(change, &record).await?;
    // Even if the transaction is given up after this: then the operation fails, and there is nothing to record.
    acting.recorded.store(true, Ordering::Release);
    Ok(())
}

/// The account that a path named.
fn account_in(target: &str) -> Option<u64> {
    target.strip_prefix("account ")?.parse().ok()
}

/// What a record names, each under its kind and number.
#[derive(Default)]
struct Things {
    named: Map<String, Value>,
    more: usize,
}

impl Things {
    fn put(&mut self, kind: &str, id: u64, shown: Value) {
        if self.named.len() < THINGS_MAX {
            self.named.insert(format!("{kind} {id}"), shown);
        } else {
            self.more += 1;
        }
    }
}

impl From<Things> for Value {
    fn from(things: Things) -> Self {
        let mut named = things.named;
        if things.more > 0 {
            named.insert("more".into(), things.more.into());
        }
        Self::Object(named)
    }
}

/// One thing of the state.
#[derive(PartialEq)]
enum Thing<'a> {
    Account(&'a Account),
    App(&'a App),
    Token(&'a Token),
    PublicApp(&'a PublicApp),
    OAuthClient(&'a OAuthClient),
    ProxyAuthority(&'a ProxyAuthority),
}

trait Numbered {
    fn number(&self) -> u64;
}

macro_rules! numbered {
    ($($kind:ty: $field:ident),*) => { $(impl Numbered for $kind { fn number(&self) -> u64 { self.$field } })* };
}

numbered!(Account: hub_id, App: id, Token: id, PublicApp: id, ProxyAuthority: id);

type Keyed<'a> = Vec<(u64, Thing<'a>)>;

/// What is in one list and not in the other. Things that did not change are the same in both, which
/// their address shows; only the part between the first and the last difference is compared.
fn changed<'a, T: Numbered>(before: &'a [Arc<T>], after: &'a [Arc<T>], thing: impl Fn(&'a T) -> Thing<'a>) -> (Keyed<'a>, Keyed<'a>) {
    let same = |(one, other): &(&Arc<T>, &Arc<T>)| Arc::ptr_eq(one, other);
    let first = before.iter().zip(after).take_while(same).count();
    let (before, after) = (&before[first..], &after[first..]);
    let last = before.iter().rev().zip(after.iter().rev()).take_while(same).count();
    let (before, after) = (&before[..before.len() - last], &after[..after.len() - last]);
    let addresses = |list: &[Arc<T>]| -> HashSet<*const T> { list.iter().map(Arc::as_ptr).collect() };
    let only = |list: &'a [Arc<T>], other: HashSet<*const T>| {
        list.iter().filter(|one| !other.contains(&Arc::as_ptr(one))).map(|one| (one.number(), thing(one))).collect()
    };
    (only(before, addresses(after)), only(after, addresses(before)))
}

fn clients(state: &State) -> Keyed<'_> {
    state.oauth_clients.iter().map(|one| (one.id, Thing::OAuthClient(one))).collect()
}

impl Thing<'_> {
    /// The account that it is of.
    fn account(&self, of_app: impl Fn(u64) -> Option<u64>) -> Option<u64> {
        match self {
            Self::Account(one) => Some(one.hub_id),
            Self::App(one) => Some(one.hub_id),
            Self::Token(one) => of_app(one.app_id),
            Self::PublicApp(_) | Self::OAuthClient(_) | Self::ProxyAuthority(_) => None,
        }
    }

    /// What a record says of it: all but secrets, of which it says what may be shown.
    fn shown(&self) -> Value {
        match self {
            Self::Account(one) => json!({
                "name": one.name, "tier": one.tier.to_string(), "addons": one.addons, "timeZone": one.time_zone,
                "currency": one.currency, "region": one.region, "besidePath": one.guards.beside_path.name(), "sensitiveProperties": one.guards.sensitive.name(),
                "connection": one.connection.as_ref().map(|connection| json!({
                    "baseUrl": connection.base.to_string(), "credential": connection.hint, "scopes": connection.scopes,
                    "since": connection.since.to_iso(), "former": connection.former.as_ref().map(|former| &former.hint),
                })),
            }),
            Self::App(one) => json!({
                "hubId": one.hub_id, "name": one.name, "description": one.description, "owner": one.owner, "dependents": one.dependents,
                "scopes": one.scopes, "weight": one.sharing.weight, "reserve": one.sharing.reserve, "maxWaitMs": one.sharing.max_wait_ms,
                "translate": one.translate, "noLimits": one.no_limits, "unlisted": one.unlisted.to_texts(), "allow": one.allow.words(), "enabled": one.enabled, "publicAppId": one.public_app,
                "approval": rule(&one.approve),
            }),
            Self::Token(one) => json!({
                "appId": one.app_id, "hint": one.hint, "legacy": one.legacy, "expiresAt": one.expires_at.map(Timestamp::to_iso),
                "lifetimeEndsAt": one.lifetime_ends_at.map(Timestamp::to_iso), "revokedAt": one.revoked_at.map(Timestamp::to_iso),
                "scopes": one.grant.as_ref().map(|grant| &grant.scopes), "grantedBy": one.grant.as_ref().map(|grant| &grant.user),
                "session": one.session.as_ref().map(|session| json!({
                    "scopes": session.scopes, "classes": session.classes.words(), "onBehalfOf": session.person, "purpose": session.purpose,
                    "agent": session.agent.as_ref().map(|agent| json!({ "client": agent.client, "name": agent.name })),
                    "calls": session.budget.calls, "records": session.budget.records,
                    "callsPerDay": session.budget.calls_per_day, "recordsPerDay": session.budget.records_per_day,
                    "approval": rule(&session.approve),
                })),
            }),
            Self::PublicApp(one) => {
                let secret = |secret: &ClientSecret| json!({ "hint": secret.hint, "expiresAt": secret.expires_at.map(Timestamp::to_iso) });
                json!({
                    "name": one.name, "description": one.description, "owner": one.owner, "clientId": one.client_id,
                    "secrets": one.secrets.iter().map(secret).collect::<Vec<_>>(), "publicClient": one.is_public,
                    "redirectUris": one.redirect_uris, "scopes": one.scopes, "conditionalScopes": one.conditional_scopes,
                    "optionalScopes": one.optional_scopes, "distribution": one.distribution.name(), "rotateRefreshTokens": one.rotates,
                    "enabled": one.enabled,
                })
            }
            Self::OAuthClient(one) => json!({
                "name": one.name, "clientId": one.client.id, "baseUrl": one.base.to_string(), "authorizeUrl": one.authorize_url,
                "scopes": one.scopes, "optionalScopes": one.optional_scopes,
            }),
            Self::ProxyAuthority(one) => json!({
                "name": one.name, "signsFrom": one.signs_from.to_iso(), "expiresAt": one.expires_at.to_iso(),
            }),
        }
    }
}

fn rule(one: &Rule) -> Value {
    json!({ "classes": one.classes(), "above": one.above(), "operations": one.operations() })
}

/// What a record says of a person.
pub(super) fn person(one: &Person) -> Value {
    json!({ "role": one.role.name(), "apps": one.role.apps(), "expiresAt": one.expires_at.map(Timestamp::to_iso) })
}

/// What a record says of an admin token.
pub(super) fn admin_token(one: &AdminToken) -> Value {
    json!({
        "name": one.name, "hint": one.hint, "role": one.role.name(), "apps": one.role.apps(),
        "expiresAt": one.expires_at.map(Timestamp::to_iso), "revokedAt": one.revoked_at.map(Timestamp::to_iso),
    })
}

/// The fields in which two differ. Where it is a secret alone that differs, none is left.
fn only_differences(was: Value, became: Value) -> (Value, Value) {
    let (Value::Object(was), Value::Object(became)) = (was, became) else { return (Value::Null, Value::Null) };
    let part = |of: &Map<String, Value>, other: &Map<String, Value>| {
        of.iter().filter(|(field, value)| other.get(*field) != Some(*value)).map(|(field, value)| (field.clone(), value.clone())).collect()
    };
    (Value::Object(part(&was, &became)), Value::Object(part(&became, &was)))
}
