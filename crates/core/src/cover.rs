//! The least scopes that are enough for several operations.
//!
//! Each operation has alternatives: sets of scopes, each of which opens it. The result is a set that contains an alternative
//! of each operation and opens as little else as possible (`reach`): first the fewest operations that write, then the fewest
//! that read, then the fewest scopes. This is weighted set cover. Branch and bound solves it exactly within a limit on the
//! steps; at the limit, the result is the best set so far, which is enough but may not be the least.

use crate::reach::of_set;
use crate::scope::ScopeSet;

/// The most steps of the search. Real apps need some dozens.
const STEPS_MAX: u32 = 200_000;

/// A set that is enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cover {
    /// The smallest set that was found.
    pub scopes: ScopeSet,
    /// The needs that no allowed set opens, by their index in the list.
    pub impossible: Vec<usize>,
    /// Whether no smaller set is enough; false where the search reached its limit.
    pub least: bool,
}

/// The least set that opens all needs with scopes from `within`. A need is a list of alternatives; an empty list needs
/// nothing.
pub fn least(needs: &[Vec<ScopeSet>], within: &ScopeSet) -> Cover {
    let mut impossible = Vec::new();
    let mut open: Vec<Vec<ScopeSet>> = Vec::new();
    for (place, need) in needs.iter().enumerate().filter(|(_, need)| !need.is_empty()) {
        let mut possible: Vec<ScopeSet> = need.iter().filter(|set| within.contains_all(set)).copied().collect();
        // Sets that write come last, so that the first result is already a modest one.
        possible.sort_by_key(of_set);
        possible.dedup();
        if possible.is_empty() {
            impossible.push(place);
        } else if !open.contains(&possible) {
            open.push(possible);
        }
    }
    open.sort_by_key(Vec::len);
    let mut search = Search { best: None, steps: 0 };
    search.go(ScopeSet::EMPTY, &open);
    Cover { scopes: search.best.unwrap_or_default(), impossible, least: search.steps < STEPS_MAX }
}

struct Search {
    best: Option<ScopeSet>,
    steps: u32,
}

impl Search {
    fn go(&mut self, chosen: ScopeSet, needs: &[Vec<ScopeSet>]) {
        self.steps += 1;
        if self.best.is_some_and(|best| of_set(&chosen) >= of_set(&best)) || (self.steps >= STEPS_MAX && self.best.is_some()) {
            return;
        }
        let Some(at) = needs.iter().position(|need| !need.iter().any(|set| chosen.contains_all(set))) else {
            self.best = Some(chosen);
            return;
        };
        for alternative in &needs[at] {
            let mut with = chosen;
            with.extend(alternative);
            self.go(with, &needs[at + 1..]);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::scope::all_names;

    fn set(names: &[&str]) -> ScopeSet {
        ScopeSet::from_names(names.iter().copied()).unwrap()
    }

    const READ: &str = "crm.objects.contacts.read";
    const WRITE: &str = "crm.objects.contacts.write";
    const DEALS: &str = "crm.objects.deals.read";

    fn everything() -> ScopeSet {
        ScopeSet::from_names(all_names().iter().copied()).unwrap()
    }

    #[test]
    fn a_scope_that_is_needed_anyway_is_not_joined_by_one_that_opens_less() {
        let either = vec![set(&[READ]), set(&[WRITE])];
        let found = least(&[either.clone(), vec![set(&[WRITE])]], &everything());
        assert_eq!((found.scopes, found.least), (set(&[WRITE]), true));
        // Where the operations only read, the scope is one that only reads.
        assert_eq!(least(&[either], &everything()).scopes, set(&[READ]));
    }

    #[test]
    fn two_scopes_that_read_are_less_than_one_that_writes() {
        let commerce = |own| vec![set(&[own]), set(&["e-commerce"])];
        let needs = [commerce("crm.objects.products.read"), commerce("crm.objects.line_items.read")];
        assert_eq!(least(&needs, &everything()).scopes, set(&["crm.objects.products.read", "crm.objects.line_items.read"]));
        let lists = vec![set(&["cms.membership.access_groups.write"]), set(&["crm.lists.write"])];
        assert_eq!(least(&[lists], &everything()).scopes, set(&["crm.lists.write"]));
    }

    #[test]
    fn what_no_allowed_scope_opens_is_named() {
        let found = least(&[vec![set(&[DEALS])], vec![], vec![set(&[READ])]], &set(&[READ]));
        assert_eq!((found.scopes, found.impossible), (set(&[READ]), vec![0]));
    }

    proptest! {
        #[test]
        fn no_set_that_opens_less_is_enough(
            needs in proptest::collection::vec(
                proptest::collection::vec(proptest::collection::btree_set(0_usize..6, 1..3), 1..4), 0..7),
        ) {
            let names: Vec<&str> = all_names().iter().copied().take(6).collect();
            let needs: Vec<Vec<ScopeSet>> = needs.iter()
                .map(|need| need.iter().map(|scopes| set(&scopes.iter().map(|at| names[*at]).collect::<Vec<_>>())).collect())
                .collect();
            let enough = |chosen: &ScopeSet| needs.iter().all(|need| need.iter().any(|one| chosen.contains_all(one)));
            let found = least(&needs, &everything());
            prop_assert!(enough(&found.scopes) && found.least);
            for bits in 0_usize..1 << 6 {
                let chosen = set(&(0..6).filter(|at| bits & (1 << at) != 0).map(|at| names[at]).collect::<Vec<_>>());
                prop_assert!(!enough(&chosen) || of_set(&chosen) >= of_set(&found.scopes));
            }
        }
    }
}
