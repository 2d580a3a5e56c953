//! Channels of notifications, what was reported, and the queue.

use std::collections::HashMap;

use keyway_core::secret::Secret;
use keyway_core::time::Timestamp;
use serde_json::{Value, json};

use super::{Control, ControlError, Result, plain_secret, record, text, unknown};
use crate::attention::Found;
use crate::clock;
use crate::model::{Channel, ChannelTarget, KeptCondition, Mail, MailTls, QueuedMessage, SentMessage};
use crate::notify::{Sender, message, new_secret};
use crate::store::StoreError;
use crate::store::notify::{self as stored, Attempt};

/// Channels at most.
const CHANNELS_MAX: usize = 100;
/// Messages of one channel that wait.
const WAITING_MAX: u32 = 100;
/// Messages that are claimed at one time.
const CLAIMED_MAX: u32 = 10;
/// How long an instance has for the messages that it claimed.
const CLAIM_MS: i64 = 60_000;
/// The wait before the second attempt; each further one is twice as long, up to the longest.
const WAIT_MS: (i64, i64) = (1_000, 3_600_000);
/// How long a message is tried.
const TRIED_MS: i64 = 3 * 86_400_000;
/// How long messages that ended are kept.
const KEPT_MS: i64 = 30 * 86_400_000;
/// Longest URL or password, in bytes.
const SECRET_BYTES_MAX: usize = 2_000;

/// What a new channel is made of.
#[derive(Debug)]
pub struct NewChannel {
    /// The name, which no other channel has.
    pub name: String,
    /// How a notification gets there.
    pub target: NewTarget,
    /// Of this account only.
    pub hub_id: Option<u64>,
    /// Of this owner's apps only.
    pub owner: Option<String>,
}

/// How a notification gets to its receiver.
#[derive(Debug)]
pub enum NewTarget {
    /// A signed POST to this URL; the secret is made here.
    Webhook(Secret<String>),
    /// A Slack-compatible incoming webhook at this URL.
    Slack(Secret<String>),
    /// Mail.
    Mail {
        /// The SMTP server.
        host: String,
        /// Its port; that of the encryption when none.
        port: Option<u16>,
        /// `implicit`, `starttls` or `off`; `starttls` when none.
        tls: Option<String>,
        /// Who signs in.
        user: Option<String>,
        /// And the password.
        password: Option<Secret<String>>,
        /// The sender.
        from: String,
        /// The receivers.
        to: Vec<String>,
        /// Whether app owners get mail about their apps.
        to_owner: bool,
    },
}

