//! `keyway portal report`: reports on the calls of a test run, and fails if strict mode does.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail};
use http::Method;
use keyway_core::shown;
use keyway_core::strict::report::{Report, VERSION};

use super::super::{note, query};
use crate::args::Connection;
use crate::args::strict::{Format, Report as Arguments};
use crate::client::call;
use crate::exit::Exit;
use crate::output::is_json;
use crate::report::written;

/// Longest report read from a file, in bytes.
const FILE_BYTES_MAX: u64 = 64 << 20;

pub async fn run(connection: &Connection, account: Option<u64>, asked: Arguments) -> anyhow::Result<Exit> {
    let Arguments { merge, strict, format, output } = asked;
    let report = match merge.is_empty() {
        true => of_server(connection, account, strict.ends_by.clone()).await?,
        false => {
            let reports = merge.iter().map(|file| read(file)).collect::<anyhow::Result<Vec<_>>>()?;
            Report::merged(reports, strict.ends_by.as_deref())
        }
    };
    let format = if is_json() { Format::Json } else { format };
    let document = written(&report, strict.rules(), format)?;
    match output {
        Some(file) => {
            std::fs::write(&file, document).with_context(|| format!("{} can't be written", shown::path(&file)))?;
            note(&format!("wrote the report to {}", shown::path(&file)));
        }
        None => super::super::print(document.trim_end())?,
    }
    Ok(if strict.strict.is_some_and(|rules| report.fails(&rules.0)) { Exit::Negative } else { Exit::Fine })
}

async fn of_server(connection: &Connection, account: Option<u64>, ends_by: Option<String>) -> anyhow::Result<Report> {
    let path = account.map_or_else(|| "/api/v1/report".to_owned(), |hub_id| format!("/api/v1/portals/{hub_id}/report"));
    let answer = call(connection, Method::GET, &format!("{path}{}", query(&[("endsBy", ends_by)])), None).await?;
    serde_json::from_value(answer)
        .context("the server's report is not of this version of keyway. Use the keyway program of the server's version")
}

fn read(file: &Path) -> anyhow::Result<Report> {
    let mut text = String::new();
    let opened = std::fs::File::open(file).and_then(|open| open.take(FILE_BYTES_MAX + 1).read_to_string(&mut text));
    opened.with_context(|| format!("{} can't be read", shown::path(&file)))?;
    if text.len() as u64 > FILE_BYTES_MAX {
        bail!("{} is longer than a report, which has at most {} MiB", shown::path(&file), FILE_BYTES_MAX >> 20);
    }
    let report: Report = serde_json::from_str(&text)
        .with_context(|| format!("{} is not a report. Write one with \"keyway portal report --json --output FILE\"", shown::path(&file)))?;
    if report.version != VERSION {
        bail!("{} has version {}, and this program reads version {VERSION}", shown::path(&file), report.version);
    }
    Ok(report)
}
