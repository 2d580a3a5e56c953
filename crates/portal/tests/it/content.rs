//! Pages, posts and e-mails with their revisions, times, languages and A/B tests
//! (developers.hubspot.com/docs/api-reference/cms-pages-v3/guide).

use serde_json::{Value, json};

use crate::support::Account;

const KINDS: [&str; 3] = ["/cms/v3/pages/site-pages", "/cms/v3/pages/landing-pages", "/cms/v3/blogs/posts"];

fn make(account: &Account, root: &str, name: &str) -> String {
    let made = account.call(&format!("POST {root}"), json!({ "name": name, "slug": name })).expect(201);
    made["id"].as_str().unwrap().to_owned()
}

#[test]
fn each_change_is_a_revision_that_comes_back_live_or_as_a_draft() {
    for root in KINDS {
        let account = Account::new();
        let id = make(&account, root, "home");
        account.call(&format!("PATCH {root}/{id}"), json!({ "slug": "second" })).expect(200);
        account.call(&format!("PATCH {root}/{id}/draft"), json!({ "slug": "third" })).expect(200);
        let all = account.get(&format!("{root}/{id}/revisions")).expect(200);
        let slugs: Vec<&Value> = all["results"].as_array().unwrap().iter().map(|one| &one["object"]["slug"]).collect();
        assert_eq!((all["total"].as_u64(), slugs), (Some(3), vec![&json!("third"), &json!("second"), &json!("home")]), "{root}");
        let first = all["results"][2]["id"].as_str().unwrap();
        assert_eq!(account.get(&format!("{root}/{id}/revisions/{first}")).expect(200)["object"]["slug"], "home");
        account.call(&format!("POST {root}/{id}/revisions/{first}/restore-to-draft"), Value::Null).expect(200);
        let slug = |path: &str| account.get(path).expect(200)["slug"].clone();
        assert_eq!((slug(&format!("{root}/{id}")), slug(&format!("{root}/{id}/draft"))), (json!("second"), json!("home")));
        assert_eq!(account.call(&format!("POST {root}/{id}/revisions/{first}/restore"), Value::Null).expect(200)["slug"], "home");
        assert_eq!(slug(&format!("{root}/{id}")), "home");
        account.get(&format!("{root}/{id}/revisions/999")).refused(404, "999");
        account.get(&format!("{root}/999/revisions")).refused(404, "999");
    }
}

#[test]
fn an_account_keeps_the_fifty_newest_revisions() {
    let account = Account::new();
    let root = KINDS[0];
    let id = make(&account, root, "home");
    for n in 0..55 {
        account.call(&format!("PATCH {root}/{id}"), json!({ "slug": format!("s{n}") })).expect(200);
    }
    let all = account.get(&format!("{root}/{id}/revisions?limit=100")).expect(200);
    assert_eq!((all["total"].as_u64(), &all["results"][0]["object"]["slug"]), (Some(50), &json!("s54")));
}

#[test]
fn what_is_scheduled_is_live_when_its_time_has_come() {
    for root in KINDS {
        let account = Account::new();
        let (id, other) = (make(&account, root, "home"), make(&account, root, "other"));
        account.call(&format!("PATCH {root}/{id}/draft"), json!({ "slug": "soon" })).expect(200);
        for id in [&id, &other] {
            account.call(&format!("POST {root}/schedule"), json!({ "id": id, "publishDate": "2026-11-23T16:00:00Z" })).expect(204);
        }
        let live = account.get(&format!("{root}/{id}")).expect(200);
        assert_eq!(json!([live["state"], live["slug"], live["currentlyPublished"]]), json!(["SCHEDULED", "home", false]), "{root}");
        account.later(3_600_000);
        let live = account.get(&format!("{root}/{id}")).expect(200);
        assert_eq!(json!([live["state"], live["slug"], live["currentlyPublished"]]), json!(["PUBLISHED", "soon", true]), "{root}");
        // A list sees it too, without anybody having looked at the other.
        let listed = account.get(root).expect(200);
        assert!(listed["results"].as_array().unwrap().iter().all(|one| one["state"] == "PUBLISHED"), "{listed}");
        account.call(&format!("POST {root}/schedule"), json!({ "id": id, "publishDate": "soon" })).refused(400, "publishDate");
        account.call(&format!("POST {root}/schedule"), json!({ "id": "999", "publishDate": "2026-11-23T16:00:00Z" })).refused(404, "999");
    }
}

