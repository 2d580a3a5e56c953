//! Sharing as a specification.

use proptest::prelude::*;

use super::*;

const LIMITS: Limits = Limits { burst: 10, associations_burst: 10, daily: 1_000_000, search: 5 };
const EQUAL: Terms = Terms { weight: 1, reserve: 0 };

fn midnight() -> Timestamp {
    Timestamp::from_ms(i64::MAX)
}

/// Both clocks, at this number of milliseconds.
fn at(ms: i64) -> Now {
    Now { steady: steady(ms), wall: Timestamp::from_ms(ms) }
}

fn steady(ms: i64) -> Moment {
    Moment::from_ms(ms)
}

/// When the place of a call that finished at 0 is free again.
const OPEN: i64 = BURST_MS + MARGIN_MS;

fn share() -> Share<u32> {
    Share::new(LIMITS, DailyCount::new(0, midnight()))
}

fn ask(share: &mut Share<u32>, app: u64, terms: Terms, ms: i64) -> Asked {
    share.ask(LimitClass::Standard, app, terms, at(ms), midnight)
}

fn granted(asked: Asked) -> Place {
    match asked {
        Asked::Granted(place, _) => place,
        other => panic!("{other:?}"),
    }
}

fn next(share: &mut Share<u32>, ms: i64) -> Next<u32> {
    share.next(at(ms), midnight, |_| false)
}

fn done(share: &mut Share<u32>, place: Place, ms: i64) {
    share.done(place, true, steady(ms));
}

/// Takes every place, and releases it at once.
fn fill(share: &mut Share<u32>, app: u64, at: i64) {
    for _ in 0..LIMITS.burst {
        let place = granted(ask(share, app, EQUAL, at));
        done(share, place, at);
    }
}

#[test]
fn a_place_counts_while_its_call_is_under_way_and_for_ten_seconds_after() {
    let mut share = share();
    let places: Vec<Place> = (0..10).map(|_| granted(ask(&mut share, 1, EQUAL, 0))).collect();
    // An hour later, all calls are still in progress.
    assert!(matches!(ask(&mut share, 1, EQUAL, 3_600_000), Asked::Full(_)));
    done(&mut share, places[0], 3_600_000);
    // One millisecond more, since moments are rounded down.
    assert!(matches!(ask(&mut share, 1, EQUAL, 3_610_000), Asked::Full(_)));
    granted(ask(&mut share, 1, EQUAL, 3_610_001));
}

#[test]
fn a_call_that_never_left_takes_no_place() {
    let mut share = share();
    for _ in 0..100 {
        let place = granted(ask(&mut share, 1, EQUAL, 0));
        share.done(place, false, steady(0));
    }
    assert_eq!(share.daily.used_now(), 0);
}

#[test]
fn apps_in_line_are_served_by_weight() {
    let mut share = share();
    fill(&mut share, 9, 0);
    let heavy = Terms { weight: 3, ..EQUAL };
    for ticket in 0..40 {
        share.wait(LimitClass::Standard, 1, EQUAL, ticket).unwrap();
        share.wait(LimitClass::Standard, 2, heavy, 100 + ticket).unwrap();
    }
    assert_eq!(next(&mut share, 1), Next::At(Some(steady(OPEN))));
    let mut served = [0; 2];
    for window in 1..5 {
        let at = window * OPEN;
        while let Next::Serve(ticket, place, _) = next(&mut share, at) {
            served[usize::from(ticket >= 100)] += 1;
            done(&mut share, place, at);
        }
    }
    assert_eq!(served, [10, 30]);
}

#[test]
fn nobody_overtakes_those_who_wait() {
    let mut share = share();
    fill(&mut share, 1, 0);
    share.wait(LimitClass::Standard, 1, EQUAL, 7).unwrap();
    // A place is free again, but another caller was first.
    assert!(matches!(ask(&mut share, 2, EQUAL, OPEN), Asked::Full(_)));
    assert!(matches!(next(&mut share, OPEN), Next::Serve(7, ..)));
    granted(ask(&mut share, 2, EQUAL, OPEN));
}

#[test]
fn who_was_away_gets_no_more_than_its_part_on_coming_back() {
    let mut share = share();
    fill(&mut share, 1, 0);
    for ticket in 0..30 {
        share.wait(LimitClass::Standard, 1, EQUAL, ticket).unwrap();
    }
    while let Next::Serve(_, place, _) = next(&mut share, OPEN) {
        done(&mut share, place, OPEN);
    }
    for ticket in 100..130 {
        share.wait(LimitClass::Standard, 2, EQUAL, ticket).unwrap();
    }
    let mut newcomer = 0;
    while let Next::Serve(ticket, place, _) = next(&mut share, 2 * OPEN) {
        newcomer += u32::from(ticket >= 100);
        done(&mut share, place, 2 * OPEN);
    }
    assert!((5..=6).contains(&newcomer), "{newcomer}");
}

