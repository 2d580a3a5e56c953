//! What all pages on one app know of it.

use keyway_api::Moment;
use keyway_api::view::{AppAnswer, Apps, Token};
use keyway_core::safety::{self, Class, Classes};
use keyway_core::time::Timestamp;
use keyway_gateway::admin::UNUSED_DAYS;
use keyway_gateway::clock;

use super::api::{Api, Refused};
use super::visitor::Fields;
use super::words::{ahead, counted, date};

pub(super) use keyway_api::view::AppWithTokens as App;

const DAY_MS: i64 = 86_400_000;

/// A class of operations in a form.
pub(super) struct ClassChoice {
    pub name: &'static str,
    pub meaning: &'static str,
    pub open: bool,
}

impl ClassChoice {
    /// Each class and bulk; open are those that the words name.
    pub fn all(words: &[String]) -> Vec<Self> {
        let open = |name: &str| words.iter().any(|word| word == name || word == safety::EVERYTHING);
        let classes = Class::ALL.into_iter().map(|class| (class.name(), class.meaning()));
        let bulk = (safety::BULK, "change many records in one call, of the classes above");
        classes.chain([bulk]).map(|(name, meaning)| Self { name, meaning, open: open(name) }).collect()
    }
}

/// The words that a form names; all of them are `all`.
pub(super) fn chosen_classes(fields: &Fields) -> Vec<String> {
    let words = fields.all("allow");
    Classes::parse(&words).map_or(words, |classes| classes.words().into_iter().map(str::to_owned).collect())
}

/// What pages say of a token.
pub(super) trait TokenWords {
    fn is_live(&self) -> bool;
    /// The mark of its state.
    fn sign(&self) -> &'static str;
    fn state_words(&self) -> String;
    /// When its lifetime ends, while it works and nobody has rotated it.
    fn lifetime_ends(&self) -> Option<&Moment>;
}

impl TokenWords for Token {
    fn is_live(&self) -> bool {
        matches!(self.state.as_str(), "active" | "expiring")
    }

    fn sign(&self) -> &'static str {
        match self.state.as_str() {
            "active" => "fine",
            "expiring" => "warn",
            _ => "",
        }
    }

    fn state_words(&self) -> String {
        match (self.state.as_str(), &self.expires_at) {
            ("expiring", Some(at)) => format!("ends {}, on {}", ahead(at, clock::now()), date(at)),
            (state, _) => state.to_owned(),
        }
    }

    fn lifetime_ends(&self) -> Option<&Moment> {
        self.expires_at.as_ref().filter(|_| self.state == "active")
    }
}

/// One app.
pub(super) async fn get(api: &Api, id: u64) -> Result<App, Refused> {
    Ok(api.get::<AppAnswer>(&format!("/api/v1/apps/{id}")).await?.app)
}

/// What pages say of an app.
pub(super) trait AppWords {
    /// Its tokens that are accepted, the newest first.
    fn live_tokens(&self) -> Vec<&Token>;
    fn last_used(&self) -> Option<&str>;
    fn dependents_text(&self) -> String;
    /// The setting for unlisted operations, a rule on each line.
    fn unlisted_text(&self) -> String;
    /// The classes of operations, each with what it opens and whether the app may call it.
    fn classes(&self) -> Vec<ClassChoice>;
    /// Which of its calls need a person's approval, in words; empty where none does.
    fn approval_words(&self) -> String;
    /// Whether calls of a class need a person's approval.
    fn needs_approval(&self, class: &str) -> bool;
    /// Calls of the last day, and those that failed; none where the counts can't be read.
    fn calls_of_day(&self) -> Option<(u64, u64)>;
    fn is_unused(&self, now: Timestamp) -> bool;
    fn is_due(&self) -> bool;
    /// What a search looks in, in lower case.
    fn searched(&self) -> String;
    fn matches(&self, search: &str) -> bool;
}

impl AppWords for App {
    fn live_tokens(&self) -> Vec<&Token> {
        let mut live: Vec<&Token> = self.tokens.iter().filter(|token| token.is_live()).collect();
        live.sort_by_key(|token| std::cmp::Reverse(token.id));
        live
    }

    fn last_used(&self) -> Option<&str> {
        self.tokens.iter().filter_map(|token| token.last_used_at.as_deref()).max()
    }

    fn dependents_text(&self) -> String {
        self.dependents.join("\n")
    }

    fn unlisted_text(&self) -> String {
        self.unlisted.join("\n")
    }

    fn classes(&self) -> Vec<ClassChoice> {
        ClassChoice::all(&self.allow)
    }

    fn approval_words(&self) -> String {
        let rule = &self.approval;
        let above = rule.above.map(|above| format!("changes of more than {}", counted(above, "record", "records")));
        let parts: Vec<String> = rule.classes.iter().cloned().chain(above).chain(rule.operations.iter().cloned()).collect();
        parts.join(", ")
    }

    fn needs_approval(&self, class: &str) -> bool {
        self.approval.classes.iter().any(|one| one == class)
    }

    fn calls_of_day(&self) -> Option<(u64, u64)> {
        self.day.as_ref().map(|day| (day.calls, day.failed))
    }

    fn is_unused(&self, now: Timestamp) -> bool {
        let last = self.last_used().unwrap_or(&self.created_at);
        Timestamp::parse_iso(last).is_some_and(|last| now.as_ms() - last.as_ms() >= UNUSED_DAYS * DAY_MS)
    }

    fn is_due(&self) -> bool {
        self.tokens.iter().any(|token| token.rotation_due)
    }

    fn searched(&self) -> String {
        let text = [&self.name, &self.description, &self.owner, &self.dependents.join(" "), &self.scopes.join(" ")];
        text.map(String::as_str).join(" ").to_lowercase()
    }

    fn matches(&self, search: &str) -> bool {
        let text = self.searched();
        search.to_lowercase().split_whitespace().all(|word| text.contains(word))
    }
}

/// Every app that the person may see, page by page.
pub(super) async fn all(api: &Api, hub_id: &str) -> Result<Vec<App>, Refused> {
    api.all::<Apps>("/api/v1/apps", &[("hubId", hub_id)]).await
}
