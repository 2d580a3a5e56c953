//! The answer where no row of the table gives the reason.

use super::pages;
use crate::doctor::facts::Facts;
use crate::doctor::{Certainty, Diagnosis};

/// Where a call failed and no row gives the reason: what to paste, so that a row can.
pub(in crate::doctor) fn unrecognised(facts: &Facts<'_>) -> Diagnosis {
    let answer = facts.answer();
    let correlation = answer.and_then(|answer| answer.correlation_id.as_deref());
    let mut remedy = Vec::new();
    if facts.is_of_the_command_line() {
        return of_the_command_line(facts);
    }
    if facts.call().is_none_or(|call| call.path.is_empty()) {
        remedy.push("paste the request as well: its method and URL, or the call as a curl command or a HAR file (hide the token, not its first four letters)");
    }
    if !answer.is_some_and(|answer| answer.envelope) {
        remedy.push("paste the body of the answer: HubSpot's JSON with message, category and errors. In Node it is error.response.data or error.body, in Python error.body or response.text, in PHP (string) $e->getResponse()->getBody()");
    }
    if facts.status().is_none() {
        remedy.push("paste the status of the answer, such as 400");
    }
    if remedy.is_empty() {
        remedy.push("compare the request with HubSpot's reference of this very version");
    }
    let mut remedy: Vec<String> = remedy.into_iter().map(str::to_owned).collect();
    remedy.push(match correlation {
        Some(_) => "ask HubSpot's support with the correlation ID that the answer names".to_owned(),
        None => "find the correlation ID in the answer's X-HubSpot-Correlation-Id header, for HubSpot's support".to_owned(),
    });
    Diagnosis {
        cause: "unrecognised".into(),
        title: "I do not know why it failed".into(),
        certainty: Certainty::Likely,
        because: match facts.status() {
            _ if facts.other_service().is_some() => {
                format!("the text names {}, and nothing in it is known as an answer of HubSpot", facts.other_service().unwrap_or_default())
            }
            Some(status) => format!("{} was answered with {status}, and no row of the table knows the rest", facts.named()),
            None => "something failed, and nothing in the text is known as an answer of HubSpot".to_owned(),
        },
        remedy,
        scopes: Vec::new(),
        successor: None,
        page: pages::ERRORS.into(),
    }
}

/// The same for HubSpot's command line, whose calls nobody writes.
fn of_the_command_line(facts: &Facts<'_>) -> Diagnosis {
    let remedy = [
        "run the command again with --debug, and paste all that it prints: it then shows the call, the status and HubSpot's answer",
        "paste `hs --version`, `node --version` and `hs account list` (hide the keys): many errors are those of an older version or of another account",
        "run `hs doctor`: it checks the settings, the key and the project",
    ];
    Diagnosis {
        cause: "unrecognised".into(),
        title: "I do not know why it failed".into(),
        certainty: Certainty::Likely,
        because: match facts.status() {
            Some(status) => format!("HubSpot's command line got {status}, and no row of the table knows the rest"),
            None => "HubSpot's command line failed, and no row of the table knows its words".to_owned(),
        },
        remedy: remedy.into_iter().map(str::to_owned).collect(),
        scopes: Vec::new(),
        successor: None,
        page: pages::CLI_INSTALL.into(),
    }
}
