//! The rules: which surroundings make a value a credential. Their data is `data/rules.toml`.

use std::ops::Range;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::finding::{Confidence, Kind};
use crate::shape::Shape;
use crate::text::{has_phrase, words};

/// How near to the value HubSpot must be named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nearness {
    /// Not at all: the shape or the name is enough evidence.
    Anywhere,
    /// Somewhere in the file or its path.
    File,
    /// Within a few lines.
    Lines,
    /// In the value's own name, or in what encloses it: section, block, call.
    Name,
}

/// A rule, as the file has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its name in reports.
    pub id: String,
    /// What it finds.
    pub kind: Kind,
    /// The shapes of values that the rule applies to.
    pub shapes: Vec<Shape>,
    /// Phrases; the value's name must contain one of them. Where the list is empty, any name will do, or none.
    #[serde(default)]
    names: Vec<String>,
    /// Phrases; the name or its enclosing names must contain one of them as well.
    #[serde(default)]
    also: Vec<String>,
    /// Where HubSpot must be named.
    pub hubspot: Nearness,
    /// How sure a finding of this rule is.
    pub confidence: Confidence,
    /// Whether a name that other rules veto is accepted here, since the shape is proof.
    #[serde(default)]
    pub no_veto: bool,
    /// The reason shown with a finding.
    pub why: String,
    /// Lines in which the rule finds something. The test fills in `{uuid}` and the like.
    #[serde(default)]
    pub examples: Vec<String>,
    /// Lines in which no rule finds anything.
    #[serde(default)]
    pub counter_examples: Vec<String>,
    #[serde(skip)]
    name_phrases: Vec<Vec<String>>,
    #[serde(skip)]
    also_phrases: Vec<Vec<String>>,
}

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Words of a name that rule out a credential.
    veto: Vec<String>,
    /// Words of a name or line that mark a made-up value.
    pretend: Vec<String>,
    /// Other vendors, whose keys have the same shapes.
    vendors: Vec<String>,
    /// General words, which do not name the owner of a key.
    generic: Vec<String>,
    /// Fingerprints of published samples.
    samples: Vec<String>,
    /// The rules. The first one that matches decides.
    rule: Vec<Rule>,
    #[serde(skip)]
    veto_phrases: Vec<Vec<String>>,
    #[serde(skip)]
    pretend_phrases: Vec<Vec<String>>,
}

static RULES: LazyLock<Rules> = LazyLock::new(|| {
    let mut rules: Rules = toml::from_str(include_str!("../../../data/rules.toml")).expect("data/rules.toml is read by a test");
    rules.veto_phrases = phrases(&rules.veto);
    rules.pretend_phrases = phrases(&rules.pretend);
    for rule in &mut rules.rule {
        rule.name_phrases = phrases(&rule.names);
        rule.also_phrases = phrases(&rule.also);
    }
    rules
});

fn phrases(texts: &[String]) -> Vec<Vec<String>> {
    texts.iter().map(|text| words(text.as_bytes())).collect()
}

fn any(words: &[String], phrases: &[Vec<String>]) -> bool {
    phrases.iter().any(|phrase| has_phrase(words, phrase))
}

impl Rules {
    /// The rules, parsed on first use.
    pub fn get() -> &'static Self {
        &RULES
    }

    /// All rules, in order.
    pub fn all(&self) -> &[Rule] {
        &self.rule
    }

    /// Whether a name means that its value is the id of something.
    pub fn vetoed(&self, name: &[String]) -> bool {
        any(name, &self.veto_phrases)
    }

    /// Whether the words name another vendor.
    pub fn other_vendor(&self, words: &[String]) -> bool {
        words.iter().any(|word| self.vendors.contains(word))
    }

    /// Whether a fingerprint belongs to a published sample.
    pub fn is_sample(&self, fingerprint: &str) -> bool {
        self.samples.iter().any(|sample| sample == fingerprint)
    }

    /// Whether a name is general, and does not name the owner of a key.
    pub fn generic(&self, name: &[String]) -> bool {
        name.iter().all(|word| self.generic.contains(word) || word.bytes().all(|byte| byte.is_ascii_digit()))
    }

    /// Whether the words mark a made-up value.
    pub fn pretends(&self, words: &[String]) -> bool {
        any(words, &self.pretend_phrases)
    }
}

impl Rule {
    /// Whether the rule accepts any name.
    pub fn names_anything(&self) -> bool {
        self.name_phrases.is_empty()
    }

    /// The place of one of this rule's phrases among the words of a name. The last one counts, since the end of a name says what it is.
    pub fn phrase(&self, name: &[String]) -> Option<Range<usize>> {
        if self.name_phrases.is_empty() {
            return Some(0..0);
        }
        let places = self.name_phrases.iter().filter_map(|phrase| {
            let start = name.windows(phrase.len()).rposition(|window| window == phrase)?;
            Some(start..start + phrase.len())
        });
        places.max_by_key(|place| (place.end, place.len()))
    }

    /// Whether the rule has `also` phrases.
    pub fn asks_for_more(&self) -> bool {
        !self.also_phrases.is_empty()
    }

    /// Whether one of the `also` phrases is among these words. True where the rule has none.
    pub fn also_holds(&self, words: &[String], more: &[String]) -> bool {
        self.also_phrases.is_empty() || any(words, &self.also_phrases) || any(more, &self.also_phrases)
    }

    /// Whether this rule accepts the value's name. `around` are the words of the enclosing names.
    pub fn wants_name(&self, name: &[String], around: &[String]) -> bool {
        self.phrase(name).is_some() && (self.also_holds(name, around))
    }
}
