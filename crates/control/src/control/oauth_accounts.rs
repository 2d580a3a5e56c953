//! Accounts that a person connects over HubSpot's consent page: the client, the way there and back,
//! and refresh tokens that were already given to somebody else's store.

use std::collections::HashSet;
use std::sync::Arc;

use keyway_api::body::OAuthSettings;
use keyway_core::guards::Guards;
use keyway_core::quota::Tier;
use keyway_core::secret::Secret;
use keyway_core::time::Timestamp;
use keyway_oauth::client::{Client, Failure, Presented, Tokens, authorize_url};
use keyway_oauth::{random_text, redirect};

use super::connections::base;
use super::{Control, ControlError, Result, State, addons, find_account, plain_secret, random, scopes, text, time_zone};
use crate::clock;
use crate::model::{Account, Connection, OAuthClient};
use crate::store::oauth_accounts::{NOT_FINISHED, Pending, StoredTokens};
use crate::store::{self, StoreError};
use crate::upstream::Upstream;

/// What a client is made of.
#[derive(Debug)]
pub struct NewOAuthClient {
    /// Unique; a client of this name is changed.
    pub name: String,
    /// Its id at HubSpot.
    pub client_id: String,
    /// Its secret at HubSpot.
    pub secret: Secret<String>,
    /// HubSpot's host, or another Keyway's.
    pub base: Option<String>,
    /// Where people consent; HubSpot's page when none.
    pub authorize_url: Option<String>,
    /// What it asks for.
    pub scopes: Vec<String>,
    /// What it asks for where the account can.
    pub optional_scopes: Vec<String>,
}

/// An account of which the refresh token is known already.
#[derive(Debug)]
pub struct KnownGrant {
    /// Its hub id.
    pub hub_id: u64,
    /// The refresh token.
    pub refresh_token: Secret<String>,
    /// What people call it; the hub id when empty.
    pub name: String,
}

/// The state of an authorization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The person is not back yet.
    Waiting,
    /// The account is connected.
    Connected(u64),
    /// It is not, and why.
    Failed(String),
}

/// Where people consent to an app of HubSpot's (hubspot facts, section 3).
const HUBSPOT_AUTHORIZE: &str = "https://app.hubspot.com/oauth/authorize";
/// How long a person may take, in milliseconds.
const PENDING_MS: i64 = 15 * 60_000;
/// Accounts that come in with one request.
const IMPORT_MAX: usize = 1_000;
/// Longest refresh token, in bytes.
const TOKEN_MAX: usize = 4_096;

impl Control {
    /// Every client.
    pub async fn oauth_clients(&self) -> Vec<Arc<OAuthClient>> {
        self.state.lock().await.oauth_clients.clone()
    }

    /// A client by its id.
    pub async fn oauth_client(&self, id: u64) -> Option<Arc<OAuthClient>> {
        self.state.lock().await.oauth_clients.iter().find(|client| client.id == id).cloned()
    }

    async fn client_named(&self, name: &str) -> Result<Arc<OAuthClient>> {
        let state = self.state.lock().await;
        let found =
            state.oauth_clients.iter().find(|client| client.name == name || client.client.id == name || client.id.to_string() == name);
        found.cloned().ok_or_else(|| ControlError::NotFound(format!("there is no OAuth client {name}; see `keyway oauth-client add`")))
    }

