//! What surrounds a value: its own name, what encloses it, what is named near it.
//!
//! No parser of any language: the ways in which texts of every kind give a value a name are few
//! (`name = v`, `name: v`, `name, v`, `name(v)`, `<name>v`, `--name v`, `?name=v`), and a reader
//! that goes left from the value finds them in code, settings, exports and logs alike.

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;

use crate::text::{indent_of, is_word, line_at, words};

/// How far left a name is looked for, in bytes.
const NAME_REACH: usize = 400;
/// How far left an enclosing block is looked for, in bytes.
const ENCLOSING_REACH: usize = 4096;
/// Most enclosing blocks looked at.
const ENCLOSING_MAX: usize = 6;
/// Lines in each direction that count as near.
const NEAR_LINES: usize = 6;
/// Bytes in each direction that count as near, whatever the lines.
const NEAR_BYTES: usize = 900;

/// How a value came by its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// `name = v`, `name: v`, `?name=v`, `<name>v</name>`.
    Assigned,
    /// `name, v` or `name(v)`.
    Argument,
    /// A segment of a path.
    PathSegment,
    /// Words before it on its line.
    Prose,
    /// It has none.
    #[default]
    Bare,
}

/// The name of a value.
#[derive(Debug, Default)]
pub struct Name {
    /// How it was given.
    pub form: Form,
    /// All words of it: `config.hubspot.apiKey` is `config`, `hubspot`, `api`, `key`.
    pub words: Vec<String>,
    /// The words of its last part: `api`, `key`.
    pub last: Vec<String>,
    /// What the value is handed to or hangs from: a called function, a receiver.
    pub owner: Vec<String>,
    /// Where the name stands, if it is one plain identifier.
    pub identifier: Option<Range<usize>>,
}

impl Name {
    fn of(text: &[u8], range: Range<usize>, form: Form) -> Self {
        let name = &text[range.clone()];
        let last_at = name.iter().rposition(|byte| matches!(byte, b'.' | b'>' | b'[' | b':' | b'/')).map_or(0, |at| at + 1);
        // A name that ends in its separator (`hubspot_key:`) has its last part before it.
        let last = if last_at < name.len() { &name[last_at..] } else { name };
        let identifier =
            (!last.is_empty() && last.iter().all(|byte| is_word(*byte) || *byte == b'$')).then(|| range.start + last_at..range.end);
        Self { form, words: words(name), last: words(last), identifier, ..Self::default() }
    }
}

/// Finds the name of the value that starts at `start`.
pub fn name(text: &[u8], start: usize) -> Name {
    let floor = start.saturating_sub(NAME_REACH);
    let mut reader = Reader { text, at: start, floor };
    reader.quotes();
    let scheme = reader.scheme();
    let mut name = reader.name();
    if name.words.is_empty() {
        name.words.clone_from(&scheme);
        name.last.clone_from(&scheme);
    }
    if is_value_word(&name.last)
        && let Some(sibling) = sibling(text, start).or_else(|| block_label(text, start))
    {
        let mut named = Name::of(text, sibling, name.form);
        named.owner = name.words;
        named.identifier = None;
        return named;
    }
    name
}

/// Whether a name only says "value".
fn is_value_word(last: &[String]) -> bool {
    const WORDS: [&str; 9] = ["value", "val", "default", "content", "data", "text", "string", "values", "fallback"];
    match last {
        [one] => WORDS.contains(&one.as_str()),
        [first, second] => second == "value" || first == "secret" && second == "string",
        _ => false,
    }
}

/// Words of functions that hand on what they are given.
const DECODERS: [&str; 22] = [
    "atob",
    "decode",
    "b64decode",
    "base64",
    "decode64",
    "b64",
    "from",
    "string",
    "str",
    "some",
    "optional",
    "of",
    "new",
    "unescape",
    "to",
    "bytes",
    "trim",
    "strip",
    "buffer",
    "urlsafe",
    "strict",
    "convert",
];

/// Goes left through a text.
struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    floor: usize,
}

