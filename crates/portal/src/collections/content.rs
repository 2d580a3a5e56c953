//! What content has beside its fields: revisions, a time to be published at, other languages, and A/B tests.
//!
//! The bodies and answers are those of the official clients' models; what each call does is from
//! developers.hubspot.com/docs/api-reference/cms-pages-v3/guide and …/cms-posts-v3/guide.

use keyway_core::error_body::ErrorBody;
use keyway_core::time::Timestamp;
use keyway_objects::invalid;
use keyway_objects::items::Place;
use keyway_objects::request::{bad_field, id_text};
use keyway_objects::state::State;
use keyway_objects::tx::Tx;
use keyway_objects::work::Exceeded;
use serde_json::{Map, Value, json};

use super::shape::{self, Is};
use super::{Answer, Asked, Item, Within, missing, no_content, page, reply, size};

/// Revisions of one thing. HubSpot keeps more; an account in memory keeps the newest.
const REVISIONS_MAX: usize = 50;

/// A member of a group of languages, or of a test: its id, and itself.
type Member = (String, Item);

impl Within {
    /// Answers a call on what content has beside its fields; none where it is another.
    pub(super) fn of_content(&self, asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
        let collection = self.collection;
        Some(match (asked.method(), rest) {
            ("GET", ["cursor"] | ["cursor", "query"]) if collection.revisions || collection.languages => self.list(asked, tx, false),
            ("GET", [id, "revisions"]) if collection.revisions => self.revisions(asked, tx, id),
            ("GET", [id, "revisions", revision]) if collection.revisions => {
                self.revision(tx, id, revision).map(|item| reply(200, shown(&item.value)))
            }
            ("POST", [id, "revisions", revision, "restore"]) if collection.revisions => self.restore(asked, tx, id, revision, false),
            ("POST", [id, "revisions", revision, "restore-to-draft"]) if collection.revisions && collection.draft => {
                self.restore(asked, tx, id, revision, true)
            }
            ("POST", ["schedule"]) if collection.draft => self.schedule(asked, tx),
            ("POST", ["ab-test", "create-variation"]) if collection.draft => self.start_test(asked, tx),
            ("POST", ["ab-test", "end"]) if collection.draft => self.end_test(asked, tx),
            ("POST", ["ab-test", "rerun"]) if collection.draft => self.rerun_test(asked, tx),
            ("GET", [id, "ab-test", "get-variation"]) if collection.draft => self.variation(tx, id),
            ("POST", ["multi-language", "attach-to-lang-group"]) if collection.languages => self.attach(asked, tx),
            ("POST", ["multi-language", "detach-from-lang-group"]) if collection.languages => self.detach(asked, tx),
            ("POST", ["multi-language", "create-language-variation"]) if collection.languages => self.translate(asked, tx),
            ("POST", ["multi-language", "update-languages"]) if collection.languages => self.set_languages(asked, tx),
            ("PUT", ["multi-language", "set-new-lang-primary"]) if collection.languages => self.set_primary(asked, tx),
            _ => return None,
        })
    }

    /// Stores a thing, with a revision of it where these are kept, and tells the others of its group what it is now.
    pub(super) fn keep(&self, asked: &Asked<'_>, tx: &mut Tx<'_>, id: &str, item: Item, event: &str) -> Result<(), ErrorBody> {
        let is_of_group = item.value["translations"].as_object().is_some_and(|others| !others.is_empty());
        if is_of_group {
            tx.work.each(tx.state.items.count(&self.place), 1)?;
        }
        if self.collection.revisions {
            self.note_revision(asked, tx, id, item.draft.as_ref().unwrap_or(&item.value), event)?;
        }
        let primary = is_of_group.then(|| primary_of(&item.value).unwrap_or_else(|| id.to_owned()));
        tx.put_item(&self.place, id, item);
        if let Some(primary) = primary {
            self.regroup(tx, &primary);
        }
        Ok(())
    }

    fn revision_place(&self, id: &str) -> Place {
        Place::new("revisions", &[self.collection.store, id])
    }

