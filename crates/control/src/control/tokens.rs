//! Tokens of apps: made, rotated, revoked, and when they were used last.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use keyway_core::secret::Secret;
use keyway_core::time::Timestamp;
use keyway_core::token::PlainToken;

use super::apps::refuse_install;
use super::{Control, ControlError, Result, State, find_account, find_app, random, sessions, unknown};
use crate::model::{Account, App, Token};
use crate::store::{Change, StoreError};
use crate::{clock, store};

/// The first token of a new app.
#[derive(Clone, Debug, Default)]
pub enum FirstToken {
    /// Made at random.
    #[default]
    Random,
    /// This one; on an embedded account only.
    Chosen(PlainToken),
    /// Made from the master key and the app's id, so that [`Control::same_token`] makes it again; on an embedded account only.
    FromMasterKey,
}

/// How a rotation treats the tokens that were there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// They end now.
    Now,
    /// They end after this many milliseconds.
    Grace(i64),
}

/// A token just made: the only time its text is there.
#[derive(Debug)]
pub struct NewToken {
    /// As stored.
    pub token: Token,
    /// The text that the app presents.
    pub plain: PlainToken,
}
/// Tokens of an app that are still good; more are a sign of a rotation nobody finished.
pub(super) const LIVE_TOKENS_MAX: usize = 10;
/// Longest lifetime of a token, in milliseconds: ten years.
const TOKEN_LIFETIME_MS_MAX: i64 = 3_650 * 86_400_000;
/// Longest grace period: a month.
const GRACE_MS_MAX: i64 = 31 * 86_400_000;

/// Whether a token of an app still works and rotations end it. A legacy key stays: whoever sends it
/// can't be changed. A session ends by itself.
pub(super) fn is_live(token: &Token, app_id: u64, now: Timestamp) -> bool {
    token.app_id == app_id
        && !token.legacy
        && token.grant.is_none()
        && token.session.is_none()
        && token.revoked_at.is_none()
        && token.expires_at.is_none_or(|at| at > now)
}

impl Rotation {
    pub(super) fn check(self) -> Result<()> {
        match self {
            Self::Grace(ms) if !(1..=GRACE_MS_MAX).contains(&ms) => {
                Err(ControlError::Invalid("a grace period is longer than nothing and at most 31 days".into()))
            }
            _ => Ok(()),
        }
    }

    async fn end_all(self, change: &mut Change, tokens: impl Iterator<Item = &mut Token>, heir: u64, now: Timestamp) -> Result<()> {
        for token in tokens {
            match self {
                Self::Now => token.revoked_at = Some(now),
                Self::Grace(ms) => {
                    token.end_before = token.expires_at;
                    token.expires_at = Some(end_after(token.expires_at, now, ms));
                    token.rotated_to = Some(heir);
                }
            }
            store::update_token(change, token).await?;
        }
        Ok(())
    }
}

/// How long the newest of some tokens lives in all, in milliseconds: a rotation follows it with one that lives as long.
fn lifetime_of_newest<'t>(tokens: impl Iterator<Item = &'t Arc<Token>>) -> Option<i64> {
    let newest = tokens.max_by_key(|token| token.id)?;
    Some(newest.lifetime_ends_at?.as_ms() - newest.created_at.as_ms())
}

pub(super) fn check_lifetime(lifetime_ms: Option<i64>) -> Result<()> {
    match lifetime_ms {
        Some(ms) if !(1..=TOKEN_LIFETIME_MS_MAX).contains(&ms) => {
            Err(ControlError::Invalid("a token lives longer than nothing and at most ten years".into()))
        }
        _ => Ok(()),
    }
}

/// When what is rotated ends: after the grace period, or earlier where it was to.
pub(super) fn end_after(before: Option<Timestamp>, now: Timestamp, grace_ms: i64) -> Timestamp {
    let end = now.plus_ms(grace_ms);
    before.map_or(end, |at| at.min(end))
}

/// Only apps of embedded accounts can have tokens that are not random.
pub(super) fn refuse_chosen_token(account: &Account) -> Result<()> {
    if account.connection.is_none() {
        return Ok(());
    }
    Err(ControlError::Invalid(format!(
        "account {} is connected to HubSpot; only an app of an embedded account can have a token that somebody chose",
        account.hub_id
    )))
}

