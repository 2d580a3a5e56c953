//! Conditions that a person should know of, each with a name that stays the same while it lasts.

use std::collections::HashMap;
use std::sync::Arc;

use keyway_core::quota::UNCAPPED;
use keyway_core::shown;
use keyway_core::time::Timestamp;
use serde_json::{Value, json};

use super::{DAY_MS, DueOf, EndingCalls, Failing, Kind, Thresholds, due, ending, ending_tokens, missing_scopes, renewal_due};
use crate::audit::{Damage, OperationUse, Writing};
use crate::model::{Account, AdminToken, App, Approval, Person, ProxyAuthority, Token};
use crate::upstream::health::State;

/// Conditions that are found at one time; the most urgent kinds come first.
const CONDITIONS_MAX: usize = 1_000;
/// Letters of a name or a list in a condition's text.
const TEXT_MAX: usize = 200;
const LOOK_FOR_CAUSE: &str = "Look in the server's log for the cause: a full disk, a lost volume, or a database that does not answer";

/// Something that needs a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// What it is.
    pub kind: Kind,
    /// The kind and what it is of: the same as long as it lasts.
    pub name: String,
    /// Hub id and name of the account that it is of, if it is of one.
    pub account: Option<(u64, String)>,
    /// Id and name of the app that it is of, if it is of one.
    pub app: Option<(u64, String)>,
    /// The app's owner.
    pub owner: Option<String>,
    /// One sentence that says what is wrong.
    pub text: String,
    /// What to do about it.
    pub remedy: String,
    /// The page where a person does it; none where there is none.
    pub link: Option<String>,
    /// The path of the console's page that shows it, where it has one of its own.
    pub page: Option<String>,
}

/// How many calls of its day an account has used.
#[derive(Clone, Copy, Debug)]
pub struct DayUse {
    /// Calls of the day.
    pub used: u64,
    /// Calls that HubSpot allows in a day.
    pub daily: u64,
    /// When the count starts again.
    pub resets_at: Timestamp,
}

/// A call that waits for a person's approval.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The stored request for an approval.
    pub approval: Approval,
    /// Where a person decides.
    pub link: String,
}

/// Who may use the admin listener.
#[derive(Clone, Copy, Debug)]
pub struct Access<'a> {
    /// Everybody who may sign in.
    pub people: &'a [Person],
    /// Every admin token.
    pub tokens: &'a [AdminToken],
}

/// What conditions are found in.
pub struct Facts<'a> {
    /// Every account.
    pub accounts: &'a [Account],
    /// Every app with its tokens.
    pub apps: &'a [(App, Vec<Token>)],
    /// The state of each connection and since when; none where it is not known yet.
    pub health: HashMap<u64, (State, Timestamp)>,
    /// The day of each account.
    pub days: HashMap<u64, DayUse>,
    /// The time of each account.
    pub now_of: &'a dyn Fn(u64) -> Timestamp,
    /// Recent calls by app and operation; none while they are not counted yet.
    pub used: Option<&'a [OperationUse]>,
    /// Whether the store can be written.
    pub is_writable: bool,
    /// Apps whose calls fail often; none where the counts can't be read.
    pub failing: Option<&'a [Failing]>,
    /// Places of the audit that are not as they were written.
    pub damage: &'a [Damage],
    /// Whether records of calls are written.
    pub writing: Writing,
    /// Calls that wait for a person's approval; none where that is not known.
    pub approvals: Option<&'a [Waiting]>,
    /// Who may use the admin listener; none where that is not known.
    pub access: Option<Access<'a>>,
    /// The authorities of the forward proxy that clients trust.
    pub authorities: &'a [Arc<ProxyAuthority>],
    /// The time of this machine.
    pub now: Timestamp,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Conditions, the most urgent kinds first.
    pub conditions: Vec<Condition>,
    /// Names of conditions of which it is not known whether they last; with a `/` at the end, all that begin so.
    pub unsure: Vec<String>,
}

impl Condition {
    fn new(kind: Kind, of: impl std::fmt::Display, text: String, remedy: impl Into<String>) -> Self {
        let name = format!("{}/{of}", kind.name());
        Self { kind, name, account: None, app: None, owner: None, text, remedy: remedy.into(), link: None, page: None }
    }

    /// That the store can't be written: it can't hold this condition either.
    pub fn store_not_written() -> Self {
        let text = "Keyway cannot write its store. It refuses changes, and it refuses calls that it cannot record".to_owned();
        Self::new(Kind::StoreNotWritten, "store", text, LOOK_FOR_CAUSE)
    }

