//! What the command line says to people who mistype, who look at a terminal, and who pipe.

use std::process::{Command, Output};

use crate::harness::{ADMIN_TOKEN, Keyway, Running};
use crate::terminal::{on_terminal, plain};

const CONTACTS: &str = "/crm/v3/objects/contacts";

fn keyway(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyway"));
    command.args(arguments);
    for variable in ["KEYWAY_ADDR", "KEYWAY_ADMIN_TOKEN", "KEYWAY_DATA", "KEYWAY_DATABASE"] {
        command.env_remove(variable);
    }
    command
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A server with one app that made one call, and was refused another.
fn with_calls() -> (Keyway, String) {
    let server = Keyway::start(&["--ephemeral"]);
    let made = server.json(&["app", "create", "Order sync", "--scopes", "crm.objects.contacts.read"]);
    let token = made["token"]["value"].as_str().unwrap().to_owned();
    assert_eq!(server.call(&token, "GET", CONTACTS, None).0, 200);
    assert_eq!(server.call(&token, "GET", "/crm/v3/objects/deals", None).0, 403);
    (server, token)
}

#[test]
fn times_are_taken_as_people_type_them() {
    let (server, _) = with_calls();
    let count = |arguments: &[&str]| server.json(&[&["audit", "list"], arguments].concat())["records"].as_array().unwrap().len();
    for since in ["1h", "yesterday", "2w", "today", "2026-01-01", "2026-01-01T00:00:00Z"] {
        let until = if since == "today" { "2999-01-01" } else { "now" };
        // A test that begins at midnight has calls of yesterday.
        assert!(count(&["--since", since, "--until", until]) <= 2, "{since}");
    }
    assert_eq!(count(&["--since", "1h"]), 2);
    assert_eq!(count(&["--until", "1h"]), 0);
    assert_eq!(server.json(&["changes", "--since", "1h"])["changes"].as_array().unwrap().len(), 1);
    assert_eq!(server.json(&["app", "tighten", "Order sync", "--since", "2w"])["days"], 14);
    let refused = server.run(&["audit", "list", "--since", "last week"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("yesterday") && stderr(&refused).contains("12h"), "{}", stderr(&refused));
}

#[test]
fn a_length_of_time_may_be_in_weeks() {
    let (server, _) = with_calls();
    let rotated = server.run(&["token", "rotate", "Order sync", "--grace", "1w"]);
    assert_eq!(rotated.status.code(), Some(0), "{}", stderr(&rotated));
}

#[test]
fn a_server_listens_on_a_host_name_or_on_a_port_alone() {
    let check = |text: &str| {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        keyway(&["config", "check", &file.path().display().to_string()]).output().unwrap()
    };
    for listen in ["localhost:8484", "8484", "[::1]:8484"] {
        let output = check(&format!("listen = \"{listen}\"\n"));
        assert_eq!(output.status.code(), Some(0), "{listen}: {}", stderr(&output));
    }
    assert!(stderr(&check("listen = \":8484\"\n")).contains("0.0.0.0:8484 is every network"));
    assert_eq!(check("listen = \"nowhere\"\n").status.code(), Some(1));
    let shown = keyway(&["serve", "--listen", "nowhere"]).output().unwrap();
    assert!(shown.status.code() == Some(2) && stderr(&shown).contains("localhost:8484"), "{}", stderr(&shown));
}

#[test]
fn an_unknown_category_has_the_nearest_one() {
    let (server, _) = with_calls();
    let output = server.run(&["audit", "list", "--category", "MISSING_SCOPE"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(stderr(&output).contains("no call matches; did you mean MISSING_SCOPES?"), "{}", stderr(&output));
    let output = server.run(&["audit", "list", "--category", "app-disabled"]);
    assert_eq!(stderr(&output), "keyway: no call matches\n");
    let output = server.run(&["audit", "list", "--category", "MISSING_SCOPES"]);
    assert_eq!(stderr(&output), "");
}

#[test]
fn names_are_taken_in_any_case_and_near_ones_are_named() {
    let (server, _) = with_calls();
    let id = server.json(&["app", "show", "Order sync"])["app"]["id"].clone();
    assert_eq!(server.json(&["app", "show", "order SYNC"])["app"]["id"], id);
    assert_eq!(server.json(&["token", "list", "ORDER SYNC"])["tokens"].as_array().unwrap().len(), 1);
    assert_eq!(server.json(&["audit", "list", "--app", "order sync"])["records"].as_array().unwrap().len(), 2);
    let unknown = server.run(&["app", "show", "Order snyc"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert_eq!(stderr(&unknown), "keyway: there is no app Order snyc; did you mean \"Order sync\"? List the apps: keyway app list\n");
    for command in
        [&["token", "rotate", "Order snyc"][..], &["app", "delete", "Order snyc", "--yes"], &["portal", "webhook", "secret", "Order snyc"]]
    {
        assert!(stderr(&server.run(command)).contains("did you mean \"Order sync\""), "{command:?}: {}", stderr(&server.run(command)));
    }

    let account = server.json(&["account", "list"])["accounts"][0].clone();
    let name = account["name"].as_str().unwrap().to_uppercase();
    assert_eq!(server.json(&["account", "show", &name])["account"]["hubId"], account["hubId"]);
    assert_eq!(server.json(&["app", "list", "--account", &name])["apps"].as_array().unwrap().len(), 1);
    assert!(stderr(&server.run(&["account", "show", "nothing like it"])).contains("keyway account list"));

    server.json(&["admin-token", "create", "Terraform", "--role", "AUDITOR"]);
    assert!(stderr(&server.run(&["admin-token", "revoke", "teraform", "--yes"])).contains("did you mean \"Terraform\""));
    assert_eq!(server.run(&["admin-token", "revoke", "TERRAFORM", "--yes"]).status.code(), Some(0));
    server.json(&["user", "create", "jo@example.com"]);
    assert!(stderr(&server.run(&["user", "sign-out", "jo@exmaple.com"])).contains("did you mean \"jo@example.com\""));
    let role = keyway(&["admin-token", "create", "x", "--role", "auditr"]).output().unwrap();
    assert!(stderr(&role).contains("'auditor'"), "{}", stderr(&role));
}

#[test]
fn a_token_id_that_is_not_a_number_is_told_where_the_ids_are() {
    let output = keyway(&["token", "revoke", "abc"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("not the token. List the IDs: keyway token list"), "{}", stderr(&output));
}

#[test]
fn an_address_of_the_wrong_form_or_listener_is_named() {
    let server = Keyway::start(&["--ephemeral"]);
    let ask = |address: &str| {
        let mut command = keyway(&["app", "list"]);
        command.env("KEYWAY_ADDR", address).env("KEYWAY_ADMIN_TOKEN", ADMIN_TOKEN).output().unwrap()
    };
    let without = keyway(&["app", "list", "--addr", "127.0.0.1:8785"]).output().unwrap();
    assert_eq!(without.status.code(), Some(2));
    assert!(stderr(&without).contains("127.0.0.1:8785 needs http:// or https:// before it, such as http://127.0.0.1:8785"));
    let data = ask(&format!("http://{}", server.address("data")));
    assert!(
        data.status.code() == Some(2) && stderr(&data).contains("this is the data listener") && stderr(&data).contains("8485"),
        "{}",
        stderr(&data)
    );
    assert_eq!(ask(&format!("http://{}", server.address("admin"))).status.code(), Some(0));
}

#[test]
fn an_empty_address_counts_as_none() {
    let folder = tempfile::tempdir().unwrap();
    let output = keyway(&["app", "list", "--data"]).arg(folder.path()).env("KEYWAY_ADDR", "").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("Start one with \"keyway serve"), "{}", stderr(&output));
}

#[test]
fn an_account_without_a_name_is_told_both_ways() {
    let output = keyway(&["account", "add"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(said.contains("needs a name") && said.contains("--connect") && !said.contains("Usage"), "{said}");
}

#[test]
fn a_check_of_settings_names_the_line_and_the_near_setting() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let check = |text: &str| {
        std::fs::write(file.path(), text).unwrap();
        let output = keyway(&["config", "check", &file.path().display().to_string()]).output().unwrap();
        (output.status.code(), stderr(&output))
    };
    let path = file.path().display();
    let (code, said) = check("# settings\n\nlistne = \"8484\"\n");
    assert_eq!(code, Some(1));
    assert!(
        said.starts_with(&format!("{path}:3: listne is not a setting")) && said.contains("did you mean listen? Its settings"),
        "{said}"
    );
    let (code, said) = check("demo = true\naudit-keep-days = 0\n");
    assert!(code == Some(1) && said.starts_with(&format!("{path}:2: ")) && said.contains("audit-keep-days"), "{said}");
    let (code, said) = check("demo = true\n\n= 1\n");
    assert!(code == Some(1) && said.starts_with(&format!("{path}:3: this is not TOML")), "{said}");
    let json = keyway(&["config", "check", "--json", &file.path().display().to_string()]).output().unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert!(
        json.status.code() == Some(1) && answer["fine"] == false && answer["problems"][0].as_str().unwrap().contains("not TOML"),
        "{answer}"
    );
    let (_, said) = check("[plan]\nby = \"folder\"\n");
    assert!(said.starts_with(&format!("{path}:1: plan is not a setting")), "{said}");
}

#[test]
fn a_backup_of_a_server_on_postgresql_is_told_to_use_its_own_tools() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("copy");
    let output = keyway(&["backup", &target.display().to_string(), "--data", &folder.path().display().to_string()]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        !target.exists() && stderr(&output).contains("pg_dump") && stderr(&output).contains("docs/operations.md"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_backup_with_a_database_in_the_environment_copies_no_folder() {
    let folder = tempfile::tempdir().unwrap();
    // A folder that could be copied, such as one from before the move into the database.
    std::fs::write(folder.path().join("keyway.db"), "").unwrap();
    let target = folder.path().join("copy");
    let mut backup = keyway(&["backup", &target.display().to_string(), "--data", &folder.path().display().to_string()]);
    let output = backup.env("KEYWAY_DATABASE", "postgres://keyway:a-password@127.0.0.1/keyway").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(said.starts_with("keyway: KEYWAY_DATABASE is set") && said.contains("pg_dump") && !said.contains("a-password"), "{said}");
    assert!(!target.exists());
}

#[test]
fn doctor_alone_shows_the_ways_and_reads_what_is_piped() {
    let (screen, code) = on_terminal(&mut keyway(&["doctor"]), 100, "");
    assert_eq!(code, Some(2));
    assert_eq!(plain(&screen).matches("\n  ").count(), 5, "{screen}");
    let mut piped = keyway(&["doctor"]);
    let file = tempfile::tempfile().unwrap();
    std::io::Write::write_all(
        &mut &file,
        br#"HTTP/1.1 403 {"status":"error","category":"MISSING_SCOPES","message":"This app hasn't been granted all required scopes"}"#,
    )
    .unwrap();
    std::io::Seek::rewind(&mut &file).unwrap();
    assert!(!stderr(&piped.stdin(file).output().unwrap()).contains("five ways"));
}

#[test]
fn a_scope_of_another_name_is_named() {
    let server = Keyway::start(&["--ephemeral"]);
    let refused = server.run(&["app", "create", "x", "--scopes", "crm.objects.tickets.read"]);
    assert!(stderr(&refused).contains("did you mean tickets?"), "{}", stderr(&refused));
    let old = server.run(&["app", "create", "x", "--scopes", "contacts"]);
    assert!(old.status.code() == Some(0) && stderr(&old).contains("crm.objects.contacts.read"), "{}", stderr(&old));
    let none = server.run(&["app", "create", "y"]);
    assert!(none.status.code() == Some(0) && stderr(&none).contains("no scopes"), "{}", stderr(&none));
    let preset = server.json(&["app", "create", "z", "--preset", "CRM-read", "--scopes", "tickets"]);
    let scopes = preset["app"]["scopes"].as_array().unwrap();
    assert!(scopes.contains(&"tickets".into()) && scopes.contains(&"crm.objects.deals.read".into()), "{scopes:?}");
    assert!(stderr(&server.run(&["app", "create", "w", "--preset", "crm"])).contains("crm-read or crm-sync"));
}

#[test]
fn scopes_are_found_by_words() {
    let ask = |arguments: &[&str]| keyway(&[&["scopes"], arguments].concat()).output().unwrap();
    let found = stdout(&ask(&["read", "deals"]));
    assert!(found.contains("crm.objects.deals.read") && !found.contains("crm.objects.deals.write"), "{found}");
    let one = stdout(&ask(&["crm.objects.contacts.read"]));
    assert!(one.contains("Read contacts") && one.contains("crm-read") && one.contains("GET /crm/objects/2026-09/contacts"), "{one}");
    let old = stdout(&ask(&["contacts"]));
    assert!(old.contains("take instead  crm.objects.contacts.read"), "{old}");
    assert!(stdout(&ask(&["crm-sync"])).contains("crm.objects.deals.write"));
    assert!(stdout(&ask(&[])).contains("PRESET"));
    let none = ask(&["crm.objects.tickets.read"]);
    assert!(none.status.code() == Some(1) && stdout(&none).contains("did you mean tickets?"), "{}", stdout(&none));
    let json: serde_json::Value = serde_json::from_slice(&ask(&["contacts", "--json"]).stdout).unwrap();
    assert_eq!(json["inPlaceOfIt"][0], "crm.objects.contacts.read");
}

#[test]
fn a_new_app_is_shown_with_what_its_integration_needs() {
    let server = Keyway::start(&["--ephemeral"]);
    let shown = stdout(&server.run(&["app", "create", "Order sync", "--scopes", "crm.objects.deals.read"]));
    let url = format!("http://{}", server.address("data"));
    assert!(shown.contains(&format!("\n  {url}\n")), "{shown}");
    assert!(shown.contains(&format!("  HUBSPOT_BASE_URL={url}\n  HUBSPOT_ACCESS_TOKEN=pat-na1-")), "{shown}");
    assert!(shown.contains(&format!("  curl -s '{url}/crm/objects/2026-09/deals?limit=1'")), "{shown}");
}

#[test]
fn a_terminal_has_colours_times_and_columns_that_fit() {
    let (server, _) = with_calls();
    let list = || {
        let mut command = keyway(&["audit", "list"]);
        command.arg("--data").arg(server.folder.path());
        command
    };
    let (screen, code) = on_terminal(&mut list(), 80, "");
    assert_eq!(code, Some(0), "{screen}");
    assert!(screen.contains("\u{1b}[33m403\u{1b}[0m") && screen.contains("\u{1b}[32m200\u{1b}[0m"), "{screen:?}");
    let text = plain(&screen);
    assert!(text.lines().all(|line| line.chars().count() <= 80 || line.starts_with("not shown")), "{text}");
    assert!(text.contains("Order sync") && (text.contains("ago") || text.contains("just now")), "{text}");
    let (screen, _) = on_terminal(list().args(["--color", "never"]), 80, "");
    assert!(!screen.contains('\u{1b}'), "{screen:?}");
    let mut no_color = list();
    let (screen, _) = on_terminal(Command::new("env").arg("NO_COLOR=1").arg(no_color.get_program()).args(no_color.get_args()), 80, "");
    assert!(!screen.contains('\u{1b}'), "{screen:?}");
    no_color.env("CLICOLOR_FORCE", "1");
    let piped = stdout(&no_color.output().unwrap());
    assert!(piped.contains("\u{1b}[33m403") && piped.contains("CORRELATION ID"), "{piped:?}");
    let plain_pipe = stdout(&list().output().unwrap());
    assert!(
        !plain_pipe.contains('\u{1b}') && plain_pipe.contains("CORRELATION ID") && plain_pipe.contains(".000Z") | plain_pipe.contains('Z'),
        "{plain_pipe}"
    );
}

#[test]
fn json_is_the_same_on_every_terminal() {
    let (server, _) = with_calls();
    for command in [&["audit", "list"][..], &["changes"], &["account", "list"], &["scopes", "deals"]] {
        let with = |more: &[&str]| {
            let mut keyway = keyway(&[command, &["--json"], more].concat());
            keyway.arg("--data").arg(server.folder.path());
            keyway
        };
        let piped = stdout(&with(&[]).output().unwrap());
        let (screen, _) = on_terminal(&mut with(&["--color", "always"]), 60, "");
        assert_eq!(screen, piped, "{command:?}");
        assert_eq!(stdout(&with(&["--quiet", "--color", "always"]).output().unwrap()), piped, "{command:?}");
    }
}

#[test]
fn a_list_that_is_not_all_says_so() {
    let (server, _) = with_calls();
    assert!(stderr(&server.run(&["audit", "list", "--limit", "1"])).contains("these are the newest 1; more calls match"));
    assert_eq!(stderr(&server.run(&["audit", "list", "--limit", "2"])), "");
    assert_eq!(stderr(&server.run(&["audit", "list", "--limit", "1", "-q"])), "");
}

#[test]
fn a_new_password_is_among_the_changes() {
    let server = Keyway::start(&["--ephemeral"]);
    for _ in 0..2 {
        server.json(&["user", "create", "ada@example.com"]);
    }
    let shown = stdout(&server.run(&["changes", "--limit", "1"]));
    assert!(shown.contains("user ada@example.com password: - -> new"), "{shown}");
}

#[test]
fn quiet_leaves_notes_out_and_keeps_errors() {
    let (server, _) = with_calls();
    let file = server.folder.path().join("calls.csv").display().to_string();
    let export = ["audit", "export", "--format", "csv", "--output", &file];
    assert!(stderr(&server.run(&export)).contains("wrote 2 records to"));
    assert_eq!(stderr(&server.run(&[&export[..], &["-q"]].concat())), "");
    let error = server.run(&["app", "show", "nothing", "-q"]);
    assert!(error.status.code() == Some(2) && stderr(&error).contains("there is no app"));
    let quiet = Keyway::start(&["--ephemeral", "--quiet"]);
    assert_eq!(quiet.screen, "keyway is ready\n");
}

#[test]
fn a_tail_shows_calls_as_they_come() {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;

    let (server, token) = with_calls();
    let mut command = keyway(&["audit", "tail", "-n", "1", "--status", "403"]);
    command.arg("--data").arg(server.folder.path()).stdout(Stdio::piped());
    let mut tail = Running::start(&mut command);
    let mut lines = BufReader::new(tail.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    assert!(first.contains("403") && first.contains("Order sync") && first.contains("/crm/v3/objects/deals"), "{first}");
    server.call(&token, "GET", CONTACTS, None);
    server.call(&token, "GET", "/crm/v3/objects/companies", None);
    let next = lines.next().unwrap().unwrap();
    assert!(next.contains("GET /crm/v3/objects/companies") && next.contains("Z  403"), "{next}");
}

#[test]
fn help_groups_the_commands_and_ends_with_global_options() {
    let help = stdout(&keyway(&["--help"]).output().unwrap());
    for heading in ["Start:", "Run the gateway:", "Test without HubSpot:", "Global options:", "Examples:", "Documentation:"] {
        assert!(help.contains(heading), "{heading}: {help}");
    }
    let create = stdout(&keyway(&["app", "create", "--help"]).output().unwrap());
    assert!(create.find("Options:").unwrap() < create.find("Global options:").unwrap() && create.contains("Examples:"), "{create}");
    let coloured = stdout(&keyway(&["--help", "--color", "always"]).output().unwrap());
    assert!(coloured.contains('\u{1b}'), "{coloured}");
}

#[test]
fn every_command_has_a_man_page() {
    let folder = tempfile::tempdir().unwrap();
    assert!(keyway(&["man", &folder.path().display().to_string()]).status().unwrap().success());
    let page = |name: &str| std::fs::read_to_string(folder.path().join(format!("{name}.1"))).unwrap();
    assert!(page("keyway").contains("keyway\\-init(1)") && page("keyway").contains("Examples:"));
    assert!(page("keyway-audit-tail").contains("\\-\\-lines") && page("keyway-app-create").contains("\\-\\-preset"));
}
