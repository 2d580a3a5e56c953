//! Search: filters, query, sorting and paging over the records of a type (hubspot facts, section 7).

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashSet;

use keyway_core::error_body::ErrorBody;
use keyway_core::policy::OnBehalf;
use keyway_core::time::Timestamp;
use serde_json::{Map, Value};

use super::conditions::{Condition, Key, Operator, lower};
use super::render::{self, View};
use super::{Answer, candidates, kind as kind_of, late};
use crate::call::Reply;
use crate::derived;
use crate::invalid;
use crate::kind::Kind;
use crate::property::{Name, Property, ValueType};
use crate::record::Record;
use crate::request::{Request, bad_field, id_text, missing_field, text, texts};
use crate::state::State;
use crate::value::{moment, number};
use crate::work::{Exceeded, Work};

const GROUPS_MAX: usize = 5;
const FILTERS_PER_GROUP_MAX: usize = 6;
const FILTERS_MAX: usize = 18;
const PAGE_DEFAULT: usize = 10;
const PAGE_MAX: usize = 200;
const RESULTS_MAX: usize = 10_000;
const BODY_CHARS_MAX: usize = 3_000;
/// Values of one IN.
const VALUES_MAX: usize = 100;

/// A search, checked.
#[derive(Debug)]
pub struct Search {
    groups: Vec<Vec<Filter>>,
    /// Different words, in lower case.
    query: Vec<String>,
    sort: Option<(Name, ValueType, bool)>,
    offset: usize,
    limit: usize,
}

/// One condition.
#[derive(Debug)]
pub(crate) enum Filter {
    /// On the value of a property.
    /// With whether the property is calculated.
    Property(Name, Condition, bool),
    /// On the ids of associated records.
    Associated(Kind, Operator, HashSet<String>),
}

pub(crate) fn answer(request: &Request<'_>, kind: Kind, state: &State) -> Answer {
    if request.body.len() > BODY_CHARS_MAX && String::from_utf8_lossy(request.body).chars().count() > BODY_CHARS_MAX {
        return Err(invalid::search_body_too_long(BODY_CHARS_MAX));
    }
    let body = if request.body.is_empty() { Map::new() } else { request.json()? };
    let search = Search::parse(state, kind, &body).inspect_err(|error| request.tell_refused(state.space(kind), error))?;
    let behind;
    let found = match request.by.and_then(OnBehalf::late_search) {
        None => search.found(state, kind, request.work)?,
        Some(how) => {
            behind = late::records(how, state, kind, request.now, request.work)?;
            late::shuffled(how, search.among(behind.iter().map(AsRef::as_ref), state, kind, request.work)?)
        }
    };
    let names = texts(&body, "properties")?;
    request.tell_unknown(state.space(kind), &names);
    let view = View::of(state.schema(kind), &names, &[], Vec::new()).seen_by(request.by, kind, state.schema(kind));
    let mut out = format!("{{\"total\":{},\"results\":", found.len()).into_bytes();
    render::records(&mut out, state, kind, found.iter().skip(search.offset).take(search.limit).copied(), &view, request.work)?;
    let next = search.offset + search.limit;
    // A page of none would name itself as the next, for ever.
    if next < found.len() && search.limit > 0 {
        out.extend_from_slice(format!(",\"paging\":{{\"next\":{{\"after\":\"{next}\"}}}}").as_bytes());
    }
    out.push(b'}');
    Ok(Reply { status: 200, body: out.into() })
}

impl Search {
    /// Reads the body of a search.
    ///
    /// # Errors
    /// It is not a search, or asks for more than HubSpot allows.
    pub fn parse(state: &State, kind: Kind, body: &Map<String, Value>) -> Result<Self, ErrorBody> {
        let limit = page_number(body, "limit")?.unwrap_or(PAGE_DEFAULT);
        if limit > PAGE_MAX {
            return Err(refused(format!("limit must be at most {PAGE_MAX}, but was {limit}")));
        }
        let offset = page_number(body, "after")?.unwrap_or(0);
        if offset + limit > RESULTS_MAX {
            return Err(refused(format!("A search reaches the first {RESULTS_MAX} results only; narrow the filters")));
        }
        let mut query: Vec<String> =
            text(body, "query")?.unwrap_or_default().to_lowercase().split_whitespace().map(str::to_owned).collect();
        query.sort_unstable();
        query.dedup();
        Ok(Self { groups: groups(state, kind, body)?, query, sort: sort(state, kind, body)?, offset, limit })
    }

