//! The options of commands that ask before they delete or change something.

/// Whether a command that asks first may go on without a question.
#[derive(clap::Args, Clone, Copy)]
pub struct Consent {
    /// Do not ask; required where nobody can answer, such as in a script
    #[arg(long, short = 'y')]
    pub yes: bool,
}
