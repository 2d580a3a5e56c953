//! What needs a person: the one place that finds it. The overview, the console and the notifications read it.
//!
//! Decides from what it is handed; the one part that reads the audit, which calls end, is counted beside.

mod conditions;
mod failing;
mod kind;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use keyway_core::catalog::{Catalog, Method};
use keyway_core::sunset;
use keyway_core::time::Timestamp;

use crate::audit::{AuditLog, OperationUse};
use crate::clock;
use crate::model::{Account, App, Connection, ProxyAuthority, Token};
use crate::sync::locked;

pub use conditions::{Access, Condition, DayUse, Facts, Found, Waiting, find};
pub use failing::{Failing, failing};
pub use kind::Kind;

/// After this many days HubSpot itself reminds of a credential (hubspot facts, section 1).
pub const ROTATION_DAYS: i64 = 180;
/// How far back the calls that end are counted.
pub const ENDING_DAYS: i64 = 30;
/// How long before its end an authority of the proxy needs a successor.
pub const RENEWAL_DUE_MS: i64 = 60 * DAY_MS;
/// A day, in milliseconds.
pub const DAY_MS: i64 = 86_400_000;
/// How long an answer waits for the first count of what ends.
const COUNT_WAIT: Duration = Duration::from_millis(25);
/// The count is made again after a hundred times as long as it took, and this long at least.
const COUNT_AGAIN: Duration = Duration::from_secs(5);

/// From when on something needs a person.
#[derive(Clone, Copy, Debug)]
pub struct Thresholds {
    /// How long HubSpot is not reached for an account, in milliseconds.
    pub unreachable_ms: i64,
    /// Age of a credential or token, in days.
    pub rotation_days: i64,
    /// Days to the end of a token's lifetime.
    pub expiry_days: i64,
    /// Days to the end of an operation that is still called.
    pub sunset_days: i64,
    /// Part of an account's calls of the day, in percent.
    pub daily_percent: u64,
    /// Part of an app's calls that fail, in percent: from here on the console marks a number as wrong too.
    pub failed_percent: u64,
}

impl Thresholds {
    /// Whether what is so old is due for rotation: the one place that decides it.
    pub const fn is_rotation_due(&self, days: i64) -> bool {
        days >= self.rotation_days
    }
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            unreachable_ms: 30 * 60_000,
            rotation_days: ROTATION_DAYS,
            expiry_days: 14,
            sunset_days: 90,
            daily_percent: 80,
            failed_percent: 10,
        }
    }
}

/// Calls of the last month that end, as they were last counted.
#[derive(Default)]
pub struct Ending(Mutex<Counted>);

/// What a count found, and when.
pub type EndingUse = (Arc<Vec<OperationUse>>, Timestamp);

#[derive(Default)]
struct Counted {
    rows: Option<EndingUse>,
    under_way: bool,
    /// When it may be counted again.
    next: Option<Instant>,
}

impl Ending {
    /// What was last counted. Counts again beside, where that is long ago.
    pub async fn get(self: &Arc<Self>, audit: &Arc<AuditLog>) -> Option<EndingUse> {
        let (rows, due) = {
            let mut counted = locked(&self.0);
            let due = !counted.under_way && counted.next.is_none_or(|next| next <= Instant::now());
            counted.under_way |= due;
            (counted.rows.clone(), due)
        };
        if !due {
            return rows;
        }
        let (ending, audit) = (self.clone(), audit.clone());
        let counting = tokio::spawn(async move {
            let (began, now) = (Instant::now(), clock::now());
            let used = audit.usage(None, now.plus_ms(-ENDING_DAYS * DAY_MS)).await;
            let mut counted = locked(&ending.0);
            counted.under_way = false;
            counted.next = Some(Instant::now() + (began.elapsed() * 100).max(COUNT_AGAIN));
            match used {
                Ok(used) => counted.rows = Some((Arc::new(used), now)),
                Err(error) => tracing::warn!(%error, "the calls that end could not be counted"),
            }
        });
        // On a log of usual size it is done at once; on a long one the page does not wait.
        let _ = tokio::time::timeout(COUNT_WAIT, counting).await;
        locked(&self.0).rows.clone()
    }
}

