//! What an embedded account answers of HubSpot's API, operation by operation, and what of it the
//! project's tests call.
//!
//! Served, and whether as documents alone, is asked of the code that answers; tested is a list that `tests/coverage.py` compares with
//! the calls that the tests made.

use std::collections::HashSet;

use keyway_api::view::CoveredOperation;
use keyway_core::catalog::{Catalog, Operation};

use crate::pipeline;

/// Operations that a test calls: a method and a path template on each line.
const TESTED: &str = include_str!("coverage/tested.txt");

/// Every operation of the catalog. `answers` says whether the embedded CRM answers a method and path, `keeps` whether it only
/// keeps what is at a path.
pub fn operations(answers: impl Fn(&str, &str) -> bool, keeps: impl Fn(&str) -> bool) -> Vec<CoveredOperation> {
    let tested: HashSet<&str> = TESTED.lines().collect();
    let row = |operation: &'static Operation| {
        let sample = sample(operation.template);
        let served = pipeline::answers_itself(operation) || answers(operation.method.as_str(), &sample);
        CoveredOperation {
            method: operation.method.as_str().to_owned(),
            path: operation.template.to_owned(),
            version: operation.version.to_owned(),
            api: operation.api.to_owned(),
            scopes_from: operation.scopes_from.as_str().to_owned(),
            source: operation.source.to_owned(),
            served,
            documents: served && keeps(&sample),
            tested: tested.contains(operation.to_string().as_str()),
        }
    };
    Catalog::get().operations().iter().map(row).collect()
}

/// An example path of a template.
fn sample(template: &str) -> String {
    let segment = |segment: &str| match segment {
        "{objectType}" | "{fromObjectType}" => "contacts".to_owned(),
        "{toObjectType}" => "companies".to_owned(),
        _ if segment.starts_with('{') => "1".to_owned(),
        _ => segment.to_owned(),
    };
    template.split('/').map(segment).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_listed_as_tested_is_an_operation_and_in_order() {
        let lines: Vec<&str> = TESTED.lines().collect();
        let known: HashSet<String> = Catalog::get().operations().iter().map(ToString::to_string).collect();
        for line in &lines {
            assert!(known.contains(*line), "{line} is not an operation");
        }
        assert!(lines.is_sorted(), "the list is sorted, each line once");
    }

    #[test]
    fn a_sample_names_types_where_the_template_has_them() {
        assert_eq!(sample("/crm/v4/associations/{fromObjectType}/{toObjectType}/labels"), "/crm/v4/associations/contacts/companies/labels");
        assert_eq!(sample("/files/v3/files/{fileId}"), "/files/v3/files/1");
    }
}
