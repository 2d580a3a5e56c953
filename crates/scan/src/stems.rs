//! The first segments of the paths in HubSpot's catalog, up to the version and the segment after it
//! (`crm/v3/objects`, `crm/objects/2026-09`).

use std::collections::HashSet;
use std::sync::LazyLock;

use keyway_core::catalog::tables;

/// First segments that, before a version and one of HubSpot's second segments, no other product's API has.
const DISTINCT: [&str; 35] = [
    "account-info",
    "appinstalls",
    "automation",
    "broadcast",
    "business-units",
    "cms",
    "communication-preferences",
    "companies",
    "contacts",
    "content",
    "contentsearch",
    "conversations",
    "crm",
    "crm-associations",
    "crm-objects",
    "crm-pipelines",
    "deals",
    "email",
    "engagements",
    "extensions",
    "filemanager",
    "form-integrations",
    "hubdb",
    "integrations",
    "marketing",
    "marketing-emails",
    "media-bridge",
    "owners",
    "pipelines",
    "properties",
    "scheduler",
    "tags",
    "uploads",
    "visitor-identification",
    "webhooks-journal",
];

/// Stems that other products' APIs have, too.
const COMMON: [&str; 4] = ["contacts/v1/contacts", "companies/v1/companies", "deals/v1/deals", "marketing/v3/campaigns"];

static STEMS: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let of_catalog = tables::endpoint_rows().map(|row| row.template);
    let older = tables::pre_v3().iter().map(|row| row.prefix);
    of_catalog.chain(older).filter_map(of_template).collect()
});

/// The stem of a template: the part before its first variable.
fn of_template(template: &str) -> Option<String> {
    let segments: Vec<&str> = template.split('/').skip(1).collect();
    let version = segments.iter().position(|segment| is_version(segment))?;
    let next = segments.get(version + 1).filter(|next| !next.starts_with('{'));
    Some(segments[..version + 1 + usize::from(next.is_some())].join("/"))
}

/// `v3`, `2026-09`, `2026-09-beta`.
pub fn is_version(segment: &str) -> bool {
    let bytes = segment.as_bytes();
    let numbered = bytes.len() == 2 && bytes[0] == b'v' && bytes[1].is_ascii_digit();
    let dated = bytes.len() >= 7 && bytes.starts_with(b"20") && bytes[4] == b'-' && bytes[5..7].iter().all(u8::is_ascii_digit);
    numbered || dated
}

/// Whether the catalog has paths that begin like this one.
pub fn is_known(segments: &[String]) -> bool {
    let own = |more: usize| {
        let version = segments.iter().position(|segment| is_version(segment))?;
        Some(segments.get(..=version + more)?.join("/"))
    };
    [0, 1].into_iter().filter_map(own).any(|stem| STEMS.contains(&stem))
}

/// Whether the path around the version at `start..end` of a text begins as only HubSpot's paths do.
pub fn is_distinct(text: &[u8], start: usize, end: usize) -> bool {
    /// The longest beginning of a path, in bytes.
    const HEAD_MAX: usize = 64;
    let Ok(version) = std::str::from_utf8(&text[start..end]) else { return false };
    if !is_version(version) {
        return false;
    }
    let is_part = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'/' | b'\\');
    let floor = start.saturating_sub(HEAD_MAX);
    let head = text[floor..start].iter().rposition(|byte| !is_part(byte)).map_or(floor, |at| floor + at + 1);
    let tail = text[end..].iter().take(HEAD_MAX).position(|byte| !is_part(byte)).map_or(text.len().min(end + HEAD_MAX), |at| end + at);
    let segments = |part: &[u8]| -> Vec<String> {
        String::from_utf8_lossy(part).split(['/', '\\']).filter(|segment| !segment.is_empty()).map(str::to_owned).collect()
    };
    let (before, after) = (segments(&text[head..start]), segments(&text[end..tail]));
    // The family may be one to three segments before the version.
    (1..=before.len().min(3)).any(|count| {
        let family = &before[before.len() - count..];
        if !DISTINCT.contains(&family[0].as_str()) {
            return false;
        }
        let stem = format!("{}/{version}", family.join("/"));
        let dated = version.starts_with("20") && count >= 2;
        let longer = after.first().map(|next| format!("{stem}/{next}"));
        dated && STEMS.contains(&stem) || longer.is_some_and(|stem| STEMS.contains(&stem) && !COMMON.contains(&stem.as_str()))
    })
}
