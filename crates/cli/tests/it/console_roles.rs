//! Every page of the console for every role: the table of operations decides which pages are open, and no page leads to
//! one that is not.

use std::collections::BTreeSet;

use keyway_console::PageRoute;
use keyway_gateway::admin::Reach;
use keyway_gateway::principal::Role;

use crate::harness::Keyway;
use crate::sign_in::Browser;

const PASSWORD: &str = "a password that is long";

/// What a page says that is not open to a role.
const CLOSED: &str = "does not open this page";

/// A server with an app, its token, and one person for each role, whose browsers they are.
fn with_people<'a>(keyway: &'a Keyway, app: &str) -> Vec<(Role, Browser<'a>)> {
    let password = format!("printf '{PASSWORD}'");
    let manager = Role::AppManager(vec![app.parse().unwrap()]);
    let roles = [(Role::SuperAdmin, "ada@example.com"), (Role::Auditor, "eve@example.com"), (manager, "mia@example.com")];
    let person = |(role, email): (Role, &str)| {
        let mut arguments = vec!["user", "create", email, "--role", role.name(), "--credential-command", &password];
        if role.apps().is_some() {
            arguments.extend(["--app", app]);
        }
        keyway.json(&arguments);
        let mut browser = Browser::new(keyway);
        browser.sign_in(email, PASSWORD);
        (role, browser)
    };
    roles.into_iter().map(person).collect()
}

/// The ids of an app and its account.
fn app(keyway: &Keyway) -> (String, String) {
    let account = keyway.json(&["account", "create", "Rehearsal"]);
    let hub_id = account["account"]["hubId"].to_string();
    // It ends soon, so that the overview says so and links to its rotation.
    let made = keyway.json(&["app", "create", "Own", "--account", &hub_id, "--scopes", "tickets", "--expires", "2d"]);
    keyway.call(made["token"]["value"].as_str().unwrap(), "GET", "/crm/v3/objects/tickets", None);
    (made["app"]["id"].to_string(), hub_id)
}

/// An address of a route: that of the app or its account where there is one, and otherwise of nothing.
fn filled(path: &str, (app, hub_id): &(String, String)) -> String {
    let mut path = if path.starts_with("/apps/") { path.replacen("{id}", app, 1) } else { path.to_owned() };
    path = path.replace("{hub_id}", hub_id).replace("{act}", "sign-out");
    while let Some((before, rest)) = path.split_once('{') {
        path = format!("{before}999{}", rest.split_once('}').unwrap().1);
    }
    path
}

fn is_open(route: &PageRoute, role: &Role) -> bool {
    route.operation.operation().access.reach(role.into()) != Reach::Nothing
}

#[test]
fn every_page_and_form_is_open_to_the_roles_of_its_operation_and_says_to_others_who_may() {
    let keyway = Keyway::start(&[]);
    let app = app(&keyway);
    for (role, browser) in with_people(&keyway, &app.0) {
        for route in keyway_console::routes() {
            let what = format!("{} {} for {}", route.method, route.path, role.name());
            let path = filled(route.path, &app);
            // A form without its token changes nothing.
            let answer = if route.method == "GET" { browser.get(&path) } else { browser.post(&path, &[]) };
            assert!(answer.status < 500, "{what}: {}", answer.status);
            if is_open(&route, &role) {
                assert!(!answer.body.contains(CLOSED), "{what}");
            } else {
                assert_eq!(answer.status, 403, "{what}");
                assert!(answer.body.contains(CLOSED) && answer.body.contains("super admins"), "{what}: {}", answer.body);
                let main = answer.body.split("<main").nth(1).unwrap();
                assert!(!main.contains("<form"), "{what} shows a form");
            }
        }
    }
}

/// What stands in a page's attribute of this name, once each.
fn named(page: &str, attribute: &str) -> BTreeSet<String> {
    let begin = format!(" {attribute}=\"");
    let values = page.split(&begin).skip(1).filter_map(|rest| rest.split('"').next());
    values.filter(|value| value.starts_with('/')).map(|value| value.replace("&amp;", "&").replace("&#38;", "&")).collect()
}

/// The route that an address has.
fn route<'a>(routes: &'a [PageRoute], method: &str, address: &str) -> Option<&'a PageRoute> {
    let path: Vec<&str> = address.split(['?', '#']).next().unwrap().split('/').collect();
    let fits = |known: &str| {
        let known: Vec<&str> = known.split('/').collect();
        known.len() == path.len() && known.iter().zip(&path).all(|(known, part)| known == part || known.starts_with('{'))
    };
    let all = routes.iter().filter(|route| route.method == method && fits(route.path));
    all.min_by_key(|route| route.path.matches('{').count())
}

#[test]
fn no_page_has_a_link_or_a_form_that_is_not_open_to_whoever_reads_it() {
    let keyway = Keyway::start(&[]);
    let (app, routes) = (app(&keyway), keyway_console::routes());
    keyway.json(&["admin-token", "create", "report", "--role", "auditor"]);
    for (role, browser) in with_people(&keyway, &app.0) {
        let (mut waiting, mut seen) = (vec!["/".to_owned()], BTreeSet::new());
        while let Some(address) = waiting.pop() {
            // One address of each route is enough: its others have the same template.
            let Some(at) = route(&routes, "GET", &address) else { continue };
            assert!(is_open(at, &role), "a page leads {} to {address}", role.name());
            if at.path.ends_with("/export") || !seen.insert(at.path) {
                continue;
            }
            let page = browser.get(&address);
            assert!(page.status < 400, "{address} for {}: {}", role.name(), page.status);
            for action in named(&page.body, "action").into_iter().chain(named(&page.body, "formaction")) {
                if let Some(form) =
                    route(&routes, "POST", &action).filter(|_| !page.body.contains(&format!("method=\"get\" action=\"{action}\"")))
                {
                    assert!(is_open(form, &role), "{address} offers {} the form {action}", role.name());
                }
            }
            waiting.extend(named(&page.body, "href"));
        }
        assert!(seen.len() > 10, "{} sees {seen:?}", role.name());
        assert_eq!(seen.contains("/apps/{id}/rotate"), role != Role::Auditor, "{}", role.name());
    }
}
