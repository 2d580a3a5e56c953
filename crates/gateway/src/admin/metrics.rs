//! `/metrics`, in Prometheus' text format.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use keyway_core::time::Timestamp;

use super::Admin;
use crate::attention::ending_tokens;
use crate::authority::signing;
use crate::clock;
use crate::metrics::{head, line};
use crate::upstream::health;

/// All metrics. They name accounts by number and apps not at all, since no token is asked for.
pub(super) async fn show(State(admin): State<Admin>) -> Response {
    let now = clock::now();
    let mut text = String::new();
    admin.gateway.metrics.write(&mut text);
    head(&mut text, "keyway_ending_calls_total", "counter", "Calls of operations that end, by the date.");
    for (ends, count) in admin.gateway.ending() {
        line(&mut text, "keyway_ending_calls_total", &[("ends", ends)], count);
    }
    let (accounts, apps) = (admin.control.accounts().await, admin.control.apps(None).await);
    head(&mut text, "keyway_connections", "gauge", "Connections to HubSpot, by whether it takes their credential.");
    for state in health::State::ALL {
        let connected = accounts.iter().filter(|account| account.connection.is_some());
        let count = connected.filter(|account| admin.upstream.health.of(account.hub_id).0 == state).count();
        line(&mut text, "keyway_connections", &[("state", state.as_str())], count);
    }
    let age = |since: Timestamp| (now.as_ms() - since.as_ms()).max(0) / 1_000;
    let mut oldest: HashMap<u64, Timestamp> = HashMap::new();
    for (app, tokens) in &apps {
        let live = tokens.iter().filter(|token| token.revoked_at.is_none() && token.expires_at.is_none_or(|at| at > now));
        for token in live {
            let first = oldest.entry(app.hub_id).or_insert(token.created_at);
            *first = (*first).min(token.created_at);
        }
    }
    let ids: Vec<String> = accounts.iter().map(|account| account.hub_id.to_string()).collect();
    let mut of_accounts = |name: &str, help: &str, value: &dyn Fn(&crate::model::Account) -> Option<i64>| {
        head(&mut text, name, "gauge", help);
        for (account, id) in accounts.iter().zip(&ids) {
            if let Some(value) = value(account) {
                line(&mut text, name, &[("hub_id", id)], value);
            }
        }
    };
    let standing = |account: &crate::model::Account| admin.registry.standing(account.hub_id, clock::both());
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    of_accounts("keyway_waiting_calls", "Calls that wait for their turn at HubSpot.", &|account| {
        Some(number(standing(account)?.waiting as u64))
    });
    of_accounts("keyway_daily_calls", "Calls of the day, in the account's time zone.", &|account| {
        Some(number(standing(account)?.used_today))
    });
    of_accounts("keyway_daily_limit", "Calls that the day may have.", &|account| Some(number(standing(account)?.limits.daily)));
    of_accounts("keyway_credential_age_seconds", "Age of the connection's credential.", &|account| {
        account.connection.as_ref().map(|connection| age(connection.since))
    });
    let mut next_ends: HashMap<u64, Timestamp> = HashMap::new();
    // A rotated token ends as planned.
    let ending = ending_tokens(&apps, |hub_id| admin.registry.now_of(hub_id)).filter(|(_, token, _)| !token.is_rotated());
    for (app, _, ends) in ending {
        let next = next_ends.entry(app.hub_id).or_insert(ends);
        *next = (*next).min(ends);
    }
    let ends_left = |account: &crate::model::Account| {
        let now = admin.registry.now_of(account.hub_id);
        next_ends.get(&account.hub_id).map(|at| (at.as_ms() - now.as_ms()) / 1_000)
    };
    of_accounts("keyway_token_seconds_left", "Time until the next token of the account's apps ends.", &ends_left);
    of_accounts("keyway_token_age_seconds", "Age of the oldest live token of the account's apps.", &|account| {
        oldest.get(&account.hub_id).map(|since| age(*since))
    });
    if let Some(shared) = admin.registry.has_line() {
        let name = "keyway_limits_shared";
        head(&mut text, name, "gauge", "Whether limits are shared with the other instances and not divided.");
        line(&mut text, name, &[], u8::from(shared));
    }
    let is_ready = admin.gateway.readiness().await.is_ok() && admin.control.is_ready().await;
    for (name, help, holds) in [
        ("keyway_ready", "Whether the server would answer a call, as /readyz says.", is_ready),
        ("keyway_store_written", "Whether the store could be written when it was tried last.", admin.control.is_written()),
    ] {
        head(&mut text, name, "gauge", help);
        line(&mut text, name, &[], u8::from(holds));
    }
    let damage = admin.audit.damage().await.map_or(0, |places| places.len());
    for (name, help, count) in [
        ("keyway_instances", "Instances that share the store.", admin.audit.instances() as usize),
        ("keyway_audit_damage", "Places of the audit log that are not as they were written.", damage),
        ("keyway_accounts", "Accounts.", accounts.len()),
        ("keyway_apps", "Apps.", apps.len()),
    ] {
        head(&mut text, name, "gauge", help);
        line(&mut text, name, &[], count);
    }
    if let Some(proxy) = &admin.proxy {
        proxy.write_metrics(&mut text);
        let expires_at = signing(&admin.control.proxy_authorities().load(), now).map_or(now, |one| one.expires_at);
        let name = "keyway_proxy_authority_seconds_left";
        head(&mut text, name, "gauge", "Time until the authority of the forward proxy ends.");
        line(&mut text, name, &[], (expires_at.as_ms() - now.as_ms()) / 1_000);
    }
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}
