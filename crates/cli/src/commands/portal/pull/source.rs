//! Sends the calls of a pull to the data listener. Sends a call again after a 429 or a temporary failure.

use std::time::Duration;

use anyhow::{Context, bail};
use http::header::RETRY_AFTER;
use http::{Method, StatusCode};
use http_body_util::{BodyExt, Limited};
use keyway_core::secret::Secret;
use keyway_core::shown;
use serde_json::Value;

use crate::client;

/// Longest answer, in bytes.
const ANSWER_MAX: usize = 64 << 20;
/// Times that a call is sent.
const ATTEMPTS_MAX: u32 = 30;
/// Longest wait for a limit, in seconds. A longer one means the daily limit: the pull ends, and a later run
/// continues it.
const WAIT_MAX_S: u64 = 120;
/// Wait after a failure that names no time, for each attempt.
const PAUSE: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// Where a pull reads.
pub struct Source<'a> {
    /// The address of the data listener.
    pub url: &'a str,
    /// The token of the pull's app.
    pub token: Secret<String>,
}

/// The result of a call.
pub enum Got {
    /// The JSON of an answer.
    Value(Value),
    /// The account does not have it or the credential may not read it; says why.
    Nothing(String),
}

impl Source<'_> {
    /// # Errors
    /// No server answers, a limit lasts too long, or the pull can't continue with this answer.
    pub async fn get(&self, path: &str) -> anyhow::Result<Got> {
        self.call(Method::GET, path, None).await
    }

    /// # Errors
    /// As [`Self::get`].
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Got> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let body = body.map(ToString::to_string).unwrap_or_default();
            let answer = client::call_data(self.url, &self.token, method.clone(), path, body.into()).await;
            let answer = answer.context("the data listener can't be called. Name its address with --url")?;
            let (status, wait_s) =
                (answer.status(), answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok()));
            let bytes = match Limited::new(answer.into_body(), ANSWER_MAX).collect().await {
                Ok(whole) => whole.to_bytes(),
                Err(_) if attempts < ATTEMPTS_MAX => continue,
                Err(error) => bail!("the answer to {method} {path} is cut or too long: {error}"),
            };
            let value: Value = serde_json::from_slice(&bytes).unwrap_or_default();
            let message = shown::line(value["message"].as_str().unwrap_or("no message")).to_string();
            match status {
                status if status.is_success() => return Ok(Got::Value(value)),
                StatusCode::BAD_REQUEST | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND | StatusCode::NOT_IMPLEMENTED => {
                    return Ok(Got::Nothing(format!("{status}: {message}")));
                }
                StatusCode::TOO_MANY_REQUESTS if wait_s.is_some_and(|wait| wait > WAIT_MAX_S) => {
                    let wait = wait_s.unwrap_or_default();
                    bail!("the account's limit is used up for {wait} seconds ({message}). Run the same command again after that to go on");
                }
                status if attempts < ATTEMPTS_MAX && (status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()) => {
                    tokio::time::sleep(wait_s.map_or((PAUSE * attempts).min(PAUSE_MAX), Duration::from_secs)).await;
                }
                status => bail!("{method} {path} was answered {status}: {message}. Run the same command again to go on"),
            }
        }
    }

    /// All pages of a list, at most `most` entries.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn pages(&self, path: &str, most: usize) -> anyhow::Result<Result<Vec<Value>, String>> {
        let joined = if path.contains('?') { '&' } else { '?' };
        let (mut all, mut after) = (Vec::new(), String::new());
        while all.len() < most {
            let page =
                if after.is_empty() { path.to_owned() } else { format!("{path}{joined}after={}", keyway_core::path::encoded(&after)) };
            let mut value = match self.get(&page).await? {
                Got::Value(value) => value,
                Got::Nothing(why) => return Ok(Err(why)),
            };
            if let Some(results) = value["results"].as_array_mut() {
                all.append(results);
            }
            match &value["paging"]["next"]["after"] {
                Value::String(next) if *next != after => after.clone_from(next),
                Value::Number(next) if next.to_string() != after => after = next.to_string(),
                _ => break,
            }
        }
        all.truncate(most);
        Ok(Ok(all))
    }
}
