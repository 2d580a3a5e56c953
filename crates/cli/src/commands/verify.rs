//! `keyway scan --verify`: asks HubSpot about the tokens that were found.
//!
//! Only questions that change nothing and reveal nothing to others are asked. Kinds for which
//! HubSpot has none (keys that ride in URLs, secrets that are checked by using them) are left.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context, bail};
use keyway_scan::finding::{Finding, Kind, Verified};
use serde_json::{Value, json};
use ureq::Agent;
use ureq::http::Uri;

/// Between two questions: far below HubSpot's limits, which count against the account's integrations.
const PAUSE: Duration = Duration::from_millis(250);
/// Longest wait for one answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Most that is read of an answer, in bytes.
const ANSWER_MAX: u64 = 64 << 10;

/// Asks once for each secret and notes the answers. Values are gone afterwards.
pub fn ask(findings: &mut [Finding], base: &str) -> anyhow::Result<()> {
    let base = checked(base)?;
    let agent: Agent = Agent::config_builder().timeout_global(Some(TIMEOUT)).max_redirects(0).http_status_as_error(false).build().into();
    let mut answers: HashMap<String, Verified> = HashMap::new();
    for finding in findings {
        let Some(value) = finding.value.take() else { continue };
        if let Some(known) = answers.get(&finding.fingerprint) {
            finding.verified = Some(known.clone());
            continue;
        }
        let answer = match finding.kind {
            Kind::PrivateAppToken | Kind::KeywayToken => {
                pause(&answers);
                private_app_token(&agent, &base, value.expose())
            }
            Kind::OauthAccessToken => {
                pause(&answers);
                access_token(&agent, &base, value.expose())
            }
            _ => unanswered("HubSpot has no harmless question for this kind"),
        };
        answers.insert(finding.fingerprint.clone(), answer.clone());
        finding.verified = Some(answer);
    }
    Ok(())
}

/// A base to which tokens may be sent: HTTPS, or this machine.
fn checked(base: &str) -> anyhow::Result<String> {
    let uri: Uri = base.parse().with_context(|| format!("{base:?} is no URL"))?;
    let host = uri.host().unwrap_or_default();
    let here = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    if uri.scheme_str() != Some("https") && !(uri.scheme_str() == Some("http") && here) {
        bail!("tokens are sent over HTTPS only, and {base} is not");
    }
    if uri.path_and_query().is_some_and(|path| path.as_str() != "/") {
        bail!("{base} has a path; a host is wanted, such as https://api.hubapi.com");
    }
    Ok(base.trim_end_matches('/').to_owned())
}

fn pause(answers: &HashMap<String, Verified>) {
    if !answers.is_empty() {
        std::thread::sleep(PAUSE);
    }
}

/// `POST /oauth/v2/private-apps/get/access-token-info` says whose a token is (hubspot facts, section 1).
/// Tokens of EU accounts want it in the header too.
fn private_app_token(agent: &Agent, base: &str, token: &str) -> Verified {
    let url = format!("{base}/oauth/v2/private-apps/get/access-token-info");
    let sent = agent.post(url).header("authorization", format!("Bearer {token}")).send_json(json!({ "tokenKey": token }));
    read(sent, |answer| {
        let scopes = answer["scopes"].as_array().into_iter().flatten().filter_map(|scope| scope.as_str().map(str::to_owned)).collect();
        Verified { alive: Some(true), hub_id: answer["hubId"].as_u64(), scopes, note: None }
    })
}

/// `GET /account-info/2026-09/details` says which account a token opens.
fn access_token(agent: &Agent, base: &str, token: &str) -> Verified {
    let url = format!("{base}/account-info/2026-09/details");
    let sent = agent.get(url).header("authorization", format!("Bearer {token}")).call();
    read(sent, |answer| Verified { alive: Some(true), hub_id: answer["portalId"].as_u64(), scopes: Vec::new(), note: None })
}

fn read(sent: Result<ureq::http::Response<ureq::Body>, ureq::Error>, alive: impl FnOnce(&Value) -> Verified) -> Verified {
    let mut answer = match sent {
        Ok(answer) => answer,
        Err(error) => return unanswered(&format!("no answer: {error}")),
    };
    match answer.status().as_u16() {
        200 => match answer.body_mut().with_config().limit(ANSWER_MAX).read_json::<Value>() {
            Ok(answer) => alive(&answer),
            Err(error) => unanswered(&format!("the answer can't be read: {error}")),
        },
        // Known, but not allowed to ask: it works.
        403 => Verified { alive: Some(true), hub_id: None, scopes: Vec::new(), note: None },
        401 | 404 => Verified { alive: Some(false), hub_id: None, scopes: Vec::new(), note: None },
        status => unanswered(&format!("HubSpot answered {status}")),
    }
}

fn unanswered(why: &str) -> Verified {
    Verified { alive: None, hub_id: None, scopes: Vec::new(), note: Some(why.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_go_to_https_or_to_this_machine() {
        for base in ["https://api.hubapi.com", "https://api.hubapi.com/", "http://127.0.0.1:8484", "http://localhost:1", "http://[::1]:1"] {
            assert!(checked(base).is_ok(), "{base}");
        }
        for base in
            ["http://api.hubapi.com", "http://127.0.0.1.example.org", "ftp://localhost", "https://api.hubapi.com/x?y=", "nonsense", ""]
        {
            assert!(checked(base).is_err(), "{base}");
        }
    }
}
