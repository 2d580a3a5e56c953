//! What the records that a filter lets through come to: counts over time, by outcome, app and operation. A page of the
//! log shows them beside its rows.

use std::collections::HashMap;
use std::hash::Hash;

use axum::Extension;
use axum::extract::State;
use keyway_api::query::AuditQuery;
use keyway_core::time::Timestamp;

use super::Admin;
use super::audit::filter;
use super::extract::Query;
use super::view::{self, Answer, answer};
use crate::audit::BriefRecord;
use crate::clock;
use crate::principal::Principal;

/// Records that are counted, the newest first: some tens of milliseconds.
const COUNTED_MAX: u32 = 5_000;
/// Bytes of the log's files that are read for them, some fifty thousand records. A rare call can be anywhere in the log,
/// and reading all of it takes seconds.
const READ_BYTES_MAX: u64 = 6 << 20;
/// Spans of time at most.
const SPANS_MAX: i64 = 60;
/// Rows of each list.
const ROWS_MAX: usize = 12;

/// Widths of a span that people think in, in seconds.
const WIDTHS: [i64; 14] = [1, 5, 15, 60, 300, 900, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400, 7 * 86_400, 30 * 86_400];

pub(super) async fn count(
    State(admin): State<Admin>,
    Extension(who): Extension<Principal>,
    Query(query): Query<AuditQuery>,
) -> Answer<view::RecordCounts> {
    let mut filter = filter(&admin, &who, &query).await?;
    filter.limit = COUNTED_MAX + 1;
    let (mut records, complete) = admin.audit.brief_within(&filter, READ_BYTES_MAX).await?;
    records.truncate(COUNTED_MAX as usize);
    let oldest = records.iter().map(|record| record.at).min();
    let end = filter.to.unwrap_or_else(clock::now);
    // Of a part of the records nothing is known before the oldest of them.
    let begin = if complete { filter.from.or(oldest) } else { oldest }.unwrap_or(end);
    let names = admin.control.apps(None).await;
    let name = |id: u64| names.iter().find(|(app, _)| app.id == id).map(|(app, _)| app.name.clone());
    let app = |(id, (calls, _)): (u64, Sum)| view::CountedApp { app_id: id, name: name(id), calls };
    let word = |(word, (calls, failed)): (&str, Sum)| view::CountedWord { word: word.to_owned(), calls, failed };
    let status = |record: &BriefRecord| record.status.map_or_else(|| "unknown".to_owned(), |status| status.to_string());
    answer(view::RecordCounts {
        counted: records.len() as u64,
        complete,
        over_time: over_time(&records, begin, end),
        statuses: sums(&records, |record| Some(status(record)))
            .into_iter()
            .map(|(word, (calls, failed))| view::CountedWord { word, calls, failed })
            .collect(),
        causes: sums(&records, |record| record.word.as_deref()).into_iter().map(word).collect(),
        apps: sums(&records, |record| record.app_id).into_iter().map(app).collect(),
        operations: sums(&records, |record| Some(record.operation.as_str())).into_iter().map(word).collect(),
    })
}

/// Calls, and those of them that failed.
type Sum = (u64, u64);

fn has_failed(record: &BriefRecord) -> bool {
    record.status.is_none_or(|status| status >= 400)
}

/// Calls by what they have in common, most first.
fn sums<'a, K: Eq + Hash + Ord>(records: &'a [BriefRecord], of: impl Fn(&'a BriefRecord) -> Option<K>) -> Vec<(K, Sum)> {
    let mut sums: HashMap<K, Sum> = HashMap::new();
    for record in records {
        if let Some(key) = of(record) {
            let (calls, failed) = sums.entry(key).or_default();
            *calls += record.calls;
            *failed += if has_failed(record) { record.calls } else { 0 };
        }
    }
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_unstable_by(|(one, mine), (other, theirs)| theirs.0.cmp(&mine.0).then_with(|| one.cmp(other)));
    sums.truncate(ROWS_MAX);
    sums
}

/// Calls and failed calls by spans of one width, which begin at whole multiples of it.
fn over_time(records: &[BriefRecord], begin: Timestamp, end: Timestamp) -> view::CountedTime {
    let length = (end.as_ms() - begin.as_ms()).max(1);
    let fits = |seconds: &&i64| length / (**seconds * 1_000) < SPANS_MAX;
    let width_ms = WIDTHS.iter().find(fits).map_or(length / SPANS_MAX + 1, |seconds| seconds * 1_000);
    let first = begin.as_ms().div_euclid(width_ms);
    let spans = usize::try_from(end.as_ms().div_euclid(width_ms) - first + 1).unwrap_or(1);
    let mut over_time =
        view::CountedTime { begin: Timestamp::from_ms(first * width_ms).into(), width_ms, calls: vec![0; spans], failed: vec![0; spans] };
    for record in records {
        let at = usize::try_from(record.at.as_ms().div_euclid(width_ms) - first).ok();
        let Some(at) = at.filter(|at| *at < spans) else { continue };
        over_time.calls[at] += record.calls;
        if has_failed(record) {
            over_time.failed[at] += record.calls;
        }
    }
    over_time
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(at: &str, status: Option<u16>, calls: u64) -> BriefRecord {
        BriefRecord { at: Timestamp::parse_iso(at).unwrap(), app_id: None, operation: String::new(), status, word: None, calls }
    }

    #[test]
    fn calls_are_counted_in_spans_that_people_think_in() {
        let at = |text: &str| Timestamp::parse_iso(text).unwrap();
        let records = [
            record("2026-11-25T09:59:59.000Z", Some(403), 2),
            record("2026-11-25T09:15:00.000Z", Some(200), 1),
            record("2026-11-25T09:14:59.999Z", None, 1),
        ];
        let counted = over_time(&records, at("2026-11-25T09:14:59.999Z"), at("2026-11-25T10:00:00.000Z"));
        assert_eq!((counted.begin.0.as_str(), counted.width_ms, counted.calls.len()), ("2026-11-25T09:14:00.000Z", 60_000, 47));
        assert_eq!((counted.calls[0], counted.failed[0], counted.calls[1], counted.failed[1]), (1, 1, 1, 0));
        assert_eq!((counted.calls[45], counted.failed[45]), (2, 2));
    }

    #[test]
    fn no_record_is_a_chart_of_nothing() {
        let now = Timestamp::from_ms(1_790_000_000_000);
        let counted = over_time(&[], now, now);
        assert_eq!((counted.calls, counted.failed), (vec![0], vec![0]));
    }

    #[test]
    fn a_list_begins_with_the_commonest() {
        let records = [(Some(200), 1), (Some(403), 3), (None, 1)].map(|(status, calls)| record("2026-11-25T09:15:00.000Z", status, calls));
        assert_eq!(sums(&records, |record| record.status), [(403, (3, 3)), (200, (1, 0))]);
    }
}
