//! Answers that were recorded elsewhere: an embedded account gives them to requests that it can't answer itself.
//!
//! In memory, bounded, and of one account. The call has its permit and counts in the limits before an answer is
//! looked for here.

use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use serde_json::Value;

use crate::sync::locked;

pub use keyway_api::body::RecordedAnswer as Recorded;

/// Answers of one account.
const ANSWERS_MAX: usize = 10_000;
/// Bytes of all of them.
const BYTES_MAX: usize = 64 * 1024 * 1024;

/// The answers of one account.
#[derive(Default)]
pub struct Answers(Mutex<Vec<Held>>);

struct Held {
    recorded: Arc<Recorded>,
    used: bool,
}

impl Answers {
    /// Puts these in the place of all others.
    ///
    /// # Errors
    /// There are too many, they are too large, or a status is not one; says which.
    pub fn put(&self, recorded: Vec<Recorded>) -> Result<(), String> {
        let bytes: usize = recorded.iter().map(|one| one.answer.to_string().len() + one.body.to_string().len() + one.path.len()).sum();
        if recorded.len() > ANSWERS_MAX || bytes > BYTES_MAX {
            return Err(format!("an account has {ANSWERS_MAX} recorded answers at most, of {} MiB together", BYTES_MAX >> 20));
        }
        if let Some(one) = recorded.iter().find(|one| !(200..=599).contains(&one.status)) {
            return Err(format!("{} is not the status of an answer", one.status));
        }
        *self.lock() = recorded.into_iter().map(|one| Held { recorded: Arc::new(one), used: false }).collect();
        Ok(())
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// The answer to a request: the first one that was not given yet, or else the last.
    pub fn find(&self, method: &str, path: &str, query: Option<&str>, body: &Bytes) -> Option<Arc<Recorded>> {
        let mut held = self.lock();
        if held.is_empty() {
            return None;
        }
        let query: Vec<(String, String)> = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let fits = |one: &Recorded| {
            one.method == method
                && one.path == path
                && one.query.len() == query.len()
                && one.query.iter().all(|pair| query.contains(pair))
                && (one.body.is_null() || one.body == body)
        };
        let fitting: Vec<usize> = held.iter().enumerate().filter(|(_, one)| fits(&one.recorded)).map(|(at, _)| at).collect();
        let at = fitting.iter().copied().find(|at| !held[*at].used).or_else(|| fitting.last().copied())?;
        held[at].used = true;
        Some(held[at].recorded.clone())
    }

    /// Forgets them.
    pub fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Held>> {
        locked(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn recorded(query: &[(&str, &str)], body: Value, status: u16) -> Recorded {
        let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Recorded { method: "POST".into(), path: "/a".into(), query, body, status, answer: json!({ "n": status }) }
    }

    #[test]
    fn a_request_gets_its_answers_in_order_and_the_last_again() {
        let answers = Answers::default();
        answers.put(vec![recorded(&[("a", "1")], json!({ "b": 2 }), 201), recorded(&[("a", "1")], Value::Null, 409)]).unwrap();
        let ask = |query: &str, body: &str| answers.find("POST", "/a", Some(query), &Bytes::from(body.to_owned())).map(|one| one.status);
        assert_eq!((ask("a=1", r#"{"b":2}"#), ask("a=1", r#"{"b":2}"#), ask("a=1", r#"{"b":2}"#)), (Some(201), Some(409), Some(409)));
        assert_eq!((ask("a=2", "{}"), ask("a=1&b=1", "{}"), ask("", "{}")), (None, None, None));
        assert!(answers.find("GET", "/a", Some("a=1"), &Bytes::new()).is_none());
        answers.clear();
        assert_eq!((answers.count(), ask("a=1", "{}")), (0, None));
    }

    #[test]
    fn too_many_answers_and_a_status_that_is_none_are_refused_and_change_nothing() {
        let answers = Answers::default();
        answers.put(vec![recorded(&[], Value::Null, 200)]).unwrap();
        assert!(answers.put(vec![recorded(&[], Value::Null, 200); ANSWERS_MAX + 1]).is_err());
        assert!(answers.put(vec![recorded(&[], Value::Null, 99)]).is_err() && answers.put(vec![recorded(&[], Value::Null, 600)]).is_err());
        assert_eq!(answers.count(), 1);
    }
}
