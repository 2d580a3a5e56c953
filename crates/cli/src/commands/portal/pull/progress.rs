//! The progress of an interrupted pull: a file beside the output, one line for each finished step, masked like
//! the output.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use keyway_core::shown;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::args::portal::pull::Pull;
use crate::output::is_json;

#[derive(Serialize, Deserialize)]
struct Line {
    step: String,
    value: Value,
}

/// The steps of a pull.
pub struct Progress {
    path: PathBuf,
    file: File,
    done: HashMap<String, Value>,
    count: usize,
    is_shown: bool,
}

impl Progress {
    /// Opens the file of an interrupted pull, or makes one.
    ///
    /// # Errors
    /// It can't be opened, or is that of a pull with other options.
    pub fn open(asked: &Pull) -> anyhow::Result<Self> {
        let path = beside(&asked.output);
        let shown_path = shown::path(&path).to_string();
        if asked.restart
            && let Err(error) = std::fs::remove_file(&path)
            && error.kind() != ErrorKind::NotFound
        {
            return Err(error).with_context(|| format!("{shown_path} can't be removed"));
        }
        let head = Line {
            step: "pull".into(),
            value: json!({ "version": 1, "hubId": asked.hub_id, "records": asked.records, "masked": !asked.unmasked }),
        };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error).with_context(|| format!("{shown_path} can't be read")),
        };
        // A line that a crash cut is written again.
        let whole = text.rfind('\n').map_or(0, |at| at + 1);
        let lines = text[..whole].lines().map(serde_json::from_str::<Line>).collect::<Result<Vec<_>, _>>();
        let lines = lines.with_context(|| format!("{shown_path} is not the progress of a pull. Remove it, or name another --output"))?;
        if let Some(first) = lines.first()
            && (first.step != head.step || first.value != head.value)
        {
            bail!("{shown_path} is the progress of a pull with other options. Give the same options, or --restart");
        }
        let mut options = OpenOptions::new();
        options.create(true).append(true).mode(0o600);
        let file = options.open(&path).with_context(|| format!("{shown_path} can't be written"))?;
        file.set_len(whole as u64).with_context(|| format!("{shown_path} can't be written"))?;
        let is_new = lines.is_empty();
        let done = lines.into_iter().map(|line| (line.step, line.value)).collect();
        let mut progress = Self { path, file, done, count: 0, is_shown: !is_json() && std::io::stderr().is_terminal() };
        if is_new {
            progress.append(&head)?;
        }
        Ok(progress)
    }

    /// The value of a step that was done before.
    pub fn done(&mut self, step: &str) -> Option<Value> {
        self.count += 1;
        if self.is_shown {
            let line: String = format!("{} {step}", self.count).chars().take(70).collect();
            on_terminal(shown::line(&line).as_ref());
        }
        self.done.get(step).cloned()
    }

    /// Keeps the value of a step, durably.
    ///
    /// # Errors
    /// It can't be written.
    pub fn keep(&mut self, step: &str, value: &Value) -> anyhow::Result<()> {
        self.append(&Line { step: step.to_owned(), value: value.clone() })
    }

    fn append(&mut self, line: &Line) -> anyhow::Result<()> {
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_data());
        written.with_context(|| format!("{} can't be written", shown::path(&self.path)))
    }

    /// Takes the line of the terminal back.
    pub fn clear_line(&self) {
        if self.is_shown {
            on_terminal("");
        }
    }

    /// The pull is done.
    ///
    /// # Errors
    /// The file can't be removed.
    pub fn remove(self) -> anyhow::Result<()> {
        std::fs::remove_file(&self.path).with_context(|| format!("{} can't be removed", shown::path(&self.path)))
    }
}

/// Replaces the terminal's line. If the terminal is gone, nothing is shown, and the pull continues.
fn on_terminal(line: &str) {
    let _ = write!(std::io::stderr(), "\r\u{1b}[K{line}");
}

/// The file of an interrupted pull.
pub fn beside(output: &Path) -> PathBuf {
    let mut name = output.file_name().unwrap_or_default().to_owned();
    name.push(".pull");
    output.with_file_name(name)
}
