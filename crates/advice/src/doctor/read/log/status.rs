//! The HTTP status that a text tells: in a line of a log, in a sentence, in whatever language.

use crate::doctor::hosts;
use crate::doctor::words::speaks_of_failure;

/// Words before a number that mark it as a status.
const BEFORE: [&str; 21] = [
    "http",
    "status",
    "code",
    "error",
    "response",
    "returned",
    "returns",
    "answered",
    "resulted in a",
    "erro ",
    "erro:",
    "código",
    "codigo",
    "codice",
    "estado",
    "fehler",
    "erreur",
    "błąd",
    "错误",
    "ステータス",
    "エラー",
];
/// Words after a number that mark it as a status.
const AFTER: [&str; 26] = [
    "connection timed",
    "ssl handshake",
    "unauthorized",
    "forbidden",
    "bad request",
    "too many",
    "not found",
    "conflict",
    "multi-status",
    "method not",
    "unsupported",
    "internal server",
    "bad gateway",
    "gateway",
    "service unavailable",
    "service temporarily",
    "request-uri",
    "uri too",
    "request header",
    "unprocessable",
    "locked",
    "origin",
    "client error",
    "server error",
    "request entity",
    "payload",
];

/// Nouns before a number that is an id, and not a status: `contact 409 imported`.
const RECORDS: [&str; 14] = [
    "contact", "company", "deal", "ticket", "user", "order", "invoice", "record", "customer", "owner", "account", "portal", "page", "room",
];

/// Whether a text begins with a word such as `INVALID_OPTION`.
fn is_named(text: &str) -> bool {
    let word = text.split(|one: char| !(one.is_ascii_uppercase() || one == '_')).next().unwrap_or_default();
    word.len() > 4 && word.contains('_')
}

/// Whether a line ends in a method and a path or URL.
fn ends_in_call(line: &str) -> bool {
    let mut words = line.trim_end().rsplit(' ');
    let Some(url) = words.next() else { return false };
    let method = words.next().unwrap_or_default();
    if url.starts_with("https://") {
        return true;
    }
    let method = method.rsplit(['"', '[', '(', '\'', '`', '=']).next().unwrap_or(method);
    (url.starts_with('/') || url.starts_with("http")) && matches!(method, "GET" | "POST" | "PUT" | "PATCH" | "DELETE")
}

/// Words before a number in prose, and words after it, between which it is a status: `ends in a 429 when …`.
const PROSE_BEFORE: [&str; 14] =
    [" a ", " an ", "→ ", "-> ", "=> ", "got ", "get ", "gets ", "gives ", "getting ", "receive ", "receives ", "throws ", "with "];
const PROSE_AFTER: [&str; 21] = [
    "received", "when", "on ", "for ", "from ", "in ", "with", "error", "response", "status", "at ", "every", "if ", "and ", "but ",
    "instead", "after", "while", "as ", "because", "each",
];

/// Whether a number in prose is a status, by the words around it.
fn is_in_prose(before: &str, after: &str) -> bool {
    let marked = ["**", "`"].iter().any(|mark| before.ends_with(mark) && after.starts_with(mark));
    let ended = after.is_empty() || after.starts_with(['.', ',', ';', ':', ')', '!', '?', '\n', '\r']);
    let goes_on = after.strip_prefix(' ').is_some_and(|after| PROSE_AFTER.iter().any(|word| after.starts_with(word)));
    marked || PROSE_BEFORE.iter().any(|word| before.ends_with(word)) && (ended || goes_on)
}

/// Whether a number follows the arrow behind a call: `GET /crm/v3/owners -> 400 "what HubSpot says"`.
fn is_after_an_arrow(before: &str, after: &str) -> bool {
    let arrow = ["->", "=>", "→", "⇒", "➜", "»", "—>"].iter().any(|arrow| before.trim_end().ends_with(arrow));
    let calls =
        before.contains(" /") || before.starts_with('/') || before.contains("://") || before.to_ascii_lowercase().contains("hubspot");
    arrow && calls && ends_a_number(after)
}

