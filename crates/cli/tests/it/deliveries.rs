//! `keyway token rotate --deliver` to files: what changes, what stays, and what is kept for an undo.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use crate::harness::Keyway;

/// A server with the app "Billing", a `.env` beside its targets, and the targets.
struct Delivery {
    keyway: Keyway,
    folder: tempfile::TempDir,
}

impl Delivery {
    fn new(target: &str, before: Option<&str>, mode: u32) -> Self {
        let keyway = Keyway::start(&["--ephemeral"]);
        keyway.json(&["app", "create", "Billing", "--scopes", "crm.objects.contacts.read"]);
        let folder = tempfile::tempdir().unwrap();
        let delivery = Self { keyway, folder };
        if let Some(before) = before {
            std::fs::write(delivery.path(".env"), before).unwrap();
            std::fs::set_permissions(delivery.path(".env"), std::fs::Permissions::from_mode(mode)).unwrap();
        }
        let path = delivery.path(".env");
        std::fs::write(delivery.path("targets.toml"), format!("[[target]]\nkind = \"file\"\npath = \"{}\"\n{target}", path.display()))
            .unwrap();
        delivery
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn rotate(&self, more: &[&str]) -> Output {
        let targets = self.path("targets.toml").display().to_string();
        self.keyway.run(&[&["token", "rotate", "Billing", "--deliver", &targets], more].concat())
    }

    fn undo(&self) -> Output {
        self.keyway.run(&["token", "undeliver", "Billing", &self.path("targets.toml").display().to_string()])
    }
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_key_changes_one_line_and_keeps_the_other_lines_and_the_mode() {
    let before = "DATABASE_URL=postgres://db/shop\nexport HUBSPOT_TOKEN=\"before\" # of HubSpot\r\n\nLAST=1";
    let delivery = Delivery::new("key = \"HUBSPOT_TOKEN\"\n", Some(before), 0o640);
    let dry = said(&delivery.rotate(&["--dry-run"]));
    assert!(dry.contains("changes the line HUBSPOT_TOKEN; 3 other lines stay; mode 0640 stays"), "{dry}");
    assert_eq!(delivery.read(".env"), before);

    let done = delivery.rotate(&["--grace", "1h"]);
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    let after = delivery.read(".env");
    let token = after.split('"').nth(1).unwrap();
    assert!(token.starts_with("pat-"), "{after}");
    assert_eq!(after, before.replace("before", token));
    assert_eq!(mode(&delivery.path(".env")), 0o640);
    assert_eq!(delivery.keyway.call(token, "GET", "/crm/v3/objects/contacts", None).0, 200);
    // The line alone is kept, where `.env*` of a .gitignore names it, and for its owner alone.
    let former = ".env.HUBSPOT_TOKEN.keyway-former";
    assert_eq!(delivery.read(former), "export HUBSPOT_TOKEN=\"before\" # of HubSpot");
    assert_eq!(mode(&delivery.path(former)), 0o600);
    assert!(said(&done).contains(former) && !said(&done).contains(token), "{}", said(&done));

    // What others write in the meantime stays.
    std::fs::write(delivery.path(".env"), format!("{after}\nADDED=1\n")).unwrap();
    let undone = delivery.undo();
    assert_eq!(undone.status.code(), Some(0), "{}", said(&undone));
    assert_eq!(delivery.read(".env"), format!("{before}\nADDED=1\n"));
    assert!(mode(&delivery.path(".env")) == 0o640 && !delivery.path(former).exists());
}

#[test]
fn a_key_adds_the_line_or_the_file_that_is_missing_and_an_undo_takes_it_away() {
    for (before, mode_after) in [(Some("DATABASE_URL=postgres://db/shop"), 0o644), (None, 0o600)] {
        let delivery = Delivery::new("key = \"HUBSPOT_TOKEN\"\n", before, 0o644);
        let done = delivery.rotate(&["--grace", "1h"]);
        assert_eq!(done.status.code(), Some(0), "{}", said(&done));
        let after = delivery.read(".env");
        assert!(
            after.starts_with(before.unwrap_or_default()) && after.lines().last().unwrap().starts_with("HUBSPOT_TOKEN=pat-"),
            "{after}"
        );
        assert_eq!(mode(&delivery.path(".env")), mode_after);
        assert_eq!(delivery.undo().status.code(), Some(0));
        assert_eq!(std::fs::read_to_string(delivery.path(".env")).ok().as_deref(), before);
    }
}

#[test]
fn a_key_that_is_not_certain_changes_nothing() {
    for (target, before, why) in [
        ("key = \"T\"\n", "T=1\nT=2\n", "more than once"),
        ("key = \"T\"\n", "T=\"1\n2\"\n", "more than one plain or quoted value"),
        ("key = \"T-1\"\n", "T=1\n", "not the name of a variable"),
        ("key = \"T\"\ntemplate = \"{token}\"\n", "T=1\n", "can't be used together"),
    ] {
        let delivery = Delivery::new(target, Some(before), 0o600);
        let refused = delivery.rotate(&[]);
        assert!(refused.status.code() == Some(2) && said(&refused).contains(why), "{target}: {}", said(&refused));
        assert_eq!(delivery.read(".env"), before);
        assert_eq!(delivery.keyway.json(&["token", "list", "Billing"])["tokens"].as_array().unwrap().len(), 1);
    }
}

#[test]
fn a_template_names_what_it_would_lose_and_what_it_replaced_can_come_back() {
    let before = "DATABASE_URL=postgres://db/shop\nHUBSPOT_TOKEN=before\n";
    let template = "template = \"HUBSPOT_TOKEN={token}\\n\"\n";
    let delivery = Delivery::new(&format!("{template}mode = \"0600\"\n"), Some(before), 0o640);
    let dry = said(&delivery.rotate(&["--dry-run"]));
    assert!(dry.contains("does not have 1 line of the file: that line is lost") && dry.contains("mode 0640 becomes 0600"), "{dry}");

    // Without a mode in the target, the file keeps its own.
    let delivery = Delivery::new(template, Some(before), 0o640);
    assert_eq!(delivery.rotate(&["--grace", "1h"]).status.code(), Some(0));
    assert!(delivery.read(".env").starts_with("HUBSPOT_TOKEN=pat-") && mode(&delivery.path(".env")) == 0o640);
    let former = delivery.path(".env.keyway-former");
    assert!(std::fs::read_to_string(&former).unwrap() == before && mode(&former) == 0o600);
    let undone = delivery.undo();
    assert_eq!(undone.status.code(), Some(0), "{}", said(&undone));
    assert!(delivery.read(".env") == before && mode(&delivery.path(".env")) == 0o640 && !former.exists());
}

#[test]
fn an_undo_without_what_was_there_before_does_not_guess_and_leaves_the_new_token_working() {
    let delivery = Delivery::new("template = \"HUBSPOT_TOKEN={token}\\n\"\n", Some("HUBSPOT_TOKEN=before\n"), 0o640);
    assert_eq!(delivery.rotate(&["--grace", "1h"]).status.code(), Some(0));
    let after = delivery.read(".env");
    std::fs::remove_file(delivery.path(".env.keyway-former")).unwrap();
    let refused = delivery.undo();
    assert!(refused.status.code() == Some(1) && said(&refused).contains("does not know what was there before"), "{}", said(&refused));
    assert!(said(&refused).contains("still works") && delivery.read(".env") == after, "{}", said(&refused));
    let token = after.trim_start_matches("HUBSPOT_TOKEN=").trim_end();
    assert_eq!(delivery.keyway.call(token, "GET", "/crm/v3/objects/contacts", None).0, 200);
}

#[test]
fn a_file_that_everybody_may_write_gets_no_token() {
    let delivery = Delivery::new("key = \"T\"\n", Some("T=1\n"), 0o666);
    let refused = delivery.rotate(&[]);
    assert!(
        refused.status.code() == Some(2) && said(&refused).contains("mode 0666 of the file lets everybody write"),
        "{}",
        said(&refused)
    );
    assert_eq!(delivery.read(".env"), "T=1\n");
}
