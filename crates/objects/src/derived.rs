//! The properties that HubSpot calculates, with their inputs and rules.
//!
//! `data/derived.tsv` is the table. A property that depends only on its own record is calculated when it is
//! read (`own`, `visits`). It uses no memory, and its history follows from the histories of its inputs. A
//! property that depends on associated records is stored when one of them changes (`related`).
//! docs/decisions/0045-calculated-properties.md has the reasons.

mod own;
mod related;
mod visits;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use foldhash::fast::RandomState;
use keyway_core::time::Timestamp;

pub(crate) use own::Closing;
pub(crate) use related::{Stale, Touched, changes};

use crate::kind::Kind;
use crate::property::Name;
use crate::record::Record;
use crate::schema::Schema;
use crate::space::Space;
use crate::stages::stage_property;
use crate::state::State;

/// A value and since when the property has it.
pub(crate) type Dated = (String, Timestamp);

/// A row of the table.
#[derive(Debug)]
struct Row {
    property: &'static str,
    /// The inputs as the table writes them: names of properties, `{stage}`, object types, or properties of
    /// object types.
    inputs: Vec<&'static str>,
    rule: Rule,
    /// HubSpot answers a write with it.
    answered: bool,
}

#[derive(Debug)]
enum Rule {
    Own(own::Rule),
    /// Of one stage, which the property's name names.
    Visit(visits::Rule),
    Related(related::Rule),
}

/// The rows of one object type.
#[derive(Debug, Default)]
struct Rows {
    by_name: HashMap<&'static str, &'static Row, RandomState>,
    /// Rows whose names contain a stage: the text before the stage, and the text after it.
    staged: Vec<(&'static str, &'static str, &'static Row)>,
    related: Vec<&'static Row>,
    /// Properties of this type that rows of other types look at.
    watched: Vec<&'static str>,
}

struct Table {
    of_kind: Vec<Rows>,
    custom: Rows,
}

/// What a stage is written as in the table.
const STAGE: &str = "{stage}";

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table { of_kind: Kind::standard().map(|_| Rows::default()).collect(), custom: Rows::default() };
    for line in include_str!("../data/derived.tsv").lines().skip(1) {
        let cells: Vec<&'static str> = line.split('\t').collect();
        let [kinds, property, inputs, rule, answered, _source] = cells[..] else { panic!("a row of derived.tsv has six cells") };
        let inputs: Vec<&'static str> = inputs.split(',').filter(|input| *input != "-").collect();
        let rule = Rule::parse(rule, &inputs).unwrap_or_else(|| panic!("{rule} of {property} is not a rule"));
        let row: &'static Row = Box::leak(Box::new(Row { property, inputs, rule, answered: answered == "create" }));
        for (kind, rows) in Kind::standard().zip(&mut table.of_kind) {
            if kinds == "*" || kinds.split(',').any(|name| Kind::of(name) == Some(kind)) {
                rows.add(row);
            }
        }
        if kinds == "*" {
            table.custom.add(row);
        }
        if let Rule::Related(related) = &row.rule {
            for (kind, property) in related.watched(&row.inputs) {
                let watched = &mut table.of_kind[kind.index()].watched;
                if !watched.contains(&property) {
                    watched.push(property);
                }
            }
        }
    }
    table
});

impl Rows {
    fn of(kind: Kind) -> &'static Self {
        TABLE.of_kind.get(kind.index()).unwrap_or(&TABLE.custom)
    }

    fn add(&mut self, row: &'static Row) {
        match row.property.split_once(STAGE) {
            Some((before, behind)) => self.staged.push((before, behind, row)),
            None => drop(self.by_name.insert(row.property, row)),
        }
        if matches!(row.rule, Rule::Related(_)) {
            self.related.push(row);
        }
    }

    fn get(&self, name: &str) -> Option<&'static Row> {
        if let Some(row) = self.by_name.get(name) {
            return Some(row);
        }
        // Every such name begins like this, and most names that callers read do not.
        if !name.starts_with("hs_v2_") && !name.starts_with("hs_lifecyclestage_") {
            return None;
        }
        self.staged.iter().find(|(before, behind, _)| stage_of(name, before, behind).is_some()).map(|(_, _, row)| *row)
    }
}

