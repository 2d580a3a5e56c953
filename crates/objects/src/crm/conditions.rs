//! The comparisons in searches and lists. Operands are parsed once, because a condition is checked on every
//! record.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashSet;

use foldhash::fast::RandomState;
use keyway_core::time::Timestamp;

use crate::property::ValueType;
use crate::value::{moment, number};
use crate::words::words;

/// The thirteen operators of a search.
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

    /// Reads the name on the wire.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(name, _)| *name == text).map(|(_, operator)| *operator)
    }
}

/// A text in lower case; not copied where it is.
pub fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) { text.into() } else { text.to_lowercase().into() }
}

/// What a value of a type is compared by.
#[derive(Debug)]
pub enum Key<'a> {
    Number(f64),
    Moment(Timestamp),
    Text(Cow<'a, str>),
}

impl<'a> Key<'a> {
    /// None if the text is not a value of the type. Texts are compared without regard to case, options exactly.
    pub fn of(value_type: ValueType, text: &'a str) -> Option<Self> {
        match value_type {
            ValueType::Number => number(text).map(Self::Number),
            ValueType::Date | ValueType::DateTime => moment(text).map(Self::Moment),
            ValueType::Enumeration => Some(Self::Text(text.into())),
            // Digits in text are text: the zip code 02139 is not 2139.
            ValueType::Text | ValueType::Bool | ValueType::Json | ValueType::ObjectCoordinates | ValueType::PhoneNumber => {
                Some(Self::Text(lower(text)))
            }
        }
    }

    /// How two keys of one type stand to each other.
    pub fn compare(&self, other: &Key<'_>) -> Option<Ordering> {
        match (self, other) {
            (Self::Number(one), Key::Number(other)) => one.partial_cmp(other),
            (Self::Moment(one), Key::Moment(other)) => Some(one.cmp(other)),
            (Self::Text(one), Key::Text(other)) => Some(one.as_ref().cmp(other.as_ref())),
            _ => None,
        }
    }

    fn into_owned(self) -> Key<'static> {
        match self {
            Self::Number(number) => Key::Number(number),
            Self::Moment(moment) => Key::Moment(moment),
            Self::Text(text) => Key::Text(text.into_owned().into()),
        }
    }
}

/// Texts among which one is looked up.
pub type Texts = HashSet<Box<str>, RandomState>;

/// Operands by which values are compared, read once.
#[derive(Debug)]
pub struct Operands {
    value_type: ValueType,
    /// In their order; none for an operand that is not a value of the type.
    keys: Vec<Option<Key<'static>>>,
    /// Those that are texts, as they are compared.
    texts: Texts,
}

impl Operands {
    pub fn new(value_type: ValueType, operands: &[String]) -> Self {
        let keys: Vec<_> = operands.iter().map(|operand| Key::of(value_type, operand).map(Key::into_owned)).collect();
        let text = |key: &Option<Key<'static>>| match key {
            Some(Key::Text(text)) => Some(Box::from(text.as_ref())),
            _ => None,
        };
        let texts = keys.iter().filter_map(text).collect();
        Self { value_type, keys, texts }
    }

    /// Whether a value equals one of them.
    pub fn has(&self, value: &str) -> bool {
        match Key::of(self.value_type, value) {
            Some(Key::Text(text)) => self.texts.contains(text.as_ref()),
            Some(key) => self.keys.iter().flatten().any(|own| key.compare(own) == Some(Ordering::Equal)),
            None => false,
        }
    }

    /// Compares a value with the operand at an index. None if one of them is not a value of the type.
    pub fn order(&self, value: &str, at: usize) -> Option<Ordering> {
        Key::of(self.value_type, value)?.compare(self.keys.get(at)?.as_ref()?)
    }

    /// Whether a value lies between the first two, or is one of them.
    pub fn is_between(&self, value: &str) -> bool {
        self.order(value, 0).is_some_and(Ordering::is_ge) && self.order(value, 1).is_some_and(Ordering::is_le)
    }

    /// Steps of holding one of them against a value, beside those of reading it: numbers and moments are
    /// not looked up.
    pub fn steps(&self) -> u64 {
        if self.texts.is_empty() { self.keys.len() as u64 / 16 } else { 0 }
    }
}

/// What is held against the value of a property.
#[derive(Debug)]
pub struct Condition {
    pub operator: Operator,
    pub value_type: ValueType,
    /// As they were given.
    pub given: Vec<String>,
    /// Whether the value holds several, between semicolons.
    several: bool,
    operands: Operands,
    /// Of a list of texts: as they were given, where HubSpot wants them in lower case.
    listed: Option<Texts>,
    tokens: Vec<Token>,
}

