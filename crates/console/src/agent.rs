//! Consent to an agent: who it says it is, as which app it works, and what it may do, for how long.
//!
//! The agent sends the person here with an authorization URL. The session is made through the admin API, as the person
//! who is signed in; the agent gets a code for it.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::Uri;
use axum::response::Response;
use bytes::Bytes;
use keyway_api::OperationId;
use keyway_api::body::AgentBody;
use keyway_api::view::{AppWithTokens, Approved, Apps};
use keyway_core::safety;
use keyway_core::scope::in_plain_words;
use keyway_gateway::admin::Admin;
use keyway_gateway::agents::{Agents, Asked, answered};
use keyway_oauth::error::{Code, OAuthError};
use keyway_oauth::redirect;
use keyway_oauth::server::authorize::Refusal;

use super::api::Api;
use super::app_words::{ClassChoice, chosen_classes};
use super::sign_in::Session;
use super::visitor::Fields;
use super::words::sentence;
use super::{page, sign_in};

/// The lifetimes to choose from: milliseconds, and how they are called.
const LIFETIMES: [(i64, &str); 5] =
    [(900_000, "15 minutes"), (3_600_000, "1 hour"), (28_800_000, "8 hours"), (86_400_000, "1 day"), (604_800_000, "7 days")];

#[derive(Template)]
#[template(path = "agent.html")]
struct Consent<'a> {
    asked: &'a Asked,
    person: &'a str,
    query: &'a str,
    form_token: &'a str,
    host: &'a str,
    /// The apps to choose from.
    apps: Vec<AppWithTokens>,
    /// The one that was chosen, or is alone.
    app: Option<Chosen>,
    wrong: Option<String>,
}

/// An app, and what the agent may get of it.
struct Chosen {
    id: u64,
    name: String,
    scopes: Vec<Scope>,
    /// What the agent asks for and the app has not.
    lacking: Vec<String>,
    classes: Vec<ClassChoice>,
}

struct Scope {
    name: String,
    words: String,
    checked: bool,
}

impl Consent<'_> {
    fn lifetimes(&self) -> [(i64, &'static str); 5] {
        LIFETIMES
    }

    /// Whether the answer goes to a program on the person's own machine.
    fn is_local(&self) -> bool {
        !self.asked.request.redirect_uri.starts_with("https://")
    }
}

/// An authorization URL.
pub(super) async fn show(State(admin): State<Admin>, session: Option<Session>, uri: Uri, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let Some(agents) = &admin.agents else { return no_agents() };
    let Some(session) = session else {
        // A request that can't be put to anybody is refused at once. No other host is asked for somebody who is not signed in;
        // and nobody who is not is sent on to a client's address, because anybody can register a client.
        if Agents::is_known_here(&query)
            && let Err(Refusal::Shown(text)) = agents.read(&query).await
        {
            return cannot_allow(&text);
        }
        return sign_in::first(uri.path_and_query().map_or("", |target| target.as_str()));
    };
    let (query, app) = without_app(&query);
    let asked = match read(agents, &query).await {
        Ok(asked) => asked,
        Err(refused) => return refused,
    };
    shown(&admin, &session, &asked, &query, app.as_deref(), None).await
}

async fn shown(admin: &Admin, session: &Session, asked: &Asked, query: &str, app: Option<&str>, wrong: Option<String>) -> Response {
    if !admin.may(&session.principal, OperationId::ApproveAgent) {
        return not_yours(session);
    }
    let api = Api::new(admin, session.principal.clone());
    let Ok(mut apps) = api.all::<Apps>("/api/v1/apps", &[]).await else { return page::unavailable() };
    apps.retain(|app| app.enabled);
    let chosen = match app {
        Some(id) => apps.iter().find(|one| one.id.to_string() == id),
        None if apps.len() == 1 => apps.first(),
        None => None,
    };
    let consent = Consent {
        asked,
        person: &session.person.email,
        query,
        form_token: &session.form_token,
        host: redirect::authority(&asked.request.redirect_uri),
        app: chosen.map(|app| chosen_of(app, asked)),
        apps,
        wrong,
    };
    page::render(&consent)
}

fn chosen_of(app: &AppWithTokens, asked: &Asked) -> Chosen {
    let wanted = &asked.request.scopes;
    let scope =
        |name: &String| Scope { name: name.clone(), words: in_plain_words(name), checked: wanted.is_empty() || wanted.contains(name) };
    // A class that the app may not call is not offered; reading alone is chosen.
    let mut classes = ClassChoice::all(&["read".to_owned()]);
    classes.retain(|class| app.allow.iter().any(|word| word == class.name || word == safety::EVERYTHING));
    Chosen {
        id: app.id,
        name: app.name.clone(),
        scopes: app.scopes.iter().map(scope).collect(),
        lacking: wanted.iter().filter(|name| !app.scopes.contains(name)).cloned().collect(),
        classes,
    }
}

