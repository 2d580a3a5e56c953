//! Following the changes of other instances on a shared store.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::postgres::PgListener;

use super::Control;

/// How often the store is asked at least: a notification may be lost with its connection.
const ASK_EVERY: Duration = Duration::from_millis(250);
/// How often an instance says which master keys it has.
const HOLD_KEYS_EVERY: Duration = Duration::from_secs(5);
/// How long it may take to answer.
const ANSWER_TIME_MAX: Duration = Duration::from_millis(800);

impl Control {
    /// Takes on every change that another instance makes, within milliseconds where the store
    /// notifies, and a quarter of a second where it does not. Never returns.
    pub async fn follow(self: Arc<Self>, url: String) {
        let mut listener = None;
        let mut held: Option<Instant> = None;
        loop {
            if listener.is_none() {
                listener = listen(&url).await;
            }
            let notified = async {
                match &mut listener {
                    Some(listening) => listening.recv().await.is_ok(),
                    None => std::future::pending().await,
                }
            };
            let alive = tokio::time::timeout(ASK_EVERY, notified).await.unwrap_or(true);
            if !alive {
                listener = None;
                // Not a tight loop while the store is away.
                tokio::time::sleep(ASK_EVERY).await;
            }
            if held.is_none_or(|at| at.elapsed() >= HOLD_KEYS_EVERY) {
                held = Some(Instant::now());
                // Beside the question for changes: calls are refused where that waits.
                let control = self.clone();
                tokio::spawn(async move {
                    if let Err(error) = control.store.hold_keys().await {
                        tracing::warn!(%error, "the IDs of this server's master keys can't be written to the store");
                    }
                });
            }
            match tokio::time::timeout(ANSWER_TIME_MAX, self.catch_up()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(%error, "the store can't be asked for changes; calls are refused until it can"),
                Err(_) => tracing::warn!("the store does not answer in time; calls are refused until it does"),
            }
        }
    }
}

async fn listen(url: &str) -> Option<PgListener> {
    let connected = async {
        let mut listener = PgListener::connect(url).await?;
        listener.listen("keyway").await?;
        Ok::<_, sqlx::Error>(listener)
    };
    match tokio::time::timeout(ANSWER_TIME_MAX, connected).await {
        Ok(Ok(listener)) => Some(listener),
        _ => None,
    }
}
