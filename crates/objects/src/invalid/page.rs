//! The table as docs/validation-errors.md.

use std::fmt::Write as _;

use super::{DETAIL_ROWS, ROWS, Source, VALUE_ROWS};

const HEAD: &str = "# Validation errors of an embedded account

An embedded account refuses an invalid call with HubSpot's envelope: `status`, `message`, `correlationId`, `category`, and where the table says so `subCategory`, `context` and `errors`. This page is written from the program's table (`crates/objects/src/invalid/table.rs`). A test performs a call for each row.

Names in braces stand for words of the call. *Unconfirmed* marks words that no public source shows: branch on the status and the category there. *Keyway's bound* marks limits of the embedded account itself. [errors.md](errors.md) lists the refusals of Keyway.
";

const VALUES: &str = "
## Values of properties

A record write whose values are invalid gets `values_invalid`. Its message holds a JSON list with an object for each value (`isValid`, `message`, `error`, `name`, `localizedErrorMessage`, `portalId`). `errors` has an entry for each value: the code, the message, and `context.propertyName`.

| code | message | source |
| --- | --- | --- |
";

const DETAILS: &str = "
## Entries for single faults

Two rows have an entry of `errors` for each fault. It has `errorType` in the answers of `submission_invalid`, and `subCategory` in those of `property_in_use`.

| row | type of the entry | message | context | source |
| --- | --- | --- | --- | --- |
";

/// The page.
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    let mut family = "";
    for row in ROWS {
        if row.family != family {
            family = row.family;
            let _ = write!(
                page,
                "\n## {family}\n\n| status | category | message | context | errors | source |\n| --- | --- | --- | --- | --- | --- |\n"
            );
        }
        let category =
            if row.sub_category.is_empty() { row.category.to_owned() } else { format!("{}, {}", row.category, row.sub_category) };
        let entry = row.entries.last().map_or_else(String::new, |entry| {
            let mut parts = vec![if entry.message == row.message { "the message".to_owned() } else { code(entry.message) }];
            parts.extend((!entry.code.is_empty()).then(|| format!("`code` {}", entry.code)));
            parts.extend(entry.has_place.then(|| "`in`".to_owned()));
            parts.extend(entry.context.iter().map(|key| format!("`context.{key}`")));
            parts.join(", ")
        });
        let context = row.context.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
        let _ = writeln!(page, "| {} | {category} | {} | {context} | {entry} | {} |", row.status, code(row.message), source(row.source));
    }
    page.push_str(VALUES);
    for row in VALUE_ROWS {
        let _ = writeln!(page, "| {} | {} | {} |", row.code, code(row.message), source(row.source));
    }
    page.push_str(DETAILS);
    for row in DETAIL_ROWS {
        let context = row.context.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
        let of_type = [row.error_type, row.sub_category].concat();
        let _ = writeln!(page, "| `{}` | {of_type} | {} | {context} | {} |", row.of, code(row.message), source(row.source));
    }
    page
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

fn source(source: Source) -> String {
    match source {
        Source::Page(page) => format!("HubSpot: {page}"),
        Source::Seen(place) => format!("seen: {place}"),
        Source::Unconfirmed => "unconfirmed".to_owned(),
        Source::Own => "Keyway's bound".to_owned(),
    }
}