impl Control {
    /// Every channel, by name.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn channels(&self) -> Result<Vec<Channel>> {
        let mut reading = self.store.read().await?;
        Ok(self.store.channels(&mut reading).await?)
    }

    /// One channel.
    ///
    /// # Errors
    /// [`ControlError::NotFound`]: no channel has this name.
    pub async fn channel(&self, name: &str) -> Result<Channel> {
        let found = self.channels().await?.into_iter().find(|channel| channel.name == name);
        found.ok_or_else(|| no_channel(name))
    }

    /// Adds a channel. Of a webhook, the channel has the secret that its requests are signed with.
    ///
    /// # Errors
    /// A field is not valid, its receiver is not one that this server sends to, or the name is taken.
    pub async fn add_channel(&self, sender: &Sender, new: NewChannel) -> Result<Channel> {
        let owner = new.owner.map(|owner| text("the owner", &owner, true)).transpose()?;
        let (name, target, created_at) = (text("the name", &new.name, true)?, target(new.target)?, clock::now());
        let mut channel = Channel { id: 0, name, target, hub_id: new.hub_id, owner, created_at };
        sender.check(&channel.target).map_err(ControlError::Invalid)?;
        if let Some(hub_id) = channel.hub_id {
            self.account(hub_id).await?;
        }
        let (mut change, state) = self.begin().await?;
        let known = self.store.channels(&mut change).await?;
        if known.iter().any(|one| one.name == channel.name) {
            return Err(ControlError::Conflict(format!("there is a channel named {} already", channel.name)));
        }
        if known.len() >= CHANNELS_MAX {
            return Err(ControlError::Conflict(format!("there are {CHANNELS_MAX} channels already; remove one first")));
        }
        channel.id = self.store.insert_channel(&mut change, &channel).await?;
        record::of_one_in(&mut change, recorded_as(&channel), None, Some(shown(&channel)), channel.hub_id).await?;
        change.commit().await.map_err(StoreError::from)?;
        drop(state);
        Ok(channel)
    }

    /// Removes a channel and what waits for it.
    ///
    /// # Errors
    /// [`ControlError::NotFound`]: no channel has this name.
    pub async fn remove_channel(&self, name: &str) -> Result<Channel> {
        let (mut change, state) = self.begin().await?;
        let mut known = self.store.channels(&mut change).await?.into_iter();
        let channel = known.find(|channel| channel.name == name).ok_or_else(|| no_channel(name))?;
        stored::delete_channel(&mut change, channel.id).await?;
        record::of_one_in(&mut change, recorded_as(&channel), Some(shown(&channel)), None, channel.hub_id).await?;
        change.commit().await.map_err(StoreError::from)?;
        drop(state);
        Ok(channel)
    }

    /// Since when notifications are held, because this store was restored from a backup; none where they go out.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn notifications_held(&self) -> Result<Option<Timestamp>> {
        Ok(stored::held_since(&mut self.store.read().await?).await?)
    }

    /// Lets notifications that are held go out.
    ///
    /// # Errors
    /// The store can't be written.
    pub async fn resume_notifications(&self) -> Result<()> {
        let (mut change, state) = self.begin().await?;
        if let Some(since) = stored::held_since(&mut change).await? {
            stored::resume(&mut change, since, clock::now()).await?;
            let held = json!({ "heldSince": since.to_iso() });
            record::of_one_in(&mut change, "notifications".to_owned(), Some(held), Some(json!({ "heldSince": null })), None).await?;
        }
        change.commit().await.map_err(StoreError::from)?;
        drop(state);
        Ok(())
    }

    /// The conditions that last, and the newest messages.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn notifications(&self, most: u32) -> Result<(Vec<KeptCondition>, Vec<SentMessage>)> {
        let mut reading = self.store.read().await?;
        let conditions = stored::conditions(&mut reading).await?.into_iter().map(|(kept, _)| kept).collect();
        Ok((conditions, stored::messages(&mut reading, most).await?))
    }

    /// Queues a notification of each new condition and each reminder that is due, and forgets conditions that are over. Of
    /// several instances, the first that finds a condition queues it. `lasting_ms` is how long a condition
    /// lasts that no instance has seen.
    ///
    /// # Errors
    /// The store can't be written.
    pub async fn tell(&self, found: &Found, server: &str, remind_ms: i64, lasting_ms: i64) -> Result<()> {
        let mut change = self.store.begin().await?;
        let now = self.store.now(&mut change).await?;
        let channels = self.store.channels(&mut change).await?;
        let kept: HashMap<String, (KeptCondition, Timestamp)> =
            stored::conditions(&mut change).await?.into_iter().map(|(kept, seen)| (kept.name.clone(), (kept, seen))).collect();
        let shared = self.store.is_shared();
        let mut told: HashMap<u64, Vec<Value>> = HashMap::new();
        for condition in &found.conditions {
            let known = kept.get(&condition.name);
            if let Some((known, _)) = known.filter(|(known, _)| known.told_at > now.plus_ms(-remind_ms)) {
                if shared {
                    stored::see_condition(&mut change, &known.name, now).await?;
                }
                continue;
            }
            let mut about = condition.to_json();
            let to = message::route(&channels, &about);
            if to.is_empty() {
                continue;
            }
            let since = known.map_or(now, |(known, _)| known.since);
            about["since"] = since.to_iso().into();
            about["reminder"] = known.is_some().into();
            to.iter().for_each(|channel| told.entry(channel.id).or_default().push(about.clone()));
            stored::put_condition(&mut change, &KeptCondition { name: condition.name.clone(), about, since, told_at: now }).await?;
        }
        for channel in &channels {
            // The most urgent last: where too many wait, the oldest are given up.
            for body in message::compose(channel, told.get(&channel.id).map_or(&[][..], Vec::as_slice), server).into_iter().rev() {
                stored::queue(&mut change, channel.id, &body, now, WAITING_MAX).await?;
            }
        }
        for (name, (_, seen)) in &kept {
            let unsure = found.unsure.iter().any(|one| if one.ends_with('/') { name.starts_with(one) } else { name == one });
            if found.conditions.iter().any(|condition| condition.name == *name) {
                continue;
            } else if unsure && shared {
                stored::see_condition(&mut change, name, now).await?;
            } else if !unsure && (!shared || *seen <= now.plus_ms(-lasting_ms)) {
                stored::delete_condition(&mut change, name).await?;
            }
        }
        stored::forget_ended(&mut change, now.plus_ms(-KEPT_MS)).await?;
        stored::try_writing(&mut change).await?;
        change.commit().await.map_err(StoreError::from)?;
        Ok(())
    }

    /// Claims messages whose time has come: until they are reported, no other instance sends them.
    ///
    /// # Errors
    /// The store can't be written.
    pub async fn claim_messages(&self) -> Result<Vec<QueuedMessage>> {
        {
            let mut reading = self.store.read().await?;
            let now = self.store.now(&mut reading).await?;
            if stored::held_since(&mut reading).await?.is_some() || !stored::is_any_due(&mut reading, now).await? {
                return Ok(Vec::new());
            }
        }
        let mut change = self.store.begin().await?;
        let now = self.store.now(&mut change).await?;
        let claimed = stored::claim(&self.store, &mut change, now, now.plus_ms(CLAIM_MS), CLAIMED_MAX).await?;
        change.commit().await.map_err(StoreError::from)?;
        Ok(claimed)
    }

    /// Lets go of what an earlier run claimed, where no other instance can have claimed it.
    ///
    /// # Errors
    /// The store can't be written.
    pub async fn release_messages(&self) -> Result<()> {
        if self.store.is_shared() {
            return Ok(());
        }
        let mut change = self.store.begin().await?;
        stored::release(&mut change).await?;
        change.commit().await.map_err(StoreError::from)?;
        Ok(())
    }

    /// Writes what came of a message that was claimed: it was sent, or is tried again later, or was tried long enough.
    ///
    /// # Errors
    /// The store can't be written.
    pub async fn message_attempted(&self, message: &QueuedMessage, outcome: std::result::Result<String, String>) -> Result<()> {
        let mut change = self.store.begin().await?;
        let now = self.store.now(&mut change).await?;
        let attempt = match outcome {
            Ok(_) => Attempt::Sent,
            Err(error) if now.as_ms() - message.created_at.as_ms() >= TRIED_MS => {
                tracing::error!(
                    channel = message.channel.name,
                    error,
                    "a notification is given up: its receiver did not take it for 3 days"
                );
                Attempt::GivenUp(error)
            }
            Err(error) => {
                tracing::warn!(channel = message.channel.name, error, "a notification was not sent; Keyway tries it again");
                let wait = WAIT_MS.0.saturating_mul(1 << message.attempts.min(20)).min(WAIT_MS.1);
                Attempt::Again(now.plus_ms(wait), error)
            }
        };
        stored::attempted(&mut change, message.id, now, &attempt).await?;
        change.commit().await.map_err(StoreError::from)?;
        Ok(())
    }
}

