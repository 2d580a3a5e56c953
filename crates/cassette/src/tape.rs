//! Writes a cassette: one line of JSON for each call, masked.
//!
//! The file must not exist before; Keyway creates it with mode 0600. It is append-only, with one write for each
//! line: after a crash its last line may be cut, and all others are whole.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, anyhow};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use keyway_core::mask::Masker;
use keyway_core::shown;
use serde_json::{Map, Value, json};

/// Longest body that is recorded, in bytes; of a longer one, and of files, only type and size are.
pub const BODY_BYTES_MAX: usize = 4 << 20;
/// Calls of one cassette.
pub const CALLS_MAX: u64 = 100_000;
/// Bytes of one cassette.
pub const BYTES_MAX: u64 = 1 << 30;
/// The version of the form.
pub const VERSION: u64 = 1;

/// A body as it passed.
#[derive(Default)]
pub(super) struct Passed {
    /// Its beginning, of [`BODY_BYTES_MAX`] at most.
    pub bytes: Vec<u8>,
    /// Its size in bytes.
    pub size: u64,
    /// Whether it came to its end.
    pub is_whole: bool,
}

/// A call and its answer.
pub(super) struct Exchange<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub query: &'a str,
    pub asked: &'a HeaderMap,
    pub body: &'a Passed,
    pub status: u16,
    pub answered: &'a HeaderMap,
    pub answer: &'a Passed,
}

/// What was written.
#[derive(Clone, Copy, Default)]
pub struct Written {
    /// Calls that are in the cassette.
    pub calls: u64,
    /// Calls that are not, as it is full or there was no answer.
    pub left_out: u64,
    bytes: u64,
}

/// A cassette that is written.
pub struct Tape {
    masker: Masker,
    started: Instant,
    state: Mutex<(File, Written)>,
    warn: fn(&str),
}

impl Tape {
    /// Makes the file. Calls `warn` with the reason where a call can't be written.
    ///
    /// # Errors
    /// It exists, or can't be made.
    pub fn create(path: &Path, masker: Masker, warn: fn(&str)) -> anyhow::Result<Self> {
        let made = OpenOptions::new().append(true).create_new(true).mode(0o600).open(path);
        let mut file = made.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => {
                anyhow!("{0} exists, and a recording needs a new file. Name another file with --to, or delete {0}", shown::path(&path))
            }
            _ => anyhow!("{} can't be created: {}", shown::path(&path), shown::cause(&error)),
        })?;
        writeln!(file, "{}", json!({ "keyway": "cassette", "version": VERSION }))?;
        Ok(Self { masker, started: Instant::now(), state: Mutex::new((file, Written::default())), warn })
    }

    /// Writes a call.
    pub(super) fn write(&self, exchange: &Exchange<'_>) {
        let mut headers = Map::new();
        for (name, value) in exchange.answered {
            let kept = value.to_str().ok().and_then(|value| self.masker.header(name.as_str(), value));
            headers.extend(kept.map(|value| (name.as_str().to_owned(), value.into())));
        }
        let line = json!({
            "ms": u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            "request": {
                "method": exchange.method,
                "path": self.masker.path(exchange.method, exchange.path),
                "query": self.masker.query(exchange.query),
                "body": self.body(exchange.asked, exchange.body),
            },
            "response": { "status": exchange.status, "headers": headers, "body": self.body(exchange.answered, exchange.answer) },
        });
        let line = format!("{line}\n");
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (file, written) = &mut *state;
        if written.calls >= CALLS_MAX || written.bytes + line.len() as u64 > BYTES_MAX {
            written.left_out += 1;
            return;
        }
        match file.write_all(line.as_bytes()) {
            Ok(()) => {
                written.calls += 1;
                written.bytes += line.len() as u64;
            }
            Err(error) => {
                written.left_out += 1;
                (self.warn)(&format!("a call could not be written to the cassette: {error}"));
            }
        }
    }

    /// Counts a call that has no answer.
    pub(super) fn leave_out(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).1.left_out += 1;
    }

    /// What is written, once the disk has it.
    ///
    /// # Errors
    /// The disk does not take it.
    pub fn end(&self) -> anyhow::Result<Written> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.0.sync_all().context("the cassette could not be written")?;
        Ok(state.1)
    }

    /// A body, masked: `json`, `form`, or `bytes` and `type` of what is neither.
    fn body(&self, headers: &HeaderMap, body: &Passed) -> Value {
        if body.size == 0 {
            return Value::Null;
        }
        let named = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("application/json");
        let media_type = self.masker.media_type(named);
        if body.is_whole && body.size <= BODY_BYTES_MAX as u64 {
            if media_type == "application/x-www-form-urlencoded" {
                let pairs = std::str::from_utf8(&body.bytes).map(|form| self.masker.query(form)).unwrap_or_default();
                return json!({ "form": pairs });
            }
            if media_type.ends_with("json")
                && let Ok(value) = serde_json::from_slice::<Value>(&body.bytes)
            {
                return json!({ "json": self.masker.json(&value) });
            }
        }
        json!({ "bytes": body.size, "type": media_type })
    }
}
