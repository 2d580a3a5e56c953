//! F9: calls that meet the account's rules on 2026-09 are named, in the list of changes and in the patch.

use super::project;

const RULES: &str = "must keep the account's rules from 2026-09 on";

#[test]
fn calls_that_write_records_are_named() {
    for (path, text) in [
        ("a.js", "await axios.post(`${HUBSPOT}/crm/v3/objects/contacts`, body, { headers });\n"),
        ("a.py", "requests.patch(f\"{HUBSPOT}/crm/v3/objects/deals/{id}\", json=body, headers=headers)\n"),
        ("a.rb", "HTTParty.post(\"#{HUBSPOT}/crm/v3/objects/companies/batch/create\", body: body, headers: headers)\n"),
        ("a.sh", "curl -X POST \"$HUBSPOT/crm/v3/objects/tickets\" -d @ticket.json\n"),
    ] {
        let project = project(&[(path, text)]);
        assert!(project.changes(path).iter().any(|what| what.contains(RULES)), "{path}: {:?}", project.changes(path));
        let diff = &project.files.iter().find(|file| file.path == path).unwrap().diff;
        assert!(diff.starts_with("# ") && diff.contains(RULES), "{diff}");
    }
}

#[test]
fn calls_that_only_read_are_not() {
    for (path, text) in [
        ("a.js", "await axios.get(`${HUBSPOT}/crm/v3/objects/contacts/${id}`, { headers });\n"),
        ("a.py", "requests.post(f\"{HUBSPOT}/crm/v3/objects/deals/search\", json=body, headers=headers)\n"),
        ("a.rb", "HTTParty.delete(\"#{HUBSPOT}/crm/v3/objects/companies/#{id}\", headers: headers)\n"),
    ] {
        let project = project(&[(path, text)]);
        assert!(!project.changes(path).is_empty(), "{path}: {:?}", project.left(path));
        assert!(project.changes(path).iter().all(|what| !what.contains(RULES)), "{path}");
    }
}
