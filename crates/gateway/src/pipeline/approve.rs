//! A person's approval: a call that its app's rule names goes on with one only, and once.
//!
//! Without one, the records that the call names are read as they are, the request for an approval is kept with what
//! would change, and the call is refused. With one, the records are read again, and the database marks the approval as
//! used, if the call and the records are those that were approved; then the call goes on at once. Between that reading
//! and the write lie one transaction and the way to the account, and nothing else.

mod read;
mod refuse;

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http_body_util::Either;
use keyway_core::approval::{BodyError, Change, Intent, Subject, canonical};
use keyway_core::catalog::OperationId;
use keyway_core::error_body::ErrorBody;
use keyway_core::policy::Permit;
use keyway_core::refusal::Refusal;
use keyway_core::token::TokenHash;
use serde_json::Value;
use tokio::runtime::Handle;

use super::receive::Taken;
use super::{Call, Gateway, authenticate, respond};
use crate::control::{Control, ControlError, NewApproval};
use crate::model::{Approval, ApprovalState};
use crate::registry::TokenEntry;
use crate::store::approvals::Wanted;
use read::Found;

pub(in crate::pipeline) use read::Reader;

/// The header in which a call presents the id of its approval.
const HEADER: &str = "keyway-approval";

/// Where approvals are kept.
pub(super) struct Desk {
    control: Arc<Control>,
    /// Where the store's connections live. What is begun there goes on when its client hangs up.
    runtime: Handle,
    /// Where people sign in, as in `https://keyway.example.com`.
    server: String,
}

/// A call that needs an approval.
pub(super) struct Needed {
    why: String,
    records: Option<u64>,
    intent: Intent,
    operation: OperationId,
    path: String,
    /// The path and the query, as a person is shown them.
    target: String,
    /// The body in its one form.
    form: Option<String>,
    call_hash: TokenHash,
    /// The id that it presents.
    presented: Option<u64>,
}

impl Desk {
    pub(super) fn new(control: Arc<Control>, server: String) -> Self {
        Self { control, runtime: Handle::current(), server }
    }

    /// Runs a change to its end.
    async fn run<T: Send + 'static>(&self, change: impl Future<Output = Result<T, ControlError>> + Send + 'static) -> Result<T, ErrorBody> {
        match self.runtime.spawn(change).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => {
                tracing::error!(%error, "an approval could not be written or read");
                Err(respond::store_unavailable())
            }
            Err(_) => Err(respond::store_unavailable()),
        }
    }

    /// Notes what came of a call that was made with an approval. Nobody waits for it: without it, the outcome is unknown.
    pub(super) fn answered(&self, id: u64, status: u16) {
        let control = self.control.clone();
        self.runtime.spawn(async move {
            if let Err(error) = control.approval_answered(id, status).await {
                tracing::warn!(%error, id, "what came of a call with an approval is not written down");
            }
        });
    }
}

/// What a call brings.
enum Brought {
    Nothing,
    /// JSON, in its one form.
    Json(String, Value),
    /// Something else, read whole.
    Other(Bytes),
    /// Nobody can be shown it.
    NotShown(String),
}

impl Brought {
    fn of(taken: &Taken) -> Self {
        let whole = match &taken.body {
            Either::Left(whole) => whole.clone().into_inner().unwrap_or_default(),
            Either::Right(_) => return Self::NotShown("the body goes on as it comes, and is longer than Keyway keeps".to_owned()),
        };
        if whole.is_empty() {
            return Self::Nothing;
        }
        if taken.is_stream || taken.json.len() != whole.len() {
            return Self::Other(whole);
        }
        match canonical(&whole) {
            Ok((form, value)) => Self::Json(form, value),
            Err(error) => Self::NotShown(error.to_string()),
        }
    }
}

impl Gateway {
    /// Before a call to a connected account waits for its turn, and before a session's budget is used: without an
    /// approval, nothing more is to be done. What comes back is to be used right before the call is performed.
    pub(super) async fn approve_before_turn(&self, call: &mut Call, reader: &Reader<'_>, needed: Needed) -> Result<Needed, ErrorBody> {
        match needed.presented {
            None => Err(self.ask(call, reader, needed).await?),
            Some(_) => {
                self.check_presented(&needed, reader.token()).await?;
                Ok(needed)
            }
        }
    }

