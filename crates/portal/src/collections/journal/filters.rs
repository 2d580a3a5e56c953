//! Filters: which events of a subscription come into the journal.

use super::*;

const FILTER: [Field; 2] = [("filter", Is::Object, true), ("subscriptionId", Is::Number, true)];
const CONDITION: [Field; 5] = [
    ("filterType", Is::One(&["CRM_OBJECT_PROPERTY"]), true),
    ("operator", Is::One(&OPERATORS), true),
    ("property", Is::Text, true),
    ("value", Is::Text, false),
    ("values", Is::List, false),
];

/// Values that all filters of an app compare with. Each of them may be compared on every change of a record.
const OPERANDS_MAX: usize = 10_000;
/// A longer value counts as several.
const OPERAND_BYTES: usize = 100;

impl Own<'_> {
    pub(super) fn filters_by<'s>(&self, state: &'s State, subscription: u64) -> impl Iterator<Item = (&'s str, &'s Value)> + use<'s> {
        let all = state.items.of(&self.filters()).map(|(id, item)| (id, &item.value));
        all.filter(move |(_, filter)| filter["subscriptionId"] == subscription)
    }

    pub(super) fn filters_of(&self, state: &State, subscription: &str) -> Answer {
        self.subscription(state, subscription)?;
        let number: u64 = subscription.parse().unwrap_or(0);
        let shown: Vec<Value> = self.filters_by(state, number).map(|(_, filter)| shown_filter(filter)).collect();
        Ok(reply(200, shown.into()))
    }

    pub(super) fn add_filter(&self, tx: &mut Tx<'_>) -> Answer {
        let fields = shape::read(&FILTER, &self.asked.body()?, false)?;
        let subscription =
            fields["subscriptionId"].as_u64().ok_or_else(|| bad_field("subscriptionId", "must be the id of a subscription"))?;
        let of = self.subscription(tx.state, &subscription.to_string())?;
        let kind = of["objectTypeId"].as_str().filter(|_| of["subscriptionType"] != "LIST_MEMBERSHIP").and_then(|id| tx.state.kind(id));
        let given = fields["filter"]["conditions"].as_array().filter(|given| !given.is_empty());
        let given = given.ok_or_else(|| bad_field("conditions", "must be a list of conditions"))?;
        let (mut conditions, mut operands) = (Vec::new(), 0);
        for condition in given {
            let condition = condition.as_object().ok_or_else(|| bad_field("conditions", "must be a list of objects"))?;
            let condition = self.condition(tx.state, kind, condition)?;
            let long = |value: &Value| value.as_str().map_or(0, |text| 1 + text.len() / OPERAND_BYTES);
            operands += ["property", "value"].iter().map(|field| long(&condition[*field])).sum::<usize>();
            operands += condition["values"].as_array().into_iter().flatten().map(long).sum::<usize>();
            conditions.push(condition);
        }
        let place = self.filters();
        tx.work.each(tx.state.items.count(&place), 8)?;
        let before: usize = tx.state.items.of(&place).filter_map(|(_, item)| item.value["operands"].as_u64()).sum::<u64>() as usize;
        if before + operands > OPERANDS_MAX {
            let words = format!("has {operands} values, and the filters of an app may have {OPERANDS_MAX} in all");
            return Err(bad_field("filter", &words));
        }
        let id = take_id(tx);
        let value = json!({
            "id": id, "createdAt": self.asked.call.now.as_ms(), "subscriptionId": subscription, "filter": { "conditions": conditions },
            "operands": operands,
        });
        tx.put_item(&place, &id.to_string(), Item::new(value));
        Ok(reply(200, json!({ "filterId": id })))
    }

    fn condition(&self, state: &State, kind: Option<Kind>, given: &Map<String, Value>) -> Result<Value, ErrorBody> {
        let condition = shape::read(&CONDITION, given, false)?;
        let (operator, property) = (condition["operator"].as_str().unwrap_or_default(), condition["property"].as_str().unwrap_or_default());
        let values = texts(&condition, "values")?;
        match operator {
            "IS_EMPTY" | "IS_NOT_EMPTY" => {}
            "IN" | "NOT_IN" if values.is_empty() => return Err(missing_field("values")),
            "IN" | "NOT_IN" => {}
            _ if !condition.contains_key("value") => return Err(missing_field("value")),
            _ => {}
        }
        // A filter tells what a value is, as the value itself would. On a list may be records of any type.
        let kinds = state.spaces().map(|space| space.kind).filter(|own| kind.is_none_or(|kind| kind == *own));
        for kind in kinds {
            self.properties(state, kind, &[property])?;
        }
        Ok(condition.into())
    }
}

pub(super) fn shown_filter(filter: &Value) -> Value {
    json!({ "id": filter["id"], "createdAt": filter["createdAt"], "filter": filter["filter"] })
}
