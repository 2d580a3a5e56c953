//! The queue that several instances share. Redis keeps it.
//!
//! An instance reports the places that it has and wants of an account (`core::share::Report`). A script in
//! Redis adds up the reports of all instances, and answers which of the instance's calls get a place. One
//! script does all of it, so no other instance can change anything between the count and the grant.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use keyway_core::share::Report;
use keyway_core::time::Moment;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, RedisError, Script};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::Notify;

use keyway_ground::clock;
use keyway_ground::sync::locked;

/// Longest wait for Redis. After it, each instance uses its own part of the limits.
pub const ANSWER_TIME_MAX: Duration = Duration::from_millis(400);
const ANSWER_MS_MAX: i64 = 400;
/// Interval of an instance's heartbeat, which also checks whether Redis is back.
const BEAT_EVERY: Duration = Duration::from_millis(500);

/// Says that an instance lives.
const BEAT: &str = "local time = redis.call('TIME')
redis.call('ZADD', KEYS[1], time[1] * 1000 + math.floor(time[2] / 1000), ARGV[1])
return redis.call('ZCARD', KEYS[1])";

/// Redis, as one instance sees it.
pub struct Line {
    client: Client,
    script: Script,
    beat: Script,
    /// Of all keys: the same for all instances that have the same master key, and no others.
    prefix: String,
    /// This instance.
    me: String,
    connection: Mutex<Option<MultiplexedConnection>>,
    /// Since when there is none; 0 while there is one.
    away_since: AtomicI64,
    instances: AtomicU32,
    /// When it was last asked, by account.
    asked: Mutex<HashMap<u64, LastAsked>>,
    /// It came back, or went.
    changed: Notify,
}

/// When an instance last asked of an account. Redis executed that between the two moments.
#[derive(Clone, Copy)]
struct LastAsked {
    sent: Moment,
    /// None where an answer was lost since: Redis may have executed a later question than the one that is known.
    heard: Option<Moment>,
}

/// The answer of the Redis script to a report.
#[derive(Debug, Deserialize)]
pub struct Answer {
    /// The version of the account's state; it never decreases.
    pub version: u64,
    /// By lane.
    pub lanes: [LaneAnswer; 3],
    /// Calls of the day, by all.
    pub daily: u64,
    /// When that day ends, in milliseconds since the epoch.
    pub resets: i64,
    /// Where HubSpot says that the day is used up: how long ago, and how long until one call may try.
    pub day: Option<(i64, i64)>,
}

/// The part of the answer about one limit.
#[derive(Debug, Deserialize)]
pub struct LaneAnswer {
    /// Places given, by app.
    pub given: BTreeMap<u64, u32>,
    /// Places that others have.
    pub elsewhere: u32,
    /// When it is worth asking again, in milliseconds from now.
    pub wait: i64,
}

/// The line can't be asked.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// The URL is not one.
    #[error("the URL of Redis is not redis://host:port/number or rediss://… ({0})")]
    Url(RedisError),
    /// No connection, no answer in time, or an error as answer.
    #[error("Redis does not answer")]
    Away,
    /// An answer that can't be read.
    #[error("Redis answers what can't be read: {0}")]
    Answer(serde_json::Error),
}

impl Line {
    /// Redis at a URL, for the instances that share a prefix. Connects in [`Line::keep`].
    ///
    /// # Errors
    /// [`LineError::Url`].
    pub fn new(url: &str, prefix: &str) -> Result<Self, LineError> {
        let mut me = [0; 8];
        // Two instances with one name would hide each other's calls; without randomness nothing else works either.
        getrandom::fill(&mut me).map_err(|_| LineError::Away)?;
        Ok(Self {
            client: Client::open(url).map_err(LineError::Url)?,
            script: Script::new(include_str!("line.lua")),
            beat: Script::new(BEAT),
            prefix: prefix.to_owned(),
            me: me.iter().map(|byte| format!("{byte:02x}")).collect(),
            connection: Mutex::new(None),
            away_since: AtomicI64::new(clock::steady().as_ms()),
            instances: AtomicU32::new(1),
            asked: Mutex::default(),
            changed: Notify::new(),
        })
    }

    /// Since when Redis does not answer; none while it does.
    pub fn away_since(&self) -> Option<Moment> {
        let since = self.away_since.load(Ordering::Relaxed);
        (since != 0).then(|| Moment::from_ms(since))
    }

    /// How many instances there are in all, whether Redis hears of them or not.
    pub fn share_among(&self, instances: u32) {
        self.instances.store(instances, Ordering::Relaxed);
    }

    /// Waits until Redis becomes reachable or unreachable.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Sends a heartbeat of this instance to Redis at an interval, and connects again after Redis was
    /// unreachable. Never returns.
    pub async fn keep(&self) {
        let mut every = tokio::time::interval(BEAT_EVERY);
        loop {
            every.tick().await;
            self.beat().await;
        }
    }

