//! The requests that an embedded account received: the last of them, to be looked at and counted.
//!
//! The audit says that a call was made, this says what was in it. Kept in memory, bounded in number
//! and in bytes; credentials are not among what is kept.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use keyway_core::time::Timestamp;
use serde_json::Value;
use tokio::sync::watch;

use super::answers::{Answered, Answers};
use super::expectations::{Expectation, Expectations};
use super::faults::matches;
use super::recent::{Keep, Recent};

/// Requests kept of one account.
const REQUESTS_MAX: usize = 2_000;
/// Bytes of bodies kept of one account.
const BODIES_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Longest body kept; of a longer one only its length is known.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// A request and what came of it.
#[derive(Debug)]
pub struct Received {
    /// Grows by one with every request.
    pub number: u64,
    /// The account's time.
    pub at: Timestamp,
    /// As in the answer's header.
    pub correlation_id: String,
    /// The app's id.
    pub app_id: u64,
    /// The app's name.
    pub app: String,
    /// The HTTP method, in capitals.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The query, without `hapikey`.
    pub query: Option<String>,
    /// Method and path template; none where there is no such operation.
    pub operation: Option<Arc<str>>,
    /// Headers that say what was sent and by which program; those that may hold a credential are not among them.
    pub headers: Vec<(&'static str, String)>,
    /// The body, where it was short enough to be kept.
    pub body: Bytes,
    /// The body's length.
    pub body_bytes: u64,
    /// The answer's status.
    pub status: u16,
    /// The answer's category, of an error.
    pub category: Option<&'static str>,
    /// The fault that decided the answer.
    pub fault: Option<u64>,
    /// Whether an expectation that was met matched it.
    pub asserted: Arc<AtomicBool>,
    /// Whether the connection was cut in place of an answer.
    pub cut: bool,
    /// How long it took until the answer was there, in microseconds of real time.
    pub took_us: u64,
}

impl Received {
    /// The body as JSON; null where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

/// Which requests are meant; what is not given does not matter.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The HTTP method, in capitals.
    pub method: Option<String>,
    /// The path; `*` matches anything.
    pub path: Option<String>,
    /// Method and path template.
    pub operation: Option<String>,
    /// The app's id or name.
    pub app: Option<String>,
    /// The answer's status, or its class: `404`, `4xx`.
    pub status: Option<String>,
    /// What the body holds at least: every field of this, with this value.
    pub body: Option<Value>,
    /// What the query holds at least: `limit=10`, or several pairs with `&`.
    pub query: Option<String>,
    /// Those after this number.
    pub after: Option<u64>,
}

impl Filter {
    pub(super) fn fits(&self, one: &Received) -> bool {
        self.fits_with(one, |wanted| holds(&one.json(), wanted))
    }

    /// The same, with what tells whether the body holds a value: whoever has the body at hand reads it once.
    pub(super) fn fits_with(&self, one: &Received, body_holds: impl FnOnce(&Value) -> bool) -> bool {
        self.after.is_none_or(|after| one.number > after)
            && self.method.as_deref().is_none_or(|method| method.eq_ignore_ascii_case(&one.method))
            && self.path.as_deref().is_none_or(|path| matches(path, &one.path))
            && self.operation.as_deref().is_none_or(|own| one.operation.as_deref().is_some_and(|its| its.eq_ignore_ascii_case(own)))
            && self.app.as_deref().is_none_or(|app| app == one.app || app.parse() == Ok(one.app_id))
            && self.status.as_deref().is_none_or(|status| has_status(status, one.status))
            && self.query.as_deref().is_none_or(|wanted| query_holds(one.query.as_deref().unwrap_or_default(), wanted))
            && self.body.as_ref().is_none_or(body_holds)
    }
}

/// Whether a query has all pairs of another, in any order.
fn query_holds(query: &str, wanted: &str) -> bool {
    let pairs = |text: &str| form_urlencoded::parse(text.as_bytes()).into_owned().collect::<Vec<_>>();
    let own = pairs(query);
    pairs(wanted).iter().all(|pair| own.contains(pair))
}

fn has_status(wanted: &str, status: u16) -> bool {
    match wanted.strip_suffix("xx") {
        Some(class) => class.parse() == Ok(status / 100),
        None => wanted.parse() == Ok(status),
    }
}

/// Whether a value holds all that another says: fields of objects at least, lists in full length.
pub(super) fn holds(value: &Value, wanted: &Value) -> bool {
    match (value, wanted) {
        (Value::Object(value), Value::Object(wanted)) => {
            wanted.iter().all(|(name, wanted)| value.get(name).is_some_and(|value| holds(value, wanted)))
        }
        (Value::Array(value), Value::Array(wanted)) => {
            value.len() == wanted.len() && value.iter().zip(wanted).all(|(value, wanted)| holds(value, wanted))
        }
        _ => value == wanted,
    }
}

/// How many requests there should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// At least.
    pub least: u64,
    /// At most.
    pub most: u64,
}

