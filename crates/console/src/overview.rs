//! The first page: what needs a person, what is going on, and what is coming.

use askama::Template;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use keyway_api::OperationId;
use keyway_api::view::{Account, AccountLimit, Accounts, BusyApp, CallTotals, Cause, Notice, Overview, Sunset};
use keyway_core::time::Timestamp;
use keyway_gateway::clock;
use keyway_gateway::history::Range;

use super::api::with_query;
use super::chart::{self, Bar, BurnDown, Chart, in_audit};
use super::page;
use super::shell::Shell;
use super::threshold::{FAILED_PERCENT, SLOW_US, USED_PERCENT, failed_percent, level, percent, share};
use super::visitor::{Fields, Page, Visitor};
use super::words::{self, filters};

/// Conditions that are shown at once; the others are folded.
const ATTENTION_SHOWN: usize = 6;
/// Accounts that are offered as a list.
const ACCOUNTS_LISTED: usize = 100;

/// What the page says of a cause.
trait CauseWords {
    fn word(&self) -> &str;
}

impl CauseWords for Cause {
    fn word(&self) -> &str {
        self.rule.as_deref().unwrap_or(&self.category)
    }
}

/// What the page says of an app.
trait AppWords {
    fn bars(&self) -> Vec<Bar>;
    fn width(&self) -> usize;
    fn burst_share(&self) -> u64;
    fn burst_level(&self) -> &'static str;
    fn over(&self) -> u64;
    fn failed_level(&self) -> &'static str;
    fn p95(&self) -> String;
}

impl AppWords for BusyApp {
    fn bars(&self) -> Vec<Bar> {
        chart::full_bars(&self.points.calls, &self.points.failed)
    }

    fn width(&self) -> usize {
        self.points.calls.len() * 10
    }

    fn burst_share(&self) -> u64 {
        share(self.peak, self.burst.unwrap_or(0).into())
    }

    fn burst_level(&self) -> &'static str {
        level(self.burst.map_or(0, |burst| percent(self.peak, burst.into())), USED_PERCENT)
    }

    /// Calls in the busiest ten seconds beyond the limit.
    fn over(&self) -> u64 {
        self.burst.map_or(0, |burst| self.peak.saturating_sub(burst.into()))
    }

    fn failed_level(&self) -> &'static str {
        level(failed_percent(self.failed, self.calls), FAILED_PERCENT)
    }

    fn p95(&self) -> String {
        self.p95_us.map_or_else(String::new, words::duration)
    }
}

/// What the page says of an account's limits.
trait LimitWords {
    fn percent(&self) -> u64;
    fn level(&self) -> &'static str;
    fn over(&self) -> u64;
    fn forecast(&self, now: Timestamp) -> String;
    fn burn(&self, now: Timestamp) -> Option<BurnDown>;
}

impl LimitWords for AccountLimit {
    fn percent(&self) -> u64 {
        self.used_today.saturating_mul(100).checked_div(self.daily.unwrap_or(0)).unwrap_or(0)
    }

    fn level(&self) -> &'static str {
        let used = level(self.percent(), USED_PERCENT);
        if used.is_empty() && self.used_up_at.is_some() { "warn" } else { used }
    }

    /// Calls beyond the day's.
    fn over(&self) -> u64 {
        self.daily.map_or(0, |daily| self.used_today.saturating_sub(daily))
    }

    fn forecast(&self, now: Timestamp) -> String {
        match (&self.used_up_at, self.daily) {
            (Some(_), Some(daily)) if self.used_today >= daily => format!("Used up until {} UTC", words::clock(&self.resets_at)),
            (Some(at), _) => format!("Used up {} ({} UTC) at the pace of the last hour", words::ahead(at, now), words::clock(at)),
            (None, None) => "No cap on the day".to_owned(),
            // Without the account's calls by hour there is no forecast.
            (None, Some(_)) if self.burn_down.used.is_empty() => format!("Starts again {}", words::ahead(&self.resets_at, now)),
            (None, Some(_)) => format!("Lasts until it starts again {}", words::ahead(&self.resets_at, now)),
        }
    }

    fn burn(&self, now: Timestamp) -> Option<BurnDown> {
        let (begin, daily) = (Timestamp::parse_iso(&self.burn_down.begin)?, self.daily?);
        if self.burn_down.used.is_empty() {
            return None;
        }
        let hours = (now.as_ms() - begin.as_ms()) as f64 / 3_600_000.0;
        Some(BurnDown::new(&self.burn_down.used, daily, self.calls_of_hour, hours))
    }
}

/// What the page says of something that needs a person.
trait NoticeWords {
    fn level(&self) -> &'static str;
    /// Where a person acts on it, and the words of the link.
    fn action(&self) -> Option<(String, &'static str)>;
    /// The same, where the person may act.
    fn offered(&self, shell: &Shell<'_>) -> Option<(String, &'static str)>;
}

impl NoticeWords for Notice {
    fn level(&self) -> &'static str {
        match self.kind.as_str() {
            "store-not-written" | "audit-not-written" | "audit-damage" | "credential-refused" | "account-unreachable" | "failed-calls" => {
                "wrong"
            }
            _ => "warn",
        }
    }

