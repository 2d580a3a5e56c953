//! The master keys over the admin API: never the keys, only their ids.

use axum::extract::State;

use super::Admin;
use super::view::{self, Answer, answer};
use crate::store::KeyReport;

pub(super) async fn show(State(admin): State<Admin>) -> Answer<view::MasterKeys> {
    shown(admin.control.key_report().await?)
}

pub(super) async fn rotate(State(admin): State<Admin>) -> Answer<view::MasterKeys> {
    shown(admin.control.rotate_master_key().await?)
}

fn shown(report: KeyReport) -> Answer<view::MasterKeys> {
    let is_settled = report.is_settled();
    let keys = report.keys.into_iter().enumerate().map(|(at, (id, values))| view::MasterKey { id, seals: at == 0, values });
    let instances = report.instances.into_iter().map(|(instance, keys)| view::KeyHolder { instance, keys });
    answer(view::MasterKeys {
        keys: keys.collect(),
        unreadable: report.unreadable,
        waiting: report.waiting,
        settled: is_settled,
        instances: instances.collect(),
    })
}
