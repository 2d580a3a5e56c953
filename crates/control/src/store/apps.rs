//! Rows of apps.

use keyway_core::approval::Rule;
use keyway_core::beside::{Access, Beside};
use keyway_core::object_type::ObjectType;
use keyway_core::safety::Classes;
use keyway_core::time::Timestamp;
use keyway_core::unlisted::Unlisted;
use keyway_ground::database::{Change, signed};
use serde_json::{Value, json};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{StoreError, json_list, unsigned};
use crate::model::{App, Sharing};

/// Inserts an app and returns its id; its own `id` is not looked at.
pub(crate) async fn insert_app(change: &mut Change, app: &App) -> Result<u64, StoreError> {
    let query = "insert into app (hub_id, name, description, owner, dependents, scopes, enabled, created_at, updated_at, weight, reserve, max_wait_ms, translate, public_app_id, no_limits, unlisted, allow, approve) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) returning id";
    let made = sqlx::query(query)
        .bind(signed(app.hub_id))
        .bind(&app.name)
        .bind(&app.description)
        .bind(&app.owner)
        .bind(json_list(&app.dependents))
        .bind(json_list(&app.scopes))
        .bind(i64::from(app.enabled))
        .bind(app.created_at.as_ms())
        .bind(app.updated_at.as_ms())
        .bind(i64::from(app.sharing.weight))
        .bind(i64::from(app.sharing.reserve))
        .bind(i64::from(app.sharing.max_wait_ms))
        .bind(i64::from(app.translate))
        .bind(app.public_app.map(signed))
        .bind(i64::from(app.no_limits))
        .bind(json_list(&app.unlisted.to_texts()))
        .bind(words(app.allow))
        .bind(written_rule(&app.approve))
        .fetch_one(&mut *change)
        .await?;
    unsigned(made.try_get(0)?, "app id")
}

/// Writes what may change of an app.
pub(crate) async fn update_app(change: &mut Change, app: &App) -> Result<(), StoreError> {
    sqlx::query(
        "update app set name = $1, description = $2, owner = $3, dependents = $4, scopes = $5, enabled = $6, updated_at = $7,
         weight = $8, reserve = $9, max_wait_ms = $10, translate = $11, no_limits = $12, unlisted = $13, allow = $15, approve = $16 where id = $14",
    )
    .bind(&app.name)
    .bind(&app.description)
    .bind(&app.owner)
    .bind(json_list(&app.dependents))
    .bind(json_list(&app.scopes))
    .bind(i64::from(app.enabled))
    .bind(app.updated_at.as_ms())
    .bind(i64::from(app.sharing.weight))
    .bind(i64::from(app.sharing.reserve))
    .bind(i64::from(app.sharing.max_wait_ms))
    .bind(i64::from(app.translate))
    .bind(i64::from(app.no_limits))
    .bind(json_list(&app.unlisted.to_texts()))
    .bind(signed(app.id))
    .bind(words(app.allow))
    .bind(written_rule(&app.approve))
    .execute(&mut *change)
    .await?;
    Ok(())
}

/// Writes which object types the calls of apps reached beside their paths.
pub(crate) async fn put_reached(change: &mut Change, reached: &[(u64, Beside)]) -> Result<(), StoreError> {
    for (app_id, beside) in reached {
        for (row, access) in beside.types() {
            // The app may be deleted meanwhile.
            let query = "insert into beside_use (app_id, object, access) select id, $2, $3 from app where id = $1 on conflict do nothing";
            sqlx::query(query).bind(signed(*app_id)).bind(row.name).bind(access.verb()).execute(&mut *change).await?;
        }
    }
    Ok(())
}

/// The object types that the calls of an app reached beside their paths. Types that this version does not know are left out.
pub(crate) async fn reached(reading: &mut Change, app_id: u64) -> Result<Beside, StoreError> {
    let query = sqlx::query("select object, access from beside_use where app_id = $1").bind(signed(app_id));
    let mut reached = Beside::default();
    for row in query.fetch_all(&mut *reading).await? {
        let (object, access): (String, String) = (row.try_get("object")?, row.try_get("access")?);
        let known = ObjectType::all().iter().chain([ObjectType::custom()]).find(|row| row.name == object);
        if let (Some(row), Some(access)) = (known, Access::of_verb(&access)) {
            reached.add(row, access);
        }
    }
    Ok(reached)
}

/// Deletes an app with its tokens.
pub(crate) async fn delete_app(change: &mut Change, app_id: u64) -> Result<(), StoreError> {
    sqlx::query("delete from app where id = $1").bind(signed(app_id)).execute(&mut *change).await?;
    Ok(())
}

pub(super) fn app(row: &AnyRow) -> Result<App, StoreError> {
    let small = |column: &'static str| u32::try_from(row.try_get::<i64, _>(column)?).map_err(|_| StoreError::Row(column));
    let list = |column: &str, what| -> Result<Vec<String>, StoreError> {
        serde_json::from_str(row.try_get(column)?).map_err(|_| StoreError::Row(what))
    };
    Ok(App {
        id: unsigned(row.try_get("id")?, "app id")?,
        hub_id: unsigned(row.try_get("hub_id")?, "hub id")?,
        name: row.try_get("name")?,
        description: row.try_get("description")?,
        owner: row.try_get("owner")?,
        dependents: list("dependents", "list of dependents")?,
        scopes: list("scopes", "list of scopes")?,
        sharing: Sharing { weight: small("weight")?, reserve: small("reserve")?, max_wait_ms: small("max_wait_ms")? },
        translate: row.try_get::<i64, _>("translate")? != 0,
        no_limits: row.try_get::<i64, _>("no_limits")? != 0,
        unlisted: Unlisted::parse(&list("unlisted", "list of unlisted operations")?).map_err(|_| StoreError::Row("unlisted operation"))?,
        allow: classes(row.try_get("allow")?)?,
        approve: read_rule(row.try_get("approve")?)?,
        enabled: row.try_get::<i64, _>("enabled")? != 0,
        created_at: Timestamp::from_ms(row.try_get("created_at")?),
        updated_at: Timestamp::from_ms(row.try_get("updated_at")?),
        public_app: row.try_get::<Option<i64>, _>("public_app_id")?.map(|id| unsigned(id, "public app id")).transpose()?,
    })
}

/// A rule for approvals as it is stored.
pub(super) fn written_rule(rule: &Rule) -> String {
    json!({ "classes": rule.classes(), "above": rule.above(), "operations": rule.operations() }).to_string()
}

pub(super) fn read_rule(text: &str) -> Result<Rule, StoreError> {
    let read = || {
        let stored: Value = serde_json::from_str(text).ok()?;
        let texts = |name: &str| -> Vec<String> {
            stored[name].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        Rule::parse(&texts("classes"), stored["above"].as_u64(), &texts("operations")).ok()
    };
    read().ok_or(StoreError::Row("rule for approvals"))
}

/// The words of classes, as they are stored.
pub(super) fn words(classes: Classes) -> String {
    serde_json::Value::from(classes.words()).to_string()
}

pub(super) fn classes(text: &str) -> Result<Classes, StoreError> {
    let words: Vec<String> = serde_json::from_str(text).map_err(|_| StoreError::Row("list of classes"))?;
    Classes::parse(&words).map_err(|_| StoreError::Row("class of operations"))
}
