//! Performs a call. A short call runs on the thread that received it, when it is its turn; every other call runs
//! on a worker.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::Method;
use keyway_core::error_body::ErrorBody;
use keyway_core::refusal::Refusal;
use keyway_objects::call::{Call, Reply};
use keyway_objects::request::{Query, Request};
use keyway_objects::route::{Family, Route};
use keyway_objects::settle::settle;
use keyway_objects::state::State;
use keyway_objects::tx::Tx;
use keyway_objects::webhooks::{self, Notice};
use keyway_objects::work::{Exceeded, STEPS_MAX, Work};
use keyway_objects::{crm, sensitive};
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard};
use tokio::time::timeout;

use crate::account::{Account, Turn, busy, no_account};
use crate::collections::Made;
use crate::durable::Log;
use crate::workers::Workers;
use crate::{collections, legacy};

/// Largest number of steps of a call on the thread that received it, about five milliseconds. A call that needs
/// more starts again on a worker.
const HERE_STEPS_MAX: u64 = 100_000;
/// Bytes of the body of such a call.
const HERE_BYTES_MAX: usize = 32 << 10;

/// The function that gets webhook notices.
pub type Listener = Box<dyn Fn(Notice) + Send + Sync>;

/// A call that was performed.
pub struct Done {
    /// The answer. It may be sent once its position is durable.
    pub answer: Result<Reply, ErrorBody>,
    /// The position in the log that the answer waits for.
    pub position: u64,
    /// Whether webhook notices wait for that position too.
    pub tells: bool,
}

impl Done {
    const fn refused(error: ErrorBody) -> Self {
        Self { answer: Err(error), position: 0, tells: false }
    }
}

/// What a worker did of a call in one turn.
enum Step {
    /// All of it.
    Done(Done),
    /// It needs the account in the other way: alone where it was shared, and shared where it was alone. With what was made
    /// of the call before.
    Next(Option<Made>),
}

/// What performing a call needs beside the account.
#[derive(Clone)]
pub struct Desk {
    pub log: Log,
    pub listener: Arc<OnceLock<Listener>>,
    /// Turns true when the server ends.
    pub stopping: Arc<AtomicBool>,
    /// How long a call waits for its turn.
    pub patience: Duration,
}

impl Desk {
    /// Performs a call on this thread; none where it may take long. While others have the account, the call waits for its
    /// turn without the thread.
    ///
    /// # Errors
    /// Its turn did not come in time.
    pub async fn here(&self, account: &Account, call: &Call) -> Result<Option<Done>, ErrorBody> {
        if !is_probably_short(call) || !account.is_begun_here() {
            return Ok(None);
        }
        let work = Work::new(HERE_STEPS_MAX, self.stopping.clone());
        let late = |_| busy(call.hub_id);
        // On the heap: most calls don't wait, and don't need the room for it.
        let done = if is_read(call) {
            let state = match account.shared_now() {
                Some(state) => state,
                None => Box::pin(timeout(self.patience, account.shared())).await.map_err(late)?,
            };
            self.read(&state, call, &work)
        } else {
            let mut state = match account.alone_now() {
                Some(state) => state,
                None => Box::pin(timeout(self.patience, account.alone())).await.map_err(late)?,
            };
            if collections::is_waiting(&state) { None } else { Some(self.write(account, &mut state, call, None, &work)) }
        };
        let Some(done) = done else { return Ok(None) };
        let short = work.exceeded() != Some(Exceeded::Steps);
        account.was_short(short);
        // Of what took too long nothing was changed: checks come before changes.
        Ok(short.then_some(done))
    }

