//! The hourly tasks. Most act on an age in days, which a reload can change.

use std::sync::Arc;
use std::time::Duration;

use keyway_gateway::audit::AuditLog;
use keyway_gateway::clock;
use keyway_gateway::control::Control;
use tokio::sync::watch;
use tokio::time::Interval;

/// How often old audit records are deleted, and unused apps disabled.
const EVERY: Duration = Duration::from_secs(3_600);

/// The hours at which something is to be done.
struct Hours {
    every: Interval,
    days: watch::Receiver<Option<u32>>,
}

impl Hours {
    fn new(days: watch::Receiver<Option<u32>>) -> Self {
        Self { every: tokio::time::interval(EVERY), days }
    }

    /// Waits for the next hour or a change of the number of days. Waits on while no number is set.
    async fn next(&mut self) -> u32 {
        loop {
            tokio::select! {
                _ = self.every.tick() => {}
                Ok(()) = self.days.changed() => {}
            }
            if let Some(days) = *self.days.borrow_and_update() {
                return days;
            }
        }
    }
}

/// Disables apps that made no call for the set number of days, now and every hour.
pub async fn disable_unused_apps(control: Arc<Control>, days: watch::Receiver<Option<u32>>) {
    let mut hours = Hours::new(days);
    loop {
        let days = hours.next().await;
        match control.disable_unused(clock::now().plus_ms(-i64::from(days) * 86_400_000)).await {
            Ok(disabled) => disabled.iter().for_each(|app| {
                tracing::warn!(app_id = app.id, name = app.name, "the app made no call for {days} days and is disabled");
            }),
            Err(error) => tracing::warn!(%error, "unused apps could not be disabled"),
        }
    }
}

/// Deletes audit records that are older than the set number of days, now and every hour.
pub async fn delete_old_records(audit: Arc<AuditLog>, days: watch::Receiver<Option<u32>>) {
    let mut hours = Hours::new(days);
    loop {
        let days = hours.next().await;
        match audit.prune(clock::now().plus_ms(-i64::from(days) * 86_400_000)).await {
            Ok(0) => {}
            Ok(records) => tracing::info!(records, "audit records older than {days} days are deleted"),
            Err(error) => tracing::warn!(%error, "old audit records could not be deleted"),
        }
    }
}

/// Deletes what approvals would have changed a day after their end, and approvals long after it, now and every hour.
pub async fn forget_approvals(control: Arc<Control>) {
    let mut every = tokio::time::interval(EVERY);
    loop {
        every.tick().await;
        if let Err(error) = control.forget_approvals().await {
            tracing::warn!(%error, "approvals that ended could not be deleted");
        }
    }
}
