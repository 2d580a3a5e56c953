//! Recognises files that Keyway itself wrote, by their first lines. Keyway does not read them as code, and overwrites no others.

/// Whether the head of a file shows that Keyway wrote it: plans, and reports of a scan.
pub fn is_keyways(head: &str) -> bool {
    let head = head.trim_start_matches('\u{feff}').trim_start();
    let marked = head.starts_with("<!-- keyway ")
        || head.contains("name=\"generator\" content=\"keyway")
        || head.contains("\"generator\": \"keyway");
    let report = head.starts_with('{')
        && ["\"version\"", "\"secrets\"", "\"findings\""].iter().all(|key| head.contains(key))
        && head.find("\"version\"").is_some_and(|at| at < 10);
    let sarif = head.contains("\"driver\"") && head.contains("\"name\": \"keyway\"");
    let others = head.starts_with("# HubSpot credentials and calls")
        || head.contains("<title>HubSpot credentials and calls</title>")
        || head.contains("<testsuite name=\"keyway scan\"");
    let first = head.strip_prefix("Summary\n\n  ").and_then(|rest| rest.lines().next()).unwrap_or_default();
    let terminal = head.starts_with("HUBSPOT MIGRATION PLAN, ") || [" secret", " at ", " place"].iter().all(|words| first.contains(words));
    marked || report || sarif || others || terminal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keyway_wrote_is_known_by_its_head() {
        for head in [
            "<!-- keyway plan 1: not read again -->\n# HubSpot",
            "<meta name=\"generator\" content=\"keyway plan\">",
            "{\n  \"version\": 1,\n  \"generator\": \"keyway plan\"",
            "{\n  \"version\": 1,\n  \"secrets\": [],\n  \"findings\": [",
            "# HubSpot credentials and calls\n",
            "HUBSPOT MIGRATION PLAN, 2026-11-30\n",
            "Summary\n\n  0 secrets at 0 places\n  1 call\n",
        ] {
            assert!(is_keyways(head), "{head}");
        }
        assert!(!is_keyways("#!/bin/sh\nkeyway scan . && keyway plan ."));
        assert!(!is_keyways("Summary\n\n  A program that calls HubSpot.\n"));
        assert!(!is_keyways("{\"name\": \"keyway-client\", \"version\": \"1.0.0\"}"));
    }
}
