//! Every request that HubSpot's clients and the taps in use send is an operation of the catalog.
//! `tests/catalog/requests.py` reads the list from their packages.

use keyway_core::catalog::{Catalog, Resolution};
use keyway_core::path::NormalPath;

const REQUESTS: &str = include_str!("../../../../tests/catalog/requests.tsv");

#[test]
fn every_request_of_a_client_is_known() {
    let mut unknown = Vec::new();
    let mut walked = 0;
    for line in REQUESTS.lines().skip(1) {
        let [method, _, example, clients] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let path = NormalPath::parse(example).unwrap();
        assert_eq!(path.as_sent(), example);
        match Catalog::get().resolve(method, &path) {
            Resolution::Found(_) => {}
            other => unknown.push(format!("{method} {example} of {clients}: {other:?}")),
        }
        walked += 1;
    }
    assert!(unknown.is_empty(), "{} of {walked}:\n{}", unknown.len(), unknown.join("\n"));
    assert!(walked >= 2_000, "{walked}");
}
