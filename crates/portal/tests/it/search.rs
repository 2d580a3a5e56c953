//! Search: every operator, the limits, sorting and paging, and an oracle that knows no index.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{Account, Answer};

fn search(account: &Account, kind: &str, body: Value) -> Answer {
    account.call(&format!("POST /crm/v3/objects/{kind}/search"), body)
}

/// The names of the contacts found by one filter, oldest first.
fn found(account: &Account, filter: Value) -> String {
    let body = search(account, "contacts", json!({ "filterGroups": [{ "filters": [filter] }], "properties": ["firstname"] })).expect(200);
    let names = body["results"].as_array().unwrap().iter().map(|one| one["properties"]["firstname"].as_str().unwrap().to_owned());
    names.collect::<Vec<_>>().join(" ")
}

/// Ada, Ben and Cleo; Cleo has neither city nor number.
fn people() -> Account {
    let account = Account::new();
    account.make("contacts", json!({ "firstname": "Ada", "city": "Porto Alegre", "followercount": "9", "closedate": "2026-01-10", "lifecyclestage": "lead", "email": "ada@example.com" }));
    account.make("contacts", json!({ "firstname": "Ben", "city": "berlin", "followercount": "10", "closedate": "2026-02-10", "lifecyclestage": "customer", "email": "ben@example.org" }));
    account.make("contacts", json!({ "firstname": "Cleo" }));
    account
}

#[test]
fn each_of_the_thirteen_operators_finds_its_own() {
    let account = people();
    let check = |name: &str, operator: &str, more: Value, expected: &str| {
        let mut filter = json!({ "propertyName": name, "operator": operator });
        filter.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(found(&account, filter), expected, "{name} {operator} {more}");
    };
    check("city", "EQ", json!({ "value": "BERLIN" }), "Ben");
    check("city", "NEQ", json!({ "value": "berlin" }), "Ada");
    check("followercount", "LT", json!({ "value": "10" }), "Ada");
    check("followercount", "LTE", json!({ "value": "10" }), "Ada Ben");
    check("followercount", "GT", json!({ "value": 9 }), "Ben");
    check("followercount", "GTE", json!({ "value": "9.0" }), "Ada Ben");
    check("followercount", "BETWEEN", json!({ "value": "9.5", "highValue": "10" }), "Ben");
    check("closedate", "BETWEEN", json!({ "value": "2026-01-01", "highValue": "1769904000000" }), "Ada");
    check("city", "IN", json!({ "values": ["berlin", "lagos"] }), "Ben");
    // A contact without a stage is made a lead.
    check("lifecyclestage", "IN", json!({ "values": ["lead"] }), "Ada Cleo");
    check("lifecyclestage", "EQ", json!({ "value": "LEAD" }), "");
    check("city", "NOT_IN", json!({ "values": ["berlin"] }), "Ada");
    check("city", "HAS_PROPERTY", json!({}), "Ada Ben");
    check("city", "NOT_HAS_PROPERTY", json!({}), "Cleo");
    check("city", "CONTAINS_TOKEN", json!({ "value": "alegre" }), "Ada");
    check("email", "CONTAINS_TOKEN", json!({ "value": "*@example.org" }), "Ben");
    check("city", "NOT_CONTAINS_TOKEN", json!({ "value": "porto" }), "Ben");
    check("hs_object_id", "GT", json!({ "value": "101" }), "Ben Cleo");
}

#[test]
fn digits_in_text_are_text() {
    let account = Account::new();
    account.make("contacts", json!({ "firstname": "Ada", "zip": "02139" }));
    assert_eq!(found(&account, json!({ "propertyName": "zip", "operator": "EQ", "value": "2139" })), "");
    assert_eq!(found(&account, json!({ "propertyName": "zip", "operator": "EQ", "value": "02139" })), "Ada");
}

