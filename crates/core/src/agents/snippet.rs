//! The settings that connect each client to the agents' door, by one table.
//!
//! No snippet contains a token. A client that can read the token from the environment does so, from `KEYWAY_TOKEN`; for the
//! others the snippet marks the place.

use serde::Serialize;

/// How a client reaches the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// It calls the listener of `keyway serve --mcp`.
    Http,
    /// It starts `keyway mcp` and speaks over its standard input and output.
    Stdio,
}

/// The format of a snippet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// As JSON.
    Json,
    /// As TOML.
    Toml,
}

/// One client, with one way to the door.
#[derive(Debug)]
struct Row {
    client: &'static str,
    title: &'static str,
    over: Over,
    place: &'static str,
    language: Language,
    /// `{url}` is the door's address and `{gateway}` the data listener's, each in quotes.
    template: &'static str,
    note: &'static str,
}

/// The placeholder of the token, where a client reads none from the environment.
pub const TOKEN_GOES_HERE: &str = "PASTE_THE_TOKEN_HERE";

/// For clients that read the token from the environment.
const FROM_ENVIRONMENT: &str = "Set KEYWAY_TOKEN to the token in the environment of the client.";

/// The first row of a client is its default.
const TABLE: [Row; 13] = [
    Row {
        client: "claude-desktop",
        title: "Claude Desktop",
        over: Over::Stdio,
        place: "claude_desktop_config.json (Settings > Developer > Edit Config)",
        language: Language::Json,
        template: r#"{
  "mcpServers": {
    "keyway": {
      "command": "keyway",
      "args": ["mcp"],
      "env": { "KEYWAY_URL": {gateway}, "KEYWAY_TOKEN": "PASTE_THE_TOKEN_HERE" }
    }
  }
}
"#,
        note: "The file holds the token, so use the token of a short session.",
    },
    Row {
        client: "claude-code",
        title: "Claude Code",
        over: Over::Http,
        place: ".mcp.json in the project's folder",
        language: Language::Json,
        template: r#"{
  "mcpServers": {
    "keyway": {
      "type": "http",
      "url": {url},
      "headers": { "Authorization": "Bearer ${KEYWAY_TOKEN}" }
    }
  }
}
"#,
        note: FROM_ENVIRONMENT,
    },
    Row {
        client: "claude-code",
        title: "Claude Code",
        over: Over::Stdio,
        place: ".mcp.json in the project's folder",
        language: Language::Json,
        template: r#"{
  "mcpServers": {
    "keyway": {
      "type": "stdio",
      "command": "keyway",
      "args": ["mcp"],
      "env": { "KEYWAY_URL": {gateway}, "KEYWAY_TOKEN": "${KEYWAY_TOKEN}" }
    }
  }
}
"#,
        note: FROM_ENVIRONMENT,
    },
    Row {
        client: "cursor",
        title: "Cursor",
        over: Over::Http,
        place: ".cursor/mcp.json in the project's folder, or ~/.cursor/mcp.json",
        language: Language::Json,
        template: r#"{
  "mcpServers": {
    "keyway": {
      "url": {url},
      "headers": { "Authorization": "Bearer ${env:KEYWAY_TOKEN}" }
    }
  }
}
"#,
        note: FROM_ENVIRONMENT,
    },
    Row {
        client: "cursor",
        title: "Cursor",
        over: Over::Stdio,
        place: ".cursor/mcp.json in the project's folder, or ~/.cursor/mcp.json",
        language: Language::Json,
        template: r#"{
  "mcpServers": {
    "keyway": {
      "command": "keyway",
      "args": ["mcp"],
      "env": { "KEYWAY_URL": {gateway}, "KEYWAY_TOKEN": "${env:KEYWAY_TOKEN}" }
    }
  }
}
"#,
        note: FROM_ENVIRONMENT,
    },
    Row {
        client: "vscode",
        title: "VS Code",
        over: Over::Http,
        place: ".vscode/mcp.json in the project's folder",
        language: Language::Json,
        template: r#"{
  "inputs": [
    { "type": "promptString", "id": "keyway-token", "description": "Keyway token", "password": true }
  ],
  "servers": {
    "keyway": {
      "type": "http",
      "url": {url},
      "headers": { "Authorization": "Bearer ${input:keyway-token}" }
    }
  }
}
"#,
        note: "VS Code asks for the token when it starts the server, and keeps it encrypted.",
    },
    Row {
        client: "vscode",
        title: "VS Code",
        over: Over::Stdio,
        place: ".vscode/mcp.json in the project's folder",
        language: Language::Json,
        template: r#"{
  "inputs": [
    { "type": "promptString", "id": "keyway-token", "description": "Keyway token", "password": true }
  ],
  "servers": {
    "keyway": {
      "type": "stdio",
      "command": "keyway",
      "args": ["mcp"],
      "env": { "KEYWAY_URL": {gateway}, "KEYWAY_TOKEN": "${input:keyway-token}" }
    }
  }
}
"#,
        note: "VS Code asks for the token when it starts the server, and keeps it encrypted.",
    },
    Row {
        client: "codex",
        title: "Codex",
        over: Over::Http,
        place: "~/.codex/config.toml",
        language: Language::Toml,
        template: r#"[mcp_servers.keyway]
url = {url}
bearer_token_env_var = "KEYWAY_TOKEN"
"#,
        note: FROM_ENVIRONMENT,
    },
    Row {
        client: "codex",
        title: "Codex",
        over: Over::Stdio,
        place: "~/.codex/config.toml",
        language: Language::Toml,
        template: r#"[mcp_servers.keyway]
command = "keyway"
args = ["mcp"]
env = { KEYWAY_URL = {gateway} }
env_vars = ["KEYWAY_TOKEN"]
"#,
        note: FROM_ENVIRONMENT,
    },
    Row {
        client: "gemini",
        title: "Gemini CLI",
        over: Over::Http,
        place: ".gemini/settings.json in the project's folder, or ~/.gemini/settings.json",
        language: Language::Json,
        template: r#"{
  "mcpServers": {
    "keyway": {
      "httpUrl": {url},
      "headers": { "Authorization": "Bearer $KEYWAY_TOKEN" }
    }
  }
}
"#,
        note: FROM_ENVIRONMENT,
    },
    Row {
        client: "gemini",
        title: "Gemini CLI",
        over: Over::Stdio,
        place: ".gemini/settings.json in the project's folder, or ~/.gemini/settings.json",
        language: Language::Json,
        template: r#"{
  "mcpServers": {
    "keyway": {
      "command": "keyway",
      "args": ["mcp"],
      "env": { "KEYWAY_URL": {gateway}, "KEYWAY_TOKEN": "$KEYWAY_TOKEN" }
    }
  }
}
"#,
        note: FROM_ENVIRONMENT,
    },
    Row {
        client: "chatgpt",
        title: "ChatGPT and OpenAI's API",
        over: Over::Http,
        place: "the list \"tools\" of a request to OpenAI's Responses API",
        language: Language::Json,
        template: r#"{
  "type": "mcp",
  "server_label": "keyway",
  "server_url": {url},
  "authorization": "PASTE_THE_TOKEN_HERE",
  "require_approval": "always"
}
"#,
        note: "OpenAI's servers make the calls, so the address must be public and have TLS. The app in ChatGPT itself signs in by OAuth and takes no token.",
    },
    Row {
        client: "n8n",
        title: "n8n",
        over: Over::Http,
        place: "the editor of a workflow: copy it, and paste it there",
        language: Language::Json,
        template: r#"{
  "nodes": [
    {
      "id": "keyway",
      "name": "Keyway",
      "type": "@n8n/n8n-nodes-langchain.mcpClientTool",
      "typeVersion": 1.2,
      "position": [0, 0],
      "parameters": {
        "endpointUrl": {url},
        "serverTransport": "httpStreamable",
        "authentication": "bearerAuth",
        "include": "all",
        "options": {}
      }
    }
  ],
  "connections": {}
}
"#,
        note: "Give the node a credential of the type \"Bearer Auth\" that holds the token, and connect the node to the agent as a tool.",
    },
];

