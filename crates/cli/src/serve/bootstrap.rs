//! `keyway serve --ephemeral --bootstrap FILE`: the accounts, apps, records, faults and times that exist when the server
//! is ready, so that a container needs no second command.

mod file;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use keyway_core::quota::Tier;
use keyway_core::safety::Classes;
use keyway_core::shown;
use keyway_core::time::Timestamp;
use keyway_gateway::clock;
use keyway_gateway::control::{Control, NewAccount};
use keyway_gateway::double::clock::is_possible;
use keyway_gateway::registry::Registry;
use keyway_portal::Portal;
use serde_json::{Value, json};

use self::file::{Account, App, Clock, Scopes, Seed, Webhooks};
use crate::{apps, seed};

pub use file::{Bootstrap, read};

/// What a server has, and where its accounts are made.
pub struct Server<'a> {
    pub control: &'a Control,
    pub registry: &'a Registry,
    pub portal: &'a Portal,
}

/// What was made: the first account, and every app with its token.
pub struct Made {
    pub hub_id: u64,
    pub apps: Vec<apps::Made>,
}

/// An account whose values are read: its seeds and tokens are there.
pub struct Ready {
    account: NewAccount,
    apps: Vec<(apps::WithToken, Option<Webhooks>)>,
    seeds: Vec<Value>,
    faults: Vec<keyway_gateway::double::faults::Rule>,
    clock: Option<(Timestamp, bool)>,
}

impl Ready {
    /// Whether the server makes a token that nobody chose.
    pub fn makes_tokens(&self) -> bool {
        self.apps.iter().any(|(app, _)| app.makes_token())
    }
}

/// Reads what the file names: variables and files of seeds, from the folder of the file. Nothing is made yet.
///
/// # Errors
/// A value is not valid, a variable is not set, or a file can't be read. The text names the place.
pub fn prepare(path: &Path, bootstrap: Bootstrap) -> anyhow::Result<Vec<Ready>> {
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    let mut names = std::collections::BTreeSet::new();
    if bootstrap.accounts.is_empty() {
        bail!("{}: accounts is empty. List at least one account", shown::path(path));
    }
    let mut ready = Vec::new();
    for (at, account) in bootstrap.accounts.into_iter().enumerate() {
        let place = || format!("{}: accounts[{at}]", shown::path(path));
        for app in &account.apps {
            if !names.insert(app.name.clone()) {
                bail!("{}: several apps have the name {}. The ready file has tokens by this name", place(), shown::line(&app.name));
            }
        }
        ready.push(one(&folder, account).with_context(place)?);
    }
    Ok(ready)
}

fn one(folder: &Path, account: Account) -> anyhow::Result<Ready> {
    let Account { name, hub_id, tier, addons, time_zone, currency, region, apps, seeds, faults, clock } = account;
    let tier = tier.map(|text| {
        text.parse::<Tier>().map_err(|_| anyhow::anyhow!("tier {} is not free, starter, professional or enterprise", shown::line(&text)))
    });
    let name = name.unwrap_or_else(|| "Embedded account".to_owned());
    Ok(Ready {
        account: NewAccount { hub_id, name, tier: tier.transpose()?, addons, time_zone, currency, region },
        apps: apps.into_iter().map(app).collect::<anyhow::Result<_>>()?,
        seeds: seeds
            .into_iter()
            .enumerate()
            .map(|(at, seed)| read_seed(folder, seed).with_context(|| format!("seeds[{at}]")))
            .collect::<anyhow::Result<_>>()?,
        faults,
        clock: clock.map(time).transpose()?,
    })
}

fn app(App { name, scopes, token, limits, allow, webhooks }: App) -> anyhow::Result<(apps::WithToken, Option<Webhooks>)> {
    let scopes = match scopes {
        Scopes::Names(names) => names.join(","),
        Scopes::Text(text) => text,
    };
    let wanted = apps::wanted(&format!("{name}:{scopes}")).map_err(anyhow::Error::msg)?;
    let token = token.map(|source| apps::token(&source, "token")).transpose().with_context(|| format!("the app {}", shown::line(&name)))?;
    if !allow.is_empty() {
        Classes::parse(&allow).with_context(|| format!("the app {}", shown::line(&name)))?;
    }
    Ok((apps::WithToken::new(wanted, token, !limits).held_to(allow), webhooks))
}

fn read_seed(folder: &Path, seed: Seed) -> anyhow::Result<Value> {
    match seed {
        Seed::Inline(value) => Ok(Value::Object(value)),
        Seed::Named(set) if keyway_portal::SETS.iter().any(|(name, _)| *name == set) => Ok(json!({ "set": set })),
        Seed::Named(file) => {
            let path: PathBuf = folder.join(&file);
            let sets = keyway_portal::SETS.map(|(name, _)| name).join(", ");
            if matches!(path.try_exists(), Ok(false)) {
                bail!("{} is not there, and {} is not a built-in set ({sets})", shown::path(&path), shown::line(&file));
            }
            seed::of_file(&path)
        }
    }
}

fn time(Clock { at, frozen }: Clock) -> anyhow::Result<(Timestamp, bool)> {
    let read = Timestamp::parse_iso(&at).filter(is_possible);
    let read =
        read.with_context(|| format!("clock.at {} is not a time such as 2027-01-31T09:00:00Z, from 1970 to 9998", shown::line(&at)))?;
    Ok((read, frozen))
}

/// Makes all of it, in the order of the file.
///
/// # Errors
/// A value is refused. The text names the account.
pub async fn perform(server: &Server<'_>, accounts: Vec<Ready>) -> anyhow::Result<Made> {
    let mut made = Made { hub_id: 0, apps: Vec::new() };
    for ready in accounts {
        let place = format!("--bootstrap: the account {}", shown::line(&ready.account.name));
        let hub_id = account(server, ready, &mut made.apps).await.context(place)?;
        if made.hub_id == 0 {
            made.hub_id = hub_id;
        }
    }
    Ok(made)
}

async fn account(server: &Server<'_>, ready: Ready, made: &mut Vec<apps::Made>) -> anyhow::Result<u64> {
    let Server { control, registry, portal } = server;
    let hub_id = control.create_account(ready.account).await?.hub_id;
    let double = registry.double(hub_id).context("the account is not embedded")?;
    if let Some((at, frozen)) = ready.clock {
        double.clock.set(at, frozen, clock::now());
    }
    let now = double.clock.now(clock::now());
    for (at, seed) in ready.seeds.into_iter().enumerate() {
        portal.fill(hub_id, seed, now).await.with_context(|| format!("seeds[{at}]"))?;
    }
    for (app, webhooks) in ready.apps {
        let [app] =
            <[_; 1]>::try_from(apps::create(control, hub_id, &[app]).await?).map_err(|_| anyhow::anyhow!("one app was not made"))?;
        if let Some(webhooks) = webhooks {
            let calls = json!({ "calls": webhooks.calls(app.id) });
            portal.fill(hub_id, calls, now).await.with_context(|| format!("the webhooks of the app {}", shown::line(&app.name)))?;
        }
        made.push(app);
    }
    for (at, rule) in ready.faults.into_iter().enumerate() {
        double.faults.add(rule).map_err(|why| anyhow::anyhow!("faults[{at}]: {why}"))?;
    }
    Ok(hub_id)
}
