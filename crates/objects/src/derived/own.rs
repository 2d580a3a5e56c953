//! Rules that use only the record itself.

use std::borrow::Cow;

use keyway_core::time::Timestamp;

use super::View;
use crate::pipelines::Stage;
use crate::stages::stage_property;
use crate::value::{moment, number};

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// How a property follows from others of its record.
#[derive(Debug, PartialEq)]
pub(crate) enum Rule {
    /// Always this.
    Fixed(&'static str),
    /// The record's id.
    Id,
    /// The record's id and those of the records that were merged into it.
    Ids,
    /// When the record was created.
    Created,
    /// The first input.
    Copy,
    /// The part after the @ of the input.
    Domain,
    /// First and last name, or the address.
    Name,
    /// What the stage's definition says.
    Stage(Fact),
    /// The first input times the others, of which absent ones are 1; the text where the first is absent.
    Product(Option<&'static str>),
    /// The first input less the second.
    Difference,
    /// The first input where the stage is won, and else 0.
    IfWon,
    /// Whole days from the first input to the second; the text where one is absent.
    Days(Option<&'static str>),
    /// Milliseconds from the first input to the second.
    Elapsed,
    /// When the input was last written.
    WrittenAt,
    /// The app that wrote the input first.
    Writer,
    /// Whether the input is absent or 0.
    IsZero,
    /// A field of the owner that the input names.
    Owner(OwnerField),
    /// A telephone number as +, country and number.
    Phone(PhonePart),
    /// The amount in the account's currency.
    Home,
    /// What a discount takes off a line item.
    Reduction,
    /// Price times quantity, less the discount.
    Net,
    /// The net price less the cost of goods.
    Margin,
}

/// Something that a stage's definition says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fact {
    Closed,
    Won,
    Lost,
    Probability,
}

/// A part of a telephone number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum PhonePart {
    All,
    Country,
    Digits,
}

/// Something of an owner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum OwnerField {
    User,
    Name,
    Email,
}

impl Rule {
    pub fn parse(text: &'static str) -> Option<Self> {
        if let Some(value) = text.strip_prefix("fixed:") {
            return Some(Self::Fixed(value));
        }
        Some(match text {
            "id" => Self::Id,
            "ids" => Self::Ids,
            "created" => Self::Created,
            "copy" => Self::Copy,
            "domain" => Self::Domain,
            "name" => Self::Name,
            "is-closed" => Self::Stage(Fact::Closed),
            "is-won" => Self::Stage(Fact::Won),
            "is-lost" => Self::Stage(Fact::Lost),
            "probability" => Self::Stage(Fact::Probability),
            "product" => Self::Product(None),
            "product:0" => Self::Product(Some("0")),
            "difference" => Self::Difference,
            "if-won:0" => Self::IfWon,
            "days" => Self::Days(None),
            "days:0" => Self::Days(Some("0")),
            "elapsed" => Self::Elapsed,
            "written-at" => Self::WrittenAt,
            "writer" => Self::Writer,
            "is-zero" => Self::IsZero,
            "owner-user" => Self::Owner(OwnerField::User),
            "owner-name" => Self::Owner(OwnerField::Name),
            "owner-email" => Self::Owner(OwnerField::Email),
            "phone" => Self::Phone(PhonePart::All),
            "phone-country" => Self::Phone(PhonePart::Country),
            "phone-digits" => Self::Phone(PhonePart::Digits),
            "home" => Self::Home,
            "reduction" => Self::Reduction,
            "net" => Self::Net,
            "margin" => Self::Margin,
            _ => return None,
        })
    }

