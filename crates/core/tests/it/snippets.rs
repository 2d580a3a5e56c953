use keyway_core::agents::snippet::{Door, Language, Over, TOKEN_GOES_HERE, clients, snippet};
use keyway_core::agents::whose_settings;
use serde_json::Value;

const DOOR: Door<'_> = Door { url: "http://127.0.0.1:8487/mcp", gateway: "http://127.0.0.1:8484" };

fn read(language: Language, text: &str) -> Value {
    match language {
        Language::Json => serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}")),
        Language::Toml => {
            serde_json::to_value(toml::from_str::<toml::Table>(text).unwrap_or_else(|error| panic!("{error}: {text}"))).unwrap()
        }
    }
}

/// Every text in a value.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(all) => all.iter().flat_map(texts).collect(),
        Value::Object(all) => all.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn each_snippet_is_read_by_its_language_and_names_the_door() {
    let mut seen = 0;
    for (client, _) in clients() {
        for over in [Over::Http, Over::Stdio] {
            let Some(made) = snippet(client, Some(over), DOOR) else { continue };
            let texts = texts(&read(made.language, &made.text));
            let address = if over == Over::Http { DOOR.url } else { DOOR.gateway };
            assert!(texts.iter().any(|text| text == address), "{client}: {}", made.text);
            if over == Over::Stdio {
                assert!(
                    texts.windows(1).any(|text| text[0] == "keyway") && texts.iter().any(|text| text == "mcp"),
                    "{client}: {}",
                    made.text
                );
            }
            // The client gets the token in one way or another.
            let says = made.text.contains("KEYWAY_TOKEN")
                || made.text.contains(TOKEN_GOES_HERE)
                || made.text.contains("keyway-token")
                || made.note.contains("credential");
            assert!(says && !made.note.is_empty() && !made.place.is_empty(), "{client}");
            seen += 1;
        }
        assert_eq!(snippet(client, None, DOOR).map(|made| made.client), Some(client));
    }
    assert_eq!(seen, 13);
    assert_eq!(snippet("netscape", None, DOOR), None);
    assert_eq!(snippet("claude-desktop", Some(Over::Http), DOOR), None);
}

#[test]
fn an_address_can_not_leave_its_place_in_a_snippet() {
    let hostile =
        Door { url: "https://k.example/\"}},\n\"x\": {\"command\": \"rm\"", gateway: "http://k.example/\"\n[x]\ncommand = \"rm\"" };
    for (client, _) in clients() {
        for over in [Over::Http, Over::Stdio] {
            let Some(made) = snippet(client, Some(over), hostile) else { continue };
            let address = if over == Over::Http { hostile.url } else { hostile.gateway };
            assert!(texts(&read(made.language, &made.text)).iter().any(|text| text == address), "{client}: {}", made.text);
        }
    }
}

#[test]
fn the_scanner_knows_the_file_that_each_snippet_goes_to() {
    for (client, title) in clients() {
        let made = snippet(client, None, DOOR).unwrap();
        let file = made.place.split([' ', ',']).next().unwrap().trim_start_matches("~/");
        let file = if client == "n8n" { "workflow.json" } else { file };
        let known = whose_settings(file, made.text.as_bytes());
        assert_eq!(known, Some(title).filter(|_| client != "chatgpt"), "{client}: {file}");
    }
}

#[test]
fn the_page_shows_the_snippets() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/agent-clients.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (before, rest) = text.split_once("<!-- snippets -->\n").unwrap();
    let (found, after) = rest.split_once("<!-- /snippets -->").unwrap();
    let mut expected = String::new();
    for (client, title) in clients() {
        let made = snippet(client, None, DOOR).unwrap();
        let language = match made.language {
            Language::Json => "json",
            Language::Toml => "toml",
        };
        expected.push_str(&format!("\n## {title}\n\nGoes to: {}.\n{}\n\n```{language}\n{}```\n", made.place, made.note, made.text));
    }
    expected.push('\n');
    if std::env::var_os("KEYWAY_WRITE_SNIPPETS").is_some() {
        std::fs::write(path, format!("{before}<!-- snippets -->\n{expected}<!-- /snippets -->{after}")).unwrap();
        return;
    }
    assert!(found == expected, "write it with KEYWAY_WRITE_SNIPPETS=1 cargo test -p keyway-core snippets");
}
