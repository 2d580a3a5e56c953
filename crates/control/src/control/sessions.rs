//! Sessions: tokens of an app that are narrower than it, for one person and one purpose, and end by themselves.
//!
//! A session never has more than its app: what is asked for is checked here, and what the app has lost since is left
//! out by the registry, at every call.

use keyway_core::scope::ScopeId;
use keyway_core::time::Timestamp;
use keyway_core::token::TokenHash;

use super::*;
use crate::model::Person;
use crate::model::{Agent, Session, SessionBudget, SessionUse};
use crate::store::people as stored;
use crate::store::sessions::Wanted;
use keyway_core::approval::Rule;
use keyway_core::safety::Classes;

/// How long a session lives of which nobody says, in milliseconds: an hour.
pub const LIFETIME_MS: i64 = 3_600_000;
/// Longest lifetime of a session, in milliseconds: a week.
const LIFETIME_MS_MAX: i64 = 7 * 86_400_000;
/// Sessions of an app that are live; more are a sign of an agent that makes one for each call.
const LIVE_MAX: usize = 1_000;
/// How long a session is kept after its end, in milliseconds: a month. The audit has its calls for longer.
const KEPT_MS: i64 = 30 * 86_400_000;
/// Longest name of a person, and longest purpose, in characters: every record of a call has both.
const WORDS_MAX: usize = 200;

/// What a new session is made of.
#[derive(Clone, Debug, Default)]
pub struct NewSession {
    /// What it may do; all that its app may when none.
    pub scopes: Option<Vec<String>>,
    /// Which classes of operations it may call, as written; reading when none.
    pub classes: Option<Vec<String>>,
    /// How long it lives, in milliseconds; an hour when none.
    pub lifetime_ms: Option<i64>,
    /// On whose behalf it calls.
    pub person: String,
    /// The purpose of the session, for people.
    pub purpose: String,
    /// How much it may do.
    pub budget: SessionBudget,
    /// Which of its calls need a person's approval, beside those of its app.
    pub approve: Rule,
    /// Who makes it.
    pub created_by: String,
}

/// Which budget a call does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted {
    /// `calls` or `records`.
    pub what: &'static str,
    /// How many there are in all, or in a day.
    pub most: u64,
    /// How many are left.
    pub left: u64,
    /// Whether it is the budget of a day.
    pub of_day: bool,
}

