//! What kind of place a value stands in: tests, examples, documentation, samples of a specification.

use keyway_core::agents;

/// Whether a key above a value says that it is a sample, as those of OpenAPI do: `example`,
/// `examples`, `x-example`, `TokenExample`.
pub(super) fn key_pretends(key: &[String]) -> bool {
    let is_sample = |word: &String| matches!(word.as_str(), "example" | "examples" | "sample" | "samples");
    key.len() <= 3 && key.iter().any(is_sample)
}

/// Whether a path is that of tests, examples or documentation.
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
    // What instructs an agent is documentation by its form, and yet run.
    if !for_agents && parts().any(|part| matches!(part, "docs" | "doc" | "readme" | "md" | "rst" | "changelog")) {
        return Some("documentation");
    }
    None
}
