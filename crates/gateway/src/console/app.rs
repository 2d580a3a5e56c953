//! One app: what it is, what it may do beside what it did, its tokens, its latest calls; and the
//! changes to it. Whatever takes something away first shows what would break.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use keyway_api::Moment;
use keyway_api::OperationId;
use keyway_api::body::RotateTokenBody;
use keyway_api::view::{AppAndMadeToken, CallRecord, Records, Scopes, ScopesUsed, Session, Sessions, Token, TokenUser, TokenUsers};
use keyway_core::refusal::Refusal;
use keyway_core::safety::Class;
use serde_json::{Value, json};

use super::activity::{self, Event};
use super::api::Refused;
use super::apps::{self, App, AppWords, TokenWords, chosen_classes};
use super::audit::RecordWords;
use super::explain;
use super::first_call::FirstCall;
use super::names::Names;
use super::new_app::token_page;
use super::page;
use super::path::Path;
use super::scopes::{self, Group, Named};
use super::shell::Shell;
use super::sign_in::see_other;
use super::visitor::{Fields, Page, Sent, Visitor};
use super::words::filters;
use crate::admin::Admin;

const SECTION: &str = "/apps";
/// Sessions shown on the app's page.
const SESSIONS: &str = "20";
/// Refused calls that are looked through for scopes which were asked for.
const REFUSED: &str = "500";
const HOUR_MS: i64 = 3_600_000;

#[derive(Template)]
#[template(path = "app.html")]
struct AppPage<'a> {
    shell: Shell<'a>,
    app: &'a App,
    account: String,
    granted: Vec<Named>,
    sessions: Vec<Session>,
    activity: Vec<Event>,
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
pub(super) async fn show(visitor: Visitor, Path(id): Path<u64>) -> Page {
    let app = get(&visitor, id).await?;
    let catalog = scopes::catalog(&visitor).await?;
    let activity = activity::of(&visitor.api, id).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    let sessions = visitor.api.get::<Sessions>(&format!("/api/v1/apps/{id}/sessions?state=active&limit={SESSIONS}")).await;
    let sessions = sessions.map(|found| found.sessions).unwrap_or_default();
    let has_called = activity.iter().any(|event| matches!(event, Event::Call(_)));
    let first = match app.live_tokens().first() {
        Some(token) if !has_called => Some(FirstCall::of(&visitor.api, id, token.id).await),
        _ => None,
    };
    let account = Names::of(&visitor.api, std::iter::empty()).await.account(app.hub_id);
    let granted = catalog.named(&app.scopes);
    Ok(page::render(&AppPage { shell: visitor.shell(SECTION), app: &app, account, granted, sessions, activity, first }))
}

async fn get(visitor: &Visitor, id: u64) -> Result<App, Response> {
    apps::get(&visitor.api, id).await.map_err(|refused| visitor.refused(SECTION, &refused))
}

fn to(id: u64, done: &str) -> Response {
    see_other(&format!("/apps/{id}?done={done}"))
}

#[derive(Template)]
#[template(path = "app_edit.html")]
struct Edit<'a> {
    shell: Shell<'a>,
    app: &'a App,
}

impl Edit<'_> {
    /// The classes of operations, and what they do.
    fn classes(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        Class::ALL.iter().map(|class| (class.name(), class.meaning()))
    }
}

/// The form of what it is.
pub(super) async fn edit(visitor: Visitor, Path(id): Path<u64>) -> Page {
    let app = get(&visitor, id).await?;
    Ok(page::render(&Edit { shell: visitor.shell(SECTION), app: &app }))
}

/// Takes the form of what it is.
pub(super) async fn change(Path(id): Path<u64>, Sent { visitor, fields }: Sent) -> Page {
    let mut body = json!({
        "name": fields.get("name"), "description": fields.get("description"), "owner": fields.get("owner"),
        "dependents": fields.lines("dependents"), "translate": fields.has("translate"),
    });
    let unlisted = fields.lines("unlisted");
    // Only what was changed: an app manager may send no other part of the limits, not even the same.
    let app = get(&visitor, id).await?;
    if unlisted != app.unlisted {
        body["unlisted"] = if unlisted.is_empty() { json!(["refuse"]) } else { json!(unlisted) };
    }
    let allow = chosen_classes(&fields);
    if allow != app.allow {
        body["allow"] = json!(allow);
    }
    if let Some(rule) = approval_rule(&fields, &app) {
        body["approval"] = rule;
    }
    for (field, name, was) in
        [("weight", "weight", app.weight), ("reserve", "reserve", app.reserve), ("max_wait_ms", "maxWaitMs", app.max_wait_ms)]
    {
        if let Some(value) = fields.get(field).parse::<u32>().ok().filter(|value| *value != was) {
            body[name] = value.into();
        }
    }
    patch(&visitor, id, &body, "changed").await
}