    /// Performs a call on a worker, when it is its turn.
    ///
    /// # Errors
    /// Its turn did not come in time.
    pub async fn on_a_worker(&self, workers: &Workers, account: Arc<Account>, call: Call) -> Result<Done, ErrorBody> {
        let hub_id = call.hub_id;
        let call = Arc::new(call);
        let has_file = collections::is_export(&call) || collections::is_import(&call);
        let (mut shared, mut made) = (is_read(&call) || has_file, None);
        // A worker goes on with a file whose client hangs up, and keeps its place.
        let file = if has_file { Some(timeout(self.patience, account.file()).await.map_err(|_| busy(hub_id))?) } else { None };
        let file = Arc::new(file);
        loop {
            let turn = async {
                let (own, turn) = account.turn(shared).await;
                (own, turn, workers.place().await)
            };
            let (own, turn, place) = timeout(self.patience, turn).await.map_err(|_| busy(hub_id))?;
            let (desk, account, call, file) = (self.clone(), account.clone(), call.clone(), file.clone());
            let step = place.run(move || {
                let work = Work::new(STEPS_MAX, desk.stopping.clone());
                let step = match turn {
                    Turn::Shared(state) => desk.beside(&account, state, &call, &work),
                    Turn::Alone(state) => desk.alone(&account, state, &call, made, &work),
                };
                if is_probably_short(&call) && work.used_at_most(HERE_STEPS_MAX, STEPS_MAX) {
                    account.was_short(true);
                }
                drop((own, file));
                step
            });
            match step.await {
                Ok(Step::Done(done)) => return Ok(done),
                Ok(Step::Next(next)) => (shared, made) = (!shared, next),
                Err(_) => return Err(Refusal::Internal.error("the call could not be performed")),
            }
        }
    }

    /// Performs what a call needs beside others that read: all of a read, and the file of an export or an import.
    fn beside(&self, account: &Account, state: OwnedRwLockReadGuard<State>, call: &Call, work: &Work) -> Step {
        let is_import = collections::is_import(call);
        if !is_import && !collections::is_export(call) {
            return self.read(&state, call, work).map_or(Step::Next(None), Step::Done);
        }
        // The file of an export has the records of the app's own imports.
        if !is_import && collections::is_awaited(&state, call) && !self.stopping.load(Ordering::Relaxed) {
            return Step::Next(None);
        }
        let position = state.position;
        let made = if is_import { self.import(state, call, work) } else { self.export(account, state, call, work) };
        match made {
            Ok(made) => Step::Next(Some(made)),
            Err(refused) => Step::Done(Done { answer: Err(refused), position, tells: false }),
        }
    }

    /// Makes the file of an export, as far as a record that changes meanwhile allows: each has its row as it is when the
    /// row is written. Others have the account between two parts.
    fn export(&self, account: &Account, mut state: OwnedRwLockReadGuard<State>, call: &Call, work: &Work) -> Result<Made, ErrorBody> {
        self.is_served(&state, call)?;
        let mut export = collections::begin_export(call, &state, work)?;
        while !export.part(&state, work)? {
            drop(state);
            state = account.shared_again();
            self.is_served(&state, call)?;
        }
        drop(state);
        export.made(work).map(|made| Made::Export(Box::new(made)))
    }

    /// Reads an import that was sent. Others have the account meanwhile.
    fn import(&self, state: OwnedRwLockReadGuard<State>, call: &Call, work: &Work) -> Result<Made, ErrorBody> {
        self.is_served(&state, call)?;
        drop(state);
        collections::read_import(call, work)
    }

    /// Performs a call whose turn it is. The app that sent an import waits for the end of it; others have the account
    /// between its parts.
    fn alone(&self, account: &Account, mut state: OwnedRwLockWriteGuard<State>, call: &Call, made: Option<Made>, work: &Work) -> Step {
        let mut tells = false;
        while collections::is_awaited(&state, call) && !self.stopping.load(Ordering::Relaxed) && self.is_served(&state, call).is_ok() {
            let mut tx = Tx::new(&mut state);
            perform_part(call, &mut tx);
            tells |= self.keep(account, tx, call).1;
            drop(state);
            state = account.alone_again();
        }
        if made.is_none() && collections::is_export(call) {
            return Step::Next(None);
        }
        let done = self.write(account, &mut state, call, made, work);
        Step::Done(Done { tells: done.tells || tells, ..done })
    }

    /// Performs a call that changes nothing; none where it is another, or where a change is to be made
    /// before it.
    fn read(&self, state: &State, call: &Call, work: &Work) -> Option<Done> {
        if let Err(refused) = self.is_served(state, call) {
            return Some(Done::refused(refused));
        }
        if collections::is_waiting(state) {
            return None;
        }
        let answer = match Route::parse(&call.path) {
            Some(route) => crm::read(&request(call, &route, work), &call.method, &route, state)?,
            None => collections::read(call, state, work)?,
        };
        Some(Done { answer: within(work, answer), position: state.position, tells: false })
    }

