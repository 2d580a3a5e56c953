//! The decision table: each row has a cause, and how to recognise it.
//!
//! All rows are tried in order on the same facts. The texts of a row are in the file of its topic.

mod accounts;
mod command_line;
mod credentials;
mod data;
mod forms;
mod gateway;
mod install;
mod limits;
mod network;
mod oauth;
mod pages;
mod path;
mod records;
mod requests;
mod said;
mod scopes;
mod service;
mod source;
mod values;
mod webhooks;

use std::sync::LazyLock;

pub(super) use limits::bucket;
use said::Said;
pub(super) use scopes::LIST as SCOPE_LIST;
pub use source::Source;
use source::UNCONFIRMED;

use super::facts::Facts;
use super::{Certainty, Diagnosis};
use keyway_core::refusal::{Doctor, Refusal};

/// A row.
pub struct Rule {
    /// Its name, which never changes.
    pub cause: &'static str,
    /// A short title.
    pub title: &'static str,
    /// HubSpot's own page about it.
    pub page: &'static str,
    /// The source of its words; without one the cause is never certain.
    pub source: Source,
    /// Whether it is tried only where no other row gives the reason.
    pub(super) is_last: bool,
    /// Whether an uncertain match counts only where the text shows that it is about HubSpot.
    wants_sign: bool,
    holds: Holds,
}

