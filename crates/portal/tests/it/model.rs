//! The engine against a naive one: whatever the order of the calls, both hold the same records, find
//! the same and refuse the same.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::Account;

/// A call. People are few and addresses fewer, so that calls meet.
#[derive(Clone, Debug)]
enum Step {
    Create { email: usize, city: usize },
    Update { who: usize, email: Option<usize>, city: usize },
    Upsert { email: usize, city: usize },
    Archive { who: usize },
    Merge { one: usize, other: usize },
    Delete { who: usize },
    Search { property: usize, operator: usize, value: usize },
}

const CITIES: [&str; 4] = ["", "Porto", "Lagos", "porto"];
const OPERATORS: [&str; 8] = ["EQ", "NEQ", "IN", "NOT_IN", "GT", "GTE", "HAS_PROPERTY", "NOT_HAS_PROPERTY"];
const FIRST_ID: usize = 101;

fn email(at: usize) -> String {
    format!("p{at}@example.com")
}

fn step() -> impl Strategy<Value = Step> {
    let (emails, cities, people) = (0..4usize, 0..CITIES.len(), 0..6usize);
    prop_oneof![
        3 => (emails.clone(), cities.clone()).prop_map(|(email, city)| Step::Create { email, city }),
        2 => (people.clone(), proptest::option::of(emails.clone()), cities.clone())
            .prop_map(|(who, email, city)| Step::Update { who, email, city }),
        2 => (emails, cities).prop_map(|(email, city)| Step::Upsert { email, city }),
        1 => people.clone().prop_map(|who| Step::Archive { who }),
        1 => (people.clone(), people.clone()).prop_map(|(one, other)| Step::Merge { one, other }),
        1 => people.prop_map(|who| Step::Delete { who }),
        3 => (0..3usize, 0..OPERATORS.len(), 0..6usize)
            .prop_map(|(property, operator, value)| Step::Search { property, operator, value }),
    ]
}

/// A contact as the naive engine has it: its place in the list is its id.
#[derive(Clone, Debug, Default)]
struct Person {
    emails: Vec<usize>,
    city: &'static str,
    archived: bool,
    gone: bool,
}

impl Person {
    fn is_live(&self) -> bool {
        !self.archived && !self.gone
    }
}

#[derive(Default)]
struct Naive(Vec<Person>);

impl Naive {
    fn holder(&self, email: usize) -> Option<usize> {
        self.0.iter().position(|person| person.is_live() && person.emails.contains(&email))
    }

    fn live(&self, who: usize) -> bool {
        self.0.get(who).is_some_and(Person::is_live)
    }

    fn matches(&self, who: usize, property: usize, operator: &str, value: usize) -> bool {
        let person = &self.0[who];
        let (own, operand) = match property {
            0 => (person.emails.first().map(|own| email(*own)), email(value)),
            1 => (Some(person.city.to_lowercase()).filter(|city| !city.is_empty()), CITIES[value % 4].to_lowercase()),
            _ => (Some(format!("{:05}", who + FIRST_ID)), format!("{:05}", value + FIRST_ID)),
        };
        let Some(own) = own else { return operator == "NOT_HAS_PROPERTY" };
        match operator {
            "EQ" | "IN" => own == operand,
            "NEQ" | "NOT_IN" => own != operand,
            "GT" => own > operand,
            "GTE" => own >= operand,
            "HAS_PROPERTY" => true,
            _ => false,
        }
    }
}

fn filter(property: usize, operator: &str, value: usize) -> Option<Value> {
    let (name, operand) = match property {
        0 => ("email", email(value)),
        1 => ("city", CITIES[value % 4].to_lowercase()),
        _ => ("hs_object_id", (value + FIRST_ID).to_string()),
    };
    // Operators need a value.
    (!operand.is_empty()).then(|| json!({ "propertyName": name, "operator": operator, "value": operand, "values": [operand] }))
}