    fn account(mut self, account: &Account) -> Self {
        self.account = Some((account.hub_id, short(&account.name)));
        self
    }

    fn app(mut self, app: &App, accounts: &HashMap<u64, &Account>) -> Self {
        self.app = Some((app.id, short(&app.name)));
        self.owner = Some(short(&app.owner)).filter(|owner| !owner.is_empty());
        match accounts.get(&app.hub_id) {
            Some(account) => self.account(account),
            None => self,
        }
    }

    /// As notifications and the store have it.
    pub fn to_json(&self) -> Value {
        let (account, app) = (self.account.as_ref(), self.app.as_ref());
        let mut json = json!({
            "kind": self.kind.name(), "name": self.name, "text": self.text, "remedy": self.remedy,
            "hubId": account.map(|(id, _)| id), "account": account.map(|(_, name)| name),
            "appId": app.map(|(id, _)| id), "app": app.map(|(_, name)| name), "owner": self.owner, "link": self.link,
        });
        if let Some(page) = &self.page {
            json["page"] = page.as_str().into();
        }
        json
    }
}

/// Everything that needs a person now.
pub fn find(facts: &Facts<'_>, thresholds: &Thresholds) -> Found {
    let mut found = Found::default();
    if !facts.is_writable {
        found.conditions.push(Condition::store_not_written());
    }
    audit(facts, &mut found);
    approvals(facts, &mut found);
    let accounts: HashMap<u64, &Account> = facts.accounts.iter().map(|account| (account.hub_id, account)).collect();
    connections(facts, thresholds, &mut found);
    failed_calls(facts, &accounts, &mut found);
    days(facts, thresholds, &mut found);
    expiring(facts, thresholds, &accounts, &mut found);
    access(facts, thresholds, &mut found);
    sunsets(facts, thresholds, &accounts, &mut found);
    for one in facts.authorities.iter().filter(|one| renewal_due(facts.authorities, one, facts.now)) {
        let text = format!(
            "The forward proxy's authority {} ends on {}. Clients then refuse its certificates",
            short(&one.name),
            one.expires_at.to_date()
        );
        found.conditions.push(Condition::new(Kind::ProxyAuthority, one.id, text, "keyway proxy ca --renew"));
    }
    rotations(facts, thresholds, &accounts, &mut found);
    found.conditions.truncate(CONDITIONS_MAX);
    found
}

fn audit(facts: &Facts<'_>, found: &mut Found) {
    match facts.writing {
        Writing::Unknown => found.unsure.push("audit-not-written/".to_owned()),
        Writing::Fine => {}
        Writing::Failing => {
            let text = "Keyway cannot write records of calls, so it answers calls with 503".to_owned();
            found.conditions.push(Condition::new(Kind::AuditNotWritten, "log", text, LOOK_FOR_CAUSE));
        }
    }
    let mut files: Vec<&str> = Vec::new();
    for place in facts.damage {
        if !files.contains(&place.file.as_str()) {
            files.push(&place.file);
            let text = format!("The audit log is damaged: {}", short(&place.to_string()));
            found.conditions.push(Condition::new(Kind::AuditDamage, &place.file, text, "keyway audit verify"));
        }
    }
}

fn approvals(facts: &Facts<'_>, found: &mut Found) {
    let Some(waiting) = facts.approvals else {
        found.unsure.push("approval-requested/".to_owned());
        return;
    };
    let accounts: HashMap<u64, &Account> = facts.accounts.iter().map(|account| (account.hub_id, account)).collect();
    for Waiting { approval, link } in waiting {
        let Some((app, _)) = facts.apps.iter().find(|(app, _)| app.id == approval.app_id) else { continue };
        let records = match approval.records {
            Some(1) => " on 1 record".to_owned(),
            Some(count) if count > 0 => format!(" on {count} records"),
            _ => String::new(),
        };
        let text = format!(
            "{} asks to perform {}{records}. Nothing is changed until a person approves it. The request ends at {}",
            short(&app.name),
            short(&approval.operation),
            approval.expires_at.to_minute()
        );
        let condition = Condition::new(Kind::ApprovalRequested, approval.id, text, format!("keyway approval show {}", approval.id));
        found.conditions.push(Condition { link: Some(link.clone()), ..condition.app(app, &accounts) });
    }
}

