//! HubSpot's rate limits (hubspot facts, section 5), computed from moments that the caller passes in.
//!
//! Rolling windows are exact: they keep the moments of the last calls. A leaky bucket would allow twice the limit in the first
//! window, and Keyway must never exceed HubSpot's limit.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;

use crate::catalog::LimitClass;
use crate::refusal::Refusal;
use crate::time::{Now, Timestamp};

/// An account's subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// Free tools.
    Free,
    /// Starter.
    Starter,
    /// Professional.
    Professional,
    /// Enterprise.
    Enterprise,
}

/// A text that is not the name of a tier.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0} is not a tier; use free, starter, professional or enterprise")]
pub struct UnknownTier(pub String);

impl Tier {
    const fn name(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Starter => "starter",
            Self::Professional => "professional",
            Self::Enterprise => "enterprise",
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Tier {
    type Err = UnknownTier;

    fn from_str(text: &str) -> Result<Self, UnknownTier> {
        let tiers = [Self::Free, Self::Starter, Self::Professional, Self::Enterprise];
        tiers.into_iter().find(|tier| text.eq_ignore_ascii_case(tier.name())).ok_or_else(|| UnknownTier(text.to_owned()))
    }
}

/// How many calls an account and its apps may make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Calls per app in any ten seconds.
    pub burst: u32,
    /// Calls per app to the associations APIs in any ten seconds.
    pub associations_burst: u32,
    /// Calls per account between two midnights of its time zone.
    pub daily: u64,
    /// Searches per account in any second.
    pub search: u32,
}

impl Limits {
    /// The limits of an install of a marketplace app: a burst of its own, whatever the account's tier, and no daily limit.
    #[must_use]
    pub const fn of_marketplace_install(self) -> Self {
        Self { burst: 110, daily: UNCAPPED, ..self }
    }

    /// The limits of a tier with this many API limit increases. HubSpot sells at most two, so more count as two. The burst does
    /// not stack.
    pub fn for_tier(tier: Tier, addons: u8) -> Self {
        let addons = u64::from(addons.min(2));
        let small = matches!(tier, Tier::Free | Tier::Starter);
        let (burst, associations_burst) = match (addons > 0, small) {
            (true, _) => (250, 200),
            (false, true) => (100, 100),
            (false, false) => (190, 150),
        };
        let daily = match tier {
            Tier::Free | Tier::Starter => 250_000,
            Tier::Professional => 625_000,
            Tier::Enterprise => 1_000_000,
        };
        Self { burst, associations_burst, daily: daily + addons * 1_000_000, search: 5 }
    }
}

/// A daily limit that no app can reach in a day. Every number below it is exact as a float too, which is the format of shared
/// limits.
pub const UNCAPPED: u64 = 1 << 50;

/// The ten seconds of a burst, in milliseconds.
pub const BURST_MS: i64 = 10_000;
/// The second of the search limit, in milliseconds.
pub const SEARCH_MS: i64 = 1_000;

/// The calls of the last `interval_ms`.
#[derive(Debug)]
pub struct RollingWindow {
    interval_ms: i64,
    calls: VecDeque<i64>,
}

impl RollingWindow {
    /// An empty window.
    pub const fn new(interval_ms: i64) -> Self {
        Self { interval_ms, calls: VecDeque::new() }
    }

    /// How many of `max` calls are left at `now`.
    ///
    /// # Errors
    /// None is left; the error is the number of milliseconds until one is.
    pub fn left(&mut self, max: u32, now: i64) -> Result<u32, i64> {
        // Moments may go back, where somebody sets the clock of an embedded account. Calls with a later moment then count as made now.
        self.calls.iter_mut().rev().take_while(|call| **call > now).for_each(|call| *call = now);
        while self.calls.front().is_some_and(|call| *call <= now - self.interval_ms) {
            self.calls.pop_front();
        }
        let used = u32::try_from(self.calls.len()).unwrap_or(u32::MAX);
        match max.checked_sub(used) {
            Some(left @ 1..) => Ok(left),
            // `max` may be smaller than the number of calls now, so wait for the call that makes room.
            _ => Err(self.calls.get((used - max) as usize).map_or(self.interval_ms, |call| call + self.interval_ms - now)),
        }
    }

    /// Counts a call.
    pub fn take(&mut self, now: i64) {
        // The queue stays sorted, even where `now` goes back.
        let last = self.calls.back().copied().unwrap_or(now);
        self.calls.push_back(now.max(last));
    }
}

/// The longest day in milliseconds, with a margin: a day on which the clocks go back has 25 hours.
const DAY_MS_MAX: i64 = 26 * 3_600_000;

/// Calls since the last midnight of the wall clock. Moments are Unix time in milliseconds.
#[derive(Debug)]
pub struct DailyCount {
    used: u64,
    resets_at: i64,
}

impl DailyCount {
    /// A day that ends at `resets_at`, with `used` calls so far.
    pub const fn new(used: u64, resets_at: Timestamp) -> Self {
        Self { used, resets_at: resets_at.as_ms() }
    }

    pub(crate) fn used(&mut self, now: i64, next_midnight: impl FnOnce() -> Timestamp) -> u64 {
        if now >= self.resets_at {
            self.used = 0;
            self.resets_at = next_midnight().as_ms();
        } else if self.resets_at.saturating_sub(now) > DAY_MS_MAX {
            // The clock was ahead when the day began. Calls since then count, and the day ends at the correct midnight.
            self.resets_at = next_midnight().as_ms();
        }
        self.used
    }

