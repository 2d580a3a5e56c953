//! Checks the values of the file before any request to a server: names, scopes, times, ranges.

use std::collections::{HashMap, HashSet};

use keyway_core::approval::Rule;
use keyway_core::quota::Tier;
use keyway_core::safety::Classes;
use keyway_core::scope::{ScopeId, all_names};
use keyway_core::share::WEIGHT_MAX;
use keyway_core::shown;
use keyway_core::unlisted::Unlisted;
use serde_json::{Map, Value, json};

use super::channels::{self, WantedChannel};
use crate::register::yaml::nearest;
use crate::register::{Account, App, Backend, Channel, Guard, Register, VERSION};

/// Longest text, in characters, as the server has it.
const TEXT_MAX: usize = 1_000;
/// Longest wait, in milliseconds, as the server has it.
const WAIT_MS_MAX: u32 = 60_000;
/// Hub ids are numbers in JSON too, where more than 53 bits are not kept by every client.
const HUB_ID_MAX: u64 = (1 << 53) - 1;
/// What every app may do.
pub const BASE_SCOPE: &str = "oauth";

/// What the file asks for. Fields have the names and the form of the admin API.
pub struct Wanted {
    pub accounts: Vec<WantedAccount>,
    pub apps: Vec<WantedApp>,
    /// None where the file has no section for channels: then they stay as they are.
    pub channels: Option<Vec<WantedChannel>>,
}

/// An account with the settings that the file has for it.
pub struct WantedAccount {
    pub line: u64,
    pub hub_id: u64,
    pub backend: Option<Backend>,
    pub fields: Map<String, Value>,
}

/// An app with all its fields.
pub struct WantedApp {
    pub line: u64,
    pub hub_id: u64,
    pub name: String,
    pub former_name: Option<String>,
    pub fields: Map<String, Value>,
}

impl Wanted {
    /// The accounts of which the server is asked: those that the file names, and those of its channels.
    pub fn asked_ids(&self) -> HashSet<u64> {
        let of_channels = self.channels.iter().flatten().filter_map(|channel| channel.new.hub_id());
        self.hub_ids().into_iter().chain(of_channels).collect()
    }

    /// The accounts whose settings or apps the file has.
    pub fn hub_ids(&self) -> HashSet<u64> {
        self.accounts.iter().map(|account| account.hub_id).chain(self.apps.iter().map(|app| app.hub_id)).collect()
    }
}

/// Checks a file.
///
/// # Errors
/// Every problem, a line each, with the line of the account or app.
pub fn wanted(register: Register) -> Result<Wanted, Vec<String>> {
    if register.version != VERSION {
        return Err(vec![format!("version {} of the format is not known; this Keyway reads version {VERSION}", register.version)]);
    }
    let only = match register.accounts.as_slice() {
        [one] => Some(one.value.hub_id),
        _ => None,
    };
    let mut problems = Problems::default();
    let mut accounts: Vec<WantedAccount> = Vec::new();
    for entry in register.accounts {
        accounts.push(problems.account(entry.defined.line(), entry.value));
    }
    let mut hub_ids = HashSet::new();
    for account in accounts.iter().filter(|account| !hub_ids.insert(account.hub_id)) {
        problems.push(account.line, format!("account {} is in the file twice", account.hub_id));
    }
    let apps: Vec<WantedApp> =
        register.apps.into_iter().filter_map(|entry| problems.app(entry.defined.line(), entry.value, only)).collect();
    problems.names(&apps);
    let channels = register.notifications.map(|channels| {
        channels.into_iter().filter_map(|entry| problems.channel(entry.defined.line(), entry.value)).collect::<Vec<WantedChannel>>()
    });
    problems.0.extend(channels::check_names(channels.as_deref().unwrap_or_default()));
    if problems.0.is_empty() { Ok(Wanted { accounts, apps, channels }) } else { Err(problems.0) }
}