impl Reader<'_> {
    fn before(&self) -> Option<u8> {
        (self.at > self.floor).then(|| self.text[self.at - 1])
    }

    fn ends_with(&self, suffix: &[u8]) -> bool {
        self.at - self.floor >= suffix.len() && self.text[..self.at].ends_with(suffix)
    }

    fn take(&mut self, suffix: &[u8]) -> bool {
        let there = self.ends_with(suffix);
        if there {
            self.at -= suffix.len();
        }
        there
    }

    fn spaces(&mut self) {
        while self.before().is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
            self.at -= 1;
        }
    }

    fn spaces_and_lines(&mut self) {
        while self.before().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at -= 1;
        }
    }

    /// Opening quotes, plain, escaped or encoded, and the letter before a string in some languages.
    fn quotes(&mut self) -> bool {
        let start = self.at;
        loop {
            let encoded = [b"%22".as_slice(), b"%27", b"&quot;", b"&#34;", b"&#39;", b"\\u0022", b"\\u0027"];
            if self.before().is_some_and(|byte| matches!(byte, b'"' | b'\'' | b'`' | b'\\' | b'*')) {
                self.at -= 1;
            } else if !encoded.iter().any(|quote| self.take(quote)) {
                break;
            }
        }
        if self.at < start && self.before().is_some_and(|byte| matches!(byte, b'b' | b'u' | b'r' | b'f' | b'@' | b'$' | b'L')) {
            let alone = self.at < 2 || !is_word(self.text[self.at - 2]);
            self.at -= usize::from(alone);
        }
        self.at < start
    }

    /// `Bearer` and the like before the value, inside the same string.
    fn scheme(&mut self) -> Vec<String> {
        let here = self.at;
        self.spaces();
        if self.at == here && !self.take(b"%20") && !self.take(b"+") {
            return Vec::new();
        }
        for scheme in [b"Bearer".as_slice(), b"bearer", b"BEARER", b"Token", b"token", b"Basic"] {
            if self.take(scheme) {
                self.quotes();
                return words(scheme);
            }
        }
        self.at = here;
        Vec::new()
    }

    fn name(&mut self) -> Name {
        self.spaces();
        // A value on the line after its key: `"key":\n  "value"`, `key =\n  'value'`, `call(\n  'value'`.
        let here = self.at;
        if matches!(self.before(), Some(b'\n' | b'\r')) {
            self.spaces_and_lines();
            // A backslash continues a line.
            while self.before() == Some(b'\\') {
                self.at -= 1;
                self.spaces_and_lines();
            }
            if !self.before().is_some_and(|byte| matches!(byte, b'=' | b':' | b'(' | b',' | b'|' | b'>' | b'?'))
                && !self.ends_with(b">-")
                && !self.ends_with(b"|-")
            {
                self.at = here;
                return Name::default();
            }
        }
        // YAML block scalars: `key: |` and `key: >-`.
        while self
            .before()
            .is_some_and(|byte| matches!(byte, b'|' | b'>') || byte == b'-' && (self.ends_with(b">-") || self.ends_with(b"|-")))
            && here > self.at
            && !self.ends_with(b"=>")
        {
            self.at -= 1;
            self.spaces();
        }
        for operator in [b"%3D".as_slice(), b"%3d", b"%3A", b"%3a", b"||", b"??", b" or", b":-", b" to", b"&#x3D;", b"\\u003d", b"\\u003D"]
        {
            if self.take(operator) {
                return self.assigned();
            }
        }
        match self.before() {
            Some(b'=' | b':' | b'?') => self.assigned(),
            Some(b'>') if self.ends_with(b"=>") || self.ends_with(b"->") => self.assigned(),
            Some(b'>') => self.element(),
            Some(b'(' | b',' | b'[') => self.argument(),
            Some(b'|' | b';') => self.cell(),
            Some(b'/') => self.path_segment(),
            Some(b'{') => Name::default(),
            Some(_) => self.spoken(),
            None => Name::default(),
        }
    }

    /// Left of `=`, `:`, `=>` and the like.
    fn assigned(&mut self) -> Name {
        let operator = self.at;
        while self.before().is_some_and(|byte| matches!(byte, b'=' | b':' | b'>' | b'-' | b'+' | b'?' | b'|' | b'!' | b' ' | b'\t' | b'<'))
        {
            self.at -= 1;
        }
        let operator = &self.text[self.at..operator];
        let line = line_at(self.text, self.at).start.max(self.floor);
        if operator.contains(&b'=') {
            // `name: type = value`, `name As type = value`
            static TYPED: LazyLock<Regex> = LazyLock::new(|| {
                // No space before the type: `config:set NAME=` is a command.
                Regex::new(r"(?-u)(?:^|[^\w$])(\w+)(?:\s*\??:\s+[&*\w<>\[\]?|'. ]+|\s*\??:[&*\w<>\[\]?|'.]+ ?|\s+[Aa]s\s+\w+)$")
                    .expect("a constant")
            });
            if let Some(name) = TYPED.captures(&self.text[line..self.at]).and_then(|captures| captures.get(1)) {
                return Name::of(self.text, line + name.start()..line + name.end(), Form::Assigned);
            }
        } else if operator.starts_with(b":") && self.before().is_some_and(is_word) {
            // `HubSpot API key: value`
            static SPOKEN: LazyLock<Regex> =
                LazyLock::new(|| Regex::new(r"(?-u)[A-Za-z][\w-]*(?: [A-Za-z][\w-]*){1,5}$").expect("a constant"));
            if let Some(spoken) = SPOKEN.find(&self.text[line..self.at]) {
                let mut name = Name::of(self.text, line + spoken.start()..line + spoken.end(), Form::Assigned);
                name.identifier = None;
                return name;
            }
        }
        let quoted = self.before().is_some_and(|byte| matches!(byte, b'"' | b'\''));
        let range = self.token();
        let mut name = Name::of(self.text, range, Form::Assigned);
        if quoted {
            // A key of a map, not a name that could be used elsewhere.
            name.identifier = None;
        }
        name
    }

    /// The name that ends here: a quoted string, or identifiers joined by `.`, `->`, `::` and `[…]`.
    fn token(&mut self) -> Range<usize> {
        self.spaces();
        let mut end = self.at;
        // `["name"]`, `('name')`: the string inside is the name.
        let bracket = self.before().is_some_and(|byte| matches!(byte, b']' | b')'));
        if bracket {
            let quoted = end >= 2 && matches!(self.text[end - 2], b'"' | b'\'');
            if !quoted {
                self.at -= 1;
                end = self.at;
            } else {
                self.at -= 1;
                end -= 1;
            }
        }
        if self.before().is_some_and(|byte| matches!(byte, b'"' | b'\'' | b'`')) {
            self.quotes();
            let close = self.at;
            let open = self.text[self.floor..close].iter().rposition(|byte| matches!(byte, b'"' | b'\'' | b'`' | b'\n'));
            let start = open.map_or(self.floor, |at| self.floor + at + 1);
            self.at = start;
            return start..close;
        }
        while let Some(byte) = self.before() {
            let arrow = byte == b'>' && self.ends_with(b"->");
            let scope = byte == b':' && self.at >= 1 && self.text.get(self.at).is_some_and(|next| is_word(*next) || *next == b':');
            if is_word(byte) || matches!(byte, b'.' | b'-' | b'$') || arrow || scope || byte >= 0x80 {
                self.at -= 1;
            } else {
                break;
            }
        }
        self.at..end
    }

    /// `<name>v` and `<entry key="name">v`.
    fn element(&mut self) -> Name {
        let close = self.at - 1;
        let Some(open) = memchr::memrchr(b'<', &self.text[self.floor..close]).map(|at| self.floor + at + 1) else { return Name::default() };
        let tag = &self.text[open..close];
        static NAMED: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r#"(?i-u)\b(?:name|key|id)\s*=\s*["']([^"']*)["']"#).expect("a constant"));
        if let Some(captures) = NAMED.captures(tag)
            && let Some(value) = captures.get(1)
        {
            return Name::of(self.text, open + value.start()..open + value.end(), Form::Assigned);
        }
        // A property list: `<key>name</key><string>v</string>`.
        if tag == b"string"
            && let Some(key) = self.property(open - 1)
        {
            let mut name = Name::of(self.text, key, Form::Assigned);
            name.identifier = None;
            // `<key>HubSpot</key><dict>` around it.
            let before = &self.text[self.floor..open];
            let dict = memchr::memmem::rfind(before, b"<dict>").filter(|at| memchr::memmem::find(&before[*at..], b"</dict>").is_none());
            if let Some(owner) = dict.and_then(|at| self.property(self.floor + at)) {
                name.owner = words(&self.text[owner]);
            }
            return name;
        }
        let end = tag.iter().position(|byte| byte.is_ascii_whitespace()).unwrap_or(tag.len());
        Name::of(self.text, open..open + end, Form::Assigned)
    }

    /// The `<key>` of a property list that stands before an offset.
    fn property(&self, at: usize) -> Option<Range<usize>> {
        let before = self.text[self.floor..at].trim_ascii_end().strip_suffix(b"</key>")?;
        let start = memchr::memmem::rfind(before, b"<key>")? + b"<key>".len();
        Some(self.floor + start..self.floor + before.len())
    }

    /// `call(v)`, `call("name", v)`, `["name", v]`.
    fn argument(&mut self) -> Name {
        if let Some(name) = self.column() {
            return name;
        }
        let mut first = true;
        let mut previous = None;
        if self.before() == Some(b',') {
            first = false;
            self.at -= 1;
            self.spaces_and_lines();
            let quoted = self.before().is_some_and(|byte| matches!(byte, b'"' | b'\'' | b'`'));
            let range = self.token();
            // A plain variable before the value says nothing; a string or a CONSTANT names it.
            let constant = self.text[range.clone()]
                .iter()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'.'));
            let in_call =
                self.text[line_at(self.text, range.start).start..range.start].iter().any(|byte| matches!(byte, b'(' | b'[' | b'{'));
            if !range.is_empty() && (quoted || constant || !in_call) {
                previous = Some(range);
            }
        }
        let callee = self.callee();
        if first && !callee.is_empty() && callee.iter().all(|word| DECODERS.contains(&word.as_str())) {
            // `key = atob(v)`: what is decoded has the name of what it is put into.
            self.spaces();
            return match self.before() {
                Some(b'=' | b':' | b'>') => self.assigned(),
                Some(b'(' | b',') => self.argument(),
                _ => Name::default(),
            };
        }
        let mut name = match previous {
            Some(range) => Name::of(self.text, range, Form::Argument),
            None => Name { form: Form::Argument, words: callee.clone(), last: callee.clone(), ..Name::default() },
        };
        name.identifier = None;
        if !first {
            name.owner = callee;
        } else if name.words.is_empty() {
            // `[v]`, `(v)`: the list has the name.
            self.spaces();
            if self.before().is_some_and(|byte| matches!(byte, b'=' | b':' | b'>')) {
                return self.assigned();
            }
        }
        name
    }

    /// The column that a value of an SQL insert goes into.
    fn column(&self) -> Option<Name> {
        static INSERT: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r#"(?i-u)insert\s+into\s+([\w.`"\[\]]+)\s*\(([^()]{1,2000})\)\s*values\s*"#).expect("a constant"));
        let line = line_at(self.text, self.at).start.max(self.floor);
        let open = line + self.text[line..self.at].iter().rposition(|byte| *byte == b'(')?;
        let before = self.text[..open].trim_ascii_end();
        let row = before.ends_with(b",") || before.len() >= 6 && before[before.len() - 6..].eq_ignore_ascii_case(b"values");
        row.then_some(())?;
        let statement = &self.text[open.saturating_sub(8 << 10)..open];
        let insert = INSERT.captures_iter(statement).last()?;
        let columns: Vec<&[u8]> = insert.get(2)?.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii).collect();
        let tuple = &self.text[open + 1..self.at];
        let number = tuple.iter().filter(|byte| **byte == b',').count();
        let column = columns.get(number)?;
        let words = words(column);
        // `(name, value)` rows name their values themselves.
        (!is_value_word(&words)).then(|| Name {
            form: Form::Argument,
            last: words.clone(),
            words,
            owner: crate::text::words(&insert[1]),
            ..Name::default()
        })
    }

    /// The words of what is called, where the reader stands inside its parentheses.
    fn callee(&mut self) -> Vec<String> {
        let mut depth = 0;
        while let Some(byte) = self.before() {
            match byte {
                b')' | b']' | b'}' => depth += 1,
                b'(' | b'[' | b'{' if depth == 0 => {
                    let mut reader = Reader { text: self.text, at: self.at - 1, floor: self.floor };
                    // `Client<Type>(`
                    if reader.before() == Some(b'>') {
                        reader.at = memchr::memrchr(b'<', &self.text[self.floor..reader.at]).map_or(reader.at, |at| self.floor + at);
                    }
                    let plain = reader.before().is_some_and(is_word);
                    let callee = if plain { words(&self.text[reader.token()]) } else { Vec::new() };
                    self.at = reader.at;
                    return callee;
                }
                b'(' | b'[' | b'{' => depth -= 1,
                b';' if depth == 0 => return Vec::new(),
                _ => {}
            }
            self.at -= 1;
        }
        Vec::new()
    }

    /// A cell of a table: the cell before it.
    fn cell(&mut self) -> Name {
        self.at -= 1;
        self.spaces();
        let end = self.at;
        while self.before().is_some_and(|byte| !matches!(byte, b'|' | b';' | b'\n')) {
            self.at -= 1;
        }
        let mut name = Name::of(self.text, self.at..end, Form::Prose);
        name.last.clone_from(&name.words);
        name
    }

    fn path_segment(&mut self) -> Name {
        let end = self.at - 1;
        self.at = end;
        while self.before().is_some_and(|byte| is_word(byte) || byte == b'-') {
            self.at -= 1;
        }
        let mut name = Name::of(self.text, self.at..end, Form::PathSegment);
        name.identifier = None;
        name
    }

    /// `--name v`, `ENV NAME v`, or prose.
    fn spoken(&mut self) -> Name {
        let end = self.at;
        let token = self.token();
        let text = &self.text[token.clone()];
        let flag = text.starts_with(b"--");
        let constant = text.len() > 3 && text.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_');
        if flag || constant {
            let mut name = Name::of(self.text, token, Form::Assigned);
            name.identifier = None;
            return name;
        }
        // The last few words of the sentence, up to another value.
        const LONGEST_WORD: usize = 30;
        self.at = end;
        let line = line_at(self.text, end.min(self.text.len())).start.max(self.floor).max(end.saturating_sub(72));
        let mut word = 0;
        while self.at > line && !matches!(self.text[self.at - 1], b'.' | b'!' | b'?' | b';') {
            word = if self.text[self.at - 1].is_ascii_whitespace() { 0 } else { word + 1 };
            if word > LONGEST_WORD {
                self.at += word - 1;
                break;
            }
            self.at -= 1;
        }
        let words = words(&self.text[own_words(self.text, line, self.at)..end]);
        Name { form: Form::Prose, last: words.clone(), words, ..Name::default() }
    }
}

