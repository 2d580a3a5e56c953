//! What can be typed after `keyway portal fault`.

use clap::Subcommand;

#[derive(Subcommand)]
pub enum Fault {
    /// Add a rule
    Add {
        #[command(flatten)]
        rule: Box<FaultRule>,
    },
    /// List rules, with the calls they fitted and those they made fail
    List,
    /// Remove one rule, or all with no ID
    #[command(visible_alias = "remove")]
    Clear {
        /// The rule's ID
        id: Option<u64>,
    },
}

#[derive(clap::Args)]
pub struct FaultRule {
    /// Answer this status: 429, 423, 477, 401, 500, …
    #[arg(long, conflicts_with_all = ["cut", "inputs"])]
    pub status: Option<u16>,
    /// With --status 429, which limit: burst, daily or search
    #[arg(long, requires = "status")]
    pub limit: Option<String>,
    /// Seconds in Retry-After
    #[arg(long, value_name = "SECONDS", requires = "status")]
    pub retry_after: Option<u32>,
    /// Cut the connection: before the call is performed, or after
    #[arg(long, value_name = "before|after", value_parser = ["before", "after"], conflicts_with = "inputs")]
    pub cut: Option<String>,
    /// Make these inputs of a batch fail, counted from 0, and perform the others
    #[arg(long, value_name = "N,N", value_delimiter = ',')]
    pub inputs: Vec<usize>,
    /// Let searches of records find a change only after up to this time by the account's clock, such as 10s
    #[arg(long, value_name = "TIME", conflicts_with_all = ["status", "cut", "inputs"])]
    pub search_lag: Option<String>,
    /// Let neighbours among the results of a search change places
    #[arg(long, conflicts_with_all = ["status", "cut", "inputs"])]
    pub search_shuffled: bool,
    /// Delay calls by this time, such as 250ms or 2s
    #[arg(long, value_name = "TIME")]
    pub latency: Option<String>,
    /// Calls of this operation only, such as 'POST /crm/objects/2026-09/{objectType}/batch/create'
    #[arg(long)]
    pub operation: Option<String>,
    /// Calls of this method only
    #[arg(long)]
    pub method: Option<String>,
    /// Calls of this path only; * matches anything
    #[arg(long)]
    pub path: Option<String>,
    /// Calls of this app only, by ID or name
    #[arg(long)]
    pub app: Option<String>,
    /// How many calls pass first
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub after: u64,
    /// How many calls fail [default: all]
    #[arg(long, value_name = "N")]
    pub times: Option<u64>,
    /// Probability that a call fails, from 0 to 1
    #[arg(long, value_name = "P")]
    pub probability: Option<f64>,
    /// Seed of the random choice: with the same seed, the same calls fail
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
}
