//! Whether the first call with a token came: what its page waits for.

use askama::Template;
use keyway_api::view::{CallRecord, Records};

use super::api::{Api, Refused};
use super::page;
use super::path::Path;
use super::record_words::RecordWords;
use super::visitor::{Page, Visitor};
use super::words::filters;

/// Records looked through for the token's: others of the app may have called meanwhile.
const LOOKED_AT: &str = "50";

#[derive(Template)]
#[template(path = "first_call.html")]
struct Part {
    app_id: u64,
    came: Option<CallRecord>,
}

/// The part, which asks for itself again.
#[derive(Template)]
#[template(path = "first_call_live.html")]
pub(super) struct FirstCall {
    app_id: u64,
    token_id: u64,
    part: Part,
}

impl FirstCall {
    /// Of a token; where it can't be read, as before the first call.
    pub async fn of(api: &Api, app_id: u64, token_id: u64) -> Self {
        let came = newest(api, app_id, token_id).await.unwrap_or_default();
        Self { app_id, token_id, part: Part { app_id, came } }
    }
}

async fn newest(api: &Api, app_id: u64, token_id: u64) -> Result<Option<CallRecord>, Refused> {
    let Records { records, .. } = api.get(&format!("/api/v1/audit?app={app_id}&limit={LOOKED_AT}")).await?;
    Ok(records.into_iter().find(|record| record.token_id == Some(token_id)))
}

/// As a part of a page.
pub(super) async fn part(visitor: Visitor, Path((app_id, token_id)): Path<(u64, u64)>) -> Page {
    let came = newest(&visitor.api, app_id, token_id).await.map_err(|refused| visitor.refused("/apps", &refused))?;
    Ok(page::render(&Part { app_id, came }))
}
