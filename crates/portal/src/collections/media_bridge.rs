//! The media bridge: the videos, sounds, images and documents that an app shows in an account, and who looks at them.
//!
//! developers.hubspot.com/docs/api-reference/cms-media-bridge-v1/guide, and the models of hubspot-sdk. A media type of an app is
//! a custom object type of the account, so that its records, properties and associations are those of the CRM. Registrations
//! and oEmbed domains are kept: an embedded account shows no pages.

mod events;
mod form;

use keyway_core::error_body::ErrorBody;
use keyway_objects::items::Place;
use keyway_objects::kind::Kind;
use keyway_objects::request::{bad_field, bad_parameter, id_text, texts};
use keyway_objects::state::State;
use keyway_objects::tx::Tx;
use serde_json::{Map, Value, json};

use super::shape::{self, Field, Is};
use super::{Answer, Asked, Item, crm, missing, no_content, reply, size};

/// A media type, what its object type is called, and the properties that a record of it must have.
type Media = (&'static str, [&'static str; 2], &'static [&'static str]);

const MEDIA: [Media; 5] = [
    ("VIDEO", ["Video", "Videos"], &["hs_title", "hs_oembed_url"]),
    ("AUDIO", ["Audio", "Audios"], &["hs_title", "hs_oembed_url"]),
    ("IMAGE", ["Image", "Images"], &["hs_title", "hs_oembed_url", "hs_file_url"]),
    ("DOCUMENT", ["Document", "Documents"], &["hs_title"]),
    ("OTHER", ["Other", "Others"], &["hs_title"]),
];
const TYPES: [&str; 5] = ["VIDEO", "AUDIO", "IMAGE", "DOCUMENT", "OTHER"];
/// The properties of a media object: the guide has them for videos, sounds and images.
const PROPERTIES: [(&str, &str, &str); 9] = [
    ("hs_title", "Title", "string"),
    ("hs_oembed_url", "oEmbed URL", "string"),
    ("hs_file_url", "File URL", "string"),
    ("hs_thumbnail_url", "Thumbnail URL", "string"),
    ("hs_poster_url", "Poster URL", "string"),
    ("hs_external_id", "External ID", "string"),
    ("hs_folder_path", "Folder path", "string"),
    ("hs_details_page_link", "Details page link", "string"),
    ("hs_duration", "Duration", "number"),
];
const REGISTRATION: [Field; 4] = [
    ("updatedAt", Is::Number, true),
    ("name", Is::Text, false),
    ("moduleName", Is::Text, false),
    ("allowImportOnDisconnect", Is::Flag, false),
];
const VISIBILITY: [Field; 5] = [
    ("eventType", Is::One(&["ALL", "ATTENTION_SPAN", "MEDIA_PLAYS", "MEDIA_PLAYS_PERCENT"]), true),
    ("updatedAt", Is::Number, true),
    ("showInReporting", Is::Flag, false),
    ("showInTimeline", Is::Flag, false),
    ("showInWorkflows", Is::Flag, false),
];
const DOMAIN: [Field; 2] = [("endpoints", Is::Object, true), ("portalId", Is::Number, false)];
const ENDPOINTS: [Field; 3] = [("discovery", Is::Flag, true), ("schemes", Is::List, true), ("url", Is::Url, true)];

pub fn answer(asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    Some(match (asked.method(), rest) {
        ("POST", ["events", kind]) => return events::answer(asked, kind, tx),
        // What a call of these sends is not published.
        (_, ["objects" | "events", ..]) => return None,
        (_, [app, ..]) if !keyway_objects::webhooks::is_app(app) => Err(missing(app)),
        (method, [app, rest @ ..]) => return Bridge { asked, app: app.strip_prefix("app-").unwrap_or(app) }.answer(method, rest, tx),
        _ => return None,
    })
}

/// The media bridge of an app.
struct Bridge<'a> {
    asked: &'a Asked<'a>,
    app: &'a str,
}

