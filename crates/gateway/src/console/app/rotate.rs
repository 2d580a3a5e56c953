//! A new token for an app, and when the old one ends.

use askama::Template;
use axum::extract::State;
use keyway_api::body::RotateTokenBody;
use keyway_api::view::AppAndMadeToken;

use super::{SECTION, get};
use crate::admin::Admin;
use crate::console::api::Refused;
use crate::console::apps::{App, AppWords, TokenWords};
use crate::console::new_app::token_page;
use crate::console::page;
use crate::console::path::Path;
use crate::console::shell::Shell;
use crate::console::visitor::{Page, Sent, Visitor};
use crate::console::words::filters;

const HOUR_MS: i64 = 3_600_000;

#[derive(Template)]
#[template(path = "app_rotate.html")]
struct Rotate<'a> {
    shell: Shell<'a>,
    app: &'a App,
}

/// How to rotate, with what still uses the tokens that are there.
pub(in crate::console) async fn ask_rotation(visitor: Visitor, Path(id): Path<u64>) -> Page {
    let app = get(&visitor, id).await?;
    Ok(page::render(&Rotate { shell: visitor.shell(SECTION), app: &app }))
}

/// Makes a new token; those that were there end now or later.
pub(in crate::console) async fn rotate(State(admin): State<Admin>, Path(id): Path<u64>, Sent { visitor, fields }: Sent) -> Page {
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
