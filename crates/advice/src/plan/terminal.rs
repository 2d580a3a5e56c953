//! A plan for a terminal.

use std::fmt::Write;

use super::Plan;
use super::document::{Block, Span, blocks, spans, title};
use keyway_core::shown::Terminal;

/// The widest cell that decides the width of its column, in characters.
const CELL_MAX: usize = 44;

/// Writes a plan for a terminal.
pub fn terminal(plan: &Plan) -> String {
    let mut out = format!("{}\n", title(plan).to_uppercase());
    for block in blocks(plan) {
        // Writing to a string does not fail.
        let _ = write_block(&mut out, &block);
    }
    out
}

fn write_block(out: &mut String, block: &Block) -> std::fmt::Result {
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
            let wide = |column: usize| {
                let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
                cells.chain([head[column].len()]).max().unwrap_or_default().min(CELL_MAX)
            };
            let widths: Vec<usize> = (0..head.len()).map(wide).collect();
            let line = |cells: &[String]| {
                let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
                padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
            };
            let head: Vec<String> = head.iter().map(|name| name.to_uppercase()).collect();
            writeln!(out, "  {}", line(&head))?;
            rows.iter().try_for_each(|row| writeln!(out, "  {}", line(row)))
        }
    }
}

fn inline(text: &str) -> String {
    let span = |span: Span<'_>| match span {
        Span::Text(text) | Span::Code(text) => Terminal(text).to_string(),
    };
    spans(text).into_iter().map(span).collect()
}
