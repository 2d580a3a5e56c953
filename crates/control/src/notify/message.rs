//! What a message says, in the form of each kind of channel. The queue keeps the notifications alone.

use serde_json::{Value, json};

use crate::model::{Channel, ChannelTarget};

/// Notifications in one message; it says how many there are beside.
pub const NOTIFICATIONS_MAX: usize = 20;
/// The version of the body of a webhook.
const VERSION: u32 = 1;

/// Messages of one channel that tell of these conditions (as [`Condition::to_json`] has them, with
/// `since` and `reminder`).
///
/// [`Condition::to_json`]: crate::attention::Condition::to_json
pub fn compose(channel: &Channel, conditions: &[Value], server: &str) -> Vec<Value> {
    // Where owners get mail about their apps, they get no other's.
    let mut groups: Vec<(Option<String>, Vec<&Value>)> = Vec::new();
    for condition in conditions {
        let owner = match &channel.target {
            ChannelTarget::Mail(mail) if mail.to_owner => condition["owner"].as_str().and_then(super::mail::address),
            _ => None,
        };
        match groups.iter_mut().find(|(to, _)| *to == owner) {
            Some((_, group)) => group.push(condition),
            None => groups.push((owner, vec![condition])),
        }
    }
    let message = |(to, group): (Option<String>, Vec<&Value>)| {
        let told: Vec<&Value> = group.iter().take(NOTIFICATIONS_MAX).copied().collect();
        json!({ "server": server, "to": to, "notifications": told, "more": group.len() - told.len() })
    };
    groups.into_iter().map(message).collect()
}

/// The notifications that a channel takes: those that its account and owner fit. A channel without
/// either takes what no other channel fits.
pub fn route<'a>(channels: &'a [Channel], condition: &Value) -> Vec<&'a Channel> {
    let same = |one: &str, other: &str| one.trim().to_lowercase() == other.trim().to_lowercase();
    let limited = |channel: &&Channel| channel.hub_id.is_some() || channel.owner.is_some();
    let fits = |channel: &&Channel| {
        channel.hub_id.is_none_or(|hub_id| condition["hubId"] == hub_id)
            && channel.owner.as_deref().is_none_or(|owner| condition["owner"].as_str().is_some_and(|of| same(owner, of)))
    };
    let chosen: Vec<&Channel> = channels.iter().filter(limited).filter(fits).collect();
    if chosen.is_empty() { channels.iter().filter(|channel| !limited(channel)).collect() } else { chosen }
}

/// A message that tells of nothing, to try a channel.
pub fn test(server: &str) -> Value {
    let text = "This is a test of a Keyway notification channel. Nothing needs attention";
    let notification = json!({
        "kind": "test", "name": "test", "text": text, "remedy": null, "hubId": null, "account": null, "appId": null, "app": null,
        "owner": null, "link": null, "since": null, "reminder": false,
    });
    json!({ "server": server, "to": null, "notifications": [notification], "more": 0 })
}

/// The body of a webhook.
pub(super) fn webhook(id: &str, message: &Value) -> Value {
    json!({
        "version": VERSION, "id": id, "server": message["server"], "notifications": message["notifications"], "more": message["more"],
    })
}

/// The body for a Slack-compatible incoming webhook: text for lists and pop-ups, blocks for the message itself.
pub(super) fn slack(message: &Value) -> Value {
    let mut blocks = vec![json!({ "type": "header", "text": { "type": "plain_text", "text": subject(message) } })];
    for one in notifications(message) {
        let remedy = one["remedy"].as_str().map(|remedy| format!("\n{}", escaped(remedy))).unwrap_or_default();
        let link = one["link"].as_str().map(|link| format!("\n<{}>", escaped(link))).unwrap_or_default();
        let text = format!("{}*{}*: {}{remedy}{link}", reminder(one), escaped(text(&one["kind"])), escaped(text(&one["text"])));
        blocks.push(json!({ "type": "section", "text": { "type": "mrkdwn", "text": text } }));
    }
    let more = more(message).map(|more| format!("{more}\n")).unwrap_or_default();
    let from = format!("{more}{}", escaped(text(&message["server"])));
    blocks.push(json!({ "type": "context", "elements": [{ "type": "mrkdwn", "text": from }] }));
    json!({ "text": escaped(&subject(message)), "blocks": blocks })
}

/// The text of a mail.
pub(super) fn mail(message: &Value) -> String {
    let mut lines = String::new();
    for one in notifications(message) {
        lines.push_str(&format!("{}{}: {}.\n", reminder(one), text(&one["kind"]), text(&one["text"])));
        if let Some(since) = one["since"].as_str() {
            lines.push_str(&format!("    Since:  {since}\n"));
        }
        if let Some(remedy) = one["remedy"].as_str() {
            lines.push_str(&format!("    To do:  {remedy}\n"));
        }
        if let Some(link) = one["link"].as_str() {
            lines.push_str(&format!("    Page:   {link}\n"));
        }
        if let Some(owner) = one["owner"].as_str() {
            lines.push_str(&format!("    Owner:  {owner}\n"));
        }
        lines.push('\n');
    }
    if let Some(more) = more(message) {
        lines.push_str(&format!("{more}\n\n"));
    }
    lines.push_str(&format!("Keyway at {}\n", text(&message["server"])));
    lines
}

