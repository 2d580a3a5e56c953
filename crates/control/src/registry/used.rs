//! What has been used: limits, tokens, and object types beside the path.

use std::sync::atomic::Ordering;

use keyway_core::beside::Beside;
use keyway_core::quota::{AccountUsage, AppUsage, DailyCount, Limits};
use keyway_core::time::{Now, Timestamp};

use super::entries::{Counts, LastUse};
use super::{Map, Registry};
use crate::clock;
use crate::sync::locked;

/// The use of an account's limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Calls of the day.
    pub used_today: u64,
    /// What it may do, as HubSpot has corrected it.
    pub limits: Limits,
    /// Calls that wait for their turn.
    pub waiting: usize,
    /// When the count of the day starts again.
    pub resets_at: Timestamp,
    /// Since when HubSpot refuses calls because those of the day are used up.
    pub day_over_since: Option<Timestamp>,
}

impl Registry {
    /// The tokens whose last use the store does not know yet, with its moment.
    pub fn fresh_last_used(&self) -> Vec<(u64, Timestamp)> {
        let snapshot = self.snapshot.load();
        let fresh = snapshot.all_tokens().filter_map(|entry| {
            let used = entry.last_used_ms.used_ms.load(Ordering::Relaxed);
            let stored = entry.last_used_ms.stored_ms.load(Ordering::Relaxed);
            (used > stored).then(|| (entry.token.id, Timestamp::from_ms(used)))
        });
        fresh.collect()
    }

    /// The store knows these now.
    pub fn last_used_is_stored(&self, used: &[(u64, Timestamp)]) {
        let used: Map<u64, i64> = used.iter().map(|(token_id, at)| (*token_id, at.as_ms())).collect();
        for entry in self.snapshot.load().all_tokens() {
            if let Some(at) = used.get(&entry.token.id) {
                entry.last_used_ms.stored_ms.fetch_max(*at, Ordering::Relaxed);
            }
        }
    }

    /// The object types that calls of apps reached beside their paths, and that the store does not know yet.
    pub fn fresh_reached(&self) -> Vec<(u64, Beside)> {
        let snapshot = self.snapshot.load();
        let fresh = snapshot.all_tokens().filter_map(|entry| {
            let LastUse { reached, reached_stored, .. } = &*entry.last_used_ms;
            let bits = [0, 1].map(|at| reached[at].load(Ordering::Relaxed) & !reached_stored[at].load(Ordering::Relaxed));
            (bits != [0, 0]).then(|| (entry.app.app.id, Beside::of_bits(bits)))
        });
        fresh.collect()
    }

    /// The store knows these now.
    pub fn reached_is_stored(&self, stored: &[(u64, Beside)]) {
        let mut by_app: Map<u64, [u64; 2]> = Map::default();
        for (app_id, reached) in stored {
            let bits = by_app.entry(*app_id).or_default();
            bits.iter_mut().zip(reached.bits()).for_each(|(bits, more)| *bits |= more);
        }
        for entry in self.snapshot.load().all_tokens() {
            if let Some(bits) = by_app.get(&entry.app.app.id) {
                for (stored, bits) in entry.last_used_ms.reached_stored.iter().zip(bits) {
                    stored.fetch_or(*bits, Ordering::Relaxed);
                }
            }
        }
    }

    /// The use of an account's limits.
    pub fn standing(&self, hub_id: u64, now: Now) -> Option<Standing> {
        let snapshot = self.snapshot.load();
        let entry = snapshot.accounts.get(&hub_id)?;
        let (limits, waiting) = entry.limiter().map_or((entry.limits, 0), |limiter| limiter.standing());
        let (used_today, resets_at) = entry.daily(now.wall);
        let day_over_since = entry.limiter().and_then(|limiter| limiter.day_is_over(now));
        Some(Standing { used_today, limits, waiting, resets_at, day_over_since })
    }

    /// The accounts with the midnight that began their day.
    pub fn days(&self, now: Timestamp) -> Vec<(u64, Timestamp)> {
        self.snapshot.load().accounts.values().map(|entry| (entry.account.hub_id, clock::last_midnight(&entry.zone, now))).collect()
    }

    /// When the day of an account began.
    pub fn day_began(&self, hub_id: u64, now: Timestamp) -> Option<Timestamp> {
        self.snapshot.load().accounts.get(&hub_id).map(|entry| clock::last_midnight(&entry.zone, now))
    }

    /// Counts an embedded account's calls from nothing again.
    pub fn forget_use(&self, hub_id: u64) {
        let snapshot = self.snapshot.load();
        let Some(Counts::Embedded(usage)) = snapshot.accounts.get(&hub_id).map(|entry| &entry.counts) else { return };
        *locked(usage) = AccountUsage::new(DailyCount::new(0, Timestamp::from_ms(0)));
        for app in snapshot.apps.values().filter(|entry| entry.app.hub_id == hub_id) {
            *locked(&app.usage) = AppUsage::default();
        }
    }

    /// Sets the count of the day, after a restart.
    pub fn restore_daily(&self, hub_id: u64, used: u64, now: Timestamp) {
        if let Some(entry) = self.snapshot.load().accounts.get(&hub_id) {
            match &entry.counts {
                Counts::Embedded(usage) => locked(usage).daily = DailyCount::new(used, clock::next_midnight(&entry.zone, now)),
                Counts::Connected(limiter) => limiter.restore_daily(used, now),
            }
        }
    }
}
