//! The pipeline from outside: raw requests in, HubSpot's answers out, each of them on record.
//!
//! `harness` starts a real listener over a real portal; the other files are the specification.

/// What becomes of answers and refusals on their way to the client.
mod answers;
/// What has ended by a day, refused as of it.
mod as_of;
/// Requests put together at random.
mod between;
/// How much of request bodies is held in memory.
mod bodies;
/// Requests of the clients in use.
mod clients;
mod edge;
/// The bytes of refusals, written down.
mod golden;
mod harness;
/// Bytes that are not a request.
mod hostile;
/// Which module may use which.
mod modules;
/// The forward proxy: what it opens, tunnels and refuses.
mod proxy;
/// What the record of a call says.
mod records;
/// What is refused before it reaches the backend, and how.
mod refusals;
/// Sessions and classes of operations.
mod sessions;
/// Answers that nobody reads.
mod unread;
