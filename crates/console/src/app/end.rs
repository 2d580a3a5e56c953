//! What ends an app or a token of it: deleting, disabling, revoking. Each first shows what would break.

use askama::Template;
use keyway_api::view::Token;
use serde_json::{Value, json};

use super::{SECTION, get, patch, to};
use crate::api::Refused;
use crate::app_words::{App, AppWords, TokenWords};
use crate::page;
use crate::path::Path;
use crate::shell::Shell;
use crate::sign_in::see_other;
use crate::visitor::{Page, Sent, Visitor};
use crate::words::filters;

/// The question before something is removed.
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
    /// Whether the person must type the name of the app, because nothing can undo this.
    confirm: bool,
}

/// What deleting it would break.
pub(crate) async fn ask_deletion(visitor: Visitor, Path(id): Path<u64>) -> Page {
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
pub(crate) async fn ask_disabling(visitor: Visitor, Path(id): Path<u64>) -> Page {
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
pub(crate) async fn ask_revoking(visitor: Visitor, Path((id, token)): Path<(u64, u64)>) -> Page {
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
pub(crate) async fn delete(Path(id): Path<u64>, Sent { visitor, fields }: Sent) -> Page {
    let app = get(&visitor, id).await?;
    if fields.get("confirm") != app.name.trim() {
        return Err(visitor.refused(SECTION, &Refused { status: 400, detail: "type the app's name to delete it".into() }));
    }
    visitor.api.delete(&format!("/api/v1/apps/{id}")).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    Ok(see_other("/apps?done=deleted"))
}

/// Refuses its tokens.
pub(crate) async fn disable(Path(id): Path<u64>, Sent { visitor, .. }: Sent) -> Page {
    patch(&visitor, id, &json!({ "enabled": false }), "disabled").await
}

/// Ends a token.
pub(crate) async fn revoke(Path((id, token)): Path<(u64, u64)>, Sent { visitor, .. }: Sent) -> Page {
    let revoked = visitor.api.post::<Value>(&format!("/api/v1/tokens/{token}/revoke"), &json!({})).await;
    revoked.map_err(|refused| visitor.refused(SECTION, &refused))?;
    Ok(to(id, "revoked"))
}

/// Lets its tokens in again.
pub(crate) async fn enable(Path(id): Path<u64>, Sent { visitor, .. }: Sent) -> Page {
    patch(&visitor, id, &json!({ "enabled": true }), "enabled").await
}
