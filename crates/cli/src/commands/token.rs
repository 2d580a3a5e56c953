//! `keyway token …`

use anyhow::{Context, bail};
use http::Method;
use serde_json::{Value, json};

use super::account::read;
use super::{encode, list, show, table, text};
use crate::Exit;
use crate::args::{Connection, Token};
use crate::client::call;

pub async fn run(connection: &Connection, action: Token) -> anyhow::Result<Exit> {
    match action {
        Token::Create { app, json } => {
            let answer = call(connection, Method::POST, &format!("/api/v1/apps/{}/tokens", encode(&app)), None).await?;
            show(&answer, json, |answer| format!("created a token of {}\n{}", text(&answer["app"]["name"]), shown_once(answer)))
        }
        Token::Rotate { app, grace, now, json } => {
            let grace_ms = if now { None } else { Some(milliseconds(&grace)?) };
            let path = format!("/api/v1/apps/{}/tokens/rotate", encode(&app));
            let answer = call(connection, Method::POST, &path, Some(json!({ "graceMs": grace_ms }))).await?;
            let fate = if now { "the old tokens ended".to_owned() } else { format!("the old tokens work for another {grace}") };
            show(&answer, json, |answer| format!("rotated the token of {}; {fate}\n{}", text(&answer["app"]["name"]), shown_once(answer)))
        }
        Token::LegacyKey { app, key, json } => {
            let body = json!({ "credential": read(&key)? });
            let answer = call(connection, Method::POST, &format!("/api/v1/apps/{}/tokens/legacy", encode(&app)), Some(body)).await?;
            show(&answer, json, |answer| {
                format!("let in the legacy key {} for {}, in ?hapikey= only", text(&answer["token"]["hint"]), text(&answer["app"]["name"]))
            })
        }
        Token::Users { token_id, days, json } => {
            let answer = call(connection, Method::GET, &format!("/api/v1/tokens/{token_id}/users?days={days}"), None).await?;
            show(&answer, json, |answer| {
                let row = |user: &Value| ["source", "calls", "last"].iter().map(|field| text(&user[*field])).collect();
                let rows: Vec<Vec<String>> = list(answer, "users").iter().map(row).collect();
                if rows.is_empty() {
                    format!("nobody used token {token_id} in {days} days")
                } else {
                    table(&["FROM", "CALLS", "LAST"], &rows)
                }
            })
        }
        Token::Revoke { token_id, json } => {
            let answer = call(connection, Method::POST, &format!("/api/v1/tokens/{token_id}/revoke"), None).await?;
            show(&answer, json, |answer| format!("revoked token {token_id} ({})", text(&answer["token"]["hint"])))
        }
        Token::List { app, json } => {
            let answer = call(connection, Method::GET, &format!("/api/v1/apps/{}/tokens", encode(&app)), None).await?;
            show(&answer, json, |answer| tokens(list(answer, "tokens")))
        }
    }
}

/// The token's text, with the warning that goes with it.
pub fn shown_once(answer: &Value) -> String {
    format!(
        "\n  {}\n\nThis is the only time the token is shown; put it where the integration reads its secrets.",
        text(&answer["token"]["value"])
    )
}

pub fn tokens(tokens: &[Value]) -> String {
    let row = |token: &Value| {
        ["id", "kind", "hint", "state", "createdAt", "expiresAt", "lastUsedAt"].iter().map(|field| text(&token[*field])).collect()
    };
    let rows: Vec<Vec<String>> = tokens.iter().map(row).collect();
    table(&["TOKEN ID", "KIND", "TOKEN", "STATE", "CREATED", "EXPIRES", "LAST USE"], &rows)
}

/// `90s`, `30m`, `12h` or `7d` in milliseconds.
pub fn milliseconds(text: &str) -> anyhow::Result<i64> {
    let split = text.len() - text.chars().next_back().map_or(0, char::len_utf8);
    let (number, unit) = text.split_at(split);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => bail!("{text} is not a time; use a number with s, m, h or d, such as 7d"),
    };
    let number: i64 = number.parse().with_context(|| format!("{text} is not a time; use a number with s, m, h or d, such as 7d"))?;
    number.checked_mul(seconds * 1_000).filter(|ms| *ms > 0).with_context(|| format!("{text} is not a time to wait"))
}

#[cfg(test)]
mod tests {
    use super::milliseconds;

    #[test]
    fn grace_periods_have_a_unit() {
        assert_eq!(milliseconds("7d").unwrap(), 604_800_000);
        assert_eq!(milliseconds("90s").unwrap(), 90_000);
        for text in ["", "7", "d", "-1d", "0s", "7w", "7é", "99999999999999999d"] {
            assert!(milliseconds(text).is_err(), "{text}");
        }
    }
}
