//! The protocol of `Type=notify` services (sd_notify(3), sd_watchdog_enabled(3)). The server reports when it is
//! ready and when it stops, and keeps the watchdog alive while its threads work.

use std::ffi::OsString;
use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use anyhow::Context;
use keyway_gateway::pulse::Pulse;

/// The supervisor that started the server, if it asks for notifications.
pub struct Supervisor {
    socket: Option<UnixDatagram>,
    /// How often the watchdog is beaten: half of the time after which the supervisor restarts the server.
    watchdog: Option<Duration>,
}

impl Supervisor {
    /// By `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID`. Without `NOTIFY_SOCKET` the server notifies nobody.
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
        self.beat_unless(|| pulse.stalled(Instant::now()), stopped).await;
    }

    /// The same: no beat while a thread is `stalled`, and for how long. The supervisor then restarts the server.
    async fn beat_unless(&self, stalled: impl Fn() -> Option<Duration>, stopped: impl Future<Output = ()>) {
        self.notify("READY=1\nSTATUS=Ready for calls");
        let beating = async {
            let Some(every) = self.watchdog else { return std::future::pending().await };
            let mut every = tokio::time::interval(every);
            every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                every.tick().await;
                match stalled() {
                    None => self.notify("WATCHDOG=1"),
                    Some(silent) => tracing::error!("a thread of the data listener has hung for {} seconds", silent.as_secs()),
                }
            }
        };
        tokio::select! {
            () = stopped => {}
            () = beating => {}
        }
        self.notify("STOPPING=1\nSTATUS=Finishing the calls in progress");
    }

    /// Says that the server reloads, and when it has.
    pub fn while_reloading(&self, reload: impl FnOnce()) {
        self.notify("RELOADING=1");
        reload();
        self.notify("READY=1");
    }

    /// A supervisor that went away does not keep the server from its work.
    fn notify(&self, state: &str) {
        if let Some(Err(error)) = self.socket.as_ref().map(|socket| socket.send(state.as_bytes())) {
            tracing::warn!(%error, "the supervisor did not get the notification {state}");
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_reload_stands_between_its_begin_and_its_end() {
        let (supervisor, server) = UnixDatagram::pair().unwrap();
        let mut bytes = [0; 100];
        let mut next = || {
            let length = supervisor.recv(&mut bytes).unwrap();
            String::from_utf8_lossy(&bytes[..length]).into_owned()
        };
        let mut before = String::new();
        Supervisor { socket: Some(server), watchdog: None }.while_reloading(|| before = next());
        assert_eq!((before.as_str(), next().as_str()), ("RELOADING=1", "READY=1"));
    }

    #[tokio::test]
    async fn the_watchdog_is_not_beaten_while_a_thread_hangs() {
        let (supervisor, server) = UnixDatagram::pair().unwrap();
        let supervisor_side = Supervisor { socket: Some(server), watchdog: Some(Duration::from_millis(1)) };
        let asked = Cell::new(0);
        // Hangs at the first hundred questions, and works at five.
        let stalled = || {
            asked.set(asked.get() + 1);
            (asked.get() <= 100).then_some(Duration::from_secs(11))
        };
        let stopped = async {
            while asked.get() < 105 {
                tokio::task::yield_now().await;
            }
        };
        supervisor_side.beat_unless(stalled, stopped).await;
        supervisor.set_nonblocking(true).unwrap();
        let mut bytes = [0; 100];
        let received: Vec<String> =
            std::iter::from_fn(|| supervisor.recv(&mut bytes).ok().map(|length| String::from_utf8_lossy(&bytes[..length]).into_owned()))
                .collect();
        let beats = received.iter().filter(|message| *message == "WATCHDOG=1").count();
        // How many there are until the end is seen is a matter of the machine's load.
        assert_eq!(beats, asked.get() - 100, "{received:?}");
        assert!(received[0].starts_with("READY=1") && received[received.len() - 1].starts_with("STOPPING=1"), "{received:?}");
    }
}
