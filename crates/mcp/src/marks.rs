//! HubSpot's own mark of sensitive properties (`dataSensitivity`), learned from the account's definitions.
//!
//! Most tokens may see no sensitive value, and of them nothing is asked. For one that may, the definitions of the types
//! that a tool reaches are read, with the agent's token.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Method;
use keyway_core::beside::Access;
use keyway_core::object_type::{self, ObjectType};
use keyway_core::sensitive::{Sensitivity, scopes};
use serde_json::Value;

use crate::answer::Reply;
use crate::refused;
use crate::road::{Call, Road, Visitor};
use crate::standing::Standing;

/// How long it is believed which properties are sensitive.
const AGE_MAX: Duration = Duration::from_secs(300);
/// Types that are remembered, of all accounts together.
const TYPES_MAX: usize = 10_000;

/// Names of sensitive properties in small letters, by object type.
pub type Marked = HashMap<String, Arc<HashSet<String>>>;

/// What was learned: of each account and type, when and which.
#[derive(Default)]
pub struct Marks(Mutex<HashMap<(u64, String), Learned>>);

type Learned = (Instant, Arc<HashSet<String>>);

/// The caller, and its tool.
pub struct Asker<'a> {
    /// The way to the API.
    pub road: &'a dyn Road,
    /// The caller.
    pub visitor: &'a Visitor,
    /// What the token may do.
    pub standing: &'a Standing,
    /// The tool, for the audit.
    pub tool: &'static str,
}

impl Marks {
    /// The sensitive properties of an object type, or where it is not known of all types whose sensitive values the
    /// token may see.
    ///
    /// # Errors
    /// The account does not say which they are, so nothing of it can be shown.
    pub async fn of(&self, asker: &Asker<'_>, object: Option<&str>) -> Result<Marked, Reply> {
        let types: Vec<String> = match object {
            Some(name) => Some(name.to_owned()).filter(|name| may_see(asker.standing, name)).into_iter().collect(),
            None => ObjectType::all().iter().map(|row| row.name.to_owned()).filter(|name| may_see(asker.standing, name)).collect(),
        };
        let mut marked = Marked::new();
        for name in types {
            let of = (asker.standing.hub_id, name.clone());
            let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&of).cloned();
            let names = match known {
                Some((since, names)) if since.elapsed() < AGE_MAX => names,
                _ => self.learn(asker, of).await?,
            };
            marked.insert(name, names);
        }
        Ok(marked)
    }

    async fn learn(&self, asker: &Asker<'_>, of: (u64, String)) -> Result<Arc<HashSet<String>>, Reply> {
        let mut names = HashSet::new();
        for level in Sensitivity::ALL {
            let target = format!("/crm/properties/2026-09/{}?dataSensitivity={}", of.1, level.name());
            let call = Call {
                visitor: asker.visitor.clone(),
                method: Method::GET,
                target,
                body: Bytes::new(),
                tool: Some(asker.tool),
                approval: None,
            };
            let answer = asker.road.call(call).await.map_err(|error| refused::unreachable(&error, false))?;
            match answer.status {
                200 => {
                    let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
                    let found = said["results"].as_array().into_iter().flatten().filter_map(|one| one["name"].as_str());
                    names.extend(found.map(str::to_ascii_lowercase));
                }
                // The account has no such type, or no such data.
                400 | 404 => {}
                _ => return Err(refused::reply(&answer, asker.standing)),
            }
        }
        let names = Arc::new(names);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= TYPES_MAX {
            known.clear();
        }
        known.insert(of, (Instant::now(), names.clone()));
        Ok(names)
    }
}

/// Whether a token may see sensitive values of a type.
fn may_see(standing: &Standing, name: &str) -> bool {
    let row = object_type::row_of(name).unwrap_or_else(ObjectType::custom);
    Sensitivity::ALL.into_iter().any(|level| scopes(row, level, Access::Read).intersects(&standing.scopes))
}
