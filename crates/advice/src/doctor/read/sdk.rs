//! The call of a client library beside an error: `client.crm.owners.ownersApi.getById(…)`, in the spelling of any
//! language.

use keyway_core::catalog::tables::{SdkCallRow, sdk_calls};

/// The names directly below a client with which its calls begin.
const ROOMS: [&str; 11] = [
    "crm",
    "cms",
    "automation",
    "communicationpreferences",
    "conversations",
    "events",
    "files",
    "marketing",
    "oauth",
    "settings",
    "webhooks",
];
/// The most text that is searched, in bytes.
const BYTES_MAX: usize = 128 * 1024;

/// The first call of the table that the text contains.
pub(super) fn call(text: &str) -> Option<&'static SdkCallRow> {
    let end = (0..=text.len().min(BYTES_MAX)).rev().find(|at| text.is_char_boundary(*at))?;
    let text = &text[..end];
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let begin = rest.find(|one: char| one.is_ascii_alphabetic())?;
        let (chain, length) = chain(&rest[begin..]);
        if chain.len() >= 3 {
            for from in 0..chain.len() - 2 {
                if ROOMS.contains(&chain[from].as_str())
                    && let Some(row) = row(&chain[from..])
                {
                    return Some(row);
                }
            }
        }
        at += begin + length.max(1);
    }
    None
}

/// Names joined as members, in one normal form, and the length of the whole chain.
fn chain(text: &str) -> (Vec<String>, usize) {
    let mut names = Vec::new();
    let mut at = 0;
    loop {
        let rest = &text[at..];
        let length = rest.find(|one: char| !(one.is_ascii_alphanumeric() || one == '_')).unwrap_or(rest.len());
        if length == 0 {
            return (names, at);
        }
        names.push(rest[..length].chars().filter(|one| *one != '_').map(|one| one.to_ascii_lowercase()).collect());
        at += length;
        let rest = &text[at..];
        let rest = rest.strip_prefix("()").unwrap_or(rest);
        // A chain may continue on the next line.
        let joined = rest.trim_start();
        let Some(after) = ["?.", "->", "::", "."].iter().find_map(|sign| joined.strip_prefix(sign)) else { return (names, at) };
        at = text.len() - after.len();
    }
}

fn row(names: &[String]) -> Option<&'static SdkCallRow> {
    sdk_calls().iter().find(|row| {
        let mut known = row.call.split('.');
        let same = names.iter().zip(known.by_ref()).take_while(|(name, known)| known.eq_ignore_ascii_case(name)).count();
        same == row.call.split('.').count()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d6_a_call_is_read_in_each_language_s_spelling() {
        for (text, expected) in [
            ("await client.crm.owners.ownersApi.getById(id)", "crm.owners.ownersApi.getById"),
            ("api_client.crm.contacts.basic_api.get_page(limit=1)", "crm.contacts.basicApi.getPage"),
            ("$hubspot->crm()->deals()->basicApi()->create($deal)", "crm.deals.basicApi.create"),
            ("client\n  .crm\n  .companies.searchApi.doSearch(x)", "crm.companies.searchApi.doSearch"),
        ] {
            assert_eq!(call(text).map(|row| row.call), Some(expected), "{text}");
        }
        assert!(call("the crm. It has contacts. And more.").is_none());
    }
}
