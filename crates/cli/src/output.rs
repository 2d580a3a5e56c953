//! The layout of results: colours, the width of the terminal, and times that a person reads.
//!
//! All of this is for people at a terminal. The output to a pipe or a file never depends on the terminal.

pub mod paint;
pub mod progress;
pub mod table;
pub mod time;

use std::io::IsTerminal;
use std::sync::OnceLock;

use anstream::{AutoStream, ColorChoice};
use clap::ValueEnum;
use keyway_core::time::Timestamp;
use keyway_gateway::clock;

/// Where global options stand in help.
pub const GLOBAL_OPTIONS: &str = "Global options";

/// How a command prints.
#[derive(clap::Args, Clone, Copy)]
pub struct Manners {
    /// Colours: on a terminal (auto; NO_COLOR and CLICOLOR_FORCE are followed), always or never
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto, value_name = "WHEN", help_heading = GLOBAL_OPTIONS, hide_possible_values = true)]
    pub color: Colour,
    /// Print no notes and no progress; results, warnings and errors stay
    #[arg(long, short, global = true, help_heading = GLOBAL_OPTIONS)]
    pub quiet: bool,
    /// Print the result as JSON
    #[arg(long, global = true, help_heading = GLOBAL_OPTIONS)]
    pub json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    Auto,
    Always,
    Never,
}

/// A number with its noun, in the singular for one.
pub fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// What was found out at the start, once.
struct Look {
    colour: bool,
    colour_of_notes: bool,
    width: Option<usize>,
    is_terminal: bool,
    quiet: bool,
    json: bool,
    /// Whether `--color always` was given.
    asked_for: bool,
}

static LOOK: OnceLock<Look> = OnceLock::new();

/// Looks at the terminal, and keeps what the command line says of it.
pub fn begin(manners: Manners) {
    choice(manners.color).write_global();
    let is_terminal = std::io::stdout().is_terminal();
    let look = Look {
        colour: AutoStream::choice(&std::io::stdout()) != ColorChoice::Never,
        colour_of_notes: AutoStream::choice(&std::io::stderr()) != ColorChoice::Never,
        width: is_terminal.then(width).flatten(),
        is_terminal,
        quiet: manners.quiet,
        json: manners.json,
        asked_for: manners.color == Colour::Always,
    };
    // The first call counts; there is no other.
    let _ = LOOK.set(look);
}

/// As anstream, which clap uses for help and errors, names it.
pub const fn choice(colour: Colour) -> ColorChoice {
    match colour {
        Colour::Auto => ColorChoice::Auto,
        Colour::Always => ColorChoice::Always,
        Colour::Never => ColorChoice::Never,
    }
}

/// Columns of the terminal at stdout.
fn width() -> Option<usize> {
    /// A narrower terminal than this is taken to be as wide.
    const LEAST: usize = 40;
    let size = rustix::termios::tcgetwinsize(rustix::stdio::stdout()).ok()?;
    (size.ws_col > 0).then(|| usize::from(size.ws_col).max(LEAST))
}

/// Whether results have colours.
pub fn colour() -> bool {
    LOOK.get().is_some_and(|look| look.colour)
}

/// Whether `--color always` was given, so that files have colours too.
pub fn is_colour_asked_for() -> bool {
    LOOK.get().is_some_and(|look| look.asked_for)
}

/// Whether notes, warnings and errors on stderr have colours.
pub fn colour_of_notes() -> bool {
    LOOK.get().is_some_and(|look| look.colour_of_notes)
}

/// Columns that a line may have; none where it goes to no terminal.
pub fn columns() -> Option<usize> {
    LOOK.get().and_then(|look| look.width)
}

/// The time now, where times are shown as seen from it: on a terminal.
pub fn now() -> Option<Timestamp> {
    LOOK.get().filter(|look| look.is_terminal).map(|_| clock::now())
}

/// Whether results are printed as JSON, for programs.
pub fn is_json() -> bool {
    LOOK.get().is_some_and(|look| look.json)
}

/// Whether notes and progress are left out.
pub fn is_quiet() -> bool {
    LOOK.get().is_some_and(|look| look.quiet)
}
