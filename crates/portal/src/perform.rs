//! Performs a call. A short call on a free account runs at once on the thread that received it; every other
//! call runs on a worker.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::Method;
use keyway_core::error_body::ErrorBody;
use keyway_core::refusal::Refusal;
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

use crate::account::{Account, Turn, busy};
use crate::collections::Made;
use crate::durable::Log;
use crate::workers::Workers;
use crate::{Call, Reply, collections, legacy};

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
    /// Performs a call on this thread; none where it may take long or has to wait.
    pub fn here(&self, account: &Account, call: &Call) -> Option<Done> {
        if !is_probably_short(call) || !account.is_begun_here() {
            return None;
        }
        let work = Work::new(HERE_STEPS_MAX, self.stopping.clone());
        let done = if is_read(call) {
            self.read(&*account.shared_now()?, call, &work)
        } else {
            let mut state = account.alone_now()?;
            if collections::is_waiting(&state) { None } else { Some(self.write(account, &mut state, call, None, &work)) }
        };
        let done = done?;
        let short = work.exceeded() != Some(Exceeded::Steps);
        account.was_short(short);
        // Of what took too long nothing was changed: checks come before changes.
        short.then_some(done)
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
            return Err(crate::no_account(call.hub_id));
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
    let last = call.path.segments().last().unwrap_or_default();
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
    let Some(route) = Route::parse(&call.path) else { return legacy::answer(call, tx).or_else(|| collections::answer(call, tx)) };
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
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use bytes::Bytes;
    use keyway_core::path::NormalPath;
    use keyway_core::time::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::{AccountSettings, Portal, Storage};

    const CONTACTS: &str = "/crm/v3/objects/contacts";

    async fn portal(patience: Duration) -> Portal {
        let mut portal = Portal::open(Storage::Ephemeral).await.unwrap();
        portal.desk.patience = patience;
        for hub_id in [1, 2] {
            let (time_zone, currency, tier, name) = ("UTC".into(), "USD".into(), "free".into(), String::new());
            let settings = AccountSettings { time_zone, currency, tier, created_at: Timestamp::from_ms(0), name };
            portal.create_account(hub_id, settings).await.unwrap();
        }
        portal
    }

    fn call(hub_id: u64, method: Method, path: &str, body: impl Into<Bytes>) -> Call {
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query.to_owned())));
        let (path, body) = (NormalPath::parse(path).unwrap(), body.into());
        let (now, base) = (Timestamp::from_ms(1), "http://127.0.0.1".into());
        Call { hub_id, app_id: 1, user_id: 1, method, path, query, body, now, by: None, base }
    }

    fn read(hub_id: u64) -> Call {
        call(hub_id, Method::GET, CONTACTS, "")
    }

    fn create(hub_id: u64, text: &str) -> Call {
        call(hub_id, Method::POST, CONTACTS, json!({ "properties": { "firstname": text } }).to_string())
    }

    /// Polls a future once, as a thread does that has other connections to serve.
    fn once<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) -> Option<T> {
        match future.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }

    #[tokio::test]
    async fn a_call_waits_for_its_account_and_others_go_on() {
        let portal = portal(Duration::from_secs(60)).await;
        let account = portal.account(1).unwrap();
        let held = account.alone().await;
        let (mut reading, mut writing) = (pin!(portal.handle(read(1))), pin!(portal.handle(create(1, "a"))));
        assert!(once(reading.as_mut()).is_none() && once(writing.as_mut()).is_none());
        assert_eq!(once(pin!(portal.handle(create(2, "b")))).unwrap().unwrap().status, 201);
        assert_eq!(once(pin!(portal.handle(read(2)))).unwrap().unwrap().status, 200);
        drop(held);
        assert_eq!((reading.await.unwrap().status, writing.await.unwrap().status), (200, 201));
    }

    #[tokio::test]
    async fn calls_that_read_go_on_beside_one_that_reads_for_long() {
        let portal = portal(Duration::from_secs(60)).await;
        let account = portal.account(1).unwrap();
        let held = account.turn(true).await;
        assert_eq!(once(pin!(portal.handle(read(1)))).unwrap().unwrap().status, 200);
        let mut writing = pin!(portal.handle(create(1, "a")));
        assert!(once(writing.as_mut()).is_none());
        drop(held);
        assert_eq!(writing.await.unwrap().status, 201);
    }

    #[tokio::test]
    async fn a_call_whose_turn_does_not_come_is_told_to_try_again() {
        let portal = portal(Duration::from_millis(20)).await;
        let account = portal.account(1).unwrap();
        let _held = account.alone().await;
        let refused = portal.handle(create(1, "a")).await.unwrap_err();
        assert_eq!((refused.status, refused.retry_after_s), (503, Some(2)));
        // Nor does one that waits for a worker behind others of its account.
        let account = portal.account(2).unwrap();
        let _places = (account.turn(true).await, account.turn(true).await);
        let lists = call(2, Method::GET, "/crm/v3/properties/contacts", "");
        assert_eq!(portal.handle(lists).await.unwrap_err().status, 503);
    }

    #[tokio::test]
    async fn a_call_that_takes_more_steps_than_a_serving_thread_gives_is_performed_by_a_worker() {
        let portal = portal(Duration::from_secs(60)).await;
        let account = portal.account(1).unwrap();
        for _ in 0..20 {
            assert_eq!(portal.handle(create(1, &"x".repeat(65_000))).await.unwrap().status, 201);
        }
        let page = || call(1, Method::GET, "/crm/v3/objects/contacts?limit=20&properties=firstname", "");
        assert!(portal.desk.here(&account, &page()).is_none(), "1.3 MB are not written here");
        assert!(portal.handle(page()).await.unwrap().body.len() > 1_300_000);
        assert!(portal.desk.here(&account, &read(1)).is_some());
    }

    #[tokio::test]
    async fn an_account_whose_calls_are_mostly_long_is_left_to_workers_until_they_are_short_again() {
        let portal = portal(Duration::from_secs(60)).await;
        let account = portal.account(1).unwrap();
        for _ in 0..20 {
            assert_eq!(portal.handle(create(1, &"x".repeat(65_000))).await.unwrap().status, 201);
        }
        let mut begun = 0;
        while account.is_begun_here() {
            let page = call(1, Method::GET, "/crm/v3/objects/contacts?limit=20&properties=firstname", "");
            assert!(portal.desk.here(&account, &page).is_none());
            begun += 1;
        }
        assert!(begun <= 4, "{begun} long calls were begun on a serving thread");
        assert!(portal.desk.here(&account, &read(1)).is_none(), "nor is a short one");
        while !account.is_begun_here() {
            assert_eq!(portal.handle(read(1)).await.unwrap().status, 200);
        }
        assert!(portal.desk.here(&account, &read(1)).is_some());
        // Other accounts are not concerned.
        assert!(portal.desk.here(&portal.account(2).unwrap(), &read(2)).is_some());
    }

    #[tokio::test]
    async fn a_change_that_takes_too_many_steps_here_is_made_once() {
        let portal = portal(Duration::from_secs(60)).await;
        let company = call(1, Method::POST, "/crm/v3/objects/companies", r#"{"properties":{"name":"Acme"}}"#);
        let made: serde_json::Value = serde_json::from_slice(&portal.handle(company).await.unwrap().body).unwrap();
        let link = json!({ "to": { "id": made["id"] }, "types": [{ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279 }] });
        let body = json!({ "inputs": [{ "properties": {}, "associations": vec![link; 300] }, { "properties": {} }] });
        let account = portal.account(1).unwrap();
        let inputs: Vec<_> = (0..4).map(|_| body["inputs"][0].clone()).collect();
        let batch = || call(1, Method::POST, "/crm/v3/objects/contacts/batch/create", json!({ "inputs": inputs }).to_string());
        assert!(portal.desk.here(&account, &batch()).is_none());
        assert_eq!(portal.handle(batch()).await.unwrap().status, 201);
        let found: serde_json::Value = serde_json::from_slice(&portal.handle(read(1)).await.unwrap().body).unwrap();
        assert_eq!(found["results"].as_array().unwrap().len(), 4);
    }

    /// Sends an import of contacts, which begins with the next call.
    async fn import(portal: &Portal, count: usize) {
        portal.handle(import_of("0-1", "firstname", count)).await.unwrap();
    }

    fn import_of(object_type: &str, property: &str, count: usize) -> Call {
        let request = json!({ "name": "i", "files": [{ "fileName": "a.csv", "fileImportPage": { "columnMappings": [
            { "columnObjectTypeId": object_type, "columnName": property, "propertyName": property } ] } }] });
        let rows: String = (0..count).map(|at| format!("n{at}\n")).collect();
        let form = format!(
            "--b\r\nContent-Disposition: form-data; name=\"importRequest\"\r\n\r\n{request}\r\n--b\r\nContent-Disposition: form-data; name=\"files\"; filename=\"a.csv\"\r\n\r\n{property}\n{rows}\r\n--b--\r\n"
        );
        call(1, Method::POST, "/crm/v3/imports", form)
    }

    /// Makes an object type with one property.
    fn schema() -> Call {
        let plate = json!({ "name": "plate", "label": "Plate", "type": "string", "fieldType": "text" });
        let labels = json!({ "singular": "Car", "plural": "Cars" });
        let car = json!({ "name": "car", "labels": labels, "primaryDisplayProperty": "plate", "properties": [plate] });
        call(1, Method::POST, "/crm/v3/schemas", car.to_string())
    }

    #[tokio::test]
    async fn others_have_the_account_while_the_files_of_an_import_are_read() {
        let portal = portal(Duration::from_secs(60)).await;
        let account = portal.account(1).unwrap();
        let held = account.alone().await;
        // Both are in line for the account, the import first. It needs the type that the other call makes.
        let (mut importing, mut defining) = (pin!(portal.handle(import_of("p_car", "plate", 5_000))), pin!(portal.handle(schema())));
        assert!(once(importing.as_mut()).is_none() && once(defining.as_mut()).is_none());
        drop(held);
        let (imported, defined) = tokio::join!(importing, defining);
        assert_eq!((imported.unwrap().status, defined.unwrap().status), (200, 201));
        // The call that does its first part does not read the files again.
        assert!(account.shared().await.importing.is_some());
    }

    #[tokio::test]
    async fn an_import_that_is_no_form_is_refused_without_a_turn_alone() {
        let portal = portal(Duration::from_secs(60)).await;
        let account = portal.account(1).unwrap();
        let _reading = account.turn(true).await;
        assert_eq!(portal.handle(call(1, Method::POST, "/crm/v3/imports", "{}")).await.unwrap_err().status, 400);
    }

    #[tokio::test]
    async fn a_call_gets_its_turn_between_two_parts_of_an_import() {
        let portal = portal(Duration::from_secs(60)).await;
        import(&portal, 5_000).await;
        let account = portal.account(1).unwrap();
        let held = account.alone().await;
        let (mut own, mut other) = (pin!(portal.handle(read(1))), pin!(portal.handle(Call { app_id: 2, ..create(1, "between") })));
        // Both are in line for the account, the app of the import first.
        assert!(once(own.as_mut()).is_none() && once(other.as_mut()).is_none());
        drop(held);
        let (own, other) = tokio::join!(own, other);
        assert_eq!(own.unwrap().status, 200);
        let made: serde_json::Value = serde_json::from_slice(&other.unwrap().body).unwrap();
        let id: u64 = made["id"].as_str().unwrap().parse().unwrap();
        let state = account.shared().await;
        let contacts = keyway_objects::kind::Kind::of("contacts").unwrap();
        assert_eq!(state.table(contacts).count(), 5_001);
        let after = state.table(contacts).range(id + 1, false).count();
        assert!(after > 1_000 && after < 4_000, "{after} rows came after it");
        assert!(state.importing.is_none());
    }

    /// The ids of the first and the last contact.
    async fn ends(account: &Account) -> [u64; 2] {
        let state = account.shared().await;
        let mut ids = state.table(keyway_objects::kind::Kind::of("contacts").unwrap()).range(0, false).map(|record| record.id);
        let first = ids.next().unwrap();
        [first, ids.last().unwrap()]
    }

    fn export(object_type: &str, property: &str) -> Call {
        let body =
            json!({ "exportType": "VIEW", "format": "CSV", "exportName": "e", "objectType": object_type, "objectProperties": [property] });
        call(1, Method::POST, "/crm/v3/exports/export/async", body.to_string())
    }

    #[tokio::test]
    async fn calls_get_their_turn_between_two_parts_of_an_export() {
        let portal = portal(Duration::from_secs(60)).await;
        import(&portal, 5_000).await;
        assert_eq!(portal.handle(read(1)).await.unwrap().status, 200);
        let account = portal.account(1).unwrap();
        let [first, last] = ends(&account).await;
        let inputs = [first, last].map(|id| json!({ "id": id.to_string(), "properties": { "firstname": "changed" } }));
        let change = call(1, Method::POST, "/crm/v3/objects/contacts/batch/update", json!({ "inputs": inputs }).to_string());
        let held = account.alone().await;
        let (mut exporting, mut changing) = (pin!(portal.handle(export("contacts", "firstname"))), pin!(portal.handle(change)));
        // Both are in line for the account, the export first.
        assert!(once(exporting.as_mut()).is_none() && once(changing.as_mut()).is_none());
        drop(held);
        let (exported, changed) = tokio::join!(exporting, changing);
        assert_eq!((exported.unwrap().status, changed.unwrap().status), (202, 200));
        let file = portal.handle(call(1, Method::GET, "/crm/v3/exports/export/101/download", "")).await.unwrap().body;
        let rows: Vec<&str> = std::str::from_utf8(&file).unwrap().lines().skip(1).collect();
        assert_eq!(rows.len(), 5_000);
        // The change came after the first row was written, and before the last one was.
        assert_eq!((rows[0], rows[4_999]), (format!("{first},n0").as_str(), format!("{last},changed").as_str()));
    }

    #[tokio::test]
    async fn an_export_has_the_records_of_an_import_that_its_app_sent_before() {
        let portal = portal(Duration::from_secs(60)).await;
        import(&portal, 5_000).await;
        assert_eq!(portal.handle(export("contacts", "firstname")).await.unwrap().status, 202);
        let task: serde_json::Value =
            serde_json::from_slice(&portal.handle(call(1, Method::GET, "/crm/v3/exports/export/101", "")).await.unwrap().body).unwrap();
        assert_eq!(task["recordCount"], 5_000);
    }

    #[tokio::test]
    async fn one_file_of_an_account_is_worked_on_at_a_time_and_leaves_a_worker_to_other_calls() {
        let portal = portal(Duration::from_millis(20)).await;
        let account = portal.account(1).unwrap();
        let _exporting = account.file().await;
        assert_eq!(portal.handle(export("contacts", "firstname")).await.unwrap_err().status, 503);
        assert_eq!(portal.handle(import_of("0-1", "firstname", 1)).await.unwrap_err().status, 503);
        assert_eq!(portal.handle(call(1, Method::GET, "/crm/v3/properties/contacts", "")).await.unwrap().status, 200);
    }

    #[tokio::test]
    async fn an_export_whose_object_type_is_deleted_meanwhile_is_refused() {
        let portal = portal(Duration::from_secs(60)).await;
        assert_eq!(portal.handle(schema()).await.unwrap().status, 201);
        let account = portal.account(1).unwrap();
        let mut state = account.alone().await;
        let work = Work::new(STEPS_MAX, Arc::default());
        let mut begun = collections::begin_export(&export("p_car", "plate"), &state, &work).unwrap();
        let kind = state.spaces().find(|space| space.custom.is_some()).unwrap().kind;
        Tx::new(&mut state).remove_custom(kind);
        assert_eq!(begun.part(&state, &work).unwrap_err().status, 404);
    }

    #[tokio::test]
    async fn calls_end_when_the_server_does() {
        let portal = portal(Duration::from_secs(60)).await;
        portal.handle(create(1, "a")).await.unwrap();
        portal.close().await;
        assert_eq!(portal.handle(read(1)).await.unwrap_err().status, 503);
    }

    #[tokio::test]
    async fn an_account_that_is_deleted_while_a_call_waits_for_it_takes_nothing_more() {
        let portal = portal(Duration::from_secs(60)).await;
        let account = portal.account(1).unwrap();
        let held = account.alone().await;
        let (mut writing, mut deleting) = (pin!(portal.handle(create(1, "a"))), pin!(portal.delete_account(1)));
        assert!(once(deleting.as_mut()).is_none() && once(writing.as_mut()).is_none());
        // The other accounts are found meanwhile.
        assert_eq!(once(pin!(portal.handle(read(2)))).unwrap().unwrap().status, 200);
        drop(held);
        deleting.await.unwrap();
        assert_eq!(writing.await.unwrap_err().status, 404);
        assert!(portal.account(1).is_none());
    }
}
