//! Every answer that Keyway gives in place of forwarding or performing a call: one row of one table.
//!
//! A row has the status, HubSpot's category, the name of the refusal, the cause in words, the remedy, and the cause that
//! `doctor` names. Code that refuses a call names the variant ([`Refusal::error`]). The header `keyway-rule`, the audit log,
//! the console, the doctor and docs/errors.md read the row. HubSpot's own refusals, and those that an embedded account answers
//! as HubSpot does, are not in the table.

mod page;
mod table;

use std::collections::HashMap;
use std::sync::LazyLock;

pub use page::{PAGE_BEGIN, PAGE_END, page};
pub use table::Refusal;
use table::{ALL, ROWS};

/// The status of a row with several: a fault rule names its own, and HubSpot's answers keep theirs.
const ANY_STATUS: u16 = 0;

/// A row of the table.
struct Row {
    name: &'static str,
    /// HTTP status, or [`ANY_STATUS`].
    status: u16,
    category: &'static str,
    doctor: Doctor,
    cause: &'static str,
    remedy: &'static [&'static str],
}

/// Which part of the doctor explains a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doctor {
    /// The row: the doctor names this cause, with the row's words.
    Row(&'static str),
    /// The doctor's own rules, since the answer has HubSpot's form and HubSpot gives it too.
    Rules,
}

impl Refusal {
    /// All refusals, in the order of the table.
    pub fn all() -> impl Iterator<Item = Self> {
        ALL.iter().copied()
    }

    const fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    /// Its name in `keyway-rule`, in the audit log and in docs/errors.md, which never changes.
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// HTTP status; none where the answers have several.
    pub const fn status(self) -> Option<u16> {
        match self.row().status {
            ANY_STATUS => None,
            status => Some(status),
        }
    }

    /// The category in HubSpot's envelope.
    pub const fn category(self) -> &'static str {
        self.row().category
    }

    /// Why the call was refused, in a sentence.
    pub const fn cause(self) -> &'static str {
        self.row().cause
    }

    /// What to do, in order; commands are between backticks. `APP`, `TOKEN` and `HUB_ID` are placeholders for the ids of the call.
    pub const fn remedy(self) -> &'static [&'static str] {
        self.row().remedy
    }

    /// Which part of the doctor explains it.
    pub const fn doctor(self) -> Doctor {
        self.row().doctor
    }

    /// What to do, with the ids of the call's app, token and account where they are known.
    pub fn remedy_for(self, app_id: Option<u64>, token_id: Option<u64>, hub_id: Option<u64>) -> Vec<String> {
        let ids = [("APP", app_id), ("TOKEN", token_id), ("HUB_ID", hub_id)];
        let with_ids = |step: &&str| {
            ids.iter().fold((*step).to_owned(), |step, (word, id)| match id {
                Some(id) => step.split(' ').map(|part| in_place(part, word, *id)).collect::<Vec<_>>().join(" "),
                None => step,
            })
        };
        self.remedy().iter().map(with_ids).collect()
    }

    /// The refusal with this name.
    pub fn named(name: &str) -> Option<Self> {
        static NAMES: LazyLock<HashMap<&'static str, Refusal>> =
            LazyLock::new(|| Refusal::all().map(|refusal| (refusal.name(), refusal)).collect());
        NAMES.get(name).copied()
    }

    /// The refusals with this category.
    pub fn with_category(category: &str) -> impl Iterator<Item = Self> {
        Self::all().filter(move |refusal| refusal.category() == category)
    }

    /// Whether HubSpot uses the category too, so that the category alone does not show that Keyway refused the call.
    pub fn is_category_of_hubspot(category: &str) -> bool {
        CATEGORIES_OF_HUBSPOT.contains(&category) || category.starts_with("BAD_")
    }

    /// Whether Keyway refused the call because its caller may not perform it. Such a call does not show that the app needs it.
    pub const fn is_not_permitted(self) -> bool {
        matches!(self.status(), Some(401 | 403 | 405)) && !matches!(self, Self::ConnectionRevoked)
    }

    /// Whether Keyway refused the call before it checked the limits, so that the call counts against none.
    pub const fn is_before_limits(self) -> bool {
        let is_before = matches!(self, Self::Fault | Self::Ended | Self::Gone | Self::NotTranslatable | Self::ConnectionRevoked);
        is_before || self.is_not_permitted() || matches!(self.status(), Some(429))
    }

    /// Whether the body names the refusal, in `subCategory`. An answer in HubSpot's own form does not.
    pub(crate) const fn is_named_in_body(self) -> bool {
        matches!(self.doctor(), Doctor::Row(_)) && !matches!(self, Self::Fault)
    }

    /// The refusal in the `subCategory` of a body.
    pub fn in_body(sub_category: &str) -> Option<Self> {
        Self::named(sub_category.strip_prefix(BODY_PREFIX)?)
    }
}

