//! Which lines of a text may show that HubSpot answered.

use super::foreign::is_of_a_stack;
use crate::doctor::words::{speaks_of_failure, went_well};

/// Labels of lines that list names: the tags of a thread, the packages and plugins of a program.
const LISTING: [&str; 12] = [
    "tags:",
    "labels:",
    "topics:",
    "keywords:",
    "plugins:",
    "active plugins:",
    "packages:",
    "integrations:",
    "dependencies:",
    "installed apps:",
    "apps:",
    "categories:",
];
/// How many lines from a failure HubSpot's name may be, so that it names who failed.
const LINES_MAX: usize = 1;

/// A text in lower case without the lines whose names show nothing: those in which a call went well, and those that only list
/// names.
pub(super) fn telling(text: &str) -> String {
    let mut telling = String::with_capacity(text.len());
    for line in text.lines().filter(|line| !went_well(line) && !only_lists(line)) {
        telling.push_str(before_a_list(line));
        telling.push('\n');
    }
    telling
}

/// A line without the names that it lists behind a label.
fn before_a_list(line: &str) -> &str {
    let begins = |at: usize| line[..at].chars().next_back().is_none_or(|before| !before.is_alphanumeric() && before != '_');
    let at =
        LISTING.iter().filter_map(|label| line.find(label).filter(|at| begins(*at) && !speaks_of_failure(&line[at + label.len()..]))).min();
    at.map_or(line, |at| &line[..at])
}

/// Whether a line only lists names, or is a package with its version.
fn only_lists(line: &str) -> bool {
    let line = line.trim_start_matches([' ', '\t', '-', '*', '#', '>', '+', '`', '|', '"', '\'', '─', '├', '└', '│']);
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '@' | '/' | '-' | '_' | '.');
    let name = &line[..line.find(|letter: char| !is_part(letter)).unwrap_or(line.len())];
    let (name, glued) = match name.rfind('@').filter(|at| *at > 0) {
        Some(at) => (&name[..at], &name[at + 1..]),
        None => (name, ""),
    };
    let rest = line[name.len()..].trim_end_matches(',').trim_matches(['"', '\'', ' ', '`', ':', '=', '|', '\t', '@']);
    let rest = rest.trim_start_matches(['^', '~', '>', '<', '=', 'v', ' ', '(']).trim_end_matches(')');
    let is_version = |word: &str| {
        word.starts_with(|letter: char| letter.is_ascii_digit())
            && word.contains('.')
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+'))
    };
    // `akismet 5.3, hubspot 11.0, yoast 22.1`
    let among_others = || {
        let version =
            |part: &str| part.trim().strip_prefix("hubspot").is_some_and(|rest| is_version(rest.trim_matches([' ', '(', ')', 'v', '.'])));
        line.matches(',').count() > 1 && line.split([',', ':']).any(version)
    };
    among_others() || name.contains("hubspot") && (is_version(rest) || is_version(glued) && rest.len() == glued.len())
}

/// Whether `names` is true of a line of a failure, or of a line beside it. A stack trace belongs to the line above it, or to
/// that below it.
pub(super) fn stands_beside(text: &str, fails: impl Fn(&str) -> bool, names: impl Fn(&str) -> bool) -> bool {
    stand(text, fails, names, LINES_MAX)
}

/// As [`stands_beside`], in the very line, or in its stack trace.
pub(super) fn stands_in(text: &str, fails: impl Fn(&str) -> bool, names: impl Fn(&str) -> bool) -> bool {
    stand(text, fails, names, 0)
}

fn stand(text: &str, fails: impl Fn(&str) -> bool, names: impl Fn(&str) -> bool, lines: usize) -> bool {
    let mut units: Vec<(bool, bool)> = Vec::new();
    let mut trace_first = false;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let (fails, names) = (fails(line), names(line));
        let in_trace = is_of_a_stack(line) || is_of_a_require(line);
        match units.last_mut() {
            // Python writes the trace above the error.
            Some(last) if in_trace || trace_first => {
                last.0 |= fails;
                last.1 |= names;
            }
            _ => units.push((fails, names)),
        }
        trace_first = in_trace && (trace_first || line.trim_start().starts_with("file \""));
    }
    let beside = |at: usize| units[at.saturating_sub(lines)..(at + lines + 1).min(units.len())].iter().any(|unit| unit.1);
    lines > 0 && !units.iter().any(|unit| unit.0) || (0..units.len()).any(|at| units[at].0 && beside(at))
}

/// Whether a line is a place from which Node.js loaded a module.
fn is_of_a_require(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("require stack:") || line.starts_with("- /") || line.starts_with("code: 'module_not_found'")
}

/// Kinds of changes, with which people begin the subject of a commit.
const CHANGES: [&str; 11] = ["fix", "feat", "docs", "chore", "refactor", "test", "tests", "ci", "perf", "build", "style"];

/// Whether a text is the subject of a commit, or its description: `fix(sync): handle a 401`.
pub(super) fn is_a_change(text: &str) -> bool {
    let Some((kind, rest)) = text.trim_start().split_once(": ") else { return false };
    let kind = kind.trim_end_matches('!');
    let kind = kind.split_once('(').map_or(kind, |(kind, scope)| if scope.ends_with(')') { kind } else { "" });
    CHANGES.contains(&kind) && !rest.contains(['{', '"'])
}

/// Whether a text is lines of a program's tests, which expect an error.
pub(super) fn is_of_a_test(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty()).peekable();
    lines.peek().is_some() && lines.all(|line| ["expect(", "nock(", "mock", "assert."].iter().any(|begin| line.starts_with(begin)))
}

/// Beginnings of lines of a program that handle or report an error.
const OF_CODE: [&str; 16] = [
    "console.error(",
    "console.log(",
    "console.warn(",
    "logger.",
    "logging.",
    "log.error(",
    "throw new ",
    "raise ",
    "switch (",
    "switch(",
    "case ",
    "enum ",
    "if (",
    "} catch",
    "catch (",
    "const ",
];

/// Whether a line is a program's own, and not its output.
pub(super) fn is_of_code(line: &str) -> bool {
    let line = line.trim();
    let ends = line.ends_with([';', ')', '}', '{', ':']) || line.contains(" if ");
    ends && OF_CODE.iter().any(|begin| line.starts_with(begin))
}

/// The statuses of errors that prose explains.
const STATUSES: [&str; 18] =
    ["4xx", "5xx", "400", "401", "402", "403", "404", "405", "409", "410", "415", "422", "423", "429", "500", "502", "503", "504"];
/// How many different statuses only an explanation tells in one line.
const SEVERAL: usize = 3;

/// Whether a line explains several statuses, each of which is that of another failure. A line with a URL or a body shows calls.
pub(super) fn tells_of_several(text: &str) -> bool {
    text.lines().filter(|line| !line.contains(['{', '}']) && !line.contains("://")).any(|line| {
        let words = || line.split(|letter: char| !letter.is_ascii_alphanumeric());
        STATUSES.iter().filter(|status| words().any(|word| word == **status)).count() >= SEVERAL
    })
}
