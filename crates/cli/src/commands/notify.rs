//! `keyway notify …`

use http::Method;
use keyway_api::view::{AddedChannel, Channel, ChannelAnswer, ChannelTested, Channels, Condition, Message, Notifications};
use serde_json::json;

use super::account::read;
use super::confirm::{self, Deletion};
use super::{encoded, names, show, table};
use crate::args::Connection;
use crate::args::notify::{Common, NewChannel, Notify};
use crate::client::call;
use crate::exit::Exit;
use crate::typed::{line, or_dash, show_typed, typed};

const PATH: &str = "/api/v1/notifications/channels";

pub async fn run(connection: &Connection, action: Notify) -> anyhow::Result<Exit> {
    match action {
        Notify::Add { channel } => add(connection, *channel).await,
        Notify::List => {
            let answer = call(connection, Method::GET, PATH, None).await?;
            show_typed(&answer, |answer: &Channels| {
                let row = |channel: &Channel| {
                    let Channel { name, kind, target, hub_id, owner, .. } = channel;
                    vec![name.clone(), kind.clone(), target.clone(), or_dash(*hub_id), or_dash(owner.as_deref())]
                };
                let rows: Vec<Vec<String>> = answer.channels.iter().map(row).collect();
                if rows.is_empty() {
                    return "no channels: Keyway notifies nobody. Add one with \"keyway notify add\"".to_owned();
                }
                let held = answer.held_since.as_ref().map(|since| {
                    format!(
                        "notifications are held since {since}: this server was restored from a backup. If it takes the place of the server that was copied, run \"keyway notify resume\"\n\n"
                    )
                });
                format!("{}{}", held.unwrap_or_default(), table(&["NAME", "KIND", "TARGET", "ACCOUNT", "OWNER"], &rows))
            })
        }
        Notify::Resume => {
            let answer = call(connection, Method::POST, "/api/v1/notifications/resume", None).await?;
            show(&answer, |_| "notifications go out".to_owned())
        }
        Notify::Remove { name, consent } => {
            let name = names::channel(connection, &name).await?;
            confirm::deletion(consent, async || {
                Ok(Deletion {
                    what: format!("the channel \"{name}\""),
                    name: name.clone(),
                    goes: vec!["its address and secret".into(), "the notifications that wait for it".into()],
                })
            })
            .await?;
            let answer = call(connection, Method::DELETE, &format!("{PATH}/{}", encoded(&name)), None).await?;
            show_typed(&answer, |ChannelAnswer { channel }| format!("removed the channel {}", channel.name))
        }
        Notify::Test { name } => {
            let name = names::channel(connection, &name).await?;
            let answer = call(connection, Method::POST, &format!("{PATH}/{}/test", encoded(&name)), None).await?;
            let tested: ChannelTested = typed(&answer)?;
            show(&answer, |_| {
                let what = if tested.taken { "the receiver took the test message" } else { "the test message was not taken" };
                format!("{what}: {}", line(&tested.answer))
            })?;
            Ok(if tested.taken { Exit::Fine } else { Exit::Negative })
        }
        Notify::History { limit } => {
            let answer = call(connection, Method::GET, &format!("/api/v1/notifications?limit={limit}"), None).await?;
            show_typed(&answer, history)
        }
    }
}

async fn add(connection: &Connection, channel: NewChannel) -> anyhow::Result<Exit> {
    let (Common { name, account, owner }, mut body) = match channel {
        NewChannel::Webhook { common, url, source } => {
            let url = match url {
                Some(url) => url,
                None => read(&source).await?,
            };
            (common, json!({ "kind": "webhook", "url": url }))
        }
        NewChannel::Slack { common, source } => (common, json!({ "kind": "slack", "url": read(&source).await? })),
        NewChannel::Mail { common, host, port, tls, user, source, sender, to, to_owner } => {
            let password = match &user {
                Some(_) => Some(read(&source).await?),
                None => None,
            };
            let body = json!({
                "kind": "mail", "host": host, "port": port, "tls": tls.name(), "user": user, "password": password, "from": sender,
                "to": to, "toOwner": to_owner,
            });
            (common, body)
        }
    };
    let account = names::account_if_any(connection, account.as_deref()).await?;
    (body["name"], body["hubId"], body["owner"]) = (name.into(), account.into(), owner.into());
    let answer = call(connection, Method::POST, PATH, Some(body)).await?;
    show_typed(&answer, |AddedChannel { channel, secret }| {
        let name = &channel.name;
        let secret = match secret {
            Some(secret) => format!(
                "\n\n  {secret}\n\nThis is the only time the secret is shown; the receiver checks the signature of each notification with it."
            ),
            None => String::new(),
        };
        format!("added the channel {name}; try it with \"keyway notify test {name}\"{secret}")
    })
}

fn history(answer: &Notifications) -> String {
    let condition = |one: &Condition| vec![one.since.to_string(), one.about.kind.clone(), one.about.text.clone()];
    let message = |one: &Message| {
        let told: Vec<&str> = one.notifications.iter().map(|told| told.name.as_str()).collect();
        let more = if one.more > 0 { format!(" and {} more", one.more) } else { String::new() };
        let error = one.error.as_ref().map(|error| format!(" ({error})")).unwrap_or_default();
        vec![
            one.created_at.to_string(),
            one.channel.clone(),
            format!("{}{error}", one.state),
            one.attempts.to_string(),
            format!("{}{more}", told.join(", ")),
        ]
    };
    let conditions: Vec<Vec<String>> = answer.conditions.iter().map(condition).collect();
    let messages: Vec<Vec<String>> = answer.messages.iter().map(message).collect();
    let conditions =
        if conditions.is_empty() { "no condition lasts".to_owned() } else { table(&["SINCE", "KIND", "CONDITION"], &conditions) };
    let messages = if messages.is_empty() {
        "no messages".to_owned()
    } else {
        table(&["QUEUED", "CHANNEL", "STATE", "ATTEMPTS", "CONDITIONS"], &messages)
    };
    format!("{conditions}\n\n{messages}")
}