impl Control {
    /// The app that a token belongs to.
    pub async fn app_of_token(&self, token_id: u64) -> Option<u64> {
        self.state.lock().await.tokens.iter().find(|token| token.id == token_id).map(|token| token.app_id)
    }

    /// Makes another token for an app. `lifetime_ms` is how long it lives, in milliseconds.
    ///
    /// # Errors
    /// There is no such app, it has [`LIVE_TOKENS_MAX`] good ones, or the lifetime is not valid.
    pub async fn create_token(&self, id_or_name: &str, lifetime_ms: Option<i64>) -> Result<(App, NewToken)> {
        self.add_token(id_or_name, None, lifetime_ms).await
    }

    /// Makes a new token, and lets those that were there end now or after a grace period.
    ///
    /// # Errors
    /// There is no such app, the grace period is too long, or the lifetime is not valid.
    pub async fn rotate_token(&self, id_or_name: &str, rotation: Rotation, lifetime_ms: Option<i64>) -> Result<(App, NewToken)> {
        rotation.check()?;
        self.add_token(id_or_name, Some(rotation), lifetime_ms).await
    }

    async fn add_token(&self, id_or_name: &str, rotation: Option<Rotation>, lifetime_ms: Option<i64>) -> Result<(App, NewToken)> {
        check_lifetime(lifetime_ms)?;
        let (mut change, mut state) = self.begin().await?;
        let app = find_app(&state, id_or_name)?.clone();
        refuse_install(&app)?;
        let now = self.registry.now_of(app.hub_id);
        let mut next = state.clone();
        let former = rotation.and_then(|_| lifetime_of_newest(next.tokens.iter().filter(|token| is_live(token, app.id, now))));
        if rotation != Some(Rotation::Now) && next.tokens.iter().filter(|token| is_live(token, app.id, now)).count() >= LIVE_TOKENS_MAX {
            return Err(ControlError::Conflict(format!("{} has {LIVE_TOKENS_MAX} live tokens; revoke one first", app.name)));
        }
        let plain = self.new_token(&state, find_account(&state, app.hub_id)?, &app)?;
        let made = self.keep_token(&mut change, app.id, plain, now, lifetime_ms.or(former)).await?;
        if let Some(rotation) = rotation {
            let others = next.tokens.iter_mut().filter(|token| is_live(token, app.id, now)).map(Arc::make_mut);
            rotation.end_all(&mut change, others, made.token.id, now).await?;
        }
        next.tokens.push(made.token.clone().into());
        self.commit(change, &mut state, next).await?;
        Ok((app, made))
    }

    /// Ends the other tokens of a token's app, as a rotation to it would have.
    ///
    /// # Errors
    /// There is no such token, it has ended itself, or the grace period is not valid.
    pub async fn take_over(&self, token_id: u64, rotation: Rotation) -> Result<(App, Token)> {
        rotation.check()?;
        let (mut change, mut state) = self.begin().await?;
        let heir = state.tokens.iter().map(Arc::as_ref).find(|token| token.id == token_id).cloned();
        let mut heir = heir.ok_or_else(|| unknown("token", token_id, "keyway token list"))?;
        let app = find_app(&state, &heir.app_id.to_string())?.clone();
        let now = self.registry.now_of(app.hub_id);
        if !is_live(&heir, app.id, now) {
            return Err(ControlError::Conflict(format!("token {token_id} has ended, or is a legacy key")));
        }
        let mut next = state.clone();
        let is_other = |token: &Token| token.id != token_id && is_live(token, app.id, now);
        if heir.lifetime_ends_at.is_none()
            && let Some(lifetime_ms) = lifetime_of_newest(next.tokens.iter().filter(|token| is_other(token)))
        {
            let ends = Some(heir.created_at.plus_ms(lifetime_ms));
            (heir.expires_at, heir.lifetime_ends_at) = (ends, ends);
            store::update_token(&mut change, &heir).await?;
            next.tokens.iter_mut().filter(|token| token.id == token_id).for_each(|token| *token = heir.clone().into());
        }
        let others = next.tokens.iter_mut().filter(|token| is_other(token));
        rotation.end_all(&mut change, others.map(Arc::make_mut), token_id, now).await?;
        self.commit(change, &mut state, next).await?;
        Ok((app, heir))
    }

