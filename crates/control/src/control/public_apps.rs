//! Public apps: their names, redirect URIs, scopes and client secrets.

use std::sync::Arc;

use keyway_core::secret::Secret;
use keyway_core::time::Timestamp;
use keyway_core::token::uuid_text;
use keyway_oauth::redirect;
use keyway_oauth::server::authorize::Registered;

use super::{Control, ControlError, Result, Rotation, State, end_after, replace, scopes, text};
use crate::clock;
use crate::model::{ClientSecret, Distribution, PublicApp};
use crate::store;
use crate::store::oauth as stored;

/// What a new public app is made of.
#[derive(Clone, Debug, Default)]
pub struct NewPublicApp {
    /// The name, which no other public app has.
    pub name: String,
    /// What it is for; people read it when they are asked for consent.
    pub description: String,
    /// Who answers for it.
    pub owner: String,
    /// Where a consent may be answered; at least one.
    pub redirect_uris: Vec<String>,
    /// What every install grants.
    pub scopes: Vec<String>,
    /// What an authorization URL may ask for as if it were required.
    pub conditional_scopes: Vec<String>,
    /// What an account grants where it can.
    pub optional_scopes: Vec<String>,
    /// Who may install it; chosen accounts when none.
    pub distribution: Option<Distribution>,
    /// Whether it has no secret, and must use PKCE.
    pub is_public: bool,
    /// Whether a refresh token is replaced when it is used.
    pub rotates: bool,
}

/// What changes of a public app; none keeps.
#[derive(Clone, Debug, Default)]
pub struct PublicAppChange {
    /// New name.
    pub name: Option<String>,
    /// New description.
    pub description: Option<String>,
    /// New owner.
    pub owner: Option<String>,
    /// The redirect URIs from now on.
    pub redirect_uris: Option<Vec<String>>,
    /// The required scopes from now on: installs must be authorized again to have them.
    pub scopes: Option<Vec<String>>,
    /// The conditionally required scopes from now on.
    pub conditional_scopes: Option<Vec<String>>,
    /// The optional scopes from now on.
    pub optional_scopes: Option<Vec<String>>,
    /// Who may install it.
    pub distribution: Option<Distribution>,
    /// Whether a refresh token is replaced when it is used.
    pub rotates: Option<bool>,
    /// Whether its installs' tokens are accepted.
    pub enabled: Option<bool>,
}

/// Redirect URIs of one app.
const REDIRECT_URIS_MAX: usize = 50;

impl Control {
    /// Every public app, with the number of its installs.
    pub async fn public_apps(&self) -> Vec<(PublicApp, usize)> {
        let state = self.state.lock().await;
        let mut installs = std::collections::HashMap::new();
        state.apps.iter().filter_map(|app| app.public_app).for_each(|id| *installs.entry(id).or_insert(0) += 1);
        state.public_apps.iter().map(|app| (PublicApp::clone(app), installs.get(&app.id).copied().unwrap_or(0))).collect()
    }

    /// One public app, by id, name or client id.
    ///
    /// # Errors
    /// [`ControlError::NotFound`]: no public app has this id, name or client id.
    pub async fn public_app(&self, which: &str) -> Result<PublicApp> {
        find(&*self.state.lock().await, which).cloned()
    }

    /// Makes a public app, and its secret unless it has none.
    ///
    /// # Errors
    /// A field is not valid, or the name is taken.
    pub async fn create_public_app(&self, new: NewPublicApp) -> Result<(PublicApp, Option<Secret<String>>)> {
        let (mut change, mut state) = self.begin().await?;
        let now = clock::now();
        let secret = (!new.is_public).then(|| self.make_secret(now)).transpose()?;
        let mut app = PublicApp {
            id: 0,
            name: text("the name", &new.name, true)?,
            description: text("the description", &new.description, false)?,
            owner: text("the owner", &new.owner, false)?,
            client_id: uuid(self.draw("client id")?),
            secrets: secret.iter().map(|(kept, _)| kept.clone()).collect(),
            is_public: new.is_public,
            redirect_uris: redirect_uris(new.redirect_uris)?,
            scopes: scopes(new.scopes)?,
            conditional_scopes: without_base(scopes(new.conditional_scopes)?),
            optional_scopes: without_base(scopes(new.optional_scopes)?),
            distribution: new.distribution.unwrap_or(Distribution::Private),
            // RFC 9700, section 2.2.2: without a secret, only rotation shows that a token was stolen.
            rotates: new.rotates || new.is_public,
            enabled: true,
            created_at: now,
            updated_at: now,
        };
        refuse_taken(&state, &app)?;
        app.id = stored::insert_public_app(&mut change, &app).await?;
        let mut next = state.clone();
        next.public_apps.push(app.clone().into());
        self.commit(change, &mut state, next).await?;
        Ok((app, secret.map(|(_, plain)| plain)))
    }

    /// Changes a public app. What its installs were granted stays as it is.
    ///
    /// # Errors
    /// There is no such public app, the name is taken, or a field is not valid.
    pub async fn update_public_app(&self, which: &str, asked: PublicAppChange) -> Result<PublicApp> {
        let (change, mut state) = self.begin().await?;
        let mut app = find(&state, which)?.clone();
        if let Some(name) = asked.name {
            app.name = text("the name", &name, true)?;
        }
        if let Some(description) = asked.description {
            app.description = text("the description", &description, false)?;
        }
        if let Some(owner) = asked.owner {
            app.owner = text("the owner", &owner, false)?;
        }
        if let Some(uris) = asked.redirect_uris {
            app.redirect_uris = redirect_uris(uris)?;
        }
        if let Some(names) = asked.scopes {
            app.scopes = scopes(names)?;
        }
        if let Some(names) = asked.conditional_scopes {
            app.conditional_scopes = without_base(scopes(names)?);
        }
        if let Some(names) = asked.optional_scopes {
            app.optional_scopes = without_base(scopes(names)?);
        }
        app.distribution = asked.distribution.unwrap_or(app.distribution);
        app.rotates = asked.rotates.unwrap_or(app.rotates) || app.is_public;
        app.enabled = asked.enabled.unwrap_or(app.enabled);
        app.updated_at = clock::now();
        refuse_taken(&state, &app)?;
        self.put(change, &mut state, &app).await?;
        Ok(app)
    }

