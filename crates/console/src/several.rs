//! What is done to several things of a list at once: a page that names each of them, then one change of the admin
//! API for each, so that each is recorded and refused by itself.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use keyway_api::OperationId;
use keyway_api::view::{
    AdminTokens, Approval, Approvals, Channel, ChannelTested, Channels, Integration, Migration, PublicApps, Sessions, Users,
};
use serde_json::{Value, json};

use super::api::{Api, Refused, with_part};
use super::app_words::{self, App, AppWords};
use super::list_place::ListPlace;
use super::page;
use super::roles;
use super::shell::Shell;
use super::sign_in::see_other;
use super::visitor::{Fields, Page, Sent, Visitor};
use super::words::{ago, counted, sentence};
use keyway_gateway::admin::Admin;
use keyway_gateway::clock;

/// Things that are changed at once, at most: those of two pages of a list.
const THINGS_MAX: usize = 100;

/// The state of a call that waits for a person.
const PENDING: &str = "pending";
/// The state of an integration that the newest report of its repository does not have, and of one that it has.
const GONE_FROM_REPORT: &str = "gone";
const IN_REPORT: &str = "in the newest report";

/// Of a thing that somebody else deleted meanwhile.
const GONE: &str = "It is not there any more.";

/// A list whose rows can be ticked.
#[derive(Clone, Copy)]
pub(super) enum List {
    Apps,
    PublicApps,
    Agents,
    Approvals,
    Migration,
    Notifications,
    People,
    AdminTokens,
}

/// What the API is asked to do with a thing.
enum Change {
    /// Enables or disables it.
    Switch(bool),
    /// Deletes what has this address below that of the thing, or the thing.
    Delete(&'static str),
    /// Posts there.
    Post(&'static str),
}

/// What can be done to its things.
pub(super) struct Act {
    /// In the address.
    pub name: &'static str,
    /// On the button, and how the question begins.
    pub verb: &'static str,
    /// What comes of it.
    text: &'static str,
    /// Whether something stops working.
    is_danger: bool,
    /// The state in which a thing is changed by it; empty is any.
    from: &'static str,
    operation: OperationId,
    change: Change,
    /// What the page says afterwards.
    done: &'static str,
}

const fn switch(enabled: bool, text: &'static str, operation: OperationId) -> Act {
    let (name, verb, from, done) =
        if enabled { ("enable", "Enable", "disabled", "several-enabled") } else { ("disable", "Disable", "enabled", "several-disabled") };
    Act { name, verb, text, is_danger: !enabled, from, operation, change: Change::Switch(enabled), done }
}

const APPS: [Act; 2] = [
    switch(false, "Their tokens are refused until they are enabled again; then the same tokens work.", OperationId::UpdateApp),
    switch(true, "Their tokens are accepted again.", OperationId::UpdateApp),
];
const PUBLIC_APPS: [Act; 2] = [
    switch(false, "The tokens of their installs are refused until they are enabled again.", OperationId::UpdatePublicApp),
    switch(true, "The tokens of their installs are accepted again.", OperationId::UpdatePublicApp),
];
const AGENTS: [Act; 1] = [Act {
    name: "end",
    verb: "End",
    text: "The agents' next calls are refused. An ended session can't go on.",
    is_danger: true,
    from: "active",
    operation: OperationId::EndSession,
    change: Change::Delete(""),
    done: "several-ended",
}];
const APPROVALS: [Act; 2] = [
    Act {
        name: "approve",
        verb: "Approve",
        text: "Each app may make its call once, within an hour. Open a call to see what it would change.",
        is_danger: false,
        from: PENDING,
        operation: OperationId::ApproveCall,
        change: Change::Post("/approve"),
        done: "several-approved",
    },
    Act {
        name: "reject",
        verb: "Reject",
        text: "The calls are not made. To tell an app why, reject its call by itself.",
        is_danger: true,
        from: PENDING,
        operation: OperationId::RejectCall,
        change: Change::Post("/reject"),
        done: "several-rejected",
    },
];
const MIGRATION: [Act; 1] = [Act {
    name: "remove",
    verb: "Remove",
    text: "What earlier reports showed of them is deleted. A report that has one of them again brings it back. Apps and tokens stay.",
    is_danger: true,
    from: GONE_FROM_REPORT,
    operation: OperationId::ForgetIntegration,
    change: Change::Delete(""),
    done: "cleared",
}];
const NOTIFICATIONS: [Act; 2] = [
    Act {
        name: "test",
        verb: "Test",
        text: "Each receiver gets a test message now.",
        is_danger: false,
        from: "",
        operation: OperationId::TestNotificationChannel,
        change: Change::Post("/test"),
        done: "several-tested",
    },
    Act {
        name: "remove",
        verb: "Remove",
        text: "They get no notification from that moment on, and what waits for them is deleted. You can't undo this.",
        is_danger: true,
        from: "",
        operation: OperationId::RemoveNotificationChannel,
        change: Change::Delete(""),
        done: "several-removed",
    },
];
const PEOPLE: [Act; 1] = [Act {
    name: "sign-out",
    verb: "Sign out",
    text: "All of their sessions end. They can sign in again.",
    is_danger: true,
    from: "",
    operation: OperationId::EndSessions,
    change: Change::Delete("/sessions"),
    done: "several-signed-out",
}];
const ADMIN_TOKENS: [Act; 1] = [Act {
    name: "revoke",
    verb: "Revoke",
    text: "Every instance refuses them from that moment on. You can't undo this.",
    is_danger: true,
    from: "active",
    operation: OperationId::RevokeAdminToken,
    change: Change::Delete(""),
    done: "several-revoked",
}];

/// A thing of a list.
struct Thing {
    id: String,
    name: String,
    detail: String,
    state: String,
}

impl List {
    const fn section(self) -> &'static str {
        match self {
            Self::Apps => "/apps",
            Self::PublicApps => "/public-apps",
            Self::Agents => "/agents",
            Self::Approvals => "/approvals",
            Self::Migration => "/migration",
            Self::Notifications => "/notifications",
            Self::People => "/people",
            Self::AdminTokens => "/admin-tokens",
        }
    }

    /// What one thing is called, and several.
    const fn nouns(self) -> (&'static str, &'static str) {
        match self {
            Self::Apps => ("app", "apps"),
            Self::PublicApps => ("public app", "public apps"),
            Self::Agents => ("session", "sessions"),
            Self::Approvals => ("call", "calls"),
            Self::Migration => ("integration", "integrations"),
            Self::Notifications => ("channel", "channels"),
            Self::People => ("person", "people"),
            Self::AdminTokens => ("admin token", "admin tokens"),
        }
    }

    const fn acts(self) -> &'static [Act] {
        match self {
            Self::Apps => &APPS,
            Self::PublicApps => &PUBLIC_APPS,
            Self::Agents => &AGENTS,
            Self::Approvals => &APPROVALS,
            Self::Migration => &MIGRATION,
            Self::Notifications => &NOTIFICATIONS,
            Self::People => &PEOPLE,
            Self::AdminTokens => &ADMIN_TOKENS,
        }
    }

