//! Tables. In a pipe each column is as wide as its widest cell. On a terminal the table fits the width: it
//! leaves out the least important columns first, then wraps cells.

use keyway_core::shown;
use keyway_core::time::Timestamp;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::paint::Shade;
use super::time;

/// Between two columns.
const GAP: usize = 2;
/// No column is made narrower than its longest word, up to this, as long as there are columns to leave out.
const COLUMN_LEAST: usize = 13;
/// Columns that are left out where there is no room, by their headings: the first one first.
const LEAST_NEEDED: [&str; 15] = [
    "CORRELATION ID",
    "LATENCY",
    "LAST CALL",
    "ADD-ONS",
    "TIME ZONE",
    "CREATED",
    "SINCE",
    "MADE BY",
    "SECOND FACTOR",
    "KIND",
    "RECORDS",
    "ALLOWED BY",
    "TIER",
    "CLASSES",
    "OWNER",
];

/// What a table is made for.
#[derive(Clone, Copy, Default)]
pub struct Place {
    /// Columns of the terminal; none where lines may have any length.
    pub width: Option<usize>,
    /// Whether there are colours.
    pub colour: bool,
    /// The time that others are seen from; none where they are written as they are.
    pub now: Option<Timestamp>,
}

impl Place {
    /// Where results of this command go.
    pub fn of_results() -> Self {
        Self { width: super::columns(), colour: super::colour(), now: super::now() }
    }
}

/// The table, with no line end at its end. No cell ends its line.
pub fn write(header: &[&str], rows: &[Vec<String>], place: Place) -> String {
    let cell = |cell: &String| place.now.and_then(|now| time::relative(cell, now)).unwrap_or_else(|| shown::line(cell).into_owned());
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(cell).collect()).collect();
    let natural = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width());
        cells.chain([header[column].width()]).max().unwrap_or(0)
    };
    let mut columns: Vec<(usize, usize)> = (0..header.len()).map(|column| (column, natural(column))).collect();
    let mut left_out: Vec<&str> = Vec::new();
    if let Some(width) = place.width {
        if total(&columns) > width {
            // What no row has is not missed.
            let is_empty = |column: usize| {
                !rows.is_empty() && rows.iter().all(|row| matches!(row.get(column).map(String::as_str), None | Some("" | "-")))
            };
            columns.retain(|(column, _)| !is_empty(*column));
        }
        let words: Vec<usize> = (0..header.len())
            .map(|column| {
                let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| longest_word(cell));
                cells.chain([longest_word(header[column])]).max().unwrap_or(0).min(COLUMN_LEAST)
            })
            .collect();
        left_out = leave_out(&mut columns, header, width, &words);
        // Identifiers stay whole for as long as other columns can give way.
        let has_blanks = |column: usize| rows.iter().filter_map(|row| row.get(column)).any(|cell| cell.contains(' '));
        let (mut sentences, identifiers): (Vec<_>, Vec<_>) = columns.iter().copied().partition(|(column, _)| has_blanks(*column));
        let of_identifiers = identifiers.iter().map(|(_, width)| width + GAP).sum::<usize>();
        let room = width.saturating_sub(of_identifiers).max(sentences.len() * (COLUMN_LEAST + GAP));
        fit(&mut sentences, room, &words);
        for (column, width) in &mut columns {
            *width = sentences.iter().find(|(other, _)| other == column).map_or(*width, |(_, fitted)| *fitted);
        }
        fit(&mut columns, width, &words);
    }
    let mut lines = row_lines(&columns, |column| (header[column].to_owned(), place.colour.then_some(Shade::Head)));
    for row in &rows {
        lines.extend(row_lines(&columns, |column| {
            let cell = row.get(column).cloned().unwrap_or_default();
            let shade = if place.colour { shade(header[column], &cell) } else { None };
            (cell, shade)
        }));
    }
    if !left_out.is_empty() {
        let note = format!("not shown, as the terminal is narrow: {} (--json has all)", left_out.join(", "));
        lines.push(if place.colour { Shade::Dim.paint(&note) } else { note });
    }
    lines.join("\n")
}

