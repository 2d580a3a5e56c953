//! The kind of place that holds a value: tests, examples, documentation, samples of a specification.

use keyway_core::agents;

/// Whether a key above a value marks the value as a sample, as in OpenAPI: `example`,
/// `examples`, `x-example`, `TokenExample`.
pub(super) fn key_pretends(key: &[String]) -> bool {
    let is_sample = |word: &String| matches!(word.as_str(), "example" | "examples" | "sample" | "samples");
    key.len() <= 3 && key.iter().any(is_sample)
}

/// The kind of place, where a path belongs to tests, examples or documentation.
pub(super) fn practice_place(path: &str) -> Option<&'static str> {
    let for_agents = agents::instructs(path);
    let path = path.to_ascii_lowercase();
    let parts = || path.split(['/', '\\', '.', '_', '-', '!']);
    if parts().any(|part| {
        matches!(part, "test" | "tests" | "spec" | "specs" | "fixture" | "fixtures" | "mock" | "mocks" | "cassettes" | "testdata")
    }) {
        return Some("tests");
    }
    if parts().any(|part| matches!(part, "example" | "examples" | "sample" | "samples" | "demo")) {
        return Some("an example");
    }
    // Instructions for an agent have the form of documentation, but an agent runs them.
    if !for_agents && parts().any(|part| matches!(part, "docs" | "doc" | "readme" | "md" | "rst" | "changelog")) {
        return Some("documentation");
    }
    None
}
