//! The options of commands that delete.

/// Whether a command that deletes may go on without a question.
#[derive(clap::Args, Clone, Copy)]
pub struct Consent {
    /// Delete without a question; needed where nobody can answer, such as in a script
    #[arg(long, short = 'y')]
    pub yes: bool,
}
