//! The script against a real Redis, whose URL is in `KEYWAY_TEST_REDIS`; without one these tests do nothing.

use std::sync::atomic::AtomicU64;

use keyway_core::share::{DayReport, LaneReport};

use super::*;

const RESETS: i64 = 4_000_000_000_000;

/// Instances of an installation that no other test knows.
async fn instances<const N: usize>(all: u32) -> Option<[Line; N]> {
    static TESTS: AtomicU64 = AtomicU64::new(0);
    let url = std::env::var("KEYWAY_TEST_REDIS").ok()?;
    let prefix = format!("keyway-test:{}:{}", std::process::id(), TESTS.fetch_add(1, Ordering::Relaxed));
    let lines = std::array::from_fn(|_| Line::new(&url, &prefix).unwrap());
    for line in &lines {
        line.share_among(all);
        line.beat().await;
        assert_eq!(line.away_since(), None, "Redis does not answer");
    }
    Some(lines)
}

/// A report of the burst alone.
fn report(max: u32, burst: LaneReport) -> Report {
    let lane = |interval| LaneReport { max, interval, ..LaneReport::default() };
    let lanes = [LaneReport { max, interval: 10_000, ..burst }, lane(10_000), lane(1_000)];
    Report { lanes, reserves: Vec::new(), daily: 0, daily_resets_at: RESETS, daily_max: 1_000, day: DayReport::default() }
}

fn waits(waiting: &[(u64, u32, u32)]) -> LaneReport {
    LaneReport { waiting: waiting.to_vec(), ..LaneReport::default() }
}

/// As if Redis had been up for long: just after its start it gives nothing to those it does not know.
async fn ask(line: &Line, version: u64, report: &Report) -> Answer {
    let answer = line.ask(1, version, report).await.unwrap();
    assert!(answer.version > version);
    answer
}

/// Waits out the first seconds of Redis, which these tests share.
async fn warm<const N: usize>(all: u32) -> Option<[Line; N]> {
    let lines = instances::<N>(all).await?;
    let [first, ..] = lines.as_slice() else { return None };
    // An account that Redis has not seen each time: it holds by the age of Redis, in whole seconds, as those of the tests will.
    for unseen in 100.. {
        let answer = first.ask(unseen, 0, &report(10, waits(&[(1, 1, 1)]))).await.unwrap();
        if !answer.lanes[0].given.is_empty() {
            return Some(lines);
        }
        // Looked at again when the answer says so, and never more than the hold after a start.
        tokio::time::sleep(Duration::from_millis(u64::try_from(answer.lanes[0].wait).unwrap().min(500))).await;
        for line in &lines {
            line.beat().await;
        }
    }
    None
}

#[tokio::test]
async fn two_instances_never_have_more_places_than_one_would() {
    let Some([one, two]) = warm::<2>(2).await else { return };
    let first = ask(&one, 0, &report(10, waits(&[(1, 7, 1)]))).await;
    assert_eq!(first.lanes[0].given, BTreeMap::from([(1, 7)]));
    let second = ask(&two, 0, &report(10, waits(&[(1, 7, 1)]))).await;
    assert_eq!(second.lanes[0].given, BTreeMap::from([(1, 3)]));
    assert_eq!(second.lanes[0].elsewhere, 7);
    assert_eq!(second.daily, 10);
}

#[tokio::test]
async fn a_call_holds_its_place_for_the_interval_after_its_answer_began() {
    let Some([one, two]) = warm::<2>(2).await else { return };
    let done = |age| report(4, LaneReport { finished: vec![(age, 1, 4)], ..LaneReport::default() });
    ask(&one, 0, &done(9_000)).await;
    let wanting = report(4, waits(&[(1, 4, 1)]));
    let full = ask(&two, 0, &wanting).await;
    assert!(full.lanes[0].given.is_empty());
    assert!((1..=1_000).contains(&full.lanes[0].wait), "{}", full.lanes[0].wait);
    ask(&one, 0, &done(10_000)).await;
    assert_eq!(ask(&two, full.version, &wanting).await.lanes[0].given, BTreeMap::from([(1, 4)]));
}

#[tokio::test]
async fn an_app_that_waits_on_one_instance_gets_its_part_of_what_another_would_take() {
    let Some([one, two]) = warm::<2>(2).await else { return };
    // Nothing is free; both say who waits.
    let full = LaneReport { under_way: vec![(9, 6)], ..waits(&[(1, 50, 1)]) };
    ask(&one, 0, &report(6, full.clone())).await;
    ask(&two, 0, &report(6, waits(&[(2, 50, 2)]))).await;
    // Then there is, and the first to ask does not get it all: the other's app has twice its weight.
    let first = ask(&one, 0, &report(6, waits(&[(1, 50, 1)]))).await;
    let second = ask(&two, 0, &report(6, waits(&[(2, 50, 2)]))).await;
    assert_eq!((first.lanes[0].given.get(&1), second.lanes[0].given.get(&2)), (Some(&2), Some(&4)));
}

