//! Facts from the files beside the code: the name of a folder, whether it is deployed, and the other folders of the
//! repository that it depends on.

/// A folder with a manifest or with a file that deploys it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unit {
    /// Relative, with `/`; empty for the root.
    pub folder: String,
    /// The name in its manifest.
    pub name: Option<String>,
    /// The file that deploys it, or the script that starts it.
    pub deployed: Option<String>,
    /// Names of packages, and folders relative to the root, that it depends on.
    pub uses: Vec<String>,
    /// Projects of a solution.
    pub members: Vec<String>,
    /// Whether it contains only tests.
    pub tests: bool,
}

/// Reads a file of a repository; none where the file describes no folder.
pub fn read(path: &str, text: &str) -> Option<Unit> {
    let path = path.trim_start_matches("./");
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let mut unit = Unit { folder: folder.to_owned(), ..Unit::default() };
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    match name {
        "package.json" => package_json(&mut unit, text),
        "pyproject.toml" => toml(&mut unit, text, "[project.scripts]"),
        "Cargo.toml" => toml(&mut unit, text, "[[bin]]"),
        "requirements.txt" => unit.uses = requirements(folder, text),
        "setup.py" | "setup.cfg" | "Gemfile" | "Pipfile" | "mix.exs" | "build.sbt" => {}
        "composer.json" => unit.name = json_text(text, "name").map(|name| last(&name)),
        "go.mod" => {
            unit.name = text.lines().find_map(|line| line.strip_prefix("module ")).map(|name| name.trim().to_owned());
            unit.uses = text.lines().filter_map(|line| Some(joined(folder, line.split("=> ").nth(1)?.trim()))).collect();
        }
        "pom.xml" => maven(&mut unit, text),
        "build.gradle" | "build.gradle.kts" => gradle(&mut unit, text),
        "main.go" => {
            // `cmd/orders/main.go` is a program of the module that contains `cmd`.
            let parent = folder.rsplit_once('/')?.0;
            let module = parent.strip_suffix("cmd")?.trim_end_matches('/');
            unit.deployed = Some("main.go".to_owned());
            unit.uses = vec![module.to_owned()];
        }
        _ if matches!(extension, "csproj" | "fsproj" | "vbproj") => dotnet(&mut unit, name, text),
        _ if extension == "sln" => solution(&mut unit, name, text),
        _ => unit.deployed = Some(deploys(name, text).then(|| name.to_owned())?),
    }
    Some(unit)
}

/// Whether [`read`] may need a file with this name.
pub fn may_tell(name: &str) -> bool {
    const NAMES: [&str; 15] = [
        "main.go",
        "package.json",
        "pyproject.toml",
        "Cargo.toml",
        "requirements.txt",
        "setup.py",
        "setup.cfg",
        "Gemfile",
        "Pipfile",
        "mix.exs",
        "build.sbt",
        "composer.json",
        "go.mod",
        "pom.xml",
        "build.gradle",
    ];
    NAMES.contains(&name)
        || name == "build.gradle.kts"
        || [".csproj", ".fsproj", ".vbproj", ".sln"].iter().any(|ending| name.ends_with(ending))
        || deploys(name, "Transform: AWS::Serverless")
}

/// Whether a file deploys its folder.
fn deploys(name: &str, text: &str) -> bool {
    const NAMES: [&str; 21] = [
        "Dockerfile",
        "Containerfile",
        "serverless.yml",
        "serverless.yaml",
        "serverless.ts",
        "serverless.js",
        "host.json",
        "wrangler.toml",
        "wrangler.json",
        "wrangler.jsonc",
        "Procfile",
        "app.yaml",
        "fly.toml",
        "vercel.json",
        "netlify.toml",
        "render.yaml",
        "railway.json",
        "hsproject.json",
        "samconfig.toml",
        "appsscript.json",
        "sfdx-project.json",
    ];
    let template = matches!(name, "template.yaml" | "template.yml") && text.contains("AWS::Serverless");
    NAMES.contains(&name) || template || name.ends_with(".Dockerfile") || name.starts_with("Dockerfile.")
}

