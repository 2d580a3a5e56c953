//! What clap says of a command line, in the words of this program.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use keyway_core::credential;

/// The error of clap, with a variable where one is at fault, with what to write, and without tokens.
pub fn in_words(text: &str, error: &clap::Error, arguments: &[OsString]) -> String {
    let mut text = without_rusts_words(text);
    if let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg) {
        let option = argument.split([' ', '=']).next().unwrap_or_default();
        if let Some(variable) = variable_of(option, arguments) {
            text = text.replacen(&format!("for '{argument}'"), &format!("of the variable {variable}"), 1);
        }
        if error.kind() == ErrorKind::UnknownArgument && is_exec_without_dashes(arguments) {
            let tip = format!("\n\n  tip: put the command after --: keyway exec -- {argument}\n\nUsage:");
            text = text.replacen("\n\nUsage:", &tip, 1);
        }
    }
    credential::masked(&text).into_owned()
}

/// The variable that an option was read from; none where the command line has the option.
fn variable_of(option: &str, arguments: &[OsString]) -> Option<String> {
    let name = option.strip_prefix("--")?;
    let is_typed = arguments.iter().any(|argument| argument.to_string_lossy().split('=').next() == Some(option));
    let variable = format!("KEYWAY_{}", name.replace('-', "_").to_uppercase());
    (!is_typed && std::env::var_os(&variable).is_some()).then_some(variable)
}

fn is_exec_without_dashes(arguments: &[OsString]) -> bool {
    arguments.get(1).is_some_and(|first| first == "exec") && arguments.iter().all(|argument| argument != "--")
}

/// The text of an error with what to write in place of the words of Rust's parsers.
pub fn without_rusts_words(text: &str) -> String {
    let text = text
        .replace("invalid digit found in string", "write a whole number, such as 7")
        .replace("value was not a boolean", "write 1, true, yes or on; or 0, false, no or off");
    let Some(at) = text.find(" is not in ") else { return text };
    let (before, after) = (&text[..at], &text[at + " is not in ".len()..]);
    let end = after.find(|letter: char| !letter.is_ascii_digit() && !".=".contains(letter)).unwrap_or(after.len());
    let (Some((least, most)), Some(value)) = (after[..end].split_once("..="), before.rfind(": ")) else { return text };
    // The largest number of a type is not a bound that anybody knows.
    let is_of_type = most.parse::<u64>().is_ok_and(|most| [u64::from(u16::MAX), u64::from(u32::MAX), u64::MAX].contains(&most));
    let range = if is_of_type { format!("a whole number, {least} or more") } else { format!("a whole number from {least} to {most}") };
    format!("{}: write {range}{}", &before[..value], &after[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_numbers_say_what_to_write() {
        let of = |why: &str| without_rusts_words(&format!("error: invalid value '0' for '--days <DAYS>': {why}\n\nFor more information"));
        let expected = |why: &str| format!("error: invalid value '0' for '--days <DAYS>': {why}\n\nFor more information");
        assert_eq!(of("0 is not in 1..=4294967295"), expected("write a whole number, 1 or more"));
        assert_eq!(of("0 is not in 1..=1000"), expected("write a whole number from 1 to 1000"));
        assert_eq!(of("invalid digit found in string"), expected("write a whole number, such as 7"));
        assert_eq!(of("x is not in the list"), expected("x is not in the list"));
    }
}
