//! Errors of the token endpoint (RFC 6749, section 5.2), with HubSpot's older fields beside the
//! specification's (hubspot facts, section 3).

use keyway_core::refusal::Refusal;
use serde_json::{Value, json};

/// An error code of the specifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// A parameter is missing, there twice, or not valid.
    InvalidRequest,
    /// The client is not known, or its secret is wrong.
    InvalidClient,
    /// The code or refresh token is not known, used, expired, revoked, or another client's.
    InvalidGrant,
    /// The client may not use this grant.
    UnauthorizedClient,
    /// There is no such grant here.
    UnsupportedGrantType,
    /// A scope is not known, or not the app's.
    InvalidScope,
    /// The person, or the server, said no (RFC 6749, section 4.1.2.1).
    AccessDenied,
    /// Only `code` is a response type here (RFC 6749, section 4.1.2.1).
    UnsupportedResponseType,
    /// The resource is not one of this server's (RFC 8707, section 2).
    InvalidTarget,
    /// A redirect URI can't be registered (RFC 7591, section 3.2.2).
    InvalidRedirectUri,
    /// What a client says of itself can't be taken (RFC 7591, section 3.2.2).
    InvalidClientMetadata,
}

impl Code {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::AccessDenied => "access_denied",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidTarget => "invalid_target",
            Self::InvalidRedirectUri => "invalid_redirect_uri",
            Self::InvalidClientMetadata => "invalid_client_metadata",
        }
    }
}

/// An error as a client reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OAuthError {
    /// The specification's code.
    pub code: Code,
    /// Its row in the table of refusals, whose category is HubSpot's own word, such as `BAD_REFRESH_TOKEN`.
    pub refusal: Refusal,
    /// A sentence for a person. Never holds what was sent.
    pub description: String,
}

impl OAuthError {
    /// An error of both specifications and HubSpot.
    pub fn new(code: Code, refusal: Refusal, description: impl Into<String>) -> Self {
        Self { code, refusal, description: description.into() }
    }

    /// A request that can't be taken as it is.
    pub fn invalid(description: impl Into<String>) -> Self {
        Self::new(Code::InvalidRequest, Refusal::OAuthRequest, description)
    }

    /// The client is not known.
    pub fn bad_client_id() -> Self {
        Self::new(Code::InvalidClient, Refusal::OAuthClientId, "missing or unknown client id")
    }

    /// The secret is not the client's.
    pub fn bad_client_secret() -> Self {
        Self::new(Code::InvalidClient, Refusal::OAuthClientSecret, "missing or invalid client secret")
    }

    /// The code is not one that this client may use now.
    pub fn bad_code() -> Self {
        Self::new(Code::InvalidGrant, Refusal::OAuthCode, "missing or unknown auth code")
    }

    /// The refresh token is not one that this client may use now.
    pub fn bad_refresh_token() -> Self {
        Self::new(Code::InvalidGrant, Refusal::OAuthRefreshToken, "refresh token is invalid, expired or revoked")
    }

    /// The redirect URI is not the one that the code was asked with.
    pub fn bad_redirect_uri() -> Self {
        Self::new(Code::InvalidGrant, Refusal::OAuthRedirectUri, "redirect_uri is not the one that the authorization was asked with")
    }

    /// The verifier does not fit the challenge (RFC 7636, section 4.6).
    pub fn bad_verifier() -> Self {
        Self::new(Code::InvalidGrant, Refusal::OAuthVerifier, "missing or wrong code_verifier")
    }

    /// Both forms, as HubSpot's endpoints of every version answer them.
    pub fn to_json(&self) -> Value {
        json!({ "error": self.code.as_str(), "error_description": self.description, "status": self.refusal.category(), "message": self.description })
    }
}
