//! Checking the chains of seals in PostgreSQL from their starts to their ends.

use sqlx::{AnyPool, Row as _};

use super::moved;
use super::sql::Sql;
use crate::chain::{ChainKey, Head, Heads, Seal};
use crate::error::AuditError;
use crate::row::Row;
use crate::verify::{Verification, written_anew};

/// Records read at once.
pub(super) const PAGE: i64 = 5_000;
/// Times a check starts over when old records were deleted meanwhile.
const STARTS_MAX: u32 = 5;

/// Where the chain of a writer starts.
#[derive(Clone, PartialEq, Eq)]
struct Start {
    after: Head,
    genuine: bool,
}

/// Checks every seal, and that heads which were kept elsewhere are still in the log.
pub(crate) async fn verify(pool: &AnyPool, key: &ChainKey, known: &Heads) -> Result<Verification, AuditError> {
    let chains = Chains { pool, key };
    let mut started = 0;
    loop {
        started += 1;
        let starts = chains.starts().await?;
        let verified = chains.check(&starts, known).await?;
        // Records that retention deleted during the check are not a fault.
        if verified.fault.is_none() || started == STARTS_MAX || chains.starts().await? == starts {
            return Ok(verified);
        }
    }
}

/// The chains of all writers.
struct Chains<'a> {
    pool: &'a AnyPool,
    key: &'a ChainKey,
}

impl Chains<'_> {
    async fn check(&self, starts: &[Start], known: &Heads) -> Result<Verification, AuditError> {
        let mut done = Verification::default();
        for start in starts {
            let head = known.0.iter().find(|head| head.writer == start.after.writer).copied();
            if start.after.writer == moved::WRITER {
                moved::walk(self.pool, self.key, (start.after, start.genuine), head, &mut done).await?;
                if done.fault.is_some() {
                    return Ok(done);
                }
                continue;
            }
            self.walk(start, head, &mut done).await?;
            if done.fault.is_some() {
                return Ok(done);
            }
        }
        let gone = known.0.iter().find(|head| !starts.iter().any(|start| start.after.writer == head.writer));
        done.fault = gone.map(|head| format!("the records of writer {} are gone, of which the kept head names {}", head.writer, head.id));
        Ok(done)
    }

    async fn starts(&self) -> Result<Vec<Start>, AuditError> {
        let rows = Sql::new("select id as writer, after_id, seal, vouched from writer order by id").fetch_all(self.pool).await?;
        let start = |row: &sqlx::any::AnyRow| {
            let seal = Seal::try_from(row.try_get::<&[u8], _>("seal")?).unwrap_or_default();
            let after = Head { writer: row.try_get("writer")?, id: row.try_get("after_id")?, seal };
            let genuine = row.try_get::<&[u8], _>("vouched")? == self.key.start(after.writer, after.id, &seal);
            Ok(Start { after, genuine })
        };
        rows.iter().map(start).collect()
    }

    /// Checks the chain of one writer. What is wrong is noted in `done`.
    async fn walk(&self, start: &Start, known: Option<Head>, done: &mut Verification) -> Result<(), AuditError> {
        if !start.genuine {
            done.fault = Some("where the chain starts was changed".into());
            return Ok(());
        }
        if known.is_some_and(|head| head.id == start.after.id && head.seal != start.after.seal) {
            done.fault = Some(written_anew(start.after.id));
            return Ok(());
        }
        // The record that a kept head names; none where it is older than what is kept.
        let mut sought = known.filter(|head| head.id > start.after.id);
        let (mut sealed, mut link, mut open) = (start.after, self.key.after(&start.after.seal), 0_u64);
        let mut at = start.after.id;
        loop {
            let page = self.page(start.after.writer, at).await?;
            for row in &page {
                let record = Row::read(row)?;
                link.add(&record);
                (at, open) = (record.id, open + 1);
                let Some(seal) = row.try_get::<Option<Vec<u8>>, _>("seal")? else { continue };
                let expected = std::mem::replace(&mut link, self.key.after(&Seal::try_from(&seal[..]).unwrap_or_default())).seal();
                if seal != expected {
                    done.fault = Some(format!("the records {} to {} were changed, removed or added to", sealed.id + 1, record.id));
                    return Ok(());
                }
                sealed = Head { id: record.id, seal: expected, ..sealed };
                done.records += std::mem::take(&mut open);
                if let Some(head) = sought.take_if(|head| head.id == sealed.id)
                    && head.seal != sealed.seal
                {
                    done.fault = Some(written_anew(head.id));
                    return Ok(());
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
        } else if sealed.id > 0 {
            done.heads.0.push(sealed);
        }
        Ok(())
    }

    async fn page(&self, writer: i64, after: i64) -> Result<Vec<sqlx::any::AnyRow>, AuditError> {
        page(self.pool, writer, after).await
    }
}

/// The next records of a writer.
pub(super) async fn page(pool: &AnyPool, writer: i64, after: i64) -> Result<Vec<sqlx::any::AnyRow>, AuditError> {
    let mut page = Sql::new("select * from call where id > ");
    page.bind(after).push(" and writer = ").bind(writer).push(" order by id limit ").bind(PAGE);
    Ok(page.fetch_all(pool).await?)
}
