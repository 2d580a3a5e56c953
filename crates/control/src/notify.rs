//! Sends notifications: their text, and the way to a receiver.
//!
//! A receiver is a host that the operator allows ([`Targets`]). No redirect is followed, and of an HTTP
//! answer only the status counts. What is sent, when and to whom is decided in `control` and `notifier`.

mod mail;
pub mod message;
mod signature;

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};
use keyway_core::secret::Secret;
use keyway_core::time::Timestamp;
use serde_json::Value;

use crate::live::Live;
use crate::model::{Channel, ChannelTarget, MailTls};
use crate::targets::{Target, Targets};
use crate::upstream::{self, UpstreamError, is_this_machine};

pub use signature::{new_secret, verify};

/// How long one attempt may take.
pub const ATTEMPT_TIME_MAX: Duration = Duration::from_secs(10);

/// Sends notifications.
pub struct Sender {
    hosts: Live<Targets>,
}

impl Sender {
    /// Sends to these hosts and to no others.
    pub fn new(hosts: Targets) -> Self {
        Self { hosts: Live::new(hosts) }
    }

    /// Sends to these hosts and to no others, from now on.
    pub fn set_hosts(&self, hosts: Targets) {
        self.hosts.set(hosts);
    }

    /// Whether a channel's receiver is one that this server sends to.
    ///
    /// # Errors
    /// It is not; says what would change that.
    pub fn check(&self, target: &ChannelTarget) -> Result<(), String> {
        match target {
            ChannelTarget::Webhook { url, .. } => self.target(url, false).map(drop),
            ChannelTarget::Slack { url } => self.target(url, true).map(drop),
            ChannelTarget::Mail(mail) => {
                self.check_host(&mail.host)?;
                if mail.tls == MailTls::Off && !is_this_machine(&mail.host) {
                    return Err(format!("mail goes to {} in plain text; use \"--tls starttls\" or \"--tls implicit\"", mail.host));
                }
                mail::check(mail)
            }
        }
    }

    /// Sends a message once, signed with this time of day. What the receiver answered comes back, for people.
    ///
    /// # Errors
    /// The receiver did not take it; says why.
    pub async fn send(&self, channel: &Channel, id: &str, at: Timestamp, body: &Value) -> Result<String, String> {
        let sent = async {
            // The operator's settings may be others than when the channel was added.
            self.check(&channel.target)?;
            match &channel.target {
                ChannelTarget::Webhook { url, secret } => {
                    let body = message::webhook(id, body).to_string();
                    let target = self.target(url, false)?;
                    post(&target, signature::headers(secret, id, at, &body)?, body).await
                }
                ChannelTarget::Slack { url } => post(&self.target(url, true)?, HeaderMap::new(), message::slack(body).to_string()).await,
                ChannelTarget::Mail(mail) => mail::send(mail, id, body).await,
            }
        };
        let late = || format!("the receiver did not answer within {} seconds", ATTEMPT_TIME_MAX.as_secs());
        tokio::time::timeout(ATTEMPT_TIME_MAX, sent).await.unwrap_or_else(|_| Err(late()))
    }

    /// The target of a URL that is itself a secret only if it is encrypted on its way.
    fn target(&self, url: &Secret<String>, is_secret: bool) -> Result<Target, String> {
        let target = Target::parse(url.expose()).map_err(|_| "the URL is not one such as https://hooks.example.com/keyway".to_owned())?;
        self.check_host(&target.host)?;
        if is_secret && url.expose().starts_with("http://") && !is_this_machine(&target.host) {
            return Err("the URL is a secret, so it must begin with https://".to_owned());
        }
        Ok(target)
    }

    fn check_host(&self, host: &str) -> Result<(), String> {
        if self.hosts.get().allows(host) {
            return Ok(());
        }
        Err(format!(
            "this server sends no notifications to {host}. To allow it, start the server with \"keyway serve --notify-hosts {host}\""
        ))
    }
}

async fn post(target: &Target, mut headers: HeaderMap, body: String) -> Result<String, String> {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static(concat!("keyway/", env!("CARGO_PKG_VERSION"))));
    let answered = upstream::post(&target.base, &target.path, headers, Bytes::from(body), ATTEMPT_TIME_MAX).await;
    match answered {
        Ok(status) if (200..300).contains(&status) => Ok(format!("HTTP status {status}")),
        Ok(status) => Err(format!("the receiver answered with HTTP status {status}")),
        Err(UpstreamError::Unreachable(_)) => Err("the receiver cannot be reached".to_owned()),
        Err(UpstreamError::Broken) => Err("the receiver closed the connection before it answered".to_owned()),
        Err(UpstreamError::TimedOut) => Err("the receiver did not answer in time".to_owned()),
        Err(UpstreamError::Unsendable) => Err("the URL cannot be written as a request".to_owned()),
    }
}
