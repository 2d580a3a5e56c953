//! The listener for agents: bound with the others, on a thread and a runtime of its own.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use anyhow::Context;
use keyway_gateway::admin_listener::{self, AdminDoor};
use keyway_gateway::pipeline::Gateway;
use keyway_gateway::server::{DRAIN_TIME_MAX, Transport};
use keyway_mcp::http::{Callers, PATH, router};
use keyway_mcp::server::{Door, Settings};
use tokio::sync::{mpsc, oneshot, watch};

use crate::args::Serve;
use crate::mcp::{self, pipeline::InProcess};

/// A listener that is bound and not served yet.
pub struct Bound {
    listener: TcpListener,
    settings: Settings,
    callers: Callers,
}

/// What runs.
pub struct Running {
    /// Where agents connect.
    pub url: String,
    /// What a reload changes.
    pub door: std::sync::Weak<Door>,
    ended: oneshot::Receiver<()>,
}

impl Running {
    /// Waits until the requests in progress are answered.
    pub async fn join(self) {
        let _ = self.ended.await;
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
    pub fn new(serve: &Serve) -> anyhow::Result<Option<Self>> {
        let Some(address) = serve.mcp.mcp else { return Ok(None) };
        let callers = Callers { hosts: serve.mcp.mcp_hosts.clone(), origins: serve.mcp.mcp_origins.clone() };
        Ok(Some(Self { listener: super::bind(address, "--mcp")?, settings: settings(serve)?, callers }))
    }

    /// Where it listens.
    pub fn address(&self) -> anyhow::Result<SocketAddr> {
        Ok(self.listener.local_addr()?)
    }

    /// Serves until `stopped` turns true.
    ///
    /// # Errors
    /// The thread can't be started.
    pub fn serve(
        self,
        gateway: Arc<Gateway>,
        host: String,
        scheme: &str,
        transport: Transport,
        descriptors: Option<u64>,
        stopped: watch::Receiver<bool>,
    ) -> anyhow::Result<Running> {
        let url = format!("{scheme}://{}{PATH}", self.address()?);
        let (alive, mut all_done) = mpsc::channel(1);
        let door = Door::new(Box::new(InProcess { gateway, host, alive }), self.settings);
        let (known, routes) = (Arc::downgrade(&door), router(door, self.callers));
        let (done, ended) = oneshot::channel();
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
                runtime.block_on(serving);
                let _ = done.send(());
            })
            .context("the thread of the listener for agents can't be started")?;
        Ok(Running { url, door: known, ended })
    }
}
