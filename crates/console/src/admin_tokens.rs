//! The tokens of the admin API: what is there, new ones, and their end.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use keyway_api::OperationId;
use keyway_api::view::{AdminToken, AdminTokenAnswer, AdminTokens};
use serde_json::json;

use super::api::Refused;
use super::columns::{Columns, LeftOut, Optional};
use super::page;
use super::path::Path;
use super::roles::{self, AppNames, Choice};
use super::several::{Bar, List};
use super::shell::Shell;
use super::shown_once::ShownOnce;
use super::sign_in::see_other;
use super::sorted::{Sorted, SortedPage};
use super::sorting::{Column, Head};
use super::visitor::{Fields, Page, Sent, Visitor};
use super::words::{filters, sentence};

const SECTION: &str = "/admin-tokens";
const DAY_MS: i64 = 86_400_000;

/// What pages say of a token.
trait TokenWords {
    fn role_words(&self) -> &'static str;
    fn is_live(&self) -> bool;
}

impl TokenWords for AdminToken {
    fn role_words(&self) -> &'static str {
        roles::words(self.role.as_str())
    }

    fn is_live(&self) -> bool {
        self.state == "active"
    }
}

#[derive(Template)]
#[template(path = "admin_tokens.html")]
struct TokensPage<'a> {
    shell: Shell<'a>,
    search: &'a str,
    state: &'a str,
    tokens: Vec<AdminToken>,
    names: AppNames,
    heads: Vec<Head>,
    bar: Bar,
    columns: Columns,
    sort: &'a str,
    found: usize,
    all: usize,
    earlier: Option<String>,
    later: Option<String>,
}

const COLUMNS: [Column; 2] =
    [Column { key: "", words: "Token", numbers: false }, Column { key: "last", words: "Last use", numbers: false }];

/// Columns that may be left out.
pub(super) const OPTIONAL: [Optional; 5] = [("role", "Role"), ("made", "Made"), ("last", "Last use"), ("ends", "Ends"), ("state", "State")];

impl TokensPage<'_> {
    fn states(&self) -> [(&'static str, &'static str); 4] {
        [("", "Any"), ("active", "Active"), ("expired", "Expired"), ("revoked", "Revoked")]
    }
}

async fn all(visitor: &Visitor) -> Result<Vec<AdminToken>, Response> {
    visitor.api.all::<AdminTokens>("/api/v1/admin-tokens", &[]).await.map_err(|refused| visitor.refused(SECTION, &refused))
}

const LIST: Sorted<AdminToken> = Sorted {
    section: SECTION,
    filters: &["state"],
    columns: &COLUMNS,
    text: |token| format!("{} {} {}", token.name, token.created_by, token.hint).to_lowercase(),
    fits: |token, fields| ["", token.state.as_str()].contains(&fields.get("state")),
    first: |tokens| tokens.sort_by_cached_key(|token| (!token.is_live(), token.name.to_lowercase(), token.id)),
    // ISO 8601 in UTC sorts as time does.
    orders: &[("last", |tokens| tokens.sort_by_key(|token| std::cmp::Reverse(token.last_used_at.clone().map(|at| at.0))))],
};

/// The list; those that are accepted come first.
pub(super) async fn list(visitor: Visitor, left_out: LeftOut, fields: Fields) -> Page {
    let SortedPage { search, sort, things: tokens, found, all, heads, earlier, later } = LIST.page(all(&visitor).await?, &fields);
    let names = AppNames::of(&visitor.api, tokens.iter().map(|token| &token.apps)).await;
    Ok(page::render(&TokensPage {
        shell: visitor.shell(SECTION),
        search,
        state: fields.get("state"),
        sort,
        bar: Bar::of(&visitor.api, List::AdminTokens, &fields),
        columns: Columns::of(SECTION, &OPTIONAL, left_out, &fields),
        heads,
        names: names.map_err(|refused| visitor.refused(SECTION, &refused))?,
        tokens,
        later,
        earlier,
        found,
        all,
    }))
}

#[derive(Template)]
#[template(path = "admin_token_new.html")]
struct New<'a> {
    shell: Shell<'a>,
    name: &'a str,
    days: &'a str,
    choice: Choice,
    wrong: Option<String>,
}

impl New<'_> {
    /// In days. The first is what is chosen when nothing else is.
    fn lifetimes(&self) -> [(&'static str, &'static str); 4] {
        [("90", "90 days"), ("30", "30 days"), ("365", "A year"), ("never", "Until it is revoked")]
    }
}

async fn page_of(visitor: &Visitor, fields: &Fields, wrong: Option<String>) -> Page {
    let choice = Choice::sent(&visitor.api, true, fields).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    let status = if wrong.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let new = New { shell: visitor.shell(SECTION), name: fields.get("name"), days: fields.get("days"), choice, wrong };
    Ok((status, page::render(&new)).into_response())
}

/// Asks what it is for.
pub(super) async fn ask(visitor: Visitor, fields: Fields) -> Page {
    page_of(&visitor, &fields, None).await
}

/// Makes a token, and shows it.
pub(super) async fn create(Sent { visitor, fields }: Sent) -> Page {
    let (role, apps) = roles::chosen(&fields);
    let lifetime_ms = match fields.get("days") {
        "never" => None,
        days => match days.parse::<u32>() {
            Ok(days) => Some(i64::from(days) * DAY_MS),
            Err(_) => return page_of(&visitor, &fields, Some("Choose how long it lives.".to_owned())).await,
        },
    };
    let body = json!({ "name": fields.get("name"), "role": role, "apps": apps, "lifetimeMs": lifetime_ms });
    match visitor.api.post::<AdminTokenAnswer>(&format!("/api/v1{SECTION}"), &body).await {
        Ok(AdminTokenAnswer { admin_token: made }) => Ok(page::render(&ShownOnce {
            shell: visitor.shell(SECTION),
            title: &format!("The admin token {}", made.name),
            name: "Its text",
            value: made.value.as_deref().unwrap_or_default(),
            note: "A program presents it as “Authorization: Bearer …”; the command line reads it from KEYWAY_ADMIN_TOKEN.",
            back: SECTION,
            back_words: "Go to the list",
        })),
        Err(refused) if matches!(refused.status, 400 | 404 | 409 | 422) => {
            page_of(&visitor, &fields, Some(sentence(&refused.detail))).await
        }
        Err(refused) => Err(visitor.refused(SECTION, &refused)),
    }
}

#[derive(Template)]
#[template(path = "admin_token_revoke.html")]
struct Revoke<'a> {
    shell: Shell<'a>,
    token: &'a AdminToken,
}

/// Asks whether it is meant.
pub(super) async fn ask_revoking(visitor: Visitor, Path(id): Path<u64>) -> Page {
    let tokens = all(&visitor).await?;
    let Some(token) = tokens.iter().find(|token| token.id == id && token.state != "revoked") else {
        return Err(visitor.refused(SECTION, &Refused { status: 404, detail: "there is no such admin token that can be revoked".into() }));
    };
    Ok(page::render(&Revoke { shell: visitor.shell(SECTION), token }))
}

/// Ends a token.
pub(super) async fn revoke(Path(id): Path<u64>, Sent { visitor, .. }: Sent) -> Page {
    visitor.api.delete(&format!("/api/v1{SECTION}/{id}")).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    Ok(see_other("/admin-tokens?done=revoked"))
}
