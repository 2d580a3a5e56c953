//! The definitions of a seed: owners, groups, properties, pipelines, labels and lists.

use keyway_objects::links::{Category, LinkType};
use keyway_objects::state::Owner;
use serde_json::{Map, Value, json};

use super::format::{Label, SeedOwner};
use super::{Filled, Filling, encoded, list};
use crate::RefillError;

/// Longest text of an owner, in bytes.
const TEXT_MAX: usize = 255;

impl Filling<'_> {
    pub(super) fn owners(&mut self, owners: Vec<SeedOwner>) -> Filled {
        for (at, owner) in owners.into_iter().enumerate() {
            let SeedOwner { id, user_id, email, first_name, last_name } = owner;
            if !email.contains('@') || [&email, &first_name, &last_name].iter().any(|text| text.len() > TEXT_MAX) {
                return Err(RefillError::Invalid(format!("owners[{at}]: an owner has an address, and texts of {TEXT_MAX} bytes at most")));
            }
            let user_id = user_id.unwrap_or(id);
            self.tx.put_owner(Owner { id, user_id, email, first_name, last_name, created_at: self.now, archived: false });
        }
        Ok(())
    }

    pub(super) fn groups(&mut self, groups: Map<String, Value>) -> Filled {
        for (kind, definitions) in groups {
            let path = format!("/crm/properties/2026-09/{}/groups", encoded(&kind));
            for (at, definition) in list(&kind, definitions)?.into_iter().enumerate() {
                let name = definition["name"].as_str().unwrap_or_default();
                let there = self.tx.state.kind(&kind).and_then(|own| self.tx.state.schema(own).groups.get(name));
                let place = format!("groups.{kind}[{at}]");
                if there.is_some_and(|group| !group.archived) {
                    let path = format!("{path}/{}", encoded(name));
                    self.call(&place, "PATCH", &path, definition)?;
                } else {
                    self.call(&place, "POST", &path, definition)?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn properties(&mut self, properties: Map<String, Value>) -> Filled {
        for (kind, definitions) in properties {
            let path = format!("/crm/properties/2026-09/{}", encoded(&kind));
            for (at, definition) in list(&kind, definitions)?.into_iter().enumerate() {
                let name = definition["name"].as_str().unwrap_or_default().to_owned();
                let there = self.tx.state.kind(&kind).and_then(|own| self.tx.state.schema(own).get(&name));
                let place = format!("properties.{kind}[{at}]");
                match (there.is_some(), definition) {
                    (true, Value::Object(mut definition)) => {
                        definition.remove("name");
                        self.call(&place, "PATCH", &format!("{path}/{}", encoded(&name)), definition.into())?;
                    }
                    (_, definition) => {
                        self.call(&place, "POST", &path, definition)?;
                    }
                }
            }
        }
        Ok(())
    }

    pub(super) fn pipelines(&mut self, pipelines: Map<String, Value>) -> Filled {
        for (kind, definitions) in pipelines {
            let path = format!("/crm/pipelines/2026-09/{}", encoded(&kind));
            for (at, definition) in list(&kind, definitions)?.into_iter().enumerate() {
                let id = definition["pipelineId"].as_str().unwrap_or_default();
                let there = self.tx.state.kind(&kind).and_then(|own| self.tx.state.space(own).pipeline(id));
                let place = format!("pipelines.{kind}[{at}]");
                if there.is_some() {
                    let path = format!("{path}/{}", encoded(id));
                    self.call(&place, "PUT", &path, definition)?;
                } else {
                    self.call(&place, "POST", &path, definition)?;
                }
            }
        }
        Ok(())
    }

    /// A label is made as a caller would make it, then gets the type IDs of the seed: code names labels by them.
    pub(super) fn labels(&mut self, labels: Vec<Label>) -> Filled {
        for (at, label) in labels.into_iter().enumerate() {
            let place = format!("labels[{at}]");
            let invalid = |what: String| RefillError::Invalid(format!("{place}: {what}"));
            let path = format!("/crm/associations/2026-09/{}/{}/labels", encoded(&label.from), encoded(&label.to));
            let body = json!({ "label": label.label, "name": label.name, "inverseLabel": label.inverse_label });
            let made = self.call(&place, "POST", &path, body)?;
            let state = &self.tx.state;
            let (Some(from), Some(to)) = (state.kind(&label.from), state.kind(&label.to)) else { continue };
            let (id, back) = match (label.type_id, label.inverse_type_id) {
                (None, None) => continue,
                (None, Some(_)) => return Err(invalid("inverseTypeId belongs to typeId".into())),
                (Some(id), back) => (id, back.unwrap_or(id)),
            };
            let ids: Vec<u32> =
                made["results"].as_array().into_iter().flatten().filter_map(|one| one["typeId"].as_u64()?.try_into().ok()).collect();
            let [first, rest @ ..] = ids.as_slice() else { return Err(invalid("the label was not made".into())) };
            let (first, second) = (*first, rest.first().copied());
            let old = state.link_types.get(from, to, first).cloned().into_iter();
            let old_back = second.and_then(|second| state.link_types.get(to, from, second).cloned());
            if second.is_some() && back == id && from == to {
                return Err(invalid("a label with another label for the way back has an inverseTypeId".into()));
            }
            self.tx.remove_link_type(from, to, first);
            if let Some(second) = second {
                self.tx.remove_link_type(to, from, second);
            }
            let ways = old.map(|link| (from, to, LinkType { id, inverse: Some(back), ..link }));
            let ways = ways.chain(old_back.map(|link| (to, from, LinkType { id: back, inverse: Some(id), ..link })));
            for (from, to, link) in ways {
                let taken = self.tx.state.link_types.get(from, to, link.id).is_some();
                if taken || link.id == 0 {
                    return Err(invalid(format!("{} is the type ID of another association. Leave typeId out", link.id)));
                }
                debug_assert!(link.category == Category::UserDefined);
                self.tx.put_link_type(from, to, link);
            }
        }
        Ok(())
    }

    pub(super) fn lists(&mut self, lists: Vec<Value>) -> Filled {
        for (at, definition) in lists.into_iter().enumerate() {
            self.call(&format!("lists[{at}]"), "POST", "/crm/lists/2026-09", definition)?;
        }
        Ok(())
    }
}
