//! Where a server listens: addresses, and the socket in the data folder.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use keyway_core::shown;
use keyway_gateway::admin::{self, Admin};
use keyway_gateway::admin_listener;
use tokio::sync::watch;

/// Takes an address; `option` names it in the error.
pub fn bind(address: SocketAddr, option: &str) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).map_err(|error| {
        let advice = match error.kind() {
            ErrorKind::AddrInUse => format!("Stop that program, or pass another address with {option}"),
            ErrorKind::PermissionDenied if address.port() < 1024 => {
                return anyhow!("cannot listen on {address}: this user may not use a port below 1024. Pass another port with {option}");
            }
            _ => format!("Pass another address with {option}"),
        };
        anyhow!("cannot listen on {address}: {}. {advice}", shown::cause(&error))
    })?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Starts the admin API on TCP and, where there is a folder, on the folder's socket, whose path comes back.
pub fn serve_admin(
    admin: Admin,
    (tcp, over_tcp): (admin_listener::AdminDoor, axum::Router),
    folder: Option<&Path>,
    descriptors: Option<u64>,
    stopped: watch::Receiver<bool>,
) -> anyhow::Result<Option<PathBuf>> {
    tokio::spawn(admin_listener::serve(tcp, over_tcp, descriptors, stopped.clone()));
    let Some(folder) = folder else { return Ok(None) };
    let path = folder.join("admin.sock");
    let socket = bind_socket(folder, &path)?;
    tokio::spawn(admin_listener::serve(socket, admin::over_socket(admin), descriptors, stopped));
    Ok(Some(path))
}

/// The folder is its owner's alone, so nobody else reaches the socket even before its mode is set.
fn bind_socket(folder: &Path, path: &Path) -> anyhow::Result<tokio::net::UnixListener> {
    std::fs::create_dir_all(folder)?;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
    if std::os::unix::net::UnixStream::connect(path).is_ok() {
        bail!("another keyway server uses the data folder {}", shown::path(&folder));
    }
    // What a killed server left behind.
    let _ = std::fs::remove_file(path);
    let socket = tokio::net::UnixListener::bind(path).with_context(|| format!("the socket {} can't be made", shown::path(&path)))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(socket)
}
