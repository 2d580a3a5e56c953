//! What can be typed after `keyway scan`.

use std::path::PathBuf;

use clap::ValueEnum;

#[derive(clap::Args)]
pub struct Scan {
    /// Folders and files; `-` is standard input
    #[arg(default_value = ".", value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// How the report is written [default: as the name of --output says (.json, .sarif, .html, .md, .xml), else human]
    #[arg(long, value_enum)]
    pub format: Option<ReportFormat>,
    /// Write the report to a file
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Also scan what .gitignore leaves out, such as .env
    #[arg(long)]
    pub no_ignore: bool,
    /// Skip files that match this glob; can be repeated
    #[arg(long, value_name = "GLOB")]
    pub ignore: Vec<String>,
    /// Every version of every file: of all branches and tags, and of commits that no branch contains any more
    #[arg(long, conflicts_with_all = ["staged", "since"])]
    pub history: bool,
    /// Only what is staged for the next commit, for a pre-commit hook
    #[arg(long, conflicts_with = "since")]
    pub staged: bool,
    /// Only credentials that commits since this revision (such as origin/main) added, and calls in the files that they changed
    #[arg(long, value_name = "REV")]
    pub since: Option<String>,
    /// File of known findings [default: keyway-baseline.json in the scanned folder, if there is one]
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Write the findings to the baseline, so that only new findings count from now on
    #[arg(long)]
    pub write_baseline: bool,
    /// Exit with 1 if the scan finds this; can be repeated
    #[arg(long, value_enum, value_name = "WHAT", default_values_t = [FailOn::Finding])]
    pub fail_on: Vec<FailOn>,
    /// Credentials only
    #[arg(long)]
    pub no_usages: bool,
    /// Report only findings of at least this confidence
    #[arg(long, value_enum, default_value_t = Confidence::Medium, value_name = "LEVEL")]
    pub min_confidence: Confidence,
    /// Explain why each finding was reported
    #[arg(long)]
    pub explain: bool,
    /// Ask HubSpot whether each token works, which account it belongs to and which scopes it has; tokens of a Keyway are asked of
    /// the running server
    #[arg(long)]
    pub verify: bool,
    /// Address that --verify asks: HubSpot's, or the data address of a Keyway
    #[arg(long, value_name = "URL", default_value = "https://api.hubapi.com", requires = "verify")]
    pub verify_at: String,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For a terminal
    Human,
    /// Version 1, documented in docs/scan.md
    Json,
    /// SARIF 2.1.0, as code hosts show it
    Sarif,
    /// One file for people to read
    Html,
    Markdown,
    /// JUnit XML, as any CI shows it
    Junit,
}

impl ReportFormat {
    /// The format that a file's name says; none where the name ends in another format's way.
    pub fn of_file(path: &std::path::Path) -> Option<Self> {
        match path.extension().and_then(std::ffi::OsStr::to_str) {
            Some("json") => Some(Self::Json),
            Some("sarif") => Some(Self::Sarif),
            Some("html" | "htm") => Some(Self::Html),
            Some("md") => Some(Self::Markdown),
            Some("xml") => Some(Self::Junit),
            Some("txt") | None => Some(Self::Human),
            Some(_) => None,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// A credential
    Finding,
    /// A credential of high confidence
    High,
    /// A call that has ended: HubSpot may refuse it any day
    Ended,
    /// A call with an end date
    Ageing,
    /// Any call
    Usage,
    /// Nothing
    Never,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Confidence {
    Low,
    Medium,
    High,
}
