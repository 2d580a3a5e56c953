//! The notifications of a server: their options of `keyway serve`, and the sender.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use keyway_gateway::admin::Admin;
use keyway_gateway::attention::Thresholds;
use keyway_gateway::control::Control;
use keyway_gateway::live::Live;
use keyway_gateway::notifier::{Notifier, Schedule};
use keyway_gateway::targets::Targets;

use crate::args::moment::milliseconds;
use crate::args::notify::Settings;

/// The hosts that a list names, or this machine where the server is for this machine alone.
pub fn hosts(named: &[String], data: SocketAddr, admin: SocketAddr) -> Targets {
    if !named.is_empty() {
        Targets::Hosts(named.to_vec())
    } else if data.ip().is_loopback() && admin.ip().is_loopback() {
        Targets::ThisMachine
    } else {
        Targets::Nobody
    }
}

/// The time of an option, in milliseconds.
///
/// # Errors
/// It is none.
pub fn time(text: &str, option: &'static str) -> anyhow::Result<i64> {
    milliseconds(text).context(option)
}

/// From when on something needs a person.
///
/// # Errors
/// A time is none.
pub fn thresholds(settings: &Settings) -> anyhow::Result<Thresholds> {
    Ok(Thresholds {
        unreachable_ms: time(&settings.notify_unreachable, "--notify-unreachable")?,
        rotation_days: settings.rotation_days.into(),
        expiry_days: settings.notify_expiry_days.into(),
        sunset_days: settings.notify_sunset_days.into(),
        daily_percent: settings.notify_daily_percent.into(),
        failed_percent: settings.notify_failed_percent.into(),
    })
}

/// When notifications are sent.
///
/// # Errors
/// A time is none.
pub fn schedule(settings: &Settings) -> anyhow::Result<Schedule> {
    let every_ms = time(&settings.notify_every, "--notify-every")?;
    let remind_ms = time(&settings.notify_remind, "--notify-remind")?;
    Ok(Schedule { every: Duration::from_millis(every_ms.unsigned_abs()), remind_ms })
}

/// Why this server sends no notifications, and what changes that; none where it sends them.
///
/// # Errors
/// The store can't be read.
pub async fn silent(control: &Control, no_notify: bool) -> anyhow::Result<Option<String>> {
    if no_notify {
        return Ok(Some("no notifications go out (--no-notify)".to_owned()));
    }
    Ok(control.notifications_held().await?.map(|since| {
        format!(
            "notifications are held since {}, when this data was restored from a backup; if this server takes the place of the one that was copied: keyway notify resume",
            since.to_iso()
        )
    }))
}

/// What finds conditions and sends notifications of them.
pub fn notifier(admin: &Admin, schedule: Live<Schedule>) -> Notifier {
    Notifier {
        control: admin.control.clone(),
        registry: admin.registry.clone(),
        upstream: admin.upstream.clone(),
        audit: admin.audit.clone(),
        ending: admin.ending.clone(),
        sender: Arc::clone(&admin.notifications),
        thresholds: admin.thresholds.clone(),
        schedule,
        server: admin.addresses.admin.clone(),
        has_proxy: admin.proxy.is_some(),
    }
}