/// Whether a line labels a number as HubSpot's error, in whatever language: `Erro HubSpot API: 401`.
fn is_labelled(before: &str, after: &str) -> bool {
    let small = before.to_lowercase();
    let label =
        small.trim_end().ends_with([':', '=', '(', '[', '"', '\'', '#', '→']) || small.ends_with("api ") || small.ends_with("hubspot ");
    let named = small.rfind("hubspot").is_some_and(|at| small.len() - at <= LABEL_MAX);
    label && named && ends_a_number(after) && speaks_of_failure(&small)
}

/// The longest label between HubSpot's name and a status, in bytes.
const LABEL_MAX: usize = 60;

/// Whether what follows a number shows that the number ends and counts nothing.
fn ends_a_number(after: &str) -> bool {
    let goes_on = after.starts_with(|one: char| one.is_alphanumeric() || matches!(one, '%' | '/' | '_' | '-'))
        || after.starts_with(['.', ',', ':']) && after[1..].starts_with(|one: char| one.is_ascii_digit());
    !goes_on && !counts(after)
}

/// Whether what follows a number is what it counts.
fn counts(after: &str) -> bool {
    const COUNTED: [&str; 24] = [
        "contacts",
        "records",
        "companies",
        "deals",
        "rows",
        "items",
        "leads",
        "tickets",
        "events",
        "messages",
        "emails",
        "users",
        "results",
        "times",
        "lines",
        "ms",
        "seconds",
        "s)",
        "of ",
        "contatos",
        "contactos",
        "kontakte",
        "enregistrements",
        "registros",
    ];
    after.strip_prefix(' ').is_some_and(|after| COUNTED.iter().any(|word| after.starts_with(word)))
}

/// Whether the call in the line around a place in a text went to another service.
fn is_anothers(text: &str, at: usize) -> bool {
    let from = (at.saturating_sub(LINE_MAX)..=at).find(|from| text.is_char_boundary(*from)).unwrap_or(at);
    let to = (at..=(at + LINE_MAX).min(text.len())).rev().find(|to| text.is_char_boundary(*to)).unwrap_or(at);
    let before = text[from..at].rsplit('\n').next().unwrap_or_default();
    let after = text[at..to].split('\n').next().unwrap_or_default();
    hosts::is_of_another(&format!("{before}{after}").to_ascii_lowercase())
}

/// How much of a line is read on each side of a place in it, in bytes.
const LINE_MAX: usize = 400;

