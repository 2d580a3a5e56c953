//! Search: filters, query, sorting and paging over the records of a type (hubspot facts, section 7).

use std::cmp::Ordering;

use keyway_core::error_body::{ErrorBody, ErrorDetail};
use keyway_core::time::Timestamp;
use serde_json::{Map, Value};

use super::render::{self, View};
use super::{Answer, candidates, kind as kind_of};
use crate::Reply;
use crate::kind::Kind;
use crate::property::{Name, Property, ValueType};
use crate::record::Record;
use crate::request::{Request, bad_field, id_text, text, texts};
use crate::schema::Schema;
use crate::state::State;
use crate::value::{moment, number};
use crate::words::words;

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
    query: Option<String>,
    sort: Option<(Name, ValueType, bool)>,
    offset: usize,
    limit: usize,
}

/// One condition.
#[derive(Debug)]
pub struct Filter {
    subject: Subject,
    operator: Operator,
    operands: Vec<String>,
}

#[derive(Debug)]
enum Subject {
    Property(Name, ValueType, bool),
    Associated(Kind),
}

/// The thirteen operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Eq,
    Neq,
    Lt,
    Lte,
    Gt,
    Gte,
    Between,
    In,
    NotIn,
    HasProperty,
    NotHasProperty,
    ContainsToken,
    NotContainsToken,
}

impl Operator {
    /// All, with their names on the wire.
    pub const ALL: [(&'static str, Self); 13] = [
        ("EQ", Self::Eq),
        ("NEQ", Self::Neq),
        ("LT", Self::Lt),
        ("LTE", Self::Lte),
        ("GT", Self::Gt),
        ("GTE", Self::Gte),
        ("BETWEEN", Self::Between),
        ("IN", Self::In),
        ("NOT_IN", Self::NotIn),
        ("HAS_PROPERTY", Self::HasProperty),
        ("NOT_HAS_PROPERTY", Self::NotHasProperty),
        ("CONTAINS_TOKEN", Self::ContainsToken),
        ("NOT_CONTAINS_TOKEN", Self::NotContainsToken),
    ];

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(name, _)| *name == text).map(|(_, operator)| *operator)
    }
}

pub fn answer(request: &Request<'_>, kind: Kind, state: &State) -> Answer {
    if request.body.len() > BODY_CHARS_MAX && String::from_utf8_lossy(request.body).chars().count() > BODY_CHARS_MAX {
        return Err(ErrorBody::validation(format!("The request body must have at most {BODY_CHARS_MAX} characters.")));
    }
    let body = if request.body.is_empty() { Map::new() } else { request.json()? };
    let search = Search::parse(state, kind, &body)?;
    let found = search.found(state, kind);
    let view = View::of(state.schema(kind), &texts(&body, "properties")?, &[], Vec::new());
    let mut out = format!("{{\"total\":{},\"results\":", found.len()).into_bytes();
    render::records(&mut out, state, kind, found.iter().skip(search.offset).take(search.limit).copied(), &view);
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
    pub fn parse(state: &State, kind: Kind, body: &Map<String, Value>) -> Result<Self, ErrorBody> {
        let limit = page_number(body, "limit")?.unwrap_or(PAGE_DEFAULT);
        if limit > PAGE_MAX {
            return Err(refused(format!("limit must be at most {PAGE_MAX}, but was {limit}")));
        }
        let offset = page_number(body, "after")?.unwrap_or(0);
        if offset + limit > RESULTS_MAX {
            return Err(refused(format!("A search reaches the first {RESULTS_MAX} results only; narrow the filters")));
        }
        let query = text(body, "query")?.map(|query| query.trim().to_lowercase()).filter(|query| !query.is_empty());
        Ok(Self { groups: groups(state, kind, body)?, query, sort: sort(state, kind, body)?, offset, limit })
    }

    /// All results, sorted.
    pub fn found<'a>(&self, state: &'a State, kind: Kind) -> Vec<&'a Record> {
        self.sort(candidates::of(state, kind, &self.groups).filter(|record| self.matches(state, kind, record)).collect())
    }

    /// Whether a record is among the results.
    pub fn matches(&self, state: &State, kind: Kind, record: &Record) -> bool {
        let filtered =
            self.groups.is_empty() || self.groups.iter().any(|group| group.iter().all(|filter| filter.matches(state, kind, record)));
        filtered && self.query.as_deref().is_none_or(|query| has_text(state.schema(kind), record, query))
    }

    /// Records without the property come last, whatever the direction.
    fn sort<'a>(&self, found: Vec<&'a Record>) -> Vec<&'a Record> {
        let Some((name, value_type, descending)) = &self.sort else { return found };
        let key = |record: &Record| record.get(name).and_then(|value| SortKey::of(*value_type, value));
        let mut keyed: Vec<(Option<SortKey>, &Record)> = found.into_iter().map(|record| (key(record), record)).collect();
        keyed.sort_by(|(one, _), (other, _)| match (one, other) {
            (Some(one), Some(other)) if *descending => other.cmp(one),
            (Some(one), Some(other)) => one.cmp(other),
            (one, other) => other.is_some().cmp(&one.is_some()),
        });
        keyed.into_iter().map(|(_, record)| record).collect()
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
    let problem = problem.into();
    ErrorBody::validation(format!("There was a problem with the request. {problem}")).detail(ErrorDetail::new(problem))
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
            let name = text(sort, "propertyName")?.ok_or_else(|| bad_field("sorts.propertyName", "is required"))?;
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
    state.schema(kind).get(name).ok_or_else(|| {
        let problem = format!("Property {name} does not exist for {}", state.space(kind).name);
        refused(&problem).detail(ErrorDetail::new(problem).code("PROPERTY_DOESNT_EXIST").context("propertyName", vec![name.to_owned()]))
    })
}

