//! The table of refusals as a page: the part of docs/errors.md between two marks.

use std::fmt::Write as _;

use super::Refusal;

/// The mark before the generated part of docs/errors.md.
pub const PAGE_BEGIN: &str = "<!-- refusals -->\n";
/// The mark after it, see [`PAGE_BEGIN`].
pub const PAGE_END: &str = "<!-- /refusals -->";

/// The generated part: a line for each refusal.
pub fn page() -> String {
    let mut page = "| keyway-rule | status | category | cause | what to do |\n| --- | --- | --- | --- | --- |\n".to_owned();
    for refusal in Refusal::all() {
        let status = refusal.status().map_or_else(|| "several".to_owned(), |status| status.to_string());
        let _ = writeln!(
            page,
            "| `{}` | {status} | {} | {} | {} |",
            refusal.name(),
            refusal.category(),
            refusal.cause(),
            refusal.remedy().join(" ")
        );
    }
    page
}
