//! Git: what is staged, what came in since a revision, and all of history.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use keyway_scan::detect::Wanted;
use keyway_scan::finding::{Confidence, Finding};
use keyway_scan::judge::Judgement;
use keyway_scan::scan::{self, Options, Progress};
use keyway_scan::source::tree::Which;

use crate::values;

/// A repository whose commits each have a day of their own.
pub struct Repository {
    folder: tempfile::TempDir,
    commits: u32,
}

impl Repository {
    pub fn new() -> Self {
        let repository = Self { folder: tempfile::tempdir().expect("a temporary folder"), commits: 0 };
        repository.git(&["init", "-q", "-b", "main"]);
        repository
    }

    pub fn git(&self, arguments: &[&str]) -> String {
        let date = format!("2024-01-{:02}T12:00:00+00:00", self.commits + 1);
        let output = Command::new("git")
            .arg("-C")
            .arg(self.folder.path())
            .args(["-c", "user.name=Jo", "-c", "user.email=jo@example.com", "-c", "commit.gpgsign=false"])
            .args(arguments)
            .envs([("GIT_AUTHOR_DATE", &date), ("GIT_COMMITTER_DATE", &date)])
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .expect("git is there");
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    pub fn write(&self, path: &str, content: &str) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("folders can be made");
        fs::write(path, content).expect("files can be written");
    }

    pub fn remove(&self, path: &str) {
        fs::remove_file(self.folder.path().join(path)).expect("it is there");
    }

    /// Commits everything; gives back the commit.
    pub fn commit(&mut self) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "a change"]);
        self.commits += 1;
        self.git(&["rev-parse", "HEAD"])
    }

    fn options(&self) -> Options {
        Options {
            which: Which { roots: vec![self.folder.path().to_owned()], ..Which::default() },
            wanted: Wanted { usages: true },
            judgement: Judgement { least: Confidence::Medium, baseline: BTreeSet::new(), keep_values: false },
            progress: Progress::default(),
        }
    }

    pub fn history(&self, since: Option<&str>) -> Vec<Finding> {
        scan::history(self.folder.path(), since, &self.options()).expect("the history can be read").findings
    }
}

fn commit_of(finding: &Finding) -> Option<&str> {
    finding.introduced.as_ref().and_then(|introduced| introduced.commit.as_deref())
}

#[test]
fn a_secret_that_was_removed_is_found_once_with_the_commit_that_brought_it_in() {
    let mut repository = Repository::new();
    repository.write("README", "nothing here");
    repository.commit();
    let line = format!("HUBSPOT_TOKEN={}\n", values::pat(1));
    repository.write("conf/.env", &line);
    let brought_in = repository.commit();
    repository.write("conf/.env", &format!("# moved\n{line}"));
    repository.commit();
    fs::remove_file(repository.folder.path().join("conf/.env")).expect("it is there");
    repository.commit();

    let findings = repository.history(None);
    let [finding] = findings.as_slice() else { panic!("one finding: {findings:?}") };
    assert_eq!((finding.path.as_str(), finding.line, commit_of(finding)), ("conf/.env", 1, Some(brought_in.as_str())));
    let introduced = finding.introduced.as_ref().expect("it is from history");
    assert_eq!(introduced.author.as_deref(), Some("Jo <jo@example.com>"));
    assert_eq!(introduced.date.as_deref(), Some("2024-01-02T12:00:00Z"));
    assert!(!introduced.in_work_tree);
}

#[test]
fn history_covers_every_branch_and_what_no_branch_reaches() {
    let mut repository = Repository::new();
    repository.commit();
    repository.git(&["checkout", "-q", "-b", "side"]);
    repository.write("side.env", &format!("A={}", values::pat(2)));
    repository.commit();
    repository.git(&["checkout", "-q", "main"]);
    repository.git(&["checkout", "-q", "-b", "gone"]);
    repository.write("gone.env", &format!("A={}", values::pat(3)));
    repository.commit();
    repository.git(&["checkout", "-q", "main"]);
    repository.git(&["branch", "-q", "-D", "gone"]);
    repository.write("packed.env", &format!("A={}", values::pat(4)));
    repository.commit();
    repository.git(&["repack", "-q", "-a", "-d"]);

    let findings = repository.history(None);
    let mut where_: Vec<(bool, bool)> = findings
        .iter()
        .map(|finding| (commit_of(finding).is_some(), finding.introduced.as_ref().is_some_and(|introduced| introduced.in_work_tree)))
        .collect();
    where_.sort_unstable();
    assert_eq!(where_, [(false, false), (true, false), (true, true)]);
}

#[test]
fn since_a_revision_only_what_came_in_after_it_counts() {
    let mut repository = Repository::new();
    repository.write("old.env", &format!("A={}", values::pat(5)));
    repository.commit();
    repository.git(&["tag", "base"]);
    repository.write("new.env", &format!("A={}", values::pat(6)));
    repository.commit();
    fs::remove_file(repository.folder.path().join("new.env")).expect("it is there");
    repository.commit();
    let paths: Vec<String> = repository.history(Some("base")).into_iter().map(|finding| finding.path).collect();
    assert_eq!(paths, ["new.env"]);
}

