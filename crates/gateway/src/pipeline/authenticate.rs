//! Who is calling? Reads the bearer token; answers HubSpot's 401 variants (hubspot facts, section 4).

use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::request::Parts;
use keyway_core::error_body::{ErrorBody, ErrorDetail};
use keyway_core::refusal::Refusal;
use keyway_core::scope::ScopeSet;
use keyway_core::time::{Now, Timestamp};
use keyway_core::token::{Shape, shape};
use keyway_oauth::server::access_token::looks_like_one;

use super::Call;
use crate::model::PublicApp;
use crate::registry::{Holder, Registry, TokenEntry};

/// The token behind a request, and its app. Also noted on the call where the token is known but
/// no longer good, so that the audit names the app that still uses it.
pub(super) fn bearer(registry: &Registry, head: &Parts, call: &mut Call) -> Result<Arc<TokenEntry>, ErrorBody> {
    let presented = presented(head)?;
    let entry = match &presented {
        Presented::Token(token) if looks_like_one(token) => access_token(registry, token, call, head)?,
        // A key counts in the query only, and a token in the header only: neither can stand in for the other.
        Presented::Token(token) => registry.find(token).filter(|entry| !entry.token.legacy).ok_or_else(|| unknown(token))?,
        Presented::Key(key) => registry.find(key).filter(|entry| entry.token.legacy).ok_or_else(unknown_key)?,
    };
    call.token = Some(entry.clone());
    call.now = entry.app.account.moment(call.now);
    check_audience(&entry, head)?;
    check_state(&entry, call.now)?;
    entry.note_use(call.at);
    Ok(entry)
}

/// The same token as it is now: who waited may have lost it meanwhile, its scopes or its account.
pub(super) fn again(registry: &Registry, held: &TokenEntry, now: Now) -> Result<Arc<TokenEntry>, ErrorBody> {
    let entry = registry.again(held).ok_or_else(|| not_found(Refusal::TokenUnknown, "the token was deleted while the call waited"))?;
    check_state(&entry, now)?;
    Ok(entry)
}

/// The grant behind an access token of OAuth.
fn access_token(registry: &Registry, presented: &str, call: &Call, head: &Parts) -> Result<Arc<TokenEntry>, ErrorBody> {
    let Some((claims, holder)) = registry.find_access(presented) else {
        return Err(not_found(
            Refusal::AccessTokenUnknown,
            "the access token is not one of this server's, or the app is not installed on the account any more",
        ));
    };
    let now = match &holder {
        Holder::Install(entry) | Holder::Agent(entry) => entry.app.account.now(call.at),
        Holder::App(..) => registry.time_without_account(call.at),
    };
    if claims.expires_at <= now {
        return Err(expired(Refusal::AccessTokenExpired, claims.expires_at, now, "an access token lives for 30 minutes; refresh it"));
    }
    match holder {
        Holder::Install(entry) | Holder::Agent(entry) => Ok(entry),
        Holder::App(app, scopes) if app.enabled && is_journal(head.uri.path()) => of_install(registry, &app, &scopes, head),
        Holder::App(app, _) => {
            Err(client_token(&format!("this token is the app {}'s own (client_credentials) and opens no account", app.name)))
        }
    }
}

fn client_token(reason: &str) -> ErrorBody {
    not_found(Refusal::ClientToken, reason)
}

/// Whether a path is of the webhooks journal, which an app calls with its own token (hubspot facts, section 2).
fn is_journal(path: &str) -> bool {
    path.starts_with("/webhooks-journal/") || path.starts_with("/webhooks/v4/")
}

/// The install whose journal an app asks for: the only one, or that of the account that the call names.
fn of_install(registry: &Registry, app: &PublicApp, scopes: &ScopeSet, head: &Parts) -> Result<Arc<TokenEntry>, ErrorBody> {
    let mut installs = registry.installs_for(app, scopes);
    let pairs = || head.uri.query().into_iter().flat_map(|query| query.split('&')).filter_map(|pair| pair.split_once('='));
    let in_path = || head.uri.path().split_once("/portals/").map(|(_, id)| id.trim_end_matches('/'));
    let named = pairs().find(|(name, _)| *name == "installPortalId").map(|(_, id)| id).or_else(in_path);
    if let Some(named) = named.filter(|_| installs.len() > 1) {
        installs.retain(|entry| entry.app.app.hub_id.to_string() == named);
    }
    match installs.len() {
        1 => Ok(installs.remove(0)),
        0 => Err(client_token(&format!("the app {} is not installed on the embedded account that the call asks for", app.name))),
        _ => {
            let accounts: Vec<String> = installs.iter().map(|entry| entry.app.app.hub_id.to_string()).collect();
            let (name, accounts) = (&app.name, accounts.join(", "));
            Err(client_token(&format!("the app {name} is installed on the accounts {accounts}; name one with ?installPortalId=HUB_ID")))
        }
    }
}

