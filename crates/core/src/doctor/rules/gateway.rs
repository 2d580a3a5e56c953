//! What Keyway itself says: it knows which app and token it was (docs/errors.md).

use super::{Facts, Found, Say};

const NEW_TOKEN: &str = "make a new token with `keyway token create APP`, and put it where the integration reads it (`keyway token rotate APP --deliver FILE` does both)";

pub(super) fn app_disabled(facts: &Facts<'_>) -> Option<Found> {
    facts.keyway_says("is disabled").then_some(())?;
    Found::certain("Keyway says that the token's app is disabled").so("find out who disabled it and why, then `keyway app enable APP`")
}

pub(super) fn token_revoked(facts: &Facts<'_>) -> Option<Found> {
    facts.keyway_says("was revoked").then_some(())?;
    Found::certain("Keyway says that this token was revoked").so(NEW_TOKEN)
}

pub(super) fn token_rotated(facts: &Facts<'_>) -> Option<Found> {
    facts.keyway_says("was rotated").then_some(())?;
    Found::certain("Keyway says that the token was rotated, and that the time in which both worked is over")
        .so("put the new token where this integration reads it; it was shown once")
        .so(NEW_TOKEN)
        .so("`keyway token users TOKEN` shows from where an old token is still used, before the next rotation")
}

pub(super) fn token_unknown(facts: &Facts<'_>) -> Option<Found> {
    (facts.keyway_says("this one does not know it") || facts.keyway_says("not one of this server's")).then_some(())?;
    Found::certain("the token has a Keyway's form, but the Keyway that was asked has no such token")
        .so("look which Keyway the integration calls, and which one made the token")
        .so(NEW_TOKEN)
}

pub(super) fn hubspot_token(facts: &Facts<'_>) -> Option<Found> {
    facts.keyway_says("not one of Keyway's").then_some(())?;
    Found::certain("the token is one of HubSpot's, and Keyway takes tokens of its own only")
        .so("keep HubSpot's credential in the account's connection: `keyway account add --connect --credential-env NAME`")
        .so("give the integration an app of its own: `keyway app create NAME --scopes …`")
}

pub(super) fn connection_credential(facts: &Facts<'_>) -> Option<Found> {
    (facts.rule_is("connection-credential") || facts.is_category("CONNECTION_CREDENTIAL")).then_some(())?;
    Found::certain("the integration's own token is fine; HubSpot refuses the credential with which Keyway calls it for this account")
        .so("`keyway account check HUB_ID` says what HubSpot says of it")
        .so("put a good one in its place: `keyway account rotate HUB_ID --credential-env NAME`")
}

pub(super) fn connection_revoked(facts: &Facts<'_>) -> Option<Found> {
    (facts.rule_is("connection-revoked") || facts.is_category("CONNECTION_REVOKED")).then_some(())?;
    Found::certain("the integration's own token is fine; somebody in the account uninstalled the app by which it is connected, or the refresh token was revoked")
        .so("have a person of the account authorize it again: `keyway account add --oauth CLIENT` prints where")
}

pub(super) fn not_available(facts: &Facts<'_>) -> Option<Found> {
    (facts.rule_is("not-available") || facts.is_category("SERVICE_UNAVAILABLE")).then_some(())?;
    Found::certain("Keyway refuses calls while it can't write them down, so that none goes unrecorded; this one was not performed")
        .so("look at `keyway status`, at the server's log, and whether its disk is full or its database away")
        .so("send the call again after the seconds in Retry-After")
}

pub(super) fn unreachable(facts: &Facts<'_>) -> Option<Found> {
    (facts.rule_is("hubspot-unavailable") || facts.is_category("UPSTREAM_UNAVAILABLE")).then_some(())?;
    let unsent = facts.says("was not sent") || facts.says("not sent");
    Found::certain("Keyway could not reach HubSpot, or HubSpot broke off").so(if unsent {
        "the call was not sent: it may be sent again"
    } else {
        "read in the message whether the call was sent; one that changes something may have been performed"
    })
}

pub(super) fn not_served(facts: &Facts<'_>) -> Option<Found> {
    (facts.rule_is("not-served") || facts.is_category("NOT_IMPLEMENTED")).then_some(())?;
    Found::certain(format!("{} is in HubSpot's catalog, and the embedded account does not serve it", facts.named()))
        .so("call it on an account that is connected to HubSpot")
}

pub(super) fn not_translatable(facts: &Facts<'_>) -> Option<Found> {
    (facts.rule_is("not-translatable") || facts.is_category("NOT_TRANSLATABLE")).then_some(())?;
    let successor = facts.operation.and_then(|operation| crate::sunset::successor(operation.method, operation.template));
    let found = Found::certain(
        "Keyway translates the app's calls to their successors (--translate on), and this operation's successor differs, or there is none",
    )
    .so("change the caller to the successor; the message says what differs")
    .so("until the old version ends the translation may be switched off: `keyway app update APP --translate off`");
    match successor.and_then(|row| row.successor) {
        Some(successor) => found.moves_to(successor),
        None => found,
    }
}

pub(super) fn outcome_unknown(facts: &Facts<'_>) -> Option<Found> {
    facts.is_category("OUTCOME_UNKNOWN").then_some(())?;
    Found::certain("the process ended between sending the call and hearing of its outcome")
        .so("read the record that the call was to change, and send the call again only where it is not changed")
}

pub(super) fn not_accepted(facts: &Facts<'_>) -> Option<Found> {
    facts.rule_is("token-not-accepted").then_some(())?;
    let told = [app_disabled, token_revoked, token_rotated, token_unknown, hubspot_token];
    (!told.iter().any(|rule| rule(facts).is_some())).then_some(())?;
    Found::certain("Keyway's header says that it accepts no credential of this request: there was none, it is unknown or revoked, its app is disabled, or it is a hapikey")
        .so("read errors[] in the answer: it names the app and what to do")
        .so(NEW_TOKEN)
}

pub(super) fn request_refused(facts: &Facts<'_>) -> Option<Found> {
    let because = match facts.answer()?.keyway_rule.as_deref()? {
        "body-too-slow" => "the body did not arrive within 30 seconds",
        "body-too-large" => "the body is larger than 5 MiB",
        "uri-too-long" => "the path is longer than 4 KiB, or the query is longer than 16 KiB",
        "not-json" => "the body is not JSON, or has a Content-Encoding",
        "wrong-host" => "the request's Host is none of this Keyway's",
        "method-not-allowed" => "the path has other methods; the header Allow names them",
        _ => return None,
    };
    Found::certain(format!("Keyway refused the request before it reached HubSpot: {because}"))
        .so("change the request; HubSpot has not seen it")
}

pub(super) fn unlisted(facts: &Facts<'_>) -> Option<Found> {
    (facts.rule_is("unlisted-operation") || facts.is_category("UNLISTED_OPERATION")).then_some(())?;
    Found::certain(format!(
        "{} stands in no list of HubSpot's operations, so Keyway knows no scope for it, and the app may not call such operations",
        facts.named()
    ))
    .so("check the path for a spelling mistake first")
    .so("allow the call with the command in errors[0].context.remedy")
}