impl Filter {
    fn parse(state: &State, kind: Kind, filter: &Map<String, Value>) -> Result<Self, ErrorBody> {
        let name = text(filter, "propertyName")?.ok_or_else(|| bad_field("propertyName", "is required"))?;
        let written = text(filter, "operator")?.ok_or_else(|| bad_field("operator", "is required"))?;
        let operator =
            Operator::parse(written).ok_or_else(|| bad_field("operator", &format!("{written} is not one of the search operators")))?;
        let subject = match name.strip_prefix("associations.") {
            Some(to) => Subject::Associated(kind_of(state, to)?),
            None => {
                let property = property(state, kind, name)?;
                Subject::Property(property.name.clone(), property.value_type, property.field_type == "checkbox")
            }
        };
        let operands = operands(operator, filter)?;
        if let Subject::Property(name, value_type @ (ValueType::Number | ValueType::Date | ValueType::DateTime), _) = &subject
            && !matches!(operator, Operator::ContainsToken | Operator::NotContainsToken)
            && let Some(wrong) = operands.iter().find(|operand| compare(*value_type, operand, operand).is_none())
        {
            return Err(bad_field("value", &format!("{wrong} is not a {} as {name} is", value_type.as_str())));
        }
        Ok(Self { subject, operator, operands })
    }

    /// The property that the filter is about, unless it is about associations.
    pub fn on_property(&self) -> Option<(&Name, ValueType, Operator, &[String])> {
        match &self.subject {
            Subject::Property(name, value_type, _) => Some((name, *value_type, self.operator, &self.operands)),
            Subject::Associated(_) => None,
        }
    }

