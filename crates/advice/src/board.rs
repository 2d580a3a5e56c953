//! The migration board: how far each integration of a plan is, from reports of scans, from apps, and from the calls of apps.
//!
//! `keep` stores the bounded facts of a report and merges a newer report into them; `state` derives the state of an integration.
//! Nothing here is set by hand: a step is done where a report or calls show it.

mod keep;
mod state;
mod traffic;

pub use keep::{Earlier, Kept, LEAKS_MAX, Refused, TooMuch, USES_MAX, clean, merge};
pub use state::{AppFacts, Deadline, Fact, Holder, Known, Linked, Present, Row, Standing, Step, row};
pub use traffic::{AgeingCalls, Called, Traffic};

use keyway_core::catalog::tables::SunsetRow;
use keyway_core::sunset;

use crate::plan::{Integration, Use, ends};

/// The end of a path, where a program must move off it: any end of a numbered version, and that of a dated version which
/// ends before the numbered versions do.
pub fn ageing(path: &str) -> Option<&'static SunsetRow> {
    sunset::of_path(path).filter(|row| must_move(path, row))
}

fn must_move(path: &str, row: &SunsetRow) -> bool {
    !is_dated(path) || sunset::of_path("/crm/v3").is_some_and(|numbered| row.date < numbered.date)
}

/// Whether a path has a version that is a month: `2026-09`.
fn is_dated(path: &str) -> bool {
    path.split('/').any(|part| {
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        part.split_once('-').is_some_and(|(year, month)| year.len() == 4 && month.len() == 2 && digits(year) && digits(month))
    })
}

/// The end of a call in code that must move.
fn ageing_use(one: &Use) -> Option<&'static SunsetRow> {
    let path = one.operation.split_once(' ').map_or(one.operation.as_str(), |(_, path)| path);
    ends::of_use(one).filter(|row| must_move(path, row))
}

/// The operations of an integration that must move, each once, sorted.
fn ageing_operations(integration: &Integration) -> Vec<String> {
    let keyed = |one: &&Use| one.auth == "hapikey";
    let mut all: Vec<String> =
        integration.uses.iter().filter(|one| ageing_use(one).is_some() || keyed(one)).map(|one| one.operation.clone()).collect();
    all.sort();
    all.dedup();
    all
}

#[cfg(test)]
mod tests;
