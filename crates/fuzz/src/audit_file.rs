//! Changed or damaged files of the audit log.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use keyway_core::time::Timestamp;
use keyway_gateway::audit::chain::{ChainKey, Heads};
use keyway_gateway::audit::{AuditEntry, AuditFilter, AuditLog, AuditRecord, Place};
use tokio::runtime::Runtime;

/// Records of the log that is changed.
const RECORDS: i64 = 40;

/// A log as it was written.
struct Written {
    files: Vec<(PathBuf, Vec<u8>)>,
    records: Vec<AuditRecord>,
    heads: Heads,
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

async fn open(folder: &Path) -> Result<AuditLog, String> {
    AuditLog::open(Place::Folder(folder), ChainKey::new(&[9; 32]), None).await.map_err(|error| error.to_string())
}

async fn all(log: &AuditLog) -> Vec<AuditRecord> {
    log.list(&AuditFilter { limit: 10_000, ..AuditFilter::default() }).await.unwrap_or_default()
}

fn written() -> &'static Written {
    static WRITTEN: OnceLock<Written> = OnceLock::new();
    WRITTEN.get_or_init(|| {
        runtime().block_on(async {
            let folder = tempfile::tempdir().expect("a folder");
            let log = open(folder.path()).await.expect("a new log");
            for number in 0..RECORDS {
                log.record(entry(number), false).await.expect("a record is written");
            }
            let (records, heads) = (all(&log).await, log.verify(&Heads::default()).await.expect("a new log is whole").heads);
            log.close().await;
            let audit = folder.path().join(keyway_gateway::audit::FOLDER);
            let names = std::fs::read_dir(&audit).expect("the log is a folder").map(|entry| entry.expect("an entry").path());
            let mut files: Vec<(PathBuf, Vec<u8>)> = names
                .filter(|path| path.is_file())
                .map(|path| (path.strip_prefix(folder.path()).expect("in the folder").to_owned(), std::fs::read(&path).expect("a file")))
                .collect();
            files.sort();
            Written { files, records, heads }
        })
    })
}

fn entry(number: i64) -> AuditEntry {
    AuditEntry {
        at: Timestamp::from_ms(1_795_000_000_000 + number),
        hub_id: Some(1),
        app_id: Some(number.unsigned_abs() % 3),
        token_id: Some(5),
        operation: "GET /crm/v3/owners".into(),
        object: Some(Cow::Borrowed("0-1")),
        status: 200,
        word: None,
        attempts: 0,
        waited_us: 0,
        latency_us: 12,
        bytes_in: 0,
        bytes_out: 34,
        correlation_id: format!("c-{number}"),
        source: std::net::IpAddr::from([127, 0, 0, 1]),
        named: None,
        agent: None,
    }
}

/// The bytes are changes to the files of a log, four bytes each: which file, where (two bytes, as a part
/// of its length), and the new byte; a fourth byte above 250 cuts the file there. A log that the check
/// with the kept seals calls whole shows every record as it was written.
pub fn audit_file(bytes: &[u8]) {
    let written = written();
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join(keyway_gateway::audit::FOLDER)).expect("a folder");
    let mut files = written.files.clone();
    for change in bytes.chunks_exact(4).take(16) {
        let count = files.len();
        let file = &mut files[usize::from(change[0]) % count].1;
        let at = file.len() * usize::from(u16::from_be_bytes([change[1], change[2]])) / (1 << 16);
        match change[3] {
            251.. => file.truncate(at),
            byte => {
                if let Some(old) = file.get_mut(at) {
                    *old = byte;
                }
            }
        }
    }
    for (name, content) in &files {
        std::fs::write(folder.path().join(name), content).expect("a file is written");
    }
    runtime().block_on(async {
        let Ok(log) = open(folder.path()).await else { return };
        let records = all(&log).await;
        if log.verify(&written.heads).await.is_ok_and(|verified| verified.fault.is_none()) {
            assert_eq!(records, written.records, "the log is called whole, and is not as it was written");
        }
        log.record(entry(RECORDS), false).await.expect("a damaged log is written on");
        let newest = all(&log).await.into_iter().next().expect("a new record is shown");
        assert_eq!(newest.correlation_id, format!("c-{RECORDS}"));
        log.close().await;
    });
}
