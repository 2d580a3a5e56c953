//! All that matters at once: calls by app over time, errors by cause, how the limits stand and when
//! the day's quota ends, what is due for rotation, what ends when, which apps nobody uses.
//!
//! Answers from memory. The one part that reads the audit, which calls end, is counted beside.

use std::collections::HashMap;

use axum::Extension;
use axum::extract::State;

use keyway_core::quota::UNCAPPED;
use keyway_core::refusal::Word;
use keyway_core::time::Timestamp;

use super::Admin;
use super::view::{
    AccountLimit, Answer, AppPoints, BusyApp, Cause, Due, Moment, Overview, Points, QuietApp, Rotations, Sunset, Sunsets, Top, Totals,
    Unused, answer,
};
use crate::activity::{AppSeries, Series};
use crate::attention::{self, DAY_MS, DueOf, ENDING_DAYS, EndingCalls};
use crate::audit::OperationUse;
use crate::clock;
use crate::model::{Account, App, Token};
use crate::principal::Principal;
use crate::registry::Standing;

/// Rows of each list; the whole is behind the list's own page.
const ROWS_MAX: usize = 12;
/// Apps and tokens that are named as due or unused.
const NAMED_MAX: usize = 20;
/// Days without a call after which an app counts as unused, as in `keyway app unused`.
pub(crate) const UNUSED_DAYS: i64 = 90;
const HOUR_MS: i64 = 3_600_000;

fn cause(word: &str, calls: u64) -> Cause {
    let word = Word(word);
    Cause { category: word.category().to_owned(), rule: word.refusal().map(|refusal| refusal.name().to_owned()), calls }
}

pub(super) async fn show(State(admin): State<Admin>, Extension(who): Extension<Principal>) -> Answer<Overview> {
    let now = clock::now();
    let (mut accounts, mut apps) = (admin.control.accounts().await, admin.control.apps(None).await);
    if who.role.apps().is_some() {
        apps.retain(|(app, _)| who.sees(app.id));
        accounts.retain(|account| apps.iter().any(|(app, _)| app.hub_id == account.hub_id));
    }
    let counts = |app_id: Option<u64>| app_id.map_or(who.role.apps().is_none(), |app_id| who.sees(app_id));
    let (hour, day) = (admin.gateway.activity.hour(now, counts), admin.gateway.activity.day(now, counts));
    let ending = admin.ending.get(&admin.audit).await;
    let names: HashMap<u64, &App> = apps.iter().map(|(app, _)| (app.id, app)).collect();
    answer(Overview {
        at: now.into(),
        instances: admin.audit.instances(),
        totals: Totals { apps: apps.iter().filter(|(app, _)| app.public_app.is_none()).count(), accounts: accounts.len() },
        hour: points(&hour),
        day: points(&day),
        apps: busiest(&admin, &names, &hour, &day),
        errors: day.causes.iter().take(ROWS_MAX).map(|(word, calls)| cause(word, *calls)).collect(),
        accounts: limits(&admin, &accounts, &names, &hour, now),
        rotations: rotations(&admin, &accounts, &apps),
        sunsets: ending.map(|(used, at)| Sunsets { counted_at: at.into(), days: ENDING_DAYS, apps: sunsets(&used, &names, now) }),
        unused: unused(&apps, now),
    })
}

fn points(series: &Series) -> Points {
    let (calls, failed) = series.points.iter().copied().unzip();
    Points { begin: series.begin.into(), width_ms: series.width_ms, since: series.since.map(Moment::from), calls, failed }
}

/// The apps with the most calls of the day.
fn busiest(admin: &Admin, names: &HashMap<u64, &App>, hour: &Series, day: &Series) -> Top<BusyApp> {
    let mut all: Vec<(&u64, &AppSeries)> = day.apps.iter().collect();
    all.sort_unstable_by_key(|(id, app)| (std::cmp::Reverse(app.total.calls), **id));
    let more = all.len().saturating_sub(ROWS_MAX);
    let row = |(id, app): &(&u64, &AppSeries)| {
        let known = names.get(*id);
        let standing = known.and_then(|known| admin.registry.standing(known.hub_id, clock::both()));
        let of_hour = hour.apps.get(*id).map(|app| app.total).unwrap_or_default();
        let (calls, failed) = app.points.iter().copied().unzip();
        BusyApp {
            id: **id,
            name: known.map(|known| known.name.clone()),
            hub_id: known.map(|known| known.hub_id),
            calls: app.total.calls,
            failed: app.total.failed,
            calls_of_hour: of_hour.calls,
            peak: of_hour.peak,
            burst: standing.map(|standing| standing.limits.burst),
            points: AppPoints { calls, failed },
        }
    };
    Top { top: all.iter().take(ROWS_MAX).map(row).collect(), more }
}

