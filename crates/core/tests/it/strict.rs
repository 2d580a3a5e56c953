//! The rules of strict mode stand in the guide as the program has them.

use std::path::Path;

use keyway_core::strict::Rule;

#[test]
fn the_guide_lists_every_rule_with_its_reason() {
    let guide = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/testing.md")).unwrap();
    for rule in Rule::ALL {
        let row = format!("| `{}` | {} | {} |", rule.name(), rule.finds(), rule.because());
        assert!(guide.contains(&row), "docs/testing.md lacks this row:\n{row}");
    }
}
