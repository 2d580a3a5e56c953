//! Roles, as options have them.

use clap::ValueEnum;

/// What somebody may do.
#[derive(Clone, Copy, ValueEnum)]
pub enum Role {
    /// Everything
    SuperAdmin,
    /// Looks after the apps that --app names: their tokens, their description, fewer scopes
    AppManager,
    /// Reads everything, and changes nothing
    Auditor,
    /// Asks for access tokens of accounts connected by OAuth, and nothing else (tokens only)
    TokenService,
}
