//! Records and definitions for the legacy APIs, read with the account's own operations.

use bytes::Bytes;
use http::Method;
use keyway_core::error_body::ErrorBody;
use keyway_core::path::{NormalPath, encode_component};
use keyway_core::refusal::Refusal;
use keyway_core::time::Timestamp;
use keyway_objects::call::{Call, Reply};
use keyway_objects::crm::objects::UNLINK_STEPS;
use keyway_objects::crm::{associations, batch};
use keyway_objects::invalid;
use keyway_objects::kind::Kind;
use keyway_objects::links::End;
use keyway_objects::request::{Request, list, object};
use keyway_objects::tx::Tx;
use serde_json::{Map, Value, json};

/// Records on an inner page that shows histories (hubspot facts, section 6).
const PAGE: u64 = 50;
/// Furthest that a search reaches (hubspot facts, section 6).
const SEARCH_MAX: u64 = 10_000;

/// How the account answers a call of a present API. Its answer goes back to these APIs where the account serves no other.
pub type Performs = fn(&Call, &mut Tx<'_>) -> Result<Reply, ErrorBody>;

/// Asks the account.
pub struct Records<'a, 't> {
    call: &'a Call,
    tx: &'a mut Tx<'t>,
    performs: Performs,
}

/// A page of records, and whether there are more.
pub struct Page {
    pub records: Vec<Record>,
    pub has_more: bool,
}

/// A record as a present answer shows it.
#[derive(Clone)]
pub struct Record(Value);

/// Which parts of records are wanted.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// These properties; all where there are none.
    pub properties: Vec<String>,
    /// Associated records of these types.
    pub associations: &'static [&'static str],
}

impl<'a, 't> Records<'a, 't> {
    pub fn new(call: &'a Call, tx: &'a mut Tx<'t>, performs: Performs) -> Self {
        Self { call, tx, performs }
    }

    /// The account's id.
    pub fn hub_id(&self) -> u64 {
        self.call.hub_id
    }

