//! Lists that are sorted by a column, which the address names.

use super::api::with_query;
use super::visitor::Fields;

/// A column that rows can be sorted by.
pub(super) struct Column {
    /// The word in the address; empty is how the list begins.
    pub key: &'static str,
    pub words: &'static str,
    /// Whether it holds numbers.
    pub numbers: bool,
}

/// The head of such a column.
pub(super) struct Head {
    pub words: &'static str,
    pub numbers: bool,
    pub address: String,
    /// `ascending` or `descending`, where the rows are sorted by it.
    pub sorted: Option<&'static str>,
}

/// The heads of a list at a path, whose address also has these filters.
pub(super) fn heads(columns: &[Column], path: &str, filters: &[&str], fields: &Fields) -> Vec<Head> {
    let chosen = columns.iter().map(|column| column.key).find(|key| *key == fields.get("sort")).unwrap_or_default();
    let head = |column: &Column| {
        let kept: Vec<(&str, &str)> = filters.iter().map(|name| (*name, fields.get(name))).chain([("sort", column.key)]).collect();
        Head {
            words: column.words,
            numbers: column.numbers,
            address: with_query(path, &kept),
            // A list begins with its names in order; by anything else the most or the newest comes first.
            sorted: (column.key == chosen).then_some(if column.key.is_empty() { "ascending" } else { "descending" }),
        }
    };
    columns.iter().map(head).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_keeps_the_filters_and_says_how_the_rows_are_sorted() {
        let columns = [Column { key: "", words: "Name", numbers: false }, Column { key: "calls", words: "Calls", numbers: true }];
        let [name, calls]: [Head; 2] =
            heads(&columns, "/apps", &["q"], &Fields::parse(b"q=a+b&sort=calls&page=3")).try_into().ok().unwrap();
        assert_eq!((name.address.as_str(), name.sorted), ("/apps?q=a+b", None));
        assert_eq!((calls.address.as_str(), calls.sorted), ("/apps?q=a+b&sort=calls", Some("descending")));
        let unknown = heads(&columns, "/apps", &[], &Fields::parse(b"sort=nothing"));
        assert_eq!(unknown[0].sorted, Some("ascending"));
    }
}
