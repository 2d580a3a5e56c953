//! Reports: one scan, written for a person, a program or a client.

pub mod human;

use crate::scan::Report;

/// The documented JSON form, version 1.
pub fn json(report: &Report) -> String {
    serde_json::to_string_pretty(report).expect("a report has nothing that JSON lacks")
}
