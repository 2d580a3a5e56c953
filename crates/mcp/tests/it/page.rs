use keyway_mcp::{PAGE_BEGIN, PAGE_END, page};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/mcp.md");

/// `KEYWAY_WRITE_TOOLS=1` writes the page.
#[test]
fn the_page_lists_every_tool_with_its_arguments() {
    let text = std::fs::read_to_string(PAGE).unwrap();
    let begin = text.find(PAGE_BEGIN).unwrap() + PAGE_BEGIN.len() + 1;
    let end = text.find(PAGE_END).unwrap();
    if std::env::var_os("KEYWAY_WRITE_TOOLS").is_some() {
        std::fs::write(PAGE, format!("{}{}{}", &text[..begin], page(), &text[end..])).unwrap();
        return;
    }
    assert_eq!(&text[begin..end], page(), "write it with KEYWAY_WRITE_TOOLS=1 cargo nextest run -p keyway-mcp -E 'test(the_page_lists)'");
}
