//! What can be typed after `keyway key`.

use clap::Subcommand;

#[derive(Subcommand)]
pub enum Key {
    /// Show which master key sealed how many values: IDs, never keys; exit code 1 where a rotation is not complete
    Status,
    /// Seal everything with a new master key while the server runs, or complete a rotation that was interrupted
    Rotate,
}