#[tokio::test]
async fn a_reserve_is_kept_on_every_instance() {
    let Some([one, two]) = warm::<2>(2).await else { return };
    let reserved = |waiting: LaneReport| Report { reserves: vec![(2, 3)], ..report(10, waiting) };
    assert_eq!(ask(&one, 0, &reserved(waits(&[(1, 20, 1)]))).await.lanes[0].given, BTreeMap::from([(1, 7)]));
    assert_eq!(ask(&two, 0, &reserved(waits(&[(2, 20, 1)]))).await.lanes[0].given, BTreeMap::from([(2, 3)]));
}

#[tokio::test]
async fn what_a_lost_answer_gave_is_free_again_with_the_next_report() {
    let Some([one]) = warm::<1>(1).await else { return };
    let wanting = report(5, waits(&[(1, 5, 1)]));
    ask(&one, 0, &wanting).await;
    assert_eq!(ask(&one, 0, &wanting).await.lanes[0].given, BTreeMap::from([(1, 5)]));
}

#[tokio::test]
async fn an_instance_that_redis_does_not_hear_of_keeps_its_part() {
    let Some([one, two]) = warm::<2>(3).await else { return };
    let given = ask(&one, 0, &report(9, waits(&[(1, 20, 1)]))).await.lanes[0].given.clone();
    assert_eq!(given, BTreeMap::from([(1, 6)]));
    drop(two);
}

#[tokio::test]
async fn what_redis_has_forgotten_is_waited_for() {
    let Some([one, two]) = warm::<2>(2).await else { return };
    let wanting = report(5, waits(&[(1, 5, 1)]));
    // It knew more than that once: both are there, so it is waited for until both have reported.
    let held = ask(&one, 700, &wanting).await;
    assert!(held.lanes[0].given.is_empty());
    assert!((1_000..=2_500).contains(&held.lanes[0].wait), "{}", held.lanes[0].wait);
    assert!(ask(&two, 0, &wanting).await.lanes[0].given.is_empty());
}

#[tokio::test]
async fn calls_by_others_take_places_too() {
    let Some([one, two]) = warm::<2>(2).await else { return };
    ask(&two, 0, &report(10, LaneReport { under_way: vec![(1, 2)], ..LaneReport::default() })).await;
    // Seven that this instance did not make, and two of them are the other's.
    let told = report(10, LaneReport { not_mine: Some((10, 7)), ..waits(&[(1, 20, 1)]) });
    let answer = ask(&one, 0, &told).await;
    assert_eq!((answer.lanes[0].given.get(&1), answer.lanes[0].elsewhere), (Some(&3), 7));
    let stale = report(10, LaneReport { not_mine: Some((5_000, 10)), ..LaneReport::default() });
    assert_eq!(ask(&one, 0, &stale).await.lanes[0].elsewhere, 7);
}

#[tokio::test]
async fn a_refusal_on_one_instance_stops_all_and_then_one_call_tries() {
    let Some([one, two]) = warm::<2>(2).await else { return };
    let wanting = report(10, waits(&[(1, 5, 1)]));
    ask(&one, 0, &report(10, LaneReport { refused: Some(0), pause: 300, ..LaneReport::default() })).await;
    let paused = ask(&two, 0, &wanting).await;
    assert!(paused.lanes[0].given.is_empty());
    tokio::time::sleep(Duration::from_millis(310)).await;
    let tries = ask(&two, paused.version, &wanting).await;
    assert_eq!(tries.lanes[0].given, BTreeMap::from([(1, 1)]));
    let trying = LaneReport { under_way: vec![(1, 1)], ..waits(&[(1, 4, 1)]) };
    assert!(ask(&two, 0, &report(10, trying)).await.lanes[0].given.is_empty());
    let passed = LaneReport { passed: Some(0), ..waits(&[(1, 4, 1)]) };
    assert_eq!(ask(&two, 0, &report(10, passed)).await.lanes[0].given, BTreeMap::from([(1, 4)]));
}

#[tokio::test]
async fn the_day_ends_for_all_together() {
    let Some([one, two]) = warm::<2>(2).await else { return };
    let wanting = |known| Report { daily: known, daily_max: 12, ..report(100, waits(&[(1, 5, 1)])) };
    assert_eq!(ask(&one, 0, &wanting(0)).await.daily, 5);
    assert_eq!(ask(&two, 0, &wanting(0)).await.daily, 10);
    let last = ask(&one, 0, &wanting(12)).await;
    assert_eq!((last.daily, last.lanes[0].given.len()), (12, 0));
}

