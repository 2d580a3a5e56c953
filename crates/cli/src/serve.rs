//! `keyway serve`: opens the store, the portal and the audit, wires them, listens, and stops in order.

mod announce;
mod bootstrap;
pub mod check;
mod hourly;
mod listen;
mod mcp;
mod notify;
mod periodic;
mod proxy;
mod reach;
mod records;
mod reload;
mod settings;
mod signals;
mod supervisor;
mod tasks;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use keyway_console::AdminHosts;
use keyway_core::secret::Secret;
use keyway_core::sunset::AsOf;
use keyway_core::time::Timestamp;
use keyway_core::token::TokenKey;
use keyway_gateway::admin::{Admin, AdminToken};
use keyway_gateway::admin_listener;
use keyway_gateway::authority::to_trust;
use keyway_gateway::clock;
use keyway_gateway::control::{Control, NewAccount};
use keyway_gateway::limiter::line::Line;
use keyway_gateway::live::Live;
use keyway_gateway::notify::Sender;
use keyway_gateway::oidc::Oidc;
use keyway_gateway::pipeline::{Addresses, Gateway, Reached};
use keyway_gateway::principal::Role;
use keyway_gateway::pulse::Pulse;
use keyway_gateway::registry::Registry;
use keyway_gateway::repeat::Repeat;
use keyway_gateway::server;
use keyway_gateway::store::Store;
use keyway_gateway::tokens::Tokens;
use keyway_gateway::upstream::Upstream;
use keyway_gateway::webhooks::{Event, Notice, Webhooks};
use keyway_portal::{Portal, Storage};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

pub use self::announce::READY;
use self::listen::{bind, serve_admin};
use self::reach::Reach;
use self::signals::Signals;
use self::tasks::Tasks;
use crate::args::Connection;
use crate::args::serve::{Serve, Unsupported};
use crate::exit::Exit;
use crate::logs;
use crate::portal_backend::PortalBackend;
use crate::{apps, demo};

/// How long the last records may take to reach a collector, at the end.
const LAST_RECORDS_TIME_MAX: Duration = Duration::from_secs(5);

/// How long the store, the audit and the portal have to close, at the least; calls that took long to finish
/// leave no more than that.
const CLOSE_TIME_MIN: Duration = Duration::from_secs(1);

/// A server that is ready.
pub struct Ready {
    /// Where its data listener is bound.
    pub data: SocketAddr,
    /// Where its admin listener is bound.
    pub admin: SocketAddr,
    reach: Reach,
    /// Where clients reach the listeners.
    addresses: Arc<Addresses>,
    /// Where its forward proxy is bound, if it has one.
    pub proxy: Option<SocketAddr>,
    /// Where agents connect, if they do.
    pub mcp: Option<String>,
    demo: Option<demo::Demo>,
    /// Those of `--app`, in order.
    pub apps: Vec<apps::Made>,
    /// Where a person creates the first super admin, while there is none.
    set_up: Option<(String, Timestamp)>,
    /// Why no notifications go out; none where they do.
    silent: Option<String>,
    /// The embedded accounts.
    pub portal: Arc<Portal>,
    /// What they received.
    pub registry: Arc<Registry>,
    /// The certificates that clients of the forward proxy trust, in PEM; none without a proxy.
    pub certificates: Option<String>,
    /// What SIGHUP reads again.
    reload: reload::Reload,
    /// Whether the threads of the data listener work.
    pulse: Arc<Pulse>,
    /// The first account; 0 with a database.
    pub hub_id: u64,
}

