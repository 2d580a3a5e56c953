//! Calls as they are counted, and what they come to in minutes.

use std::collections::BTreeMap;

use foldhash::HashMap;
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

/// The class of an operation, and whether OAuth has it. `Fresh` finds both once for each name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sort {
    pub kind: Kind,
    /// Whether it asks for tokens or looks at them, which does not count as a call of the account.
    pub is_oauth: bool,
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
    minutes: BTreeMap<i64, HashMap<Who, Tally>>,
    sorts: HashMap<String, Sort>,
}

/// By account and app.
pub(super) type Tallies = BTreeMap<Who, Tally>;

impl Fresh {
    pub fn add(&mut self, call: &Call<'_>) {
        let sort = match self.sorts.get(call.operation) {
            Some(sort) => *sort,
            None => {
                let sort = Sort { kind: kind_of(call.operation), is_oauth: call.operation.contains(" /oauth/") };
                self.sorts.insert(call.operation.to_owned(), sort);
                sort
            }
        };
        let who = Who::new(call.hub_id, call.app_id);
        let minute = self.minutes.entry(Grain::Minute.begin(call.at)).or_default();
        minute.entry(who).or_default().note(call, sort);
    }

    pub fn is_empty(&self) -> bool {
        self.minutes.is_empty()
    }

    /// The minutes, the oldest first.
    pub fn minutes(self) -> BTreeMap<i64, Tallies> {
        self.minutes.into_iter().map(|(begin, tallies)| (begin, tallies.into_iter().collect())).collect()
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

    #[test]
    fn a_call_for_a_token_does_not_count_against_the_day() {
        let counted = |operation| {
            let call = Call {
                at: 0,
                hub_id: Some(7),
                app_id: Some(1),
                operation,
                status: Some(200),
                word: None,
                latency_us: 1,
                waited_us: 0,
                calls: 1,
            };
            let mut fresh = Fresh::default();
            fresh.add(&call);
            fresh.minutes()[&0].values().map(|tally| tally.counted).sum::<u64>()
        };
        assert_eq!(counted("GET /crm/v3/owners"), 1);
        assert_eq!(counted("POST /oauth/2026-09/token"), 0);
    }
}
