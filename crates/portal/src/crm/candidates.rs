//! Which records a search has to look at: those an index names, where one does.
//!
//! An index only leaves out records that no filter could match; whoever is named is still held
//! against every filter.

use crate::kind::Kind;
use crate::record::Record;
use crate::state::State;
use crate::table::Table;

use super::search::{Filter, Operator};

/// What the filters of a group allow.
enum Allowed {
    /// These ids, in order, without repetition.
    Ids(Vec<u64>),
    /// Every id from this one on.
    From(u64),
}

/// The live records that a search's groups could match, in id order. No groups match every record.
pub fn of<'a>(state: &'a State, kind: Kind, groups: &[Vec<Filter>]) -> Box<dyn Iterator<Item = &'a Record> + 'a> {
    let table = state.table(kind);
    let mut first = if groups.is_empty() { 0 } else { u64::MAX };
    let mut ids: Vec<u64> = Vec::new();
    for group in groups {
        match allowed(table, state, kind, group) {
            Allowed::Ids(more) => ids.extend(more),
            Allowed::From(from) => first = first.min(from),
        }
    }
    ids.retain(|id| *id < first);
    ids.sort_unstable();
    ids.dedup();
    let named = ids.into_iter().filter_map(|id| table.live(id));
    if first == u64::MAX { Box::new(named) } else { Box::new(named.chain(table.range(first, false))) }
}

fn allowed(table: &Table, state: &State, kind: Kind, group: &[Filter]) -> Allowed {
    let mut first = 0;
    for filter in group {
        let Some((name, operator, operands)) = filter.on_property() else { continue };
        let is_id = name == "hs_object_id";
        match operator {
            Operator::Eq | Operator::In if is_id => {
                // An id may be written as any number is: only plain ones are looked up.
                let ids: Option<Vec<u64>> = operands.iter().map(|operand| operand.parse().ok()).collect();
                if let Some(ids) = ids {
                    return Allowed::Ids(ids);
                }
            }
            Operator::Eq | Operator::In if state.schema(kind).get(name).is_some_and(|property| is_looked_up(property, name)) => {
                return Allowed::Ids(operands.iter().filter_map(|operand| table.holder(name, operand)).collect());
            }
            Operator::Gt | Operator::Gte | Operator::Between if is_id => {
                first = operands.first().and_then(|operand| operand.parse().ok()).map_or(first, |from: u64| first.max(from));
            }
            _ => {}
        }
    }
    Allowed::From(first)
}

/// Text alone: the index has values as they are written, and numbers can be written in many ways.
fn is_looked_up(property: &crate::property::Property, name: &str) -> bool {
    property.is_unique() && property.value_type == crate::property::ValueType::Text && *property.name == *name
}