#[test]
fn a_reserve_is_kept_while_its_app_is_silent() {
    let mut share = share();
    let reserving = Terms { weight: 1, reserve: 4 };
    share.set_reserves([(1, reserving), (2, EQUAL)].into_iter());
    for _ in 0..6 {
        granted(ask(&mut share, 2, EQUAL, 0));
    }
    assert!(matches!(ask(&mut share, 2, EQUAL, 0), Asked::Full(_)));
    for _ in 0..4 {
        granted(ask(&mut share, 1, reserving, 0));
    }
    assert!(matches!(ask(&mut share, 1, reserving, 0), Asked::Full(_)));
}

#[test]
fn a_reserve_that_was_taken_away_is_anybodys() {
    let mut share = share();
    share.set_reserves([(1, Terms { weight: 1, reserve: 4 })].into_iter());
    share.set_reserves([(1, EQUAL)].into_iter());
    for _ in 0..LIMITS.burst {
        granted(ask(&mut share, 2, EQUAL, 0));
    }
}

#[test]
fn calls_by_others_show_in_what_hubspot_says_is_left() {
    let mut share = share();
    let place = granted(ask(&mut share, 1, EQUAL, 0));
    share.told(place, Told { max: Some(8), remaining: Some(2), daily: Some(500), daily_remaining: Some(100) }, steady(5));
    done(&mut share, place, 5);
    // Other changes to the account leave the correction.
    share.set_limits(LIMITS);
    assert_eq!(share.limits().burst, 8);
    assert_eq!(share.daily.used_now(), 400);
    granted(ask(&mut share, 1, EQUAL, 6));
    granted(ask(&mut share, 2, EQUAL, 6));
    assert!(matches!(ask(&mut share, 1, EQUAL, 7), Asked::Full(_)));
}

#[test]
fn after_a_refusal_by_hubspot_one_call_tries_before_the_others() {
    let mut share = share();
    let (one, two) = (granted(ask(&mut share, 1, EQUAL, 0)), granted(ask(&mut share, 1, EQUAL, 0)));
    for place in [one, two] {
        share.refused(place, Policy::TenSecondlyRolling, None, at(10));
        done(&mut share, place, 10);
    }
    assert!(matches!(ask(&mut share, 1, EQUAL, 1_009), Asked::Full(_)));
    let probe = granted(ask(&mut share, 1, EQUAL, 1_010));
    assert!(matches!(ask(&mut share, 1, EQUAL, 1_010), Asked::Full(_)));
    // Refused again: the pause is twice as long.
    share.refused(probe, Policy::TenSecondlyRolling, None, at(1_020));
    done(&mut share, probe, 1_020);
    assert!(matches!(ask(&mut share, 1, EQUAL, 3_019), Asked::Full(_)));
    let probe = granted(ask(&mut share, 1, EQUAL, 3_020));
    share.told(probe, Told::default(), steady(3_030));
    granted(ask(&mut share, 1, EQUAL, 3_030));
}

#[test]
fn when_the_day_is_used_up_those_who_wait_are_told() {
    let mut share: Share<u32> = Share::new(Limits { daily: 11, ..LIMITS }, DailyCount::new(0, midnight()));
    fill(&mut share, 1, 0);
    share.wait(LimitClass::Standard, 1, EQUAL, 1).unwrap();
    share.wait(LimitClass::Standard, 1, EQUAL, 2).unwrap();
    assert!(matches!(next(&mut share, OPEN), Next::Serve(1, ..)));
    assert!(matches!(next(&mut share, OPEN), Next::Refuse(2, Exceeded { policy: Policy::Daily, .. })));
    assert!(matches!(ask(&mut share, 1, EQUAL, 30_000), Asked::Never(_)));
}

/// A share whose day ends an hour after the epoch, and whose only call so far HubSpot refused for the day.
fn used_up(ms: i64) -> Share<u32> {
    let mut share: Share<u32> = Share::new(LIMITS, DailyCount::new(0, Timestamp::from_ms(HOUR)));
    let place = granted(ask(&mut share, 1, EQUAL, ms));
    share.refused(place, Policy::Daily, None, at(ms));
    done(&mut share, place, ms);
    share
}

const HOUR: i64 = 3_600_000;

