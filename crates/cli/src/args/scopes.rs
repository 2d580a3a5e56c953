//! What can be typed after `keyway scopes`.

#[derive(clap::Args)]
pub struct Scopes {
    /// Words to find in names, meanings and operations of scopes, such as `deals` or `read tickets`; or the name of a preset; or of a
    /// scope, for the operations that it opens
    #[arg(value_name = "WORD")]
    pub words: Vec<String>,
}
