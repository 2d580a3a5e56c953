//! Checking the chain of seals from its start to its end.

use sqlx::{Row as _, SqlitePool};

use super::chain::{ChainKey, Head, Seal};
use super::rows::Row;
use super::{AuditError, AuditLog};

/// Records read at once.
const PAGE: i64 = 5_000;
/// Times the check starts over when old records were deleted meanwhile.
const STARTS_MAX: u32 = 5;

/// What a check of the log came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// Records whose seals fit.
    pub records: u64,
    /// The last sealed record: to be kept elsewhere, and asked about next time.
    pub head: Option<Head>,
    /// Records from before there were seals; nothing can be said of them.
    pub unsealed: u64,
    /// The first thing that is wrong.
    pub fault: Option<String>,
}

impl AuditLog {
    /// Checks every seal, and that a head which was kept elsewhere is still in the log.
    ///
    /// # Errors
    /// The file can't be read.
    pub async fn verify(&self, known: Option<Head>) -> Result<Verification, AuditError> {
        for _ in 1..STARTS_MAX {
            let before = start(&self.readers, &self.key).await?;
            let verified = walk(&self.readers, &self.key, &before, known).await?;
            // Records that went for their age while the check went on are no fault.
            if verified.fault.is_none() || start(&self.readers, &self.key).await?.after == before.after {
                return Ok(verified);
            }
        }
        let before = start(&self.readers, &self.key).await?;
        walk(&self.readers, &self.key, &before, known).await
    }
}

struct Start {
    after: Head,
    genuine: bool,
}

async fn start(pool: &SqlitePool, key: &ChainKey) -> Result<Start, AuditError> {
    let row = sqlx::query("select after_id, seal, vouched from chain_start").fetch_optional(pool).await?;
    let Some(row) = row else { return Ok(Start { after: Head { id: 0, seal: Seal::default() }, genuine: false }) };
    let seal = Seal::try_from(row.try_get::<&[u8], _>("seal")?).unwrap_or_default();
    let after = Head { id: row.try_get("after_id")?, seal };
    let genuine = row.try_get::<&[u8], _>("vouched")? == key.start(after.id, &seal);
    Ok(Start { after, genuine })
}

async fn walk(pool: &SqlitePool, key: &ChainKey, start: &Start, known: Option<Head>) -> Result<Verification, AuditError> {
    let unsealed: i64 = sqlx::query_scalar("select count(*) from call where id <= ?").bind(start.after.id).fetch_one(pool).await?;
    let mut done = Verification { records: 0, head: None, unsealed: u64::try_from(unsealed).unwrap_or(0), fault: None };
    if !start.genuine {
        done.fault = Some("where the chain starts was changed".into());
        return Ok(done);
    }
    // The record that a kept head names; none where it is older than what is kept.
    let mut sought = known.filter(|head| head.id > start.after.id);
    if known.is_some_and(|head| head.id == start.after.id && head.seal != start.after.seal) {
        done.fault = Some(format!("record {} does not carry the seal that was kept: the log was written anew", start.after.id));
        return Ok(done);
    }
    let (mut sealed, mut link, mut open) = (start.after, key.after(&start.after.seal), 0_u64);
    let mut at = start.after.id;
    loop {
        let page = sqlx::query("select * from call where id > ? order by id limit ?").bind(at).bind(PAGE).fetch_all(pool).await?;
        for row in &page {
            let record = Row::read(row)?;
            link.add(&record);
            (at, open) = (record.id, open + 1);
            let Some(seal) = row.try_get::<Option<&[u8]>, _>("seal")? else { continue };
            let expected = std::mem::replace(&mut link, key.after(&Seal::try_from(seal).unwrap_or_default())).seal();
            if seal != expected {
                done.fault = Some(format!(
                    "the records {} to {} are not as they were written: changed, removed or added to",
                    sealed.id + 1,
                    record.id
                ));
                return Ok(done);
            }
            sealed = Head { id: record.id, seal: expected };
            done.records += std::mem::take(&mut open);
            done.head = Some(sealed);
            if let Some(head) = sought.take_if(|head| head.id == sealed.id)
                && head.seal != sealed.seal
            {
                done.fault = Some(format!("record {} does not carry the seal that was kept: the log was written anew", head.id));
                return Ok(done);
            }
        }
        if page.len() < PAGE as usize {
            break;
        }
    }
    if open > 0 {
        done.fault = Some(format!("the records {} to {at} carry no seal: the end of the log was cut or added to", sealed.id + 1));
    } else if let Some(head) = sought {
        done.fault =
            Some(format!("record {} is gone, which the kept head names: the log was cut, or put back to an earlier state", head.id));
    }
    Ok(done)
}
