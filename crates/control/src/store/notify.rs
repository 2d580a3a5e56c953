//! Channels, lasting conditions and the queue of notifications at rest.

use keyway_core::secret::Secret;
use keyway_core::time::Timestamp;
use serde_json::{Value, json};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Change, Store, StoreError, each, signed, unsigned};
use crate::model::{Channel, ChannelTarget, KeptCondition, Mail, MailTls, QueuedMessage, SentMessage};

impl Store {
    /// Every channel, its secrets opened, by name.
    pub(crate) async fn channels(&self, reading: &mut Change) -> Result<Vec<Channel>, StoreError> {
        let rows = sqlx::query("select * from notify_channel order by name").fetch_all(&mut *reading).await?;
        each(&rows, |row| self.channel(row))
    }

    /// Inserts a channel and returns its id; its own `id` is not looked at.
    pub(crate) async fn insert_channel(&self, change: &mut Change, channel: &Channel) -> Result<u64, StoreError> {
        let (settings, secrets) = parts(&channel.target);
        let query = "insert into notify_channel (name, kind, settings, sealed, hub_id, owner, created_at) values ($1, $2, $3, $4, $5, $6, $7) returning id";
        let row = sqlx::query(query)
            .bind(&channel.name)
            .bind(channel.target.kind())
            .bind(settings.to_string())
            .bind(self.seal_for(&bound_to(&channel.name), &Secret::new(secrets.to_string()))?)
            .bind(channel.hub_id.map(signed))
            .bind(&channel.owner)
            .bind(channel.created_at.as_ms())
            .fetch_one(&mut *change)
            .await?;
        unsigned(row.try_get(0)?, "channel id")
    }

    fn channel(&self, row: &AnyRow) -> Result<Channel, StoreError> {
        let name: String = row.try_get("name")?;
        let broken = |_| StoreError::Row("channel of notifications");
        let settings: Value = serde_json::from_str(row.try_get("settings")?).map_err(broken)?;
        let sealed: Vec<u8> = row.try_get("sealed")?;
        let secrets: Value = serde_json::from_str(self.open_for(&bound_to(&name), &sealed)?.expose()).map_err(broken)?;
        let target = target(row.try_get("kind")?, &settings, &secrets).ok_or(StoreError::Row("channel of notifications"))?;
        Ok(Channel {
            id: unsigned(row.try_get("id")?, "channel id")?,
            name,
            target,
            hub_id: row.try_get::<Option<i64>, _>("hub_id")?.map(|id| unsigned(id, "hub id")).transpose()?,
            owner: row.try_get("owner")?,
            created_at: Timestamp::from_ms(row.try_get("created_at")?),
        })
    }
}

/// What a channel's secrets are sealed for.
pub(super) fn bound_to(name: &str) -> String {
    format!("keyway notification channel v1 {name}")
}

/// What may be read of a target, and what is sealed.
fn parts(target: &ChannelTarget) -> (Value, Value) {
    match target {
        ChannelTarget::Webhook { url, secret } => (json!({}), json!({ "url": url.expose(), "secret": secret.expose() })),
        ChannelTarget::Slack { url } => (json!({}), json!({ "url": url.expose() })),
        ChannelTarget::Mail(mail) => {
            let user = mail.login.as_ref().map(|(user, _)| user);
            let settings = json!({
                "host": mail.host, "port": mail.port, "tls": mail.tls.name(), "user": user, "from": mail.from, "to": mail.to,
                "toOwner": mail.to_owner,
            });
            (settings, json!({ "password": mail.login.as_ref().map(|(_, password)| password.expose()) }))
        }
    }
}

fn target(kind: &str, settings: &Value, secrets: &Value) -> Option<ChannelTarget> {
    let secret = |name: &str| secrets[name].as_str().map(|text| Secret::new(text.to_owned()));
    match kind {
        "webhook" => Some(ChannelTarget::Webhook { url: secret("url")?, secret: secret("secret")? }),
        "slack" => Some(ChannelTarget::Slack { url: secret("url")? }),
        "mail" => {
            let text = |name: &str| settings[name].as_str().map(str::to_owned);
            let login = match text("user") {
                Some(user) => Some((user, secret("password")?)),
                None => None,
            };
            let to = settings["to"].as_array()?.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect();
            Some(ChannelTarget::Mail(Mail {
                host: text("host")?,
                port: u16::try_from(settings["port"].as_u64()?).ok()?,
                tls: MailTls::parse(settings["tls"].as_str()?)?,
                login,
                from: text("from")?,
                to,
                to_owner: settings["toOwner"] == true,
            }))
        }
        _ => None,
    }
}

/// Deletes a channel with its queue.
pub(crate) async fn delete_channel(change: &mut Change, id: u64) -> Result<(), StoreError> {
    sqlx::query("delete from notify_channel where id = $1").bind(signed(id)).execute(&mut *change).await?;
    Ok(())
}

