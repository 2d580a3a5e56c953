//! What there is to grant: scopes in plain words, sets of them, and the operations behind each.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What there is to grant.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
pub struct Scopes {
    pub scopes: Vec<Scope>,
    /// Sets of scopes to begin with.
    pub templates: Vec<ScopeTemplate>,
}

/// A scope, and its place in a list for people.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
pub struct Scope {
    pub name: String,
    pub words: String,
    pub group: String,
    pub object: String,
    pub part: String,
    /// `read`, `write` or `all`.
    pub access: String,
    /// How many operations it opens; those that differ by their version alone count once.
    pub operations: usize,
}

/// A set of scopes.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
pub struct ScopeTemplate {
    pub key: String,
    pub name: String,
    pub purpose: String,
    pub scopes: Vec<String>,
}

/// What one scope opens.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
pub struct ScopeBehind {
    pub scope: String,
    pub words: String,
    /// Newest version first.
    pub operations: Vec<OperationBehind>,
}

#[derive(Clone, Deserialize, Serialize, JsonSchema)]
pub struct OperationBehind {
    pub version: String,
    pub operation: String,
}
