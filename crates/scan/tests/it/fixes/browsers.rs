//! F3: where there is no process, nothing reads the environment of one.

use super::project;

const CALL: &str = "export async function owners(id) {\n  const answer = await fetch(`https://api.hubapi.com/crm/v3/owners?hapikey=4f2a1b3c-0d9e-4a5b-8c7d-1e2f3a4b5c6d`);\n  return answer.json();\n}\n";

/// Asserts that no place of a file reads the environment of a process.
fn reads_no_process(files: &[(&str, &str)], path: &str) {
    let project = project(files);
    let text = project.text(path);
    assert!(!text.contains("process.env") && !text.contains("Deno.env"), "{path}: {text}");
    assert!(!project.left(path).is_empty(), "{path} is left in silence");
}

#[test]
fn a_page_that_vite_builds_gets_no_process() {
    let package = ("package.json", r#"{"dependencies": {"vue": "3.4"}, "devDependencies": {"vite": "5.0"}}"#);
    reads_no_process(&[package, ("vite.config.ts", "export default {}\n"), ("src/services/crm.ts", CALL)], "src/services/crm.ts");
    reads_no_process(&[package, ("vite.config.ts", "export default {}\n"), ("src/api/crm.ts", CALL)], "src/api/crm.ts");
    // The functions beside the page run on a machine.
    let project = project(&[package, ("api/crm.ts", CALL)]);
    assert!(project.text("api/crm.ts").contains("process.env.HUBSPOT_ACCESS_TOKEN"), "{:?}", project.left("api/crm.ts"));
}

#[test]
fn what_a_page_imports_runs_where_the_page_runs() {
    let package = ("package.json", r#"{"dependencies": {"next": "15"}}"#);
    let page = ("app/contacts/list.tsx", "'use client';\nimport { owners } from '../../lib/crm';\nexport const List = () => owners(1);\n");
    reads_no_process(&[package, page, ("lib/crm.ts", CALL)], "lib/crm.ts");
    let by_alias = ("app/contacts/list.tsx", "'use client';\nimport { owners } from '@/lib/crm';\nexport const List = () => owners(1);\n");
    reads_no_process(&[package, by_alias, ("lib/crm.ts", CALL)], "lib/crm.ts");
    // A type is gone when the page runs, and an action stays on the server.
    let types = ("app/list.tsx", "'use client';\nimport type { Owner } from '../lib/crm';\nexport const List = (one: Owner) => one;\n");
    let project = project(&[package, types, ("lib/crm.ts", CALL)]);
    assert!(project.text("lib/crm.ts").contains("process.env.HUBSPOT_ACCESS_TOKEN"));
}

#[test]
fn a_server_of_the_same_framework_reads_its_process() {
    let package = ("package.json", r#"{"dependencies": {"next": "15"}}"#);
    for path in ["app/api/owners/route.ts", "pages/api/owners.ts", "lib/crm.ts"] {
        let project = project(&[package, (path, CALL)]);
        assert!(project.text(path).contains("process.env.HUBSPOT_ACCESS_TOKEN"), "{path}");
    }
    reads_no_process(&[package, ("pages/owners.tsx", CALL)], "pages/owners.tsx");
}

#[test]
fn deno_reads_its_own_environment_and_workers_none() {
    let deno = project(&[("deno.json", "{}"), ("crm.ts", CALL)]);
    assert!(deno.text("crm.ts").contains("Deno.env.get('HUBSPOT_ACCESS_TOKEN')"), "{}", deno.text("crm.ts"));
    let edge = project(&[("supabase/functions/owners/index.ts", CALL)]);
    assert!(edge.text("supabase/functions/owners/index.ts").contains("Deno.env.get("));
    reads_no_process(&[("wrangler.toml", "name = \"w\"\n"), ("src/crm.ts", CALL)], "src/crm.ts");
    reads_no_process(&[("wrangler.jsonc", "{}"), ("package.json", "{}"), ("src/crm.ts", CALL)], "src/crm.ts");
}

#[test]
fn pages_extensions_phones_and_libraries_for_browsers_get_no_process() {
    reads_no_process(&[("index.html", "<script src=\"js/crm.js\"></script>\n"), ("js/crm.js", CALL)], "js/crm.js");
    reads_no_process(&[("public/crm.js", CALL)], "public/crm.js");
    reads_no_process(&[("manifest.json", r#"{"manifest_version": 3, "name": "x"}"#), ("background.js", CALL)], "background.js");
    reads_no_process(
        &[("package.json", r#"{"dependencies": {"expo": "50", "react-native": "0.73"}}"#), ("src/crm.ts", CALL)],
        "src/crm.ts",
    );
    reads_no_process(&[("package.json", r#"{"main": "a.js", "unpkg": "dist/a.js"}"#), ("src/crm.ts", CALL)], "src/crm.ts");
    reads_no_process(&[("appsscript.json", "{}"), ("Code.js", CALL)], "Code.js");
    let android = "import android.content.Context;\nclass Crm {\n    String base = \"https://api.hubapi.com\";\n}\n";
    let project = project(&[("app/Crm.java", android)]);
    assert!(!project.text("app/Crm.java").contains("getenv"));
}

#[test]
fn a_package_among_several_is_judged_by_its_own_manifest() {
    let front = ("apps/web/package.json", r#"{"dependencies": {"react-dom": "18"}, "devDependencies": {"vite": "5"}}"#);
    let back = ("apps/sync/package.json", r#"{"dependencies": {"pg": "8"}}"#);
    let files = [("package.json", "{}"), front, back, ("apps/web/src/crm.ts", CALL), ("apps/sync/src/crm.ts", CALL)];
    reads_no_process(&files, "apps/web/src/crm.ts");
    assert!(project(&files).text("apps/sync/src/crm.ts").contains("process.env.HUBSPOT_ACCESS_TOKEN"));
}
