//! The request log as an HTTP Archive (HAR 1.2), which browsers' developer tools and `keyway doctor` read.
//!
//! The log keeps no credential, so the archive has a mask in the place of the token.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::StatusCode;
use serde_json::{Value, json};

use super::answers::Answered;
use super::requests::Received;

/// Replaces every token.
const MASKED: &str = "Bearer ********";

/// The archive of requests with their answers, where those are kept. `base` is the address of the data listener.
pub fn archive(requests: &[(Arc<Received>, Option<Arc<Answered>>)], base: &str) -> Value {
    let entries: Vec<Value> = requests.iter().map(|(request, answer)| entry(request, answer.as_deref(), base)).collect();
    let creator = json!({ "name": "Keyway", "version": env!("CARGO_PKG_VERSION") });
    json!({ "log": { "version": "1.2", "creator": creator, "pages": [], "entries": entries } })
}

fn entry(one: &Received, answer: Option<&Answered>, base: &str) -> Value {
    let took_ms = one.took_us as f64 / 1_000.0;
    let mut entry = json!({
        "startedDateTime": one.at.to_iso(), "time": took_ms, "cache": {}, "timings": { "send": 0, "wait": took_ms, "receive": 0 },
        "request": request(one, base), "response": response(one, answer),
        // Names that begin with a line are for whoever writes the archive (HAR 1.2, custom fields).
        "_number": one.number, "_app": one.app, "_correlationId": one.correlation_id,
    });
    for (name, value) in [("_operation", one.operation.as_deref()), ("_category", one.category)] {
        if let Some(value) = value {
            entry[name] = value.into();
        }
    }
    if let Some(fault) = one.fault {
        entry["_fault"] = fault.into();
    }
    entry
}

fn request(one: &Received, base: &str) -> Value {
    let query = one.query.as_deref().unwrap_or_default();
    let pairs = form_urlencoded::parse(query.as_bytes()).map(|(name, value)| pair(&name, &value));
    let url = format!("{base}{}{}{query}", one.path, if query.is_empty() { "" } else { "?" });
    let headers: Vec<Value> =
        [pair("authorization", MASKED)].into_iter().chain(one.headers.iter().map(|(name, value)| pair(name, value))).collect();
    let mut request = json!({
        "method": one.method, "url": url, "httpVersion": "HTTP/1.1", "cookies": [], "headers": headers,
        "queryString": pairs.collect::<Vec<_>>(), "headersSize": -1, "bodySize": one.body_bytes,
    });
    if one.body_bytes > 0 {
        let kind = one.headers.iter().find(|(name, _)| *name == "content-type").map_or("", |(_, value)| value);
        // The format has bytes of a request as text alone.
        request["postData"] = json!({ "mimeType": kind, "text": String::from_utf8_lossy(&one.body) });
        if one.body.is_empty() {
            request["postData"]["comment"] = format!("Keyway does not keep a body of {} bytes", one.body_bytes).into();
        }
    }
    request
}

fn response(one: &Received, answer: Option<&Answered>) -> Value {
    let reason = StatusCode::from_u16(one.status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default();
    let headers = answer.into_iter().flat_map(|answer| &answer.headers);
    let headers = headers.map(|(name, value)| pair(name.as_str(), &String::from_utf8_lossy(value.as_bytes())));
    let mut response = json!({
        "status": one.status, "statusText": reason, "httpVersion": "HTTP/1.1", "cookies": [], "headers": headers.collect::<Vec<_>>(),
        "content": content(answer), "redirectURL": "", "headersSize": -1, "bodySize": answer.map_or(-1, |answer| answer.body_bytes.cast_signed()),
    });
    if one.cut {
        // As browsers write an answer that never came.
        response["status"] = 0.into();
        response["statusText"] = "".into();
        response["_error"] = "a fault rule cut the connection".into();
    }
    response
}

fn content(answer: Option<&Answered>) -> Value {
    let Some(answer) = answer else {
        return json!({ "size": 0, "mimeType": "", "comment": "Keyway does not keep this answer" });
    };
    let kind = answer.headers.get(http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let mut content = json!({ "size": answer.body_bytes, "mimeType": kind });
    match std::str::from_utf8(&answer.body) {
        _ if answer.body.is_empty() && answer.body_bytes > 0 => {
            content["comment"] = format!("Keyway does not keep a body of {} bytes", answer.body_bytes).into();
        }
        Ok(text) => content["text"] = text.into(),
        Err(_) => {
            content["text"] = BASE64.encode(&answer.body).into();
            content["encoding"] = "base64".into();
        }
    }
    content
}

fn pair(name: &str, value: &str) -> Value {
    json!({ "name": name, "value": value })
}
