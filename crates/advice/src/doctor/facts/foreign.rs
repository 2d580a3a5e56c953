//! Recognises texts that another service wrote. For such a text the doctor names no HubSpot cause, whatever words
//! the text has: a connector writes to its log about every service that it connects.

mod lines;
mod marks;
mod own;
mod peer;
mod services;

use lines::{ends_a_word, is_answered_by_another, is_labelled, is_of_hubspots_clause, names_a_loader, names_another_api};
pub(super) use lines::{is_of_a_program, is_of_a_stack, names_a_system};
use marks::{FOREIGN, FOREIGN_ALWAYS, OF_A_STATUS, OTHER_WORDS_MAX, SIGNED};
use own::{COMMANDS, LIBRARIES, OF_A_LIBRARY, OF_THE_COMMAND_LINE, OF_THE_COMMAND_LINE_ALONE};
use services::OTHERS;

use super::{Facts, HEADINGS, MATCHES_MAX, OURS, signs};
use crate::doctor::hosts::{self, is_foreign};
use crate::doctor::words::speaks_of_failure;

/// Ends of the names of classes that speak with HubSpot, or of their errors, whoever wrote them.
const OF_CLIENTS: [&str; 7] = ["error", "exception", "client", "service", "connector", "provider", "integration"];
/// A status that no other service has: HubSpot moves the account.
const OF_HUBSPOT_ALONE: u16 = 477;
/// The longest label that HubSpot's name begins, in bytes.
const LABEL_MAX: usize = 40;
/// The most lines of a text that are all beside each other.
const FEW_LINES: usize = 3;
/// The most lines of the report of one step below its heading.
const STEP_LINES_MAX: usize = 6;

/// The part of a pipeline that is not HubSpot's.
const LOADER: &str = "the part of a pipeline that writes what was read";

/// What a text shows of its origin.
#[derive(Debug)]
pub(super) struct Foreign {
    /// Whether anything in it is HubSpot's.
    pub is_about: bool,
    /// Whether something names HubSpot in another way than as a part of a name that a person made.
    pub is_named: bool,
    /// Whether more in it points to HubSpot than a word that contains HubSpot's name.
    has_a_sign: bool,
    /// Whether it shows a call to HubSpot, or an answer in its form.
    is_answered: bool,
    /// Whether it has a sign of HubSpot other than the name.
    has_a_mark: bool,
    /// Whether a word of HubSpot is beside a line that tells of the failure.
    is_near: bool,
    /// Whether it names another service beside HubSpot, and nothing shows which of the two answered.
    is_shared: bool,
    /// Whether it has little more than a status.
    only_a_status: bool,
    service: Option<String>,
    peer: Option<String>,
}

