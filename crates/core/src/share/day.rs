//! A day whose calls are used up, because HubSpot refused a call for it (429 `DAILY`).
//!
//! HubSpot counts all private apps and keys of the account, so no call succeeds before the account's midnight. Until then
//! Keyway sends only one call from time to time, a probe. It shows whether HubSpot accepts calls again: the customer may have
//! bought an API limit increase.

use crate::quota::{Exceeded, Policy};

/// How long Keyway sends nothing before a probe, in milliseconds.
pub const PROBE_EVERY_MS: i64 = 15 * 60_000;

/// A day whose calls are used up before its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct DayOver {
    /// The account's midnight, in Unix time in milliseconds. Everything else is in milliseconds of the steady clock.
    pub ends: i64,
    /// When HubSpot last refused a call for the daily limit.
    pub refused_at: i64,
    /// The earliest moment of the next probe.
    pub probe_at: i64,
    /// Whether a probe waits in the line of all instances.
    pub probing: bool,
}

impl DayOver {
    /// HubSpot refused a call, and may have asked for a pause of this length.
    pub const fn new(ends: i64, refused_at: i64, asked_ms: Option<i64>) -> Self {
        let pause = match asked_ms {
            Some(asked) if asked > PROBE_EVERY_MS => asked,
            _ => PROBE_EVERY_MS,
        };
        Self { ends, refused_at, probe_at: refused_at.saturating_add(pause), probing: false }
    }

    /// Whether a probe may be sent now.
    pub const fn may_probe(&self, at: i64) -> bool {
        at >= self.probe_at && !self.probing
    }

    /// The limit for a call that is not sent, at this Unix time in milliseconds.
    pub const fn exceeded(&self, today: i64) -> Exceeded {
        Exceeded { policy: Policy::Daily, retry_after_ms: self.ends.saturating_sub(today) }
    }
}

/// What instances report to each other about the day, through the line. Ages and waits are in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DayReport {
    /// How long ago HubSpot last refused a call of this day.
    pub refused: Option<i64>,
    /// How long until the next probe.
    pub probe: i64,
    /// How long ago HubSpot accepted a probe.
    pub opened: Option<i64>,
}
