//! The table of when a change of each setting takes effect.

/// When a running server takes on a setting that changed in its configuration file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// At SIGHUP.
    Reload,
    /// At a restart.
    Restart,
}

impl Effect {
    /// As the page on settings has it.
    #[cfg(test)]
    const fn words(self) -> &'static str {
        match self {
            Self::Reload => "reload (SIGHUP)",
            Self::Restart => "restart",
        }
    }
}

/// Every setting of the file, in the order of `keyway serve --help`.
const SETTINGS: [(&str, Effect); 54] = [
    ("data", Effect::Restart),
    ("listen", Effect::Restart),
    ("admin", Effect::Restart),
    ("proxy", Effect::Restart),
    ("proxy-others", Effect::Reload),
    ("proxy-private-addresses", Effect::Reload),
    ("mcp", Effect::Restart),
    ("mcp-allow", Effect::Reload),
    ("mcp-masks", Effect::Reload),
    ("mcp-url", Effect::Restart),
    ("mcp-client-hosts", Effect::Restart),
    ("mcp-hosts", Effect::Restart),
    ("mcp-origins", Effect::Restart),
    ("public-url", Effect::Restart),
    ("admin-url", Effect::Restart),
    ("admin-hosts", Effect::Reload),
    ("environment", Effect::Restart),
    ("trusted-proxies", Effect::Reload),
    ("client-address", Effect::Reload),
    ("tls-cert", Effect::Restart),
    ("tls-key", Effect::Restart),
    ("oidc-issuer", Effect::Restart),
    ("oidc-client-id", Effect::Restart),
    ("oidc-new-users", Effect::Restart),
    ("database", Effect::Restart),
    ("otlp", Effect::Restart),
    ("ca-file", Effect::Restart),
    ("redis", Effect::Restart),
    ("demo", Effect::Restart),
    ("demo-days", Effect::Restart),
    ("ephemeral", Effect::Restart),
    ("as-of", Effect::Reload),
    ("random-seed", Effect::Restart),
    ("clock", Effect::Restart),
    ("unsupported", Effect::Reload),
    ("webhook-hosts", Effect::Reload),
    ("notify-hosts", Effect::Reload),
    ("notify-every", Effect::Reload),
    ("notify-remind", Effect::Reload),
    ("rotation-days", Effect::Reload),
    ("notify-unreachable", Effect::Reload),
    ("no-notify", Effect::Restart),
    ("notify-expiry-days", Effect::Reload),
    ("notify-sunset-days", Effect::Reload),
    ("notify-daily-percent", Effect::Reload),
    ("notify-failed-percent", Effect::Reload),
    ("threads", Effect::Restart),
    ("audit-keep-days", Effect::Reload),
    ("disable-unused-days", Effect::Reload),
    ("audit-stream", Effect::Restart),
    ("audit-no-property-names", Effect::Reload),
    ("log", Effect::Reload),
    ("log-format", Effect::Restart),
    ("access-log", Effect::Restart),
];

/// Every setting, in the order of `keyway serve --help`.
pub fn all() -> impl Iterator<Item = (&'static str, Effect)> {
    SETTINGS.into_iter()
}

/// When a change of a setting takes effect; at a restart where the table does not have it, which a test forbids.
pub fn of(name: &str) -> Effect {
    SETTINGS.iter().find(|(setting, _)| *setting == name).map_or(Effect::Restart, |(_, effect)| *effect)
}

#[cfg(test)]
mod tests {
    use clap::{Arg, CommandFactory};

    use super::*;
    use crate::args::Args;
    use crate::config::NOT_IN_A_FILE;

    const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operations.md");
    const BEGIN: &str = "<!-- settings -->\n";
    const END: &str = "<!-- /settings -->";

    /// What a file can set, by its name there.
    fn settings() -> Vec<(String, Arg)> {
        let command = Args::command();
        let data = command.get_arguments().find(|argument| argument.get_id() == "data").unwrap();
        let of_serve = command.find_subcommand("serve").unwrap().get_arguments();
        let all = std::iter::once(data).chain(of_serve).filter(|argument| !NOT_IN_A_FILE.contains(&argument.get_id().as_str()));
        all.map(|argument| (argument.get_long().unwrap().to_owned(), argument.clone())).collect()
    }

    #[test]
    fn every_setting_takes_effect_either_at_a_reload_or_at_a_restart() {
        let named: Vec<String> = SETTINGS.iter().map(|(name, _)| (*name).to_owned()).collect();
        let all: Vec<String> = settings().into_iter().map(|(name, _)| name).collect();
        assert_eq!(named, all, "the table has each setting of `keyway serve` once, in its order");
    }

    /// `KEYWAY_WRITE_SETTINGS=1` writes the page.
    #[test]
    fn the_page_lists_every_setting_with_the_time_of_its_effect() {
        let mut table =
            "| setting | what it does | environment | default | a change takes effect at |\n| --- | --- | --- | --- | --- |\n".to_owned();
        for (name, argument) in settings() {
            let variable = argument.get_env().map(|name| format!("`{}`", name.to_string_lossy())).unwrap_or_default();
            let default: Vec<String> = argument.get_default_values().iter().map(|value| format!("`{}`", value.to_string_lossy())).collect();
            let default = if argument.get_action().takes_values() { default.join(", ") } else { "`false`".to_owned() };
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            // The first sentence; `--help` has all of it.
            let end = ["; ", ". ", " [default:"].iter().filter_map(|end| help.find(end)).min().unwrap_or(help.len());
            let does = help[..end].replace('|', "\\|").replace('\n', " ");
            table.push_str(&format!("| `{name}` | {does} | {variable} | {default} | {} |\n", of(&name).words()));
        }
        let page = std::fs::read_to_string(PAGE).unwrap();
        let begin = page.find(BEGIN).unwrap() + BEGIN.len();
        let end = page.find(END).unwrap();
        if std::env::var_os("KEYWAY_WRITE_SETTINGS").is_some() {
            std::fs::write(PAGE, format!("{}{table}{}", &page[..begin], &page[end..])).unwrap();
            return;
        }
        assert_eq!(
            &page[begin..end],
            table,
            "write it with KEYWAY_WRITE_SETTINGS=1 cargo nextest run --workspace -E 'test(the_page_lists)'"
        );
    }
}
