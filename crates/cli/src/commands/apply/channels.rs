//! Notification channels of the file: the meaning of their keys, the changes that a server needs, and how
//! `keyway apply` makes them.
//!
//! The admin API shows no URL and no password, so `keyway apply` can't compare those. The API has no update
//! either: a change removes the channel and adds it again.

use std::collections::HashSet;

use anyhow::Context;
use http::{Method, StatusCode};
use keyway_api::view::{self, AddedChannel, Channels};
use keyway_gateway::model::MailTls;
use serde_json::{Map, Value, json};

use super::super::encoded;
use super::check::{shown_name, text as checked};
use super::perform::TokensFile;
use super::plan::{Action, Change, Field, Target, differences};
use crate::args::Connection;
use crate::client::{Refused, call};
use crate::register::{Channel, ChannelKind, Tls};
use crate::typed::{get, line, typed};

const PATH: &str = "/api/v1/notifications/channels";
/// Longest name of an environment variable in the file, in characters.
const VARIABLE_MAX: usize = 200;
/// What the file writes before the name of a variable.
const ENV: &str = "env:";

/// A channel with all its fields.
pub struct WantedChannel {
    pub line: u64,
    pub name: String,
    pub new: NewChannel,
}

/// What the admin API needs to add a channel, without its name.
#[derive(Clone, Debug, PartialEq)]
pub struct NewChannel {
    /// Fields with the names and the form of the admin API; none of them is secret.
    fields: Map<String, Value>,
    secret: Option<Reference>,
}

/// Which variable holds the secret field of a channel.
#[derive(Clone, Debug, PartialEq)]
struct Reference {
    /// The field in the admin API: `url` or `password`.
    field: &'static str,
    variable: String,
}

impl NewChannel {
    /// The account whose notifications alone the channel takes.
    pub fn hub_id(&self) -> Option<u64> {
        self.fields["hubId"].as_u64()
    }

    /// Whether the server makes a signing secret for it.
    pub fn is_signed(&self) -> bool {
        self.fields["kind"] == ChannelKind::Webhook.name()
    }

    /// The variable that it needs and that is not set here.
    pub fn missing(&self) -> Option<&str> {
        self.secret.as_ref().filter(|secret| secret.value().is_none()).map(|secret| &*secret.variable)
    }

    fn body(&self, name: &str) -> anyhow::Result<Value> {
        let mut body = self.fields.clone();
        body.insert("name".to_owned(), name.into());
        if let Some(secret) = &self.secret {
            let value = secret.value().with_context(|| format!("the environment variable {} is not set", secret.variable))?;
            body.insert(secret.field.to_owned(), value.into());
        }
        Ok(Value::Object(body))
    }
}

impl Reference {
    /// Reads `env:NAME`. The error does not have what was written: it may be the secret itself.
    fn parse(field: &'static str, written: &str) -> Result<Self, String> {
        let variable = written.trim().strip_prefix(ENV).unwrap_or_default();
        let plain = variable.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if variable.is_empty() || variable.len() > VARIABLE_MAX || !plain || variable.starts_with(|first: char| first.is_ascii_digit()) {
            return Err(format!(
                "{field}From is {ENV}NAME, where NAME is the environment variable that holds the {field}. The file never holds the {field} itself"
            ));
        }
        Ok(Self { field, variable: variable.to_owned() })
    }

    fn value(&self) -> Option<String> {
        std::env::var(&self.variable).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }
}

/// Checks a channel of the file; the error is the first problem.
pub fn wanted(line: u64, channel: Channel) -> Result<WantedChannel, String> {
    let Channel { name, kind, url_from, account, owner, host, port, tls, user, password_from, from, to, to_owner } = channel;
    let name = filled("name", &name)?;
    let owner = owner.map(|owner| filled("owner", &owner)).transpose()?;
    let mut fields = Map::new();
    let mut put = |field: &str, value: Value| drop(fields.insert(field.to_owned(), value));
    put("kind", kind.name().into());
    put("hubId", account.into());
    put("owner", owner.into());
    let secret = if kind == ChannelKind::Mail {
        if url_from.is_some() {
            return Err("mail has no urlFrom; it has host, from and to".to_owned());
        }
        let needed = |field: &str, value: Option<String>| match value {
            Some(value) => filled(field, &value),
            None => Err(format!("mail needs {field}")),
        };
        if to.is_empty() {
            return Err("mail needs to: a list of addresses".to_owned());
        }
        let tls = tls.unwrap_or(Tls::Starttls).of_server();
        put("host", needed("host", host)?.to_ascii_lowercase().into());
        put("port", port.unwrap_or(tls.usual_port()).into());
        put("tls", tls.name().into());
        put("from", needed("from", from)?.into());
        put("to", to.iter().map(|to| filled("to", to)).collect::<Result<Vec<_>, _>>()?.into());
        put("toOwner", to_owner.into());
        put("user", user.as_deref().map(|user| filled("user", user)).transpose()?.into());
        match (user, password_from) {
            (Some(_), Some(password)) => Some(Reference::parse("password", &password)?),
            (None, None) => None,
            _ => return Err("user and passwordFrom go together".to_owned()),
        }
    } else {
        let given = [
            ("host", host.is_some()),
            ("port", port.is_some()),
            ("tls", tls.is_some()),
            ("user", user.is_some()),
            ("passwordFrom", password_from.is_some()),
            ("from", from.is_some()),
            ("to", !to.is_empty()),
            ("toOwner", to_owner),
        ];
        if let Some((key, _)) = given.iter().find(|(_, given)| *given) {
            return Err(format!("{key} is a key of mail, not of {}", kind.name()));
        }
        let url = url_from.ok_or_else(|| format!("{} needs urlFrom", kind.name()))?;
        Some(Reference::parse("url", &url)?)
    };
    Ok(WantedChannel { line, name, new: NewChannel { fields, secret } })
}

