//! The program as a user has it: the real binary, a folder of its own, a port of its own.

/// What was done in an account, as HubSpot tells it.
mod activity;
/// The admin API over TCP.
mod admin_api;
/// Agents that come over OAuth.
mod agents;
/// A file as the register of apps.
mod app_credentials;
mod apply;
mod apply_channels;
/// Calls that need a person's approval.
#[cfg(target_os = "linux")]
mod approvals;
/// The life of an app and its tokens, over the command line and the data listener.
mod apps;
/// What a scope covers beside the path.
mod beside;
/// What a file and the environment say that a server has.
mod bootstrap;
/// How many calls there were.
mod calls;
/// The record of changes, and requests that are sent again.
mod changes;
/// Completions as shells ask for them.
mod completion;
/// Settings files.
mod configured;
/// Accounts whose calls go to HubSpot.
mod connection;
/// The console's pages and the roles they are open to.
mod console_roles;
/// What is covered of HubSpot's API.
mod coverage;
/// A data folder is one thing.
mod data_folder;
mod deletion;
/// New tokens written to the files where integrations read them.
mod deliveries;
/// Causes of calls that failed.
mod doctor;
/// The embedded account as a test double.
mod double;
/// A command beside an embedded account of its own.
mod exec;
/// What a new user does first.
mod first_screen;
/// Code that is rewritten.
mod fix;
mod har;
mod harness;
/// The admin listener under host names of its own and of others.
mod hosts;
/// Files in and out: imports and exports.
mod imports;
/// From nothing to a first call.
mod init;
/// `--json`.
mod json_option;
/// Links in HubSpot's answers.
mod links;
/// What the server logs.
mod logs;
/// What the command line says to people.
mod manners;
/// How far integrations are, by reports, apps and calls.
mod migration;
/// Notifications at receivers of the test's own, and the lifetime of tokens.
mod notify;
mod notify_hold;
#[cfg(target_os = "linux")]
mod notify_kinds;
/// The console's pages on people, admin tokens and changes.
mod people_pages;
/// One app for each integration.
mod plan;
/// Clients behind proxies.
mod proxied;
mod pull;
/// The commands that refusals name.
mod refusals;
mod repeat;
/// Every operation of the admin API for every role and for nobody.
mod roles;
/// Finding keys and calls in files.
mod scan;
/// Sensitive properties.
mod sensitive;
/// Sessions of apps, their budgets, and classes of operations.
mod sessions;
/// Signing in, and what attackers try there.
mod sign_in;
/// SIGHUP.
mod signals;
/// Strict mode and the report of a run of tests.
mod strict;
/// Probes and supervisors.
mod supervised;
mod terminal;
mod terminals;
/// Which CRM records a call touched, as the audit tells it.
mod touched;
/// Calls that the catalog does not list.
mod unlisted;
/// Uploads to connected accounts that come slowly.
mod uploads;
/// Webhooks, at a receiver of the test's own.
mod webhooks;
/// Errors, lists and columns.
mod words;
