//! Signing in at a company's identity provider, and coming back from there.
//!
//! What the way back is held against (state, nonce, verifier) is in a sealed cookie of the browser that
//! began: a way back that somebody else began signs nobody in (login CSRF; RFC 9700, section 4.7).

use axum::extract::{Query, RawQuery, State};
use axum::http::request::Parts;
use axum::response::Response;
use keyway_core::secret::Secret;
use keyway_gateway::admin::Admin;
use keyway_gateway::clock;
use keyway_gateway::control::{Acting, AtProvider, ControlError};
use keyway_gateway::model::Person;
use keyway_gateway::oidc::{Begun, Identity, Oidc, OidcError};
use keyway_gateway::principal::Principal;
use keyway_oauth::{Params, random_text};
use serde::{Deserialize, Serialize};

use super::page;
use super::sign_in::{self, NextQuery};

/// How long somebody may take at the provider, in milliseconds.
const TIME_MS: i64 = 10 * 60_000;

#[derive(Serialize, Deserialize)]
struct Kept {
    state: String,
    nonce: String,
    verifier: String,
    next: String,
    ends_ms: i64,
}

/// Sends somebody to the provider.
pub(super) async fn begin(State(admin): State<Admin>, Query(query): Query<NextQuery>) -> Response {
    let Some(oidc) = &admin.oidc else { return not_here() };
    let Ok(random) = random() else { return page::unavailable() };
    let [state, nonce, verifier] = random;
    let next = sign_in::local(&query.next).to_owned();
    let kept = Kept { state, nonce, verifier, next, ends_ms: clock::now().plus_ms(TIME_MS).as_ms() };
    let url = oidc.authorize_url(&begun(&kept), &redirect_uri(&admin)).await;
    let sealed = serde_json::to_string(&kept).ok().and_then(|text| admin.control.seal_cookie(&Secret::new(text)).ok());
    match (url, sealed) {
        (Ok(url), Some(sealed)) => sign_in::with_oidc_cookie(&admin, sign_in::see_other(&url), &sealed, TIME_MS / 1_000),
        (Err(error), _) => failed(&error),
        (_, None) => page::unavailable(),
    }
}

/// Takes somebody back, and signs them in.
pub(super) async fn callback(State(admin): State<Admin>, RawQuery(query): RawQuery, parts: Parts) -> Response {
    let Some(oidc) = &admin.oidc else { return not_here() };
    let kept = sign_in::oidc_cookie(&admin, &parts.headers).and_then(|sealed| admin.control.open_cookie(sealed));
    let kept: Option<Kept> = kept.and_then(|text| serde_json::from_str(text.expose()).ok());
    let params = Params::from_form(query.unwrap_or_default().as_bytes()).ok();
    let (Some(kept), Some(params)) = (kept, params) else { return not_begun() };
    let same = params.get("state").is_some_and(|state| state == kept.state);
    if !same || kept.ends_ms < clock::now().as_ms() {
        return not_begun();
    }
    let response = match params.get("code") {
        Some(code) => signed_in(&admin, oidc, &parts, &kept, code).await,
        None => page::message(403, "Not signed in", "The identity provider did not sign you in."),
    };
    // Good once.
    sign_in::with_oidc_cookie(&admin, response, "", 0)
}

async fn signed_in(admin: &Admin, oidc: &Oidc, parts: &Parts, kept: &Kept, code: &str) -> Response {
    let identity = match oidc.identity_of(code, &begun(kept), &redirect_uri(admin)).await {
        Ok(identity) => identity,
        Err(error) => return failed(&error),
    };
    match person_of(admin, oidc, parts, &identity).await {
        Ok(person) => sign_in::begin(admin, parts, &person, &kept.next).await,
        Err(refused) => refused,
    }
}

/// Who they are here: by the provider's own name for them, and at the first time by their address.
async fn person_of(admin: &Admin, oidc: &Oidc, parts: &Parts, identity: &Identity) -> Result<Person, Response> {
    let at = AtProvider { issuer: oidc.issuer(), subject: &identity.subject };
    if let Some(known) = admin.control.known_by_provider(at).await.map_err(|error| broken(&error))? {
        return Ok(known);
    }
    let email = identity.email.as_deref().ok_or_else(|| failed(&OidcError::NoEmail))?;
    let acting = |operation| Acting::new(Principal { source: sign_in::source(parts), ..Principal::server() }, operation, String::new());
    if let Some(linked) = acting("linkProvider").run(admin.control.link_to_provider(at, email)).await.map_err(|error| broken(&error))? {
        return Ok(linked);
    }
    let Some(role) = oidc.new_people.clone() else {
        return Err(page::message(403, "Not signed in", "Nobody here has your e-mail address. Ask a super admin for a sign-in."));
    };
    acting("addUser").run(admin.control.add_from_provider(at, email, role)).await.map_err(|error| broken(&error))
}

fn broken(error: &ControlError) -> Response {
    match error {
        ControlError::Conflict(_) => {
            // The error names the address, which no log should.
            tracing::warn!("a sign-in at the identity provider is refused: the address is of somebody who is another person there");
            let text = "Your e-mail address is of somebody here who is another person at the identity provider. Ask a super admin.";
            page::message(403, "Not signed in", text)
        }
        error => {
            tracing::error!(%error, "somebody could not be signed in");
            page::unavailable()
        }
    }
}

fn begun(kept: &Kept) -> Begun<'_> {
    Begun { state: &kept.state, nonce: &kept.nonce, verifier: &kept.verifier }
}

fn redirect_uri(admin: &Admin) -> String {
    format!("{}/sign-in/oidc/callback", admin.addresses.admin)
}

fn random() -> Result<[String; 3], getrandom::Error> {
    let mut bytes = [[0; 32]; 3];
    bytes.iter_mut().try_for_each(|bytes| getrandom::fill(bytes))?;
    Ok(bytes.map(|bytes| random_text(&bytes)))
}

fn failed(error: &OidcError) -> Response {
    tracing::warn!(%error, "a sign-in at the identity provider failed");
    match error {
        OidcError::NoEmail => page::message(403, "Not signed in", "The identity provider does not vouch for your e-mail address."),
        _ => page::message(
            502,
            "Not signed in",
            "The identity provider can't be asked, or its answer can't be trusted. The server's log says why.",
        ),
    }
}

fn not_here() -> Response {
    page::message(404, "Not here", "This server has no identity provider.")
}

fn not_begun() -> Response {
    page::message(400, "Not signed in", "This is not the answer to a sign-in of this browser, or it took too long. Begin again.")
}