impl Rule {
    fn parse(text: &'static str, inputs: &[&'static str]) -> Option<Self> {
        None.or_else(|| own::Rule::parse(text).map(Self::Own))
            .or_else(|| visits::Rule::parse(text).map(Self::Visit))
            .or_else(|| related::Rule::parse(text, inputs).map(Self::Related))
    }
}

/// The stage that a property's name names.
fn stage_of<'a>(name: &'a str, before: &str, behind: &str) -> Option<&'a str> {
    name.strip_prefix(before)?.strip_suffix(behind).filter(|stage| !stage.is_empty())
}

/// A record as it is, or as it was at a moment.
#[derive(Clone, Copy)]
struct View<'a> {
    state: &'a State,
    kind: Kind,
    record: &'a Record,
    /// The moment; none for now.
    at: Option<Timestamp>,
}

impl<'a> View<'a> {
    fn stored(&self, name: &str) -> Option<&'a str> {
        match self.at {
            None => self.record.get(name),
            Some(at) => self.record.history(name).find(|seen| seen.at <= at).map(|seen| seen.value).filter(|value| !value.is_empty()),
        }
    }

    /// What is stored, or else what is calculated.
    fn value(&self, name: &str) -> Option<Cow<'a, str>> {
        if let Some(stored) = self.stored(name) {
            return Some(stored.into());
        }
        let row = Rows::of(self.kind).get(name)?;
        match &row.rule {
            Rule::Own(rule) => rule.value(self, &row.inputs),
            Rule::Visit(rule) => rule.value(self, name, row),
            Rule::Related(rule) => rule.without().map(Cow::from),
        }
    }

    /// An input of a row, by name or as the stage.
    fn input(&self, input: &str) -> Option<Cow<'a, str>> {
        self.value(if input == STAGE { stage_property(self.kind)? } else { input })
    }
}

/// The value of a property, stored or calculated.
pub fn value<'a>(state: &'a State, kind: Kind, record: &'a Record, name: &str) -> Option<Cow<'a, str>> {
    View { state, kind, record, at: None }.value(name)
}

/// Whether a property of a type is calculated when it is read. No index knows such values.
pub(crate) fn is_read(kind: Kind, name: &str) -> bool {
    Rows::of(kind).get(name).is_some_and(|row| !matches!(row.rule, Rule::Related(_)))
}

/// Whether a property of a type is calculated, when it is read or before.
pub(crate) fn is_calculated(kind: Kind, name: &str) -> bool {
    Rows::of(kind).get(name).is_some()
}

/// The values that a calculated property has had, newest first; none where values are stored. HubSpot
/// lists them with the source `CALCULATED`.
pub(crate) fn history(state: &State, kind: Kind, record: &Record, name: &str) -> Vec<Dated> {
    let rows = Rows::of(kind);
    if record.history(name).next().is_some() || rows.get(name).is_none() {
        return Vec::new();
    }
    let mut moments = vec![record.created_at];
    moments_of(rows, kind, record, name, &mut moments);
    moments.sort_unstable();
    moments.dedup();
    let mut versions: Vec<Dated> = Vec::new();
    for at in moments {
        let value = View { state, kind, record, at: Some(at) }.value(name).map(Cow::into_owned).unwrap_or_default();
        if versions.last().map_or(!value.is_empty(), |(last, _)| *last != value) {
            versions.push((value, at));
        }
    }
    versions.reverse();
    versions
}

/// When an input of a property was written.
fn moments_of(rows: &Rows, kind: Kind, record: &Record, name: &str, moments: &mut Vec<Timestamp>) {
    moments.extend(record.history(name).map(|seen| seen.at));
    let Some(row) = rows.get(name).filter(|row| !matches!(row.rule, Rule::Related(_))) else { return };
    for input in &row.inputs {
        if let Some(input) = if *input == STAGE { stage_property(kind) } else { Some(*input) } {
            moments_of(rows, kind, record, input, moments);
        }
    }
}

