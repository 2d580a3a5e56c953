//! All that matters at once: what needs a person, calls over time beside the time before, errors by cause, how the
//! limits stand and when the day's quota ends, what is due for rotation, what ends when, which apps nobody uses.
//!
//! Answers from counts and from memory. The one part that reads the audit, which calls end, is counted beside.

use std::collections::HashMap;

use axum::Extension;
use axum::extract::State;
use keyway_api::query::OverviewQuery;
use keyway_core::quota::UNCAPPED;
use keyway_core::refusal::Word;
use keyway_core::time::Timestamp;

use super::Admin;
use super::body::ApiError;
use super::calls::{points, range, totals, wanted};
use super::extract::Query;
use super::view::{
    AccountLimit, Answer, AppPoints, BurnDown, BusyApp, Cause, Due, Moment, Notice, Overview, QuietApp, Rotations, Sunset, Sunsets, Top,
    Totals, Unused, answer,
};
use crate::attention::{self, DAY_MS, DueOf, ENDING_DAYS, EndingCalls};
use crate::audit::counts::Tally;
use crate::audit::{AuditError, OperationUse};
use crate::clock;
use crate::history::{self, AppCalls, Range, Stretch, Sums, Whose};
use crate::model::{Account, App, Token};
use crate::notifier::Look;
use crate::principal::Principal;
use crate::registry::Standing;

/// Rows of each list; the whole is behind the list's own page.
const ROWS_MAX: usize = 12;
/// Apps and tokens that are named as due or unused.
const NAMED_MAX: usize = 20;
/// Conditions that are named.
const ATTENTION_MAX: usize = 50;
/// Days without a call after which an app counts as unused, as in `keyway app unused`.
pub const UNUSED_DAYS: i64 = 90;
const HOUR_MS: i64 = 3_600_000;

fn cause(word: &str, calls: u64) -> Cause {
    let word = Word(word);
    Cause { category: word.category().to_owned(), rule: word.refusal().map(|refusal| refusal.name().to_owned()), calls }
}

pub(super) async fn show(
    State(admin): State<Admin>,
    Extension(who): Extension<Principal>,
    Query(query): Query<OverviewQuery>,
) -> Answer<Overview> {
    let now = clock::now();
    let range = range(query.range.as_deref().unwrap_or("day"))?;
    let (mut accounts, mut apps) = (admin.control.accounts().await, admin.control.apps(None).await);
    if who.role.apps().is_some() {
        apps.retain(|(app, _)| who.sees(app.id));
        accounts.retain(|account| apps.iter().any(|(app, _)| app.hub_id == account.hub_id));
    }
    if let Some(hub_id) = query.hub_id {
        if !accounts.iter().any(|account| account.hub_id == hub_id) {
            return Err(ApiError::new(404, "not_found", format!("there is no account {hub_id}")));
        }
        apps.retain(|(app, _)| app.hub_id == hub_id);
        accounts.retain(|account| account.hub_id == hub_id);
    }
    let stretch = range.until(now);
    let ending = admin.ending.get(&admin.audit).await;
    let names: HashMap<u64, &App> = apps.iter().map(|(app, _)| (app.id, app)).collect();
    let (rows, more) = limited(&admin, &accounts);
    // What needs a person, what ends and what is due do not depend on counts: they are shown without.
    let (counted, uncounted) = match counted(&admin, &who, query.hub_id, &names, &rows, stretch, now).await {
        Ok(counted) => (counted, None),
        Err(error) => {
            tracing::error!(%error, "the counts of calls can't be read or written");
            (Counted::nothing(stretch), Some(error.to_string()))
        }
    };
    let Counted { whole, sums, before, busiest, mut accounts_used } = counted;
    let limits = rows.iter().map(|(account, standing)| {
        let used = accounts_used.remove(&account.hub_id).unwrap_or_default();
        limit(&admin, account, standing, used, now)
    });
    let limits = Top { top: limits.collect(), more };
    answer(Overview {
        at: now.into(),
        range: range.name().to_owned(),
        hub_id: query.hub_id,
        totals: Totals { apps: apps.iter().filter(|(app, _)| app.public_app.is_none()).count(), accounts: accounts.len() },
        attention: attention(&admin, &who, query.hub_id).await,
        whole,
        uncounted,
        points: points(stretch, &sums.points),
        total: totals(&sums.total),
        before: totals(&before),
        apps: busiest,
        errors: sums.total.causes().iter().take(ROWS_MAX).map(|(word, calls)| cause(word, *calls)).collect(),
        accounts: limits,
        rotations: rotations(&admin, &accounts, &apps),
        sunsets: ending.map(|(used, at)| Sunsets { counted_at: at.into(), days: ENDING_DAYS, apps: sunsets(&used, &names, now) }),
        unused: unused(&apps, now),
    })
}

