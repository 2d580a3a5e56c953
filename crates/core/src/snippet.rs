//! Ready-made snippets for the languages of integrations. Only the address and the token of a program change.

/// A text to copy.
#[derive(Clone, Debug)]
pub struct Snippet {
    /// The name for programs, such as `curl`.
    pub id: &'static str,
    /// The name for people.
    pub name: &'static str,
    /// The text, without a line end at its end.
    pub text: String,
}

/// The snippets for a token, with a first call that its scopes permit.
pub fn of(base: &str, token: &str, scopes: &[String]) -> Vec<Snippet> {
    let path = first_call(scopes);
    let snippet = |id, name, text: String| Snippet { id, name, text };
    vec![
        snippet("curl", "curl", format!("curl -s '{base}{path}' \\\n  -H 'Authorization: Bearer {token}'")),
        snippet("env", ".env", format!("HUBSPOT_BASE_URL={base}\nHUBSPOT_ACCESS_TOKEN={token}")),
        snippet(
            "node",
            "Node",
            format!(
                "// npm install @hubspot/api-client\nimport {{ Client }} from '@hubspot/api-client'\n\nconst hubspot = new Client({{ basePath: '{base}', accessToken: '{token}' }})\nconst answer = await hubspot.apiRequest({{ path: '{path}' }})\nconsole.log(await answer.json())"
            ),
        ),
        snippet(
            "python",
            "Python",
            format!(
                "# pip install hubspot-api-client\nfrom hubspot import HubSpot\n\nhubspot = HubSpot(host=\"{base}\", base_url=\"{base}\", access_token=\"{token}\")\nprint(hubspot.api_request({{\"path\": \"{path}\"}}).json())"
            ),
        ),
        snippet(
            "php",
            "PHP",
            format!(
                "<?php\n$request = curl_init('{base}{path}');\ncurl_setopt($request, CURLOPT_HTTPHEADER, ['Authorization: Bearer {token}']);\ncurl_setopt($request, CURLOPT_RETURNTRANSFER, true);\nprint_r(json_decode(curl_exec($request), true));"
            ),
        ),
        snippet(
            "ruby",
            "Ruby",
            format!(
                "require 'net/http'\nrequire 'json'\n\nuri = URI('{base}{path}')\nanswer = Net::HTTP.get(uri, {{ 'Authorization' => 'Bearer {token}' }})\nputs JSON.parse(answer)"
            ),
        ),
    ]
}

/// A read that one of the scopes permits; without scopes, the read that every token may make.
pub fn first_call(scopes: &[String]) -> String {
    const READS: [&str; 6] = ["contacts", "companies", "deals", "line_items", "products", "leads"];
    let held = |object: &&&str| scopes.iter().any(|scope| *scope == format!("crm.objects.{object}.read"));
    match READS.iter().find(held) {
        Some(object) => format!("/crm/objects/2026-09/{object}?limit=1"),
        None if scopes.iter().any(|scope| scope == "tickets") => "/crm/objects/2026-09/tickets?limit=1".to_owned(),
        None => "/account-info/2026-09/details".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_call_is_one_that_the_scopes_permit() {
        let call = |scopes: &[&str]| first_call(&scopes.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(call(&["oauth", "crm.objects.deals.read"]), "/crm/objects/2026-09/deals?limit=1");
        assert_eq!(call(&["crm.objects.deals.write"]), "/account-info/2026-09/details");
        assert_eq!(call(&["tickets"]), "/crm/objects/2026-09/tickets?limit=1");
    }

    #[test]
    fn every_snippet_names_the_address_and_the_token() {
        for snippet in of("http://localhost:8484", "pat-x", &[]) {
            assert!(snippet.text.contains("http://localhost:8484") && snippet.text.contains("pat-x"), "{}", snippet.name);
        }
    }
}
