//! The embedded CRM as its callers see it: every test goes through `Portal::handle`.
//!
//! What a single function does is tested beside it; here stand the promises of a whole call.

mod associations;
mod bad_input;
mod batches;
mod collections;
mod definitions;
mod durability;
mod legacy;
mod objects;
mod refill;
mod search;
mod support;
