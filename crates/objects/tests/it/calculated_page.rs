//! docs/calculated-properties.md: what is calculated, and what HubSpot fills and an account does not.
//!
//! `KEYWAY_WRITE_CALCULATED=1` writes the page.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

const DERIVED: &str = include_str!("../../data/derived.tsv");
const PROPERTIES: &str = include_str!("../../data/properties.tsv");

/// Kept by every write, or read-only without being a value of HubSpot's making.
const KEPT: [&str; 13] = [
    "hs_object_id",
    "createdate",
    "hs_createdate",
    "lastmodifieddate",
    "hs_lastmodifieddate",
    "hs_merged_object_ids",
    "hs_object_source",
    // Submissions of forms fill these.
    "first_conversion_date",
    "first_conversion_event_name",
    "num_conversion_events",
    "num_unique_conversion_events",
    "recent_conversion_date",
    "recent_conversion_event_name",
];

fn rows(table: &str) -> impl Iterator<Item = Vec<&str>> {
    table.lines().skip(1).map(|line| line.split('\t').collect())
}

/// What a rule does, for readers.
fn words(rule: &str) -> String {
    let (name, rest) = rule.split_once(':').unwrap_or((rule, ""));
    let only = match rest.split(':').find(|word| *word != "0") {
        Some("won") => " of won deals",
        Some("open") => " of open deals",
        Some("past") => " up to now",
        Some("future") => " to come",
        _ => "",
    };
    let text = match name {
        "fixed" => return format!("`{rest}`"),
        "id" => "the record's ID",
        "ids" => "the record's ID, and those of the records merged into it",
        "created" => "when the record was created",
        "copy" => "the same value",
        "domain" => "the part after the @",
        "name" => "first and last name, or the address",
        "is-closed" => "whether the stage closes",
        "is-won" => "whether the stage has probability 1",
        "is-lost" => "whether the stage has probability 0",
        "probability" => "the stage's probability",
        "product" => "the product; an absent factor is 1",
        "difference" => "the first less the second",
        "if-won" => "the amount if the deal is won, else 0",
        "days" => "whole days from the first to the second, at least 0",
        "elapsed" => "milliseconds from the first to the second",
        "written-at" => "when the value was last written",
        "writer" => "the ID of the app that made the record",
        "is-zero" => "whether the number is 0",
        "owner-user" => "the owner's user ID",
        "owner-name" => "the owner's name",
        "owner-email" => "the owner's address",
        "phone" => "the number with its country",
        "phone-country" => "the country of the number",
        "phone-digits" => "the number without its country",
        "home" => "the amount, in another currency times the exchange rate",
        "reduction" => "what the discount takes off",
        "net" => "price times quantity, less the discount",
        "margin" => "the net price less the cost",
        "stage-entered" => "when the record came into its stage",
        "visit-entered" => "when the record last came into the stage",
        "visit-exited" => "when the record last left the stage",
        "visit-latest" => "how long it was in the stage, the last time, in milliseconds",
        "visit-all" => "how long it was in the stage in all, in milliseconds",
        "became" => "when the record came to the stage; cleared when it goes back",
        "count" => "how many are associated",
        "sum" => "the sum of the first",
        "earliest" => "the earliest",
        "latest" => "the latest",
        "of-latest" => "the first, of the record with the latest second",
        "primary" => "the record with the label Primary",
        "parent" => "the record with the label Parent Company",
        "children" => "how many have the label Child Company",
        other => panic!("{other} has no words"),
    };
    format!("{text}{only}")
}

fn page() -> String {
    let mut page = String::from(
        "# Calculated properties\n\nAn embedded account calculates these properties from others, as HubSpot does. \
         The table is `crates/objects/data/derived.tsv`; a test writes this page from it. \
         `{stage}` is the property that names a record's stage, or in a property's name the stage's id. \
         `activities` are calls, e-mails, meetings, notes, tasks, communications and postal mail; `contacting` leaves out notes and tasks; \
         `scheduled` are calls, e-mails, meetings and tasks.\n\n\
         | object types | property | from | value | source |\n| --- | --- | --- | --- | --- |\n",
    );
    for row in rows(DERIVED) {
        let [kinds, property, inputs, rule, _, source] = row[..] else { panic!("a row has six cells") };
        let kinds = if kinds == "*" { "all" } else { kinds }.replace(',', ", ");
        let inputs = if inputs == "-" { String::new() } else { format!("`{}`", inputs.replace(',', "`, `")) };
        let _ = writeln!(page, "| {kinds} | `{property}` | {inputs} | {} | {source} |", words(rule));
    }
    page.push_str(
        "\n## Not calculated\n\nHubSpot fills these properties. An embedded account has their definitions, refuses to write them as HubSpot does, \
         and leaves them empty.\n\n| property | object types |\n| --- | --- |\n",
    );
    for (property, kinds) in not_calculated() {
        let kinds = if kinds.len() > 20 { "most".to_owned() } else { kinds.into_iter().collect::<Vec<_>>().join(", ") };
        let _ = writeln!(page, "| `{property}` | {kinds} |");
    }
    page.push_str(
        "\nThe amount of a deal does not follow from its line items: on HubSpot that is a choice of each deal in its interface. \
         Activities of a contact do not count for the contact's companies and deals, unless they are associated with them too.\n",
    );
    page
}

/// Properties that callers can't write and no rule fills, with their types.
fn not_calculated() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let filled: BTreeSet<(&str, &str)> =
        rows(DERIVED).flat_map(|row| row[0].split(',').map(|kind| (kind, row[1])).collect::<Vec<_>>()).collect();
    let mut missing: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in rows(PROPERTIES) {
        let (kind, property, flags) = (row[0], row[1], row[6]);
        let is_filled = filled.contains(&(kind, property))
            || filled.contains(&("*", property))
            || KEPT.contains(&property)
            || (property.starts_with("hs_lifecyclestage_") && property.ends_with("_date"));
        if flags.contains(['r', 'c']) && !is_filled {
            missing.entry(property).or_default().insert(kind);
        }
    }
    missing
}

#[test]
fn the_page_lists_what_is_calculated_and_what_is_not() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/calculated-properties.md");
    if std::env::var_os("KEYWAY_WRITE_CALCULATED").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == page(), "docs/calculated-properties.md is of another table. Run this test with KEYWAY_WRITE_CALCULATED=1.");
}