/// Since when notifications are held; none where they go out.
pub(crate) async fn held_since(reading: &mut Change) -> Result<Option<Timestamp>, StoreError> {
    let row = sqlx::query("select since from notify_hold").fetch_optional(&mut *reading).await?;
    Ok(row.map(|row| row.try_get("since")).transpose()?.map(Timestamp::from_ms))
}

/// Lets notifications go out that are newer than the hold. Older ones are of the server that was copied, which may have
/// sent them: they end as failed.
pub(crate) async fn resume(change: &mut Change, since: Timestamp, now: Timestamp) -> Result<(), StoreError> {
    let query = "update notify_message set state = 'failed', claimed_until = 0, ended_at = $1,
         error = 'it waited when the backup was restored, and the server that was copied may have sent it'
         where state = 'waiting' and created_at < $2";
    sqlx::query(query).bind(now.as_ms()).bind(since.as_ms()).execute(&mut *change).await?;
    sqlx::query("delete from notify_hold").execute(&mut *change).await?;
    Ok(())
}

/// Every condition that lasts.
pub(crate) async fn conditions(reading: &mut Change) -> Result<Vec<(KeptCondition, Timestamp)>, StoreError> {
    let rows = sqlx::query("select * from notify_condition order by since, name").fetch_all(&mut *reading).await?;
    each(&rows, |row| {
        let about: String = row.try_get("about")?;
        let kept = KeptCondition {
            name: row.try_get("name")?,
            about: serde_json::from_str(&about).map_err(|_| StoreError::Row("condition"))?,
            since: Timestamp::from_ms(row.try_get("since")?),
            told_at: Timestamp::from_ms(row.try_get("told_at")?),
        };
        Ok((kept, Timestamp::from_ms(row.try_get("seen_at")?)))
    })
}

/// Notes that a condition was reported, first or again.
pub(crate) async fn put_condition(change: &mut Change, kept: &KeptCondition) -> Result<(), StoreError> {
    let query = "insert into notify_condition (name, about, since, seen_at, told_at) values ($1, $2, $3, $4, $4)
         on conflict (name) do update set about = excluded.about, seen_at = excluded.seen_at, told_at = excluded.told_at";
    sqlx::query(query)
        .bind(&kept.name)
        .bind(kept.about.to_string())
        .bind(kept.since.as_ms())
        .bind(kept.told_at.as_ms())
        .execute(&mut *change)
        .await?;
    Ok(())
}

/// Notes that a condition was seen.
pub(crate) async fn see_condition(change: &mut Change, name: &str, at: Timestamp) -> Result<(), StoreError> {
    sqlx::query("update notify_condition set seen_at = $1 where name = $2").bind(at.as_ms()).bind(name).execute(&mut *change).await?;
    Ok(())
}

/// Writes a row and takes it back. Whoever has nothing to write learns by it whether the store can be written.
pub(crate) async fn try_writing(change: &mut Change) -> Result<(), StoreError> {
    let query = "insert into notify_condition (name, about, since, seen_at, told_at) values ('', '', 0, 0, 0)";
    sqlx::query(query).execute(&mut *change).await?;
    delete_condition(change, "").await
}

/// Forgets a condition that is over.
pub(crate) async fn delete_condition(change: &mut Change, name: &str) -> Result<(), StoreError> {
    sqlx::query("delete from notify_condition where name = $1").bind(name).execute(&mut *change).await?;
    Ok(())
}

/// Queues a message. Where more than `most` of its channel wait, the oldest are given up.
pub(crate) async fn queue(change: &mut Change, channel_id: u64, body: &Value, at: Timestamp, most: u32) -> Result<(), StoreError> {
    let query = "insert into notify_message (channel_id, created_at, body, state, attempts, due_at, claimed_until) values ($1, $2, $3, 'waiting', 0, $2, 0)";
    sqlx::query(query).bind(signed(channel_id)).bind(at.as_ms()).bind(body.to_string()).execute(&mut *change).await?;
    let query = "update notify_message set state = 'failed', ended_at = $1, error = 'newer messages took its place in the queue'
         where state = 'waiting' and channel_id = $2 and id not in
         (select id from notify_message where state = 'waiting' and channel_id = $2 order by id desc limit $3)";
    sqlx::query(query).bind(at.as_ms()).bind(signed(channel_id)).bind(i64::from(most)).execute(&mut *change).await?;
    Ok(())
}

/// Whether the time of a message has come; asked before the store is locked to claim it.
pub(crate) async fn is_any_due(reading: &mut Change, now: Timestamp) -> Result<bool, StoreError> {
    let query = "select id from notify_message where state = 'waiting' and due_at <= $1 limit 1";
    Ok(sqlx::query(query).bind(now.as_ms()).fetch_optional(&mut *reading).await?.is_some())
}

