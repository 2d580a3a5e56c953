//! What a server has, as the admin API answers, and as the file has it.

use anyhow::bail;
use http::Method;
use serde_json::Value;

use super::super::list;
use super::channels;
use super::check::{BASE_SCOPE, wait};
use super::register::{Account, App, Backend, Guard};
use crate::args::Connection;
use crate::client::{call, list_all};

/// The role that may change accounts and apps.
const SUPER_ADMIN: &str = "super-admin";
/// The role that sees all accounts and apps, and changes none.
const AUDITOR: &str = "auditor";

/// Accounts, private apps and notification channels.
pub struct Server {
    pub accounts: Vec<Value>,
    pub apps: Vec<Value>,
    /// Notification channels; empty where nobody asked for them.
    pub channels: Vec<Value>,
}

impl Server {
    /// Asks for the accounts of these hub ids and for their apps, and for all channels where `with_channels`.
    ///
    /// # Errors
    /// The server does not answer, or refuses.
    pub async fn read(connection: &Connection, wanted: impl Fn(u64) -> bool, with_channels: bool) -> anyhow::Result<Self> {
        let mut accounts = list_all(connection, "/api/v1/accounts", "accounts").await?;
        let mut apps = list_all(connection, "/api/v1/apps", "apps").await?;
        let channels = if with_channels { channels::read(connection).await? } else { Vec::new() };
        let of = |answer: &mut Value, name: &str| -> Vec<Value> {
            let mut entries = answer[name].as_array_mut().map(std::mem::take).unwrap_or_default();
            entries.retain(|one| one["hubId"].as_u64().is_some_and(&wanted));
            entries
        };
        Ok(Self { accounts: of(&mut accounts, "accounts"), apps: of(&mut apps, "apps"), channels })
    }
}

/// Refuses a caller who sees only some apps: a plan would create the others again, and a file would have `--prune` delete
/// them.
///
/// # Errors
/// The role does not see all apps, or may not change them where `changes`.
pub async fn check_role(connection: &Connection, changes: bool) -> anyhow::Result<()> {
    let me = call(connection, Method::GET, "/api/v1/me", None).await?;
    match me["role"].as_str() {
        Some(SUPER_ADMIN) => Ok(()),
        Some(AUDITOR) if !changes => Ok(()),
        Some(AUDITOR) => bail!("the role {AUDITOR} changes nothing. Add --dry-run, or use a token with the role {SUPER_ADMIN}"),
        role => bail!(
            "the role {} does not see all apps. Use a token with the role {SUPER_ADMIN}, or {AUDITOR} where nothing is changed",
            role.unwrap_or("of this token")
        ),
    }
}

/// An app of a server, as the file has it.
pub fn app_of(app: &Value) -> App {
    let texts = |name: &str| list(app, name).iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>();
    let plain = |name: &str| app[name].as_str().unwrap_or_default().to_owned();
    let number = |name: &str, usual: u32| app[name].as_u64().and_then(|number| number.try_into().ok()).unwrap_or(usual);
    App {
        account: app["hubId"].as_u64(),
        former_name: None,
        description: plain("description"),
        owner: plain("owner"),
        dependents: texts("dependents"),
        scopes: texts("scopes").into_iter().filter(|scope| scope != BASE_SCOPE).collect(),
        enabled: app["enabled"] != false,
        weight: number("weight", 1),
        reserve: number("reserve", 0),
        max_wait: wait(app["maxWaitMs"].as_u64().unwrap_or_default()),
        translate: app["translate"] == true,
        no_limits: app["noLimits"] == true,
        unlisted: texts("unlisted").into_iter().filter(|rule| rule != "refuse").collect(),
        ..App::named(&plain("name"))
    }
}

/// An account of a server, as the file has it: all its settings, because one that is left out is not applied.
pub fn account_of(account: &Value) -> Account {
    let plain = |name: &str| account[name].as_str().map(str::to_owned);
    let embedded = account["backend"] == "embedded";
    let guard = |name: &str| match account[name].as_str() {
        Some("forward") => Some(Guard::Forward),
        Some(_) => Some(Guard::Refuse),
        None => None,
    };
    Account {
        hub_id: account["hubId"].as_u64().unwrap_or_default(),
        backend: Some(if embedded { Backend::Embedded } else { Backend::Hubspot }),
        name: plain("name"),
        tier: plain("tier"),
        addons: account["addons"].as_u64().and_then(|count| count.try_into().ok()),
        time_zone: plain("timeZone"),
        currency: plain("currency").filter(|_| embedded),
        region: plain("region").filter(|_| embedded),
        beside_path: guard("besidePath"),
        sensitive_properties: guard("sensitiveProperties"),
    }
}