/// Where the words of a sentence begin that speak of the value at their end: behind who says it (`Ben: it's …`)
/// and behind another value.
fn own_words(text: &[u8], line: usize, from: usize) -> usize {
    static SPEAKER: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^(?-u)[\s>*_<\[(-]*(?P<who>[\w.@-]{1,24})[\])>*_]*:[*_]*\s").expect("a constant"));
    let end = text[from..].iter().position(|byte| *byte == b'\n').map_or(text.len(), |found| from + found);
    let mut start = from;
    if from == line
        && let Some(speaker) = SPEAKER.captures(&text[from..end])
        && let (Some(whole), Some(who)) = (speaker.get(0), speaker.name("who"))
        && !crate::text::contains_ignore_case(who.as_bytes(), b"hub")
    {
        start = from + whole.end();
    }
    start
}

/// The name that another option of a command gives: `put-parameter --name /prod/key --value v`.
fn option_beside(text: &[u8], start: usize) -> Option<Range<usize>> {
    static OPTION: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?-u)\s--(?:name|key|secret-id|secret-name|parameter-name)[ =]["']?(?P<name>[\w./:-]{3,120})"#).expect("a constant")
    });
    static VALUE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"(?-u)\s--[\w-]*(?:value|string|data)[ =]["']?$"#).expect("a constant"));
    let line = line_at(text, start);
    let before = &text[line.start..start];
    VALUE.is_match(before).then_some(())?;
    let name = OPTION.captures(&text[line.clone()])?.name("name")?;
    Some(line.start + name.start()..line.start + name.end())
}

