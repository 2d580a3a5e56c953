//! The rows of `data/safety.tsv`, and which of them matches an operation. The first match counts.
//!
//! Versions are removed from the path, so that all versions of an operation match the same row. In a pattern, `{}` is a
//! variable, `*` one segment, `**` any number of segments, `a|b` one of two words.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{Class, Safety};
use crate::tables::Method;

/// A row of `safety.tsv`.
#[derive(Debug)]
pub struct Row {
    /// The methods that it matches.
    methods: Vec<Method>,
    /// The segments before `**`, or all of them.
    first: Vec<&'static str>,
    /// The segments after `**`; none where the pattern has no `**`.
    last: Option<Vec<&'static str>>,
    /// The pattern, as written.
    pub pattern: &'static str,
    /// The safety of the operations that match.
    pub safety: Safety,
    /// The reason for the safety.
    pub reason: &'static str,
}

impl Row {
    fn fits(&self, method: Method, path: &[&str]) -> bool {
        if !self.methods.contains(&method) || path.len() < self.first.len() {
            return false;
        }
        let (first, rest) = path.split_at(self.first.len());
        let all_fit = |pattern: &[&str], path: &[&str]| pattern.iter().zip(path).all(|(pattern, segment)| fits(pattern, segment));
        match &self.last {
            None => rest.is_empty() && all_fit(&self.first, first),
            Some(last) => rest.len() >= last.len() && all_fit(&self.first, first) && all_fit(last, &rest[rest.len() - last.len()..]),
        }
    }
}

fn fits(pattern: &str, segment: &str) -> bool {
    match pattern {
        "*" => true,
        "{}" => segment.starts_with('{'),
        words => words.split('|').any(|word| word == segment),
    }
}

/// The rows of `data/safety.tsv`, in the order of the file.
pub fn rows() -> &'static [Row] {
    static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
        let lines = include_str!("../../../../data/safety.tsv").lines().skip(1);
        lines.filter(|line| !line.is_empty()).map(row).collect()
    });
    &ROWS
}

fn row(line: &'static str) -> Row {
    let mut cells = line.split('\t');
    let mut cell = || cells.next().unwrap_or_default();
    let (methods, pattern, class, bulk, reason) = (cell(), cell(), cell(), cell(), cell());
    let methods = match methods {
        "*" => Method::ALL.to_vec(),
        listed => listed.split('|').filter_map(Method::parse).collect(),
    };
    let segments: Vec<&str> = pattern.trim_start_matches('/').split('/').collect();
    let (first, last) = match segments.iter().position(|segment| *segment == "**") {
        Some(at) => (segments[..at].to_vec(), Some(segments[at + 1..].to_vec())),
        None => (segments, None),
    };
    let class = Class::parse(class).expect("the table has the seven classes only; a test reads every row");
    Row { methods, first, last, pattern, safety: Safety { class, bulk: bulk == "bulk" }, reason }
}

/// The first row that matches an operation.
pub(super) fn find(method: Method, template: &str) -> Option<&'static Row> {
    /// The rows that can match a path, by its first segment. Every operation of the catalog is matched at the start of the
    /// program, so this must be fast.
    static BY_FIRST: LazyLock<HashMap<&'static str, Vec<&'static Row>>> = LazyLock::new(|| {
        let words = rows().iter().filter_map(|row| row.first.first()).flat_map(|first| first.split('|'));
        let begins = |row: &&'static Row, word: &str| row.first.first().is_none_or(|first| fits(first, word));
        words.map(|word| (word, rows().iter().filter(|row| begins(row, word)).collect())).collect()
    });
    let path: Vec<&str> = template.trim_matches('/').split('/').filter(|segment| !is_version(segment)).collect();
    match path.first().and_then(|first| BY_FIRST.get(first)) {
        Some(rows) => rows.iter().copied().find(|row| row.fits(method, &path)),
        None => rows().iter().find(|row| row.fits(method, &path)),
    }
}

/// `v3`, `2026-09`, `2026-09-beta`.
fn is_version(segment: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let dated =
        |text: &str| text.split_once('-').is_some_and(|(year, month)| year.len() == 4 && digits(year) && month.len() == 2 && digits(month));
    segment.strip_prefix('v').is_some_and(digits) || dated(segment.strip_suffix("-beta").unwrap_or(segment))
}
