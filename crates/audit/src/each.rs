//! Reads the lines of JSON that `stream` writes, one for each record.

use std::io::Write;

use serde_json::Value;

/// Takes each record that is written to it, and passes the bytes to a further reader as they are.
pub struct EachRecord<F> {
    take: F,
    next: Option<Box<dyn Write + Send>>,
    line: Vec<u8>,
}

impl<F: FnMut(Value)> EachRecord<F> {
    /// Gives each record to `take`.
    pub const fn new(next: Option<Box<dyn Write + Send>>, take: F) -> Self {
        Self { take, next, line: Vec::new() }
    }
}

impl<F: FnMut(Value)> Write for EachRecord<F> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // Records are taken also when the further reader is gone.
        if let Some(next) = &mut self.next
            && next.write_all(bytes).is_err()
        {
            tracing::error!("the stream of audit records is closed: its reader is gone");
            self.next = None;
        }
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                (self.take)(serde_json::from_slice(&self.line).unwrap_or(Value::Null));
                self.line.clear();
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.next.as_mut().map_or(Ok(()), |next| next.flush())
    }
}
