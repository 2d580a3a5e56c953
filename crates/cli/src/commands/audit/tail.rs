//! `keyway audit tail`: records as they come.

use std::collections::HashMap;
use std::time::Duration;

use http::Method;
use keyway_core::time::Timestamp;
use serde_json::Value;

use super::super::{list, names, print, print_json, text};
use super::{called, error, fields, latency};
use crate::args::Connection;
use crate::args::audit::tail::Tail;
use crate::client::call;
use crate::exit::Exit;
use crate::output;
use crate::output::is_json;
use crate::output::paint::Shade;

/// The interval between requests for newer records.
const ASK_EVERY: Duration = Duration::from_millis(500);
/// Records of one answer at most.
const PAGE: u32 = 1_000;

/// Shows the newest records, the newest last, and then each as it comes, until Ctrl-C or until nobody reads.
///
/// # Errors
/// The server does not answer any more, or the filter is refused.
pub async fn run(connection: &Connection, Tail { filter, lines }: Tail) -> anyhow::Result<Exit> {
    let asked = fields(connection, filter, (None, None)).await?;
    let path = format!("/api/v1/audit{asked}{}", if asked.is_empty() { '?' } else { '&' });
    let mut following = Following { connection, path, apps: names::of_apps(connection).await, last: 0 };
    let follow = async {
        following.begin(lines).await?;
        loop {
            tokio::time::sleep(ASK_EVERY).await;
            following.go_on().await?;
        }
    };
    tokio::select! {
        ended = follow => ended,
        _ = tokio::signal::ctrl_c() => Ok(Exit::Fine),
    }
}

struct Following<'c> {
    connection: &'c Connection,
    /// With its query, to which more is added.
    path: String,
    apps: HashMap<String, String>,
    /// The number of the newest record that was seen.
    last: i64,
}

impl Following<'_> {
    async fn page(&self, more: &str) -> anyhow::Result<Value> {
        call(self.connection, Method::GET, &format!("{}{more}", self.path), None).await
    }

    async fn begin(&mut self, lines: u32) -> anyhow::Result<()> {
        let answer = self.page(&format!("limit={}", lines.max(1))).await?;
        let records = list(&answer, "records");
        self.last = newest(records).unwrap_or(0);
        let shown = records.len().min(lines as usize);
        self.show(&records[..shown]).await
    }

    /// Shows what is newer than the last record: as many pages as there are.
    async fn go_on(&mut self) -> anyhow::Result<()> {
        let mut newer: Vec<Value> = Vec::new();
        let mut before = String::new();
        loop {
            let answer = self.page(&format!("limit={PAGE}{before}")).await?;
            let records = list(&answer, "records");
            newer.extend(records.iter().take_while(|record| number(record) > self.last).cloned());
            let all_newer = records.last().is_some_and(|record| number(record) > self.last);
            match answer["before"].as_i64().filter(|_| all_newer && self.last > 0) {
                Some(at) => before = format!("&before={at}"),
                None => break,
            }
        }
        self.last = newest(&newer).unwrap_or(self.last);
        self.show(&newer).await
    }

    /// Prints records, which come with the newest first.
    async fn show(&mut self, records: &[Value]) -> anyhow::Result<()> {
        let is_new = |record: &&Value| record["appId"].is_u64() && !self.apps.contains_key(&text(&record["appId"]));
        if !is_json() && records.iter().any(|record| is_new(&record)) {
            self.apps = names::of_apps(self.connection).await;
        }
        for record in records.iter().rev() {
            if is_json() {
                print_json(record)?;
            } else {
                print(&line(record, &self.apps))?;
            }
        }
        Ok(())
    }
}

fn number(record: &Value) -> i64 {
    record["id"].as_i64().unwrap_or(0)
}

fn newest(records: &[Value]) -> Option<i64> {
    records.iter().map(number).max()
}

/// A record on one line.
fn line(record: &Value, apps: &HashMap<String, String>) -> String {
    let at = text(&record["time"]);
    let status = text(&record["status"]);
    let shade = match status.as_bytes().first() {
        Some(b'2') => Shade::Fine,
        Some(b'5') => Shade::Bad,
        _ => Shade::Soon,
    };
    let status = if output::colour() { shade.paint(&status) } else { status };
    // A person who watches knows the day.
    let at = output::now().and_then(|_| Timestamp::parse_iso(&at)).map_or(at, time_of_day);
    let app = names::caller_of(apps, &record["appId"]);
    let mut line = format!("{at}  {status}  {app:<20}  {}  {}", called(record), latency(record));
    let error = error(record);
    if error != "-" {
        line.push_str(&format!("  {error}  {}", text(&record["correlationId"])));
    }
    line
}

/// In the time zone of this machine.
fn time_of_day(at: Timestamp) -> String {
    let local = jiff::Timestamp::from_millisecond(at.as_ms()).map(|at| jiff::tz::TimeZone::system().to_datetime(at));
    local.map_or_else(|_| at.to_iso(), |local| local.strftime("%H:%M:%S").to_string())
}
