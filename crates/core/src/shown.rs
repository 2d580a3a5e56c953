//! Makes foreign text safe where people read it: terminals, Markdown, HTML, CSV and JSON.
//!
//! Names of files, apps and people, the content of repositories and HubSpot's answers may contain any character. An escape
//! sequence rewrites a terminal, a line feed forges a line, a bidirectional override reverses the text, an equals sign makes
//! a spreadsheet execute a cell. Each such character is written visibly (`\u{1b}`, `\n`), so that a reader can see it. All code
//! that shows foreign text uses this module; a test refuses other ways.

use std::borrow::Cow;
use std::fmt;
use std::fmt::Write as _;
use std::path::Path;

/// Whether a character acts on the program that shows it: controls (C0, C1, DEL), and formatting characters that have no
/// width or change the direction (Unicode, categories Cc and Cf, with the separators of lines and paragraphs).
pub fn acts(letter: char) -> bool {
    letter.is_control()
        || turns(letter)
        || matches!(letter, '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}')
        || matches!(letter, '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Whether a character changes the direction of text, or ends a line without a line feed.
pub const fn turns(letter: char) -> bool {
    matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn write_visibly(f: &mut impl fmt::Write, letter: char) -> fmt::Result {
    match letter {
        '\n' => f.write_str("\\n"),
        '\r' => f.write_str("\\r"),
        '\t' => f.write_str("\\t"),
        letter => write!(f, "\\u{{{:x}}}", u32::from(letter)),
    }
}

fn visibly(text: &str, stays: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(|letter| acts(letter) && !stays(letter)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        if acts(letter) && !stays(letter) {
            // Writing to a string does not fail.
            let _ = write_visibly(&mut out, letter);
        } else {
            out.push(letter);
        }
    }
    Cow::Owned(out)
}

/// Foreign text within a line.
pub fn line(text: &str) -> Cow<'_, str> {
    visibly(text, |_| false)
}

/// A name as one argument of a command that a person copies, in double quotes where it has spaces; none where it could be
/// taken for an id or an option, or would need more than quotes.
pub fn argument(name: &str) -> Option<String> {
    let is_plain = |letter: char| letter.is_alphanumeric() || " .,_-@+/:()&".contains(letter);
    let begins = name.starts_with(|first: char| first.is_alphanumeric());
    if !begins || name.ends_with(' ') || !name.chars().all(is_plain) || name.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let is_word = name.chars().all(|letter| letter.is_ascii_alphanumeric() || "._-".contains(letter));
    Some(if is_word { name.to_owned() } else { format!("\"{name}\"") })
}

/// The error for a name that nothing has, with the command that lists what there is.
pub fn unknown(noun: &str, name: &str, list_with: &str) -> String {
    format!("there is no {noun} {}. List the {noun}s: {list_with}", line(name))
}

/// The cause of an error of the system, for people: without its number, and not as if a file were meant.
pub fn cause(error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    let words = match error.kind() {
        // Somebody else's error has its own words.
        _ if error.raw_os_error().is_none() => return error.to_string(),
        ErrorKind::NotFound => "it does not exist",
        ErrorKind::PermissionDenied => "permission denied",
        ErrorKind::AlreadyExists => "it exists already",
        ErrorKind::AddrInUse => "another program uses this port",
        ErrorKind::AddrNotAvailable => "this machine does not have the address",
        ErrorKind::ConnectionRefused => "connection refused",
        ErrorKind::NotADirectory => "a part of its path is a file",
        ErrorKind::IsADirectory => "it is a folder",
        ErrorKind::StorageFull => "the disk is full",
        ErrorKind::ReadOnlyFilesystem => "the file system is read-only",
        _ => {
            let text = error.to_string();
            let end = text.find(" (os error ").unwrap_or(text.len());
            return text[..end].to_lowercase();
        }
    };
    words.to_owned()
}

/// Text with Keyway's own lines and columns: its line feeds and tabs stay.
pub fn lines(text: &str) -> Cow<'_, str> {
    visibly(text, |letter| matches!(letter, '\n' | '\t'))
}

/// A path, on one line. Bytes that are not UTF-8 are written as `\x9b`.
pub fn path(path: &(impl AsRef<Path> + ?Sized)) -> String {
    let mut out = String::new();
    for chunk in path.as_ref().as_os_str().as_encoded_bytes().utf8_chunks() {
        out.push_str(&line(chunk.valid()));
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

/// JSON. Such characters can only be inside of strings, so they are written as JSON's own escapes, and the value stays the
/// same.
pub fn json(text: &str) -> Cow<'_, str> {
    let stays = |letter| matches!(letter, '\n' | '\t' | '\r');
    if !text.chars().any(|letter| acts(letter) && !stays(letter)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        if acts(letter) && !stays(letter) {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(letter);
        }
    }
    Cow::Owned(out)
}

/// A cell of a CSV file, before it is quoted. Spreadsheets read text that begins with one of `= + - @`, a tab or a carriage
/// return as a formula, so an apostrophe is put before it.
pub fn csv(text: &str) -> Cow<'_, str> {
    let shown = visibly(text, |letter| matches!(letter, '\n'));
    if text.trim_start_matches(['\n', ' ']).starts_with(['=', '+', '-', '@', '\t', '\r']) { Cow::Owned(format!("'{shown}")) } else { shown }
}

/// Microseconds in the unit that fits: `4.2 ms`, `1.5 s`.
pub fn duration(us: u64) -> String {
    match us {
        0 => "0".to_owned(),
        1..1_000 => format!("{us} µs"),
        1_000..10_000 => format!("{:.1} ms", us as f64 / 1e3),
        10_000..1_000_000 => format!("{} ms", us / 1_000),
        1_000_000..60_000_000 => format!("{:.1} s", us as f64 / 1e6),
        60_000_000..3_600_000_000 => format!("{:.1} min", us as f64 / 60e6),
        _ => format!("{:.1} h", us as f64 / 3_600e6),
    }
}

/// Bytes in the unit that fits: `730 bytes`, `4.2 MB`. A unit has 1,000 of the smaller one.
pub fn bytes(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        1_000_000_000..1_000_000_000_000 => format!("{:.1} GB", bytes as f64 / 1e9),
        _ => format!("{:.1} TB", bytes as f64 / 1e12),
    }
}

