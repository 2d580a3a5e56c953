//! The filters of lists, read and checked when a list is created. `list_members` applies them to records.
//!
//! A filter on data that an embedded account does not have (page views, e-mail events, forms) gets 501.

use std::collections::HashSet;

use aho_corasick::AhoCorasick;
use foldhash::fast::RandomState;
use keyway_core::error_body::ErrorBody;
use keyway_core::refusal::Refusal;
use serde_json::Value;

use super::conditions::{Operands, Texts, lower};
use crate::derived;
use crate::invalid;
use crate::kind::Kind;
use crate::property::ValueType;
use crate::record::Record;
use crate::request::{bad_field, missing_field};
use crate::state::State;
use crate::value::moment;
use crate::work::{Exceeded, Work};

/// Filters of a list, and how deep its branches go.
const FILTERS_MAX: usize = 250;
const DEPTH_MAX: usize = 8;

/// Steps of reading a filter, and one of its values.
const FILTER_STEPS: u64 = 20;
const VALUE_STEPS: u64 = 10;

/// A branch: how its filters and branches go together.
#[derive(Debug)]
pub struct Branch {
    pub join: Join,
    pub filters: Vec<Filter>,
    pub branches: Vec<Self>,
}

/// How the filters and branches of a branch go together.
#[derive(Debug)]
pub enum Join {
    Any,
    All,
    NotAll,
    NotAny,
    /// Some associated record of the type satisfies all.
    Associated(Kind, Option<u32>),
}

/// A filter of a branch.
#[derive(Debug)]
pub enum Filter {
    /// On the value of a property.
    Property(OnProperty),
    /// On being on another list.
    InList { list: u64, is_in: bool },
}

/// A filter on the value of a property.
#[derive(Debug)]
pub struct OnProperty {
    name: String,
    test: Test,
    /// Whether a record without a value passes.
    without_value: bool,
}

/// What is held against a value.
#[derive(Debug)]
enum Test {
    Known(bool),
    /// Some value that the property has had is one of these, in lower case.
    Ever(Texts, bool),
    Equal(Operands, bool),
    Contains(Box<AhoCorasick>, bool),
    Starts(Vec<String>),
    Ends(Vec<String>),
    /// Some of the value's options are among these.
    Any(Texts, bool),
    /// All of these are among the value's options.
    All(Texts, bool),
    /// These are the value's options.
    Exactly(Texts, bool),
    Order(Operands, fn(std::cmp::Ordering) -> bool),
    Between(Operands, bool),
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
    pub fn parse(state: &State, kind: Kind, value: &Value, work: &Work) -> Result<Self, ErrorBody> {
        let mut count = 0;
        Self::read(state, kind, value, DEPTH_MAX, &mut count, work)
    }

    fn read(state: &State, kind: Kind, value: &Value, depth: usize, count: &mut usize, work: &Work) -> Result<Self, ErrorBody> {
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
        let (filters, branches) = (list("filters")?, list("filterBranches")?);
        work.each(1 + filters.len() + branches.len(), FILTER_STEPS)?;
        *count += filters.len();
        if *count > FILTERS_MAX {
            return Err(bad_field("filterBranch", &format!("must have at most {FILTERS_MAX} filters")));
        }
        Ok(Self {
            join,
            filters: filters.iter().map(|filter| Filter::read(state, kind, filter, work)).collect::<Result<_, _>>()?,
            branches: branches.iter().map(|branch| Self::read(state, kind, branch, next, count, work)).collect::<Result<_, _>>()?,
        })
    }
}

fn not_served(what: &str, name: &str) -> ErrorBody {
    Refusal::NotServed.error(format!("the embedded account has no {what} of the type {name}"))
}

impl Filter {
    fn read(state: &State, kind: Kind, value: &Value, work: &Work) -> Result<Self, ErrorBody> {
        let text = |field: &str| value.get(field).and_then(Value::as_str);
        match text("filterType") {
            Some("PROPERTY") => {}
            Some("IN_LIST") => {
                let list = value.get("listId").and_then(|id| id.as_str().map_or_else(|| id.as_u64(), |id| id.parse().ok()));
                let list = list.ok_or_else(|| bad_field("listId", "must be the id of a list"))?;
                return Ok(Self::InList { list, is_in: text("operator") != Some("NOT_IN_LIST") });
            }
            Some(other) => return Err(not_served("filter", other)),
            None => return Err(missing_field("filterType")),
        }
        let name = text("property").ok_or_else(|| missing_field("property"))?;
        let property = state.schema(kind).get(name).ok_or_else(|| invalid::property_name_unknown(name, vec![name.to_owned()]))?;
        let operation = value.get("operation").filter(|one| one.is_object()).ok_or_else(|| bad_field("operation", "must be an object"))?;
        let operator = operation.get("operator").and_then(Value::as_str).ok_or_else(|| missing_field("operation.operator"))?;
        if !OPERATORS.contains(&operator) {
            return Err(not_served("list operator", operator));
        }
        let operands = operands(operation, work)?;
        let needed = match operator {
            "IS_KNOWN" | "IS_UNKNOWN" => 0,
            "IS_BETWEEN" | "IS_NOT_BETWEEN" => 2,
            _ => 1,
        };
        if operands.len() < needed {
            return Err(bad_field("operation", &format!("needs {needed} values for {operator}")));
        }
        let without_value = operation.get("includeObjectsWithNoValueSet").and_then(Value::as_bool).unwrap_or(false);
        let test = Test::new(operator, property.value_type, &operands)?;
        Ok(Self::Property(OnProperty { name: property.name.to_string(), test, without_value }))
    }
}