/// A use that was not made.
#[derive(Debug, thiserror::Error)]
pub enum SpendError {
    /// It does not fit a budget.
    #[error("the session has {} {} left, of {}", .0.left, .0.what, .0.most)]
    Exhausted(Exhausted),
    /// The session is gone.
    #[error("the session is not there any more")]
    Gone,
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Control {
    /// Makes a session of an app.
    ///
    /// # Errors
    /// There is no such app, it asks for more than the app has, or a field is not valid.
    pub async fn create_app_session(&self, id_or_name: &str, new: NewSession) -> Result<(App, NewToken)> {
        let (mut change, mut state) = self.begin().await?;
        let app = find_app(&state, id_or_name)?.clone();
        let plain = self.new_token(&state, find_account(&state, app.hub_id)?, &app)?;
        let presented = (self.registry.token_key().hash(plain.expose()), plain.hint());
        let (token, next) = self.put_session(&mut change, &state, &app, new, None, presented).await?;
        self.commit(change, &mut state, next).await?;
        Ok((app, NewToken { token, plain }))
    }

    /// Writes a session down, presented by what has this hash and hint; the state with it.
    pub(super) async fn put_session(
        &self,
        change: &mut Change,
        state: &State,
        app: &App,
        new: NewSession,
        agent: Option<Agent>,
        (hash, hint): (TokenHash, String),
    ) -> Result<(Token, State)> {
        refuse_install(app)?;
        let now = self.registry.now_of(app.hub_id);
        let (session, lifetime_ms) = checked(app, new)?;
        let session = Arc::new(Session { agent, ..session });
        let mut next = state.clone();
        let live = |token: &Token| token.app_id == app.id && is_live_session(token, now);
        if next.tokens.iter().filter(|token| live(token)).count() >= LIVE_MAX {
            return Err(ControlError::Conflict(format!(
                "{} has {LIVE_MAX} live sessions. End some, such as with: keyway session end ID",
                app.name
            )));
        }
        let is_old = |token: &Token| {
            token.app_id == app.id && token.session.is_some() && ended_at(token).is_some_and(|at| at < now.plus_ms(-KEPT_MS))
        };
        let old: Vec<u64> = next.tokens.iter().filter(|token| is_old(token)).map(|token| token.id).collect();
        for token_id in &old {
            store::sessions::delete(change, *token_id).await?;
        }
        next.tokens.retain(|token| !old.contains(&token.id));
        // A person whose access ends leaves no session behind.
        let left_ms = stored::person_at(change, &session.created_by).await?.as_ref().and_then(left_ms);
        let ends = Some(now.plus_ms(left_ms.map_or(lifetime_ms, |left_ms| lifetime_ms.min(left_ms))));
        let mut token = Token { expires_at: ends, lifetime_ends_at: ends, ..Token::new(app.id, hash, hint, now) };
        token.id = store::insert_token(change, &token).await?;
        store::sessions::insert(change, token.id, &session).await?;
        token.session = Some(session);
        next.tokens.push(token.clone().into());
        Ok((token, next))
    }

    /// The sessions, of one app or of all, with what they have used.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn app_sessions(&self, app_id: Option<u64>) -> Result<Vec<(App, Token, SessionUse)>> {
        let found: Vec<(App, Token)> = {
            let state = self.state.lock().await;
            let of_app = |token: &&Arc<Token>| token.session.is_some() && app_id.is_none_or(|id| token.app_id == id);
            let apps: HashMap<u64, &Arc<App>> = state.apps.iter().map(|app| (app.id, app)).collect();
            let with_app = |token: &Arc<Token>| Some((App::clone(apps.get(&token.app_id)?), Token::clone(token)));
            state.tokens.iter().filter(of_app).filter_map(with_app).collect()
        };
        let mut sessions = Vec::with_capacity(found.len());
        for (app, token) in found {
            let used = self.session_use(&app, token.id).await?;
            sessions.push((app, token, used));
        }
        Ok(sessions)
    }

    /// One session.
    ///
    /// # Errors
    /// [`ControlError::NotFound`](super::ControlError::NotFound): no session has a token of this id.
    pub async fn app_session(&self, token_id: u64) -> Result<(App, Token, SessionUse)> {
        let (app, token) = {
            let state = self.state.lock().await;
            let token = find_session(&state, token_id)?.clone();
            (find_app(&state, &token.app_id.to_string())?.clone(), token)
        };
        let used = self.session_use(&app, token_id).await?;
        Ok((app, token, used))
    }

    /// Ends a session now.
    ///
    /// # Errors
    /// [`ControlError::NotFound`](super::ControlError::NotFound): no session has a token of this id.
    pub async fn end_app_session(&self, token_id: u64) -> Result<(App, Token, SessionUse)> {
        let (mut change, mut state) = self.begin().await?;
        find_session(&state, token_id)?;
        let mut next = state.clone();
        if let Some(token) = next.tokens.iter_mut().find(|token| token.id == token_id).map(Arc::make_mut) {
            token.revoked_at = token.revoked_at.or_else(|| Some(clock::now()));
            store::update_token(&mut change, token).await?;
        }
        self.commit(change, &mut state, next).await?;
        drop(state);
        self.app_session(token_id).await
    }

    async fn session_use(&self, app: &App, token_id: u64) -> Result<SessionUse> {
        let day = self.day_of(app.hub_id);
        Ok(self.store.session_use(token_id, day).await?.unwrap_or_default())
    }

    fn day_of(&self, hub_id: u64) -> Timestamp {
        let now = self.registry.now_of(hub_id);
        self.registry.day_began(hub_id, now).unwrap_or(now)
    }

