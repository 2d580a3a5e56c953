//! Pages of rows: as many as asked for and as fit, and in words how to get the next.

use http::Method;
use serde_json::Value;

use super::Ask;
use crate::answer::{Reply, rows_that_fit};
use crate::{ROWS_DEFAULT, ROWS_MAX};

/// One page of an answer.
pub struct Page {
    /// Its rows, shaped.
    pub rows: Vec<Value>,
    /// How many there are of all pages, where the answer says so.
    pub total: Option<u64>,
    /// The cursor of the next page; none after the last.
    pub after: Option<String>,
}

/// What the cursor of a list is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// The number of rows before the page, as of a search.
    Offset,
    /// HubSpot's own cursor, which this server does not read.
    Opaque,
}

/// Reads a page. `asked` is the call with a limit: method, path and query, body; `shape` makes a row of a result.
///
/// # Errors
/// What the model reads where the call was refused.
pub async fn page(
    ask: &Ask<'_>,
    asked: impl Fn(u64) -> (Method, String, Option<Value>),
    shape: impl Fn(&Value) -> Value,
    by: Cursor,
) -> Result<Page, Reply> {
    let limit = ask.given.number("limit").unwrap_or(ROWS_DEFAULT).min(ROWS_MAX);
    let (method, target, body) = asked(limit);
    let mut page = read(&ask.call(method, target, body).await?, &shape);
    let fit = rows_that_fit(&page.rows).max(1);
    if fit >= page.rows.len() {
        return Ok(page);
    }
    if by == Cursor::Offset {
        page.rows.truncate(fit);
        page.after = Some((ask.given.text("after").parse::<usize>().unwrap_or_default() + fit).to_string());
        return Ok(page);
    }
    // Asked again for fewer, so that the cursor is that of the first row that is not shown.
    let (method, target, body) = asked(u64::try_from(fit).unwrap_or(1));
    Ok(read(&ask.call(method, target, body).await?, &shape))
}

fn read(answer: &Value, shape: impl Fn(&Value) -> Value) -> Page {
    Page {
        rows: answer["results"].as_array().map(|rows| rows.iter().map(shape).collect()).unwrap_or_default(),
        total: answer["total"].as_u64(),
        after: cursor(answer),
    }
}

/// The cursor of the next page, where it can stand in a sentence.
pub fn cursor(answer: &Value) -> Option<String> {
    let after = answer["paging"]["next"]["after"].as_str()?;
    let fits = after.len() <= 256 && after.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_=.+/%:".contains(&byte));
    (fits && !after.is_empty()).then(|| after.to_owned())
}

impl Page {
    /// The answer of a tool.
    pub fn reply(self, ask: &Ask<'_>, what: &str) -> Reply {
        let shown = self.rows.len();
        let of = self.total.map(|total| format!(" of {total}")).unwrap_or_default();
        let mut words = format!("{shown}{of} {what}.");
        if let Some(after) = &self.after {
            words.push_str(&format!(
                " More follow: for the next page call {} with the same arguments and after \"{after}\".",
                ask.tool.name
            ));
        } else if shown > 0 {
            words.push_str(" These are all, or the last page.");
        }
        let reply = Reply::of(words, self.rows.into()).fact("rows", shown);
        let reply = match self.total {
            Some(total) => reply.fact("total", total),
            None => reply,
        };
        match self.after {
            Some(after) => reply.fact("after", after),
            None => reply,
        }
    }
}
