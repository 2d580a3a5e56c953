//! Rewrites a call of a numbered version to its dated successor, where HubSpot publishes both with the same behaviour.

use crate::catalog::{Catalog, Operation, Resolution};
use crate::error_body::{ErrorBody, ErrorDetail};
use crate::path::NormalPath;
use crate::refusal::Refusal;
use crate::sunset;

/// Why a call can't be rewritten.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untranslatable {
    /// HubSpot publishes no successor that is generally available.
    #[error("HubSpot has published no successor of {0} that is generally available")]
    NoSuccessor(String),
    /// Something that a caller sends or receives differs.
    #[error("{operation} and its successor {successor} differ ({difference}): the caller must be changed")]
    Differs {
        /// The numbered operation.
        operation: String,
        /// Its successor's path.
        successor: &'static str,
        /// The difference, as in `data/successors.tsv`.
        difference: &'static str,
    },
}

/// The dated operation and path for a call of a numbered version; none where the call already names a dated one. `operation`\nwas
/// resolved from `path`.
///
/// # Errors
/// There is no successor, or callers would notice the change.
pub fn translate(operation: &Operation, path: &NormalPath) -> Result<Option<(&'static Operation, NormalPath)>, Untranslatable> {
    if !operation.is_numbered() {
        return Ok(None);
    }
    let none = || Untranslatable::NoSuccessor(operation.to_string());
    let row = sunset::successor(operation.method, operation.template).ok_or_else(none)?;
    let successor = row.successor.filter(|_| row.stage.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')).ok_or_else(none)?;
    if !agrees(row.difference) {
        return Err(Untranslatable::Differs { operation: operation.to_string(), successor, difference: row.difference });
    }
    let filled = NormalPath::parse(&fill(operation.template, successor, path).ok_or_else(none)?).map_err(|_| none())?;
    match Catalog::get().resolve(operation.method.as_str(), &filled) {
        Resolution::Found(dated) => Ok(Some((dated, filled))),
        _ => Err(none()),
    }
}

/// Whether no caller notices the difference: there is none, or only `warnings` or a 207 that HubSpot no longer publishes
/// (data/README.md).
pub fn agrees(difference: &str) -> bool {
    difference.split("; ").all(|one| match one.split_once(": ") {
        None => one == "none",
        Some(("response field removed", fields)) => fields.split(',').all(|field| field.split('.').any(|part| part == "warnings")),
        Some(("success status", statuses)) => statuses.split_once(" to ").is_some_and(|(from, to)| {
            let mut kept = from.split(',').filter(|status| *status != "207");
            kept.next() == Some(to) && kept.next().is_none()
        }),
        Some(_) => false,
    })
}

/// The successor's template, with the path's values in place of the variables. One variable may have another name there. With
/// two, the assignment would be a guess.
fn fill(template: &str, successor: &str, path: &NormalPath) -> Option<String> {
    let is_variable = |part: &str| part.starts_with('{');
    let names = template[1..].split('/');
    let values: Vec<(&str, &str)> = names.zip(path.as_str()[1..].split('/')).filter(|(name, _)| is_variable(name)).collect();
    let renamed: Vec<&str> =
        successor[1..].split('/').filter(|part| is_variable(part) && values.iter().all(|(name, _)| name != part)).collect();
    let left: Vec<&str> =
        values.iter().filter(|(name, _)| successor.split('/').all(|part| part != *name)).map(|(_, value)| *value).collect();
    if renamed.len() > 1 || renamed.len() != left.len() {
        return None;
    }
    let mut filled = String::with_capacity(path.as_str().len() + 8);
    for part in successor[1..].split('/') {
        filled.push('/');
        let value = match part {
            part if !is_variable(part) => part,
            part if renamed.contains(&part) => left.first()?,
            part => values.iter().find(|(name, _)| *name == part)?.1,
        };
        filled.push_str(value);
    }
    Some(filled)
}

impl From<Untranslatable> for ErrorBody {
    /// The answer has a remedy: the caller can't be changed, but its permissions can.
    fn from(error: Untranslatable) -> Self {
        let body = Refusal::NotTranslatable.error(error.to_string());
        let remedy = "call the successor, or switch the translation off for this app (keyway app update APP --translate off) until the old version ends";
        body.detail(
            ErrorDetail::new("Keyway carries calls over only where both versions are published alike.")
                .context("remedy", vec![remedy.into()]),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Method;
    use crate::catalog::tables::successors;

    fn carried(method: Method, path: &str) -> Result<Option<String>, Untranslatable> {
        let path = NormalPath::parse(path).unwrap();
        let Resolution::Found(operation) = Catalog::get().resolve(method.as_str(), &path) else { panic!("{path:?} is unknown") };
        translate(operation, &path).map(|found| found.map(|(_, path)| path.as_str().to_owned()))
    }

    #[test]
    fn a_numbered_path_goes_to_its_dated_successor() {
        assert_eq!(carried(Method::Get, "/crm/v3/objects/contacts/51").unwrap().as_deref(), Some("/crm/objects/2026-09/contacts/51"));
        assert_eq!(carried(Method::Get, "/crm/v3/owners").unwrap().as_deref(), Some("/crm/owners/2026-09"));
    }

    #[test]
    fn what_stands_in_the_path_is_carried_over_as_it_is() {
        let carried = carried(Method::Delete, "/crm/v3/properties/p_own%20one/a%3Fb").unwrap();
        assert_eq!(carried.as_deref(), Some("/crm/properties/2026-09/p_own%20one/a%3Fb"));
    }

    #[test]
    fn a_dated_path_stays() {
        assert_eq!(carried(Method::Get, "/crm/objects/2026-03/contacts"), Ok(None));
    }

    #[test]
    fn a_changed_body_is_not_guessed() {
        let refused = carried(Method::Patch, "/crm-object-schemas/v3/schemas/p_own").unwrap_err();
        assert!(matches!(refused, Untranslatable::Differs { .. }), "{refused}");
        assert!(matches!(carried(Method::Get, "/account-info/v3/api-usage/daily"), Err(Untranslatable::NoSuccessor(_))));
    }

    #[test]
    fn lost_warnings_and_a_lost_207_are_no_difference_to_callers() {
        assert!(agrees("none"));
        assert!(agrees("response field removed: results.[].warnings,results.[].warnings.[].message; success status: 200,207 to 200"));
        for differs in [
            "success status: 204 to 200",
            "success status: 201,207 to 200",
            "response field removed: warnings,paging",
            "query removed: includeFA",
            "-",
        ] {
            assert!(!agrees(differs), "{differs}");
        }
    }

    /// Every row is refused, or leads to an operation with the same variables.
    #[test]
    fn every_row_of_the_table_is_carried_whole_or_refused() {
        let mut carried = 0;
        for row in successors() {
            let Some(operation) = Catalog::get().find(row.method, row.path.trim_end_matches('/')) else { continue };
            let filled: String = operation.template[1..]
                .split('/')
                .map(|part| if part.starts_with('{') { format!("/{}", part.trim_matches(['{', '}'])) } else { format!("/{part}") })
                .collect();
            let Ok(Some((_, path))) = translate(operation, &NormalPath::parse(&filled).unwrap()) else { continue };
            assert!(!path.as_str().contains(['{', '}']) && !path.as_str().contains("%7B"), "{operation} becomes {}", path.as_str());
            carried += 1;
        }
        assert_eq!(carried, 892);
    }
}