    fn matches(&self, state: &State, kind: Kind, record: &Record) -> bool {
        match &self.subject {
            Subject::Associated(to) => {
                let ids: Vec<String> = state.links.of((kind, record.id), *to).map(|(id, _)| id.to_string()).collect();
                let any = |wanted: &[String]| ids.iter().any(|id| wanted.contains(id));
                match self.operator {
                    Operator::HasProperty => !ids.is_empty(),
                    Operator::NotHasProperty => ids.is_empty(),
                    Operator::Eq | Operator::In => any(&self.operands),
                    Operator::Neq | Operator::NotIn => !any(&self.operands),
                    _ => false,
                }
            }
            Subject::Property(name, value_type, several) => holds(self.operator, &self.operands, *value_type, *several, record.get(name)),
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

/// Whether a value satisfies an operator. A record without the value satisfies none but
/// NOT_HAS_PROPERTY (docs/decisions/0005-search-without-a-value.md).
pub fn holds(operator: Operator, operands: &[String], value_type: ValueType, several: bool, value: Option<&str>) -> bool {
    let Some(value) = value else { return operator == Operator::NotHasProperty };
    let equal = |operand: &String| {
        let parts: Vec<&str> = if several { value.split(';').collect() } else { vec![value] };
        parts.iter().any(|part| compare(value_type, part, operand) == Some(Ordering::Equal))
    };
    // HubSpot matches text against IN lists in lower case, so the list must be in lower case.
    let listed = |operand: &String| if value_type == ValueType::Text { value.to_lowercase() == *operand } else { equal(operand) };
    let order = |at: usize| operands.get(at).and_then(|operand| compare(value_type, value, operand));
    match operator {
        Operator::Eq => operands.iter().any(equal),
        Operator::Neq => !operands.iter().any(equal),
        Operator::Lt => order(0).is_some_and(Ordering::is_lt),
        Operator::Lte => order(0).is_some_and(Ordering::is_le),
        Operator::Gt => order(0).is_some_and(Ordering::is_gt),
        Operator::Gte => order(0).is_some_and(Ordering::is_ge),
        Operator::Between => order(0).is_some_and(Ordering::is_ge) && order(1).is_some_and(Ordering::is_le),
        Operator::In => operands.iter().any(listed),
        Operator::NotIn => !operands.iter().any(listed),
        Operator::HasProperty => true,
        Operator::NotHasProperty => false,
        Operator::ContainsToken => operands.iter().any(|operand| contains_token(value, operand)),
        Operator::NotContainsToken => !operands.iter().any(|operand| contains_token(value, operand)),
    }
}

/// How two values of a type stand to each other; none where one is not of the type. Text is
/// compared without case, options exactly.
pub fn compare(value_type: ValueType, one: &str, other: &str) -> Option<Ordering> {
    match value_type {
        ValueType::Number => number(one)?.partial_cmp(&number(other)?),
        ValueType::Date | ValueType::DateTime => Some(moment(one)?.cmp(&moment(other)?)),
        ValueType::Enumeration => Some(one.cmp(other)),
        // Digits in text are text: the zip code 02139 is not 2139.
        ValueType::Text | ValueType::Bool | ValueType::Json | ValueType::ObjectCoordinates | ValueType::PhoneNumber => {
            Some(one.to_lowercase().cmp(&other.to_lowercase()))
        }
    }
}

/// Every word of the operand is a word of the value; with `*`, the pattern fits the whole value or
/// one word of it.
fn contains_token(value: &str, operand: &str) -> bool {
    let (value, operand) = (value.to_lowercase(), operand.to_lowercase());
    if operand.contains('*') {
        return fits(&operand, &value) || words(&value).any(|word| fits(&operand, word));
    }
    words(&operand).next().is_some() && words(&operand).all(|wanted| words(&value).any(|word| word == wanted))
}

/// A pattern in which `*` is any text. Takes time in proportion to the product of the lengths at
/// most, whatever the pattern.
fn fits(pattern: &str, text: &str) -> bool {
    let pieces: Vec<&str> = pattern.split('*').collect();
    let [first, middle @ .., last] = pieces.as_slice() else { return pattern == text };
    let Some(mut rest) = text.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else { return false };
    for piece in middle {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    true
}

fn has_text(schema: &Schema, record: &Record, query: &str) -> bool {
    let texts = || schema.searchable.iter().filter_map(|name| record.get(name));
    query.split_whitespace().all(|word| texts().any(|text| text.to_lowercase().contains(word)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(operator: Operator, operands: &[&str], value_type: ValueType, value: Option<&str>, expected: bool) {
        let operands: Vec<String> = operands.iter().map(ToString::to_string).collect();
        assert_eq!(holds(operator, &operands, value_type, false, value), expected, "{operator:?} {operands:?} {value:?}");
    }

    #[test]
    fn numbers_are_compared_as_numbers_and_text_without_case() {
        check(Operator::Gt, &["9"], ValueType::Number, Some("10"), true);
        check(Operator::Gt, &["9"], ValueType::Text, Some("nine"), true);
        check(Operator::Eq, &["ANN"], ValueType::Text, Some("Ann"), true);
        check(Operator::Eq, &["LEAD"], ValueType::Enumeration, Some("lead"), false);
        check(Operator::Between, &["5", "7"], ValueType::Number, Some("7"), true);
        check(Operator::Between, &["5", "7"], ValueType::Number, Some("7.1"), false);
        check(Operator::Lt, &["2026-01-02"], ValueType::DateTime, Some("2026-01-01T23:59:59.999Z"), true);
    }

    #[test]
    fn lists_of_text_must_be_in_lower_case() {
        check(Operator::In, &["ann"], ValueType::Text, Some("Ann"), true);
        check(Operator::In, &["Ann"], ValueType::Text, Some("Ann"), false);
        check(Operator::NotIn, &["bob"], ValueType::Text, Some("Ann"), true);
    }

    #[test]
    fn tokens_are_words_and_stars_are_anything() {
        check(Operator::ContainsToken, &["archer"], ValueType::Text, Some("Archer Smith"), true);
        check(Operator::ContainsToken, &["arch"], ValueType::Text, Some("Archer Smith"), false);
        check(Operator::ContainsToken, &["arch*"], ValueType::Text, Some("Archer Smith"), true);
        check(Operator::ContainsToken, &["*@example.com"], ValueType::Text, Some("a@example.com"), true);
        check(Operator::ContainsToken, &["*@example.com"], ValueType::Text, Some("a@example.org"), false);
        check(Operator::NotContainsToken, &["smith"], ValueType::Text, Some("Archer Smith"), false);
    }

    #[test]
    fn without_a_value_only_not_has_property_holds() {
        for (_, operator) in Operator::ALL {
            check(operator, &["a", "b"], ValueType::Text, None, operator == Operator::NotHasProperty);
        }
    }

    fn state() -> State {
        let settings = crate::AccountSettings {
            time_zone: "UTC".into(),
            currency: "USD".into(),
            tier: "free".into(),
            created_at: Timestamp::from_ms(0),
            name: String::new(),
        };
        State::new(1, settings)
    }

    fn naive_fits(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern, text) {
            ([], []) => true,
            ([b'*', rest @ ..], _) => naive_fits(rest, text) || (!text.is_empty() && naive_fits(pattern, &text[1..])),
            ([one, pattern @ ..], [other, text @ ..]) => one == other && naive_fits(pattern, text),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn patterns_fit_as_a_naive_matcher_says(pattern in "[ab*]{1,8}", text in "[ab]{0,10}") {
            prop_assert_eq!(fits(&pattern, &text), naive_fits(pattern.as_bytes(), text.as_bytes()));
        }

        #[test]
        fn operators_agree_with_plain_numbers(value in -50i32..50, low in -50i32..50, high in -50i32..50) {
            let (v, l, h) = (value.to_string(), low.to_string(), high.to_string());
            let says = |operator, operands: &[&String]| {
                let operands: Vec<String> = operands.iter().map(ToString::to_string).collect();
                holds(operator, &operands, ValueType::Number, false, Some(&v))
            };
            prop_assert_eq!(says(Operator::Eq, &[&l]), value == low);
            prop_assert_eq!(says(Operator::Neq, &[&l]), value != low);
            prop_assert_eq!(says(Operator::Lt, &[&l]), value < low);
            prop_assert_eq!(says(Operator::Lte, &[&l]), value <= low);
            prop_assert_eq!(says(Operator::Gt, &[&l]), value > low);
            prop_assert_eq!(says(Operator::Gte, &[&l]), value >= low);
            prop_assert_eq!(says(Operator::Between, &[&l, &h]), (low..=high).contains(&value));
            prop_assert_eq!(says(Operator::In, &[&l, &h]), value == low || value == high);
            prop_assert_eq!(says(Operator::NotIn, &[&l, &h]), value != low && value != high);
        }

        #[test]
        fn any_body_is_answered_or_refused_without_a_panic(property in "(email|createdate|amount|nope|associations.deals|.{0,5})", operator in "(EQ|LT|IN|BETWEEN|CONTAINS_TOKEN|x)", value in ".{0,10}") {
            let body = serde_json::json!({ "filters": [{ "propertyName": property, "operator": operator, "value": value, "highValue": value, "values": [value] }] });
            let _ = Search::parse(&state(), Kind::of("contacts").unwrap(), body.as_object().unwrap());
        }
    }
}
