//! What the admin API shows of notifications. No secret is in it, but a webhook's when it was just made.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{Moment, of::moment};
use crate::model;

/// Where notifications go.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::admin) struct Channel {
    name: String,
    /// `webhook`, `slack` or `mail`.
    kind: &'static str,
    /// Of a URL the scheme and host; of mail the addresses and the server.
    target: String,
    /// Takes notifications of this account only.
    hub_id: Option<u64>,
    /// Takes notifications of this owner's apps only.
    owner: Option<String>,
    /// Of mail: the SMTP server.
    host: Option<String>,
    /// Of mail: the server's port.
    port: Option<u16>,
    /// Of mail: `starttls`, `implicit` or `off`.
    tls: Option<&'static str>,
    /// Of mail: who signs in at the SMTP server; null where nobody does.
    user: Option<String>,
    /// Of mail: the sender's address.
    from: Option<String>,
    /// Of mail: the receivers' addresses.
    to: Vec<String>,
    /// Of mail: whether mail about an app goes to the address in its owner.
    to_owner: bool,
    created_at: Moment,
}

/// A condition that lasts and was told.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::admin) struct Condition {
    /// The kind and what it is of.
    name: String,
    since: Moment,
    told_at: Moment,
    /// What notifications say of it.
    about: Value,
}

/// A message to a channel.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::admin) struct Message {
    id: u64,
    channel: String,
    created_at: Moment,
    /// `waiting`, `sent` or `failed`.
    state: String,
    attempts: u32,
    /// When it was sent or given up.
    ended_at: Option<Moment>,
    /// Why the last attempt failed.
    error: Option<String>,
    notifications: Value,
    /// Notifications that were too many for the message.
    more: u64,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::admin) struct Channels {
    /// Since when notifications are held, because this server was restored from a backup; null where they go out.
    pub held_since: Option<Moment>,
    pub channels: Vec<Channel>,
}

#[derive(Serialize, JsonSchema)]
pub(in crate::admin) struct ChannelAnswer {
    pub channel: Channel,
}

#[derive(Serialize, JsonSchema)]
pub(in crate::admin) struct AddedChannel {
    pub channel: Channel,
    /// Of a webhook: what its requests are signed with, this once.
    pub secret: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(in crate::admin) struct ChannelTested {
    pub channel: Channel,
    /// Whether the receiver took the message.
    pub taken: bool,
    /// What it answered, or why the message did not reach it.
    pub answer: String,
}

#[derive(Serialize, JsonSchema)]
pub(in crate::admin) struct Notifications {
    pub conditions: Vec<Condition>,
    /// The newest first.
    pub messages: Vec<Message>,
}

pub(in crate::admin) fn channel(channel: &model::Channel) -> Channel {
    let mail = match &channel.target {
        model::ChannelTarget::Mail(mail) => Some(mail),
        _ => None,
    };
    Channel {
        name: channel.name.clone(),
        kind: channel.target.kind(),
        target: channel.target.shown(),
        hub_id: channel.hub_id,
        owner: channel.owner.clone(),
        host: mail.map(|mail| mail.host.clone()),
        port: mail.map(|mail| mail.port),
        tls: mail.map(|mail| mail.tls.name()),
        user: mail.and_then(|mail| mail.login.as_ref()).map(|(user, _)| user.clone()),
        from: mail.map(|mail| mail.from.clone()),
        to: mail.map(|mail| mail.to.clone()).unwrap_or_default(),
        to_owner: mail.is_some_and(|mail| mail.to_owner),
        created_at: channel.created_at.into(),
    }
}

pub(in crate::admin) fn condition(kept: model::KeptCondition) -> Condition {
    Condition { name: kept.name, since: kept.since.into(), told_at: kept.told_at.into(), about: kept.about }
}

pub(in crate::admin) fn message(mut sent: model::SentMessage) -> Message {
    Message {
        id: sent.id,
        channel: sent.channel,
        created_at: sent.created_at.into(),
        state: sent.state,
        attempts: sent.attempts,
        ended_at: moment(sent.ended_at),
        error: sent.error,
        more: sent.body["more"].as_u64().unwrap_or(0),
        notifications: sent.body["notifications"].take(),
    }
}
