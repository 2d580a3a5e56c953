//! Specifies how calls wait for a place. The limiter uses the machine's clock or a stopped clock, so these
//! tests free places themselves or use windows of the stopped clock.

use super::*;

fn limiter(burst: u32) -> Arc<Limiter> {
    Arc::new(Limiter::new(Limits { burst, associations_burst: 10, daily: 1_000, search: 5 }, TimeZone::UTC, None, Clock::default()))
}

fn asking(app_id: u64, wait_ms: u32) -> Asking {
    Asking::new(app_id, Sharing { max_wait_ms: wait_ms, ..Sharing::default() }, LimitClass::Standard, 10)
}

/// Waits until `count` calls are in the queue. All tasks run on this thread, so a few yields are enough.
async fn in_line(limiter: &Limiter, count: usize) {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(limiter.standing().1, count);
}

#[tokio::test]
async fn a_place_that_was_not_used_goes_to_who_waits() {
    let limiter = limiter(1);
    let first = limiter.place(asking(1, 0)).await.unwrap();
    let other = tokio::spawn({
        let limiter = limiter.clone();
        async move { limiter.place(asking(2, 50_000)).await.map(drop) }
    });
    in_line(&limiter, 1).await;
    drop(first);
    other.await.unwrap().unwrap();
}

#[tokio::test]
async fn who_would_wait_in_vain_is_told_at_once() {
    let limiter = limiter(1);
    let mut slot = limiter.place(asking(1, 0)).await.unwrap();
    slot.sending();
    drop(slot);
    let refused = limiter.place(asking(2, 500)).await.err().unwrap();
    assert_eq!(refused.policy, Policy::TenSecondlyRolling);
    assert!((8_000..=10_001).contains(&refused.retry_after_ms), "{refused:?}");
    assert_eq!(limiter.standing().1, 0);
}

#[tokio::test]
async fn who_leaves_the_line_loses_nothing_to_the_others() {
    let limiter = limiter(1);
    let first = limiter.place(asking(1, 0)).await.unwrap();
    let waiting = |app| {
        let limiter = limiter.clone();
        tokio::spawn(async move { limiter.place(asking(app, 50_000)).await.map(drop) })
    };
    let (leaves, stays) = (waiting(2), waiting(3));
    in_line(&limiter, 2).await;
    leaves.abort();
    assert!(leaves.await.unwrap_err().is_cancelled());
    drop(first);
    stays.await.unwrap().unwrap();
    // And the place is free again.
    limiter.place(asking(4, 0)).await.unwrap();
}

#[tokio::test]
async fn bodies_in_line_are_bounded() {
    let limiter = limiter(1);
    let _first = limiter.place(asking(1, 0)).await.unwrap();
    let huge = Asking { held: WAITING_BYTES_MAX + 1, ..asking(2, 50_000) };
    assert!(limiter.place(huge).await.is_err());
    assert_eq!(limiter.waiting_bytes.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_clock_that_is_set_neither_exceeds_hubspots_limit_nor_holds_calls_up() {
    const HOUR: i64 = 3_600_000;
    let noon = Timestamp::parse_iso("2026-11-28T12:00:00Z").unwrap();
    for step in [HOUR, 11_000, -11_000, -HOUR, 365 * 24 * HOUR, -365 * 24 * HOUR] {
        let clock = Clock::standing_at(noon);
        let limits = Limits { burst: 5, associations_burst: 10, daily: 1_000, search: 5 };
        let limiter = Arc::new(Limiter::new(limits, TimeZone::UTC, None, clock.clone()));
        let burst = async || {
            let mut passed = 0;
            while let Ok(mut slot) = limiter.place(asking(1, 0)).await {
                slot.sending();
                passed += 1;
            }
            passed
        };
        assert_eq!(burst().await, 5);
        let then = noon.plus_ms(step);
        clock.set(then);
        assert_eq!(burst().await, 0, "{step}: no time has passed");
        clock.go_on_to(then.plus_ms(10_000));
        assert_eq!(burst().await, 0, "{step}: and a millisecond more, as moments are cut");
        clock.go_on_to(then.plus_ms(10_001));
        assert_eq!(burst().await, 5, "{step}: calls go on when the window is over");
    }
}