fn connections(facts: &Facts<'_>, thresholds: &Thresholds, found: &mut Found) {
    for account in facts.accounts {
        let Some(connection) = &account.connection else { continue };
        let (hub_id, name) = (account.hub_id, short(&account.name));
        match facts.health.get(&hub_id) {
            None => {
                found.unsure.extend([Kind::CredentialRefused, Kind::AccountUnreachable].map(|kind| format!("{}/{hub_id}", kind.name())));
            }
            Some((State::Refused, _)) => {
                let text = format!("HubSpot refuses the credential of {name} ({hub_id}). All its calls fail");
                let remedy = match connection.oauth_client {
                    Some(_) => "keyway account add --oauth CLIENT".to_owned(),
                    None => format!("keyway account rotate {hub_id} --credential-file FILE"),
                };
                found.conditions.push(Condition::new(Kind::CredentialRefused, hub_id, text, remedy).account(account));
            }
            Some((State::Unreachable | State::Unknown, since)) => {
                // While HubSpot can't be asked, its last answer about the credential counts.
                found.unsure.push(format!("credential-refused/{hub_id}"));
                if facts.now.as_ms() - since.as_ms() >= thresholds.unreachable_ms {
                    let text = format!("Keyway has not reached HubSpot for {name} ({hub_id}) since {}", since.to_minute());
                    found.conditions.push(Condition::new(Kind::AccountUnreachable, hub_id, text, "keyway status").account(account));
                }
            }
            Some((State::Fine, _)) => {}
        }
        let apps = facts.apps.iter().map(|(app, _)| app).filter(|app| app.hub_id == hub_id);
        let missing = missing_scopes(connection, apps);
        if !missing.is_empty() {
            let text = format!("The credential of {name} ({hub_id}) lacks scopes that its apps have: {}", short(&missing.join(", ")));
            let remedy = format!("Add the scopes to the private app in HubSpot, then run: keyway account check {hub_id}");
            found.conditions.push(Condition::new(Kind::CredentialScopes, hub_id, text, remedy).account(account));
        }
    }
}

fn failed_calls(facts: &Facts<'_>, accounts: &HashMap<u64, &Account>, found: &mut Found) {
    let Some(failing) = facts.failing else {
        found.unsure.push("failed-calls/".to_owned());
        return;
    };
    for Failing { app_id, calls, failed, cause, since, link, page } in failing {
        // A disabled app is meant to be refused, and of a deleted one nobody can change anything.
        let Some((app, _)) = facts.apps.iter().find(|(app, _)| app.id == *app_id && app.enabled) else { continue };
        let (name, percent) = (short(&app.name), failed.saturating_mul(100) / (*calls).max(1));
        let most = cause.as_ref().map_or_else(String::new, |cause| format!(", most often with {cause}"));
        let text = format!("{failed} of {calls} calls of {name} failed since {} ({percent} %){most}", since.to_minute());
        let category = cause.as_ref().map_or_else(String::new, |cause| format!(" --category {cause}"));
        let condition = Condition::new(Kind::FailedCalls, app_id, text, format!("keyway audit list --app {app_id}{category}"));
        found.conditions.push(Condition { link: Some(link.clone()), page: Some(page.clone()), ..condition.app(app, accounts) });
    }
}

fn days(facts: &Facts<'_>, thresholds: &Thresholds, found: &mut Found) {
    // The limits of an embedded account are part of what is tested there.
    for account in facts.accounts.iter().filter(|account| account.connection.is_some()) {
        let Some(DayUse { used, daily, resets_at }) = facts.days.get(&account.hub_id).copied() else { continue };
        if daily < UNCAPPED && daily > 0 && used.saturating_mul(100) >= daily.saturating_mul(thresholds.daily_percent) {
            let (hub_id, percent) = (account.hub_id, used.saturating_mul(100) / daily);
            let name = short(&account.name);
            let text = format!(
                "{name} ({hub_id}) has used {percent} % of its calls of the day: {used} of {daily}. The count starts again at {}",
                resets_at.to_minute()
            );
            let of = format!("{hub_id}/{}", resets_at.to_date());
            found.conditions.push(Condition::new(Kind::DailyLimit, of, text, format!("keyway account show {hub_id}")).account(account));
        }
    }
}

/// An app as a command names it: by its name, if no other app has it, since an id beside the number of a token misleads.
fn argument(facts: &Facts<'_>, app: &App) -> String {
    let is_unique = facts.apps.iter().filter(|(other, _)| other.name == app.name).count() == 1;
    shown::argument(&app.name).filter(|_| is_unique).unwrap_or_else(|| app.id.to_string())
}

