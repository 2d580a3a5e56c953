//! Plans and diagnoses, whole.

/// Causes of calls that failed.
mod doctor;
/// Plans, whole.
mod plan;
/// How the doctor reads refusals.
mod refusals;
