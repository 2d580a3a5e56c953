//! Connects the gateway with the embedded CRM; the gateway's crate does not depend on it.

use std::sync::Arc;

use keyway_core::error_body::ErrorBody;
use keyway_core::path::NormalPath;
use keyway_core::time::Timestamp;
use keyway_gateway::backend::{Backend, BackendCall, BackendReply, BoxFuture};
use keyway_gateway::control::AccountHooks;
use keyway_gateway::double::{Refill, RefillError};
use keyway_gateway::model::Account;
use keyway_portal::{AccountSettings, Call, Portal};
use serde_json::Value;

/// The portal as a backend, and as what follows accounts as they come and go.
pub struct PortalBackend {
    /// The portal.
    pub portal: Arc<Portal>,
    /// Whether it may have accounts: not where several instances share a store, and none of them its records.
    pub embeds: bool,
    /// Where the data listener is reached.
    pub base: Arc<str>,
}

impl Backend for PortalBackend {
    fn call(&self, call: BackendCall) -> BoxFuture<'_, Result<BackendReply, ErrorBody>> {
        Box::pin(async move {
            let BackendCall { hub_id, app_id, method, path, query, body, now, by } = call;
            // An embedded account has one user, who made its apps; its id is the account's.
            let reply = self
                .portal
                .handle(Call { hub_id, app_id, user_id: hub_id, method, path, query, body, now, by: Some(by), base: self.base.clone() })
                .await?;
            Ok(BackendReply { status: reply.status, body: reply.body })
        })
    }
}

impl Refill for PortalBackend {
    fn empty(&self, hub_id: u64) -> BoxFuture<'_, Result<(), RefillError>> {
        Box::pin(async move { self.portal.empty_account(hub_id).await.map_err(refused) })
    }

    fn fill(&self, hub_id: u64, seed: Value, now: Timestamp) -> BoxFuture<'_, Result<Value, RefillError>> {
        Box::pin(async move { self.portal.fill(hub_id, seed, now).await.map_err(refused) })
    }

    fn read_yaml(&self, text: &str) -> Result<Value, String> {
        keyway_portal::read_yaml(text)
    }

    fn differences(
        &self,
        hub_id: u64,
        from: Option<Vec<u8>>,
        to: Option<Vec<u8>>,
        limit: usize,
        only: Option<String>,
    ) -> BoxFuture<'_, Result<Value, RefillError>> {
        Box::pin(async move {
            let read = |text: String| {
                keyway_portal::Only::parse(&text).ok_or_else(|| RefillError::Invalid("only is records, associations or definitions".into()))
            };
            let only = only.map(read).transpose()?;
            self.portal.differences(hub_id, from, to, limit, only).await.map_err(refused)
        })
    }

    fn copy(&self, hub_id: u64) -> BoxFuture<'_, Result<Vec<u8>, RefillError>> {
        Box::pin(async move { self.portal.copy_account(hub_id).await.map_err(refused) })
    }

    fn check_copy<'a>(&'a self, hub_id: u64, copy: &'a [u8]) -> BoxFuture<'a, Result<(), RefillError>> {
        Box::pin(async move { self.portal.check_copy(hub_id, copy).await.map_err(refused) })
    }

    fn put_back(&self, hub_id: u64, copy: Vec<u8>) -> BoxFuture<'_, Result<(), RefillError>> {
        Box::pin(async move { self.portal.put_back(hub_id, &copy).await.map_err(refused) })
    }

    fn records(&self, hub_id: u64) -> BoxFuture<'_, u64> {
        Box::pin(self.portal.records(hub_id))
    }

    fn webhooks(&self, hub_id: u64) -> BoxFuture<'_, Vec<Value>> {
        Box::pin(self.portal.webhooks(hub_id))
    }

    fn serves(&self, method: &str, path: &str) -> bool {
        NormalPath::parse(path).is_ok_and(|path| self.portal.serves(method, &path))
    }

    fn keeps(&self, path: &str) -> bool {
        NormalPath::parse(path).is_ok_and(|path| self.portal.keeps(&path))
    }

    fn sets(&self) -> &'static [(&'static str, &'static str)] {
        &keyway_portal::SETS
    }
}

fn refused(error: keyway_portal::RefillError) -> RefillError {
    match error {
        keyway_portal::RefillError::Invalid(what) => RefillError::Invalid(what),
        keyway_portal::RefillError::Refused { place, what, field } => RefillError::Refused { place, what, field },
        keyway_portal::RefillError::Storage(what) => RefillError::Storage(what),
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

    fn held(&self) -> Vec<u64> {
        self.portal.accounts()
    }

    fn deleted(&self, hub_id: u64) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move { self.portal.delete_account(hub_id).await.map(drop).map_err(|error| error.to_string()) })
    }
}
