//! Looks for conditions from time to time, queues what is new, and sends what is queued.
//!
//! Runs on the runtime of the store, never on a thread that serves calls. The queue is in the store:
//! what waits survives a restart, and of several instances one sends each message. A message whose
//! sending was cut off by a crash is sent again, with the same id. That the store itself can't be
//! written is sent at once, past the queue, to the channels that were last read.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use keyway_core::time::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::attention::{self, Access, Condition, DayUse, Ending, Facts, Found, Kind, Thresholds, Waiting};
use crate::audit::{AuditLog, Writing};
use crate::authority::to_trust;
use crate::clock;
use crate::control::{Control, ControlError};
use crate::live::Live;
use crate::model::{Channel, QueuedMessage};
use crate::notify::{Sender, message};
use crate::registry::Registry;
use crate::upstream::Upstream;

/// The longest wait before the queue is looked at again.
const LOOK_AT_QUEUE_MAX: Duration = Duration::from_secs(5);
/// Looks of every instance that a condition may be missed in before it is over.
const MISSED_MAX: u32 = 3;
/// How long what is being sent may take when the server stops.
const STOP_TIME_MAX: Duration = Duration::from_millis(500);

/// When conditions are looked for and told.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// How often they are looked for.
    pub every: Duration,
    /// Milliseconds after which people are notified of a lasting condition again.
    pub remind_ms: i64,
}

/// Finds conditions and sends notifications of them.
pub struct Notifier {
    /// Accounts, apps, channels and the queue.
    pub control: Arc<Control>,
    /// The use of accounts' limits.
    pub registry: Arc<Registry>,
    /// The state of each connection.
    pub upstream: Arc<Upstream>,
    /// Damage, and which calls end.
    pub audit: Arc<AuditLog>,
    /// The count of calls that end.
    pub ending: Arc<Ending>,
    /// Sends.
    pub sender: Arc<Sender>,
    /// From when on something needs a person.
    pub thresholds: Live<Thresholds>,
    /// When it looks, tells again and tries again.
    pub schedule: Live<Schedule>,
    /// Where people reach this server.
    pub server: String,
    /// Whether it has a forward proxy.
    pub has_proxy: bool,
}

/// What is known of a store that does not answer.
#[derive(Default)]
struct Outage {
    /// The channels, as they were last read.
    channels: Vec<Channel>,
    /// Looks that failed, one after the other.
    failed: u32,
    told: bool,
}

impl Notifier {
    /// Runs until told to stop.
    pub async fn run(self, mut stopped: watch::Receiver<bool>) {
        if let Err(error) = self.control.release_messages().await {
            tracing::warn!(%error, "the queue of notifications cannot be written");
        }
        let mut sending = JoinSet::new();
        let (mut next_look, mut outage) = (Instant::now(), Outage::default());
        loop {
            if next_look <= Instant::now() {
                next_look = Instant::now() + self.schedule.get().every;
                match self.look(&mut outage).await {
                    Ok(()) => (outage.failed, outage.told) = (0, false),
                    Err(error) => {
                        tracing::warn!(%error, "Keyway could not queue notifications; it tries again");
                        self.tell_of(&mut outage).await;
                    }
                }
            }
            tokio::select! {
                sent = self.send_queued(&mut sending) => if let Err(error) = sent {
                    tracing::warn!(%error, "the queue of notifications cannot be read");
                },
                _ = stopped.wait_for(|stop| *stop) => break,
            }
            let every = self.schedule.get().every;
            next_look = next_look.min(Instant::now() + every);
            let wait = every.min(LOOK_AT_QUEUE_MAX);
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                _ = stopped.wait_for(|stop| *stop) => break,
            }
        }
        let _ = tokio::time::timeout(STOP_TIME_MAX, async { while sending.join_next().await.is_some() {} }).await;
    }

    /// Looks for conditions once, and queues notifications.
    async fn look(&self, outage: &mut Outage) -> Result<(), ControlError> {
        outage.channels = match self.control.notifications_held().await? {
            Some(_) => Vec::new(),
            None => self.control.channels().await?,
        };
        if outage.channels.is_empty() {
            return Ok(());
        }
        let mut found = self.conditions().await;
        // It is sent past the queue, which is in the store.
        found.conditions.retain(|one| one.kind != Kind::StoreNotWritten);
        let schedule = **self.schedule.get();
        let lasting_ms = i64::try_from((schedule.every * MISSED_MAX).as_millis()).unwrap_or(i64::MAX);
        self.control.tell(&found, &self.server, schedule.remind_ms, lasting_ms).await
    }

    /// Sends, past the queue and once, that the store can't be written: when that lasts, or calls are refused for it.
    async fn tell_of(&self, outage: &mut Outage) {
        outage.failed += 1;
        let now = clock::now();
        if outage.told || (outage.failed < MISSED_MAX && self.audit.writing(now) != Writing::Failing) {
            return;
        }
        let mut about = Condition::store_not_written().to_json();
        (about["since"], about["reminder"]) = (now.to_iso().into(), false.into());
        let id = format!("keyway-{}-store", now.as_ms());
        for channel in message::route(&outage.channels, &about) {
            for body in message::compose(channel, std::slice::from_ref(&about), &self.server) {
                match self.sender.send(channel, &id, now, &body).await {
                    Ok(_) => outage.told = true,
                    Err(error) => tracing::warn!(channel = channel.name, error, "a notification was not sent; Keyway tries it again"),
                }
            }
        }
    }

    async fn conditions(&self) -> Found {
        let Self { control, registry, upstream, audit, ending, thresholds, server, has_proxy, .. } = self;
        let look = Look { control, registry, upstream, audit, ending, thresholds: &thresholds.get(), server, has_proxy: *has_proxy };
        look.find().await
    }

    /// Claims what is queued and sends it, several at a time.
    async fn send_queued(&self, sending: &mut JoinSet<()>) -> Result<(), ControlError> {
        loop {
            while sending.try_join_next().is_some() {}
            // What is in progress ends by its own time limit; a receiver that hangs holds up no other for long.
            if !sending.is_empty() {
                return Ok(());
            }
            let claimed = self.control.claim_messages().await?;
            if claimed.is_empty() {
                return Ok(());
            }
            for message in claimed {
                sending.spawn(send(self.control.clone(), self.sender.clone(), message));
            }
            while sending.join_next().await.is_some() {}
        }
    }
}

