//! What an app called in a stretch of time: calls and errors, latency, and its use of the account's limits.

use askama::Template;
use keyway_api::view::{CallCounts, CallLimits};
use keyway_gateway::clock;
use keyway_gateway::history::Range;

use crate::api::{Api, Refused, with_query};
use crate::chart::{Chart, in_audit};
use crate::threshold::{FAILED_PERCENT, SLOW_US, USED_PERCENT, failed_percent, level, percent, percent_words, share};
use crate::words::{self, filters};

/// Causes of errors that are listed.
const CAUSES_MAX: usize = 8;

/// The stretches that are offered, and their words.
const RANGES: [(Range, &str); 3] = [(Range::Day, "24 hours"), (Range::Week, "7 days"), (Range::Month, "30 days")];

/// The part of the app's page.
#[derive(Template)]
#[template(path = "app_traffic.html")]
pub(super) struct Traffic {
    app_id: u64,
    range: Range,
    counts: CallCounts,
    calls: Chart,
    latency: Chart,
    limits: Option<Limits>,
}

/// How near the app came to its limits.
struct Limits {
    limits: CallLimits,
    peaks: Chart,
    used: Chart,
}

impl Limits {
    fn peak(&self) -> u64 {
        self.limits.peaks.iter().copied().max().unwrap_or(0)
    }

    fn burst(&self) -> u64 {
        self.limits.burst.into()
    }

    fn peak_level(&self) -> &'static str {
        level(percent(self.peak(), self.burst()), USED_PERCENT)
    }

    fn peak_words(&self) -> String {
        percent_words(self.peak(), self.burst())
    }

    /// The most that a day has used.
    fn most(&self) -> u64 {
        self.limits.used.iter().copied().max().unwrap_or(0)
    }

    fn day_words(&self) -> String {
        percent_words(self.most(), self.limits.daily.unwrap_or(0))
    }

    fn day_level(&self) -> &'static str {
        self.limits.daily.map_or("", |daily| level(percent(self.most(), daily), USED_PERCENT))
    }
}

/// The stretch that an address asks for.
pub(super) fn range(asked: &str) -> Range {
    RANGES.iter().map(|(range, _)| *range).find(|range| range.name() == asked).unwrap_or(Range::Day)
}

impl Traffic {
    /// Of an app.
    pub async fn of(api: &Api, app_id: u64, range: Range) -> Result<Self, Refused> {
        let app = app_id.to_string();
        let counts: CallCounts = api.get(&with_query("/api/v1/calls", &[("app", &app), ("range", range.name()), ("by", "cause")])).await?;
        let records = |from, to| in_audit(from, to, &[("app", &app)]);
        let limits = counts.limits.clone().map(|limits| Limits {
            peaks: Chart::of_peaks(&counts.points, &limits, &records),
            used: Chart::of_used(&counts.points, &limits, &records),
            limits,
        });
        Ok(Self {
            app_id,
            range,
            calls: Chart::of_calls(&counts.points, &records),
            latency: Chart::of_latency(&counts.points, &records),
            limits,
            counts,
        })
    }

    fn ranges(&self) -> impl Iterator<Item = (String, &'static str, bool)> {
        let address = |range: Range| with_query(&format!("/apps/{}", self.app_id), &[("range", range.name())]);
        RANGES.iter().map(move |(range, words)| (address(*range), *words, *range == self.range))
    }

    fn period(&self) -> &'static str {
        words::period(self.range)
    }

    fn failed_share(&self) -> String {
        format!("{:.1} %", failed_percent(self.counts.total.failed, self.counts.total.calls))
    }

    fn failed_level(&self) -> &'static str {
        level(failed_percent(self.counts.total.failed, self.counts.total.calls), FAILED_PERCENT)
    }

    fn slow_level(&self) -> &'static str {
        level(self.counts.total.p95_us.unwrap_or(0), SLOW_US)
    }

    fn time(&self, us: &Option<u64>) -> String {
        us.map_or_else(|| "none".to_owned(), words::duration)
    }

    /// The records behind a cause.
    fn of_cause(&self, cause: &str) -> String {
        let from = self.counts.points.begin.get(..16).unwrap_or_default();
        with_query("/audit", &[("app", &self.app_id.to_string()), ("category", cause), ("from", from)])
    }

    fn causes(&self) -> impl Iterator<Item = (&str, u64)> {
        self.counts.groups.iter().take(CAUSES_MAX).map(|group| (group.name.as_str(), group.calls))
    }

    /// A cause's share of the commonest.
    fn share(&self, calls: &u64) -> u64 {
        share(*calls, self.counts.groups.first().map_or(1, |group| group.calls))
    }

    /// When the account's day begins again.
    fn resets(&self, limits: &Limits) -> String {
        words::ahead(&limits.limits.resets_at, clock::now())
    }
}