impl Expected {
    /// Reads `3`, `1..`, `..2` or `1..2`, both ends included.
    pub fn parse(text: &str) -> Option<Self> {
        let number = |text: &str, open: u64| if text.is_empty() { Some(open) } else { text.parse().ok() };
        let (least, most) = match text.split_once("..") {
            Some(("", "")) => return None,
            Some((least, most)) => (number(least, 0)?, number(most, u64::MAX)?),
            None => (text.parse().ok()?, text.parse().ok()?),
        };
        (least <= most).then_some(Self { least, most })
    }

    /// Whether the number is the expected one.
    pub const fn is_met(self, count: u64) -> bool {
        self.least <= count && count <= self.most
    }
}

/// The requests of one account, with their answers, and what a suite expected of them.
pub struct Requests {
    kept: Recent<Received>,
    answers: Answers,
    expectations: Expectations,
}

impl Keep for Received {
    fn set_number(&mut self, number: u64) {
        self.number = number;
    }

    fn bytes(&self) -> usize {
        self.body.len()
    }
}

impl Default for Requests {
    fn default() -> Self {
        Self { kept: Recent::new(REQUESTS_MAX, BODIES_BYTES_MAX), answers: Answers::default(), expectations: Expectations::default() }
    }
}

impl Requests {
    /// Keeps one more, and its answer, where there was one; it is given its number.
    pub fn note(&self, mut received: Received, answered: Option<Answered>) -> Arc<Received> {
        received.body_bytes = received.body.len() as u64;
        // A copy: what came in is a piece of a read buffer, all of which it would keep.
        received.body = if received.body.len() > BODY_BYTES_MAX { Bytes::new() } else { Bytes::copy_from_slice(&received.body) };
        let received = self.kept.note(received);
        if let Some(answered) = answered {
            self.answers.note(received.number, answered);
        }
        received
    }

    /// Those that fit, oldest first.
    pub fn find(&self, filter: &Filter) -> Vec<Arc<Received>> {
        self.kept.find(|one| filter.fits(one))
    }

    /// The answers that are kept, by the numbers of their requests.
    pub fn answers(&self) -> HashMap<u64, Arc<Answered>> {
        self.answers.all().into_iter().map(|answered| (answered.of, answered)).collect()
    }

    /// Keeps what was expected, and whether it was met.
    pub fn note_expectation(&self, filter: Filter, expected: String, met: bool) {
        self.expectations.note(Expectation { filter, expected, met, until: *self.kept.last().borrow() });
    }

    /// The last expectations, oldest first.
    pub fn expectations(&self) -> Vec<Expectation> {
        self.expectations.all()
    }

    /// The number of the last one, which changes with each.
    pub fn last(&self) -> watch::Receiver<u64> {
        self.kept.last()
    }

