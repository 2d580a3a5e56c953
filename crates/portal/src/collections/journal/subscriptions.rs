//! Subscriptions: what an app wants in the journal.

use super::*;

const ACTIONS: [&str; 13] = [
    "CREATE",
    "UPDATE",
    "DELETE",
    "MERGE",
    "RESTORE",
    "ASSOCIATION_ADDED",
    "ASSOCIATION_REMOVED",
    "SNAPSHOT",
    "APP_INSTALL",
    "APP_UNINSTALL",
    "ADDED_TO_LIST",
    "REMOVED_FROM_LIST",
    "GDPR_DELETE",
];

/// The body of each type of subscription.
const TYPES: [(&str, &[Field]); 5] = [
    (
        "OBJECT",
        &[
            ("actions", Is::List, true),
            ("objectTypeId", Is::Text, true),
            ("portalId", Is::Number, true),
            ("objectIds", Is::List, false),
            ("properties", Is::List, false),
        ],
    ),
    (
        "ASSOCIATION",
        &[
            ("actions", Is::List, true),
            ("objectTypeId", Is::Text, true),
            ("portalId", Is::Number, true),
            ("objectIds", Is::List, false),
            ("associatedObjectTypeIds", Is::List, false),
        ],
    ),
    ("APP_LIFECYCLE_EVENT", &[("eventTypeId", Is::Text, true), ("properties", Is::List, false)]),
    (
        "LIST_MEMBERSHIP",
        &[("actions", Is::List, true), ("portalId", Is::Number, true), ("listIds", Is::List, false), ("objectIds", Is::List, false)],
    ),
    ("GDPR_PRIVACY_DELETION", &[("actions", Is::List, true), ("objectTypeId", Is::Text, true), ("portalId", Is::Number, true)]),
];
/// The events of an app's life, and their actions.
const LIFECYCLE: [(&str, &str); 2] = [("4-1909196", "APP_INSTALL"), ("4-1916193", "APP_UNINSTALL")];
/// What makes two subscriptions the same one. A second one takes the place of the first.
const SAME: [&str; 5] = ["subscriptionType", "objectTypeId", "objectIds", "listIds", "associatedObjectTypeIds"];
/// The type of lists, which the answer of a subscription to lists has for its object type.
const LISTS: &str = "0-45";

/// Subscriptions of an app, as of webhooks.
const SUBSCRIPTIONS_MAX: usize = 1_000;
/// What the lists of all subscriptions of an app may have together.
const LISTED_IN_ALL_MAX: usize = 10_000;

/// Ids, names and types that a subscription lists.
fn listed(subscription: &Value) -> usize {
    subscription.as_object().into_iter().flatten().filter_map(|(_, field)| field.as_array()).map(Vec::len).sum()
}

