//! Compares the file with what a server has, and lists the changes to make. Sends no request and changes
//! nothing.

use std::collections::{HashMap, HashSet};

use keyway_api::view::{Account, AppWithTokens};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::super::app::working_tokens;
use super::super::{counted, text};
use super::channels::{self, NewChannel};
use super::check::{Wanted, WantedAccount, WantedApp, app_fields, shown_name};
use super::server::Server;
use crate::register::{App, Backend};
use crate::typed::line;

/// What is done to an account, an app or a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Create,
    Change,
    Delete,
}

impl Action {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Change => "change",
            Self::Delete => "delete",
        }
    }
}

/// What a change is about.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    Account,
    /// An app, with its id where it exists.
    App(Option<u64>),
    /// A notification channel, with what it is made of; none where it is deleted.
    Channel(Option<NewChannel>),
}

/// One field, by its name in the admin API.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    pub name: String,
    /// None where the account or app is new.
    pub before: Option<Value>,
    pub after: Value,
}

/// One step of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub action: Action,
    pub target: Target,
    /// The account; none of a channel that takes notifications of all accounts.
    pub hub_id: Option<u64>,
    /// The name that people see: of an app that is renamed the new one.
    pub name: String,
    pub fields: Vec<Field>,
    /// Of a deletion, and of a change that deletes: what goes with it, a line each.
    pub goes: Vec<String>,
    /// Of a deletion: when a token of the app was last used, ISO 8601; none for never.
    pub last_used: Option<String>,
}

/// Every step, in the order in which they are done.
#[derive(Debug, Default, PartialEq)]
pub struct Plan {
    pub changes: Vec<Change>,
    /// Apps of the file's accounts that the file does not have and that stay: account, id, name.
    pub not_in_file: Vec<(u64, u64, String)>,
    /// Channels that the file does not have and that stay, where the file has the section for channels.
    pub channels_not_in_file: Vec<String>,
}

impl Plan {
    /// How many apps or channels are deleted, for people; none where there are none.
    pub fn deleted(&self) -> Option<String> {
        let of = |wanted: fn(&Target) -> bool, noun: &str| {
            let count = self.changes.iter().filter(|change| change.action == Action::Delete && wanted(&change.target)).count();
            (count > 0).then(|| counted(count as u64, noun))
        };
        let apps = of(|target| matches!(target, Target::App(_)), "app");
        let channels = of(|target| matches!(target, Target::Channel(_)), "channel");
        let all: Vec<String> = apps.into_iter().chain(channels).collect();
        (!all.is_empty()).then(|| all.join(" and "))
    }

    /// How many steps there are of a kind.
    pub fn count(&self, action: Action) -> usize {
        self.changes.iter().filter(|change| change.action == action).count()
    }
}

/// Compares the file with a server.
///
/// # Errors
/// What the file asks for that can't be, a line each.
pub fn plan(wanted: &Wanted, server: &Server, prune: bool) -> Result<Plan, Vec<String>> {
    let mut problems = Vec::new();
    let mut plan = Plan::default();
    let known: HashMap<u64, &Account> = server.accounts.iter().map(|account| (account.hub_id, account)).collect();
    let mut embedded: HashMap<u64, bool> = known.iter().map(|(id, account)| (*id, account.connection.is_none())).collect();
    for account in &wanted.accounts {
        match account_change(account, known.get(&account.hub_id).copied()) {
            Ok(change) => plan.changes.extend(change),
            Err(problem) => problems.push(format!("line {}: account {}: {problem}", account.line, account.hub_id)),
        }
        embedded.entry(account.hub_id).or_insert(account.backend == Some(Backend::Embedded));
    }
    let apps: HashMap<(u64, &str), &AppWithTokens> = server.apps.iter().map(|app| ((app.hub_id, &*app.name), app)).collect();
    let mut matched: HashSet<u64> = HashSet::new();
    for app in &wanted.apps {
        match embedded.get(&app.hub_id) {
            None => problems.push(format!(
                "line {}: app {}: account {} is not on this server. Connect it with \"keyway account create NAME --connect\", or add it to accounts with backend: embedded",
                app.line,
                shown_name(&app.name),
                app.hub_id
            )),
            Some(false) if app.fields["noLimits"] == true => problems.push(format!(
                "line {}: app {}: account {} is connected to HubSpot, whose limits hold for all its apps; remove noLimits",
                app.line,
                shown_name(&app.name),
                app.hub_id
            )),
            Some(_) => {}
        }
        let former = || app.former_name.as_deref().and_then(|name| apps.get(&(app.hub_id, name)));
        let found = apps.get(&(app.hub_id, &*app.name)).or_else(former).copied();
        matched.extend(found.map(|found| found.id));
        plan.changes.extend(app_change(app, found));
    }
    let hub_ids = wanted.hub_ids();
    for app in &server.apps {
        if !hub_ids.contains(&app.hub_id) || matched.contains(&app.id) {
            continue;
        }
        if prune {
            plan.changes.push(deletion(app));
        } else {
            plan.not_in_file.push((app.hub_id, app.id, app.name.clone()));
        }
    }
    if let Some(wanted) = &wanted.channels {
        for channel in wanted {
            if let Some(hub_id) = channel.new.hub_id().filter(|hub_id| !embedded.contains_key(hub_id)) {
                problems.push(format!(
                    "line {}: channel {}: account {hub_id} is not on this server. \"keyway account list\" shows its accounts",
                    channel.line,
                    shown_name(&channel.name)
                ));
            }
        }
        let (changes, stay) = channels::changes(wanted, &server.channels, prune);
        plan.changes.extend(changes);
        plan.channels_not_in_file = stay;
    }
    plan.changes.sort_by_key(order);
    plan.not_in_file.sort();
    if problems.is_empty() { Ok(plan) } else { Err(problems) }
}