#[test]
fn after_a_refusal_for_the_day_nothing_is_sent_before_midnight_but_a_call_in_a_while() {
    let mut share = used_up(0);
    let never = |asked, at| assert_eq!(asked, Asked::Never(Exceeded { policy: Policy::Daily, retry_after_ms: HOUR - at }));
    for at in [0, 1, 60_000, PROBE_EVERY_MS - 1] {
        // The result is the same for every app, and no call waits.
        never(ask(&mut share, 1, EQUAL, at), at);
        never(ask(&mut share, 2, EQUAL, at), at);
    }
    let probe = granted(ask(&mut share, 2, EQUAL, PROBE_EVERY_MS));
    never(ask(&mut share, 1, EQUAL, PROBE_EVERY_MS), PROBE_EVERY_MS);
    share.refused(probe, Policy::Daily, None, at(PROBE_EVERY_MS + 50));
    done(&mut share, probe, PROBE_EVERY_MS + 50);
    never(ask(&mut share, 1, EQUAL, 2 * PROBE_EVERY_MS + 49), 2 * PROBE_EVERY_MS + 49);
    granted(ask(&mut share, 1, EQUAL, 2 * PROBE_EVERY_MS + 50));
    // The next day begins a new count.
    granted(ask(&mut share, 1, EQUAL, HOUR));
    granted(ask(&mut share, 2, EQUAL, HOUR));
    assert_eq!(share.day_is_over(at(HOUR)), None);
}

#[test]
fn a_call_in_a_while_that_hubspot_takes_opens_the_day_and_one_of_before_does_not() {
    let mut share = Share::new(LIMITS, DailyCount::new(0, Timestamp::from_ms(HOUR)));
    let (before, refused) = (granted(ask(&mut share, 1, EQUAL, 0)), granted(ask(&mut share, 2, EQUAL, 0)));
    share.refused(refused, Policy::Daily, None, at(1));
    share.passed(before, steady(2));
    assert!(matches!(ask(&mut share, 1, EQUAL, 3), Asked::Never(_)));
    assert_eq!(share.day_is_over(at(3)), Some((Timestamp::from_ms(1), Timestamp::from_ms(HOUR))));
    let probe = granted(ask(&mut share, 1, EQUAL, PROBE_EVERY_MS + 1));
    share.passed(probe, steady(PROBE_EVERY_MS + 2));
    granted(ask(&mut share, 2, EQUAL, PROBE_EVERY_MS + 3));
}

#[test]
fn a_refusal_for_a_day_that_has_ended_holds_nothing_up() {
    let mut share: Share<u32> = Share::new(LIMITS, DailyCount::new(0, Timestamp::from_ms(HOUR)));
    let place = granted(ask(&mut share, 1, EQUAL, HOUR - 1));
    share.refused(place, Policy::Daily, None, at(HOUR + 1));
    granted(ask(&mut share, 1, EQUAL, HOUR + 2));
}

#[test]
fn who_waits_when_hubspot_refuses_the_day_is_told_at_once() {
    let mut share = Share::new(LIMITS, DailyCount::new(0, Timestamp::from_ms(HOUR)));
    let place = granted(ask(&mut share, 1, EQUAL, 0));
    for _ in 1..LIMITS.burst {
        granted(ask(&mut share, 1, EQUAL, 0));
    }
    share.wait(LimitClass::Standard, 1, EQUAL, 7).unwrap();
    share.refused(place, Policy::Daily, None, at(5));
    let told = Exceeded { policy: Policy::Daily, retry_after_ms: HOUR - 6 };
    assert_eq!(next(&mut share, 6), Next::Refuse(7, told));
}

