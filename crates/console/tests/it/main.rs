//! The console from outside.

/// The pages as clients of the admin API.
mod pages;