    /// What must be open to whoever changes several of them: all acts of a list are open to the same roles.
    pub const fn operation(self) -> OperationId {
        self.acts()[0].operation
    }

    /// The page of a thing, where it has one.
    fn page(self, id: &str) -> Option<String> {
        let above = match self {
            Self::Migration => "/migration/integrations/",
            Self::Notifications | Self::AdminTokens => return None,
            Self::Apps => "/apps/",
            Self::PublicApps => "/public-apps/",
            Self::Agents => "/agents/",
            Self::Approvals => "/approvals/",
            Self::People => "/people/",
        };
        Some(with_part(above, id))
    }

    /// Where the API has a thing.
    fn address(self, id: &str) -> String {
        let above = match self {
            Self::Apps => "/api/v1/apps/",
            Self::PublicApps => "/api/v1/public-apps/",
            Self::Agents => "/api/v1/sessions/",
            Self::Approvals => "/api/v1/approvals/",
            Self::Migration => "/api/v1/migration/integrations/",
            Self::Notifications => "/api/v1/notifications/channels/",
            Self::People => "/api/v1/users/",
            Self::AdminTokens => "/api/v1/admin-tokens/",
        };
        with_part(above, id)
    }

    async fn things(self, api: &Api) -> Result<Vec<Thing>, Refused> {
        let now = clock::now();
        let switched = |enabled: bool| (if enabled { "enabled" } else { "disabled" }).to_owned();
        let used = |at: Option<&str>| at.map_or_else(|| "not used yet".to_owned(), |at| format!("last used {}", ago(at, now)));
        Ok(match self {
            Self::Apps => {
                let thing =
                    |app: App| Thing { id: app.id.to_string(), detail: told(&app), state: switched(app.enabled), name: app.app.name };
                app_words::all(api, "").await?.into_iter().map(thing).collect()
            }
            Self::PublicApps => {
                let installs = |of: Option<usize>| of.map(|of| counted(of as u64, "install", "installs")).unwrap_or_default();
                let found = api.all::<PublicApps>("/api/v1/public-apps", &[]).await?.into_iter();
                let thing = |app: keyway_api::view::PublicApp| Thing {
                    id: app.id.to_string(),
                    name: app.name,
                    detail: installs(app.installs),
                    state: switched(app.enabled),
                };
                found.map(thing).collect()
            }
            Self::Agents => {
                let found = api.all::<Sessions>("/api/v1/sessions", &[]).await?.into_iter();
                let thing = |one: keyway_api::view::Session| Thing {
                    id: one.id.to_string(),
                    detail: format!("of {}, on behalf of {}; {}", one.app, one.on_behalf_of, used(one.last_used_at.as_deref())),
                    name: one.purpose,
                    state: one.state,
                };
                found.map(thing).collect()
            }
            Self::Approvals => {
                let found: Approvals = api.get("/api/v1/approvals?limit=1000").await?;
                let records = |of: Option<u64>| of.map_or_else(|| "records not known".to_owned(), |of| counted(of, "record", "records"));
                let thing = |one: Approval| Thing {
                    id: one.id.to_string(),
                    detail: format!(
                        "of {}, {}; asked {}",
                        one.app.clone().unwrap_or_else(|| format!("app {}", one.app_id)),
                        records(one.records),
                        ago(&one.created_at, now)
                    ),
                    name: one.operation,
                    state: one.state,
                };
                found.approvals.into_iter().map(thing).collect()
            }
            Self::Migration => {
                let thing = |one: Integration| Thing {
                    id: one.id.to_string(),
                    detail: one.folder.map_or_else(|| one.repository.clone(), |folder| format!("{}, {folder}", one.repository)),
                    name: one.name,
                    state: (if one.gone { GONE_FROM_REPORT } else { IN_REPORT }).to_owned(),
                };
                api.all::<Migration>("/api/v1/migration", &[]).await?.into_iter().map(thing).collect()
            }
            Self::Notifications => {
                let found: Channels = api.get("/api/v1/notifications/channels").await?;
                let thing = |one: Channel| Thing {
                    id: one.name.clone(),
                    detail: format!("{} to {}", one.kind, one.target),
                    name: one.name,
                    state: String::new(),
                };
                found.channels.into_iter().map(thing).collect()
            }
            Self::People => {
                let found = api.all::<Users>("/api/v1/users", &[]).await?.into_iter();
                let thing = |one: keyway_api::view::User| Thing {
                    detail: roles::words(one.role.as_str()).to_owned(),
                    id: one.email.clone(),
                    name: one.email,
                    state: String::new(),
                };
                found.map(thing).collect()
            }
            Self::AdminTokens => {
                let found = api.all::<AdminTokens>("/api/v1/admin-tokens", &[]).await?.into_iter();
                let thing = |one: keyway_api::view::AdminToken| Thing {
                    id: one.id.to_string(),
                    detail: format!("{}, {}", roles::words(one.role.as_str()), used(one.last_used_at.as_deref())),
                    name: one.name,
                    state: one.state,
                };
                found.map(thing).collect()
            }
        })
    }
}