impl Facts<'_> {
    /// The origin of the text.
    pub(super) fn foreign(&self) -> &Foreign {
        self.foreign.get_or_init(|| {
            let named = self.names_hubspot();
            let other = self.to_hubspot()
                || self.operation.is_some()
                || !self.other_methods.is_empty()
                || self.is_of_a_family()
                || self.has_own_form()
                || self.has_correlation()
                || self.call().is_some_and(|call| call.sdk.is_some() || call.host.as_deref().is_some_and(hosts::is_ours))
                || self.shows_the_command_line()
                || self.speaks_as_the_command_line()
                || self.says("x-hubspot-correlation-id")
                || OURS.iter().any(|word| *word != "hubspot" && self.shows(word))
                || HEADINGS.iter().any(|heading| self.has_heading(heading))
                || !self.scopes_in_words().is_empty()
                || self.status() == Some(OF_HUBSPOT_ALONE);
            let is_about = named || other || self.shows("hubspot");
            let answered = self.to_hubspot() || self.has_own_form() || self.operation.is_some() || self.is_of_a_family();
            let others = || OTHERS.iter().any(|word| self.says(word)) || self.called_host().is_some();
            Foreign {
                is_about,
                is_named: named || other,
                has_a_sign: other || named && (self.shows_library() || self.is_named_beside_status() || self.is_a_step_of_hubspot()),
                has_a_mark: other || self.is_of_the_command_line(),
                is_near: self.is_near(),
                is_answered: answered || self.has_correlation() || self.call().is_some_and(|call| call.sdk.is_some()),
                is_shared: named && !answered && !self.says("x-hubspot-") && !self.is_told_of_hubspot() && others(),
                only_a_status: self.little_beyond_a_status(),
                service: self.find_service(named || other).map(str::to_owned),
                peer: self.find_peer().map(str::to_owned),
            }
        })
    }

    /// Whether the text names another service beside HubSpot, and nothing shows which of the two answered.
    pub fn is_shared(&self) -> bool {
        self.foreign().is_shared
    }

    /// Whether the text shows a HubSpot host, or a call of a HubSpot client library.
    pub fn shows_a_host(&self) -> bool {
        let hosts = ["hubapi", "hubspot.com", "hsforms", "hs-scripts", "hubspot.net", "hsappstatic"];
        self.shows_library()
            || hosts.iter().any(|host| self.shows(host))
            || self.call().and_then(|call| call.host.as_deref()).is_some_and(hosts::is_ours)
    }

    /// Whether the failure may be HubSpot's: the text has a sign of HubSpot that no person made up, or names HubSpot beside the
    /// failure. A name far from the failure may have nothing to do with it.
    pub fn has_a_sign_at_the_failure(&self) -> bool {
        let foreign = self.foreign();
        foreign.is_answered || foreign.has_a_mark || foreign.is_named && foreign.is_near || self.shows_a_host()
    }

    /// Whether the line of the failure, or a module in its stack trace, is called after HubSpot.
    pub fn is_called_after_hubspot(&self) -> bool {
        let is_module = |line: &str| line.contains("/hubspot/") || line.contains("/hubspot.");
        let names = |line: &str| if is_of_a_stack(line) { is_module(line) } else { line.contains("hubspot") };
        signs::stands_in(&self.signs, self.fails(), names)
    }

    /// Whether a line tells of the failure.
    fn fails(&self) -> impl Fn(&str) -> bool {
        let status = self.status().filter(|status| *status >= 400).map(|status| status.to_string());
        move |line| speaks_of_failure(line) || line.contains("bad request") || status.as_deref().is_some_and(|status| line.contains(status))
    }

    /// Whether all lines that tell of a failure are lines of a program that handles it.
    fn fails_in_code_alone(&self) -> bool {
        let fails = self.fails();
        let mut lines = self.said.lines().filter(|line| fails(line)).peekable();
        lines.peek().is_some() && lines.all(signs::is_of_code)
    }

    fn is_near(&self) -> bool {
        signs::stands_beside(&self.signs, self.fails(), |line| OURS.iter().any(|word| line.contains(word)))
    }

    /// The program that answered in HubSpot's place, by the header in which it names itself.
    pub fn other_server(&self) -> Option<&str> {
        let signed = || SIGNED.iter().find(|name| self.said.contains(**name)).map(|name| name.trim_matches(['<', ' ', '/']));
        let of_another = || (!self.to_hubspot()).then(signed).flatten();
        hosts::other_server(&self.said).or_else(of_another).filter(|_| !self.has_own_form())
    }

    /// Whether a status in the text may be HubSpot's: the text shows more of HubSpot than a word that contains its name, or
    /// says little else, and no other service may have answered.
    pub fn may_be_about_hubspot(&self) -> bool {
        let foreign = self.foreign();
        let is_anothers = || self.names_hubspot() && !self.is_named_beside_status();
        !foreign.is_shared && (foreign.has_a_sign || foreign.only_a_status && !is_anothers())
    }

    /// Whether the text names HubSpot near the status: in the same line, or in the line before or after. A status of JSON in
    /// another form, or of another API, does not count. True where the text has no status.
    fn is_named_beside_status(&self) -> bool {
        let Some(status) = self.status().map(|status| status.to_string()) else { return true };
        let lines: Vec<&str> = self.said.lines().filter(|line| !line.trim().is_empty()).collect();
        let named = |line: &&str| line.contains("hubspot");
        let other_form = self.says("{\"") && !self.has_own_form();
        lines.iter().enumerate().filter(|(_, line)| line.contains(&status)).any(|(at, line)| {
            let around = match lines.len() {
                ..=FEW_LINES => &lines[..],
                _ => &lines[at.saturating_sub(1)..(at + 2).min(lines.len())],
            };
            let is_plain = !names_another_api(line) && !is_answered_by_another(line, &status);
            match named(line) {
                true => is_plain && is_of_hubspots_clause(line, &status),
                false => is_plain && !other_form && !is_labelled(line, &status) && around.iter().any(named),
            }
        })
    }

    /// Whether the line that has the status names HubSpot, and no other service: `HubSpot error: 401 Unauthorized`.
    fn is_told_of_hubspot(&self) -> bool {
        let Some(status) = self.status().map(|status| status.to_string()) else { return false };
        let ours = |line: &str| {
            let label = line.split_once(status.as_str()).and_then(|(before, _)| Some(&before[before.rfind("hubspot")?..]));
            label.is_some_and(|label| label.len() <= LABEL_MAX && !label.contains(['.', ',', '|', ';']))
                && !names_another_api(line)
                && !is_answered_by_another(line, &status)
                && !line.contains("github")
                && !OTHERS.iter().any(|name| line.contains(name))
                && !names_a_system(line)
                && !hosts::is_of_another(line)
        };
        let mut with_status = self.said.lines().filter(|line| line.contains(&status)).peekable();
        with_status.peek().is_some() && with_status.all(ours)
    }

    /// Whether the text is a short report of one step of a workflow tool, whose heading names HubSpot: `HubSpot CRM - Create a
    /// Contact`, and below it the error of the step.
    fn is_a_step_of_hubspot(&self) -> bool {
        let mut lines = self.said.lines().map(str::trim).filter(|line| !line.is_empty());
        let heading = lines.next().unwrap_or_default().trim_start_matches(|letter: char| !letter.is_ascii_alphabetic());
        let named = heading.starts_with("hubspot")
            && heading.len() <= 80
            && [" - ", ": ", " > ", " | ", " – ", "/"].iter().any(|sign| heading.contains(sign));
        named && (1..=STEP_LINES_MAX).contains(&lines.count()) && !OTHERS.iter().any(|name| self.says(name))
    }

    /// Whether the text may quote an answer of HubSpot: it shows the form of one, a call, or a status beside HubSpot's name.
    pub fn may_quote_hubspot(&self) -> bool {
        let foreign = self.foreign();
        foreign.is_answered || foreign.has_a_sign && self.status().is_some()
    }

    /// Whether a sentence of the text ends with these words.
    fn has_heading(&self, heading: &str) -> bool {
        self.said.match_indices(heading).any(|(at, _)| !self.said[at + heading.len()..].starts_with([' ', '-']))
    }

    /// Whether the text shows a client library of HubSpot: its packages, its classes, or a call of it.
    pub fn shows_library(&self) -> bool {
        self.call().is_some_and(|call| call.sdk.is_some()) || OF_A_LIBRARY.iter().any(|mark| self.shows(mark))
    }

    /// Whether the answer has a form that only HubSpot's answers have.
    pub fn has_own_form(&self) -> bool {
        self.answer().is_some_and(|answer| answer.own)
    }

    /// Whether the text has a correlation id that may be HubSpot's. Other services have such ids too, in errors of another
    /// form.
    fn has_correlation(&self) -> bool {
        let other_form = || self.said.trim_start().starts_with('{');
        self.says("correlationid") && self.answer().is_none_or(|answer| answer.own || !answer.envelope && !other_form())
    }

    /// Whether a status without any words can be HubSpot's: the text shows a call to it, or says little else.
    pub fn may_be_hubspots_status(&self) -> bool {
        self.to_hubspot()
            || self.operation.is_some()
            || self.is_of_a_family()
            || self.answer().is_some_and(|answer| answer.envelope && !answer.plain || answer.html)
            || self.says_only_a_status()
            || self.status().is_some_and(|status| status >= 500 && self.says(&format!("hubspot {status}")))
    }

    /// Whether the text shows a command of the HubSpot CLI, such as `hs project upload`.
    pub fn shows_the_command_line(&self) -> bool {
        self.said.match_indices("hs ").take(MATCHES_MAX).any(|(at, name)| {
            let alone =
                self.said[..at].chars().next_back().is_none_or(|before| before.is_whitespace() || matches!(before, '`' | '\'' | '"' | '$'));
            let next = self.said[at + name.len()..].split(|letter: char| !letter.is_ascii_alphanumeric()).next().unwrap_or_default();
            alone && COMMANDS.contains(&next)
        })
    }

    /// Whether HubSpot's command line speaks: the text shows one of its commands or sentences, and no call of a program.
    pub fn is_of_the_command_line(&self) -> bool {
        let said = OF_THE_COMMAND_LINE.iter().any(|parts| self.says_together(parts));
        (self.shows_the_command_line() || said) && !self.to_hubspot() && self.operation.is_none()
    }

    /// Whether the text has a sentence that only HubSpot's command line prints.
    fn speaks_as_the_command_line(&self) -> bool {
        OF_THE_COMMAND_LINE_ALONE.iter().any(|parts| self.says_together(parts))
    }

    /// Whether the call went to a path of a program's own server: it has no host, and HubSpot's API has no such path.
    pub fn is_of_a_server_of_its_own(&self) -> bool {
        self.call().is_some_and(|call| call.host.is_none() && call.sdk.is_none() && call.path.len() > 1)
            && self.operation.is_none()
            && self.other_methods.is_empty()
            && !self.is_of_a_family()
    }

    /// Whether the path has the prefix of an API of HubSpot. The rest of the path does not matter.
    fn is_of_a_family(&self) -> bool {
        const FAMILIES: [&str; 9] =
            ["crm", "cms", "marketing", "automation", "conversations", "files", "events", "settings", "communication-preferences"];
        let mut segments = self.raw_path().split('/').skip(1);
        let family = segments.next().unwrap_or_default();
        let versioned =
            || segments.take(2).any(|part| matches!(part, "v1" | "v2" | "v3" | "v4") || part.starts_with("20") && part.contains('-'));
        keyway_core::sunset::family(self.raw_path()).is_some() || FAMILIES.contains(&family) && versioned()
    }

    /// Whether the text names HubSpot itself, one of its hosts, or one of its client libraries.
    fn names_hubspot(&self) -> bool {
        if LIBRARIES.iter().any(|name| self.shows(name)) {
            return true;
        }
        let joins = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '/' | '\\' | ':' | '.' | '@');
        self.signs.match_indices("hubspot").any(|(at, name)| {
            // `HubSpotApiError` is an error of a client, whoever wrote it.
            let rest = &self.signs[at + name.len()..];
            let word = &rest[..rest.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(rest.len())];
            if OF_CLIENTS.iter().any(|end| word.ends_with(end)) {
                return true;
            }
            let before = self.signs[..at].chars().next_back();
            // `HubSpot-API`, as German and Dutch write it.
            if before.is_none_or(|letter| !joins(letter)) && word.is_empty() && ends_a_word(rest, "-api") {
                return true;
            }
            let mut after = rest.chars();
            // A full stop or a colon ends a sentence where a blank or nothing follows.
            let bound = match after.next() {
                Some('.' | ':') => after.next().is_some_and(|next| !next.is_whitespace()),
                Some(letter) => joins(letter),
                None => false,
            };
            !bound && before.is_none_or(|letter| !joins(letter) || letter == ':')
        })
    }

    /// Whether the text says little beyond a status and the words that go with it, so that it can be about any call.
    pub fn says_only_a_status(&self) -> bool {
        self.foreign().only_a_status
    }

    fn little_beyond_a_status(&self) -> bool {
        // JSON of another form says more than a status, and not as HubSpot does.
        if !self.has_own_form() && (self.says("{\"") || self.answer().is_some_and(|answer| answer.plain)) {
            return false;
        }
        let words =
            self.said.lines().filter(|line| !is_of_a_stack(line)).flat_map(|line| line.split(|letter: char| !letter.is_alphabetic()));
        words.filter(|word| word.len() >= 4 && !OF_A_STATUS.contains(word)).take(OTHER_WORDS_MAX + 1).count() <= OTHER_WORDS_MAX
    }

    /// The other service that the text names, where nothing in the text is HubSpot's: a connector's log may be about any of
    /// the services that it connects.
    pub fn other_service(&self) -> Option<&str> {
        self.foreign().service.as_deref()
    }

    /// Whether the text explains errors in general, as documentation, release notes and a program's code do: it names errors that no
    /// single answer has, or is a list below the heading of a version.
    fn explains_errors(&self) -> bool {
        const KINDS: [&str; 6] =
            ["INVALID_AUTHENTICATION", "EXPIRED_AUTHENTICATION", "MISSING_SCOPES", "RATE_LIMIT", "VALIDATION_ERROR", "OBJECT_NOT_FOUND"];
        let Some(answer) = self.answer().filter(|answer| !answer.envelope && !self.has_own_form()) else { return false };
        let kinds = KINDS.iter().filter(|kind| answer.words.iter().any(|word| word.trim_end_matches('S') == kind.trim_end_matches('S')));
        let lines = || self.said.lines().map(str::trim).filter(|line| !line.is_empty());
        let is_version = |line: &str| {
            let line = line.trim_start_matches(['#', ' ', '[', 'v']);
            line.starts_with(|letter: char| letter.is_ascii_digit())
                && line.split([' ', ']']).next().is_some_and(|word| word.matches('.').count() == 2)
        };
        let notes =
            || lines().zip(lines().skip(1)).any(|(line, next)| line.starts_with('#') && is_version(line) && next.starts_with(['*', '-']));
        let bullets = || lines().count() > 1 && lines().all(|line| line.starts_with(['-', '*'])) && self.says("fix");
        kinds.count() > 1
            || notes()
            || bullets()
            || signs::is_a_change(&self.said)
            || signs::is_of_a_test(&self.said)
            || self.fails_in_code_alone()
            || signs::tells_of_several(&self.said)
    }

    /// Whether each line of a failure is that of a pipeline's loader. HubSpot's calls in the lines between did not fail.
    fn fails_in_a_loader(&self) -> bool {
        let unanswered = !self.has_own_form() && !self.answer().is_some_and(|answer| answer.envelope || answer.html);
        let mut failing = self.failing_lines().peekable();
        unanswered && failing.peek().is_some() && failing.all(names_a_loader)
    }

    fn find_service(&self, has_a_sign: bool) -> Option<&str> {
        if self.fails_in_a_loader() {
            return Some(LOADER);
        }
        // HubSpot's build prints what npm says.
        if self.shows_a_build() {
            return None;
        }
        // A sign of a HubSpot answer outweighs the name of the program that printed it.
        let answered = self.to_hubspot() || self.has_own_form() || self.has_correlation();
        if !answered && self.explains_errors() {
            return Some("several kinds of errors, as a description does");
        }
        if !answered && FOREIGN_ALWAYS.iter().any(|mark| self.says(mark)) {
            return Some("another service or program");
        }
        if let Some(host) = self.foreign_page().filter(|_| !self.has_own_form()) {
            return Some(host);
        }
        if let Some(program) = self.other_server().filter(|_| !self.to_hubspot()) {
            return Some(program);
        }
        if let Some(node) = self.other_node().filter(|_| !answered) {
            return Some(node);
        }
        // Problem details (RFC 9457) are not HubSpot's form, whatever ids they have.
        let has = |name: &str| self.says(name);
        let problem =
            has("\"title\":") && ["\"instance\":", "\"detail\":", "\"about:blank\"", "\"type\":\"http"].iter().any(|part| has(part));
        if problem && !self.to_hubspot() && !self.has_own_form() {
            return Some("a service whose errors are problem details");
        }
        // A path of a program's own, which passes calls on: `/api/hubspot/deals`. Paths that HubSpot calls are others.
        let path = self.raw_path();
        let own =
            path.starts_with("/api/") && path.contains("hubspot") && !["hook", "callback", "oauth"].iter().any(|part| path.contains(part));
        if own && !answered {
            return Some("the program's own server");
        }
        if has_a_sign {
            return None;
        }
        // HubSpot's oldest answers have a form that other services' have too. Only HubSpot's sentences tell them apart.
        let plain = self.answer().is_some_and(|answer| answer.plain);
        // Any OAuth server answers like this; HubSpot's server adds a word of its own.
        if self.answer().is_some_and(|answer| answer.envelope && !plain) {
            return Some("an error of OAuth");
        }
        // HubSpot's errors have a status, a category or a correlation id.
        let text = self.said.trim_start();
        let page = text.contains("<html");
        if !plain && (text.starts_with('{') || text.starts_with("[{")) && text.contains("\":") && !page && !text.contains("\"errortype\"") {
            return Some("a service whose errors have another form");
        }
        if FOREIGN.iter().any(|mark| self.says(mark)) {
            return Some("another service");
        }
        let named = OTHERS.iter().copied().find(|word| self.says(word)).map(str::trim).or_else(|| self.blamed_name());
        // A Keyway server has its own host name, and serves only paths that HubSpot's API has.
        let foreign = |host: &&str| is_foreign(host) && keyway_core::sunset::family(self.raw_path()).is_none();
        let called = || self.call().filter(|call| call.path.len() > 1)?.host.as_deref().filter(foreign);
        named.or_else(called).or_else(|| self.called_host()).or_else(|| self.blamed_host().filter(foreign))
    }
}
