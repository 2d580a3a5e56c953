//! Advice: conclusions from the findings of a scan (`plan`), from a scan and the calls since (`board`), and from calls that failed (`doctor`).
//!
//! Pure, as `core` is: no IO, no waiting, no clock and no randomness. No call through the gateway needs this crate.

pub mod board;
pub mod doctor;
pub mod plan;