/// Text inside HTML or XML, in elements and quoted attributes.
#[derive(Clone, Copy, Debug)]
pub struct Markup<'a>(pub &'a str);

impl fmt::Display for Markup<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|letter| match letter {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            '\n' | '\t' => f.write_char(letter),
            letter if acts(letter) => write_visibly(f, letter),
            letter => f.write_char(letter),
        })
    }
}

/// Code in a cell of a table in HTML: a line breaks before a slash, and where a part is long at its joints, so that a
/// narrow column cuts no word. A date stays whole, in a `span` of the class `whole`.
#[derive(Clone, Copy, Debug)]
pub struct Breakable<'a>(pub &'a str);

impl fmt::Display for Breakable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut before = ' ';
        for part in line(self.0).split_inclusive(' ').flat_map(|word| parts(word, |_, letter| letter == '/')) {
            if part.starts_with('/') && before != ' ' {
                f.write_str("<wbr>")?;
            }
            before = part.chars().last().unwrap_or(' ');
            if part.chars().count() <= PART_MAX || dates(part).next().is_some() {
                write!(f, "{}", Dated(part))?;
                continue;
            }
            let joint = |last: char, letter: char| matches!(last, '.' | '_' | ':' | '-') || last.is_lowercase() && letter.is_uppercase();
            for (at, piece) in parts(part, joint).enumerate() {
                write!(f, "{}{}", if at > 0 { "<wbr>" } else { "" }, Markup(piece))?;
            }
        }
        Ok(())
    }
}

/// Text in a cell of a table in HTML, whose dates stay whole, each in a `span` of the class `whole`.
#[derive(Clone, Copy, Debug)]
pub struct Dated<'a>(pub &'a str);

impl fmt::Display for Dated<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut at = 0;
        for date in dates(self.0) {
            write!(f, "{}<span class=\"whole\">{}</span>", Markup(&self.0[at..date.start]), &self.0[date.clone()])?;
            at = date.end;
        }
        write!(f, "{}", Markup(&self.0[at..]))
    }
}

/// The longest part of a path that is not broken, in characters.
const PART_MAX: usize = 16;

