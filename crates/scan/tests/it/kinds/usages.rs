//! Usages that are not plain URLs: K8, K12, K14 and K15.

use std::collections::BTreeSet;
use std::fs;

use keyway_scan::detect::Wanted;
use keyway_scan::finding::{Confidence, Usage, UsageAuth, Via};
use keyway_scan::judge::Judgement;
use keyway_scan::scan::{self, Options, Progress, Report};
use keyway_scan::source::tree::Which;

use super::operations;
use crate::examine;

pub(super) fn of_via(path: &str, text: &str, via: Via) -> Vec<Usage> {
    examine(path, text).usages.into_iter().map(|(_, usage)| usage).filter(|usage| usage.via == via).collect()
}

/// A scan of a folder with these files.
pub(super) fn scan(files: &[(&str, &str)]) -> Report {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (path, content) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("folders can be made");
        fs::write(path, content).expect("files can be written");
    }
    let options = Options {
        which: Which { roots: vec![folder.path().to_owned()], ..Which::default() },
        wanted: Wanted { usages: true },
        judgement: Judgement { least: Confidence::Medium, baseline: BTreeSet::new(), keep_values: false },
        progress: Progress::default(),
    };
    scan::files(&options).expect("the folder is there")
}

#[test]
fn k8_a_client_built_with_an_api_key_is_a_usage_by_itself() {
    for (path, text) in [
        ("a.js", "const hubspot = require('@hubspot/api-client')\nexport const c = new hubspot.Client({ apiKey: process.env.K })"),
        ("a.ts", "import { Client } from '@hubspot/api-client'\nconst c = new Client({ apiKey })"),
        ("a.js", "const Hubspot = require('hubspot')\nmodule.exports = new Hubspot({\n  apiKey: config.key,\n  checkLimit: false,\n})"),
        ("a.py", "import hubspot\nclient = hubspot.HubSpot(api_key=os.environ['K'])"),
        ("a.py", "from hubspot3 import Hubspot3\nclient = Hubspot3(api_key=KEY)"),
        ("a.php", "$h = HubSpot\\Factory::createWithApiKey(getenv('K'));"),
        ("a.php", "$h = SevenShores\\Hubspot\\Factory::create($key);"),
        ("a.rb", "Hubspot.configure(hapikey: ENV['K'])"),
        ("a.rb", "Hubspot.configure do |config|\n  config.api_key = ENV['K']\nend"),
        ("a.rb", "client = Hubspot::Client.new(api_key: ENV['K'])"),
        ("a.cs", "var c = new HubSpotContactClient(settings.Key);"),
        ("a.go", "c, _ := hubspot.NewClient(hubspot.SetAPIKey(os.Getenv(\"K\")))"),
    ] {
        let clients = of_via(path, text, Via::Client);
        assert_eq!(clients.len(), 1, "{text}: {clients:?}");
        assert_eq!((clients[0].auth, clients[0].sunset), (UsageAuth::Hapikey, Some("2022-11-30")), "{text}");
    }
    let developer = of_via("a.js", "const h = require('@hubspot/api-client')\nnew h.Client({ developerApiKey: K })", Via::Client);
    assert_eq!(developer.iter().map(|usage| usage.auth).collect::<Vec<_>>(), [UsageAuth::DeveloperKey]);
}

#[test]
fn k8_other_clients_and_other_ways_in_are_none() {
    for (path, text) in [
        ("a.js", "const hubspot = require('@hubspot/api-client')\nnew hubspot.Client({ accessToken: process.env.T })"),
        ("a.py", "from hubspot import HubSpot\nHubSpot(access_token=T)"),
        ("a.js", "// as in hubspot\nnew Client({ apiKey })"),
        ("a.rb", "Hubspot.configure(access_token: ENV['T'])"),
        ("a.js", "const hubspot = require('@hubspot/api-client')\n// new hubspot.Client({ apiKey: K })"),
        ("README.md", "const hubspot = require('@hubspot/api-client')\nnew hubspot.Client({ apiKey: K })"),
        ("a.go", "c := hubspot.NewClient(hubspot.NewClientConfig())"),
    ] {
        assert_eq!(of_via(path, text, Via::Client), [], "{text}");
    }
}

