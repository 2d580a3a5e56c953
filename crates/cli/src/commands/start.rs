//! What an integration needs for its first call: the base URL, environment variables, and a command.

use http::Method;
use keyway_core::snippet;
use serde_json::Value;

use super::{list, text};
use crate::args::Connection;
use crate::client::call;

/// Where integrations send their calls; none where the server does not say.
pub async fn data_url(connection: &Connection) -> Option<String> {
    let me = call(connection, Method::GET, "/api/v1/me", None).await.ok()?;
    me["dataUrl"].as_str().map(str::to_owned)
}

/// The lines to copy after an app was made.
pub fn lines(url: &str, answer: &Value) -> String {
    let scopes: Vec<String> = list(&answer["app"], "scopes").iter().map(text).collect();
    let snippets = snippet::of(url, &text(&answer["token"]["value"]), &scopes);
    let of = |id: &str| snippets.iter().find(|snippet| snippet.id == id).map(|snippet| indented(&snippet.text)).unwrap_or_default();
    format!(
        "\n\nBase URL, in place of https://api.hubapi.com:\n\n  {url}\n\nFor an .env file:\n\n{}\n\nA first call:\n\n{}\n\nNode, Python, PHP and Ruby: the app's page in the console, or docs/private-apps.md",
        of("env"),
        of("curl")
    )
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}
