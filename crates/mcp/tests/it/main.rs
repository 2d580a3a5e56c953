//! The tools over the real pipeline and an embedded account, and the protocol over its router.

/// What a token that may read reaches, over the whole catalog.
mod catalog;
mod harness;
/// Records that try to speak to the model.
mod hostile;
/// The page of the tools.
mod page;
/// Versions of the protocol, lists, errors, and who is let in.
mod protocol;
/// What each tool does.
mod tools;
