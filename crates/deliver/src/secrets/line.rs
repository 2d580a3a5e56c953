//! One line of a file of variables: `NAME=value`, as shells, dotenv, Docker and systemd read it.
//!
//! Changes the value alone and keeps all other bytes. A line that this can't read with certainty is an error: a guess
//! could leave two tokens in the file, or none.

use std::ops::Range;

use anyhow::bail;

/// The line that sets a variable.
struct Line {
    /// Without its line break.
    whole: Range<usize>,
    /// The value without its quotes.
    value: Range<usize>,
}

/// Whether this is the name of a variable.
pub fn is_name(name: &str) -> bool {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    plain && name.bytes().next().is_some_and(|byte| !byte.is_ascii_digit())
}

/// The line that sets a variable, as it is; none where no line does.
///
/// # Errors
/// It can't be read with certainty.
pub fn of<'a>(text: &'a str, name: &str) -> anyhow::Result<Option<&'a str>> {
    Ok(find(text, name)?.map(|line| &text[line.whole]))
}

/// The value of a variable, without quotes; none where no line sets it.
///
/// # Errors
/// It can't be read with certainty.
pub fn value<'a>(text: &'a str, name: &str) -> anyhow::Result<Option<&'a str>> {
    Ok(find(text, name)?.map(|line| &text[line.value]))
}

/// The text with another value of a variable. Where no line sets it, a line is added. The value has no sign that a
/// quote or a shell would change.
///
/// # Errors
/// The line can't be read with certainty.
pub fn with(text: &str, name: &str, value: &str) -> anyhow::Result<String> {
    if let Some(line) = find(text, name)? {
        return Ok(format!("{}{value}{}", &text[..line.value.start], &text[line.value.end..]));
    }
    if text.trim_end().ends_with('\\') {
        bail!("its last line ends with a backslash, so a line after it would belong to it. Add a line {name}= yourself");
    }
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    Ok(match text {
        "" => format!("{name}={value}\n"),
        _ if text.ends_with('\n') => format!("{text}{name}={value}{end}"),
        _ => format!("{text}{end}{name}={value}"),
    })
}

/// The text with an earlier line of a variable, or without the line where there was none.
///
/// # Errors
/// The line can't be read with certainty.
pub fn undone(text: &str, name: &str, earlier: &str) -> anyhow::Result<String> {
    let Some(Line { whole: Range { mut start, mut end }, .. }) = find(text, name)? else { return Ok(text.to_owned()) };
    if earlier.is_empty() {
        match text[end..].find('\n') {
            Some(more) => end += more + 1,
            // The break before it was added with it.
            None => start = text[..start].strip_suffix('\n').map_or(start, |before| before.strip_suffix('\r').unwrap_or(before).len()),
        }
    }
    Ok(format!("{}{earlier}{}", &text[..start], &text[end..]))
}

fn find(text: &str, name: &str) -> anyhow::Result<Option<Line>> {
    let mut found = None;
    // Where a quoted value of several lines ends.
    let mut quoted_until = 0;
    let mut next = 0;
    for line in text.split_inclusive('\n') {
        let start = next;
        next += line.len();
        let line = line.trim_end_matches(['\r', '\n']);
        let Some((named, at)) = assignment(line) else { continue };
        let is_it = named == name;
        if start < quoted_until {
            if is_it {
                bail!("{name} is in a quoted value of several lines, or a quote before it has no end");
            }
            continue;
        }
        let end_of_quote =
            line[at..].chars().next().filter(|sign| "\"'".contains(*sign)).map(|quote| closing(&text[start + at + 1..], quote));
        if let Some(Some(length)) = end_of_quote
            && at + 1 + length >= line.len()
        {
            quoted_until = start + at + 1 + length;
        }
        if !is_it {
            continue;
        }
        if found.is_some() {
            bail!("{name} is set more than once. Leave one line that sets it");
        }
        let value = match end_of_quote {
            Some(length) => length.filter(|length| at + 1 + length < line.len()).map(|length| at + 1..at + 1 + length),
            None => plain(&line[at..]).map(|length| at..at + length),
        };
        let after = value.as_ref().map(|value| &line[value.end + usize::from(end_of_quote.is_some())..]);
        let Some(value) = value.filter(|_| after.is_some_and(is_end)) else {
            bail!("the line that sets {name} is more than one plain or quoted value. Write it as {name}=value");
        };
        found = Some(Line { whole: start..start + line.len(), value: start + value.start..start + value.end });
    }
    Ok(found)
}

/// The name that a line sets, and where its value begins: `NAME=`, `export NAME=`, `NAME = `.
fn assignment(line: &str) -> Option<(&str, usize)> {
    let (before, after) = line.split_once('=')?;
    let name = before.trim_start_matches('\u{feff}').trim();
    let exported = name.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t'])).map(str::trim_start);
    let name = exported.unwrap_or(name);
    let value = after.trim_start_matches([' ', '\t']);
    let skipped = after.len() - value.len();
    // `NAME= # a comment` sets nothing.
    let skipped = if skipped > 0 && (value.is_empty() || value.starts_with('#')) { 0 } else { skipped };
    is_name(name).then_some((name, before.len() + 1 + skipped))
}

