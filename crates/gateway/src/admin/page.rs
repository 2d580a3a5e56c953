//! Pages of lists: what comes after a key, and no more than a bound.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::body::ApiError;

/// Entries on a page by default, and at most.
pub(super) const PAGE_DEFAULT: usize = 100;
pub(super) const PAGE_MAX: usize = 1_000;

/// The limit that a query asks for, or why it can't be taken.
pub(super) fn limit(asked: Option<u32>) -> Result<usize, ApiError> {
    let limit = asked.map_or(PAGE_DEFAULT, |limit| limit as usize);
    if (1..=PAGE_MAX).contains(&limit) { Ok(limit) } else { Err(ApiError::parameter("limit", format!("a number from 1 to {PAGE_MAX}"))) }
}

/// What of a list is on a page, in the order of its keys, and where the next one begins; none on the last.
///
/// # Errors
/// `after` is not of an answer of this API, or `limit` out of its bounds.
pub(super) fn page<T, K: Ord + Key>(
    mut all: Vec<T>,
    after: Option<&str>,
    limit: Option<u32>,
    key: impl Fn(&T) -> K,
) -> Result<(Vec<T>, Option<String>), ApiError> {
    let limit = self::limit(limit)?;
    let after = after.map(|text| K::read(text).ok_or_else(|| ApiError::invalid("after is not that of a page"))).transpose()?;
    if let Some(after) = after {
        all.retain(|one| key(one) > after);
    }
    all.sort_by_key(&key);
    let more = all.len() > limit;
    all.truncate(limit);
    let next = all.last().filter(|_| more).map(|last| key(last).written());
    Ok((all, next))
}

/// What a list is ordered by, and how it is written as `after`.
pub(super) trait Key: Sized {
    fn written(&self) -> String;
    fn read(text: &str) -> Option<Self>;
}

impl Key for u64 {
    fn written(&self) -> String {
        self.to_string()
    }

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// Texts go as base64url: a part of one may be a name with any letter in it.
impl Key for String {
    fn written(&self) -> String {
        URL_SAFE_NO_PAD.encode(self)
    }

    fn read(text: &str) -> Option<Self> {
        Self::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_on_one_page() {
        let all: Vec<String> = ["b", "d", "a", "c", "é"].map(str::to_owned).to_vec();
        let (mut after, mut seen) = (None, Vec::new());
        loop {
            let (part, next) = page(all.clone(), after.as_deref(), Some(2), String::clone).ok().unwrap();
            seen.extend(part);
            after = next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, ["a", "b", "c", "d", "é"]);
    }

    #[test]
    fn a_page_that_is_just_full_is_the_last() {
        let (_, next) = page(vec![1_u64, 2], None, Some(2), |one| *one).ok().unwrap();
        assert_eq!(next, None);
    }

    #[test]
    fn a_page_has_bounds_and_a_place_that_was_given() {
        let of = |after, limit| page(vec![1_u64], after, limit, |one| *one).is_ok();
        assert!(of(Some("0"), Some(1)) && of(None, Some(1_000)));
        assert!(!of(None, Some(0)) && !of(None, Some(1_001)) && !of(Some("x"), None));
    }
}
