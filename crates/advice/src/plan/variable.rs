//! The variables of the environment from which code reads its HubSpot token.

/// Signs of a read of the environment, in lower case: `process.env`, `os.environ`, `ENV.fetch`, `getenv`, `env(`,
/// `System.GetEnvironmentVariable`, `"$NAME"`.
const READS: [&str; 3] = ["env", "$", "%("];

/// The names in a text, each once, in the order of their first place.
pub fn variables(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for line in text.lines().filter(|line| line.contains("HUBSPOT")) {
        let lower = line.to_ascii_lowercase();
        if !READS.iter().any(|sign| lower.contains(sign)) {
            continue;
        }
        let words = line.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
        for word in words.filter(|word| is_of_token(word)) {
            if names.iter().all(|name| name != word) {
                names.push(word.to_owned());
            }
        }
    }
    names
}

/// Whether this is the usual form of a name for a token: `HUBSPOT_PRIVATE_APP_TOKEN`. Refresh tokens are exchanged and not
/// sent.
fn is_of_token(word: &str) -> bool {
    let is_upper = word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    is_upper && word.contains("HUBSPOT") && word.ends_with("TOKEN") && !word.contains("REFRESH")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_named_where_code_reads_them() {
        for (text, names) in [
            ("const t = process.env.HUBSPOT_PRIVATE_APP_TOKEN;\n", vec!["HUBSPOT_PRIVATE_APP_TOKEN"]),
            ("t = os.environ[\"MY_HUBSPOT_TOKEN\"]\nu = os.getenv('MY_HUBSPOT_TOKEN')\n", vec!["MY_HUBSPOT_TOKEN"]),
            ("curl -H \"Authorization: Bearer $HUBSPOT_TOKEN\"\n", vec!["HUBSPOT_TOKEN"]),
            ("const HUBSPOT_TOKEN = readFile('token');\n", vec![]),
            ("const key = process.env.HUBSPOT_API_KEY;\n", vec![]),
            ("const r = process.env.HUBSPOT_REFRESH_TOKEN;\n", vec![]),
            ("const t = process.env.STRIPE_TOKEN;\n", vec![]),
        ] {
            assert_eq!(variables(text), names, "{text}");
        }
    }
}
