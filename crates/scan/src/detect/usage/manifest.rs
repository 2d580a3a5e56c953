//! Package manifests: which HubSpot client a folder uses.

use std::sync::LazyLock;

use keyway_core::sunset;
use regex::bytes::Regex;

use super::other;
use crate::detect::Text;
use crate::finding::{Usage, UsageAuth, Via};
use crate::text::{is_comment, is_word, line_near};

/// Dependencies on HubSpot clients, by kind of manifest. A script or a keyword named `hubspot` has no version, so it is
/// not a client.
static CLIENT: LazyLock<[(&str, Regex); 8]> = LazyLock::new(|| {
    let form = |pattern: &str| Regex::new(&format!("(?m-u){pattern}")).expect("a constant");
    let version = r#""(?P<version>(?:[\^~<>=v ]*\d|\*|latest|workspace:|npm:|file:|git|dev-)[^"]*)""#;
    [
        ("npm", form(&format!(r#""(?P<name>@hubspot/api-client|hubspot|hubspot-api|hubspot-client|node-hubspot)"\s*:\s*{version}"#))),
        (
            "composer",
            form(&format!(r#""(?P<name>[a-z0-9-]+/(?:hubspot[\w-]*|laravel-hubspot|haPiHP)|hubspot/api-client)"\s*:\s*{version}"#)),
        ),
        (
            "pypi",
            form(
                r#"^\s*(?:-\s*)?["']?(?P<name>hubspot-api-client|hubspot3|hapipy|hubspot-sdk)\b["']?\s*(?:\[[\w,]*\])?\s*(?P<version>(?:[=<>~!]=?|=)[^#"'\r\n;]{1,60})?"#,
            ),
        ),
        (
            "gem",
            form(
                r#"(?:gem|add_(?:runtime_)?dependency)[ (]\s*['"](?P<name>hubspot-api-client|hubspot-ruby)['"](?:\s*,\s*['"](?P<version>[^'"\n]{1,40}))?"#,
            ),
        ),
        ("go", form(r"^\s*(?:require\s+)?(?P<name>github\.com/[\w.-]+/(?:go-)?hubspot[\w.-]*(?:/v\d+)?)\s+(?P<version>v[\w.+-]+)")),
        ("nuget", form(r#"(?i)Include="(?P<name>(?:HubSpot|Skarp\.HubSpot)[\w.]*)"(?:[^>\n]*Version="(?P<version>[^"\n]{1,40})")?"#)),
        (
            "maven",
            form(
                r"<artifactId>(?P<name>[\w.-]*hubspot[\w.-]*(?:client|api|sdk|java)[\w.-]*)</artifactId>(?:\s*<version>(?P<version>[^<\n]{1,40}))?",
            ),
        ),
        (
            "gradle",
            form(r#"['"](?P<name>[\w.-]+:[\w.-]*hubspot[\w.-]*(?:client|api|sdk|java)[\w.-]*)(?::(?P<version>[^'"\n]{1,40}))?['"]"#),
        ),
    ]
});

/// Clients that support only APIs older than v3, and whether the key is their only credential.
const OLD: [(&str, &str, bool); 10] = [
    ("npm", "hubspot", false),
    ("npm", "node-hubspot", true),
    ("pypi", "hubspot3", false),
    ("pypi", "hapipy", true),
    ("composer", "hubspot/hubspot-php", false),
    ("composer", "ryanwinchester/hubspot-php", false),
    ("composer", "fungku/hubspot-php", true),
    ("composer", "hubspot/haPiHP", true),
    ("gem", "hubspot-ruby", false),
    ("nuget", "Skarp.HubSpotClient", false),
];

/// The kind of a manifest, by its file name.
fn kind(path: &str) -> Option<&'static str> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    Some(match name {
        "package.json" => "npm",
        "composer.json" => "composer",
        "pyproject.toml" | "Pipfile" | "setup.py" | "setup.cfg" | "environment.yml" => "pypi",
        "Gemfile" | "gems.rb" => "gem",
        "go.mod" => "go",
        "packages.config" | "Directory.Packages.props" => "nuget",
        "pom.xml" => "maven",
        "build.gradle" | "build.gradle.kts" | "libs.versions.toml" => "gradle",
        _ if name.starts_with("requirements") && matches!(ending, "txt" | "in") => "pypi",
        _ if ending == "gemspec" => "gem",
        _ if matches!(ending, "csproj" | "fsproj" | "vbproj") => "nuget",
        _ => return None,
    })
}

/// The clients that a manifest lists: offset, kind, name and version.
fn clients(text: Text<'_>) -> Vec<(usize, &'static str, String, String)> {
    let Some(kind) = kind(text.path) else { return Vec::new() };
    let Some((_, form)) = CLIENT.iter().find(|(of, _)| *of == kind) else { return Vec::new() };
    let word = |captures: &regex::bytes::Captures<'_>, group: &str| {
        captures.name(group).map(|word| String::from_utf8_lossy(word.as_bytes()).trim().to_owned()).unwrap_or_default()
    };
    let mut found = Vec::new();
    for captures in form.captures_iter(text.bytes) {
        let Some(name) = captures.name("name") else { continue };
        let line = line_near(text.bytes, name.start()).start;
        // `hubspot3-extras` is another package.
        let longer = text.bytes.get(name.end()).is_some_and(|byte| is_word(*byte) || matches!(byte, b'-' | b'.' | b'/'));
        if !longer && !is_comment(&text.bytes[line..name.start()]) {
            found.push((name.start(), kind, word(&captures, "name"), word(&captures, "version")));
        }
    }
    found
}

/// Whether a manifest shows that its folder uses a HubSpot client.
pub(crate) fn names_client(text: Text<'_>) -> bool {
    !clients(text).is_empty()
}

/// Finds clients that support only APIs with an end date.
pub(super) fn find(text: Text<'_>) -> Vec<(usize, Usage)> {
    let mut found = Vec::new();
    for (at, kind, name, version) in clients(text) {
        let Some((.., key_only)) = OLD.iter().find(|(of, old, _)| *of == kind && name.eq_ignore_ascii_case(old)) else { continue };
        let call = format!("{kind} {name} {version}").trim_end().to_owned();
        let auth = if *key_only { UsageAuth::Hapikey } else { UsageAuth::Unknown };
        let client = other(Via::Client, format!("client {name}"), Some(call), auth);
        // These clients call only v1 and v2.
        let ends = sunset::of_path("/contacts/v1/contact").map(|row| row.date);
        found.push((at, Usage { version: "v1".to_owned(), sunset: client.sunset.into_iter().chain(ends).min(), ..client }));
    }
    found
}
