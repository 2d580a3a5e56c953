//! All that matters at once: calls by app over time, errors by cause, how the limits stand and when
//! the day's quota ends, what is due for rotation, what ends when, which apps nobody uses.
//!
//! Answers from memory. The one part that reads the audit, which calls end, is counted beside.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Extension;
use axum::extract::State;

use keyway_core::quota::UNCAPPED;
use keyway_core::refusal::Word;
use keyway_core::sunset;
use keyway_core::time::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::Admin;
use super::view::{Answer, Moment, ROTATION_DAYS, answer};
use crate::activity::{AppSeries, Series};
use crate::audit::OperationUse;
use crate::clock;
use crate::model::{Account, App, Token};
use crate::principal::Principal;
use crate::registry::Standing;
use crate::sync::locked;

/// Rows of each list; the whole is behind the list's own page.
const ROWS_MAX: usize = 12;
/// Apps and tokens that are named as due or unused.
const NAMED_MAX: usize = 20;
/// How far back the calls that end are counted.
const ENDING_DAYS: i64 = 30;
/// Days without a call after which an app counts as unused, as in `keyway app unused`.
pub(crate) const UNUSED_DAYS: i64 = 90;
const DAY_MS: i64 = 86_400_000;
const HOUR_MS: i64 = 3_600_000;
/// How long an answer waits for the first count of what ends.
const COUNT_WAIT: Duration = Duration::from_millis(25);
/// The count is made anew after a hundred times as long as it took, and this long at least.
const COUNT_AGAIN: Duration = Duration::from_secs(5);

/// Calls of the last month that end, as they were last counted.
#[derive(Default)]
pub struct Ending(Mutex<Counted>);

#[derive(Default)]
struct Counted {
    rows: Option<(Arc<Vec<OperationUse>>, Timestamp)>,
    under_way: bool,
    /// When it may be counted again.
    next: Option<Instant>,
}

impl Ending {
    /// What was last counted. Counts again beside, where that is long ago.
    async fn get(self: &Arc<Self>, admin: &Admin) -> Option<(Arc<Vec<OperationUse>>, Timestamp)> {
        let (rows, due) = {
            let mut counted = locked(&self.0);
            let due = !counted.under_way && counted.next.is_none_or(|next| next <= Instant::now());
            counted.under_way |= due;
            (counted.rows.clone(), due)
        };
        if !due {
            return rows;
        }
        let (ending, audit) = (self.clone(), admin.audit.clone());
        let counting = tokio::spawn(async move {
            let (began, now) = (Instant::now(), clock::now());
            let used = audit.usage(None, now.plus_ms(-ENDING_DAYS * DAY_MS)).await;
            let mut counted = locked(&ending.0);
            counted.under_way = false;
            counted.next = Some(Instant::now() + (began.elapsed() * 100).max(COUNT_AGAIN));
            match used {
                Ok(used) => counted.rows = Some((Arc::new(used), now)),
                Err(error) => tracing::warn!(%error, "the calls that end could not be counted"),
            }
        });
        // On a log of usual size it is done at once; on a long one the page does not wait.
        let _ = tokio::time::timeout(COUNT_WAIT, counting).await;
        locked(&self.0).rows.clone()
    }
}

/// All that matters at once.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Overview {
    at: Moment,
    /// Instances that write to the audit; with several, the counts are of the one that answers.
    instances: u32,
    totals: Totals,
    /// By the minute.
    hour: Points,
    /// By the half hour.
    day: Points,
    /// With the most calls of the day.
    apps: Top<BusyApp>,
    /// Errors of the day by cause, the commonest first.
    errors: Vec<Cause>,
    /// With the most of their day used.
    accounts: Top<AccountLimit>,
    rotations: Rotations,
    /// What ends when; none while it is counted for the first time.
    sunsets: Option<Sunsets>,
    unused: Unused,
}

#[derive(Serialize, JsonSchema)]
struct Totals {
    apps: usize,
    accounts: usize,
}

/// Calls over time.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Points {
    begin: Moment,
    width_ms: i64,
    /// Since when the counts are whole, where that is later than the begin.
    since: Option<Moment>,
    calls: Vec<u64>,
    failed: Vec<u64>,
}

