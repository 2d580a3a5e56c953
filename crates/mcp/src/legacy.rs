//! What versions before 2026-07-28 have and the SDK's server, which keeps no sessions here, does not take: batches of
//! 2025-03-26, and what a client of 2025-11-25 says of itself once.
//!
//! A client says in `initialize` that it can open pages. It then gets a session id that says so, and no other does: the
//! id is the client's own word, handed back to it, and nothing is kept of it.

use axum::body::{Body, to_bytes};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, Method, Request, StatusCode};
use rmcp::model::{ClientCapabilities, ProtocolVersion};
use serde_json::{Value, json};

use crate::REQUEST_BYTES_MAX;
use crate::elicit::{OpensPages, opens_pages};

/// Messages of one batch.
const BATCH_MAX: usize = 20;
/// Longest answer to a batch, in bytes.
const BATCH_ANSWER_BYTES_MAX: usize = 4 << 20;
const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
/// How an id begins that says that its client opens pages.
const PAGES: &str = "pages-";

/// Takes what the SDK's server does not.
pub async fn serve(request: Request<Body>, next: Next) -> Response {
    let (mut head, body) = request.into_parts();
    if let Some(id) = head.headers.remove(SESSION)
        && id.as_bytes().starts_with(PAGES.as_bytes())
    {
        head.extensions.insert(OpensPages);
    }
    if head.method != Method::POST {
        return next.run(Request::from_parts(head, body)).await;
    }
    let Ok(body) = to_bytes(body, REQUEST_BYTES_MAX).await else {
        return refuse(StatusCode::PAYLOAD_TOO_LARGE, "the request is longer than 1 MiB");
    };
    if body.trim_ascii_start().first() == Some(&b'[') {
        return batch(head, &body, next).await;
    }
    let said = says_that_it_opens_pages(&body);
    let mut response = next.run(Request::from_parts(head, body.into())).await;
    if said
        && response.status().is_success()
        && let Some(id) = session_id()
    {
        response.headers_mut().insert(SESSION, id);
    }
    response
}

/// Whether a body is an `initialize` of 2025-11-25 whose client can open pages.
fn says_that_it_opens_pages(body: &[u8]) -> bool {
    const METHOD: &[u8] = b"\"initialize\"";
    if !body.windows(METHOD.len()).take(4_096).any(|part| part == METHOD) {
        return false;
    }
    let Ok(said) = serde_json::from_slice::<Value>(body) else { return false };
    let capabilities = serde_json::from_value::<ClientCapabilities>(said["params"]["capabilities"].clone());
    said["method"] == "initialize"
        && said["params"]["protocolVersion"] == ProtocolVersion::V_2025_11_25.as_str()
        && capabilities.is_ok_and(|capabilities| opens_pages(&capabilities))
}

fn session_id() -> Option<HeaderValue> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    HeaderValue::from_str(&format!("{PAGES}{text}")).ok()
}

/// Each message of a batch is a request of its own, one after the other: what one changes, the next one sees.
async fn batch(head: Parts, body: &[u8], next: Next) -> Response {
    if head.headers.get(VERSION).is_some_and(|version| version != ProtocolVersion::V_2025_03_26.as_str()) {
        return refuse(StatusCode::BAD_REQUEST, "batches were in protocol 2025-03-26 alone: send each request by itself");
    }
    let messages: Vec<Value> = match serde_json::from_slice(body) {
        Ok(messages) => messages,
        Err(_) => return refuse(StatusCode::BAD_REQUEST, "the batch is not JSON"),
    };
    if messages.is_empty() || messages.len() > BATCH_MAX {
        return refuse(StatusCode::BAD_REQUEST, &format!("a batch has from 1 to {BATCH_MAX} messages"));
    }
    if messages.iter().any(|message| message["method"] == "initialize" || !message.is_object()) {
        return refuse(StatusCode::BAD_REQUEST, "each message of a batch is an object, and none of them is initialize");
    }
    let (mut answers, mut bytes) = (Vec::new(), 0);
    for message in messages {
        let answer = one(&head, &message, &next).await;
        bytes += answer.len();
        if bytes > BATCH_ANSWER_BYTES_MAX {
            return refuse(StatusCode::BAD_REQUEST, "the answers of the batch are longer than 4 MiB together; what was called was done");
        }
        // A notification has no answer.
        if let Ok(answer) = serde_json::from_slice::<Value>(&answer) {
            answers.push(answer);
        } else if let Some(id) = message.get("id") {
            answers
                .push(json!({ "jsonrpc": "2.0", "id": id, "error": { "code": -32600, "message": "the message can't be taken as it is" } }));
        }
    }
    if answers.is_empty() {
        return StatusCode::ACCEPTED.into_response();
    }
    json_response(StatusCode::OK, &Value::Array(answers))
}

async fn one(head: &Parts, message: &Value, next: &Next) -> Bytes {
    let body = message.to_string();
    let mut request = Request::new(Body::empty());
    *request.method_mut() = head.method.clone();
    *request.uri_mut() = head.uri.clone();
    *request.version_mut() = head.version;
    *request.headers_mut() = without_length(&head.headers);
    *request.extensions_mut() = head.extensions.clone();
    *request.body_mut() = Body::from(body);
    let response = next.clone().run(request).await;
    to_bytes(response.into_body(), BATCH_ANSWER_BYTES_MAX).await.unwrap_or_default()
}

fn without_length(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    headers.remove(CONTENT_LENGTH);
    headers
}

fn refuse(status: StatusCode, words: &str) -> Response {
    json_response(status, &json!({ "jsonrpc": "2.0", "id": null, "error": { "code": -32600, "message": words } }))
}

fn json_response(status: StatusCode, body: &Value) -> Response {
    (status, [(CONTENT_TYPE, HeaderValue::from_static("application/json"))], body.to_string()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn initialize(version: &str, capabilities: &Value) -> Vec<u8> {
        let params = json!({ "protocolVersion": version, "capabilities": capabilities, "clientInfo": { "name": "x", "version": "1" } });
        json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params }).to_string().into_bytes()
    }

    #[test]
    fn a_client_that_opens_pages_is_known_by_its_first_request() {
        let pages = json!({ "elicitation": { "url": {}, "form": {} } });
        assert!(says_that_it_opens_pages(&initialize("2025-11-25", &pages)));
        for (version, capabilities) in [("2025-06-18", &pages), ("2025-11-25", &json!({ "elicitation": {} })), ("2025-11-25", &json!({}))] {
            assert!(!says_that_it_opens_pages(&initialize(version, capabilities)), "{version} {capabilities}");
        }
        assert!(!says_that_it_opens_pages(b"{\"method\":\"initialize\""));
    }
}
