//! Themes, domains, visitors, units, and e-mails sent one by one.

use keyway_portal::Portal;
use serde_json::{Value, json};

use crate::support::{Account, call};

fn form(parts: &[(&str, Option<&str>, &str)]) -> Vec<u8> {
    let mut body = String::new();
    for (name, file, text) in parts {
        let file = file.map_or_else(String::new, |file| format!("; filename=\"{file}\""));
        body.push_str(&format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{text}\r\n"));
    }
    (body + "--b--\r\n").into_bytes()
}

fn bytes(account: &Account, line: &str) -> Vec<u8> {
    let portal: &Portal = account.portal();
    account.block_on(portal.handle(call(line, b"", 1))).unwrap().body.to_vec()
}

#[test]
fn the_files_of_a_theme_are_kept_by_path_and_environment() {
    let account = Account::new();
    let root = "/cms/v3/source-code/draft";
    let css = |text: &str| form(&[("file", Some("main.css"), text)]);
    account.call_with(&format!("PUT {root}/content/main.css"), &css("a{}")).expect(200);
    account.call_with(&format!("PUT {root}/content/fields.json"), &css("[]")).expect(200);
    account.call_with(&format!("POST {root}/content/fields.json"), &css("[]")).refused(409, "fields.json");
    assert_eq!(bytes(&account, &format!("GET {root}/content/main.css")), b"a{}");
    account.get("/cms/v3/source-code/published/content/main.css").refused(404, "main.css");
    let file = account.get(&format!("{root}/metadata/main.css")).expect(200);
    let folder = account.get(&format!("{root}/metadata/%40root")).expect(200);
    assert_eq!(
        json!([file["folder"], file["name"], folder["folder"], folder["children"]]),
        json!([false, "main.css", true, ["fields.json", "main.css"]])
    );
    account.call_with(&format!("PUT {root}/content/evil.exe"), &css("x")).refused(400, "path");
    account.call_with("PUT /cms/v3/source-code/other/content/a.css", &css("x")).refused(400, "environment");
    account.call_with(&format!("POST {root}/validate/a.html"), &form(&[("file", Some("a.html"), "{{ x }}")])).expect(200);
    account.call_with(&format!("POST {root}/validate/a.html"), &form(&[("file", Some("a.html"), "{{ x")])).refused(400, "a.html");
    let task = account.call("POST /cms/v3/source-code/extract/async", json!({ "path": "fields.json" })).expect(202);
    let done = account.get(&format!("/cms/v3/source-code/extract/async/tasks/{}/status", task["id"].as_str().unwrap())).expect(200);
    assert_eq!(done["status"], "COMPLETE");
    account.call(&format!("DELETE {root}/content/fields.json"), Value::Null).expect(204);
    account.get(&format!("{root}/content/fields.json")).refused(404, "fields.json");
}

#[test]
fn an_account_has_a_domain_a_unit_and_tokens_for_visitors() {
    let account = Account::new();
    let all = account.get("/cms/v3/domains/").expect(200);
    assert_eq!(json!([all["total"], all["results"][0]["domain"]]), json!([1, "4242.hs-sites.com"]));
    assert_eq!(account.get("/cms/v3/domains/1").expect(200), all["results"][0]);
    account.get("/cms/v3/domains/9").refused(404, "9");
    assert_eq!(account.get("/business-units/v3/business-units/user/1").expect(200), json!({ "results": [{ "id": "0", "name": "Test" }] }));
    assert_eq!(account.get("/business-units/public/2026-09/business-units/user/1?name=Other").expect(200)["results"], json!([]));
    let path = "POST /visitor-identification/v3/tokens/create";
    let token = account.call(path, json!({ "email": "ada@example.com" })).expect(200)["token"].as_str().unwrap().to_owned();
    assert_eq!(token.split('.').count(), 3);
    account.call(path, json!({ "email": "x" })).refused(400, "email");
}

#[test]
fn an_e_mail_is_sent_once_to_an_address_that_becomes_a_contact() {
    let account = Account::new();
    let email =
        account.call("POST /marketing/v3/emails", json!({ "name": "Receipt" })).expect(201)["id"].as_str().unwrap().parse::<u64>().unwrap();
    let send = |path: &str, email: u64, to: &str| {
        let body = json!({ "emailId": email, "message": { "to": to, "from": "x@example.com", "sendId": "s-1" }, "contactProperties": { "firstname": "Ada" } });
        account.call(path, body).expect(200)["sendResult"].as_str().unwrap().to_owned()
    };
    let path = "POST /marketing/v3/transactional/single-email/send";
    assert_eq!(send(path, 999, "ada@example.com"), "MISSING_CONTENT");
    assert_eq!(send(path, email, "nobody"), "INVALID_TO_ADDRESS");
    account.get("/crm/v3/objects/contacts/ada@example.com?idProperty=email").refused(404, "");
    assert_eq!(send("POST /marketing/v4/email/single-send", email, "Ada@example.com"), "SENT");
    assert_eq!(send(path, email, "ada@example.com"), "IDEMPOTENT_IGNORE");
    let contact = account.get("/crm/v3/objects/contacts/ada@example.com?idProperty=email").expect(200);
    assert_eq!(contact["properties"]["firstname"], "Ada");
    let statistics = account
        .get("/marketing/v3/emails/statistics/list?startTimestamp=2026-01-01T00:00:00Z&endTimestamp=2027-01-01T00:00:00Z")
        .expect(200);
    assert_eq!(json!([statistics["aggregate"]["counters"]["sent"], statistics["emails"]]), json!([1, [email]]));
    let by_day = account.get("/marketing/v3/emails/statistics/histogram?interval=DAY").expect(200);
    assert_eq!(json!([by_day["total"], by_day["results"][0]["interval"]["start"]]), json!([1, "2026-11-23T00:00:00.000Z"]));
    account.get("/marketing/v3/emails/statistics/histogram?interval=AGE").refused(400, "interval");
    account.call(path, json!({ "emailId": email })).refused(400, "message");
}

#[test]
fn a_password_for_smtp_is_shown_when_it_is_made_and_never_again() {
    let account = Account::new();
    let root = "/marketing/v3/transactional/smtp-tokens";
    let made = account.call(&format!("POST {root}"), json!({ "campaignName": "Receipts", "createContact": true })).expect(201);
    let one = format!("{root}/{}", made["id"].as_str().unwrap());
    let reset = account.call(&format!("POST {one}/password-reset"), Value::Null).expect(200);
    assert!(made["password"].is_string() && reset["password"].is_string() && made["password"] != reset["password"]);
    assert_eq!(account.get(&one).expect(200)["password"], Value::Null);
    assert_eq!(account.get(&format!("{root}?campaignName=Receipts")).expect(200)["results"].as_array().unwrap().len(), 1);
    account.call(&format!("POST {root}"), json!({ "createContact": true })).refused(400, "campaignName");
    account.call(&format!("DELETE {one}"), Value::Null).expect(204);
    account.get(&one).refused(404, "OBJECT_NOT_FOUND");
}

#[test]
fn a_file_by_its_address_and_folders_are_found_where_they_lie() {
    let account = Account::new();
    let body = json!({ "url": "https://example.com/a/logo.png?x=1", "access": "PRIVATE", "folderPath": "/" });
    let task = account.call("POST /files/v3/files/import-from-url/async", body).expect(202);
    let done = account.get(&format!("/files/v3/files/import-from-url/async/tasks/{}/status", task["id"].as_str().unwrap())).expect(200);
    let id = done["result"]["id"].as_str().unwrap();
    assert_eq!(account.get("/files/v3/files/stat/logo.png").expect(200)["file"]["id"], id);
    let signed = account.get(&format!("/files/v3/files/{id}/signed-url?expirationSeconds=60")).expect(200);
    assert!(signed["url"].as_str().unwrap().contains("Expires="));
    account.get(&format!("/files/v3/files/{id}/signed-url?expirationSeconds=x")).refused(400, "expirationSeconds");
    account.call("POST /files/v3/files/import-from-url/async", json!({ "url": "x", "access": "PRIVATE" })).refused(400, "url");
    let parent = account.call("POST /files/v3/folders", json!({ "name": "images" })).expect(201);
    let folder = account.call("POST /files/v3/folders", json!({ "name": "old" })).expect(201);
    let move_it = json!({ "id": folder["id"], "name": "new", "parentFolderId": parent["id"] });
    let task = account.call("POST /files/v3/folders/update/async", move_it).expect(202);
    let done = account.get(&format!("/files/v3/folders/update/async/tasks/{}/status", task["id"].as_str().unwrap())).expect(200);
    assert_eq!(done["result"]["path"], "/images/new");
    assert_eq!(account.get("/files/v3/folders/search?path=/images/new").ids(), [folder["id"].as_str().unwrap()]);
    assert_eq!(account.get("/files/v3/files/stat/images").expect(200)["folder"]["id"], parent["id"]);
    account.call("POST /files/v3/folders/update/async", json!({ "id": folder["id"], "parentFolderId": "999" })).refused(404, "999");
}

#[test]
fn a_table_is_copied_exported_and_filled_from_a_file() {
    let account = Account::new();
    let columns = json!([{ "name": "city", "label": "City", "type": "TEXT" }, { "name": "zip", "label": "Zip", "type": "TEXT" }]);
    account.call("POST /cms/v3/hubdb/tables", json!({ "name": "cities", "label": "Cities", "columns": columns })).expect(201);
    account
        .call("POST /cms/v3/hubdb/tables", json!({ "name": "x", "label": "X", "columns": [{ "name": "a", "label": "A", "type": "WORD" }] }))
        .refused(400, "type");
    let root = "/cms/v3/hubdb/tables/cities";
    let config = r#"{"skipRows":1,"columnMappings":[{"target":"city","source":2},{"target":"zip","source":1}]}"#;
    let sheet = "zip,city\n4000,Porto\n8600,Lagos\n";
    let import = |config: &str| {
        account.call_with(&format!("POST {root}/draft/import"), &form(&[("config", None, config), ("file", Some("c.csv"), sheet)]))
    };
    assert_eq!(import(config).expect(200)["rowsImported"], 2);
    import(r#"{"columnMappings":[{"target":"town","source":1}]}"#).refused(400, "columnMappings");
    let text = String::from_utf8(bytes(&account, &format!("GET {root}/draft/export"))).unwrap();
    assert!(text.starts_with("hs_id,hs_name,hs_path,city,zip\n") && text.contains("Porto,4000"), "{text}");
    account.get(&format!("{root}/export")).refused(404, "OBJECT_NOT_FOUND");
    let copy = account
        .call(
            &format!("POST {root}/draft/clone"),
            json!({ "newName": "towns", "newLabel": "Towns", "copyRows": true, "isHubspotDefined": false }),
        )
        .expect(200);
    assert_eq!(json!([copy["name"], copy["rowCount"], copy["published"]]), json!(["towns", 2, false]));
    account
        .call(&format!("POST {root}/draft/clone"), json!({ "newName": "towns", "copyRows": false, "isHubspotDefined": false }))
        .refused(409, "towns");
    let rows = account.get(&format!("{root}/rows/draft")).expect(200);
    let row = rows["results"][0]["id"].as_str().unwrap();
    let twin = account.call(&format!("POST {root}/rows/{row}/draft/clone?name=twin"), Value::Null).expect(200);
    assert_eq!(json!([twin["name"], twin["values"]["city"]]), json!(["twin", "Porto"]));
    account.call(&format!("POST {root}/rows/draft/batch/clone"), json!({ "inputs": [{ "id": row }] })).expect(200);
    let replaced = account
        .call(&format!("POST {root}/rows/draft/batch/replace"), json!({ "inputs": [{ "id": row, "values": { "zip": "1" } }] }))
        .expect(200);
    assert_eq!(replaced["results"][0]["values"], json!({ "zip": "1" }));
    account.call(&format!("POST {root}/draft/publish"), Value::Null).expect(200);
    bytes(&account, &format!("GET {root}/export?format=CSV"));
    account.call(&format!("DELETE {root}/versions/1"), Value::Null).expect(204);
    account.call(&format!("DELETE {root}/versions/1"), Value::Null).refused(404, "1");
    assert_eq!(import(&config.replace("\"skipRows\":1", "\"skipRows\":1,\"resetTable\":true")).expect(200)["rowsImported"], 2);
    assert_eq!(account.get(&format!("{root}/rows/draft")).expect(200)["total"], 2);
}