impl OnProperty {
    /// Whether a record passes.
    pub fn holds(&self, state: &State, kind: Kind, record: &Record, work: &Work) -> Result<bool, Exceeded> {
        let value = derived::value(state, kind, record, &self.name);
        match (&self.test, value.as_deref()) {
            (Test::Known(known), value) => {
                work.charge(1)?;
                Ok(value.is_some() == *known)
            }
            (Test::Ever(texts, ever), _) => {
                for version in record.history(&self.name) {
                    work.read(version.value.len())?;
                    if texts.contains(version.value.to_ascii_lowercase().as_str()) {
                        return Ok(*ever);
                    }
                }
                for (value, _) in derived::history(state, kind, record, &self.name) {
                    work.read(value.len())?;
                    if texts.contains(value.to_ascii_lowercase().as_str()) {
                        return Ok(*ever);
                    }
                }
                work.charge(1)?;
                Ok(!*ever)
            }
            (_, None) => {
                work.charge(1)?;
                Ok(self.without_value)
            }
            (test, Some(value)) => {
                work.read(value.len())?;
                work.charge(test.steps(value))?;
                Ok(test.holds(value))
            }
        }
    }
}

impl Test {
    fn new(operator: &str, value_type: ValueType, operands: &[String]) -> Result<Self, ErrorBody> {
        let exact = || operands.iter().map(|operand| operand.as_str().into()).collect::<Texts>();
        // Each once: a list of the same value a thousand times is one of one value.
        let lowered = || {
            let once: HashSet<String, RandomState> = operands.iter().map(|operand| operand.to_lowercase()).collect();
            once.into_iter().collect::<Vec<String>>()
        };
        let typed = || Operands::new(value_type, operands);
        let contains = || match AhoCorasick::new(lowered()) {
            Ok(found) => Ok(Box::new(found)),
            Err(_) => Err(bad_field("operation.values", "holds too many values, or too long ones")),
        };
        let ever = || operands.iter().map(|operand| operand.to_ascii_lowercase().into()).collect::<Texts>();
        Ok(match operator {
            "IS_KNOWN" => Self::Known(true),
            "IS_UNKNOWN" => Self::Known(false),
            "HAS_EVER_BEEN_EQUAL_TO" => Self::Ever(ever(), true),
            "HAS_NEVER_BEEN_EQUAL_TO" => Self::Ever(ever(), false),
            "IS_EQUAL_TO" => Self::Equal(typed(), true),
            "IS_NOT_EQUAL_TO" => Self::Equal(typed(), false),
            "CONTAINS" => Self::Contains(contains()?, true),
            "DOES_NOT_CONTAIN" => Self::Contains(contains()?, false),
            "STARTS_WITH" => Self::Starts(lowered()),
            "ENDS_WITH" => Self::Ends(lowered()),
            "IS_ANY_OF" => Self::Any(exact(), true),
            "IS_NONE_OF" => Self::Any(exact(), false),
            "CONTAINS_ALL" => Self::All(exact(), true),
            "DOES_NOT_CONTAIN_ALL" => Self::All(exact(), false),
            "IS_EXACTLY" => Self::Exactly(exact(), true),
            "IS_NOT_EXACTLY" => Self::Exactly(exact(), false),
            "IS_GREATER_THAN" | "IS_AFTER" => Self::Order(typed(), std::cmp::Ordering::is_gt),
            "IS_GREATER_THAN_OR_EQUAL_TO" => Self::Order(typed(), std::cmp::Ordering::is_ge),
            "IS_LESS_THAN" | "IS_BEFORE" => Self::Order(typed(), std::cmp::Ordering::is_lt),
            "IS_LESS_THAN_OR_EQUAL_TO" => Self::Order(typed(), std::cmp::Ordering::is_le),
            "IS_BETWEEN" => Self::Between(typed(), true),
            "IS_NOT_BETWEEN" => Self::Between(typed(), false),
            other => return Err(not_served("list operator", other)),
        })
    }

    /// Steps of holding it against a value, beside those of reading the value.
    fn steps(&self, value: &str) -> u64 {
        match self {
            Self::Equal(operands, _) => operands.steps(),
            Self::Contains(..) => value.len() as u64 / 16,
            Self::Starts(texts) | Self::Ends(texts) => texts.len() as u64 / 4,
            _ => 0,
        }
    }

    fn holds(&self, value: &str) -> bool {
        let options = || value.split(';').filter(|option| !option.is_empty());
        // How many of the texts are among the options.
        let among = |texts: &Texts| options().filter(|option| texts.contains(*option)).collect::<HashSet<&str, RandomState>>().len();
        match self {
            Self::Known(known) => *known,
            Self::Ever(_, ever) => !*ever,
            Self::Equal(operands, is) => operands.has(value) == *is,
            Self::Contains(texts, does) => texts.is_match(lower(value).as_ref()) == *does,
            Self::Starts(texts) => {
                let value = lower(value);
                texts.iter().any(|text| value.starts_with(text.as_str()))
            }
            Self::Ends(texts) => {
                let value = lower(value);
                texts.iter().any(|text| value.ends_with(text.as_str()))
            }
            Self::Any(texts, is) => options().any(|option| texts.contains(option)) == *is,
            Self::All(texts, does) => (among(texts) == texts.len()) == *does,
            Self::Exactly(texts, is) => (among(texts) == texts.len() && options().count() == texts.len()) == *is,
            Self::Order(operands, fits) => operands.order(value, 0).is_some_and(fits),
            Self::Between(operands, is) => operands.is_between(value) == *is,
        }
    }
}

/// `values`, `value`, `lowerBound` and `upperBound`, or a point in time.
fn operands(operation: &Value, work: &Work) -> Result<Vec<String>, ErrorBody> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    };
    if let Some(Value::Array(values)) = operation.get("values") {
        work.each(values.len(), VALUE_STEPS)?;
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
