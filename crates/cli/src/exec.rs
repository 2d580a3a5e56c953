//! `keyway exec`: runs a command beside an embedded account that lasts as long as the command.
//!
//! The account is in the memory of this process, the listeners use free ports, and there is no socket. So
//! nothing is left behind, even if this process is killed. With `--proxy` a file holds the certificate of the
//! proxy's authority until the command ends.

mod outcome;
mod proxied;

use std::ffi::OsString;
use std::io::{ErrorKind, IsTerminal};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;

use anyhow::{Context, bail};
use keyway_core::secret::Secret;
use keyway_core::shown;
use keyway_core::strict::report::Report;
use keyway_gateway::admin::AdminToken;
use keyway_gateway::clock;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use self::outcome::Outcome;
use self::proxied::Proxied;
use crate::args::exec::Exec;
use crate::args::repeat::Repeat;
use crate::args::serve::{ClientAddress, ProxyOthers, Serve, Unsupported};
use crate::exit::Exit;
use crate::logs::LogFormat;
use crate::serve::{Ready, serve_while};
use crate::{apps, print, seed};

/// The exit code of a command that does not exist, as in shells (POSIX, Shell Command Language, 2.8.2).
pub const NOT_FOUND: u8 = 127;
/// The exit code of a file that can't be executed, as in shells.
pub const NOT_EXECUTABLE: u8 = 126;
/// What shells add to the number of the signal that ended a command.
const BY_SIGNAL: i32 = 128;
/// Signals that wait until the command takes them.
const SIGNALS_MAX: usize = 16;

/// Runs the command, and answers its exit code.
///
/// # Errors
/// The account can't start, or can't hold the seed. The command was not started.
pub async fn run(Exec { seed, app, as_of, repeat, proxy, strict, report, command }: Exec) -> anyhow::Result<Exit> {
    // From here on a signal is kept for the command.
    let signals = signals()?;
    let named = seed.clone().unwrap_or_default();
    let seed = seed.as_deref().map(seed_of).transpose()?;
    let outcome = Outcome::new(strict, report)?;
    let secret = admin_secret()?;
    let admin_token = AdminToken::new("KEYWAY_ADMIN_TOKEN", secret.clone()).map_err(anyhow::Error::msg)?;
    serve_while(None, vec![admin_token], &settings(app.into(), as_of, repeat, proxy), async move |ready| {
        if let Some(seed) = seed {
            ready
                .portal
                .fill(ready.hub_id, seed, repeat.clock.unwrap_or_else(clock::now))
                .await
                .map_err(|error| anyhow::anyhow!("--seed {}: {error}", shown::line(&named)))?;
        }
        let proxied = ready.proxy.zip(ready.certificates.as_deref()).map(|(address, pem)| Proxied::new(address, pem)).transpose()?;
        match start(&command, &ready, &secret, proxied.as_ref()) {
            Ok(child) => {
                let code = code(wait(child, signals).await?);
                let report = Report::of(ready.registry.observed(), outcome.ends_by());
                outcome.of(&report, code)
            }
            Err(error) => {
                let why = match error.kind() {
                    ErrorKind::NotFound => "there is no such command on the PATH. Check its name".to_owned(),
                    _ => shown::cause(&error),
                };
                print::warn(&format!("{} can't be started: {why}", shown::line(&command[0].to_string_lossy())));
                Ok(Exit::OfCommand(if error.kind() == ErrorKind::NotFound { NOT_FOUND } else { NOT_EXECUTABLE }))
            }
        }
    })
    .await
}

