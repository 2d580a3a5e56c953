//! Fills the audit of a stopped server's data folder, for measurements: as many records as asked
//! for, of 500 apps, a tenth of a second apart, every fiftieth refused.
//!
//! With `--touched` every call names CRM records: of eight calls seven one contact and one batch of
//! twenty deals, with two names of properties. There is one contact to each five calls, and one
//! (`contacts/77`) in every thousandth call. Afterwards it says how long the calls of a record take to find.
//!
//! With `--days N` the calls lie in the N days before now, evenly, so that pages about a week or a month have something
//! to count.
//!
//! `cargo run --release -p keyway-audit --example fill_audit -- FOLDER RECORDS [--touched] [--days N] [--postgres URL]`

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use keyway_audit::chain::ChainKey;
use keyway_audit::{AuditEntry, AuditFilter, AuditLog, Place};
use keyway_core::time::Timestamp;
use keyway_core::touched::{Named, RecordRef};
use keyway_ground::clock::now;

/// Writers at once: so many records share a commit.
const WRITERS: i64 = 1_024;
/// When the first call came in: 2026-05-28.
const FIRST_MS: i64 = 1_780_000_000_000;
/// Between two calls.
const STEP_MS: i64 = 100;
const DAY_MS: i64 = 86_400_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, count, options @ ..] = &arguments[..] else {
        return Err("usage: fill_audit FOLDER RECORDS [--touched] [--days N] [--postgres URL]".into());
    };
    let touched = options.iter().any(|option| option == "--touched");
    let value = |name: &str| options.iter().position(|option| option == name).and_then(|at| options.get(at + 1));
    let url = value("--postgres");
    let (folder, count): (&Path, i64) = (folder.as_ref(), count.parse()?);
    let times = match value("--days") {
        Some(days) => Times::before(now().as_ms(), days.parse()?, count),
        None => Times { first_ms: FIRST_MS, span_ms: STEP_MS * count, count },
    };
    let hex = std::fs::read_to_string(folder.join("master.key"))?;
    let mut key = [0; 32];
    for (byte, place) in key.iter_mut().zip(0..) {
        *byte = u8::from_str_radix(hex.trim().get(place * 2..place * 2 + 2).ok_or("master.key is too short")?, 16)?;
    }
    let log = Arc::new(AuditLog::open(url.map_or(Place::Folder(folder), |url| Place::Postgres(url)), ChainKey::new(&key), None).await?);
    let started = Instant::now();
    let writers: Vec<_> = (0..WRITERS)
        .map(|first| {
            let log = log.clone();
            tokio::spawn(async move {
                let mut number = first;
                while number < count {
                    log.record(AuditEntry { named: touched.then(|| named(number, count)), ..entry(number, times.of(number)) }, false)
                        .await?;
                    number += WRITERS;
                }
                Ok::<(), keyway_audit::AuditError>(())
            })
        })
        .collect();
    for writer in writers {
        writer.await??;
    }
    let took = started.elapsed().as_secs_f64();
    writeln!(std::io::stderr(), "{count} records in {took:.1} s, {:.0} a second", count as f64 / took)?;
    if touched {
        ask(&log, count).await?;
    }
    log.close().await;
    Ok(())
}

/// How long the last 100 calls of a CRM record take: of a few, of many, and of one that was never touched.
async fn ask(log: &AuditLog, count: i64) -> Result<(), Box<dyn Error>> {
    let usual = format!("contacts/{}", 20_000_000_000 + (count / 2 + 1) * 7_919 % (count / 5).max(1));
    for record in [usual.as_str(), "contacts/77", "contacts/78", "companies/1"] {
        let filter = AuditFilter { record: Some(RecordRef::parse(record)?), limit: 100, ..AuditFilter::default() };
        let mut took = Vec::new();
        let mut found = 0;
        for _ in 0..21 {
            let started = Instant::now();
            found = log.list(&filter).await?.len();
            took.push(started.elapsed().as_secs_f64() * 1_000.0);
        }
        let first = took[0];
        took.sort_by(f64::total_cmp);
        writeln!(std::io::stderr(), "{record}: {found} calls, first {first:.1} ms, median {:.1} ms, slowest {:.1} ms", took[10], took[20])?;
    }
    Ok(())
}

/// When the calls came in.
#[derive(Clone, Copy)]
struct Times {
    first_ms: i64,
    span_ms: i64,
    count: i64,
}

impl Times {
    fn before(now_ms: i64, days: i64, count: i64) -> Self {
        Self { first_ms: now_ms - days * DAY_MS, span_ms: days * DAY_MS, count }
    }

    fn of(self, number: i64) -> Timestamp {
        let passed = i128::from(self.span_ms) * i128::from(number) / i128::from(self.count.max(1));
        Timestamp::from_ms(self.first_ms + i64::try_from(passed).unwrap_or(self.span_ms))
    }
}

fn entry(number: i64, at: Timestamp) -> AuditEntry {
    let app_id = 1 + u64::try_from(number * 7_919 % 500).unwrap_or(0);
    let refused = number % 50 == 0;
    AuditEntry {
        at,
        hub_id: Some(10_000_001),
        app_id: Some(app_id),
        token_id: Some(app_id),
        operation: "GET /crm/v3/objects/contacts/{contactId}".into(),
        object: None,
        status: if refused { 429 } else { 200 },
        word: refused.then_some("limit-reached"),
        attempts: 0,
        waited_us: 0,
        latency_us: 800,
        bytes_in: 0,
        bytes_out: 420,
        correlation_id: format!("{number:08x}-0000-7000-8000-{number:012x}"),
        source: [127, 0, 0, 1].into(),
        named: None,
        agent: None,
    }
}

fn named(number: i64, count: i64) -> Box<Named> {
    let records = match number {
        _ if number % 1_000 == 0 => "contacts/77".to_owned(),
        _ if number % 8 == 0 => {
            let deals = (0..20).map(|at| format!("deals/{}", 30_000_000_000 + (number * 20 + at) * 7_919 % (count * 2)));
            deals.collect::<Vec<_>>().join(" ")
        }
        _ => format!("contacts/{}", 20_000_000_000 + number * 7_919 % (count / 5).max(1)),
    };
    let record_count = records.split(' ').count() as u64;
    Box::new(Named { records, record_count, incomplete: false, properties: "email lifecyclestage".into(), property_count: 2 })
}
