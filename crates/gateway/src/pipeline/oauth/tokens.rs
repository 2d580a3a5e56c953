//! Tokens that OAuth gave out: what is known of one, and its end.

use std::sync::Arc;

use keyway_core::error_body::ErrorBody;
use keyway_core::refusal::Refusal;
use keyway_core::time::Timestamp;
use keyway_oauth::server::introspection::{Known, inactive};
use serde_json::Value;

use super::{Server, Stop};
use crate::model::{Distribution, PublicApp};
use crate::pipeline::{Call, Gateway};
use crate::registry::{Holder, Registry, TokenEntry};

impl Gateway {
    /// RFC 7662, section 2.2: a token that is not this client's is as one that is not there.
    pub(super) fn introspect(&self, call: &mut Call, client: &PublicApp, token: &str) -> Value {
        let Some(good) = self.good(token, call.at).filter(|good| good.app.id == client.id) else { return inactive() };
        let answer = good.told(token, |known| known.introspected(good.now(call.at, &self.registry)));
        call.token = good.entry;
        answer
    }

    /// The metadata reads of OAuth v1: whoever holds a token may ask what it is.
    pub(super) fn describe(&self, call: &mut Call, token: &str, access: bool) -> Result<Value, Stop> {
        let good = self.good(token, call.at).filter(|good| good.expires_at.is_some() == access);
        let good = good.ok_or_else(|| Refusal::TokenNotFound.error("the token is not known, or not good any more"))?;
        let answer = good.told(token, |known| known.described(good.now(call.at, &self.registry)));
        call.token = good.entry;
        Ok(answer)
    }

    /// What is known of a token of either kind, if it is good.
    fn good(&self, token: &str, now: Timestamp) -> Option<Good> {
        let Some((claims, holder)) = self.registry.find_access(token) else {
            let (_, entry) = self.registry.find_refresh(token).filter(|(_, entry)| is_good(entry))?;
            return Some(Good { app: entry.app.public_app.clone()?, entry: Some(entry), expires_at: None });
        };
        let now = match &holder {
            Holder::Install(entry) | Holder::Agent(entry) => entry.app.account.now(now),
            Holder::App(..) => self.registry.time_without_account(now),
        };
        let expires_at = Some(claims.expires_at).filter(|at| *at > now)?;
        match holder {
            Holder::Install(entry) if lives(&entry) => {
                Some(Good { app: entry.app.public_app.clone()?, entry: Some(entry), expires_at: Some(expires_at) })
            }
            Holder::App(app, _) if app.enabled => Some(Good { app, entry: None, expires_at: Some(expires_at) }),
            _ => None,
        }
    }

    /// RFC 7009: a token that is not there, or not this client's, is answered like one that was ended.
    pub(super) async fn revoke(&self, server: &Server, call: &mut Call, client: &PublicApp, token: &str) -> Result<(), Stop> {
        let found = self.registry.find_refresh(token).filter(|(_, entry)| entry.app.app.public_app == Some(client.id));
        match found {
            Some((_, entry)) => Ok(self.end(server, call, entry).await?),
            None => Ok(()),
        }
    }

    pub(super) async fn delete_refresh_token(&self, server: &Server, call: &mut Call, token: &str) -> Result<(), Stop> {
        let found = self.registry.find_refresh(token).filter(|(_, entry)| is_good(entry));
        let (_, entry) = found.ok_or_else(|| Refusal::TokenNotFound.error("the token is not known, or not good any more"))?;
        Ok(self.end(server, call, entry).await?)
    }

    async fn end(&self, server: &Server, call: &mut Call, entry: Arc<TokenEntry>) -> Result<(), ErrorBody> {
        let (control, id) = (server.control.clone(), entry.token.id);
        call.token = Some(entry);
        server.run(async move { control.end_refresh_token(id).await }).await
    }
}

/// A token that is good.
struct Good {
    app: Arc<PublicApp>,
    /// The grant it is of; none for the app's own.
    entry: Option<Arc<TokenEntry>>,
    /// None for a refresh token.
    expires_at: Option<Timestamp>,
}

impl Good {
    /// The time of its account.
    fn now(&self, real: Timestamp, registry: &Registry) -> Timestamp {
        self.entry.as_ref().map_or_else(|| registry.time_without_account(real), |entry| entry.app.account.now(real))
    }

    /// The answer about it, in one of HubSpot's forms.
    fn told(&self, token: &str, form: impl FnOnce(&Known<'_>) -> Value) -> Value {
        let entry = self.entry.as_deref();
        let grant = entry.and_then(|entry| entry.token.grant.as_deref());
        let granted: Option<Vec<String>> = entry.map(|entry| entry.granted().names().into_iter().map(str::to_owned).collect());
        form(&Known {
            token,
            client_id: &self.app.client_id,
            app_id: self.app.id,
            install_id: entry.map_or(0, |entry| entry.app.app.id),
            hub_id: entry.map(|entry| entry.app.app.hub_id),
            user: grant.map_or("", |grant| &grant.user),
            user_id: grant.map_or(0, |grant| grant.user_id),
            scopes: granted.as_deref().unwrap_or(&self.app.scopes),
            expires_at: self.expires_at,
            is_private: self.app.distribution == Distribution::Private,
        })
    }
}

/// Whether a grant's refresh token may be used.
pub(super) fn is_good(entry: &TokenEntry) -> bool {
    lives(entry) && entry.token.expires_at.is_none()
}

/// Whether a grant's access tokens may be used.
fn lives(entry: &TokenEntry) -> bool {
    entry.app.is_enabled() && entry.token.revoked_at.is_none()
}