/// The accounts that have used most of their day, and when it will be used up at the pace of the last hour.
fn limits(admin: &Admin, accounts: &[Account], names: &HashMap<u64, &App>, hour: &Series, now: Timestamp) -> Top<AccountLimit> {
    let mut pace: HashMap<u64, u64> = HashMap::new();
    for (id, app) in &hour.apps {
        if let Some(known) = names.get(id) {
            *pace.entry(known.hub_id).or_default() += app.total.calls;
        }
    }
    let mut rows: Vec<_> =
        accounts.iter().filter_map(|account| Some((account, admin.registry.standing(account.hub_id, clock::both())?))).collect();
    rows.sort_by(|(one, mine), (other, theirs)| {
        let share = |used: u64, of: u64| used as f64 / of as f64;
        share(theirs.used_today, theirs.limits.daily)
            .total_cmp(&share(mine.used_today, mine.limits.daily))
            .then(one.hub_id.cmp(&other.hub_id))
    });
    let more = rows.len().saturating_sub(ROWS_MAX);
    let row = |(account, standing): &(&Account, Standing)| {
        let pace = pace.get(&account.hub_id).copied().unwrap_or(0);
        let capped = standing.limits.daily < UNCAPPED;
        let left = standing.limits.daily.saturating_sub(standing.used_today);
        AccountLimit {
            hub_id: account.hub_id,
            name: account.name.clone(),
            used_today: standing.used_today,
            daily: capped.then_some(standing.limits.daily),
            burst: standing.limits.burst,
            calls_of_hour: pace,
            waiting: standing.waiting,
            resets_at: standing.resets_at.into(),
            used_up_at: capped.then(|| used_up(left, pace, now, standing.resets_at)).flatten().map(Moment::from),
            state: account.connection.as_ref().map(|_| admin.upstream.health.of(account.hub_id).0.as_str().to_owned()),
        }
    };
    Top { top: rows.iter().take(ROWS_MAX).map(row).collect(), more }
}

/// When what is left of a day is used up at this many calls an hour; none where the next day comes first.
fn used_up(left: u64, pace: u64, now: Timestamp, resets_at: Timestamp) -> Option<Timestamp> {
    if left == 0 {
        return Some(now);
    }
    let hours = left as f64 / pace as f64;
    let at = now.plus_ms((hours * HOUR_MS as f64) as i64);
    (pace > 0 && at < resets_at).then_some(at)
}

/// Credentials and tokens that are due for rotation, the oldest first.
fn rotations(admin: &Admin, accounts: &[Account], apps: &[(App, Vec<Token>)]) -> Rotations {
    let thresholds = **admin.thresholds.get();
    let due = attention::due(accounts, apps, &thresholds, |hub_id| admin.registry.now_of(hub_id));
    let row = |due: &attention::Due<'_>| {
        let days = due.days;
        match due.of {
            DueOf::Credential(account) => {
                Due { kind: "credential".into(), hub_id: Some(account.hub_id), app_id: None, name: account.name.clone(), hint: None, days }
            }
            DueOf::Token(app, token) => Due {
                kind: "token".into(),
                hub_id: None,
                app_id: Some(app.id),
                name: app.name.clone(),
                hint: Some(token.hint.clone()),
                days,
            },
        }
    };
    Rotations { after_days: thresholds.rotation_days, total: due.len(), due: due.iter().take(NAMED_MAX).map(row).collect() }
}

/// By app and end: what it still calls that ends then, the earliest first.
fn sunsets(used: &[OperationUse], names: &HashMap<u64, &App>, now: Timestamp) -> Vec<Sunset> {
    let row = |one: EndingCalls<'_>| Sunset {
        app_id: one.app.id,
        name: one.app.name.clone(),
        date: one.date.into(),
        days_left: one.days_left,
        what: one.what.into(),
        calls: one.calls,
        operations: one.operations.len(),
        example: one.operations.first().map(ToString::to_string),
    };
    attention::ending(used, names, now).into_iter().take(NAMED_MAX).map(row).collect()
}

fn unused(apps: &[(App, Vec<Token>)], now: Timestamp) -> Unused {
    let since = now.plus_ms(-UNUSED_DAYS * DAY_MS);
    let mut unused: Vec<(Timestamp, &App, Option<Timestamp>)> = Vec::new();
    for (app, tokens) in apps {
        let last = tokens.iter().filter_map(|token| token.last_used_at).max();
        let quiet_since = last.unwrap_or(app.created_at);
        if quiet_since < since {
            unused.push((quiet_since, app, last));
        }
    }
    unused.sort_by_key(|(quiet_since, app, _)| (*quiet_since, app.id));
    let row = |(_, app, last): &(Timestamp, &App, Option<Timestamp>)| QuietApp {
        id: app.id,
        name: app.name.clone(),
        owner: app.owner.clone(),
        last_used_at: last.map(Moment::from),
    };
    Unused { days: UNUSED_DAYS, total: unused.len(), apps: unused.iter().take(NAMED_MAX).map(row).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(1_790_000_000_000);

    #[test]
    fn the_day_ends_early_only_where_the_pace_is_too_high() {
        let resets_at = NOW.plus_ms(10 * HOUR_MS);
        assert_eq!(used_up(1_000, 100, NOW, resets_at), None);
        assert_eq!(used_up(999, 100, NOW, resets_at), Some(NOW.plus_ms(9_990 * HOUR_MS / 1_000)));
        assert_eq!(used_up(1_000, 0, NOW, resets_at), None);
        assert_eq!(used_up(0, 0, NOW, resets_at), Some(NOW));
    }
}
