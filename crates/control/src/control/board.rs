//! The migration board: reports that come, apps that are linked, and what is removed.

use keyway_advice::board::{self, Kept};
use keyway_advice::plan::Found;
use keyway_core::time::Timestamp;
use serde_json::{Value, json};

use super::{Control, ControlError, Result, find_app, record, text};
use crate::model::{BoardIntegration, BoardReport};
use crate::store::StoreError;
use crate::store::board as stored;

/// Repositories at most.
const REPOSITORIES_MAX: usize = 200;
/// Integrations of one repository, with those of earlier reports.
const INTEGRATIONS_MAX: usize = 1_000;
/// Bytes that are kept of one repository.
const BYTES_MAX: usize = 4 << 20;
/// Bytes that are kept of all.
const ALL_BYTES_MAX: u64 = 32 << 20;

/// Everything on the board.
#[derive(Clone, Debug, Default)]
pub struct Board {
    /// The newest report of each repository.
    pub reports: Vec<BoardReport>,
    /// The integrations of all of them.
    pub integrations: Vec<BoardIntegration>,
}

/// What a report changed.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The report as it is kept, with its new id.
    pub report: BoardReport,
    /// Integrations that it has.
    pub integrations: usize,
    /// Those among them that no earlier report had.
    pub new: usize,
    /// Integrations of earlier reports that it has nothing of.
    pub gone: usize,
}

impl Control {
    /// The whole board.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn board(&self) -> Result<Board> {
        let mut reading = self.store.read().await?;
        Ok(Board { reports: stored::reports(&mut reading).await?, integrations: stored::integrations(&mut reading, None).await? })
    }

    /// Takes a report in the place of the last one of its repository.
    ///
    /// # Errors
    /// It has more than is kept, or nothing of HubSpot.
    pub async fn take_report(&self, repository: &str, found: Found) -> Result<Taken> {
        let repository = text("the name of the repository", repository, true)?;
        let found = board::clean(found).map_err(|refused| ControlError::Invalid(refused.to_string()))?;
        let mut change = self.store.begin().await?;
        let now = self.store.now(&mut change).await?;
        let reports = stored::reports(&mut change).await?;
        let known = reports.iter().find(|report| report.repository == repository);
        if known.is_none() && reports.len() >= REPOSITORIES_MAX {
            return Err(ControlError::Conflict(format!(
                "the board has {REPOSITORIES_MAX} repositories, which is the most. Remove one with \"keyway migration forget REPOSITORY\""
            )));
        }
        let before = match known {
            Some(known) => stored::integrations(&mut change, Some(known.id)).await?,
            None => Vec::new(),
        };
        let had: Vec<String> = before.iter().filter(|one| one.kept.found.is_some()).map(|one| one.kept.key.clone()).collect();
        let ever = before.len();
        let kept = board::merge(before.into_iter().map(|one| one.kept).collect(), &found);
        let beside = stored::bytes_beside(&mut change, known.map(|known| known.id)).await?;
        check_size(&kept, beside)?;
        let mut report = BoardReport {
            id: 0,
            repository,
            received_at: now,
            before_at: known.map(|known| known.received_at),
            sent_by: record::acting_name().unwrap_or_default(),
            loose: found.loose,
        };
        report.id = stored::put_report(&mut change, &report).await?;
        for one in &kept {
            stored::put_integration(&mut change, report.id, one, now).await?;
        }
        let gone = kept.iter().filter(|one| one.found.is_none() && had.contains(&one.key)).count();
        let taken = Taken { integrations: found.integrations.len(), new: kept.len() - ever, gone, report };
        let became = json!({ "name": taken.report.repository, "integrations": taken.integrations });
        record::of_one(&mut change, name_of(taken.report.id), known.map(shown), Some(became)).await?;
        change.commit().await.map_err(StoreError::from)?;
        Ok(taken)
    }

    /// Says which app an integration uses; with none, the one that has its name.
    ///
    /// # Errors
    /// There is no such integration or app, or several apps have the name.
    pub async fn link_integration(&self, id: u64, app: Option<&str>) -> Result<()> {
        let app_id = match app {
            Some(app) => Some(find_app(&*self.state.lock().await, app)?.id),
            None => None,
        };
        let mut change = self.store.begin().await?;
        let known = one(stored::integrations(&mut change, None).await?, id)?;
        stored::link(&mut change, id, app_id).await?;
        let linked = |app_id: Option<u64>| Some(json!({ "name": known.kept.name, "app": app_id }));
        record::of_one(&mut change, format!("integration {id}"), linked(known.app_id), linked(app_id)).await?;
        change.commit().await.map_err(StoreError::from)?;
        Ok(())
    }

    /// Removes an integration that the newest report has nothing of.
    ///
    /// # Errors
    /// There is none, or the newest report has it.
    pub async fn forget_integration(&self, id: u64) -> Result<()> {
        let mut change = self.store.begin().await?;
        let known = one(stored::integrations(&mut change, None).await?, id)?;
        if known.kept.found.is_some() {
            return Err(ControlError::Conflict(format!(
                "the newest report has the integration {}, and the next one would bring it back. Remove its code and send a new report, or remove the repository with \"keyway migration forget REPOSITORY\"",
                known.kept.name
            )));
        }
        stored::delete_integration(&mut change, id).await?;
        record::of_one(&mut change, format!("integration {id}"), Some(json!({ "name": known.kept.name })), None).await?;
        change.commit().await.map_err(StoreError::from)?;
        Ok(())
    }

    /// Removes a repository with its integrations.
    ///
    /// # Errors
    /// [`ControlError::NotFound`]: no report has this id.
    pub async fn forget_report(&self, id: u64) -> Result<()> {
        let mut change = self.store.begin().await?;
        let reports = stored::reports(&mut change).await?;
        let known = reports.iter().find(|report| report.id == id);
        let known = known.ok_or_else(|| ControlError::NotFound(format!("there is no report {id} on the board")))?;
        stored::delete_report(&mut change, id).await?;
        record::of_one(&mut change, name_of(id), Some(shown(known)), None).await?;
        change.commit().await.map_err(StoreError::from)?;
        Ok(())
    }

    /// Writes when the first report and the one before the newest came, for the past of a demo.
    ///
    /// # Errors
    /// The store can't be written.
    pub async fn backdate_report(&self, id: u64, first_at: Timestamp, before_at: Timestamp) -> Result<()> {
        let mut change = self.store.begin().await?;
        stored::backdate(&mut change, id, first_at, before_at).await?;
        change.commit().await.map_err(StoreError::from)?;
        Ok(())
    }
}