/// Serves until somebody stops it.
///
/// # Errors
/// It can't start. The text says why.
pub async fn run(connection: &Connection, serve: Serve) -> anyhow::Result<Exit> {
    if apps::makes_tokens(&serve.apps) && serve.ready_file.is_none() {
        bail!("the server would make a token that nobody sees. Add --ready-file FILE, or give each --app a --token env:VARIABLE");
    }
    let folder = connection.data.as_path();
    serve_while(Some(folder), tokens_of_environment()?, &serve, async |ready| {
        // Before the server is called ready: whoever reads that may stop it at once.
        let signals = Signals::listen()?;
        announce::announce(&serve, folder, &ready)?;
        let supervisor = supervisor::Supervisor::of_environment()?;
        supervisor.while_running(&ready.pulse, signals.received(&ready.reload, &supervisor)).await;
        serve.log_format.note("keyway is stopping: finishing the calls in progress");
        Ok(Exit::Fine)
    })
    .await
}

/// Serves for as long as `during` takes, and answers what it does. Without a folder there is no socket, so nothing on disk.
///
/// # Errors
/// It can't start, or `during` fails.
pub async fn serve_while(
    folder: Option<&Path>,
    admin_tokens: Vec<AdminToken>,
    serve: &Serve,
    during: impl AsyncFnOnce(Ready) -> anyhow::Result<Exit>,
) -> anyhow::Result<Exit> {
    let set_filter = logs::begin(serve.log.as_deref(), serve.log_format)?;
    if !server::forbid_dumps() {
        tracing::warn!("the system lets this process write core files, which would hold credentials");
    }
    let descriptors = server::raise_limit();
    check::check(serve, folder)?;
    let reach = Reach::new(serve)?;
    reach::warn_of_everybody(serve);
    let hosts = AdminHosts::new(serve.admin_hosts.clone());
    let bootstrap = match &serve.bootstrap {
        Some(path) => Some(bootstrap::prepare(path, bootstrap::read(path)?)?),
        None => None,
    };
    if serve.ready_file.is_none() && bootstrap.iter().flatten().any(bootstrap::Ready::makes_tokens) {
        bail!(
            "the server would make a token that nobody sees. Add --ready-file FILE, or give each app of the --bootstrap file a token: env:VARIABLE"
        );
    }
    let schedule = Live::new(notify::schedule(&serve.notify)?);
    let thresholds = Live::new(notify::thresholds(&serve.notify)?);
    // Both listeners are bound before anything is opened: a port in use is the commonest mistake.
    let data = bind(serve.listen, "--listen")?;
    let admin_tcp = bind(serve.admin, "--admin")?;
    let proxy = proxy::Bound::new(serve)?;
    let mcp = mcp::Bound::new(serve, reach.scheme())?;
    let stored = folder.filter(|_| !serve.ephemeral);

    stored.map_or(Ok(()), Store::check_owner)?;
    let store = Store::open(stored, serve.database.as_deref()).await?;
    let storage = match (stored, store.folder_id()) {
        (Some(folder), Some(id)) => Storage::DataFolder(folder.to_owned(), id.to_owned()),
        // With --database there are no embedded accounts.
        _ => Storage::Ephemeral,
    };
    let portal = Arc::new(Portal::open(storage).await?);
    let (audit, sending) = records::open(serve, stored, &store).await?;
    store.folder_is_complete().await?;
    let line = match &serve.redis {
        Some(url) => Some(Arc::new(Line::new(url, &line_prefix(&store.token_key()))?)),
        None => None,
    };
    if let Some(line) = &line {
        line.beat().await;
    }
    let repeat = Repeat::from(serve.repeat);
    let token_key = repeat.seed.map_or_else(|| store.token_key(), |seed| seed.token_key());
    let registry = Arc::new(Registry::new(token_key, store.is_shared(), line.clone()).with_repeat(repeat));
    let addresses = Arc::new(reach.addresses(serve, data.local_addr()?, admin_tcp.local_addr()?)?);
    let base = addresses.data.as_str().into();
    let backend = Arc::new(PortalBackend { portal: portal.clone(), embeds: serve.database.is_none(), base });
    let control = Arc::new(Control::new(store, registry.clone(), backend.clone()).await?);
    let upstream = Arc::new(Upstream::new());
    let admin_url = addresses.admin.clone();
    let gateway = Gateway::new(registry.clone(), audit.clone(), backend.clone(), upstream.clone());
    let gateway = gateway.with_property_names(!serve.audit_no_property_names);
    let tokens = Arc::new(Tokens::new(control.clone(), upstream.clone(), registry.clone()));
    let reached = Reached { public: serve.public_url.is_some().then(|| addresses.data.clone()), bound: addresses.data.clone() };
    let gateway = gateway.with_reached(reached).with_sessions(control.clone());
    let gateway = Arc::new(
        gateway
            .with_oauth(control.clone(), Addresses::clone(&addresses))
            .with_approvals(control.clone(), addresses.admin.clone())
            .with_tokens(tokens.clone())
            .with_as_of(as_of(serve)),
    );
    let booted = match bootstrap {
        Some(accounts) => {
            let server = bootstrap::Server { control: &control, registry: &registry, portal: &portal };
            Some(bootstrap::perform(&server, accounts).await?)
        }
        None => None,
    };
    let hub_id = match &booted {
        Some(made) => made.hub_id,
        None if serve.database.is_some() => 0,
        None => first_account(&control, serve.demo).await?,
    };
    control.catch_up().await?;
    let demo = match serve.demo {
        true => Some(demo::prepare(&control, &portal, hub_id).await?),
        false => None,
    };
    if serve.demo {
        demo::remember(&control, &audit, hub_id, serve.demo_days).await?;
    }
    gateway.restore_daily_counts().await?;
    registry.share_among(audit.instances());
    if audit.instances() > 1 {
        registry.join();
    }
    let mut apps = apps::create(&control, hub_id, &serve.apps).await?;
    apps.extend(booted.into_iter().flat_map(|made| made.apps));

    let (stop, stopped) = watch::channel(false);
    let (data_addr, admin_addr) = (data.local_addr()?, admin_tcp.local_addr()?);
    let threads = serve.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(2, usize::from));
    let running = server::serve(data, reach.transport.clone(), gateway.clone(), threads, stopped.clone())?;
    let proxy_addr = proxy.as_ref().map(proxy::Bound::address).transpose()?;
    let (proxy, proxying) = match proxy {
        Some(bound) => {
            let (proxy, listener) = bound.prepare(&control, gateway.clone()).await?;
            let serving = proxy.serve(listener, threads, stopped.clone())?;
            (Some(proxy), Some(serving))
        }
        None => (None, None),
    };
    let host = addresses.data.split_once("://").map_or(addresses.data.as_str(), |(_, host)| host).to_owned();
    let agents = mcp.as_ref().map(|bound| bound.agents(serve, control.clone(), &registry, addresses.admin.clone()));
    let mcp = match mcp.zip(agents.as_ref()) {
        Some((bound, agents)) => Some(bound.serve(gateway.clone(), agents, host, reach.transport.clone(), descriptors, stopped.clone())?),
        None => None,
    };
    let upstream_watched = upstream.clone();
    let counted = registry.clone();
    let mut tasks = Tasks::default();
    tasks.that_is_cut_off(periodic::count_calls(audit.clone(), stopped.clone()));
    let targets = notify::hosts(&serve.webhook_hosts, data_addr, admin_addr);
    let webhooks = Arc::new(Webhooks::new(control.clone(), registry.clone(), targets));
    let informed = webhooks.clone();
    portal.tell(move |keyway_portal::Notice { hub_id, app, target, concurrent, events, left_out }| {
        let events = events
            .into_iter()
            .map(|event| Event { value: event.value, shows: event.shows, value_of: event.value_of, scope: event.scope })
            .collect();
        informed.tell(Notice { hub_id, app, target, concurrent, events, left_out });
    });
    let certificates = proxy
        .is_some()
        .then(|| to_trust(&control.proxy_authorities().load(), clock::now()).iter().map(|one| one.certificate.as_str()).collect());
    let notifications = Arc::new(Sender::new(notify::hosts(&serve.notify.notify_hosts, data_addr, admin_addr)));
    let shown_settings = Live::new(settings::of(&serve.settings));
    let admin = Admin {
        control: control.clone(),
        audit: audit.clone(),
        registry: registry.clone(),
        gateway: gateway.clone(),
        upstream,
        refill: backend,
        webhooks: webhooks.clone(),
        tokens: tokens.clone(),
        addresses: addresses.clone(),
        environment: serve.environment.clone(),
        settings: shown_settings.clone(),
        oidc: identity_provider(serve)?.map(Arc::new),
        proxy: proxy.clone(),
        ending: Arc::default(),
        thresholds: thresholds.clone(),
        notifications: notifications.clone(),
        agents,
        sign_in_guesses: Arc::default(),
    };
    let notifier = notify::notifier(&admin, schedule.clone());
    let over_tcp = keyway_console::over_tcp(admin.clone(), admin_tokens, hosts.clone());
    let admin_tcp = admin_listener::AdminDoor::new(tokio::net::TcpListener::from_std(admin_tcp)?, reach.transport.clone());
    let socket = serve_admin(admin, (admin_tcp, over_tcp), folder, descriptors, stopped.clone())?;
    tokens.recall().await?;
    // It finishes a refresh in progress, since the answer may hold the only valid refresh token.
    tasks.that_finishes(tokens.run(stopped.clone()));
    let silent = notify::silent(&control, serve.notify.no_notify).await?;
    if !serve.notify.no_notify {
        tasks.that_finishes(notifier.run(stopped.clone()));
    }
    tasks.that_is_cut_off(periodic::watch_connections(control.clone(), upstream_watched, stopped.clone()));
    let (unused_days, days) = watch::channel(serve.disable_unused_days);
    tasks.that_is_cut_off(hourly::disable_unused_apps(control.clone(), days));
    // The last call needs a place in the queue of all instances, and the tokens as they are then.
    if let Some(line) = line {
        tasks.that_is_cut_off(async move { line.keep().await });
    }
    if let Some(url) = serve.database.clone() {
        tasks.that_is_cut_off(periodic::count_instances(counted, audit.clone()));
        tasks.that_is_cut_off(control.clone().follow(url));
    }
    let (keep_days, days) = watch::channel(serve.audit_keep_days);
    tasks.that_is_cut_off(hourly::delete_old_records(audit.clone(), days));
    tasks.that_is_cut_off(hourly::forget_approvals(control.clone()));
    tasks.that_finishes(periodic::write_last_use(control.clone(), stopped));

    let changeable = reload::Changeable {
        shown_settings,
        tls: reach.tls.clone(),
        hosts,
        set_filter,
        transport: reach.transport.clone(),
        listeners: (data_addr, admin_addr, proxy_addr),
        proxy: proxy.clone(),
        mcp: mcp.as_ref().map(|running| running.door.clone()),
        gateway: gateway.clone(),
        webhooks: webhooks.clone(),
        notifications,
        thresholds,
        schedule,
        unused_days,
        keep_days,
    };
    let reload = reload::Reload::new(serve, folder.map(Path::to_owned), changeable);
    let set_up = control.begin_set_up().await?;

    let set_up = set_up.map(|(token, ends)| (format!("{admin_url}/set-up?token={}", token.expose()), ends));
    let (data, admin, proxy) = (data_addr, admin_addr, proxy_addr);
    gateway.set_ready(true);
    let pulse = gateway.pulse.clone();
    let ready = Ready {
        data,
        admin,
        reach,
        addresses,
        reload,
        proxy,
        mcp: mcp.as_ref().map(|running| running.url.clone()),
        demo,
        apps,
        set_up,
        silent,
        portal: portal.clone(),
        registry,
        certificates,
        pulse,
        hub_id,
    };
    let outcome = during(ready).await;
    gateway.set_ready(false);
    let until = Instant::now() + server::DRAIN_TIME_MAX;
    stop.send_replace(true);
    // The threads of all listeners run until the last call is answered: one of them may serve the queue of an account.
    let drained = async move {
        let (mut running, mut proxying, mut mcp) = (running, proxying, mcp);
        running.join().await;
        if let Some(proxying) = &mut proxying {
            proxying.join().await;
        }
        if let Some(mcp) = &mut mcp {
            mcp.join().await;
        }
    };
    // The listeners themselves give up in time; whatever holds one of their threads is given up here.
    let _ = timeout_at(until + CLOSE_TIME_MIN, drained).await;
    let closed = async {
        tasks.end().await;
        // What was just answered is counted at the next start.
        gateway.write_refused().await;
        drop(gateway);
        control.close().await;
        audit.close().await;
        drop(audit);
        if let Some(sending) = sending {
            let _ = tokio::time::timeout(LAST_RECORDS_TIME_MAX, sending).await;
        }
    };
    let until = until.max(Instant::now() + CLOSE_TIME_MIN);
    // What was answered is written down already: no answer is lost.
    let (closed, _) = tokio::join!(timeout_at(until, closed), timeout_at(until, portal.close()));
    if closed.is_err() {
        serve.log_format.say("keyway stops although its store, its audit or a collector of records does not answer");
    }
    if let Some(socket) = socket {
        let _ = std::fs::remove_file(socket);
    }
    outcome
}