/// An ephemeral server on free ports of this machine. The variables of `keyway serve` do not change it.
fn settings(app: apps::WithToken, as_of: Option<String>, repeat: Repeat, proxy: bool) -> Serve {
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Serve {
        config: None,
        listen: free,
        admin: free,
        proxy: proxy.then_some(free),
        proxy_others: ProxyOthers::Refuse,
        proxy_private_addresses: false,
        mcp: crate::args::mcp::McpListener::default(),
        public_url: None,
        admin_url: None,
        admin_hosts: Vec::new(),
        environment: None,
        trusted_proxies: Vec::new(),
        client_address: ClientAddress::XForwardedFor,
        tls_cert: None,
        tls_key: None,
        oidc_issuer: None,
        oidc_client_id: None,
        oidc_new_users: None,
        database: None,
        otlp: None,
        ca_file: None,
        redis: None,
        demo: false,
        demo_days: 0,
        ephemeral: true,
        bootstrap: None,
        app: Vec::new(),
        token: Vec::new(),
        apps: vec![app],
        as_of,
        repeat,
        unsupported: Unsupported::Refuse,
        webhook_hosts: Vec::new(),
        notify: crate::args::notify::Settings::default(),
        threads: None,
        ready_file: None,
        audit_keep_days: None,
        disable_unused_days: None,
        audit_stream: false,
        audit_no_property_names: false,
        log: None,
        log_format: LogFormat::Text,
        access_log: false,
        settings: Vec::new(),
    }
}

/// A built-in set by its name, or a file.
fn seed_of(set: &str) -> anyhow::Result<Value> {
    let sets = keyway_portal::SETS.map(|(name, _)| name);
    if sets.contains(&set) {
        return Ok(json!({ "set": set }));
    }
    let file = Path::new(set);
    if matches!(file.try_exists(), Ok(false)) {
        bail!("--seed: {} is neither a built-in set ({}) nor a file", shown::line(set), sets.join(", "))
    }
    seed::of_file(file).context("--seed")
}

/// What opens the admin API to the command: 128 random bits.
fn admin_secret() -> anyhow::Result<Secret<String>> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| anyhow::anyhow!("no random bytes: {error}"))?;
    Ok(Secret::new(random.iter().map(|byte| format!("{byte:02x}")).collect()))
}

/// Starts the command with the addresses and secrets of the account in its environment.
fn start(command: &[OsString], ready: &Ready, admin_token: &Secret<String>, proxied: Option<&Proxied>) -> std::io::Result<Child> {
    let url = format!("http://{}", ready.data);
    let tokens = ready.apps.iter().map(|app| ("HUBSPOT_ACCESS_TOKEN", app.token.expose()));
    Command::new(&command[0])
        .args(&command[1..])
        .env("HUBSPOT_BASE_URL", &url)
        .envs(tokens)
        .envs(proxied.map(Proxied::variables).unwrap_or_default())
        .env("KEYWAY_URL", &url)
        .env("KEYWAY_ADDR", format!("http://{}", ready.admin))
        .env("KEYWAY_ADMIN_TOKEN", admin_token.expose())
        .spawn()
}

/// The signals that ask a program for something, as this process receives them.
pub fn signals() -> anyhow::Result<mpsc::Receiver<Signal>> {
    let (send, received) = mpsc::channel(SIGNALS_MAX);
    // A terminal sends these two to the command too, and twice would mean something else to many programs.
    let terminal = std::io::stdin().is_terminal() || std::io::stdout().is_terminal() || std::io::stderr().is_terminal();
    for (kind, passed_on, by_terminal) in [
        (SignalKind::terminate(), Signal::TERM, false),
        (SignalKind::hangup(), Signal::HUP, false),
        (SignalKind::user_defined1(), Signal::USR1, false),
        (SignalKind::user_defined2(), Signal::USR2, false),
        (SignalKind::interrupt(), Signal::INT, true),
        (SignalKind::quit(), Signal::QUIT, true),
    ] {
        let (mut incoming, send) = (signal(kind)?, send.clone());
        tokio::spawn(async move {
            while incoming.recv().await.is_some() {
                if !(by_terminal && terminal) && send.send(passed_on).await.is_err() {
                    return;
                }
            }
        });
    }
    Ok(received)
}

/// Waits for the command, and passes signals on to it.
pub async fn wait(mut child: Child, mut signals: mpsc::Receiver<Signal>) -> anyhow::Result<ExitStatus> {
    loop {
        // None once the command has ended and its number may be another's.
        let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        tokio::select! {
            status = child.wait() => return Ok(status?),
            Some(signal) = signals.recv() => {
                // A command that has just ended takes no signal, and the next turn answers its status.
                let _ = pid.map(|pid| kill_process(pid, signal));
            }
        }
    }
}

/// The exit code that a shell shows: above 128 for a process that a signal ended.
pub fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| BY_SIGNAL + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}
