//! Public apps: OAuth clients that accounts install, their secrets, and where they are installed.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use keyway_api::OperationId;
use keyway_api::view::{Install, Installs, PublicApp, PublicAppAnswer, PublicApps};
use keyway_gateway::admin::Admin;
use serde_json::{Value, json};

use super::api::{Refused, with_query};
use super::columns::{Columns, LeftOut, Optional};
use super::page;
use super::path::Path;
use super::scopes::{self, EffectPart, Group, Named};
use super::several::{self, Bar};
use super::shell::Shell;
use super::sign_in::see_other;
use super::sorting::{Column, Head, heads};
use super::visitor::{Fields, Page, Sent, Visitor};
use super::words::{filters, sentence};

const SECTION: &str = "/public-apps";
/// Installs on a page.
const ROWS: &str = "50";
const DAY_MS: i64 = 86_400_000;

/// What pages say of a public app.
trait PublicAppWords {
    fn uris_text(&self) -> String;
    fn conditional_text(&self) -> String;
    fn optional_text(&self) -> String;
}

impl PublicAppWords for PublicApp {
    fn uris_text(&self) -> String {
        self.redirect_uris.join("\n")
    }

    fn conditional_text(&self) -> String {
        self.conditional_scopes.join("\n")
    }

    fn optional_text(&self) -> String {
        self.optional_scopes.join("\n")
    }
}

async fn get(visitor: &Visitor, id: u64) -> Result<PublicApp, Response> {
    let shown: PublicAppAnswer =
        visitor.api.get(&format!("/api/v1/public-apps/{id}")).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    Ok(shown.public_app)
}

#[derive(Template)]
#[template(path = "public_apps.html")]
struct List<'a> {
    shell: Shell<'a>,
    apps: Vec<PublicApp>,
    heads: Vec<Head>,
    bar: Bar,
    columns: Columns,
}

const COLUMNS: [Column; 2] =
    [Column { key: "", words: "App", numbers: false }, Column { key: "installs", words: "Installs", numbers: true }];

/// Columns that may be left out.
pub(super) const OPTIONAL: [Optional; 4] =
    [("client", "Client ID"), ("owner", "Owner"), ("who", "Who may install it"), ("installs", "Installs")];

/// The list.
pub(super) async fn list(visitor: Visitor, left_out: LeftOut, fields: Fields) -> Page {
    let mut apps = visitor.api.all::<PublicApps>("/api/v1/public-apps", &[]).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    apps.sort_by_cached_key(|app| (app.name.to_lowercase(), app.id));
    if fields.get("sort") == "installs" {
        apps.sort_by_key(|app| std::cmp::Reverse(app.installs));
    }
    let heads = heads(&COLUMNS, SECTION, &[], &fields);
    let bar = Bar::of(&visitor.api, several::List::PublicApps, &fields);
    let columns = Columns::of(SECTION, &OPTIONAL, left_out, &fields);
    Ok(page::render(&List { shell: visitor.shell(SECTION), apps, heads, bar, columns }))
}

#[derive(Template)]
#[template(path = "public_app_form.html")]
struct Form<'a> {
    shell: Shell<'a>,
    /// None for one that is to be made.
    app: Option<&'a PublicApp>,
    /// What was sent, where it is asked for again.
    fields: &'a Fields,
    groups: Vec<Group>,
    chosen: usize,
    effect: Option<EffectPart>,
    wrong: Option<String>,
}

impl Form<'_> {
    /// A field's value: as it was sent, or as it is.
    fn value(&self, name: &str) -> String {
        if self.fields.has(name) {
            return self.fields.get(name).to_owned();
        }
        self.app.map_or_else(String::new, |app| match name {
            "name" => app.name.clone(),
            "description" => app.description.clone(),
            "owner" => app.owner.clone(),
            "redirect_uris" => app.uris_text(),
            "conditional_scopes" => app.conditional_text(),
            "optional_scopes" => app.optional_text(),
            "distribution" => app.distribution.clone(),
            _ => String::new(),
        })
    }

    fn is(&self, name: &str) -> bool {
        self.fields.has(name) || (name == "rotate" && self.app.is_some_and(|app| app.rotate_refresh_tokens))
    }
}

