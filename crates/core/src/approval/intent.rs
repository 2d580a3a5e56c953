//! What a call is about to do: the records that it names, and the properties that it sets.
//!
//! `touched` determines where an operation has its records; this adds the values to the names. A call that names no record
//! has no step, and is shown unchanged.

use serde_json::Value;

use crate::catalog::Operation;
use crate::path::NormalPath;
use crate::touched::decoded;
use crate::touched::plan::{self, Body, Kind, Plan};

/// The most records of one call that Keyway reads before the call and shows to a person.
const STEPS_MAX: usize = 200;

/// What a call does to one record.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// The object type, as spelled; empty where the call does not name it.
    pub object_type: String,
    /// The value that names the record; none for a new record.
    pub id: Option<String>,
    /// The property that has `id` as its value; none where `id` is the record's own id.
    pub id_property: Option<String>,
    /// The properties that the call sets, with their new values.
    pub sets: Vec<(String, Value)>,
}

/// What a call is about to do.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Intent {
    /// Its records, in the order of the call; at most 200.
    pub steps: Vec<Step>,
    /// The number of further records.
    pub more: u64,
    /// The number of entries in the lists of the body.
    listed: u64,
}

impl Intent {
    /// The intent in path, query and body; `body` is null where there is none.
    pub fn of(operation: &Operation, path: &NormalPath, query: Option<&str>, body: &Value) -> Self {
        let plan = plan::of(operation);
        let mut intent = Self { listed: listed(plan, body), ..Self::default() };
        let Some(plan) = plan else { return intent };
        let reading = Reading { plan, path, id_property: id_property(query) };
        reading.path(&mut intent);
        reading.body(&mut intent, body);
        intent
    }

    /// How many records the call touches. `named` is the number of different ids that the call names. The result is the larger
    /// of `named` plus the new records, and the number of entries in the body's lists. None where the operation changes
    /// many records and the call names none.
    pub fn count(&self, named: u64, is_bulk: bool) -> Option<u64> {
        let new = self.steps.iter().filter(|step| step.id.is_none()).count() as u64;
        let count = (named + new).max(self.listed).max(self.steps.len() as u64 + self.more);
        (count > 0 || !is_bulk).then_some(count)
    }

    fn add(&mut self, step: Step) {
        if self.steps.len() < STEPS_MAX { self.steps.push(step) } else { self.more += 1 }
    }
}

/// The number of entries in the lists at the top of a body, except lists of names.
fn listed(plan: Option<&Plan>, body: &Value) -> u64 {
    const NAMES: [&str; 3] = ["properties", "propertiesWithHistory", "associations"];
    let is_record = plan.is_some_and(|plan| matches!(plan.body, Body::Record | Body::Legacy));
    match body {
        Value::Array(list) if !is_record => list.len() as u64,
        Value::Object(fields) => {
            let lists = fields.iter().filter(|(name, _)| !NAMES.contains(&name.as_str())).filter_map(|(_, value)| value.as_array());
            lists.map(|list| list.len() as u64).sum()
        }
        _ => 0,
    }
}

struct Reading<'a> {
    plan: &'a Plan,
    path: &'a NormalPath,
    /// The property by which the query names the path's first record.
    id_property: Option<String>,
}