/// Where a quote ends; none where it does not.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut signs = text.char_indices();
    while let Some((at, sign)) = signs.next() {
        if sign == quote {
            return Some(at);
        }
        if sign == '\\' && quote == '"' {
            signs.next();
        }
    }
    None
}

/// The length of a value without quotes; none where a shell would read more than its signs.
fn plain(text: &str) -> Option<usize> {
    let value = text.split([' ', '\t', ';']).next().unwrap_or_default();
    (!value.contains(['"', '\'', '`', '\\'])).then_some(value.len())
}

/// Whether nothing of a value follows: a comment, or another command.
fn is_end(after: &str) -> bool {
    let rest = after.trim_start_matches([' ', '\t']);
    let command = after.strip_prefix(';').is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']));
    rest.is_empty() || (rest.starts_with('#') && rest.len() < after.len()) || command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_changes_in_each_form_of_a_line_and_the_rest_stays_byte_for_byte() {
        for (before, after) in [
            ("A=1\nTOKEN=old\nB=2\n", "A=1\nTOKEN=new\nB=2\n"),
            ("export TOKEN=old\n", "export TOKEN=new\n"),
            ("\texport\tTOKEN=old", "\texport\tTOKEN=new"),
            ("TOKEN=\"old\"  # of HubSpot\n", "TOKEN=\"new\"  # of HubSpot\n"),
            ("TOKEN='old'\r\nB=2\r\n", "TOKEN='new'\r\nB=2\r\n"),
            ("TOKEN=old # it's old\nB=x\n", "TOKEN=new # it's old\nB=x\n"),
            ("TOKEN = old\n", "TOKEN = new\n"),
            ("TOKEN=old; export TOKEN\n", "TOKEN=new; export TOKEN\n"),
            ("TOKEN=\n\nB=2\n", "TOKEN=new\n\nB=2\n"),
            ("TOKEN= # none yet\n", "TOKEN=new # none yet\n"),
            ("\u{feff}TOKEN=old\n", "\u{feff}TOKEN=new\n"),
            ("KEY='one\ntwo'\nTOKEN=old\n", "KEY='one\ntwo'\nTOKEN=new\n"),
            ("KEY=it's\nTOKEN=old\n", "KEY=it's\nTOKEN=new\n"),
            ("# TOKEN=other\nMY_TOKEN=mine\nTOKEN_2=2\nTOKEN=old\n", "# TOKEN=other\nMY_TOKEN=mine\nTOKEN_2=2\nTOKEN=new\n"),
        ] {
            assert_eq!(with(before, "TOKEN", "new").unwrap(), after, "{before:?}");
            assert_eq!(value(after, "TOKEN").unwrap(), Some("new"), "{after:?}");
            let line = of(before, "TOKEN").unwrap().unwrap();
            assert_eq!(undone(after, "TOKEN", line).unwrap(), before, "{after:?}");
        }
    }

    #[test]
    fn a_line_that_is_missing_is_added_and_goes_again() {
        for (before, after) in [
            ("", "TOKEN=new\n"),
            ("A=1\n", "A=1\nTOKEN=new\n"),
            ("A=1", "A=1\nTOKEN=new"),
            ("A=1\r\nB=2", "A=1\r\nB=2\r\nTOKEN=new"),
            ("A=1\r\n", "A=1\r\nTOKEN=new\r\n"),
            ("# TOKEN=other\n\n", "# TOKEN=other\n\nTOKEN=new\n"),
        ] {
            assert_eq!(of(before, "TOKEN").unwrap(), None);
            assert_eq!(with(before, "TOKEN", "new").unwrap(), after);
            assert_eq!(undone(after, "TOKEN", "").unwrap(), before, "{after:?}");
        }
    }

    #[test]
    fn a_line_that_is_not_certain_is_refused() {
        for (text, says) in [
            ("TOKEN=one\nexport TOKEN=two\n", "more than once"),
            ("TOKEN=\"one\ntwo\"\n", "more than one plain or quoted value"),
            ("TOKEN=\"one\n", "more than one plain or quoted value"),
            ("TOKEN='one'two\n", "more than one plain or quoted value"),
            ("TOKEN=one two\n", "more than one plain or quoted value"),
            ("TOKEN=`cat token`\n", "more than one plain or quoted value"),
            ("TOKEN=one;two\n", "more than one plain or quoted value"),
            ("TOKEN=one\\\n", "more than one plain or quoted value"),
            ("KEY='one\nTOKEN=two\n'\n", "quoted value of several lines"),
            ("A=1 \\\n", "ends with a backslash"),
        ] {
            assert!(with(text, "TOKEN", "new").unwrap_err().to_string().contains(says), "{text:?}");
        }
    }

    #[test]
    fn a_name_is_that_of_a_variable() {
        assert!(["TOKEN", "_a1", "hubspot_token"].into_iter().all(is_name));
        assert!(!["", "1A", "A-B", "A B", "A=", "Ä"].into_iter().any(is_name));
    }
}
