//! What an embedded account received, and the webhooks that it sent: live, with bodies.
//!
//! Bodies come from outside. The template escapes them, and what is copied to a shell is quoted.

use std::collections::HashMap;

use askama::Template;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use keyway_api::view::{AccountAnswer, Deliveries, Delivery, FaultUse, Faults, Request, Requests};
use serde_json::Value;

use super::api::{Refused, with_query};
use super::page;
use super::path::Path;
use super::shell::Shell;
use super::visitor::{Fields, Page, Visitor};
use super::words::filters;

const SECTION: &str = "/accounts";
/// Rows of requests, and of deliveries, on the page.
const ROWS: usize = 50;
/// Characters of a body on the page of all; the request's own page has the whole.
const SHORT: usize = 2_000;

/// A body as it is shown.
struct Body {
    text: String,
    /// A sentence about it where parts are missing.
    note: Option<String>,
}

impl Body {
    fn new(body: &Value, bytes: u64, chars_max: usize) -> Self {
        let whole = match body {
            Value::Null if bytes > 0 => return Self { text: String::new(), note: Some(format!("{bytes} bytes, not kept or no text")) },
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            json => serde_json::to_string_pretty(json).unwrap_or_default(),
        };
        let end = whole.char_indices().nth(chars_max).map(|(at, _)| at);
        match end {
            Some(end) => Self { text: whole[..end].to_owned(), note: Some(format!("the first {chars_max} characters of {bytes} bytes")) },
            None => Self { text: whole, note: None },
        }
    }

    fn is_empty(&self) -> bool {
        self.text.is_empty() && self.note.is_none()
    }
}

/// What pages say of a request.
trait RequestWords {
    fn sign(&self) -> &'static str;
    fn target(&self) -> String;
    fn took(&self) -> String;
    /// The call as a command for a shell, with the token as a variable. None where a part of it is not text, or could
    /// act on a terminal as it is pasted.
    fn curl(&self) -> Option<String>;
    fn sent(&self, chars_max: usize) -> Body;
    fn answered(&self, chars_max: usize) -> Body;
    fn sent_headers(&self) -> &[(String, String)];
    fn answer_headers(&self) -> &[(String, String)];
    /// The expectations that found it.
    fn expectations(&self) -> &[String];
}

impl RequestWords for Request {
    fn sign(&self) -> &'static str {
        match self.status {
            ..400 => "fine",
            429 => "warn",
            _ => "wrong",
        }
    }

    fn target(&self) -> String {
        self.query.as_ref().map_or_else(|| self.path.clone(), |query| format!("{}?{query}", self.path))
    }

    fn took(&self) -> String {
        format!("{:.1} ms", self.details.as_ref().map_or(0, |details| details.took_us) as f64 / 1_000.0)
    }

    fn curl(&self) -> Option<String> {
        let body = match &self.body {
            Value::Null if self.body_bytes > 0 => return None,
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            json => json.to_string(),
        };
        let mut command = format!(
            "curl -X {} \"$HUBSPOT_BASE_URL\"{} -H \"Authorization: Bearer $HUBSPOT_ACCESS_TOKEN\"",
            quoted(&self.method),
            quoted(&self.target())
        );
        if !body.is_empty() {
            let kind = self.sent_headers().iter().find(|(name, _)| name == "content-type").map_or("application/json", |(_, kind)| kind);
            command += &format!(" -H {} --data-raw {}", quoted(&format!("Content-Type: {kind}")), quoted(&body));
        }
        let acts = |one: char| (one.is_control() && !matches!(one, '\n' | '\t')) || one == char::REPLACEMENT_CHARACTER;
        (!command.contains(acts)).then_some(command)
    }

    fn sent(&self, chars_max: usize) -> Body {
        Body::new(&self.body, self.body_bytes, chars_max)
    }

    fn answered(&self, chars_max: usize) -> Body {
        let details = self.details.as_ref();
        match details.and_then(|details| details.answer.as_ref()) {
            Some(answer) => Body::new(&answer.body, answer.body_bytes, chars_max),
            None if details.is_some_and(|details| details.cut) => {
                Body { text: String::new(), note: Some("the connection was cut: there was no answer".into()) }
            }
            None => Body { text: String::new(), note: Some("the answer is not kept any more".into()) },
        }
    }

    fn sent_headers(&self) -> &[(String, String)] {
        self.details.as_ref().map_or(&[], |details| &details.headers)
    }

    fn answer_headers(&self) -> &[(String, String)] {
        self.details.as_ref().and_then(|details| details.answer.as_ref()).map_or(&[], |answer| &answer.headers)
    }

    fn expectations(&self) -> &[String] {
        self.details.as_ref().map_or(&[], |details| &details.expectations)
    }
}

