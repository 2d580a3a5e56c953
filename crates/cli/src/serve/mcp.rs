//! The listener for agents: bound with the others, on a thread and a runtime of its own.

use std::net::TcpListener;
use std::sync::Arc;

use anyhow::Context;
use keyway_gateway::admin_listener::{self, AdminDoor};
use keyway_gateway::agents::{Agents, Documents, Names};
use keyway_gateway::control::Control;
use keyway_gateway::pipeline::Gateway;
use keyway_gateway::registry::Registry;
use keyway_gateway::server::{DRAIN_TIME_MAX, Transport};
use keyway_gateway::upstream::Base;
use keyway_mcp::http::{Callers, PATH, router};
use keyway_mcp::server::{Door, Settings};
use tokio::sync::{mpsc, oneshot, watch};

use crate::args::serve::Serve;
use crate::mcp::{self, pipeline::InProcess};

/// A listener that is bound and not served yet.
pub struct Bound {
    listener: TcpListener,
    settings: Settings,
    callers: Callers,
    names: Names,
}

/// What runs.
pub struct Running {
    /// Where agents connect.
    pub url: String,
    /// What a reload changes.
    pub door: std::sync::Weak<Door>,
    ended: Option<oneshot::Receiver<()>>,
    /// Closed when this is dropped: until then the thread keeps running what was started on it, for calls that other
    /// threads still serve.
    _open: oneshot::Sender<()>,
}

impl Running {
    /// Waits until the requests in progress are answered. The thread ends when this is dropped.
    pub async fn join(&mut self) {
        if let Some(ended) = self.ended.take() {
            let _ = ended.await;
        }
    }
}

/// What the command line says of the door.
///
/// # Errors
/// The file of masks can't be used.
pub fn settings(serve: &Serve) -> anyhow::Result<Settings> {
    mcp::settings(&serve.mcp.mcp_allow, serve.mcp.mcp_masks.as_deref())
}

impl Bound {
    /// Binds the listener if `--mcp` is given.
    ///
    /// # Errors
    /// The address can't be listened on.
    pub fn new(serve: &Serve, scheme: &'static str) -> anyhow::Result<Option<Self>> {
        let Some(address) = serve.mcp.mcp else { return Ok(None) };
        let url = serve.mcp.mcp_url.as_deref().map(|url| Base::parse(url).context("--mcp-url can't be taken")).transpose()?;
        let url = url.map(|url| url.to_string());
        let mut callers = Callers { hosts: serve.mcp.mcp_hosts.clone(), origins: serve.mcp.mcp_origins.clone() };
        let listener = super::listen::bind(address, "--mcp")?;
        let names = Names::new(url, scheme, super::reach::host_of(listener.local_addr()?), serve.mcp.mcp_hosts.clone());
        callers.hosts.extend(names.host().map(str::to_owned));
        Ok(Some(Self { listener, settings: settings(serve)?, callers, names }))
    }

    /// OAuth for the agents of this listener, where people sign in at `people`.
    pub fn agents(&self, serve: &Serve, control: Arc<Control>, registry: &Registry, people: String) -> Arc<Agents> {
        Agents::new(control, registry, self.names.clone(), people, Documents::new(serve.mcp.mcp_client_hosts.clone()))
    }

    /// Serves until `stopped` turns true.
    ///
    /// # Errors
    /// The thread can't be started.
    pub fn serve(
        self,
        gateway: Arc<Gateway>,
        agents: &Arc<Agents>,
        host: String,
        transport: Transport,
        descriptors: Option<u64>,
        stopped: watch::Receiver<bool>,
    ) -> anyhow::Result<Running> {
        let url = format!("{}{PATH}", self.names.origin(None));
        let (alive, mut all_done) = mpsc::channel(1);
        let door = Door::new(Box::new(InProcess { gateway, host, alive }), self.settings);
        let (known, routes) = (Arc::downgrade(&door), agents.with_routes(router(door, self.callers)));
        let ((done, ended), (open, closed)) = (oneshot::channel(), oneshot::channel::<()>());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = self.listener;
        let serving = async move {
            let listener = match tokio::net::TcpListener::from_std(listener) {
                Ok(listener) => listener,
                Err(error) => return tracing::error!(%error, "the listener for agents can't be polled"),
            };
            admin_listener::serve(AdminDoor::new(listener, transport), routes, descriptors, stopped).await;
            // Every connection and every call holds the other end.
            let _ = tokio::time::timeout(DRAIN_TIME_MAX, all_done.recv()).await;
        };
        std::thread::Builder::new()
            .name("keyway-mcp".into())
            .spawn(move || {
                runtime.block_on(async move {
                    serving.await;
                    let _ = done.send(());
                    let _ = closed.await;
                });
            })
            .context("the thread of the listener for agents can't be started")?;
        Ok(Running { url, door: known, ended: Some(ended), _open: open })
    }
}