/// The rows with which HubSpot answers a write, of each standard type and of custom types, in the order of their properties'
/// names. HubSpot's own properties stay as they are, so those of every account are here.
static ANSWERED: LazyLock<(Vec<Vec<Answered>>, Vec<Answered>)> = LazyLock::new(|| {
    let of = |kind: Kind| {
        let (rows, schema) = (Rows::of(kind), Schema::of(kind));
        let answered = rows.by_name.values().copied().filter(|row| row.answered);
        let mut found: Vec<Answered> = answered.filter_map(|row| Some((schema.get(row.property)?.name.clone(), row))).collect();
        found.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        found
    };
    (Kind::standard().map(of).collect(), Kind::custom(0).map(of).unwrap_or_default())
});

/// A property with which HubSpot answers a write, and its row.
type Answered = (Name, &'static Row);

/// The calculated properties with which HubSpot answers a create, or a write of these properties; in alphabetical order.
pub(crate) fn answered(kind: Kind, written: Option<&dyn Fn(&str) -> bool>) -> Vec<Name> {
    let rows = ANSWERED.0.get(kind.index()).unwrap_or(&ANSWERED.1);
    let stays = |row: &Row| written.is_none_or(|written| row.follows_from(kind, written));
    rows.iter().filter(|(_, row)| stays(row)).map(|(name, _)| name.clone()).collect()
}

impl Row {
    /// Whether the property may change when a write sets other properties of the same record.
    fn follows_from(&self, kind: Kind, is_written: &dyn Fn(&str) -> bool) -> bool {
        self.inputs.iter().any(|input| is_written(if *input == STAGE { stage_property(kind).unwrap_or(input) } else { input }))
    }
}

/// Removes from a record the values that are calculated from its associations. Keyway calculates them again
/// when the associations change.
pub(crate) fn forget_related(kind: Kind, record: &mut Record) {
    for row in &Rows::of(kind).related {
        record.forget(row.property);
    }
}

/// How a stage closes a record; none where it does not.
pub(crate) fn closing(space: &Space, stage: &str) -> Option<Closing> {
    own::closing(space.pipelines.iter().flat_map(|pipeline| &pipeline.stages).find(|own| own.id == stage)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_about_a_property_of_its_types_that_callers_cannot_write_unless_hubspot_lets_them() {
        // HubSpot accepts these from callers too, and the caller's value counts.
        const WRITABLE: [&str; 3] = ["associatedcompanyid", "hs_parent_company_id", "amount"];
        for kind in Kind::standard() {
            let schema = Schema::of(kind);
            for name in Rows::of(kind).by_name.keys().filter(|name| **name != "hs_v2_date_entered_current_stage") {
                let property = schema.get(name).unwrap_or_else(|| panic!("{kind} has no {name}"));
                assert!(property.is_read_only() || property.is_calculated() || WRITABLE.contains(name), "{kind} {name} is writable");
            }
        }
    }

    #[test]
    fn every_row_has_a_source() {
        for line in include_str!("../data/derived.tsv").lines().skip(1) {
            assert!(line.split('\t').nth(5).is_some_and(|source| source.len() > 20), "{line}");
        }
    }

    #[test]
    fn no_property_is_calculated_from_itself() {
        fn depth(kind: Kind, name: &str, above: usize) {
            assert!(above < 6, "{kind} {name} is calculated from itself");
            let Some(row) = Rows::of(kind).get(name) else { return };
            for input in row.inputs.iter().filter(|_| !matches!(row.rule, Rule::Related(_))) {
                depth(kind, input, above + 1);
            }
        }
        for kind in Kind::standard() {
            for name in Rows::of(kind).by_name.keys() {
                depth(kind, name, 0);
            }
        }
    }
}