/// The fields of an app in the form of the admin API; the error is the first problem.
pub fn app_fields(app: &App) -> Result<Map<String, Value>, String> {
    let mut scopes: Vec<&str> = app.scopes.iter().map(|scope| scope.trim()).chain([BASE_SCOPE]).collect();
    scopes.sort_unstable();
    scopes.dedup();
    if let Some(unknown) = scopes.iter().find(|scope| ScopeId::of(scope).is_none()) {
        let hint = nearest(unknown, all_names().iter().copied()).map(|near| format!(". Did you mean {near}?")).unwrap_or_default();
        return Err(format!("{} is not a scope that HubSpot publishes{hint}", shortened(unknown)));
    }
    if !(1..=WEIGHT_MAX).contains(&app.weight) {
        return Err(format!("weight is a number from 1 to {WEIGHT_MAX}"));
    }
    let unlisted = Unlisted::parse(&app.unlisted).map_err(|error| error.to_string())?;
    let allow = if app.allow.is_empty() { Classes::ALL } else { Classes::parse(&app.allow).map_err(|error| error.to_string())? };
    let approval = Rule::parse(&app.approval.classes, app.approval.above, &app.approval.operations).map_err(|error| error.to_string())?;
    let fields = json!({
        "description": text("description", &app.description)?,
        "owner": text("owner", &app.owner)?,
        "dependents": app.dependents,
        "scopes": scopes,
        "enabled": app.enabled,
        "weight": app.weight,
        "reserve": app.reserve,
        "maxWaitMs": wait_ms(&app.max_wait)?,
        "translate": app.translate,
        "noLimits": app.no_limits,
        "unlisted": unlisted.to_texts(),
        "allow": allow.words(),
        "approval": { "classes": approval.classes(), "above": approval.above(), "operations": approval.operations() },
    });
    match fields {
        Value::Object(fields) => Ok(fields),
        _ => unreachable!("it was written as an object"),
    }
}

/// A wait as it is written in the file.
pub fn wait(ms: u64) -> String {
    match ms {
        0 => "0".to_owned(),
        ms if ms.is_multiple_of(60_000) => format!("{}m", ms / 60_000),
        ms if ms.is_multiple_of(1_000) => format!("{}s", ms / 1_000),
        ms => format!("{ms}ms"),
    }
}

fn wait_ms(text: &str) -> Result<u32, String> {
    let wrong = || format!("maxWait is 0, or a number with ms, s or m, at most {} s; not {}", WAIT_MS_MAX / 1_000, shortened(text));
    let (number, unit) = match text {
        "0" => ("0", 1),
        _ => [("ms", 1), ("s", 1_000), ("m", 60_000)]
            .into_iter()
            .find_map(|(unit, ms)| Some((text.strip_suffix(unit)?, ms)))
            .ok_or_else(wrong)?,
    };
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let ms = number.parse::<u32>().ok().filter(|_| digits).and_then(|number| number.checked_mul(unit));
    ms.filter(|ms| *ms <= WAIT_MS_MAX).ok_or_else(wrong)
}

pub(super) fn text(field: &str, value: &str) -> Result<String, String> {
    let value = value.trim();
    if value.chars().count() > TEXT_MAX || value.chars().any(|letter| letter.is_control() || shown::turns(letter)) {
        return Err(format!(
            "{field} must be one line of at most {TEXT_MAX} characters, none of them control characters or ones that turn the direction of text"
        ));
    }
    Ok(value.to_owned())
}

/// A foreign text in an error.
fn shortened(text: &str) -> String {
    let text: String = text.chars().take(80).collect();
    shown::line(&text).into_owned()
}

#[derive(Default)]
struct Problems(Vec<String>);

impl Problems {
    fn push(&mut self, line: u64, problem: String) {
        self.0.push(if line > 0 { format!("line {line}: {problem}") } else { problem });
    }

