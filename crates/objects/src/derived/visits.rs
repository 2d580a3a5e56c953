//! Properties about the stages that a record has been in.
//!
//! HubSpot has a set of such properties for each stage of each pipeline
//! (knowledge.hubspot.com/properties/stage-calculated-properties). If a record returns to a stage, the dates
//! are those of the last visit; durations count only visits that have ended.

use std::borrow::Cow;

use keyway_core::time::Timestamp;

use super::{Row, STAGE, View};
use crate::stages::{in_name, stage_property};

/// The fact about a stage that a property shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Rule {
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