/// A call comes from the listener of agents: put into the extensions of its head in this process, and by nobody else.
#[derive(Clone, Copy, Debug)]
pub struct FromAgents;

/// A token that was made for the listener of agents is good there and nowhere else (RFC 8707, section 2).
fn check_audience(entry: &TokenEntry, head: &Parts) -> Result<(), ErrorBody> {
    match entry.token.session.as_ref().and_then(|session| session.agent.as_ref()) {
        Some(agent) if head.extensions.get::<FromAgents>().is_none() => Err(not_found(
            Refusal::TokenAudience,
            &format!("the token was made for {} alone, over the Model Context Protocol", agent.resource),
        )),
        _ => Ok(()),
    }
}

/// What a caller presents.
enum Presented<'a> {
    /// In the Authorization header.
    Token(&'a str),
    /// In `?hapikey=`, lower case.
    Key(String),
}

fn presented(head: &Parts) -> Result<Presented<'_>, ErrorBody> {
    let mut values = head.headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        let none = head.headers.get(AUTHORIZATION).is_none();
        return match head.uri.query().and_then(single_hapikey) {
            Some(key) if none => Ok(Presented::Key(key)),
            Some(_) => Err(unknown_key()),
            None => Err(not_found(
                Refusal::NoCredential,
                "the request needs one header 'Authorization: Bearer pat-…'; it has none, or more than one",
            )),
        };
    };
    let text = value.to_str().map_err(|_| not_found(Refusal::NoCredential, "the Authorization header is not text"))?;
    // White space at the end of a header is not a part of it (RFC 9110, section 5.5).
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    if scheme.eq_ignore_ascii_case("bearer") && token.trim().is_empty() {
        return Err(not_found(Refusal::NoCredential, "the Authorization header has no token after Bearer. Is the variable empty?"));
    }
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(not_found(Refusal::NoCredential, "the Authorization header is not of the form 'Bearer TOKEN'"));
    }
    Ok(Presented::Token(token.trim()))
}

/// The value of `hapikey` in a query; empty where there are several, which no key is.
fn single_hapikey(query: &str) -> Option<String> {
    let mut keys = query.split('&').filter(|pair| is_hapikey(pair)).map(|pair| pair.split_once('=').map_or("", |(_, key)| key));
    let first = keys.next()?;
    Some(if keys.next().is_some() { String::new() } else { first.to_ascii_lowercase() })
}

pub(super) fn unknown_key() -> ErrorBody {
    let advice = "keyway: this server does not know the hapikey. Send the token of an app in the Authorization header, or accept the key for one app: keyway token legacy-key APP";
    Refusal::HapikeyUnknown.error("This hapikey doesn't exist.").detail(ErrorDetail::new(advice))
}

/// HubSpot's answer to a missing or unknown credential; the reason is Keyway's addition.
fn not_found(refusal: Refusal, reason: &str) -> ErrorBody {
    refusal.error(
        "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview",
    )
    .detail(ErrorDetail::new(format!("keyway: {reason}")))
}

fn unknown(presented: &str) -> ErrorBody {
    match shape(presented) {
        Shape::Ours => not_found(
            Refusal::TokenUnknown,
            "the token was made by a Keyway, but this one does not know it: it was deleted, or belongs to another server",
        ),
        Shape::Pat => not_found(Refusal::HubSpotToken, "the token is not one of Keyway's; a HubSpot token is not accepted here"),
        // What HubSpot cannot decode it calls expired since 1970 (hubspot facts, section 1, "wrong-kind traps").
        Shape::Other => expired(
            Refusal::NotAToken,
            Timestamp::from_ms(0),
            Timestamp::from_ms(0),
            "the credential does not have the form of a token (pat-…)",
        ),
    }
}

