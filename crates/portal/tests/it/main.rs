//! The embedded CRM as its callers see it: every test goes through `Portal::handle`.
//!
//! What a single function does is tested beside it; here stand the promises of a whole call.

mod associations;
mod automatic;
mod automation;
mod bad_input;
mod batches;
mod calculated;
mod collections;
mod content;
mod conversations;
mod custom;
mod definitions;
mod differences;
mod durability;
mod every_operation;
mod exports;
mod extensions;
mod factories;
mod forms;
mod imports;
mod journal;
mod labels;
mod legacy;
mod legacy_writes;
mod lists;
mod marketing;
mod marketing_events;
mod model;
mod models;
mod modules;
mod objects;
mod occurrences;
mod old_email;
mod pipelines;
mod properties;
mod refill;
mod scheduler;
mod search;
mod site;
mod support;
mod validation_errors;
mod webhooks;
mod work;
mod writes;