    fn offered(&self, shell: &Shell<'_>) -> Option<(String, &'static str)> {
        self.action().filter(|(address, _)| shell.opens(address))
    }

    fn action(&self) -> Option<(String, &'static str)> {
        let app = |end: &str| self.app_id.map(|id| format!("/apps/{id}{end}"));
        let account = |end: &str| self.hub_id.map(|id| format!("/accounts/{id}{end}"));
        let of = self.name.split_once('/').map_or("", |(_, of)| of);
        Some(match self.kind.as_str() {
            "approval-requested" => (format!("/approvals/{of}"), "Decide"),
            "credential-refused" | "credential-rotation" => (account("/rotate")?, "Rotate credential"),
            "credential-scopes" => (account("")?, "See the scopes"),
            "account-unreachable" => (account("")?, "Check the connection"),
            "failed-calls" => (self.page.clone()?, "See these calls"),
            "daily-limit" => (format!("/?range=day&account={}", self.hub_id?), "See who calls"),
            "access-expiring" => match of.split_once('/')? {
                ("person", _) => ("/people".to_owned(), "See the people"),
                _ => ("/admin-tokens".to_owned(), "See the admin tokens"),
            },
            "token-expiring" | "token-rotation" => (app("/rotate")?, "Rotate token"),
            "sunset" => (app("/used")?, "See its calls"),
            _ => return None,
        })
    }
}

/// An end of the calendar: what ends on a day, and who calls it.
struct End<'a> {
    date: &'a str,
    what: &'a str,
    days_left: Option<i64>,
    apps: Vec<&'a Sunset>,
}

impl End<'_> {
    fn left(&self) -> String {
        let days = |days: i64| words::counted(days.unsigned_abs(), "day", "days");
        match self.days_left {
            Some(left @ ..0) => format!("ended {} ago", days(left)),
            Some(left) => format!("{} left", days(left)),
            None => String::new(),
        }
    }

    fn level(&self) -> &'static str {
        match self.days_left {
            Some(..30) => "wrong",
            Some(..120) => "warn",
            _ => "",
        }
    }
}

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage<'a> {
    shell: Shell<'a>,
    accounts: Vec<Account>,
    live: Live<'a>,
}

impl OverviewPage<'_> {
    fn ranges(&self) -> [(&'static str, &'static str); 4] {
        Range::ALL.map(|range| (range.name(), words_of(range)))
    }

    fn is_chosen(&self, account: &Account) -> bool {
        self.live.view.hub_id == Some(account.hub_id)
    }

    /// Of another range, the same account.
    fn address(&self, range: &str) -> String {
        with_query("/", &[("range", range), ("account", &self.live.account())])
    }
}

const fn words_of(range: Range) -> &'static str {
    match range {
        Range::Hour => "Hour",
        Range::Day => "Day",
        Range::Week => "Week",
        Range::Month => "Month",
    }
}

#[derive(Template)]
#[template(path = "overview_live.html")]
struct Live<'a> {
    shell: Shell<'a>,
    view: &'a Overview,
    calls: Chart,
    latency: Chart,
    now: Timestamp,
}

impl<'a> Live<'a> {
    fn new(shell: Shell<'a>, view: &'a Overview) -> Self {
        let account = view.hub_id.map(|hub_id| hub_id.to_string()).unwrap_or_default();
        let records = |from, to| in_audit(from, to, &[("hub_id", &account)]);
        let (calls, latency) = (Chart::of_calls(&view.points, &records), Chart::of_latency(&view.points, &records));
        Self { shell, calls, latency, now: clock::now(), view }
    }

    fn account(&self) -> String {
        self.view.hub_id.map(|hub_id| hub_id.to_string()).unwrap_or_default()
    }

    /// Where the script asks for this part again.
    fn address(&self) -> String {
        with_query("/overview/live", &[("range", &self.view.range), ("account", &self.account())])
    }

