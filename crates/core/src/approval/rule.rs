//! Which calls of an app need a person's approval.

use std::fmt::Write as _;

use crate::catalog::{Catalog, Method, Operation, Resolution};
use crate::object_type;
use crate::path::NormalPath;
use crate::safety::Class;

/// The most operations in one rule.
pub const OPERATIONS_MAX: usize = 50;
/// The longest name of an operation in a rule, in bytes.
const OPERATION_BYTES_MAX: usize = 300;

/// The calls that need a person's approval: those of a class, those that touch more than a number of records, and those of
/// an operation. The default is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    classes: Vec<Class>,
    above: Option<u64>,
    operations: Vec<Named>,
}

/// An operation, as written: a method and a path, whose parts in braces match anything.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Named {
    method: Method,
    path: String,
}

/// A rule that Keyway can't accept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// Not a class.
    #[error("{0:?} is not a class of operations. The classes are {1}")]
    Class(String, String),
    /// Not an operation of the catalog.
    #[error(
        "{0:?} is not a HubSpot operation that Keyway knows. Write a method and a path, such as \"POST /crm/v3/objects/{{objectType}}/merge\""
    )]
    Operation(String),
    /// Too many operations.
    #[error("a rule names at most {OPERATIONS_MAX} operations")]
    TooMany,
}

/// The parts of a call that a rule checks.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The operation that the call resolves to.
    pub operation: &'a Operation,
    /// The HTTP method of the call, in capitals.
    pub method: &'a str,
    /// The path of the call.
    pub path: &'a NormalPath,
    /// How many records the call touches; none where Keyway can't count them.
    pub records: Option<u64>,
}

impl Rule {
    /// Parses a rule: names of classes, a number of records, and operations.
    ///
    /// # Errors
    /// A word is not a class, or an operation is not known. A rule with a typing mistake would protect nothing.
    pub fn parse(classes: &[String], above: Option<u64>, operations: &[String]) -> Result<Self, RuleError> {
        let mut rule = Self { above, ..Self::default() };
        for text in classes.iter().map(|text| text.trim()) {
            let class = Class::parse(text).ok_or_else(|| {
                let all: Vec<&str> = Class::ALL.iter().map(|class| class.name()).collect();
                RuleError::Class(text.chars().take(60).collect(), all.join(", "))
            })?;
            if !rule.classes.contains(&class) {
                rule.classes.push(class);
            }
        }
        rule.classes.sort_unstable();
        for text in operations {
            let named = Named::parse(text.trim()).ok_or_else(|| RuleError::Operation(text.chars().take(OPERATION_BYTES_MAX).collect()))?;
            if !rule.operations.contains(&named) {
                rule.operations.push(named);
            }
        }
        if rule.operations.len() > OPERATIONS_MAX { Err(RuleError::TooMany) } else { Ok(rule) }
    }

    /// Whether no call needs an approval.
    pub fn is_empty(&self) -> bool {
        self.classes.is_empty() && self.above.is_none() && self.operations.is_empty()
    }

    /// The names of its classes.
    pub fn classes(&self) -> Vec<&'static str> {
        self.classes.iter().map(|class| class.name()).collect()
    }

    /// The number of records above which a change needs an approval.
    pub const fn above(&self) -> Option<u64> {
        self.above
    }

    /// The operations, as written.
    pub fn operations(&self) -> Vec<String> {
        self.operations.iter().map(|named| format!("{} {}", named.method, named.path)).collect()
    }

    /// A rule under which a call needs an approval where either of the two rules demands one.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let mut both = self.clone();
        both.classes.extend(other.classes.iter().filter(|class| !self.classes.contains(class)));
        both.classes.sort_unstable();
        both.operations.extend(other.operations.iter().filter(|named| !self.operations.contains(named)).cloned());
        both.above = self.above.into_iter().chain(other.above).min();
        both
    }

    /// Why a call needs an approval, in words; none where it needs none.
    pub fn hit(&self, call: &Subject<'_>) -> Option<String> {
        let class = call.operation.safety.class;
        if self.classes.contains(&class) {
            return Some(format!("operations of the class {}", class.name()));
        }
        if let Some(named) = self.operations.iter().find(|named| named.fits(call.method, call.path)) {
            return Some(format!("the operation {} {}", named.method, named.path));
        }
        let above = self.above.filter(|_| !call.operation.read_only)?;
        match call.records {
            Some(records) if records <= above => None,
            Some(records) => Some(format!("changes of more than {above} records; this call names {records}")),
            None => Some(format!("changes of more than {above} records; how many this call changes can't be counted")),
        }
    }
}

impl Named {
    fn parse(text: &str) -> Option<Self> {
        let (method, path) = text.split_once(' ').filter(|_| text.len() <= OPERATION_BYTES_MAX)?;
        let (method, path) = (Method::parse(method)?, path.trim());
        // The catalog has the path, with a value in place of each variable.
        let mut filled = String::new();
        for segment in path.strip_prefix('/')?.trim_end_matches('/').split('/') {
            let _ = write!(filled, "/{}", if is_any(segment) { "1" } else { segment });
        }
        let filled = NormalPath::parse(&filled).ok()?;
        let is_known = matches!(Catalog::get().resolve(method.as_str(), &filled), Resolution::Found(_));
        is_known.then(|| Self { method, path: path.trim_end_matches('/').to_owned() })
    }

    /// Whether a call performs this operation, in any version and spelling.
    fn fits(&self, method: &str, path: &NormalPath) -> bool {
        let called: Vec<&str> = path.segments().filter(|segment| !is_version(segment)).collect();
        let named: Vec<&str> = self.path[1..].split('/').filter(|segment| !is_version(segment)).collect();
        self.method.as_str().eq_ignore_ascii_case(method)
            && called.len() == named.len()
            && named.iter().zip(called).all(|(named, called)| is_any(named) || is_same(named, called))
    }
}

fn is_any(segment: &str) -> bool {
    segment == "*" || (segment.starts_with('{') && segment.ends_with('}'))
}

/// Whether two parts of a path mean the same: an object type has several names.
fn is_same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
        || object_type::name_of(one).is_some_and(|name| object_type::name_of(other).is_some_and(|also| name.eq_ignore_ascii_case(&also)))
}

/// Whether a segment is a version: `v3`, `2026-09`, `2026-09-beta`. HubSpot has the same operation in several versions.
fn is_version(segment: &str) -> bool {
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = segment.strip_prefix(['v', 'V']).is_some_and(|number| digits(number, 1));
    let date = segment.strip_suffix("-beta").unwrap_or(segment);
    number || date.split_once('-').is_some_and(|(year, month)| digits(year, 4) && digits(month, 2))
}