    fn note_revision(&self, asked: &Asked<'_>, tx: &mut Tx<'_>, id: &str, object: &Value, event: &str) -> Result<(), Exceeded> {
        tx.work.write(size(object))?;
        let place = self.revision_place(id);
        let number = tx.state.items.next_number(&place).to_string();
        let value =
            json!({ "id": number, "object": object, "updatedAt": asked.now(), "user": user(tx.state, asked.call.user_id), "event": event });
        let oldest = tx.state.items.of(&place).next().map(|(id, _)| id.to_owned());
        if let Some(oldest) = oldest.filter(|_| tx.state.items.count(&place) >= REVISIONS_MAX) {
            tx.remove_item(&place, &oldest);
        }
        tx.put_item(&place, &number, Item::new(value));
        Ok(())
    }

    /// The newest first.
    fn revisions(&self, asked: &Asked<'_>, tx: &Tx<'_>, id: &str) -> Answer {
        self.live(tx, id)?;
        let mut all: Vec<Value> = tx.state.items.of(&self.revision_place(id)).map(|(_, item)| shown(&item.value)).collect();
        all.reverse();
        page(asked, all.iter().collect(), true)
    }

    fn revision(&self, tx: &Tx<'_>, id: &str, revision: &str) -> Result<Item, ErrorBody> {
        self.live(tx, id)?;
        tx.state.items.get(&self.revision_place(id), revision).cloned().ok_or_else(|| missing(revision))
    }

    fn restore(&self, asked: &Asked<'_>, tx: &mut Tx<'_>, id: &str, revision: &str, to_draft: bool) -> Answer {
        let (mut item, before) = (self.live(tx, id)?, self.revision(tx, id, revision)?.value["object"].take());
        let restored = self.changed(asked, tx, id, &item.value, self.collection.own_fields(&before));
        if to_draft {
            item.draft = Some(restored.clone());
        } else {
            (item.value, item.draft) = (restored.clone(), None);
        }
        self.keep(asked, tx, id, item, "RESTORE")?;
        // The model of e-mails has no body for the one and has one for the other.
        Ok(if self.collection.store == "emails" && !to_draft { no_content() } else { reply(200, restored) })
    }

