//! The stages of an object type: which property says where a record is, and the properties that HubSpot has for
//! each stage (knowledge.hubspot.com/properties/stage-calculated-properties). Their values are in `derived`.

use keyway_core::object_type::ObjectType;

use crate::kind::Kind;
use crate::pipelines::{self, Pipeline};
use crate::property::{Flag, Property, ValueType};

/// The property that says in which stage a record is; none of a type without stages.
pub fn stage_property(kind: Kind) -> Option<&'static str> {
    match kind.row().map(|row: &ObjectType| row.name) {
        Some("contacts" | "companies") => Some("lifecyclestage"),
        _ => pipelines::properties_of(kind).map(|(_, stage)| stage),
    }
}

/// The properties that a type has for its stages: those of pipelines, or of lifecycle stages. `stage` is the property
/// that says in which stage a record is.
pub fn definitions(stage: Option<&Property>, pipelines: &[Pipeline]) -> Vec<Property> {
    let Some(stage) = stage else { return Vec::new() };
    let mut made = vec![definition("hs_v2_date_entered_current_stage", "Date entered current stage", ValueType::DateTime, &stage.group)];
    let choices = stage.choices.iter().map(|choice| (&*choice.value, choice.label.to_string(), "Lifecycle Stage Pipeline"));
    let stages = pipelines
        .iter()
        .flat_map(|pipeline| pipeline.stages.iter().map(|stage| (stage.id.as_str(), stage.label.clone(), pipeline.label.as_str())));
    for (id, label, pipeline) in choices.chain(stages) {
        // The name of a property has a maximum length. None of HubSpot's stages has an id that long.
        let id: String = id.bytes().take(ID_CHARS_MAX).map(|byte| char::from(in_name(byte))).collect();
        for (name, text, value_type) in [
            ("date_entered", "Date entered", ValueType::DateTime),
            ("date_exited", "Date exited", ValueType::DateTime),
            ("latest_time_in", "Latest time in", ValueType::Number),
            ("cumulative_time_in", "Cumulative time in", ValueType::Number),
        ] {
            made.push(definition(&format!("hs_v2_{name}_{id}"), &format!("{text} \"{label} ({pipeline})\""), value_type, &stage.group));
        }
        if stage.name.as_ref() == "lifecyclestage" {
            let name = format!("hs_lifecyclestage_{id}_date");
            made.push(definition(&name, &format!("Became a {label} date"), ValueType::DateTime, &stage.group));
        }
    }
    made
}

const ID_CHARS_MAX: usize = 64;

fn definition(name: &str, label: &str, value_type: ValueType, group: &str) -> Property {
    let field_type = if value_type == ValueType::Number { "number" } else { "date" };
    let mut property = Property { group: group.to_owned().into(), ..Property::new(name, label, value_type, field_type) };
    property.set(Flag::ReadOnly, true);
    property.set(Flag::Calculated, true);
    property.set(Flag::OfStage, true);
    property
}

/// A byte of a stage's id, as names of properties have it.
pub fn in_name(byte: u8) -> u8 {
    if byte.is_ascii_alphanumeric() { byte.to_ascii_lowercase() } else { b'_' }
}
