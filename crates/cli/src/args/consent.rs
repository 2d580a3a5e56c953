//! The options of commands that ask before they delete or change something.

/// Whether a command that asks first may go on without a question.
#[derive(clap::Args, Clone, Copy)]
pub struct Consent {
    /// Go on without a question; needed where nobody can answer, such as in a script
    #[arg(long, short = 'y')]
    pub yes: bool,
}
