//! `keyway backup` and `keyway restore`.

use std::path::Path;

use keyway_core::shown;
use keyway_gateway::backup;

use super::print;
use crate::Exit;
use crate::args::Connection;

pub async fn take(connection: &Connection, target: &Path) -> anyhow::Result<Exit> {
    let bytes = backup::take(&connection.data, target).await?;
    print(&format!(
        "copied {:.1} MB of {} to {}; keep the master key apart from it, without which nothing in it can be used",
        bytes as f64 / 1e6,
        shown::path(&connection.data),
        shown::path(&target)
    ))?;
    Ok(Exit::Fine)
}

pub async fn put_back(connection: &Connection, source: &Path, master_key: Option<&Path>) -> anyhow::Result<Exit> {
    let has_key = backup::put_back(source, &connection.data, master_key).await?;
    let key = if has_key { "" } else { "; put its master key into KEYWAY_MASTER_KEY or master.key before the server is started" };
    print(&format!("put {} back into {}{key}", shown::path(&source), shown::path(&connection.data)))?;
    Ok(Exit::Fine)
}