fn check_state(entry: &TokenEntry, now: Now) -> Result<(), ErrorBody> {
    if !entry.app.is_enabled() {
        return Err(not_found(Refusal::AppDisabled, &format!("the app {} is disabled", entry.app.app.name)));
    }
    if entry.token.session.is_some() && entry.token.revoked_at.is_some() {
        return Err(not_found(Refusal::SessionEnded, &format!("session {} of {} was ended", entry.token.id, entry.app.app.name)));
    }
    if entry.token.revoked_at.is_some() {
        return Err(not_found(Refusal::TokenRevoked, &format!("this token of {} was revoked", entry.app.app.name)));
    }
    match entry.token.expires_at {
        Some(at) if entry.has_ended(now) && entry.token.session.is_some() => Err(expired(
            Refusal::SessionExpired,
            at,
            now.wall,
            &format!("the lifetime of session {} of {} is over", entry.token.id, entry.app.app.name),
        )),
        // The end of a refresh token is not that of the access tokens it gave (hubspot facts, section 3).
        Some(at) if entry.has_ended(now) && entry.token.grant.is_none() && !entry.token.is_rotated() => {
            Err(expired(Refusal::TokenExpired, at, now.wall, &format!("the lifetime of this token of {} is over", entry.app.app.name)))
        }
        Some(at) if entry.has_ended(now) && entry.token.grant.is_none() => Err(expired(
            Refusal::TokenRotated,
            at,
            now.wall,
            &format!("this token of {} was rotated and its grace period is over", entry.app.app.name),
        )),
        _ => Ok(()),
    }
}

/// "expired N days ago", with the largest unit that fits.
pub(super) fn expired(refusal: Refusal, at: Timestamp, now: Timestamp, reason: &str) -> ErrorBody {
    let now = if now < at || at.as_ms() == 0 { crate::clock::now() } else { now };
    // The wall clock may have been set back since.
    let seconds = (now.as_ms() - at.as_ms()).max(0) / 1000;
    let (count, unit) = match seconds {
        ..60 => (seconds, "second"),
        60..3_600 => (seconds / 60, "minute"),
        3_600..86_400 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    refusal
        .error(format!("The OAuth token used to make this call expired {count} {unit}(s) ago."))
        .context("expire time", vec![at.to_iso()])
        .detail(ErrorDetail::new(format!("keyway: {reason}")))
}

/// The query less `hapikey`: the removed account-wide key is never forwarded.
pub(super) fn without_hapikey(query: &str) -> Option<String> {
    if !query.split('&').any(is_hapikey) {
        return Some(query.to_owned());
    }
    let kept: Vec<&str> = query.split('&').filter(|pair| !is_hapikey(pair)).collect();
    (!kept.is_empty()).then(|| kept.join("&"))
}

fn is_hapikey(pair: &str) -> bool {
    const HAPIKEY: &str = "hapikey";
    let name = pair.split('=').next().unwrap_or_default();
    // As HubSpot reads it: a name may be percent-encoded.
    name.eq_ignore_ascii_case(HAPIKEY)
        || (name.contains('%')
            && form_urlencoded::parse(pair.as_bytes()).next().is_some_and(|(name, _)| name.eq_ignore_ascii_case(HAPIKEY)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hapikey_never_goes_on() {
        assert_eq!(without_hapikey("a=1&hapikey=x&b=2").as_deref(), Some("a=1&b=2"));
        assert_eq!(without_hapikey("HAPIKEY=x"), None);
        assert_eq!(without_hapikey("?%68apikey=x&hapi%6Bey=y&%48API%4bEY&a=%68apikey").as_deref(), Some("?%68apikey=x&a=%68apikey"));
        assert_eq!(without_hapikey("hapikeys=1").as_deref(), Some("hapikeys=1"));
    }

    #[test]
    fn an_expired_token_is_told_how_long_ago() {
        let check = |ms: i64, expected: &str| {
            let body = expired(Refusal::TokenRotated, Timestamp::from_ms(1_000), Timestamp::from_ms(1_000 + ms), "x");
            assert!(body.message.contains(expected), "{}", body.message);
        };
        check(0, "expired 0 second(s) ago");
        check(59_999, "expired 59 second(s) ago");
        check(60_000, "expired 1 minute(s) ago");
        check(3_600_000, "expired 1 hour(s) ago");
        check(2 * 86_400_000, "expired 2 day(s) ago");
    }
}