async fn form(visitor: &Visitor, app: Option<&PublicApp>, fields: &Fields, wrong: Option<String>) -> Page {
    let chosen = if fields.has("name") { fields.all("scope") } else { app.map(|app| app.scopes.clone()).unwrap_or_default() };
    let groups = scopes::catalog(visitor).await?.groups(&chosen);
    let status = if wrong.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let (shell, effect) = (visitor.shell(SECTION), EffectPart::of(&chosen));
    Ok((status, page::render(&Form { shell, app, fields, groups, chosen: chosen.len(), effect, wrong })).into_response())
}

/// The form of a new one.
pub(super) async fn ask(visitor: Visitor) -> Page {
    form(&visitor, None, &Fields::default(), None).await
}

/// The form of one that is there.
pub(super) async fn edit(visitor: Visitor, Path(id): Path<u64>) -> Page {
    let app = get(&visitor, id).await?;
    form(&visitor, Some(&app), &Fields::default(), None).await
}

/// The form of a new one again, with what the chosen scopes open.
pub(super) async fn count(Sent { visitor, fields }: Sent) -> Page {
    form(&visitor, None, &fields, None).await
}

/// The same for one that is there.
pub(super) async fn count_of(Path(id): Path<u64>, Sent { visitor, fields }: Sent) -> Page {
    let app = get(&visitor, id).await?;
    form(&visitor, Some(&app), &fields, None).await
}

fn body(fields: &Fields) -> Value {
    json!({
        "name": fields.get("name"), "description": fields.get("description"), "owner": fields.get("owner"),
        "redirectUris": fields.lines("redirect_uris"), "scopes": fields.all("scope"),
        "conditionalScopes": fields.lines("conditional_scopes"), "optionalScopes": fields.lines("optional_scopes"),
        "distribution": if fields.get("distribution") == "marketplace" { "marketplace" } else { "private" },
        "rotateRefreshTokens": fields.has("rotate"),
    })
}

#[derive(Template)]
#[template(path = "public_app_secret.html")]
struct Made<'a> {
    shell: Shell<'a>,
    title: &'a str,
    note: &'a str,
    app: &'a PublicApp,
    authorize_url: String,
    token_url: String,
}

fn made(admin: &Admin, visitor: &Visitor, app: &PublicApp, title: &str, note: &str) -> Response {
    let redirect_uri = app.redirect_uris.first().map(String::as_str).unwrap_or_default();
    let query = [("client_id", app.client_id.as_str()), ("redirect_uri", redirect_uri), ("scope", &app.scopes.join(" "))];
    page::render(&Made {
        shell: visitor.shell(SECTION),
        title,
        note,
        app,
        authorize_url: with_query(&format!("{}/oauth/authorize", admin.addresses.admin), &query),
        token_url: format!("{}/oauth/2026-03/token", admin.addresses.data),
    })
}

/// Makes one; its secret is shown this once.
pub(super) async fn create(State(admin): State<Admin>, Sent { visitor, fields }: Sent) -> Page {
    let mut asked = body(&fields);
    asked["publicClient"] = fields.has("public_client").into();
    match visitor.api.post::<PublicAppAnswer>("/api/v1/public-apps", &asked).await {
        Ok(PublicAppAnswer { public_app }) => {
            let title = format!("{} is ready", public_app.name);
            Ok(made(&admin, &visitor, &public_app, &title, ""))
        }
        Err(refused) if matches!(refused.status, 400 | 409) => form(&visitor, None, &fields, Some(sentence(&refused.detail))).await,
        Err(refused) => Err(visitor.refused(SECTION, &refused)),
    }
}

/// Takes the form of one that is there.
pub(super) async fn change(Path(id): Path<u64>, Sent { visitor, fields }: Sent) -> Page {
    match visitor.api.patch(&format!("/api/v1/public-apps/{id}"), &body(&fields)).await {
        Ok(_) => Ok(see_other(&format!("/public-apps/{id}?done=changed"))),
        Err(refused) if matches!(refused.status, 400 | 409) => {
            let app = get(&visitor, id).await?;
            form(&visitor, Some(&app), &fields, Some(sentence(&refused.detail))).await
        }
        Err(refused) => Err(visitor.refused(SECTION, &refused)),
    }
}

/// What pages say of an install.
trait InstallWords {
    fn granted_by(&self) -> &str;
    fn last_used(&self) -> Option<&str>;
    fn grants(&self) -> usize;
}