fn total(columns: &[(usize, usize)]) -> usize {
    columns.iter().map(|(_, width)| width + GAP).sum::<usize>().saturating_sub(GAP)
}

/// Takes columns out until the others fit when their cells are wrapped. The headings of those that were taken out.
fn leave_out<'h>(columns: &mut Vec<(usize, usize)>, header: &[&'h str], room: usize, words: &[usize]) -> Vec<&'h str> {
    let mut left_out = Vec::new();
    for name in LEAST_NEEDED {
        let wrapped: Vec<(usize, usize)> = columns.iter().map(|(column, _)| (*column, words[*column])).collect();
        // A wrapped identifier can't be copied: it goes before anything is wrapped for it.
        if total(&wrapped) <= room && name != "CORRELATION ID" || total(columns) <= room {
            break;
        }
        if let Some(at) = columns.iter().position(|(column, _)| header[*column] == name) {
            left_out.push(header[columns.remove(at).0]);
        }
    }
    left_out
}

/// Makes the widest columns narrower, all alike, until the table fits: first as far as their words stay whole, then further.
fn fit(columns: &mut [(usize, usize)], room: usize, words: &[usize]) {
    shrink(columns, room, |column| words[column]);
    shrink(columns, room, |_| 1);
}

/// Makes the widest columns narrower, each down to its least width.
fn shrink(columns: &mut [(usize, usize)], room: usize, least: impl Fn(usize) -> usize) {
    while total(columns) > room {
        let can_give = |(column, width): &(usize, usize)| *width > least(*column);
        let Some(widest) = columns.iter().filter(|of| can_give(of)).map(|(_, width)| *width).max() else { return };
        let excess = total(columns) - room;
        let next = columns.iter().map(|(_, width)| *width).filter(|width| *width < widest).max().unwrap_or(1);
        let count = columns.iter().filter(|of| of.1 == widest && can_give(of)).count();
        let less = (widest - next).min(excess.div_ceil(count)).max(1);
        for (column, width) in columns.iter_mut().filter(|of| of.1 == widest && can_give(of)) {
            *width = (*width - less).max(least(*column));
        }
    }
}

/// Where a cell may continue in the next line, behind the sign.
const BREAKS: [char; 6] = [' ', '/', ',', '.', '-', '_'];

/// The ends of the parts of a cell that are not broken. A sign between two digits belongs to a date or a number.
fn ends_of_words(text: &str) -> impl Iterator<Item = usize> {
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    let bytes = text.as_bytes();
    text.match_indices(BREAKS).map(|(at, sign)| at + sign.len()).filter(move |end| {
        bytes[end - 1] == b' ' || !(is_digit(end.checked_sub(2).and_then(|before| bytes.get(before))) && is_digit(bytes.get(*end)))
    })
}

/// The width of the longest part of a cell that is not broken.
fn longest_word(text: &str) -> usize {
    let mut start = 0;
    let ends = ends_of_words(text).chain([text.len()]);
    ends.map(|end| text[std::mem::replace(&mut start, end)..end].trim_end().width()).max().unwrap_or(0)
}

/// A row as lines: as many as its highest cell has.
fn row_lines(columns: &[(usize, usize)], cell: impl Fn(usize) -> (String, Option<Shade>)) -> Vec<String> {
    let cells: Vec<(Vec<String>, Option<Shade>, usize)> = columns
        .iter()
        .map(|(column, width)| {
            let (text, shade) = cell(*column);
            (wrapped(&text, *width), shade, *width)
        })
        .collect();
    let height = cells.iter().map(|(lines, ..)| lines.len()).max().unwrap_or(0);
    let line = |at: usize| {
        let mut line = String::new();
        let mut column_end = 0;
        for (lines, shade, width) in &cells {
            let text = lines.get(at).map_or("", String::as_str);
            if !text.is_empty() {
                // Blanks stand before a cell and not after the last one.
                line.extend(std::iter::repeat_n(' ', column_end - line_width(&line)));
                line.push_str(&shade.map_or_else(|| text.to_owned(), |shade| shade.paint(text)));
            }
            column_end += width + GAP;
        }
        line
    };
    (0..height).map(line).collect()
}