/// Where dates are: `2026-09` and `2026-09-30`.
fn dates(text: &str) -> impl Iterator<Item = std::ops::Range<usize>> {
    let of = |length: usize| if length == 7 { "dddd-dd" } else { "dddd-dd-dd" };
    let fits = move |at: usize, length: usize| {
        let all = text.as_bytes().get(at..at + length)?;
        let fits = all.iter().zip(of(length).bytes()).all(|(byte, form)| if form == b'd' { byte.is_ascii_digit() } else { *byte == form });
        fits.then_some(at..at + length)
    };
    let mut next = 0;
    std::iter::from_fn(move || {
        let date = (next..text.len()).find_map(|at| fits(at, 10).or_else(|| fits(at, 7)))?;
        next = date.end;
        Some(date)
    })
}

/// A text in parts: one begins at each letter that begins one after the letter before it.
fn parts(text: &str, begins: impl Fn(char, char) -> bool) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let mut last = rest.chars().next()?;
        let end = rest.char_indices().skip(1).find(|(_, letter)| begins(std::mem::replace(&mut last, *letter), *letter));
        let (part, more) = rest.split_at(end.map_or(rest.len(), |(at, _)| at));
        rest = more;
        Some(part)
    })
}

/// Text on one line of Markdown, and inside a cell of a table.
#[derive(Clone, Copy, Debug)]
pub struct Cell<'a>(pub &'a str);

impl fmt::Display for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|letter| match letter {
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '#' | '~' => write!(f, "\\{letter}"),
            letter if acts(letter) => {
                // The backslash is escaped too.
                f.write_char('\\')?;
                write_visibly(f, letter)
            }
            letter => f.write_char(letter),
        })
    }
}

/// Text between the backticks of Markdown, where only a pipe in a table is escaped.
#[derive(Clone, Copy, Debug)]
pub struct Code<'a>(pub &'a str);

impl fmt::Display for Code<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        line(self.0).chars().try_for_each(|letter| match letter {
            '`' => f.write_char('\''),
            '|' => f.write_str("\\|"),
            letter => f.write_char(letter),
        })
    }
}

/// Text on a line of a terminal.
#[derive(Clone, Copy, Debug)]
pub struct Terminal<'a>(pub &'a str);

