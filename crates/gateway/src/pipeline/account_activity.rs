//! What was done in an embedded account, and who signed in: its activity, as HubSpot tells it (hubspot facts,
//! section 1: the audit API).
//!
//! Two records are read, both newest first: that of changes, for what people did to apps and tokens, and
//! the audit, for what apps did to the account. HubSpot's names of events are used where it has one for
//! what happened; what it has none for is left out. Times are real, also where the account's clock is not.

mod asked;

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;

use keyway_core::catalog::Operation;
use keyway_core::error_body::ErrorBody;
use keyway_core::time::Timestamp;
use serde_json::{Value, json};

use self::asked::{Asked, Cursor};
use super::introspect::user_id;
use super::respond;
use crate::audit::{AuditFilter, AuditLog, AuditRecord, StatusFilter};
use crate::backend::BackendReply;
use crate::clock;
use crate::control::Control;
use crate::model::{ChangeRecord, Person};
use crate::store::changes::ChangeFilter;

/// Records of the audit that are read for one page at most: most are of calls that are not events. A
/// page of an account that is only read from may then be short, and still name the next.
const READ_MAX: usize = 20_000;
const READ_AT_ONCE: u32 = 2_000;
/// Signing in is reported for this long.
const SIGN_INS_MS: i64 = 90 * 86_400_000;

/// Which of the three is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// What people and apps did that matters for security.
    Security,
    /// What was created, changed and deleted.
    AuditLogs,
    /// Who signed in.
    Login,
}

pub(super) fn kind(operation: &Operation) -> Option<Kind> {
    let path = operation.template.strip_prefix("/account-info/")?;
    match path.split_once("/activity/")?.1 {
        "security" => Some(Kind::Security),
        "audit-logs" => Some(Kind::AuditLogs),
        "login" => Some(Kind::Login),
        _ => None,
    }
}

/// Who reads, and what is read.
pub(super) struct Reader {
    /// Reads the record of changes.
    pub control: Arc<Control>,
    /// The log of calls.
    pub audit: Arc<AuditLog>,
    /// The account.
    pub hub_id: u64,
    /// When it was made: what another account of the same id did before is not told.
    pub since: Timestamp,
}

impl Reader {
    pub(super) async fn answer(self, kind: Kind, url: &str, query: Option<&str>) -> Result<BackendReply, ErrorBody> {
        let mut asked = Asked::read(kind, query)?;
        let earliest = if kind == Kind::Login { clock::now().plus_ms(-SIGN_INS_MS).max(self.since) } else { self.since };
        asked.from = asked.from.max(Some(earliest));
        let after = asked.after;
        let (events, next) = match kind {
            Kind::Security => self.security(&asked).await?,
            Kind::AuditLogs => {
                let read = self.calls(&asked, |call| self.action(call)).await?;
                (read.events, read.ended.map(|call| Cursor { call: Some(call), ..after }))
            }
            Kind::Login => {
                let read = self.sign_ins(&asked).await?;
                (read.events, read.ended.map(|change| Cursor { change: Some(change), ..after }))
            }
        };
        let mut body = json!({ "results": events.into_iter().map(|event| event.shown).collect::<Vec<_>>() });
        if let Some(next) = next {
            let after = next.text();
            body["paging"] =
                json!({ "next": { "after": after, "link": format!("{url}?{}limit={}&after={after}", asked.others, asked.limit) } });
        }
        Ok(BackendReply { status: 200, body: body.to_string().into() })
    }

    /// Both records as one: of the two that come next, the newer one. Each stays in its own order,
    /// which is by number and not always by time, so that no page skips or repeats one.
    async fn security(&self, asked: &Asked) -> Result<(Vec<Event>, Option<Cursor>), ErrorBody> {
        let calls = self.calls(asked, |call| self.critical_call(call)).await?;
        let changes = self.changes(asked, Some(self.hub_id), |change| self.critical_change(asked, change)).await?;
        let (calls_ended, changes_ended) = (calls.ended, changes.ended);
        let (mut calls, mut changes) = (calls.events.into_iter().peekable(), changes.events.into_iter().peekable());
        let (mut events, mut last) = (Vec::new(), asked.after);
        while events.len() < asked.limit {
            let call_is_next = match (calls.peek(), changes.peek()) {
                (Some(call), Some(change)) => call.at >= change.at,
                (call, _) => call.is_some(),
            };
            let Some(event) = (if call_is_next { calls.next() } else { changes.next() }) else { break };
            let place = if call_is_next { &mut last.call } else { &mut last.change };
            *place = Some(event.number);
            events.push(event);
        }
        // Of what was found and is left, the next page begins after the last that was shown; else where
        // reading ended. A record that is at its end must not begin again.
        let (left_calls, left_changes) = (calls.peek().is_some(), changes.peek().is_some());
        let more = left_calls || left_changes || calls_ended.is_some() || changes_ended.is_some();
        let next = Cursor {
            call: if left_calls { last.call } else { calls_ended.or(Some(0)) },
            change: if left_changes { last.change } else { changes_ended.or(Some(0)) },
        };
        Ok((events, more.then_some(next)))
    }

