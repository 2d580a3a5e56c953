//! The operations that an app called most in a stretch of time.

use askama::Template;
use keyway_api::view::{CountedWord, RecordCounts};
use keyway_gateway::clock;
use keyway_gateway::history::Range;

use super::traffic::range;
use super::{SECTION, get};
use crate::api::{Refused, with_query};
use crate::app_words::App;
use crate::page;
use crate::path::Path;
use crate::shell::Shell;
use crate::threshold::{FAILED_PERCENT, failed_percent, level, share};
use crate::visitor::{Fields, Page, Visitor};
use crate::words::{self, filters};

#[derive(Template)]
#[template(path = "app_operations.html")]
struct Operations {
    app_id: u64,
    range: Range,
    from: String,
    counts: RecordCounts,
}

impl Operations {
    fn period(&self) -> &'static str {
        words::period(self.range)
    }

    fn records(&self, one: &CountedWord) -> String {
        let (app, from) = (self.app_id.to_string(), self.from.get(..16).unwrap_or_default());
        with_query("/audit", &[("app", &app), ("operation", &one.word), ("from", from)])
    }

    /// An operation's share of the commonest.
    fn share(&self, one: &CountedWord) -> u64 {
        share(one.calls, self.counts.operations.first().map_or(1, |first| first.calls))
    }

    fn level(&self, one: &CountedWord) -> &'static str {
        level(failed_percent(one.failed, one.calls), FAILED_PERCENT)
    }
}

async fn of(visitor: &Visitor, app_id: u64, range: Range) -> Result<Operations, Refused> {
    let from = range.until(clock::now()).begin.to_iso();
    let counts = visitor.api.get(&with_query("/api/v1/audit/counts", &[("app", &app_id.to_string()), ("from", &from)])).await?;
    Ok(Operations { app_id, range, from, counts })
}

/// As a part of the app's page: it reads the audit.
pub(crate) async fn part(visitor: Visitor, Path(id): Path<u64>, fields: Fields) -> Page {
    let found = of(&visitor, id, range(fields.get("range"))).await;
    Ok(page::render(&found.map_err(|refused| visitor.refused(SECTION, &refused))?))
}

#[derive(Template)]
#[template(path = "app_operations_page.html")]
struct OperationsPage<'a> {
    shell: Shell<'a>,
    app: &'a App,
    part: Operations,
}

/// The same as a page.
pub(crate) async fn page(visitor: Visitor, Path(id): Path<u64>, fields: Fields) -> Page {
    let app = get(&visitor, id).await?;
    let part = of(&visitor, id, range(fields.get("range"))).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    Ok(page::render(&OperationsPage { shell: visitor.shell(SECTION), app: &app, part }))
}
