//! The frame of every page: navigation, who is signed in, what was just done; and the pages
//! that say that something was refused.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use keyway_api::OperationId;
use keyway_gateway::admin::Environment;

use super::api::{Api, Refused};
use super::words::sentence;
use super::{doors, page};

/// The frame of a page. Every page's template has it as `shell`.
#[derive(Clone, Copy)]
pub(super) struct Shell<'a> {
    pub api: &'a Api,
    pub person: &'a str,
    pub form_token: &'a str,
    /// The entry of the navigation that is the current one.
    pub section: &'static str,
    pub done: Option<&'static str>,
}

/// An entry of the navigation: address, name, shape of its sign, and the operation of the API that opens it.
type Section = (&'static str, &'static str, &'static str, OperationId);

const SECTIONS: [(&str, &[Section]); 4] = [
    (
        "Traffic",
        &[
            ("/", "Overview", "M3 13h6V3H3zm0 8h6v-6H3zm8 0h10V11H11zm0-18v6h10V3z", OperationId::ShowOverview),
            ("/audit", "Audit log", "M5 3h14v18H5zm3 4v2h8V7zm0 4v2h8v-2zm0 4v2h5v-2z", OperationId::ListRecords),
            (
                "/agents",
                "Agents",
                "M11 2h2v3h5v13H6V5h5zm-2 7a1.500 1.500 0 1 0 0 3 1.500 1.500 0 0 0 0-3zm6 0a1.500 1.500 0 1 0 0 3 1.500 1.500 0 0 0 0-3zM3 9h2v6H3zm16 0h2v6h-2zM8 20h8v2H8z",
                OperationId::ListSessions,
            ),
            ("/approvals", "Approvals", "M5 3h14v18H5zm5.5 13.500 6-6-1.500-1.500-4.500 4.500-2-2L7 13z", OperationId::ListApprovals),
            ("/doctor", "Doctor", "M10 3h4v7h7v4h-7v7h-4v-7H3v-4h7z", OperationId::Diagnose),
        ],
    ),
    (
        "Access",
        &[
            ("/apps", "Apps", "M4 4h7v7H4zm9 0h7v7h-7zM4 13h7v7H4zm9 0h7v7h-7z", OperationId::ListApps),
            (
                "/public-apps",
                "Public apps",
                "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zm0 2c1.3 0 2.9 3 3 7H9c.1-4 1.7-7 3-7zM9 13h6c-.1 4-1.7 7-3 7s-2.9-3-3-7z",
                OperationId::ListPublicApps,
            ),
            ("/accounts", "Accounts", "M4 20V8l8-5 8 5v12h-6v-6h-4v6z", OperationId::ListAccounts),
        ],
    ),
    (
        "Tools",
        &[
            ("/migration", "Migration", "M4 5h9v4h7l-8 11V15H4z", OperationId::ListMigration),
            (
                "/notifications",
                "Notifications",
                "M12 2a6 6 0 0 1 6 6v6l2 3H4l2-3V8a6 6 0 0 1 6-6zm-2.500 17h5a2.500 2.500 0 0 1-5 0z",
                OperationId::ListNotifications,
            ),
        ],
    ),
    (
        "Settings",
        &[
            (
                "/changes",
                "Changes",
                "M12 3a9 9 0 1 1-8.5 6l1.9.6A7 7 0 1 0 12 5v3L7.5 4 12 0zm-1 5h2v4l3 2-1 1.7-4-2.5z",
                OperationId::ListChanges,
            ),
            (
                "/people",
                "People",
                "M9 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM1 20c0-4 3.6-6 8-6s8 2 8 6zm15.5-8.2a4 4 0 0 0 0-7.6 4 4 0 0 1 0 7.6zM19 20h4c0-3-2-5-5-5.7 1 2 1 3.7 1 5.7z",
                OperationId::ListUsers,
            ),
            (
                "/admin-tokens",
                "Admin tokens",
                "M7.5 6a5.5 5.5 0 0 1 5.2 3.7H22v4h-3V17h-4v-3.3h-2.3A5.5 5.5 0 1 1 7.5 6zm0 3.500a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
                OperationId::ListAdminTokens,
            ),
            (
                "/settings",
                "Server settings",
                "M3 6h10v2H3zm14 0h4v2h-4zM14 4h2v6h-2zM3 16h4v2H3zm8 0h10v2H11zM8 14h2v6H8z",
                OperationId::ListSettings,
            ),
        ],
    ),
];

impl Shell<'_> {
    /// The groups of the navigation, with the entries that are open to the person.
    pub fn groups(&self) -> impl Iterator<Item = (&'static str, Vec<&'static Section>)> {
        let open = |sections: &'static [Section]| sections.iter().filter(|(.., operation)| self.may(*operation)).collect::<Vec<_>>();
        SECTIONS.iter().map(move |(name, sections)| (*name, open(sections))).filter(|(_, sections)| !sections.is_empty())
    }

    /// What this server is called, so that nobody takes it for another.
    pub fn environment(&self) -> Option<&Environment> {
        self.api.environment()
    }

    pub fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }

    /// Whether an operation of the API is open to the person.
    pub fn may(&self, operation: OperationId) -> bool {
        self.api.may(operation)
    }

    /// Whether the page at an address is open to the person. A link to another page is left out.
    pub fn opens(&self, address: &str) -> bool {
        doors::at(address).is_none_or(|page| self.may(page.operation))
    }

    /// Of an entry of the navigation.
    pub fn is_current(&self, address: &str) -> bool {
        self.section == address
    }

    pub fn style(&self) -> &'static str {
        super::assets::style_address()
    }

    pub fn script(&self) -> &'static str {
        super::assets::script_address()
    }
}