#[test]
fn since_a_revision_the_calls_are_those_of_the_files_that_changed() {
    let call = |path: &str| format!("requests.get('https://api.hubapi.com{path}')\n");
    let mut repository = Repository::new();
    repository.write("old.py", &call("/crm/v3/objects/deals"));
    repository.write("changed.py", &call("/crm/v3/objects/tickets"));
    repository.commit();
    repository.git(&["tag", "base"]);
    repository.write("changed.py", &call("/crm/v3/objects/contacts"));
    repository.write("gone.py", &call("/crm/v3/owners"));
    repository.commit();
    fs::remove_file(repository.folder.path().join("gone.py")).expect("it is there");
    repository.commit();
    let usages = |since| scan::history(repository.folder.path(), Some(since), &repository.options()).expect("it can be read").usages;
    let called: Vec<_> = usages("base").into_iter().map(|usage| (usage.path, usage.operation)).collect();
    assert_eq!(called, [("changed.py".to_owned(), "GET /crm/v3/objects/contacts".to_owned())]);
    assert!(usages("HEAD").is_empty());
}

#[test]
fn a_repository_without_a_work_tree_has_a_history_too() {
    let mut repository = Repository::new();
    repository.write("a.env", &format!("A={}", values::pat(14)));
    repository.commit();
    let bare = tempfile::tempdir().expect("a temporary folder");
    repository.git(&["clone", "-q", "--bare", ".", &bare.path().display().to_string()]);
    let findings = scan::history(bare.path(), None, &repository.options()).expect("the history can be read").findings;
    assert_eq!(findings.iter().map(|finding| finding.path.as_str()).collect::<Vec<_>>(), ["a.env"]);
}

#[test]
fn what_looks_like_an_option_is_no_revision() {
    let mut repository = Repository::new();
    repository.commit();
    for revision in ["--output=/tmp/x", "-n1", "a..b", "", "nonsense"] {
        assert!(scan::history(repository.folder.path(), Some(revision), &repository.options()).is_err(), "{revision}");
    }
}

#[test]
fn only_what_a_commit_brings_in_is_found_in_what_is_staged() {
    let mut repository = Repository::new();
    let old = format!("A={}\n", values::pat(7));
    repository.write("a.env", &old);
    repository.commit();
    repository.write("a.env", &format!("# more\n{old}B={}\n", values::pat(8)));
    repository.write("with space ü.env", &format!("C={}\n", values::pat(9)));
    repository.write("unstaged.env", &format!("D={}\n", values::pat(10)));
    repository.git(&["add", "a.env", "with space ü.env"]);
    let report = scan::staged(repository.folder.path(), &repository.options()).expect("it can be read");
    let found: Vec<(&str, u64)> = report.findings.iter().map(|finding| (finding.path.as_str(), finding.line)).collect();
    assert_eq!(found, [("a.env", 3), ("with space ü.env", 1)]);
}

#[test]
fn a_broken_object_is_named_and_the_rest_is_read() {
    let mut repository = Repository::new();
    for number in 0..20 {
        repository.write(&format!("f{number}.txt"), &format!("text {number}"));
    }
    repository.write("z.env", &format!("A={}", values::pat(11)));
    repository.commit();
    let broken = repository.git(&["rev-parse", "HEAD:f7.txt"]);
    let object = repository.folder.path().join(".git/objects").join(&broken[..2]).join(&broken[2..]);
    make_writable(&object);
    fs::write(&object, "not an object").expect("it can be written");
    let report = scan::history(repository.folder.path(), None, &repository.options()).expect("the rest can be read");
    assert_eq!(report.findings.len(), 1);
    assert_eq!(report.stats.files, 20 + 21, "twenty blobs and the files of the work tree");
    assert!(report.skipped.iter().any(|skip| skip.path.ends_with(&broken)), "{:?}", report.skipped);
}

fn make_writable(path: &Path) {
    fs::remove_file(path).expect("it is there");
}

#[test]
fn settings_of_the_repository_run_nothing() {
    let mut repository = Repository::new();
    let mark = repository.folder.path().join("ran");
    let command = format!("touch {}", mark.display());
    repository.write(".gitattributes", "* diff=evil\n");
    repository.write("a.env", &format!("A={}", values::pat(12)));
    repository.commit();
    for setting in ["core.fsmonitor", "diff.evil.textconv", "diff.external", "core.pager", "core.sshCommand"] {
        repository.git(&["config", setting, &command]);
    }
    repository.write("a.env", &format!("A={}", values::pat(13)));
    let _ = Command::new("git").arg("-C").arg(repository.folder.path()).args(["-c", "core.fsmonitor=false", "add", "a.env"]).status();
    scan::staged(repository.folder.path(), &repository.options()).expect("it can be read");
    scan::history(repository.folder.path(), None, &repository.options()).expect("it can be read");
    assert!(!mark.exists(), "a command of the repository's own settings ran");
}
