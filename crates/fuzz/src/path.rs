//! The path of a request.

use keyway_core::catalog::{Catalog, Resolution};
use keyway_core::path::NormalPath;

const METHODS: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];

/// A path that is accepted means the same in each form in which Keyway writes it, and opens the same
/// operations: what is authorized is what is forwarded.
pub fn path(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(path) = NormalPath::parse(text) else { return };
    for form in [path.as_str(), path.as_sent()] {
        let again = NormalPath::parse(form).unwrap_or_else(|error| panic!("{form} is refused: {error}"));
        assert_eq!(again.as_str(), path.as_str(), "{form} means something else");
        for method in METHODS {
            assert_eq!(operation(method, &again), operation(method, &path), "{method} {form} is another operation");
        }
    }
}

/// The operation, and what it asks of the caller.
fn operation(method: &str, path: &NormalPath) -> String {
    let catalog = Catalog::get();
    match catalog.resolve(method, path) {
        Resolution::Found(operation) => {
            format!("{} {:?} {:?}", operation.template, catalog.requirement(operation, path), operation.spell(path).as_str())
        }
        other => format!("{other:?}"),
    }
}