fn package_json(unit: &mut Unit, text: &str) {
    let Ok(package) = serde_json::from_str::<serde_json::Value>(text.trim_start_matches('\u{feff}')) else { return };
    unit.name = package["name"].as_str().map(str::to_owned);
    let workspaces = package["workspaces"].is_array() || package["workspaces"].is_object();
    // The start script of a workspace's root starts all of its packages.
    let starts = ["start", "start:prod", "serve", "deploy"].into_iter().find(|script| package["scripts"][script].is_string());
    unit.deployed = starts.filter(|_| !workspaces).map(|script| format!("the script \"{script}\" of package.json"));
    for kind in ["dependencies", "devDependencies", "peerDependencies"] {
        for (name, version) in package[kind].as_object().into_iter().flatten() {
            unit.uses.push(name.clone());
            let local = version.as_str().and_then(|version| version.strip_prefix("file:").or(version.strip_prefix("link:")));
            unit.uses.extend(local.map(|path| joined(&unit.folder, path)));
        }
    }
}

fn toml(unit: &mut Unit, text: &str, runs: &str) {
    let value = |line: &str| line.split_once('=').map(|(_, value)| value.trim().trim_matches(['"', '\'']).to_owned());
    unit.name = text.lines().find(|line| line.split('=').next().is_some_and(|key| key.trim() == "name")).and_then(value);
    unit.deployed = text.contains(runs).then(|| format!("{runs} of its manifest"));
    for (at, _) in text.match_indices("path") {
        let rest = text[at + 4..].trim_start();
        let path =
            rest.strip_prefix('=').map(str::trim_start).and_then(|rest| rest.strip_prefix('"')).and_then(|rest| rest.split('"').next());
        unit.uses.extend(path.filter(|path| path.starts_with('.')).map(|path| joined(&unit.folder, path)));
    }
}

fn requirements(folder: &str, text: &str) -> Vec<String> {
    let local = |line: &str| {
        let path = line.trim().trim_start_matches("-e").trim();
        path.starts_with('.').then(|| joined(folder, path))
    };
    text.lines().filter_map(local).collect()
}

fn maven(unit: &mut Unit, text: &str) {
    let parent = text.find("</parent>").unwrap_or(0);
    let own = text[parent..].split("<dependencies>").next().unwrap_or_default();
    unit.name = tag(own, "artifactId");
    let packaging = tag(text, "packaging");
    let starts = text.contains("spring-boot-maven-plugin") || text.contains("jib-maven-plugin") || packaging.as_deref() == Some("war");
    unit.deployed = starts.then(|| "pom.xml, which builds a program".to_owned());
    unit.uses = text.split("<dependency>").skip(1).filter_map(|dependency| tag(dependency, "artifactId")).collect();
}

fn gradle(unit: &mut Unit, text: &str) {
    let starts = ["org.springframework.boot", "'application'", "\"application\"", "application\n", "id 'application'"]
        .iter()
        .any(|word| text.contains(word));
    unit.deployed = starts.then(|| "build.gradle, which builds a program".to_owned());
    for part in text.split("project(").skip(1) {
        let name = part.trim_start_matches(['"', '\'', ':']).split(['"', '\'', ')']).next().unwrap_or_default();
        unit.uses.push(name.replace(':', "/"));
    }
}

fn dotnet(unit: &mut Unit, name: &str, text: &str) {
    unit.name = name.rsplit_once('.').map(|(stem, _)| stem.to_owned());
    let starts = ["Microsoft.NET.Sdk.Web", "Microsoft.NET.Sdk.Worker", "Microsoft.NET.Sdk.BlazorWebAssembly", "<AzureFunctionsVersion>"]
        .iter()
        .any(|word| text.contains(word))
        || tag(text, "OutputType").is_some_and(|kind| kind.eq_ignore_ascii_case("exe") || kind.eq_ignore_ascii_case("winexe"));
    unit.tests = ["Microsoft.NET.Test.Sdk", "xunit", "NUnit", "MSTest"].iter().any(|word| text.contains(word));
    unit.deployed = (starts && !unit.tests).then(|| name.to_owned());
    let references = text.split("<ProjectReference").skip(1).filter_map(|part| part.split("Include=\"").nth(1)?.split('"').next());
    unit.uses = references.map(|path| folder_of(&joined(&unit.folder, path))).collect();
}

