//! The tokens of the admin API, each with a role.

use axum::Extension;
use axum::extract::State;
use keyway_api::body::AdminTokenBody;
use keyway_api::query::Page;

use super::Admin;
use super::extract::{JsonBody, Path, Query};
use super::page::page;
use super::people::role;
use super::view::{self, Answer, answer};
use crate::clock;
use crate::principal::Principal;

pub(super) async fn list(State(admin): State<Admin>, Query(query): Query<Page>) -> Answer<view::AdminTokens> {
    let now = clock::now();
    let (shown, after) = page(admin.control.admin_tokens().await?, query.after.as_deref(), query.limit, |token| token.id)?;
    answer(view::AdminTokens { admin_tokens: shown.iter().map(|one| view::admin_token(one, now, None)).collect(), after })
}

pub(super) async fn create(
    State(admin): State<Admin>,
    Extension(who): Extension<Principal>,
    JsonBody(asked): JsonBody<AdminTokenBody>,
) -> Answer<view::AdminTokenAnswer> {
    let role = role(&admin, &asked.role, &asked.apps).await?;
    let (made, plain) = admin.control.create_admin_token(&asked.name, role, asked.lifetime_ms, who.who.name()).await?;
    answer(view::AdminTokenAnswer { admin_token: view::admin_token(&made, clock::now(), Some(plain.expose().clone())) })
}

pub(super) async fn revoke(State(admin): State<Admin>, Path(which): Path<String>) -> Answer<view::AdminTokenAnswer> {
    let revoked = admin.control.revoke_admin_token(&which).await?;
    answer(view::AdminTokenAnswer { admin_token: view::admin_token(&revoked, clock::now(), None) })
}
