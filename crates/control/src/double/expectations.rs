//! What a suite expected of the requests of an embedded account: the last assertions, with what they found.

use std::collections::VecDeque;
use std::sync::Mutex;

use serde_json::Value;

use super::requests::{Filter, Received, holds};
use crate::sync::locked;

/// Expectations kept of one account.
const EXPECTATIONS_MAX: usize = 100;

/// One assertion: which requests, how many, and what came of it.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// The requests that it asked for.
    pub filter: Filter,
    /// As it was written: `3`, `1..`.
    pub expected: String,
    /// Whether there were as many.
    pub met: bool,
    /// The number of the last request when it was asked: it does not speak of later ones.
    pub until: u64,
}

impl Expectation {
    /// Whether a request is one of those that it found.
    /// `body` is [`Received::json`] of it.
    pub fn matches<'a>(&self, one: &Received, body: &impl Fn() -> &'a Value) -> bool {
        one.number <= self.until && self.filter.fits_with(one, |wanted| holds(body(), wanted))
    }

    /// In words: `POST /crm/*/contacts, 1 expected`.
    pub fn words(&self) -> String {
        let Filter { method, path, operation, app, status, body, query, .. } = &self.filter;
        let named = |name: &str, value: &Option<String>| value.as_ref().map(|value| format!("{name} {value}"));
        let body = body.as_ref().map(|body| format!("body {}", body.to_string().chars().take(80).collect::<String>()));
        let parts =
            [method.clone(), path.clone(), operation.clone(), named("app", app), named("status", status), named("query", query), body];
        let what = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let met = if self.met { "" } else { ", not met" };
        format!("{}, {} expected{met}", if what.is_empty() { "any request" } else { &what }, self.expected)
    }
}

/// Those of one account.
#[derive(Default)]
pub(super) struct Expectations(Mutex<VecDeque<Expectation>>);

impl Expectations {
    /// Keeps one more.
    pub(super) fn note(&self, expectation: Expectation) {
        let mut kept = locked(&self.0);
        kept.push_back(expectation);
        if kept.len() > EXPECTATIONS_MAX {
            kept.pop_front();
        }
    }

    /// Those that are kept, oldest first.
    pub(super) fn all(&self) -> Vec<Expectation> {
        locked(&self.0).iter().cloned().collect()
    }

    /// Forgets all of them.
    pub(super) fn clear(&self) {
        locked(&self.0).clear();
    }
}
