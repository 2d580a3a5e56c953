//! `keyway mcp snippet`: the agents' door in the settings of a client.

use anyhow::bail;
use keyway_core::agents::snippet::{self as door, Door, clients};
use keyway_deliver::https;
use serde_json::json;

use crate::args::snippet::{Over, Snippet};
use crate::exit::Exit;
use crate::output::is_json;
use crate::print::{print_exactly, print_json, say, show, table};

/// Prints the snippet of a client on stdout, so that it can go into a file, and the person's steps on stderr.
/// Without a client, lists the clients.
///
/// # Errors
/// The client is not known or can't connect to the MCP server in the chosen way, or an address takes no tokens.
pub fn run(wanted: &Snippet) -> anyhow::Result<Exit> {
    let Some(client) = &wanted.client else {
        let all: Vec<_> = clients().map(|(client, title)| json!({ "client": client, "title": title })).collect();
        return show(&json!({ "clients": all }), |_| {
            let rows: Vec<Vec<String>> = clients().map(|(client, title)| vec![client.to_owned(), title.to_owned()]).collect();
            format!("{}\n\nto print one: keyway mcp snippet --client CLIENT", table(&["client", "program"], &rows))
        });
    };
    https::for_tokens("--url", &wanted.url)?;
    https::for_tokens("--gateway", &wanted.gateway)?;
    let over = wanted.over.map(|over| match over {
        Over::Http => door::Over::Http,
        Over::Stdio => door::Over::Stdio,
    });
    let Some(made) = door::snippet(client, over, Door { url: &wanted.url, gateway: &wanted.gateway }) else {
        if clients().any(|(known, _)| known == client) {
            bail!("{client} can't reach Keyway in that way; leave --over out");
        }
        let known: Vec<&str> = clients().map(|(client, _)| client).collect();
        bail!("no client is called {client:?}; there are {}", known.join(", "));
    };
    if is_json() {
        print_json(&made)?;
        return Ok(Exit::Fine);
    }
    print_exactly(made.text.trim_end())?;
    say(&format!("for {}, in {}\n{}", made.title, made.place, made.note));
    Ok(Exit::Fine)
}
