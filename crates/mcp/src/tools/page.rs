//! The table of tools in the documentation.

use super::{ALL, APPROVAL, Effect};

/// The line before the table in docs/mcp.md.
pub const PAGE_BEGIN: &str = "<!-- tools: written by a test -->";
/// The line after it.
pub const PAGE_END: &str = "<!-- end of tools -->";

/// The table of the tools as Markdown, for the documentation.
pub fn page() -> String {
    let mut page = "| tool | what it does | arguments (needed in bold) | class |\n| --- | --- | --- | --- |\n".to_owned();
    for tool in ALL {
        let arguments: Vec<String> = tool
            .arguments
            .iter()
            .filter(|one| one.name != APPROVAL.name)
            .map(|one| if one.required { format!("**`{}`**", one.name) } else { format!("`{}`", one.name) })
            .collect();
        let class = match tool.effect {
            Effect::Is(class) => class.name(),
            Effect::OfOperation => "of the operation",
        };
        page.push_str(&format!("| `{}` | {} | {} | {class} |\n", tool.name, tool.words, arguments.join(", ")));
    }
    page
}