/// The text of a client's settings, and where to write it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Snippet {
    /// `cursor`.
    pub client: &'static str,
    /// `Cursor`.
    pub title: &'static str,
    /// How the client reaches the door.
    pub over: Over,
    /// The file or form to write it into.
    pub place: &'static str,
    /// The format of the text.
    pub language: Language,
    /// What to write there.
    pub text: String,
    /// How the client gets the token.
    pub note: &'static str,
}

/// The addresses of the door.
#[derive(Clone, Copy, Debug)]
pub struct Door<'a> {
    /// The address of the MCP listener, with its path.
    pub url: &'a str,
    /// The address of the data listener, which `keyway mcp` calls.
    pub gateway: &'a str,
}

/// The clients, each once, in the order of display.
pub fn clients() -> impl Iterator<Item = (&'static str, &'static str)> {
    TABLE
        .iter()
        .enumerate()
        .filter(|(at, row)| TABLE[..*at].iter().all(|before| before.client != row.client))
        .map(|(_, row)| (row.client, row.title))
}

/// The snippet of a client; none where the client is unknown, or can't reach the door in that way.
pub fn snippet(client: &str, over: Option<Over>, door: Door<'_>) -> Option<Snippet> {
    let row = TABLE.iter().find(|row| row.client == client && over.is_none_or(|over| over == row.over))?;
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let text = row.template.replace("{url}", &quoted(door.url)).replace("{gateway}", &quoted(door.gateway));
    Some(Snippet { client: row.client, title: row.title, over: row.over, place: row.place, language: row.language, text, note: row.note })
}
