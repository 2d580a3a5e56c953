//! `keyway scan --verify`: asks HubSpot about the tokens that were found, and a Keyway about those that a Keyway issued.
//!
//! It sends only requests that change nothing and reveal nothing to others. HubSpot has no such request for
//! keys in URLs and for secrets that work only when used, so it leaves those unchecked.

use std::collections::HashMap;
use std::time::Duration;

use keyway_core::secret::Secret;
use keyway_core::token::looks_like_ours;
use keyway_gateway::upstream::{Base, CredentialError, Upstream};
use keyway_scan::finding::{Finding, Kind, Verified};

use super::issued::{self, Standing};
use crate::args::Connection;

/// Between two questions: far below HubSpot's limits, which count against the account's integrations.
const PAUSE: Duration = Duration::from_millis(250);
/// Longest wait for one answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Asks once for each secret and notes the answers. Values are gone afterwards.
pub fn ask(findings: &mut [Finding], at: &str, connection: &Connection) -> anyhow::Result<()> {
    let base = Base::parse(at)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(all(findings, (at, &base), connection));
    Ok(())
}

async fn all(findings: &mut [Finding], (at, base): (&str, &Base), connection: &Connection) {
    let upstream = Upstream::new();
    let mut answers: HashMap<String, Verified> = HashMap::new();
    for finding in findings {
        let Some(value) = finding.value.take() else { continue };
        let known = answers.get(&finding.fingerprint).cloned();
        let answer = match known {
            Some(known) => known,
            None => {
                let asking = async {
                    if looks_like_ours(value.expose()) {
                        return of_keyway(connection, at, &value).await;
                    }
                    one(&upstream, base, finding.kind, &value).await
                };
                tokio::time::timeout(TIMEOUT, asking).await.unwrap_or_else(|_| unanswered("no answer in time"))
            }
        };
        answers.insert(finding.fingerprint.clone(), answer.clone());
        finding.verified = Some(answer);
    }
}

/// A token that a Keyway issued. HubSpot does not know it, and never gets it.
async fn of_keyway(connection: &Connection, at: &str, value: &Secret<String>) -> Verified {
    match issued::ask(connection, at, "--verify-at", value).await {
        Ok(Standing::Alive(owner)) => {
            let token = owner.token_id.map(|id| format!(", token {id}")).unwrap_or_default();
            let note = Some(format!("the app {}{token}", owner.app));
            Verified { alive: Some(true), hub_id: owner.hub_id, scopes: owner.scopes, note }
        }
        Ok(Standing::Refused(rule)) if issued::may_be_good_elsewhere(&rule) => {
            unanswered(&format!("the Keyway at {at} does not take this token ({rule}); another one may"))
        }
        Ok(Standing::Refused(rule)) => Verified { alive: Some(false), hub_id: None, scopes: Vec::new(), note: Some(rule) },
        Ok(Standing::Unverified(why)) => unanswered(&why),
        Err(error) => unanswered(&format!("{error:#}")),
    }
}

async fn one(upstream: &Upstream, base: &Base, kind: Kind, value: &Secret<String>) -> Verified {
    let answer = match kind {
        Kind::PrivateAppToken => {
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
