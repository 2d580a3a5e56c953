//! What `keyway exec` prints and writes after the command has ended: the report, and whether strict mode fails.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use keyway_core::shown;
use keyway_core::strict::report::Report;
use keyway_core::strict::text;

use crate::args::strict::Strict;
use crate::exit::Exit;
use crate::print::say;
use crate::report::{format_of, written};

/// Where the report goes, and in which form.
pub struct Outcome {
    strict: Strict,
    file: Option<(PathBuf, File)>,
}

impl Outcome {
    /// Opens the file of the report: a path that is wrong is known before the command runs.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn new(strict: Strict, file: Option<PathBuf>) -> anyhow::Result<Self> {
        let open = |path: PathBuf| {
            let file = File::create(&path).with_context(|| format!("--report: {} can't be written", shown::path(&path)))?;
            Ok::<_, anyhow::Error>((path, file))
        };
        Ok(Self { strict, file: file.map(open).transpose()? })
    }

    /// The last day of the rule `deprecated`.
    pub fn ends_by(&self) -> Option<&str> {
        self.strict.ends_by.as_deref()
    }

    /// Writes the report, says what it has, and answers the exit code: that of the command where it failed, and 1 where
    /// strict mode fails.
    ///
    /// # Errors
    /// The report can't be written.
    pub fn of(self, report: &Report, code: u8) -> anyhow::Result<Exit> {
        let Self { strict, file } = self;
        if strict.strict.is_none() && file.is_none() {
            return Ok(Exit::OfCommand(code));
        }
        say(&format!("keyway: {}", text::summary(report)));
        if let Some((path, mut file)) = file {
            let document = written(report, strict.rules(), format_of(&path))?;
            file.write_all(document.as_bytes()).with_context(|| format!("--report: {} can't be written", shown::path(&path)))?;
        }
        let fails = strict.strict.as_ref().is_some_and(|rules| report.fails(&rules.0));
        if strict.strict.is_some() {
            say(text::findings(report, strict.rules()).trim_end());
        }
        Ok(if fails && code == 0 { Exit::Negative } else { Exit::OfCommand(code) })
    }
}