/// Accounts first: apps may need them, and a larger reserve may need their tier. Then what leaves calls to others, and
/// deletions, so that a reserve is free before another app gets it. Then channels in the same way: a server has room for 100.
fn order(change: &Change) -> u8 {
    match (&change.target, change.action) {
        (Target::Account, _) => 0,
        (Target::App(_), Action::Change) if lowers_reserve(change) => 1,
        (Target::App(_), Action::Delete) => 2,
        (Target::App(_), Action::Change) => 3,
        (Target::App(_), Action::Create) => 4,
        (Target::Channel(_), Action::Delete) => 5,
        (Target::Channel(_), Action::Change) => 6,
        (Target::Channel(_), Action::Create) => 7,
    }
}

fn lowers_reserve(change: &Change) -> bool {
    let reserve = change.fields.iter().find(|field| field.name == "reserve");
    reserve.is_some_and(|field| field.after.as_u64() < field.before.as_ref().and_then(Value::as_u64))
}

fn account_change(wanted: &WantedAccount, found: Option<&Account>) -> Result<Option<Change>, String> {
    let change = |action, name: &str, fields| Change {
        action,
        target: Target::Account,
        hub_id: Some(wanted.hub_id),
        name: name.to_owned(),
        fields,
        goes: Vec::new(),
        last_used: None,
    };
    if found.is_none() && wanted.backend != Some(Backend::Embedded) {
        return Err("it is not on this server. Connect it with \"keyway account create NAME --connect\", or write backend: embedded to create an embedded account".to_owned());
    }
    let embedded = found.is_none_or(|account| account.connection.is_none());
    let of_the_other = if embedded { ["besidePath", "sensitiveProperties"] } else { ["currency", "region"] };
    if let Some(field) = of_the_other.into_iter().find(|field| wanted.fields.contains_key(*field)) {
        let kind =
            if embedded { "a connected account; this one is embedded" } else { "an embedded account; this one is connected to HubSpot" };
        return Err(format!("{field} is a setting of {kind}"));
    }
    let Some(account) = found else {
        let Some(name) = wanted.fields.get("name").and_then(Value::as_str) else {
            return Err("a new account needs a name".to_owned());
        };
        let fields = wanted.fields.iter().map(|(name, after)| Field { name: name.clone(), before: None, after: after.clone() }).collect();
        return Ok(Some(change(Action::Create, name, fields)));
    };
    if wanted.backend.is_some_and(|backend| (backend == Backend::Embedded) != embedded) {
        let is = if embedded { "embedded" } else { "connected to HubSpot" };
        return Err(format!("on this server it is {is}, and that can't be changed"));
    }
    let fields = differences(&wanted.fields, account);
    if let Some(field) = fields.iter().find(|field| matches!(&*field.name, "currency" | "region")) {
        let now = field.before.as_ref().map(text).unwrap_or_default();
        return Err(format!("{} is {now}, and stays as the account was created", field.name));
    }
    Ok((!fields.is_empty()).then(|| change(Action::Change, &account.name, fields)))
}

