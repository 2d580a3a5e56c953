//! Credentials of the wrong kind, in the wrong place, damaged, expired or unknown (hubspot facts,
//! sections 1 and 4).

use super::{Certainty, Facts, Found, Say};
use crate::doctor::facts::kind_in_words;
use crate::doctor::hosts::{API_HOST, is_api_host};
use crate::doctor::{Credential, CredentialKind as Kind, Place};
use keyway_core::catalog::Auth;
use keyway_core::time::Timestamp;

/// An age of a token in days that can't be true: HubSpot introduced OAuth later than that.
const DAYS_ABSURD: u64 = 10_000;

const HOW_TO_SEND: &str = "send it as `Authorization: Bearer TOKEN`, and nowhere else";
const WHAT_TO_MAKE: &str = "make a service key with the scopes it needs (HubSpot: Development > Keys > Service keys), or a project app where webhooks or UI extensions are used; legacy private apps can't be made any more";

pub(super) fn is_open(facts: &Facts<'_>) -> bool {
    // The OAuth endpoints take their credentials in the body.
    let form = facts.call().and_then(|call| call.host.as_deref()).is_some_and(|host| host.ends_with("hsforms.com"));
    facts.is_token_endpoint()
        || facts.operation.is_some_and(|operation| operation.auth == Auth::None)
        || form && !facts.raw_path().contains("/secure/")
}

pub(super) fn keyway_token_at_hubspot(facts: &Facts<'_>) -> Option<Found> {
    (facts.bearer_is(&Kind::Keyway) && facts.call()?.host.as_deref().is_some_and(is_api_host) && facts.may_be_the_credential())
        .then_some(())?;
    Found::certain(format!("the token carries a Keyway's checksum, and the call goes to {API_HOST}, which does not know it"))
        .so("set the integration's base URL to the Keyway's data address; every client library has a setting for it")
}

pub(super) fn not_filled_in(facts: &Facts<'_>) -> Option<Found> {
    facts.may_be_the_credential().then_some(())?;
    if let Some(name) = unset_variable(facts) {
        return Found::certain(format!("the program itself says that {name} is not set where it runs, so it has no credential to send"))
            .so(format!("set {name} where the program runs: a value in another shell, in a .env file that is not loaded, or in another environment of the host does not count"))
            .so("start or deploy the program again after that");
    }
    // For a key in the URL, the answer has more information: HubSpot has removed such keys, whatever the value.
    let told = |credential: &&Credential| credential.place == Place::Hapikey && facts.says("hapikey");
    let empty =
        facts.credentials().iter().filter(|credential| !told(credential)).find(|credential| credential.kind == Kind::Placeholder)?;
    let place = if empty.place == Place::Bearer { "Authorization: Bearer" } else { "the place of the credential" };
    Found::certain(format!(
        "{place} has no value, or a word in place of a value (such as undefined, or $NAME in single quotes, which a shell does not expand)"
    ))
    .so("look whether the environment variable is set where the program runs, and under this very name")
    .so(HOW_TO_SEND)
}

/// The variable for HubSpot's credential that the program names as missing.
fn unset_variable<'e>(facts: &Facts<'e>) -> Option<&'e str> {
    const MISSING: [&str; 14] = [
        "not set",
        "n't set",
        "unset",
        "missing",
        "is required",
        "must be set",
        "must be provided",
        "not configured",
        "not defined",
        "is undefined",
        "not provided",
        "is empty",
        "please set",
        "cannot obtain",
    ];
    let answer = facts.answer().filter(|answer| answer.status.is_none() && !answer.envelope)?;
    answer.words.iter().map(String::as_str).find(|name| {
        let ours = ["HUBSPOT", "HUB_SPOT", "PRIVATE_APP", "HAPI"].iter().any(|part| name.contains(part));
        let secret = ["TOKEN", "KEY", "SECRET"].iter().any(|part| name.contains(part));
        let told = |line: &str| line.contains(name) && MISSING.iter().any(|words| line.to_ascii_lowercase().contains(words));
        ours && secret && name.contains('_') && answer.message.lines().any(told)
    })
}

