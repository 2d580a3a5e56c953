//! Shell commands that send requests.

use keyway_core::catalog::Method;
use tree_sitter::Node;

use super::call::Call;
use super::value::Frame;
use super::{Answer, Program, words};

/// Options of curl and wget that send a body.
const BODY: [&str; 13] = [
    "-d",
    "--data",
    "--data-raw",
    "--data-binary",
    "--data-ascii",
    "--data-urlencode",
    "--json",
    "-F",
    "--form",
    "--form-string",
    "--post-data",
    "--post-file",
    "--url-query-post",
];

impl<'s, 't> Program<'s, 't> {
    /// The method of a command that sends requests; none for another command.
    pub(super) fn of_command(&self, call: &Call<'s, 't>, frame: Option<&Frame<'_, 's, 't>>) -> Option<Answer> {
        match call.name {
            "curl" | "wget" | "curlie" => Some(self.curl(call, frame)),
            "http" | "https" | "xh" | "httpie" => {
                let method = call.arguments.iter().find_map(|argument| words::method(self.source.of(argument.value)));
                let sends = call.arguments.iter().any(|argument| {
                    let word = self.source.of(argument.value);
                    word.contains(":=") || word.contains('=') && !word.contains("==") && !word.starts_with('-') && !word.contains("://")
                });
                Some(Answer::Says(method.unwrap_or(if sends { Method::Post } else { Method::Get })))
            }
            _ => None,
        }
    }

    fn curl(&self, call: &Call<'s, 't>, frame: Option<&Frame<'_, 's, 't>>) -> Answer {
        let (mut body, mut query, mut open) = (None, false, false);
        let mut arguments = call.arguments.iter().map(|argument| argument.value).peekable();
        while let Some(argument) = arguments.next() {
            let word = self.source.of(argument);
            let option = word.split('=').next().unwrap_or(word);
            let joined = word.split_once('=').map(|(_, value)| value.trim_matches(['"', '\'']));
            let cluster = word.starts_with('-') && !word.starts_with("--");
            match option {
                "-X" | "--request" | "--method" => {
                    if let Some(value) = joined.and_then(words::method) {
                        return Answer::Says(value);
                    }
                    match arguments.next().and_then(|value| self.evaluate(value, frame)) {
                        Some(method) => return Answer::Says(method),
                        None => open = true,
                    }
                }
                "-G" | "--get" => query = true,
                "-T" | "--upload-file" => body = Some(Method::Put),
                _ if BODY.contains(&option) => body = body.or(Some(Method::Post)),
                _ if cluster && word.len() > 2 => {
                    if let Some((_, rest)) = word.split_once('X') {
                        let method = if rest.is_empty() {
                            arguments.peek().copied().and_then(|value| self.evaluate(value, frame))
                        } else {
                            words::method(rest.trim_matches(['"', '\'']))
                        };
                        match method {
                            Some(method) => return Answer::Says(method),
                            None => open = true,
                        }
                    } else if word[1..].ends_with('d') || word.starts_with("-d") || word.starts_with("-F") {
                        body = body.or(Some(Method::Post));
                    }
                }
                // `"${args[@]}"`, `$OPTIONS`: the value of the variable.
                _ if word.contains('$') && !word.contains("://") && !word.contains('/') => {
                    if let Some(method) = self.words_of(argument) {
                        return Answer::Says(method);
                    }
                }
                _ => {}
            }
        }
        match (open, query, body) {
            (true, ..) => Answer::Open,
            (_, false, Some(method)) => Answer::Says(method),
            _ => Answer::Reads,
        }
    }

    /// The method among the words of a variable: `OPTIONS="-X POST"`, `args=(-X POST)`.
    fn words_of(&self, argument: Node<'s>) -> Option<Method> {
        let text = self.source.of(argument).trim_matches('"');
        let name = text.strip_prefix("${").or_else(|| text.strip_prefix('$'))?;
        let name = name.split(['[', '}', ':']).next()?;
        self.values(name, argument).into_iter().rev().find_map(|value| {
            let mut words = self.source.of(value).trim_matches(['(', ')', '"', '\'']).split_whitespace();
            words.find(|word| matches!(*word, "-X" | "--request"))?;
            words::method(words.next()?.trim_matches(['"', '\'']))
        })
    }
}
