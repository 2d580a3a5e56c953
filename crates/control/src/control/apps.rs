//! Changes to apps.

use std::collections::BTreeSet;
use std::sync::Arc;

use keyway_core::approval::Rule;
use keyway_core::beside::Beside;
use keyway_core::quota::Limits;
use keyway_core::safety::Classes;
use keyway_core::scope::{ScopeId, all_names, names};
use keyway_core::share::WEIGHT_MAX;
use keyway_core::shown;
use keyway_core::time::Timestamp;
use keyway_core::unlisted::Unlisted;

use super::record::Acting;
use super::tokens::{FirstToken, NewToken, check_lifetime, refuse_chosen_token};
use super::{Control, ControlError, Result, State, find_account, find_app, replace, text, tokens_of, with_tokens};
use crate::model::{App, Sharing, Token};
use crate::principal::Principal;
use crate::{clock, store};

/// What a new app is made of.
#[derive(Clone, Debug, Default)]
pub struct NewApp {
    /// The hub id of its account.
    pub hub_id: u64,
    /// Unique in its account.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Who answers for it.
    pub owner: String,
    /// What breaks without it.
    pub dependents: Vec<String>,
    /// What it may do.
    pub scopes: Vec<String>,
    /// What part of its account's limits it gets.
    pub sharing: SharingChange,
    /// Whether its calls of numbered versions are rewritten to their successors.
    pub translate: bool,
    /// Whether its calls are refused for no limit; on an embedded account only.
    pub no_limits: bool,
    /// Which operations it may call that the catalog does not list, as written; none is none.
    pub unlisted: Option<Vec<String>>,
    /// Which classes of operations it may call, as written; none is all.
    pub allow: Option<Vec<String>>,
    /// Which of its calls need a person's approval.
    pub approve: Rule,
    /// Its first token.
    pub token: FirstToken,
    /// How long that token lives, in milliseconds; until it is rotated or revoked when none.
    pub lifetime_ms: Option<i64>,
}

/// What changes of an app's part of the limits; none keeps.
#[derive(Clone, Copy, Debug, Default)]
pub struct SharingChange {
    /// New weight.
    pub weight: Option<u32>,
    /// New reserve.
    pub reserve: Option<u32>,
    /// New longest wait, in milliseconds.
    pub max_wait_ms: Option<u32>,
}

/// What changes of an app; none keeps.
#[derive(Clone, Debug, Default)]
pub struct AppChange {
    /// New name.
    pub name: Option<String>,
    /// New description.
    pub description: Option<String>,
    /// New owner.
    pub owner: Option<String>,
    /// The dependents from now on.
    pub dependents: Option<Vec<String>>,
    /// The scopes from now on.
    pub scopes: Option<Vec<String>>,
    /// Scopes to add.
    pub add_scopes: Vec<String>,
    /// Scopes to remove.
    pub remove_scopes: Vec<String>,
    /// Its part of the account's limits.
    pub sharing: SharingChange,
    /// Whether its calls of numbered versions are rewritten to their successors.
    pub translate: Option<bool>,
    /// Whether its calls are refused for no limit; on an embedded account only.
    pub no_limits: Option<bool>,
    /// Which operations it may call that the catalog does not list, as written.
    pub unlisted: Option<Vec<String>>,
    /// Which classes of operations it may call, as written.
    pub allow: Option<Vec<String>>,
    /// Which of its calls need a person's approval.
    pub approve: Option<Rule>,
    /// Whether its tokens are accepted.
    pub enabled: Option<bool>,
}
/// Longest wait for a turn that an app can be given, in milliseconds.
const WAIT_MS_MAX: u32 = 60_000;
/// What every token may do: ask who it is.
pub const BASE_SCOPE: &str = "oauth";

/// An install gets its tokens over OAuth, and in no other way.
pub(super) fn refuse_install(app: &App) -> Result<()> {
    match app.public_app {
        Some(_) => Err(ControlError::Invalid(format!("{} is an install of a public app: it gets its tokens over OAuth", app.name))),
        None => Ok(()),
    }
}

