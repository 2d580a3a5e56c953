//! Rotation of the master key, and a report on the keys.

use std::time::Duration;

use super::{Control, ControlError, Result};
use crate::store::{KeyReport, StoreError, Walk};

/// Within this time every instance of a shared store takes on the new key: it asks for changes every quarter of a second.
const FOLLOWED_WITHIN: Duration = Duration::from_secs(2);
/// Walks over the sealed values: a later one finds what a change wrote back from a state before the walk ahead of it.
const WALKS_MAX: u32 = 4;

impl Control {
    /// Which master key sealed how much.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn key_report(&self) -> Result<KeyReport> {
        Ok(self.store.key_report().await?)
    }

    /// Lets a new master key seal, and seals every value again. Calls go on meanwhile. Continues a rotation that was
    /// interrupted.
    ///
    /// # Errors
    /// There is no new key, an instance does not have it, or the store can't be written.
    pub async fn rotate_master_key(&self) -> Result<KeyReport> {
        // One at a time: the end of one takes keys out of the file that the beginning of another put there.
        let _one = self.rotating.lock().await;
        let next = self.store.next_key().await.map_err(refused)?;
        {
            // A change that began before holds values that the former key sealed: it ends first.
            let (mut change, _state) = self.begin().await?;
            self.store.take_key(&mut change, &next).await?;
            change.commit().await.map_err(StoreError::from)?;
            self.store.use_key(&next);
        }
        let mut walks = 1;
        while self.reseal().await? | (walks == 1) && walks < WALKS_MAX {
            walks += 1;
            if self.store.is_shared() {
                // Until another instance has noticed, it seals with the former key.
                tokio::time::sleep(FOLLOWED_WITHIN).await;
            }
        }
        self.store.forget_former_key().await.map_err(refused)?;
        self.key_report().await
    }

    /// Walks once over all sealed values; whether one was sealed again comes back.
    async fn reseal(&self) -> Result<bool> {
        let (mut walk, mut all) = (Walk::default(), 0);
        loop {
            let mut change = self.store.begin().await?;
            let Some(done) = self.store.reseal_some(&mut change, &mut walk).await? else { break };
            if done > 0 {
                change.commit().await.map_err(StoreError::from)?;
            }
            all += done;
        }
        if all > 0 {
            // The state in memory has sealed client secrets too; so have the other instances.
            let (mut change, mut state) = self.begin().await?;
            self.store.number(&mut change).await?;
            change.commit().await.map_err(StoreError::from)?;
            let mut seen = self.store.read().await?;
            self.refresh(&mut seen, &mut state).await?;
        }
        Ok(all > 0)
    }
}

fn refused(error: StoreError) -> ControlError {
    match error {
        StoreError::Folder(why) => ControlError::Conflict(why),
        other => other.into(),
    }
}