    pub(super) fn value<'a>(&self, view: &View<'a>, inputs: &[&str]) -> Option<Cow<'a, str>> {
        let input = |at: usize| inputs.get(at).and_then(|name| view.input(name));
        let amount = |at: usize| input(at).and_then(|text| number(&text));
        let written = |number: f64| Some(Cow::from(decimal(number)));
        match self {
            Self::Fixed(value) => Some((*value).into()),
            Self::Id => Some(view.record.id.to_string().into()),
            Self::Ids => {
                let id = view.record.id.to_string();
                Some(input(0).map_or_else(|| id.clone().into(), |merged| format!("{id};{merged}").into()))
            }
            Self::Created => Some(view.record.created_at.to_iso().into()),
            Self::Copy => input(0),
            Self::Domain => input(0).and_then(|address| address.rsplit_once('@').map(|(_, domain)| domain.to_owned().into())),
            Self::Name => {
                let names: Vec<_> = [input(0), input(1)].into_iter().flatten().collect();
                if names.is_empty() { input(2) } else { Some(names.join(" ").into()) }
            }
            Self::Stage(fact) => fact.of(stage(view)?),
            Self::Product(absent) => {
                let Some(first) = input(0) else { return absent.map(Cow::from) };
                let factors: Vec<f64> = (1..inputs.len()).filter_map(amount).collect();
                // A number as it was written, unless something is done to it.
                if factors.is_empty() { Some(first) } else { written(factors.iter().fold(number(&first)?, |one, other| one * other)) }
            }
            Self::Difference => written(amount(0)? - amount(1).unwrap_or(0.0)),
            Self::IfWon => {
                let is_won = stage(view).and_then(closing) == Some(Closing::Won);
                Some(input(0).filter(|_| is_won).unwrap_or_else(|| "0".into()))
            }
            Self::Days(absent) => match (at(input(0)), at(input(1))) {
                (Some(from), Some(to)) => Some(((to - from).max(0) / DAY_MS).to_string().into()),
                _ => absent.map(Cow::from),
            },
            Self::Elapsed => Some((at(input(1))? - at(input(0))?).max(0).to_string().into()),
            Self::WrittenAt => {
                let until = view.at.unwrap_or(Timestamp::from_ms(i64::MAX));
                let seen = view.record.history(inputs.first()?).find(|seen| seen.at <= until)?;
                (!seen.value.is_empty()).then(|| seen.at.to_iso().into())
            }
            Self::Writer => {
                let first = view.record.history(inputs.first()?).last()?;
                (first.app_id != 0).then(|| first.app_id.to_string().into())
            }
            Self::IsZero => Some(if amount(0).is_none_or(|count| count == 0.0) { "true" } else { "false" }.into()),
            Self::Owner(field) => {
                let id = input(0)?;
                let owner = view.state.owners.iter().find(|owner| owner.id.to_string() == *id)?;
                Some(match field {
                    OwnerField::User => owner.user_id.to_string().into(),
                    OwnerField::Name => owner.name().into(),
                    OwnerField::Email => owner.email.as_str().into(),
                })
            }
            Self::Phone(part) => part.of(&input(0)?).map(Cow::from),
            Self::Home => {
                let is_foreign = input(1).is_some_and(|code| *code != *view.state.settings.currency);
                if is_foreign { written(amount(0)? * amount(2)?) } else { input(0) }
            }
            Self::Reduction => written(reduction(amount(0)?, amount(1), amount(2), amount(3))?),
            Self::Net => written(net(amount(0)?, amount(1), amount(2), amount(3))),
            Self::Margin => written(net(amount(0)?, amount(1), amount(2), amount(3)) - amount(4)? * amount(1).unwrap_or(1.0)),
        }
    }
}

impl PhonePart {
    /// Numbers of North America, as HubSpot takes ten digits without a country, and any that begins with +.
    fn of(self, text: &str) -> Option<String> {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let has_country = text.trim_start().starts_with('+');
        let north_american = match digits.len() {
            10 if !has_country => Some(digits.as_str()),
            11 => digits.strip_prefix('1'),
            _ => None,
        };
        match (self, north_american) {
            (Self::All, Some(number)) => Some(format!("+1{number}")),
            (Self::All, None) => (has_country && (8..=15).contains(&digits.len())).then(|| format!("+{digits}")),
            (Self::Country, number) => number.map(|_| "US".to_owned()),
            (Self::Digits, number) => number.map(str::to_owned),
        }
    }
}

impl Fact {
    fn of(self, stage: &Stage) -> Option<Cow<'static, str>> {
        let holds = match self {
            Self::Closed => closing(stage).is_some(),
            Self::Won => closing(stage) == Some(Closing::Won),
            Self::Lost => closing(stage) == Some(Closing::Lost),
            Self::Probability => return probability(stage).map(|probability| exact(probability).into()),
        };
        Some(if holds { "true" } else { "false" }.into())
    }
}

