//! Gives client libraries a token in place of an API key, from the environment or from the source of the key.

use tree_sitter::Node;

use super::call::{key_of, keyword_of, value_of};
use super::token::Token;
use super::{Found, Language, TOKEN};
use crate::code::edit::Edit;
use crate::code::syntax::{Source, above};

/// A client that takes a key.
struct Given<'n> {
    /// The value of the key.
    value: Node<'n>,
    /// The new text around the value; `{}` is the token.
    to: String,
    /// The span that is replaced.
    at: std::ops::Range<usize>,
    /// Whether the client also takes a token.
    both: bool,
}

pub(super) fn find(source: &Source<'_>, found: &mut Found) {
    let lower = source.text.to_ascii_lowercase();
    if !lower.contains("hubspot") {
        return;
    }
    for node in source.nodes() {
        let given = match source.language {
            Language::JavaScript | Language::TypeScript => javascript(source, node),
            Language::Python => python(source, node),
            Language::Php => php(source, node),
            Language::Ruby => ruby(source, node),
            _ => None,
        };
        let Some(given) = given else { continue };
        let line = source.line(node.start_byte());
        if given.both {
            found.leave(line, "the client is given an API key and a token, or options that are put together elsewhere: take the key out, and keep the token");
            continue;
        }
        let token = Token::of(source, given.value).and_then(|token| match token.value(source) {
            Some(value) => Ok((token, value)),
            None => Err("the token can't be read from the environment here".to_owned()),
        });
        match token {
            Ok((token, value)) => {
                let mut edits = vec![Edit::replace(given.at, given.to.replace("{}", &value))];
                if token == Token::Environment {
                    edits.extend(source.import_os(node.start_byte()));
                    found.variables.insert(TOKEN);
                    found.replaces_key = true;
                }
                if source.language == Language::Php {
                    edits.extend(php_name(source, node).map(|at| Edit::replace(at, "createWithAccessToken")));
                }
                found.change(format!("the client is given {} in place of an API key", token.words()), edits);
            }
            Err(why) => found.leave(line, why),
        }
    }
}

/// `new hubspot.Client({ apiKey: … })`, `new Hubspot({ apiKey })`.
fn javascript<'n>(source: &Source<'_>, node: Node<'n>) -> Option<Given<'n>> {
    let value = match node.kind() {
        "pair" => matches!(key_of(source, node)?.as_str(), "apiKey" | "hapikey").then(|| node.child_by_field_name("value"))??,
        "shorthand_property_identifier" => matches!(source.of(node), "apiKey" | "hapikey").then_some(node)?,
        _ => return None,
    };
    let object = node.parent()?;
    let made = above(node, |above| matches!(above.kind(), "new_expression" | "call_expression"))?;
    (made.kind() == "new_expression").then_some(())?;
    let class = source.of(made.child_by_field_name("constructor")?).to_ascii_lowercase();
    let ours = class.contains("hubspot") || class == "client" && source.text.contains("@hubspot/api-client");
    // The object must be an argument of the constructor itself, and not an object inside of one.
    (ours && object.parent()?.kind() == "arguments").then_some(())?;
    let mut cursor = object.walk();
    let both = object.named_children(&mut cursor).any(|other| {
        other.kind() == "spread_element"
            || matches!(source.of(other), "accessToken")
            || other.kind() == "pair" && key_of(source, other).as_deref() == Some("accessToken")
    });
    Some(Given { value, to: "accessToken: {}".into(), at: node.byte_range(), both })
}

/// `HubSpot(api_key=…)`, `hubspot.Client.create(api_key=…)`.
fn python<'n>(source: &Source<'_>, node: Node<'n>) -> Option<Given<'n>> {
    (node.kind() == "keyword_argument" && key_of(source, node)? == "api_key").then_some(())?;
    let called = above(node, |above| above.kind() == "call")?;
    let name = source.of(called.child_by_field_name("function")?);
    let ours = matches!(name, "HubSpot" | "Client.create" | "hubspot.HubSpot" | "hubspot.Client.create" | "Hubspot3" | "hubspot3.Hubspot3");
    ours.then_some(())?;
    let list = node.parent()?;
    let mut cursor = list.walk();
    let arguments: Vec<Node<'_>> = list.named_children(&mut cursor).collect();
    let both = keyword_of(source, &arguments, "access_token").is_some() || arguments.iter().any(|one| one.kind() == "dictionary_splat");
    Some(Given { value: node.child_by_field_name("value")?, to: "access_token={}".into(), at: node.byte_range(), both })
}

/// `Factory::createWithApiKey(…)` of HubSpot's client.
fn php<'n>(source: &Source<'_>, node: Node<'n>) -> Option<Given<'n>> {
    php_name(source, node)?;
    let first = node.child_by_field_name("arguments")?.named_child(0)?;
    let value = first.named_child(0)?;
    Some(Given { value, to: "{}".into(), at: first.byte_range(), both: false })
}

fn php_name(source: &Source<'_>, node: Node<'_>) -> Option<std::ops::Range<usize>> {
    (node.kind() == "scoped_call_expression").then_some(())?;
    let name = node.child_by_field_name("name")?;
    (source.of(name) == "createWithApiKey" && source.of(node.child_by_field_name("scope")?).ends_with("Factory")).then(|| name.byte_range())
}

/// `Hubspot.configure(hapikey: …)`, and `config.api_key['hapikey'] = …` of HubSpot's own client.
fn ruby<'n>(source: &Source<'_>, node: Node<'n>) -> Option<Given<'n>> {
    match node.kind() {
        "pair" => {
            (key_of(source, node)? == "hapikey").then_some(())?;
            let called = above(node, |above| above.kind() == "call")?;
            source.of(called).starts_with("Hubspot.configure").then_some(())?;
            let list = node.parent()?;
            let both = value_of(source, list, "access_token").is_some() || source.of(list).contains("**");
            Some(Given { value: node.child_by_field_name("value")?, to: "access_token: {}".into(), at: node.byte_range(), both })
        }
        "assignment" => {
            let left = source.of(node.child_by_field_name("left")?);
            let config = left.strip_suffix(".api_key['hapikey']").or_else(|| left.strip_suffix(".api_key[\"hapikey\"]"))?;
            let both = source.text.contains(&format!("{config}.access_token"));
            Some(Given {
                value: node.child_by_field_name("right")?,
                to: format!("{config}.access_token = {{}}"),
                at: node.byte_range(),
                both,
            })
        }
        _ => None,
    }
}
