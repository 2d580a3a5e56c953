//! Searches that are behind: a search finds a record as it was some seconds before, by the account's time.
//!
//! The associations of a record and archived records are as they are.

use std::borrow::Cow;

use keyway_core::late_search::LateSearch;
use keyway_core::time::Timestamp;

use crate::kind::Kind;
use crate::record::Record;
use crate::state::State;
use crate::work::{Exceeded, Work};

/// Steps of taking one value of a record as it was.
const VALUE_STEPS: u64 = 10;

/// The records of a type as a search that is behind finds them. A new record is missing at first.
pub(super) fn records<'a>(
    late: LateSearch,
    state: &'a State,
    kind: Kind,
    now: Timestamp,
    work: &Work,
) -> Result<Vec<Cow<'a, Record>>, Exceeded> {
    let modified = state.schema(kind).modified_name.as_ref();
    let mut found = Vec::new();
    for record in state.table(kind).range(0, false) {
        work.charge(1)?;
        let at = now.plus_ms(-late.lag_ms_of(record.id));
        if record.updated_at <= at {
            found.push(Cow::Borrowed(record));
        } else {
            work.each(record.len(), VALUE_STEPS)?;
            found.extend(record.as_of(at, modified).map(Cow::Owned));
        }
    }
    Ok(found)
}

/// Results of which some neighbours have changed places.
pub(super) fn shuffled(late: LateSearch, mut found: Vec<&Record>) -> Vec<&Record> {
    for pair in found.chunks_exact_mut(2) {
        if late.swaps(pair[0].id, pair[1].id) {
            pair.swap(0, 1);
        }
    }
    found
}
