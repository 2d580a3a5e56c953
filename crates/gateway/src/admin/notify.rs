//! Channels of notifications, and what was reported.

use axum::extract::State;
use keyway_api::body::ChannelBody;
use keyway_api::query::HistoryQuery;
use keyway_core::secret::Secret;

use super::Admin;
use super::body::ApiError;
use super::extract::{JsonBody, Path, Query};
use super::page::limit;
use super::view::{self, Answer, answer};
use crate::control::{NewChannel, NewTarget};
use crate::model::ChannelTarget;
use crate::notify::message;

pub(super) async fn list(State(admin): State<Admin>) -> Answer<view::Channels> {
    channels(&admin).await
}

/// Lets notifications go out that are held because this server was restored from a backup.
pub(super) async fn resume(State(admin): State<Admin>) -> Answer<view::Channels> {
    admin.control.resume_notifications().await?;
    channels(&admin).await
}

async fn channels(admin: &Admin) -> Answer<view::Channels> {
    let held_since = admin.control.notifications_held().await?.map(Into::into);
    answer(view::Channels { held_since, channels: admin.control.channels().await?.iter().map(view::channel).collect() })
}

pub(super) async fn add(State(admin): State<Admin>, JsonBody(asked): JsonBody<ChannelBody>) -> Answer<view::AddedChannel> {
    let ChannelBody { name, kind, url, host, port, tls, user, password, from, to, to_owner, hub_id, owner } = asked;
    let given = |what: &'static str, value: Option<String>| value.ok_or_else(|| ApiError::invalid(format!("{kind} needs {what}")));
    let target = match kind.as_str() {
        "webhook" => NewTarget::Webhook(Secret::new(given("url", url)?)),
        "slack" => NewTarget::Slack(Secret::new(given("url", url)?)),
        "mail" => {
            let (host, from, password) = (given("host", host)?, given("from", from)?, password.map(Secret::new));
            NewTarget::Mail { host, port, tls, user, password, from, to, to_owner }
        }
        other => return Err(ApiError::invalid(format!("the kind of a channel is webhook, slack or mail, not {other}"))),
    };
    let added = admin.control.add_channel(&admin.notifications, NewChannel { name, target, hub_id, owner }).await?;
    let secret = match &added.target {
        ChannelTarget::Webhook { secret, .. } => Some(secret.expose().clone()),
        _ => None,
    };
    answer(view::AddedChannel { channel: view::channel(&added), secret })
}

pub(super) async fn remove(State(admin): State<Admin>, Path(name): Path<String>) -> Answer<view::ChannelAnswer> {
    answer(view::ChannelAnswer { channel: view::channel(&admin.control.remove_channel(&name).await?) })
}

/// Sends a message that tells of nothing, and answers what the receiver did.
pub(super) async fn test(State(admin): State<Admin>, Path(name): Path<String>) -> Answer<view::ChannelTested> {
    let channel = admin.control.channel(&name).await?;
    let now = crate::clock::now();
    let id = format!("keyway-test-{}", now.as_ms());
    let sent = admin.notifications.send(&channel, &id, now, &message::test(&admin.addresses.admin)).await;
    let (taken, answered) = match sent {
        Ok(answered) => (true, answered),
        Err(error) => (false, error),
    };
    answer(view::ChannelTested { channel: view::channel(&channel), taken, answer: answered })
}

pub(super) async fn history(State(admin): State<Admin>, Query(query): Query<HistoryQuery>) -> Answer<view::Notifications> {
    let most = u32::try_from(limit(query.limit)?).unwrap_or(u32::MAX);
    let (conditions, messages) = admin.control.notifications(most).await?;
    let conditions = conditions.into_iter().map(view::condition).collect();
    answer(view::Notifications { conditions, messages: messages.into_iter().map(view::message).collect() })
}