/// A part of a command, with the id in place of its placeholder.
fn in_place(part: &str, word: &str, id: u64) -> String {
    match part.strip_prefix(word) {
        Some(rest) if !rest.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_') => format!("{id}{rest}"),
        _ => part.to_owned(),
    }
}

/// The prefix of a refusal's name in `subCategory`.
pub(crate) const BODY_PREFIX: &str = "keyway.";

/// The category of a reached rate limit.
pub const RATE_LIMITS: &str = "RATE_LIMITS";

/// Categories that HubSpot errors and refusals share (hubspot facts, section 4).
pub const CATEGORIES_OF_HUBSPOT: [&str; 9] = [
    "VALIDATION_ERROR",
    "INVALID_AUTHENTICATION",
    "EXPIRED_AUTHENTICATION",
    "MISSING_SCOPES",
    "BANNED",
    "OBJECT_NOT_FOUND",
    "NOT_FOUND",
    "METHOD_NOT_ALLOWED",
    RATE_LIMITS,
];

/// The word for an error in the audit log: the name of a refusal, or the HubSpot category of another error. Records of
/// earlier builds have only the category.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word<'a>(pub &'a str);

impl<'a> Word<'a> {
    /// The refusal; none where the word is a category.
    pub fn refusal(self) -> Option<Refusal> {
        // Names are in lower case, categories in upper case.
        if self.0.starts_with(|first: char| first.is_ascii_lowercase()) { Refusal::named(self.0) } else { None }
    }

    /// The refusal. A category in a record of an earlier build counts, too, where only one refusal has it.
    pub fn explained(self) -> Option<Refusal> {
        self.refusal().or_else(|| {
            let mut same = Refusal::with_category(self.0).filter(|_| !Refusal::is_category_of_hubspot(self.0));
            same.next().filter(|_| same.next().is_none())
        })
    }

    /// The category of the answer.
    pub fn category(self) -> &'a str {
        match self.refusal() {
            Some(refusal) => refusal.category(),
            None => self.0,
        }
    }

    /// Whether Keyway refused the call because its caller may not perform it.
    pub fn is_not_permitted(self) -> bool {
        self.refusal().map_or_else(|| NOT_PERMITTED.contains(&self.0), Refusal::is_not_permitted)
    }

    /// Whether the call counts against the account's limits.
    pub fn is_counted(self) -> bool {
        !self.refusal().map_or_else(|| NOT_PERMITTED.contains(&self.0) || self.0 == RATE_LIMITS, Refusal::is_before_limits)
    }

    /// All words that records may have for a category or for the name of a refusal.
    pub fn alike(self) -> Vec<&'a str> {
        std::iter::once(self.0).chain(Refusal::with_category(self.0).map(|refusal| -> &'a str { refusal.name() })).collect()
    }

    /// All words that satisfy a condition.
    pub fn all_that(holds: impl Fn(Word<'static>) -> bool) -> Vec<&'static str> {
        let names = Refusal::all().map(Refusal::name);
        let all = names.chain(NOT_PERMITTED).chain([RATE_LIMITS]);
        all.filter(|word| holds(Word(word))).collect()
    }

    /// Why the call failed, in a sentence.
    pub fn cause(self) -> &'static str {
        self.explained().map_or_else(|| of_category(self.0), Refusal::cause)
    }
}

/// Categories of earlier builds for calls that were not permitted.
const NOT_PERMITTED: [&str; 7] = [
    "INVALID_AUTHENTICATION",
    "EXPIRED_AUTHENTICATION",
    "MISSING_SCOPES",
    "BANNED",
    "NOT_FOUND",
    "METHOD_NOT_ALLOWED",
    "UNLISTED_OPERATION",
];

/// The cause for a category without a refusal: an embedded account's answer, or a record of an earlier build.
fn of_category(category: &str) -> &'static str {
    match category {
        "INVALID_AUTHENTICATION" => "Keyway did not accept the credential: it was missing, unknown or revoked, or its app is disabled.",
        "EXPIRED_AUTHENTICATION" => "The token has expired, or has not the form of a private app token.",
        "MISSING_SCOPES" => "The app lacks a scope.",
        "BANNED" => "The caller's kind of credential does not open the operation.",
        "UNLISTED_OPERATION" => "The catalog does not list the operation, and the app may not call it.",
        RATE_LIMITS => "The call exceeded a rate limit.",
        "OBJECT_NOT_FOUND" | "NOT_FOUND" => "The account has no such record.",
        "VALIDATION_ERROR" => "The request was not valid.",
        "CONFLICT" | "OBJECT_ALREADY_EXISTS" => "The record conflicts with another record.",
        "UPSTREAM_UNAVAILABLE" => "HubSpot did not answer.",
        "CONNECTION_CREDENTIAL" => "HubSpot refused the credential of the account's connection.",
        "SERVICE_UNAVAILABLE" => "Keyway, or the embedded account, could not take the call.",
        _ => "The call was answered with an error.",
    }
}

#[cfg(test)]
mod tests;
