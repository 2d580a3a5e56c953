//! Legacy keys: callers that can't be changed still send a UUID in `?hapikey=`. Each such key is let
//! in for one app, whose scopes and limits then hold for it like for any token.

use keyway_core::credential;
use keyway_core::secret::Secret;

use super::{Control, ControlError, LIVE_TOKENS_MAX, Result, find_app, refuse_install};
use crate::clock;
use crate::model::{App, Token};
use crate::store;

impl Control {
    /// Lets a key in for an app.
    ///
    /// # Errors
    /// There is no such app, the key has not the form of one (a UUID, or a routed key such as
    /// `eu1-…`), or it is accepted already.
    pub async fn admit_legacy_key(&self, id_or_name: &str, key: Secret<String>) -> Result<(App, Token)> {
        let key = key.expose().trim().to_ascii_lowercase();
        if !credential::is_account_key(&key) {
            return Err(ControlError::Invalid(
                "a legacy key is a UUID, or a region such as eu1 and five groups of hexadecimal digits".into(),
            ));
        }
        self.refuse_under_a_seed("it accepts no legacy key, which may open a HubSpot account")?;
        let (mut change, mut state) = self.begin().await?;
        let app = find_app(&state, id_or_name)?.clone();
        refuse_install(&app)?;
        let hash = self.registry.token_key().hash(&key);
        if state.tokens.iter().any(|token| token.hash == hash) {
            return Err(ControlError::Conflict("this key is accepted already; a key that was revoked can't be accepted again".into()));
        }
        if state.tokens.iter().filter(|token| token.app_id == app.id && token.revoked_at.is_none()).count() >= LIVE_TOKENS_MAX {
            return Err(ControlError::Conflict(format!("{} has {LIVE_TOKENS_MAX} live tokens; revoke one first", app.name)));
        }
        let now = clock::now();
        let mut token = Token { legacy: true, ..Token::new(app.id, hash, credential::hint(&key), now) };
        token.id = store::insert_token(&mut change, &token).await?;
        let mut next = state.clone();
        next.tokens.push(token.clone().into());
        self.commit(change, &mut state, next).await?;
        Ok((app, token))
    }
}
