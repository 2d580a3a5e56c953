//! F10: advice is right, and nothing is said or changed for its own sake; the patch applies whatever the file.

use super::{becomes, project};

#[test]
fn a_part_of_a_v3_path_is_not_called_older_than_v3() {
    let project = project(&[(
        "vite.config.js",
        "export default { server: { proxy: { '/hubspot': { target: 'https://api.hubapi.com/crm/v3/objects/' } } } };\n",
    )]);
    assert!(project.left("vite.config.js").iter().all(|why| !why.contains("older than v3")), "{:?}", project.left("vite.config.js"));
}

#[test]
fn a_call_older_than_v3_is_called_so() {
    super::stays("a.rb", "get('/contacts/v1/contact/vid/1/profile', BASE || ENV['HUBSPOT'])\n", "older than v3");
    super::stays("a.py", "requests.get(HUBSPOT + \"/deals/v1/deal/1\", headers=headers)\n", "older than v3");
    super::stays("a.js", "axios.get(`${HUBSPOT}/companies/v2/companies/1`, { headers });\n", "older than v3");
}

#[test]
fn expectations_of_proxy_tests_stay() {
    let code = "const base = process.env.HUBSPOT_URL || 'https://api.hubapi.com';\n";
    let test = "import { expect, test } from 'vitest';\ntest('target', () => {\n  expect(target('hubspot')).toBe('https://api.hubapi.com');\n  expect(target('hubspot', 'a')).toBe('https://api.hubapi.com/a');\n});\n";
    let project = project(&[("package.json", "{}"), ("src/proxy.ts", code), ("src/proxy.test.ts", test)]);
    assert!(project.files.iter().all(|file| file.diff.is_empty()));
}

#[test]
fn an_address_that_is_a_setting_already_stays() {
    for (path, text) in [
        ("a.js", "const base = process.env.API || 'https://api.hubapi.com';\n"),
        ("a.py", "import os\nBASE = os.getenv(\"HUBSPOT_URL\", \"https://api.hubapi.com\")\n"),
        ("a.rb", "BASE = ENV.fetch('HUBSPOT_URL', 'https://api.hubapi.com')\n"),
        ("a.sh", "BASE=\"${HUBSPOT_URL:-https://api.hubapi.com}\"\n"),
    ] {
        becomes(path, text, text);
    }
}

#[test]
fn a_patch_applies_with_blank_lines_long_names_and_no_end_of_line() {
    let call = "fetch(`${HUBSPOT}/crm/v3/objects/deals`, { headers });";
    project(&[
        ("blank.js", &format!("\n\n\n{call}\n\n\n\n")),
        ("a folder/with blanks.js", &format!("{call}\n")),
        ("no-end.js", call),
        ("ends.js", &format!("const a = 1;\r\n{call}\r\n\r\n")),
        ("quote\".js", &format!("{call}\n")),
        ("é.js", &format!("{call}\n")),
    ]);
}