    /// All results, sorted.
    ///
    /// # Errors
    /// Fewer steps are left than that takes.
    pub fn found<'a>(&self, state: &'a State, kind: Kind, work: &Work) -> Result<Vec<&'a Record>, Exceeded> {
        self.among(candidates::of(state, kind, &self.groups, work)?, state, kind, work)
    }

    /// The results among some records, sorted.
    fn among<'a>(
        &self,
        records: impl Iterator<Item = &'a Record>,
        state: &State,
        kind: Kind,
        work: &Work,
    ) -> Result<Vec<&'a Record>, Exceeded> {
        let mut found = Vec::new();
        for record in records {
            work.charge(1)?;
            if self.matches(state, kind, record, work)? {
                found.push(record);
            }
        }
        self.sort(state, kind, found, work)
    }

    /// Whether a record is among the results.
    pub(crate) fn matches(&self, state: &State, kind: Kind, record: &Record, work: &Work) -> Result<bool, Exceeded> {
        let mut fits = self.groups.is_empty();
        for group in &self.groups {
            fits = true;
            for filter in group {
                fits = filter.matches(state, kind, record, work)?;
                if !fits {
                    break;
                }
            }
            if fits {
                break;
            }
        }
        Ok(fits && self.has_words(state, kind, record, work)?)
    }

    /// Whether each word of the query is in one of the record's texts.
    fn has_words(&self, state: &State, kind: Kind, record: &Record, work: &Work) -> Result<bool, Exceeded> {
        if self.query.is_empty() {
            return Ok(true);
        }
        let schema = state.schema(kind);
        let values: Vec<Cow<'_, str>> = schema.searchable.iter().filter_map(|name| derived::value(state, kind, record, name)).collect();
        let texts: Vec<Cow<'_, str>> = values.iter().map(|value| lower(value)).collect();
        let bytes = texts.iter().map(|text| text.len()).sum();
        work.read(bytes)?;
        for word in &self.query {
            // Each text takes some time, however short it is.
            work.each(texts.len(), 1)?;
            work.read(bytes)?;
            if !texts.iter().any(|text| text.contains(word)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Records without the property come last, whatever the direction.
    fn sort<'a>(&self, state: &State, kind: Kind, found: Vec<&'a Record>, work: &Work) -> Result<Vec<&'a Record>, Exceeded> {
        let Some((name, value_type, descending)) = &self.sort else { return Ok(found) };
        let mut keyed: Vec<(Option<SortKey>, &Record)> = Vec::with_capacity(found.len());
        // Each is compared with as many others as the count has binary digits.
        let others = (usize::BITS - found.len().leading_zeros()) as usize;
        for record in found {
            let value = derived::value(state, kind, record, name);
            work.read(value.as_ref().map_or(0, |value| value.len() * others.div_ceil(4)))?;
            keyed.push((value.and_then(|value| SortKey::of(*value_type, &value)), record));
        }
        keyed.sort_by(|(one, _), (other, _)| match (one, other) {
            (Some(one), Some(other)) if *descending => other.cmp(one),
            (Some(one), Some(other)) => one.cmp(other),
            (one, other) => other.is_some().cmp(&one.is_some()),
        });
        Ok(keyed.into_iter().map(|(_, record)| record).collect())
    }
}

/// What a value is sorted by, read once a record. A total order: the standard library's sort
/// panics on anything less.
enum SortKey {
    Number(f64),
    Moment(Timestamp),
    Option(String),
    Text(String),
}

impl SortKey {
    fn of(value_type: ValueType, value: &str) -> Option<Self> {
        match value_type {
            ValueType::Number => number(value).map(Self::Number),
            ValueType::Date | ValueType::DateTime => moment(value).map(Self::Moment),
            ValueType::Enumeration => Some(Self::Option(value.to_owned())),
            ValueType::Text | ValueType::Bool | ValueType::Json | ValueType::ObjectCoordinates | ValueType::PhoneNumber => {
                Some(Self::Text(value.to_lowercase()))
            }
        }
    }

    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(one), Self::Number(other)) => one.total_cmp(other),
            (Self::Moment(one), Self::Moment(other)) => one.cmp(other),
            (Self::Option(one), Self::Option(other)) | (Self::Text(one), Self::Text(other)) => one.cmp(other),
            // The keys of one sort are of one property, so of one kind.
            _ => Ordering::Equal,
        }
    }
}

