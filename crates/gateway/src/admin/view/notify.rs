//! What the admin API shows of notifications. No secret is in it, but a webhook's when it was just made.

use keyway_api::view::{Channel, Condition, Message};

use super::of::moment;
use crate::model;

pub(in crate::admin) fn channel(channel: &model::Channel) -> Channel {
    let mail = match &channel.target {
        model::ChannelTarget::Mail(mail) => Some(mail),
        _ => None,
    };
    Channel {
        name: channel.name.clone(),
        kind: channel.target.kind().to_owned(),
        target: channel.target.shown(),
        hub_id: channel.hub_id,
        owner: channel.owner.clone(),
        host: mail.map(|mail| mail.host.clone()),
        port: mail.map(|mail| mail.port),
        tls: mail.map(|mail| mail.tls.name().to_owned()),
        user: mail.and_then(|mail| mail.login.as_ref()).map(|(user, _)| user.clone()),
        from: mail.map(|mail| mail.from.clone()),
        to: mail.map(|mail| mail.to.clone()).unwrap_or_default(),
        to_owner: mail.is_some_and(|mail| mail.to_owner),
        created_at: channel.created_at.into(),
    }
}

pub(in crate::admin) fn condition(kept: model::KeptCondition) -> Condition {
    Condition {
        name: kept.name,
        since: kept.since.into(),
        told_at: kept.told_at.into(),
        about: serde_json::from_value(kept.about).unwrap_or_default(),
    }
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
        notifications: serde_json::from_value(sent.body["notifications"].take()).unwrap_or_default(),
    }
}
