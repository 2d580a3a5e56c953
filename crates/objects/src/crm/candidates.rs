//! Selects the records that a search must read, from an index if there is one.
//!
//! An index only excludes records that no filter could match. The search still checks every filter on each
//! record that remains.

use keyway_core::time::Timestamp;

use crate::derived;
use crate::kind::Kind;
use crate::property::{Name, ValueType};
use crate::record::Record;
use crate::state::State;
use crate::table::Table;
use crate::value::moment;
use crate::words::words;
use crate::work::{Exceeded, Work};

use super::conditions::Operator;
use super::search::Filter;

/// Fewer records than these are read through sooner than an index is made.
const INDEX_FROM_RECORDS: usize = 1_000;
/// If more than one in four records is in a range of times, a search reads all records instead: reading them in
/// id order is then faster.
const ONE_IN: usize = 4;

/// Steps of putting one record in an index.
const INDEX_STEPS: u64 = 10;

/// What the filters of a group allow.
enum Allowed {
    /// These ids, in order, without repetition.
    Ids(Vec<u64>),
    /// Every id from this one on.
    From(u64),
}

/// The live records that a search's groups could match, in id order. No groups match every record.
pub fn of<'a>(
    state: &'a State,
    kind: Kind,
    groups: &[Vec<Filter>],
    work: &Work,
) -> Result<Box<dyn Iterator<Item = &'a Record> + 'a>, Exceeded> {
    let table = state.table(kind);
    let mut first = if groups.is_empty() { 0 } else { u64::MAX };
    let mut ids: Vec<u64> = Vec::new();
    for group in groups {
        match allowed(table, state, kind, group, work)? {
            Allowed::Ids(more) => {
                work.each(more.len(), 1)?;
                ids.extend(more);
            }
            Allowed::From(from) => first = first.min(from),
        }
    }
    ids.retain(|id| *id < first);
    ids.sort_unstable();
    ids.dedup();
    let named = ids.into_iter().filter_map(|id| table.live(id));
    Ok(if first == u64::MAX { Box::new(named) } else { Box::new(named.chain(table.range(first, false))) })
}

fn allowed(table: &Table, state: &State, kind: Kind, group: &[Filter], work: &Work) -> Result<Allowed, Exceeded> {
    let mut first = 0;
    for filter in group {
        let Some((name, _, operator, operands)) = filter.on_property() else { continue };
        let is_id = &**name == "hs_object_id";
        match operator {
            Operator::Eq | Operator::In if is_id => {
                // An id may be written as any number is: only plain ones are looked up.
                let ids: Option<Vec<u64>> = operands.iter().map(|operand| operand.parse().ok()).collect();
                if let Some(ids) = ids {
                    return Ok(Allowed::Ids(ids));
                }
            }
            Operator::Eq | Operator::In if state.schema(kind).get(name).is_some_and(|property| is_looked_up(property, name)) => {
                return Ok(Allowed::Ids(operands.iter().filter_map(|operand| table.holder(name, operand)).collect()));
            }
            Operator::Gt | Operator::Gte | Operator::Between if is_id => {
                first = operands.first().and_then(|operand| operand.parse().ok()).map_or(first, |from: u64| first.max(from));
            }
            _ => {}
        }
    }
    // Only where no index that is there already names the records: these may have to be made.
    let mut fewest: Option<Vec<u64>> = None;
    // No index knows what is calculated when it is read.
    let is_stored = |filter: &&Filter| filter.on_property().is_none_or(|(name, ..)| !derived::is_read(kind, name));
    for filter in group.iter().filter(is_stored) {
        charge_index(table, filter, work)?;
        let named = by_words(table, filter).or_else(|| by_moment(table, filter));
        if let Some(ids) = named.filter(|ids| fewest.as_ref().is_none_or(|fewest| ids.len() < fewest.len())) {
            work.each(ids.len(), 1)?;
            fewest = Some(ids);
        }
    }
    Ok(fewest.map_or(Allowed::From(first), Allowed::Ids))
}