/// One line that says what the message is of.
pub(super) fn subject(message: &Value) -> String {
    let more = usize::try_from(message["more"].as_u64().unwrap_or(0)).unwrap_or(0);
    match (notifications(message), more) {
        ([one], 0) if one["kind"] == "test" => "Keyway: test of a notification channel".to_owned(),
        ([one], 0) => {
            let of = one["app"].as_str().or(one["account"].as_str()).map(|of| format!(" ({of})")).unwrap_or_default();
            format!("Keyway: {}{of}", text(&one["kind"])).chars().take(140).collect()
        }
        (several, more) => format!("Keyway: {} conditions need attention", several.len() + more),
    }
}

fn notifications(message: &Value) -> &[Value] {
    message["notifications"].as_array().map_or(&[], Vec::as_slice)
}

fn more(message: &Value) -> Option<String> {
    message["more"].as_u64().filter(|more| *more > 0).map(|more| format!("{more} more: keyway notify history"))
}

fn reminder(one: &Value) -> &'static str {
    if one["reminder"] == true { "Reminder: " } else { "" }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Slack reads these three as marks of its own.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use keyway_core::secret::Secret;
    use keyway_core::time::Timestamp;

    use super::*;
    use crate::model::{Mail, MailTls};

    fn channel(id: u64, target: ChannelTarget) -> Channel {
        Channel { id, name: format!("channel {id}"), target, hub_id: None, owner: None, created_at: Timestamp::from_ms(0) }
    }

    fn hook(id: u64) -> Channel {
        channel(id, ChannelTarget::Slack { url: Secret::new("https://hooks.example.com/a".to_owned()) })
    }

    fn condition(hub_id: u64, owner: &str) -> Value {
        json!({ "kind": "sunset", "text": "<b> & more", "remedy": "keyway sunset", "hubId": hub_id, "app": "Sync", "owner": owner })
    }

    #[test]
    fn a_condition_goes_to_the_channels_of_its_account_and_owner_and_else_to_those_without() {
        let of_account = Channel { hub_id: Some(7), ..hook(2) };
        let of_owner = Channel { owner: Some("Ada@example.com ".into()), ..hook(3) };
        let of_both = Channel { hub_id: Some(8), owner: Some("ada@example.com".into()), ..hook(4) };
        let channels = [hook(1), of_account, of_owner, of_both];
        let routed =
            |hub_id: u64, owner: &str| route(&channels, &condition(hub_id, owner)).iter().map(|channel| channel.id).collect::<Vec<_>>();
        assert_eq!(routed(7, ""), [2]);
        assert_eq!(routed(7, "ada@example.com"), [2, 3]);
        assert_eq!(routed(8, "ada@example.com"), [3, 4]);
        assert_eq!(routed(8, "ben@example.com"), [1]);
        assert_eq!(route(&channels[1..], &condition(9, "")).len(), 0, "nobody wants it");
    }

    #[test]
    fn a_flood_of_conditions_is_one_message_that_says_how_many_there_are() {
        let all: Vec<Value> = (0..1_000).map(|hub_id| condition(hub_id, "")).collect();
        let messages = compose(&hook(1), &all, "http://localhost");
        assert_eq!(messages.len(), 1);
        assert_eq!((notifications(&messages[0]).len(), &messages[0]["more"]), (NOTIFICATIONS_MAX, &json!(980)));
        assert_eq!(subject(&messages[0]), "Keyway: 1000 conditions need attention");
        // Slack takes 50 blocks.
        assert!(slack(&messages[0])["blocks"].as_array().unwrap().len() <= 50);
    }

    #[test]
    fn an_owner_gets_mail_about_their_own_apps_and_no_other() {
        let to = vec!["ops@example.com".to_owned()];
        let mail = Mail {
            host: "localhost".into(),
            port: 25,
            tls: MailTls::Off,
            login: None,
            from: "keyway@example.com".into(),
            to,
            to_owner: true,
        };
        let all = [condition(1, "Ada <ada@example.com>"), condition(1, "Sales"), condition(2, "Ada <ada@example.com>")];
        let messages = compose(&channel(1, ChannelTarget::Mail(mail)), &all, "http://localhost");
        let of = |message: &Value| (message["to"].as_str().map(str::to_owned), notifications(message).len());
        assert_eq!(messages.iter().map(of).collect::<Vec<_>>(), [(Some("ada@example.com".to_owned()), 2), (None, 1)]);
    }

    #[test]
    fn no_name_in_a_slack_message_is_read_as_a_mark() {
        let message = &compose(&hook(1), &[condition(1, "")], "http://localhost")[0];
        let sent = slack(message).to_string();
        assert!(sent.contains("&lt;b&gt; &amp; more") && !sent.contains("<b>"), "{sent}");
    }
}