    fn account(&mut self, line: u64, account: Account) -> WantedAccount {
        let Account { hub_id, backend, name, tier, addons, time_zone, currency, region, beside_path, sensitive_properties } = account;
        let mut fields = Map::new();
        let mut check = |field: &str, value: Option<Result<Value, String>>| match value {
            Some(Ok(value)) => drop(fields.insert(field.to_owned(), value)),
            Some(Err(problem)) => self.push(line, format!("account {hub_id}: {problem}")),
            None => {}
        };
        let guard = |guard: Guard| Ok(json!(guard));
        let name = name.map(|name| match text("name", &name) {
            Ok(name) if name.is_empty() => Err("name must not be empty".to_owned()),
            checked => checked.map(Value::from),
        });
        check("hubId", (!(1..=HUB_ID_MAX).contains(&hub_id)).then(|| Err("a hub ID is a whole number from 1 to 2^53 - 1".to_owned())));
        check("name", name);
        check("tier", tier.map(|tier| tier.parse::<Tier>().map(|tier| tier.to_string().into()).map_err(|error| error.to_string())));
        check("addons", addons.map(|addons| if addons <= 2 { Ok(addons.into()) } else { Err("addons is 0, 1 or 2".to_owned()) }));
        check("timeZone", time_zone.map(|zone| text("timeZone", &zone).map(Value::from)));
        check("currency", currency.map(|currency| text("currency", &currency).map(Value::from)));
        check("region", region.map(|region| text("region", &region).map(Value::from)));
        check("besidePath", beside_path.map(guard));
        check("sensitiveProperties", sensitive_properties.map(guard));
        WantedAccount { line, hub_id, backend, fields }
    }

    fn app(&mut self, line: u64, app: App, only: Option<u64>) -> Option<WantedApp> {
        let of = format!("app {}", shown_name(&app.name));
        let mut problem = |what: &str| {
            self.push(line, format!("{of}: {what}"));
            None
        };
        let Some(hub_id) = app.account.or(only) else {
            return problem("account is missing; it may be left out only where the file has one account");
        };
        if !(1..=HUB_ID_MAX).contains(&hub_id) {
            return problem("a hub ID is a whole number from 1 to 2^53 - 1");
        }
        let name = match text("name", &app.name) {
            Ok(name) if name.is_empty() => return problem("name must not be empty"),
            Ok(name) => name,
            Err(what) => return problem(&what),
        };
        let former_name = match app.former_name.as_deref().map(|name| text("formerName", name)).transpose() {
            Ok(former) if former.as_deref() == Some(&*name) => return problem("formerName is the same as name"),
            Ok(former) => former,
            Err(what) => return problem(&what),
        };
        match app_fields(&app) {
            Ok(fields) => Some(WantedApp { line, hub_id, name, former_name, fields }),
            Err(what) => problem(&what),
        }
    }

    fn channel(&mut self, line: u64, channel: Channel) -> Option<WantedChannel> {
        let of = format!("channel {}", shown_name(&channel.name));
        channels::wanted(line, channel).map_err(|what| self.push(line, format!("{of}: {what}"))).ok()
    }

    /// Names are unique in an account, and a former name belongs to one app that is gone from the file. So no rename
    /// depends on the order of another.
    fn names(&mut self, apps: &[WantedApp]) {
        let mut names: HashMap<(u64, &str), u64> = HashMap::new();
        for app in apps {
            if let Some(first) = names.insert((app.hub_id, &app.name), app.line) {
                self.push(
                    app.line,
                    format!("account {} has the app {} twice; the other is in line {first}", app.hub_id, shown_name(&app.name)),
                );
            }
        }
        let mut former: HashSet<(u64, &str)> = HashSet::new();
        for app in apps {
            let Some(name) = &app.former_name else { continue };
            if names.contains_key(&(app.hub_id, name)) {
                self.push(
                    app.line,
                    format!(
                        "app {}: its formerName {} is another app of the file. Rename in two steps",
                        shown_name(&app.name),
                        shown_name(name)
                    ),
                );
            }
            if !former.insert((app.hub_id, name)) {
                self.push(
                    app.line,
                    format!("app {}: another app of the file has the formerName {} too", shown_name(&app.name), shown_name(name)),
                );
            }
        }
    }
}

/// A name between quotes, on one line.
pub fn shown_name(name: &str) -> String {
    format!("\"{}\"", shortened(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_read_as_it_is_written() {
        for ms in [0, 1, 999, 1_000, 1_500, 10_000, 60_000] {
            assert_eq!(wait_ms(&wait(u64::from(ms))), Ok(ms));
        }
        for wrong in ["", "s", "10", "-1s", "+1s", "61s", "2m", "1h", "1.5s", "99999999999s", " 1s", "1 s", "١s"] {
            assert!(wait_ms(wrong).is_err(), "{wrong}");
        }
    }
}
