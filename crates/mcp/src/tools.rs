//! The tools, one table: name, words, arguments, what they need, and the function that runs.

mod catalog;
mod describe;
pub mod page;
mod paging;
mod read;
mod write;

use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use keyway_core::catalog::{Catalog, Method as CatalogMethod, Operation};
use keyway_core::object_type::ObjectTypeRef;
use keyway_core::path::{self, REFUSED};
use keyway_core::records;
use keyway_core::refusal::Refusal;
use rmcp::model::{JsonObject, Tool as Listed, ToolAnnotations};
use serde_json::{Value, json};

use crate::answer::Reply;
use crate::arguments::{Argument, Arguments, schema};
use crate::masks::AppMasks;
use crate::open::{self, Verdict, check, named, verdict};
use crate::refused;
use crate::road::{BoxFuture, Call, Road, Visitor};
use crate::standing::Standing;
use keyway_core::safety::{Class, Classes};

/// A tool that agents may list and call.
pub struct Tool {
    /// Its name, which the audit keeps.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What it does.
    pub words: &'static str,
    /// What it takes.
    pub arguments: &'static [Argument],
    /// The operation that must be open for it to be listed; none where it makes no call, or one that is not known before.
    pub operation: Option<(&'static str, &'static str)>,
    /// What it does to the account.
    pub effect: Effect,
    /// Whether the same call again changes nothing more.
    pub is_idempotent: bool,
    /// The function that performs one use of it.
    pub run: for<'a> fn(&'a Ask<'a>) -> BoxFuture<'a, Result<Reply, Reply>>,
}

/// What a tool does to the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Always the same.
    Is(Class),
    /// That of the operation which the agent names.
    OfOperation,
}

/// One use of a tool.
pub struct Ask<'a> {
    /// The way to the API.
    pub road: &'a dyn Road,
    /// The caller of the tool.
    pub visitor: &'a Visitor,
    /// What the token is and may do.
    pub standing: &'a Standing,
    /// Which properties are shown.
    pub masks: &'a AppMasks,
    /// The tool that the agent called.
    pub tool: &'static Tool,
    /// What it was given.
    pub given: Arguments,
}

/// All of them, in the order in which they are listed.
pub static ALL: [&Tool; 13] = [
    &describe::WHOAMI,
    &read::SEARCH,
    &read::GET,
    &read::LIST,
    &describe::OBJECT,
    &describe::PIPELINES,
    &describe::OWNERS,
    &write::CREATE,
    &write::UPDATE,
    &write::ASSOCIATE,
    &catalog::FIND,
    &catalog::DESCRIBE,
    &catalog::CALL,
];

/// The tool of a name.
pub fn find(name: &str) -> Option<&'static Tool> {
    ALL.into_iter().find(|tool| tool.name == name)
}

/// Whether a tool takes the approval of a person.
pub fn takes_approval(name: &str) -> bool {
    find(name).is_some_and(|tool| tool.arguments.iter().any(|one| one.name == APPROVAL.name))
}

/// The name nearest to one that no tool has.
pub fn near(name: &str) -> Option<&'static str> {
    open::near(name, ALL.into_iter().map(|tool| tool.name), 0.75)
}

/// The operation of each tool that has one: its method, its template, and the class that the list gives the tool.
pub fn operations() -> impl Iterator<Item = (&'static str, &'static str, Class)> {
    ALL.into_iter().filter_map(|tool| match (tool.operation, tool.effect) {
        (Some((method, template)), Effect::Is(class)) => Some((method, template, class)),
        _ => None,
    })
}

/// Those that a token can use, as they are listed.
pub fn listed(standing: &Standing) -> Vec<Listed> {
    ALL.into_iter().filter(|tool| tool.is_open(standing)).map(|tool| tool.listed(standing.classes)).collect()
}

impl Tool {
    fn is_open(&self, standing: &Standing) -> bool {
        let Some((method, template)) = self.operation else { return true };
        named(method, template).is_some_and(|operation| verdict(standing, operation) == Verdict::Open)
    }

    /// As the protocol lists it, for a token of these classes.
    pub fn listed(&self, classes: Classes) -> Listed {
        let worst: Vec<Class> = match self.effect {
            Effect::Is(class) => vec![class],
            Effect::OfOperation => Class::ALL.into_iter().filter(|class| classes.has(*class)).collect(),
        };
        let reads = worst.iter().all(|class| *class == Class::Read);
        let annotations = ToolAnnotations::new()
            .read_only(reads)
            .destructive(worst.iter().any(|class| !matches!(class, Class::Read | Class::Create)))
            .idempotent(reads || self.is_idempotent)
            // What a read sees was written by anybody, and a message goes to anybody; the catalog and the token are ours.
            .open_world(self.operation.is_some() || self.effect == Effect::OfOperation);
        Listed::new(self.name, self.words, Arc::new(self.schema(reads))).with_title(self.title).with_annotations(annotations)
    }

    /// The object type whose values an answer of this use may have: the inner value is none if the type is not known,
    /// the outer one if the answer has no values of records.
    pub fn shows(&self, given: &Arguments) -> Option<Option<String>> {
        let (method, path) = self.operation.unwrap_or_else(|| (given.text("method"), given.text("path")));
        let operation = named(method, path).or_else(|| {
            let parsed = CatalogMethod::parse(method).filter(|_| self.effect == Effect::OfOperation)?;
            Some(Catalog::get().unlisted(parsed))
        })?;
        match self.operation {
            _ if !records::are_touched(operation) && !operation.is_unlisted() => None,
            Some(_) => type_name(given.text("object_type")).map(Some),
            None => Some(object_of(operation, path)),
        }
    }