/// An app's part of the limits after a change.
pub(super) fn sharing(state: &State, app: &App, asked: SharingChange) -> Result<Sharing> {
    let weight = asked.weight.unwrap_or(app.sharing.weight);
    let reserve = asked.reserve.unwrap_or(app.sharing.reserve);
    let max_wait_ms = asked.max_wait_ms.unwrap_or(app.sharing.max_wait_ms);
    if !(1..=WEIGHT_MAX).contains(&weight) {
        return Err(ControlError::parameter("weight", format!("a number from 1 to {WEIGHT_MAX}")));
    }
    if max_wait_ms > WAIT_MS_MAX {
        return Err(ControlError::parameter("maxWaitMs", format!("{WAIT_MS_MAX} at most ({} seconds)", WAIT_MS_MAX / 1_000)));
    }
    let account = find_account(state, app.hub_id)?;
    let burst = Limits::for_tier(account.tier, account.addons).burst;
    let others = state.apps.iter().filter(|one| one.hub_id == app.hub_id && one.id != app.id);
    let kept: u32 = others.map(|one| one.sharing.reserve).sum();
    // Something must be left for apps without one.
    if reserve > 0 && kept.saturating_add(reserve) >= burst {
        return Err(ControlError::Invalid(format!(
            "the account has {burst} calls in ten seconds, of which {kept} are kept for other apps already; {reserve} more would leave none"
        )));
    }
    Ok(Sharing { weight, reserve, max_wait_ms })
}

pub(super) fn classes(asked: Option<Vec<String>>) -> Result<Option<Classes>> {
    asked.map(|words| Classes::parse(&words)).transpose().map_err(|error| ControlError::Invalid(error.to_string()))
}

pub(super) fn unlisted(asked: Option<Vec<String>>) -> Result<Option<Unlisted>> {
    asked.map(|texts| Unlisted::parse(&texts)).transpose().map_err(|error| ControlError::Invalid(error.to_string()))
}

/// HubSpot's limits are HubSpot's: only on an embedded account can an app be without.
fn check_limits(state: &State, app: &App) -> Result<()> {
    if app.no_limits && find_account(state, app.hub_id)?.connection.is_some() {
        return Err(ControlError::Invalid(format!(
            "account {} is connected to HubSpot, whose limits hold for all its apps; only an app of an embedded account can be without limits",
            app.hub_id
        )));
    }
    Ok(())
}

fn refuse_taken_name(state: &State, app: &App) -> Result<()> {
    let taken = state.apps.iter().any(|other| other.id != app.id && other.hub_id == app.hub_id && other.name == app.name);
    if !taken {
        return Ok(());
    }
    let name = shown::argument(&app.name).unwrap_or_else(|| "APP".to_owned());
    Err(ControlError::Conflict(format!(
        "account {} has an app named {} already. Choose another name, or change that app: keyway app update {name}",
        app.hub_id, app.name
    )))
}

/// Sorted, without doubles, with the base scope; or the first name HubSpot does not publish.
pub(super) fn scopes(names: Vec<String>) -> Result<Vec<String>> {
    let mut wanted: BTreeSet<String> = names.into_iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
    if let Some(unknown) = wanted.iter().find(|name| ScopeId::of(name).is_none()) {
        let near = nearest(unknown);
        let hint = if near.is_empty() { ".".to_owned() } else { format!("; did you mean {}?", near.join(" or ")) };
        return Err(ControlError::Invalid(format!("{unknown} is not a scope that HubSpot publishes{hint} List the scopes: keyway scopes")));
    }
    wanted.insert(BASE_SCOPE.to_owned());
    Ok(wanted.into_iter().collect())
}

/// Checks names of scopes before anything is made.
///
/// # Errors
/// HubSpot does not publish one of them.
pub fn check_scopes(names: &[String]) -> Result<()> {
    scopes(names.to_vec()).map(drop)
}

/// Up to three scopes that a name may mean: those of its object type, else those within a few typing mistakes.
fn nearest(name: &str) -> Vec<&'static str> {
    const MISTAKES_MAX: usize = 4;
    let meant = names::meant_by(name);
    if !meant.is_empty() {
        return meant;
    }
    let mut scored: Vec<(usize, &str)> = all_names().iter().map(|scope| (strsim::levenshtein(scope, name), *scope)).collect();
    scored.sort_unstable();
    scored.into_iter().take(3).filter(|(mistakes, _)| *mistakes <= MISTAKES_MAX).map(|(_, scope)| scope).collect()
}

