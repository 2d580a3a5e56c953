//! `keyway notify …`

use http::Method;
use serde_json::{Value, json};

use super::account::read;
use super::confirm::{self, Deletion};
use super::{encode, list, show, table, text};
use crate::Exit;
use crate::args::Connection;
use crate::args::notify::{Common, NewChannel, Notify};
use crate::client::call;

const PATH: &str = "/api/v1/notifications/channels";

pub async fn run(connection: &Connection, action: Notify) -> anyhow::Result<Exit> {
    match action {
        Notify::Add { channel } => add(connection, *channel).await,
        Notify::List { json } => {
            let answer = call(connection, Method::GET, PATH, None).await?;
            show(&answer, json, |answer| {
                let row = |channel: &Value| ["name", "kind", "target", "hubId", "owner"].map(|field| text(&channel[field])).to_vec();
                let rows: Vec<Vec<String>> = list(answer, "channels").iter().map(row).collect();
                if rows.is_empty() {
                    return "no channels: Keyway notifies nobody. Add one with \"keyway notify add\"".to_owned();
                }
                let held = answer["heldSince"].as_str().map(|since| {
                    format!(
                        "notifications are held since {since}: this server was restored from a backup. If it takes the place of the server that was copied, run \"keyway notify resume\"\n\n"
                    )
                });
                format!("{}{}", held.unwrap_or_default(), table(&["NAME", "KIND", "TARGET", "ACCOUNT", "OWNER"], &rows))
            })
        }
        Notify::Resume { json } => {
            let answer = call(connection, Method::POST, "/api/v1/notifications/resume", None).await?;
            show(&answer, json, |_| "notifications go out".to_owned())
        }
        Notify::Remove { name, consent, json } => {
            confirm::deletion(consent, async || {
                Ok(Deletion {
                    what: format!("the channel \"{name}\""),
                    name: name.clone(),
                    goes: vec!["its address and secret".into(), "the notifications that wait for it".into()],
                })
            })
            .await?;
            let answer = call(connection, Method::DELETE, &format!("{PATH}/{}", encode(&name)), None).await?;
            show(&answer, json, |answer| format!("removed the channel {}", text(&answer["channel"]["name"])))
        }
        Notify::Test { name, json } => {
            let answer = call(connection, Method::POST, &format!("{PATH}/{}/test", encode(&name)), None).await?;
            show(&answer, json, |answer| {
                let what = if answer["taken"] == true { "the receiver took the test message" } else { "the test message was not taken" };
                format!("{what}: {}", text(&answer["answer"]))
            })?;
            Ok(if answer["taken"] == true { Exit::Fine } else { Exit::Negative })
        }
        Notify::History { limit, json } => {
            let answer = call(connection, Method::GET, &format!("/api/v1/notifications?limit={limit}"), None).await?;
            show(&answer, json, history)
        }
    }
}

async fn add(connection: &Connection, channel: NewChannel) -> anyhow::Result<Exit> {
    let (Common { name, account, owner, json }, mut body) = match channel {
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
    (body["name"], body["hubId"], body["owner"]) = (name.into(), account.into(), owner.into());
    let answer = call(connection, Method::POST, PATH, Some(body)).await?;
    show(&answer, json, |answer| {
        let name = text(&answer["channel"]["name"]);
        let secret = match answer["secret"].as_str() {
            Some(secret) => format!(
                "\n\n  {secret}\n\nThis is the only time the secret is shown; the receiver checks the signature of each notification with it."
            ),
            None => String::new(),
        };
        format!("added the channel {name}; try it with \"keyway notify test {name}\"{secret}")
    })
}

fn history(answer: &Value) -> String {
    let condition = |one: &Value| {
        let about = &one["about"];
        vec![text(&one["since"]), text(&about["kind"]), text(&about["text"])]
    };
    let message = |one: &Value| {
        let told: Vec<String> = list(one, "notifications").iter().map(|told| text(&told["name"])).collect();
        let more = one["more"].as_u64().filter(|more| *more > 0).map(|more| format!(" and {more} more")).unwrap_or_default();
        let error = one["error"].as_str().map(|error| format!(" ({error})")).unwrap_or_default();
        vec![
            text(&one["createdAt"]),
            text(&one["channel"]),
            format!("{}{error}", text(&one["state"])),
            text(&one["attempts"]),
            format!("{}{more}", told.join(", ")),
        ]
    };
    let conditions: Vec<Vec<String>> = list(answer, "conditions").iter().map(condition).collect();
    let messages: Vec<Vec<String>> = list(answer, "messages").iter().map(message).collect();
    let conditions =
        if conditions.is_empty() { "no condition lasts".to_owned() } else { table(&["SINCE", "KIND", "CONDITION"], &conditions) };
    let messages = if messages.is_empty() {
        "no messages".to_owned()
    } else {
        table(&["QUEUED", "CHANNEL", "STATE", "ATTEMPTS", "CONDITIONS"], &messages)
    };
    format!("{conditions}\n\n{messages}")
}
