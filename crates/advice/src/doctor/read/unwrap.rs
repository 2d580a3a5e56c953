//! Removes what other programs add around a text: escapes, HTML entities, and the prefix of each log line.

use std::borrow::Cow;

/// The most levels of escaping that are removed.
const LAYERS_MAX: usize = 3;
/// The longest text that is unwrapped, in bytes; of a longer one, only the beginning.
const BYTES_MAX: usize = 512 * 1024;

/// The text itself, and each form of it that may be meant, the most probable first.
pub(super) fn forms(text: &str) -> Vec<Cow<'_, str>> {
    let end = (0..=text.len().min(BYTES_MAX)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let mut forms = vec![Cow::Borrowed(&text[..end])];
    if let Some(bare) = without_prefixes(&text[..end]) {
        forms.push(Cow::Owned(bare));
    }
    if ["&quot;", "&#34;", "&#x22;", "&#39;", "&#x27;", "&#039;", "&apos;"].iter().any(|entity| text[..end].contains(entity)) {
        forms.push(Cow::Owned(without_entities(&text[..end])));
    }
    if text[..end].contains("%22message%22") || text[..end].contains("%22status%22") {
        forms.push(Cow::Owned(crate::doctor::call::decoded(&text[..end])));
    }
    let mut layer = forms.last().map(|form| form.clone().into_owned()).unwrap_or_default();
    for _ in 0..LAYERS_MAX {
        if !(layer.contains("\\\"") || layer.contains("\\u0022") || layer.contains("\\'")) {
            break;
        }
        layer = unescaped(&layer);
        forms.push(Cow::Owned(layer.clone()));
    }
    forms
}

fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(one) = rest.next() {
        if one != '\\' {
            plain.push(one);
            continue;
        }
        match rest.next() {
            Some('n') => plain.push('\n'),
            Some('t') => plain.push('\t'),
            Some('r') | None => {}
            Some('u') => {
                let digits: String = rest.clone().take(4).collect();
                match u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32) {
                    Some(code) if digits.len() == 4 => {
                        plain.push(code);
                        rest.nth(3);
                    }
                    _ => plain.push('u'),
                }
            }
            Some(other) => plain.push(other),
        }
    }
    plain
}

fn without_entities(text: &str) -> String {
    let mut plain = text.to_owned();
    for (entity, meant) in [
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#x22;", "\""),
        ("&#39;", "'"),
        ("&#039;", "'"),
        ("&#x27;", "'"),
        ("&apos;", "'"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&nbsp;", " "),
        ("&amp;", "&"),
    ] {
        plain = plain.replace(entity, meant);
    }
    plain
}

/// The text without the time, level or container name before each log line. None where the lines have none.
fn without_prefixes(text: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let bare: Vec<&str> = lines.iter().map(|line| without_prefix(line)).collect();
    let changed = lines.iter().zip(&bare).filter(|(line, bare)| line.len() != bare.len()).count();
    (changed >= 2 && changed * 2 >= lines.len()).then(|| bare.join("\n"))
}

fn without_prefix(line: &str) -> &str {
    let mut rest = line;
    loop {
        let before = rest;
        rest = rest.strip_prefix("> ").or_else(|| rest.strip_prefix("| ")).unwrap_or(rest);
        // `app_1  | `
        if let Some((name, after)) = rest.split_once("| ")
            && !name.trim_end().is_empty()
            && name.len() <= 40
            && name.trim_end().bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte))
        {
            rest = after;
        }
        // A date, a time, `[time]`, or a level.
        let word = rest.split(' ').next().unwrap_or_default();
        let inner = word.trim_matches(['[', ']', ',']);
        let is_time = inner.len() >= 5
            && inner.starts_with(|one: char| one.is_ascii_digit())
            && inner.contains([':', '-', '/'])
            && inner.bytes().all(|byte| byte.is_ascii_digit() || b":-/.,TZ+".contains(&byte));
        let is_level = ["ERROR", "ERR!", "WARN", "INFO", "DEBUG", "AM", "PM", "[ERROR]", "ERROR:", "error:"].contains(&inner)
            && rest.len() < line.len();
        if is_time || is_level {
            rest = rest[word.len()..].strip_prefix(' ').unwrap_or_default();
        }
        if rest.len() == before.len() {
            return rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d2_escapes_and_entities_are_taken_off_layer_by_layer() {
        let once = r#"body: "{\"status\":\"error\"}""#;
        assert!(forms(once).iter().any(|form| form.contains(r#"{"status":"error"}"#)));
        let twice = r#"\\\"status\\\":\\\"error\\\""#;
        assert!(forms(twice).iter().any(|form| form == r#""status":"error""#));
        assert!(forms("&#34;status&#34;: &quot;error&quot;").iter().any(|form| form == r#""status": "error""#));
        assert_eq!(forms("plain").len(), 1);
    }

    #[test]
    fn d2_what_a_log_puts_before_each_line_is_taken_off() {
        let text = "2026-09-04T08:56:41.5Z {\n2026-09-04T08:56:41.6Z   \"status\": \"error\"\n2026-09-04T08:56:41.7Z }";
        assert_eq!(forms(text)[1], "{\n  \"status\": \"error\"\n}");
        assert_eq!(forms("web_1  | a: {\nweb_1  |  b: 1 }")[1], "a: {\n b: 1 }");
    }
}
