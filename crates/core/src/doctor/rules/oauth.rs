//! Answers of OAuth's endpoints and of the install page (hubspot facts, section 3).

use super::{Facts, Found, Say};

fn word(facts: &Facts<'_>, status: &str) -> bool {
    facts.answer().is_some_and(|answer| {
        answer.oauth_status.as_deref() == Some(status) || (answer.oauth_error.is_none() && answer.message.contains(status))
    })
}

fn error(facts: &Facts<'_>, name: &str) -> bool {
    facts.answer().is_some_and(|answer| answer.oauth_status.is_none() && answer.oauth_error.as_deref() == Some(name))
}

pub(super) fn refresh_token(facts: &Facts<'_>) -> Option<Found> {
    (word(facts, "BAD_REFRESH_TOKEN") || (error(facts, "invalid_grant") && facts.says("refresh token"))).then_some(())?;
    Found::certain("the refresh token was revoked (the app was uninstalled), belongs to another app's client id, or was cut")
        .so("ask what it is: POST /oauth/2026-09/token/introspect with client_id, client_secret, token; {\"active\": false} means that it is over")
        .so("if it is active under another client id, use that app's id and secret")
        .so("if it is over, a person of the account must install the app again; do not try again in a loop")
}

pub(super) fn code(facts: &Facts<'_>) -> Option<Found> {
    (word(facts, "BAD_AUTH_CODE") || (error(facts, "invalid_grant") && facts.says("code"))).then_some(())?;
    Found::certain("an authorization code works once and for a short time, and only for the app and redirect URI it was made for")
        .so("exchange it at once, and once: a page that is loaded again, or a client that tries again, sends it twice")
        .so("send the user through the install URL again for a new one")
}

pub(super) fn client(facts: &Facts<'_>) -> Option<Found> {
    (word(facts, "BAD_CLIENT_ID") || word(facts, "BAD_CLIENT_SECRET") || error(facts, "invalid_client")).then_some(())?;
    Found::certain("HubSpot does not know this client id, or the secret is not its own: it was rotated, or they are of two apps")
        .so("compare both with the app's page (Auth); an app id or a hub id is no client id")
        .so("this says nothing of the installs: do not delete refresh tokens because of it")
}

pub(super) fn redirect_uri(facts: &Facts<'_>) -> Option<Found> {
    (word(facts, "BAD_REDIRECT_URI") || facts.says("redirect_uri") && facts.is_token_endpoint()).then_some(())?;
    Found::certain("redirect_uri must be, to the letter, the one that the code was asked for with, and one of the app's")
        .so("compare scheme, host, port, path and the slash at the end; https everywhere but on http://localhost")
        .so("leave it out when refreshing")
}

pub(super) fn verifier(facts: &Facts<'_>) -> Option<Found> {
    word(facts, "BAD_CODE_VERIFIER").then_some(())?;
    Found::certain(
        "code_verifier does not hash to the code_challenge of the authorization (RFC 7636, section 4.6), or one of the two is missing",
    )
    .so("keep the verifier with the state of the very browser session that began, and send it with the code")
}

pub(super) fn hub(facts: &Facts<'_>) -> Option<Found> {
    (word(facts, "BAD_HUB") || facts.says("missing or unknown hub id")).then_some(())?;
    Found::certain("the account of this grant is not there for the app any more: it was deleted, or it uninstalled the app")
        .so("treat it as an uninstall: stop, and have a person install the app again")
}

pub(super) fn scopes(facts: &Facts<'_>) -> Option<Found> {
    (word(facts, "BAD_SCOPES") || error(facts, "invalid_scope")).then_some(())?;
    Found::certain("the request names a scope that the app or the grant does not have")
        .so("leave `scope` out of token requests, or name a part of what was granted")
}

pub(super) fn grant_type(facts: &Facts<'_>) -> Option<Found> {
    (word(facts, "BAD_GRANT_TYPE") || error(facts, "unsupported_grant_type")).then_some(())?;
    Found::certain("grant_type is missing, misspelt, or of a kind that this version has not")
        .so("use authorization_code with a code, or refresh_token with a refresh token; client_credentials is for an app's own endpoints, such as the webhooks journal")
}

pub(super) fn not_a_form(facts: &Facts<'_>) -> Option<Found> {
    let call = facts.call()?;
    let json = call.content_type.as_deref() == Some("application/json")
        || (call.content_type.is_none() && call.body.as_ref().is_some_and(|body| body.is_object()));
    (facts.is_token_endpoint() && json && facts.may_be(&[400, 401, 415])).then_some(())?;
    Found::certain("the body is JSON, and this endpoint takes application/x-www-form-urlencoded (RFC 6749, section 4.1.3)")
        .so("send grant_type, client_id, client_secret and the rest as a form")
}

pub(super) fn in_query(facts: &Facts<'_>) -> Option<Found> {
    let call = facts.call()?;
    let named =
        call.query.iter().find(|(name, _)| matches!(name.as_str(), "client_secret" | "refresh_token" | "grant_type" | "client_id"))?;
    (facts.is_token_endpoint() && facts.may_be(&[400, 401, 404])).then_some(())?;
    Found::certain(format!("{} stands in the URL, which OAuth v1 let pass and the dated endpoints do not; URLs are kept in logs", named.0))
        .so("send all parameters in the form body; `keyway fix` moves them")
        .so("rotate the client secret if it stood in a URL")
        .moves_to("/oauth/2026-09/token")
}

pub(super) fn install_mismatch(facts: &Facts<'_>) -> Option<Found> {
    (facts.says("mismatch between the scopes in the install URL") || facts.says("scopes in the install URL")).then_some(())?;
    Found::certain("the install URL's scope must be the app's required scopes, all of them and no other, oauth among them")
        .so("copy the install URL from the app's page, or write its required scopes into scope= and the rest into optional_scope=")
        .so("a connector's own list (n8n, Zapier, …) must be given to the app as it is")
}

pub(super) fn above_tier(facts: &Facts<'_>) -> Option<Found> {
    let words = [
        "doesn't have access to the required scopes",
        "not available for your HubSpot account",
        "not have access to all of the required scopes",
        "scopes are not available on this portal",
        "BAD_SCOPES_TIER",
    ];
    words.iter().any(|words| facts.says(words)).then_some(())?;
    Found::likely("the app requires a scope that the account's subscription does not have, and that blocks the install")
        .so("make it an optional scope of the app (optionalScopes, and optional_scope= in the install URL), and do without it where it was not granted")
}
