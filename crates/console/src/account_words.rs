//! What all pages on an account know of it.

use keyway_api::view::{Account, Accounts, Connection};
use serde_json::{Value, json};

use super::api::{Api, Refused, with_query};
use super::threshold::share;
use super::visitor::Fields;

/// Accounts that are offered in a list; with more, the hub id is typed.
const ACCOUNTS_SHOWN_MAX: usize = 200;

/// What pages say of a connection.
pub(super) trait ConnectionWords {
    /// The mark of its state.
    fn sign(&self) -> &'static str;
    /// Its state in a list.
    fn health(&self) -> &str;
    fn state_words(&self) -> &'static str;
}

impl ConnectionWords for Connection {
    fn sign(&self) -> &'static str {
        match self.state.as_str() {
            "fine" if !self.missing_scopes.is_empty() => "warn",
            "fine" => "fine",
            "unreachable" | "unknown" => "warn",
            _ => "wrong",
        }
    }

    fn health(&self) -> &str {
        match self.state.as_str() {
            "fine" if !self.missing_scopes.is_empty() => "lacks scopes",
            state => state,
        }
    }

    fn state_words(&self) -> &'static str {
        match self.state.as_str() {
            "fine" if !self.missing_scopes.is_empty() => "HubSpot takes its credential, which lacks scopes that apps have",
            "fine" => "HubSpot takes its credential",
            "refused" => "HubSpot refuses its credential",
            "unknown" => "Unknown: something between Keyway and HubSpot answered",
            _ => "HubSpot can't be reached",
        }
    }
}

/// What pages say of an account.
pub(super) trait AccountWords {
    fn kind(&self) -> &'static str;
    /// Whether there is a cap on the day; an install of a marketplace app has none.
    fn is_capped(&self) -> bool;
    fn day_share(&self) -> u64;
    /// Whether it has this hub id.
    fn is(&self, hub_id: &str) -> bool;
}

impl AccountWords for Account {
    fn kind(&self) -> &'static str {
        match &self.connection {
            None => "embedded",
            Some(connection) if connection.oauth => "connected by OAuth",
            Some(_) => "connected",
        }
    }

    fn is_capped(&self) -> bool {
        self.limits.daily < keyway_core::quota::UNCAPPED
    }

    fn day_share(&self) -> u64 {
        share(self.used_today, self.limits.daily)
    }

    fn is(&self, hub_id: &str) -> bool {
        self.hub_id.to_string() == hub_id
    }
}

/// The accounts to choose from; none where they are too many for a list.
pub(super) async fn few(api: &Api) -> Result<Vec<Account>, Refused> {
    let path = with_query("/api/v1/accounts", &[("limit", &(ACCOUNTS_SHOWN_MAX + 1).to_string())]);
    let Accounts { mut accounts, .. } = api.get(&path).await?;
    if accounts.len() > ACCOUNTS_SHOWN_MAX {
        accounts.clear();
    }
    Ok(accounts)
}

/// The fields that all kinds of account have; empty ones are left to the API.
pub(super) fn settings(fields: &Fields) -> Value {
    let mut body = json!({});
    for (field, name) in [
        ("name", "name"),
        ("tier", "tier"),
        ("time_zone", "timeZone"),
        ("beside_path", "besidePath"),
        ("sensitive_properties", "sensitiveProperties"),
    ] {
        if !fields.get(field).is_empty() {
            body[name] = fields.get(field).into();
        }
    }
    if let Ok(addons) = fields.get("addons").parse::<u8>() {
        body["addons"] = addons.into();
    }
    body
}
