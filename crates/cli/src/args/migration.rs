//! What can be typed after `keyway migration`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use super::consent::Consent;
use super::plan::Sorting;

#[derive(Subcommand)]
pub enum Migration {
    /// Send a report of `keyway scan --json`, or scan a folder and send what is found
    Send(Box<NewReport>),
    /// List the integrations: how far each one is, its deadline, its owner and what remains
    List {
        /// Those of this repository
        #[arg(long, value_name = "NAME")]
        repository: Option<String>,
        /// Those in this state; open and done are those with and without an open step
        #[arg(long, value_enum)]
        state: Option<State>,
    },
    /// Show the steps of an integration, what remains of each, and the next command
    Show {
        /// Its ID, from `keyway migration list`
        id: u64,
    },
    /// Say which app an integration uses, where its name does not say it
    Link {
        /// Its ID, from `keyway migration list`
        id: u64,
        /// The app's ID or name
        #[arg(required_unless_present = "none", conflicts_with = "none")]
        app: Option<String>,
        /// Go back to the app that has the integration's name
        #[arg(long)]
        none: bool,
    },
    /// Remove a repository from the board, or one integration that the newest report has nothing of
    Forget {
        /// The repository's name
        #[arg(required_unless_present = "integration", conflicts_with = "integration")]
        repository: Option<String>,
        /// The integration's ID, from `keyway migration list`
        #[arg(long, value_name = "ID")]
        integration: Option<u64>,
        #[command(flatten)]
        consent: Consent,
    },
}

#[derive(clap::Args)]
pub struct NewReport {
    /// A report of `keyway scan --json` (`-` is standard input), or a folder, which is scanned
    #[arg(value_name = "REPORT|FOLDER")]
    pub from: PathBuf,
    /// What the repository is called: a report takes the place of the last one of the same name [default: [plan] name of keyway.toml, else the name of the root folder]
    #[arg(long, value_name = "NAME")]
    pub repository: Option<String>,
    #[command(flatten)]
    pub sorting: Sorting,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum State {
    /// A step is open
    Open,
    /// No step is open
    Done,
    /// Found by a scan; it has no app
    Found,
    /// It has an app; its code holds credentials or calls that end
    AppMade,
    /// Its code is moved; its calls are not seen on endpoints that stay
    CodeMoved,
    /// Its calls are seen there; its old credential is in the code or in use
    CallsSeen,
    /// Its old credential is out of the code, and not in use at Keyway
    CredentialEnded,
}

impl State {
    /// As the admin API has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Done => "done",
            Self::Found => "found",
            Self::AppMade => "appMade",
            Self::CodeMoved => "codeMoved",
            Self::CallsSeen => "callsSeen",
            Self::CredentialEnded => "credentialEnded",
        }
    }
}
