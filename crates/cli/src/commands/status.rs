//! `keyway status`

use std::time::Duration;

use http::{Method, StatusCode};
use keyway_api::view::{AppWithTokens, Apps, Due, LogSize, Notice, Overview};
use keyway_core::shown;
use keyway_core::time::Timestamp;
use keyway_gateway::clock;
use serde_json::json;

use super::account::trouble;
use super::{list, milliseconds, proxy, show, text, token};
use crate::args::Connection;
use crate::client::{self, NoServer, Refused, call, list_all};
use crate::exit::{Exit, chain};
use crate::typed::{all, get, line, or_dash};

/// How long `--live` waits for an answer, less than the usual time of a health check.
const LIVE_TIME_MAX: Duration = Duration::from_secs(4);

/// Exits 1 when no server answers, or a connection to HubSpot does not do what its apps need.
/// With a largest age, also when a token that works and has no end is older.
pub async fn run(connection: &Connection, max_token_age: Option<&str>) -> anyhow::Result<Exit> {
    let max_age_ms = max_token_age.map(milliseconds).transpose()?;
    let answer = match list_all(connection, "/api/v1/accounts", "accounts").await {
        Ok(answer) => answer,
        Err(error) => {
            let (running, words) = if error.downcast_ref::<Refused>().is_some() {
                (Some(true), "the server refuses this command")
            } else if error.is::<NoServer>() {
                (Some(false), "not running")
            } else {
                (None, "can't find out whether Keyway runs")
            };
            let why = chain(&error);
            show(&json!({ "version": 1, "running": running, "error": why }), |_| format!("{words}: {why}"))?;
            return Ok(Exit::Negative);
        }
    };
    let not_ready = client::not_ready(connection).await?;
    let accounts = list(&answer, "accounts");
    let mut troubles: Vec<(String, String)> =
        accounts.iter().filter_map(|account| trouble(account).map(|trouble| (text(&account["hubId"]), trouble))).collect();
    if let Some(max_age_ms) = max_age_ms {
        let made_before = clock::now().plus_ms(-max_age_ms);
        troubles.extend(all::<Apps>(connection, "/api/v1/apps").await?.iter().flat_map(|app| old_tokens(app, made_before)));
    }
    let (overview, overview_error) = found(get::<Overview>(connection, "/api/v1/overview").await);
    let (rotations, attention, uncounted) =
        overview.map(|overview| (overview.rotations.due, overview.attention, overview.uncounted)).unwrap_or_default();
    // A token that --max-token-age reported is not reported again.
    let told = |due: &&Due| due.hint.as_deref().is_some_and(|hint| troubles.iter().any(|(_, trouble)| trouble.contains(hint)));
    let due: Vec<String> = rotations.iter().filter(|due| !told(due)).map(due_for_rotation).collect();
    let of_kind = |kind: &str| attention.iter().filter(|one| one.kind == kind).map(notice).collect::<Vec<_>>();
    let (store, ending) = (of_kind("store-not-written").pop(), of_kind("access-expiring"));
    let tokens_ending = of_kind("token-expiring");
    // A server without a proxy has none.
    let of_proxy = get(connection, proxy::PATH).await.ok().as_ref().and_then(proxy::trouble);
    let (damage, damage_error) = found(call(connection, Method::GET, "/api/v1/audit/damage", None).await);
    let damage: Vec<String> = damage.iter().flat_map(|answer| list(answer, "damage")).map(super::audit::place).collect();
    let (size, size_error) = found(get::<LogSize>(connection, "/api/v1/audit/size").await);
    let audit_error = damage_error.or(size_error);
    let listed: Vec<_> = troubles.iter().map(|(hub_id, trouble)| json!({ "hubId": hub_id, "trouble": trouble })).collect();
    show(
        &json!({ "version": 1, "running": true, "accounts": accounts.len(), "notReady": not_ready, "troubles": listed, "rotationDue": due, "accessExpiring": ending, "tokenExpiring": tokens_ending, "store": store, "overviewError": overview_error, "proxy": of_proxy, "auditDamage": damage, "auditLog": size, "auditError": audit_error, "uncounted": uncounted }),
        |_| {
            let mut lines = format!("keyway runs, with {} {}", accounts.len(), if accounts.len() == 1 { "account" } else { "accounts" });
            not_ready.iter().for_each(|why| lines.push_str(&format!("\nit answers no calls: {why}")));
            for (hub_id, trouble) in &troubles {
                lines.push_str(&format!("\naccount {hub_id}: {trouble}"));
            }
            if let Some(error) = &overview_error {
                lines.push_str(&format!("\ncan't find out what needs a person: {error}"));
            }
            if let Some(error) = &audit_error {
                lines.push_str(&format!("\ncan't find out the state of the audit log: {error}"));
            }
            uncounted.iter().for_each(|why| lines.push_str(&format!("\ncan't count calls: {}", line(why))));
            size.iter().for_each(|size| lines.push_str(&format!("\n{}", room(size))));
            store.iter().chain(&ending).chain(&tokens_ending).for_each(|told| lines.push_str(&format!("\n{told}")));
            due.iter().for_each(|due| lines.push_str(&format!("\n{due}")));
            damage.iter().for_each(|place| lines.push_str(&format!("\nthe audit log is damaged: {place}")));
            of_proxy.iter().for_each(|trouble| lines.push_str(&format!("\n{trouble}")));
            lines
        },
    )?;
    let has_trouble = not_ready.is_some() || overview_error.is_some() || audit_error.is_some() || store.is_some() || of_proxy.is_some();
    let is_fine = !has_trouble && troubles.is_empty() && damage.is_empty();
    Ok(if is_fine { Exit::Fine } else { Exit::Negative })
}

