//! Fills the audit of a stopped server's data folder, for measurements: as many records as asked
//! for, of 500 apps, a tenth of a second apart, every fiftieth refused.
//!
//! `cargo run --release -p keyway-gateway --example fill_audit -- FOLDER RECORDS`

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use keyway_core::time::Timestamp;
use keyway_gateway::audit::chain::ChainKey;
use keyway_gateway::audit::{AuditEntry, AuditLog, Place};

/// Writers at once: so many records share a commit.
const WRITERS: i64 = 1_024;
/// When the first call came in: 2026-05-28.
const FIRST_MS: i64 = 1_780_000_000_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, count] = &arguments[..] else { return Err("usage: fill_audit FOLDER RECORDS".into()) };
    let (folder, count): (&Path, i64) = (folder.as_ref(), count.parse()?);
    let hex = std::fs::read_to_string(folder.join("master.key"))?;
    let mut key = [0; 32];
    for (byte, place) in key.iter_mut().zip(0..) {
        *byte = u8::from_str_radix(hex.trim().get(place * 2..place * 2 + 2).ok_or("master.key is too short")?, 16)?;
    }
    let log = Arc::new(AuditLog::open(Place::Folder(folder), ChainKey::new(&key), None).await?);
    let writers: Vec<_> = (0..WRITERS)
        .map(|first| {
            let log = log.clone();
            tokio::spawn(async move {
                let mut number = first;
                while number < count {
                    log.record(entry(number), false).await?;
                    number += WRITERS;
                }
                Ok::<(), keyway_gateway::audit::AuditError>(())
            })
        })
        .collect();
    for writer in writers {
        writer.await??;
    }
    log.close().await;
    Ok(())
}

fn entry(number: i64) -> AuditEntry {
    let app_id = 1 + u64::try_from(number * 7_919 % 500).unwrap_or(0);
    let refused = number % 50 == 0;
    AuditEntry {
        at: Timestamp::from_ms(FIRST_MS + number * 100),
        hub_id: Some(10_000_001),
        app_id: Some(app_id),
        token_id: Some(app_id),
        operation: "GET /crm/v3/objects/contacts/{contactId}".into(),
        object: None,
        status: if refused { 429 } else { 200 },
        category: refused.then_some("RATE_LIMITS"),
        attempts: 0,
        waited_us: 0,
        latency_us: 800,
        bytes_in: 0,
        bytes_out: 420,
        correlation_id: format!("{number:08x}-0000-7000-8000-{number:012x}"),
        source: [127, 0, 0, 1].into(),
    }
}
