//! Every target on its seeds, and on seeds that were changed at random.

use keyway_fuzz::{TARGETS, seeds, target};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// One change of an input.
#[derive(Clone, Debug)]
enum Change {
    Set(prop::sample::Index, u8),
    Insert(prop::sample::Index, Vec<u8>),
    Remove(prop::sample::Index, usize),
    Double(prop::sample::Index, usize),
    /// A quoted word or a number becomes another one: valid JSON stays valid.
    Word(prop::sample::Index, prop::sample::Index),
    /// A piece of another seed.
    Splice(prop::sample::Index, prop::sample::Index, prop::sample::Index, usize),
}

/// Bytes that readers of text take for more than text.
const PIECES: [&[u8]; 16] =
    [b"\"", b"'", b"\\", b"{", b"}", b"[", b"]", b"\r\n", b"\0", b"%", b"\xff\xfe", b"\xe2\x80\xae", b"-1", b"1e999", b"null", b"\x1b[31m"];

fn change() -> impl Strategy<Value = Change> {
    let at = any::<prop::sample::Index>;
    let piece = prop_oneof![
        prop::sample::select(&PIECES[..]).prop_map(<[u8]>::to_vec),
        prop::collection::vec(any::<u8>(), 1..8),
        (any::<u8>(), 1_usize..300).prop_map(|(byte, times)| vec![byte; times]),
    ];
    prop_oneof![
        6 => (at(), at()).prop_map(|(at, word)| Change::Word(at, word)),
        1 => (at(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        1 => (at(), piece).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        1 => (at(), 1_usize..40).prop_map(|(at, length)| Change::Remove(at, length)),
        1 => (at(), 1_usize..80).prop_map(|(at, length)| Change::Double(at, length)),
        1 => (at(), at(), at(), 1_usize..80).prop_map(|(at, seed, from, length)| Change::Splice(at, seed, from, length)),
    ]
}

/// Words and numbers of all seeds, and such as readers stumble over.
fn words(seeds: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let more = ["\"\"", "0", "-1", "1e999", "9223372036854775808", "null", "true", "[]", "{}", "\"0-1\"", "\"\\u202e\"", "\"2026-02-30\""];
    let of_seeds = seeds.iter().flat_map(|seed| places(seed).into_iter().map(|at| seed[at].to_vec()));
    more.iter().map(|word| word.as_bytes().to_vec()).chain(of_seeds).collect()
}

/// Where quoted words and numbers stand.
fn places(bytes: &[u8]) -> Vec<std::ops::Range<usize>> {
    let (mut found, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let rest = &bytes[at..];
        let length = match rest[0] {
            b'"' => rest[1..].iter().position(|byte| *byte == b'"').map_or(rest.len(), |end| end + 2),
            b'0'..=b'9' => rest.iter().take_while(|byte| byte.is_ascii_digit()).count(),
            _ => {
                at += 1;
                continue;
            }
        };
        found.push(at..at + length);
        at += length;
    }
    found
}

fn changed(seed: &[u8], seeds: &[Vec<u8>], words: &[Vec<u8>], changes: &[Change]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    let piece = |bytes: &[u8], from: usize, length: usize| bytes[from..bytes.len().min(from + length)].to_vec();
    for change in changes {
        let length = bytes.len() + 1;
        match change {
            Change::Set(at, byte) => {
                if let Some(old) = bytes.get_mut(at.index(length)) {
                    *old = *byte;
                }
            }
            Change::Word(at, word) => {
                let places = places(&bytes);
                if !places.is_empty() {
                    bytes.splice(places[at.index(places.len())].clone(), words[word.index(words.len())].iter().copied());
                }
            }
            Change::Insert(at, more) => drop(bytes.splice(at.index(length)..at.index(length), more.iter().copied())),
            Change::Remove(at, count) => drop(bytes.drain(at.index(length)..(at.index(length) + count).min(length - 1))),
            Change::Double(at, count) => {
                let more = piece(&bytes, at.index(length), *count);
                bytes.splice(at.index(length)..at.index(length), more);
            }
            Change::Splice(at, seed, from, count) => {
                let other = &seeds[seed.index(seeds.len())];
                let more = piece(other, from.index(other.len() + 1), *count);
                bytes.splice(at.index(length)..at.index(length), more);
            }
        }
    }
    bytes
}

/// Runs a target on its seeds as they are and changed.
fn holds(name: &str) {
    let target = target(name);
    let seeds: Vec<Vec<u8>> = seeds(&target).into_iter().map(|(_, bytes)| bytes).collect();
    assert!(seeds.len() >= 3, "{name} has {} seeds", seeds.len());
    let words = words(&seeds);
    (target.run)(&[]);
    for seed in &seeds {
        (target.run)(seed);
    }
    let mut runner = TestRunner::new(Config { cases: target.cases, failure_persistence: None, ..Config::default() });
    let input = (any::<prop::sample::Index>(), prop::collection::vec(change(), 1..6));
    let result = runner.run(&input, |(seed, changes)| {
        let bytes = changed(&seeds[seed.index(seeds.len())], &seeds, &words, &changes);
        // The bytes themselves are what becomes a seed.
        std::panic::catch_unwind(|| (target.run)(&bytes)).map_err(|panic| {
            let why = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied()).unwrap_or("a panic");
            TestCaseError::fail(format!("{why}\ninput: {}", bytes.escape_ascii()))
        })
    });
    if let Err(error) = result {
        panic!("{name}: {error}");
    }
}

macro_rules! each {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            holds(stringify!($name));
        })*

        #[test]
        fn each_target_has_a_test_and_a_program() {
            let tests = [$(stringify!($name)),*];
            assert_eq!(TARGETS.map(|target| target.name), tests);
            for name in tests {
                let program = format!("{}/../../fuzz/fuzz_targets/{name}.rs", env!("CARGO_MANIFEST_DIR"));
                assert!(std::path::Path::new(&program).exists(), "{program} is missing");
            }
        }
    };
}

each!(path token client framing list_filters search csv_import audit_file scan_windows fix plan_input doctor upstream_answer mask);