/// A credential or a token that is due for rotation.
pub struct Due<'a> {
    /// What it is.
    pub of: DueOf<'a>,
    /// Its age in days.
    pub days: i64,
}

/// What is due for rotation.
pub enum DueOf<'a> {
    /// The credential of an account's connection.
    Credential(&'a Account),
    /// A token of an app.
    Token(&'a App, &'a Token),
}

/// The age of a connection's credential in days; none where nobody rotates it, as with OAuth.
pub fn credential_days(connection: &Connection, now: Timestamp) -> Option<i64> {
    connection.oauth_client.is_none().then(|| (now.as_ms() - connection.since.as_ms()) / DAY_MS)
}

/// The age of a token in days; none where nobody rotates it: it does not work any more, a rotation has set its end, or it is
/// a refresh token.
pub fn token_days(token: &Token, now: Timestamp) -> Option<i64> {
    let lasts = token.revoked_at.is_none() && !token.is_rotated() && token.grant.is_none();
    (lasts && token.expires_at.is_none_or(|at| at > now)).then(|| (now.as_ms() - token.created_at.as_ms()) / DAY_MS)
}

/// Tokens that end by themselves, each with its app and its end: a notification comes before the end, and a metric has the time
/// that is left. The caller passes no sessions, which are made to end. An install's refresh token has its own life.
pub fn ending_tokens(apps: &[(App, Vec<Token>)], now_of: impl Fn(u64) -> Timestamp) -> impl Iterator<Item = (&App, &Token, Timestamp)> {
    apps.iter().filter(|(app, _)| app.enabled && app.public_app.is_none()).flat_map(move |(app, tokens)| {
        let now = now_of(app.hub_id);
        let lasting = tokens.iter().filter(|token| token.revoked_at.is_none() && token.grant.is_none());
        lasting.filter_map(move |token| Some((app, token, token.expires_at.filter(|at| *at > now)?)))
    })
}

/// Credentials and tokens that are due for rotation, the oldest first. Each age is by the clock of the account.
pub fn due<'a>(
    accounts: &'a [Account],
    apps: &'a [(App, Vec<Token>)],
    thresholds: &Thresholds,
    now_of: impl Fn(u64) -> Timestamp,
) -> Vec<Due<'a>> {
    let mut due = Vec::new();
    for account in accounts {
        let days = account.connection.as_ref().and_then(|connection| credential_days(connection, now_of(account.hub_id)));
        due.extend(days.map(|days| Due { of: DueOf::Credential(account), days }));
    }
    for (app, tokens) in apps.iter().filter(|(app, _)| app.public_app.is_none()) {
        let now = now_of(app.hub_id);
        due.extend(tokens.iter().filter_map(|token| Some(Due { days: token_days(token, now)?, of: DueOf::Token(app, token) })));
    }
    due.retain(|due| thresholds.is_rotation_due(due.days));
    due.sort_by_key(|due| std::cmp::Reverse(due.days));
    due
}

/// What an app calls that ends.
pub struct EndingCalls<'a> {
    /// Who calls.
    pub app: &'a App,
    /// When it ends, an ISO date.
    pub date: &'static str,
    /// Days until then; negative after it.
    pub days_left: Option<i64>,
    /// What ends.
    pub what: &'static str,
    /// Calls in [`ENDING_DAYS`].
    pub calls: u64,
    /// The operations that were called.
    pub operations: BTreeSet<&'a str>,
    /// Of its calls of the last seven days to these operations and to their successors, how many of 100 went to the
    /// successors. None where HubSpot names no successor, or it called neither.
    pub moved_percent: Option<u64>,
}

/// Days whose calls say how much of an app is moved.
const MOVED_DAYS: i64 = 7;

