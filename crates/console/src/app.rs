//! One app: its traffic, its tokens, what it may do beside what it did, and what happened to it. Its forms are in the
//! modules below.

pub(super) mod edit;
pub(super) mod end;
pub(super) mod operations;
pub(super) mod rotate;
pub(super) mod scopes;
mod traffic;
pub(super) mod users;

use askama::Template;
use axum::response::Response;
use keyway_api::OperationId;
use keyway_api::view::{Session, Sessions};
use keyway_gateway::history::Range;
use serde_json::Value;

use super::activity::{self, Event};
use super::app_words::{self, App, AppWords, TokenWords};
use super::first_call::FirstCall;
use super::names::Names;
use super::page;
use super::path::Path;
use super::record_words::RecordWords;
use super::scopes::{self as catalog, Named};
use super::shell::Shell;
use super::sign_in::see_other;
use super::visitor::{Fields, Page, Visitor};
use super::words::{filters, sentence};
use traffic::Traffic;

const SECTION: &str = "/apps";
/// Sessions shown on the app's page.
const SESSIONS: &str = "20";

#[derive(Template)]
#[template(path = "app.html")]
struct AppPage<'a> {
    shell: Shell<'a>,
    app: &'a App,
    account: String,
    granted: Vec<Named>,
    sessions: Vec<Session>,
    activity: Vec<Event>,
    /// Once it has called.
    traffic: Option<Traffic>,
    /// Why the counts can't be read.
    uncounted: Option<String>,
    /// Which stretch of time is shown.
    range: Range,
    /// Waits for the first call, where there was none.
    first: Option<FirstCall>,
}

impl AppPage<'_> {
    /// What depends on the app, with the address where it is one.
    fn dependents(&self) -> impl Iterator<Item = (&str, Option<String>)> {
        self.app.dependents.iter().map(|name| (name.as_str(), address_of(name)))
    }
}

/// The address that a dependent names: one with a scheme, or a host with or without a path.
fn address_of(name: &str) -> Option<String> {
    let host = name.strip_prefix("https://").or_else(|| name.strip_prefix("http://"));
    let is_host = |text: &str| {
        let host = text.split(['/', '?', '#']).next().unwrap_or_default();
        let is_label = |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        host.contains('.')
            && host.split('.').all(is_label)
            && host.split('.').next_back().is_some_and(|end| end.bytes().all(|byte| byte.is_ascii_alphabetic()))
    };
    match host {
        Some(_) if name.contains(char::is_whitespace) => None,
        Some(_) => Some(name.to_owned()),
        None => (is_host(name) && !name.contains(char::is_whitespace)).then(|| format!("https://{name}")),
    }
}

/// The app's page.
pub(super) async fn show(visitor: Visitor, Path(id): Path<u64>, fields: Fields) -> Page {
    let app = get(&visitor, id).await?;
    let catalog = catalog::catalog(&visitor).await?;
    let activity = activity::of(&visitor.api, id).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    let sessions = visitor.api.get::<Sessions>(&format!("/api/v1/apps/{id}/sessions?state=active&limit={SESSIONS}")).await;
    let sessions = sessions.map(|found| found.sessions).unwrap_or_default();
    let has_called = activity.iter().any(|event| matches!(event, Event::Call(_)));
    let first = match app.live_tokens().first() {
        Some(token) if !has_called => Some(FirstCall::of(&visitor.api, id, token.id).await),
        _ => None,
    };
    let range = traffic::range(fields.get("range"));
    let (mut traffic, mut uncounted) = (None, None);
    if has_called {
        match Traffic::of(&visitor.api, id, range).await {
            Ok(found) => traffic = Some(found),
            Err(refused) => uncounted = Some(sentence(&refused.detail)),
        }
    }
    let account = Names::of(&visitor.api, std::iter::empty()).await.account(app.hub_id);
    let granted = catalog.named(&app.scopes);
    let shell = visitor.shell(SECTION);
    Ok(page::render(&AppPage { shell, app: &app, account, granted, sessions, activity, traffic, uncounted, range, first }))
}

async fn get(visitor: &Visitor, id: u64) -> Result<App, Response> {
    app_words::get(&visitor.api, id).await.map_err(|refused| visitor.refused(SECTION, &refused))
}

fn to(id: u64, done: &str) -> Response {
    see_other(&format!("/apps/{id}?done={done}"))
}

async fn patch(visitor: &Visitor, id: u64, body: &Value, done: &str) -> Page {
    visitor.api.patch(&format!("/api/v1/apps/{id}"), body).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    Ok(to(id, done))
}

#[cfg(test)]
mod tests {
    use super::address_of;

    #[test]
    fn a_dependent_that_is_an_address_leads_there() {
        let of = |name: &str| address_of(name);
        assert_eq!(of("https://www.example.com/contact").as_deref(), Some("https://www.example.com/contact"));
        assert_eq!(of("www.example.com/contact").as_deref(), Some("https://www.example.com/contact"));
        for none in ["nightly job on shop-3", "the shop itself", "shop-3", "javascript:alert(1)", "https://a b", "v1.2", "a..com"] {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