#[test]
fn filters_of_a_group_all_hold_and_one_group_is_enough() {
    let account = people();
    let eq = |name: &str, value: &str| json!({ "propertyName": name, "operator": "EQ", "value": value });
    let total = |body: Value| search(&account, "contacts", body).expect(200)["total"].clone();
    assert_eq!(total(json!({ "filterGroups": [{ "filters": [eq("firstname", "ada"), eq("lifecyclestage", "lead")] }] })), 1);
    assert_eq!(total(json!({ "filterGroups": [{ "filters": [eq("firstname", "ada"), eq("lifecyclestage", "customer")] }] })), 0);
    assert_eq!(
        total(json!({ "filterGroups": [{ "filters": [eq("firstname", "ada")] }, { "filters": [eq("lifecyclestage", "customer")] }] })),
        2
    );
    assert_eq!(total(json!({ "filters": [eq("firstname", "ada")] })), 1);
    assert_eq!(total(json!({ "query": "example.ORG" })), 1);
    assert_eq!(total(json!({})), 3);
    assert_eq!(search(&account, "contacts", json!({})).expect(200).as_object().unwrap().keys().collect::<Vec<_>>(), ["total", "results"]);
}

#[test]
fn archived_records_are_in_no_search() {
    let account = people();
    account.call_with("DELETE /crm/v3/objects/contacts/101", b"").expect(204);
    assert_eq!(search(&account, "contacts", json!({})).expect(200)["total"], 2);
}