/// The first rows of a list.
#[derive(Serialize, JsonSchema)]
struct Top<T> {
    top: Vec<T>,
    /// How many there are beside.
    more: usize,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct BusyApp {
    id: u64,
    /// None for an app that was deleted.
    name: Option<String>,
    hub_id: Option<u64>,
    calls: u64,
    failed: u64,
    calls_of_hour: u64,
    /// The most in ten seconds of the last hour.
    peak: u32,
    burst: Option<u32>,
    /// The day by the half hour.
    points: AppPoints,
}

#[derive(Serialize, JsonSchema)]
struct AppPoints {
    calls: Vec<u64>,
    failed: Vec<u64>,
}

#[derive(Serialize, JsonSchema)]
struct Cause {
    /// HubSpot's category.
    category: String,
    /// The refusal, by its name in docs/errors.md; none where Keyway did not refuse the calls.
    rule: Option<String>,
    calls: u64,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct AccountLimit {
    hub_id: u64,
    name: String,
    used_today: u64,
    /// None where there is no cap on the day.
    daily: Option<u64>,
    burst: u32,
    calls_of_hour: u64,
    waiting: usize,
    resets_at: Moment,
    /// When the day is used up at the pace of the last hour, if that is before it starts again.
    used_up_at: Option<Moment>,
    /// Of a connection: `fine`, `refused` or `unreachable`.
    state: Option<&'static str>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Rotations {
    after_days: i64,
    total: usize,
    /// The oldest first.
    due: Vec<Due>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Due {
    /// `credential` or `token`.
    kind: &'static str,
    hub_id: Option<u64>,
    app_id: Option<u64>,
    name: String,
    hint: Option<String>,
    days: i64,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Sunsets {
    counted_at: Moment,
    days: i64,
    /// By app and end, the earliest first.
    apps: Vec<Sunset>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Sunset {
    app_id: u64,
    name: String,
    date: String,
    days_left: Option<i64>,
    what: String,
    calls: u64,
    operations: usize,
    example: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Unused {
    days: i64,
    total: usize,
    apps: Vec<QuietApp>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct QuietApp {
    id: u64,
    name: String,
    owner: String,
    last_used_at: Option<Moment>,
}

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
    let ending = admin.ending.get(&admin).await;
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
        rotations: rotations(&accounts, &apps, now),
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
            state: account.connection.as_ref().map(|_| admin.upstream.health.of(account.hub_id).0.as_str()),
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

/// Credentials and tokens older than HubSpot itself lets pass without a reminder, the oldest first.
fn rotations(accounts: &[Account], apps: &[(App, Vec<Token>)], now: Timestamp) -> Rotations {
    let age = |since: Timestamp| (now.as_ms() - since.as_ms()) / DAY_MS;
    let mut due = Vec::new();
    for account in accounts {
        if let Some(connection) = account.connection.as_ref().filter(|connection| connection.oauth_client.is_none()) {
            let (hub_id, name, days) = (Some(account.hub_id), account.name.clone(), age(connection.since));
            due.push(Due { kind: "credential", hub_id, app_id: None, name, hint: None, days });
        }
    }
    for (app, tokens) in apps.iter().filter(|(app, _)| app.public_app.is_none()) {
        let live = tokens.iter().filter(|token| token.revoked_at.is_none() && token.expires_at.is_none() && token.grant.is_none());
        for token in live {
            let (name, hint, days) = (app.name.clone(), Some(token.hint.clone()), age(token.created_at));
            due.push(Due { kind: "token", hub_id: None, app_id: Some(app.id), name, hint, days });
        }
    }
    due.retain(|due| due.days >= ROTATION_DAYS);
    due.sort_by_key(|due| std::cmp::Reverse(due.days));
    let total = due.len();
    due.truncate(NAMED_MAX);
    Rotations { after_days: ROTATION_DAYS, total, due }
}

/// By app and end: what it still calls that ends then, the earliest first.
fn sunsets(used: &[OperationUse], names: &HashMap<u64, &App>, now: Timestamp) -> Vec<Sunset> {
    let mut ends: BTreeMap<(&str, u64, &str), (u64, BTreeSet<&str>)> = BTreeMap::new();
    for one in used {
        let template = one.operation.split_once(' ').map_or("", |(_, template)| template);
        if let Some(row) = sunset::of_path(template) {
            let entry = ends.entry((row.date, one.app_id, row.what)).or_default();
            entry.0 += one.calls;
            entry.1.insert(&one.operation);
        }
    }
    let row = |((date, app_id, what), (calls, operations)): ((&str, u64, &str), (u64, BTreeSet<&str>))| {
        // An app that is gone has nothing left to move.
        let name = names.get(&app_id)?.name.clone();
        let days_left = Timestamp::parse_iso(date).map(|date| (date.as_ms() - now.as_ms()).div_euclid(DAY_MS));
        let example = operations.first().map(ToString::to_string);
        Some(Sunset { app_id, name, date: date.into(), days_left, what: what.into(), calls, operations: operations.len(), example })
    };
    ends.into_iter().filter_map(row).take(NAMED_MAX).collect()
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
