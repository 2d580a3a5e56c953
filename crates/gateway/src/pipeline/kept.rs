//! What is kept of a call to an embedded account for its log of requests.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body_util::Either;
use keyway_core::path::NormalPath;

use super::resolve::known_method;
use super::respond::AnswerBody;
use super::{Call, Gateway};
use crate::double::Answered;
use crate::double::observed::{Notes, Seen};
use crate::double::requests::Received;

/// What an embedded account was sent.
#[derive(Default)]
pub(super) struct Taken {
    pub(super) path: String,
    pub(super) query: Option<String>,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Bytes,
    /// The object types that it reaches beside its path.
    pub(super) reached: [u64; 2],
    /// What is noticed of it while it is performed.
    pub(super) notes: Arc<Notes>,
}

/// Headers of a request that its log keeps: they say what was sent and by which program.
const KEPT_HEADERS: [&str; 3] = ["content-type", "accept", "user-agent"];
/// Longest value of them that is kept, in bytes.
const KEPT_HEADER_BYTES_MAX: usize = 256;

pub(super) fn kept_headers(headers: &HeaderMap) -> Vec<(&'static str, String)> {
    let value = |name: &str| headers.get(name)?.to_str().ok().filter(|value| value.len() <= KEPT_HEADER_BYTES_MAX);
    KEPT_HEADERS.iter().filter_map(|name| Some((*name, value(name)?.to_owned()))).collect()
}

/// A path as the request log keeps it. Below `/oauth` a segment can be a token, also where the method is wrong.
pub(super) fn kept_path(path: &NormalPath) -> String {
    if !path.segments().next().is_some_and(|first| first.eq_ignore_ascii_case("oauth")) {
        return path.as_str().to_owned();
    }
    let masked = keyway_core::unlisted::masked(path);
    masked.split('/').skip(1).enumerate().map(|(at, segment)| if at < 3 { format!("/{segment}") } else { "/*".to_owned() }).collect()
}

impl Gateway {
    /// Keeps what an embedded account was sent, before its answer leaves.
    pub(super) fn keep_received(
        &self,
        call: &mut Call,
        method: &http::Method,
        response: &Response<AnswerBody>,
        (word, category): (Option<&'static str>, Option<&'static str>),
        next_page: Option<String>,
    ) {
        let (Some(taken), Some(token)) = (call.taken.take(), &call.token) else { return };
        let Some(double) = token.app.account.double() else { return };
        let operation = call.operation.map(|operation| self.operation_names[usize::from(operation.id.0)].clone());
        let answered = match response.body() {
            // Not what no client saw, nor what may hold a token.
            Either::Left(whole) if !call.cut && !call.answers_secrets => {
                Some(Answered::new(response.headers().clone(), whole.clone().into_inner().unwrap_or_default()))
            }
            _ => None,
        };
        let received = Received {
            number: 0,
            at: call.now.wall,
            correlation_id: call.correlation_id.clone(),
            app_id: token.app.app.id,
            app: token.app.app.name.clone(),
            method: known_method(method).to_owned(),
            path: taken.path,
            query: taken.query,
            operation,
            headers: taken.headers,
            body: taken.body,
            body_bytes: 0,
            status: response.status().as_u16(),
            category,
            fault: call.fault,
            asserted: Arc::default(),
            cut: call.cut,
            took_us: u64::try_from(call.started.elapsed().as_micros()).unwrap_or(u64::MAX),
        };
        let received = double.requests.note(received, answered);
        double.observed.note(Seen {
            received: &received,
            operation: call.operation,
            object: call.object.clone(),
            reached: taken.reached,
            refusal: word,
            unknown_properties: taken.notes.unknown_properties(),
            next_page,
        });
    }
}
