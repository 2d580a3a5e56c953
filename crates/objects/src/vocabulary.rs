//! The definitions that HubSpot makes in every account. `keyway_core::mask` keeps their names and replaces all
//! others.

use keyway_core::association;
use keyway_core::mask::Vocabulary;

use crate::kind::Kind;
use crate::pipelines;
use crate::schema::Schema;

/// The properties, options, groups, pipelines, stages and association labels that every account has.
pub fn vocabulary() -> Vocabulary {
    let mut known = Vocabulary::default();
    for kind in Kind::standard() {
        for property in Schema::of(kind).all() {
            let entry = known.properties.entry(property.name.to_string()).or_default();
            // Where two types have a property of one name, its values are masked as those of text: the safe side.
            let value_type = property.value_type.as_str();
            let is_same = entry.value_type.is_empty() || entry.value_type == value_type;
            entry.value_type = if is_same { value_type } else { "string" }.to_owned();
            entry.options.extend(property.choices.iter().map(|choice| choice.value.to_string()));
            known.words.extend([property.label.to_string(), property.group.to_string()]);
            known.words.extend(property.choices.iter().flat_map(|choice| [choice.value.to_string(), choice.label.to_string()]));
        }
        for pipeline in pipelines::defaults(kind).iter() {
            known.words.extend([pipeline.id.clone(), pipeline.label.clone()]);
            known.words.extend(pipeline.stages.iter().flat_map(|stage| [stage.id.clone(), stage.label.clone()]));
        }
    }
    known.words.extend(association::published().iter().filter_map(|published| published.label.map(str::to_owned)));
    known
}