impl Condition {
    pub fn new(operator: Operator, given: Vec<String>, value_type: ValueType, several: bool) -> Self {
        let is_list = matches!(operator, Operator::In | Operator::NotIn) && value_type == ValueType::Text;
        let is_token = matches!(operator, Operator::ContainsToken | Operator::NotContainsToken);
        Self {
            operands: Operands::new(value_type, &given),
            listed: is_list.then(|| given.iter().map(|operand| operand.as_str().into()).collect()),
            tokens: if is_token { given.iter().map(|operand| Token::new(operand)).collect() } else { Vec::new() },
            operator,
            value_type,
            given,
            several,
        }
    }

    /// Whether a value satisfies it. A record without the value satisfies none but NOT_HAS_PROPERTY
    /// (docs/decisions/0005-search-without-a-value.md).
    pub fn holds(&self, value: Option<&str>) -> bool {
        let Some(value) = value else { return self.operator == Operator::NotHasProperty };
        match self.operator {
            Operator::Eq => self.equals(value),
            Operator::Neq => !self.equals(value),
            Operator::Lt => self.operands.order(value, 0).is_some_and(Ordering::is_lt),
            Operator::Lte => self.operands.order(value, 0).is_some_and(Ordering::is_le),
            Operator::Gt => self.operands.order(value, 0).is_some_and(Ordering::is_gt),
            Operator::Gte => self.operands.order(value, 0).is_some_and(Ordering::is_ge),
            Operator::Between => self.operands.is_between(value),
            Operator::In => self.lists(value),
            Operator::NotIn => !self.lists(value),
            Operator::HasProperty => true,
            Operator::NotHasProperty => false,
            Operator::ContainsToken => self.contains(value),
            Operator::NotContainsToken => !self.contains(value),
        }
    }

    /// Steps of holding it against a value, beside those of reading it.
    pub fn steps(&self) -> u64 {
        self.operands.steps()
    }

    fn equals(&self, value: &str) -> bool {
        if self.several { value.split(';').any(|part| self.operands.has(part)) } else { self.operands.has(value) }
    }

    fn lists(&self, value: &str) -> bool {
        self.listed.as_ref().map_or_else(|| self.equals(value), |listed| listed.contains(lower(value).as_ref()))
    }

    fn contains(&self, value: &str) -> bool {
        let value = lower(value);
        self.tokens.iter().any(|token| token.is_in(&value))
    }
}

/// What CONTAINS_TOKEN looks for, in lower case.
#[derive(Debug)]
enum Token {
    /// A text with `*` in it.
    Pattern(String),
    Words(Texts),
}

impl Token {
    fn new(operand: &str) -> Self {
        let operand = operand.to_lowercase();
        if operand.contains('*') { Self::Pattern(operand) } else { Self::Words(words(&operand).map(Box::from).collect()) }
    }

    /// Every word of the operand is a word of the value; with `*`, the pattern fits the whole value or
    /// one word of it.
    fn is_in(&self, value: &str) -> bool {
        match self {
            Self::Pattern(pattern) => fits(pattern, value) || words(value).any(|word| fits(pattern, word)),
            Self::Words(wanted) => {
                let found: HashSet<&str, RandomState> = words(value).filter(|word| wanted.contains(*word)).collect();
                !wanted.is_empty() && found.len() == wanted.len()
            }
        }
    }
}

/// A pattern in which `*` is any text. Takes time in proportion to the product of the lengths at
/// most, whatever the pattern.
fn fits(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let (Some(first), Some(last)) = (pieces.next(), pieces.next_back()) else { return pattern == text };
    let Some(mut rest) = text.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else { return false };
    for piece in pieces {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn holds(operator: Operator, operands: &[&str], value_type: ValueType, value: Option<&str>) -> bool {
        Condition::new(operator, operands.iter().map(ToString::to_string).collect(), value_type, false).holds(value)
    }

    fn check(operator: Operator, operands: &[&str], value_type: ValueType, value: Option<&str>, expected: bool) {
        assert_eq!(holds(operator, operands, value_type, value), expected, "{operator:?} {operands:?} {value:?}");
    }

    #[test]
    fn numbers_are_compared_as_numbers_and_text_without_case() {
        check(Operator::Gt, &["9"], ValueType::Number, Some("10"), true);
        check(Operator::Gt, &["9"], ValueType::Text, Some("nine"), true);
        check(Operator::Eq, &["ANN"], ValueType::Text, Some("Ann"), true);
        check(Operator::Eq, &["ÄNNE"], ValueType::Text, Some("änne"), true);
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
        check(Operator::ContainsToken, &["smith archer smith"], ValueType::Text, Some("Archer Smith Smith"), true);
        check(Operator::ContainsToken, &["archer jones"], ValueType::Text, Some("Archer Smith"), false);
        check(Operator::ContainsToken, &["-"], ValueType::Text, Some("Archer - Smith"), false);
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
            let says = |operator, operands: &[&str]| holds(operator, operands, ValueType::Number, Some(&v));
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
    }
}
