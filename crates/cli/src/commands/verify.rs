//! `keyway scan --verify`: asks HubSpot about the tokens that were found.
//!
//! It sends only requests that change nothing and reveal nothing to others. HubSpot has no such request for
//! keys in URLs and for secrets that work only when used, so it leaves those unchecked.

use std::collections::HashMap;
use std::time::Duration;

use keyway_core::secret::Secret;
use keyway_gateway::upstream::{Base, CredentialError, Upstream};
use keyway_scan::finding::{Finding, Kind, Verified};

/// Between two questions: far below HubSpot's limits, which count against the account's integrations.
const PAUSE: Duration = Duration::from_millis(250);
/// Longest wait for one answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Asks once for each secret and notes the answers. Values are gone afterwards.
pub fn ask(findings: &mut [Finding], base: &str) -> anyhow::Result<()> {
    let base = Base::parse(base)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(all(findings, &base));
    Ok(())
}

async fn all(findings: &mut [Finding], base: &Base) {
    let upstream = Upstream::new();
    let mut answers: HashMap<String, Verified> = HashMap::new();
    for finding in findings {
        let Some(value) = finding.value.take() else { continue };
        let known = answers.get(&finding.fingerprint).cloned();
        let answer = match known {
            Some(known) => known,
            None => {
                let asked = tokio::time::timeout(TIMEOUT, one(&upstream, base, finding.kind, &value)).await;
                asked.unwrap_or_else(|_| unanswered("no answer in time"))
            }
        };
        answers.insert(finding.fingerprint.clone(), answer.clone());
        finding.verified = Some(answer);
    }
}

async fn one(upstream: &Upstream, base: &Base, kind: Kind, value: &Secret<String>) -> Verified {
    let answer = match kind {
        Kind::PrivateAppToken | Kind::KeywayToken => {
            let info = upstream.credential_info(base, value).await;
            info.map(|info| alive(Some(info.hub_id), info.scopes))
        }
        Kind::OauthAccessToken => upstream.account_of(base, value).await.map(|hub_id| alive(Some(hub_id), Vec::new())),
        _ => return unanswered("HubSpot has no harmless question for this kind"),
    };
    tokio::time::sleep(PAUSE).await;
    match answer {
        Ok(verified) => verified,
        Err(CredentialError::Silent { hub_id }) => alive(hub_id, Vec::new()),
        Err(CredentialError::Refused(_)) => Verified { alive: Some(false), hub_id: None, scopes: Vec::new(), note: None },
        Err(error) => unanswered(&error.to_string()),
    }
}

fn alive(hub_id: Option<u64>, scopes: Vec<String>) -> Verified {
    Verified { alive: Some(true), hub_id, scopes, note: None }
}

fn unanswered(why: &str) -> Verified {
    Verified { alive: None, hub_id: None, scopes: Vec::new(), note: Some(why.to_owned()) }
}
