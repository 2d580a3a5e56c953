//! JUnit XML: each credential is a failed test, so that every CI system shows it.

use std::fmt::Write;

use super::summary::totals;
use crate::scan::Report;
use keyway_core::shown::{Markup, line};

/// Writes a report as JUnit XML.
pub fn write(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a string can't fail.
    let _ = body(report, &mut out);
    out
}

fn body(report: &Report, out: &mut String) -> std::fmt::Result {
    let failures = report.findings.len();
    let tests = failures.max(1);
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<testsuites tests=\"{tests}\" failures=\"{failures}\">")?;
    writeln!(out, "  <testsuite name=\"keyway scan\" tests=\"{tests}\" failures=\"{failures}\">")?;
    let totals = totals(report);
    writeln!(out, "    <properties>")?;
    for (name, value) in [("secrets", totals.secrets), ("places", totals.places), ("calls", totals.calls)] {
        writeln!(out, "      <property name=\"{name}\" value=\"{value}\"/>")?;
    }
    writeln!(out, "    </properties>")?;
    for finding in &report.findings {
        // On one line: a log may print the report as it is.
        let path = line(&finding.path);
        let place = format!("{path}:{}", finding.line);
        writeln!(out, "    <testcase classname=\"{}\" name=\"{} {}\">", Markup(&path), Markup(finding.kind.title()), Markup(&place))?;
        writeln!(
            out,
            "      <failure type=\"{}\" message=\"{} {}\">{}: {}. Next: {}. {}</failure>",
            finding.kind.as_str(),
            Markup(finding.kind.title()),
            Markup(&finding.masked),
            Markup(&place),
            Markup(&finding.reason),
            Markup(&finding.next_step()),
            Markup(&finding.fingerprint)
        )?;
        writeln!(out, "    </testcase>")?;
    }
    if failures == 0 {
        writeln!(out, "    <testcase classname=\"keyway\" name=\"no HubSpot credential in plain text\"/>")?;
    }
    writeln!(out, "  </testsuite>\n</testsuites>")
}
