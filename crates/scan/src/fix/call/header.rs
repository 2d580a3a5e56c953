//! Edits that make a call send a bearer token, for each shape of call.

use tree_sitter::Node;

use super::{Call, Shape, keyword_of, value_of};
use crate::code::edit::Edit;
use crate::code::syntax::{Source, above, line_end};
use crate::fix::token::Token;
use crate::fix::{Language, TOKEN};

impl Call<'_> {
    /// Edits that add the header. None where the shape of the call is not clear, or the call already sends this header.
    pub fn send_bearer(&self, source: &Source<'_>, token: &Token) -> Option<Vec<Edit>> {
        let value = token.bearer(source)?;
        let text = source.of(self.node).to_ascii_lowercase();
        // A client's own authentication option would overwrite the header.
        let authenticates =
            ["authorization", "auth=", "auth:", "'auth'", "**", "...", " -u ", "--user "].iter().any(|word| text.contains(word));
        if authenticates && self.shape != Shape::Builder {
            return None;
        }
        let (value_of_php, value_of_shell) = match token {
            Token::Environment => (format!("getenv('{TOKEN}')"), format!("${TOKEN}")),
            Token::Kept(text) => (text.clone(), text.clone()),
        };
        let mut edits = match self.shape {
            Shape::Options(place) => self.option(source, place, &format!("Authorization: {value}"))?,
            Shape::Keywords => vec![self.keyword(source, &format!("\"Authorization\": {value}"))?],
            Shape::Array(place) => vec![self.array(source, place, &format!("'Authorization' => {value}"))?],
            Shape::RubyKeywords => vec![self.ruby(source, None, &format!("'Authorization' => {value}"))?],
            Shape::RubyHeaders(place) => vec![self.ruby(source, Some(place), &format!("'Authorization' => {value}"))?],
            Shape::Builder => vec![self.builder(source, &value)?],
            Shape::Curl => vec![self.after_statement(source, |name, indent| {
                format!("{indent}curl_setopt({name}, CURLOPT_HTTPHEADER, ['Authorization: Bearer ' . {value_of_php}]);\n")
            })?],
            Shape::Statement => vec![self.after_statement(source, |name, indent| match source.language {
                Language::Go => format!("{indent}{name}.Header.Set(\"Authorization\", {value})\n"),
                _ => format!("{indent}{name}.Headers.TryAddWithoutValidation(\"Authorization\", {value});\n"),
            })?],
            Shape::Words => vec![Edit::insert(self.list.end_byte(), format!(" -H \"Authorization: Bearer {value_of_shell}\""))],
        };
        if *token == Token::Environment {
            edits.extend(source.import_os(self.node.start_byte()));
        }
        Some(edits)
    }

    /// JavaScript: `headers` in the options.
    fn option(&self, source: &Source<'_>, place: usize, header: &str) -> Option<Vec<Edit>> {
        match self.arguments.get(place) {
            Some(options) if options.kind() == "object" => match value_of(source, *options, "headers") {
                Some(headers) if headers.kind() == "object" => Some(vec![first_in(headers, header, "{ ", " ")]),
                Some(_) => None,
                None => Some(vec![first_in(*options, &format!("headers: {{ {header} }}"), "{ ", " ")]),
            },
            // Options from elsewhere may have headers of their own.
            Some(_) => None,
            None if place > 0 && self.arguments.len() == place => {
                Some(vec![Edit::insert(self.arguments.last()?.end_byte(), format!(", {{ headers: {{ {header} }} }}"))])
            }
            None => None,
        }
    }

    /// Python: the keyword `headers`.
    fn keyword(&self, source: &Source<'_>, header: &str) -> Option<Edit> {
        if self.arguments.iter().any(|argument| argument.kind() == "dictionary_splat") {
            return None;
        }
        match keyword_of(source, &self.arguments, "headers") {
            Some(headers) if headers.kind() == "dictionary" => Some(first_in(headers, header, "{", "")),
            Some(_) => None,
            None => Some(Edit::insert(self.arguments.last()?.end_byte(), format!(", headers={{{header}}}"))),
        }
    }

    /// PHP: `'headers'` in the options.
    fn array(&self, source: &Source<'_>, place: usize, header: &str) -> Option<Edit> {
        match self.arguments.get(place) {
            Some(options) if is_array(source, *options) => match value_of(source, *options, "headers") {
                Some(headers) if is_array(source, headers) => Some(first_in(headers, header, "[", "")),
                Some(_) => None,
                None => Some(first_in(*options, &format!("'headers' => [{header}]"), "[", "")),
            },
            Some(_) => None,
            None if self.arguments.len() == place => {
                Some(Edit::insert(self.arguments.last()?.end_byte(), format!(", ['headers' => [{header}]]")))
            }
            None => None,
        }
    }

    /// Ruby: `headers:`, or the hash at its place.
    fn ruby(&self, source: &Source<'_>, place: Option<usize>, header: &str) -> Option<Edit> {
        let last = self.arguments.last()?.end_byte();
        match place {
            None => {
                let pair =
                    self.arguments.iter().find(|argument| argument.kind() == "pair" && source.of(**argument).starts_with("headers:"));
                match pair.and_then(|pair| pair.child_by_field_name("value")) {
                    Some(headers) if headers.kind() == "hash" => Some(first_in(headers, header, "{ ", " ")),
                    Some(_) => None,
                    None => Some(Edit::insert(last, format!(", headers: {{ {header} }}"))),
                }
            }
            Some(place) => match self.arguments.get(place) {
                Some(headers) if headers.kind() == "hash" => Some(first_in(*headers, header, "{ ", " ")),
                Some(_) => None,
                None if self.arguments.len() == place => Some(Edit::insert(last, format!(", {{ {header} }}"))),
                None => None,
            },
        }
    }

    /// Java: one more link of the chain.
    fn builder(&self, source: &Source<'_>, value: &str) -> Option<Edit> {
        let chain = above(self.node, |node| !matches!(node.kind(), "method_invocation" | "argument_list"))
            .map_or("", |statement| source.of(statement));
        (!chain.to_ascii_lowercase().contains("\"authorization\""))
            .then(|| Edit::insert(self.node.end_byte(), format!(".header(\"Authorization\", {value})")))
    }

    /// Go, C#, PHP's curl: after the statement that makes the request, and after Go's check of the error.
    fn after_statement(&self, source: &Source<'_>, line: impl Fn(&str, &str) -> String) -> Option<Edit> {
        let statement = above(self.node, |node| {
            node.parent().is_some_and(|parent| {
                matches!(
                    parent.kind(),
                    "block" | "statement_list" | "compound_statement" | "program" | "declaration_list" | "global_statement"
                )
            })
        })?;
        let text = source.of(statement).trim_start();
        let text = ["using var ", "using ", "var ", "let "].iter().find_map(|word| text.strip_prefix(word)).unwrap_or(text);
        let name: String = text.split([',', ' ', ':', '=']).find(|word| !word.is_empty())?.to_owned();
        // `HttpRequestMessage request = new …` has the type before the name.
        let name = if source.language == Language::CSharp && name == "HttpRequestMessage" {
            text.split_whitespace().nth(1)?.to_owned()
        } else {
            name
        };
        let plain = name.trim_start_matches('$');
        (!plain.is_empty() && plain.chars().all(|one| one.is_alphanumeric() || one == '_')).then_some(())?;
        // A second statement that sets headers would overwrite this one.
        let set = source.text.contains("CURLOPT_HTTPHEADER") || source.text.contains(&format!("{name}.Headers.Authorization"));
        (!set || source.language == Language::Go).then_some(())?;
        let mut last = statement;
        if source.language == Language::Go {
            let next = statement
                .next_named_sibling()
                .filter(|next| next.kind() == "if_statement" && source.of(*next).starts_with("if err != nil"));
            last = next.unwrap_or(statement);
        }
        let start = source.text[..statement.start_byte()].rfind('\n').map_or(0, |at| at + 1);
        let indent: String = source.text[start..].chars().take_while(|one| matches!(one, ' ' | '\t')).collect();
        let at = line_end(source.text, last.end_byte());
        let ends = source.text[..at].ends_with('\n');
        Some(Edit::insert(at, format!("{}{}", if ends { "" } else { "\n" }, line(&name, &indent))))
    }
}

fn is_array(source: &Source<'_>, node: Node<'_>) -> bool {
    node.kind() == "array_creation_expression" && source.of(node).starts_with('[')
}

/// Inserts a pair before the others of an object, or as the only one in an empty object.
fn first_in(object: Node<'_>, pair: &str, open: &str, close: &str) -> Edit {
    match object.named_child(0) {
        Some(first) => Edit::insert(first.start_byte(), format!("{pair}, ")),
        None => Edit::replace(object.byte_range(), format!("{open}{pair}{close}{}", if open.starts_with('[') { "]" } else { "}" })),
    }
}