    fn period(&self) -> &'static str {
        words::period(Range::named(&self.view.range).unwrap_or(Range::Day))
    }

    /// What the time before is called.
    fn earlier(&self) -> &'static str {
        match Range::named(&self.view.range) {
            Some(Range::Hour) => "the hour before",
            Some(Range::Week) => "the week before",
            Some(Range::Month) => "the 30 days before",
            Some(Range::Day) | None => "the day before",
        }
    }

    /// How much more or less there was than in the time before.
    fn change(&self, now: &u64, before: &u64) -> String {
        let (now, before, earlier) = (*now as f64, *before as f64, self.earlier());
        match (now - before) / before * 100.0 {
            _ if before == 0.0 && now == 0.0 => format!("none {earlier} either"),
            _ if before == 0.0 => format!("none {earlier}"),
            change if change.abs() < 0.5 => format!("as {earlier}"),
            change if change > 999.0 => format!("{} times {earlier}", words::number((now / before) as u64)),
            change => format!("{}{:.0} % against {earlier}", if change > 0.0 { "+" } else { "−" }, change.abs()),
        }
    }

    fn failed_share(&self, totals: &CallTotals) -> String {
        format!("{:.1} %", failed_percent(totals.failed, totals.calls))
    }

    fn failed_level(&self) -> &'static str {
        level(failed_percent(self.view.total.failed, self.view.total.calls), FAILED_PERCENT)
    }

    fn slow_level(&self) -> &'static str {
        level(self.view.total.p95_us.unwrap_or(0), SLOW_US)
    }

    fn time(&self, us: &Option<u64>) -> String {
        us.map_or_else(|| "none".to_owned(), words::duration)
    }

    /// An error's share of the commonest.
    fn share(&self, calls: &u64) -> u64 {
        share(*calls, self.view.errors.iter().map(|cause| cause.calls).max().unwrap_or(1))
    }

    fn urgent(&self) -> &[Notice] {
        &self.view.attention[..self.view.attention.len().min(ATTENTION_SHOWN)]
    }

    fn less_urgent(&self) -> &[Notice] {
        self.view.attention.get(ATTENTION_SHOWN..).unwrap_or_default()
    }

    /// The records behind the errors: those of the time that is shown, of the account that is chosen.
    fn audit(&self, name: &str, value: impl AsRef<str>) -> String {
        let from = self.view.points.begin.get(..16).unwrap_or_default();
        with_query("/audit", &[(name, value.as_ref()), ("hub_id", &self.account()), ("from", from)])
    }

    /// Accounts that need somebody now: their day ends early, or is over.
    fn ends(&self) -> Vec<End<'_>> {
        let mut ends: Vec<End<'_>> = Vec::new();
        for sunset in self.view.sunsets.iter().flat_map(|sunsets| &sunsets.apps) {
            match ends.iter_mut().find(|end| (end.date, end.what) == (&sunset.date, &sunset.what)) {
                Some(end) => end.apps.push(sunset),
                None => ends.push(End { date: &sunset.date, what: &sunset.what, days_left: sunset.days_left, apps: vec![sunset] }),
            }
        }
        ends
    }
}

/// Asks the API for what the address chooses.
async fn asked(visitor: &Visitor, fields: &Fields) -> Result<Overview, super::api::Refused> {
    let range = Range::named(fields.get("range")).map_or("", Range::name);
    visitor.api.get(&with_query("/api/v1/overview", &[("range", range), ("hubId", fields.get("account"))])).await
}

/// The page.
pub(super) async fn show(visitor: Visitor, fields: Fields) -> Page {
    let view = asked(&visitor, &fields).await.map_err(|refused| visitor.refused("/", &refused))?;
    if view.hub_id.is_none() && view.totals.apps == 0 && view.total.calls == 0 && visitor.api.may(OperationId::CreateApp) {
        return super::new_app::welcome(&visitor, view.totals.accounts).await;
    }
    // Of many accounts the hub id is typed; who may not list accounts has no list.
    let few = view.hub_id.is_some() || view.totals.accounts <= ACCOUNTS_LISTED;
    let listed = if few { visitor.api.all::<Accounts>("/api/v1/accounts", &[]).await.ok() } else { None };
    let accounts = listed.filter(|accounts| accounts.len() <= ACCOUNTS_LISTED).unwrap_or_default();
    Ok(page::render(&OverviewPage { shell: visitor.shell("/"), accounts, live: Live::new(visitor.shell("/"), &view) }))
}

/// The part of it that changes.
pub(super) async fn live(visitor: Visitor, fields: Fields) -> Page {
    let view = asked(&visitor, &fields).await.map_err(|refused| (StatusCode::BAD_GATEWAY, refused.detail).into_response())?;
    Ok(page::render(&Live::new(visitor.shell("/"), &view)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_condition_with_a_page_has_an_action() {
        let notice = |kind: &str| Notice {
            kind: kind.into(),
            name: format!("{kind}/{}7", if kind == "access-expiring" { "person/" } else { "" }),
            hub_id: Some(1),
            app_id: Some(2),
            page: Some("/audit?app=2".into()),
            ..Notice::default()
        };
        let without: Vec<&str> =
            keyway_gateway::attention::Kind::ALL.iter().map(|kind| kind.name()).filter(|kind| notice(kind).action().is_none()).collect();
        assert_eq!(without, ["store-not-written", "audit-not-written", "audit-damage", "proxy-authority"]);
        assert_eq!(notice("failed-calls").action().map(|action| action.0), Some("/audit?app=2".to_owned()));
        assert_eq!(notice("approval-requested").action().map(|action| action.0), Some("/approvals/7".to_owned()));
    }
}