    /// What was scheduled for a time that has come is published. A list looks at all, other calls at the one they name.
    pub(super) fn publish_due(&self, asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Result<(), ErrorBody> {
        if !self.collection.draft {
            return Ok(());
        }
        let is_due = |item: &Item| {
            let at = item.value["publishDate"].as_str().and_then(Timestamp::parse_iso);
            item.value["state"] == "SCHEDULED" && !item.is_archived() && at.is_some_and(|at| at <= asked.call.now)
        };
        let due: Vec<Member> = match (asked.method(), rest) {
            ("GET", [] | ["cursor", ..]) | ("POST", ["batch", ..]) => {
                tx.work.each(tx.state.items.count(&self.place), 1)?;
                tx.state.items.of(&self.place).filter(|(_, item)| is_due(item)).map(|(id, item)| (id.to_owned(), item.clone())).collect()
            }
            (_, [id, ..]) => tx
                .state
                .items
                .get(&self.place, id)
                .filter(|item| is_due(item))
                .map(|item| ((*id).to_owned(), item.clone()))
                .into_iter()
                .collect(),
            _ => Vec::new(),
        };
        for (id, item) in due {
            let at = item.value["publishDate"].as_str().map(str::to_owned);
            self.publish_at(asked, tx, &id, item, at)?;
        }
        Ok(())
    }

    /// Publishes what was drafted, or takes what is live back to a draft.
    pub(super) fn publish_at(
        &self,
        asked: &Asked<'_>,
        tx: &mut Tx<'_>,
        id: &str,
        mut item: Item,
        at: Option<String>,
    ) -> Result<(), ErrorBody> {
        let source = item.draft.take().filter(|_| at.is_some()).unwrap_or_else(|| item.value.clone());
        let mut fields = self.collection.own_fields(&source);
        let event = if at.is_some() { "PUBLISHED" } else { "UNPUBLISHED" };
        self.set_published(&mut fields, at);
        item.value = self.changed(asked, tx, id, &item.value, fields);
        self.keep(asked, tx, id, item, event)
    }

    fn set_published(&self, fields: &mut Map<String, Value>, at: Option<String>) {
        let state = if at.is_some() { "PUBLISHED" } else { "DRAFT" };
        let defaults = self.collection.defaults();
        for name in ["state", "currentState"].into_iter().filter(|name| defaults.contains_key(*name)) {
            fields.insert(name.to_owned(), state.into());
        }
        for name in ["isPublished", "currentlyPublished"].into_iter().filter(|name| defaults.contains_key(*name)) {
            fields.insert(name.to_owned(), at.is_some().into());
        }
        match at.map(Value::from).or_else(|| defaults.get("publishDate").cloned()) {
            Some(at) => drop(fields.insert("publishDate".to_owned(), at)),
            None => drop(fields.remove("publishDate")),
        }
    }

    fn schedule(&self, asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
        let body = shape::read(&[("id", Is::Text, true), ("publishDate", Is::Date, true)], &asked.body()?, false)?;
        let id = body["id"].as_str().unwrap_or_default();
        let mut item = self.live(tx, id)?;
        let fields = [("state", json!("SCHEDULED")), ("currentState", json!("SCHEDULED")), ("publishDate", body["publishDate"].clone())];
        item.value = self.changed(asked, tx, id, &item.value, fields.map(|(name, value)| (name.to_owned(), value)).into_iter().collect());
        self.keep(asked, tx, id, item, "UPDATED")?;
        Ok(no_content())
    }

    /// The fields of a copy, which belongs to no group and is a draft.
    pub(super) fn copied(&self, value: &Value, name: &str) -> Map<String, Value> {
        let (mut fields, defaults) = (self.collection.own_fields(value), self.collection.defaults());
        for own in ["translatedFromId", "translations", "abTestId", "abStatus", "testing"] {
            if let Some(default) = defaults.get(own) {
                fields.insert(own.to_owned(), default.clone());
            }
        }
        fields.insert("name".to_owned(), name.into());
        if self.collection.draft {
            self.set_published(&mut fields, None);
        }
        fields
    }

    // Languages: the variations name their primary in `translatedFromId`, and each has what the others are in `translations`.

    /// What says that a thing is nobody's translation.
    fn nobody(&self) -> Value {
        self.collection.defaults().get("translatedFromId").cloned().unwrap_or(Value::Null)
    }

    fn id_value(&self, id: &str) -> Value {
        if self.nobody().is_number() { id.parse::<u64>().map_or(Value::Null, Value::from) } else { id.into() }
    }

    fn set_group(&self, asked: &Asked<'_>, tx: &mut Tx<'_>, (id, mut item): Member, primary: Value, language: Option<&Value>) {
        let mut fields = Map::from_iter([("translatedFromId".to_owned(), primary)]);
        fields.extend(language.map(|language| ("language".to_owned(), language.clone())));
        item.value = self.changed(asked, tx, &id, &item.value, fields);
        tx.put_item(&self.place, &id, item);
    }

    /// The primary of a group, and its variations.
    fn group(&self, tx: &Tx<'_>, primary: &str) -> Vec<Member> {
        let all = tx.state.items.of(&self.place).filter(|(_, item)| !item.is_archived());
        let of_group = all.filter(|(id, item)| *id == primary || primary_of(&item.value).as_deref() == Some(primary));
        of_group.map(|(id, item)| (id.to_owned(), item.clone())).collect()
    }

    /// Tells each of a group what the others are.
    fn regroup(&self, tx: &mut Tx<'_>, primary: &str) {
        if !self.collection.defaults().contains_key("translations") {
            return;
        }
        let members = self.group(tx, primary);
        for (id, item) in &members {
            let others = members.iter().filter(|(other, _)| other != id);
            let others: Map<String, Value> = others
                .map(|(id, item)| (item.value["language"].as_str().unwrap_or_default().to_owned(), variation(id, &item.value)))
                .collect();
            let mut item = item.clone();
            item.value["translations"] = others.into();
            tx.put_item(&self.place, id, item);
        }
    }

    fn charge_group(&self, tx: &Tx<'_>) -> Result<(), Exceeded> {
        tx.work.each(tx.state.items.count(&self.place), 4)
    }

    fn refuse_language(&self, tx: &Tx<'_>, primary: &str, id: &str, language: &Value) -> Result<(), ErrorBody> {
        if self.group(tx, primary).iter().any(|(own, item)| own != id && item.value["language"] == *language) {
            return Err(invalid::language_exists(primary, language.as_str().unwrap_or_default()));
        }
        Ok(())
    }

    fn attach(&self, asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
        let form =
            [("id", Is::Text, true), ("language", Is::Text, true), ("primaryId", Is::Text, true), ("primaryLanguage", Is::Text, false)];
        let body = shape::read(&form, &asked.body()?, false)?;
        let text = |name: &str| body[name].as_str().unwrap_or_default();
        let (id, primary) = (text("id"), text("primaryId"));
        check_language("language", &body["language"])?;
        self.charge_group(tx)?;
        let (item, head) = (self.live(tx, id)?, self.live(tx, primary)?);
        if id == primary || primary_of(&head.value).is_some() {
            return Err(bad_field("primaryId", "is not the primary of a group"));
        }
        self.refuse_language(tx, primary, id, &body["language"])?;
        if let Some(language) = body.get("primaryLanguage") {
            check_language("primaryLanguage", language)?;
            self.set_group(asked, tx, (primary.to_owned(), head), self.nobody(), Some(language));
        }
        self.set_group(asked, tx, (id.to_owned(), item), self.id_value(primary), Some(&body["language"]));
        self.regroup(tx, primary);
        Ok(done())
    }

    fn detach(&self, asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
        let body = shape::read(&[("id", Is::Text, true)], &asked.body()?, false)?;
        let id = body["id"].as_str().unwrap_or_default();
        self.charge_group(tx)?;
        let item = self.live(tx, id)?;
        if let Some(primary) = primary_of(&item.value) {
            self.set_group(asked, tx, (id.to_owned(), item), self.nobody(), None);
            self.regroup(tx, &primary);
            self.regroup(tx, id);
        }
        Ok(done())
    }

    /// A copy in another language. Authors and tags are given what is different in it.
    fn translate(&self, asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
        let body = asked.body()?;
        let form = [("id", Is::Text, true), ("language", Is::Text, true), ("primaryLanguage", Is::Text, false), ("name", Is::Text, false)];
        let given = shape::read(&form, &body, false)?;
        let id = given["id"].as_str().unwrap_or_default();
        check_language("language", &given["language"])?;
        self.charge_group(tx)?;
        let source = self.live(tx, id)?;
        let primary = primary_of(&source.value).unwrap_or_else(|| id.to_owned());
        self.refuse_language(tx, &primary, "", &given["language"])?;
        let name = given.get("name").unwrap_or(&source.value["name"]).as_str().unwrap_or_default().to_owned();
        let mut fields = self.copied(&source.value, &name);
        if let Some(Value::Object(author)) = body.get("blogAuthor") {
            fields.extend(self.collection.fields(author)?);
        }
        fields.insert("language".to_owned(), given["language"].clone());
        fields.insert("translatedFromId".to_owned(), self.id_value(&primary));
        let made = self.create_one(asked, tx, &fields)?;
        self.regroup(tx, &primary);
        let made = id_text(made.get("id")).and_then(|id| tx.state.items.get(&self.place, &id)).map_or(made, |item| item.value.clone());
        Ok(reply(200, made))
    }

    fn set_languages(&self, asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
        let body = shape::read(&[("languages", Is::Object, true), ("primaryId", Is::Text, true)], &asked.body()?, false)?;
        let primary = body["primaryId"].as_str().unwrap_or_default();
        self.charge_group(tx)?;
        self.live(tx, primary)?;
        let members = self.group(tx, primary);
        let languages = body["languages"].as_object().into_iter().flatten();
        let mut wanted = Vec::new();
        for (id, language) in languages {
            check_language("languages", language)?;
            let member =
                members.iter().find(|(own, _)| own == id).ok_or_else(|| bad_field("languages", "names what is not in the group"))?;
            wanted.push((member.clone(), language));
        }
        for ((id, item), language) in wanted {
            let before = item.value["translatedFromId"].clone();
            self.set_group(asked, tx, (id, item), before, Some(language));
        }
        self.regroup(tx, primary);
        Ok(done())
    }

    fn set_primary(&self, asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
        let body = shape::read(&[("id", Is::Text, true)], &asked.body()?, false)?;
        let id = body["id"].as_str().unwrap_or_default();
        self.charge_group(tx)?;
        if let Some(primary) = primary_of(&self.live(tx, id)?.value) {
            for member in self.group(tx, &primary) {
                let head = if member.0 == id { self.nobody() } else { self.id_value(id) };
                self.set_group(asked, tx, member, head, None);
            }
            self.regroup(tx, id);
        }
        Ok(no_content())
    }

    // A/B tests: a page has its test and its part in it among its fields, an e-mail in `testing`.

    fn set_test(&self, asked: &Asked<'_>, tx: &mut Tx<'_>, id: &str, mut item: Item, test: &str, status: &str) -> Result<Value, ErrorBody> {
        let fields = if self.collection.defaults().contains_key("testing") {
            Map::from_iter([("testing".to_owned(), json!({ "testId": test, "abStatus": status }))])
        } else {
            Map::from_iter([("abTestId".to_owned(), test.into()), ("abStatus".to_owned(), status.into())])
        };
        item.value = self.changed(asked, tx, id, &item.value, fields);
        let value = item.value.clone();
        self.keep(asked, tx, id, item, "UPDATED")?;
        Ok(value)
    }

    /// Both sides of a test.
    fn sides(&self, tx: &Tx<'_>, test: &str) -> Vec<Member> {
        let all = tx.state.items.of(&self.place).filter(|(_, item)| !item.is_archived());
        all.filter(|(_, item)| test_of(&item.value) == Some(test)).map(|(id, item)| (id.to_owned(), item.clone())).collect()
    }

    fn start_test(&self, asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
        let body = shape::read(&[("contentId", Is::Text, true), ("variationName", Is::Text, true)], &asked.body()?, false)?;
        let text = |name: &str| body[name].as_str().unwrap_or_default();
        let master = self.live(tx, text("contentId"))?;
        if test_of(&master.value).is_some() {
            return Err(bad_field("contentId", "has a test already"));
        }
        let made = self.create_one(asked, tx, &self.copied(&master.value, text("variationName")))?;
        let id = id_text(made.get("id")).unwrap_or_default();
        self.set_test(asked, tx, text("contentId"), master, text("contentId"), "master")?;
        let variant = self.live(tx, &id)?;
        Ok(reply(201, self.set_test(asked, tx, &id, variant, text("contentId"), "variant")?))
    }

    fn end_test(&self, asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
        self.decide(asked, tx, "winnerId", |is_named| if is_named { "master" } else { "loser_variant" })
    }

    fn rerun_test(&self, asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
        self.decide(asked, tx, "variationId", |is_named| if is_named { "variant" } else { "master" })
    }

    fn decide(&self, asked: &Asked<'_>, tx: &mut Tx<'_>, name: &'static str, part: impl Fn(bool) -> &'static str) -> Answer {
        let body = shape::read(&[("abTestId", Is::Text, true), (name, Is::Text, true)], &asked.body()?, false)?;
        let text = |name: &str| body[name].as_str().unwrap_or_default();
        tx.work.each(tx.state.items.count(&self.place), 1)?;
        let sides = self.sides(tx, text("abTestId"));
        if sides.is_empty() {
            return Err(missing(text("abTestId")));
        }
        if !sides.iter().any(|(id, _)| id == text(name)) {
            return Err(bad_field(name, "is no side of the test"));
        }
        for (id, item) in sides {
            self.set_test(asked, tx, &id, item, text("abTestId"), part(id == text(name)))?;
        }
        Ok(no_content())
    }

    /// The other side of the test that a thing is in.
    fn variation(&self, tx: &Tx<'_>, id: &str) -> Answer {
        tx.work.each(tx.state.items.count(&self.place), 1)?;
        let item = self.live(tx, id)?;
        let other = test_of(&item.value).and_then(|test| self.sides(tx, test).into_iter().find(|(own, _)| own != id));
        other.map(|(_, item)| reply(200, item.value)).ok_or_else(|| missing(id))
    }
}

/// The primary that a variation was translated from.
fn primary_of(value: &Value) -> Option<String> {
    id_text(value.get("translatedFromId")).filter(|id| id != "0")
}

fn test_of(value: &Value) -> Option<&str> {
    value["abTestId"].as_str().or_else(|| value["testing"]["testId"].as_str()).filter(|test| !test.is_empty())
}

/// What others of its group show of a thing.
fn variation(id: &str, value: &Value) -> Value {
    let field = |name: &str| value[name].clone();
    json!({
        "id": id.parse::<u64>().unwrap_or_default(), "name": field("name"), "slug": field("slug"), "state": field("state"), "campaign": field("campaign"),
        "campaignName": "", "authorName": field("authorName"), "password": field("password"), "created": field("created"), "updated": field("updated"),
        "publishDate": field("publishDate"), "archivedInDashboard": field("archivedInDashboard"), "publicAccessRules": field("publicAccessRules"),
        "publicAccessRulesEnabled": field("publicAccessRulesEnabled"), "tagIds": value.get("tagIds").cloned().unwrap_or_else(|| json!([])),
    })
}

/// A language as HubSpot names it: `pt`, `pt-br`, `zh-hant-tw`.
fn check_language(field: &str, language: &Value) -> Result<(), ErrorBody> {
    let mut parts = language.as_str().unwrap_or_default().split('-');
    let is_word = |part: &str, min: usize| (min..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if parts.next().is_some_and(|first| is_word(first, 2)) && parts.all(|part| is_word(part, 2)) {
        return Ok(());
    }
    Err(bad_field(field, "is not a language, such as en or pt-br"))
}

/// A revision as it is shown.
fn shown(revision: &Value) -> Value {
    let fields = revision.as_object().into_iter().flatten().filter(|(name, _)| *name != "event");
    Value::Object(fields.map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// The person behind a call.
fn user(state: &State, user_id: u64) -> Value {
    let owner = state.owners.iter().find(|owner| owner.user_id == user_id);
    let name = owner.map_or_else(String::new, |owner| owner.name().trim().to_owned());
    json!({ "id": user_id.to_string(), "email": owner.map_or("", |owner| &owner.email), "fullName": name })
}

/// 200 without a body.
fn done() -> keyway_objects::call::Reply {
    keyway_objects::call::Reply { status: 200, body: bytes::Bytes::new() }
}

/// All changes of content, with what they were of: the newest first. An entry is the revision's time, its user, what
/// happened, and the thing's id and name.
pub fn changes(state: &State) -> Vec<Value> {
    let types = [("blog-posts", "BLOG_POST"), ("landing-pages", "LANDING_PAGE"), ("site-pages", "WEBSITE_PAGE"), ("emails", "EMAIL")];
    let mut all = Vec::new();
    for (store, object_type) in types {
        for (id, item) in state.items.of(&Place::new(store, &[])) {
            let entry = |at: &Value, user: &Value, event: &Value| {
                json!({
                    "objectId": id, "objectName": item.value["name"], "objectType": object_type, "event": event, "timestamp": at,
                    "userId": user["id"], "fullName": user["fullName"], "meta": {},
                })
            };
            let revisions = state.items.of(&Place::new("revisions", &[store, id]));
            all.extend(revisions.map(|(_, one)| entry(&one.value["updatedAt"], &one.value["user"], &one.value["event"])));
            if let Some(at) = item.archived_at {
                all.push(entry(&at.to_iso().into(), &json!({ "id": "0", "fullName": "" }), &json!("DELETED")));
            }
        }
    }
    all.sort_by(|a, b| b["timestamp"].as_str().cmp(&a["timestamp"].as_str()));
    all
}

/// Whether content can be seen at its address.
pub fn is_public(value: &Value) -> bool {
    value["currentlyPublished"] == true
}
