//! Evidence beyond the text: the catalog's operation of the call, and what the operation needs.

mod foreign;
mod ours;
mod seen;
mod signs;

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use foreign::Foreign;
use ours::{HEADINGS, OURS, OWN};
pub use seen::Seen;
pub(super) use seen::kind_in_words;

use super::hosts::{self, is_hubspots};
use super::named::{named, without_credentials};
use super::words::speaks_of_failure;
use super::{Answer, Call, Credential, CredentialKind, Evidence, Holder, Place};
use keyway_core::catalog::{Catalog, Method, Operation, Resolution};
use keyway_core::path::{NormalPath, PathError};
use keyway_core::refusal::{Doctor, Refusal};
use keyway_core::requirement::Requirement;
use keyway_core::scope::ScopeSet;
use keyway_core::time::Timestamp;

/// The evidence that the rules check.
pub(super) struct Facts<'e> {
    pub evidence: &'e Evidence,
    /// The current day, ISO date.
    pub today: String,
    pub path: Option<Result<NormalPath, PathError>>,
    pub operation: Option<&'static Operation>,
    /// The path's methods, where it does not have the method of the call.
    pub other_methods: Vec<Method>,
    /// Whether the path names another operation, which the method of the call misses: GET of `…/contacts/search`.
    misses: bool,
    pub requirement: Option<Requirement>,
    /// The name in the path that is not an object type.
    pub unknown_type: Option<String>,
    /// The text of the answer, in lower case.
    said: String,
    /// The same without the lines that are places in a program's code, and without the paths of URLs.
    told: String,
    /// The same without the lines whose names show nothing of the failure.
    signs: String,
    named: BTreeMap<&'static str, Vec<String>>,
    refusals: Vec<Refusal>,
    /// Whose answer the text is, computed once for all rows.
    foreign: OnceCell<Foreign>,
}

/// How far apart the parts of a sentence may stand, in bytes.
const NEAR_BYTES: usize = 400;
/// How far apart they may stand where nobody has seen the sentence.
const CLOSE_BYTES: usize = 60;
/// The most places where a sentence is searched.
const MATCHES_MAX: usize = 50;

impl<'e> Facts<'e> {
    pub fn of(evidence: &'e Evidence, now: Timestamp) -> Self {
        let today = now.to_date();
        let said = evidence.answer.as_ref().map(said).unwrap_or_default();
        let mut facts = Self {
            evidence,
            today,
            path: None,
            operation: None,
            other_methods: Vec::new(),
            misses: false,
            requirement: None,
            unknown_type: None,
            told: told(&said),
            signs: signs::telling(&said),
            said,
            named: BTreeMap::new(),
            refusals: evidence.answer.as_ref().map(refusals).unwrap_or_default(),
            foreign: OnceCell::new(),
        };
        if let Some(call) = evidence.call.as_ref().filter(|call| !call.path.is_empty()) {
            let path = NormalPath::parse(&filled(&call.path));
            if let Ok(path) = &path {
                facts.resolve(call.method.as_deref(), path);
            }
            facts.path = Some(path);
        }
        facts.named = named(&facts);
        facts
    }

