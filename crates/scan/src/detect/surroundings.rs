//! The surroundings of a value: its name, the keys around it, its uses and the file, as the rules query them.

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;

use super::constant::{places_of_use, uses};
use super::nearness::hubspot_is_nearest;
use super::place::{key_pretends, practice_place};
use super::{Text, argument, provider};
use crate::context::{self, Enclosing, Form, Name};
use crate::finding::{Confidence, Kind};
use crate::rules::{Nearness, Rule, Rules};
use crate::text::{contains_ignore_case, line_at, words};

/// The surroundings of a value, as the rules query them. The expensive answers are computed on demand.
pub(super) struct Surroundings<'a> {
    text: Text<'a>,
    at: Range<usize>,
    name: Name,
    enclosing: Option<Enclosing>,
    uses: Option<Vec<Name>>,
    near: Option<bool>,
    file: bool,
    sole: Option<bool>,
    /// Whether the only evidence is that the file names no other provider.
    pub(super) by_sole_provider: bool,
}

impl<'a> Surroundings<'a> {
    pub(super) fn new(text: Text<'a>, at: Range<usize>, file_names_hubspot: bool) -> Self {
        let mut name = context::name(text.bytes, at.start);
        if name.words.is_empty() && text.bytes.trim_ascii().len() == at.len() {
            name = named_by_file(text.path);
        }
        let file = file_names_hubspot || path_names_hubspot(text.path);
        Self { text, at, name, enclosing: None, uses: None, near: None, file, sole: None, by_sole_provider: false }
    }

    pub(super) fn satisfy(&mut self, rule: &Rule, rules: &Rules) -> bool {
        if rule.hubspot == Nearness::File && !self.file {
            return false;
        }
        if rule.no_veto && rule.names_anything() {
            return true;
        }
        if self.name.form == Form::PathSegment && !rule.no_veto {
            return self.satisfied_by_path_segment(rule);
        }
        let name = std::mem::take(&mut self.name);
        let mut holds = self.named_as(rule, rules, &name);
        if !holds && name.identifier.is_some() && name.form == Form::Assigned && !rule.no_veto && !rules.vetoed(&name.last) {
            let uses = self.uses.take().unwrap_or_else(|| uses(self.text.bytes, &name, &self.at));
            // A use counts by the name that it gives the value; the value's own name was checked above.
            holds = uses.iter().any(|used| self.named_as(rule, rules, used));
            self.uses = Some(uses);
        }
        if !holds && name.form == Form::Argument && !rule.no_veto && !rules.vetoed(&name.last) {
            holds = context::taker_of_setting(self.text.bytes, self.at.start).is_some_and(|taker| self.named_as(rule, rules, &taker));
        }
        self.name = name;
        holds
    }

    /// Whether HubSpot is the only provider in the file. Then a form body counts even where its URL is not near.
    fn is_sole_provider(&mut self, rules: &Rules) -> bool {
        let text = self.text.bytes;
        let sole = self.file && *self.sole.get_or_insert_with(|| provider::is_hubspot_alone(text, rules));
        self.by_sole_provider |= sole;
        sole
    }

    /// `/oauth/v1/refresh-tokens/<value>` names its value. In other paths, values are ids.
    fn satisfied_by_path_segment(&mut self, rule: &Rule) -> bool {
        let tokens = self.name.words.ends_with(&["tokens".to_owned()]);
        tokens && rule.kind == Kind::OauthRefreshToken && self.file && rule.wants_name(&self.name.words, &[])
    }

    fn named_as(&mut self, rule: &Rule, rules: &Rules, name: &Name) -> bool {
        let Some(phrase) = rule.phrase(&name.words) else { return false };
        if !rule.no_veto && vetoed(rules, rule, name, &phrase) {
            return false;
        }
        if rule.hubspot == Nearness::Anywhere && !rule.asks_for_more() {
            return true;
        }
        let own = names_hubspot(&name.words) || names_hubspot(&name.owner);
        if !own && rules.other_vendor(&name.words) {
            return false;
        }
        let Enclosing { words: around, key, key_at, .. } =
            self.enclosing.get_or_insert_with(|| context::enclosing(self.text.bytes, self.at.start));
        let enclosed = names_hubspot(around);
        // The innermost key names the owner of these settings.
        if !own && !names_hubspot(key) && rules.other_vendor(key) {
            return false;
        }
        if !rule.also_holds(&name.words, &name.owner) && !rule.also_holds(around, &[]) {
            return false;
        }
        match rule.hubspot {
            Nearness::Anywhere => true,
            // A plain `key` inside of a HubSpot block is HubSpot's key only where the innermost key around it has a generic name.
            Nearness::Name if phrase.len() == 1 && name.last.len() == 1 => own || (enclosed && rules.generic(key)),
            Nearness::Name => own || enclosed,
            Nearness::File => self.file,
            Nearness::Lines => {
                own || enclosed
                    || !provider::is_sent_elsewhere(self.text.bytes, self.at.start) && {
                        let (text, at, key_at) = (self.text, self.at.clone(), *key_at);
                        let section = !rules.generic(key);
                        rules.generic(&name.last)
                            && *self.near.get_or_insert_with(|| {
                                hubspot_is_nearest(text.bytes, &at, key_at, section, rules) || path_names_hubspot(text.path)
                            })
                            || rules.generic(&name.last) && self.is_sole_provider(rules)
                    }
            }
        }
    }

