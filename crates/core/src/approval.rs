//! Which calls need a person's approval, and what the person sees of them.
//!
//! Pure: the input is the rule and the call. The output is whether the rule applies, which records the call names, and how it
//! changes them. The gateway reads the records and stores the approval.

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
