//! A new token for an app, and when the old one ends.

use askama::Template;
use axum::extract::State;
use keyway_api::body::RotateTokenBody;
use keyway_api::view::AppAndMadeToken;
use keyway_core::time::Timestamp;
use keyway_gateway::admin::Admin;
use keyway_gateway::clock;

use super::{SECTION, get};
use crate::api::Refused;
use crate::app_words::{App, AppWords, TokenWords};
use crate::new_app::token_page;
use crate::page;
use crate::path::Path;
use crate::shell::Shell;
use crate::visitor::{Page, Sent, Visitor};
use crate::words::{self, filters};

const HOUR_MS: i64 = 3_600_000;

/// How long the old token may work on: the word in the form, and the length.
const GRACES: [(&str, &str, i64); 3] =
    [("week", "In a week", 7 * 24 * HOUR_MS), ("day", "In a day", 24 * HOUR_MS), ("hour", "In an hour", HOUR_MS)];

#[derive(Template)]
#[template(path = "app_rotate.html")]
struct Rotate<'a> {
    shell: Shell<'a>,
    app: &'a App,
    now: Timestamp,
}

impl Rotate<'_> {
    /// When the old token may end: the word, and the moment in words.
    fn graces(&self) -> impl Iterator<Item = (&'static str, String)> {
        GRACES
            .iter()
            .map(|(word, words, length)| (*word, format!("{words}, on {} UTC", words::moment(&self.now.plus_ms(*length).to_iso()))))
    }
}

/// How to rotate, with what still uses the tokens that are there.
pub(crate) async fn ask_rotation(visitor: Visitor, Path(id): Path<u64>) -> Page {
    let app = get(&visitor, id).await?;
    Ok(page::render(&Rotate { shell: visitor.shell(SECTION), app: &app, now: clock::now() }))
}

/// Makes a new token; those that were there end now or later.
pub(crate) async fn rotate(State(admin): State<Admin>, Path(id): Path<u64>, Sent { visitor, fields }: Sent) -> Page {
    let chosen = fields.get("grace");
    let grace_ms = GRACES.iter().find(|(word, ..)| *word == chosen).map(|(.., length)| *length);
    let note = match grace_ms {
        Some(length) => {
            let end = clock::now().plus_ms(length).to_iso();
            format!("The old token works until {} UTC. The app's page shows what still uses it.", words::moment(&end))
        }
        None if chosen == "now" => "The old token is refused from now on.".to_owned(),
        None => return Err(visitor.refused(SECTION, &Refused { status: 400, detail: "choose when the old token ends".into() })),
    };
    let body = RotateTokenBody { grace_ms, lifetime_ms: None };
    let made: AppAndMadeToken =
        visitor.api.post(&format!("/api/v1/apps/{id}/tokens/rotate"), &body).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    Ok(token_page(&admin, &visitor, &made, format!("A new token for {}", made.app.name), &note).await)
}
