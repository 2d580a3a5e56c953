//! Access tokens of accounts that are connected by OAuth: had in time, once for all instances, and
//! within what HubSpot allows of token requests.
//!
//! A token is refreshed when its account is used: ahead of its end while it is good, and first of all
//! where calls wait for it. Accounts that nobody calls cost nothing, however many there are.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use keyway_core::quota::{BURST_MS, RollingWindow};
use keyway_core::secret::Secret;
use keyway_core::time::{Moment, Now};
use keyway_oauth::client::{Failure, Fault, Presented};
use tokio::runtime::Handle;
use tokio::sync::{Notify, Semaphore, watch};

use crate::clock;
use crate::control::Control;
use crate::registry::Registry;
use crate::store::StoreError;
use crate::sync::locked;
use crate::upstream::Upstream;
use crate::upstream::health::State;

/// Longest wait of a call for a token.
const WAIT_MAX: Duration = Duration::from_secs(20);
/// A token that ends sooner is not sent any more: the call takes time too. In milliseconds.
const MARGIN_MS: i64 = 5_000;
/// What of its life a token has left when it is refreshed, at most, in milliseconds. A shorter life is halved.
const AHEAD_MS: i64 = 300_000;
/// Token requests in any ten seconds, of all instances together: what HubSpot allows an app.
const REQUESTS_MAX: u32 = 100;
/// Over how long they are counted here, in milliseconds: a second more than HubSpot counts, since a request
/// may reach it that much later than it was counted.
const WINDOW_MS: i64 = BURST_MS + 1_000;
/// Token requests in progress at once.
const UNDER_WAY_MAX: usize = 16;
/// How long an instance has the right to refresh an account's tokens, in milliseconds: longer than a request can take.
const LEASE_MS: i64 = 60_000;
/// Until another instance's refresh is looked for again.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// A token that HubSpot refuses sooner than this, in milliseconds, is refused for another reason than its age.
const REPLACE_AFTER_MS: i64 = 60_000;
/// Until a client that is set up wrongly is tried again, in milliseconds.
const CONFIGURATION_MS: i64 = 30_000;
/// How long a refused request pauses all others, in milliseconds, where HubSpot does not say.
const PAUSE_MS: i64 = 10_000;
/// The wait after a passing fault: doubled each time, up to the second.
const BACKOFF_MS: (i64, i64) = (500, 60_000);

/// Why there is no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The grant is over.
    #[error("the account's grant is over ({0}): it must be connected again")]
    Revoked(String),
    /// The client is set up wrongly.
    #[error("the OAuth client is set up wrongly ({0})")]
    Configuration(String),
    /// None could be had in time.
    #[error("no access token could be had in time; try again")]
    NotNow,
}

/// Access tokens, by account.
pub struct Tokens {
    control: Arc<Control>,
    upstream: Arc<Upstream>,
    registry: Arc<Registry>,
    /// Where the store's connections live.
    runtime: Handle,
    held: RwLock<HashMap<u64, Arc<Held>>>,
    queue: Mutex<Queue>,
    wake: Notify,
}

/// What is known of one account's token.
struct Held {
    /// Whether somebody looks after it: it is in the queue, or on the way.
    busy: Mutex<Busy>,
    state: watch::Sender<Known>,
}

#[derive(Default)]
struct Busy {
    queued: Option<(bool, i64)>,
    on_the_way: bool,
    faults: u32,
}

#[derive(Clone, Default)]
struct Known {
    /// The token, when it was had, and when it ends.
    token: Option<(Secret<String>, Moment, Moment)>,
    /// Why there is no newer one, and until when that is believed; a grant that is over stays over.
    failure: Option<(Failure, Moment)>,
}

/// Accounts that need a token: those that calls wait for first, then by when their token ends.
struct Queue {
    order: BTreeSet<(bool, i64, u64)>,
    window: RollingWindow,
    paused_until: i64,
}

impl Tokens {
    /// Nothing is known yet; what the store has is read when it is needed.
    pub fn new(control: Arc<Control>, upstream: Arc<Upstream>, registry: Arc<Registry>) -> Self {
        Self {
            control,
            upstream,
            registry,
            runtime: Handle::current(),
            held: RwLock::default(),
            queue: Mutex::new(Queue { order: BTreeSet::new(), window: RollingWindow::new(WINDOW_MS), paused_until: 0 }),
            wake: Notify::new(),
        }
    }