/// The HTTP status that a text names. A status in a line that shows a call to another service is not HubSpot's.
pub(super) fn status(text: &str) -> Option<u16> {
    let bytes = text.as_bytes();
    let is_edge = |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'-' | b'_' | b'.'));
    let named = |at: usize| {
        let number = text.get(at..at + 3)?.parse::<u16>().ok().filter(|number| (200..=599).contains(number))?;
        (is_edge(at.checked_sub(1).and_then(|before| bytes.get(before))) && is_edge(bytes.get(at + 3)) || bytes.get(at + 3) == Some(&b'.'))
            .then_some(())?;
        let start = (at.saturating_sub(24)..=at).find(|start| text.is_char_boundary(*start))?;
        let end = (at + 3..=(at + 24).min(text.len())).rev().find(|end| text.is_char_boundary(*end))?;
        let (before, after) = (&text[start..at], &text[at + 3..end]);
        let by_word = is_named(after.trim_start()) || is_named(before.trim_end().rsplit([' ', ':']).next().unwrap_or_default());
        let (before, after) = (before.to_ascii_lowercase(), after.to_ascii_lowercase());
        let before = before.rsplit('\n').next().unwrap_or_default();
        let bracketed = before.ends_with('(') && after.starts_with(')') || before.ends_with('[') && after.starts_with(']');
        // `api-client.js:403:12` and `line 403` are places in a program, and `code === 403` handles any such answer.
        let first = before.trim_matches([' ', '<', '>', '[', '"']).is_empty()
            && (after.starts_with([':', '-']) || after.starts_with(" {") || after.starts_with(" -"));
        // `404 https://api.hubapi.com/…`, and a line that has nothing else.
        let front = number >= 400
            && before.is_empty()
            && (after.starts_with(" http")
                || after.starts_with(" at ")
                || after.starts_with(" hubspot")
                || after.starts_with(" /")
                || after.is_empty()
                || after.starts_with(['\n', '\r']));
        // `hsforms: 404 https://forms.hsforms.com/…`
        let before_url = number >= 400 && (before.ends_with(": ") || before.ends_with("] ")) && after.starts_with(" http");
        // The end of a long line is enough; a search for its beginning would cost as much as the whole text.
        let from = (at.saturating_sub(400)..=at).find(|from| text.is_char_boundary(*from))?;
        let line = text[from..at].rsplit('\n').next().unwrap_or_default();
        let last = (number >= 400 && before.ends_with(' '))
            && (after.is_empty() || after.starts_with(['\n', '\r']) || after.trim_start().starts_with('{'))
            && (line.contains("://") || line.contains(" /"));
        let tail = after.trim_start();
        // A word in small letters goes on with a sentence: `HubSpot: 404 synced`.
        let in_prose = |at: usize| {
            let small = text[at + 3..].trim_start().starts_with(|one: char| one.is_lowercase());
            small && !PROSE_AFTER.iter().any(|word| tail.starts_with(word.trim_end()))
        };
        let ours = before.ends_with("hubspot ") && after.starts_with(')')
            || before.contains("hubspot")
                && (after.is_empty()
                    || after.starts_with([':', '\n'])
                    || after.starts_with(' ')
                        && (!before.rsplit("hubspot").next().is_some_and(|label| label.contains(':')) || !in_prose(at)))
            || after.starts_with(": ") && !before.ends_with('#');
        let noted = number >= 400
            && (by_word || ours && !tail.starts_with(|one: char| one.is_ascii_digit()) || after.is_empty() && before.ends_with(", "));
        // `POST /crm/v3/objects/deals 400 what HubSpot says`
        let called = number >= 400 && before.ends_with(' ') && after.starts_with(' ') && ends_in_call(line);
        let told = number >= 400 && (is_in_prose(before, &after) || is_after_an_arrow(line, &after) || is_labelled(line, &after));
        let compared = ["==", "!=", "case"].iter().any(|sign| before.trim_end().ends_with(sign));
        let marked = || AFTER.iter().any(|word| after.trim_start_matches([':', ' ', '-', ')', ']', '`']).starts_with(word));
        let is_id = before.strip_suffix(' ').is_some_and(|before| RECORDS.iter().any(|noun| before.ends_with(noun))) && !marked();
        // `HubspotApi.php(61)` is a place in a program.
        let in_file = [".php(", ".js(", ".ts(", ".py(", ".cs(", ".rb("].iter().any(|end| before.ends_with(end));
        let place = is_id || in_file || compared || before.ends_with("line ") || before.ends_with(':') && after.starts_with(':');
        (!place
            && !counts(&after)
            && (bracketed
                || first
                || front
                || before_url
                || last
                || called
                || noted
                || told
                || BEFORE.iter().any(|word| before.contains(word))
                || AFTER.iter().any(|word| after.trim_start_matches([':', ' ', '-', ')', ']', '`']).starts_with(word))))
        .then_some(number)
    };
    let found = (0..bytes.len()).filter(|at| bytes[*at].is_ascii_digit()).filter_map(|at| Some((at, named(at)?)));
    // Of several statuses, the text is about the one of an error.
    let mut success = None;
    for (at, status) in found {
        if status >= 400 && !is_anothers(text, at) {
            return Some(status);
        }
        success = success.or(Some(status).filter(|status| *status < 400));
    }
    success
}
