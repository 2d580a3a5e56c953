//! Calls as they are counted, and what they come to in minutes.

use std::collections::{BTreeMap, HashMap};

use keyway_core::catalog::{Catalog, Method};

use super::Grain;
use super::span::Who;
use super::tally::{Kind, Tally};
use crate::entry::REFUSED_CALLS;
use crate::row::Row;

/// What is counted of a record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    pub at: i64,
    pub hub_id: Option<i64>,
    pub app_id: Option<i64>,
    pub operation: &'a str,
    pub status: Option<i64>,
    pub word: Option<&'a str>,
    pub latency_us: u64,
    pub waited_us: u64,
    /// How many calls the record counts.
    pub calls: u64,
}

impl<'a> From<&Row<'a>> for Call<'a> {
    fn from(row: &Row<'a>) -> Self {
        let unsigned = |number: i64| u64::try_from(number).unwrap_or(0);
        let calls = if row.operation == REFUSED_CALLS { unsigned(row.named.record_count) } else { 1 };
        Self {
            at: row.at,
            hub_id: row.hub_id,
            app_id: row.app_id,
            operation: row.operation,
            status: row.status,
            word: row.category,
            latency_us: unsigned(row.latency_us),
            waited_us: unsigned(row.waited_us),
            calls,
        }
    }
}

/// Calls that are not counted yet, by the minute.
#[derive(Default)]
pub(crate) struct Fresh {
    minutes: BTreeMap<i64, Tallies>,
    kinds: HashMap<String, Kind>,
}

/// By account and app.
pub(super) type Tallies = BTreeMap<Who, Tally>;

impl Fresh {
    pub fn add(&mut self, call: &Call<'_>) {
        let kind = match self.kinds.get(call.operation) {
            Some(kind) => *kind,
            None => {
                let kind = kind_of(call.operation);
                self.kinds.insert(call.operation.to_owned(), kind);
                kind
            }
        };
        let who = Who::new(call.hub_id, call.app_id);
        self.minutes.entry(Grain::Minute.begin(call.at)).or_default().entry(who).or_default().note(call, kind);
    }

    pub fn is_empty(&self) -> bool {
        self.minutes.is_empty()
    }

    /// The minutes, the oldest first.
    pub fn minutes(self) -> BTreeMap<i64, Tallies> {
        self.minutes
    }
}

/// The class of an operation as a record names it; `other` where the catalog does not list it.
fn kind_of(operation: &str) -> Kind {
    let known = operation.split_once(' ').filter(|(_, template)| template.starts_with('/'));
    let found = known.and_then(|(method, template)| Catalog::get().find(Method::parse(method)?, template));
    found.map_or(Kind::OTHER, |operation| Kind::of(operation.safety.class))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_a_call_is_the_class_of_its_operation() {
        let name = |operation| kind_of(operation).name();
        assert_eq!(name("GET /crm/v3/owners"), "read");
        assert_eq!(name("POST /crm/v3/objects/{objectType}"), "create");
        assert_eq!(name("GET (unlisted) /some/api/*"), "other");
        assert_eq!(name("GET (unknown)"), "other");
        assert_eq!(name(REFUSED_CALLS), "other");
    }
}
