//! What follows from the stages that a record has been in.
//!
//! HubSpot has a set of such properties for each stage of each pipeline
//! (knowledge.hubspot.com/properties/stage-calculated-properties). A record that comes back to a stage has
//! the dates of the last visit; times are of visits that have ended.

use std::borrow::Cow;

use keyway_core::time::Timestamp;

use super::{Row, STAGE, View, stage_property};
use crate::kind::Kind;
use crate::pipelines::Pipeline;
use crate::property::{Flag, Property, ValueType};
use crate::schema::Schema;

/// What is told of a stage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// When the record came into the stage that it is in.
    Current,
    /// When it last came into the stage.
    Entered,
    /// When it last left the stage.
    Exited,
    /// How long the last visit was that has ended, in milliseconds.
    Latest,
    /// How long all visits were that have ended, in milliseconds.
    All,
    /// When a contact or company came into the lifecycle stage; nothing once it is set to an earlier one.
    Became,
}

/// A time that a record spent in a stage.
struct Visit {
    entered: Timestamp,
    exited: Option<Timestamp>,
}

impl Rule {
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "stage-entered" => Self::Current,
            "visit-entered" => Self::Entered,
            "visit-exited" => Self::Exited,
            "visit-latest" => Self::Latest,
            "visit-all" => Self::All,
            "became" => Self::Became,
            _ => return None,
        })
    }

    pub(super) fn value<'a>(self, view: &View<'a>, name: &str, row: &Row) -> Option<Cow<'a, str>> {
        let property = stage_property(view.kind)?;
        if self == Self::Current {
            let seen = view.record.history(property).find(|seen| view.at.is_none_or(|at| seen.at <= at))?;
            return (!seen.value.is_empty()).then(|| seen.at.to_iso().into());
        }
        let stage = match row.property.split_once(STAGE) {
            Some((before, behind)) => super::stage_of(name, before, behind)?,
            // An older name of one stage.
            None => name.strip_prefix("hs_date_entered_")?,
        };
        let visits = visits(view, property, stage);
        let ended = || visits.iter().filter_map(|visit| Some(visit.exited?.as_ms() - visit.entered.as_ms()));
        let text = match self {
            Self::Entered => visits.last()?.entered.to_iso(),
            Self::Exited => visits.iter().rev().find_map(|visit| visit.exited)?.to_iso(),
            Self::Latest => ended().next_back()?.to_string(),
            Self::All => ended().reduce(|one, other| one + other)?.to_string(),
            Self::Became => {
                let last = visits.last()?;
                (!went_back(view, property, stage, last.entered)).then(|| last.entered.to_iso())?
            }
            Self::Current => return None,
        };
        Some(text.into())
    }
}

/// Oldest first.
fn visits(view: &View<'_>, property: &str, stage: &str) -> Vec<Visit> {
    let (mut visits, mut next) = (Vec::new(), None);
    for seen in view.record.history(property).filter(|seen| view.at.is_none_or(|at| seen.at <= at)) {
        if is_named(seen.value, stage) {
            visits.push(Visit { entered: seen.at, exited: next });
        }
        next = Some(seen.at);
    }
    visits.reverse();
    visits
}

/// Whether a record was set to an earlier stage after a moment.
fn went_back(view: &View<'_>, property: &str, stage: &str, since: Timestamp) -> bool {
    let Some(definition) = view.state.schema(view.kind).find(property) else { return false };
    let order = |fits: &dyn Fn(&str) -> bool| definition.choices.iter().position(|choice| fits(&choice.value));
    let own = order(&|value| is_named(value, stage));
    let until = |at: Timestamp| at > since && view.at.is_none_or(|last| at <= last);
    view.record
        .history(property)
        .filter(|seen| until(seen.at))
        .any(|seen| order(&|value| value == seen.value) < own && !seen.value.is_empty())
}

/// Whether a stage goes by a part of a property's name.
fn is_named(stage: &str, name: &str) -> bool {
    stage.len() == name.len() && stage.bytes().zip(name.bytes()).all(|(own, other)| in_name(own) == other)
}

fn in_name(byte: u8) -> u8 {
    if byte.is_ascii_alphanumeric() { byte.to_ascii_lowercase() } else { b'_' }
}

/// The properties that a type has for its stages: those of pipelines, or of lifecycle stages.
pub fn definitions(kind: Kind, schema: &Schema, pipelines: &[Pipeline]) -> Vec<Property> {
    let Some(stage) = stage_property(kind).and_then(|name| schema.find(name)) else { return Vec::new() };
    let mut made = vec![definition("hs_v2_date_entered_current_stage", "Date entered current stage", ValueType::DateTime, &stage.group)];
    let choices = stage.choices.iter().map(|choice| (&*choice.value, choice.label.to_string(), "Lifecycle Stage Pipeline"));
    let stages = pipelines
        .iter()
        .flat_map(|pipeline| pipeline.stages.iter().map(|stage| (stage.id.as_str(), stage.label.clone(), pipeline.label.as_str())));
    for (id, label, pipeline) in choices.chain(stages) {
        // Names of properties have a longest length; no stage of HubSpot's has so long an id.
        let id: String = id.bytes().take(ID_CHARS_MAX).map(|byte| char::from(in_name(byte))).collect();
        for (name, text, value_type) in [
            ("date_entered", "Date entered", ValueType::DateTime),
            ("date_exited", "Date exited", ValueType::DateTime),
            ("latest_time_in", "Latest time in", ValueType::Number),
            ("cumulative_time_in", "Cumulative time in", ValueType::Number),
        ] {
            made.push(definition(&format!("hs_v2_{name}_{id}"), &format!("{text} \"{label} ({pipeline})\""), value_type, &stage.group));
        }
        if stage.name.as_ref() == "lifecyclestage" {
            let name = format!("hs_lifecyclestage_{id}_date");
            made.push(definition(&name, &format!("Became a {label} date"), ValueType::DateTime, &stage.group));
        }
    }
    made
}

const ID_CHARS_MAX: usize = 64;

fn definition(name: &str, label: &str, value_type: ValueType, group: &str) -> Property {
    let field_type = if value_type == ValueType::Number { "number" } else { "date" };
    let mut property = Property { group: group.to_owned().into(), ..Property::new(name, label, value_type, field_type) };
    property.set(Flag::ReadOnly, true);
    property.set(Flag::Calculated, true);
    property.set(Flag::OfStage, true);
    property
}
