//! Reads what a client sent for an import: the form, and the rows of its files. This takes long, and needs nothing of the
//! account.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use keyway_core::error_body::ErrorBody;
use keyway_objects::importing::sheet::{CELLS_MAX, Sheet};
use keyway_objects::invalid;
use keyway_objects::items::Item;
use keyway_objects::request::{bad_field, missing_field};
use keyway_objects::work::Work;
use serde_json::{Map, Value, json};

use super::plan::FILES_MAX;
use crate::Call;
use crate::collections::multipart::{Part, parts};

/// Bytes of an `importRequest`: five times those of a thousand columns. The account keeps it, and writes it again with each
/// change of the import's state.
const REQUEST_BYTES_MAX: usize = 1 << 20;

/// An import as it was sent, not yet held against the account.
pub struct Sent {
    pub request: Map<String, Value>,
    /// The files that the request names, or why one can't be read. That counts only if the request itself holds.
    pub files: Result<Files, ErrorBody>,
}

/// The files of an import.
pub struct Files {
    /// Their rows, in the order of the request.
    pub sheets: Vec<Sheet>,
    /// What the account keeps of them until the import is done, and the same as the store has it.
    pub waiting: Item,
    pub stored: Vec<u8>,
}

impl Sent {
    /// Reads the body of a call.
    pub fn read(call: &Call, work: &Work) -> Result<Self, ErrorBody> {
        work.read(call.body.len())?;
        let sent = parts(&call.body).ok_or_else(invalid::form_missing)?;
        let request = request_of(&sent)?;
        let files = Files::read(&sent, &request, call.app_id, work);
        Ok(Self { request, files })
    }
}

impl Files {
    fn read(sent: &[Part<'_>], request: &Map<String, Value>, app_id: u64, work: &Work) -> Result<Self, ErrorBody> {
        let named = request.get("files").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let (mut sheets, mut kept, mut cells_left) = (Vec::new(), Vec::new(), CELLS_MAX);
        for file in named.iter().take(FILES_MAX) {
            let bytes = file_of(sent, file["fileName"].as_str().unwrap_or_default())?;
            work.write(bytes.len())?;
            sheets.push(Sheet::read(bytes, &mut cells_left)?);
            kept.push(BASE64.encode(bytes));
        }
        let waiting = Item::new(json!({ "files": kept, "appId": app_id }));
        let stored = serde_json::to_vec(&waiting).expect("JSON always serialises");
        Ok(Self { sheets, waiting, stored })
    }
}

fn request_of(sent: &[Part<'_>]) -> Result<Map<String, Value>, ErrorBody> {
    let part = sent.iter().find(|part| part.name == "importRequest").ok_or_else(|| missing_field("importRequest"))?;
    if part.bytes.len() > REQUEST_BYTES_MAX {
        return Err(bad_field("importRequest", &format!("has at most {REQUEST_BYTES_MAX} bytes")));
    }
    match serde_json::from_slice(part.bytes) {
        Ok(Value::Object(request)) => Ok(request),
        _ => Err(bad_field("importRequest", "must be a JSON object")),
    }
}

fn file_of<'a>(sent: &[Part<'a>], name: &str) -> Result<&'a [u8], ErrorBody> {
    let mut named = sent.iter().filter(|part| part.name == "files" && part.file_name.as_deref() == Some(name));
    match (named.next(), named.next()) {
        (Some(part), None) => Ok(part.bytes),
        (None, _) => Err(bad_field("files", &format!("must hold the file {name:?} that importRequest names"))),
        (Some(_), Some(_)) => Err(bad_field("files", &format!("holds {name:?} twice"))),
    }
}
