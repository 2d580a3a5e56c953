//! Every rule of `data/rules.toml` finds what its examples say and leaves its counter-examples.

use keyway_scan::rules::Rules;

use crate::examine;
use crate::values::fill;

#[test]
fn every_rule_has_examples_in_which_it_finds_its_kind() {
    for rule in Rules::get().all() {
        assert!(!rule.examples.is_empty(), "{} has no example", rule.id);
        for example in &rule.examples {
            let found = examine("settings", &fill(example));
            let kinds: Vec<_> = found.candidates.iter().map(|candidate| (candidate.kind, candidate.rule)).collect();
            assert_eq!(kinds, [(rule.kind, rule.id.as_str())], "{}: {example}", rule.id);
        }
    }
}

#[test]
fn no_rule_finds_anything_in_a_counter_example() {
    for rule in Rules::get().all() {
        for example in &rule.counter_examples {
            let found = examine("settings", &fill(example));
            assert!(found.candidates.is_empty(), "{}: {example}: {:?}", rule.id, found.candidates);
        }
    }
}
