//! docs/validation-errors.md is what the table says.
//!
//! `KEYWAY_WRITE_ERRORS=1` writes the page.

use std::collections::BTreeSet;
use std::path::Path;

use keyway_objects::invalid::{DETAIL_ROWS, ROWS, VALUE_ROWS, page};

#[test]
fn the_page_of_validation_errors_is_that_of_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/validation-errors.md");
    if std::env::var_os("KEYWAY_WRITE_ERRORS").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == page(), "docs/validation-errors.md is of another table. Run this test with KEYWAY_WRITE_ERRORS=1.");
}

#[test]
fn no_two_rows_have_one_name_or_one_message() {
    let beside = VALUE_ROWS.iter().map(|row| row.name).chain(DETAIL_ROWS.iter().map(|row| row.name));
    let names: BTreeSet<&str> = ROWS.iter().map(|row| row.name).chain(beside).collect();
    assert_eq!(names.len(), ROWS.len() + VALUE_ROWS.len() + DETAIL_ROWS.len());
    for row in DETAIL_ROWS {
        assert!(ROWS.iter().any(|of| of.name == row.of), "{} is an entry of no row", row.name);
    }
    let messages: BTreeSet<(u16, &str)> = ROWS.iter().map(|row| (row.status, row.message)).collect();
    assert_eq!(messages.len(), ROWS.len());
    for row in ROWS {
        assert!(matches!(row.status, 400 | 404 | 409 | 414), "{}", row.name);
        assert!(row.message.len() > 4 && row.context.iter().all(|key| !key.is_empty()), "{}", row.name);
    }
}