/// Columns that a line takes, its colours left aside.
fn line_width(line: &str) -> usize {
    let mut pieces = line.split('\u{1b}');
    let first = pieces.next().unwrap_or_default().width();
    first + pieces.map(|piece| piece.split_once('m').map_or(0, |(_, text)| text.width())).sum::<usize>()
}

/// A cell in lines of at most `width` columns, broken after a blank or a sign of a path where there is one.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = text;
    while rest.width() > width {
        let (mut end, mut used) = (0, 0);
        for (at, letter) in rest.char_indices() {
            used += letter.width().unwrap_or(0);
            if used > width.max(1) && at > 0 {
                break;
            }
            end = at + letter.len_utf8();
        }
        let line = &rest[..end];
        // A word that ends here is whole. A sign near the start is passed over for a fuller line, a blank is not.
        let soft = if rest[end..].starts_with(' ') {
            None
        } else {
            let last = ends_of_words(rest).take_while(|at| *at <= end).last();
            last.filter(|at| *at > end / 2).or_else(|| line.rfind(' ').map(|at| at + 1))
        };
        let (line, after) = rest.split_at(soft.unwrap_or(end));
        lines.push(line.trim_end().to_owned());
        rest = after.trim_start();
    }
    lines.push(rest.to_owned());
    lines
}

