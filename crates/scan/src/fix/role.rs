//! Whether a file is a test, a stub or a fixture, whose text repeats the behaviour of the code under test.

/// Folders that hold tests and their data.
const FOLDERS: [&str; 27] = [
    "test",
    "tests",
    "testing",
    "__tests__",
    "spec",
    "specs",
    "fixture",
    "fixtures",
    "__fixtures__",
    "mock",
    "mocks",
    "__mocks__",
    "stub",
    "stubs",
    "__stubs__",
    "__snapshots__",
    "cassette",
    "cassettes",
    "vcr_cassettes",
    "testdata",
    "test_data",
    "test-data",
    "wiremock",
    "e2e",
    "cypress",
    "features",
    "unittest",
];

/// Words that only tests contain.
const WORDS: [&str; 26] = [
    "from 'vitest'",
    "from \"vitest\"",
    "from '@jest/globals'",
    "from \"@jest/globals\"",
    "from 'nock'",
    "from \"nock\"",
    "require('nock')",
    "require(\"nock\")",
    "from 'msw",
    "from \"msw",
    "require('msw",
    "from 'node:test'",
    "require('node:test')",
    "import pytest",
    "from pytest",
    "unittest.TestCase",
    "import responses\n",
    "import requests_mock",
    "import respx",
    "RSpec.describe",
    "WebMock",
    "extends TestCase",
    "PHPUnit\\Framework",
    "import org.junit",
    "using Xunit",
    "using NUnit",
];

/// Whether a file is a test, by its folders, its name and its imports. The path is relative to the top folder.
pub(super) fn is_test(path: &str, text: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let mut parts: Vec<&str> = lower.split('/').collect();
    let name = parts.pop().unwrap_or_default();
    // `Acme.HubSpot.Tests/` is a .NET project of tests.
    let folder = |part: &&str| FOLDERS.contains(part) || part.ends_with(".tests") || part.ends_with(".test") || part.ends_with("-tests");
    parts.iter().any(folder) || is_test_name(name, path.rsplit('/').next().unwrap_or(path)) || WORDS.iter().any(|word| text.contains(word))
}

fn is_test_name(lower: &str, name: &str) -> bool {
    let stem = lower.split('.').next().unwrap_or(lower);
    let whole = name.split('.').next().unwrap_or(name);
    let words = ["test", "tests", "spec", "specs", "mock", "mocks", "stub", "stubs", "fixture", "fixtures"];
    let inner = lower.split('.').skip(1).any(|part| words.contains(&part) || part == "snap" || part == "feature");
    let parts = || stem.split(['_', '-']);
    let edge = parts().next().is_some_and(|first| words.contains(&first)) || parts().next_back().is_some_and(|last| words.contains(&last));
    // `ContactClientTest.java`: the word begins with a capital letter after a lower-case one.
    let camel = ["Test", "Tests", "TestCase", "Spec", "Mock", "Stub", "Fixture"]
        .iter()
        .any(|word| whole.strip_suffix(word).is_some_and(|rest| rest.ends_with(|last: char| last.is_lowercase() || last.is_ascii_digit())));
    inner || stem == "conftest" || camel || edge && parts().count() > 1 || words.contains(&stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_known_by_folder_name_and_import() {
        for path in [
            "spec/client_spec.rb",
            "src/hubspot.test.ts",
            "test_client.py",
            "pkg/client_test.go",
            "src/test/java/A.java",
            "ContactClientTest.java",
            "Acme.Tests/Client.cs",
            "cassettes/contacts.yml",
            "conftest.py",
        ] {
            assert!(is_test(path, ""), "{path}");
        }
        for path in ["src/hubspot.ts", "src/latest.py", "contest.py", "attestation.go", "src/specification.rb", "lib/manifest.rb"] {
            assert!(!is_test(path, ""), "{path}");
        }
        assert!(is_test("a.js", "const nock = require('nock');\n"));
    }
}
