//! A new embedded account in this process. It shows a pull which definitions every account has, so that the
//! seed leaves them out, and what a seed can set.

use anyhow::{Context, bail};
use http::Method;
use keyway_core::path::NormalPath;
use keyway_core::time::Timestamp;
use keyway_gateway::clock;
use keyway_portal::{AccountSettings, Call, Portal, Storage};
use serde_json::Value;

/// An embedded account of this process, in memory.
pub struct Known {
    portal: Portal,
    now: Timestamp,
}

/// No account of the server has it.
const HUB_ID: u64 = 1;

impl Known {
    /// An account as it is made.
    ///
    /// # Errors
    /// It can't be made.
    pub async fn new() -> anyhow::Result<Self> {
        let now = clock::now();
        let portal = Portal::open(Storage::Ephemeral).await?;
        let settings = AccountSettings {
            time_zone: "UTC".into(),
            currency: "USD".into(),
            tier: "enterprise".into(),
            created_at: now,
            name: "pull".into(),
        };
        portal.create_account(HUB_ID, settings).await?;
        Ok(Self { portal, now })
    }

    /// The results of a list; none where there are none.
    ///
    /// # Errors
    /// The path is not one.
    pub async fn results(&self, path: &str) -> anyhow::Result<Vec<Value>> {
        let call = Call {
            hub_id: HUB_ID,
            app_id: 0,
            user_id: HUB_ID,
            method: Method::GET,
            path: NormalPath::parse(path).map_err(|error| anyhow::anyhow!("{path}: {error}"))?,
            query: None,
            body: bytes::Bytes::new(),
            now: self.now,
            by: None,
            base: "https://api.hubapi.com".into(),
        };
        let Ok(reply) = self.portal.handle(call).await else { return Ok(Vec::new()) };
        let mut value: Value = serde_json::from_slice(&reply.body).context("the embedded account answers JSON")?;
        match value["results"].take() {
            Value::Array(results) => Ok(results),
            _ => bail!("{path} is not a list"),
        }
    }

    /// Adds a seed; the text of the refusal where it is refused.
    pub async fn takes(&self, seed: Value) -> Result<(), String> {
        self.portal.fill(HUB_ID, seed, self.now).await.map(drop).map_err(|error| error.to_string())
    }
}
