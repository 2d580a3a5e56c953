//! The path that a call asked for, as far as its record knows it: the log keeps templates, object types and ids,
//! and no path.

/// `GET /crm/v3/objects/{objectType}/{objectId}` on deals with one record as `GET /crm/v3/objects/deals/123`.
pub(super) fn path(operation: &str, object: Option<&str>, records: &[String]) -> String {
    let of_type = |part: &str| part.starts_with('{') && part.to_ascii_lowercase().contains("objecttype");
    let mut types = object.unwrap_or_default().split(',').filter(|name| !name.is_empty());
    let is_id = |part: &str| part.starts_with('{') && !of_type(part);
    // Which placeholder an id belongs to is sure only where there is one of each.
    let id = match records {
        [one] if operation.split('/').filter(|part| is_id(part)).count() == 1 => one.split_once('/').map(|(_, id)| id),
        _ => None,
    };
    let resolve = |part| match part {
        part if of_type(part) => types.next().unwrap_or(part),
        part if is_id(part) => id.unwrap_or(part),
        part => part,
    };
    operation.split('/').map(resolve).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::path;

    fn check(operation: &str, object: Option<&str>, records: &[&str], expected: &str) {
        let records: Vec<String> = records.iter().map(|one| (*one).to_owned()).collect();
        assert_eq!(path(operation, object, &records), expected);
    }

    #[test]
    fn the_object_type_and_the_only_id_take_their_places() {
        check("GET /crm/v3/objects/{objectType}/{objectId}", Some("deals"), &["deals/123"], "GET /crm/v3/objects/deals/123");
        check("GET /crm/v3/objects/{objectType}", Some("deals"), &["deals/1", "deals/2"], "GET /crm/v3/objects/deals");
        check("GET /crm/v3/objects/contacts/{contactId}", None, &["contacts/7"], "GET /crm/v3/objects/contacts/7");
    }

    #[test]
    fn what_is_not_known_stays_a_placeholder() {
        check("GET /crm/v3/objects/{objectType}/{objectId}", None, &[], "GET /crm/v3/objects/{objectType}/{objectId}");
        let associations = "PUT /crm/v4/objects/{fromObjectType}/{fromId}/associations/{toObjectType}/{toId}";
        let expected = "PUT /crm/v4/objects/contacts/{fromId}/associations/deals/{toId}";
        check(associations, Some("contacts,deals"), &["contacts/1"], expected);
    }
}