/// The rule for approvals of the form, where it is another one.
fn approval_rule(fields: &Fields, app: &App) -> Option<Value> {
    let (classes, operations) = (fields.all("approve"), fields.lines("approve_operations"));
    let above = fields.get("approve_above").parse::<u64>().ok();
    let was = &app.approval;
    let is_same = classes == was.classes && operations == was.operations && above == was.above;
    (!is_same).then(|| json!({ "classes": classes, "above": above, "operations": operations }))
}

async fn patch(visitor: &Visitor, id: u64, body: &Value, done: &str) -> Page {
    visitor.api.patch(&format!("/api/v1/apps/{id}"), body).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    Ok(to(id, done))
}

#[derive(Template)]
#[template(path = "app_scopes.html")]
struct ScopesPage<'a> {
    shell: Shell<'a>,
    app: &'a App,
    groups: Vec<Group>,
}

/// The form of what it may do.
pub(super) async fn choose_scopes(visitor: Visitor, Path(id): Path<u64>) -> Page {
    let app = get(&visitor, id).await?;
    let groups = scopes::catalog(&visitor).await?.groups(&app.scopes);
    Ok(page::render(&ScopesPage { shell: visitor.shell(SECTION), app: &app, groups }))
}

/// Takes the form of what it may do.
pub(super) async fn change_scopes(Path(id): Path<u64>, Sent { visitor, fields }: Sent) -> Page {
    patch(&visitor, id, &json!({ "scopes": fields.all("scope") }), "changed").await
}

/// Takes away what was shown as unused, and nothing that became so since.
pub(super) async fn tighten(Path(id): Path<u64>, Sent { visitor, fields }: Sent) -> Page {
    patch(&visitor, id, &json!({ "removeScopes": fields.all("scope") }), "tightened").await
}

/// Lets its tokens in again.
pub(super) async fn enable(Path(id): Path<u64>, Sent { visitor, .. }: Sent) -> Page {
    patch(&visitor, id, &json!({ "enabled": true }), "enabled").await
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
    let app = apps::get(&visitor.api, id).await?;
    let path = format!("/api/v1/audit?app={id}&category={}&limit={REFUSED}", Refusal::MissingScopes.name());
    let refused = asked_for(&app, &visitor.api.get::<Records>(&path).await?.records);
    let Scopes { scopes, .. } = visitor.api.get("/api/v1/catalog/scopes").await?;
    let names = scopes.into_iter().map(|scope| Named { name: scope.name, words: scope.words }).collect();
    Ok(UsedPart { shell: visitor.shell(SECTION), id, used, refused, names })
}

/// What it was granted beside what it used, as a part of its page: it reads three months of the audit.
pub(super) async fn used_part(visitor: Visitor, Path(id): Path<u64>) -> Page {
    Ok(page::render(&used(&visitor, id).await.map_err(|refused| visitor.refused(SECTION, &refused))?))
}

/// The same as a page.
pub(super) async fn used_page(visitor: Visitor, Path(id): Path<u64>) -> Page {
    let app = get(&visitor, id).await?;
    let part = used(&visitor, id).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    Ok(page::render(&UsedPage { shell: visitor.shell(SECTION), app: &app, part }))
}

/// From where a token is used.
#[derive(Template)]
#[template(path = "token_users.html")]
struct Users {
    days: u32,
    users: Vec<TokenUser>,
}

async fn users(visitor: &Visitor, token: u64) -> Result<Users, Response> {
    let found = visitor.api.get(&format!("/api/v1/tokens/{token}/users?days=30")).await;
    let TokenUsers { days, users, .. } = found.map_err(|refused| visitor.refused(SECTION, &refused))?;
    Ok(Users { days, users })
}

/// From where a token was used, as a part of a page.
pub(super) async fn users_part(visitor: Visitor, Path(token): Path<u64>) -> Page {
    Ok(page::render(&users(&visitor, token).await?))
}

#[derive(Template)]
#[template(path = "token_users_page.html")]
struct UsersPage<'a> {
    shell: Shell<'a>,
    token: u64,
    part: Users,
}

/// The same as a page.
pub(super) async fn users_page(visitor: Visitor, Path(token): Path<u64>) -> Page {
    let part = users(&visitor, token).await?;
    Ok(page::render(&UsersPage { shell: visitor.shell(SECTION), token, part }))
}

#[derive(Template)]
#[template(path = "app_rotate.html")]
struct Rotate<'a> {
    shell: Shell<'a>,
    app: &'a App,
}

