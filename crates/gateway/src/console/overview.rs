//! The first page: what is going on, and what is to be done.

use askama::Template;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use keyway_api::OperationId;
use keyway_api::view::{AccountLimit, BusyApp, Cause, Overview, Sunset};
use keyway_core::time::Timestamp;

use super::chart::{self, Bar, Chart};
use super::page;
use super::shell::Shell;
use super::visitor::{Page, Visitor};
use super::words::{self, filters};
use crate::clock;

/// What the page says of a cause.
trait CauseWords {
    fn word(&self) -> &str;
}

impl CauseWords for Cause {
    fn word(&self) -> &str {
        self.rule.as_deref().unwrap_or(&self.category)
    }
}

/// A part in a hundred, for the width of a bar.
fn share(part: u64, of: u64) -> u64 {
    part.saturating_mul(100).checked_div(of).unwrap_or(0).min(100)
}

/// What the page says of an app.
trait AppWords {
    fn bars(&self) -> Vec<Bar>;
    fn width(&self) -> usize;
    fn burst_share(&self) -> u64;
}

impl AppWords for BusyApp {
    fn bars(&self) -> Vec<Bar> {
        chart::bars(&self.points.calls, &self.points.failed)
    }

    fn width(&self) -> usize {
        self.points.calls.len() * 10
    }

    fn burst_share(&self) -> u64 {
        share(self.peak.into(), self.burst.unwrap_or(0).into())
    }
}

/// What the page says of an account's limits.
trait LimitWords {
    fn day_share(&self) -> u64;
    fn forecast(&self, now: Timestamp) -> String;
}

impl LimitWords for AccountLimit {
    fn day_share(&self) -> u64 {
        share(self.used_today, self.daily.unwrap_or(0))
    }

    fn forecast(&self, now: Timestamp) -> String {
        match (&self.used_up_at, self.daily) {
            (Some(_), Some(daily)) if self.used_today >= daily => format!("Used up until {} UTC", words::clock(&self.resets_at)),
            (Some(at), _) => format!("Used up {} ({} UTC) at the pace of the last hour", words::ahead(at, now), words::clock(at)),
            (None, None) => "No cap on the day".to_owned(),
            (None, Some(_)) => format!("Lasts until it starts again {}", words::ahead(&self.resets_at, now)),
        }
    }
}

/// What the page says of an end.
trait SunsetWords {
    fn left(&self) -> String;
    fn is_near(&self) -> bool;
}

impl SunsetWords for Sunset {
    fn left(&self) -> String {
        match self.days_left {
            Some(days) if days < 0 => "ended".to_owned(),
            Some(days) => format!("{} left", words::counted(u64::try_from(days).unwrap_or(0), "day", "days")),
            None => String::new(),
        }
    }

    fn is_near(&self) -> bool {
        self.days_left.is_some_and(|days| days < 120)
    }
}

/// What the page says of the whole.
trait OverviewWords {
    fn failed_of_day(&self) -> u64;
    fn calls_of_day(&self) -> u64;
    fn calls_of_hour(&self) -> u64;
    fn failed_share(&self) -> String;
    fn errors_most(&self) -> u64;
    /// Accounts that need somebody now: their day ends early, or HubSpot refuses their credential.
    fn alarms(&self, now: Timestamp) -> Vec<(u64, String)>;
}

impl OverviewWords for Overview {
    fn failed_of_day(&self) -> u64 {
        self.day.failed.iter().sum()
    }

    fn calls_of_day(&self) -> u64 {
        self.day.calls.iter().sum()
    }

    fn calls_of_hour(&self) -> u64 {
        self.hour.calls.iter().sum()
    }

    fn failed_share(&self) -> String {
        let (failed, calls) = (self.failed_of_day(), self.calls_of_day());
        if calls == 0 { "none yet".to_owned() } else { format!("{:.1} % of all", failed as f64 * 100.0 / calls as f64) }
    }

    fn errors_most(&self) -> u64 {
        self.errors.iter().map(|cause| cause.calls).max().unwrap_or(1)
    }

    fn alarms(&self, now: Timestamp) -> Vec<(u64, String)> {
        let mut alarms = Vec::new();
        for account in &self.accounts.top {
            if account.state.as_deref() == Some("refused") {
                alarms.push((account.hub_id, format!("HubSpot refuses the credential of {}: its calls fail", account.name)));
            }
            if account.used_up_at.is_some() {
                alarms.push((account.hub_id, format!("{}: {}", account.name, account.forecast(now))));
            }
        }
        alarms
    }
}

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage<'a> {
    shell: Shell<'a>,
    live: Live<'a>,
}

#[derive(Template)]
#[template(path = "overview_live.html")]
struct Live<'a> {
    view: &'a Overview,
    hour: Chart,
    day: Chart,
    now: Timestamp,
}

impl<'a> Live<'a> {
    fn new(view: &'a Overview) -> Self {
        let hour = Chart::new("hour", "Calls in the last hour, by the minute", &view.hour);
        let day = Chart::new("day", "Calls in the last day, by the half hour", &view.day);
        Self { hour, day, now: clock::now(), view }
    }

    /// An error's share of the commonest.
    fn share(&self, calls: &u64) -> u64 {
        share(*calls, self.view.errors_most())
    }

    /// The table behind the small charts: the half hours in which somebody called.
    fn by_half_hour(&self) -> Vec<(&str, Vec<u64>)> {
        let calls = |index: usize| self.view.apps.top.iter().map(|app| app.points.calls.get(index).copied().unwrap_or(0)).collect();
        self.day.rows.iter().map(|row| (row.at.as_str(), calls(row.index))).collect()
    }
}

/// The page.
pub(super) async fn show(visitor: Visitor) -> Page {
    let view: Overview = visitor.api.get("/api/v1/overview").await.map_err(|refused| visitor.refused("/", &refused))?;
    if view.totals.apps == 0 && view.calls_of_day() == 0 && visitor.api.may(OperationId::CreateApp) {
        return super::new_app::welcome(&visitor, view.totals.accounts).await;
    }
    Ok(page::render(&OverviewPage { shell: visitor.shell("/"), live: Live::new(&view) }))
}

/// The part of it that changes.
pub(super) async fn live(visitor: Visitor) -> Page {
    let view: Overview =
        visitor.api.get("/api/v1/overview").await.map_err(|refused| (StatusCode::BAD_GATEWAY, refused.detail).into_response())?;
    Ok(page::render(&Live::new(&view)))
}
