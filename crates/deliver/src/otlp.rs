//! Sends the records of the audit log as OpenTelemetry logs and traces, over OTLP/HTTP in JSON.
//!
//! Each call is a log record and a server span. Both have the call's correlation id as trace id, so an error
//! message leads to its trace. A slow collector delays no call: it misses records, which the audit log still
//! has.

use std::time::Duration;

use anyhow::{Context, bail};
use http::Method;
use keyway_core::time::Timestamp;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::https::{Call, send};

/// Records that wait for the collector; more are left out.
const QUEUE_MAX: usize = 20_000;
/// Records sent at once.
const BATCH_MAX: usize = 512;
/// How long the first of a batch waits for more.
const BATCH_EVERY: Duration = Duration::from_secs(1);
/// Times a batch is sent; the pause before the next doubles from a second.
const ATTEMPTS_MAX: u32 = 5;

/// A collector.
pub struct Collector {
    base: String,
    /// Names and values, such as an API key.
    headers: Vec<(&'static str, String)>,
}

impl Collector {
    /// A collector at a URL such as `http://127.0.0.1:4318`, with the headers of
    /// `OTEL_EXPORTER_OTLP_HEADERS`.
    pub fn new(url: &str) -> anyhow::Result<Self> {
        if !url.starts_with("http://") && !url.starts_with("https://") {
            bail!("{url} is not the URL of a collector, such as http://127.0.0.1:4318");
        }
        let mut headers = vec![("content-type", "application/json".to_owned())];
        for pair in std::env::var("OTEL_EXPORTER_OTLP_HEADERS").unwrap_or_default().split(',').filter(|pair| !pair.trim().is_empty()) {
            let (name, value) = pair.split_once('=').context("OTEL_EXPORTER_OTLP_HEADERS is not a list of NAME=VALUE")?;
            // Read once, at the start, and used until the end.
            headers.push((Box::leak(name.trim().to_ascii_lowercase().into_boxed_str()), value.trim().to_owned()));
        }
        Ok(Self { base: url.trim_end_matches('/').to_owned(), headers })
    }

    /// Starts the exporter: what takes each record as JSON, and the task that sends them. The task ends once the last record
    /// is sent.
    pub fn start(self) -> (impl FnMut(Value) + Send, JoinHandle<()>) {
        let (records, queue) = mpsc::channel(QUEUE_MAX);
        let sending = tokio::spawn(self.send_all(queue));
        let mut lost: u64 = 0;
        let take = move |record| {
            if records.try_send(record).is_err() {
                lost += 1;
            } else if lost > 0 {
                tracing::warn!(lost, "records were left out: the collector is too slow");
                lost = 0;
            }
        };
        (take, sending)
    }

    async fn send_all(self, mut queue: mpsc::Receiver<Value>) {
        let mut batch = Vec::new();
        while let Some(first) = queue.recv().await {
            batch.push(first);
            let more = async {
                while batch.len() < BATCH_MAX {
                    match queue.recv().await {
                        Some(record) => batch.push(record),
                        None => return,
                    }
                }
            };
            let _ = tokio::time::timeout(BATCH_EVERY, more).await;
            let records = std::mem::take(&mut batch);
            for (path, body) in [("v1/logs", logs(&records)), ("v1/traces", traces(&records))] {
                if let Err(error) = self.send(path, &body).await {
                    tracing::warn!(
                        error = format!("{error:#}"),
                        records = records.len(),
                        "records were not sent to the collector ({path})"
                    );
                }
            }
        }
    }

