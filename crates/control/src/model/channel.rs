//! Channels of notifications: where they go, and which of them.

use keyway_core::secret::Secret;
use keyway_core::time::Timestamp;

/// Where notifications go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// The number that the store gave it; 0 before that.
    pub id: u64,
    /// The name, which no other channel has.
    pub name: String,
    /// How a notification gets there.
    pub target: ChannelTarget,
    /// Takes notifications of this account only.
    pub hub_id: Option<u64>,
    /// Takes notifications of apps of this owner only.
    pub owner: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// How a notification gets to its receiver. Secrets are sealed at rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelTarget {
    /// A POST of JSON, signed.
    Webhook {
        /// The whole URL; its path or query may hold a secret.
        url: Secret<String>,
        /// What requests are signed with, `whsec_` and Base64.
        secret: Secret<String>,
    },
    /// An incoming webhook of Slack, or of a service that takes the same.
    Slack {
        /// Whoever knows it can post.
        url: Secret<String>,
    },
    /// Mail over SMTP.
    Mail(Mail),
}

/// A way to send mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The host of the SMTP server.
    pub host: String,
    /// The TCP port of the server.
    pub port: u16,
    /// How the connection is encrypted.
    pub tls: MailTls,
    /// Who signs in there, and the password; none for a server that asks for neither.
    pub login: Option<(String, Secret<String>)>,
    /// The sender's address.
    pub from: String,
    /// The receivers' addresses.
    pub to: Vec<String>,
    /// Whether a notification of an app goes to the address in its owner too.
    pub to_owner: bool,
}

/// How a connection to an SMTP server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailTls {
    /// From the first byte (RFC 8314, section 3.3).
    Implicit,
    /// By STARTTLS, which the server must offer (RFC 3207).
    StartTls,
    /// Not at all; to this machine only.
    Off,
}

impl MailTls {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Implicit => "implicit",
            Self::StartTls => "starttls",
            Self::Off => "off",
        }
    }

    /// Its port: of submission (RFC 8314, section 3.3, and RFC 6409), or of a relay beside the server.
    pub const fn usual_port(self) -> u16 {
        match self {
            Self::Implicit => 465,
            Self::StartTls => 587,
            Self::Off => 25,
        }
    }

    /// Reads a name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Implicit, Self::StartTls, Self::Off].into_iter().find(|one| one.name() == name)
    }
}

impl ChannelTarget {
    /// `webhook`, `slack` or `mail`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Webhook { .. } => "webhook",
            Self::Slack { .. } => "slack",
            Self::Mail(_) => "mail",
        }
    }

    /// What may be shown of it: of a URL scheme and host, of mail the addresses and the server.
    pub fn shown(&self) -> String {
        match self {
            Self::Webhook { url, .. } | Self::Slack { url } => {
                let url = url.expose();
                let host = url.find("://").map_or(0, |at| at + 3);
                let end = url[host..].find(['/', '?', '#']).map_or(url.len(), |at| host + at);
                if end == url.len() { url.clone() } else { format!("{}/…", &url[..end]) }
            }
            Self::Mail(mail) => {
                let owner = mail.to_owner.then(|| "the app's owner".to_owned());
                let to: Vec<String> = mail.to.iter().cloned().chain(owner).collect();
                format!("{} by {}:{}", to.join(", "), mail.host, mail.port)
            }
        }
    }
}

/// A message in the queue, claimed by this instance.
#[derive(Clone, Debug)]
pub struct QueuedMessage {
    /// Its id, the same at each attempt.
    pub id: u64,
    /// Where it goes.
    pub channel: Channel,
    /// The notifications, JSON.
    pub body: serde_json::Value,
    /// When it was queued.
    pub created_at: Timestamp,
    /// When this instance claimed it.
    pub claimed_at: Timestamp,
    /// Attempts so far.
    pub attempts: u32,
}

/// A message as the history shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentMessage {
    /// The number that the store gave it; 0 before that.
    pub id: u64,
    /// The channel's name.
    pub channel: String,
    /// When it was queued.
    pub created_at: Timestamp,
    /// `waiting`, `sent` or `failed`.
    pub state: String,
    /// Attempts so far.
    pub attempts: u32,
    /// When it was sent or given up.
    pub ended_at: Option<Timestamp>,
    /// Why the last attempt failed.
    pub error: Option<String>,
    /// The notifications, JSON.
    pub body: serde_json::Value,
}

/// A condition that lasts, as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptCondition {
    /// Kind and what it is of.
    pub name: String,
    /// As it was last told, JSON.
    pub about: serde_json::Value,
    /// When the condition began.
    pub since: Timestamp,
    /// When it was last told.
    pub told_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_behind_the_host_of_a_url_is_shown() {
        let shown = |url: &str| ChannelTarget::Slack { url: Secret::new(url.to_owned()) }.shown();
        assert_eq!(shown("https://hooks.example.com/services/T0/B0/secret"), "https://hooks.example.com/…");
        assert_eq!(shown("https://hooks.example.com?key=secret"), "https://hooks.example.com/…");
        assert_eq!(shown("http://127.0.0.1:9"), "http://127.0.0.1:9");
    }
}
