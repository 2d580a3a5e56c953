//! What an app may do beside what its calls needed, and the ways to change it.

use askama::Template;
use keyway_api::view::{CallRecord, Records, Scopes, ScopesUsed};
use keyway_api::{Moment, OperationId};
use keyway_core::refusal::Refusal;
use keyway_gateway::control::BASE_SCOPE;
use serde_json::json;

use super::{SECTION, get, patch};
use crate::api::Refused;
use crate::app_words::{self, App};
use crate::explain;
use crate::page;
use crate::path::Path;
use crate::record_words::RecordWords;
use crate::scopes::{self, EffectPart, Group, Named};
use crate::shell::Shell;
use crate::visitor::{Page, Sent, Visitor};
use crate::words::filters;

/// Refused calls that are looked through for scopes which were asked for.
const REFUSED: &str = "500";

#[derive(Template)]
#[template(path = "app_scopes.html")]
struct ScopesPage<'a> {
    shell: Shell<'a>,
    app: &'a App,
    groups: Vec<Group>,
    chosen: usize,
    effect: Option<EffectPart>,
}

async fn form(visitor: &Visitor, id: u64, chosen: Option<Vec<String>>) -> Page {
    let app = get(visitor, id).await?;
    let mut chosen = chosen.unwrap_or_else(|| app.scopes.clone());
    // It has no box, and stays.
    chosen.retain(|scope| scope != BASE_SCOPE);
    let groups = scopes::catalog(visitor).await?.groups(&chosen);
    let effect = EffectPart::of(&chosen);
    Ok(page::render(&ScopesPage { shell: visitor.shell(SECTION), app: &app, groups, chosen: chosen.len(), effect }))
}

/// The form of what it may do.
pub(crate) async fn choose_scopes(visitor: Visitor, Path(id): Path<u64>) -> Page {
    form(&visitor, id, None).await
}

/// The form again, with what the scopes open that are chosen now: without script nothing else counts it.
pub(crate) async fn count(Path(id): Path<u64>, Sent { visitor, fields }: Sent) -> Page {
    form(&visitor, id, Some(fields.all("scope"))).await
}

/// Takes the form of what it may do.
pub(crate) async fn change_scopes(Path(id): Path<u64>, Sent { visitor, fields }: Sent) -> Page {
    patch(&visitor, id, &json!({ "scopes": fields.all("scope") }), "changed").await
}

/// Removes the scopes that were shown as unused, and none that became unused since.
pub(crate) async fn tighten(Path(id): Path<u64>, Sent { visitor, fields }: Sent) -> Page {
    patch(&visitor, id, &json!({ "removeScopes": fields.all("scope") }), "tightened").await
}

/// What pages say of the scopes that an app's calls needed.
trait UsedWords {
    fn is_unused(&self, scope: &str) -> bool;
}

impl UsedWords for ScopesUsed {
    fn is_unused(&self, scope: &str) -> bool {
        self.unused.iter().any(|unused| unused == scope)
    }
}

#[derive(Template)]
#[template(path = "app_used.html")]
struct UsedPart<'a> {
    shell: Shell<'a>,
    id: u64,
    used: ScopesUsed,
    refused: Vec<Asked>,
    names: Vec<Named>,
}

/// Scopes that the app's calls were refused for, of which one set is enough.
struct Asked {
    sets: Vec<Vec<&'static str>>,
    calls: u64,
    last: Moment,
    /// One of the operations.
    operation: String,
}

impl UsedPart<'_> {
    /// The granted scopes that calls needed.
    fn needed(&self) -> impl Iterator<Item = &String> {
        self.used.granted.iter().filter(|scope| !self.used.is_unused(scope))
    }

    /// What a scope means.
    fn words(&self, scope: &str) -> &str {
        self.names.iter().find(|named| named.name == scope).map_or("", |named| &named.words)
    }
}

/// What the newest refused calls lacked, where the app still lacks it.
fn asked_for(app: &App, records: &[CallRecord]) -> Vec<Asked> {
    let mut asked: Vec<Asked> = Vec::new();
    for record in records {
        let Some(operation) = explain::operation(record) else { continue };
        let sets = explain::missing(operation, record, app);
        if sets.is_empty() {
            continue;
        }
        match asked.iter_mut().find(|one| one.sets == sets) {
            Some(one) => one.calls += record.calls,
            // The newest comes first.
            None => asked.push(Asked { sets, calls: record.calls, last: record.time.clone(), operation: record.path() }),
        }
    }
    asked.sort_by_key(|one| std::cmp::Reverse(one.calls));
    asked
}

#[derive(Template)]
#[template(path = "app_used_page.html")]
struct UsedPage<'a> {
    shell: Shell<'a>,
    app: &'a App,
    part: UsedPart<'a>,
}

async fn used(visitor: &Visitor, id: u64) -> Result<UsedPart<'_>, Refused> {
    let used: ScopesUsed = visitor.api.get(&format!("/api/v1/apps/{id}/scopes")).await?;
    let app = app_words::get(&visitor.api, id).await?;
    let path = format!("/api/v1/audit?app={id}&category={}&limit={REFUSED}", Refusal::MissingScopes.name());
    let refused = asked_for(&app, &visitor.api.get::<Records>(&path).await?.records);
    let Scopes { scopes, .. } = visitor.api.get("/api/v1/catalog/scopes").await?;
    let names = scopes.into_iter().map(|scope| Named { name: scope.name, words: scope.words }).collect();
    Ok(UsedPart { shell: visitor.shell(SECTION), id, used, refused, names })
}

/// What it was granted beside what it used, as a part of its page: it reads three months of the audit.
pub(crate) async fn used_part(visitor: Visitor, Path(id): Path<u64>) -> Page {
    Ok(page::render(&used(&visitor, id).await.map_err(|refused| visitor.refused(SECTION, &refused))?))
}

/// The same as a page.
pub(crate) async fn used_page(visitor: Visitor, Path(id): Path<u64>) -> Page {
    let app = get(&visitor, id).await?;
    let part = used(&visitor, id).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    Ok(page::render(&UsedPage { shell: visitor.shell(SECTION), app: &app, part }))
}
