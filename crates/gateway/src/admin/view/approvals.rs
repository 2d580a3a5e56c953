//! An approval, as the admin API shows it.

use keyway_api::view::{Approval, ApprovalRule, CallChange, ChangedProperty, ChangedRecord, UnreadRecords};
use keyway_core::approval::{Change, Changed, Rule};

use super::of::moment;
use crate::model;

pub(in crate::admin) fn rule(rule: &Rule) -> ApprovalRule {
    ApprovalRule { classes: rule.classes().into_iter().map(str::to_owned).collect(), above: rule.above(), operations: rule.operations() }
}

pub(in crate::admin) fn approval(one: &model::Approval, app: Option<&model::App>, link: Option<String>) -> Approval {
    let digest: String = one.call_hash.0[..4].iter().chain(&one.read_hash.0[..4]).map(|byte| format!("{byte:02x}")).collect();
    Approval {
        id: one.id,
        state: one.state.name().to_owned(),
        hub_id: one.hub_id,
        app_id: one.app_id,
        app: app.map(|app| app.name.clone()),
        session_id: one.session_id,
        operation: one.operation.clone(),
        rule: one.rule.clone(),
        records: one.records,
        digest,
        created_at: one.created_at.into(),
        expires_at: one.expires_at.into(),
        decided_at: moment(one.decided_at),
        decided_by: one.decided_by.clone(),
        reason: one.reason.clone(),
        used_at: moment(one.used_at),
        status: one.status,
        link,
        change: one.change.as_ref().map(change),
    }
}

fn change(one: &Change) -> CallChange {
    CallChange {
        method: one.method.clone(),
        target: one.target.clone(),
        body: one.body.clone(),
        before: one.before.clone(),
        records: one.records.iter().map(record).collect(),
        more: one.more,
        unread: one.unread.iter().map(|one| UnreadRecords { object_type: one.object_type.clone(), why: one.why.clone() }).collect(),
    }
}

fn record(one: &Changed) -> ChangedRecord {
    let properties = one.properties.iter().map(|property| ChangedProperty {
        name: property.name.clone(),
        before: property.before.clone(),
        after: property.after.clone(),
    });
    ChangedRecord { object_type: one.object_type.clone(), id: one.id.clone(), state: one.state.clone(), properties: properties.collect() }
}
