//! The difference of two texts, in the form of `diff -u` and git.

use std::fmt::Write;

use keyway_core::shown;

/// Unchanged lines around a change.
const CONTEXT: usize = 3;
/// The most lines, of both texts together, in which the end of a change is searched.
const WINDOW: usize = 400;
/// Lines that must agree after a change.
const AGREE: usize = 3;

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

/// A path as git writes it. A character that would end the name or the line is quoted; a path with blanks ends in a tab.
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

/// Whether a terminal can print a difference without escapes: apart from tabs and line ends, it has no control character
/// and none that turns the direction of text. An escaped difference would no longer apply.
pub fn is_harmless(diff: &str) -> bool {
    diff.split_inclusive('\n').all(|line| {
        let line = line.strip_suffix('\n').unwrap_or(line);
        let line = line.strip_suffix('\r').unwrap_or(line);
        !line.chars().any(|letter| letter != '\t' && (letter.is_control() || shown::turns(letter)))
    })
}

/// Lines of the old text, and the lines of the new text that replace them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Change {
    old: std::ops::Range<usize>,
    new: std::ops::Range<usize>,
}

/// The places where the texts differ. Rewritten code keeps its place, so the next lines that agree are near; where none
/// are, the rest is one change.
fn changes(old: &[&str], new: &[&str]) -> Vec<Change> {
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(one, other)| one == other).count();
    let (mut at, mut to, mut found) = (0, 0, Vec::new());
    loop {
        let same = old[at..].iter().zip(&new[to..]).take_while(|(one, other)| one == other).count();
        (at, to) = (at + same, to + same);
        if at == old.len() && to == new.len() {
            return found;
        }
        let (gone, came) = together(&old[at..], &new[to..]).unwrap_or_else(|| {
            // The common end of both texts.
            let tail = tail.min(old.len() - at).min(new.len() - to);
            (old.len() - at - tail, new.len() - to - tail)
        });
        found.push(Change { old: at..at + gone, new: to..to + came });
        (at, to) = (at + gone, to + came);
    }
}

/// The fewest lines of both after which some lines agree.
fn together(old: &[&str], new: &[&str]) -> Option<(usize, usize)> {
    let agree = |gone: usize, came: usize| {
        let (old, new) = (&old[gone..], &new[came..]);
        let lines = old.len().min(new.len()).min(AGREE);
        lines > 0 && old[..lines] == new[..lines] && (lines == AGREE || old.len() == new.len())
    };
    (1..=WINDOW).find_map(|both| {
        let most = both.min(new.len());
        (both.saturating_sub(old.len())..=most).map(|came| (both - came, came)).find(|(gone, came)| agree(*gone, *came))
    })
}

/// Groups changes that are near each other.
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
    fn lines_that_come_and_go_in_a_long_text_are_shown_alone() {
        let old: Vec<String> = (0..20_000).map(|line| format!("{line}\n")).collect();
        let mut new = old.clone();
        new[9] = "nine\n".into();
        new.insert(5_000, "more\n".into());
        new.remove(15_000);
        let lines = |all: &[String]| all.iter().cloned().collect::<String>();
        let diff = unified("x", &lines(&old), &lines(&new));
        let signs = diff.lines().skip(2).filter(|line| line.starts_with(['+', '-'])).collect::<Vec<_>>();
        assert_eq!(signs, ["-9", "+nine", "+more", "-14999"]);
    }

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
