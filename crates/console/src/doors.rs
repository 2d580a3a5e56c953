//! The pages that need a session, each with the operation of the admin API that it shows, asks for or performs.
//!
//! Who may not perform the operation gets a page that says who may ([`Visitor`](super::visitor::Visitor) asks before any
//! page is made), and no link to the page ([`Shell::opens`](super::shell::Shell::opens)). What an operation is open to is in
//! `keyway_api::operations`.

use std::sync::OnceLock;

use axum::routing::MethodRouter;
use axum::{Extension, Router};
use keyway_api::operations::Reach;
use keyway_api::{OperationId, RoleName};
use keyway_gateway::admin::Admin;

/// The operation behind a page. The page's route hands it to the page.
#[derive(Clone, Copy)]
pub(super) struct Door(pub OperationId);

/// A page, or what takes a form.
#[derive(Clone, Copy, Debug)]
pub struct PageRoute {
    /// In capitals.
    pub method: &'static str,
    /// As it is routed.
    pub path: &'static str,
    /// Who may perform it may open the page.
    pub operation: OperationId,
}

/// Routes, each with the operation behind it.
#[derive(Default)]
pub(super) struct Doors {
    pub router: Router<Admin>,
    pub routes: Vec<PageRoute>,
}

impl Doors {
    /// A page.
    pub fn shows(self, path: &'static str, operation: OperationId, page: MethodRouter<Admin>) -> Self {
        self.add("GET", path, operation, page)
    }

    /// What takes a form.
    pub fn takes(self, path: &'static str, operation: OperationId, form: MethodRouter<Admin>) -> Self {
        self.add("POST", path, operation, form)
    }

    fn add(mut self, method: &'static str, path: &'static str, operation: OperationId, handler: MethodRouter<Admin>) -> Self {
        self.routes.push(PageRoute { method, path, operation });
        self.router = self.router.route(path, handler.layer(Extension(Door(operation))));
        self
    }

    /// The router. From now on links know the pages.
    pub fn into_router(self) -> Router<Admin> {
        // A second server in the process has the same pages.
        let _ = ROUTES.set(self.routes);
        self.router
    }
}

static ROUTES: OnceLock<Vec<PageRoute>> = OnceLock::new();

/// The roles of people that an operation is open to, as a sentence lists them.
pub(super) fn open_to(operation: OperationId) -> String {
    let access = operation.operation().access;
    let all =
        [(RoleName::Auditor, "auditors"), (RoleName::AppManager, "app managers for their apps"), (RoleName::SuperAdmin, "super admins")];
    let mut roles: Vec<&str> = all.into_iter().filter(|(role, _)| access.reach(*role) != Reach::Nothing).map(|(_, words)| words).collect();
    let last = roles.pop().unwrap_or_default();
    if roles.is_empty() { last.to_owned() } else { format!("{} and {last}", roles.join(", ")) }
}

/// The page that has an address; none where the console has no such page.
pub(super) fn at(address: &str) -> Option<&'static PageRoute> {
    among(ROUTES.get()?, address)
}

fn among<'a>(routes: &'a [PageRoute], address: &str) -> Option<&'a PageRoute> {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let fits = |route: &&PageRoute| {
        let (mut parts, mut known) = (path.split('/'), route.path.split('/'));
        loop {
            match (parts.next(), known.next()) {
                (None, None) => return true,
                (Some(part), Some(known)) if part == known || known.starts_with('{') => {}
                _ => return false,
            }
        }
    };
    // A word goes before a parameter, as in the router.
    let shown = routes.iter().filter(|route| route.method == "GET").filter(fits);
    shown.min_by_key(|route| route.path.matches('{').count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_leads_to_the_page_that_the_router_takes() {
        let routes = crate::console().routes;
        let path = |address| among(&routes, address).map(|route| route.path);
        assert_eq!(path("/apps/new?hub_id=7"), Some("/apps/new"));
        assert_eq!(path("/apps/7"), Some("/apps/{id}"));
        assert_eq!(path("/apps/7/rotate"), Some("/apps/{id}/rotate"));
        assert_eq!(path("/people/ada%40example.com/edit"), Some("/people/{email}/edit"));
        assert_eq!(path("/people/ada%40example.com/delete"), Some("/people/{email}/{act}"));
        assert_eq!(path("/apps/7/tighten"), None, "takes a form and shows nothing");
        assert_eq!(path("/metrics"), None);
    }

    #[test]
    fn a_closed_page_says_who_may_open_it() {
        assert_eq!(open_to(OperationId::CreateApp), "super admins");
        assert_eq!(open_to(OperationId::RotateToken), "app managers for their apps and super admins");
        assert_eq!(open_to(OperationId::ListChanges), "auditors and super admins");
        assert_eq!(open_to(OperationId::ListApps), "auditors, app managers for their apps and super admins");
    }
}