fn app_change(wanted: &WantedApp, found: Option<&AppWithTokens>) -> Option<Change> {
    let (action, id, fields) = match found {
        Some(app) => {
            let mut fields = differences(&wanted.fields, app);
            if app.name != *wanted.name {
                fields
                    .insert(0, Field { name: "name".to_owned(), before: Some(app.name.clone().into()), after: wanted.name.clone().into() });
            }
            (Action::Change, Some(app.id), fields)
        }
        None => {
            let usual = app_fields(&App::named(&wanted.name)).unwrap_or_default();
            let unusual = wanted.fields.iter().filter(|(name, value)| usual.get(*name) != Some(value));
            let fields = unusual.map(|(name, after)| Field { name: name.clone(), before: None, after: after.clone() }).collect();
            (Action::Create, None, fields)
        }
    };
    (action == Action::Create || !fields.is_empty()).then(|| Change {
        action,
        target: Target::App(id),
        hub_id: Some(wanted.hub_id),
        name: wanted.name.clone(),
        fields,
        goes: Vec::new(),
        last_used: None,
    })
}

/// The fields of an account, an app or a channel that differ from the file's.
pub fn differences(wanted: &Map<String, Value>, found: &impl Serialize) -> Vec<Field> {
    let found = json!(found);
    let other = |(name, after): (&String, &Value)| {
        let before = &found[name];
        (before != after).then(|| Field { name: name.clone(), before: Some(before.clone()), after: after.clone() })
    };
    wanted.iter().filter_map(other).collect()
}

