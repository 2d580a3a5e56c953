//! Searches that are behind the records: HubSpot finds a change some seconds after it was made
//! (DOCS/api-reference/latest/crm/search-the-crm).

/// How the searches of a call are behind. Chance follows from the seed, so a run can be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LateSearch {
    /// The longest time until a search finds a change, in milliseconds.
    pub lag_ms: u64,
    /// Whether neighbours among the results may change places.
    pub shuffled: bool,
    /// Where chance begins.
    pub seed: u64,
}

impl LateSearch {
    /// After how many milliseconds a search finds the changes of a record.
    pub fn lag_ms_of(self, id: u64) -> i64 {
        let lag = chance(self.seed, id) % self.lag_ms.saturating_add(1);
        i64::try_from(lag).unwrap_or(i64::MAX)
    }

    /// Whether two neighbours among the results change places.
    pub fn swaps(self, one: u64, other: u64) -> bool {
        self.shuffled && chance(self.seed ^ one, other) & 1 == 1
    }
}

/// A number that looks random (splitmix64).
fn chance(seed: u64, number: u64) -> u64 {
    let mut mixed = seed.wrapping_add(number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_has_a_lag_of_its_own_within_the_longest() {
        let late = LateSearch { lag_ms: 10_000, shuffled: false, seed: 7 };
        let lags: Vec<i64> = (1..=100).map(|id| late.lag_ms_of(id)).collect();
        assert!(lags.iter().all(|lag| (0..=10_000).contains(lag)));
        assert!(lags.iter().max() > Some(&9_000) && lags.iter().min() < Some(&1_000), "{lags:?}");
        assert_eq!(lags, (1..=100).map(|id| late.lag_ms_of(id)).collect::<Vec<_>>());
        assert_eq!(LateSearch { lag_ms: u64::MAX, ..late }.lag_ms_of(1), LateSearch { lag_ms: u64::MAX, ..late }.lag_ms_of(1));
    }

    #[test]
    fn about_half_of_the_neighbours_change_places_where_that_is_asked_for() {
        let late = LateSearch { lag_ms: 0, shuffled: true, seed: 7 };
        let swapped = (1..=100).filter(|id| late.swaps(*id, id + 1)).count();
        assert!((30..=70).contains(&swapped), "{swapped}");
        assert!(!LateSearch { shuffled: false, ..late }.swaps(1, 2));
    }
}