/// What conditions are looked for in.
pub struct Look<'a> {
    /// Accounts, apps and approvals.
    pub control: &'a Control,
    /// Limits, and the clocks of accounts.
    pub registry: &'a Registry,
    /// Whether HubSpot is reached.
    pub upstream: &'a Upstream,
    /// The audit log and its damage.
    pub audit: &'a Arc<AuditLog>,
    /// Calls that end.
    pub ending: &'a Arc<Ending>,
    /// From when on something needs a person.
    pub thresholds: &'a Thresholds,
    /// Where people reach this server.
    pub server: &'a str,
    /// Whether it has a forward proxy.
    pub has_proxy: bool,
}

impl Look<'_> {
    /// Everything that needs a person now.
    pub async fn find(&self) -> Found {
        let now = clock::both();
        let (accounts, apps) = (self.control.accounts().await, self.control.apps(None).await);
        let used = self.ending.get(self.audit).await;
        let damage = self.audit.damage().await.unwrap_or_default();
        let authorities = if self.has_proxy { to_trust(&self.control.proxy_authorities().load(), now.wall) } else { Vec::new() };
        let waiting = self.control.pending_approvals().await.map(|pending| {
            let with_link = |approval| Waiting { link: self.control.approval_link(self.server, &approval), approval };
            pending.into_iter().map(with_link).collect::<Vec<_>>()
        });
        let is_writable = self.control.is_writable().await;
        let (people, tokens) = (self.control.people().await, self.control.admin_tokens().await);
        let failing = attention::failing(self.audit, self.server, self.thresholds, now.wall).await.ok().flatten();
        let mut health = HashMap::new();
        let mut days = HashMap::new();
        for account in accounts.iter().filter(|account| account.connection.is_some()) {
            if let (state, Some(since)) = self.upstream.health.of(account.hub_id) {
                health.insert(account.hub_id, (state, since));
            }
            if let Some(standing) = self.registry.standing(account.hub_id, now) {
                let day = DayUse { used: standing.used_today, daily: standing.limits.daily, resets_at: standing.resets_at };
                days.insert(account.hub_id, day);
            }
        }
        let now_of = |hub_id: u64| -> Timestamp { self.registry.now_of(hub_id) };
        let facts = Facts {
            accounts: &accounts,
            apps: &apps,
            health,
            days,
            now_of: &now_of,
            used: used.as_ref().map(|(used, _)| used.as_slice()),
            is_writable,
            failing: failing.as_deref(),
            damage: &damage,
            writing: self.audit.writing(now.wall),
            approvals: waiting.as_deref().ok(),
            access: people.as_deref().ok().zip(tokens.as_deref().ok()).map(|(people, tokens)| Access { people, tokens }),
            authorities: &authorities,
            now: now.wall,
        };
        attention::find(&facts, self.thresholds)
    }
}

async fn send(control: Arc<Control>, sender: Arc<Sender>, message: QueuedMessage) {
    let id = message_id(&message);
    let outcome = sender.send(&message.channel, &id, message.claimed_at, &message.body).await;
    if let Err(error) = control.message_attempted(&message, outcome).await {
        tracing::error!(%error, channel = message.channel.name, "what came of a notification is not written down; it may be sent again");
    }
}

/// The same at each attempt, so that a receiver knows what it has seen.
fn message_id(message: &QueuedMessage) -> String {
    format!("keyway-{}-{}", message.created_at.as_ms(), message.id)
}

#[cfg(test)]
mod tests;