#[tokio::test]
async fn a_day_that_hubspot_refuses_on_one_instance_is_over_for_all_until_a_call_passes() {
    let Some([one, two]) = warm::<2>(2).await else { return };
    let says = |day, waiting| Report { day, ..report(10, waiting) };
    let wants = || waits(&[(1, 5, 1)]);
    let refused = DayReport { refused: Some(1_000), probe: 60_000, opened: None };
    ask(&one, 0, &says(refused, LaneReport::default())).await;
    let told = ask(&two, 0, &says(DayReport::default(), wants())).await;
    assert!(told.lanes.iter().all(|lane| lane.given.is_empty()));
    let (age, probe) = told.day.unwrap();
    assert!((1_000..11_000).contains(&age) && (50_000..=60_000).contains(&probe), "{:?}", told.day);
    // A later refusal, after which it is already time for a call to try: one, wherever it waits.
    let due = DayReport { refused: Some(0), probe: 0, opened: None };
    let Some([one, two]) = instances::<2>(2).await else { return };
    let first = ask(&one, 0, &says(due, wants())).await;
    assert_eq!(first.lanes[0].given, BTreeMap::from([(1, 1)]));
    let second = ask(&two, 0, &says(due, wants())).await;
    assert!(second.lanes[0].given.is_empty());
    assert!(second.day.unwrap().1 > 600_000, "{:?}", second.day);
    // HubSpot took it: the day is open for all, whatever the others still say of the refusal.
    let opened = DayReport { refused: None, probe: 0, opened: Some(0) };
    ask(&one, 0, &says(opened, LaneReport::default())).await;
    let stale = DayReport { refused: Some(2_000), probe: 60_000, opened: None };
    let open = ask(&two, 0, &says(stale, wants())).await;
    assert_eq!((open.day, open.lanes[0].given.get(&1)), (None, Some(&5)));
}

#[tokio::test]
async fn a_redis_that_is_not_there_is_away_and_not_waited_for() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = nobody.local_addr().unwrap().port();
    drop(nobody);
    let line = Line::new(&format!("redis://127.0.0.1:{port}"), "keyway-test").unwrap();
    line.beat().await;
    assert!(line.away_since().is_some());
    assert!(matches!(line.ask(1, 0, &report(1, LaneReport::default())).await, Err(LineError::Away)));
    assert!(matches!(Line::new("http://somewhere", "keyway-test"), Err(LineError::Url(_))));
}

/// As if the clock of Redis were set forward by `ms`, or back.
async fn set_clock(line: &Line, ms: i64) {
    let mut connection = line.connected().unwrap();
    let key = format!("{}:1", line.prefix);
    let stored: String = redis::cmd("GET").arg(&key).query_async(&mut connection).await.unwrap();
    let mut account: Value = serde_json::from_str(&stored).unwrap();
    account["shift"] = (account["shift"].as_f64().unwrap() + ms as f64).into();
    redis::cmd("SET").arg(&key).arg(account.to_string()).exec_async(&mut connection).await.unwrap();
}

#[tokio::test]
async fn a_clock_of_redis_that_is_set_frees_no_place_and_holds_nobody_up() {
    const HOUR: i64 = 3_600_000;
    for step in [HOUR, 11_000, -11_000, -HOUR] {
        let Some([one, two]) = warm::<2>(2).await else { return };
        let held = report(4, LaneReport { finished: vec![(0, 1, 4)], ..LaneReport::default() });
        let wanting = report(4, waits(&[(2, 4, 1)]));
        ask(&one, 0, &held).await;
        assert!(ask(&two, 0, &wanting).await.lanes[0].given.is_empty());
        set_clock(&one, step).await;
        let after = ask(&two, 0, &wanting).await;
        assert!(after.lanes[0].given.is_empty(), "{step}: the places of the other instance are taken");
        assert!((1..=10_000).contains(&after.lanes[0].wait), "{step}: {}", after.lanes[0].wait);
        // What the other holds no longer is free at once.
        ask(&one, 0, &report(4, LaneReport::default())).await;
        assert_eq!(ask(&two, 0, &wanting).await.lanes[0].given, BTreeMap::from([(2, 4)]), "{step}");
    }
}

#[tokio::test]
async fn the_clock_of_redis_is_believed_where_time_did_pass() {
    let Some([one, two]) = warm::<2>(2).await else { return };
    let held = LaneReport { finished: vec![(9_700, 1, 4)], ..LaneReport::default() };
    ask(&one, 0, &report(4, held)).await;
    let wanting = report(4, waits(&[(2, 4, 1)]));
    let full = ask(&two, 0, &wanting).await;
    assert!(full.lanes[0].given.is_empty());
    tokio::time::sleep(Duration::from_millis(u64::try_from(full.lanes[0].wait).unwrap())).await;
    assert_eq!(ask(&two, 0, &wanting).await.lanes[0].given, BTreeMap::from([(2, 4)]));
}

#[tokio::test]
async fn an_instance_a_year_ahead_does_not_make_a_day_of_a_year() {
    const YEAR: i64 = 365 * 86_400_000;
    let Some([one, two]) = warm::<2>(2).await else { return };
    ask(&one, 0, &Report { daily_resets_at: RESETS + YEAR, ..report(10, LaneReport::default()) }).await;
    assert_eq!(ask(&two, 0, &report(10, LaneReport::default())).await.resets, RESETS);
}