    /// Deletes a public app with all its installs, whose tokens end now.
    ///
    /// # Errors
    /// [`ControlError::NotFound`]: no public app has this id, name or client id.
    pub async fn delete_public_app(&self, which: &str) -> Result<PublicApp> {
        let (mut change, mut state) = self.begin().await?;
        let app = find(&state, which)?.clone();
        stored::delete_public_app(&mut change, app.id).await?;
        let mut next = state.clone();
        next.public_apps.retain(|one| one.id != app.id);
        let gone: std::collections::HashSet<u64> =
            next.apps.iter().filter(|one| one.public_app == Some(app.id)).map(|one| one.id).collect();
        next.apps.retain(|one| !gone.contains(&one.id));
        next.tokens.retain(|token| !gone.contains(&token.app_id));
        self.commit(change, &mut state, next).await?;
        Ok(app)
    }

    /// Makes a new client secret; the one that was there ends now or after a grace period.
    ///
    /// # Errors
    /// There is no such app, it has no secret, or the grace period is not valid.
    pub async fn rotate_client_secret(&self, which: &str, rotation: Rotation) -> Result<(PublicApp, Secret<String>)> {
        rotation.check()?;
        let (change, mut state) = self.begin().await?;
        let mut app = find(&state, which)?.clone();
        if app.is_public {
            return Err(ControlError::Invalid(format!("{} has no secret: it proves itself with PKCE", app.name)));
        }
        let now = clock::now();
        match rotation {
            Rotation::Now => app.secrets.clear(),
            Rotation::Grace(ms) => {
                app.secrets.retain(|secret| secret.expires_at.is_none_or(|at| at > now));
                // Of those that end, the last one is kept.
                app.secrets.iter_mut().for_each(|secret| secret.expires_at = Some(end_after(secret.expires_at, now, ms)));
                app.secrets = app.secrets.pop().into_iter().collect();
            }
        }
        let (kept, plain) = self.make_secret(now)?;
        app.secrets.push(kept);
        app.updated_at = now;
        self.put(change, &mut state, &app).await?;
        Ok((app, plain))
    }

    async fn put(&self, mut change: store::Change, state: &mut State, app: &PublicApp) -> Result<()> {
        stored::update_public_app(&mut change, app).await?;
        let mut next = state.clone();
        replace(&mut next.public_apps, app.clone(), |one| one.id == app.id);
        self.commit(change, state, next).await
    }

    fn make_secret(&self, now: Timestamp) -> Result<(ClientSecret, Secret<String>)> {
        let plain = uuid(self.draw("client secret")?);
        let (hash, plain) = (self.registry.token_key().hash(&plain), Secret::new(plain));
        let sealed = Some(self.store.seal_for(&stored::bound_to(&hash), &plain)?);
        let kept = ClientSecret { hash, sealed, hint: keyway_core::credential::hint(plain.expose()), created_at: now, expires_at: None };
        Ok((kept, plain))
    }
}

/// What a public app is to the protocol.
impl PublicApp {
    /// What an authorization request is read against.
    pub fn registered(&self) -> Registered<'_> {
        Registered {
            redirect_uris: &self.redirect_uris,
            required: &self.scopes,
            conditional: &self.conditional_scopes,
            optional: &self.optional_scopes,
            is_public: self.is_public,
        }
    }
}

fn find<'a>(state: &'a State, which: &str) -> Result<&'a PublicApp> {
    let mut apps = state.public_apps.iter().map(Arc::as_ref);
    let by_id = which.parse().ok().and_then(|id: u64| apps.clone().find(|app| app.id == id));
    let found = by_id.or_else(|| apps.find(|app| app.name == which || app.client_id == which));
    found.ok_or_else(|| ControlError::NotFound(format!("there is no public app {which}")))
}

fn refuse_taken(state: &State, app: &PublicApp) -> Result<()> {
    let taken = state.public_apps.iter().any(|other| other.id != app.id && other.name == app.name);
    if taken { Err(ControlError::Conflict(format!("there is a public app named {} already", app.name))) } else { Ok(()) }
}

fn redirect_uris(uris: Vec<String>) -> Result<Vec<String>> {
    if uris.is_empty() || uris.len() > REDIRECT_URIS_MAX {
        return Err(ControlError::Invalid(format!(
            "a public app has 1 to {REDIRECT_URIS_MAX} redirect URIs. On the command line, name each with --redirect-uri https://…"
        )));
    }
    for uri in &uris {
        redirect::check(uri).map_err(|error| ControlError::Invalid(format!("the redirect URI {error}")))?;
    }
    Ok(uris)
}

fn without_base(scopes: Vec<String>) -> Vec<String> {
    scopes.into_iter().filter(|scope| scope != super::BASE_SCOPE).collect()
}

/// A random UUID (RFC 9562, version 4), the form of HubSpot's client ids and secrets.
pub(super) fn uuid(mut bytes: [u8; 16]) -> String {
    bytes[6] = 0x40 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    uuid_text(&bytes)
}
