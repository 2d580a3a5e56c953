//! Which calls need a person's approval, and what a person is shown of them.
//!
//! Pure: the rule and the call come in; whether the rule fits, which records the call names, and what it changes of
//! them come out. Reading the records and keeping the approval are the gateway's.

mod body;
mod change;
mod intent;
mod reading;
mod rule;

pub use body::{BODY_BYTES_MAX, BodyError, canonical};
pub use change::{Change, Changed, Property, State, Unread};
pub use intent::{Intent, Step};
pub use reading::{Read, reads};
pub use rule::{OPERATIONS_MAX, Rule, RuleError, Subject};

#[cfg(test)]
mod tests;