/// A text as one word of a POSIX shell (Shell Command Language, 2.2.2).
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// What pages say of a webhook that was sent.
trait DeliveryWords {
    fn sign(&self) -> &'static str;
    fn outcome(&self) -> String;
    /// The kinds of its events, each once.
    fn kinds(&self) -> String;
    fn body(&self) -> Body;
}

impl DeliveryWords for Delivery {
    fn sign(&self) -> &'static str {
        match self.status {
            Some(200..300) => "fine",
            Some(_) => "warn",
            None => "wrong",
        }
    }

    fn outcome(&self) -> String {
        self.status.map_or_else(|| "not delivered".to_owned(), |status| status.to_string())
    }

    fn kinds(&self) -> String {
        let events = self.events.as_array().map_or(&[][..], Vec::as_slice);
        let mut kinds: Vec<&str> = events.iter().filter_map(|event| event["subscriptionType"].as_str()).collect();
        kinds.dedup();
        format!(
            "{} ({})",
            kinds.into_iter().take(3).collect::<Vec<_>>().join(", "),
            super::words::counted(events.len() as u64, "event", "events")
        )
    }

    fn body(&self) -> Body {
        Body::new(&self.events, 0, SHORT * 4)
    }
}

/// The fields that choose requests.
const FILTERS: [&str; 4] = ["method", "path", "status", "app"];

#[derive(Template)]
#[template(path = "requests.html")]
struct RequestsPage<'a> {
    shell: Shell<'a>,
    hub_id: u64,
    name: &'a str,
    fields: &'a Fields,
    live: Live,
    again: String,
    har: String,
}

impl RequestsPage<'_> {
    fn methods(&self) -> [&'static str; 5] {
        ["GET", "POST", "PUT", "PATCH", "DELETE"]
    }

    fn statuses(&self) -> [(&'static str, &'static str); 5] {
        [("", "Any"), ("2xx", "2xx: done"), ("4xx", "4xx: refused"), ("429", "429: limit reached"), ("5xx", "5xx: fault")]
    }
}

#[derive(Template)]
#[template(path = "requests_live.html")]
struct Live {
    hub_id: u64,
    requests: Vec<Request>,
    count: usize,
    deliveries: Vec<Delivery>,
    deliveries_count: usize,
    faults: HashMap<u64, String>,
}

impl Live {
    async fn load(visitor: &Visitor, hub_id: u64, fields: &Fields) -> Result<Self, Refused> {
        let (asked, rows) = (asked(fields), ROWS.to_string());
        let query: Vec<(&str, &str)> =
            asked.iter().map(|(name, value)| (*name, value.as_str())).chain([("details", "true"), ("limit", rows.as_str())]).collect();
        let Requests { count, mut requests, .. } = visitor.api.get(&with_query(&of(hub_id, "requests"), &query)).await?;
        requests.reverse();
        let Deliveries { count: deliveries_count, mut deliveries, .. } = visitor.api.get(&of(hub_id, "deliveries")).await?;
        deliveries.reverse();
        deliveries.truncate(ROWS);
        Ok(Self { hub_id, requests, count, deliveries, deliveries_count, faults: faults(visitor, hub_id).await? })
    }

    fn fault(&self, id: &u64) -> String {
        self.faults.get(id).cloned().unwrap_or_else(|| "a rule that was removed since".to_owned())
    }
}

#[derive(Template)]
#[template(path = "request.html")]
struct RequestPage<'a> {
    shell: Shell<'a>,
    hub_id: u64,
    name: &'a str,
    one: Request,
    fault: Option<String>,
}

fn of(hub_id: u64, what: &str) -> String {
    format!("/api/v1/portals/{hub_id}/{what}")
}

/// The query of the API for a page's fields. A path without `*` is a part of one.
fn asked(fields: &Fields) -> Vec<(&'static str, String)> {
    let value = |name: &str| match (name, fields.get(name).trim()) {
        ("path", path) if !path.is_empty() && !path.contains('*') => format!("*{path}*"),
        (_, value) => value.to_owned(),
    };
    FILTERS.iter().map(|name| (*name, value(name))).filter(|(_, value)| !value.is_empty()).collect()
}

/// What each fault rule does, by its id.
async fn faults(visitor: &Visitor, hub_id: u64) -> Result<HashMap<u64, String>, Refused> {
    let Faults { faults } = visitor.api.get(&of(hub_id, "faults")).await?;
    let words = |rule: &FaultUse| {
        let rule = serde_json::to_value(rule).unwrap_or_default();
        let fields = rule.as_object()?.iter().filter(|(name, _)| !matches!(name.as_str(), "id" | "seen"));
        let fields = fields.filter(|(_, value)| !value.is_null() && **value != 0).map(|(name, value)| match value {
            Value::String(text) => format!("{name} {text}"),
            other => format!("{name} {other}"),
        });
        Some((rule["id"].as_u64()?, fields.collect::<Vec<_>>().join(", ")))
    };
    Ok(faults.iter().filter_map(words).collect())
}

