//! The configuration of a server, as the admin API returns it, in the types of the file.

use anyhow::bail;
use keyway_api::RoleName;
use keyway_api::view::{self, Accounts, AppWithTokens, Apps, Me};
use keyway_core::safety;

use super::channels;
use super::check::{BASE_SCOPE, wait};
use crate::args::Connection;
use crate::register::{Account, App, ApprovalRule, Backend, Guard};
use crate::typed::{all, get};

/// The role that may change accounts and apps.
const SUPER_ADMIN: RoleName = RoleName::SuperAdmin;
/// The role that sees all accounts and apps, and changes none.
const AUDITOR: RoleName = RoleName::Auditor;

/// Accounts, private apps and notification channels.
pub struct Server {
    pub accounts: Vec<view::Account>,
    pub apps: Vec<AppWithTokens>,
    /// Notification channels; empty where nobody asked for them.
    pub channels: Vec<view::Channel>,
}

impl Server {
    /// Asks for the accounts of these hub ids and for their apps, and for all channels where `with_channels`.
    ///
    /// # Errors
    /// The server does not answer, or refuses.
    pub async fn read(connection: &Connection, wanted: impl Fn(u64) -> bool, with_channels: bool) -> anyhow::Result<Self> {
        let mut accounts = all::<Accounts>(connection, "/api/v1/accounts").await?;
        let mut apps = all::<Apps>(connection, "/api/v1/apps").await?;
        let channels = if with_channels { channels::read(connection).await? } else { Vec::new() };
        accounts.retain(|account| wanted(account.hub_id));
        apps.retain(|app| wanted(app.hub_id));
        Ok(Self { accounts, apps, channels })
    }
}

/// Refuses a caller who sees only some apps: a plan would create the others again, and a file would have `--prune` delete
/// them.
///
/// # Errors
/// The role does not see all apps, or may not change them where `changes`.
pub async fn check_role(connection: &Connection, changes: bool) -> anyhow::Result<()> {
    let Me { role, .. } = get(connection, "/api/v1/me").await?;
    match role {
        SUPER_ADMIN => Ok(()),
        AUDITOR if !changes => Ok(()),
        AUDITOR => bail!("the role {AUDITOR} may not change anything. Add --dry-run, or use a token with the role {SUPER_ADMIN}"),
        role => {
            bail!("the role {role} does not see all apps. Use a token with the role {SUPER_ADMIN}, or {AUDITOR} where nothing is changed")
        }
    }
}

/// An app of a server, as the file has it.
pub fn app_of(AppWithTokens { app, .. }: &AppWithTokens) -> App {
    App {
        account: Some(app.hub_id),
        former_name: None,
        description: app.description.clone(),
        owner: app.owner.clone(),
        dependents: app.dependents.clone(),
        scopes: app.scopes.iter().filter(|scope| *scope != BASE_SCOPE).cloned().collect(),
        enabled: app.enabled,
        weight: app.weight,
        reserve: app.reserve,
        max_wait: wait(app.max_wait_ms.into()),
        translate: app.translate,
        no_limits: app.no_limits,
        allow: app.allow.iter().filter(|word| *word != safety::EVERYTHING).cloned().collect(),
        unlisted: app.unlisted.iter().filter(|rule| *rule != "refuse").cloned().collect(),
        approval: approval_of(&app.approval),
        ..App::named(&app.name)
    }
}

fn approval_of(rule: &view::ApprovalRule) -> ApprovalRule {
    ApprovalRule { classes: rule.classes.clone(), above: rule.above, operations: rule.operations.clone() }
}

/// An account of a server, as the file has it: all its settings, because one that is left out is not applied.
pub fn account_of(account: &view::Account) -> Account {
    let embedded = account.connection.is_none();
    let guard = |setting: &Option<String>| match setting.as_deref() {
        Some("forward") => Some(Guard::Forward),
        Some(_) => Some(Guard::Refuse),
        None => None,
    };
    Account {
        hub_id: account.hub_id,
        backend: Some(if embedded { Backend::Embedded } else { Backend::Hubspot }),
        name: Some(account.name.clone()),
        tier: Some(account.tier.clone()),
        addons: Some(account.addons),
        time_zone: Some(account.time_zone.clone()),
        currency: embedded.then(|| account.currency.clone()),
        region: embedded.then(|| account.region.clone()),
        beside_path: guard(&account.beside_path),
        sensitive_properties: guard(&account.sensitive_properties),
    }
}
