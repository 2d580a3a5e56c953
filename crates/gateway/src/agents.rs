//! OAuth for agents, on the listener of the Model Context Protocol: what it says of itself, where clients register, and
//! where they get their tokens. People decide in the console (`agent` of the console); what a decision means is in
//! `control::agents`.

mod documents;
mod names;
mod routes;

use std::net::IpAddr;
use std::sync::Arc;

use keyway_oauth::Params;
use keyway_oauth::agent::{Client, ClientKey, Request, client, metadata, request};
use keyway_oauth::redirect;
use keyway_oauth::server::authorize::Refusal;
use tokio::runtime::Handle;

pub use documents::Documents;
pub use keyway_oauth::agent::client::key_of;
pub use names::Names;

use crate::control::Control;
use crate::guesses::Guesses;
use crate::model::Agent;
use crate::registry::Registry;

/// Wrong codes and refresh tokens of one source in a minute; after that, it must wait.
const WRONG_MAX: u32 = 30;
/// Clients that register from one source in a minute.
const REGISTRATIONS_MAX: u32 = 20;

/// OAuth for agents.
pub struct Agents {
    control: Arc<Control>,
    key: ClientKey,
    names: Names,
    /// The admin listener, where people sign in.
    people: String,
    documents: Documents,
    /// Where changes run: the store's connections live there, and a change goes on when its client hangs up.
    runtime: Handle,
    wrong: Guesses<IpAddr>,
    registrations: Guesses<IpAddr>,
}

/// An authorization request that can be put to a person.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The client that sent the person here.
    pub client: Client,
    /// What it asks for.
    pub request: Request,
    /// The address of this listener, as the client reaches it: the issuer of what it gets.
    pub origin: String,
}

impl Asked {
    /// The agent, as its session keeps it.
    pub fn agent(&self) -> Agent {
        Agent { client: self.client.key(), name: self.client.described.name.clone(), resource: format!("{}{}", self.origin, metadata::MCP) }
    }

    /// What people call it: its own name, or where it comes from.
    pub fn called(&self) -> &str {
        match self.client.described.name.as_str() {
            "" => self.client.host().unwrap_or("An agent without a name"),
            name => name,
        }
    }

    /// Where an answer leads (RFC 6749, section 4.1.2; RFC 9207 for `iss`).
    pub fn answered(&self, params: &[(&str, &str)]) -> String {
        answered(&self.request.redirect_uri, params, self.request.state.as_deref(), &self.origin)
    }
}

/// The same of a request that could not be read whole.
pub fn answered(redirect_uri: &str, params: &[(&str, &str)], state: Option<&str>, issuer: &str) -> String {
    let mut params = params.to_vec();
    params.extend(state.map(|state| ("state", state)));
    params.push(("iss", issuer));
    redirect::with_params(redirect_uri, &params)
}

impl Agents {
    /// OAuth at a listener with these names, where `people` is the address at which people sign in. Changes run on the
    /// runtime that calls this.
    pub fn new(control: Arc<Control>, registry: &Registry, names: Names, people: String, documents: Documents) -> Arc<Self> {
        // Each use of the key has one of its own.
        let key = ClientKey::new(registry.token_key().hash("keyway 2026-11 client ids of agents").0);
        Arc::new(Self {
            control,
            key,
            names,
            people,
            documents,
            runtime: Handle::current(),
            wrong: Guesses::new(WRONG_MAX),
            registrations: Guesses::new(REGISTRATIONS_MAX),
        })
    }

    /// Whether a request can be read without asking another host: that is done for people who are signed in alone.
    pub fn is_known_here(query: &str) -> bool {
        Params::from_form(query.as_bytes()).is_ok_and(|params| !params.get("client_id").is_some_and(client::is_url))
    }

    /// Reads the query of an authorization URL.
    ///
    /// # Errors
    /// What is wrong with it, and to whom that may be said.
    pub async fn read(&self, query: &str) -> Result<Asked, Refusal> {
        let params = Params::from_form(query.as_bytes()).map_err(|error| Refusal::Shown(error.description))?;
        let client = self.client(params.get("client_id").unwrap_or_default()).await.map_err(Refusal::Shown)?;
        let request = request::read(&params, &client)?;
        let origin = match &request.resource {
            None => self.names.origin(None),
            Some(asked) => self.names.origin_of(asked).ok_or_else(|| Refusal::Redirected {
                redirect_uri: request.redirect_uri.clone(),
                error: names::not_ours(),
                state: request.state.clone(),
            })?,
        };
        Ok(Asked { client, request, origin })
    }

    /// The client of an id.
    async fn client(&self, id: &str) -> Result<Client, String> {
        if client::is_url(id) {
            let described = self.documents.read(id).await?;
            return Ok(Client { id: id.to_owned(), described });
        }
        self.key.read(id).ok_or_else(|| "the client_id of the authorization URL is not one that this server has given".to_owned())
    }

    /// The issuer that an answer names where the request could not be read.
    pub fn issuer(&self) -> String {
        self.names.origin(None)
    }
}
