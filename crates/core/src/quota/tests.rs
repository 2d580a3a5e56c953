use super::*;
use crate::time::Moment;
use proptest::prelude::*;

const FREE: Limits = Limits { burst: 100, associations_burst: 100, daily: 250_000, search: 5 };
const MIDNIGHT: Timestamp = Timestamp::from_ms(86_400_000);

/// Both clocks, at this number of milliseconds.
fn now(ms: i64) -> Now {
    Now { steady: Moment::from_ms(ms), wall: Timestamp::from_ms(ms) }
}

struct Account(AppUsage, AccountUsage, Limits);

impl Account {
    fn new(limits: Limits) -> Self {
        Self(AppUsage::default(), AccountUsage::new(DailyCount::new(0, MIDNIGHT)), limits)
    }

    fn call(&mut self, class: LimitClass, at: i64) -> Result<Allowance, Exceeded> {
        admit(class, &self.2, &mut self.0, &mut self.1, now(at), || MIDNIGHT.plus_ms(86_400_000))
    }
}

#[test]
fn the_hundred_and_first_call_in_ten_seconds_is_refused() {
    let mut account = Account::new(FREE);
    for at in 0..100 {
        assert_eq!(account.call(LimitClass::Standard, at).unwrap().remaining, 99 - at as u32);
    }
    let refused = account.call(LimitClass::Standard, 100).unwrap_err();
    assert_eq!(refused, Exceeded { policy: Policy::TenSecondlyRolling, retry_after_ms: 9_900 });
    assert!(account.call(LimitClass::Standard, 9_999).is_err());
    assert!(account.call(LimitClass::Standard, 10_000).is_ok());
    assert!(account.call(LimitClass::Standard, 10_000).is_err());
}

#[test]
fn the_sixth_search_in_a_second_is_refused_and_does_not_count_as_burst() {
    let mut account = Account::new(FREE);
    assert!((0..5).all(|at| account.call(LimitClass::Search, at).is_ok()));
    assert_eq!(account.call(LimitClass::Search, 5).unwrap_err().policy, Policy::Secondly);
    assert_eq!(account.call(LimitClass::Standard, 5).unwrap().remaining, 99);
    assert!(account.call(LimitClass::Search, 1_000).is_ok());
}

#[test]
fn a_call_without_limits_counts_in_the_day_and_is_never_refused() {
    let mut account = Account::new(Limits { burst: 2, daily: 3, ..FREE });
    for at in 0..5 {
        let Account(_, usage, limits) = &mut account;
        assert_eq!(count(limits, usage, now(at), || MIDNIGHT).remaining, 2);
    }
    assert_eq!(account.1.daily.used_now(), 5);
    assert_eq!(account.call(LimitClass::Standard, 5).unwrap_err().policy, Policy::Daily);
}

#[test]
fn associations_have_a_burst_of_their_own() {
    let mut account = Account::new(Limits::for_tier(Tier::Professional, 0));
    assert_eq!(account.call(LimitClass::Associations, 0).unwrap().max, 150);
    assert_eq!(
        account.call(LimitClass::Standard, 0).unwrap(),
        Allowance { max: 190, remaining: 189, daily: 625_000, daily_remaining: 624_998 }
    );
}

#[test]
fn the_day_starts_again_at_midnight() {
    let mut account = Account::new(Limits { daily: 2, ..FREE });
    assert!(account.call(LimitClass::Standard, 0).is_ok());
    assert!(account.call(LimitClass::Search, 0).is_ok());
    let refused = account.call(LimitClass::Standard, 1).unwrap_err();
    assert_eq!(refused, Exceeded { policy: Policy::Daily, retry_after_ms: 86_399_999 });
    assert!(account.call(LimitClass::Standard, 86_400_000).is_ok());
}

#[test]
fn a_window_does_not_follow_a_clock_that_is_set() {
    for step in [3_600_000, -3_600_000] {
        let mut account = Account::new(Limits { burst: 2, ..FREE });
        let mut call = |steady, wall| {
            let now = Now { steady: Moment::from_ms(steady), wall: Timestamp::from_ms(wall) };
            admit(LimitClass::Standard, &account.2, &mut account.0, &mut account.1, now, || MIDNIGHT)
        };
        assert!(call(0, 40_000_000).is_ok() && call(1, 40_000_001).is_ok());
        assert_eq!(call(2, 40_000_002 + step).unwrap_err().retry_after_ms, 9_998);
        assert!(call(10_000, 40_010_000 + step).is_ok());
    }
}

#[test]
fn a_day_that_began_under_a_clock_a_year_ahead_ends_at_the_next_midnight() {
    const YEAR: i64 = 365 * 86_400_000;
    let mut day = DailyCount::new(0, Timestamp::from_ms(0));
    day.used(YEAR, || MIDNIGHT.plus_ms(YEAR));
    day.take();
    assert_eq!(day.used(1_000, || MIDNIGHT), 1, "what was called counts");
    assert_eq!(day.resets_at(), MIDNIGHT);
    assert_eq!(day.used(MIDNIGHT.as_ms(), || MIDNIGHT.plus_ms(86_400_000)), 0);
}

#[test]
fn tiers_have_hubspots_numbers() {
    let check = |tier, addons, burst, daily| {
        let limits = Limits::for_tier(tier, addons);
        assert_eq!((limits.burst, limits.daily), (burst, daily), "{tier} {addons}");
    };
    check(Tier::Free, 0, 100, 250_000);
    check(Tier::Starter, 0, 100, 250_000);
    check(Tier::Professional, 0, 190, 625_000);
    check(Tier::Enterprise, 0, 190, 1_000_000);
    check(Tier::Enterprise, 2, 250, 3_000_000);
    check(Tier::Enterprise, 9, 250, 3_000_000);
}

proptest! {
    #[test]
    fn no_ten_seconds_ever_hold_more_than_the_burst(steps in proptest::collection::vec(0i64..400, 1..600), burst in 1u32..30) {
        let mut account = Account::new(Limits { burst, ..FREE });
        let mut at = 0;
        let mut passed: Vec<i64> = Vec::new();
        for step in steps {
            at += step;
            match account.call(LimitClass::Standard, at) {
                Ok(_) => passed.push(at),
                Err(refused) => {
                    let recent = passed.iter().filter(|call| **call > at - BURST_MS).count();
                    prop_assert_eq!(recent, burst as usize, "refused with room left");
                    prop_assert!(refused.retry_after_ms > 0);
                }
            }
        }
        for window in passed.windows(burst as usize + 1) {
            prop_assert!(window[burst as usize] - window[0] >= BURST_MS);
        }
    }
}
