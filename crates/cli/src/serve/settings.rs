//! The settings of this server, as the admin API shows them.

use clap::{Arg, CommandFactory};
use keyway_api::view::Setting;

use crate::args::Args;
use crate::config::effect::{self, Effect};

/// Every setting; `changed` has the values that are not the defaults, without secrets.
pub fn of(changed: &[(String, String)]) -> Vec<Setting> {
    let command = Args::command();
    let of_serve = command.find_subcommand("serve").into_iter().flat_map(clap::Command::get_arguments);
    let arguments: Vec<&Arg> = of_serve.chain(command.get_arguments()).collect();
    let setting = |(name, effect): (&'static str, Effect)| {
        let argument = arguments.iter().find(|argument| argument.get_long() == Some(name));
        let defaults = argument.map(|argument| argument.get_default_values()).unwrap_or_default();
        let default = defaults.iter().map(|value| value.to_string_lossy()).collect::<Vec<_>>().join(",");
        Setting {
            name: name.to_owned(),
            about: argument.and_then(|argument| argument.get_help()).map(ToString::to_string).unwrap_or_default(),
            value: changed.iter().find(|(changed, _)| changed == name).map(|(_, value)| value.clone()),
            default: (!default.is_empty()).then_some(default),
            variable: argument.and_then(|argument| argument.get_env()).map(|variable| variable.to_string_lossy().into_owned()),
            effect: match effect {
                Effect::Reload => "reload".to_owned(),
                Effect::Restart => "restart".to_owned(),
            },
        }
    };
    effect::all().map(setting).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setting_says_what_it_does_and_how_it_is_changed() {
        let settings = of(&[("rotation-days".to_owned(), "90".to_owned())]);
        let named = |name: &str| settings.iter().find(|setting| setting.name == name).unwrap();
        let silent: Vec<&str> = settings.iter().filter(|one| one.about.is_empty()).map(|one| one.name.as_str()).collect();
        assert!(silent.is_empty(), "without a description: {silent:?}");
        let days = named("rotation-days");
        assert_eq!((days.value.as_deref(), days.default.as_deref(), days.effect.as_str()), (Some("90"), Some("180"), "reload"));
        assert_eq!((named("data").value.as_deref(), named("listen").effect.as_str()), (None, "restart"));
    }
}