    /// Adds a client, or changes the one of that name (a new secret takes effect at the next refresh).
    ///
    /// # Errors
    /// A field is not valid.
    pub async fn put_oauth_client(&self, new: NewOAuthClient) -> Result<Arc<OAuthClient>> {
        self.refuse_under_a_seed("it takes no OAuth client of HubSpot")?;
        let authorize_url = new.authorize_url.unwrap_or_else(|| HUBSPOT_AUTHORIZE.to_owned());
        redirect::check(&authorize_url).map_err(|error| ControlError::Invalid(format!("the authorization URL {error}")))?;
        let plain = |what: &str, sent: &str| {
            let refused = || ControlError::Invalid(format!("the {what} is empty, too long, or not one word"));
            plain_secret(sent, 200).map(str::to_owned).ok_or_else(refused)
        };
        let mut client = OAuthClient {
            id: 0,
            name: text("the name", &new.name, true)?,
            client: Client { id: plain("client ID", &new.client_id)?, secret: Secret::new(plain("client secret", new.secret.expose())?) },
            base: base(new.base.as_deref())?,
            authorize_url,
            scopes: scopes(new.scopes)?,
            optional_scopes: scopes(new.optional_scopes)?.into_iter().filter(|scope| scope != super::BASE_SCOPE).collect(),
            created_at: clock::now(),
        };
        let (mut change, mut state) = self.begin().await?;
        client.id = self.store.put_oauth_client(&mut change, &client).await?;
        let client = Arc::new(client);
        let mut next = state.clone();
        next.oauth_clients.retain(|one| one.id != client.id);
        next.oauth_clients.push(client.clone());
        self.commit(change, &mut state, next).await?;
        Ok(client)
    }

    /// Begins an authorization: where to send the person, and the word by which to ask its state.
    ///
    /// # Errors
    /// There is no such client, or a setting is not valid.
    pub async fn begin_authorization(&self, client: &str, settings: OAuthSettings, redirect_uri: &str) -> Result<(String, String)> {
        let client = self.client_named(client).await?;
        check_settings(&settings)?;
        let (state, verifier) = (random_text(&random::<32>()?), random_text(&random::<48>()?));
        let now = clock::now();
        let url = authorize_url(
            &client.authorize_url,
            &client.client.id,
            redirect_uri,
            (&client.scopes, &client.optional_scopes),
            &state,
            &verifier,
        );
        let pending = Pending {
            client: client.id,
            verifier: Secret::new(verifier),
            redirect_uri: redirect_uri.to_owned(),
            settings: serde_json::to_string(&settings).unwrap_or_default(),
            expires_at: now.plus_ms(PENDING_MS),
            hub_id: None,
            failed: None,
        };
        self.store.put_pending(&self.registry.token_key().hash(&state), &pending, now).await?;
        Ok((url, state))
    }

    /// The state of an authorization.
    ///
    /// # Errors
    /// There is none of that word.
    pub async fn authorization(&self, state: &str) -> Result<Standing> {
        let pending = self.store.pending(&self.registry.token_key().hash(state)).await?;
        let pending = pending.ok_or_else(|| ControlError::NotFound("there is no such authorization".into()))?;
        let in_time = pending.expires_at > clock::now();
        Ok(match (pending.hub_id, pending.failed) {
            (Some(hub_id), _) => Standing::Connected(hub_id),
            // The person is back, and the code is being exchanged.
            (None, Some(why)) if why == NOT_FINISHED && in_time => Standing::Waiting,
            (None, Some(why)) => Standing::Failed(why),
            (None, None) if !in_time => Standing::Failed("nobody came back in time".into()),
            (None, None) => Standing::Waiting,
        })
    }

    /// Takes the person back: checks that the state is one of ours and was not used (RFC 9700, section
    /// 4.7), exchanges the code with its verifier, and connects the account.
    ///
    /// # Errors
    /// The state is not known, the server says no, or the account can't be made.
    pub async fn end_authorization(&self, upstream: &Upstream, state: &str, code: std::result::Result<&str, &str>) -> Result<Account> {
        let hash = self.registry.token_key().hash(state);
        let unknown = || ControlError::NotFound("this authorization was not begun here, was used already, or took too long".into());
        let pending = self.store.pending(&hash).await?.filter(|pending| pending.expires_at > clock::now()).ok_or_else(unknown)?;
        if !self.store.take_pending(&hash).await? {
            return Err(unknown());
        }
        let done = self.finish(upstream, &pending, code).await;
        let outcome = done.as_ref().map(|account| account.hub_id).map_err(ToString::to_string);
        self.store.end_pending(&hash, outcome.as_ref().map(|id| *id).map_err(String::as_str)).await?;
        done
    }

