//! Sample records for a first look and for tests, the same at every start.

use keyway_core::time::Timestamp;
use keyway_objects::crm::automatic;
use keyway_objects::crm::write::{Values, new_record};
use keyway_objects::kind::Kind;
use keyway_objects::request::Request;
use keyway_objects::settle::settle;
use keyway_objects::state::Owner;
use keyway_objects::tx::Tx;

/// How much was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DemoSummary {
    /// Contacts.
    pub contacts: usize,
    /// Companies.
    pub companies: usize,
    /// Deals.
    pub deals: usize,
    /// Tickets.
    pub tickets: usize,
}

const CONTACTS: usize = 250;
const COMPANIES: usize = 40;
const DEALS: usize = 30;
const TICKETS: usize = 20;

pub(crate) const FIRST_NAMES: [&str; 10] = ["Ada", "Ben", "Chloe", "Dev", "Elif", "Femi", "Grace", "Hiro", "Ines", "Jonas"];
pub(crate) const LAST_NAMES: [&str; 7] = ["Archer", "Baker", "Carver", "Dyer", "Fisher", "Mason", "Weaver"];
pub(crate) const CITIES: [&str; 6] = ["Berlin", "Boston", "Dublin", "Lagos", "Osaka", "Porto"];
pub(crate) const TRADES: [&str; 5] = ["Foods", "Labs", "Logistics", "Robotics", "Studios"];
const STAGES: [&str; 4] = ["appointmentscheduled", "qualifiedtobuy", "closedwon", "closedlost"];
const LIFECYCLE: [&str; 3] = ["lead", "opportunity", "customer"];

/// Owners that every embedded account has.
pub fn owners(tx: &mut Tx<'_>, now: Timestamp) {
    let people = [("Olivia", "Owens"), ("Pedro", "Prado"), ("Quinn", "Quist")];
    for (at, (first, last)) in people.into_iter().enumerate() {
        let id = 5_001 + at as u64;
        let email = format!("{}@example.com", first.to_lowercase());
        tx.put_owner(Owner {
            id,
            user_id: 9_001 + at as u64,
            email,
            first_name: first.into(),
            last_name: last.into(),
            created_at: now,
            archived: false,
        });
    }
}

/// Fills an account, unless it has records already.
pub fn demo(tx: &mut Tx<'_>, now: Timestamp) -> DemoSummary {
    if tx.state.table(kind("contacts")).range(0, false).next().is_some() {
        return DemoSummary::default();
    }
    let companies = make(tx, now, "companies", COMPANIES, |at| {
        let name = format!("{} {}", LAST_NAMES[at % 7], TRADES[at % 5]);
        vec![("name", name), ("domain", format!("company{at}.example.com")), ("city", CITIES[at % 6].into())]
    });
    let contacts = make(tx, now, "contacts", CONTACTS, |at| {
        let (first, last) = (FIRST_NAMES[at % 10], LAST_NAMES[at / 10 % 7]);
        let email = format!("{}.{}{at}@example.com", first.to_lowercase(), last.to_lowercase());
        let phase = LIFECYCLE[at % 3].into();
        vec![
            ("email", email),
            ("firstname", first.into()),
            ("lastname", last.into()),
            ("city", CITIES[at % 6].into()),
            ("lifecyclestage", phase),
        ]
    });
    let deals = make(tx, now, "deals", DEALS, |at| {
        let amount = (at + 1) * 750;
        vec![
            ("dealname", format!("{} renewal {at}", TRADES[at % 5])),
            ("amount", amount.to_string()),
            ("pipeline", "default".into()),
            ("dealstage", STAGES[at % 4].into()),
            ("hubspot_owner_id", (5_001 + at % 3).to_string()),
        ]
    });
    let tickets = make(tx, now, "tickets", TICKETS, |at| {
        vec![("subject", format!("Question {at}")), ("hs_pipeline", "0".into()), ("hs_pipeline_stage", "1".into())]
    });
    for (at, contact) in contacts.iter().enumerate() {
        tx.link((kind("contacts"), *contact), (kind("companies"), companies[at % COMPANIES]), &[]);
    }
    for (at, deal) in deals.iter().enumerate() {
        tx.link((kind("deals"), *deal), (kind("companies"), companies[at]), &[]);
        tx.link((kind("deals"), *deal), (kind("contacts"), contacts[at]), &[]);
    }
    settle(tx, now);
    DemoSummary { contacts: contacts.len(), companies: companies.len(), deals: deals.len(), tickets: tickets.len() }
}

fn kind(name: &str) -> Kind {
    Kind::of(name).expect("the names here are standard types")
}

fn make(tx: &mut Tx<'_>, now: Timestamp, name: &str, count: usize, properties: impl Fn(usize) -> Vec<(&'static str, String)>) -> Vec<u64> {
    let kind = kind(name);
    let request = Request::of_program(0, now);
    let mut ids = Vec::with_capacity(count);
    for at in 0..count {
        let id = tx.take_id(kind);
        let schema = tx.state.schema(kind);
        let mut values: Values =
            properties(at).into_iter().filter_map(|(name, value)| Some((schema.get(name)?.name.clone(), value))).collect();
        automatic::complete(&request, tx.state, kind, &mut values, None);
        let record = new_record(&request, schema, id, &values).expect("a seed is not bounded");
        tx.put_record(kind, record);
        ids.push(id);
    }
    ids
}
