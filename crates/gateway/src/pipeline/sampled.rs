//! Refused calls of callers that nobody knows: anybody can make thousands a second, so only the first ones of
//! a second have a record each. The others of that second become one record, with their exact number.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keyway_core::time::Moment;

use crate::audit::{AuditEntry, AuditLog, summary};
use crate::guesses::source_network;
use crate::sync::locked;

/// Refusals of one kind from one source that have a record each, in a second.
const FULL_MAX: u32 = 10;
/// Sources and kinds that are distinguished in a second; further sources share one summary of each kind.
const KINDS_MAX: usize = 10_000;
/// How often summaries are written.
const EVERY: Duration = Duration::from_secs(1);

/// Refusals that are distinguished.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Kind {
    source: IpAddr,
    status: u16,
    word: Option<&'static str>,
}

/// What is known of one kind.
struct Seen {
    /// The second that is counted.
    second: i64,
    full: u32,
    /// The first call that has no record of its own, and how many there are.
    more: Option<(AuditEntry, u64)>,
}

/// The refusals of the last second.
#[derive(Default)]
pub(super) struct Sampled(Mutex<State>);

#[derive(Default)]
struct State {
    seen: HashMap<Kind, Seen>,
    /// Whether somebody writes summaries.
    writing: bool,
}

/// What becomes of a refusal.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It has a record of its own.
    Record,
    /// It is counted; whether somebody must begin to write summaries.
    Count(bool),
}

impl Sampled {
    /// Takes in a refusal of a caller that is not known.
    pub fn take(&self, entry: &AuditEntry, now: Moment) -> Fate {
        let second = now.as_ms() / 1_000;
        let mut kind = Kind { source: source_network(entry.source), status: entry.status, word: entry.word };
        let mut state = locked(&self.0);
        if state.seen.len() >= KINDS_MAX && !state.seen.contains_key(&kind) {
            state.seen.retain(|_, seen| seen.second == second || seen.more.is_some());
            if state.seen.len() >= KINDS_MAX {
                kind.source = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
            }
        }
        let seen = state.seen.entry(kind).or_insert(Seen { second, full: 0, more: None });
        if seen.second != second {
            (seen.second, seen.full) = (second, 0);
        }
        if seen.full < FULL_MAX {
            seen.full += 1;
            return Fate::Record;
        }
        match &mut seen.more {
            Some((first, count)) => {
                *count += 1;
                first.bytes_in += entry.bytes_in;
                first.bytes_out += entry.bytes_out;
            }
            none => *none = Some((AuditEntry { source: kind.source, ..entry.clone() }, 1)),
        }
        Fate::Count(!std::mem::replace(&mut state.writing, true))
    }

    /// Writes a summary of each kind every second, until nothing was counted for one.
    pub async fn write(self: Arc<Self>, audit: Arc<AuditLog>) {
        loop {
            tokio::time::sleep(EVERY).await;
            if self.write_now(&audit).await == 0 {
                let mut state = locked(&self.0);
                if state.seen.values().all(|seen| seen.more.is_none()) {
                    state.writing = false;
                    state.seen.clear();
                    return;
                }
            }
        }
    }

    /// Writes what was counted; how many summaries there were.
    pub async fn write_now(&self, audit: &AuditLog) -> usize {
        let counted: Vec<(Kind, (AuditEntry, u64))> =
            locked(&self.0).seen.iter_mut().filter_map(|(kind, seen)| Some((*kind, seen.more.take()?))).collect();
        let summaries = counted.len();
        for (kind, (first, count)) in counted {
            if audit.record(summary(first.clone(), count), false).await.is_err() {
                self.put_back(kind, first, count);
            }
        }
        summaries
    }

    /// What could not be written counts on.
    fn put_back(&self, kind: Kind, first: AuditEntry, count: u64) {
        let mut state = locked(&self.0);
        let seen = state.seen.entry(kind).or_insert(Seen { second: 0, full: 0, more: None });
        match &mut seen.more {
            Some((_, more)) => *more += count,
            none => *none = Some((first, count)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::chain::ChainKey;
    use crate::audit::{AuditFilter, Place};

    fn refused(source: &str, word: &'static str) -> AuditEntry {
        AuditEntry {
            at: keyway_core::time::Timestamp::from_ms(1_790_000_000_000),
            hub_id: None,
            app_id: None,
            token_id: None,
            operation: "GET /a".into(),
            object: None,
            status: 401,
            word: Some(word),
            attempts: 0,
            waited_us: 0,
            latency_us: 7,
            bytes_in: 2,
            bytes_out: 3,
            correlation_id: "0199".into(),
            source: source.parse().unwrap(),
            named: None,
            agent: None,
        }
    }

    #[tokio::test]
    async fn the_first_of_a_second_have_a_record_and_the_others_one_with_their_number() {
        let audit = AuditLog::open(Place::Memory, ChainKey::new(&[7; 32]), None).await.unwrap();
        let sampled = Sampled::default();
        let at = |ms| Moment::from_ms(ms);
        let fates: Vec<Fate> = (0..100).map(|_| sampled.take(&refused("192.0.2.1", "INVALID_AUTHENTICATION"), at(5_000))).collect();
        assert_eq!(fates.iter().filter(|fate| **fate == Fate::Record).count(), 10);
        assert_eq!(fates[10..12], [Fate::Count(true), Fate::Count(false)]);
        assert_eq!(sampled.take(&refused("192.0.2.1", "EXPIRED_AUTHENTICATION"), at(5_000)), Fate::Record, "another rule");
        assert_eq!(sampled.take(&refused("192.0.2.2", "INVALID_AUTHENTICATION"), at(5_000)), Fate::Record, "another source");
        assert_eq!(sampled.write_now(&audit).await, 1);
        assert_eq!(sampled.take(&refused("192.0.2.1", "INVALID_AUTHENTICATION"), at(6_000)), Fate::Record, "another second");
        assert_eq!(sampled.write_now(&audit).await, 0);
        let records = audit.list(&AuditFilter { limit: 10, ..AuditFilter::default() }).await.unwrap();
        assert_eq!(records.len(), 1);
        let record = &records[0];
        assert_eq!((record.calls, record.status, record.operation.as_str()), (90, Some(401), "(refused calls)"));
        assert_eq!((record.record_count, record.bytes_in, record.bytes_out, record.source.as_str()), (0, 180, 270, "192.0.2.1"));
    }

    #[test]
    fn sources_without_end_take_no_memory_without_end() {
        let sampled = Sampled::default();
        for number in 0..KINDS_MAX as u32 + 5_000 {
            let source = IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + number)).to_string();
            sampled.take(&refused(&source, "INVALID_AUTHENTICATION"), Moment::from_ms(5_000));
        }
        assert!(locked(&sampled.0).seen.len() <= KINDS_MAX + 1);
    }
}