/// What needs a person, of what the person may see.
async fn attention(admin: &Admin, who: &Principal, hub_id: Option<u64>) -> Vec<Notice> {
    let Admin { control, registry, upstream, audit, ending, addresses, proxy, .. } = admin;
    let thresholds = **admin.thresholds.get();
    let look =
        Look { control, registry, upstream, audit, ending, thresholds: &thresholds, server: &addresses.admin, has_proxy: proxy.is_some() };
    let mut found = look.find().await.conditions;
    found.retain(|one| {
        let visible = one.app.as_ref().map_or(who.role.apps().is_none(), |(id, _)| who.sees(*id));
        visible && hub_id.is_none_or(|hub_id| one.account.as_ref().is_none_or(|(of, _)| *of == hub_id))
    });
    let notice = |one: &attention::Condition| serde_json::from_value(one.to_json()).unwrap_or_default();
    found.iter().take(ATTENTION_MAX).map(notice).collect()
}

/// What the counts have for the page.
struct Counted {
    whole: bool,
    sums: Sums,
    before: Tally,
    busiest: Top<BusyApp>,
    /// By account.
    accounts_used: HashMap<u64, UsedOfDay>,
}

/// The calls of an account in its day.
#[derive(Default)]
struct UsedOfDay {
    /// Calls in the last hour, of the apps that the person may see.
    pace: u64,
    /// Calls by the end of each hour; none for a person who sees a part of the account's apps.
    by_hour: Option<Vec<u64>>,
}

impl Counted {
    /// Where the counts can't be read.
    fn nothing(stretch: Stretch) -> Self {
        let sums = Sums { stretch, points: vec![Tally::default(); stretch.length], total: Tally::default() };
        let busiest = Top { top: Vec::new(), more: 0 };
        Self { whole: false, sums, before: Tally::default(), busiest, accounts_used: HashMap::new() }
    }
}

async fn counted(
    admin: &Admin,
    who: &Principal,
    hub_id: Option<u64>,
    names: &HashMap<u64, &App>,
    rows: &[(&Account, Standing)],
    stretch: Stretch,
    now: Timestamp,
) -> Result<Counted, AuditError> {
    let whole = admin.audit.count_unless_behind().await?;
    let counts = wanted(who, hub_id);
    let sees_all = who.role.apps().is_none();
    let whose = if sees_all { Whose::All(hub_id) } else { Whose::Some(&counts) };
    let mut accounts_used: HashMap<u64, UsedOfDay> = HashMap::new();
    for (hub_id, pace) in pace(admin, rows, whose, now).await? {
        accounts_used.entry(hub_id).or_default().pace = pace;
    }
    if sees_all {
        for (hub_id, by_hour) in used_by_hour(admin, rows, now).await? {
            accounts_used.entry(hub_id).or_default().by_hour = Some(by_hour);
        }
    }
    Ok(Counted {
        whole,
        sums: history::sums(&admin.audit, stretch, whose).await?,
        before: history::before(&admin.audit, stretch, now, whose).await?,
        busiest: busiest(admin, names, stretch, now, &counts).await?,
        accounts_used,
    })
}

/// The apps with the most calls.
async fn busiest(
    admin: &Admin,
    names: &HashMap<u64, &App>,
    stretch: Stretch,
    now: Timestamp,
    wanted: impl Fn(Option<u64>, Option<u64>) -> bool,
) -> Result<Top<BusyApp>, AuditError> {
    let (busiest, more) = history::busiest(&admin.audit, stretch, ROWS_MAX, wanted).await?;
    let ids: Vec<u64> = busiest.iter().map(|(id, _)| *id).collect();
    let peaks = history::peaks(&admin.audit, Range::Hour.until(now), &ids).await?;
    let row = |(id, app): (u64, AppCalls)| {
        let known = names.get(&id);
        // An app without limits can't come near them.
        let limited = known.filter(|known| !known.no_limits);
        let standing = limited.and_then(|known| admin.registry.standing(known.hub_id, clock::both()));
        let (calls_of, failed_of) = app.points.iter().copied().unzip();
        BusyApp {
            id,
            name: known.map(|known| known.name.clone()),
            hub_id: known.map(|known| known.hub_id),
            calls: app.total.calls(),
            failed: app.total.failed(),
            p95_us: app.total.percentile(0.95),
            waited_us: app.total.waited_us,
            peak: peaks.get(&id).copied().unwrap_or(0),
            burst: standing.map(|standing| standing.limits.burst),
            points: AppPoints { calls: calls_of, failed: failed_of },
        }
    };
    Ok(Top { top: busiest.into_iter().map(row).collect(), more })
}