    /// The values that the answer names, by kind.
    pub fn named_values(&self) -> &BTreeMap<&'static str, Vec<String>> {
        &self.named
    }

    fn resolve(&mut self, method: Option<&str>, path: &NormalPath) {
        let catalog = Catalog::get();
        // Where the method is unknown, any method of the path will do.
        let methods = Method::ALL.iter().map(|method| method.as_str()).filter(|_| method.is_none());
        for method in method.into_iter().chain(methods) {
            match catalog.resolve(method, path) {
                Resolution::Found(operation) => {
                    self.operation = Some(operation);
                    break;
                }
                Resolution::MethodNotAllowed(others) => self.other_methods = others,
                Resolution::Unknown => {}
            }
        }
        let Some(operation) = self.operation else { return };
        self.other_methods.clear();
        // Where another method has a name in the place of a value, the word is that name.
        let values = |template: &str| template.matches('{').count();
        let closer = Method::ALL.iter().filter(|method| **method != operation.method).filter_map(|method| {
            match catalog.resolve(method.as_str(), path) {
                Resolution::Found(other) if values(other.template) < values(operation.template) => Some(other),
                _ => None,
            }
        });
        let closer: Vec<&'static Operation> = closer.collect();
        if let Some(first) = closer.first() {
            if method.is_some() {
                self.operation = None;
                self.misses = true;
                self.other_methods = closer.iter().map(|other| other.method).collect();
                return;
            }
            self.operation = Some(first);
        }
        let Some(operation) = self.operation else { return };
        match catalog.requirement(operation, path) {
            Ok(requirement) => self.requirement = Some(requirement),
            Err(unknown) => self.unknown_type = Some(unknown.0),
        }
    }

    pub fn call(&self) -> Option<&'e Call> {
        self.evidence.call.as_ref()
    }

    pub fn answer(&self) -> Option<&'e Answer> {
        self.evidence.answer.as_ref()
    }

    pub fn holder(&self) -> Option<&'e Holder> {
        self.evidence.holder.as_ref()
    }

    /// The status, or the one that always belongs to the category.
    pub fn status(&self) -> Option<u16> {
        let answer = self.answer()?;
        answer.status.or_else(|| match answer.category.as_deref()? {
            "INVALID_AUTHENTICATION" | "EXPIRED_AUTHENTICATION" => Some(401),
            "MISSING_SCOPES" | "BANNED" => Some(403),
            "VALIDATION_ERROR" => Some(400),
            "OBJECT_NOT_FOUND" => Some(404),
            "CONFLICT" => Some(409),
            "RATE_LIMIT" | "RATE_LIMITS" => Some(429),
            _ => None,
        })
    }

    /// Whether the status is one of these, or unknown.
    pub fn may_be(&self, statuses: &[u16]) -> bool {
        self.status().is_none_or(|status| statuses.contains(&status))
    }

    pub fn is_category(&self, category: &str) -> bool {
        self.answer().is_some_and(|answer| answer.is(category))
    }

    /// Whether the answer contains these words, in any case.
    pub fn says(&self, words: &str) -> bool {
        if words.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return self.said.contains(&words.to_ascii_lowercase());
        }
        self.said.contains(words)
    }

    /// Whether the text shows the header that has the credential, as a request has it.
    pub fn shows_the_header(&self) -> bool {
        self.said.match_indices("authorization").take(MATCHES_MAX).any(|(at, name)| {
            let value = self.said[at + name.len()..].trim_start_matches(['"', '\'', ':', '=', '>', ' ', '\\']);
            value.starts_with("bearer")
        })
    }

    /// Whether the answer contains these words in a line whose names count.
    pub fn shows(&self, words: &str) -> bool {
        self.signs.contains(words)
    }

    /// Whether the answer has a code or a sentence that only HubSpot is known to say.
    pub fn says_hubspots_own(&self) -> bool {
        OWN.iter().any(|words| self.said.contains(words))
            || self.answer().is_some_and(|answer| answer.words.iter().any(|word| OWN.contains(&word.to_ascii_lowercase().as_str())))
    }

    /// Whether the text ends with these words.
    pub fn ends_with(&self, words: &str) -> bool {
        self.said.trim_end().ends_with(words)
    }

    /// Whether the answer contains all these words, joined by `&`, near each other: words of different parts of a text
    /// belong to different sentences.
    pub fn says_together(&self, parts: &str) -> bool {
        stand_together(&self.said, parts)
    }

    /// As [`Facts::says_together`], at a place in whose line nothing shows a call to another service.
    pub fn says_of_no_other(&self, parts: &str) -> bool {
        places(&self.said, parts, NEAR_BYTES).any(|at| {
            let from = self.said[..at].rfind('\n').map_or(0, |line| line + 1);
            let to = self.said[at..].find('\n').map_or(self.said.len(), |end| at + end);
            let line = &self.said[from..to];
            !hosts::is_of_another(line) && !foreign::names_a_system(line)
        })
    }

    /// Whether a line of the answer contains all these words, joined by `&`, close to each other. URLs and the names in a stack
    /// trace do not count.
    pub fn tells_together(&self, parts: &str) -> bool {
        let begins = |line: &str, at: usize| !line[..at].ends_with(|letter: char| letter.is_ascii_alphanumeric());
        self.told.lines().any(|line| places(line, parts, CLOSE_BYTES).any(|at| begins(line, at)))
    }

    /// The scopes that the text names anywhere: those that the token has, or those that it needs.
    pub fn scopes_in_words(&self) -> ScopeSet {
        scopes_in(&self.said)
    }

    /// The scopes of lines that say that a scope is missing. Other lines list those that an app has.
    pub fn missing_in_words(&self) -> ScopeSet {
        const MISSING: [&str; 12] =
            ["missing", "need", "lack", "requir", "add ", "without", "not granted", "n't have", "not have", "hasn't", "grant the", "falt"];
        const THERE: [&str; 7] = ["i have ", "we have ", "already", "has the", "with the scopes", "scopes: ", "enabled"];
        let has = |line: &str, words: &[&str]| words.iter().any(|word| line.contains(word));
        let lines: Vec<&str> = self.said.lines().filter(|line| has(line, &MISSING) && !has(line, &THERE)).collect();
        scopes_in(&lines.join("\n"))
    }

    /// Whether anything in the text is HubSpot's: its name, its host, the form of its answers, or a path of its API.
    pub fn is_about_hubspot(&self) -> bool {
        self.foreign().is_about
    }

    /// Whether the text names HubSpot itself, and not only something that a person called after it.
    pub fn names_more_than_a_word(&self) -> bool {
        const OF_CLIENTS: [&str; 8] = ["client", "_client", "api", "_api", "service", "_service", "http", "connector"];
        let in_code = || {
            self.said
                .match_indices("hubspot")
                .take(MATCHES_MAX)
                .any(|(at, name)| OF_CLIENTS.iter().any(|end| self.said[at + name.len()..].starts_with(end)))
        };
        self.foreign().is_named || self.shows_a_host() || in_code()
    }

    /// Keyway's possible reasons for refusing the call: several where only a category is known, none where HubSpot may have
    /// answered.
    pub fn refusals(&self) -> &[Refusal] {
        &self.refusals
    }

    /// Whether Keyway refused the call for this reason.
    pub fn refused(&self, refusal: Refusal) -> bool {
        self.refusals.contains(&refusal)
    }

    /// Whether Keyway itself refused the call, so that HubSpot's causes do not apply.
    pub fn is_keyways_own(&self) -> bool {
        self.refusals.iter().any(|refusal| matches!(refusal.doctor(), Doctor::Row(_)))
    }

    pub fn credentials(&self) -> &'e [Credential] {
        self.call().map_or(&[], |call| call.credentials.as_slice())
    }

    /// The credential that was sent as a bearer token.
    pub fn bearer(&self) -> Option<&'e Credential> {
        self.credentials().iter().find(|credential| credential.place == Place::Bearer)
    }

    pub fn bearer_is(&self, kind: &CredentialKind) -> bool {
        self.bearer().is_some_and(|credential| credential.kind == *kind)
    }

    pub fn hapikey(&self) -> Option<&'e Credential> {
        self.credentials().iter().find(|credential| credential.place == Place::Hapikey)
    }

    /// Whether the path belongs to another method, although a value might stand in its last place.
    pub fn is_for_another_method(&self) -> bool {
        self.misses
    }

    /// Whether the call went to a host of HubSpot's forms.
    pub fn to_forms(&self) -> bool {
        self.call()
            .and_then(|call| call.host.as_deref())
            .is_some_and(|host| host.ends_with("hsforms.com") || host.starts_with("forms.hubspot"))
    }

    /// Whether HubSpot builds a project in the text, and the build fails.
    pub fn shows_a_build(&self) -> bool {
        let of_a_project = ["hs project ", "hsproject.json", "@hubspot/", "building the extension files", "hubspot support"];
        let failed =
            ["errors building this component", "components failed to build", "building the extension files", "component failed to build"];
        failed.iter().any(|words| self.says(words)) && of_a_project.iter().any(|words| self.says(words))
            || self.says_together("build #&failed") && of_a_project.iter().any(|words| self.says(words))
    }

    /// The lines that tell of a failure. The heading of a stack trace tells nothing.
    fn failing_lines(&self) -> impl Iterator<Item = &str> {
        self.said.lines().filter(|line| speaks_of_failure(line) && !line.trim_start().starts_with("traceback (most recent"))
    }

    /// Whether the call itself can be why something failed. Where a text shows a call without a status, and a failure in
    /// other lines, those lines decide: an error of a program's own code, or of another program, is not the call's.
    pub fn may_blame_the_call(&self) -> bool {
        let Some(answer) = self.answer() else { return true };
        if answer.envelope || answer.html || self.status().is_some() {
            return true;
        }
        let mut failing = self.failing_lines().peekable();
        failing.peek().is_none() || failing.any(|line| !foreign::is_of_a_program(line))
    }

    /// Whether the call went to HubSpot itself, by its host.
    pub fn to_hubspot(&self) -> bool {
        self.call().and_then(|call| call.host.as_deref()).is_some_and(is_hubspots)
    }

    /// The path, to search in; empty where there is no call.
    pub fn raw_path(&self) -> &'e str {
        self.call().map_or("", |call| call.path.as_str())
    }

    /// Whether this is an OAuth endpoint that takes the client's credentials in its body.
    pub fn is_token_endpoint(&self) -> bool {
        self.raw_path().starts_with("/oauth/")
            && ["/token", "/introspect", "/revoke"].iter().any(|end| self.raw_path().trim_end_matches('/').ends_with(end))
    }

    /// Whether the call may have failed: there is no answer yet, or it is not a success.
    pub fn may_have_failed(&self) -> bool {
        let redirected = |status: u16| (300..400).contains(&status);
        self.answer().is_none_or(|answer| match answer.status {
            Some(status) if redirected(status) => true,
            _ => self.failed(),
        })
    }

    /// Whether the call is known to have failed.
    pub fn failed(&self) -> bool {
        let Some(answer) = self.answer() else { return false };
        match (answer.status, answer.failed_inputs) {
            (_, Some(failed)) => failed > 0,
            (Some(207), _) => true,
            // A client library threw an error, although HubSpot answered with a success.
            // So did a browser, which shows the status of the call that asks for leave.
            (Some(status), _) => {
                status >= 400
                    || ["http-code: 20", "access control checks", "blocked by cors policy"].iter().any(|words| self.says(words))
                    || self.fails_beside(status)
            }
            (None, None) => {
                answer.keyway_rule.is_some()
                    || answer.envelope
                    || answer.message.contains(super::rules::SCOPE_LIST)
                    || speaks_of_failure(&self.said)
                    || super::rules::is_known(&answer.words)
                    || super::rules::is_known_sentence(&self.said)
            }
        }
    }

    /// Whether the text has a success, and tells of a failure in another line.
    fn fails_beside(&self, status: u16) -> bool {
        let status = status.to_string();
        let in_prose = self.answer().is_some_and(|answer| !answer.envelope && !answer.html);
        in_prose && self.failing_lines().any(|line| !line.contains(&status) && !line.trim_start().starts_with(['{', '[', '<', '"']))
    }

    /// How many separate errors the answer lists, by their codes. One, where it lists none.
    pub fn separate_errors(&self) -> usize {
        let codes: BTreeSet<&str> =
            self.answer().into_iter().flat_map(|answer| &answer.details).filter_map(|detail| detail.code.as_deref()).collect();
        codes.len().max(1)
    }

    /// Whether HubSpot refused the credential, or its answer is otherwise unknown. Only then may the credential be the reason
    /// why the call failed.
    pub fn may_be_the_credential(&self) -> bool {
        match self.status() {
            Some(status) => status == 401,
            None => {
                self.may_blame_the_call()
                    && self.answer().is_none_or(|answer| !answer.envelope || answer.category.is_none() && self.says("hapikey"))
            }
        }
    }

    /// A name for the operation in sentences.
    pub fn named(&self) -> String {
        match (self.operation, self.call()) {
            (Some(operation), _) => operation.to_string(),
            (None, Some(call)) if !call.path.is_empty() => {
                let shown: Vec<&str> = call.path.split('/').map(|segment| if segment.len() > 40 { "…" } else { segment }).collect();
                let path = without_credentials(&shown.join("/"));
                format!("{} {path}", call.method.as_deref().unwrap_or("any method"))
            }
            _ => "the call".to_owned(),
        }
    }
}