#[test]
fn k12_nodes_of_n8n_are_the_calls_that_they_send() {
    let node = |parameters: &str, credentials: &str| {
        format!(
            r#"{{"nodes": [{{"parameters": {parameters}, "type": "n8n-nodes-base.hubspot", "typeVersion": 2, "position": [1, 2], "credentials": {{"{credentials}": {{"id": "1", "name": "HubSpot"}}}}}}]}}"#
        )
    };
    for (parameters, credentials, operation, auth) in [
        ("{}", "hubspotApi", "POST /contacts/v1/contact/createOrUpdate/email/{email}", UsageAuth::Hapikey),
        (r#"{"operation": "getAll", "returnAll": true}"#, "hubspotAppToken", "GET /contacts/v1/lists/all/contacts/all", UsageAuth::Bearer),
        (r#"{"resource": "deal", "operation": "update"}"#, "hubspotOAuth2Api", "PUT /deals/v1/deal/{dealId}", UsageAuth::Bearer),
        (
            r#"{"resource": "company", "operation": "searchByDomain"}"#,
            "hubspotAppToken",
            "POST /companies/v2/domains/{domain}/companies",
            UsageAuth::Bearer,
        ),
        (r#"{"resource": "contact", "operation": "search"}"#, "hubspotAppToken", "POST /crm/v3/objects/contacts/search", UsageAuth::Bearer),
        (
            r#"{"resource": "something", "operation": "new"}"#,
            "hubspotAppToken",
            "node n8n-nodes-base.hubspot something:new",
            UsageAuth::Bearer,
        ),
    ] {
        let nodes = of_via("workflow.json", &node(parameters, credentials), Via::Node);
        assert_eq!(
            nodes.iter().map(|usage| (usage.operation.as_str(), usage.auth)).collect::<Vec<_>>(),
            [(operation, auth)],
            "{parameters}"
        );
    }
}

#[test]
fn k12_steps_of_other_tools_are_listed_and_other_steps_are_not() {
    for (text, operation) in [
        (r#"{"flow": [{"id": 1, "module": "hubspotcrm:CreateContact", "version": 2}]}"#, "POST /crm/v3/objects/contacts"),
        (r#"{"flow": [{"id": 1, "module": "hubspotcrm:updateADeal", "version": 2}]}"#, "PATCH /crm/v3/objects/{objectType}/{objectId}"),
        (r#"{"flow": [{"id": 1, "module": "hubspotcrm:searchCompanies", "version": 2}]}"#, "POST /crm/v3/objects/companies/search"),
        (r#"{"flow": [{"id": 1, "module": "hubspotcrm:watchContacts", "version": 2}]}"#, "node hubspotcrm:watchContacts"),
        (r#"{"steps": [{"selected_api": "HubSpotCLIAPI@1.2.0", "action": "find_ticket"}]}"#, "POST /crm/v3/objects/tickets/search"),
        (r#"{"block": [{"provider": "hubspot", "name": "delete_contact"}]}"#, "DELETE /crm/v3/objects/contacts/{contactId}"),
        (r#"{"steps": [{"selected_api": "HubSpotCLIAPI@1.2.0", "action": "crm_create"}]}"#, "node HubSpotCLIAPI@1.2.0 crm_create"),
        (r#"{"block": [{"provider": "hubspot", "name": "search_object"}]}"#, "node hubspot search_object"),
        (r#"[{"id": "1", "type": "hubspot-contacts", "name": "read"}]"#, "node hubspot-contacts read"),
    ] {
        let nodes = of_via("export.json", text, Via::Node);
        assert_eq!(nodes.iter().map(|usage| usage.operation.as_str()).collect::<Vec<_>>(), [operation]);
    }
    for text in [
        r#"{"nodes": [{"type": "n8n-nodes-base.set", "name": "HubSpot fields"}]}"#,
        r#"{"flow": [{"module": "google-sheets:addRow", "label": "hubspot"}]}"#,
        "// \"type\": \"n8n-nodes-base.hubspot\"",
    ] {
        assert_eq!(of_via("export.json", text, Via::Node), [], "{text}");
    }
}

#[test]
fn k14_a_version_in_a_constant_is_resolved() {
    for (path, text, operation) in [
        (
            "a.js",
            "const BASE = 'https://api.hubapi.com'\nconst V = 'v3'\nfetch(`${BASE}/crm/${V}/objects/contacts`)",
            "GET /crm/v3/objects/contacts",
        ),
        (
            "a.py",
            "API_VERSION = \"2026-03\"\nrequests.get(f\"https://api.hubapi.com/crm/objects/{API_VERSION}/contacts\")",
            "GET /crm/objects/2026-03/contacts",
        ),
        (
            "a.py",
            "V = os.getenv('HS_VERSION', '2026-09')\nrequests.get('https://api.hubapi.com/crm/objects/' + V + '/contacts')",
            "GET /crm/objects/2026-09/{objectType}",
        ),
        (
            "a.java",
            "private static final String VERSION = \"v3\";\nclient.get(\"https://api.hubapi.com/crm/\" + VERSION + \"/owners\");",
            "GET /crm/v3/owners",
        ),
        ("a.php", "const VERSION = 'v3';\n$c->get('https://api.hubapi.com/crm/' . self::VERSION . '/owners');", "GET /crm/v3/owners"),
        ("a.rb", "VERSION = 'v3'.freeze\nHTTParty.get(\"https://api.hubapi.com/crm/#{VERSION}/owners\")", "GET /crm/v3/owners"),
        ("a.go", "const apiVersion = \"v3\"\nhttp.Get(\"https://api.hubapi.com/crm/\" + apiVersion + \"/owners\")", "GET /crm/v3/owners"),
        (
            "a.ts",
            "const VERSIONS = { crm: 'v3', flows: 'v4' }\nfetch(`https://api.hubapi.com/crm/${VERSIONS.crm}/owners`)",
            "GET /crm/v3/owners",
        ),
        (
            "a.ts",
            "class A {\n  private readonly version: string = 'v3'\n  x() { return fetch(`https://api.hubapi.com/crm/${this.version}/owners`) }\n}",
            "GET /crm/v3/owners",
        ),
    ] {
        assert_eq!(operations(path, text), [operation], "{text}");
    }
}

#[test]
fn k14_a_version_that_is_not_known_is_listed_as_unknown() {
    let found = examine("a.js", "fetch(`https://api.hubapi.com/crm/${API_VERSION}/objects/contacts`)").usages;
    let [(_, usage)] = found.as_slice() else { panic!("one usage: {found:?}") };
    assert_eq!((usage.operation.as_str(), usage.version.as_str()), ("GET /crm/{version}/objects/contacts", "unknown"));
    assert_eq!((usage.sunset, usage.successor.as_deref()), (None, None));
    // A constant that holds two versions is none.
    let text = "let version = 'v3'\nversion = '2026-09'\nfetch(`https://api.hubapi.com/crm/${version}/owners`)";
    assert_eq!(operations("a.js", text), ["GET /crm/{version}/owners"]);
    // What is no version stays what it was: a part of the path.
    for text in ["fetch(`https://api.hubapi.com/crm/${type}/objects/contacts`)", "// hubspot\nfetch(`/api/${version}/objects/contacts`)"] {
        assert!(operations("a.js", text).iter().all(|operation| !operation.contains("{version}")), "{text}");
    }
}

#[test]
fn k14_a_version_is_resolved_in_the_file_that_it_is_imported_from() {
    let report = scan(&[
        ("js/config.js", "module.exports.API_VERSION = 'v3'\n"),
        ("js/a.js", "const { API_VERSION } = require('./config')\nfetch(`https://api.hubapi.com/crm/${API_VERSION}/owners`)"),
        ("ts/lib/version.ts", "export const API_VERSION: string = '2026-09'\n"),
        ("ts/a.ts", "import { API_VERSION } from './lib/version.js'\nfetch(`https://api.hubapi.com/crm/owners/${API_VERSION}`)"),
        ("py/app/settings.py", "HUBSPOT_VERSION = 'v3'\n"),
        (
            "py/app/sync.py",
            "from app.settings import HUBSPOT_VERSION\nrequests.get(f'https://api.hubapi.com/crm/{HUBSPOT_VERSION}/owners')",
        ),
        ("py/app/other.py", "from .settings import HUBSPOT_VERSION\nrequests.get(f'https://api.hubapi.com/crm/{HUBSPOT_VERSION}/owners')"),
        ("go/a.go", "http.Get(\"https://api.hubapi.com/crm/\" + apiVersion + \"/owners\")"),
        ("go/const.go", "package x\nconst apiVersion = \"v3\"\n"),
        ("none/a.js", "import { API_VERSION } from 'elsewhere'\nfetch(`https://api.hubapi.com/crm/${API_VERSION}/owners`)"),
    ]);
    let found: Vec<(&str, &str)> = report.usages.iter().map(|usage| (usage.path.as_str(), usage.operation.as_str())).collect();
    assert_eq!(
        found,
        [
            ("go/a.go", "GET /crm/v3/owners"),
            ("js/a.js", "GET /crm/v3/owners"),
            ("none/a.js", "GET /crm/{version}/owners"),
            ("py/app/other.py", "GET /crm/v3/owners"),
            ("py/app/sync.py", "GET /crm/v3/owners"),
            ("ts/a.ts", "GET /crm/owners/2026-09"),
        ]
    );
}

#[test]
fn k15_paths_that_only_hubspot_has_are_known_in_files_that_do_not_name_it() {
    for (path, operation) in [
        ("/owners/v2/owners", "GET /owners/v2/owners"),
        ("/automation/v3/workflows", "GET /automation/v3/workflows"),
        ("/account-info/v3/details", "GET /account-info/v3/details"),
        ("/contacts/v1/lists", "GET /contacts/v1/lists"),
        ("/email/public/v1/campaigns", "GET /email/public/v1/campaigns"),
        ("/marketing/v3/marketing-events", "GET /marketing/marketing-events/v3"),
        ("/crm/objects/2026-09/contacts", "GET /crm/objects/2026-09/{objectType}"),
        ("/content/api/v2/pages", "GET /content/api/v2/pages"),
        ("/communication-preferences/v3/definitions", "GET /communication-preferences/v3/definitions"),
    ] {
        assert_eq!(operations("a.js", &format!("client.get('{path}')")), [operation]);
    }
    for path in [
        "/api/v1/contacts",
        "/crm/v3/Leads",
        "/crm/v8/Contacts",
        "/oauth/v1/token",
        "/files/v3/files",
        "/users/v2/owners",
        "/contacts/v1/contacts",
        "/deals/v1/deals",
        "/calendar/v1/events",
        "/owners/v9/owners",
    ] {
        assert_eq!(operations("a.js", &format!("client.get('{path}')")), [""; 0], "{path}");
    }
}

/// Path and operation of each usage.
fn placed(files: &[(&str, &str)]) -> Vec<(String, String)> {
    scan(files).usages.into_iter().map(|usage| (usage.path, usage.operation)).collect()
}

#[test]
fn k8_a_manifest_with_a_client_makes_the_files_of_its_folder_hubspots() {
    let code = "module.exports = (client) => client.crm.contacts.basicApi.getPage(10)\n";
    let found =
        |manifest: &str, text: &str| placed(&[(&format!("app/{manifest}"), text), ("app/src/sync.js", code), ("other/sync.js", code)]);
    let call = ("app/src/sync.js".to_owned(), "GET /crm/v3/objects/contacts".to_owned());
    for (manifest, text) in [
        ("package.json", "{\"dependencies\": {\"@hubspot/api-client\": \"^12.0.1\"}}"),
        ("requirements.txt", "requests\nhubspot-api-client==11.1.0\n"),
        ("pyproject.toml", "[project]\ndependencies = [\n  \"hubspot-api-client>=8\",\n]\n"),
        ("composer.json", "{\"require\": {\"hubspot/api-client\": \"^11.0\"}}"),
        ("Gemfile", "gem 'hubspot-api-client', '~> 18'\n"),
        ("go.mod", "module x\n\nrequire (\n\tgithub.com/belong-inc/go-hubspot v0.9.0\n)\n"),
        ("Crm.csproj", "<Project><PackageReference Include=\"HubSpot.NET\" Version=\"1.0\" /></Project>"),
        ("pom.xml", "<dependency><groupId>a.b</groupId><artifactId>hubspot-client</artifactId><version>1.2</version></dependency>"),
        ("build.gradle", "implementation 'a.b:hubspot-api:1.0'\n"),
    ] {
        assert_eq!(found(manifest, text), std::slice::from_ref(&call), "{manifest}");
    }
    for (manifest, text) in [
        ("package.json", "{\"name\": \"crm\", \"scripts\": {\"hubspot\": \"node sync.js\"}, \"keywords\": [\"hubspot\"]}"),
        ("package.json", "{\"dependencies\": {\"react-hubspot-form\": \"1.3.7\"}}"),
        ("requirements.txt", "# hubspot-api-client==1\nrequests\n"),
        ("pom.xml", "<groupId>com.hubspot.jinjava</groupId><artifactId>jinjava</artifactId>"),
        ("notes.json", "{\"@hubspot/api-client\": \"^12.0.1\"}"),
    ] {
        assert_eq!(found(manifest, text), [], "{text}");
    }
    let vendored =
        placed(&[("app/package.json", "{\"dependencies\": {\"@hubspot/api-client\": \"1.0.0\"}}"), ("app/node_modules/x/a.js", code)]);
    assert_eq!(vendored, [], "what others wrote is theirs");
}

#[test]
fn k8_a_client_that_speaks_only_old_apis_is_a_usage_of_its_manifest() {
    for (path, text, call, ends) in [
        ("package.json", "{\"dependencies\": {\"hubspot\": \"^2.3.2\"}}", "npm hubspot ^2.3.2", "2027-09-30"),
        ("requirements.txt", "hubspot3==3.2.51\n", "pypi hubspot3 ==3.2.51", "2027-09-30"),
        ("requirements-dev.txt", "hapipy\n", "pypi hapipy", "2022-11-30"),
        ("composer.json", "{\"require\": {\"hubspot/hubspot-php\": \"^5.0\"}}", "composer hubspot/hubspot-php ^5.0", "2027-09-30"),
        ("Gemfile", "gem 'hubspot-ruby'\n", "gem hubspot-ruby", "2027-09-30"),
    ] {
        let found: Vec<_> = of_via(path, text, Via::Client).into_iter().map(|usage| (usage.call, usage.sunset)).collect();
        assert_eq!(found, [(Some(call.to_owned()), Some(ends))], "{text}");
    }
    for (path, text) in [
        ("package.json", "{\"dependencies\": {\"@hubspot/api-client\": \"^12.0.1\"}}"),
        ("package.json", "{\"name\": \"hubspot\", \"version\": \"2.0.0\"}"),
        ("requirements.txt", "hubspot-api-client\nhubspot3-extras-of-mine==1\n"),
        ("package-lock.json", "{\"hubspot\": \"^2.3.2\"}"),
    ] {
        assert_eq!(of_via(path, text, Via::Client), [], "{text}");
    }
}
