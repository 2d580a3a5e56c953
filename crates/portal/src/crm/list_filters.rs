//! The filters of lists: read and checked when a list is made, then held against records.
//!
//! Filters on what an embedded account does not have (page views, e-mail events, forms) answer 501.

use keyway_core::error_body::{ErrorBody, ErrorDetail};
use serde_json::Value;

use crate::kind::Kind;
use crate::property::ValueType;
use crate::record::Record;
use crate::request::bad_field;
use crate::state::State;
use crate::value::{moment, number};

/// Filters of a list, and how deep its branches go.
const FILTERS_MAX: usize = 250;
const DEPTH_MAX: usize = 8;

/// A branch: how its filters and branches go together.
#[derive(Debug)]
pub struct Branch {
    join: Join,
    filters: Vec<Filter>,
    branches: Vec<Self>,
}

#[derive(Debug)]
enum Join {
    Any,
    All,
    NotAll,
    NotAny,
    /// Some associated record of the type satisfies all.
    Associated(Kind, Option<u32>),
}

#[derive(Debug)]
enum Filter {
    Property { name: String, value_type: ValueType, operator: String, operands: Vec<String>, without_value: bool },
    InList { list: u64, is_in: bool },
}

/// The operators that a property can be held against.
const OPERATORS: [&str; 24] = [
    "IS_EQUAL_TO",
    "IS_NOT_EQUAL_TO",
    "IS_EXACTLY",
    "IS_NOT_EXACTLY",
    "CONTAINS",
    "DOES_NOT_CONTAIN",
    "STARTS_WITH",
    "ENDS_WITH",
    "IS_ANY_OF",
    "IS_NONE_OF",
    "CONTAINS_ALL",
    "DOES_NOT_CONTAIN_ALL",
    "IS_GREATER_THAN",
    "IS_GREATER_THAN_OR_EQUAL_TO",
    "IS_LESS_THAN",
    "IS_LESS_THAN_OR_EQUAL_TO",
    "IS_BETWEEN",
    "IS_NOT_BETWEEN",
    "IS_BEFORE",
    "IS_AFTER",
    "IS_KNOWN",
    "IS_UNKNOWN",
    "HAS_EVER_BEEN_EQUAL_TO",
    "HAS_NEVER_BEEN_EQUAL_TO",
];

impl Branch {
    /// Reads the `filterBranch` of a body.
    pub fn parse(state: &State, kind: Kind, value: &Value) -> Result<Self, ErrorBody> {
        let mut count = 0;
        Self::read(state, kind, value, DEPTH_MAX, &mut count)
    }

