//! What can be typed after `keyway scopes`.

#[derive(clap::Args)]
pub struct Scopes {
    /// Words that the name, the meaning or the operations of a scope have, such as `deals` or `read tickets`; a preset's name; or a scope's whole name, for the operations that it opens
    #[arg(value_name = "WORD")]
    pub words: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
