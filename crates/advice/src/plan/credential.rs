//! The kind of HubSpot credential that an integration needs, now that account-wide keys are gone and nobody can create
//! legacy private apps (hubspot facts, sections 1, 2 and 9).

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Integration, Use};

/// What HubSpot gives today.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CredentialKind {
    /// For REST calls of one account.
    ServiceKey,
    /// A project app with static auth: one account, with webhooks or UI extensions.
    ProjectApp,
    /// A project app with OAuth: many accounts.
    Oauth,
    /// Nothing it calls takes a credential.
    None,
}

impl fmt::Display for CredentialKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ServiceKey => "service key",
            Self::ProjectApp => "project app with static auth",
            Self::Oauth => "project app with OAuth",
            Self::None => "none",
        })
    }
}

/// Families that belong to an app and not to a key: webhooks, cards and other extensions, app events.
const OF_APPS: [&str; 9] = [
    "/webhooks/",
    "/app-webhooks/",
    "/webhooks-journal/",
    "/extensions/",
    "/integrators/timeline/",
    "/automation/v4/actions/",
    "/automation/actions/",
    "/media-bridge/",
    "/feature-flags/",
];

pub(super) fn of(integration: &Integration) -> (CredentialKind, String) {
    if let Some(decided) = integration.decided {
        return (decided, "decided in keyway.toml".to_owned());
    }
    // The query for a private-app token's permissions is not OAuth, although its path begins with `/oauth/`.
    let is_client = |one: &&Use| path(&one.operation).starts_with("/oauth/") && !path(&one.operation).contains("/private-apps/");
    let client = integration.uses.iter().find(is_client);
    let secret = integration.leaks.iter().find(|leak| matches!(leak.kind.as_str(), "oauth_client_secret" | "oauth_refresh_token"));
    if integration.accounts > 1 {
        return (CredentialKind::Oauth, format!("it calls {} accounts", integration.accounts));
    }
    if let Some(one) = client {
        return (CredentialKind::Oauth, format!("it is an OAuth client: it calls {} ({})", one.operation, one.place));
    }
    if let Some(leak) = secret {
        return (
            CredentialKind::Oauth,
            format!("it is an OAuth client: its files hold an {} ({})", leak.kind.replace('_', " ").replace("oauth", "OAuth"), leak.place),
        );
    }
    let of_app = integration.uses.iter().find(|one| OF_APPS.iter().any(|family| path(&one.operation).contains(family)));
    if let Some(one) = of_app {
        return (
            CredentialKind::ProjectApp,
            format!("{} ({}) belongs to an app; a service key has no webhooks and no extensions", one.operation, one.place),
        );
    }
    if let Some(leak) = integration.leaks.iter().find(|leak| leak.kind == "webhook_secret") {
        return (CredentialKind::ProjectApp, format!("it checks webhooks ({}); a service key has none", leak.place));
    }
    if is_in_a_tool(integration) {
        return (
            CredentialKind::ServiceKey,
            "a workflow tool or an agent makes its calls, to one account; give the tool the token of the app on Keyway where it takes a token and an address, else keep the tool's own connection".to_owned(),
        );
    }
    if !integration.uses.is_empty() && integration.uses.iter().all(|one| one.auth == "none") {
        return (CredentialKind::None, "its calls take no credential".to_owned());
    }
    (CredentialKind::ServiceKey, "it makes REST calls to one account, without webhooks or UI extensions; a service key is the simplest credential for that, and keeps working when its creator leaves".to_owned())
}

/// Whether all uses are steps of workflow tools or agents' servers.
pub(super) fn is_in_a_tool(integration: &Integration) -> bool {
    !integration.uses.is_empty() && integration.uses.iter().all(|one| one.by_tool || one.operation.starts_with("mcp "))
}

fn path(operation: &str) -> &str {
    operation.split(' ').nth(1).unwrap_or(operation)
}
