//! The decision table: each row is a cause, and how it is known.
//!
//! Rows are tried in order on the same facts; what a row says is in the file of its part.

mod credentials;
mod data;
mod gateway;
mod limits;
mod oauth;
mod path;
mod scopes;
mod service;

use super::facts::Facts;
use super::{Certainty, Diagnosis};

/// A row.
pub struct Rule {
    /// Its name; does not change.
    pub cause: &'static str,
    /// In a few words.
    pub title: &'static str,
    holds: fn(&Facts<'_>) -> Option<Found>,
}

/// What a row says of a call.
pub(super) struct Found {
    certainty: Certainty,
    because: String,
    remedy: Vec<String>,
    scopes: Vec<String>,
    successor: Option<String>,
}

impl Found {
    fn new(certainty: Certainty, because: impl Into<String>) -> Option<Self> {
        Some(Self { certainty, because: because.into(), remedy: Vec::new(), scopes: Vec::new(), successor: None })
    }

    fn certain(because: impl Into<String>) -> Option<Self> {
        Self::new(Certainty::Certain, because)
    }

    fn likely(because: impl Into<String>) -> Option<Self> {
        Self::new(Certainty::Likely, because)
    }

    fn note(because: impl Into<String>) -> Option<Self> {
        Self::new(Certainty::Note, because)
    }
}

/// Adds to what was found, if anything was.
trait Say {
    fn so(self, remedy: impl Into<String>) -> Self;
    fn enough(self, scopes: Vec<String>) -> Self;
    fn moves_to(self, successor: impl Into<String>) -> Self;
}

impl Say for Option<Found> {
    fn so(mut self, remedy: impl Into<String>) -> Self {
        if let Some(found) = &mut self {
            found.remedy.push(remedy.into());
        }
        self
    }

    fn enough(mut self, scopes: Vec<String>) -> Self {
        if let Some(found) = &mut self {
            found.scopes = scopes;
        }
        self
    }