/// The accounts that have used most of their day, and how many others there are.
fn limited<'a>(admin: &Admin, accounts: &'a [Account]) -> (Vec<(&'a Account, Standing)>, usize) {
    let mut rows: Vec<_> =
        accounts.iter().filter_map(|account| Some((account, admin.registry.standing(account.hub_id, clock::both())?))).collect();
    rows.sort_by(|(one, mine), (other, theirs)| {
        let share = |used: u64, of: u64| used as f64 / of as f64;
        share(theirs.used_today, theirs.limits.daily)
            .total_cmp(&share(mine.used_today, mine.limits.daily))
            .then(one.hub_id.cmp(&other.hub_id))
    });
    let more = rows.len().saturating_sub(ROWS_MAX);
    rows.truncate(ROWS_MAX);
    (rows, more)
}

/// Calls of the last hour that count against each account's day, of those that the person may see.
async fn pace(admin: &Admin, rows: &[(&Account, Standing)], whose: Whose<'_>, now: Timestamp) -> Result<HashMap<u64, u64>, AuditError> {
    let mut pace: HashMap<u64, u64> = HashMap::new();
    let hour = Range::Hour.until(now);
    let is_row = |hub_id: Option<u64>| rows.iter().any(|(account, _)| Some(account.hub_id) == hub_id);
    let mut add = |hub_id: Option<u64>, counted: u64| *pace.entry(hub_id.unwrap_or(0)).or_default() += counted;
    match whose {
        Whose::All(_) => {
            for span in admin.audit.spans_of_accounts(hour.grain, hour.begin, hour.end()).await? {
                span.each(|hub_id, _| is_row(hub_id), |hub_id, _, tally| add(hub_id, tally.counted));
            }
        }
        Whose::Some(wanted) => {
            for span in admin.audit.spans(hour.grain, hour.begin, hour.end()).await? {
                span.each(|hub_id, app_id| is_row(hub_id) && wanted(hub_id, app_id), |hub_id, _, tally| add(hub_id, tally.counted));
            }
        }
    }
    Ok(pace)
}

/// How an account's day stands. Who sees a part of its apps gets no forecast: that is made of the calls of all of them.
fn limit(admin: &Admin, account: &Account, standing: &Standing, used: UsedOfDay, now: Timestamp) -> AccountLimit {
    let UsedOfDay { pace, by_hour } = used;
    let capped = standing.limits.daily < UNCAPPED;
    let left = standing.limits.daily.saturating_sub(standing.used_today);
    let forecast = capped && by_hour.is_some();
    let mut by_hour = by_hour.unwrap_or_default();
    // What is known for certain is the end of it.
    by_hour.last_mut().into_iter().for_each(|last| *last = standing.used_today);
    AccountLimit {
        hub_id: account.hub_id,
        name: account.name.clone(),
        used_today: standing.used_today,
        daily: capped.then_some(standing.limits.daily),
        burst: standing.limits.burst,
        calls_of_hour: pace,
        waiting: standing.waiting,
        resets_at: standing.resets_at.into(),
        used_up_at: forecast.then(|| used_up(left, pace, now, standing.resets_at)).flatten().map(Moment::from),
        state: account.connection.as_ref().map(|_| admin.upstream.health.of(account.hub_id).0.as_str().to_owned()),
        burn_down: BurnDown { begin: standing.resets_at.plus_ms(-DAY_MS).into(), used: by_hour },
    }
}

/// Calls of its day that each account had used by the end of each hour. Days begin by the clock of each account.
async fn used_by_hour(admin: &Admin, rows: &[(&Account, Standing)], now: Timestamp) -> Result<HashMap<u64, Vec<u64>>, AuditError> {
    let begin = |standing: &Standing| (standing.resets_at.as_ms() - DAY_MS).div_euclid(HOUR_MS);
    let hour = now.as_ms().div_euclid(HOUR_MS);
    let begins: HashMap<u64, i64> = rows.iter().map(|(account, standing)| (account.hub_id, begin(standing))).collect();
    let Some(first) = begins.values().min() else { return Ok(HashMap::new()) };
    let length = usize::try_from(hour - first + 1).unwrap_or(0).min(48);
    let stretch =
        Stretch { begin: Timestamp::from_ms(first * HOUR_MS), width_ms: HOUR_MS, length, grain: crate::audit::counts::Grain::Hour };
    let mut used: HashMap<u64, Vec<u64>> = HashMap::new();
    for (hub_id, begin) in &begins {
        used.insert(*hub_id, vec![0; usize::try_from(hour - begin + 1).unwrap_or(0).min(25)]);
    }
    for span in admin.audit.spans_of_accounts(stretch.grain, stretch.begin, stretch.end()).await? {
        span.each(
            |hub_id, _| hub_id.is_some_and(|hub_id| begins.contains_key(&hub_id)),
            |hub_id, _, tally| {
                let Some(hub_id) = hub_id else { return };
                let place = span.begin.as_ms().div_euclid(HOUR_MS) - begins[&hub_id];
                let of_account = usize::try_from(place).ok().zip(used.get_mut(&hub_id));
                if let Some(slot) = of_account.and_then(|(place, used)| used.get_mut(place)) {
                    *slot += tally.counted;
                }
            },
        );
    }
    for hours in used.values_mut() {
        let mut sum = 0;
        for hour in hours {
            sum += *hour;
            *hour = sum;
        }
    }
    Ok(used)
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
        moved_percent: one.moved_percent,
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
