//! Client libraries that are given an API key are given a token from the environment.

use tree_sitter::Node;

use super::call::key_of;
use super::edit::Edit;
use super::syntax::{Source, above};
use super::{Found, Language, TOKEN};

const WHAT: &str = "the client is given a token from the environment in place of an API key";

pub(super) fn find(source: &Source<'_>, found: &mut Found) {
    let lower = source.text.to_ascii_lowercase();
    if !lower.contains("hubspot") {
        return;
    }
    for node in source.nodes() {
        let edits = match source.language {
            Language::JavaScript | Language::TypeScript => javascript(source, node),
            Language::Python => python(source, node),
            Language::Php => php(source, node),
            Language::Ruby => ruby(source, node),
            _ => None,
        };
        if let Some(mut edits) = edits {
            edits.extend(source.import_os());
            found.change(WHAT, edits);
            found.variables.insert(TOKEN);
        }
    }
}

/// `new hubspot.Client({ apiKey: … })`, `new Hubspot({ apiKey: … })`.
fn javascript(source: &Source<'_>, node: Node<'_>) -> Option<Vec<Edit>> {
    (node.kind() == "pair" && matches!(key_of(source, node)?.as_str(), "apiKey" | "hapikey")).then_some(())?;
    let made = above(node, |above| matches!(above.kind(), "new_expression" | "call_expression"))?;
    (made.kind() == "new_expression").then_some(())?;
    let class = source.of(made.child_by_field_name("constructor")?).to_ascii_lowercase();
    let ours = class.contains("hubspot") || class == "client" && source.text.contains("@hubspot/api-client");
    // The object itself is what the constructor takes, and not an object in it.
    let direct = node.parent()?.parent()?.kind() == "arguments";
    (ours && direct).then(|| vec![Edit::replace(node.byte_range(), format!("accessToken: process.env.{TOKEN}"))])
}

/// `HubSpot(api_key=…)`, `hubspot.Client.create(api_key=…)`.
fn python(source: &Source<'_>, node: Node<'_>) -> Option<Vec<Edit>> {
    (node.kind() == "keyword_argument" && key_of(source, node)? == "api_key").then_some(())?;
    let called = above(node, |above| above.kind() == "call")?;
    let name = source.of(called.child_by_field_name("function")?);
    let ours = matches!(name, "HubSpot" | "Client.create" | "hubspot.HubSpot" | "hubspot.Client.create" | "Hubspot3" | "hubspot3.Hubspot3");
    ours.then(|| vec![Edit::replace(node.byte_range(), format!("access_token=os.environ[\"{TOKEN}\"]"))])
}

/// `Factory::createWithApiKey(…)`, `Factory::create(…)` of the first client.
fn php(source: &Source<'_>, node: Node<'_>) -> Option<Vec<Edit>> {
    (node.kind() == "scoped_call_expression").then_some(())?;
    let name = node.child_by_field_name("name")?;
    (source.of(name) == "createWithApiKey" && source.of(node.child_by_field_name("scope")?).ends_with("Factory")).then_some(())?;
    let arguments = node.child_by_field_name("arguments")?;
    let first = arguments.named_child(0)?;
    Some(vec![Edit::replace(name.byte_range(), "createWithAccessToken"), Edit::replace(first.byte_range(), format!("getenv('{TOKEN}')"))])
}

/// `Hubspot.configure(hapikey: …)`, and `config.api_key['hapikey'] = …` of HubSpot's own client.
fn ruby(source: &Source<'_>, node: Node<'_>) -> Option<Vec<Edit>> {
    match node.kind() {
        "pair" => {
            (key_of(source, node)? == "hapikey").then_some(())?;
            let called = above(node, |above| above.kind() == "call")?;
            source
                .of(called)
                .starts_with("Hubspot.configure")
                .then(|| vec![Edit::replace(node.byte_range(), format!("access_token: ENV.fetch('{TOKEN}')"))])
        }
        "assignment" => {
            let left = source.of(node.child_by_field_name("left")?);
            let config = left.strip_suffix(".api_key['hapikey']").or_else(|| left.strip_suffix(".api_key[\"hapikey\"]"))?;
            Some(vec![Edit::replace(node.byte_range(), format!("{config}.access_token = ENV.fetch('{TOKEN}')"))])
        }
        _ => None,
    }
}