/// The name that stands beside a value: `{"name": "X", "value": v}`, in either order.
fn sibling(text: &[u8], start: usize) -> Option<Range<usize>> {
    static NAMED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?im-u)(?:\b|^)(?:name|key|id|variable|label|field|parameter|header|title|env_?var)\\?["']?\s*(?:=>|[:=])\s*\\?["']?([^"'\n\r,}<>\\]{2,80})"#)
            .expect("a constant")
    });
    if let Some(option) = option_beside(text, start) {
        return Some(option);
    }
    let region = item_around(text, start);
    let best = NAMED
        .captures_iter(&text[region.clone()])
        .filter_map(|captures| captures.get(1))
        .map(|found| region.start + found.start()..region.start + found.end());
    best.min_by_key(|range| if range.end <= start { start - range.end } else { range.start - start })
}

/// The label of the block a value stands in: `variable "name" { default = v }`.
fn block_label(text: &[u8], start: usize) -> Option<Range<usize>> {
    let floor = start.saturating_sub(NAME_REACH);
    let mut depth = 0;
    let open = (floor..start).rev().find(|at| match text[*at] {
        b'}' => {
            depth += 1;
            false
        }
        b'{' if depth > 0 => {
            depth -= 1;
            false
        }
        byte => byte == b'{',
    })?;
    let mut reader = Reader { text, at: open, floor };
    reader.spaces();
    let label = reader.token();
    (!label.is_empty()).then_some(label)
}

