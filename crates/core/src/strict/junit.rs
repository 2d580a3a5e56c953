//! A report as JUnit XML: a failed case for each finding, and a passed one for each rule without.

use std::fmt::Write;

use super::Rule;
use super::report::{Found, Report};
use crate::shown::Markup;

/// The document. Rules that were not chosen are skipped cases.
pub fn junit(report: &Report, rules: &[Rule]) -> String {
    let mut cases = String::new();
    let (mut tests, mut failures, mut skipped) = (0, 0, 0);
    for rule in Rule::ALL {
        let class = format!("keyway.{}", rule.name());
        let found: Vec<&Found> = report.findings.iter().filter(|found| found.finding.rule == rule).collect();
        if !rules.contains(&rule) {
            (tests, skipped) = (tests + 1, skipped + 1);
            let _ = writeln!(cases, "    <testcase classname=\"{class}\" name=\"{}\"><skipped/></testcase>", rule.name());
            continue;
        }
        if found.is_empty() {
            tests += 1;
            let _ = writeln!(cases, "    <testcase classname=\"{class}\" name=\"{}\"/>", rule.name());
        }
        for one in found {
            (tests, failures) = (tests + 1, failures + 1);
            let name = one.finding.test.as_deref().unwrap_or(&one.finding.call);
            let text = format!("{}: {} ({}). Reason: {}", one.finding.call, one.finding.message, times(one.count), rule.because());
            let (name, message, text) = (Markup(name), Markup(&one.finding.message), Markup(&text));
            let failure = format!("<failure type=\"{}\" message=\"{message}\">{text}</failure>", rule.name());
            let _ = writeln!(cases, "    <testcase classname=\"{class}\" name=\"{name}\">{failure}</testcase>");
        }
    }
    let counts = format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\"");
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"keyway\">\n  <testsuite name=\"keyway\" {counts}>\n{cases}  </testsuite>\n</testsuites>\n"
    )
}

fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

#[cfg(test)]
mod tests {
    use super::super::run::{Finding, Run};
    use super::*;

    #[test]
    fn a_finding_is_a_failed_case_whose_text_cannot_break_out() {
        let mut run = Run::default();
        let finding = Finding {
            rule: Rule::UnreadPages,
            test: Some("test \"<a>\"".into()),
            call: "GET /x".into(),
            message: "]]></failure>\u{1b}&".into(),
        };
        run.find(finding, 2);
        let report = Report::of(run, None);
        let text = junit(&report, &[Rule::UnreadPages, Rule::Unserved]);
        assert!(text.contains("tests=\"7\" failures=\"1\" errors=\"0\" skipped=\"5\""), "{text}");
        assert!(text.contains("name=\"test &quot;&lt;a&gt;&quot;\"><failure type=\"unread-pages\""), "{text}");
        assert!(text.contains("]]&gt;&lt;/failure&gt;\\u{1b}&amp; (2 times). Reason: "), "{text}");
        assert!(text.contains("<testcase classname=\"keyway.unserved\" name=\"unserved\"/>"), "{text}");
    }
}