    /// The count, without a check whether the day has ended.
    pub const fn used_now(&self) -> u64 {
        self.used
    }

    pub(crate) const fn take(&mut self) {
        self.used += 1;
    }

    pub(crate) const fn give_back(&mut self) {
        self.used = self.used.saturating_sub(1);
    }

    pub(crate) fn at_least(&mut self, used: u64) {
        self.used = self.used.max(used);
    }

    /// Calls made on the day of `now`.
    pub const fn used_at(&self, now: Timestamp) -> u64 {
        if now.as_ms() >= self.resets_at { 0 } else { self.used }
    }

    /// The end of the day, when the count starts again.
    pub const fn resets_at(&self) -> Timestamp {
        Timestamp::from_ms(self.resets_at)
    }
}

/// The calls that an app has used.
#[derive(Debug)]
pub struct AppUsage {
    burst: RollingWindow,
    associations: RollingWindow,
}

impl Default for AppUsage {
    fn default() -> Self {
        Self { burst: RollingWindow::new(BURST_MS), associations: RollingWindow::new(BURST_MS) }
    }
}

/// The calls that an account has used.
#[derive(Debug)]
pub struct AccountUsage {
    /// Calls of the day.
    pub daily: DailyCount,
    search: RollingWindow,
}

impl AccountUsage {
    /// An account with this count for the day.
    pub const fn new(daily: DailyCount) -> Self {
        Self { daily, search: RollingWindow::new(SEARCH_MS) }
    }
}

/// The calls that are left after a permitted call; the numbers of the rate headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Calls per ten seconds.
    pub max: u32,
    /// Calls left of them.
    pub remaining: u32,
    /// Calls a day.
    pub daily: u64,
    /// Calls left of them.
    pub daily_remaining: u64,
}

/// The limit that a call exceeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exceeded {
    /// The name of the limit.
    pub policy: Policy,
    /// Milliseconds until a call is possible.
    pub retry_after_ms: i64,
}

/// HubSpot's names of its limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// The burst.
    TenSecondlyRolling,
    /// The search limit.
    Secondly,
    /// The daily limit.
    Daily,
}

impl Policy {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::TenSecondlyRolling, Self::Secondly, Self::Daily];

    /// The value of `policyName`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TenSecondlyRolling => "TEN_SECONDLY_ROLLING",
            Self::Secondly => "SECONDLY",
            Self::Daily => "DAILY",
        }
    }

    /// What a call is refused with that exceeds the limit. The audit log keeps it, so that it says which limit it was.
    pub const fn refusal(self) -> Refusal {
        match self {
            Self::TenSecondlyRolling => Refusal::LimitReached,
            Self::Secondly => Refusal::SearchLimitReached,
            Self::Daily => Refusal::DailyLimitReached,
        }
    }

    /// HubSpot's message.
    pub const fn message(self) -> &'static str {
        match self {
            Self::TenSecondlyRolling => "You have reached your ten_secondly_rolling limit.",
            Self::Secondly => "You have reached your secondly limit.",
            Self::Daily => "You have reached your daily limit.",
        }
    }
}

/// Permits a call and counts it, or returns the limit that it exceeds. A refused call counts against nothing.
/// `next_midnight` is called only after the end of the day.
pub fn admit(
    class: LimitClass,
    limits: &Limits,
    app: &mut AppUsage,
    account: &mut AccountUsage,
    now: Now,
    next_midnight: impl FnOnce() -> Timestamp,
) -> Result<Allowance, Exceeded> {
    let (at, today) = (now.steady.as_ms(), now.wall.as_ms());
    let used = account.daily.used(today, next_midnight);
    let (window, max, policy) = match class {
        LimitClass::Exempt => {
            let daily_remaining = limits.daily.saturating_sub(used);
            return Ok(Allowance { max: limits.burst, remaining: limits.burst, daily: limits.daily, daily_remaining });
        }
        LimitClass::Standard => (&mut app.burst, limits.burst, Policy::TenSecondlyRolling),
        LimitClass::Associations => (&mut app.associations, limits.associations_burst, Policy::TenSecondlyRolling),
        LimitClass::Search => (&mut account.search, limits.search, Policy::Secondly),
    };
    let counts = limits.daily != UNCAPPED;
    if used >= limits.daily {
        return Err(Exceeded { policy: Policy::Daily, retry_after_ms: account.daily.resets_at - today });
    }
    let left = window.left(max, at).map_err(|retry_after_ms| Exceeded { policy, retry_after_ms })?;
    window.take(at);
    account.daily.used = used + u64::from(counts);
    Ok(Allowance { max, remaining: left - 1, daily: limits.daily, daily_remaining: limits.daily - used - 1 })
}

/// Permits a call whatever was used. It counts for the account's day, and against no other limit.
pub fn count(limits: &Limits, account: &mut AccountUsage, now: Now, next_midnight: impl FnOnce() -> Timestamp) -> Allowance {
    let used = account.daily.used(now.wall.as_ms(), next_midnight) + u64::from(limits.daily != UNCAPPED);
    account.daily.used = used;
    Allowance { max: limits.burst, remaining: limits.burst, daily: limits.daily, daily_remaining: limits.daily.saturating_sub(used) }
}

#[cfg(test)]
mod tests;