/// The braces, tag or list item around a value.
fn item_around(text: &[u8], start: usize) -> Range<usize> {
    let floor = start.saturating_sub(NAME_REACH);
    let ceiling = text.len().min(start + NAME_REACH);
    let mut depth = 0i32;
    let mut from = None;
    for at in (floor..start).rev() {
        match text[at] {
            b'}' | b']' => depth += 1,
            b'{' | b'[' if depth == 0 => {
                from = Some(at);
                break;
            }
            b'{' | b'[' => depth -= 1,
            b'<' if depth == 0 && text.get(at + 1).is_some_and(|byte| byte.is_ascii_alphabetic()) && !text[at..start].contains(&b'>') => {
                from = Some(at);
                break;
            }
            _ => {}
        }
    }
    if let Some(from) = from {
        depth = 0;
        for at in start..ceiling {
            match text[at] {
                b'{' | b'[' => depth += 1,
                b'}' | b']' if depth == 0 => return from..at,
                b'}' | b']' => depth -= 1,
                b'>' if text[from] == b'<' => return from..at,
                _ => {}
            }
        }
        return from..ceiling;
    }
    // A list item of YAML, or an element inside its parent: a few lines, up to the dash or tag that begins it.
    let mut begin = line_at(text, start).start;
    for _ in 0..3 {
        let line = &text[begin..];
        let trimmed = line.iter().position(|byte| !matches!(byte, b' ' | b'\t')).map_or(line, |at| &line[at..]);
        if trimmed.starts_with(b"- ") || begin == 0 {
            break;
        }
        begin = line_at(text, begin - 1).start;
    }
    let mut end = line_at(text, start).end;
    for _ in 0..3 {
        if end >= text.len() {
            break;
        }
        let next = line_at(text, end + 1);
        let line = &text[next.clone()];
        let trimmed = line.iter().position(|byte| !matches!(byte, b' ' | b'\t')).map_or(line, |at| &line[at..]);
        if trimmed.starts_with(b"- ") || trimmed.is_empty() {
            break;
        }
        end = next.end;
    }
    begin..end
}

