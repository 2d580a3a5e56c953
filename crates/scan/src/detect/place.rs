//! What kind of place a value stands in: tests, examples, documentation, samples of a specification.

/// Whether a key above a value says that it is a sample, as those of OpenAPI do: `example`,
/// `examples`, `x-example`, `TokenExample`.
pub(super) fn key_pretends(key: &[String]) -> bool {
    let is_sample = |word: &String| matches!(word.as_str(), "example" | "examples" | "sample" | "samples");
    key.len() <= 3 && key.iter().any(is_sample)
}

/// Whether a path is that of tests, examples or documentation.
pub(super) fn practice_place(path: &str) -> Option<&'static str> {
    if is_for_agents(path) {
        return None;
    }
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
    if parts().any(|part| matches!(part, "docs" | "doc" | "readme" | "md" | "rst" | "changelog")) {
        return Some("documentation");
    }
    None
}

/// Whether a file instructs agents: documentation by its form, and yet run.
fn is_for_agents(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    matches!(
        name.as_str(),
        "claude.md"
            | "claude.local.md"
            | "agents.md"
            | "gemini.md"
            | "copilot-instructions.md"
            | ".cursorrules"
            | ".windsurfrules"
            | ".clinerules"
    ) || name.ends_with(".mdc")
}
