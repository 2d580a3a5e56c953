//! Apps of whose calls a large part fails, from the counts of calls.

use std::collections::HashMap;

use keyway_core::time::Timestamp;

use super::Thresholds;
use crate::audit::counts::{Grain, OTHER_CAUSE, Span, Tally, calls_of_apps};
use crate::audit::{AuditError, AuditLog};

/// Failed calls from which on a part of them is looked at: fewer are somebody who tries something, or one bad moment.
const FAILED_MIN: u64 = 20;

/// How calls end that work as they should: HubSpot's categories of 404 and 409. Programs read records to see whether they
/// exist, and create records that may exist already; both get such an answer and go on. What Keyway refuses itself, such
/// as a path that no operation has, is counted by the name of its refusal, and is not one of these.
const USUAL: [&str; 4] = ["OBJECT_NOT_FOUND", "NOT_FOUND", "CONFLICT", "OBJECT_ALREADY_EXISTS"];

/// An app whose calls fail often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    /// Who calls.
    pub app_id: u64,
    /// Its calls.
    pub calls: u64,
    /// Those that failed, without the usual answers.
    pub failed: u64,
    /// The commonest cause, a refusal or HubSpot's category; none where it has no name that a filter takes.
    pub cause: Option<String>,
    /// From when on they are counted.
    pub since: Timestamp,
    /// Where a person sees the calls.
    pub link: String,
    /// The path of that page.
    pub page: String,
}

/// When the counts begin that say whether an app's calls fail: with the hour before the one that is not over. So there is
/// an hour of calls at least, and a fault that is mended is over within two.
fn since(now: Timestamp) -> Timestamp {
    let width = Grain::Hour.width_ms();
    Timestamp::from_ms((now.as_ms().div_euclid(width) - 1) * width)
}

/// The apps of whose recent calls a large part failed; none while not all calls are counted.
///
/// # Errors
/// The counts can't be read.
pub async fn failing(audit: &AuditLog, server: &str, thresholds: &Thresholds, now: Timestamp) -> Result<Option<Vec<Failing>>, AuditError> {
    if !audit.count_unless_behind().await? {
        return Ok(None);
    }
    let since = since(now);
    let spans = audit.spans(Grain::Hour, since, now.plus_ms(Grain::Hour.width_ms())).await?;
    Ok(Some(found(&spans, server, thresholds, since)))
}

fn found(spans: &[Span], server: &str, thresholds: &Thresholds, since: Timestamp) -> Vec<Failing> {
    let is_many = |calls: u64, failed: u64| failed >= FAILED_MIN && failed * 100 >= calls.saturating_mul(thresholds.failed_percent);
    let mut calls = calls_of_apps(spans, |_, _| true);
    // Of most apps this is enough; the causes of the others say which failures are usual.
    calls.retain(|_, (calls, failed)| is_many(*calls, *failed));
    let mut tallies: HashMap<u64, Tally> = HashMap::new();
    for span in spans {
        span.each(
            |_, app_id| app_id.is_some_and(|app_id| calls.contains_key(&app_id)),
            |_, app_id, tally| tallies.entry(app_id.unwrap_or(0)).or_default().merge(&tally),
        );
    }
    let failing = |(app_id, tally): (u64, Tally)| {
        let causes: Vec<(String, u64)> = tally.causes().into_iter().filter(|(cause, _)| !USUAL.contains(&cause.as_str())).collect();
        let (calls, failed) = (tally.calls(), causes.iter().map(|(_, calls)| calls).sum());
        let cause = causes.into_iter().next().map(|(cause, _)| cause).filter(|cause| is_name(cause));
        let category = cause.as_ref().map_or_else(String::new, |cause| format!("&category={cause}"));
        let page = format!("/audit?app={app_id}{category}&range=day");
        let link = format!("{server}{page}");
        is_many(calls, failed).then_some(Failing { app_id, calls, failed, cause, since, link, page })
    };
    let mut failing: Vec<Failing> = tallies.into_iter().filter_map(failing).collect();
    failing.sort_by_key(|one| (std::cmp::Reverse(one.failed), one.app_id));
    failing
}

/// Whether a cause is a name, as refusals and HubSpot's categories are: an address and a command contain it.
fn is_name(cause: &str) -> bool {
    cause != OTHER_CAUSE && cause.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::chain::ChainKey;
    use crate::audit::{AuditEntry, Place};

    const NOW: Timestamp = Timestamp::from_ms(1_790_000_000_000);

    /// Calls of apps: how often, and how each ended.
    async fn after(calls: &[(u64, usize, u16, Option<&'static str>)]) -> Vec<(u64, u64, u64, Option<String>)> {
        let log = AuditLog::open(Place::Memory, ChainKey::new(&[7; 32]), None).await.unwrap();
        let mut entries = Vec::new();
        for (app_id, many, status, word) in calls {
            let entry = AuditEntry {
                at: NOW.plus_ms(-60_000),
                hub_id: Some(1),
                app_id: Some(*app_id),
                token_id: Some(1),
                operation: "GET /crm/v3/owners".into(),
                object: None,
                status: *status,
                word: *word,
                attempts: 0,
                waited_us: 0,
                latency_us: 1,
                bytes_in: 0,
                bytes_out: 0,
                correlation_id: "c".into(),
                source: [127, 0, 0, 1].into(),
                named: None,
                agent: None,
            };
            entries.extend(std::iter::repeat_n(entry, *many));
        }
        log.record_all(entries).await.unwrap();
        let failing = failing(&log, "http://server", &Thresholds::default(), NOW).await.unwrap().unwrap();
        failing.into_iter().map(|one| (one.app_id, one.calls, one.failed, one.cause)).collect()
    }

    #[tokio::test]
    async fn an_app_fails_from_a_share_of_its_calls_on_and_from_a_number_of_them_on() {
        let scopes = Some("missing-scopes");
        assert_eq!(after(&[(1, 180, 200, None), (1, 20, 403, scopes)]).await, [(1, 200, 20, scopes.map(str::to_owned))]);
        assert_eq!(after(&[(1, 181, 200, None), (1, 20, 403, scopes)]).await, [], "less than a tenth");
        assert_eq!(after(&[(1, 19, 403, scopes)]).await, [], "a handful");
        let two = after(&[(1, 20, 500, Some("OTHER")), (2, 30, 403, scopes), (2, 10, 500, Some("OTHER"))]).await;
        assert_eq!(two, [(2, 40, 40, scopes.map(str::to_owned)), (1, 20, 20, None)]);
    }

    #[tokio::test]
    async fn a_record_that_is_not_there_or_there_already_is_no_failure() {
        for (status, usual) in [404, 404, 409, 409].into_iter().zip(USUAL) {
            assert_eq!(after(&[(1, 500, status, Some(usual))]).await, [], "{usual}");
        }
        let mixed = after(&[(1, 500, 404, Some("OBJECT_NOT_FOUND")), (1, 99, 400, Some("VALIDATION_ERROR"))]).await;
        assert_eq!(mixed, [(1, 599, 99, Some("VALIDATION_ERROR".to_owned()))]);
        // What HubSpot says may be anything; it does not come into an address or a command.
        assert_eq!(after(&[(1, 20, 400, Some("a&b=$(id)"))]).await, [(1, 20, 20, None)]);
        // Keyway's own 404s are refusals: the program calls what is not there.
        assert_eq!(after(&[(1, 20, 404, Some("no-such-operation"))]).await.len(), 1);
    }
}