impl fmt::Display for Terminal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&line(self.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOSTILE: &str = "a\u{1b}[2J\r\n\u{9b}31m\u{202e}\u{2066}\u{200b}\u{7f}|`<b>'\"&";

    #[test]
    fn bytes_have_the_unit_that_fits() {
        let shown = [0, 999, 1_000, 1_234_567, 64 << 20, 5_000_000_000, u64::MAX].map(bytes);
        assert_eq!(shown, ["0 bytes", "999 bytes", "1.0 kB", "1.2 MB", "67.1 MB", "5.0 GB", "18446744.1 TB"]);
    }

    #[test]
    fn times_have_the_unit_that_fits() {
        let shown = [0, 999, 1_500, 12_345, 1_250_000, 90_000_000, 7_200_000_000].map(duration);
        assert_eq!(shown, ["0", "999 µs", "1.5 ms", "12 ms", "1.2 s", "1.5 min", "2.0 h"]);
    }

    #[test]
    fn what_would_act_is_shown() {
        assert_eq!(line("a\u{1b}]0;x\u{7}\r\n\t\u{9b}\u{202e}b"), "a\\u{1b}]0;x\\u{7}\\r\\n\\t\\u{9b}\\u{202e}b");
        assert_eq!(line("Zoë – 名前 مرحبا"), "Zoë – 名前 مرحبا", "letters of any script stay");
        assert_eq!(lines("a\n\tb\u{1b}\r"), "a\n\tb\\u{1b}\\r");
    }

    #[test]
    fn a_path_shows_every_byte() {
        use std::os::unix::ffi::OsStrExt;
        let odd = std::ffi::OsStr::from_bytes(b"d/\x1b[31m\xff\xc2\x9b.py");
        assert_eq!(path(&odd), "d/\\u{1b}[31m\\xff\\u{9b}.py");
    }

    #[test]
    fn json_stays_the_same_value() {
        let value = serde_json::Value::from(HOSTILE);
        let text = value.to_string();
        let shown = json(&text);
        assert!(shown.chars().all(|letter| !acts(letter)), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
        assert_eq!(json("\"\u{e0001}\""), "\"\\udb40\\udc01\"");
    }

    #[test]
    fn no_cell_begins_a_formula() {
        for (cell, shown) in
            [("=1", "'=1"), ("+1", "'+1"), ("-1", "'-1"), ("@x", "'@x"), ("\t=1", "'\\t=1"), ("\r=1", "'\\r=1"), (" =1", "' =1")]
        {
            assert_eq!(csv(cell), shown);
        }
        for plain in ["a=1", "2026-11-29", "", "a@example.com"] {
            assert_eq!(csv(plain), plain);
        }
    }

    #[test]
    fn nothing_leaves_its_place_in_markup() {
        assert_eq!(Markup("<a href='\"'>&\u{1b}").to_string(), "&lt;a href=&#39;&quot;&#39;&gt;&amp;\\u{1b}");
        assert_eq!(Cell("a|b`c\n").to_string(), "a\\|b\\`c\\\\n");
        assert_eq!(Code("a|b`c\n").to_string(), "a\\|b'c\\n");
        assert_eq!(Terminal("a\u{1b}[2J\r").to_string(), "a\\u{1b}[2J\\r");
    }

    #[test]
    fn a_narrow_column_breaks_code_at_its_joints_and_no_date() {
        let shown = |text| Breakable(text).to_string();
        assert_eq!(shown("GET /crm/v3/objects"), "GET /crm<wbr>/v3<wbr>/objects");
        assert_eq!(shown("/crm/objects/2026-09/{id}"), "/crm<wbr>/objects<wbr>/<span class=\"whole\">2026-09</span><wbr>/{id}");
        assert_eq!(shown("a/HubSpotClientService.cs:7"), "a<wbr>/Hub<wbr>Spot<wbr>Client<wbr>Service.<wbr>cs:<wbr>7");
        assert_eq!(shown("<a>/'b"), "&lt;a&gt;<wbr>/&#39;b");
        assert_eq!((shown(""), shown("/"), shown("é/ü")), (String::new(), "/".to_owned(), "é<wbr>/ü".to_owned()));
        let whole = |date: &str| format!("<span class=\"whole\">{date}</span>");
        assert_eq!(Dated("2027-09 (no day)").to_string(), format!("{} (no day)", whole("2027-09")));
        assert_eq!(Dated("<by> 2022-11-30").to_string(), format!("&lt;by&gt; {}", whole("2022-11-30")));
        assert_eq!(Dated("12-34 é").to_string(), "12-34 é");
    }

    proptest! {
        #[test]
        fn no_letter_that_acts_is_left(text in ".{0,40}", tail in proptest::sample::select(HOSTILE.chars().collect::<Vec<_>>())) {
            let text = format!("{text}{tail}");
            let all = [
                line(&text).into_owned(), Cell(&text).to_string(), Code(&text).to_string(), Terminal(&text).to_string(),
                lines(&text).replace(['\n', '\t'], ""), Breakable(&text).to_string().replace(['\n', '\t'], ""), Markup(&text).to_string().replace(['\n', '\t'], ""), csv(&text).replace('\n', ""),
            ];
            for shown in all {
                prop_assert!(!shown.chars().any(acts), "{shown:?}");
            }
        }
    }

    #[test]
    fn an_error_of_the_system_has_words_and_no_number() {
        use std::io::{Error, ErrorKind};
        for (number, words) in [(2, "it does not exist"), (13, "permission denied"), (98, "another program uses this port")] {
            assert_eq!(cause(&Error::from_raw_os_error(number)), words);
        }
        // Of an error without words of its own, those of the system.
        let other = cause(&Error::from_raw_os_error(24));
        assert!(!other.is_empty() && !other.contains("os error"), "{other}");
        assert_eq!(cause(&Error::new(ErrorKind::NotFound, "no host")), "no host");
    }

    #[test]
    fn a_name_is_an_argument_that_a_shell_leaves_alone() {
        assert_eq!(argument("Sync").as_deref(), Some("Sync"));
        assert_eq!(argument("Order sync (EU)").as_deref(), Some("\"Order sync (EU)\""));
        for name in ["7", "--data", "", "a\"b", "$HOME", "`id`", "a\\b", "it's!", "end ", "a\nb"] {
            assert_eq!(argument(name), None, "{name:?}");
        }
    }
}
