//! Reads the object types in JSON, in one pass, and keeps nothing else of it.
//!
//! A body may have a duplicate key. Nobody knows which of the two values HubSpot takes, so both count. A body that names
//! types but is not readable JSON is marked, since HubSpot may read it.

use std::fmt;

use memchr::{memchr, memmem};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::plan::Body;
use super::{Access, Beside};
use crate::{association, object_type};

/// Whether a body may name types. Bodies of records are searched for one word. A name written with escapes, and JSON in an
/// encoding other than UTF-8 (which has zero bytes), count as well.
pub(super) fn may_name_types(form: Body, bytes: &[u8]) -> bool {
    match form {
        Body::None => false,
        Body::Records(_) | Body::Ids => {
            memmem::find(bytes, b"ssociations").is_some() || memmem::find(bytes, b"\\u").is_some() || memchr(0, bytes).is_some()
        }
        Body::Types(_) | Body::Definitions | Body::Events => !bytes.is_empty(),
    }
}

/// Reads a body.
pub(super) fn body(beside: &mut Beside, form: Body, bytes: &[u8]) {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let mut reading = Reading { beside, form };
    let read = At { reading: &mut reading, place: Place::Any, frame: &mut Frame::default() }.deserialize(&mut json);
    if read.and_then(|()| json.end()).is_err() {
        beside.unreadable = true;
    }
}

struct Reading<'b> {
    beside: &'b mut Beside,
    form: Body,
}

/// The reader's place in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// A value that is skipped.
    Skip,
    /// Anywhere else.
    Any,
    /// A name of a type, or several names.
    Name,
    /// An object whose keys are names of types.
    NamedKeys,
    /// The associations of a record: names of types, or targets.
    Associations,
    /// The types of one association.
    Types,
    TypeId,
    Category,
    /// The association in a column of an import; the column names both ends.
    ForeignKey,
    /// Ids of records of the type in this row.
    Ids(&'static str),
    Definition,
    Event,
}

/// One association in an object, collected until the object ends.
#[derive(Default)]
struct Frame {
    ids: Vec<Option<u64>>,
    /// Whether all categories are HubSpot's own.
    is_own: bool,
    /// Whether the object names a type by its name.
    has_name: bool,
    /// Whether nested objects named the other end of the association.
    has_types: bool,
    /// Whether it is the target of an association.
    is_target: bool,
}

/// Fields that contain an object type, in any letter case.
const TYPE_FIELDS: [&str; 14] = [
    "objectType",
    "objectTypeId",
    "objectTypeIds",
    "objectTypes",
    "fromObjectType",
    "fromObjectTypeId",
    "toObjectType",
    "toObjectTypeId",
    "associatedObjectType",
    "associatedObjectTypes",
    "associatedObjectTypeIds",
    "columnObjectType",
    "columnObjectTypeId",
    "toColumnObjectTypeId",
];

/// Fields with ids in the APIs before v3, and the type of the records.
const ID_FIELDS: [(&str, &str); 8] = [
    ("contactIds", "contacts"),
    ("associatedVids", "contacts"),
    ("companyIds", "companies"),
    ("associatedCompanyIds", "companies"),
    ("dealIds", "deals"),
    ("associatedDealIds", "deals"),
    ("ticketIds", "tickets"),
    ("associatedTicketIds", "tickets"),
];

