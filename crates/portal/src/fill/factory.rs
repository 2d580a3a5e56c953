//! Creates records by a rule. The same seed gives the same values, because nothing here depends on the time or
//! on chance.

use keyway_objects::crm::write::needed_links;
use keyway_objects::kind::Kind;
use keyway_objects::property::ValueType;
use serde_json::{Map, Value, json};

use super::format::Factory;
use super::{Filled, Filling, encoded, plausible};
use crate::RefillError;
use keyway_core::time::Timestamp;

/// Records of one factory.
const COUNT_MAX: u32 = 20_000;
/// Records of all factories of a seed.
const ALL_MAX: u64 = 50_000;
/// Bytes of all values that the factories of a seed make.
const BYTES_MAX: usize = 128 << 20;
/// Longest value, in bytes: what HubSpot takes.
const VALUE_MAX: usize = 65_536;
/// Records of the account that take turns, where the seed has none of their type.
const TURNS_MAX: usize = 20_000;
const DAY_MS: i64 = 86_400_000;

/// What a value is made for.
pub struct Place<'a> {
    /// The seed's number.
    pub number: u64,
    /// The factory, from 0.
    pub factory: usize,
    /// The record of the factory, from 1.
    pub n: u32,
    /// The ID that the record will have.
    pub id: u64,
    /// Its associated records.
    pub partners: &'a [(Kind, u64)],
}

impl Place<'_> {
    /// A number for one property of one record, which looks like chance: FNV-1a, mixed.
    pub fn draw(&self, name: &str) -> u64 {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let numbers = [self.number, self.factory as u64, u64::from(self.n)];
        for byte in numbers.iter().flat_map(|number| number.to_le_bytes()).chain(name.bytes()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        hash ^ (hash >> 31)
    }
}

