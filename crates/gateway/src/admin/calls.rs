//! How many calls there were: over time, and by who made them and how they ended.

use std::collections::HashMap;

use axum::Extension;
use axum::extract::State;
use keyway_api::query::CallsQuery;
use keyway_core::quota::UNCAPPED;
use keyway_core::time::Timestamp;

use super::Admin;
use super::body::ApiError;
use super::extract::{Query, moment};
use super::view::{self, Answer, CallGroup, CallLimits, CallTotals, Points, answer};
use crate::audit::counts::{OTHER_APPS, Outcome, Tally};
use crate::clock;
use crate::history::{self, AppCalls, Range, Series, Stretch};
use crate::principal::Principal;

const DAY_MS: i64 = 86_400_000;
/// Spans of one answer.
const SPANS_MAX: usize = 2_000;

pub(super) async fn count(
    State(admin): State<Admin>,
    Extension(who): Extension<Principal>,
    Query(query): Query<CallsQuery>,
) -> Answer<view::CallCounts> {
    let now = clock::now();
    let moment = |text: &Option<String>, otherwise: Timestamp| match text {
        Some(text) => moment(text),
        None => Ok(otherwise),
    };
    let stretch = match &query.range {
        Some(_) if query.from.is_some() || query.to.is_some() => {
            return Err(ApiError::invalid("range stands in place of from and to; leave out one or the other"));
        }
        Some(name) => range(name)?.until(now),
        None => {
            let to = moment(&query.to, now.plus_ms(1))?;
            Stretch::between(moment(&query.from, to.plus_ms(-DAY_MS))?, to, now)
        }
    };
    if stretch.length > SPANS_MAX {
        return Err(ApiError::invalid(format!("that is more than {SPANS_MAX} days; choose a later from, or an earlier to")));
    }
    let app_id = match &query.app {
        // The app may be gone; its calls are still counted.
        Some(id) if id.parse::<u64>().is_ok() => id.parse().ok(),
        Some(name) => Some(admin.control.app(name).await?.0.id),
        None => None,
    };
    let by = query.by.as_deref().unwrap_or("app");
    let whole = admin.audit.count_unless_behind().await?;
    let everything = wanted(&who, query.hub_id);
    let series =
        history::series(&admin.audit, stretch, |hub_id, app| everything(hub_id, app) && (app_id.is_none() || app == app_id)).await?;
    let groups = match by {
        "app" => by_app(&admin, &series).await,
        "account" => by_account(&admin, &series).await,
        "class" => series.total.kinds().into_iter().map(|(name, calls, failed)| plain(name.to_owned(), calls, failed)).collect(),
        "outcome" => {
            let row = |outcome: Outcome| {
                let calls = series.total.ended(outcome);
                plain(outcome.name().to_owned(), calls, if outcome == Outcome::Answered { 0 } else { calls })
            };
            Outcome::ALL.into_iter().map(row).filter(|group| group.calls > 0).collect()
        }
        "cause" => series.total.causes().into_iter().map(|(cause, calls)| plain(cause, calls, calls)).collect(),
        other => return Err(ApiError::invalid(format!("{other} groups no calls; use app, account, class, outcome or cause"))),
    };
    answer(view::CallCounts {
        whole,
        end: stretch.end().into(),
        points: points(series.stretch, &series.points),
        total: totals(&series.total),
        limits: match app_id {
            Some(app_id) if who.sees(app_id) => limits(&admin, &series, app_id).await?,
            _ => None,
        },
        groups: sorted(groups),
    })
}

/// The range of this name.
pub(super) fn range(name: &str) -> Result<Range, ApiError> {
    Range::named(name).ok_or_else(|| ApiError::invalid(format!("{name} is not a range; use hour, day, week or month")))
}

/// The limits of an app's account, and what the app used of them; none for an app without limits.
async fn limits(admin: &Admin, series: &Series, app_id: u64) -> Result<Option<CallLimits>, ApiError> {
    // Of an app that is gone, the account is the one that its calls were of.
    let hub_id = match admin.control.app(&app_id.to_string()).await {
        Ok((app, _)) if app.no_limits => return Ok(None),
        Ok((app, _)) => Some(app.hub_id),
        Err(_) => series.apps.get(&app_id).and_then(|calls| calls.hub_id),
    };
    let Some((hub_id, standing)) = hub_id.and_then(|hub_id| Some((hub_id, admin.registry.standing(hub_id, clock::both())?))) else {
        return Ok(None);
    };
    let used = history::used(&admin.audit, series.stretch, app_id, standing.resets_at).await?;
    Ok(Some(CallLimits {
        hub_id,
        burst: standing.limits.burst,
        daily: (standing.limits.daily < UNCAPPED).then_some(standing.limits.daily),
        resets_at: standing.resets_at.into(),
        peaks: used.peaks,
        used: used.daily,
    }))
}

