//! Programs that run agents, and where each stores its settings.
//!
//! This is the only list of them. The scanner names the program whose settings contain a credential, and [`snippet`] writes
//! the agents' door into the settings.

pub mod snippet;

use memchr::memmem;

/// A program, and a file that it reads its MCP servers from.
struct Settings {
    program: &'static str,
    /// The end of the file's path, in lower case. A folder ends in `/`.
    end: &'static str,
    /// A text that the file has where it is about agents; empty for files that are only about agents.
    holds: &'static str,
}

const fn only(program: &'static str, end: &'static str) -> Settings {
    Settings { program, end, holds: "" }
}

const fn shared(program: &'static str, end: &'static str, holds: &'static str) -> Settings {
    Settings { program, end, holds }
}

/// The name for a program that neither the file's name nor its place identifies.
const ANY: &str = "an MCP client";

/// The first row that matches counts. The paths are from the programs' manuals, and from what `hs mcp setup` in HubSpot's
/// CLI 8.14.0 writes.
const SETTINGS: [Settings; 34] = [
    only("Claude Desktop", "claude_desktop_config.json"),
    only("Claude Code", ".claude.json"),
    only("Claude Code", ".claude/settings.json"),
    only("Claude Code", ".claude/settings.local.json"),
    only("Claude Code", "/.mcp.json"),
    only("Cursor", ".cursor/mcp.json"),
    only("VS Code", ".vscode/mcp.json"),
    only("VS Code", "code/user/mcp.json"),
    shared("VS Code", ".vscode/settings.json", "mcp"),
    shared("VS Code", "code/user/settings.json", "mcp"),
    shared("VS Code", ".code-workspace", "mcp"),
    shared("VS Code", "devcontainer.json", "\"mcp\""),
    only("Windsurf", "windsurf/mcp_config.json"),
    only("Codex", ".codex/config.toml"),
    only("Gemini CLI", ".gemini/settings.json"),
    shared("Zed", "zed/settings.json", "context_servers"),
    only("Continue", ".continue/config.yaml"),
    only("Continue", ".continue/config.yml"),
    only("Continue", ".continue/config.json"),
    only("Continue", ".continue/mcpservers/"),
    only("opencode", "opencode.json"),
    only("opencode", "opencode.jsonc"),
    only("opencode", "opencode/config.json"),
    only("Cline", "cline_mcp_settings.json"),
    only("Roo Code", ".roo/mcp.json"),
    only("Junie", ".junie/mcp/mcp.json"),
    only("Amazon Q", ".amazonq/mcp.json"),
    only("Kiro", ".kiro/settings/mcp.json"),
    only("LM Studio", ".lmstudio/mcp.json"),
    only("Copilot CLI", ".copilot/mcp-config.json"),
    shared("Goose", "goose/config.yaml", "extensions"),
    shared("LibreChat", "librechat.yaml", "mcpServers"),
    shared("LibreChat", "librechat.yml", "mcpServers"),
    // The export of a workflow, under any name.
    shared("n8n", ".json", "n8n-nodes-langchain.mcpClient"),
];

/// Extensions of settings files.
const ENDINGS: [&str; 6] = [".json", ".jsonc", ".json5", ".toml", ".yaml", ".yml"];

/// Keys under which settings list MCP servers, whatever the file's name is.
pub const SERVER_LISTS: [&str; 4] = ["mcpServers", "mcp_servers", "context_servers", "mcp.servers"];

/// The program that a settings file belongs to, by the file's path or by the servers that it lists.
///
/// As in the scanner's reports, a `!` separates an archive from the path of its member.
pub fn whose_settings(path: &str, text: &[u8]) -> Option<&'static str> {
    let place = format!("/{}", path.to_ascii_lowercase().replace(['\\', '!'], "/"));
    let fits = |end: &str| if end.ends_with('/') { place.contains(end) } else { ends_a_name(&place, end) };
    let holds = |needle: &str| needle.is_empty() || memmem::find(text, needle.as_bytes()).is_some();
    if let Some(row) = SETTINGS.iter().find(|row| fits(row.end) && holds(row.holds)) {
        return Some(row.program);
    }
    let name = place.rsplit('/').next().unwrap_or_default();
    let stem = ENDINGS.iter().find_map(|ending| name.strip_suffix(ending))?;
    let is_named = stem.split(['.', '_', '-']).any(|word| word.trim_end_matches(char::is_numeric) == "mcp" || word == "mcpservers");
    (is_named || SERVER_LISTS.iter().any(|list| memmem::find(text, list.as_bytes()).is_some())).then_some(ANY)
}

