//! The rule table of the masking: the known keys, properties, path parameters, query parameters and headers, and the
//! treatment of their values. A value that no row names is replaced.

use std::collections::{HashMap, HashSet};

/// The treatment of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Numbers and flags stay. A text stays only where it is a known word.
    Keep,
    /// A known word stays; another text is replaced.
    Word,
    /// A code such as `VALIDATION_ERROR` stays; another text is replaced.
    Code,
    /// A standard object type stays; a custom one is replaced.
    ObjectType,
    /// The id of an association type that HubSpot defines stays; another is replaced.
    AssociationType,
    /// The name of a property that HubSpot defines stays; another is replaced.
    Property,
    /// An object of property values, each masked by the rule of its property.
    Properties,
    /// The value of a filter or of a pair, masked by the rule of the property beside it.
    FilterValue,
    /// One of a property's options: those that HubSpot defines stay.
    Option,
    /// An id; digits are replaced by as many digits.
    Id,
    /// A cursor; masked as an id.
    Cursor,
    /// A number; its digits are replaced.
    Number,
    /// A date or time, shifted by a number of days that is the same for all.
    Date,
    /// An e-mail address.
    Email,
    /// A domain, or a URL.
    Domain,
    /// A telephone number; its digits are replaced.
    Phone,
    /// A URL; hosts of HubSpot stay.
    Url,
    /// Text, replaced word by word while it is short.
    Text,
    /// An error message: common words and codes stay.
    Message,
    /// Replaced by its form.
    Shape,
    /// Removed.
    Drop,
}

impl Action {
    const ALL: [(&str, Self); 21] = [
        ("keep", Self::Keep),
        ("word", Self::Word),
        ("code", Self::Code),
        ("object-type", Self::ObjectType),
        ("association-type", Self::AssociationType),
        ("property", Self::Property),
        ("properties", Self::Properties),
        ("filter-value", Self::FilterValue),
        ("option", Self::Option),
        ("id", Self::Id),
        ("cursor", Self::Cursor),
        ("number", Self::Number),
        ("date", Self::Date),
        ("email", Self::Email),
        ("domain", Self::Domain),
        ("phone", Self::Phone),
        ("url", Self::Url),
        ("text", Self::Text),
        ("message", Self::Message),
        ("shape", Self::Shape),
        ("drop", Self::Drop),
    ];

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(name, _)| *name == text).map(|(_, action)| action)
    }
}

/// Where a rule applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// A member of a JSON object, outside of property values.
    Key,
    /// A property of a record, by its name.
    Property,
    /// A property of a record that no rule names, by its type.
    Type,
    /// A parameter of a path template, such as `objectType`.
    Path,
    /// A query parameter or a field of a form.
    Query,
    /// A header of an answer.
    Header,
    /// The media type of a body.
    Media,
    /// A host in a URL.
    Host,
    /// A word that stays where the action is `word`.
    Word,
    /// A word that stays in error messages.
    Phrase,
    /// A key whose values a comparison of two answers compares.
    Compare,
}

impl Place {
    const ALL: [(&str, Self); 11] = [
        ("key", Self::Key),
        ("property", Self::Property),
        ("type", Self::Type),
        ("path", Self::Path),
        ("query", Self::Query),
        ("header", Self::Header),
        ("media", Self::Media),
        ("host", Self::Host),
        ("word", Self::Word),
        ("phrase", Self::Phrase),
        ("compare", Self::Compare),
    ];

    /// Places whose rows only list names that stay, or keys that are compared.
    fn only(self) -> Option<&'static str> {
        match self {
            Self::Header | Self::Media | Self::Host | Self::Word | Self::Phrase => Some("keep"),
            Self::Compare => Some("value"),
            _ => None,
        }
    }
}

/// A row that can't be parsed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct RuleError {
    /// Its line, from 1.
    pub line: usize,
    /// What is wrong with the row.
    pub what: String,
}

/// The table that is part of the program: `data/anonymise.tsv`.
pub const BUILT_IN: &str = include_str!("../../../../data/anonymise.tsv");

/// The most bytes of a table of rules.
pub const BYTES_MAX: usize = 1 << 20;

/// Which members of JSON are masked, and how.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    actions: HashMap<(Place, String), Action>,
    listed: HashSet<(Place, String)>,
}

impl Rules {
    /// The rules that are part of the program.
    pub fn built_in() -> Self {
        let mut rules = Self::default();
        rules.extend(BUILT_IN).expect("a test reads the table");
        rules
    }

    /// Adds the rows of a table. A row replaces an earlier one with the same place and name.
    ///
    /// Three columns, separated by tabs: place, action, and names separated by spaces. Empty lines, the heading and lines that
    /// begin with `#` are skipped.
    ///
    /// # Errors
    /// A row can't be parsed. Then no row was added.
    pub fn extend(&mut self, table: &str) -> Result<(), RuleError> {
        let mut added = self.clone();
        if table.len() > BYTES_MAX {
            return Err(RuleError { line: 1, what: format!("the table has more than {BYTES_MAX} bytes") });
        }
        for (at, line) in table.lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') || line.starts_with("place\t") {
                continue;
            }
            added.row(line).map_err(|what| RuleError { line: at + 1, what })?;
        }
        *self = added;
        Ok(())
    }

    fn row(&mut self, line: &str) -> Result<(), String> {
        let mut cells = line.split('\t');
        let (Some(place), Some(action), Some(names), None) = (cells.next(), cells.next(), cells.next(), cells.next()) else {
            return Err("a row has three columns, separated by tabs: place, action, names".into());
        };
        let named = Place::ALL.into_iter().find(|(name, _)| *name == place).map(|(_, place)| place);
        let place = named.ok_or_else(|| format!("{place} is not a place; there are {}", names_of(Place::ALL.map(|(name, _)| name))))?;
        let names = names.split_whitespace().map(str::to_owned);
        if let Some(only) = place.only() {
            if action != only {
                return Err(format!("the action of this place is {only}"));
            }
            self.listed.extend(names.map(|name| (place, if place == Place::Word { name } else { name.to_ascii_lowercase() })));
            return Ok(());
        }
        let action = Action::parse(action)
            .ok_or_else(|| format!("{action} is not an action; there are {}", names_of(Action::ALL.map(|(name, _)| name))))?;
        self.actions.extend(names.map(|name| ((place, name), action)));
        Ok(())
    }

    /// The treatment of a value with this name at this place; none where no rule names it.
    pub fn action(&self, place: Place, name: &str) -> Option<Action> {
        self.actions.get(&(place, name.to_owned())).copied()
    }

    /// Whether a name is listed for a place that only lists names.
    pub fn lists(&self, place: Place, name: &str) -> bool {
        let name = if place == Place::Word { name.to_owned() } else { name.to_ascii_lowercase() };
        self.listed.contains(&(place, name))
    }

    /// Whether a comparison of two answers compares the values of this key.
    pub fn compares(&self, key: &str) -> bool {
        self.lists(Place::Compare, key)
    }
}

fn names_of<const N: usize>(names: [&str; N]) -> String {
    names.join(", ")
}