    /// Performs a call. With what was made of it before, it keeps that.
    fn write(&self, account: &Account, state: &mut State, call: &Call, made: Option<Made>, work: &Work) -> Done {
        if let Err(refused) = self.is_served(state, call) {
            return Done::refused(refused);
        }
        let mut tx = Tx::within(state, work);
        let answer = match made {
            Some(made) => {
                perform_part(call, &mut tx);
                collections::keep(call, &mut tx, made)
            }
            None => within(work, answer(call, &mut tx)),
        };
        let (position, tells) = self.keep(account, tx, call);
        Done { answer, position, tells }
    }

    /// Appends the changes to the log, and keeps their webhook notices. Returns the position of the changes,
    /// and whether there are notices.
    fn keep(&self, account: &Account, mut tx: Tx<'_>, call: &Call) -> (u64, bool) {
        let notices = webhooks::notices(&mut tx, call);
        let position = self.append(tx);
        let tells = self.listener.get().is_some() && !notices.is_empty();
        if tells {
            account.keep_untold(position, notices);
        }
        (position, tells)
    }

    fn is_served(&self, state: &State, call: &Call) -> Result<(), ErrorBody> {
        if state.is_deleted {
            return Err(no_account(call.hub_id));
        }
        // A read could show changes that were never made durable.
        self.log.check_writable()?;
        sensitive::decide(state, call)
    }

    /// Appends a call's changes to the log. Returns the position that a reader of the state must wait for.
    pub fn append(&self, tx: Tx<'_>) -> u64 {
        if !tx.changes.is_empty() {
            tx.state.written += tx.changes.len() as u64;
            tx.state.position = self.log.append(tx.changes);
        }
        tx.state.position
    }

    /// Calls that are performed now end soon: nobody waits for them any more.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }
}

/// The answer, or why it could not be finished, whatever the call made of that.
fn within(work: &Work, answer: Result<Reply, ErrorBody>) -> Result<Reply, ErrorBody> {
    work.exceeded().map_or(answer, |exceeded| Err(exceeded.into()))
}

/// Whether a serving thread may begin a call.
fn is_probably_short(call: &Call) -> bool {
    call.body.len() <= HERE_BYTES_MAX && (is_read(call) || is_short(call))
}

/// Whether a call may be one that `crm::read` performs.
fn is_read(call: &Call) -> bool {
    let last = call.path.segments().next_back().unwrap_or_default();
    call.method == Method::GET || (call.method == Method::POST && ["search", "read", "idmapping"].contains(&last))
}

/// Whether a call that changes something is probably short. Calls of these families charge their steps before
/// they change anything.
fn is_short(call: &Call) -> bool {
    Route::parse(&call.path).is_some_and(|route| matches!(route.family, Family::Objects | Family::Associations))
}

/// Answers a call; what it changes is in `tx`. A part of an import that waits is done before.
pub fn answer(call: &Call, tx: &mut Tx<'_>) -> Result<Reply, ErrorBody> {
    perform_part(call, tx);
    let answer = served(call, tx).unwrap_or_else(|| Err(not_served(call)));
    settle(tx, call.now);
    answer
}

/// Does the next part of an import that waits.
fn perform_part(call: &Call, tx: &mut Tx<'_>) {
    collections::perform_part(call, tx);
    settle(tx, call.now);
    tx.note_import();
}

/// The same as `answer`; nothing where the path and method are not served.
pub fn served(call: &Call, tx: &mut Tx<'_>) -> Option<Result<Reply, ErrorBody>> {
    let Some(route) = Route::parse(&call.path) else { return legacy::answer(call, tx, answer).or_else(|| collections::answer(call, tx)) };
    let answer = crm::answer(&request(call, &route, tx.work), &call.method, &route, tx);
    // The splits of deals stand among the paths of objects.
    answer.or_else(|| collections::answer(call, tx))
}

fn request<'a>(call: &'a Call, route: &Route<'a>, work: &'a Work) -> Request<'a> {
    Request {
        app_id: call.app_id,
        now: call.now,
        source: "INTEGRATION",
        version: route.version,
        base: &call.base,
        path: call.path.as_str(),
        query: Query::parse(call.query.as_deref()),
        body: &call.body,
        by: call.by.as_ref(),
        work,
    }
}

fn not_served(call: &Call) -> ErrorBody {
    Refusal::NotServed.error(format!(
        "{} {} is in HubSpot's catalog, but the embedded account does not serve it",
        call.method,
        call.path.as_str()
    ))
}

#[cfg(test)]
mod tests;
