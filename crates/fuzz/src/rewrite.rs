//! Files that `keyway fix` rewrites.

const PATHS: [&str; 12] =
    ["sync.js", "sync.ts", "sync.py", "sync.php", "sync.rb", "Sync.java", "sync.go", "Sync.cs", "sync.sh", ".env", "flow.json", "ci.yml"];

/// The first byte chooses the language. A file that was rewritten is not rewritten again.
pub fn fix(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let path = PATHS[usize::from(*first) % PATHS.len()];
    let Some(once) = keyway_scan::fix::fix(path, text) else { return };
    if once.changes.is_empty() {
        assert_eq!(once.text, text, "{path} changed, and no change is listed");
        return;
    }
    let twice = keyway_scan::fix::fix(path, &once.text).expect("the language stays the same");
    assert_eq!(twice.text, once.text, "{path} is rewritten again");
}
