//! Credentials: values of a known shape, judged by their surroundings.

use std::ops::Range;
use std::sync::LazyLock;

use keyway_core::secret::Secret;
use keyway_core::token;
use regex::bytes::Regex;

use super::place::{key_pretends, practice_place};
use super::{Candidate, Text, argument, dress, parts, provider, sent};
use crate::context::{self, Enclosing, Form, Name};
use crate::finding::{Confidence, Kind};
use crate::prefilter::Hits;
use crate::rules::{Nearness, Rule, Rules};
use crate::shape::{self, Shape};
use crate::text::{contains_ignore_case, follows_a_word, has_phrase, indent_of, is_comment, is_word, line_at, words};

/// Finds the credentials that a text contains unencoded.
pub fn find(text: Text<'_>, hits: &Hits, found: &mut Vec<Candidate>) {
    for value in values(text.bytes, hits) {
        found.extend(judge_value(text, &value, hits.hubspot));
    }
    if hits.hubspot || !hits.values.is_empty() || !hits.encoded.is_empty() {
        dress::find(text, hits.hubspot, found);
    }
    // Concatenation joins pieces at run time: search the text without the seams between them.
    if let Some(seamless) = seamless(text.bytes) {
        let joined = Text { path: text.path, bytes: &seamless.bytes };
        let mut joined_hits = Hits::default();
        super::search(joined, &mut joined_hits);
        for value in values(joined.bytes, &joined_hits) {
            if let Some(at) = seamless.across_a_seam(&value.at) {
                found.extend(judge_value(joined, &value, joined_hits.hubspot).map(|candidate| Candidate { at, ..candidate }));
            }
        }
    }
    parts::find(text, hits.hubspot, found);
}

/// A value of a known shape.
pub(super) struct Value {
    /// The span of the value.
    pub at: Range<usize>,
    shape: Shape,
}

/// Every value of a known shape that may be a credential.
pub(super) fn values(text: &[u8], hits: &Hits) -> Vec<Value> {
    let mut values = Vec::new();
    for start in &hits.values {
        values.extend(value_at(text, *start));
    }
    if hits.hubspot {
        // A bare UUID counts only in a text that names HubSpot, and so does a token whose prefix the prefilter does not know.
        static SHAPES: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"(?-u)[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-|\b[a-z]{2}[0-9]{1,2}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-|\bC[I-P][0-9A-Za-z_-]{58}").expect("a constant")
        });
        for found in SHAPES.find_iter(text) {
            values.extend(value_at(text, found.start()));
        }
    }
    values.sort_by_key(|value| (value.at.start, std::cmp::Reverse(value.at.end)));
    values.dedup_by(|later, earlier| later.at.start < earlier.at.end);
    values
}

/// The value that starts at an offset, unless it is part of a longer word.
pub(super) fn value_at(text: &[u8], start: usize) -> Option<Value> {
    let rest = &text[start..];
    let read = |length: Option<usize>, shape| length.map(|length| (length, shape));
    // A UUID may begin with a C, too. No value matches two of these forms.
    let (length, shape) = read(shape::pat(rest), Shape::Pat)
        .or_else(|| read(shape::personal_access_key(rest), Shape::PersonalAccessKey))
        .or_else(|| shape::oauth_access(rest))
        .or_else(|| read(shape::routed(rest), Shape::Routed))
        .or_else(|| read(shape::uuid(rest), Shape::Uuid))?;
    let end = start + length;
    let after_word = follows_a_word(text, start);
    let before_word =
        text.get(end).is_some_and(|byte| is_word(*byte) || (*byte == b'-' && text.get(end + 1).is_some_and(u8::is_ascii_alphanumeric)));
    (!after_word && !before_word).then_some(Value { at: start..end, shape })
}