#[test]
fn variations_in_other_languages_know_each_other() {
    for root in KINDS {
        let account = Account::new();
        let id = make(&account, root, "home");
        let groups = format!("{root}/multi-language");
        let made = account.call(&format!("POST {groups}/create-language-variation"), json!({ "id": id, "language": "pt-br" })).expect(200);
        let variation = made["id"].as_str().unwrap();
        assert_eq!(json!([made["language"], made["translatedFromId"], made["state"]]), json!(["pt-br", id, "DRAFT"]));
        let primary = || account.get(&format!("{root}/{id}")).expect(200);
        assert_eq!(primary()["translations"]["pt-br"]["id"].to_string(), variation);
        // The others see a change of one.
        account.call(&format!("PATCH {root}/{variation}"), json!({ "name": "Início" })).expect(200);
        assert_eq!(primary()["translations"]["pt-br"]["name"], "Início");
        let other = make(&account, root, "accueil");
        let attach = json!({ "id": other, "language": "fr", "primaryId": id, "primaryLanguage": "en" });
        account.call(&format!("POST {groups}/attach-to-lang-group"), attach).expect(200);
        assert_eq!(primary()["translations"].as_object().unwrap().len(), 2);
        let again = json!({ "id": make(&account, root, "x"), "language": "fr", "primaryId": id });
        account.call(&format!("POST {groups}/attach-to-lang-group"), again).refused(400, "fr");
        account.call(&format!("POST {groups}/update-languages"), json!({ "primaryId": id, "languages": { &other: "fr-ca" } })).expect(200);
        assert_eq!(account.get(&format!("{root}/{other}")).expect(200)["language"], "fr-ca");
        account.call(&format!("PUT {groups}/set-new-lang-primary"), json!({ "id": other })).expect(204);
        assert_eq!(
            json!([primary()["translatedFromId"], account.get(&format!("{root}/{other}")).expect(200)["translatedFromId"]]),
            json!([other, ""])
        );
        account.call(&format!("POST {groups}/detach-from-lang-group"), json!({ "id": id })).expect(200);
        assert_eq!(json!([primary()["translatedFromId"], primary()["translations"]]), json!(["", {}]));
        assert_eq!(account.get(&format!("{root}/{other}")).expect(200)["translations"].as_object().unwrap().len(), 1);
        account.call(&format!("POST {groups}/create-language-variation"), json!({ "id": id, "language": "!" })).refused(400, "language");
    }
}