fn refused(problem: impl Into<String>) -> ErrorBody {
    let problem: String = problem.into();
    invalid::search_invalid(problem)
}

/// A whole number, as a number or as text.
fn page_number(body: &Map<String, Value>, field: &str) -> Result<Option<usize>, ErrorBody> {
    match body.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        value => id_text(value)
            .and_then(|text| text.parse::<u32>().ok())
            .map(|number| Some(number as usize))
            .ok_or_else(|| bad_field(field, "must be a whole number")),
    }
}

fn list<'a>(body: &'a Map<String, Value>, field: &str) -> Result<&'a [Value], ErrorBody> {
    match body.get(field) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(list)) => Ok(list),
        Some(_) => Err(bad_field(field, "must be a list")),
    }
}

fn groups(state: &State, kind: Kind, body: &Map<String, Value>) -> Result<Vec<Vec<Filter>>, ErrorBody> {
    let mut groups = Vec::new();
    for group in list(body, "filterGroups")? {
        let group = group.as_object().ok_or_else(|| bad_field("filterGroups", "must be a list of objects"))?;
        groups.push(filters(state, kind, list(group, "filters")?)?);
    }
    // A shorthand: filters without a group are one group.
    let loose = filters(state, kind, list(body, "filters")?)?;
    if !loose.is_empty() {
        groups.push(loose);
    }
    let count: usize = groups.iter().map(Vec::len).sum();
    if groups.len() > GROUPS_MAX || count > FILTERS_MAX || groups.iter().any(|group| group.len() > FILTERS_PER_GROUP_MAX) {
        return Err(refused(format!(
            "A search has at most {GROUPS_MAX} filter groups, {FILTERS_PER_GROUP_MAX} filters in each and {FILTERS_MAX} filters in all"
        )));
    }
    groups.retain(|group| !group.is_empty());
    Ok(groups)
}

fn filters(state: &State, kind: Kind, list: &[Value]) -> Result<Vec<Filter>, ErrorBody> {
    list.iter()
        .map(|filter| {
            filter
                .as_object()
                .ok_or_else(|| bad_field("filters", "must be a list of objects"))
                .and_then(|filter| Filter::parse(state, kind, filter))
        })
        .collect()
}

fn sort(state: &State, kind: Kind, body: &Map<String, Value>) -> Result<Option<(Name, ValueType, bool)>, ErrorBody> {
    let sorts = list(body, "sorts")?;
    if sorts.len() > 1 {
        return Err(refused("A search is sorted by one property only"));
    }
    let (name, descending) = match sorts.first() {
        None => return Ok(None),
        Some(Value::String(name)) => name.strip_prefix('-').map_or((name.as_str(), false), |name| (name, true)),
        Some(Value::Object(sort)) => {
            let name = text(sort, "propertyName")?.ok_or_else(|| missing_field("sorts.propertyName"))?;
            match text(sort, "direction")? {
                None | Some("ASCENDING") => (name, false),
                Some("DESCENDING") => (name, true),
                Some(other) => return Err(bad_field("sorts.direction", &format!("must be ASCENDING or DESCENDING, but was {other}"))),
            }
        }
        Some(_) => return Err(bad_field("sorts", "must hold names or objects")),
    };
    let property = property(state, kind, name)?;
    Ok(Some((property.name.clone(), property.value_type, descending)))
}

fn property<'a>(state: &'a State, kind: Kind, name: &str) -> Result<&'a Property, ErrorBody> {
    let property = state.schema(kind).get(name);
    property.ok_or_else(|| invalid::search_property_unknown(name, &state.space(kind).name, vec![name.to_owned()]))
}