/// Whether a path ends in a whole name: `.zed/settings.json` ends in `zed/settings.json`, `mised/…` does not.
fn ends_a_name(place: &str, end: &str) -> bool {
    let Some(before) = place.strip_suffix(end) else { return false };
    end.starts_with(['.', '/']) || before.ends_with(['/', '.'])
}

/// Folders in which programs store instructions for agents.
const FOLDERS: [&str; 10] =
    ["/.claude/", "/.cursor/", "/.windsurf/", "/.clinerules/", "/.roo/", "/.kiro/", "/.continue/", "/.gemini/", "/.codex/", "/.junie/"];

/// Files that instruct agents, in lower case.
const INSTRUCTIONS: [&str; 14] = [
    "claude.md",
    "claude.local.md",
    "agents.md",
    "agent.md",
    "gemini.md",
    "qwen.md",
    "warp.md",
    "skill.md",
    "copilot-instructions.md",
    ".cursorrules",
    ".windsurfrules",
    ".clinerules",
    ".goosehints",
    ".aider.conf.yml",
];

/// Whether a file instructs agents. It has the form of documentation, but an agent acts on it.
pub fn instructs(path: &str) -> bool {
    let place = format!("/{}", path.to_ascii_lowercase().replace(['\\', '!'], "/"));
    let name = place.rsplit('/').next().unwrap_or_default();
    INSTRUCTIONS.contains(&name)
        || name.ends_with(".mdc")
        || name.ends_with(".instructions.md")
        || name.ends_with(".md") && FOLDERS.iter().any(|folder| place.contains(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_known_by_their_place_and_by_what_they_list() {
        for (path, text, program) in [
            ("claude_desktop_config.json", "{}", "Claude Desktop"),
            ("home/.claude.json", "{}", "Claude Code"),
            ("app/.mcp.json", "{}", "Claude Code"),
            (".cursor/mcp.json", "{}", "Cursor"),
            ("backup.zip!home/.cursor/mcp.json", "{}", "Cursor"),
            (".vscode/mcp.json", "{}", "VS Code"),
            (".config/Code/User/mcp.json", "{}", "VS Code"),
            (".vscode/settings.json", r#"{"mcp": {"servers": {}}}"#, "VS Code"),
            (".codeium/windsurf/mcp_config.json", "{}", "Windsurf"),
            (".codex/config.toml", "", "Codex"),
            (".gemini/settings.json", "{}", "Gemini CLI"),
            (".config/zed/settings.json", r#"{"context_servers": {}}"#, "Zed"),
            (".zed/settings.json", r#"{"context_servers": {}}"#, "Zed"),
            (".continue/config.yaml", "", "Continue"),
            (".continue/mcpServers/hubspot.yaml", "", "Continue"),
            ("exports/agent.json", r#"{"type": "@n8n/n8n-nodes-langchain.mcpClientTool"}"#, "n8n"),
            ("mcp.json", "{}", ANY),
            ("mcp-config.yaml", "", ANY),
            ("mcp_settings.toml", "", ANY),
            ("my.mcp.json5", "{}", ANY),
            ("mcpServers.json", "{}", ANY),
            ("agents/tools.yaml", "mcpServers:\n  - name: x\n", ANY),
            ("deploy/agent.toml", "[mcp_servers.x]\n", ANY),
        ] {
            assert_eq!(whose_settings(path, text.as_bytes()), Some(program), "{path}");
        }
    }

    #[test]
    fn other_settings_are_no_agents() {
        for (path, text) in [
            (".vscode/settings.json", "{}"),
            ("zed/settings.json", "{}"),
            ("armoured/settings.json", r#"{"a": 1}"#),
            ("config.toml", ""),
            ("codex/config.toml", ""),
            ("settings.json", "{}"),
            ("src/mcp.ts", ""),
            ("mcp.md", ""),
            ("mcpherson.json", "{}"),
            ("README.md", "mcpServers"),
        ] {
            assert_eq!(whose_settings(path, text.as_bytes()), None, "{path}");
        }
    }

    #[test]
    fn instructions_for_agents_are_known_by_their_name_or_folder() {
        for path in [
            "CLAUDE.md",
            "a/AGENTS.md",
            "skills/crm/SKILL.md",
            ".github/crm.instructions.md",
            ".cursor/rules/a.mdc",
            ".claude/commands/sync.md",
        ] {
            assert!(instructs(path), "{path}");
        }
        for path in ["README.md", "docs/claude.txt", "agents.py", "claude/notes.md", ".cursor/mcp.json"] {
            assert!(!instructs(path), "{path}");
        }
    }
}