fn expiring(facts: &Facts<'_>, thresholds: &Thresholds, accounts: &HashMap<u64, &Account>, found: &mut Found) {
    for (app, token, ends) in ending_tokens(facts.apps, facts.now_of) {
        let now = (facts.now_of)(app.hub_id);
        let (id, hint, name) = (token.id, &token.hint, short(&app.name));
        let (text, remedy) = if token.is_rotated() {
            // Its successor is there: what matters is who still sends the old one.
            let used = token.last_used_at.is_some_and(|at| at >= now.plus_ms(-DAY_MS));
            if !used || ends > now.plus_ms(DAY_MS) {
                continue;
            }
            let text = format!("The rotated token {id} ({hint}) of {name} ends at {} and is still used", ends.to_minute());
            (text, format!("keyway token users {id}"))
        } else {
            if ends > now.plus_ms(thresholds.expiry_days * DAY_MS) {
                continue;
            }
            let text = format!("The token {id} ({hint}) of {name} ends at {}", ends.to_minute());
            (text, format!("keyway token rotate {}", argument(facts, app)))
        };
        found.conditions.push(Condition::new(Kind::TokenExpiring, id, text, remedy).app(app, accounts));
    }
}

/// People and admin tokens whose access ends soon, by the clock of this machine.
fn access(facts: &Facts<'_>, thresholds: &Thresholds, found: &mut Found) {
    let Some(Access { people, tokens }) = facts.access else {
        found.unsure.push(format!("{}/", Kind::AccessExpiring.name()));
        return;
    };
    let soon = |at: &Timestamp| *at > facts.now && *at <= facts.now.plus_ms(thresholds.expiry_days * DAY_MS);
    for person in people {
        let Some(ends) = person.expires_at.filter(soon) else { continue };
        let text = format!("The access of {} to Keyway ends at {}", short(&person.email), ends.to_minute());
        let remedy = format!("keyway user update {} --until TIME", person.email);
        found.conditions.push(Condition::new(Kind::AccessExpiring, format!("person/{}", person.id), text, remedy));
    }
    for token in tokens.iter().filter(|token| token.revoked_at.is_none()) {
        let Some(ends) = token.expires_at.filter(soon) else { continue };
        let text = format!("The admin token {} ({}) ends at {}", short(&token.name), token.hint, ends.to_minute());
        let remedy = format!("keyway admin-token create NAME --role {}", token.role.name());
        found.conditions.push(Condition::new(Kind::AccessExpiring, format!("token/{}", token.id), text, remedy));
    }
}

fn sunsets(facts: &Facts<'_>, thresholds: &Thresholds, accounts: &HashMap<u64, &Account>, found: &mut Found) {
    let Some(used) = facts.used else {
        found.unsure.push("sunset/".to_owned());
        return;
    };
    let apps: HashMap<u64, &App> = facts.apps.iter().map(|(app, _)| (app.id, app)).collect();
    for EndingCalls { app, date, days_left, what, calls, operations, .. } in ending(used, &apps, facts.now) {
        if days_left.is_some_and(|days| days <= thresholds.sunset_days) {
            let example = operations.first().map(|operation| format!(", such as {}", short(operation))).unwrap_or_default();
            let counted = |count: u64| if count == 1 { "1 call".to_owned() } else { format!("{count} calls") };
            let ends = if days_left.is_some_and(|days| days < 0) { "ended" } else { "ends" };
            let text =
                format!("{} still uses what {ends} on {date}: {what}. {} in the last 30 days{example}", short(&app.name), counted(calls));
            let of = format!("{}/{date}/{what}", app.id);
            found.conditions.push(Condition::new(Kind::Sunset, of, text, "keyway sunset").app(app, accounts));
        }
    }
}

fn rotations(facts: &Facts<'_>, thresholds: &Thresholds, accounts: &HashMap<u64, &Account>, found: &mut Found) {
    for one in due(facts.accounts, facts.apps, thresholds, facts.now_of) {
        found.conditions.push(match one.of {
            DueOf::Credential(account) => {
                let text = format!("The credential of {} ({}) is {} days old", short(&account.name), account.hub_id, one.days);
                let remedy = format!("keyway account rotate {} --credential-file FILE", account.hub_id);
                Condition::new(Kind::CredentialRotation, account.hub_id, text, remedy).account(account)
            }
            DueOf::Token(app, token) => {
                let text = format!("The token {} ({}) of {} is {} days old", token.id, token.hint, short(&app.name), one.days);
                Condition::new(Kind::TokenRotation, token.id, text, format!("keyway token rotate {}", argument(facts, app)))
                    .app(app, accounts)
            }
        });
    }
}

/// A text on one line, cut where it is long.
fn short(text: &str) -> String {
    let plain: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(TEXT_MAX).collect();
    if text.chars().nth(TEXT_MAX).is_some() { format!("{plain}…") } else { plain }
}

#[cfg(test)]
mod tests;