/// What encloses a value: sections, keys above it, calls and blocks.
#[derive(Debug, Default)]
pub struct Enclosing {
    /// All words.
    pub words: Vec<String>,
    /// The words of the innermost key or section, if there is one.
    pub key: Vec<String>,
    /// Where that key stands.
    pub key_at: usize,
    /// The words of every key and section around it, innermost first.
    pub keys: Vec<Vec<String>>,
}

/// What encloses the value that starts at `start`.
pub fn enclosing(text: &[u8], start: usize) -> Enclosing {
    let mut found = Enclosing::default();
    openers(text, start, &mut found);
    parents(text, start, &mut found);
    found
}

/// The name that an identifier is used under begins before what qualifies it: `self::KEY`, `this.key`.
pub fn qualified_start(text: &[u8], start: usize) -> usize {
    let mut reader = Reader { text, at: start, floor: start.saturating_sub(80) };
    if reader.before().is_some_and(|byte| matches!(byte, b'.' | b':' | b'>')) {
        return reader.token().start;
    }
    start
}

/// Text before each bracket that is open where the value stands.
fn openers(text: &[u8], start: usize, found: &mut Enclosing) {
    let floor = start.saturating_sub(ENCLOSING_REACH);
    let mut depth = 0;
    let mut levels = 0;
    for at in (floor..start).rev() {
        match text[at] {
            b')' | b']' | b'}' => depth += 1,
            b'(' | b'[' | b'{' if depth > 0 => depth -= 1,
            b'(' | b'[' | b'{' => {
                let line = line_at(text, at).start.max(at.saturating_sub(120));
                let mut head = &text[line..at];
                let before = head.trim_ascii_end();
                let key = before.ends_with(b":") || before.ends_with(b"=>");
                if (text[at] != b'{' || key)
                    && let Some(cut) = head.iter().rposition(|byte| matches!(byte, b';' | b'{' | b'}' | b','))
                {
                    head = &head[cut + 1..];
                }
                // A function or class that has HubSpot in its name may do much else inside.
                // PHP's `'hubspot' => array(` is a key, too.
                let array = text[at] == b'(' && head.ends_with(b"array");
                if array {
                    head = &head[..head.len() - b"array".len()];
                }
                let body = !is_arrow_of_key(head) && is_definition(head) || text[at] == b'{' && head.trim_ascii_end().ends_with(b")");
                if !body {
                    let words = words(head);
                    let keyed = (text[at] != b'(' || array)
                        && head.trim_ascii_end().ends_with(b":")
                            | head.trim_ascii_end().ends_with(b"=")
                            | head.trim_ascii_end().ends_with(b">");
                    if keyed {
                        found.keys.push(words.clone());
                    }
                    if keyed && found.key.is_empty() {
                        found.key.clone_from(&words);
                        found.key_at = line;
                    }
                    found.words.extend(words);
                }
                levels += 1;
                if levels == ENCLOSING_MAX {
                    return;
                }
            }
            _ => {}
        }
    }
}