/// Address and name of the pages that are open to the person.
pub(super) fn pages<'a>(shell: Shell<'a>) -> impl Iterator<Item = (&'static str, &'static str)> + use<'a> {
    const FORMS: [(&str, &str, OperationId); 8] = [
        ("/migration/send", "Send a scan report", OperationId::SendReport),
        ("/migration/plan", "Make a plan", OperationId::Plan),
        ("/apps/new", "New app", OperationId::CreateApp),
        ("/accounts/new", "Add an account", OperationId::CreateAccount),
        ("/public-apps/new", "New public app", OperationId::CreatePublicApp),
        ("/people/new", "Add a person", OperationId::PutUser),
        ("/admin-tokens/new", "New admin token", OperationId::CreateAdminToken),
        ("/account", "Your sign-in: password, second factor", OperationId::WhoAmI),
    ];
    let sections =
        SECTIONS.iter().flat_map(|(_, sections)| sections.iter()).map(|(address, name, _, operation)| (*address, *name, *operation));
    sections.chain(FORMS).filter(move |(.., operation)| shell.may(*operation)).map(|(address, name, _)| (address, name))
}

/// The name of an entry of the navigation.
pub(super) fn name_of(address: &str) -> &'static str {
    let mut all = SECTIONS.iter().flat_map(|(_, sections)| sections.iter());
    all.find(|(known, ..)| *known == address).map_or("Overview", |(_, name, ..)| *name)
}

/// What `?done=` in an address says. Only these words are ever shown.
pub(super) fn done(word: &str) -> Option<&'static str> {
    Some(match word {
        "changed" => "Saved.",
        "deleted" => "Deleted.",
        "disabled" => "Disabled: its tokens are refused from now on.",
        "enabled" => "Enabled: its tokens are accepted again.",
        "approved" => "Approved: the app may make the call once, within an hour.",
        "rejected" => "Rejected: the call is not made.",
        "tightened" => "Unused scopes are removed.",
        "granted" => "Granted: the same call passes from now on, with the same token.",
        "waits" => "Saved: its calls wait longer for their turn before they are refused.",
        "revoked" => "Revoked: that token is refused from now on.",
        "checked" => "HubSpot was asked again.",
        "replaced" => "The new credential is in place. The old one is kept for a week, in case you need it back.",
        "restored" => "The credential that was in place before is back.",
        "connected" => "The account is connected.",
        "end" => "Saved. Their sessions go on until their access ends.",
        "role" => "Saved. They sign in again, with what the new role opens.",
        "factor" => "Taken away. Their sessions have ended, and their password alone opens the next one.",
        "provider" => "Forgotten. Their next sign-in at the identity provider is by e-mail, and their sessions have ended.",
        "signed-out" => "Every session of theirs has ended.",
        "removed" => "Removed: they can't sign in any more.",
        "several-disabled" => "Disabled: their tokens are refused from now on.",
        "several-enabled" => "Enabled: their tokens are accepted again.",
        "several-ended" => "Ended: the agents' next calls are refused.",
        "several-signed-out" => "Their sessions have ended.",
        "several-revoked" => "Revoked: these tokens are refused from now on.",
        "several-approved" => "Approved: each app may make its call once, within an hour.",
        "several-rejected" => "Rejected: the calls are not made.",
        "several-tested" => "Each receiver took the test message.",
        "several-removed" => "Removed: these channels get no notification from now on.",
        "sent" => "Taken: the board shows what the report changed.",
        "cleared" => "Removed from the board.",
        "ended" => "Ended: the agent's next call is refused.",
        "uninstalled" => "The app is taken off that account; its tokens are refused from now on.",
        _ => return None,
    })
}

#[derive(Template)]
#[template(path = "refused.html")]
struct RefusedPage<'a> {
    shell: Shell<'a>,
    title: &'a str,
    text: &'a str,
}

#[derive(Template)]
#[template(path = "closed.html")]
struct ClosedPage<'a> {
    shell: Shell<'a>,
    role: String,
    open_to: String,
}

/// A page that is not open to the person's role.
pub(super) fn closed(shell: Shell<'_>, operation: OperationId) -> Response {
    let page = ClosedPage { shell, role: shell.api.role().replace('-', " "), open_to: doors::open_to(operation) };
    (StatusCode::FORBIDDEN, page::render(&page)).into_response()
}

pub(super) fn refused(shell: Shell<'_>, refused: &Refused) -> Response {
    let title = match refused.status {
        403 => "Not for you to change",
        404 => "Not there",
        409 => "That collides with something",
        400 | 413 | 422 => "That can't be taken",
        _ => "It did not work",
    };
    let status = StatusCode::from_u16(refused.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, page::render(&RefusedPage { shell, title, text: &sentence(&refused.detail) })).into_response()
}
