//! What one decision costs: token look-up, resolve, requirement, permit and limit, over a shuffled
//! list of every operation, among 10,000 tokens.
//!
//! `cargo bench -p keyway-core --bench decision`

use std::collections::HashMap;

use divan::{Bencher, black_box};
use keyway_core::catalog::{Catalog, LimitClass, Resolution};
use keyway_core::path::NormalPath;
use keyway_core::policy::{Caller, authorize};
use keyway_core::quota::{AccountUsage, AppUsage, DailyCount, Limits, admit};
use keyway_core::scope::{ScopeSet, all_names};
use keyway_core::time::{Moment, Now, Timestamp};
use keyway_core::token::{PlainToken, TokenHash, TokenKey};
use keyway_core::unlisted::Unlisted;

fn main() {
    divan::main();
}

/// Every operation once, as method and raw path, in an order without pattern.
fn requests() -> Vec<(&'static str, String)> {
    let operations = Catalog::get().operations();
    let count = operations.len();
    // 1,579 is prime and no divisor of the count, so the steps visit every operation once.
    (0..count)
        .map(|at| &operations[at * 1_579 % count])
        .map(|operation| {
            let segment = |segment: &str| match segment {
                "{objectType}" | "{objectTypeId}" | "{fromObjectType}" | "{fromObjectTypeId}" => "0-3".to_owned(),
                "{toObjectType}" | "{toObjectTypeId}" => "companies".to_owned(),
                named if named.starts_with('{') => "1234567".to_owned(),
                literal => literal.to_owned(),
            };
            (operation.method.as_str(), operation.template.split('/').map(segment).collect::<Vec<_>>().join("/"))
        })
        .collect()
}

/// 10,000 tokens in a map by their keyed hash.
fn tokens(key: &TokenKey) -> (Vec<PlainToken>, HashMap<TokenHash, u64, foldhash::fast::FixedState>) {
    let tokens: Vec<PlainToken> = (0..10_000u64)
        .map(|number| {
            let mut random = [3; 16];
            random[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
            PlainToken::generate("na1", random)
        })
        .collect();
    let map = tokens.iter().enumerate().map(|(number, token)| (key.hash(token.expose()), number as u64)).collect();
    (tokens, map)
}

#[divan::bench(sample_count = 100, sample_size = 20_000)]
fn whole_decision(bencher: Bencher) {
    let requests = requests();
    let key = TokenKey::new([9; 32]);
    let (presented, known) = tokens(&key);
    let granted = ScopeSet::from_names(all_names().iter().copied()).expect("the names are the catalog's own");
    let limits = Limits { burst: 250, associations_burst: 200, daily: u64::MAX, search: 250 };
    let (mut app, mut account) = (AppUsage::default(), AccountUsage::new(DailyCount::new(0, Timestamp::from_ms(i64::MAX))));
    let (mut at, mut permitted) = (0usize, 0usize);
    bencher.bench_local(|| {
        at += 1;
        let (method, raw) = &requests[at % requests.len()];
        let token = &presented[at % presented.len()];
        let token_id = known[&key.hash(token.expose())];
        let path = NormalPath::parse(raw).expect("sample paths are valid");
        let Resolution::Found(operation) = Catalog::get().resolve(method, &path) else { panic!("{method} {raw}") };
        let unlisted = Unlisted::default();
        let caller = Caller { token_id, ..Caller::of_app(1, "bench", 1, &granted, &unlisted) };
        let permit = authorize(&caller, operation, path);
        // 50 ms a call keeps the window partly filled, as on a busy app.
        let now = moment(at as i64 * 50);
        let allowance = admit(operation.limit_class, &limits, &mut app, &mut account, now, || now.wall);
        permitted += usize::from(permit.is_ok());
        black_box((permit.is_ok(), allowance.is_ok()))
    });
}

#[divan::bench(sample_count = 100, sample_size = 20_000)]
fn token_lookup(bencher: Bencher) {
    let key = TokenKey::new([9; 32]);
    let (presented, known) = tokens(&key);
    let mut at = 0;
    bencher.bench_local(|| {
        at += 1;
        known.get(&key.hash(black_box(presented[at % presented.len()].expose())))
    });
}

#[divan::bench(sample_count = 100, sample_size = 20_000)]
fn normalise_and_resolve(bencher: Bencher) {
    let requests = requests();
    let mut at = 0;
    bencher.bench_local(|| {
        at += 1;
        let (method, raw) = &requests[at % requests.len()];
        let path = NormalPath::parse(raw).expect("sample paths are valid");
        matches!(Catalog::get().resolve(black_box(method), &path), Resolution::Found(_))
    });
}

#[divan::bench(sample_count = 100, sample_size = 20_000)]
fn limit(bencher: Bencher) {
    let limits = Limits { burst: 250, associations_burst: 200, daily: u64::MAX, search: 5 };
    let (mut app, mut account) = (AppUsage::default(), AccountUsage::new(DailyCount::new(0, Timestamp::from_ms(i64::MAX))));
    let mut at = 0;
    bencher.bench_local(|| {
        at += 50;
        let now = moment(at);
        admit(black_box(LimitClass::Standard), &limits, &mut app, &mut account, now, || now.wall).is_ok()
    });
}

/// Both clocks at so many milliseconds.
const fn moment(ms: i64) -> Now {
    Now { steady: Moment::from_ms(ms), wall: Timestamp::from_ms(ms) }
}