    /// An access token of an account that is good now, waiting for one if there must be a new one.
    ///
    /// # Errors
    /// The grant is over, the client is set up wrongly, or it takes too long.
    pub async fn get(&self, hub_id: u64) -> Result<(Secret<String>, Moment), TokenError> {
        let held = self.held(hub_id);
        let mut changes = held.state.subscribe();
        let deadline = tokio::time::Instant::now() + WAIT_MAX;
        loop {
            let now = clock::steady();
            let known = changes.borrow_and_update().clone();
            if let Some((token, since, ends)) = known.token.filter(|(_, _, ends)| ends.as_ms() - now.as_ms() > MARGIN_MS) {
                let ahead = AHEAD_MS.min((ends.as_ms() - since.as_ms()) / 2);
                if ends.as_ms() - now.as_ms() < ahead && known.failure.is_none_or(|(_, until)| until <= now) {
                    self.ask_for(hub_id, &held, false, ends);
                }
                return Ok((token, ends));
            }
            match known.failure {
                Some((Failure::Revoked(word), _)) => return Err(TokenError::Revoked(word)),
                Some((Failure::Configuration(word), until)) if until > now => return Err(TokenError::Configuration(word)),
                _ => {}
            }
            self.ask_for(hub_id, &held, true, now);
            if tokio::time::timeout_at(deadline, changes.changed()).await.is_err() {
                return Err(TokenError::NotNow);
            }
        }
    }

    /// HubSpot refused a token that should be good: it is replaced, unless it was just had. A clock that was set
    /// may have made it seem to live longer than it does.
    pub fn refused(&self, hub_id: u64, presented: &Secret<String>) {
        let now = clock::steady();
        self.held(hub_id).state.send_if_modified(|known| match &mut known.token {
            Some((token, since, ends)) if token.expose() == presented.expose() && since.plus_ms(REPLACE_AFTER_MS) <= now => {
                *ends = now;
                true
            }
            _ => false,
        });
    }

