use super::*;
use crate::audit::chain::ChainKey;
use crate::audit::{AuditEntry, Place};

const START: i64 = 20_000 * DAY_MS;

#[test]
fn a_range_ends_with_the_span_that_is_not_over() {
    let now = Timestamp::from_ms(START + 13 * HOUR_MS + 61_000);
    let spans = Range::ALL.map(|range| {
        let stretch = range.until(now);
        assert!(stretch.end() > now && stretch.end().plus_ms(-stretch.width_ms) <= now);
        (stretch.begin.as_ms() - START, stretch.length)
    });
    assert_eq!(spans, [(12 * HOUR_MS + 120_000, 60), (-10 * HOUR_MS, 24), (-152 * HOUR_MS, 42), (-29 * DAY_MS, 30)]);
}

#[test]
fn a_time_is_covered_by_as_few_spans_as_possible() {
    let to = START + 2 * DAY_MS + 3 * HOUR_MS + 5 * 60_000 + 7;
    assert_eq!(
        cover(START, to, Grain::Minute),
        [
            (Grain::Day, START, START + 2 * DAY_MS),
            (Grain::Hour, START + 2 * DAY_MS, START + 2 * DAY_MS + 3 * HOUR_MS),
            (Grain::Minute, START + 2 * DAY_MS + 3 * HOUR_MS, to - 7),
        ]
    );
    assert_eq!(cover(START, START + DAY_MS + HOUR_MS, Grain::Day), [(Grain::Day, START, START + DAY_MS)]);
    // What begins within an hour has minutes alone.
    assert_eq!(cover(START + 60_000, START + HOUR_MS, Grain::Minute), [(Grain::Minute, START + 60_000, START + HOUR_MS)]);
}

#[test]
fn the_use_of_a_day_adds_up_to_its_end_and_begins_again() {
    // Days of this account end at 05:00 UTC. The stretch begins at 03:00.
    let hours = Stretch { begin: Timestamp::from_ms(START + 3 * HOUR_MS), width_ms: HOUR_MS, length: 4, grain: Grain::Hour };
    let mut slots = Slots::new(hours, Timestamp::from_ms(START + 5 * HOUR_MS));
    assert_eq!(slots.begin.as_ms(), START - 19 * HOUR_MS);
    // Twenty hours before, of the day before; then of the same day, and one an hour.
    for hour in [-20, -1, 3, 4, 5, 6] {
        slots.note(Timestamp::from_ms(START + hour * HOUR_MS), 10, u64::try_from(hour + 30).unwrap());
    }
    assert_eq!(slots.used(), Used { peaks: vec![33, 34, 35, 36], daily: vec![20, 30, 10, 20] });
    let days = Stretch { begin: Timestamp::from_ms(START), width_ms: DAY_MS, length: 2, grain: Grain::Day };
    let mut slots = Slots::new(days, Timestamp::from_ms(START + 5 * HOUR_MS));
    slots.note(Timestamp::from_ms(START), 10, 1);
    slots.note(Timestamp::from_ms(START + DAY_MS), 5, 2);
    assert_eq!(slots.used(), Used { peaks: vec![1, 2], daily: vec![10, 5] });
}

#[test]
fn how_long_a_time_is_says_how_long_its_spans_are() {
    let now = Timestamp::from_ms(START);
    let width = |from_ms: i64, to_ms: i64| Stretch::between(now.plus_ms(from_ms), now.plus_ms(to_ms), now).width_ms;
    assert_eq!(width(-HOUR_MS, 0), 60_000);
    assert_eq!(width(-30 * DAY_MS, -30 * DAY_MS + HOUR_MS), HOUR_MS);
    assert_eq!(width(-7 * DAY_MS, 0), HOUR_MS);
    assert_eq!(width(-30 * DAY_MS, 0), DAY_MS);
    assert_eq!(Stretch::between(now, now.plus_ms(-5), now).length, 0);
}

/// Thirty apps of two accounts, of which app N called N times in each of three hours, with a failure an hour.
async fn called() -> AuditLog {
    let log = AuditLog::open(Place::Memory, ChainKey::new(&[7; 32]), None).await.unwrap();
    let entry = |app_id: u64, hour: i64, call: u64| AuditEntry {
        at: Timestamp::from_ms(START + hour * HOUR_MS),
        hub_id: Some(1 + app_id % 2),
        app_id: Some(app_id),
        token_id: Some(app_id),
        operation: "GET /crm/v3/owners".into(),
        object: None,
        status: if call == 0 { 500 } else { 200 },
        word: (call == 0).then_some("OTHER"),
        attempts: 0,
        waited_us: 3,
        latency_us: 100 * app_id,
        bytes_in: 0,
        bytes_out: 0,
        correlation_id: "c".into(),
        source: [127, 0, 0, 1].into(),
        named: None,
        agent: None,
    };
    let apps = (1..=30).flat_map(|app_id| (0..3).flat_map(move |hour| (0..app_id).map(move |call| (app_id, hour, call))));
    log.record_all(apps.map(|(app_id, hour, call)| entry(app_id, hour, call)).collect()).await.unwrap();
    while !log.count().await.unwrap() {}
    log
}

const HOURS: Stretch = Stretch { begin: Timestamp::from_ms(START), width_ms: HOUR_MS, length: 3, grain: Grain::Hour };

#[tokio::test]
async fn a_sum_of_all_calls_is_that_of_its_apps() {
    let log = called().await;
    let shown = |tally: &Tally| (tally.calls(), tally.failed(), tally.causes(), tally.waited_us, tally.percentile(0.95));
    for hub_id in [None, Some(1), Some(2), Some(3)] {
        let wanted = |of: Option<u64>, _: Option<u64>| hub_id.is_none() || of == hub_id;
        let (all, each) = (sums(&log, HOURS, Whose::All(hub_id)).await.unwrap(), sums(&log, HOURS, Whose::Some(&wanted)).await.unwrap());
        assert_eq!(all.points.iter().map(shown).collect::<Vec<_>>(), each.points.iter().map(shown).collect::<Vec<_>>());
        assert_eq!(shown(&all.total), shown(&each.total));
        let later = Stretch { begin: HOURS.end(), ..HOURS };
        let now = later.end();
        let (all, each) =
            (before(&log, later, now, Whose::All(hub_id)).await.unwrap(), before(&log, later, now, Whose::Some(&wanted)).await.unwrap());
        assert_eq!(shown(&all), shown(&each));
    }
}

#[tokio::test]
async fn the_busiest_apps_are_read_whole_and_the_others_are_counted() {
    let log = called().await;
    let (busiest, more) = busiest(&log, HOURS, 2, |_, app_id| app_id != Some(30)).await.unwrap();
    assert_eq!((busiest.iter().map(|(id, app)| (*id, app.total.calls())).collect::<Vec<_>>(), more), (vec![(29, 87), (28, 84)], 27));
    assert_eq!((busiest[0].1.hub_id, &busiest[0].1.points), (Some(2), &vec![(29, 1); 3]));
    let peaks = peaks(&log, HOURS, &[29, 31]).await.unwrap();
    assert_eq!(peaks, HashMap::from([(29, 29)]));
    let calls = calls(&log, HOURS, |_, app_id| app_id == Some(7)).await.unwrap();
    assert_eq!(calls, HashMap::from([(7, (21, 3))]));
}