    fn read(state: &State, kind: Kind, value: &Value, depth: usize, count: &mut usize) -> Result<Self, ErrorBody> {
        let Some(next) = depth.checked_sub(1) else {
            return Err(bad_field("filterBranch", &format!("must be at most {DEPTH_MAX} branches deep")));
        };
        let object = value.as_object().ok_or_else(|| bad_field("filterBranch", "must be an object"))?;
        let branch_type = object.get("filterBranchType").and_then(Value::as_str).unwrap_or_default();
        let (join, kind) = match branch_type {
            "OR" => (Join::Any, kind),
            "AND" => (Join::All, kind),
            "NOT_ALL" => (Join::NotAll, kind),
            "NOT_ANY" => (Join::NotAny, kind),
            "ASSOCIATION" => {
                let to = object.get("objectTypeId").and_then(Value::as_str).and_then(|id| state.kind(id));
                let to = to.ok_or_else(|| bad_field("filterBranch.objectTypeId", "must be an object type"))?;
                let id = object.get("associationTypeId").and_then(Value::as_u64).and_then(|id| u32::try_from(id).ok());
                (Join::Associated(to, id), to)
            }
            "UNIFIED_EVENTS" | "RESTRICTED" | "PROPERTY_ASSOCIATION" => return Err(not_served("filter branch", branch_type)),
            other => return Err(bad_field("filterBranchType", &format!("{other} is not a type of branch"))),
        };
        let list = |field: &str| match object.get(field) {
            None | Some(Value::Null) => Ok(&[][..]),
            Some(Value::Array(list)) => Ok(list.as_slice()),
            Some(_) => Err(bad_field(field, "must be a list")),
        };
        let filters = list("filters")?;
        *count += filters.len();
        if *count > FILTERS_MAX {
            return Err(bad_field("filterBranch", &format!("must have at most {FILTERS_MAX} filters")));
        }
        Ok(Self {
            join,
            filters: filters.iter().map(|filter| Filter::read(state, kind, filter)).collect::<Result<_, _>>()?,
            branches: list("filterBranches")?
                .iter()
                .map(|branch| Self::read(state, kind, branch, next, count))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Whether a record is on the list. A list within a list is followed to a limited depth only,
    /// as lists can name each other.
    pub fn holds(&self, state: &State, kind: Kind, record: &Record, depth: usize) -> bool {
        let each = |kind: Kind, record: &Record| -> Vec<bool> {
            let filters = self.filters.iter().map(|filter| filter.holds(state, kind, record, depth));
            filters.chain(self.branches.iter().map(|branch| branch.holds(state, kind, record, depth))).collect()
        };
        match &self.join {
            Join::Any => each(kind, record).contains(&true),
            Join::All => !each(kind, record).contains(&false),
            Join::NotAll => each(kind, record).contains(&false),
            Join::NotAny => !each(kind, record).contains(&true),
            Join::Associated(to, own) => state.links.of((kind, record.id), *to).any(|(id, types)| {
                own.is_none_or(|own| types.contains(&own))
                    && state.table(*to).live(id).is_some_and(|other| !each(*to, other).contains(&false))
            }),
        }
    }
}

fn not_served(what: &str, name: &str) -> ErrorBody {
    ErrorBody::new(501, "NOT_IMPLEMENTED", format!("the embedded account has no {what} of the type {name}"))
}

impl Filter {
    fn read(state: &State, kind: Kind, value: &Value) -> Result<Self, ErrorBody> {
        let text = |field: &str| value.get(field).and_then(Value::as_str);
        match text("filterType") {
            Some("PROPERTY") => {}
            Some("IN_LIST") => {
                let list = value.get("listId").and_then(|id| id.as_str().map_or_else(|| id.as_u64(), |id| id.parse().ok()));
                let list = list.ok_or_else(|| bad_field("listId", "must be the id of a list"))?;
                return Ok(Self::InList { list, is_in: text("operator") != Some("NOT_IN_LIST") });
            }
            Some(other) => return Err(not_served("filter", other)),
            None => return Err(bad_field("filterType", "is required")),
        }
        let name = text("property").ok_or_else(|| bad_field("property", "is required"))?;
        let property = state.schema(kind).get(name).ok_or_else(|| {
            let problem = format!("Property \"{name}\" does not exist");
            let detail = ErrorDetail::new(&problem).code("PROPERTY_DOESNT_EXIST").context("propertyName", vec![name.to_owned()]);
            ErrorBody::validation(problem).detail(detail)
        })?;
        let operation = value.get("operation").filter(|one| one.is_object()).ok_or_else(|| bad_field("operation", "must be an object"))?;
        let operator = operation.get("operator").and_then(Value::as_str).ok_or_else(|| bad_field("operation.operator", "is required"))?;
        if !OPERATORS.contains(&operator) {
            return Err(not_served("list operator", operator));
        }
        let operands = operands(operation)?;
        let needed = match operator {
            "IS_KNOWN" | "IS_UNKNOWN" => 0,
            "IS_BETWEEN" | "IS_NOT_BETWEEN" => 2,
            _ => 1,
        };
        if operands.len() < needed {
            return Err(bad_field("operation", &format!("needs {needed} values for {operator}")));
        }
        let without_value = operation.get("includeObjectsWithNoValueSet").and_then(Value::as_bool).unwrap_or(false);
        let (name, value_type) = (property.name.to_string(), property.value_type);
        Ok(Self::Property { name, value_type, operator: operator.to_owned(), operands, without_value })
    }

    fn holds(&self, state: &State, kind: Kind, record: &Record, depth: usize) -> bool {
        match self {
            Self::InList { list, is_in } => depth > 0 && super::lists::is_member(state, *list, kind, record, depth - 1) == *is_in,
            Self::Property { name, value_type, operator, operands, without_value } => {
                let value = record.get(name);
                match operator.as_str() {
                    "IS_KNOWN" => value.is_some(),
                    "IS_UNKNOWN" => value.is_none(),
                    "HAS_EVER_BEEN_EQUAL_TO" => ever(record, name, operands),
                    "HAS_NEVER_BEEN_EQUAL_TO" => !ever(record, name, operands),
                    operator => value.map_or(*without_value, |value| satisfies(operator, *value_type, value, operands)),
                }
            }
        }
    }
}

fn ever(record: &Record, name: &str, operands: &[String]) -> bool {
    let is = |value: &str| operands.iter().any(|operand| operand.eq_ignore_ascii_case(value));
    record.history(name).any(|version| is(version.value))
}

/// `values`, `value`, `lowerBound` and `upperBound`, or a point in time.
fn operands(operation: &Value) -> Result<Vec<String>, ErrorBody> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    };
    if let Some(Value::Array(values)) = operation.get("values") {
        return values.iter().map(|value| text(value).ok_or_else(|| bad_field("operation.values", "must be a list of values"))).collect();
    }
    if let (Some(low), Some(high)) = (operation.get("lowerBound"), operation.get("upperBound")) {
        return Ok([low, high].into_iter().filter_map(text).collect());
    }
    if let Some(value) = operation.get("value") {
        return Ok(text(value).into_iter().collect());
    }
    let Some(point) = operation.get("timePoint") else { return Ok(Vec::new()) };
    let part = |field: &str, default: u64| point.get(field).and_then(Value::as_u64).unwrap_or(default);
    if point.get("timeType").and_then(Value::as_str) != Some("DATE") {
        return Err(not_served("point in time", "other than DATE"));
    }
    let (day, time) = ((part("year", 0), part("month", 1), part("day", 1)), (part("hour", 0), part("minute", 0), part("second", 0)));
    let iso = format!("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", day.0, day.1, day.2, time.0, time.1, time.2, part("millisecond", 0));
    moment(&iso).map(|at| vec![at.to_iso()]).ok_or_else(|| bad_field("operation.timePoint", "is not a point in time"))
}

fn satisfies(operator: &str, value_type: ValueType, value: &str, operands: &[String]) -> bool {
    let lower = value.to_lowercase();
    let parts: Vec<&str> = value.split(';').filter(|part| !part.is_empty()).collect();
    let equal = |operand: &String| match value_type {
        ValueType::Number => number(value).is_some() && number(value) == number(operand),
        ValueType::Date | ValueType::DateTime => moment(value).is_some() && moment(value) == moment(operand),
        _ => lower == operand.to_lowercase(),
    };
    let any_text = |fits: fn(&str, &str) -> bool| operands.iter().any(|operand| fits(&lower, &operand.to_lowercase()));
    let ordered = |at: usize| operands.get(at).and_then(|operand| super::search::compare(value_type, value, operand));
    let between = || ordered(0).is_some_and(|order| order.is_ge()) && ordered(1).is_some_and(|order| order.is_le());
    let is_among = |operand: &String| parts.iter().any(|part| part == operand);
    match operator {
        "IS_EQUAL_TO" => operands.iter().any(equal),
        "IS_NOT_EQUAL_TO" => !operands.iter().any(equal),
        "CONTAINS" => any_text(|value, operand| value.contains(operand)),
        "DOES_NOT_CONTAIN" => !any_text(|value, operand| value.contains(operand)),
        "STARTS_WITH" => any_text(|value, operand| value.starts_with(operand)),
        "ENDS_WITH" => any_text(|value, operand| value.ends_with(operand)),
        "IS_ANY_OF" => operands.iter().any(is_among),
        "IS_NONE_OF" => !operands.iter().any(is_among),
        "CONTAINS_ALL" => operands.iter().all(is_among),
        "DOES_NOT_CONTAIN_ALL" => !operands.iter().all(is_among),
        "IS_EXACTLY" => operands.iter().all(is_among) && parts.len() == operands.len(),
        "IS_NOT_EXACTLY" => !(operands.iter().all(is_among) && parts.len() == operands.len()),
        "IS_GREATER_THAN" | "IS_AFTER" => ordered(0).is_some_and(|order| order.is_gt()),
        "IS_GREATER_THAN_OR_EQUAL_TO" => ordered(0).is_some_and(|order| order.is_ge()),
        "IS_LESS_THAN" | "IS_BEFORE" => ordered(0).is_some_and(|order| order.is_lt()),
        "IS_LESS_THAN_OR_EQUAL_TO" => ordered(0).is_some_and(|order| order.is_le()),
        "IS_BETWEEN" => between(),
        "IS_NOT_BETWEEN" => !between(),
        _ => false,
    }
}