pub(super) fn damaged(facts: &Facts<'_>) -> Option<Found> {
    facts.may_be_the_credential().then_some(())?;
    let how = facts.credentials().iter().find_map(|credential| match credential.kind {
        Kind::Damaged(how) => Some(how),
        _ => None,
    })?;
    Found::certain(format!("the credential can't be read: {how}"))
        .so("store the bare value, without quotes, spaces, line breaks and the word Bearer; a token is 44 characters (na1 and eu1) and begins with pat-")
}

pub(super) fn token_as_hapikey(facts: &Facts<'_>) -> Option<Found> {
    let key = facts.hapikey()?;
    (matches!(key.kind, Kind::Pat | Kind::Keyway | Kind::Access | Kind::PersonalAccessKey) && facts.may_be_the_credential())
        .then_some(())?;
    Found::certain(format!("?hapikey= has {}; that parameter takes only the removed account-wide key", kind_in_words(&key.kind, &key.hint)))
        .so("take hapikey out of the URL")
        .so(HOW_TO_SEND)
        .so("`keyway fix` does this in code; the URL with the token may stand in logs, so rotate it")
}

/// Whether the operation belongs to app management, which the developer's key opens.
pub(super) fn for_developers(facts: &Facts<'_>) -> bool {
    facts.operation.is_some_and(|operation| operation.auth == Auth::DeveloperKey || operation.template.contains("{appId}"))
}

pub(super) fn developer_key(facts: &Facts<'_>) -> Option<Found> {
    let key = facts.hapikey()?;
    let Kind::Variable(name) = &key.kind else { return None };
    let developers = name.to_ascii_lowercase().contains("dev");
    (developers && facts.operation.is_some() && !for_developers(facts) && facts.may_be_the_credential()).then_some(())?;
    Found::likely(format!("{} takes a token of the account; the variable {name} holds a developer API key by its name, which opens endpoints with an app ID in the path only", facts.named()))
        .so(WHAT_TO_MAKE)
        .so(HOW_TO_SEND)
}

/// An account-wide key in the call.
pub(super) fn hapikey(facts: &Facts<'_>) -> Option<Found> {
    if developer_key(facts).is_some() || for_developers(facts) {
        return None;
    }
    let key = facts.hapikey()?;
    let masked = key.kind == Kind::Masked && facts.status().is_some();
    (masked || matches!(key.kind, Kind::Uuid | Kind::Routed | Kind::Variable(_) | Kind::Other)).then_some(())?;
    facts.may_be_the_credential().then_some(())?;
    Found::certain("the call authenticates with ?hapikey=. HubSpot removed the account-wide key on 2022-11-30; a developer API key, which looks the same, opens app management only")
        .so(WHAT_TO_MAKE)
        .so("replace ?hapikey= by `Authorization: Bearer TOKEN`; `keyway fix` does this in code, `keyway plan` names the scopes")
        .so("give a caller that can't be changed a key of Keyway's: `keyway token legacy-key`")
}

pub(super) fn not_in_header(facts: &Facts<'_>) -> Option<Found> {
    (facts.may_be_the_credential() && facts.bearer().is_none() && !is_open(facts)).then_some(())?;
    let token = facts.credentials().iter().find(|credential| credential.place != Place::Hapikey)?;
    let place = match &token.place {
        Place::Authorization(scheme) if scheme.is_empty() => "in Authorization without the word Bearer".to_owned(),
        Place::Authorization(scheme) => format!("in Authorization with the scheme {scheme}"),
        Place::Header(name) => format!("in the header {name}"),
        Place::Query(name) => format!("in the URL, as {name}"),
        Place::Bearer | Place::Hapikey => return None,
    };
    Found::certain(format!("the credential is {place}, where HubSpot does not look")).so(HOW_TO_SEND)
}

