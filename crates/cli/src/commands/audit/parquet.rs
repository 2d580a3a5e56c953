//! Writes the audit log as Parquet, from the JSON lines that the server exports.

use std::fs::File;
use std::sync::Arc;

use anyhow::Context;
use keyway_core::time::Timestamp;
use parquet::basic::Compression;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;
use serde_json::Value;

/// Records in a row group: some megabytes, and what is held in memory at once.
const GROUP: usize = 50_000;

/// The names are those of the other forms; times are UTC.
const SCHEMA: &str = "message call {
    required int64 id;
    required int64 time (timestamp(millis, true));
    optional int64 hubId;
    optional int64 appId;
    optional int64 tokenId;
    required binary operation (string);
    optional binary object (string);
    optional int32 status;
    optional binary category (string);
    optional binary rule (string);
    required int64 attempts;
    required int64 waitedUs;
    required int64 latencyUs;
    required int64 bytesIn;
    required int64 bytesOut;
    required binary correlationId (string);
    required binary source (string);
    required group recordIds (list) { repeated group list { required binary element (string); } }
    required int64 recordCount;
    required boolean recordsIncomplete;
    required group properties (list) { repeated group list { required binary element (string); } }
    required int64 propertyCount;
    required int64 calls;
    optional int64 session;
    optional binary onBehalfOf (string);
    optional binary purpose (string);
    optional binary tool (string);
    required binary decision (string);
    optional int64 approval;
}";

/// Writes records to a file, group by group.
pub struct Parquet {
    writer: SerializedFileWriter<File>,
    /// What of the last line came so far.
    line: Vec<u8>,
    records: Vec<Value>,
}

impl Parquet {
    /// Begins the file.
    pub fn new(file: File) -> anyhow::Result<Self> {
        let schema = Arc::new(parse_message_type(SCHEMA)?);
        let properties = Arc::new(WriterProperties::builder().set_compression(Compression::SNAPPY).build());
        Ok(Self { writer: SerializedFileWriter::new(file, schema, properties)?, line: Vec::new(), records: Vec::new() })
    }

    /// Takes a piece of the export, which may end anywhere.
    pub fn take(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                let record = serde_json::from_slice(&self.line).context("the server sent a record that is not JSON")?;
                self.line.clear();
                self.records.push(record);
                if self.records.len() == GROUP {
                    self.write_group()?;
                }
            }
        }
        Ok(())
    }

    /// Ends the file.
    pub fn finish(mut self) -> anyhow::Result<()> {
        self.write_group()?;
        self.writer.close()?;
        Ok(())
    }

    fn write_group(&mut self) -> anyhow::Result<()> {
        let records = std::mem::take(&mut self.records);
        if records.is_empty() {
            return Ok(());
        }
        let columns = self.writer.schema_descr().columns().iter();
        let names: Vec<(String, bool)> =
            columns.map(|column| (column.path().parts().first().cloned().unwrap_or_default(), column.max_rep_level() > 0)).collect();
        let mut group = self.writer.next_row_group()?;
        let mut names = names.iter();
        while let Some(mut column) = group.next_column()? {
            let (name, is_list) = names.next().map_or(("", false), |(name, is_list)| (name.as_str(), *is_list));
            if is_list {
                write_lists(&mut column, records.iter().map(|record| &record[name]))?;
                column.close()?;
                continue;
            }
            let values = || records.iter().map(|record| &record[name]);
            // 1 where there is a value; required columns have one everywhere, and their writers look at no levels.
            let levels: Vec<i16> = values().map(|value| i16::from(!value.is_null())).collect();
            let present = values().filter(|value| !value.is_null());
            match column.untyped() {
                ColumnWriter::Int64ColumnWriter(writer) => {
                    let numbers: Vec<i64> = present.map(|value| number(name, value)).collect::<anyhow::Result<_>>()?;
                    writer.write_batch(&numbers, Some(&levels), None)?;
                }
                ColumnWriter::Int32ColumnWriter(writer) => {
                    let numbers: Vec<i32> = present.map(|value| Ok(i32::try_from(number(name, value)?)?)).collect::<anyhow::Result<_>>()?;
                    writer.write_batch(&numbers, Some(&levels), None)?;
                }
                ColumnWriter::ByteArrayColumnWriter(writer) => {
                    let texts: Vec<ByteArray> = present.map(|value| ByteArray::from(value.as_str().unwrap_or_default())).collect();
                    writer.write_batch(&texts, Some(&levels), None)?;
                }
                ColumnWriter::BoolColumnWriter(writer) => {
                    let flags: Vec<bool> = present.map(|value| value.as_bool().unwrap_or(false)).collect();
                    writer.write_batch(&flags, Some(&levels), None)?;
                }
                _ => anyhow::bail!("the column {name} has a type that is not written"),
            }
            column.close()?;
        }
        group.close()?;
        Ok(())
    }
}

/// Writes a column of lists of texts: how deep each text is defined, and whether it goes on a list.
fn write_lists<'v>(column: &mut SerializedColumnWriter<'_>, lists: impl Iterator<Item = &'v Value>) -> anyhow::Result<()> {
    let (mut texts, mut defined, mut repeated) = (Vec::new(), Vec::new(), Vec::new());
    for list in lists {
        let items = list.as_array().map_or(&[][..], Vec::as_slice);
        if items.is_empty() {
            defined.push(0);
            repeated.push(0);
        }
        for (at, item) in items.iter().enumerate() {
            texts.push(ByteArray::from(item.as_str().unwrap_or_default()));
            defined.push(1);
            repeated.push(i16::from(at > 0));
        }
    }
    let ColumnWriter::ByteArrayColumnWriter(writer) = column.untyped() else { anyhow::bail!("a list is not of texts") };
    writer.write_batch(&texts, Some(&defined), Some(&repeated))?;
    Ok(())
}

fn number(name: &str, value: &Value) -> anyhow::Result<i64> {
    let number = match value.as_str() {
        Some(text) => Timestamp::parse_iso(text).map(Timestamp::as_ms),
        None => value.as_i64(),
    };
    number.with_context(|| format!("the server sent {value} as {name}"))
}
