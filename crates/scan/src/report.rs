//! Reports: one scan, written for a person, a program or a client.

mod escape;
pub mod html;
pub mod human;
pub mod junit;
pub mod markdown;
pub mod sarif;
pub mod summary;

use crate::scan::Report;

/// The documented JSON form, version 1.
pub fn json(report: &Report) -> String {
    serde_json::to_string_pretty(report).expect("a report has nothing that JSON lacks")
}
