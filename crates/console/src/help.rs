//! Where things are: addresses, version, shortcuts.

use askama::Template;
use axum::extract::State;
use keyway_gateway::admin::Admin;

use super::page;
use super::shell::Shell;
use super::visitor::{Page, Visitor};

#[derive(Template)]
#[template(path = "help.html")]
struct Help<'a> {
    shell: Shell<'a>,
    data: &'a str,
    admin: &'a str,
}

/// The page.
pub(super) async fn show(State(admin): State<Admin>, visitor: Visitor) -> Page {
    Ok(page::render(&Help { shell: visitor.shell("/help"), data: &admin.addresses.data, admin: &admin.addresses.admin }))
}
