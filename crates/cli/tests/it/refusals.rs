//! What the table of refusals tells people to run exists.

use std::collections::BTreeSet;
use std::process::Command;

use keyway_core::refusal::Refusal;

/// The help of a command; none where there is no such command.
fn help(command: &[&str]) -> Option<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_keyway")).args(command).arg("--help").output().expect("the program runs");
    output.status.success().then(|| String::from_utf8(output.stdout).expect("help is text"))
}

#[test]
fn each_command_of_a_remedy_exists_with_its_options() {
    let steps = Refusal::all().flat_map(|refusal| refusal.remedy());
    let commands: BTreeSet<&str> =
        steps.flat_map(|step| step.split('`').skip(1).step_by(2)).filter_map(|command| command.strip_prefix("keyway ")).collect();
    assert!(commands.len() > 20, "{commands:?}");
    for command in commands {
        let words: Vec<&str> = command.split(' ').collect();
        let path: Vec<&str> = words
            .iter()
            .copied()
            .take_while(|word| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-') && !word.starts_with('-'))
            .collect();
        let told = help(&path).unwrap_or_else(|| panic!("keyway {command}: there is no such command"));
        for option in words.iter().filter(|word| word.starts_with("--")) {
            assert!(told.contains(option), "keyway {command}: {option} is not in its help");
        }
    }
}
