//! What a server does every few seconds or minutes.

use std::sync::Arc;
use std::time::Duration;

use keyway_gateway::audit::AuditLog;
use keyway_gateway::control::Control;
use keyway_gateway::registry::Registry;
use keyway_gateway::upstream::Upstream;
use tokio::sync::watch;

/// How often the last use of tokens is written down.
const LAST_USE_EVERY: Duration = Duration::from_secs(5);

/// How often the limits are divided among the instances again.
const COUNT_INSTANCES_EVERY: Duration = Duration::from_millis(500);
/// How often recorded calls are counted; a page that shows counts does it too.
const COUNT_CALLS_EVERY: Duration = Duration::from_secs(10);

/// How often HubSpot is asked about each connection's credential.
const CHECK_CONNECTIONS_EVERY: Duration = Duration::from_secs(15 * 60);

/// Asks HubSpot about every connection, at the start and then from time to time: a credential dies
/// and scopes are lost without notice.
pub async fn watch_connections(control: Arc<Control>, upstream: Arc<Upstream>, mut stopped: watch::Receiver<bool>) {
    let mut every = tokio::time::interval(CHECK_CONNECTIONS_EVERY);
    loop {
        tokio::select! {
            _ = every.tick() => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
        control.check_connections(&upstream).await;
    }
}

/// Counts the calls that were recorded, from time to time; where counts were lost, all of them at once.
pub async fn count_calls(audit: Arc<AuditLog>, mut stopped: watch::Receiver<bool>) {
    let mut every = tokio::time::interval(COUNT_CALLS_EVERY);
    loop {
        tokio::select! {
            _ = every.tick() => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
        loop {
            match audit.count().await {
                Ok(true) => break,
                Ok(false) if *stopped.borrow() => return,
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(%error, "calls are recorded, and could not be counted; Keyway tries it again");
                    break;
                }
            }
        }
    }
}

/// Divides the limits among the instances that live.
pub async fn count_instances(registry: Arc<Registry>, audit: Arc<AuditLog>) {
    let mut every = tokio::time::interval(COUNT_INSTANCES_EVERY);
    loop {
        every.tick().await;
        registry.share_among(audit.instances());
    }
}

/// Writes down when tokens were used last.
pub async fn write_last_use(control: Arc<Control>, mut stopped: watch::Receiver<bool>) {
    let mut every = tokio::time::interval(LAST_USE_EVERY);
    loop {
        tokio::select! {
            _ = every.tick() => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
        if let Err(error) = control.store_last_used().await {
            tracing::warn!(%error, "the last use of some tokens is not written down yet");
        }
    }
}