    /// Forgets all of them; numbers go on.
    pub fn clear(&self) {
        self.kept.clear();
        self.answers.clear();
        self.expectations.clear();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn received(path: &str, body: &str) -> Received {
        Received {
            number: 0,
            at: Timestamp::from_ms(0),
            correlation_id: String::new(),
            app_id: 7,
            app: "Sync".into(),
            method: "POST".into(),
            path: path.into(),
            query: Some("limit=10&archived=false".into()),
            operation: Some("POST /a/{id}".into()),
            headers: Vec::new(),
            body: Bytes::copy_from_slice(body.as_bytes()),
            body_bytes: 0,
            status: 201,
            category: None,
            fault: None,
            asserted: Arc::default(),
            cut: false,
            took_us: 0,
        }
    }

    #[test]
    fn requests_are_found_by_what_they_were() {
        let requests = Requests::default();
        requests.note(received("/a/1", r#"{"properties":{"email":"a@example.com","city":"Porto"},"inputs":[1,2]}"#), None);
        requests.note(received("/a/2", "not json"), None);
        let count = |filter: Filter| requests.find(&filter).len();
        let with = |name: &str, value: &str| {
            let value = Some(value.to_owned());
            let mut filter = Filter::default();
            match name {
                "method" => filter.method = value,
                "path" => filter.path = value,
                "app" => filter.app = value,
                "status" => filter.status = value,
                "query" => filter.query = value,
                _ => filter.operation = value,
            }
            count(filter)
        };
        assert_eq!([with("path", "/a/*"), with("path", "/a/2"), with("path", "/a")], [2, 1, 0]);
        assert_eq!([with("method", "post"), with("method", "GET")], [2, 0]);
        assert_eq!([with("status", "2xx"), with("status", "201"), with("status", "4xx")], [2, 2, 0]);
        assert_eq!([with("app", "7"), with("app", "Sync"), with("app", "Other")], [2, 2, 0]);
        assert_eq!([with("query", "limit=10"), with("query", "limit=1")], [2, 0]);
        assert_eq!([with("query", "archived=false&limit=10"), with("query", "archived=true&limit=10")], [2, 0]);
        assert_eq!(with("operation", "POST /a/{id}"), 2);
        let body = |body: Value| count(Filter { body: Some(body), ..Filter::default() });
        assert_eq!(body(json!({ "properties": { "city": "Porto" } })), 1);
        assert_eq!(body(json!({ "properties": { "city": "Lagos" } })), 0);
        assert_eq!((body(json!({ "inputs": [1, 2] })), body(json!({ "inputs": [1] }))), (1, 0));
        assert_eq!(count(Filter { after: Some(1), ..Filter::default() }), 1);
    }

    #[test]
    fn only_the_last_are_kept_and_no_long_body() {
        let requests = Requests::default();
        for _ in 0..REQUESTS_MAX + 5 {
            requests.note(received("/a/1", ""), None);
        }
        requests.note(received("/a/1", &"x".repeat(BODY_BYTES_MAX + 1)), None);
        let all = requests.find(&Filter::default());
        let last = all.last().unwrap();
        assert_eq!((all.len(), last.number as usize), (REQUESTS_MAX, REQUESTS_MAX + 6));
        assert_eq!((last.body.len(), last.body_bytes as usize), (0, BODY_BYTES_MAX + 1));
        for _ in 0..40 {
            requests.note(received("/a/1", &"x".repeat(BODY_BYTES_MAX)), None);
        }
        assert_eq!(requests.find(&Filter::default()).len(), BODIES_BYTES_MAX / BODY_BYTES_MAX);
        requests.clear();
        assert!(requests.find(&Filter::default()).is_empty());
    }

    #[test]
    fn a_number_of_requests_is_a_number_or_a_range() {
        let met = |text: &str, count| Expected::parse(text).unwrap().is_met(count);
        assert!(met("3", 3) && !met("3", 2) && met("0", 0) && met("1..", 9) && !met("1..", 0));
        assert!(met("..2", 2) && !met("..2", 3) && met("1..2", 1));
        for text in ["", "..", "x", "2..1", "-1", "1...2"] {
            assert_eq!(Expected::parse(text), None, "{text}");
        }
    }
}
