//! Reads records from CSV: the first line names properties, and an empty cell sets nothing.

use anyhow::{Context, anyhow, bail};
use serde_json::{Map, Value, json};

/// A seed of `TYPE=FILE` arguments.
pub fn seed(files: &[String]) -> anyhow::Result<Value> {
    let mut records = Map::new();
    for file in files {
        let (kind, path) = file.split_once('=').with_context(|| format!("{file} is not of the form contacts=people.csv"))?;
        let text = crate::seed::read(std::path::Path::new(path))?;
        let rows = rows(&text).with_context(|| format!("{path} can't be read"))?;
        if records.insert(kind.to_owned(), rows.into()).is_some() {
            bail!("{kind} is given twice");
        }
    }
    Ok(json!({ "records": records }))
}

/// An error of the account about a record, by the line of the file that has it.
pub fn at_line(error: anyhow::Error, files: &[String]) -> anyhow::Error {
    let text = error.to_string();
    let found = files.iter().filter_map(|file| file.split_once('=')).find_map(|(kind, path)| {
        let (number, what) = text.strip_prefix(&format!("records.{kind}["))?.split_once(']')?;
        // The first line has the names of the properties.
        let line = number.parse::<usize>().ok()? + 2;
        Some(anyhow!("{}, line {line}{what}", keyway_core::shown::line(path)))
    });
    found.unwrap_or(error)
}

fn rows(text: &str) -> anyhow::Result<Vec<Value>> {
    let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let names = reader.headers()?.clone();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record?;
        let given = names.iter().zip(&record).filter(|(_, cell)| !cell.is_empty());
        let properties: Map<String, Value> = given.map(|(name, cell)| (name.trim().to_owned(), cell.into())).collect();
        rows.push(json!({ "properties": properties }));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_record_and_an_empty_cell_sets_nothing() {
        let rows = rows("\u{feff}email,city\na@example.com,\"Porto, north\"\nb@example.com,\n").unwrap();
        assert_eq!(rows[0]["properties"], json!({ "email": "a@example.com", "city": "Porto, north" }));
        assert_eq!(rows[1]["properties"], json!({ "email": "b@example.com" }));
    }

    #[test]
    fn a_line_with_a_cell_too_many_is_refused_with_its_place() {
        let refused = rows("email\na@example.com,1\n").unwrap_err();
        assert!(refused.to_string().contains("line: 2"), "{refused}");
    }
}
