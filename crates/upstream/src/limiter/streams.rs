//! Limits the uploads that Keyway streams to HubSpot. An upload keeps its place in the account's limits until
//! HubSpot has answered, and the client decides how long that takes. So the uploads of one app get at most a
//! quarter of the places, and the uploads of all apps together at most half.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use keyway_core::quota::{Exceeded, Policy};
use tokio::sync::Notify;
use tokio::time::Instant;

/// One app's uploads have this part of the account's places, and all uploads half of them.
const APP_PART: u32 = 4;
const ALL_PART: u32 = 2;
/// The `Retry-After` when uploads hold all their places, in milliseconds.
const RETRY_MS: i64 = 1_000;

/// The uploads in progress of one account, by app.
#[derive(Default)]
pub(super) struct Streams {
    open: Mutex<HashMap<u64, u32>>,
    ended: Notify,
}

/// An upload in progress. Dropping it frees its place.
pub struct Stream<'a> {
    streams: &'a Streams,
    app_id: u64,
}

impl Streams {
    /// Waits until an app may begin another upload. `places` is the number of places that the account has.
    ///
    /// # Errors
    /// No upload ended in time.
    pub async fn begin(&self, app_id: u64, places: u32, until: Instant) -> Result<Stream<'_>, Exceeded> {
        loop {
            let ended = self.ended.notified();
            tokio::pin!(ended);
            // From here on no end of an upload is missed, even before the wait below.
            ended.as_mut().enable();
            if self.take(app_id, places) {
                return Ok(Stream { streams: self, app_id });
            }
            if tokio::time::timeout_at(until, ended).await.is_err() {
                return Err(Exceeded { policy: Policy::TenSecondlyRolling, retry_after_ms: RETRY_MS });
            }
        }
    }

    fn take(&self, app_id: u64, places: u32) -> bool {
        let mut open = self.locked();
        let all: u32 = open.values().sum();
        let own = open.get(&app_id).copied().unwrap_or(0);
        if own >= (places / APP_PART).max(1) || all >= (places / ALL_PART).max(1) {
            return false;
        }
        open.insert(app_id, own + 1);
        true
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, HashMap<u64, u32>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Stream<'_> {
    fn drop(&mut self) {
        let mut open = self.streams.locked();
        match open.get_mut(&self.app_id) {
            Some(own) if *own > 1 => *own -= 1,
            _ => drop(open.remove(&self.app_id)),
        }
        drop(open);
        self.streams.ended.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_app_has_a_quarter_of_the_places_and_all_apps_have_half() {
        let (streams, now) = (Streams::default(), Instant::now());
        let mut held = Vec::new();
        for app in 1..=2 {
            for _ in 0..25 {
                held.push(streams.begin(app, 100, now).await.unwrap());
            }
            assert!(streams.begin(app, 100, now).await.is_err());
        }
        assert!(streams.begin(3, 100, now).await.is_err());
        held.clear();
        assert!(streams.locked().is_empty());
        assert!(streams.begin(3, 1, now).await.is_ok(), "an account with few places takes one upload at a time");
    }

    #[tokio::test]
    async fn an_upload_begins_when_another_ends() {
        let (streams, later) = (Streams::default(), Instant::now() + std::time::Duration::from_secs(60));
        let first = streams.begin(1, 4, later).await.unwrap();
        let second = streams.begin(1, 4, later);
        tokio::pin!(second);
        assert!(polled_once(second.as_mut()).is_none());
        drop(first);
        assert!(second.await.is_ok());
    }

    fn polled_once<F: Future>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
        match future.poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        }
    }
}