/// What would break with an app.
fn told(app: &App) -> String {
    let calls = app.calls_of_day().map(|(calls, _)| format!("{} in the last day", counted(calls, "call", "calls")));
    let last = app.last_used().map_or_else(|| "no call yet".to_owned(), |at| format!("last call {}", ago(at, clock::now())));
    let dependents = (!app.dependents.is_empty()).then(|| format!("used by {}", app.dependents.join(", ")));
    calls.into_iter().chain([last]).chain(dependents).collect::<Vec<_>>().join("; ")
}

/// What a list's page needs to offer it: the acts that are open to the person, and the list as it is shown now.
pub(super) struct Bar {
    pub section: &'static str,
    pub acts: Vec<&'static Act>,
    /// The query of the list's address.
    pub list: String,
}

impl Bar {
    pub fn of(api: &Api, list: List, fields: &Fields) -> Self {
        let acts = list.acts().iter().filter(|act| api.may(act.operation)).collect();
        Self { section: list.section(), acts, list: ListPlace::of(list.section(), fields).query }
    }

    /// Whether there is anything to tick rows for.
    pub fn is_open(&self) -> bool {
        !self.acts.is_empty()
    }
}

/// The page that names what would change.
pub(super) fn question(list: List) -> MethodRouter<Admin> {
    get(move |visitor: Visitor, fields: Fields| ask(list, visitor, fields))
}

