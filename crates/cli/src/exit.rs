//! How a command ends: its exit code, and the text of an error.

use std::process::ExitCode;

use keyway_core::shown;

/// The exit codes of every command, all of them.
pub enum Exit {
    /// It was done, or the answer is yes.
    Fine,
    /// There are findings, or the answer is no.
    Negative,
    /// It could not be done.
    Error,
    /// What the command of `keyway exec` ended with.
    OfCommand(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Fine => 0,
            Exit::Negative => 1,
            Exit::Error => 2,
            Exit::OfCommand(code) => code,
        })
    }
}

/// An error with its causes, those of the system in words. A cause that the text before it repeats is left out.
pub fn chain(error: &anyhow::Error) -> String {
    let mut causes = error.chain().map(|cause| cause.downcast_ref().map_or_else(|| cause.to_string(), shown::cause));
    let mut whole = causes.next().unwrap_or_default();
    for cause in causes.filter(|cause| !cause.is_empty()) {
        if !whole.contains(&cause) {
            whole.push_str(": ");
            whole.push_str(&cause);
        }
    }
    whole
}
