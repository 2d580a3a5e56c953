//! `keyway doctor --account`: checks each account's connection, scopes, limits, failing calls, tokens and
//! clocks, and the operations that end soon. It reads all of it from the admin API.

use std::collections::BTreeMap;

use http::Method;
use keyway_api::Moment;
use keyway_api::view::{Account, AppWithTokens, Apps, ScopesUsed, Usage, UsageAnswer};
use keyway_core::time::Timestamp;
use keyway_core::{shown, sunset};
use keyway_gateway::clock;
use serde_json::{Value, json};

use crate::args::Connection;
use crate::client::{call, date, list_all};
use crate::commands::account::{rotation_due, trouble};
use crate::commands::{counted, list, names, show, text};
use crate::exit::Exit;
use crate::typed::{all, get, line, typed};

/// The share of the daily limit from which on the check reports the number of calls, in percent.
const DAY_USED_PERCENT: u64 = 80;
/// The share of failed calls that HubSpot allows certified apps, in percent (hubspot facts, section 5).
const FAILED_PERCENT: u64 = 5;
/// With fewer calls than this, the share of failed calls means nothing.
const CALLS_MIN: u64 = 20;
/// The difference between two clocks, in seconds, from which on tokens seem to expire too early or too late.
const CLOCKS_APART_MAX_S: i64 = 30;
/// How many days before an end of support the check reports it.
const END_DAYS: i64 = 90;

/// One check, and the faults that it found.
struct Check {
    name: &'static str,
    wrong: Vec<String>,
}

/// Exits 1 when any check finds something.
pub(super) async fn check(connection: &Connection, hub_id: Option<u64>) -> anyhow::Result<Exit> {
    let accounts = match hub_id {
        Some(hub_id) => vec![call(connection, Method::GET, &format!("/api/v1/accounts/{hub_id}"), None).await?["account"].take()],
        None => list(&list_all(connection, "/api/v1/accounts", "accounts").await?, "accounts").to_vec(),
    };
    let clocks = clocks(connection).await?;
    let mut checked = Vec::new();
    for account in &accounts {
        checked.push((text(&account["hubId"]), checks(connection, account, &clocks).await?));
    }
    let fine = checked.iter().all(|(_, checks)| checks.iter().all(|check| check.wrong.is_empty()));
    let listed: Vec<Value> = checked.iter().map(|(hub_id, checks)| json!({ "hubId": hub_id.parse::<u64>().ok(), "checks": checks.iter().map(|check| json!({ "check": check.name, "ok": check.wrong.is_empty(), "wrong": check.wrong })).collect::<Vec<_>>() })).collect();
    show(&json!({ "version": 1, "accounts": listed }), |_| {
        checked.iter().map(|(hub_id, checks)| lines(hub_id, checks)).collect::<Vec<_>>().join("\n\n")
    })?;
    Ok(if fine { Exit::Fine } else { Exit::Negative })
}

fn lines(hub_id: &str, checks: &[Check]) -> String {
    let mut lines = vec![format!("account {hub_id}")];
    for check in checks {
        match check.wrong.split_first() {
            None => lines.push(format!("  ok     {}", check.name)),
            Some((first, rest)) => {
                lines.push(format!("  wrong  {}: {first}", check.name));
                lines.extend(rest.iter().map(|wrong| format!("         {wrong}")));
            }
        }
    }
    lines.join("\n")
}

async fn checks(connection: &Connection, account: &Value, clocks: &[String]) -> anyhow::Result<Vec<Check>> {
    let hub_id = text(&account["hubId"]);
    let connected = !account["connection"].is_null();
    // Ask HubSpot again: the server's last answer may be hours old.
    let account = match connected {
        true => call(connection, Method::POST, &format!("/api/v1/accounts/{hub_id}/check"), None).await?["account"].take(),
        false => account.clone(),
    };
    let apps = all::<Apps>(connection, &format!("/api/v1/apps?hubId={hub_id}")).await?;
    let usage = all::<UsageAnswer>(connection, &format!("/api/v1/usage?hubId={hub_id}&days=30")).await?;
    let mut unused = Vec::new();
    for app in &apps {
        let scopes: ScopesUsed = get(connection, &format!("/api/v1/apps/{}/scopes", app.id)).await?;
        if scopes.calls >= CALLS_MIN && !scopes.unused.is_empty() {
            let (name, id, scopes) = (line(&app.name), app.id, line(&scopes.unused.join(", ")));
            unused.push(format!("{name} has scopes that none of its calls needed: {scopes} (`keyway app tighten {id}`)"));
        }
    }
    Ok(vec![
        Check { name: "connection", wrong: trouble(&account).into_iter().chain(rotation_due(&account)).collect() },
        Check { name: "scopes", wrong: unused },
        Check { name: "limits", wrong: limits(&typed(&account)?) },
        Check { name: "failing calls", wrong: failing(&usage) },
        Check { name: "tokens", wrong: apps.iter().flat_map(tokens).collect() },
        Check { name: "clocks", wrong: clocks.to_vec() },
        Check { name: "ends", wrong: ends(&usage, clock::now()) },
    ])
}

fn limits(account: &Account) -> Vec<String> {
    let (used, daily) = (account.used_today, account.limits.daily);
    let mut wrong = Vec::new();
    if used.saturating_mul(100) >= daily.saturating_mul(DAY_USED_PERCENT) {
        wrong.push(format!("{used} of the day's {daily} calls are used up (`keyway account usage {}` says by whom)", account.hub_id));
    }
    if account.waiting > 0 {
        let queued = counted(account.waiting, "call");
        wrong.push(format!("{queued} in the queue (`keyway calls --since 1h` says whose calls waited)"));
    }
    wrong
}

