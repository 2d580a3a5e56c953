//! Cassettes: files of recorded calls and their answers, masked.
//!
//! `proxy` forwards the calls of a client and copies what passes, and `tape` masks and writes it. `entry` reads the file,
//! `start` finds what the recorded account held at the start, `replay` sends that and the recorded calls to an embedded
//! account, and `compare` compares the answers. `ids` maps the cassette's ids to ids of the account.

mod compare;
mod entry;
mod ids;
mod proxy;
mod replay;
mod start;
mod tape;

pub use compare::Difference;
pub use entry::{Entry, Request, Response, read};
pub use ids::{Ids, kinds_of};
pub use proxy::Proxy;
pub use replay::{Made, Replayed, Session};
pub use start::Start;
pub use tape::{Tape, Written};