impl Reading<'_> {
    fn object_type(&self, side: usize) -> String {
        match if side == 0 { self.plan.first } else { self.plan.second } {
            Kind::None => String::new(),
            Kind::Named(name) => name.to_owned(),
            Kind::At(at) => self.path.segments().nth(at).unwrap_or_default().to_owned(),
        }
    }

    fn step(&self, side: usize, id: Option<String>) -> Step {
        Step { object_type: self.object_type(side), id, ..Step::default() }
    }

    fn path(&self, intent: &mut Intent) {
        for (number, (side, at)) in self.plan.path.iter().enumerate() {
            let id = self.path.segments().nth(*at).map(str::to_owned);
            let id_property = self.id_property.clone().filter(|_| number == 0);
            intent.add(Step { id_property, ..self.step(*side, id) });
        }
        if self.plan.by_property {
            intent.add(self.by_email());
        }
    }

    /// The contact in a path such as `/contacts/v1/contact/email/{email}/profile`.
    fn by_email(&self) -> Step {
        let mut segments = self.path.segments().skip_while(|segment| !matches!(*segment, "email" | "utk" | "createOrUpdate"));
        let property = if segments.next() == Some("utk") { "utk" } else { "email" };
        let id = segments.find(|segment| *segment != "email").map(str::to_owned);
        Step { id_property: Some(property.to_owned()), ..self.step(0, id) }
    }

    fn body(&self, intent: &mut Intent, body: &Value) {
        match self.plan.body {
            Body::None => {}
            Body::Record | Body::Legacy => {
                let sets = properties(body);
                match intent.steps.first_mut() {
                    Some(step) => step.sets = sets,
                    None => intent.add(Step { sets, ..self.step(0, None) }),
                }
            }
            Body::Inputs => entries(&body["inputs"]).for_each(|input| {
                let of_input = word(&input["idProperty"]).or_else(|| word(&body["idProperty"])).or_else(|| self.id_property.clone());
                let id_property = of_input.filter(|property| !property.eq_ignore_ascii_case("hs_object_id"));
                intent.add(Step { id_property, sets: properties(input), ..self.step(0, word(&input["id"])) });
            }),
            Body::LegacyList => entries(body).for_each(|item| {
                let id = ["vid", "objectId"].iter().find_map(|name| word(&item[*name]));
                let email = word(&item["email"]);
                let id_property = (id.is_none() && email.is_some()).then(|| "email".to_owned());
                intent.add(Step { id_property, sets: properties(item), ..self.step(0, id.or(email)) });
            }),
            Body::Links => entries(&body["inputs"]).for_each(|input| {
                for (side, end) in [&input["from"], &input["to"]].into_iter().enumerate() {
                    let ends = end.as_array().map_or(std::slice::from_ref(end), Vec::as_slice);
                    ends.iter().filter_map(|end| word(&end["id"])).for_each(|id| intent.add(self.step(side, Some(id))));
                }
            }),
            Body::Merge => ["primaryObjectId", "objectIdToMerge", "vidToMerge"]
                .iter()
                .filter_map(|name| word(&body[*name]))
                .for_each(|id| intent.add(self.step(0, Some(id)))),
            Body::Erase => {
                let id_property = word(&body["idProperty"]).filter(|property| !property.eq_ignore_ascii_case("hs_object_id"));
                intent.add(Step { id_property, ..self.step(0, word(&body["objectId"])) });
            }
        }
    }
}

fn entries(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// A text or a number, as a text.
fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The names and values that a call sets: an object, or a list of pairs in the APIs before v3.
fn properties(of: &Value) -> Vec<(String, Value)> {
    let listed = |list: &[Value]| {
        let pair = |one: &Value| Some((word(&one["name"]).or_else(|| word(&one["property"]))?, one["value"].clone()));
        list.iter().filter_map(pair).collect()
    };
    match (of, &of["properties"]) {
        (_, Value::Object(fields)) => fields.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
        (_, Value::Array(list)) | (Value::Array(list), _) => listed(list),
        _ => Vec::new(),
    }
}

/// The property by which the query names a record; none where the query names it by its own id.
fn id_property(query: Option<&str>) -> Option<String> {
    let pairs = query?.split('&').filter_map(|pair| pair.split_once('='));
    let mut named = pairs.filter(|(key, _)| decoded(key).eq_ignore_ascii_case("idProperty")).map(|(_, value)| decoded(value).into_owned());
    named.next().filter(|property| !property.is_empty() && !property.eq_ignore_ascii_case("hs_object_id"))
}
