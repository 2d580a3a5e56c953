//! What `keyway serve` logs on stderr: as text for people, or as lines of JSON for a log collector.

use std::io::{IsTerminal, Write};

use anyhow::Context;
use clap::ValueEnum;
use keyway_core::shown;
use keyway_gateway::audit::EachRecord;
use serde_json::{Value, json};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::print;

/// The form of the log.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people
    Text,
    /// A JSON object on each line, the first screen too
    Json,
}

impl LogFormat {
    /// What is logged when `--log` is left out. Text has the first screen beside it; JSON has nothing else.
    const fn usual(self) -> LevelFilter {
        match self {
            Self::Text => LevelFilter::WARN,
            Self::Json => LevelFilter::INFO,
        }
    }

    /// Says something about the server itself, whatever the filter is.
    pub fn say(self, text: &str) {
        match self {
            Self::Text => print::say(text),
            Self::Json => self.line("info", text, json!({})),
        }
    }

    /// The same of what needs nobody: `--quiet` leaves it out of a text.
    pub fn note(self, text: &str) {
        match self {
            Self::Text => print::note(text),
            Self::Json => self.line("info", text, json!({})),
        }
    }

    /// Writes a line of JSON with further fields; nothing where the log is text.
    pub fn line(self, level: &str, message: &str, mut fields: Value) {
        if self == Self::Json {
            fields["timestamp"] = now().into();
            fields["level"] = level.to_uppercase().into();
            fields["message"] = message.into();
            write(&format!("{}\n", shown::json(&fields.to_string())));
        }
    }
}

/// Sets what is logged, while the server runs.
pub type SetFilter = Box<dyn Fn(EnvFilter) + Send + Sync>;

/// Starts the log. Returns a function that changes its filter.
///
/// # Errors
/// The filter can't be read.
pub fn begin(text: Option<&str>, format: LogFormat) -> anyhow::Result<SetFilter> {
    let filter = filter(text, format)?;
    // A log that can't be written, as on a full disk, would otherwise be reported with a macro that panics: the server ends.
    let builder = tracing_subscriber::fmt().log_internal_errors(false);
    let builder = builder.with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    Ok(match format {
        LogFormat::Text => {
            let builder = builder.with_env_filter(filter).with_filter_reloading();
            let handle = builder.reload_handle();
            builder.init();
            Box::new(move |filter| set(handle.reload(filter)))
        }
        LogFormat::Json => {
            let builder = builder.json().flatten_event(true).with_env_filter(filter).with_filter_reloading();
            let handle = builder.reload_handle();
            builder.init();
            Box::new(move |filter| set(handle.reload(filter)))
        }
    })
}

fn set<E: std::fmt::Display>(done: Result<(), E>) {
    if let Err(error) = done {
        tracing::warn!(%error, "the log goes on as before");
    }
}

/// What `--log` says, or what is usual for the form.
///
/// # Errors
/// The text can't be read.
pub fn filter(text: Option<&str>, format: LogFormat) -> anyhow::Result<EnvFilter> {
    // A level alone is not parsed as a filter: its regular expressions take longer to make than all else at a start.
    match text.map_or_else(|| Ok(format.usual()), str::parse::<LevelFilter>) {
        Ok(level) => Ok(EnvFilter::default().add_directive(level.into())),
        Err(_) => {
            let text = text.unwrap_or_default();
            let wrong = || format!("--log {text} is not a filter; write a level such as info, or keyway_gateway=debug");
            // The library takes any word for the name of a part, and then logs nothing else.
            anyhow::ensure!(text.split(',').all(is_directive), wrong());
            EnvFilter::try_new(text).with_context(wrong)
        }
    }
}

/// Whether this is a level, or a part of the program with its level.
fn is_directive(text: &str) -> bool {
    let is_level = |text: &str| text.parse::<LevelFilter>().is_ok();
    let is_part = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace);
    is_level(text) || text.rsplit_once('=').is_some_and(|(part, level)| is_part(part) && is_level(level))
}

/// Writes a line on stderr for each call, made of the records of the audit log; passes the records to `next`.
pub fn access_log(format: LogFormat, next: Option<Box<dyn Write + Send>>) -> impl Write + Send {
    EachRecord::new(next, move |record| write(&access_line(&record, format)))
}

/// A call on one line.
fn access_line(record: &Value, format: LogFormat) -> String {
    let of = |field: &str| match &record[field] {
        Value::Null => "-".to_owned(),
        Value::String(text) => shown::line(text).into_owned(),
        other => other.to_string(),
    };
    match format {
        LogFormat::Json => {
            let mut line = json!({ "timestamp": record["time"], "level": "INFO", "message": "call", "target": "access" });
            for (name, field) in [
                ("source", "source"),
                ("hubId", "hubId"),
                ("appId", "appId"),
                ("tokenId", "tokenId"),
                ("operation", "operation"),
                ("status", "status"),
                ("rule", "rule"),
                ("latencyUs", "latencyUs"),
                ("waitedUs", "waitedUs"),
                ("bytesIn", "bytesIn"),
                ("bytesOut", "bytesOut"),
                ("calls", "calls"),
                ("correlationId", "correlationId"),
            ] {
                line[name] = record[field].clone();
            }
            format!("{}\n", shown::json(&line.to_string()))
        }
        LogFormat::Text => format!(
            "{} {} app={} \"{}\" {} {}us {}B {} {}\n",
            of("time"),
            of("source"),
            of("appId"),
            of("operation"),
            of("status"),
            of("latencyUs"),
            of("bytesOut"),
            of("rule"),
            of("correlationId")
        ),
    }
}

/// A whole line at once, so that no other line gets between.
fn write(line: &str) {
    // There is nowhere left to say that stderr is closed.
    let _ = std::io::stderr().lock().write_all(line.as_bytes());
}

fn now() -> String {
    keyway_gateway::clock::now().to_iso()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_record_forges_a_line_of_the_access_log() {
        let record =
            json!({ "time": "2026-11-29T00:00:00.000Z", "source": "127.0.0.1", "operation": "GET /a\nFORGED\u{1b}[2J", "status": 200 });
        for format in [LogFormat::Text, LogFormat::Json] {
            let line = access_line(&record, format);
            assert_eq!(line.matches('\n').count(), 1, "{line:?}");
            assert!(!line.contains('\u{1b}'), "{line:?}");
        }
    }

    #[test]
    fn a_call_is_a_line_that_programs_read() {
        let record = json!({ "time": "2026-11-29T00:00:00.000Z", "source": "192.0.2.1", "appId": 7, "operation": "GET /crm/v3/objects/{objectType}",
            "status": 403, "rule": "missing-scopes", "latencyUs": 410, "bytesOut": 312, "correlationId": "c" });
        let line: Value = serde_json::from_str(&access_line(&record, LogFormat::Json)).unwrap();
        assert_eq!((&line["target"], &line["status"], &line["rule"]), (&json!("access"), &json!(403), &json!("missing-scopes")));
        let text = access_line(&record, LogFormat::Text);
        assert_eq!(text, "2026-11-29T00:00:00.000Z 192.0.2.1 app=7 \"GET /crm/v3/objects/{objectType}\" 403 410us 312B missing-scopes c\n");
    }
}