    async fn finish(&self, upstream: &Upstream, pending: &Pending, code: std::result::Result<&str, &str>) -> Result<Account> {
        let code = code.map_err(|error| ControlError::Conflict(format!("the person or the server said no: {error}")))?;
        let client = self.oauth_client(pending.client).await.ok_or_else(|| ControlError::NotFound("the OAuth client is gone".into()))?;
        let presented = Presented::Code { code, redirect_uri: &pending.redirect_uri, verifier: pending.verifier.expose() };
        let asked = clock::now();
        let tokens = upstream.token(&client.base, &client.client, &presented).await.map_err(refused)?;
        let settings: OAuthSettings = serde_json::from_str(&pending.settings).unwrap_or_default();
        self.connect(upstream, &client, settings, tokens, asked).await
    }

    /// Connects an account of which the refresh token is known, by using it.
    ///
    /// # Errors
    /// There is no such client, a setting is not valid, or the server does not take the token.
    pub async fn connect_with_refresh_token(
        &self,
        upstream: &Upstream,
        client: &str,
        settings: OAuthSettings,
        refresh_token: Secret<String>,
    ) -> Result<Account> {
        let client = self.client_named(client).await?;
        check_settings(&settings)?;
        let refresh_token = token_text(&refresh_token)?;
        let asked = clock::now();
        let tokens = upstream.token(&client.base, &client.client, &Presented::Refresh(&refresh_token)).await.map_err(refused)?;
        self.connect(upstream, &client, settings, tokens, asked).await
    }

    async fn connect(
        &self,
        upstream: &Upstream,
        client: &Arc<OAuthClient>,
        settings: OAuthSettings,
        tokens: Tokens,
        asked: Timestamp,
    ) -> Result<Account> {
        let hub_id = match tokens.hub_id {
            Some(hub_id) => hub_id,
            None => upstream.account_of(&client.base, &tokens.access_token).await?,
        };
        let (mut change, mut state) = self.begin().await?;
        let granted = tokens.scopes.clone().unwrap_or_else(|| client.scopes.clone());
        let (account, is_new) = account(&state, client, hub_id, &settings, granted)?;
        store::put_account(&mut change, &account).await?;
        self.write_connection(&mut change, &account).await?;
        let access = (&tokens.access_token, asked.plus_ms(tokens.expires_in_s.saturating_mul(1_000)));
        self.store.put_tokens(&mut change, hub_id, &tokens.refresh_token, Some(access)).await?;
        let mut next = state.clone();
        if is_new {
            next.accounts.push(account.clone().into());
        } else {
            super::replace(&mut next.accounts, account.clone(), |one| one.hub_id == hub_id);
        }
        self.commit(change, &mut state, next).await?;
        Ok(account)
    }

    /// Takes many accounts over at once, whose refresh tokens another store has had so far. Each is
    /// used when its account is, and what HubSpot then says of it is the account's state.
    ///
    /// # Errors
    /// There is no such client, or one of the accounts is there already: then none is taken.
    pub async fn import(&self, client: &str, grants: Vec<KnownGrant>) -> Result<usize> {
        let client = self.client_named(client).await?;
        if grants.is_empty() || grants.len() > IMPORT_MAX {
            return Err(ControlError::Invalid(format!("from 1 to {IMPORT_MAX} accounts come in at once")));
        }
        let (mut change, mut state) = self.begin().await?;
        let mut seen: HashSet<u64> = state.accounts.iter().map(|account| account.hub_id).collect();
        let mut next = state.clone();
        for grant in &grants {
            if !seen.insert(grant.hub_id) {
                return Err(ControlError::Conflict(format!("account {} is there already, or twice in the list", grant.hub_id)));
            }
            let settings = OAuthSettings { name: grant.name.clone(), ..OAuthSettings::default() };
            let account = made(&client, grant.hub_id, &settings, client.scopes.clone())?;
            store::put_account(&mut change, &account).await?;
            self.write_connection(&mut change, &account).await?;
            self.store.put_tokens(&mut change, grant.hub_id, &token_text(&grant.refresh_token)?, None).await?;
            next.accounts.push(account.into());
        }
        self.commit(change, &mut state, next).await?;
        Ok(grants.len())
    }

