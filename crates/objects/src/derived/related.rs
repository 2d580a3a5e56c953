//! Rules that use associated records. Their results are stored. A call notes the records that it touched, and
//! `settle` updates the results once, at the end of the call.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashSet};
use std::sync::LazyLock;

use keyway_core::time::Timestamp;

use super::own::decimal;
use super::{Row, Rows, value};
use crate::kind::Kind;
use crate::links::{End, Links};
use crate::property::Name;
use crate::record::Record;
use crate::state::State;
use crate::value::{moment, number};

/// Largest number of associated records of one type that are read for one value: those with the lowest ids. A
/// value that only grows with new records uses these alone.
const LOOKED_AT_MAX: usize = 10_000;

/// All activities, those by which somebody is contacted, and those that are planned
/// (knowledge.hubspot.com/properties/hubspots-default-contact-properties).
const ACTIVITIES: [&str; 7] = ["calls", "emails", "meetings", "notes", "tasks", "communications", "postal_mail"];
const CONTACTING: [&str; 5] = ["calls", "emails", "meetings", "communications", "postal_mail"];
const SCHEDULED: [&str; 4] = ["calls", "emails", "meetings", "tasks"];

/// How a property follows from associated records.
#[derive(Debug)]
pub(crate) struct Rule {
    what: What,
    /// Which records count.
    only: Only,
    /// Their types.
    of: Vec<Kind>,
    /// The value where there are none.
    without: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum What {
    Count,
    Sum,
    Earliest,
    Latest,
    /// The first input of the record with the latest second one.
    OfLatest,
    /// The id of the record with this label; the label of the primary one, or of a parent.
    Labelled(&'static str),
    /// How many have this label.
    CountLabelled(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Only {
    All,
    Won,
    Open,
    Past,
    Future,
}

impl Rule {
    pub fn parse(text: &'static str, inputs: &[&'static str]) -> Option<Self> {
        let mut words = text.split(':');
        let what = match words.next()? {
            "count" => What::Count,
            "sum" => What::Sum,
            "earliest" => What::Earliest,
            "latest" => What::Latest,
            "of-latest" => What::OfLatest,
            "primary" => What::Labelled("Primary"),
            "parent" => What::Labelled("Parent Company"),
            "children" => What::CountLabelled("Child Company"),
            _ => return None,
        };
        let (mut only, mut without) = (Only::All, None);
        for word in words {
            match word {
                "won" => only = Only::Won,
                "open" => only = Only::Open,
                "past" => only = Only::Past,
                "future" => only = Only::Future,
                _ => without = Some(word),
            }
        }
        let of = kinds(inputs.first()?.split('.').next()?)?;
        Some(Self { what, only, of, without })
    }

    pub const fn without(&self) -> Option<&'static str> {
        self.without
    }

    /// The properties of associated records that it looks at.
    pub(crate) fn watched(&self, inputs: &[&'static str]) -> Vec<(Kind, &'static str)> {
        let properties = inputs.iter().filter_map(|input| input.split_once('.').map(|(_, property)| property));
        properties.flat_map(|property| self.of.iter().map(move |kind| (*kind, property))).collect()
    }

    fn value(&self, state: &State, from: End, before: Option<&str>, row: &Row, touched: &[&Touched], now: Timestamp) -> String {
        let property = |at: usize| row.inputs.get(at).and_then(|input: &&str| input.split_once('.')).map_or("", |(_, property)| property);
        let added = touched.iter().flat_map(|touched| touched.added.iter().copied()).collect::<Vec<End>>();
        let is_new_only = before.is_some() && !touched.iter().any(|touched| touched.is_changed);
        let all = || self.of.iter().flat_map(|kind| state.links.of(from, *kind).map(|(id, _)| (*kind, id)).take(LOOKED_AT_MAX));
        let live = |(kind, id): End| state.table(kind).live(id).map(|record| (kind, record));
        let counted = |(kind, record): &(Kind, &Record)| self.counts(state, *kind, record, property(0), now);
        match self.what {
            What::Labelled(label) => all().find(|to| has_label(state, from, *to, label)).map_or_else(String::new, |(_, id)| id.to_string()),
            What::CountLabelled(label) => self.counted(all().filter(|to| has_label(state, from, *to, label)).count() as i64),
            What::Count if self.only == Only::All => {
                let change: i64 = touched.iter().map(|touched| touched.count).sum();
                let known = before.and_then(|before| before.parse::<i64>().ok());
                let every = || self.of.iter().map(|kind| state.links.of(from, *kind).count()).sum::<usize>() as i64;
                self.counted(known.map_or_else(every, |known| known + change))
            }
            What::Count => self.counted(all().filter_map(live).filter(counted).count() as i64),
            What::Sum => {
                let amounts = |ends: &mut dyn Iterator<Item = End>| {
                    let found = ends.filter_map(live).filter(counted);
                    let amounts = found.filter_map(|(kind, record)| number(&value(state, kind, record, property(0))?));
                    amounts.reduce(|one, other| one + other)
                };
                let known = before.and_then(number).filter(|_| is_new_only);
                let sum = match known {
                    Some(known) => Some(known + amounts(&mut added.into_iter()).unwrap_or(0.0)),
                    None => amounts(&mut all()),
                };
                sum.map(decimal).unwrap_or_default()
            }
            What::Earliest | What::Latest => {
                let wanted = if self.what == What::Earliest { Ordering::Less } else { Ordering::Greater };
                let best = |ends: &mut dyn Iterator<Item = End>, first: Option<Timestamp>| {
                    let found = ends.filter_map(live).filter(counted);
                    let moments = found.filter_map(|(kind, record)| moment(&value(state, kind, record, property(0))?));
                    first.into_iter().chain(moments).reduce(|one, other| if other.cmp(&one) == wanted { other } else { one })
                };
                // What was to come may be over by now.
                let known = before.and_then(moment).filter(|known| is_new_only && (self.only != Only::Future || *known > now));
                let found = if known.is_some() { best(&mut added.into_iter(), known) } else { best(&mut all(), None) };
                found.map(Timestamp::to_iso).unwrap_or_default()
            }
            What::OfLatest => {
                let found = all().filter_map(live).filter(counted);
                let latest = found.max_by_key(|(kind, record)| value(state, *kind, record, property(1)).and_then(|text| moment(&text)));
                latest.and_then(|(kind, record)| Some(value(state, kind, record, property(0))?.into_owned())).unwrap_or_default()
            }
        }
    }

    /// A count as it is kept: 0 only where HubSpot shows it.
    fn counted(&self, count: i64) -> String {
        if count <= 0 && self.without.is_none() { String::new() } else { count.max(0).to_string() }
    }

    fn counts(&self, state: &State, kind: Kind, record: &Record, property: &str, now: Timestamp) -> bool {
        let says = |name: &str, wanted: &str| value(state, kind, record, name).is_some_and(|value| *value == *wanted);
        let at = || value(state, kind, record, property).and_then(|text| moment(&text));
        match self.only {
            Only::All => true,
            Only::Won => says("hs_is_closed_won", "true"),
            Only::Open => says("hs_is_closed", "false"),
            Only::Past => at().is_some_and(|at| at <= now),
            Only::Future => at().is_some_and(|at| at > now),
        }
    }
}

fn has_label(state: &State, from: End, to: End, label: &str) -> bool {
    let types = state.links.between(from, to);
    types.iter().any(|id| state.link_types.get(from.0, to.0, *id).is_some_and(|link| link.label.as_deref() == Some(label)))
}

fn kinds(name: &str) -> Option<Vec<Kind>> {
    match name {
        "activities" => ACTIVITIES.iter().map(|name| Kind::of(name)).collect(),
        "contacting" => CONTACTING.iter().map(|name| Kind::of(name)).collect(),
        "scheduled" => SCHEDULED.iter().map(|name| Kind::of(name)).collect(),
        name => Kind::of(name).map(|kind| vec![kind]),
    }
}

/// Pairs of types: the records of the first have values that follow from records of the second.
static PAIRS: LazyLock<HashSet<(Kind, Kind)>> = LazyLock::new(|| {
    let rows = |kind: Kind| {
        Rows::of(kind).related.iter().filter_map(|row| if let super::Rule::Related(rule) = &row.rule { Some(rule) } else { None })
    };
    Kind::standard().flat_map(|kind| rows(kind).flat_map(move |rule| rule.of.iter().map(move |of| (kind, *of)))).collect()
});

/// What happened to the associations of one record with records of one type.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    /// How many more there are.
    count: i64,
    /// New ones.
    pub added: Vec<End>,
    /// One of the others went, or is another than it was.
    pub is_changed: bool,
}

/// Records whose stored values may no longer be right.
#[derive(Debug, Default)]
pub(crate) struct Stale(pub BTreeMap<End, BTreeMap<Kind, Touched>>);

impl Stale {
    /// The types of an association, in one direction, are about to be set.
    pub(crate) fn linked(&mut self, from: End, to: End, links: &Links, now: &[u32]) {
        if !PAIRS.contains(&(from.0, to.0)) {
            return;
        }
        let touched = self.0.entry(from).or_default().entry(to.0).or_default();
        match (links.between(from, to).is_empty(), now.is_empty()) {
            (true, false) => {
                touched.count += 1;
                touched.added.push(to);
            }
            (false, true) => {
                touched.count -= 1;
                touched.is_changed = true;
            }
            // Another label.
            _ => touched.is_changed = true,
        }
    }

    /// A record is about to be put in the place of another one.
    pub fn put(&mut self, kind: Kind, before: Option<&Record>, record: &Record, links: &Links) {
        let watched = &Rows::of(kind).watched;
        let Some(before) = before.filter(|_| !watched.is_empty()) else { return };
        if watched.iter().all(|name| before.get(name) == record.get(name)) {
            return;
        }
        for other in links.all_of((kind, record.id)).filter(|other| PAIRS.contains(&(other.0, kind))) {
            self.0.entry(other).or_default().entry(kind).or_default().is_changed = true;
        }
    }
}

/// The stored values of a record that follow from its associations and are others now.
pub fn changes(state: &State, end: End, record: &Record, touched: &BTreeMap<Kind, Touched>, now: Timestamp) -> Vec<(Name, String)> {
    let mut changes = Vec::new();
    for row in &Rows::of(end.0).related {
        let super::Rule::Related(rule) = &row.rule else { continue };
        let of: Vec<&Touched> = rule.of.iter().filter_map(|kind| touched.get(kind)).collect();
        let Some(property) = state.schema(end.0).find(row.property).filter(|_| !of.is_empty()) else { continue };
        let before = record.get(row.property);
        let value = rule.value(state, end, before, row, &of, now);
        if before.unwrap_or_default() != value {
            changes.push((property.name.clone(), value));
        }
    }
    changes
}
