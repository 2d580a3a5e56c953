//! The effects of a call on other records: stored values that are calculated from associations, and the
//! lifecycle stage that deals set. They are updated once, at the end of the call.

use std::collections::BTreeMap;

use keyway_core::time::Timestamp;

use crate::derived::{Stale, Touched, changes, value};
use crate::kind::Kind;
use crate::links::End;
use crate::options::Options;
use crate::property::Name;
use crate::record::Record;
use crate::stages::stage_property;
use crate::state::State;
use crate::tx::Tx;

/// Brings the stored values of all touched records up to date.
pub fn settle(tx: &mut Tx<'_>, now: Timestamp) {
    let stale = std::mem::take(&mut tx.stale);
    for (end, touched) in stale.0 {
        let Some(record) = tx.state.table(end.0).live(end.1) else { continue };
        let mut changes = changes(tx.state, end, record, &touched, now);
        changes.extend(lifecycle(tx.state, end, record, &touched, &changes, now));
        if changes.is_empty() {
            continue;
        }
        let mut record = record.clone();
        for (name, value) in changes {
            record.set(&name, &value, now, 0);
        }
        // HubSpot changes the modification date of a record whose values it calculated again.
        record.updated_at = now;
        if let Some(name) = &tx.state.schema(end.0).modified_name {
            record.set_quietly(name, &now.to_iso(), now);
        }
        tx.put_record(end.0, record);
    }
    // What is calculated of associated records is not looked at by other records.
    tx.stale = Stale::default();
}

/// The effect of deals on the lifecycle stage of a contact or company. A new deal makes it an opportunity and a
/// won one a customer, but never an earlier stage (knowledge.hubspot.com/contacts/use-lifecycle-stages).
fn lifecycle(
    state: &State,
    end: End,
    record: &Record,
    touched: &BTreeMap<Kind, Touched>,
    changes: &[(Name, String)],
    now: Timestamp,
) -> Vec<(Name, String)> {
    let schema = state.schema(end.0);
    let is_staged = stage_property(end.0) == Some("lifecyclestage");
    let Some(property) = schema.get("lifecyclestage").filter(|_| is_staged && Options::of(state).lifecycle_from_deals) else {
        return Vec::new();
    };
    let Some((kind, touched)) = Kind::of("deals").and_then(|kind| Some((kind, touched.get(&kind)?))) else { return Vec::new() };
    let is_won = |to: &End| {
        state.table(kind).live(to.1).and_then(|deal| value(state, kind, deal, "hs_is_closed_won")).is_some_and(|won| won == "true")
    };
    let has_won = changes.iter().any(|(name, value)| **name == *"recent_deal_close_date" && !value.is_empty());
    let stage = match touched.added.as_slice() {
        added if added.iter().any(is_won) || (touched.is_changed && has_won) => "customer",
        [] => return Vec::new(),
        _ => "opportunity",
    };
    let order = |stage: Option<&str>| property.choices.iter().position(|choice| Some(choice.value.as_ref()) == stage);
    if order(Some(stage)) <= order(record.get("lifecyclestage")) {
        return Vec::new();
    }
    let mut written = vec![(property.name.clone(), stage.to_owned())];
    if let Some(date) = schema.get("closedate").filter(|date| stage == "customer" && record.get(&date.name).is_none()) {
        written.push((date.name.clone(), now.to_iso()));
    }
    written
}
