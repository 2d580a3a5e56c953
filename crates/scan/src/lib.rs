//! From files to findings and usages: the second of the two roads in docs/ARCHITECTURE.md.
//!
//! `source`, the only part that does IO, reads texts. `prefilter` discards nearly all of them. `detect` finds credentials
//! and calls in the rest. `judge` decides which are findings, and masks them. `report` writes them.

pub mod baseline;
mod code;
pub mod context;
pub mod detect;
pub mod finding;
pub mod fix;
pub mod judge;
pub mod prefilter;
pub mod report;
pub mod rules;
pub mod scan;
pub mod secrets;
pub mod shape;
pub mod source;
mod stems;
pub mod text;