    /// What a session has used.
    ///
    /// # Errors
    /// It is gone, or the store does not answer.
    pub async fn used_by(&self, token_id: u64, day: Timestamp) -> std::result::Result<SessionUse, SpendError> {
        self.store.session_use(token_id, day).await?.ok_or(SpendError::Gone)
    }

    /// Uses a part of a session's budgets: all of it, or nothing.
    ///
    /// # Errors
    /// It does not fit, the session is gone, or the store does not answer.
    pub async fn spend(&self, budget: SessionBudget, wanted: Wanted) -> std::result::Result<(), SpendError> {
        if self.store.use_budget(wanted).await? {
            return Ok(());
        }
        let used = self.used_by(wanted.token_id, wanted.day).await?;
        Err(SpendError::Exhausted(exhausted(&budget, used, wanted)))
    }

    /// Gives back records that a call did not need.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn give_back_records(&self, wanted: Wanted) -> std::result::Result<(), SpendError> {
        Ok(self.store.give_back_records(wanted).await?)
    }
}

/// The budget that a use does not fit, as far as can be seen a moment later: the tightest of those that are too small.
fn exhausted(budget: &SessionBudget, used: SessionUse, wanted: Wanted) -> Exhausted {
    let of = |what, most: Option<u64>, used: u64, wants: u64, of_day| {
        let left = most?.saturating_sub(used);
        Some((left < wants, Exhausted { what, most: most?, left, of_day }))
    };
    let all = [
        of("calls", budget.calls, used.calls, wanted.calls, false),
        of("records", budget.records, used.records, wanted.records, false),
        of("calls", budget.calls_per_day, used.day_calls, wanted.calls, true),
        of("records", budget.records_per_day, used.day_records, wanted.records, true),
    ];
    let known = all.into_iter().flatten().max_by_key(|(is_short, one)| (*is_short, std::cmp::Reverse(one.left)));
    known.map_or(Exhausted { what: "calls", most: 0, left: 0, of_day: false }, |(_, one)| one)
}

/// Ends the sessions of an app whose last token was revoked: nobody is to call in its name any more.
pub(super) async fn end_with_the_last_token(change: &mut Change, next: &mut State, app_id: u64) -> Result<()> {
    let now = clock::now();
    if next.tokens.iter().any(|token| is_live(token, app_id, now)) {
        return Ok(());
    }
    end_now(change, next, |token| token.app_id == app_id && is_live_session(token, now)).await
}

/// Ends some sessions.
async fn end_now(change: &mut Change, next: &mut State, is_one: impl Fn(&Token) -> bool) -> Result<()> {
    for token in next.tokens.iter_mut().filter(|token| is_one(token)).map(Arc::make_mut) {
        token.revoked_at = Some(clock::now());
        store::update_token(change, token).await?;
    }
    Ok(())
}

/// Milliseconds until a person's access ends.
fn left_ms(person: &Person) -> Option<i64> {
    Some(person.expires_at?.as_ms() - clock::now().as_ms())
}

impl Control {
    /// The state without the sessions of apps that a person made, once the person is deleted; none where there are none.
    pub(super) async fn without_sessions_of(&self, change: &mut Change, state: &State, email: &str) -> Result<Option<State>> {
        let ends = |token: &Token| is_made_by(token, email) && is_live_session(token, self.now_of_app(state, token.app_id));
        if !state.tokens.iter().any(|token| ends(token)) {
            return Ok(None);
        }
        let mut next = state.clone();
        end_now(change, &mut next, ends).await?;
        Ok(Some(next))
    }