    /// The kind of a value by its position in a client's call: at its own place, or where its constant is used.
    pub(super) fn handed_to(&self) -> Option<(Kind, String)> {
        let (text, name) = (self.text.bytes, &self.name);
        argument::kind(text, self.at.start).or_else(|| {
            let constant = name.identifier.is_some() && name.form == Form::Assigned && self.file;
            constant.then(|| places_of_use(text, name, &self.at).into_iter().find_map(|place| argument::kind(text, place))).flatten()
        })
    }

    /// How sure a finding is here, at most `most`, and why.
    pub(super) fn confidence(&self, most: Confidence, why: &str, rules: &Rules) -> (Confidence, String) {
        let line = line_at(self.text.bytes, self.at.start);
        let near_line = line.start.max(self.at.start.saturating_sub(200))..line.end.min(self.at.end + 200);
        // `example.org` is the host of examples that run; it does not mean that the value is made up.
        static HOST: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?-u)example\.(?:com|org|net|edu)").expect("a constant"));
        let line_words = words(&HOST.replace_all(&self.text.bytes[near_line.start..self.at.start], b"".as_slice()));
        if rules.pretends(&self.name.words) || rules.pretends(&line_words) {
            return (Confidence::Low, format!("{}; but its line says it is made up", why));
        }
        let keys = match &self.enclosing {
            Some(enclosing) => enclosing.keys.clone(),
            None => context::enclosing(self.text.bytes, self.at.start).keys,
        };
        if let Some(key) = keys.iter().find(|key| key_pretends(key)) {
            return (Confidence::Low, format!("{}; but it is under a key \"{}\"", why, key.join(" ")));
        }
        let recorded = keys.iter().any(|key| matches!(key.as_slice(), [one] if one == "response" || one == "responses"));
        let place = practice_place(self.text.path).or(recorded.then_some("a recorded response"));
        if let Some(place) = place {
            return (most.min(Confidence::Medium), format!("{}; found in {place}", why));
        }
        (most, why.to_owned())
    }
}

/// Whether a name means that its value is the id of something. A word after the phrase always counts
/// (`api_key_id`). A word before it counts only where the phrase is one plain word (`form_key`, but not
/// `contact_api_key`).
fn vetoed(rules: &Rules, rule: &Rule, name: &Name, phrase: &Range<usize>) -> bool {
    let after = &name.words[phrase.end..];
    // In prose, the words after the phrase are the rest of the sentence.
    if name.form == Form::Prose {
        return rules.vetoed(after);
    }
    let telling = phrase.len() >= 2 || rule.kind == Kind::Hapikey && name.words.get(phrase.start).is_some_and(|word| word == "hapikey");
    if telling { rules.vetoed(after) } else { rules.vetoed(&name.last) || rules.vetoed(after) }
}

pub(super) fn names_hubspot(words: &[String]) -> bool {
    words.iter().any(|word| matches!(word.as_str(), "hubspot" | "hubapi" | "hapikey" | "hapi" | "hubspot3" | "hapipy"))
}

/// Whether a folder or the file itself is named after HubSpot. `hapi` alone does not count: a framework for Node has
/// that name.
pub(super) fn path_names_hubspot(path: &str) -> bool {
    // The functions of a HubSpot project: `app.functions/.env`.
    if let Some((folders, file)) = path.rsplit_once('/')
        && folders.ends_with(".functions")
        && (file.starts_with(".env") || file == "serverless.json" || file.ends_with(".js"))
    {
        return true;
    }
    let bytes = path.as_bytes();
    if !contains_ignore_case(bytes, b"hub") && !contains_ignore_case(bytes, b"hapi") {
        return false;
    }
    words(bytes).iter().any(|word| word != "hapi" && names_hubspot(std::slice::from_ref(word)))
}

/// The name of a value that is the whole content of its file, as mounted secrets are: the file's name, in its folders.
fn named_by_file(path: &str) -> Name {
    let (folders, file) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = file.strip_prefix('.').unwrap_or(file);
    let stem = stem.split_once('.').map_or(stem, |(stem, _)| stem);
    let last = words(stem.as_bytes());
    Name { form: Form::Assigned, words: last.clone(), last, owner: words(folders.as_bytes()), ..Name::default() }
}