async fn name(visitor: &Visitor, hub_id: u64) -> Result<String, Refused> {
    Ok(visitor.api.get::<AccountAnswer>(&format!("/api/v1/accounts/{hub_id}")).await?.account.name)
}

/// The page.
pub(super) async fn show(visitor: Visitor, Path(hub_id): Path<u64>, fields: Fields) -> Page {
    let refused = |refused: Refused| visitor.refused(SECTION, &refused);
    let live = Live::load(&visitor, hub_id, &fields).await.map_err(refused)?;
    let name = name(&visitor, hub_id).await.map_err(refused)?;
    let own: Vec<(&str, &str)> = FILTERS.iter().map(|name| (*name, fields.get(name))).collect();
    let again = with_query(&format!("/accounts/{hub_id}/requests/live"), &own);
    let har = with_query(&format!("/accounts/{hub_id}/requests/har"), &own);
    Ok(page::render(&RequestsPage { shell: visitor.shell(SECTION), hub_id, name: &name, fields: &fields, live, again, har }))
}

/// The part of it that changes.
pub(super) async fn live(visitor: Visitor, Path(hub_id): Path<u64>, fields: Fields) -> Page {
    let live = Live::load(&visitor, hub_id, &fields).await.map_err(|refused| (StatusCode::BAD_GATEWAY, refused.detail).into_response())?;
    Ok(page::render(&live))
}

/// One request, whole.
pub(super) async fn one(visitor: Visitor, Path((hub_id, number)): Path<(u64, u64)>) -> Page {
    let refused = |refused: Refused| visitor.refused(SECTION, &refused);
    let after = number.saturating_sub(1).to_string();
    let path = with_query(&of(hub_id, "requests"), &[("after", &after), ("details", "true")]);
    let found: Requests = visitor.api.get(&path).await.map_err(refused)?;
    let gone = || refused(Refused { status: 404, detail: format!("request {number} is not kept any more") });
    let one = found.requests.into_iter().find(|one| one.number == number).ok_or_else(gone)?;
    let mut faults = faults(&visitor, hub_id).await.map_err(refused)?;
    let fault = one.fault.map(|id| faults.remove(&id).unwrap_or_else(|| "a rule that was removed since".to_owned()));
    let name = name(&visitor, hub_id).await.map_err(refused)?;
    Ok(page::render(&RequestPage { shell: visitor.shell(SECTION), hub_id, name: &name, one, fault }))
}

/// The requests that the page's fields choose, as an HTTP Archive.
pub(super) async fn har(visitor: Visitor, Path(hub_id): Path<u64>, fields: Fields) -> Page {
    let asked = asked(&fields);
    let query: Vec<(&str, &str)> = asked.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let response = visitor.api.handed_on(&with_query(&of(hub_id, "requests/har"), &query)).await;
    let mut response = response.map_err(|refused| visitor.refused(SECTION, &refused))?;
    let file = axum::http::HeaderValue::from_static("attachment; filename=\"keyway-requests.har\"");
    response.headers_mut().insert(axum::http::header::CONTENT_DISPOSITION, file);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use keyway_api::Moment;
    use serde_json::json;

    use super::*;

    fn request(body: Value) -> Request {
        Request {
            number: 1,
            time: Moment("2027-01-31T09:00:00.000Z".into()),
            method: "POST".into(),
            path: "/crm/v3/objects/it's".into(),
            query: Some("a=$(id)".into()),
            operation: None,
            app_id: 1,
            app: "Tests".into(),
            body_bytes: body.to_string().len() as u64,
            body,
            status: 201,
            category: None,
            fault: None,
            correlation_id: String::new(),
            details: None,
        }
    }

    #[test]
    fn a_call_as_curl_has_no_token_and_nothing_that_a_shell_would_run() {
        let command = request(json!({ "name": "O'Hara `id` $(id)" })).curl().unwrap();
        assert_eq!(
            command,
            r#"curl -X 'POST' "$HUBSPOT_BASE_URL"'/crm/v3/objects/it'\''s?a=$(id)' -H "Authorization: Bearer $HUBSPOT_ACCESS_TOKEN" -H 'Content-Type: application/json' --data-raw '{"name":"O'\''Hara `id` $(id)"}'"#
        );
        // A pasted escape sequence would end the terminal's paste mode and run what follows.
        assert!(request(json!("\u{1b}[201~\nrm -r x\n")).curl().is_none());
        assert!(Request { body: Value::Null, ..request(json!("a file")) }.curl().is_none(), "a body that is not kept");
    }

    #[test]
    fn a_long_body_is_cut_between_characters_and_says_so() {
        let body = Body::new(&json!("é".repeat(10)), 20, 3);
        assert_eq!((body.text.as_str(), body.note.as_deref()), ("ééé", Some("the first 3 characters of 20 bytes")));
        assert!(Body::new(&Value::Null, 0, 3).is_empty() && !Body::new(&Value::Null, 9, 3).is_empty());
    }
}
