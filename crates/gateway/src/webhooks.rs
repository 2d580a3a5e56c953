//! Webhooks of embedded accounts: what the portal tells of is signed, sent to the app's target, sent
//! again when it was refused, and kept to be looked at.
//!
//! A target is a URL that whoever holds a token may set, so the server sends to hosts that its
//! operator allows and to no others ([`Targets`]), follows no redirect, and shows of an answer its
//! status alone. What waits is in memory and bounded; it ends with the server.

mod signature;

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};
use keyway_core::beside::{Access, Beside};
use keyway_core::object_type::ObjectType;
use keyway_core::scope::{ScopeId, ScopeSet};
use keyway_core::secret::Secret;
use keyway_core::sensitive::{self, Sensitivity};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::clock;
use crate::control::Control;
use crate::double::deliveries::{Delivery, is_success};
use crate::live::Live;
use crate::registry::{AppEntry, Registry};
use crate::sync::locked;
use crate::upstream::{self, UpstreamError};

use crate::targets::Target;
pub use crate::targets::Targets;

/// Events of one request, as HubSpot sends at most.
const EVENTS_MAX: usize = 100;
/// Times an event is sent: once, and as HubSpot ten times more.
const ATTEMPTS_MAX: u32 = 11;
/// How long a target may take to answer, as with HubSpot.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);
/// The wait before an event is sent again; each further one is twice as long. HubSpot spreads them
/// over a day, which no test waits for.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// Events of one app that wait to be sent, or to be sent again.
const WAITING_MAX: usize = 10_000;
/// Bytes of them.
const WAITING_BYTES_MAX: usize = 16 << 20;
/// Requests to one target at one time, whatever the app's settings say.
const CONCURRENT_MAX: usize = 10;

/// Events for the target of one app, in the order in which they happened.
#[derive(Debug)]
pub struct Notice {
    /// The hub id of the account.
    pub hub_id: u64,
    /// The app, as it is in the path of its subscriptions ([`Registry::webhook_app`]).
    pub app: String,
    /// The URL that they go to.
    pub target: String,
    /// Requests to it that may be in progress at one time.
    pub concurrent: usize,
    /// What happened.
    pub events: Vec<Event>,
    /// Events that were too many to be reported.
    pub left_out: usize,
}

/// An event for an app, if the app may read it.
#[derive(Debug)]
pub struct Event {
    /// As on the wire, except for `attemptNumber`.
    pub value: Value,
    /// The object types that it shows.
    pub shows: Beside,
    /// How sensitive the value is that it has, and of which type.
    pub value_of: Option<(&'static ObjectType, Sensitivity)>,
    /// A scope that it needs besides.
    pub scope: Option<&'static str>,
}

/// Sends webhooks.
pub struct Webhooks {
    control: Arc<Control>,
    registry: Arc<Registry>,
    targets: Live<Targets>,
    queues: Mutex<HashMap<Key, Queue>>,
    queues_made: AtomicU64,
    /// Calls come in on threads that have runtimes of their own, which may be busy.
    runtime: Handle,
}

/// An app of an account.
type Key = (u64, Arc<str>);

struct Queue {
    id: u64,
    waiting: VecDeque<Batch>,
    /// Events that wait, for their turn or for the next attempt, and their bytes.
    events: usize,
    bytes: usize,
    under_way: usize,
    concurrent: usize,
}

/// What goes in one request.
struct Batch {
    target: String,
    events: Vec<Value>,
    bytes: usize,
    /// From 0.
    attempt: u32,
    /// The queue it is of: after a reset its app has another, which this does not belong to.
    queue: u64,
}

/// What came of a request.
struct Outcome {
    status: Option<u16>,
    error: Option<String>,
    /// Whether another attempt may have a better end.
    passing: bool,
}

impl Webhooks {
    /// Sends nothing yet. To be called on the runtime that sends.
    pub fn new(control: Arc<Control>, registry: Arc<Registry>, targets: Targets) -> Self {
        let targets = Live::new(targets);
        Self { control, registry, targets, queues: Mutex::default(), queues_made: AtomicU64::new(0), runtime: Handle::current() }
    }

    /// Sends to these hosts and to no others, from now on.
    pub fn set_targets(&self, targets: Targets) {
        self.targets.set(targets);
    }

