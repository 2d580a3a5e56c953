//! Associations between records, and the types they can have.
//!
//! Every association is stored twice, once for each direction. The caller checks that both records exist.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use keyway_core::association;
use serde::{Deserialize, Serialize};

use crate::kind::Kind;
use crate::property::Text;

/// First type id given to pairs whose id HubSpot publishes nowhere that we know of. Far above
/// HubSpot's own ids, so the two can never be confused: base + 1,000 × from + to.
pub(crate) const DERIVED_TYPE_ID_BASE: u32 = 10_000_000;

/// One end of an association.
pub type End = (Kind, u64);

/// Who made a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Category {
    /// Every account has it.
    HubspotDefined,
    /// The account made it.
    UserDefined,
}

impl Category {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HubspotDefined => "HUBSPOT_DEFINED",
            Self::UserDefined => "USER_DEFINED",
        }
    }
}

/// A type that an association can have, in one direction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkType {
    /// HubSpot's id of it.
    pub id: u32,
    /// Nothing for the plain type that every association has.
    pub label: Option<Text>,
    /// The v3 name, such as `contact_to_company`.
    pub name: String,
    /// Who made it.
    pub category: Category,
    /// The other direction's type, of a label the account made.
    pub inverse: Option<u32>,
}

/// The types of an account's associations: HubSpot's, and the labels the account made.
#[derive(Debug, Default)]
pub struct LinkTypes {
    /// Pairs that differ from what every account has.
    own: HashMap<Pair, Vec<LinkType>>,
    /// Most associations of a record, by pair and type, where the account set a limit.
    pub(crate) limits: BTreeMap<(Kind, Kind, u32), u32>,
    /// Ids given to labels.
    pub(crate) last_id: u32,
}

/// Ids of labels that an account makes begin above this one.
pub(crate) const OWN_TYPE_ID_BASE: u32 = 1_000_000;

impl LinkTypes {
    /// The types from one object type to another, the plain one first.
    pub fn of(&self, from: Kind, to: Kind) -> &[LinkType] {
        self.own.get(&(from, to)).or_else(|| TYPES.get(&(from, to))).map_or(&[], Vec::as_slice)
    }

    /// The plain type from one object type to another.
    pub fn plain(&self, from: Kind, to: Kind) -> u32 {
        self.of(from, to).first().map_or_else(|| derived_id(from, to), |own| own.id)
    }

    /// The type with this id.
    pub fn get(&self, from: Kind, to: Kind, id: u32) -> Option<&LinkType> {
        self.of(from, to).iter().find(|link| link.id == id)
    }

    /// The two object types of HubSpot's own association type with this id.
    pub fn pair_of(&self, id: u32) -> Option<Pair> {
        TYPES.iter().find(|(_, types)| types.iter().any(|own| own.id == id)).map(|(pair, _)| *pair)
    }

    /// The type with this id, or with this v3 name.
    pub(crate) fn find(&self, from: Kind, to: Kind, id_or_name: &str) -> Option<&LinkType> {
        let id = id_or_name.parse::<u32>().ok();
        self.of(from, to).iter().find(|link| Some(link.id) == id || link.name == id_or_name)
    }

    /// The type that the other direction has: the same label, or parent for child.
    pub fn inverse(&self, from: Kind, to: Kind, id: u32) -> u32 {
        let own = self.get(from, to, id);
        if let Some(inverse) = own.and_then(|own| own.inverse) {
            return inverse;
        }
        let label = match own.and_then(|link| link.label.as_deref()) {
            Some("Child Company") => Some("Parent Company"),
            Some("Parent Company") => Some("Child Company"),
            label => label,
        };
        let back = self.of(to, from);
        back.iter().find(|link| link.label.as_deref() == label).map_or_else(|| self.plain(to, from), |link| link.id)
    }

    /// Adds a type to a pair, or takes the place of the one with its id.
    pub(crate) fn put(&mut self, from: Kind, to: Kind, link: LinkType) {
        // The ids of plain types of custom objects lie above all labels.
        if link.id < DERIVED_TYPE_ID_BASE {
            self.last_id = self.last_id.max(if link.category == Category::UserDefined { link.id } else { 0 });
        }
        let mut types = self.of(from, to).to_vec();
        match types.iter_mut().find(|own| own.id == link.id) {
            Some(own) => *own = link,
            None => types.push(link),
        }
        self.own.insert((from, to), types);
    }

