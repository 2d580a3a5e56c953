//! One line for several instances: what each reports of itself, and what it is given.
//!
//! A report is the whole of what an instance holds and wants, never a difference, so that one which
//! is lost or comes twice changes nothing. Who keeps the line adds the reports up, applies the rules
//! of [`Share`] to the sum and says which of this instance's calls have a place.

use crate::quota::DailyCount;
use crate::time::{Moment, Now, Timestamp};

use super::day::{DayOver, DayReport};
use super::{Allowance, CLASSES, PROBE_EVERY_MS, Place, SETTLED_MS, Share};

/// Moments of finished calls are told in steps of so many milliseconds.
const STEP_MS: i64 = 50;

/// What one instance holds and wants of an account's limits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// By lane: the burst, that of associations, and search.
    pub lanes: [LaneReport; 3],
    /// Apps with a reserve of the burst, and how large it is.
    pub reserves: Vec<(u64, u32)>,
    /// Calls of the day, as far as this instance knows.
    pub daily: u64,
    /// When the day ends, in milliseconds since the epoch.
    pub daily_resets_at: i64,
    /// Calls a day.
    pub daily_max: u64,
    /// Whether HubSpot says that they are used up.
    pub day: DayReport,
}

/// One limit of a [`Report`]. Ages are in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LaneReport {
    /// Calls for each interval, of all instances together.
    pub max: u32,
    /// The interval in milliseconds.
    pub interval: i64,
    /// Calls under way, by app.
    pub under_way: Vec<(u64, u32)>,
    /// Calls that still count: how long ago their answers began, the app, how many.
    pub finished: Vec<(i64, u64, u32)>,
    /// Calls that wait: the app, how many, its weight.
    pub waiting: Vec<(u64, u32, u32)>,
    /// How much longer HubSpot wants no call.
    pub pause: i64,
    /// How long ago HubSpot last refused a call.
    pub refused: Option<i64>,
    /// How long ago it last let one through.
    pub passed: Option<i64>,
    /// How long ago an answer showed so many calls that this instance did not make.
    pub not_mine: Option<(i64, u32)>,
}

impl<T> Share<T> {
    /// From now on places come from the line of all instances.
    pub fn share(&mut self) {
        self.shared = true;
        self.divide();
    }

    /// The line can't be reached since that moment: this instance's part of the limits must do,
    /// after a pause in which what the others got from the line leaves HubSpot's windows.
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

    /// Calls of the day that others have made too, as counted where all are recorded.
    pub fn restore_daily(&mut self, used: u64, resets_at: Timestamp) {
        self.daily = DailyCount::new(used, resets_at);
        self.known_daily = (used, resets_at.as_ms());
    }

    /// What this instance holds and wants. Calls that have been given up are left out.
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

    /// The line gave an app a place: the call that has it. None where all of the app's have left.
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

    /// What the line knows of the others: their places in each lane, and everybody's calls of the
    /// day that ends at this moment.
    pub fn others(&mut self, elsewhere: [u32; 3], daily: u64, daily_resets_at: i64) {
        self.lanes.iter_mut().zip(elsewhere).for_each(|(lane, elsewhere)| lane.elsewhere = elsewhere);
        if daily_resets_at == self.daily.resets_at().as_ms() {
            self.daily.at_least(daily);
            self.known_daily = (self.daily.used_now(), daily_resets_at);
        }
    }

    /// What the line knows of the day that ends at this moment: how long ago HubSpot refused a call
    /// for it and how long until one may try; none where the day is open.
    pub fn day_elsewhere(&mut self, over: Option<(i64, i64)>, daily_resets_at: i64, now: Now) {
        let at = now.steady.as_ms();
        let ends = self.daily.resets_at().as_ms();
        match over.filter(|_| daily_resets_at == ends && now.wall.as_ms() < ends) {
            Some((refused, probe)) => {
                let probing = self.day_over.is_some_and(|over| over.probing);
                self.day_over = Some(DayOver { ends, refused_at: at - refused, probe_at: at.saturating_add(probe), probing });
            }
            // What this instance learned since it reported, the line does not know yet.
            None => self.day_over = self.day_over.filter(|over| over.refused_at >= self.reported_at),
        }
    }

    /// Takes those out of a lane that are not to wait any longer.
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

    /// Whether this instance holds or wants anything.
    pub fn is_idle(&self) -> bool {
        self.lanes.iter().all(|lane| lane.waiting == 0 && lane.used() == 0)
    }
}