    /// Calls one of the account's operations.
    pub fn ask(&mut self, method: Method, target: &str, body: Option<Value>) -> Result<Value, ErrorBody> {
        let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query.to_owned())));
        // An id that makes no path is the id of nothing.
        let path = NormalPath::parse(path).map_err(|_| invalid::record_missing())?;
        let Call { hub_id, app_id, user_id, now, .. } = *self.call;
        let body = body.map_or_else(Bytes::new, |body| body.to_string().into());
        let base = self.call.base.clone();
        let reply =
            (self.performs)(&Call { hub_id, app_id, user_id, method, path, query, body, now, by: self.call.by.clone(), base }, self.tx)?;
        if reply.body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&reply.body).map_err(|_| Refusal::Internal.error("an inner answer is not JSON"))
    }

    /// The time of the call.
    pub fn now_ms(&self) -> i64 {
        self.call.now.as_ms()
    }

    /// The body of the call, as an object.
    pub fn body(&self) -> Result<Map<String, Value>, ErrorBody> {
        object(&self.call.body, self.tx.work)
    }

    /// The body of the call, as a list.
    pub fn list(&self) -> Result<Vec<Value>, ErrorBody> {
        list(&self.call.body, self.tx.work)
    }

    /// The plain type of an association from one object type to another.
    pub fn plain(&self, from: &str, to: &str) -> Option<u32> {
        Some(self.tx.state.link_types.plain(self.tx.state.kind(from)?, self.tx.state.kind(to)?))
    }

    /// The two object types of HubSpot's own association type.
    pub fn pair_of(&self, definition: u32) -> Option<(Kind, Kind)> {
        self.tx.state.link_types.pair_of(definition)
    }

    /// The plain type between two object types.
    pub fn plain_of(&self, from: Kind, to: Kind) -> u32 {
        self.tx.state.link_types.plain(from, to)
    }

    /// The types of one association.
    pub fn types_between(&self, from: End, to: End) -> &[u32] {
        self.tx.state.links.between(from, to)
    }

    /// Associates records, all pairs or none.
    pub fn connect(&mut self, pairs: &[(End, End, u32)]) -> Result<(), ErrorBody> {
        associations::connect(self.tx, pairs)
    }

    /// Takes types from associations.
    pub fn part(&mut self, pairs: &[(End, End, u32)]) -> Result<(), ErrorBody> {
        self.tx.work.each(pairs.len(), UNLINK_STEPS)?;
        for (from, to, own) in pairs {
            self.tx.unlink_type(*from, *to, *own);
        }
        Ok(())
    }

    /// Changes the contacts that inputs name by id, and changes or creates those that they name by address.
    pub fn change_contacts(&mut self, inputs: Vec<Value>) -> Result<(), ErrorBody> {
        let body = json!({ "inputs": inputs }).to_string();
        let request = Request { by: self.call.by.as_ref(), body: body.as_bytes(), work: self.tx.work, ..self.program() };
        batch::either(&request, Kind::of("contacts").expect("contacts are a type"), self.tx).map(|_| ())
    }

    fn program(&self) -> Request<'a> {
        Request::of_program(self.call.app_id, self.call.now)
    }

    pub fn get(&mut self, target: &str) -> Result<Value, ErrorBody> {
        self.ask(Method::GET, target, None)
    }

    /// The definitions of a type's properties.
    pub fn definitions(&mut self, kind: &str) -> Result<Vec<Value>, ErrorBody> {
        let answer = self.get(&format!("/crm/properties/2026-09/{}", encoded(kind)))?;
        Ok(answer["results"].as_array().cloned().unwrap_or_default())
    }

    /// The names of a type's properties that hold moments, which these APIs write in milliseconds.
    pub fn moments(&mut self, kind: &str) -> Result<Vec<String>, ErrorBody> {
        let definitions = self.definitions(kind)?;
        let moments = definitions.iter().filter(|one| one["type"] == "datetime" || one["type"] == "date");
        Ok(moments.filter_map(|one| one["name"].as_str().map(str::to_owned)).collect())
    }

    /// One record; none where there is none.
    pub fn one(&mut self, kind: &str, id: &str, wanted: &Wanted, by: Option<&str>) -> Result<Option<Record>, ErrorBody> {
        let names = self.names(kind, wanted)?;
        let mut target = format!("/crm/objects/2026-09/{kind}/{}?propertiesWithHistory={}", encoded(id), names.join(","));
        if !wanted.associations.is_empty() {
            target.push_str(&format!("&associations={}", wanted.associations.join(",")));
        }
        if let Some(by) = by {
            target.push_str(&format!("&idProperty={by}"));
        }
        match self.get(&target) {
            Ok(record) => Ok(Some(Record(record))),
            // An id that is not a number can't be the id of a record.
            Err(error) if error.status == 404 || error.status == 400 => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The records after an id, in id order.
    pub fn after(&mut self, kind: &str, after: u64, limit: u64, wanted: &Wanted) -> Result<Page, ErrorBody> {
        let names = self.names(kind, wanted)?.join(",");
        let (mut records, mut next) = (Vec::new(), after.saturating_add(1).to_string());
        loop {
            let size = PAGE.min(limit - records.len() as u64);
            let mut target = format!("/crm/objects/2026-09/{kind}?limit={size}&after={next}&propertiesWithHistory={names}");
            if !wanted.associations.is_empty() {
                target.push_str(&format!("&associations={}", wanted.associations.join(",")));
            }
            let answer = self.get(&target)?;
            records.extend(answer["results"].as_array().cloned().unwrap_or_default().into_iter().map(Record));
            match answer["paging"]["next"]["after"].as_str() {
                Some(more) if (records.len() as u64) < limit => more.clone_into(&mut next),
                more => return Ok(Page { records, has_more: more.is_some() }),
            }
        }
    }

    /// Records found by a search, from an offset; how many there are in all.
    pub fn search(&mut self, kind: &str, mut search: Value, offset: u64, limit: u64, wanted: &Wanted) -> Result<(Page, u64), ErrorBody> {
        if offset >= SEARCH_MAX {
            return Ok((Page { records: Vec::new(), has_more: false }, SEARCH_MAX));
        }
        let limit = limit.min(200).min(SEARCH_MAX - offset);
        search["limit"] = limit.into();
        search["after"] = offset.to_string().into();
        search["properties"] = json!(["hs_object_id"]);
        let answer = self.ask(Method::POST, &format!("/crm/objects/2026-09/{kind}/search"), Some(search))?;
        let mut records = Vec::new();
        for found in answer["results"].as_array().cloned().unwrap_or_default() {
            records.extend(self.one(kind, found["id"].as_str().unwrap_or_default(), wanted, None)?);
        }
        let total = answer["total"].as_u64().unwrap_or(0);
        Ok((Page { has_more: offset + (records.len() as u64) < total, records }, total))
    }

    /// Those that were created or changed last, by the property that says when.
    pub fn recent(
        &mut self,
        kind: &str,
        by: &str,
        since_ms: u64,
        offset: u64,
        limit: u64,
        wanted: &Wanted,
    ) -> Result<(Page, u64), ErrorBody> {
        let filter = json!([{ "filters": [{ "propertyName": by, "operator": "GTE", "value": since_ms.to_string() }] }]);
        let search = json!({ "filterGroups": filter, "sorts": [{ "propertyName": by, "direction": "DESCENDING" }] });
        self.search(kind, search, offset, limit, wanted)
    }

    /// Ids of the associated records of a type, in order.
    pub fn associated(&mut self, kind: &str, id: &str, to: &str) -> Result<Vec<u64>, ErrorBody> {
        let (mut ids, mut target) = (Vec::new(), format!("/crm/objects/2026-09/{kind}/{}/associations/{to}?limit=500", encoded(id)));
        loop {
            let answer = self.get(&target)?;
            ids.extend(answer["results"].as_array().into_iter().flatten().filter_map(|one| number(&one["toObjectId"])));
            let Some(after) = answer["paging"]["next"]["after"].as_str() else { return Ok(ids) };
            target = format!("/crm/objects/2026-09/{kind}/{}/associations/{to}?limit=500&after={after}", encoded(id));
        }
    }

    fn names(&mut self, kind: &str, wanted: &Wanted) -> Result<Vec<String>, ErrorBody> {
        if !wanted.properties.is_empty() {
            return Ok(wanted.properties.iter().map(|name| encoded(name)).collect());
        }
        let definitions = self.definitions(kind)?;
        Ok(definitions.iter().filter_map(|one| one["name"].as_str().map(encoded)).collect())
    }
}

impl Record {
    pub fn id(&self) -> u64 {
        number(&self.0["id"]).unwrap_or_default()
    }

    pub fn created_ms(&self) -> i64 {
        ms(&self.0["createdAt"])
    }

    pub fn updated_ms(&self) -> i64 {
        ms(&self.0["updatedAt"])
    }

    /// A property's value now.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0["properties"][name].as_str().filter(|value| !value.is_empty())
    }

    /// A property that holds a moment, in milliseconds.
    pub fn moment(&self, name: &str) -> Option<i64> {
        self.value(name).and_then(in_ms)
    }

    /// The properties that have a value, with their histories, newest first.
    pub fn histories(&self) -> impl Iterator<Item = (&String, &Vec<Value>)> {
        let histories = self.0["propertiesWithHistory"].as_object().into_iter().flatten();
        let full = histories.filter_map(|(name, history)| Some((name, history.as_array()?)));
        full.filter(|(_, history)| history.first().is_some_and(|now| now["value"].as_str().is_some_and(|value| !value.is_empty())))
    }

    /// Ids of the associated records of a type that the query included.
    pub fn associated(&self, to: &str) -> Vec<u64> {
        let mut ids: Vec<u64> =
            self.0["associations"][to]["results"].as_array().into_iter().flatten().filter_map(|one| number(&one["id"])).collect();
        ids.dedup();
        ids
    }
}