impl Own<'_> {
    pub(super) fn subscribe(&self, tx: &mut Tx<'_>) -> Answer {
        let body = self.asked.body()?;
        let wanted = body.get("subscriptionType").ok_or_else(|| missing_field("subscriptionType"))?;
        let (name, form) = TYPES
            .iter()
            .find(|(name, _)| wanted == name)
            .ok_or_else(|| bad_field("subscriptionType", "is not one of the values that HubSpot takes"))?;
        let fields = shape::read(form, &body, false)?;
        let value = self.read_subscription(tx.state, name, &fields)?;
        let place = self.subscriptions();
        tx.work.each(tx.state.items.count(&place) + LISTED_IN_ALL_MAX, 4)?;
        let same = |item: &Item| SAME.iter().all(|field| item.value[*field] == value[*field]);
        let before = tx.state.items.of(&place).find(|(_, item)| same(item)).map(|(_, item)| item.value.clone());
        if before.is_none() && tx.state.items.count(&place) >= SUBSCRIPTIONS_MAX {
            return Err(invalid::subscriptions_too_many(SUBSCRIPTIONS_MAX));
        }
        let others = tx.state.items.of(&place).filter(|(_, item)| !same(item)).map(|(_, item)| listed(&item.value)).sum::<usize>();
        if others + listed(&value) > LISTED_IN_ALL_MAX {
            let words = format!("lists {} ids, properties and types, and all of an app may list {LISTED_IN_ALL_MAX}", listed(&value));
            return Err(bad_field("subscription", &words));
        }
        let mut value = value;
        let (id, created_at) = match &before {
            Some(before) => (before["id"].as_u64().unwrap_or(0), before["createdAt"].clone()),
            None => (take_id(tx), self.asked.now().into()),
        };
        value["id"] = id.into();
        value["appId"] = self.asked.call.app_id.into();
        value["createdAt"] = created_at;
        value["updatedAt"] = self.asked.now().into();
        value["createdBy"] = self.asked.call.user_id.into();
        value["deletedAt"] = Value::Null;
        tx.put_item(&place, &id.to_string(), Item::new(value.clone()));
        Ok(reply(200, value))
    }

    fn read_subscription(&self, state: &State, name: &str, fields: &Map<String, Value>) -> Result<Value, ErrorBody> {
        let mut value = json!({ "subscriptionType": name });
        let properties = names(fields, "properties")?;
        if name == "APP_LIFECYCLE_EVENT" {
            let known = LIFECYCLE.iter().find(|(id, _)| fields["eventTypeId"] == **id);
            let (id, action) = known.ok_or_else(|| bad_field("eventTypeId", "is neither 4-1909196 nor 4-1916193"))?;
            value["objectTypeId"] = (*id).into();
            value["actions"] = json!([action]);
            value["properties"] = shown(properties);
            return Ok(value);
        }
        self.is_here(fields.get("portalId"))?;
        value["portalId"] = self.asked.call.hub_id.into();
        let mut actions = names(fields, "actions")?;
        actions.sort_unstable();
        actions.dedup();
        if actions.is_empty() || actions.iter().any(|action| !ACTIONS.contains(action)) {
            return Err(bad_field("actions", &format!("must be some of {}", ACTIONS.join(", "))));
        }
        value["actions"] = actions.into();
        value["objectIds"] = shown(ids(fields, "objectIds")?);
        let lists = ids(fields, "listIds")?;
        for id in &lists {
            let list = lists::find(state, &id.to_string())?;
            if let Some(kind) = lists::kind(state, list) {
                needs(self.asked.call.by.as_ref(), kind, Access::Read)?;
            }
        }
        value["listIds"] = shown(lists);
        let others = names(fields, "associatedObjectTypeIds")?;
        let others = others.into_iter().map(|other| Ok(type_id(state, self.readable(state, other)?)));
        value["associatedObjectTypeIds"] = shown(others.collect::<Result<Vec<Value>, ErrorBody>>()?);
        value["objectTypeId"] = LISTS.into();
        if let Some(object_type) = fields.get("objectTypeId").and_then(Value::as_str) {
            let kind = self.readable(state, object_type)?;
            self.properties(state, kind, &properties)?;
            value["objectTypeId"] = type_id(state, kind);
        }
        value["properties"] = shown(properties);
        Ok(value)
    }

    /// Ends a subscription, with its filters.
    pub(super) fn unsubscribe(&self, tx: &mut Tx<'_>, id: &str) -> Answer {
        self.subscription(tx.state, id)?;
        tx.work.each(tx.state.items.count(&self.filters()), 8)?;
        let number: u64 = id.parse().unwrap_or(0);
        let filters: Vec<String> = self.filters_by(tx.state, number).map(|(filter, _)| filter.to_owned()).collect();
        for filter in filters {
            tx.remove_item(&self.filters(), &filter);
        }
        tx.remove_item(&self.subscriptions(), id);
        Ok(no_content())
    }

    /// Ends all subscriptions to an account: the app has those to its own account alone.
    pub(super) fn unsubscribe_all(&self, tx: &mut Tx<'_>, portal: &str) -> Answer {
        let portal: u64 = portal.parse().map_err(|_| bad_parameter("portalId", "must be the id of an account"))?;
        if portal != self.asked.call.hub_id {
            return Ok(no_content());
        }
        for place in [self.filters(), self.subscriptions()] {
            tx.work.each(tx.state.items.count(&place), 8)?;
            let all: Vec<String> = tx.state.items.of(&place).map(|(id, _)| id.to_owned()).collect();
            for id in all {
                tx.remove_item(&place, &id);
            }
        }
        Ok(no_content())
    }
}
