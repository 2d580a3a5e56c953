//! Accounts, embedded and connected, and the state of their connections.

use std::collections::{HashMap, HashSet};

use axum::Extension;
use axum::extract::State;
use keyway_api::query::Page;
use keyway_core::quota::{Tier, UnknownTier};
use keyway_core::secret::Secret;

use super::Admin;
use super::body::{AccountBody, ApiError, ConnectBody, CredentialBody};
use super::extract::{JsonBody, Path, Query};
use super::page::page;
use super::view::{self, Answer, answer};
use crate::clock;
use crate::control::{AccountChange, NewAccount, NewConnection};
use crate::model::{Account, App, Token};
use crate::principal::Principal;

pub(super) async fn list(
    State(admin): State<Admin>,
    Extension(who): Extension<Principal>,
    Query(query): Query<Page>,
) -> Answer<view::Accounts> {
    let mut all = admin.control.accounts().await;
    if who.role.apps().is_some() {
        let apps = admin.control.apps(None).await;
        let own: HashSet<u64> = apps.iter().filter(|(app, _)| who.sees(app.id)).map(|(app, _)| app.hub_id).collect();
        all.retain(|account| own.contains(&account.hub_id));
    }
    let (shown, after) = page(all, query.after.as_deref(), query.limit, |account| account.hub_id)?;
    let mut apps: HashMap<u64, Vec<_>> = shown.iter().map(|account| (account.hub_id, Vec::new())).collect();
    for (app, tokens) in admin.control.apps(None).await {
        if let Some(of_account) = apps.get_mut(&app.hub_id) {
            of_account.push((app, tokens));
        }
    }
    let of = |account: &Account| apps.get(&account.hub_id).map_or(&[][..], Vec::as_slice);
    let accounts = shown.iter().map(|account| described_with(&admin, account, of(account))).collect();
    answer(view::Accounts { accounts, after })
}

pub(super) async fn create(State(admin): State<Admin>, JsonBody(asked): JsonBody<AccountBody>) -> Answer<view::AccountAnswer> {
    let tier = tier(asked.tier.as_deref())?;
    if asked.beside_path.is_some() || asked.sensitive_properties.is_some() {
        return Err(ApiError::invalid("besidePath and sensitiveProperties are settings of connected accounts"));
    }
    let AccountBody { hub_id, name, addons, time_zone, currency, region, .. } = asked;
    let new = NewAccount { hub_id, name: name.unwrap_or_default(), tier, addons: addons.unwrap_or(0), time_zone, currency, region };
    let made = admin.control.create_account(new).await?;
    answer(view::AccountAnswer { account: described(&admin, &made).await })
}

/// An account with today's use and the state of its connection.
pub(super) async fn described(admin: &Admin, account: &Account) -> view::Account {
    described_with(admin, account, &admin.control.apps(Some(account.hub_id)).await)
}

fn described_with(admin: &Admin, account: &Account, apps: &[(App, Vec<Token>)]) -> view::Account {
    let health = admin.upstream.health.of(account.hub_id);
    let connection = account.connection.as_ref().map(|connection| {
        view::connection(connection, health, admin.upstream.health.seen(account.hub_id), apps, admin.seen(account.hub_id))
    });
    view::account(account, admin.registry.standing(account.hub_id, clock::both()), connection)
}

pub(super) async fn check_connection(State(admin): State<Admin>, Path(hub_id): Path<u64>) -> Answer<view::AccountAnswer> {
    let checked = admin.control.check_connection(&admin.upstream, hub_id).await?;
    answer(view::AccountAnswer { account: described(&admin, &checked).await })
}

pub(super) async fn connect(State(admin): State<Admin>, JsonBody(asked): JsonBody<ConnectBody>) -> Answer<view::AccountAnswer> {
    let new = NewConnection {
        name: asked.name.unwrap_or_default(),
        base: asked.base_url,
        credential: Secret::new(asked.credential),
        tier: tier(asked.tier.as_deref())?,
        addons: asked.addons.unwrap_or(0),
        time_zone: asked.time_zone,
    };
    let made = admin.control.connect_account(&admin.upstream, new).await?;
    answer(view::AccountAnswer { account: described(&admin, &made).await })
}

pub(super) async fn replace_credential(
    State(admin): State<Admin>,
    Path(hub_id): Path<u64>,
    JsonBody(asked): JsonBody<CredentialBody>,
) -> Answer<view::AccountAnswer> {
    let changed = admin.control.replace_credential(&admin.upstream, hub_id, Secret::new(asked.credential)).await?;
    answer(view::AccountAnswer { account: described(&admin, &changed).await })
}

pub(super) async fn roll_back_credential(State(admin): State<Admin>, Path(hub_id): Path<u64>) -> Answer<view::AccountAnswer> {
    let changed = admin.control.roll_back_credential(&admin.upstream, hub_id).await?;
    answer(view::AccountAnswer { account: described(&admin, &changed).await })
}

pub(super) async fn show(
    State(admin): State<Admin>,
    Extension(who): Extension<Principal>,
    Path(hub_id): Path<u64>,
) -> Answer<view::AccountAnswer> {
    let found = admin.control.account(hub_id).await?;
    let mut account = described(&admin, &found).await;
    if found.connection.is_none() {
        account.records = Some(admin.refill.records(hub_id).await);
    }
    if let Some(began) = admin.registry.day_began(hub_id, clock::now()) {
        let names: HashMap<u64, String> = admin.control.apps(Some(hub_id)).await.into_iter().map(|(app, _)| (app.id, app.name)).collect();
        let counted = admin.audit.counted_by_app(hub_id, began).await?;
        let of_app = |(app_id, calls): (u64, u64)| view::AppUse { app_id, app: names.get(&app_id).cloned(), calls };
        account.used_today_by_app = Some(counted.into_iter().filter(|(app_id, _)| who.sees(*app_id)).map(of_app).collect());
    }
    answer(view::AccountAnswer { account })
}

pub(super) async fn update(
    State(admin): State<Admin>,
    Path(hub_id): Path<u64>,
    JsonBody(asked): JsonBody<AccountBody>,
) -> Answer<view::AccountAnswer> {
    if asked.hub_id.is_some() || asked.currency.is_some() || asked.region.is_some() {
        return Err(ApiError::invalid("hubId, currency and region stay as they were made"));
    }
    let change = AccountChange {
        name: asked.name,
        tier: tier(asked.tier.as_deref())?,
        addons: asked.addons,
        time_zone: asked.time_zone,
        beside_path: asked.beside_path,
        sensitive: asked.sensitive_properties,
    };
    let changed = admin.control.update_account(hub_id, change).await?;
    answer(view::AccountAnswer { account: described(&admin, &changed).await })
}

pub(super) async fn delete(State(admin): State<Admin>, Path(hub_id): Path<u64>) -> Answer<view::Deleted> {
    let double = admin.registry.double(hub_id);
    admin.control.delete_account(hub_id).await?;
    if let Some(double) = double {
        admin.registry.keep_observed(&double);
    }
    answer(view::Deleted { deleted: hub_id })
}

fn tier(name: Option<&str>) -> Result<Option<Tier>, ApiError> {
    name.map(|name| name.parse().map_err(|error: UnknownTier| ApiError::invalid(error.to_string()))).transpose()
}