/// Where people sign in besides, if anywhere.
fn identity_provider(serve: &Serve) -> anyhow::Result<Option<Oidc>> {
    let (Some(issuer), Some(client_id)) = (&serve.oidc_issuer, &serve.oidc_client_id) else { return Ok(None) };
    let secret = std::env::var("KEYWAY_OIDC_CLIENT_SECRET").ok().map(Secret::new);
    let new_users = serve.oidc_new_users.as_deref().and_then(|role| Role::parse(role, Vec::new()));
    let provider = Oidc::new(issuer, client_id, secret, new_users);
    provider.map(Some).map_err(|error| anyhow::anyhow!("--oidc-issuer: {error}"))
}

/// Of the keys in Redis: the instances of one installation have the same master key, and those of
/// another may use the same Redis.
fn line_prefix(key: &TokenKey) -> String {
    let hash = key.hash("the line of all instances").0;
    let hex: String = hash.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    // In braces, so that a cluster keeps all of them in one place, which one script needs.
    format!("keyway:{{{hex}}}")
}

/// The day was read with the command line.
fn as_of(serve: &Serve) -> Option<AsOf> {
    serve.as_of.as_ref().and_then(|day| AsOf::new(day, serve.unsupported == Unsupported::Serve))
}

/// There is always an account to work with.
async fn first_account(control: &Control, demo: bool) -> anyhow::Result<u64> {
    if let Some(account) = control.accounts().await.first() {
        return Ok(account.hub_id);
    }
    let name = if demo { "Demo account" } else { "Embedded account" };
    Ok(control.create_account(NewAccount { name: name.into(), ..NewAccount::default() }).await?.hub_id)
}

/// The tokens of the admin API that the environment holds.
fn tokens_of_environment() -> anyhow::Result<Vec<AdminToken>> {
    Ok([admin_token()?, service_token()?].into_iter().flatten().collect())
}

fn admin_token() -> anyhow::Result<Option<AdminToken>> {
    token_of_environment("KEYWAY_ADMIN_TOKEN", AdminToken::new)
}

fn service_token() -> anyhow::Result<Option<AdminToken>> {
    token_of_environment("KEYWAY_TOKEN_SERVICE_TOKEN", AdminToken::of_token_service)
}

fn token_of_environment(
    name: &'static str,
    take: fn(&'static str, Secret<String>) -> Result<AdminToken, String>,
) -> anyhow::Result<Option<AdminToken>> {
    let Ok(token) = std::env::var(name) else { return Ok(None) };
    take(name, Secret::new(token)).map(Some).map_err(|error| anyhow::anyhow!("{name}: {error}"))
}