impl Control {
    /// The apps, of one account or of all, with their tokens.
    pub async fn apps(&self, hub_id: Option<u64>) -> Vec<(App, Vec<Token>)> {
        let state = self.state.lock().await;
        let wanted = state.apps.iter().filter(|app| hub_id.is_none_or(|hub_id| hub_id == app.hub_id));
        with_tokens(&state, wanted.map(Arc::as_ref).cloned().collect())
    }

    /// One app with its tokens, by id or by a name that only one app has.
    ///
    /// # Errors
    /// There is none, or several have the name.
    pub async fn app(&self, id_or_name: &str) -> Result<(App, Vec<Token>)> {
        let state = self.state.lock().await;
        let app = find_app(&state, id_or_name)?.clone();
        let tokens = tokens_of(&state, app.id);
        Ok((app, tokens))
    }

    /// Makes an app and its first token.
    ///
    /// # Errors
    /// A field is not valid, or the name is taken.
    pub async fn create_app(&self, new: NewApp) -> Result<(App, NewToken)> {
        let (mut change, mut state) = self.begin().await?;
        let account = find_account(&state, new.hub_id)?;
        if !matches!(new.token, FirstToken::Random) {
            refuse_chosen_token(account)?;
        }
        check_lifetime(new.lifetime_ms)?;
        let now = clock::now();
        let mut app = App {
            description: text("the description", &new.description, false)?,
            owner: text("the owner", &new.owner, false)?,
            dependents: new.dependents,
            scopes: scopes(new.scopes)?,
            translate: new.translate,
            no_limits: new.no_limits,
            unlisted: unlisted(new.unlisted)?.unwrap_or_default(),
            allow: classes(new.allow)?.unwrap_or_default(),
            approve: new.approve,
            ..App::new(new.hub_id, text("the name", &new.name, true)?, now)
        };
        refuse_taken_name(&state, &app)?;
        check_limits(&state, &app)?;
        app.sharing = sharing(&state, &app, new.sharing)?;
        app.id = store::insert_app(&mut change, &app).await?;
        let made = match new.token {
            FirstToken::Chosen(plain) => {
                if self.is_known(&state, &plain) {
                    return Err(ControlError::Conflict(format!("another app has the token that was chosen for {}", app.name)));
                }
                self.keep_token(&mut change, app.id, plain, self.registry.now_of(app.hub_id), new.lifetime_ms).await?
            }
            FirstToken::FromMasterKey => {
                let plain = self.tokens_for(account, &app).find(|plain| !self.is_known(&state, plain));
                let plain = plain.expect("the app has endlessly many");
                self.keep_token(&mut change, app.id, plain, self.registry.now_of(app.hub_id), new.lifetime_ms).await?
            }
            FirstToken::Random => {
                let plain = self.new_token(&state, account, &app)?;
                self.keep_token(&mut change, app.id, plain, self.registry.now_of(app.hub_id), new.lifetime_ms).await?
            }
        };
        let mut next = state.clone();
        next.apps.push(app.clone().into());
        next.tokens.push(made.token.clone().into());
        self.commit(change, &mut state, next).await?;
        Ok((app, made))
    }

    /// Changes an app. Its tokens stay as they are.
    ///
    /// # Errors
    /// There is none, or a field is not valid.
    pub async fn update_app(&self, id_or_name: &str, asked: AppChange) -> Result<App> {
        let (mut change, mut state) = self.begin().await?;
        let mut app = find_app(&state, id_or_name)?.clone();
        let rescoped = asked.scopes.is_some() || !asked.add_scopes.is_empty() || !asked.remove_scopes.is_empty();
        if app.public_app.is_some() && (rescoped || asked.name.is_some()) {
            return Err(ControlError::Invalid(
                "the name and scopes of an install are its public app's; scopes are granted by a person".into(),
            ));
        }
        if let Some(name) = asked.name {
            app.name = text("the name", &name, true)?;
        }
        if let Some(description) = asked.description {
            app.description = text("the description", &description, false)?;
        }
        if let Some(owner) = asked.owner {
            app.owner = text("the owner", &owner, false)?;
        }
        app.dependents = asked.dependents.unwrap_or(app.dependents);
        let mut wanted = asked.scopes.unwrap_or(app.scopes);
        wanted.extend(asked.add_scopes);
        let removed = scopes(asked.remove_scopes)?;
        wanted.retain(|scope| scope == BASE_SCOPE || !removed.contains(scope));
        app.scopes = scopes(wanted)?;
        app.translate = asked.translate.unwrap_or(app.translate);
        app.no_limits = asked.no_limits.unwrap_or(app.no_limits);
        app.unlisted = unlisted(asked.unlisted)?.unwrap_or(app.unlisted);
        app.allow = classes(asked.allow)?.unwrap_or(app.allow);
        app.approve = asked.approve.unwrap_or(app.approve);
        app.enabled = asked.enabled.unwrap_or(app.enabled);
        app.updated_at = clock::now();
        refuse_taken_name(&state, &app)?;
        check_limits(&state, &app)?;
        app.sharing = sharing(&state, &app, asked.sharing)?;
        store::update_app(&mut change, &app).await?;
        let mut next = state.clone();
        replace(&mut next.apps, app.clone(), |one| one.id == app.id);
        self.commit(change, &mut state, next).await?;
        Ok(app)
    }

