//! One page of a list that was read whole.

use super::visitor::Fields;

/// Rows on a page.
const ROWS: usize = 50;

/// The rows of a page, and where those before and after it are.
pub(super) struct Rows<T> {
    pub things: Vec<T>,
    /// Rows on all pages.
    pub found: usize,
    pub earlier: Option<String>,
    pub later: Option<String>,
}

impl<T> Rows<T> {
    /// The page that the fields ask for, from 0; `at` makes the address of another.
    pub fn of(all: Vec<T>, fields: &Fields, at: impl Fn(&str) -> String) -> Self {
        let (found, page): (usize, usize) = (all.len(), fields.get("page").parse().unwrap_or(0));
        let at = |page: usize| at(&page.to_string());
        Self {
            things: all.into_iter().skip(page.saturating_mul(ROWS)).take(ROWS).collect(),
            found,
            earlier: page.checked_sub(1).map(at),
            later: (page.saturating_add(1).saturating_mul(ROWS) < found).then(|| at(page + 1)),
        }
    }
}
