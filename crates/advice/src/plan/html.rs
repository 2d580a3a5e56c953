//! A plan as one self-contained HTML file: no script, font or image from elsewhere. It prints one page for each integration.

use std::fmt::Write;

use super::Plan;
use super::document::{Block, Span, blocks, spans, title};
use keyway_core::shown::{Breakable, Dated, Markup};

const STYLE: &str = "
:root { color-scheme: light dark; --ink: #1c2430; --paper: #fff; --line: #d5dae1; --soft: #f4f6f8; --quiet: #55606e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --paper: #14181e; --line: #38404b; --soft: #1d232b; --quiet: #a3adba; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h2 { border-top: 2px solid var(--line); padding-top: 1.5rem; margin-top: 3rem; }
h2.part { border-top: 0; padding-top: 0; margin-top: 1.5rem; font-size: 1.17em; break-before: auto; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid var(--line); overflow-wrap: break-word; }
th { background: var(--soft); }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
td code { overflow-wrap: break-word; }
@media screen and (max-width: 48rem) { td code { overflow-wrap: anywhere; } }
.whole { white-space: nowrap; }
pre { background: var(--soft); padding: .6rem .8rem; border-radius: .4rem; white-space: pre-wrap; overflow-wrap: anywhere; }
li { margin: .3rem 0; }
.who { color: var(--quiet); }
@media print {
  :root { --ink: #000; --paper: #fff; --line: #bbb; --soft: #f4f4f4; --quiet: #444; }
  body { max-width: none; margin: 0; font-size: 11pt; }
  h2:not(.part) { break-before: page; border: 0; margin-top: 0; }
  h2, h3 { break-after: avoid; }
  tr, pre, li { break-inside: avoid; }
  table { font-size: 9.5pt; }
  th, td { padding: .25rem .4rem; }
}
";

/// Writes a plan as HTML.
pub fn html(plan: &Plan) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write_all(&mut out, plan);
    out
}

fn write_all(out: &mut String, plan: &Plan) -> std::fmt::Result {
    let title = title(plan);
    let title = Markup(&title);
    writeln!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"generator\" content=\"keyway plan\">\n<meta name=\"viewport\" content=\"width=device-width\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>"
    )?;
    // Heading levels have no gap: before the first page, sections are directly below the title.
    let mut paged = false;
    for block in blocks(plan) {
        paged |= matches!(block, Block::Heading(2, _));
        match &block {
            Block::Heading(3, text) if !paged => writeln!(out, "<h2 class=\"part\">{}</h2>", Markup(text))?,
            _ => write_block(out, &block)?,
        }
    }
    writeln!(out, "</main>\n</body>\n</html>")
}

fn write_block(out: &mut String, block: &Block) -> std::fmt::Result {
    match block {
        Block::Heading(level, text) => writeln!(out, "<h{level}>{}</h{level}>", Markup(text)),
        Block::Text(text) => writeln!(out, "<p>{}</p>", inline(text)),
        Block::List(items) => {
            writeln!(out, "<ul>")?;
            items.iter().try_for_each(|item| writeln!(out, "<li>{}</li>", inline(item)))?;
            writeln!(out, "</ul>")
        }
        Block::Steps(steps) => {
            writeln!(out, "<ol>")?;
            for (what, who, command) in steps {
                write!(out, "<li>{} <span class=\"who\">({})</span>", inline(what), Markup(who))?;
                if let Some(command) = command {
                    write!(out, "<pre>{}</pre>", Markup(command))?;
                }
                writeln!(out, "</li>")?;
            }
            writeln!(out, "</ol>")
        }
        Block::Table(head, rows) => {
            write!(out, "<table>\n<thead><tr>")?;
            head.iter().try_for_each(|name| write!(out, "<th scope=\"col\">{}</th>", Markup(name)))?;
            writeln!(out, "</tr></thead>\n<tbody>")?;
            for row in rows {
                write!(out, "<tr>")?;
                row.iter().try_for_each(|cell| write!(out, "<td>{}</td>", in_cell(cell)))?;
                writeln!(out, "</tr>")?;
            }
            writeln!(out, "</tbody>\n</table>")
        }
    }
}

fn inline(text: &str) -> String {
    let span = |span: Span<'_>| match span {
        Span::Text(text) => Markup(text).to_string(),
        Span::Code(code) => format!("<code>{}</code>", Markup(code)),
    };
    spans(text).into_iter().map(span).collect()
}

fn in_cell(text: &str) -> String {
    let span = |span: Span<'_>| match span {
        Span::Text(text) => Dated(text).to_string(),
        Span::Code(code) => format!("<code>{}</code>", Breakable(code)),
    };
    spans(text).into_iter().map(span).collect()
}
