//! The list that a form is on: its address goes with the form, and whoever sends the form comes back to the list as it
//! was, with its filters, its order and its page.

use super::visitor::Fields;

/// A list as it is shown.
pub(super) struct ListPlace {
    section: &'static str,
    /// The query of its address, without what was done last.
    pub query: String,
}

impl ListPlace {
    /// The list whose page has these fields in its address.
    pub fn of(section: &'static str, fields: &Fields) -> Self {
        Self { section, query: fields.query_without(&["done"]) }
    }

    /// The list that a form came from. Its query is written again: a browser sent it.
    pub fn sent(section: &'static str, fields: &Fields) -> Self {
        Self::of(section, &Fields::parse(fields.get("list").as_bytes()))
    }

    /// Its address; `done` is what the page says was done, or nothing.
    pub fn address(&self, done: &str) -> String {
        let done = if done.is_empty() { String::new() } else { format!("done={done}") };
        let query: Vec<&str> = [self.query.as_str(), &done].into_iter().filter(|part| !part.is_empty()).collect();
        if query.is_empty() { self.section.to_owned() } else { format!("{}?{}", self.section, query.join("&")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_sends_a_form_comes_back_to_the_list_as_it_was() {
        let shown = ListPlace::of("/apps", &Fields::parse(b"q=a+b&page=3&done=changed"));
        assert_eq!(shown.query, "q=a+b&page=3");
        let form = Fields(vec![("list".into(), shown.query)]);
        let back = ListPlace::sent("/apps", &form);
        assert_eq!(
            (back.address(""), back.address("several-enabled")),
            ("/apps?q=a+b&page=3".into(), "/apps?q=a+b&page=3&done=several-enabled".into())
        );
        assert_eq!(ListPlace::sent("/apps", &Fields::default()).address(""), "/apps");
        // A line break would end the header of the address.
        let sent = Fields(vec![("list".into(), "q=a\r\nset-cookie: x".into())]);
        assert_eq!(ListPlace::sent("/apps", &sent).address(""), "/apps?q=a%0D%0Aset-cookie%3A+x");
    }
}