fn filled(field: &str, value: &str) -> Result<String, String> {
    match checked(field, value)? {
        value if value.is_empty() => Err(format!("{field} must not be empty")),
        value => Ok(value),
    }
}

/// Names are unique on a server. The errors are a line each.
pub fn check_names(channels: &[WantedChannel]) -> Vec<String> {
    let mut names = HashSet::new();
    let twice = channels.iter().filter(|channel| !names.insert(&*channel.name));
    twice.map(|channel| format!("line {}: channel {}: the file has it twice", channel.line, shown_name(&channel.name))).collect()
}

/// What a server with these channels has to change, and the names of those that the file does not have and that stay.
pub fn changes(wanted: &[WantedChannel], server: &[view::Channel], prune: bool) -> (Vec<Change>, Vec<String>) {
    let mut changes: Vec<Change> = wanted.iter().filter_map(|channel| change(channel, find(server, &channel.name))).collect();
    let mut stay = Vec::new();
    for channel in server {
        if wanted.iter().any(|one| one.name == channel.name) {
            continue;
        }
        if prune {
            changes.push(deletion(channel));
        } else {
            stay.push(channel.name.clone());
        }
    }
    (changes, stay)
}

fn find<'a>(server: &'a [view::Channel], name: &str) -> Option<&'a view::Channel> {
    server.iter().find(|channel| channel.name == name)
}

fn change(wanted: &WantedChannel, found: Option<&view::Channel>) -> Option<Change> {
    let secret = wanted.new.secret.as_ref().map(|secret| (format!("{}From", secret.field), format!("{ENV}{}", secret.variable)));
    let (action, fields, goes) = match found {
        None => {
            let unusual = wanted.new.fields.iter().filter(|(_, value)| !value.is_null() && **value != false);
            let fields = unusual.map(|(name, after)| Field { name: name.clone(), before: None, after: after.clone() });
            let secret = secret.map(|(name, after)| Field { name, before: None, after: after.into() });
            (Action::Create, fields.chain(secret).collect(), Vec::new())
        }
        Some(channel) => {
            let fields = differences(&wanted.new.fields, channel);
            if fields.is_empty() {
                return None;
            }
            let with = secret.map(|(name, after)| format!(", with {name} {after}")).unwrap_or_default();
            let mut goes = vec![
                format!("Keyway removes the channel and adds it again{with}"),
                "the notifications that wait for it are removed".to_owned(),
            ];
            if wanted.new.is_signed() {
                goes.push("it gets a new signing secret".to_owned());
            }
            (Action::Change, fields, goes)
        }
    };
    Some(Change {
        action,
        target: Target::Channel(Some(wanted.new.clone())),
        hub_id: wanted.new.hub_id(),
        name: wanted.name.clone(),
        fields,
        goes,
        last_used: None,
    })
}

fn deletion(channel: &view::Channel) -> Change {
    Change {
        action: Action::Delete,
        target: Target::Channel(None),
        hub_id: channel.hub_id,
        name: channel.name.clone(),
        fields: Vec::new(),
        goes: vec![
            format!("{} {}", line(&channel.kind), line(&channel.target)),
            "its address and secret, and the notifications that wait for it".to_owned(),
        ],
        last_used: None,
    }
}

/// Makes one change.
///
/// # Errors
/// The server does not answer, or refuses.
pub async fn make(
    connection: &Connection,
    change: &Change,
    new: Option<&NewChannel>,
    tokens: Option<&mut TokensFile>,
) -> anyhow::Result<()> {
    let name = &change.name;
    let path = format!("{PATH}/{}", encoded(name));
    let Some(new) = new else {
        call(connection, Method::DELETE, &path, None).await?;
        return Ok(());
    };
    let body = new.body(name)?;
    let added = match call(connection, Method::POST, PATH, Some(body.clone())).await {
        // The server checks the name last. So it accepts everything else, and the channel is not removed for a channel
        // that the server then refuses.
        Err(error) if change.action == Action::Change && is_conflict(&error) => {
            call(connection, Method::DELETE, &path, None).await?;
            call(connection, Method::POST, PATH, Some(body))
                .await
                .with_context(|| format!("the channel {} was removed, but could not be added again", shown_name(name)))?
        }
        added => added?,
    };
    if let (Some(tokens), Some(secret)) = (tokens, typed::<AddedChannel>(&added)?.secret)
        && let Err(error) = tokens.add(&json!({ "channel": name, "secret": secret }))
    {
        call(connection, Method::DELETE, &path, None).await?;
        return Err(error.context(format!("the signing secret of the channel {} is lost, so the channel was removed", shown_name(name))));
    }
    Ok(())
}