impl Bridge<'_> {
    fn answer(&self, method: &str, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
        Some(match (method, rest) {
            ("PUT", ["settings"]) | ("POST", ["settings", "register"]) => self.register(tx),
            ("GET", ["settings", "event-visibility"]) => Ok(reply(200, self.visibility(tx.state))),
            ("PATCH", ["settings", "event-visibility"]) => self.set_visibility(tx),
            ("POST", ["settings", "object-definitions"]) => self.define(tx),
            ("GET", ["settings", "object-definitions", media]) => self.definition(tx, media),
            ("GET", ["settings", "oembed-domains"]) => self.domains(tx.state),
            ("POST", ["settings", "oembed-domains"]) => self.add_domain(tx),
            ("DELETE", ["settings", "oembed-domains"]) => self.remove_domains(tx),
            ("GET", ["settings", "oembed-domains", id]) => self.domain(tx.state, id).map(|item| reply(200, item.value)),
            ("PATCH", ["settings", "oembed-domains", id]) => self.change_domain(tx, id),
            ("POST", ["settings", "video-association-definition"]) => self.associate_videos(tx),
            ("GET", ["schemas"]) => self.schemas(tx),
            (_, ["schemas", object_type, rest @ ..])
                if matches!(rest, [] | ["associations", ..]) && !(method == "DELETE" && rest.is_empty()) =>
            {
                return self.of_crm(tx, "/crm-object-schemas/2026-09/schemas", object_type, rest);
            }
            (_, ["properties", object_type, rest @ ..]) => return self.properties(tx, object_type, rest),
            _ => return None,
        })
    }

    fn definitions(&self) -> Place {
        Place::new("media-definitions", &[self.app])
    }

    fn domain_place(&self) -> Place {
        Place::new("media-domains", &[self.app])
    }

    /// The number of the app, as answers have it.
    fn app_id(&self) -> u64 {
        self.app.parse().unwrap_or_default()
    }

    /// The app by the name under which its media are shown. A field that is not sent stays.
    fn register(&self, tx: &mut Tx<'_>) -> Answer {
        let given = shape::read(&REGISTRATION, &self.asked.body()?, false)?;
        let place = Place::new("media-apps", &[]);
        let mut value = tx.state.items.get(&place, self.app).map_or_else(|| json!({ "name": "" }), |item| item.value.clone());
        shape::set(&mut value, given);
        tx.work.write(size(&value))?;
        let answer = json!({ "appId": self.app_id(), "name": value["name"] });
        tx.put_item(&place, self.app, Item::new(value));
        Ok(reply(200, answer))
    }

    fn visibility(&self, state: &State) -> Value {
        let all: Vec<&Value> = state.items.of(&Place::new("media-visibility", &[self.app])).map(|(_, item)| &item.value).collect();
        json!({ "createdAt": self.asked.now(), "visibilitySettings": all })
    }

    fn set_visibility(&self, tx: &mut Tx<'_>) -> Answer {
        let given = shape::read(&VISIBILITY, &self.asked.body()?, false)?;
        let (place, key) = (Place::new("media-visibility", &[self.app]), given["eventType"].as_str().unwrap_or_default().to_owned());
        let mut value = tx.state.items.get(&place, &key).map_or_else(|| json!({}), |item| item.value.clone());
        shape::set(&mut value, given);
        tx.put_item(&place, &key, Item::new(value.clone()));
        Ok(reply(200, value))
    }

    /// Makes an object type for each media type that the app does not have yet.
    fn define(&self, tx: &mut Tx<'_>) -> Answer {
        let body = self.asked.body()?;
        let wanted = texts(&body, "mediaTypes")?;
        if let Some(unknown) = wanted.iter().find(|one| !TYPES.contains(one)) {
            return Err(bad_field("mediaTypes", &format!("names {unknown}, which is not a media type")));
        }
        if wanted.is_empty() {
            return Err(bad_field("mediaTypes", "must not be empty"));
        }
        let mut created = Map::new();
        for (media, labels, required) in MEDIA.iter().filter(|(media, ..)| wanted.contains(media)) {
            if tx.state.items.get(&self.definitions(), media).is_none() {
                let name = format!("a{}_{}", self.app_id(), labels[1]);
                let properties: Vec<Value> = PROPERTIES
                    .iter()
                    .filter(|(name, ..)| *name != "hs_duration" || matches!(*media, "VIDEO" | "AUDIO"))
                    .map(|(name, label, kind)| {
                        json!({ "name": name, "label": label, "type": kind, "fieldType": if *kind == "number" { "number" } else { "text" } })
                    })
                    .collect();
                let schema = json!({
                    "name": name, "labels": { "singular": labels[0], "plural": labels[1] }, "primaryDisplayProperty": "hs_title",
                    "requiredProperties": required, "searchableProperties": ["hs_title"], "properties": properties, "associatedObjects": ["CONTACT"],
                });
                let object_type = crm::define(self.asked, tx, &schema)?;
                tx.put_item(&self.definitions(), media, Item::new(json!({ "objectTypeId": object_type, "name": name })));
            }
            created.insert((*media).to_owned(), form::created(self, tx, media)?);
        }
        Ok(reply(200, json!({ "createdObjects": created })))
    }

    /// The object type of a media type: its id and its name.
    fn object_type(&self, state: &State, media: &str) -> Result<(String, String), ErrorBody> {
        let found = state.items.get(&self.definitions(), media).ok_or_else(|| missing(media))?;
        let text = |name: &str| found.value[name].as_str().unwrap_or_default().to_owned();
        Ok((text("objectTypeId"), text("name")))
    }

    fn definition(&self, tx: &mut Tx<'_>, media: &str) -> Answer {
        if !TYPES.contains(&media) {
            return Err(bad_parameter("mediaType", &format!("'{media}' is not a media type")));
        }
        let (id, name) = self.object_type(tx.state, media)?;
        let mut body = form::definition(self, tx, &id)?;
        body["objectTypeName"] = name.into();
        if self.asked.query.flag("includeFullDefinition")? {
            body["schema"] = form::object_type(self, tx, &id)?;
        }
        Ok(reply(200, body))
    }

    /// The object type that a path names, by its id, its name or its media type: one of the app's own.
    fn own_type(&self, state: &State, segment: &str) -> Result<String, ErrorBody> {
        let own = state.items.of(&self.definitions());
        let mut own = own.map(|(media, item)| (media, item.value["objectTypeId"].as_str().unwrap_or_default()));
        let kind = state.kind(segment);
        let is_it = |id: &str| kind.is_some() && state.kind(id) == kind;
        let found = own.find(|(media, id)| media.eq_ignore_ascii_case(segment) || is_it(id));
        found.map(|(_, id)| id.to_owned()).ok_or_else(|| missing(segment))
    }

    /// What the CRM answers about an object type of the app. A create answers 200 here.
    fn of_crm(&self, tx: &mut Tx<'_>, root: &str, object_type: &str, rest: &[&str]) -> Option<Answer> {
        let id = match self.own_type(tx.state, object_type) {
            Ok(id) => id,
            Err(refused) => return Some(Err(refused)),
        };
        let path = [&[root, id.as_str()][..], rest].concat().join("/");
        let answer = crm::perform(self.asked, tx, self.asked.method(), &path, &self.asked.call.body)?;
        Some(answer.map(|done| crate::Reply { status: if done.status == 201 { 200 } else { done.status }, ..done }))
    }

    fn properties(&self, tx: &mut Tx<'_>, object_type: &str, rest: &[&str]) -> Option<Answer> {
        let answer = self.of_crm(tx, "/crm/properties/2026-09", object_type, rest)?;
        // One property comes in the form of the bridge, and many in that of the CRM.
        let is_one = match (self.asked.method(), rest) {
            ("POST", []) => true,
            ("GET" | "PATCH", [name]) => *name != "groups",
            _ => false,
        };
        Some(match answer {
            Ok(done) if is_one => serde_json::from_slice(&done.body)
                .map(|property: Value| reply(200, form::property(self, tx.state.hub_id, &property)))
                .map_err(|_| keyway_core::refusal::Refusal::Internal.error("an inner answer is not JSON")),
            other => other,
        })
    }

    fn schemas(&self, tx: &mut Tx<'_>) -> Answer {
        let archived = self.asked.query.flag("archived")?;
        let ids: Vec<String> = tx
            .state
            .items
            .of(&self.definitions())
            .map(|(_, item)| item.value["objectTypeId"].as_str().unwrap_or_default().to_owned())
            .collect();
        let all = ids.iter().filter_map(|id| crm::schema(self.asked, tx, id).ok());
        let results: Vec<Value> = all.filter(|schema| schema["archived"] == archived).collect();
        Ok(reply(200, json!({ "results": results })))
    }

    /// Videos can be associated with contacts at HubSpot too.
    fn associate_videos(&self, tx: &mut Tx<'_>) -> Answer {
        let (id, _) = self.object_type(tx.state, "VIDEO")?;
        let body = json!({ "fromObjectTypeId": id, "toObjectTypeId": "0-1" }).to_string();
        let path = format!("/crm-object-schemas/2026-09/schemas/{id}/associations");
        let answer = crm::perform(self.asked, tx, "POST", &path, body.as_bytes()).unwrap_or_else(|| Err(missing(&id)));
        answer.map(|done| crate::Reply { status: 200, ..done })
    }

    fn domains(&self, state: &State) -> Answer {
        let portal = self.asked.query.get("domainPortalId");
        let of = |value: &Value| portal.is_none_or(|portal| id_text(value.get("portalId")).as_deref() == Some(portal));
        let all: Vec<&Value> = state.items.of(&self.domain_place()).map(|(_, item)| &item.value).filter(|value| of(value)).collect();
        Ok(reply(200, json!({ "totalCount": all.len(), "results": all })))
    }

    fn domain(&self, state: &State, id: &str) -> Result<Item, ErrorBody> {
        state.items.get(&self.domain_place(), id).cloned().ok_or_else(|| missing(id))
    }

    fn read_domain(&self) -> Result<Map<String, Value>, ErrorBody> {
        let mut given = shape::read(&DOMAIN, &self.asked.body()?, false)?;
        let endpoints = shape::read(&ENDPOINTS, given["endpoints"].as_object().unwrap_or(&Map::new()), false)?;
        if texts(&endpoints, "schemes")?.is_empty() {
            return Err(bad_field("schemes", "must not be empty"));
        }
        given.insert("endpoints".to_owned(), endpoints.into());
        Ok(given)
    }

    fn add_domain(&self, tx: &mut Tx<'_>) -> Answer {
        let given = self.read_domain()?;
        let place = self.domain_place();
        let (id, at) = (tx.state.items.next_number(&place), self.asked.call.now.as_ms());
        let mut value = json!({ "id": id, "appId": self.app_id(), "portalId": 0, "createdAt": at, "updatedAt": at, "deletedAt": 0 });
        shape::set(&mut value, given);
        tx.work.write(size(&value))?;
        tx.put_item(&place, &id.to_string(), Item::new(value.clone()));
        Ok(reply(200, value))
    }

    fn change_domain(&self, tx: &mut Tx<'_>, id: &str) -> Answer {
        let mut item = self.domain(tx.state, id)?;
        shape::set(&mut item.value, self.read_domain()?);
        item.value["updatedAt"] = self.asked.call.now.as_ms().into();
        tx.work.write(size(&item.value))?;
        tx.put_item(&self.domain_place(), id, item.clone());
        Ok(reply(200, item.value))
    }

    /// Removes the domain that the query names, by its id or by the account that it is for.
    fn remove_domains(&self, tx: &mut Tx<'_>) -> Answer {
        let (id, portal) = (self.asked.query.get("id"), self.asked.query.get("domainPortalId"));
        if id.is_none() && portal.is_none() {
            return Err(bad_parameter("id", "or domainPortalId must be given"));
        }
        let place = self.domain_place();
        tx.work.each(tx.state.items.count(&place), 4)?;
        let fits = |own: &str, value: &Value| {
            id.is_none_or(|id| id == own) && portal.is_none_or(|portal| id_text(value.get("portalId")).as_deref() == Some(portal))
        };
        let gone: Vec<String> =
            tx.state.items.of(&place).filter(|(own, item)| fits(own, &item.value)).map(|(own, _)| own.to_owned()).collect();
        if let (true, Some(id)) = (gone.is_empty(), id) {
            return Err(missing(id));
        }
        gone.iter().for_each(|own| tx.remove_item(&place, own));
        Ok(no_content())
    }
}

/// The type of the media objects that a media type of an app has.
fn kind_of(state: &State, app: &str, media: &str) -> Option<Kind> {
    let item = state.items.get(&Place::new("media-definitions", &[app]), media)?;
    state.kind(item.value["objectTypeId"].as_str()?)
}
