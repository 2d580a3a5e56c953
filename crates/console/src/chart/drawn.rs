//! Series of numbers as shapes: bars, and lines.

/// Units that a span is wide, its gap included, and how high a chart is.
pub(super) const STEP: usize = 10;
pub(super) const HEIGHT: u64 = 100;

/// A bar, the failed part at its foot.
pub(crate) struct Bar {
    pub x: usize,
    pub y: u64,
    pub height: u64,
    pub failed_y: u64,
    pub failed: u64,
}

/// The bars of a series on an axis that ends with a number.
pub(super) fn bars(calls: &[u64], failed: &[u64], top: u64) -> Vec<Bar> {
    // One call among millions is still to be seen.
    let part = |value: u64| if value == 0 { 0 } else { (value.saturating_mul(HEIGHT) / top.max(1)).max(2) };
    let bar = |(index, calls): (usize, &u64)| {
        let height = part(*calls);
        let failed = part(failed.get(index).copied().unwrap_or(0)).min(height);
        Bar { x: index * STEP + 1, y: HEIGHT - height, height, failed_y: HEIGHT - failed, failed }
    };
    calls.iter().enumerate().filter(|(_, calls)| **calls > 0).map(bar).collect()
}

/// The bars of a series, the highest as high as there is room.
pub(crate) fn full_bars(calls: &[u64], failed: &[u64]) -> Vec<Bar> {
    bars(calls, failed, calls.iter().copied().max().unwrap_or(0))
}

/// A line through the middle of its spans. One number between two that are missing is a short stroke.
pub(super) fn path(values: &[Option<u64>], top: u64) -> String {
    let mut path = String::new();
    let mut drawing = false;
    for (index, value) in values.iter().enumerate() {
        let Some(value) = value else {
            drawing = false;
            continue;
        };
        let (x, y) = (index * STEP, HEIGHT - value.saturating_mul(HEIGHT) / top.max(1));
        if drawing {
            path.push_str(&format!("L{} {y}", x + STEP / 2));
        } else {
            path.push_str(&format!("M{} {y}L{} {y}", x + 2, x + STEP / 2));
        }
        drawing = true;
    }
    path
}

/// A level line over all spans.
pub(super) fn level_at(value: u64, top: u64, length: usize) -> String {
    format!("M0 {}H{}", HEIGHT - value.saturating_mul(HEIGHT) / top.max(1), length * STEP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_bar_fills_the_chart_and_the_least_call_is_seen() {
        let bars = full_bars(&[0, 1_000_000, 1], &[0, 500_000, 1]);
        assert_eq!(bars.iter().map(|bar| (bar.x, bar.height, bar.failed)).collect::<Vec<_>>(), [(11, 100, 50), (21, 2, 2)]);
    }
}