/// What takes the answer.
pub(super) fn change(list: List) -> MethodRouter<Admin> {
    post(move |sent: Sent| perform(list, sent))
}

/// What was ticked: what is changed, and what is not, with the reason.
struct Ticked {
    act: &'static Act,
    things: Vec<Thing>,
    left_out: Vec<(String, String)>,
    /// The ids of those that are gone.
    gone: Vec<String>,
}

impl Ticked {
    async fn of(list: List, visitor: &Visitor, fields: &Fields) -> Result<Self, Refused> {
        let refused = |detail: String| Refused { status: 400, detail };
        let act = list.acts().iter().find(|act| act.name == fields.get("act"));
        let act = act.ok_or_else(|| refused("choose what to do from the list's page".to_owned()))?;
        let ids = fields.all("id");
        let (one, several) = list.nouns();
        if ids.is_empty() {
            return Err(refused(format!("nothing is ticked: tick each {one} that is meant, in the first column of its row")));
        }
        if ids.len() > THINGS_MAX {
            return Err(refused(format!("these are more than {THINGS_MAX} {several}: tick fewer")));
        }
        let mut known = list.things(&visitor.api).await?;
        let (mut things, mut left_out, mut gone) = (Vec::new(), Vec::new(), Vec::new());
        for id in ids {
            match known.iter().position(|thing| thing.id == id).map(|at| known.swap_remove(at)) {
                Some(thing) if act.from.is_empty() || thing.state == act.from => things.push(thing),
                Some(thing) => left_out.push((thing.name, format!("is {} already", thing.state))),
                None => gone.push(format!("{one} {id}")),
            }
        }
        Ok(Self { act, things, left_out, gone })
    }
}

#[derive(Template)]
#[template(path = "several_ask.html")]
struct Ask<'a> {
    shell: Shell<'a>,
    title: String,
    section: &'static str,
    crumb: &'static str,
    list: String,
    ticked: Ticked,
    of: List,
}

/// Names what will change.
async fn ask(list: List, visitor: Visitor, fields: Fields) -> Page {
    let section = list.section();
    let ticked = Ticked::of(list, &visitor, &fields).await.map_err(|refused| visitor.refused(section, &refused))?;
    let (one, several) = list.nouns();
    let title = format!("{} {}?", ticked.act.verb, counted(ticked.things.len() as u64, one, several));
    let crumb = super::shell::name_of(section);
    Ok(page::render(&Ask { shell: visitor.shell(section), title, section, crumb, list: fields.get("list").to_owned(), ticked, of: list }))
}

#[derive(Template)]
#[template(path = "several_failed.html")]
struct Failed<'a> {
    shell: Shell<'a>,
    section: &'static str,
    list: String,
    verb: &'static str,
    done: Vec<String>,
    failed: Vec<(String, String)>,
}

/// Changes one after the other. What is refused does not stop the others, and the page says which.
async fn perform(list: List, Sent { visitor, fields }: Sent) -> Page {
    let section = list.section();
    let Ticked { act, things, gone, .. } =
        Ticked::of(list, &visitor, &fields).await.map_err(|refused| visitor.refused(section, &refused))?;
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    failed.extend(gone.into_iter().map(|name| (name, GONE.to_owned())));
    for thing in things {
        match changed(&visitor.api, &list.address(&thing.id), &act.change).await {
            Ok(()) => done.push(thing.name),
            Err(refused) => failed.push((thing.name, sentence(&refused.detail))),
        }
    }
    let place = ListPlace::sent(section, &fields);
    if failed.is_empty() {
        return Ok(see_other(&place.address(act.done)));
    }
    let page = Failed { shell: visitor.shell(section), section, list: place.query, verb: act.verb, done, failed };
    Ok::<Response, Response>((StatusCode::CONFLICT, page::render(&page)).into_response())
}

async fn changed(api: &Api, address: &str, change: &Change) -> Result<(), Refused> {
    match change {
        Change::Switch(enabled) => api.patch(address, &json!({ "enabled": enabled })).await.map(drop),
        Change::Delete(below) => api.delete(&format!("{address}{below}")).await.map(drop),
        Change::Post(below) => {
            let answer = api.post::<Value>(&format!("{address}{below}"), &json!({})).await?;
            // A test that the receiver did not take is an answer, not a refusal.
            match serde_json::from_value::<ChannelTested>(answer) {
                Ok(ChannelTested { taken: false, answer, .. }) => Err(Refused { status: 502, detail: answer }),
                _ => Ok(()),
            }
        }
    }
}
