//! `keyway backup` and `keyway restore`.

use std::path::Path;

use anyhow::bail;
use keyway_core::shown;
use keyway_gateway::backup::{self, BackupError, How, Restored};
use serde_json::json;

use super::{counted, fail, print, print_json};
use crate::args::{self, Connection};
use crate::exit::Exit;
use crate::output::is_json;
use crate::output::progress::{Watch, bytes_of};

pub async fn take(connection: &Connection, target: &Path) -> anyhow::Result<Exit> {
    if std::env::var_os("KEYWAY_DATABASE").is_some_and(|url| !url.is_empty()) {
        bail!(
            "KEYWAY_DATABASE is set: a server with a database keeps its accounts, apps and audit there, and a copy of the folder {} would not have them. Nothing was copied. Back up the database with pg_dump, and keep the master key (docs/many-instances.md). To copy the folder of a server without a database, unset the variable",
            shown::path(&connection.data)
        );
    }
    let watch = Watch::of_folder("copying", target, bytes_of(&connection.data));
    let bytes = backup::take(&connection.data, target).await;
    drop(watch);
    let bytes = bytes?;
    if is_json() {
        print_json(&json!({ "version": 1, "bytes": bytes, "folder": connection.data, "target": target }))?;
        return Ok(Exit::Fine);
    }
    print(&format!(
        "copied {:.1} MB of {} to {}; keep the master key apart from it, without which nothing in it can be used",
        bytes as f64 / 1e6,
        shown::path(&connection.data),
        shown::path(&target)
    ))?;
    Ok(Exit::Fine)
}

pub async fn put_back(connection: &Connection, source: &Path, master_key: Option<&Path>, how: &args::restore::How) -> anyhow::Result<Exit> {
    let wanted = How { key: master_key, verify: !how.no_verify, notify: how.notify };
    let folder = connection.data.as_path();
    let is_new = !folder.exists();
    let watch = Watch::of_folder("restoring", folder, bytes_of(source));
    let put_back = backup::put_back(source, folder, wanted).await;
    drop(watch);
    if put_back.is_err() && is_new {
        // Remove the files that Keyway puts into a new folder. If the folder has other files, it stays.
        for name in [".gitignore", "lock"] {
            let _ = std::fs::remove_file(folder.join(name));
        }
        let _ = std::fs::remove_dir(folder);
    }
    let Restored { has_key, records } = match put_back {
        Err(BackupError::Damaged(why)) => {
            fail(&why);
            return Ok(Exit::Negative);
        }
        restored => restored?,
    };
    let folder = shown::path(&connection.data);
    let mut lines = vec![format!("restored {} into {folder}", shown::path(&source))];
    lines.push(match records {
        Some(records) => format!("verified {} of the audit log: none was changed", counted(records, "record")),
        None => "the seals of the audit log were not checked: run \"keyway audit verify\" once the server runs".to_owned(),
    });
    if !has_key {
        lines.push(format!("copy its master key to {folder}/master.key, or set KEYWAY_MASTER_KEY, before you start the server"));
    }
    if !how.notify {
        lines.push(format!(
            "notifications are held. If this server takes the place of the one that was copied, start it and run \"keyway notify resume --data {folder}\""
        ));
    }
    print(&lines.join("\n"))?;
    Ok(Exit::Fine)
}