    /// One sign of life.
    pub async fn beat(&self) {
        let beat = async {
            let mut connection = match self.connected() {
                Some(connection) => connection,
                None => self.connect().await?,
            };
            self.beat.key(self.instances_key()).arg(&self.me).invoke_async::<i64>(&mut connection).await?;
            Ok::<_, RedisError>(connection)
        };
        match tokio::time::timeout(ANSWER_TIME_MAX, beat).await {
            Ok(Ok(connection)) => {
                *self.locked() = Some(connection);
                if self.away_since.swap(0, Ordering::Relaxed) != 0 {
                    tracing::info!("Redis answers: the limits are shared with the other instances");
                    self.changed.notify_waiters();
                }
            }
            Ok(Err(error)) => self.lost(&error.kind()),
            Err(_) => self.lost(&"no answer in time"),
        }
    }

    async fn connect(&self) -> Result<MultiplexedConnection, RedisError> {
        let config = AsyncConnectionConfig::new().set_connection_timeout(Some(ANSWER_TIME_MAX)).set_response_timeout(Some(ANSWER_TIME_MAX));
        self.client.get_multiplexed_async_connection_with_config(&config).await
    }

    /// Reports, and hears who has a place.
    ///
    /// # Errors
    /// Redis is away, or says what can't be read. Then nobody has a place.
    pub async fn ask(&self, hub_id: u64, version: u64, report: &Report) -> Result<Answer, LineError> {
        let mut connection = self.connected().ok_or(LineError::Away)?;
        let sent = clock::steady();
        let last = locked(&self.asked).get(&hub_id).copied();
        let mut written = self.written(version, report);
        if let Some(last) = last {
            // A question takes part of a second at most until it is executed; a millisecond is lost to rounding.
            let least = last.heard.map_or(0, |heard| (sent.as_ms() - heard.as_ms() - 1).max(0));
            let most = sent.as_ms() - last.sent.as_ms() + ANSWER_MS_MAX;
            written["since"] = json!([least, most]);
        }
        let text = written.to_string();
        let mut call = self.script.key(format!("{}:{hub_id}", self.prefix));
        call.key(self.instances_key()).arg(text);
        let answer = tokio::time::timeout(ANSWER_TIME_MAX, call.invoke_async::<String>(&mut connection)).await;
        let heard = matches!(answer, Ok(Ok(_))).then(clock::steady);
        match (heard, last) {
            (None, Some(last)) => drop(locked(&self.asked).insert(hub_id, LastAsked { heard: None, ..last })),
            _ => drop(locked(&self.asked).insert(hub_id, LastAsked { sent, heard })),
        }
        match answer {
            Ok(Ok(text)) => serde_json::from_str(&text).map_err(LineError::Answer),
            Ok(Err(error)) => {
                self.lost(&error.kind());
                Err(LineError::Away)
            }
            Err(_) => {
                self.lost(&"no answer in time");
                Err(LineError::Away)
            }
        }
    }

    fn lost(&self, why: &dyn std::fmt::Debug) {
        *self.locked() = None;
        let gone = self.away_since.compare_exchange(0, clock::steady().as_ms(), Ordering::Relaxed, Ordering::Relaxed);
        if gone.is_ok() {
            tracing::warn!(?why, "Redis does not answer: unless it comes back, each instance uses its part of the limits");
            self.changed.notify_waiters();
        }
    }

    fn connected(&self) -> Option<MultiplexedConnection> {
        self.locked().clone()
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Option<MultiplexedConnection>> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn instances_key(&self) -> String {
        format!("{}:instances", self.prefix)
    }

    fn written(&self, version: u64, report: &Report) -> Value {
        let by_app = |counts: &[(u64, u32)]| -> Map<String, Value> { counts.iter().map(|(app, n)| (app.to_string(), json!(n))).collect() };
        let lanes = report.lanes.each_ref().map(|lane| {
            let waiting: Map<String, Value> = lane.waiting.iter().map(|(app, n, weight)| (app.to_string(), json!([n, weight]))).collect();
            let mut said = json!({
                "max": lane.max,
                "interval": lane.interval,
                "under": by_app(&lane.under_way),
                "finished": lane.finished,
                "waiting": waiting,
                "pause": lane.pause,
            });
            let remarks = [
                ("refused", lane.refused.map(|age| json!(age))),
                ("passed", lane.passed.map(|age| json!(age))),
                ("others", lane.not_mine.map(|one| json!(one))),
            ];
            // Left out and not null, which the script would take for something.
            for (name, value) in remarks {
                if let Some(value) = value {
                    said[name] = value;
                }
            }
            said
        });
        let mut day = json!({ "probe": report.day.probe });
        for (name, value) in [("refused", report.day.refused), ("opened", report.day.opened)] {
            if let Some(value) = value {
                day[name] = value.into();
            }
        }
        json!({
            "day": day,
            "me": self.me,
            "all": self.instances.load(Ordering::Relaxed),
            "version": version,
            "lanes": lanes,
            "reserves": by_app(&report.reserves),
            "daily": report.daily,
            "resets": report.daily_resets_at,
            "daily_max": report.daily_max,
        })
    }
}

#[cfg(test)]
mod tests;