    /// What was known of an account has changed: it was connected again.
    pub fn forget(&self, hub_id: u64) {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner).get(&hub_id).cloned();
        if let Some(held) = held {
            held.state.send_replace(Known::default());
        }
    }

    fn held(&self, hub_id: u64) -> Arc<Held> {
        if let Some(held) = self.held.read().unwrap_or_else(PoisonError::into_inner).get(&hub_id) {
            return held.clone();
        }
        let mut all = self.held.write().unwrap_or_else(PoisonError::into_inner);
        all.entry(hub_id).or_insert_with(|| Arc::new(Held { busy: Mutex::default(), state: watch::Sender::new(Known::default()) })).clone()
    }

    /// Puts an account into the queue, or further to its front.
    fn ask_for(&self, hub_id: u64, held: &Held, waiting: bool, at: Moment) {
        let mut busy = locked(&held.busy);
        let place = (!waiting, at.as_ms());
        if busy.on_the_way || busy.queued.is_some_and(|queued| queued <= place || (!queued.0 && waiting)) {
            return;
        }
        let mut queue = locked(&self.queue);
        if let Some((later, at)) = busy.queued {
            queue.order.remove(&(later, at, hub_id));
        }
        queue.order.insert((place.0, place.1, hub_id));
        busy.queued = Some(place);
        drop(queue);
        self.wake.notify_one();
    }

    /// Takes up what an earlier run left: the requests that HubSpot still counts, and the accounts whose
    /// grant is over, so that they are known to be in trouble before somebody calls them.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn recall(&self) -> Result<(), StoreError> {
        let now = clock::steady().as_ms();
        let ages = self.control.asked_within(WINDOW_MS).await?;
        ages.into_iter().for_each(|age_ms| locked(&self.queue).window.take(now - age_ms));
        let revoked = self.control.revoked().await?;
        revoked.into_iter().for_each(|hub_id| self.upstream.health.note(hub_id, State::Refused, clock::now()));
        Ok(())
    }

    /// Refreshes what is asked for, the most urgent first, until told to stop; what is then in progress is finished.
    pub async fn run(self: Arc<Self>, mut stopped: watch::Receiver<bool>) {
        let under_way = Arc::new(Semaphore::new(UNDER_WAY_MAX));
        loop {
            let next = async {
                let Ok(permit) = under_way.clone().acquire_owned().await else { return None };
                Some((self.next().await, permit))
            };
            let next = tokio::select! {
                next = next => next,
                _ = stopped.wait_for(|stop| *stop) => None,
            };
            let Some((hub_id, permit)) = next else { break };
            let tokens = self.clone();
            self.runtime.spawn(async move {
                tokens.look_after(hub_id).await;
                drop(permit);
            });
        }
        let _ = under_way.acquire_many(u32::try_from(UNDER_WAY_MAX).unwrap_or(1)).await;
    }

    /// Waits for an account that needs a token.
    async fn next(&self) -> u64 {
        loop {
            let first = locked(&self.queue).order.pop_first();
            match first {
                Some((_, _, hub_id)) => {
                    let held = self.held(hub_id);
                    let mut busy = locked(&held.busy);
                    (busy.queued, busy.on_the_way) = (None, true);
                    return hub_id;
                }
                None => self.wake.notified().await,
            }
        }
    }

    /// Has a token for an account: the store's, if another instance or an earlier run left one, or a new one.
    async fn look_after(self: &Arc<Self>, hub_id: u64) {
        let held = self.held(hub_id);
        let again = match self.attempt(hub_id, &held).await {
            Ok(()) => {
                locked(&held.busy).faults = 0;
                None
            }
            Err(Later::Held) => Some(LOOK_AGAIN),
            Err(Later::Fault) => {
                let mut busy = locked(&held.busy);
                let wait = BACKOFF_MS.0.saturating_mul(1 << busy.faults.min(10)).min(BACKOFF_MS.1);
                busy.faults += 1;
                Some(Duration::from_millis(u64::try_from(wait).unwrap_or(0)))
            }
        };
        let Some(wait) = again else {
            locked(&held.busy).on_the_way = false;
            return;
        };
        // It stays on the way: nobody else takes it up meanwhile.
        let tokens = self.clone();
        self.runtime.spawn(async move {
            tokio::time::sleep(wait).await;
            let held = tokens.held(hub_id);
            locked(&held.busy).on_the_way = false;
            tokens.ask_for(hub_id, &held, held.state.receiver_count() > 0, clock::steady());
        });
    }

    async fn attempt(&self, hub_id: u64, held: &Held) -> Result<(), Later> {
        let fault = |error: StoreError| {
            tracing::error!(hub_id, %error, "the tokens of an account can't be read or written");
            Later::Fault
        };
        // What the store has, another instance may have put there.
        let stored = self.control.tokens(hub_id).await.map_err(fault)?;
        if self.adopt(held, stored.as_ref()) {
            return Ok(());
        }
        let client = match self.registry.oauth_client_of(hub_id) {
            Some(id) => self.control.oauth_client(id).await,
            None => None,
        };
        let Some(client) = client else {
            self.fail(held, Failure::Configuration("the account has no OAuth client".to_owned()));
            return Ok(());
        };
        self.room().await;
        let now = clock::both();
        let Some(stored) = self.control.lease_tokens(hub_id, LEASE_MS).await.map_err(fault)? else {
            return Err(Later::Held);
        };
        if self.adopt(held, Some(&stored)) {
            return self.control.not_refreshed(hub_id, None).await.map_err(fault);
        }
        match self.upstream.token(&client.base, &client.client, &Presented::Refresh(&stored.refresh)).await {
            Ok(tokens) => {
                let ends = now.steady.plus_ms(tokens.expires_in_s.saturating_mul(1_000));
                // Durable before it is used: a refresh token that came with it may be the only one that counts.
                self.keep(hub_id, &tokens, now, ends).await;
                held.state.send_replace(Known { token: Some((tokens.access_token, now.steady, ends)), failure: None });
                self.upstream.health.note(hub_id, State::Fine, now.wall);
                Ok(())
            }
            Err(failure @ Failure::Revoked(_)) => {
                let word = if let Failure::Revoked(word) = &failure { word.clone() } else { String::new() };
                tracing::error!(
                    hub_id,
                    word,
                    "HubSpot says that an account's grant is over; its apps are refused until it is connected again"
                );
                self.control.not_refreshed(hub_id, Some(&word)).await.map_err(fault)?;
                self.upstream.health.note(hub_id, State::Refused, now.wall);
                self.fail(held, failure);
                Ok(())
            }
            Err(failure @ Failure::Configuration(_)) => {
                tracing::error!(hub_id, client = client.name, %failure, "an OAuth client is set up wrongly; no account is given up for it");
                self.control.not_refreshed(hub_id, None).await.map_err(fault)?;
                self.fail(held, failure);
                Ok(())
            }
            Err(failure @ Failure::Passing(_)) => {
                tracing::warn!(hub_id, %failure, "a token was not refreshed; it is tried again");
                if let Failure::Passing(Fault::Between(_)) = &failure {
                    self.upstream.health.note_unknown(hub_id, failure.to_string(), now.wall);
                }
                if failure == Failure::Passing(Fault::Status(429)) {
                    let mut queue = locked(&self.queue);
                    queue.paused_until = queue.paused_until.max(clock::steady().as_ms() + PAUSE_MS);
                }
                self.control.not_refreshed(hub_id, None).await.map_err(fault)?;
                Err(Later::Fault)
            }
        }
    }

    /// Writes what a refresh gave, and does not give up lightly.
    async fn keep(&self, hub_id: u64, tokens: &keyway_oauth::client::Tokens, now: Now, ends: Moment) {
        const TRIES: u32 = 5;
        for number in 1..=TRIES {
            match self.control.refreshed(hub_id, tokens, now.time_of(ends)).await {
                Ok(()) => return,
                Err(error) => tracing::error!(hub_id, %error, "the new tokens of an account are not written down yet"),
            }
            tokio::time::sleep(Duration::from_millis(100) * number).await;
        }
    }

    /// Takes over what the store has, if it is of use.
    fn adopt(&self, held: &Held, stored: Option<&crate::store::oauth_accounts::StoredTokens>) -> bool {
        let Some(stored) = stored else {
            self.fail(held, Failure::Configuration("the account is not connected by OAuth".to_owned()));
            return true;
        };
        if let Some(word) = &stored.revoked {
            self.fail(held, Failure::Revoked(word.clone()));
            return true;
        }
        let now = clock::both();
        let Some(access) = stored.access.as_ref().filter(|_| stored.expires_at.as_ms() - now.wall.as_ms() > MARGIN_MS) else {
            return false;
        };
        // The one that is held is to be refreshed: only another will do.
        if held.state.borrow().token.as_ref().is_some_and(|(held, ..)| held.expose() == access.expose()) {
            return false;
        }
        let ends = now.moment_of(stored.expires_at);
        held.state.send_replace(Known { token: Some((access.clone(), now.steady, ends)), failure: None });
        true
    }

    fn fail(&self, held: &Held, failure: Failure) {
        let until = clock::steady().plus_ms(CONFIGURATION_MS);
        held.state.send_modify(|known| {
            if matches!(failure, Failure::Revoked(_)) {
                known.token = None;
            }
            known.failure = Some((failure, until));
        });
    }

    /// Waits until one more token request is within the limit, and counts it.
    async fn room(&self) {
        loop {
            let wait = {
                let mut queue = locked(&self.queue);
                let now = clock::steady().as_ms();
                let most = (REQUESTS_MAX / self.registry.instances().max(1)).max(1);
                let paused = queue.paused_until - now;
                match queue.window.left(most, now) {
                    Ok(_) if paused <= 0 => {
                        queue.window.take(now);
                        return;
                    }
                    Ok(_) => paused,
                    Err(wait) => wait.max(paused),
                }
            };
            tokio::time::sleep(Duration::from_millis(u64::try_from(wait).unwrap_or(0).clamp(1, 10_000))).await;
        }
    }
}

/// Why an account must be looked at again.
enum Later {
    /// Another instance refreshes it.
    Held,
    /// A passing fault.
    Fault,
}