fn check_size(kept: &[Kept], beside: u64) -> Result<()> {
    let mut bytes = 0;
    for one in kept {
        bytes += stored::size(one)?;
    }
    let too_large = |most: u64, what: &str, then: &str| {
        Err(ControlError::Invalid(format!("{what} would take more than {} MiB, which is the most that Keyway keeps. {then}", most >> 20)))
    };
    if kept.len() > INTEGRATIONS_MAX {
        return Err(ControlError::Invalid(format!(
            "with the integrations of earlier reports, the repository has more than {INTEGRATIONS_MAX}, which is the most that Keyway keeps. Remove it with \"keyway migration forget REPOSITORY\", then send the report again"
        )));
    }
    if bytes > BYTES_MAX {
        let then = "Scan each part of the code for itself, and send each report under its own --repository";
        return too_large(BYTES_MAX as u64, "the report", then);
    }
    if beside + bytes as u64 > ALL_BYTES_MAX {
        return too_large(ALL_BYTES_MAX, "all reports together", "Remove a repository with \"keyway migration forget REPOSITORY\"");
    }
    Ok(())
}

fn one(all: Vec<BoardIntegration>, id: u64) -> Result<BoardIntegration> {
    let found = all.into_iter().find(|one| one.id == id);
    found.ok_or_else(|| ControlError::NotFound(format!("there is no integration {id} on the board; see \"keyway migration list\"")))
}

fn name_of(id: u64) -> String {
    format!("report {id}")
}

/// What a record of a change says of a report.
fn shown(report: &BoardReport) -> Value {
    json!({ "name": report.repository, "receivedAt": report.received_at.to_iso(), "sentBy": report.sent_by })
}
