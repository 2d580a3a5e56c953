//! The settings that `keyway serve` refuses before it opens anything. The start, a reload and `keyway config
//! check` use the same checks.

use std::path::Path;

use anyhow::Context;
use keyway_deliver::otlp::Collector;
use keyway_gateway::limiter::line::Line;
use keyway_gateway::store::Store;
use keyway_gateway::tls;

use super::reach::{self, Reach};
use super::{admin_token, identity_provider, mcp, notify, proxy, service_token};
use crate::args::serve::Serve;
use crate::logs;

/// Every reason for which a server would not start, with the setting in its text. Binds no address and connects to nothing:
/// an address in use and a database that does not answer are seen at a start alone.
pub fn problems(serve: &Serve, folder: Option<&Path>) -> Vec<anyhow::Error> {
    let stored = folder.filter(|_| !serve.ephemeral);
    let checks = [
        logs::filter(serve.log.as_deref(), serve.log_format).map(drop),
        serve.ca_file.as_deref().map_or(Ok(()), |file| tls::authorities(file).map(drop).context("--ca-file")),
        Reach::new(serve).map(drop),
        reach::url(serve.public_url.as_deref(), "--public-url"),
        reach::url(serve.admin_url.as_deref(), "--admin-url"),
        notify::time(&serve.notify.notify_every, "--notify-every").map(drop),
        notify::time(&serve.notify.notify_remind, "--notify-remind").map(drop),
        notify::time(&serve.notify.notify_unreachable, "--notify-unreachable").map(drop),
        serve.repeat.check(serve),
        serve.proxy.map_or(Ok(()), |address| proxy::of_environment(serve, address).map(drop)),
        serve.mcp.mcp.map_or(Ok(()), |_| mcp::settings(serve).map(drop)),
        identity_provider(serve).map(drop),
        serve.otlp.as_deref().map_or(Ok(()), |url| Collector::new(url).map(drop).context("--otlp")),
        serve.redis.as_deref().map_or(Ok(()), |url| Line::new(url, "").map(drop).context("--redis")),
        admin_token().map(drop),
        service_token().map(drop),
        stored.map_or(Ok(()), |folder| Store::check(folder, serve.database.as_deref()).map_err(anyhow::Error::from)),
    ];
    checks.into_iter().filter_map(Result::err).collect()
}

/// The same, as one result.
///
/// # Errors
/// The first problem.
pub fn check(serve: &Serve, folder: Option<&Path>) -> anyhow::Result<()> {
    problems(serve, folder).into_iter().next().map_or(Ok(()), Err)
}
