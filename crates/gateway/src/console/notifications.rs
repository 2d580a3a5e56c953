//! Where notifications go, the conditions that last, and the newest messages. Channels are changed by `keyway notify`.

use askama::Template;
use serde::Deserialize;

use super::page;
use super::shell::Shell;
use super::visitor::{Page, Visitor};
use super::words::filters;

const SECTION: &str = "/notifications";

/// A channel, as the API has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Channel {
    name: String,
    kind: String,
    target: String,
    hub_id: Option<u64>,
    owner: Option<String>,
}

impl Channel {
    /// Which notifications it takes.
    fn takes(&self) -> String {
        match (self.hub_id, &self.owner) {
            (Some(hub_id), Some(owner)) => format!("of account {hub_id} and owner {owner}"),
            (Some(hub_id), None) => format!("of account {hub_id}"),
            (None, Some(owner)) => format!("of owner {owner}"),
            (None, None) => "all that no other channel takes".to_owned(),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Channels {
    /// Since when notifications are held.
    held_since: Option<String>,
    channels: Vec<Channel>,
}

#[derive(Deserialize)]
struct Condition {
    since: String,
    about: About,
}

/// What a notification says.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct About {
    kind: String,
    text: String,
    remedy: Option<String>,
    app_id: Option<u64>,
    hub_id: Option<u64>,
}

impl About {
    /// The page of what it is of, where there is one.
    fn address(&self) -> Option<String> {
        self.app_id.map(|id| format!("/apps/{id}")).or_else(|| self.hub_id.map(|id| format!("/accounts/{id}")))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    channel: String,
    created_at: String,
    state: String,
    attempts: u64,
    error: Option<String>,
    notifications: Vec<About>,
    more: u64,
}

impl Message {
    /// The mark of its state.
    fn sign(&self) -> &'static str {
        match self.state.as_str() {
            "sent" => "fine",
            "failed" => "wrong",
            _ => "warn",
        }
    }

    fn kinds(&self) -> String {
        let kinds: Vec<&str> = self.notifications.iter().map(|one| one.kind.as_str()).collect();
        if self.more > 0 { format!("{} and {} more", kinds.join(", "), self.more) } else { kinds.join(", ") }
    }
}

#[derive(Deserialize)]
struct History {
    conditions: Vec<Condition>,
    messages: Vec<Message>,
}

#[derive(Template)]
#[template(path = "notifications.html")]
struct NotificationsPage<'a> {
    shell: Shell<'a>,
    held_since: Option<String>,
    channels: Vec<Channel>,
    history: History,
}

/// The page.
pub(super) async fn show(visitor: Visitor) -> Page {
    let refused = |refused| visitor.refused(SECTION, &refused);
    let Channels { held_since, channels } = visitor.api.get("/api/v1/notifications/channels").await.map_err(refused)?;
    let history: History = visitor.api.get("/api/v1/notifications?limit=50").await.map_err(refused)?;
    Ok(page::render(&NotificationsPage { shell: visitor.shell(SECTION), held_since, channels, history }))
}
