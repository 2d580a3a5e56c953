//! What a run of tests against an embedded account shows of the code under test: the operations that it calls, the scopes that
//! it needs, the end dates, and its mistakes.
//!
//! [`Rule`] names the mistakes. A [`run::Run`] has the observations, and can be added to another one. A [`report::Report`] has
//! the conclusions. `text` and `junit` write a report.

pub mod junit;
pub mod report;
pub mod run;
pub mod text;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A mistake that strict mode finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// A call that the embedded account does not serve, or HubSpot does not have.
    Unserved,
    /// A property that the object type does not have.
    UnknownProperties,
    /// A call of an operation that HubSpot ends by a chosen date.
    Deprecated,
    /// A call of an operation that has ended on the day of `--as-of`.
    Ended,
    /// A write that no expectation covers.
    UnassertedWrites,
    /// A list whose next page was never read.
    UnreadPages,
    /// A 429 after which the call never came again.
    MissingRetries,
}

impl Rule {
    /// Every rule, in the order of reports.
    pub const ALL: [Self; 7] = [
        Self::Unserved,
        Self::UnknownProperties,
        Self::Deprecated,
        Self::Ended,
        Self::UnassertedWrites,
        Self::UnreadPages,
        Self::MissingRetries,
    ];

    /// Its name, as `--strict` takes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unserved => "unserved",
            Self::UnknownProperties => "unknown-properties",
            Self::Deprecated => "deprecated",
            Self::Ended => "ended",
            Self::UnassertedWrites => "unasserted-writes",
            Self::UnreadPages => "unread-pages",
            Self::MissingRetries => "missing-retries",
        }
    }

    /// What the rule finds.
    pub const fn finds(self) -> &'static str {
        match self {
            Self::Unserved => "a call that the embedded account does not serve (501), or whose path or method HubSpot's API does not have",
            Self::UnknownProperties => "a property that the object type does not have, in a write, a search, or the `properties` of a read",
            Self::Deprecated => "a call of an operation that HubSpot ends on or before the day of `--ends-by`; without that day nothing",
            Self::Ended => "a call that was refused because it has ended on the day of `--as-of`",
            Self::UnassertedWrites => {
                "a write that succeeded and that no expectation matched (`assert_called`, `portal requests --expect`)"
            }
            Self::UnreadPages => "a list or search whose `paging.next` was never followed",
            Self::MissingRetries => "a 429 after which no call with the same method, path and query came",
        }
    }

    /// Why it is a mistake.
    pub const fn because(self) -> &'static str {
        match self {
            Self::Unserved => "a test that passes on an error answer tests nothing",
            Self::UnknownProperties => "HubSpot refuses the write with 400, but leaves the property out of a read without an error",
            Self::Deprecated => "the code stops working on that day",
            Self::Ended => "the code does not work on that day",
            Self::UnassertedWrites => "wrong data could reach HubSpot unnoticed",
            Self::UnreadPages => "in an account with more records the code misses some",
            Self::MissingRetries => "HubSpot did not perform the call, so its work is lost",
        }
    }

    /// The rule of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.name() == name)
    }

    /// Parses a list of rule names with commas; `all` is every rule.
    ///
    /// # Errors
    /// A name is not a rule. The text lists the rules.
    pub fn list(text: &str) -> Result<Vec<Self>, String> {
        if text == "all" {
            return Ok(Self::ALL.to_vec());
        }
        let mut rules =
            text.split(',').map(|name| Self::of_name(name.trim()).ok_or_else(|| unknown(name))).collect::<Result<Vec<_>, _>>()?;
        rules.sort_unstable();
        rules.dedup();
        Ok(rules)
    }
}

fn unknown(name: &str) -> String {
    let names = Rule::ALL.map(Rule::name).join(", ");
    format!("no rule has the name \"{}\". Write all, or a comma list of: {names}", crate::shown::line(name.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_chosen_by_name_or_all_of_them() {
        assert_eq!(Rule::list("all").unwrap(), Rule::ALL);
        assert_eq!(Rule::list("unread-pages, unserved,unserved").unwrap(), [Rule::Unserved, Rule::UnreadPages]);
        assert!(Rule::list("unserve").unwrap_err().contains("missing-retries"));
        assert!(Rule::list("").is_err());
    }

    #[test]
    fn a_rule_has_the_same_name_in_json() {
        for rule in Rule::ALL {
            assert_eq!(serde_json::to_value(rule).unwrap(), rule.name());
            assert_eq!(Rule::of_name(rule.name()), Some(rule));
        }
    }
}
