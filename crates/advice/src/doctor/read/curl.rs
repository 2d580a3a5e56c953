//! A curl command as people copy it: from a terminal, a browser or documentation.
//!
//! The text is split into words as a POSIX shell does it, and nothing is expanded. A shell does not expand a variable in
//! single quotes; the doctor reports that the user probably meant it to be expanded.

use crate::doctor::{Call, CredentialKind};

/// A word, and whether it has a `$` that a shell does not expand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Word {
    text: String,
    literal_dollar: bool,
}

/// Finds a curl command in a text. Returns the call and the rest of the text.
pub(super) fn find(text: &str) -> Option<(Call, String)> {
    let begins = |line: &str| {
        let line = line.trim_start().trim_start_matches(['$', '>', '%']).trim_start();
        // A sentence about curl is not a command.
        let tells = ["curl error", "curl failed", "curl returned", "curl exit", "curl timed"].iter().any(|words| line.starts_with(words));
        !tells && (line.starts_with("curl ") || line.starts_with("curl.exe "))
    };
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if begins(line) {
            let start = at + line.find("curl")?;
            let (words, end) = words(&text[start..]);
            let call = call(&words)?;
            return Some((call, format!("{}\n{}", &text[..at], &text[start + end..])));
        }
        at += line.len();
    }
    None
}