/// The scopes of HubSpot that a text in lower case names.
fn scopes_in(text: &str) -> ScopeSet {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-');
    let names = text.split(|letter: char| !is_part(letter)).map(|word| word.trim_end_matches('.')).filter(|word| word.contains('.'));
    ScopeSet::of_known(names)
}

/// Whether a text contains all these words, joined by `&`, near each other.
pub(super) fn stand_together(text: &str, parts: &str) -> bool {
    places(text, parts, NEAR_BYTES).next().is_some()
}

/// The places of the first of these words, near which all the others stand.
fn places<'t>(text: &'t str, parts: &'t str, near: usize) -> impl Iterator<Item = usize> + 't {
    let (first, rest) = parts.split_once('&').unwrap_or((parts, ""));
    text.match_indices(first).take(MATCHES_MAX).map(|(at, _)| at).filter(move |at| {
        let edge = |at: usize| (at..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
        let around = || &text[edge(at.saturating_sub(near))..edge((at + first.len() + near).min(text.len()))];
        rest.is_empty() || rest.split('&').all(|part| around().contains(part))
    })
}

/// A path with an id in place of each name in braces, which a person copied from HubSpot's reference.
fn filled(path: &str) -> String {
    let fill = |segment: &str| match segment.starts_with('{') && segment.ends_with('}') {
        true if segment.contains("bjectType") => "contacts".to_owned(),
        true => "0".to_owned(),
        false => segment.to_owned(),
    };
    path.split('/').map(fill).collect::<Vec<_>>().join("/")
}

/// What a text in lower case tells in words.
fn told(said: &str) -> String {
    let mut told = String::with_capacity(said.len());
    for line in said.lines().filter(|line| !foreign::is_of_a_stack(line)) {
        let mut rest = line;
        while let Some(at) = rest.find("://") {
            let host = at + 3 + hosts::name(&rest[at + 3..]).len();
            told.push_str(&rest[..host]);
            let ends = |letter: char| letter.is_whitespace() || matches!(letter, '"' | '\'' | '`' | '<' | '>' | ')' | '}');
            rest = &rest[host..];
            rest = &rest[rest.find(ends).unwrap_or(rest.len())..];
        }
        told.push_str(rest);
        told.push('\n');
    }
    told
}

/// The refusals that an answer names: by the header, by the body, or by a category that HubSpot does not have.
fn refusals(answer: &Answer) -> Vec<Refusal> {
    if let Some(rule) = &answer.keyway_rule {
        return Refusal::named(rule).into_iter().collect();
    }
    if let Some(refusal) = answer.sub_category.as_deref().and_then(Refusal::in_body) {
        return vec![refusal];
    }
    // Other programs also use words such as ENDED, so in a text without an envelope they are not Keyway's.
    let is_own = |category: &str| {
        !Refusal::is_category_of_hubspot(category)
            && (answer.category.as_deref() == Some(category) || category.contains('_') && answer.is(category))
    };
    Refusal::all().filter(|refusal| is_own(refusal.category())).collect()
}

/// The whole text of an answer, in lower case.
fn said(answer: &Answer) -> String {
    let mut said = answer.message.to_ascii_lowercase();
    let parts = answer.details.iter().flat_map(|detail| [Some(&detail.message), detail.code.as_ref()]).flatten();
    let words = [&answer.sub_category, &answer.category, &answer.policy, &answer.oauth_error, &answer.oauth_status];
    for part in parts.chain(words.into_iter().flatten()).chain([&answer.around]) {
        said.push('\n');
        said.push_str(&part.to_ascii_lowercase());
    }
    // A typographer's apostrophe is an apostrophe.
    said.replace(['\u{2019}', '\u{2018}'], "'").replace(['\u{201c}', '\u{201d}'], "\"")
}
