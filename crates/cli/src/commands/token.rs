//! `keyway token …`

use std::path::Path;

use anyhow::{Context, bail};
use http::Method;
use keyway_api::view::{self, AppAndMadeToken};
use keyway_core::secret::Secret;
use keyway_core::time::Timestamp;
use keyway_core::token::PlainToken;
use keyway_deliver::secrets::{self, Target};
use keyway_gateway::clock;
use serde_json::{Value, json};

use super::account::read;
use super::confirm::{self, Deletion};
use super::{counted, encoded, list, milliseconds, names, show, table, text};
use crate::args::Connection;
use crate::args::token::Token;
use crate::client::{call, list_all};
use crate::exit::Exit;
use crate::output::time::length;
use crate::typed::{lines_of, or_dash};

pub async fn run(connection: &Connection, action: Token) -> anyhow::Result<Exit> {
    match action {
        Token::Create { app, expires } => {
            let app = names::app(connection, &app).await?;
            let answer = create(connection, &app, expires.as_deref()).await?;
            show(&answer, |answer| format!("created a token of {}\n{}", text(&answer["app"]["name"]), shown_once(answer)))
        }
        Token::Undeliver { app, targets, token } => {
            let id = names::app(connection, &app).await?;
            undeliver(connection, (&id, &app), &targets, token).await
        }
        Token::Rotate { app, grace, now, expires, deliver: Some(targets), dry_run } => {
            let grace_ms = if now { None } else { Some(milliseconds(&grace)?) };
            let targets = secrets::read(&targets)?;
            let app = names::app(connection, &app).await?;
            rotate_into(connection, &app, (grace_ms, expires.as_deref()), &targets, dry_run).await
        }
        Token::Rotate { app, grace, now, expires, .. } => {
            let lifetime_ms = expires.as_deref().map(milliseconds).transpose()?;
            let grace_ms = if now { None } else { Some(milliseconds(&grace)?) };
            let path = format!("/api/v1/apps/{}/tokens/rotate", names::app(connection, &app).await?);
            let answer = call(connection, Method::POST, &path, Some(json!({ "graceMs": grace_ms, "lifetimeMs": lifetime_ms }))).await?;
            let fate = if now {
                "the old tokens ended".to_owned()
            } else {
                format!("the old tokens work for another {}", length(grace_ms.unwrap_or(0)))
            };
            show(&answer, |answer| format!("rotated the token of {}; {fate}\n{}", text(&answer["app"]["name"]), shown_once(answer)))
        }
        Token::LegacyKey { app, key } => {
            let app = names::app(connection, &app).await?;
            let body = json!({ "credential": read(&key).await? });
            let answer = call(connection, Method::POST, &format!("/api/v1/apps/{app}/tokens/legacy"), Some(body)).await?;
            show(&answer, |answer| {
                format!(
                    "accepted the legacy key {} for {}, in ?hapikey= only",
                    text(&answer["token"]["hint"]),
                    text(&answer["app"]["name"])
                )
            })
        }
        Token::Users { token_id, back } => {
            let days = back.days();
            let answer = list_all(connection, &format!("/api/v1/tokens/{token_id}/users?days={days}"), "users").await?;
            show(&answer, |answer| {
                let row = |user: &Value| ["source", "calls", "last"].iter().map(|field| text(&user[*field])).collect();
                let rows: Vec<Vec<String>> = list(answer, "users").iter().map(row).collect();
                if rows.is_empty() {
                    format!("nobody used token {token_id} in {days} days")
                } else {
                    table(&["FROM", "CALLS", "LAST"], &rows)
                }
            })
        }
        Token::Revoke { token_id, consent } => {
            confirm::revocation(consent, async || revoked(connection, token_id).await).await?;
            let answer = call(connection, Method::POST, &format!("/api/v1/tokens/{token_id}/revoke"), None).await?;
            show(&answer, |answer| format!("revoked token {token_id} ({})", text(&answer["token"]["hint"])))
        }
        Token::List { app: None } => {
            let answer = list_all(connection, "/api/v1/apps", "apps").await?;
            let mut each: Vec<Value> = list(&answer, "apps").iter().flat_map(tokens_with_name).collect();
            each.sort_by_cached_key(|token| text(&token["createdAt"]));
            show(&json!({ "version": 1, "tokens": each }), |answer| tokens_of_all(list(answer, "tokens")))
        }
        Token::List { app: Some(app) } => {
            let app = names::app(connection, &app).await?;
            let answer = list_all(connection, &format!("/api/v1/apps/{app}/tokens"), "tokens").await?;
            show(&answer, |answer| tokens(list(answer, "tokens")))
        }
    }
}