/// Whether a person may see calls of an account and an app, of one account or of all.
pub(super) fn wanted(who: &Principal, of: Option<u64>) -> impl Fn(Option<u64>, Option<u64>) -> bool {
    move |hub_id, app_id| {
        let may = app_id.map_or(who.role.apps().is_none(), |app_id| who.sees(app_id));
        may && of.is_none_or(|of| hub_id == Some(of))
    }
}

pub(super) fn points(stretch: Stretch, spans: &[Tally]) -> Points {
    let of = |read: fn(&Tally) -> u64| spans.iter().map(read).collect();
    let percentiles = |part: f64| spans.iter().map(|tally| tally.percentile(part)).collect();
    Points {
        begin: stretch.begin.into(),
        width_ms: stretch.width_ms,
        calls: of(Tally::calls),
        failed: of(Tally::failed),
        waited_us: of(|tally| tally.waited_us),
        p50_us: percentiles(0.5),
        p95_us: percentiles(0.95),
    }
}

pub(super) fn totals(tally: &Tally) -> CallTotals {
    CallTotals {
        calls: tally.calls(),
        failed: tally.failed(),
        limited: tally.ended(Outcome::Limited),
        server_errors: tally.ended(Outcome::Failed),
        unknown: tally.ended(Outcome::Unknown),
        p50_us: tally.percentile(0.5),
        p95_us: tally.percentile(0.95),
        waited: tally.waited,
        waited_us: tally.waited_us,
    }
}

fn plain(name: String, calls: u64, failed: u64) -> CallGroup {
    CallGroup { id: None, name, calls, failed, p50_us: None, p95_us: None, waited_us: None }
}

fn group(id: Option<u64>, name: String, tally: &Tally) -> CallGroup {
    let (p50_us, p95_us) = (tally.percentile(0.5), tally.percentile(0.95));
    CallGroup { id, p50_us, p95_us, waited_us: Some(tally.waited_us), ..plain(name, tally.calls(), tally.failed()) }
}

async fn by_app(admin: &Admin, series: &Series) -> Vec<CallGroup> {
    let names: HashMap<u64, String> = admin.control.apps(None).await.into_iter().map(|(app, _)| (app.id, app.name)).collect();
    let row = |(id, app): (&u64, &AppCalls)| match names.get(id) {
        _ if *id == OTHER_APPS => group(None, "(other apps)".to_owned(), &app.total),
        Some(name) => group(Some(*id), name.clone(), &app.total),
        None => group(Some(*id), format!("app {id} (deleted)"), &app.total),
    };
    with_strangers(series.apps.iter().map(row).collect(), series)
}

async fn by_account(admin: &Admin, series: &Series) -> Vec<CallGroup> {
    let names: HashMap<u64, String> = admin.control.accounts().await.into_iter().map(|account| (account.hub_id, account.name)).collect();
    let mut accounts: HashMap<Option<u64>, Tally> = HashMap::new();
    for app in series.apps.values() {
        accounts.entry(app.hub_id).or_default().merge(&app.total);
    }
    let row = |(hub_id, tally): (&Option<u64>, &Tally)| {
        let name = hub_id
            .map_or_else(|| "(other apps)".to_owned(), |id| names.get(&id).cloned().unwrap_or_else(|| format!("account {id} (deleted)")));
        group(*hub_id, name, tally)
    };
    with_strangers(accounts.iter().map(row).collect(), series)
}

fn with_strangers(mut groups: Vec<CallGroup>, series: &Series) -> Vec<CallGroup> {
    if series.strangers.calls() > 0 {
        groups.push(group(None, "(unknown token)".to_owned(), &series.strangers));
    }
    groups
}

fn sorted(mut groups: Vec<CallGroup>) -> Vec<CallGroup> {
    groups.sort_by(|one, other| (other.calls, &one.name).cmp(&(one.calls, &other.name)));
    groups
}
