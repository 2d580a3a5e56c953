//! Calls of the client libraries that are no longer kept.

use keyway_scan::finding::Via;

use crate::examine;

/// Operation and authentication of each call in a text.
fn calls(path: &str, text: &str) -> Vec<(String, &'static str)> {
    let usages = examine(path, text).usages;
    // That a client is built with a key is another test.
    let calls = usages.into_iter().filter(|(_, usage)| usage.via != Via::Client).inspect(|(_, usage)| assert_eq!(usage.via, Via::Sdk));
    calls.map(|(_, usage)| (usage.operation, usage.auth.as_str())).collect()
}

fn one(operation: &str, auth: &'static str) -> Vec<(String, &'static str)> {
    vec![(operation.to_owned(), auth)]
}

#[test]
fn the_old_node_client_is_known_by_its_import_or_the_name_of_its_variable() {
    let text = "const Hubspot = require('hubspot')\nconst hs = new Hubspot({ apiKey: process.env.KEY })\nhs.contacts.getById(id).then(console.log)\n";
    assert_eq!(calls("a.js", text), one("GET /contacts/v1/contact/vid/{vid}/profile", "hapikey"));
    assert_eq!(calls("b.js", "module.exports = (hubspot) => hubspot.deals.create(deal)"), one("POST /deals/v1/deal", "unknown"));
    assert_eq!(calls("c.js", "// hubspot\nconst store = open()\nstore.contacts.getById(id)"), []);
}

#[test]
fn the_old_python_clients_are_known_by_attribute_and_by_class() {
    let text = "from hubspot3 import Hubspot3\nclient = Hubspot3(api_key=KEY)\nclient.contacts.get_contact_by_id(1)\n";
    assert_eq!(calls("a.py", text), one("GET /contacts/v1/contact/vid/{vid}/profile", "hapikey"));
    let text = "from hubspot3.companies import CompaniesClient\nclient = CompaniesClient(access_token=TOKEN)\nclient.get(1)\n";
    assert_eq!(calls("a.py", text), one("GET /companies/v2/companies/{companyId}", "bearer"));
    let text = "from hapi.leads import LeadsClient\nLeadsClient(KEY).get_lead(1)\n";
    assert_eq!(calls("a.py", text).len(), 1);
}

#[test]
fn the_old_php_and_ruby_clients_are_known() {
    let text = "<?php\n$hubspot = SevenShores\\Hubspot\\Factory::create(getenv('HUBSPOT_API_KEY'));\n$hubspot->contacts()->getById($id);\n";
    assert_eq!(calls("a.php", text), one("GET /contacts/v1/contact/vid/{vid}/profile", "hapikey"));
    let text = "Hubspot.configure(hapikey: ENV['KEY'])\nHubspot::Contact.find_by_id(1)\n";
    assert_eq!(calls("a.rb", text), one("GET /contacts/v1/contact/vid/{vid}/profile", "hapikey"));
}
