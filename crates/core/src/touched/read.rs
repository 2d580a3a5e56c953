//! Reads ids and names of properties in JSON, in one pass, and keeps nothing else of it.
//!
//! A body may have a duplicate key. Nobody knows which of the two values HubSpot takes, so both count. The JSON parser bounds
//! the depth, and skipped values need no depth.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::plan::Body;
use super::{RecordRef, Touched, id_of, is_own_id};
use crate::association;

/// Reads a body.
pub(super) fn body(touched: &mut Touched, bytes: &[u8]) {
    let mut reading = Reading::new(touched);
    let whole = reading.read(bytes, Place::Body);
    reading.end();
    touched.incomplete |= !whole;
}

/// Reads an answer. Returns whether all of it could be parsed. Of one record's answer, only the part up to its id is read.
pub(super) fn answer(touched: &mut Touched, bytes: &[u8]) -> bool {
    let is_one = touched.plan.is_one();
    let mut reading = Reading { stops_after: is_one.then(|| touched.found()), ..Reading::new(touched) };
    let whole = reading.read(bytes, Place::Answer);
    reading.end();
    whole
}

/// The reader's place in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// A value that is skipped.
    Skip,
    Body,
    Inputs,
    /// One of several records.
    Input,
    /// The id of the record that the reader is in.
    Id,
    /// A text that names the record by something other than its id.
    OtherName,
    /// The property whose value names this record.
    IdProperty,
    /// The property whose values name all records.
    IdPropertyOfAll,
    /// Names and values, or a list of pairs of them.
    Properties,
    Property,
    PropertyName,
    /// One or more ends of an association: the side, as in the path.
    Ends(usize),
    EndId(usize),
    /// The associations of a new record.
    Associations,
    Association,
    Target,
    TargetId,
    TargetTypes,
    TargetType,
    TargetTypeId,
    /// The same in the APIs before v3: ids of one type.
    LegacyAssociations,
    IdsOf(&'static str),
    Answer,
    Results,
    Result,
    IdOf(&'static str),
    Engagement,
    EngagementId,
    EngagementType,
}

/// One record, collected until it is known how the call names it.
#[derive(Default)]
struct Input {
    ids: Vec<Option<u64>>,
    by_property: bool,
}

/// The target of an association: its id, and the association's type, which shows the target's object type.
#[derive(Default)]
struct Target {
    ids: Vec<Option<u64>>,
    type_ids: Vec<u64>,
}

struct Reading<'t> {
    touched: &'t mut Touched,
    input: Input,
    target: Target,
    /// Ids of inputs, until it is known whether a property names all of them.
    inputs: Vec<Option<u64>>,
    more_inputs: u64,
    all_by_property: bool,
    engagement: (Option<u64>, Option<&'static str>),
    /// The records that are known before. An answer about one record ends for the reader once there are more.
    stops_after: Option<u64>,
}

/// The most ids at one place; more are an attack.
const IDS_MAX: usize = 16;

impl<'t> Reading<'t> {
    fn new(touched: &'t mut Touched) -> Self {
        let (input, target) = (Input::default(), Target::default());
        Self {
            touched,
            input,
            target,
            inputs: Vec::new(),
            more_inputs: 0,
            all_by_property: false,
            engagement: (None, None),
            stops_after: None,
        }
    }

    fn read(&mut self, bytes: &[u8], place: Place) -> bool {
        let mut json = serde_json::Deserializer::from_slice(bytes);
        At { reading: self, place }.deserialize(&mut json).is_ok() && json.end().is_ok()
    }

    /// The place of a key's value.
    fn child(&mut self, place: Place, key: &str) -> Place {
        let form = self.touched.plan.body;
        match (place, key) {
            (Place::Body, "inputs") if matches!(form, Body::Inputs | Body::Links) => Place::Inputs,
            (Place::Body, "idProperty") if matches!(form, Body::Inputs | Body::Erase) => Place::IdPropertyOfAll,
            (Place::Body, "properties") if matches!(form, Body::Record | Body::Legacy) => Place::Properties,
            (Place::Input, "properties") if form != Body::Links => Place::Properties,
            (Place::Body, "associations") if form == Body::Record => Place::Associations,
            (Place::Input, "associations") if form == Body::Inputs => Place::Associations,
            (Place::Body, "associations") if form == Body::Legacy => Place::LegacyAssociations,
            (Place::Body, "primaryObjectId" | "objectIdToMerge" | "vidToMerge") if form == Body::Merge => Place::EndId(0),
            (Place::Body, "objectId") if form == Body::Erase => Place::Id,
            (Place::Input, "id") => Place::Id,
            (Place::Input, "vid" | "objectId") if form == Body::LegacyList => Place::Id,
            (Place::Input, "email") if form == Body::LegacyList => Place::OtherName,
            (Place::Input, "idProperty") => Place::IdProperty,
            (Place::Input, "from") if form == Body::Links => Place::Ends(0),
            (Place::Input, "to") if form == Body::Links => Place::Ends(1),
            (Place::Ends(side), "id") => Place::EndId(side),
            (Place::Properties, name) => {
                self.touched.add_property(name);
                Place::Skip
            }
            (Place::Property, "name" | "property") => Place::PropertyName,
            (Place::Association, "to") => Place::Target,
            (Place::Association, "types") => Place::TargetTypes,
            (Place::Target, "id") => Place::TargetId,
            (Place::TargetType, "associationTypeId") => Place::TargetTypeId,
            (Place::LegacyAssociations, "contactIds" | "associatedVids") => Place::IdsOf("contacts"),
            (Place::LegacyAssociations, "companyIds" | "associatedCompanyIds") => Place::IdsOf("companies"),
            (Place::LegacyAssociations, "dealIds" | "associatedDealIds") => Place::IdsOf("deals"),
            (Place::LegacyAssociations, "ticketIds" | "associatedTicketIds") => Place::IdsOf("tickets"),
            (Place::Answer, "results") => Place::Results,
            (Place::Answer | Place::Result, "id") => Place::EndId(0),
            (Place::Answer, "vid") => Place::IdOf("contacts"),
            (Place::Answer, "companyId") => Place::IdOf("companies"),
            (Place::Answer, "dealId") => Place::IdOf("deals"),
            (Place::Answer, "engagement") => Place::Engagement,
            (Place::Engagement, "id") => Place::EngagementId,
            (Place::Engagement, "type") => Place::EngagementType,
            _ => Place::Skip,
        }
    }

    /// The place of a list's items.
    fn item(&self, place: Place) -> Place {
        match place {
            Place::Inputs => Place::Input,
            Place::Body if self.touched.plan.body == Body::LegacyList => Place::Input,
            // In objects before v3, the body itself contains the properties.
            Place::Body if matches!(self.touched.plan.body, Body::Record | Body::Legacy) => Place::Property,
            Place::Properties => Place::Property,
            Place::Ends(side) => Place::Ends(side),
            Place::Associations => Place::Association,
            Place::Target => Place::Target,
            Place::TargetTypes => Place::TargetType,
            Place::IdsOf(kind) => Place::IdOf(kind),
            Place::Results => Place::Result,
            _ => Place::Skip,
        }
    }

    /// A number, or a text that may be one.
    fn id(&mut self, place: Place, id: Option<u64>) {
        let keep = |ids: &mut Vec<Option<u64>>| {
            if ids.len() < IDS_MAX {
                ids.push(id)
            }
        };
        match place {
            Place::Id => keep(&mut self.input.ids),
            Place::OtherName => {
                self.input.ids.push(None);
                self.input.ids.truncate(IDS_MAX);
            }
            Place::EndId(side) => self.touched.add(side, id),
            Place::TargetId => keep(&mut self.target.ids),
            Place::TargetTypeId => {
                if let (Some(id), true) = (id, self.target.type_ids.len() < IDS_MAX) {
                    self.target.type_ids.push(id);
                }
            }
            Place::IdOf(kind) => match id {
                Some(id) => self.touched.add_record(RecordRef { object_type: kind.into(), id }),
                None => self.touched.more += 1,
            },
            Place::EngagementId => self.engagement.0 = id.or(self.engagement.0),
            _ => {}
        }
    }

    fn text(&mut self, place: Place, text: &str) {
        match place {
            Place::PropertyName => self.touched.add_property(text),
            Place::IdProperty => self.input.by_property |= !is_own_id(text),
            Place::IdPropertyOfAll => self.all_by_property |= !is_own_id(text),
            Place::EngagementType => {
                let types = [("NOTE", "notes"), ("TASK", "tasks"), ("CALL", "calls"), ("EMAIL", "emails"), ("MEETING", "meetings")];
                self.engagement.1 = types.iter().find(|(name, _)| text.contains(name)).map(|(_, object_type)| *object_type);
            }
            _ => self.id(place, id_of(text).filter(|_| !text.is_empty())),
        }
    }

    /// Called at the end of an object.
    fn leave(&mut self, place: Place) {
        match place {
            Place::Input => {
                let Input { ids, by_property } = std::mem::take(&mut self.input);
                self.touched.by_property |= by_property;
                for id in ids {
                    let id = if by_property { None } else { id };
                    if self.inputs.len() < super::RECORDS_MAX { self.inputs.push(id) } else { self.more_inputs += 1 }
                }
            }
            Place::Association => {
                let Target { ids, type_ids } = std::mem::take(&mut self.target);
                let object_type = type_ids.iter().find_map(|id| association::by_id(u32::try_from(*id).ok()?)).map(|row| row.to.name);
                for id in ids {
                    match (object_type, id) {
                        (Some(object_type), Some(id)) => self.touched.add_record(RecordRef { object_type: object_type.into(), id }),
                        // The object type is unknown, and no answer shows it.
                        _ => self.touched.more += 1,
                    }
                }
            }
            Place::Engagement => {
                if let (Some(id), object_type) = std::mem::take(&mut self.engagement) {
                    self.touched.add_record(RecordRef { object_type: object_type.unwrap_or(super::ENGAGEMENTS).into(), id });
                }
            }
            _ => {}
        }
    }

    /// Called at the end of the body: now the ids of the inputs count.
    fn end(&mut self) {
        self.leave(Place::Input);
        self.touched.by_property |= self.all_by_property;
        for id in std::mem::take(&mut self.inputs) {
            self.touched.add(0, id.filter(|_| !self.all_by_property));
        }
        self.touched.more += self.more_inputs;
    }
}

/// A value at a place.
struct At<'r, 't> {
    reading: &'r mut Reading<'t>,
    place: Place,
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
        while let Some(place) = map.next_key_seed(Key { reading: self.reading, place: self.place })? {
            map.next_value_seed(At { reading: self.reading, place })?;
            if self.place == Place::Answer && self.reading.stops_after.is_some_and(|before| self.reading.touched.found() > before) {
                return Err(serde::de::Error::custom("the rest is not needed"));
            }
        }
        self.reading.leave(self.place);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let place = self.reading.item(self.place);
        while seq.next_element_seed(At { reading: self.reading, place })?.is_some() {}
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.reading.text(self.place, text);
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.reading.id(self.place, Some(number));
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.reading.id(self.place, None);
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.reading.id(self.place, None);
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
struct Key<'r, 't> {
    reading: &'r mut Reading<'t>,
    place: Place,
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
        Ok(self.reading.child(self.place, key))
    }
}
