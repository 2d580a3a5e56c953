//! A reader that goes left from a value to the value's name.

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;

use super::{Form, Name, is_value_word};
use crate::text::{is_word, line_at, words};

/// Words in the names of functions that return their argument in another form.
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

/// Reads a text from right to left.
pub(super) struct Reader<'a> {
    pub text: &'a [u8],
    pub at: usize,
    pub floor: usize,
}

impl Reader<'_> {
    pub(super) fn before(&self) -> Option<u8> {
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

    pub(super) fn spaces(&mut self) {
        while self.before().is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
            self.at -= 1;
        }
    }

    fn spaces_and_lines(&mut self) {
        while self.before().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at -= 1;
        }
    }

    /// Opening quotes: plain, escaped or encoded, with the letter that some languages put before a string.
    pub(super) fn quotes(&mut self) -> bool {
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

    /// `Bearer` and similar words before the value, inside the same string.
    pub(super) fn scheme(&mut self) -> Vec<String> {
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

    pub(super) fn name(&mut self) -> Name {
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

    /// The name left of `=`, `:`, `=>` and the like.
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
            // This is a key of a map; nothing else can refer to it by this name.
            name.identifier = None;
        }
        name
    }

    /// The name that ends here: a quoted string, or identifiers joined by `.`, `->`, `::` and `[…]`.
    pub(super) fn token(&mut self) -> Range<usize> {
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
            // `<key>HubSpot</key><dict>` encloses it.
            let before = &self.text[self.floor..open];
            let dict = memchr::memmem::rfind(before, b"<dict>").filter(|at| memchr::memmem::find(&before[*at..], b"</dict>").is_none());
            if let Some(owner) = dict.and_then(|at| self.property(self.floor + at)) {
                name.owner = words(&self.text[owner]);
            }
            return name;
        }
        let end = tag.iter().position(|byte| byte.is_ascii_whitespace()).unwrap_or(tag.len());
        if let Some(named) = Some(open - 1).filter(|_| matches!(&tag[..end], b"value" | b"parameterValue")).and_then(|at| self.named(at)) {
            let mut name = Name::of(self.text, named, Form::Assigned);
            name.identifier = None;
            return name;
        }
        Name::of(self.text, open..open + end, Form::Assigned)
    }

    /// The element that names the `<value>` at an offset: `<field>Client_Secret__c</field>` in Salesforce's metadata,
    /// without the suffix of custom fields.
    fn named(&self, at: usize) -> Option<Range<usize>> {
        static NAMED: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"(?-u)<(?:field|name|key|parameterName|developerName)>(?P<name>[\w. -]{2,80}?)(?:__c)?</\w+>$").expect("a constant")
        });
        let before = self.text[self.floor..at].trim_ascii_end();
        let name = NAMED.captures(before)?.name("name")?;
        Some(self.floor + name.start()..self.floor + name.end())
    }

    /// The `<key>` of a property list before an offset.
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
            // A plain variable before the value is not its name; a string or a CONSTANT is.
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
            // `key = atob(v)`: the decoded value has the name of the variable.
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
            // `[v]`, `(v)`: the name is that of the list.
            self.spaces();
            if self.before().is_some_and(|byte| matches!(byte, b'=' | b':' | b'>')) {
                return self.assigned();
            }
        }
        name
    }

    /// The column of a value in an SQL `INSERT`.
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
        // Rows of `(name, value)` contain the names of their values.
        (!is_value_word(&words)).then(|| Name {
            form: Form::Argument,
            last: words.clone(),
            words,
            owner: crate::text::words(&insert[1]),
            ..Name::default()
        })
    }

    /// The words of the called function, where the reader is inside its parentheses.
    pub(super) fn callee(&mut self) -> Vec<String> {
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

    /// For a cell of a table: the cell before it.
    fn cell(&mut self) -> Name {
        self.at -= 1;
        self.spaces();
        let end = self.at;
        while self.before().is_some_and(|byte| !matches!(byte, b'|' | b';' | b'\n')) {
            self.at -= 1;
        }
        let mut name = Name::of(self.text, self.at..end, Form::Prose);
        if let Some(head) = self.head_of_column().filter(|head| tells(head) && !tells(&name.words)) {
            name.owner = std::mem::replace(&mut name.words, head);
        }
        name.last.clone_from(&name.words);
        name
    }

    /// The words at the head of the reader's column, where the table has a head in Markdown's form.
    fn head_of_column(&self) -> Option<Vec<String>> {
        const ROWS_MAX: usize = 60;
        let row = line_at(self.text, self.at);
        let column = self.text[row.start..self.at + 1].iter().filter(|byte| **byte == b'|').count();
        let is_rule =
            |line: &[u8]| line.contains(&b'-') && line.iter().all(|byte| matches!(byte, b'|' | b'-' | b':' | b' ' | b'\t' | b'\r'));
        let mut line = row;
        for _ in 0..ROWS_MAX {
            line = line_at(self.text, line.start.checked_sub(1)?);
            if !self.text[line.clone()].contains(&b'|') {
                return None;
            }
            if is_rule(&self.text[line.clone()]) {
                let head = line_at(self.text, line.start.checked_sub(1)?);
                return self.text[head].split(|byte| *byte == b'|').nth(column + 1).map(words);
            }
        }
        None
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
        // The last few words of the sentence, back to another value.
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
        let words = words(&self.text[own_words(self.text, line, self.at..end)..end]);
        Name { form: Form::Prose, last: words.clone(), words, ..Name::default() }
    }
}

/// Whether words name a credential.
fn tells(words: &[String]) -> bool {
    words.iter().any(|word| matches!(word.as_str(), "secret" | "key" | "token" | "hapikey" | "apikey"))
}

/// The start of the words that describe the value at the end of a sentence: after a speaker's name (`Ben: it's …`) and
/// after any other value.
fn own_words(text: &[u8], line: usize, sentence: Range<usize>) -> usize {
    static SPEAKER: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^(?-u)[\s>*_<\[(-]*(?P<who>[\w.@-]{1,24})[\])>*_]*:[*_]*(?:\s|$)").expect("a constant"));
    let from = sentence.start;
    let mut start = from;
    if from == line
        && let Some(speaker) = SPEAKER.captures(&text[sentence])
        && let (Some(whole), Some(who)) = (speaker.get(0), speaker.name("who"))
        && !crate::text::contains_ignore_case(who.as_bytes(), b"hub")
    {
        start = from + whole.end();
    }
    start
}