    /// Deletes an app and its tokens. Its records in the audit stay.
    ///
    /// # Errors
    /// [`ControlError::NotFound`]: no app has this id or name.
    pub async fn delete_app(&self, id_or_name: &str) -> Result<App> {
        let (mut change, mut state) = self.begin().await?;
        let app = find_app(&state, id_or_name)?.clone();
        store::delete_app(&mut change, app.id).await?;
        let mut next = state.clone();
        next.apps.retain(|one| one.id != app.id);
        next.tokens.retain(|token| token.app_id != app.id);
        self.commit(change, &mut state, next).await?;
        Ok(app)
    }

    /// The object types that the calls of an app reached beside their paths, ever.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn reached_beside(&self, app_id: u64) -> Result<Beside> {
        let mut all = store::reached(&mut self.store.read().await?, app_id).await?;
        for (_, fresh) in self.registry.fresh_reached().into_iter().filter(|(id, _)| *id == app_id) {
            fresh.types().for_each(|(row, access)| all.add(row, access));
        }
        Ok(all)
    }

    /// Gives an app and its tokens a past: when they were made, and when a token was last used. For a demo, whose past is
    /// made up.
    ///
    /// # Errors
    /// The store can't be written.
    pub async fn backdate(&self, app_id: u64, made_at: Timestamp, last_used: Option<Timestamp>) -> Result<()> {
        let (mut change, mut state) = self.begin().await?;
        let mut next = state.clone();
        store::backdate(&mut change, app_id, made_at, last_used).await?;
        for app in next.apps.iter_mut().filter(|app| app.id == app_id) {
            let app = Arc::make_mut(app);
            (app.created_at, app.updated_at) = (made_at, made_at);
        }
        for token in next.tokens.iter_mut().filter(|token| token.app_id == app_id) {
            let token = Arc::make_mut(token);
            (token.created_at, token.last_used_at) = (made_at, last_used);
        }
        self.commit(change, &mut state, next).await
    }

    /// Disables the apps that made no call since a moment, and were neither made nor changed since.
    ///
    /// # Errors
    /// The store can't be written.
    pub async fn disable_unused(&self, since: Timestamp) -> Result<Vec<App>> {
        self.store_last_used().await?;
        Acting::new(Principal::server(), "disableUnusedApps", String::new()).run(self.disable(since)).await
    }

    async fn disable(&self, since: Timestamp) -> Result<Vec<App>> {
        let (mut change, mut state) = self.begin().await?;
        let mut next = state.clone();
        let mut disabled = Vec::new();
        for app in next.apps.iter_mut().filter(|app| app.enabled) {
            let tokens = state.tokens.iter().filter(|token| token.app_id == app.id);
            let last = tokens.flat_map(|token| [Some(token.created_at), token.last_used_at]).flatten().max();
            if app.updated_at.max(last.unwrap_or(app.created_at)) < since {
                let app = Arc::make_mut(app);
                (app.enabled, app.updated_at) = (false, clock::now());
                store::update_app(&mut change, app).await?;
                disabled.push(app.clone());
            }
        }
        if !disabled.is_empty() {
            self.commit(change, &mut state, next).await?;
        }
        Ok(disabled)
    }
}