/// What goes with a token: whose it is, and who uses it.
async fn revoked(connection: &Connection, token_id: u64) -> anyhow::Result<Deletion> {
    let apps = list_all(connection, "/api/v1/apps", "apps").await?;
    let of = |app: &Value| Some((app.clone(), list(app, "tokens").iter().find(|token| token["id"] == token_id)?.clone()));
    let (app, token) = list(&apps, "apps").iter().find_map(of).with_context(|| {
        format!("no app has a token {token_id}, so nothing was revoked. To list an app's tokens: keyway token list APP. To end the tokens of an install: keyway install end")
    })?;
    let users = list_all(connection, &format!("/api/v1/tokens/{token_id}/users?days=1"), "users").await?;
    let users = list(&users, "users");
    let calls: u64 = users.iter().filter_map(|user| user["calls"].as_u64()).sum();
    let used = token["lastUsedAt"].as_str().map_or_else(|| "never used".to_owned(), |at| format!("last used {at}"));
    let others =
        list(&app, "tokens").iter().filter(|one| one["id"] != token_id && matches!(one["state"].as_str(), Some("active" | "expiring")));
    let name = text(&app["name"]);
    let goes = vec![
        format!("token {}, {}, {used}", text(&token["hint"]), text(&token["state"])),
        format!("calls in the last 24 hours: {calls}; addresses they came from: {}. They are refused from now on", users.len()),
        match others.count() {
            0 => "the app has no other token that works".to_owned(),
            count => format!("other tokens of the app that work: {count}"),
        },
    ];
    Ok(Deletion {
        what: format!("token {token_id} of the app \"{name}\" ({}) of account {}", text(&app["id"]), text(&app["hubId"])),
        name,
        goes,
    })
}

/// Makes another token of an app, with a lifetime where one is given.
async fn create(connection: &Connection, app: &str, expires: Option<&str>) -> anyhow::Result<Value> {
    let lifetime_ms = expires.map(milliseconds).transpose()?;
    call(connection, Method::POST, &format!("/api/v1/apps/{}/tokens", encoded(app)), Some(json!({ "lifetimeMs": lifetime_ms }))).await
}

/// Makes a token, puts it into every target, and only then ends the old ones.
async fn rotate_into(
    connection: &Connection,
    app: &str,
    (grace_ms, expires): (Option<i64>, Option<&str>),
    targets: &[Target],
    dry_run: bool,
) -> anyhow::Result<Exit> {
    let mut plan = Vec::new();
    for target in targets {
        let what = target.check().await.with_context(|| format!("{}: nothing was changed", target.name()))?;
        plan.push(json!({ "target": target.name(), "does": what }));
    }
    if dry_run {
        return show(&json!({ "version": 1, "dryRun": true, "targets": plan }), |answer| {
            format!("nothing was changed; it would do this:\n{}", told(answer))
        });
    }
    let made = create(connection, app, expires).await?;
    let token = Secret::new(made["token"]["value"].as_str().context("the server made no token")?.to_owned());
    let id = text(&made["token"]["id"]);
    let delivered = match secrets::deliver_all(targets, &token).await {
        Ok(delivered) => delivered,
        Err(error) => {
            // It may stand somewhere by now, so it ends; the old ones were not touched.
            let revoked = call(connection, Method::POST, &format!("/api/v1/tokens/{id}/revoke"), None).await;
            let fate =
                revoked.map_or_else(|error| format!("token {id} could not be revoked ({error})"), |_| format!("token {id} is revoked"));
            bail!("the token was not delivered, {fate}, the old tokens are as they were\n  {error:#}");
        }
    };
    let ended = call(connection, Method::POST, &format!("/api/v1/tokens/{id}/take-over"), Some(json!({ "graceMs": grace_ms }))).await;
    let ended = ended.with_context(|| format!("token {id} is delivered, but the old tokens still work; revoke them, or rotate again"))?;
    let delivered: Vec<Value> = delivered.into_iter().map(|(target, what)| json!({ "target": target, "does": what })).collect();
    let answer = json!({ "version": 1, "app": ended["app"], "token": ended["token"], "targets": delivered });
    show(&answer, |answer| {
        let fate = if grace_ms.is_some() { "work until their grace period ends" } else { "ended" };
        format!("token {id} of {} is delivered; the old tokens {fate}\n{}", text(&answer["app"]["name"]), told(answer))
    })
}