/// Performs a step on both; the statuses must agree.
fn perform(account: &Account, naive: &mut Naive, step: &Step) {
    let id = |who: usize| (who + FIRST_ID).to_string();
    let contacts = "/crm/v3/objects/contacts";
    match *step {
        Step::Create { email: at, city } => {
            // An id is taken even by a create that is refused afterwards.
            let status = if naive.holder(at).is_some() { 409 } else { 201 };
            let body = json!({ "properties": { "email": email(at), "city": CITIES[city] } });
            account.call(&format!("POST {contacts}"), body).expect(status);
            let gone = status == 409;
            naive.0.push(Person { emails: vec![at], city: CITIES[city], gone, ..Person::default() });
        }
        Step::Update { who, email: at, city } => {
            let taken = at.and_then(|at| naive.holder(at)).is_some_and(|holder| holder != who);
            let status = if !naive.live(who) {
                404
            } else if taken {
                409
            } else {
                200
            };
            let mut properties = json!({ "city": CITIES[city] });
            if let Some(at) = at {
                properties["email"] = email(at).into();
            }
            let merged = naive.0.get(who).is_some_and(|person| person.gone);
            if merged {
                return; // The id may mean the record that it was merged into.
            }
            account.call(&format!("PATCH {contacts}/{}", id(who)), json!({ "properties": properties })).expect(status);
            if status == 200 {
                let person = &mut naive.0[who];
                person.city = CITIES[city];
                if let Some(at) = at {
                    // Its own further address may become the first one.
                    let further = person.emails.iter().skip(1).copied();
                    person.emails = std::iter::once(at).chain(further).collect();
                }
            }
        }
        Step::Upsert { email: at, city } => {
            let input = json!({ "id": email(at), "idProperty": "email", "properties": { "city": CITIES[city] } });
            let done = account.call(&format!("POST {contacts}/batch/upsert"), json!({ "inputs": [input] })).expect(200);
            match naive.holder(at) {
                Some(who) => naive.0[who].city = CITIES[city],
                None => naive.0.push(Person { emails: vec![at], city: CITIES[city], ..Person::default() }),
            }
            let who = naive.holder(at).expect("it was just put there");
            assert_eq!(done["results"][0]["id"], id(who));
        }
        Step::Archive { who } => {
            account.call_with(&format!("DELETE {contacts}/{}", id(who)), b"").expect(204);
            if naive.live(who) {
                naive.0[who].archived = true;
            }
        }
        Step::Merge { one, other } => {
            let fine = one != other && naive.live(one) && naive.live(other);
            let status = if one == other {
                400
            } else if fine {
                200
            } else {
                404
            };
            let body = json!({ "primaryObjectId": id(one), "objectIdToMerge": id(other) });
            account.call(&format!("POST {contacts}/merge"), body).expect(status);
            if fine {
                // A new record takes the place of both.
                let cities = [one, other].map(|who| naive.0[who].city);
                let city = cities.into_iter().find(|city| !city.is_empty()).unwrap_or_default();
                let emails = [one, other].iter().flat_map(|who| naive.0[*who].emails.clone()).collect();
                for who in [one, other] {
                    assert!(!std::mem::replace(&mut naive.0[who].gone, true));
                }
                naive.0.push(Person { emails, city, ..Person::default() });
            }
        }
        Step::Delete { who } => {
            let there = naive.0.get(who).is_some_and(|person| !person.gone);
            let status = if there { 204 } else { 404 };
            account.call(&format!("POST {contacts}/gdpr-delete"), json!({ "objectId": id(who) })).expect(status);
            if there {
                naive.0[who].gone = true;
            }
        }
        Step::Search { property, operator, value } => {
            let operator = OPERATORS[operator];
            let Some(filter) = filter(property, operator, value) else { return };
            let found = account.call(&format!("POST {contacts}/search"), json!({ "filters": [filter], "limit": 100 })).ids();
            let expected: Vec<String> =
                (0..naive.0.len()).filter(|who| naive.live(*who) && naive.matches(*who, property, operator, value)).map(id).collect();
            assert_eq!(found, expected, "{step:?}");
        }
    }
}

fn same(account: &Account, naive: &Naive) {
    for archived in [false, true] {
        let list = account.get(&format!("/crm/v3/objects/contacts?limit=100&archived={archived}&properties=email,city")).expect(200);
        let seen: Vec<(String, Value, Value)> = list["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (one["id"].as_str().unwrap().to_owned(), one["properties"]["email"].clone(), one["properties"]["city"].clone()))
            .collect();
        let expected: Vec<(String, Value, Value)> = naive
            .0
            .iter()
            .enumerate()
            .filter(|(_, person)| person.archived == archived && !person.gone)
            .map(|(who, person)| {
                let city = Some(person.city).filter(|city| !city.is_empty());
                ((who + FIRST_ID).to_string(), json!(email(person.emails[0])), json!(city))
            })
            .collect();
        assert_eq!(seen, expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_calls_leaves_what_a_naive_engine_has(steps in proptest::collection::vec(step(), 1..40)) {
        let (account, mut naive) = (Account::new(), Naive::default());
        for step in &steps {
            perform(&account, &mut naive, step);
        }
        same(&account, &naive);
    }
}
