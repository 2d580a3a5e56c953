//! A new account: embedded, or connected to HubSpot by a credential or by OAuth.

use askama::Template;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use keyway_api::view::{AccountAnswer, Authorization, OAuthClient, OAuthClients};
use serde_json::{Value, json};

use super::account_words::settings;
use super::api::Refused;
use super::page;
use super::shell::Shell;
use super::sign_in::see_other;
use super::visitor::{Fields, Page, Sent, Visitor};
use super::words::sentence;

const SECTION: &str = "/accounts";

#[derive(Template)]
#[template(path = "account_new.html")]
struct New<'a> {
    shell: Shell<'a>,
    clients: Vec<OAuthClient>,
    fields: &'a Fields,
    /// Which of the forms was sent, and what was wrong with it.
    wrong: Option<(&'static str, String)>,
}

impl New<'_> {
    fn tiers(&self) -> [(&'static str, &'static str); 4] {
        [("free", "Free"), ("starter", "Starter"), ("professional", "Professional"), ("enterprise", "Enterprise")]
    }

    /// Which way was chosen; none at first.
    fn kind(&self) -> &str {
        match self.wrong {
            Some(("client", _)) => "oauth",
            Some((form, _)) => form,
            None => self.fields.get("kind"),
        }
    }

    /// Whether something is filled in that is folded.
    fn has_more(&self) -> bool {
        ["optional_scopes", "client_base_url", "client_authorize_url"].iter().any(|name| !self.fields.get(name).is_empty())
    }

    fn wrong_of(&self, form: &str) -> Option<&str> {
        self.wrong.as_ref().filter(|(of, _)| *of == form).map(|(_, text)| text.as_str())
    }
}

async fn page_of(visitor: &Visitor, fields: &Fields, wrong: Option<(&'static str, String)>) -> Page {
    let clients =
        visitor.api.all::<OAuthClients>("/api/v1/oauth-clients", &[]).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    let status = if wrong.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let new = New { shell: visitor.shell(SECTION), clients, fields, wrong };
    Ok((status, page::render(&new)).into_response())
}

/// Shows beside the form what the person can correct; the rest is a page of its own.
async fn again(visitor: &Visitor, fields: &Fields, form: &'static str, refused: Refused) -> Page {
    match refused.status {
        400 | 404 | 409 | 422 => page_of(visitor, fields, Some((form, cause(fields, &refused.detail)))).await,
        _ => Err(visitor.refused(SECTION, &refused)),
    }
}

/// What was refused, and where to look: whoever can't reach HubSpot needs the name of the host.
fn cause(fields: &Fields, detail: &str) -> String {
    let said = sentence(detail);
    if !detail.contains("can't be reached") {
        return said;
    }
    let host = Some(fields.get("base_url")).filter(|host| !host.is_empty()).unwrap_or("https://api.hubapi.com");
    format!(
        "{said} Keyway tried {host}. Check that its name resolves on the server, that a firewall lets the server connect, and that --ca-file names the authority of a proxy that looks into TLS."
    )
}

/// The three ways.
pub(super) async fn ask(visitor: Visitor, fields: Fields) -> Page {
    page_of(&visitor, &fields, None).await
}

/// Makes an embedded account.
pub(super) async fn embedded(Sent { visitor, fields }: Sent) -> Page {
    match visitor.api.post::<AccountAnswer>("/api/v1/accounts", &settings(&fields)).await {
        Ok(made) => Ok(see_other(&format!("/accounts/{}?done=changed", made.account.hub_id))),
        Err(refused) => again(&visitor, &fields, "embedded", refused).await,
    }
}

/// Connects an account by a credential, after HubSpot was asked about it.
pub(super) async fn by_credential(Sent { visitor, fields }: Sent) -> Page {
    let mut body = settings(&fields);
    body["credential"] = fields.get("credential").into();
    if !fields.get("base_url").is_empty() {
        body["baseUrl"] = fields.get("base_url").into();
    }
    match visitor.api.post::<AccountAnswer>("/api/v1/accounts/connect", &body).await {
        Ok(made) => Ok(see_other(&format!("/accounts/{}?done=connected", made.account.hub_id))),
        Err(refused) => again(&visitor, &fields, "credential", refused).await,
    }
}

#[derive(Template)]
#[template(path = "account_authorize.html")]
struct Authorize<'a> {
    shell: Shell<'a>,
    begun: Authorization,
}

/// Begins to connect an account by OAuth. HubSpot's page is behind a link and not behind a redirect:
/// the pages' policy lets forms lead to this server alone.
pub(super) async fn by_oauth(Sent { visitor, fields }: Sent) -> Page {
    let mut body = settings(&fields);
    body["client"] = fields.get("client").into();
    match visitor.api.post::<Authorization>("/api/v1/accounts/authorize", &body).await {
        Ok(begun) => Ok(page::render(&Authorize { shell: visitor.shell(SECTION), begun })),
        Err(refused) => again(&visitor, &fields, "oauth", refused).await,
    }
}

/// Adds an app at HubSpot with which accounts are connected.
pub(super) async fn add_client(Sent { visitor, fields }: Sent) -> Page {
    let words = |name: &str| -> Vec<String> { fields.get(name).split_whitespace().map(str::to_owned).collect() };
    let mut body = json!({
        "name": fields.get("client_name"), "clientId": fields.get("client_id"), "clientSecret": fields.get("client_secret"),
        "scopes": words("scopes"), "optionalScopes": words("optional_scopes"),
    });
    for (field, name) in [("client_base_url", "baseUrl"), ("client_authorize_url", "authorizeUrl")] {
        if !fields.get(field).is_empty() {
            body[name] = fields.get(field).into();
        }
    }
    match visitor.api.put::<Value>("/api/v1/oauth-clients", &body).await {
        Ok(_) => Ok(see_other("/accounts/new?kind=oauth&done=changed")),
        Err(refused) => again(&visitor, &fields, "client", refused).await,
    }
}