impl Filter {
    fn parse(state: &State, kind: Kind, filter: &Map<String, Value>) -> Result<Self, ErrorBody> {
        let (name, written) = match (text(filter, "propertyName")?, text(filter, "operator")?) {
            (Some(name), Some(operator)) => (name, operator),
            (None, Some(_)) => return Err(invalid::search_filter_incomplete("propertyName")),
            (Some(_), None) => return Err(invalid::search_filter_incomplete("operator")),
            (None, None) => return Err(invalid::search_filter_incomplete("propertyName, operator")),
        };
        let operator =
            Operator::parse(written).ok_or_else(|| bad_field("operator", &format!("{written} is not one of the search operators")))?;
        let operands = operands(operator, filter)?;
        if let Some(to) = name.strip_prefix("associations.") {
            return Ok(Self::Associated(kind_of(state, to)?, operator, operands.into_iter().collect()));
        }
        let property = property(state, kind, name)?;
        let (name, value_type) = (property.name.clone(), property.value_type);
        if matches!(value_type, ValueType::Number | ValueType::Date | ValueType::DateTime)
            && !matches!(operator, Operator::ContainsToken | Operator::NotContainsToken)
            && let Some(wrong) = operands.iter().find(|operand| Key::of(value_type, operand).is_none())
        {
            return Err(bad_field("value", &format!("{wrong} is not a {} as {name} is", value_type.as_str())));
        }
        let is_calculated = derived::is_calculated(kind, &name);
        Ok(Self::Property(name, Condition::new(operator, operands, value_type, property.field_type == "checkbox"), is_calculated))
    }

    /// The property that the filter is about, unless it is about associations.
    pub(crate) fn on_property(&self) -> Option<(&Name, ValueType, Operator, &[String])> {
        match self {
            Self::Property(name, condition, _) => Some((name, condition.value_type, condition.operator, &condition.given)),
            Self::Associated(..) => None,
        }
    }

    fn matches(&self, state: &State, kind: Kind, record: &Record, work: &Work) -> Result<bool, Exceeded> {
        match self {
            Self::Associated(to, operator, wanted) => {
                let mut others = state.links.of((kind, record.id), *to).map(|(id, _)| id);
                work.charge(2)?;
                if matches!(operator, Operator::HasProperty | Operator::NotHasProperty) {
                    return Ok(others.next().is_some() == (*operator == Operator::HasProperty));
                }
                let is_among = matches!(operator, Operator::Eq | Operator::In);
                if !is_among && !matches!(operator, Operator::Neq | Operator::NotIn) {
                    return Ok(false);
                }
                for id in others {
                    work.charge(1)?;
                    if wanted.contains(id.to_string().as_str()) {
                        return Ok(is_among);
                    }
                }
                Ok(!is_among)
            }
            Self::Property(name, condition, is_calculated) => {
                let value = if *is_calculated { derived::value(state, kind, record, name) } else { record.get(name).map(Cow::Borrowed) };
                work.read(value.as_ref().map_or(0, |value| value.len()))?;
                work.charge(condition.steps())?;
                Ok(condition.holds(value.as_deref()))
            }
        }
    }
}

/// The operands of an operator: `value`, `value` and `highValue`, `values`, or none.
fn operands(operator: Operator, filter: &Map<String, Value>) -> Result<Vec<String>, ErrorBody> {
    let one = |field: &str| match filter.get(field) {
        Some(Value::Bool(flag)) => Ok(flag.to_string()),
        value => id_text(value).ok_or_else(|| bad_field(field, "is required for this operator")),
    };
    match operator {
        Operator::HasProperty | Operator::NotHasProperty => Ok(Vec::new()),
        Operator::Between => Ok(vec![one("value")?, one("highValue")?]),
        Operator::In | Operator::NotIn => {
            let values = list(filter, "values")?;
            if values.is_empty() || values.len() > VALUES_MAX {
                return Err(bad_field("values", &format!("must hold 1 to {VALUES_MAX} values for this operator")));
            }
            values.iter().map(|value| id_text(Some(value)).ok_or_else(|| bad_field("values", "must be a list of strings"))).collect()
        }
        _ => Ok(vec![one("value")?]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn state() -> State {
        let settings = crate::state::AccountSettings {
            time_zone: "UTC".into(),
            currency: "USD".into(),
            tier: "free".into(),
            created_at: Timestamp::from_ms(0),
            name: String::new(),
        };
        State::new(1, settings)
    }

    proptest! {
        #[test]
        fn any_body_is_answered_or_refused_without_a_panic(property in "(email|createdate|amount|nope|associations.deals|.{0,5})", operator in "(EQ|LT|IN|BETWEEN|CONTAINS_TOKEN|x)", value in ".{0,10}") {
            let body = serde_json::json!({ "filters": [{ "propertyName": property, "operator": operator, "value": value, "highValue": value, "values": [value] }] });
            let _ = Search::parse(&state(), Kind::of("contacts").unwrap(), body.as_object().unwrap());
        }
    }
}
