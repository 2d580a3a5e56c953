//! Which files are evidence of an integration, and which only mention one.
//!
//! A note, a log, a test or a build folder names HubSpot's calls as often as code does, but it is not code that runs. The
//! plan lists each ignored file with the reason, so that a user can check it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why a file is not evidence of an integration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// What Keyway wrote.
    Keyway,
    /// Packages of others.
    Vendored,
    /// A member of an archive.
    Archive,
    /// Made from other files.
    Build,
    /// Tests and what they are fed with.
    Test,
    /// Logs and recorded traffic.
    Log,
    /// Documents, notes, descriptions of APIs.
    Document,
    /// Examples beside the code.
    Example,
    /// The same files are in another folder.
    Copy,
}

impl Why {
    /// For a person, in the singular.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Keyway => "Keyway wrote it",
            Self::Vendored => "a package of somebody else, which its own maintainers change",
            Self::Archive => "a member of an archive; unpack it where the archive is what runs",
            Self::Build => "build output, made from other files",
            Self::Test => "a test or its data; it does not run in production",
            Self::Log => "a log, a recording or exported data",
            Self::Document => "a document, a note or a description of an API; it does not run",
            Self::Example => "an example beside the code",
            Self::Copy => "the same files are in the folder of an integration",
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

const VENDORED: [&str; 14] = [
    "node_modules",
    "bower_components",
    "jspm_packages",
    "vendor",
    "vendors",
    "third_party",
    "third-party",
    "site-packages",
    "dist-packages",
    "venv",
    ".venv",
    "virtualenv",
    "carthage",
    ".yarn",
];
const BUILD: [&str; 26] = [
    "dist",
    "build",
    "out",
    "target",
    "obj",
    ".next",
    ".nuxt",
    ".output",
    ".svelte-kit",
    ".vercel",
    ".netlify",
    ".serverless",
    ".aws-sam",
    "cdk.out",
    ".webpack",
    ".parcel-cache",
    ".turbo",
    ".gradle",
    "__pycache__",
    "coverage",
    "htmlcov",
    "storybook-static",
    "_build",
    ".angular",
    ".expo",
    ".build",
];
const TEST: [&str; 28] = [
    "test",
    "tests",
    "__tests__",
    "testing",
    "spec",
    "specs",
    "e2e",
    "cypress",
    "playwright",
    "fixtures",
    "__fixtures__",
    "fixture",
    "mocks",
    "__mocks__",
    "mock",
    "stubs",
    "testdata",
    "test_data",
    "test-data",
    "test_helpers",
    "testutils",
    "cassettes",
    "vcr_cassettes",
    "__snapshots__",
    "wiremock",
    "integration_tests",
    "integration-tests",
    "unit_tests",
];
const LOG: [&str; 2] = ["log", "logs"];
const DOCUMENT: [&str; 19] = [
    "doc",
    "docs",
    "documentation",
    "wiki",
    ".planning",
    ".cursor",
    ".claude",
    ".github_issues",
    "adr",
    "adrs",
    "rfcs",
    "postman",
    "insomnia",
    "bruno",
    "openapi",
    "swagger",
    "prompts",
    "changelogs",
    "issue_template",
];
const EXAMPLE: [&str; 6] = ["example", "examples", "sample", "samples", "demo", "demos"];

/// The reason to ignore a file, by its path alone; none where it may be code that runs. A `!` separates an archive from the
/// path of its member.
pub fn why(path: &str) -> Option<Why> {
    let lower = path.trim_start_matches("./").to_lowercase();
    if lower.contains('!') || ends(&lower, &[".zip", ".jar", ".war", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".whl", ".nupkg", ".egg"])
    {
        return Some(Why::Archive);
    }
    let (folders, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
    let folders: Vec<&str> = folders.split('/').filter(|folder| !folder.is_empty()).collect();
    let within = |known: &[&str]| folders.iter().any(|folder| known.contains(folder));
    if within(&VENDORED) || is_nuget(&folders) {
        return Some(Why::Vendored);
    }
    if within(&TEST) || is_test(path.rsplit('/').next().unwrap_or(path)) || folders.iter().any(|folder| is_test_folder(folder)) {
        return Some(Why::Test);
    }
    if is_built(&folders, name, &within) {
        return Some(Why::Build);
    }
    if within(&LOG) || is_log(name) {
        return Some(Why::Log);
    }
    // Only a top folder is a folder of notes. Below it, `notes` may be the code for HubSpot's notes.
    let notes = matches!(folders.first(), Some(&("notes" | "note")));
    if notes || within(&DOCUMENT) || is_document(name) {
        return Some(Why::Document);
    }
    within(&EXAMPLE).then_some(Why::Example)
}

fn ends(name: &str, endings: &[&str]) -> bool {
    endings.iter().any(|ending| name.ends_with(ending))
}

/// `packages/Newtonsoft.Json.13.0.1/…`: a package that NuGet has unpacked.
fn is_nuget(folders: &[&str]) -> bool {
    let versioned = |folder: &str| folder.rsplit('.').take(2).filter(|part| part.bytes().all(|byte| byte.is_ascii_digit())).count() == 2;
    folders.windows(2).any(|pair| pair[0] == "packages" && versioned(pair[1]))
}

/// `Acme.Crm.Tests`, `orders-tests`, `OrderTest`: projects of tests.
fn is_test_folder(folder: &str) -> bool {
    ends(folder, &[".tests", ".test", ".unittests", ".integrationtests", ".specs", "-tests", "_tests", "-test", "-e2e", "-mocks"])
}

/// Whether a name means a test, by its spelling: `ClientTest.java` is a test, `Protest.java` is not.
fn is_test(written: &str) -> bool {
    let name = written.to_lowercase();
    let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
    let camel = written.rsplit_once('.').map_or(written, |(stem, _)| stem);
    let code = ends(&name, &[".java", ".kt", ".cs", ".php", ".scala", ".swift", ".groovy"]);
    [".test.", ".tests.", ".spec.", ".e2e.", ".cy.", ".mock.", ".stories.", ".snap"].iter().any(|part| name.contains(part))
        || name.starts_with("test_")
        || ends(stem, &["_test", "_tests", "_spec", "-test", "-spec"])
        || (code && ends(camel, &["Test", "Tests", "TestCase"]))
        || matches!(name.as_str(), "conftest.py" | "jest.setup.js" | "phpunit.xml")
}

fn is_built(folders: &[&str], name: &str, within: &dyn Fn(&[&str]) -> bool) -> bool {
    let configured = folders.windows(2).any(|pair| pair[0] == "bin" && matches!(pair[1], "debug" | "release"));
    within(&BUILD)
        || configured
        || folders.iter().any(|folder| ends(folder, &[".egg-info", ".dist-info", ".bundle"]))
        || ends(name, &[".min.js", ".min.mjs", ".bundle.js", ".chunk.js", ".map", ".pyc", ".class", ".dll", ".exe", ".so", ".o"])
}

fn is_log(name: &str) -> bool {
    let rotated = name.split('.').any(|part| part == "log") && !ends(name, &[".js", ".ts", ".py", ".rb", ".php", ".go", ".java", ".cs"]);
    rotated || ends(name, &[".out", ".har", ".pcap", ".trace", ".ndjson", ".jsonl", ".csv", ".tsv"])
}

fn is_document(name: &str) -> bool {
    const ENDINGS: [&str; 24] = [
        ".md",
        ".mdx",
        ".markdown",
        ".rst",
        ".adoc",
        ".asciidoc",
        ".txt",
        ".rtf",
        ".pdf",
        ".doc",
        ".docx",
        ".odt",
        ".org",
        ".textile",
        ".tex",
        ".eml",
        ".patch",
        ".diff",
        ".bru",
        ".http",
        ".rest",
        ".drawio",
        ".puml",
        ".lock",
    ];
    let stem = name.split('.').next().unwrap_or(name);
    let data = ends(name, &[".json", ".yaml", ".yml"]);
    let described = data && ["openapi", "swagger", "asyncapi", "postman", "insomnia"].iter().any(|word| name.contains(word));
    let plain =
        !name.contains('.') && matches!(stem, "readme" | "changelog" | "changes" | "history" | "license" | "notice" | "todo" | "authors");
    ends(name, &ENDINGS) || described || plain || ends(name, &["package-lock.json", "pnpm-lock.yaml", "-lock.yaml", ".pod", ".1"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p1_notes_documents_logs_and_tests_are_no_evidence() {
        let document = [
            ".planning/phase-2.md",
            "docs/hubspot.py",
            "postman/contacts.json",
            "api/openapi.yaml",
            "README",
            "notes/call.js",
            "CRM.postman_collection.json",
            "api/requests.http",
        ];
        document.into_iter().for_each(|path| assert_eq!(why(path), Some(Why::Document), "{path}"));
        for path in ["npm-debug.log", "logs/run.json", "sync.log.1", "traffic.har", "export.csv"] {
            assert_eq!(why(path), Some(Why::Log), "{path}");
        }
        let test = [
            "tests/test_sync.py",
            "src/sync.test.ts",
            "src/__tests__/a.js",
            "spec/client_spec.rb",
            "pkg/client_test.go",
            "src/test/java/ClientTest.java",
            "Acme.Crm.Tests/ClientShould.cs",
            "src/ClientTest.php",
            "app/conftest.py",
            "cypress/x.ts",
        ];
        test.into_iter().for_each(|path| assert_eq!(why(path), Some(Why::Test), "{path}"));
    }

    #[test]
    fn p2_build_output_archives_and_vendored_packages_are_no_evidence() {
        for path in ["dist/index.js", "web/.next/server/a.js", "src/bin/Debug/net8.0/x.json", "obj/x.cs", "app.min.js", "target/x.java"] {
            assert_eq!(why(path), Some(Why::Build), "{path}");
        }
        for path in ["lambda.zip!index.js", "out/app.jar!x.class", "old.tar.gz"] {
            assert_eq!(why(path), Some(Why::Archive), "{path}");
        }
        for path in ["node_modules/x/y.js", "vendor/a/b.php", ".venv/lib/x.py", "packages/RestSharp.110.2.0/lib/x.cs", "app/vendor/x.go"] {
            assert_eq!(why(path), Some(Why::Vendored), "{path}");
        }
    }

    #[test]
    fn p1_code_that_runs_is_evidence_whatever_it_resembles() {
        let code = [
            "sync/main.py",
            "packages/crm/src/index.ts",
            "src/contest.py",
            "lib/latest.js",
            ".github/workflows/sync.yml",
            "bin/sync",
            "src/Protest.java",
            "src/logger.ts",
            "cron/docsync.sh",
            "workflows/n8n.json",
            "src/catalog.js",
            "src/attestation.ts",
        ];
        code.into_iter().for_each(|path| assert_eq!(why(path), None, "{path}"));
        assert_eq!(why("examples/quickstart/index.js"), Some(Why::Example));
    }
}
