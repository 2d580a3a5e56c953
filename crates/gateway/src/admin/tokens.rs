//! Tokens of apps: made, rotated, delivered, revoked.

use axum::extract::State;
use keyway_api::query::Page;
use keyway_core::secret::Secret;

use super::Admin;
use super::body::{CredentialBody, RotateBody, RotateTokenBody, TokenBody};
use super::extract::{JsonBody, OptionalBody, Path, Query};
use super::page::page;
use super::view::{self, Answer, answer};
use crate::control::Rotation;

pub(super) async fn list(State(admin): State<Admin>, Path(app): Path<String>, Query(query): Query<Page>) -> Answer<view::Tokens> {
    let (app, tokens) = admin.control.app(&app).await?;
    let seen = admin.seen(app.hub_id);
    let (shown, after) = page(tokens, query.after.as_deref(), query.limit, |token| token.id)?;
    answer(view::Tokens { app: view::app(&app), tokens: shown.iter().map(|token| view::token(token, seen)).collect(), after })
}

pub(super) async fn create(
    State(admin): State<Admin>,
    Path(app): Path<String>,
    OptionalBody(asked): OptionalBody<TokenBody>,
) -> Answer<view::AppAndMadeToken> {
    let (app, token) = admin.control.create_token(&app, asked.lifetime_ms).await?;
    answer(view::AppAndMadeToken { app: view::app(&app), token: view::made_token(&token) })
}

pub(super) async fn rotate(
    State(admin): State<Admin>,
    Path(app): Path<String>,
    JsonBody(asked): JsonBody<RotateTokenBody>,
) -> Answer<view::AppAndMadeToken> {
    let rotation = asked.grace_ms.map_or(Rotation::Now, Rotation::Grace);
    let (app, token) = admin.control.rotate_token(&app, rotation, asked.lifetime_ms).await?;
    answer(view::AppAndMadeToken { app: view::app(&app), token: view::made_token(&token) })
}

pub(super) async fn admit_legacy_key(
    State(admin): State<Admin>,
    Path(app): Path<String>,
    JsonBody(asked): JsonBody<CredentialBody>,
) -> Answer<view::AppAndToken> {
    let (app, token) = admin.control.admit_legacy_key(&app, Secret::new(asked.credential)).await?;
    answer(view::AppAndToken { app: view::app(&app), token: view::token(&token, admin.seen(app.hub_id)) })
}

pub(super) async fn take_over(
    State(admin): State<Admin>,
    Path(token_id): Path<u64>,
    JsonBody(asked): JsonBody<RotateBody>,
) -> Answer<view::AppAndToken> {
    let rotation = asked.grace_ms.map_or(Rotation::Now, Rotation::Grace);
    let (app, token) = admin.control.take_over(token_id, rotation).await?;
    answer(view::AppAndToken { app: view::app(&app), token: view::token(&token, admin.seen(app.hub_id)) })
}

pub(super) async fn hand_back(State(admin): State<Admin>, Path(token_id): Path<u64>) -> Answer<view::Tokens> {
    let (app, tokens) = admin.control.hand_back(token_id).await?;
    let seen = admin.seen(app.hub_id);
    answer(view::Tokens { app: view::app(&app), tokens: tokens.iter().map(|token| view::token(token, seen)).collect(), after: None })
}

pub(super) async fn is_token(
    State(admin): State<Admin>,
    Path(token_id): Path<u64>,
    JsonBody(asked): JsonBody<CredentialBody>,
) -> Answer<view::TokenMatch> {
    answer(view::TokenMatch { matches: admin.control.is_token(token_id, &Secret::new(asked.credential)).await? })
}

pub(super) async fn revoke(State(admin): State<Admin>, Path(token_id): Path<u64>) -> Answer<view::TokenAnswer> {
    let token = admin.control.revoke_token(token_id).await?;
    let hub_id = admin.control.app(&token.app_id.to_string()).await.map_or(0, |(app, _)| app.hub_id);
    answer(view::TokenAnswer { token: view::token(&token, admin.seen(hub_id)) })
}
