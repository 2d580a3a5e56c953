//! The day whose calls are used up, because HubSpot said so (429 `DAILY`).
//!
//! HubSpot counts all private apps and keys of the account, so nobody's call passes before the
//! account's midnight. Nothing is sent until then but one call in a while, which shows whether
//! HubSpot takes calls again: an API limit increase may have been bought.

use crate::quota::{Exceeded, Policy};

/// How long nothing is sent before one call may try again, in milliseconds.
pub const PROBE_EVERY_MS: i64 = 15 * 60_000;

/// A day that is over before its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct DayOver {
    /// The account's midnight, in Unix time in milliseconds. Everything else is in milliseconds of the steady clock.
    pub ends: i64,
    /// When HubSpot last refused a call for it.
    pub refused_at: i64,
    /// From when on one call may try.
    pub probe_at: i64,
    /// That call waits in the line of all instances.
    pub probing: bool,
}

impl DayOver {
    /// HubSpot refused a call, and asked for so long a pause, if for any.
    pub const fn new(ends: i64, refused_at: i64, asked_ms: Option<i64>) -> Self {
        let pause = match asked_ms {
            Some(asked) if asked > PROBE_EVERY_MS => asked,
            _ => PROBE_EVERY_MS,
        };
        Self { ends, refused_at, probe_at: refused_at.saturating_add(pause), probing: false }
    }

    /// Whether one call may try now.
    pub const fn may_probe(&self, at: i64) -> bool {
        at >= self.probe_at && !self.probing
    }

    /// What a call that is not sent is told, at this Unix time in milliseconds.
    pub const fn exceeded(&self, today: i64) -> Exceeded {
        Exceeded { policy: Policy::Daily, retry_after_ms: self.ends.saturating_sub(today) }
    }
}

/// What instances tell each other of the day, through the line. Ages and waits are in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DayReport {
    /// How long ago HubSpot last refused a call of this day.
    pub refused: Option<i64>,
    /// How long until one call may try.
    pub probe: i64,
    /// How long ago HubSpot took such a call.
    pub opened: Option<i64>,
}
