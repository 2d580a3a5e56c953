//! How many files and connections this process may have open.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Raises the soft limit to the hard one: the default of most systems, 1,024, is there for programs that
/// use `select`. What the limit is then; none where there is none.
pub fn raise_limit() -> Option<u64> {
    let mut limit = getrlimit(Resource::Nofile);
    let before = limit.current;
    limit.current = limit.maximum;
    if setrlimit(Resource::Nofile, limit).is_err() {
        return before;
    }
    limit.current
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_becomes_the_hard_one() {
        let mut limit = getrlimit(Resource::Nofile);
        let lower = limit.maximum.map_or(512, |most| most.min(512));
        limit.current = Some(lower);
        setrlimit(Resource::Nofile, limit).unwrap();
        let raised = raise_limit();
        assert_eq!((raised, getrlimit(Resource::Nofile).current), (limit.maximum, limit.maximum));
    }
}
