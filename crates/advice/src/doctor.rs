//! Names the cause of a failed call, and what to do about it.
//!
//! Pure: `read` turns texts into [`Evidence`], and a table of rules over the catalog and HubSpot's facts decides which
//! causes apply. The caller queries HubSpot or a store for more evidence. The doctor keeps no credential, only its kind and
//! a hint.

mod answer;
mod call;
mod facts;
mod hidden;
mod hosts;
mod named;
mod read;
mod rules;
mod words;

pub use answer::{Answer, Detail};
pub use call::{Call, Credential, CredentialKind, Place, kind_of};
pub use facts::Seen;
pub use hidden::without_secrets;
pub use read::{TEXT_BYTES_MAX, read};
pub use rules::{Rule, Source, table};

use std::borrow::Cow;

use facts::Facts;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use keyway_core::scope::ScopeSet;
use keyway_core::time::Timestamp;

/// All evidence on one call.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// The request.
    pub call: Option<Call>,
    /// The answer.
    pub answer: Option<Answer>,
    /// The owner of the token, where a server knows it.
    pub holder: Option<Holder>,
    /// The account that the caller meant.
    pub expected_hub_id: Option<u64>,
    /// The apps that used up a limit, with their calls, most first.
    pub used_by: Vec<(String, u64)>,
}

/// What a server knows of a token.
#[derive(Clone, Debug)]
pub struct Holder {
    /// Whether the token is accepted.
    pub alive: bool,
    /// The account it belongs to.
    pub hub_id: Option<u64>,
    /// The app, by name.
    pub app: Option<String>,
    /// The scopes it holds, where they are known.
    pub granted: Option<ScopeSet>,
}

/// How sure a cause is. Ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// The evidence allows nothing else.
    Certain,
    /// The evidence fits, and so might another cause.
    Likely,
    /// Not why it failed, but worth knowing.
    Note,
}

/// One cause and its remedy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Diagnosis {
    /// Its name in the table, such as `missing-scopes`; does not change.
    pub cause: Cow<'static, str>,
    /// In a few words.
    pub title: Cow<'static, str>,
    /// How sure.
    pub certainty: Certainty,
    /// The evidence, in a sentence.
    pub because: String,
    /// What to do, in order.
    pub remedy: Vec<String>,
    /// Sets of scopes, each of which is enough; the names of a set are joined by `+`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// The path that takes the operation's place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub successor: Option<String>,
    /// HubSpot's own page about it.
    pub page: Cow<'static, str>,
}

/// The causes that apply, the most certain first; of equal ones, the first in the table. Empty where nothing is known to be
/// wrong.
pub fn diagnose(evidence: &Evidence, now: Timestamp) -> Vec<Diagnosis> {
    let facts = Facts::of(evidence, now);
    let is_cause = |diagnosis: &Diagnosis| diagnosis.certainty != Certainty::Note;
    let (last, first): (Vec<&Rule>, Vec<&Rule>) = table().iter().partition(|rule| rule.is_last);
    let mut found: Vec<Diagnosis> = first.iter().filter_map(|rule| rule.try_on(&facts)).collect();
    if !facts.may_have_failed() {
        found.retain(|diagnosis| !is_cause(diagnosis));
    } else if !found.iter().any(is_cause) {
        found.extend(last.iter().filter_map(|rule| rule.try_on(&facts)));
    }
    // Where Keyway names its refusal, causes at HubSpot do not apply.
    if facts.is_keyways_own() {
        let is_keyways = |cause: &str| table().iter().any(|rule| rule.cause == cause && rule.is_keyways());
        found.retain(|diagnosis| !is_cause(diagnosis) || is_keyways(&diagnosis.cause));
    }
    found.sort_by_key(|diagnosis| diagnosis.certainty);
    doubt_the_others(&mut found, facts.separate_errors());
    tell_conflict(&mut found);
    found.iter_mut().for_each(Diagnosis::hide_credentials);
    if facts.failed() && !found.iter().any(is_cause) {
        found.insert(0, rules::unrecognised(&facts));
    }
    found
}

/// One error has one cause: of several causes that seem certain, as many stay so as the text has separate errors.
fn doubt_the_others(found: &mut [Diagnosis], errors: usize) {
    let certain = found.iter_mut().filter(|diagnosis| diagnosis.certainty == Certainty::Certain);
    certain.skip(errors.min(CERTAIN_MAX)).for_each(|diagnosis| diagnosis.certainty = Certainty::Likely);
}

/// Where several causes fit and none is certain: adds the other causes, and what to paste to decide between them.
fn tell_conflict(found: &mut [Diagnosis]) {
    let others = found.iter().skip(1).filter(|other| other.certainty == Certainty::Likely).map(|other| other.title.clone());
    let others: Vec<Cow<'static, str>> = others.take(CONFLICTS_MAX).collect();
    let Some(first) = found.first_mut().filter(|first| first.certainty == Certainty::Likely && !others.is_empty()) else { return };
    first.because.push_str(&format!("; the text fits another cause as well: {}", others.join("; ")));
    first.remedy.push("paste the request and the whole body of the answer: they decide between these causes".to_owned());
}

/// The most causes of one text that are certain, however many errors it lists.
const CERTAIN_MAX: usize = 2;
/// The most other causes that are named beside the first.
const CONFLICTS_MAX: usize = 2;

impl Diagnosis {
    /// Hides anything like a credential: sentences quote text that others wrote.
    fn hide_credentials(&mut self) {
        let texts = std::iter::once(&mut self.because).chain(&mut self.remedy).chain(&mut self.scopes).chain(&mut self.successor);
        texts.for_each(|text| *text = named::without_credentials(text));
    }
}

/// The parsed input, so that a person can check it. Contains no credential.
pub fn seen(evidence: &Evidence, now: Timestamp) -> Seen {
    Facts::of(evidence, now).seen()
}
