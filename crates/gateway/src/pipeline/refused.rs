//! A call that an MCP server refused by itself and never made: it says so here, so that the refusal is recorded as
//! every other one is, with the agent, the operation and the rule.
//!
//! Nothing is performed, so a caller can only have itself refused.

use http::Method;
use http::request::Parts;
use keyway_core::catalog::Catalog;
use keyway_core::error_body::ErrorBody;
use keyway_core::path::REFUSED;
use keyway_core::refusal::Refusal;
use serde::Deserialize;

use super::{Call, Gateway, Outcome, authenticate, normal_path, receive, resolve};
use crate::arriving::Arriving;

/// The rules that an MCP server has beside those of the pipeline.
const RULES: [Refusal; 2] = [Refusal::NotForAgents, Refusal::PropertyHidden];

/// The call that was refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refused {
    method: String,
    path: String,
    rule: String,
}

/// Whether this tells of one.
pub(super) fn is_told(head: &Parts) -> bool {
    head.method == Method::POST && head.uri.path() == REFUSED
}

impl Gateway {
    /// Answers with the reported refusal of the reported call.
    pub(super) async fn refused_elsewhere(&self, call: &mut Call, head: &Parts, body: Arriving) -> Result<Outcome, Outcome> {
        let token = authenticate::bearer(&self.registry, head, call)?;
        self.give_repeated_id(call);
        let body = receive::small_body(head, body, call, &self.bodies).await?;
        let refused: Refused = serde_json::from_slice(&body).map_err(|_| not_told())?;
        let rule = Refusal::named(&refused.rule).filter(|rule| RULES.contains(rule)).ok_or_else(not_told)?;
        let method = Method::from_bytes(refused.method.as_bytes()).map_err(|_| not_told())?;
        let path = normal_path(&refused.path, None)?;
        match resolve(&method, &path) {
            Ok(operation) => {
                call.operation = Some(operation);
                call.object = Catalog::get().object_types(operation, &path);
            }
            Err(_) => call.unlisted = Some(self.unlisted_names.of(&method, &path)),
        }
        call.method = method;
        let app = &token.app.app;
        let message = format!("The MCP server did not make the call for the agent of the app {} ({}). {}", app.name, app.id, rule.cause());
        Err(rule.error(message).into())
    }
}

fn not_told() -> ErrorBody {
    let rules = RULES.map(Refusal::name).join(" or ");
    Refusal::RequestNotValid.error(format!("{REFUSED} takes JSON with the method and path of a call, and the rule: {rules}"))
}