/// Splits one command into words. The command ends at a line break without continuation, or at `|`, `;`, `&`, `>`.
fn words(text: &str) -> (Vec<Word>, usize) {
    let mut found = Vec::new();
    let mut word: Option<Word> = None;
    let mut characters = text.char_indices().peekable();
    let mut end = text.len();
    while let Some((at, one)) = characters.next() {
        match one {
            '\\' | '^' if matches!(characters.peek(), Some((_, '\n' | '\r'))) => {
                while characters.next_if(|(_, next)| matches!(next, '\n' | '\r')).is_some() {}
            }
            '\\' => {
                if let Some((_, escaped)) = characters.next() {
                    let word = word.get_or_insert_default();
                    word.literal_dollar |= escaped == '$';
                    word.text.push(escaped);
                }
            }
            '\'' => {
                let word = word.get_or_insert_default();
                for (_, inner) in characters.by_ref().take_while(|(_, inner)| *inner != '\'') {
                    word.literal_dollar |= inner == '$';
                    word.text.push(inner);
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                while let Some((_, inner)) = characters.next() {
                    match inner {
                        '"' => break,
                        '\\' => match characters.next() {
                            Some((_, escaped @ ('"' | '\\' | '`'))) => word.text.push(escaped),
                            Some((_, '$')) => {
                                word.literal_dollar = true;
                                word.text.push('$');
                            }
                            Some((_, '\n')) | None => {}
                            Some((_, other)) => word.text.extend(['\\', other]),
                        },
                        other => word.text.push(other),
                    }
                }
            }
            '\n' | '|' | ';' | '&' | '>' => {
                end = at;
                break;
            }
            blank if blank.is_whitespace() => found.extend(word.take()),
            other => word.get_or_insert_default().text.push(other),
        }
    }
    found.extend(word);
    (found, end)
}

/// Options that take a value and do not change the call.
const WITH_VALUE: [&str; 22] = [
    "-o",
    "--output",
    "-A",
    "--user-agent",
    "-b",
    "--cookie",
    "-c",
    "--cookie-jar",
    "-e",
    "--referer",
    "-m",
    "--max-time",
    "-w",
    "--write-out",
    "-x",
    "--proxy",
    "--retry",
    "--connect-timeout",
    "--cacert",
    "-D",
    "--dump-header",
    "--resolve",
];

fn call(words: &[Word]) -> Option<Call> {
    let mut call = Call { headers_known: true, ..Call::default() };
    let (mut method, mut data, mut get, mut json) = (None, Vec::new(), false, false);
    let mut url: Option<Word> = None;
    let mut rest = words.iter().skip(1);
    while let Some(word) = rest.next() {
        let (option, joined) = option(&word.text);
        let Some(option) = option else {
            url.get_or_insert_with(|| word.clone());
            continue;
        };
        let joined = joined.map(|text| Word { text: text.to_owned(), literal_dollar: word.literal_dollar });
        let mut value = || joined.clone().or_else(|| rest.next().cloned());
        match option {
            "-X" | "--request" => method = value().map(|word| word.text.to_ascii_uppercase()),
            "-H" | "--header" => {
                if let Some(header) = value() {
                    take_header(&mut call, &header);
                }
            }
            "-d" | "--data" | "--data-raw" | "--data-binary" | "--data-ascii" | "--data-urlencode" => {
                data.extend(value().map(|word| word.text.clone()))
            }
            "--json" => {
                json = true;
                data.extend(value().map(|word| word.text.clone()));
            }
            "-F" | "--form" => {
                value();
                call.content_type.get_or_insert_with(|| "multipart/form-data".to_owned());
            }
            "-u" | "--user" => {
                value();
                call.authorizes("Basic -");
            }
            "--oauth2-bearer" => {
                if let Some(token) = value() {
                    take_header(
                        &mut call,
                        &Word { text: format!("authorization: Bearer {}", token.text), literal_dollar: token.literal_dollar },
                    );
                }
            }
            "--url" => url = value().or(url),
            "-G" | "--get" => get = true,
            "-I" | "--head" => method = Some("HEAD".to_owned()),
            _ if WITH_VALUE.contains(&option) => {
                value();
            }
            _ => {}
        }
    }
    let url = url.filter(|url| !url.text.is_empty())?;
    let mut target = url.text.clone();
    if get && !data.is_empty() {
        target.push(if target.contains('?') { '&' } else { '?' });
        target.push_str(&data.join("&"));
        data.clear();
    }
    let before = call.credentials.len();
    call.target(&with_scheme(&target));
    note_literal(&mut call, before, url.literal_dollar);
    call.method = method.or_else(|| Some(if data.is_empty() { "GET" } else { "POST" }.to_owned()));
    if !data.is_empty() {
        call.body(&data.join("&"));
        call.content_type.get_or_insert_with(|| if json { "application/json" } else { "application/x-www-form-urlencoded" }.to_owned());
    }
    Some(call)
}

/// An option and the value written after it; none for an address.
fn option(word: &str) -> (Option<&str>, Option<&str>) {
    if word.starts_with("--") {
        return (Some(word), None);
    }
    if !word.starts_with('-') || word.len() < 2 || !word.is_ascii() {
        return (None, None);
    }
    // `-sSXPOST`: the first letter that takes a value gets the rest of the word.
    match word[1..].find(['X', 'H', 'd', 'u', 'F', 'o', 'A', 'b', 'm', 'w', 'x', 'c', 'e', 'D']) {
        Some(at) => {
            let letter = &word[1 + at..2 + at];
            let option = ["-X", "-H", "-d", "-u", "-F", "-o", "-A", "-b", "-m", "-w", "-x", "-c", "-e", "-D"]
                .into_iter()
                .find(|option| option.ends_with(letter));
            (option, Some(&word[2 + at..]).filter(|rest| !rest.is_empty()))
        }
        None if word.contains('G') => (Some("-G"), None),
        None if word.contains('I') => (Some("-I"), None),
        None => (Some("-"), None),
    }
}

fn with_scheme(url: &str) -> String {
    if url.contains("://") || url.starts_with('/') { url.to_owned() } else { format!("http://{url}") }
}

fn take_header(call: &mut Call, header: &Word) {
    let before = call.credentials.len();
    if let Some((name, value)) = header.text.split_once(':') {
        call.header(name, value);
    }
    note_literal(call, before, header.literal_dollar);
}

/// A variable that a shell does not expand is not a value.
fn note_literal(call: &mut Call, from: usize, literal_dollar: bool) {
    for credential in call.credentials.iter_mut().skip(from).filter(|_| literal_dollar) {
        if matches!(credential.kind, CredentialKind::Variable(_)) {
            credential.kind = CredentialKind::Placeholder;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Place;

    #[test]
    fn a_command_over_several_lines_is_read_as_a_shell_reads_it() {
        let text = "$ curl -sS -XPOST \\\n  'https://api.hubapi.com/crm/v3/objects/contacts/search?a=1' \\\n  -H \"Authorization: Bearer $TOKEN\" --json '{\"limit\": 5}' | jq .\n{\"x\":1}";
        let (call, rest) = find(text).unwrap();
        assert_eq!((call.method.as_deref(), call.path.as_str()), (Some("POST"), "/crm/v3/objects/contacts/search"));
        assert_eq!(call.credentials[0].kind, CredentialKind::Variable("TOKEN".into()));
        assert_eq!(call.content_type.as_deref(), Some("application/json"));
        assert_eq!(call.body.unwrap()["limit"], 5);
        assert!(rest.contains("{\"x\":1}"));
    }

    #[test]
    fn in_single_quotes_a_variable_is_not_filled_in() {
        let (call, _) = find("curl https://api.hubapi.com/crm/v3/owners -H 'Authorization: Bearer $TOKEN'").unwrap();
        assert_eq!(call.credentials[0].kind, CredentialKind::Placeholder);
        let (call, _) = find("curl https://api.hubapi.com/crm/v3/owners -H \"Authorization: Bearer $TOKEN\"").unwrap();
        assert_eq!(call.credentials[0].kind, CredentialKind::Variable("TOKEN".into()));
    }

    #[test]
    fn data_makes_a_post_and_get_makes_it_a_query() {
        let (call, _) = find("curl api.hubapi.com/contacts/v1/contact -G -d hapikey=$KEY -d count=2").unwrap();
        assert_eq!((call.method.as_deref(), call.host.as_deref()), (Some("GET"), Some("api.hubapi.com")));
        assert_eq!((&call.credentials[0].place, call.parameter_named("count")), (&Place::Hapikey, Some("2")));
        let (call, _) = find("curl https://api.hubapi.com/oauth/v1/token -d grant_type=refresh_token").unwrap();
        assert_eq!((call.method.as_deref(), call.content_type.as_deref()), (Some("POST"), Some("application/x-www-form-urlencoded")));
    }

    #[test]
    fn a_text_without_a_command_has_none() {
        assert!(find("the curl of a vector field").is_none());
        assert!(find("curl ").is_none());
        assert!(find("curl '").is_none());
    }
}
