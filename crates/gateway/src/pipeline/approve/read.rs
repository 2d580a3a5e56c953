//! The records of a call as they are now: read with the app's own permit, through the account's own backend.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use http::request::Parts;
use http::{Method, Request};
use http_body_util::{Either, Full};
use keyway_core::approval::{State, Unread, reads};
use keyway_core::catalog::{Catalog, Resolution};
use keyway_core::error_body::ErrorBody;
use keyway_core::path::NormalPath;
use keyway_core::policy::{Permit, authorize};
use keyway_core::refusal::Refusal;
use serde_json::{Value, json};

use super::super::receive::Taken;
use super::super::{Call, Gateway, respond, throttle};
use super::Needed;
use crate::backend::{Destination, Forwarded, Reply, Sent, Way, forward};
use crate::limiter::{Asking, Limiter};
use crate::registry::TokenEntry;

/// Largest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 2 << 20;
/// How long it is waited for, after its head has come.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);

/// Whose records are read, and where.
pub(in crate::pipeline) enum Reader<'a> {
    /// An embedded account's.
    Embedded(&'a Arc<TokenEntry>),
    /// A connected account's, within its limits.
    HubSpot(&'a TokenEntry, &'a Arc<Limiter>),
}

impl Reader<'_> {
    pub(super) fn token(&self) -> &TokenEntry {
        match self {
            Self::Embedded(token) => token,
            Self::HubSpot(token, _) => token,
        }
    }
}

/// What was read.
#[derive(Default)]
pub(super) struct Found {
    /// Each record of the call; none where it could not be read.
    pub states: Vec<Option<State>>,
    /// Why some were not read.
    pub unread: Vec<Unread>,
    /// What a GET of the same path answers, where the call names no record.
    pub resource: Option<Value>,
}

impl Found {
    /// All of it as one text.
    pub(super) fn text(&self) -> String {
        let state = |state: &Option<State>| state.clone().unwrap_or_else(|| "not read".into());
        json!([self.states.iter().map(state).collect::<Vec<_>>(), self.resource]).to_string()
    }
}

/// What a read found, or why nothing can be read.
type Answer = Result<Value, String>;

impl Gateway {
    /// Reads the records that a call names.
    pub(super) async fn read_records(&self, call: &Call, reader: &Reader<'_>, needed: &Needed) -> Result<Found, ErrorBody> {
        let Needed { intent, path, .. } = needed;
        let operation = Catalog::get().operation(needed.operation);
        let mut found = Found { states: vec![None; intent.steps.len()], ..Found::default() };
        for read in reads(intent) {
            let body = Bytes::from(read.body.to_string());
            match self.read_one(call, reader, Method::POST, &read.path, Some(body)).await? {
                Ok(answer) => read.states(intent, &answer, &mut found.states),
                Err(why) => found.unread.push(Unread { object_type: read.object_type.clone(), why }),
            }
        }
        let changes_what_is = !operation.read_only && matches!(call.method, Method::PUT | Method::PATCH | Method::DELETE);
        if intent.steps.is_empty() && changes_what_is && !operation.is_unlisted() {
            match self.read_one(call, reader, Method::GET, path, None).await? {
                Ok(answer) => found.resource = Some(answer),
                Err(why) => found.unread.push(Unread { object_type: String::new(), why }),
            }
        }
        Ok(found)
    }