/// Undoes a rotation: the old tokens work on, the targets get the old token, and the new one ends. It ends last, and only
/// when no target holds it any more, so that no step cuts an integration off.
async fn undeliver(connection: &Connection, (id, app): (&str, &str), targets: &Path, token: Option<u64>) -> anyhow::Result<Exit> {
    let targets = secrets::read(targets)?;
    let tokens = list_all(connection, &format!("/api/v1/apps/{id}/tokens"), "tokens").await?;
    let active: Vec<u64> =
        list(&tokens, "tokens").iter().filter(|token| token["state"] == "active").filter_map(|token| token["id"].as_u64()).collect();
    let new = match (token, active.as_slice()) {
        (Some(token), active) if active.contains(&token) => token,
        (Some(token), _) => bail!("{app} has no active token {token}; nothing was changed. To list its tokens: keyway token list {app:?}"),
        (None, [new]) => *new,
        (None, []) => bail!("{app} has no active token; nothing was changed"),
        (None, several) => {
            let several = several.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
            bail!("{app} has several active tokens ({several}); nothing was changed. Name the delivered one with --token ID")
        }
    };
    let hint = list(&tokens, "tokens").iter().find(|token| token["id"] == new).map(|token| text(&token["hint"])).unwrap_or_default();
    let kept = call(connection, Method::POST, &format!("/api/v1/tokens/{new}/hand-back"), None).await.context("nothing was changed")?;
    let mut results = Vec::new();
    let mut left = Vec::new();
    for target in targets.iter().rev() {
        let undone = undo(connection, target, (new, &hint)).await.unwrap_or_else(|error| {
            left.push(target.name());
            format!("NOT restored: {error:#}")
        });
        results.push(json!({ "target": target.name(), "does": undone }));
    }
    if left.is_empty() {
        let path = format!("/api/v1/tokens/{new}/revoke");
        call(connection, Method::POST, &path, None)
            .await
            .with_context(|| format!("the targets are as before, but the new token still works. End it with: keyway token revoke {new}"))?;
    }
    let answer = json!({ "version": 1, "app": kept["app"], "kept": kept["tokens"], "newToken": new, "revoked": left.is_empty(), "targets": results });
    show(&answer, |answer| {
        let ids = list(answer, "kept").iter().map(|token| text(&token["id"])).collect::<Vec<_>>().join(", ");
        let fate = if left.is_empty() {
            format!("The new token {new} is revoked.")
        } else {
            format!(
                "The new token {new} still works, because {} may hold it.\nPut an old token there, then run: keyway token revoke {new}",
                left.join(", ")
            )
        };
        format!("{}\nThe old tokens ({ids}) work as long as they would have without the rotation. {fate}", told(answer))
    })?;
    Ok(if left.is_empty() { Exit::Fine } else { Exit::Negative })
}

/// Puts back what was at a target before this token, where the target still holds it.
async fn undo(connection: &Connection, target: &Target, (token_id, hint): (u64, &str)) -> anyhow::Result<String> {
    let Some(held) = target.held().await? else {
        // A command of the operator's shows nothing.
        return target.undo(&Secret::new(String::new())).await;
    };
    // A secret of somebody else's goes nowhere: only what looks like the token is shown to the server, which knows its hash.
    let looks_like_it = PlainToken::given(held.expose()).is_some_and(|held| held.hint() == hint);
    let path = format!("/api/v1/tokens/{token_id}/match");
    if !looks_like_it || call(connection, Method::POST, &path, Some(json!({ "credential": held.expose() }))).await?["matches"] != true {
        bail!("{}", secrets::CHANGED);
    }
    target.undo(&held).await
}

fn told(answer: &Value) -> String {
    list(answer, "targets").iter().map(|one| format!("  {}: {}", text(&one["target"]), text(&one["does"]))).collect::<Vec<_>>().join("\n")
}

/// The token's text, with the warning that goes with it.
pub fn shown_once(answer: &Value) -> String {
    lines_of(answer, |AppAndMadeToken { token, .. }| {
        let ends = token.expires_at.as_ref().map(|at| format!(" It ends at {at}.")).unwrap_or_default();
        format!("\n  {}\n\nThis is the only time the token is shown; put it where the integration reads its secrets.{ends}", token.value)
    })
}

/// The tokens of an app, each with the app's name.
fn tokens_with_name(app: &Value) -> Vec<Value> {
    let named = |token: &Value| {
        let mut token = token.clone();
        token["app"] = app["name"].clone();
        token
    };
    list(app, "tokens").iter().map(named).collect()
}

fn tokens_of_all(tokens: &[Value]) -> String {
    let row = |token: &Value| {
        let made = token["createdAt"].as_str().and_then(Timestamp::parse_iso);
        let age = made.map_or_else(|| "-".to_owned(), |made| counted(days_since(made), "day"));
        let field = |name: &str| text(&token[name]);
        vec![field("id"), field("app"), field("kind"), field("hint"), field("state"), age, field("expiresAt"), field("lastUsedAt")]
    };
    let rows: Vec<Vec<String>> = tokens.iter().map(row).collect();
    table(&["TOKEN ID", "APP", "KIND", "TOKEN", "STATE", "AGE", "EXPIRES", "LAST USE"], &rows)
}

/// Whole days since a moment.
pub(super) fn days_since(made: Timestamp) -> u64 {
    u64::try_from((clock::now().as_ms() - made.as_ms()) / 86_400_000).unwrap_or(0)
}

pub fn tokens(tokens: &[Value]) -> String {
    lines_of(&tokens.into(), |tokens: &Vec<view::Token>| {
        let row = |token: &view::Token| {
            let view::Token { id, kind, hint, state, created_at, expires_at, last_used_at, .. } = token;
            let [expires_at, last_used_at] = [expires_at, last_used_at].map(|at| or_dash(at.as_ref()));
            vec![id.to_string(), kind.clone(), hint.clone(), state.clone(), created_at.to_string(), expires_at, last_used_at]
        };
        let rows: Vec<Vec<String>> = tokens.iter().map(row).collect();
        table(&["TOKEN ID", "KIND", "TOKEN", "STATE", "CREATED", "EXPIRES", "LAST USE"], &rows)
    })
}
