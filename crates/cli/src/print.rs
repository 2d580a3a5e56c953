//! How commands print results, remarks, warnings and errors, and what people read in place of JSON.

use std::io::Write;

use keyway_core::{credential, shown};
use serde_json::Value;

use crate::exit::Exit;
pub use crate::output::counted;
use crate::output::paint::Shade;
use crate::output::{self, table as layout, time};

/// Prints a result for people on stdout. Foreign text in it must not add lines of its own. This function also
/// neutralizes terminal control characters, in case a caller forgot to.
pub fn print(text: &str) -> anyhow::Result<()> {
    if output::colour() {
        return print_coloured(text);
    }
    Ok(writeln!(std::io::stdout(), "{}", shown::lines(text))?)
}

/// A result for people with the colours of `keyway_scan::report`, on stdout. Everything else that would act
/// on a terminal is made harmless, as in [`print`].
pub fn print_coloured(text: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{}", harmless(text))?)
}

/// Text in which nothing acts on a terminal but colours.
fn harmless(text: &str) -> String {
    let mut pieces = text.split('\u{1b}');
    let mut out = shown::lines(pieces.next().unwrap_or_default()).into_owned();
    for piece in pieces {
        out.push_str(if keyway_scan::report::is_colour(piece) { "\u{1b}" } else { "\\u{1b}" });
        out.push_str(&shown::lines(piece));
    }
    out
}

/// A result for programs, on stdout: JSON.
pub fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{}", shown::json(&serde_json::to_string(value)?))?)
}

/// Prints a result on stdout byte for byte. Its maker has already neutralized terminal control characters.
pub fn print_exactly(text: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}

/// All that is not a result, on stderr.
pub fn say(text: &str) {
    // There is nowhere left to say that stderr is closed.
    let _ = writeln!(std::io::stderr(), "{}", shown::lines(text));
}

/// What a person may like to know and a script does not need, on stderr; nothing with `--quiet`.
pub fn note(text: &str) {
    if !output::is_quiet() {
        say(text);
    }
}

/// Prints a warning on stderr.
pub fn warn(text: &str) {
    say_after("keyway:", Shade::Soon, text);
}

/// Why a command could not do what it was to do, on stderr.
pub fn fail(text: &str) {
    // An argument may be the token itself.
    say_after("keyway:", Shade::Bad, &credential::masked(text));
}

fn say_after(word: &str, shade: Shade, text: &str) {
    if output::colour_of_notes() {
        let _ = writeln!(std::io::stderr(), "{} {}", shade.paint(word), shown::lines(text));
    } else {
        say(&format!("{word} {text}"));
    }
}

/// Prints the JSON unchanged with `--json`, else lines for a person.
pub fn show(answer: &Value, lines: impl FnOnce(&Value) -> String) -> anyhow::Result<Exit> {
    if output::is_json() {
        print_json(answer)?;
    } else {
        print(lines(answer).trim_end())?;
    }
    Ok(Exit::Fine)
}

/// Today in UTC, ISO date.
pub fn today() -> String {
    keyway_gateway::clock::now().to_date()
}

/// Rows below their headings, as they fit on the terminal.
pub fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    layout::write(header, rows, layout::Place::of_results())
}

/// A moment of an answer: on a terminal as seen from now, else as it is.
pub fn moment(value: &Value) -> String {
    time::shown(&text(value))
}

/// A JSON value as a person reads it, on one line.
pub fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => shown::line(text).into_owned(),
        Value::Array(list) => list.iter().map(text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// The entries of a list in an answer.
pub fn list<'a>(answer: &'a Value, name: &str) -> &'a [Value] {
    answer[name].as_array().map_or(&[], Vec::as_slice)
}
