//! The difference of two texts, as `diff -u` and git write it.

use std::fmt::Write;

use keyway_core::shown;

/// Lines around a change.
const CONTEXT: usize = 3;
/// Lines beyond which the middle of a change is not looked into: it is shown as one.
const LINES_MAX: usize = 4_000;

/// A unified difference; empty where there is none.
pub fn unified(path: &str, old: &str, new: &str) -> String {
    if old == new {
        return String::new();
    }
    let (old, new): (Vec<&str>, Vec<&str>) = (old.split_inclusive('\n').collect(), new.split_inclusive('\n').collect());
    let mut text = format!("--- {}\n+++ {}\n", name("a", path), name("b", path));
    for hunk in hunks(&changes(&old, &new)) {
        write_hunk(&mut text, &old, &new, &hunk);
    }
    text
}

/// A path as git writes it: what would end the name, or the line, is quoted; a tab ends one with blanks.
fn name(side: &str, path: &str) -> String {
    let path = format!("{side}/{}", path.trim_start_matches('/'));
    if !path.contains(['"', '\\']) && !path.contains(shown::acts) {
        let end = if path.contains(' ') { "\t" } else { "" };
        return format!("{path}{end}");
    }
    let mut quoted = String::from("\"");
    for byte in path.bytes() {
        match byte {
            b'"' | b'\\' => quoted.extend(['\\', char::from(byte)]),
            0..=31 | 127.. => quoted.push_str(&format!("\\{byte:03o}")),
            byte => quoted.push(char::from(byte)),
        }
    }
    quoted.push('"');
    quoted
}

/// Whether a difference can be printed as it is: beside tabs and ends of lines nothing in it acts on a
/// terminal. What is changed in it would not apply any more.
pub fn is_harmless(diff: &str) -> bool {
    diff.split_inclusive('\n').all(|line| {
        let line = line.strip_suffix('\n').unwrap_or(line);
        let line = line.strip_suffix('\r').unwrap_or(line);
        !line.chars().any(|letter| letter != '\t' && (letter.is_control() || shown::turns(letter)))
    })
}

/// Lines of the old text that lines of the new one take the place of.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Change {
    old: std::ops::Range<usize>,
    new: std::ops::Range<usize>,
}

/// Longest common subsequence between what both begin and end with.
fn changes(old: &[&str], new: &[&str]) -> Vec<Change> {
    let head = old.iter().zip(new).take_while(|(one, other)| one == other).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(|(one, other)| one == other).count();
    let (a, b) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    if a.len() > LINES_MAX || b.len() > LINES_MAX {
        return vec![Change { old: head..old.len() - tail, new: head..new.len() - tail }];
    }
    let width = b.len() + 1;
    let mut lengths = vec![0_u32; (a.len() + 1) * width];
    for at in (0..a.len()).rev() {
        for to in (0..b.len()).rev() {
            lengths[at * width + to] = if a[at] == b[to] {
                lengths[(at + 1) * width + to + 1] + 1
            } else {
                lengths[(at + 1) * width + to].max(lengths[at * width + to + 1])
            };
        }
    }
    let (mut at, mut to, mut found) = (0, 0, Vec::<Change>::new());
    while at < a.len() || to < b.len() {
        if at < a.len() && to < b.len() && a[at] == b[to] {
            at += 1;
            to += 1;
            continue;
        }
        let (from_old, from_new) = (at, to);
        while at < a.len() || to < b.len() {
            if at < a.len() && to < b.len() && a[at] == b[to] {
                break;
            }
            if to >= b.len() || (at < a.len() && lengths[(at + 1) * width + to] >= lengths[at * width + to + 1]) {
                at += 1
            } else {
                to += 1
            }
        }
        found.push(Change { old: head + from_old..head + at, new: head + from_new..head + to });
    }
    found
}

/// Changes that stand near each other.
fn hunks(changes: &[Change]) -> Vec<Vec<Change>> {
    let mut found: Vec<Vec<Change>> = Vec::new();
    for change in changes {
        match found.last_mut() {
            Some(hunk) if hunk.last().is_some_and(|last| change.old.start - last.old.end <= 2 * CONTEXT) => hunk.push(change.clone()),
            _ => found.push(vec![change.clone()]),
        }
    }
    found
}

fn write_hunk(text: &mut String, old: &[&str], new: &[&str], hunk: &[Change]) {
    let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else { return };
    let (old_start, old_end) = (first.old.start.saturating_sub(CONTEXT), (last.old.end + CONTEXT).min(old.len()));
    let (new_start, new_end) = (first.new.start.saturating_sub(CONTEXT), (last.new.end + CONTEXT).min(new.len()));
    // Writing to a string does not fail.
    let _ = writeln!(text, "@@ -{},{} +{},{} @@", old_start + 1, old_end - old_start, new_start + 1, new_end - new_start);
    let mut line = |sign: char, line: &str| {
        let ended = line.ends_with('\n');
        let _ = write!(text, "{sign}{line}{}", if ended { "" } else { "\n\\ No newline at end of file\n" });
    };
    let mut at = old_start;
    for change in hunk {
        old[at..change.old.start].iter().for_each(|same| line(' ', same));
        old[change.old.clone()].iter().for_each(|gone| line('-', gone));
        new[change.new.clone()].iter().for_each(|came| line('+', came));
        at = change.old.end;
    }
    old[at..old_end].iter().for_each(|same| line(' ', same));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_line_is_shown_with_its_neighbours() {
        let diff = unified("x.py", "a\nb\nc\nd\ne\nf\n", "a\nb\nc\nD\ne\nf\n");
        assert_eq!(diff, "--- a/x.py\n+++ b/x.py\n@@ -1,6 +1,6 @@\n a\n b\n c\n-d\n+D\n e\n f\n");
        assert_eq!(unified("x.py", "a", "a"), "");
        assert!(is_harmless(&diff) && is_harmless("-a\tb\r\n+Zo\u{eb}\n"));
        for hostile in ["-\u{1b}[2J\n", "+a\rb\n", " \u{202e}\n", "\u{9b}"] {
            assert!(!is_harmless(hostile), "{hostile:?}");
        }
        assert_eq!(name("a", "x\u{202e}\u{1b}.py"), "\"a/x\\342\\200\\256\\033.py\"");
        assert!(unified("x.py", "a", "b").contains("-a\n\\ No newline at end of file\n+b\n"));
    }
}
