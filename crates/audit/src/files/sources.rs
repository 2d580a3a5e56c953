//! Where the calls of one file came from, by token.

use foldhash::HashMap as FastMap;
use serde::{Deserialize, Serialize};

/// Addresses of one file, those of each token counted. A file with more keeps none, and is read.
const ADDRESSES_MAX: usize = 5_000;

/// How many calls came from an address, and when the last one came in, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Came {
    pub calls: u64,
    pub last: i64,
}

impl Came {
    pub fn add(&mut self, more: Self) {
        self.calls += more.calls;
        self.last = self.last.max(more.last);
    }
}

/// The addresses of each token.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Sources {
    of_token: FastMap<i64, FastMap<Box<str>, Came>>,
    addresses: usize,
}

impl Sources {
    /// Counts a call.
    pub fn add(&mut self, token_id: i64, source: &str, at: i64) {
        if self.is_full() {
            return;
        }
        let of_token = self.of_token.entry(token_id).or_default();
        let more = Came { calls: 1, last: at };
        if let Some(came) = of_token.get_mut(source) {
            return came.add(more);
        }
        of_token.insert(source.into(), more);
        self.addresses += 1;
        if self.is_full() {
            self.of_token = FastMap::default();
        }
    }

    /// The addresses of a token; none where the file has too many.
    pub fn of(&self, token_id: i64) -> Option<impl Iterator<Item = (&str, Came)>> {
        let of_token = self.of_token.get(&token_id);
        (!self.is_full()).then(|| of_token.into_iter().flatten().map(|(source, came)| (&**source, *came)))
    }

    fn is_full(&self) -> bool {
        self.addresses > ADDRESSES_MAX
    }

    /// Bytes of memory that it takes, about.
    pub fn bytes(&self) -> usize {
        const TOKEN: usize = size_of::<(i64, FastMap<Box<str>, Came>)>() * 8 / 7;
        const ADDRESS: usize = size_of::<(Box<str>, Came)>() * 2 + 16;
        self.of_token.len() * TOKEN + self.addresses.min(ADDRESSES_MAX) * ADDRESS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_too_many_addresses_keeps_none() {
        let mut sources = Sources::default();
        for at in 0..ADDRESSES_MAX {
            sources.add(1, &at.to_string(), 1);
        }
        sources.add(1, "0", 2);
        assert_eq!(sources.of(1).unwrap().find(|(source, _)| *source == "0"), Some(("0", Came { calls: 2, last: 2 })));
        assert_eq!(sources.of(2).unwrap().count(), 0);
        sources.add(2, "0", 3);
        assert!(sources.of(1).is_none() && sources.of(2).is_none());
        assert_eq!(sources.of_token.len(), 0);
    }
}