#[test]
fn instances_in_one_line_learn_of_the_day_from_each_other() {
    let mut one = used_up(0);
    let mut other: Share<u32> = Share::new(LIMITS, DailyCount::new(0, Timestamp::from_ms(HOUR)));
    one.share();
    other.share();
    let day = one.report(at(10), midnight, |_| false).day;
    assert_eq!(day, DayReport { refused: None, probe: PROBE_EVERY_MS - 10, opened: None }, "0 is never");
    let mut one = used_up(1);
    one.share();
    let day = one.report(at(11), midnight, |_| false).day;
    assert_eq!(day, DayReport { refused: Some(10), probe: PROBE_EVERY_MS - 10, opened: None });
    // The other instance learns of it, and refuses its calls at once.
    other.report(at(500), midnight, |_| false);
    other.day_elsewhere(Some((499, PROBE_EVERY_MS - 499)), HOUR, at(500));
    assert!(matches!(ask(&mut other, 3, EQUAL, 501), Asked::Never(_)));
    // A probe waits in the line; other calls in the meantime are refused.
    let then = PROBE_EVERY_MS + 1;
    assert!(matches!(ask(&mut other, 3, EQUAL, then), Asked::InLine(_)));
    other.wait(LimitClass::Standard, 3, EQUAL, 9).unwrap();
    assert!(matches!(ask(&mut other, 4, EQUAL, then), Asked::Never(_)));
    assert!(matches!(next(&mut other, then), Next::At(_)), "it is not refused while it waits");
    other.report(at(then), midnight, |_| false);
    let (ticket, probe, _) = other.given(0, 3).unwrap();
    assert_eq!(ticket, 9);
    other.passed(probe, steady(then + 5));
    assert_eq!(other.report(at(then + 6), midnight, |_| false).day, DayReport { refused: None, probe: 0, opened: Some(1) });
    // Then the first instance learns that the day is open.
    one.report(at(then + 7), midnight, |_| false);
    one.day_elsewhere(None, HOUR, at(then + 7));
    assert!(matches!(ask(&mut one, 1, EQUAL, then + 8), Asked::InLine(_)));
    // A probe that left the line makes room for another.
    let mut left = used_up(1);
    left.share();
    assert!(matches!(ask(&mut left, 1, EQUAL, then), Asked::InLine(_)));
    left.wait(LimitClass::Standard, 1, EQUAL, 1).unwrap();
    assert_eq!(left.next(at(then), midnight, |_| true), Next::Nobody);
    assert!(matches!(ask(&mut left, 2, EQUAL, then), Asked::InLine(_)));
}

#[test]
fn a_line_has_an_end_and_who_left_it_is_forgotten() {
    let mut share = share();
    fill(&mut share, 1, 0);
    for ticket in 0..WAITING_MAX as u32 {
        share.wait(LimitClass::Standard, 1, EQUAL, ticket).unwrap();
    }
    assert_eq!(share.wait(LimitClass::Standard, 1, EQUAL, 9), Err(9));
    let Next::Serve(ticket, ..) = share.next(at(OPEN), midnight, |ticket| *ticket < 900) else { panic!() };
    assert_eq!((ticket, share.waiting()), (900, 99));
}

#[test]
fn the_expected_wait_grows_with_the_line() {
    let mut share = share();
    fill(&mut share, 1, 0);
    let expected = |share: &mut Share<u32>, app| match ask(share, app, EQUAL, 1_000) {
        Asked::Full(exceeded) => exceeded.retry_after_ms,
        other => panic!("{other:?}"),
    };
    assert_eq!(expected(&mut share, 1), 9_001);
    for ticket in 0..10 {
        share.wait(LimitClass::Standard, 1, EQUAL, ticket).unwrap();
    }
    assert_eq!(expected(&mut share, 1), 19_002);
    // Another app need not wait for all calls of the first.
    assert_eq!(expected(&mut share, 2), 9_001);
}

#[test]
fn instances_divide_the_limits_and_take_over_from_each_other_late() {
    let mut share = share();
    share.set_parts(3, steady(0));
    for _ in 0..3 {
        granted(ask(&mut share, 1, EQUAL, 0));
    }
    assert!(matches!(ask(&mut share, 1, EQUAL, 0), Asked::Full(_)));
    // One instance has left; HubSpot still counts the calls that it sent.
    share.set_parts(2, steady(100));
    share.set_parts(2, steady(100 + SETTLED_MS - 1));
    assert!(matches!(ask(&mut share, 1, EQUAL, SETTLED_MS), Asked::Full(_)));
    share.set_parts(2, steady(100 + SETTLED_MS));
    granted(ask(&mut share, 1, EQUAL, 100 + SETTLED_MS));
    // Instances join: this one has less at once, and the new ones have nothing yet.
    share.set_parts(10, steady(100_000));
    assert!(matches!(ask(&mut share, 1, EQUAL, 100_000), Asked::Full(_)));
    let mut new: Share<u32> = Share::new(LIMITS, DailyCount::new(0, midnight()));
    new.join(steady(0));
    assert!(matches!(ask(&mut new, 1, EQUAL, SETTLED_MS - 1), Asked::Full(_)));
    granted(ask(&mut new, 1, EQUAL, SETTLED_MS));
}

