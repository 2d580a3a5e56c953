//! Agents that come over OAuth: a person's yes makes a session of an app, and the agent gets tokens of that session.
//!
//! An access token says which session it is of, so that whatever ends the session, narrows it or counts its calls holds
//! for the agent too. A refresh token is replaced with each use; one that is used again ends the session (RFC 9700,
//! section 4.14.2).

use keyway_core::scope::ScopeSet;
use keyway_core::secret::Secret;
use keyway_core::time::Timestamp;
use keyway_core::token::TokenHash;
use keyway_oauth::agent::Request;
use keyway_oauth::error::OAuthError;
use keyway_oauth::params::Params;
use keyway_oauth::random_text;
use keyway_oauth::server::access_token::{Claims, Subject};
use keyway_oauth::server::code::{self, CodeGrant};
use keyway_oauth::server::refresh_token::{self, Use};
use keyway_oauth::server::{ACCESS_TOKEN_S, CODE_MS, grant};

use super::sessions::{find_session, is_live_session};
use super::*;
use crate::model::Agent;
use crate::store::agents as stored;
use crate::store::oauth::{generation_of, put_generation};

/// What an agent is given.
#[derive(Debug)]
pub struct AgentTokens {
    /// For the calls.
    pub access: Secret<String>,
    /// How long it lives, in seconds.
    pub expires_in_s: i64,
    /// For the next access token.
    pub refresh: Secret<String>,
    /// What may be done.
    pub scopes: Vec<String>,
}

/// Tokens, or why the protocol gives none.
pub type Issued = std::result::Result<AgentTokens, OAuthError>;

/// What a session's refresh token is shown as.
const HINT: &str = "kwo_…";

impl Control {
    /// Makes a session of an app for an agent, and the code with which the agent gets its tokens.
    ///
    /// # Errors
    /// There is no such app, it asks for more than the app has, or a field is not valid.
    pub async fn approve_agent(&self, id_or_name: &str, new: NewSession, agent: Agent, asked: &Request) -> Result<(App, Secret<String>)> {
        let (mut change, mut state) = self.begin().await?;
        let app = find_app(&state, id_or_name)?.clone();
        if !app.enabled {
            return Err(ControlError::Conflict(format!("{0} is disabled. Enable it first: keyway app enable {0}", app.name)));
        }
        // Of no text: it is presented as an access token that names it, or not at all.
        let hash = TokenHash(self.draw("session of an agent")?);
        let (token, next) = self.put_session(&mut change, &state, &app, new, Some(agent.clone()), (hash, HINT.to_owned())).await?;
        let code = random_text(&self.draw::<32>("code of an agent")?);
        let kept = CodeGrant {
            client_id: agent.client.clone(),
            redirect_uri: asked.redirect_uri.clone(),
            challenge: Some(asked.challenge.clone()),
            expires_at: clock::now().plus_ms(CODE_MS),
        };
        stored::insert(&mut change, token.id, &agent, &self.registry.token_key().hash(&code), &kept).await?;
        self.commit(change, &mut state, next).await?;
        Ok((app, Secret::new(code)))
    }

    /// Exchanges a code, once. One that comes a second time ends the session that it gave (RFC 6749, section 4.1.2).
    ///
    /// # Errors
    /// The store can't be written. That the code is not good is the inner error.
    pub async fn exchange_agent_code(
        &self,
        client: &str,
        code: &str,
        redirect_uri: Option<&str>,
        verifier: Option<&str>,
    ) -> Result<Issued> {
        let (mut change, mut state) = self.begin().await?;
        let hash = self.registry.token_key().hash(code);
        let Some(kept) = stored::code(&mut change, &hash).await?.filter(|kept| kept.grant.client_id == client) else {
            return Ok(Err(OAuthError::bad_code()));
        };
        if kept.is_used {
            tracing::warn!(session = kept.token_id, "a code of an agent was presented twice: its session is ended");
            self.end_stolen(change, &mut state, kept.token_id).await?;
            return Ok(Err(OAuthError::bad_code()));
        }
        if let Err(refused) = code::check(&kept.grant, client, redirect_uri, verifier, clock::now()) {
            return Ok(Err(refused));
        }
        let Some((app, token)) = self.live_session(&state, kept.token_id) else { return Ok(Err(OAuthError::bad_code())) };
        stored::code_is_used(&mut change, token.id).await?;
        change.commit().await.map_err(StoreError::from)?;
        self.issue(&app, &token, 0, None).map(Ok)
    }

