//! How a gateway is put together, and what may be changed while it runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use keyway_core::catalog::Catalog;
use keyway_core::sunset::AsOf;

use super::links::Reached;
use super::oauth::Addresses;
use super::{Gateway, approve, budget, deprecation, oauth, receive, unlisted, unread};
use crate::audit::AuditLog;
use crate::backend::Backend;
use crate::control::Control;
use crate::held::Budget;
use crate::known::Known;
use crate::live::Live;
use crate::metrics::Metrics;
use crate::registry::Registry;
use crate::tokens::Tokens;
use crate::upstream::Upstream;

impl Gateway {
    /// A gateway over this hot state and audit log; embedded accounts are answered by `backend`,
    /// connected ones over `upstream`.
    pub fn new(registry: Arc<Registry>, audit: Arc<AuditLog>, backend: Arc<dyn Backend>, upstream: Arc<Upstream>) -> Self {
        let operation_names = Catalog::get().operations().iter().map(|operation| operation.to_string().into()).collect();
        Self {
            registry,
            audit,
            backend,
            upstream,
            operation_names,
            deprecations: deprecation::Deprecations::new(),
            unlisted_names: unlisted::Names::default(),
            oauth: None,
            desk: None,
            tokens: None,
            ledger: None,
            property_names: Live::new(true),
            as_of: Live::new(None),
            bodies: Arc::new(Budget::new(receive::BODIES_BYTES_MAX, receive::APP_BODIES_BYTES_MAX, receive::UNKNOWN_BODIES_BYTES_MAX)),
            unread: unread::Unread::default(),
            sampled: Arc::default(),
            reached: Reached::default(),
            known: Known::default(),
            metrics: Metrics::default(),
            is_ready: AtomicBool::new(false),
            pulse: Arc::default(),
        }
    }

    /// Says whether the server has all that it serves: not while it starts or stops.
    pub fn set_ready(&self, is_ready: bool) {
        self.is_ready.store(is_ready, Ordering::Relaxed);
    }

    /// The same, with public apps: `control` makes and ends their installs, on the runtime that calls this.
    #[must_use]
    pub fn with_oauth(mut self, control: Arc<Control>, addresses: Addresses) -> Self {
        self.oauth = Some(oauth::Server::new(control, addresses));
        self
    }

    /// The same, with approvals: `control` keeps them, on the runtime that calls this, and people decide at `server`.
    #[must_use]
    pub fn with_approvals(mut self, control: Arc<Control>, server: String) -> Self {
        self.desk = Some(approve::Desk::new(control, server));
        self
    }

    /// The same, with accounts that are connected by OAuth.
    #[must_use]
    pub fn with_tokens(mut self, tokens: Arc<Tokens>) -> Self {
        self.tokens = Some(tokens);
        self
    }

    /// The same, with sessions whose budgets `control` keeps, on the runtime that calls this.
    #[must_use]
    pub fn with_sessions(mut self, control: Arc<Control>) -> Self {
        self.ledger = Some(budget::Ledger::new(control));
        self
    }

    /// The same, with or without the names of properties in the audit.
    #[must_use]
    pub fn with_property_names(self, property_names: bool) -> Self {
        self.set_property_names(property_names);
        self
    }

    /// Whether the audit has the names of the properties that a call sets, from now on.
    pub fn set_property_names(&self, property_names: bool) {
        self.property_names.set(property_names);
    }

    /// The same, with embedded accounts that answer as HubSpot will on a day.
    #[must_use]
    pub fn with_as_of(self, as_of: Option<AsOf>) -> Self {
        self.set_as_of(as_of);
        self
    }

    /// Embedded accounts answer as HubSpot will on this day, from now on.
    pub fn set_as_of(&self, as_of: Option<AsOf>) {
        self.as_of.set(as_of);
    }

    /// The same, reached at an address that links in HubSpot's answers name.
    #[must_use]
    pub fn with_reached(mut self, reached: Reached) -> Self {
        self.reached = reached;
        self
    }

    /// The same, with another budget for the bodies of requests.
    #[must_use]
    pub fn with_bodies(mut self, bodies: Budget) -> Self {
        self.bodies = Arc::new(bodies);
        self
    }
}
