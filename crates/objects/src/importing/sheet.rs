//! Reads a CSV file, within limits. It does not interpret the cells.

use keyway_core::error_body::ErrorBody;

use crate::invalid;

/// Mapped columns of a file (HubSpot: 1,000).
pub const COLUMNS_MAX: usize = 1_000;

/// Rows of a file. HubSpot takes a million; an account in memory takes what is done within a second or two.
pub const ROWS_MAX: usize = 20_000;

/// Cells of all files of an import. HubSpot has no such bound; an account keeps the cells of an import in
/// memory until it is done.
pub const CELLS_MAX: usize = 1_000_000;

/// A row of the file.
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
    /// The rows, in order.
    pub rows: Vec<Row>,
}

impl Sheet {
    /// Reads a file, and subtracts its cells from `cells_left`.
    ///
    /// # Errors
    /// The file is too large. A row of the wrong form is not an error.
    pub fn read(bytes: &[u8], cells_left: &mut usize) -> Result<Self, ErrorBody> {
        // Spreadsheets write this mark before UTF-8.
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut records = Records::new(bytes);
        let mut rows = Vec::new();
        let mut lines = Lines { bytes, at: 0, line: 1 };
        while let Some(record) = records.next()? {
            *cells_left = cells_left.checked_sub(record.ends.len()).ok_or_else(|| invalid::import_cells_too_many(CELLS_MAX))?;
            // The header is one more.
            if rows.len() > ROWS_MAX {
                return Err(invalid::import_rows_too_many(ROWS_MAX));
            }
            let cells: Option<Vec<String>> = record.cells().map(|cell| String::from_utf8(cell.to_vec()).ok()).collect();
            rows.push(Row { line: lines.of(record.start), cells });
        }
        Ok(Self { rows })
    }
}

/// Reads record by record. Stops inside a record at the first cell over the limit.
struct Records<'a> {
    reader: csv_core::Reader,
    rest: &'a [u8],
    at: usize,
    text: Vec<u8>,
    ends: Vec<usize>,
}

/// A record: where it begins, and its cells, each by its end.
struct Record<'r> {
    start: usize,
    text: &'r [u8],
    ends: &'r [usize],
}

impl<'r> Record<'r> {
    fn cells(&self) -> impl Iterator<Item = &'r [u8]> {
        let (text, ends) = (self.text, self.ends);
        let starts = std::iter::once(0).chain(ends.iter().copied());
        starts.zip(ends).map(move |(start, end)| &text[start..*end])
    }
}

impl<'a> Records<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        // The reader wants room for one end more than there are.
        Self { reader: csv_core::Reader::new(), rest: bytes, at: 0, text: vec![0; 4_096], ends: vec![0; COLUMNS_MAX + 1] }
    }

    /// The next record; none at the end.
    fn next(&mut self) -> Result<Option<Record<'_>>, ErrorBody> {
        let too_many = || invalid::import_columns_too_many(COLUMNS_MAX);
        let (start, mut written, mut count) = (self.at, 0, 0);
        loop {
            let (result, read, out, ends) = self.reader.read_record(self.rest, &mut self.text[written..], &mut self.ends[count..]);
            (self.rest, self.at, written, count) = (&self.rest[read..], self.at + read, written + out, count + ends);
            match result {
                // All of the file is here: nothing left to read is the end of it.
                csv_core::ReadRecordResult::InputEmpty => {}
                csv_core::ReadRecordResult::OutputFull => self.text.resize(2 * self.text.len(), 0),
                csv_core::ReadRecordResult::OutputEndsFull => return Err(too_many()),
                csv_core::ReadRecordResult::Record if count > COLUMNS_MAX => return Err(too_many()),
                csv_core::ReadRecordResult::Record => {
                    return Ok(Some(Record { start, text: &self.text[..written], ends: &self.ends[..count] }));
                }
                csv_core::ReadRecordResult::End => return Ok(None),
            }
        }
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
    fn a_row_of_too_many_cells_is_given_up_at_the_first_of_them() {
        let file = ",".repeat(1_000_000);
        let mut records = Records::new(file.as_bytes());
        assert!(records.next().is_err());
        assert!(records.at <= COLUMNS_MAX + 2, "{} bytes were read", records.at);
    }

    #[test]
    fn long_cells_and_quotes_are_read_whole() {
        let long = "x".repeat(100_000);
        let read = rows(format!("a,{long}\n\"{}\",b", "\"\"".repeat(50_000)).as_bytes());
        assert_eq!(read, [(1, cells(&["a", &long])), (2, cells(&[&"\"".repeat(50_000), "b"]))]);
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