#[test]
fn no_place_comes_free_sooner_or_later_because_somebody_sets_the_clock() {
    for step in [HOUR, -HOUR, 24 * HOUR, 365 * 24 * HOUR, -365 * 24 * HOUR] {
        let now = |ms, step| Now { steady: steady(ms), wall: Timestamp::from_ms(400 * 24 * HOUR + ms + step) };
        let mut share = share();
        fill(&mut share, 1, 0);
        share.wait(LimitClass::Standard, 1, EQUAL, 7).unwrap();
        assert_eq!(share.next(now(100, step), midnight, |_| false), Next::At(Some(steady(OPEN))));
        let Next::Serve(7, place, _) = share.next(now(OPEN, step), midnight, |_| false) else { panic!("{step}") };
        // A pause that HubSpot asked for has the same effect.
        share.refused(place, Policy::TenSecondlyRolling, Some(2_000), now(OPEN, 0));
        share.done(place, true, steady(OPEN));
        assert!(matches!(share.ask(LimitClass::Standard, 1, EQUAL, now(OPEN + 1_999, step), midnight), Asked::Full(_)));
        granted(share.ask(LimitClass::Standard, 1, EQUAL, now(OPEN + 2_000, step), midnight));
    }
}

#[test]
fn a_day_that_hubspot_refused_under_a_clock_a_year_ahead_ends_at_the_next_midnight() {
    const DAY: i64 = 24 * HOUR;
    let ahead = |ms| Now { steady: steady(ms), wall: Timestamp::from_ms(365 * DAY + ms) };
    let mut share: Share<u32> = Share::new(LIMITS, DailyCount::new(0, Timestamp::from_ms(0)));
    let place = granted(share.ask(LimitClass::Standard, 1, EQUAL, ahead(0), || Timestamp::from_ms(366 * DAY)));
    share.refused(place, Policy::Daily, None, ahead(1));
    share.done(place, true, steady(1));
    let first = share.ask(LimitClass::Standard, 1, EQUAL, at(10), || Timestamp::from_ms(DAY));
    assert_eq!(first, Asked::Never(Exceeded { policy: Policy::Daily, retry_after_ms: DAY - 10 }));
    granted(share.ask(LimitClass::Standard, 1, EQUAL, at(DAY), || Timestamp::from_ms(2 * DAY)));
}

proptest! {
    /// HubSpot counts each call at some moment between its sending and its answer. Whatever these moments are, no ten seconds at
    /// HubSpot contain more calls than its limit, and no window is idle while a call waits.
    #[test]
    fn hubspot_never_sees_more_than_its_limit(
        steps in proptest::collection::vec((0i64..700, 1u64..4, 0i64..900, 0.0f64..1.0), 1..400),
    ) {
        let mut share = share();
        let mut arrivals: Vec<i64> = Vec::new();
        let mut under_way: Vec<(i64, Place)> = Vec::new();
        let mut at = 0;
        for (number, (step, app, latency, when)) in steps.into_iter().enumerate() {
            at += step;
            under_way.sort_by_key(|(end, _)| *end);
            while under_way.first().is_some_and(|(end, _)| *end <= at) {
                let (end, place) = under_way.remove(0);
                done(&mut share, place, end);
            }
            let mut send = |place: Place, under_way: &mut Vec<(i64, Place)>| {
                arrivals.push(at + (latency as f64 * when) as i64);
                under_way.push((at + latency, place));
            };
            match ask(&mut share, app, EQUAL, at) {
                Asked::Granted(place, _) => send(place, &mut under_way),
                _ => share.wait(LimitClass::Standard, app, EQUAL, number as u32).unwrap(),
            }
            while let Next::Serve(_, place, _) = next(&mut share, at) {
                send(place, &mut under_way);
            }
        }
        arrivals.sort_unstable();
        for window in arrivals.windows(LIMITS.burst as usize + 1) {
            prop_assert!(window[LIMITS.burst as usize] - window[0] >= BURST_MS);
        }
    }

    /// However many calls each app sends, every app with waiting calls gets its part over a long time.
    #[test]
    fn no_app_with_calls_in_line_gets_less_than_its_part(weights in proptest::collection::vec(1u32..5, 2..6)) {
        let mut share = share();
        fill(&mut share, 99, 0);
        for (app, weight) in weights.iter().enumerate() {
            for _ in 0..500 {
                share.wait(LimitClass::Standard, app as u64 + 1, Terms { weight: *weight, reserve: 0 }, app as u32).unwrap();
            }
        }
        let mut served = vec![0_u32; weights.len()];
        for window in 1..=20 {
            while let Next::Serve(app, place, _) = next(&mut share, window * OPEN) {
                served[app as usize] += 1;
                done(&mut share, place, window * OPEN);
            }
        }
        let (all, total) = (weights.iter().sum::<u32>(), served.iter().sum::<u32>());
        prop_assert_eq!(total, 200);
        for (weight, served) in weights.iter().zip(&served) {
            prop_assert!(served + 1 >= total * weight / all, "{:?} {:?}", weights, served);
        }
    }
}