pub(super) fn personal_access_key(facts: &Facts<'_>) -> Option<Found> {
    (facts.bearer_is(&Kind::PersonalAccessKey) && facts.may_be_the_credential()).then_some(())?;
    Found::certain("the bearer token is a personal access key (CiR…), which HubSpot's command line exchanges for tokens; HubSpot can't decode it as one and calls it expired since 1970")
        .so(WHAT_TO_MAKE)
        .so("leave the personal access key to the `hs` command line: it ends with the person")
}

pub(super) fn refresh_token(facts: &Facts<'_>) -> Option<Found> {
    (facts.bearer_is(&Kind::Routed) && facts.may_be_the_credential()).then_some(())?;
    Found::certain("the bearer token has a refresh token's form (region and groups of hex digits)")
        .so("exchange it for an access token: POST /oauth/2026-09/token with grant_type=refresh_token, client_id, client_secret and refresh_token in the form body")
}

pub(super) fn key_as_bearer(facts: &Facts<'_>) -> Option<Found> {
    (facts.bearer_is(&Kind::Uuid) && facts.may_be_the_credential() && !is_open(facts)).then_some(())?;
    Found::certain("the bearer token is a bare UUID: an API key, a developer key or a client secret. No bearer token of HubSpot's looks so")
        .so(WHAT_TO_MAKE)
}

pub(super) fn developer_endpoint(facts: &Facts<'_>) -> Option<Found> {
    let said = facts.says("can't be called using an OAuth access token") || (facts.is_category("BANNED") && facts.says("developer"));
    let sent = facts.operation.is_some_and(|operation| operation.auth == Auth::DeveloperKey)
        && facts.bearer().is_some_and(|credential| matches!(credential.kind, Kind::Pat | Kind::Access | Kind::Keyway | Kind::Variable(_)))
        && facts.may_be(&[401, 403]);
    // A credential that the answer does not find is of another kind as a rule, where one was sent at all.
    let hidden = for_developers(facts)
        && (facts.says("unscoped endpoint") || facts.credentials().is_empty() && facts.is_category("INVALID_AUTHENTICATION"));
    (said || sent || hidden).then_some(())?;
    let certainty = if said || sent { Certainty::Certain } else { Certainty::Likely };
    Found::new(
        certainty,
        format!("{} belongs to app management, which the developer API key opens; tokens, service keys among them, do not", facts.named()),
    )
    .so("call it with ?hapikey=DEVELOPER_KEY, the key of the developer account that owns the app")
    .so("webhooks of a new app are set in its project files (webhooks-hsmeta.json), without this endpoint; a service key can have none")
}

/// When the token expired, by the answer.
fn expiry(facts: &Facts<'_>) -> Option<i64> {
    let told = facts.answer()?.named("expire time").first().copied()?;
    Timestamp::parse_iso(told).map(Timestamp::as_ms)
}

/// The number of days in HubSpot's sentence `expired N day(s) ago`.
fn days_ago(facts: &Facts<'_>) -> Option<u64> {
    let message = &facts.answer()?.message;
    let (before, _) = message.split_once(" day")?;
    before.rsplit(' ').next()?.replace(',', "").parse().ok().filter(|_| message.contains("expired"))
}

fn says_expired(facts: &Facts<'_>) -> bool {
    // HubSpot's command line says so of its personal access key.
    let of_the_command_line = facts.says("hs auth");
    facts.is_category("EXPIRED_AUTHENTICATION")
        || !of_the_command_line
            && [
                "token used to make this call expired",
                "oauth-token is expired",
                "oauth token is expired",
                "access token is expired",
                "access token has expired",
            ]
            .iter()
            .any(|words| facts.says(words))
}

