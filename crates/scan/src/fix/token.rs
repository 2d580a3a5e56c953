//! What a call sends after `Bearer`: an environment variable, or the value that it sent before, from the same source.

use std::ops::Range;

use tree_sitter::Node;

use super::{Language, TOKEN};
use crate::code::origin::{self, Origin, is_general};
use crate::code::platform::Platform;
use crate::code::syntax::Source;

/// The source of a call's token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// The environment variable [`TOKEN`].
    Environment,
    /// An expression of the program, unchanged.
    Kept(String),
}

/// The note for a key whose source is not visible.
pub(super) const UNCLEAR: &str =
    "this file does not show where the key comes from, and each customer may have another one: send it as `Authorization: Bearer`";

impl Token {
    /// The token that replaces a key. The error is the reason why there is none.
    pub fn of(source: &Source<'_>, key: Node<'_>) -> Result<Self, String> {
        let kept = || Ok(Self::Kept(source.of(key).to_owned()));
        match origin::of(source, key) {
            Origin::Environment(name) if is_general(&name) && source.keys_agree() => Self::environment(source),
            Origin::Environment(_) | Origin::Supplied => kept(),
            Origin::Literal(_) if source.keys_agree() => Self::environment(source),
            Origin::Literal(_) => Err("several keys are written in this file: give each its own variable".into()),
            Origin::Unclear => Err(UNCLEAR.into()),
        }
    }

    /// The environment variable, where the program has an environment.
    pub fn environment(source: &Source<'_>) -> Result<Self, String> {
        match &source.platform {
            Platform::None(why) => Err(format!(
                "{why}, which has no environment to read a token from: move the call to a server, or pass the token in the way that this code gets its settings"
            )),
            _ => Ok(Self::Environment),
        }
    }

    /// The words that describe the token in the note on a change.
    pub fn words(&self) -> &'static str {
        match self {
            Self::Environment => "a bearer token from the environment",
            Self::Kept(_) => "a bearer token from where the key came from, which must hold a token from now on",
        }
    }

    /// An expression for the token alone.
    pub fn value(&self, source: &Source<'_>) -> Option<String> {
        match self {
            Self::Environment => source.reads(TOKEN),
            Self::Kept(text) => Some(text.clone()),
        }
    }

    /// An expression for `Bearer` and the token.
    pub fn bearer(&self, source: &Source<'_>) -> Option<String> {
        let text = match self {
            Self::Environment if source.platform == Platform::Deno => return Some(format!("`Bearer ${{{}}}`", source.reads(TOKEN)?)),
            Self::Environment => return source.language.bearer(TOKEN),
            Self::Kept(text) => text,
        };
        let joined = text.contains([' ', '?', '|', '+']);
        let whole = if joined { format!("({text})") } else { text.clone() };
        Some(match source.language {
            Language::JavaScript | Language::TypeScript => format!("`Bearer ${{{text}}}`"),
            Language::Python if text.contains(['"', '\'', '\\', '{', '#']) => format!("\"Bearer \" + {whole}"),
            Language::Python => format!("f\"Bearer {{{text}}}\""),
            Language::Php => format!("'Bearer ' . {whole}"),
            Language::Ruby => format!("\"Bearer #{{{text}}}\""),
            Language::Java | Language::CSharp => format!("\"Bearer \" + {whole}"),
            Language::Go => format!("\"Bearer \"+{whole}"),
            Language::Shell => format!("\"Bearer {text}\""),
            Language::Yaml | Language::Json | Language::Env => return None,
        })
    }

    /// Whether the place of the call can read the token's expression: it is a name or a field, in the function that builds
    /// the URL.
    pub fn reaches(&self, literal: Node<'_>, call: Node<'_>) -> bool {
        let Self::Kept(text) = self else { return true };
        if within(call.byte_range(), literal.start_byte()) {
            return true;
        }
        let plain = text.chars().all(|one| one.is_alphanumeric() || matches!(one, '_' | '$' | '.' | '@' | '-' | '>' | '{' | '}'));
        plain && origin::function(literal).is_none_or(|scope| within(scope.byte_range(), call.start_byte()))
    }
}

fn within(range: Range<usize>, at: usize) -> bool {
    range.contains(&at)
}
