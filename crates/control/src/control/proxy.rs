//! The certificate authorities of the forward proxy: made, renewed, and shared by all instances.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::{Control, ControlError, Result, random};
use crate::authority::{make, signing, to_trust};
use crate::clock;
use crate::model::ProxyAuthority;
use crate::store::proxy as stored;

/// The authorities as they are now, for whoever signs with them.
pub type Authorities = Arc<ArcSwap<Vec<Arc<ProxyAuthority>>>>;

/// Longest time between the making of an authority and its first signature, in milliseconds: half a year.
const WAIT_MS_MAX: i64 = 183 * 86_400_000;

impl Control {
    /// What the proxy signs with.
    pub fn proxy_authorities(&self) -> Authorities {
        self.authorities.clone()
    }

    /// Makes the first authority, where no authority signs now: also after the last one ended.
    ///
    /// # Errors
    /// The store can't be written.
    pub async fn ensure_proxy_authority(&self) -> Result<()> {
        let now = clock::now();
        let (change, mut state) = self.begin().await?;
        if signing(&state.authorities, now).is_some() {
            return Ok(());
        }
        self.put_authority(change, &mut state, now, now, |_| false).await.map(drop)
    }

    /// Makes another authority, and answers those that clients must trust from now on. The new one signs
    /// `wait_ms` milliseconds from now, so that clients learn to trust it before; with 0 it signs at once, and
    /// the others are deleted.
    ///
    /// # Errors
    /// The wait is too long, there is a next one already, or the store can't be written.
    pub async fn renew_proxy_authority(&self, wait_ms: i64) -> Result<Vec<Arc<ProxyAuthority>>> {
        if !(0..=WAIT_MS_MAX).contains(&wait_ms) {
            return Err(ControlError::Invalid("a new authority begins to sign within half a year: pass --in with 0s to 183d".into()));
        }
        let now = clock::now();
        let (change, mut state) = self.begin().await?;
        let next = state.authorities.iter().find(|one| one.signs_from > now);
        if let (Some(next), true) = (next, wait_ms > 0) {
            return Err(ControlError::Conflict(format!(
                "there is a next authority already: {} signs from {} on. To replace all authorities now, run \"keyway proxy ca --renew --now\"",
                next.name,
                next.signs_from.to_iso()
            )));
        }
        // Of those that are kept, one signs and one is next; a former one is of no use any more.
        let signs = signing(&state.authorities, now).map(|one| one.id);
        self.put_authority(change, &mut state, now, now.plus_ms(wait_ms), |one| wait_ms > 0 && Some(one.id) == signs).await?;
        Ok(to_trust(&state.authorities, now))
    }

    async fn put_authority(
        &self,
        mut change: crate::store::Change,
        state: &mut super::State,
        now: keyway_core::time::Timestamp,
        signs_from: keyway_core::time::Timestamp,
        keep: impl Fn(&ProxyAuthority) -> bool,
    ) -> Result<()> {
        let mut made = make(now, signs_from, random()?).map_err(|error| ControlError::Invalid(error.to_string()))?;
        let (kept, gone): (Vec<_>, Vec<_>) = state.authorities.iter().cloned().partition(|one| keep(one));
        for one in &gone {
            stored::delete_authority(&mut change, one.id).await?;
        }
        made.id = self.store.insert_proxy_authority(&mut change, &made).await?;
        let mut next = super::State { authorities: kept, ..state.clone() };
        next.authorities.push(Arc::new(made));
        self.commit(change, state, next).await
    }
}
