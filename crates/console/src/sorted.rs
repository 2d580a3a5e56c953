//! A list that is read whole: which things fit the fields of its address, in which order, and one page of them.

use super::api::with_query;
use super::rows::Rows;
use super::sorting::{Column, Head, heads};
use super::visitor::Fields;

/// An order that things can be put in, by the key of its column.
type Order<T> = (&'static str, fn(&mut [T]));

/// How a list of things is searched, filtered and sorted.
pub(super) struct Sorted<T: 'static> {
    pub section: &'static str,
    /// The fields of the address that filter, beside the search.
    pub filters: &'static [&'static str],
    pub columns: &'static [Column],
    /// What a search looks in, in lower case.
    pub text: fn(&T) -> String,
    /// Whether a thing passes the filters.
    pub fits: fn(&T, &Fields) -> bool,
    /// The order that the list begins with.
    pub first: fn(&mut [T]),
    /// The other orders. Each is stable: things that are equal in it stay in the first one.
    pub orders: &'static [Order<T>],
}

/// One page of such a list.
pub(super) struct SortedPage<'a, T> {
    pub search: &'a str,
    pub sort: &'a str,
    pub things: Vec<T>,
    /// How many fit, and how many there are.
    pub found: usize,
    pub all: usize,
    pub heads: Vec<Head>,
    pub earlier: Option<String>,
    pub later: Option<String>,
}

impl<T: 'static> Sorted<T> {
    /// The page that the fields ask for.
    pub fn page<'a>(&self, mut things: Vec<T>, fields: &'a Fields) -> SortedPage<'a, T> {
        let (search, sort, all) = (fields.get("q"), fields.get("sort"), things.len());
        let words = search.to_lowercase();
        things.retain(|thing| {
            let text = (self.text)(thing);
            (self.fits)(thing, fields) && words.split_whitespace().all(|word| text.contains(word))
        });
        (self.first)(&mut things);
        if let Some((_, order)) = self.orders.iter().find(|(key, _)| *key == sort) {
            order(&mut things);
        }
        let filters: Vec<&str> = ["q"].into_iter().chain(self.filters.iter().copied()).collect();
        let Rows { things, found, earlier, later } = Rows::of(things, fields, |page| {
            let kept = filters.iter().map(|name| (*name, fields.get(name))).chain([("sort", sort), ("page", page)]);
            with_query(self.section, &kept.collect::<Vec<_>>())
        });
        let heads = heads(self.columns, self.section, &filters, fields);
        SortedPage { search, sort, things, found, all, heads, earlier, later }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: Sorted<(&str, u32)> = Sorted {
        section: "/things",
        filters: &["state"],
        columns: &[Column { key: "", words: "Thing", numbers: false }, Column { key: "calls", words: "Calls", numbers: true }],
        text: |(name, _)| name.to_lowercase(),
        fits: |(_, calls), fields| fields.get("state").is_empty() || *calls > 0,
        first: |things| things.sort_by_key(|(name, _)| *name),
        orders: &[("calls", |things| things.sort_by_key(|(_, calls)| std::cmp::Reverse(*calls)))],
    };

    #[test]
    fn things_are_searched_filtered_and_sorted_and_equal_ones_stay_in_the_first_order() {
        let things = || vec![("C three", 0), ("B three", 5), ("A three", 5), ("Other", 9)];
        let of = |address: &[u8]| LIST.page(things(), &Fields::parse(address)).things.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(of(b""), ["A three", "B three", "C three", "Other"]);
        assert_eq!(of(b"sort=calls"), ["Other", "A three", "B three", "C three"]);
        assert_eq!(of(b"q=THREE+b"), ["B three"]);
        assert_eq!(of(b"q=three&state=called&sort=nothing"), ["A three", "B three"]);
        let fields = Fields::parse(b"q=three&state=called&sort=calls&page=0");
        let page = LIST.page(things(), &fields);
        assert_eq!((page.found, page.all, page.later), (2, 4, None));
        assert_eq!(page.heads[0].address, "/things?q=three&state=called");
    }

    #[test]
    fn a_page_keeps_the_search_the_filters_and_the_order() {
        let fields = Fields::parse(b"q=t&sort=calls&state=called&page=1");
        let page = LIST.page((0..120).map(|n| ("t", n + 1)).collect(), &fields);
        assert_eq!((page.things.len(), page.things[0].1), (50, 70));
        assert_eq!(page.earlier.as_deref(), Some("/things?q=t&state=called&sort=calls&page=0"));
        assert_eq!(page.later.as_deref(), Some("/things?q=t&state=called&sort=calls&page=2"));
    }
}