impl Reading<'_> {
    fn access(&self) -> Access {
        match self.form {
            Body::Records(access) | Body::Types(access) => access,
            Body::Events => Access::Read,
            Body::None | Body::Ids | Body::Definitions => Access::Write,
        }
    }

    /// The place of a key's value.
    fn child(&mut self, place: Place, key: &str) -> Place {
        let is = |name: &str| key.eq_ignore_ascii_case(name);
        match (self.form, place) {
            (_, Place::NamedKeys) => {
                self.beside.add_named(key, self.access());
                Place::Skip
            }
            (_, Place::Skip) => Place::Skip,
            // Values of records: a property may have any name.
            (Body::Records(_), Place::Any) if is("properties") => Place::Skip,
            (Body::Records(_), Place::Any) if is("associations") => Place::Associations,
            (Body::Records(_), Place::Associations) if is("types") => Place::Types,
            (Body::Records(_), Place::Associations | Place::Types) if is("associationTypeId") => Place::TypeId,
            (Body::Records(_), Place::Associations | Place::Types) if is("associationCategory") => Place::Category,
            (Body::Records(_), Place::Associations) => {
                // The form of answers: a key for each type.
                if let Some(row) = object_type::row_of(key) {
                    self.beside.add(row, self.access());
                }
                Place::Skip
            }
            (Body::Records(_), Place::Types) => Place::Skip,
            (Body::Types(_), _) if TYPE_FIELDS.iter().any(|name| is(name)) => Place::Name,
            (Body::Types(_), _) if is("importOperations") => Place::NamedKeys,
            (Body::Types(_), _) if is("foreignKeyType") => Place::ForeignKey,
            (Body::Types(_), _) if is("associationTypeId") => Place::TypeId,
            (Body::Types(_), _) if is("associationCategory") => Place::Category,
            (Body::Ids, Place::Any) if is("associations") => Place::Associations,
            (Body::Ids, Place::Associations) => ID_FIELDS.iter().find(|(name, _)| is(name)).map_or(Place::Skip, |(_, row)| Place::Ids(row)),
            (Body::Definitions, Place::Any) if is("definitionId") => Place::Definition,
            (Body::Definitions, Place::Any) if is("category") => Place::Category,
            (Body::Events, _) if is("eventType") || is("subscriptionType") => Place::Event,
            (Body::Events, _) if TYPE_FIELDS.iter().any(|name| is(name)) => Place::Name,
            _ => Place::Any,
        }
    }

    fn text(&mut self, place: Place, text: &str, frame: &mut Frame) {
        match place {
            Place::Name => {
                if !text.is_empty() {
                    frame.has_name = true;
                    self.beside.add_named(text, self.access());
                }
            }
            Place::Associations if matches!(self.form, Body::Records(_)) => self.beside.add_named(text, self.access()),
            Place::TypeId | Place::Definition => frame.ids.push(text.trim().parse().ok()),
            Place::Category => frame.is_own &= text.eq_ignore_ascii_case("HUBSPOT_DEFINED"),
            Place::Ids(row) => self.add_row(row),
            Place::Event => {
                // `object` and `conversation` are not object types. Nobody documents which other subjects are not, so an unknown one is
                // ignored.
                let subject = text.split('.').next().unwrap_or_default();
                if let Some(row) = object_type::row_of(subject).filter(|_| text.contains('.')) {
                    self.beside.add(row, Access::Read);
                }
            }
            Place::Any | Place::Types | Place::ForeignKey => {
                if let Some(name) = associated(text) {
                    self.beside.add_named(name, Access::Read);
                }
            }
            Place::Skip | Place::NamedKeys | Place::Associations => {}
        }
    }

    fn number(&mut self, place: Place, number: Option<u64>, frame: &mut Frame) {
        match place {
            Place::TypeId | Place::Definition => frame.ids.push(number),
            Place::Ids(row) => self.add_row(row),
            _ => {}
        }
    }

    fn add_row(&mut self, row: &str) {
        if let Some(row) = object_type::row_of(row) {
            self.beside.add(row, Access::Write);
        }
    }

    /// Called at the end of an object.
    fn leave(&mut self, place: Place, frame: &Frame, outer: &mut Frame) {
        for id in &frame.ids {
            match self.form {
                Body::Definitions => self.beside.add_association(*id, frame.is_own, Access::Write, true),
                Body::Types(_) if frame.has_name => {}
                Body::Types(_) if place == Place::ForeignKey && association::resolved(*id, frame.is_own).is_none() => {}
                Body::Types(access) => self.beside.add_association(*id, frame.is_own, access, true),
                _ => self.beside.add_association(*id, frame.is_own, Access::Write, false),
            }
        }
        let has_types = !frame.ids.is_empty() || frame.has_types;
        match place {
            Place::Types => outer.has_types |= has_types,
            // A target without an association type: HubSpot decides what kind of record it is.
            Place::Associations if matches!(self.form, Body::Records(_)) && !has_types && frame.is_target => {
                self.beside.add_unresolved(None, Access::Write)
            }
            _ => {}
        }
    }
}

/// The name of a type in `associations.deal`. Searches and filters accept it in place of a property.
fn associated(text: &str) -> Option<&str> {
    const PREFIX: &str = "associations.";
    let start = text.trim_start_matches(['-', '+', ' ']);
    let named = start.get(..PREFIX.len()).is_some_and(|prefix| prefix.eq_ignore_ascii_case(PREFIX));
    named.then(|| start.get(PREFIX.len()..).unwrap_or_default().split('.').next().unwrap_or_default())
}

/// A value at a place, within an object.
struct At<'r, 'b> {
    reading: &'r mut Reading<'b>,
    place: Place,
    frame: &'r mut Frame,
}

impl<'de> DeserializeSeed<'de> for At<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        if self.place == Place::Skip { json.deserialize_ignored_any(IgnoredAny).map(drop) } else { json.deserialize_any(self) }
    }
}

impl<'de> Visitor<'de> for At<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut own = Frame { is_own: true, ..Frame::default() };
        // Where an object is in the place of a name, its members are read like any others.
        let place = if self.place == Place::Name { Place::Any } else { self.place };
        while let Some(child) = map.next_key_seed(Key { reading: self.reading, place, frame: &mut own })? {
            map.next_value_seed(At { reading: self.reading, place: child, frame: &mut own })?;
        }
        self.reading.leave(place, &own, self.frame);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(At { reading: self.reading, place: self.place, frame: self.frame })?.is_some() {}
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.reading.text(self.place, text, self.frame);
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.reading.number(self.place, Some(number), self.frame);
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.reading.number(self.place, None, self.frame);
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        // HubSpot may read 4.0 as 4.
        let whole = (number.fract() == 0.0 && (0.0..1e9).contains(&number)).then_some(number as u64);
        self.reading.number(self.place, whole, self.frame);
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// A key, which decides the place of its value.
struct Key<'r, 'b> {
    reading: &'r mut Reading<'b>,
    place: Place,
    frame: &'r mut Frame,
}

impl<'de> DeserializeSeed<'de> for Key<'_, '_> {
    type Value = Place;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Place, D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_, '_> {
    type Value = Place;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Place, E> {
        self.frame.is_target |= key.eq_ignore_ascii_case("to");
        Ok(self.reading.child(self.place, key))
    }
}
