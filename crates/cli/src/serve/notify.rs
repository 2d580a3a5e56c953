//! The supervisor's protocol of `Type=notify` services (sd_notify(3), sd_watchdog_enabled(3)): the server says when it
//! is ready and when it stops, and beats the watchdog while its threads work.

use std::ffi::OsString;
use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use anyhow::Context;
use keyway_gateway::pulse::Pulse;

/// Whoever started the server, where it wants to be told.
pub struct Supervisor {
    socket: Option<UnixDatagram>,
    /// How often the watchdog is beaten: half of the time after which the supervisor restarts the server.
    watchdog: Option<Duration>,
}

impl Supervisor {
    /// By `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID`. Without the first nobody is told anything.
    ///
    /// # Errors
    /// There is a socket that cannot be reached.
    pub fn of_environment() -> anyhow::Result<Self> {
        let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
        let is_for_us = number("WATCHDOG_PID").is_none_or(|process| process == u64::from(std::process::id()));
        let watchdog = number("WATCHDOG_USEC").filter(|microseconds| is_for_us && *microseconds > 1);
        let socket = std::env::var_os("NOTIFY_SOCKET").map(|name| connect(&name).context("the socket in NOTIFY_SOCKET cannot be reached"));
        Ok(Self { socket: socket.transpose()?, watchdog: watchdog.map(|microseconds| Duration::from_micros(microseconds / 2)) })
    }

    /// Says that the server is ready, beats the watchdog while the threads work until `stopped` is done, and says that
    /// the server stops.
    pub async fn while_running(&self, pulse: &Pulse, stopped: impl Future<Output = ()>) {
        self.tell("READY=1\nSTATUS=Ready for calls");
        let beating = async {
            let Some(every) = self.watchdog else { return std::future::pending().await };
            let mut every = tokio::time::interval(every);
            every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                every.tick().await;
                match pulse.stalled(Instant::now()) {
                    None => self.tell("WATCHDOG=1"),
                    Some(silent) => tracing::error!("a thread of the data listener has hung for {} seconds", silent.as_secs()),
                }
            }
        };
        tokio::select! {
            () = stopped => {}
            () = beating => {}
        }
        self.tell("STOPPING=1\nSTATUS=Finishing the calls in progress");
    }

    /// A supervisor that went away does not keep the server from its work.
    fn tell(&self, state: &str) {
        if let Some(Err(error)) = self.socket.as_ref().map(|socket| socket.send(state.as_bytes())) {
            tracing::warn!(%error, "the supervisor could not be told: {state}");
        }
    }
}

/// The address is a path or, with an @ in front, a name without a file (unix(7)).
fn connect(name: &OsString) -> std::io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    // A supervisor that reads nothing must not hold the server up.
    socket.set_nonblocking(true)?;
    #[cfg(target_os = "linux")]
    if let Some(name) = std::os::unix::ffi::OsStrExt::as_bytes(name.as_os_str()).strip_prefix(b"@") {
        use std::os::linux::net::SocketAddrExt;
        socket.connect_addr(&std::os::unix::net::SocketAddr::from_abstract_name(name)?)?;
        return Ok(socket);
    }
    socket.connect(name)?;
    Ok(socket)
}
