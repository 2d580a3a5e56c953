//! Calls of paths that the catalog does not list: the app's setting decides on connected accounts,
//! embedded accounts do not serve them.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use http::Method;
use keyway_core::error_body::ErrorBody;
use keyway_core::path::NormalPath;
use keyway_core::policy::{Caller, Permit, authorize_unlisted};
use keyway_core::refusal::Refusal;
use keyway_core::sunset::AsOf;
use keyway_core::unlisted::masked;

use super::{Call, Gateway, Outcome, Unresolved, known_method};
use crate::arriving::Arriving;
use crate::registry::TokenEntry;

/// Names of unlisted operations that the audit log gets from one run of the server: callers choose the
/// paths, and the log's index holds each name once.
const NAMES_MAX: usize = 1_000;

/// The names given so far.
#[derive(Default)]
pub(super) struct Names(Mutex<HashSet<Arc<str>>>);

impl Names {
    /// How the audit log names a call: method and masked path, or that there were too many paths.
    pub(super) fn of(&self, method: &Method, path: &NormalPath) -> Arc<str> {
        let name = format!("{} (unlisted) {}", known_method(method), masked(path));
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = names.get(name.as_str()) {
            return known.clone();
        }
        let name: Arc<str> = if names.len() < NAMES_MAX { name } else { format!("{} (unlisted) (other)", known_method(method)) }.into();
        names.insert(name.clone());
        name
    }
}

impl Gateway {
    /// A call of a known token whose path the catalog does not list, or lists with other methods only. HubSpot
    /// may serve it all the same, so on connected accounts the app's setting decides.
    pub(super) async fn unresolved(
        &self,
        call: &mut Call,
        head: &http::request::Parts,
        body: Arriving,
        path: NormalPath,
        token: &TokenEntry,
        unresolved: Unresolved,
    ) -> Result<Outcome, Outcome> {
        let caller = token.caller();
        if let Unresolved::Method(refused) = unresolved
            && (token.app.account.limiter().is_none() || permit(&caller, &head.method, path.clone()).is_err())
        {
            return Err(*refused);
        }
        call.unlisted = Some(self.unlisted_names.of(&head.method, &path));
        let method = known_method(&head.method);
        let Some(limiter) = token.app.account.limiter() else {
            // HubSpot says of some paths that they are gone; of others nothing is known.
            if AsOf::new(&call.at.to_date(), true).is_some_and(|today| today.end_of_path(path.as_str()).is_some()) {
                let message = format!("{method} {} has ended at HubSpot. \"keyway plan\" names what took its place.", masked(&path));
                return Err(Refusal::Gone.error(message).into());
            }
            return Err(Refusal::NotServed.error(
                format!(
                    "The embedded account does not serve {method} {}, which is not in Keyway's catalog of HubSpot operations. \"keyway portal coverage\" lists what it serves.",
                    masked(&path)
                ),
            )
            .into());
        };
        let permit = permit(&caller, &head.method, path)?;
        self.relay(call, head, body, permit, token, limiter).await
    }
}

/// Decides about a call that the catalog does not list.
pub(super) fn permit(caller: &Caller<'_>, method: &Method, path: NormalPath) -> Result<Permit, ErrorBody> {
    authorize_unlisted(caller, method.as_str(), path.clone()).map_err(|denial| denial.to_error(caller, known_method(method), &path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_cannot_make_up_names_without_end() {
        let names = Names::default();
        let letters = |number: usize| -> String { number.to_string().bytes().map(|digit| char::from(digit - b'0' + b'a')).collect() };
        for number in 0..NAMES_MAX {
            names.of(&Method::GET, &NormalPath::parse(&format!("/new/{}", letters(number))).unwrap());
        }
        let more = names.of(&Method::GET, &NormalPath::parse("/new/other-words").unwrap());
        assert_eq!(&*more, "GET (unlisted) (other)");
        let known = names.of(&Method::GET, &NormalPath::parse("/new/b").unwrap());
        assert_eq!(&*known, "GET (unlisted) /new/b");
    }
}
