//! Limits that several instances divide, where they do not share a line.

use crate::quota::BURST_MS;
use crate::time::Moment;

use super::{MARGIN_MS, Share};

/// How long a change in the number of instances takes, in milliseconds. The other instances notice it within five seconds,
/// and calls that they sent before are in HubSpot's windows for ten more.
pub const SETTLED_MS: i64 = 5_000 + BURST_MS + MARGIN_MS;

impl<T> Share<T> {
    /// Divides the limits among this many instances, this one included, so that each may send without asking the others. More
    /// instances count at once; fewer only after the calls of the others have left HubSpot's windows.
    pub fn set_parts(&mut self, parts: u32, now: Moment) {
        let parts = parts.max(1);
        if parts >= self.parts {
            self.fewer_since = None;
        } else if now.as_ms() - *self.fewer_since.get_or_insert(now.as_ms()) < SETTLED_MS {
            return;
        }
        if parts != self.parts {
            self.parts = parts;
            self.divide();
        }
    }

    /// Holds all calls until the other instances must know of this one.
    pub fn join(&mut self, now: Moment) {
        self.held_until = self.held_until.max(now.as_ms() + SETTLED_MS);
    }

    pub(super) fn divide(&mut self) {
        let maxima = [self.limits.burst, self.limits.associations_burst, self.limits.search];
        let divisor = self.divisor();
        self.lanes.iter_mut().zip(maxima).for_each(|(lane, max)| lane.max = max / divisor);
    }

    /// The divisor of the limits now. A shared line has the whole limits.
    pub(super) const fn divisor(&self) -> u32 {
        if self.shared { 1 } else { self.parts }
    }
}
