//! `keyway record`: a reverse proxy that writes the calls of a client, and HubSpot's answers, to a cassette.
//!
//! A client's credential goes to the upstream and nowhere else. This process makes the key of the masking, and nothing
//! stores it.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use keyway_cassette::{Proxy, Tape};
use keyway_core::mask::Masker;
use keyway_core::mask::rules::{BUILT_IN, Rules};
use keyway_core::shown;
use keyway_gateway::upstream::is_this_machine;
use tokio::net::TcpListener;
use tokio::process::Command;

use crate::args::record::Record;
use crate::exec;
use crate::exit::Exit;
use crate::print::{counted, note, print_exactly, say, warn};

/// Records until the command ends, or until Ctrl-C.
///
/// # Errors
/// Keyway can't create the cassette or listen on the address, or the upstream is not a server that may get a
/// token.
pub async fn run(record: Record) -> anyhow::Result<Exit> {
    if record.show_rules {
        print_exactly(BUILT_IN.trim_end())?;
        for file in &record.rules {
            print_exactly(&shown::lines(read_rules(file)?.trim_end()))?;
        }
        return Ok(Exit::Fine);
    }
    let rules = rules(&record.rules)?;
    let upstream = upstream(&record.upstream)?;
    if !record.listen.ip().is_loopback() {
        bail!(
            "--listen: {} is not on this machine. Clients send their tokens here in plain text, so name an address such as 127.0.0.1:0",
            record.listen
        );
    }
    // From here on a signal ends the recording, or goes to the command.
    let mut signals = exec::signals()?;
    let to = record.to.context("--to names the cassette")?;
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|error| anyhow::anyhow!("no random bytes: {error}"))?;
    let tape = Arc::new(Tape::create(&to, Masker::new(key, rules, keyway_portal::vocabulary()), warn)?);
    let listener = TcpListener::bind(record.listen).await.with_context(|| format!("can't listen on {}", record.listen))?;
    let url = format!("http://{}", listener.local_addr()?);
    let proxy = Proxy::start(listener, upstream, tape.clone());
    let exit = if record.command.is_empty() {
        say(&format!("recording to {}: call {url} in place of https://api.hubapi.com, and end with Ctrl-C", shown::path(&to)));
        signals.recv().await;
        Exit::Fine
    } else {
        match Command::new(&record.command[0]).args(&record.command[1..]).env("HUBSPOT_BASE_URL", &url).spawn() {
            Ok(child) => Exit::OfCommand(exec::code(exec::wait(child, signals).await?)),
            Err(error) => {
                warn(&format!("{} can't be started: {error}", shown::line(&record.command[0].to_string_lossy())));
                Exit::OfCommand(if error.kind() == ErrorKind::NotFound { exec::NOT_FOUND } else { exec::NOT_EXECUTABLE })
            }
        }
    };
    proxy.end().await;
    let written = tape.end()?;
    note(&format!("recorded {} to {}", counted(written.calls, "call"), shown::path(&to)));
    if written.left_out > 0 {
        warn(&format!("not in the cassette: {}, as the cassette is full or there was no answer", counted(written.left_out, "call")));
    }
    Ok(exit)
}

/// The built-in rules and those of files.
///
/// # Errors
/// A file can't be read, or a row of it.
pub fn rules(files: &[PathBuf]) -> anyhow::Result<Rules> {
    let mut rules = Rules::built_in();
    for file in files {
        rules.extend(&read_rules(file)?).with_context(|| format!("--rules: {}", shown::path(file)))?;
    }
    Ok(rules)
}

fn read_rules(file: &PathBuf) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("--rules: {} can't be read", shown::path(file)))
}

/// A scheme and a host; plain HTTP to this machine only, as tokens go there.
fn upstream(text: &str) -> anyhow::Result<http::uri::Parts> {
    let wrong = || format!("--upstream: {} is not a URL such as https://api.hubapi.com", shown::line(text));
    let uri: http::Uri = text.parse().with_context(wrong)?;
    let host = uri.host().with_context(wrong)?;
    let is_bare = uri.path() == "/" && uri.query().is_none() && !uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
    match uri.scheme_str() {
        Some("https") if is_bare => {}
        Some("http") if is_bare && is_this_machine(host) => {}
        Some("http") if is_bare => bail!("--upstream: {text} is not HTTPS, and tokens are sent in plain text to this machine only"),
        _ => bail!(wrong()),
    }
    Ok(uri.into_parts())
}
