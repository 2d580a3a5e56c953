//! Agents: their settings, their servers, and where the tokens in them go (T14).

use keyway_scan::finding::{Confidence, Via};

use super::usages::{of_via, scan};
use crate::{examine, values};

#[test]
fn t14_agents_settings_hold_tokens_and_call_hubspot() {
    let pat = |seed: u64, region: &str| values::pat(seed).replace("na1", region);
    let doubled = values::pat(41);
    let files = [
        (
            ".mcp.json",
            format!(
                r#"{{"mcpServers": {{"hubspot": {{"command": "npx", "args": ["-y", "@hubspot/mcp-server"], "env": {{"PRIVATE_APP_ACCESS_TOKEN": "{}"}}}}}}}}"#,
                pat(42, "na2")
            ),
        ),
        (
            "claude_desktop_config.json",
            format!(
                r#"{{"mcpServers": {{"hs": {{"url": "https://mcp.hubspot.com", "env": {{"PRIVATE_APP_ACCESS_TOKEN": "{}"}}}}}}}}"#,
                pat(43, "na2")
            ),
        ),
        (
            ".cursor/mcp.json",
            format!(r#"{{"mcpServers": {{"x": {{"url": "https://tools.example.net/mcp/hubspot/sse?userKey={}"}}}}}}"#, values::pat(44)),
        ),
        (".vscode/mcp.json", format!(r#"{{"servers": {{"x": {{"headers": {{"Authorization": "Bearer {}"}}}}}}}}"#, pat(45, "eu1"))),
        (".hscli/config.yml", format!("portals:\n  - portalId: 1\n    personalAccessKey: {}\n", values::personal_access_key(46))),
        (
            "CLAUDE.md",
            format!("Run this:\n\n    export HUBSPOT_ACCESS_TOKEN={doubled}\n\nor\n\n    export HUBSPOT_ACCESS_TOKEN={doubled}\n"),
        ),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let report = scan(&files);
    let secrets = keyway_scan::secrets::secrets(&report.findings);
    assert_eq!(keyway_scan::secrets::count(&report.findings), "6 secrets at 7 places", "{:?}", report.findings);
    assert!(secrets.iter().all(|secret| secret.confidence == Confidence::High), "{secrets:?}");
    let sent: Vec<_> = report.findings.iter().filter_map(|finding| finding.sent_to.as_deref()).collect();
    assert_eq!(sent, ["tools.example.net"]);
    let servers: Vec<_> = report.usages.iter().filter(|usage| usage.via == Via::Mcp).map(|usage| usage.operation.as_str()).collect();
    assert_eq!(servers, ["mcp tools.example.net", "mcp @hubspot/mcp-server", "mcp mcp.hubspot.com"]);
}

#[test]
fn t14_setting_up_a_server_is_no_credential_and_prose_is_no_usage() {
    let text = r#"{"mcpServers": {"hubspot-mcp": {"command": "npx", "args": ["-y", "@hubspot/mcp-server"], "env": {"PRIVATE_APP_ACCESS_TOKEN": "${HUBSPOT_TOKEN}"}}}}"#;
    assert!(examine(".mcp.json", text).candidates.is_empty());
    assert_eq!(of_via(".mcp.json", text, Via::Mcp).len(), 1);
    // A text in triple quotes that has a name is a value.
    assert_eq!(of_via("c.py", "SETTINGS = \"\"\"\n{\"url\": \"https://mcp.hubspot.com\"}\n\"\"\"\n", Via::Mcp).len(), 1);
    for (path, text) in [
        ("README.md", "Install @hubspot/mcp-server"),
        ("a.js", "// see mcp.hubspot.com"),
        ("b.js", "const url = base(); // as mcp.hubspot.com does"),
        ("a.py", "def tools():\n    \"\"\"Tools of HubSpot.\n\n    They are those of @hubspot/mcp-server.\n    \"\"\"\n    return []\n"),
        ("b.py", "TOOLS = []  # those of mcp.hubspot.com\n"),
        ("a.ex", "  @moduledoc \"\"\"\n  Speaks with mcp.hubspot.com.\n  \"\"\"\n"),
        ("package-lock.json", "{\"node_modules/@hubspot/mcp-server\": {}}"),
        ("AGENTS.md", "hubspot: call https://mcp.hubspot.com"),
        ("acme_hubspot_mcp-0.1.4.dist-info/METADATA", "Name: acme-hubspot-mcp\n\n| [mcp-hubspot](https://example.org) | yes |"),
        ("acme-0.1.4/PKG-INFO", "Install @hubspot/mcp-server"),
    ] {
        assert_eq!(of_via(path, text, Via::Mcp), [], "{path}");
    }
    let text = format!("hubspot\nhttps://api.hubapi.com/crm/v3/owners?token={}", values::pat(47));
    assert_eq!(examine("a.txt", &text).candidates.first().and_then(|candidate| candidate.sent_to.clone()), None);
}

/// The servers of agents that a file sets up.
fn servers(path: &str, text: &str) -> Vec<String> {
    of_via(path, text, Via::Mcp).into_iter().map(|usage| usage.operation).collect()
}

/// The hosts that the values of a text are sent to; `{pat}` stands for a token.
fn sent(path: &str, text: &str) -> Vec<String> {
    let text = text.replace("{pat}", &values::pat(51));
    let candidates = examine(path, &text).candidates;
    assert!(!candidates.is_empty(), "{path}: no value in {text}");
    candidates.into_iter().filter_map(|candidate| candidate.sent_to).collect()
}

#[test]
fn t14_settings_of_every_agent_name_the_servers_of_hubspot() {
    for (path, text, server) in [
        ("claude_desktop_config.json", r#"{"mcpServers": {"crm": {"command": "uvx", "args": ["mcp-hubspot"]}}}"#, "mcp-hubspot"),
        (
            "claude_desktop_config.json",
            r#"{"mcpServers": {"hubspot": {"command": "docker", "args": ["run", "-i", "mcp/hubspot"]}}}"#,
            "mcp/hubspot",
        ),
        (
            ".mcp.json",
            r#"{"mcpServers": {"crm": {"command": "uvx", "args": ["--from", "git+https://github.com/acme/mcp-hubspot", "serve"]}}}"#,
            "mcp-hubspot",
        ),
        (".mcp.json", r#"{"mcpServers": {"hubspot": {"type": "http", "url": "https://mcp-eu1.hubspot.com/"}}}"#, "mcp-eu1.hubspot.com"),
        (
            ".mcp.json",
            "{\"mcpServers\": {\"HubSpotDev\": {\n  \"command\": \"hs\",\n  \"args\": [\"mcp\", \"start\", \"--ai-agent\", \"claude\"]}}}",
            "hs mcp",
        ),
        (".cursor/mcp.json", r#"{"mcpServers": {"HubSpotDev": {"args": ["mcp", "start"], "command": "hs"}}}"#, "hs mcp"),
        (
            ".cursor/mcp.json",
            r#"{"mcpServers": {"HubSpotDev": {"command": "npx", "args": ["-y", "-p", "@hubspot/cli", "hs", "mcp", "start"]}}}"#,
            "hs mcp",
        ),
        (".vscode/mcp.json", r#"{"servers": {"hubspot": {"type": "http", "url": "https://mcp.hubspot.com"}}}"#, "mcp.hubspot.com"),
        (
            ".codeium/windsurf/mcp_config.json",
            r#"{"mcpServers": {"hubspot": {"serverUrl": "https://mcp.hubspot.com"}}}"#,
            "mcp.hubspot.com",
        ),
        (
            ".codex/config.toml",
            "[mcp_servers.hubspot]\ncommand = \"npx\"\nargs = [\"-y\", \"@hubspot/mcp-server\"]\n",
            "@hubspot/mcp-server",
        ),
        (".codex/config.toml", "[mcp_servers.HubSpotDev]\ncommand = \"hs\"\nargs = [\"mcp\", \"start\"]\n", "hs mcp"),
        (".gemini/settings.json", r#"{"mcpServers": {"hubspot": {"httpUrl": "https://mcp.hubspot.com"}}}"#, "mcp.hubspot.com"),
        (".config/zed/settings.json", r#"{"context_servers": {"hubspot": {"url": "https://mcp.hubspot.com"}}}"#, "mcp.hubspot.com"),
        (
            ".continue/config.yaml",
            "mcpServers:\n  - name: HubSpot\n    command: npx\n    args:\n      - -y\n      - \"@hubspot/mcp-server\"\n",
            "@hubspot/mcp-server",
        ),
        (".continue/config.yaml", "mcpServers:\n  - name: HubSpot\n    command: hs\n    args:\n      - mcp\n      - start\n", "hs mcp"),
        (
            "flow.json",
            r#"{"nodes": [{"name": "HubSpot MCP", "type": "@n8n/n8n-nodes-langchain.mcpClientTool", "parameters": {"endpointUrl": "https://mcp.hubspot.com"}}]}"#,
            "mcp.hubspot.com",
        ),
        ("package.json", r#"{"dependencies": {"@hubspot/mcp-server": "^0.4.0"}}"#, "@hubspot/mcp-server"),
        ("requirements.txt", "mcp-hubspot==0.3.0\n", "mcp-hubspot"),
        ("setup.sh", "claude mcp add --transport http hubspot https://mcp.hubspot.com\n", "mcp.hubspot.com"),
        ("setup.sh", "# HubSpot for the editor\nhs mcp setup --client cursor\n", "hs mcp"),
        (
            "agent.py",
            "tools = [{\"type\": \"mcp\", \"server_label\": \"hubspot\", \"server_url\": \"https://mcp.hubspot.com\"}]",
            "mcp.hubspot.com",
        ),
        // Servers that others run.
        (".cursor/mcp.json", r#"{"mcpServers": {"x": {"url": "https://tools.example.net/mcp/hubspot/sse"}}}"#, "tools.example.net"),
        (".cursor/mcp.json", r#"{"mcpServers": {"hubspot": {"url": "https://mcp.example.net/u/17"}}}"#, "mcp.example.net"),
        (
            ".mcp.json",
            r#"{"mcpServers": {"x": {"command": "npx", "args": ["mcp-remote", "https://hubspot-tools.example.dev/sse"]}}}"#,
            "hubspot-tools.example.dev",
        ),
        (".codex/config.toml", "[mcp_servers.hubspot]\nurl = \"https://mcp.example.net/u/17\"\n", "mcp.example.net"),
        (
            ".continue/config.yaml",
            "mcpServers:\n  - name: HubSpot\n    type: sse\n    url: https://mcp.example.net/u/17\n",
            "mcp.example.net",
        ),
        (
            "flow.json",
            r#"{"nodes": [{"name": "HubSpot", "type": "@n8n/n8n-nodes-langchain.mcpClientTool", "parameters": {"sseEndpoint": "https://mcp.example.net/u"}}]}"#,
            "mcp.example.net",
        ),
    ] {
        assert_eq!(servers(path, text), [format!("mcp {server}")], "{path}: {text}");
    }
}

#[test]
fn t14_names_prose_and_other_servers_are_no_usages() {
    for (path, text) in [
        (".mcp.json", r#"{"mcpServers": {"hubspot-mcp": {"command": "keyway", "args": ["mcp"]}}}"#),
        (".codex/config.toml", "[mcp_servers.hubspot-mcp]\ncommand = \"keyway\"\nargs = [\"mcp\"]\n"),
        ("mcp.yaml", "mcpServers:\n  hubspot-mcp:\n    command: keyway\n    args: [mcp]\n"),
        ("package.json", r#"{"name": "hubspot-mcp", "version": "1.0.0"}"#),
        ("package.json", r#"{"repository": "https://github.com/acme/hubspot-mcp"}"#),
        // Another server beside one of HubSpot's account, and HubSpot's name elsewhere in the file.
        (".cursor/mcp.json", r#"{"note": "HubSpot comes later", "mcpServers": {"github": {"url": "https://mcp.example.net/github"}}}"#),
        (
            ".cursor/mcp.json",
            r#"{"mcpServers": {"hubspot": {"url": "http://127.0.0.1:8487/mcp"}, "github": {"url": "https://mcp.example.net/github"}}}"#,
        ),
        // `hs` and `mcp` of others.
        ("notes.sh", "# hubspot\nls mcp start\nhs project upload\n"),
        ("hubspot.json", r#"{"command": "hs", "args": ["project", "dev"], "mcp": {"start": true}}"#),
        ("server.js", "// hubspot\nconst mcp = start()"),
    ] {
        assert_eq!(servers(path, text), [""; 0], "{path}: {text}");
    }
}

#[test]
fn t14_a_token_for_another_hosts_server_says_which_host() {
    for (path, text) in [
        ("a.txt", "https://tools.example.net/mcp?userKey={pat}"),
        ("a.txt", "wss://tools.example.net:8443/{pat}/mcp"),
        ("a.txt", "https://user:{pat}@tools.example.net/mcp"),
        ("a.txt", "https://{pat}@tools.example.net/mcp"),
        (
            ".mcp.json",
            r#"{"mcpServers": {"x": {"type": "http", "url": "https://tools.example.net/mcp", "headers": {"Authorization": "Bearer {pat}"}}}}"#,
        ),
        (
            ".vscode/mcp.json",
            r#"{"servers": {"x": {"headers": {"Authorization": "Bearer {pat}"}, "url": "https://tools.example.net/mcp"}}}"#,
        ),
        (
            ".windsurf/mcp_config.json",
            r#"{"mcpServers": {"x": {"serverUrl": "https://tools.example.net/mcp", "headers": {"X-Token": "{pat}"}}}}"#,
        ),
        (
            ".gemini/settings.json",
            r#"{"mcpServers": {"x": {"httpUrl": "https://tools.example.net/mcp", "headers": {"X-Token": "{pat}"}}}}"#,
        ),
        (
            ".codex/config.toml",
            "[mcp_servers.a]\nurl = \"https://a.example.org\"\n\n[mcp_servers.crm]\nurl = \"https://tools.example.net/mcp\"\n\n[mcp_servers.crm.http_headers]\nAuthorization = \"Bearer {pat}\"\n\n[mcp_servers.z]\nurl = \"https://z.example.org\"\n",
        ),
        (
            ".continue/config.yaml",
            "mcpServers:\n  - name: a\n    url: https://a.example.org/mcp\n  - name: crm\n    url: https://tools.example.net/mcp\n    requestOptions:\n      headers:\n        Authorization: Bearer {pat}\n  - name: z\n    url: https://z.example.org/mcp\n",
        ),
        (
            ".mcp.json",
            r#"{"mcpServers": {"x": {"command": "npx", "args": ["-y", "mcp-remote", "https://tools.example.net/sse", "--header", "Authorization:${AUTH}"], "env": {"AUTH": "Bearer {pat}"}}}}"#,
        ),
        ("setup.sh", "claude mcp add --transport http crm https://tools.example.net/mcp \\\n  --header \"Authorization: Bearer {pat}\"\n"),
        ("agent.py", "tool = {\"type\": \"mcp\", \"server_url\": \"https://tools.example.net/mcp\", \"authorization\": \"{pat}\"}"),
    ] {
        assert_eq!(sent(path, text), ["tools.example.net"], "{path}: {text}");
    }
    let public = r#"{"mcpServers": {"x": {"url": "http://203.0.113.7:8080/mcp?key={pat}"}}}"#;
    assert_eq!(sent(".mcp.json", public), ["203.0.113.7"]);
    // A host that has HubSpot in its name is not HubSpot's.
    assert_eq!(
        sent(".mcp.json", r#"{"mcpServers": {"x": {"url": "https://hubspot.example.net/mcp?key={pat}"}}}"#),
        ["hubspot.example.net"]
    );
    // Settings in base64, as some hosts take them.
    use base64::Engine;
    let settings = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(format!(r#"{{"hubspotToken":"{}"}}"#, values::pat(51)));
    let text = format!(r#"{{"mcpServers": {{"hubspot": {{"url": "https://tools.example.net/mcp?config={settings}"}}}}}}"#);
    let hosts: Vec<_> = examine(".mcp.json", &text).candidates.into_iter().map(|candidate| candidate.sent_to).collect();
    assert_eq!(hosts, [Some("tools.example.net".to_owned())]);
}

#[test]
fn t14_a_token_that_stays_is_not_said_to_leave() {
    for (path, text) in [
        ("a.txt", "https://api.hubapi.com/crm/v3/owners?token={pat}"),
        (".mcp.json", r#"{"mcpServers": {"x": {"url": "https://mcp.hubspot.com", "headers": {"Authorization": "Bearer {pat}"}}}}"#),
        (".mcp.json", r#"{"mcpServers": {"x": {"url": "http://127.0.0.1:8487/mcp", "headers": {"Authorization": "Bearer {pat}"}}}}"#),
        (".mcp.json", r#"{"mcpServers": {"x": {"url": "http://192.168.1.5/mcp?key={pat}"}}}"#),
        (".mcp.json", r#"{"mcpServers": {"x": {"url": "http://localhost:8487/mcp?key={pat}"}}}"#),
        // A local server, beside a remote one of another entry.
        (
            ".mcp.json",
            r#"{"mcpServers": {"hubspot": {"command": "npx", "args": ["-y", "@hubspot/mcp-server"], "env": {"PRIVATE_APP_ACCESS_TOKEN": "{pat}"}}, "x": {"url": "https://tools.example.net/mcp"}}}"#,
        ),
        (
            ".codex/config.toml",
            "[mcp_servers.hubspot]\ncommand = \"npx\"\nenv = { TOKEN = \"{pat}\" }\n\n[mcp_servers.x]\nurl = \"https://tools.example.net/mcp\"\n",
        ),
        ("mcp.yaml", "mcpServers:\n  hubspot:\n    env:\n      TOKEN: {pat}\n  x:\n    url: https://tools.example.net/mcp\n"),
        // Not an agent's settings: what stands beside it is not where it goes.
        ("settings.json", r#"{"hubspot": {"url": "https://www.example.net/about", "token": "{pat}"}}"#),
        ("setup.sh", "claude mcp add other https://tools.example.net/mcp\nexport HUBSPOT_ACCESS_TOKEN={pat}\n"),
    ] {
        assert_eq!(sent(path, text), [""; 0], "{path}: {text}");
    }
}

#[test]
fn t14_reports_name_the_agent_and_what_to_give_it_instead() {
    let settings = format!(r#"{{"mcpServers": {{"x": {{"url": "https://tools.example.net/mcp/hubspot?key={}"}}}}}}"#, values::pat(52));
    let skill = format!("export HUBSPOT_ACCESS_TOKEN={}\n", values::pat(53));
    let env = format!("HUBSPOT_ACCESS_TOKEN={}\n", values::pat(54));
    let report = scan(&[(".cursor/mcp.json", &settings), ("skills/crm/SKILL.md", &skill), (".env", &env)]);
    let agents: Vec<_> = report.findings.iter().map(|finding| (finding.path.as_str(), finding.agent)).collect();
    assert_eq!(agents, [(".cursor/mcp.json", Some("Cursor")), (".env", None), ("skills/crm/SKILL.md", Some("agents that read this file"))]);
    assert!(report.findings.iter().all(|finding| finding.confidence == Confidence::High));
    let steps: Vec<String> = report.findings.iter().map(|finding| finding.next_step()).collect();
    assert!(steps[0].starts_with("it is sent to tools.example.net, which is not a HubSpot host"), "{}", steps[0]);
    assert!([&steps[0], &steps[2]].iter().all(|step| step.contains("a session token and `keyway mcp`")), "{steps:?}");
    assert!(!steps[1].contains("keyway mcp"), "{}", steps[1]);
    let style = keyway_scan::report::human::Style { today: None, colour: false, explain: false };
    let shown = keyway_scan::report::human::write(&report, style);
    for expected in ["Cursor can use it", "it is sent to tools.example.net", "Agents", "mcp tools.example.net"] {
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
    for shown in [
        keyway_scan::report::sarif::write(&report, "2026-11-30"),
        keyway_scan::report::markdown::write(&report, "2026-11-30"),
        keyway_scan::report::html::write(&report, "2026-11-30"),
        keyway_scan::report::junit::write(&report),
    ] {
        assert!(shown.contains("it is sent to tools.example.net") && shown.contains("keyway session create"), "{shown}");
    }
}

#[test]
fn t14_a_token_of_keyway_is_not_to_be_rotated_because_an_agent_has_it() {
    let text = format!(
        r#"{{"mcpServers": {{"x": {{"url": "https://keyway.example.net/mcp", "headers": {{"Authorization": "Bearer {}"}}}}}}}}"#,
        values::keyway(55)
    );
    let report = scan(&[(".mcp.json", &text)]);
    let step = report.findings[0].next_step();
    assert!(step.starts_with("it is sent to keyway.example.net: rotate it unless that is your Keyway"), "{step}");
    assert!(!step.contains("in place of HubSpot's credential"), "{step}");
}
