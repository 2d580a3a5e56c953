//! One line for several instances: the report of each, and the places that each gets.
//!
//! A report is the whole state of an instance, never a difference. So a report that is lost or repeated does no harm. The
//! keeper of the line adds the reports up, applies the rules of [`Share`] to the sum, and decides which of this instance's
//! calls get a place.

use crate::quota::DailyCount;
use crate::time::{Moment, Now, Timestamp};

use super::day::{DayOver, DayReport};
use super::{Allowance, CLASSES, PROBE_EVERY_MS, Place, SETTLED_MS, Share};

/// Reports round the moments of finished calls to this step, in milliseconds.
const STEP_MS: i64 = 50;

/// The places that one instance has and needs, of an account's limits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// By lane: the burst, the burst of associations, and search.
    pub lanes: [LaneReport; 3],
    /// Apps with a reserve of the burst, and its size.
    pub reserves: Vec<(u64, u32)>,
    /// Calls of the day, as far as this instance knows.
    pub daily: u64,
    /// The end of the day, in milliseconds since the epoch.
    pub daily_resets_at: i64,
    /// The daily limit.
    pub daily_max: u64,
    /// Whether HubSpot has refused calls for the daily limit.
    pub day: DayReport,
}

/// One limit of a [`Report`]. Ages are in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LaneReport {
    /// Calls in each interval, for all instances together.
    pub max: u32,
    /// The interval in milliseconds.
    pub interval: i64,
    /// Calls in progress, by app.
    pub under_way: Vec<(u64, u32)>,
    /// Finished calls that still count: the age of their answers, the app, the number.
    pub finished: Vec<(i64, u64, u32)>,
    /// Waiting calls: the app, the number, the weight of the app.
    pub waiting: Vec<(u64, u32, u32)>,
    /// The rest of a pause that HubSpot asked for.
    pub pause: i64,
    /// How long ago HubSpot last refused a call.
    pub refused: Option<i64>,
    /// How long ago HubSpot last accepted a call.
    pub passed: Option<i64>,
    /// How long ago an answer showed calls that this instance did not make, and how many.
    pub not_mine: Option<(i64, u32)>,
}

impl<T> Share<T> {
    /// From now on, places come from the line of all instances.
    pub fn share(&mut self) {
        self.shared = true;
        self.divide();
    }

    /// The line has been unreachable since that moment. This instance uses its part of the limits, after a pause in which the
    /// calls that other instances got from the line leave HubSpot's windows.
    pub fn part_with_line(&mut self, since: Moment) {
        (self.shared, self.hopeful) = (false, true);
        self.held_until = self.held_until.max(since.as_ms() + SETTLED_MS);
        self.lanes.iter_mut().for_each(|lane| lane.elsewhere = 0);
        self.divide();
    }

    /// Whether places come from the line of all instances.
    pub const fn is_shared(&self) -> bool {
        self.shared
    }

    /// Calls of the day, those of other instances included, from the records of all instances.
    pub fn restore_daily(&mut self, used: u64, resets_at: Timestamp) {
        self.daily = DailyCount::new(used, resets_at);
        self.known_daily = (used, resets_at.as_ms());
    }