    /// Of people who see this account: all but app managers of other accounts' apps.
    async fn sign_ins(&self, asked: &Asked) -> Result<Found, ErrorBody> {
        let (people, apps) = (self.control.people().await, self.control.apps(Some(self.hub_id)).await);
        let people = people.map_err(|_| respond::store_unavailable())?;
        let sees = |person: &Person| person.role.apps().is_none_or(|own| apps.iter().any(|(app, _)| own.contains(&app.id)));
        let seeing: HashSet<u64> = people.iter().filter(|person| sees(person)).map(|person| person.id).collect();
        let told = |change: &ChangeRecord| {
            let user = change.who_id.filter(|id| seeing.contains(id) && asked.is_of(*id))?;
            let (id, at) = (format!("c{}", change.id), change.at.to_iso());
            let mut shown = json!({ "id": id, "loginAt": at, "email": change.who, "userId": user, "loginSucceeded": true });
            put_address(&mut shown, &change.source);
            Some(shown)
        };
        self.changes(asked, None, told).await
    }

    /// What changes tell; of no account, what signing in tells.
    async fn changes(&self, asked: &Asked, hub_id: Option<u64>, told: impl Fn(&ChangeRecord) -> Option<Value>) -> Result<Found, ErrorBody> {
        let mut filter = ChangeFilter {
            hub_id,
            operation: hub_id.is_none().then(|| "signIn".to_owned()),
            from: asked.from,
            to: asked.to,
            before_id: asked.after.change,
            limit: READ_AT_ONCE,
            ..ChangeFilter::default()
        };
        let mut found = Found::default();
        loop {
            let records = self.control.changes(&filter).await.map_err(|_| respond::store_unavailable())?;
            let events = records.iter().map(|record| (record.id, told(record).map(|shown| (record.at, shown))));
            if found.take(asked.limit, events) {
                return Ok(found);
            }
            filter.before_id = records.last().map(|record| record.id);
        }
    }

    /// What successful calls tell.
    async fn calls(&self, asked: &Asked, told: impl Fn(&AuditRecord) -> Option<Value>) -> Result<Found, ErrorBody> {
        let mut found = Found::default();
        if !asked.is_of(user_id(self.hub_id)) {
            return Ok(found);
        }
        let mut filter = AuditFilter {
            hub_id: Some(self.hub_id),
            status: Some(StatusFilter::Class(2)),
            from: asked.from,
            to: asked.to,
            before_id: asked.after.call.map(u64::cast_signed),
            limit: READ_AT_ONCE,
            ..AuditFilter::default()
        };
        loop {
            let records = self.audit.list(&filter).await.map_err(|_| respond::unavailable_error())?;
            let at = |record: &AuditRecord| Timestamp::parse_iso(&record.time).unwrap_or(Timestamp::from_ms(0));
            let events = records.iter().map(|record| (record.id.cast_unsigned(), told(record).map(|shown| (at(record), shown))));
            if found.take(asked.limit, events) {
                return Ok(found);
            }
            filter.before_id = records.last().map(|record| record.id);
        }
    }

    fn critical_change(&self, asked: &Asked, change: &ChangeRecord) -> Option<Value> {
        let kind = match change.operation.as_str() {
            "createApp" => "PRIVATE_APP_ACCESS_TOKEN_CREATE",
            "rotateToken" => "PRIVATE_APP_ACCESS_TOKEN_ROTATE",
            "revokeToken" | "deleteApp" => "PRIVATE_APP_ACCESS_TOKEN_DEACTIVATE",
            "updateApp" if has_field(&change.became, "scopes") => "PRIVATE_APP_SCOPE_GROUPS_UPDATE",
            "admitLegacyKey" => "HAPIKEY_CREATE",
            "approveInstall" => "INSTALL_INTEGRATION",
            "endInstall" => "UNINSTALL_INTEGRATION",
            "putWebhook" | "deleteWebhook" => "WEBHOOK_SETTINGS_UPDATE",
            _ => return None,
        };
        let user = if change.kind == "person" { change.who_id.unwrap_or_default() } else { user_id(self.hub_id) };
        let object = change.target.split_once(' ').map_or("", |(_, id)| id);
        asked
            .is_of(user)
            .then(|| critical(&format!("c{}", change.id), kind, &change.at.to_iso(), user, &change.who, &change.source, object))
    }

