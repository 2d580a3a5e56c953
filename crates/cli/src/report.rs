//! The forms of a report on the calls of a test run.

use std::path::Path;

use keyway_core::strict::Rule;
use keyway_core::strict::report::Report;
use keyway_core::strict::{junit, text};

use crate::args::strict::Format;

/// The report in one of its forms.
pub fn written(report: &Report, rules: &[Rule], format: Format) -> anyhow::Result<String> {
    Ok(match format {
        Format::Text => text::report(report, rules),
        Format::Json => serde_json::to_string_pretty(report)? + "\n",
        Format::Junit => junit::junit(report, rules),
    })
}

/// The form that the name of a file asks for.
pub fn format_of(file: &Path) -> Format {
    match file.extension().and_then(|ending| ending.to_str()) {
        Some("json") => Format::Json,
        Some("xml") => Format::Junit,
        _ => Format::Text,
    }
}
