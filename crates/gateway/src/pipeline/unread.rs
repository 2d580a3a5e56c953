//! Counts the answers that are in memory whole until their clients take them.
//!
//! Answers of embedded accounts are, and so are HubSpot's short ones while links are looked for in them. An
//! embedded account performs no call of an app while too much is held for it. An answer to a read that finds
//! no room is let go and refused: it can be asked for again. A change that was performed keeps its answer, so
//! that nobody is left in doubt about it; the calls after it are refused before they are performed. HubSpot's
//! answer that finds no room streams instead.

use std::sync::Arc;

use bytes::Bytes;
use keyway_core::catalog::Operation;
use keyway_core::error_body::ErrorBody;
use keyway_core::refusal::Refusal;

use crate::backend::{BackendReply, Reply};
use crate::held::{Budget, Charge, Spent};

/// Bytes of answers that wait for all clients of the data listener and the forward proxy, and for those of
/// one app: five pages of a hundred contacts with a text of 65 KB each.
const ALL_BYTES_MAX: usize = 128 << 20;
const APP_BYTES_MAX: usize = 32 << 20;
/// Bytes of one answer that are not counted: a socket takes them at once.
const FREE_BYTES: usize = 16 << 10;
/// Seconds after which a client may send its call again: one that takes nothing is given up after thirty.
const RETRY_AFTER_S: i64 = 5;

/// The answers of all apps that are not taken yet.
#[derive(Debug)]
pub(super) struct Unread(Arc<Budget>);

impl Default for Unread {
    fn default() -> Self {
        Self(Arc::new(Budget::new(ALL_BYTES_MAX, APP_BYTES_MAX, 0)))
    }
}

impl Unread {
    /// Bytes that are held now.
    pub(super) fn held(&self) -> usize {
        self.0.held()
    }

    /// Whether an embedded account may perform another call of an app.
    ///
    /// # Errors
    /// A 503: too much is held for the app, or for all of them.
    pub(super) fn check(&self, app_id: u64) -> Result<(), ErrorBody> {
        self.0.check(Some(app_id)).map_err(refused)
    }

    /// Counts the answer of an embedded account until it is taken.
    ///
    /// # Errors
    /// A 503: there is no room for it, and nothing was changed.
    pub(super) fn hold(&self, app_id: u64, operation: &Operation, reply: Reply) -> Result<Reply, ErrorBody> {
        match reply {
            Reply::Whole(BackendReply { status, body }) if body.len() > FREE_BYTES => {
                let mut charge = Charge::new(self.0.clone(), Some(app_id));
                if operation.read_only {
                    charge.grow_to(body.len()).map_err(refused)?;
                } else {
                    charge.grow_past(body.len());
                }
                Ok(Reply::Whole(BackendReply { status, body: charge.over(body) }))
            }
            other => Ok(other),
        }
    }

    /// What counts HubSpot's answer until it is taken; nothing where there is no room for more, and it must stream.
    pub(super) fn relayed(&self, app_id: u64) -> Option<impl FnOnce(Bytes) -> Bytes> {
        self.check(app_id).ok()?;
        Some(move |body: Bytes| {
            if body.len() <= FREE_BYTES {
                return body;
            }
            let mut charge = Charge::new(self.0.clone(), Some(app_id));
            charge.grow_past(body.len());
            charge.over(body)
        })
    }
}

fn refused(spent: Spent) -> ErrorBody {
    let (whose, bytes) = match spent {
        Spent::All => ("all apps", ALL_BYTES_MAX),
        Spent::Part(bytes) => ("this app", bytes),
    };
    let message = format!(
        "Answers to {whose} wait for clients that do not read them, and take as much memory as they may, {} MiB. Keyway did not perform this call. Read the answers or close their connections, and send the call again in some seconds.",
        bytes >> 20
    );
    Refusal::AnswersBudget.error(message).retry_after(RETRY_AFTER_S)
}

#[cfg(test)]
mod tests {
    use keyway_core::catalog::Catalog;

    use super::*;

    fn answer(bytes: usize) -> Reply {
        BackendReply { status: 200, body: vec![0; bytes].into() }.into()
    }

    /// An operation that changes nothing, or one that does.
    fn operation(read_only: bool) -> &'static Operation {
        Catalog::get().operations().iter().find(|operation| operation.read_only == read_only).unwrap()
    }

    #[test]
    fn an_answer_to_a_read_that_finds_no_room_is_refused_and_not_held() {
        let unread = Unread::default();
        let first = unread.hold(1, operation(true), answer(APP_BYTES_MAX - 1)).unwrap();
        assert_eq!(unread.check(1), Ok(()));
        let refused = unread.hold(1, operation(true), answer(FREE_BYTES + 1)).unwrap_err();
        assert_eq!((refused.status, refused.category, refused.retry_after_s), (503, "ANSWERS_BUDGET", Some(5)));
        assert_eq!(unread.held(), APP_BYTES_MAX - 1);
        assert!(unread.hold(2, operation(true), answer(FREE_BYTES + 1)).is_ok(), "another app");
        drop(first);
        assert_eq!(unread.held(), 0);
        assert!(unread.hold(1, operation(true), answer(FREE_BYTES + 1)).is_ok());
    }

    #[test]
    fn a_change_keeps_its_answer_and_the_next_call_is_refused_before_it_is_performed() {
        let unread = Unread::default();
        let _first = unread.hold(1, operation(false), answer(APP_BYTES_MAX - 1)).unwrap();
        let second = unread.hold(1, operation(false), answer(100_000)).unwrap();
        assert_eq!(unread.check(1).unwrap_err().status, 503);
        drop(second);
        assert_eq!(unread.check(1), Ok(()));
    }

    #[test]
    fn all_apps_together_have_a_most_as_well() {
        let unread = Unread::default();
        let held: Vec<Reply> = (0..4).map(|app| unread.hold(app, operation(true), answer(APP_BYTES_MAX)).unwrap()).collect();
        assert!(unread.check(9).unwrap_err().message.contains("all apps"));
        assert!(unread.relayed(9).is_none(), "HubSpot's answers stream");
        drop(held);
        assert_eq!((unread.check(9), unread.held()), (Ok(()), 0));
        let relayed = unread.relayed(9).unwrap()(vec![0; FREE_BYTES + 1].into());
        assert_eq!((unread.held(), relayed.len()), (FREE_BYTES + 1, FREE_BYTES + 1));
    }

    #[test]
    fn a_short_answer_is_not_counted() {
        let unread = Unread::default();
        let _held = (unread.hold(1, operation(true), answer(FREE_BYTES)).unwrap(), unread.relayed(1).unwrap()(vec![0; FREE_BYTES].into()));
        assert_eq!(unread.held(), 0);
    }
}
