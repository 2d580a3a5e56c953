//! `--random-seed` and `--clock`: runs that give the same results every time. Their values, and the options
//! that they go with.

use anyhow::bail;
use keyway_core::time::Timestamp;
use keyway_gateway::repeat::{self, Seed};

use super::serve::Serve;

#[derive(clap::Args, Clone, Copy, Default)]
pub struct Repeat {
    /// Make tokens and IDs of embedded accounts from this number, not at random, so that two runs give the same bytes; never with a real
    /// credential
    #[arg(long, env = "KEYWAY_RANDOM_SEED", value_name = "N")]
    pub random_seed: Option<u64>,
    /// The time of embedded accounts at the start, such as 2027-01-31T09:00:00Z; it is frozen until "keyway portal clock" sets it
    #[arg(long, env = "KEYWAY_CLOCK", value_name = "TIME", value_parser = time)]
    pub clock: Option<Timestamp>,
}

fn time(text: &str) -> Result<Timestamp, &'static str> {
    Timestamp::parse_iso(text).filter(|at| at.as_ms() >= 0).ok_or("a time is written as in 2027-01-31T09:00:00Z")
}

impl Repeat {
    /// # Errors
    /// The server keeps something, or has a credential that is not of an embedded account.
    pub fn check(&self, serve: &Serve) -> anyhow::Result<()> {
        let option = match (self.random_seed, self.clock) {
            (Some(_), _) => "--random-seed",
            (None, Some(_)) => "--clock",
            (None, None) => return Ok(()),
        };
        if !serve.ephemeral {
            bail!(
                "{option} is for servers that keep nothing: add --ephemeral. In a data folder, whoever knows the number would know its tokens"
            );
        }
        if self.random_seed.is_some() && serve.oidc_issuer.is_some() {
            bail!(
                "--random-seed makes tokens that whoever knows the number knows, so it takes no --oidc-issuer, whose client secret is real"
            );
        }
        Ok(())
    }
}

impl From<Repeat> for repeat::Repeat {
    fn from(Repeat { random_seed, clock }: Repeat) -> Self {
        Self { seed: random_seed.map(Seed::new), start: clock }
    }
}