fn failing(usage: &[Usage]) -> Vec<String> {
    let mut by_call: BTreeMap<(String, String, String), (u64, u64)> = BTreeMap::new();
    for one in usage {
        let app = names::caller(one.app.as_deref(), one.app_id);
        let asked = one.app.as_deref().map_or_else(|| one.app_id.to_string(), line);
        let sum = by_call.entry((app, asked, line(&one.operation))).or_default();
        sum.0 += one.calls;
        sum.1 += one.failed;
    }
    let too_many = by_call.iter().filter(|(_, (calls, failed))| *calls >= CALLS_MIN && failed * 100 > calls * FAILED_PERCENT);
    too_many
        .map(|((app, asked, operation), (calls, failed))| {
            format!("{failed} of {calls} calls of {app} failed: {operation} (`keyway audit list --app '{asked}' --status 4xx` has correlation IDs to give here)")
        })
        .collect()
}

fn tokens(app: &AppWithTokens) -> Vec<String> {
    let now = clock::now();
    let mut wrong = Vec::new();
    let name = line(&app.name);
    // Beside the number of a token the app's id would be taken for it.
    let id = shown::argument(&app.name).unwrap_or_else(|| app.id.to_string());
    let good = app.tokens.iter().filter(|token| matches!(token.state.as_str(), "active" | "expiring"));
    if app.enabled && good.clone().count() == 0 {
        wrong.push(format!("{name} has no token that works (`keyway token create {id}`)"));
    }
    for token in good {
        let days = Timestamp::parse_iso(&token.created_at).map_or(0, |made| (now.as_ms() - made.as_ms()) / 86_400_000);
        if token.rotation_due {
            wrong.push(format!("token {} of {name} is {days} days old (`keyway token rotate {id}`)", token.id));
        }
        let soon = |at: &&Moment| Timestamp::parse_iso(at).is_some_and(|ends| ends < now.plus_ms(2 * 86_400_000));
        if let Some(ends) = token.expires_at.as_ref().filter(soon) {
            // A rotated token has a successor; one whose lifetime ends has none.
            let remedy = match token.state.as_str() {
                "expiring" => format!("`keyway token users {}` says who still uses it", token.id),
                _ => format!("`keyway token rotate {id}`"),
            };
            wrong.push(format!("token {} of {name} ends at {ends} ({remedy})", token.id));
        }
    }
    wrong
}

/// What the accounts' calls end with, soonest first; what ended already first of all.
fn ends(usage: &[Usage], now: Timestamp) -> Vec<String> {
    let until = now.plus_ms(END_DAYS * 86_400_000).to_iso();
    let mut wrong: Vec<String> = Vec::new();
    for one in usage {
        let Some(date) = one.sunset.as_deref().filter(|date| *date <= &until[..10]) else { continue };
        let operation = line(&one.operation);
        let to = one.successor.as_deref().map(line).map(|successor| format!(", moves to {successor}")).unwrap_or_default();
        let what = sunset::of_path(operation.split(' ').nth(1).unwrap_or_default()).map_or("", |row| row.effect);
        wrong.push(format!("{date} {what}: {} calls {operation}{to}", names::caller(one.app.as_deref(), one.app_id)));
    }
    wrong.sort();
    wrong.dedup();
    wrong
}

/// Whether the server's clock and this machine's agree: ends of tokens are judged by the server's.
async fn clocks(connection: &Connection) -> anyhow::Result<Vec<String>> {
    let Some(server) = date(connection).await? else { return Ok(Vec::new()) };
    let apart = (clock::now().as_ms() - server.as_ms()) / 1_000;
    Ok(if apart.abs() > CLOCKS_APART_MAX_S {
        vec![format!(
            "the server's clock and this machine's are {} seconds apart; set both by NTP, or tokens end too early or too late",
            apart.abs()
        )]
    } else {
        Vec::new()
    })
}

#[cfg(test)]
mod tests {
    use keyway_api::view::AccountLimits;

    use super::*;

    #[test]
    fn few_calls_or_few_failures_are_nothing_to_tell() {
        let usage = |calls, failed| vec![Usage { operation: "GET /x".to_owned(), calls, failed, ..Usage::default() }];
        assert!(failing(&usage(19, 19)).is_empty());
        assert!(failing(&usage(100, 5)).is_empty());
        assert_eq!(failing(&usage(100, 6)).len(), 1);
    }

    #[test]
    fn the_day_is_told_of_from_four_fifths_on() {
        let limits_of = AccountLimits { daily: 1_000, ..AccountLimits::default() };
        let account = |used_today| Account { used_today, limits: limits_of.clone(), ..Account::default() };
        assert!(limits(&account(799)).is_empty());
        assert_eq!(limits(&account(800)).len(), 1);
    }

    #[test]
    fn an_end_is_told_of_a_quarter_of_a_year_ahead() {
        let call = Usage {
            operation: "POST /oauth/v1/token".to_owned(),
            sunset: Some("2027-02-16".to_owned()),
            successor: Some("/oauth/2026-09/token".to_owned()),
            ..Usage::default()
        };
        let usage = vec![call];
        let on = |day: &str| ends(&usage, Timestamp::parse_iso(day).unwrap()).len();
        assert_eq!((on("2026-11-01"), on("2026-11-25")), (0, 1));
    }
}
