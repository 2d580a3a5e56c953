//! A plan for a terminal.

use std::fmt::Write;

use super::Plan;
use super::document::{Block, Span, blocks, spans, title};
use keyway_core::shown::Terminal;

/// Writes a plan for a terminal. `table` makes the lines of a table from its head and its rows.
pub fn terminal(plan: &Plan, table: impl Fn(&[&str], &[Vec<String>]) -> String) -> String {
    let mut out = format!("{}\n", title(plan).to_uppercase());
    for block in blocks(plan) {
        // Writing to a string does not fail.
        let _ = write_block(&mut out, &block, &table);
    }
    out
}

fn write_block(out: &mut String, block: &Block, table: &impl Fn(&[&str], &[Vec<String>]) -> String) -> std::fmt::Result {
    match block {
        Block::Heading(2, text) => writeln!(out, "\n\n{}", Terminal(&text.to_uppercase())),
        Block::Heading(_, text) => writeln!(out, "\n{}", Terminal(text)),
        Block::Text(text) => writeln!(out, "\n{}", inline(text)),
        Block::List(items) => items.iter().try_for_each(|item| writeln!(out, "  - {}", inline(item))),
        Block::Steps(steps) => {
            for (at, (what, who, command)) in steps.iter().enumerate() {
                writeln!(out, "{:>4}  {} ({who})", at + 1, inline(what))?;
                command.iter().flat_map(|command| command.lines()).try_for_each(|line| writeln!(out, "        {}", Terminal(line)))?;
            }
            Ok(())
        }
        Block::Table(head, rows) => {
            let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| inline(cell)).collect()).collect();
            let head: Vec<String> = head.iter().map(|name| name.to_uppercase()).collect();
            let head: Vec<&str> = head.iter().map(String::as_str).collect();
            table(&head, &rows).lines().try_for_each(|line| writeln!(out, "  {}", line.trim_end()))
        }
    }
}

fn inline(text: &str) -> String {
    let span = |span: Span<'_>| match span {
        Span::Text(text) | Span::Code(text) => Terminal(text).to_string(),
    };
    spans(text).into_iter().map(span).collect()
}