    /// Uses a refresh token, which is replaced; two that come at once follow each other, on any instance.
    ///
    /// # Errors
    /// The store can't be written. That the token is not good is the inner error.
    pub async fn refresh_agent(&self, client: &str, presented: &str, params: &Params) -> Result<Issued> {
        let bad = || Ok(Err(OAuthError::bad_refresh_token()));
        let Some(named) = refresh_token::read(presented) else { return bad() };
        let (mut change, mut state) = self.begin().await?;
        let Some((app, token)) = self.live_session(&state, named.grant) else { return bad() };
        let is_its_own = token.session.as_ref().and_then(|session| session.agent.as_ref()).is_some_and(|agent| agent.client == client);
        if !is_its_own || !self.registry.is_refresh_token_of(&token, presented) {
            return bad();
        }
        let granted = granted(&app, &token);
        let scopes = match grant::narrowed(&granted, params) {
            Ok(scopes) => scopes,
            Err(refused) => return Ok(Err(refused)),
        };
        let now = clock::now();
        let Some((last, at)) = generation_of(&mut change, token.id, self.registry.now_of(app.hub_id)).await? else { return bad() };
        let generation = match refresh_token::judge(named.generation, last, now.as_ms() - at.as_ms()) {
            Use::Rotate => {
                put_generation(&mut change, token.id, last + 1, now).await?;
                change.commit().await.map_err(StoreError::from)?;
                last + 1
            }
            Use::Repeat => last,
            Use::Stolen => {
                tracing::warn!(session = token.id, "a refresh token of an agent was presented after it was replaced: its session is ended");
                self.end_stolen(change, &mut state, token.id).await?;
                return bad();
            }
        };
        let narrowed = (scopes.len() < granted.len()).then_some(scopes);
        self.issue(&app, &token, generation, narrowed).map(Ok)
    }

    /// Ends a session as its client asks, by either of its tokens (RFC 7009). A token that is not there, or another
    /// client's, is as one that was ended.
    ///
    /// # Errors
    /// The store can't be written.
    pub async fn revoke_agent(&self, client: &str, presented: &str) -> Result<()> {
        let (change, mut state) = self.begin().await?;
        let by_access = self.registry.access_key().read(presented).and_then(|claims| match claims.subject {
            Subject::Session(id) => Some(id),
            _ => None,
        });
        let by_refresh = refresh_token::read(presented).map(|named| named.grant);
        let Some(id) = by_access.or(by_refresh) else { return Ok(()) };
        let Some((_, token)) = self.live_session(&state, id) else { return Ok(()) };
        let is_known = by_access.is_some() || self.registry.is_refresh_token_of(&token, presented);
        let is_its_own = token.session.as_ref().and_then(|session| session.agent.as_ref()).is_some_and(|agent| agent.client == client);
        if is_known && is_its_own { self.end_stolen(change, &mut state, id).await } else { Ok(()) }
    }

    /// A session of an agent that may still be used, with its app.
    fn live_session(&self, state: &State, token_id: u64) -> Option<(App, Token)> {
        let token = find_session(state, token_id).ok()?;
        token.session.as_ref()?.agent.as_ref()?;
        let app = state.apps.iter().find(|app| app.id == token.app_id && app.enabled)?;
        is_live_session(token, self.registry.now_of(app.hub_id)).then(|| (App::clone(app), token.clone()))
    }

    async fn end_stolen(&self, mut change: Change, state: &mut State, token_id: u64) -> Result<()> {
        let mut next = state.clone();
        if let Some(token) = next.tokens.iter_mut().find(|token| token.id == token_id).map(Arc::make_mut) {
            token.revoked_at = token.revoked_at.or_else(|| Some(clock::now()));
            store::update_token(&mut change, token).await?;
        }
        self.commit(change, state, next).await
    }

    fn issue(&self, app: &App, token: &Token, generation: u64, narrowed: Option<Vec<String>>) -> Result<AgentTokens> {
        let now = self.registry.now_of(app.hub_id);
        let longest = now.plus_ms(ACCESS_TOKEN_S * 1_000);
        let expires_at = token.expires_at.filter(|at| *at < longest).unwrap_or(longest);
        let scopes = narrowed.clone().unwrap_or_else(|| granted(app, token));
        let claims = Claims {
            subject: Subject::Session(token.id),
            expires_at,
            narrowed: narrowed.map(|scopes| ScopeSet::of_known(scopes.iter().map(String::as_str))),
        };
        let access = self.registry.access_key().issue(&claims, self.draw("access token")?);
        Ok(AgentTokens {
            access: Secret::new(access.expose().to_owned()),
            expires_in_s: seconds_between(now, expires_at),
            refresh: self.registry.refresh_token(token, generation),
            scopes,
        })
    }
}

/// The scopes of a session that its app has too, now.
fn granted(app: &App, token: &Token) -> Vec<String> {
    let scopes = token.session.iter().flat_map(|session| &session.scopes);
    scopes.filter(|scope| app.scopes.contains(scope)).cloned().collect()
}

fn seconds_between(now: Timestamp, then: Timestamp) -> i64 {
    ((then.as_ms() - now.as_ms()) / 1_000).max(1)
}