fn no_channel(name: &str) -> ControlError {
    unknown("notification channel", name, "keyway notify list")
}

fn recorded_as(channel: &Channel) -> String {
    format!("notification channel {}", channel.id)
}

/// What a record of changes says of a channel: no secret.
fn shown(channel: &Channel) -> Value {
    json!({
        "name": channel.name, "kind": channel.target.kind(), "target": channel.target.shown(), "hubId": channel.hub_id, "owner": channel.owner,
    })
}

fn target(new: NewTarget) -> Result<ChannelTarget> {
    let secret = |what: &str, sent: &Secret<String>| {
        let plain = plain_secret(sent.expose(), SECRET_BYTES_MAX).map(|plain| Secret::new(plain.to_owned()));
        plain.ok_or_else(|| ControlError::Invalid(format!("the {what} is empty, too long, or not one line of plain letters")))
    };
    Ok(match new {
        NewTarget::Webhook(url) => ChannelTarget::Webhook {
            url: secret("URL", &url)?,
            secret: new_secret().map_err(|error| ControlError::Backend(format!("the system has no randomness: {error}")))?,
        },
        NewTarget::Slack(url) => ChannelTarget::Slack { url: secret("URL", &url)? },
        NewTarget::Mail { host, port, tls, user, password, from, to, to_owner } => {
            let tls = tls.as_deref().unwrap_or(MailTls::StartTls.name());
            let tls = MailTls::parse(tls)
                .ok_or_else(|| ControlError::Invalid(format!("the encryption of mail is implicit, starttls or off, not {tls}")))?;
            let login = match (user, password) {
                (Some(user), Some(password)) => Some((text("the user", &user, true)?, secret("password", &password)?)),
                (None, None) => None,
                _ => return Err(ControlError::Invalid("an SMTP user and a password go together".into())),
            };
            let host = text("the host", &host, true)?.to_ascii_lowercase();
            ChannelTarget::Mail(Mail { host, port: port.unwrap_or(tls.usual_port()), tls, login, from, to, to_owner })
        }
    })
}
