//! A terminal of the test's own, on which a command runs as for a person.

use std::fs::OpenOptions;
use std::io::Write;
use std::process::{Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// Runs a command on a terminal that is so wide, where `typed` is typed at once: what was on the screen, and its exit code.
/// The screen has line feeds alone.
pub fn on_terminal(command: &mut Command, columns: u16, typed: &str) -> (String, Option<i32>) {
    let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&screen).unwrap();
    unlockpt(&screen).unwrap();
    let name = ptsname(&screen, Vec::new()).unwrap();
    let terminal = OpenOptions::new().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    tcsetwinsize(&terminal, Winsize { ws_row: 50, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    let side = || Stdio::from(terminal.try_clone().unwrap());
    for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS"] {
        command.env_remove(variable);
    }
    let mut child = command.env("TERM", "xterm").stdin(side()).stdout(side()).stderr(side()).spawn().unwrap();
    // The command holds its sides too: once nobody but the child has the terminal, its end is the end of the screen.
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    drop(terminal);
    let mut writer = std::fs::File::from(rustix::io::dup(&screen).unwrap());
    writer.write_all(typed.as_bytes()).unwrap();
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    // A terminal whose other side is closed answers with an error (EIO) on Linux, and with its end elsewhere.
    while let Ok(count) = rustix::io::read(&screen, &mut buffer) {
        if count == 0 {
            break;
        }
        seen.extend_from_slice(&buffer[..count]);
    }
    let code = child.wait().unwrap().code();
    (String::from_utf8_lossy(&seen).replace("\r\n", "\n"), code)
}

/// A screen without its colours.
pub fn plain(screen: &str) -> String {
    let mut pieces = screen.split('\u{1b}');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| text + piece.split_once(['m', 'K', 'h', 'l']).map_or("", |(_, rest)| rest))
}