fn solution(unit: &mut Unit, name: &str, text: &str) {
    unit.name = name.strip_suffix(".sln").map(str::to_owned);
    let projects = text.lines().filter(|line| line.trim_start().starts_with("Project("));
    let paths = projects.filter_map(|line| line.split('"').find(|part| part.ends_with("proj")));
    unit.members = paths.map(|path| folder_of(&joined(&unit.folder, path))).collect();
}

fn tag(text: &str, name: &str) -> Option<String> {
    let rest = text.split_once(&format!("<{name}>"))?.1;
    Some(rest.split('<').next()?.trim().to_owned())
}

fn json_text(text: &str, key: &str) -> Option<String> {
    serde_json::from_str::<serde_json::Value>(text).ok()?[key].as_str().map(str::to_owned)
}

fn last(path: &str) -> String {
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

fn folder_of(path: &str) -> String {
    path.rsplit_once('/').map_or_else(String::new, |(folder, _)| folder.to_owned())
}

/// A path relative to a folder, as a path relative to the root. A path that leads out of the root ends at the root.
fn joined(folder: &str, path: &str) -> String {
    let path = path.trim_matches(['"', '\'']).replace('\\', "/");
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(path: &str, text: &str) -> Unit {
        read(path, text).unwrap_or_else(|| panic!("{path}"))
    }

    #[test]
    fn what_is_deployed_shows_in_manifests_and_deploy_files_of_many_languages() {
        for (path, text) in [
            ("a/package.json", r#"{"name":"a","scripts":{"start":"node index.js"}}"#),
            ("a/Dockerfile", "FROM node"),
            ("a/serverless.yml", "service: a"),
            ("a/host.json", "{}"),
            ("a/template.yaml", "Transform: AWS::Serverless-2016-10-31"),
            ("a/A.csproj", "<Project Sdk=\"Microsoft.NET.Sdk.Web\">"),
            ("a/A.csproj", "<OutputType>Exe</OutputType>"),
            ("a/pom.xml", "<artifactId>a</artifactId><plugin><artifactId>spring-boot-maven-plugin</artifactId>"),
            ("a/orders.Dockerfile", "FROM x"),
        ] {
            assert!(unit(path, text).deployed.is_some(), "{path} {text}");
        }
        assert_eq!(unit("package.json", r#"{"workspaces":["a"],"scripts":{"start":"x"}}"#).deployed, None);
        assert_eq!(unit("a/A.csproj", "<Project Sdk=\"Microsoft.NET.Sdk\">").deployed, None);
        assert_eq!(read("a/template.yaml", "title: no function"), None);
        assert_eq!(read("a/index.js", ""), None);
    }

    #[test]
    fn what_a_folder_builds_on_is_read_relative_to_the_root() {
        assert_eq!(unit("src/Web/Web.csproj", r#"<ProjectReference Include="..\Crm\Crm.csproj" />"#).uses, ["src/Crm"]);
        assert_eq!(
            unit("svc/a/pyproject.toml", "[project]\nname = \"a\"\n[tool.x]\ncrm = { path = \"../../libs/crm\" }").uses,
            ["libs/crm"]
        );
        assert_eq!(unit("svc/a/requirements.txt", "requests\n-e ../crm\n").uses, ["svc/crm"]);
        assert_eq!(unit("a/go.mod", "module x.org/a\nreplace x.org/crm => ../crm\n").uses, ["crm"]);
        assert_eq!(unit("a/build.gradle", "implementation project(':libs:crm')").uses, ["libs/crm"]);
        assert!(unit("a/package.json", r#"{"dependencies":{"@acme/crm":"workspace:*","b":"file:../b"}}"#).uses.contains(&"b".to_owned()));
        assert_eq!(joined("a", "../../../../etc"), "etc");
    }

    #[test]
    fn a_solution_names_its_projects() {
        let text = "Project(\"{F}\") = \"Web\", \"src\\Web\\Web.csproj\", \"{1}\"\nEndProject\nProject(\"{F}\") = \"Crm\", \"src\\Crm\\Crm.csproj\", \"{2}\"";
        let read = unit("Acme.sln", text);
        assert_eq!((read.name.as_deref(), read.members), (Some("Acme"), vec!["src/Web".to_owned(), "src/Crm".to_owned()]));
    }
}
