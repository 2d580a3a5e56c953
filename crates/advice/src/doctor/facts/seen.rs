//! What was read, so that a person can check it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Facts, without_credentials};
use crate::doctor::{CredentialKind, Place};

/// What was read, less every credential.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Seen {
    /// Method and path template of the catalog; the path itself where there is no such operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// HTTP status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// HubSpot's category.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Which credentials were sent, and where.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credentials: Vec<String>,
    /// The app, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// HubSpot's or Keyway's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// What the answer names, by kind: property, allowed values, scope, record, account.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub named: BTreeMap<String, Vec<String>>,
}

impl Facts<'_> {
    pub fn seen(&self) -> Seen {
        let answer = self.answer();
        let place = |place: &Place| match place {
            Place::Bearer => "Authorization: Bearer".to_owned(),
            Place::Authorization(scheme) => format!("Authorization: {scheme}").trim_end_matches([' ', ':']).to_owned(),
            Place::Header(name) => format!("the header {name}"),
            Place::Hapikey => "?hapikey=".to_owned(),
            Place::Query(name) => format!("?{name}="),
        };
        Seen {
            operation: self.call().filter(|call| !call.path.is_empty()).map(|_| self.named()),
            host: self.call().and_then(|call| call.host.as_deref()).map(without_credentials),
            status: self.status(),
            category: answer
                .and_then(|answer| answer.category.as_deref().or(answer.oauth_status.as_deref()))
                .map(|category| without_credentials(&category.chars().take(80).collect::<String>())),
            credentials: self
                .credentials()
                .iter()
                .map(|one| format!("{} ({})", without_credentials(&place(&one.place)), kind_in_words(&one.kind, &one.hint)))
                .collect(),
            app: self.holder().and_then(|holder| holder.app.clone()),
            correlation_id: answer.and_then(|answer| answer.correlation_id.clone()).filter(|id| is_correlation_id(id)),
            named: self.named.iter().map(|(kind, values)| ((*kind).to_owned(), values.clone())).collect(),
        }
    }
}

/// A credential in words, for people.
pub(in crate::doctor) fn kind_in_words(kind: &CredentialKind, hint: &str) -> String {
    match kind {
        CredentialKind::Keyway => format!("a token of a Keyway, {hint}"),
        CredentialKind::Pat => format!("a private-app token or service key, {hint}"),
        CredentialKind::Access => format!("an OAuth access token, {hint}"),
        CredentialKind::Uuid => format!("a UUID, {hint}"),
        CredentialKind::Routed => format!("a refresh token or a regional key, {hint}"),
        CredentialKind::PersonalAccessKey => format!("a personal access key, {hint}"),
        CredentialKind::Variable(name) => format!("what the variable {name} holds"),
        CredentialKind::Placeholder => "nothing, or a word in place of a value".to_owned(),
        CredentialKind::Masked => "a value that is hidden".to_owned(),
        CredentialKind::Damaged(how) => format!("a damaged value: {how}"),
        CredentialKind::Other => "a value that has the form of no HubSpot credential".to_owned(),
    }
}

/// Whether a text may be shown as a correlation id: a UUID in HubSpot's form, or a short name.
fn is_correlation_id(id: &str) -> bool {
    let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    plain && (keyway_core::credential::uuid(id.as_bytes()) == Some(id.len()) || id.len() <= 40 && without_credentials(id) == id)
}