    async fn send(&self, path: &str, body: &Value) -> anyhow::Result<()> {
        let (url, body) = (format!("{}/{path}", self.base), body.to_string().into_bytes());
        let mut pause = Duration::from_secs(1);
        for attempt in 1.. {
            let sent = send(Call { method: Method::POST, url: &url, headers: self.headers.clone(), body: Some(body.clone()) }).await;
            match sent {
                Ok((200..=299, _)) => return Ok(()),
                // Those that OTLP/HTTP says may be sent again.
                Ok((429 | 502 | 503 | 504, _)) | Err(_) if attempt < ATTEMPTS_MAX => {}
                Ok((status, answer)) => bail!("it answered {status}: {}", answer["message"].as_str().unwrap_or("no reason given")),
                Err(error) => return Err(error),
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        Ok(())
    }
}

fn resource() -> Value {
    let name = std::env::var("OTEL_SERVICE_NAME").unwrap_or_else(|_| "keyway".into());
    json!({ "attributes": [text("service.name", &name), text("service.version", env!("CARGO_PKG_VERSION"))] })
}

fn scope() -> Value {
    json!({ "name": "keyway.audit", "version": env!("CARGO_PKG_VERSION") })
}

fn text(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

/// By OpenTelemetry's conventions for HTTP servers where they have a name, else under `keyway.`.
fn attributes(record: &Value) -> Vec<Value> {
    let (method, route) = split(record);
    let mut all = vec![text("http.request.method", method)];
    all.extend(route.map(|route| text("http.route", route)));
    for (key, field) in [
        ("http.response.status_code", "status"),
        ("keyway.hub_id", "hubId"),
        ("keyway.app_id", "appId"),
        ("keyway.token_id", "tokenId"),
        ("keyway.attempts", "attempts"),
        ("keyway.waited_us", "waitedUs"),
        ("http.request.body.size", "bytesIn"),
        ("http.response.body.size", "bytesOut"),
        ("keyway.record_count", "recordCount"),
        ("keyway.property_count", "propertyCount"),
        ("keyway.calls", "calls"),
        ("keyway.session", "session"),
        ("keyway.approval", "approval"),
    ] {
        // 64-bit numbers are text in OTLP's JSON.
        all.extend(record[field].as_u64().map(|number| json!({ "key": key, "value": { "intValue": number.to_string() } })));
    }
    for (key, field) in [
        ("client.address", "source"),
        ("error.type", "category"),
        ("keyway.rule", "rule"),
        ("keyway.object", "object"),
        ("keyway.correlation_id", "correlationId"),
        ("keyway.on_behalf_of", "onBehalfOf"),
        ("keyway.purpose", "purpose"),
        ("keyway.tool", "tool"),
        ("keyway.decision", "decision"),
    ] {
        all.extend(record[field].as_str().map(|value| text(key, value)));
    }
    for (key, field) in [("keyway.record_ids", "recordIds"), ("keyway.properties", "properties")] {
        let items = record[field].as_array().filter(|items| !items.is_empty());
        let values = |items: &Vec<Value>| items.iter().map(|item| json!({ "stringValue": item })).collect::<Vec<_>>();
        all.extend(items.map(|items| json!({ "key": key, "value": { "arrayValue": { "values": values(items) } } })));
    }
    if record["recordsIncomplete"] == true {
        all.push(json!({ "key": "keyway.records_incomplete", "value": { "boolValue": true } }));
    }
    all
}

fn split(record: &Value) -> (&str, Option<&str>) {
    let operation = record["operation"].as_str().unwrap_or_default();
    let (method, route) = operation.split_once(' ').unwrap_or((operation, ""));
    (method, (route.starts_with('/')).then_some(route))
}

/// Start and end in nanoseconds since the epoch, and the ids of trace and span.
fn times_and_ids(record: &Value) -> (String, String, String, String) {
    let start = record["time"].as_str().and_then(Timestamp::parse_iso).map_or(0, Timestamp::as_ms);
    let latency = record["latencyUs"].as_u64().unwrap_or(0);
    let nanos = u64::try_from(start).unwrap_or(0) * 1_000_000;
    let trace: String = record["correlationId"].as_str().unwrap_or_default().chars().filter(char::is_ascii_hexdigit).collect();
    let span = trace.get(16..).unwrap_or_default().to_owned();
    (nanos.to_string(), (nanos + latency * 1_000).to_string(), trace, span)
}

fn logs(records: &[Value]) -> Value {
    let record = |record: &Value| {
        let (start, end, trace, span) = times_and_ids(record);
        let status = record["status"].as_u64().unwrap_or(0);
        let (number, severity) = match status {
            200..=399 => (9, "INFO"),
            400..=499 => (13, "WARN"),
            _ => (17, "ERROR"),
        };
        let body = format!("{} {status}", record["operation"].as_str().unwrap_or_default());
        json!({
            "timeUnixNano": start, "observedTimeUnixNano": end, "severityNumber": number, "severityText": severity,
            "body": { "stringValue": body }, "attributes": attributes(record), "traceId": trace, "spanId": span,
        })
    };
    let records: Vec<Value> = records.iter().map(record).collect();
    json!({ "resourceLogs": [{ "resource": resource(), "scopeLogs": [{ "scope": scope(), "logRecords": records }] }] })
}

fn traces(records: &[Value]) -> Value {
    const SERVER: u8 = 2;
    const ERROR: u8 = 2;
    let span = |record: &Value| {
        let (start, end, trace, span) = times_and_ids(record);
        // A client's mistake does not count as an error of the server (OpenTelemetry's conventions for HTTP
        // spans).
        let failed = record["status"].as_u64().is_none_or(|status| status >= 500);
        json!({
            "traceId": trace, "spanId": span, "name": record["operation"], "kind": SERVER,
            "startTimeUnixNano": start, "endTimeUnixNano": end, "attributes": attributes(record),
            "status": if failed { json!({ "code": ERROR }) } else { json!({}) },
        })
    };
    let spans: Vec<Value> = records.iter().map(span).collect();
    json!({ "resourceSpans": [{ "resource": resource(), "scopeSpans": [{ "scope": scope(), "spans": spans }] }] })
}
