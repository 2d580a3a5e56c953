//! The signals that a server takes.

use std::io::IsTerminal;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::reload::Reload;
use super::supervisor::Supervisor;

/// What an operator or a supervisor asks for.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
    /// Whether the server was started from a terminal. A terminal that is closed no longer counts as one, so this is asked
    /// before a signal can arrive.
    at_a_terminal: bool,
}

impl Signals {
    /// From here on a signal is kept, and does not end the process at once.
    pub fn listen() -> anyhow::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
            at_a_terminal: std::io::stdin().is_terminal(),
        })
    }

    /// Waits for the signal to stop. SIGHUP reads the certificate and the configuration file again, where there is one of
    /// them. Where there is none, it says that the terminal is gone from which the server was started, and otherwise nothing.
    pub async fn received(mut self, reload: &Reload, supervisor: &Supervisor) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hang_up.recv() => {
                    if reload.is_of_use() {
                        supervisor.while_reloading(|| reload.run());
                    } else if self.at_a_terminal {
                        return;
                    } else {
                        supervisor.while_reloading(|| {
                            tracing::warn!("SIGHUP: this server has neither --tls-cert nor --config to read again");
                        });
                    }
                }
            }
        }
    }
}
