//! Values as programs print them: JSON, and the forms that Node, Python, Ruby, PHP and Java print.
//!
//! The reader is lenient: it accepts keys without quotes, single quotes, `None` and `nil`, `=>` and `=`, class names before
//! a brace, and a text that is cut off. It never fails inside of a container. The caller decides by the keys whether the
//! value is useful.

use serde_json::{Map, Value};

/// The greatest depth of containers that is read.
const DEPTH_MAX: usize = 24;
/// The most values in one container's tree.
const NODES_MAX: usize = 20_000;
/// The longest text that one value is read from, in bytes.
const BYTES_MAX: usize = 256 * 1024;
/// Marks with which clients show that they cut a body.
const CUT: [&str; 3] = ["(truncated...)", "[truncated]", "...<truncated>"];

/// Reads the container at the start of a text. Returns the value and the offset of its end.
pub(in crate::doctor) fn container(text: &str) -> Option<(Value, usize)> {
    let end = (0..=text.len().min(BYTES_MAX)).rev().find(|at| text.is_char_boundary(*at))?;
    let mut reader = Reader { text: &text[..end], at: 0, nodes: 0 };
    let value = reader.opened(0)?;
    Some((value, reader.at))
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    nodes: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn eat(&mut self, what: &str) -> bool {
        let found = self.rest().starts_with(what);
        if found {
            self.at += what.len();
        }
        found
    }

    fn blank(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    /// The container at this place; none where there is no container.
    fn opened(&mut self, depth: usize) -> Option<Value> {
        let open = self.peek()?;
        if depth > DEPTH_MAX || self.nodes > NODES_MAX {
            return None;
        }
        match open {
            '{' => {
                self.at += 1;
                Some(self.object('}', depth))
            }
            '(' => {
                self.at += 1;
                Some(if self.begins_with_key() { self.object(')', depth) } else { self.list(')', depth) })
            }
            '[' => {
                self.at += 1;
                Some(if self.begins_with_key() { self.object(']', depth) } else { self.list(']', depth) })
            }
            _ => None,
        }
    }

    /// Whether a key and its separator follow: then the brackets of PHP or Elixir contain a map.
    fn begins_with_key(&mut self) -> bool {
        let from = self.at;
        self.blank();
        let found = self.peek().is_some_and(|one| matches!(one, '"' | '\'' | '[')) && self.key().is_some();
        let sign = found && self.rest().trim_start().starts_with("=>");
        self.at = from;
        sign
    }

    fn object(&mut self, close: char, depth: usize) -> Value {
        let mut object = Map::new();
        loop {
            if self.ended(close) {
                break;
            }
            let from = self.at;
            let Some(key) = self.key() else { break };
            self.blank();
            if !(self.eat("=>") || self.eat(":") || self.eat("=")) {
                self.at = from;
                break;
            }
            self.nodes += 1;
            if self.nodes > NODES_MAX {
                break;
            }
            let value = self.value(true, depth + 1);
            object.entry(key).or_insert(value);
        }
        Value::Object(object)
    }

    fn list(&mut self, close: char, depth: usize) -> Value {
        let mut list = Vec::new();
        loop {
            if self.ended(close) {
                break;
            }
            let from = self.at;
            self.nodes += 1;
            if self.nodes > NODES_MAX {
                break;
            }
            list.push(self.value(false, depth + 1));
            if self.at == from {
                break;
            }
        }
        Value::Array(list)
    }

    /// Skips separators and the closing bracket. Returns whether the object or list ends here, by its own bracket, by another
    /// one, or by the end of the text.
    fn ended(&mut self, close: char) -> bool {
        self.separators();
        let next = self.peek();
        if next == Some(close) {
            self.at += 1;
        }
        matches!(next, None | Some('}' | ']' | ')')) || next == Some(close)
    }

    fn separators(&mut self) {
        loop {
            self.blank();
            if !(self.eat(",") || self.eat(";")) {
                return;
            }
        }
    }

    fn key(&mut self) -> Option<String> {
        match self.peek()? {
            '"' | '\'' | '`' => Some(self.string(true)),
            '[' => {
                let end = self.rest().find(']').filter(|end| *end < 200)?;
                let key = self.rest()[1..end].trim_matches(['"', '\'']).to_owned();
                self.at += end + 1;
                Some(key.split(':').next().unwrap_or_default().to_owned())
            }
            _ => {
                self.eat(":");
                let length = self.rest().find(|one: char| !(one.is_alphanumeric() || matches!(one, '_' | '-' | '.' | '$' | '@')))?;
                (length > 0 && length <= 200).then_some(())?;
                let key = self.rest()[..length].to_owned();
                self.at += length;
                Some(key)
            }
        }
    }

    fn value(&mut self, keyed: bool, depth: usize) -> Value {
        self.blank();
        self.class();
        match self.peek() {
            None => Value::Null,
            Some('[') if self.is_word_in_brackets() => {
                let end = self.rest().find(']').map_or(self.rest().len(), |end| end + 1);
                let word = self.rest()[..end].to_owned();
                self.at += end;
                Value::String(word)
            }
            Some('{' | '[' | '(') => match self.opened(depth) {
                Some(value) => value,
                None => {
                    self.at = self.text.len();
                    Value::Null
                }
            },
            Some('"' | '\'' | '`') => {
                let mut text = self.string(false);
                // Node breaks long strings: 'one' +\n 'two'.
                loop {
                    let from = self.at;
                    self.blank();
                    if self.eat("+") {
                        self.blank();
                        if matches!(self.peek(), Some('"' | '\'' | '`')) {
                            text.push_str(&self.string(false));
                            continue;
                        }
                    }
                    self.at = from;
                    break;
                }
                Value::String(text)
            }
            Some('b' | 'u' | 'r') if matches!(self.rest().as_bytes().get(1), Some(b'"' | b'\'')) => {
                self.at += 1;
                Value::String(self.string(false))
            }
            Some(_) => self.bare(keyed),
        }
    }

    /// Skips the class name before a container or a string: `Caseless {`, `array(3) {`, `string(5) "…"`.
    fn class(&mut self) {
        let rest = self.rest();
        let name = rest.find(|one: char| !(one.is_alphanumeric() || matches!(one, '_' | '.' | '\\' | '$' | '#' | '@' | ':'))).unwrap_or(0);
        if name == 0 {
            return;
        }
        let mut after = name;
        // A length in parentheses, as PHP and Node write it.
        if let Some(length) = rest[after..].strip_prefix('(').and_then(|inner| inner.find(')')) {
            if rest[after + 1..after + 1 + length].bytes().all(|byte| byte.is_ascii_digit()) {
                after += length + 2;
            } else if !rest[..name].eq("Array") && !rest[after + 1..].trim_start().starts_with(['{', '[']) {
                return;
            } else {
                // HTTPHeaderDict({…})
                after += 1;
            }
        }
        // Only PHP writes the container of a class on a new line.
        let over_lines =
            rest[..name].ends_with("Array") || rest[..name].ends_with("Object") || rest[after..].trim_start().starts_with("Object");
        let signs: &[char] = if over_lines { &[' ', '\t', '\n', '\r'] } else { &[' '] };
        let gap = rest[after..].len() - rest[after..].trim_start_matches(signs).len();
        let object = rest[after + gap..].strip_prefix("Object").map_or(0, |tail| "Object".len() + (tail.len() - tail.trim_start().len()));
        let opens =
            rest[after + gap + object..].starts_with(['{', '[', '(']) || (after > name && rest[after + gap..].starts_with(['"', '\'']));
        if opens && !rest[..name].starts_with(|one: char| one.is_ascii_digit()) {
            self.at += after + gap + object;
        }
    }

    /// `[Object]`, `[Array]`, `[Function: name]`, `[Circular *1]`: Node prints these in place of a value.
    fn is_word_in_brackets(&self) -> bool {
        let words = [
            "Object",
            "Array",
            "Function",
            "Circular",
            "Getter",
            "Symbol",
            "AsyncFunction",
            "class ",
            "Buffer",
            "REDACTED",
            "Filtered",
            "FILTERED",
        ];
        words.iter().any(|word| self.rest()[1..].starts_with(word))
    }

    /// A string in any quotes. An unescaped quote in the middle belongs to the string.
    fn string(&mut self, key: bool) -> String {
        let Some(quote) = self.peek() else { return String::new() };
        self.at += quote.len_utf8();
        let mut text = String::new();
        while let Some(one) = self.peek() {
            self.at += one.len_utf8();
            if one == '\\' {
                self.escape(&mut text);
            } else if one == quote {
                if self.closes(key) {
                    return text;
                }
                text.push(one);
            } else if one == '(' || one == '[' || one == '.' {
                let from = &self.text[self.at - 1..];
                if CUT.iter().any(|mark| from.starts_with(mark)) {
                    self.at = self.text.len();
                    return text;
                }
                text.push(one);
            } else {
                text.push(one);
            }
        }
        text
    }

    /// Whether a quote ends the string: a separator or the end of the line follows.
    fn closes(&self, key: bool) -> bool {
        let after = self.rest().trim_start_matches([' ', '\t', '\r']);
        key || after.is_empty() || after.starts_with([',', '}', ']', ')', ';', '+', '\n']) || after.starts_with("=>")
    }

    fn escape(&mut self, text: &mut String) {
        let Some(one) = self.peek() else { return };
        self.at += one.len_utf8();
        match one {
            'n' => text.push('\n'),
            't' => text.push('\t'),
            'r' => {}
            'u' | 'x' => {
                let digits = if one == 'u' { 4 } else { 2 };
                let code = self.rest().get(..digits).and_then(|hex| u32::from_str_radix(hex, 16).ok()).and_then(char::from_u32);
                if let Some(code) = code {
                    self.at += digits;
                    text.push(code);
                }
            }
            other => text.push(other),
        }
    }

    /// A word without quotes. After a key it ends where the next key begins, so that sentences from Java and PHP stay whole.
    fn bare(&mut self, keyed: bool) -> Value {
        let rest = self.rest();
        let mut end = rest.len();
        let mut brackets = 0_usize;
        for (at, one) in rest.char_indices() {
            let stops = match one {
                '[' => {
                    brackets += 1;
                    false
                }
                '\n' | '}' | ')' => true,
                ']' if brackets > 0 => {
                    brackets -= 1;
                    false
                }
                ']' => true,
                ',' | ';' => !keyed || next_is_key(&rest[at + 1..]),
                _ => false,
            };
            if stops {
                end = at;
                break;
            }
        }
        self.at += end;
        let word = rest[..end].trim();
        match word {
            "true" | "True" => Value::Bool(true),
            "false" | "False" => Value::Bool(false),
            "null" | "None" | "nil" | "undefined" | "NULL" | "" => Value::Null,
            _ => word.parse::<u64>().map_or_else(|_| Value::String(word.to_owned()), Value::from),
        }
    }
}

fn next_is_key(text: &str) -> bool {
    let text = text.trim_start();
    let Some(first) = text.chars().next() else { return true };
    if matches!(first, '}' | ']' | ')') {
        return true;
    }
    let mut reader =
        Reader { text: &text[..(0..=text.len().min(220)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)], at: 0, nodes: 0 };
    let quoted = matches!(first, '"' | '\'');
    reader.key().is_some() && {
        let after = reader.rest();
        let after = if quoted || first == '[' { after.trim_start() } else { after };
        after.starts_with([':', '=']) || after.trim_start().starts_with("=>")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn d2_each_program_s_print_is_read_as_the_value_that_it_prints() {
        for (text, expected) in [
            (r#"{"status":"error","code":400,"list":[1,"a"]}"#, json!({"status":"error","code":400,"list":[1,"a"]})),
            (
                "{\n  status: 'error',\n  headers: Caseless {\n    dict: { date: 'x', nel: [Array] }\n  },\n  message: \"This app hasn't been\" +\n    ' granted',\n  f: [Function: f]\n}",
                json!({"status":"error","headers":{"dict":{"date":"x","nel":"[Array]"}},"message":"This app hasn't been granted","f":"[Function: f]"}),
            ),
            (
                "{'status': 'error', 'ok': None, 'yes': True, 'b': b'x', 'u': u'y'}",
                json!({"status":"error","ok":null,"yes":true,"b":"x","u":"y"}),
            ),
            (
                "{\"status\"=>\"error\", :code=>409, \"list\"=>[\"a\"], \"n\"=>nil}",
                json!({"status":"error","code":409,"list":["a"],"n":null}),
            ),
            (
                "{status=error, message=One, two or three: wrong, category=VALIDATION_ERROR}",
                json!({"status":"error","message":"One, two or three: wrong","category":"VALIDATION_ERROR"}),
            ),
            (
                "(\n    [status] => error\n    [message] => Property, wrong\n    [errors] => Array\n        (\n            [0] => stdClass Object\n                (\n                    [code] => X\n                )\n        )\n)",
                json!({"status":"error","message":"Property, wrong","errors":{"0":{"code":"X"}}}),
            ),
        ] {
            assert_eq!(container(text).map(|(value, _)| value), Some(expected), "{text}");
        }
    }

    #[test]
    fn d2_a_text_that_breaks_off_is_read_as_far_as_it_goes() {
        let (value, _) =
            container(r#"{"status":"error","message":"Invalid input JSON on line 1, column 1: Cannot (truncated...)"#).unwrap();
        assert_eq!(value, json!({"status":"error","message":"Invalid input JSON on line 1, column 1: Cannot "}));
        let (value, _) = container(r#"{"status":"error","errors":[{"code":"X","con"#).unwrap();
        assert_eq!(value["errors"][0]["code"], "X");
    }

    #[test]
    fn what_is_no_value_gives_no_key() {
        assert_eq!(container("{ return 1; }").unwrap().0, json!({}));
        assert!(container("hello").is_none());
        assert!(container(&"[".repeat(10_000)).is_some());
    }
}
