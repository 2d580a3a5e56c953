//! The other host, program or node that a text blames for its failure.

use super::lines::ends_in_word;
use super::marks::{CALLING, OF_A_STATUS, OF_ANY_PROGRAM, OTHER_PEERS, OTHER_PORTS, SEEKING};
use super::{Facts, LOADER};
use crate::doctor::hosts::{self, EXPLAINING, is_foreign};

impl Facts<'_> {
    /// The type of the n8n node that failed, where it is neither HubSpot's nor that for any HTTP call.
    pub(super) fn other_node(&self) -> Option<&str> {
        let (_, after) = self.said.split_once("n8n-nodes-base.").filter(|_| self.said.matches("n8n-nodes-base.").count() == 1)?;
        let name = &after[..after.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(after.len())];
        let any = ["hubspot", "hubspottrigger", "httprequest", "code", "function", "webhook", "executeworkflow", "set", "if"];
        (!name.is_empty() && !any.contains(&name)).then_some(name)
    }

    /// The host of a call that the text shows, where it is another service's: a URL after a method, after `for url` and the
    /// like.
    pub(super) fn called_host(&self) -> Option<&str> {
        for (at, _) in self.said.match_indices("://").take(50) {
            let Some(start) = ["https", "http"]
                .iter()
                .find_map(|scheme| at.checked_sub(scheme.len()).filter(|from| self.said.get(*from..at) == Some(*scheme)))
            else {
                continue;
            };
            let rest = &self.said[at + 3..];
            let host =
                &rest[..rest.find(|letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '.' | '-')).unwrap_or(rest.len())];
            let before = self.said[..start].trim_end_matches(['\'', '"', '`', '(', ' ', '<', '=']);
            let redirects = before.ends_with("redirect url") || before.ends_with("redirect_uri");
            let path = &rest[host.len()..];
            let ours = keyway_core::sunset::family(&path[..path.find(char::is_whitespace).unwrap_or(path.len())]).is_some();
            if !redirects
                && !ours
                && is_foreign(host)
                && !EXPLAINING.iter().any(|page| host.starts_with(page))
                && CALLING.iter().any(|word| ends_in_word(before, word))
            {
                return Some(host);
            }
        }
        None
    }

    /// The other service that a program tried to reach, by its host or its port. Only then does an error of the connection
    /// say nothing about HubSpot.
    pub fn other_peer(&self) -> Option<&str> {
        self.foreign().peer.as_deref()
    }

    pub(super) fn find_peer(&self) -> Option<&str> {
        // The host that the error blames counts more than any other that the text names.
        if let Some(host) = self.foreign_page() {
            return Some(host);
        }
        if let Some(blamed) = self.blamed_host().or_else(|| self.sought_host()) {
            return Some(blamed).filter(|host| is_foreign(host));
        }
        if self.fails_in_a_loader() {
            return Some(LOADER);
        }
        if self.to_hubspot() || self.says("hubapi") {
            return None;
        }
        let port = OTHER_PORTS.iter().find(|port| {
            self.said.match_indices(**port).any(|(at, port)| {
                let after = self.said[at + port.len()..].chars().next();
                after.is_none_or(|next| !next.is_ascii_digit())
            })
        });
        let other = OTHER_PEERS.iter().find(|peer| self.says(peer)).map(|_| "another server");
        self.called_host().or(other).or_else(|| port.map(|_| "a database, a queue or a mail server"))
    }

    /// The site whose error page the text shows, where it is another's.
    pub(super) fn foreign_page(&self) -> Option<&str> {
        hosts::of_page(&self.said).filter(|host| !hosts::is_ours(host))
    }

    /// The host that a program looked up or connected to.
    fn sought_host(&self) -> Option<&str> {
        SEEKING.iter().find_map(|before| {
            let (line, after) = self.said.split_once(before)?;
            // The host of a proxy is on the way to HubSpot.
            let line = line.rsplit('\n').next().unwrap_or_default();
            (!line.contains("tunnel") && !line.contains("proxy")).then_some(())?;
            let end = after.find(|letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '.' | '-')).unwrap_or(after.len());
            Some(after[..end].trim_end_matches('.'))
                .filter(|host| host.contains('.') && host.bytes().any(|byte| byte.is_ascii_alphabetic()))
        })
    }

    /// The program or service that a text blames by its name: `Rollbar error: …`.
    pub(super) fn blamed_name(&self) -> Option<&str> {
        let (name, _) = self.said.trim_start().split_once(" error: ")?;
        let is_name = name.len() >= 4 && name.bytes().all(|byte| byte.is_ascii_alphabetic());
        (is_name && !OF_A_STATUS.contains(&name) && !OF_ANY_PROGRAM.contains(&name)).then_some(name)
    }

    /// The host that a browser or a program could not load, in lower case.
    pub(super) fn blamed_host(&self) -> Option<&str> {
        const BEFORE: [&str; 4] = ["cannot load https://", "fetch at 'https://", "xmlhttprequest at 'https://", "for url: https://"];
        let after = BEFORE.iter().find_map(|before| self.said.split_once(before).map(|(_, after)| after))?;
        let end = after.find(|letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '.' | '-')).unwrap_or(after.len());
        Some(&after[..end])
    }
}