/// What ends of the operations that an operation is the successor of.
fn ends_before(operation: &str) -> &'static [&'static str] {
    type Ends = HashMap<String, Vec<&'static str>>;
    static ENDS: LazyLock<Ends> = LazyLock::new(|| {
        let mut ends = Ends::new();
        for old in Catalog::get().operations() {
            let successor = sunset::successor(old.method, old.template).and_then(|row| row.successor);
            if let (Some(successor), Some(row)) = (successor, sunset::of_path(old.template)) {
                let ends = ends.entry(format!("{} {successor}", old.method)).or_default();
                if !ends.contains(&row.what) {
                    ends.push(row.what);
                }
            }
        }
        ends
    });
    ENDS.get(operation).map_or(&[], Vec::as_slice)
}

/// By app and end: what it still calls that ends then, the earliest first.
pub fn ending<'a>(used: &'a [OperationUse], apps: &HashMap<u64, &'a App>, now: Timestamp) -> Vec<EndingCalls<'a>> {
    let mut ends: BTreeMap<(&'static str, u64, &'static str), (u64, BTreeSet<&str>)> = BTreeMap::new();
    // Of the last days: calls to what ends, and to what comes in its place.
    let mut recent: HashMap<(u64, &str), (u64, u64)> = HashMap::new();
    let since = now.plus_ms(-MOVED_DAYS * DAY_MS).to_date();
    // Many lines are of one operation, and the table of what ends is searched once for each of them.
    let mut known: HashMap<&str, _> = HashMap::new();
    for one in used {
        let (row, successor_of) = *known.entry(one.operation.as_str()).or_insert_with(|| {
            let template = one.operation.split_once(' ').map_or("", |(_, template)| template);
            (sunset::of_path(template), ends_before(&one.operation))
        });
        if let Some(row) = row {
            let entry = ends.entry((row.date, one.app_id, row.what)).or_default();
            entry.0 += one.calls;
            entry.1.insert(&one.operation);
            if one.day > since {
                recent.entry((one.app_id, row.what)).or_default().0 += one.calls;
            }
        }
        if one.day > since {
            successor_of.iter().for_each(|what| recent.entry((one.app_id, what)).or_default().1 += one.calls);
        }
    }
    let row = |((date, app_id, what), (calls, operations))| {
        // An app that is gone has nothing left to move.
        let app: &App = apps.get(&app_id)?;
        let days_left = Timestamp::parse_iso(date).map(|date| (date.as_ms() - now.as_ms()).div_euclid(DAY_MS));
        let moved_percent = match recent.get(&(app_id, what)) {
            Some((old, new)) if *new > 0 => Some(new * 100 / (old + new)),
            // Nothing is moved yet, where there is something to move to.
            Some((1.., 0)) if has_successor(&operations) => Some(0),
            _ => None,
        };
        Some(EndingCalls { app, date, days_left, what, calls, operations, moved_percent })
    };
    ends.into_iter().filter_map(row).collect()
}

/// Whether HubSpot names a successor of one of these operations.
fn has_successor(operations: &BTreeSet<&str>) -> bool {
    operations.iter().filter_map(|operation| operation.split_once(' ')).any(|(method, template)| {
        Method::parse(method).and_then(|method| sunset::successor(method, template)).is_some_and(|row| row.successor.is_some())
    })
}

/// Scopes of an account's apps that the credential of its connection lacks, sorted.
pub fn missing_scopes<'a>(connection: &Connection, apps: impl Iterator<Item = &'a App>) -> Vec<&'a str> {
    let missing: BTreeSet<&str> =
        apps.flat_map(|app| &app.scopes).filter(|scope| !connection.scopes.contains(scope)).map(String::as_str).collect();
    missing.into_iter().collect()
}

/// Whether the one authority of the forward proxy that clients trust ends soon and has no successor.
pub fn renewal_due(trusted: &[Arc<ProxyAuthority>], one: &ProxyAuthority, now: Timestamp) -> bool {
    trusted.len() == 1 && one.expires_at <= now.plus_ms(RENEWAL_DUE_MS)
}