/// How to rotate, with what still uses the tokens that are there.
pub(super) async fn ask_rotation(visitor: Visitor, Path(id): Path<u64>) -> Page {
    let app = get(&visitor, id).await?;
    Ok(page::render(&Rotate { shell: visitor.shell(SECTION), app: &app }))
}

/// Makes a new token; those that were there end now or later.
pub(super) async fn rotate(State(admin): State<Admin>, Path(id): Path<u64>, Sent { visitor, fields }: Sent) -> Page {
    let (grace_ms, note) = match fields.get("grace") {
        "now" => (None, "The old token is refused from now on."),
        "hour" => (Some(HOUR_MS), "The old token works for another hour."),
        "day" => (Some(24 * HOUR_MS), "The old token works for another day. The app's page shows what still uses it."),
        "week" => (Some(7 * 24 * HOUR_MS), "The old token works for another week. The app's page shows what still uses it."),
        _ => return Err(visitor.refused(SECTION, &Refused { status: 400, detail: "choose when the old token ends".into() })),
    };
    let body = RotateTokenBody { grace_ms, lifetime_ms: None };
    let made: AppAndMadeToken =
        visitor.api.post(&format!("/api/v1/apps/{id}/tokens/rotate"), &body).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    Ok(token_page(&admin, &visitor, &made, format!("A new token for {}", made.app.name), note).await)
}

/// Something that takes away, before it is done.
#[derive(Template)]
#[template(path = "app_break.html")]
struct Break<'a> {
    shell: Shell<'a>,
    app: &'a App,
    title: String,
    /// What happens, in a sentence.
    text: &'a str,
    action: String,
    button: &'a str,
    tokens: Vec<&'a Token>,
    /// What is typed to say yes; none where it can be undone.
    confirm: bool,
}

/// What deleting it would break.
pub(super) async fn ask_deletion(visitor: Visitor, Path(id): Path<u64>) -> Page {
    let app = get(&visitor, id).await?;
    Ok(page::render(&Break {
        shell: visitor.shell(SECTION),
        title: format!("Delete {}?", app.name),
        text: "Its tokens are refused from that moment on, and it can't be brought back. Its calls stay in the audit log.",
        action: format!("/apps/{id}/delete"),
        button: "Delete the app",
        tokens: app.live_tokens(),
        confirm: true,
        app: &app,
    }))
}

/// What disabling it would break.
pub(super) async fn ask_disabling(visitor: Visitor, Path(id): Path<u64>) -> Page {
    let app = get(&visitor, id).await?;
    Ok(page::render(&Break {
        shell: visitor.shell(SECTION),
        title: format!("Disable {}?", app.name),
        text: "Its tokens are refused until it is enabled again; then the same tokens work.",
        action: format!("/apps/{id}/disable"),
        button: "Disable the app",
        tokens: app.live_tokens(),
        confirm: false,
        app: &app,
    }))
}

/// What revoking a token would break.
pub(super) async fn ask_revoking(visitor: Visitor, Path((id, token)): Path<(u64, u64)>) -> Page {
    let app = get(&visitor, id).await?;
    let tokens: Vec<&Token> = app.live_tokens().into_iter().filter(|one| one.id == token).collect();
    if tokens.is_empty() {
        return Err(visitor.refused(SECTION, &Refused { status: 404, detail: "there is no such token that is accepted".into() }));
    }
    Ok(page::render(&Break {
        shell: visitor.shell(SECTION),
        title: format!("Revoke a token of {}?", app.name),
        text: "It is refused from that moment on. The app's other tokens go on.",
        action: format!("/apps/{id}/tokens/{token}/revoke"),
        button: "Revoke the token",
        tokens,
        confirm: false,
        app: &app,
    }))
}

/// Deletes it, if its name was typed.
pub(super) async fn delete(Path(id): Path<u64>, Sent { visitor, fields }: Sent) -> Page {
    let app = get(&visitor, id).await?;
    if fields.get("confirm") != app.name.trim() {
        return Err(visitor.refused(SECTION, &Refused { status: 400, detail: "type the app's name to delete it".into() }));
    }
    visitor.api.delete(&format!("/api/v1/apps/{id}")).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    Ok(see_other("/apps?done=deleted"))
}

/// Refuses its tokens.
pub(super) async fn disable(Path(id): Path<u64>, Sent { visitor, .. }: Sent) -> Page {
    patch(&visitor, id, &json!({ "enabled": false }), "disabled").await
}

/// Ends a token.
pub(super) async fn revoke(Path((id, token)): Path<(u64, u64)>, Sent { visitor, .. }: Sent) -> Page {
    let revoked = visitor.api.post::<Value>(&format!("/api/v1/tokens/{token}/revoke"), &json!({})).await;
    revoked.map_err(|refused| visitor.refused(SECTION, &refused))?;
    Ok(to(id, "revoked"))
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