/// Whether an arrow stands behind a key, as in `'hubspot' => [` and `:hubspot => {`, and not behind parameters.
fn is_arrow_of_key(head: &[u8]) -> bool {
    let Some(key) = head.trim_ascii_end().strip_suffix(b"=>").map(<[u8]>::trim_ascii_end) else { return false };
    let symbol = key.iter().rposition(|byte| !is_word(*byte)).is_some_and(|before| key[before] == b':');
    key.ends_with(b"'") || key.ends_with(b"\"") || symbol
}

fn is_definition(head: &[u8]) -> bool {
    const WORDS: [&[u8]; 10] =
        [b"class ", b"function ", b"def ", b"func ", b"fn ", b"=>", b"interface ", b"namespace ", b"module ", b"struct "];
    WORDS.iter().any(|word| head.windows(word.len()).any(|window| window == *word))
}

/// Keys above a value that are indented less, and the section of an INI file it is in.
fn parents(text: &[u8], start: usize, found: &mut Enclosing) {
    static KEY: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?-u)^\s*(?:- )?(?:["']?([\w.\-/ ]{1,60})["']?\s*:\s*(?:[&|>!#].*)?|<([\w.:\-]+)(?:\s[^>]*)?>)\s*$"#)
            .expect("a constant")
    });
    static SECTION: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"(?-u)^\s*\[\[?\s*([\w.\-: "']{1,60})\s*\]\]?\s*$"#).expect("a constant"));
    let floor = start.saturating_sub(ENCLOSING_REACH);
    let mut line = line_at(text, start);
    let mut indent = indent_of(&text[line.clone()]);
    let mut levels = 0;
    while line.start > floor && levels < ENCLOSING_MAX {
        line = line_at(text, line.start - 1);
        let content = &text[line.clone()];
        if content.len() > 200 {
            continue;
        }
        if let Some(section) = SECTION.captures(content).and_then(|captures| captures.get(1)) {
            found.add_key(words(section.as_bytes()), line.start);
            return;
        }
        let here = indent_of(content);
        if here >= indent || content.trim_ascii().is_empty() {
            continue;
        }
        if let Some(captures) = KEY.captures(content) {
            indent = here;
            levels += 1;
            found.add_key(words(captures.get(1).map_or(content, |key| key.as_bytes())), line.start);
        }
    }
}

impl Enclosing {
    fn add_key(&mut self, words: Vec<String>, at: usize) {
        if self.key.is_empty() {
            self.key.clone_from(&words);
            self.key_at = at;
        }
        self.keys.push(words.clone());
        self.words.extend(words);
    }
}

