//! What the admin API shows of notifications. No secret is in it, but a webhook's when it was just made.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Moment;

/// Where notifications go.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Channel {
    pub name: String,
    /// `webhook`, `slack` or `mail`.
    pub kind: String,
    /// Of a URL the scheme and host; of mail the addresses and the server.
    pub target: String,
    /// Takes notifications of this account only.
    pub hub_id: Option<u64>,
    /// Takes notifications of this owner's apps only.
    pub owner: Option<String>,
    /// Of mail: the SMTP server.
    pub host: Option<String>,
    /// Of mail: the server's port.
    pub port: Option<u16>,
    /// Of mail: `starttls`, `implicit` or `off`.
    pub tls: Option<String>,
    /// Of mail: who signs in at the SMTP server; null where nobody does.
    pub user: Option<String>,
    /// Of mail: the sender's address.
    pub from: Option<String>,
    /// Of mail: the receivers' addresses.
    pub to: Vec<String>,
    /// Of mail: whether mail about an app goes to the address in its owner.
    pub to_owner: bool,
    pub created_at: Moment,
}

/// A condition that lasts and that Keyway has notified people of.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// The kind and what it is of.
    pub name: String,
    pub since: Moment,
    pub told_at: Moment,
    /// What notifications say of it.
    pub about: Notice,
}

/// What a notification says of a condition.
#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// Such as `connection-refused`: docs/notifications.md lists them.
    pub kind: String,
    /// The kind and what it is of.
    pub name: String,
    pub text: String,
    /// What to do.
    pub remedy: Option<String>,
    pub hub_id: Option<u64>,
    /// The account's name.
    pub account: Option<String>,
    pub app_id: Option<u64>,
    /// The app's name.
    pub app: Option<String>,
    pub owner: Option<String>,
    /// The path of the console's page that shows it, where it has one of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// Of a message: since when the condition lasts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Moment>,
    /// Of a message: whether it was sent before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reminder: Option<bool>,
}

/// A message to a channel.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    pub id: u64,
    pub channel: String,
    pub created_at: Moment,
    /// `waiting`, `sent` or `failed`.
    pub state: String,
    pub attempts: u32,
    /// When it was sent or given up.
    pub ended_at: Option<Moment>,
    /// Why the last attempt failed.
    pub error: Option<String>,
    pub notifications: Vec<Notice>,
    /// Notifications that were too many for the message.
    pub more: u64,
}

#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Channels {
    /// Since when notifications are held, because this server was restored from a backup; null where they go out.
    pub held_since: Option<Moment>,
    pub channels: Vec<Channel>,
}

#[derive(Clone, Deserialize, Serialize, JsonSchema)]
pub struct ChannelAnswer {
    pub channel: Channel,
}

#[derive(Clone, Deserialize, Serialize, JsonSchema)]
pub struct AddedChannel {
    pub channel: Channel,
    /// Of a webhook: what its requests are signed with, this once.
    pub secret: Option<String>,
}

#[derive(Clone, Deserialize, Serialize, JsonSchema)]
pub struct ChannelTested {
    pub channel: Channel,
    /// Whether the receiver took the message.
    pub taken: bool,
    /// What it answered, or why the message did not reach it.
    pub answer: String,
}

#[derive(Clone, Deserialize, Serialize, JsonSchema)]
pub struct Notifications {
    pub conditions: Vec<Condition>,
    /// The newest first.
    pub messages: Vec<Message>,
}