    /// What it takes. A tool that changes nothing takes no approval.
    fn schema(&self, reads: bool) -> JsonObject {
        let taken: Vec<Argument> = self.arguments.iter().filter(|one| !reads || one.name != APPROVAL.name).copied().collect();
        schema(&taken)
    }
}

/// The approval of a person, which every tool that changes something takes.
pub const APPROVAL: Argument =
    crate::arguments::optional("approval", crate::arguments::Kind::Text(64), "Id of an approval that a person gave for exactly this call");

impl Ask<'_> {
    /// Makes a call, and reads its answer as JSON with what is masked left out.
    ///
    /// # Errors
    /// What the model reads in place of an answer.
    pub async fn call(&self, method: Method, target: String, body: Option<Value>) -> Result<Value, Reply> {
        let (path, _) = target.split_once('?').unwrap_or((&target, ""));
        let operation =
            check(self.standing, &method, path).map_err(|closed| Reply::refused_here(Refusal::NotForAgents, format!("{closed}.")))?;
        let object = object_of(operation, path);
        let changes = !operation.read_only;
        let call = Call {
            visitor: self.visitor.clone(),
            method,
            target,
            body: body.map(|body| Bytes::from(body.to_string())).unwrap_or_default(),
            tool: Some(self.tool.name),
            approval: Some(self.given.text("approval")).filter(|approval| !approval.is_empty()).map(str::to_owned),
        };
        let answer = self.road.call(call).await.map_err(|error| refused::unreachable(&error, changes))?;
        let mut value: Value = match answer.status {
            200..=299 if answer.body.is_empty() => Value::Null,
            200..=299 => serde_json::from_slice(&answer.body).unwrap_or_else(|_| not_json(&answer.body)),
            _ => {
                let mut reply = refused::reply(&answer, self.standing);
                reply.data.iter_mut().for_each(|data| self.masks.apply(object.as_deref(), data));
                return Err(reply);
            }
        };
        self.masks.apply(object.as_deref(), &mut value);
        Ok(value)
    }

    /// Refuses to ask by a property that is hidden: the answer would tell its value.
    ///
    /// # Errors
    /// It is hidden.
    pub fn may_ask_by(&self, object: Option<&str>, property: &str) -> Result<(), Reply> {
        if self.masks.treatment(object, property) == crate::masks::Treatment::Allow {
            return Ok(());
        }
        Err(Reply::refused_here(
            Refusal::PropertyHidden,
            format!(
                "The property {} is hidden from this app, so records can't be searched, sorted or named by it.",
                crate::open::short(property)
            ),
        ))
    }

    /// Records a refusal of this server. The refusal is valid even if the record fails.
    pub async fn on_record(&self, reply: Reply) -> Reply {
        let Some(refusal) = reply.refused_here else { return reply };
        let (method, path) = self.meant();
        let call = Call {
            visitor: self.visitor.clone(),
            method: Method::POST,
            target: REFUSED.to_owned(),
            body: Bytes::from(json!({ "method": method, "path": path, "rule": refusal.name() }).to_string()),
            tool: Some(self.tool.name),
            approval: None,
        };
        match self.road.call(call).await {
            Ok(answer) => refused::on_record(reply, refusal, &answer, self.standing),
            Err(_) => reply.fact("rule", refusal.name()),
        }
    }

    /// The method and the path of the call that the tool would make.
    fn meant(&self) -> (String, String) {
        let Some((method, template)) = self.tool.operation else {
            return (self.given.text("method").to_owned(), self.given.text("path").to_owned());
        };
        let object = [self.given.text("object_type"), self.given.text("from_type")].join("");
        let fill = |part: &str| match part.strip_prefix('{') {
            Some(name) if name.contains("bjectType") => segment(&object),
            Some(_) => "0".to_owned(),
            None => part.to_owned(),
        };
        (method.to_owned(), template.split('/').map(fill).collect::<Vec<_>>().join("/"))
    }
}

/// What is not JSON, such as a file of an export.
fn not_json(body: &[u8]) -> Value {
    match std::str::from_utf8(body) {
        Ok(text) => text.into(),
        Err(_) => format!("({} bytes that are not text)", body.len()).into(),
    }
}

/// An object type in one spelling.
fn type_name(given: &str) -> Option<String> {
    ObjectTypeRef::parse(given).map(|one| match one {
        ObjectTypeRef::Standard(row) => row.name.to_owned(),
        ObjectTypeRef::Custom(name) => name,
    })
}

/// The object type that a path names, if one.
fn object_of(operation: &Operation, path: &str) -> Option<String> {
    let parsed = path::NormalPath::parse(path).ok()?;
    let named = Catalog::get().object_types(operation, &parsed);
    match named {
        Some(types) if !types.contains(',') => Some(types.into_owned()),
        Some(_) => None,
        None => parsed.segments().find_map(|segment| Some(keyway_core::object_type::row_of(segment)?.name.to_owned())),
    }
}

/// A segment of a path. One that means a way up is encoded too, so that it is refused and leads nowhere.
pub fn segment(text: &str) -> String {
    let mut out = String::new();
    path::encode_component(text, &mut out);
    if matches!(text, "." | "..") { out.replace('.', "%2E") } else { out }
}

/// A path with a query; pairs without a value are left out.
pub fn target(path: String, query: &[(&str, String)]) -> String {
    let mut written = form_urlencoded::Serializer::new(String::new());
    written.extend_pairs(query.iter().filter(|(_, value)| !value.is_empty()));
    let query = written.finish();
    if query.is_empty() { path } else { format!("{path}?{query}") }
}
