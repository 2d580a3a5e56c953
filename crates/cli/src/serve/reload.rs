//! A reload by SIGHUP: reads the certificate and the configuration file again.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use keyway_console::AdminHosts;
use keyway_gateway::attention::Thresholds;
use keyway_gateway::live::Live;
use keyway_gateway::notifier::Schedule;
use keyway_gateway::notify::Sender;
use keyway_gateway::pipeline::Gateway;
use keyway_gateway::proxy::Proxy;
use keyway_gateway::server::{Tls, Transport};
use keyway_gateway::webhooks::Webhooks;
use keyway_mcp::server::Door;
use tokio::sync::watch;

use super::settings as shown;
use super::{as_of, check, mcp, notify, proxy, reach};
use crate::args::serve::Serve;
use crate::config::{self, effect, effect::Effect};
use crate::logs::{self, SetFilter};

/// The parts of a running server that a reload changes.
pub struct Changeable {
    /// What the admin API shows of the settings.
    pub shown_settings: Live<Vec<keyway_api::view::Setting>>,
    /// The certificate.
    pub tls: Option<Arc<Tls>>,
    /// Host names of the admin listener.
    pub hosts: AdminHosts,
    /// What is logged.
    pub set_filter: SetFilter,
    /// Trusted proxies.
    pub transport: Transport,
    /// Where the data and the admin listener and the forward proxy are bound.
    pub listeners: (SocketAddr, SocketAddr, Option<SocketAddr>),
    /// The forward proxy.
    pub proxy: Option<Arc<Proxy>>,
    /// What agents may do and see.
    pub mcp: Option<Weak<Door>>,
    /// The names of properties in the audit, and the day as of which embedded accounts answer.
    pub gateway: Arc<Gateway>,
    /// Hosts of webhooks.
    pub webhooks: Arc<Webhooks>,
    /// Hosts of notifications.
    pub notifications: Arc<Sender>,
    /// From when on something needs a person.
    pub thresholds: Live<Thresholds>,
    /// When notifications are sent.
    pub schedule: Live<Schedule>,
    /// Days without a call after which an app is disabled.
    pub unused_days: watch::Sender<Option<u32>>,
    /// Days for which audit records are kept.
    pub keep_days: watch::Sender<Option<u32>>,
}

/// What SIGHUP reads again.
pub struct Reload {
    parts: Changeable,
    settings: Mutex<Vec<(String, String)>>,
    folder: Option<PathBuf>,
    has_file: bool,
}

impl Reload {
    /// For a server with these settings and this data folder.
    pub fn new(serve: &Serve, folder: Option<PathBuf>, parts: Changeable) -> Self {
        Self { parts, settings: Mutex::new(serve.settings.clone()), folder, has_file: config::has_file() }
    }

    /// Whether there is anything to read again.
    pub const fn is_of_use(&self) -> bool {
        self.parts.tls.is_some() || self.has_file
    }

    /// Reads the certificate and the configuration file. What can't be used changes nothing.
    pub fn run(&self) {
        match self.parts.tls.as_ref().map(|tls| tls.reload()) {
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
        let parts = &self.parts;
        let (data, admin, proxy_at) = parts.listeners;
        // Everything that may be refused comes before everything that changes.
        check::check(&serve, self.folder.as_deref())?;
        let filter = logs::filter(serve.log.as_deref(), serve.log_format)?;
        let schedule = notify::schedule(&serve.notify)?;
        let thresholds = notify::thresholds(&serve.notify)?;
        let door =
            parts.mcp.as_ref().and_then(Weak::upgrade).map(|door| Ok::<_, anyhow::Error>((door, mcp::settings(&serve)?))).transpose()?;
        let tunnels = proxy_at.map(|address| proxy::of_environment(&serve, address)).transpose()?;

        let mut settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = changed(&settings, &serve.settings);
        let (taken, left): (Vec<&str>, Vec<&str>) = changed.iter().map(String::as_str).partition(|name| effect::of(name) == Effect::Reload);
        if taken.contains(&"log") {
            (parts.set_filter)(filter);
        }
        if taken.contains(&"trusted-proxies") {
            reach::warn_of_everybody(&serve);
        }
        parts.transport.trust(serve.trusted_proxies.clone(), reach::named_in(&serve));
        if let (Some(proxy), Some(tunnels)) = (&parts.proxy, tunnels) {
            proxy.change(tunnels);
        }
        if let Some((door, settings)) = door {
            door.set(settings);
        }
        parts.gateway.set_as_of(as_of(&serve));
        parts.gateway.set_property_names(!serve.audit_no_property_names);
        parts.webhooks.set_targets(notify::hosts(&serve.webhook_hosts, data, admin));
        parts.notifications.set_hosts(notify::hosts(&serve.notify.notify_hosts, data, admin));
        parts.thresholds.set(thresholds);
        parts.schedule.set(schedule);
        // If the number of days did not change, the task waits for its next hour as before.
        parts.unused_days.send_if_modified(|days| std::mem::replace(days, serve.disable_unused_days) != serve.disable_unused_days);
        parts.keep_days.send_if_modified(|days| std::mem::replace(days, serve.audit_keep_days) != serve.audit_keep_days);
        parts.hosts.set(serve.admin_hosts);
        tracing::info!(changed = taken.join(" "), "the configuration was read again");
        if !left.is_empty() {
            tracing::warn!(settings = left.join(" "), "these settings changed in the configuration and need a restart of the server");
        }
        // What needs a restart is named again at the next reload, until it was restarted.
        settings.retain(|(name, _)| effect::of(name) == Effect::Restart);
        settings.extend(serve.settings.into_iter().filter(|(name, _)| effect::of(name) == Effect::Reload));
        parts.shown_settings.set(shown::of(&settings));
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