/// The few lines around a value.
pub fn near(text: &[u8], value: &Range<usize>) -> Range<usize> {
    let mut start = value.start;
    for _ in 0..=NEAR_LINES {
        match memchr::memrchr(b'\n', &text[..start]) {
            Some(at) if value.start - at < NEAR_BYTES => start = at,
            Some(_) => {
                start = start.min(value.start.saturating_sub(NEAR_BYTES));
                break;
            }
            None => {
                start = value.start.saturating_sub(NEAR_BYTES);
                break;
            }
        }
    }
    let mut end = value.end;
    for _ in 0..=NEAR_LINES {
        match memchr::memchr(b'\n', &text[end..]) {
            Some(at) if end + at + 1 - value.end < NEAR_BYTES => end += at + 1,
            Some(_) | None => {
                end = text.len().min(value.end + NEAR_BYTES);
                break;
            }
        }
    }
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words of the name that `VALUE` has in a text.
    fn named(text: &str) -> String {
        name(text.as_bytes(), text.find("VALUE").expect("the text holds VALUE")).words.join(" ")
    }

    #[test]
    fn a_value_is_named_in_every_kind_of_text() {
        for (text, expected) in [
            ("API_KEY=VALUE", "api key"),
            ("export API_KEY='VALUE'", "api key"),
            ("const apiKey: string = \"VALUE\"", "api key"),
            ("\"apiKey\": \"VALUE\"", "api key"),
            ("{\\\"apiKey\\\": \\\"VALUE\\\"}", "api key"),
            ("api_key: VALUE", "api key"),
            ("api_key: >-\n  VALUE", "api key"),
            ("'api_key' => 'VALUE'", "api key"),
            ("?hapikey=VALUE", "hapikey"),
            ("hapikey%3DVALUE", "hapikey"),
            ("<apiKey>VALUE</apiKey>", "api key"),
            ("<entry key=\"api.key\">VALUE</entry>", "api key"),
            ("<add key=\"ApiKey\" value=\"VALUE\"/>", "api key"),
            ("<add value=\"VALUE\" key=\"ApiKey\"/>", "api key"),
            ("{\"name\": \"API_KEY\", \"value\": \"VALUE\"}", "api key"),
            ("{\"value\": \"VALUE\", \"name\": \"API_KEY\"}", "api key"),
            ("- name: API_KEY\n  value: VALUE", "api key"),
            ("define('API_KEY', 'VALUE')", "api key"),
            ("os.environ[\"API_KEY\"] = \"VALUE\"", "api key"),
            ("os.getenv('API_KEY', 'VALUE')", "api key"),
            ("process.env.API_KEY || 'VALUE'", "process env api key"),
            ("${API_KEY:-VALUE}", "api key"),
            ("setApiKey(\"VALUE\")", "set api key"),
            ("--api-key VALUE", "api key"),
            ("ENV API_KEY VALUE", "api key"),
            ("Authorization: Bearer VALUE", "authorization"),
            ("the api key is VALUE", "the api key is"),
            ("| api key | VALUE |", "api key"),
            ("api_key,VALUE", "api key"),
            ("\"api_key\" to \"VALUE\"", "api key"),
            ("keys = [\"VALUE\"]", "keys"),
            ("$this->apiKey = 'VALUE';", "this api key"),
        ] {
            assert_eq!(named(text), expected, "{text}");
        }
    }

    #[test]
    fn sections_blocks_and_keys_above_enclose_a_value() {
        for text in [
            "[hubspot]\na = 1\nkey = VALUE",
            "hubspot:\n  a: 1\n  key: VALUE",
            "{\"hubspot\": {\"a\": 1, \"key\": \"VALUE\"}}",
            "new hubspot.Client({ key: 'VALUE' })",
            "variable \"hubspot_key\" {\n  default = \"VALUE\"\n}",
            "<hubspot>\n  <key>VALUE</key>\n</hubspot>",
        ] {
            let around = enclosing(text.as_bytes(), text.find("VALUE").expect("there"));
            assert!(around.words.iter().any(|word| word == "hubspot"), "{text}: {around:?}");
        }
        let text = "class HubspotThing {\n  key = 'VALUE'\n}";
        assert!(enclosing(text.as_bytes(), text.find("VALUE").expect("there")).words.is_empty());
    }
}
