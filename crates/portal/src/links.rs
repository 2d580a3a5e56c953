//! Associations between records, and the types they can have.
//!
//! Every association stands here twice, once for each direction. That both records exist is
//! checked by the caller.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use crate::kind::Kind;

/// First type id given to pairs whose id HubSpot publishes nowhere that we know of. Far above
/// HubSpot's own ids, so the two can never be confused: base + 1,000 × from + to.
pub const DERIVED_TYPE_ID_BASE: u32 = 10_000_000;

/// One end of an association.
pub type End = (Kind, u64);

/// A type that an association can have, in one direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkType {
    /// HubSpot's id of it.
    pub id: u32,
    /// Nothing for the plain type that every association has.
    pub label: Option<&'static str>,
    /// The v3 name, such as `contact_to_company`.
    pub name: String,
}

/// The types from one object type to another, the plain one first.
pub fn types(from: Kind, to: Kind) -> &'static [LinkType] {
    &TYPES[&(from, to)]
}

/// The type with this id, or with this v3 name.
pub fn find_type(from: Kind, to: Kind, id_or_name: &str) -> Option<&'static LinkType> {
    let id = id_or_name.parse::<u32>().ok();
    types(from, to).iter().find(|link| Some(link.id) == id || link.name == id_or_name)
}

/// The type that the other direction has: the same label, or parent for child.
pub fn inverse(from: Kind, to: Kind, id: u32) -> u32 {
    let own = types(from, to).iter().find(|link| link.id == id);
    let label = match own.and_then(|link| link.label) {
        Some("Child Company") => Some("Parent Company"),
        Some("Parent Company") => Some("Child Company"),
        label => label,
    };
    let back = types(to, from);
    back.iter().find(|link| link.label == label).unwrap_or(&back[0]).id
}

/// The associations of an account.
#[derive(Debug, Default)]
pub struct Links(BTreeMap<(Kind, u64, Kind, u64), Vec<u32>>);

impl Links {
    /// Associated records of a type, in id order, with the types of each association.
    pub fn of(&self, from: End, to: Kind) -> impl Iterator<Item = (u64, &[u32])> {
        let first = (from.0, from.1, to, 0);
        let last = (from.0, from.1, to, u64::MAX);
        self.0.range(first..=last).map(|(key, types)| (key.3, types.as_slice()))
    }

    /// Everything a record is associated with.
    pub fn all_of(&self, from: End) -> Vec<End> {
        let range = self.0.range((from.0, from.1, first_kind(), 0)..);
        range.take_while(|(key, _)| (key.0, key.1) == from).map(|(key, _)| (key.2, key.3)).collect()
    }

    /// Every association, once for each direction.
    pub fn all(&self) -> impl Iterator<Item = (End, End, &[u32])> {
        self.0.iter().map(|(key, types)| ((key.0, key.1), (key.2, key.3), types.as_slice()))
    }

    /// The types of one association, in one direction.
    pub fn between(&self, from: End, to: End) -> &[u32] {
        self.0.get(&(from.0, from.1, to.0, to.1)).map_or(&[], Vec::as_slice)
    }

    /// Sets the types of one direction; none removes it.
    pub fn set(&mut self, from: End, to: End, types: Vec<u32>) {
        let key = (from.0, from.1, to.0, to.1);
        if types.is_empty() {
            self.0.remove(&key);
        } else {
            self.0.insert(key, types);
        }
    }
}

fn first_kind() -> Kind {
    Kind::all().next().expect("there are object types")
}

static TYPES: LazyLock<HashMap<(Kind, Kind), Vec<LinkType>>> = LazyLock::new(|| {
    let mut published: HashMap<Pair, Vec<Published>> = HashMap::new();
    for line in include_str!("../data/association_types.tsv").lines().skip(1) {
        let (pair, link) = row(line).expect("a row of association_types.tsv has two types, an id and a label");
        published.entry(pair).or_default().push(link);
    }
    let pairs = Kind::all().flat_map(|from| Kind::all().map(move |to| (from, to)));
    pairs
        .map(|(from, to)| {
            ((from, to), named(from, to, published.remove(&(from, to)).unwrap_or_else(|| vec![(derived_id(from, to), None)])))
        })
        .collect()
});

/// From and to.
type Pair = (Kind, Kind);
/// HubSpot's id and label of a type.
type Published = (u32, Option<&'static str>);

fn row(line: &'static str) -> Option<(Pair, Published)> {
    let mut cells = line.split('\t');
    let pair = (Kind::of(cells.next()?)?, Kind::of(cells.next()?)?);
    Some((pair, (cells.next()?.parse().ok()?, cells.next().filter(|label| *label != "-"))))
}

fn named(from: Kind, to: Kind, links: Vec<(u32, Option<&'static str>)>) -> Vec<LinkType> {
    let base = format!("{}_to_{}", from.singular(), to.singular());
    let has_primary = links.iter().any(|(_, label)| *label == Some("Primary"));
    // The bare v3 name is the primary type's where a pair has one.
    let name = |label| match label {
        Some("Primary") => base.clone(),
        Some("Child Company") => "parent_to_child_company".to_owned(),
        Some(_) => "child_to_parent_company".to_owned(),
        None if has_primary => format!("{base}_unlabeled"),
        None => base.clone(),
    };
    links.iter().map(|&(id, label)| LinkType { id, label, name: name(label) }).collect()
}

fn derived_id(from: Kind, to: Kind) -> u32 {
    // The number of a standard type id is below 1,000; types without one count down from 999.
    let number = |kind: Kind| {
        let own = kind.row().type_id.and_then(|id| id.strip_prefix("0-")).and_then(|id| id.parse::<u32>().ok());
        own.unwrap_or_else(|| {
            999 - ["contracts", "partner_clients", "partner_services"].iter().position(|name| *name == kind.name()).unwrap_or(3) as u32
        })
    };
    DERIVED_TYPE_ID_BASE + 1_000 * number(from) + number(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(from: &str, to: &str, expected: &str) {
        let (from, to) = (Kind::of(from).unwrap(), Kind::of(to).unwrap());
        let got: Vec<String> = types(from, to).iter().map(|link| format!("{} {}", link.id, link.name)).collect();
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
        assert_eq!(inverse(contacts, companies, 1), 2);
        assert_eq!(inverse(contacts, companies, 279), 280);
        assert_eq!(inverse(companies, companies, 13), 14);
    }
}
