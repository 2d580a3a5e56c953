use std::collections::BTreeSet;

use keyway_core::secret::Secret;

use super::*;

#[tokio::test]
async fn every_column_that_holds_a_sealed_value_is_sealed_again() {
    let store = Store::open(None, None).await.unwrap();
    let query = "select tables.name || '.' || columns.name from sqlite_master as tables, pragma_table_info(tables.name) as columns
        where tables.type = 'table' and columns.name like '%sealed%'";
    let found: Vec<String> = sqlx::query_scalar(query).fetch_all(&store.pool).await.unwrap();
    let known: BTreeSet<String> = PLACES.iter().map(|(table, column, ..)| format!("{table}.{column}")).collect();
    // The root key is sealed when a key is taken; client secrets are in the JSON of their app.
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), known);
}

#[tokio::test]
async fn each_kind_of_value_opens_with_the_new_key_alone_after_a_rotation() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(Some(folder.path()), None).await.unwrap();
    let former = store.vault.current();
    let root = *store.master_key.expose();
    let sealed = |bound: &str| store.seal_for(bound, &Secret::new(format!("secret of {bound}"))).unwrap();
    let hash = TokenHash([9; 32]);
    let rows = [
        (
            "insert into account (hub_id, name, tier, addons, time_zone, currency, region, created_at) values (7, 'a', 'free', 0, 'UTC', 'USD', 'na1', 0)",
            vec![],
        ),
        (
            "insert into oauth_client values (3, 'c', 'client', $1, 'b', 'a', '[]', '[]', 0)",
            vec![sealed(&oauth_accounts::secret_of("client"))],
        ),
        (
            "insert into connection (hub_id, base_url, sealed, hint, scopes, since, checked_at, former_sealed) values (7, 'b', $1, 'h', '[]', 0, 0, $2)",
            vec![sealed(&vault::bound_to(7)), sealed(&vault::bound_to(7))],
        ),
        (
            "insert into oauth_token (hub_id, sealed_refresh, sealed_access) values (7, $1, $2)",
            vec![sealed(&oauth_accounts::refresh_of(7)), sealed(&oauth_accounts::access_of(7))],
        ),
        (
            "insert into oauth_pending (state, oauth_client_id, sealed_verifier, redirect_uri, settings, expires_at) values (x'01', 3, $1, 'r', '{}', 0)",
            vec![sealed(oauth_accounts::VERIFIER)],
        ),
        ("insert into proxy_authority values (5, 'authority', 'c', $1, 0, 0, 0)", vec![sealed(&proxy::bound_to("authority"))]),
        ("insert into person (id, email, password, created_at) values (4, 'e', 'p', 0)", vec![]),
        ("insert into second_factor (person_id, sealed) values (4, $1)", vec![sealed(&sign_in::bound_to(4))]),
        (
            "insert into notify_channel (name, kind, settings, sealed, created_at) values ('ops', 'slack', '{}', $1, 0)",
            vec![sealed(&notify::bound_to("ops"))],
        ),
        (
            "insert into app (id, hub_id, name, description, owner, dependents, scopes, enabled, created_at, updated_at) values (2, 7, 'a', '', '', '[]', '[]', 1, 0, 0)",
            vec![],
        ),
        (
            "insert into approval (id, hub_id, app_id, operation, rule, call_hash, read_hash, sealed, state, created_at, expires_at) values (6, 7, 2, 'o', 'r', x'01', x'02', $1, 'pending', 0, 0)",
            vec![sealed(&approvals::bound_to(6))],
        ),
        ("insert into idempotent_answer values ($2, x'02', 0, 200, $1)", vec![sealed(&idempotency::bound_to(&hash)), hash.0.to_vec()]),
    ];
    for (text, values) in rows {
        let query = values.into_iter().fold(sqlx::query(text), |query, value| query.bind(value));
        query.execute(&store.pool).await.unwrap();
    }
    let before = store.key_report().await.unwrap();
    assert_eq!((before.keys.clone(), before.unreadable), (vec![(former.id(), 11)], 0));

    let next = store.next_key().await.unwrap();
    let mut change = store.begin().await.unwrap();
    store.take_key(&mut change, &next).await.unwrap();
    change.commit().await.unwrap();
    store.use_key(&next);
    // Here a server may die. Another start has both keys, and the root key as before.
    store.close().await;
    drop(store);
    let store = Store::open(Some(folder.path()), None).await.unwrap();
    assert_eq!(store.master_key.expose(), &root);
    assert_eq!(store.key_report().await.unwrap().keys[1], (former.id(), 11));
    let (mut change, mut walk, mut done) = (store.begin().await.unwrap(), Walk::default(), 0);
    while let Some(some) = store.reseal_some(&mut change, &mut walk).await.unwrap() {
        done += some;
    }
    assert_eq!(done, 11);
    change.commit().await.unwrap();
    store.forget_former_key().await.unwrap();
    store.close().await;
    drop(store);

    let store = Store::open(Some(folder.path()), None).await.unwrap();
    let after = store.key_report().await.unwrap();
    assert!(after.keys.len() == 1 && after.keys[0].1 == 11 && after.keys[0].0 != former.id(), "{after:?}");
    let (mut reading, mut walk) = (store.read().await.unwrap(), Walk::default());
    while let Some(values) = walk.next(&mut reading).await.unwrap() {
        for value in values {
            assert_eq!(store.open_for(&value.bound, &value.sealed).unwrap().expose(), &format!("secret of {}", value.bound));
            assert!(former.open_for(&value.bound, &value.sealed).is_err());
        }
    }
}

#[tokio::test]
async fn a_walk_reads_each_of_many_rows_once_and_some_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let url = crate::testing::database(Some(folder.path())).await;
    let store = Store::open(Some(folder.path()), url.as_deref()).await.unwrap();
    let mut change = store.begin().await.unwrap();
    for number in 0..1_000_i64 {
        let hash = *blake3::hash(&number.to_be_bytes()).as_bytes();
        let sealed = store.seal_for(&idempotency::bound_to(&TokenHash(hash)), &Secret::new(number.to_string())).unwrap();
        let query = "insert into idempotent_answer (hash, request, at, status, sealed) values ($1, $2, 0, 200, $3)";
        sqlx::query(query).bind(hash.to_vec()).bind(vec![2_u8]).bind(sealed).execute(&mut change).await.unwrap();
        let query = "insert into second_factor (person_id, sealed) select id, $2 from person where email = $1";
        let sealed = store.seal_for(&sign_in::bound_to(unsigned(number, "person").unwrap() + 1), &Secret::new(number.to_string())).unwrap();
        let person = "insert into person (id, email, password, created_at) values ($1, $2, 'p', 0)";
        sqlx::query(person).bind(number + 1).bind(number.to_string()).execute(&mut change).await.unwrap();
        sqlx::query(query).bind(number.to_string()).bind(sealed).execute(&mut change).await.unwrap();
    }
    change.commit().await.unwrap();
    let (mut reading, mut walk, mut seen) = (store.read().await.unwrap(), Walk::default(), BTreeSet::new());
    while let Some(values) = walk.next(&mut reading).await.unwrap() {
        assert!(values.len() <= BATCH as usize);
        assert!(values.into_iter().all(|value| seen.insert(value.bound)), "a row is read twice");
    }
    assert_eq!(seen.len(), 2_000);
}