/// What the person said.
pub(super) async fn take(State(admin): State<Admin>, session: Option<Session>, body: Bytes) -> Response {
    let fields = Fields::parse(&body);
    let Some(session) = session else {
        return page::message(401, "Signed out", "You are not signed in any more. Begin again at the agent.");
    };
    if session.form_token != fields.get("form_token") {
        return page::message(403, "Not from here", "This form was not made for you.");
    }
    if !admin.may(&session.principal, OperationId::ApproveAgent) {
        return not_yours(&session);
    }
    let Some(agents) = &admin.agents else { return no_agents() };
    // Read again, and not taken from the form as decided: the answer goes where the URL says.
    let query = fields.get("query");
    let asked = match read(agents, query).await {
        Ok(asked) => asked,
        Err(refused) => return refused,
    };
    if fields.get("answer") != "allow" {
        let error = OAuthError::new(Code::AccessDenied, keyway_core::refusal::Refusal::OAuthDenied, "the person did not allow the agent");
        let params = [("error", error.code.as_str()), ("error_description", error.description.as_str())];
        return sign_in::see_other(&asked.answered(&params));
    }
    let app = fields.get("app");
    let again = async |wrong: String| shown(&admin, &session, &asked, query, Some(app), Some(wrong)).await;
    let number = |name: &str| match fields.get(name) {
        "" => Ok(None),
        text => text.parse::<u64>().map(Some).map_err(|_| format!("A budget of {name} is a number from 1 on.")),
    };
    let (calls, records) = match (number("calls"), number("records")) {
        (Ok(calls), Ok(records)) => (calls, records),
        (Err(wrong), _) | (_, Err(wrong)) => return again(wrong).await,
    };
    let wanted = AgentBody {
        authorize_url: format!("{}?{query}", keyway_oauth::agent::metadata::AUTHORIZE),
        scopes: Some(fields.all("scope")),
        classes: Some(chosen_classes(&fields)),
        lifetime_ms: fields.get("lifetime").parse().ok(),
        purpose: Some(fields.get("purpose").to_owned()).filter(|purpose| !purpose.is_empty()),
        calls,
        records,
        ..AgentBody::default()
    };
    let mut path = "/api/v1/apps/".to_owned();
    keyway_core::path::encode_component(app, &mut path);
    match Api::new(&admin, session.principal.clone()).post::<Approved>(&format!("{path}/agents"), &wanted).await {
        Ok(approved) => sign_in::see_other(&approved.redirect_to),
        Err(refused) if matches!(refused.status, 400 | 403 | 404 | 409) => again(sentence(&refused.detail)).await,
        Err(_) => page::unavailable(),
    }
}

/// The query of the authorization URL, and the app that the page's own form adds to it.
fn without_app(query: &str) -> (String, Option<String>) {
    let pairs: Vec<&str> = query.split('&').collect();
    let app = pairs.iter().find_map(|pair| pair.strip_prefix("keyway_app=")).map(str::to_owned);
    let kept: Vec<&str> = pairs.into_iter().filter(|pair| !pair.starts_with("keyway_app=")).collect();
    (kept.join("&"), app)
}

fn cannot_allow(why: &str) -> Response {
    page::message(400, "The agent can't be allowed", &sentence(why))
}

fn no_agents() -> Response {
    page::message(
        404,
        "No agents here",
        "This server has no listener for agents. An operator starts it with: keyway serve --mcp 127.0.0.1:8487",
    )
}

fn not_yours(session: &Session) -> Response {
    let role = session.person.role.name();
    let text = format!(
        "A super admin approves agents, and an app manager those of their own apps; you are signed in as {} with the role {role}.",
        session.person.email
    );
    page::message(403, "Not with your role", &text)
}

/// Reads an authorization URL's query, or says why nobody is asked.
async fn read(agents: &Agents, query: &str) -> Result<Asked, Response> {
    match agents.read(query).await {
        Ok(asked) => Ok(asked),
        Err(Refusal::Shown(text)) => Err(cannot_allow(&text)),
        Err(Refusal::Redirected { redirect_uri, error, state }) => {
            let params = [("error", error.code.as_str()), ("error_description", error.description.as_str())];
            Err(sign_in::see_other(&answered(&redirect_uri, &params, state.as_deref(), &agents.issuer())))
        }
    }
}