    /// Takes events in and returns at once.
    pub fn tell(self: &Arc<Self>, notice: Notice) {
        let Notice { hub_id, app, target, concurrent, events, left_out } = notice;
        let key: Key = (hub_id, app.into());
        let entry = self.registry.webhook_app(hub_id, &key.1);
        let (events, withheld) = allowed(entry.as_deref(), events);
        if let Some(why) = withheld {
            self.note(hub_id, Outcome::refused(why).delivery(entry.as_deref(), &target, 0, "[]".into(), Duration::ZERO));
        }
        if events.is_empty() && left_out == 0 {
            return;
        }
        let mut queues = self.lock();
        let queue = queues.entry(key.clone()).or_insert_with(|| Queue::new(self.queues_made.fetch_add(1, Ordering::Relaxed)));
        queue.concurrent = concurrent.clamp(1, CONCURRENT_MAX);
        let lost = left_out + queue.take(&target, events);
        self.start(&key, queue);
        if lost > 0 {
            let why = format!("{lost} events are lost: {WAITING_MAX} of this app, of {} MiB, wait at most", WAITING_BYTES_MAX >> 20);
            let app = self.registry.webhook_app(hub_id, &key.1);
            self.note(hub_id, Outcome::refused(why).delivery(app.as_deref(), &target, 0, "[]".into(), Duration::ZERO));
        }
    }

    /// Forgets what waits for the apps of an account.
    pub fn forget(&self, hub_id: u64) {
        self.lock().retain(|(of, _), _| *of != hub_id);
    }

    /// Forgets what waits for one app, as it is in the path of its subscriptions.
    pub fn forget_app(&self, hub_id: u64, app: &str) {
        self.lock().remove(&(hub_id, app.into()));
    }

    fn start(self: &Arc<Self>, key: &Key, queue: &mut Queue) {
        while queue.under_way < queue.concurrent
            && let Some(batch) = queue.waiting.pop_front()
        {
            queue.under_way += 1;
            self.runtime.spawn(self.clone().run(key.clone(), batch));
        }
    }

    /// Sends a batch, and what waits after it.
    async fn run(self: Arc<Self>, key: Key, mut batch: Batch) {
        loop {
            for event in &mut batch.events {
                event["attemptNumber"] = batch.attempt.into();
            }
            let (began, body) = (Instant::now(), json!(batch.events).to_string());
            let app = self.registry.webhook_app(key.0, &key.1);
            let outcome = self.send(&key, app.as_deref(), &batch.target, body.clone()).await;
            let mut queues = self.lock();
            // The account was made as new meanwhile, or the app has another target.
            let Some(queue) = queues.get_mut(&key).filter(|queue| queue.id == batch.queue) else { return };
            let again = outcome.passing && batch.attempt + 1 < ATTEMPTS_MAX;
            // Under the lock: once the account is forgotten, nothing of it is noted.
            self.note(key.0, outcome.delivery(app.as_deref(), &batch.target, batch.attempt, body, began.elapsed()));
            if again {
                batch.attempt += 1;
                self.runtime.spawn(self.clone().wait_and_put_back(key.clone(), batch));
            } else {
                queue.events = queue.events.saturating_sub(batch.events.len());
                queue.bytes = queue.bytes.saturating_sub(batch.bytes);
            }
            // Fewer may be allowed now than when this began.
            let next = if queue.under_way <= queue.concurrent { queue.waiting.pop_front() } else { None };
            match next {
                Some(next) => batch = next,
                None => {
                    queue.under_way -= 1;
                    if queue.events == 0 && queue.under_way == 0 {
                        queues.remove(&key);
                    }
                    return;
                }
            }
        }
    }

    async fn wait_and_put_back(self: Arc<Self>, key: Key, batch: Batch) {
        tokio::time::sleep(FIRST_WAIT * 2u32.pow(batch.attempt - 1)).await;
        let mut queues = self.lock();
        if let Some(queue) = queues.get_mut(&key).filter(|queue| queue.id == batch.queue) {
            queue.waiting.push_back(batch);
            self.start(&key, queue);
        }
    }

    async fn send(&self, (hub_id, named): &Key, app: Option<&AppEntry>, target: &str, body: String) -> Outcome {
        let target = match Target::parse(target).and_then(|target| self.targets.get().allow(target)) {
            Ok(target) => target,
            Err(refused) => return Outcome::refused(refused),
        };
        let secret = match app {
            Some(app) => self.control.signing_secret(app),
            None => Err(format!("account {hub_id} has no app {named}, so there is no secret to sign with")),
        };
        let secret = match secret {
            Ok(secret) => secret,
            Err(refused) => return Outcome::refused(refused),
        };
        let headers = headers(&secret, &target.to_string(), &body);
        match upstream::post(&target.base, &target.path, headers, Bytes::from(body), ANSWER_TIME_MAX).await {
            Ok(status) => Outcome { status: Some(status), error: None, passing: !is_success(status) },
            Err(error) => Outcome { status: None, error: Some(said(error).to_owned()), passing: error != UpstreamError::Unsendable },
        }
    }

