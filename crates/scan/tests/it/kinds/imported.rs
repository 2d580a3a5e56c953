//! Clients, constants and endpoints that another file holds: a call stands where it is sent.

use std::collections::BTreeSet;
use std::fs;

use keyway_scan::detect::Wanted;
use keyway_scan::finding::Confidence;
use keyway_scan::judge::Judgement;
use keyway_scan::scan::{self, Options, Progress};
use keyway_scan::source::tree::Which;

/// File, line and operation of each call in a folder of these files.
fn calls(files: &[(&str, &str)]) -> Vec<(String, u64, String)> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders can be made");
        fs::write(path, text).expect("files can be written");
    }
    let options = Options {
        which: Which { roots: vec![folder.path().to_owned()], ..Which::default() },
        wanted: Wanted { usages: true },
        judgement: Judgement { least: Confidence::Low, baseline: BTreeSet::new(), keep_values: false },
        progress: Progress::default(),
    };
    let report = scan::files(&options).expect("the folder is there");
    report.usages.into_iter().map(|usage| (usage.path, usage.line, usage.operation)).collect()
}

fn all(files: &[(&str, &str)], expected: &[(&str, u64, &str)]) {
    let found = calls(files);
    let found: Vec<(&str, u64, &str)> = found.iter().map(|(path, line, operation)| (path.as_str(), *line, operation.as_str())).collect();
    assert_eq!(found, expected, "{files:?}");
}

#[test]
fn a_client_with_a_base_path_is_called_where_it_is_brought_in() {
    let client = "const axios = require('axios');\nconst hubspot = axios.create({ baseURL: 'https://api.hubapi.com/crm/v3' });\nconst billing = axios.create({\n  baseURL: 'https://billing.example.com/crm/v3',\n});\nmodule.exports = { hubspot, billing };\n";
    let user = "const { hubspot, billing } = require('./http');\nexports.a = () => hubspot.get('/objects/deals');\nexports.b = (id) => hubspot.delete('/objects/deals/' + id);\nexports.c = () => billing.post('/objects/deals', {});\nexports.d = () => hubspot({ url: '/pipelines/deals', method: 'get' });\n";
    all(
        &[("src/http.js", client), ("src/deals.js", user)],
        &[
            ("src/deals.js", 2, "GET /crm/v3/objects/{objectType}"),
            ("src/deals.js", 3, "DELETE /crm/v3/objects/{objectType}/{objectId}"),
            ("src/deals.js", 5, "GET /crm/v3/pipelines/{objectType}"),
        ],
    );
}

#[test]
fn a_constant_and_a_table_of_endpoints_are_called_where_they_are_brought_in() {
    all(
        &[
            (
                "lib/endpoints.ts",
                "export const BASE = 'https://api.hubapi.com';\nexport const ENDPOINTS = {\n  owners: `${BASE}/crm/v3/owners`,\n};\n",
            ),
            ("lib/sync/hubspot.ts", "import { ENDPOINTS } from '../endpoints';\nexport const owners = () => fetch(ENDPOINTS.owners);\n"),
        ],
        &[("lib/sync/hubspot.ts", 2, "GET /crm/v3/owners")],
    );
    all(
        &[
            ("crm/urls.py", "OWNERS = \"https://api.hubapi.com/crm/v3/owners\"\n"),
            ("crm/hubspot_sync.py", "import requests\nfrom .urls import OWNERS\n\n\ndef owners():\n    return requests.get(OWNERS)\n"),
        ],
        &[("crm/hubspot_sync.py", 6, "GET /crm/v3/owners")],
    );
    all(
        &[
            ("crm/urls.go", "package crm\n\nconst ownersURL = \"https://api.hubapi.com/crm/v3/owners\"\n"),
            ("crm/hubspot.go", "package crm\n\nfunc owners() {\n\thttp.Get(ownersURL)\n}\n"),
        ],
        &[("crm/hubspot.go", 4, "GET /crm/v3/owners")],
    );
}

#[test]
fn a_definition_that_nobody_brings_in_is_reported_where_it_stands() {
    let found = calls(&[
        ("a/urls.js", "exports.OWNERS = 'https://api.hubapi.com/crm/v3/owners';\n"),
        ("b/hubspot.js", "const { OWNERS } = require('./urls');\nfetch(OWNERS);\n"),
    ]);
    assert_eq!(found.iter().map(|(path, line, _)| (path.as_str(), *line)).collect::<Vec<_>>(), [("a/urls.js", 1)]);
}

#[test]
fn what_a_file_sends_through_another_client_is_not_hubspots() {
    let client = "exports.hubspot = axios.create({ baseURL: 'https://api.hubapi.com/crm/v3' });\n";
    let user = "const { hubspot } = require('./http');\nconst erp = require('./erp');\n\n\n\n\n\n\n\n\n// This program sends orders to the resource planning of the company, and reads them back from there later on in the day.\n// Nothing of it has to do with the records that sales keeps elsewhere, and both have paths of the same form, sadly.\nexports.a = () => erp.get('/objects/deals');\n";
    assert!(calls(&[("http.js", client), ("hubspot_user.js", user)]).is_empty());
}

#[test]
fn files_that_bring_each_other_in_are_read_in_bounded_time() {
    let file = |other: &str| {
        format!("import {{ x }} from './{other}';\nexport const B{other} = 'https://api.hubapi.com/crm/v3/owners';\nfetch(B{other});\n")
    };
    assert_eq!(calls(&[("hub_a.js", &file("hub_b")), ("hub_b.js", &file("hub_a"))]).len(), 2);
}
