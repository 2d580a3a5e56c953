//! Findings of HubSpot code that are not a call of one operation: a client that is built, a step of a workflow tool, an
//! agent's server.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Integration;

/// Such a thing, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Clue {
    /// `a client built with an API key (Client)`.
    pub what: String,
    /// What to look for, because the plan can't see it.
    pub look: String,
    /// Where.
    pub places: Vec<String>,
}

impl Clue {
    /// Whether it is an agent's server.
    pub(super) fn is_of_agent(&self) -> bool {
        self.what.starts_with(SERVER)
    }
}

/// The first words for an agent's server.
const SERVER: &str = "a HubSpot MCP server of an agent";

/// The note on a client with an API key, where `keyway fix` does not change it.
pub(super) const TOKEN_MISSING: &str = "HubSpot has removed API keys: build the client with a token. ";

/// The clues of an integration, each once with its places.
pub(super) fn all(integration: &Integration) -> Vec<Clue> {
    let mut found: Vec<Clue> = Vec::new();
    for one in &integration.uses {
        let Some(clue) = of(&one.operation, &one.auth) else { continue };
        match found.iter_mut().find(|known| known.what == clue.what) {
            Some(known) => known.places.push(one.place.clone()),
            None => found.push(Clue { places: vec![one.place.clone()], ..clue }),
        }
    }
    found
}

/// The words for an entry that is not an operation; none for an operation such as `GET /…`.
pub(super) fn of(operation: &str, auth: &str) -> Option<Clue> {
    let (first, rest) = operation.split_once(' ').unwrap_or((operation, ""));
    let (what, look) = match first {
        _ if rest.starts_with('/') => return None,
        "client" if auth == "hapikey" => (
            format!("a client built with an API key (`{rest}`)"),
            format!("{TOKEN_MISSING}Look for the calls made with this client and add their scopes"),
        ),
        "client" if auth == "developer_key" => (
            format!("a client built with a developer API key (`{rest}`)"),
            "Look for the app-management calls made with this client".to_owned(),
        ),
        "client" => (format!("a client (`{rest}`)"), "Look for the calls made with this client and add their scopes".to_owned()),
        "node" => {
            let tool = tool(rest);
            (
                format!("{tool} (`{rest}`)"),
                "Open the step in the tool, see which records it reads or writes, and add the scopes for them".to_owned(),
            )
        }
        "mcp" => (
            format!("{SERVER} (`{rest}`)"),
            "Decide which records the agent may read and write, and give the app those scopes only".to_owned(),
        ),
        _ => (format!("`{operation}`"), "Look at the place and add the scopes of what it calls".to_owned()),
    };
    Some(Clue { what, look, places: Vec::new() })
}

/// The workflow tool of a step, by the form of its name.
fn tool(name: &str) -> &'static str {
    match name {
        name if name.contains("n8n-nodes") && name.contains("Trigger") => "an n8n HubSpot trigger",
        name if name.contains("n8n-nodes") => "an n8n HubSpot node",
        name if name.starts_with("HubSpot") => "a Zapier HubSpot step",
        name if name.starts_with("shared_hubspot") => "a Power Automate HubSpot step",
        name if name.starts_with("@activepieces") => "an Activepieces HubSpot step",
        name if name.starts_with("hubspot") && name.contains(':') => "a Make HubSpot module",
        _ => "a HubSpot step of a workflow tool",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_single_call_reads_properly() {
        let what = |operation, auth| of(operation, auth).map(|clue| clue.what);
        assert_eq!(what("client Client", "hapikey").as_deref(), Some("a client built with an API key (`Client`)"));
        assert_eq!(
            what("node n8n-nodes-base.hubspot deal:search", "bearer").as_deref(),
            Some("an n8n HubSpot node (`n8n-nodes-base.hubspot deal:search`)")
        );
        assert_eq!(what("node hubspotcrm:watchDeals", "bearer").as_deref(), Some("a Make HubSpot module (`hubspotcrm:watchDeals`)"));
        assert_eq!(what("mcp mcp.hubspot.com", "bearer").as_deref(), Some("a HubSpot MCP server of an agent (`mcp.hubspot.com`)"));
        assert_eq!(what("GET /crm/v3/owners", "bearer"), None);
    }
}
