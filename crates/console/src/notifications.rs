//! Where notifications go, the conditions that last, and the newest messages. Channels are changed by `keyway notify`.

use askama::Template;
use keyway_api::Moment;
use keyway_api::view::{Channel, Channels, Message, Notice, Notifications};

use super::page;
use super::several::{Bar, List};
use super::shell::Shell;
use super::visitor::{Fields, Page, Visitor};
use super::words::filters;

const SECTION: &str = "/notifications";

/// What the page says of a channel.
trait ChannelWords {
    /// Which notifications it takes.
    fn takes(&self) -> String;
}

impl ChannelWords for Channel {
    fn takes(&self) -> String {
        match (self.hub_id, &self.owner) {
            (Some(hub_id), Some(owner)) => format!("of account {hub_id} and owner {owner}"),
            (Some(hub_id), None) => format!("of account {hub_id}"),
            (None, Some(owner)) => format!("of owner {owner}"),
            (None, None) => "all that no other channel takes".to_owned(),
        }
    }
}

/// What the page says of what a notification tells.
trait NoticeWords {
    /// The page of what it is of, where there is one.
    fn address(&self) -> Option<String>;
}

impl NoticeWords for Notice {
    fn address(&self) -> Option<String> {
        self.app_id.map(|id| format!("/apps/{id}")).or_else(|| self.hub_id.map(|id| format!("/accounts/{id}")))
    }
}

/// What the page says of a message.
trait MessageWords {
    /// The mark of its state.
    fn sign(&self) -> &'static str;
    fn kinds(&self) -> String;
}

impl MessageWords for Message {
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

#[derive(Template)]
#[template(path = "notifications.html")]
struct NotificationsPage<'a> {
    shell: Shell<'a>,
    bar: Bar,
    held_since: Option<Moment>,
    channels: Vec<Channel>,
    history: Notifications,
}

/// The page.
pub(super) async fn show(visitor: Visitor, fields: Fields) -> Page {
    let refused = |refused| visitor.refused(SECTION, &refused);
    let Channels { held_since, channels } = visitor.api.get("/api/v1/notifications/channels").await.map_err(refused)?;
    let history: Notifications = visitor.api.get("/api/v1/notifications?limit=50").await.map_err(refused)?;
    let bar = Bar::of(&visitor.api, List::Notifications, &fields);
    Ok(page::render(&NotificationsPage { shell: visitor.shell(SECTION), bar, held_since, channels, history }))
}