/// Takes the steps of making the index that a filter needs, and of looking through its words for a part
/// of one.
fn charge_index(table: &Table, filter: &Filter, work: &Work) -> Result<(), Exceeded> {
    let Some((name, value_type, operator, operands)) = filter.on_property().filter(|_| table.count() >= INDEX_FROM_RECORDS) else {
        return Ok(());
    };
    let is_moment = matches!(value_type, ValueType::Date | ValueType::DateTime);
    let is_token = operator == Operator::ContainsToken;
    let is_made = match operator {
        Operator::Gt | Operator::Gte | Operator::Lt | Operator::Lte | Operator::Between if is_moment => table.has_moments(name),
        Operator::Eq if is_moment => table.has_moments(name),
        Operator::Eq | Operator::In if is_compared_as_text(value_type) => table.has_words(name),
        Operator::ContainsToken => table.has_words(name),
        _ => return Ok(()),
    };
    if !is_made {
        for record in table.range(0, false) {
            work.each(1, INDEX_STEPS)?;
            work.write(record.get(name).map_or(0, str::len))?;
        }
    }
    if is_token && operands.iter().any(|operand| operand.contains('*')) {
        work.each(table.word_count(name), 1)?;
    }
    Ok(())
}

/// The ids that the words of a filter allow; none where they allow any.
fn by_words(table: &Table, filter: &Filter) -> Option<Vec<u64>> {
    let (name, value_type, operator, operands) = filter.on_property().filter(|_| table.count() >= INDEX_FROM_RECORDS)?;
    match operator {
        Operator::Eq | Operator::In if is_compared_as_text(value_type) => {
            union(operands, |operand| with_all_words(table, name, &operand.to_lowercase()))
        }
        Operator::ContainsToken => union(operands, |operand| {
            let operand = operand.to_lowercase();
            if operand.contains('*') { with_longest_part(table, name, &operand) } else { with_all_words(table, name, &operand) }
        }),
        _ => None,
    }
}

/// The ids that a range of moments allows; none where they are many.
fn by_moment(table: &Table, filter: &Filter) -> Option<Vec<u64>> {
    let (name, value_type, operator, operands) = filter.on_property().filter(|_| table.count() >= INDEX_FROM_RECORDS)?;
    if !matches!(value_type, ValueType::Date | ValueType::DateTime) {
        return None;
    }
    let at = |place: usize| operands.get(place).and_then(|operand| moment(operand)).map(Timestamp::as_ms);
    // Wider than need be by the moment itself: who is named is held against the filter.
    let range = match operator {
        Operator::Gt | Operator::Gte => at(0)?..=i64::MAX,
        Operator::Lt | Operator::Lte => i64::MIN..=at(0)?,
        Operator::Between => at(0)?..=at(1)?,
        Operator::Eq => at(0)?..=at(0)?,
        _ => return None,
    };
    table.with_moment(name, range, table.count() / ONE_IN)
}

/// The ids that any operand names; none where one of them could match a record that no index names.
fn union(operands: &[String], ids: impl Fn(&str) -> Option<Vec<u64>>) -> Option<Vec<u64>> {
    operands.iter().map(|operand| ids(operand)).collect::<Option<Vec<_>>>().map(|lists| lists.concat())
}

/// A value that is equal has the same words, and one that contains the operand's words has them too.
fn with_all_words(table: &Table, name: &Name, operand: &str) -> Option<Vec<u64>> {
    let words: Vec<&str> = words(operand).collect();
    if words.is_empty() { None } else { table.with_words(name, &words) }
}

/// What a pattern says without a break lies within one word of every text that it fits.
fn with_longest_part(table: &Table, name: &Name, pattern: &str) -> Option<Vec<u64>> {
    words(pattern).max_by_key(|part| part.len()).and_then(|part| table.with_part(name, part))
}

/// Numbers and moments can be written in many ways.
fn is_compared_as_text(value_type: ValueType) -> bool {
    !matches!(value_type, ValueType::Number | ValueType::Date | ValueType::DateTime)
}