    fn moves_to(mut self, successor: impl Into<String>) -> Self {
        if let Some(found) = &mut self {
            found.successor = Some(successor.into());
        }
        self
    }
}

impl Rule {
    const fn new(cause: &'static str, title: &'static str, holds: fn(&Facts<'_>) -> Option<Found>) -> Self {
        Self { cause, title, holds }
    }

    pub(super) fn try_on(&self, facts: &Facts<'_>) -> Option<Diagnosis> {
        let Found { certainty, because, remedy, scopes, successor } = (self.holds)(facts)?;
        Some(Diagnosis { cause: self.cause, title: self.title, certainty, because, remedy, scopes, successor })
    }
}

/// The whole table. What Keyway says of itself comes first: it knows; then what the request shows,
/// then what the answer says.
pub fn table() -> &'static [Rule] {
    &TABLE
}

static TABLE: [Rule; 80] = [
    Rule::new("keyway-app-disabled", "the app is disabled on this Keyway", gateway::app_disabled),
    Rule::new("keyway-token-revoked", "the token was revoked on this Keyway", gateway::token_revoked),
    Rule::new("keyway-token-rotated", "the token was rotated and its grace period is over", gateway::token_rotated),
    Rule::new("keyway-token-unknown", "the token belongs to another Keyway, or was deleted", gateway::token_unknown),
    Rule::new("hubspot-token-at-keyway", "a HubSpot token was sent to a Keyway", gateway::hubspot_token),
    Rule::new("connection-credential", "HubSpot refuses the account's connection", gateway::connection_credential),
    Rule::new("connection-revoked", "the account took its OAuth grant back", gateway::connection_revoked),
    Rule::new("keyway-not-available", "Keyway can't write its records and lets nothing through", gateway::not_available),
    Rule::new("hubspot-unreachable", "Keyway can't reach HubSpot", gateway::unreachable),
    Rule::new("not-hubspot", "something between the program and HubSpot answered", service::between),
    Rule::new("not-served", "the embedded account does not serve this operation", gateway::not_served),
    Rule::new("not-translatable", "the call can't be carried to its successor", gateway::not_translatable),
    Rule::new("outcome-unknown", "nobody knows whether the call was performed", gateway::outcome_unknown),
    Rule::new("keyway-token-at-hubspot", "a Keyway token was sent to HubSpot", credentials::keyway_token_at_hubspot),
    Rule::new("credential-not-filled-in", "the credential is empty or a placeholder", credentials::not_filled_in),
    Rule::new("credential-damaged", "the credential has something around or in it that does not belong there", credentials::damaged),
    Rule::new("token-as-hapikey", "a token was sent as hapikey", credentials::token_as_hapikey),
    Rule::new("developer-key-on-crm", "the developer API key opens app management only", credentials::developer_key),
    Rule::new("hapikey-removed", "the account-wide API key was removed", credentials::hapikey),
    Rule::new("token-not-in-header", "the token is not in Authorization: Bearer", credentials::not_in_header),
    Rule::new("personal-access-key", "a personal access key is no bearer token", credentials::personal_access_key),
    Rule::new("refresh-token-as-bearer", "a refresh token is no bearer token", credentials::refresh_token),
    Rule::new("key-as-bearer", "an API key or client secret is no bearer token", credentials::key_as_bearer),
    Rule::new("developer-endpoint", "the operation takes the developer API key only", credentials::developer_endpoint),
    Rule::new("undecodable-token", "HubSpot can't read the token: it is of another kind", credentials::undecodable),
    Rule::new("access-token-expired", "the access token expired", credentials::expired),
    Rule::new("user-level-token", "the endpoint takes the token of a person only", credentials::user_level),
    Rule::new("creator-left", "the user who made the private app has lost their permissions", credentials::creator_left),
    Rule::new("other-account", "the token belongs to another account", credentials::other_account),
    Rule::new("token-dead", "HubSpot does not know the token any more", credentials::dead),
    Rule::new("token-missing", "no credential was sent", credentials::missing),
    Rule::new("wrong-region", "the account is in another data centre", path::region),
    Rule::new("wrong-host", "this is not the API's host", path::host),
    Rule::new("bad-refresh-token", "the refresh token is not good any more, or not this app's", oauth::refresh_token),
    Rule::new("bad-auth-code", "the authorization code was used, is too old, or is another app's", oauth::code),
    Rule::new("bad-client", "client id and secret do not belong together", oauth::client),
    Rule::new("bad-redirect-uri", "the redirect URI is not the one of the authorization", oauth::redirect_uri),
    Rule::new("bad-code-verifier", "the PKCE verifier does not fit", oauth::verifier),
    Rule::new("bad-hub", "the account is gone or has uninstalled the app", oauth::hub),
    Rule::new("bad-scopes", "the token request names scopes that are not granted", oauth::scopes),
    Rule::new("token-request-not-a-form", "token requests are forms", oauth::not_a_form),
    Rule::new("token-request-in-query", "client secret or refresh token stand in the URL", oauth::in_query),
    Rule::new("bad-grant-type", "the grant type is none of HubSpot's", oauth::grant_type),
    Rule::new("install-scope-mismatch", "the install URL names other scopes than the app", oauth::install_mismatch),
    Rule::new("install-scope-above-tier", "the account's subscription lacks a required scope", oauth::above_tier),
    Rule::new("scope-not-public", "the scope can't be granted to apps", scopes::not_public),
    Rule::new("scope-not-selectable", "the scope that HubSpot names can't be chosen", scopes::not_selectable),
    Rule::new("missing-scopes", "the token lacks a scope", scopes::missing),
    Rule::new("scope-misnamed", "HubSpot names a scope of the old kind", scopes::misnamed),
    Rule::new("no-scope-exists", "HubSpot publishes no scope that opens this operation", scopes::none_exists),
    Rule::new("burst-limit", "more calls in ten seconds than the app may make", limits::burst),
    Rule::new("associations-limit", "more calls of the associations APIs in ten seconds than allowed", limits::associations),
    Rule::new("search-limit", "more searches in a second than the account may make", limits::search),
    Rule::new("daily-limit", "the account's calls of the day are used up", limits::daily),
    Rule::new("some-limit", "a limit was reached", limits::other),
    Rule::new("operation-ended", "the operation has ended", path::ended),
    Rule::new("version-misplaced", "the version stands in the wrong place of the path", path::misplaced),
    Rule::new("path-unreadable", "the path can be read in two ways", path::unreadable),
    Rule::new("object-type-unknown", "the path names no object type", path::object_type),
    Rule::new("wrong-method", "the path has other methods", path::method),
    Rule::new("search-ceiling", "a search gives 10,000 records at most", data::search_ceiling),
    Rule::new("search-too-complex", "the search has more filters than HubSpot takes", data::search_filters),
    Rule::new("search-too-long", "the search's body is longer than 3,000 characters", data::search_body),
    Rule::new("page-too-large", "the page is larger than HubSpot gives", data::page),
    Rule::new("batch-too-large", "the batch has more inputs than HubSpot takes", data::batch),
    Rule::new("body-not-json", "the body is not JSON, or is not called so", data::not_json),
    Rule::new("record-exists", "there is a record with this unique value", data::conflict),
    Rule::new("stage-in-use", "records stand in the stage", data::stage_in_use),
    Rule::new("property-unknown", "there is no such property", data::property_unknown),
    Rule::new("property-read-only", "the property can't be written", data::read_only),
    Rule::new("property-value-invalid", "a value is not of its property's type or options", data::value_invalid),
    Rule::new("required-property-missing", "a property that must be set is missing", data::required),
    Rule::new("validation", "HubSpot does not take the request as it is", data::validation),
    Rule::new("batch-partly-done", "some inputs of the batch failed", data::partly),
    Rule::new("merge-limit", "the record has too many identities to be merged", data::merge),
    Rule::new("uri-too-long", "the URL is too long", data::uri_too_long),
    Rule::new("record-not-found", "there is no such record for this token", data::not_found),
    Rule::new("path-unknown", "HubSpot publishes no such path", path::unknown),
    Rule::new("service-fault", "it was HubSpot's fault, or the way there", service::fault),
    Rule::new("operation-ends", "the operation is to end, or is not supported any more", path::ends),
];

/// Where something failed and no row says why.
pub(super) fn unrecognised(facts: &Facts<'_>) -> Diagnosis {
    let correlation = facts.answer().and_then(|answer| answer.correlation_id.as_deref());
    Diagnosis {
        cause: "unrecognised",
        title: "no rule knows this answer",
        certainty: Certainty::Likely,
        because: match facts.status() {
            Some(status) => format!("{} was answered {status}, and nothing in the answer is known", facts.named()),
            None => "nothing in the text is known as an error of HubSpot's".to_owned(),
        },
        remedy: vec![
            "give the whole exchange: the request as a curl command or a HAR file, and the answer with its body".to_owned(),
            match correlation {
                Some(id) => format!("ask HubSpot's support with the correlation id {id}"),
                None => "find the correlation id in the answer's X-HubSpot-Correlation-Id header, for HubSpot's support".to_owned(),
            },
        ],
        scopes: Vec::new(),
        successor: None,
    }
}