    async fn read_one(
        &self,
        call: &Call,
        reader: &Reader<'_>,
        method: Method,
        path: &str,
        body: Option<Bytes>,
    ) -> Result<Answer, ErrorBody> {
        let Ok(path) = NormalPath::parse(path) else { return Ok(Err("the call does not say where it is".to_owned())) };
        let Resolution::Found(operation) = Catalog::get().resolve(method.as_str(), &path) else {
            return Ok(Err("HubSpot publishes no operation that reads it".to_owned()));
        };
        let Ok(permit) = authorize(&reader.token().caller(), operation, path) else {
            return Ok(Err("the app may not read it".to_owned()));
        };
        let body = body.unwrap_or_default();
        let answered = match reader {
            Reader::Embedded(token) => {
                let destination = Destination::Embedded(&*self.backend, (*token).clone(), None);
                let whole = forward(destination, permit, request(call, method, body), &mut Sent::default()).await;
                whole.map(|reply| (reply.status(), reply))
            }
            Reader::HubSpot(token, limiter) => match self.read_hubspot(call, token, limiter, permit, method, body).await {
                Ok(reply) => Ok((reply.status(), reply)),
                Err(error) => Err(error),
            },
        };
        match answered {
            Ok((200 | 207, mut reply)) => whole(&mut reply).await.map(Ok),
            Ok((404, _)) => Ok(Ok(Value::Null)),
            Ok((status @ 400..=499, _)) if status != 429 => Ok(Err(format!("the account answered the reading with status {status}"))),
            Ok(_) => Err(not_read()),
            Err(error) if error.status == 404 => Ok(Ok(Value::Null)),
            // A permanent refusal is not a reason to retry.
            Err(error) if (400..500).contains(&error.status) && !matches!(error.status, 408 | 429) => Ok(Err(error.message)),
            Err(error) => Err(error),
        }
    }

    /// Reads something of a connected account, as a call of the app: with its permit, and in its part of the limits.
    async fn read_hubspot(
        &self,
        call: &Call,
        token: &TokenEntry,
        limiter: &Arc<Limiter>,
        permit: Permit,
        method: Method,
        body: Bytes,
    ) -> Result<Reply, ErrorBody> {
        let operation = permit.operation();
        let head = head(&method, permit.path())?;
        let taken = Taken { body: Either::Left(Full::new(body.clone())), json: body.clone(), is_stream: false };
        let permit = Box::pin(self.beside_hubspot(&head, &taken, permit, token, limiter)).await?;
        let account = &token.app.account.account;
        let connection = account.connection.as_deref().ok_or_else(respond::store_unavailable)?;
        let credential = self.presented(account).await?;
        let asking = Asking::new(token.app.app.id, token.app.app.sharing, operation.limit_class, body.len());
        let slot = limiter.place(asking).await.map_err(|exceeded| throttle::too_many(token, operation, exceeded))?;
        let still = || true;
        let way = Box::new(Way { upstream: &self.upstream, connection, credential: &credential, slot, asking, still: &still });
        forward(Destination::HubSpot(way), permit, request(call, method, body), &mut Sent::default()).await
    }
}

fn head(method: &Method, path: &NormalPath) -> Result<Parts, ErrorBody> {
    let request = Request::builder().method(method.clone()).uri(path.as_str()).body(());
    request.map(|request| request.into_parts().0).map_err(|_| not_read())
}

fn request(call: &Call, method: Method, body: Bytes) -> Forwarded {
    let json = HeaderValue::from_static("application/json");
    let mut headers = HeaderMap::from_iter([(ACCEPT, json.clone()), (ACCEPT_ENCODING, HeaderValue::from_static("identity"))]);
    if !body.is_empty() {
        headers.insert(CONTENT_TYPE, json);
    }
    Forwarded { method, query: None, headers, body: Either::Left(Full::new(body)), now: call.now.wall, late_search: None }
}

/// All of an answer.
async fn whole(reply: &mut Reply) -> Result<Value, ErrorBody> {
    let bytes = match reply {
        Reply::Whole(reply) => reply.body.clone(),
        Reply::Relayed(reply) => {
            let is_plain = reply.headers.get(CONTENT_ENCODING).is_none_or(|coding| coding == "identity");
            let Either::Left(body) = &mut reply.body else { return Err(not_read()) };
            match body.look_ahead(ANSWER_BYTES_MAX, ANSWER_TIME_MAX).await {
                (bytes, true) if is_plain => bytes,
                _ => return Err(not_read()),
            }
        }
    };
    serde_json::from_slice(&bytes).map_err(|_| not_read())
}

fn not_read() -> ErrorBody {
    Refusal::ReachUnknown
        .error("The call needs a person's approval, and Keyway could not read the records that it names, so it did not forward the call. Send it again.")
        .retry_after(1)
}
