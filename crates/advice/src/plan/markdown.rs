//! A plan as Markdown, to send to others or to paste into an issue.

use std::fmt::Write;

use super::Plan;
use super::document::{Block, Span, blocks, spans, title};
use keyway_core::shown::{Cell, Code};

/// Writes a plan as Markdown.
pub fn markdown(plan: &Plan) -> String {
    // A scan recognises Keyway's own files by the first line, and ignores them.
    let mut out = format!("<!-- keyway plan: keyway leaves this file out of scans and plans -->\n# {}\n", inline(&title(plan)));
    for block in blocks(plan) {
        // Writing to a string does not fail.
        let _ = write_block(&mut out, &block);
    }
    out
}

fn write_block(out: &mut String, block: &Block) -> std::fmt::Result {
    match block {
        Block::Heading(level, text) => writeln!(out, "\n{} {}", "#".repeat(usize::from(*level)), Cell(text)),
        Block::Text(text) => writeln!(out, "\n{}", inline(text)),
        Block::List(items) => {
            writeln!(out)?;
            items.iter().try_for_each(|item| writeln!(out, "- {}", inline(item)))
        }
        Block::Steps(steps) => {
            writeln!(out)?;
            for (at, (what, who, command)) in steps.iter().enumerate() {
                let number = format!("{}.", at + 1);
                writeln!(out, "{number} {} *({who})*", inline(what))?;
                if let Some(command) = command {
                    let indent = " ".repeat(number.len() + 1);
                    writeln!(out, "\n{indent}```sh")?;
                    command.lines().try_for_each(|line| writeln!(out, "{indent}{}", Code(line)))?;
                    writeln!(out, "{indent}```")?;
                }
            }
            Ok(())
        }
        Block::Table(head, rows) => {
            writeln!(out, "\n| {} |\n|{}", head.join(" | "), " --- |".repeat(head.len()))?;
            rows.iter().try_for_each(|row| {
                let cells: Vec<String> = row.iter().map(|cell| inline(cell)).collect();
                writeln!(out, "| {} |", cells.join(" | "))
            })
        }
    }
}

/// Anybody may choose the names of folders and apps, so none may end a cell or begin a tag.
fn inline(text: &str) -> String {
    let span = |span: Span<'_>| match span {
        Span::Text(text) => Cell(text).to_string(),
        Span::Code(code) => format!("`{}`", Code(code)),
    };
    spans(text).into_iter().map(span).collect()
}