    fn critical_call(&self, call: &AuditRecord) -> Option<Value> {
        let (method, path) = call.operation.split_once(' ')?;
        let ends = |end: &str| path.ends_with(end);
        let kind = match method {
            "POST" if path.starts_with("/crm/") && path.contains("/imports") && !ends("/cancel") => "IMPORT",
            "POST" if ends("/export/async") => "EXPORT",
            "GET" if path.contains("/exports/") && ends("/download") => "EXPORT_DOWNLOAD",
            "POST" if ends("/gdpr-delete") => "GDPR_DELETE",
            "PUT" | "DELETE" if path.starts_with("/webhooks/") && ends("/settings") => "WEBHOOK_SETTINGS_UPDATE",
            "POST" if path.starts_with("/webhooks/") && ends("/subscriptions") => "WEBHOOK_SUBSCRIPTION_CREATE",
            "POST" | "PATCH" if path.starts_with("/webhooks/") && path.contains("/subscriptions") => "WEBHOOK_SUBSCRIPTION_UPDATE",
            "DELETE" if ends("/external-install") => "UNINSTALL_INTEGRATION",
            "POST" if path.starts_with("/settings/") && path.contains("users") => "ADD_USER",
            "DELETE" if path.starts_with("/settings/") && path.contains("users") => "REMOVE_USER",
            _ => return None,
        };
        let app = format!("app {}", call.app_id?);
        Some(critical(&format!("a{}", call.id), kind, &call.time, user_id(self.hub_id), &app, &call.source, ""))
    }

    /// A call that wrote something. Which record it was is not in the audit.
    fn action(&self, call: &AuditRecord) -> Option<Value> {
        let (method, path) = call.operation.split_once(' ')?;
        let last = path.rsplit('/').next().unwrap_or_default();
        let action = match (method, last) {
            (_, "search" | "read") | ("GET" | "HEAD" | "OPTIONS", _) => return None,
            (_, "archive" | "gdpr-delete") | ("DELETE", _) => "DELETE",
            (_, "update" | "merge" | "upsert") | ("PATCH" | "PUT", _) => "UPDATE",
            _ => "CREATE",
        };
        let category = if path.starts_with("/crm/") { "CRM_OBJECT" } else { "OTHER" };
        let mut shown = json!({
            "id": format!("a{}", call.id), "category": category, "action": action, "occurredAt": call.time,
            "actingUser": { "userId": user_id(self.hub_id) },
        });
        if let Some(object) = &call.object {
            shown["subCategory"] = object.to_uppercase().into();
        }
        Some(shown)
    }
}

/// Something that happened, and its number in its record.
struct Event {
    at: Timestamp,
    number: u64,
    shown: Value,
}

/// What one record tells for a page.
#[derive(Default)]
struct Found {
    events: Vec<Event>,
    /// Records that were read.
    read: usize,
    /// The number of the last record that was read, where there may be more.
    ended: Option<u64>,
}

impl Found {
    /// Takes what a batch of records tells, each with its number; whether there is no more to be read.
    fn take(&mut self, limit: usize, records: impl ExactSizeIterator<Item = (u64, Option<(Timestamp, Value)>)>) -> bool {
        let more = records.len() == READ_AT_ONCE as usize;
        for (number, told) in records {
            self.read += 1;
            self.events.extend(told.map(|(at, shown)| Event { at, number, shown }));
            if self.events.len() == limit || self.read == READ_MAX {
                self.ended = Some(number);
                return true;
            }
        }
        !more
    }
}

/// Whether any of the things of a change has a field.
fn has_field(things: &Value, field: &str) -> bool {
    things.as_object().is_some_and(|things| things.values().any(|thing| thing.get(field).is_some()))
}

fn critical(id: &str, kind: &str, at: &str, user: u64, who: &str, source: &str, object: &str) -> Value {
    let mut shown = json!({ "id": id, "type": kind, "createdAt": at, "userId": user, "actingUser": who });
    put_address(&mut shown, source);
    if !object.is_empty() {
        shown["objectId"] = object.into();
    }
    shown
}

/// Sources that are not addresses, such as the socket, are left out.
fn put_address(shown: &mut Value, source: &str) {
    if source.parse::<IpAddr>().is_ok() {
        shown["ipAddress"] = source.into();
    }
}