impl InstallWords for Install {
    fn granted_by(&self) -> &str {
        self.tokens.iter().rev().find_map(|token| token.granted_by.as_deref()).unwrap_or_default()
    }

    fn last_used(&self) -> Option<&str> {
        self.tokens.iter().filter_map(|token| token.last_used_at.as_deref()).max()
    }

    fn grants(&self) -> usize {
        self.tokens.iter().filter(|token| token.state == "active").count()
    }
}

#[derive(Template)]
#[template(path = "public_app.html")]
struct PublicAppPage<'a> {
    shell: Shell<'a>,
    app: &'a PublicApp,
    required: Vec<Named>,
    installs: Vec<Install>,
    more: Option<String>,
}

/// The app's page, with a page of its installs.
pub(super) async fn show(visitor: Visitor, Path(id): Path<u64>, fields: Fields) -> Page {
    let app = get(&visitor, id).await?;
    let required = scopes::catalog(&visitor).await?.named(&app.scopes);
    let public_app = id.to_string();
    let path = with_query("/api/v1/installs", &[("publicApp", &public_app), ("limit", ROWS), ("after", fields.get("after"))]);
    let listed: Installs = visitor.api.get(&path).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    let more = listed.after.map(|after| format!("/public-apps/{id}?after={after}#installs"));
    Ok(page::render(&PublicAppPage { shell: visitor.shell(SECTION), app: &app, required, installs: listed.installs, more }))
}

/// Makes a new secret; the one that was there ends now or in a week.
pub(super) async fn rotate_secret(State(admin): State<Admin>, Path(id): Path<u64>, Sent { visitor, fields }: Sent) -> Page {
    let (grace_ms, note) = match fields.get("grace") {
        "now" => (None, "The old secret is refused from now on."),
        "week" => (Some(7 * DAY_MS), "The old secret works for another week."),
        _ => return Err(visitor.refused(SECTION, &Refused { status: 400, detail: "choose when the old secret ends".into() })),
    };
    let path = format!("/api/v1/public-apps/{id}/secret/rotate");
    let shown: PublicAppAnswer =
        visitor.api.post(&path, &json!({ "graceMs": grace_ms })).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    Ok(made(&admin, &visitor, &shown.public_app, &format!("A new secret for {}", shown.public_app.name), note))
}

/// Refuses the tokens of all its installs, or accepts them again.
pub(super) async fn switch(Path(id): Path<u64>, Sent { visitor, fields }: Sent) -> Page {
    let enabled = fields.get("enabled") == "true";
    let switched = visitor.api.patch(&format!("/api/v1/public-apps/{id}"), &json!({ "enabled": enabled })).await;
    switched.map_err(|refused| visitor.refused(SECTION, &refused))?;
    Ok(see_other(&format!("/public-apps/{id}?done={}", if enabled { "enabled" } else { "disabled" })))
}

/// Takes the app off an account.
pub(super) async fn uninstall(Path((id, install)): Path<(u64, u64)>, Sent { visitor, .. }: Sent) -> Page {
    visitor.api.delete(&format!("/api/v1/installs/{install}")).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    Ok(see_other(&format!("/public-apps/{id}?done=uninstalled")))
}

#[derive(Template)]
#[template(path = "public_app_delete.html")]
struct Delete<'a> {
    shell: Shell<'a>,
    app: &'a PublicApp,
    installs: Vec<Install>,
    more: bool,
}

/// What deleting it would break.
pub(super) async fn ask_deletion(visitor: Visitor, Path(id): Path<u64>) -> Page {
    let app = get(&visitor, id).await?;
    let public_app = id.to_string();
    let path = with_query("/api/v1/installs", &[("publicApp", &public_app), ("limit", ROWS)]);
    let listed: Installs = visitor.api.get(&path).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    Ok(page::render(&Delete { shell: visitor.shell(SECTION), app: &app, more: listed.after.is_some(), installs: listed.installs }))
}

/// Deletes it, if its name was typed.
pub(super) async fn delete(Path(id): Path<u64>, Sent { visitor, fields }: Sent) -> Page {
    let app = get(&visitor, id).await?;
    if fields.get("confirm") != app.name.trim() {
        return Err(visitor.refused(SECTION, &Refused { status: 400, detail: "type the app's name to delete it".into() }));
    }
    visitor.api.delete(&format!("/api/v1/public-apps/{id}")).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    Ok(see_other("/public-apps?done=deleted"))
}
