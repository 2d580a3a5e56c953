//! The program as a user has it: the real binary, a folder of its own, a port of its own.

/// The admin API over TCP.
mod admin_api;
/// The life of an app and its tokens, over the command line and the data listener.
mod apps;
/// The record of changes, and requests that are sent again.
mod changes;
/// Accounts whose calls go to HubSpot.
mod connection;
/// What a new user does first.
mod first_screen;
mod harness;
/// Every operation of the admin API for every role and for nobody.
mod roles;
/// Finding keys and calls in files.
mod scan;
/// Signing in, and what attackers try there.
mod sign_in;