/// Whether a line that names HubSpot says in the program's own words that the token has expired.
fn told_expired(facts: &Facts<'_>) -> bool {
    const SAID: [&str; 8] = [
        "token expired",
        "token has expired",
        "token is expired",
        "expired token",
        "expired access token",
        "credentials are expired",
        "credentials have expired",
        "connection expired",
    ];
    let Some(answer) = facts.answer().filter(|answer| !answer.envelope && answer.status.is_none_or(|status| status == 401)) else {
        return false;
    };
    let of_the_command_line = facts.says("hs auth") || facts.says("hs account auth");
    let named = |line: &str| line.contains("hubspot") && SAID.iter().any(|words| line.contains(words)) && !line.contains("refresh token");
    !of_the_command_line && facts.other_service().is_none() && !facts.is_shared() && answer.message.to_ascii_lowercase().lines().any(named)
}

fn is_absurd(facts: &Facts<'_>) -> bool {
    days_ago(facts).is_some_and(|days| days >= DAYS_ABSURD) || expiry(facts).is_some_and(|at| at < 86_400_000)
}

pub(super) fn undecodable(facts: &Facts<'_>) -> Option<Found> {
    let named = [Kind::PersonalAccessKey, Kind::Routed, Kind::Uuid].iter().any(|kind| facts.bearer_is(kind));
    (says_expired(facts) && is_absurd(facts) && !named).then_some(())?;
    Found::certain(
        "HubSpot says that the token expired in 1970, which is how it says that it can't decode it: it is not an access token",
    )
    .so("look at the first letters: pat- is a token; CiR is a personal access key, which is none; a UUID is an API key or a client secret")
    .so(WHAT_TO_MAKE)
    .so("check whether the value was cut, or has quotes around it")
}

pub(super) fn expired(facts: &Facts<'_>) -> Option<Found> {
    if !says_expired(facts) && told_expired(facts) {
        return Found::likely("the program says that its token for HubSpot has expired: an OAuth access token lives for 30 minutes, and the program has not renewed it, or its refresh token is not valid any more")
            .so("connect HubSpot again in the program; if it asks for that again and again, its renewal of the token fails: look in its log for the answer of /oauth/…/token")
            .so("a token of a private app or a service key does not expire: where the program takes one, it was rotated");
    }
    (says_expired(facts) && !is_absurd(facts) && !facts.is_keyways_own()).then_some(())?;
    let rotated = facts.bearer_is(&Kind::Pat);
    if rotated {
        return Found::likely(
            "the token is a static one (pat-…), and those end only by rotation: the old one lives for seven days at most",
        )
        .so("put the new token where the integration reads it");
    }
    Found::certain("an OAuth access token lives for 30 minutes, and this one's are over: it was kept longer, or the job ran on past its end")
        .so("refresh before it ends, by expires_in, not after a 401: HubSpot does not take a 401 for a sign to refresh")
        .so("refresh in the middle of long jobs too, in one place for all processes; Keyway does it for connected accounts (`keyway account add --oauth`)")
}

pub(super) fn user_level(facts: &Facts<'_>) -> Option<Found> {
    let mcp = facts.call().and_then(|call| call.host.as_deref()) == Some("mcp.hubspot.com") || facts.says("mcp.hubspot.com/.well-known");
    (facts.says("requires a user level OAuth token") || mcp && facts.status() == Some(401)).then_some(())?;
    Found::certain("the endpoint takes a token that a person was given for themselves; tokens of private apps, service keys and OAuth apps of a whole account are of another kind")
        .so("make an MCP auth app (MCP connector) in HubSpot for mcp.hubspot.com, and have each person sign in with it: OAuth 2.1 with PKCE (S256)")
        .so("for other endpoints have the app authorized at user level; `isUserLevel` in the answer of /oauth/2026-09/token/introspect says what a token is")
}

pub(super) fn other_account(facts: &Facts<'_>) -> Option<Found> {
    if facts.says("does not belong to portal") {
        return Found::certain("HubSpot says that the token does not belong to the account of the call")
            .so("use a token that was made in that account, or the account ID that the token names: `keyway doctor --credential-env NAME` shows it");
    }
    let expected = facts.evidence.expected_hub_id?;
    let named = facts.holder().and_then(|holder| holder.hub_id).or_else(|| super::limits::bucket(facts).map(|(_, hub_id)| hub_id))?;
    (named != expected).then_some(())?;
    Found::certain(format!("the token belongs to account {named}, and the call is meant for {expected}"))
        .so(format!("use a token that was made in account {expected}; a token names its account, nothing in the call does"))
}

