//! What an operator asks for by SIGHUP: the certificate and the configuration file are read again.

use std::sync::{Arc, Mutex, PoisonError};

use keyway_gateway::admin::AdminHosts;
use keyway_gateway::server::Tls;

use crate::args::Serve;
use crate::config;
use crate::logs::{self, SetFilter};

/// Settings of the file that a running server takes on. All others need a restart.
const TAKEN_ON: [&str; 2] = ["admin-hosts", "log"];

/// What a running server can change.
pub struct Reload {
    tls: Option<Arc<Tls>>,
    hosts: AdminHosts,
    set_filter: SetFilter,
    settings: Mutex<Vec<(String, String)>>,
    has_file: bool,
}

impl Reload {
    /// For a server with these settings.
    pub fn new(serve: &Serve, tls: Option<Arc<Tls>>, hosts: AdminHosts, set_filter: SetFilter) -> Self {
        Self { tls, hosts, set_filter, settings: Mutex::new(serve.settings.clone()), has_file: config::has_file() }
    }

    /// Whether there is anything to read again.
    pub const fn is_of_use(&self) -> bool {
        self.tls.is_some() || self.has_file
    }

    /// Reads the certificate and the configuration file. What can't be used changes nothing.
    pub fn run(&self) {
        match self.tls.as_ref().map(|tls| tls.reload()) {
            Some(Ok(())) => tracing::info!("the TLS certificate was read again; new connections use it"),
            Some(Err(error)) => tracing::warn!("the TLS certificate stays as it was: {error}"),
            None => {}
        }
        if self.has_file {
            match config::read_again().and_then(|serve| self.take_on(serve)) {
                Ok(()) => {}
                Err(error) => tracing::warn!("the configuration stays as it was: {error:#}"),
            }
        }
    }

    fn take_on(&self, serve: Serve) -> anyhow::Result<()> {
        let filter = logs::filter(serve.log.as_deref(), serve.log_format)?;
        let mut settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = changed(&settings, &serve.settings);
        let (taken, left): (Vec<&str>, Vec<&str>) = changed.iter().map(String::as_str).partition(|name| TAKEN_ON.contains(name));
        if taken.contains(&"log") {
            (self.set_filter)(filter);
        }
        self.hosts.set(serve.admin_hosts);
        tracing::info!(changed = taken.join(" "), "the configuration was read again");
        if !left.is_empty() {
            tracing::warn!(settings = left.join(" "), "these settings changed in the configuration and need a restart of the server");
        }
        // What needs a restart is named again at the next reload, until it was restarted.
        settings.retain(|(name, _)| !TAKEN_ON.contains(&name.as_str()));
        settings.extend(serve.settings.into_iter().filter(|(name, _)| TAKEN_ON.contains(&name.as_str())));
        Ok(())
    }
}

/// The names of settings that are not the same in both, in order.
fn changed(before: &[(String, String)], after: &[(String, String)]) -> Vec<String> {
    let differs = |one: &&(String, String), others: &[(String, String)]| !others.contains(one);
    let gone = before.iter().filter(|one| differs(one, after));
    let new = after.iter().filter(|one| differs(one, before));
    let mut names: Vec<String> = gone.chain(new).map(|(name, _)| name.clone()).collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::changed;

    #[test]
    fn a_setting_that_came_went_or_is_another_has_changed() {
        let of = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let before = of(&[("listen", "127.0.0.1:1"), ("log", "info"), ("threads", "2")]);
        let after = of(&[("listen", "127.0.0.1:1"), ("log", "debug"), ("proxy", "127.0.0.1:3")]);
        assert_eq!(changed(&before, &after), ["log", "proxy", "threads"]);
        assert!(changed(&before, &before).is_empty());
    }
}