/// How a stage closes a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closing {
    /// A deal with the probability 1.
    Won,
    /// A deal with the probability 0.
    Lost,
    /// A ticket.
    Closed,
}

/// How a stage closes a record; none where it does not.
pub fn closing(stage: &Stage) -> Option<Closing> {
    match probability(stage) {
        Some(1.0) => Some(Closing::Won),
        Some(0.0) => Some(Closing::Lost),
        Some(_) => None,
        None => (stage.metadata.get("ticketState").and_then(|state| state.as_str()) == Some("CLOSED")).then_some(Closing::Closed),
    }
}

/// The stage that a record is in.
fn stage<'a>(view: &View<'a>) -> Option<&'a Stage> {
    let id = view.stored(stage_property(view.kind)?)?;
    view.state.space(view.kind).pipelines.iter().flat_map(|pipeline| &pipeline.stages).find(|stage| stage.id == id)
}

fn probability(stage: &Stage) -> Option<f64> {
    let text = stage.metadata.get("probability")?;
    text.as_str().map_or_else(|| text.as_f64(), number)
}

fn at(text: Option<Cow<'_, str>>) -> Option<i64> {
    moment(&text?).map(Timestamp::as_ms)
}

/// What the discount takes off; none where there is none. A discount is of one unit, a percentage of all.
fn reduction(price: f64, quantity: Option<f64>, discount: Option<f64>, percentage: Option<f64>) -> Option<f64> {
    let quantity = quantity.unwrap_or(1.0);
    match (discount, percentage) {
        (Some(discount), _) if discount != 0.0 => Some(discount * quantity),
        (_, Some(percentage)) => Some(price * quantity * percentage / 100.0),
        (discount, None) => discount,
    }
}

fn net(price: f64, quantity: Option<f64>, discount: Option<f64>, percentage: Option<f64>) -> f64 {
    price * quantity.unwrap_or(1.0) - reduction(price, quantity, discount, percentage).unwrap_or(0.0)
}

/// All the digits of a binary fraction, as HubSpot writes the probability of a stage: 0.2 is
/// 0.200000000000000011102230246251565404236316680908203125.
fn exact(number: f64) -> String {
    let digits = format!("{number:.60}");
    digits.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A number without what binary fractions add to it: 0.1 + 0.2 is 0.3.
pub(crate) fn decimal(number: f64) -> String {
    let digits = format!("{number:.6}");
    let short = digits.trim_end_matches('0').trim_end_matches('.');
    if short == "-0" { "0".to_owned() } else { short.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probability_has_the_digits_of_the_binary_fraction() {
        assert_eq!(exact(0.2), "0.200000000000000011102230246251565404236316680908203125");
        assert_eq!((exact(1.0), exact(0.0), exact(0.5)), ("1".into(), "0".into(), "0.5".into()));
    }

    #[test]
    fn a_telephone_number_is_brought_to_one_form_where_its_country_is_known() {
        let of = |text: &str| PhonePart::All.of(text);
        assert_eq!((of("(877) 929-0687"), of("7087038093")), (Some("+18779290687".into()), Some("+17087038093".into())));
        assert_eq!((of("+351 21 000 0000"), of("021 000 0000 1"), of("call me")), (Some("+351210000000".into()), None, None));
        assert_eq!((PhonePart::Country.of("+1 877 929 0687"), PhonePart::Digits.of("+351 21 000 0000")), (Some("US".into()), None));
    }

    #[test]
    fn sums_are_decimal() {
        assert_eq!((decimal(0.1 + 0.2), decimal(1500.0), decimal(-0.0)), ("0.3".into(), "1500".into(), "0".into()));
    }

    #[test]
    fn a_discount_is_of_one_unit_and_a_percentage_of_all() {
        assert_eq!(net(10.0, Some(3.0), Some(2.0), None), 24.0);
        assert_eq!(net(10.0, Some(3.0), None, Some(10.0)), 27.0);
        assert_eq!(net(10.0, None, None, None), 10.0);
    }
}