fn is_conflict(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Refused>().is_some_and(|refused| refused.status == StatusCode::CONFLICT)
}

/// Every channel of a server, as its admin API answers.
///
/// # Errors
/// The server does not answer, or refuses.
pub async fn read(connection: &Connection) -> anyhow::Result<Vec<view::Channel>> {
    Ok(get::<Channels>(connection, PATH).await?.channels)
}

/// The channels of a server, as the file has them, by name. The variables have names of their own, from those of the
/// channels: the server does not show where a secret came from.
pub fn of_server(server: &[view::Channel]) -> Vec<Channel> {
    let mut variables = HashSet::new();
    let mut sorted: Vec<&view::Channel> = server.iter().collect();
    sorted.sort_by_key(|channel| &channel.name);
    sorted.into_iter().map(|channel| of_one(channel, &mut variables)).collect()
}

fn of_one(channel: &view::Channel, variables: &mut HashSet<String>) -> Channel {
    let name = channel.name.clone();
    let kind = match channel.kind.as_str() {
        "slack" => ChannelKind::Slack,
        "mail" => ChannelKind::Mail,
        _ => ChannelKind::Webhook,
    };
    let mail = kind == ChannelKind::Mail;
    let user = channel.user.clone().filter(|_| mail);
    Channel {
        url_from: (!mail).then(|| variable(&name, "URL", variables)),
        password_from: user.is_some().then(|| variable(&name, "PASSWORD", variables)),
        name,
        kind,
        account: channel.hub_id,
        owner: channel.owner.clone(),
        host: channel.host.clone(),
        port: channel.port,
        tls: channel.tls.as_deref().and_then(MailTls::parse).map(Tls::from),
        user,
        from: channel.from.clone(),
        to: channel.to.clone(),
        to_owner: channel.to_owner,
    }
}

/// A reference to a variable that no other channel has.
fn variable(name: &str, end: &str, taken: &mut HashSet<String>) -> String {
    /// Letters of a channel's name in the name of its variable.
    const NAME_MAX: usize = 60;
    let mut plain = String::new();
    for letter in name.chars() {
        if letter.is_ascii_alphanumeric() {
            plain.push(letter.to_ascii_uppercase());
        } else if !plain.is_empty() && !plain.ends_with('_') {
            plain.push('_');
        }
        if plain.len() == NAME_MAX {
            break;
        }
    }
    let plain = Some(plain.trim_end_matches('_')).filter(|plain| !plain.is_empty()).unwrap_or("CHANNEL");
    let mut variable = format!("KEYWAY_NOTIFY_{plain}_{end}");
    let mut count = 2;
    while !taken.insert(variable.clone()) {
        variable = format!("KEYWAY_NOTIFY_{plain}_{count}_{end}");
        count += 1;
    }
    format!("{ENV}{variable}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_has_the_name_of_its_channel_and_no_two_channels_share_one() {
        let names = ["ops", "Ops!", "ops 2", "\u{202e}é", "", &"x".repeat(1_000)];
        let mut taken = HashSet::new();
        let variables = names.map(|name| variable(name, "URL", &mut taken));
        assert_eq!(
            variables[..5],
            [
                "env:KEYWAY_NOTIFY_OPS_URL",
                "env:KEYWAY_NOTIFY_OPS_2_URL",
                "env:KEYWAY_NOTIFY_OPS_2_2_URL",
                "env:KEYWAY_NOTIFY_CHANNEL_URL",
                "env:KEYWAY_NOTIFY_CHANNEL_2_URL"
            ]
        );
        assert!(variables.iter().all(|variable| Reference::parse("url", variable).is_ok()));
    }

    #[test]
    fn a_reference_is_a_variable_and_an_error_never_has_what_was_written() {
        for wrong in
            ["", "env:", "SLACK_URL", "https://hooks.example.com/s3cret", "env:https://s3cret", "env:1A", "env:A B", "env:A=s3cret"]
        {
            let error = Reference::parse("url", wrong).unwrap_err();
            assert!(!error.contains("s3cret"), "{error}");
        }
        assert!(Reference::parse("url", &format!("env:{}", "A".repeat(201))).is_err());
        assert_eq!(Reference::parse("url", " env:_a1 ").unwrap().variable, "_a1");
    }
}
