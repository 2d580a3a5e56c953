//! The rules: which surroundings make a value a credential. They are data, `data/rules.toml`.

use std::ops::Range;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::finding::{Confidence, Kind};
use crate::shape::Shape;
use crate::text::{has_phrase, words};

/// How near HubSpot must be named for a rule to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nearness {
    /// Nowhere: shape or name say enough.
    Anywhere,
    /// Somewhere in the file or its path.
    File,
    /// Within a few lines.
    Lines,
    /// In the value's own name, or in what encloses it: section, block, call.
    Name,
}

/// A rule as it stands in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its name in reports.
    pub id: String,
    /// What it finds.
    pub kind: Kind,
    /// Shapes of value it is for.
    pub shapes: Vec<Shape>,
    /// Phrases, one of which the value's name must hold. None: any name, or none at all.
    #[serde(default)]
    names: Vec<String>,
    /// Phrases, one of which the name or what encloses it must hold as well.
    #[serde(default)]
    also: Vec<String>,
    /// Where HubSpot must be named.
    pub hubspot: Nearness,
    /// How sure a finding of this rule is.
    pub confidence: Confidence,
    /// Names that are vetoed elsewhere are fine here: the shape is proof.
    #[serde(default)]
    pub no_veto: bool,
    /// The reason shown with a finding.
    pub why: String,
    /// Lines in which the rule finds something. `{uuid}` and the like are filled in by the test.
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
    /// Words of a name that make it something other than a credential.
    veto: Vec<String>,
    /// Words of a name or line that say the value is made up.
    pretend: Vec<String>,
    /// Others whose keys have the same shapes.
    vendors: Vec<String>,
    /// Words that say nothing of whose key it is.
    generic: Vec<String>,
    /// Fingerprints of published samples.
    samples: Vec<String>,
    /// The rules; the first that holds decides.
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
    /// The rules, read at the first call.
    pub fn get() -> &'static Self {
        &RULES
    }

    /// All of them, in order.
    pub fn all(&self) -> &[Rule] {
        &self.rule
    }

    /// Whether the name says that the value is an id of something.
    pub fn vetoed(&self, name: &[String]) -> bool {
        any(name, &self.veto_phrases)
    }

    /// Whether the words name somebody else.
    pub fn other_vendor(&self, words: &[String]) -> bool {
        words.iter().any(|word| self.vendors.contains(word))
    }

    /// Whether a fingerprint is that of a published sample.
    pub fn is_sample(&self, fingerprint: &str) -> bool {
        self.samples.iter().any(|sample| sample == fingerprint)
    }

    /// Whether a name says nothing of whose key it is.
    pub fn generic(&self, name: &[String]) -> bool {
        name.iter().all(|word| self.generic.contains(word) || word.bytes().all(|byte| byte.is_ascii_digit()))
    }

    /// Whether the words say that the value is made up.
    pub fn pretends(&self, words: &[String]) -> bool {
        any(words, &self.pretend_phrases)
    }
}

impl Rule {
    /// Whether any name will do.
    pub fn names_anything(&self) -> bool {
        self.name_phrases.is_empty()
    }

    /// Where in the words of a name one of this rule's phrases stands; the last, since names end in what they are.
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

    /// Whether one of the `also` phrases is among these words, if there are any.
    pub fn also_holds(&self, words: &[String], more: &[String]) -> bool {
        self.also_phrases.is_empty() || any(words, &self.also_phrases) || any(more, &self.also_phrases)
    }

    /// Whether the value's name is one that this rule wants. `around` are the words of what encloses it.
    pub fn wants_name(&self, name: &[String], around: &[String]) -> bool {
        self.phrase(name).is_some() && (self.also_holds(name, around))
    }
}