/// Claims messages whose time has come, the oldest first, until a moment; both by the clock of the store, which all
/// instances share. Those that another instance has claimed are left to it; a claim from the future comes from a clock that
/// was set back.
pub(crate) async fn claim(
    store: &Store,
    change: &mut Change,
    now: Timestamp,
    until: Timestamp,
    most: u32,
) -> Result<Vec<QueuedMessage>, StoreError> {
    let query = "select * from notify_message where state = 'waiting' and due_at <= $1 and (claimed_until <= $1 or claimed_until > $2) order by id limit $3";
    let rows = sqlx::query(query).bind(now.as_ms()).bind(until.as_ms()).bind(i64::from(most)).fetch_all(&mut *change).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let channels = store.channels(change).await?;
    let mut claimed = Vec::new();
    for row in &rows {
        let channel_id = unsigned(row.try_get("channel_id")?, "channel id")?;
        let Some(channel) = channels.iter().find(|channel| channel.id == channel_id) else { continue };
        let (id, body): (i64, String) = (row.try_get("id")?, row.try_get("body")?);
        sqlx::query("update notify_message set claimed_until = $1 where id = $2")
            .bind(until.as_ms())
            .bind(id)
            .execute(&mut *change)
            .await?;
        claimed.push(QueuedMessage {
            id: unsigned(id, "message id")?,
            channel: channel.clone(),
            body: serde_json::from_str(&body).map_err(|_| StoreError::Row("notification"))?,
            created_at: Timestamp::from_ms(row.try_get("created_at")?),
            claimed_at: now,
            attempts: u32::try_from(row.try_get::<i64, _>("attempts")?).map_err(|_| StoreError::Row("number of attempts"))?,
        });
    }
    Ok(claimed)
}

/// Lets go of every claim: of a store that only this instance uses, they are of an earlier run.
pub(crate) async fn release(change: &mut Change) -> Result<(), StoreError> {
    sqlx::query("update notify_message set claimed_until = 0 where claimed_until <> 0").execute(&mut *change).await?;
    Ok(())
}

/// What came of an attempt.
pub(crate) enum Attempt {
    /// The receiver took it.
    Sent,
    /// It did not, and is tried again at a moment.
    Again(Timestamp, String),
    /// It did not, and is given up.
    GivenUp(String),
}

/// Writes what came of an attempt.
pub(crate) async fn attempted(change: &mut Change, id: u64, at: Timestamp, attempt: &Attempt) -> Result<(), StoreError> {
    let (state, due_at, ended_at, error) = match attempt {
        Attempt::Sent => ("sent", at, Some(at), None),
        Attempt::Again(due_at, error) => ("waiting", *due_at, None, Some(error)),
        Attempt::GivenUp(error) => ("failed", at, Some(at), Some(error)),
    };
    let query = "update notify_message set state = $1, attempts = attempts + 1, due_at = $2, claimed_until = 0, ended_at = $3, error = $4 where id = $5 and state = 'waiting'";
    sqlx::query(query)
        .bind(state)
        .bind(due_at.as_ms())
        .bind(ended_at.map(Timestamp::as_ms))
        .bind(error)
        .bind(signed(id))
        .execute(&mut *change)
        .await?;
    Ok(())
}

/// Deletes messages that ended before a moment.
pub(crate) async fn forget_ended(change: &mut Change, before: Timestamp) -> Result<(), StoreError> {
    sqlx::query("delete from notify_message where state <> 'waiting' and ended_at < $1").bind(before.as_ms()).execute(&mut *change).await?;
    Ok(())
}

/// The newest messages, of all channels.
pub(crate) async fn messages(reading: &mut Change, most: u32) -> Result<Vec<SentMessage>, StoreError> {
    let query = "select notify_message.*, notify_channel.name as channel from notify_message join notify_channel on notify_channel.id = notify_message.channel_id order by notify_message.id desc limit $1";
    let rows = sqlx::query(query).bind(i64::from(most)).fetch_all(&mut *reading).await?;
    each(&rows, |row| {
        let body: String = row.try_get("body")?;
        Ok(SentMessage {
            id: unsigned(row.try_get("id")?, "message id")?,
            channel: row.try_get("channel")?,
            created_at: Timestamp::from_ms(row.try_get("created_at")?),
            state: row.try_get("state")?,
            attempts: u32::try_from(row.try_get::<i64, _>("attempts")?).map_err(|_| StoreError::Row("number of attempts"))?,
            ended_at: row.try_get::<Option<i64>, _>("ended_at")?.map(Timestamp::from_ms),
            error: row.try_get("error")?,
            body: serde_json::from_str(&body).map_err(|_| StoreError::Row("notification"))?,
        })
    })
}