/// The colour of a cell, by the heading of its column.
fn shade(heading: &str, cell: &str) -> Option<Shade> {
    match (heading, cell) {
        ("STATUS", _) => match cell.as_bytes().first() {
            Some(b'2') => Some(Shade::Fine),
            Some(b'4') => Some(Shade::Soon),
            Some(b'5') => Some(Shade::Bad),
            _ => None,
        },
        ("STATE", "disabled" | "revoked" | "expired" | "refused" | "unreachable" | "failed") => Some(Shade::Bad),
        ("STATE", "expiring" | "lacks scopes" | "unknown") => Some(Shade::Soon),
        ("STATE", "enabled" | "active" | "fine") => Some(Shade::Fine),
        (_, "-") => Some(Shade::Dim),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: [&str; 5] = ["TIME", "APP", "STATUS", "OPERATION", "CORRELATION ID"];

    fn rows() -> Vec<Vec<String>> {
        let row = |time: &str, app: &str, status: &str, operation: &str| {
            [time, app, status, operation, "0196e3a1-8f2b-7c4d-9e01-23456789abcd"].map(str::to_owned).to_vec()
        };
        vec![
            row("2026-11-29T11:58:00.000Z", "Order sync", "200", "GET /crm/objects/2026-09/{objectType}/{objectId}"),
            row("2026-11-29T11:59:00.000Z", "名前 app", "403", "POST /crm/objects/2026-09/{objectType}/batch/create"),
        ]
    }

    fn at(width: usize) -> Place {
        Place { width: Some(width), colour: false, now: Timestamp::parse_iso("2026-11-29T12:00:00Z") }
    }

    #[test]
    fn in_a_pipe_columns_are_as_wide_as_their_cells() {
        let text = write(&["ID", "NAME"], &[vec!["1".into(), "a\nb".into()], vec!["22".into(), String::new()]], Place::default());
        assert_eq!(text, "ID  NAME\n1   a\\nb\n22");
        let text = write(&HEADER, &rows(), Place::default());
        assert!(text.lines().nth(1).unwrap().starts_with("2026-11-29T11:58:00.000Z  Order sync  200     GET /crm"), "{text}");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_and_no_text_is_lost() {
        for width in [40, 60, 80, 100, 150, 200] {
            let text = write(&HEADER, &rows(), at(width));
            assert!(text.lines().all(|line| line.starts_with("not shown") || line.width() <= width), "{width}:\n{text}");
            let letters: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
            assert!(letters.contains("Ordersync") || width < 60, "{width}:\n{text}");
            assert!(text.contains("2 minutes ago") || width < 60, "{width}:\n{text}");
        }
        assert!(write(&HEADER, &rows(), at(80)).contains("not shown, as the terminal is narrow: CORRELATION ID"));
        assert!(!write(&HEADER, &rows(), at(200)).contains("not shown"));
    }

    #[test]
    fn identifiers_stay_whole_and_empty_columns_go_first() {
        let row = ["crm.objects.deals.highly_sensitive.write.v2", "Create and change deals, highly sensitive (version 2)", "-"];
        let text = write(&["SCOPE", "ALLOWS TO", "NOTE"], &[row.map(str::to_owned).to_vec()], at(80));
        assert!(text.contains("crm.objects.deals.highly_sensitive.write.v2  Create and change deals,"), "{text}");
        assert!(!text.contains("NOTE") && !text.contains("not shown") && text.lines().all(|line| line.width() <= 80), "{text}");
    }

    #[test]
    fn colours_change_no_column() {
        let plain = write(&HEADER, &rows(), at(100));
        let coloured = write(&HEADER, &rows(), Place { colour: true, ..at(100) });
        let without: String = coloured
            .split('\u{1b}')
            .enumerate()
            .map(|(at, piece)| if at == 0 { piece } else { piece.split_once('m').map_or("", |(_, text)| text) })
            .collect();
        assert_eq!(without, plain);
        assert!(coloured.contains("\u{1b}[32m200\u{1b}[0m") && coloured.contains("\u{1b}[33m403\u{1b}[0m"), "{coloured:?}");
    }

    #[test]
    fn a_long_cell_breaks_where_a_reader_would() {
        assert_eq!(wrapped("GET /crm/objects/{objectType}", 14), ["GET /crm/", "objects/", "{objectType}"]);
        assert_eq!(wrapped("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrapped("名前名前", 5), ["名前", "名前"]);
        assert_eq!(wrapped("", 3), [""]);
        assert_eq!(wrapped("11 minutes ago", 10), ["11 minutes", "ago"]);
        assert_eq!(wrapped("an identifier", 11), ["an", "identifier"]);
    }

    #[test]
    fn dates_and_parts_of_paths_stay_whole_at_sixty_columns() {
        let header = ["ENDS", "APP", "OPERATION", "CALLS", "LAST CALL", "MOVES TO"];
        let operation = "PATCH /crm/v3/objects/{objectType}/{objectId}";
        let row = ["2027-09-30", "Webshop orders", operation, "16", "2026-11-29T11:49:00.000Z", "/crm/objects/2026-09/{objectType}"];
        let text = write(&header, &[row.map(str::to_owned).to_vec()], at(60));
        for word in ["2027-09-30", "orders", "{objectType}/", "{objectId}", "2026-09/", "objects/"] {
            assert!(text.contains(word), "{word}:\n{text}");
        }
        assert!(text.ends_with("not shown, as the terminal is narrow: LAST CALL (--json has all)"), "{text}");
        assert_eq!(wrapped("2026-11-29T12:00", 8), ["2026-11-", "29T12:00"], "only where nothing else helps");
    }

    #[test]
    fn words_stay_whole_while_a_column_can_be_left_out() {
        let header = ["ID", "APP", "STATE", "ON BEHALF OF", "PURPOSE", "CLASSES", "EXPIRES", "LAST USE"];
        let row = ["4", "CRM agent", "active", "ada", "Answer questions", "read", "2026-11-29T12:30:00.000Z", "2026-11-29T11:49:00.000Z"];
        let text = write(&header, &[row.map(str::to_owned).to_vec()], at(60));
        for word in ["BEHALF", "PURPOSE", "questions", "EXPIRES", "minutes"] {
            assert!(text.contains(word), "{word}:\n{text}");
        }
        assert!(text.ends_with("not shown, as the terminal is narrow: CLASSES (--json has all)"), "{text}");
    }
}
