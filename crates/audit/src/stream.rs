//! Writes each record as a line of JSON for a reader such as a log collector.

use std::io::{BufWriter, Write};
use std::sync::mpsc::{self, SyncSender, TrySendError};

use super::entry::AuditEntry;
use super::record::AuditRecord;
use super::row::Row;

/// Records that may wait for a reader that is slow.
const QUEUE_MAX: usize = 10_000;

/// Where records go once they are durable. A reader that does not keep up loses lines and never
/// holds up calls: the log itself has every record.
pub(super) struct Stream {
    lines: SyncSender<AuditRecord>,
    lost: u64,
}

impl Stream {
    /// Writes to a target from a thread of its own.
    pub(super) fn start(target: Box<dyn Write + Send>) -> Self {
        let (lines, queue) = mpsc::sync_channel::<AuditRecord>(QUEUE_MAX);
        let write = move || {
            let mut target = BufWriter::new(target);
            while let Ok(first) = queue.recv() {
                for record in std::iter::once(first).chain(queue.try_iter()) {
                    let line = serde_json::to_string(&record).unwrap_or_default();
                    if writeln!(target, "{line}").is_err() {
                        tracing::error!("the stream of audit records is closed: its reader is gone");
                        return;
                    }
                }
                let _ = target.flush();
            }
        };
        let _ = std::thread::Builder::new().name("keyway-audit-stream".into()).spawn(write);
        Self { lines, lost: 0 }
    }

    pub(super) fn send(&mut self, entry: &AuditEntry, id: i64) {
        match self.lines.try_send(Row::of(entry, id, &entry.source.to_string()).into()) {
            Ok(()) if self.lost > 0 => {
                tracing::warn!(lost = self.lost, "the stream of audit records left some out: its reader was too slow");
                self.lost = 0;
            }
            Err(TrySendError::Full(_)) => self.lost += 1,
            _ => {}
        }
    }
}
