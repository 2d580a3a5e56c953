//! The tokens of the admin API, for programs that look after this server.

use std::collections::HashMap;

use askama::Template;
use axum::extract::Path;
use serde::Deserialize;
use serde_json::json;

use super::api::Refused;
use super::apps::App;
use super::page;
use super::people::{apps, names, role_words};
use super::shell::{Shell, sentence};
use super::sign_in::see_other;
use super::visitor::{Fields, Page, Sent, Visitor};
use super::words::filters;

/// They stand with the people: both may change this server.
const SECTION: &str = super::people::SECTION;
const DAY_MS: i64 = 86_400_000;

/// A token, as the API has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AdminToken {
    id: u64,
    name: String,
    hint: String,
    role: String,
    apps: Vec<u64>,
    state: String,
    created_at: String,
    created_by: String,
    expires_at: Option<String>,
    last_used_at: Option<String>,
    value: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    admin_token: AdminToken,
}

#[derive(Template)]
#[template(path = "admin_tokens.html")]
struct Tokens<'a> {
    shell: Shell<'a>,
    tokens: Vec<AdminToken>,
    apps: Vec<App>,
    fields: &'a Fields,
    wrong: Option<String>,
}

impl Tokens<'_> {
    fn words(&self, token: &AdminToken) -> &'static str {
        role_words(&token.role)
    }

    fn apps_of(&self, token: &AdminToken) -> String {
        names(&self.apps.iter().map(|app| (app.id, app.name.as_str())).collect::<HashMap<_, _>>(), &token.apps)
    }

    fn is_chosen(&self, id: &u64) -> bool {
        self.fields.all("app").contains(&id.to_string())
    }

    fn roles(&self) -> [(&'static str, &'static str, &'static str); 4] {
        [
            ("auditor", "Auditor", "reads everything"),
            ("app-manager", "App manager", "looks after the apps that you choose"),
            ("token-service", "Token service", "asks for short-lived tokens of HubSpot's, and nothing else"),
            ("super-admin", "Super admin", "everything"),
        ]
    }

    /// The role that is chosen in the form.
    fn role(&self) -> &str {
        if self.fields.get("role").is_empty() { "auditor" } else { self.fields.get("role") }
    }
}

async fn page(visitor: &Visitor, fields: &Fields, wrong: Option<String>) -> Page {
    let refused = |refused: Refused| visitor.refused(SECTION, &refused);
    let mut tokens: Vec<AdminToken> = visitor.api.all("/api/v1/admin-tokens", &[]).await.map_err(refused)?;
    // Those that work first, the newest of them on top.
    tokens.sort_by_key(|token| (token.state != "active", std::cmp::Reverse(token.id)));
    let apps = apps(&visitor.api).await.map_err(refused)?;
    Ok(page::render(&Tokens { shell: visitor.shell(SECTION), tokens, apps, fields, wrong }))
}

/// The list, and the form for another.
pub(super) async fn list(visitor: Visitor, fields: Fields) -> Page {
    page(&visitor, &fields, None).await
}

#[derive(Template)]
#[template(path = "admin_token.html")]
struct Made<'a> {
    shell: Shell<'a>,
    token: &'a AdminToken,
    value: &'a str,
}

/// Makes one; its text is shown this once.
pub(super) async fn create(Sent { visitor, fields }: Sent) -> Page {
    let role = fields.get("role");
    let days = fields.get("days").parse::<i64>().ok().filter(|days| (1..=3_650).contains(days));
    let asked = json!({
        "name": fields.get("name"),
        "role": role,
        "apps": if role == "app-manager" { fields.all("app") } else { Vec::new() },
        "lifetimeMs": days.map(|days| days * DAY_MS),
    });
    match visitor.api.post::<Shown>("/api/v1/admin-tokens", &asked).await {
        Ok(Shown { admin_token: token }) => {
            let value = token.value.as_deref().unwrap_or_default();
            Ok(page::render(&Made { shell: visitor.shell(SECTION), token: &token, value }))
        }
        Err(refused) if matches!(refused.status, 400 | 409 | 422) => page(&visitor, &fields, Some(sentence(&refused.detail))).await,
        Err(refused) => Err(visitor.refused(SECTION, &refused)),
    }
}

/// Ends one.
pub(super) async fn revoke(Path(id): Path<u64>, Sent { visitor, .. }: Sent) -> Page {
    visitor.api.delete(&format!("/api/v1/admin-tokens/{id}")).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    Ok(see_other("/people/tokens?done=revoked"))
}
