//! What can be typed after `keyway plan`.

use std::path::PathBuf;

use clap::ValueEnum;

#[derive(clap::Args)]
pub struct Plan {
    /// A report of `keyway scan --json` (`-` is standard input), or a folder, which is scanned [default: the folder you are in, without
    /// --recorded]
    #[arg(value_name = "REPORT|FOLDER")]
    pub from: Option<PathBuf>,
    /// Plan from the calls that the running server recorded; with a folder or a report, from both
    #[arg(long)]
    pub recorded: bool,
    /// With --recorded: days to look back
    #[arg(long, default_value_t = 90, requires = "recorded")]
    pub days: u32,
    /// With --recorded: calls of this account only; with --apply: the account of the apps
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Option<String>,
    /// Its hub ID, once it is looked up.
    #[arg(skip)]
    pub hub_id: Option<u64>,
    /// With a folder: scan files that .gitignore and the like name, too
    #[arg(long)]
    pub no_ignore: bool,
    #[command(flatten)]
    pub sorting: Sorting,
    /// How the plan is written [default: as the name of --output says (.md, .html, .json), else human]
    #[arg(long, value_enum)]
    pub format: Option<PlanFormat>,
    /// Write the plan to a file
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write the files of a HubSpot project for each app that needs one into this folder
    #[arg(long, value_name = "DIR")]
    pub project: Option<PathBuf>,
    /// Create the apps on the running server; existing apps stay as they are
    #[arg(long)]
    pub apply: bool,
}

/// How the places of a report become integrations.
#[derive(clap::Args)]
pub struct Sorting {
    /// What is one integration
    #[arg(long, value_enum, value_name = "WHAT")]
    pub by: Option<By>,
    /// The folder that the report's paths are relative to; comments, manifests and CODEOWNERS are looked for there [default: the scanned
    /// folder, or the one you are in]
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// Settings: the table [plan] of this file [default: keyway.toml in the root folder, if there is one]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// What is deployed (a folder with a Dockerfile, a start script, a function app, …), else the nearest folder with a manifest, else
    /// the first folder
    Service,
    /// The first folder
    Folder,
    /// The whole repository
    Repository,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    /// For a terminal
    Human,
    /// To send to others or to paste into an issue
    Markdown,
    /// One file to open in a browser or to print, one page for each integration
    Html,
    /// Version 1, documented in docs/plan.md
    Json,
}

impl PlanFormat {
    /// The format that a file's name says; none where the name ends in another format's way.
    pub fn of_file(path: &std::path::Path) -> Option<Self> {
        match path.extension().and_then(std::ffi::OsStr::to_str) {
            Some("md") => Some(Self::Markdown),
            Some("html" | "htm") => Some(Self::Html),
            Some("json") => Some(Self::Json),
            Some("txt") | None => Some(Self::Human),
            Some(_) => None,
        }
    }
}
