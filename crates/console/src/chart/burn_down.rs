//! What was left of a day, hour by hour, and where that leads.

use super::drawn::HEIGHT;

/// What was left of a day, hour by hour, as the path of a line over 24 hours; and from now on, at the pace of the last
/// hour, where that leads.
pub(crate) struct BurnDown {
    pub left: String,
    pub ahead: String,
}

/// Units of an hour in the drawing of a day.
const HOUR: usize = 10;

impl BurnDown {
    /// `now` is in hours since the day began.
    pub fn new(used: &[u64], daily: u64, pace: u64, now: f64) -> Self {
        let height = |left: f64| HEIGHT as f64 - (left / daily.max(1) as f64).clamp(0.0, 1.0) * HEIGHT as f64;
        let left_of = |used: u64| daily.saturating_sub(used) as f64;
        let mut left = format!("M0 {:.1}", height(daily as f64));
        for (hour, used) in used.iter().enumerate() {
            let x = (((hour + 1) as f64).min(now)).min(24.0) * HOUR as f64;
            left.push_str(&format!("L{x:.1} {:.1}", height(left_of(*used))));
        }
        let now = now.clamp(0.0, 24.0);
        let left_now = left_of(used.last().copied().unwrap_or(0));
        let until = if pace == 0 { 24.0 } else { (now + left_now / pace as f64).min(24.0) };
        let left_then = left_now - pace as f64 * (until - now);
        let ahead = format!("M{:.1} {:.1}L{:.1} {:.1}", now * HOUR as f64, height(left_now), until * HOUR as f64, height(left_then));
        Self { left, ahead }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_a_day_goes_down_and_the_pace_leads_on() {
        let half = BurnDown::new(&[0, 50], 100, 25, 2.0);
        assert_eq!((half.left.as_str(), half.ahead.as_str()), ("M0 0.0L10.0 0.0L20.0 50.0", "M20.0 50.0L40.0 100.0"));
        let over = BurnDown::new(&[274], 100, 0, 1.0);
        assert_eq!((over.left.as_str(), over.ahead.as_str()), ("M0 0.0L10.0 100.0", "M10.0 100.0L240.0 100.0"));
    }
}
