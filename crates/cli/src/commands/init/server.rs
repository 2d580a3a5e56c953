//! The server of `keyway init`: the one that runs on the data folder, or one that runs only as long as the
//! command.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use keyway_core::shown;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::signal::unix::{self, SignalKind, signal};

use super::super::note;
use crate::args::Connection;
use crate::args::init::Init;
use crate::client::{self, NoServer};

/// How long a server may take to be ready.
const READY_TIME_MAX: Duration = Duration::from_secs(60);

/// A server that answers.
pub struct Server {
    started: Option<Started>,
}

/// Ctrl-C and SIGTERM, from when it is made on.
pub struct Stops {
    interrupt: unix::Signal,
    terminate: unix::Signal,
}

impl Stops {
    /// Starts to listen for both signals.
    ///
    /// # Errors
    /// The system refuses.
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }
}

struct Started {
    child: Child,
    /// Its first screen.
    screen: String,
}

impl Server {
    /// The server that runs, or a new one.
    ///
    /// # Errors
    /// None answers at `--addr`, or a new one does not start.
    pub async fn of(connection: &Connection, init: &Init) -> anyhow::Result<Self> {
        match client::alive(connection).await {
            Ok(()) => Ok(Self { started: None }),
            Err(error) if connection.address().is_some() => Err(error),
            Err(error) if error.is::<NoServer>() => Ok(Self { started: Some(Started::new(connection, init).await?) }),
            // There may be a server, such as one of another user.
            Err(error) => Err(error),
        }
    }

    /// Where it is.
    pub fn told(&self) -> String {
        match &self.started {
            None => "server   runs already".to_owned(),
            Some(started) => {
                let of = |word: &str| started.line(word).unwrap_or_default();
                format!("server   started\n  data   {}\n  admin  {}", of("data"), of("admin"))
            }
        }
    }

    /// What can be done next.
    pub fn next(&self, connection: &Connection, init: &Init) -> String {
        let data = data(connection);
        let mut commands = vec![
            (format!("keyway audit tail{data}"), "watch the calls"),
            (format!("keyway app list{data}"), "apps, and when each called last"),
        ];
        if self.started.is_some() {
            commands.push((serve(connection, init), "start this server again"));
        }
        let width = commands.iter().map(|(command, _)| command.chars().count()).max().unwrap_or_default();
        let mut lines = vec![String::new(), "Next".to_owned()];
        lines.extend(commands.iter().map(|(command, does)| format!("  {command:<width$}    {does}")));
        if let Some(link) = self.started.as_ref().and_then(|started| started.line("set up")) {
            lines.push(format!("\nConsole: {link}\n(works once; creates the first super admin)"));
        }
        lines.join("\n")
    }

    /// Serves until Ctrl-C, where the server was started here.
    ///
    /// # Errors
    /// It ended by itself.
    pub async fn serve_on(self, mut stops: Stops) -> anyhow::Result<()> {
        let Some(mut started) = self.started else { return Ok(()) };
        note("\nThe server runs until Ctrl-C.");
        tokio::select! {
            ended = started.child.wait() => bail!("the server ended by itself: {}", ended?),
            _ = stops.interrupt.recv() => {}
            _ = stops.terminate.recv() => {}
        }
        started.stop();
        started.child.wait().await?;
        Ok(())
    }

    /// Stops the server, where it was started here.
    ///
    /// # Errors
    /// It can't be waited for.
    pub async fn stop(self) -> anyhow::Result<()> {
        if let Some(mut started) = self.started {
            started.stop();
            started.child.wait().await?;
        }
        Ok(())
    }
}

/// The option for the data folder, where it is not the default.
fn data(connection: &Connection) -> String {
    let folder = shown::path(&connection.data);
    if folder == "keyway-data" { String::new() } else { format!(" --data {folder}") }
}

/// The command that starts the same server.
fn serve(connection: &Connection, init: &Init) -> String {
    let addresses: String = init.addresses().map(|(option, address)| format!(" {option} {address}")).collect();
    format!("keyway serve{}{addresses}", data(connection))
}

impl Started {
    async fn new(connection: &Connection, init: &Init) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("this program's file is not known")?;
        let mut command = Command::new(program);
        command.arg("serve");
        command.args(init.addresses().flat_map(|(option, address)| [option.to_owned(), address.to_string()]));
        command
            .arg("--data")
            .arg(&connection.data)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            // Ctrl-C is for this process, which stops the server.
            .process_group(0);
        let mut child = command.spawn().context("the server can't be started")?;
        let mut lines = BufReader::new(child.stdout.take().context("the server has no output")?).lines();
        let mut started = Self { child, screen: String::new() };
        let reading = async {
            while let Some(line) = lines.next_line().await? {
                if line == crate::serve::READY {
                    return Ok(true);
                }
                started.screen.push_str(&line);
                started.screen.push('\n');
            }
            anyhow::Ok(false)
        };
        let is_ready = tokio::time::timeout(READY_TIME_MAX, reading).await.context("the server was not ready within a minute")??;
        if is_ready {
            return Ok(started);
        }
        let ended = started.child.wait().await?;
        match ended.code() {
            // A server that ends by itself says why, on the same terminal.
            Some(_) => bail!("the server did not start, for the reason above"),
            None => bail!("the server did not start: it ended by {ended}. To see more: {}", serve(connection, init)),
        }
    }

    /// The URL on the line of the first screen that begins with a word.
    fn line(&self, word: &str) -> Option<&str> {
        let line = self.screen.lines().find_map(|line| line.trim_start().strip_prefix(word))?;
        line.split_whitespace().find(|part| part.contains("://"))
    }

    /// Asks it to stop, as an operator would.
    fn stop(&mut self) {
        let pid = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(pid) = pid {
            let _ = kill_process(pid, Signal::TERM);
        }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // Nothing, where it has ended and was waited for.
        self.stop();
    }
}
