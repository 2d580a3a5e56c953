//! From where a token is used.

use askama::Template;
use axum::response::Response;
use keyway_api::view::{TokenUser, TokenUsers};

use super::SECTION;
use crate::page;
use crate::path::Path;
use crate::shell::Shell;
use crate::visitor::{Page, Visitor};
use crate::words::filters;

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
pub(crate) async fn users_part(visitor: Visitor, Path(token): Path<u64>) -> Page {
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
pub(crate) async fn users_page(visitor: Visitor, Path(token): Path<u64>) -> Page {
    let part = users(&visitor, token).await?;
    Ok(page::render(&UsersPage { shell: visitor.shell(SECTION), token, part }))
}