impl Filling<'_> {
    pub(super) fn factories(&mut self, number: u64, factories: &[Factory]) -> Filled {
        let all: u64 = factories.iter().map(|factory| u64::from(factory.count)).sum();
        if all > ALL_MAX {
            return Err(RefillError::Invalid(format!("factories: {all} records, and a seed makes {ALL_MAX} at most")));
        }
        let mut bytes = 0;
        for (at, factory) in factories.iter().enumerate() {
            self.factory(number, at, factory, &mut bytes)?;
        }
        Ok(())
    }

    fn factory(&mut self, number: u64, at: usize, factory: &Factory, bytes: &mut usize) -> Filled {
        let invalid = |what: String| RefillError::Invalid(format!("factories[{at}]: {what}"));
        if factory.count > COUNT_MAX {
            return Err(invalid(format!("count is {COUNT_MAX} at most")));
        }
        let kind = self.tx.state.kind(&factory.r#type).ok_or_else(|| invalid(format!("there is no object type {}", factory.r#type)))?;
        let mut turns = factory.associate.all().iter().map(|to| self.turns(to).map_err(invalid)).collect::<Result<Vec<_>, _>>()?;
        for needed in needed_links(kind) {
            if !turns.iter().flatten().any(|(other, _)| *other == needed) {
                turns.push(self.turns(&needed.to_string()).map_err(invalid)?);
            }
        }
        let added = plausible::needed(self.tx.state, kind);
        let path = format!("/crm/objects/2026-09/{}", encoded(&factory.r#type));
        for n in 1..=factory.count {
            let partners: Vec<(Kind, u64)> = turns.iter().map(|ids| ids[(n - 1) as usize % ids.len()]).collect();
            let id = self.tx.state.table(kind).next_id();
            let place = Place { number, factory: at, n, id, partners: &partners };
            let values = self.values(kind, factory, &added, &place).map_err(invalid)?;
            *bytes += values.values().filter_map(Value::as_str).map(str::len).sum::<usize>();
            if *bytes > BYTES_MAX {
                return Err(invalid(format!("the values of a seed's factories have {} MiB at most", BYTES_MAX >> 20)));
            }
            let named = format!("factories[{at}], record {n}");
            let needed = partners.iter().filter(|(other, _)| needed_links(kind).any(|needed| needed == *other));
            let links: Vec<Value> = needed.map(|(other, id)| self.new_link(kind, *other, &id.to_string())).collect();
            let made = self.call(&named, "POST", &path, json!({ "properties": values, "associations": links }))?;
            let id = made["id"].as_str().unwrap_or_default().to_owned();
            self.count(&factory.r#type);
            self.made_now.push((kind, id.parse().unwrap_or_default()));
            if let Some(key) = &factory.key {
                self.name_record(&named, &factory.r#type, &format!("{key}{n}"), &id)?;
            }
            for (other, other_id) in partners {
                let path = format!("/crm/objects/2026-09/{}/{id}/associations/default/{other}/{other_id}", encoded(&factory.r#type));
                self.call(&format!("{named}, association with {other} {other_id}"), "PUT", &path, Value::Null)?;
            }
        }
        Ok(())
    }

    /// The records that `associate` names: one, or all of a type.
    fn turns(&self, to: &str) -> Result<Vec<(Kind, u64)>, String> {
        if let Some((of, key)) = to.split_once('/') {
            let kind = self.tx.state.kind(of).ok_or_else(|| format!("there is no object type {of}"))?;
            let id = self.ids.get(to).map_or(key, String::as_str);
            let found = id.parse().ok().filter(|id| self.tx.state.table(kind).live(*id).is_some());
            return found.map(|id| vec![(kind, id)]).ok_or_else(|| format!("{to} is neither a key of this seed nor the ID of a record"));
        }
        let kind = self.tx.state.kind(to).ok_or_else(|| format!("there is no object type {to}"))?;
        let mut ids: Vec<(Kind, u64)> = self.made_now.iter().filter(|(own, _)| *own == kind).copied().collect();
        if ids.is_empty() {
            ids = self.tx.state.table(kind).range(0, false).take(TURNS_MAX).map(|record| (kind, record.id)).collect();
        }
        if ids.is_empty() {
            return Err(format!("there are no {to} to associate with. Put them into records, or into a factory before this one"));
        }
        Ok(ids)
    }

    /// First what needs no other value, then texts in their order, then what is added.
    fn values(&self, kind: Kind, factory: &Factory, added: &[String], place: &Place<'_>) -> Result<Map<String, Value>, String> {
        let mut values = Map::new();
        let is_text = |rule: &Value| rule.as_str().is_some_and(|text| text.contains(['{', '}']));
        for (name, rule) in factory.properties.iter().filter(|(_, rule)| !is_text(rule)) {
            if let Some(value) = self.value(kind, name, rule, place, &values).map_err(|what| format!("{name}: {what}"))? {
                values.insert(name.clone(), value.into());
            }
        }
        for (name, rule) in factory.properties.iter().filter(|(_, rule)| is_text(rule)) {
            let text = self.text(kind, rule.as_str().unwrap_or_default(), place, &values).map_err(|what| format!("{name}: {what}"))?;
            values.insert(name.clone(), text.into());
        }
        for name in added.iter().filter(|name| !factory.properties.contains_key(*name)) {
            if let Some(value) = plausible::value(self.tx.state, kind, name, place, &values) {
                values.insert(name.clone(), value.into());
            }
        }
        Ok(values)
    }

    fn value(
        &self,
        kind: Kind,
        name: &str,
        rule: &Value,
        place: &Place<'_>,
        values: &Map<String, Value>,
    ) -> Result<Option<String>, String> {
        match rule {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text.clone())),
            Value::Number(number) => Ok(Some(number.to_string())),
            Value::Bool(flag) => Ok(Some(flag.to_string())),
            Value::Array(_) => Err("write { pick: [...] } to pick one of several values".into()),
            Value::Object(rule) if rule.is_empty() => match plausible::value(self.tx.state, kind, name, place, values) {
                Some(value) => Ok(Some(value)),
                None => Err("the account does not know which values fit. Write one".into()),
            },
            Value::Object(rule) => match (rule.get("pick"), rule.get("from"), rule.get("to"), rule.len()) {
                (Some(Value::Array(choices)), None, None, 1) if !choices.is_empty() => {
                    let choice = &choices[(place.draw(name) % choices.len() as u64) as usize];
                    match choice {
                        Value::Object(_) | Value::Array(_) => Err("pick holds texts, numbers, true or false".into()),
                        choice => self.value(kind, name, choice, place, values),
                    }
                }
                (None, Some(from), Some(to), 2) => self.between(kind, name, from, to, place.draw(name)).map(Some),
                _ => Err("a rule is { pick: [...] }, { from: ..., to: ... } or {}".into()),
            },
        }
    }

    fn between(&self, kind: Kind, name: &str, from: &Value, to: &Value, draw: u64) -> Result<String, String> {
        const HUNDREDTHS_MAX: f64 = 1e15;
        let wrong = || "from and to are two numbers or two days such as 2027-01-31, the smaller one first".to_owned();
        let within = |from: i64, to: i64| -> Result<i64, String> {
            let span = to.checked_sub(from).filter(|span| *span >= 0).ok_or_else(wrong)?.unsigned_abs();
            Ok(from.wrapping_add_unsigned(draw % span.saturating_add(1)))
        };
        if let (Some(from), Some(to)) = (from.as_i64(), to.as_i64()) {
            return within(from, to).map(|number| number.to_string());
        }
        if let (Some(from), Some(to)) = (from.as_f64(), to.as_f64()) {
            if from.abs().max(to.abs()) > HUNDREDTHS_MAX {
                return Err(wrong());
            }
            #[expect(clippy::cast_possible_truncation, reason = "bounded above")]
            let hundredths = within((from * 100.0).round() as i64, (to * 100.0).round() as i64)?;
            let sign = if hundredths < 0 { "-" } else { "" };
            return Ok(format!("{sign}{}.{:02}", hundredths.unsigned_abs() / 100, hundredths.unsigned_abs() % 100));
        }
        let day = |value: &Value| value.as_str().filter(|text| text.len() == 10).and_then(Timestamp::parse_iso).ok_or_else(wrong);
        let (from, to) = (day(from)?.as_ms() / DAY_MS, day(to)?.as_ms() / DAY_MS);
        let day = Timestamp::from_ms(within(from, to)? * DAY_MS);
        let is_moment = self.tx.state.schema(kind).get(name).is_some_and(|property| property.value_type == ValueType::DateTime);
        Ok(if is_moment { day.to_iso() } else { day.to_date() })
    }

    /// A text with its placeholders replaced. `{{` and `}}` stand for braces.
    fn text(&self, kind: Kind, template: &str, place: &Place<'_>, values: &Map<String, Value>) -> Result<String, String> {
        let (mut out, mut rest) = (String::new(), template);
        while let Some(at) = rest.find(['{', '}']) {
            out.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if rest.starts_with(brace) {
                out.push_str(brace);
                rest = &rest[1..];
                continue;
            }
            let (name, after) = rest.split_once('}').filter(|_| brace == "{").ok_or("a single brace. Write {{ or }} for a brace")?;
            out.push_str(&self.placeholder(kind, name, place, values)?);
            rest = after;
            if out.len() > VALUE_MAX {
                return Err(format!("a value has {VALUE_MAX} bytes at most"));
            }
        }
        out.push_str(rest);
        Ok(out)
    }

    fn placeholder(&self, kind: Kind, name: &str, place: &Place<'_>, values: &Map<String, Value>) -> Result<String, String> {
        if let Some((of, property)) = name.split_once('.') {
            let of_kind = self.tx.state.kind(of);
            let partner = place.partners.iter().find(|(own, _)| Some(*own) == of_kind);
            let (own, id) = partner.ok_or_else(|| format!("{{{name}}}: the record is associated with no {of}"))?;
            let value = self.tx.state.table(*own).live(*id).and_then(|record| record.get(property));
            return value.map(str::to_owned).ok_or_else(|| format!("{{{name}}}: {own} {id} has no {property}"));
        }
        match (name, values.get(name).and_then(Value::as_str)) {
            ("n", _) => Ok(place.n.to_string()),
            ("id", _) => Ok(place.id.to_string()),
            (_, Some(value)) => Ok(value.to_owned()),
            (_, None) if plausible::needed(self.tx.state, kind).iter().any(|own| own == name) => {
                let value = plausible::value(self.tx.state, kind, name, place, values);
                value.ok_or_else(|| format!("{{{name}}} has no value"))
            }
            _ => Err(format!("{{{name}}} is neither n, id, a property that this factory sets before, nor type.property")),
        }
    }
}