/// How a row is recognised.
enum Holds {
    /// By a function that checks several facts.
    Judged(fn(&Facts<'_>) -> Option<Found>),
    /// By words of the answer.
    Said(&'static Said),
    /// By Keyway's name of the refusal.
    Refused(Refusal),
}

/// The result of a row for one call.
pub(super) struct Found {
    certainty: Certainty,
    because: String,
    remedy: Vec<String>,
    scopes: Vec<String>,
    successor: Option<String>,
    /// Whether it was found by words of an API's answer that nobody has seen.
    is_guess: bool,
}

impl Found {
    fn new(certainty: Certainty, because: impl Into<String>) -> Option<Self> {
        Some(Self { certainty, because: because.into(), remedy: Vec::new(), scopes: Vec::new(), successor: None, is_guess: false })
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

/// Adds to a result, where there is one.
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
    const fn new(
        cause: &'static str,
        title: &'static str,
        page: &'static str,
        source: Source,
        holds: fn(&Facts<'_>) -> Option<Found>,
    ) -> Self {
        Self { cause, title, page, source, is_last: false, wants_sign: false, holds: Holds::Judged(holds) }
    }

    const fn last(mut self) -> Self {
        self.is_last = true;
        self
    }

    const fn said(row: &'static Said) -> Self {
        Self {
            cause: row.cause,
            title: row.title,
            page: row.page,
            source: row.source,
            is_last: false,
            wants_sign: false,
            holds: Holds::Said(row),
        }
    }

    /// The row of a refusal that the doctor's own rules do not explain.
    fn refused(refusal: Refusal) -> Option<Self> {
        let Doctor::Row(cause) = refusal.doctor() else { return None };
        Some(Self {
            cause,
            title: refusal.cause(),
            page: gateway::page(refusal),
            source: Source::Keyway,
            is_last: false,
            wants_sign: false,
            holds: Holds::Refused(refusal),
        })
    }

    /// Whether the row explains a refusal by Keyway.
    pub(super) const fn is_keyways(&self) -> bool {
        matches!(self.holds, Holds::Refused(_))
    }

    const fn with_sign(mut self) -> Self {
        self.wants_sign = true;
        self
    }

    pub(super) fn try_on(&self, facts: &Facts<'_>) -> Option<Diagnosis> {
        // A program's words about a connection apply to any service, unless they name the other side.
        let other = match self.source {
            Source::Program(_) => facts.other_peer(),
            _ => facts.other_service(),
        };
        if other.is_some() {
            return None;
        }
        // A status alone may be HubSpot's; one that a text tells much else about is somebody's whom the text would name.
        let is_weak = self.is_last || self.source == network::CLOUDFLARE;
        if is_weak && !facts.may_be_about_hubspot() {
            return None;
        }
        let Found { mut certainty, mut because, remedy, scopes, successor, is_guess } = match &self.holds {
            Holds::Judged(judge) => judge(facts)?,
            Holds::Said(row) => row.holds(facts)?,
            Holds::Refused(refusal) => gateway::refused(facts, *refusal)?,
        };
        if self.wants_sign && certainty != Certainty::Certain && !facts.is_about_hubspot() {
            return None;
        }
        // Words that nobody has seen need more than HubSpot's name beside them.
        if self.wants_sign && is_guess && !facts.may_quote_hubspot() {
            return None;
        }
        // Where nothing in the text is HubSpot's, its words may belong to another service.
        let is_of_words = is_weak || matches!(self.holds, Holds::Said(_));
        if certainty == Certainty::Certain && is_of_words && !facts.is_about_hubspot() {
            certainty = Certainty::Likely;
        }
        if certainty == Certainty::Certain && !self.source.is_recorded() {
            certainty = Certainty::Likely;
            because.push_str(UNCONFIRMED);
        }
        Some(Diagnosis {
            cause: self.cause.into(),
            title: self.title.into(),
            certainty,
            because,
            remedy,
            scopes,
            successor,
            page: self.page.into(),
        })
    }
}

/// The whole table. Rows for Keyway's own refusals come first, since Keyway names them. Then come rows for HubSpot's answers,
/// then rows for the request.
pub fn table() -> &'static [Rule] {
    static TABLE: LazyLock<Vec<Rule>> = LazyLock::new(|| {
        let mut table: Vec<Rule> = Refusal::all().filter_map(Rule::refused).collect();
        table.extend(Vec::from(TELLING));
        for rows in [network::ROWS, install::ROWS] {
            table.extend(rows.iter().map(Rule::said));
        }
        for rows in [accounts::ROWS, command_line::ROWS, forms::ROWS, values::ROWS, requests::ROWS, records::ROWS] {
            table.extend(rows.iter().map(|row| Rule::said(row).with_sign()));
        }
        table.extend(webhooks::ROWS.iter().map(Rule::said));
        table.extend(network::LAST.iter().chain(values::LAST).map(|row| Rule::said(row).last()));
        table.extend(Vec::from(JUDGED));
        table
    });
    &TABLE
}

/// Rows with more evidence than words; they come before the others.
const TELLING: [Rule; 10] = [
    Rule::new(
        "token-request-not-a-form",
        "token requests are forms",
        pages::OAUTH_TOKENS,
        Source::Page(pages::OAUTH_TOKENS),
        oauth::not_a_form,
    ),
    Rule::new(
        "token-request-in-query",
        "the URL holds the client secret or the refresh token",
        pages::OAUTH_V1_END,
        Source::Page(pages::OAUTH_V1_END),
        oauth::in_query,
    ),
    Rule::new("other-account", "the token belongs to another account", pages::ACCOUNT, Source::Keyway, credentials::other_account),
    Rule::new(
        "burst-limit",
        "more calls in ten seconds than the app may make",
        pages::LIMITS,
        Source::Thread("HubSpot/hubspot-api-python#117"),
        limits::burst,
    ),
    Rule::new(
        "associations-limit",
        "more calls of the associations APIs in ten seconds than allowed",
        pages::ASSOCIATIONS,
        Source::Page(pages::ASSOCIATIONS),
        limits::associations,
    ),
    Rule::new(
        "search-limit",
        "more searches in a second than the account may make",
        pages::SEARCH,
        Source::Thread("HGData/mk-node-hubspot#89"),
        limits::search,
    ),
    Rule::new("daily-limit", "the account's calls of the day are used up", pages::LIMITS, Source::Page(pages::LIMITS), limits::daily),
    Rule::new(
        "wrong-region",
        "the account is in another data centre",
        pages::ROUTING,
        Source::Thread("amp-labs/connectors#3509"),
        path::region,
    ),
    Rule::new(
        "developer-endpoint",
        "the operation takes the developer API key only",
        pages::DEVELOPER_KEY,
        Source::Probe,
        credentials::developer_endpoint,
    ),
    Rule::new(
        "user-level-token",
        "the endpoint takes the token of a person only",
        pages::AUTH,
        Source::Facts("4"),
        credentials::user_level,
    ),
];

const JUDGED: [Rule; 35] = [
    Rule::new(
        "not-hubspot",
        "something between the program and HubSpot answered",
        pages::ERRORS,
        Source::Thread("trufflesecurity/trufflehog#5164"),
        service::between,
    ),
    Rule::new(
        "keyway-token-at-hubspot",
        "a Keyway token was sent to HubSpot",
        pages::AUTH,
        Source::Keyway,
        credentials::keyway_token_at_hubspot,
    ),
    Rule::new(
        "credential-not-filled-in",
        "the credential is empty or a placeholder",
        pages::AUTH,
        Source::Page(pages::AUTH),
        credentials::not_filled_in,
    ),
    Rule::new(
        "credential-damaged",
        "the credential contains something that does not belong there",
        pages::AUTH,
        Source::Thread("HubSpot/hubspot-api-nodejs#432"),
        credentials::damaged,
    ),
    Rule::new(
        "token-as-hapikey",
        "a token was sent as hapikey",
        pages::HAPIKEY_END,
        Source::Thread("hubspot-net/HubSpot.NET#131"),
        credentials::token_as_hapikey,
    ),
    Rule::new(
        "developer-key-on-crm",
        "the developer API key opens app management only",
        pages::DEVELOPER_KEY,
        Source::Page(pages::DEVELOPER_KEY),
        credentials::developer_key,
    ),
    Rule::new(
        "token-not-in-header",
        "the token is not in Authorization: Bearer",
        pages::AUTH,
        Source::Page(pages::AUTH),
        credentials::not_in_header,
    ),
    Rule::new(
        "personal-access-key",
        "a personal access key is not a bearer token",
        pages::PERSONAL_KEY,
        Source::Thread("StackOneHQ/mcp-connectors#153"),
        credentials::personal_access_key,
    ),
    Rule::new(
        "refresh-token-as-bearer",
        "a refresh token is not a bearer token",
        pages::OAUTH_TOKENS,
        Source::Page(pages::OAUTH_TOKENS),
        credentials::refresh_token,
    ),
    Rule::new(
        "key-as-bearer",
        "an API key or client secret is not a bearer token",
        pages::AUTH,
        Source::Page(pages::AUTH),
        credentials::key_as_bearer,
    ),
    Rule::new(
        "undecodable-token",
        "HubSpot can't read the token: it is of another kind",
        pages::AUTH,
        Source::Thread("StackOneHQ/mcp-connectors#153"),
        credentials::undecodable,
    ),
    Rule::new(
        "access-token-expired",
        "the access token expired",
        pages::OAUTH_TOKENS,
        Source::Thread("airbytehq/airbyte#74726"),
        credentials::expired,
    ),
    Rule::new("token-dead", "HubSpot does not know the token any more", pages::AUTH, Source::Page(pages::PRIVATE_APPS), credentials::dead),
    Rule::new("token-missing", "HubSpot found no credential in the call", pages::AUTH, Source::Probe, credentials::missing),
    Rule::new("wrong-host", "this is not the API's host", pages::ROUTING, Source::Page(pages::ROUTING), path::host),
    Rule::new(
        "search-too-long",
        "the search's body is longer than 3,000 characters",
        pages::SEARCH,
        Source::Page(pages::SEARCH),
        data::search_body,
    ),
    Rule::new("scope-not-public", "the scope can't be granted to apps", pages::AUTH, Source::Probe, scopes::not_public),
    Rule::new(
        "scope-not-selectable",
        "the scope that HubSpot names can't be chosen",
        pages::AUTH,
        Source::Thread("simstudioai/sim#5037"),
        scopes::not_selectable,
    ),
    Rule::new("missing-scopes", "the token lacks a scope", pages::AUTH, Source::Thread("HubSpot/hubspot-api-nodejs#268"), scopes::missing),
    Rule::new(
        "scope-misnamed",
        "HubSpot names a scope of the old kind",
        pages::AUTH,
        Source::Thread("HubSpot/hubspot-api-nodejs#268"),
        scopes::misnamed,
    ),
    Rule::new(
        "no-scope-exists",
        "HubSpot publishes no scope that opens this operation",
        pages::AUTH,
        Source::Page(pages::AUTH),
        scopes::none_exists,
    ),
    Rule::new("operation-ended", "the operation has ended", pages::LEGACY_END, Source::Page(pages::LEGACY_END), path::ended),
    Rule::new(
        "version-misplaced",
        "the version is in the wrong place of the path",
        pages::VERSIONS,
        Source::Page(pages::VERSIONS),
        path::misplaced,
    ),
    Rule::new("path-unreadable", "the path can be read in two ways", pages::OBJECTS, Source::Keyway, path::unreadable),
    Rule::new("wrong-method", "the path has other methods", pages::OBJECTS, Source::Probe, path::method),
    Rule::new(
        "record-exists",
        "a record with this unique value exists",
        pages::OBJECTS,
        Source::Thread("stape-io/hubspot-tag#7"),
        data::conflict,
    )
    .last(),
    Rule::new("some-limit", "a limit was reached", pages::LIMITS, Source::Page(pages::LIMITS), limits::other).last(),
    Rule::new("batch-partly-done", "some inputs of the batch failed", pages::ERRORS, Source::Page(pages::ERRORS), data::partly).last(),
    Rule::new("record-not-found", "the record does not exist for this token", pages::OBJECTS, Source::Probe, data::not_found).last(),
    Rule::new("path-unknown", "HubSpot publishes no such path", pages::MIGRATION, Source::Probe, path::unknown).last(),
    Rule::new(
        "scopes-unnamed",
        "the credential may not do this, and the answer names no scope",
        pages::AUTH,
        Source::Page(pages::ERRORS),
        scopes::unnamed,
    )
    .last(),
    Rule::new("validation", "HubSpot does not take the request as it is", pages::VALIDATION, Source::Page(pages::ERRORS), data::validation)
        .last(),
    Rule::new(
        "token-request-refused",
        "HubSpot refuses the token request, and the text does not say why",
        pages::OAUTH_TOKENS,
        Source::Thread("airbytehq/airbyte#26515"),
        oauth::refused,
    )
    .last(),
    Rule::new("token-refused", "HubSpot refuses the credential", pages::AUTH, Source::Page(pages::ERRORS), credentials::refused).last(),
    Rule::new(
        "operation-ends",
        "the operation ends, or is not supported any more",
        pages::LEGACY_END,
        Source::Page(pages::LEGACY_END),
        path::ends,
    ),
];

/// Whether one of these words in capitals identifies a row.
pub(super) fn is_known(words: &[String]) -> bool {
    let rows = table().iter().filter_map(|rule| match rule.holds {
        Holds::Said(row) => Some(row.words),
        Holds::Judged(_) | Holds::Refused(_) => None,
    });
    rows.flatten().any(|known| words.iter().any(|word| word == known))
}

/// Where a call failed and no row gives the reason: what to paste, so that a row can.
pub(super) fn unrecognised(facts: &Facts<'_>) -> Diagnosis {
    let answer = facts.answer();
    let correlation = answer.and_then(|answer| answer.correlation_id.as_deref());
    let mut remedy = Vec::new();
    if facts.call().is_none_or(|call| call.path.is_empty()) {
        remedy.push("paste the request as well: its method and URL, or the call as a curl command or a HAR file (hide the token, not its first four letters)");
    }
    if !answer.is_some_and(|answer| answer.envelope) {
        remedy.push("paste the body of the answer: HubSpot's JSON with message, category and errors. In Node it is error.response.data or error.body, in Python error.body or response.text, in PHP (string) $e->getResponse()->getBody()");
    }
    if facts.status().is_none() {
        remedy.push("paste the status of the answer, such as 400");
    }
    if remedy.is_empty() {
        remedy.push("compare the request with HubSpot's reference of this very version");
    }
    let mut remedy: Vec<String> = remedy.into_iter().map(str::to_owned).collect();
    remedy.push(match correlation {
        Some(_) => "ask HubSpot's support with the correlation id that the answer names".to_owned(),
        None => "find the correlation id in the answer's X-HubSpot-Correlation-Id header, for HubSpot's support".to_owned(),
    });
    Diagnosis {
        cause: "unrecognised".into(),
        title: "I do not know why it failed".into(),
        certainty: Certainty::Likely,
        because: match facts.status() {
            _ if facts.other_service().is_some() => {
                format!("the text names {}, and nothing in it is known as an answer of HubSpot", facts.other_service().unwrap_or_default())
            }
            Some(status) => format!("{} was answered with {status}, and no row of the table knows the rest", facts.named()),
            None => "something failed, and nothing in the text is known as an answer of HubSpot".to_owned(),
        },
        remedy,
        scopes: Vec::new(),
        successor: None,
        page: pages::ERRORS.into(),
    }
}
