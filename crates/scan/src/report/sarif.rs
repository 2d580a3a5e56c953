//! SARIF 2.1.0 (OASIS), which code hosts show beside the lines.

use std::collections::BTreeMap;

use keyway_core::shown;
use serde_json::{Value, json};

use super::summary::totals;
use crate::finding::{Confidence, Finding, Kind, Usage};
use crate::scan::Report;

/// The rule for calls with an end date.
const AGEING_CALL: &str = "ageing-call";

/// Writes a report as SARIF. `today`, an ISO date, separates past end dates from future ones.
pub fn write(report: &Report, today: &str) -> String {
    let mut rules: Vec<Value> = Kind::ALL.iter().map(|kind| rule(kind.as_str(), kind.title(), kind.next_step(), "error")).collect();
    rules.push(rule(AGEING_CALL, "HubSpot API call with an end", "move it to the dated successor", "warning"));
    let index: BTreeMap<&str, usize> = rules.iter().enumerate().filter_map(|(at, rule)| Some((rule["id"].as_str()?, at))).collect();
    let findings = report.findings.iter().map(|finding| of_finding(finding, index[finding.kind.as_str()]));
    let usages = report.usages.iter().filter_map(|usage| of_usage(usage, today, index[AGEING_CALL]));
    let results: Vec<Value> = findings.chain(usages).collect();
    let skipped: Vec<Value> = report
        .skipped
        .iter()
        .map(|skip| json!({"level": "warning", "message": {"text": format!("{}: {}", shown::line(&skip.path), shown::line(&skip.reason))}}))
        .collect();
    let totals = totals(report);
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "keyway", "semanticVersion": env!("CARGO_PKG_VERSION"), "rules": rules}},
            "columnKind": "unicodeCodePoints",
            "invocations": [{"executionSuccessful": true, "toolExecutionNotifications": skipped}],
            "results": results,
            "properties": {"secrets": totals.secrets, "places": totals.places, "calls": totals.calls},
        }],
    });
    shown::json(&serde_json::to_string_pretty(&log).expect("a value is JSON")).into_owned()
}

fn rule(id: &str, title: &str, help: &str, level: &str) -> Value {
    json!({"id": id, "shortDescription": {"text": title}, "help": {"text": help}, "defaultConfiguration": {"level": level}})
}

fn of_finding(finding: &Finding, rule: usize) -> Value {
    let level = if finding.confidence == Confidence::High { "error" } else { "warning" };
    let text = format!("{} {}: {}. Next: {}.", finding.kind.title(), finding.masked, finding.reason, finding.next_step());
    let mut result = json!({
        "ruleId": finding.kind.as_str(),
        "ruleIndex": rule,
        "level": level,
        "message": {"text": text},
        "locations": [location(&finding.path, finding.line, finding.column)],
        "partialFingerprints": {"keyway/v1": finding.fingerprint},
        "properties": {"confidence": finding.confidence.as_str(), "rule": finding.rule},
    });
    if let Some(commit) = finding.introduced.as_ref().and_then(|introduced| introduced.commit.as_ref()) {
        result["properties"]["commit"] = json!(commit);
    }
    result
}

fn of_usage(usage: &Usage, today: &str, rule: usize) -> Option<Value> {
    let date = usage.sunset?;
    let ended = date <= today;
    let successor = usage.successor.as_deref().map_or("no successor is known".to_owned(), |successor| format!("move to {successor}"));
    let text = format!("{} {} {date}; {successor}.", usage.operation, if ended { "ended on" } else { "ends on" });
    Some(json!({
        "ruleId": AGEING_CALL,
        "ruleIndex": rule,
        "level": if ended { "warning" } else { "note" },
        "message": {"text": text},
        "locations": [location(&usage.path, usage.line, usage.column)],
        "properties": {"operation": usage.operation, "auth": usage.auth.as_str(), "sunset": date},
    }))
}

fn location(path: &str, line: u64, column: u64) -> Value {
    json!({"physicalLocation": {"artifactLocation": {"uri": uri(path)}, "region": {"startLine": line, "startColumn": column}}})
}

/// A path as a relative URI (RFC 3986): everything except unreserved characters and slashes is encoded.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.trim_start_matches('/').bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_' | b'~' | b'!') {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}
