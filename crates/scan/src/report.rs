//! Reports: one scan, written for a person, a program or a client.

pub mod html;
pub mod human;
pub mod junit;
pub mod markdown;
mod paint;
pub mod sarif;
pub mod summary;

use keyway_core::shown;
use serde::Serialize;

use crate::finding::{Finding, Usage};
use crate::scan::{Report, Stats};
use crate::secrets::{Secret, secrets};
use crate::source::Skip;
pub use paint::is_colour;
use summary::{Totals, totals};

/// A report, with its findings grouped into secrets.
#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    folder: Option<&'a str>,
    summary: Totals<'a>,
    secrets: Vec<Secret<'a>>,
    findings: &'a [Finding],
    usages: &'a [Usage],
    stats: Stats,
    skipped: &'a [Skip],
}

/// The documented JSON form, version 1.
pub fn json(report: &Report) -> String {
    let document = Document {
        version: report.version,
        folder: report.folder.as_deref(),
        summary: totals(report),
        secrets: secrets(&report.findings),
        findings: &report.findings,
        usages: &report.usages,
        stats: report.stats,
        skipped: &report.skipped,
    };
    let text = serde_json::to_string_pretty(&document).expect("a report has nothing that JSON lacks");
    shown::json(&text).into_owned()
}