/// Makes a candidate of a value. None where the value is not a credential.
pub(super) fn judge_value(text: Text<'_>, value: &Value, file_names_hubspot: bool) -> Option<Candidate> {
    let secret = String::from_utf8_lossy(&text.bytes[value.at.clone()]).into_owned();
    if shape::placeholder(&secret).is_some() {
        return None;
    }
    let rules = Rules::get();
    let mut surroundings = Surroundings::new(text, value.at.clone(), file_names_hubspot);
    if matches!(value.shape, Shape::Uuid | Shape::Routed)
        && let Some((kind, callee)) = surroundings.handed_to()
    {
        let (confidence, reason) = surroundings.confidence(Confidence::High, &format!("an argument of {callee} that is a secret"), rules);
        return Some(Candidate {
            at: value.at.clone(),
            value: Secret::new(secret),
            kind,
            rule: "client-argument",
            confidence,
            reason,
            sent_to: None,
        });
    }
    let rule = rules.all().iter().find(|rule| rule.shapes.contains(&value.shape) && surroundings.satisfy(rule, rules))?;
    let mut kind = rule.kind;
    if value.shape == Shape::Pat && token::looks_like_ours(&secret) {
        kind = Kind::KeywayToken;
    }
    // The same parameter has the developer account's key where HubSpot accepts only that key.
    if kind == Kind::Hapikey && super::usage::developer_call(text.bytes, value.at.start) {
        kind = Kind::DeveloperKey;
    }
    let most = if surroundings.by_sole_provider { rule.confidence.min(Confidence::Medium) } else { rule.confidence };
    let (confidence, reason) = surroundings.confidence(most, &rule.why, rules);
    Some(Candidate {
        at: value.at.clone(),
        value: Secret::new(secret),
        kind,
        rule: &rule.id,
        confidence,
        reason,
        sent_to: sent::foreign_host(text, &value.at),
    })
}

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
    by_sole_provider: bool,
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

    fn satisfy(&mut self, rule: &Rule, rules: &Rules) -> bool {
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
    fn handed_to(&self) -> Option<(Kind, String)> {
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

fn names_hubspot(words: &[String]) -> bool {
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

/// Whether the lines around a value name HubSpot, and no other vendor's name is nearer before the value. `key_at` is
/// the offset of the innermost key around the value: a block `hubspot:` that ends before this key does not count. In a
/// named `section`, text after the section's end does not count.
fn hubspot_is_nearest(text: &[u8], at: &Range<usize>, key_at: usize, section: bool, rules: &Rules) -> bool {
    // Random letters sometimes contain the name of a vendor. Names are shorter than tokens.
    const NAME_MAX: usize = 40;
    let near = context::near(text, at);
    let before = &text[near.start..at.start];
    let mut end = before.len();
    while end > 0 {
        let start = before[..end].iter().rposition(|byte| !is_word(*byte)).map_or(0, |at| at + 1);
        let token = &before[start..end];
        end = start.saturating_sub(1);
        if !(3..=NAME_MAX).contains(&token.len()) {
            continue;
        }
        let words = words(token);
        let portal = matches!(words.as_slice(), [first, second] if (first == "portal" || first == "hub") && second == "id");
        if portal || names_hubspot(&words) {
            let line = line_at(text, near.start + start);
            return !is_over(text, line, key_at);
        }
        if rules.other_vendor(&words) {
            return false;
        }
    }
    let end = if section { end_of_section(text, at).min(near.end) } else { near.end };
    let after = &text[at.end..end];
    contains_ignore_case(after, b"hubspot") || contains_ignore_case(after, b"hubapi")
}

/// The end of the section that holds a value: its closing bracket, or the line before one that is indented less or
/// begins another section.
fn end_of_section(text: &[u8], at: &Range<usize>) -> usize {
    let indent = indent_of(&text[line_at(text, at.start)]);
    let mut depth = 0usize;
    for (here, byte) in text.iter().enumerate().skip(at.end) {
        match byte {
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' if depth == 0 => return here,
            b'}' | b']' | b')' => depth -= 1,
            b'\n' => {
                let line = &text[line_at(text, (here + 1).min(text.len()))];
                if !line.trim_ascii().is_empty() && (indent_of(line) < indent || line.starts_with(b"[")) {
                    return here;
                }
            }
            _ => {}
        }
    }
    text.len()
}

/// Whether a line belongs to a block that ends before the key at `key_at`.
fn is_over(text: &[u8], line: Range<usize>, key_at: usize) -> bool {
    let content = &text[line.clone()];
    if line.start >= key_at || is_comment(content) {
        return false;
    }
    // In Kubernetes, `metadata` names the whole document.
    let metadata = text[..line.start].trim_ascii_end().ends_with(b"metadata:") && content.trim_ascii_start().starts_with(b"name:");
    if metadata && memchr::memmem::find(&text[line.end..key_at], b"\n---").is_none() {
        return false;
    }
    let (here, key) = (indent_of(content), indent_of(&text[line_at(text, key_at)]));
    here > key || here == key && matches!(content.trim_ascii_end().last(), Some(b':' | b'{'))
}

/// The names under which other places of the text use the constant that holds a value: `?hapikey=${KEY}`,
/// `new Hubspot({ apiKey: KEY })`.
fn uses(text: &[u8], name: &Name, at: &Range<usize>) -> Vec<Name> {
    let places = places_of_use(text, name, at);
    places.into_iter().flat_map(|place| used_as(text, place)).filter(|name| name.form != Form::Prose).collect()
}

/// The places that use the constant that holds a value.
fn places_of_use(text: &[u8], name: &Name, at: &Range<usize>) -> Vec<usize> {
    const USES_MAX: usize = 50;
    let Some(identifier) = &name.identifier else { return Vec::new() };
    let identifier = &text[identifier.clone()];
    let bare = identifier.strip_prefix(b"$").unwrap_or(identifier);
    if bare.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for start in memchr::memmem::find_iter(text, bare).take(USES_MAX * 4) {
        let end = start + bare.len();
        let whole = (start == 0 || !is_word(text[start - 1])) && text.get(end).is_none_or(|byte| !is_word(*byte));
        if !whole || (at.start.saturating_sub(120)..at.end).contains(&start) {
            continue;
        }
        // The same word in a comment does not use the value.
        let line = line_at(text, start);
        if is_comment(&text[line.start.max(start.saturating_sub(400))..start]) || in_trailing_comment(&text[line.start..start]) {
            continue;
        }
        found.push(start);
        if found.len() >= USES_MAX {
            break;
        }
    }
    found
}

/// Whether a line has a comment after its code: `code  # comment`, `code; // comment`.
fn in_trailing_comment(line: &[u8]) -> bool {
    [b" # ".as_slice(), b" // ", b"\t# ", b"\t// "].iter().any(|mark| memchr::memmem::find(line, mark).is_some())
}

/// The names that the identifier's value gets at this place.
fn used_as(text: &[u8], start: usize) -> Vec<Name> {
    // Interpolation and concatenation have only these characters between the name and the value.
    let start = context::qualified_start(text, start);
    let mut at = start;
    while at > 0 && matches!(text[at - 1], b'{' | b'$' | b'#' | b'+' | b'.' | b' ' | b'"' | b'\'' | b'`' | b'(' | b'@') && start - at < 12 {
        if text[at - 1] == b'(' && at >= 2 && is_word(text[at - 2]) {
            break;
        }
        at -= 1;
    }
    let mut names = vec![context::name(text, start)];
    if at != start {
        names.push(context::name(text, at));
    }
    // A format call names its values in the text before them: "…?hapikey=%s", KEY.
    let statement_start = text[..start].iter().rposition(|byte| matches!(byte, b';')).map_or(0, |at| at + 1).max(start.saturating_sub(200));
    let statement = &text[statement_start..start];
    static PLACE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?i-u)\bhapikey=(?:%[sv]|\{[a-z0-9_]*\}|\?)").expect("a constant"));
    if PLACE.is_match(statement) {
        let hapikey = vec!["hapikey".to_owned()];
        names.push(Name { form: Form::Argument, words: hapikey.clone(), last: hapikey, ..Name::default() });
    }
    names.retain(|name| {
        has_phrase(&name.words, &["hapikey".to_owned()])
            || names_hubspot(&name.words)
            || names_hubspot(&name.owner)
            || name.words.len() >= 2
    });
    let around = context::enclosing(text, start);
    if names_hubspot(&around.words) {
        names.iter_mut().for_each(|name| name.owner.push("hubspot".to_owned()));
    }
    names
}

/// A text without the seams of string concatenation.
struct Seamless {
    bytes: Vec<u8>,
    /// Offsets in `bytes` where something was removed, and the bytes removed up to there.
    seams: Vec<(usize, usize)>,
}

/// Removes `" + "`, `' . '`, `" "` and line continuations, where there are any.
fn seamless(text: &[u8]) -> Option<Seamless> {
    const TEXT_MAX: usize = 4 << 20;
    static SEAM: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?-u)(?:\\\r?\n|"\s*(?:\+|\.\.?|&|\|\||<>|\\)?\s*[\\_]?\s*@?"|'\s*(?:\+|\.\.?|&|\|\||\\)?\s*\\?\s*'|`\s*\+\s*`|"\s*(?:\+|\.|&)\s*'|'\s*(?:\+|\.|&)\s*")"#)
            .expect("a constant")
    });
    if text.len() > TEXT_MAX {
        return None;
    }
    let mut seams: Vec<(usize, usize)> = Vec::new();
    let mut copied = 0;
    let mut out = Vec::new();
    let mut taken = 0;
    for seam in SEAM.find_iter(text) {
        // A seam is removed only where there is a piece of a key on both sides.
        let before = seam.start().checked_sub(1).map(|at| text[at]);
        let after = text.get(seam.end());
        let joins = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'+' | b'/');
        if seam.len() < 2 || !before.is_some_and(joins) || !after.is_some_and(|byte| joins(*byte)) {
            continue;
        }
        out.extend_from_slice(&text[copied..seam.start()]);
        copied = seam.end();
        taken += seam.len();
        seams.push((out.len(), taken));
    }
    if seams.is_empty() {
        return None;
    }
    out.extend_from_slice(&text[copied..]);
    Some(Seamless { bytes: out, seams })
}

impl Seamless {
    /// The span in the original of a value of the seamless text. None where no seam crosses the value.
    fn across_a_seam(&self, at: &Range<usize>) -> Option<Range<usize>> {
        self.seams.iter().any(|(seam, _)| at.start < *seam && *seam < at.end).then_some(())?;
        let shift = |offset: usize| self.seams.iter().take_while(|(seam, _)| *seam <= offset).last().map_or(0, |(_, taken)| *taken);
        Some(at.start + shift(at.start)..at.end + shift(at.end - 1))
    }
}