/// A value as these APIs write it: moments in milliseconds.
pub fn old_value(name: &str, value: &str, moments: &[String]) -> String {
    let moment = moments.iter().any(|moment| moment == name).then(|| in_ms(value)).flatten();
    moment.map_or_else(|| value.to_owned(), |ms| ms.to_string())
}

/// A moment of an answer, in milliseconds.
pub fn ms(value: &Value) -> i64 {
    value.as_str().and_then(in_ms).unwrap_or_default()
}

fn in_ms(text: &str) -> Option<i64> {
    Timestamp::parse_iso(text).map(Timestamp::as_ms).or_else(|| text.parse().ok())
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// A path segment or a query's value.
pub fn encoded(text: &str) -> String {
    let mut out = String::new();
    encode_component(text, &mut out);
    out
}

/// Properties of the companies and deals APIs: a value with its time and source, and its versions.
pub fn properties(record: &Record, moments: &[String], with_versions: bool) -> Map<String, Value> {
    let version = |name: &str, one: &Value| {
        json!({
            "name": name, "value": old_value(name, one["value"].as_str().unwrap_or_default(), moments), "timestamp": ms(&one["timestamp"]),
            "source": one["sourceType"], "sourceId": one["sourceId"], "sourceVid": [],
        })
    };
    let property = |(name, history): (&String, &Vec<Value>)| {
        let mut property = version(name, &history[0]);
        if let Some(fields) = property.as_object_mut() {
            fields.remove("name");
            fields.remove("sourceVid");
        }
        // The value alone has one version, as HubSpot shows it; the others only on request.
        let versions = if with_versions { &history[..] } else { &history[..1] };
        property["versions"] = versions.iter().map(|one| version(name, one)).collect();
        (name.clone(), property)
    };
    record.histories().map(property).collect()
}