#[test]
fn the_limits_are_hubspots() {
    let account = Account::new();
    let filter = json!({ "propertyName": "city", "operator": "HAS_PROPERTY" });
    let groups = |sizes: &[usize]| json!({ "filterGroups": sizes.iter().map(|size| json!({ "filters": vec![filter.clone(); *size] })).collect::<Vec<_>>() });
    search(&account, "contacts", groups(&[1; 5])).expect(200);
    search(&account, "contacts", groups(&[1; 6])).refused(400, "VALIDATION_ERROR");
    search(&account, "contacts", groups(&[6])).expect(200);
    search(&account, "contacts", groups(&[7])).refused(400, "VALIDATION_ERROR");
    search(&account, "contacts", groups(&[6, 6, 6])).expect(200);
    search(&account, "contacts", groups(&[6, 6, 6, 1])).refused(400, "VALIDATION_ERROR");
    search(&account, "contacts", json!({ "limit": 200 })).expect(200);
    search(&account, "contacts", json!({ "limit": 201 })).refused(400, "200");
    search(&account, "contacts", json!({ "after": "9900", "limit": 100 })).expect(200);
    search(&account, "contacts", json!({ "after": 9901, "limit": 100 })).refused(400, "10000");
    search(&account, "contacts", json!({ "after": "x" })).refused(400, "after");
    search(&account, "contacts", json!({ "sorts": ["city", "zip"] })).refused(400, "VALIDATION_ERROR");
    let padded = |length: usize| json!({ "query": "é".repeat(length - r#"{"query":""}"#.len()) });
    search(&account, "contacts", padded(3_000)).expect(200);
    search(&account, "contacts", padded(3_001)).refused(400, "3000");
}

#[test]
fn filters_that_make_no_sense_are_refused() {
    let account = Account::new();
    for filter in [
        json!({ "propertyName": "nope", "operator": "EQ", "value": "1" }),
        json!({ "propertyName": "city", "operator": "LIKE", "value": "1" }),
        json!({ "propertyName": "city", "operator": "eq", "value": "1" }),
        json!({ "propertyName": "city", "operator": "EQ" }),
        json!({ "propertyName": "city", "operator": "EQ", "value": {} }),
        json!({ "operator": "EQ", "value": "1" }),
        json!({ "propertyName": "city", "value": "1" }),
        json!({ "propertyName": "followercount", "operator": "GT", "value": "many" }),
        json!({ "propertyName": "closedate", "operator": "GT", "value": "soon" }),
        json!({ "propertyName": "followercount", "operator": "BETWEEN", "value": "1" }),
        json!({ "propertyName": "city", "operator": "IN", "value": "x" }),
        json!({ "propertyName": "city", "operator": "IN", "values": [] }),
        json!({ "propertyName": "associations.nope", "operator": "EQ", "value": "1" }),
        json!("x"),
    ] {
        search(&account, "contacts", json!({ "filterGroups": [{ "filters": [filter] }] })).refused(400, "VALIDATION_ERROR");
    }
    search(&account, "contacts", json!({ "sorts": ["nope"] })).refused(400, "PROPERTY_DOESNT_EXIST");
    search(&account, "contacts", json!({ "sorts": [{ "propertyName": "city", "direction": "UP" }] })).refused(400, "direction");
}

#[test]
fn sorting_is_by_type_and_records_without_a_value_come_last() {
    let account = people();
    let sorted = |sort: Value| search(&account, "contacts", json!({ "sorts": [sort] })).ids().join(" ");
    assert_eq!(sorted(json!("followercount")), "101 102 103");
    assert_eq!(sorted(json!("-followercount")), "102 101 103");
    assert_eq!(sorted(json!({ "propertyName": "city", "direction": "ASCENDING" })), "102 101 103");
    assert_eq!(sorted(json!({ "propertyName": "closedate", "direction": "DESCENDING" })), "102 101 103");
    assert_eq!(sorted(json!({ "propertyName": "createdate", "direction": "DESCENDING" })), "103 102 101");
}

#[test]
fn pages_go_on_where_the_last_one_ended() {
    let account = Account::new();
    for n in 0..250 {
        account.contact(&format!("c{n}@example.com"));
    }
    let (mut seen, mut after) = (Vec::new(), json!("0"));
    while !after.is_null() {
        let page = search(&account, "contacts", json!({ "limit": 100, "after": after, "sorts": ["-createdate"] })).expect(200);
        assert_eq!(page["total"], 250);
        after = page["paging"]["next"]["after"].clone();
        seen.extend(page["results"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().parse::<u32>().unwrap()));
    }
    assert_eq!(seen, (101..351).rev().collect::<Vec<_>>());
    assert!(search(&account, "contacts", json!({ "limit": 0 })).expect(200)["paging"].is_null(), "a page of none leads nowhere");
}

#[test]
fn records_are_found_by_what_they_are_associated_with() {
    let account = people();
    account.make("companies", json!({ "name": "Foods" }));
    account.call_with("PUT /crm/v4/objects/contacts/102/associations/default/companies/101", b"").expect(200);
    let by = |operator: &str| {
        found(&account, json!({ "propertyName": "associations.company", "operator": operator, "value": "101", "values": ["101"] }))
    };
    assert_eq!([by("EQ"), by("IN"), by("NOT_HAS_PROPERTY")], ["Ben", "Ben", "Ada Cleo"]);
}

/// Cities with digits, case, spaces and punctuation; numbers with signs and fractions.
const CITIES: [&str; 9] = ["Porto", "porto", "Porto Alegre", "10", "9", "1a", "02", "São-Paulo", "a.b a"];
const NUMBERS: [&str; 6] = ["-1", "0", "9", "10", "9.50", "1e1"];
const STAGES: [&str; 3] = ["lead", "customer", "other"];

/// What a filter means, read straight from the documentation: no parsing once, no index, no types.
fn oracle(person: &Value, name: &str, operator: &str, low: &str, high: &str) -> bool {
    let Some(value) = person[name].as_str() else { return operator == "NOT_HAS_PROPERTY" };
    let order = |operand: &str| match name {
        "followercount" => value.parse::<f64>().unwrap().partial_cmp(&operand.parse::<f64>().unwrap()).unwrap(),
        "lifecyclestage" => value.cmp(operand),
        _ => value.to_lowercase().cmp(&operand.to_lowercase()),
    };
    let equal = |operand: &str| order(operand).is_eq();
    // Lists of text are matched in lower case, so a list with capitals matches nothing.
    let listed = |operand: &str| if name == "city" { value.to_lowercase() == operand } else { equal(operand) };
    let words = |text: &str| {
        text.to_lowercase().split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    let token = |operand: &str| !words(operand).is_empty() && words(operand).iter().all(|word| words(value).contains(word));
    match operator {
        "EQ" => equal(low),
        "NEQ" => !equal(low),
        "LT" => order(low).is_lt(),
        "LTE" => order(low).is_le(),
        "GT" => order(low).is_gt(),
        "GTE" => order(low).is_ge(),
        "BETWEEN" => order(low).is_ge() && order(high).is_le(),
        "IN" => listed(low) || listed(high),
        "NOT_IN" => !listed(low) && !listed(high),
        "HAS_PROPERTY" => true,
        "NOT_HAS_PROPERTY" => false,
        "CONTAINS_TOKEN" => token(low),
        "NOT_CONTAINS_TOKEN" => !token(low),
        other => panic!("{other} is no operator"),
    }
}

fn person() -> impl Strategy<Value = Value> {
    let maybe = |list: &'static [&'static str]| proptest::option::of(proptest::sample::select(list));
    (maybe(&CITIES), maybe(&NUMBERS), maybe(&STAGES)).prop_map(|(city, number, stage)| {
        // A contact without a stage is made a lead.
        let given = [("city", city), ("followercount", number), ("lifecyclestage", stage.or(Some("lead")))];
        given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?)))).collect()
    })
}

