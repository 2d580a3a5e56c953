//! A command that gets the token on standard input.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use keyway_core::secret::Secret;
use serde::Deserialize;
use tokio::io::AsyncWriteExt;

use super::Place;

/// Longest run of one command.
const RUN_TIME_MAX: Duration = Duration::from_secs(120);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandTarget {
    /// The program and its arguments; no shell.
    run: Vec<String>,
    /// The command that restores the token before it.
    #[serde(default)]
    undo: Vec<String>,
}

impl Place for CommandTarget {
    fn name(&self) -> String {
        format!("command {}", self.run.join(" "))
    }

    async fn check(&self) -> anyhow::Result<String> {
        let program = self.run.first().context("there is no command to run")?;
        find(program)?;
        if let Some(program) = self.undo.first() {
            find(program)?;
        }
        Ok(format!("runs it with the token on standard input{}", if self.undo.is_empty() { "; has no undo" } else { "" }))
    }

    async fn deliver(&self, token: &Secret<String>) -> anyhow::Result<String> {
        run(&self.run, Some(token)).await?;
        Ok("ran".into())
    }

    async fn held(&self) -> anyhow::Result<Option<Secret<String>>> {
        Ok(None)
    }

    async fn undo(&self, _: &Secret<String>) -> anyhow::Result<String> {
        if self.undo.is_empty() {
            bail!("it has no undo");
        }
        run(&self.undo, None).await?;
        Ok(format!("ran {}", self.undo.join(" ")))
    }

    fn is_final(&self) -> bool {
        self.undo.is_empty()
    }
}

/// Whether a program is there, as a path or on the PATH.
fn find(program: &str) -> anyhow::Result<()> {
    let is_there = |path: std::path::PathBuf| path.is_file();
    let on_path = || std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|folder| is_there(folder.join(program))));
    if (program.contains('/') && is_there(program.into())) || (!program.contains('/') && on_path()) {
        return Ok(());
    }
    bail!("there is no program {program}")
}

async fn run(words: &[String], token: Option<&Secret<String>>) -> anyhow::Result<()> {
    let (program, arguments) = words.split_first().context("there is no command to run")?;
    let stdin = if token.is_some() { Stdio::piped() } else { Stdio::null() };
    // What it prints may hold the token, so it goes nowhere.
    let mut child = tokio::process::Command::new(program)
        .args(arguments)
        .stdin(stdin)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("{program} can't be run"))?;
    let ended = async {
        if let (Some(token), Some(mut stdin)) = (token, child.stdin.take()) {
            // A command that does not read it is free not to.
            let _ = stdin.write_all(format!("{}\n", token.expose()).as_bytes()).await;
        }
        child.wait().await
    };
    let status =
        tokio::time::timeout(RUN_TIME_MAX, ended).await.with_context(|| format!("{program} did not end in {RUN_TIME_MAX:?}"))??;
    if !status.success() {
        bail!("{program} failed: {status}");
    }
    Ok(())
}
