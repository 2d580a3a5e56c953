//! Hands the embedded portal to the gateway, which does not know it.

use std::sync::Arc;

use keyway_core::error_body::ErrorBody;
use keyway_gateway::backend::{Backend, BackendCall, BackendReply, BoxFuture};
use keyway_gateway::control::AccountHooks;
use keyway_gateway::model::Account;
use keyway_portal::{AccountSettings, Call, Portal};

/// The portal as a backend, and as what follows accounts as they come and go.
pub struct PortalBackend {
    /// The portal.
    pub portal: Arc<Portal>,
    /// Whether it may have accounts: not where several instances share a store, and none of them its records.
    pub embeds: bool,
}

impl Backend for PortalBackend {
    fn call(&self, call: BackendCall) -> BoxFuture<'_, Result<BackendReply, ErrorBody>> {
        Box::pin(async move {
            let BackendCall { hub_id, app_id, method, path, query, body, now } = call;
            // An embedded account has one user, who made its apps; its id is the account's.
            let reply = self.portal.handle(Call { hub_id, app_id, user_id: hub_id, method, path, query, body, now }).await?;
            Ok(BackendReply { status: reply.status, body: reply.body })
        })
    }
}

impl AccountHooks for PortalBackend {
    fn embeds(&self) -> bool {
        self.embeds
    }

    fn created<'a>(&'a self, account: &'a Account) -> BoxFuture<'a, Result<(), String>> {
        let settings = AccountSettings {
            time_zone: account.time_zone.clone(),
            currency: account.currency.clone(),
            tier: account.tier.to_string(),
            created_at: account.created_at,
            name: account.name.clone(),
        };
        Box::pin(async move { self.portal.create_account(account.hub_id, settings).await.map(drop).map_err(|error| error.to_string()) })
    }

    fn deleted(&self, hub_id: u64) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move { self.portal.delete_account(hub_id).await.map(drop).map_err(|error| error.to_string()) })
    }
}