#[test]
fn authors_and_tags_have_languages_too() {
    let account = Account::new();
    let author = account.call("POST /cms/v3/blogs/authors", json!({ "fullName": "Ada Archer" })).expect(201);
    let body = json!({ "id": author["id"], "language": "de", "blogAuthor": { "bio": "Schreibt" } });
    let made = account.call("POST /cms/v3/blogs/authors/multi-language/create-language-variation", body).expect(200);
    let id: u64 = author["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(json!([made["fullName"], made["bio"], made["translatedFromId"]]), json!(["Ada Archer", "Schreibt", id]));
    let tag = account.call("POST /cms/v3/blogs/tags", json!({ "name": "news" })).expect(201);
    let body = json!({ "id": tag["id"], "language": "de", "name": "Neues" });
    let made = account.call("POST /cms/v3/blogs/tags/multi-language/create-language-variation", body).expect(200);
    assert_eq!(made["name"], "Neues");
    for root in ["/cms/v3/blogs/authors", "/cms/v3/blogs/tags"] {
        account.call(&format!("POST {root}/multi-language/detach-from-lang-group"), json!({ "id": made["id"] })).expect(200);
        account.call(&format!("PUT {root}/multi-language/set-new-lang-primary"), json!({ "id": made["id"] })).expect(204);
        account
            .call(&format!("POST {root}/multi-language/update-languages"), json!({ "primaryId": made["id"], "languages": {} }))
            .expect(200);
        account
            .call(
                &format!("POST {root}/multi-language/attach-to-lang-group"),
                json!({ "id": made["id"], "language": "de", "primaryId": "999" }),
            )
            .refused(404, "999");
    }
}

#[test]
fn a_test_has_two_sides_one_of_which_wins() {
    for root in &KINDS[..2] {
        let account = Account::new();
        let id = make(&account, root, "offer");
        let body = json!({ "contentId": id, "variationName": "Offer B" });
        let made = account.call(&format!("POST {root}/ab-test/create-variation"), body.clone()).expect(201);
        assert_eq!(json!([made["name"], made["abStatus"], made["abTestId"]]), json!(["Offer B", "variant", id]));
        account.call(&format!("POST {root}/ab-test/create-variation"), body).refused(400, "contentId");
        let sides = |id: &Value| account.get(&format!("{root}/{}", id.as_str().unwrap())).expect(200)["abStatus"].clone();
        account.call(&format!("POST {root}/ab-test/end"), json!({ "abTestId": id, "winnerId": made["id"] })).expect(204);
        assert_eq!((sides(&made["id"]), sides(&json!(id))), (json!("master"), json!("loser_variant")));
        account.call(&format!("POST {root}/ab-test/rerun"), json!({ "abTestId": id, "variationId": id })).expect(204);
        assert_eq!((sides(&made["id"]), sides(&json!(id))), (json!("master"), json!("variant")));
        account.call(&format!("POST {root}/ab-test/end"), json!({ "abTestId": id, "winnerId": "999" })).refused(400, "winnerId");
        account.call(&format!("POST {root}/ab-test/end"), json!({ "abTestId": "999", "winnerId": id })).refused(404, "999");
    }
    let account = Account::new();
    let made = account.call("POST /marketing/v3/emails", json!({ "name": "May" })).expect(201);
    let body = json!({ "contentId": made["id"], "variationName": "May B" });
    let other = account.call("POST /marketing/v3/emails/ab-test/create-variation", body).expect(201);
    let of =
        |id: &Value| account.get(&format!("/marketing/v3/emails/{}/ab-test/get-variation", id.as_str().unwrap())).expect(200)["id"].clone();
    assert_eq!((of(&made["id"]), of(&other["id"])), (other["id"].clone(), made["id"].clone()));
}

#[test]
fn folders_and_emails_have_revisions_and_lists_by_cursor() {
    let account = Account::new();
    let root = "/cms/v3/pages/landing-pages/folders";
    let folder = account.call(&format!("POST {root}"), json!({ "name": "Spring" })).expect(201);
    let one = format!("{root}/{}", folder["id"].as_str().unwrap());
    account.call(&format!("PATCH {one}"), json!({ "name": "Summer" })).expect(200);
    let first = account.get(&format!("{one}/revisions")).expect(200)["results"][1]["id"].as_str().unwrap().to_owned();
    account.get(&format!("{one}/revisions/{first}")).expect(200);
    assert_eq!(account.call(&format!("POST {one}/revisions/{first}/restore"), Value::Null).expect(200)["name"], "Spring");
    let email = account.call("POST /marketing/v3/emails", json!({ "name": "May", "subject": "a" })).expect(201);
    let one = format!("/marketing/v3/emails/{}", email["id"].as_str().unwrap());
    account.call(&format!("PATCH {one}"), json!({ "subject": "b" })).expect(200);
    let first = account.get(&format!("{one}/revisions")).expect(200)["results"][1]["id"].as_str().unwrap().to_owned();
    account.get(&format!("{one}/revisions/{first}")).expect(200);
    account.call(&format!("POST {one}/revisions/{first}/restore-to-draft"), Value::Null).expect(200);
    account.call(&format!("POST {one}/revisions/{first}/restore"), Value::Null).expect(204);
    assert_eq!(account.get(&one).expect(200)["subject"], "a");
    for root in ["landing-pages", "landing-pages/folders", "site-pages"] {
        for cursor in ["cursor", "cursor/query"] {
            account.get(&format!("/cms/pages/v3/{root}/{cursor}?limit=1")).expect(200);
        }
    }
}

#[test]
fn a_field_of_another_type_is_refused_and_a_number_stands_for_text() {
    let account = Account::new();
    let root = KINDS[0];
    assert_eq!(account.call(&format!("POST {root}"), json!({ "name": 12_345 })).expect(201)["name"], "12345");
    for (field, value) in
        [("name", json!([])), ("widgets", json!([])), ("publicAccessRulesEnabled", json!("perhaps")), ("publishDate", json!("soon"))]
    {
        account.call(&format!("POST {root}"), json!({ field: value })).refused(400, field);
    }
    let made = account.call(&format!("POST {root}"), json!({ "name": "a", "slug": "b", "htmlTitle": null })).expect(201);
    assert_eq!(json!([made["htmlTitle"], made["url"]]), json!(["", "https://4242.hs-sites.com/b"]));
}

#[test]
fn the_log_of_content_and_the_search_of_the_site_see_what_is_published() {
    let account = Account::new();
    let id = make(&account, KINDS[2], "first");
    account
        .call(&format!("PATCH {}/{id}/draft", KINDS[2]), json!({ "htmlTitle": "How to sail", "postBody": "<p>Boats and wind</p>" }))
        .expect(200);
    let found = |term: &str| account.get(&format!("/cms/v3/site-search/search?q={term}")).expect(200)["total"].clone();
    assert_eq!(found("sail"), 0);
    account.call(&format!("POST {}/{id}/draft/push-live", KINDS[2]), Value::Null).expect(204);
    assert_eq!((found("sail"), found("WIND%20boats"), found("horse")), (json!(1), json!(1), json!(0)));
    assert_eq!(account.get("/cms/site-search/v3/search?q=sail&type=SITE_PAGE").expect(200)["total"], 0);
    let indexed = account.get(&format!("/cms/v3/site-search/indexed-data/{id}?type=BLOG_POST")).expect(200);
    assert_eq!(indexed["fields"]["htmlTitle"]["value"], "How to sail");
    account.get("/cms/v3/site-search/indexed-data/999").refused(404, "999");
    account.call(&format!("DELETE {}/{id}", KINDS[2]), Value::Null).expect(204);
    let log = account.get("/cms/v3/audit-logs/").expect(200);
    let events: Vec<&Value> = log["results"].as_array().unwrap().iter().map(|one| &one["event"]).collect();
    assert_eq!(events, ["DELETED", "PUBLISHED", "UPDATED", "CREATED"]);
    assert_eq!(
        account.get("/cms/audit-logs/v3?eventType=PUBLISHED&objectType=BLOG_POST").expect(200)["results"].as_array().unwrap().len(),
        1
    );
}
