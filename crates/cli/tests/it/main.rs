//! The program as a user has it: the real binary, a folder of its own, a port of its own.

/// The admin API over TCP.
mod admin_api;
/// The life of an app and its tokens, over the command line and the data listener.
mod apps;
/// Accounts whose calls go to HubSpot.
mod connection;
/// What is covered of HubSpot's API.
mod coverage;
/// Causes of calls that failed.
mod doctor;
/// The embedded account as a test double.
mod double;
/// What a new user does first.
mod first_screen;
/// Code that is rewritten.
mod fix;
mod harness;
/// One app for each integration.
mod plan;
/// Finding keys and calls in files.
mod scan;
