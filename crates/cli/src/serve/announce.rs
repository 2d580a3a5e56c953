//! What `keyway serve` prints and writes once it is ready.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::Context;
use keyway_core::shown;
use serde_json::{Value, json};

use super::Ready;
use crate::args::serve::Serve;
use crate::logs::LogFormat;
use crate::{output, print};

/// The last line of the first screen.
pub const READY: &str = "keyway is ready";

/// Prints the first screen, and writes the file of `--ready-file`.
pub fn announce(serve: &Serve, folder: &Path, ready: &Ready) -> anyhow::Result<()> {
    let Ready { data, admin, reach, addresses, proxy, mcp, demo, apps, set_up, silent, .. } = ready;
    let scheme = reach.scheme();
    let storage = match serve.settings.iter().find(|(name, _)| name == "database") {
        Some((_, database)) => database.clone(),
        None if serve.ephemeral => "memory only (--ephemeral)".to_owned(),
        None => shown::path(&folder),
    };
    // Where records go to stdout, nothing else does.
    let tell = |text: &str| {
        // A script may wait for the last line, so it is printed even with --quiet.
        if serve.log_format == LogFormat::Json || output::is_quiet() && text != READY {
            return Ok(());
        }
        if serve.audit_stream {
            print::say(text);
            return Ok(());
        }
        print::print(text)
    };
    tell(&format!(
        "Keyway {}\n\n  data    {scheme}://{data}   in place of https://api.hubapi.com\n  admin   {scheme}://{admin}   and the socket {}\n  storage {storage}\n",
        env!("CARGO_PKG_VERSION"),
        shown::path(&folder.join("admin.sock")),
    ))?;
    if let Some(proxy) = proxy {
        tell(&format!("  proxy   http://{proxy}   as HTTPS_PROXY of clients, which must trust the certificates of: keyway proxy ca\n"))?;
    }
    if let Some(mcp) = mcp {
        tell(&format!("  agents  {mcp}   the Model Context Protocol: agents sign in, or have a token of an app or a session\n"))?;
    }
    for app in apps {
        tell(&format!("  app     {}, token {}, {} scopes\n", shown::line(&app.name), app.token.hint(), app.scopes))?;
    }
    if let Some((link, ends)) = set_up {
        tell(&format!("  set up  {link}\n          works once, until {}: creates the first super admin\n", ends.to_iso()))?;
    }
    if let Some(silent) = silent {
        tell(&format!("  notify  {silent}\n"))?;
    }
    if let Some(day) = &serve.as_of {
        tell(&format!("Embedded accounts answer as HubSpot will on {day}.\n"))?;
    }
    if let Some(seed) = serve.repeat.random_seed {
        tell(&format!("Tokens follow from --random-seed {seed}: whoever knows the number knows them. Use this server for tests alone.\n"))?;
    }
    if let Some(demo) = demo {
        tell(&demo.screen(&addresses.data))?;
    }
    if let Some(file) = &serve.ready_file {
        write_ready(file, &ready.as_json()).with_context(|| format!("{} can't be written", shown::path(&file)))?;
    }
    log(serve, &storage, ready);
    tell(READY)
}

/// What a log collector needs to know of a start. The set-up link is a line of its own: it is the only secret.
fn log(serve: &Serve, storage: &str, ready: &Ready) {
    let scheme = ready.reach.scheme();
    let settings: Vec<String> = serve.settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
    match serve.log_format {
        LogFormat::Text => tracing::info!(
            version = env!("CARGO_PKG_VERSION"),
            data = format!("{scheme}://{}", ready.data),
            admin = format!("{scheme}://{}", ready.admin),
            proxy = ready.proxy.map(tracing::field::display),
            mcp = ready.mcp.as_deref(),
            storage,
            notifications = ready.silent.as_deref(),
            settings = settings.join(" "),
            "started"
        ),
        LogFormat::Json => {
            if let Some((link, ends)) = &ready.set_up {
                let fields = json!({ "setUpLink": link, "ends": ends.to_iso() });
                serve.log_format.line("info", "nobody can sign in yet; the set-up link creates the first super admin, once", fields);
            }
            let settings: serde_json::Map<String, Value> =
                serve.settings.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
            let mut fields = json!({
                "version": env!("CARGO_PKG_VERSION"), "data": format!("{scheme}://{}", ready.data), "admin": format!("{scheme}://{}", ready.admin),
                "storage": storage, "settings": settings,
            });
            if let Some(proxy) = ready.proxy {
                fields["proxy"] = proxy.to_string().into();
            }
            if let Some(mcp) = &ready.mcp {
                fields["mcp"] = mcp.as_str().into();
            }
            if let Some(silent) = &ready.silent {
                fields["notifications"] = silent.as_str().into();
            }
            serve.log_format.line("info", "keyway is ready", fields);
        }
    }
}

impl Ready {
    fn as_json(&self) -> Value {
        let scheme = self.reach.scheme();
        let mut ready = json!({ "version": 1, "data": format!("{scheme}://{}", self.data), "admin": format!("{scheme}://{}", self.admin) });
        if let Some(proxy) = self.proxy {
            ready["proxy"] = format!("http://{proxy}").into();
        }
        if let Some(mcp) = &self.mcp {
            ready["mcp"] = mcp.as_str().into();
        }
        let demo = self.demo.iter().flat_map(|demo| demo.tokens());
        let tokens = demo.chain(self.apps.iter().map(|app| (app.name.as_str(), app.token.expose())));
        for (name, token) in tokens {
            ready["tokens"][name] = token.into();
        }
        ready
    }
}

/// Writes a file for its owner alone, renamed into place, so that no reader sees half of it.
fn write_ready(file: &Path, ready: &Value) -> std::io::Result<()> {
    let draft = file.with_extension("new");
    // What a killed server left, or a link that somebody put there: neither is written through.
    match std::fs::remove_file(&draft) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut out = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    out.write_all(ready.to_string().as_bytes())?;
    std::fs::rename(&draft, file)
}
