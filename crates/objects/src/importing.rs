//! An import in progress: its files, and how far it is. `collections/imports` of the portal performs it.

pub mod fault;
pub mod progress;
pub mod sheet;

use serde_json::{Map, Value};

use progress::Progress;
use sheet::Sheet;

/// An import that has begun. What the store has of it is enough to continue after a restart.
#[derive(Debug)]
pub struct Running {
    /// The id of the import.
    pub id: String,
    /// The app that sent it.
    pub app_id: u64,
    /// The request, as it was sent.
    pub request: Map<String, Value>,
    /// Why the files, which were read once, can't be read.
    pub sheets: Result<Vec<Sheet>, String>,
    /// How far it is.
    pub progress: Progress,
    /// The number of stored parts.
    pub chunks: usize,
}
