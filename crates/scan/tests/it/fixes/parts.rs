//! F8: a construct that a grammar lacks, or a byte-order mark, keeps no whole file from being changed.

use super::{fixed, project, stays};

#[test]
fn a_byte_order_mark_is_kept() {
    let text = "\u{feff}{\"HubSpot\": {\"Url\": \"https://api.hubapi.com/crm/v3/objects/deals\"}}\n";
    assert_eq!(fixed("appsettings.json", text), text.replace("/crm/v3/objects/deals", "/crm/objects/2026-09/deals"));
    let code = "\u{feff}const r = await fetch(`${HUBSPOT}/crm/v3/objects/deals`, { headers });\r\n";
    assert_eq!(fixed("a.js", code), code.replace("/crm/v3/objects/deals", "/crm/objects/2026-09/deals"));
}

#[test]
fn comments_in_json_are_let_pass() {
    let text = "{\n  // the account's own\n  \"hubspotUrl\": \"https://api.hubapi.com/crm/v3/objects/deals\" /* all */\n}\n";
    assert_eq!(fixed("settings.json", text), text.replace("/crm/v3/objects/deals", "/crm/objects/2026-09/deals"));
}

#[test]
fn constructs_that_a_grammar_lacks_leave_the_rest_of_the_file() {
    let call = "\nexport async function deals(headers) {\n  return fetch(`${HUBSPOT}/crm/v3/objects/deals`, { headers });\n}\n";
    let broken = "\nexport function odd() {\n  return let in of 5 5;\n}\n";
    let project = project(&[("a.js", &format!("{call}{broken}"))]);
    assert!(project.text("a.js").contains("/crm/objects/2026-09/deals"), "{:?}", project.left("a.js"));
    assert!(project.left("a.js").iter().any(|why| why.contains("does not parse")), "{:?}", project.left("a.js"));
}

#[test]
fn the_line_of_such_a_construct_is_said() {
    let text = "import os\n\n\ndef fine(base, headers):\n    return requests.get(base + \"/crm/v3/objects/deals\", headers=headers)\n\n\ndef odd(:\n    return 1\n";
    let project = project(&[("hubspot.py", text)]);
    let file = project.files.iter().find(|file| file.path == "hubspot.py").unwrap();
    assert!(file.left.iter().any(|note| note.line >= 8 && note.what.contains("does not parse as Python")), "{:?}", file.left);
}

#[test]
fn a_change_within_such_a_construct_is_not_made() {
    stays("a.js", "fetch(`${BASE}/crm/v3/objects/contacts?hapikey=${process.env.HUBSPOT_API_KEY}`\n", "does not parse");
    stays("a.json", "{\"hubspot\": \"https://api.hubapi.com/crm/v3/objects/contacts\",}", "does not parse");
}

#[test]
fn types_of_imports_styled_components_and_object_initialisers_are_read() {
    let call = "export const deals = (headers: H) => fetch(`${HUBSPOT}/crm/v3/objects/deals`, { headers });\n";
    let imports = "const real = await importOriginal<typeof import('./client')>();\n";
    assert!(fixed("a.ts", &format!("{imports}{call}")).contains("2026-09"));
    let styled = "const Box = styled.div<{ $wide?: boolean }>`\n  width: ${(p) => (p.$wide ? '100%' : '50%')};\n`;\n";
    assert!(fixed("a.ts", &format!("{styled}{call}")).contains("2026-09"));
    let sharp = "class A {\n    void B() {\n        var hubspot = new Client { Url = \"https://api.hubapi.com/crm/v3/objects/deals\", Headers = { [\"a\"] = \"b\" } };\n    }\n}\n";
    assert!(fixed("A.cs", sharp).contains("2026-09"));
}