pub(super) fn dead(facts: &Facts<'_>) -> Option<Found> {
    let told = facts.holder().is_some_and(|holder| !holder.alive);
    // A token that is beside HubSpot's sentence, and not in the request itself, may not have been sent.
    let in_prose = facts.call().is_none_or(|call| !call.headers_known) && !facts.shows_the_header();
    let unsent = facts.says("authentication credentials not found") && in_prose;
    let refused = facts.status() == Some(401)
        && !unsent
        && !says_expired(facts)
        && !super::service::is_between(facts)
        && facts.bearer().is_some_and(|token| matches!(token.kind, Kind::Pat | Kind::Access | Kind::Variable(_) | Kind::Masked));
    let at_keyway = facts.answer().is_some_and(|answer| answer.details.iter().any(|detail| detail.message.starts_with("keyway: ")));
    (told || (refused && !at_keyway)).then_some(())?;
    let because = "the token is well formed and sent in its place, and HubSpot does not accept it: it was rotated, its app or key was deleted, the app was uninstalled, or HubSpot deactivated it because a public repository held it";
    let found = if told { Found::certain(because) } else { Found::likely(because) };
    found
        .so("look in the account under Development > Keys (or Legacy apps) whether the key is there and when it was rotated")
        .so("look in the mails of the account's super admins: HubSpot writes when it deactivates a token that it found in public")
        .so("`keyway scan --history` finds the places of a token; rotate it, and put the new one into the environment")
}

pub(super) fn missing(facts: &Facts<'_>) -> Option<Found> {
    // What a browser asks before a call carries no credential, whatever the call has.
    if facts.call().is_some_and(|call| call.method.as_deref() == Some("OPTIONS")) {
        return None;
    }
    let said = facts.is_category("INVALID_AUTHENTICATION")
        || facts.says("Authentication credentials not found")
        || facts.says("authentication credentials are missing")
        || facts.says("csrf token is missing");
    let call = facts.call().filter(|call| call.headers_known && !is_open(facts));
    let none = call.is_some_and(|call| call.credentials.is_empty());
    if none && (said || facts.status().is_none() && facts.to_hubspot() || facts.status() == Some(401)) {
        return Found::certain("the request carries no credential in any place")
            .so(HOW_TO_SEND)
            .so("where the program sets it: a redirect to another host, or a proxy, may drop the header on the way");
    }
    // A token that the text shows outside a request was sent as a rule, so the answer is about the token.
    let in_prose = facts.call().is_none_or(|call| !call.headers_known) && !facts.shows_the_header();
    (said && (facts.credentials().is_empty() && !facts.says("bearer pat-") || !facts.credentials().is_empty() && in_prose)).then_some(())?;
    let found = Found::likely(
        "HubSpot found no credential that it knows: none was sent, it was not in the header, or the token is not known any more",
    );
    found.so("look at the request itself, for instance by giving it here as a curl command").so(HOW_TO_SEND)
}

/// A 401 whose text names no reason.
pub(super) fn refused(facts: &Facts<'_>) -> Option<Found> {
    let in_words =
        facts.status().is_none() && (facts.says("unauthorized") || facts.says("cannot be authorized with")) && facts.is_about_hubspot();
    // What takes no token can't refuse one.
    ((facts.status() == Some(401) || in_words) && !is_open(facts) && !super::oauth::may_be_an_exchange(facts)).then_some(())?;
    Found::likely("HubSpot answers 401 where a credential is missing, unknown, expired, or of another kind; this text does not say which")
        .so("paste the answer's body, and the call with its headers: the first letters of the token say what kind it is")
        .so(HOW_TO_SEND)
        .so("ask what the token is: `keyway doctor --credential-env HUBSPOT_TOKEN`")
}