type Condition = (&'static str, &'static str, &'static str, &'static str);

const OPERATORS: [&str; 13] = [
    "EQ",
    "NEQ",
    "LT",
    "LTE",
    "GT",
    "GTE",
    "BETWEEN",
    "IN",
    "NOT_IN",
    "HAS_PROPERTY",
    "NOT_HAS_PROPERTY",
    "CONTAINS_TOKEN",
    "NOT_CONTAINS_TOKEN",
];

fn condition() -> impl Strategy<Value = Condition> {
    let of = |name: &'static str, list: &'static [&'static str]| {
        (proptest::sample::select(&OPERATORS[..]), proptest::sample::select(list), proptest::sample::select(list))
            .prop_map(move |(operator, low, high)| (name, operator, low, high))
            .boxed()
    };
    prop_oneof![of("city", &CITIES), of("followercount", &NUMBERS), of("lifecyclestage", &STAGES)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn a_search_finds_what_a_naive_reader_finds(
        people in proptest::collection::vec(person(), 1..12),
        groups in proptest::collection::vec(proptest::collection::vec(condition(), 1..4), 0..4),
        sort in proptest::sample::select(&["city", "-city", "followercount", "-lifecyclestage"][..]),
    ) {
        let account = Account::new();
        let made: Vec<(String, &Value)> = people.iter().map(|person| (account.make("contacts", person.clone()), person)).collect();
        let filter = |(name, operator, low, high): &Condition| json!({ "propertyName": name, "operator": operator, "value": low, "highValue": high, "values": [low, high] });
        let body = json!({ "limit": 200, "sorts": [sort], "filterGroups": groups.iter().map(|group| json!({ "filters": group.iter().map(filter).collect::<Vec<_>>() })).collect::<Vec<_>>() });
        let mut got = search(&account, "contacts", body).ids();
        let holds = |person: &Value| groups.is_empty() || groups.iter().any(|group| group.iter().all(|(name, operator, low, high)| oracle(person, name, operator, low, high)));
        let expected: Vec<String> = made.iter().filter(|(_, person)| holds(person)).map(|(id, _)| id.clone()).collect();
        got.sort();
        prop_assert_eq!(got, expected);
    }

    #[test]
    fn any_values_can_be_sorted(cities in proptest::collection::vec("[0-9a-b]{1,3}", 30..120), descending in any::<bool>()) {
        let account = Account::new();
        let inputs = |part: &[String]| json!({ "inputs": part.iter().map(|city| json!({ "properties": { "city": city } })).collect::<Vec<_>>() });
        for part in cities.chunks(100) {
            account.call("POST /crm/v3/objects/contacts/batch/create", inputs(part)).expect(201);
        }
        let sort = if descending { "-city" } else { "city" };
        let body = search(&account, "contacts", json!({ "limit": 200, "sorts": [sort], "properties": ["city"] })).expect(200);
        let got: Vec<&str> = body["results"].as_array().unwrap().iter().map(|one| one["properties"]["city"].as_str().unwrap()).collect();
        let mut expected: Vec<&str> = cities.iter().map(String::as_str).collect();
        expected.sort_unstable();
        if descending {
            expected.reverse();
        }
        prop_assert_eq!(got, expected);
    }
}
