//! A rotation of the master key with many sealed values.

use keyway_core::secret::Secret;
use keyway_core::token::TokenHash;

use super::*;
use crate::store::idempotency::bound_to;

#[tokio::test]
async fn a_rotation_of_many_values_makes_the_instances_read_the_store_again_once_and_not_for_each_transaction() {
    let folder = tempfile::tempdir().unwrap();
    // A server with a key file makes the new key itself.
    let store = Store::open(Some(folder.path()), None).await.unwrap();
    let registry = Arc::new(Registry::new(store.token_key(), false, None));
    let control = Control::new(store, registry, Arc::new(NoBackend)).await.unwrap();
    // More of them measure how the time grows.
    let values = std::env::var("KEYWAY_TEST_VALUES").map_or(1_000, |number| number.parse().unwrap());
    let mut change = control.store.begin().await.unwrap();
    for number in 0_u64..values {
        let hash = *blake3::hash(&number.to_be_bytes()).as_bytes();
        let sealed = control.store.seal_for(&bound_to(&TokenHash(hash)), &Secret::new("x".repeat(200))).unwrap();
        let query = sqlx::query("insert into idempotent_answer (hash, request, at, status, sealed) values ($1, $2, 0, 200, $3)");
        query.bind(hash.to_vec()).bind(vec![2_u8]).bind(sealed).execute(&mut change).await.unwrap();
    }
    change.commit().await.unwrap();
    let before = control.store.generation().await.unwrap();
    let report = control.rotate_master_key().await.unwrap();
    assert!(report.is_settled() && report.keys[0].1 == values, "{report:?}");
    assert_eq!(control.store.generation().await.unwrap() - before, 2, "one for the key, one for the values");
}