    /// Removes a type from a pair.
    pub(crate) fn remove(&mut self, from: Kind, to: Kind, id: u32) {
        let types = self.of(from, to).iter().filter(|own| own.id != id).cloned().collect();
        self.own.insert((from, to), types);
    }

    /// Labels that the account made, each with its pair.
    pub(crate) fn own(&self) -> impl Iterator<Item = (Pair, &LinkType)> {
        let all = self.own.iter().flat_map(|(pair, types)| types.iter().map(move |own| (*pair, own)));
        all.filter(|(_, own)| own.category == Category::UserDefined)
    }

    /// Forgets an object type. Returns the stored types of its associations.
    pub(crate) fn forget(&mut self, kind: Kind) -> Vec<(Pair, u32)> {
        let gone = |pair: &Pair| pair.0 == kind || pair.1 == kind;
        let types = self.own.iter().filter(|(pair, _)| gone(pair));
        let all = types.flat_map(|(pair, types)| types.iter().map(move |own| (*pair, own.id))).collect();
        self.own.retain(|pair, _| !gone(pair));
        self.limits.retain(|(from, to, _), _| !gone(&(*from, *to)));
        all
    }

    /// Gives a custom type the plain types with every other one.
    pub(crate) fn add_kind(&mut self, kind: Kind, singular: &str, others: &[(Kind, String)]) {
        for (other, name) in others {
            for (from, to, name) in [(kind, *other, format!("{singular}_to_{name}")), (*other, kind, format!("{name}_to_{singular}"))] {
                let category = Category::UserDefined;
                self.own.insert((from, to), vec![LinkType { id: derived_id(from, to), label: None, name, category, inverse: None }]);
            }
        }
    }
}

/// The associations of an account.
#[derive(Debug, Default)]
pub struct Links(BTreeMap<(Kind, u64, Kind, u64), Vec<u32>>);

impl Links {
    /// Associated records of a type, in id order, with the types of each association.
    pub fn of(&self, from: End, to: Kind) -> impl Iterator<Item = (u64, &[u32])> {
        self.from(from, to, 0)
    }

    /// The same, of the records with this id or a later one.
    pub fn from(&self, from: End, to: Kind, start: u64) -> impl Iterator<Item = (u64, &[u32])> {
        let first = (from.0, from.1, to, start);
        let last = (from.0, from.1, to, u64::MAX);
        self.0.range(first..=last).map(|(key, types)| (key.3, types.as_slice()))
    }

    /// Everything a record is associated with.
    pub(crate) fn all_of(&self, from: End) -> impl Iterator<Item = End> {
        let range = self.0.range((from.0, from.1, first_kind(), 0)..);
        range.take_while(move |(key, _)| (key.0, key.1) == from).map(|(key, _)| (key.2, key.3))
    }

    /// The associations from one object type to another that have a type.
    pub(crate) fn of_type(&self, from: Kind, to: Kind, id: u32) -> impl Iterator<Item = (End, End)> {
        let range = self.0.range((from, 0, first_kind(), 0)..).take_while(move |(key, _)| key.0 == from);
        range.filter(move |(key, types)| key.2 == to && types.contains(&id)).map(|(key, _)| ((key.0, key.1), (key.2, key.3)))
    }

    /// Every association, each direction by itself.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (End, End)> {
        self.0.keys().map(|key| ((key.0, key.1), (key.2, key.3)))
    }

    /// The types of one association, in one direction.
    pub fn between(&self, from: End, to: End) -> &[u32] {
        self.0.get(&(from.0, from.1, to.0, to.1)).map_or(&[], Vec::as_slice)
    }

    /// Sets the types of one direction; none removes it.
    pub(crate) fn set(&mut self, from: End, to: End, types: Vec<u32>) {
        let key = (from.0, from.1, to.0, to.1);
        if types.is_empty() {
            self.0.remove(&key);
        } else {
            self.0.insert(key, types);
        }
    }
}

