//! The audit log of a server, and who reads its records as they are written.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use keyway_deliver::otlp::Collector;
use keyway_gateway::audit::{AuditLog, EachRecord, Place};
use keyway_gateway::store::Store;
use tokio::task::JoinHandle;

use crate::args::serve::Serve;
use crate::logs;

/// Opens the audit log. The task sends records to the collector of `--otlp`, and ends once the log is closed.
///
/// # Errors
/// The log can't be opened, or the collector's URL is not valid.
pub async fn open(serve: &Serve, stored: Option<&Path>, store: &Store) -> anyhow::Result<(Arc<AuditLog>, Option<JoinHandle<()>>)> {
    let place = match (&serve.database, stored) {
        (Some(url), _) => Place::Postgres(url),
        (None, Some(folder)) => Place::Folder(folder),
        (None, None) => Place::Memory,
    };
    let reader: Option<Box<dyn Write + Send>> = if serve.audit_stream { Some(Box::new(std::io::stdout())) } else { None };
    let reader = match serve.access_log {
        true => Some(Box::new(logs::access_log(serve.log_format, reader)) as Box<dyn Write + Send>),
        false => reader,
    };
    let (reader, sending) = match &serve.otlp {
        Some(url) => {
            let (take, sending) = Collector::new(url)?.start();
            (Some(Box::new(EachRecord::new(reader, take)) as Box<dyn Write + Send>), Some(sending))
        }
        None => (reader, None),
    };
    Ok((Arc::new(AuditLog::open(place, store.audit_key(), reader).await?), sending))
}
