//! Reads a CSV file, bounded; what its cells mean is not known here.

use keyway_core::error_body::ErrorBody;

use super::plan::COLUMNS_MAX;

/// Rows of a file. HubSpot takes a million; an account in memory, whose rows are done between two
/// calls, takes what is done within a second or two.
pub const ROWS_MAX: usize = 20_000;

/// Cells of all files of an import. HubSpot has no such bound; an account in memory does an import at once,
/// and keeps its cells in memory meanwhile.
pub const CELLS_MAX: usize = 1_000_000;

/// A row as it stands in the file.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    /// From 1, the header included; a cell may hold line ends.
    pub line: u64,
    /// Nothing where the row is not UTF-8.
    pub cells: Option<Vec<String>>,
}

/// A file's rows, the header among them.
#[derive(Debug)]
pub struct Sheet {
    pub rows: Vec<Row>,
}

impl Sheet {
    /// Reads a file, of which so many cells are left; they are taken. Refused where it is too large; never
    /// for what its rows are.
    pub fn read(bytes: &[u8], cells_left: &mut usize) -> Result<Self, ErrorBody> {
        // Spreadsheets write this mark before UTF-8.
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
        let (mut rows, mut record) = (Vec::new(), csv::ByteRecord::new());
        let mut lines = Lines { bytes, at: 0, line: 1 };
        while reader.read_byte_record(&mut record).map_err(|error| ErrorBody::validation(format!("The file is not CSV: {error}")))? {
            if record.len() > COLUMNS_MAX {
                return Err(ErrorBody::validation(format!("The file has more than {COLUMNS_MAX} columns")));
            }
            *cells_left = cells_left.checked_sub(record.len()).ok_or_else(|| {
                ErrorBody::validation(format!("The files of an import have more than {CELLS_MAX} cells; import them in parts"))
            })?;
            // The header is one more.
            if rows.len() > ROWS_MAX {
                return Err(ErrorBody::validation(format!("The file has more than {ROWS_MAX} rows")));
            }
            let cells: Option<Vec<String>> = record.iter().map(|cell| String::from_utf8(cell.to_vec()).ok()).collect();
            let start = record.position().map_or(0, csv::Position::byte);
            rows.push(Row { line: lines.of(usize::try_from(start).unwrap_or(usize::MAX)), cells });
        }
        Ok(Self { rows })
    }
}

/// Counts lines as an editor does. The reader's own count stops between the two bytes of a line end.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line of the row that begins at a byte, or at the end of line ends there.
    fn of(&mut self, start: usize) -> u64 {
        let rest = self.bytes.get(start..).unwrap_or_default();
        let end = start + rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let between = self.bytes.get(self.at..end).unwrap_or_default();
        self.line += between.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.at = end;
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(bytes: &[u8]) -> Vec<(u64, Option<Vec<String>>)> {
        Sheet::read(bytes, &mut CELLS_MAX.clone()).unwrap().rows.into_iter().map(|row| (row.line, row.cells)).collect()
    }

    fn cells(cells: &[&str]) -> Option<Vec<String>> {
        Some(cells.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn cells_hold_commas_and_lines_and_rows_know_their_line() {
        let read = rows(b"\xef\xbb\xbfa,b\r\n\"x,\ny\",\"\"\"q\"\"\"\r\nz,1\n");
        assert_eq!(read, [(1, cells(&["a", "b"])), (2, cells(&["x,\ny", "\"q\""])), (4, cells(&["z", "1"]))]);
    }

    #[test]
    fn ragged_rows_and_bytes_that_are_no_text_are_kept_as_they_are() {
        let read = rows(b"a,b\n1\n1,2,3\n\xff,2\n");
        assert_eq!(read[1..], [(2, cells(&["1"])), (3, cells(&["1", "2", "3"])), (4, None)]);
    }

    #[test]
    fn rows_and_columns_have_a_most() {
        let file = |rows: usize| "a\n".repeat(rows).into_bytes();
        assert_eq!(rows(&file(ROWS_MAX + 1)).len(), ROWS_MAX + 1);
        assert!(Sheet::read(&file(ROWS_MAX + 2), &mut CELLS_MAX.clone()).is_err());
        assert!(Sheet::read(",".repeat(COLUMNS_MAX - 1).as_bytes(), &mut CELLS_MAX.clone()).is_ok());
        assert!(Sheet::read(",".repeat(COLUMNS_MAX).as_bytes(), &mut CELLS_MAX.clone()).is_err());
    }

    #[test]
    fn the_files_of_an_import_have_a_most_of_cells_together() {
        let file = format!("{}\n", ",".repeat(99)).repeat(6_000).into_bytes();
        let mut left = CELLS_MAX;
        assert!(Sheet::read(&file, &mut left).is_ok());
        assert_eq!(left, 400_000);
        let refused = Sheet::read(&file, &mut left).unwrap_err();
        assert_eq!(refused.message, "The files of an import have more than 1000000 cells; import them in parts");
    }
}
