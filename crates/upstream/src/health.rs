//! The health of each connection: whether HubSpot accepted its credential at the last call or check.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use keyway_core::time::Timestamp;

/// The state of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// HubSpot takes the credential.
    Fine,
    /// HubSpot refuses the credential: every call of the account fails.
    Refused,
    /// HubSpot could not be asked.
    Unreachable,
    /// Something between Keyway and HubSpot answered: nothing is known.
    Unknown,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Fine, Self::Refused, Self::Unreachable, Self::Unknown];

    /// As in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Unknown => "unknown",
        }
    }
}

/// The states of all connections, by account.
#[derive(Debug, Default)]
pub struct Health {
    states: Mutex<HashMap<u64, (State, Timestamp)>>,
    /// What was seen where the state is not known.
    seen: Mutex<HashMap<u64, String>>,
}

impl Health {
    /// Notes a state, and since when it is so.
    pub fn note(&self, hub_id: u64, state: State, now: Timestamp) {
        let mut states = self.locked();
        let known = states.entry(hub_id).or_insert((state, now));
        if known.0 != state {
            *known = (state, now);
            match state {
                State::Fine => tracing::info!(hub_id, "HubSpot takes the connection's credential again"),
                _ => tracing::warn!(hub_id, state = state.as_str(), "the connection to HubSpot does not work"),
            }
        }
    }

    /// Notes that something else than HubSpot answered, and what was seen of it.
    pub fn note_unknown(&self, hub_id: u64, seen: String, now: Timestamp) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(hub_id, seen);
        self.note(hub_id, State::Unknown, now);
    }

    /// What was seen of the answer for which the state is not known.
    pub fn seen(&self, hub_id: u64) -> Option<String> {
        if self.of(hub_id).0 != State::Unknown {
            return None;
        }
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).get(&hub_id).cloned()
    }

    /// The state of an account's connection and since when; fine until something else is known.
    pub fn of(&self, hub_id: u64) -> (State, Option<Timestamp>) {
        self.locked().get(&hub_id).map_or((State::Fine, None), |(state, since)| (*state, Some(*since)))
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<u64, (State, Timestamp)>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
