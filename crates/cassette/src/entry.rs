//! Reads cassettes.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, bail};
use keyway_core::catalog::{Catalog, Operation, Resolution};
use keyway_core::path::NormalPath;
use keyway_core::shown;
use serde::Deserialize;
use serde_json::Value;

use super::tape::{BYTES_MAX, CALLS_MAX, VERSION};

/// Longest line, in bytes: two bodies of the largest size, in JSON.
const LINE_BYTES_MAX: u64 = 64 << 20;

/// A call and its answer.
pub struct Entry {
    /// Its line in the file, from 1.
    pub line: usize,
    /// The call.
    pub request: Request,
    /// The answer.
    pub response: Response,
    /// The operation, if the catalog lists it.
    pub operation: Option<&'static Operation>,
}

#[derive(Deserialize)]
struct Line {
    request: Request,
    response: Response,
}

/// A call of a cassette.
#[derive(Deserialize)]
pub struct Request {
    /// The HTTP method, in capitals.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// Names and values of its query.
    pub query: Vec<(String, String)>,
    pub(super) body: Option<Content>,
}

/// An answer of a cassette.
#[derive(Deserialize)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    pub(super) body: Option<Content>,
}

/// A body of a cassette.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase", untagged)]
pub(super) enum Content {
    Json {
        json: Value,
    },
    Form {
        form: Vec<(String, String)>,
    },
    /// Only its size was recorded.
    LeftOut {
        bytes: u64,
    },
}

impl Entry {
    /// The JSON of the answer.
    pub fn answer(&self) -> Option<&Value> {
        json(self.response.body.as_ref())
    }

    /// The JSON of the request.
    pub fn asked(&self) -> Option<&Value> {
        json(self.request.body.as_ref())
    }

    /// Whether the call changes nothing.
    pub fn is_read_only(&self) -> bool {
        self.operation.map_or(self.request.method == "GET", |operation| operation.read_only)
    }

    /// The operation as people name it.
    pub fn name(&self) -> String {
        self.operation.map_or_else(|| format!("{} {}", self.request.method, self.request.path), ToString::to_string)
    }
}

fn json(content: Option<&Content>) -> Option<&Value> {
    match content {
        Some(Content::Json { json }) => Some(json),
        _ => None,
    }
}

/// The operation that a method and a path mean.
fn operation(method: &str, path: &str) -> Option<&'static Operation> {
    match Catalog::get().resolve(method, &NormalPath::parse(path).ok()?) {
        Resolution::Found(operation) => Some(operation),
        Resolution::MethodNotAllowed(_) | Resolution::Unknown => None,
    }
}

/// Reads a cassette. A last line that was cut is passed over.
///
/// # Errors
/// The file can't be read, is not a cassette, or is larger than one can be.
pub fn read(path: &Path) -> anyhow::Result<Vec<Entry>> {
    let shown = shown::path(&path);
    let file = File::open(path).with_context(|| format!("{shown} can't be read"))?;
    if file.metadata()?.len() > 2 * BYTES_MAX {
        bail!("{shown} is larger than a cassette can be");
    }
    let mut lines = BufReader::new(file);
    let mut entries = Vec::new();
    let mut at = 0;
    loop {
        let mut line = Vec::new();
        let read = lines.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line).with_context(|| format!("{shown} can't be read"))?;
        at += 1;
        if read == 0 {
            break;
        }
        let is_cut = line.last() != Some(&b'\n');
        if at == 1 {
            let head: Value = serde_json::from_slice(&line).unwrap_or_default();
            if head["keyway"] != "cassette" || head["version"] != VERSION {
                bail!("{shown} is not a cassette of version {VERSION}. Record one with \"keyway record --to FILE -- COMMAND\"");
            }
            continue;
        }
        match serde_json::from_slice::<Line>(&line) {
            Ok(Line { request, response }) => {
                let operation = operation(&request.method, &request.path);
                entries.push(Entry { line: at, request, response, operation });
            }
            Err(_) if is_cut => break,
            Err(error) => bail!("{shown}, line {at}: {error}"),
        }
        if entries.len() as u64 > CALLS_MAX {
            bail!("{shown} has more than {CALLS_MAX} calls");
        }
    }
    Ok(entries)
}
