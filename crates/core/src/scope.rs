//! Names of scopes, and sets of them.
//!
//! Every scope that HubSpot publishes has a number (its line in `data/scopes.txt`). So a set is a few machine words, and a
//! check is a few instructions. `requirement` has what a scope permits.

pub mod names;
pub mod presets;

use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

/// The number of a scope: its position in the sorted list of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeId(u16);

impl ScopeId {
    /// The id of a name that HubSpot publishes.
    pub fn of(name: &str) -> Option<Self> {
        TABLE.by_name.get(name).copied()
    }

    /// The number, for tokens that contain scopes. Such tokens expire before the list of scopes changes.
    pub const fn number(self) -> u16 {
        self.0
    }

    /// The name that HubSpot gives the scope.
    pub fn name(self) -> &'static str {
        TABLE.names[usize::from(self.0)]
    }
}

/// A set of scopes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ScopeSet([u64; WORDS]);

/// Room for 320 scopes; a test checks that the list is shorter.
const WORDS: usize = 5;

/// What a scope permits, in words for a person who grants it. Built from the name, whose parts are HubSpot's names of things.
pub fn in_plain_words(name: &str) -> String {
    if name == "oauth" {
        return "Know which account this is".to_owned();
    }
    if let Some(first) = name.strip_suffix(".v2") {
        return format!("{} (version 2)", in_plain_words(first));
    }
    let (things, verb) = name.rsplit_once(['.', '-']).unwrap_or((name, ""));
    let last = |text: &str| text.rsplit('.').next().unwrap_or(text).replace(['_', '-'], " ");
    let thing = match things.strip_prefix("crm.schemas.") {
        Some(rest) => format!("the fields and settings of {}", last(rest)),
        None => {
            let rest = things.strip_prefix("crm.objects.").or_else(|| things.strip_prefix("crm.")).unwrap_or(things);
            rest.split('.').map(|part| part.replace(['_', '-'], " ")).collect::<Vec<_>>().join(", ")
        }
    };
    match verb {
        "read" | "view" | "access" => format!("Read {thing}"),
        "write" | "edit" => format!("Create and change {thing}"),
        "read_write" => format!("Read, create and change {thing}"),
        "delete" => format!("Delete {thing}"),
        "send" | "publish" | "create" => format!(
            "{} {thing}",
            if verb == "send" {
                "Send"
            } else if verb == "publish" {
                "Publish"
            } else {
                "Create"
            }
        ),
        // Such a name opens everything that HubSpot stores under it.
        _ => format!("Read and change {}", name.replace(['.', '_', '-'], " ")),
    }
}

/// A name that HubSpot does not publish.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("scope {0} does not exist at HubSpot")]
pub struct UnknownScope(pub String);

impl ScopeSet {
    /// The empty set.
    pub const EMPTY: Self = Self([0; WORDS]);

    /// The set of these names.
    ///
    /// # Errors
    /// The first name that is unknown.
    pub fn from_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, UnknownScope> {
        let mut set = Self::EMPTY;
        for name in names {
            set.insert(ScopeId::of(name).ok_or_else(|| UnknownScope(name.to_owned()))?);
        }
        Ok(set)
    }

    /// The set of the known names. Others, such as names that a newer version has stored, grant nothing.
    pub fn of_known<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut set = Self::EMPTY;
        names.into_iter().filter_map(ScopeId::of).for_each(|scope| set.insert(scope));
        set
    }

    /// The set of these numbers from [`ScopeId::number`]; others grant nothing.
    pub fn from_numbers(numbers: impl IntoIterator<Item = u16>) -> Self {
        let mut set = Self::EMPTY;
        numbers.into_iter().filter(|number| usize::from(*number) < TABLE.names.len()).for_each(|number| set.insert(ScopeId(number)));
        set
    }

    /// Adds one scope.
    pub fn insert(&mut self, scope: ScopeId) {
        self.0[usize::from(scope.0) / 64] |= 1 << (scope.0 % 64);
    }

    /// Removes one scope.
    pub fn remove(&mut self, scope: ScopeId) {
        self.0[usize::from(scope.0) / 64] &= !(1 << (scope.0 % 64));
    }

    /// Whether the scope is in the set.
    pub fn contains(&self, scope: ScopeId) -> bool {
        self.0[usize::from(scope.0) / 64] & (1 << (scope.0 % 64)) != 0
    }

    /// Whether every scope of `other` is in this set.
    pub fn contains_all(&self, other: &Self) -> bool {
        self.0.iter().zip(other.0).all(|(mine, theirs)| mine & theirs == theirs)
    }

    /// Whether the two sets share a scope.
    pub fn intersects(&self, other: &Self) -> bool {
        self.0.iter().zip(other.0).any(|(mine, theirs)| mine & theirs != 0)
    }

    /// The scopes that both sets contain.
    pub fn intersection(&self, other: &Self) -> Self {
        let mut words = self.0;
        words.iter_mut().zip(other.0).for_each(|(mine, theirs)| *mine &= theirs);
        Self(words)
    }

    /// Adds every scope of `other`.
    pub fn extend(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(mine, theirs)| *mine |= theirs);
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        *self == Self::EMPTY
    }

    /// How many scopes are in it.
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The scopes, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = ScopeId> + '_ {
        (0..TABLE.names.len() as u16).map(ScopeId).filter(|scope| self.contains(*scope))
    }

    /// The names, sorted.
    pub fn names(&self) -> Vec<&'static str> {
        self.iter().map(ScopeId::name).collect()
    }
}

impl fmt::Debug for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// Every scope name, sorted.
pub fn all_names() -> &'static [&'static str] {
    &TABLE.names
}

struct Table {
    names: Vec<&'static str>,
    by_name: HashMap<&'static str, ScopeId, foldhash::fast::FixedState>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut names: Vec<&str> = include_str!("../../../data/scopes.txt").lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    names.sort_unstable();
    names.dedup();
    let by_name = names.iter().enumerate().map(|(at, name)| (*name, ScopeId(at as u16))).collect();
    Table { names, by_name }
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_reads_what_a_scope_allows() {
        let words = [
            ("oauth", "Know which account this is"),
            ("crm.objects.contacts.read", "Read contacts"),
            ("crm.schemas.deals.write", "Create and change the fields and settings of deals"),
            ("communication_preferences.read_write", "Read, create and change communication preferences"),
            ("tickets", "Read and change tickets"),
            ("crm.objects.deals.sensitive.read.v2", "Read deals, sensitive (version 2)"),
        ];
        for (name, expected) in words {
            assert_eq!(in_plain_words(name), expected);
        }
    }

    #[test]
    fn every_published_scope_has_a_bit() {
        assert!(all_names().len() <= WORDS * 64, "raise WORDS: {} scopes", all_names().len());
        let everything = ScopeSet::from_names(all_names().iter().copied()).unwrap();
        assert_eq!(everything.names(), all_names());
    }

    #[test]
    fn a_set_holds_what_was_put_in_and_nothing_else() {
        let mut set = ScopeSet::from_names(["oauth", "tickets"]).unwrap();
        assert_eq!(set.names(), ["oauth", "tickets"]);
        set.remove(ScopeId::of("oauth").unwrap());
        assert_eq!(set.names(), ["tickets"]);
        assert!(!set.is_empty());
    }

    #[test]
    fn a_name_hubspot_does_not_publish_is_refused() {
        assert_eq!(ScopeSet::from_names(["oauth", "crm.everything"]), Err(UnknownScope("crm.everything".into())));
    }
}
