//! Beyond the CRM: things that are created, read, changed, archived and listed.

use keyway_portal::Storage;
use serde_json::{Value, json};

use crate::support::Account;

/// A root, what it is created with, a field to change, and one it can't be without.
const KINDS: [(&str, &str, &str, &str); 20] = [
    ("/marketing/v3/emails", r#"{"name":"May"}"#, "subject", "name"),
    ("/marketing/emails/2026-09", r#"{"name":"May"}"#, "subject", "name"),
    ("/cms/v3/url-redirects", r#"{"routePrefix":"/old","destination":"/new","redirectStyle":301}"#, "destination", "routePrefix"),
    ("/cms/url-redirects/2026-09", r#"{"routePrefix":"/old","destination":"/new","redirectStyle":302}"#, "destination", "redirectStyle"),
    ("/marketing/v3/forms", r#"{"name":"Contact us","formType":"hubspot"}"#, "name", "formType"),
    ("/cms/v3/blogs/posts", r#"{"name":"First"}"#, "slug", ""),
    ("/cms/blogs/2026-09/authors", r#"{"fullName":"Ada Archer"}"#, "slug", "fullName"),
    ("/cms/v3/blogs/tags", r#"{"name":"news"}"#, "slug", "name"),
    ("/cms/v3/pages/site-pages", r#"{"name":"Home"}"#, "slug", ""),
    ("/cms/pages/2026-03/landing-pages", r#"{"name":"Offer"}"#, "slug", ""),
    ("/cms/v3/pages/landing-pages/folders", r#"{"name":"Spring"}"#, "name", "name"),
    ("/settings/v3/users", r#"{"email":"new@example.com"}"#, "firstName", "email"),
    (
        "/settings/currencies/2026-09/exchange-rates",
        r#"{"fromCurrencyCode":"EUR","conversionRate":1.1}"#,
        "conversionRate",
        "fromCurrencyCode",
    ),
    ("/events/v3/event-definitions", r#"{"name":"visit","label":"Visit"}"#, "label", "label"),
    ("/webhooks/v3/77/subscriptions", r#"{"eventType":"contact.creation"}"#, "propertyName", "eventType"),
    ("/integrators/timeline/v3/77/event-templates", r#"{"name":"Visit","objectType":"contacts"}"#, "name", "name"),
    ("/files/v3/folders", r#"{"name":"images"}"#, "name", "name"),
    (
        "/commerce/payment-links/2026-09-beta/payment-links",
        r#"{"paymentLinkName":"Fair","currencyCode":"EUR","lineItemObjectIds":["7"]}"#,
        "paymentLinkName",
        "currencyCode",
    ),
    (
        "/commerce/payment-links/2027-03-beta/payment-links",
        r#"{"paymentLinkName":"Fair","currencyCode":"EUR","lineItems":[{"mode":"CUSTOM"}]}"#,
        "paymentLinkName",
        "lineItems",
    ),
    (
        "/crm/object-tags/2026-09-beta/0-3",
        r#"{"name":"Large","color":"red","filterBranch":{"filterBranchType":"OR"},"filterPipelineIds":["default"]}"#,
        "name",
        "filterBranch",
    ),
];

fn id(value: &Value) -> String {
    value["id"].as_str().or(value["name"].as_str()).unwrap_or_else(|| panic!("no id in {value}")).to_owned()
}

#[test]
fn every_collection_creates_reads_changes_archives_and_lists() {
    for (root, body, field, required) in KINDS {
        let account = Account::new();
        let body: Value = serde_json::from_str(body).unwrap();
        let made = account.call(&format!("POST {root}"), body.clone()).expect(201);
        let one = format!("{root}/{}", id(&made));
        assert_eq!(account.get(&one).expect(200), made, "{root}");
        let changed = account.call(&format!("PATCH {one}"), json!({ field: "other" })).expect(200);
        assert_eq!((&changed[field], &account.get(&one).expect(200)), (&json!("other"), &changed), "{root}");
        let listed = account.get(root);
        if !root.starts_with("/files") {
            assert_eq!(listed.expect(200)["results"], json!([changed]), "{root}");
        }
        account.call_with(&format!("DELETE {one}"), b"").expect(204);
        account.get(&one).refused(404, "OBJECT_NOT_FOUND");
        account.call(&format!("PATCH {one}"), json!({ field: "x" })).refused(404, "OBJECT_NOT_FOUND");
        if !required.is_empty() {
            let mut without = body.clone();
            without.as_object_mut().unwrap().remove(required);
            account.call(&format!("POST {root}"), without).refused(400, required);
        }
        account.call_with(&format!("POST {root}"), b"[1]").refused(400, "VALIDATION_ERROR");
        account.call_with(&format!("POST {root}"), b"{").refused(400, "VALIDATION_ERROR");
    }
}

#[test]
fn campaigns_have_their_fields_under_properties_and_uuids() {
    let account = Account::new();
    let made = account.call("POST /marketing/v3/campaigns", json!({ "properties": { "hs_name": "Spring" } })).expect(201);
    assert_eq!((made["id"].as_str().unwrap().len(), &made["properties"]["hs_name"]), (36, &json!("Spring")));
    account.call("POST /marketing/v3/campaigns", json!({ "hs_name": "Spring" })).refused(400, "properties");
    account.call("POST /marketing/v3/campaigns", json!({ "properties": {} })).refused(400, "hs_name");
}

#[test]
fn a_list_comes_page_by_page_in_order_and_archived_things_by_themselves() {
    let account = Account::new();
    let root = "/cms/v3/blogs/tags";
    for n in 0..25 {
        account.call(&format!("POST {root}"), json!({ "name": format!("t{n:02}") })).expect(201);
    }
    let (mut names, mut after) = (Vec::new(), "0".to_owned());
    loop {
        let page = account.get(&format!("{root}?limit=10&after={after}")).expect(200);
        assert_eq!(page["total"], 25);
        names.extend(page["results"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()));
        let Some(next) = page["paging"]["next"]["after"].as_str() else { break };
        after = next.to_owned();
    }
    assert!(names.len() == 25 && names.is_sorted());
    let newest = account.get(&format!("{root}?sort=-name&limit=1")).expect(200);
    assert_eq!(newest["results"][0]["name"], "t24");
    account.call_with(&format!("DELETE {root}/{}", newest["results"][0]["id"].as_str().unwrap()), b"").expect(204);
    assert_eq!(account.get(&format!("{root}?archived=true")).expect(200)["total"], 1);
    account.get(&format!("{root}?limit=101")).refused(400, "limit");
}

#[test]
fn a_batch_changes_all_of_its_inputs_or_none() {
    let account = Account::new();
    let root = "/cms/v3/blogs/tags";
    let made = account.call(&format!("POST {root}/batch/create"), json!({ "inputs": [{ "name": "a" }, { "name": "b" }] })).expect(201);
    let ids: Vec<&str> = made["results"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    account.call(&format!("POST {root}/batch/create"), json!({ "inputs": [{ "name": "c" }, {}] })).refused(400, "name");
    let update = json!({ "inputs": [{ "id": ids[0], "name": "x" }, { "id": "999", "name": "y" }] });
    account.call(&format!("POST {root}/batch/update"), update).refused(404, "999");
    let read = account.call(&format!("POST {root}/batch/read"), json!({ "inputs": ids })).expect(200);
    let some = json!({ "inputs": [ids[0], "999999"] });
    let part = account.call(&format!("POST {root}/batch/read"), some).expect(207);
    assert_eq!((part["results"].as_array().unwrap().len(), &part["errors"][0]["context"]["ids"]), (1, &json!(["999999"])));
    assert_eq!((&read["results"][0]["name"], account.get(root).expect(200)["total"].as_u64()), (&json!("a"), Some(2)));
    account.call(&format!("POST {root}/batch/archive"), json!({ "inputs": [ids[0]] })).expect(204);
    assert_eq!(account.get(root).expect(200)["total"], 1);
}

#[test]
fn a_draft_is_seen_apart_until_it_is_published() {
    let account = Account::new();
    let made = account.call("POST /cms/v3/pages/site-pages", json!({ "name": "Home", "slug": "home" })).expect(201);
    let one = format!("/cms/v3/pages/site-pages/{}", made["id"].as_str().unwrap());
    account.call(&format!("PATCH {one}/draft"), json!({ "slug": "new-home" })).expect(200);
    let slug = |path: &str| account.get(path).expect(200)["slug"].clone();
    assert_eq!((slug(&one), slug(&format!("{one}/draft"))), (json!("home"), json!("new-home")));
    account.call_with(&format!("POST {one}/draft/reset"), b"").expect(204);
    assert_eq!(slug(&format!("{one}/draft")), "home");
    account.call(&format!("PATCH {one}/draft"), json!({ "slug": "newest" })).expect(200);
    account.call_with(&format!("POST {one}/draft/push-live"), b"").expect(204);
    let live = account.get(&one).expect(200);
    assert_eq!((&live["slug"], &live["state"]), (&json!("newest"), &json!("PUBLISHED")));
    let clone = account.call("POST /cms/v3/pages/site-pages/clone", json!({ "id": made["id"], "cloneName": "Copy" })).expect(200);
    assert_eq!((&clone["name"], &clone["slug"], &clone["state"]), (&json!("Copy"), &json!("newest"), &json!("DRAFT")));
}

#[test]
fn a_file_comes_back_with_the_bytes_that_were_sent() {
    let account = Account::new();
    let form = |name: &str, bytes: &[u8]| {
        let head = format!("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: image/png\r\n\r\n");
        let tail = "\r\n--b\r\nContent-Disposition: form-data; name=\"options\"\r\n\r\n{\"access\":\"PRIVATE\"}\r\n--b\r\nContent-Disposition: form-data; name=\"folderPath\"\r\n\r\n/logos\r\n--b--\r\n";
        [head.as_bytes(), bytes, tail.as_bytes()].concat()
    };
    let made = account.call_with("POST /files/v3/files", &form("logo.png", b"\x89PNG\x00\r\n")).expect(201);
    assert_eq!(
        (&made["name"], &made["extension"], &made["path"], &made["size"]),
        (&json!("logo"), &json!("png"), &json!("/logos/logo.png"), &json!(7))
    );
    let one = format!("/files/v3/files/{}", made["id"].as_str().unwrap());
    assert_eq!(account.get(&one).expect(200), made);
    let bytes = |account: &Account| {
        account.block_on(account.portal().handle(crate::support::call(&format!("GET {one}/download"), b"", 1))).unwrap().body
    };
    assert_eq!(&bytes(&account)[..], b"\x89PNG\x00\r\n");
    assert_eq!(account.get("/files/2026-09/files/search?name=logo").expect(200)["results"].as_array().unwrap().len(), 1);
    account.call_with(&format!("PUT {one}"), &form("logo.png", b"new")).expect(200);
    assert_eq!(&bytes(&account)[..], b"new");
    account.call(&format!("PATCH {one}"), json!({ "name": "other", "size": 1 })).expect(200);
    assert_eq!((&account.get(&one).expect(200)["name"], &account.get(&one).expect(200)["size"]), (&json!("other"), &json!(3)));
    account.call_with("POST /files/v3/files", b"{}").refused(400, "multipart");
    account
        .call_with("POST /files/v3/files", b"--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nx\r\n--b--\r\n")
        .refused(400, "access");
    account.call_with(&format!("DELETE {one}"), b"").expect(204);
    account.get(&one).refused(404, "OBJECT_NOT_FOUND");
}

#[test]
fn rows_of_hubdb_are_live_once_their_table_is_published() {
    let account = Account::new();
    let table = json!({ "name": "cities", "label": "Cities", "columns": [{ "name": "city", "label": "City", "type": "TEXT" }] });
    account.call("POST /cms/v3/hubdb/tables", table.clone()).expect(201);
    account.call("POST /cms/v3/hubdb/tables", table).refused(409, "cities");
    let rows = "/cms/v3/hubdb/tables/cities/rows";
    let row = account.call(&format!("POST {rows}"), json!({ "values": { "city": "Porto" } })).expect(201);
    account.call(&format!("POST {rows}"), json!({ "values": { "town": "Porto" } })).refused(400, "town");
    account.get("/cms/v3/hubdb/tables/cities").refused(404, "OBJECT_NOT_FOUND");
    assert_eq!(
        (account.get(rows).expect(200)["total"].as_u64(), account.get(&format!("{rows}/draft")).expect(200)["total"].as_u64()),
        (Some(0), Some(1))
    );
    let published = account.call_with("POST /cms/hubdb/2026-03/tables/cities/draft/publish", b"").expect(200);
    assert_eq!((&published["published"], &published["rowCount"]), (&json!(true), &json!(1)));
    let one = format!("{rows}/{}", row["id"].as_str().unwrap());
    account.call(&format!("PATCH {one}/draft"), json!({ "values": { "city": "Lagos" } })).expect(200);
    assert_eq!(
        (&account.get(&one).expect(200)["values"]["city"], &account.get(&format!("{one}/draft")).expect(200)["values"]["city"]),
        (&json!("Porto"), &json!("Lagos"))
    );
    account.call(&format!("POST {rows}/draft/batch/purge"), json!({ "inputs": [row["id"]] })).expect(204);
    account.get(&one).expect(200);
    account.call_with("POST /cms/v3/hubdb/tables/cities/draft/publish", b"").expect(200);
    account.get(&one).refused(404, "OBJECT_NOT_FOUND");
    account.call_with("DELETE /cms/v3/hubdb/tables/cities", b"").expect(204);
}

#[test]
fn preferences_currencies_and_webhook_targets_are_kept() {
    let account = Account::new();
    let wish = json!({ "emailAddress": "A@example.com", "subscriptionId": "4" });
    account.call("POST /communication-preferences/v3/subscribe", wish.clone()).expect(200);
    let status = |of: &str| {
        let answer = account.get(&format!("/communication-preferences/v3/status/email/{of}")).expect(200);
        answer["subscriptionStatuses"].as_array().unwrap().iter().find(|one| one["id"] == "4").unwrap()["status"].clone()
    };
    assert_eq!((status("a@example.com"), status("b@example.com")), (json!("SUBSCRIBED"), json!("NOT_SUBSCRIBED")));
    account.call("POST /communication-preferences/v3/unsubscribe", wish).expect(200);
    assert_eq!(status("a@example.com"), "NOT_SUBSCRIBED");
    account
        .call("POST /communication-preferences/v3/subscribe", json!({ "emailAddress": "a", "subscriptionId": "4" }))
        .refused(400, "emailAddress");
    assert_eq!(account.get("/settings/currencies/2026-09/company-currency").expect(200)["currencyCode"], "USD");
    account.call("PUT /settings/currencies/2026-09/company-currency", json!({ "currencyCode": "EUR" })).expect(200);
    assert_eq!(account.get("/settings/v3/currencies/company-currency").expect(200)["currencyCode"], "EUR");
    account.call("PUT /settings/currencies/2026-09/company-currency", json!({ "currencyCode": "ZZZ" })).refused(400, "currencyCode");
    account.get("/webhooks/v3/77/settings").refused(404, "OBJECT_NOT_FOUND");
    account.call("PUT /webhooks/v3/77/settings", json!({ "targetUrl": "https://example.com/hook" })).expect(200);
    assert_eq!(account.get("/webhooks/v3/77/settings").expect(200)["targetUrl"], "https://example.com/hook");
    account.call("PUT /webhooks/v3/77/settings", json!({ "targetUrl": "file:///etc/passwd" })).refused(400, "targetUrl");
}

#[test]
fn what_is_kept_is_there_after_a_restart_and_in_a_copy() {
    let folder = tempfile::tempdir().unwrap();
    let (made, copy) = {
        let account = Account::open(Storage::Folder(folder.path().to_owned()));
        let made = account.call("POST /marketing/v3/emails", json!({ "name": "May" })).expect(201);
        account
            .call(&format!("PATCH /marketing/v3/emails/{}/draft", made["id"].as_str().unwrap()), json!({ "subject": "Hello" }))
            .expect(200);
        account.block_on(account.portal().close());
        (made, account.copy())
    };
    let account = Account::open(Storage::Folder(folder.path().to_owned()));
    let one = format!("/marketing/v3/emails/{}", made["id"].as_str().unwrap());
    assert_eq!(account.get(&format!("{one}/draft")).expect(200)["subject"], "Hello");
    let other = Account::new();
    other.block_on(other.portal().put_back(crate::support::HUB_ID, &copy)).unwrap();
    assert_eq!(other.get(&one).expect(200), made);
}

#[test]
fn what_is_not_served_says_so() {
    let account = Account::new();
    for line in [
        "GET /forecast-settings/2026-09/forecast-types",
        "GET /media-bridge/2026-09/objects/VIDEO",
        "POST /settings/currencies/2026-09/central-fx-rates/add-currency",
    ] {
        account.call(line, json!({})).refused(501, "NOT_IMPLEMENTED");
    }
}

#[test]
fn a_user_is_invited_by_an_address() {
    let account = Account::new();
    let invite = |email: &str| account.call("POST /settings/users/2026-09", json!({ "email": email }));
    invite("not-an-email").refused(400, "email");
    let made = invite("ada@example.com").expect(201);
    assert_eq!(json!([made["roleIds"], made["superAdmin"]]), json!([[], false]));
}

/// HubSpot's published specification of `/settings/teams/2026-09-beta`.
#[test]
fn a_user_has_one_team_by_default_and_a_team_stays_above_others() {
    let account = Account::new();
    let root = "/settings/teams/2026-09-beta";
    let team = |name: &str, parent: Option<&str>, members: Value| {
        let mut body = json!({ "name": name, "members": members });
        if let Some(parent) = parent {
            body["parentTeamId"] = parent.into();
        }
        account.call(&format!("POST {root}"), body)
    };
    let sales = team("Sales", None, json!([{ "userId": "9001", "type": "DEFAULT" }])).expect(201);
    let sales = sales["id"].as_str().unwrap();
    let south = team("South", Some(sales), json!([])).expect(201);
    let south = south["id"].as_str().unwrap();
    team("North", Some("999"), json!([])).refused(400, "parentTeamId");
    team("North", None, json!([{ "userId": "1", "type": "DEFAULT" }])).refused(400, "userId");
    account.call(&format!("PATCH {root}/{sales}"), json!({ "parentTeamId": south })).refused(400, "below it");
    account.call(&format!("POST {root}/{south}/members"), json!({ "userId": "9001", "type": "DEFAULT" })).expect(201);
    assert_eq!(account.get(&format!("{root}/{sales}/members")).expect(200)["results"], json!([]));
    let both = json!({ "inputs": [{ "userId": "9002", "type": "EXTRA" }, { "userId": "9003", "type": "DEFAULT" }] });
    account.call(&format!("POST {root}/{south}/members/batch"), both).expect(200);
    let seen = account.get("/settings/v3/users/teams").expect(200)["results"][2].clone();
    assert_eq!(seen, json!({ "id": south, "name": "South", "userIds": ["9001", "9003"], "secondaryUserIds": ["9002"] }));
    account.call(&format!("DELETE {root}/{south}/members/9002"), Value::Null).refused(404, "9002");
    account.call(&format!("DELETE {root}/{south}/members/9002?type=EXTRA"), Value::Null).expect(204);
    account.call(&format!("DELETE {root}/{sales}"), Value::Null).refused(400, "below it");
    assert_eq!(account.call(&format!("PATCH {root}/{south}"), json!({ "name": "Far South" })).expect(200)["parentTeamId"], sales);
    account.call(&format!("DELETE {root}/{south}"), Value::Null).expect(204);
    account.call(&format!("DELETE {root}/{sales}"), Value::Null).expect(204);
    assert_eq!(account.get(root).expect(200)["results"], json!([]));
}