    /// The state in which no session of an app outlives the access of the person who made it; none where none does.
    pub(super) async fn with_sessions_within(&self, change: &mut Change, state: &State, person: &Person) -> Result<Option<State>> {
        let Some(left_ms) = left_ms(person) else { return Ok(None) };
        let end_of = |token: &Token| {
            // First, since the time of an app is looked up among all apps.
            if !is_made_by(token, &person.email) {
                return None;
            }
            let now = self.now_of_app(state, token.app_id);
            let end = now.plus_ms(left_ms);
            (is_live_session(token, now) && token.expires_at.is_none_or(|at| at > end)).then_some(end)
        };
        if !state.tokens.iter().any(|token| end_of(token).is_some()) {
            return Ok(None);
        }
        let mut next = state.clone();
        for token in &mut next.tokens {
            let Some(end) = end_of(token) else { continue };
            let token = Arc::make_mut(token);
            (token.expires_at, token.lifetime_ends_at) = (Some(end), Some(end));
            store::update_token(change, token).await?;
        }
        Ok(Some(next))
    }

    /// The time of the account of an app.
    fn now_of_app(&self, state: &State, app_id: u64) -> Timestamp {
        let hub_id = state.apps.iter().find(|app| app.id == app_id).map_or(0, |app| app.hub_id);
        self.registry.now_of(hub_id)
    }
}

fn is_made_by(token: &Token, email: &str) -> bool {
    token.session.as_ref().is_some_and(|session| session.created_by == email)
}

pub(super) fn find_session(state: &State, token_id: u64) -> Result<&Token> {
    let found = state.tokens.iter().map(Arc::as_ref).find(|token| token.id == token_id && token.session.is_some());
    found.ok_or_else(|| unknown("session", token_id, "keyway session list"))
}

pub(super) fn is_live_session(token: &Token, now: Timestamp) -> bool {
    token.session.is_some() && token.revoked_at.is_none() && token.expires_at.is_none_or(|at| at > now)
}

fn ended_at(token: &Token) -> Option<Timestamp> {
    [token.revoked_at, token.expires_at].into_iter().flatten().min()
}

/// A session that is no wider than its app, and how long it lives.
fn checked(app: &App, new: NewSession) -> Result<(Session, i64)> {
    let words = |what: &str, value: &str| match text(what, value, true)? {
        long if long.chars().count() > WORDS_MAX => Err(ControlError::Invalid(format!("{what} has at most {WORDS_MAX} characters"))),
        good => Ok(good),
    };
    let lifetime_ms = new.lifetime_ms.unwrap_or(LIFETIME_MS);
    if !(1..=LIFETIME_MS_MAX).contains(&lifetime_ms) {
        return Err(ControlError::Invalid("a session lives longer than nothing and at most 7 days".into()));
    }
    let wanted = match new.scopes {
        Some(names) => scopes(names)?,
        None => app.scopes.clone(),
    };
    let wider: Vec<&str> = wanted.iter().filter(|scope| !app.scopes.contains(scope)).map(String::as_str).collect();
    if !wider.is_empty() {
        return Err(ControlError::Invalid(format!(
            "a session is never wider than its app, and {} lacks {}. Leave them out, or give them to the app: keyway app update {} --add-scope {}",
            app.name,
            wider.join(", "),
            app.id,
            wider.join(",")
        )));
    }
    let classes = classes(new.classes)?.unwrap_or(Classes::READ);
    if !classes.is_subset(app.allow) {
        return Err(ControlError::Invalid(format!(
            "a session is never wider than its app, and {} is held to the classes of operations {}, not {classes}",
            app.name, app.allow
        )));
    }
    let budget = new.budget;
    let parts = [budget.calls, budget.records, budget.calls_per_day, budget.records_per_day];
    if parts.into_iter().flatten().any(|most| most == 0 || i64::try_from(most).is_err()) {
        return Err(ControlError::Invalid("a budget is a number from 1 on; leave it out to set none".into()));
    }
    debug_assert!(wanted.iter().all(|scope| ScopeId::of(scope).is_some()), "scopes of apps are known");
    let session = Session {
        scopes: wanted,
        classes,
        person: words("the person on whose behalf the session calls", &new.person)?,
        purpose: words("the purpose of the session", &new.purpose)?,
        created_by: new.created_by,
        budget,
        agent: None,
        approve: new.approve,
    };
    Ok((session, lifetime_ms))
}
