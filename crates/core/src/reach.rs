//! What a scope opens: how many operations that write, and how many that read.
//!
//! This is the measure of least privilege, and not the number of scopes: two scopes that only read open less than one that
//! also writes.

use std::collections::HashSet;
use std::iter::Sum;
use std::ops::Add;
use std::sync::LazyLock;

use crate::catalog::{Catalog, Method};
use crate::object_type::ObjectType;
use crate::requirement::Requirement;
use crate::scope::{ScopeId, ScopeSet, all_names};

/// An operation that more than this many scopes open does not count for any of them: it belongs to every object type.
const ALTERNATIVES_MAX: usize = 20;

/// What a set of scopes opens. Of two values, the smaller opens less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reach {
    /// Scopes of sensitive values.
    pub sensitive: u32,
    /// Operations that create, change or delete.
    pub writes: u32,
    /// Operations that read.
    pub reads: u32,
    /// The number of scopes.
    pub scopes: u32,
    /// Scopes whose name does not match what they open: `cms.membership.access_groups.write` writes lists.
    pub by_another_name: u32,
}

impl Add for Reach {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            sensitive: self.sensitive + other.sensitive,
            writes: self.writes + other.writes,
            reads: self.reads + other.reads,
            scopes: self.scopes + other.scopes,
            by_another_name: self.by_another_name + other.by_another_name,
        }
    }
}

impl Sum for Reach {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Add::add)
    }
}

/// What one scope opens. An operation that HubSpot publishes in several versions counts once.
pub fn of(scope: ScopeId) -> Reach {
    static ALL: LazyLock<Vec<Reach>> = LazyLock::new(count);
    ALL.get(usize::from(scope.number())).copied().unwrap_or_default()
}

/// What the scopes of a set open, added up.
pub fn of_set(set: &ScopeSet) -> Reach {
    set.iter().map(of).sum()
}

fn count() -> Vec<Reach> {
    let names = all_names();
    let mut reaches: Vec<Reach> =
        names.iter().map(|name| Reach { sensitive: u32::from(name.contains("sensitive")), scopes: 1, ..Reach::default() }).collect();
    let mut own_name = vec![false; names.len()];
    let mut seen: HashSet<(Method, String, &str)> = HashSet::new();
    let mut opened = |method: Method, template: &'static str, object: &'static str, reads: bool, requirement: &Requirement| {
        let alternatives = requirement.alternatives();
        if alternatives.is_empty() || alternatives.len() > ALTERNATIVES_MAX {
            return;
        }
        let unversioned = without_version(template);
        if !seen.insert((method, unversioned.clone(), object)) {
            return;
        }
        let mut scopes = ScopeSet::EMPTY;
        alternatives.iter().for_each(|set| scopes.extend(set));
        for scope in scopes.iter() {
            let at = usize::from(scope.number());
            let reach = &mut reaches[at];
            *(if reads { &mut reach.reads } else { &mut reach.writes }) += 1;
            own_name[at] |= is_named_for(scope.name(), &unversioned, object);
        }
    };
    for operation in Catalog::get().operations() {
        let mut of = |object: &'static str, requirement: &Requirement| {
            opened(operation.method, operation.template, object, operation.read_only, requirement);
        };
        match Catalog::get().requirement_on(operation, None) {
            Some(requirement) => of("", &requirement),
            // A generic path counts by object type.
            None => ObjectType::all().iter().for_each(|row| {
                if let Some(requirement) = Catalog::get().requirement_on(operation, Some(row.name)) {
                    of(row.name, &requirement);
                }
            }),
        }
    }
    for (reach, own) in reaches.iter_mut().zip(own_name) {
        reach.by_another_name = u32::from(!own);
    }
    reaches
}

/// Whether a scope's name begins like the path: `crm.lists.write` and `/crm/lists`.
fn is_named_for(scope: &str, path: &str, object: &str) -> bool {
    let mut parts = scope.split('.');
    let (first, second) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    path.starts_with(&format!("/{first}/{second}")) || (!object.is_empty() && scope.contains(object))
}

/// A path template without its version, and without the names of its variables: the versions of one endpoint have the same.
pub fn without_version(template: &str) -> String {
    let named = |part| if str::starts_with(part, '{') { "{}" } else { part };
    template.split('/').filter(|part| !is_version(part)).map(named).collect::<Vec<_>>().join("/")
}

fn is_version(segment: &str) -> bool {
    let numbered = segment.strip_prefix('v').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()));
    numbered || (segment.starts_with("20") && segment.as_bytes().get(4) == Some(&b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(name: &str) -> Reach {
        of(ScopeId::of(name).unwrap())
    }

    #[test]
    fn reading_opens_less_than_writing_and_one_object_less_than_several() {
        assert!(reach("crm.objects.contacts.read") < reach("crm.objects.contacts.write"));
        assert!(reach("crm.objects.products.read") + reach("crm.objects.line_items.read") < reach("e-commerce"));
        assert!(reach("crm.objects.contacts.read") < reach("crm.objects.contacts.sensitive.read"));
    }

    #[test]
    fn of_two_scopes_that_open_the_same_the_one_named_for_it_is_less() {
        let (lists, groups) = (reach("crm.lists.write"), reach("cms.membership.access_groups.write"));
        assert_eq!((lists.writes, lists.reads), (groups.writes, groups.reads));
        assert!(lists < groups);
    }
}