    /// Undoes the end that a rotation to this token gave the other tokens of its app: each ends again when it would have
    /// ended without that rotation, or not at all.
    ///
    /// # Errors
    /// There is no such token, it has ended itself, or no token is in a grace period that a rotation to it began.
    pub async fn hand_back(&self, token_id: u64) -> Result<(App, Vec<Token>)> {
        let (mut change, mut state) = self.begin().await?;
        let heir = state.tokens.iter().find(|token| token.id == token_id);
        let heir = heir.ok_or_else(|| unknown("token", token_id, "keyway token list"))?;
        let app = find_app(&state, &heir.app_id.to_string())?.clone();
        let now = self.registry.now_of(app.hub_id);
        if !is_live(heir, app.id, now) {
            return Err(ControlError::Conflict(format!("token {token_id} has ended, or is a legacy key")));
        }
        let mut next = state.clone();
        let mut kept = Vec::new();
        let rotated = |token: &Token| token.rotated_to == Some(token_id) && is_live(token, app.id, now);
        for token in next.tokens.iter_mut().filter(|token| rotated(token)).map(Arc::make_mut) {
            (token.expires_at, token.end_before, token.rotated_to) = (token.end_before, None, None);
            store::update_token(&mut change, token).await?;
            kept.push(token.clone());
        }
        if kept.is_empty() {
            return Err(ControlError::Conflict(format!(
                "no token of {} is in a grace period that a rotation to token {token_id} began, so there is nothing to undo. To rotate again: keyway token rotate {}",
                app.name, app.id
            )));
        }
        self.commit(change, &mut state, next).await?;
        Ok((app, kept))
    }

    /// Whether a text is that of a token.
    ///
    /// # Errors
    /// There is no such token.
    pub async fn is_token(&self, token_id: u64, text: &Secret<String>) -> Result<bool> {
        let state = self.state.lock().await;
        let token = state.tokens.iter().find(|token| token.id == token_id);
        let token = token.ok_or_else(|| unknown("token", token_id, "keyway token list"))?;
        Ok(self.registry.token_key().hash(text.expose()) == token.hash)
    }

    /// Ends a token now.
    ///
    /// # Errors
    /// [`ControlError::NotFound`]: no token has this id.
    pub async fn revoke_token(&self, token_id: u64) -> Result<Token> {
        let (mut change, mut state) = self.begin().await?;
        let mut next = state.clone();
        let token = next
            .tokens
            .iter_mut()
            .find(|token| token.id == token_id)
            .map(Arc::make_mut)
            .ok_or_else(|| unknown("token", token_id, "keyway token list"))?;
        token.revoked_at = token.revoked_at.or_else(|| Some(clock::now()));
        let token = token.clone();
        store::update_token(&mut change, &token).await?;
        sessions::end_with_the_last_token(&mut change, &mut next, token.app_id).await?;
        self.commit(change, &mut state, next).await?;
        Ok(token)
    }

    /// Writes down which tokens were used since the last time, and takes on what other instances wrote.
    ///
    /// # Errors
    /// The store can't be written.
    pub async fn store_last_used(&self) -> Result<()> {
        let stored = self.write_last_used().await;
        self.is_written.store(stored.is_ok(), Ordering::Relaxed);
        stored
    }

    /// Whether the store could be written when it was tried last. It is tried every few seconds while calls come.
    pub fn is_written(&self) -> bool {
        self.is_written.load(Ordering::Relaxed)
    }

