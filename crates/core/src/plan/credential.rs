//! Which kind of credential an integration needs of HubSpot, now that account-wide keys are gone and
//! legacy private apps can't be made any more (hubspot facts, sections 1, 2 and 9).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Integration;

/// What HubSpot gives today.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    let oauth_use = integration.uses.iter().find(|one| path(&one.operation).starts_with("/oauth/"));
    let oauth_leak = integration.leaks.iter().find(|leak| leak.kind.starts_with("oauth_"));
    if integration.accounts > 1 {
        return (CredentialKind::Oauth, format!("it calls {} accounts", integration.accounts));
    }
    if let Some(place) = oauth_use.map(|one| &one.place).or(oauth_leak.map(|leak| &leak.place)) {
        return (CredentialKind::Oauth, format!("it is an OAuth client ({place}), which many accounts install"));
    }
    let of_app = integration.uses.iter().find(|one| OF_APPS.iter().any(|family| path(&one.operation).contains(family)));
    if let Some(one) = of_app {
        return (
            CredentialKind::ProjectApp,
            format!("{} ({}) belongs to an app: a service key can't have webhooks or extensions", one.operation, one.place),
        );
    }
    if let Some(leak) = integration.leaks.iter().find(|leak| leak.kind == "webhook_secret") {
        return (CredentialKind::ProjectApp, format!("it checks webhooks ({}), which a service key can't have", leak.place));
    }
    if !integration.uses.is_empty() && integration.uses.iter().all(|one| one.auth == "none") {
        return (CredentialKind::None, "its calls take none".to_owned());
    }
    (CredentialKind::ServiceKey, "it makes REST calls of one account, and has no webhooks or UI extensions".to_owned())
}

fn path(operation: &str) -> &str {
    operation.split(' ').nth(1).unwrap_or(operation)
}
