//! `keyway mcp`: the Model Context Protocol on standard input and output, over a running server's data listener.

mod over_http;
pub mod pipeline;
mod snippet;

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use anyhow::{Context, bail};
use keyway_core::safety::Classes;
use keyway_core::secret::Secret;
use keyway_core::shown;
use keyway_deliver::https;
use keyway_mcp::Masks;
use keyway_mcp::road::Visitor;
use keyway_mcp::server::{Door, Settings};
use keyway_mcp::stdio;

use self::over_http::OverHttp;
use crate::args::mcp::{Beside, Mcp};
use crate::exit::Exit;

/// Serves until the client closes its end.
///
/// # Errors
/// There is no token, or the client does not speak the protocol.
pub async fn run(mcp: Mcp) -> anyhow::Result<Exit> {
    if let Some(Beside::Snippet(wanted)) = &mcp.command {
        return snippet::run(wanted);
    }
    let Some(token) = std::env::var("KEYWAY_TOKEN").ok().filter(|token| !token.trim().is_empty()) else {
        bail!(
            "KEYWAY_TOKEN is not set. Put the token of a session (keyway session create) or of an app (keyway token create) into it, where the client's configuration sets the environment of its servers"
        );
    };
    let url = https::for_tokens("--url", &mcp.url)?;
    let road = OverHttp::new(url).context("--url")?;
    let visitor = Visitor { token: Secret::new(token.trim().to_owned()), source: IpAddr::V4(Ipv4Addr::LOCALHOST) };
    let door = Door::new(Box::new(road), settings(&mcp.allow, mcp.masks.as_deref())?);
    let (input, output) = stdio::streams();
    stdio::serve(door, visitor, input, output).await.map_err(anyhow::Error::msg)?;
    Ok(Exit::Fine)
}

/// What an operator sets of the door.
///
/// # Errors
/// The file of masks can't be used.
pub fn settings(allow: &[String], masks: Option<&Path>) -> anyhow::Result<Settings> {
    let masks = match masks {
        Some(file) => {
            let text = std::fs::read_to_string(file).with_context(|| format!("--mcp-masks: {} can't be read", shown::path(&file)))?;
            Masks::parse(&text).with_context(|| format!("--mcp-masks: {}", shown::path(&file)))?
        }
        None => Masks::default(),
    };
    Ok(Settings { masks, allowed: Classes::parse(allow)? })
}