    async fn write_last_used(&self) -> Result<()> {
        let used = self.registry.fresh_last_used();
        if used.is_empty() && !self.store.is_shared() {
            // Where a write failed, a try shows when there is room again.
            return if self.is_written() { Ok(()) } else { Ok(self.store.try_write().await?) };
        }
        let (mut change, mut state) = self.begin().await?;
        let reached = self.registry.fresh_reached();
        store::put_last_used(&mut change, &used).await?;
        store::put_reached(&mut change, &reached).await?;
        let known = if self.store.is_shared() { store::last_used(&mut change).await? } else { used.clone() };
        change.commit().await.map_err(StoreError::from)?;
        // Only now: what a failed write has not stored is fresh at the next attempt.
        self.registry.last_used_is_stored(&used);
        self.registry.reached_is_stored(&reached);
        let known: HashMap<u64, Timestamp> = known.into_iter().collect();
        for token in &mut state.tokens {
            if let Some(at) = known.get(&token.id).filter(|at| token.last_used_at != Some(**at)) {
                Arc::make_mut(token).last_used_at = Some(*at);
            }
        }
        Ok(())
    }

    /// The token of an app that follows from the master key ([`FirstToken::FromMasterKey`]), if it works; else the next one of
    /// that kind. The app's other tokens stay as they are.
    ///
    /// # Errors
    /// There is no such app, it is an install, its account is connected, or the store can't be written.
    pub async fn same_token(&self, id_or_name: &str) -> Result<PlainToken> {
        let (mut change, mut state) = self.begin().await?;
        let app = find_app(&state, id_or_name)?.clone();
        refuse_install(&app)?;
        let account = find_account(&state, app.hub_id)?;
        refuse_chosen_token(account)?;
        let now = self.registry.now_of(app.hub_id);
        let works = |plain: &PlainToken| {
            let hash = self.registry.token_key().hash(plain.expose());
            state.tokens.iter().any(|token| token.hash == hash && is_live(token, app.id, now))
        };
        let found = self.tokens_for(account, &app).find(|plain| works(plain) || !self.is_known(&state, plain));
        let plain = found.expect("the app has endlessly many");
        if works(&plain) {
            return Ok(plain);
        }
        let made = self.keep_token(&mut change, app.id, plain, now, None).await?;
        let mut next = state.clone();
        next.tokens.push(made.token.into());
        self.commit(change, &mut state, next).await?;
        Ok(made.plain)
    }

    /// Tokens that everybody who holds the master key, or knows the seed, can make again, in order. Under a seed they
    /// follow from the app's name, so that the order in which apps are created does not matter. From the master key they
    /// follow from the app's id: Keyway uses no id again, so a later app of the same name has other tokens.
    pub(super) fn tokens_for(&self, account: &Account, app: &App) -> impl Iterator<Item = PlainToken> {
        (0_u64..).map(move |number| {
            let random = match self.registry.seed() {
                Some(seed) => seed.bytes(&format!("token {number} of {} of {}", app.name, account.hub_id), 0),
                None => {
                    let of = format!("token {number} of the app {} of {}", app.id, account.hub_id);
                    *self.store.secret_for(&of).expose().first_chunk().expect("32 bytes hold 16")
                }
            };
            PlainToken::generate(&account.region, random)
        })
    }

    pub(super) fn is_known(&self, state: &State, plain: &PlainToken) -> bool {
        let hash = self.registry.token_key().hash(plain.expose());
        state.tokens.iter().any(|token| token.hash == hash)
    }

    /// A random token, or under a seed the next one of the app.
    pub(super) fn new_token(&self, state: &State, account: &Account, app: &App) -> Result<PlainToken> {
        if self.registry.seed().is_none() {
            return Ok(PlainToken::generate(&account.region, random()?));
        }
        Ok(self.tokens_for(account, app).find(|plain| !self.is_known(state, plain)).expect("the account has endlessly many"))
    }

    pub(super) async fn keep_token(
        &self,
        change: &mut Change,
        app_id: u64,
        plain: PlainToken,
        now: Timestamp,
        lifetime_ms: Option<i64>,
    ) -> Result<NewToken> {
        let ends = lifetime_ms.map(|ms| now.plus_ms(ms));
        let hash = self.registry.token_key().hash(plain.expose());
        let mut token = Token { expires_at: ends, lifetime_ends_at: ends, ..Token::new(app_id, hash, plain.hint(), now) };
        token.id = store::insert_token(change, &token).await?;
        Ok(NewToken { token, plain })
    }
}