/// Text alone: the index has values as they are written, and numbers can be written in many ways.
fn is_looked_up(property: &crate::property::Property, name: &str) -> bool {
    property.is_unique() && property.value_type == ValueType::Text && *property.name == *name
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, json};

    use super::super::search::Search;
    use super::*;
    use crate::state::AccountSettings;
    use crate::tx::Tx;
    use crate::work::UNBOUNDED;

    fn settings() -> AccountSettings {
        let (time_zone, currency, tier, name) = ("UTC".into(), "USD".into(), "free".into(), String::new());
        AccountSettings { time_zone, currency, tier, created_at: Timestamp::from_ms(0), name }
    }

    fn write(state: &mut State, kind: Kind, id: u64, city: &str) {
        let mut record = Record::new(id, Timestamp::from_ms(0));
        record.set(&"city".into(), city, Timestamp::from_ms(0), 1);
        Tx::new(state).put_record(kind, record);
    }

    /// Some text of few different words, so that searches find something.
    fn some_text(seed: u64) -> String {
        let words = ["new", "York", "newton", "old", "OLDham", "über", "a-b", "7", "-"];
        let between = if seed.is_multiple_of(3) { "; " } else { " " };
        (0..seed % 4).map(|at| words[(seed / 5 + at * at) as usize % words.len()]).collect::<Vec<_>>().join(between)
    }

    /// A moment in one of the forms in which a property holds one, or a text that is none.
    fn some_moment(seed: u64) -> String {
        let ms = i64::try_from(seed % 50).unwrap() * 86_400_000;
        match seed % 7 {
            0 => Timestamp::from_ms(ms).to_iso(),
            1 => "soon".into(),
            2 => String::new(),
            _ => ms.to_string(),
        }
    }

    fn write_moment(state: &mut State, kind: Kind, id: u64, at: &str) {
        let mut record = Record::new(id, Timestamp::from_ms(0));
        record.set(&"closedate".into(), at, Timestamp::from_ms(0), 1);
        Tx::new(state).put_record(kind, record);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn an_index_of_moments_leaves_out_no_record_that_matches(
            seed in any::<u32>(),
            searches in proptest::collection::vec(("(EQ|GT|GTE|LT|LTE|BETWEEN|NEQ)", 0i64..50, 0i64..50), 1..8),
            changes in proptest::collection::vec((0u64..1_300, any::<u32>(), any::<bool>()), 0..20),
        ) {
            let kind = Kind::of("deals").unwrap();
            let mut state = State::new(1, settings());
            for id in 0..1_200 {
                write_moment(&mut state, kind, id, &some_moment(u64::from(seed) + id * 7_919));
            }
            for ((operator, low, high), (id, other, goes)) in searches.iter().zip(changes.iter().cycle().chain([&(0, 0, false)])) {
                let at = |day: &i64| (day * 86_400_000).to_string();
                let filter = json!({"propertyName": "closedate", "operator": operator, "value": at(low), "highValue": at(high)});
                let body = json!({"filterGroups": [{"filters": [filter]}]});
                let search = Search::parse(&state, kind, body.as_object().unwrap()).unwrap();
                let ids = |found: Vec<&Record>| found.iter().map(|record| record.id).collect::<Vec<_>>();
                let found = ids(search.found(&state, kind, &UNBOUNDED).unwrap());
                let read = ids(state.table(kind).range(0, false).filter(|record| search.matches(&state, kind, record, &UNBOUNDED).unwrap()).collect());
                prop_assert_eq!(found, read, "{} {} {}", operator, low, high);
                if *goes {
                    Tx::new(&mut state).purge_record(kind, *id);
                } else {
                    write_moment(&mut state, kind, *id, &some_moment(u64::from(*other)));
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn an_index_leaves_out_no_record_that_matches(
            seed in any::<u32>(),
            searches in proptest::collection::vec(
                ("(EQ|CONTAINS_TOKEN|NOT_CONTAINS_TOKEN|NEQ)", r"(\*?(new|york|old|ÜBER|a|b|7|-|ton|a-b|new York)\*?( old)?|new\*n|\*)"),
                1..8,
            ),
            changes in proptest::collection::vec((0u64..1_300, any::<u32>(), any::<bool>()), 0..20),
        ) {
            let kind = Kind::of("contacts").unwrap();
            let mut state = State::new(1, settings());
            for id in 0..1_200 {
                write(&mut state, kind, id, &some_text(u64::from(seed) + id * 7_919));
            }
            for ((operator, value), (id, other, goes)) in searches.iter().zip(changes.iter().cycle().chain([&(0, 0, false)])) {
                let body = json!({"filterGroups": [{"filters": [{"propertyName": "city", "operator": operator, "value": value}]}]});
                let body: Map<_, _> = body.as_object().unwrap().clone();
                let search = Search::parse(&state, kind, &body).unwrap();
                let ids = |found: Vec<&Record>| found.iter().map(|record| record.id).collect::<Vec<_>>();
                let found = ids(search.found(&state, kind, &UNBOUNDED).unwrap());
                let read = ids(state.table(kind).range(0, false).filter(|record| search.matches(&state, kind, record, &UNBOUNDED).unwrap()).collect());
                prop_assert_eq!(found, read, "{} {}", operator, value);
                if *goes {
                    Tx::new(&mut state).purge_record(kind, *id);
                } else {
                    write(&mut state, kind, *id, &some_text(u64::from(*other)));
                }
            }
        }
    }
}