    /// The tokens of an account that is connected by OAuth, opened; none where it is not.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn tokens(&self, hub_id: u64) -> std::result::Result<Option<StoredTokens>, StoreError> {
        self.store.tokens(hub_id).await
    }

    /// How many milliseconds ago tokens were asked for in the last `within_ms`, the longest ago first.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn asked_within(&self, within_ms: i64) -> std::result::Result<Vec<i64>, StoreError> {
        self.store.asked_within(within_ms).await
    }

    /// The accounts whose grant has ended.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn revoked(&self) -> std::result::Result<Vec<u64>, StoreError> {
        self.store.revoked().await
    }

    /// Takes the right to refresh an account's tokens for `for_ms` milliseconds; none while another instance has it.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn lease_tokens(&self, hub_id: u64, for_ms: i64) -> std::result::Result<Option<StoredTokens>, StoreError> {
        self.store.lease_tokens(hub_id, for_ms).await
    }

    /// Keeps the tokens of a refresh.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn refreshed(&self, hub_id: u64, tokens: &Tokens, expires_at: Timestamp) -> std::result::Result<(), StoreError> {
        self.store.refreshed(hub_id, &tokens.refresh_token, &tokens.access_token, expires_at).await
    }

    /// Gives the right back without new tokens; `revoked` is HubSpot's reason where the grant has ended.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn not_refreshed(&self, hub_id: u64, revoked: Option<&str>) -> std::result::Result<(), StoreError> {
        self.store.not_refreshed(hub_id, revoked).await
    }
}

/// The account that an authorization is of: a new one, or one that was connected by OAuth before.
fn account(
    state: &State,
    client: &Arc<OAuthClient>,
    hub_id: u64,
    settings: &OAuthSettings,
    granted: Vec<String>,
) -> Result<(Account, bool)> {
    let Ok(known) = find_account(state, hub_id) else { return Ok((made(client, hub_id, settings, granted)?, true)) };
    if known.connection.as_ref().is_none_or(|connection| connection.oauth_client.is_none()) {
        return Err(ControlError::Conflict(format!("there is an account {hub_id} already, which is not connected by OAuth")));
    }
    let fresh = made(client, hub_id, settings, granted)?;
    Ok((Account { connection: fresh.connection, ..known.clone() }, false))
}

fn made(client: &Arc<OAuthClient>, hub_id: u64, settings: &OAuthSettings, mut granted: Vec<String>) -> Result<Account> {
    let now = clock::now();
    granted.sort();
    granted.dedup();
    Ok(Account {
        hub_id,
        name: if settings.name.trim().is_empty() { format!("HubSpot {hub_id}") } else { text("the name", &settings.name, true)? },
        tier: tier(settings)?,
        addons: addons(settings.addons)?,
        time_zone: time_zone(settings.time_zone.as_deref().unwrap_or("UTC"))?,
        currency: "USD".to_owned(),
        region: "na1".to_owned(),
        created_at: now,
        guards: Guards::default(),
        connection: Some(Arc::new(Connection {
            base: client.base.clone(),
            credential: Secret::new(String::new()),
            hint: format!("OAuth as {}", client.name),
            scopes: granted,
            since: now,
            checked_at: now,
            former: None,
            oauth_client: Some(client.id),
        })),
    })
}

fn tier(settings: &OAuthSettings) -> Result<Tier> {
    let parse = |name: &String| name.parse().map_err(|error: keyway_core::quota::UnknownTier| ControlError::Invalid(error.to_string()));
    settings.tier.as_ref().map_or(Ok(Tier::Free), parse)
}

fn check_settings(settings: &OAuthSettings) -> Result<()> {
    tier(settings)?;
    addons(settings.addons)?;
    time_zone(settings.time_zone.as_deref().unwrap_or("UTC"))?;
    text("the name", &settings.name, false).map(drop)
}

fn token_text(token: &Secret<String>) -> Result<Secret<String>> {
    let refused = || ControlError::Invalid("a refresh token is empty, too long, or not one word".into());
    plain_secret(token.expose(), TOKEN_MAX).map(|token| Secret::new(token.to_owned())).ok_or_else(refused)
}

fn refused(failure: Failure) -> ControlError {
    ControlError::Conflict(format!("HubSpot gave no token: {failure}"))
}