    /// The places that this instance has and needs. Abandoned calls are left out.
    pub fn report(&mut self, now: Now, next_midnight: impl FnOnce() -> Timestamp, gone: impl Fn(&T) -> bool) -> Report {
        let at = now.steady.as_ms();
        let daily = self.daily.used(now.wall.as_ms(), next_midnight);
        self.day_over(now.wall);
        self.reported_at = at;
        let age = |moment: i64| (moment > 0).then(|| (at - moment).max(0));
        let lanes = std::array::from_fn(|number| {
            let lane = &mut self.lanes[number];
            lane.forget(&gone);
            lane.expire(at);
            let mut finished: Vec<(i64, u64, u32)> = Vec::new();
            for (moment, app) in &lane.finished {
                let age = (at - moment).max(0) / STEP_MS * STEP_MS;
                match finished.iter_mut().rev().take_while(|(other, ..)| *other == age).find(|(_, other, _)| other == app) {
                    Some((.., count)) => *count += 1,
                    None => finished.push((age, *app, 1)),
                }
            }
            let counted = |app: u64| finished.iter().filter(|(_, other, _)| *other == app).map(|(.., count)| count).sum::<u32>();
            let under_way = lane.apps.iter().map(|(app, member)| (*app, member.used.saturating_sub(counted(*app))));
            let under_way: Vec<_> = under_way.filter(|(_, count)| *count > 0).collect();
            let waiting = lane.apps.iter().filter(|(_, member)| !member.waiting.is_empty());
            let waiting = waiting.map(|(app, member)| (*app, u32::try_from(member.waiting.len()).unwrap_or(u32::MAX), member.terms.weight));
            LaneReport {
                max: lane.max,
                interval: lane.interval_ms,
                under_way,
                waiting: waiting.collect(),
                finished,
                pause: (lane.paused_until - at).max(0),
                refused: age(lane.refused_at),
                passed: age(lane.passed_at),
                not_mine: lane.not_mine.take().map(|(moment, count)| ((at - moment).max(0), count)),
            }
        });
        let reserves = self.lanes[0].apps.iter().filter(|(_, member)| member.terms.reserve > 0);
        let reserves = reserves.map(|(app, member)| (*app, member.terms.reserve)).collect();
        let day = DayReport {
            refused: self.day_over.and_then(|over| age(over.refused_at)),
            probe: self.day_over.map_or(0, |over| (over.probe_at - at).max(0)),
            opened: age(self.day_opened_at),
        };
        Report { lanes, reserves, daily, daily_resets_at: self.daily.resets_at().as_ms(), daily_max: self.limits.daily, day }
    }

    /// The line gave an app a place. Returns the call that gets it; none where all of the app's calls have left.
    pub fn given(&mut self, lane: usize, app: u64) -> Option<(T, Place, Allowance)> {
        let ticket = self.lanes.get_mut(lane)?.apps.get_mut(&app)?.waiting.pop_front()?;
        let lanes = &mut self.lanes[lane];
        lanes.waiting -= 1;
        lanes.take(app);
        self.daily.take();
        let probe = self.day_over.is_some();
        if let Some(over) = &mut self.day_over {
            (over.probing, over.probe_at) = (false, self.reported_at.saturating_add(PROBE_EVERY_MS));
        }
        Some((ticket, Place { app, class: CLASSES[lane], probe }, self.allowance(lane)))
    }

    /// The line's figures for the other instances: their places in each lane, and all calls of the day that ends at this moment.
    pub fn others(&mut self, elsewhere: [u32; 3], daily: u64, daily_resets_at: i64) {
        self.lanes.iter_mut().zip(elsewhere).for_each(|(lane, elsewhere)| lane.elsewhere = elsewhere);
        if daily_resets_at == self.daily.resets_at().as_ms() {
            self.daily.at_least(daily);
            self.known_daily = (self.daily.used_now(), daily_resets_at);
        }
    }

    /// The line's figures for the day that ends at this moment: how long ago HubSpot refused a call for it, and how long until the
    /// next probe; none where the day is open.
    pub fn day_elsewhere(&mut self, over: Option<(i64, i64)>, daily_resets_at: i64, now: Now) {
        let at = now.steady.as_ms();
        let ends = self.daily.resets_at().as_ms();
        match over.filter(|_| daily_resets_at == ends && now.wall.as_ms() < ends) {
            Some((refused, probe)) => {
                let probing = self.day_over.is_some_and(|over| over.probing);
                self.day_over = Some(DayOver { ends, refused_at: at - refused, probe_at: at.saturating_add(probe), probing });
            }
            // A refusal after this instance's last report is not yet known to the line.
            None => self.day_over = self.day_over.filter(|over| over.refused_at >= self.reported_at),
        }
    }

    /// Removes calls from a lane that should not wait any longer.
    pub fn give_up(&mut self, lane: usize, hopeless: impl Fn(&T) -> bool) -> Vec<T> {
        let lane = &mut self.lanes[lane];
        let mut out = Vec::new();
        for member in lane.apps.values_mut() {
            let (gone, stay): (Vec<T>, Vec<T>) = member.waiting.drain(..).partition(&hopeless);
            member.waiting = stay.into();
            out.extend(gone);
        }
        lane.waiting -= out.len();
        out
    }

    /// Whether this instance has no places and needs none.
    pub fn is_idle(&self) -> bool {
        self.lanes.iter().all(|lane| lane.waiting == 0 && lane.used() == 0)
    }
}
