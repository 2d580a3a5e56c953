//! Blogs and their settings (developers.hubspot.com/docs/api-reference/cms-blog-settings-v3).

use serde_json::json;

use crate::support::Account;

const BLOGS: &str = "/cms/blog-settings/2026-03/settings";

#[test]
fn an_account_has_a_blog_that_nobody_made() {
    let account = Account::new();
    let all = account.get(BLOGS).expect(200);
    let blog = &all["results"][0];
    assert_eq!(json!([all["total"], blog["name"], blog["slug"], blog["language"]]), json!([1, "Blog", "blog", "en"]));
    let one = format!("{BLOGS}/{}", blog["id"].as_str().unwrap());
    assert_eq!(account.get(&one).expect(200), *blog);
    assert_eq!(account.get("/cms/v3/blog-settings/settings").expect(200)["results"], json!([blog]));
    let revisions = account.get(&format!("{one}/revisions")).expect(200);
    let revision = revisions["results"][0].clone();
    assert_eq!(json!([revisions["total"], revision["object"]["name"]]), json!([1, "Blog"]));
    assert_eq!(account.get(&format!("{one}/revisions/{}", revision["id"].as_str().unwrap())).expect(200), revision);
    account.get(&format!("{one}/revisions/999")).refused(404, "999");
    account.get(&format!("{BLOGS}/999")).refused(404, "999");
}

#[test]
fn a_blog_has_variations_in_other_languages() {
    let account = Account::new();
    let first = account.get(BLOGS).expect(200)["results"][0]["id"].as_str().unwrap().to_owned();
    let groups = format!("{BLOGS}/multi-language");
    let made = account.call(&format!("POST {groups}/create-language-variation"), json!({ "id": first, "language": "de" })).expect(200);
    let variation = made["id"].as_str().unwrap();
    assert_eq!(json!([made["language"], made["translatedFromId"]]), json!(["de", first]));
    assert_eq!(account.get(BLOGS).expect(200)["total"], 2);
    account.call(&format!("POST {groups}/create-language-variation"), json!({ "id": "999", "language": "fr" })).refused(404, "999");
    account.call(&format!("POST {groups}/update-languages"), json!({ "primaryId": first, "languages": { variation: "fr" } })).expect(200);
    assert_eq!(account.get(&format!("{BLOGS}/{variation}")).expect(200)["language"], "fr");
    account.call(&format!("PUT {groups}/set-new-lang-primary"), json!({ "id": variation })).expect(204);
    assert_eq!(account.get(&format!("{BLOGS}/{first}")).expect(200)["translatedFromId"], variation);
    account.call(&format!("POST {groups}/detach-from-lang-group"), json!({ "id": first })).expect(200);
    assert_eq!(account.get(&format!("{BLOGS}/{first}")).expect(200)["translatedFromId"], "");
    let attach = json!({ "id": first, "language": "en", "primaryId": variation });
    account.call(&format!("POST {groups}/attach-to-lang-group"), attach).expect(200);
    assert_eq!(account.get(&format!("{BLOGS}/{first}")).expect(200)["translatedFromId"], variation);
}
