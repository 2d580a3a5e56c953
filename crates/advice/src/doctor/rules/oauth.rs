//! Requests that do not have the form that OAuth's endpoints need (hubspot facts, section 3).

use super::install::OF_THE_EXCHANGE;
use super::{Facts, Found, Say};

pub(super) fn not_a_form(facts: &Facts<'_>) -> Option<Found> {
    let call = facts.call()?;
    let unread = facts.is_token_endpoint() && facts.status() == Some(415) && call.content_type.is_none();
    if unread {
        return Found::likely("HubSpot does not read the body in the type that it was sent in: this endpoint takes application/x-www-form-urlencoded (RFC 6749, section 4.1.3)")
            .so("send grant_type, client_id, client_secret and the rest as a form, with that Content-Type");
    }
    let json = call.content_type.as_deref() == Some("application/json")
        || (call.content_type.is_none() && call.body.as_ref().is_some_and(|body| body.is_object()));
    (facts.is_token_endpoint() && json && facts.may_be(&[400, 401, 415])).then_some(())?;
    Found::certain("the body is JSON, and this endpoint takes application/x-www-form-urlencoded (RFC 6749, section 4.1.3)")
        .so("send grant_type, client_id, client_secret and the rest as a form")
}

/// Whether the text is about the exchange of a code or a refresh token, and not about a call with a token.
fn speaks_of_an_exchange(facts: &Facts<'_>) -> bool {
    const EXCHANGE: [&str; 11] = [
        "oauth exchange",
        "token exchange",
        "code exchange",
        "exchange code",
        "exchange the code",
        "exchanging&code",
        "exchange&authorization code",
        "exchange&auth code",
        "exchanging&token",
        "grant_type",
        "invalid_grant",
    ];
    EXCHANGE.iter().any(|parts| facts.says_together(parts)) && facts.is_about_hubspot()
}

/// Whether the text may be about such an exchange: it tells to check the client's secret and the redirect URI.
pub(super) fn may_be_an_exchange(facts: &Facts<'_>) -> bool {
    speaks_of_an_exchange(facts) || ["client_secret&redirect", "client secret&redirect"].iter().any(|parts| facts.says_together(parts))
}

/// A refusal without a body.
pub(super) fn refused(facts: &Facts<'_>) -> Option<Found> {
    let refreshing =
        ["refreshing access token", "refreshing the access token", "refresh access token", "refreshing token", "refresh the token"];
    let refreshed = refreshing.iter().any(|words| facts.says(words)) || facts.says("oauth") && facts.says("/token");
    (facts.may_be(&[400, 401]) && (facts.is_token_endpoint() || refreshed || speaks_of_an_exchange(facts))).then_some(())?;
    Found::likely("HubSpot refused the token request, and its words are not in the text: the refresh token or code is not valid, the client ID and secret are another app's, or the body is not a form")
        .so("paste the answer's body: status says which it is (BAD_REFRESH_TOKEN, BAD_CLIENT_ID, BAD_CLIENT_SECRET, BAD_AUTH_CODE, BAD_REDIRECT_URI)")
        .so("use the refresh token with the client ID and secret of the app that the account installed")
}

/// A redirect URI that the exchange of the code refuses, in words.
pub(super) fn other_redirect(facts: &Facts<'_>) -> Option<Found> {
    let differs = ["match", "mismatch", "different", "not the same"].iter().any(|words| facts.says(words));
    let redirect = ["redirect uri", "redirect_uri", "redirect url", "redirecturi"].iter().any(|words| facts.says(words));
    let exchanged = facts.is_token_endpoint() || OF_THE_EXCHANGE.iter().any(|parts| facts.says_together(parts));
    (redirect && differs && exchanged && facts.is_about_hubspot() && facts.may_be(&[400, 401])).then_some(())?;
    Found::likely("redirect_uri of the token request must be, letter by letter, the one that the code was asked for with")
        .so("send the same redirect_uri in the token request as in the install URL: scheme, host, port, path and the slash at the end count")
        .so("ask for a new code after that: a code can be used once, and for a short time")
}

pub(super) fn in_query(facts: &Facts<'_>) -> Option<Found> {
    let call = facts.call()?;
    let named =
        call.query.iter().find(|(name, _)| matches!(name.as_str(), "client_secret" | "refresh_token" | "grant_type" | "client_id"))?;
    (facts.is_token_endpoint() && facts.may_be(&[400, 401, 404])).then_some(())?;
    Found::certain(format!("{} is in the URL, which OAuth v1 accepted and the dated endpoints do not; logs keep URLs", named.0))
        .so("send all parameters in the form body; `keyway fix` moves them")
        .so("rotate the client secret if a URL held it")
        .moves_to("/oauth/2026-09/token")
}