    fn desk(&self) -> Result<&Desk, ErrorBody> {
        self.desk.as_ref().ok_or_else(respond::store_unavailable)
    }

    /// Whether the rule of its app names the call, and what it means to do. Most apps have no rule, and wait for nothing.
    pub(super) fn needs_approval(
        &self,
        call: &Call,
        head: &Parts,
        taken: &Taken,
        permit: &Permit,
        token: &TokenEntry,
    ) -> Result<Option<Needed>, ErrorBody> {
        if token.approval_rule().is_empty() {
            return Ok(None);
        }
        let (operation, path) = (permit.operation(), permit.path());
        let query = head.uri.query().and_then(authenticate::without_hapikey);
        let brought = Brought::of(taken);
        let nothing = Value::Null;
        let value = if let Brought::Json(_, value) = &brought { value } else { &nothing };
        let intent = Intent::of(operation, path, query.as_deref(), value);
        let named = call.touched.as_ref().map_or(0, |touched| touched.named(false).record_count);
        let records = match brought {
            Brought::Nothing | Brought::Json(..) => intent.count(named, operation.safety.bulk),
            Brought::Other(_) | Brought::NotShown(_) => None,
        };
        let subject = Subject { operation, method: head.method.as_str(), path, records };
        let Some(why) = token.approval_for(&subject) else { return Ok(None) };
        let form = match brought {
            Brought::Nothing => None,
            Brought::Json(form, _) => Some(form),
            Brought::Other(bytes) if bytes.len() <= keyway_core::approval::BODY_BYTES_MAX => {
                let kind = head.headers.get(http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
                Some(format!("{} bytes of {kind}, BLAKE3 {}", bytes.len(), blake3::hash(&bytes).to_hex()))
            }
            Brought::Other(_) => return Err(refuse::not_possible(operation, &why, &BodyError::TooLong.to_string())),
            Brought::NotShown(what) => return Err(refuse::not_possible(operation, &why, &what)),
        };
        let presented = presented(head)?;
        let caller = token.caller();
        // Each part on a line of its own, none of which can hold an end of a line.
        let of_call = [
            "keyway approval v1",
            &caller.hub_id.to_string(),
            &caller.app_id.to_string(),
            head.method.as_str(),
            path.as_str(),
            query.as_deref().unwrap_or_default(),
            form.as_deref().unwrap_or_default(),
        ];
        let call_hash = self.registry.token_key().hash(&of_call.join("\n"));
        let target = query.map_or_else(|| path.as_str().to_owned(), |query| format!("{}?{query}", path.as_str()));
        Ok(Some(Needed {
            why,
            records,
            intent,
            operation: operation.id,
            path: path.as_str().to_owned(),
            target,
            form,
            call_hash,
            presented,
        }))
    }

    /// Reads the records, keeps the request for an approval, and makes the refusal that says so.
    async fn ask(&self, call: &mut Call, reader: &Reader<'_>, needed: Needed) -> Result<ErrorBody, ErrorBody> {
        let desk = self.desk()?;
        let found = self.read_records(call, reader, &needed).await?;
        let read_hash = self.read_hash(&found);
        let token = reader.token();
        let Needed { why, records, intent, target, form, call_hash, .. } = needed;
        let Found { states, unread, resource } = found;
        let method = call.method.as_str();
        let change = Change::of(method, &target, form.as_deref(), &intent, &states, unread);
        let new = NewApproval {
            hub_id: token.app.app.hub_id,
            app_id: token.app.app.id,
            session_id: session_of(token),
            operation: self.name_of(call).to_string(),
            rule: why,
            records,
            call_hash,
            read_hash,
            change: change.of_what_is(resource.map(|value| value.to_string()).as_deref()),
        };
        let control = desk.control.clone();
        let asked = desk.run(async move { control.ask_approval(new).await }).await?;
        let Some(approval) = asked else { return Ok(refuse::full(&token.caller())) };
        call.approval = Some(approval.id);
        Ok(refuse::required(&approval, &desk.control.approval_link(&desk.server, &approval)))
    }

    /// The state of the approval that a call presents: what can't be used is refused before anything is read.
    async fn check_presented(&self, needed: &Needed, token: &TokenEntry) -> Result<(), ErrorBody> {
        let desk = self.desk()?;
        let wanted = needed.wanted(token);
        let control = desk.control.clone();
        let found = {
            let wanted = wanted.clone();
            desk.run(async move { control.approval_presented(&wanted).await }).await?
        };
        self.usable(desk, &wanted, found).map(drop)
    }

    fn usable(&self, desk: &Desk, wanted: &Wanted, found: Option<Approval>) -> Result<Approval, ErrorBody> {
        let Some(approval) = found else { return Err(refuse::unknown(wanted.id)) };
        match approval.state {
            ApprovalState::Approved if approval.call_hash == wanted.call_hash => Ok(approval),
            ApprovalState::Approved => Err(refuse::other_call(&approval)),
            ApprovalState::Pending => Err(refuse::required(&approval, &desk.control.approval_link(&desk.server, &approval))),
            ApprovalState::Rejected => Err(refuse::rejected(&approval)),
            ApprovalState::Used => Err(refuse::used(&approval)),
            ApprovalState::Expired => Err(refuse::expired(&approval)),
        }
    }

    /// Reads the records again, and has the database mark the approval as used.
    pub(super) async fn use_approval(&self, call: &mut Call, reader: &Reader<'_>, needed: Needed) -> Result<(), ErrorBody> {
        let desk = self.desk()?;
        let wanted = needed.wanted(reader.token());
        let found = self.read_records(call, reader, &needed).await?;
        let read_hash = self.read_hash(&found);
        call.approval = Some(wanted.id);
        let control = desk.control.clone();
        let used = {
            let wanted = wanted.clone();
            desk.run(async move { control.use_approval(&wanted, &read_hash).await }).await?
        };
        match used {
            Ok(()) => {
                call.used_approval = true;
                Ok(())
            }
            Err(standing) => {
                let approval = self.usable(desk, &wanted, standing)?;
                Err(refuse::changed(&approval))
            }
        }
    }

    fn read_hash(&self, found: &Found) -> TokenHash {
        self.registry.token_key().hash(&found.text())
    }
}

impl Needed {
    fn wanted(&self, token: &TokenEntry) -> Wanted {
        let id = self.presented.unwrap_or_default();
        Wanted { id, app_id: token.app.app.id, session_id: session_of(token), call_hash: self.call_hash }
    }
}

/// An app that takes itself from an account brings nothing that a person could be shown: where its rule names that, it
/// is refused.
pub(super) fn refuse_uninstall(token: &TokenEntry, head: &Parts, permit: &Permit) -> Result<(), ErrorBody> {
    let operation = permit.operation();
    let subject = Subject { operation, method: head.method.as_str(), path: permit.path(), records: Some(0) };
    match token.approval_for(&subject) {
        Some(why) => Err(refuse::not_possible(operation, &why, "the app would end its own install; a person does so in the console")),
        None => Ok(()),
    }
}

/// The session that calls, by the id of its token; none where an app's own token calls.
fn session_of(token: &TokenEntry) -> Option<u64> {
    token.token.session.is_some().then_some(token.token.id)
}

/// The id that a call presents.
fn presented(head: &Parts) -> Result<Option<u64>, ErrorBody> {
    let mut values = head.headers.get_all(HEADER).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return match head.headers.contains_key(HEADER) {
            true => Err(not_an_id()),
            false => Ok(None),
        };
    };
    let text = value.to_str().map_err(|_| not_an_id())?;
    let is_number = (1..=18).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { text.parse().map(Some).map_err(|_| not_an_id()) } else { Err(not_an_id()) }
}

fn not_an_id() -> ErrorBody {
    Refusal::RequestNotValid.error(format!("the header {HEADER} is the ID of one approval, a number, and is sent once"))
}