    fn note(&self, hub_id: u64, delivery: Delivery) {
        if let Some(double) = self.registry.double(hub_id) {
            double.deliveries.note(delivery);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Queue>> {
        locked(&self.queues)
    }
}

impl Event {
    /// For each thing that an app may not read of it, a scope that is enough.
    fn missing_scopes(&self, granted: &ScopeSet) -> Vec<&'static str> {
        let mut missing = self.shows.missing_scopes(granted);
        if let Some((row, level)) = self.value_of {
            let scopes = sensitive::scopes(row, level, Access::Read);
            if !scopes.intersects(granted) {
                missing.push(scopes.iter().next().map_or("none that HubSpot publishes", ScopeId::name));
            }
        }
        missing.extend(self.scope.filter(|scope| !granted.iter().any(|own| own.name() == *scope)));
        missing
    }
}

/// The events that an app may read now, whatever it could read when it subscribed; and why others are not sent.
fn allowed(app: Option<&AppEntry>, events: Vec<Event>) -> (Vec<Value>, Option<String>) {
    let (mut sent, mut withheld, mut scopes) = (Vec::new(), 0, Vec::new());
    for event in events {
        // Of an app that is gone nothing can be signed, which sending says.
        let missing = app.map_or_else(Vec::new, |app| event.missing_scopes(&app.granted));
        if missing.is_empty() {
            sent.push(event.value);
        } else {
            withheld += 1;
            scopes.extend(missing);
        }
    }
    scopes.sort_unstable();
    scopes.dedup();
    let why = || format!("{withheld} events are not sent, because the app lacks a scope that they need: {}", scopes.join(", "));
    (sent, (withheld > 0).then(why))
}

impl Queue {
    fn new(id: u64) -> Self {
        Self { id, waiting: VecDeque::new(), events: 0, bytes: 0, under_way: 0, concurrent: 1 }
    }

    /// Events of several calls go together while they wait. Answers how many there was no room for.
    fn take(&mut self, target: &str, events: Vec<Value>) -> usize {
        let mut events = events.into_iter();
        while let Some(event) = events.next() {
            let bytes = event.to_string().len();
            if self.events >= WAITING_MAX || self.bytes + bytes > WAITING_BYTES_MAX {
                return events.len() + 1;
            }
            self.events += 1;
            self.bytes += bytes;
            match self.waiting.back_mut() {
                Some(last) if last.attempt == 0 && last.target == target && last.events.len() < EVENTS_MAX => {
                    last.events.push(event);
                    last.bytes += bytes;
                }
                _ => {
                    let (target, events, queue) = (target.to_owned(), vec![event], self.id);
                    self.waiting.push_back(Batch { target, events, bytes, attempt: 0, queue });
                }
            }
        }
        0
    }
}

impl Outcome {
    fn refused(why: String) -> Self {
        Self { status: None, error: Some(why), passing: false }
    }

    /// What is kept of it. The number comes when it is kept.
    fn delivery(self, app: Option<&AppEntry>, target: &str, attempt: u32, body: String, took: Duration) -> Delivery {
        let Self { status, error, .. } = self;
        let (app_id, target) = (app.map(|app| app.app.id), target.to_owned());
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        Delivery { number: 0, at: clock::now(), app_id, target, attempt, body, status, error, took_ms }
    }
}

/// Both signatures that HubSpot sends; the older needs no time.
fn headers(secret: &Secret<String>, url: &str, body: &str) -> HeaderMap {
    let now = clock::now().as_ms();
    let text = |text: String| HeaderValue::try_from(text).expect("hexadecimal, Base64 and digits are fit for a header");
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static(concat!("keyway/", env!("CARGO_PKG_VERSION"))));
    headers.insert("x-hubspot-signature", text(signature::v1(secret, body)));
    headers.insert("x-hubspot-signature-version", HeaderValue::from_static("v1"));
    headers.insert("x-hubspot-signature-v3", text(signature::v3(secret, "POST", url, body, now)));
    headers.insert("x-hubspot-request-timestamp", text(now.to_string()));
    headers
}

/// Why there is no answer, of a target and not of HubSpot.
fn said(error: UpstreamError) -> &'static str {
    match error {
        UpstreamError::Unreachable(_) => "the target can't be reached",
        UpstreamError::Broken => "the target broke the connection off before it answered",
        UpstreamError::TimedOut => "the target did not answer within 5 seconds",
        UpstreamError::Unsendable => "the target can't be written as a request",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_that_wait_for_an_app_are_bounded_in_number_and_in_bytes() {
        let events = |count: usize, text: &str| vec![json!(text); count];
        let mut queue = Queue::new(1);
        assert_eq!(queue.take("t", events(WAITING_MAX, "x")), 0);
        assert_eq!(queue.take("t", events(3, "x")), 3);
        let mut queue = Queue::new(1);
        // A MiB each, with the quotation marks.
        let large = "x".repeat((1 << 20) - 2);
        assert_eq!(queue.take("t", events((WAITING_BYTES_MAX >> 20) + 2, &large)), 2);
    }
}