fn deletion(app: &AppWithTokens) -> Change {
    let dependents = app.dependents.iter().map(|one| format!("breaks without it: {}", line(one)));
    Change {
        action: Action::Delete,
        target: Target::App(Some(app.id)),
        hub_id: Some(app.hub_id),
        name: app.name.clone(),
        fields: Vec::new(),
        goes: working_tokens(app).into_iter().chain(dependents).collect(),
        last_used: app.tokens.iter().filter_map(|token| token.last_used_at.as_deref()).max().map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use keyway_api::view::{self, Connection};

    use super::super::check;
    use super::*;
    use crate::register::yaml;

    fn server() -> Server {
        let app = |id, hub_id, name: &str, reserve| {
            let (name, scopes, unlisted) = (name.to_owned(), vec!["oauth".to_owned()], vec!["refuse".to_owned()]);
            let allow = vec!["all".to_owned()];
            let app = view::App { id, hub_id, name, scopes, enabled: true, weight: 1, reserve, unlisted, allow, ..view::App::default() };
            AppWithTokens { app: view::App { max_wait_ms: 10_000, ..app }, tokens: Vec::new(), day: None }
        };
        let account = |hub_id, embedded: bool| {
            let [name, tier, time_zone, currency, region] = ["Shop", "free", "UTC", "USD", "na1"].map(str::to_owned);
            let guard = (!embedded).then(|| "refuse".to_owned());
            let (beside_path, sensitive_properties, connection) = (guard.clone(), guard, (!embedded).then(Connection::default));
            let account = Account { hub_id, name, tier, time_zone, currency, region, ..Account::default() };
            Account { beside_path, sensitive_properties, connection, ..account }
        };
        Server {
            accounts: vec![account(1, true), account(2, false), account(3, true)],
            channels: Vec::new(),
            apps: vec![app(10, 1, "A", 0), app(11, 1, "B", 50), app(12, 2, "A", 0), app(13, 3, "C", 0)],
        }
    }

    fn of(text: &str, prune: bool) -> Result<Vec<String>, Vec<String>> {
        let wanted = check::wanted(yaml::parse(text).unwrap())?;
        let plan = plan(&wanted, &server(), prune)?;
        let fields = |change: &Change| change.fields.iter().map(|field| format!(" {}={}", field.name, field.after)).collect::<String>();
        Ok(plan
            .changes
            .iter()
            .map(|change| format!("{} {}/{}{}", change.action.name(), change.hub_id.unwrap_or_default(), change.name, fields(change)))
            .collect())
    }

    #[test]
    fn what_is_as_the_file_says_needs_no_change() {
        assert_eq!(
            of(
                "version: 1\naccounts: [{hubId: 1, name: Shop, tier: Free, addons: 0, timeZone: UTC, currency: USD}]\napps: [{name: A}]\n",
                false
            ),
            Ok(vec![])
        );
        assert_eq!(
            of("version: 1\napps: [{account: 2, name: ' A ', scopes: [oauth], maxWait: 10000ms, unlisted: [refuse]}]\n", false),
            Ok(vec![])
        );
    }

    #[test]
    fn a_field_that_is_left_out_of_an_app_has_its_default() {
        assert_eq!(of("version: 1\napps: [{account: 1, name: B}]\n", false).unwrap(), ["change 1/B reserve=0"]);
    }

    #[test]
    fn an_app_is_found_by_its_name_and_then_by_its_former_name() {
        assert_eq!(of("version: 1\napps: [{account: 1, name: New, formerName: A}]\n", false).unwrap(), ["change 1/New name=\"New\""]);
        // The name exists, so the former name does not count.
        assert_eq!(of("version: 1\napps: [{account: 1, name: A, formerName: B}]\n", false), Ok(vec![]));
        assert_eq!(of("version: 1\napps: [{account: 1, name: New, formerName: Gone}]\n", false).unwrap(), ["create 1/New"]);
        // An app of another account has the former name.
        assert_eq!(of("version: 1\napps: [{account: 2, name: New, formerName: B}]\n", false).unwrap(), ["create 2/New"]);
        for ambiguous in [
            "version: 1\napps: [{account: 1, name: B, formerName: A}, {account: 1, name: C, formerName: B}]\n",
            "version: 1\napps: [{account: 1, name: C, formerName: A}, {account: 1, name: D, formerName: A}]\n",
            "version: 1\napps: [{account: 1, name: C, formerName: C}]\n",
            "version: 1\napps: [{account: 1, name: C}, {account: 1, name: 'C '}]\n",
        ] {
            assert!(of(ambiguous, false).is_err(), "{ambiguous}");
        }
    }

    #[test]
    fn prune_deletes_apps_of_named_accounts_alone_and_frees_their_reserve_first() {
        let text = "version: 1\napps: [{account: 1, name: A, reserve: 90}]\n";
        assert_eq!(of(text, true).unwrap(), ["delete 1/B", "change 1/A reserve=90"]);
        assert_eq!(of(text, false).unwrap(), ["change 1/A reserve=90"]);
        assert_eq!(of("version: 1\naccounts: [{hubId: 3}]\n", true).unwrap(), ["delete 3/C"]);
        assert_eq!(of("version: 1\n", true), Ok(vec![]));
        let lower = "version: 1\napps: [{account: 1, name: A, reserve: 60}, {account: 1, name: B, reserve: 10}, {account: 1, name: New}]\n";
        assert_eq!(of(lower, true).unwrap(), ["change 1/B reserve=10", "change 1/A reserve=60", "create 1/New"]);
    }

    #[test]
    fn what_can_not_be_is_refused_with_its_line() {
        for (text, why) in [
            ("version: 2\n", "version 2"),
            ("version: 1\naccounts: [{hubId: 9}]\n", "line 2: account 9: it is not on this server"),
            ("version: 1\naccounts: [{hubId: 9, backend: embedded}]\n", "needs a name"),
            ("version: 1\naccounts: [{hubId: 0}]\n", "from 1 to"),
            ("version: 1\naccounts: [{hubId: 1}, {hubId: 1}]\n", "twice"),
            ("version: 1\naccounts: [{hubId: 1, backend: hubspot}]\n", "embedded, and that can't be changed"),
            ("version: 1\naccounts: [{hubId: 1, currency: EUR}]\n", "currency is USD"),
            ("version: 1\naccounts: [{hubId: 1, besidePath: forward}]\n", "besidePath"),
            ("version: 1\naccounts: [{hubId: 2, region: eu1}]\n", "region"),
            ("version: 1\naccounts: [{hubId: 1, tier: gold}]\n", "gold"),
            ("version: 1\naccounts: [{hubId: 1, addons: 3}]\n", "addons"),
            ("version: 1\napps: [{name: A}]\n", "account is missing"),
            ("version: 1\napps: [{account: 9, name: A}]\n", "account 9 is not on this server"),
            ("version: 1\napps: [{account: 2, name: A, noLimits: true}]\n", "noLimits"),
            ("version: 1\napps: [{account: 1, name: A, scopes: [crm.objects.contact.read]}]\n", "Did you mean crm.objects.contacts.read?"),
            ("version: 1\napps: [{account: 1, name: A, weight: 0}]\n", "weight"),
            ("version: 1\napps: [{account: 1, name: A, maxWait: 1h}]\n", "maxWait"),
            ("version: 1\napps: [{account: 1, name: A, unlisted: [maybe]}]\n", "maybe"),
            ("version: 1\napps: [{account: 1, name: ''}]\n", "empty"),
            ("version: 1\napps: [{account: 1, name: \"a\\nb\"}]\n", "a\\nb"),
            ("version: 1\napps: [{account: 1, name: \"a\\u202eb\"}]\n", "direction"),
        ] {
            let problems = of(text, false).expect_err(text).join("\n");
            assert!(problems.contains(why), "{text}: {problems}");
            assert!(!problems.contains(['\u{1b}', '\u{202e}']) && problems.lines().count() == 1, "{problems}");
        }
    }
}