/// What the server answered, or why it did not; neither where the caller's role does not allow the call.
fn found<T>(answer: anyhow::Result<T>) -> (Option<T>, Option<String>) {
    match answer {
        Ok(answer) => (Some(answer), None),
        Err(error) if error.downcast_ref::<Refused>().is_some_and(|refused| refused.status == StatusCode::FORBIDDEN) => (None, None),
        Err(error) => (None, Some(chain(&error))),
    }
}

/// What needs a person, with what to do.
fn notice(notice: &Notice) -> String {
    let remedy = notice.remedy.as_deref().map(|remedy| format!(": {}", line(remedy)));
    format!("{}{}", line(&notice.text), remedy.unwrap_or_default())
}

/// How much room the audit log takes, and how much is left.
fn room(size: &LogSize) -> String {
    let free = size.free_bytes.map(|free| format!("; {} free on the disk of the data folder", shown::bytes(free)));
    format!("the audit log takes {}{}", shown::bytes(size.bytes), free.unwrap_or_default())
}

/// Exits 1 when the server is not alive: it does not answer, or a thread of its data listener hangs. Says nothing
/// about credentials, which a restart would not mend. Needs no token.
pub async fn live(connection: &Connection) -> anyhow::Result<Exit> {
    let answer = tokio::time::timeout(LIVE_TIME_MAX, client::alive(connection)).await;
    let fault = match answer {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(chain(&error)),
        Err(_) => Some(format!("the server did not answer within {} seconds", LIVE_TIME_MAX.as_secs())),
    };
    show(&json!({ "version": 1, "alive": fault.is_none(), "error": fault }), |_| match &fault {
        None => "keyway is alive".to_owned(),
        Some(fault) => format!("keyway is not alive: {fault}"),
    })?;
    Ok(if fault.is_none() { Exit::Fine } else { Exit::Negative })
}

/// A credential or token that is due for rotation, as the server decides by `--rotation-days`. It changes no exit code.
fn due_for_rotation(due: &Due) -> String {
    let Due { hub_id, app_id, name, hint, days, .. } = due;
    let name = line(name);
    match hub_id {
        Some(hub_id) => {
            format!("due for rotation: the credential of account {hub_id} ({name}), {days} days old: keyway account rotate {hub_id}")
        }
        None => {
            let hint = or_dash(hint.as_deref());
            let app = shown::argument(&name).unwrap_or_else(|| or_dash(*app_id));
            format!("due for rotation: token {hint} of {name}, {days} days old: keyway token rotate {app}")
        }
    }
}

/// The warnings for an app's active tokens that were made before a moment.
fn old_tokens(app: &AppWithTokens, made_before: Timestamp) -> impl Iterator<Item = (String, String)> {
    app.tokens.iter().filter(|token| token.state == "active").filter_map(move |token| {
        let made = Timestamp::parse_iso(&token.created_at)?;
        let days = token::days_since(made);
        let what = format!("token {} of {} ({}) is {days} days old: rotate it", token.id, line(&app.name), line(&token.hint));
        (made < made_before).then(|| (app.hub_id.to_string(), what))
    })
}

#[cfg(test)]
mod tests {
    use keyway_api::view::{self, Token};

    use super::*;

    #[test]
    fn a_token_that_works_and_is_old_is_told_once() {
        let token = |id, state: &str, made| {
            let created_at = clock::now().plus_ms(made).into();
            Token { id, state: state.to_owned(), hint: "pat-…1234".to_owned(), created_at, ..Token::default() }
        };
        let day = 86_400_000;
        let tokens = [(1, "active", 200), (2, "active", 3), (3, "expiring", 200), (4, "revoked", 200)];
        let tokens = tokens.map(|(id, state, days)| token(id, state, -days * day)).to_vec();
        let app = AppWithTokens { app: view::App { hub_id: 7, name: "Sync".to_owned(), ..view::App::default() }, tokens, day: None };
        let told: Vec<_> = old_tokens(&app, clock::now().plus_ms(-180 * day)).collect();
        assert_eq!(told, [("7".to_owned(), "token 1 of Sync (pat-…1234) is 200 days old: rotate it".to_owned())]);
    }
}
