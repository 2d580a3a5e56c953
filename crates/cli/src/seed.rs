//! Files from which an embedded account is filled.

use std::path::Path;

use anyhow::Context;
use keyway_core::shown;
use serde_json::Value;

/// The text of a file; `-` is standard input.
pub fn read(file: &Path) -> anyhow::Result<String> {
    let read = if file.as_os_str() == "-" { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(file) };
    read.with_context(|| format!("{} can't be read", shown::path(&file)))
}

/// The seed of a file, as YAML or JSON.
pub fn of_file(file: &Path) -> anyhow::Result<Value> {
    let text = read(file)?;
    keyway_portal::read_seed(&file.to_string_lossy(), &text).map_err(|what| anyhow::anyhow!("{}: {what}", shown::path(&file)))
}