fn first_kind() -> Kind {
    Kind::standard().next().expect("there are object types")
}

static TYPES: LazyLock<HashMap<(Kind, Kind), Vec<LinkType>>> = LazyLock::new(|| {
    let mut published: HashMap<Pair, Vec<Published>> = HashMap::new();
    for row in association::published() {
        let pair = Kind::of(row.from.name).zip(Kind::of(row.to.name)).expect("the ends of an association are standard types");
        published.entry(pair).or_default().push((row.id, row.label));
    }
    let pairs = Kind::standard().flat_map(|from| Kind::standard().map(move |to| (from, to)));
    pairs
        .map(|(from, to)| {
            ((from, to), named(from, to, published.remove(&(from, to)).unwrap_or_else(|| vec![(derived_id(from, to), None)])))
        })
        .collect()
});

/// From and to.
pub(crate) type Pair = (Kind, Kind);
/// HubSpot's id and label of a type.
type Published = (u32, Option<&'static str>);

fn named(from: Kind, to: Kind, links: Vec<(u32, Option<&'static str>)>) -> Vec<LinkType> {
    let singular = |kind: Kind| kind.row().map_or("", |row| row.singular);
    let base = format!("{}_to_{}", singular(from), singular(to));
    let has_primary = links.iter().any(|(_, label)| *label == Some("Primary"));
    // The bare v3 name is the primary type's where a pair has one.
    let name = |label| match label {
        Some("Primary") => base.clone(),
        Some("Child Company") => "parent_to_child_company".to_owned(),
        Some(_) => "child_to_parent_company".to_owned(),
        None if has_primary => format!("{base}_unlabeled"),
        None => base.clone(),
    };
    let category = Category::HubspotDefined;
    links.iter().map(|&(id, label)| LinkType { id, label: label.map(Into::into), name: name(label), category, inverse: None }).collect()
}

fn derived_id(from: Kind, to: Kind) -> u32 {
    if from.row().is_none() || to.row().is_none() {
        // With 1,000 places for each end; below them are the ids of two standard types.
        return DERIVED_TYPE_ID_BASE + 1_000_000 + 1_000 * from.index() as u32 + to.index() as u32;
    }
    // The number of a standard type id is below 1,000; types without one count down from 999.
    let number = |kind: Kind| {
        let own = kind.row().and_then(|row| row.type_id?.strip_prefix("0-")?.parse::<u32>().ok());
        own.unwrap_or_else(|| {
            let name = kind.row().map_or("", |row| row.name);
            999 - ["contracts", "partner_clients", "partner_services"].iter().position(|own| *own == name).unwrap_or(3) as u32
        })
    };
    DERIVED_TYPE_ID_BASE + 1_000 * number(from) + number(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(from: &str, to: &str, expected: &str) {
        let (from, to) = (Kind::of(from).unwrap(), Kind::of(to).unwrap());
        let got: Vec<String> = LinkTypes::default().of(from, to).iter().map(|link| format!("{} {}", link.id, link.name)).collect();
        assert_eq!(got.join(", "), expected);
    }

    #[test]
    fn published_ids_are_hubspots_and_the_rest_lie_above_them() {
        check("contacts", "companies", "279 contact_to_company_unlabeled, 1 contact_to_company");
        check("notes", "contacts", "202 note_to_contact");
        check("contacts", "deals", "4 contact_to_deal");
        check("courses", "carts", "10410142 course_to_cart");
    }

    #[test]
    fn no_two_types_share_an_id() {
        let mut ids: Vec<u32> = TYPES.values().flatten().map(|link| link.id).collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }

    #[test]
    fn the_inverse_of_a_child_is_a_parent() {
        let (contacts, companies) = (Kind::of("contacts").unwrap(), Kind::of("companies").unwrap());
        let types = LinkTypes::default();
        assert_eq!(types.inverse(contacts, companies, 1), 2);
        assert_eq!(types.inverse(contacts, companies, 279), 280);
        assert_eq!(types.inverse(companies, companies, 13), 14);
    }
}
