//! An import that is under way: its files, and how far it is. What is done with them is in `collections/imports`.

pub mod fault;
pub mod progress;
pub mod sheet;

use serde_json::{Map, Value};

use progress::Progress;
use sheet::Sheet;

/// An import that has begun. What is written down of it is enough to go on after a restart.
#[derive(Debug)]
pub struct Running {
    pub id: String,
    pub app_id: u64,
    pub request: Map<String, Value>,
    /// Why the files, which were read once, can't be read.
    pub sheets: Result<Vec<Sheet>, String>,
    pub progress: Progress,
    /// Parts that are written down.
    pub chunks: usize,
}
